"""The grader's side of a process that has PyTorch loaded and forks a process for each submission.

`starter` is what runs inside it. Nothing here loads PyTorch: both sides can do that at once.
"""

import atexit
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading

from softmax_lessons.grading.jobs import MachineError

START = (
    "import json, sys; sys.path[:] = json.load(sys.stdin); "
    "from softmax_lessons.grading.starter import main; main(int(sys.argv[1]), sys.argv[2])"
)
# its whole environment, because an answer can read it
ENVIRONMENT = {
    "HOME": "/tmp",
    "MPLBACKEND": "agg",
    "CUDA_VISIBLE_DEVICES": "",
    **dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"),
}
START_SECONDS, REPLY_SECONDS = 300, 60
NOT_CONFINED = 113  # the exit code of a process that couldn't be confined


class ForkServer:
    """The grader's side: starts the process, restarts it if it dies, and asks it for others."""

    def __init__(self, holds: str = "") -> None:
        """Start it, without waiting for what it loads.

        Args:
            holds: "subjects" if it knows the functions for learners' tests and forks processes for
                them; otherwise, it forks processes for answers.
        """
        self._holds, self._lock = holds, threading.Lock()
        self._starter = _Starter(holds)

    def wait_until_ready(self) -> None:
        """Wait until it has loaded everything.

        Raises:
            MachineError: if it can't start.
        """
        self._starter.wait_until_ready()

    def start(self, request: dict, *fds: int) -> "Forked":
        """Return a process that handles a request with these files."""
        with self._lock:
            try:
                return self._starter.fork(request, fds)
            except (OSError, ValueError):  # it died, and so did everything it had started
                self._starter.close()
                try:
                    self._starter = _Starter(self._holds)
                    return self._starter.fork(request, fds)
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
        self._ready = False

    def wait_until_ready(self) -> None:
        with self._lock:
            if self._ready:
                return
            try:
                said = self._replies.readline().strip()
                if said != "ready":
                    how = f"couldn't start: {said}" if said else "ended by itself"
                    raise MachineError(f"the process that starts all the others {how}")
                self._socket.settimeout(REPLY_SECONDS)
            except BaseException:
                self.close()
                raise
            self._ready = True

    def fork(self, request: dict, fds: tuple[int, ...]) -> "Forked":
        return Forked(self, self._ask(request, fds)["pid"])

    def end(self, pid: int) -> int:
        """End a process and return its exit code."""
        return self._ask({"end": pid}, ())["code"]

    def _ask(self, request: dict, fds: tuple[int, ...]) -> dict:
        message = json.dumps(request).encode()
        self.wait_until_ready()
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


_servers: dict[tuple[int, str], ForkServer] = {}  # by process; a fork can't use its parent's
_starting = threading.Lock()


def own(holds: str = "") -> ForkServer:
    """Return this process's own server, starting it on first use."""
    with _starting:
        key = os.getpid(), holds
        if key not in _servers:
            _servers[key] = ForkServer(holds)
        return _servers[key]


@atexit.register
def close() -> None:
    """End this process's own servers and everything they started."""
    with _starting:
        for key in [key for key in _servers if key[0] == os.getpid()]:
            _servers.pop(key).close()
