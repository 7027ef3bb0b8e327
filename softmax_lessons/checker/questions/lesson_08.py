"""The predictions of lesson 08."""

from softmax_lessons.checker.questions.question import Question

QUESTIONS = {
    "half_temperature": Question(
        "sharper",
        {
            "flatter": ("inverse-temperature", "T divides: at 0.5 the logits double."),
            "same": ("scale-cancels", "Only a shift cancels; this doubles every difference."),
        },
    ),
    "temperature_after": Question(
        2,
        {
            1: ("temperature-keeps-sum", "No softmax comes afterwards to set the sum right."),
            0.5: ("inverse-temperature", "Each entry is divided by 0.5, so it doubles."),
        },
    ),
    "temperature_zero": Question(
        "nan",
        {
            "argmax": ("limit-is-value", "That is where T -> 0 leads; 0 itself divides by 0."),
            "error": ("expects-an-error", "Division by 0 raises nothing on tensors."),
        },
    ),
    "temperature_on_log_probs": Question(
        "same",
        {
            "flatter": ("log-probs-are-not-logits", "The constant between them cancels."),
            "sharper": ("log-probs-are-not-logits", "The constant between them cancels."),
        },
    ),
    "hundred_draws": Question(
        0.05,
        {
            0.005: ("forgets-the-root", "n is under a root: 100 draws gain a factor of 10."),
            0.5: ("forgets-n", "That is the spread of one draw, not of the mean of 100."),
        },
        within=0.1,
    ),
    "categorical_positional": Question(
        0.645,
        {
            0.659: ("categorical-positional", "The first argument is probs, not logits."),
            0.448: ("double-softmax", "No softmax is taken: the numbers are shares already."),
        },
        within=0.005,
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
            4: ("keeps-all", "Three reach 0.9682; the fourth is not needed."),
        },
    ),
    "gumbel_of_probs": Question(
        "flatter",
        {
            "same": ("probs-to-gumbel", "The noise turns logits into softmax, not probs."),
            "sharper": ("probs-to-gumbel", "Probabilities lie closer together than the logits."),
        },
    ),
}
