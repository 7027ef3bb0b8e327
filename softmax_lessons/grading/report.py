"""Write the marks of a class as a table for a spreadsheet and as a page to read."""

import contextlib
import csv
import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TextIO

import jinja2

from softmax_lessons.grading.jobs import Mark
from softmax_lessons.grading.notebook import places
from softmax_lessons.grading.submissions import Submission

FIRST = ("learner", "points", "of")
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
# what a spreadsheet may take for the beginning of a cell, whatever parts cells where it runs, and
# what it would compute there
FORMULA = re.compile(r"""(^|[;,|])([\s"']*)(?=[=+\-@\uff1d\uff0b\uff0d\uff20])""")


def write_csv(submissions: Sequence[Submission], marks: Sequence[Mark], file: Path) -> None:
    """Write a line for each learner: points, a column for each exercise, mistakes and notes."""
    names = exercise_names(marks)
    with _whole(file, encoding="utf-8-sig", newline="") as stream:
        table = csv.writer(stream)
        table.writerow([*FIRST, *names, "mistakes", "late", "system", "ids", "files", "notes"])
        of: dict[str, dict[str, Mark]] = {}
        for mark in marks:
            of.setdefault(mark.learner, {})[mark.exercise] = mark
        for submission in submissions:
            own = of[submission.learner]
            points = [own[name].points for name in names]
            mistakes = [
                f"{n}: {' '.join(own[n].misconceptions)}" for n in names if own[n].misconceptions
            ]
            row = [submission.learner, sum(points), len(points), *points]
            troubles = [own[name].trouble for name in names if own[name].trouble]
            row += ["; ".join(mistakes), "late" if submission.late else "", submission.system]
            row += [" ".join(submission.ids), "; ".join(submission.paths)]
            row += ["; ".join([*submission.notes, *troubles])]
            table.writerow([_plain(cell) for cell in row])


def write_html(
    submissions: Sequence[Submission],
    marks: Sequence[Mark],
    file: Path,
    missing: Sequence[str],
    level: Sequence[str],
    not_read: Sequence[str] = (),
) -> None:
    """Write a page: the class's most common mistakes, the table, and what each learner is told.

    Args:
        submissions: what was graded.
        marks: what came of it.
        file: the page.
        missing: what the sandbox did not keep a submission from.
        level: what it did, in sentences.
        not_read: what else was in the folder of submissions.
    """
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("softmax_lessons.grading", "."),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = environment.get_template("report.html").render(
        submissions=submissions,
        names=exercise_names(marks),
        lessons={name: task.lesson for name, task in places().items()},
        marks={(m.learner, m.exercise): m for m in marks},
        common=common_mistakes(marks),
        missing=missing,
        level=level,
        not_read=not_read,
    )
    with _whole(file, encoding="utf-8") as stream:
        stream.write(page)


def exercise_names(marks: Sequence[Mark]) -> list[str]:
    """Return the exercises that are marked, in the order of the course."""
    marked = {mark.exercise for mark in marks}
    return [name for name in places() if name in marked]


def common_mistakes(marks: Sequence[Mark]) -> list[tuple[str, int, list[str], str]]:
    """Return each mistake: its name, how many learners made it, where, and what it means."""
    made = Counter(slug for slug, _ in {(s, m.learner) for m in marks for s in m.misconceptions})
    found = []
    for slug, count in sorted(made.items(), key=lambda pair: (-pair[1], pair[0])):
        where = [m for m in marks if slug in m.misconceptions]
        first = next((m for m in where if m.misconceptions[0] == slug), where[0])
        says = first.sentences[first.misconceptions.index(slug)]
        found.append((slug, count, exercise_names(where), says))
    return found


@contextlib.contextmanager
def _whole(file: Path, **how: str) -> Iterator[TextIO]:
    """Open a file to write that takes the place of the one there when all of it is written."""
    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        with part.open("w", errors="backslashreplace", **how) as stream:
            yield stream
        os.replace(part, file)
    finally:
        part.unlink(missing_ok=True)


def _plain(cell: object) -> object:
    """Return a cell that every spreadsheet shows and none computes."""
    if not isinstance(cell, str):
        return cell
    return FORMULA.sub(r"\1\2'", CONTROL.sub(" ", cell))
