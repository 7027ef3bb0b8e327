"""What the questions that come again with different numbers have in common."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from random import Random

from softmax_lessons.checker.question import Question

WORDS = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen"),
    *("nineteen", "twenty"),
)


def with_other_numbers(
    make: Callable[..., Question], own: tuple, draw: Callable[[Random], tuple]
) -> Question:
    """Return the question with the lesson's numbers; it can be asked again with others.

    Args:
        make: makes a question from numbers, and computes the answers from them.
        own: the lesson's numbers, the arguments of `make`.
        draw: draws other numbers, and draws again if two of the answers would be the same.
    """
    question = make(*own)

    def again(random: Random) -> Question:
        while True:
            other = make(*draw(random))
            if other.asks != question.asks and _tells_answers_apart(other, len(question.wrong)):
                return other

    return replace(question, again=again)


def _tells_answers_apart(question: Question, wrong: int) -> bool:
    guesses = [(question.read(guess), slug) for guess, (slug, _) in question.wrong.items()]
    named = [question.mistake(guess).slug == slug for guess, slug in guesses]
    right = [question.is_right(guess) for guess, _ in guesses]
    return len(guesses) == wrong and all(named) and not any(right)


def listed(items: Sequence[object], last: str = "and") -> str:
    """Return numbers or words as in a sentence: "2, 1 and 0.1"."""
    *first, end = (f"{item:g}" if isinstance(item, float) else str(item) for item in items)
    return f"{', '.join(first)} {last} {end}" if first else end


def in_words(number: int) -> str:
    """Return a number as a word, up to twenty."""
    return WORDS[number]


def counted(number: int, what: str) -> str:
    """Return a number and a noun: "one row", "three rows"."""
    return f"{in_words(number)} {what}{'' if number == 1 else 's'}"


def to_digits(value: float, digits: int) -> float:
    """Round to a number of significant digits."""
    return float(f"{value:.{digits}g}")


def softmax(logits: Sequence[float]) -> list[float]:
    """Return the probabilities in float64."""
    exps = [math.exp(x - max(logits)) for x in logits]
    return [e / sum(exps) for e in exps]
