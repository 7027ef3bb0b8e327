"""A made-up translation: every text marked, a page built from it, and no word left unmarked."""

import json
import re
from io import BytesIO

import pytest
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from bs4 import BeautifulSoup

from softmax_lessons import check, translation
from softmax_lessons.workspace import lessons
from tools.publish import catalogues, site

LESSON = lessons()[5]
LANGUAGE = "eo"  # a language that Sphinx and its theme aren't otherwise asked for
MARKED = re.compile(r"⟦[^⟦⟧]*⟧")
# code and what it prints, formulas, and the data of a form, which is checked separately
NOT_PROSE = (
    "pre, .math, .cell_input, .cell_output, .headerlink, button, script, .question, .steps-lines, "
    ".steps code"
)

# from Sphinx, meant for those who extend it
pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::PendingDeprecationWarning"
)


@pytest.fixture(scope="module")
def marked(tmp_path_factory):
    """A folder with catalogues of one lesson and of the checker, with every text marked."""
    folder = tmp_path_factory.mktemp("marked")
    source, made = folder / "source", folder / "catalogues"
    lay_out(source)
    site.build(source, made, "-b", "gettext")
    files = [made / f"{name}.pot" for name in ("notebooks", "index")]
    prose = [read_po(BytesIO(file.read_bytes())) for file in files]
    target = folder / "locales" / LANGUAGE / "LC_MESSAGES"
    target.mkdir(parents=True)
    for name, catalogue in zip(
        ("notebooks", "index", translation.DOMAIN), (*prose, catalogues.checker()), strict=True
    ):
        for message in catalogue:
            if message.id:
                message.string = f"⟦{message.id}⟧"
        with (target / f"{name}.mo").open("wb") as file:
            write_mo(file, catalogue)
    return folder / "locales"


@pytest.fixture
def in_that_language(marked, monkeypatch):
    monkeypatch.setattr(translation, "CATALOGUES", marked)
    monkeypatch.setenv("LANGUAGE", LANGUAGE)


def lay_out(source):
    """Write the source of a site with one lesson."""
    (source / "notebooks").mkdir(parents=True)
    page = site.as_page(json.loads(LESSON.read_text(encoding="utf-8")), LESSON.stem)
    # a lesson links to others, which aren't there
    text = re.sub(r"\]\(\d\d_\w+\.ipynb[^)]*\)", "](../index.md)", json.dumps(page))
    (source / "notebooks" / LESSON.name).write_text(text, encoding="utf-8")
    index = f"# Lessons\n\n```{{toctree}}\nnotebooks/{LESSON.stem}\n```\n"
    (source / "index.md").write_text(index, encoding="utf-8")


def unmarked(text):
    """Return the words of a text that are outside all marks."""
    return re.findall(r"[^\W\d_]{2,}", MARKED.sub(" ", text))


@pytest.fixture
def page(marked, in_that_language, tmp_path):
    lay_out(tmp_path / "source")
    options = [f"-Dlanguage={LANGUAGE}", f"-Dlocale_dirs={marked}"]
    site.build(tmp_path / "source", tmp_path / "site", *options)
    text = (tmp_path / "site" / "notebooks" / f"{LESSON.stem}.html").read_text(encoding="utf-8")
    return BeautifulSoup(text, "html.parser").select_one("article.bd-article")


def test_a_page_in_another_language_has_no_english_in_it(page):
    asked = [json.loads(form["data-question"]) for form in page.select(".question")]
    assert asked
    says = [says for question in asked for _wrong, says in question["wrong"]]
    assert says
    assert [text for text in says if unmarked(text)] == []
    for element in page.select(NOT_PROSE):
        element.decompose()
    assert len(MARKED.findall(page.text)) > 50
    assert unmarked(page.text) == []


def test_a_verdict_in_another_language_has_its_mistake_and_hint_translated(in_that_language):
    verdict = check("stable_softmax", lambda x, dim: x.exp() / x.exp().sum(dim, keepdim=True))
    said, _, example = verdict.message.partition("\n\n")
    for name in ("stable_softmax:", *verdict.misconceptions):
        said = said.replace(name, "")
    assert unmarked(said) == []
    assert unmarked(example.rpartition("\n\n")[2]) == []
    assert "⟦" not in verdict.account  # which the grader reads


def test_a_language_without_a_catalogue_falls_back_to_english(monkeypatch):
    monkeypatch.setenv("LANGUAGE", LANGUAGE)
    assert translation.translated("Your function raises an error.").startswith("Your function")
    assert translation.translated("") == ""


def test_a_western_console_can_show_everything_that_the_checker_says():
    said = [text for text, _where in catalogues.texts()]
    assert len(said) > 2000
    for text in said:
        text.encode("cp1252")
