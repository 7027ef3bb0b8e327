"""Grade agrees with check: every right answer earns its point, every mistake gets its name."""

import csv
import os
import sys

import bank
import bank_attend  # noqa: F401
import bank_core  # noqa: F401
import bank_crops  # noqa: F401
import bank_errors  # noqa: F401
import bank_further  # noqa: F401
import bank_later  # noqa: F401
import bank_logs  # noqa: F401
import bank_loss  # noqa: F401
import bank_low  # noqa: F401
import bank_notebooks
import bank_parts  # noqa: F401
import bank_sampling  # noqa: F401
import bank_shards  # noqa: F401
import bank_texts  # noqa: F401
import pytest

from softmax_lessons.grading import command, sandbox
from softmax_lessons.lessons import to_solve

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="grading needs a fork that is safe"
)
OPTIONS = ["--without-sandbox"] if sandbox.missing() else []
EVERY = "SOFTMAX_LESSONS_EVERY_ANSWER" in os.environ  # takes some minutes


def grade(folder, *more: str) -> dict[str, dict[str, str]]:
    """Grade a folder, and return the lines of the table by learner."""
    out = folder.parent / "grades"
    assert command.main([str(folder), "--out", str(out), *OPTIONS, *more]) == 0
    with (out / "grades.csv").open(encoding="utf-8-sig", newline="") as file:
        return {row["learner"]: row for row in csv.DictReader(file)}


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "class"
    folder.mkdir()
    return folder


def test_the_banks_are_complete():
    answers = bank_notebooks.written()
    tests = [a for a in answers if a.exercise.startswith("hunt_")]
    others = [a for a in answers if not a.exercise.startswith("hunt_")]
    assert sum(a.right for a in others) == len(bank.RIGHT)
    assert sum(not a.right for a in others) == len(bank.WRONG)
    assert {a.exercise for a in tests} == {n for n in to_solve() if n.startswith("hunt_")}


def test_every_right_answer_earns_its_point_in_the_unchanged_lesson(folder):
    answers = [answer for answer in bank_notebooks.written() if answer.right]
    learners = bank_notebooks.hand_in(folder, answers)
    rows = grade(folder, "--seconds", "20")
    lost = [
        f"{exercise} ({answer.line}): {rows[learner]['mistakes']}"
        for learner, given in learners.items()
        for exercise, answer in given.items()
        if rows[learner][exercise] != "1"
    ]
    assert not lost, "\n".join(lost)


def test_grade_gives_every_mistake_the_same_name_as_check(folder):
    wrong = [answer for answer in bank_notebooks.written() if not answer.right and answer.slugs]
    if not EVERY:  # the first and the last of each exercise
        ends = {a.exercise: a for a in reversed(wrong)}, {a.exercise: a for a in wrong}
        wrong = list(dict.fromkeys(answer for some in ends for answer in some.values()))
    learners = bank_notebooks.hand_in(folder, wrong)
    rows = grade(folder, "--seconds", "20")
    other = []
    for learner, given in learners.items():
        named = dict(m.split(": ") for m in rows[learner]["mistakes"].split("; "))
        for exercise, answer in given.items():
            slugs = answer.slugs if isinstance(answer.slugs[0], str) else ("misses-the-bug",)
            if rows[learner][exercise] != "0" or named.get(exercise) != " ".join(slugs):
                other.append(f"{exercise} ({answer.line}): {named.get(exercise)}, not {slugs}")
    assert not other, "\n".join(other)
