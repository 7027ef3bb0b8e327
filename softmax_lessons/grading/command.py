"""`python -m softmax_lessons grade FOLDER`."""

import argparse
import contextlib
import math
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from pathlib import Path

from softmax_lessons.grading import roster, sandbox
from softmax_lessons.grading.grade import grade
from softmax_lessons.grading.jobs import MachineError
from softmax_lessons.grading.report import common_mistakes, write_csv, write_html
from softmax_lessons.grading.state import State
from softmax_lessons.grading.submissions import find


def main(argv: Sequence[str]) -> int:
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m softmax_lessons grade",
        description="Grade learners' notebooks: folders of them, or zips from a learning system.",
    )
    parser.add_argument(
        "places",
        metavar="FOLDER",
        nargs="+",
        type=Path,
        help="the submissions: a folder with a file or folder for each learner, or a zip as it "
        "was downloaded; several are put together",
    )
    parser.add_argument("--roster", type=Path, help="the class list, a CSV with names and ids")
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
        people = roster.read(options.roster) if options.roster else ()
        found = find(options.places, state, people)
    except (FileNotFoundError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    submissions = found.submissions
    with _cluster(options.scheduler) as (executor, workers):
        marks = grade(submissions, state, options.seconds, options.workers or workers, executor)
    write_csv(submissions, marks, options.out / "grades.csv")
    page = options.out / "grades.html"
    write_html(submissions, marks, page, missing, sandbox.level(), found.left_out)
    for slug, count, _, _ in common_mistakes(marks)[:5]:
        print(f"{count:3} of {len(submissions)}: {slug}")
    nothing = [each.learner for each in submissions if not each.paths]
    if nothing:
        print(f"Nothing handed in: {', '.join(nothing)}")
    for mark in marks:
        if mark.trouble:
            print(f"{mark.learner}: {mark.trouble}", file=sys.stderr)
    if found.left_out:
        print(f"Not read: {', '.join(found.left_out)}", file=sys.stderr)
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
        raise MachineError("--scheduler needs pip install 'softmax-lessons[campus]'") from None
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
    value = float(text)
    if not (math.isfinite(value) and 0.1 <= value <= 3600):
        raise argparse.ArgumentTypeError(f"{text} is not between 0.1 and 3600 seconds")
    return value


def _workers(text: str) -> int:
    value = int(text)
    if not 0 <= value <= 1000:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 1000")
    return value
