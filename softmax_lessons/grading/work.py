"""The work on one answer: run it in a separate process, compare the outcomes, and mark it.

Any process can do it: each starts what it needs with the first answer, and keeps it.
"""

import contextlib
import hashlib
import json
import os
import re
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from softmax_lessons.attempts import messages
from softmax_lessons.attempts.isolate import (
    Connection,
    Watchdog,
    patience,
    run_in_processes,
    through_pipes,
)
from softmax_lessons.attempts.run import Outcome, Probe
from softmax_lessons.attempts.settings import GivenUp
from softmax_lessons.checker.hunt import Hunt
from softmax_lessons.checker.verdict import Verdict
from softmax_lessons.grading import forkserver
from softmax_lessons.grading.forkserver import ForkServer
from softmax_lessons.grading.jobs import Job, MachineError, Mark, conditions, course
from softmax_lessons.grading.notebook import Answer, Try, shown, without_drawing
from softmax_lessons.grading.replay import NotAFunctionError
from softmax_lessons.lessons import tasks

LONGEST_TEXT = 2000  # characters in a learner's feedback
# the beginning of errors that may be different next time
TRANSIENT = ("TimeoutError: no answer", "Your function's process ")
NOTEBOOK_SECONDS = 20.0  # for all cells; a statement gets a quarter of the remaining time
OVERTIME = 1.5  # for a notebook that exceeds its time
MOST_GRANTED = 500  # answers to remember; one takes 50 kB
MOST_DEATHS = 2  # for a process that has to run a whole notebook first
HIDDEN = (
    "The result is right, but the process didn't report which functions it called to get it, as "
    "every other answer does. No point; look at the code."
)

CUT_OFF = (
    "(The whole notebook couldn't be run to its end: one of its cells takes too long, or ends its "
    "process.)"
)


@dataclass(frozen=True)
class Ran:
    """An answer that has been run.

    Attributes:
        verdict: the verdict on it.
        probes: its inputs.
        outcomes: what it did with them.
        cut_off: whether a statement of its notebook took too long.
    """

    verdict: Verdict
    probes: Sequence[Probe]
    outcomes: Sequence[Outcome]
    cut_off: bool = False


class NotebookError(Exception):
    """A notebook can't be run to its end."""


_granted: dict[tuple[bytes, float], Ran] = {}  # by an answer's statements and the time limit
given_up = GivenUp()  # set when nobody is waiting for this process's work any longer


def prepare(exercises: Iterable[str]) -> None:
    """Start what answers to these exercises need, so that no thread has to wait for it later.

    What's known from an earlier call is forgotten.
    """
    _granted.clear()
    servers = [_server()]
    if any(isinstance(tasks()[name], Hunt) for name in exercises):
        # the functions for learners' tests are answers to other exercises
        servers.append(_server("subjects"))
    for server in servers:
        server.wait_until_ready()


def _server(holds: str = "") -> ForkServer:
    """Return this process's own server."""
    if given_up.is_set():
        raise MachineError("it was stopped")
    return forkserver.own(holds)


def work(job: Job) -> Mark:
    """Return the mark for an answer; it also reports whatever goes wrong."""
    try:
        if job.answer is None:
            raise MachineError("its notebook couldn't be read a second time")
        if job.conditions != conditions(job.seconds):
            raise MachineError(
                "where it ran, the course, PyTorch or Python has a different version, or the "
                "sandbox a different level"
            )
        try:
            mark = _mark(job)
        except MachineError:  # for example, if all processes died, through no fault of this answer
            mark = _mark(job)
    except Exception as error:  # one bad answer mustn't stop all the others
        return not_graded(job, error)
    return replace(mark, sure=mark.sure and not given_up.is_set())


def not_graded(job: Job, error: BaseException) -> Mark:
    """Return the mark for an answer that couldn't be graded for some other reason."""
    name, why = job.exercise, str(error) if isinstance(error, MachineError) else repr(error)
    says = f"{name}: this answer couldn't be graded. The next run will try again."
    trouble = f"{name} wasn't graded, and will be in the next run: {_plain(why)}"
    return Mark(job.learner, name, 0, (), (), says, job.key, False, trouble)


def _mark(job: Job) -> Mark:
    name = job.exercise
    shown, outcomes, finished = run(name, job.answer, job.seconds)
    verdict = shown.verdict
    points, says = int(verdict.passed), verdict.account
    if points and getattr(tasks()[name], "by_hand", ()) and not all(o.called for o in outcomes):
        points, says = 0, f"{name}: {HIDDEN}"
    if not finished:
        says = f"{says}\n{CUT_OFF}"
    return Mark(
        *(job.learner, name, points, verdict.misconceptions),
        *(tuple(_plain(mistake.says) for mistake in verdict.mistakes), _plain(says), job.key),
        sure=finished and not any(outcome.error.startswith(TRANSIENT) for outcome in outcomes),
    )


def run(name: str, answer: Answer, seconds: float) -> tuple[Ran, list[Outcome], bool]:
    """Return the run that counts, all outcomes, and whether its notebook ran to the end.

    The statements that an answer needs can earn the point, and then earn it for every answer with
    the same ones; only a run of the whole notebook can deny it, except to a stub. The inputs are
    drawn from those statements, so that a mark is the same every time.
    """
    code = [(each.checked, _needed(answer, each)) for each in answer.tries]
    own = hashlib.sha256(json.dumps([course(), name, answer.function, code]).encode()).digest()
    if granted := _granted.get((own, seconds)):
        return granted, list(granted.outcomes), True
    refused: list[tuple[bool, Ran]] = []
    verdicts: dict[bytes, Verdict] = {}  # the same outcomes get the same one
    probes = tasks()[name].probes(int.from_bytes(own[:8], "big") >> 1)
    tries = answer.tries if answer.begun else answer.tries[:1]  # a stub's would all be the same
    for full in (False, True) if answer.begun else (False,):
        for each in tries:
            try:
                found = _tried(name, answer, each, full, seconds, probes, verdicts)
            except NotebookError:
                continue
            if found.verdict.passed:
                if not full and len(_granted) < MOST_GRANTED:
                    _granted[own, seconds] = found
                return found, list(found.outcomes), True
            refused.append((full, found))
    # the reading that counts comes first; one that fails less often is closer to what the learner
    # saw
    whole = [found for full, found in refused if full]
    of_first = [refused[0][1], *whole[:1]]
    best = min(reversed(of_first), key=lambda ran: sum(bool(o.error) for o in ran.outcomes))
    of_whole = [outcome for ran in whole for outcome in ran.outcomes]
    finished = bool(whole) and not any(found.cut_off for found in whole)
    return best, [*best.outcomes, *of_whole], finished or not answer.begun


def _tried(
    name: str,
    answer: Answer,
    how: Try,
    full: bool,
    seconds: float,
    probes: Sequence[Probe],
    verdicts: dict[bytes, Verdict],
) -> Ran:
    """Return the result of one reading of an answer."""
    task, request = tasks()[name], request_for(name, answer, how, full)
    in_all = OVERTIME * request["notebook_seconds"]
    request["seconds"] = in_all + seconds if full else seconds

    cut_off = False

    @contextlib.contextmanager
    def connect() -> Iterator[Connection]:
        nonlocal cut_off
        if request["hunt"]:
            process = _with_subjects(request)
        else:
            process = through_pipes(lambda *fds: _server().start(request, *fds))
        with process as connection:
            if full:
                cut_off |= _wait_until_ready(connection, in_all)
            yield connection

    more = {"most_deaths": MOST_DEATHS} if full else {}
    outcomes = run_in_processes(connect, probes, seconds, given_up=given_up, **more)
    no_function = f"{NotAFunctionError.__name__}: "
    if all(outcome.error.startswith(no_function) for outcome in outcomes):
        kind = outcomes[0].error.removeprefix(no_function)
        # `check` only looks at the type of something that isn't a function
        if verdict := task.at_once(name, type(kind, (), {})()):
            return Ran(verdict, probes, outcomes)
    same = messages.pack({"outcomes": [vars(outcome) for outcome in outcomes]})
    if same not in verdicts:
        verdicts[same] = task.verdict(name, probes, outcomes)
    return Ran(verdicts[same], probes, outcomes, cut_off)


def request_for(name: str, answer: Answer, how: Try, full: bool) -> dict[str, object]:
    """Return the request for a process to run a notebook, or the part that an answer needs.

    See `replay.attempt`.
    """
    task = tasks()[name]
    return {
        "code": without_drawing(answer.cells) if full else _needed(answer, how),
        "full": full,
        "stop": how.stop,
        "checked": how.checked,
        "shown": shown().get(name, ()),
        "exercise": name,
        "notebook_seconds": NOTEBOOK_SECONDS * patience(),
        "function": answer.function,
        "parameters": task.parameters,
        "hunt": name if isinstance(task, Hunt) else "",
    }


def _needed(answer: Answer, how: Try) -> list[tuple[str, tuple[int, ...]]]:
    """Return the cells that an answer needs, each with the indices of its statements."""
    return [(answer.cells[cell], indices) for cell, indices in how.needed]


def _wait_until_ready(connection: Connection, seconds: float) -> bool:
    """Wait for the notebook to end, up to a limit; return whether a statement was cut off.

    Raises:
        NotebookError: if it doesn't.
    """
    with Watchdog(connection, time.monotonic() + seconds, given_up):
        try:
            if body := messages.read(connection.answers, messages.LARGEST_ANSWER):
                return bool(messages.unpack(body)["cut_off"])
        except (OSError, *messages.NO_MESSAGE):
            pass
    connection.process.ending()  # raises MachineError if it wasn't the notebook's doing
    raise NotebookError


@contextlib.contextmanager
def _with_subjects(request: dict) -> Iterator[Connection]:
    """Start the process for a learner's test, and the one for the functions it tests."""
    calls, to_subjects = os.pipe()
    results, from_subjects = os.pipe()
    theirs = [calls, to_subjects, results, from_subjects]

    def close() -> None:
        while theirs:
            os.close(theirs.pop())

    with contextlib.ExitStack() as stack:
        stack.callback(close)
        subjects = stack.enter_context(
            through_pipes(
                lambda *fds: _server("subjects").start(
                    {"subjects": request["hunt"], "seconds": request["seconds"]},
                    *fds,
                    calls,
                    from_subjects,
                )
            )
        )
        test = stack.enter_context(
            through_pipes(lambda *fds: _server().start(request, *fds, to_subjects, results))
        )
        close()

        def tell(probe: Probe) -> Probe:
            """Tell one process which function to be, and the other one nothing."""
            messages.write(subjects.requests, messages.pack({"subject": probe.rest[0]}))
            if not messages.read(subjects.answers, messages.LARGEST_ANSWER):
                raise EOFError
            return replace(probe, others=(0,))

        test.before = tell
        yield test


def _plain(text: str) -> str:
    """Return a text without this machine's paths, and cut it off if it's too long."""
    places = {sys.prefix, sys.base_prefix, str(Path.home()), os.getcwd(), *sys.path}
    for place in sorted(places, key=len, reverse=True):
        if len(place) > 1:
            text = text.replace(place, "...")
    # a library's own errors name its files
    text = re.sub(r"(/[^\s/'\":]+)+/(?=(site|dist)-packages/)", ".../", text)
    return text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}..."
