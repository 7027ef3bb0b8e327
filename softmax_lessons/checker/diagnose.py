"""Find the smallest set of misconceptions that explains what an attempt did."""

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from softmax_lessons.checker.exercises import Exercise
from softmax_lessons.checker.judge import close, close_gradient
from softmax_lessons.checker.misconceptions import Face, Misconception
from softmax_lessons.checker.recipe import Recipe
from softmax_lessons.checker.run import Outcome, Probe, run


def diagnose(
    exercise: Exercise, outcomes: Sequence[Outcome], first: int
) -> tuple[Misconception, ...]:
    """Return the misconceptions behind a wrong attempt, the main one first.

    Args:
        exercise: what was to be solved.
        outcomes: what the attempt did, one a probe.
        first: the number of a probe that went wrong; starting there rejects most candidates
            at once.

    Returns:
        One or two misconceptions whose outcomes are the same as the attempt's on every probe,
        together with those that show in the outcomes themselves; empty if none fits.
    """
    library, probes = exercise.misconceptions, exercise.probes
    seen = [m for m in library if _shows(m, probes, outcomes)]
    if any(m.error for m in seen):
        return tuple(seen)
    order = sorted(range(len(outcomes)), key=lambda i: i != first)
    for mistakes, twin in _candidates(exercise):
        if _same(twin, probes, outcomes, order):
            # a trace that the twin leaves as well is its consequence, not one mistake more
            twins = [run(twin, probe, takes_dim=True) for probe in probes]
            own = [m for m in seen if not _shows(m, probes, twins)]
            return tuple(m for m in library if m in own or m in mistakes)
    return tuple(seen)


def _shows(m: Misconception, probes: Sequence[Probe], outcomes: Sequence[Outcome]) -> bool:
    """Tell whether a misconception is plain from the outcomes."""
    if m.trace:
        return any(m.trace(*pair) for pair in zip(probes, outcomes, strict=True))
    return bool(m.error) and any(re.search(m.error, outcome.error) for outcome in outcomes)


def _candidates(exercise: Exercise) -> Iterator[tuple[tuple[Misconception, ...], Face]]:
    """Yield wrong functions, and what is wrong with them: none, one, then two mistakes."""
    for recipe in exercise.right:
        yield (), recipe
    faces = [(m, face) for m in exercise.misconceptions for face in m.faces]
    for m, face in faces:
        if callable(face):
            yield (m,), face
        else:
            for recipe in exercise.right:
                yield (m,), replace(recipe, **face)
    changes = [(m, face) for m, face in faces if not callable(face)]
    for (m1, face1), (m2, face2) in itertools.combinations(changes, 2):
        if m1 is not m2 and not face1.keys() & face2.keys():
            for recipe in exercise.right:
                yield (m1, m2), replace(recipe, **face1, **face2)


def _same(
    candidate: Recipe | Face,
    probes: Sequence[Probe],
    outcomes: Sequence[Outcome],
    order: Sequence[int],
) -> bool:
    """Tell whether a candidate does what the attempt did, on every probe.

    Only results and gradients are compared: errors may be worded in any way, and what shows in
    an outcome itself (`Misconception.trace`) is named on its own.
    """
    for i in order:
        probe, theirs = probes[i], outcomes[i]
        ours = run(candidate, probe, takes_dim=True)
        if bool(ours.error) != bool(theirs.error):
            return False
        if ours.value is None or theirs.value is None:
            continue
        if not close(ours.value, theirs.value, probe):
            return False
        if ours.grad is not None and theirs.grad is not None:
            if not close_gradient(ours.grad, theirs.grad, probe):
                return False
        elif ours.grad_error and theirs.grad is not None:
            return False
    return True
