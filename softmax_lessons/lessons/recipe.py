"""Softmax as a recipe of small steps, so that a misconception is a change to one of them."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from softmax_lessons.attempts.run import Dims

DimChoice = Callable[[Tensor, Dims], Dims]
Reduction = Callable[..., Tensor]  # called as reduction(x, dims, keepdim=...)


def given(x: Tensor, dim: Dims) -> Dims:
    """Choose the given dim."""
    return dim


def everything(x: Tensor, dim: Dims) -> Dims:
    """Choose all dims at once."""
    return tuple(range(x.dim()))


def always(position: int) -> DimChoice:
    """Choose the same dim, whatever dim is given."""
    return lambda x, dim: position


def neighbour(step: int) -> DimChoice:
    """Choose the dim `step` positions further on, wrapping around."""
    return lambda x, dim: (dim + step) % x.dim()


def implicit(x: Tensor, dim: Dims) -> Dims:
    """Choose the dim that `torch.nn.functional.softmax` picks when none is given."""
    return 0 if x.dim() in (0, 1, 3) else 1


def moved_by(step: int) -> DimChoice:
    """Choose the dim `step` positions further on, without wrapping around."""
    return lambda x, dim: dim + step


def all_but_the_first(x: Tensor, dim: Dims) -> Dims:
    """Choose all dims but the first, or the first if there are no others."""
    return tuple(range(1, x.dim())) or 0


def all_but_the_last(x: Tensor, dim: Dims) -> Dims:
    """Choose all dims but the last, or the last if there are no others."""
    return tuple(range(x.dim() - 1)) or 0


def all_the_others(x: Tensor, dim: Dims) -> Dims:
    """Choose all dims but the given one."""
    return tuple(i for i in range(x.dim()) if i != dim % x.dim())


def one_too_low(x: Tensor, dim: Dims) -> Dims:
    """Choose the dim before the given one, if that is negative."""
    return dim if dim >= 0 else dim + x.dim() - 1


def negated(x: Tensor, dim: Dims) -> Dims:
    """Choose the given number with its sign flipped."""
    return -dim


def unsigned(x: Tensor, dim: Dims) -> Dims:
    """Choose the absolute value of the given number."""
    return abs(dim)


def mirrored(x: Tensor, dim: Dims) -> Dims:
    """Choose 1 - dim: the other one, if there are two."""
    return 1 - dim


def unchanged(x: Tensor, dim: Dims) -> Tensor:
    """Skip this step."""
    return x


def nothing(x: Tensor, dim: Dims, keepdim: bool) -> Tensor:
    """Subtract nothing."""
    return torch.zeros((), dtype=x.dtype)


def ones(x: Tensor, dim: Dims, keepdim: bool) -> Tensor:
    """Divide by nothing."""
    return torch.ones((), dtype=x.dtype)


def quotient(shifted: Tensor, powers: Tensor, total: Tensor) -> Tensor:
    """Return the shares of the total."""
    return powers / total


def difference(shifted: Tensor, powers: Tensor, total: Tensor) -> Tensor:
    """Return the logs of the shares, without ever computing a share."""
    return shifted - total.log()


@dataclass(frozen=True)
class Recipe:
    """By default the right softmax; a misconception replaces some of its steps.

    Attributes:
        enter: applied to the logits first.
        centre: what is subtracted from the logits.
        max_dim: the dims that `centre` is taken over.
        max_keepdim: whether `centre` keeps them.
        power: makes the shifted logits positive.
        total: what the powers are divided by.
        sum_dim: the dims that `total` is taken over.
        sum_keepdim: whether `total` keeps them.
        join: computes the result from the shifted logits, the powers and the total.
        leave: applied to the result last.
        times: how often all of this is done.
    """

    enter: Callable[[Tensor, Dims], Tensor] = unchanged
    centre: Reduction = torch.amax
    max_dim: DimChoice = given
    max_keepdim: bool = True
    power: Callable[[Tensor], Tensor] = torch.exp
    total: Reduction = torch.sum
    sum_dim: DimChoice = given
    sum_keepdim: bool = True
    join: Callable[[Tensor, Tensor, Tensor], Tensor] = quotient
    leave: Callable[[Tensor, Dims], Tensor] = unchanged
    times: int = 1

    def __call__(self, x: Tensor, dim: Dims) -> Tensor:
        """Return this recipe's result for logits `x` along `dim`."""
        for _ in range(self.times):
            x = self.enter(x, dim)
            shifted = x - self.centre(x, self.max_dim(x, dim), keepdim=self.max_keepdim)
            powers = self.power(shifted)
            total = self.total(powers, self.sum_dim(x, dim), keepdim=self.sum_keepdim)
            x = self.leave(self.join(shifted, powers, total), dim)
        return x


RIGHT = Recipe()
# On ordinary scores these are as right as RIGHT is.
WITHOUT_SHIFT = Recipe(centre=nothing)
GLOBAL_SHIFT = Recipe(max_dim=everything)
