"""Slides: one HTML file a lesson, which needs nothing beside it and no network."""

import json
import subprocess
from pathlib import Path

import pypandoc

from softmax_lessons.copies import title, without_unanswered


def write(notebook: Path, target: Path) -> None:
    """Write the slides of a lesson, as its slide metadata says, with the speaker's notes.

    Args:
        notebook: the lesson.
        target: the HTML file to write.

    Raises:
        subprocess.CalledProcessError: if Pandoc fails, or warns.
    """
    content = without_unanswered(json.loads(notebook.read_text(encoding="utf-8")))
    options = ["--defaults=tools/publish/slides.yaml", f"--metadata=pagetitle:{title(content)}"]
    subprocess.run(
        [pypandoc.get_pandoc_path(), *options, "--fail-if-warnings", f"--output={target}"],
        input=json.dumps(content),
        encoding="utf-8",
        check=True,
    )
