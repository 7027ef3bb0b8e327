"""Lesson 00: the first exercise."""

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

TASKS = {**EXERCISES, **QUESTIONS}
