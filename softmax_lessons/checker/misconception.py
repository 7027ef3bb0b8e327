"""What a mistake is: how to name it, and how to recognise it."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor

from softmax_lessons.attempts.run import Outcome, Probe

# changes to the steps of a right answer (a dict), or a function
Variant = Mapping[str, object] | Callable[..., Tensor]


@dataclass(frozen=True, eq=False)
class Misconception:
    """One mistake; several may share a slug, if some ways to make it need different words.

    Attributes:
        slug: its name.
        says: the sentence that names it; it must be true for every variant.
        hints: where to look, which idea, which line; there may be fewer.
        variants: ways to make it that give different results.
        fit: variants with a number that's read off the attempt's own results.
        symptom: a fact that a single outcome can show.
        pattern: a fact that only all outcomes together can show; it gets the probes, what the
            attempt did with them, and the numbers of those that went wrong.
        error: a pattern in the error message that it raises.
        causes: slugs that don't count as separate mistakes next to this one.
        calls: the variants only count if the attempt calls one of these functions.
        alone: never try it together with another mistake.
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
        """Tell whether a single outcome shows it; None if a single outcome never can."""
        if self.error:
            return bool(re.search(self.error, outcome.error))
        return self.symptom(probe, outcome) if self.symptom else None
