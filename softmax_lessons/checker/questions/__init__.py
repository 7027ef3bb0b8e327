"""The predictions that the lessons ask for, a module of data for each lesson."""

from functools import cache

from softmax_lessons.checker.questions import (
    lesson_00,
    lesson_01,
    lesson_02,
    lesson_03,
    lesson_04,
    lesson_05,
    lesson_06,
    lesson_07,
    lesson_08,
    lesson_09,
    lesson_10,
    lesson_11,
    lesson_12,
)
from softmax_lessons.checker.questions.question import Answer, Question

__all__ = ["LESSONS", "Answer", "Question", "questions"]

LESSONS = (
    lesson_00,
    lesson_01,
    lesson_02,
    lesson_03,
    lesson_04,
    lesson_05,
    lesson_06,
    lesson_07,
    lesson_08,
    lesson_09,
    lesson_10,
    lesson_11,
    lesson_12,
)


@cache
def questions() -> dict[str, Question]:
    """Return all questions by name, in the order of the course."""
    return {name: question for lesson in LESSONS for name, question in lesson.QUESTIONS.items()}
