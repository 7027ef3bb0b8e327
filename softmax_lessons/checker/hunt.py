"""A bug for a learner's test to find, or an exercise's mistakes from the library."""

import inspect
import random
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from softmax_lessons.attempts.child import SECONDS
from softmax_lessons.attempts.run import Outcome, Probe, does_nothing
from softmax_lessons.checker.misconception import Misconception
from softmax_lessons.checker.task import correct, function_at_once, is_stub, not_begun
from softmax_lessons.checker.verdict import Example, Verdict

ROUNDS = 3
MOST_NAMED = 3  # the most mistakes that a verdict names
DEATH = "Your function's process"  # the start of the error of a process that died
NOT_RIGHT = (  # hints
    "Which line of your test raises this error, or returns something false?",
    "Does that line ask for more than the function promises, or for every digit to match?",
    "Compare numbers with `torch.testing.assert_close`, which allows for rounding.",
)
UNSTEADY = (
    "What changes in your test from one run to the next?",
    "Random numbers do, and so does anything that outlives a call. Fixed numbers give the same "
    "result every time.",
    "Write out the inputs, as in `torch.tensor([[0.0, 1.0], [2.0, 5.0]])`.",
)
TOO_LONG = (
    "How long does your test take for one function?",
    "A small input shows a bug as well as a large one.",
    "Leave out the loop around your test, or shorten it.",
)


@dataclass(frozen=True, eq=False)
class Hunt:
    """One bug, written in several ways.

    Attributes:
        right: correct functions, which a test must pass; the first one is the lesson's.
        broken: functions with the bug, each with a description that continues "Your test passes a
            function that", or what `check` says about it if `catch_all` is false. The first one is
            the one that the lesson shows.
        hints: where to look, which idea, which line.
        catch_all: whether a test must catch all of them.
    """

    right: tuple[Callable[..., object], ...]
    broken: tuple[tuple[str, Callable[..., object]], ...]
    hints: tuple[str, ...] = ()
    catch_all: bool = True

    @property
    def parameters(self) -> tuple[str, ...]:
        """The function that `prepared` returns takes the number of the function to test."""
        return ("nothing", "i")

    def at_once(self, name: str, attempt: object) -> Verdict | None:
        """Return the verdict on an attempt that isn't a test yet."""
        return function_at_once(name, attempt)

    def probes(self, seed: int | None = None) -> tuple[Probe, ...]:
        """Return the numbers of the functions to try a learner's test on.

        They come in random order, and several times, so that a test can't count its calls or guess.
        """
        count = len(self.right) + len(self.broken)
        subjects = [(i, own) for own in range(ROUNDS) for i in range(count)]
        random.Random(seed).shuffle(subjects)
        return tuple(Probe(torch.zeros(1), 0, others=(i,), seed=own) for i, own in subjects)

    def prepared(self, attempt: Callable[[Callable[..., object]], object]) -> Callable[..., object]:
        """Return a function of (anything, i) that says whether a test passes the i-th function."""
        if does_nothing(attempt):
            return attempt
        # the first comparison loads SymPy, which takes longer than a test is allowed to
        torch.testing.assert_close(torch.zeros(1), torch.zeros(1))
        return as_attempt(attempt, (*self.right, *(function for _, function in self.broken)))

    def verdict(self, name: str, probes: Sequence[Probe], outcomes: Sequence[Outcome]) -> Verdict:
        """Return the verdict on a test: right functions must pass, broken ones fail."""
        if all(is_stub(outcome) for outcome in outcomes):
            return not_begun(name)
        for outcome in outcomes:
            if outcome.error.startswith(DEATH):
                return self._dies(name, outcome.error.removeprefix(DEATH))
        if any(o.error.startswith("TimeoutError: no answer") for o in outcomes):
            return self._takes_too_long(name, len(probes))
        runs: dict[int, list[Outcome]] = {}
        for probe, outcome in zip(probes, outcomes, strict=True):
            runs.setdefault(probe.rest[0], []).append(outcome)
        right = [runs[i] for i in range(len(self.right))]
        if any(not _passed(outcome) for outcomes in right for outcome in outcomes):
            return self._refuses(name, right)
        missed = []
        for i, (words, _) in enumerate(self.broken, start=len(self.right)):
            passed = [_passed(outcome) for outcome in runs[i]]
            if any(passed):
                missed.append(words if all(passed) else f"{words} (on some runs)")
        return self._found(name, missed)

    def runs(
        self, probes: Sequence[Probe], outcomes: Sequence[Outcome]
    ) -> list[tuple[bool, Example]]:
        """Return, for each tested function, whether the test is right about it, and the call."""
        found = []
        for probe, outcome in zip(probes, outcomes, strict=True):
            number, passed = probe.rest[0] - len(self.right), _passed(outcome)
            which = "a correct function"
            if number >= 0:
                which = f"a buggy function ({self.broken[number][0]})"
            wanted = "it is caught" if number >= 0 else "it passes"
            got = "it passes" if passed else f"it is caught ({outcome.error})"
            example = Example("your test", which, got, wanted)
            found.append((passed is (number < 0), example))
        return found

    def _takes_too_long(self, name: str, times: int) -> Verdict:
        says = (
            f"Your test took longer than {SECONDS:g} s. It runs {times} times, on correct and on "
            "buggy functions. Is there an infinite loop, or a large input?"
        )
        mistake = Misconception("takes-too-long", says, TOO_LONG)
        return Verdict(name, "wrong", "not yet", says, (mistake,))

    def _dies(self, name: str, how: str) -> Verdict:
        says = (
            f"Your test's process{how}. A test that finds a bug should raise an error or return "
            "False."
        )
        mistake = Misconception("ends-its-process", says)
        return Verdict(name, "wrong", "not yet", says, (mistake,))

    def _refuses(self, name: str, right: Sequence[Sequence[Outcome]]) -> Verdict:
        failed = [[o for o in outcomes if not _passed(o)] for outcomes in right]
        count = sum(map(bool, failed))
        says, hints = "Your test fails a correct function.", NOT_RIGHT
        if any(0 < len(f) < len(outcomes) for f, outcomes in zip(failed, right, strict=True)):
            says = "Your test fails a correct function on some runs and passes it on others."
            hints = UNSTEADY
        elif count < len(right):
            says = (
                f"Your test fails {count} of {len(right)} correct functions. They all return what "
                "the exercise promises, up to rounding."
            )
        mistake = Misconception("refuses-right-code", says, hints)
        error = next(f[0].error for f in failed if f)
        example = Example("your test of that function", "", error, "no error, and no false result")
        return Verdict(name, "wrong", "not yet", says, (mistake,), example)

    def _found(self, name: str, missed: Sequence[str]) -> Verdict:
        count = len(self.broken)
        if not missed:
            says = f"Your test passes every correct function, and catches all {count} buggy ones."
            return correct(name, says)
        more = len(missed) - MOST_NAMED
        lines = [f"- {words}" for words in missed[:MOST_NAMED]]
        lines += [f"- and {more} more"] if more > 0 else []
        if not self.catch_all:
            caught = f"your test catches {count - len(missed)} of {count} mistakes"
            head = "It passes functions that `check` would describe like this:"
            return Verdict(name, "nudge", caught, "\n".join([head, *lines]))
        head = "Your test passes a function that"
        says = f"{head} {missed[0]}." if len(missed) == 1 else "\n".join([head, *lines])
        says += f"\nIt catches {count - len(missed)} of {count} buggy functions."
        mistake = Misconception("misses-the-bug", says, self.hints)
        return Verdict(name, "wrong", "not yet", says, (mistake,))


def _passed(outcome: Outcome) -> bool:
    return outcome.kind == "Tensor"


def as_attempt(
    test: Callable[[Callable[..., object]], object], subjects: Sequence[Callable[..., object]]
) -> Callable[..., Tensor]:
    """Return a function of (anything, i) that says whether a test passes the i-th subject.

    It returns 1 or raises the test's error, which is an AssertionError if the test returns
    something false. For an assertion without a message, the error is its line.
    """

    def attempt(logits: Tensor, i: int) -> Tensor:
        # the subject's own name would tell a test which function it's testing
        def function(*args: object, **named: object) -> object:
            return subjects[i](*args, **named)

        try:
            result = test(function)
        except AssertionError as error:
            if str(error):
                raise
            line = traceback.extract_tb(error.__traceback__)[-1].line
            raise AssertionError(line) from None
        if result is ...:
            raise NotImplementedError
        if result is not None and not result:  # a test that returns nothing relies on its asserts
            raise AssertionError(f"the test returned {result!r}")
        return torch.tensor(1.0)

    return attempt


def called_as(
    parameters: Sequence[str], function: Callable[..., object], *rest: object
) -> Callable[..., object]:
    """Return a function that takes these parameters by position or name, and adds `rest`."""
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    signature = inspect.Signature([inspect.Parameter(name, kind) for name in parameters])

    def call(*args: object, **named: object) -> object:
        return function(*signature.bind(*args, **named).args, *rest)

    return call
