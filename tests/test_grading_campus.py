"""Grading on several machines: the marks match a plain run's, whatever happens to a worker."""

import csv
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor

import pytest
import submissions as bank

from softmax_lessons.grading import command, sandbox
from softmax_lessons.grading.grade import grade
from softmax_lessons.grading.state import STATE, State
from softmax_lessons.grading.submissions import find

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="grading needs a fork that is safe"
)
OPTIONS = ["--without-sandbox"] if sandbox.missing() else []
LEARNERS = 12


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("campus") / "class"
    folder.mkdir()
    for i in range(LEARNERS):
        answers = {name: None for name in bank.RIGHT} | {"softmax_1d": bank.RIGHT["softmax_1d"]}
        answers["softmax_dim"] = (bank.WRONG if i % 3 == 0 else bank.RIGHT)["softmax_dim"]
        bank.submit(folder, name=f"learner_{i:02}.ipynb", **answers)
    return folder


@pytest.fixture(scope="module")
def plain(folder):
    return rows(folder, folder.parent / "plain")


def rows(folder, out, *more):
    assert command.main([str(folder), "--out", str(out), *OPTIONS, *more]) == 0
    with (out / "grades.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def cluster():
    """Yield the address of a scheduler, and its two workers, each a process of its own."""
    processes, readers = [], []

    def read_on(process):
        readers.append(threading.Thread(target=process.stderr.read, daemon=True))
        readers[-1].start()

    def dask(*arguments):
        command = [sys.executable, "-m", "distributed.cli.dask_" + arguments[0], *arguments[1:]]
        process = subprocess.Popen(
            command, stderr=subprocess.PIPE, text=True, start_new_session=True
        )
        processes.append(process)
        return process

    try:
        scheduler = dask("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard")
        line = next(line for line in scheduler.stderr if "Scheduler at:" in line)
        address = line.split()[-1]
        read_on(scheduler)
        options = ["--nthreads", "1", "--no-nanny", "--no-dashboard"]
        workers = [dask("worker", address, *options) for _ in range(2)]
        for worker in workers:
            next(line for line in worker.stderr if "Registered to:" in line)
            read_on(worker)
        yield address, workers
    finally:
        for process in reversed(processes):
            process.terminate()
            process.wait(20)
        for reader in readers:
            reader.join(20)
        for process in processes:
            process.stderr.close()


def test_a_worker_that_dies_halfway_does_not_change_the_marks(folder, plain, cluster, tmp_path):
    address, workers = cluster
    state = tmp_path / "grades" / STATE

    def marks():
        lines = state.read_text().splitlines() if state.exists() else []
        return sum('"exercise"' in line for line in lines)

    def kill_one_half_way():
        while marks() < LEARNERS // 2:
            time.sleep(0.01)
        left.append(2 * LEARNERS - marks())
        os.kill(workers[0].pid, signal.SIGKILL)

    left = []
    killer = threading.Thread(target=kill_one_half_way, daemon=True)
    killer.start()
    assert rows(folder, tmp_path / "grades", "--scheduler", address) == plain
    killer.join(10)
    assert left[0] > 2
    assert workers[0].wait(20) == -signal.SIGKILL
    assert workers[1].poll() is None


def test_processes_give_the_same_marks_as_threads(folder, plain, tmp_path):
    with ProcessPoolExecutor(2) as executor:
        marks = grade(find(folder, State()).submissions, State(tmp_path), executor=executor)
    points = {row["learner"]: int(row["points"]) for row in plain}
    for learner, wanted in points.items():
        assert sum(m.points for m in marks if m.learner == learner) == wanted
    assert set(points.values()) == {1, 2}


def test_a_missing_scheduler_is_reported(folder, tmp_path, capsys):
    options = ["--out", str(tmp_path), *OPTIONS, "--scheduler", "tcp://127.0.0.1:9"]
    assert command.main([str(folder), *options]) == 1
    assert "no scheduler answers at tcp://127.0.0.1:9" in capsys.readouterr().err
