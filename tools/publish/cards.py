"""Cards for Anki: twenty a lesson, its questions and then sentences of it with a word hidden.

Ids are those of earlier builds, so that a newer file refreshes the cards that someone has.
"""

import json
import re
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import genanki
import pypandoc

from softmax_lessons.checker.question import Question
from softmax_lessons.copies import title, without_notes
from softmax_lessons.lessons import by_lesson
from softmax_lessons.predictions import told
from softmax_lessons.workspace import lessons
from tools.publish.questions import reasons

EACH = 20
LONGEST = 60  # characters of wrong answers that are listed with their reason
CLOZES = Path(__file__).with_name("cards.json")
BEGINS = re.compile(r"^(- |\*\*(Cause|Fix)\*\* )")  # what a card leaves out of its line
BETWEEN = "\n\n<!-- next -->\n\n"
# chosen once; Anki knows note types and decks by them
ASKS, HIDES, FIRST_DECK = 1748203311, 1748203312, 1748203320
STYLE = """
.card { font: 20px/1.5 sans-serif; max-width: 36em; margin: 0 auto; text-align: left; }
code, pre { font-family: monospace; font-size: 0.9em; }
.from { font-size: 14px; opacity: 0.8; margin-top: 2em; }
.cloze { font-weight: bold; }
"""
FROM = '<div class="from">{{From}}</div>'
ASKING = genanki.Model(
    ASKS,
    "Softmax in PyTorch: question",
    fields=[{"name": "Front"}, {"name": "Back"}, {"name": "From"}],
    templates=[
        {
            "name": "Card 1",
            "qfmt": "{{Front}}",
            "afmt": f'{{{{FrontSide}}}}<hr id="answer">{{{{Back}}}}{FROM}',
        }
    ],
    css=STYLE,
)
HIDING = genanki.Model(
    HIDES,
    "Softmax in PyTorch: hidden words",
    fields=[{"name": "Text"}, {"name": "From"}],
    templates=[
        {"name": "Cloze", "qfmt": "{{cloze:Text}}", "afmt": f"{{{{cloze:Text}}}}{FROM}"},
    ],
    css=STYLE,
    model_type=genanki.Model.CLOZE,
)


@dataclass(frozen=True)
class Card:
    """One card.

    Attributes:
        key: what it is known by; as long as it stays, the card does.
        front: what is asked, as Markdown; or a sentence with {{c1::...}} around what it hides.
        back: the answer, as Markdown; "" if the sentence hides it.
    """

    key: str
    front: str
    back: str = ""


def write(target: Path) -> None:
    """Write one file with a deck for each lesson.

    Args:
        target: the .apkg file to write.

    Raises:
        ValueError: if a lesson no longer has a sentence, or hasn't enough for its cards.
        subprocess.CalledProcessError: if Pandoc fails, or warns.
    """
    decks = []
    for lesson in lessons():
        notebook = json.loads(lesson.read_text(encoding="utf-8"))
        number, name = lesson.name[:2], title(notebook).partition(". ")[2]
        deck = genanki.Deck(FIRST_DECK + int(number), f"Softmax in PyTorch::{number} {name}")
        cards = of_lesson(number)
        texts = _as_html([text for card in cards for text in (card.front, card.back)])
        source = f"Softmax in PyTorch, lesson {number}: {name}"
        for card, front, back in zip(cards, texts[::2], texts[1::2], strict=True):
            model, fields = (ASKING, [front, back]) if back else (HIDING, [front])
            guid = genanki.guid_for("softmax_lessons", card.key)
            tags = [f"lesson_{number}"]
            deck.add_note(genanki.Note(model, [*fields, source], guid=guid, tags=tags))
        decks.append(deck)
    genanki.Package(decks).write_to_file(target)


def of_lesson(number: str) -> list[Card]:
    """Return the twenty cards of a lesson: what it asks, then what it says."""
    (path,) = (path for path in lessons() if path.name.startswith(number))
    cells = without_notes(json.loads(path.read_text(encoding="utf-8")))["cells"]
    text = "\n\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
    cards = [*_questions(number), *_clozes(number, text)]
    if len(cards) < EACH:
        raise ValueError(f"lesson {number} has enough for {len(cards)} cards, not for {EACH}")
    return cards[:EACH]


def _questions(number: str) -> Iterator[Card]:
    for name, task in by_lesson().get(number, {}).items():
        if isinstance(task, Question):
            # of the many ways to mix up five curves, the reasons are enough
            why_not = [
                f"- If you said {named}: {says}" if len(named) < LONGEST else f"- {says}"
                for named, _, says in reasons(task)
            ]
            back = "\n".join([f"**{told(task.answer)}**", "", *why_not])
            yield Card(f"question/{name}", task.asks, back)


def _clozes(number: str, text: str) -> Iterator[Card]:
    for phrase in json.loads(CLOZES.read_text(encoding="utf-8"))[number]:
        plain, (hidden,) = re.sub(r"[{}]", "", phrase), re.findall(r"{(.*)}", phrase)
        found = {line for line in text.splitlines() if plain in line}
        if len(found) != 1:
            raise ValueError(f"lesson {number} says {plain!r} in {len(found)} lines, not in one")
        shown = phrase.replace(f"{{{hidden}}}", f"{{{{c1::{hidden}}}}}")
        line = BEGINS.sub("", found.pop())
        yield Card(f"cloze/{number}/{phrase}", line.replace(plain, shown))


def _as_html(texts: Sequence[str]) -> list[str]:
    """Return Markdown as HTML, without links, since a card is far from the course."""
    plain = (re.sub(r"\[([^]]+)\]\([^)\s]*\)", r"\1", text) for text in texts)
    command = [pypandoc.get_pandoc_path(), "--from=commonmark+tex_math_dollars", "--to=html"]
    html = subprocess.run(
        [*command, "--mathjax", "--wrap=none", "--fail-if-warnings"],
        input=BETWEEN.join(plain),
        capture_output=True,
        encoding="utf-8",
        check=True,
    ).stdout
    return [text.strip() for text in html.split(BETWEEN.strip())]
