"""Explain a mark: run the answer again, and show its inputs, its results and the expected ones."""

import ast
import difflib
from collections.abc import Sequence

from softmax_lessons.grading.handins import seen
from softmax_lessons.grading.notebook import Answer, parsed, places
from softmax_lessons.grading.submissions import Submission


def explain(submissions: Sequence[Submission], learner: str, exercise: str, seconds: float) -> str:
    """Return a mark with everything it's based on.

    Args:
        submissions: the class's submissions.
        learner: a name or an ID.
        exercise: the exercise's name.
        seconds: the answer's time limit.

    Raises:
        ValueError: if there's no such learner or exercise, or no answer.
    """
    if exercise not in places():
        raise ValueError(f"there is no exercise {exercise!r}{_near(exercise, places())}")
    submission = _find(submissions, learner)
    handed = submission.answers.get(exercise)
    if handed is None:
        raise ValueError(f"{submission.learner} has no answer to {exercise}")
    from softmax_lessons.grading import work
    from softmax_lessons.lessons import tasks

    answer = handed.read()
    work.prepare([exercise])
    ran, _, _ = work.run(exercise, answer, seconds)
    runs = tasks()[exercise].runs(ran.probes, ran.outcomes)
    right = sum(good for good, _ in runs)
    lines = [f"{submission.learner}, taken from {handed.name}", "", source_of(answer), ""]
    lines += [ran.verdict.account, "", f"Right on {right} of {len(runs)} inputs:"]
    for number, (good, example) in enumerate(runs, start=1):
        lines += ["", f"{number}. {'right' if good else 'WRONG'}: {example}"]
    return "\n".join(lines)


def source_of(answer: Answer, imports: bool = True) -> str:
    """Return the statements in an answer, as the learner wrote them."""
    found = []
    for cell, indices in answer.tries[0].needed if answer.tries else ():
        tree = parsed(answer.cells[cell])
        lines = answer.cells[cell].splitlines()
        for node in (tree.body[i] for i in indices):
            if not imports and isinstance(node, (ast.Import, ast.ImportFrom)):
                continue
            first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", ()))])
            found += lines[first - 1 : node.end_lineno]
    return "\n".join(found)


def _find(submissions: Sequence[Submission], learner: str) -> Submission:
    fitting = [s for s in submissions if seen(learner) == seen(s.learner)]
    fitting = fitting or [s for s in submissions if learner in s.ids]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        names = ", ".join(submission.learner for submission in fitting)
        raise ValueError(f"{learner!r} could be any of {names}")
    raise ValueError(
        f"no learner is called {learner!r}{_near(learner, [s.learner for s in submissions])}"
    )


def _near(name: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, list(known), n=3, cutoff=0.4)
    return f"; there is {', '.join(near)}" if near else ""
