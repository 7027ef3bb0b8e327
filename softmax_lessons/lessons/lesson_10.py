"""Lesson 10: draws, and softmax among the k largest logits, or those near the largest."""

from softmax_lessons.checker.parsons import Parsons
from softmax_lessons.lessons import min_p, top_k
from softmax_lessons.lessons.questions_10 import QUESTIONS

PARSONS = (
    Parsons(
        "top_k_softmax",
        """
        def top_k_probs(logits, k):
            top = logits.topk(k, dim=-1)
            hidden = torch.full_like(logits, float("-inf"))
            kept = hidden.scatter(dim=-1, index=top.indices, src=top.values)
            return torch.softmax(kept, dim=-1)
        """,
        wrong="hidden = torch.zeros_like(logits)",
        mistake="zeroed-logits",
    ),
    Parsons(
        "min_p_softmax",
        """
        def min_p_probs(logits, min_p):
            probs = torch.softmax(logits, dim=-1)
            threshold = min_p * probs.amax(dim=-1, keepdim=True)
            kept = logits.masked_fill(probs < threshold, float("-inf"))
            return torch.softmax(kept, dim=-1)
        """,
        wrong="threshold = min_p",
        mistake="cut-not-relative",
    ),
)

TASKS = {"top_k_softmax": top_k.EXERCISE, "min_p_softmax": min_p.EXERCISE, **QUESTIONS}
