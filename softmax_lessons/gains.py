"""`before` and `after`: the same ten ideas at the start and at the end, and the gain."""

import math
import statistics
from collections.abc import Iterable
from dataclasses import dataclass

from softmax_lessons.checker import memory
from softmax_lessons.checker.memory import Memory
from softmax_lessons.lessons import by_lesson, to_solve
from softmax_lessons.lessons.before_after import IDEAS
from softmax_lessons.quiz import Asked, Quiz

FORMS = ("A", "B")
CORE = ("00", "01", "02", "03", "04", "05")


def before(form: str | None = None) -> Quiz:
    """Ask ten questions about what lessons 00 to 05 promise, to answer before you start them.

    This only notes the answers; the course teaches the right ones.

    Args:
        form: "A" or "B"; "A" by default.

    Returns:
        The questions you haven't answered yet. `quiz = before()` shows them, and
        `quiz.answer(1, 0.5)` answers the first.

    Raises:
        ValueError: if there's no such form.
    """
    return _quiz("before", form)


def after(form: str | None = None) -> Quiz:
    """Ask about the same ten ideas with different questions, to answer after lesson 05.

    Args:
        form: "A" or "B"; by default, the one that `before` didn't ask.

    Returns:
        The questions you haven't answered yet; answer them like those from `before`.

    Raises:
        ValueError: if there's no such form.
    """
    return _quiz("after", form)


def _quiz(when: str, form: str | None) -> Quiz:
    mine = memory.mine()
    form = form or _form(mine, when)
    if form not in FORMS:
        raise ValueError(f'the forms are "A" and "B", got {form!r}')
    answers, asked = firsts(mine, when), left(mine, when, form)
    title = f"{when.capitalize()} the course, form {form}"
    if not asked:
        right = sum(answers.values())
        return Quiz(
            f"{when}()", title, note=f"You have answered all {len(IDEAS)}, {right} of them right."
        )
    note = f"{len(asked)} of {len(IDEAS)} questions are left." if answers else NOTES[when]
    return Quiz(f"{when}()", title, asked, note, tells=when == "after")


NOTES = {
    "before": "Ten questions on what lessons 00 to 05 are about. You can't know most of it yet: a "
    "guess is fine, and your answers are only noted. After lesson 05, after() asks again.",
    "after": "Ten questions on the ideas of lessons 00 to 05. The first answer counts, and "
    "progress() says what you gained.",
}


def _form(of: Memory, when: str) -> str:
    """Return the form that the learner has begun, or else the one to begin with."""
    begun: dict[str, str] = {}
    for parts in (guess.question.split("/") for guess in of.guesses):
        if len(parts) == 3:
            begun.setdefault(parts[0], parts[1])
    other = FORMS[0] if begun.get("before") == FORMS[1] else FORMS[1]
    return begun.get(when) or {"before": FORMS[0], "after": other}[when]


def left(of: Memory, when: str, form: str = "") -> tuple[Asked, ...]:
    """Return the questions from "before" or "after" that the learner hasn't answered yet.

    Args:
        of: what we know about the learner.
        when: "before" or "after".
        form: "A" or "B"; by default, the one that the course would ask.
    """
    form, answers = form or _form(of, when), firsts(of, when)
    return tuple(
        Asked(f"{when}/{form}/{name}", idea.forms[form], idea.lesson)
        for name, idea in IDEAS.items()
        if name not in answers
    )


def firsts(of: Memory, when: str) -> dict[str, bool]:
    """For each idea asked "before" or "after", tell whether the first answer was right."""
    found: dict[str, bool] = {}
    for guess in of.guesses:
        asked, _, name = guess.question.partition("/")
        name = name.partition("/")[2]
        if asked == when and name in IDEAS:
            found.setdefault(name, guess.right)
    return found


def told(of: Memory) -> str:
    """Say what one learner has gained, as far as we know; "" if there are no answers."""
    first, last = firsts(of, "before"), firsts(of, "after")
    count = len(IDEAS)
    if len(first) < count:
        return f"before(): {len(first)} of {count} questions answered." if first else ""
    began = f"Before the course, you had {sum(first.values())} of {count} right"
    if len(last) < count:
        return f"{began}. After lesson 05, after() shows what you gained."
    gain = sum(last.values()) - sum(first.values())
    return f"{began}, and after it {sum(last.values())}: a gain of {gain}."


def is_time_for_after(of: Memory) -> bool:
    """Tell whether the learner has solved the core course and answered `before` but not `after`."""
    core = {name for number in CORE for name in by_lesson()[number] if name in to_solve()}
    answered = [len(firsts(of, when)) == len(IDEAS) for when in ("before", "after")]
    return core <= set(of.solved) and answered == [True, False]


@dataclass(frozen=True)
class Gains:
    """The gains of learners who answered all the questions, before and after.

    Attributes:
        learners: how many there are.
        before: the mean number of right answers before the course.
        after: the mean number after it.
        mean: the mean of the differences.
        spread: their standard deviation; nan for fewer than two learners (the means are nan for
            none).
    """

    learners: int
    before: float
    after: float
    mean: float
    spread: float

    def __str__(self) -> str:
        if not self.learners:
            return "Nobody has answered all the questions, both before and after."
        of = len(IDEAS)
        who = "1 learner" if self.learners == 1 else f"{self.learners} learners"
        told = f"{who}: {self.before:.1f} of {of} right before, {self.after:.1f} after"
        spread = "" if math.isnan(self.spread) else f" (standard deviation {self.spread:.1f})"
        return f"{told}; the mean gain is {self.mean:.1f}{spread}."


def gains(memories: Iterable[Memory]) -> Gains:
    """Return the mean and the spread of many learners' gains."""
    pairs = [(firsts(each, "before"), firsts(each, "after")) for each in memories]
    scores = [
        (sum(first.values()), sum(last.values()))
        for first, last in pairs
        if len(first) == len(last) == len(IDEAS)
    ]
    if not scores:
        return Gains(0, math.nan, math.nan, math.nan, math.nan)
    first, last = (statistics.fmean(column) for column in zip(*scores, strict=True))
    differences = [last - first for first, last in scores]
    spread = statistics.stdev(differences) if len(scores) > 1 else math.nan
    return Gains(len(scores), first, last, statistics.fmean(differences), spread)
