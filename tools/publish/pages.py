"""A lesson as one HTML page, which needs nothing next to it and no network."""

import json
import subprocess
from pathlib import Path

import pypandoc

from softmax_lessons.copies import title, without_notes, without_unanswered
from tools.publish import questions


def write(notebook: Path, target: Path) -> None:
    """Write a lesson as a page, with a form for each question and its solutions folded.

    Args:
        notebook: the lesson.
        target: the HTML file to write.

    Raises:
        subprocess.CalledProcessError: if Pandoc fails, or warns.
    """
    content = without_unanswered(without_notes(json.loads(notebook.read_text(encoding="utf-8"))))
    options = ["--defaults=tools/publish/pages.yaml", f"--metadata=pagetitle:{title(content)}"]
    subprocess.run(
        [pypandoc.get_pandoc_path(), *options, f"--output={target}"],
        input=json.dumps(questions.with_all_hidden(questions.with_forms(content))),
        encoding="utf-8",
        check=True,
    )
