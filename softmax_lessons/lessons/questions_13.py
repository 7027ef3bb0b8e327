"""The predictions of lesson 13: dtypes with few bits."""

from random import Random

import torch

from softmax_lessons.checker.question import Question
from softmax_lessons.lessons.other_numbers import in_words, with_other_numbers

FLOAT16, BFLOAT16 = torch.finfo(torch.float16), torch.finfo(torch.bfloat16)


def _numbers_to_2(name: str, bits: int) -> Question:
    fewer = 10 - bits
    count = in_words(fewer)
    halved = f"{count.capitalize()} bits fewer halve the number {count} times."
    return Question(
        2**bits,
        {
            bits: (
                "counts-the-bits",
                f"{bits} bits make 2 to the power {bits} different numbers.",
            ),
            1024 - fewer: ("three-less", halved),
            round(1024 / fewer): ("a-third", halved),
            2**fewer: (
                "halves-too-often",
                f"2 to the power {fewer} is the factor that you lose.",
            ),
        },
        asks=(
            "float16 spends 10 bits on digits, so it has 1024 numbers from 1 up to, but not "
            f"including, 2. {name} spends {bits}. How many numbers does it have in this range?"
        ),
    )


def _stalled(step: int, times: int) -> Question:
    """A total stalls where the gap between numbers is twice the step."""
    bfloat16, float16 = (round(2 / info.eps) * step for info in (BFLOAT16, FLOAT16))
    half = bfloat16 // 2
    return Question(
        bfloat16,
        {
            times * step: (
                "sums-are-exact",
                f"{bfloat16 + step}, on the way there, isn't a bfloat16.",
            ),
            half: (
                "stalls-a-step-early",
                f"At {half}, the gap is {step}, so {half + step} still exists.",
            ),
            float16: ("as-in-float16", "That's where float16 stalls."),
        },
        asks=(
            f"You add {step} to a running total {times} times, with `total = total + {step}`. The "
            "total starts at 0 and is a bfloat16, which keeps 8 binary digits. "
            "What is it at the end?"
        ),
    )


def _rounded_losses(first: float, apart: float) -> Question:
    losses = [round(first - i * apart, 2) for i in range(5)]
    rounded = torch.tensor(losses, dtype=torch.float64).bfloat16()
    gap = (torch.nextafter(rounded[0], 2 * rounded[0]) - rounded[0]).item()
    seen = sorted(set(rounded.tolist()), reverse=True)
    return Question(
        len(seen),
        {
            5: (
                "sees-all-digits",
                f"bfloat16 numbers are 1/{1 / gap:g} apart here, not {apart:g}.",
            ),
            len(seen) + 1: (
                "rounds-to-both-ends",
                "Each loss is rounded to the nearer number, never to both.",
            ),
        },
        asks=(
            f"A loss falls: {', '.join(f'{loss:.2f}' for loss in losses)}. You compute it in "
            f"bfloat16, where numbers of this size are the multiples of 1/{1 / gap:g}. "
            "How many different values do you see?"
        ),
    )


def _falling(random: Random) -> tuple[float, float]:
    """Draw losses between two powers of 2, where all gaps are the same."""
    first = random.choice([random.randint(850, 1580), random.randint(430, 790)]) / 100
    return first, random.choice([0.01, 0.02, 0.03])


QUESTIONS = {
    "steps_of_bfloat16": with_other_numbers(
        _numbers_to_2,
        ("bfloat16", 7),
        lambda random: ("Another format", random.choice([2, 3, 4, 6, 8])),
    ),
    "softmax_to_half": Question(
        "nan",
        {
            "right": ("casts-the-result", "dtype= casts the input: 70000 becomes inf."),
            "zeros": ("zeros-after-inf", "inf minus inf is nan, and so is the whole sum."),
        },
        asks=(
            "`logits = torch.tensor([70000.0, 69999.0, 0.0])` is in float32, and the largest "
            "float16 is 65504. What does `F.softmax(logits, dim=0, dtype=torch.float16)` return?"
        ),
    ),
    "log_of_half_probs": Question(
        "-inf",
        {
            "-18": ("log-restores", "The probability is 0 already, and its log is -inf."),
            "nan": ("log-of-zero-is-nan", "log of 0 is -inf; nan comes from 0 / 0."),
        },
        asks=(
            "The logits are 0 and -18, in float16, whose smallest positive number is 6e-8. "
            "exp(-18) is 1.5e-8. You call `softmax`, and take the log of the result. "
            "What is the second number?"
        ),
    ),
    "costliest_step": Question(
        "subtract",
        {
            "exp": ("rounds-the-result", "Rounding exp costs about half an eps, relative to it."),
            "sum": ("rounds-the-result", "Rounding the sum costs about half an eps, once per row."),
            "divide": ("rounds-the-result", "Rounding the quotient costs about half an eps."),
        },
        asks=(
            "A softmax of logits between -25 and 25 takes four steps: subtract (the maximum), exp, "
            "sum and divide. You round the result of one step to bfloat16, and compute everything "
            "else in float64. Which step costs the most accuracy?"
        ),
    ),
    "thousand_ones": with_other_numbers(
        _stalled,
        (1, 1000),
        lambda random: (random.choice([1, 2, 4, 8, 16]), random.choice(range(500, 5001, 500))),
    ),
    "many_classes": Question(
        "zeros",
        {
            "right": ("trusts-the-sum", "The total is 70000, and the largest float16 is 65504."),
            "nan": ("expects-nan", "1 divided by inf is 0, not nan."),
        },
        asks=(
            "The largest float16 is 65504, and this softmax has 70000 logits of 0:\n\n"
            "    exps = torch.ones(70000, dtype=torch.float16)  # exp(0)\n"
            "    probs = exps / exps.sum()\n\n"
            "What are the probabilities?"
        ),
    ),
    "divided_once_more": Question(
        "refused",
        {"drawn": ("repairs-in-place", "In bfloat16, the sum 0.9990 is rounded to 1.")},
        asks=(
            "The bfloat16 softmax of 1, 2 and 3 sums to 0.9990. NumPy's `choice` refuses to draw "
            "with it, because the sum must be 1. You divide by the sum, `probs / probs.sum()`, in "
            "bfloat16, and try again. Is a class drawn, or are the probabilities refused?"
        ),
    ),
    "float32_under_autocast": Question(
        "loss",
        {
            "all": (
                "autocast-protects-softmax",
                "On a CPU, autocast leaves softmax and log_softmax in the dtype of their input.",
            ),
            "none": (
                "autocast-casts-everything-down",
                "Autocast casts up for some operations, and the loss is one of them.",
            ),
            "softmaxes": (
                "autocast-protects-softmax",
                "It's the other way round: the loss is on the list for float32, not softmax.",
            ),
        },
        asks=(
            'On a CPU, under `torch.autocast("cpu", dtype=torch.bfloat16)`, `x @ weight` comes out '
            "in bfloat16. You pass it to `F.softmax`, `F.log_softmax` and `F.cross_entropy`. "
            "Which results are float32: all, none, only the loss, or only the two softmaxes?"
        ),
    ),
    "losses_in_bfloat16": with_other_numbers(_rounded_losses, (10.84, 0.01), _falling),
    "lost_gradient": Question(
        "float16",
        {
            "bfloat16": ("digits-for-range", "Few digits don't matter here: bfloat16 has range."),
            "both": ("digits-for-range", "bfloat16 goes down to 9e-41, far below 2.0e-8."),
            "neither": ("float16-reaches-far", "Anything below half of 6e-8 is 0 in float16."),
        },
        asks=(
            "A gradient of 2.0e-8 is stored in 16 bits. The smallest positive number is 6e-8 in "
            "float16 and 9e-41 in bfloat16. "
            "Which dtype turns the gradient into 0: float16, bfloat16, both or neither?"
        ),
    ),
    "float8_on_cpu": Question(
        "product",
        {
            "difference": ("all-arithmetic-alike", "It's not implemented; the product is."),
            "softmax": ("casts-up-by-itself", "You have to cast it up: `dtype=torch.float32`."),
        },
        asks=(
            "`x` is a tensor of dtype `torch.float8_e4m3fn` on a CPU. Which one works: the product "
            "`x * x`, the difference `x - x`, or its softmax?"
        ),
    ),
    "minus_inf_in_e4m3fn": Question(
        "lost",
        {"kept": ("every-format-has-inf", "e4m3fn spends its codes on numbers and has no inf.")},
        asks=(
            "Masked logits are -inf. To save memory, you store the logits in 8 bits, as "
            "`torch.float8_e4m3fn`. Is -inf kept or lost?"
        ),
    ),
    "most_exact_in_float32": Question(
        "naive",
        {
            "stable": ("stable-means-exact", "Stable means no overflow; its subtraction rounds."),
            "built-in": ("library-is-best", "It subtracts the maximum too, and that rounds."),
        },
        asks=(
            "The logits are float32 numbers between -25 and 25, so nothing overflows. Which "
            "softmax has the smallest maximum error: the naive one (exp, sum, divide), the stable "
            "one (which subtracts the maximum first) or the built-in `torch.softmax`?"
        ),
    ),
}
