"""Which exercises a learner has solved, kept in one small file beside the learner's lessons."""

import html
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path

from softmax_lessons.checker.exercises import exercises
from softmax_lessons.checker.hunts import hunts
from softmax_lessons.workspace import MANIFEST, write_whole

FILE = ".softmax_progress.json"


@dataclass(frozen=True, repr=False)
class Progress:
    """Which exercises are solved; shows itself as a list in a notebook and in a terminal.

    Attributes:
        solved: the names of the exercises solved so far, in the order of the course.
        open: the names of the others.
        note: what there is to say about the file, else "".
    """

    solved: tuple[str, ...]
    open: tuple[str, ...]
    note: str = ""

    def __repr__(self) -> str:
        marks = {name: "[x]" for name in self.solved}
        lines = [f"{marks.get(name, '[ ]')} {name}" for name in _names()]
        total = len(self.solved) + len(self.open)
        note = [self.note] if self.note else []
        return "\n".join([f"{len(self.solved)} of {total} exercises solved", *lines, *note])

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(repr(self))}</pre>"


def progress() -> Progress:
    """Return which exercises of the course you have solved in this folder."""
    solved, note = _read(Path())
    return Progress(
        solved=tuple(name for name in _names() if name in solved),
        open=tuple(name for name in _names() if name not in solved),
        note=note,
    )


def _names() -> tuple[str, ...]:
    return (*exercises(), *hunts())


def record(exercise: str) -> None:
    """Note that an exercise is solved, if this folder is a learner's copy of the lessons."""
    folder = Path()
    try:
        if not (folder / MANIFEST).exists():
            return
        solved, _ = _read(folder)
        if exercise not in solved:
            write_whole(folder / FILE, json.dumps([*solved, exercise]).encode())
    except OSError:
        return  # a folder that can't be written to must not cost the verdict


def _read(folder: Path) -> tuple[list[str], str]:
    """Return what is solved, and a note if the file was broken; it is set aside then."""
    file = folder / FILE
    try:
        solved = json.loads(file.read_text(encoding="utf-8"))
        if isinstance(solved, list) and all(isinstance(name, str) for name in solved):
            return solved, ""
    except OSError:
        return [], ""
    except ValueError:
        pass
    aside = file.with_name(f"{FILE}.broken-{time.time_ns()}")
    try:
        os.replace(file, aside)
    except OSError:
        return [], f"{FILE} can't be read; your solved exercises are not lost, but not shown."
    return [], f"{FILE} could not be read, and is set aside as {aside.name}."
