"""Handouts: lessons on paper, as PDF, by Pandoc and Typst."""

import json
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pypandoc
import torch
import typst
from torch import Tensor

from softmax_lessons import limits
from softmax_lessons.copies import (
    Notebook,
    tags,
    without_answers,
    without_notes,
    without_unanswered,
)
from softmax_lessons.dtypes import Limits
from softmax_lessons.field_guide import entries
from tools.publish import questions

HERE = Path(__file__).parent.resolve()
MOST_ASKED = (36, 110, 80, 81, 87, 93, 41, 91, 83, 101, 115, 116)  # by threads that were counted


def write(notebooks: list[Path], target: Path, *, answers: bool) -> None:
    """Write a lesson as a handout, or several as a booklet with a table of contents.

    Args:
        notebooks: the lessons, in the order of the booklet.
        target: the PDF to write.
        answers: print solutions and answers; without them, there is room to write, and what
            happens after a prediction is on the last pages.

    Raises:
        subprocess.CalledProcessError: if Pandoc fails, or warns.
        typst.TypstError: if Typst fails; it also refuses what is not accessible.
    """
    options = [f"--defaults={HERE / 'handout.yaml'}", "--ipynb-output=all", "--fail-if-warnings"]
    if answers:
        options.append("--metadata=answers")
    if len(notebooks) > 1:
        options += ["--metadata=booklet", "--metadata=title:Softmax in PyTorch"]
    with TemporaryDirectory() as folder:
        for notebook in notebooks:
            content = json.loads(notebook.read_text(encoding="utf-8"))
            content = without_unanswered(without_notes(content))
            content = questions.with_places(content, guess)
            if not answers:
                content = _with_outcomes_last(without_answers(content))
            (Path(folder) / notebook.name).write_text(json.dumps(content), encoding="utf-8")
        names = [notebook.name for notebook in notebooks]
        command = [pypandoc.get_pandoc_path(), *options, "--output=handout.typ", *names]
        subprocess.run(command, cwd=folder, check=True)
        _compile(Path(folder) / "handout.typ", target)


def guess(_name: str = "", wanted: str = "") -> str:
    """Return what handout.lua makes a line for a pencil of, unless answers are printed."""
    return f'<div class="guess">\n\n{wanted}\n\n</div>'


def _with_outcomes_last(notebook: Notebook) -> Notebook:
    """Return a lesson that shows at its end what happens, for nothing else hides it on paper."""
    cells: list[dict[str, Any]] = []
    last: list[dict[str, Any]] = []
    for cell in notebook["cells"]:
        cells.append(cell)
        if any(tag.startswith(questions.SHOWS) for tag in tags(cell)):
            number = len(last) // 2 + 1
            link = f"[prediction {number}](#Prediction-{number})"
            last += [_text(f"### Prediction {number}"), {**cell, "source": ""}]
            cells[-1:] = [{**cell, "outputs": []}, _text(f"The output is under {link}.")]
    if last:
        cells += [_text("## What happens"), *last]
    return {**notebook, "cells": cells}


def _text(source: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {}, "source": source}


def write_cheat_sheet(target: Path) -> None:
    """Write the cheat sheet, a single page whose numbers are computed here.

    Args:
        target: the PDF to write.

    Raises:
        typst.TypstError: if Typst fails; it also refuses what is not accessible.
    """
    _compile(HERE / "cheat_sheet.typ", target, numbers=json.dumps(_numbers()))


def _numbers() -> dict[str, Any]:
    logits = torch.tensor([2.0, 1.0, 0.1])
    shifted = logits - logits.amax()
    steps = {
        "x": [*_digits(logits, 1), ""],
        "exp(x)": _digits(_with_sum(logits.exp())),
        "exp(x - m)": _digits(_with_sum(shifted.exp())),
        "softmax": _digits(_with_sum(torch.softmax(logits, dim=0))),
    }
    batch = torch.tensor([[1.0, 2.0, 3.0], [1.0, 2.0, 1.0]])
    slices = [[_digits(row) for row in torch.softmax(batch, dim=dim)] for dim in (0, 1)]
    titles = {entry.number: entry.title for entry in entries()}
    dtypes = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
    return {
        "example": {
            "names": ["cat", "dog", "owl"],
            "steps": [[name, *values] for name, values in steps.items()],
        },
        "slices": slices,
        "alt": f"The softmax of a tensor with 2 rows and 3 columns. Along dim 0, each of the "
        f"3 columns sums to 1: {slices[0]}. Along dim 1, each of the 2 rows: {slices[1]}.",
        "asked": [[titles[number], f"P{number}"] for number in MOST_ASKED],
        "limits": [_limits_row(limits(dtype)) for dtype in dtypes],
    }


def _with_sum(values: Tensor) -> Tensor:
    return torch.cat([values, values.sum(dim=0, keepdim=True)])


def _digits(values: Tensor, places: int = 4) -> list[str]:
    return [f"{value:.{places}f}" for value in values.tolist()]


def _limits_row(found: Limits) -> list[str]:
    numbers = (found.largest, found.exp_finite_up_to, found.exp_positive_down_to)
    return [str(found.dtype).removeprefix("torch."), *(f"{number:.6g}" for number in numbers)]


def _compile(source: Path, target: Path, **inputs: str) -> None:
    typst.compile(
        source,
        output=target,
        root=source.parent,
        ignore_system_fonts=True,
        sys_inputs=inputs,
        pdf_standards="ua-1",
    )
