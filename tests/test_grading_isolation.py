"""A submission hurts only itself: what the sandbox, the marks and the reports withstand."""

import contextlib
import csv
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
import submissions as bank
import torch

from softmax_lessons.attempts import isolate, messages
from softmax_lessons.attempts.run import Probe
from softmax_lessons.grading import command, forkserver, jobs, sandbox, tables, work
from softmax_lessons.grading.notebook import Answer
from softmax_lessons.grading.state import STATE, State
from softmax_lessons.grading.submissions import find

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="grading needs a fork that is safe"
)
needs_sandbox = pytest.mark.skipif(bool(sandbox.missing()), reason="needs the whole sandbox")
OPTIONS = ["--without-sandbox"] if sandbox.missing() else []
SECRET = "token-of-the-teacher"


def run(folder, *more: str) -> list[dict[str, str]]:
    out = folder.parent / "grades"
    assert command.main([str(folder), "--out", str(out), *OPTIONS, *more]) == 0
    with (out / "grades.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(autouse=True)
def _own_server():
    """Each test starts its own server, in the environment that it sets up."""
    forkserver.close()
    yield
    forkserver.close()


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "class"
    folder.mkdir()
    return folder


def hand_in(folder, name, **sources) -> None:
    """Write a notebook that answers three exercises, some of them with these sources."""
    bank.write(folder, bank.answers(**dict.fromkeys(list(bank.RIGHT)[3:]) | sources), name)


def test_no_report_reveals_anything_about_the_teachers_machine(folder, monkeypatch):
    monkeypatch.setenv("SECRET", SECRET)
    for part in ("repr(dict(os.environ))[-250:]", "open('/proc/self/environ').read()[-250:]"):
        source = f"def softmax_1d(x):\n    import os\n    raise ValueError({part})"
        hand_in(folder, f"{len(part)}.ipynb", softmax_1d=source)
    places = "[sys.prefix, sys.base_prefix, torch.__file__, sys.argv, sys.path[-2:]]"
    source = f"def softmax_1d(x):\n    import sys\n    raise ValueError({places})"
    hand_in(folder, "places.ipynb", softmax_1d=source)
    run(folder)
    for file in (p for p in (folder.parent / "grades").rglob("*") if p.is_file()):
        text = file.read_text(encoding="utf-8")
        assert SECRET not in text
        assert not [p for p in (sys.prefix, sys.base_prefix, os.getcwd(), *sys.path) if p in text]


def test_an_exception_affects_only_one_answer_and_that_is_tried_again(folder, monkeypatch, capsys):
    hand_in(folder, "ada.ipynb")
    verdict = work.run

    def sometimes(name, *more):
        if name == "softmax_1d":
            raise ValueError(f"{sys.prefix} is odd")
        return verdict(name, *more)

    monkeypatch.setattr(work, "run", sometimes)
    (row,) = run(folder)
    assert (row["points"], row["of"], row["softmax_1d"]) == ("2", "3", "0")
    assert row["notes"].startswith("softmax_1d wasn't graded, and will be in the next run")
    assert sys.prefix not in row["notes"]
    assert "ada: softmax_1d wasn't graded" in capsys.readouterr().err
    monkeypatch.setattr(work, "run", verdict)
    (row,) = run(folder)
    assert (row["points"], row["notes"]) == ("3", "")


@needs_sandbox
def test_libraries_can_live_in_the_temporary_folder(folder, monkeypatch):
    source = """def softmax_1d(x):
    import tempfile, borrowed
    with tempfile.TemporaryFile() as file:
        file.write(b"1")
    exps = borrowed.torch.exp(x - x.max())
    return exps / exps.sum()"""
    hand_in(folder, "ada.ipynb", softmax_1d=source)
    with tempfile.TemporaryDirectory(dir="/tmp") as place:
        packages = Path(place, "site-packages")
        packages.mkdir()
        (packages / "borrowed.py").write_text("import torch")
        monkeypatch.syspath_prepend(packages)
        (row,) = run(folder)
    assert row["points"] == "3"


def test_a_dead_starter_is_restarted(folder, monkeypatch):
    for name in ("ada", "blaise"):
        hand_in(folder, f"{name}.ipynb")
    start, killed = forkserver.ForkServer.start, []

    def kill_first(server, *more):
        if not killed:
            killed.append(server._starter._process.pid)
            os.kill(killed[0], signal.SIGKILL)
            server._starter._process.wait()
        return start(server, *more)

    monkeypatch.setattr(forkserver.ForkServer, "start", kill_first)
    assert [row["points"] for row in run(folder)] == ["3", "3"]
    assert killed


@pytest.mark.parametrize("times", [1, 2])
def test_an_answer_running_when_the_starter_died_is_tried_again(folder, monkeypatch, times):
    # slow, so that it has not answered by then
    slow = "import time\n" + bank.RIGHT["softmax_1d"].replace("x):", "x):\n    time.sleep(0.05)")
    hand_in(folder, "ada.ipynb", softmax_1d=slow)
    start, killed = forkserver.ForkServer.start, []

    def kill_later(server, request, *more):
        process = start(server, request, *more)
        if request["function"] == "softmax_1d" and len(killed) < times:
            killed.append(server._starter._process.pid)
            os.kill(killed[-1], signal.SIGKILL)
        return process

    monkeypatch.setattr(forkserver.ForkServer, "start", kill_later)
    (row,) = run(folder, "--workers", "1")
    assert row["points"] == ("3" if times == 1 else "2")
    assert ("will be in the next run" in row["notes"]) == (times == 2)
    assert run(folder)[0]["points"] == "3"


def test_nothing_is_left_running(folder):
    spin = "def softmax_1d(x):\n    while True:\n        pass"
    hand_in(folder, "ada.ipynb", softmax_1d=spin)
    server = forkserver.ForkServer()
    (submission,) = find(folder).submissions
    answer = submission.answers["softmax_1d"].read()
    request = work.request_for("softmax_1d", answer, answer.tries[0], full=False)
    request["seconds"] = 60
    for end in (lambda process: process.kill(), lambda process: server.close()):
        with isolate.through_pipes(lambda *fds: server.start(request, *fds)) as connection:
            probe = {"nonce": "", "seed": 0, "gradient": False, "arguments": [torch.ones(1)]}
            messages.write(connection.requests, messages.pack(probe))
            end(connection.process)
            assert messages.read(connection.answers) == b""  # nobody holds the other end


def test_timeouts_and_crashes_are_tried_again_and_verdicts_are_kept(folder, monkeypatch):
    sleeps = "def softmax_1d(x):\n    import time\n    time.sleep(60)"
    dies = "def classes_of_batch(x):\n    import os\n    os._exit(1)"
    wrong = bank.WRONG["classes_of_sequence"]
    hand_in(folder, "a.ipynb", softmax_1d=sleeps, classes_of_batch=dies, classes_of_sequence=wrong)
    graded = []
    verdict = work.run
    monkeypatch.setattr(
        work, "run", lambda name, *more: graded.append(name) or verdict(name, *more)
    )
    run(folder, "--seconds", "1")
    assert sorted(graded) == ["classes_of_batch", "classes_of_sequence", "softmax_1d"]
    graded.clear()
    run(folder, "--seconds", "1")
    assert sorted(graded) == ["classes_of_batch", "softmax_1d"]


@pytest.fixture
def started(monkeypatch):
    """Return the requests for which a process was started."""
    requests, start = [], forkserver.ForkServer.start

    def noted(server, request, *fds):
        requests.append(request)
        return start(server, request, *fds)

    monkeypatch.setattr(forkserver.ForkServer, "start", noted)
    return requests


def test_answers_that_are_the_same_share_a_run_that_earns_the_point(folder, started):
    same = bank.RIGHT["softmax_1d"]
    for name, source in (("a", same), ("b", same), ("c", f"{same}\n# my own")):
        hand_in(folder, f"{name}.ipynb", softmax_1d=source)
    rows = run(folder, "--workers", "1")
    assert [row["softmax_1d"] for row in rows] == ["1", "1", "1"]
    assert sum(request["exercise"] == "softmax_1d" for request in started) == 2


def test_a_run_that_earns_no_point_is_not_shared(folder, started):
    for name in ("a", "b"):
        hand_in(folder, f"{name}.ipynb", softmax_1d=bank.WRONG["softmax_1d"])
    rows = run(folder, "--workers", "1")
    assert [row["softmax_1d"] for row in rows] == ["0", "0"]
    ways = [request["full"] for request in started if request["exercise"] == "softmax_1d"]
    assert ways == [False, True] * 2


def test_a_run_is_not_shared_with_another_call(folder, started):
    hand_in(folder, "a.ipynb", softmax_1d=bank.RIGHT["softmax_1d"])
    for _ in range(2):
        run(folder)
        shutil.rmtree(folder.parent / "grades")
    assert sum(request["exercise"] == "softmax_1d" for request in started) == 2


def test_a_notebook_that_forges_its_ready_message_gets_only_the_points_it_earned(folder):
    forged = """import os, stat
for fd in range(3, 64):
    try:
        if stat.S_ISFIFO(os.fstat(fd).st_mode):
            os.write(fd, len(b"[]\\n").to_bytes(4, "big") + b"[]\\n")
    except OSError:
        pass
globals().update(one=2.0)
def softmax_1d(x):
    return x * one"""
    hand_in(folder, "a.ipynb", softmax_1d=forged)
    (row,) = run(folder)
    assert (row["points"], row["of"]) == ("2", "3")
    assert "wasn't graded" not in (folder.parent / "grades" / "grades.json").read_text("utf-8")


def test_a_notebook_gets_more_time_on_a_busy_machine(folder, monkeypatch):
    slow = """import time
def slowly():
    end = time.monotonic() + 2
    while time.monotonic() < end:
        pass
    return 1.0
globals().update(one=slowly())
def softmax_1d(x):
    exps = x.exp() * one
    return exps / exps.sum()"""
    hand_in(folder, "a.ipynb", softmax_1d=slow)
    monkeypatch.setattr(work, "NOTEBOOK_SECONDS", 4.0)
    for load, points in ((0.0, "2"), (1000.0, "3")):
        monkeypatch.setattr(os, "getloadavg", lambda load=load: (load, 0.0, 0.0))
        assert run(folder)[0]["points"] == points


@pytest.mark.parametrize(
    "change",
    [
        lambda patch: patch.setattr(jobs, "_torch", lambda: "0"),
        lambda patch: patch.setattr(jobs, "MEMORY", 3 << 30),
        lambda patch: patch.setattr(jobs, "course", lambda: "another"),
        lambda patch: patch.setattr(sandbox, "level", lambda: ["another"]),
    ],
)
def test_a_kept_mark_counts_only_under_the_same_conditions(monkeypatch, change):
    answer = Answer("f", ("def f(x): ...",), (), False)

    def key(seconds=3.0):
        return jobs.key("ada", "softmax_1d", jobs.digest(answer), jobs.conditions(seconds))

    before = key()
    assert key() == before != key(4.0)
    change(monkeypatch)
    assert key() != before


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "0", "-1", "1e9", "three", ""])
def test_a_nonsensical_limit_is_refused(folder, value, capsys):
    hand_in(folder, "ada.ipynb")
    for option in ("--seconds", "--workers"):
        if (option, value) == ("--workers", "0"):
            continue  # one per core
        with pytest.raises(SystemExit) as error:
            command.main([str(folder), f"{option}={value}"])
        assert error.value.code == 2
        assert option in capsys.readouterr().err


@pytest.mark.parametrize(
    ("seconds", "by"),
    [*((each, signal.SIGINT) for each in (0.1, 1, 2, 4, 9)), (4, signal.SIGTERM)],
)
def test_ctrl_c_prints_one_sentence_and_loses_nothing(folder, seconds, by, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(folder.parent / "unpacked"))
    (folder.parent / "unpacked").mkdir()
    for i in range(4):
        hand_in(folder, f"{i}.ipynb")
    sleeps = "def softmax_1d(x):\n    import time\n    time.sleep(60)"
    hand_in(folder, "4.ipynb", softmax_1d=sleeps)
    out = folder.parent / "grades"
    # Python itself has begun; the libraries have yet to be loaded
    code = (
        "import sys; from softmax_lessons.__main__ import main; print('here', flush=True); "
        "sys.exit(main(sys.argv[1:]))"
    )
    process = subprocess.Popen(
        [
            *(sys.executable, "-c", code, "grade", str(folder), "--out", str(out)),
            *("--seconds", "60", *OPTIONS),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        # tests run in the background ignore SIGINT, and this process would inherit that
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    process.stdout.readline()
    time.sleep(seconds)
    process.send_signal(by)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in said
    assert said.count("Stopped") == 1
    assert not list((folder.parent / "unpacked").iterdir())
    state = out / STATE
    for line in state.read_text().splitlines() if state.exists() else ():
        assert json.loads(line).get("points", 1) == 1


def held(folder):
    """Return the contents of the files in a folder."""
    return {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_a_report_is_written_whole_or_not_at_all(folder, monkeypatch, capsys):
    hand_in(folder, "ada.ipynb")
    run(folder)
    out = folder.parent / "grades"
    before = held(out)

    def full(*arguments, **named):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tables.os, "replace", full)
    assert command.main([str(folder), "--out", str(out), *OPTIONS]) == 1
    said = capsys.readouterr().err
    assert "No space left on device" in said
    assert "Traceback" not in said
    assert held(out) == before


@pytest.mark.parametrize("place", ["/proc/none", "/dev/null/grades"])
def test_an_output_folder_that_cannot_be_written_to_is_reported(folder, place, capsys):
    hand_in(folder, "ada.ipynb")
    assert command.main([str(folder), "--out", place, *OPTIONS]) == 1
    assert capsys.readouterr().err.count("Stopped") == 1


@pytest.mark.parametrize("name", ["grades.csv", "grades.html", STATE])
def test_a_report_that_cannot_be_replaced_is_named_and_the_others_are_kept(folder, name, capsys):
    hand_in(folder, "ada.ipynb")
    run(folder)
    out = folder.parent / "grades"
    (out / name).unlink()
    (out / name).mkdir()
    before = {file.name: file.read_bytes() for file in out.iterdir() if file.is_file()}
    assert command.main([str(folder), "--out", str(out), *OPTIONS]) == 1
    said = capsys.readouterr().err
    assert said.count("Stopped: Is a directory") == 1
    assert name in said
    after = {file.name: file.read_bytes() for file in out.iterdir() if file.is_file()}
    assert after.keys() == before.keys()
    assert name == "grades.html" or after == before


def test_a_full_disk_is_reported_and_the_old_reports_are_kept(folder, capsys):
    import resource

    hand_in(folder, "ada.ipynb")
    run(folder)
    out = folder.parent / "grades"
    before = held(out)
    hand_in(folder, "blaise.ipynb")
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, usual[1]))  # much the same to the kernel
    try:
        assert command.main([str(folder), "--out", str(out), *OPTIONS]) == 1
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)
    said = capsys.readouterr().err
    assert said.count("Stopped: ") == said.count("File too large") == 1
    assert held(out) == before
    assert [row["points"] for row in run(folder)] == ["3", "3"]


def test_damaged_lines_in_the_state_are_skipped(folder):
    hand_in(folder, "ada.ipynb")
    rows = run(folder)
    state = folder.parent / "grades" / STATE
    lines = state.read_bytes().splitlines()
    state.write_bytes(b"\xff\xfe\x00\n[]\n{}\nnull\n" + lines[0] + b"\n" + lines[1][:40])
    assert run(folder) == rows
    assert run(folder) == rows
    assert len(State(state.parent).marks) == 3


@pytest.mark.parametrize("part", [",", ";", "\t", "|"])
@pytest.mark.parametrize(
    "text", ["=1+1", "a;=1+1", 'a";=1+1', "a\t@x", "a\n=1", " =1", "x|-1", "a,+1", "'=1", "a; =1"]
)
def test_no_cell_becomes_a_formula_whatever_separates_cells(text, part):
    ada, safe = tables.plain(["ada", text])
    line = ",".join([ada, f'"{safe}"'.replace("''", "'")])
    for reader in (csv.reader([line], delimiter=part), [line.split(part)]):
        for row in reader:
            assert not [cell for cell in row if re.match(r"[\s\"]*[=+\-@]", cell)]


def test_the_report_says_which_sandbox_level_was_in_force(folder):
    hand_in(folder, "ada.ipynb")
    run(folder)
    page = (folder.parent / "grades" / "grades.html").read_text(encoding="utf-8")
    assert "How the answers were run" in page
    assert "hole in the Linux kernel" in page


@pytest.mark.skipif(
    not (sandbox.has_landlock() and sandbox.has_seccomp()), reason="no Landlock or no seccomp here"
)
def test_landlock_and_seccomp_contain_an_answer_without_namespaces(folder, monkeypatch):
    monkeypatch.setattr(sandbox, "has_namespaces", lambda: False)
    none = (
        "; import softmax_lessons.grading.sandbox as s; s.has_namespaces = lambda: False; "
        "from softmax_lessons.grading.starter"
    )
    start = forkserver.START.replace("; from softmax_lessons.grading.starter", none)
    monkeypatch.setattr(forkserver, "START", start)
    names = sorted(bank.NEEDS_SANDBOX)
    for name in names:
        (folder / name).mkdir()
        bank.HOSTILE[name][0](folder / name)
    assert {row["learner"]: row["points"] for row in run(folder)} == dict.fromkeys(names, "7")
    assert not list(folder.rglob(bank.ESCAPED))


def test_each_systems_sandbox_level_is_described(monkeypatch):
    def say(**has):
        for name in ("namespaces", "landlock", "seccomp"):
            monkeypatch.setattr(sandbox, f"has_{name}", lambda name=name: name in has)
        return " ".join(sandbox.level()), sandbox.missing()

    assert say(namespaces=1, landlock=1, seccomp=1)[1] == []
    level, missing = say(landlock=1, seccomp=1)
    assert "whether a file that it can name exists" in level
    assert missing == []
    assert len(say(namespaces=1)[1]) == 1
    assert len(say()[1]) == 3


@pytest.mark.parametrize(
    "fields",
    [
        {"error": "x" * (2 << 20)},
        {"kind": "Tensor", "value": None},
        {"grad": torch.ones(2, dtype=torch.bool)},
        {"grad": torch.ones(3)},
        {"called": ["softmax"] * 10_000},
        {"called": None},
        {"after": [torch.ones(2)] * 2},
    ],
)
def test_a_forged_outcome_is_refused(fields):
    probe = Probe(torch.ones(2), 0)
    honest = {
        **{"error": "", "kind": "Tensor", "value": torch.ones(2), "grad": None, "grad_error": ""},
        **{"after": [torch.ones(2)], "called": ["exp"]},
    }
    assert isolate._sound(honest, probe)
    assert not isolate._sound(honest | fields, probe)


@pytest.mark.parametrize("count", [-1, 5, 1 << 40])
def test_a_message_cannot_claim_a_tensor_that_it_does_not_hold(count):
    hole = {"dtype": "torch.uint8", "shape": [-1], "bytes": count}
    with pytest.raises(ValueError, match="not sent"):
        messages.unpack(json.dumps({"value": [hole] * 3}).encode() + b"\n1234")


def test_a_message_with_more_tensors_than_any_answer_needs_is_refused():
    empty = {"dtype": "torch.uint8", "shape": [0], "bytes": 0}
    with pytest.raises(ValueError, match="not sent"):
        messages.unpack(json.dumps({"value": [empty] * 10_000}).encode() + b"\n")


# --- tests that learners wrote -----------------------------------------------------------------

HUNT = "def test_rows(f):\n    assert_close = torch.testing.assert_close\n"
STRONG = """
    x = torch.tensor([[0.0, 1.0, 5.0], [2.0, 0.0, 1.0], [9.0, 3.0, 4.0]])
    assert_close(f(x), torch.softmax(x, dim=1))"""
LOOKS = {
    "closure": """
    seen = [f]
    while seen:
        g = seen.pop()
        for cell in getattr(g, "__closure__", None) or ():
            found = cell.cell_contents
            seen += list(found) if isinstance(found, (list, tuple)) else [found]
            assert "unkept" not in getattr(found, "__name__", "")
            assert not isinstance(found, int) or found < 4""",
    "frames": """
    import sys
    frame = sys._getframe()
    while frame := frame.f_back:
        for name, value in frame.f_locals.items():
            assert not (name == "i" and value >= 4)""",
    "memory": """
    import gc
    known = [g for g in gc.get_objects() if getattr(g, "__name__", "") == "row_softmax"]
    assert not known""",
    "names": "    assert 'unkept' not in f.__name__ + f.__qualname__ + f.__module__ + repr(f)",
    "traces": """
    import sys
    names = []
    sys.setprofile(lambda frame, *more: names.append(frame.f_code.co_name))
    try:
        f(torch.rand(3, 3))
    finally:
        sys.setprofile(None)
    assert not any("unkept" in name or "logsumexp" in name for name in names)""",
}


def hunt(folder, name, body) -> None:
    cells = [bank.code(bank.IMPORTS), bank.code(HUNT + body.strip("\n"), "exercise")]
    cells.append(bank.code('check("hunt_unkept_maximum", test_rows)'))
    bank.write(folder, bank.notebook(cells), name)


def test_a_test_cannot_identify_the_function_it_tests_by_inspecting_it(folder):
    hunt(folder, "strong.ipynb", STRONG)
    for name, body in LOOKS.items():
        hunt(folder, f"{name}.ipynb", body)
    rows = {row["learner"]: row["points"] for row in run(folder)}
    assert rows == {"strong": "1", **dict.fromkeys(LOOKS, "0")}


@contextlib.contextmanager
def stand_in(*functions):
    """Yield what `subjects` puts in place of functions, and a way to choose one of them."""
    import threading

    from softmax_lessons.grading import subjects

    pipes = [os.pipe() for _ in range(4)]
    (requests, ask), (answers, reply), (calls, call), (results, result) = pipes
    serving = threading.Thread(
        target=subjects.serve, args=(functions, requests, reply, calls, result), daemon=True
    )
    serving.start()
    given = []
    subjects.tested(given.append, call, results)(None, 0)

    def choose(i):
        messages.write(ask, messages.pack({"subject": i}))
        messages.read(answers)

    yield given[0], choose
    os.close(ask)
    serving.join()


def test_a_stand_in_behaves_like_the_function():
    def writes(x, *, by=1.0):
        x *= by
        return x

    def refuses(*chunks):
        raise IndexError("no such place")

    def many(chunks, dims):
        return {"sum": sum(chunks).softmax(dims[0]), "dims": dims, "none": None}

    with stand_in(writes, refuses, many) as (f, choose):
        x = torch.ones(2)
        assert f(x, by=2.0) is x
        assert x.tolist() == [2, 2]
        choose(1)
        with pytest.raises(IndexError, match="no such place"):
            f(1, "a")
        choose(2)
        x = torch.tensor([1.0, 2.0], requires_grad=True)
        result = f((2 * x for _ in range(2)), (0,))
        assert (result["dims"], result["none"]) == ((0,), None)
        (mine,) = torch.autograd.grad(result["sum"][0], x)
        (direct,) = torch.autograd.grad((4 * x).softmax(0)[0], x)
        torch.testing.assert_close(mine, direct)
        with pytest.raises(TypeError, match="can't be passed"):
            f(socket.socket, (0,))
