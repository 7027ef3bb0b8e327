"""`steps`: an exercise as lines to put in order, before you write it yourself."""

import difflib
import html
from collections.abc import Sequence
from dataclasses import dataclass, replace

from softmax_lessons.attempts.settings import GivenUp
from softmax_lessons.checker.parsons import Parsons
from softmax_lessons.checker.verdict import Verdict, box
from softmax_lessons.checks import judged, told
from softmax_lessons.lessons import parsons, tasks

ALONE = (
    "Now write the function yourself, where the exercise has its `...`: only that counts as solved."
)


@dataclass(frozen=True, repr=False)
class Steps:
    """The lines to put in order, displayed as a list in a notebook or a terminal.

    Attributes:
        problem: the exercise with the lines.
    """

    problem: Parsons

    @property
    def _asks(self) -> tuple[str, str]:
        name, first = self.problem.name, " ".join(list(self.problem.shown)[:-1])
        return (
            f"{name}: put these lines in order, and leave out the one that doesn't belong",
            f'Pass their letters to steps, for example steps("{name}", "{first}").',
        )

    def __repr__(self) -> str:
        before, after = self._asks
        lines = [f"  {self.problem.head}"]
        lines += [f"{letter}     {line}" for letter, line in self.problem.shown.items()]
        return "\n".join([before, "", *lines, "", after])

    def _repr_html_(self) -> str:
        before, after = map(html.escape, self._asks)
        head = _code(f"  {html.escape(self.problem.head)}")
        items = [
            f"<li>{_code(f'<strong>{letter}</strong>     {html.escape(line)}')}</li>"
            for letter, line in self.problem.shown.items()
        ]
        lines = f'<ul style="list-style: none; padding: 0; margin: 0">{"".join(items)}</ul>'
        return box(f"<strong>{before}</strong><div>{head}</div>{lines}<div>{after}</div>", "nudge")


def _code(content: str) -> str:
    style = "white-space: pre-wrap; color: #1A1A1A; background: none; padding: 0"
    return f'<code style="{style}">{content}</code>'


def steps(
    exercise: str, order: str | Sequence[str] | None = None, *, way: str = ""
) -> Steps | Verdict:
    """Show the lines of an answer, to put in order, or check an order of them.

    Args:
        exercise: the name of an exercise with steps, such as "stable_softmax".
        order: the letters of the lines, in order, such as "B D A"; one line doesn't belong.
        way: how to run the resulting function; see `check`.

    Returns:
        The lines, if there's no order; otherwise, what `check` says about the function that they
        make. A right one doesn't count as solved. This never raises an error.
    """
    problem = parsons().get(exercise) if isinstance(exercise, str) else None
    if problem is None:
        return _unknown(str(exercise))
    if order is None:
        return Steps(problem)
    return told(exercise, lambda given_up: _checked(problem, order, way, given_up))


def _checked(problem: Parsons, order: str | Sequence[str], way: str, given_up: GivenUp) -> Verdict:
    name = problem.name
    try:
        function = problem.function(problem.read(order))
    except SyntaxError as error:
        says = f"Python can't read the lines in this order: {error.msg}."
        return Verdict(name, "wrong", "not yet", says)
    except ValueError as error:
        return Verdict(name, "unusable", "not checked", str(error))
    verdict = judged(name, tasks()[name], function, way, given_up)
    if not verdict.passed:
        return verdict.with_hints_counted()
    says = f"{verdict.says}\n{ALONE}"
    return replace(verdict, headline="these lines are right, in this order", says=says)


def _unknown(name: str) -> Verdict:
    near = difflib.get_close_matches(name, parsons(), n=1, cutoff=0.4)
    lines = [f'Did you mean "{found}"?' for found in near]
    lines += [f"These exercises have steps: {', '.join(parsons())}."]
    return Verdict(name, "unusable", "there are no steps with that name", "\n".join(lines))
