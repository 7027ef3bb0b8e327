"""`check`: turns an attempt into a verdict."""

import difflib
from collections.abc import Callable
from dataclasses import replace

from softmax_lessons.attempts.isolate import prepare, run_isolated
from softmax_lessons.attempts.run import described
from softmax_lessons.attempts.settings import GivenUp, in_plain_thread
from softmax_lessons.attempts.worker import UnsendableError
from softmax_lessons.checker import memory
from softmax_lessons.checker.exercise import Exercise
from softmax_lessons.checker.question import Question
from softmax_lessons.checker.task import Task
from softmax_lessons.checker.verdict import Verdict
from softmax_lessons.lessons import parsons, tasks, to_solve
from softmax_lessons.predictions import compared

TO_GO_BY = (
    "Hints depend on what you've written: write the line you're surest of, leave out the rest, and "
    "check that."
)
LESSONS_OWN = "(This is the lesson's own answer.)"

prepare()


def check(
    exercise: str,
    attempt: object = None,
    *,
    test: Callable[[Callable[..., object]], object] | None = None,
    way: str = "",
) -> Verdict:
    """Check an attempt at an exercise, or a prediction, and name the mistake in it.

    Args:
        exercise: the name of the exercise or question, such as "stable_softmax".
        attempt: for an exercise, the learner's function itself (not its result); for a question, a
            word, a number or a shape, or nothing to use the guess that `predict` noted.
        test: instead of an attempt, a test for one: a function that takes a function, and raises an
            error or returns something false if that function is wrong. The verdict says how many of
            the mistakes that the course knows it catches.
        way: how to run the attempt, "fork" or "worker"; the system's usual way if empty.

    Returns:
        The verdict. Whatever the attempt does, this raises no errors and prints nothing.
    """
    return told(exercise, lambda given_up: _check(exercise, attempt, test, way, given_up))


def told(exercise: str, work: Callable[[GivenUp], Verdict]) -> Verdict:
    """Return the verdict that `work` returns, or one that says why there isn't one."""
    try:
        return in_plain_thread(work)
    except Exception as error:  # whatever state this process is in
        says = f"check couldn't run: {described(error)}\nRestart the kernel and try again."
        return Verdict(str(exercise), "unusable", "not checked", says)


def _check(
    name: str,
    attempt: object,
    test: Callable[[Callable[..., object]], object] | None,
    way: str,
    given_up: GivenUp,
) -> Verdict:
    task = tasks().get(name) if isinstance(name, str) else None
    if task is None:
        return _unknown(str(name), attempt)
    if test is not None:
        if not isinstance(task, Exercise):
            says = "You can only pass a test for an exercise that asks for a function."
            return Verdict(name, "unusable", "not checked", says)
        task, attempt = task.as_hunt(), test
    if isinstance(task, Question):
        return compared(name, task, attempt)
    if (early := task.at_once(name, attempt)) is not None:
        return _with_offer(early).with_hints_counted()
    verdict = judged(name, task, attempt, way, given_up)
    # the course's own solutions aren't the learner's progress
    own = not str(getattr(attempt, "__name__", "")).endswith("_solution")
    if verdict.passed and own and test is None:
        memory.record(name)
    if verdict.passed and not own:
        verdict = replace(verdict, says=f"{verdict.says} {LESSONS_OWN}")
    verdict = verdict.with_hints_counted()
    return _with_offer(verdict) if test is None else verdict


def _with_offer(verdict: Verdict) -> Verdict:
    """Return a verdict with other help, besides its hint or before there can be one."""
    begun = verdict.status != "not begun"
    if begun and not verdict.given:
        return verdict
    helps = [] if begun else [TO_GO_BY]
    if verdict.exercise in parsons():
        helps.append(f'Or put an answer together: `steps("{verdict.exercise}")`.')
    return replace(verdict, offer=" ".join(helps))


def judged(
    name: str, task: Task, attempt: Callable[..., object], way: str, given_up: GivenUp
) -> Verdict:
    """Return the verdict on a function, based on what it does in a separate process."""
    probes = task.probes()
    try:
        outcomes = run_isolated(
            task.prepared(attempt), probes, task.parameters, way=way, given_up=given_up
        )
    except UnsendableError as error:
        says = (
            "Your function can't be sent to the process that runs it: it uses something that "
            f"can't be copied, such as a lock, a generator or an open file ({error})."
        )
        return Verdict(name, "unusable", "not checked", says)
    return task.verdict(name, probes, outcomes)


def _unknown(name: str, attempt: object) -> Verdict:
    meant = to_solve() if callable(attempt) else tasks()  # a function answers no question
    near = difflib.get_close_matches(name, meant, n=1, cutoff=0.4)
    lines = [f'Did you mean "{found}"?' for found in near]
    lines += [f"The exercises are: {', '.join(to_solve())}."]
    return Verdict(name, "unusable", "there is no exercise with that name", "\n".join(lines))
