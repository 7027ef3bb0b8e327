"""How long grading takes, and how much memory.

    python tools/benchmarks/grading.py [--learners 20] [--classes 50 500 2000] [--download 30]

Grades a class as Canvas packs it, four lessons each, by the command: from the zip to all reports.
Then whole classes who hand in two lessons: of ten learners, seven are right, two have a mistake
and one handed in the untouched lesson. Then submissions of lesson 05 with this course's grader
and with nbgrader, and the same learners' answers to all exercises of the core lessons.
"""

import argparse
import contextlib
import copy
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Collection
from pathlib import Path

import nbformat
import psutil

from softmax_lessons.grading.export import export
from softmax_lessons.grading.forkserver import ForkServer
from softmax_lessons.grading.grade import grade
from softmax_lessons.grading.state import State
from softmax_lessons.grading.submissions import find
from softmax_lessons.workspace import lessons

LESSON = "05_subtract_the_maximum"
TWO = ("03", "05")
FOUR = ("01", "02", "03", "05")
LEARNER = "LEARNER"  # in each answer, so that no two learners' are the same and share a run
CORE = ("00", "01", "02", "03", "04", "05")


def solved(path: Path) -> nbformat.NotebookNode:
    """Return a lesson with its solutions in place of the stubs."""
    notebook = nbformat.read(path, as_version=4)
    solution = {}
    for cell in reversed(notebook.cells):
        tags = cell.metadata.get("tags", [])
        if "solution" in tags:
            solution = cell
        if "exercise" in tags:
            name = cell.source.partition("def ")[2].partition("(")[0]
            cell.source = solution.source.rpartition("check(")[0].replace(f"{name}_solution", name)
            cell.source += f"# by {LEARNER}"
    return notebook


def timed(command) -> float:
    start = time.perf_counter()
    command()
    return time.perf_counter() - start


def ours(folder: Path, out: Path) -> float:
    return timed(lambda: grade(find(folder).submissions, State(out)))


def nbgraders(course: Path, learners: int) -> float:
    export(course)
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}

    def run(*command: str) -> None:
        program = str(Path(sys.executable).parent / "nbgrader")
        subprocess.run(
            [program, *command], cwd=course, env=environment, check=True, capture_output=True
        )

    run("generate_assignment", LESSON, "--create")
    answer = course / "source" / LESSON / f"{LESSON}.ipynb"
    for i in range(learners):
        target = course / "submitted" / f"learner_{i:02}" / LESSON
        target.mkdir(parents=True)
        shutil.copy(answer, target)
    return timed(lambda: run("autograde", LESSON))


def mistaken(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Return a solved lesson with a mistake in its answers: the dim is not the one asked for."""
    notebook = copy.deepcopy(notebook)
    for cell in notebook.cells:
        if "exercise" in cell.metadata.get("tags", []):
            cell.source = cell.source.replace("dim=dim", "dim=0")
    return notebook


class Peak(threading.Thread):
    """Watches how much memory this process and its children take, shared pages split."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.bytes, self._over = 0, threading.Event()

    def run(self) -> None:
        """Look every other second: to look costs time as well."""
        own = psutil.Process()
        while not self._over.wait(2):
            total = 0
            for process in (own, *own.children(recursive=True)):
                with contextlib.suppress(psutil.Error):
                    total += process.memory_full_info().pss
            self.bytes = max(self.bytes, total)

    def stop(self) -> int:
        """Return the most there was, in bytes."""
        self._over.set()
        self.join()
        return self.bytes


def of_ten(numbers: Collection[str]) -> dict[Path, list[str]]:
    """Return, by lesson, what ten learners hand in."""
    right = {path: solved(path) for path in lessons() if path.stem[:2] in numbers}
    return {
        path: [nbformat.writes(right[path])] * 7
        + [nbformat.writes(mistaken(right[path]))] * 2
        + [path.read_text(encoding="utf-8")]
        for path in right
    }


def download(folder: Path, learners: int) -> None:
    """Grade a class as it's downloaded by the command, and print how long it took."""
    texts = of_ten(FOUR)
    with zipfile.ZipFile(folder / "submissions.zip", "w", zipfile.ZIP_DEFLATED) as target:
        for i in range(learners):
            for upload, (path, kinds) in enumerate(texts.items(), start=80_000 + 10 * i):
                text = kinds[i % 10].replace(LEARNER, f"doe{i}")
                target.writestr(f"doe{i}_{7000 + i}_{upload}_{path.name}", text)
    command = [sys.executable, "-m", "softmax_lessons", "grade", folder / "submissions.zip"]
    command += ["--out", folder / "grades"]
    took = timed(lambda: subprocess.run(command, check=True, capture_output=True))
    print(
        f"{learners} learners, four lessons, from the zip to the reports on {os.cpu_count()} "
        f"cores: {took:.1f} s (under 30: {took < 30})"
    )


def whole_class(folder: Path, learners: int) -> None:
    """Grade a class twice, and print what it took."""
    texts = of_ten(TWO)
    for i in range(learners):
        target = folder / "class" / f"learner_{i:04}"
        target.mkdir(parents=True)
        for path, kinds in texts.items():
            text = kinds[i % 10].replace(LEARNER, target.name)
            (target / path.name).write_text(text, encoding="utf-8")
    peak = Peak()
    peak.start()
    first = ours(folder / "class", folder / "grades")
    memory = peak.stop()
    again = ours(folder / "class", folder / "grades")
    print(
        f"{learners} learners, two lessons: {first:.1f} s, {memory / 1e6:.0f} MB at most; "
        f"with nothing new {again:.2f} s (under 2: {again < 2})"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--learners", type=int, default=20)
    parser.add_argument("--classes", type=int, nargs="*", default=[50])
    parser.add_argument("--download", type=int, default=30)
    arguments = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # as the command does
    with tempfile.TemporaryDirectory() as name:
        download(Path(name), arguments.download)
    for count in arguments.classes:
        with tempfile.TemporaryDirectory() as name:
            whole_class(Path(name), count)
    learners = arguments.learners
    core = [path for path in lessons() if path.stem[:2] in CORE]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for i in range(learners):
            for group, paths in (("one", [p for p in core if p.stem == LESSON]), ("all", core)):
                target = folder / group / f"learner_{i:02}"
                target.mkdir(parents=True)
                for path in paths:
                    text = nbformat.writes(solved(path)).replace(LEARNER, target.name)
                    (target / path.name).write_text(text, encoding="utf-8")
        one = ours(folder / "one", folder / "grades_one")
        every = ours(folder / "all", folder / "grades_all")
        server = ForkServer()
        start = timed(server.wait_until_ready)
        server.close()
        theirs = nbgraders(folder / "course", learners)
    print(f"{learners} learners, lesson 05: {one:.1f} s; with nbgrader {theirs:.1f} s")
    print(f"nbgrader takes {theirs / one:.0f} times as long (at least 10: {theirs / one >= 10})")
    print(
        f"{learners} learners, all exercises of lessons 00 to 05: {every:.1f} s, of which "
        f"{start:.1f} s start-up (under 5 s without: {every - start < 5})"
    )


if __name__ == "__main__":
    main()
