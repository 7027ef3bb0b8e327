"""The cross-entropy of a batch as a recipe of small steps."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from softmax_lessons.checker.misconception import Variant
from softmax_lessons.lessons.log_softmax_steps import LogRecipe

Pick = Callable[[Tensor, Tensor], Tensor]


def at_targets(log_probs: Tensor, targets: Tensor) -> Tensor:
    return log_probs.gather(1, targets[:, None])[:, 0]


@dataclass(frozen=True)
class LossRecipe(LogRecipe):
    """The right cross-entropy: log_softmax over the classes, and a few more steps.

    Attributes:
        label: the class that counts in each row, from the targets and the log-probabilities.
        pick: finds its log-probability.
        sign: the loss of a row is this times the picked entry.
        each: applied to each row's loss.
        reduce: turns the losses into one number; it also gets the logits and the targets.
        finish: applied to that number.
    """

    label: Callable[[Tensor, Tensor], Tensor] = lambda targets, log_probs: targets
    pick: Pick = at_targets
    sign: float = -1.0
    each: Callable[[Tensor], Tensor] = lambda losses: losses
    reduce: Callable[[Tensor, Tensor, Tensor], Tensor] = lambda losses, logits, targets: (
        losses.mean()
    )
    finish: Callable[[Tensor], Tensor] = lambda loss: loss

    def __call__(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Return this recipe's result for logits (batch, classes) and targets (batch,)."""
        log_probs = self.log_probs(logits, 1)
        picked = self.pick(log_probs, self.label(targets, log_probs))
        return self.finish(self.reduce(self.each(self.sign * picked), logits, targets))


def one_hot_table(logits: Tensor, targets: Tensor) -> Tensor:
    return F.one_hot(targets, logits.shape[1]).to(logits.dtype)


def by_product(log_probs: Tensor, targets: Tensor) -> Tensor:
    """Multiply by a one-hot table: the same, but 0 times -inf is nan."""
    return (one_hot_table(log_probs, targets) * log_probs).sum(1)


def smoothed_table(amount: float, others: bool) -> Pick:
    """Multiply by a smoothed one-hot table of float32, whatever the dtype of the logits."""

    def pick(log_probs: Tensor, targets: Tensor) -> Tensor:
        n = log_probs.shape[1]
        hot = F.one_hot(targets, n)
        low = (1 - hot) * (amount / max(n - 1, 1)) if others else amount / n
        return ((hot * (1 - amount) + low) * log_probs).sum(1)

    return pick


def smoothed(amount: float) -> Pick:
    return lambda log_probs, targets: (
        (1 - amount) * at_targets(log_probs, targets) + amount * log_probs.mean(1)
    )


def shared_out(amount: float) -> Pick:
    """Give the target 1 - amount, and share the rest among the other classes."""

    def pick(log_probs: Tensor, targets: Tensor) -> Tensor:
        at = at_targets(log_probs, targets)
        others = (log_probs.sum(1) - at) / (log_probs.shape[1] - 1)
        return (1 - amount) * at + amount * others

    return pick


def focal_loss(gamma: float, alpha: float = 1.0) -> Callable[[Tensor], Tensor]:
    return lambda losses: alpha * (1 - (-losses).exp()) ** gamma * losses


def without_rows(ignored: Callable[[Tensor, Tensor], Tensor], whole: bool) -> Callable[..., Tensor]:
    """Leave rows out of the mean, or out of the sum only."""

    def reduce(losses: Tensor, logits: Tensor, targets: Tensor) -> Tensor:
        kept = losses.masked_fill(ignored(targets, logits), 0)
        return kept.sum() / (len(losses) if whole else (~ignored(targets, logits)).sum())

    return reduce


def binary(
    probs: Callable[[Tensor], tuple[Tensor, Tensor]], reduce: Callable[[Tensor], Tensor]
) -> Variant:
    """Return the loss of independent yes-or-no questions; `probs` returns log(p) and log(1 - p)."""

    def variant(logits: Tensor, targets: Tensor) -> Tensor:
        hot, (yes, no) = one_hot_table(logits, targets), probs(logits)
        return reduce(-(hot * yes + (1 - hot) * no))

    return variant


def softmax_of_rows(logits: Tensor) -> Tensor:
    return torch.softmax(logits, 1)


def _logs_of(probs: Callable[[Tensor], Tensor]) -> Callable[[Tensor], tuple[Tensor, Tensor]]:
    return lambda x: (probs(x).log(), (1 - probs(x)).log())


YES_OR_NO = (
    _logs_of(softmax_of_rows),
    _logs_of(torch.sigmoid),
    lambda x: (F.logsigmoid(x), F.logsigmoid(-x)),
)
REDUCTIONS = (torch.mean, torch.sum, lambda x: x.sum(1).mean())
HALVES = (lambda x: x.mean() / 2, lambda x: x.sum() / 2, lambda x: x.sum(1).mean() / 2)


def distance_loss(probs: Callable[[Tensor], Tensor], power: int, reduce: Callable) -> Variant:
    return lambda logits, targets: reduce(
        (probs(logits) - one_hot_table(logits, targets)).abs() ** power
    )


def hinge_loss(power: int, per_class: bool, total: bool, margin_first: bool) -> Variant:
    def variant(logits: Tensor, targets: Tensor) -> Tensor:
        at = logits.gather(1, targets[:, None])
        # next to 1e8, the order matters
        lead = 1 - at + logits if margin_first else logits - at + 1
        lead = lead.clamp(min=0) ** power * (1 - one_hot_table(logits, targets))
        return lead.sum() / (1 if total else len(logits)) / (logits.shape[1] if per_class else 1)

    return variant


def swapped(eps: float, cut: bool, relative: bool = False) -> Variant:
    """Return the cross-entropy with its arguments swapped, or the divergence."""

    def variant(logits: Tensor, targets: Tensor) -> Tensor:
        hot, probs = one_hot_table(logits, targets), softmax_of_rows(logits)
        logs = (hot.clamp(min=eps) if cut else hot + eps).log()
        own = torch.xlogy(probs, probs) if relative else 0
        return (own - probs * logs).sum(1).mean()

    return variant
