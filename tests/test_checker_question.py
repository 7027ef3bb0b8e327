import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
import torch

from softmax_lessons import check, predict
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
def test_a_missing_guess_is_not_a_mistake(nothing):
    verdict = check("add_ten", nothing)
    assert (verdict.exercise, verdict.passed, verdict.misconceptions) == ("add_ten", False, ())
    assert "no prediction yet" in verdict.message


def test_a_word_can_be_in_any_case_but_must_be_one_of_the_choices():
    assert check("add_ten", " Same ").passed
    verdict = check("add_ten", "nothing")
    assert (verdict.exercise, verdict.passed, verdict.misconceptions) == ("add_ten", False, ())
    assert 'Choose one of "flatter", "same", "sharper".' in verdict.message


def test_a_number_can_be_off_by_as_much_as_the_question_allows():
    assert check("cat_share", 0.66).passed
    assert check("cat_share", 0.659).passed
    assert check("cat_share", torch.tensor(0.6590)).passed
    assert not check("cat_share", 0.60).passed
    assert not check("which_runs", 1.01).passed


@pytest.mark.parametrize("shape", [(2, 3), [2, 3], torch.Size([2, 3])])
def test_a_shape_can_be_given_in_any_form(shape):
    assert check("shape_of_sum", shape).passed


@pytest.mark.parametrize(
    ("name", "guess", "wanted"),
    [
        ("add_ten", ["same"], "a word"),
        ("cat_share", "a lot", "a number"),
        ("cat_share", True, "a number"),
        ("shape_of_sum", 0.5, "numbers in parentheses, such as"),
        ("shape_of_sum", {"rows": 2}, "numbers in parentheses"),
        ("shape_of_sum", (2, "three"), "numbers in parentheses"),
        ("shape_of_sum", (2, math.nan), "numbers in parentheses"),
    ],
)
def test_an_answer_of_the_wrong_kind_gets_an_explanation(name, guess, wanted):
    verdict = check(name, guess)
    assert (verdict.exercise, verdict.passed, verdict.misconceptions) == (name, False, ())
    assert f"The answer is {wanted}" in verdict.message


def test_an_unexpected_wrong_guess_is_still_wrong():
    verdict = check("which_runs", 7)
    assert (verdict.exercise, verdict.passed, verdict.misconceptions) == ("which_runs", False, ())
    assert "not what happens" in verdict.message


def test_the_order_of_the_choices_does_not_give_the_answer_away():
    assert Question("b", {"a": ("x", "y"), "c": ("x", "y")}).choices == ("a", "b", "c")
    assert Question(1.0).choices == ()


@pytest.mark.parametrize(
    "number",
    [
        np.float32(0.66),
        np.float64(0.66),
        np.array(0.66),
        Fraction(66, 100),
        Decimal("0.66"),
        torch.tensor([0.66]),
        [0.66],
        (0.66,),
    ],
    ids=lambda number: type(number).__name__,
)
def test_a_number_can_be_of_any_type(number):
    assert check("cat_share", number).passed


def test_whole_numbers_and_shapes_can_be_numpy_or_torch_values():
    assert check("which_runs", np.int64(QUESTIONS["which_runs"].answer)).passed
    for shape in ((np.int64(2), np.int64(3)), np.array([2, 3]), torch.tensor([2, 3]), (2.0, 3)):
        assert check("shape_of_sum", shape).passed
    assert "you gave (2.5, 3)" in check("shape_of_sum", (2.5, 3)).message


@pytest.mark.parametrize("name", ["add_ten", "cat_share", "shape_of_sum"])
@pytest.mark.parametrize(
    "guess", [10**400, -(10**400), Decimal("nan"), 3 + 0j, np.True_, torch.zeros(2, 3), {}, b"nan"]
)
def test_nothing_is_raised_whatever_is_guessed(name, guess):
    noted = predict(name, guess)
    assert noted.status in ("noted", "unusable")
    assert "\n" not in noted.says
    verdict = check(name, guess)
    assert not verdict.passed
    assert verdict.says


def test_a_guess_that_cannot_be_shown_is_named_by_its_type():
    class Silent:
        def __repr__(self):
            raise ValueError

    assert "you gave a Silent" in check("cat_share", Silent()).message


@pytest.mark.parametrize(
    ("name", "guess"),
    [
        ("cat_share", "0.66"),
        ("cat_share", " 66 % "),
        ("cat_share", "33/50"),
        ("cat_share", "33 / 50"),
        ("cat_share", "3.3/5"),
        ("cat_share", "0,66"),
        ("cat_share", "66,0 %"),
        ("cat_share", "~0.66"),
        ("cat_share", "\N{ALMOST EQUAL TO} .66"),
        ("logits_of_80", "6,100"),
        ("logits_of_80", "6,100.0"),
        ("first_prediction", "CAT"),
        ("scores_back", "Up  to a constant"),
        ("shape_of_sum", "(2, 3)"),
        ("shape_of_sum", "2 x 3"),
        ("shape_of_sum", "torch.Size([2, 3])"),
        ("capped_mask", "\N{MINUS SIGN}2"),
        ("capped_mask", "-2.0"),
        ("row_sums", "less than 1"),
        ("a_thousand", float("nan")),
        ("a_thousand", "NaN"),
        ("a_thousand", "'nan'"),
        ("a_thousand", "nan."),
        ("sum_of_zero", "\N{INFINITY}"),
        ("sum_of_zero", math.inf),
        ("sum_of_zero", "Infinity"),
        ("which_runs", "1e0"),
    ],
)
def test_guesses_are_parsed_leniently(name, guess):
    assert check(name, guess).passed


def test_for_a_misspelt_word_the_nearest_choice_is_suggested():
    assert 'Did you mean "sharper"?' in check("times_ten", "sharpr").message


@pytest.mark.parametrize("guess", [True, "Yes", "yes"])
def test_true_counts_as_yes(guess):
    assert check("scores_back", guess).misconceptions == ("forgets-the-sum",)


@pytest.mark.parametrize(
    ("answer", "guess", "says"),
    [
        (0.5, -0.5, "Right size, wrong sign."),
        (0.0900, 0.09003, "Right to one digit. The question asks for the exact number."),
        (0.2447, 0.21, "Right to one digit."),
        (0.66, 0.6402, "Close. The question asks for the exact number."),
        (-0.84, -0.8788, "Close."),
        (0.66, 0.62, "Too small."),
        (3.0, 300, "The right digits, 100 times too large."),
        (250, 0.25, "The right digits, 1,000 times too small."),
        (4.0, 8, "That's twice the right number."),
        (4.0, 2, "That's half the right number."),
        (0.3, 0.7, "That's 1 minus it."),
        (5.0, 0.2, "That's 1 divided by it."),
        (2.0, 7.389, "That's its exponential."),
        (7.389, 2.0, "That's its log."),
        (10, 34, "Too large."),
        (34, 10, "Too small."),
        (0, 3, "Too large."),
        (0.0, -1e-9, "Too small."),
        (-3.0, 7, "Too large."),
        (math.nan, 3, "It isn't a number at all: nan."),
        (3, math.nan, "It's an ordinary number."),
        (math.inf, 3, "It's infinite."),
        (math.inf, -math.inf, "Right size, wrong sign."),
        (math.inf, "-\N{INFINITY}", "Right size, wrong sign."),
        (800.0, math.inf, "It's finite."),
        (800.0, 10**400, "It's finite."),
        (0.0156, 1e308, "Too large."),
        ((2, 3), (3, 2), "The right numbers, but in a different order."),
        ((2, 3), (2, 4), "1 of the 2 numbers is right."),
        ((2, 3), (4, 5), "0 of the 2 numbers are right."),
        ((2, 3), (2, 3, 1), "The answer has 2 numbers, but yours has 3."),
    ],
)
def test_a_wrong_guess_without_a_name_gets_a_sentence_on_how_far_off_it_is(answer, guess, says):
    verdict = Question(answer).at_once("question", guess)
    assert verdict.status == "wrong"
    assert verdict.says.startswith(says)


@pytest.mark.parametrize("name", QUESTIONS)
def test_every_wrong_guess_gets_a_sentence(name):
    question = QUESTIONS[name]
    others = [-1e7, 1e7, 0.123, math.nan, math.inf, (1, 2), (9, 9, 9)]
    for guess in question.choices or others:
        verdict = check(name, guess)
        assert verdict.passed or verdict.says


def test_a_guess_with_probabilities_is_scored_by_its_cross_entropy():
    verdict = check("helped", {"equal": 0.7, "close": 0.3})
    assert verdict.passed
    assert (
        f"a loss of {-math.log(0.7):.2f}. Equal chances would give {math.log(3):.2f}."
        in verdict.says
    )
    verdict = check("helped", {"close": "3/4", "equal": "25%"})
    assert verdict.misconceptions == ("changes-rounding",)
    assert verdict.says.startswith("The second subtraction subtracts exactly 0.")
    assert f'You gave 0.25 to what happens, "equal": a loss of {math.log(4):.2f}.' in verdict.says


def test_a_certain_guess_that_is_right_costs_nothing():
    assert "a loss of 0.00." in check("scores_back", {"up to a constant": 1}).says


def test_a_probability_of_zero_for_what_happens_gives_an_infinite_loss():
    verdict = check("helped", {"close": 1.0})
    assert "a loss of inf" in verdict.says


@pytest.mark.parametrize(
    ("chances", "says"),
    [
        ({"equal": 0.7}, "Your probabilities sum to 0.7. Make them sum to 1."),
        (
            {"equal": 1.5, "close": -0.5},
            "A probability is between 0 and 1, but you gave equal 1.5.",
        ),
        ({"equal": "most", "close": 0.5}, "you gave equal 'most'."),
        ({"same": 1.0}, '"same" isn\'t a choice. Choose one of "close", "different", "equal".'),
        ({}, "Your probabilities sum to 0."),
    ],
)
def test_invalid_probabilities_are_explained(chances, says):
    verdict = check("helped", chances)
    assert verdict.status == "unusable"
    assert says in verdict.says


def test_probabilities_given_twice_for_the_same_choice_are_added():
    assert check("helped", {"equal": 0.4, "Equal": 0.3, "close": 0.3}).passed


def test_equal_probabilities_for_all_choices_are_not_right():
    assert not check("helped", dict.fromkeys(("close", "different", "equal"), 1 / 3)).passed
