"""Lesson 06: log_softmax, cross_entropy, and five broken heads."""

from softmax_lessons.lessons.cross_entropy import CROSS_ENTROPY, REPAIR
from softmax_lessons.lessons.log_softmax import LOG_SOFTMAX
from softmax_lessons.lessons.questions_06 import QUESTIONS

TASKS = {
    "log_softmax": LOG_SOFTMAX,
    "cross_entropy": CROSS_ENTROPY,
    **{f"repair_head_{number}": REPAIR for number in range(1, 6)},
    **QUESTIONS,
}
