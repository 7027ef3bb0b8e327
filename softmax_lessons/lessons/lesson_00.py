"""Lesson 00: the first exercise."""

from softmax_lessons.checker.parsons import Parsons
from softmax_lessons.checker.question import Question
from softmax_lessons.lessons.layouts import layout

EXERCISES = {"classes_of_batch": layout("batch classes", 1)}

QUESTIONS = {
    "first_prediction": Question(
        "cat",
        {
            "dog": ("order-changes", "Softmax keeps the order of the scores."),
            "owl": ("order-changes", "Softmax keeps the order of the scores."),
        },
    ),
}

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
