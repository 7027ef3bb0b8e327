"""Predictions on a page: what a form needs to know of each question, and its place in a lesson."""

import copy
import html
import json
import math
import re
from collections.abc import Callable, Iterator
from typing import Any

from softmax_lessons.checker.guess import Answer, alike
from softmax_lessons.checker.question import KINDS, Question
from softmax_lessons.copies import FOLDED_ANSWER, Notebook, tags
from softmax_lessons.lessons import tasks
from softmax_lessons.predictions import told
from softmax_lessons.translation import translated

# and the name of a question: the tags of the cell that shows what happens, and of those after it
SHOWS, AFTER = "shows-", "after-"
PLACE = "question-"  # and the name: where its form is
GOES_ON = re.compile(rf'^#|\*\*Predict\.\*\*|id="{PLACE}', flags=re.MULTILINE)
FORM = re.compile(rf'<div class="question" id="{PLACE}(\w+)"')
PREDICTS = re.compile(r'predict\("(\w+)", \.\.\.\)  # (.*)')
# what to ask when the votes are counted, by the kind of the answer; {} is a wrong one
NEXT = {
    str: 'Ask next: what would have to be different for "{}" to be right?',
    float: "Ask next: how does someone arrive at {}, and where does it go wrong?",
    int: "Ask next: how does someone arrive at {}, and where does it go wrong?",
    tuple: "Ask next: what does each of the numbers stand for, and which one is off in {}?",
}
BY_SHARE = (
    "If about half of them are right, let everyone convince a neighbour who chose otherwise, and "
    "vote again; if nearly all are, go on; if few are, give a hint first."
)
COMPARES = re.compile(r'\s*^check\("(\w+)"\)$', flags=re.MULTILINE)


def with_forms(notebook: Notebook) -> Notebook:
    """Return a lesson with a place for a form where it asks for a prediction.

    What the form hides until there is a guess can be told by its class: the outputs of the cell
    that shows what happens, and the folded answer, which stands below the form.
    """
    notebook = with_places(notebook, form)
    answer = ""
    for cell in notebook["cells"]:
        text = "".join(cell["source"])
        if "**Predict.**" in text and (folded := FOLDED_ANSWER.search(text)):
            answer = folded[0]
            cell["source"] = text.replace(answer, "").rstrip()
        elif (asked := FORM.match(text)) and answer:
            marked = answer.replace("<details>", f'<details class="{SHOWS}{asked[1]}">', 1)
            cell["source"] = f"{text}\n\n{marked}"
            answer = ""
    return notebook


def with_all_hidden(notebook: Notebook) -> Notebook:
    """Return a lesson with forms in which all that tells what happens waits for a guess.

    That is what comes after the cell that shows it, up to a heading, an exercise or the next
    question: texts, and other cells.
    """
    cells, asked = [], ""
    for cell in notebook["cells"]:
        text = "".join(cell["source"])
        is_code, goes_on = cell["cell_type"] == "code", GOES_ON.search(text)
        if is_code:
            asked = "" if "exercise" in tags(cell) else asked
            asked = next((tag for tag in tags(cell) if tag.startswith(SHOWS)), asked)
            if asked and asked not in tags(cell):
                after = asked.replace(SHOWS, AFTER)
                own = {**cell["metadata"], "tags": [*tags(cell), after]}
                cell = {**cell, "metadata": own}
        else:
            start = len(text)
            if goes_on:
                start = goes_on.start() if goes_on[0] in ("#", "**Predict.**") else 0
            if asked and (waits := text[:start].rstrip()):
                shown = f'<div class="{asked}">\n\n{waits}\n\n</div>\n\n{text[start:]}'
                cell = {**cell, "source": shown.rstrip()}
            asked = "" if goes_on else asked
        cells.append(cell)
    return {**notebook, "cells": cells}


def with_places(notebook: Notebook, place: Callable[[str, str], str]) -> Notebook:
    """Return a lesson with each `predict(...)` that asks for a guess replaced.

    The line that compares the guess is left out, and its cell gets a tag, SHOWS and the name.

    Args:
        notebook: the lesson.
        place: from the name of a question, and what can be answered, to the Markdown in its
            place.
    """
    cells = []
    for cell in copy.deepcopy(notebook["cells"]):
        text = "".join(cell["source"])
        if cell["cell_type"] == "code":
            if asked := PREDICTS.match(text):
                instead = place(asked[1], _wanted(asked[2]))
                cell = {
                    "cell_type": "markdown",
                    "id": cell["id"],
                    "metadata": cell["metadata"],
                    "source": instead,
                }
            elif compared := COMPARES.search(text):
                cell["source"] = COMPARES.sub("", text)
                cell["metadata"]["tags"] = [*tags(cell), SHOWS + compared[1]]
        cells.append(cell)
    return {**notebook, "cells": cells}


def _wanted(comment: str) -> str:
    """Return what a prediction's comment says can be answered, as it reads on a page."""
    return re.sub(r"^replace the \.\.\. with ", "", comment).replace('"', "")


def form(name: str, wanted: str) -> str:
    """Return the place of a question's form, as HTML; questions.js builds it there."""
    data = html.escape(json.dumps(_data(name), ensure_ascii=False))
    about = f'id="{PLACE}{name}" data-wanted="{html.escape(wanted)}" data-question="{data}"'
    return f'<div class="question" {about}></div>'


def notes(name: str) -> str:
    """Return what a teacher needs for a vote on a question, as Markdown.

    What happens, what each likely wrong answer says of who gives it, and what to ask next.
    """
    question = tasks()[name]
    lines = [
        f"**Vote.** Everyone chooses before anyone speaks. What happens: {told(question.answer)}.",
        "",
        *(f"- {named}: {says}" for named, _, says in reasons(question, most=3)),
        "",
        ask_next(question),
        BY_SHARE,
    ]
    return "\n".join(lines)


def ask_next(question: Question) -> str:
    """Return what to ask when the votes are counted, as a sentence."""
    return NEXT[type(question.answer)].format(told(next(iter(question.wrong))))


def reasons(question: Question, most: int | None = None) -> Iterator[tuple[str, str, str]]:
    """Yield the likely wrong answers that have one reason, its slug, and its sentence.

    Args:
        question: the question.
        most: how many answers of a reason are named; all if None.
    """
    found: dict[tuple[str, str], list[str]] = {}
    for answer, why in question.wrong.items():
        found.setdefault(why, []).append(told(answer))
    for why, answers in found.items():
        named, more = answers[:most], len(answers[:most]) < len(answers)
        yield (" or ".join([*named, *(["others like these"] if more else [])]), *why)


def _data(name: str) -> dict[str, Any]:
    question = tasks()[name]
    answer = question.answer
    return {
        "name": name,
        "wanted": KINDS[type(answer)][1],
        "choices": question.choices,
        "answer": _plain(answer),
        "within": question.within,
        "wrong": [(_plain(wrong), translated(says)) for wrong, (_, says) in question.wrong.items()],
        "alike": alike(answer) if isinstance(answer, (int, float)) else (),
    }


def _plain(answer: Answer) -> Answer:
    """Return an answer as JSON can hold it: infinities and nan as words."""
    return answer if isinstance(answer, (str, tuple)) or math.isfinite(answer) else str(answer)
