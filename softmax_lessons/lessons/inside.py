"""The library's mistakes, for exercises that contain a softmax."""

import itertools
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace

from softmax_lessons.attempts.run import Outcome, Probe
from softmax_lessons.checker.misconception import Misconception, Variant
from softmax_lessons.lessons.misconceptions import LIBRARY
from softmax_lessons.lessons.recipe import RIGHT

# an input of the exercise and its outcome, as if the exercise asked for a softmax alone
View = Callable[[Probe, Outcome], tuple[Probe, Outcome]]


def inside(
    slugs: Sequence[str],
    around: Callable[[Variant], Variant],
    view: View,
    paired: Collection[str] = (),
) -> tuple[Misconception, ...]:
    """Return misconceptions of softmax for an exercise with a softmax in it.

    Args:
        slugs: which ones.
        around: turns a softmax, f(x, dim), into a function for the exercise. Changes to a recipe
            stay, so the exercise's own recipe needs the same steps.
        view: how the library's facts look at an outcome.
        paired: the slugs of the mistakes that are tried together with another one.
    """
    found = [m for m in LIBRARY if m.slug in slugs]
    moved = (_inside(m, around, view) for m in found)
    return tuple(replace(m, alone=m.alone or m.slug not in paired) for m in moved)


def _inside(m: Misconception, around: Callable[[Variant], Variant], view: View) -> Misconception:
    def whole(variant: Variant) -> Variant:
        return around(variant if callable(variant) else replace(RIGHT, **variant))

    def moved(variant: Variant) -> Iterator[Variant]:
        if not callable(variant):
            yield variant
        # the first step may apply to the logits, or to the input of the softmax
        if callable(variant) or "enter" in variant:
            yield whole(variant)

    def all_of(
        probes: Sequence[Probe], outcomes: Sequence[Outcome]
    ) -> tuple[list[Probe], list[Outcome]]:
        seen = [view(*pair) for pair in zip(probes, outcomes, strict=True)]
        return [probe for probe, _ in seen], [outcome for _, outcome in seen]

    def fit(probes: Sequence[Probe], outcomes: Sequence[Outcome]) -> Iterator[Variant]:
        # as functions, so that variants read off the results aren't tried with every other mistake
        yield from map(whole, m.fit(*all_of(probes, outcomes)))

    def symptom(probe: Probe, outcome: Outcome) -> bool:
        return m.symptom(*view(probe, outcome))

    def pattern(
        probes: Sequence[Probe], outcomes: Sequence[Outcome], failed: Collection[int]
    ) -> bool:
        return m.pattern(*all_of(probes, outcomes), failed)

    return replace(
        m,
        variants=tuple(itertools.chain.from_iterable(map(moved, m.variants))),
        fit=fit if m.fit else None,
        symptom=symptom if m.symptom else None,
        pattern=pattern if m.pattern else None,
    )
