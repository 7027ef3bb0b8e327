"""Feedback for each learner: a page, and the same as plain text."""

import re
import textwrap
from collections.abc import Sequence
from pathlib import Path

import jinja2
from markupsafe import Markup, escape

from softmax_lessons.grading.notebook import places
from softmax_lessons.grading.results import Result, format_score
from softmax_lessons.grading.tables import atomic_write

LONGEST_NAME = 80  # characters in a file's name


def as_text(result: Result) -> str:
    """Return a learner's feedback as text, for a learning system's comment field."""
    told = [mark.says for mark in result.marks.values() if mark.key]
    left = [name for name, mark in result.marks.items() if not mark.key]
    told += [f"No answer found: {', '.join(left)}"] if left else []
    notes = result.submission.notes
    told += ["\n".join(["About your files:", *notes])] if notes else []
    return "\n\n".join([headline(result), *told])


def headline(result: Result) -> str:
    """Return a learner's points in words."""
    late = " Handed in late." if result.submission.late else ""
    return f"{result.points} of {len(result.marks)} exercises are right.{late}"


def write(found: Sequence[Result], folder: Path) -> None:
    """Write a page and a text for each learner who handed something in.

    Args:
        found: the results.
        folder: where to put them; existing files are overwritten.
    """
    folder.mkdir(parents=True, exist_ok=True)
    template = page("feedback.html")
    lessons = {name: task.lesson for name, task in places().items()}
    taken: set[str] = set()
    for result in found:
        if result.submission.empty:
            continue
        name = _file_name(result.learner, taken)
        with atomic_write(folder / f"{name}.txt", encoding="utf-8") as stream:
            stream.write(as_text(result) + "\n")
        with atomic_write(folder / f"{name}.html", encoding="utf-8") as stream:
            told = {"result": result, "headline": headline(result), "lessons": lessons}
            stream.write(template.render(**told, score=format_score(result.score)))


def page(name: str) -> jinja2.Template:
    """Return the template for a page of the reports."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("softmax_lessons.grading", "."),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"code": _with_code, "paragraphs": _with_paragraphs}
    return environment.get_template(name)


def _with_code(text: str) -> Markup:
    """Return a text with parts in backticks marked as code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))


def _with_paragraphs(text: str) -> Markup:
    """Return a text as paragraphs; a paragraph indented by four spaces is code."""
    return Markup().join(
        Markup("<pre>{}</pre>").format(textwrap.dedent(part))
        if part.startswith("    ")
        else Markup("<p>{}</p>").format(_with_code(part))
        for part in text.split("\n\n")
    )


def _file_name(learner: str, taken: set[str]) -> str:
    """Return a file name that works on every system."""
    plain = re.sub(r'[\x00-\x1f<>:"/\\|?*]+', "_", learner).strip(" .")[:LONGEST_NAME] or "_"
    name, number = plain, 1
    while name.casefold() in taken:
        name = f"{plain} {(number := number + 1)}"
    taken.add(name.casefold())
    return name
