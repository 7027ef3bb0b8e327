"""A prediction that a lesson asks for: the right answer, and what the likely wrong ones mean."""

import math
import numbers
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from torch import Tensor

from softmax_lessons.attempts.run import Outcome, Probe
from softmax_lessons.checker.misconception import Misconception
from softmax_lessons.checker.verdict import Verdict

Answer = str | float | tuple[int, ...]


@dataclass(frozen=True)
class Question:
    """One prediction.

    Attributes:
        answer: what happens: a word, a number, or a shape.
        wrong: likely wrong answers, each with a slug and a sentence that says what is behind
            it. If `answer` is a word, these are the other choices.
        within: how far a number may be off, relative to the right one.
    """

    answer: Answer
    wrong: Mapping[Answer, tuple[str, str]] = field(default_factory=dict)
    within: float = 0.0

    @property
    def parameters(self) -> tuple[str, ...]:
        """Nothing is called."""
        return ()

    @property
    def choices(self) -> tuple[str, ...]:
        """The words to choose from, in alphabetical order; none if no word is asked for."""
        return tuple(sorted((self.answer, *self.wrong))) if isinstance(self.answer, str) else ()

    def at_once(self, name: str, guess: object) -> Verdict:
        """Compare a prediction with what happens."""
        if guess is None or guess is ...:
            return Verdict(name, "not begun", "no prediction yet (it goes in place of the ...)")
        made = _as_answer(guess)
        if type(made) is not type(_as_answer(self.answer)):
            wanted = {
                str: "a word",
                float: "a number",
                tuple: "numbers in parentheses, such as (2, 3)",
            }
            kind = wanted[type(_as_answer(self.answer))]
            says = f"The answer is {kind}, and you gave {_shown(guess)}."
            return Verdict(name, "unusable", "not yet", says)
        if self.choices and made not in self.choices:
            words = ", ".join(f'"{word}"' for word in self.choices)
            return Verdict(name, "unusable", "not yet", f"Choose one of {words}.")
        if _agree(made, self.answer, self.within):
            return Verdict(name, "right", "that is what happens")
        for answer, (slug, says) in self.wrong.items():
            if _agree(made, answer, self.within):
                mistake = Misconception(slug, says)
                return Verdict(name, "wrong", "not what happens", says, (mistake,))
        return Verdict(name, "wrong", "not what happens")

    def probes(self) -> tuple[Probe, ...]:
        """Return nothing: nothing is run."""
        return ()

    def prepared(self, attempt: Callable[..., object]) -> Callable[..., object]:
        """Return it unchanged: nothing is run."""
        return attempt

    def verdict(self, name: str, probes: Sequence[Probe], outcomes: Sequence[Outcome]) -> Verdict:
        """Never asked for: there is a verdict at once."""
        raise NotImplementedError


def _as_answer(guess: object) -> object:
    """Return a guess as a word, a float or a tuple of ints, if it can be read as one."""
    if isinstance(guess, (Tensor, np.ndarray)) and len(guess.reshape(-1)) == 1:
        guess = guess.reshape(-1)[0].item()
    if isinstance(guess, str):
        return guess.strip().lower()
    if isinstance(guess, (tuple, list)):
        try:
            return tuple(operator.index(size) for size in guess)
        except TypeError:
            return guess
    # the numbers of NumPy and of fractions too; True is no number here
    if isinstance(guess, numbers.Real) and not isinstance(guess, bool):
        return float(guess)
    return guess


def _shown(guess: object) -> str:
    try:
        text = repr(guess)
    except Exception:
        text = f"a {type(guess).__name__}"
    return text if len(text) <= 80 else f"{text[:80]}..."


def _agree(made: object, answer: Answer, within: float) -> bool:
    if isinstance(made, float):
        return math.isclose(made, answer, rel_tol=within)
    return made == answer
