"""Copies for Colab and Kaggle, each opened by a badge: `python -m tools.publish.online FOLDER`.

The release puts them on their own branch, BRANCH, from which both open a notebook. They do
as well in VS Code and Codespaces, which also show what JupyterLab hides.
"""

import json
import re
import sys
from importlib.metadata import metadata
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from softmax_lessons.copies import (
    Notebook,
    with_completion_off,
    without_notes,
    without_outputs,
    without_solutions,
)
from softmax_lessons.workspace import lessons, write_atomically

BRANCH = "online"
LESSON_LINK = re.compile(r"\]\((\d\d_\w+\.ipynb)")
BADGES = """[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]({colab}) \
[![Open in Kaggle](https://kaggle.com/static/images/open-in-kaggle.svg)]({kaggle})

This copy is for the web. It has no solutions; they are in [the lesson itself]({lesson}).
What you write here and what `progress()` knows are gone with the session: save a copy first."""
# Without dependencies, so that nothing is replaced that these places need in the version they have.
# They have all that the lessons need but the last two, which lesson 16 uses.
INSTALL = """# installs the course on Colab, and on Kaggle with its Internet on; elsewhere, nothing
import os
import sys

if "google.colab" in sys.modules or "KAGGLE_KERNEL_RUN_TYPE" in os.environ:
    %pip install --quiet --no-deps softmax-lessons=={version} hypothesis sortedcontainers"""


class Release(NamedTuple):
    """Where a release is, as the installed package says.

    Attributes:
        version: of the package, on PyPI.
        source: the address of the repository.
    """

    version: str
    source: str

    def address(self, name: str, revision: str = BRANCH, folder: str = "") -> str:
        """Return the address of a file in the repository."""
        return f"{self.source}/blob/{revision}/{folder}{name}"


def release() -> Release:
    """Return the release that is installed."""
    says = metadata("softmax-lessons")
    urls = dict(line.split(", ", 1) for line in says.get_all("Project-URL"))
    return Release(says["Version"], urls["Source"])


def copy(notebook: Notebook, name: str, of: Release) -> Notebook:
    """Return the copy of a lesson: badges and an installation before it, no solutions, no outputs.

    Args:
        notebook: the lesson.
        name: of its file.
        of: what the copy installs and links.
    """
    for change in (without_notes, without_solutions, without_outputs, with_completion_off):
        notebook = change(notebook)
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            text = "".join(cell["source"])
            cell["source"] = LESSON_LINK.sub(lambda to: f"]({of.address(to[1])}", text)
    there = of.address(name)
    badges = BADGES.format(
        colab=f"https://colab.research.google.com/github{urlsplit(there).path}",
        kaggle=f"https://kaggle.com/kernels/welcome?src={there}",
        lesson=of.address(name, f"v{of.version}", "notebooks/"),
    )
    first = {"cell_type": "markdown", "id": "badges", "metadata": {}, "source": badges}
    second = {
        "cell_type": "code",
        "id": "install",
        "metadata": {},
        "source": INSTALL.format(version=of.version),
        "execution_count": None,
        "outputs": [],
    }
    title, *cells = notebook["cells"]
    notebook["cells"] = [title, first, second, *cells]
    return notebook


def write(lesson: Path, target: Path) -> None:
    """Write the copy of a lesson into a file."""
    made = copy(json.loads(lesson.read_text(encoding="utf-8")), lesson.name, release())
    write_atomically(target, (json.dumps(made, indent=1, ensure_ascii=False) + "\n").encode())


def main() -> None:
    """Write all copies into a folder."""
    (folder,) = map(Path, sys.argv[1:])
    folder.mkdir(parents=True, exist_ok=True)
    for lesson in lessons():
        write(lesson, folder / lesson.name)


if __name__ == "__main__":
    main()
