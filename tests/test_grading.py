"""Grading a folder of notebooks."""

import ast
import csv
import html
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import submissions as bank

from softmax_lessons import __main__ as entry
from softmax_lessons.attempts.run import of_all_threads
from softmax_lessons.grading import command, sandbox, work
from softmax_lessons.grading.notebook import places, sources, without_drawing
from softmax_lessons.grading.state import STATE
from softmax_lessons.grading.submissions import find
from softmax_lessons.lessons import tasks, to_solve
from softmax_lessons.workspace import lessons

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="grading needs a fork that is safe"
)
needs_sandbox = pytest.mark.skipif(bool(sandbox.missing()), reason="needs the whole sandbox")
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
    # without a sandbox, some would kill the test run and everything else that this user runs
    left_out = bank.NEEDS_SANDBOX if sandbox.missing() else ()
    hostile = {n: builder for n, (builder, _) in bank.HOSTILE.items() if n not in left_out}
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
def test_nothing_a_hostile_submission_does_changes_its_points(graded, name):
    if name in bank.IN_THREADS and of_all_threads() is None:
        pytest.skip("this PyTorch tells the calls of one thread only")
    if name in bank.NEEDS_SANDBOX and sandbox.missing():
        pytest.skip("no whole sandbox here")
    if name in bank.NEEDS_NAMESPACES and not sandbox.has_namespaces():
        pytest.skip("no namespaces here")
    row = graded[1][name]
    assert row["points"] == str(bank.HOSTILE[name][1]), row


@needs_sandbox
def test_nothing_escaped(graded):
    assert not list(graded[0].rglob(bank.ESCAPED))
    assert not (Path.home() / bank.ESCAPED).exists()


@pytest.fixture
def small(tmp_path):
    """A class of three: all right, one maximum for all rows, nothing done."""
    folder = tmp_path / "class"
    folder.mkdir()
    one_max = (
        "def my_softmax(x, dim):\n    e = (x - x.max()).exp()\n    return e / e.sum(dim, True)"
    )
    bank.submit(folder, name="ada.ipynb")
    bank.submit(folder, name="=bob, <b>.ipynb", stable_softmax=one_max)
    bank.submit(folder, name="cy.ipynb", **bank.STUBS)
    return folder, tmp_path / "grades"


def test_each_file_is_one_learner_and_the_table_says_what_went_wrong(small):
    rows = run(*small)
    assert [row["learner"] for row in rows] == ["'=bob, <b>", "ada", "cy"]
    assert [row["points"] for row in rows] == ["7", "8", "0"]
    assert [row["of"] for row in rows] == ["8"] * 3
    assert rows[0]["mistakes"] == "stable_softmax: global-max"
    assert [rows[0]["softmax_1d"], rows[0]["stable_softmax"]] == ["1", "0"]


def test_the_page_puts_the_most_common_mistake_first_and_escapes_learners_markup(small):
    run(*small)
    page = (small[1] / "grades.html").read_text(encoding="utf-8")
    assert page.index("What to teach next") < page.index("global-max") < page.index("Learner by")
    assert "<b>" not in page
    assert "=bob, &lt;b&gt;" in page
    library = tasks()["stable_softmax"].misconceptions
    assert any(html.escape(m.says) in page for m in library if m.slug == "global-max")
    assert "Hint" not in page


def test_the_command_prints_the_common_mistakes_and_where_the_reports_are(small, capsys):
    run(*small)
    said = capsys.readouterr().out
    assert "  1 of 3: global-max" in said
    assert "grades.csv" in said


def test_a_second_run_grades_only_what_has_changed(small, monkeypatch):
    first = run(*small)
    lines = (small[1] / STATE).read_text(encoding="utf-8").splitlines()
    state = [line for line in lines if "exercise" in json.loads(line)]
    assert len(state) == 24
    # as after a crash: one mark is missing, and a line is cut off
    (small[1] / STATE).write_text(
        "\n".join([*state[1:-1], state[-1][:20]]) + "\n", encoding="utf-8"
    )
    graded = []
    verdict = work.run
    monkeypatch.setattr(
        work, "run", lambda name, *more: graded.append(name) or verdict(name, *more)
    )
    assert run(*small) == first
    assert sorted(graded) == sorted(json.loads(line)["exercise"] for line in (state[0], state[-1]))


def test_a_run_with_nothing_new_does_not_load_pytorch(small):
    first = run(*small)
    code = (
        "import sys; from softmax_lessons.__main__ import main; code = main(sys.argv[1:]); "
        "sys.exit('torch' in sys.modules or code)"
    )
    again = [sys.executable, "-c", code, "grade", str(small[0]), "--out", str(small[1]), *OPTIONS]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    subprocess.run(again, check=True, env=environment)
    assert table(small[1]) == first


def test_tests_that_learners_wrote_are_graded_too(tmp_path):
    source = (
        "def test_shares(f):\n    assert (f(torch.rand(1, 2, 3)).sum(-1) - 1).abs().max() < 1e-4"
    )
    blind = "def test_rows(f):\n    assert f(torch.rand(3, 3)).min() >= 0"
    cells = [bank.code(bank.IMPORTS), bank.code(source, "exercise"), bank.code(blind, "exercise")]
    (tmp_path / "class").mkdir()
    bank.write(tmp_path / "class", bank.notebook(cells))
    (row,) = run(tmp_path / "class", tmp_path / "out")
    assert (row["hunt_wrong_dim"], row["hunt_unkept_maximum"]) == ("1", "0")
    assert row["mistakes"] == "hunt_unkept_maximum: misses-the-bug"


def test_only_what_a_function_needs_is_taken_from_a_notebook(tmp_path):
    cells = """
import torch
import numpy as np, math
from math import log, e
print("hello")
unrelated = torch.ones(3)
scale = 2
def helper(x):
    return scale * x
def softmax_1d(x):
    return helper(x) / e
scale = 1
table = {}
table["scale"] = scale
""".strip()
    bank.write(tmp_path, bank.notebook([bank.code(cells)]))
    (submission,) = find(tmp_path).submissions
    (how,) = submission.answers["softmax_1d"].read().tries
    ((_, indices),) = how.needed
    taken = [ast.unparse(ast.parse(cells).body[i]) for i in indices]
    assert taken == [
        "from math import log, e",
        "scale = 2",
        "def helper(x):\n    return scale * x",
        "def softmax_1d(x):\n    return helper(x) / e",
        "scale = 1",
    ]


@pytest.mark.parametrize("empty", [True, False])
def test_a_folder_without_submissions_is_reported(tmp_path, capsys, empty):
    folder = tmp_path if empty else tmp_path / "none"
    assert command.main([str(folder), *OPTIONS]) == 1
    assert str(folder) in capsys.readouterr().err


def test_without_a_complete_sandbox_nothing_is_run_unless_allowed(small, monkeypatch, capsys):
    monkeypatch.setattr(sandbox, "missing", lambda: ["use the network"])
    assert command.main([str(small[0]), "--out", str(small[1])]) == 2
    assert not small[1].exists()
    assert "a submission can use the network" in capsys.readouterr().err
    assert command.main([str(small[0]), "--out", str(small[1]), "--without-sandbox"]) == 0
    assert "The sandbox was not whole" in (small[1] / "grades.html").read_text(encoding="utf-8")


def test_the_command_is_part_of_the_courses_command(small, capsys):
    assert entry.main(["grade", str(small[0]), "--out", str(small[1]), *OPTIONS]) == 0
    assert entry.main(["grade", str(small[0] / "no")]) == 1


def test_every_exercise_in_the_lessons_is_listed_with_its_function():
    assert places()["stable_softmax"].function == "my_softmax"
    assert places()["softmax_1d"].lesson == "01_scores_to_probabilities"
    assert set(places()) == set(to_solve())


def cells_of(number: str) -> list[str]:
    """Return the sources of a lesson's code cells."""
    (path,) = (path for path in lessons() if path.stem.startswith(number))
    return sources(json.loads(path.read_text(encoding="utf-8")))


def left_out(cells: list[str]) -> list[str]:
    """Return the cells that a run leaves out because nobody sees their figures."""
    kept = without_drawing(cells)
    assert [new for new, old in zip(kept, cells, strict=True) if new] == [
        old for new, old in zip(kept, cells, strict=True) if new == old
    ]
    return [old for new, old in zip(kept, cells, strict=True) if not new]


def test_the_lessons_cells_that_only_draw_are_left_out():
    cells = cells_of("03")
    drawing = [cell for cell in cells if "plots.show(" in cell]
    assert left_out(cells) == drawing
    assert len(drawing) == 2


@pytest.mark.parametrize("uses", ["print(pairs)", "%time print(pairs)", "%%capture\nprint(pairs)"])
def test_a_drawing_cell_stays_if_a_later_cell_needs_its_names(uses):
    cells = [*cells_of("03"), uses]
    (drawing,) = (cell for cell in cells if "plots.show(" in cell and "pairs = " in cell)
    assert drawing not in left_out(cells)


def test_a_learners_own_figure_is_not_left_out():
    cells = cells_of("03")
    i = next(i for i, cell in enumerate(cells) if "plots.show(" in cell)
    cells[i] += "\n# my own"
    assert cells[i] not in left_out(cells)
