"""The predictions of lesson 12."""

from softmax_lessons.checker.questions.question import Question

QUESTIONS: dict[str, Question] = {}
