"""Softmax among the k largest logits, as a recipe of small steps."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from softmax_lessons.checker.exercise import INF
from softmax_lessons.lessons.recipe import Recipe

Choice = Callable[[Tensor, int], Tensor]  # says which logits to keep, given the logits and k
Step = Callable[[Tensor, Tensor], Tensor]  # of logits, exps or probabilities, and kept logits


def largest(x: Tensor, k: int) -> Tensor:
    """Choose the k largest in each row."""
    return torch.zeros_like(x, dtype=torch.bool).scatter(-1, x.topk(k).indices, True)


def as_it_is(x: Tensor, keep: Tensor) -> Tensor:
    return x


def hidden_by(low: float) -> Step:
    return lambda x, keep: torch.where(keep, x, low)


def lowered_by(amount: float) -> Step:
    return lambda x, keep: torch.where(keep, x, x - amount)


def times_mask(x: Tensor, keep: Tensor) -> Tensor:
    return x * keep


def zeroed(x: Tensor, keep: Tensor) -> Tensor:
    return x.masked_fill(~keep, 0)


def without_nan(x: Tensor, keep: Tensor) -> Tensor:
    return x.nan_to_num(0.0)


def _dropped(x: Tensor, keep: Tensor) -> Tensor:
    return x.masked_fill(~keep, -INF)


@dataclass(frozen=True)
class TopK(Recipe):
    """The right softmax among the k largest; a misconception changes some of its steps.

    Attributes:
        choose: says which logits to keep.
        hide: removes the others from the logits.
        weigh: applied to the exps.
        finish: applied to the probabilities.
        place: puts the probabilities where they belong, given the logits.

    The other steps are the same as for any softmax (`recipe.Recipe`), along the last dim.
    """

    choose: Choice = largest
    hide: Step = _dropped
    weigh: Step = as_it_is
    finish: Step = as_it_is
    place: Step = as_it_is

    def __call__(self, logits: Tensor, k: int) -> Tensor:
        """Return this recipe's result for logits (batch, classes)."""
        x, keep = logits, self.choose(logits, k)
        for _ in range(self.times):
            x = self.hide(self.enter(x, -1), keep)
            shifted = x - self.centre(x, self.max_dim(x, -1), keepdim=self.max_keepdim)
            exps = self.weigh(self.power(shifted), keep)
            total = self.total(exps, self.sum_dim(x, -1), keepdim=self.sum_keepdim)
            x = self.finish(self.leave(self.join(shifted, exps, total), -1), keep)
        return self.place(x, logits)


RIGHT = TopK()
# another right way: if another step is wrong, it may treat the other logits differently
RIGHTS = (RIGHT, TopK(hide=as_it_is, weigh=zeroed, finish=zeroed))


def top_k(logits: Tensor, k: int) -> Tensor:
    """Return the softmax among the k largest logits of each row, and 0 elsewhere."""
    return torch.softmax(logits.masked_fill(~largest(logits, k), -INF), -1)


def larger_k(step: int) -> Choice:
    return lambda x, k: largest(x, min(k + step, x.shape[-1]))


def from_border(border: Callable[[Tensor, int], Tensor]) -> Choice:
    return lambda x, k: x >= border(x, k)


def in_any_row(x: Tensor, k: int) -> Tensor:
    return largest(x, k).any(0).expand_as(x)


def as_in_row(i: int) -> Choice:
    return lambda x, k: largest(x, k)[i].expand_as(x)


def along_rows(x: Tensor, k: int) -> Tensor:
    keep = torch.zeros_like(x, dtype=torch.bool)
    return keep.scatter(0, x.topk(k, dim=0).indices, True)


def along_rows_at_most(x: Tensor, k: int) -> Tensor:
    return along_rows(x, min(k, x.shape[0]))


def every_logit(x: Tensor, k: int) -> Tensor:
    return torch.ones_like(x, dtype=torch.bool)


def by_place(first: Callable[[int, int], int], last: Callable[[int, int], int]) -> Choice:
    def choose(x: Tensor, k: int) -> Tensor:
        place, n = torch.arange(x.shape[-1]), x.shape[-1]
        return ((place >= first(n, k)) & (place < last(n, k))).expand_as(x)

    return choose


def at_their_places(
    logits: Tensor, k: int, share: Callable[[Tensor], Tensor], rest: float = 0.0
) -> Tensor:
    top = logits.topk(k)
    return torch.full_like(logits, rest).scatter(-1, top.indices, share(top.values))


def in_order(descending: bool) -> Step:
    """Leave the probabilities in the order of their logits."""
    return lambda probs, logits: probs.gather(-1, logits.argsort(-1, descending=descending))


def _spread(x: Tensor) -> Tensor:
    return x / x.sum(-1, keepdim=True)
