"""What is remembered of a learner, in one file by the lessons: it moves with them."""

import json
import os
import time
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from softmax_lessons.workspace import MANIFEST, write_atomically

FILE = ".softmax_progress.json"

Guess = str | dict[str, float]


@dataclass
class Memory:
    """What the file holds.

    Attributes:
        solved: the names of the exercises solved, in the order of solving.
        hints: how often a hint for a mistake was given, by "exercise/slug".
        noted: the prediction made last, by the question's name: a text, or choices with
            their probabilities.
        guesses: the first prediction of a day for each question, once it was compared.
        note: what there is to say about the file, else "".
    """

    solved: list[str] = field(default_factory=list)
    hints: dict[str, int] = field(default_factory=dict)
    noted: dict[str, Guess] = field(default_factory=dict)
    guesses: list["Compared"] = field(default_factory=list)
    note: str = ""


@dataclass(frozen=True)
class Compared:
    """A prediction that was compared with what happens.

    Attributes:
        question: the question's name.
        guess: what was predicted.
        right: whether it is what happens.
        on: the day, such as "2026-11-27".
        review: whether it was asked again, after the lesson.
    """

    question: str
    guess: Guess
    right: bool
    on: str
    review: bool = False

    @property
    def day(self) -> date:
        """The day."""
        return date.fromisoformat(self.on)


_elsewhere = Memory()  # of this session, where there is no learner's copy of the lessons
_unsaved: dict[Path, Memory] = {}  # of folders that can't be written to


def recall(folder: Path | None = None) -> Memory:
    """Return what is remembered in a folder; a file that can't be read is set aside."""
    file = (folder or Path()) / FILE
    try:
        return read(json.loads(file.read_text(encoding="utf-8")))
    except OSError:
        return Memory()
    except ValueError:
        pass
    aside = file.with_name(f"{FILE}.broken-{time.time_ns()}")
    try:
        os.replace(file, aside)
    except OSError:
        note = f"{FILE} can't be read; your solved exercises are not lost, but not shown."
        return Memory(note=note)
    return Memory(note=f"{FILE} could not be read, and is set aside as {aside.name}.")


def mine() -> Memory:
    """Return what is remembered here; outside a learner's copy of the lessons, of this session."""
    if not Path(MANIFEST).exists():
        return _elsewhere
    return _unsaved.get(Path.cwd()) or recall()


def read(found: object) -> Memory:
    """Return a memory from what a file held; the first edition kept a list of solved exercises.

    Raises:
        ValueError: if it is no such thing.
    """
    if isinstance(found, list):
        found = {"solved": found}
    if not isinstance(found, dict):
        raise ValueError
    solved, hints = found.get("solved", []), found.get("hints", {})
    noted, guesses = found.get("noted", {}), found.get("guesses", [])
    if not isinstance(solved, list) or not all(isinstance(name, str) for name in solved):
        raise ValueError
    if not isinstance(hints, dict) or not all(isinstance(n, int) for n in hints.values()):
        raise ValueError
    if not isinstance(noted, dict) or not all(isinstance(g, (str, dict)) for g in noted.values()):
        raise ValueError
    try:
        compared = [Compared(**guess) for guess in guesses]
        if not all(map(_is_whole, compared)):
            raise ValueError
    except TypeError as error:
        raise ValueError from error
    return Memory(list(solved), dict(hints), dict(noted), compared)


def _is_whole(guess: Compared) -> bool:
    """Tell whether each part of what was read is what it should be; no date raises ValueError."""
    chances = guess.guess.values() if isinstance(guess.guess, dict) else ()
    return (
        isinstance(guess.question, str)
        and isinstance(guess.guess, (str, dict))
        and all(isinstance(chance, (int, float)) and 0 <= chance <= 1 for chance in chances)
        and guess.guess != {}
        and isinstance(guess.right, bool)
        and isinstance(guess.review, bool)
        and bool(guess.day)
    )


def record(exercise: str) -> None:
    """Note that an exercise is solved, if this folder is a learner's copy of the lessons."""
    memory = mine()
    if exercise not in memory.solved:
        memory.solved.append(exercise)
        _keep(memory)


def count_hint(exercise: str, slug: str) -> int:
    """Return how many hints were given for a mistake, and count one more."""
    memory, key = mine(), f"{exercise}/{slug}"
    given = memory.hints.get(key, 0)
    memory.hints[key] = given + 1
    _keep(memory)
    return given


def note_guess(question: str, guess: Guess) -> None:
    """Note a prediction, until it is compared with what happens."""
    memory = mine()
    memory.noted[question] = guess
    _keep(memory)


def note_compared(guess: Compared) -> None:
    """Keep what became of a prediction, unless it is a second one on the same day."""
    memory = mine()
    if not any(g.question == guess.question and g.on == guess.on for g in memory.guesses):
        memory.guesses.append(guess)
        _keep(memory)


def _keep(memory: Memory) -> None:
    if memory is _elsewhere:
        return
    held = {name: value for name, value in vars(memory).items() if name != "note"}
    held["guesses"] = [vars(guess) for guess in memory.guesses]
    folder = Path.cwd()
    try:
        write_atomically(folder / FILE, json.dumps(held, indent=1).encode())
        _unsaved.pop(folder, None)
    except OSError:  # a folder that can't be written to must not cost the verdict
        _unsaved[folder] = memory
