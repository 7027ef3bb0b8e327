"""The predictions of lesson 06."""

from softmax_lessons.checker.questions.question import Question

QUESTIONS: dict[str, Question] = {
    "log_of_softmax": Question(
        "inf",
        {
            "200": ("logarithm-undoes-it", "On paper; the probability is 0 before log sees it."),
            "0": ("certain-is-right", "The model is certain, and of the wrong class."),
        },
    ),
    "eps_gradient": Question(
        "zero",
        {
            "right": ("eps-repairs", "The 1e-8 decides the logarithm, and has no slope."),
            "nan": ("still-log-of-zero", "log(1e-8) is a number, -18.42."),
        },
    ),
    "loss_floor": Question(
        1.4612,
        {
            0: ("perfect-costs-nothing", "The second softmax sees only 1 and 0, not certainty."),
            2.3026: ("knows-nothing", "That is log(10), where all ten are the same."),
        },
        within=0.01,
    ),
    "log_softmax_before": Question(
        "nothing",
        {
            "a floor": ("every-softmax-hurts", "Its differences are those of the logits."),
            "nan": ("logs-of-logs", "It takes logits; any shift of them will do."),
        },
    ),
    "nll_of_probs": Question(
        "negative",
        {"positive": ("loss-is-positive", "It is minus a mean of numbers between 0 and 1.")},
    ),
    "square_classes": Question(
        "wrong",
        {
            "error": ("shapes-protect", "Five and five: every shape fits."),
            "right": ("finds-the-classes", "PyTorch takes dim 1, whatever it means."),
        },
    ),
}
