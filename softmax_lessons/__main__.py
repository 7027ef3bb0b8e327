"""`python -m softmax_lessons`: open a copy of the lessons in JupyterLab, or grade notebooks.

It loads little before it listens to Ctrl-C, which otherwise shows a traceback.
"""

import io
import os
import signal
import sys
from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    for stream in (sys.stdout, sys.stderr):
        # a Windows console may lack the letters of a folder's name
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    argv = sys.argv[1:] if argv is None else argv
    if argv[:1] == ["grade"]:
        return _grade(argv[1:])
    from softmax_lessons.lab import main as lab

    return lab(argv)


def _grade(argv: Sequence[str]) -> int:
    before = signal.signal(signal.SIGINT, _stop)
    try:
        from softmax_lessons.grading.command import main
    except ImportError as error:
        print(
            f"Grading needs {error.name}: python -m pip install 'softmax-lessons[grade]', "
            "or make grade",
            file=sys.stderr,
        )
        return 1
    finally:
        signal.signal(signal.SIGINT, before)
    return main(argv)


def _stop(number: int, frame: object) -> None:
    """End at once: while libraries load, an exception would be caught by one of them, or shown."""
    os.write(2, b"\nStopped before anything was graded.\n")
    os._exit(130)


if __name__ == "__main__":
    code = main()
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C while Python ends shows nothing
    sys.exit(code)
