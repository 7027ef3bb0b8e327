"""Progress as a table, with what comes next and how sure the learner was."""

from datetime import date

import pytest

from softmax_lessons import progress
from softmax_lessons.checker import memory
from softmax_lessons.checker.memory import Compared
from softmax_lessons.checker.question import Question
from softmax_lessons.lessons import by_lesson, to_solve
from softmax_lessons.lessons.before_after import IDEAS
from softmax_lessons.progress import Calibration, Count
from softmax_lessons.workspace import MANIFEST, lessons

DAY = "2026-03-01"


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """A learner's folder, with the learner in it."""
    (tmp_path / MANIFEST).write_text("{}")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def guessed(name, right=True, guess="nan", day=DAY, review=False):
    memory.note_compared(Compared(name, guess, right, day, review))


def solve(*numbers):
    for number in numbers:
        for name in by_lesson()[number]:
            if name in to_solve():
                memory.record(name)


def answer(when, right):
    for i, name in enumerate(IDEAS):
        guessed(f"{when}/A/{name}", i < right)


def lines():
    return repr(progress(today=date(2026, 3, 1))).splitlines()


def following():
    return progress(today=date(2026, 3, 1)).next


def test_it_counts_what_is_predicted_solved_and_reviewed_in_each_lesson(mine):
    guessed("the_wall")
    guessed("a_thousand", right=False)
    guessed("a_thousand", day="2026-03-02", review=True)
    guessed("a_thousand", day="2026-03-05", review=True)
    other = next(name for name in by_lesson()["04"] if name not in ("the_wall", "a_thousand"))
    guessed(other, review=True)  # skipped in its lesson
    guessed("no_such_question")
    guessed("before/A/share")
    solve("02")
    found = {lesson.number: lesson for lesson in progress().lessons}
    assert found["04"].counts == (Count(2, 9), Count(0, 0), Count(2, 9))
    assert found["02"].counts == (Count(0, 6), Count(5, 5), Count(0, 6))
    assert found["04"].title == "04 Watch it overflow"
    assert [lesson.name for lesson in progress().lessons] == [path.name for path in lessons()[:17]]
    questions = sum(
        isinstance(task, Question) for all_ in by_lesson().values() for task in all_.values()
    )
    assert sum(lesson.predicted.of for lesson in found.values()) == questions
    assert sum(lesson.done.of for lesson in found.values()) == len(to_solve())


def test_it_is_a_table_in_text_and_in_html(mine):
    guessed("the_wall")
    solve("01")
    table = lines()
    assert table[0] == f"1 of {len(to_solve())} exercises solved"
    assert table[1].split() == ["predicted", "done", "reviewed"]
    assert table[6].startswith("04 Watch it overflow  ")
    assert table[6].endswith("     1 of 9          -     0 of 9")
    page = progress()._repr_html_()
    assert page.count("<tr>") == 18
    assert '<th scope="col"' in page
    assert ">04 Watch it overflow</th>" in page
    assert "✓ all 1</td>" in page
    assert "1 of 9</td>" in page
    assert "none of 9</td>" in page


@pytest.mark.parametrize(
    ("count", "text", "words"),
    [
        (Count(0, 0), "-", "–"),  # noqa: RUF001
        (Count(0, 3), "0 of 3", "none of 3"),
        (Count(2, 3), "2 of 3", "2 of 3"),
        (Count(3, 3), "3 of 3", "✓ all 3"),
    ],
)
def test_a_count_says_in_words_what_its_colour_says(count, text, words):
    assert (str(count), count.words) == (text, words)


def test_next_is_what_is_due_then_the_lesson_begun_then_the_following_one(mine):
    assert following() == "Next: open 00_start_here.ipynb."
    solve("00")
    assert following() == "Next: open 01_scores_to_probabilities.ipynb."
    guessed("add_ten")
    assert following() == "Next: the exercise softmax_1d in 01_scores_to_probabilities.ipynb."
    solve("01")
    assert following() == "Next: open 02_choose_the_dim.ipynb."


def test_next_is_review_while_something_that_was_answered_is_due(mine):
    guessed("add_ten")
    tomorrow = date(2026, 3, 2)
    assert progress(today=tomorrow).next == "Next: review(), because 1 question is due."
    guessed("times_ten", right=False)
    assert progress(today=tomorrow).next == "Next: review(), because 2 questions are due."


def test_however_many_are_due_a_review_of_five_is_enough_for_a_day(mine):
    for name in (n for n, task in by_lesson()["01"].items() if isinstance(task, Question)):
        guessed(name)
    tomorrow = date(2026, 3, 2)
    assert progress(today=tomorrow).next == (
        "Next: review(), because 7 questions are due, 5 at a time."
    )
    for name in ("add_ten", "times_ten", "skyline", "sigmoid_of", "cat_share"):
        assert "review()" in progress(today=tomorrow).next
        guessed(name, day="2026-03-02", review=True)
    assert progress(today=tomorrow).next == (
        "Next: the exercise softmax_1d in 01_scores_to_probabilities.ipynb."
    )
    assert "review()" in progress(today=date(2026, 3, 3)).next


def test_next_is_after_once_the_core_course_is_done_and_before_was_answered(mine):
    answer("before", 4)
    solve("00")
    assert following() == "Next: open 01_scores_to_probabilities.ipynb."
    solve("01", "02", "03", "05")
    assert following() == "Next: after(), which asks about the ideas of before() again."
    answer("after", 9)
    assert following() == "Next: open 06_train_with_logits.ipynb."


def test_next_is_what_was_left_out_and_finally_nothing(mine):
    solve(*(number for number in by_lesson() if number != "03"))
    assert following() == "Next: the exercise softmax_dim in lesson 03."
    solve("03")
    assert (
        following() == "Next: nothing for today; everything is done, and review() keeps it fresh."
    )


def test_the_gain_is_shown_as_far_as_it_is_known(mine):
    assert progress().gain == ""
    guessed("before/A/share", right=False)
    assert progress().gain == "before(): 1 of 10 questions answered."
    answer("before", 4)
    told = (
        "Before the course, you had 3 of 10 right. After lesson 05, after() shows what you gained."
    )
    assert progress().gain == told
    answer("after", 9)
    told = "Before the course, you had 3 of 10 right, and after it 9: a gain of 6."
    assert progress().gain == told
    assert told in lines()
    assert told in progress()._repr_html_()


def sure(count, chance, right):
    for i in range(count):
        guess = {"nan": chance, "right": 1 - chance}
        guessed(f"question_{i}", i < right, guess)


def test_ten_predictions_with_probabilities_make_a_picture(mine):
    sure(9, 0.9, 3)
    guessed("the_wall")
    assert progress().calibration is None
    guessed("helped", True, {"equal": 0.6, "close": 0.4})
    told = (
        "In 10 predictions with probabilities, you were 87% sure on average, and 40% of them "
        "were right. You're too sure, by 47 points, and chance alone rarely makes more than 20: "
        "give more to the other choices."
    )
    assert told in lines()
    page = progress()._repr_html_()
    assert "You&#x27;re too sure, by 47 points" in page
    assert "If a bar ends below its diamond, you were too sure;" in page
    assert (
        '<img alt="Reliability diagram of 10 examples: says 0.6000, right 1.0000 of 1; says 0.9000,'
        ' right 0.3333 of 9. Expected calibration error 0.5500." src="data:image/png;base64,'
    ) in page


@pytest.mark.parametrize(
    ("chance", "right", "told"),
    [
        (0.8, 17, "That fits: with 20 predictions, chance alone makes gaps like this."),
        (0.5, 20, "You know more than you think, by 50 points, and chance alone rarely makes more"),
        (1.0, 19, "You're too sure, by 5 points, and chance alone rarely makes more than 0:"),
        (1.0, 20, "That fits:"),
        (0.95, 17, "That fits:"),  # by 10 points, where chance alone makes 9.7
    ],
)
def test_the_interpretation_depends_on_what_chance_alone_would_do(chance, right, told):
    found = Calibration((chance,) * 20, tuple(i < right for i in range(20)))
    assert told in str(found)


def test_a_note_about_the_file_is_shown(mine):
    (mine / memory.FILE).write_text("[")
    page = progress()._repr_html_()
    assert "so it was renamed to" in page
