"""Read a class list, and find the learners on it."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from softmax_lessons.grading import systems
from softmax_lessons.grading.handins import Learner, seen
from softmax_lessons.grading.tables import Table


@dataclass(frozen=True)
class Person:
    """A line of a class list.

    Attributes:
        name: the name.
        ids: the IDs that learning systems may use for this person.
        row: the number of the line in the table.
    """

    name: str
    ids: tuple[str, ...]
    row: int


def people(table: Table) -> list[Person]:
    """Return the people on a class list.

    Raises:
        ValueError: if it has no column with names or IDs.
    """
    titles = [seen(title) for title in table.header]
    ids = [i for i, title in enumerate(titles) if title in systems.ID_COLUMNS]
    names = [i for i, title in enumerate(titles) if title in systems.NAME_COLUMNS][:1]
    for parts in systems.PARTS_OF_NAMES:
        if not names and set(parts) <= set(titles):
            names = [titles.index(part) for part in parts]
    if not ids and not names:
        raise ValueError(
            "the class list has no column with names or ids; its first line is "
            f'{", ".join(table.header)}, and columns could be "name" and "id"'
        )
    found = []
    for number, row in enumerate(table.rows):
        cells = [cell.strip() for cell in row] + [""] * (len(table.header) - len(row))
        name = " ".join(cells[i] for i in names if cells[i])
        own = tuple(dict.fromkeys(cells[i] for i in ids if cells[i]))
        if (name or own) and seen(name) not in systems.NOBODY:
            found.append(Person(name or own[0], own, number))
    return found


def find_on(people: Sequence[Person], learners: Sequence[Learner]) -> list[Learner]:
    """Return the learners with their names on the list, including those who handed in nothing.

    Learners that are the same person on the list become one.
    """
    by_person: dict[int, Learner] = {}
    others, unsure = [], set()
    found = [_fitting(people, learner) for learner in learners]
    of_one_name: dict[tuple[int, str], set[tuple[str, ...]]] = {}
    for learner, (fitting, by_id) in zip(learners, found, strict=True):
        if len(fitting) == 1 and not by_id and (own := _own_ids(learner)):
            of_one_name.setdefault((fitting[0], learner.system), set()).add(own)
    for learner, (fitting, by_id) in zip(learners, found, strict=True):
        same = of_one_name.get((*fitting, learner.system), ()) if not by_id else ()
        if len(fitting) != 1 or len(same) > 1:
            why = f"{len(fitting)} lines of the class list match" if fitting else "not on the list"
            if len(same) > 1:
                why = f"the class list has one line for {len(same)} people of this name"
            learner.notes.append(why)
            others.append(learner)
            unsure.update(fitting)
            continue
        known = by_person.setdefault(fitting[0], Learner(system=learner.system))
        known.parts += learner.parts
        known.ids += tuple(own for own in learner.ids if own not in known.ids)
    for number, person in enumerate(people):
        known = by_person.setdefault(number, Learner())
        known.name, known.row = person.name, person.row
        known.unsure = number in unsure and not known.parts
        known.ids += tuple(own for own in person.ids if own not in known.ids)
    return [*by_person.values(), *others]


def _fitting(people: Sequence[Person], learner: Learner) -> tuple[list[int], bool]:
    """Return the numbers of the people that a learner may be, and whether by ID or else by name."""
    by_id, by_name = [], []
    own = {plain_id(given) for given in (*_own_ids(learner), learner.name) if given}
    words = learner.name.rstrip("/").replace("_", " ").split()
    without = " ".join(word for word in words if plain_id(word) not in own)
    for i, person in enumerate(people):
        shared = own.intersection(map(plain_id, person.ids))
        same_name = not {_squashed(learner.name), _squashed(without)}.isdisjoint(
            _ways_to_write(person.name)
        )
        # two systems may use the same numbers
        sure = same_name or not learner.name or plain_id(learner.name) in shared
        if shared and (sure or not all(each.isdigit() for each in shared)):
            by_id.append(i)
        if learner.name and same_name:
            by_name.append(i)
    return by_id or by_name, bool(by_id)


def _own_ids(learner: Learner) -> tuple[str, ...]:
    """Return a learner's IDs; a plain file may be named after one: "Grace Hopper_4711"."""
    words = () if learner.system else learner.name.rstrip("/").replace("_", " ").split()
    return learner.ids + tuple(word for word in words if any(map(str.isdigit, word)))


def plain_id(text: str) -> str:
    """Return an ID in a form to compare: Brightspace writes # before it, and Moodle a word."""
    return seen(text).removeprefix("#").removeprefix("participant ")


def _squashed(name: str) -> str:
    """Return a name without spaces or punctuation, like Canvas: "Doe, Jane" is "doejane"."""
    return "".join(c for c in seen(name) if unicodedata.category(c)[0] in "LMN")


def _ways_to_write(name: str) -> set[str]:
    """Return a name with each of its words first: given name first or family name first."""
    words = name.replace(",", " ").split()
    turns = (words[i:] + words[:i] for i in range(len(words)))
    return {_squashed(" ".join(turn)) for turn in turns}
