"""The learner's own copy of the lessons: made once, refreshed, never overwritten."""

import hashlib
import json
import os
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from softmax_lessons.copies import (
    with_completion_off,
    without_notes,
    without_outputs,
    without_solutions,
)

WAITS = (0.05, 0.1, 0.2, 0.4, 0.6, 0.65)  # in seconds, before trying a file again
MANIFEST = ".softmax_lessons.json"  # what we wrote to the folder: file name -> SHA-256
WITHOUT = "without solutions"  # an entry in it
# files that tell AI assistants to tutor, and editors not to complete: target -> source
BESIDE_LESSONS = {
    "AGENTS.md": "AGENTS.md",
    "CLAUDE.md": "CLAUDE.md",  # points to AGENTS.md, for the assistant that only reads this file
    ".vscode/settings.json": "vscode_settings.json",
}
FIRST_EDITION = {  # files whose lesson now has a different number
    "07_follow_the_gradient.ipynb": "08",
    "08_temperature_and_sampling.ipynb": "09 and 10",
    "09_mask_and_attend.ipynb": "12",
    "10_compute_in_few_bits.ipynb": "13",
    "11_compute_in_pieces.ipynb": "14 and 15",
    "12_hunt_the_bug.ipynb": "16",
    "13_field_guide.ipynb": "17",
}


@dataclass
class Report:
    """What `prepare` did, as lists of file names.

    Attributes:
        added: lessons that weren't there.
        refreshed: lessons the learner hadn't changed, replaced by a newer version.
        kept: files that the learner has changed or made.
        outdated: those among `kept` that the course has a different version of.
        first_edition: files from the first edition whose lesson now has a different number; nothing
            touches them.
    """

    added: list[str] = field(default_factory=list)
    refreshed: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    outdated: list[str] = field(default_factory=list)
    first_edition: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        lines = []
        if self.added:
            lines.append(f"Added: {', '.join(self.added)}")
        if self.refreshed:
            lines.append(f"Refreshed: {', '.join(self.refreshed)}")
        if self.kept:
            lines.append(f"Kept as you left them: {', '.join(self.kept)}")
        if self.outdated:
            lines.append(
                f"Of these, the course has a different version: {', '.join(self.outdated)} "
                "(rename yours, and the next start will add it)"
            )
        lines = lines or ["All lessons are up to date."]
        if self.first_edition:
            now = ", ".join(f"{name} is {FIRST_EDITION[name]}" for name in self.first_edition)
            lines.append(f"Kept from the first edition, with their new numbers: {now}")
        return "\n".join(lines)


def lessons() -> list[Path]:
    """Return the notebooks of the course, in reading order.

    An installed package contains them; in a checkout, they're next to the package.
    """
    package = Path(__file__).parent
    for folder in (package / "notebooks", package.parent / "notebooks"):
        if found := sorted(folder.glob("[0-9][0-9]_*.ipynb")):
            return found
    raise FileNotFoundError(f"found no lessons in {package} or next to it; please reinstall")


def prepare(folder: Path | str, solutions: bool | None = None) -> Report:
    """Put a working copy of each lesson into `folder`, without outputs.

    It adds missing files and refreshes those that are still as it wrote them. All others belong to
    the learner, and it keeps them.

    Args:
        folder: where to put the copies, a path or a string; it's created if it doesn't exist.
        solutions: whether to keep the solutions, which only JupyterLab and Notebook hide. By
            default, as the last time; the first time, they're kept.

    Returns:
        What was added, refreshed and kept, and which files are from the first edition.

    Raises:
        TypeError: if `folder` isn't a path.
        OSError: if the folder can't be created or written to.
    """
    try:
        folder = Path(folder)
    except TypeError as error:
        raise TypeError(f"prepare needs a path to a folder, got {folder!r:.60}") from error
    folder.mkdir(parents=True, exist_ok=True)
    written = _read_manifest(folder)
    if solutions is None:
        solutions = WITHOUT not in written
    written = {name: digest for name, digest in written.items() if name != WITHOUT}
    if not solutions:
        written[WITHOUT] = ""
    report = Report()
    for lesson in lessons():
        fresh, copy = _fresh(lesson, solutions), folder / lesson.name
        new = hashlib.sha256(fresh).hexdigest()
        if not os.path.lexists(copy):
            report.added.append(lesson.name)
        else:
            old = hashlib.sha256(copy.read_bytes()).hexdigest() if copy.is_file() else None
            if old == new:
                written[lesson.name] = new
                continue
            if old is None or old != written.get(lesson.name):
                report.kept.append(lesson.name)
                if written.get(lesson.name) != new:
                    report.outdated.append(lesson.name)
                continue
            report.refreshed.append(lesson.name)
        write_atomically(copy, fresh)
        written[lesson.name] = new
    _put_beside(folder, written)
    write_atomically(folder / MANIFEST, json.dumps(written, indent=1).encode())
    report.first_edition = [name for name in FIRST_EDITION if os.path.lexists(folder / name)]
    return report


def _put_beside(folder: Path, written: dict[str, str]) -> None:
    """Put the other files next to the lessons, except those the learner has changed or deleted."""
    for name, source in BESIDE_LESSONS.items():
        fresh, copy = (
            (Path(__file__).parent / "beside_lessons" / source).read_bytes(),
            folder / name,
        )
        there = os.path.lexists(copy)
        ours = copy.is_file() and hashlib.sha256(copy.read_bytes()).hexdigest() == written.get(name)
        in_the_way = copy.parent.exists() and not copy.parent.is_dir()
        if ours or not (there or in_the_way or name in written):
            copy.parent.mkdir(exist_ok=True)
            write_atomically(copy, fresh)
            written[name] = hashlib.sha256(fresh).hexdigest()


def _read_manifest(folder: Path) -> dict[str, str]:
    """Return what was written before; nothing if that's unknown, so that everything is kept."""
    try:
        written = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return written if isinstance(written, dict) else {}


def _fresh(lesson: Path, solutions: bool) -> bytes:
    """Return a learner's copy, without outputs (they would spoil predictions) or notes."""
    notebook = json.loads(lesson.read_text(encoding="utf-8"))
    notebook = with_completion_off(without_outputs(without_notes(notebook)))
    if not solutions:
        notebook = without_solutions(notebook)
    return (json.dumps(notebook, indent=1, ensure_ascii=False) + "\n").encode()


def write_atomically(path: Path, content: bytes) -> None:
    """Write a whole file or nothing.

    Args:
        path: the file, in a folder that exists.
        content: its new content.

    Raises:
        OSError: if it can't be written; the old file then stays as it was.
    """
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".part_")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.chmod(temporary, 0o644)  # mkstemp creates files that only their owner can read
        _replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def _replace(source: str, target: Path) -> None:
    """Move a file over another; on Windows, an editor or a scanner may lock it for a moment."""
    for wait in WAITS:
        try:
            os.replace(source, target)
            return
        except PermissionError:
            time.sleep(wait)
    os.replace(source, target)
