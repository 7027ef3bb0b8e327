"""Before and after the course: two parallel forms, and what was gained between them."""

import math
import re
from pathlib import Path

import pytest
import torch

from softmax_lessons import after, before
from softmax_lessons.checker import memory
from softmax_lessons.checker.memory import Compared, Memory
from softmax_lessons.gains import FORMS, Gains, gains
from softmax_lessons.lessons import by_lesson
from softmax_lessons.lessons.before_after import IDEAS
from softmax_lessons.workspace import MANIFEST

SOURCES = Path(__file__).parents[1] / "notebooks" / "source"
BOTH = [(name, form) for name in IDEAS for form in FORMS]
NUMBER = r"-?\d+(?:\.\d+)?"
NAN = float("nan")


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """A learner's folder, with the learner in it."""
    (tmp_path / MANIFEST).write_text("{}")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def lessons():
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted(SOURCES.glob("*.md")))


def question(name, form):
    return IDEAS[name].forms[form]


def rows(text):
    """Each row of numbers in a text, such as (2, 3) for a shape or the logits 1 and 2."""
    text = re.sub(r"(?<=\d)\.0*(?!\d)", "", text)
    found = re.findall(rf"(?<![\d.]){NUMBER}(?:(?:,? and |, ){NUMBER})+", text)
    return [tuple(map(float, re.findall(NUMBER, row))) for row in found]


def series(text):
    return set(rows(text))


def numbers(text):
    return list(map(float, re.findall(NUMBER, text)))


def runs_of_words(text, length):
    words = re.findall(r"\w+", re.sub(r"`[^`\n]*`", "", text.lower()))
    return {" ".join(words[i : i + length]) for i in range(len(words) - length + 1)}


def test_each_of_the_ten_ideas_is_asked_in_both_forms_with_the_same_misconceptions():
    assert len(IDEAS) == 10
    assert {idea.lesson for idea in IDEAS.values()} == {"01", "02", "03", "04", "05"}
    for name, idea in IDEAS.items():
        assert tuple(idea.forms) == FORMS, name
        a, b = idea.forms.values()
        assert type(a.answer) is type(b.answer), name
        assert len(a.choices) == len(b.choices), name
        slugs = [{slug for slug, _ in each.wrong.values()} for each in (a, b)]
        assert slugs[0] == slugs[1] != set(), name


def test_every_misconception_is_one_that_the_course_names():
    named = {
        slug
        for tasks in by_lesson().values()
        for task in tasks.values()
        for slug in (
            {slug for slug, _ in task.wrong.values()}
            if hasattr(task, "wrong")
            else {m.slug for m in getattr(task, "misconceptions", ())}
        )
    }
    assert {s for n, f in BOTH for s, _ in question(n, f).wrong.values()} <= named


def test_the_forms_use_different_numbers_and_situations():
    for name, idea in IDEAS.items():
        a, b = (each.asks for each in idea.forms.values())
        assert not series(a) & series(b), name
        assert not runs_of_words(a, 7) & runs_of_words(b, 7), name


@pytest.mark.parametrize(("name", "form"), BOTH)
def test_no_lesson_gives_the_answer_away(name, form, lessons):
    asked = question(name, form)
    assert not series(asked.asks) & series(lessons)
    assert not runs_of_words(asked.asks, 7) & runs_of_words(lessons, 7)
    if isinstance(asked.answer, float):
        assert not re.search(rf"\b{re.escape(str(asked.answer))}\b", lessons)


def says(probs):
    return "nan" if bool(probs.isnan().all()) else "right"


def naive(x, dim=-1):
    return x.exp() / x.exp().sum(dim, keepdim=True)


def reversed_softmax(x):
    return torch.softmax(x.flip(1), dim=1)


def shifted_unevenly(x):
    exps = (x - torch.arange(4.0)).exp()
    return exps / exps.sum(1, keepdim=True)


def failing(f, x):
    """The one of the three tests named in a question that fails."""
    probs = f(x)
    tests = {
        "sums": torch.allclose(probs.sum(1), torch.ones(len(x))),
        "range": bool(((probs >= 0) & (probs <= 1)).all()),
        "comparison": torch.allclose(probs, torch.softmax(x, 1)),
    }
    (name,) = (name for name, passes in tests.items() if not passes)
    return name


def divided_by(size, row, column):
    """The row by whose sum an entry is divided without keepdim."""
    exps = torch.arange(1.0, size * size + 1).reshape(size, size)
    divisor = (exps / (exps / exps.sum(1)))[row, column]
    return int((exps.sum(1) - divisor).abs().argmin())


def below_the_largest(*rows):
    x = torch.tensor(rows, dtype=torch.float32)
    exps = (x - x.max()).exp()
    return says((exps / exps.sum(1, keepdim=True))[:-1])


def difference_of_help(x, dim):
    plain, helped = torch.softmax(x, dim), torch.softmax(x - x.amax(dim, keepdim=True), dim)
    return "nothing" if torch.equal(plain, helped) and not plain.isnan().any() else "something"


def scores(asks):
    """Ordinary logits of the shape that a question names."""
    shape = [int(size) for size in rows(asks)[0]]
    return torch.sin(torch.arange(1.0, 1 + math.prod(shape))).reshape(shape)


def dim_of(asks, size):
    """The dim whose sums are 1 if this many entries compete."""
    x = scores(asks)
    return next(d for d in range(3) if x.softmax(d).sum(x.shape.index(size)).allclose(ONE))


def shifted(asks):
    x = torch.sin(torch.arange(6.0))
    return "same" if x.softmax(0).allclose((x + numbers(asks)[-1]).softmax(0)) else "other"


def after_a_change(asks):
    """Which rows' probabilities change when row 5 gets different logits."""
    x = scores(asks)
    other = x.clone()
    other[5] = -other[5]
    moved = (x.softmax(0) != other.softmax(0)).any(1)
    return {len(x): "all", 1: "only 5"}[int(moved.sum())]


def after_one_more(asks):
    x = torch.sin(torch.arange(124.0)).reshape(31, 4)
    return "yes" if torch.equal(x[:30].softmax(0), x.softmax(0)[:30]) else "no"


def share_of_first(asks):
    logits = torch.tensor(numbers(asks.partition("exp(")[0]))
    return round(logits.softmax(0)[0].item(), 2)


def divided(asks):
    size, (row, column) = int(rows(asks)[0][0]), re.findall(r"(?:row|column) (\d+)", asks)
    return divided_by(size, int(row), int(column))


ONE = torch.tensor(1.0)
# from the numbers in the question's text
WORKED_OUT = {
    "share": {"A": share_of_first, "B": share_of_first},
    "shift": {"A": shifted, "B": shifted},
    "dim": {"A": lambda asks: dim_of(asks, 5), "B": lambda asks: dim_of(asks, 7)},
    "mixes": {"A": after_a_change, "B": after_one_more},
    "keepdim": {"A": divided, "B": divided},
    "tests": {
        "A": lambda asks: failing(shifted_unevenly, scores(asks)),
        "B": lambda asks: failing(reversed_softmax, scores(asks)),
    },
    "overflow": dict.fromkeys(FORMS, lambda asks: says(naive(torch.tensor(rows(asks)[0])))),
    "maximum": dict.fromkeys(FORMS, lambda asks: below_the_largest(*rows(asks))),
    "helped": {
        "A": lambda asks: difference_of_help(5000 * scores("12, 10"), 1),
        "B": lambda asks: difference_of_help(5000 * scores("12, 10").double(), 0),
    },
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", sorted(IDEAS.keys() - {"confident"}))
def test_each_answer_matches_what_happens(name, form):
    asked = question(name, form)
    assert WORKED_OUT[name][form](asked.asks) == asked.answer


def answer_all(quiz, right):
    for number, asked in enumerate(quiz.asked, 1):
        wrong = next(iter(asked.question.wrong))
        quiz.answer(number, asked.question.answer if number <= right else wrong)


def test_before_only_records_answers_and_after_gives_the_verdict(mine):
    quiz = before()
    assert repr(quiz).startswith("Before the course, form A\n\nTen questions on what lessons")
    noted = quiz.answer(2, "flatter")
    assert noted.message == "question 2: noted: flatter\nNext: question 1."
    quiz = after()
    assert "form B" in repr(quiz)
    told = quiz.answer(2, "flatter")
    assert told.misconceptions == ("shift-changes",)
    assert 'The answer is "same"; lesson 01 shows it.' in told.says
    assert [g.question for g in memory.mine().guesses] == ["before/A/shift", "after/B/shift"]


def test_an_answered_question_is_not_asked_again_and_the_first_answer_counts(mine):
    before().answer(1, 0.75)
    again = before()
    assert [len(again), again.asked[0].name] == [9, "before/A/shift"]
    assert "9 of 10 questions are left." in repr(again)
    later = Compared("before/A/share", "0.84", True, "2999-01-01")
    memory.note_compared(later)
    answer_all(before(), right=9)
    assert "You have answered all 10, 9 of them right." in repr(before())


def test_after_uses_the_other_form(mine):
    before("B").answer(1, 0.5)
    assert before().asked[0].name == "before/B/shift"
    assert after().asked[0].name == "after/A/share"
    assert after("B").asked[0].name == "after/B/share"


@pytest.mark.parametrize("ask", [before, after])
def test_an_unknown_form_is_refused(ask, mine):
    with pytest.raises(ValueError, match='the forms are "A" and "B", got \'C\''):
        ask("C")


def learner(first, last, count=10):
    def answers(when, right):
        return [
            Compared(f"{when}/A/{name}", "?", i < right, "2026-01-01")
            for i, name in enumerate(list(IDEAS)[:count])
        ]

    return Memory(guesses=answers("before", first) + answers("after", last))


def test_a_class_gets_the_mean_gain_and_its_spread():
    found = gains([learner(2, 6), learner(4, 10), learner(3, 3), learner(1, 9, count=9), Memory()])
    assert found == Gains(
        3, 3.0, pytest.approx(19 / 3), pytest.approx(10 / 3), pytest.approx(3.0551, abs=1e-4)
    )
    assert str(found) == (
        "3 learners: 3.0 of 10 right before, 6.3 after; the mean gain is 3.3 (standard deviation "
        "3.1)."
    )


def test_one_learner_has_no_spread_and_no_learners_have_no_gain():
    assert str(gains([learner(2, 6)])).endswith("the mean gain is 4.0.")
    assert str(gains([])) == "Nobody has answered all the questions, both before and after."
