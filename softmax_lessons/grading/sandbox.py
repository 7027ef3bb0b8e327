"""What a submission's process may do: compute, and read the libraries."""

import os
import resource
import shutil
import subprocess
import sys
import sysconfig
from functools import cache
from pathlib import Path

NAMESPACES = ("unshare", "--user", "--map-root-user", "--pid", "--net", "--ipc")
COMMAND = (*NAMESPACES, "--fork", "--kill-child", "--mount-proc")


def has_landlock() -> bool:
    """Tell whether this kernel can keep a process away from files."""
    if not sys.platform.startswith("linux"):
        return False
    from landlock import plumbing

    try:
        return plumbing.landlock_abi_version() >= 1
    except OSError:
        return False


@cache  # it starts a process to find out
def namespaces() -> tuple[str, ...]:
    """Return the command that gives a process its own processes and network; () if none does."""
    if not shutil.which(COMMAND[0]):
        return ()
    tried = subprocess.run([*COMMAND, "true"], capture_output=True, check=False)
    return COMMAND if tried.returncode == 0 else ()


def missing() -> list[str]:
    """Return what this system can't keep a submission from; empty if the sandbox is whole."""
    found = []
    if not has_landlock():
        found.append("read and write this user's files (there is no Landlock)")
    if not namespaces():
        found.append("use the network, and leave processes behind (there are no user namespaces)")
    return found


def readable() -> list[Path]:
    """Return what a submission may read: Python and the libraries, not this course."""
    paths = sysconfig.get_paths()
    packages = [Path(paths[name]) for name in ("purelib", "platlib")]
    found = [
        entry
        for folder in dict.fromkeys(packages)
        for entry in folder.iterdir()
        if "softmax_lessons" not in entry.name
    ]
    standard = Path(paths["stdlib"])
    found += [entry for entry in standard.iterdir() if entry.name != "site-packages"]
    system = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/share/zoneinfo", "/proc")
    devices = ("/dev/urandom", "/dev/zero")
    return found + [Path(path) for path in (*system, *devices) if os.path.exists(path)]


def enter() -> None:
    """Give up the right to write files, and to read any but those; for ever, in this process."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    if not has_landlock():
        return
    from landlock import FSAccess, Ruleset

    rules = Ruleset()
    may = FSAccess.READ_FILE | FSAccess.READ_DIR | FSAccess.EXECUTE
    for path in readable():
        rules.allow(path, rules=may if path.is_dir() else may & FSAccess.all_file())
    rules.allow(os.devnull, rules=FSAccess.READ_FILE | FSAccess.WRITE_FILE)
    rules.apply()
