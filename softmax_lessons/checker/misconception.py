"""What a mistake is: how to name it, and how to recognise it."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor

from softmax_lessons.attempts.run import Outcome, Probe

# a change to the steps of what is right (a dict of them), or a function
Variant = Mapping[str, object] | Callable[..., Tensor]


@dataclass(frozen=True, eq=False)
class Misconception:
    """One mistake; several may share a slug, where it is made in ways that need other words.

    Attributes:
        slug: its name.
        says: the sentence that names it; true of every variant.
        hints: where to look, which idea, which line; as many as there are.
        variants: ways to write it that give different results.
        fit: variants with a number in them that is read off the attempt's own results.
        symptom: a fact that shows in a single outcome.
        pattern: a fact that shows in all outcomes together; told the probes, what the attempt
            did with them, and the numbers of those that went wrong.
        error: a pattern in the error message that it raises.
        causes: slugs that don't count as separate mistakes next to this one.
        calls: the variants count if one of these functions was called.
        alone: it is not tried together with another mistake.
    """

    slug: str
    says: str
    hints: tuple[str, ...] = ()
    variants: tuple[Variant, ...] = ()
    fit: Callable[[Sequence[Probe], Sequence[Outcome]], Iterator[Variant]] | None = None
    symptom: Callable[[Probe, Outcome], bool] | None = None
    pattern: Callable[[Sequence[Probe], Sequence[Outcome], Collection[int]], bool] | None = None
    error: str = ""
    causes: tuple[str, ...] = ()
    calls: frozenset[str] = frozenset()
    alone: bool = False

    def shows(self, probe: Probe, outcome: Outcome) -> bool | None:
        """Tell whether it is plain from a single outcome; None if it never is."""
        if self.error:
            return bool(re.search(self.error, outcome.error))
        return self.symptom(probe, outcome) if self.symptom else None
