"""Set the course up from this folder, without a network, and open it: python3 start.py."""

import argparse
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

STICK = Path(__file__).resolve().parent


def main():
    """Set up what is not set up yet, and open the lessons."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # a console may lack letters of a name
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog="Any other option goes to the course, such as --copy-only to open nothing.",
    )
    home = Path.home() / "softmax_lessons"
    parser.add_argument("--folder", type=Path, default=home, help="where it goes (%(default)s)")
    options, others = parser.parse_known_args()
    check_machine(json.loads(read("made_for.json")))
    environment = options.folder.absolute() / "softmax_environment"
    python = environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    sums = read("SHA256SUMS")
    # written last, so that a set-up that was interrupted is begun again
    complete = environment / "complete"
    if not (python.exists() and complete.exists() and complete.read_text("utf-8") == sums):
        print("Comparing the files with SHA256SUMS ...", flush=True)
        check_files(sums)
        print(f"Setting up in {environment}, which takes a few minutes ...", flush=True)
        set_up(environment, python)
        complete.write_text(sums, encoding="utf-8")
    course = [str(python), "-m", "softmax_lessons"]
    lessons = ["--folder", str(options.folder.absolute() / "my_lessons")]
    running = subprocess.Popen([*course, *lessons, *others])
    while True:
        try:
            return running.wait()
        except KeyboardInterrupt:
            pass  # JupyterLab got it too, and asks whether to stop


def read(name):
    """Return the text of a file of the stick; stop if it isn't there."""
    try:
        return (STICK / name).read_text(encoding="utf-8")
    except OSError as error:
        sys.exit(f"Can't read {STICK / name}: {error.strerror}. Please copy the whole stick again.")


def check_machine(made_for):
    """Stop if the wheels are for another system or another Python."""
    major, minor = sys.version_info[:2]
    found = {
        "python": f"{major}.{minor}",
        "system": platform.system(),
        "machine": platform.machine(),
    }
    if found == made_for:
        return
    text = "Python {python} on {system} {machine}"
    print(f"This stick is made for {text.format(**made_for)}.", file=sys.stderr)
    print(f"This is {text.format(**found)}.", file=sys.stderr)
    version = made_for.pop("python")
    if made_for.items() <= found.items():
        command = f"py -{version}" if os.name == "nt" else f"python{version}"
        sys.exit(f"If you have Python {version}: {command} {Path(__file__).name}")
    sys.exit("Ask for a stick that was made on a computer like this one.")


def check_files(sums):
    """Stop if a file was not copied whole."""
    for line in sums.splitlines():
        expected, name = line.split("  ", 1)
        file = STICK / name
        if not file.exists():
            sys.exit(f"{file} is missing: please copy the whole stick again.")
        try:
            found = hashlib.sha256(file.read_bytes()).hexdigest()
        except OSError:
            found = "can't be read, as on a stick that wears out"
        if found != expected:
            sys.exit(f"{file} is damaged: please copy it again.")


def set_up(environment, python):
    """Make the environment, and install the course into it from the wheels alone."""
    try:
        if environment.exists():
            shutil.rmtree(environment)
        environment.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        sys.exit(f"Can't make {environment}: {error}. --folder chooses another place.")
    # pip comes from the stick: Debian and Ubuntu keep Python's own in a package that many lack
    (pip,) = (STICK / "wheels").glob("pip-*.whl")
    install = [str(python), str(pip / "pip"), "install", "--isolated", "--no-cache-dir"]
    wheels = ["--no-index", "--find-links", str(STICK / "wheels")]
    # a setting of this computer, such as another index or --user, has no say here
    settings = {**os.environ, "PIP_CONFIG_FILE": os.devnull}
    for command in (
        [sys.executable, "-m", "venv", "--without-pip", str(environment)],
        [
            *install,
            "--quiet",
            "--disable-pip-version-check",
            *wheels,
            "pip",
            "softmax-lessons[lab]",
        ],
    ):
        if subprocess.call(command, env=settings):
            sys.exit("The setup failed; the reason is above. Run start.py to try again.")


if __name__ == "__main__":
    sys.exit(main())
