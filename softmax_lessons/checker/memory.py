"""What is remembered of a learner: solved exercises and hints given, in one file by the lessons."""

import json
import os
import time
from dataclasses import dataclass, field
from pathlib import Path

from softmax_lessons.workspace import MANIFEST, write_atomically

FILE = ".softmax_progress.json"


@dataclass
class Memory:
    """What the file holds.

    Attributes:
        solved: the names of the exercises solved, in the order of solving.
        hints: how often a hint for a mistake was given, by "exercise/slug".
        note: what there is to say about the file, else "".
    """

    solved: list[str] = field(default_factory=list)
    hints: dict[str, int] = field(default_factory=dict)
    note: str = ""


_elsewhere = Memory()  # of this session, where there is no learner's copy of the lessons


def recall(folder: Path | None = None) -> Memory:
    """Return what is remembered in a folder; a file that can't be read is set aside."""
    file = (folder or Path()) / FILE
    try:
        return _read(json.loads(file.read_text(encoding="utf-8")))
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


def _read(found: object) -> Memory:
    """Return a memory from what a file held; the first edition kept a list of solved exercises."""
    if isinstance(found, list):
        found = {"solved": found}
    if not isinstance(found, dict):
        raise ValueError
    solved, hints = found.get("solved", []), found.get("hints", {})
    if not isinstance(solved, list) or not all(isinstance(name, str) for name in solved):
        raise ValueError
    if not isinstance(hints, dict) or not all(isinstance(n, int) for n in hints.values()):
        raise ValueError
    return Memory(list(solved), dict(hints))


def record(exercise: str) -> None:
    """Note that an exercise is solved, if this folder is a learner's copy of the lessons."""
    memory = _own()
    if exercise not in memory.solved:
        memory.solved.append(exercise)
        _keep(memory)


def count_hint(exercise: str, slug: str) -> int:
    """Return how many hints were given for a mistake, and count one more."""
    memory, key = _own(), f"{exercise}/{slug}"
    given = memory.hints.get(key, 0)
    memory.hints[key] = given + 1
    _keep(memory)
    return given


def _own() -> Memory:
    if not Path(MANIFEST).exists():
        return _elsewhere
    memory = recall()
    memory.hints.update(_elsewhere.hints)
    return memory


def _keep(memory: Memory) -> None:
    if memory is _elsewhere:
        return
    text = json.dumps({"solved": memory.solved, "hints": memory.hints})
    try:
        write_atomically(Path(FILE), text.encode())
    except OSError:  # a folder that can't be written to must not cost the verdict
        _elsewhere.hints.update(memory.hints)
