"""Cards for Anki: twenty a lesson, from its questions, its text and what the course knows of it.

Ids are those of earlier builds, so that a newer file refreshes the cards that someone has.
"""

import json
import re
import subprocess
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain, islice
from pathlib import Path

import genanki
import pypandoc

from softmax_lessons.checker.exercise import Exercise
from softmax_lessons.checker.hunt import Hunt
from softmax_lessons.checker.question import Question
from softmax_lessons.copies import title, without_notes
from softmax_lessons.field_guide import GUIDE, Entry, entries
from softmax_lessons.lessons import by_lesson
from softmax_lessons.predictions import told
from softmax_lessons.workspace import lessons
from tools.publish.handouts import MOST_ASKED
from tools.publish.questions import reasons

EACH = 20
LONGEST = 60  # characters of wrong answers that are listed with their reason
CLOZES = Path(__file__).with_name("cards.json")
CHECK_YOURSELF = re.compile(
    r"^\d\. (.*?)\n+<details><summary>Answer</summary>\n\n(.*?)\n\n</details>", re.DOTALL | re.M
)
# what someone who has only the card can't know
POINTS_AWAY = re.compile(r"\b(last exercise|six mistakes|eleven bugs|bug \d|this lesson)\b")
LESSON = re.compile(r"\((\d\d)_\w+\.ipynb")
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


@cache
def of_lesson(number: str) -> tuple[Card, ...]:
    """Return the twenty cards of a lesson.

    First what it asks and says itself; then entries of the field guide that lead to it; then
    mistakes that its exercises know.
    """
    (path,) = (path for path in lessons() if path.name.startswith(number))
    cells = without_notes(json.loads(path.read_text(encoding="utf-8")))["cells"]
    text = "\n\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
    own = [*_questions(number), *_clozes(number, text), *_check_yourself(number, text)]
    own += _hunts(number)
    cards = tuple(islice(chain(own, _pitfalls(number), _mistakes(number)), EACH))
    if len(cards) < EACH:
        raise ValueError(f"lesson {number} has enough for {len(cards)} cards, not for {EACH}")
    return cards


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
        yield Card(f"cloze/{number}/{phrase}", found.pop().removeprefix("- ").replace(plain, shown))


def _check_yourself(number: str, text: str) -> Iterator[Card]:
    section = text.partition("## Check yourself")[2].partition("\n## ")[0]
    for i, (asks, answer) in enumerate(CHECK_YOURSELF.findall(section), 1):
        if not POINTS_AWAY.search(asks):
            yield Card(f"check yourself/{number}/{i}", asks, answer)


def _pitfalls(number: str) -> Iterator[Card]:
    """Yield the entries that lead to a lesson first; the guide itself has those asked most."""
    known = {entry.number: entry for entry in entries()}
    firsts = {n: (LESSON.search(entry.more) or [""] * 2)[1] for n, entry in known.items()}
    if number == GUIDE[:2]:
        others = [of_lesson(path.name[:2]) for path in lessons() if path.name != GUIDE]
        used = {card.key for cards in others for card in cards}
        chosen = [n for n in (*MOST_ASKED, *known) if f"pitfall/{n}" not in used]
    else:
        chosen = [n for n, first in firsts.items() if first == number]
    for n in dict.fromkeys(chosen):
        yield _pitfall(known[n])


def _pitfall(entry: Entry) -> Card:
    message = "".join(f"\n\n    {message}" for message in entry.messages[:1])
    asks = f"**{entry.title}**\n\nYou see {entry.sees}{message}\n\nWhat's the cause, and the fix?"
    return Card(f"pitfall/{entry.number}", asks, f"{entry.cause}\n\n{entry.fix}")


def _mistakes(number: str) -> Iterator[Card]:
    """Yield the mistakes that a lesson's exercises know, those first that few others know."""
    mistakes = [
        (name, mistake)
        for tasks in by_lesson().values()
        for name, task in tasks.items()
        if isinstance(task, Exercise)
        for mistake in task.misconceptions
    ]
    known = Counter(slug for slug, _ in {(m.slug, name) for name, m in mistakes})
    own = {
        m.slug: (name, m) for name, m in reversed(mistakes) if name in by_lesson().get(number, ())
    }
    for slug, (name, mistake) in sorted(own.items(), key=lambda each: known[each[0]]):
        asks = f"`check` says of `{name}`:\n\n> {mistake.says}\n\nHow do you fix it?"
        yield Card(f"mistake/{name}/{slug}", asks, "\n\n".join(mistake.hints[-2:]))


def _hunts(number: str) -> Iterator[Card]:
    for name, task in by_lesson().get(number, {}).items():
        if isinstance(task, Hunt):
            asks = f"Which test catches a function that {task.broken[0][0]}?"
            yield Card(f"hunt/{name}", asks, "\n\n".join(task.hints[-2:]))


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
