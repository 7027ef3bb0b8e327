"""A folder for a USB stick, which sets the course up without a network.

`make bundle` runs `python -m tools.publish` before: the stick carries the handouts, the slides and
the site, too.
Which PyTorch the stick gets is pip's choice: on Linux, tell pip where the CPU build is
(PIP_FIND_LINKS or PIP_EXTRA_INDEX_URL), or it takes the one with gigabytes for graphics cards.
"""

import hashlib
import json
import platform
import shutil
import subprocess
import sys
from pathlib import Path

from softmax_lessons.workspace import prepare

ROOT = Path(__file__).parents[2]
BUILD = Path("build")
STICK = BUILD / "bundle"
FORMS = ("handouts", "slides", "site")


def main() -> None:
    """Collect wheels for this platform and Python, the lessons, and every form of them."""
    if missing := [str(BUILD / form) for form in FORMS if not (BUILD / form).exists()]:
        sys.exit(f"{', '.join(missing)} missing; run `python -m tools.publish` first")
    shutil.rmtree(STICK, ignore_errors=True)
    shutil.copytree(ROOT / "tools" / "publish" / "usb_stick", STICK)
    collect_wheels(STICK / "wheels")
    prepare(STICK / "lessons")
    for form in FORMS:
        shutil.copytree(BUILD / form, STICK / form)
    made_for = {
        "python": ".".join(platform.python_version_tuple()[:2]),
        "system": platform.system(),
        "machine": platform.machine(),
    }
    (STICK / "made_for.json").write_text(json.dumps(made_for), encoding="utf-8")
    readme = STICK / "README.txt"
    readme.write_text(readme.read_text(encoding="utf-8").format(**made_for), encoding="utf-8")
    write_sums(STICK)
    size = sum(file.stat().st_size for file in STICK.rglob("*")) / 1e6
    print(f"{STICK} is ready, {size:.0f} MB. Copy the whole folder, and read its README.txt")


def collect_wheels(folder: Path) -> None:
    """Download, or build, a wheel of the course, of everything that it needs, and of pip."""
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check"]
    constraint = ["--constraint", str(ROOT / "constraints.txt")]
    course = f"{ROOT}[lab]"
    subprocess.run([*pip, *constraint, "--wheel-dir", str(folder), course, "pip"], check=True)


def write_sums(stick: Path) -> None:
    """Write the SHA-256 of every file, in the form that `sha256sum --check` reads."""
    files = sorted(file for file in stick.rglob("*") if file.is_file())
    lines = [
        f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.relative_to(stick).as_posix()}\n"
        for file in files
    ]
    (stick / "SHA256SUMS").write_bytes("".join(lines).encode())


if __name__ == "__main__":
    main()
