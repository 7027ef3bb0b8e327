"""The predictions of lesson 06: losses, right and broken."""

import math
from itertools import permutations
from random import Random

import torch

from softmax_lessons.checker.question import Question
from softmax_lessons.lessons.other_numbers import with_other_numbers


def _huge_equal_logits(logit: float, classes: int) -> Question:
    x = torch.full((classes,), logit, dtype=torch.float32)
    answer = (x.logsumexp(dim=0) - x[0]).item()
    step = (torch.nextafter(x[0], 2 * x[0]) - x[0]).item()
    on_paper = round(math.log(classes), 4)
    shown = f"{logit:g}".replace("+0", "")
    return Question(
        int(answer),
        {
            on_paper: (
                "right-on-paper",
                f"Next to {shown}, float32 can't keep the digits of log {classes}.",
            ),
            int(answer + step): (
                "one-step-up",
                f"Numbers this large are {step:g} apart, and log {classes} is rounded down.",
            ),
        },
        asks=(
            f"In float32, `x` holds {classes} equal logits of {shown}, and the target is class 0. "
            f"On paper, the loss is log {classes} = {on_paper:g}. PyTorch's `logsumexp` adds the "
            "maximum back at the end. What does `x.logsumexp(dim=0) - x[0]` return?"
        ),
    )


def _rounded_down(random: Random) -> tuple[float, int]:
    """Draw logits large enough for numbers to be 1 to 8 apart, which round log(classes) down."""
    while True:
        logit = random.choice([1e7, 1.5e7, 2e7, 3e7, 5e7, 6e7, 1e8])
        classes = random.choice([2, 3, 4, 5, 8, 10, 12, 20, 30, 50, 60, 100, 1000])
        x = torch.tensor(logit, dtype=torch.float32)
        step = (torch.nextafter(x, 2 * x) - x).item()
        if 0.05 < math.log(classes) / step % 1 < 0.45:
            return logit, classes


# a head, the curve that it draws, and what gives it away
HEADS = (
    (
        "F.cross_entropy(z.softmax(1), t)",
        "b",
        "starts at log 10 and gets stuck at once. Which head has a second softmax?",
    ),
    (
        "F.nll_loss(z.softmax(1), t)",
        "e",
        "is below 0. Which head returns minus a probability instead of minus its log?",
    ),
    (
        "F.nll_loss((z.softmax(1) + 1e-8).log(), t)",
        "c",
        "looks the same as the right one. Which head differs only by 1e-8?",
    ),
    (
        "F.nll_loss(z.log_softmax(0), t)",
        "a",
        "starts at 5.30. With equal logits, what has 200 entries to choose from?",
    ),
    (
        "-(F.one_hot(t) * z.log_softmax(1)).mean()",
        "d",
        "starts at a tenth of log 10. Which mean runs over ten times too many numbers?",
    ),
)


def _which_head(order: list[int]) -> Question:
    heads = [HEADS[place] for place in order]
    curves = sorted((curve, number, told) for number, (_, curve, told) in enumerate(heads, 1))
    answer = tuple(number for _curve, number, _told in curves)

    def first_that_is_off(guess: tuple[int, ...]) -> tuple[str, str]:
        """Return a slug and a sentence for the most obvious curve with the wrong head."""
        for curve, number, told in sorted(curves, key=lambda each: "eadbc".index(each[0])):
            if guess["abcde".index(curve)] != number:
                return f"curve-{curve}", f"Look at curve {curve} again: it {told}"
        raise ValueError("nothing is off")

    lines = "".join(
        f"    {head}  # head {number}\n" for number, (head, _, _) in enumerate(heads, 1)
    )
    return Question(
        answer,
        {guess: first_that_is_off(guess) for guess in permutations(answer) if guess != answer},
        asks=(
            "A model for ten classes starts with equal logits and trains with each of five broken "
            "heads. `F.cross_entropy` would fall from 2.30 to 0.31.\n\n"
            "    z, t = torch.zeros(200, 10), torch.arange(200) % 10\n"
            f"{lines}\n"
            "The five losses go from 5.30 to 3.57 (a), from 2.30 to 1.81 (b), from 2.30 to 0.31 "
            "(c), from 0.23 to 0.09 (d) and from -0.10 to -0.63 (e). "
            "Which heads draw the curves a, b, c, d and e?"
        ),
    )


def _loss_floor(classes: int) -> Question:
    nothing = round(math.log(classes), 4)
    return Question(
        round(math.log(1 + (classes - 1) / math.e), 4),
        {
            0: ("perfect-costs-nothing", "The second softmax sees only logits of 1 and 0."),
            nothing: (
                "knows-nothing",
                f"That's log({classes}), the loss if all the logits are equal.",
            ),
        },
        within=0.01,
        asks=(
            f"A model for {classes} classes is perfect: its probabilities are 1 for the right "
            "class and 0 for the others. By mistake, `F.cross_entropy` gets these probabilities "
            "instead of logits. What loss does it return?"
        ),
    )


QUESTIONS = {
    "log_of_softmax": Question(
        "inf",
        {
            "200": ("logarithm-undoes-it", "Only on paper: the log gets a probability of 0."),
            "0": ("certain-is-right", "The model is certain, but of the wrong class."),
        },
        asks=(
            "In float32, `x = torch.tensor([200.0, 0.0, -5.0])` holds three logits, and the "
            "target is class 1. What loss do you get from `-torch.softmax(x, dim=0).log()[1]`?"
        ),
    ),
    "eps_gradient": Question(
        "zero",
        {
            "right": ("eps-repairs", "Only the 1e-8 is left in the log, with no gradient."),
            "nan": ("still-log-of-zero", "log(1e-8) is a number, -18.42."),
        },
        asks=(
            "The target is class 1, and someone adds 1e-8 to keep the loss finite:\n\n"
            "    x = torch.tensor([200.0, 0.0, -5.0], requires_grad=True)\n"
            "    loss = -(torch.softmax(x, dim=0) + 1e-8).log()[1]\n"
            "    (gradient,) = torch.autograd.grad(loss, x)\n\n"
            "What is the gradient?"
        ),
    ),
    "huge_equal_logits": with_other_numbers(_huge_equal_logits, (1e8, 3), _rounded_down),
    "which_head": with_other_numbers(
        _which_head, ([0, 1, 2, 3, 4],), lambda random: (random.sample(range(5), 5),)
    ),
    "loss_floor": with_other_numbers(
        _loss_floor, (10,), lambda random: (random.choice([2, 3, 4, 5, 8, 20, 50, 100, 1000]),)
    ),
    "scattered_logits": Question(
        "higher",
        {
            "the same": ("guesses-are-guesses", "They're still guesses, but surer ones."),
            "lower": ("sure-is-better", "Nine in ten sure guesses are sure of a wrong class."),
        },
        asks=(
            "An untrained model for ten classes would have a mean loss of log 10 = 2.30 if all its "
            "logits were 0. Instead, they scatter around 0, with a standard deviation of 2, "
            "whatever the input shows. Is its mean loss lower than 2.30, the same or higher?"
        ),
    ),
    "nan_losses": Question(
        1,
        {
            0: ("target-decides", "The sum that row 7 is divided by includes the nan."),
            200: ("one-nan-spreads", "Each row has its own softmax; only the mean mixes them."),
        },
        asks=(
            "One of 2000 logits is nan:\n\n"
            "    z, t = torch.zeros(200, 10), torch.arange(200) % 10\n"
            "    z[7, 4] = math.nan\n"
            '    losses = F.cross_entropy(z, t, reduction="none")\n\n'
            "How many of the 200 losses are nan?"
        ),
    ),
    "log_softmax_before": Question(
        "nothing",
        {
            "a floor": ("every-softmax-hurts", "The differences between the logits don't change."),
            "nan": ("logs-of-logs", "It takes logits, and shifting them does no harm."),
        },
        asks=(
            "Someone computes the loss as `F.cross_entropy(logits.log_softmax(dim=1), targets)`. "
            "`F.cross_entropy` has its own softmax. "
            "Rounding aside, what does the extra `log_softmax` do to the loss?"
        ),
    ),
    "one_hot_of_impossible": Question(
        "nan",
        {
            "0.6931": ("zero-times-anything", "0 times -inf isn't 0, it's nan."),
            "inf": ("impossible-costs-inf", "The target is possible; the -inf meets a 0."),
        },
        asks=(
            "A class is ruled out with a logit of -inf, and the target is class 0:\n\n"
            "    log_probs = torch.log_softmax(torch.tensor([0.0, 0.0, -math.inf]), dim=0)\n"
            "    one_hot = F.one_hot(torch.tensor(0), 3)\n"
            "    loss = -(one_hot * log_probs).sum()\n\n"
            "What is the loss?"
        ),
    ),
}
