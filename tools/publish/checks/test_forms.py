"""Before and after on paper: every question, with room to write, and a key with the mistakes."""

import pytest
from pypdf import PdfReader
from test_handouts import pieces, printed, squeezed

from softmax_lessons.gains import FORMS
from softmax_lessons.lessons.before_after import IDEAS
from tools.publish import forms


@pytest.fixture(scope="module")
def folder(build):
    return build / "handouts"


@pytest.mark.parametrize("form", FORMS)
def test_a_form_is_one_page_with_ten_questions_room_to_write_and_no_answers(folder, form):
    path = folder / f"form_{form}.pdf"
    assert len(PdfReader(path).pages) == 1
    text = printed(path)
    for number, idea in enumerate(IDEAS.values(), 1):
        assert squeezed(f"Question {number}.{idea.forms[form].asks}") in text
    assert text.count(squeezed("My guess:")) == len(IDEAS)
    slugs = {slug for idea in IDEAS.values() for slug, _ in idea.forms[form].wrong.values()}
    assert [slug for slug in slugs if squeezed(f"({slug})") in text] == []


@pytest.mark.parametrize("form", FORMS)
def test_the_key_has_every_answer_and_the_mistakes_behind_wrong_ones(folder, form):
    text = printed(folder / f"form_{form}_answers.pdf")
    assert "Myguess" not in text
    for idea in IDEAS.values():
        question = idea.forms[form]
        assert squeezed(f"Answer{question.answer}. Lesson {idea.lesson}: {idea.promise}.") in text
        for slug, says in question.wrong.values():
            assert squeezed(f"({slug}): {says}") in text


@pytest.mark.parametrize("name", [f"form_{f}{end}" for f in FORMS for end in ("", "_answers")])
def test_it_is_accessible_and_nothing_is_outside_the_margins(folder, name):
    reader = PdfReader(folder / f"{name}.pdf")
    assert reader.metadata.title == f"Softmax in PyTorch: form {name[5]}"
    assert reader.trailer["/Root"]["/MarkInfo"]["/Marked"]
    assert all(56 <= piece.x <= 539 and piece.y >= 56 for piece in pieces(folder / f"{name}.pdf"))


@pytest.mark.parametrize("form", FORMS)
def test_a_second_build_gives_the_same_bytes(folder, form, tmp_path):
    forms.write(form, tmp_path / "again.pdf", answers=True)
    built = folder / f"form_{form}_answers.pdf"
    assert (tmp_path / "again.pdf").read_bytes() == built.read_bytes()
