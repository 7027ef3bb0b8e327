"""The export for nbgrader, from the source to the grades."""

import csv
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from softmax_lessons.grading.export import export
from softmax_lessons.grading.notebook import places

LESSON = "05_subtract_the_maximum"
WRONG = "    return torch.softmax(x, dim=-1)"
BIN = Path(sys.executable).parent


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    folder = tmp_path_factory.mktemp("course")
    export(folder)
    return folder


def run(course, *command):
    # nbgrader looks for a program of its own on the path
    environment = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        [str(BIN / "nbgrader"), *command],
        cwd=course,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr


def code(path):
    return [c for c in nbformat.read(path, as_version=4).cells if c.cell_type == "code"]


def test_every_exercise_is_worth_one_point_and_its_solution_is_between_markers(course):
    cells = [cell for path in course.glob("source/*/*.ipynb") for cell in code(path)]
    marked = [cell for cell in cells if "nbgrader" in cell.metadata]
    answers = [cell for cell in marked if cell.metadata["nbgrader"]["solution"]]
    checks = [cell for cell in marked if cell.metadata["nbgrader"]["grade"]]
    assert len(answers) == len(checks) == len(places())
    for cell in answers:
        assert cell.source.count("### BEGIN SOLUTION") == cell.source.count("### END SOLUTION") == 1
        compile(cell.source, "answer", "exec")
    for cell in checks:
        assert cell.metadata["nbgrader"]["points"] == 1
        assert "assert verdict.passed" in cell.source
    assert not [cell for cell in cells if "_solution(" in cell.source]
    identities = [cell.metadata["nbgrader"]["grade_id"] for cell in marked]
    assert len(set(identities)) == len(identities)


def test_existing_files_are_not_overwritten(course):
    with pytest.raises(FileExistsError):
        export(course)


def test_nbgrader_makes_an_assignment_and_grades_right_and_wrong_answers(course):
    run(course, "generate_assignment", LESSON, "--create")
    release = course / "release" / LESSON / f"{LESSON}.ipynb"
    source = nbformat.read(course / "source" / LESSON / f"{LESSON}.ipynb", as_version=4)
    (solution,) = [c.source for c in source.cells if "### BEGIN SOLUTION" in c.source]
    (stub,) = [c.source for c in code(release) if "raise NotImplementedError()" in c.source]
    assert "amax" not in stub
    head = stub.partition("    # YOUR CODE HERE")[0]
    answers = {"right": solution, "global": head + WRONG, "open": stub}
    for learner, answer in answers.items():
        notebook = nbformat.read(release, as_version=4)
        for cell in notebook.cells:
            if cell.source == stub:
                cell.source = answer
        target = course / "submitted" / learner / LESSON / release.name
        target.parent.mkdir(parents=True)
        nbformat.write(notebook, target)
    run(course, "autograde", LESSON)
    run(course, "export")
    with (course / "grades.csv").open(newline="", encoding="utf-8") as file:
        scores = {row["student_id"]: float(row["score"]) for row in csv.DictReader(file)}
    assert scores == {"right": 1, "global": 0, "open": 0}
    text = (course / "autograded" / "global" / LESSON / release.name).read_text(encoding="utf-8")
    assert "hard-coded-last-dim" in text
