"""The predictions of lesson 09: temperature."""

from random import Random

from softmax_lessons.checker.question import Question
from softmax_lessons.lessons.other_numbers import in_words, listed, with_other_numbers


def _other_temperature(temperature: float, logits: list[float]) -> Question:
    answer, other = ("sharper", "flatter") if temperature < 1 else ("flatter", "sharper")
    return Question(
        answer,
        {
            other: (
                "inverse-temperature",
                f"T divides: at {temperature:g}, each logit is multiplied by {1 / temperature:g}.",
            ),
            "same": (
                "scale-cancels",
                f"Only a shift cancels; this multiplies every difference by {1 / temperature:g}.",
            ),
        },
        asks=(
            f"Before softmax, the logits {listed(logits)} are divided by a temperature T, which "
            f"goes from 1 {'down' if temperature < 1 else 'up'} to {temperature:g}. "
            "Do the probabilities get flatter, get sharper or stay the same?"
        ),
    )


def _temperature_and_logits(random: Random) -> tuple[float, list[float]]:
    logits = [x / 2 for x in random.sample(range(-8, 9), 3)]
    return random.choice([0.1, 0.2, 0.25, 0.5, 2.0, 4.0, 5.0, 10.0]), logits


def _divided_after(temperature: float) -> Question:
    return Question(
        1 / temperature,
        {
            1: ("temperature-keeps-sum", "No softmax follows to bring the sum back to 1."),
            temperature: (
                "inverse-temperature",
                f"Each entry is divided by {temperature:g}, so it's multiplied by "
                f"{1 / temperature:g}.",
            ),
        },
        asks=(
            f"Someone divides the probabilities by a temperature of {temperature:g}, after "
            "softmax. What do the results sum to?"
        ),
    )


def _confidence(says: float, right: int, answers: int) -> Question:
    return Question(
        right / answers,
        {
            says: (
                "confidence-is-given",
                f"It says {says:g}, but is right {in_words(right)} times in {in_words(answers)}.",
            ),
            round(says * right / answers, 4): (
                "multiplies-confidence",
                f"That's {says:g} * {right / answers:g}. How often is the model right?",
            ),
        },
        within=0.01,
        asks=(
            f"A model for two classes gives its answer a probability of {says:g} every time, and "
            f"{right} of {answers} answers are right. You choose the temperature that makes the "
            "mean cross-entropy smallest. What probability does the model then give its answers?"
        ),
    )


def _said_and_right(random: Random) -> tuple[float, int, int]:
    answers = random.choice([10, 20])
    return (
        random.choice([0.75, 0.8, 0.9, 0.95]),
        random.randint(answers * 3 // 5, answers - 1),
        answers,
    )


def _times_hotter(factor: int) -> Question:
    return Question(
        1 / factor**2,
        {
            1 / factor: (
                "only-the-division",
                "The difference between the probabilities shrinks, too.",
            ),
            1: ("temperature-keeps-size", "p - q shrinks, and it's divided by T, too."),
            factor: (
                "inverse-temperature",
                "A higher temperature flattens: the pull gets weaker.",
            ),
            factor**2: (
                "inverse-temperature",
                "A higher temperature flattens: the pull gets weaker.",
            ),
        },
        within=0.1,
        asks=(
            "A student model learns from a teacher's probabilities q, both at a large temperature "
            "T. The gradient with respect to the student's logits is (p - q) / T, and both p and q "
            f"depend on T too. You multiply T by {factor}. By about what factor does the gradient "
            "change?"
        ),
    )


QUESTIONS = {
    "half_temperature": with_other_numbers(
        _other_temperature, (0.5, [2.0, 1.0, 0.1]), _temperature_and_logits
    ),
    "temperature_after": with_other_numbers(
        _divided_after,
        (0.5,),
        lambda random: (random.choice([0.1, 0.2, 0.25, 0.4, 0.8, 2.0, 2.5, 4.0, 5.0]),),
    ),
    "temperature_zero": Question(
        "nan",
        {
            "argmax": ("limit-is-value", "That's the limit for T -> 0; T = 0 divides by 0."),
            "error": ("expects-an-error", "Dividing a tensor by 0 raises no error."),
        },
        asks=(
            "`logits = torch.tensor([2.0, 1.0, 0.1])`. As T goes to 0, the largest logit gets "
            "everything. What do you get from `torch.softmax(logits / T, dim=0)` at T = 0 itself?"
        ),
    ),
    "temperature_on_log_probs": Question(
        "same",
        {
            "flatter": ("log-probs-are-not-logits", "The constant between them cancels."),
            "sharper": ("log-probs-are-not-logits", "The constant between them cancels."),
        },
        asks=(
            "A sampler takes `weights = (log_probs / T).exp()`, where `log_probs` is the "
            "`log_softmax` of the logits, and draws with weights divided by their sum. "
            "Compared with the softmax of `logits / T`, is the distribution that it draws from "
            "flatter, the same or sharper?"
        ),
    ),
    "one_log_prob_at_half": Question(
        "another",
        {"same": ("one-is-not-a-row", "No softmax follows to cancel the constant.")},
        asks=(
            "You only have the first entry of `torch.log_softmax(logits, dim=0)`, for the logits "
            "2, 1 and 0.1, and you divide it by T = 0.5. Is that the same as the first entry of "
            "`torch.log_softmax(logits / T, dim=0)`, or another number?"
        ),
    ),
    "confidence_that_fits": with_other_numbers(_confidence, (0.9, 7, 10), _said_and_right),
    "accuracy_at_temperature": Question(
        "same",
        {
            "better": ("calibrated-is-right", "The largest logit of each row stays the largest."),
            "worse": ("unsure-is-wrong", "The largest logit of each row stays the largest."),
        },
        asks=(
            "A classifier is too sure of its answers, so you divide all its logits by one "
            "temperature T larger than 1. Does its accuracy get better, get worse or stay the same?"
        ),
    ),
    "gradient_at_double_t": with_other_numbers(
        _times_hotter, (2,), lambda random: (random.choice([3, 4, 5, 8, 10]),)
    ),
}
