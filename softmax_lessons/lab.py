"""Open a copy of the lessons in JupyterLab."""

import json
import os
import sys
import tempfile
import webbrowser
from collections.abc import Sequence
from pathlib import Path

from softmax_lessons import doctor
from softmax_lessons.command_line import Parser, called, how_to_install
from softmax_lessons.workspace import lessons, prepare


def main(argv: Sequence[str]) -> int:
    """Run the command; return its exit code."""
    parser = Parser(
        "lab",
        "Make a working copy of the lessons and open it in JupyterLab. "
        "It never overwrites files that you have changed.",
    )
    parser.add_argument(
        "--folder",
        type=Path,
        default=Path("my_lessons"),
        help="where to put your copy (%(default)s)",
    )
    parser.add_argument(
        "--copy-only", action="store_true", help="make or refresh the copy, but don't open anything"
    )
    parser.add_argument(
        "--without-solutions",
        action="store_true",
        help="for editors that show the cells JupyterLab hides; the folder stays that way",
    )
    parser.add_argument(
        "jupyter_options", nargs="*", help="after --, options for JupyterLab, such as --port=9999"
    )
    options = parser.parse_args(argv)
    first_time = not options.folder.exists()
    try:
        report = prepare(options.folder, solutions=False if options.without_solutions else None)
    except OSError as error:
        print(
            f"Can't put the lessons into {options.folder.absolute()}: {error.strerror or error}. "
            f"Choose a different folder: {called()} --folder FOLDER",
            file=sys.stderr,
        )
        return 1
    print(f"Your lessons are in {options.folder.absolute()}\n{report}", flush=True)
    if options.copy_only:
        return 0
    if first_time:
        print("Checking this computer (only the first time) ...", flush=True)
        doctor.main(options.folder, quiet=True)
    return _open_lab(options.folder, options.jupyter_options)


def _open_lab(folder: Path, jupyter_options: Sequence[str]) -> int:
    try:
        from jupyterlab.labapp import LabApp
    except ImportError:
        print(
            f"JupyterLab is not installed: {how_to_install('lab')}; or, for another editor such as "
            f"VS Code, make copies without solutions: {called()} lab --copy-only "
            f"--without-solutions --folder {folder}",
            file=sys.stderr,
        )
        return 1
    settings: dict[str, dict[str, object]] = {
        "ServerApp": {"root_dir": str(folder.absolute())},
        "LabApp": {"default_url": f"/lab/tree/{lessons()[0].name}"},
    }
    server = settings["ServerApp"]
    if any(".notebook_dir" in option for option in jupyter_options):
        del server["root_dir"]  # the new name would override its old one
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        # JupyterLab doesn't run as root unless told to; in a container, root is the usual user
        server["allow_root"] = True
    if not _has_browser():
        server["open_browser"] = False
        print("No browser found: open the address that JupyterLab prints.", flush=True)
    with tempfile.TemporaryDirectory() as first:
        # Files in this folder override the learner's other settings, and the command line overrides
        # files. JupyterLab reads the first even if --config names a different file instead of the
        # second.
        for name in ("jupyter_config.json", "jupyter_server_config.json"):
            Path(first, name).write_text(json.dumps(settings), encoding="utf-8")
        others = os.environ.get("JUPYTER_CONFIG_PATH")
        os.environ["JUPYTER_CONFIG_PATH"] = os.pathsep.join(filter(None, (first, others)))
        LabApp.launch_instance(list(jupyter_options))
    return 0


def _has_browser() -> bool:
    """Tell whether we can open a browser; one in the terminal would hide the address."""
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
