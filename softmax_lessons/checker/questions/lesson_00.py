"""The predictions of lesson 00."""

from softmax_lessons.checker.questions.question import Question

QUESTIONS = {
    "first_prediction": Question(
        "cat",
        {
            "dog": ("order-changes", "Softmax keeps the order of the scores."),
            "owl": ("order-changes", "Softmax keeps the order of the scores."),
        },
    ),
}
