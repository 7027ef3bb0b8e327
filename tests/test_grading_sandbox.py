"""The sandbox, layer by layer: what a process inside can do, of everything it might try."""

import json
import os
import subprocess
import sys
from pathlib import Path

import escapes
import pytest

from softmax_lessons.grading import sandbox

SCRIPT = Path(escapes.__file__)
ROOT = SCRIPT.parents[1]
LEFT_TO_SECCOMP = {
    *("have a port", "ask the kernel for its network", "fork", "fork by its number"),
    *("fork by its newer number", "trace itself", "look into another process"),
    *("make a file without a name", "share memory", "queue messages", "make namespaces"),
    *(
        "fill a file without a name",
        "use rings",
        "choose its cores",
        "be nicer",
        "change a date",
        "change a mode",
    ),
}
LEFT_TO_NAMESPACES = {
    *("find out that a file exists", "see another process", "know the name of the machine"),
    *("be root", "be in root's group", "start too many threads"),
}


def tried_with(*layers):
    """Return what works with only these layers; skip if this system lacks one of them."""
    for layer in set(layers) - {"owner"}:
        if not getattr(sandbox, f"has_{layer}")():
            pytest.skip(f"no {layer} here")
    ran = subprocess.run(
        [sys.executable, SCRIPT, *layers],
        cwd="/",
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        encoding="utf-8",
        timeout=100,
    )
    assert ran.stdout, ran.stderr
    return set(json.loads(ran.stdout))


pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only on Linux")


def test_with_all_layers_nothing_escapes():
    assert tried_with("namespaces", "landlock", "seccomp") == {"write to scratch"}


def test_namespaces_isolate_files_processes_and_the_network():
    worked = tried_with("namespaces")
    assert "write to scratch" in worked
    assert worked <= {"write to scratch", *LEFT_TO_SECCOMP}


def test_even_the_owner_of_the_libraries_cannot_change_them():
    own = {"be root", "be in root's group", "start too many threads"}
    worked = tried_with("namespaces", "owner") - own
    assert worked <= {"write to scratch", *LEFT_TO_SECCOMP}
    assert worked >= {"write to scratch", "fork"}


def test_without_namespaces_nothing_can_be_read_or_written_or_reached():
    assert tried_with("landlock", "seccomp") <= LEFT_TO_NAMESPACES


def test_landlock_isolates_files():
    files = {*escapes.READS, *escapes.WRITES, "fill a file without a name"}
    files.remove("find out that a file exists")
    assert tried_with("landlock") & files == set()


def test_the_attempts_succeed_without_a_sandbox():
    worked = tried_with()
    assert worked >= escapes.READS.keys() - {"list what was the root"}
    processes = {"fork", "fork by its number", "signal another process", "run a program"}
    others = {"see another process", "share another's memory", "have others signalled"}
    assert worked >= {*processes, *others, "have a port", "reach a port"}
