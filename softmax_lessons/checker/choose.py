"""Find out which probes tell the misconceptions of an exercise apart.

    python -m softmax_lessons.checker.choose

prints, for each exercise, the smallest set of probes found that tells apart every two
misconceptions that its probes can tell apart at all, and the pairs that they can't. It fails if
there are such pairs. The set is kept in `exercises` as `telling`: the search starts with it.
"""

import itertools
import sys
import warnings
from collections import Counter
from dataclasses import replace

from softmax_lessons.attempts.run import Outcome, Probe, run
from softmax_lessons.checker.diagnose import same_outcome
from softmax_lessons.checker.exercises import Exercise, exercises
from softmax_lessons.checker.misconceptions import Face
from softmax_lessons.checker.recipe import Recipe

RIGHT = "right"


def entries(exercise: Exercise) -> list[tuple[str, Recipe | Face]]:
    """Return all ways to be right or wrong, each with its name."""
    found: list[tuple[str, Recipe | Face]] = [(RIGHT, recipe) for recipe in exercise.right]
    for m in exercise.misconceptions:
        # what is told apart by the functions called needs no probe
        for face in (*m.faces, *m.samples) if not m.calls else ():
            found.append((m.slug, face if callable(face) else replace(exercise.right[0], **face)))
    return found


def groups(functions: list[Recipe | Face], probe: Probe) -> list[int]:
    """Return a number for each function, the same for those that do the same with a probe."""
    representatives: list[Outcome] = []
    numbers = []
    for function in functions:
        outcome = run(function, probe)
        same = (_indistinguishable(outcome, other, probe) for other in representatives)
        number = next((i for i, yes in enumerate(same) if yes), len(representatives))
        if number == len(representatives):
            representatives.append(outcome)
        numbers.append(number)
    return numbers


def separations(exercise: Exercise) -> dict[tuple[str, str], list[set[int]]]:
    """Return, for each two names, the probes that tell each two of their functions apart.

    A function that no probe tells from a right one is right here, and left out.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch warns of what some wrong functions do
        all_entries = [(n, f) for n, f in entries(exercise) if _returns(f, exercise.probes)]
        names, functions = zip(*all_entries, strict=True)
        table = [groups(list(functions), probe) for probe in exercise.probes]
    apart = {}
    for i, j in itertools.combinations(range(len(names)), 2):
        apart[i, j] = {k for k, numbers in enumerate(table) if numbers[i] != numbers[j]}
    right = [i for i, name in enumerate(names) if name == RIGHT]
    harmless = {j for i in right for j in range(len(names)) if i < j and not apart[i, j]}
    found: dict[tuple[str, str], list[set[int]]] = {}
    for (i, j), probes in apart.items():
        if names[i] != names[j] and i not in harmless and j not in harmless:
            found.setdefault((names[i], names[j]), []).append(probes)
    return found


def smallest(exercise: Exercise) -> tuple[tuple[int, ...], list[tuple[str, str]]]:
    """Return a small set of probes that tells all apart, and the pairs that none tells apart."""
    pairs = separations(exercise)
    lost = [names for names, sets in pairs.items() if not all(sets)]
    left = [probes for sets in pairs.values() for probes in sets if probes]
    chosen: list[int] = []
    while left:
        counts = Counter(probe for probes in left for probe in probes)
        best = min(counts, key=lambda probe: (-counts[probe], probe))
        chosen.append(best)
        left = [probes for probes in left if best not in probes]
    return tuple(chosen), lost


def _returns(function: Recipe | Face, probes: tuple[Probe, ...]) -> bool:
    """Tell whether a function returns at all; an error on every probe is told by its text."""
    return any(not run(function, probe).error for probe in probes)


def _indistinguishable(a: Outcome, b: Outcome, probe: Probe) -> bool:
    grads_alike = (a.grad is None) == (b.grad is None)
    return grads_alike and same_outcome(a, b, probe) and same_outcome(b, a, probe)


def main() -> int:
    """Print the probes to keep; return 1 if a pair of misconceptions can't be told apart."""
    failed = False
    for name, exercise in exercises().items():
        chosen, lost = smallest(exercise)
        print(f"{name}: {len(chosen)} of {len(exercise.probes)} probes tell all apart: {chosen}")
        for pair in lost:
            print(f"  not told apart: {' and '.join(pair)}")
        failed = failed or bool(lost)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
