"""Lesson 00: the first exercise."""

from softmax_lessons.lessons.layouts import layout
from softmax_lessons.lessons.questions_00 import QUESTIONS

EXERCISES = {"classes_of_batch": layout("batch classes", 1)}

TASKS = {**EXERCISES, **QUESTIONS}
