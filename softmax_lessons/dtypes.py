"""What a floating-point dtype can hold, and the range of exp in it."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Limits:
    """The limits of a dtype that decide where softmax overflows or underflows.

    Attributes:
        dtype: the dtype they belong to.
        largest: the largest finite value.
        exp_finite_up_to: the largest x of this dtype with a finite exp(x).
        exp_positive_down_to: the smallest x of this dtype with an exp(x) that doesn't round to
            zero.
    """

    dtype: torch.dtype
    largest: float
    exp_finite_up_to: float
    exp_positive_down_to: float


def limits(dtype: torch.dtype) -> Limits:
    """Compute the limits of a floating-point dtype.

    Args:
        dtype: float64, float32, float16, bfloat16 or one of torch's float8 types.

    Returns:
        The limits, as Python floats. They use the exact exp, rounded to `dtype`, so they don't
        depend on the machine (float8 types store numbers but don't have an exp).

    Raises:
        TypeError: if `dtype` isn't a floating-point dtype, or is one that torch can't convert
            numbers to, such as float4_e2m1fn_x2, which has two numbers per byte.
    """
    wanted = "limits needs a floating-point dtype such as torch.float32, got"
    if not isinstance(dtype, torch.dtype):
        raise TypeError(f"{wanted} {dtype!r:.60}")
    if not dtype.is_floating_point:
        raise TypeError(f"{wanted} {dtype}")
    try:
        info = torch.finfo(dtype)
        torch.zeros(1).to(dtype)
    except (NotImplementedError, RuntimeError, TypeError) as error:
        raise TypeError(f"{wanted} {dtype}, which torch can't convert numbers to") from error
    return Limits(
        dtype=dtype,
        largest=info.max,
        exp_finite_up_to=_last(
            lambda x: _exp(x) <= info.max, info.smallest_normal, info.max, dtype
        ),
        exp_positive_down_to=_last(lambda x: _store(_exp(x), dtype) > 0, 0.0, info.min, dtype),
    )


def _last(
    holds: Callable[[float], bool], inside: float, outside: float, dtype: torch.dtype
) -> float:
    """Return the last value of `dtype`, from `inside` to `outside`, for which `holds` is true."""
    if holds(outside):
        return outside
    while (middle := _store((inside + outside) / 2, dtype)) not in (inside, outside):
        if holds(middle):
            inside = middle
        else:
            outside = middle
    return inside


def _store(value: float, dtype: torch.dtype) -> float:
    """Return `value` rounded to `dtype`."""
    return torch.tensor(value, dtype=torch.float64).to(dtype).double().item()


def _exp(x: float) -> float:
    try:
        return math.exp(x)
    except OverflowError:
        return math.inf
