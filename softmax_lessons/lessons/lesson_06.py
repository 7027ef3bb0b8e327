"""Lesson 06: log_softmax, cross_entropy, and five broken heads."""

from softmax_lessons.checker.parsons import Parsons
from softmax_lessons.lessons.cross_entropy import CROSS_ENTROPY, REPAIR
from softmax_lessons.lessons.log_softmax import LOG_SOFTMAX
from softmax_lessons.lessons.questions_06 import QUESTIONS

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
