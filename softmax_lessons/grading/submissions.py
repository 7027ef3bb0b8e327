"""Read what each learner handed in, and choose which of several notebooks answers an exercise."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from tqdm.auto import tqdm

from softmax_lessons.checker import memory
from softmax_lessons.checker.memory import Memory
from softmax_lessons.grading.archive import LARGEST_FILE
from softmax_lessons.grading.guesses import first_ones, in_cells, quiz_calls
from softmax_lessons.grading.handins import (
    NOTEBOOK,
    File,
    Learner,
    by_learner,
    few,
    name_apart,
    open_download,
    require_inside,
)
from softmax_lessons.grading.jobs import digest
from softmax_lessons.grading.notebook import Answer, answers, places, sources
from softmax_lessons.grading.roster import Person, find_on
from softmax_lessons.grading.state import State

LARGEST_CODE = 1 << 20  # characters in one notebook; a lesson has 20,000
MOST_FILES = 200  # notebooks per learner


@dataclass(frozen=True)
class Handed:
    """An answer in a notebook, which is read again to run it, because a class has so many.

    Attributes:
        exercise: what it answers.
        file: the notebook.
        digest: a hash that identifies it.
        begun: whether it is more than a stub.
        when: sorts it by the time it was handed in, if the download has that; else "".
        changed: when the notebook was last changed.
    """

    exercise: str
    file: File
    digest: str
    begun: bool
    when: str
    changed: float

    @property
    def name(self) -> str:
        """The learner's name for the notebook."""
        return self.file.name

    def read(self) -> Answer:
        """Return the answer."""
        return _answers(self.file)[self.exercise]


@dataclass
class Submission:
    """What one learner handed in.

    Attributes:
        learner: the name in the reports; no two learners have the same one.
        system: the learning system it was downloaded from, "" if unknown.
        ids: the system's IDs for the learner.
        paths: where it was found.
        late: whether a part of it was late, according to the download.
        empty: whether the learner handed in nothing.
        answers: the answers, by the exercise's name.
        guesses: the first prediction for each question, if it's known.
        quizzes: the notebooks' calls of `before` and `after`, and the answers; see `quiz_calls`.
        memories: the file that the course keeps next to the lessons, if it was handed in, too.
        notes: what couldn't be read, and why; which file was used if there were several.
        row: the number of the line in the class list, if there is one.
        unsure: whether it's empty only because somebody's work fits several lines of the list.
    """

    learner: str
    system: str = ""
    ids: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    late: bool = False
    empty: bool = False
    answers: dict[str, Handed] = field(default_factory=dict)
    guesses: dict[str, object] = field(default_factory=dict)
    quizzes: list[list[object]] = field(default_factory=list)
    memories: list[Memory] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    row: int | None = None
    unsure: bool = False

    @property
    def missing(self) -> bool:
        """Whether the learner surely handed in nothing."""
        return self.empty and not self.unsure


@dataclass
class Class:
    """What a class handed in.

    Attributes:
        submissions: one per learner, including those on the class list who handed in nothing.
        left_out: everything else that was there, which isn't read.
    """

    submissions: list[Submission]
    left_out: list[str]


def find(
    places: Path | Sequence[Path], state: State | None = None, people: Sequence[Person] = ()
) -> Class:
    """Return what each learner handed in.

    Args:
        places: a folder or zip of submissions, or several.
        state: what we know about notebooks read before. The reports in its folder belong to no
            learner.
        people: the class list.

    Raises:
        FileNotFoundError: if one of them is neither, or is empty.
        ValueError: if one is a zip that can't be read.
    """
    state = state or State()
    places = [places] if isinstance(places, Path) else places
    downloads = [open_download(place, state.folder) for place in places]
    learners = by_learner(downloads)
    learners = name_apart(find_on(people, learners) if people else learners)
    left_out = [name for download in downloads for name in download.left_out]
    return Class(
        [_read(each, state) for each in tqdm(learners, "reading", delay=1, disable=None)], left_out
    )


def _read(learner: Learner, state: State) -> Submission:
    submission = Submission(
        *(learner.label, learner.system, learner.ids, tuple(p.shown for p in learner.parts)),
        late=any(part.named.late for part in learner.parts),
        empty=not learner.parts,
        notes=list(learner.notes),
        row=learner.row,
        unsure=learner.unsure,
    )
    if submission.empty:
        perhaps = "may have handed in: somebody's work fits several lines of the class list"
        submission.notes.append(perhaps if submission.unsure else "nothing handed in")
        return submission
    notebooks, others, kept = [], [], []
    for part in learner.parts:
        files, notes = part.contents()
        submission.notes += notes
        for file in files:
            if Path(file.name).name == memory.FILE:
                kept.append(file)
                continue
            is_notebook = file.path.suffix.lower() == NOTEBOOK and len(notebooks) < MOST_FILES
            (notebooks if is_notebook else others).append((part, file))
        if part.named.late:
            submission.notes.append(f"late: {few([file.name for file in files])}")
    if others:
        submission.notes.append(f"not read: {few([file.name for _, file in others])}")
    if not notebooks:
        submission.notes.append("no notebook")
    unread: dict[str, list[str]] = {}
    found: dict[str, list[Handed]] = {}
    guessed: list[tuple[tuple[str, float], str, dict[str, object]]] = []
    for part, file in notebooks:
        try:
            reading = _reading(file, state)
            changed = file.path.stat().st_mtime // 2 * 2  # zips only have even seconds
            for exercise, (told, begun) in reading["answers"].items():
                handed = Handed(exercise, file, told, begun, part.named.when, changed)
                found.setdefault(exercise, []).append(handed)
            when = part.named.when, 0.0 if part.named.when else changed
            guessed.append((when, file.name, reading))
            submission.notes += reading["notes"]
        except Exception as error:  # one bad file mustn't stop all the others
            why = re.sub(r"\s+", " ", str(error))[:80]
            kind = "" if type(error) is ValueError else f"{type(error).__name__}: "
            unread.setdefault(f"{kind}{why}", []).append(file.name)
    submission.notes += [f"{few(names)} can't be read: {why}" for why, names in unread.items()]
    _choose(submission, found)
    for _, _, reading in sorted(guessed, key=lambda each: each[:2]):
        submission.guesses |= reading["guesses"]
        submission.quizzes += reading["quizzes"]
    submission.memories += filter(None, map(_remembered, kept))
    for each in submission.memories:
        compared = [(guess.question, guess.guess) for guess in each.guesses if not guess.review]
        submission.guesses |= first_ones(each.noted, compared)
    return submission


def _remembered(file: File) -> Memory | None:
    """Return the course's memory of a learner; None if it can't be read."""
    try:
        return memory.read(json.loads(_content(file)))
    except (ValueError, OSError, RecursionError):
        return None


def _reading(file: File, state: State) -> dict[str, object]:
    """Return the digests of a notebook's answers, and notes on it."""
    content = _content(file)
    found = state.reading(content)
    if found is None:
        notes: list[str] = []
        cells = _code_cells(content)
        told = {
            exercise: (digest(answer), answer.begun)
            for exercise, answer in answers(cells, notes).items()
        }
        found = {"answers": told, "notes": notes, "guesses": in_cells(cells)}
        found["quizzes"] = quiz_calls(cells)
        state.keep_reading(content, found)
    return found


@lru_cache(1)  # a notebook's answers run one after another
def _answers(file: File) -> dict[str, Answer]:
    return answers(_code_cells(_content(file)), [])


def _choose(submission: Submission, found: dict[str, list[Handed]]) -> None:
    """Prefer an answer to a stub, and the latest of several; say which, and why."""
    said: dict[str, list[str]] = {}
    for exercise in (name for name in places() if name in found):
        best = max(
            found[exercise], key=lambda each: (each.begun, *_time(each), each.name, each.digest)
        )
        submission.answers[exercise] = best
        others = [each for each in found[exercise] if each is not best]
        if not others or not best.begun:
            continue
        rivals = [each for each in others if each.begun]
        when = f" ({_told(best)})"
        why = f"the latest{when}" if rivals else "the only one with an answer"
        if any(_time(each) == _time(best) for each in rivals):
            why = f"as late as another{when}, but after it by name"
        names = [
            each.name if each.name != best.name else f"the one of that name ({_told(each)})"
            for each in others
        ]
        text = f"taken from {best.name}, {why}; not from {few(names)}"
        said.setdefault(text, []).append(exercise)
    submission.notes += [f"{', '.join(names)}: {text}" for text, names in said.items()]


def _time(handed: Handed) -> tuple[str, float]:
    """Return a sort key by time; a system's date counts more than a file's."""
    return handed.when, 0.0 if handed.when else handed.changed


def _told(handed: Handed) -> str:
    if handed.when.isdigit():
        return f"upload {handed.when.lstrip('0')}"
    changed = datetime.fromtimestamp(handed.changed).strftime("%Y-%m-%d %H:%M:%S")
    return handed.when or changed


def _content(file: File) -> bytes:
    """Return the contents of a learner's file."""
    path = file.path
    require_inside(path, file.within)
    if path.stat().st_size > LARGEST_FILE:
        raise ValueError(f"it has more than {LARGEST_FILE >> 20} MB")
    return path.read_bytes()


def _code_cells(content: bytes) -> list[str]:
    """Return the sources of the code cells in a notebook of any version."""
    try:
        text = content.decode("utf-8-sig")
        notebook = json.loads(text)
        if notebook.get("nbformat") != 4:
            from nbformat import converter, reader  # loading these takes longer than a class

            notebook = converter.convert(reader.reads(text), 4)  # without validation, which is slow
        found = sources(notebook)
        size = sum(map(len, found))
    except Exception:  # each library and each kind of damage has its own
        raise ValueError("it isn't a notebook, or a part of it is missing") from None
    if size > LARGEST_CODE:
        raise ValueError(f"it has more than {LARGEST_CODE >> 20} MB of code")
    return found
