"""Grade every exercise of every learner, each in a separate process."""

import contextlib
import importlib
import os
import signal
import threading
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from itertools import islice
from types import ModuleType

from tqdm.auto import tqdm

from softmax_lessons.grading import forkserver
from softmax_lessons.grading.jobs import Job, Mark, conditions, digest, key
from softmax_lessons.grading.notebook import places
from softmax_lessons.grading.state import State
from softmax_lessons.grading.submissions import Handed, Submission


def grade(
    submissions: Sequence[Submission],
    state: State,
    seconds: float = 3.0,
    workers: int = 0,
    executor: Executor | None = None,
    lessons: Sequence[str] = (),
) -> list[Mark]:
    """Grade all submissions, and save each mark as soon as it's known.

    A second run continues where the first one ended, and reuses the marks of unchanged answers.

    Args:
        submissions: the submissions that `submissions.find` found.
        state: the known marks; new ones are added.
        seconds: the time limit for one exercise of one learner.
        workers: how many to run at once; 0 means one more than there are cores, because each
            sometimes waits for the comparison.
        executor: runs them in threads of this process, in processes, or on other machines. By
            default, threads, which end with the call.
        lessons: the numbers of the lessons whose exercises count; by default, those exercises count
            that somebody answered.

    Returns:
        A mark for each learner and each exercise that counts.
    """
    marks: dict[tuple[str, str], Mark | None] = {}
    answered = {name for submission in submissions for name in submission.answers}
    names = [name for name in places() if name in answered]
    if lessons:
        names = [name for name, place in places().items() if place.lesson[:2] in lessons]
    depends = conditions(seconds)
    to_do = []
    for submission in submissions:
        for name in names:
            learner, handed = submission.learner, submission.answers.get(name)
            if handed is None:
                marks[learner, name] = Mark(
                    learner, name, 0, (), (), f"{name}: no answer found", ""
                )
                continue
            known = state.marks.get(key(learner, name, handed.digest, depends))
            marks[learner, name] = known
            if known is None:
                to_do.append((learner, handed))
    if to_do:
        jobs = (_job(learner, handed, seconds, depends) for learner, handed in to_do)
        if executor is None:
            found = _in_threads(jobs, workers, {handed.exercise for _, handed in to_do})
        else:
            _load_work()
            found = _done(jobs, executor, workers)
        for mark in tqdm(found, "grading", len(to_do), unit="answer", disable=None):
            state.keep(mark)
            marks[mark.learner, mark.exercise] = mark
    return list(marks.values())


def _job(learner: str, handed: Handed, seconds: float, depends: tuple[object, ...]) -> Job:
    answer, own = None, ""
    with contextlib.suppress(Exception):  # the file was there a moment ago
        answer = handed.read()
        own = key(learner, handed.exercise, digest(answer), depends)
    return Job(learner, handed.exercise, answer, own, seconds, depends)


def _in_threads(jobs: Iterator[Job], workers: int, exercises: Iterable[str]) -> Iterator[Mark]:
    """Yield the marks as they come, from threads in this process."""
    pool = ThreadPoolExecutor(workers := workers or (os.cpu_count() or 1) + 1)
    with contextlib.ExitStack() as stack:
        stack.callback(forkserver.close)
        stack.callback(pool.shutdown, cancel_futures=True)
        forkserver.own()  # it loads PyTorch while this process does
        work = _load_work()
        work.given_up.clear()
        try:
            work.prepare(exercises)
            yield from _done(jobs, pool, workers)
        except BaseException:  # such as Ctrl-C: end what's running, and don't begin the rest
            work.given_up.set()
            raise
        stack.pop_all()  # the server is for the next call, too; it ends with this process
        pool.shutdown()


def _load_work() -> ModuleType:
    """Return the module that does the jobs; loading PyTorch for it takes seconds."""
    with _uninterrupted():
        return importlib.import_module("softmax_lessons.grading.work")


@contextlib.contextmanager
def _uninterrupted() -> Iterator[None]:
    """Make Ctrl-C wait, because a library that's being loaded may catch it."""
    received = []
    main = threading.current_thread() is threading.main_thread()
    before = main and signal.signal(signal.SIGINT, lambda *more: received.append(more))
    try:
        yield
    finally:
        if main:
            signal.signal(signal.SIGINT, before)
    if received:
        raise KeyboardInterrupt


def _done(jobs: Iterator[Job], executor: Executor, workers: int) -> Iterator[Mark]:
    """Yield the marks as they come, handing over only some of the jobs at a time."""
    from softmax_lessons.grading.work import not_graded, work

    most = 4 * (workers or os.cpu_count() or 1)
    running: dict[Future, Job] = {}
    try:
        while True:
            for job in islice(jobs, most - len(running)):
                running[executor.submit(work, job)] = job
            if not running:
                return
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                job = running.pop(future)
                error = future.exception()
                yield future.result() if error is None else not_graded(job, error)
    finally:
        for future in running:
            future.cancel()
