"""The figures of the lessons: each draws on given axes and returns the sentence for `show`."""

from softmax_lessons.plots.display import (
    BLACK,
    BLUE,
    GREEN,
    ORANGE,
    PURPLE,
    SKY,
    VERMILION,
    YELLOW,
    show,
)
from softmax_lessons.plots.probabilities import bar_probs

__all__ = [
    "BLACK",
    "BLUE",
    "GREEN",
    "ORANGE",
    "PURPLE",
    "SKY",
    "VERMILION",
    "YELLOW",
    "bar_probs",
    "show",
]
