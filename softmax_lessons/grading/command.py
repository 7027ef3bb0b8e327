"""`softmax-lessons grade FOLDER`."""

import argparse
import contextlib
import math
import os
import re
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from decimal import Decimal
from pathlib import Path

from softmax_lessons.command_line import Parser, how_to_install
from softmax_lessons.grading import feedback, gradebook, roster, sandbox
from softmax_lessons.grading.explain import explain
from softmax_lessons.grading.grade import grade
from softmax_lessons.grading.jobs import MachineError
from softmax_lessons.grading.notebook import places
from softmax_lessons.grading.report import (
    common_mistakes,
    write_class,
    write_csv,
    write_html,
    write_json,
)
from softmax_lessons.grading.results import Result, anonymous, exercise_names, results
from softmax_lessons.grading.same import same
from softmax_lessons.grading.state import State
from softmax_lessons.grading.submissions import find
from softmax_lessons.grading.tables import Table

# the reports that have no names in them with --anonymous
NAMELESS = ("class.html", "grades.csv", "grades.html", "grades.json")


def _parser() -> Parser:
    parser = Parser(
        "grade",
        "Grade learners' notebooks. FOLDER has one file or folder per learner, or is a zip from a "
        "learning system; you can combine several.",
        usage="%(prog)s [options] FOLDER [FOLDER ...]",
        formatter_class=lambda prog: argparse.HelpFormatter(prog, max_help_position=28),
    )
    add = parser.add_argument
    add("places", metavar="FOLDER", nargs="+", type=Path, help=argparse.SUPPRESS)
    add("--out", type=Path, default=Path("grades"), help="where to put the reports (%(default)s)")
    add("--roster", type=Path, metavar="CSV", help="a class list or gradebook to fill in")
    add("--anonymous", action="store_true", help="pseudonyms, and no feedback files")
    add(
        "--lessons",
        nargs="+",
        metavar="NN",
        type=_lesson,
        help="only count these lessons' exercises",
    )
    add("--points", type=_points, metavar="N", help="the score if everything is right")
    add("--decimals", type=int, choices=range(5), metavar="N", default=2, help="of scores (2)")
    add("--column", metavar="NAME", default="Softmax", help="for scores (%(default)s)")
    add("--explain", nargs=2, metavar=("LEARNER", "EXERCISE"), help="run one again in detail")
    add("--same", action="store_true", help="list answers with identical tokens")
    add("--seconds", type=_seconds, metavar="S", default=3.0, help="for one exercise (3)")
    add("--workers", type=_workers, metavar="N", default=0, help="how many at once (one per core)")
    add("--scheduler", metavar="TCP", help="a Dask scheduler, such as tcp://host:8786")
    add("--without-sandbox", action="store_true", help="go on even without a complete sandbox")
    return parser


def main(argv: Sequence[str]) -> int:
    """Run the command; return its exit code."""
    options = _parser().parse_args(argv)
    if not sys.platform.startswith("linux"):
        print(
            "Grading needs Linux, which keeps submissions away from each other and from your "
            "files. On Windows, use WSL; on a Mac, a container; docs/grade_a_class.md says how.",
            file=sys.stderr,
        )
        return 1
    try:
        with _stops_like_ctrl_c():
            return _grade(options)
    except KeyboardInterrupt:
        print(
            f"\nStopped. Everything graded so far is in {options.out}; the same command continues "
            "from there.",
            file=sys.stderr,
        )
        return 130
    except (OSError, MachineError) as error:
        where = f" ({error.filename})" if getattr(error, "filename", None) else ""
        print(
            f"Stopped: {getattr(error, 'strerror', None) or error}{where}. Everything graded so "
            "far is kept, and reports from earlier runs are unchanged.",
            file=sys.stderr,
        )
        return 1


def _grade(options: argparse.Namespace) -> int:
    missing = sandbox.missing()
    for each in missing:
        print(f"Warning: on this system, a submission can {each}.", file=sys.stderr)
    if missing and not options.without_sandbox:
        print(
            "Nothing was run. Add --without-sandbox if you trust all submissions.", file=sys.stderr
        )
        return 2
    # on small tensors, PyTorch's threads take longer to meet than to compute
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    try:
        state = State(options.out)
        class_list = Table.read(options.roster) if options.roster else None
        people = roster.people(class_list) if class_list else ()
        handed_in = find(options.places, state, people)
        if options.explain:
            print(explain(handed_in.submissions, *options.explain, options.seconds))
            return 0
    except (FileNotFoundError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    with _cluster(options.scheduler) as (executor, workers):
        marks = grade(
            handed_in.submissions,
            state,
            options.seconds,
            options.workers or workers,
            executor,
            options.lessons or (),
        )
    found = results(handed_in.submissions, marks, options.points, options.decimals)
    try:
        if options.anonymous:
            found = anonymous(found, options.out / "pseudonyms.csv")
        _write(options, found, class_list, handed_in.left_out, missing)
    except ValueError as error:  # the class list doesn't have the right column
        print(error, file=sys.stderr)
        return 1
    if options.same:
        print("Identical token by token, which can happen in many ways:")
        for each in same([result.submission for result in found]) or ["nothing"]:
            print(f"  {each}")
    return 0


def _write(
    options: argparse.Namespace,
    found: Sequence[Result],
    class_list: Table | None,
    left_out: Sequence[str],
    missing: Sequence[str],
) -> None:
    """Write all reports, and print the most important results."""
    marks = [mark for result in found for mark in result.marks.values()]
    written_for = []
    if options.anonymous:
        left_out = [f"{len(left_out)} other files or folders"] if left_out else []
    else:
        feedback.write(found, options.out / "feedback")
        most = str(options.points or len(exercise_names(marks)))
        written_for = gradebook.write(found, class_list, options.column, most, options.out)
    write_csv(found, options.out / "grades.csv")
    write_json(found, options.out / "grades.json")
    page = options.out / "grades.html"
    write_html(found, page, missing, sandbox.level(), left_out)
    write_class(found, options.out / "class.html")
    for slug, count, _, _ in common_mistakes(marks)[:5]:
        print(f"{count:3} of {len(found)}: {slug}")
    if nothing := [result.learner for result in found if result.submission.missing]:
        print(f"Nothing handed in: {', '.join(nothing)}")
    for result in found:
        for mark in result.marks.values():
            if mark.trouble:
                print(f"{result.learner}: {mark.trouble}", file=sys.stderr)
    if left_out:
        print(f"Not read: {', '.join(left_out)}", file=sys.stderr)
    for whose, file, left in written_for:
        print(f"Marks for {whose}: {file}" + (f" (not in it: {', '.join(left)})" if left else ""))
    print(f"Reports: {options.out / 'class.html'}, {page}, {options.out / 'grades.csv'}")
    if options.anonymous:
        named = [path.name for path in sorted(options.out.iterdir()) if path.name not in NAMELESS]
        print(f"Names are still in {options.out}, in: {', '.join(named)}")


@contextlib.contextmanager
def _stops_like_ctrl_c() -> Iterator[None]:
    """End at other signals, too, with what was unpacked deleted."""
    before = {}
    if threading.current_thread() is threading.main_thread():
        for each in (signal.SIGTERM, signal.SIGHUP):
            before[each] = signal.signal(each, signal.default_int_handler)
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


@contextlib.contextmanager
def _cluster(scheduler: str | None) -> Iterator[tuple[Executor | None, int]]:
    """Yield the executor that hands jobs to a scheduler's workers, and their number."""
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
        # if a job kills its worker, others try it again
        yield client.get_executor(pure=False, retries=2), workers


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0.1 <= value <= 3600:
        raise argparse.ArgumentTypeError(f"{text} isn't between 0.1 and 3600 seconds")
    return value


def _points(text: str) -> Decimal:
    value = Decimal(text) if re.fullmatch(r"\d+(\.\d+)?", text) else Decimal(0)
    if not 0 < value <= 100_000:
        raise argparse.ArgumentTypeError(f"{text} isn't a number between 0 and 100000")
    return value


def _lesson(text: str) -> str:
    known = sorted({place.lesson[:2] for place in places().values()})
    if text.zfill(2) not in known:
        raise argparse.ArgumentTypeError(f"exercises are in lessons {', '.join(known)}, not {text}")
    return text.zfill(2)


def _workers(text: str) -> int:
    value = int(text) if text.isdecimal() else -1
    if not 0 <= value <= 1000:
        raise argparse.ArgumentTypeError(f"{text} isn't between 0 and 1000")
    return value
