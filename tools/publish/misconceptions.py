"""The instructor's pages of the site: each mistake that the checker names, and what to ask."""

import ast
import itertools
import json
import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from softmax_lessons import Verdict
from softmax_lessons.attempts.isolate import run_isolated
from softmax_lessons.checker.exercise import Exercise
from softmax_lessons.checker.hunt import Hunt
from softmax_lessons.checker.question import Question
from softmax_lessons.copies import title
from softmax_lessons.grading.notebook import places
from softmax_lessons.grading.overview import short
from softmax_lessons.lessons import by_lesson, tasks
from softmax_lessons.predictions import told
from softmax_lessons.workspace import lessons
from tests.bank_notebooks import Written, written
from tools.publish import questions

FOLDER = "misconceptions"
NAMES = {"torch": torch, "F": F, "np": np, "math": math, "itertools": itertools}
LONGEST = 12  # lines of an answer that is shown; a longer one hides its mistake
MOST_TRIED = 6  # answers
SPECIAL = re.compile(r"([\\*_<\[\]$])")  # to Markdown, outside of code
INDEX = """# What learners get wrong

For teachers: the {count} mistakes that `check` and the grader know by name, and those behind \
wrong predictions. Learners, this page gives the answers away.

Your class's report has the names; look them up here, or go through a lesson's page before you \
teach it. Each mistake has

- **what the learner is told**, in the checker's words. Some mistakes need other words in another \
exercise;
- **an answer with it** and **an input that shows it**, which you can put on the board. Both come \
from the course's own tests: no learner wrote them;
- **what to ask, or try**, before you explain anything. It's the first hint that the learner \
gets. Let someone answer with the input above in view, then ask everyone where else it could happen.

Where there's no answer, the tests have none as learners write it, but an input shows the mistake.

## By lesson

| Lesson | Exercises | Mistakes told there |
|-|-|-|
{lessons}

## By name

{names}

## Laws

A wrong answer whose mistake has no name is told by the first of these laws that it breaks, with \
its own numbers.

{laws}
"""


@dataclass(frozen=True)
class Entry:
    """A mistake as a teacher needs it.

    Attributes:
        slug: its name.
        exercise: where it is told.
        sentences: what learners are told, and in which exercises.
        asks: the first hint; "" if there isn't one.
        code: an answer that makes it; "" if there isn't one to show.
        verdict: what `check` says of an answer that makes it; None if none is known.
    """

    slug: str
    exercise: str
    sentences: dict[str, tuple[str, ...]]
    asks: str
    code: str
    verdict: Verdict | None

    @property
    def lesson(self) -> str:
        """The number of the lesson where it is told."""
        return places()[self.exercise].lesson[:2]


def exercises() -> dict[str, Exercise]:
    """Return the exercises that ask for a function, by name, in the order of the course."""
    return {name: task for name, task in tasks().items() if isinstance(task, Exercise)}


@cache
def entries() -> dict[str, Entry]:
    """Return each mistake that has a name, by it."""
    known = dict.fromkeys(m.slug for task in exercises().values() for m in task.misconceptions)
    return {slug: _entry(slug) for slug in known}


def _entry(slug: str) -> Entry:
    sentences: dict[str, tuple[str, ...]] = {}
    hints: dict[str, str] = {}
    for name, task in exercises().items():
        for m in task.misconceptions:
            if m.slug == slug:
                sentences[m.says] = tuple(dict.fromkeys((*sentences.get(m.says, ()), name)))
                hints.setdefault(m.says, next(iter(m.hints), ""))
    exercise = next(iter(sentences.values()))[0]
    code, verdict = "", None
    for exercise_tried, code_tried, function in _answers(slug):
        judged = verdict_on(exercise_tried, function)
        # of a law that has the same name, more is said
        if judged.misconceptions[:1] == (slug,) and judged.mistakes[0].says in sentences:
            exercise, code, verdict = exercise_tried, code_tried, judged
            break
    said = verdict.mistakes[0].says if verdict else next(iter(sentences))
    sentences = {said: sentences.pop(said), **sentences}
    asks = hints[said] or next(filter(None, hints.values()), "")
    return Entry(slug, exercise, sentences, asks, code, verdict)


def _answers(slug: str) -> Iterator[tuple[str, str, Callable[..., object]]]:
    """Yield answers that may make a mistake: the exercise, the code, and the function."""
    order = list(exercises())
    of_bank = [(answer, code) for answer, code in _bank() if answer.slugs[0] == slug]
    often = Counter(answer.exercise for answer, _ in of_bank)
    ranked = sorted(
        # alone, in the exercise that invites it most, as people write it
        (len(a.slugs), -often[a.exercise], order.index(a.exercise), "lambda" in code, len(code), i)
        for i, (a, code) in enumerate(of_bank)
    )
    for *_, i in ranked[:MOST_TRIED]:
        exercise, code = of_bank[i][0].exercise, of_bank[i][1]
        yield exercise, code, function(exercise, code)
    # the checker's own way to make it, which is not written as a learner would
    for name, task in exercises().items():
        for candidate in task.candidates.singles:
            if any(m.slug == slug for m in candidate.mistakes):
                yield name, "", task.as_attempt(candidate.function)
                break


@cache
def _bank() -> tuple[tuple[Written, str], ...]:
    """Return the wrong answers of the tests that are short, each with its code."""
    found = []
    for answer in written():
        if answer.right or not answer.slugs or answer.exercise not in exercises():
            continue
        code = _whole(answer)
        if len(code.splitlines()) <= LONGEST:
            found.append((answer, code))
    return tuple(found)


def _whole(answer: Written) -> str:
    """Return the code of an answer, with those of its helpers that it needs in front."""
    helpers = {name: node for text in answer.helpers for name, node in _helpers(text).items()}
    needed: dict[str, ast.stmt] = {}
    left = [ast.parse(answer.code)]
    while left:
        for node in ast.walk(left.pop()):
            name = getattr(node, "id", "")
            if name in helpers and name not in needed:
                needed[name] = helpers[name]
                left.append(helpers[name])
    first = [ast.unparse(node) for name, node in helpers.items() if name in needed]
    return "\n\n".join([*dict.fromkeys(first), answer.code])


@cache
def _helpers(text: str) -> dict[str, ast.stmt]:
    return {name: node for node in ast.parse(text).body for name in _binds(node)}


def _binds(node: ast.stmt) -> list[str]:
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else []
    return [target.id for target in targets if isinstance(target, ast.Name)]


def function(exercise: str, code: str) -> Callable[..., object]:
    """Return the function that the code of an answer defines."""
    names = dict(NAMES)
    exec(code, names)
    return names[places()[exercise].function]


def verdict_on(exercise: str, attempt: Callable[..., object]) -> Verdict:
    """Return what `check` says of an answer, from the inputs that are always the same."""
    task = exercises()[exercise]
    # a process that is kept: hundreds of forks would take a minute
    outcomes = run_isolated(task.prepared(attempt), task.fixed, task.parameters, way="worker")
    return task.verdict(exercise, task.fixed, outcomes)


# --- pages ----------------------------------------------------------------------------------------


def write_pages(target: Path) -> None:
    """Write a page for each lesson that asks for something, and the page to find them.

    Args:
        target: the folder to write into.
    """
    target.mkdir()
    pages = {path.stem[:2]: path for path in lessons() if path.stem[:2] in by_lesson()}
    for number, path in pages.items():
        text = _of_lesson(number, title(json.loads(path.read_text(encoding="utf-8"))), path.name)
        (target / f"lesson_{number}.md").write_text(text, encoding="utf-8")
    (target / "index.md").write_text(_index(pages), encoding="utf-8")


def _index(pages: dict[str, Path]) -> str:
    rows = []
    for number, path in pages.items():
        own = [name for name, task in by_lesson()[number].items() if not isinstance(task, Question)]
        told_there = sum(entry.lesson == number for entry in entries().values())
        heading = title(json.loads(path.read_text(encoding="utf-8")))
        names = ", ".join(f"`{name}`" for name in own)
        rows.append(f"| [{heading}](lesson_{number}.md) | {names} | {told_there or ''} |")
    laws = {law.slug: law.hints for task in exercises().values() for law in task.laws}
    return INDEX.format(
        count=len(entries()),
        lessons="\n".join(rows),
        names=", ".join(_link(slug) for slug in sorted(entries())),
        laws="\n".join(
            f"- `{slug}`: {markdown(next(iter(hints), ''))}" for slug, hints in laws.items()
        ),
    )


def _link(slug: str, lesson: str = "") -> str:
    entry = entries()[slug]
    page = "" if entry.lesson == lesson else f"lesson_{entry.lesson}.md"
    return f"[{slug}]({page}#{slug})"


def _of_lesson(number: str, heading: str, notebook: str) -> str:
    links = f"[{heading}](../notebooks/{notebook}); [how to use this page](index.md)."
    lines = ["---", "orphan: true", "---", "", f"# What goes wrong in lesson {number}", ""]
    lines += [f"For teachers of {links}", ""]
    for name, task in by_lesson()[number].items():
        if isinstance(task, Exercise):
            lines += _of_exercise(name, task, number)
        elif isinstance(task, Hunt):
            lines += _of_hunt(name, task)
    asked = {n: task for n, task in by_lesson()[number].items() if isinstance(task, Question)}
    if asked:
        lines += ["## Predictions", ""]
    for name, question in asked.items():
        lines += _of_question(name, question)
    return "\n".join([*lines, ""])


def _of_exercise(name: str, task: Exercise, lesson: str) -> list[str]:
    lines = [f"## The exercise `{name}`", ""]
    here = [entry for entry in entries().values() if entry.exercise == name]
    slugs = dict.fromkeys(m.slug for m in task.misconceptions)
    others = [_link(slug, lesson) for slug in slugs if entries()[slug].exercise != name]
    if others:
        also = "Named here too, and told elsewhere:" if here else "Named here, and told elsewhere:"
        lines += [f"<details><summary>{also} {len(others)} mistakes</summary>", ""]
        lines += [", ".join(others), "", "</details>", ""]
    for entry in here:
        lines += _of_entry(entry, name)
    return lines


def _of_entry(entry: Entry, exercise: str) -> list[str]:
    lines = [f"### {entry.slug}", ""]
    for i, (says, where) in enumerate(entry.sentences.items()):
        others = "" if exercise in where and i == 0 else f" (in {_few(where)})"
        lines += [f"> {markdown(says)}{others}", ""]
    if entry.code:
        lines += ["An answer with it:", "", "```python", entry.code, "```", ""]
    if entry.verdict and entry.verdict.example:
        example = short(str(entry.verdict.example))
        lines += ["An input that shows it:", "", "```", example, "```", ""]
    if entry.asks:
        lines += [f"**Ask, or try:** {markdown(entry.asks)}", ""]
    votes = [
        f"`{name}` in lesson {number}"
        for number, asked in by_lesson().items()
        for name, task in asked.items()
        if isinstance(task, Question) and any(s == entry.slug for s, _ in task.wrong.values())
    ]
    if votes:
        lines += [f"**Then vote on** {' or '.join(votes)}, where the same idea misleads.", ""]
    return lines


def _few(names: Sequence[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(f"`{name}`" for name in names[:3]) + more


def _of_hunt(name: str, task: Hunt) -> list[str]:
    lines = [f"## The bug hunt `{name}`", "", "A test that misses the bug passes a function that"]
    lines += ["", *(f"- {markdown(words)}" for words, _ in task.broken), ""]
    return [*lines, f"**Ask, or try:** {markdown(task.hints[0])}", ""]


def _of_question(name: str, question: Question) -> list[str]:
    lines = [
        f"### {name}",
        "",
        question.asks,
        "",
        f"What happens: **{told(question.answer)}**.",
        "",
    ]
    lines += [
        f"- **{markdown(answers)}** ({slug}): {markdown(says)}"
        for answers, slug, says in questions.reasons(question, most=3)
    ]
    return [*lines, "", markdown(questions.ask_next(question)), ""]


def markdown(text: str) -> str:
    """Return a text in which only code means something to Markdown."""
    parts = text.split("`")
    parts[::2] = [SPECIAL.sub(r"\\\1", part) for part in parts[::2]]
    return "`".join(parts)
