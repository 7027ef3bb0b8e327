"""Questions that come back: which ones, when, and with which numbers."""

import json
from datetime import date, timedelta

import pytest

from softmax_lessons import check, review, schedule
from softmax_lessons.checker import memory
from softmax_lessons.checker.memory import FILE, Compared
from softmax_lessons.checker.question import Question
from softmax_lessons.checker.verdict import CODE
from softmax_lessons.lessons import by_lesson
from softmax_lessons.workspace import MANIFEST

DAY = date(2026, 3, 1)


def doubled(random):
    number = random.randrange(10, 99)
    return Question(2.0 * number, asks=f"What is twice {number}?", again=doubled)


EXERCISE = object()
QUESTIONS = {
    "01": {
        "colour": Question(
            "red", {"blue": ("reads-blue", "It was blue before.")}, asks="Which `colour` is <it>?"
        ),
        "twice": Question(14.0, asks="What is twice 7?", again=doubled),
        "half": Question(
            3.5, within=0.01, asks="What is half of 7?\n\n    x = 7 < 8\n    x / 2\n\nWell?"
        ),
        "double": EXERCISE,
    },
    "05": {
        "add": EXERCISE,
        "multiply": EXERCISE,
        **{
            f"word_{n}": Question("yes", {"no": ("says-no", "Not that.")}, asks=f"Is it {n}?")
            for n in range(7)
        },
    },
}


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """A learner's folder, with the learner in it, and a course of a few questions."""
    (tmp_path / MANIFEST).write_text("{}")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(schedule, "by_lesson", lambda: QUESTIONS)
    return tmp_path


def guessed(name, right, day):
    memory.note_compared(Compared(name, "red", right, (DAY + timedelta(days=day)).isoformat()))


def names(quiz):
    return [asked.name for asked in quiz.asked]


def on(day, **how):
    return review(today=DAY + timedelta(days=day), **how)


def test_before_anything_is_done_it_says_what_to_do(mine):
    quiz = review()
    assert len(quiz) == 0
    wanted = (
        "Nothing to review yet. Make a prediction in lesson 00 or 01; it comes back here the next "
        "day."
    )
    assert repr(quiz) == f"Review\n\n{wanted}"
    assert wanted in quiz._repr_html_()
    assert wanted in quiz.answer(1, "red").message
    assert "in lesson 05" in repr(review(lesson=5))


def test_a_question_comes_back_at_growing_intervals_while_answers_are_right(mine):
    day = 0
    guessed("colour", True, day)
    for gap in (1, 3, 7, 21, 60, 60):
        assert "colour" not in names(on(day + gap - 1))
        day += gap
        quiz = on(day)
        assert quiz.answer(1 + names(quiz).index("colour"), "red").passed
    assert [guess.review for guess in memory.mine().guesses] == [False] + 6 * [True]


def test_after_a_wrong_answer_a_question_comes_back_the_next_day_and_starts_over(mine):
    for day, right in ((0, True), (1, True), (4, False), (5, True), (6, True)):
        guessed("colour", right, day)
        assert ("colour" in names(on(day + 1))) == (right is False or day in (0, 5))
    assert "colour" not in names(on(8))
    assert "colour" in names(on(9))


def test_wrong_answers_come_first_then_the_oldest_then_questions_never_answered(mine):
    for name, right, day in (
        ("half", True, 1),
        ("word_0", True, 0),
        ("word_6", False, 2),
        ("colour", False, 1),
    ):
        guessed(name, right, day)
    assert names(on(9)) == ["colour", "word_6", "word_0", "half"]
    memory.record("double")
    assert names(on(9)) == ["colour", "word_6", "word_0", "half", "twice"]


def test_it_asks_nothing_unpredicted_until_all_exercises_in_the_lesson_are_solved(mine):
    guessed("word_3", False, 0)
    guessed("half", False, 0)
    assert names(on(1)) == ["half", "word_3"]
    assert repr(on(1)).startswith("Review\n\nFrom lessons 01 and 05.\n\n")
    memory.record("add")
    assert names(on(1)) == ["half", "word_3"]
    memory.record("multiply")
    assert names(on(1)) == ["half", "word_3", "word_0", "word_1", "word_2"]
    assert names(on(1, lesson=1)) == ["half"]
    memory.record("double")
    assert names(on(1, lesson=1)) == ["half", "colour", "twice"]


def test_when_nothing_is_due_it_says_when_something_will_be(mine):
    for day, name in enumerate(QUESTIONS["01"]):
        guessed(name, True, day)
    assert repr(on(0)).endswith("Nothing is due today. The next question comes back on 2026-03-02.")


def test_the_numbers_are_different_and_depend_on_the_day_or_the_seed(mine):
    guessed("twice", False, 0)
    first, same, later = (on(day).asked[0].question for day in (1, 1, 2))
    assert first.asks == same.asks != later.asks
    assert "twice 7?" not in first.asks
    assert on(1, seed=7).asked[0].question.asks == on(2, seed=7).asked[0].question.asks
    quiz = on(1)
    assert quiz.answer(1, first.answer).passed
    assert memory.mine().guesses[-1] == Compared(
        "twice", f"{first.answer:g}", True, "2026-03-02", True
    )


def test_it_is_shown_with_numbers_and_how_to_answer(mine):
    for name in QUESTIONS["01"].keys() - {"double"}:
        guessed(name, False, 0)
    text = repr(on(1))
    assert '\n\n1. Which `colour` is <it>?\n   Choose one of "blue", "red".\n\n2. What' in text
    assert "\n       x / 2\n\n   Well?\n   The answer is a number." in text
    assert 'quiz.answer(1, {"blue": 0.7, "red": 0.3})' in text
    assert "`quiz = review()`" in text
    assert "`quiz = review(lesson=1)`" in repr(on(1, lesson="01"))
    page = on(1)._repr_html_()
    assert page.count("<li") == 3
    assert "<pre>x = 7 &lt; 8\nx / 2</pre>" in page
    assert f"Which {CODE}colour</code> is &lt;it&gt;?" in page
    assert 'role="group"' in page


def test_an_answer_gets_a_verdict_and_the_right_answer(mine):
    guessed("colour", False, 0)
    memory.record("double")
    quiz = on(1, lesson=1)
    verdict = quiz.answer(1, "Blue")
    assert (verdict.status, verdict.misconceptions) == ("wrong", ("reads-blue",))
    assert verdict.says == (
        'It was blue before.\nThe answer is "red"; lesson 01 shows it.\nNext: question 2.'
    )
    assert quiz.answer(2, 0).says.startswith("Too small.\nThe answer is ")
    right = quiz.answer(3, 3.5)
    assert right.message == "question 3: that is what happens\nThat was the last one."
    assert [guess.right for guess in memory.mine().guesses] == [False, False, False, True]


def test_probabilities_are_an_answer_too(mine):
    guessed("colour", False, 0)
    assert on(1).answer(1, {"red": 0.8, "blue": 0.2}).passed
    assert json.loads((mine / FILE).read_text())["guesses"][-1] == {
        "question": "colour",
        "guess": {"blue": 0.2, "red": 0.8},
        "right": True,
        "on": "2026-03-02",
        "review": True,
    }


@pytest.mark.parametrize("number", [0, 6, -1, True, "1", 1.0, None])
def test_an_invalid_question_number_is_reported(mine, number):
    guessed("word_0", False, 0)
    verdict = on(1).answer(2, "red")
    assert (verdict.status, verdict.says) == ("unusable", "This quiz has only question 1.")
    for n in range(1, 7):
        guessed(f"word_{n}", False, 0)
    verdict = on(1).answer(number, "red")
    assert (verdict.status, verdict.says) == ("unusable", "This quiz has questions 1 to 5.")


@pytest.mark.parametrize(
    ("guess", "status"), [(..., "not begun"), (None, "not begun"), ("green", "unusable")]
)
def test_a_missing_or_invalid_answer_is_not_remembered(mine, guess, status):
    guessed("colour", False, 0)
    memory.note_guess("colour", "red")  # in its lesson, not in this review
    assert on(1).answer(1, guess).status == status
    assert len(memory.mine().guesses) == 1


@pytest.mark.parametrize("lesson", [17, -1, "five", 1.5, "0x1"])
def test_a_lesson_without_questions_is_refused(mine, lesson):
    with pytest.raises(ValueError, match="review covers lessons 0 to 16, got"):
        review(lesson)


@pytest.mark.parametrize("lesson", [5, "5", "05"])
def test_a_lesson_can_be_written_in_any_way(mine, lesson):
    guessed("word_1", False, 0)
    assert on(1, lesson=lesson).asked[0].name == "word_1"


def test_a_days_predictions_in_the_lessons_come_back_the_next_day(mine, monkeypatch):
    monkeypatch.setattr(schedule, "by_lesson", by_lesson)
    check("add_ten", "sharper")
    known = {turn.name: turn for turn in schedule.turns(memory.mine())}
    assert known["add_ten"].due == date.today() + timedelta(days=1)
    assert set(known) == {"add_ten"}
    for name in by_lesson()["01"]:
        memory.record(name)
    known = {turn.name for turn in schedule.turns(memory.mine())}
    assert known == {n for n, q in by_lesson()["01"].items() if isinstance(q, Question)}
