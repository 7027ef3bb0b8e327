"""The predictions of lesson 11: the probability of a text, and distributions compared."""

import math
from random import Random

from softmax_lessons.checker.question import Question
from softmax_lessons.lessons.other_numbers import (
    counted,
    in_words,
    listed,
    to_digits,
    with_other_numbers,
)


def _probability_of_text(denominators: list[int]) -> Question:
    probs = [1 / denominator for denominator in denominators]
    return Question(
        to_digits(math.prod(probs), 3),
        {
            round(sum(probs) / len(probs), 4): (
                "mean-of-probabilities",
                "You need all the words, one after another.",
            ),
            round(sum(probs), 4): (
                "sums-probabilities",
                "To get all the words, you multiply.",
            ),
        },
        within=0.005,
        asks=(
            f"A text has {counted(len(probs), 'word')}. A language model gives them the "
            f"probabilities {listed([f'1/{d}' for d in denominators])}, each after the words "
            "before it. What is the probability of the text?"
        ),
    )


def _copies(logit: int, shifted: bool) -> Question:
    near_0, near_logit = "near 0", f"near {logit}"
    answer, other = (near_logit, near_0) if shifted else (near_0, near_logit)
    loss_of = (
        "The loss compares row t with word t + 1, as it should."
        if shifted
        else "Someone forgets this shift: the loss compares row t with word t."
    )
    behind = "the target has a logit of 0" if shifted else "the target is the input"
    return Question(
        answer,
        {
            other: (
                "shift-makes-no-difference",
                f"{'With' if shifted else 'Without'} the shift, {behind}.",
            )
        },
        asks=(
            "Row t of a language model's logits should predict word t + 1. A broken model copies: "
            f"it gives the logit {logit} to the word it has just read, and 0 to the other two "
            f"words it knows. No word comes twice in a row. {loss_of} "
            f"Is the loss near 0 or near {logit}?"
        ),
    )


def _entries_picked(words: list[int], classes: int) -> Question:
    count = len(words)
    return Question(
        count * count,
        {
            count: (
                "one-per-row",
                f"`:` means every row: each word is looked up in all {in_words(count)}.",
            ),
            1: ("one-entry", f"Each of the {in_words(count)} words is looked up in every row."),
        },
        asks=(
            f"`log_probs` has shape ({count}, {classes}), with a row for each word of a text, and "
            f"`words = torch.tensor({words})`. How many entries does `log_probs[:, words]` have?"
        ),
    )


def _words_and_classes(random: Random) -> tuple[list[int], int]:
    classes, count = random.randint(3, 9), random.randint(2, 8)
    return [random.randrange(classes) for _ in range(count)], classes


def _perplexity(powers: list[int]) -> float:
    return 2 ** (sum(powers) / len(powers))


def _corpus_perplexity(first: list[int], second: int) -> Question:
    """Each word's probability is a power of 1/2; the second text is one word."""
    perplexities = [_perplexity(first), _perplexity([second])]
    denominators = [2**power for power in (*first, second)]
    texts = listed([f"1/{d}" for d in denominators[:-1]])
    return Question(
        round(_perplexity([*first, second]), 4),
        {
            sum(perplexities) / 2: (
                "mean-of-perplexities",
                "Each word counts once, not each text.",
            ),
            round(math.prod(perplexities) ** 0.5, 4): (
                "mean-of-means",
                "Each word counts once, not each text.",
            ),
            round(sum(denominators) / len(denominators), 4): (
                "mean-of-inverses",
                "Take the mean of the logs first, then exp.",
            ),
        },
        within=0.01,
        asks=(
            "Perplexity is exp of minus the mean log-probability per word. The words of one text "
            f"have the probabilities {texts}: its perplexity is {perplexities[0]:g}. Another text "
            f"has one word, of probability 1/{denominators[-1]}, and a perplexity of "
            f"{perplexities[1]:g}. What is the perplexity of both together?"
        ),
    )


def _powers(random: Random) -> tuple[list[int], int]:
    """Draw powers for the first text, with an integer as their mean."""
    middle = random.randint(2, 4)
    apart = random.randrange(1, middle)
    return random.sample([middle - apart, middle, middle + apart], 3), random.randint(1, 5)


QUESTIONS = {
    "three_words": with_other_numbers(
        _probability_of_text,
        ([2, 4, 8],),
        lambda random: ([random.choice([2, 3, 4, 5, 8, 10]) for _ in range(3)],),
    ),
    "two_hundred_words": Question(
        "zero",
        {
            "tiny": ("no-end-below", "2 to the power -200 is below the smallest float32."),
            "error": ("expects-an-error", "A number that's too small becomes 0, with no error."),
        },
        asks=(
            "A text has 200 words, each with probability 1/2. You multiply the probabilities, "
            "with `torch.full((200,), 0.5).prod()`, in float32. What do you get?"
        ),
    ),
    "copy_not_shifted": with_other_numbers(
        _copies, (10, False), lambda random: (random.randint(8, 20), random.random() < 0.5)
    ),
    "entries_picked": with_other_numbers(_entries_picked, ([0, 1, 0], 3), _words_and_classes),
    "picks_the_long": Question(
        "mean",
        {
            "sum": ("longer-is-more", "Each word lowers the sum here: 0.36 is below 0.4."),
            "both": ("longer-is-more", "The sum compares 0.36 with 0.4."),
            "neither": ("length-never-pays", "Per word, 0.6 is more than 0.4."),
        },
        asks=(
            "A model can answer with one word of probability 0.4, or with two words of probability "
            "0.6 each. You take the answer with the larger sum of log-probabilities, or the one "
            "with the larger mean. Which picks the long answer: sum, mean, both or neither?"
        ),
    ),
    "corpus_perplexity": with_other_numbers(_corpus_perplexity, ([1, 2, 3], 1), _powers),
    "unseen_pair": Question(
        "inf",
        {
            "nan": (
                "nothing-is-computed",
                "The mean of -inf and a number is -inf, and exp(inf) is inf.",
            ),
            "finite": ("others-make-up", "One -inf makes the whole mean -inf."),
        },
        asks=(
            'For "the mat sat", a model gives "mat" a probability of 1/4 after "the", and '
            '"sat" a probability of 0 after "mat". Perplexity is exp of minus the mean '
            "log-probability. What is the perplexity of these two words?"
        ),
    ),
    "kl_order": Question(
        "model first",
        {"truth first": ("as-on-paper", "KL(p, q) has the truth first, F.kl_div the model.")},
        asks=(
            "You want KL(p, q), for the true probabilities p and a model's q, from "
            '`F.kl_div(a, b, reduction="batchmean")`. Which of the two comes first?'
        ),
    ),
    "kl_of_two_logs": Question(
        "nan",
        {
            "right": ("logs-are-noticed", "Nothing tells it: it takes the log of a log."),
            "negative": ("as-without-the-log", "That's what a model's probabilities give here."),
        },
        asks=(
            "p and q are distributions over three classes, without a 0 or a 1. What does "
            '`F.kl_div(q.log(), p.log(), reduction="batchmean")` return: KL(p, q), which is right, '
            "a negative number, or nan?"
        ),
    ),
    "kl_of_two_texts": Question(
        2.0925,
        {
            0.4185: ("batchmean-is-per-word", "It divides by dim 0: two texts, not ten words."),
            0.1395: ("divides-by-classes", 'That\'s `reduction="mean"`, over all the entries.'),
            4.185: ("sum-instead-of-mean", "That's the sum; it's divided by the two texts."),
        },
        within=0.005,
        asks=(
            "A model's log-probabilities and the true probabilities have shape (2, 5, 3): two "
            "texts, five words each, three classes. The KL divergence is 0.4185 at every word. "
            'What does `F.kl_div` return with `reduction="batchmean"`?'
        ),
    ),
    "masked_entropy": Question(
        "nan",
        {
            "log 2": ("zero-times-anything", "That's what it should be, but 0 times -inf is nan."),
            "log 3": ("masked-class-counts", "The masked class is never drawn."),
        },
        asks=(
            "One of three equal classes is masked:\n\n"
            "    p = torch.softmax(torch.tensor([0.0, 0.0, -math.inf]), dim=0)\n"
            "    entropy = -(p * p.log()).sum()\n\n"
            "What is `entropy`?"
        ),
    ),
}
