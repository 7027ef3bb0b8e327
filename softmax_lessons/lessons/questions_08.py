"""The predictions of lesson 08: gradients."""

from fractions import Fraction
from random import Random

from softmax_lessons.checker.question import Question
from softmax_lessons.lessons.other_numbers import in_words, listed, with_other_numbers


def _dog_when_cat_moves(scores: list[float], rises: bool) -> Question:
    answer, other = ("falls", "rises") if rises else ("rises", "falls")
    return Question(
        answer,
        {
            "stays": (
                "diagonal-jacobian",
                f"Its logit doesn't change, but the denominator {'grows' if rises else 'shrinks'}.",
            ),
            other: (
                "sum-grows-too",
                "The probabilities sum to 1: what cat "
                + ("gains, others lose." if rises else "loses, others gain."),
            ),
        },
        asks=(
            f"The logits of cat, dog and owl are {listed(scores)}. You "
            f"{'raise' if rises else 'lower'} the cat's logit a little, and leave the other two "
            "alone. What happens to the dog's softmax probability?"
        ),
    )


def _scores(random: Random) -> tuple[list[float], bool]:
    return [random.randint(-30, 30) / 10 for _ in range(3)], random.random() < 0.5


def _logits_with_a_gradient(classes: int) -> Question:
    return Question(
        classes,
        {2: ("diagonal-jacobian", "Every logit is part of the sum that both are divided by.")},
        asks=(
            f"A softmax has {in_words(classes)} classes. The gradient of a loss with respect to "
            "their probabilities is 1 for cat and for dog, and 0 for the rest. "
            "How many of the logits get a nonzero gradient?"
        ),
    )


def _gradient_by_hand(p: list[Fraction], g: list[int]) -> Question:
    average = sum(share * slope for share, slope in zip(p, g, strict=True))
    return Question(
        float(p[0] * (g[0] - average)),
        {
            float(p[0] * (1 - p[0]) * g[0]): (
                "diagonal-jacobian",
                "That's p * (1 - p) * g: the other two matter too.",
            ),
            float(p[0] * g[0]): (
                "forgets-the-average",
                "That's p * g; first subtract the average of g.",
            ),
            float(g[0] - average): (
                "forgets-the-factor",
                "That's g minus its average; multiply it by p.",
            ),
            float(p[0] * average): (
                "g-of-one-class",
                "That's p * average; it should be p * (g - average).",
            ),
        },
        within=0.01,
        asks=(
            f"A softmax returns the probabilities {listed(p)}, and the gradient of a loss with "
            f"respect to them is g = {g}. "
            "What is the gradient with respect to the first logit?"
        ),
    )


def _shares_and_slopes(random: Random) -> tuple[list[Fraction], list[int]]:
    p = random.choice(
        [(2, 4, 4), (4, 2, 4), (4, 4, 2), (2, 8, Fraction(8, 3)), (8, 2, Fraction(8, 3))]
    )
    return [1 / Fraction(share) for share in p], [4 * random.randint(-3, 3) for _ in range(3)]


def _loss_gradient(p: float) -> Question:
    return Question(
        round(p - 1, 4),
        {
            round(1 - p, 4): (
                "sign-error",
                "It's p - y, and y is 1: a rising logit lowers the loss.",
            ),
            p: ("p-without-y", "That's p; at the target, subtract 1."),
            round(-1 / p, 4): (
                "gradient-for-probs",
                "That's -1/p, the gradient w.r.t. the probability.",
            ),
            round(p * (1 - p), 4): (
                "diagonal-jacobian",
                "That's p * (1 - p), the derivative of p itself.",
            ),
        },
        within=0.02,
        asks=(
            f"The target is cat, and softmax gives cat the probability {p:g}. "
            "What is the gradient of cross-entropy with respect to cat's logit?"
        ),
    )


QUESTIONS = {
    "dog_when_cat_rises": with_other_numbers(_dog_when_cat_moves, ([2.0, 1.0, 0.1], True), _scores),
    "jacobian_row_sum": Question(
        0,
        {1: ("sums-like-probs", "The probabilities sum to 1; their changes sum to 0.")},
        asks=(
            "Row i of the Jacobian of softmax says how fast the probability of class i changes "
            "with each of the logits. What does a row sum to?"
        ),
    ),
    "logits_with_a_gradient": with_other_numbers(
        _logits_with_a_gradient, (3,), lambda random: (random.randint(4, 20),)
    ),
    "gradient_by_hand": with_other_numbers(
        _gradient_by_hand,
        ([Fraction(1, 2), Fraction(1, 4), Fraction(1, 4)], [4, 0, -4]),
        _shares_and_slopes,
    ),
    "gradcheck_of_diagonal": Question(
        "finds it",
        {"misses it": ("diagonal-is-close", "Off the diagonal, p_i * p_j is far from 0.")},
        asks=(
            "A handwritten backward for softmax returns `p * (1 - p) * g`, so it uses only the "
            "diagonal of the Jacobian. `torch.autograd.gradcheck` moves each logit a little, in "
            "float64, and compares how each probability changes with what backward says. "
            "Does it find the mistake or miss it?"
        ),
    ),
    "loss_gradient_of_cat": with_other_numbers(
        _loss_gradient, (0.6590,), lambda random: (random.randint(2, 98) / 100,)
    ),
    "mse_pull_at_20": Question(
        "almost 0",
        {
            "about 1": ("error-sets-pull", "The error is 1, but p * (1 - p) is a factor too."),
            "about 0.1": ("error-sets-pull", "The target's p is about 2e-9, and it's a factor."),
        },
        asks=(
            "Two classes have logits 20 and 0, and the second is the target. The pull on its "
            "logit is minus the gradient of the loss. Cross-entropy's pull is nearly 1. How hard "
            "does MSE pull, here the sum of the squares of `probs - torch.tensor([0, 1])`?"
        ),
    ),
    "gradient_of_prob_sum": Question(
        "zeros",
        {
            "ones": ("as-in-x-sum", "That's for x.sum(); softmax(x).sum() is 1 whatever x is."),
            "the probabilities": ("p-times-ones", "It's p * (1 - sum of p), and p sums to 1."),
        },
        asks=(
            "`x` is a row of logits. Rounding aside, what is the gradient of "
            "`torch.softmax(x, dim=0).sum()` with respect to `x`?"
        ),
    ),
    "single_class_gradient": Question(
        0,
        {
            1: ("one-over-n", "The probability is 1 whatever the logit: nothing moves it."),
            -1: ("p-without-softmax", "p - y is 1 - 1."),
        },
        asks=(
            "A model returns a single logit per example, so the logits have shape (3, 1): they are "
            "2, -3 and 100. The loss is `F.cross_entropy`, with three targets of class 0. "
            "What is the gradient with respect to each logit?"
        ),
    ),
    "right_of_four_detached": Question(
        2,
        {
            4: ("detach-is-harmless", "The two uses cancel only if you treat both the same."),
            3: ("detach-is-harmless", "With only one detached, the other's gradient is left."),
            1: ("detach-is-wrong", "With both detached, m is a constant and still cancels."),
        },
        asks=(
            "With `m = x.max()`, logsumexp is `m + (x - m).exp().sum().log()`. You can replace m "
            "with `m.detach()` in front, inside exp, in both places or in neither. "
            "How many of these versions give the right gradient with respect to `x`?"
        ),
    ),
    "loss_that_sees_a_shift": Question(
        "z-loss",
        {
            "cross-entropy": ("shift-changes-probs", "A shift cancels in softmax (lesson 01)."),
            "both": ("shift-changes-probs", "A shift cancels in softmax (lesson 01)."),
            "neither": ("logsumexp-cancels", "logsumexp grows by the shift; nothing cancels it."),
        },
        asks=(
            "A model trains with two losses: cross-entropy, and a z-loss, which is 0.0001 times "
            "the square of the logsumexp of the logits. You add 100 to all the logits 2, 1 and "
            "0.1. Which loss changes: cross-entropy, z-loss, both or neither?"
        ),
    ),
}
