"""The predictions of lesson 12."""

from softmax_lessons.checker.questions.question import Question

QUESTIONS: dict[str, Question] = {
    "sums_on_softmin": Question(
        "misses",
        {"notices": ("sums-are-enough", "Softmin is a softmax too: its rows sum to 1.")},
    ),
    "unkept_sums": Question(
        "ones",
        {
            "error": ("shapes-will-tell", "A row of 3 maxima fits a 3 by 3 batch."),
            "off": ("sums-are-enough", "Each row is divided by its own sum, so it sums to 1."),
        },
    ),
    "loss_at_start": Question(
        "same",
        {
            "smaller": ("always-off", "Equal logits stay equal, however often softmax is taken."),
            "larger": ("always-off", "Equal logits stay equal, however often softmax is taken."),
        },
    ),
    "reshaped_logits": Question(
        "silent",
        {"error": ("shapes-will-tell", "(2, 4, 3) is the shape that F.cross_entropy wants.")},
    ),
    "kept_by_name": Question(
        "misses",
        {"notices": ("a-name-is-a-copy", "`before = scores` makes no copy; `clone()` does.")},
    ),
    "sharper_when_cold": Question(
        "misses",
        {"notices": ("direction-is-enough", "Dividing twice sharpens too, and more.")},
    ),
}
