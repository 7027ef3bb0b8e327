"""What Windows and macOS do differently, as far as it can be tested on Linux.

Most tests of the checker use workers as well as forks (`way`); a file that another program holds
is tested in test_workspace.py, and made-up computers in test_doctor.py.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from softmax_lessons import check, doctor, workspace
from softmax_lessons.checker import memory
from softmax_lessons.workspace import MANIFEST, lessons, prepare

ROOT = Path(__file__).parents[1]
ODD = "мои уроки ü"  # a space, letters that a Western console lacks, and one that it has
WESTERN = {**os.environ, "PYTHONIOENCODING": "cp1252"}
CHECKS = """
from softmax_lessons import check, stable_softmax as solution
print(check("stable_softmax", lambda x, dim: solution(x, dim)).status)
print(check("stable_softmax", lambda x, dim: x.exp()).headline)
"""
RESERVED = {"con", "prn", "aux", "nul", *(f"{name}{i}" for name in ("com", "lpt") for i in "123")}


def run(*command, **options):
    command = [sys.executable, *map(str, command)]
    return subprocess.run(command, capture_output=True, check=False, **options)


@pytest.fixture
def odd(tmp_path):
    (tmp_path / ODD).mkdir()
    return tmp_path / ODD


def test_a_check_works_in_a_folder_with_a_space_and_any_letters(odd, way):
    prepare(odd)
    environment = {**os.environ, "SOFTMAX_LESSONS_WAY": way}
    said = run("-c", CHECKS, cwd=odd, env=environment, encoding="utf-8")
    assert said.stdout.splitlines() == ["nudge", "not yet"], said.stderr
    kept = json.loads((odd / memory.FILE).read_text(encoding="utf-8"))
    assert "stable_softmax" in str(kept)


@pytest.mark.parametrize(
    "command",
    [
        [doctor.__file__],
        ["-m", "softmax_lessons", "doctor"],
        ["-m", "softmax_lessons", "explain", "loss is nan"],
    ],
    ids=["script", "doctor", "explain"],
)
def test_a_western_console_causes_no_error(command, odd):
    said = run(*command, cwd=odd, env=WESTERN)
    assert said.returncode == 0, said.stderr
    assert said.stderr == b""
    said.stdout.decode("cp1252")


def test_lessons_with_windows_line_endings_are_the_same_lessons(tmp_path, monkeypatch):
    course = tmp_path / "course"
    course.mkdir()
    for lesson in lessons()[:2]:
        (course / lesson.name).write_bytes(lesson.read_bytes().replace(b"\n", b"\r\n"))
    prepare(tmp_path / "mine")
    before = (tmp_path / "mine" / MANIFEST).read_bytes()
    monkeypatch.setattr(workspace, "lessons", lambda: sorted(course.glob("*.ipynb")))
    report = prepare(tmp_path / "mine")
    assert not any((report.added, report.refreshed, report.kept))
    assert (tmp_path / "mine" / MANIFEST).read_bytes() == before


def test_no_file_name_is_refused_or_confused_with_another_on_other_systems():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode:
        pytest.skip("not a clone of the repository")
    names = listed.stdout.decode().strip("\0").split("\0")
    assert "README.md" in names
    folders = {str(parent) for name in names for parent in Path(name).parents}
    everything = [*names, *folders]
    assert len({name.casefold() for name in everything}) == len(everything)
    for name in names:
        assert len(name) < 100, name
        for part in name.split("/"):
            assert not re.search(r'[<>:"\\|?*\x00-\x1f]|[. ]$', part), name
            assert part.partition(".")[0].casefold() not in RESERVED, name


def test_a_check_answers_and_remembers_where_nothing_can_be_written(tmp_path, monkeypatch):
    """As in a network folder that has become read-only, or on a write-protected USB stick."""
    prepare(tmp_path)
    monkeypatch.chdir(tmp_path)

    def refused(*_place, **_options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(workspace.tempfile, "mkstemp", refused)
    assert check("first_prediction", "owl").status == "wrong"
    assert check("first_prediction", "cat").status == "right"
    assert not (tmp_path / memory.FILE).exists()
    assert [guess.guess for guess in memory.mine().guesses] == ["owl"]  # the first of a day counts
