"""Slides: one HTML file a lesson, which needs nothing next to it and no network."""

import copy
import json
import subprocess
from pathlib import Path

import pypandoc

from softmax_lessons.copies import Notebook, slide_type, tags, title, without_unanswered
from tools.publish import questions

FIXED = "maximum-scale=1.0, user-scalable=no, "  # Pandoc's; nobody could enlarge the page by touch


def write(notebook: Path, target: Path) -> None:
    """Write the slides of a lesson, as its slide metadata says, with the speaker's notes.

    What a question asks for is on its own slide, and what happens on the next.

    Args:
        notebook: the lesson.
        target: the HTML file to write.

    Raises:
        subprocess.CalledProcessError: if Pandoc fails, or warns.
        ValueError: if Pandoc's template no longer has what keeps a page from being enlarged.
    """
    content = without_unanswered(json.loads(notebook.read_text(encoding="utf-8")))
    content = _with_votes(questions.with_forms(content))
    options = ["--defaults=tools/publish/slides.yaml", f"--metadata=pagetitle:{title(content)}"]
    subprocess.run(
        [pypandoc.get_pandoc_path(), *options, "--fail-if-warnings", f"--output={target}"],
        input=json.dumps(content),
        encoding="utf-8",
        check=True,
    )
    page = target.read_text(encoding="utf-8")
    if FIXED not in page:
        raise ValueError(f"{target} doesn't have Pandoc's {FIXED!r}")
    target.write_text(page.replace(FIXED, ""), encoding="utf-8")


def _with_votes(notebook: Notebook) -> Notebook:
    """Return a lesson whose questions have room for votes, and notes on what the votes say."""
    cells = []
    for place, cell in enumerate(notebook["cells"]):
        shown = [tag for tag in tags(cell) if tag.startswith(questions.SHOWS)]
        if shown:
            if slide_type(cell) not in ("slide", "subslide"):
                # the notes come after both, and are wanted with both
                cells += copy.deepcopy(_notes_of_slide(notebook["cells"][place + 1 :]))
                cell["metadata"]["slideshow"] = {"slide_type": "subslide"}
            cells.append(_note(questions.notes(shown[0].removeprefix(questions.SHOWS))))
        cells.append(cell)
    return {**notebook, "cells": cells}


def _notes_of_slide(cells: list[dict]) -> list[dict]:
    kinds = [slide_type(cell) for cell in cells]
    ends = [place for place, kind in enumerate(kinds) if kind in ("slide", "subslide")]
    return [cell for cell in cells[: min(ends, default=None)] if slide_type(cell) == "notes"]


def _note(text: str) -> dict:
    slideshow = {"slide_type": "notes"}
    return {"cell_type": "markdown", "metadata": {"slideshow": slideshow}, "source": text}
