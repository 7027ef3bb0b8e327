"""Find the smallest set of misconceptions that explains what an attempt did."""

import itertools
import re
import warnings
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from softmax_lessons.attempts.run import Outcome, Probe, run
from softmax_lessons.checker.exercises import Exercise
from softmax_lessons.checker.judge import close, close_gradient
from softmax_lessons.checker.misconceptions import OTHER_FUNCTION, Face, Misconception
from softmax_lessons.checker.recipe import Recipe


def diagnose(
    exercise: Exercise,
    probes: Sequence[Probe],
    outcomes: Sequence[Outcome],
    failed: Collection[int],
    first: int,
    called: Collection[str],
) -> tuple[Misconception, ...]:
    """Return the misconceptions behind a wrong attempt, the main one first.

    Args:
        exercise: what was to be solved.
        probes: what the attempt was tried on.
        outcomes: what it did, one a probe.
        failed: the numbers of the probes that went wrong.
        first: one of them; starting there rejects most candidates at once.
        called: the names of the torch functions that it called.

    Returns:
        The fewest misconceptions, up to three, whose outcomes are the same as the attempt's on
        every probe, and those that show in the outcomes themselves; empty if none fits.
    """
    if first >= len(probes):  # it fails on fresh inputs only
        first = 0
    library = exercise.misconceptions
    seen = [m for m in library if _shows(m, probes, outcomes)]
    caused = {slug for m in seen for slug in m.causes}
    seen = [m for m in seen if m.slug not in caused]
    if any(m.error for m in seen):
        return tuple(m for m in seen if m.error)
    if all(outcome.value is None for outcome in outcomes):
        return tuple(seen)
    partly = tuple(m for m in library if m.where and failed and m.where(probes, failed))[:1]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch warns of what some wrong functions do
        explained = _explained(exercise, probes, outcomes, first, called, seen)
    # unexplained, it is what shows in the example that matters
    shown = [m for m in seen if m.trace(probes[first], outcomes[first])]
    return explained or tuple(shown) or partly


def _explained(
    exercise: Exercise,
    probes: Sequence[Probe],
    outcomes: Sequence[Outcome],
    first: int,
    called: Collection[str],
    seen: Sequence[Misconception],
) -> tuple[Misconception, ...]:
    """Return the misconceptions of the first candidate that does the same; empty if none does."""
    order = dict.fromkeys((first, *exercise.telling, *range(len(probes))))
    for mistakes, twin in _candidates(exercise, probes, outcomes, called):
        if _may_be(twin, probes[first], outcomes[first]) and _same(twin, probes, outcomes, order):
            # a trace that the twin leaves as well is its consequence, not one mistake more
            twins = [run(twin, probe) for probe in probes]
            own = [m for m in seen if not _shows(m, probes, twins)]
            return tuple(m for m in exercise.misconceptions if m in own or m in mistakes)
    return ()


def _shows(m: Misconception, probes: Sequence[Probe], outcomes: Sequence[Outcome]) -> bool:
    """Tell whether a misconception is plain from the outcomes."""
    if m.trace:
        return any(m.trace(*pair) for pair in zip(probes, outcomes, strict=True))
    return bool(m.error) and any(re.search(m.error, outcome.error) for outcome in outcomes)


def _candidates(
    exercise: Exercise,
    probes: Sequence[Probe],
    outcomes: Sequence[Outcome],
    called: Collection[str],
) -> Iterator[tuple[tuple[Misconception, ...], Face]]:
    """Yield wrong functions, and what is wrong with them, the fewest mistakes first."""
    for recipe in exercise.right:
        yield (), recipe
    faces = []
    for m in exercise.misconceptions:
        if m.calls and not m.calls & called:
            continue
        fitted = m.fit(probes, outcomes) if m.fit else ()
        faces += [(m, face) for face in (*m.faces, *fitted)]
    for m, face in faces:
        if callable(face):
            yield (m,), face
        else:
            for recipe in {replace(recipe, **face) for recipe in exercise.right}:
                yield (m,), recipe
    pairs: list[tuple[tuple[Misconception, ...], Mapping[str, object]]] = []
    changes = [(m, face) for m, face in faces if not callable(face) and not m.alone]
    # the likely pairs first: a wrong dim or shift and another one of those
    changes.sort(key=lambda change: change[0] in OTHER_FUNCTION)
    for (m1, face1), (m2, face2) in itertools.combinations(changes, 2):
        # two wrong functions in one are rare, and there would be thousands to try
        both_functions = m1 in OTHER_FUNCTION and m2 in OTHER_FUNCTION
        if m1 is not m2 and not both_functions and not face1.keys() & face2.keys():
            pairs.append(((m1, m2), {**face1, **face2}))
            for recipe in {replace(recipe, **pairs[-1][1]) for recipe in exercise.right}:
                yield (m1, m2), recipe
    # whoever makes two mistakes may not shift at all as well
    for m in exercise.misconceptions:
        if m.slug == "no-max-subtraction" and not callable(m.faces[0]):
            for mistakes, steps in pairs:
                if m not in mistakes and not m.faces[0].keys() & steps.keys():
                    yield (*mistakes, m), replace(exercise.right[0], **m.faces[0], **steps)


def _may_be(candidate: Recipe | Face, probe: Probe, theirs: Outcome) -> bool:
    """Tell, from one entry of one result, whether a candidate is worth a closer look."""
    try:
        ours = candidate(probe.logits.clone(), *probe.rest)
    except Exception:
        return bool(theirs.error)
    if theirs.value is None:
        return not theirs.error
    if ours.shape != theirs.value.shape:
        return False
    a, b = float(ours.reshape(-1)[0]), float(theirs.value.reshape(-1)[0])
    return abs(a - b) <= 0.01 * abs(b) or a == b or (a != a and b != b)


def _same(
    candidate: Recipe | Face,
    probes: Sequence[Probe],
    outcomes: Sequence[Outcome],
    order: Iterable[int],
) -> bool:
    """Tell whether a candidate does what the attempt did, on every probe.

    Only results and gradients are compared: errors may be worded in any way, and what shows in
    an outcome itself (`Misconception.trace`) is named on its own.
    """
    return all(same_outcome(run(candidate, probes[i]), outcomes[i], probes[i]) for i in order)


def same_outcome(ours: Outcome, theirs: Outcome, probe: Probe) -> bool:
    """Tell whether two functions did the same with a probe, as far as this can be compared."""
    if bool(ours.error) != bool(theirs.error):
        return False
    if ours.value is None or theirs.value is None:
        return True
    if not close(ours.value, theirs.value, probe):
        return False
    if not theirs.value.isfinite().all():
        return True  # the gradient of inf is inf or nan, as the steps happen to go
    if ours.grad is None or theirs.grad is None:
        return not (ours.grad_error and theirs.grad is not None)
    return close_gradient(ours.grad, theirs.grad, probe)
