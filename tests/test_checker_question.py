from fractions import Fraction

import numpy as np
import pytest
import torch

from softmax_lessons import check
from softmax_lessons.checker.question import Question
from softmax_lessons.lessons import tasks

QUESTIONS = {name: task for name, task in tasks().items() if isinstance(task, Question)}


@pytest.mark.parametrize("name", QUESTIONS)
def test_the_answer_is_right_and_each_likely_wrong_one_is_named(name):
    question = QUESTIONS[name]
    right = check(name, question.answer)
    assert (right.exercise, right.passed, right.misconceptions) == (name, True, ())
    assert right.message == f"{name}: that is what happens"
    for guess, (slug, says) in question.wrong.items():
        verdict = check(name, guess)
        assert (verdict.exercise, verdict.passed) == (name, False)
        assert verdict.misconceptions == (slug,)
        assert says in verdict.message


@pytest.mark.parametrize("nothing", [None, ...])
def test_no_guess_is_no_mistake(nothing):
    verdict = check("add_ten", nothing)
    assert (verdict.exercise, verdict.passed, verdict.misconceptions) == ("add_ten", False, ())
    assert "no prediction yet" in verdict.message


def test_a_word_may_be_written_in_any_case_and_has_to_be_one_of_the_choices():
    assert check("add_ten", " Same ").passed
    verdict = check("add_ten", "nothing")
    assert (verdict.exercise, verdict.passed, verdict.misconceptions) == ("add_ten", False, ())
    assert 'Choose one of "flatter", "same", "sharper".' in verdict.message


def test_a_number_may_be_off_by_as_much_as_the_question_says():
    assert check("cat_share", 0.66).passed
    assert check("cat_share", 0.659).passed
    assert check("cat_share", torch.tensor(0.6590)).passed
    assert not check("cat_share", 0.60).passed
    assert not check("which_runs", 1.01).passed


@pytest.mark.parametrize("shape", [(2, 3), [2, 3], torch.Size([2, 3])])
def test_a_shape_may_come_in_any_form(shape):
    assert check("shape_of_sum", shape).passed


@pytest.mark.parametrize(
    ("name", "guess", "wanted"),
    [
        ("add_ten", 10, "a word"),
        ("cat_share", "a lot", "a number"),
        ("cat_share", True, "a number"),
        ("shape_of_sum", 6, "numbers in parentheses, such as"),
        ("shape_of_sum", {"rows": 2}, "numbers in parentheses"),
    ],
)
def test_another_kind_of_answer_is_told_what_is_wanted(name, guess, wanted):
    verdict = check(name, guess)
    assert (verdict.exercise, verdict.passed, verdict.misconceptions) == (name, False, ())
    assert f"The answer is {wanted}" in verdict.message


def test_a_wrong_guess_that_nobody_expected_is_wrong_all_the_same():
    verdict = check("which_runs", 7)
    assert (verdict.exercise, verdict.passed, verdict.misconceptions) == ("which_runs", False, ())
    assert "not what happens" in verdict.message


def test_choices_do_not_give_the_answer_away_by_their_order():
    assert Question("b", {"a": ("x", "y"), "c": ("x", "y")}).choices == ("a", "b", "c")
    assert Question(1.0).choices == ()


@pytest.mark.parametrize(
    "number",
    [np.float32(0.66), np.float64(0.66), np.array(0.66), Fraction(66, 100), torch.tensor([0.66])],
    ids=lambda number: type(number).__name__,
)
def test_a_number_may_be_of_any_type(number):
    assert check("cat_share", number).passed


def test_whole_numbers_and_shapes_may_be_numpys():
    assert check("which_runs", np.int64(QUESTIONS["which_runs"].answer)).passed
    assert check("shape_of_sum", (np.int64(2), np.int64(3))).passed


def test_a_guess_that_cannot_be_shown_is_named_by_its_type():
    class Silent:
        def __repr__(self):
            raise ValueError

    assert "you gave a Silent" in check("cat_share", Silent()).message
