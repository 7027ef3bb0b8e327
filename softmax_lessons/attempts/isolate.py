"""Run an attempt in a process of its own, so that whatever it does stays there.

A fork of this process runs the attempt, with torch loaded and every name the learner defined
in place. It gets one input at a time and gives back plain bytes; it never sees an expected
value. Endless loops, exits, crashes, huge allocations, patched libraries and changed settings
end with it. Windows and macOS have no safe fork: there the attempt runs in this process, and
the verdict says so.
"""

import builtins
import contextlib
import faulthandler
import io
import json
import os
import select
import signal
import struct
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields
from itertools import pairwise
from typing import Protocol

import torch
from torch import Tensor

from softmax_lessons.attempts.run import Outcome, Probe, as_called, calls, operators, run

CAN_ISOLATE = sys.platform.startswith("linux")
SECONDS = 3.0  # for all probes of an attempt together; an ordinary one takes 0.01
MEMORY = 2 << 30  # bytes more than this process has when it forks
MOST_DEATHS = 5
LARGEST_ANSWER = 16 << 20  # bytes
DTYPES = {
    str(dtype): dtype
    for dtype in (
        *(torch.float16, torch.bfloat16, torch.float32, torch.float64),
        *(torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64, torch.bool),
    )
}
UNREADABLE = "sent something unreadable"
ANSWERS = {"run": {field.name for field in fields(Outcome)}, "calls": {"names"}}


def run_isolated(
    attempt: Callable[..., object], probes: Sequence[Probe], parameters: Sequence[str]
) -> tuple[list[Outcome], set[str]]:
    """Return what an attempt does with each probe, and which torch functions it calls.

    All probes together have `SECONDS`; what has not answered by then has a TimeoutError.
    """
    if CAN_ISOLATE:
        return run_in_children(lambda *pipes: _fork(attempt, parameters, *pipes), probes)
    with _quiet():
        function = as_called(attempt, parameters)
        return [run(function, probe) for probe in probes], calls(function, probes[0])


def run_in_children(
    start: Callable[[int, int], "Process"], probes: Sequence[Probe], seconds: float = SECONDS
) -> tuple[list[Outcome], set[str]]:
    """Do the same with a process that `start` makes, and another one each time that it dies.

    Args:
        start: called with two file descriptors, one to read requests from and one to write
            answers to; returns the process that `serve`s them.
        probes: the inputs, sent one at a time.
        seconds: for all of them together.
    """
    deadline = time.monotonic() + seconds
    outcomes, called, deaths = [], set(), 0
    while len(outcomes) < len(probes):
        child = _Child(start, deadline)
        try:
            for probe in probes[len(outcomes) :]:
                outcomes.append(child.run(probe))
            called = child.calls(probes[0])
        except TimeoutError:
            what = f"no answer within {seconds:g} s. Is there an endless loop?"
            lost = Outcome(error=f"TimeoutError: {what}")
            outcomes += [lost] * (len(probes) - len(outcomes))
        except (EOFError, ValueError) as error:
            if len(outcomes) < len(probes):  # the next process goes on with the next probe
                what = str(error) or child.process.ending()
                outcomes.append(Outcome(error=f"Your function's process {what}"))
            deaths += 1
            if deaths == MOST_DEATHS:  # it will be the same with the other probes
                outcomes += [outcomes[-1]] * (len(probes) - len(outcomes))
        finally:
            child.close()
    return outcomes, called


class Process(Protocol):
    """A process that serves requests."""

    def ending(self) -> str:
        """Say how it ended."""

    def kill(self) -> None:
        """End it, and all that it may have started."""


class _Fork:
    """A fork of this process."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._status: int | None = None

    def ending(self) -> str:
        code = os.waitstatus_to_exitcode(self._wait())
        return f"crashed ({signal.Signals(-code).name})" if code < 0 else "ended itself"

    def kill(self) -> None:
        if self._status is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._pid, signal.SIGKILL)
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGKILL)
            self._wait()

    def _wait(self) -> int:
        if self._status is None:
            self._status = os.waitpid(self._pid, 0)[1]
        return self._status


def _fork(
    attempt: Callable[..., object], parameters: Sequence[str], requests: int, answers: int
) -> _Fork:
    with warnings.catch_warnings():
        # Python warns of threads; the child uses none of them, as a DataLoader worker
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid == 0:
        try:
            enter_child(keep=(requests, answers))
            serve(as_called(attempt, parameters), requests, answers)
        finally:
            os._exit(70)
    return _Fork(pid)


class _Child:
    """A process that answers one probe after another."""

    def __init__(self, start: Callable[[int, int], Process], deadline: float) -> None:
        to_child, self._requests = os.pipe()
        self._answers, to_parent = os.pipe()
        self._deadline = deadline
        try:
            self.process = start(to_child, to_parent)
        finally:
            os.close(to_child)
            os.close(to_parent)

    def run(self, probe: Probe) -> Outcome:
        """Return what the attempt does with a probe.

        Raises:
            EOFError: if the child died.
            TimeoutError: at the deadline.
            ValueError: if what came back is no answer to the question.
        """
        answer = self._ask("run", probe)
        value, grad, after = answer["value"], answer["grad"], answer["after"]
        # what the attempt may have made of the answer is looked at as if it came from anywhere
        sound = (
            all(isinstance(answer[name], str) for name in ("error", "kind", "grad_error"))
            and isinstance(after, list)
            and all(x is None or isinstance(x, Tensor) for x in (value, grad, *after))
            and (answer["kind"] != "Tensor" or value is not None)
            and (value is None or len(after) == len(probe.tensors))
        )
        if not sound:
            raise ValueError(UNREADABLE)
        return Outcome(**{**answer, "after": tuple(after)})

    def calls(self, probe: Probe) -> set[str]:
        """Return the names of the torch functions that the attempt calls; raises as `run`."""
        names = self._ask("calls", probe)["names"]
        if not (isinstance(names, list) and all(isinstance(name, str) for name in names)):
            raise ValueError(UNREADABLE)
        return set(names)

    def _ask(self, question: str, probe: Probe) -> dict:
        # the attempt can write to the pipe as well; it can't know this
        nonce = os.urandom(8).hex()
        request = {"nonce": nonce, "question": question, "gradient": probe.gradient}
        request["arguments"] = (probe.logits, *probe.rest)
        with contextlib.suppress(BrokenPipeError):  # then reading says that it died
            _write(self._requests, _pack(request))
        size = struct.unpack(">I", self._read(4))[0]
        if size > LARGEST_ANSWER:
            raise ValueError(f"returned {size >> 20} MB")
        try:
            answer = _unpack(self._read(size))
            if answer.pop("nonce") == nonce and answer.keys() == ANSWERS[question]:
                return answer
        except (ValueError, TypeError, KeyError, AttributeError, RuntimeError):
            pass
        raise ValueError(UNREADABLE)

    def _read(self, count: int) -> bytes:
        parts = b""
        while len(parts) < count:
            wait = self._deadline - time.monotonic()
            if wait <= 0 or not select.select([self._answers], [], [], wait)[0]:
                raise TimeoutError
            part = os.read(self._answers, min(count - len(parts), 1 << 20))
            if not part:
                raise EOFError
            parts += part
        return parts

    def close(self) -> None:
        self.process.kill()
        os.close(self._requests)
        os.close(self._answers)


def serve(function: Callable[..., object], requests: int, answers: int) -> None:
    """Answer requests until there are no more, then end; runs in the child."""
    while header := _read_exactly(requests, 4):
        request = _unpack(_read_exactly(requests, struct.unpack(">I", header)[0]))
        logits, *rest = request["arguments"]
        probe = Probe(logits, 0, request["gradient"], others=tuple(rest))
        if request["question"] == "run":
            answer = vars(run(function, probe))
        else:
            answer = {"names": sorted(calls(function, probe) | operators(function, probe))}
        _write(answers, _pack({**answer, "nonce": request["nonce"]}))
    os._exit(0)


def enter_child(keep: Sequence[int], seconds: float = SECONDS, memory: int = MEMORY) -> None:
    """Cut a child off from its parent: no files, no input, one thread, bounded memory."""
    os.setsid()
    faulthandler.disable()  # a crash is told in the verdict
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    # a notebook talks to its server through files that were open at the fork
    ends = [2, *sorted(keep), os.sysconf("SC_OPEN_MAX")]
    for low, high in pairwise(ends):
        os.closerange(low + 1, high)
    sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115 (it stays open)
    sys.stdout = sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    builtins.input = lambda prompt="": sys.stdin.readline()
    if "IPython" in sys.modules and (shell := sys.modules["IPython"].get_ipython()):
        from IPython.core.displaypub import CapturingDisplayPublisher

        shell.display_pub = CapturingDisplayPublisher()
    warnings.resetwarnings()
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)  # the threads of the parent's pool do not exist here

    import resource

    with open("/proc/self/statm", encoding="ascii") as file:
        now = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now + memory, now + memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # should this process's parent die, an endless loop ends all the same
    cpu = int(time.process_time() + seconds) + 2
    resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu))


def _pack(message: dict[str, object]) -> bytes:
    """Return a message: its length, a line of JSON, then the bytes of the tensors in it."""
    blobs: list[bytes] = []

    def placeholder(x: Tensor) -> dict[str, object]:
        # a clone, since a single entry counts as contiguous whatever its stride
        flat = x.detach().reshape(-1).clone(memory_format=torch.contiguous_format)
        blobs.append(flat.view(torch.uint8).numpy().tobytes())
        return {"dtype": str(x.dtype), "shape": list(x.shape), "bytes": len(blobs[-1])}

    body = json.dumps(message, default=placeholder).encode() + b"\n" + b"".join(blobs)
    return struct.pack(">I", len(body)) + body


def _unpack(body: bytes) -> dict[str, object]:
    """Return the fields of a message; ValueError, TypeError or KeyError if it is none."""
    line, _, rest = body.partition(b"\n")
    start = 0

    def tensor(found: dict[str, object]) -> object:
        nonlocal start
        if found.keys() != {"dtype", "shape", "bytes"}:
            return found
        blob = bytearray(rest[start : start + found["bytes"]])
        start += found["bytes"]
        # frombuffer refuses an empty buffer
        flat = torch.frombuffer(blob, dtype=torch.uint8) if blob else torch.empty(0).byte()
        return flat.view(DTYPES[found["dtype"]]).reshape(found["shape"])

    return json.loads(line, object_hook=tensor)


def _write(fd: int, message: bytes) -> None:
    view = memoryview(message)
    while view:
        view = view[os.write(fd, view) :]


def _read_exactly(fd: int, count: int) -> bytes:
    parts = b""
    while len(parts) < count:
        part = os.read(fd, count - len(parts))
        if not part:
            return b""
        parts += part
    return parts


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Where there is no isolation: let no text or warning out, and keep torch's settings."""
    default_dtype = torch.get_default_dtype()
    with (
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()),
        warnings.catch_warnings(),
        torch.random.fork_rng(devices=[]),
        torch.enable_grad(),
    ):
        warnings.simplefilter("ignore")
        try:
            yield
        finally:
            torch.set_default_dtype(default_dtype)
