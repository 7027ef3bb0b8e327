"""The code that runs in an attempt's process: it answers one request after another."""

import builtins
import contextlib
import faulthandler
import os
import random
import signal
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy.random  # NumPy loads it on first use, which would be in every fork
import psutil
import torch

from softmax_lessons.attempts.messages import pack, read, unpack, write
from softmax_lessons.attempts.run import Probe, calls, run

SECONDS = 3.0  # for all of an attempt's probes together; an ordinary one takes 0.01
MOST_PATIENCE = 4.0  # how many times longer it may take on a busy machine
MEMORY = 2 << 30  # bytes on top of what the process has when it starts


def serve(function: Callable[..., object], requests: int, answers: int) -> None:
    """Answer requests until there are no more, then end this process."""
    first = True
    while body := read(requests):
        write(answers, pack(answer(function, unpack(body), first)))
        first = False
    os._exit(0)


def answer(
    function: Callable[..., object], request: dict[str, object], first: bool
) -> dict[str, object]:
    """Return what a function does with the arguments in a request, and which functions it calls."""
    logits, *rest = request["arguments"]
    probe = Probe(logits, 0, request["gradient"], others=tuple(rest))
    # a test that draws random numbers gets the same ones for each function it tests
    torch.default_generator.manual_seed(request["seed"])
    random.seed(request["seed"])
    numpy.random.seed(request["seed"])
    with calls(operators=first) as called:
        outcome = run(function, probe)
    return {**vars(outcome), "called": sorted(called), "nonce": request["nonce"]}


def warm_up() -> None:
    """Load what PyTorch only loads on first use, such as SymPy for a comparison."""
    x = torch.ones(2, requires_grad=True)
    (torch.softmax(x, 0) @ x).backward()
    torch.testing.assert_close(torch.ones(1), torch.ones(1))
    torch.set_num_threads(1)


def cut_off(keep: Sequence[int]) -> None:
    """Cut this process off from its standard streams and from all files except those to keep."""
    faulthandler.disable()  # the verdict reports a crash
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    close_all_but(keep)
    sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115 (it stays open)
    sys.stdout = sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    builtins.input = lambda prompt="": sys.stdin.readline()
    if "IPython" in sys.modules and (shell := sys.modules["IPython"].get_ipython()):
        from IPython.core.displaypub import CapturingDisplayPublisher

        shell.display_pub = CapturingDisplayPublisher()
    warnings.resetwarnings()
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)  # the threads in a parent's pool don't exist in its fork


def close_all_but(keep: Sequence[int]) -> None:
    """Close all files except the standard streams and those to keep."""
    if hasattr(os, "sysconf"):  # on other systems, no files are inherited
        for low, high in pairwise([2, *sorted(keep), os.sysconf("SC_OPEN_MAX")]):
            os.closerange(low + 1, high)


def limit(seconds: float, memory: int) -> None:
    """Limit this process's resources, if the system can."""
    try:
        import resource
    except ImportError:  # on Windows, the parent takes care of this
        return
    now = _address_space(resource.getpagesize())
    resource.setrlimit(resource.RLIMIT_AS, (now + memory, now + memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if seconds:  # even if the parent dies, an infinite loop ends
        cpu = int(time.process_time() + MOST_PATIENCE * seconds) + 2
        resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu))


def _address_space(page: int) -> int:
    """Return how many bytes this process has, mapped or not."""
    try:
        # psutil looks up a process by its number, which in a namespace may be a different process's
        with open("/proc/self/statm", encoding="ascii") as file:
            return page * int(file.read().split()[0])
    except OSError:  # macOS
        return psutil.Process().memory_info().vms


def adopt_orphans() -> None:
    """Become the parent of all this process's descendants that lose theirs (Linux)."""
    if sys.platform.startswith("linux"):
        import ctypes

        ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER


def end_children(pid: int | None = None, seconds: float = 1.0) -> None:
    """End all descendants of a process, whatever they did; without a `pid`, of this process."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if pid is None:
            try:
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
            except ChildProcessError:  # none left
                return
        left = False
        with contextlib.suppress(psutil.NoSuchProcess):
            for child in psutil.Process(pid).children(recursive=True):
                with contextlib.suppress(psutil.Error):
                    left = left or child.status() != psutil.STATUS_ZOMBIE
                    child.kill()
        if pid is not None and not left:
            return
