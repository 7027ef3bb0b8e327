"""The backward pass of softmax by hand, as a recipe of steps."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from softmax_lessons.attempts.run import Dims, Outcome, Probe
from softmax_lessons.lessons.recipe import (
    DimChoice,
    Reduction,
    given,
    unchanged,
)

Step = Callable[[Tensor, Dims], Tensor]


def _centred(p: Tensor, g: Tensor, total: Tensor) -> Tensor:
    return p * (g - total)


@dataclass(frozen=True)
class Backward:
    """The right backward pass of softmax; a misconception replaces some of its steps.

    Attributes:
        probs: applied to the probabilities first.
        grad: applied to the gradient first.
        weigh: combines the two into the terms to add up.
        total: adds them up.
        dim: the dims that `total` is taken over.
        keepdim: whether `total` keeps them.
        join: computes the result from the probabilities, the gradient and the total.
        sign: a factor of the result.
        size: what the result is divided by.
        leave: applied to the result last.
    """

    probs: Step = unchanged
    grad: Step = unchanged
    weigh: Callable[[Tensor, Tensor], Tensor] = torch.mul
    total: Reduction = torch.sum
    dim: DimChoice = given
    keepdim: bool = True
    join: Callable[[Tensor, Tensor, Tensor], Tensor] = _centred
    sign: int = 1
    size: Callable[[Tensor, Dims], int] = lambda probs, dim: 1
    leave: Step = unchanged

    def __call__(self, probs: Tensor, grad: Tensor, dim: int) -> Tensor:
        """Return the gradient with respect to the logits, given `probs` and `grad`."""
        p, g = self.probs(probs, dim), self.grad(grad, dim)
        total = self.total(self.weigh(p, g), self.dim(p, dim), keepdim=self.keepdim)
        return self.leave(self.sign * self.join(p, g, total) / self.size(probs, dim), dim)


RIGHT = Backward()

PULLS = "Raise one logit a little. Which probabilities in its slice change?"
FORMULA = "Write `probs * (grad - (probs * grad).sum(dim, keepdim=True))`."


def right(probe: Probe) -> Tensor:
    """Return the right result, float64."""
    return RIGHT(*(x.double() if isinstance(x, Tensor) else x for x in (probe.logits, *probe.rest)))


def usable(
    probes: Sequence[Probe], outcomes: Sequence[Outcome]
) -> list[tuple[Probe, Tensor, Tensor]]:
    """Return each probe, its result and the right one, if all are finite and have that shape."""
    found = []
    for probe, outcome in zip(probes, outcomes, strict=True):
        value, wanted = outcome.value, right(probe)
        if value is None or value.shape != wanted.shape or not value.isfinite().all():
            return []
        found.append((probe, value.double(), wanted))
    return found
