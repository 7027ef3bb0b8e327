"""The predictions of lesson 13."""

from softmax_lessons.checker.questions.question import Question

QUESTIONS: dict[str, Question] = {}
