"""log_softmax as a recipe of small steps.

The loss of a batch begins with the same steps (`cross_entropy_steps`), so the two share the
mistakes in them.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from softmax_lessons.attempts.run import Dims
from softmax_lessons.lessons.recipe import DimChoice, Reduction, given, nothing, unchanged
from softmax_lessons.lessons.steps import kept_max

FAR_APART = [400.0, 401.0, 800.0]  # as float64, so that an eps can be read off with all its digits
HUGE = 1e8  # next to it, float32 has no digit left for the log of a sum
Change = dict[str, object]


@dataclass(frozen=True)
class Parts:
    """The inputs of the last step: the logits, their maximum, the exps and their sum."""

    x: Tensor
    m: Tensor
    powers: Tensor
    total: Tensor
    log: Callable[[Tensor], Tensor]
    place: Callable[[Tensor], Tensor]


def shifted_first(p: Parts) -> Tensor:
    """Subtract the maximum, then the log of the sum: the right way."""
    return p.x - p.m - p.place(p.log(p.total))


def log_sum_first(p: Parts) -> Tensor:
    """Add the maximum to the log of the sum, as `logsumexp` does, and subtract that."""
    return p.x - p.place(p.m + p.log(p.total))


def log_of(change: Callable[[Tensor], Tensor]) -> Change:
    """Take the log of the changed probabilities."""
    return {"join": lambda p: p.log(change(p.powers / p.total))}


def plus_each(eps: float) -> Callable[[Tensor], Tensor]:
    """Add a number to every probability."""
    return lambda probs: probs + eps


def cut_at(eps: float) -> Callable[[Tensor], Tensor]:
    """Raise small probabilities to a bound."""
    return lambda probs: probs.clamp(min=eps)


def log_of_powers_plus(eps: float) -> Callable[[Parts], Tensor]:
    """Add a number to every exp, but not to their sum."""
    return lambda p: p.log(p.powers + eps) - p.log(p.total)


def log_of_probs(change: Callable[[Tensor], Tensor]) -> Callable[[Tensor, Dims], Tensor]:
    """Take the log of changed probabilities before everything else."""
    return lambda x, dim: change(x.softmax(dim)).log()


def joined(join: Callable[[Parts], Tensor]) -> Change:
    """Put the parts together differently."""
    return {"join": join}


@dataclass(frozen=True)
class LogRecipe:
    """The right log_softmax; a misconception replaces some of its steps.

    Attributes:
        log: the log.
        place: lines up the subtracted numbers with their slices.
        join: puts the parts together to get the result.

    The other steps are the same as for any softmax (`recipe.Recipe`).
    """

    enter: Callable[[Tensor, Dims], Tensor] = unchanged
    centre: Reduction = torch.amax
    max_dim: DimChoice = given
    max_keepdim: bool = True
    power: Callable[[Tensor], Tensor] = torch.exp
    total: Reduction = torch.sum
    sum_dim: DimChoice = given
    sum_keepdim: bool = True
    log: Callable[[Tensor], Tensor] = torch.log
    place: Callable[[Tensor, Dims], Tensor] = unchanged
    join: Callable[[Parts], Tensor] = shifted_first
    leave: Callable[[Tensor, Dims], Tensor] = unchanged

    def log_probs(self, x: Tensor, dim: Dims) -> Tensor:
        """Return the result of these steps for logits `x` along `dim`."""
        dtype, x = x.dtype, self.enter(x, dim)
        m = self.centre(x, self.max_dim(x, dim), keepdim=self.max_keepdim)
        powers = self.power(x - m)
        total = self.total(powers, self.sum_dim(x, dim), keepdim=self.sum_keepdim)
        parts = Parts(x, m, powers, total, self.log, lambda y: self.place(y, dim))
        return self.leave(self.join(parts), dim).to(dtype)

    def __call__(self, x: Tensor, dim: Dims) -> Tensor:
        """Return the log-probabilities."""
        return self.log_probs(x, dim)


def shift_if_above(bound: float, absolute: bool, whole: bool) -> Reduction:
    """Shift by the maximum of a slice, or of the whole tensor, if anything is above a bound."""

    def centre(x: Tensor, dim: Dims, keepdim: bool) -> Tensor:
        tested = (x.abs() if absolute else x).amax()
        largest = x.amax() if whole else x.amax(dim, keepdim=keepdim)
        return largest if tested > bound else nothing(x, dim, keepdim)

    return centre


def squeezed(x: Tensor, dim: Dims) -> Tensor:
    return x.squeeze(dim)


def put_at(position: int) -> Callable[[Tensor, Dims], Tensor]:
    return lambda x, dim: x.squeeze(dim).unsqueeze(position)


def plain_log(x: Tensor) -> Tensor:
    return x


def identity(x: Tensor) -> Tensor:
    return x


def patched(value: float | None) -> Callable[[Tensor, Dims], Tensor]:
    return lambda x, dim: x.nan_to_num(0.0, neginf=value)


def max_once_and_overflow(x: Tensor, dim: Dims) -> Tensor:
    return x - kept_max(x, dim) - x.exp().sum(dim, keepdim=True).log()
