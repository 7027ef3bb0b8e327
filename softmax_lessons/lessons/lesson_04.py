"""Lesson 04: where the formula overflows."""

from softmax_lessons.lessons.questions_04 import QUESTIONS

TASKS = QUESTIONS
