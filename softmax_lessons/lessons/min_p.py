"""Softmax among the logits with a probability close enough to the largest one: min-p."""

import math
from collections.abc import Iterator
from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor

from softmax_lessons.attempts.run import Outcome, Probe
from softmax_lessons.checker.exercise import INF, Exercise, grid, scores
from softmax_lessons.checker.judge import number
from softmax_lessons.checker.laws import Law
from softmax_lessons.checker.misconception import Misconception, Variant
from softmax_lessons.lessons import laws, top_k_misconceptions
from softmax_lessons.lessons.inside import inside
from softmax_lessons.lessons.misconceptions import TRACES
from softmax_lessons.lessons.no_result import NO_RESULT
from softmax_lessons.lessons.top_k_facts import is_mask
from softmax_lessons.lessons.top_k_misconceptions import MASK
from softmax_lessons.lessons.top_k_steps import (
    TopK,
    as_it_is,
    every_logit,
    largest,
    without_nan,
    zeroed,
)


def near_the_largest(x: Tensor, min_p: float) -> Tensor:
    """Choose the classes that have at least min_p times the largest probability in their row."""
    return x - x.amax(-1, keepdim=True) >= (math.log(min_p) if min_p else -INF)


def min_p_softmax(logits: Tensor, min_p: float) -> Tensor:
    """Return the softmax among those near the largest logit of each row, and 0 elsewhere."""
    return torch.softmax(logits.masked_fill(~near_the_largest(logits, min_p), -INF), -1)


# the same steps as for the k largest, with a different choice
RIGHTS = (
    TopK(choose=near_the_largest),
    TopK(choose=near_the_largest, hide=as_it_is, weigh=zeroed, finish=zeroed),
)

CUT = "`keep = probs >= min_p * probs.amax(dim=-1, keepdim=True)`."


def _choices(*choices) -> tuple[Variant, ...]:
    """Return changes to which classes are kept; a row with none may be nan, or be set to 0."""
    finishes = ({}, {"finish": without_nan})
    return tuple({"choose": choose, **finish} for choose in choices for finish in finishes)


def _top_p(x: Tensor, p: float) -> Tensor:
    probs, order = x.softmax(-1).sort(-1, descending=True)
    keep = probs.cumsum(-1) - probs < p
    keep[..., 0] = True
    return torch.zeros_like(keep).scatter(-1, order, keep)


def _log(min_p: float) -> float:
    return math.log(min_p) if min_p else -INF


def _shared(slug: str) -> Iterator[Misconception]:
    """Yield the top-k mistake with this slug, with only the variants that don't need k."""
    for m in top_k_misconceptions.MISTAKES:
        if m.slug == slug:
            changes = tuple(v for v in m.variants if not callable(v))
            yield replace(m, variants=changes, fit=None)


CHOICE = (
    Misconception(
        "ignores-min-p",
        "All classes take part in your softmax, whatever min_p is.",
        (
            "How many entries of a row are above 0, for min_p = 1?",
            "`masked_fill` and `where` return a new tensor. Where does yours go?",
            "Put -inf where `keep` is False.",
        ),
        variants=({"choose": every_logit},),
    ),
    Misconception(
        "cut-not-relative",
        "You compare the probabilities with min_p itself. The cut is min_p times the largest "
        "probability in the row.",
        (
            "What is the cut, if the largest probability is 0.4 and min_p is 0.5?",
            "An unsure row has a low cut, and a confident row a high one.",
            CUT,
        ),
        variants=_choices(
            lambda x, m: x.softmax(-1) >= m,
            lambda x, m: x.softmax(-1) > m,
        ),
    ),
    Misconception(
        "cuts-logits",
        "You compare logits with min_p times the largest logit, or with the largest minus min_p. "
        "min_p is a share of the largest probability.",
        (
            "What would your cut be if you added 10 to all logits?",
            "A ratio of probabilities becomes a difference of logits: the log of the ratio.",
            "`keep = logits - logits.amax(dim=-1, keepdim=True) >= log(min_p)`, or: " + CUT,
        ),
        variants=_choices(
            lambda x, m: x >= m * x.amax(-1, keepdim=True),
            lambda x, m: x > m * x.amax(-1, keepdim=True),
            lambda x, m: x >= x.amax(-1, keepdim=True) - m,
            lambda x, m: x >= m,
        ),
    ),
    Misconception(
        "cut-by-difference",
        "You keep the classes that are less than min_p below the largest probability. The cut is a "
        "share of it: min_p times the largest.",
        (
            "What is the cut, if the largest probability is 0.4 and min_p is 0.5?",
            "Not 0.4 - 0.5: half of 0.4.",
            CUT,
        ),
        variants=_choices(
            lambda x, m: x.softmax(-1) >= x.softmax(-1).amax(-1, keepdim=True) - m,
            lambda x, m: x.softmax(-1) > x.softmax(-1).amax(-1, keepdim=True) - m,
        ),
    ),
    Misconception(
        "largest-may-go",
        "With `>` instead of `>=`, a row has no classes left at min_p = 1: its largest probability "
        "is exactly at the cut.",
        (
            "Which class must always be kept?",
            "At min_p = 1, the cut is the largest probability itself.",
            CUT,
        ),
        variants=_choices(lambda x, m: x - x.amax(-1, keepdim=True) > _log(m)),
    ),
    Misconception(
        "mask-inverted",
        "Your mask is inverted: you drop the classes near the largest, and keep the rest.",
        (
            "Which class must always be kept?",
            "`masked_fill` fills where its mask is True, and `where` keeps the entries where it's "
            "True.",
            "Invert the mask with `~`.",
        ),
        variants=_choices(lambda x, m: ~near_the_largest(x, m)),
    ),
    Misconception(
        "keeps-up-to-the-cut",
        "You subtract min_p from 1: the lower min_p is, the higher your cut.",
        (
            "Should more classes stay for min_p = 0.1, or for 0.9?",
            "min_p is the share of the largest probability that a class needs to stay.",
            CUT,
        ),
        variants=_choices(lambda x, m: near_the_largest(x, 1 - m)),
    ),
    Misconception(
        "top-p-instead",
        "You keep the largest probabilities until they add up to min_p. That's top-p; min-p only "
        "compares each class with the largest.",
        (
            "Does your function add up probabilities before it compares?",
            "min-p doesn't need a sort or a sum: each class is compared with the largest.",
            CUT,
        ),
        variants=_choices(
            _top_p,
            lambda x, m: _top_p(x, 1 - m),
        ),
    ),
    Misconception(
        "cut-of-all-rows",
        "Your cut comes from the largest probability in the whole batch, or in a different row; "
        "each row needs its own.",
        (
            "Can a row end up with no classes left?",
            "`max()` without a dim returns the largest of the whole tensor.",
            CUT,
        ),
        variants=_choices(
            lambda x, m: x.softmax(-1) >= m * x.softmax(-1).max(),
            lambda x, m: x - x.max() >= _log(m),
            lambda x, m: x.softmax(-1) >= m * x.softmax(-1)[0].max(),
        ),
    ),
    Misconception(
        "cut-along-batch",
        "You look for the largest in each column. The classes in a row compete, not the rows of "
        "the batch.",
        (
            "What are the two dims of `logits`? Which of them does your maximum run along?",
            "A column holds one class across different predictions.",
            CUT,
        ),
        variants=_choices(
            lambda x, m: x.softmax(-1) >= m * x.softmax(-1).amax(0),
            lambda x, m: x - x.amax(0) >= _log(m),
            lambda x, m: x.softmax(0) >= m * x.softmax(0).amax(0),
        ),
    ),
    Misconception(
        "missing-keepdim",
        "The cut of each row, or its sum, has lost its dim, so broadcasting lines it up with the "
        "columns: an error if the sizes differ, and silently wrong if they match.",
        (
            "Print the shapes on both sides of your comparison or division.",
            "`amax(dim=-1)` has one dim, and with `keepdim=True` it has two.",
            CUT,
        ),
        variants=(
            *_choices(
                lambda x, m: x.softmax(-1) >= m * x.softmax(-1).amax(-1),
                lambda x, m: x - x.amax(-1) >= _log(m),
            ),
            {"sum_keepdim": False},
            {"max_keepdim": False},
        ),
    ),
    Misconception(
        "log-of-zero",
        "You take Python's `math.log` of min_p, which raises an error at 0.",
        (
            "Which min_p raises the error?",
            "`min_p = 0` keeps every class; `torch.tensor(0.0).log()` is -inf, which does that.",
            "Compare probabilities, and you don't need a log: " + CUT,
        ),
        error=r"math domain error|expected a positive input",
    ),
    Misconception(
        "argmax-one-hot",
        "You give the largest logit everything, whatever min_p is.",
        (
            "How many entries of a row are above 0, for min_p = 0?",
            "`argmax` finds one class; a comparison finds all those close enough.",
            MASK,
        ),
        variants=(
            {"choose": lambda x, m: largest(x, 1)},
            lambda x, m: F.one_hot(x.argmax(-1), x.shape[-1]).to(x.dtype),
        ),
    ),
)
RESULT = (
    Misconception(
        "equal-shares",
        "You give every class that stays the same share. The larger logit should still get the "
        "larger probability.",
        (
            "How does your result depend on the values of the logits?",
            "A mask says which classes take part, and softmax says how much each one gets.",
            MASK,
        ),
        variants=({"weigh": lambda exps, keep: keep.to(exps.dtype)},),
    ),
    Misconception(
        "drops-nothing",
        "You divide by the sum of the classes that stay, but leave the other probabilities in.",
        (
            "How many entries of a row should be above 0?",
            "What do your results sum to, small ones included?",
            MASK,
        ),
        variants=({"hide": as_it_is, "finish": lambda p, keep: p / (p * keep).sum(-1, True)},),
    ),
    Misconception(
        "returns-mask",
        "You return 1 or True for each class that stays, and 0 or False for the others. The "
        "exercise asks for their probabilities.",
        (
            "What does a row of your result sum to?",
            "How does your result depend on the logits?",
            MASK,
        ),
        variants=(lambda logits, m: near_the_largest(logits, m).to(logits.dtype),),
        symptom=is_mask,
        causes=("int-dtype", "upcasts-and-changes-dtype"),
    ),
    replace(
        next(_shared("returns-scores")),
        variants=(
            lambda logits, m: logits.masked_fill(~near_the_largest(logits, m), -INF),
            lambda logits, m: logits * near_the_largest(logits, m),
        ),
    ),
)
SHARED = tuple(
    m
    for slug in (
        *("forgets-renormalise", "zeroed-logits", "positive-sentinel", "finite-sentinel"),
        *("zero-times-inf", "multiplies-by-minus-inf", "adds-mask", "softmax-of-the-mask"),
        *("softmax-twice", "sum-over-wrong-dim", "global-sum", "no-max-subtraction"),
    )
    for m in _shared(slug)
    if m.variants
)
# around the softmax of the classes that stay
PAIRED = ("sign-error", "returns-log", "mean-instead-of-sum", "returns-exp-unnormalised")
OF_SOFTMAX = (*PAIRED, "forgets-exp", "divides-by-max", "one-minus-softmax", "rounds")


def _masked(probe: Probe, outcome: Outcome) -> tuple[Probe, Outcome]:
    """Return the same outcome, as if of a softmax with the other logits at -inf."""
    keep = near_the_largest(probe.logits, probe.rest[0])
    return replace(probe, logits=probe.logits.masked_fill(~keep, -INF), others=None), outcome


def _around(softmax: Variant) -> Variant:
    return lambda logits, m: softmax(logits.masked_fill(~near_the_largest(logits, m), -INF), -1)


def _those_near(probe: Probe, value: Tensor, expected: Tensor) -> str:
    """The entries above 0 are those with at least min_p times the largest probability."""
    min_p = probe.rest[0]
    for x, y, p in zip(probe.logits.double(), value, expected, strict=True):
        if not y.isfinite().all() or not (y != 0).any():
            continue
        share = x.softmax(0)
        for off, has, comes in (
            ((p > 1e-6) & (y == 0), "at least", "is 0"),
            ((p == 0) & (y != 0), "less than", "isn't 0"),
        ):
            if off.any():
                return (
                    f"In one row, the largest probability is {number(share.max().item())}, and "
                    f"min_p is {number(min_p)}. A class with probability "
                    f"{number(share[off][0].item())} has {has} "
                    f"{number(min_p * share.max().item())}, but its result {comes}."
                )
    return ""


LAWS = (
    Law(
        "not-those-near-the-largest",
        _those_near,
        (
            "Print which classes your function keeps, row by row.",
            "Each class is compared with the largest probability in its own row.",
            CUT,
        ),
    ),
    *laws.of("wrong-divisor", "outside-0-to-1", "slices-do-not-sum-to-1", "order-changes"),
    *laws.of("ratios-not-exp"),
    # last: a mistake on ordinary logits says more than a nan on extreme ones
    *laws.of("gives-nan", "gives-inf", "some-slices-wrong"),
)


def _at(x: Tensor, min_p: float, seed: int = 0, gradient: bool = False) -> Probe:
    return Probe(x, -1, gradient, others=(min_p,), seed=seed)


def _probes() -> tuple[Probe, ...]:
    shares = torch.tensor([[0.4, 0.3, 0.2, 0.1], [0.05, 0.05, 0.2, 0.7]]).log()
    return (
        _at(shares, 0.6),
        _at(shares, 0.27),
        _at(shares, 0.1),
        _at(shares, 1.0),
        _at(shares, 0.0),
        _at(grid([0, 2, 1], [5, 2, 4]), 0.2),
        _at(scores(3, 3), 0.3),
        _at(scores(3, 5) + 10, 0.05),
        _at(-scores(3, 5).abs() - 1, 0.3),
        _at(scores(2, 6), 0.02, gradient=True),
        _at(scores(1, 4), 0.5),
        _at(scores(3, 5, dtype=torch.float64), 0.1),
        _at(scores(3, 5, dtype=torch.bfloat16), 0.13),
        _at(grid([1000, 1001, 990], [-1000, -1012, -1001]), 0.1),
        # below every usual stand-in for -inf
        _at(grid([-3e37, -4e37, -2e37]), 0.5),
        # ties: both of the largest stay
        _at(grid([1, 3, 3, 0], [2, 2, 2, 2]), 1.0),
        _at(scores(3, 5), 0.3, seed=1),
    )


def _fresh(generator: torch.Generator) -> tuple[Probe, ...]:
    # steps of 1/2 between logits, and a cut between two of them
    x = torch.randint(-6, 7, (3, 6), generator=generator) / 2
    steps = int(torch.randint(1, 6, (), generator=generator))
    return (_at(x, math.exp(-steps / 2 - 0.25)), _at(1000 * x, 0.5))


EXERCISE = Exercise(
    "f(logits, min_p)",
    _probes(),
    _fresh,
    reference=min_p_softmax,
    right=RIGHTS,
    misconceptions=(
        *NO_RESULT,
        *CHOICE,
        *SHARED,
        *RESULT,
        *inside(OF_SOFTMAX, _around, _masked, PAIRED),
        *TRACES,
    ),
    laws=LAWS,
)
