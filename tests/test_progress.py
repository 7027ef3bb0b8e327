import json

import bank
import pytest

from softmax_lessons import check, progress
from softmax_lessons.checker.progress import FILE
from softmax_lessons.workspace import MANIFEST


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """A learner's folder, with the learner in it."""
    (tmp_path / MANIFEST).write_text("{}")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_pass_is_remembered_and_shown(mine):
    assert progress().solved == ()
    check("stable_softmax", bank.amax)
    check("softmax_1d", bank.row_plain)
    check("softmax_dim", bank.sum_of_all)
    assert progress().solved == ("softmax_1d", "stable_softmax")
    assert "softmax_dim" in progress().open
    assert "2 of 32 exercises solved\n[ ] classes_of_batch\n[x] softmax_1d\n[ ]" in repr(progress())
    assert "[x] softmax_1d" in progress()._repr_html_()


def test_the_courses_own_solutions_do_not_count(mine):
    def softmax_1d_solution(x):
        return bank.row_plain(x)

    assert check("softmax_1d", softmax_1d_solution).passed
    assert progress().solved == ()


def test_outside_a_learners_folder_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert check("softmax_1d", bank.row_plain).passed
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_written_costs_nothing(mine):
    (mine / FILE).mkdir()  # os.replace refuses it, for root as well
    assert check("softmax_1d", bank.row_plain).passed
    assert progress().solved == ()


@pytest.mark.parametrize("broken", ["", "[", "[1, 2]", '"x"', "{}"])
def test_a_broken_file_is_set_aside_and_not_lost(mine, broken):
    (mine / FILE).write_text(broken)
    shown = progress()
    assert "set aside" in shown.note
    assert shown.note in repr(shown)
    (aside,) = mine.glob(f"{FILE}.broken-*")
    assert aside.read_text() == broken
    check("softmax_1d", bank.row_plain)
    assert json.loads((mine / FILE).read_text()) == ["softmax_1d"]


def test_names_of_other_courses_do_not_disturb(mine):
    (mine / FILE).write_text(json.dumps(["from_the_future"]))
    check("softmax_1d", bank.row_plain)
    assert progress().solved == ("softmax_1d",)
    assert json.loads((mine / FILE).read_text()) == ["from_the_future", "softmax_1d"]


def test_there_is_a_note_only_if_there_is_something_to_say(mine):
    assert progress().note == ""
    check("softmax_1d", bank.row_plain)
    assert progress().note == ""
    assert len(repr(progress()).splitlines()) == 1 + 32


def test_what_is_solved_twice_is_written_once(mine):
    for _ in range(2):
        check("softmax_1d", bank.row_plain)
    assert json.loads((mine / FILE).read_text()) == ["softmax_1d"]
