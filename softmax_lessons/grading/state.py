"""What's kept from one run to the next: marks, and the contents of each notebook."""

import hashlib
import json
import threading
from dataclasses import asdict
from pathlib import Path

from softmax_lessons.grading.jobs import Mark, course

STATE = "grades.jsonl"


class State:
    """A file with one line per mark and per notebook read."""

    def __init__(self, folder: Path | None = None) -> None:
        """Read the file, leaving out lines that can't be read.

        Args:
            folder: where the file is or will be; without one, nothing is kept.
        """
        self.folder = folder
        self.marks: dict[str, Mark] = {}
        self.readings: dict[str, dict[str, object]] = {}
        self._lock, self._begun = threading.Lock(), False
        if folder is None or not self._file.exists():
            return
        for line in self._file.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                fields = json.loads(line)
                if "notebook" in fields:
                    self.readings[fields["notebook"]] = fields
                    continue
                for name in ("misconceptions", "sentences"):
                    fields[name] = tuple(fields[name])
                self.marks[fields["key"]] = Mark(**fields)
            except (ValueError, TypeError, KeyError):
                continue

    @property
    def _file(self) -> Path:
        return self.folder / STATE

    def keep(self, mark: Mark) -> None:
        """Keep a mark, if another run would give the same."""
        if mark.sure:
            self._write(asdict(mark))

    def reading(self, notebook: bytes) -> dict[str, object] | None:
        """Return the contents of a notebook with these bytes, if it's been read before."""
        return self.readings.get(_name(notebook))

    def keep_reading(self, notebook: bytes, found: dict[str, object]) -> None:
        """Keep a notebook's contents."""
        self._write({"notebook": _name(notebook), **found})

    def _write(self, fields: dict[str, object]) -> None:
        if self.folder is None:
            return
        with self._lock:
            if not self._begun:
                self.folder.mkdir(parents=True, exist_ok=True)
            with self._file.open("ab+") as file:
                if not self._begun and file.tell():
                    file.seek(-1, 2)
                    if file.read() != b"\n":  # the last line was cut off
                        file.write(b"\n")
                self._begun = True
                file.write(json.dumps(fields).encode() + b"\n")


def _name(notebook: bytes) -> str:
    return hashlib.sha256(course().encode() + notebook).hexdigest()
