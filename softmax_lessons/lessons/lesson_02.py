"""Lesson 02: which dim?"""

from softmax_lessons.lessons.layouts import layout
from softmax_lessons.lessons.questions_02 import QUESTIONS

EXERCISES = {
    "classes_of_sequence": layout("batch time classes", 2),
    "classes_of_image": layout("batch classes height width", 1),
    "keys_of_attention": layout("batch heads queries keys", 3),
    "pixels_of_image": layout("batch channels height width", (2, 3)),
}

TASKS = {**EXERCISES, **QUESTIONS}
