"""Lesson 10: draws, and softmax among the k largest logits, or those near the largest."""

from softmax_lessons.checker.question import Question
from softmax_lessons.lessons import min_p, top_k

QUESTIONS = {
    "hundred_draws": Question(
        0.05,
        {
            0.005: ("forgets-the-root", "n is under a square root, and sqrt(100) is 10."),
            0.5: ("forgets-n", "That is the spread of one draw, not of the mean of 100."),
        },
        within=0.1,
    ),
    "chance_or_mistake": Question(
        "mistake",
        {"chance": ("two-percent-is-little", "It's 0.02 away, and the standard error is 0.005.")},
    ),
    "categorical_positional": Question(
        0.645,
        {
            0.659: ("categorical-positional", "The first argument is probs, not logits."),
            0.448: ("double-softmax", "There's no softmax: the numbers are taken as shares."),
        },
        within=0.005,
    ),
    "multinomial_of_log_probs": Question(
        "error",
        {
            "cat": ("log-probs-as-weights", "Weights are divided by their sum: no exp is taken."),
            "owl": ("log-probs-as-weights", "Owl's -2.317 can't be a weight: it's below 0."),
        },
    ),
    "zeroed_logits": Question(
        "more",
        {
            "zero": ("zeroed-logits", "exp(0) is 1, not 0."),
            "less": ("zeroed-logits", "Its logit was -1; 0 is larger."),
        },
    ),
    "nucleus_size": Question(
        3,
        {
            2: ("stops-short", "Two reach 0.8728, less than 0.9."),
            4: ("keeps-all", "Three reach 0.9682; the fourth isn't needed."),
        },
    ),
    "kept_at_p_1": Question(
        1,
        {
            2: ("total-is-exact", "On paper, yes; in float32, the first p rounds to 1."),
            0: ("largest-may-go", "Before the first class, the total is 0, which is below 1."),
        },
    ),
    "kept_after_top_k": Question(
        2,
        {
            3: ("order-does-not-matter", "Among three, the first two have 7/9, above 0.75."),
            1: ("stops-short", "The first has 4/9, which is below 0.75."),
        },
    ),
    "straight_through_order": Question(
        "zero",
        {
            "same": ("values-decide", "The values are; the gradients of soft and -soft cancel."),
            "reversed": ("minus-wins", "There is a plus and a minus: they cancel."),
        },
    ),
    "gumbel_of_probs": Question(
        "flatter",
        {
            "same": ("probs-to-gumbel", "What you add the noise to is taken as logits."),
            "sharper": ("probs-to-gumbel", "Probabilities lie closer together than the logits."),
        },
    ),
}

TASKS = {"top_k_softmax": top_k.EXERCISE, "min_p_softmax": min_p.EXERCISE, **QUESTIONS}
