"""What a process could try to get out of the sandbox: `test_grading_sandbox` runs this file.

    python tests/escapes.py namespaces seccomp

prints which attempts worked with only these layers of the sandbox. With `owner`, root stays root,
like somebody who owns the libraries. Without a layer that isolates files, attempts that would
leave something behind are skipped.
"""

import ctypes
import fcntl
import json
import os
import platform
import resource
import signal
import socket
import struct
import sys
import tempfile
import threading
from pathlib import Path

from softmax_lessons.grading import sandbox

LIBC = ctypes.CDLL(None, use_errno=True)
OUTSIDE = Path(__file__).resolve()
LIBRARY = Path(os.__file__)
# numbers of system calls: from 400 on, the same on all 64-bit machines
ARM = platform.machine() == "aarch64"
UNSHARE, MEMFD, CLONE = (97, 279, 220) if ARM else (272, 319, 56)
CLONE3, IO_URING = 435, 425
KEY = 0x50F7  # of shared memory


def call(name, *arguments):
    """Call a function of the C library; tell whether it worked."""
    return getattr(LIBC, name)(*arguments) >= 0


def ends(pid):
    """Wait for a child, if there is one; a process was made."""
    if pid == 0:
        os._exit(0)
    if pid > 0:
        os.waitpid(pid, 0)
    return pid > 0


def status(name):
    return next(line for line in Path("/proc/self/status").read_text().splitlines() if name in line)


def threads(count):
    release = threading.Event()
    started = []
    try:
        for _ in range(count):
            started.append(threading.Thread(target=release.wait))
            started[-1].start()
    finally:
        release.set()
    return True


def opens(path):
    """Open a file for writing, and write nothing."""
    with open(path, "ab"):
        return True


def creates(folder):
    """Create a new file, and remove it again."""
    with tempfile.NamedTemporaryFile(dir=folder):
        return True


def fills(folder, size):
    with (Path(folder) / "large").open("wb") as file:
        file.write(bytes(size))
    return True


def makes(folder, count):
    for i in range(count):
        (Path(folder) / str(i)).touch()
    return True


def other():
    """The id of another process, one that was there before."""
    return int(os.environ["OTHER"])


READS = {
    "read a file of this user": lambda: OUTSIDE.read_bytes(),
    "list a folder of this user": lambda: os.listdir(OUTSIDE.parent),
    "find out that a file exists": lambda: OUTSIDE.exists(),
    "read the course": lambda: Path(sandbox.__file__).read_bytes(),
    "list what was the root": lambda: os.listdir("/old"),
    "read /etc/passwd": lambda: Path("/etc/passwd").read_bytes(),
}
WRITES = {
    "write beside a file of this user": lambda: creates(OUTSIDE.parent),
    "write to a library": lambda: opens(LIBRARY),
    "write beside a library": lambda: creates(LIBRARY.parent),
    "write to the root": lambda: creates("/"),
    "write to scratch": lambda: (Path("/scratch/small").write_bytes(b"small")) > 0,
    "write too much to scratch": lambda: fills("/scratch", sandbox.SCRATCH + (1 << 20)),
    "make too many files": lambda: makes("/scratch", 1001),
    "write to /tmp": lambda: creates("/tmp"),
}
ESCAPES = {
    "see another process": lambda: Path(f"/proc/{other()}/stat").exists(),
    "see many processes": lambda: len([p for p in os.listdir("/proc") if p.isdigit()]) > 1,
    "write to the kernel's settings": lambda: opens("/proc/sys/kernel/hostname"),
    "know the name of the machine": lambda: socket.gethostname() == os.environ["HOST"],
    "be root": lambda: os.geteuid() == 0,
    "be in root's group": lambda: 0 in (os.getegid(), *os.getgroups()),
    "have a capability": lambda: int(status("CapEff").split()[1], 16) > 0,
    "have a port": lambda: socket.socket().bind(("127.0.0.1", 0)) or True,
    "reach a port": lambda: socket.create_connection(("127.0.0.1", int(os.environ["PORT"])), 1),
    "ask the kernel for its network": lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0),
    "fork": lambda: ends(LIBC.fork()),
    "fork by its number": lambda: ends(LIBC.syscall(CLONE, signal.SIGCHLD, 0, 0, 0, 0)),
    "fork by its newer number": lambda: ends(
        LIBC.syscall(CLONE3, ctypes.create_string_buffer(bytes(32) + b"\x11" + bytes(55)), 88)
    ),
    "run a program": lambda: os.spawnv(os.P_WAIT, sys.executable, ["python", "-c", "0"]) == 0,
    "start too many threads": lambda: threads(sandbox.PROCESSES + 1),
    "signal another process": lambda: os.kill(other(), 0) is None,
    "signal a thread of another process": lambda: (
        LIBC.syscall(131 if ARM else 234, other(), other(), 0) == 0
    ),
    "change another's limits": lambda: resource.prlimit(other(), resource.RLIMIT_CORE, (0, 0)),
    "have others signalled": lambda: fcntl.fcntl(0, sandbox.F_SETOWN, other()) == 0,
    "have another's thread signalled": lambda: fcntl.fcntl(
        0, sandbox.F_SETOWN_EX, struct.pack("ii", 1, other())
    ),
    "look into another process": lambda: call(
        "process_vm_readv", other(), ctypes.create_string_buffer(16), 0, None, 0, 0
    ),
    "make a file without a name": lambda: LIBC.syscall(MEMFD, b"x", 0) >= 0,
    "fill a file without a name": lambda: os.write(os.memfd_create("x"), bytes(1 << 20)) > 0,
    "share memory": lambda: call("shmget", 0, 4096, 0o1600),
    "share another's memory": lambda: call("shmget", KEY, 4096, 0),
    "queue messages": lambda: call("msgget", 0, 0o1600),
    "make namespaces": lambda: LIBC.syscall(UNSHARE, sandbox.NEW_USERS) >= 0,
    "mount": lambda: call("mount", b"none", b"/scratch", b"tmpfs", 0, None),
    "use rings": lambda: LIBC.syscall(IO_URING, 1, ctypes.create_string_buffer(120)) >= 0,
    "choose its cores": lambda: os.sched_setaffinity(0, os.sched_getaffinity(0)) is None,
    "be nicer": lambda: os.setpriority(os.PRIO_PROCESS, 0, 5) is None,
    "change a mode": lambda: os.chmod(os.environ["OWN"], 0o700) is None,
    "change a date": lambda: os.utime(os.environ["OWN"]) is None,
    # the last one, since a traced process stops at a signal
    "trace itself": lambda: call("ptrace", 0, 0, 0, 0),
}


def worked(escape):
    """Tell whether an escape worked; one that raises didn't."""
    try:
        return bool(escape())
    except Exception:
        return False


def main(layers):
    tried = READS | ESCAPES
    if "namespaces" in layers or "landlock" in layers:
        tried |= WRITES
    for layer in ("namespaces", "landlock", "seccomp"):
        if layer not in layers:
            setattr(sandbox, f"has_{layer}", lambda: False)
    if "owner" in layers:
        sandbox.NOBODY = os.geteuid()
    sandbox.has_seccomp()  # finds the library while all files are there
    listening = socket.create_server(("127.0.0.1", 0))
    os.environ["PORT"] = str(listening.getsockname()[1])
    os.environ["HOST"] = socket.gethostname()
    memory = LIBC.shmget(KEY, 4096, 0o1666)
    outer, inner = os.pipe()
    starter = os.fork()
    if starter == 0:
        os.environ["OTHER"] = str(os.getppid())
        sandbox.enter()
        pid = sandbox.fork()
        if pid == 0:
            sandbox.confine()
            os.environ["OWN"] = os.environ.get("TMPDIR", "/tmp")
            found = [name for name, escape in tried.items() if worked(escape)]
            os.write(inner, json.dumps(found).encode())
            os._exit(0)
        os._exit(os.waitpid(pid, 0)[1] != 0)
    os.close(inner)
    with open(outer) as said:
        text = said.read()
    os.waitpid(starter, 0)
    LIBC.shmctl(memory, 0, None)
    print(text)


if __name__ == "__main__":
    main(sys.argv[1:])
