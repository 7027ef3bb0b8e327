"""What runs in the process of an attempt: it answers one request after another."""

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

import numpy.random  # numpy loads it when it is first used, which would be in each fork
import psutil
import torch

from softmax_lessons.attempts.messages import pack, read, unpack, write
from softmax_lessons.attempts.run import Probe, calls, run

SECONDS = 3.0  # for all probes of an attempt together; an ordinary one takes 0.01
MOST_PATIENCE = 4.0  # how many times as long it may take on a busy machine
MEMORY = 2 << 30  # bytes more than this process has when it starts


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
    # a test that draws numbers draws the same ones for each function that it tests
    torch.default_generator.manual_seed(request["seed"])
    random.seed(request["seed"])
    numpy.random.seed(request["seed"])
    with calls(operators=first) as called:
        outcome = run(function, probe)
    return {**vars(outcome), "called": sorted(called), "nonce": request["nonce"]}


def warm_up() -> None:
    """Load what PyTorch loads when it is first used: SymPy for a comparison, for one."""
    x = torch.ones(2, requires_grad=True)
    (torch.softmax(x, 0) @ x).backward()
    torch.testing.assert_close(torch.ones(1), torch.ones(1))
    torch.set_num_threads(1)


def cut_off(keep: Sequence[int]) -> None:
    """Take from this process its standard streams and all files but those to keep."""
    faulthandler.disable()  # a crash is told in the verdict
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
    torch.set_num_threads(1)  # the threads of a parent's pool do not exist in its fork


def close_all_but(keep: Sequence[int]) -> None:
    """Close all files but the standard streams and those to keep."""
    if hasattr(os, "sysconf"):  # elsewhere no file is inherited
        for low, high in pairwise([2, *sorted(keep), os.sysconf("SC_OPEN_MAX")]):
            os.closerange(low + 1, high)


def limit(seconds: float, memory: int) -> None:
    """Bound what this process may take, where the system can."""
    try:
        import resource
    except ImportError:  # Windows; there the parent looks after it
        return
    now = _address_space(resource.getpagesize())
    resource.setrlimit(resource.RLIMIT_AS, (now + memory, now + memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if seconds:  # should its parent die, an infinite loop ends all the same
        cpu = int(time.process_time() + MOST_PATIENCE * seconds) + 2
        resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu))


def _address_space(page: int) -> int:
    """Return how many bytes this process has, mapped or not."""
    try:
        # psutil asks for a process by its number, which in a namespace is another one's
        with open("/proc/self/statm", encoding="ascii") as file:
            return page * int(file.read().split()[0])
    except OSError:  # macOS
        return psutil.Process().memory_info().vms


def adopt_orphans() -> None:
    """Become the parent of all processes that come from this one and lose theirs (Linux)."""
    if sys.platform.startswith("linux"):
        import ctypes

        ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER


def end_children(pid: int | None = None, seconds: float = 1.0) -> None:
    """End all descendants of a process, whatever they did; without a `pid`, of this one."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if pid is None:
            try:
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
            except ChildProcessError:  # none is left
                return
        left = False
        with contextlib.suppress(psutil.NoSuchProcess):
            for child in psutil.Process(pid).children(recursive=True):
                with contextlib.suppress(psutil.Error):
                    left = left or child.status() != psutil.STATUS_ZOMBIE
                    child.kill()
        if pid is not None and not left:
            return
