"""Read a class list, and tell which learner is whom on it."""

import codecs
import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from softmax_lessons.grading import systems
from softmax_lessons.grading.handins import Learner, seen


@dataclass(frozen=True)
class Person:
    """A line of a class list.

    Attributes:
        name: the name.
        ids: what learning systems may call this person.
    """

    name: str
    ids: tuple[str, ...]


def read(file: Path) -> list[Person]:
    """Return the people on a class list, as a learning system or a spreadsheet writes it.

    Raises:
        ValueError: if it has no column with names or ids.
    """
    _, header, rows = read_table(file)
    titles = [seen(title) for title in header]
    ids = [i for i, title in enumerate(titles) if title in systems.ID_COLUMNS]
    names = [i for i, title in enumerate(titles) if title in systems.NAME_COLUMNS]
    for first, last in systems.PARTS_OF_NAMES:
        if not names and {first, last} <= set(titles):
            names = [titles.index(first), titles.index(last)]
            break
    else:
        names = names[:1]
    if not ids and not names:
        raise ValueError(
            f"{file} has no column with names or ids; its first line is {', '.join(header)}, "
            'and columns could be "name" and "id"'
        )
    found = []
    for row in rows:
        cells = [cell.strip() for cell in row] + [""] * (len(header) - len(row))
        name = " ".join(cells[i] for i in names if cells[i])
        own = tuple(dict.fromkeys(cells[i] for i in ids if cells[i]))
        if name or own:
            found.append(Person(name or own[0], own))
    return found


def read_table(file: Path) -> tuple[type[csv.Dialect], list[str], list[list[str]]]:
    """Return how a table is written, its first line, and the others; empty ones are left out.

    Raises:
        ValueError: if it can't be read.
    """
    content = file.read_bytes()
    try:
        # Blackboard writes UTF-16 with tabs, spreadsheets the code page of the country
        is_wide = content[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
        text = content.decode("utf-16" if is_wide else "utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError(f"{file} is not in UTF-8; save it as CSV UTF-8") from None
    first = text.partition("\n")[0]

    class Dialect(csv.excel):
        delimiter = max(",;\t", key=first.count)

    rows = [row for row in csv.reader(text.splitlines(keepends=True), Dialect) if any(row)]
    if not rows:
        raise ValueError(f"{file} is empty")
    return Dialect, rows[0], rows[1:]


def find_on(people: Sequence[Person], learners: Sequence[Learner]) -> list[Learner]:
    """Return the learners with the names of the list, and whoever handed in nothing as well.

    Those that are one person on the list become one learner.
    """
    by_person: dict[int, Learner] = {}
    others = []
    for learner in learners:
        fitting = _fitting(people, learner)
        if len(fitting) != 1:
            why = f"{len(fitting)} lines of the class list fit" if fitting else "not on the list"
            learner.notes.append(why)
            others.append(learner)
            continue
        known = by_person.setdefault(fitting[0], Learner(system=learner.system))
        known.parts += learner.parts
        known.ids += tuple(own for own in learner.ids if own not in known.ids)
    for number, person in enumerate(people):
        known = by_person.setdefault(number, Learner())
        known.name = person.name
        known.ids += tuple(own for own in person.ids if own not in known.ids)
    return [*by_person.values(), *others]


def _fitting(people: Sequence[Person], learner: Learner) -> list[int]:
    """Return the numbers of the people that a learner may be: by id, or else by name."""
    by_id, by_name = [], []
    own = {plain_id(given) for given in (*learner.ids, learner.name) if given}
    for i, person in enumerate(people):
        shared = own.intersection(map(plain_id, person.ids))
        same_name = _squashed(learner.name) in _ways_to_write(person.name)
        # two systems may number their people alike
        sure = same_name or not learner.name or plain_id(learner.name) in shared
        if shared and (sure or not all(each.isdigit() for each in shared)):
            by_id.append(i)
        if learner.name and same_name:
            by_name.append(i)
    return by_id or by_name


def plain_id(text: str) -> str:
    """Return an id as it can be compared: Brightspace writes # before it, Moodle a word."""
    return seen(text).removeprefix("#").removeprefix("participant ")


def _squashed(name: str) -> str:
    """Return a name without spaces and marks, as Canvas writes it: "Doe, Jane" is "doejane"."""
    return "".join(c for c in seen(name) if c.isalnum() or not c.isascii())


def _ways_to_write(name: str) -> set[str]:
    """Return a name with each of its words in front: first or last name first."""
    words = name.replace(",", " ").split()
    turns = (words[i:] + words[:i] for i in range(len(words)))
    return {_squashed(" ".join(turn)) for turn in turns}
