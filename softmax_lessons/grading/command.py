"""`python -m softmax_lessons grade FOLDER`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from softmax_lessons.grading import sandbox
from softmax_lessons.grading.grade import grade
from softmax_lessons.grading.report import common_mistakes, write_csv, write_html
from softmax_lessons.grading.submissions import find


def main(argv: Sequence[str]) -> int:
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m softmax_lessons grade",
        description="Grade learners' notebooks: each file or folder in FOLDER is a learner's.",
    )
    parser.add_argument("folder", type=Path, help="the submissions")
    parser.add_argument(
        "--out", type=Path, default=Path("grades"), help="where the reports go (%(default)s)"
    )
    parser.add_argument(
        "--seconds", type=float, default=3.0, help="for one exercise of a learner (%(default)s)"
    )
    parser.add_argument("--workers", type=int, default=0, help="how many at once (one a core)")
    parser.add_argument(
        "--without-sandbox", action="store_true", help="go on where there is no whole sandbox"
    )
    options = parser.parse_args(argv)
    if not sys.platform.startswith("linux"):
        print(
            "Grading needs Linux (WSL on Windows, a container on macOS): each answer runs in a "
            "fork of one process.",
            file=sys.stderr,
        )
        return 1
    missing = sandbox.missing()
    for each in missing:
        print(f"Warning: on this system, a submission can {each}.", file=sys.stderr)
    if missing and not options.without_sandbox:
        print("Nothing was run. Add --without-sandbox if you trust them all.", file=sys.stderr)
        return 2
    try:
        submissions = find(options.folder)
    except FileNotFoundError as error:
        print(error, file=sys.stderr)
        return 1
    marks = grade(submissions, options.out, options.seconds, options.workers)
    write_csv(submissions, marks, options.out / "grades.csv")
    write_html(submissions, marks, options.out / "grades.html", missing)
    for slug, count, _, _ in common_mistakes(marks)[:5]:
        print(f"{count:3} of {len(submissions)}: {slug}")
    print(f"Reports: {options.out / 'grades.csv'}, {options.out / 'grades.html'}")
    return 0
