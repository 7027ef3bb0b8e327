"""A prediction that a lesson asks for: the right answer, and what likely wrong ones mean."""

import difflib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

from softmax_lessons.attempts.run import Outcome, Probe
from softmax_lessons.checker import guess as guesses
from softmax_lessons.checker.guess import Answer
from softmax_lessons.checker.misconception import Misconception
from softmax_lessons.checker.verdict import Verdict

KINDS = {
    str: (guesses.as_word, "a word"),
    float: (guesses.as_number, "a number"),
    int: (guesses.as_number, "a number"),
    tuple: (guesses.as_shape, "numbers in parentheses, such as (7, 8)"),
}


@dataclass(frozen=True)
class Question:
    """One prediction.

    Attributes:
        answer: what happens: a word, a number, or a shape.
        wrong: likely wrong answers, each with a slug and a sentence that says what's behind it. If
            `answer` is a word, these are the other choices.
        within: how far a number may be off, relative to the right one.
        asks: the question, with everything it takes to answer it outside the lesson.
        again: makes the same question with other numbers, if there's a way.
    """

    answer: Answer
    wrong: Mapping[Answer, tuple[str, str]] = field(default_factory=dict)
    within: float = 0.0
    asks: str = ""
    again: Callable[[Random], "Question"] | None = None

    @property
    def parameters(self) -> tuple[str, ...]:
        """Nothing: there's no function to call."""
        return ()

    @property
    def choices(self) -> tuple[str, ...]:
        """The words to choose from, in alphabetical order; none if the answer isn't a word."""
        return tuple(sorted((self.answer, *self.wrong))) if isinstance(self.answer, str) else ()

    def read(self, guess: object) -> Answer | dict[str, float]:
        """Return a guess as an answer, or as probabilities of the choices.

        Raises:
            ValueError: if it can't be an answer; the message is for the learner.
        """
        if isinstance(guess, Mapping) and self.choices:
            return guesses.as_chances(guess, self.choices)
        read, wanted = KINDS[type(self.answer)]
        made = read(guess)
        if type(made) is not type(read(self.answer)):
            raise ValueError(f"The answer is {wanted}, and you gave {guesses.shown(guess)}.")
        if self.choices and made not in self.choices:
            near = difflib.get_close_matches(made, self.choices, n=1)
            meant = f'Did you mean "{near[0]}"? ' if near else ""
            raise ValueError(meant + guesses.one_of(self.choices))
        return made

    def at_once(self, name: str, guess: object) -> Verdict:
        """Compare a prediction with what happens."""
        if guess is None or guess is ...:
            return Verdict(name, "not begun", "no prediction yet (replace the ... with your guess)")
        try:
            made = self.read(guess)
        except ValueError as error:
            return Verdict(name, "unusable", "not yet", str(error))
        if isinstance(made, dict):
            return self._of_chances(name, made)
        if self.is_right(made):
            return Verdict(name, "right", "that is what happens")
        mistake = self.mistake(made)
        says = mistake.says if mistake else guesses.how_far(made, self.answer, self.within)
        return Verdict(name, "wrong", "not what happens", says, (mistake,) if mistake else ())

    def is_right(self, made: Answer) -> bool:
        """Tell whether a guess, once read, is what happens."""
        return _agree(made, self.answer, self.within)

    def mistake(self, made: Answer) -> Misconception | None:
        """Return what's behind a wrong guess, once read, if it's a likely one."""
        for answer, (slug, says) in self.wrong.items():
            if _agree(made, answer, self.within):
                return Misconception(slug, says)
        return None

    def _of_chances(self, name: str, chances: Mapping[str, float]) -> Verdict:
        """Score a guess with probabilities the way you score a model: by its cross-entropy."""
        chance, even = chances[self.answer], math.log(len(chances))
        loss = -math.log(chance) if chance else math.inf
        says = (
            f'You gave {chance:.2g} to what happens, "{self.answer}": a loss of {abs(loss):.2f}. '
        )
        if chance:
            says += f"Equal chances would give {even:.2f}."
        else:
            says += "Give even unlikely choices a little: nothing makes up for an infinite loss."
        favourite = max(chances, key=lambda choice: (chances[choice], choice != self.answer))
        if favourite == self.answer:
            return Verdict(name, "right", "that is what happens", says)
        mistake = self.mistake(favourite)
        told = f"{mistake.says}\n{says}"
        return Verdict(name, "wrong", "not what happens", told, (mistake,))

    def probes(self, seed: int | None = None) -> tuple[Probe, ...]:
        """Return nothing: there's nothing to run."""
        return ()

    def prepared(self, attempt: Callable[..., object]) -> Callable[..., object]:
        """Return it unchanged: there's nothing to run."""
        return attempt

    def runs(self, probes: Sequence[Probe], outcomes: Sequence[Outcome]) -> list[object]:
        """Return nothing: there's nothing to run."""
        return []

    def verdict(self, name: str, probes: Sequence[Probe], outcomes: Sequence[Outcome]) -> Verdict:
        """Never called: `at_once` always has a verdict."""
        raise NotImplementedError


def _agree(made: object, answer: Answer, within: float) -> bool:
    if isinstance(made, float):
        both_nan = math.isnan(made) and math.isnan(answer)
        return both_nan or math.isclose(made, answer, rel_tol=within)
    return made == answer
