"""The predictions of lesson 10."""

from softmax_lessons.checker.questions.question import Question

QUESTIONS: dict[str, Question] = {}
