"""`softmax-lessons grade FOLDER`."""

import argparse
import contextlib
import math
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from pathlib import Path

from softmax_lessons.command_line import Parser, how_to_install
from softmax_lessons.grading import sandbox
from softmax_lessons.grading.grade import grade
from softmax_lessons.grading.jobs import MachineError
from softmax_lessons.grading.report import common_mistakes, write_csv, write_html
from softmax_lessons.grading.state import State
from softmax_lessons.grading.submissions import find, not_read


def main(argv: Sequence[str]) -> int:
    """Run the command; return its exit code."""
    parser = Parser(
        "grade", "Grade learners' notebooks: each file or folder in FOLDER is a learner's."
    )
    parser.add_argument("folder", type=Path, help="the submissions")
    parser.add_argument(
        "--out", type=Path, default=Path("grades"), help="where the reports go (%(default)s)"
    )
    parser.add_argument(
        "--seconds", type=_seconds, default=3.0, help="for one exercise of a learner (%(default)s)"
    )
    parser.add_argument("--workers", type=_workers, default=0, help="how many at once (one a core)")
    parser.add_argument(
        "--scheduler", help="a dask.distributed scheduler whose workers do it, as tcp://host:8786"
    )
    parser.add_argument(
        "--without-sandbox", action="store_true", help="go on where there is no whole sandbox"
    )
    options = parser.parse_args(argv)
    if not sys.platform.startswith("linux"):
        print(
            "Grading needs Linux: what keeps one submission from another, and from your files, "
            "exists only there. On Windows use WSL, on a Mac a container; "
            "docs/grade_a_class.md says how.",
            file=sys.stderr,
        )
        return 1
    try:
        return _grade(options)
    except KeyboardInterrupt:
        print(
            f"\nStopped. What was graded so far is kept in {options.out}; the same command goes on "
            "from there.",
            file=sys.stderr,
        )
        return 130
    except (OSError, MachineError) as error:
        where = f" ({error.filename})" if getattr(error, "filename", None) else ""
        print(
            f"Stopped: {getattr(error, 'strerror', None) or error}{where}. What was graded so far "
            "is kept, and reports of earlier runs are unchanged.",
            file=sys.stderr,
        )
        return 1


def _grade(options: argparse.Namespace) -> int:
    missing = sandbox.missing()
    for each in missing:
        print(f"Warning: on this system, a submission can {each}.", file=sys.stderr)
    if missing and not options.without_sandbox:
        print("Nothing was run. Add --without-sandbox if you trust them all.", file=sys.stderr)
        return 2
    try:
        state = State(options.out)
        submissions = find(options.folder, state)
    except FileNotFoundError as error:
        print(error, file=sys.stderr)
        return 1
    with _cluster(options.scheduler) as (executor, workers):
        marks = grade(submissions, state, options.seconds, options.workers or workers, executor)
    write_csv(submissions, marks, options.out / "grades.csv")
    left_out = not_read(options.folder, options.out)
    page = options.out / "grades.html"
    write_html(submissions, marks, page, missing, sandbox.level(), left_out)
    for slug, count, _, _ in common_mistakes(marks)[:5]:
        print(f"{count:3} of {len(submissions)}: {slug}")
    for mark in marks:
        if mark.trouble:
            print(f"{mark.learner}: {mark.trouble}", file=sys.stderr)
    if left_out:
        print(f"Not read: {', '.join(left_out)}", file=sys.stderr)
    print(f"Reports: {options.out / 'grades.csv'}, {page}")
    return 0


@contextlib.contextmanager
def _cluster(scheduler: str | None) -> Iterator[tuple[Executor | None, int]]:
    """Yield what hands jobs to a scheduler's workers, and how many there are."""
    if not scheduler:
        yield None, 0
        return
    try:
        from distributed import Client
    except ImportError:
        raise MachineError(f"--scheduler needs {how_to_install('campus')}") from None
    try:
        client = Client(scheduler, timeout=10)
    except (OSError, ValueError) as error:
        raise MachineError(f"no scheduler answers at {scheduler}") from error
    with client:
        workers = sum(client.nthreads().values())
        if not workers:
            raise MachineError(f"the scheduler at {scheduler} has no workers")
        # a job that its worker died of is tried on others
        yield client.get_executor(pure=False, retries=2), workers


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0.1 <= value <= 3600:
        raise argparse.ArgumentTypeError(f"{text} is not between 0.1 and 3600 seconds")
    return value


def _workers(text: str) -> int:
    value = int(text) if text.isdecimal() else -1
    if not 0 <= value <= 1000:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 1000")
    return value
