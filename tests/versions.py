"""Run `make test` with the oldest versions that we promise, and with the newest that pip finds.

Also run the lessons with Colab's IPython and kernel, which are older than the tests need.
`make test-versions` calls this. Each gets its own environment, outside the checkout.
"""

import argparse
import re
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).parents[1]
# googlecolab/backend-info; nbval is only for the tests
COLAB = [
    *("ipython==7.34.*", "ipykernel==6.17.*", "notebook==6.5.*", "nbval>=0.11"),
    *("torch==2.11.*", "numpy==2.1.*", "matplotlib==3.10.*"),
]
COPIES = "build/online"  # copies of the lessons, for Colab
FOR_TESTS = {"ipython": "8.18"}  # nbgrader, which is only tested, needs more than the lessons do
COUNTED = {
    "test": ("tests", "cells", "cells with a worker"),
    "test-online": ("cells", "cells with a worker", "cells of the copies"),
}
WHO = """
import platform, numpy, torch
print("torch", torch.__version__.split("+")[0], end=", ")
print("numpy", numpy.__version__, end=", ")
print("Python", platform.python_version(), end="")
"""


def floors():
    """Return the floors in pyproject.toml for learning and for grading, as pins."""
    promised = (ROOT / "pyproject.toml").read_text(encoding="utf-8").split("\ntest = [")[0]
    found = re.findall(r'^    "([\w-]+)>=([\d.]+)"', promised, flags=re.MULTILINE)
    return [f"{name}=={FOR_TESTS.get(name, version)}.*" for name, version in found]


def run(folder, pins, extra, target):
    """Install into `folder`, make `target`; return a line with the results, and if it passed."""
    venv.create(folder, clear=True, symlinks=True, with_pip=True)
    python = folder / "bin" / "python"
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, *pins, "--editable", f"{ROOT}{extra}"], check=True)
    who = subprocess.run([python, "-c", WHO], capture_output=True, text=True, check=True)

    # --old-file: nothing in .venv is used, so it need not be made
    command = ["make", "--keep-going", "--old-file=.venv/.test", f"BIN={folder / 'bin'}", target]
    if target == "test-online":
        subprocess.run([python, "-m", "tools.publish.online", COPIES], cwd=ROOT, check=True)
    lines = []
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as tests:
        for line in tests.stdout:
            print(line, end="", flush=True)
            lines.append(line)
    counts = re.findall(r"^=+ (.*) in [\d.]+s", "".join(lines), flags=re.MULTILINE)
    passed = tests.returncode == 0
    results = "; ".join(f"{w} {n}" for w, n in zip(COUNTED[target], counts, strict=False))
    return f"{who.stdout}: {results}{'' if passed else ' FAILED'}", passed


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "which", nargs="?", choices=["oldest", "newest", "colab"], help="default: all"
    )
    parser.add_argument("--folder", type=Path, help="for the environments, which stay there")
    arguments = parser.parse_args()
    versions = {
        "oldest": (floors(), "[test]", "test"),
        "newest": ([], "[test]", "test"),
        "colab": (COLAB, "", "test-online"),
    }
    outcomes = []
    for name in [arguments.which] if arguments.which else versions:
        with tempfile.TemporaryDirectory(prefix="versions-") as temporary:
            folder = (arguments.folder or Path(temporary)).resolve() / name
            outcomes.append(run(folder, *versions[name]))
    print(*(line for line, _ in outcomes), sep="\n")
    sys.exit(not all(passed for _, passed in outcomes))


if __name__ == "__main__":
    main()
