"""The doctor, on made-up computers and on this one."""

import ast
import os
import subprocess
import sys
import venv
from pathlib import Path, PureWindowsPath

import pytest

from softmax_lessons import doctor
from softmax_lessons.doctor import LONGEST, NEEDED, NEWEST, OLDEST, Machine, look, this_machine
from tools.metadata import course

SCRIPT = Path(doctor.__file__)
BARE = Machine(torch="", lab=False, font="")  # nothing is installed yet
MAC = BARE._replace(system="Darwin", processor="arm64", platform="macosx-11.0-arm64", macos=(14, 5))
INTEL = MAC._replace(processor="x86_64", platform="macosx-10.9-universal2", macos=(12, 7))
WINDOWS = BARE._replace(
    system="Windows",
    processor="AMD64",
    platform="win-amd64",
    libc=("", ()),
    folder=PureWindowsPath(r"C:\softmax\my_lessons"),
    packages=PureWindowsPath(r"C:\softmax\.venv\Lib\site-packages"),
)
DEEP = (
    r"C:\Users\ada.lovelace\OneDrive - University of Somewhere\Documents\Year 2\Machine Learning"
    r"\softmax\.venv"
)
ONE_DRIVE = PureWindowsPath(r"C:\Users\ada\OneDrive - University of Somewhere\my_lessons")


def wrong(machine):
    return [finding for finding in look(machine) if finding.level != "ok"]


@pytest.mark.parametrize("machine", [Machine(), MAC, WINDOWS], ids=["installed", "mac", "windows"])
def test_nothing_is_reported_where_all_is_well(machine):
    assert wrong(machine) == []


# the rows match PyPI's wheels for each system, processor and Python
@pytest.mark.parametrize(
    ("machine", "level", "about", "told"),
    [
        (MAC._replace(python=(3, 8)), "stop", "Python", "3.8; the course needs 3.10 to 3.14"),
        (MAC._replace(python=(3, 15)), "stop", "Python", "3.15; the course's packages"),
        (WINDOWS._replace(bits=32), "stop", "Python", "is 32-bit. Fix: install uv"),
        (MAC._replace(implementation="PyPy"), "stop", "Python", "CPython, but this is PyPy"),
        (INTEL, "stop", "PyTorch", "conda env create -f environment.yml"),
        (INTEL._replace(macos=(11, 7)), "stop", "PyTorch", "another computer or in Colab"),
        (INTEL._replace(macos=()), "stop", "PyTorch", "conda env create -f environment.yml"),
        (INTEL._replace(translated=True), "stop", "PyTorch", "built for Intel, but the Mac has"),
        (MAC._replace(macos=(13, 6)), "stop", "PyTorch", "On macOS 13, PyTorch's last wheel is"),
        (MAC._replace(macos=(11, 7)), "stop", "PyTorch", "leave --constraint constraints.txt out"),
        (BARE, "note", "PyTorch", "download.pytorch.org/whl/cpu"),
        (BARE._replace(processor="aarch64"), "note", "PyTorch", "even on ARM. Fix: put PIP_EXTRA"),
        (BARE._replace(processor="armv7l"), "stop", "PyTorch", "no wheels for a armv7l processor"),
        (BARE._replace(libc=("", ())), "stop", "PyTorch", "Alpine"),
        (BARE._replace(libc=("glibc", (2, 27))), "stop", "PyTorch", "2.28 or newer, but this is 2"),
        (BARE._replace(system="FreeBSD"), "stop", "PyTorch", "no wheels for FreeBSD"),
        (WINDOWS._replace(platform="win-arm64"), "stop", "PyTorch", "Python for 64-bit Intel from"),
        (WINDOWS._replace(platform="mingw_x86_64"), "stop", "PyTorch", "no wheels for mingw"),
        (
            WINDOWS._replace(broken="OSError: [WinError 126] ... c10.dll"),
            "stop",
            "PyTorch",
            "vc_redist.x64.exe",
        ),
        (
            Machine(font="", broken="ImportError: x"),
            "stop",
            "Fonts",
            "--force-reinstall matplotlib",
        ),
        (Machine(lab=False), "note", "JupyterLab", "python -m pip install jupyterlab"),
        (Machine(free=1_000_000), "stop", "Space", "0.0 GB free, but the course needs 0.1 GB"),
        (
            MAC._replace(free=NEEDED // 2),
            "stop",
            "Space",
            "1.0 GB free, but the course needs 2.0 GB",
        ),
        (
            WINDOWS._replace(packages=PureWindowsPath(DEEP, "Lib", "site-packages")),
            "stop",
            "Paths",
            r"put the course closer to the top of the drive, such as in C:\softmax",
        ),
        (
            Machine(refused="Permission denied"),
            "stop",
            "Folder",
            "Can't write to /home/ada/my_lessons",
        ),
        (WINDOWS._replace(folder=ONE_DRIVE), "note", "Cloud", "(OneDrive - University of Some"),
        (
            WINDOWS._replace(folder=PureWindowsPath(r"\\server\home\my_lessons")),
            "note",
            "Cloud",
            "is on the network",
        ),
        (Machine(unheard="Operation not permitted"), "stop", "Port", "can't listen on 127.0.0.1"),
    ],
    ids=lambda value: value if isinstance(value, str) and value.istitle() else "",
)
def test_each_problem_gets_one_line_with_its_fix(machine, level, about, told):
    (finding,) = wrong(machine)
    assert (finding.level, finding.about) == (level, about)
    assert told in str(finding)
    assert " Fix: " in str(finding)
    assert "\n" not in str(finding)


def test_what_works_is_not_reported_as_a_problem():
    """A Python, a Mac or a path that shouldn't work doesn't matter where PyTorch runs anyway."""
    strange = {"python": (3, 15), "bits": 32, "processor": "riscv64", "libc": ("musl", (1, 2))}
    assert wrong(Machine(**strange)) == []
    assert wrong(INTEL._replace(torch="2.13.0", font="a.ttf", lab=True)) == []


def test_long_paths_are_counted_to_the_last_character():
    names = {"short": 259 - LONGEST - 1, "long": 259 - LONGEST}
    for name, length in names.items():
        packages = PureWindowsPath("C:\\" + "x" * (length - 3))
        found = wrong(WINDOWS._replace(packages=packages))
        assert [each.about for each in found] == ([] if name == "short" else ["Paths"])
        assert wrong(WINDOWS._replace(packages=packages, long_paths=True)) == []


def test_the_python_versions_it_asks_for_match_pyproject():
    above = f"<{NEWEST[0]}.{NEWEST[1] + 1}"
    assert set(course().python.split(",")) == {f">={OLDEST[0]}.{OLDEST[1]}", above}


def test_it_reads_the_macos_version_and_does_not_believe_10_16():
    assert doctor._macos("13.6.1") == (13, 6)
    assert doctor._macos("10.16") == ()
    assert doctor._macos("") == ()


def test_this_computer_can_run_the_course(tmp_path):
    machine = this_machine(tmp_path / "my" / "lessons")
    assert machine.torch
    assert not machine.broken
    assert Path(machine.font).is_file()
    assert [finding for finding in look(machine) if finding.level == "stop"] == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("raise RuntimeError('mine')", "it doesn't start: RuntimeError: mine."),
        ("x = 1", "rename any file of yours that's named like a module"),
        pytest.param(
            "import os; os.kill(os.getpid(), 4)",
            "instructions that this processor doesn't have",
            marks=pytest.mark.skipif(os.name == "nt", reason="there are no such signals"),
        ),
    ],
)
def test_a_pytorch_that_does_not_start_is_distinguished_from_a_missing_one(tmp_path, text, told):
    (tmp_path / "torch.py").write_text(text, encoding="utf-8")
    machine = this_machine(tmp_path)
    assert not machine.torch
    (finding,) = (each for each in look(machine) if each.about == "PyTorch")
    assert finding.level == "stop"
    assert told in str(finding)


def test_a_folder_that_cannot_be_created_is_noticed(tmp_path):
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    assert this_machine(tmp_path / "file" / "my_lessons").refused


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    """A Python with nothing installed."""
    folder = tmp_path_factory.mktemp("empty")
    venv.create(folder, with_pip=False)
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def test_before_anything_is_installed_it_runs_as_a_script(empty, tmp_path):
    def run(*options):
        return subprocess.run(
            [empty, SCRIPT, *options],
            cwd=tmp_path,
            env={name: text for name, text in os.environ.items() if name != "PYTHONPATH"},
            capture_output=True,
            encoding="utf-8",
            check=False,
        )

    said = run()
    assert (said.returncode, said.stderr) == (0, "")
    assert len(said.stdout.splitlines()) == len(look(Machine()))
    assert "PyTorch     not installed yet" in said.stdout
    quiet = run("--quiet")
    assert all(not line.startswith("ok") for line in quiet.stdout.splitlines())


def test_it_parses_on_old_pythons_and_needs_only_the_standard_library():
    tree = ast.parse(SCRIPT.read_text(encoding="utf-8"), feature_version=(3, 7))
    imported = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    names = {
        alias.name for node in imported for alias in node.names if isinstance(node, ast.Import)
    }
    names |= {node.module for node in imported if isinstance(node, ast.ImportFrom)}
    assert {name.split(".")[0] for name in names} <= sys.stdlib_module_names
    new = {"removeprefix", "removesuffix", "is_relative_to", "readlink", "cached_property"}
    assert not {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)} & new
