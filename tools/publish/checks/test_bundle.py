"""The USB stick: set up without a network, from a mount that can't be written to."""

import ensurepip
import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

# Only the loopback device exists in a new network namespace, and it is down. Python's own pip is
# hidden, since Debian and Ubuntu keep it in a package that many lack.
IN_NAMESPACE = """\
import fcntl, socket, struct, subprocess, sys
fcntl.ioctl(socket.socket(), 0x8914, struct.pack("16sh", b"lo", 1))
stick, mount, hidden, ensurepip, *command = sys.argv[1:]
subprocess.run(["mount", "--bind", stick, mount], check=True)
subprocess.run(["mount", "-o", "remount,bind,ro", mount], check=True)
subprocess.run(["mount", "--bind", hidden, ensurepip], check=True)
sys.exit(subprocess.call(command))
"""
HAS_NO_NETWORK = "import socket; socket.create_connection(('192.0.2.1', 80), timeout=5)"
ANSWERS = """\
import sys, time, urllib.request
for _ in range(300):
    try:
        print(urllib.request.urlopen("http://127.0.0.1:8931/api").read())
        break
    except OSError:
        time.sleep(0.2)
"""
# like JupyterLab, which asks before it stops, and starts as slowly
SLOW_TO_STOP = """\
#!/bin/sh
trap 'sleep 1; echo asked; exit 7' INT
sleep 1
echo ready
while :; do sleep 0.1; done
"""


@pytest.fixture(scope="module")
def stick(build, tmp_path_factory):
    """Run a command with the stick mounted read-only and no network; return what it printed."""
    bundle = build / "bundle"
    assert (bundle / "SHA256SUMS").exists(), "run `make bundle` first"
    mount, hidden = tmp_path_factory.mktemp("stick"), tmp_path_factory.mktemp("hidden")
    # like the settings of people who use pip for other things
    (hidden / "pip.conf").write_text("[install]\nrequire-hashes = true\n", encoding="utf-8")
    settings = {**os.environ, "PIP_USER": "1", "PIP_CONFIG_FILE": str(hidden / "pip.conf")}

    def run(*command, code=0):
        space = ["unshare", "--user", "--map-root-user", "--net", "--mount"]
        mounts = [bundle, mount, hidden, Path(ensurepip.__file__).parent]
        inside = [sys.executable, "-c", IN_NAMESPACE, *mounts]
        done = subprocess.run(
            [*space, *inside, *command],
            capture_output=True,
            encoding="utf-8",
            check=False,
            timeout=600,
            env=settings,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    run.start = mount / "start.py"
    return run


def test_the_site_and_the_whole_folder_fit_on_a_small_stick(build):
    def size(folder):
        return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6

    assert size(build / "bundle" / "site") < 150
    assert size(build / "bundle") < 1000


@pytest.fixture(scope="module")
def home(stick, tmp_path_factory):
    """A folder into which the course was set up from the stick."""
    folder = tmp_path_factory.mktemp("home") / "softmax lessons"
    printed = stick(sys.executable, stick.start, "--folder", folder, "--copy-only")
    assert "Setting up in" in printed
    assert "Added: 00_start_here.ipynb" in printed
    return folder


def test_there_is_no_network_in_the_namespace(stick):
    assert "OSError" in stick(sys.executable, "-c", HAS_NO_NETWORK, code=1)


def test_the_stick_cannot_be_written_to(stick):
    assert "Read-only" in stick("touch", stick.start.parent / "new", code=1)


def test_a_second_start_installs_nothing_and_keeps_what_the_learner_changed(stick, home):
    lesson = home / "my_lessons" / "05_subtract_the_maximum.ipynb"
    changed = lesson.read_text(encoding="utf-8").replace("Subtract the maximum", "Mine")
    lesson.write_text(changed, encoding="utf-8")
    printed = stick(sys.executable, stick.start, "--folder", home, "--copy-only")
    assert "Setting up" not in printed
    assert "Kept as you left them: 05_subtract_the_maximum.ipynb" in printed
    assert lesson.read_text(encoding="utf-8") == changed


def test_an_interrupted_setup_is_started_again(stick, home):
    environment = home / "softmax_environment"
    (environment / "complete").unlink()
    (environment / "pyvenv.cfg").unlink()
    (environment / "bin" / "python").unlink()
    printed = stick(sys.executable, stick.start, "--folder", home, "--copy-only")
    assert "Setting up" in printed


def test_an_environment_whose_python_was_removed_is_recreated(small_stick, home, tmp_path):
    shutil.copytree(home / "softmax_environment" / "bin", tmp_path / "softmax_environment" / "bin")
    sums = (small_stick / "SHA256SUMS").read_text(encoding="utf-8")
    (tmp_path / "softmax_environment" / "complete").write_text(sums, encoding="utf-8")
    (tmp_path / "softmax_environment" / "bin" / "python").unlink()
    assert "Setting up" in start(small_stick, tmp_path)


def test_a_lesson_runs_from_the_stick(stick, home, tmp_path):
    python = home / "softmax_environment" / "bin" / "python"
    command = ["-m", "nbconvert", "--to", "notebook", "--execute", "--output-dir"]
    lesson = home / "my_lessons" / "03_build_it_for_any_dim.ipynb"
    stick(python, *command, tmp_path, lesson)
    cells = json.loads((tmp_path / lesson.name).read_text(encoding="utf-8"))["cells"]
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    assert "softmax_dim: correct" in str(outputs)


def test_jupyterlab_answers_from_the_stick(stick, home, tmp_path):
    (tmp_path / "ask.py").write_text(ANSWERS, encoding="utf-8")
    script = textwrap.dedent(
        f"""\
        import os, signal, subprocess, sys
        start = [sys.executable, {str(stick.start)!r}, "--folder", {str(home)!r}, "--"]
        lab = subprocess.Popen([*start, "--port=8931", "--no-browser"], start_new_session=True)
        subprocess.run([sys.executable, {str(tmp_path / "ask.py")!r}])
        os.killpg(lab.pid, signal.SIGKILL)
        """
    )
    assert "version" in stick(sys.executable, "-c", script)


@pytest.fixture
def small_stick(build, tmp_path):
    """A copy of the stick with two small files in place of most wheels, and one handout."""
    bundle, copy = build / "bundle", tmp_path / "copy"
    (copy / "wheels").mkdir(parents=True)
    (copy / "handouts").mkdir()
    (copy / "handouts" / "a.pdf").write_text("a.pdf", encoding="utf-8")
    for name in ("start.py", "made_for.json"):
        shutil.copy(bundle / name, copy)
    for name in ("a.whl", "b.whl"):
        (copy / "wheels" / name).write_text(name, encoding="utf-8")
    (pip,) = (bundle / "wheels").glob("pip-*.whl")
    shutil.copy(pip, copy / "wheels")
    files = ["wheels/a.whl", "wheels/b.whl", "handouts/a.pdf"]
    sums = subprocess.run(["sha256sum", *files], cwd=copy, capture_output=True, check=True)
    (copy / "SHA256SUMS").write_bytes(sums.stdout)
    return copy


def start(stick, folder):
    command = [sys.executable, stick / "start.py", "--folder", folder, "--copy-only"]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 1
    return done.stdout + done.stderr


def test_a_damaged_or_missing_file_is_named(small_stick, tmp_path):
    (small_stick / "handouts" / "a.pdf").write_text("half of", encoding="utf-8")
    assert "a.pdf is damaged" in start(small_stick, tmp_path / "home")
    (small_stick / "handouts" / "a.pdf").write_text("a.pdf", encoding="utf-8")
    (small_stick / "wheels" / "b.whl").write_text("half of", encoding="utf-8")
    printed = start(small_stick, tmp_path / "home")
    assert f"{small_stick / 'wheels' / 'b.whl'} is damaged" in printed
    (small_stick / "wheels" / "b.whl").unlink()
    assert "b.whl is missing" in start(small_stick, tmp_path / "home")
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("name", ["SHA256SUMS", "made_for.json"])
def test_an_incomplete_stick_is_reported(small_stick, tmp_path, name):
    (small_stick / name).unlink()
    printed = start(small_stick, tmp_path / "home")
    assert f"{name}: No such file or directory. Please copy the whole stick again" in printed


def test_for_another_python_the_right_version_is_named(small_stick, tmp_path):
    path = small_stick / "made_for.json"
    path.write_text(
        json.dumps(json.loads(path.read_text(encoding="utf-8")) | {"python": "3.99"}),
        encoding="utf-8",
    )
    assert "If you have Python 3.99: python3.99 start.py" in start(small_stick, tmp_path / "home")


def test_control_c_reaches_jupyterlab_and_start_py_waits_for_it(small_stick, tmp_path):
    # a course that says what it gets, in place of the real one
    bin_folder = tmp_path / "home" / "softmax_environment" / "bin"
    bin_folder.mkdir(parents=True)
    (bin_folder / "python").write_text(SLOW_TO_STOP, encoding="utf-8")
    (bin_folder / "python").chmod(0o755)
    sums = (small_stick / "SHA256SUMS").read_text(encoding="utf-8")
    (bin_folder.parent / "complete").write_text(sums, encoding="utf-8")
    command = [sys.executable, small_stick / "start.py", "--folder", tmp_path / "home"]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        start_new_session=True,
        # a background job of a shell ignores Ctrl+C, and so would whatever it starts
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as running:
        try:
            assert running.stdout.readline() == "ready\n"
            os.killpg(running.pid, signal.SIGINT)
            assert running.communicate(timeout=60)[0] == "asked\n"
        finally:
            if running.poll() is None:
                os.killpg(running.pid, signal.SIGKILL)
    assert running.returncode == 7


@pytest.mark.parametrize(
    ("key", "value"), [("python", "2.7"), ("system", "Plan 9"), ("machine", "abacus")]
)
def test_on_another_machine_it_says_what_the_stick_is_for(small_stick, tmp_path, key, value):
    path = small_stick / "made_for.json"
    path.write_text(
        json.dumps(json.loads(path.read_text(encoding="utf-8")) | {key: value}), encoding="utf-8"
    )
    printed = start(small_stick, tmp_path / "home")
    assert value in printed
    assert "This stick is made for Python" in printed


def test_a_failed_setup_does_not_count_as_complete(small_stick, tmp_path):
    printed = start(small_stick, tmp_path / "home")
    assert "The setup failed" in printed
    assert "The setup failed" in start(small_stick, tmp_path / "home")


def test_a_console_without_the_letters_of_a_folder_name_shows_their_codes(
    small_stick, tmp_path, monkeypatch
):
    monkeypatch.setenv("PYTHONIOENCODING", "cp1252")
    assert r"\u0443\u0440\u043e\u043a\u0438" in start(small_stick, tmp_path / "уроки")


def test_the_checksums_are_valid_for_sha256sum(build):
    check = ["sha256sum", "--check", "--quiet", "SHA256SUMS"]
    assert subprocess.run(check, cwd=build / "bundle", check=False).returncode == 0


def test_everything_is_on_the_stick(build):
    bundle = build / "bundle"
    assert len(list((bundle / "lessons").glob("*.ipynb"))) == 18
    assert (bundle / "handouts" / "cheat_sheet.pdf").exists()
    assert len(list((bundle / "slides").glob("*.html"))) == 18
    assert (bundle / "site" / "index.html").exists()
    made_for = json.loads((bundle / "made_for.json").read_text(encoding="utf-8"))
    wanted = "This stick is for Python {python} on {system} {machine}."
    assert wanted.format(**made_for) in (bundle / "README.txt").read_text(encoding="utf-8")
    listed = {
        line.split("  ", 1)[1]
        for line in (bundle / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    }
    found = {str(file.relative_to(bundle)) for file in bundle.rglob("*") if file.is_file()}
    assert found - listed == {"SHA256SUMS"}
