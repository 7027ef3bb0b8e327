"""The predictions of lesson 10: draws, and which classes may be drawn."""

import math
from collections.abc import Sequence
from fractions import Fraction
from itertools import accumulate
from random import Random

from softmax_lessons.checker.question import Question
from softmax_lessons.lessons.other_numbers import (
    in_words,
    listed,
    softmax,
    to_digits,
    with_other_numbers,
)


def _standard_error(p: float, draws: int) -> Question:
    spread, root = math.sqrt(p * (1 - p)), math.isqrt(draws)
    return Question(
        to_digits(spread / root, 3),
        {
            to_digits(spread / draws, 3): (
                "forgets-the-root",
                f"n is under a square root, and sqrt({draws}) is {root}.",
            ),
            to_digits(spread, 3): (
                "forgets-n",
                f"That's the spread of one draw, not of the mean of {draws}.",
            ),
        },
        within=0.1,
        asks=(
            f"A class has the probability p = {p:g}, so p (1 - p) is {p * (1 - p):.4f}. "
            f"What is the standard error of its frequency in {draws} draws?"
        ),
    )


def _shares_and_draws(random: Random) -> tuple[float, int]:
    return random.randint(10, 90) / 100, random.choice([25, 64, 400, 900, 1600, 2500, 10000])


def _taken_as_shares(logits: list[float]) -> Question:
    probs = softmax(logits)
    return Question(
        to_digits(logits[0] / sum(logits), 3),
        {
            to_digits(probs[0], 3): (
                "categorical-positional",
                "The first argument is probs, not logits.",
            ),
            to_digits(softmax(probs)[0], 3): (
                "double-softmax",
                "There's no softmax: the numbers are taken as shares.",
            ),
        },
        within=0.005,
        asks=(
            f"The logits of cat, dog and owl are {listed(logits)}; their softmax is "
            f"{listed([f'{p:.3f}' for p in probs])}. The logits go into "
            "`torch.distributions.Categorical(logits)`, without a keyword. What probability does "
            "cat get?"
        ),
    )


def _set_to_zero(logits: list[float], eel: float) -> Question:
    answer, other = ("more", "less") if eel < 0 else ("less", "more")
    return Question(
        answer,
        {
            "zero": ("zeroed-logits", "exp(0) is 1, not 0."),
            other: (
                "zeroed-logits",
                f"Its logit was {eel:g}; 0 is {'larger' if eel < 0 else 'smaller'}.",
            ),
        },
        asks=(
            f"Cat, dog, owl and eel have the logits {listed([*logits, eel])}. To drop the eel, "
            "someone sets its logit to 0 before softmax. Compared with before, is its probability "
            "less, more or zero?"
        ),
    )


def _logits_and_eel(random: Random) -> tuple[list[float], float]:
    logits = [random.randint(0, 30) / 10 for _ in range(3)]
    return logits, random.choice([-1, 1]) * random.randint(3, 20) / 10


def _nucleus(probs: list[float], p: float) -> Question:
    totals = [round(total, 4) for total in accumulate(probs)]
    answer = 1 + sum(total < p for total in totals)
    enough = totals[answer - 1]
    return Question(
        answer,
        {
            answer - 1: (
                "stops-short",
                f"After {in_words(answer - 1)}, the total is {totals[answer - 2]:g}, less than "
                f"{p:g}.",
            ),
            len(probs): (
                "keeps-all",
                f"After {in_words(answer)}, the total is {enough:g}; the rest isn't needed.",
            ),
        },
        asks=(
            "Top-p sampling keeps, from the largest down, the fewest classes whose probabilities "
            f"add up to p or more. The probabilities are {listed(probs)}, and p is {p:g}. "
            "How many classes stay?"
        ),
    )


def _probs_and_p(random: Random) -> tuple[list[float], float]:
    shares = sorted((random.randint(5, 60) for _ in range(random.randint(5, 7))), reverse=True)
    probs = [round(share / sum(shares), 2) for share in shares[1:]]
    return [round(1 - sum(probs), 2), *probs], random.choice([0.5, 0.6, 0.7, 0.75, 0.8, 0.9])


def _kept(shares: Sequence[Fraction], p: Fraction) -> int:
    return 1 + sum(total < p for total in accumulate(shares))


def _after_top_k(tenths: list[int], k: int, hundredths: int) -> Question:
    """Softmax is taken again over k classes before top-p keeps some of them."""
    p, whole = Fraction(hundredths, 100), [Fraction(tenth, 10) for tenth in tenths]
    shares = [Fraction(tenth, sum(tenths[:k])) for tenth in tenths[:k]]
    answer = _kept(shares, p)
    before = "first has" if answer == 2 else f"first {in_words(answer - 1)} have"
    return Question(
        answer,
        {
            _kept(whole, p): (
                "order-does-not-matter",
                f"Among {in_words(k)}, the first {in_words(answer)} have {sum(shares[:answer])}, "
                f"above {float(p):g}.",
            ),
            answer - 1: (
                "stops-short",
                f"The {before} {sum(shares[: answer - 1])}, which is below {float(p):g}.",
            ),
        },
        asks=(
            f"The probabilities are {listed([float(share) for share in whole])}. Top-k keeps the "
            f"{in_words(k)} largest, and you take softmax again. Then top-p keeps the fewest, from "
            f"the largest down, that add up to {float(p):g} or more. How many stay?"
        ),
    )


def _order_matters(random: Random) -> tuple[list[int], int, int]:
    tenths = random.choice([[4, 3, 2, 1], [3, 3, 2, 1, 1], [3, 2, 2, 1, 1, 1], [4, 2, 2, 1, 1]])
    k = random.randint(3, len(tenths) - 1)
    while True:
        hundredths = random.choice(range(40, 96, 5))
        shares = [Fraction(tenth, sum(tenths[:k])) for tenth in tenths[:k]]
        if _kept(shares, Fraction(hundredths, 100)) > 1:
            return tenths, k, hundredths


QUESTIONS = {
    "hundred_draws": with_other_numbers(_standard_error, (0.659, 100), _shares_and_draws),
    "chance_or_mistake": Question(
        "mistake",
        {"chance": ("two-percent-is-little", "It's 0.02 away, and the standard error is 0.005.")},
        asks=(
            "A sampler draws a class with p = 0.5, and in 10,000 draws it comes up 5200 times. "
            "Is that chance, or is there a mistake?"
        ),
    ),
    "categorical_positional": with_other_numbers(
        _taken_as_shares,
        ([2.0, 1.0, 0.1],),
        lambda random: ([random.randint(1, 40) / 10 for _ in range(3)],),
    ),
    "multinomial_of_log_probs": Question(
        "error",
        {
            "cat": ("log-probs-as-weights", "Weights are divided by their sum: no exp is taken."),
            "owl": ("log-probs-as-weights", "Owl's -2.317 can't be a weight: it's below 0."),
        },
        asks=(
            "Cat, dog and owl have the log-probabilities -0.417, -1.417 and -2.317. You pass them "
            "to `torch.multinomial`, which takes weights and divides them by their sum. "
            "Does it draw cat most often, draw owl most often, or raise an error?"
        ),
    ),
    "zeroed_logits": with_other_numbers(_set_to_zero, ([2.0, 1.0, 0.1], -1.0), _logits_and_eel),
    "nucleus_size": with_other_numbers(
        _nucleus, ([0.6381, 0.2347, 0.0954, 0.0318], 0.9), _probs_and_p
    ),
    "dropped_above_p": Question(
        "nan",
        {
            "largest": ("one-always-stays", "The first total, 0.6381, is above 0.5 already."),
            "quarters": ("as-with-finite", "All four are -inf, and -inf minus -inf is nan."),
        },
        asks=(
            "Four classes have probabilities 0.6381, 0.2347, 0.0954 and 0.0318. A top-p filter "
            "with p = 0.5 goes down from the largest, and sets to -inf the logit of every class at "
            "which the total, including that class, is more than p. What is the softmax of the "
            "result: 1 for the largest, quarters or nan?"
        ),
    ),
    "kept_at_p_1": Question(
        1,
        {
            2: ("total-is-exact", "On paper, yes; in float32, the first p rounds to 1."),
            0: ("largest-may-go", "Before the first class, the total is 0, which is below 1."),
        },
        asks=(
            "A top-p filter with p = 1 should keep every class:\n\n"
            "    probs = torch.softmax(torch.tensor([20.0, 0.0]), dim=0)\n"
            "    before = probs.cumsum(dim=0) - probs\n"
            "    keep = before < 1.0\n\n"
            "In float32, how many of the two classes does it keep?"
        ),
    ),
    "tied_for_second": Question(
        3,
        {
            2: ("k-means-k", "The second largest is 1, and three logits are at least 1."),
            1: ("ties-are-dropped", "1 >= 1 is true: a tied logit stays."),
            4: ("keeps-all", "The last logit, 0, is below 1."),
        },
        asks=(
            "The logits are 1, 1, 1 and 0, and a top-k filter with k = 2 keeps the logits where "
            "`logits >= logits.topk(2).values[-1]`. How many does it keep?"
        ),
    ),
    "kept_after_top_k": with_other_numbers(_after_top_k, ([4, 3, 2, 1], 3, 75), _order_matters),
    "gumbel_of_probs": Question(
        "flatter",
        {
            "same": ("probs-to-gumbel", "Whatever you add the noise to is taken as logits."),
            "sharper": ("probs-to-gumbel", "Probabilities lie closer together than the logits."),
        },
        asks=(
            "If you add Gumbel noise to the logits 2, 1 and 0.1 and take the argmax, each class "
            "wins as often as its softmax probability says: 0.659, 0.242 and 0.099. Someone adds "
            "the noise to these probabilities instead. "
            "Do the frequencies stay the same, or get flatter or sharper?"
        ),
    ),
    "kept_by_llama_cpp": Question(
        1,
        {
            3: ("order-does-not-matter", "Here the filters come before the temperature."),
            2: ("stops-early", "After top-k, 0.211 is less than half of 0.526: min-p drops it."),
            4: ("first-filter-only", "That's after top-k; top-p and min-p drop more."),
        },
        asks=(
            "The probabilities are 0.5, 0.2, 0.15, 0.1 and 0.05. A program applies top-k (k = 4), "
            "top-p (p = 0.7) and min-p (0.5), each to the softmax of what's left, and a "
            "temperature of 2 at the end. How many classes stay?"
        ),
    ),
    "straight_through_order": Question(
        "zero",
        {
            "same": ("values-decide", "The values are the same, but the gradients cancel."),
            "reversed": ("minus-wins", "There's a plus and a minus: they cancel."),
        },
        asks=(
            "`soft` is a softmax, and `hot` its one-hot draw, which has no gradient. To give the "
            "draw soft's gradient, you write `hot - soft.detach() + soft`. "
            "Someone writes `hot + soft - soft`, which has the same value. "
            "Is its gradient the same, reversed or zero?"
        ),
    ),
}
