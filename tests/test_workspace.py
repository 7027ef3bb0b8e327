import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from softmax_lessons import __main__ as command
from softmax_lessons import workspace
from softmax_lessons.workspace import MANIFEST, lessons, prepare


def notebook(text):
    """Return a notebook file's text with one run cell."""
    output = {"output_type": "stream", "name": "stdout", "text": [text]}
    cell = {"cell_type": "code", "source": [text], "outputs": [output], "execution_count": 3}
    return json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A course of two lessons that a test can change."""
    folder = tmp_path / "course"
    folder.mkdir()
    for name in ("00_a.ipynb", "01_b.ipynb"):
        (folder / name).write_text(notebook(f"first {name}"))
    monkeypatch.setattr(workspace, "lessons", lambda: sorted(folder.glob("*.ipynb")))
    return folder


@pytest.fixture
def mine(tmp_path):
    return tmp_path / "my_lessons"


def test_the_course_has_its_lessons_in_order():
    names = [lesson.name for lesson in lessons()]
    assert names[0] == "00_start_here.ipynb"
    assert names == sorted(names)


def test_the_first_start_copies_all_without_outputs(course, mine):
    report = prepare(mine)
    assert report.added == ["00_a.ipynb", "01_b.ipynb"]
    (cell,) = json.loads((mine / "00_a.ipynb").read_text())["cells"]
    assert cell["source"] == ["first 00_a.ipynb"]
    assert (cell["outputs"], cell["execution_count"]) == ([], None)


def test_a_second_start_changes_nothing(course, mine):
    prepare(mine)
    before = {path.name: path.stat().st_mtime_ns for path in mine.glob("*.ipynb")}
    report = prepare(mine)
    assert (report.added, report.refreshed, report.kept) == ([], [], [])
    assert {path.name: path.stat().st_mtime_ns for path in mine.glob("*.ipynb")} == before


def test_an_update_refreshes_what_the_learner_has_not_changed_and_keeps_the_rest(course, mine):
    prepare(mine)
    (mine / "00_a.ipynb").write_text("my work")
    for name in ("00_a.ipynb", "01_b.ipynb"):
        (course / name).write_text(notebook(f"second {name}"))
    report = prepare(mine)
    assert report.refreshed == ["01_b.ipynb"]
    assert (report.kept, report.outdated) == (["00_a.ipynb"], ["00_a.ipynb"])
    assert (mine / "00_a.ipynb").read_text() == "my work"
    assert "second 01_b" in (mine / "01_b.ipynb").read_text()
    assert "Kept as you left them: 00_a.ipynb" in str(report)


def test_work_is_kept_over_many_updates(course, mine):
    prepare(mine)
    (mine / "00_a.ipynb").write_text("my work")
    for i in range(3):
        (course / "00_a.ipynb").write_text(notebook(f"version {i}"))
        prepare(mine)
    assert (mine / "00_a.ipynb").read_text() == "my work"


def test_a_changed_file_is_kept_without_an_update_too(course, mine):
    prepare(mine)
    (mine / "00_a.ipynb").write_text("my work")
    report = prepare(mine)
    assert (report.kept, report.outdated) == (["00_a.ipynb"], [])


def test_a_file_of_the_learners_own_with_a_lessons_name_is_kept(course, mine):
    mine.mkdir()
    (mine / "01_b.ipynb").write_text("mine before the course came")
    report = prepare(mine)
    assert report.kept == ["01_b.ipynb"]
    assert (mine / "01_b.ipynb").read_text() == "mine before the course came"


@pytest.mark.parametrize("broken", ["", "{", "[1]", '"x"', "\x00"])
def test_without_a_readable_manifest_everything_is_kept(course, mine, broken):
    prepare(mine)
    (mine / "00_a.ipynb").write_text("my work")
    (mine / MANIFEST).write_text(broken)
    (course / "01_b.ipynb").write_text(notebook("second"))
    report = prepare(mine)
    assert report.kept == ["00_a.ipynb", "01_b.ipynb"]
    assert (mine / "00_a.ipynb").read_text() == "my work"


def test_a_deleted_copy_comes_back(course, mine):
    prepare(mine)
    (mine / "00_a.ipynb").unlink()
    assert prepare(mine).added == ["00_a.ipynb"]


def test_a_folder_or_a_dangling_link_in_the_place_of_a_lesson_is_kept(course, mine):
    mine.mkdir()
    (mine / "00_a.ipynb").mkdir()
    (mine / "01_b.ipynb").symlink_to("nowhere")
    assert prepare(mine).kept == ["00_a.ipynb", "01_b.ipynb"]


def test_other_files_are_left_alone_and_nothing_temporary_stays(course, mine):
    mine.mkdir()
    (mine / "notes.txt").write_text("mine")
    prepare(mine)
    assert {p.name for p in mine.iterdir()} == {"00_a.ipynb", "01_b.ipynb", "notes.txt", MANIFEST}


def test_a_failed_write_leaves_the_old_file(course, mine, monkeypatch):
    prepare(mine)
    before = (mine / "00_a.ipynb").read_bytes()
    (course / "00_a.ipynb").write_text(notebook("second"))

    def full_disk(*paths):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full_disk)
    with pytest.raises(OSError, match="No space"):
        prepare(mine)
    assert (mine / "00_a.ipynb").read_bytes() == before
    assert not list(mine.glob(".part_*"))


def test_copy_only_says_where_the_lessons_are(course, mine, capsys):
    assert command.main(["--folder", str(mine), "--copy-only"]) == 0
    out = capsys.readouterr().out
    assert str(mine) in out
    assert "Added: 00_a.ipynb, 01_b.ipynb" in out


def test_a_place_that_cannot_be_written_gets_advice(course, tmp_path, capsys):
    (tmp_path / "file").write_text("in the way")
    assert command.main(["--folder", str(tmp_path / "file"), "--copy-only"]) == 1
    assert "--folder FOLDER" in capsys.readouterr().err


def started_with(monkeypatch, folder, euid, display):
    """Return the arguments that JupyterLab would be started with."""
    from jupyterlab.labapp import LabApp

    started = []
    monkeypatch.setattr(LabApp, "launch_instance", started.extend)
    monkeypatch.setattr(command, "prepare", lambda folder: "")
    monkeypatch.setattr(os, "geteuid", lambda: euid, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    for name in ("WAYLAND_DISPLAY", "BROWSER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DISPLAY", display)
    monkeypatch.setattr(command.webbrowser, "get", lambda: None)
    assert command.main(["--folder", str(folder), "--", "--port=9999"]) == 0
    return started


def test_jupyterlab_opens_the_first_lesson_on_this_machine_only(monkeypatch, mine):
    started = started_with(monkeypatch, mine, euid=1000, display=":0")
    assert f"--ServerApp.root_dir={mine}" in started
    assert "--LabApp.default_url=/lab/tree/00_start_here.ipynb" in started
    assert "--ServerApp.ip=localhost" in started
    assert "--port=9999" in started
    assert not any("allow_root" in option or "open_browser" in option for option in started)
    assert not any("token" in option for option in started)


def test_root_is_allowed_and_a_missing_browser_noticed(monkeypatch, mine, capsys):
    started = started_with(monkeypatch, mine, euid=0, display="")
    assert "--ServerApp.allow_root=True" in started
    assert "--ServerApp.open_browser=False" in started
    assert "open the address" in capsys.readouterr().out


def test_a_wheel_installed_elsewhere_has_the_lessons_with_it(tmp_path):
    def python(*arguments, **options):
        command = [sys.executable, *map(str, arguments)]
        return subprocess.run(command, check=True, capture_output=True, text=True, **options).stdout

    root = Path(__file__).parents[1]
    python("-m", "hatchling", "build", "--target", "wheel", "--directory", tmp_path, cwd=root)
    (wheel,) = tmp_path.glob("*.whl")
    site = tmp_path / "site"
    python("-m", "pip", "install", "--no-deps", "--no-index", "--target", site, wheel)
    # what is on PYTHONPATH comes before the checkout that this environment has installed
    elsewhere = {"cwd": tmp_path, "env": {**os.environ, "PYTHONPATH": str(site)}}
    from_wheel = python(
        "-c", "import softmax_lessons; print(softmax_lessons.__file__)", **elsewhere
    )
    assert from_wheel.startswith(str(site))
    python("-m", "softmax_lessons", "--copy-only", **elsewhere)
    copies = sorted(path.name for path in (tmp_path / "my_lessons").glob("*.ipynb"))
    assert copies == [lesson.name for lesson in lessons()]
