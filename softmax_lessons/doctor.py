"""Find out what keeps the course from running on a computer, and how to fix it.

This is `softmax-lessons doctor`. Before you've installed anything, you can run it as a script, in
the course's folder: `python softmax_lessons/doctor.py` (with `--quiet`, it only says what's wrong).
So it only imports modules that come with Python, and Python 3.7 can read it.
"""

from __future__ import annotations  # a SyntaxError? This Python is too old: take 3.10 to 3.14

import json
import os
import platform
import re
import shutil
import socket
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path, PurePath
from typing import Any, NamedTuple

OLDEST, NEWEST = (3, 10), (3, 14)
LONGEST = 137  # the longest path that installing writes below site-packages (JupyterLab's fonts)
WINDOWS_LIMIT = 259
NEEDED = 2_000_000_000  # bytes, for an environment with PyTorch's CPU build
LEFT = 100_000_000  # bytes, for saving lessons once it's installed
SYNCED = re.compile(
    r"^(OneDrive|Dropbox|Google ?Drive|GoogleDrive|CloudStorage|Mobile Documents)\b"
)
UV = "install uv (https://docs.astral.sh/uv) and run: uv run softmax-lessons; it brings a Python"
SMALL = "put PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu before the command, or use uv"
ELSEWHERE = "run the course on another computer or in Colab, and read the lessons on the website"
TRIAL = """
import json, sys
found = {"torch": "", "font": "", "lab": False, "error": ""}
try:
    import torch
    torch.softmax(torch.zeros(2), dim=0)
    found["torch"] = torch.__version__
    import importlib.util
    found["lab"] = importlib.util.find_spec("jupyterlab") is not None
    from matplotlib import font_manager
    found["font"] = font_manager.findfont("DejaVu Sans", fallback_to_default=False)
except BaseException as error:
    absent = isinstance(error, ModuleNotFoundError) and error.name == "torch"
    found["error"] = "" if absent else "{}: {}".format(type(error).__name__, error)
print(json.dumps(found))
"""


class Machine(NamedTuple):
    """What we know about a computer.

    Attributes:
        python: major and minor version.
        implementation: "CPython", or a different one.
        bits: 64 or 32.
        system: "Linux", "Darwin", "Windows", or a different one.
        platform: the name that decides which wheels fit, such as "win-amd64".
        processor: such as "x86_64".
        translated: whether an Apple chip emulates Intel for this Python.
        macos: its version, or nothing.
        libc: name and version of the C library, or nothing.
        folder: where the lessons are or will be.
        packages: where packages are or will be installed.
        long_paths: whether Windows allows paths of more than 259 characters.
        free: free bytes at `packages`.
        refused: why we can't write to `folder`, or nothing.
        unheard: why programs can't listen on a port of this computer, or nothing.
        torch: the version that works on this computer, or nothing.
        lab: whether JupyterLab is installed.
        font: the font file that figures use, or nothing.
        broken: the error from importing PyTorch or finding a font, or nothing.
    """

    python: tuple[int, int] = (3, 12)
    implementation: str = "CPython"
    bits: int = 64
    system: str = "Linux"
    platform: str = "linux-x86_64"
    processor: str = "x86_64"
    translated: bool = False
    macos: tuple[int, ...] = ()
    libc: tuple[str, tuple[int, ...]] = ("glibc", (2, 31))
    folder: PurePath = PurePath("/home/ada/my_lessons")
    packages: PurePath = PurePath("/home/ada/.venv/lib/python3.12/site-packages")
    long_paths: bool = False
    free: int = 100 * NEEDED
    refused: str = ""
    unheard: str = ""
    torch: str = "2.13.0"
    lab: bool = True
    font: str = "DejaVuSans.ttf"
    broken: str = ""


class Finding(NamedTuple):
    """One line of the report.

    Attributes:
        level: "ok", "note" if it's worth knowing, "stop" if it keeps the course from running.
        about: what the check looked at.
        says: what it found.
        fix: what to do, or nothing.
    """

    level: str
    about: str
    says: str
    fix: str = ""

    def __str__(self) -> str:
        line = f"{self.level:5} {self.about:11} {self.says}"
        return f"{line} Fix: {self.fix}." if self.fix else line


def look(machine: Machine) -> list[Finding]:
    """Return the findings about a computer, one per check."""
    checks = (_python, _torch, _lab, _fonts, _space, _paths, _folder, _synced, _port)
    return [check(machine) for check in checks]


def _python(machine: Machine) -> Finding:
    version = ".".join(map(str, machine.python))
    found = Finding("ok", "Python", f"{version}, {machine.bits}-bit, {machine.platform}")
    wanted = f"{_dotted(OLDEST)} to {_dotted(NEWEST)}"
    if machine.torch:
        return found
    if machine.implementation != "CPython":
        says = f"PyTorch is built for CPython, but this is {machine.implementation}."
        return Finding("stop", "Python", says, f"{UV} that fits")
    if machine.bits != 64:
        says = "PyTorch is built for 64-bit Pythons, but this one is 32-bit."
        return Finding("stop", "Python", says, f"{UV} with 64 bits")
    if machine.python < OLDEST:
        says = f"This is Python {version}; the course needs {wanted}."
        return Finding("stop", "Python", says, f"{UV} that is new enough")
    if machine.python > NEWEST:
        says = f"This is Python {version}; the course's packages are tested with {wanted}."
        return Finding("stop", "Python", says, f"{UV} that they are built for")
    return found


def _torch(machine: Machine) -> Finding:
    if machine.torch:
        return Finding("ok", "PyTorch", machine.torch)
    if machine.broken:
        return _broken(machine)
    by_system = {"Darwin": _on_a_mac, "Linux": _on_linux, "Windows": _on_windows}
    if machine.system not in by_system:
        return Finding("stop", "PyTorch", f"There are no wheels for {machine.system}.", ELSEWHERE)
    return by_system[machine.system](machine)


def _broken(machine: Machine) -> Finding:
    says = f"It's installed, but it doesn't start: {machine.broken}."
    fix = "make a new environment, and install the course into it"
    if machine.system == "Windows" and re.search(r"WinError (126|127|1114)|DLL", machine.broken):
        fix = (
            "install Microsoft's Visual C++ Redistributable, "
            "https://aka.ms/vs/17/release/vc_redist.x64.exe, and restart the computer"
        )
    elif "signal 4" in machine.broken:
        says = "It's installed, but it uses instructions that this processor doesn't have."
        fix = ELSEWHERE
    elif re.search(r"partially initialized|has no attribute", machine.broken):
        fix = "rename any file of yours that's named like a module, such as torch.py or random.py"
    return Finding("stop", "PyTorch", says, fix)


def _on_a_mac(machine: Machine) -> Finding:
    if machine.translated:
        says = "This Python is built for Intel, but the Mac has an Apple chip."
        return Finding("stop", "PyTorch", says, f"{UV} for it")
    if machine.processor != "arm64":
        says = "PyTorch's last wheel for Intel Macs is 2.2, but the course needs 2.4."
        if machine.macos and machine.macos < (12,):
            return Finding("stop", "PyTorch", says, ELSEWHERE)
        fix = "use conda, which still has builds: conda env create -f environment.yml"
        return Finding("stop", "PyTorch", says, fix)
    if machine.macos and machine.macos < (14,):
        says = f"On macOS {machine.macos[0]}, PyTorch's last wheel is 2.11; 2.12 needs macOS 14."
        fix = (
            "leave --constraint constraints.txt out of pip's command, and pip picks 2.11; or use "
            "conda"
        )
        return Finding("stop", "PyTorch", says, fix)
    return Finding("ok", "PyTorch", "not installed yet; there is a wheel for this Mac")


def _on_linux(machine: Machine) -> Finding:
    name, version = machine.libc
    if name != "glibc":
        says = (
            "PyTorch's wheels need glibc, but this system (Alpine, perhaps) has a different C "
            "library."
        )
        return Finding("stop", "PyTorch", says, "use a container such as python:3.12-slim")
    if version < (2, 28):
        says = f"PyTorch's wheels need glibc 2.28 or newer, but this is {_dotted(version)}."
        return Finding("stop", "PyTorch", says, "use a container such as python:3.12-slim")
    if machine.processor not in ("x86_64", "aarch64"):
        says = f"There are no wheels for a {machine.processor} processor."
        return Finding("stop", "PyTorch", says, ELSEWHERE)
    on_arm = ", even on ARM" if machine.processor == "aarch64" else ""
    says = f"not installed yet; pip alone brings gigabytes for graphics cards{on_arm}."
    return Finding("note", "PyTorch", says, SMALL)


def _on_windows(machine: Machine) -> Finding:
    if machine.platform == "win-amd64":
        return Finding("ok", "PyTorch", "not installed yet; there is a wheel for this Windows")
    if machine.platform == "win-arm64":
        says = "There are no wheels on PyPI for Windows on ARM."
        fix = "install Python for 64-bit Intel from python.org, which runs on this Windows, too"
        return Finding("stop", "PyTorch", says, fix)
    says = f"There are no wheels for {machine.platform}."
    return Finding("stop", "PyTorch", says, "install Python from python.org")


def _lab(machine: Machine) -> Finding:
    if not machine.torch or machine.lab:
        return Finding("ok", "JupyterLab", "installed" if machine.lab else "not installed yet")
    says = "It's not installed: the lessons open in VS Code or Jupyter Notebook."
    fix = "python -m pip install jupyterlab jupyterlab-rise, if you want it"
    return Finding("note", "JupyterLab", says, fix)


def _fonts(machine: Machine) -> Finding:
    if not machine.torch or machine.font:
        says = PurePath(machine.font).name if machine.font else "not checked yet"
        return Finding("ok", "Fonts", says)
    says = f"matplotlib can't draw: {machine.broken}."
    fix = "python -m pip install --force-reinstall matplotlib"
    return Finding("stop", "Fonts", says, fix)


def _space(machine: Machine) -> Finding:
    wanted = LEFT if machine.torch else NEEDED
    says = f"{machine.free / 1e9:.1f} GB free"
    if machine.free < wanted:
        says = f"{says}, but the course needs {wanted / 1e9:.1f} GB at {machine.packages}."
        return Finding("stop", "Space", says, "free up space, or put the course on another disk")
    return Finding("ok", "Space", says)


def _paths(machine: Machine) -> Finding:
    length = len(str(machine.packages)) + 1 + LONGEST
    if (
        machine.system != "Windows"
        or machine.long_paths
        or machine.torch
        or length <= WINDOWS_LIMIT
    ):
        return Finding("ok", "Paths", "short enough")
    says = f"Windows allows {WINDOWS_LIMIT} characters; paths in {machine.packages} have {length}."
    fix = r"put the course closer to the top of the drive, such as in C:\softmax"
    return Finding("stop", "Paths", says, fix)


def _folder(machine: Machine) -> Finding:
    if not machine.refused:
        return Finding("ok", "Folder", str(machine.folder))
    says = f"Can't write to {machine.folder}: {machine.refused}."
    return Finding("stop", "Folder", says, "choose a different folder with --folder")


def _synced(machine: Machine) -> Finding:
    at = [part for part in machine.folder.parts if SYNCED.match(part)]
    if at:
        says = f"{machine.folder} is synchronised ({at[0]}), which can lock files while you save."
        return Finding("note", "Cloud", says, "choose a folder outside it with --folder")
    if str(machine.folder).startswith("\\\\"):
        says = f"{machine.folder} is on the network, which makes starting slow."
        return Finding("note", "Cloud", says, "choose a folder on this computer with --folder")
    return Finding("ok", "Cloud", "the folder isn't synchronised")


def _port(machine: Machine) -> Finding:
    if not machine.unheard:
        return Finding("ok", "Port", "programs can listen on this computer")
    says = f"JupyterLab and its kernels can't listen on 127.0.0.1: {machine.unheard}."
    fix = "ask whoever manages this computer to allow it for Python, or use Colab"
    return Finding("stop", "Port", says, fix)


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


def this_machine(folder: Path) -> Machine:
    """Return what we can find out about this computer.

    Args:
        folder: where the lessons are or will be.
    """
    folder = folder.absolute()
    in_environment = sys.prefix != sys.base_prefix or Path(sys.prefix, "conda-meta").exists()
    packages = sysconfig.get_path("purelib")
    if not in_environment:
        below = ("Lib",) if os.name == "nt" else ("lib", f"python{_dotted(sys.version_info[:2])}")
        packages = str(Path(".venv", *below, "site-packages").absolute())
    libc, version = platform.libc_ver()
    tried = _try(folder)
    return Machine(
        python=(sys.version_info[0], sys.version_info[1]),
        implementation=platform.python_implementation(),
        bits=64 if sys.maxsize > 2**32 else 32,
        system=platform.system(),
        platform=sysconfig.get_platform(),
        processor=platform.machine(),
        translated=_is_translated(),
        macos=_macos(platform.mac_ver()[0]),
        libc=(libc, _numbers(version)),
        folder=folder,
        packages=Path(packages),
        long_paths=_long_paths(),
        free=shutil.disk_usage(_existing(Path(packages))).free,
        refused=_refused(_existing(folder)),
        unheard=_unheard(),
        torch=tried["torch"],
        lab=tried["lab"],
        font=tried["font"],
        broken=tried["error"],
    )


def _existing(path: Path) -> Path:
    """Return a path itself if it exists, or else the nearest folder above it that does."""
    while not path.exists() and path != path.parent:
        path = path.parent
    return path


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", version)[:2]))


def _macos(version: str) -> tuple[int, ...]:
    """Return a version's numbers, except for 10.16, which an old Python calls every new macOS."""
    return () if version == "10.16" else _numbers(version)


def _is_translated() -> bool:
    if sys.platform != "darwin":
        return False
    command = ["sysctl", "-n", "sysctl.proc_translated"]
    return subprocess.run(command, stdout=subprocess.PIPE, check=False).stdout.strip() == b"1"


def _long_paths() -> bool:
    if sys.platform != "win32":
        return True
    import winreg

    place = r"SYSTEM\CurrentControlSet\Control\FileSystem"
    try:
        with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, place) as key:
            return bool(winreg.QueryValueEx(key, "LongPathsEnabled")[0])
    except OSError:
        return False


def _refused(folder: Path) -> str:
    try:
        with tempfile.TemporaryFile(dir=folder):
            return ""
    except OSError as error:
        return str(error.strerror or error)


def _unheard() -> str:
    try:
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen()
            return ""
    except OSError as error:
        return str(error.strerror or error)


def _try(folder: Path) -> dict[str, Any]:
    """Import PyTorch and find a font in a separate process, which may crash; return the outcome."""
    tried: dict[str, Any] = {"torch": "", "font": "", "lab": False, "error": ""}
    try:
        run = subprocess.run(
            [sys.executable, "-c", TRIAL],
            cwd=str(_existing(folder)),  # a learner's file may be named like a module
            capture_output=True,
            timeout=300,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return {**tried, "error": str(error)}
    if run.returncode:
        died = f"signal {-run.returncode}" if run.returncode < 0 else f"exit code {run.returncode}"
        return {**tried, "error": died}
    tried.update(json.loads(run.stdout.decode().splitlines()[-1]))
    return tried


def main(folder: Path, quiet: bool) -> int:
    """Print the findings about this computer.

    Args:
        folder: where the lessons are or will be.
        quiet: only say what's wrong.

    Returns:
        The exit code: 1 if something keeps the course from running.
    """
    findings = look(this_machine(folder))
    for finding in findings:
        if finding.level != "ok" or not quiet:
            print(finding, flush=True)
    return int(any(finding.level == "stop" for finding in findings))


if __name__ == "__main__":
    # a console may not have all letters in a folder's name; in a pipe on Windows, it doesn't
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    sys.exit(main(Path("my_lessons"), quiet="--quiet" in sys.argv[1:]))
