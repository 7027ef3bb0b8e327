"""Copies of a lesson for learners: without outputs, answers or notes, AI completion off.

Also, what these need to read from a lesson: its title, and the marks on its cells.

In this module, a notebook is a dict, as `json` or `nbformat` reads it; each function returns a new
one.
"""

import copy
import re
from typing import Any

Notebook = dict[str, Any]

FOLDED_ANSWER = re.compile(r"<details>.*?</details>\n*", flags=re.DOTALL)
UNANSWERED = re.compile(r"^\w+: (no prediction|not attempted) yet")


def without_outputs(notebook: Notebook) -> Notebook:
    """Return the notebook without anything that running its cells adds."""
    notebook = copy.deepcopy(notebook)
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell.update(outputs=[], execution_count=None)
    return notebook


def with_completion_off(notebook: Notebook) -> Notebook:
    """Return the notebook with AI completion off, for editors that read this setting (Colab)."""
    notebook = copy.deepcopy(notebook)
    notebook["metadata"].setdefault("colab", {})["generative_ai_disabled"] = True
    return notebook


def without_notes(notebook: Notebook) -> Notebook:
    """Return the notebook without its speaker notes, which are for the teacher."""
    return _keep(notebook, lambda cell: slide_type(cell) != "notes")


def without_solutions(notebook: Notebook) -> Notebook:
    """Return the notebook without solutions and their explanations.

    Only JupyterLab and Notebook hide cells; `<details>` inside a text works in other editors, too.
    """
    return _keep(notebook, lambda cell: not {"solution", "answer"} & tags(cell))


def without_answers(notebook: Notebook) -> Notebook:
    """Return the notebook without solutions, their explanations, and folded answers."""
    notebook = without_solutions(notebook)
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            text = "".join(cell["source"])  # a list of lines in a file, a string in nbformat
            cell["source"] = FOLDED_ANSWER.sub("", text).rstrip()
    return notebook


def without_unanswered(notebook: Notebook) -> Notebook:
    """Return the notebook without what `check` says about questions nobody has answered yet."""
    notebook = copy.deepcopy(notebook)
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"] = [o for o in cell["outputs"] if not UNANSWERED.search(_text(o))]
    return notebook


def title(notebook: Notebook) -> str:
    """Return the heading that the notebook begins with."""
    return "".join(notebook["cells"][0]["source"]).partition("\n")[0].removeprefix("# ")


def tags(cell: dict[str, Any]) -> set[str]:
    """Return the tags of a cell."""
    return set(cell.get("metadata", {}).get("tags", []))


def slide_type(cell: dict[str, Any]) -> str:
    """Return the cell's slide type, in Jupyter's terms; "-" if it continues a slide."""
    kind: str = cell.get("metadata", {}).get("slideshow", {}).get("slide_type", "-")
    return kind


def _text(output: dict[str, Any]) -> str:
    text: list[str] | str = output.get("data", {}).get("text/plain", "")
    return "".join(text)


def _keep(notebook: Notebook, wanted: Any) -> Notebook:
    notebook = copy.deepcopy(notebook)
    notebook["cells"] = [cell for cell in notebook["cells"] if wanted(cell)]
    return notebook
