"""What is remembered about a learner, and that none of it is lost."""

import json
import subprocess
import sys

import bank
import pytest

from softmax_lessons import check, predict, progress
from softmax_lessons.checker import memory
from softmax_lessons.checker.memory import FILE, count_hint
from softmax_lessons.lessons import to_solve
from softmax_lessons.workspace import MANIFEST

WHOLE = {"question": "helped", "guess": {"equal": 1.0}, "right": True, "on": "2026-01-01"}


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """A learner's folder, with the learner in it."""
    (tmp_path / MANIFEST).write_text("{}")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def solved(folder):
    return json.loads((folder / FILE).read_text())["solved"]


def test_a_pass_is_remembered_and_shown(mine):
    assert progress().solved == ()
    check("stable_softmax", bank.amax)
    check("softmax_1d", bank.row_plain)
    check("softmax_dim", bank.sum_of_all)
    assert progress().solved == ("softmax_1d", "stable_softmax")
    assert "softmax_dim" in progress().open
    assert repr(progress()).splitlines()[0] == f"2 of {len(to_solve())} exercises solved"
    assert f"2 of {len(to_solve())} exercises solved" in progress()._repr_html_()


def test_the_courses_own_solutions_do_not_count(mine):
    def softmax_1d_solution(x):
        return bank.row_plain(x)

    verdict = check("softmax_1d", softmax_1d_solution)
    assert verdict.passed
    assert "the lesson's own answer" in verdict.message
    assert progress().solved == ()


def test_predictions_and_tests_of_an_exercise_do_not_count_either(mine):
    assert check("add_ten", "same").passed
    check("softmax_1d", test=lambda f: False)
    assert progress().solved == ()


def test_outside_a_learners_folder_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert check("softmax_1d", bank.row_plain).passed
    check("softmax_dim", bank.sum_of_all)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_written_to_does_no_harm(mine):
    (mine / FILE).mkdir()  # os.replace refuses it, for root as well
    assert check("softmax_1d", bank.row_plain).passed
    assert progress().solved == ("softmax_1d",)  # for as long as this session lasts
    assert [count_hint("a", "b") for _ in range(3)] == [0, 1, 2]


@pytest.mark.parametrize(
    "broken",
    ["", "[", "[1, 2]", '"x"', "3", '{"solved": 3}', '{"solved": [1]}', '{"hints": {"a": "b"}}']
    + [f'{{"guesses": [{each}]}}' for each in ("3", '{"question": "helped"}')]
    + ['{"guesses": [{"question": "a", "guess": "b", "right": true, "on": "today"}]}']
    + ['{"noted": {"a": 3}}']
    + [
        json.dumps({"guesses": [WHOLE | part]})
        for part in (
            {"question": 3},
            {"guess": 3},
            {"guess": {}},
            {"guess": {"equal": "all"}},
            {"guess": {"equal": 1.5}},
            {"right": "yes"},
            {"review": 1},
            {"on": 20260101},
        )
    ],
)
def test_a_broken_file_is_set_aside_and_not_lost(mine, broken):
    (mine / FILE).write_text(broken)
    shown = progress()
    assert "renamed" in shown.note
    assert shown.note in repr(shown)
    (aside,) = mine.glob(f"{FILE}.broken-*")
    assert aside.read_text() == broken
    check("softmax_1d", bank.row_plain)
    assert solved(mine) == ["softmax_1d"]
    assert progress().note == shown.note  # as long as it's there
    aside.unlink()
    assert progress().note == ""


def test_a_broken_file_that_a_prediction_finds_first_is_reported_as_well(mine):
    (mine / FILE).write_text("[")
    predict("helped", "equal")
    (aside,) = mine.glob(f"{FILE}.broken-*")
    assert aside.name in progress().note


def test_the_file_from_the_first_edition_can_be_read(mine):
    (mine / FILE).write_text(json.dumps(["from_the_future", "softmax_dim"]))
    assert progress().solved == ("softmax_dim",)
    check("softmax_1d", bank.row_plain)
    assert progress().solved == ("softmax_1d", "softmax_dim")
    assert solved(mine) == ["from_the_future", "softmax_dim", "softmax_1d"]


def test_a_complete_guess_is_read(mine):
    (mine / FILE).write_text(json.dumps({"guesses": [WHOLE]}))
    assert memory.recall().guesses == [memory.Compared(**WHOLE)]
    assert progress().note == ""


def test_an_interrupted_write_loses_nothing(mine):
    """The process ends when the new file is written, but not yet in place."""
    check("softmax_1d", bank.row_plain)
    code = (
        "import os; from softmax_lessons.checker import memory\n"
        "os.replace = lambda *paths: os._exit(9)\n"
        "memory.record('softmax_dim')\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 9
    assert solved(mine) == ["softmax_1d"]
    assert progress().note == ""
    check("stable_softmax", bank.amax)
    assert solved(mine) == ["softmax_1d", "stable_softmax"]


def test_an_exercise_solved_twice_is_recorded_once(mine):
    for _ in range(2):
        check("softmax_1d", bank.row_plain)
    assert solved(mine) == ["softmax_1d"]


def test_the_number_of_hints_given_survives_a_restart(mine):
    first = check("softmax_dim", bank.sum_of_all)
    assert json.loads((mine / FILE).read_text())["hints"] == {"softmax_dim/global-sum": 1}
    # nothing but the file is kept, as after a restart
    second = check("softmax_dim", bank.sum_of_all)
    assert (first.told, second.told) == first.hints[:2]
