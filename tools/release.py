"""Build the sdist and the wheel, and try both as people will get them: `make release-check`.

With a tag and an address, as the release workflow calls it, it also refuses what isn't ready.
"""

import argparse
import os
import subprocess
import sys
import tarfile
import tempfile
import venv
import zipfile
from pathlib import Path

from tools.metadata import PLACEHOLDER, ROOT, Course, course, files

INSIDE = ("softmax_lessons/py.typed", "softmax_lessons/notebooks/00_start_here.ipynb")
LICENCES = ("LICENSE", "LICENSE-CC-BY")
TRIAL = """
from softmax_lessons import check, explain

def attempt(logits, dim):
    exps = (logits - logits.amax(dim, keepdim=True)).exp()
    return exps / exps.sum(dim, keepdim=True)

verdict = check("stable_softmax", attempt)
assert verdict.passed, verdict
assert explain("expected scalar type Long but found Float").exact
"""


def main() -> None:
    """Build into dist/, check, try; stop at the first thing that's wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tag", default="", help="of the release, such as v1.0.0")
    parser.add_argument("--address", default="", help="of the repository that releases")
    options = parser.parse_args()
    says = course()
    if wrong := [*stale(says), *unready(says, options.tag, options.address)]:
        sys.exit("\n".join(wrong))
    built = build(ROOT / "dist", says.version)
    run(sys.executable, "-m", "twine", "check", "--strict", *built)
    for archive in built:
        if missing := lacks(archive):
            sys.exit(f"{archive.name} lacks {', '.join(missing)}")
    with tempfile.TemporaryDirectory(prefix="release-") as folder:
        for archive in built:
            attempt(archive, Path(folder))
            print(f"{archive.name} installs, copies the lessons and checks an answer.")
    if PLACEHOLDER in says.urls["Source"]:
        print(f"Before a release: pyproject.toml still has {PLACEHOLDER} as the address.")


def stale(says: Course) -> list[str]:
    """Return which files no longer say what pyproject.toml does."""
    return [
        f"{name} isn't what `make metadata` writes"
        for name, text in files(says).items()
        if not (ROOT / name).is_file() or (ROOT / name).read_text(encoding="utf-8") != text
    ]


def unready(says: Course, tag: str, address: str) -> list[str]:
    """Return what keeps this tag, in the repository at this address, from being released."""
    wrong = []
    if tag and tag != f"v{says.version}":
        wrong.append(f"the tag is {tag}, and the version in pyproject.toml is {says.version}")
    if tag and not says.released:
        wrong.append(f"CHANGELOG.md has no heading `## [{says.version}] - date`")
    if address and says.urls["Source"] != address:
        wrong.append(f"this is {address}, and pyproject.toml says {says.urls['Source']}")
    return wrong


def build(folder: Path, version: str) -> list[Path]:
    """Build the sdist, and the wheel from it; return both."""
    run(sys.executable, "-m", "build", "--outdir", folder, ROOT)
    return sorted(folder.glob(f"softmax_lessons-{version}[.-]*"))


def lacks(archive: Path) -> list[str]:
    """Return what should be in an archive, and isn't."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            names = wheel.namelist()
        wanted = [*INSIDE, *(f"licenses/{name}" for name in LICENCES)]
    else:
        with tarfile.open(archive) as sdist:
            names = sdist.getnames()
        wanted = ["softmax_lessons/py.typed", "notebooks/00_start_here.ipynb", *LICENCES]
    return [name for name in wanted if not any(f"/{each}".endswith(f"/{name}") for each in names)]


def attempt(archive: Path, folder: Path) -> None:
    """Install an archive, at first into an empty environment, and use it from an empty folder."""
    scripts = folder / "env" / ("Scripts" if os.name == "nt" else "bin")
    python = scripts / "python"
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if not scripts.exists():
        venv.create(folder / "env", with_pip=True)
        run(*pip, "--constraint", ROOT / "constraints.txt", archive, cwd=folder)
    else:  # what it needs is there
        run(*pip, "--force-reinstall", "--no-deps", archive, cwd=folder)
    empty = folder / archive.name.replace(".", "_")
    empty.mkdir()
    run(python, "-m", "softmax_lessons", "--copy-only", cwd=empty)
    for command in (["--version"], ["doctor"], ["explain", "loss is nan"]):
        run(scripts / "softmax-lessons", *command, cwd=empty)
    run(python, "-c", TRIAL, cwd=empty)


def run(*command: object, cwd: str | Path = ROOT) -> None:
    """Run a command without this checkout on Python's path; stop if it fails."""
    environment = {name: text for name, text in os.environ.items() if name != "PYTHONPATH"}
    words = [str(word) for word in command]
    if subprocess.run(words, cwd=cwd, env=environment, check=False).returncode:
        sys.exit(f"This has failed: {' '.join(words)}")


if __name__ == "__main__":
    main()
