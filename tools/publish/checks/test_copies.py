"""Copies of a lesson run what it runs, so to run the lesson and a learner's copy is enough."""

import json
from pathlib import Path

import pytest

from softmax_lessons.workspace import lessons


def code(path: Path) -> list[tuple[str, list]]:
    """Return what the code cells of a notebook hold, and what they show."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    found = [cell for cell in cells if cell["cell_type"] == "code"]
    return [("".join(cell["source"]), cell["outputs"]) for cell in found]


@pytest.mark.parametrize("lesson", lessons(), ids=lambda path: path.stem)
def test_a_teachers_copy_has_the_code_and_the_outputs_of_the_lesson(lesson, build):
    assert code(build / "answers" / lesson.name) == code(lesson)


@pytest.mark.parametrize("lesson", lessons(), ids=lambda path: path.stem)
def test_a_copy_without_outputs_has_the_code_of_a_learners_and_no_output(lesson, build):
    learners = code(build / "student" / lesson.name)
    blank = code(build / "student_without_outputs" / lesson.name)
    assert blank == [(source, []) for source, _ in learners]
    assert any(outputs for _, outputs in learners)
