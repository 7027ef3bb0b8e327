"""All predictions as quizzes for learning systems: GIFT and Moodle XML for Moodle, QTI for others.

Each question stands on its own, and each typical wrong answer brings the sentence that says what
is behind it.
"""

import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from text2qti.config import Config
from text2qti.qti import QTI
from text2qti.quiz import Quiz

from softmax_lessons.checker.question import Question
from softmax_lessons.lessons import by_lesson
from softmax_lessons.lessons.before_after import IDEAS
from softmax_lessons.predictions import as_text

MOST_CHOICES = 6  # besides the right one
SPECIAL = re.compile(r"([~=#{}:\\])")  # to GIFT
# what every system can be told to compare; others are choices
PLAIN_NUMBER = re.compile(r"-?\d+(\.\d+)?")
RIGHT = "Right."
OTHER = "Not this one."


@dataclass(frozen=True)
class Choice:
    """An answer to choose or to type.

    Attributes:
        text: what it is.
        says: what is behind it, "" if it is right.
    """

    text: str
    says: str = ""


@dataclass(frozen=True)
class Item:
    """A question as a learning system asks it.

    Attributes:
        name: its name.
        folder: where a question bank puts it.
        asks: the question, in Markdown.
        right: the right answer.
        wrong: typical wrong ones.
        within: how far off a number may be; None where there are choices.
    """

    name: str
    folder: str
    asks: str
    right: Choice
    wrong: tuple[Choice, ...]
    within: float | None


def item(name: str, folder: str, question: Question) -> Item:
    """Return a question as a learning system asks it."""
    wrong = list(question.wrong.items())
    if len(wrong) > MOST_CHOICES:
        wrong = [(answer, behind) for behind, answer in {b: a for a, b in wrong[::-1]}.items()]
    answers = [question.answer, *(answer for answer, _ in wrong)]
    is_number = all(map(PLAIN_NUMBER.fullmatch, map(_written, answers)))
    return Item(
        name,
        folder,
        question.asks,
        Choice(_written(question.answer), RIGHT),
        tuple(Choice(_written(answer), says) for answer, (_, says) in wrong),
        abs(question.answer) * question.within if is_number else None,
    )


def predictions() -> list[Item]:
    """Return the predictions of all lessons."""
    return [
        item(name, f"lesson {lesson}", task)
        for lesson, asked in by_lesson().items()
        for name, task in asked.items()
        if isinstance(task, Question)
    ]


def form(which: str) -> list[Item]:
    """Return the questions for before the course, or those for after it: form "A" or "B"."""
    return [item(f"{which}_{name}", f"form {which}", i.forms[which]) for name, i in IDEAS.items()]


def _written(answer: object) -> str:
    return f"{answer:.10g}" if isinstance(answer, (int, float)) else as_text(answer)


def write(folder: Path) -> None:
    """Write all quizzes.

    Args:
        folder: where they go.
    """
    quizzes = {"predictions": predictions(), "form_a": form("A"), "form_b": form("B")}
    for name, items in quizzes.items():
        (folder / f"{name}_moodle.xml").write_text(as_moodle_xml(items), encoding="utf-8")
        (folder / f"{name}_gift.txt").write_text(as_gift(items), encoding="utf-8")
        title = f"Softmax in PyTorch: {name.replace('_', ' ')}"
        quiz = Quiz(as_text2qti(items, title), config=Config(), source_name=name)
        QTI(quiz).save(folder / f"{name}_qti.zip")


# --- Moodle XML -----------------------------------------------------------------------------------


def as_moodle_xml(items: Sequence[Item]) -> str:
    """Return questions as Moodle's question bank imports them, with all feedback."""
    quiz, folder = ElementTree.Element("quiz"), ""
    for each in items:
        if each.folder != folder:
            folder = each.folder
            category = ElementTree.SubElement(quiz, "question", type="category")
            _text(category, "category", f"$course$/top/Softmax/{folder}")
        kind = "multichoice" if each.within is None else "numerical"
        question = ElementTree.SubElement(quiz, "question", type=kind)
        _text(question, "name", each.name)
        _text(question, "questiontext", each.asks, format="markdown")
        settings = {"defaultgrade": "1", "penalty": "0.3333333", "idnumber": each.name}
        if each.within is None:
            settings |= {"single": "true", "shuffleanswers": "true", "answernumbering": "abc"}
        for name, value in settings.items():
            ElementTree.SubElement(question, name).text = value
        for choice in (each.right, *each.wrong):
            _answer(question, each, choice)
        if each.within is not None:
            _answer(question, each, Choice("*", OTHER))
    ElementTree.indent(quiz)
    return ElementTree.tostring(quiz, encoding="unicode", xml_declaration=True) + "\n"


def _answer(question: ElementTree.Element, each: Item, choice: Choice) -> None:
    fraction = "100" if choice is each.right else "0"
    form = "markdown" if each.within is None else "moodle_auto_format"
    answer = ElementTree.SubElement(question, "answer", fraction=fraction, format=form)
    ElementTree.SubElement(answer, "text").text = choice.text
    _text(answer, "feedback", choice.says, format="markdown")
    if each.within is not None and choice.text != "*":
        ElementTree.SubElement(answer, "tolerance").text = _tolerance(each, choice)


def _text(parent: ElementTree.Element, tag: str, text: str, **attributes: str) -> None:
    element = ElementTree.SubElement(parent, tag, **attributes)
    ElementTree.SubElement(element, "text").text = text


def _tolerance(each: Item, choice: Choice) -> str:
    """Return how far a number may be from this one; nothing is taken from the right one."""
    return f"{each.within:.10f}".rstrip("0").rstrip(".") if choice is each.right else "0"


# --- GIFT -----------------------------------------------------------------------------------------


def as_gift(items: Sequence[Item]) -> str:
    """Return questions in Moodle's text format."""
    blocks, folder = [], ""
    for each in items:
        if each.folder != folder:
            folder = each.folder
            blocks.append(f"$CATEGORY: $course$/top/Softmax/{folder}")
        lines = [f"::{_gift(each.name)}::[markdown]{_gift(each.asks)} {{"]
        if each.within is not None:
            lines[0] += "#"
            lines += [
                f"={'%100%' if choice is each.right else '%0%'}{choice.text}:"
                f"{_tolerance(each, choice)}#{_gift(choice.says)}"
                for choice in (each.right, *each.wrong)
            ]
            lines.append(f"~#{_gift(OTHER)}")
        else:
            lines += [
                f"{'=' if choice is each.right else '~'}{_gift(choice.text)}#{_gift(choice.says)}"
                for choice in (each.right, *each.wrong)
            ]
        blocks.append("\n".join([*lines, "}"]))
    return "\n\n".join(blocks) + "\n"


def _gift(text: str) -> str:
    """Return a text in which nothing means anything to GIFT; a blank line would end a question."""
    return SPECIAL.sub(r"\\\1", text).replace("\n", "\\n")


# --- QTI ------------------------------------------------------------------------------------------


def as_text2qti(items: Sequence[Item], title: str) -> str:
    """Return questions as the text that text2qti reads."""
    blocks = [f"Quiz title: {title}", "Shuffle answers: true"]
    for number, each in enumerate(items, start=1):
        lines = [f"Title: {each.name}", "Points: 1", _hung(f"{number}.", each.asks)]
        choices = [("*", each.right), *(("", choice) for choice in each.wrong)]
        choices.sort(key=lambda pair: pair[1].text)  # where the right one stands tells nothing
        for letter, (mark, choice) in zip("abcdefghij", choices, strict=False):
            lines.append(_hung(f"{mark}{letter})", choice.text.replace("*", "\\*")))
            lines.append(_hung("...", choice.says))
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks) + "\n"


def _hung(mark: str, text: str) -> str:
    """Return a text with a mark in front, its other lines set in as deep as the first one."""
    width = 8
    return mark.ljust(width) + textwrap.indent(text, " " * width).lstrip(" ")
