"""What is done for one answer, and what comes of it: plain records that any process can be sent."""

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
    """Something failed that no answer is to blame for; the message says what."""


@dataclass(frozen=True)
class Job:
    """An answer to grade.

    Attributes:
        learner: whose it is.
        exercise: what it answers.
        answer: the answer; None if it could not be read.
        key: tells it, and all else that its mark depends on, from any other.
        seconds: what it may take.
        conditions: what else its mark depends on; see `conditions`.
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
        learner: who.
        exercise: what.
        points: 1 or 0.
        misconceptions: the slugs of the mistakes found.
        sentences: what each of them means.
        says: what the learner is told, without the hint.
        key: tells this answer, and all else that the mark depends on, from any other.
        sure: whether another run would come to the same; only such marks are kept.
        trouble: what failed on this machine, in a sentence for the teacher.
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
        """Whether there is more than a stub."""
        stub = not self.points and ": not attempted yet" in self.says.partition("\n")[0]
        return bool(self.key) and not stub


def digest(answer: Answer) -> str:
    """Return what tells an answer from any other."""
    return hashlib.sha256(json.dumps(asdict(answer)).encode()).hexdigest()


def key(learner: str, exercise: str, answer: str, conditions: Sequence[object]) -> str:
    """Return what tells the mark for an answer (its digest) from any other."""
    told = json.dumps([learner, exercise, answer, conditions])
    return hashlib.sha256(told.encode()).hexdigest()


def conditions(seconds: float) -> tuple[object, ...]:
    """Return what a mark depends on besides the answer.

    The sandbox is among it: where it is weaker, a mark is worth less, and some files can't be
    written.
    """
    versions = course(), _torch(), platform.python_version()
    return *versions, seconds, MEMORY, *sandbox.level()


@cache  # every answer asks
def _torch() -> str:
    return version("torch")


@cache
def course() -> str:
    """Return what tells this version of the course from any other."""
    found = hashlib.sha256()
    package = Path(softmax_lessons.__file__).parent
    for file in [*sorted(package.rglob("*.py")), *lessons()]:
        found.update(file.name.encode() + b"\0" + file.read_bytes())
    return found.hexdigest()
