"""Grade 20 submissions of lesson 05 with this course's grader and with nbgrader, in one run.

    python tools/benchmarks/grading.py [--learners 20]

Also grades 20 learners' answers to all exercises of the core lessons.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nbformat

from softmax_lessons.grading.export import export
from softmax_lessons.grading.forkserver import ForkServer
from softmax_lessons.grading.grade import grade
from softmax_lessons.grading.jobs import MEMORY
from softmax_lessons.grading.state import State
from softmax_lessons.grading.submissions import find
from softmax_lessons.workspace import lessons

LESSON = "05_subtract_the_maximum"
CORE = ("00", "01", "02", "03", "04", "05")


def solved(path: Path) -> nbformat.NotebookNode:
    """Return a lesson with its solutions in the place of the stubs."""
    notebook = nbformat.read(path, as_version=4)
    solution = {}
    for cell in reversed(notebook.cells):
        tags = cell.metadata.get("tags", [])
        if "solution" in tags:
            solution = cell
        if "exercise" in tags:
            name = cell.source.partition("def ")[2].partition("(")[0]
            cell.source = solution.source.rpartition("check(")[0].replace(f"{name}_solution", name)
    return notebook


def timed(command) -> float:
    start = time.perf_counter()
    command()
    return time.perf_counter() - start


def ours(folder: Path, out: Path) -> float:
    return timed(lambda: grade(find(folder), State(out)))


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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--learners", type=int, default=20)
    learners = parser.parse_args().learners
    core = [path for path in lessons() if path.stem[:2] in CORE]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for i in range(learners):
            for group, paths in (("one", [p for p in core if p.stem == LESSON]), ("all", core)):
                target = folder / group / f"learner_{i:02}"
                target.mkdir(parents=True)
                for path in paths:
                    nbformat.write(solved(path), target / path.name)
        one = ours(folder / "one", folder / "grades_one")
        every = ours(folder / "all", folder / "grades_all")
        start = timed(lambda: ForkServer(seconds=3, memory=MEMORY).close())
        theirs = nbgraders(folder / "course", learners)
    print(f"{learners} learners, lesson 05: {one:.1f} s; with nbgrader {theirs:.1f} s")
    print(f"nbgrader takes {theirs / one:.0f} times as long (at least 10: {theirs / one >= 10})")
    print(
        f"{learners} learners, all exercises of lessons 00 to 05: {every:.1f} s, of which "
        f"{start:.1f} s start-up (under 5 s without: {every - start < 5})"
    )


if __name__ == "__main__":
    main()
