"""Predictions: noted before, compared after."""

import json
from datetime import date, timedelta

import pytest

from softmax_lessons import check, predict
from softmax_lessons.checker import memory
from softmax_lessons.checker.memory import FILE
from softmax_lessons.lessons import tasks
from softmax_lessons.predictions import compared
from softmax_lessons.workspace import MANIFEST


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """A learner's folder, with the learner in it."""
    (tmp_path / MANIFEST).write_text("{}")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_guess_is_noted_and_compared_by_the_next_cell(mine):
    noted = predict("helped", "Close")
    assert (noted.status, noted.message) == (
        "noted",
        "helped: noted: close\nNow run the next cell.",
    )
    seen = check("helped")
    assert seen.misconceptions == ("changes-rounding",)
    assert seen.says == "You predicted close. The second subtraction subtracts exactly 0."


@pytest.mark.parametrize("guess", ["close", "equal", {"equal": 0.2, "close": 0.8}])
def test_a_noted_guess_gives_nothing_away(mine, guess):
    told = predict("helped", guess).message
    assert told.partition("\n")[2] == "Now run the next cell."
    assert "right" not in (mine / FILE).read_text()


def test_without_a_guess_nothing_is_compared_and_nothing_blocks(mine):
    for verdict in (predict("helped"), predict("helped", ...), check("helped")):
        assert verdict.status == "not begun"
    assert not (mine / FILE).exists()


def test_an_invalid_guess_is_reported_at_once_and_not_noted(mine):
    verdict = predict("helped", "sometimes")
    assert verdict.status == "unusable"
    assert 'Choose one of "close", "different", "equal".' in verdict.message
    assert check("helped").status == "not begun"


@pytest.mark.parametrize(
    ("name", "guess", "told"),
    [
        ("cat_share", "2/3", "0.66666666666666663"),
        ("a_thousand", float("nan"), "nan"),
        ("shape_of_sum", [2, 3], "(2, 3)"),
    ],
)
def test_a_guess_of_any_kind_survives_a_restart(mine, name, guess, told):
    predict(name, guess)
    assert json.loads((mine / FILE).read_text())["noted"] == {name: told}
    assert check(name).passed or "You predicted" in check(name).says


def test_only_the_first_guess_of_a_day_is_remembered(mine):
    for guess in ("close", "equal", "different"):
        predict("helped", guess)
        check("helped")
    (kept,) = memory.mine().guesses
    assert (kept.guess, kept.right, kept.day) == ("close", False, date.today())
    assert check("helped").misconceptions == ("needs-help",)  # the last one is compared


def test_running_a_lesson_again_on_another_day_makes_no_new_prediction(mine):
    predict("helped", "equal")
    tomorrow = date.today() + timedelta(days=1)
    for day in (date.today(), tomorrow):
        assert compared("helped", tasks()["helped"], today=day).passed
    assert [guess.day for guess in memory.mine().guesses] == [date.today()]
    predict("helped", "close")
    compared("helped", tasks()["helped"], today=tomorrow)
    assert [guess.day for guess in memory.mine().guesses] == [date.today(), tomorrow]


def test_a_guess_given_to_check_is_remembered_as_well(mine):
    assert check("helped", {"equal": 0.6, "close": 0.4}).passed
    (kept,) = memory.mine().guesses
    assert kept.guess == {"close": 0.4, "different": 0.0, "equal": 0.6}


def test_outside_a_learners_folder_a_guess_lasts_as_long_as_the_session(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    predict("plus_1e8", "right")
    assert check("plus_1e8").misconceptions == ("shift-restores",)
    assert not list(tmp_path.iterdir())


def test_a_name_that_is_not_a_question_is_reported():
    assert 'Did you mean "helped"?' in predict("help", "equal").message
    assert "no question with that name" in predict("softmax_1d", "equal").message
    assert predict(3, "equal").status == "unusable"
