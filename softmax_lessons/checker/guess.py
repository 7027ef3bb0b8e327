"""Read a guess generously, as a number, a word, a shape or chances, and say how far off it is.

A guess comes from a notebook, where people write 0.5, 1/2, "1/2", "NaN" or torch.tensor(0.5).
"""

import math
import numbers
import operator
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal

import numpy as np
from torch import Tensor

Answer = str | float | tuple[int, ...]
YES_AND_NO = {True: "yes", False: "no"}
WRONG_SIGN = "Right size, wrong sign."
CLOSE = 0.05
ROUNDING = 0.01  # how far a guess's chances may be from summing to 1


def as_word(guess: object) -> object:
    """Return a guess as a lower-case word, if it can be read as one."""
    guess = _plain(guess)
    if isinstance(guess, bool):
        return YES_AND_NO[guess]
    if isinstance(guess, (numbers.Real, Decimal)):
        return f"{_as_float(guess):g}"
    if not isinstance(guess, str):
        return guess
    word = " ".join(guess.lower().split()).strip(" .!?'\"`")
    return re.sub(r"\N{INFINITY}|\binfinity\b", "inf", word)


def as_number(guess: object) -> object:
    """Return a guess as a float, if it can be read as one: also "1/3", "1e-3", "5 %" and "NaN"."""
    if isinstance(guess, (tuple, list)) and len(guess) == 1:
        (guess,) = guess
    guess = _plain(guess)
    if isinstance(guess, str):
        return _number_in(guess)
    # includes NumPy's numbers and fractions; True doesn't count as a number here
    if isinstance(guess, (numbers.Real, Decimal)) and not isinstance(guess, bool):
        return _as_float(guess)
    return guess


def as_shape(guess: object) -> object:
    """Return a guess as a tuple of ints, if it can be read as one: also "(2, 3)" and "2 x 3"."""
    if isinstance(guess, str):
        sizes = guess.strip().removeprefix("torch.Size")
        if re.fullmatch(r"[\s\d,x\xd7()\[\]-]*\d[\s\d,x\xd7()\[\]-]*", sizes):
            return tuple(map(int, re.findall(r"-?\d+", sizes)))
    if isinstance(guess, (Tensor, np.ndarray)) and guess.ndim == 1:
        guess = guess.tolist()
    sizes = guess if isinstance(guess, (tuple, list)) else (_plain(guess),)
    try:
        return tuple(map(_as_size, sizes))
    except TypeError:
        return list(sizes)  # a tuple of anything else isn't a shape


def as_chances(guess: Mapping, choices: Sequence[str]) -> dict[str, float]:
    """Return a guess with probabilities, 0 for choices that it doesn't name.

    Raises:
        ValueError: if it names something that isn't a choice, or if its numbers aren't
            probabilities; the message is for the learner.
    """
    chances = dict.fromkeys(choices, 0.0)
    for choice, chance in guess.items():
        word, number = as_word(choice), as_number(chance)
        if word not in chances:
            raise ValueError(f'"{word}" isn\'t a choice. {one_of(choices)}')
        if not isinstance(number, float) or not 0 <= number <= 1:
            raise ValueError(
                f"A probability is between 0 and 1, but you gave {word} {shown(chance)}."
            )
        chances[word] += number
    total = sum(chances.values())
    if abs(total - 1) > ROUNDING:
        raise ValueError(f"Your probabilities sum to {total:g}. Make them sum to 1.")
    return {choice: chance / total for choice, chance in chances.items()}


def one_of(choices: Sequence[str]) -> str:
    """Return a sentence that lists the choices."""
    return f"Choose one of {', '.join(map(_quoted, choices))}."


def shown(guess: object) -> str:
    """Return a guess as its author would write it, on one line at most."""
    try:
        text = repr(guess)
    except Exception:
        text = f"a {type(guess).__name__}"
    text = re.sub(r"\s*\n\s*", " ", text)  # of a tensor
    return text if len(text) <= 80 else f"{text[:80]}..."


def how_far(guess: Answer, answer: Answer, within: float) -> str:
    """Say how a guess of the right kind is wrong, without giving away the answer."""
    if isinstance(answer, tuple):
        return _how_far_shape(guess, answer)
    if math.isnan(guess) or math.isnan(answer):
        return "It's an ordinary number." if math.isnan(guess) else "It isn't a number at all: nan."
    if math.isinf(guess) or math.isinf(answer):
        if guess == -answer:
            return WRONG_SIGN
        return "It's finite." if math.isinf(guess) else "It's infinite."
    for says, like in alike(answer):
        if math.isclose(guess, like, rel_tol=max(within, 0.005)):
            return says
    wanted = f"within {100 * within:g}%" if within else "the exact number"
    if guess * answer > 0:
        # not of the ratio itself, which may be too large for a float
        power = math.log10(abs(guess)) - math.log10(abs(answer))
        if round(power) and math.isclose(10 ** (power - round(power)), 1, rel_tol=0.005):
            side = "large" if power > 0 else "small"
            return f"The right digits, {10 ** abs(round(power)):,} times too {side}."
        if f"{guess:.0e}" == f"{answer:.0e}":
            return f"Right to one digit. The question asks for {wanted}."
    if math.isclose(guess, answer, rel_tol=CLOSE):
        return f"Close. The question asks for {wanted}."
    return "Too large." if guess > answer else "Too small."


def alike(answer: float) -> list[tuple[str, float]]:
    """Return the numbers that common mistakes turn the right one into, with a sentence for each."""
    slips = (
        (WRONG_SIGN, -answer),
        ("That's its exponential.", math.exp(answer) if answer < 700 else math.inf),
        ("That's its log.", math.log(answer) if answer > 0 else math.inf),
        ("That's 1 divided by it.", 1 / answer if answer else math.inf),
        ("That's 1 minus it.", 1 - answer),
        ("That's twice the right number.", 2 * answer),
        ("That's half the right number.", answer / 2),
    )
    return [(says, like) for says, like in slips if like and math.isfinite(like)]


def _how_far_shape(guess: tuple[int, ...], answer: tuple[int, ...]) -> str:
    if len(guess) != len(answer):
        return f"The answer has {len(answer)} numbers, but yours has {len(guess)}."
    if sorted(guess) == sorted(answer):
        return "The right numbers, but in a different order."
    right = sum(map(operator.eq, guess, answer))
    return f"{right} of the {len(answer)} numbers {'is' if right == 1 else 'are'} right."


def _number_in(text: str) -> object:
    """Return a text as a number if it's one, or a ratio of two; otherwise return the text."""
    number = text.strip().lstrip("~\N{ALMOST EQUAL TO} ").replace("\N{MINUS SIGN}", "-")
    number = number.replace("\N{INFINITY}", "inf").removeprefix("+")
    try:
        top, *below = map(_with_point, number.removesuffix("%").split("/"))
        ratio = operator.truediv(top, *below) if below else top
    except (TypeError, ValueError, ZeroDivisionError):
        return text
    return ratio / 100 if number.endswith("%") else ratio


def _with_point(text: str) -> float:
    """Return a number that may have commas: "6,100" is 6100, and "0,66" is 0.66."""
    text = text.strip()
    if re.fullmatch(r"-?[1-9]\d{0,2}(,\d{3})+(\.\d+)?", text):
        return float(text.replace(",", ""))
    return float(re.sub(r"^(-?\d+),(\d+)$", r"\1.\2", text))


def _as_float(number: numbers.Real | Decimal) -> float:
    """Return a number of any size as a float; one that's too large is infinite, like 1e999."""
    try:
        return float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf


def _as_size(number: object) -> int:
    if isinstance(number, float) and number.is_integer():
        return int(number)
    return operator.index(number)


def _plain(guess: object) -> object:
    """Return the only entry of a tensor or an array, or a NumPy number as a Python one."""
    if isinstance(guess, np.generic):
        return guess.item()
    if isinstance(guess, (Tensor, np.ndarray)) and len(guess.reshape(-1)) == 1:
        return guess.reshape(-1)[0].item()
    return guess


def _quoted(word: str) -> str:
    return f'"{word}"'
