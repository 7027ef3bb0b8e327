"""Lesson 06: log_softmax, cross_entropy, and five broken heads."""

from itertools import permutations

from softmax_lessons.checker.parsons import Parsons
from softmax_lessons.checker.question import Question
from softmax_lessons.lessons.cross_entropy import CROSS_ENTROPY, REPAIR
from softmax_lessons.lessons.log_softmax import LOG_SOFTMAX

# the head that drew each curve, and what shows it
CURVES = {
    "a": (4, "starts at 5.30. With equal logits, what has 200 entries to choose from?"),
    "b": (1, "starts at log 10 and gets stuck at once. Which head learns from a second softmax?"),
    "c": (3, "looks the same as the right one. Which head differs only by 1e-8?"),
    "d": (5, "starts at a tenth of log 10. Which mean is over ten times as many numbers?"),
    "e": (2, "is below 0. Which head returns minus a probability instead of minus its log?"),
}
HEADS = tuple(head for head, _ in CURVES.values())


def _first_that_is_off(guess: tuple[int, ...]) -> tuple[str, str]:
    """Return a slug and a sentence for the plainest curve that has the wrong head."""
    plain = "eadbc"
    placed = dict(zip(CURVES, guess, strict=True))
    curve = next(letter for letter in plain if placed[letter] != CURVES[letter][0])
    return f"curve-{curve}", f"Look at curve {curve} again: it {CURVES[curve][1]}"


QUESTIONS: dict[str, Question] = {
    "log_of_softmax": Question(
        "inf",
        {
            "200": ("logarithm-undoes-it", "Only on paper: the log gets a probability of 0."),
            "0": ("certain-is-right", "The model is certain, but of the wrong class."),
        },
    ),
    "eps_gradient": Question(
        "zero",
        {
            "right": ("eps-repairs", "Only the 1e-8 is left in the log, with no gradient."),
            "nan": ("still-log-of-zero", "log(1e-8) is a number, -18.42."),
        },
    ),
    "huge_equal_logits": Question(
        0,
        {
            1.0986: ("right-on-paper", "Next to 1e8, float32 has no digits left for log 3."),
            8: ("one-step-up", "log 3 is less than half a step of 8, so it's rounded down."),
        },
    ),
    "which_head": Question(
        HEADS, {guess: _first_that_is_off(guess) for guess in permutations(HEADS) if guess != HEADS}
    ),
    "loss_floor": Question(
        1.4612,
        {
            0: ("perfect-costs-nothing", "The second softmax sees only logits of 1 and 0."),
            2.3026: ("knows-nothing", "That's log(10), the loss if all ten logits are equal."),
        },
        within=0.01,
    ),
    "log_softmax_before": Question(
        "nothing",
        {
            "a floor": ("every-softmax-hurts", "It doesn't change the differences of the logits."),
            "nan": ("logs-of-logs", "It takes logits, and a shift of them does no harm."),
        },
    ),
    "scattered_logits": Question(
        "higher",
        {
            "the same": ("guesses-are-guesses", "They're guesses as before, but surer ones."),
            "lower": ("sure-is-better", "Nine in ten sure guesses are sure of a wrong class."),
        },
    ),
    "one_hot_of_impossible": Question(
        "nan",
        {
            "0.6931": ("zero-times-anything", "0 times -inf isn't 0, it's nan."),
            "inf": ("impossible-costs-inf", "The target is possible; the -inf meets a 0."),
        },
    ),
}

PARSONS = (
    Parsons(
        "log_softmax",
        """
        def my_log_softmax(x, dim):
            largest = x.amax(dim=dim, keepdim=True)
            shifted = x - largest
            totals = shifted.exp().sum(dim=dim, keepdim=True)
            return shifted - totals.log()
        """,
        wrong="return (shifted.exp() / totals).log()",
        mistake="log-of-softmax",
    ),
    Parsons(
        "cross_entropy",
        """
        def my_cross_entropy(logits, targets):
            largest = logits.amax(dim=1, keepdim=True)
            shifted = logits - largest
            log_probs = shifted - shifted.exp().sum(dim=1, keepdim=True).log()
            picked = log_probs.gather(1, targets[:, None])
            return -picked.mean()
        """,
        wrong="picked = log_probs[:, targets]",
        mistake="indexes-all-rows",
    ),
)

TASKS = {
    "log_softmax": LOG_SOFTMAX,
    "cross_entropy": CROSS_ENTROPY,
    **{f"repair_head_{number}": REPAIR for number in range(1, 6)},
    **QUESTIONS,
}
