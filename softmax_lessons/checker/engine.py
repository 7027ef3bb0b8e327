"""`check`: from an attempt to a verdict."""

import difflib
import os
import random
import re
from collections.abc import Collection, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from softmax_lessons.attempts.isolate import CAN_ISOLATE, run_isolated
from softmax_lessons.attempts.run import Outcome, Probe
from softmax_lessons.checker.diagnose import diagnose
from softmax_lessons.checker.exercises import Exercise, exercises
from softmax_lessons.checker.hunts import Hunt, as_attempt, hunts
from softmax_lessons.checker.judge import Expected, Failure, expect, judge, numbers
from softmax_lessons.checker.misconceptions import Misconception
from softmax_lessons.checker.progress import record
from softmax_lessons.checker.questions import Answer, Question, questions
from softmax_lessons.checker.verdict import Example, Verdict

BY_HAND = (
    "that is made already\nPyTorch's own function is right, and in your models it is what you "
    "should write. Here the point is to build it yourself, from smaller steps."
)
NOT_ISOLATED = (
    "\n\n(On this system your function runs in the notebook's own process: nothing stops an "
    "endless loop.)"
)

MOST_DRAWN = 40  # entries of an example

_TRIES: dict[tuple[str, str], int] = {}  # how often each mistake was made, in this session


def check(exercise: str, attempt: object) -> Verdict:
    """Check an attempt at an exercise, or a prediction, and name the mistake in it.

    Args:
        exercise: the name of the exercise or question, such as "stable_softmax".
        attempt: for an exercise, the learner's function itself (not its result); for a
            question, a word, a number or a shape.

    Returns:
        The verdict. Nothing is raised and nothing is printed, whatever the attempt does.
    """
    if isinstance(exercise, str) and exercise in questions():
        return _check_guess(exercise, questions()[exercise], attempt)
    if not isinstance(exercise, str) or exercise not in {**exercises(), **hunts()}:
        names = (*exercises(), *hunts(), *questions())
        near = difflib.get_close_matches(str(exercise), names, n=1, cutoff=0.4)
        lines = [f'There is no exercise "{exercise}".']
        lines += [f'Did you mean "{name}"?' for name in near]
        lines += [f"The exercises are: {', '.join((*exercises(), *hunts()))}."]
        return Verdict(str(exercise), False, (), "\n".join(lines))
    if attempt is None or attempt is Ellipsis:
        return _not_begun(exercise)
    if not callable(attempt):
        return Verdict(
            exercise,
            False,
            ("result-not-function",),
            f"{exercise}: not yet (result-not-function)\n"
            f"check needs your function itself, and got a {type(attempt).__name__}.\n"
            f'Write check("{exercise}", my_function), without calling it.',
        )
    if exercise in hunts():
        hunt = hunts()[exercise]
        probes = hunt_probes(hunt)
        outcomes, _ = run_isolated(as_attempt(attempt, hunt), probes, ("nothing", "i"))
        verdict = hunt_verdict(exercise, hunt, probes, outcomes)
    else:
        task = exercises()[exercise]
        probes = task_probes(task)
        outcomes, called = run_isolated(attempt, probes, task.parameters)
        verdict = task_verdict(exercise, task, probes, outcomes, called)
    if verdict.passed and not str(getattr(attempt, "__name__", "")).endswith("_solution"):
        record(exercise)  # but for the course's own solutions
    return verdict if CAN_ISOLATE else replace(verdict, message=verdict.message + NOT_ISOLATED)


def task_probes(task: Exercise) -> tuple[Probe, ...]:
    """Return the inputs for one check of an exercise: its own, and others drawn anew."""
    # not torch's own generator: the learner's seed stays as it is
    seed = int.from_bytes(os.urandom(8), "big") >> 1
    return task.probes + task.fresh(torch.Generator().manual_seed(seed))


def task_verdict(
    exercise: str,
    task: Exercise,
    probes: Sequence[Probe],
    outcomes: Sequence[Outcome],
    called: Collection[str],
) -> Verdict:
    """Return the verdict on an attempt, from what it did with `task_probes` and what it called."""
    if all(_is_stub(outcome) for outcome in outcomes):
        return _not_begun(exercise)
    failures = {}
    for i, (probe, outcome) in enumerate(zip(probes, outcomes, strict=True)):
        if failure := judge(probe, outcome, expect(task.reference, probe)):
            failures[i] = failure
    if not failures:
        if task.by_hand.intersection(called):
            return Verdict(exercise, False, ("uses-torch-softmax",), f"{exercise}: {BY_HAND}")
        return _passed(exercise, f"Same as PyTorch on all {len(outcomes)} inputs tried.")
    known = len(task.probes)
    smallest = min(failures, key=lambda i: (i >= known, probes[i].logits.numel(), i))
    wrong = {i for i in failures if i < known}
    found = diagnose(task, task.probes, outcomes[:known], wrong, smallest, called)
    if found and found[0].error:  # then the example is one that raises this error
        raises = [i for i in wrong if re.search(found[0].error, outcomes[i].error)]
        smallest = min(raises, key=lambda i: (probes[i].logits.numel(), i))
    probe, failure = probes[smallest], failures[smallest]
    return Verdict(
        exercise,
        False,
        tuple(m.slug for m in found),
        _explain(exercise, task, probe, failure, found),
        _example(probe, outcomes[smallest], expect(task.reference, probe), failure),
    )


def hunt_probes(hunt: Hunt) -> list[Probe]:
    """Return the numbers of the functions to try a learner's test on.

    In no fixed order, and twice, so that a test can't count its calls or throw dice.
    """
    subjects = 2 * list(range(len(hunt.right) + len(hunt.broken)))
    random.SystemRandom().shuffle(subjects)
    return [Probe(torch.zeros(1), 0, others=(i,)) for i in subjects]


def hunt_verdict(
    exercise: str, hunt: Hunt, probes: Sequence[Probe], outcomes: Sequence[Outcome]
) -> Verdict:
    """Return the verdict on a learner's test: right functions must pass, broken ones fail."""
    if all(_is_stub(outcome) for outcome in outcomes):
        return _not_begun(exercise)
    passes = [o.value is not None and bool(o.value.flatten()[:1].eq(1).all()) for o in outcomes]
    right = [probe.rest[0] < len(hunt.right) for probe in probes]
    if passes == right:
        return _passed(
            exercise, "Your test lets the right functions pass, and fails for the broken one."
        )
    refused = next(
        (o for o, p, r in zip(outcomes, passes, right, strict=True) if r and not p), None
    )
    if refused is None:
        slug, says = "misses-the-bug", "Your test passes for the broken function as well."
        came = "no error, for the function of the lesson that has the bug"
        wanted = "an AssertionError (or any other), or False"
    else:
        slug, says = "refuses-right-code", "Your test fails for a function that is right."
        came = refused.error or "False"
        wanted = "no error, and anything but False"
    lines = [f"{exercise}: not yet ({slug})", says, "", "your test of that function:"]
    lines += [f"  came:     {came}", f"  expected: {wanted}"]
    if refused is None:
        mistake = Misconception(slug, says, hunt.hint, hunt.second_hint)
        lines += ["", f"Hint: {_next_hint(exercise, mistake)}"]
    return Verdict(exercise, False, (slug,), "\n".join(lines))


def _passed(exercise: str, says: str) -> Verdict:
    return Verdict(exercise, True, (), f"{exercise}: correct\n{says}")


def _check_guess(name: str, question: Question, guess: object) -> Verdict:
    """Compare a prediction with what happens."""
    if guess is None or guess is Ellipsis:
        return Verdict(name, False, (), f"{name}: no prediction yet (it goes in place of the ...)")
    made = _as_answer(guess)
    if type(made) is not type(_as_answer(question.answer)):
        wanted = {str: "a word", float: "a number", tuple: "a shape, such as (2, 3)"}
        kind = wanted[type(_as_answer(question.answer))]
        said = f"{name}: not yet\nThe answer is {kind}, and you gave {guess!r}."
        return Verdict(name, False, (), said)
    if question.choices and made not in question.choices:
        words = ", ".join(f'"{word}"' for word in question.choices)
        return Verdict(name, False, (), f"{name}: not yet\nChoose one of {words}.")
    if _agree(made, question.answer, question.within):
        return Verdict(name, True, (), f"{name}: that is what happens")
    for answer, (slug, says) in question.wrong.items():
        if _agree(made, answer, question.within):
            return Verdict(name, False, (slug,), f"{name}: not what happens ({slug})\n{says}")
    return Verdict(name, False, (), f"{name}: not what happens")


def _as_answer(guess: object) -> object:
    """Return a guess as a word, a float or a tuple of ints, if it can be read as one."""
    if isinstance(guess, str):
        return guess.strip().lower()
    if isinstance(guess, (tuple, list)) and all(isinstance(size, int) for size in guess):
        return tuple(guess)
    if isinstance(guess, (int, float)) and not isinstance(guess, bool):
        return float(guess)
    if isinstance(guess, torch.Tensor) and guess.numel() == 1 and not guess.is_complex():
        return float(guess)
    return guess


def _agree(made: object, answer: Answer, within: float) -> bool:
    if isinstance(made, float):
        return abs(made - answer) <= within * abs(answer)
    return made == answer


def _is_stub(outcome: Outcome) -> bool:
    return outcome.kind == "ellipsis" or outcome.error.startswith("NotImplementedError: ")


def _not_begun(exercise: str) -> Verdict:
    return Verdict(
        exercise,
        False,
        (),
        f"{exercise}: not attempted yet\nReplace the ... in the cell above with your code, "
        "run that cell, then run this one.",
    )


def _explain(
    name: str,
    exercise: Exercise,
    probe: Probe,
    failure: Failure,
    found: tuple[Misconception, ...],
) -> str:
    """Write what went wrong: the name of the mistake, the example, and a hint."""
    slugs = " and ".join(m.slug for m in found)
    call = exercise.signature.replace("dim", f"dim={probe.dim}")
    lines = [f"{name}: not yet ({slugs})" if slugs else f"{name}: not yet"]
    lines += [m.says for m in found] or [_property(failure)]
    lines += [
        "",
        f"{call} with {_given(exercise, probe, failure)}:",
        f"  came:     {failure.came}",
        f"  expected: {failure.expected}",
    ]
    if found:
        lines += ["", f"Hint: {_next_hint(name, found[0])}"]
    return "\n".join(lines)


def _next_hint(exercise: str, mistake: Misconception) -> str:
    """Return the hint for a mistake; the second one when it is made again."""
    tries = _TRIES[exercise, mistake.slug] = _TRIES.get((exercise, mistake.slug), 0) + 1
    return mistake.second_hint if tries > 1 and mistake.second_hint else mistake.hint


def _example(
    probe: Probe, outcome: Outcome, expected: Expected, failure: Failure
) -> Example | None:
    """Return the example as tensors, if it is about values and has one or two dims."""
    if failure.differs is None:
        return None
    drawn = (probe.logits, outcome.value, expected.value, failure.differs)
    if len({x.shape for x in drawn}) > 1:
        return None
    tensors = [x[failure.part] for x in drawn]
    whole_slice = failure.part or tensors[0].dim() != 2
    if not 1 <= tensors[0].dim() <= 2 or tensors[0].numel() > MOST_DRAWN:
        return None
    place = ", ".join(":" if isinstance(i, slice) else str(i) for i in failure.part)
    return Example(
        *tensors,
        dim=None if whole_slice else probe.dim % 2,
        title=f"x[{place}], x of shape {tuple(probe.logits.shape)}" if place else "x",
    )


def _given(exercise: Exercise, probe: Probe, failure: Failure) -> str:
    """Say what the attempt was given, or the part of it that matters."""
    x, name = probe.logits, exercise.parameters[0]
    others = "".join(
        f", {other} = {numbers(value) if isinstance(value, Tensor) else value}"
        for other, value in zip(exercise.parameters[1:], probe.rest, strict=False)
        if other != "dim"
    )
    if not failure.part:
        return f"{name} = {numbers(x)}, {x.dtype}{others}"
    place = ", ".join(":" if isinstance(i, slice) else str(i) for i in failure.part)
    where = f"where {name} is {numbers(x[failure.part])}{others}"
    return f"{name} of shape {tuple(x.shape)}, at [{place}], {where}"


def _property(failure: Failure) -> str:
    """Say which property fails, for a mistake that has no name."""
    return {
        "error": "Your function raises an error.",
        "type": "Your function does not return a tensor.",
        "shape": "The result has another shape than it should.",
        "values": "The numbers differ from PyTorch's.",
        "dtype": "The result has another dtype than the input.",
        "input": "Your function changes a tensor it was given.",
        "gradient": "The result is right, but its gradient is not.",
    }[failure.property]
