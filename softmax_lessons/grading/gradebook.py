"""Marks in tables that learning systems accept: their own, filled in, or new ones."""

import re
from collections.abc import Collection, Sequence
from pathlib import Path

from softmax_lessons.grading import systems
from softmax_lessons.grading.feedback import as_text
from softmax_lessons.grading.handins import seen
from softmax_lessons.grading.results import Result, format_score
from softmax_lessons.grading.systems import Gradebook
from softmax_lessons.grading.tables import Table, plain


def filled(table: Table, found: Sequence[Result], title: str, most: str = "") -> Table:
    """Return a class list or gradebook with the marks filled in.

    Learners who handed in nothing get no mark: their cells stay as they are.

    Args:
        table: the class list on which the results' learners were found.
        found: the results.
        title: the title of the column of marks; a gradebook may have more after it, such as a
            number.
        most: the score for all points, for a line of the gradebook that shows it.

    Raises:
        ValueError: if the title could mean several columns.
    """
    known = systems.gradebook_of(table.header)
    header = list(table.header)
    rows = [[*row, *[""] * (len(header) - len(row))] for row in table.rows]
    column = _column(header, rows, known, title)
    if known.marks == "{title}":
        for row in rows:
            if any(seen(cell) == "points possible" for cell in row) and not row[column]:
                row[column] = most
    comments = [i for i, name in enumerate(header) if known.feedback and name == known.feedback]
    for result in found:
        if result.submission.row is None or result.submission.empty:
            continue
        row = rows[result.submission.row]
        row[column] = format_score(result.score)
        for i in comments:
            row[i] = as_text(result)
    return Table(header, rows, table.delimiter, table.encoding)


def _column(header: list[str], rows: list[list[str]], known: Gradebook, title: str) -> int:
    """Return the number of the column of marks, adding the column if it isn't there."""
    wanted = known.marks.format(title=title)
    exact = [i for i, name in enumerate(header) if seen(name) in (seen(title), seen(wanted))]
    more = re.compile(re.escape(seen(title)) + r" (points grade|[(\[<|]).*")
    longer = [i for i, name in enumerate(header) if more.fullmatch(seen(name))]
    fitting = exact or longer
    if len(fitting) > 1:
        names = ", ".join(header[i] for i in fitting)
        raise ValueError(
            f'the class list has several columns that --column "{title}" could mean: {names}'
        )
    if fitting:
        return fitting[0]
    at = header.index(known.last) if known.last in header else len(header)
    for row in rows:
        row.insert(at, "")
    header.insert(at, wanted)
    if known is systems.OTHER_TABLE and known.feedback not in header:
        header.append(known.feedback)
        for row in rows:
            row.append("")
    return at


def new_tables(found: Sequence[Result], title: str) -> dict[str, Table]:
    """Return a table for each learning system whose downloads have enough information for one."""
    tables = {}
    for system in systems.SYSTEMS:
        book = system.gradebook
        own = [r for r in found if r.submission.system == system.name and not r.submission.empty]
        # a learner with two numbers is on two worksheets
        own = [r for r in own if len(r.submission.ids) == 1]
        own = [r for r in own if re.fullmatch(book.id, r.submission.ids[0])]
        if book.new is None or not own:
            continue
        columns = {**book.new, book.marks: "{score}"} | (
            {book.feedback: "{feedback}"} if book.feedback else {}
        )
        tables[system.name] = Table(
            [column.format(title=title) for column in columns],
            [_line(result, columns.values()) for result in own],
            encoding="utf-8",
        )
    return tables


def _line(result: Result, forms: Collection[str]) -> list[str]:
    own = result.submission
    (name,) = plain([own.learner])
    told = {"id": own.ids[0], "name": name, "score": format_score(result.score)}
    told["feedback"] = as_text(result)
    return [form.format(**told) for form in forms]


def write(
    found: Sequence[Result], table: Table | None, title: str, most: str, folder: Path
) -> list[tuple[str, Path, list[str]]]:
    """Write the marks for the learning systems that they belong to.

    Args:
        found: the results.
        table: the class list, if there is one.
        title: the title of the column of marks.
        most: the score for all points.
        folder: where to put the tables.

    Returns:
        For each table: whose it is, where it is, and which learners who handed something in aren't
        in it.
    """
    if table is not None:
        file = folder / "class_list_with_marks.csv"
        filled(table, found, title, most).write(file)
        handed_in = [result for result in found if not result.submission.empty]
        return [
            ("the class list", file, [r.learner for r in handed_in if r.submission.row is None])
        ]
    told = []
    for system, new in new_tables(found, title).items():
        file = folder / f"marks_for_{system.lower()}.csv"
        new.write(file)
        of_system = [r for r in found if r.submission.system == system]
        left = [r.learner for r in of_system if len(r.submission.ids) != 1]
        told.append((system, file, left))
    return told
