"""A process that has torch loaded, knows no answers, and forks a process for each submission.

`ForkServer` starts it and talks to it; `main` runs inside it.
"""

import contextlib
import ctypes
import gc
import json
import os
import signal
import socket
import subprocess
import sys
import threading

from softmax_lessons.attempts.child import close_all_but, cut_off, limit, serve, warm_up
from softmax_lessons.attempts.messages import pack, write
from softmax_lessons.attempts.run import bind_arguments
from softmax_lessons.attempts.settings import in_plain_thread
from softmax_lessons.grading import replay, sandbox, subjects
from softmax_lessons.grading.jobs import MachineError

START = (
    "import json, sys; sys.path[:] = json.load(sys.stdin); "
    "from softmax_lessons.grading.forkserver import main; main(int(sys.argv[1]), sys.argv[2])"
)
# its whole environment, because an answer can read it
ENVIRONMENT = {
    "HOME": "/tmp",
    "MPLBACKEND": "agg",
    "CUDA_VISIBLE_DEVICES": "",
    **dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"),
}
START_SECONDS, REPLY_SECONDS = 300, 60
LARGE_PAGE, COLLAPSE = 2 << 20, 25  # from Linux's headers
MOST_FILES = 4  # files that come with a request
NOT_CONFINED = 113  # the exit code of a process that couldn't be confined


class ForkServer:
    """The grader's side: starts the process, restarts it if it dies, and asks it for others."""

    def __init__(self, seconds: float, memory: int, holds: str = "") -> None:
        """Start it.

        Args:
            seconds: the time limit for a process that it forks.
            memory: the memory limit for it, in bytes.
            holds: "subjects" if it knows the functions for learners' tests and forks processes for
                them; otherwise, it forks processes for answers.
        """
        self._limits = {"seconds": seconds, "memory": memory}
        self._holds, self._lock = holds, threading.Lock()
        self._starter = _Starter(holds)

    def start(self, request: dict, *fds: int) -> "Forked":
        """Return a process that handles a request with these files."""
        with self._lock:
            try:
                return self._starter.fork({**self._limits, **request}, fds)
            except (OSError, ValueError):  # it died, and so did everything it had started
                self._starter.close()
                try:
                    self._starter = _Starter(self._holds)
                    return self._starter.fork({**self._limits, **request}, fds)
                except (OSError, ValueError) as error:
                    raise MachineError("couldn't start a process for this answer") from error

    def close(self) -> None:
        """End it and every process that's left."""
        self._starter.close()


class _Starter:
    """One run of that process."""

    def __init__(self, holds: str) -> None:
        self._lock = threading.Lock()
        self._socket, theirs = socket.socketpair()
        # Python may need this to start at all
        libraries = {k: v for k, v in os.environ.items() if k == "LD_LIBRARY_PATH"}
        with theirs:
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-I", "-B", "-X", "utf8", "-c", START),
                    *(str(theirs.fileno()), holds),
                ],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.PIPE,  # an answer can read the command
                env={**ENVIRONMENT, **libraries},
                cwd="/",
                start_new_session=True,  # Ctrl-C is only for the grader
            )
        with contextlib.suppress(BrokenPipeError), self._process.stdin as path:
            path.write(json.dumps(sys.path).encode())
        self._socket.settimeout(START_SECONDS)
        self._replies = self._socket.makefile("r", encoding="utf-8")
        try:
            said = self._replies.readline().strip()
            if said != "ready":
                how = f"couldn't start: {said}" if said else "ended by itself"
                raise MachineError(f"the process that starts all the others {how}")
            self._socket.settimeout(REPLY_SECONDS)
        except BaseException:
            self.close()
            raise

    def fork(self, request: dict, fds: tuple[int, ...]) -> "Forked":
        return Forked(self, self._ask(request, fds)["pid"])

    def end(self, pid: int) -> int:
        """End a process and return its exit code."""
        return self._ask({"end": pid}, ())["code"]

    def _ask(self, request: dict, fds: tuple[int, ...]) -> dict:
        message = json.dumps(request).encode()
        with self._lock:
            # send the files with the length, so that they arrive with the right request
            header = len(message).to_bytes(4, "big")
            if fds:
                socket.send_fds(self._socket, [header], fds)
            else:
                self._socket.sendall(header)
            self._socket.sendall(message)
            return json.loads(self._replies.readline())

    def close(self) -> None:
        self._socket.close()
        self._process.kill()
        self._process.wait()
        self._replies.close()


class Forked:
    """One process for an answer, with the interface that `attempts.isolate` needs."""

    def __init__(self, starter: _Starter, pid: int) -> None:
        self._starter, self._pid = starter, pid
        self._code: int | None = None
        self._lost = False

    def ending(self) -> str:
        """Make sure it has ended, and say how.

        Raises:
            MachineError: if that wasn't its own doing.
        """
        self.kill()
        if self._lost:
            raise MachineError("the process that starts all the others ended")
        if self._code == NOT_CONFINED:
            raise MachineError("couldn't make a sandbox for this answer")
        if self._code < 0:
            return f"crashed ({signal.Signals(-self._code).name})"
        return "ended itself"

    def kill(self) -> None:
        """End it."""
        if self._code is None and not self._lost:
            try:
                self._code = self._starter.end(self._pid)
            except (OSError, ValueError, KeyError):
                self._lost = True


def main(fd: int, holds: str) -> None:
    """Serve requests until the grader hangs up."""
    os.environ.pop("LD_LIBRARY_PATH", None)
    grader = socket.socket(fileno=fd)
    try:
        _load(holds)
        _use_large_pages()
    except OSError as error:  # for example, if the disk is full
        grader.sendall(f"{error.strerror}\n".encode())
        os._exit(os.EX_OSERR)
    # a fork has a single thread, whatever a library has started
    pid = os.fork()
    if pid:
        close_all_but(())
        os.waitpid(pid, 0)
        os._exit(0)
    sandbox.die_with_parent()
    sandbox.has_seccomp()  # finds libseccomp while it can still see all files
    sandbox.enter()
    gc.freeze()  # otherwise, each fork's first collection would copy most of this process
    with grader:
        grader.sendall(b"ready\n")
        while True:
            header, fds, _, _ = socket.recv_fds(grader, 4, MOST_FILES)
            if len(header) < 4:
                os._exit(0)
            request = json.loads(_receive(grader, int.from_bytes(header, "big")))
            if "end" in request:
                reply = {"code": _end(request["end"])}
            else:
                reply = {"pid": sandbox.fork()}
                if reply["pid"] == 0:
                    try:
                        _become(request, *fds)
                    finally:
                        os._exit(NOT_CONFINED)
                for each in fds:
                    os.close(each)
            grader.sendall(json.dumps(reply).encode() + b"\n")


def _load(holds: str) -> None:
    warm_up()
    in_plain_thread(lambda given_up: None)  # loads a part of PyTorch on first use
    if holds == "subjects":
        from softmax_lessons.lessons import tasks

        tasks()
    else:
        replay.prepare()


def _use_large_pages() -> None:
    """Map the existing memory in pages of 2 MB, if this Linux can (since 6.1).

    A fork copies the page table, so it then takes a quarter of the time.
    """
    advise = ctypes.CDLL(None).madvise
    advise.argtypes = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int
    with open("/proc/self/maps", encoding="utf-8") as file:
        parts = [line.split() for line in file]
    for place, rights, _, _, _, *name in parts:
        start, end = (int(address, 16) for address in place.split("-"))
        if rights.startswith("rw") and name in ([], ["[heap]"]) and end - start >= LARGE_PAGE:
            advise(start, end - start, COLLAPSE)  # skip what can't be done


def _receive(grader: socket.socket, count: int) -> bytes:
    parts = b""
    while len(parts) < count:
        part = grader.recv(count - len(parts))
        if not part:
            os._exit(0)
        parts += part
    return parts


def _end(pid: int) -> int:
    """Kill a child, unless it has ended by itself, and return its exit code."""
    done, status = os.waitpid(pid, os.WNOHANG)
    if not done:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        status = os.waitpid(pid, 0)[1]
    return os.waitstatus_to_exitcode(status)


def _become(request: dict, *fds: int) -> None:
    """Turn this fork into the process for one answer."""
    os.setsid()
    cut_off(fds)
    limit(request["seconds"], request["memory"])
    sandbox.confine()
    try:
        if "subjects" in request:
            from softmax_lessons.lessons import tasks

            hunt = tasks()[request["subjects"]]
            subjects.serve((*hunt.right, *(function for _, function in hunt.broken)), *fds)
            return
        requests, answers, *to_subjects = fds
        function, took_too_long = replay.attempt(request)
        if to_subjects:
            function = subjects.tested(function, *to_subjects)
        if request["full"]:
            write(answers, pack({"cut_off": took_too_long}))
        bound = bind_arguments(function, request["parameters"])
        in_plain_thread(lambda given_up: serve(bound, requests, answers))
    finally:
        os._exit(os.EX_SOFTWARE)
