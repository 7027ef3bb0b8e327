"""The predictions of lesson 16: what a test notices."""

import math

import torch

from softmax_lessons.checker.question import Question
from softmax_lessons.dtypes import limits
from softmax_lessons.lessons.other_numbers import with_other_numbers


def _simplest_overflow(dtype: torch.dtype, largest: int) -> Question:
    limit = limits(dtype).exp_finite_up_to
    answer, name = math.floor(limit) + 1, str(dtype).removeprefix("torch.")
    return Question(
        answer,
        {
            largest: ("reports-the-largest", "It looks for the simplest number, not the largest."),
            math.floor(100 * limit) / 100: (
                "at-the-limit",
                f"exp({math.floor(100 * limit) / 100:g}) still fits; {answer} is the first integer "
                "above it.",
            ),
            0: ("any-number-will-do", "exp(0) is 1, and 1 / 1 is 1: this list obeys the law."),
        },
        asks=(
            "Hypothesis looks for a list of one to six logits whose naive softmax (exp, sum, "
            f"divide) in {name} doesn't sum to 1. It tries numbers between {-largest} and "
            f"{largest}, and reports the simplest list it finds; integers are simpler than "
            "fractions, and small numbers than large ones. The list holds a single number. Which "
            "one?"
        ),
    )


QUESTIONS: dict[str, Question] = {
    "sums_on_softmin": Question(
        "misses",
        {"notices": ("sums-are-enough", "Softmin is a softmax too: its rows sum to 1.")},
        asks=(
            "A test asserts that all numbers lie between 0 and 1, and that each row sums to 1. It "
            "gets a broken softmax, which takes softmin, `torch.softmax(-x, dim=1)`. "
            "Does the test notice the bug or miss it?"
        ),
    ),
    "loss_at_start": Question(
        "same",
        {
            "smaller": ("always-off", "Equal logits stay equal, however often you take softmax."),
            "larger": ("always-off", "Equal logits stay equal, however often you take softmax."),
        },
        asks=(
            "A network that has learned nothing outputs three logits of 0. A broken loss takes "
            "softmax twice: `F.cross_entropy(torch.softmax(logits, dim=1), targets)`. Compared "
            "with the right loss, log 3 = 1.0986, is it smaller, the same or larger?"
        ),
    ),
    "reshaped_logits": Question(
        "silent",
        {"error": ("shapes-will-tell", "(2, 4, 3) is the shape that F.cross_entropy wants.")},
        asks=(
            "`F.cross_entropy` expects (batch, classes, time). Your logits have shape (2, 3, 4), "
            "for (batch, time, classes), and your targets (2, 3). Instead of transposing, you "
            "write `F.cross_entropy(logits.reshape(2, 4, 3), targets)`. "
            "Do you get an error, or is it silent?"
        ),
    ),
    "naive_passes": Question(
        2,
        {
            4: ("trusts-ordinary-logits", "exp(1000) is inf, and inf / inf is nan."),
            3: ("columns-are-near", "The far batch's columns have logits of 1000 or more, too."),
            0: ("naive-is-broken", "For ordinary logits, the naive softmax is right."),
        },
        asks=(
            "A float32 softmax without the subtraction of a maximum is compared with "
            "`torch.softmax`, along dim 0 and along dim 1, on a near batch, "
            "[[0, 1, 2], [3, 1, 0]], and a far one, [[0, 1, 2], [1000, 1001, 1002]]. "
            "How many of the four tests pass?"
        ),
    ),
    "simplest_overflow": with_other_numbers(
        _simplest_overflow,
        (torch.float32, 1000),
        lambda random: (
            random.choice([torch.float16, torch.float32, torch.float64]),
            random.choice([1000, 2000, 5000, 10_000]),
        ),
    ),
    "kept_by_name": Question(
        "misses",
        {"notices": ("a-name-is-a-copy", "`before = scores` makes no copy; `clone()` does.")},
        asks=(
            "A function writes into the scores it's given. A test stores `before = scores`, calls "
            "the function, and then asserts `torch.equal(scores, before)`. "
            "Does the test notice the change or miss it?"
        ),
    ),
    "sharper_when_cold": Question(
        "misses",
        {"notices": ("direction-is-enough", "Dividing twice sharpens too, even more.")},
        asks=(
            "A function should divide the logits by the temperature before softmax, but divides "
            "twice. For the logits 2, 1 and 0.1, a test asserts that the largest probability is "
            "larger at temperature 0.5 than at temperature 1. Does the test notice the bug or miss "
            "it?"
        ),
    ),
    "unkept_sums": Question(
        "ones",
        {
            "error": ("shapes-will-tell", "A row of 3 maxima fits a 3 by 3 batch."),
            "off": ("sums-are-enough", "Each row is divided by its own sum, so it sums to 1."),
        },
        asks=(
            "The maximum in this softmax lacks its `keepdim=True`:\n\n"
            "    x = torch.tensor([[1.0, 2.0, 3.0], [1.0, 2.0, 1.0], [4.0, 3.0, 2.0]])\n"
            "    exps = (x - x.amax(dim=1)).exp()\n"
            "    sums = (exps / exps.sum(dim=1, keepdim=True)).sum(dim=1)\n\n"
            "Does the code raise an error, are the sums off, or are they ones?"
        ),
    ),
}
