"""The Anki cards in build/cards: twenty per lesson, each complete, the same in every build."""

import json
import re
import sqlite3
import zipfile
from collections import Counter

import pytest
from bs4 import BeautifulSoup

from softmax_lessons.checker.question import Question
from softmax_lessons.lessons import tasks
from softmax_lessons.workspace import lessons
from tools.publish import cards


def opened(path, folder):
    """The cards in a file: the permanent id, the deck, the note type, and the fields."""
    with zipfile.ZipFile(path) as package:
        package.extract("collection.anki2", folder)
    with sqlite3.connect(folder / "collection.anki2") as collection:
        query = "select guid, did, mid, flds from notes join cards on cards.nid = notes.id"
        rows = collection.execute(query).fetchall()
        (decks, models) = collection.execute("select decks, models from col").fetchone()
    collection.close()
    names = {int(key): deck["name"] for key, deck in json.loads(decks).items()}
    kinds = {int(key): model["name"] for key, model in json.loads(models).items()}
    return [
        (guid, names[deck], kinds[kind], fields.split("\x1f")) for guid, deck, kind, fields in rows
    ]


@pytest.fixture(scope="module")
def notes(build, tmp_path_factory):
    return opened(build / "cards" / "softmax_in_pytorch.apkg", tmp_path_factory.mktemp("cards"))


def test_each_lesson_has_a_deck_of_twenty_cards(notes):
    found = Counter(deck for _, deck, _, _ in notes)
    assert set(found.values()) == {20}
    assert [name.partition("::")[2][:2] for name in sorted(found)] == [
        path.name[:2] for path in lessons()
    ]


def test_no_two_cards_have_the_same_id_or_ask_the_same_thing(notes):
    for ids in ([guid for guid, *_ in notes], [fields[0] for *_, fields in notes]):
        assert [each for each, count in Counter(ids).items() if count > 1] == []


def test_another_build_has_the_same_ids(notes, tmp_path):
    cards.write(tmp_path / "again.apkg")
    again = opened(tmp_path / "again.apkg", tmp_path)
    assert [note[:3] for note in again] == [note[:3] for note in notes]


def test_only_questions_of_the_course_have_a_back(notes):
    asked = {words(task.asks) for task in tasks().values() if isinstance(task, Question)}
    fronts = [words(fields[0]) for *_, kind, fields in notes if not kind.endswith("hidden words")]
    assert [front for front in fronts if front not in asked] == []


def test_every_question_of_the_course_is_a_card(notes):
    texts = {words(field) for *_, fields in notes for field in fields}
    questions = {name: task for name, task in tasks().items() if isinstance(task, Question)}
    assert [name for name, task in questions.items() if words(task.asks) not in texts] == []


def words(text):
    return " ".join(re.findall(r"\w+", BeautifulSoup(text, "html.parser").text))


def test_a_card_hides_one_thing_or_has_an_answer(notes):
    for _, _, kind, (*fields, source) in notes:
        hidden = re.findall(r"{{c1::(.*?)}}", fields[0])
        if kind.endswith("hidden words"):
            assert (len(fields), len(hidden)) == (1, 1), fields
            assert hidden[0].strip()
        else:
            assert (len(fields), hidden) == (2, []), fields
            assert all(words(field) for field in fields)
        assert re.fullmatch(r"Softmax in PyTorch, lesson \d\d: .+", source)


def test_no_markdown_or_links_are_left(notes):
    for *_, fields in notes:
        text = BeautifulSoup(" ".join(fields), "html.parser")
        assert not text.select("a, img, script")
        for code in text.select("code"):
            code.decompose()
        assert not re.search(r"(?<!\d)\*\*|`|\]\(|\$", text.text), text


@pytest.mark.parametrize("phrase", ["says nothing of {this} at all", "{the}"])
def test_phrases_that_are_not_in_exactly_one_line_are_reported(phrase, tmp_path, monkeypatch):
    (tmp_path / "cards.json").write_text(json.dumps({"00": [phrase]}))
    monkeypatch.setattr(cards, "CLOZES", tmp_path / "cards.json")
    with pytest.raises(ValueError, match=r"lesson 00 says .* in (0|\d\d) lines, not in one"):
        cards.of_lesson("00")


def test_a_lesson_with_too_few_phrases_is_reported(tmp_path, monkeypatch):
    (tmp_path / "cards.json").write_text(json.dumps({"00": ["A **{tensor}** is"]}))
    monkeypatch.setattr(cards, "CLOZES", tmp_path / "cards.json")
    with pytest.raises(ValueError, match="lesson 00 has enough for 3 cards, not for 20"):
        cards.of_lesson("00")


def test_only_the_bullet_or_the_label_of_a_line_is_left_out(tmp_path, monkeypatch):
    phrases = ["the {first} of all", "the {second} of all", "the {third} of all"]
    (tmp_path / "cards.json").write_text(json.dumps({"17": phrases}))
    monkeypatch.setattr(cards, "CLOZES", tmp_path / "cards.json")
    lines = ["- x - y is the first of all", "**Fix** x: **Fix** the second of all"]
    text = "\n".join([*lines, "**Softmax** is - here - the third of all"])
    assert [card.front for card in cards._clozes("17", text)] == [
        "x - y is the {{c1::first}} of all",
        "x: **Fix** the {{c1::second}} of all",
        "**Softmax** is - here - the {{c1::third}} of all",
    ]
