"""Lesson 10: draws, and softmax among the k largest logits, or those near the largest."""

from softmax_lessons.lessons import min_p, top_k
from softmax_lessons.lessons.questions_10 import QUESTIONS

TASKS = {"top_k_softmax": top_k.EXERCISE, "min_p_softmax": min_p.EXERCISE, **QUESTIONS}
