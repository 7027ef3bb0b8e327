"""Copies of the lessons for learners and for teachers."""

import json
from pathlib import Path

from softmax_lessons.copies import (
    with_completion_off,
    without_answers,
    without_notes,
    without_outputs,
)
from softmax_lessons.workspace import write_atomically


def write(notebook: Path, target: Path, *, answers: bool, outputs: bool) -> None:
    """Write a copy of a lesson, without the teacher's notes.

    Args:
        notebook: the lesson.
        target: the file to write.
        answers: keep the solutions, their explanations and the folded answers.
        outputs: keep what the cells printed and drew.
    """
    content = without_notes(json.loads(notebook.read_text(encoding="utf-8")))
    if not answers:
        content = with_completion_off(without_answers(content))
    if not outputs:
        content = without_outputs(content)
    write_atomically(target, (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode())
