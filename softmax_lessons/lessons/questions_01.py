"""The predictions of lesson 01: softmax of one row."""

import math
from random import Random

from softmax_lessons.checker.question import Question
from softmax_lessons.lessons.other_numbers import listed, softmax, with_other_numbers


def _share(scores: list[float]) -> Question:
    exps = [math.exp(score) for score in scores]
    cat, dog, _owl = (e / sum(exps) for e in exps)
    answer = round(cat, 2)
    shown = listed([f"{e:.4f}" for e in exps])
    raw = sum(scores)
    return Question(
        answer,
        {
            round(scores[0] / raw, 2): (
                "divides-raw-scores",
                f"That's {scores[0]:g} / {raw:g}, the share of the raw score.",
            ),
            round(answer + 0.01, 2): (
                "rounds-up",
                f"{exps[0]:.4f} / {sum(exps):.4f} is {cat:.3f}.",
            ),
            round(100 * answer): (
                "in-percent",
                f"That's a percentage: as a share of 1, it's {answer:g}.",
            ),
            round(dog, 2): ("another-class", "That's the dog's share."),
            round(exps[0], 2): (
                "forgets-the-sum",
                "That's the cat's exponential; divide it by the sum.",
            ),
        },
        within=0.005,
        asks=(
            f"The logits of cat, dog and owl are {listed(scores)}. Their exponentials are {shown}. "
            "What is the cat's probability, to two decimal places?"
        ),
    )


def _scores(random: Random) -> tuple[list[float]]:
    """Draw scores with clear shares: far from a half in the third digit."""
    while True:
        scores = [random.randint(1, 30) / 10 for _ in range(3)]
        cat = softmax(scores)[0]
        if 0.4 < cat < 0.9 and abs(cat - round(cat, 2)) < 0.0019:
            return (scores,)


def _sigmoid_of(no: float, yes: float) -> Question:
    return Question(
        yes - no,
        {
            yes: ("sigmoid-of-own-score", f"Then the other score, {no}, wouldn't matter."),
            yes + no: (
                "sigmoid-of-sum",
                "Adding a number to both scores mustn't change anything.",
            ),
        },
        asks=(
            f"A model has two classes, and gives `no` the logit {no} and `yes` the logit {yes}. "
            "The softmax probability of `yes` is then a sigmoid, 1 / (1 + exp(-d)), of some number "
            "d. What is d?"
        ),
    )


QUESTIONS = {
    "sum_of_zero": Question(
        "inf",
        {
            "error": ("expects-an-error", "Float tensors don't raise here; they give inf or nan."),
            "fine": ("ignores-the-sum", "The scores sum to 0; what is 2 / 0?"),
        },
        asks=(
            "To turn scores into shares, you divide `torch.tensor([2.0, 1.0, -3.0])` by its sum. "
            "Does PyTorch raise an error, do you get inf, or is the result fine?"
        ),
    ),
    "cat_share": with_other_numbers(_share, ([2.0, 1.0, 0.1],), _scores),
    "add_ten": Question(
        "same",
        {
            "flatter": ("shift-changes", "Each exponential and their sum grow by the same factor."),
            "sharper": ("shift-changes", "Each exponential and their sum grow by the same factor."),
        },
        asks=(
            "Someone adds 10 to each of the scores 2, 1 and 0.1 before softmax. "
            "Do the probabilities stay the same, get flatter (closer together) or get sharper "
            "(further apart)?"
        ),
    ),
    "times_ten": Question(
        "sharper",
        {
            "same": ("scale-cancels", "The cat's lead over the dog grows from 1 to 10."),
            "flatter": ("scale-flattens", "Larger differences give larger ratios."),
        },
        asks=(
            "The scores of cat, dog and owl are 2, 1 and 0.1. Someone multiplies each of them by "
            "10 before softmax. Do the probabilities stay the same, get flatter (closer together) "
            "or get sharper (further apart)?"
        ),
    ),
    "scores_back": Question(
        "up to a constant",
        {
            "yes": ("forgets-the-sum", "Each log is the score minus the log of the sum."),
            "no": ("log-loses-order", "The differences between the scores come back."),
        },
        asks=(
            "All you have is `probs`, the softmax of a row of scores. "
            "Does `probs.log()` give you the scores back?"
        ),
    ),
    "sigmoid_of": with_other_numbers(
        _sigmoid_of,
        (0.5, 2.0),
        lambda random: (random.randint(-6, 6) / 2, random.randint(1, 8) / 2),
    ),
    "skyline": Question(
        "completely",
        {
            "not at all": ("knows-nonsense", "'None of these' isn't one of the three answers."),
            "a little": ("nonsense-is-vague", "Two scores are 36 apart; exp does the rest."),
        },
        asks=(
            "A model tells cats, dogs and owls apart by how pointed the ears are: its scores are "
            "1.0, 0.4 and -0.3 times the pointedness. An ordinary cat has a pointedness of 2. "
            "A skyline full of towers has 60. How sure is the model that the skyline is a cat?"
        ),
    ),
}
