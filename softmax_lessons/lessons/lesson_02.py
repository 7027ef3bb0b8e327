"""Lesson 02: choosing a dim, and fixing one that someone else chose."""

from softmax_lessons.checker.parsons import Parsons
from softmax_lessons.lessons import crops
from softmax_lessons.lessons.layouts import layout
from softmax_lessons.lessons.questions_02 import QUESTIONS

EXERCISES = {
    "classes_of_sequence": layout("batch time classes", 2),
    "classes_of_image": layout("batch classes height width", 1),
    "keys_of_attention": layout("batch heads queries keys", 3),
    "pixels_of_image": layout("batch channels height width", (2, 3)),
    "repair_crops": crops.EXERCISE,
}

PARSONS = (
    Parsons(
        "classes_of_image",
        """
        def classes_of_image(x):
            batch, classes, height, width = range(4)
            probs = torch.softmax(x, dim=classes)
            return probs
        """,
        wrong="probs = torch.softmax(x, dim=width)",
        mistake="over-width",
    ),
    Parsons(
        "pixels_of_image",
        """
        def pixels_of_image(x):
            flat = x.flatten(2)
            probs = torch.softmax(flat, dim=2)
            return probs.reshape(x.shape)
        """,
        wrong="probs = torch.softmax(x, dim=2)",
        mistake="over-height",
    ),
)

TASKS = {**EXERCISES, **QUESTIONS}
