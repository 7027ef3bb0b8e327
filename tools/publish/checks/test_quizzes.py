"""The quizzes for learning systems, read by independent parsers: all questions, all feedback."""

import html
import json
import re
import subprocess
import zipfile
from xml.etree import ElementTree

import pytest

from softmax_lessons.checker.question import Question
from softmax_lessons.lessons import tasks
from softmax_lessons.lessons.before_after import IDEAS
from tools.publish import quizzes
from tools.publish.checks.conftest import ROOT

READ_GIFT = """
const {parse} = require("gift-pegjs");
const text = require("fs").readFileSync(process.argv[1], "utf8");
console.log(JSON.stringify(parse(text)));
"""
SETS = {
    "predictions": quizzes.predictions(),
    "form_a": quizzes.form("A"),
    "form_b": quizzes.form("B"),
}
# text2qti makes straight quotes typographic
TYPED = str.maketrans("\u2018\u2019\u201c\u201d", "''\"\"")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("quizzes")
    quizzes.write(folder)
    return folder


def texts(choices):
    return {(choice.text, choice.says) for choice in choices}


def test_all_predictions_and_both_forms_are_asked_with_everything_they_need():
    asked = {name for name, task in tasks().items() if isinstance(task, Question)}
    assert [len(items) for items in SETS.values()] == [len(asked), len(IDEAS), len(IDEAS)]
    for items in SETS.values():
        assert len({item.name for item in items}) == len(items)
        for item in items:
            assert item.asks
            assert item.wrong
            assert item.right.text not in {choice.text for choice in item.wrong}
            assert all(choice.says for choice in item.wrong)
            assert len(item.wrong) <= quizzes.MOST_CHOICES


def test_a_typical_wrong_number_is_not_close_enough_to_count_as_right():
    numbers = [item for items in SETS.values() for item in items if item.within is not None]
    assert len(numbers) > 40
    for item in numbers:
        for choice in item.wrong:
            assert abs(float(choice.text) - float(item.right.text)) > item.within, item.name


@pytest.mark.parametrize("name", SETS)
def test_gift_files_can_be_read_by_a_gift_parser(name, folder):
    found = [e for e in parsed_gift(folder / f"{name}_gift.txt") if e["type"] != "Category"]
    assert [each["title"] for each in found] == [item.name for item in SETS[name]]
    for each, item in zip(found, SETS[name], strict=True):
        assert each["stem"]["text"].strip() == item.asks.strip()
        assert each["type"] == ("MC" if item.within is None else "Numerical")
        told = {(_shown(choice["text"]), choice["feedback"]["text"]) for choice in each["choices"]}
        told.discard(("*", quizzes.OTHER))
        assert told == texts([item.right, *item.wrong])
        weights = [choice["weight"] for choice in each["choices"] if choice["isCorrect"]]
        assert weights.count(100) == (item.within is not None)


def test_special_characters_in_a_text_are_escaped_for_gift(tmp_path):
    odd = "a {b} = c ~ d # e: f \\ g -> h\n\n    // i %50% ::j::"
    made = quizzes.item("odd", "here", Question("x {", {"~y": ("z", odd)}, asks=odd))
    (tmp_path / "odd_gift.txt").write_text(quizzes.as_gift([made]), encoding="utf-8")
    _, found = parsed_gift(tmp_path / "odd_gift.txt")
    assert (found["title"], found["stem"]["text"]) == ("odd", odd)
    told = {(each["text"]["text"], each["feedback"]["text"]) for each in found["choices"]}
    assert told == {("x {", quizzes.RIGHT), ("~y", odd)}


def parsed_gift(file):
    """What a parser finds in a file: categories and questions."""
    node = ["node", "-e", READ_GIFT, str(file)]
    done = subprocess.run(node, cwd=ROOT / "tools" / "publish", capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


def _shown(text):
    number = text.get("number")
    return text["text"] if number is None else f"{number:.10g}"


@pytest.mark.parametrize("name", SETS)
def test_moodle_xml_has_every_question_with_one_right_answer_and_all_feedback(name, folder):
    quiz = ElementTree.parse(folder / f"{name}_moodle.xml").getroot()
    assert quiz.tag == "quiz"
    found = [each for each in quiz if each.get("type") != "category"]
    assert [each.findtext("name/text") for each in found] == [item.name for item in SETS[name]]
    for each, item in zip(found, SETS[name], strict=True):
        assert each.get("type") == ("multichoice" if item.within is None else "numerical")
        assert each.findtext("questiontext/text") == item.asks
        assert each.find("questiontext").get("format") == "markdown"
        answers = each.findall("answer")
        told = {(a.findtext("text"), a.findtext("feedback/text")) for a in answers}
        told.discard(("*", quizzes.OTHER))
        assert told == texts([item.right, *item.wrong])
        (right,) = [a for a in answers if a.get("fraction") == "100"]
        assert right.findtext("text") == item.right.text
        if item.within is not None:
            assert float(right.findtext("tolerance")) == pytest.approx(item.within)


@pytest.mark.parametrize("name", SETS)
def test_qti_has_every_question_with_one_right_answer_and_all_feedback(name, folder):
    with zipfile.ZipFile(folder / f"{name}_qti.zip") as package:
        manifest = ElementTree.fromstring(package.read("imsmanifest.xml"))
        listed = {e.get("href") for e in manifest.iter() if e.tag.endswith("}file")}
        assert listed <= set(package.namelist())
        (quiz,) = [file for file in listed if re.search(r"text2qti_assessment_\w+\.xml$", file)]
        tree = ElementTree.fromstring(package.read(quiz))
    space = tree.tag.partition("}")[0] + "}"
    found = list(tree.iter(f"{space}item"))
    assert [each.get("title") for each in found] == [item.name for item in SETS[name]]
    for each, item in zip(found, SETS[name], strict=True):
        labels = {
            label.get("ident"): _plain(label.findtext(f".//{space}mattext"))
            for label in each.iter(f"{space}response_label")
        }
        says = {
            told.get("ident").removesuffix("_fb"): _plain(told.findtext(f".//{space}mattext"))
            for told in each.iter(f"{space}itemfeedback")
        }
        told = {(text, says[ident]) for ident, text in labels.items()}
        assert told == {(_plain(a), _plain(b)) for a, b in texts([item.right, *item.wrong])}
        (right,) = [
            condition.findtext(f".//{space}varequal")
            for condition in each.iter(f"{space}respcondition")
            if condition.find(f"{space}setvar") is not None
        ]
        assert labels[right] == _plain(item.right.text)
        assert _plain(each.findtext(f".//{space}mattext")) == _plain(item.asks)


def _plain(text):
    """The characters of a text, without tags and Markdown's marks."""
    text = html.unescape(re.sub(r"</?(p|pre|code|em|strong)>", " ", text)).translate(TYPED)
    return "".join(re.sub(r"[`*]", "", text).split())
