"""Lesson 00: the first exercise."""

from softmax_lessons.checker.parsons import Parsons
from softmax_lessons.lessons.layouts import layout
from softmax_lessons.lessons.questions_00 import QUESTIONS

EXERCISES = {"classes_of_batch": layout("batch classes", 1)}

PARSONS = (
    Parsons(
        "classes_of_batch",
        """
        def classes_of_batch(x):
            photos, classes = 0, 1
            probs = torch.softmax(x, dim=classes)
            return probs
        """,
        wrong="probs = torch.softmax(x, dim=photos)",
        mistake="over-batch",
    ),
)

TASKS = {**EXERCISES, **QUESTIONS}
