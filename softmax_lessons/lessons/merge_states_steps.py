"""The merging of two pieces' states as a recipe of small steps."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from softmax_lessons.checker.exercise import INF

Two = Callable[[Tensor, Tensor], Tensor]


def bare(largest: Tensor) -> Tensor:
    return largest


def guarded(largest: Tensor) -> Tensor:
    return largest.masked_fill(largest == -INF, 0)  # -inf - -inf is nan


def never_below(low: float) -> Callable[[Tensor], Tensor]:
    return lambda largest: largest.clamp(min=low)


def guarded_if_all_are_empty(largest: Tensor) -> Tensor:
    return guarded(largest) if (largest == -INF).all() else largest


def unshifted_if_any_is_empty(largest: Tensor) -> Tensor:
    return torch.zeros_like(largest) if (largest == -INF).any() else largest


def _exp_of_the_gap(old: Tensor, base: Tensor) -> Tensor:
    return (old - base).exp()


def power_of(base: float) -> Two:
    return lambda old, new: base ** (old - new)


def gap_from(low: float) -> Two:
    return lambda old, new: (old - new).clamp(min=low).exp()


def at_least(low: float) -> Two:
    return lambda old, new: (old - new).exp().clamp(min=low)


def plus(amount: float) -> Two:
    return lambda total, largest: total + amount


def _both(s1: Tensor, f1: Tensor, s2: Tensor, f2: Tensor) -> tuple[Tensor, Tensor]:
    return s1 * f1, s2 * f2


def mean(a: Tensor, b: Tensor) -> Tensor:
    return (a + b) / 2


def by_share(s1: Tensor, f1: Tensor, s2: Tensor, f2: Tensor) -> tuple[Tensor, Tensor]:
    total = s1 * f1 + s2 * f2
    return s1 * (s1 * f1) / total, s2 * (s2 * f2) / total


def weighted_mean(s1: Tensor, f1: Tensor, s2: Tensor, f2: Tensor) -> tuple[Tensor, Tensor]:
    return s1 * f1 / (f1 + f2), s2 * f2 / (f1 + f2)


def as_it_is(total: Tensor, largest: Tensor) -> Tensor:
    return total


def nan_is_0(total: Tensor, largest: Tensor) -> Tensor:
    return total.nan_to_num(nan=0.0, posinf=INF)


def zero_if_empty(total: Tensor, largest: Tensor) -> Tensor:
    return total.masked_fill(largest == -INF, 0)


def of_all_rows(reduction: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    return lambda x: reduction(x).expand_as(x)


@dataclass(frozen=True)
class MergeRecipe:
    """The right merging of two states [maxima, sums]; a misconception replaces some of its steps.

    Attributes:
        largest: returns one maximum for two.
        base: the number to subtract from the old maxima, computed from the new one.
        factor: the factor for a sum, computed from its old maximum and the base.
        weigh: combines both sums with their factors, into two parts.
        total: turns the two parts into one sum.
        finish: applied to the sum last, given the new maximum.
        keep: turns the new maximum into the one to return.
        put: puts the maxima and the sums into one tensor.
    """

    largest: Two = torch.maximum
    base: Callable[[Tensor], Tensor] = guarded
    factor: Two = _exp_of_the_gap
    weigh: Callable[[Tensor, Tensor, Tensor, Tensor], tuple[Tensor, Tensor]] = _both
    total: Two = torch.add
    finish: Two = as_it_is
    keep: Callable[[Tensor], Tensor] = bare
    put: Two = lambda largest, total: torch.stack([largest, total])

    def __call__(self, a: Tensor, b: Tensor) -> Tensor:
        """Return this recipe's result for two states."""
        largest = self.largest(a[0], b[0])
        base = self.base(largest)
        f1, f2 = self.factor(a[0], base), self.factor(b[0], base)
        total = self.total(*self.weigh(a[1], f1, b[1], f2))
        return self.put(self.keep(largest), self.finish(total, largest))


RIGHT = MergeRecipe()
# other right ways: if another step is wrong, they may treat empty pieces differently
RIGHTS = (
    RIGHT,
    MergeRecipe(base=bare, finish=zero_if_empty),
    MergeRecipe(base=bare, finish=nan_is_0),
)
