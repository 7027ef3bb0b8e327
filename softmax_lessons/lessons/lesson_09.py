"""Lesson 09: softmax with a temperature, and which temperature fits."""

from softmax_lessons.lessons import best_temperature, temperature
from softmax_lessons.lessons.questions_09 import QUESTIONS

TASKS = {
    "softmax_with_temperature": temperature.EXERCISE,
    "best_temperature": best_temperature.EXERCISE,
    **QUESTIONS,
}
