"""An exercise: the task, the right answer, and the inputs that tell mistakes apart."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from softmax_lessons.attempts.run import IMPLICIT_DIM, Outcome, Probe
from softmax_lessons.checker.diagnose import Candidates, diagnose
from softmax_lessons.checker.hunt import Hunt, called_as
from softmax_lessons.checker.judge import (
    Failure,
    computable,
    difference,
    expect,
    judge,
    numbers,
)
from softmax_lessons.checker.laws import Law, broken_law, where_it_fails
from softmax_lessons.checker.misconception import Misconception
from softmax_lessons.checker.task import correct, function_at_once, is_stub, not_begun
from softmax_lessons.checker.verdict import Example, Tables, Verdict

INF = float("inf")
MOST_DRAWN = 40  # entries in an example
MANY = 12  # too many entries for a plain example
FAINT, FAINTER = 0.1, 0.005  # relative differences that make an example less plain

BY_HAND = (
    "PyTorch's own function is right, and it's the one to use in your models. But here, the point "
    "is to build it yourself from smaller steps."
)
GUESSED = "You didn't pass a `dim`. PyTorch guessed the right one this time, but pass it yourself."
PROPERTIES = {  # what to say about a mistake that has no name and breaks no law
    "error": "Your function raises an error.",
    "type": "Your function doesn't return a tensor.",
    "shape": "The result has the wrong shape.",
    "values": "The numbers are off.",
    "dtype": "The result's dtype differs from the input's.",
    "input": "Your function changes one of its arguments.",
    "gradient": "The result is right, but its gradient isn't.",
}


NOT_OF_NUMBERS = ("error", "type", "shape", "dtype")  # here, a shape says more than many numbers


@dataclass(frozen=True, eq=False)
class Exercise:
    """One exercise; to add one, add such a record to its lesson.

    Attributes:
        signature: the call of an attempt, as the learner writes it.
        fixed: the inputs to try, always the same, so that a mistake always shows up the same way.
        fresh: makes new inputs for each check, so that nobody can learn the answers by heart.
        reference: PyTorch's own answer, called with the logits and the probe's other arguments.
        right: right answers; these are recipes if the misconceptions are changes to them.
        by_hand: the names of functions, torch's or the course's, that don't count as an answer.
        misconceptions: the possible mistakes, the most important first.
        laws: what must hold for a right answer, the plainest first; if a mistake has no name, the
            checker reports the first law it breaks.
    """

    signature: str
    fixed: tuple[Probe, ...]
    fresh: Callable[[torch.Generator], tuple[Probe, ...]]
    reference: Callable[..., Tensor]
    right: tuple[Callable[..., Tensor], ...]
    misconceptions: tuple[Misconception, ...]
    laws: tuple[Law, ...] = ()
    by_hand: frozenset[str] = frozenset()

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of the attempt's arguments, such as ("x", "dim")."""
        return tuple(self.signature.removeprefix("f(").removesuffix(")").split(", "))

    @cached_property
    def candidates(self) -> Candidates:
        """The wrong functions behind the misconceptions, and their outcomes for the inputs."""
        return Candidates(self.right, self.misconceptions, self.fixed)

    def at_once(self, name: str, attempt: object) -> Verdict | None:
        """Return the verdict on an attempt that isn't a function yet."""
        return function_at_once(name, attempt)

    def probes(self, seed: int | None = None) -> tuple[Probe, ...]:
        """Return the inputs for one check: the fixed ones, and drawn ones."""
        if seed is None:
            seed = int.from_bytes(os.urandom(8), "big") >> 1
        # not torch's own generator, because the learner's seed mustn't change
        return self.fixed + self.fresh(torch.Generator().manual_seed(seed))

    def prepared(self, attempt: Callable[..., object]) -> Callable[..., object]:
        """Return the function to run: the attempt itself."""
        return attempt

    def as_attempt(self, function: Callable[..., Tensor]) -> Callable[..., object]:
        """Return one of the exercise's own functions with the parameters of an attempt."""
        # if the exercise fixes the dim, nobody passes it
        fixed = (self.fixed[0].dim,) if len(self.parameters) == 1 else ()
        return called_as(self.parameters, function, *fixed)

    def as_hunt(self) -> Hunt:
        """Return the exercise as a test-first task: which of the mistakes does a test catch?"""
        return Hunt(
            tuple(map(self.as_attempt, (self.right[0], self.reference))),
            tuple(
                (f"{m.says} ({m.slug})", self.as_attempt(function))
                for m, function in self.candidates.one_of_each(self.reference)
            ),
            catch_all=False,
        )

    def verdict(self, name: str, probes: Sequence[Probe], outcomes: Sequence[Outcome]) -> Verdict:
        """Return the verdict on an attempt, from what it did with the probes."""
        if all(is_stub(outcome) for outcome in outcomes):
            return not_begun(name)
        failures = {}
        for i, (probe, outcome) in enumerate(zip(probes, outcomes, strict=True)):
            if failure := judge(probe, outcome, expect(self.reference, probe)):
                failures[i] = failure
        if not failures:
            used = self.by_hand.intersection(n for outcome in outcomes for n in outcome.called)
            if used:
                mistake = Misconception("uses-torch-softmax", BY_HAND)
                return Verdict(
                    name, "nudge", "that uses a ready-made function", BY_HAND, (mistake,)
                )
            guessed = any(IMPLICIT_DIM in outcome.called for outcome in outcomes)
            says = f"Right on all {len(outcomes)} inputs tried."
            return correct(name, f"{says} {GUESSED}" if guessed else says)
        return self._wrong(name, probes, outcomes, failures)

    def runs(
        self, probes: Sequence[Probe], outcomes: Sequence[Outcome]
    ) -> list[tuple[bool, Example]]:
        """Return what happened for each input: whether the result is right, and the call."""
        found = []
        for probe, outcome in zip(probes, outcomes, strict=True):
            expected = expect(self.reference, probe)
            failure = judge(probe, outcome, expected)
            shown = failure or Failure("", numbers(outcome.value), numbers(expected.value))
            found.append((failure is None, self._example(probe, shown)))
        return found

    def _wrong(
        self,
        name: str,
        probes: Sequence[Probe],
        outcomes: Sequence[Outcome],
        failures: dict[int, Failure],
    ) -> Verdict:
        outcomes = [computable(outcome) for outcome in outcomes]
        known = [i for i in failures if i < len(self.fixed)]
        found = diagnose(self.candidates, outcomes[: len(self.fixed)], known) if known else ()
        order = sorted(
            failures, key=lambda i: self._plainness(i, probes[i], outcomes[i], failures[i])
        )
        shown = next((i for i in order if _shows(found, probes[i], outcomes[i])), order[0])
        says = [m.says for m in found]
        if not found:
            if law := broken_law(self.laws, probes, outcomes, order, self.reference):
                shown, found = law[0], law[1:]
            says = [found[0].says if found else PROPERTIES[failures[shown].property]]
            says += where_it_fails(probes, failures)
        probe, failure = probes[shown], failures[shown]
        example = self._example(probe, failure, self._tables(probe, outcomes[shown], failure))
        return Verdict(name, "wrong", "not yet", "\n".join(says), found, example)

    def _example(self, probe: Probe, failure: Failure, tables: Tables | None = None) -> Example:
        call = self.signature.replace("dim", f"dim={probe.dim}")
        given = self._given(probe, failure)
        return Example(call, given, failure.got, failure.expected, tables)

    def _plainness(
        self, i: int, probe: Probe, outcome: Outcome, failure: Failure
    ) -> tuple[object, ...]:
        """Return a sort key that puts the input that shows a mistake best first."""
        shape = probe.logits.shape
        far = 1.0
        if failure.differs is not None:
            far = difference(outcome.value, expect(self.reference, probe).value, failure.differs)
        faint = (far < FAINT) + (far < FAINTER)
        slices = len(shape) > 1 and min(shape) > 1
        count = probe.logits.numel()
        return (i >= len(self.fixed), failure.digits > 4, count > MANY, faint, not slices, count, i)

    def _tables(self, probe: Probe, outcome: Outcome, failure: Failure) -> Tables | None:
        """Return the example as tensors, if it's about values and has one or two dims."""
        if failure.differs is None:
            return None
        expected = expect(self.reference, probe).value
        drawn = (probe.logits, outcome.value, expected, failure.differs)
        if len({x.shape for x in drawn}) > 1:
            return None
        tensors = [x[failure.part] for x in drawn]
        whole_slice = failure.part or tensors[0].dim() != 2
        if not 1 <= tensors[0].dim() <= 2 or tensors[0].numel() > MOST_DRAWN:
            return None
        name, place = self.parameters[0], _place(failure)
        return Tables(
            *tensors,
            dim=None if whole_slice or isinstance(probe.dim, tuple) else probe.dim % 2,
            title=f"{name}[{place}], {name} of shape {tuple(probe.logits.shape)}"
            if place
            else name,
            digits=failure.digits,
        )

    def _given(self, probe: Probe, failure: Failure) -> str:
        """Describe the attempt's arguments, or the part of them that matters."""
        x, name = probe.logits, self.parameters[0]
        rest = [
            (other, value)
            for other, value in zip(self.parameters[1:], probe.rest, strict=False)
            if other != "dim"
        ]
        if failure.property in NOT_OF_NUMBERS and x.numel() > MANY:
            return ", ".join(
                f"{each} of shape {tuple(value.shape)}, {value.dtype}"
                if isinstance(value, Tensor)
                else f"{each} = {value}"
                for each, value in ((name, x), *rest)
            )
        others = "".join(
            f", {other} = {numbers(value) if isinstance(value, Tensor) else value}"
            for other, value in rest
        )
        if not failure.part:
            return f"{name} = {numbers(x)}, {x.dtype}{others}"
        where = f"where {name} is {numbers(x[failure.part])}{others}"
        return f"{name} of shape {tuple(x.shape)}, at [{_place(failure)}], {where}"


def _place(failure: Failure) -> str:
    return ", ".join(":" if isinstance(i, slice) else str(i) for i in failure.part)


def _shows(found: Sequence[Misconception], probe: Probe, outcome: Outcome) -> bool:
    """Tell whether an input shows the main mistake, if a single outcome can show it."""
    return not found or found[0].shows(probe, outcome) is not False


def scores(*shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
    """Return ordinary scores between -3 and 3, all different, in no particular order."""
    count = torch.Size(shape).numel()
    spread = torch.arange(1, count + 1) * 0.6180339887 % 1  # the golden ratio fills evenly
    return (6 * spread - 3).to(dtype).reshape(shape)


def row(*entries: float, dtype: torch.dtype = torch.float32) -> Tensor:
    """Return a 1-D tensor of these scores."""
    return torch.tensor(entries, dtype=dtype)


def grid(*rows: list[float]) -> Tensor:
    """Return a 2-D tensor of these rows of scores."""
    return torch.tensor(rows, dtype=torch.float32)
