"""What runs in the process that forks the others: it loads PyTorch once, and knows no answers."""

import contextlib
import ctypes
import gc
import json
import os
import signal
import socket

from softmax_lessons.attempts.child import close_all_but, cut_off, limit, serve, warm_up
from softmax_lessons.attempts.messages import pack, write
from softmax_lessons.attempts.run import bind_arguments
from softmax_lessons.attempts.settings import in_plain_thread
from softmax_lessons.grading import replay, sandbox, subjects
from softmax_lessons.grading.forkserver import NOT_CONFINED
from softmax_lessons.grading.jobs import MEMORY

LARGE_PAGE, COLLAPSE = 2 << 20, 25  # from Linux's headers
MOST_FILES = 4  # files that come with a request


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
    limit(request["seconds"], MEMORY)
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
