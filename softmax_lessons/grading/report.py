"""Write the marks of a class as a table for a spreadsheet and as a page to read."""

import csv
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import jinja2

from softmax_lessons.grading.grade import Mark
from softmax_lessons.grading.submissions import Submission, tasks

FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet computes a cell that starts so


def write_csv(submissions: Sequence[Submission], marks: Sequence[Mark], file: Path) -> None:
    """Write a line for each learner: points, a column for each exercise, mistakes and notes."""
    names = exercise_names(marks)
    with file.open("w", encoding="utf-8-sig", errors="backslashreplace", newline="") as stream:
        table = csv.writer(stream)
        table.writerow(["learner", "points", "of", *names, "mistakes", "notes"])
        for submission in submissions:
            own = {m.exercise: m for m in marks if m.learner == submission.learner}
            points = [own[name].points for name in names]
            mistakes = [
                f"{n}: {' '.join(own[n].misconceptions)}" for n in names if own[n].misconceptions
            ]
            row = [submission.learner, sum(points), len(points), *points]
            row += ["; ".join(mistakes), "; ".join(submission.notes)]
            table.writerow([_plain(cell) for cell in row])


def write_html(
    submissions: Sequence[Submission], marks: Sequence[Mark], file: Path, missing: Sequence[str]
) -> None:
    """Write a page: the class's most common mistakes, the table, and what each learner is told."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("softmax_lessons.grading", "."),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = environment.get_template("report.html").render(
        submissions=submissions,
        names=exercise_names(marks),
        lessons={name: task.lesson for name, task in tasks().items()},
        marks={(m.learner, m.exercise): m for m in marks},
        common=common_mistakes(marks),
        missing=missing,
    )
    file.write_text(page, encoding="utf-8", errors="backslashreplace")


def exercise_names(marks: Sequence[Mark]) -> list[str]:
    """Return the exercises that are marked, in the order of the course."""
    marked = {mark.exercise for mark in marks}
    return [name for name in tasks() if name in marked]


def common_mistakes(marks: Sequence[Mark]) -> list[tuple[str, int, list[str], str]]:
    """Return each mistake: its name, how many learners made it, where, and what it means."""
    made = Counter(slug for slug, _ in {(s, m.learner) for m in marks for s in m.misconceptions})
    found = []
    for slug, count in sorted(made.items(), key=lambda pair: (-pair[1], pair[0])):
        where = [m for m in marks if slug in m.misconceptions]
        first = next((m for m in where if m.misconceptions[0] == slug), where[0])
        lines = first.says.split("\n\n")[0].splitlines()[1:]
        says = lines[min(first.misconceptions.index(slug), len(lines) - 1)] if lines else ""
        found.append((slug, count, exercise_names(where), says))
    return found


def _plain(cell: object) -> object:
    text = str(cell)
    return f"'{text}" if isinstance(cell, str) and text.startswith(FORMULA) else cell
