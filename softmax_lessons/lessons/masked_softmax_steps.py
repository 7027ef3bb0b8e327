"""Masked softmax as a recipe of small steps."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from softmax_lessons.attempts.run import Dims
from softmax_lessons.checker.exercise import INF
from softmax_lessons.lessons.recipe import DimChoice, Reduction, given, quotient, unchanged

Step = Callable[[Tensor, Tensor], Tensor]  # of scores, exps or probabilities, and kept keys
LOWEST = torch.finfo(torch.float32).min
# stand-ins for -inf: one of each size that the probes tell apart, and logs of the usual eps
STAND_INS = (
    -1e9,
    -1e4,
    math.log(1e-9),
    math.log(2**-149),
    LOWEST,
    -1e20,
    -1e3,
    -250.0,
    -100.0,
    -60.0,
    -30.0,
    -15.0,
)
EPS = (1e-5, 1e-6, 1e-8, 1e-4)


def as_it_is(x: Tensor, keep: Tensor) -> Tensor:
    return x


def hidden_by(low: float) -> Step:
    # numbers that float16 can't hold become -inf; PyTorch 2.4 refuses them as plain numbers
    return lambda x, keep: torch.where(keep, x, torch.tensor(low, dtype=torch.float64))


def hidden_by_lowest(x: Tensor, keep: Tensor) -> Tensor:
    return x.masked_fill(~keep, torch.finfo(x.dtype).min)


def lowered_by_lowest(x: Tensor, keep: Tensor) -> Tensor:
    return x + torch.zeros_like(x).masked_fill(~keep, torch.finfo(x.dtype).min)


def lowered_by(amount: float) -> Step:
    return lambda x, keep: x + (~keep).float() * amount


def log_of_mask_plus(tiny: Callable[[torch.finfo], float]) -> Step:
    """Add the log of the mask, or of a tiny number where the mask is 0."""
    return lambda x, keep: x + (keep.to(x.dtype) + tiny(torch.finfo(x.dtype))).log()


LOGS_OF_TINY = (log_of_mask_plus(lambda info: info.tiny), log_of_mask_plus(lambda info: info.eps))


def added_log(x: Tensor, keep: Tensor) -> Tensor:
    return x + torch.zeros_like(x).masked_fill(~keep, -INF)


def _empty(keep: Tensor) -> Tensor:
    return ~keep.any(-1, keepdim=True)


def zeroed(probs: Tensor, keep: Tensor) -> Tensor:
    return probs.masked_fill(_empty(keep), 0)


def zeroed_hidden(probs: Tensor, keep: Tensor) -> Tensor:
    return probs.masked_fill(~keep, 0)


def times_mask(x: Tensor, keep: Tensor) -> Tensor:
    return x * keep


def softmax_again(probs: Tensor, keep: Tensor) -> Tensor:
    return torch.softmax(probs * keep, -1)


def evenly(probs: Tensor, keep: Tensor) -> Tensor:
    return probs.where(~_empty(keep), 1 / keep.shape[-1])


def zeroed_if_all_hidden(probs: Tensor, keep: Tensor) -> Tensor:
    return probs if keep.any() else torch.zeros_like(probs)


def zeroed_if_any_empty(probs: Tensor, keep: Tensor) -> Tensor:
    return torch.zeros_like(probs) if _empty(keep).any() else probs


def shared_again(eps: float) -> Step:
    def finish(probs: Tensor, keep: Tensor) -> Tensor:
        left = probs * keep
        return left / (left.sum(-1, keepdim=True) + eps)

    return finish


def masked_again(probs: Tensor, keep: Tensor) -> Tensor:
    return zeroed(torch.softmax(probs.masked_fill(~keep, -INF), -1), keep)


def spread(x: Tensor) -> Tensor:
    return x / x.sum(-1, keepdim=True)


def guarded_sum(x: Tensor, dim: Dims, keepdim: bool) -> Tensor:
    total = x.sum(dim, keepdim=keepdim)
    return total.masked_fill(total == 0, 1)


def guarded_max(x: Tensor, dim: Dims, keepdim: bool) -> Tensor:
    largest = x.amax(dim, keepdim=keepdim)
    return largest.masked_fill(largest == -INF, 0)


def lower_than(lowest: Callable[[Tensor], Tensor], amount: float) -> Step:
    return lambda x, keep: torch.where(keep, x, lowest(x) + amount)


def smallest(x: Tensor) -> Tensor:
    return x.amin()


def smallest_of_row(x: Tensor) -> Tensor:
    return x.amin(-1, keepdim=True)


def counted(keep: Tensor) -> Tensor:
    return torch.arange(keep.shape[-1]) < keep.sum(-1, keepdim=True)


def causal(keep: Tensor) -> Tensor:
    if keep.dim() == 1:
        return keep
    queries, keys = keep.shape[-2], keep.shape[-1]
    return keep & torch.ones(queries, keys, dtype=torch.bool).tril()


def transposed(keep: Tensor) -> Tensor:
    return keep.mT if keep.dim() > 1 and keep.shape[-1] == keep.shape[-2] else keep


def of_any_query(keep: Tensor) -> Tensor:
    return keep.any(-2, keepdim=True).expand_as(keep) if keep.dim() > 1 else keep


def of_all_queries(keep: Tensor) -> Tensor:
    return keep.all(-2, keepdim=True).expand_as(keep) if keep.dim() > 1 else keep


def of_the_first_row(keep: Tensor) -> Tensor:
    return keep.reshape(-1, keep.shape[-1])[0].expand_as(keep)


def of_the_last_row(keep: Tensor) -> Tensor:
    return keep.reshape(-1, keep.shape[-1])[-1].expand_as(keep)


def of_the_first_query(keep: Tensor) -> Tensor:
    return keep[..., :1, :].expand_as(keep) if keep.dim() > 1 else keep


@dataclass(frozen=True)
class MaskRecipe:
    """The right masked softmax; a misconception replaces some of its steps.

    Attributes:
        keep: makes the mask of the kept keys, in the shape of the scores.
        hide: removes the hidden keys from the scores.
        lift: chooses the scores for exp, before the maximum is subtracted, from those before and
            after `hide`.
        weigh: applied to the exps.
        finish: applied to the probabilities last; they're nan in rows that keep nothing.

    The other steps are the same as for any softmax (`recipe.Recipe`), along the keys.
    """

    keep: Callable[[Tensor], Tensor] = lambda keep: keep
    enter: Callable[[Tensor, Dims], Tensor] = unchanged
    hide: Step = lambda x, keep: x.masked_fill(~keep, -INF)
    lift: Step = lambda before, hidden: hidden
    centre: Reduction = torch.amax
    max_dim: DimChoice = given
    max_keepdim: bool = True
    power: Callable[[Tensor], Tensor] = torch.exp
    weigh: Step = as_it_is
    total: Reduction = torch.sum
    sum_dim: DimChoice = given
    sum_keepdim: bool = True
    join: Callable[[Tensor, Tensor, Tensor], Tensor] = quotient
    leave: Callable[[Tensor, Dims], Tensor] = unchanged
    finish: Step = zeroed

    def __call__(self, x: Tensor, mask: Tensor) -> Tensor:
        """Return this recipe's result for scores (..., keys) and a mask that broadcasts."""
        dtype, keep = x.dtype, self.keep(mask.expand_as(x))
        before = self.enter(x, -1)
        x = self.hide(before, keep)
        shifted = self.lift(before, x) - self.centre(
            x, self.max_dim(x, -1), keepdim=self.max_keepdim
        )
        exps = self.weigh(self.power(shifted), keep)
        total = self.total(exps, self.sum_dim(x, -1), keepdim=self.sum_keepdim)
        probs = self.finish(self.leave(self.join(shifted, exps, total), -1), keep)
        return probs.to(dtype)


RIGHT = MaskRecipe()
# other right ways: if another step is wrong, they may treat an empty row differently
RIGHTS = (
    RIGHT,
    MaskRecipe(finish=zeroed_hidden),
    MaskRecipe(centre=guarded_max, total=guarded_sum, finish=as_it_is),
)
