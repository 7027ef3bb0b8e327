"""Print how many minutes each lesson takes, and how many its parts "Going further" take on top.

    python -m tools.minutes

The count is of a learner who reads everything but the speaker notes, guesses before each run, and
gets each exercise wrong once. What the lessons and the README state must be near it.
"""

import json
import re
from pathlib import Path

from softmax_lessons.copies import slide_type, tags
from softmax_lessons.workspace import lessons

WORDS_A_MINUTE = 200
RUN = 0.5  # to look at what a cell prints or draws
GUESS = 1.0
WRONG_TRY = 2.0  # to read what check says, and to think again
LINE = 1.0  # to write a line of a model answer


def of_notebook(path: Path) -> tuple[float, float]:
    """Return the minutes of a lesson's core, and of its parts "Going further"."""
    minutes = {"core": 0.0, "further": 0.0}
    part = "core"
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        text = "".join(cell["source"])
        if heading := re.match(r"## (Going further)?", text):
            part = "further" if heading[1] else "core"
        if slide_type(cell) != "notes":
            minutes[part] += _of_cell(cell, text)
    return minutes["core"], minutes["further"]


def _of_cell(cell: dict, text: str) -> float:
    reading = len(re.findall(r"\w+", re.sub(r"<[^>]+>", "", text))) / WORDS_A_MINUTE
    if cell["cell_type"] == "markdown":
        return reading
    if "solution" in tags(cell):
        return WRONG_TRY + LINE * len(re.findall(r"^ +[^# ]", text, re.MULTILINE))
    if re.search(r"^predict\(", text, re.MULTILINE):
        return GUESS
    if "exercise" in tags(cell) or re.match(r"(check|steps)\(", text):
        return 0.0  # it's the model answer that counts
    return reading + RUN


if __name__ == "__main__":
    for path in lessons():
        core, further = of_notebook(path)
        print(f"{path.stem:28} {core:3.0f} {further:3.0f}")
