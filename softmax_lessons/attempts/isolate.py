"""Run an attempt in a separate process, so that whatever it does stays inside.

It gets inputs and returns plain bytes; it never sees an expected value. Infinite loops, exits,
crashes, huge allocations, patched libraries and changed settings end with it. There are two ways: a
fork of this process (`fork`, Linux), and a process that's kept running (`worker`).
"""

import contextlib
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Protocol

from torch import Tensor

from softmax_lessons.attempts import messages
from softmax_lessons.attempts.child import MEMORY, MOST_PATIENCE, SECONDS
from softmax_lessons.attempts.run import LONGEST_ERROR, Outcome, Probe
from softmax_lessons.attempts.settings import GivenUp

WAYS = ("fork", "worker")
ENVIRONMENT = "SOFTMAX_LESSONS_WAY"
MOST_DEATHS = {"fork": 5, "worker": 2}  # a new worker takes seconds
UNREADABLE = "sent something unreadable"
MOST_AHEAD = 4096  # bytes that any system's pipe holds, so that writing never has to wait
FIELDS = {field.name for field in fields(Outcome)}


def usual_way() -> str:
    """Return the way this system uses, or the one the environment asks for."""
    asked = os.environ.get(ENVIRONMENT, "")
    return asked if asked in WAYS else "fork" if sys.platform.startswith("linux") else "worker"


def prepare() -> None:
    """Start, in the background, whatever the first check would have to wait for."""
    if usual_way() == "worker":
        from softmax_lessons.attempts import worker

        worker.start_in_background()


def run_isolated(
    attempt: Callable[..., object],
    probes: Sequence[Probe],
    parameters: Sequence[str],
    way: str = "",
    given_up: GivenUp | None = None,
) -> list[Outcome]:
    """Return what an attempt does with each probe.

    All probes together have `SECONDS`, or more on a busy machine; the outcome of a probe without an
    answer by then is a TimeoutError.

    Args:
        attempt: a learner's function.
        probes: the inputs to call it with, one after another.
        parameters: the names of its parameters; see `bind_arguments`.
        way: one of `WAYS`, or "" for the usual one.
        given_up: set when nobody is waiting for the outcomes any longer.

    Raises:
        worker.UnsendableError: if the function holds something that can't be sent to a worker.
    """
    way = way or usual_way()
    if way == "fork":
        from softmax_lessons.attempts import fork

        def connect() -> contextlib.AbstractContextManager[Connection]:
            return through_pipes(lambda *fds: fork.start(attempt, parameters, *fds))

    else:
        from softmax_lessons.attempts import worker

        function = worker.pickled(attempt)

        def connect() -> contextlib.AbstractContextManager[Connection]:
            return _with_worker(function, parameters)

    return run_in_processes(connect, probes, SECONDS, MOST_DEATHS[way], given_up)


class Process(Protocol):
    """A process that answers requests."""

    def ending(self) -> str:
        """Make sure it has ended, and say how."""

    def kill(self) -> None:
        """End it and everything it may have started."""


@dataclass
class Connection:
    """A process, and the files for talking to it."""

    process: Process
    requests: int
    answers: int
    before: Callable[[Probe], Probe] | None = None  # returns what to ask instead

    def memory(self) -> int:
        """Return how many bytes the process uses, if nothing else keeps watch."""
        return self.process.memory() if hasattr(self.process, "memory") else 0


@contextlib.contextmanager
def through_pipes(start: Callable[[int, int], Process]) -> Iterator[Connection]:
    """Start a process that reads requests from one file and writes answers to another."""
    to_child, requests = os.pipe()
    answers, to_parent = os.pipe()
    try:
        try:
            process = start(to_child, to_parent)
        finally:
            os.close(to_child)
            os.close(to_parent)
        try:
            yield Connection(process, requests, answers)
        finally:
            process.kill()
    finally:
        os.close(requests)
        os.close(answers)


@contextlib.contextmanager
def _with_worker(function: bytes, parameters: Sequence[str]) -> Iterator[Connection]:
    from softmax_lessons.attempts import worker

    process = worker.take()
    try:
        process.load(function, parameters)
        yield Connection(process, process.requests, process.answers)
    finally:
        worker.give_back(process)


def run_in_processes(
    connect: Callable[[], contextlib.AbstractContextManager[Connection]],
    probes: Sequence[Probe],
    seconds: float = SECONDS,
    most_deaths: int = MOST_DEATHS["fork"],
    given_up: GivenUp | None = None,
) -> list[Outcome]:
    """Do the same with processes from `connect`: a new one whenever one dies."""
    outcomes: list[Outcome] = []
    deaths, allowed, times = 0, seconds, patience()
    while len(outcomes) < len(probes):
        with connect() as connection:
            ready = time.monotonic()  # the clock only starts now
            deadline = ready + seconds * times
            with Watchdog(connection, deadline, given_up) as watchdog:
                try:
                    for outcome in _ask(connection, probes[len(outcomes) :]):
                        outcomes.append(outcome)
                    break
                except (EOFError, ValueError, OSError) as error:
                    trouble = str(error)
            if watchdog.late:
                last = Outcome(error=f"TimeoutError: no answer within {allowed:g} s")
            else:
                trouble = watchdog.why or trouble or connection.process.ending()
                last = Outcome(error=f"Your function's process {trouble}")
                connection.process.kill()
                deaths += 1
        # the next process continues with the next probe, unless all of them would fail the same way
        seconds -= (time.monotonic() - ready) / times
        over = watchdog.late or deaths == most_deaths or seconds <= 0
        outcomes += [last] * (len(probes) - len(outcomes) if over else 1)
    return outcomes


def patience() -> float:
    """Return how many times longer everything takes on a machine with more to do than cores.

    We mustn't reject a right answer because the machine is busy.
    """
    if not hasattr(os, "getloadavg"):  # Windows
        return 1.0
    return min(max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1)), MOST_PATIENCE)


class Watchdog:
    """Ends a process if its time is up, it uses too much memory, or nobody is waiting for it."""

    def __init__(self, connection: Connection, deadline: float, given_up: GivenUp | None) -> None:
        self.late, self.why = False, ""
        self._connection, self._deadline = connection, deadline
        self._given_up = given_up or GivenUp()
        self._done = threading.Event()
        self._most = connection.memory() + MEMORY
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "Watchdog":
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.wait(min(0.05, max(0.0, self._deadline - time.monotonic()))):
            self.late = self._given_up.is_set() or time.monotonic() >= self._deadline
            if self._connection.memory() > self._most:
                self.why = f"took more than {MEMORY >> 30} GB of memory"
            if self.late or self.why:
                self._connection.process.kill()
                return


def _ask(connection: Connection, probes: Sequence[Probe]) -> Iterator[Outcome]:
    """Yield what the attempt does with each probe, while the next ones wait in the pipe.

    Raises:
        EOFError or OSError: if the process died.
        ValueError: if a reply isn't an answer to the question.
    """
    asked: deque[tuple[Probe, str, int]] = deque()
    for probe in probes:
        if connection.before:
            probe = connection.before(probe)
        # the attempt can write to the pipe, too, but it can't know this number
        nonce = os.urandom(8).hex()
        request = {"nonce": nonce, "gradient": probe.gradient, "seed": probe.seed}
        request["arguments"] = (probe.logits, *probe.rest)
        message = messages.pack(request)
        while asked and sum(size for _, _, size in asked) + len(message) > MOST_AHEAD:
            yield _answer(connection, *asked.popleft()[:2])
        with contextlib.suppress(BrokenPipeError):  # reading will then show that it died
            messages.write(connection.requests, message)
        asked.append((probe, nonce, len(message)))
        if connection.before:
            yield _answer(connection, *asked.popleft()[:2])
    for probe, nonce, _ in asked:
        yield _answer(connection, probe, nonce)


def _answer(connection: Connection, probe: Probe, nonce: str) -> Outcome:
    """Return the answer to a request."""
    body = messages.read(connection.answers, messages.LARGEST_ANSWER)
    if not body:
        raise EOFError
    try:
        answer = messages.unpack(body)
        if answer.pop("nonce") == nonce and answer.keys() == FIELDS and _sound(answer, probe):
            after, called = tuple(answer["after"]), tuple(answer["called"])
            return Outcome(**{**answer, "after": after, "called": called})
    except messages.NO_MESSAGE:
        pass
    raise ValueError(UNREADABLE)


def _sound(answer: dict[str, object], probe: Probe) -> bool:
    """Tell whether an answer has the types of an outcome; the attempt may have forged it."""
    value, grad, after, called = (answer[k] for k in ("value", "grad", "after", "called"))
    return (
        all(_short(answer[name]) for name in ("error", "kind", "grad_error"))
        and isinstance(after, list)
        and all(x is None or isinstance(x, Tensor) for x in (value, grad, *after))
        and (answer["kind"] != "Tensor" or value is not None)
        and (value is None or len(after) == len(probe.tensors))
        and (grad is None or (grad.is_floating_point() and grad.shape == probe.logits.shape))
        and isinstance(called, list)
        and len(called) < 10_000
        and all(map(_short, called))
    )


def _short(text: object) -> bool:
    return isinstance(text, str) and len(text) <= 2 * LONGEST_ERROR
