"""The instructor's pages: every mistake is there, and its example makes it."""

import re

import pytest

from softmax_lessons.checker.hunt import Hunt
from softmax_lessons.checker.question import Question
from softmax_lessons.lessons import by_lesson, tasks
from tools.publish import misconceptions


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """The pages, by name; finding all the examples takes minutes."""
    folder = tmp_path_factory.mktemp("pages") / "misconceptions"
    misconceptions.write_pages(folder)
    return {path.stem: path.read_text(encoding="utf-8") for path in folder.iterdir()}


def test_each_mistake_appears_once_with_all_its_sentences(pages):
    text = "".join(pages.values())
    headings = re.findall(r"^### ([a-z0-9-]+)$", text, flags=re.MULTILINE)
    questions = [name for name, task in tasks().items() if isinstance(task, Question)]
    known = {m.slug: None for t in misconceptions.exercises().values() for m in t.misconceptions}
    assert sorted(set(headings) - set(questions)) == sorted(known)
    for slug in known:
        (lesson,) = [page for page, told in pages.items() if f"\n### {slug}\n" in told]
        part = pages[lesson].partition(f"\n### {slug}\n")[2].partition("\n##")[0]
        for task in misconceptions.exercises().values():
            for m in task.misconceptions:
                if m.slug == slug:
                    assert f"> {misconceptions.markdown(m.says)}" in part
        assert f"[{slug}]({lesson}.md#{slug})" in pages["index"]


def test_each_has_an_answer_or_input_that_shows_it_and_nearly_all_have_a_question(pages):
    entries = misconceptions.entries().values()
    assert not [e.slug for e in entries if not e.code and not (e.verdict and e.verdict.example)]
    assert sum(bool(entry.code) for entry in entries) > 0.8 * len(entries)
    assert sum(bool(entry.asks) for entry in entries) > 0.95 * len(entries)


def test_the_page_says_what_check_says_about_the_answer(pages):
    for entry in misconceptions.entries().values():
        if entry.verdict:
            assert entry.verdict.misconceptions[0] == entry.slug
            assert entry.verdict.mistakes[0].says == next(iter(entry.sentences))
            assert not entry.verdict.passed


def test_the_answer_on_the_page_makes_the_mistake(pages):
    shown = [entry for entry in misconceptions.entries().values() if entry.code]
    for entry in shown[::9]:
        part = pages[f"lesson_{entry.lesson}"].partition(f"\n### {entry.slug}\n")[2]
        code = part.partition("```python\n")[2].partition("\n```")[0]
        attempt = misconceptions.function(entry.exercise, code)
        verdict = misconceptions.verdict_on(entry.exercise, attempt)
        assert verdict.misconceptions[0] == entry.slug, code


def test_each_lesson_lists_its_bugs_and_its_predictions(pages):
    for number, asked in by_lesson().items():
        page = pages[f"lesson_{number}"]
        for name, task in asked.items():
            if isinstance(task, Question):
                part = page.partition(f"\n### {name}\n")[2].partition("\n##")[0]
                assert all(misconceptions.markdown(says) in part for _, says in task.wrong.values())
            elif isinstance(task, Hunt):
                assert all(misconceptions.markdown(words) in page for words, _ in task.broken)
