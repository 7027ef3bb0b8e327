"""Before and after the course, on paper: a form as a PDF, and the same with its answer key."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

from softmax_lessons.checker.question import Question
from softmax_lessons.lessons.before_after import IDEAS, Idea
from softmax_lessons.predictions import told
from tools.publish import handouts, questions

TITLE = """# Softmax in PyTorch: form {form}

Ten questions about lessons 00 to 05, for before the course or after it.
Write down your guess even if you aren't sure: a word from the question, or a number.
There's another form with the same ideas; whoever gets one before the course gets the other one \
after it.

Name and date:
"""
KEY = """## How to score it

Each right answer is one point, and a number may be rounded.
The gain is the points after the course minus the points before it.
Give one half of a class form A before the course and the other half form B: then a form that's \
easier than the other doesn't pass for a gain.
"""


def write(form: str, target: Path, *, answers: bool) -> None:
    """Write a form.

    Args:
        form: "A" or "B".
        target: the PDF to write.
        answers: print the right answers, and what is behind the wrong ones.

    Raises:
        typst.TypstError: if Typst fails; it also refuses what is not accessible.
    """
    asked = enumerate(IDEAS.values(), 1)
    texts = [TITLE.format(form=form), *(_as_text(n, idea, form) for n, idea in asked)]
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": text}
        for text in [*texts, *([KEY] if answers else [])]
    ]
    page = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}
    with TemporaryDirectory() as folder:
        path = Path(folder) / "form.ipynb"
        path.write_text(json.dumps(page), encoding="utf-8")
        handouts.write([path], target, answers=answers)


def _as_text(number: int, idea: Idea, form: str) -> str:
    question = idea.forms[form]
    return f"**Question {number}.** {question.asks}\n\n{handouts.guess()}\n\n{_key(idea, question)}"


def _key(idea: Idea, question: Question) -> str:
    """Return a folded answer: what is right, and what each likely wrong answer means."""
    right = f"**{told(question.answer)}**. Lesson {idea.lesson}: {idea.promise}."
    wrong = [f"- {named} ({slug}): {says}" for named, slug, says in questions.reasons(question)]
    text = "\n".join([right, "", *wrong])
    return f"<details><summary>Answer</summary>\n\n{text}\n\n</details>"
