"""A verdict is a record; its text and its box are views of it."""

import bank
import pytest

from softmax_lessons import check
from softmax_lessons.checker.misconception import Misconception
from softmax_lessons.checker.verdict import COLOURS, Example, Verdict

MISTAKE = Misconception("swaps", "You swap them.", ("Look there.", "An idea.", "Line 3."))
WRONG = Verdict(
    "a_task", "wrong", "not yet", "You swap them.", (MISTAKE,), Example("f(x)", "x = 1", "2", "1")
)


def test_the_text_has_its_parts_in_order():
    assert (
        repr(WRONG)
        == WRONG.message
        == (
            "a_task: not yet (swaps)\nYou swap them.\n\n"
            "f(x) with x = 1:\n  got:      2\n  expected: 1\n\nHint: Look there."
        )
    )
    assert WRONG.account == WRONG.message.partition("\n\nHint:")[0]
    assert Verdict("a_task", "right", "correct").message == "a_task: correct"


@pytest.mark.parametrize("status", COLOURS)
def test_the_box_has_the_colour_of_the_status_and_only_a_right_answer_passes(status):
    verdict = Verdict("a_task", status, "so")
    box = verdict._repr_html_()
    assert f"solid {COLOURS[status][0]}" in box
    assert 'role="status"' in box  # a screen reader can announce it
    assert verdict.passed == (status == "right")


def test_a_wrong_guess_without_a_name_is_still_drawn_as_wrong():
    verdict = check("which_runs", 7)
    assert verdict.status == "wrong"
    assert COLOURS["wrong"][0] in verdict._repr_html_()


def test_a_hint_is_given_on_request_and_after_a_repeated_mistake():
    assert [repr(WRONG.hint()) for _ in range(4)] == [
        "Hint: Look there.",
        "Hint: An idea.",
        "Hint: Line 3.\n(That was the last hint.)",
        "Hint: Line 3.\n(That was the last hint.)",
    ]
    assert WRONG.with_hints_counted().told == "Line 3."
    first = check("softmax_dim", bank.sum_of_all)
    assert first.told == first.hints[0]
    second = check("softmax_dim", bank.sum_of_all)
    assert second.told == second.hints[1]
    assert repr(second.hint()).startswith(f"Hint: {first.hints[min(2, len(first.hints) - 1)]}")
    # another exercise begins with the first hint again
    other = check("stable_softmax", bank.sum_of_all)
    assert other.told == other.hints[0]


def test_without_a_mistake_there_is_no_hint():
    assert "no hint" in repr(check("softmax_1d", bank.row_plain).hint())


def test_the_box_escapes_a_learners_markup():
    verdict = check("stable_softmax", lambda x, dim: x["<b>"])
    assert "<div" in verdict._repr_html_()
    assert "<b>" not in verdict._repr_html_()
    assert "<b>" not in Misconception.__name__
    assert "<i>" not in Verdict("<i>", "wrong", "no", "<i>").hint()._repr_html_()


def test_the_box_draws_the_example_and_marks_what_is_off():
    box = check("stable_softmax", bank.plain_global_shift)._repr_html_()
    assert box.count("<table") == 3
    assert box.count("✗") == 3
    assert "f(x, dim=1) gives" in box
    assert box.count("2px solid") == 9  # row 0 of the input and of both results
    assert box.count("1px solid") == 9
    assert "<table" not in check("stable_softmax", bank.minus_equals)._repr_html_()


@pytest.mark.parametrize(
    ("exercise", "attempt", "dim", "title"),
    [
        ("stable_softmax", bank.plain_global_shift, 1, "x"),
        ("softmax_dim", lambda x, dim: bank.amax(x, 0), 1, "x"),
        ("softmax_1d", lambda x: 2**x / (2**x).sum(), None, "x"),
    ],
)
def test_the_tables_know_their_dim_title_and_differences(exercise, attempt, dim, title):
    tables = check(exercise, attempt).example.tables
    assert (tables.dim, tables.title) == (dim, title)
    assert tables.given.shape == tables.got.shape == tables.expected.shape
    assert tables.differs.any()
