"""What each copy of a lesson leaves out, and that it leaves out nothing else."""

import json
import re
import sys

import nbformat
import pytest
from IPython.core.interactiveshell import InteractiveShell
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from softmax_lessons.copies import (
    slide_type,
    tags,
    title,
    without_answers,
    without_notes,
    without_outputs,
    without_solutions,
    without_unanswered,
)
from softmax_lessons.workspace import lessons, prepare
from tools.metadata import course
from tools.publish import copies, online

QUESTION = "**Predict.** Which?\n\n<details><summary>Answer</summary>\n\nThis.\n\n</details>"


@pytest.fixture
def notebook():
    return new_notebook(
        cells=[
            new_markdown_cell("# 1. Title"),
            new_markdown_cell("Ask the room.", metadata={"slideshow": {"slide_type": "notes"}}),
            new_markdown_cell(f"{QUESTION}\n\nRun it.\n\n{QUESTION}"),
            new_code_cell("1", execution_count=1, outputs=[new_output("stream", text="1")]),
            new_code_cell("def f(): ...", metadata={"tags": ["exercise"]}),
            new_code_cell("def f_solution(): 2", metadata={"tags": ["solution"]}),
            new_markdown_cell("Because it is 2.", metadata={"tags": ["answer"]}),
        ]
    )


def texts(notebook):
    return [cell["source"] for cell in notebook["cells"]]


def test_notes_are_left_out_and_nothing_else(notebook):
    expected = texts(notebook)
    del expected[1]
    assert texts(without_notes(notebook)) == expected


def test_solutions_are_left_out_and_nothing_else(notebook):
    expected = texts(notebook)
    del expected[5:]
    assert texts(without_solutions(notebook)) == expected


def test_answers_are_left_out_and_nothing_else(notebook):
    question = "**Predict.** Which?"
    assert texts(without_answers(notebook)) == [
        "# 1. Title",
        "Ask the room.",
        f"{question}\n\nRun it.\n\n{question}",
        "1",
        "def f(): ...",
    ]


def test_answers_are_left_out_of_sources_that_are_lists_of_lines(notebook):
    for cell in notebook.cells:
        cell.source = cell.source.splitlines(keepends=True)
    assert "<details>" not in str(without_answers(notebook))


def test_outputs_are_left_out_and_nothing_else(notebook):
    copy = without_outputs(notebook)
    assert texts(copy) == texts(notebook)
    code = [cell for cell in copy["cells"] if cell["cell_type"] == "code"]
    assert [(cell["outputs"], cell["execution_count"]) for cell in code] == [([], None)] * 3


def test_the_title_is_the_first_heading_without_its_hash():
    assert title({"cells": [{"source": ["# 7. Two\n", "\n", "# words\n"]}]}) == "7. Two"
    assert title({"cells": [{"source": "# 7. Two\n\ntext"}]}) == "7. Two"


def test_verdicts_on_unanswered_cells_are_left_out_and_nothing_else(notebook):
    said = ["f: not attempted yet", "g: no prediction yet (it goes in place)", "h: not yet (slug)"]
    notebook.cells[4].outputs = [
        new_output("execute_result", {"text/plain": text}) for text in said
    ] + [new_output("stream", text="f: not attempted yet")]
    outputs = without_unanswered(notebook)["cells"][4]["outputs"]
    assert [output["output_type"] for output in outputs] == ["execute_result", "stream"]
    assert outputs[0]["data"]["text/plain"] == said[2]
    assert texts(without_unanswered(notebook)) == texts(notebook)


def test_a_learners_copy_has_no_notes_and_keeps_its_answers(tmp_path):
    prepare(tmp_path)
    for lesson in lessons():
        own, ours = (nbformat.read(p, as_version=4) for p in (tmp_path / lesson.name, lesson))
        assert texts(own) == texts(without_notes(ours))


@pytest.mark.parametrize(
    "leave_out", [without_notes, without_answers, without_outputs, without_unanswered]
)
def test_the_original_is_left_unchanged(notebook, leave_out):
    before = nbformat.writes(notebook)
    leave_out(notebook)
    assert nbformat.writes(notebook) == before


@pytest.mark.parametrize("lesson", lessons(), ids=lambda path: path.stem)
def test_every_copy_is_a_valid_notebook_without_what_it_leaves_out(lesson):
    copy = without_answers(without_notes(nbformat.read(lesson, as_version=4)))
    nbformat.validate(copy)
    assert "_solution" not in str(texts(copy))
    assert "<summary>" not in str(texts(copy))
    assert "notes" not in map(slide_type, copy["cells"])


def test_completion_is_off_in_learners_copies_but_untouched_in_teachers(tmp_path):
    for answers in (False, True):
        target = tmp_path / "copy.ipynb"
        copies.write(lessons()[1], target, answers=answers, outputs=True)
        metadata = nbformat.read(target, as_version=4)["metadata"]
        assert ("colab" in metadata) is not answers


RELEASE = online.Release("2.3.1", "https://github.com/a/b")


@pytest.fixture(params=lessons(), ids=lambda path: path.stem)
def on_the_web(request):
    """A lesson, and its copy for Colab and Kaggle."""
    lesson = json.loads(request.param.read_text(encoding="utf-8"))
    return lesson, online.copy(lesson, request.param.name, RELEASE)


def test_a_copy_for_the_web_has_the_lessons_cells_except_notes_and_solutions(on_the_web):
    lesson, copy = on_the_web
    nbformat.validate(copy)
    left_out = [
        cell["id"]
        for cell in lesson["cells"]
        if slide_type(cell) == "notes" or {"solution", "answer"} & tags(cell)
    ]
    kept = [cell["id"] for cell in lesson["cells"] if cell["id"] not in left_out]
    found = [cell["id"] for cell in copy["cells"]]
    assert found == [kept[0], "badges", "install", *kept[1:]]
    assert not any(cell.get("outputs") for cell in copy["cells"])
    assert copy["metadata"]["colab"] == {"generative_ai_disabled": True}


def test_a_copy_for_the_web_links_only_to_what_is_on_the_web(on_the_web):
    _, copy = on_the_web
    texts = ["".join(c["source"]) for c in copy["cells"] if c["cell_type"] == "markdown"]
    links = re.findall(r"\]\(([^)]+)\)", "\n".join(texts))
    assert [link for link in links if not link.startswith(("https://", "#"))] == []
    opened = "github.com/a/b/blob/online/"
    name = next(link for link in links if "colab.research" in link and "/github/a/b" in link)
    assert "/github/a/b/blob/online/" in name
    assert any(f"kernels/welcome?src=https://{opened}" in link for link in links)
    assert any("/blob/v2.3.1/notebooks/" in link for link in links)


@pytest.mark.parametrize("place", ["colab", "kaggle", "elsewhere"])
def test_the_first_cell_installs_only_this_release_and_only_on_the_web(place, monkeypatch):
    monkeypatch.delenv("KAGGLE_KERNEL_RUN_TYPE", raising=False)
    if place == "colab":
        monkeypatch.setitem(sys.modules, "google.colab", object())
    if place == "kaggle":
        monkeypatch.setenv("KAGGLE_KERNEL_RUN_TYPE", "Interactive")
    asked = []
    shell = InteractiveShell()
    shell.register_magic_function(asked.append, magic_name="pip")
    shell.run_cell(online.INSTALL.format(version="2.3.1")).raise_error()
    if place == "elsewhere":
        assert asked == []
        return
    (words,) = (line.split() for line in asked)
    assert words[:4] == ["install", "--quiet", "--no-deps", "softmax-lessons==2.3.1"]
    assert "torch" not in words


def test_the_release_matches_the_projects_metadata():
    assert online.release() == (course().version, course().urls["Source"])
