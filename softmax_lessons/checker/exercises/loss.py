"""The exercises of lesson 06: log_softmax and cross_entropy."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import starmap

import torch
import torch.nn.functional as F
from torch import Tensor

from softmax_lessons.attempts.run import Outcome, Probe
from softmax_lessons.checker.exercises.exercise import INF, Exercise, grid, row, scores
from softmax_lessons.checker.misconceptions import (
    NO_RESULT,
    OTHER_DIM,
    SIDE_EFFECT,
    SOME_SHAPES,
    TRACES,
    Face,
    Misconception,
    is_a,
    named,
)
from softmax_lessons.checker.recipe import RIGHT_LOG, Dims, Recipe, difference, nothing, quotient

FAR_APART = [400.0, 401.0, 800.0]  # as float64: an eps can be read off with all its digits


def _amax(x: Tensor, dim: Dims) -> Tensor:
    return x.amax(dim, keepdim=True)


def _log_sum(x: Tensor, dim: Dims) -> Tensor:
    return torch.logsumexp(x, dim, keepdim=True)


def _forgets_max_back(x: Tensor, dim: Dims) -> Tensor:
    return x - _log_sum(x - _amax(x, dim), dim)


def _max_twice(x: Tensor, dim: Dims) -> Tensor:
    return x - _amax(x, dim) - _log_sum(x, dim)


def _max_once_and_overflow(x: Tensor, dim: Dims) -> Tensor:
    return x - _amax(x, dim) - x.exp().sum(dim, keepdim=True).log()


def _joined_by(log: Callable[[Tensor], Tensor]) -> dict[str, object]:
    return {"join": lambda shifted, powers, total: shifted - log(total)}


def _log_of(change: Callable[[Tensor], Tensor]) -> dict[str, object]:
    return {"join": lambda shifted, powers, total: change(powers / total).log()}


def _with_eps(eps: float) -> tuple[Face, Face]:
    return _log_of(lambda probs: probs + eps), _log_of(lambda probs: probs.clamp(min=eps))


def _scaled(factor: float) -> dict[str, object]:
    return {"leave": lambda x, dim: x * factor}


def _in_float64(x: Tensor, dim: Dims) -> Tensor:
    wide = x.double()
    return (wide - wide.exp().sum(dim, keepdim=True).log()).to(x.dtype)


def _left_moved(move: Callable[[Tensor, int], Tensor], target: int) -> Face:
    return lambda x, dim: torch.log_softmax(move(x, dim), target)


def _fit_eps(probes: Sequence[Probe], outcomes: Sequence[Outcome]) -> Iterator[Face]:
    """Read the amount off a result that should be far below its logarithm."""
    for probe, outcome in zip(probes, outcomes, strict=True):
        value = outcome.value
        if probe.logits.flatten().tolist() == FAR_APART and value is not None and value.numel():
            lowest = -value.double().abs().max().item()
            if -110 < lowest < -1:
                yield from _with_eps(math.exp(lowest))


# Another function than log_softmax.
LOGS = (
    Misconception(
        slug="forgets-log",
        says="You return probabilities, or take the sum itself where its logarithm belongs.",
        hint="The logarithm of a probability is never above 0. Is yours?",
        second_hint="log(a / b) is log(a) - log(b), and log(exp(x)) is x.",
        faces=({"join": quotient}, _joined_by(lambda total: total)),
    ),
    Misconception(
        slug="drops-log-sum",
        says="You leave out the logarithm of the sum, so nothing makes the probabilities sum to 1.",
        hint="Take exp of your result and sum it. Is it 1?",
        second_hint="log(exp(x) / sum) has two parts: x, and minus the logarithm of the sum.",
        faces=(
            lambda x, dim: x,
            lambda x, dim: x - _amax(x, dim),
            lambda x, dim: x - x.amax(),
        ),
    ),
    Misconception(
        slug="sum-of-logs",
        says="You take logarithms first and sum then. The logarithm of a sum is not the sum of "
        "the logarithms.",
        hint="In log(exp(a) + exp(b)), which operation is the inner one?",
        second_hint="exp first, then sum, then one logarithm a slice.",
        faces=(
            lambda x, dim: x - x.sum(dim, keepdim=True),
            lambda x, dim: x - x.exp().log().sum(dim, keepdim=True),
            lambda x, dim: x - _amax(x, dim) - (x - _amax(x, dim)).sum(dim, keepdim=True),
        ),
    ),
    Misconception(
        slug="forgets-max-back",
        says="You subtract the maximum inside the logarithm and don't add it again outside, so "
        "each slice is off by its maximum.",
        hint="log(sum of exp(x - m)) is log(sum of exp(x)) - m. Which of the two do you need?",
        second_hint="Subtract m from both x and the sum's logarithm, or add it back to the "
        "logarithm.",
        faces=(_forgets_max_back,),
    ),
    Misconception(
        slug="subtracts-max-twice",
        says="You subtract the maximum twice: once from x, and once more with a logarithm that "
        "has it inside already.",
        hint="Write m for the maximum and collect the m's: how many are left?",
        second_hint="x - m goes with log(sum of exp(x - m)); x goes with logsumexp(x).",
        faces=(_max_twice, _max_once_and_overflow),
    ),
    Misconception(
        slug="wrong-log-base",
        says="You use the logarithm to base 2 or 10; exp needs the natural one to undo it.",
        hint="Which function is the inverse of exp?",
        second_hint="`torch.log` is the natural logarithm.",
        faces=(
            *(_joined_by(log) for log in (torch.log2, torch.log10)),
            *(_scaled(1 / math.log(base)) for base in (2, 10)),
        ),
    ),
    Misconception(
        slug="sign-error",
        says="A sign is turned round.",
        hint="Logarithms of probabilities are at most 0, and the largest logit has the largest "
        "one. Which of the two fails?",
        second_hint="Write out both terms for [0, 0]: the result is -0.6931 twice.",
        faces=(
            _scaled(-1),
            {"join": lambda shifted, powers, total: shifted + total.log()},
            {"join": lambda shifted, powers, total: total.log() - shifted},
            {"enter": lambda x, dim: -x},
        ),
    ),
    Misconception(
        slug="plus-one-in-denominator",
        says="You add 1 to the sum (`log1p` does it), as softplus does for one score.",
        hint="Whose power would the 1 be?",
        second_hint="Take exp of your result and sum it: what is missing to 1?",
        faces=(
            _joined_by(torch.log1p),
            {"total": lambda x, dim, keepdim: x.sum(dim, keepdim=keepdim) + 1},
        ),
    ),
    Misconception(
        slug="mean-instead-of-sum",
        says="You take the logarithm of the mean of the powers, not of their sum.",
        hint="Take exp of your result and sum it. Is it 1?",
        second_hint="The number of classes is not in the formula.",
        faces=({"total": torch.mean},),
    ),
    Misconception(
        slug="softmax-twice",
        says="You give probabilities to a function that takes logits: softmax is applied twice.",
        hint="Which of your calls has a softmax inside, and what do you hand to it?",
        second_hint="log_softmax needs the logits as they are.",
        faces=(
            {"enter": torch.softmax},
            {"enter": torch.softmax, "centre": nothing},
        ),
    ),
    Misconception(
        slug="sigmoid-instead",
        says="You apply the sigmoid to each logit on its own, so the logits don't compete.",
        hint="Raise one logit. Do the other results go down?",
        second_hint="Every result needs all logits of its slice.",
        faces=(lambda x, dim: F.logsigmoid(x),),
    ),
    *map(named, ("int-dtype", "takes-absolute-value", "computes-in-16-bits")),
)

# Fine on ordinary logits, but the probability is 0 or inf on the way.
LOGS_OVERFLOW = (
    Misconception(
        slug="eps-in-log",
        says="You add a small number before the logarithm, or cut it off there. The result never "
        "falls below that number's logarithm, and its gradient is 0 where the model is most "
        "wrong.",
        hint="Which step makes a 0 of a probability? Can you go without that step?",
        second_hint="log(a / b) is log(a) - log(b): no division, no 0, no eps.",
        fit=_fit_eps,
        samples=(*_with_eps(1e-8), *_with_eps(1e-12)),
    ),
    Misconception(
        slug="log-of-softmax",
        says="You compute the probabilities first and take their logarithm. A very small "
        "probability is 0 by then, and its logarithm -inf.",
        hint="log(exp(a) / b) can be taken apart before anything is computed.",
        second_hint="x - max - log(sum of exp(x - max)): the exp of x is never divided.",
        faces=(_log_of(lambda probs: probs),),
    ),
    *map(named, ("shift-computed-unused", "no-max-subtraction", "global-max")),
    *map(named, ("argmax-instead-of-max", "mean-subtraction", "min-subtraction")),
    *map(named, ("max-with-zero", "patches-nan")),
    Misconception(
        slug="upcast-instead-of-shift",
        says="You compute in float64 instead of shifting the logits: that moves the overflow "
        "from 88 to 709, and no further.",
        hint="A larger format has a limit as well. Which shift makes the limit irrelevant?",
        second_hint="Try 1000 in float64.",
        faces=(_in_float64,),
    ),
)

# with logsumexp there is only one thing to keep the dim of
MORE_DIM_FACES: dict[str, tuple[Face, ...]] = {
    "missing-keepdim": (lambda x, dim: x - x.logsumexp(dim),),
    "unsqueezes-last-not-dim": (
        lambda x, dim: x - x.logsumexp(dim).unsqueeze(-1),
        lambda x, dim: x - x.logsumexp(dim).unsqueeze(1),
    ),
}
LOG_DIMS = tuple(
    replace(
        m,
        faces=(
            _left_moved(lambda x, dim: x.transpose(dim, -1), -1),
            _left_moved(lambda x, dim: x.transpose(dim, 0), 0),
            _left_moved(lambda x, dim: x.movedim(dim, -1), -1),
            _left_moved(lambda x, dim: x.movedim(dim, 0), 0),
        ),
    )
    if m.slug == "forgets-to-transpose-back"
    else replace(named(m.slug), faces=(*named(m.slug).faces, *MORE_DIM_FACES.get(m.slug, ())))
    for m in OTHER_DIM
)


def _log_probes() -> tuple[Probe, ...]:
    far = [1000, 1001, 1002]
    inputs = [
        (row(0, 0), 0),
        (grid([1, 2, 3], [1, 2, 1]), 1),
        (grid([1, 2, 3], [1, 2, 1]), 0),
        (grid([1, 2], [3, 5]), 0),
        (grid([1, 2], [3, 5]), 1),
        (row(2, 1, 0.1), -1),
        (scores(1, 3), 0),
        (scores(2, 2, 2), 0),
        (scores(2, 2, 2), 1),
        (scores(2, 2, 2), 2),
        (scores(2, 3, 4), 0),
        (scores(2, 3, 4), 1),
        (scores(2, 3, 4, 5), 1),
        (scores(2, 3, 4, 5), -2),
        (scores(2, 3, 4, 5), 3),
        (scores(3, 4, dtype=torch.float64), 1),
        (scores(3, 4, dtype=torch.float64), 0),
        (scores(3, 4, dtype=torch.float16), 1),
        (scores(2, 3), 1, True),
        (scores(2, 3), 0, True),
        (row(1000, 1001), 0),
        (row(-1000, -1001), 0),
        (row(-60, 0, 60), 0),
        (row(0, 0, 90), 0),
        (row(0, -200, 500), 0),
        (row(200, 0, -5), 0, True),
        (row(1, -INF, 2), 0),
        (grid([0, 1, 2], far), 1),
        (grid([0, 1, 2], far).T.contiguous(), 0),
        (grid([-1000, -1001, -1002], [5, 5, 5]), 1),
        (row(*FAR_APART, dtype=torch.float64), 0),
        (row(11, 12, 9, dtype=torch.float16), 0),
    ]
    return tuple(replace(probe, rounding="absolute") for probe in starmap(Probe, inputs))


def _fresh_logs(generator: torch.Generator) -> tuple[Probe, ...]:
    small = 6 * torch.rand(3, 2, 4, generator=generator) - 3
    large = 3000 * torch.rand(3, 4, generator=generator) - 1500
    pairs = [(small, dim) for dim in range(3)] + [(large, dim) for dim in range(2)]
    return tuple(Probe(x, dim, rounding="absolute") for x, dim in pairs)


def _at_targets(log_probs: Tensor, targets: Tensor) -> Tensor:
    return log_probs.gather(1, targets[:, None])[:, 0]


@dataclass(frozen=True)
class LossRecipe(Recipe):
    """The right cross-entropy: log_softmax, and three more steps.

    Attributes:
        log_probs: makes log-probabilities of the logits; None means the recipe for log_softmax.
        pick: finds the log-probability of each target.
        sign: the loss is this times what was picked.
        reduce: makes one number of the losses; it is given the logits as well.
    """

    join: Callable[[Tensor, Tensor, Tensor], Tensor] = difference
    log_probs: Callable[[Tensor, Dims], Tensor] | None = None
    pick: Callable[[Tensor, Tensor], Tensor] = _at_targets
    sign: float = -1.0
    reduce: Callable[[Tensor, Tensor], Tensor] = lambda losses, logits: losses.mean()

    def __call__(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Return what this recipe makes of logits (batch, classes) and targets (batch,)."""
        log_probs = (self.log_probs or super().__call__)(logits, 1)
        return self.reduce(self.sign * self.pick(log_probs, targets), logits)


def _as_loss(m: Misconception) -> Misconception:
    """Return a mistake in log_softmax as one in the first step of cross_entropy."""
    faces = tuple({"log_probs": face} if callable(face) else face for face in m.faces)
    return replace(m, faces=faces)


def _one_hot(logits: Tensor, targets: Tensor) -> Tensor:
    return F.one_hot(targets, logits.shape[1]).to(logits.dtype)


def _binary(probs: Callable[[Tensor], Tensor], reduce: Callable[[Tensor], Tensor]) -> Face:
    def face(logits: Tensor, targets: Tensor) -> Tensor:
        hot, p = _one_hot(logits, targets), probs(logits)
        return reduce(-(hot * p.log() + (1 - hot) * (1 - p).log()))

    return face


def _softmax(logits: Tensor) -> Tensor:
    return torch.softmax(logits, 1)


REDUCTIONS = (torch.mean, torch.sum, lambda x: x.sum(1).mean())

LOSSES = (
    Misconception(
        slug="returns-python-float",
        says="You return a Python number. Without its tensor there is no gradient, and nothing "
        "to train with.",
        hint="Which call turns a tensor into a number?",
        second_hint="Leave out `.item()` and `float(...)`; print them outside, if you like.",
        trace=is_a("float", "int", "float32", "float64"),
    ),
    Misconception(
        slug="returns-wrong-shape",
        says="Your result is not one number: it has a dim too many.",
        hint="Print the shape of your result; a single number has the shape ().",
        second_hint="`mean()` without a dim ends with one number.",
        trace=lambda probe, outcome: outcome.value is not None and outcome.value.dim() > 0,
    ),
    Misconception(
        slug="expects-probabilities",
        says="You take the logarithm of the logits as if they were probabilities.",
        hint="Can a logit be negative? What is its logarithm?",
        second_hint="Turn logits into log-probabilities first: that is the other exercise.",
        faces=(
            {"log_probs": lambda x, dim: x.log()},
            {"log_probs": lambda x, dim: (x / x.sum(dim, keepdim=True)).log()},
        ),
    ),
    Misconception(
        slug="squared-error",
        says="You return the squared distance between probabilities and targets, which is "
        "another loss.",
        hint="Cross-entropy looks at one probability a row: that of the target.",
        second_hint="Minus the logarithm of the target's probability, and the mean of those.",
        faces=tuple(
            lambda logits, targets, reduce=reduce: reduce(
                (_softmax(logits) - _one_hot(logits, targets)) ** 2
            )
            for reduce in REDUCTIONS
        ),
    ),
    Misconception(
        slug="binary-formula",
        says="You add a term for each class that is not the target, as for independent yes-or-no "
        "questions.",
        hint="One class is right. Which probability tells how well the model did?",
        second_hint="Leave out the part with 1 - p.",
        faces=tuple(
            _binary(probs, reduce) for probs in (_softmax, torch.sigmoid) for reduce in REDUCTIONS
        ),
    ),
    Misconception(
        slug="ignores-targets",
        says="Your result does not depend on the targets.",
        hint="Change one target. Does your loss change?",
        second_hint="Pick, in each row, the entry that the target names.",
        faces=tuple(
            {"pick": pick}
            for pick in (
                lambda log_probs, targets: log_probs,
                lambda log_probs, targets: log_probs.sum(1),
                lambda log_probs, targets: log_probs.amax(1),
                lambda log_probs, targets: log_probs[:, 0],
            )
        ),
    ),
    Misconception(
        slug="indexes-all-rows",
        says="`[:, targets]` takes, from every row, the entries of all targets: a square of "
        "numbers, where one a row is wanted.",
        hint="Print the shape of what you pick.",
        second_hint="Pair each row's number with its target: arange and targets, or `gather`.",
        faces=({"pick": lambda log_probs, targets: log_probs[:, targets]},),
    ),
    Misconception(
        slug="first-row-only",
        says="Only the first row of the batch counts in your loss.",
        hint="Change the last row. Does your loss change?",
        second_hint="Look for a 0 in an index, or a `return` inside a loop.",
        faces=(
            {"pick": lambda log_probs, targets: log_probs[0, targets[0]]},
            {"pick": lambda log_probs, targets: log_probs[0, targets]},
        ),
    ),
    Misconception(
        slug="label-off-by-one",
        says="You look one class beside the target: classes count from 0.",
        hint="Which entry belongs to target 0?",
        second_hint="The target is the index, with nothing added or taken away.",
        faces=(
            {"pick": lambda log_probs, targets: log_probs[range(len(targets)), targets - 1]},
            {
                "pick": lambda log_probs, targets: log_probs[
                    range(len(targets)), (targets + 1) % log_probs.shape[1]
                ]
            },
        ),
    ),
    Misconception(
        slug="sum-instead-of-mean",
        says="You return the sum over the batch; the loss then grows with the size of the batch.",
        hint="Repeat the batch twice. What should happen to the loss?",
        second_hint="The mean divides by the number of rows.",
        faces=({"reduce": lambda losses, logits: losses.sum()},),
    ),
    Misconception(
        slug="divides-by-classes",
        says="You divide by the number of classes as well, or instead of the number of rows.",
        hint="How many losses are there: one a row, or one an entry?",
        second_hint="A mean over one-hot rows counts their zeros. Sum over the classes first.",
        faces=(
            {"reduce": lambda losses, logits: losses.sum() / logits.shape[1]},
            {"reduce": lambda losses, logits: losses.mean() / logits.shape[1]},
        ),
    ),
    Misconception(
        slug="no-reduction",
        says="You return one loss for each row; their mean is asked for.",
        hint="Print the shape of your result.",
        second_hint="One step is missing at the end.",
        faces=({"reduce": lambda losses, logits: losses},),
        causes=("returns-wrong-shape",),
    ),
    Misconception(
        slug="returns-perplexity",
        says="You return exp of the loss, which is the perplexity.",
        hint="What should the loss of a perfect answer be: 0 or 1?",
        second_hint="Leave out the last exp.",
        faces=(
            {"reduce": lambda losses, logits: losses.mean().exp()},
            {"reduce": lambda losses, logits: losses.exp().mean()},
        ),
    ),
    Misconception(
        slug="sign-error",
        says="A minus sign is missing: your loss gets smaller as the model gets worse.",
        hint="Is your loss above 0?",
        second_hint="Log-probabilities are negative; the loss is minus their mean.",
        faces=({"sign": 1.0},),
    ),
    Misconception(
        slug="softmax-over-batch",
        says="Your softmax runs over the rows of the batch, or over the whole of it, so examples "
        "compete with each other.",
        hint="Which dim has the classes?",
        second_hint="The logits have the shape (batch, classes): dim 1.",
        faces=(
            {"log_probs": lambda x, dim: torch.log_softmax(x, 0)},
            {"log_probs": lambda x, dim: x - x.logsumexp((0, 1))},
            {"log_probs": lambda x, dim: x - x.exp().sum(0, keepdim=True).log()},
            {"log_probs": lambda x, dim: x - x.exp().sum().log()},
        ),
    ),
)


def _loss_library() -> tuple[Misconception, ...]:
    logs = [_as_loss(m) for m in LOGS if m.slug not in ("sign-error", "sigmoid-instead")]
    traces = [m for m in TRACES if m.slug != "returns-wrong-shape"]
    return (*NO_RESULT, *LOSSES, *logs, *map(_as_loss, LOGS_OVERFLOW), *traces)


def _loss_probes() -> tuple[Probe, ...]:
    inputs = [
        (grid([2, 1, 0.1]), [0]),
        (grid([1, 2], [3, 5], [0, 1]), [0, 1, 1]),
        (grid([0.5, 1, 2], [3, 1, 1.5]), [2, 0]),
        (scores(4, 3), [1, 2, 0, 1]),
        (scores(3, 5), [4, 0, 2]),
        (scores(2, 3), [2, 1], True),
        (scores(3, 4, dtype=torch.float64), [3, 1, 1]),
        (grid([200, 0, -5]), [1], True),
        (grid([1000, 1001, 1002], [0, 1, 2]), [0, 1]),
        (grid([-1000, -1001, -1002], [5, 5, 6]), [0, 1]),
        (grid([-60, -70]), [1]),
        (grid([-1000, -1001, -1002]), [1]),
        (grid([-60, 0, 60]), [1]),
        (grid([0, 0, 90]), [2]),
        (grid([100, 500, 0]), [1]),
        (row(*FAR_APART, dtype=torch.float64)[None], [1]),
    ]
    return tuple(_loss_probe(logits, targets, *rest) for logits, targets, *rest in inputs)


def _loss_probe(logits: Tensor, targets: Sequence[int], gradient: bool = False) -> Probe:
    others = (torch.tensor(targets),)
    return Probe(logits, 1, gradient, others=others, rounding="absolute")


def _fresh_losses(generator: torch.Generator) -> tuple[Probe, ...]:
    targets = torch.randint(0, 4, (3,), generator=generator).tolist()
    spreads = (6, 3000)
    return tuple(
        _loss_probe(s * (torch.rand(3, 4, generator=generator) - 0.5), targets) for s in spreads
    )


def loss_exercises() -> dict[str, Exercise]:
    """Return the exercises of lesson 06."""
    loss = Exercise(
        "f(logits, targets)",
        _loss_probes(),
        _fresh_losses,
        reference=F.cross_entropy,
        right=(LossRecipe(),),
        by_hand=frozenset({"cross_entropy", "cross_entropy_loss"}),
        misconceptions=_loss_library(),
        telling=(9, 7, 10, 8, 13, 0, 11, 14),
    )
    # to repair a head, PyTorch's own loss will do
    repair = replace(loss, by_hand=frozenset())
    return {
        "log_softmax": Exercise(
            "f(x, dim)",
            _log_probes(),
            _fresh_logs,
            reference=torch.log_softmax,
            right=(RIGHT_LOG,),
            by_hand=frozenset({"log_softmax"}),
            misconceptions=(
                *NO_RESULT,
                *LOGS,
                *LOG_DIMS,
                *LOGS_OVERFLOW,
                *SIDE_EFFECT,
                *SOME_SHAPES,
            ),
            telling=(13, 24, 29, 26, 27, 23, 5, 18, 21),
        ),
        "cross_entropy": loss,
        **{f"repair_head_{number}": repair for number in range(1, 6)},
    }
