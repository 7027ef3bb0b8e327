"""The command: help that fits a screen, errors in a line, exit codes."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from softmax_lessons.__main__ import COMMANDS
from softmax_lessons.command_line import called, how_to_install
from tools.metadata import course

COMMAND = [sys.executable, "-m", "softmax_lessons"]


def run(*arguments, given="", **options):
    return subprocess.run(
        [*COMMAND, *arguments],
        input=given,
        capture_output=True,
        encoding="utf-8",
        check=False,
        **options,
    )


@pytest.mark.parametrize("command", [[], *([name] for name in COMMANDS)], ids=" ".join)
def test_each_help_text_fits_on_a_screen(command, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    said = run(*command, "--help")
    assert (said.returncode, said.stderr) == (0, "")
    lines = said.stdout.splitlines()
    assert len(lines) < 24  # the prompt needs a line, too
    assert max(map(len, lines)) <= 80
    assert "Exit codes: 0 done" in said.stdout


def test_the_help_names_every_command():
    said = run("--help").stdout
    assert all(f"  {name} " in said for name in COMMANDS)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["grde"], "there is no command 'grde'; did you mean grade? For help:"),
        (["frobnicate"], "there are lab, grade, explain, doctor. For help:"),
        (["--folders", "x"], "unrecognized arguments: --folders"),
        (["doctor", "--loud"], "unrecognized arguments: --loud."),
        (["grade"], "the following arguments are required: FOLDER."),
        (["grade", "x", "--seconds", "soon"], "soon isn't between 0.1 and 3600 seconds."),
        (["grade", "x", "--workers", "-1"], "-1 isn't between 0 and 1000."),
        (["explain"], 'what should it explain? For example: "loss is nan". For help:'),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_wrong_option_gets_one_line_that_says_what_to_do(arguments, told):
    said = run(*arguments)
    assert (said.returncode, said.stdout) == (2, "")
    (line,) = said.stderr.splitlines()
    assert told in line
    assert line.endswith("--help")


def test_explain_takes_words_or_piped_input():
    words = run("explain", "loss", "stuck", "at", "1.46")
    assert words.returncode == 0
    assert "### P36. " in words.stdout
    log = "step 1\nRuntimeError: expected scalar type Long but found Float\n"
    piped = run("explain", given=log)
    assert piped.returncode == 0
    assert "No entry has exactly this message" not in piped.stdout


def test_explain_says_so_when_it_finds_nothing():
    said = run("explain", "banana split")
    assert said.returncode == 1
    assert "nothing on that" in said.stdout


def test_version_prints_what_a_bug_report_needs():
    said = run("--version")
    assert said.returncode == 0
    assert all(name in said.stdout for name in ("softmax-lessons ", "torch ", "Python 3."))


def test_a_pipe_closed_early_is_not_an_error():
    with subprocess.Popen(
        [*COMMAND, "explain", "loss is nan"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as program:
        program.stdout.close()
        assert program.stderr.read() == b""
    assert program.returncode == 0


def test_without_jupyterlab_the_command_says_how_to_get_it(tmp_path):
    code = (
        "import sys; sys.modules['jupyterlab'] = None\n"
        "from softmax_lessons.__main__ import main; sys.exit(main(['lab']))"
    )
    (tmp_path / "my_lessons").mkdir()
    said = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert said.returncode == 1
    (line,) = said.stderr.splitlines()
    assert line.startswith(f"JupyterLab is not installed: {how_to_install('lab')}; or, for another")
    assert line.endswith("lab --copy-only --without-solutions --folder my_lessons")


def test_a_checkout_and_a_package_each_get_their_own_install_command(tmp_path):
    root = Path(__file__).parents[1]
    assert how_to_install("lab") == f'python -m pip install --editable "{root}[lab]"'
    elsewhere = tmp_path / "softmax_lessons"
    elsewhere.mkdir()
    for name in ("__init__.py", "command_line.py"):
        source = (root / "softmax_lessons" / name).read_text(encoding="utf-8")
        (elsewhere / name).write_text(source, encoding="utf-8")
    code = "from softmax_lessons.command_line import how_to_install; print(how_to_install('lab'))"
    said = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.strip() == 'python -m pip install "softmax-lessons[lab]"'


def test_messages_name_the_command_as_it_was_called(monkeypatch):
    for argv, name in (
        ("/opt/env/bin/softmax-lessons", "softmax-lessons"),
        (r"C:\env\Scripts\softmax-lessons.exe".replace("\\", "/"), "softmax-lessons"),
        ("/opt/lib/softmax_lessons/__main__.py", "python -m softmax_lessons"),
    ):
        monkeypatch.setattr(sys, "argv", [argv])
        assert called() == name


def test_the_packages_script_exists():
    module, _, function = course().scripts["softmax-lessons"].partition(":")
    assert callable(getattr(importlib.import_module(module), function))
