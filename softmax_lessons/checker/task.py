"""What `check` and `grade` ask of an exercise, a bug hunt or a prediction."""

from collections.abc import Callable, Sequence
from typing import Protocol

from softmax_lessons.attempts.run import Outcome, Probe
from softmax_lessons.checker.misconception import Misconception
from softmax_lessons.checker.verdict import Example, Verdict

NOT_A_FUNCTION = Misconception("result-not-function", "check needs your function itself.")


class Task(Protocol):
    """One thing that the course asks a learner to do."""

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of the attempt's arguments, such as ("x", "dim")."""

    def at_once(self, name: str, attempt: object) -> Verdict | None:
        """Return the verdict on an attempt that doesn't have to run: a stub, or a prediction."""

    def probes(self, seed: int | None = None) -> tuple[Probe, ...]:
        """Return the inputs for an attempt; without a seed, some are drawn anew each time."""

    def prepared(self, attempt: Callable[..., object]) -> Callable[..., object]:
        """Return the function to run."""

    def verdict(self, name: str, probes: Sequence[Probe], outcomes: Sequence[Outcome]) -> Verdict:
        """Return the verdict on an attempt, from what it did with the probes."""

    def runs(
        self, probes: Sequence[Probe], outcomes: Sequence[Outcome]
    ) -> list[tuple[bool, Example]]:
        """Return what happened for each probe: whether the result is right, and the call."""


def function_at_once(name: str, attempt: object) -> Verdict | None:
    """Return the verdict on an attempt that can't run because it isn't a function."""
    if attempt is None or attempt is ...:
        return not_begun(name)
    if callable(attempt):
        return None
    says = (
        f"check needs your function itself, but got a {type(attempt).__name__}.\n"
        f'Write check("{name}", my_function), without calling it.'
    )
    return Verdict(name, "wrong", "not yet", says, (NOT_A_FUNCTION,))


def is_stub(outcome: Outcome) -> bool:
    """Tell whether an attempt does the same as the lesson's stub, or says it's not implemented."""
    return outcome.kind == "ellipsis" or outcome.error == "NotImplementedError: "


def not_begun(name: str) -> Verdict:
    """Return the verdict on a stub."""
    says = "Replace the ... in the cell above with your code, run that cell, then run this one."
    return Verdict(name, "not begun", "not attempted yet", says)


def correct(name: str, says: str) -> Verdict:
    """Return the verdict on a right attempt."""
    return Verdict(name, "right", "correct", says)
