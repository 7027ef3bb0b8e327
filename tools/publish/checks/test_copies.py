"""Copies run the same code as the lesson, so running the lesson and a learner's is enough."""

import json
from pathlib import Path

import pytest

from softmax_lessons.workspace import lessons


def code(path: Path) -> list[tuple[str, list]]:
    """Return the source and the outputs of a notebook's code cells."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    found = [cell for cell in cells if cell["cell_type"] == "code"]
    return [("".join(cell["source"]), cell["outputs"]) for cell in found]


@pytest.mark.parametrize("lesson", lessons(), ids=lambda path: path.stem)
def test_a_teachers_copy_has_the_same_code_and_outputs_as_the_lesson(lesson, build):
    assert code(build / "answers" / lesson.name) == code(lesson)


@pytest.mark.parametrize("lesson", lessons(), ids=lambda path: path.stem)
def test_a_copy_without_outputs_has_the_same_code_as_a_learners_copy(lesson, build):
    learners = code(build / "student" / lesson.name)
    blank = code(build / "student_without_outputs" / lesson.name)
    assert blank == [(source, []) for source, _ in learners]
    assert any(outputs for _, outputs in learners)
