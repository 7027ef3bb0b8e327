"""Find the learners in a folder, their notebooks, and which of these answers an exercise."""

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from tqdm.auto import tqdm

from softmax_lessons.grading.jobs import digest
from softmax_lessons.grading.notebook import Answer, answers, places, sources
from softmax_lessons.grading.state import STATE, State

REPORTS = (STATE, "grades.csv", "grades.html")
SUFFIX = ".ipynb"
LARGEST_FILE = 30 << 20  # bytes
LARGEST_CODE = 1 << 20  # characters in one notebook; a lesson has 20,000
MOST_FILES = 200  # notebooks of one learner
MOST_NAMED = 5  # files that one note names
OF_SYSTEMS = ("__MACOSX", "Thumbs.db", "desktop.ini")  # what packing leaves behind


@dataclass(frozen=True)
class Handed:
    """An answer in a notebook, which is read again when it is run: those of a class are many.

    Attributes:
        exercise: what it answers.
        file: the notebook.
        own: the learner's file or folder.
        digest: tells it from any other answer.
        begun: whether it is more than a stub.
        changed: when the notebook was.
    """

    exercise: str
    file: Path
    own: Path
    digest: str
    begun: bool
    changed: float

    @property
    def name(self) -> str:
        """The file's, below the learner's folder."""
        return self.file.name if self.file == self.own else str(self.file.relative_to(self.own))

    def read(self) -> Answer:
        """Return it."""
        return _answers(self.file, self.own)[self.exercise]


@dataclass
class Submission:
    """What one learner handed in.

    Attributes:
        learner: the name of the file or folder; with its suffix where two have the same.
        answers: by the exercise's name.
        notes: what could not be read, and why; which file was taken where several could be.
    """

    learner: str
    answers: dict[str, Handed] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def find(folder: Path, state: State | None = None) -> list[Submission]:
    """Return what each learner handed in; a notebook or a folder in `folder` is a learner's.

    Args:
        folder: the submissions.
        state: what is known of notebooks that were read before. The reports in its folder are
            nobody's.

    Raises:
        FileNotFoundError: if there is no such folder, or nothing in it.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder} is no folder of submissions")
    state = state or State()
    found = [path for path in _entries(folder) if _is_submission(path, state.folder)]
    if not found:
        raise FileNotFoundError(f"{folder} has no notebooks and no folders of notebooks in it")
    named = tqdm(dict(zip(_labels(found), found, strict=True)).items(), "reading", delay=1)
    return [_read(path, label, state) for label, path in named]


def not_read(folder: Path, out: Path | None = None) -> list[str]:
    """Return what is in the folder of submissions and no submission."""
    return [
        f"{path.name}/" if path.is_dir() else path.name
        for path in _entries(folder)
        if not _is_submission(path, out)
        and (not _is_report(path, out) or (path.is_dir() and any(_notebooks(path))))
    ]


def _entries(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if not path.name.startswith("."))


def _is_submission(path: Path, out: Path | None) -> bool:
    if path.name in OF_SYSTEMS or _is_report(path, out):
        return False
    return path.suffix.lower() == SUFFIX or path.is_dir()


def _is_report(path: Path, out: Path | None) -> bool:
    """Tell whether this is what an earlier run wrote."""
    if not path.is_dir():
        return path.name in REPORTS
    ours = (path / STATE).is_file() and not any(_notebooks(path))
    return ours or (out is not None and path.resolve() == out.resolve())


def _files(folder: Path) -> Iterator[Path]:
    """Yield the files of a learner's folder, without those that systems hide."""
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        hidden = any(part.startswith(".") or part in OF_SYSTEMS for part in parts)
        if not hidden and (path.suffix.lower() == SUFFIX or not path.is_dir()):
            yield path


def _notebooks(folder: Path) -> Iterator[Path]:
    return (path for path in _files(folder) if path.suffix.lower() == SUFFIX)


def _labels(paths: Sequence[Path]) -> list[str]:
    """Return a name for each: without its suffix, but where two would have the same."""
    whole = [f"{path.name}/" if path.is_dir() else path.name for path in paths]
    labels = [path.stem if path.suffix.lower() == SUFFIX else path.name for path in paths]
    while True:
        count = Counter(map(_seen, labels))
        twice = [i for i, label in enumerate(labels) if count[_seen(label)] > 1]
        if all(labels[i] == whole[i] for i in twice):
            break
        for i in twice:
            labels[i] = whole[i]
    for number, i in enumerate(twice, start=1):  # not even their suffixes tell them apart
        labels[i] = f"{labels[i]} [{number}]"
    return labels


def _seen(label: str) -> str:
    """Return a label as whoever reads a report sees it."""
    return " ".join(unicodedata.normalize("NFKC", label).casefold().split())


def _read(path: Path, label: str, state: State) -> Submission:
    submission = Submission(label)
    files = [path]
    if path.suffix.lower() != SUFFIX:
        files = list(_notebooks(path))
        others = [
            str(file.relative_to(path)) for file in _files(path) if file.suffix.lower() != SUFFIX
        ]
        others += [str(file.relative_to(path)) for file in files[MOST_FILES:]]
        if others:
            submission.notes.append(f"not read: {_few(others)}")
    if not files:
        submission.notes.append("no notebook")
    found: dict[str, list[Handed]] = {}
    for file in files[:MOST_FILES]:
        try:
            reading = _reading(file, path, state)
            changed = file.stat().st_mtime
            for exercise, (told, begun) in reading["answers"].items():
                handed = Handed(exercise, file, path, told, begun, changed)
                found.setdefault(exercise, []).append(handed)
            submission.notes += reading["notes"]
        except Exception as error:  # whatever is in one file must not end all the others
            why = re.sub(r"\s+", " ", str(error))[:80]
            name = file.name if file == path else str(file.relative_to(path))
            submission.notes.append(f"{name} can't be read ({type(error).__name__}: {why})")
    _choose(submission, found)
    return submission


def _reading(file: Path, own: Path, state: State) -> dict[str, object]:
    """Return the answers in a notebook, their digests alone, and notes on it."""
    content = _content(file, own)
    found = state.reading(content)
    if found is None:
        notes: list[str] = []
        told = {
            exercise: (digest(answer), answer.begun)
            for exercise, answer in answers(_code_cells(content), notes).items()
        }
        found = {"answers": told, "notes": notes}
        state.keep_reading(content, found)
    return found


@lru_cache(1)  # the answers in a notebook are run one after another
def _answers(file: Path, own: Path) -> dict[str, Answer]:
    return answers(_code_cells(_content(file, own)), [])


def _choose(submission: Submission, found: dict[str, list[Handed]]) -> None:
    """Take an answer rather than a stub, and the latest of several; say which, and why."""
    said: dict[str, list[str]] = {}
    for exercise in (name for name in places() if name in found):
        best = max(found[exercise], key=lambda each: (each.begun, each.changed, each.name))
        submission.answers[exercise] = best
        others = [each for each in found[exercise] if each is not best]
        if not others or not best.begun:
            continue
        rivals = [each for each in others if each.begun]
        when = datetime.fromtimestamp(best.changed).strftime("%Y-%m-%d %H:%M:%S")
        why = f"the latest ({when})" if rivals else "the only one with an answer"
        if any(each.changed == best.changed for each in rivals):
            why = f"as late as another ({when}), and after it by name"
        text = f"taken from {best.name}, {why}; not from {_few([each.name for each in others])}"
        said.setdefault(text, []).append(exercise)
    submission.notes += [f"{', '.join(names)}: {text}" for text, names in said.items()]


def _few(names: Sequence[str]) -> str:
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _content(file: Path, own: Path) -> bytes:
    """Return what is in a learner's file."""
    if not file.resolve().is_relative_to(own.parent.resolve() / own.name):
        raise ValueError("it is a link to somewhere else")
    if not file.is_file():
        raise ValueError("it is not a file")
    if file.stat().st_size > LARGEST_FILE:
        raise ValueError(f"it has more than {LARGEST_FILE >> 20} MB")
    return file.read_bytes()


def _code_cells(content: bytes) -> list[str]:
    """Return the sources of the code cells of a notebook of any version."""
    text = content.decode("utf-8-sig")
    notebook = json.loads(text)
    if notebook.get("nbformat") != 4:
        from nbformat import converter, reader  # they take longer to load than a class to read

        notebook = converter.convert(reader.reads(text), 4)  # without validation, which is slow
    found = sources(notebook)
    if sum(map(len, found)) > LARGEST_CODE:
        raise ValueError(f"it has more than {LARGEST_CODE >> 20} MB of code")
    return found
