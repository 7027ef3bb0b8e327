"""The predictions of lesson 08."""

from softmax_lessons.checker.questions.question import Question

QUESTIONS: dict[str, Question] = {}
