import hashlib
import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

import softmax_lessons
from softmax_lessons import __main__ as command
from softmax_lessons import workspace
from softmax_lessons.copies import slide_type, tags
from softmax_lessons.workspace import BESIDE_LESSONS, FIRST_EDITION, MANIFEST, lessons, prepare


def notebook(text):
    """Return a notebook file's text with one run cell."""
    output = {"output_type": "stream", "name": "stdout", "text": [text]}
    cell = {"cell_type": "code", "source": [text], "outputs": [output], "execution_count": 3}
    return json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def cells_of(path):
    return json.loads(path.read_text(encoding="utf-8"))["cells"]


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A course of two lessons that a test can change."""
    folder = tmp_path / "course"
    folder.mkdir()
    for name in ("00_a.ipynb", "01_b.ipynb"):
        (folder / name).write_text(notebook(f"first {name}"), encoding="utf-8")
    monkeypatch.setattr(workspace, "lessons", lambda: sorted(folder.glob("*.ipynb")))
    return folder


@pytest.fixture
def mine(tmp_path):
    return tmp_path / "my_lessons"


def test_the_course_has_its_lessons_in_order():
    names = [lesson.name for lesson in lessons()]
    assert names[0] == "00_start_here.ipynb"
    assert names == sorted(names)


def test_the_first_start_copies_all_lessons_without_outputs(course, mine):
    report = prepare(mine)
    assert report.added == ["00_a.ipynb", "01_b.ipynb"]
    (cell,) = json.loads((mine / "00_a.ipynb").read_text(encoding="utf-8"))["cells"]
    assert cell["source"] == ["first 00_a.ipynb"]
    assert (cell["outputs"], cell["execution_count"]) == ([], None)


def test_a_copy_for_other_editors_has_everything_but_solutions_and_stays_that_way(mine):
    prepare(mine, solutions=False)
    report = prepare(mine)
    assert (report.added, report.refreshed, report.kept) == ([], [], [])
    for lesson in lessons():
        with_them, without = (
            {cell["id"]: cell["source"] for cell in cells if slide_type(cell) != "notes"}
            for cells in (cells_of(lesson), cells_of(mine / lesson.name))
        )
        gone = {c["id"] for c in cells_of(lesson) if {"solution", "answer"} & tags(c)}
        assert without == {name: text for name, text in with_them.items() if name not in gone}


def test_solutions_come_back_when_they_are_asked_for(mine):
    prepare(mine, solutions=False)
    prepare(mine, solutions=True)
    prepare(mine)
    assert any("solution" in tags(c) for c in cells_of(mine / lessons()[1].name))


def test_a_second_start_changes_nothing(course, mine):
    prepare(mine)
    before = {path.name: path.stat().st_mtime_ns for path in mine.glob("*.ipynb")}
    report = prepare(mine)
    assert (report.added, report.refreshed, report.kept) == ([], [], [])
    assert {path.name: path.stat().st_mtime_ns for path in mine.glob("*.ipynb")} == before


def test_an_update_refreshes_what_the_learner_has_not_changed_and_keeps_the_rest(course, mine):
    prepare(mine)
    (mine / "00_a.ipynb").write_text("my work", encoding="utf-8")
    for name in ("00_a.ipynb", "01_b.ipynb"):
        (course / name).write_text(notebook(f"second {name}"), encoding="utf-8")
    report = prepare(mine)
    assert report.refreshed == ["01_b.ipynb"]
    assert (report.kept, report.outdated) == (["00_a.ipynb"], ["00_a.ipynb"])
    assert (mine / "00_a.ipynb").read_text(encoding="utf-8") == "my work"
    assert "second 01_b" in (mine / "01_b.ipynb").read_text(encoding="utf-8")
    assert "Kept as you left them: 00_a.ipynb" in str(report)


def test_work_is_kept_over_many_updates(course, mine):
    prepare(mine)
    (mine / "00_a.ipynb").write_text("my work", encoding="utf-8")
    for i in range(3):
        (course / "00_a.ipynb").write_text(notebook(f"version {i}"), encoding="utf-8")
        prepare(mine)
    assert (mine / "00_a.ipynb").read_text(encoding="utf-8") == "my work"


def test_a_changed_file_is_also_kept_without_an_update(course, mine):
    prepare(mine)
    (mine / "00_a.ipynb").write_text("my work", encoding="utf-8")
    report = prepare(mine)
    assert (report.kept, report.outdated) == (["00_a.ipynb"], [])


def test_a_learners_own_file_with_a_lessons_name_is_kept(course, mine):
    mine.mkdir()
    (mine / "01_b.ipynb").write_text("mine before the course came", encoding="utf-8")
    report = prepare(mine)
    assert report.kept == ["01_b.ipynb"]
    assert (mine / "01_b.ipynb").read_text(encoding="utf-8") == "mine before the course came"


@pytest.mark.parametrize("broken", ["", "{", "[1]", '"x"', "\x00"])
def test_without_a_readable_manifest_everything_is_kept(course, mine, broken):
    prepare(mine)
    (mine / "00_a.ipynb").write_text("my work", encoding="utf-8")
    (mine / MANIFEST).write_text(broken, encoding="utf-8")
    (course / "01_b.ipynb").write_text(notebook("second"), encoding="utf-8")
    report = prepare(mine)
    assert report.kept == ["00_a.ipynb", "01_b.ipynb"]
    assert (mine / "00_a.ipynb").read_text(encoding="utf-8") == "my work"


@pytest.mark.parametrize("changed", [True, False])
def test_first_edition_lessons_are_kept_and_listed_with_their_new_numbers(mine, changed):
    mine.mkdir()
    old, kept = "08_temperature_and_sampling.ipynb", notebook("my draws").encode()
    (mine / old).write_bytes(kept)
    digest = hashlib.sha256(b"as it came" if changed else kept).hexdigest()
    (mine / MANIFEST).write_text(json.dumps({old: digest}), encoding="utf-8")
    for said in ("Added: 00_start_here.ipynb, ", "All lessons are up to date.\n"):
        report = prepare(mine)
        assert (mine / old).read_bytes() == kept
        assert str(report).startswith(said)
        told = f"Kept from the first edition, with their new numbers: {old} is 09 and 10"
        assert str(report).splitlines()[-1] == told


def test_each_first_edition_lesson_is_mapped_to_its_new_number():
    names = [lesson.name for lesson in lessons()]
    assert not FIRST_EDITION.keys() & set(names)
    for old, now in FIRST_EDITION.items():
        of_the_same_name = [name[:2] for name in names if name[2:] == old[2:]]
        assert len(now.split(" and ")) == 2 or of_the_same_name == [now]
    numbers = [number for now in FIRST_EDITION.values() for number in now.split(" and ")]
    new = ("07_targets_and_means.ipynb", "11_score_a_text.ipynb")
    assert [name[:2] for name in names[7:] if name not in new] == numbers
    start = lessons()[0].read_text(encoding="utf-8")
    for old, now in FIRST_EDITION.items():
        assert re.search(rf"\b{old[:2]} (is|is now|became) {now}\b", start)


def test_without_first_edition_files_the_first_edition_is_not_mentioned(course, mine):
    assert prepare(mine).first_edition == []
    assert "first edition" not in str(prepare(mine))


def test_a_deleted_copy_comes_back(course, mine):
    prepare(mine)
    (mine / "00_a.ipynb").unlink()
    assert prepare(mine).added == ["00_a.ipynb"]


def test_a_folder_or_a_dangling_link_in_place_of_a_lesson_is_kept(course, mine):
    mine.mkdir()
    (mine / "00_a.ipynb").mkdir()
    (mine / "01_b.ipynb").symlink_to("nowhere")
    assert prepare(mine).kept == ["00_a.ipynb", "01_b.ipynb"]


def test_other_files_are_left_alone_and_no_temporary_files_remain(course, mine):
    mine.mkdir()
    (mine / "notes.txt").write_text("mine", encoding="utf-8")
    prepare(mine)
    beside = {name.partition("/")[0] for name in BESIDE_LESSONS}
    lessons = {"00_a.ipynb", "01_b.ipynb"}
    assert {p.name for p in mine.iterdir()} == {*lessons, *beside, "notes.txt", MANIFEST}


def beside(mine):
    """Return what is next to the lessons, by name."""
    files = {name: mine / name for name in BESIDE_LESSONS}
    return {name: file.read_bytes() for name, file in files.items() if file.is_file()}


def test_files_beside_the_lessons_tell_assistants_to_tutor(course, mine):
    prepare(mine)
    told = (mine / "AGENTS.md").read_text(encoding="utf-8")
    assert all(text in told for text in ("Never give the answer", ".hint()", "progress()"))
    for name in re.findall(r"`(\w+)\(", told):
        assert name in softmax_lessons.__all__, name
    assert (mine / "CLAUDE.md").read_text(encoding="utf-8") == "@AGENTS.md\n"
    settings = json.loads((mine / ".vscode" / "settings.json").read_text(encoding="utf-8"))
    assert settings["editor.inlineSuggest.enabled"] is False
    assert settings["github.copilot.enable"] == {"*": False}


def test_completion_is_off_in_the_lessons_where_the_editor_honours_it(mine):
    prepare(mine)
    for lesson in lessons():
        notebook = json.loads((mine / lesson.name).read_text(encoding="utf-8"))
        assert notebook["metadata"]["colab"] == {"generative_ai_disabled": True}
        assert "colab" not in json.loads(lesson.read_text(encoding="utf-8"))["metadata"]


def test_files_beside_the_lessons_are_updated_until_the_learner_changes_them(
    course, mine, monkeypatch
):
    prepare(mine)
    first = beside(mine)
    assert first.keys() == BESIDE_LESSONS.keys()
    monkeypatch.setitem(BESIDE_LESSONS, "AGENTS.md", "CLAUDE.md")  # another version of it
    prepare(mine)
    assert beside(mine)["AGENTS.md"] == first["CLAUDE.md"]
    (mine / "AGENTS.md").write_text("mine", encoding="utf-8")
    prepare(mine)
    assert beside(mine) == {**first, "AGENTS.md": b"mine"}


def test_deleted_files_beside_the_lessons_do_not_come_back(course, mine):
    prepare(mine)
    for name in BESIDE_LESSONS:
        (mine / name).unlink()
    prepare(mine)
    assert beside(mine) == {}


@pytest.mark.parametrize("theirs", [".vscode", ".vscode/settings.json", "AGENTS.md"])
def test_files_that_were_there_before_the_course_are_kept(course, mine, theirs):
    (mine / theirs).parent.mkdir(parents=True)
    (mine / theirs).write_text("{}", encoding="utf-8")
    prepare(mine)
    prepare(mine)
    assert (mine / theirs).read_text(encoding="utf-8") == "{}"


def test_a_failed_write_leaves_the_old_file_in_place(course, mine, monkeypatch):
    prepare(mine)
    before = (mine / "00_a.ipynb").read_bytes()
    (course / "00_a.ipynb").write_text(notebook("second"), encoding="utf-8")

    def full_disk(*paths):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full_disk)
    with pytest.raises(OSError, match="No space"):
        prepare(mine)
    assert (mine / "00_a.ipynb").read_bytes() == before
    assert not list(mine.glob(".part_*"))


def held(monkeypatch, times):
    """Act as if another program held a file for some tries; return the waiting times."""
    real, waited = os.replace, []

    def replace(source, target):
        if len(waited) < times:
            raise PermissionError(13, "The process cannot access the file", str(target))
        real(source, target)

    monkeypatch.setattr(os, "replace", replace)
    monkeypatch.setattr(workspace.time, "sleep", waited.append)
    return waited


def test_a_file_held_briefly_by_another_program_is_tried_again(tmp_path, monkeypatch):
    (tmp_path / "a").write_bytes(b"old")
    waited = held(monkeypatch, times=3)
    workspace.write_atomically(tmp_path / "a", b"new")
    assert (tmp_path / "a").read_bytes() == b"new"
    assert 0 < sum(waited) < 1


def test_a_file_held_for_longer_is_left_unchanged(tmp_path, monkeypatch):
    (tmp_path / "a").write_bytes(b"old")
    waited = held(monkeypatch, times=1000)
    with pytest.raises(PermissionError, match="cannot access"):
        workspace.write_atomically(tmp_path / "a", b"new")
    assert 1.5 < sum(waited) < 2.5
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert (tmp_path / "a").read_bytes() == b"old"


def test_copy_only_says_where_the_lessons_are(course, mine, capsys):
    assert command.main(["--folder", str(mine), "--copy-only"]) == 0
    out = capsys.readouterr().out
    assert str(mine) in out
    assert "Added: 00_a.ipynb, 01_b.ipynb" in out


def test_a_console_without_the_letters_of_a_folder_name_shows_their_codes(tmp_path):
    command = [sys.executable, "-m", "softmax_lessons", "--copy-only", "--folder", "уроки"]
    run = subprocess.run(
        command,
        cwd=tmp_path,
        env={**os.environ, "PYTHONIOENCODING": "cp1252"},
        capture_output=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert rb"\u0443\u0440\u043e\u043a\u0438" in run.stdout
    assert (tmp_path / "уроки" / MANIFEST).exists()


def test_a_folder_that_cannot_be_written_to_gets_advice(course, tmp_path, capsys):
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    assert command.main(["--folder", str(tmp_path / "file"), "--copy-only"]) == 1
    assert "--folder FOLDER" in capsys.readouterr().err


# replaces the start of JupyterLab: records what would be started, and stops there
RESOLVE = """
import json, sys
from jupyterlab.labapp import LabApp
from softmax_lessons import __main__ as command

def resolve(argv):
    server = LabApp.initialize_server(argv=argv)
    names = ("root_dir", "ip", "port", "open_browser", "allow_root", "default_url")
    found.append({name: getattr(server, name) for name in names})
    server.http_server.stop()
    server.clear_instance()

found = []
LabApp.launch_instance = resolve
folder, out, *starts = sys.argv[1:]
for options in starts:
    assert command.main(["--folder", folder, "--", *json.loads(options)]) == 0
with open(out, "w", encoding="utf-8") as file:
    json.dump(found, file)
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """The environment of a learner whose own settings have another folder and port."""
    home = tmp_path_factory.mktemp("home")
    (home / "theirs").mkdir()
    settings = {"root_dir": str(home / "theirs"), "port": 7777}
    (home / "jupyter_server_config.json").write_text(
        json.dumps({"ServerApp": settings}), encoding="utf-8"
    )
    (home / "other.json").write_text(json.dumps({"ServerApp": {"port": 6666}}), encoding="utf-8")
    return home


@pytest.fixture(scope="module")
def environment(home):
    no_browser = ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")
    kept = {name: text for name, text in os.environ.items() if name not in no_browser}
    quiet = {"PYTHONWARNINGS": "ignore", "JUPYTER_PLATFORM_DIRS": "1"}
    return kept | quiet | {"HOME": str(home), "JUPYTER_CONFIG_DIR": str(home)}


SPELLINGS = {
    (): {"port": 7777, "ip": "localhost", "default_url": "/lab/tree/00_start_here.ipynb"},
    ("--port=9999",): {"port": 9999},
    ("--ServerApp.port=9999",): {"port": 9999},
    ("--ip=0.0.0.0",): {"ip": "0.0.0.0"},
    ("--ServerApp.ip=0.0.0.0",): {"ip": "0.0.0.0"},
    ("--no-browser",): {"open_browser": False},
    ("--ServerApp.open_browser=False",): {"open_browser": False},
    ("--ServerApp.open_browser=True",): {"open_browser": True},
    ("--allow-root",): {"allow_root": True},
    ("--notebook-dir={}",): {"root_dir": "{}"},
    ("--ServerApp.root_dir={}",): {"root_dir": "{}"},
    ("--ServerApp.notebook_dir={}",): {"root_dir": "{}"},
    ("--LabApp.default_url=/lab",): {"default_url": "/lab"},
    ("--config={}/../other.json",): {"port": 6666},
}


@pytest.fixture(scope="module")
def resolved(home, environment):
    """What JupyterLab would be started with, for each spelling of the learner's options."""
    theirs = str(home / "theirs")
    starts = [json.dumps([option.format(theirs) for option in options]) for options in SPELLINGS]
    script = [sys.executable, "-c", RESOLVE, str(home / "mine"), str(home / "found.json")]
    run = subprocess.run(
        [*script, *starts], env=environment, capture_output=True, encoding="utf-8", check=False
    )
    assert run.returncode == 0, run.stderr
    found = json.loads((home / "found.json").read_text(encoding="utf-8"))
    return dict(zip(SPELLINGS, found, strict=True)) | {"said": run.stdout}


@pytest.mark.parametrize("options", SPELLINGS, ids=" ".join)
def test_the_learners_jupyterlab_options_win_in_every_spelling(resolved, home, options):
    wanted = {
        name: value.format(home / "theirs") if isinstance(value, str) else value
        for name, value in SPELLINGS[options].items()
    }
    wanted.setdefault("root_dir", str(home / "mine"))  # takes precedence over the settings
    found = resolved[options]
    assert {name: found[name] for name in wanted} == wanted


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere there is a browser")
def test_a_missing_browser_is_noticed_and_root_is_allowed(resolved):
    assert not resolved[()]["open_browser"]
    assert "open the address" in resolved["said"]
    assert resolved[()]["allow_root"] == (os.geteuid() == 0)


def test_the_computer_is_checked_when_the_lessons_are_first_opened(resolved):
    assert len(SPELLINGS) > 1
    assert resolved["said"].count("Checking this computer") == 1
    assert "\nstop " not in resolved["said"]


@pytest.fixture(scope="module")
def asked(home, environment):
    """A function that queries a JupyterLab started by the command."""
    with socket.create_server(("localhost", 0)) as free:
        port = free.getsockname()[1]
    options = [f"--port={port}", "--no-browser", "--IdentityProvider.token=secret"]
    command = [sys.executable, "-m", "softmax_lessons", "--folder", home / "мои уроки", "--"]
    said = home / "said.txt"

    def ask(path):
        request = urllib.request.Request(
            f"http://localhost:{port}/{path}", headers={"Authorization": "token secret"}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    with (
        said.open("w", encoding="utf-8") as out,
        subprocess.Popen(
            [*command, *options], env=environment, stdout=out, stderr=subprocess.STDOUT
        ) as lab,
    ):
        try:
            deadline = time.monotonic() + 180
            while True:
                try:
                    ask("api/status")
                    break
                except OSError:
                    assert lab.poll() is None, said.read_text(encoding="utf-8")
                    assert time.monotonic() < deadline, said.read_text(encoding="utf-8")
                    time.sleep(0.2)
            yield ask
        finally:
            lab.terminate()
            try:
                lab.wait(30)
            except subprocess.TimeoutExpired:  # a thread of the server may outlive its event loop
                lab.kill()


def test_a_started_jupyterlab_shows_the_lessons(asked):
    names = {entry["name"] for entry in asked("api/contents")["content"]}
    beside = {name for name in BESIDE_LESSONS if not name.startswith(".")}
    assert names == {lesson.name for lesson in lessons()} | beside


def test_a_started_jupyterlab_neither_fetches_news_nor_asks_about_it(asked):
    settings = asked("lab/api/settings/@jupyterlab/apputils-extension:notification")
    properties = settings["schema"]["properties"]
    assert properties["fetchNews"]["default"] == "false"
    assert properties["checkForUpdates"]["default"] is False
    assert json.loads(settings["raw"] or "{}") == {}  # these are the learner's own


def test_a_wheel_installed_elsewhere_includes_the_lessons(tmp_path):
    def python(*arguments, **options):
        command = [sys.executable, *map(str, arguments)]
        return subprocess.run(
            command, check=True, capture_output=True, encoding="utf-8", **options
        ).stdout

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
    assert beside(tmp_path / "my_lessons").keys() == BESIDE_LESSONS.keys()
