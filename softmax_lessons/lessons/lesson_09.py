"""Lesson 09: softmax with a temperature, and which temperature fits."""

from softmax_lessons.checker.parsons import Parsons
from softmax_lessons.checker.question import Question
from softmax_lessons.lessons import best_temperature, temperature

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
            1: ("temperature-keeps-sum", "No softmax follows to bring the sum back to 1."),
            0.5: ("inverse-temperature", "Each entry is divided by 0.5, so it doubles."),
        },
    ),
    "temperature_zero": Question(
        "nan",
        {
            "argmax": ("limit-is-value", "That's the limit for T -> 0; T = 0 divides by 0."),
            "error": ("expects-an-error", "Dividing a tensor by 0 raises no error."),
        },
    ),
    "one_log_prob_at_half": Question(
        "another",
        {"same": ("one-is-not-a-row", "No softmax follows to cancel the constant.")},
    ),
    "accuracy_at_temperature": Question(
        "same",
        {
            "better": ("calibrated-is-right", "The largest logit of each row stays the largest."),
            "worse": ("unsure-is-wrong", "The largest logit of each row stays the largest."),
        },
    ),
    "confidence_that_fits": Question(
        0.7,
        {
            0.9: ("confidence-is-given", "It says 0.9, but is right seven times in ten."),
            0.63: ("multiplies-confidence", "That is 0.9 * 0.7. How often is the model right?"),
        },
        within=0.01,
    ),
    "gradient_at_double_t": Question(
        0.25,
        {
            0.5: ("only-the-division", "The difference of the probabilities shrinks as well."),
            1: ("temperature-keeps-size", "p - q shrinks, and it's divided by T as well."),
            2: ("inverse-temperature", "A higher temperature flattens: the pull gets weaker."),
            4: ("inverse-temperature", "A higher temperature flattens: the pull gets weaker."),
        },
        within=0.1,
    ),
    "temperature_on_log_probs": Question(
        "same",
        {
            "flatter": ("log-probs-are-not-logits", "The constant between them cancels."),
            "sharper": ("log-probs-are-not-logits", "The constant between them cancels."),
        },
    ),
}

PARSONS = (
    Parsons(
        "softmax_with_temperature",
        """
        def softmax_at(logits, temperature):
            scaled = logits / temperature
            probs = torch.softmax(scaled, dim=-1)
            return probs
        """,
        wrong="scaled = logits * temperature",
        mistake="inverse-temperature",
    ),
    Parsons(
        "best_temperature",
        """
        def best_temperature(logits, targets, temperatures):
            losses = []
            for T in temperatures:
                losses.append(F.cross_entropy(logits / T, targets))
            best = torch.stack(losses).argmin()
            return temperatures[best]
        """,
        wrong="best = torch.stack(losses).argmax()",
        mistake="worst-wins",
    ),
)

TASKS = {
    "softmax_with_temperature": temperature.EXERCISE,
    "best_temperature": best_temperature.EXERCISE,
    **QUESTIONS,
}
