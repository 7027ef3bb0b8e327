"""What the course remembers about a learner, in a file next to the lessons that moves with them."""

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
        solved: the names of the solved exercises, in the order they were solved.
        hints: how many hints were given for a mistake, by "exercise/slug".
        noted: the last prediction, by the question's name: a text, or choices with their
            probabilities.
        guesses: the day's first prediction for each question, once it has been compared.
        note: a message about the file, if there is one, else "".
    """

    solved: list[str] = field(default_factory=list)
    hints: dict[str, int] = field(default_factory=dict)
    noted: dict[str, Guess] = field(default_factory=dict)
    guesses: list["Compared"] = field(default_factory=list)
    note: str = ""


@dataclass(frozen=True)
class Compared:
    """A prediction, compared with what happens.

    Attributes:
        question: the question's name.
        guess: the predicted answer.
        right: whether it was right.
        on: the day, such as "2026-11-27".
        review: whether the question was asked again after the lesson.
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


_elsewhere = Memory()  # for this session only, where there's no learner's copy of the lessons
_unsaved: dict[Path, Memory] = {}  # for folders that can't be written to


def recall(folder: Path | None = None) -> Memory:
    """Return what a folder's file remembers; a file that can't be read is moved out of the way."""
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
        note = f"{FILE} can't be read; your solved exercises aren't lost, but they can't be shown."
        return Memory(note=note)
    return Memory(note=set_aside(file.parent))


def set_aside(folder: Path) -> str:
    """Return a message about the latest file that couldn't be read, if it's still there."""
    names = sorted(path.name for path in folder.glob(f"{FILE}.broken-*"))
    return f"{FILE} couldn't be read, so it was renamed to {names[-1]}." if names else ""


def mine() -> Memory:
    """Return this folder's memory or, outside a learner's copy of the lessons, this session's."""
    if not Path(MANIFEST).exists():
        return _elsewhere
    return _unsaved.get(Path.cwd()) or recall()


def read(found: object) -> Memory:
    """Return a memory from a file's contents; the first edition's are a list of solved exercises.

    Raises:
        ValueError: if the contents aren't a memory.
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
    """Tell whether each part has the right type; a bad date raises ValueError."""
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
    """Return how many hints were given for a mistake before, and count another."""
    memory, key = mine(), f"{exercise}/{slug}"
    given = memory.hints.get(key, 0)
    memory.hints[key] = given + 1
    _keep(memory)
    return given


def note_guess(question: str, guess: Guess) -> None:
    """Note a prediction until it's compared with what happens."""
    memory = mine()
    memory.noted[question] = guess
    _keep(memory)


def note_compared(guess: Compared) -> None:
    """Keep a compared prediction, unless it's the second one on the same day."""
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
    except OSError:  # without write access, the learner must still get the verdict
        _unsaved[folder] = memory
