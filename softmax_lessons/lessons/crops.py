"""The exercise on fixing someone else's dim: a model's probabilities for the crops of a photo."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from softmax_lessons.attempts.run import IMPLICIT_DIM, Outcome, Probe
from softmax_lessons.checker.exercise import Exercise, grid
from softmax_lessons.checker.judge import expect, number, numbers
from softmax_lessons.checker.laws import Law
from softmax_lessons.checker.misconception import Misconception, Variant
from softmax_lessons.lessons.layouts import uneven
from softmax_lessons.lessons.misconceptions import OTHER_TRACES, named
from softmax_lessons.lessons.no_result import NO_RESULT, is_a
from softmax_lessons.lessons.recipe import Dims

CROPS, CLASSES = 1, 2  # dims of (batch, crops, classes)
Step = Callable[[Tensor], Tensor]


def _same(x: Tensor) -> Tensor:
    return x


def _over(*dims: int) -> Step:
    """Return a softmax of all entries along these dims together."""

    def share(x: Tensor) -> Tensor:
        exps = (x - x.amax(dims, keepdim=True)).exp()
        return exps / exps.sum(dims, keepdim=True)

    return share


def _mean(x: Tensor) -> Tensor:
    return x.mean(CROPS)


OVER_CLASSES = _over(CLASSES)


@dataclass(frozen=True)
class CropRecipe:
    """The right mean over the crops of a photo; a misconception replaces some of its steps.

    Attributes:
        enter: applied to the logits first.
        share: turns logits into probabilities.
        merge: merges the rows of a photo's crops into one.
        leave: applied to the result last.
    """

    enter: Step = _same
    share: Step = OVER_CLASSES
    merge: Step = _mean
    leave: Step = _same

    def __call__(self, x: Tensor, dim: Dims) -> Tensor:
        """Return this recipe's result for logits (batch, crops, classes): (batch, classes)."""
        return self.leave(self.merge(self.share(self.enter(x))))


RIGHT = CropRecipe()


# --- facts ----------------------------------------------------------------------------------------


def _shape_is(*dims: int) -> Callable[[Probe, Outcome], bool]:
    """Return the symptom that a result has these dims of the logits, where that isn't right."""

    def symptom(probe: Probe, outcome: Outcome) -> bool:
        if outcome.value is None:
            return False
        sizes = (*probe.logits.shape, 1)
        shape = tuple(sizes[i] for i in dims)
        return outcome.value.shape == shape != (sizes[0], sizes[CLASSES])

    return symptom


def _one_share(dim: int) -> Callable[..., bool]:
    """Return the pattern that every result is 1 / the size of a dim."""

    def pattern(
        probes: Sequence[Probe], outcomes: Sequence[Outcome], failed: Collection[int]
    ) -> bool:
        for probe, outcome in zip(probes, outcomes, strict=True):
            wanted, value = expect(RIGHT, probe).value, outcome.value
            if value is None or value.shape != wanted.shape:
                return False
            share = torch.full_like(wanted, 1 / probe.logits.shape[dim])
            if not torch.allclose(value.double(), share, rtol=1e-4):
                return False
        return True

    return pattern


# --- what goes wrong ------------------------------------------------------------------------------

CLASSES_LINE = "The classes are dim 2 of (batch, crops, classes): `torch.softmax(x, dim=2)`."
CROPS_LINE = "The crops are dim 1: end with `.mean(dim=1)`."


def _variants(**steps: Sequence[Step]) -> tuple[Variant, ...]:
    return tuple({step: change} for step, changes in steps.items() for change in changes)


MISTAKES = (
    Misconception(
        "over-crops",
        "The crops of a photo still compete with each other. For each class they share a total of "
        "1, so their mean is 1 divided by the number of crops, whatever the logits are.",
        (
            "Change some logits, and look at your result. What changes?",
            "Which entries should sum to 1: the crops of a photo, or the classes of a crop?",
            CLASSES_LINE,
        ),
        variants=_variants(
            share=(
                _over(CROPS),
                lambda x: x.softmax(CROPS).softmax(CLASSES),
                lambda x: x.softmax(CLASSES).softmax(CROPS),
            ),
        ),
        pattern=_one_share(CROPS),
    ),
    Misconception(
        "implicit-dim",
        "You don't pass `dim`, so PyTorch guesses. For three dims it takes dim 0, and the photos "
        "of a batch compete with each other.",
        (
            "Which call in your function accepts a `dim` but doesn't get one?",
            "PyTorch can't know which entries should compete.",
            CLASSES_LINE,
        ),
        variants=_variants(share=(_over(0),)),
        calls=frozenset({IMPLICIT_DIM}),
    ),
    Misconception(
        "over-batch",
        "Your softmax runs along dim 0, so the photos of a batch compete with each other.",
        (
            "Call your function with one photo, and with the same photo next to another one. Does "
            "its result stay the same?",
            "Which entries should sum to 1? Where is their dim in (batch, crops, classes)?",
            CLASSES_LINE,
        ),
        variants=_variants(share=(_over(0),)),
    ),
    Misconception(
        "over-several-dims",
        "Entries along several dims compete: more than the classes of one crop share a total of 1.",
        (
            "Which entries should sum to 1, and how many are there?",
            "`flatten` and a sum over several dims put more entries into one slice.",
            CLASSES_LINE,
        ),
        variants=(
            *_variants(share=tuple(_over(*dims) for dims in ((1, 2), (0, 2), (0, 1), (0, 1, 2)))),
            *(
                {"share": _over(*dims), "merge": lambda x: x.sum(CROPS)}
                for dims in ((1, 2), (0, 1, 2))
            ),
        ),
    ),
    Misconception(
        "averages-classes",
        "You average or sum over the classes, so the crops are left. Each class should keep its "
        "own number.",
        (
            "What is the shape of your result, for two photos of three crops and four classes?",
            "The dim that you average over disappears. Which one should?",
            CROPS_LINE,
        ),
        symptom=_shape_is(0, CROPS),
        causes=("returns-wrong-shape",),
    ),
    Misconception(
        "averages-batch",
        "You take the mean over the photos, so their crops are left. Each photo should get its own "
        "row.",
        (
            "What is the shape of your result, for two photos of three crops and four classes?",
            "The dim that you average over disappears. Which one should?",
            CROPS_LINE,
        ),
        symptom=_shape_is(CROPS, CLASSES),
    ),
    Misconception(
        "forgets-the-mean",
        "You return the probabilities of each crop. The exercise asks for their mean: one row per "
        "photo.",
        (
            "How many rows does one photo get in your result?",
            "Which dim should disappear in the end?",
            CROPS_LINE,
        ),
        symptom=_shape_is(0, CROPS, CLASSES),
    ),
    Misconception(
        "keeps-a-dim",
        "Your result keeps the dim of the crops, with size 1. That dim should be gone.",
        (
            "Print the shape of your result.",
            "`keepdim=True` keeps the dim, and `unsqueeze` adds one.",
            "Leave `keepdim` out of the mean.",
        ),
        symptom=_shape_is(0, 3, CLASSES),
    ),
    Misconception(
        "one-mean-for-all",
        "You average over more than the crops: photos or classes are gone as well.",
        (
            "Print the shape of your result.",
            "A mean without a dim averages all entries of a tensor.",
            CROPS_LINE,
        ),
        symptom=lambda probe, outcome: (
            is_a("float", "int")(probe, outcome)
            or (outcome.value is not None and outcome.value.dim() < 2)
        ),
        causes=("returns-one-number",),
    ),
    Misconception(
        "forgets-to-transpose-back",
        "Your result has the classes first and the photos second. It should be the other way "
        "round, as in the logits.",
        (
            "What is the shape of your result, for two photos of three crops and four classes?",
            "`transpose`, `permute` and `.T` change the order of the dims.",
            "Leave out the last one, or undo it.",
        ),
        variants=_variants(leave=(lambda x: x.mT,)),
        symptom=_shape_is(CLASSES, 0),
    ),
    Misconception(
        "averages-logits",
        "You average the logits of the crops, and take one softmax. The exercise asks for the mean "
        "of the probabilities, which differs: one very large logit can outvote all other crops.",
        (
            "Which comes first in your code, the mean or the softmax?",
            "Each crop gets its own probabilities first.",
            "Softmax along dim 2 first, then the mean along dim 1.",
        ),
        variants=(
            lambda x, dim: x.mean(CROPS).softmax(1),
            lambda x, dim: x.sum(CROPS).softmax(1),
            lambda x, dim: x.amax(CROPS).softmax(1),
            lambda x, dim: x.exp().mean(CROPS) / x.exp().mean(CROPS).sum(1, keepdim=True),
        ),
    ),
    Misconception(
        "averages-logs",
        "You average log-probabilities. The exercise asks for the mean of the probabilities "
        "themselves.",
        (
            "Which numbers go into your mean: do they lie between 0 and 1?",
            "The exponential of a mean of logs isn't the mean.",
            "Use `softmax`, not `log_softmax`, and leave the `log` out.",
        ),
        variants=(
            {"share": lambda x: x.log_softmax(CLASSES)},
            {"share": lambda x: x.log_softmax(CLASSES), "leave": torch.exp},
            {"leave": torch.log},
        ),
    ),
    Misconception(
        "adds-up-crops",
        "You add up the crops, so the classes of a photo sum to the number of its crops instead of "
        "1.",
        (
            "What does a row of your result sum to?",
            "A mean is a sum divided by the count.",
            CROPS_LINE,
        ),
        variants=_variants(merge=(lambda x: x.sum(CROPS),)),
    ),
    Misconception(
        "divides-by-other-count",
        "You divide the sum over the crops by something other than the number of crops.",
        (
            "What does a row of your result sum to?",
            "Three crops: divide their sum by 3.",
            CROPS_LINE,
        ),
        variants=_variants(
            merge=(
                lambda x: x.sum(CROPS) / x.shape[CLASSES],
                lambda x: x.sum(CROPS) / len(x),
                lambda x: x.sum(CROPS) / 2,
                lambda x: x.sum(CROPS) / 3,
                lambda x: x.sum(CROPS) / (x.shape[CROPS] + 1),
            ),
        ),
    ),
    Misconception(
        "other-than-the-mean",
        "You take the largest, the smallest or the middle probability of each class, or multiply "
        "them. The exercise asks for their mean.",
        (
            "What does a row of your result sum to?",
            "If each crop's classes sum to 1, so do their means.",
            CROPS_LINE,
        ),
        variants=_variants(
            merge=(
                lambda x: x.amax(CROPS),
                lambda x: x.amin(CROPS),
                lambda x: x.median(CROPS).values,
                lambda x: x.prod(CROPS),
                lambda x: x.amax(CROPS) / x.amax(CROPS).sum(1, keepdim=True),
                lambda x: x.prod(CROPS) / x.prod(CROPS).sum(1, keepdim=True),
            ),
        ),
    ),
    Misconception(
        "takes-one-crop",
        "You return the probabilities of one crop. All crops of a photo should count.",
        (
            "Which crops does your result depend on?",
            "`x[:, 0]` is the first crop of each photo.",
            CROPS_LINE,
        ),
        variants=_variants(merge=(lambda x: x[:, 0], lambda x: x[:, -1])),
    ),
    Misconception(
        "counts-votes",
        "You let each crop vote for its largest class. The exercise asks for the mean of the "
        "probabilities, in which an unsure crop counts less.",
        (
            "Does your result change if a crop becomes a little surer?",
            "`argmax` and `one_hot` drop the probabilities.",
            "Leave them out: " + CROPS_LINE[0].lower() + CROPS_LINE[1:],
        ),
        variants=_variants(
            share=(lambda x: (x == x.amax(CLASSES, keepdim=True)).to(x.dtype),),
        ),
    ),
    Misconception(
        "softmax-twice",
        "You take a second softmax of probabilities, which lie between 0 and 1. The result is much "
        "flatter than it should be.",
        (
            "How many softmaxes does a logit go through?",
            "The mean of rows that sum to 1 sums to 1 already.",
            "Leave out the second softmax.",
        ),
        variants=_variants(leave=(lambda x: x.softmax(1),), enter=(lambda x: x.softmax(CLASSES),)),
    ),
    Misconception(
        "returns-scores",
        "You return means of logits, not of probabilities: your function has no softmax.",
        (
            "Does each of your results lie between 0 and 1?",
            "Which step turns logits into probabilities?",
            CLASSES_LINE,
        ),
        variants=_variants(share=(_same,)),
    ),
    Misconception(
        "never-divides",
        "You take exp of the logits, but don't divide by the sum of the classes.",
        (
            "What does a row of your result sum to?",
            "Softmax is exp, a sum and a division.",
            CLASSES_LINE,
        ),
        variants=_variants(share=(torch.exp,)),
    ),
    Misconception(
        "sigmoid-instead",
        "You use a sigmoid, which looks at one logit at a time: the classes don't compete.",
        (
            "What do the classes of one crop sum to?",
            "In a softmax, a class loses what another one gains.",
            CLASSES_LINE,
        ),
        variants=_variants(share=(torch.sigmoid,)),
    ),
)

WITHOUT_KEEPDIM = named(
    "missing-keepdim",
    *_variants(
        share=(
            lambda x: x.exp() / x.exp().sum(CLASSES),
            lambda x: (x - x.amax(CLASSES)).softmax(CLASSES),
            lambda x: (x - x.amax(CLASSES)).exp() / (x - x.amax(CLASSES)).exp().sum(CLASSES),
        ),
    ),
)

# --- laws -----------------------------------------------------------------------------------------


def rows_sum_to_one(probe: Probe, value: Tensor, expected: Tensor) -> str:
    """The classes of each photo sum to 1."""
    totals = value.sum(1)
    off = ((totals - 1).abs() > 2e-3).nonzero().flatten()
    if not off.numel():
        return ""
    return (
        f"Each row of probabilities should sum to 1, but the row for photo {int(off[0])} sums to "
        f"{number(totals[off[0]].item())}."
    )


def is_the_mean(probe: Probe, value: Tensor, expected: Tensor) -> str:
    """A photo's probability is the mean of its crops' probabilities."""
    off = (~torch.isclose(value, expected, rtol=1e-3, atol=1e-6)).nonzero()
    if not off.numel():
        return ""
    photo, place = off[0].tolist()
    each = probe.logits.double().softmax(CLASSES)[photo, :, place]
    return (
        f"The crops of photo {photo} give class {place} the probabilities {numbers(each)}. Their "
        f"mean is {number(expected[photo, place].item())}; yours is "
        f"{number(value[photo, place].item())}."
    )


LAWS = (
    Law(
        "rows-do-not-sum-to-1",
        rows_sum_to_one,
        (
            "What do the classes of one crop sum to, before the mean?",
            "The mean of rows that sum to 1 sums to 1.",
            CLASSES_LINE,
        ),
    ),
    Law(
        "not-the-mean-of-the-crops",
        is_the_mean,
        (
            "Print the probabilities of each crop of this photo. Do their classes sum to 1?",
            "Softmax along the classes, then the mean along the crops.",
            f"{CLASSES_LINE} {CROPS_LINE}",
        ),
    ),
)


def _probes() -> tuple[Probe, ...]:
    flat = uneven(2, 2, 2)
    # as many crops as classes: a mean over the wrong dim has the right shape
    square = uneven(2, 3, 3)
    tables = (
        flat,
        square,
        uneven(2, 3, 4),
        uneven(3, 2, 4),
        uneven(2, 4, 3),
        uneven(1, 3, 2),
        torch.stack([grid([3, 0, 0], [0, 3, 0]), grid([0, 0, 1], [5, 0, 1])]),
    )
    exact = uneven(2, 3, 4).double() / 3
    return (*(Probe(x, 1) for x in tables), Probe(exact, 1), Probe(flat, 1, seed=1))


EXERCISE = Exercise(
    "f(x)",
    _probes(),
    # one crop, and sizes not used above
    fresh=lambda g: (
        Probe(6 * torch.rand(2, 1, 3, generator=g) - 3, 1),
        Probe(6 * torch.rand(4, 5, 3, generator=g) - 3, 1),
    ),
    reference=RIGHT,
    right=(RIGHT,),
    misconceptions=(*NO_RESULT, *MISTAKES, WITHOUT_KEEPDIM, *OTHER_TRACES),
    laws=LAWS,
)
