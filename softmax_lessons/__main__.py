"""`python -m softmax_lessons`: open a copy of the lessons in JupyterLab, or grade notebooks."""

import argparse
import os
import sys
import webbrowser
from collections.abc import Sequence
from pathlib import Path

from softmax_lessons.workspace import lessons, prepare


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    argv = sys.argv[1:] if argv is None else argv
    if argv[:1] == ["grade"]:
        try:
            from softmax_lessons.grading.command import main as grade
        except ImportError as error:
            print(
                f"Grading needs {error.name}: python -m pip install 'softmax-lessons[grade]', "
                "or make grade",
                file=sys.stderr,
            )
            return 1
        return grade(argv[1:])
    parser = argparse.ArgumentParser(
        prog="python -m softmax_lessons",
        description="Make a working copy of the lessons and open it in JupyterLab. "
        "Files that you have changed are never written over. "
        "To grade learners' notebooks: %(prog)s grade FOLDER (grade --help says more).",
    )
    parser.add_argument(
        "--folder", type=Path, default=Path("my_lessons"), help="where your copy is (%(default)s)"
    )
    parser.add_argument(
        "--copy-only", action="store_true", help="make or refresh the copy, open nothing"
    )
    parser.add_argument(
        "jupyter_options", nargs="*", help="after --, options for JupyterLab, such as --port=9999"
    )
    options = parser.parse_args(argv)
    try:
        report = prepare(options.folder)
    except OSError as error:
        print(
            f"Can't put the lessons into {options.folder.absolute()}: {error.strerror or error}.\n"
            "Choose another place: python -m softmax_lessons --folder FOLDER",
            file=sys.stderr,
        )
        return 1
    print(f"Your lessons are in {options.folder.absolute()}\n{report}", flush=True)
    if options.copy_only:
        return 0
    return _open_lab(options.folder, options.jupyter_options)


def _open_lab(folder: Path, jupyter_options: Sequence[str]) -> int:
    try:
        from jupyterlab.labapp import LabApp
    except ImportError:
        print("JupyterLab is not installed: python -m pip install jupyterlab", file=sys.stderr)
        return 1
    arguments = [
        f"--ServerApp.root_dir={folder.absolute()}",
        f"--LabApp.default_url=/lab/tree/{lessons()[0].name}",
        "--ServerApp.ip=localhost",
    ]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        # JupyterLab refuses root unless told; in a container root is the usual user
        arguments.append("--ServerApp.allow_root=True")
    if not _has_browser():
        arguments.append("--ServerApp.open_browser=False")
        print("There is no browser here: open the address that JupyterLab prints.", flush=True)
    LabApp.launch_instance([*arguments, *jupyter_options])
    return 0


def _has_browser() -> bool:
    """Tell whether a browser can be opened; one in the terminal would hide the address."""
    headless = sys.platform.startswith("linux") and not any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")
    )
    if headless:
        return False
    try:
        webbrowser.get()
    except webbrowser.Error:
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
