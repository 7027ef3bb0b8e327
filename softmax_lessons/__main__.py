"""The command `softmax-lessons`, also available as `python -m softmax_lessons`.

It loads very little before it handles Ctrl-C, which would otherwise show a traceback.
"""

import argparse
import difflib
import io
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from softmax_lessons.command_line import EXIT_CODES, Parser, called, how_to_install

COMMANDS = {
    "lab": "copy the lessons and open them in JupyterLab (the default)",
    "grade": "grade a folder of learners' notebooks",
    "explain": "look up an error or a symptom in the field guide",
    "doctor": "find what keeps the course from running here, and the fix",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    for stream in (sys.stdout, sys.stderr):
        # a Windows console may not have all letters in a folder's name
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    argv = sys.argv[1:] if argv is None else argv
    try:
        code = _run(argv)
        sys.stdout.flush()
        return code
    except BrokenPipeError:  # the program that reads our output, such as `head`, has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _run(argv: Sequence[str]) -> int:
    first = argv[0] if argv else "lab"
    if first in ("-h", "--help"):
        _parser().print_help()
        return 0
    if first == "--version":
        return _version()
    if first in COMMANDS:
        return {"lab": _lab, "grade": _grade, "explain": _explain, "doctor": _doctor}[first](
            argv[1:]
        )
    if first.startswith("-"):
        return _lab(argv)
    near = difflib.get_close_matches(first, COMMANDS, n=1)
    meant = f"did you mean {near[0]}?" if near else f"there are {', '.join(COMMANDS)}"
    _parser().error(f"there is no command {first!r}; {meant}")


def _parser() -> Parser:
    commands = "\n".join(f"  {name:8} {what}" for name, what in COMMANDS.items())
    parser = Parser(
        "",
        "Softmax in PyTorch, taught in Jupyter notebooks.",
        usage=f"{called()} [COMMAND] [OPTIONS]",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.epilog = f"commands:\n{commands}\n\nCOMMAND --help says more.\n{EXIT_CODES}"
    parser.add_argument(
        "--version", action="store_true", help="show the versions of the course and PyTorch"
    )
    return parser


def _version() -> int:
    import platform
    from importlib.metadata import PackageNotFoundError, version

    found = []
    for name in ("softmax-lessons", "torch"):
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            found.append(f"no {name}")
    print(*found, f"Python {platform.python_version()}", platform.platform(), sep=", ")
    return 0


def _lab(argv: Sequence[str]) -> int:
    from softmax_lessons.lab import main

    return main(argv)


def _grade(argv: Sequence[str]) -> int:
    before = signal.signal(signal.SIGINT, _stop)
    try:
        from softmax_lessons.grading.command import main
    except ImportError as error:
        print(f"Grading needs {error.name}: {how_to_install('grade')}", file=sys.stderr)
        return 1
    finally:
        signal.signal(signal.SIGINT, before)
    return main(argv)


def _stop(number: int, frame: object) -> None:
    """End at once: while libraries load, one of them might catch an exception or show it."""
    os.write(2, b"\nStopped before anything was graded.\n")
    os._exit(130)


def _explain(argv: Sequence[str]) -> int:
    parser = Parser(
        "explain",
        "Look up an error or a symptom in the field guide to softmax pitfalls. Describe it in "
        "words, or pipe a program's output into it: python train.py 2>&1 | %(prog)s",
    )
    parser.add_argument("about", nargs="*", help='a message, or words such as "loss is nan"')
    options = parser.parse_args(argv)
    about = " ".join(options.about)
    if not about and not sys.stdin.isatty():
        about = sys.stdin.read()
    if not about.strip():
        parser.error('what should it explain? For example: "loss is nan"')
    from softmax_lessons.field_guide import explain

    found = explain(about)
    print(found)
    return 0 if found.entries or found.answer else 1


def _doctor(argv: Sequence[str]) -> int:
    parser = Parser(
        "doctor",
        "Check Python, PyTorch, disk space, folders and everything else the course needs, and say "
        "in one line each what's wrong and how to fix it. The exit code is 1 if something needs "
        "fixing.",
    )
    parser.add_argument(
        "--folder",
        type=Path,
        default=Path("my_lessons"),
        help="where your lessons are (%(default)s)",
    )
    parser.add_argument("--quiet", action="store_true", help="only say what's wrong")
    options = parser.parse_args(argv)
    from softmax_lessons import doctor

    return doctor.main(options.folder, options.quiet)


def script() -> int:
    """Run the command as a program; return its exit code."""
    code = main()
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # so that Ctrl-C shows nothing while Python ends
    return code


if __name__ == "__main__":
    sys.exit(script())
