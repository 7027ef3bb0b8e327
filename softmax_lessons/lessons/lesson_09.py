"""Lesson 09: softmax with a temperature, and which temperature fits."""

from softmax_lessons.checker.parsons import Parsons
from softmax_lessons.lessons import best_temperature, temperature
from softmax_lessons.lessons.questions_09 import QUESTIONS

PARSONS = (
    Parsons(
        "softmax_with_temperature",
        """
        def softmax_at(logits, temperature):
            scaled = logits / temperature
            probs = torch.softmax(scaled, dim=-1)
            return probs
        """,
        wrong="scaled = logits * temperature",
        mistake="inverse-temperature",
    ),
    Parsons(
        "best_temperature",
        """
        def best_temperature(logits, targets, temperatures):
            losses = []
            for T in temperatures:
                losses.append(F.cross_entropy(logits / T, targets))
            best = torch.stack(losses).argmin()
            return temperatures[best]
        """,
        wrong="best = torch.stack(losses).argmax()",
        mistake="worst-wins",
    ),
)

TASKS = {
    "softmax_with_temperature": temperature.EXERCISE,
    "best_temperature": best_temperature.EXERCISE,
    **QUESTIONS,
}
