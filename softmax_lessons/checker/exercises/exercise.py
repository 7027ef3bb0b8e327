"""What an exercise is, and how its inputs are made."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from softmax_lessons.attempts.run import Probe
from softmax_lessons.checker.misconceptions import LIBRARY, Misconception
from softmax_lessons.checker.recipe import RIGHT, Recipe

INF = float("inf")


@dataclass(frozen=True)
class Exercise:
    """One exercise; adding one is adding such a record to `exercises`.

    Attributes:
        signature: how the attempt is called, as the learner writes it.
        reference: PyTorch's own answer, called with the logits and with what else the probe has.
        probes: the inputs to try, always the same, so that a mistake is shown the same way.
        fresh: makes other inputs for each check, so that no answer can be learnt by heart.
        right: what is right here; recipes, if misconceptions are changes to them.
        by_hand: the names of functions, torch's or the course's, that do not count as an answer.
        misconceptions: what can go wrong, the most important first.
        telling: the numbers of the probes that tell all misconceptions apart; `choose` finds
            them.
    """

    signature: str
    probes: tuple[Probe, ...]
    fresh: Callable[[torch.Generator], tuple[Probe, ...]]
    reference: Callable[..., Tensor] = torch.softmax
    right: tuple[Recipe | Callable[..., Tensor], ...] = (RIGHT,)
    by_hand: frozenset[str] = frozenset({"softmax", "stable_softmax"})
    misconceptions: tuple[Misconception, ...] = LIBRARY
    telling: tuple[int, ...] = ()

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of what the attempt is called with, such as ("x", "dim")."""
        return tuple(self.signature.removeprefix("f(").removesuffix(")").split(", "))


def scores(*shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
    """Return ordinary scores between -3 and 3, no two the same, in no order."""
    count = torch.Size(shape).numel()
    spread = torch.arange(1, count + 1) * 0.6180339887 % 1  # the golden ratio fills evenly
    return (6 * spread - 3).to(dtype).reshape(shape)


def row(*entries: float, dtype: torch.dtype = torch.float32) -> Tensor:
    """Return a 1-D tensor of these scores."""
    return torch.tensor(entries, dtype=dtype)


def grid(*rows: list[float]) -> Tensor:
    """Return a 2-D tensor of these rows of scores."""
    return torch.tensor(rows, dtype=torch.float32)
