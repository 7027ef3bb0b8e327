import csv
import sys

import pytest
import submissions as bank

from softmax_lessons.grading import command, sandbox

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="grading needs a fork that is safe"
)
needs_sandbox = pytest.mark.skipif(bool(sandbox.missing()), reason="no whole sandbox here")
OPTIONS = ["--without-sandbox"] if sandbox.missing() else []


def run(folder, out, *more: str) -> list[dict[str, str]]:
    """Grade a folder, and return the lines of the table."""
    assert command.main([str(folder), "--out", str(out), *OPTIONS, *more]) == 0
    return table(out)


def table(out):
    with (out / "grades.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def build(folder, builders):
    for name, builder in builders.items():
        (folder / name).mkdir(parents=True)
        builder(folder / name)


@pytest.fixture(scope="session")
def graded(tmp_path_factory):
    """The whole bank as one class, graded once: the honest ones among the hostile ones."""
    folder = tmp_path_factory.mktemp("class")
    hostile = {name: builder for name, (builder, _) in bank.HOSTILE.items()}
    build(folder, {**hostile, **bank.HONEST})
    rows = run(folder, tmp_path_factory.mktemp("grades"))
    return folder, {row["learner"]: row for row in rows}


def test_the_bank_is_large():
    assert len(bank.HOSTILE) >= 30
    assert len(bank.HONEST) >= 20


@pytest.mark.parametrize("name", bank.HONEST)
def test_an_honest_answer_gets_its_points_however_odd_it_looks(graded, name):
    row = graded[1][name]
    assert row["points"] == "8", row


@pytest.mark.parametrize("name", bank.HOSTILE)
def test_nothing_that_a_submission_does_gets_it_a_point_or_costs_it_another(graded, name):
    if name in bank.BEST_EFFORT:
        pytest.skip("hides PyTorch's softmax from whoever looks on inside the process")
    if name in bank.NEEDS_SANDBOX and sandbox.missing():
        pytest.skip("no whole sandbox here")
    row = graded[1][name]
    assert row["points"] == str(bank.HOSTILE[name][1]), row


@needs_sandbox
def test_nothing_got_out(graded):
    assert not list(graded[0].rglob(bank.ESCAPED))
