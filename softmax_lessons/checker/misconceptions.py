"""The library of misconceptions: what learners write instead of softmax, and why.

Each is data: a slug, a sentence that names the mistake, a hint (and a plainer one for a second
try), and how to recognise it, which is one or more of
- faces: changes to the right recipe (a dict of its steps) or functions f(x, dim) of their own;
  several where one mistake can be written so that it gives different results,
- fit: faces with a number in them that is read off the attempt's own results,
- trace: a fact that shows in a single outcome,
- where: what can be said of the inputs that it fails on,
- error: a pattern in the error message it raises.

The order matters: of two mistakes, the one that stands first here is named first, and of two
explanations, the one that stands first is preferred.
"""

import math
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from softmax_lessons.attempts.run import Outcome, Probe
from softmax_lessons.checker.judge import changed_input
from softmax_lessons.checker.recipe import (
    RIGHT,
    DimChoice,
    Dims,
    Reduction,
    always,
    beside,
    difference,
    everything,
    implicit,
    mirrored,
    neighbour,
    nothing,
    ones,
    unsigned,
)

OTHER_DIMS = (neighbour(1), neighbour(-1), mirrored, always(-1), always(0), always(1))
DIVISIONS = frozenset({"div", "true_divide", "divide", "__truediv__", "__rtruediv__"})
MAXIMA = frozenset({"max", "amax", "aminmax", "topk", "sort"})

Face = Mapping[str, object] | Callable[[Tensor, Dims], Tensor]


@dataclass(frozen=True, eq=False)
class Misconception:
    """One mistake: how to name it, and how to recognise it."""

    slug: str
    says: str
    hint: str
    second_hint: str
    faces: tuple[Face, ...] = ()
    fit: Callable[[Sequence[Probe], Sequence[Outcome]], Iterator[Face]] | None = None
    trace: Callable[[Probe, Outcome], bool] | None = None
    where: Callable[[Sequence[Probe], Collection[int]], bool] | None = None
    error: str = ""
    causes: tuple[str, ...] = ()  # slugs that are no mistake of their own beside this one
    calls: frozenset[str] = frozenset()  # the faces count if one of these was called
    alone: bool = False  # it is not tried together with another one
    samples: tuple[Face, ...] = ()  # what `fit` finds, for the choice of probes


def over(*choices: object) -> tuple[Face, ...]:
    """Return the faces of a softmax that runs over another dim throughout."""
    return tuple({"max_dim": choice, "sum_dim": choice} for choice in choices)


# --- steps that a misconception puts in the place of the right ones -----------------------------


def _sum(x: Tensor, dim: Dims) -> Tensor:
    return x.sum(dim, keepdim=True)


def _amax(x: Tensor, dim: Dims) -> Tensor:
    return x.amax(dim, keepdim=True)


def _everywhere(x: Tensor) -> Dims:
    return tuple(range(x.dim()))


def _unsqueezed_at(position: int) -> Callable[[Reduction], Reduction]:
    return lambda reduction: lambda x, dim, keepdim: reduction(x, dim).unsqueeze(position)


def _as_column(reduction: Reduction) -> Reduction:
    return lambda x, dim, keepdim: reduction(x, dim).reshape(-1, 1)


def _sum_plus(amount: float) -> Callable[..., Tensor]:
    return lambda x, dim, keepdim: x.sum(dim, keepdim=keepdim) + amount


def _power_of(base: float) -> Callable[[Tensor], Tensor]:
    return lambda x: base**x


def _rounded_to(digits: int) -> Callable[[Tensor, Dims], Tensor]:
    return lambda x, dim: x.round(decimals=digits)


def _cut_to(digits: int) -> Callable[[Tensor, Dims], Tensor]:
    return lambda x, dim: (x * 10**digits).floor() / 10**digits


def _scaled_by(factor: float) -> Callable[[Tensor, Dims], Tensor]:
    return lambda x, dim: x * factor


def _clamped_to(low: float, high: float) -> Callable[[Tensor, Dims], Tensor]:
    return lambda x, dim: x.clamp(low, high)


def _exp_from(low: float) -> Callable[[Tensor], Tensor]:
    return lambda x: x.clamp(min=low).exp()


def _length(x: Tensor, dim: Dims) -> int:
    return x.shape[dim] if isinstance(dim, int) else math.prod(x.shape[d] for d in dim)


def _one_hot(x: Tensor, dim: Dims) -> Tensor:
    return torch.zeros_like(x).scatter(dim, x.argmax(dim, keepdim=True), 1)


def _all_largest(x: Tensor, dim: Dims) -> Tensor:
    return (x == _amax(x, dim)).to(x.dtype)


def _standardised(x: Tensor, dim: Dims, correction: int, eps: float = 0.0) -> Tensor:
    variance = x.var(dim, correction=correction, keepdim=True)
    return (x - x.mean(dim, keepdim=True)) / (variance + eps).sqrt()


def _to_unit_range(x: Tensor, dim: Dims) -> Tensor:
    low = x.amin(dim, keepdim=True)
    return (x - low) / (_amax(x, dim) - low)


def _constant_total(powers: Tensor, dim: Dims, keepdim: bool) -> Tensor:
    return powers.sum(dim, keepdim=keepdim).detach()


def _plain(x: Tensor, dim: Dims) -> Tensor:
    return x.exp() / _sum(x.exp(), dim)


def _naive_with_log(x: Tensor, dim: Dims) -> Tensor:
    return (x - _sum(x.exp(), dim).log()).exp()


def _naive_with_normalize(x: Tensor, dim: Dims) -> Tensor:
    return torch.nn.functional.normalize(x.exp(), p=1, dim=dim)


NO_SHIFT: tuple[Face, ...] = ({"centre": nothing}, _naive_with_log, _naive_with_normalize)


def _shift_above_only(largest: Callable[[Tensor, Dims], Tensor]) -> Face:
    return lambda x, dim: (x - largest(x, dim)).exp() / _sum(x.exp(), dim)


def _shift_below_only(largest: Callable[[Tensor, Dims], Tensor]) -> Face:
    return lambda x, dim: x.exp() / _sum((x - largest(x, dim)).exp(), dim)


def _largest_of_all(x: Tensor, dim: Dims) -> Tensor:
    return x.amax()


def _first(x: Tensor, dim: Dims, keepdim: bool) -> Tensor:
    return x.narrow(dim, 0, 1)


def _median(x: Tensor, dim: Dims, keepdim: bool) -> Tensor:
    return x.median(dim, keepdim=True).values


def _second_largest(x: Tensor, dim: Dims, keepdim: bool) -> Tensor:
    k = min(2, x.shape[dim])
    return x.topk(k, dim).values.narrow(dim, k - 1, 1)


def _less_largest_exp(x: Tensor, dim: Dims) -> Tensor:
    exps = x.exp() - _amax(x.exp(), dim)
    return exps / _sum(exps, dim)


def _less_largest(x: Tensor, dim: Dims) -> Tensor:
    exps = x.exp() - _amax(x, dim)
    return exps / _sum(exps, dim)


def _over_largest_exp(x: Tensor, dim: Dims) -> Tensor:
    exps = x.exp() / _amax(x, dim).exp()
    return exps / _sum(exps, dim)


def _less_largest_prob(x: Tensor, dim: Dims) -> Tensor:
    probs = torch.softmax(x, dim)
    return probs - _amax(probs, dim)


def _less_largest_along(choice: DimChoice) -> Callable[[Tensor, Dims], Tensor]:
    return lambda x, dim: x - x.amax(choice(x, dim), keepdim=True)


def _left_moved(move: Callable[[Tensor, int], Tensor], target: int) -> Face:
    def face(x: Tensor, dim: Dims) -> Tensor:
        return torch.softmax(move(x, dim), target)

    return face


def _moved_again(target: int) -> Face:
    return lambda x, dim: torch.softmax(x.movedim(dim, target), target).movedim(dim, target)


def _only_reshaped(target: int) -> Face:
    return lambda x, dim: torch.softmax(x.movedim(dim, target), target).reshape(x.shape)


# --- numbers read off the attempt's own results --------------------------------------------------


def _first_slices(
    probes: Sequence[Probe], outcomes: Sequence[Outcome]
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield the first slice of ordinary logits and of results, the most exact ones first."""
    for wanted in (torch.float64, torch.float32):
        for probe, outcome in zip(probes, outcomes, strict=True):
            x, y = probe.logits, outcome.value
            if isinstance(probe.dim, tuple) or y is None or x.dtype != wanted:
                continue
            if x.shape == y.shape and x.shape[probe.dim] > 1 and x.abs().max() <= 10:
                size = x.shape[probe.dim]
                x, y = (t.double().movedim(probe.dim, -1).reshape(-1, size)[0] for t in (x, y))
                if y.isfinite().all():
                    yield x, y


def _fit_scale(probes: Sequence[Probe], outcomes: Sequence[Outcome]) -> Iterator[Face]:
    for x, y in _first_slices(probes, outcomes):
        if (y > 0).all() and x[0] != x[1]:
            factor = ((y[0] / y[1]).log() / (x[0] - x[1])).item()
            if math.isfinite(factor) and abs(factor) > 1e-3:
                yield {"enter": _scaled_by(factor)}
            return


def _fit_eps(probes: Sequence[Probe], outcomes: Sequence[Outcome]) -> Iterator[Face]:
    for x, y in _first_slices(probes, outcomes):
        if y[0] > 0:
            for shift in (x.max(), 0.0):
                exps = (x - shift).exp()
                amount = (exps[0] / y[0] - exps.sum()).item()
                if amount > 0:
                    yield {"total": _sum_plus(amount)}
            return


def _fit_clamp(probes: Sequence[Probe], outcomes: Sequence[Outcome]) -> Iterator[Face]:
    """Read the bounds off the results for [0, -200, 500]."""
    for probe, outcome in zip(probes, outcomes, strict=True):
        value = outcome.value
        if probe.logits.tolist() != [0.0, -200.0, 500.0] or value is None or value.shape != (3,):
            continue
        middle, lowest, highest = value.double().nan_to_num(0, 0, 0).tolist()
        if highest > lowest > 0:  # after the shift, only the low ones can be cut off
            yield {"power": _exp_from(round(math.log(lowest / highest), 2))}
        highs = [math.log(highest / middle)] if middle > 0 and highest > 0 else [100, 300, 500, 700]
        low = math.log(lowest / middle) if lowest > 0 and middle > 0 else -math.inf
        highs = [high for high in highs if high > 1]  # else it is not this that happened
        for high in highs:
            for bounds in ((low, high), (-high, high)):
                yield {"enter": _clamped_to(*bounds)}
                yield {"enter": _clamped_to(*bounds), "centre": nothing}


# --- facts ----------------------------------------------------------------------------------------


def is_a(*kinds: str) -> Callable[[Probe, Outcome], bool]:
    """Return the trace of a result of another type; `Outcome.kind` is its name."""
    return lambda probe, outcome: outcome.kind in kinds


def _holds_integers(probe: Probe, outcome: Outcome) -> bool:
    return outcome.value is not None and not outcome.value.dtype.is_floating_point


def _changed_input(probe: Probe, outcome: Outcome) -> bool:
    return changed_input(probe, outcome) is not None


def _lost_gradient(probe: Probe, outcome: Outcome) -> bool:
    if re.search(r"on Tensor that requires grad|support automatic differentiation", outcome.error):
        return True
    came = outcome.value is not None and outcome.grad is None and not outcome.grad_error
    return probe.gradient and came


def _changed_dtype(probe: Probe, outcome: Outcome) -> bool:
    value = outcome.value
    return value is not None and value.is_floating_point() and not probe.accepts(value.dtype)


def _changed_shape(probe: Probe, outcome: Outcome) -> bool:
    return outcome.value is not None and outcome.value.shape != probe.logits.shape


def _of_two_dims_none_and_of_more_some(probes: Sequence[Probe], failed: Collection[int]) -> bool:
    dims = {probes[i].logits.dim() for i in failed}
    return 2 not in dims and max(dims) > 2


def _all_but_single_rows(probes: Sequence[Probe], failed: Collection[int]) -> bool:
    """Tell whether each row alone is right and each batch wrong; batches of one may be either."""
    return all(
        (i in failed) == (p.logits.dim() > 1)
        for i, p in enumerate(probes)
        if min(p.logits.shape) > 1
    )


# What comes back is no result at all.
NO_RESULT = (
    Misconception(
        slug="returns-none",
        says="Your function computes, but hands nothing back: its result is None.",
        hint="Look at the last line of the function. Which word sends a value to the caller?",
        second_hint="`print` shows a value, and only `return` gives it to the caller.",
        trace=is_a("NoneType"),
    ),
    Misconception(
        slug="returns-list",
        says="Your function returns a list or tuple of numbers, not a tensor.",
        hint="The next step of a model needs a tensor. Can you make one of your numbers, or work "
        "on the whole tensor at once?",
        second_hint="`torch.tensor(...)` makes a tensor of numbers, `torch.stack` one of tensors.",
        trace=is_a("list", "tuple"),
    ),
    Misconception(
        slug="max-tuple-not-values",
        says="`x.max(dim)` returns two things, the largest values and their positions, and you "
        "use the pair as if it were one tensor.",
        hint="Take only the values out of the pair.",
        second_hint="The pair has a field `.values`; `amax` returns nothing else.",
        error=r"return_types\.(max|min)",
    ),
    Misconception(
        slug="name-error",
        says="Your function uses a name that does not exist where it runs.",
        hint="The error message has the name. Is it spelled as where you defined it?",
        second_hint="Run the cell that defines that name again, or look for a letter that differs.",
        error=r"^(NameError|UnboundLocalError):",
    ),
    Misconception(
        slug="implicit-dim",
        says="You call a function that needs a dim without one.",
        hint="The error message has the name of the function. Which dim should it run along?",
        second_hint="Pass the dim on to every function that takes one.",
        error=r'missing \d+ required positional arguments?: "dim"',  # PyTorch's words
    ),
    Misconception(
        slug="wrong-signature",
        says="A function is called with another number of arguments than it takes.",
        hint="Compare the first line of your function with the one in the exercise.",
        second_hint="Your function is called with x, and with dim if the exercise has one; look at "
        "the calls inside it too.",
        error=r"^TypeError: .*(positional arguments? but \d+ w"
        r'|missing \d+ required positional arguments?: (?!"dim"))',
    ),
    Misconception(
        slug="endless-loop",
        says="Your function does not come to an end.",
        hint="Which condition ends your loop, and does anything in the loop change it?",
        second_hint="Put a `print` into the loop and call your function: which value never "
        "changes?",
        error=r"^TimeoutError: no answer",
    ),
)

# Another function than softmax.
OTHER_FUNCTION = (
    Misconception(
        slug="argmax-one-hot",
        says="You put 1 at the largest score and 0 elsewhere. Softmax gives every score a share.",
        hint="Should the second best answer get nothing at all?",
        second_hint="The formula has no `argmax` in it: exp, a sum, a division.",
        faces=(_one_hot, _all_largest),
    ),
    Misconception(
        slug="int-dtype",
        says="Somewhere on the way, numbers become integers, and everything after the decimal "
        "point is cut off.",
        hint="Look for int, long, or a tensor that you create with whole numbers in it.",
        second_hint="Print `.dtype` after each step. Where does it stop being float?",
        faces=(
            {"enter": lambda x, dim: x.long()},
            {"enter": lambda x, dim: x.trunc()},
            {"leave": lambda x, dim: x.long()},
        ),
        trace=_holds_integers,
        causes=("detached-gradient", "upcasts-and-changes-dtype"),
    ),
    Misconception(
        slug="returns-scores",
        says="You return scores, not probabilities: there is no exp and no sum in them.",
        hint="Which two steps of the formula come after the scores?",
        second_hint="Is each result between 0 and 1? Do they sum to 1?",
        faces=(lambda x, dim: x, lambda x, dim: x - _amax(x, dim), lambda x, dim: x - x.amax()),
    ),
    Misconception(
        slug="one-minus-softmax",
        says="You return what is missing to 1: the lowest score gets the largest result.",
        hint="Try [0, 1]. Which of the two should win?",
        second_hint="The formula ends with the division.",
        faces=({"leave": lambda x, dim: 1 - x},),
    ),
    Misconception(
        slug="divides-by-count",
        says="You divide the powers by how many there are, not by their sum.",
        hint="What should a slice sum to? What does yours?",
        second_hint="The number of classes is not in the formula.",
        faces=({"total": lambda x, dim, keepdim: torch.tensor(_length(x, dim))},),
    ),
    Misconception(
        slug="sums-raw-logits",
        says="You divide the powers by the sum of the scores themselves.",
        hint="What must stand below the line, so that all results together sum to 1?",
        second_hint="Above the line stands exp(x). What, then, do all entries above the line sum "
        "to?",
        faces=(
            lambda x, dim: x.exp() / _sum(x, dim),
            lambda x, dim: (x - _amax(x, dim)).exp() / _sum(x, dim),
        ),
    ),
    Misconception(
        slug="forgets-exp",
        says="You divide the scores by their sum, without exp. Negative scores give negative "
        "shares, and a sum of zero gives inf.",
        hint="Which function makes any score positive, and keeps the order?",
        second_hint="Compare your first line with the formula in lesson 01.",
        faces=({"power": lambda x: x, "centre": nothing}, {"power": lambda x: x}),
    ),
    Misconception(
        slug="returns-log",
        says="You return the logarithms of the probabilities.",
        hint="Probabilities lie between 0 and 1; are yours negative?",
        second_hint="Your last step goes one too far, or exp is missing after it.",
        faces=(
            {"leave": lambda x, dim: x.log()},
            torch.log_softmax,
            lambda x, dim: x - torch.logsumexp(x, dim, keepdim=True),
            # the same in other steps: near 0, each has digits of its own
            {"join": difference},
            lambda x, dim: x - _sum(x.exp(), dim).log(),
            lambda x, dim: x.exp().log() - _sum(x.exp(), dim).log(),
        ),
    ),
    Misconception(
        slug="double-exp",
        says="You apply exp twice.",
        hint="Count how many times exp touches the scores.",
        second_hint="Print what you have before and after each exp.",
        faces=(
            {"power": lambda x: x.exp().exp()},
            {"enter": lambda x, dim: x.exp()},
            {"leave": lambda x, dim: x.exp()},
        ),
    ),
    Misconception(
        slug="exp2-or-pow",
        says="You raise another number than e to the scores, or the scores to a power.",
        hint="Which base has the formula, and which operand is the exponent?",
        second_hint="`x.exp()` is e to the power x, to the last digit.",
        faces=(
            *({"power": _power_of(b)} for b in (2, 3, 10, 2.7, 2.71, 2.72, 2.718, 2.7183)),
            *({"power": _power_of(b)} for b in (2.71828, 2.718282, 2.7182818, 2.718281828)),
            {"power": torch.square, "centre": nothing},
            {"power": torch.square},
            {"power": lambda x: x**math.e, "centre": nothing},
        ),
    ),
    Misconception(
        slug="sigmoid-instead",
        says="You apply the sigmoid to each score on its own, so the scores don't compete.",
        hint="Raise one score. Do the other results go down?",
        second_hint="Softmax needs all scores of a slice for each of its results.",
        faces=(
            lambda x, dim: torch.sigmoid(x),
            {"power": torch.sigmoid, "centre": nothing},
            {"power": torch.sigmoid},
        ),
    ),
    Misconception(
        slug="sign-error",
        says="A minus sign is in the wrong place: the lowest score gets the largest probability.",
        hint="Try [0, 1]. Which of the two should win?",
        second_hint="Write out the first two results by hand for [0, 1].",
        faces=(
            {"enter": lambda x, dim: -x},
            {"power": lambda x: (-x).exp()},
            {"centre": lambda x, dim, keepdim: -x.amax(dim, keepdim=keepdim)},
            {"leave": lambda x, dim: -x},
        ),
    ),
    Misconception(
        slug="mean-instead-of-sum",
        says="You divide by the mean of the powers: your results sum to the number of classes.",
        hint="What should all results of a slice sum to? What do yours?",
        second_hint="Print the sum of your result.",
        faces=({"total": torch.mean},),
    ),
    Misconception(
        slug="divides-by-max",
        says="You divide by the largest power, not by the sum of them all.",
        hint="What should a slice sum to? What does yours?",
        second_hint="In the formula one thing is divided: exp of a score, by the sum of all of "
        "them.",
        faces=({"total": torch.amax}, {"total": torch.amax, "sum_dim": everything}),
        calls=DIVISIONS,
    ),
    Misconception(
        slug="returns-exp-unnormalised",
        says="You return exp of the scores without dividing by their sum.",
        hint="Positive is not enough: what should a slice sum to?",
        second_hint="There is a division in the formula.",
        faces=({"total": ones},),
    ),
    Misconception(
        slug="softmax-twice",
        says="You apply softmax to something that has been through softmax already, which pulls "
        "the probabilities towards each other.",
        hint="Count how many times the scores pass through exp and a division by their sum.",
        second_hint="Print the result after the first division. Is it not there already?",
        faces=({"times": 2},),
    ),
    Misconception(
        slug="standardises-first",
        says="You bring the scores to a common spread first. How far they lie apart is what "
        "softmax needs to know.",
        hint="[1, 2] and [10, 20] should not give the same probabilities.",
        second_hint="Softmax of [1, 2] has the ratio e; of [10, 20], e to the power 10.",
        faces=(
            {"enter": lambda x, dim: _standardised(x, dim, 1)},
            {"enter": lambda x, dim: _standardised(x, dim, 0)},
            {"enter": lambda x, dim: _standardised(x, _everywhere(x), 1)},
            {"enter": lambda x, dim: _standardised(x, _everywhere(x), 0)},
            {"enter": lambda x, dim: _standardised(x, dim, 0, eps=1e-5)},  # as a LayerNorm
            {"enter": _to_unit_range},
            {"enter": lambda x, dim: _to_unit_range(x, _everywhere(x))},
            {"enter": lambda x, dim: torch.nn.functional.normalize(x, dim=dim)},
        ),
    ),
    Misconception(
        slug="divides-by-max",
        says="You divide by a maximum where something should be subtracted or summed.",
        hint="A division changes the distances between scores. Which operation does not?",
        second_hint="In the formula one thing is divided: exp of a score, by the sum of all of "
        "them.",
        faces=(
            {"enter": lambda x, dim: x / _amax(x, dim)},
            {"enter": lambda x, dim: x / x.amax()},
            {"enter": lambda x, dim: x / _amax(x.abs(), dim)},
            {"enter": lambda x, dim: x / x.abs().amax()},
        ),
    ),
    Misconception(
        slug="takes-absolute-value",
        says="You take absolute values on the way, so very negative scores count as large ones.",
        hint="Try a slice of negative scores. Which is its maximum?",
        second_hint="The maximum of [-3, -1] is -1.",
        faces=(
            {"enter": lambda x, dim: x.abs()},
            {"centre": lambda x, dim, keepdim: x.abs().amax(dim, keepdim=keepdim)},
        ),
    ),
    Misconception(
        slug="plus-one-in-denominator",
        says="You add 1 to the sum, as the sigmoid does, so your results sum to less than 1.",
        hint="The 1 below the sigmoid is exp(0), a second class. Do you have that class?",
        second_hint="Print the sum of your result: what is missing to 1?",
        faces=({"total": _sum_plus(1)},),
    ),
    Misconception(
        slug="rounds",
        says="You round on the way, so the results no longer sum to 1.",
        hint="Round when you print, not when you compute.",
        second_hint="Compare the sum of your result with 1, with all its digits.",
        faces=(
            *({"leave": _rounded_to(digits)} for digits in range(8)),
            *({"leave": _cut_to(digits)} for digits in range(1, 8)),
            *({"enter": _rounded_to(digits)} for digits in range(4)),
        ),
    ),
    Misconception(
        slug="clamping",
        says="You cut the scores off at a bound, so that all scores beyond it count the same.",
        hint="Softmax of [1000, 1001] is the same as of [0, 1]. Can you make use of that?",
        second_hint="Subtracting one number from all scores of a slice brings them into range and "
        "loses nothing.",
        fit=_fit_clamp,
        samples=tuple({"enter": _clamped_to(-c, c)} for c in (20, 50, 80, 88)),
    ),
    Misconception(
        slug="computes-in-16-bits",
        says="You compute in a 16-bit format, which has three digits or fewer.",
        hint="Look for half, float16 or bfloat16 in your function.",
        second_hint="Compute in the dtype that came, or in a larger one.",
        faces=({"enter": lambda x, dim: x.half()}, {"enter": lambda x, dim: x.bfloat16()}),
    ),
    Misconception(
        slug="scales-logits",
        says="You multiply or divide the scores by a number. Only adding a number leaves "
        "softmax as it is.",
        hint="Compare exp(2a) / exp(2b) with exp(a) / exp(b).",
        second_hint="The formula has no factor in front of the scores.",
        fit=_fit_scale,
        samples=tuple({"enter": _scaled_by(c)} for c in (0.1, 0.5, 2)),
        faces=(
            {"enter": lambda x, dim: x / math.sqrt(_length(x, dim))},
            {"enter": lambda x, dim: x / math.sqrt(x.shape[-1])},
            {"enter": lambda x, dim: x / _length(x, dim)},
        ),
    ),
    Misconception(
        slug="eps-in-denominator",
        says="You add a small number to the sum against a division by zero, so the results sum "
        "to a little less than 1; and against overflow it does nothing.",
        hint="If the largest exp of a slice is exactly 1, can the sum be zero?",
        second_hint="A sum of powers that has exp(0) in it is at least 1.",
        fit=_fit_eps,
        samples=tuple({"total": _sum_plus(c)} for c in (1e-12, 1e-8, 1e-5)),
    ),
)

LEFT_MOVED = Misconception(
    slug="forgets-to-transpose-back",
    says="You move `dim` to another place to work on it, and return the result with the dims "
    "still moved.",
    hint="Compare the shape of your result with that of the scores.",
    second_hint="Every `transpose`, `movedim` or `.T` needs its way back before the return; a "
    "`reshape` is none.",
    faces=(
        _left_moved(lambda x, dim: x.transpose(dim, -1), -1),
        _left_moved(lambda x, dim: x.transpose(dim, 0), 0),
        *(_left_moved(lambda x, dim, to=to: x.movedim(dim, to), to) for to in (0, -1)),
        *(_moved_again(to) for to in (0, -1)),
        *(_only_reshaped(to) for to in (0, -1)),
        lambda x, dim: torch.softmax(x, dim).mT if x.dim() > 1 else torch.softmax(x, dim),
    ),
)

# Softmax, along another dim.
OTHER_DIM = (
    Misconception(
        slug="implicit-dim",
        says="You leave the choice of the dim to PyTorch, which takes dim 0 for 1-D and 3-D "
        "tensors and dim 1 for others, whatever `dim` asks for.",
        hint="Pass the dim on to every function that takes one.",
        second_hint="Which call in your function could take `dim`, and does not?",
        faces=over(implicit),
    ),
    Misconception(
        slug="hard-coded-last-dim",
        says="You normalise over the last dim, whatever `dim` asks for.",
        hint="Try your function with dim=0. Which argument never reaches your sum?",
        second_hint="Search your function for -1.",
        faces=over(always(-1)),
    ),
    Misconception(
        slug="hard-coded-dim-0",
        says="You normalise over dim 0, whatever `dim` asks for.",
        hint="Try your function with dim=1. Which argument never reaches your sum?",
        second_hint="Search your function for 0, and for a sum or maximum with no dim.",
        faces=over(always(0)),
    ),
    Misconception(
        slug="hard-coded-dim-1",
        says="You normalise over dim 1, whatever `dim` asks for.",
        hint="Try your function with dim=0. Which argument never reaches your sum?",
        second_hint="Search your function for 1.",
        faces=over(always(1)),
    ),
    Misconception(
        slug="global-sum",
        says="You divide by the sum of the whole tensor, so all of it sums to 1 and not each "
        "slice along `dim`.",
        hint="Who competes with whom? Sum only over those, and keep the other dims.",
        second_hint="`sum` takes a dim and `keepdim=True`.",
        faces=({"sum_dim": everything},),
    ),
    Misconception(
        slug="sum-over-wrong-dim",
        says="You sum over another dim than the one that was asked for.",
        hint="Along which dim do your results sum to 1? Print `.sum(dim)` for each dim.",
        second_hint="The dim of the sum is the one that the caller names, unchanged.",
        faces=(
            *over(neighbour(1), neighbour(-1), mirrored, beside(1), beside(-1), unsigned),
            *({"sum_dim": d} for d in OTHER_DIMS),
        ),
    ),
    Misconception(
        slug="unsqueezes-last-not-dim",
        says="After the sum or maximum you put the lost dim back at a fixed place, not where it "
        "was.",
        hint="Which position had the dim that the sum removed?",
        second_hint="`keepdim=True` leaves it in its place.",
        # at 0 it is what missing-keepdim does
        faces=tuple(
            face
            for put in (_unsqueezed_at(-1), _unsqueezed_at(1), _as_column)
            for face in (
                {"total": put(torch.sum)},
                {"centre": put(torch.amax)},
                {"total": put(torch.sum), "centre": put(torch.amax)},
            )
        ),
    ),
    LEFT_MOVED,
    Misconception(
        slug="max-over-wrong-dim",
        says="You take the maximum over another dim than the sum, so the entries of one slice "
        "are shifted by different amounts, and that changes their ratios.",
        hint="All entries that compete must lose the same amount. Which dim must the maximum "
        "run over?",
        second_hint="The maximum and the sum take the same dim.",
        faces=(
            *({"max_dim": d} for d in OTHER_DIMS),
            *({"enter": _less_largest_along(d)} for d in OTHER_DIMS),
        ),
    ),
    Misconception(
        slug="missing-keepdim",
        says="A sum or maximum over `dim` drops that dim, so broadcasting lines it up with the "
        "wrong one: an error if the sizes differ, silently wrong if they are the same.",
        hint="Compare the shapes of the two sides of your division, and of your subtraction.",
        second_hint="Which argument of `sum` and `amax` keeps the dim, with size 1?",
        faces=(
            {"sum_keepdim": False},
            {"max_keepdim": False},
            {"max_keepdim": False, "sum_keepdim": False},
        ),
    ),
)

# A shift that changes the result.
SHIFT = (
    Misconception(
        slug="shift-on-one-side",
        says="You subtract the maximum above the line or below it, but not in both places, so it "
        "does not cancel out.",
        hint="Use the same powers above and below.",
        second_hint="Give the shifted scores a name, and take exp of that name only, once.",
        faces=(
            _shift_above_only(_amax),
            _shift_below_only(_amax),
            _shift_above_only(_largest_of_all),
            _shift_below_only(_largest_of_all),
        ),
    ),
    Misconception(
        slug="shift-after-exp",
        says="You shift after exp, when it has overflowed already.",
        hint="Which comes first, the overflow or your shift?",
        second_hint="Print exp(1000). Can anything that comes later help?",
        faces=(_less_largest_exp, _less_largest, _over_largest_exp, _less_largest_prob),
    ),
)

# No shift, or one that does not keep exp from overflowing; no mistake on ordinary scores.
OVERFLOW = (
    Misconception(
        slug="shift-computed-unused",
        says="You compute a maximum, but the powers are still those of the scores as they are, "
        "so exp overflows all the same.",
        hint="Follow the name that holds the shifted scores: where is it used?",
        second_hint="exp must be taken of x minus the maximum, not of x.",
        faces=NO_SHIFT,
        calls=MAXIMA,
        alone=True,
    ),
    Misconception(
        slug="no-max-subtraction",
        says="You take exp of the scores as they are. For large scores exp is inf, for very "
        "negative ones it is 0, and the division makes nan or 0 of it.",
        hint="Softmax stays the same if you subtract one number from all scores of a slice. "
        "Which number makes the largest exp equal to 1?",
        second_hint="Subtract the maximum of each slice before exp; `amax` finds it.",
        faces=NO_SHIFT,
    ),
    Misconception(
        slug="global-max",
        says="You subtract one maximum, that of the whole tensor, from every slice. A slice far "
        "below it loses all its digits, or becomes 0 / 0.",
        hint="Each slice along `dim` needs a maximum of its own.",
        second_hint="`amax` takes a dim and keepdim.",
        faces=({"max_dim": everything},),
    ),
    Misconception(
        slug="argmax-instead-of-max",
        says="You subtract the position of the maximum, not its value.",
        hint="`x.max(dim)` returns values and positions. Which do you need?",
        second_hint="The values are the first of the two, `.values`; `amax` returns only them.",
        faces=(
            {"centre": lambda x, dim, keepdim: x.argmax(dim, keepdim=keepdim)},
            {"centre": lambda x, dim, keepdim: x.argmax()},
        ),
    ),
    Misconception(
        slug="mean-subtraction",
        says="You subtract the mean. A score far above the mean still overflows.",
        hint="After the shift, how large can the largest score be?",
        second_hint="Only if the largest score becomes 0 is every exp at most 1.",
        faces=({"centre": torch.mean}, {"centre": torch.mean, "max_dim": everything}),
    ),
    Misconception(
        slug="other-than-the-maximum",
        says="You subtract the first entry, the median or the second largest: a score far above "
        "it still overflows.",
        hint="After the shift, how large can the largest score be?",
        second_hint="Only if the largest score becomes 0 is every exp at most 1.",
        faces=({"centre": _first}, {"centre": _median}, {"centre": _second_largest}),
    ),
    Misconception(
        slug="min-subtraction",
        says="You subtract the minimum, which leaves the largest score as far away as it can be.",
        hint="After the shift, how large can the largest score be?",
        second_hint="Which end of the slice overflows: the smallest score, or the largest?",
        faces=({"centre": torch.amin}, {"centre": torch.amin, "max_dim": everything}),
    ),
    Misconception(
        slug="max-with-zero",
        says="You use zero where it is larger than the maximum, so slices of very negative "
        "scores are not shifted, and vanish.",
        hint="Try [-1000, -1001]. What is exp of the largest score after your shift?",
        second_hint="Subtract the maximum as it is, also when it is negative.",
        faces=(
            {"centre": lambda x, dim, keepdim: x.amax(dim, keepdim=keepdim).clamp(min=0)},
            {"centre": lambda x, dim, keepdim: x.amax().clamp(min=0)},
            {"enter": lambda x, dim: x.clamp(min=0)},
        ),
    ),
    Misconception(
        slug="patches-nan",
        says="You replace nan or inf after the fact. The true numbers are lost by then.",
        hint="What should softmax of [1000, 1001] be, and what is left to compute it from?",
        second_hint="Prevent the inf: make the largest score 0 before exp.",
        faces=(
            {"centre": nothing, "leave": lambda x, dim: x.nan_to_num(0.0)},
            {"centre": nothing, "leave": lambda x, dim: x.nan_to_num(1.0)},
            {"centre": nothing, "leave": lambda x, dim: x.nan_to_num(1 / _length(x, dim))},
            {"centre": nothing, "power": lambda x: x.exp().nan_to_num()},
            {"centre": nothing, "power": lambda x: x.exp().nan_to_num(posinf=0.0)},
            {"leave": lambda x, dim: x.nan_to_num(0.0)},
        ),
    ),
    Misconception(
        slug="upcast-instead-of-shift",
        says="You compute in float64 instead of shifting the scores: that moves the overflow "
        "from 88 to 709, and no further.",
        hint="A larger format has a limit as well. Which shift makes the limit irrelevant?",
        second_hint="Try 1000 in float64.",
        faces=(lambda x, dim: _plain(x.double(), dim).to(x.dtype),),
    ),
)

# The right numbers, with a flaw that they don't show.
SIDE_EFFECT = (
    Misconception(
        slug="mutates-input",
        says="Your function changes the tensor it was given: the caller's scores are not what "
        "they were.",
        hint="Look for an operation that works in place: `-=`, `/=`, or a name that ends in `_`.",
        second_hint="`x = x - m` makes a new tensor, `x -= m` changes the caller's.",
        trace=_changed_input,
        causes=("breaks-autograd",),
    ),
    Misconception(
        slug="breaks-autograd",
        says="You change in place what the gradient still needs, so backward fails.",
        hint="Look for `/=`, `-=` or a name that ends in `_` after exp.",
        second_hint="Write the step without `=` after the sign: `e = e / s`.",
        trace=lambda probe, outcome: bool(outcome.grad_error),
    ),
    Misconception(
        slug="detached-gradient",
        says="No gradient, or only part of it, flows back through your result, so a model with "
        "your function in it would not learn.",
        hint="Look for detach, .data, .item(), numpy, no_grad or torch.tensor(...) between the "
        "scores and the result. (A detached maximum alone is fine.)",
        second_hint="Stay with torch operations from x to the result.",
        faces=({"total": _constant_total},),
        trace=_lost_gradient,
    ),
    Misconception(
        slug="upcasts-and-changes-dtype",
        says="Your result has another dtype than the scores, which the next layer of a model "
        "will refuse, or which silently costs digits.",
        hint="Compute in the dtype you like, and give back the dtype you got.",
        second_hint="`.to(x.dtype)` brings the result back.",
        trace=_changed_dtype,
    ),
    Misconception(
        slug="returns-wrong-shape",
        says="Your result has another shape than the scores.",
        hint="Softmax gives each score its own probability. Print both shapes.",
        second_hint="Which step drops a dim, adds one, or picks a part?",
        trace=_changed_shape,
    ),
)

# The same where the faces of softmax don't apply: what shows in the outcome of any function.
TRACES = tuple(replace(m, faces=()) for m in SIDE_EFFECT)

# Right for some shapes only.
SOME_SHAPES = (
    Misconception(
        slug="two-dims-only",
        says="Your function is right for two dims, and not for more.",
        hint="Is there a 0 or 1 in your code where `dim` should stand, or a loop over rows?",
        second_hint="Replace every fixed dim by `dim`; sums take it as it is.",
        where=_of_two_dims_none_and_of_more_some,
    ),
    Misconception(
        slug="python-loop-1d-only",
        says="Your function is right for one row, and not for a batch.",
        hint="What does a loop over a 2-D tensor go through: numbers, or rows?",
        second_hint="Leave the loop out: exp and sum work on whole tensors.",
        where=_all_but_single_rows,
    ),
)

ON_ORDINARY_SCORES = NO_RESULT + OTHER_FUNCTION + OTHER_DIM + SHIFT + SIDE_EFFECT + SOME_SHAPES
LIBRARY = NO_RESULT + OTHER_FUNCTION + OTHER_DIM + SHIFT + OVERFLOW + SIDE_EFFECT + SOME_SHAPES


def named(slug: str, *faces: Face) -> Misconception:
    """Return a misconception of softmax for another exercise, with faces of its own there.

    Without any, those that are changes to a recipe stay, as they change another recipe as well.
    """
    found = next(m for m in LIBRARY if m.slug == slug and (m.faces or m.trace))
    changes = tuple(face for face in found.faces if not callable(face))
    return replace(found, faces=faces or changes, fit=None)


def inside(slugs: Sequence[str], around: Callable[[Face], Face]) -> tuple[Misconception, ...]:
    """Return misconceptions of softmax for an exercise with a softmax in it.

    Args:
        slugs: which ones.
        around: makes a function of the exercise of one of softmax, f(x, dim).
    """
    found = [m for m in LIBRARY if m.slug in slugs and m.faces]
    return tuple(
        replace(
            m,
            faces=tuple(around(f if callable(f) else replace(RIGHT, **f)) for f in m.faces),
            fit=None,
            samples=(),
        )
        for m in found
    )
