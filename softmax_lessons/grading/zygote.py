"""A process that has torch loaded and knows no answers, and forks one for each submission.

    python -m softmax_lessons.grading.zygote FD [tests]

reads requests from the socket FD; `Zygote` starts it and speaks to it.
"""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from softmax_lessons.attempts.isolate import enter_child, serve
from softmax_lessons.attempts.run import as_called
from softmax_lessons.grading import sandbox

if TYPE_CHECKING:
    from softmax_lessons.grading.submissions import Answer


class Zygote:
    """The grader's side: starts the process, and asks it for others."""

    def __init__(self, seconds: float, memory: int, tests: bool = False) -> None:
        self._limits = {"seconds": seconds, "memory": memory}
        self._lock = threading.Lock()
        self._socket, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [
                    *sandbox.namespaces(),
                    *(sys.executable, "-m", __spec__.name, str(theirs.fileno())),
                    *(["tests"] if tests else []),
                ],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                env={**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"},
            )
        self._replies = self._socket.makefile("r", encoding="utf-8")
        if self._replies.readline().strip() != "ready":
            raise RuntimeError("the process that starts the submissions did not start itself")

    def start(
        self, answer: "Answer", parameters: tuple[str, ...], hunt: str, requests: int, answers: int
    ) -> "Forked":
        """Return a process that serves an answer's function on two pipes."""
        request = {
            "statements": answer.statements,
            "function": answer.function,
            "parameters": parameters,
            "hunt": hunt,
            **self._limits,
        }
        return Forked(self, self._ask(request, [requests, answers])["pid"])

    def kill(self, pid: int) -> str:
        """End a process, and say how it ended."""
        return self._ask({"kill": pid}, [])["ending"]

    def _ask(self, request: dict, fds: list[int]) -> dict:
        message = json.dumps(request).encode()
        with self._lock:
            # the pipes go with the length, so that they arrive with the right request
            header = len(message).to_bytes(4, "big")
            if fds:
                socket.send_fds(self._socket, [header], fds)
            else:
                self._socket.sendall(header)
            self._socket.sendall(message)
            return json.loads(self._replies.readline())

    def close(self) -> None:
        """End it, and every process that is left."""
        self._replies.close()
        self._socket.close()
        self._process.kill()
        self._process.wait()


class Forked:
    """One process of the zygote's, as `attempts.isolate` wants it."""

    def __init__(self, zygote: Zygote, pid: int) -> None:
        self._zygote, self._pid, self._ending = zygote, pid, ""

    def ending(self) -> str:
        """Say how it ended."""
        self.kill()
        return self._ending

    def kill(self) -> None:
        """End it."""
        self._ending = self._ending or self._zygote.kill(self._pid)


def main(fd: int, tests: bool) -> None:
    """Serve requests until the grader hangs up; `tests` are learners' tests, of functions."""
    import numpy  # noqa: F401 (loaded once, for all)
    import torch

    import softmax_lessons

    torch.set_num_threads(1)
    x = torch.ones(2, 2, requires_grad=True)
    (torch.softmax(x, 1) @ x).exp().sum().backward()  # what loads when it is first used
    if tests:
        import softmax_lessons.checker.hunts  # noqa: F401 (what they test)
    sandbox.enter()  # every fork is in it
    children: set[int] = set()
    with socket.socket(fileno=fd) as grader:
        grader.sendall(b"ready\n")
        while True:
            header, fds, _, _ = socket.recv_fds(grader, 4, 2)
            if len(header) < 4:
                return
            request = json.loads(_receive(grader, int.from_bytes(header, "big")))
            if "kill" in request:
                reply = {"ending": _end(request["kill"], children)}
            else:
                pid = os.fork()
                if pid == 0:
                    try:
                        _become(request, *fds)
                    finally:
                        os._exit(70)
                children.add(pid)
                reply = {"pid": pid}
                for each in fds:
                    os.close(each)
            grader.sendall(json.dumps(reply).encode() + b"\n")


def _receive(grader: socket.socket, count: int) -> bytes:
    parts = b""
    while len(parts) < count:
        parts += grader.recv(count - len(parts))
    return parts


def _end(pid: int, children: set[int]) -> str:
    """Kill a child and whatever lost its parent, and say how the child ended."""
    done, status = os.waitpid(pid, os.WNOHANG)
    if not done:
        for end in (os.killpg, os.kill):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                end(pid, signal.SIGKILL)
        status = os.waitpid(pid, 0)[1]
    children.discard(pid)
    if os.getpid() == 1:  # in a namespace of its own, an orphan's parent is this process
        for entry in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError):
                with open(f"/proc/{entry}/stat", encoding="ascii", errors="replace") as file:
                    parent = int(file.read().rpartition(")")[2].split()[1])
                if parent == 1 and int(entry) not in children:
                    os.kill(int(entry), signal.SIGKILL)
    code = os.waitstatus_to_exitcode(status)
    return f"crashed ({signal.Signals(-code).name})" if code < 0 else "ended itself"


def _become(request: dict, requests: int, answers: int) -> None:
    """Turn this fork into the process of one submission."""
    find_subjects = None
    if request["hunt"]:  # a test needs the functions that it is to test
        from softmax_lessons.checker.hunts import as_attempt, hunts

        hunt = hunts()[request["hunt"]]
        find_subjects = lambda test: as_attempt(test, hunt)  # noqa: E731
    enter_child((requests, answers), request["seconds"], request["memory"])
    serve(_loaded(request, find_subjects), requests, answers)


def _loaded(request: dict, find_subjects: Callable | None) -> Callable[..., object]:
    """Return the learner's function, or one that raises what its statements raise."""
    namespace: dict[str, object] = {"__name__": "__main__"}
    try:
        for statement in request["statements"]:
            exec(compile(statement, "submission", "exec"), namespace)
        function = namespace[request["function"]]
        if not callable(function):
            raise TypeError(f"{request['function']} is a {type(function).__name__}, no function")
        if find_subjects:
            return find_subjects(function)
        return as_called(function, request["parameters"])
    except (Exception, SystemExit) as error:
        failure = error

    def fail(*arguments: object) -> None:
        raise failure

    return fail


if __name__ == "__main__":
    main(int(sys.argv[1]), "tests" in sys.argv)
