"""Steps to fall back on: the lines of a right answer, to put in order, and a wrong one."""

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from string import ascii_uppercase
from textwrap import dedent

import torch
import torch.nn.functional as F


@dataclass(frozen=True, eq=False)
class Parsons:
    """An answer to an exercise, to put together line by line (a Parsons problem).

    Attributes:
        name: the exercise.
        answer: a right answer, a function with one statement per line in its body.
        wrong: a line that seems to belong in it, indented as in the body.
        mistake: the slug of the misconception that it makes.
    """

    name: str
    answer: str
    wrong: str
    mistake: str

    @cached_property
    def _answer(self) -> list[str]:
        return dedent(self.answer).strip().splitlines()

    @property
    def head(self) -> str:
        """The first line of the function, which is already in its place."""
        return self._answer[0]

    @property
    def right(self) -> tuple[str, ...]:
        """The lines that belong, in a right order."""
        return tuple(line[4:] for line in self._answer[1:])

    @cached_property
    def shown(self) -> dict[str, str]:
        """All lines, by their letters: shuffled, but always the same way."""
        dice = random.Random(self.name)
        lines = [*self.right, self.wrong]
        while _has_in_order(lines, self.right):
            dice.shuffle(lines)
        return dict(zip(ascii_uppercase, lines, strict=False))

    def read(self, order: str | Sequence[str]) -> tuple[str, ...]:
        """Return the letters of an order that a learner wrote, such as "B D A".

        Raises:
            ValueError: if they aren't the letters of all lines but one, each used once.
        """
        if not isinstance(order, str) and not isinstance(order, Sequence):
            raise ValueError(f'Give an order as letters, such as "B A"; got {order!r:.60}.')
        letters = re.findall(r"[^\s,;>.-]", "".join(map(str, order)).upper())
        last = list(self.shown)[-1]
        for letter in letters:
            if letter not in self.shown:
                raise ValueError(f"There is no line {letter}: the lines are A to {last}.")
        for letter in letters:
            if letters.count(letter) > 1:
                raise ValueError(f"You have line {letter} twice, but can use it only once.")
        left = [letter for letter in self.shown if letter not in letters]
        if not left:
            raise ValueError("Leave out one line: one of them doesn't belong.")
        if len(left) > 1:
            raise ValueError(
                f"Still to place: {', '.join(left)}. Only one line doesn't belong, so the "
                f"function has {len(self.right)}."
            )
        return tuple(letters)

    def function(self, letters: Sequence[str]) -> Callable[..., object]:
        """Return the function that has these lines in this order.

        Raises:
            SyntaxError: if the lines can't be in this order, for example with an indented one
                first.
        """
        lines = [self.head, *(f"    {self.shown[letter]}" for letter in letters)]
        names = {"torch": torch, "F": F, "__name__": "steps"}
        exec(compile("\n".join(lines), "steps", "exec"), names)
        return names[re.match(r"def (\w+)", self.head)[1]]


def _has_in_order(lines: Sequence[str], right: Sequence[str]) -> bool:
    return [line for line in lines if line in right] == list(right)
