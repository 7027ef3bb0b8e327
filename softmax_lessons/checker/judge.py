"""Compare what an attempt did with what PyTorch does."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

import torch
from torch import Tensor

from softmax_lessons.attempts.run import Outcome, Probe, weighted_sum

Reference = Callable[..., Tensor]
MOST_SHOWN = 12  # entries per row in a message
COMPUTED = {
    *(torch.float64, torch.float32, torch.bfloat16, torch.float16, torch.bool),
    *(torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8),
}


@dataclass(frozen=True)
class Expected:
    """The right outcome of a probe, in float64: the value and, if needed, the gradient."""

    value: Tensor
    grad: Tensor | None


@dataclass(frozen=True)
class Failure:
    """The first property of an outcome that's wrong, with the numbers that show it.

    Attributes:
        property: error, type, shape, values, dtype, input or gradient.
        got: the attempt's result.
        expected: what it should have given.
        part: the indices of the part that `got` and `expected` are about; () means everything.
        differs: where the values of the whole result are off; None if this isn't about values.
        digits: how many digits it takes to tell the two apart.
    """

    property: str
    got: str
    expected: str
    part: tuple[int | slice, ...] = ()
    differs: Tensor | None = None
    digits: int = 4


@lru_cache(maxsize=4096)
def expect(reference: Reference, probe: Probe) -> Expected:
    """Compute the right outcome with PyTorch's own function."""
    logits = probe.logits.double().requires_grad_(probe.gradient)
    rest = [
        x.double() if isinstance(x, Tensor) and x.is_floating_point() else x for x in probe.rest
    ]
    grad = None
    with torch.enable_grad():  # the learner may have switched gradients off
        value = reference(logits, *rest)
        if probe.gradient:
            (grad,) = torch.autograd.grad(weighted_sum(value), logits)
    return Expected(value.detach(), grad)


def judge(probe: Probe, outcome: Outcome, expected: Expected) -> Failure | None:
    """Return the first thing that's wrong with an outcome, or None if it's right."""
    if outcome.error:
        return Failure("error", outcome.error, f"a tensor of shape {_shape(expected.value)}")
    if outcome.kind != "Tensor":
        return Failure("type", outcome.kind, f"a tensor of shape {_shape(expected.value)}")
    value = outcome.value
    if value.shape != expected.value.shape:
        return Failure("shape", f"shape {_shape(value)}", f"shape {_shape(expected.value)}")
    if not close(value, expected.value, probe):
        rtol, atol = _rounding(probe, value.dtype)
        differs = ~torch.isclose(
            value.double(), expected.value, rtol=rtol, atol=atol, equal_nan=True
        )
        part = _first_difference(differs, probe)
        got, wanted, digits = _told_apart(value[part], expected.value[part])
        return Failure("values", got, wanted, part, differs, digits)
    if not probe.accepts(value.dtype):
        return Failure("dtype", str(value.dtype), f"{probe.logits.dtype}, like the input")
    if (changed := changed_input(probe, outcome)) is not None:
        return Failure(
            "input",
            f"the right result, but the input is now {numbers(changed)}",
            "the right result, and the input unchanged",
        )
    if probe.gradient:
        text = "gradient {} of (result * [1, 2, ...]).sum()"
        wanted = text.format(numbers(expected.grad))
        if outcome.grad_error:
            return Failure("gradient", f"{outcome.grad_error} in backward", wanted)
        if outcome.grad is None:
            return Failure("gradient", "a result without a gradient", wanted)
        if not close_gradient(outcome.grad, expected.grad, probe):
            got, wanted, _ = _told_apart(outcome.grad, expected.grad)
            return Failure("gradient", f"gradient {got}", text.format(wanted))
    return None


def computable(outcome: Outcome) -> Outcome:
    """Return an outcome with a value that PyTorch can compute with: it can only store float8."""
    if outcome.value is None or outcome.value.dtype in COMPUTED:
        return outcome
    return replace(outcome, value=outcome.value.double())


def changed_input(probe: Probe, outcome: Outcome) -> Tensor | None:
    """Return the first argument that the attempt has changed, if there is one."""
    pairs = zip(probe.tensors, outcome.after, strict=False)
    return next((after for before, after in pairs if not torch.equal(before, after)), None)


def difference(value: Tensor, expected: Tensor, where: Tensor) -> float:
    """Return the largest relative error in a result; nan counts as far off."""
    off = ((value.double() - expected).abs() / expected.abs().clamp(min=1e-300))[where]
    return off.nan_to_num(1e300, posinf=1e300).max().item() if off.numel() else 0.0


def close(value: Tensor, other: Tensor, probe: Probe) -> bool:
    """Tell whether two results are the same apart from rounding, entry by entry."""
    return _close(value, other, *_rounding(probe, value.dtype))


def close_gradient(grad: Tensor, other: Tensor, probe: Probe) -> bool:
    """Tell whether two gradients are the same apart from rounding.

    Their entries are differences, so rounding errors are relative to the largest entry.
    """
    largest = other.abs().nan_to_num(0).max().item()
    rtol, _ = _rounding(probe, grad.dtype)
    return _close(grad, other, rtol=0.0, atol=rtol * max(largest, 1.0))


def _rounding(probe: Probe, dtype: torch.dtype) -> tuple[float, float]:
    """Return the relative and the absolute error that rounding alone can cause.

    Rounding of a logit x shifts log(probability) by up to eps * |x|, so the bound grows with
    the logits: `exp(x - logsumexp(x))` is right, but off by 5e-5 for float32 logits near 1000.
    """
    if probe.loose and dtype == torch.float64:
        return 1e-8, torch.finfo(probe.logits.dtype).tiny
    coarser = dtype if probe.loose and dtype == torch.float32 else probe.logits.dtype
    format = torch.finfo(coarser)
    if probe.rounding == "last":
        # half a step, plus float32's error before it; PyTorch's own softmax rounds twice along any
        # dim but the last
        once = probe.dim in (-1, probe.logits.dim() - 1)
        bound = 0.501 * format.eps + 1e-6 if once else format.eps
        return bound, bound * format.smallest_normal
    bound = 8 * format.eps * (1 + probe.magnitude)
    if probe.rounding == "absolute":
        return bound, bound
    return min(bound, 0.5), format.tiny  # whatever the logits, 0 is not 1/2


def _close(value: Tensor, other: Tensor, rtol: float, atol: float) -> bool:
    return value.shape == other.shape and torch.allclose(
        value.double(), other.double(), rtol=rtol, atol=atol, equal_nan=True
    )


def _first_difference(differs: Tensor, probe: Probe) -> tuple[int | slice, ...]:
    """Return where to look: all of a small result, else the first slice that differs."""
    if differs.numel() <= 9:
        return ()
    dims = probe.dim if isinstance(probe.dim, tuple) else (probe.dim,)
    dims = [dim % differs.dim() for dim in dims]
    first = differs.nonzero()[0].tolist()
    return tuple(slice(None) if dim in dims else i for dim, i in enumerate(first))


def _told_apart(got: Tensor, wanted: Tensor) -> tuple[str, str, int]:
    """Write both results with as many digits as it takes to tell them apart."""
    # a result of this dtype can't be closer than the expected one, rounded to it
    rounded = wanted.to(got.dtype) if got.is_floating_point() else wanted
    wanted = wanted if torch.equal(rounded.double(), got.double()) else rounded.double()
    for digits in (4, 6, 9, 17):
        texts = numbers(got, digits), numbers(wanted, digits)
        if texts[0] != texts[1]:
            return *texts, digits
    return *texts, 4


def numbers(x: Tensor, digits: int = 4) -> str:
    """Write a tensor as nested lists of numbers, formatted by `number`."""
    if x.dim() == 0:
        return number(x.item(), digits) if x.is_floating_point() else str(x.item())
    shown = [numbers(row, digits) for row in x[:MOST_SHOWN]]
    more = [f"... ({len(x)} in all)"] if len(x) > MOST_SHOWN else []
    return "[" + ", ".join(shown + more) + "]"


def number(value: float, digits: int = 4) -> str:
    """Write a number with at most `digits` digits after the point, a very small one with three."""
    if digits > 4:
        return f"{value:.{digits}g}"
    return f"{round(value, 4):g}" if 1e-3 <= abs(value) < 1e5 or value == 0 else f"{value:.3g}"


def _shape(x: Tensor) -> str:
    return str(tuple(x.shape))
