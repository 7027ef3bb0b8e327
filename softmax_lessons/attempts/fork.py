"""Run an attempt in a fork of this process, which is quick and has all names (Linux)."""

import contextlib
import ctypes
import os
import signal
import threading
from collections.abc import Callable, Sequence

from softmax_lessons.attempts.child import (
    MEMORY,
    SECONDS,
    adopt_orphans,
    close_all_but,
    cut_off,
    end_children,
    limit,
    serve,
)
from softmax_lessons.attempts.run import bind_arguments


class Fork:
    """A fork of this process, and a process in between that ends everything the fork started."""

    def __init__(self, pid: int, control: int, status: int) -> None:
        self._pid, self._control, self._status = pid, control, status
        self._lock = threading.Lock()
        self._code = ""

    def ending(self) -> str:
        """Make sure it has ended, and say how."""
        self.kill()
        code = int(self._code or os.EX_SOFTWARE)
        return f"crashed ({signal.Signals(-code).name})" if code < 0 else "ended itself"

    def kill(self) -> None:
        """End it and all its descendants."""
        with self._lock:
            if self._control < 0:
                return
            os.close(self._control)
            self._code = os.read(self._status, 10).decode()
            os.close(self._status)
            self._control = -1
            # there may be none left: other code may wait for all children
            with contextlib.suppress(ChildProcessError):
                os.waitpid(self._pid, 0)


def start(
    attempt: Callable[..., object], parameters: Sequence[str], requests: int, answers: int
) -> Fork:
    """Return a fork that answers requests about an attempt."""
    control, hold = os.pipe()
    status, tell = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            _watch(attempt, parameters, requests, answers, control, tell)
        finally:
            os._exit(os.EX_SOFTWARE)
    os.close(control)
    os.close(tell)
    return Fork(pid, hold, status)


def _watch(
    attempt: Callable[..., object],
    parameters: Sequence[str],
    requests: int,
    answers: int,
    control: int,
    tell: int,
) -> None:
    """Start the attempt's process, wait until nobody needs it, and end whatever is left."""
    import fcntl

    # a file may have a standard stream's number, if that stream was closed
    requests, answers, control, tell = (
        fcntl.fcntl(fd, fcntl.F_DUPFD, 3) for fd in (requests, answers, control, tell)
    )
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    adopt_orphans()
    pid = os.fork()
    if pid == 0:
        try:
            ctypes.CDLL(None).prctl(1, signal.SIGKILL, 0, 0, 0)  # PR_SET_PDEATHSIG
            os.setsid()
            cut_off(keep=(requests, answers))
            limit(SECONDS, MEMORY)
            serve(bind_arguments(attempt, parameters), requests, answers)
        finally:
            os._exit(os.EX_SOFTWARE)
    close_all_but((control, tell))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.read(control, 1)  # returns when the other end is closed
    os.kill(pid, signal.SIGKILL)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    end_children()
    os.write(tell, str(code).encode())
    os._exit(0)
