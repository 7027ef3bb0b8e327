"""The work on one answer and its result: plain records that can be sent to any process."""

import hashlib
import json
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path

import softmax_lessons
from softmax_lessons.grading import sandbox
from softmax_lessons.grading.notebook import Answer
from softmax_lessons.workspace import lessons

MEMORY = 2 << 30  # bytes for one submission


class MachineError(Exception):
    """Something failed that isn't an answer's fault; the message says what."""


@dataclass(frozen=True)
class Job:
    """An answer to grade.

    Attributes:
        learner: the learner's name.
        exercise: the exercise's name.
        answer: the answer; None if it couldn't be read.
        key: identifies it and everything else that its mark depends on.
        seconds: its time limit.
        conditions: everything else its mark depends on; see `conditions`.
    """

    learner: str
    exercise: str
    answer: Answer | None
    key: str
    seconds: float
    conditions: tuple[object, ...]


@dataclass(frozen=True)
class Mark:
    """What one learner got for one exercise.

    Attributes:
        learner: the learner's name.
        exercise: the exercise's name.
        points: 1 or 0.
        misconceptions: the slugs of the mistakes found.
        sentences: the sentence about each of them.
        says: the feedback for the learner, without the hint.
        key: identifies this answer and everything else that the mark depends on.
        sure: whether another run would give the same mark; only these marks are kept.
        trouble: what failed on this machine, as a sentence for the teacher.
    """

    learner: str
    exercise: str
    points: int
    misconceptions: tuple[str, ...]
    sentences: tuple[str, ...]
    says: str
    key: str
    sure: bool = True
    trouble: str = ""

    @property
    def begun(self) -> bool:
        """Whether there's more than a stub."""
        stub = not self.points and ": not attempted yet" in self.says.partition("\n")[0]
        return bool(self.key) and not stub


def digest(answer: Answer) -> str:
    """Return a hash that identifies an answer."""
    return hashlib.sha256(json.dumps(asdict(answer)).encode()).hexdigest()


def key(learner: str, exercise: str, answer: str, conditions: Sequence[object]) -> str:
    """Return a hash that identifies the mark for an answer, given by its digest."""
    told = json.dumps([learner, exercise, answer, conditions])
    return hashlib.sha256(told.encode()).hexdigest()


def conditions(seconds: float) -> tuple[object, ...]:
    """Return everything a mark depends on besides the answer.

    That includes the sandbox: if it's weaker, a mark is worth less, and some files can't be
    written.
    """
    versions = course(), _torch(), platform.python_version()
    return *versions, seconds, MEMORY, *sandbox.level()


@cache  # every answer asks for it
def _torch() -> str:
    return version("torch")


@cache
def course() -> str:
    """Return a hash that identifies this version of the course."""
    found = hashlib.sha256()
    package = Path(softmax_lessons.__file__).parent
    for file in [*sorted(package.rglob("*.py")), *lessons()]:
        found.update(file.name.encode() + b"\0" + file.read_bytes())
    return found.hexdigest()
