"""What an answer's process may do: compute and read the libraries.

There are three layers, and a system has some or all of them:

- namespaces: a process sees no other process, no network, and no files except the libraries, which
  it can't change; this is done with mounts, as in containers;
- Landlock: if there are no namespaces, the right to read the libraries and nothing else;
- seccomp: the kernel refuses all other calls that reach out of a process, and new processes.

The process that starts all the others calls `enter` once and `fork` for each new one, which calls
`confine`.
"""

import contextlib
import ctypes
import errno
import os
import signal
import stat
import struct
import sys
import sysconfig
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyseccomp

SCRATCH_FOLDER = "/scratch"  # libraries may be in /tmp
PROCESSES = 64  # including threads; an answer has one
SCRATCH = 64 << 20  # bytes that an answer may write to files, which end with it; lesson 14 needs 32
NOBODY = 65534
PACKAGES = ("site-packages", "dist-packages")  # the folders with third-party libraries
SYSTEM = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/share/zoneinfo")
DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom")

# from Linux's headers; the same on all its architectures
NEW_MOUNTS, NEW_HOST, NEW_IPC = 0x20000, 0x4000000, 0x8000000
NEW_USERS, NEW_PROCESSES, NEW_NETWORK = 0x10000000, 0x20000000, 0x40000000
READ_ONLY, NO_SETUID, NO_DEVICES, NO_EXECUTION = 1, 2, 4, 8
BIND, RECURSIVE, PRIVATE, DETACH = 0x1000, 0x4000, 0x40000, 2
MOUNT_SETATTR, AT_RECURSIVE = 442, 0x8000
SET_DUMPABLE, SET_DEATH_SIGNAL = 4, 1
CLONE_THREAD, F_SETOWN, F_SETOWN_EX = 0x10000, 8, 15
# calls that reach other processes, the network, rarer parts of the kernel, or a file's owner and
# dates
REFUSED = """
    socket connect bind listen accept accept4 fork vfork execve execveat unshare setns tkill
    rt_sigqueueinfo rt_tgsigqueueinfo ptrace process_vm_readv process_vm_writev process_madvise
    process_mrelease kcmp pidfd_open pidfd_getfd pidfd_send_signal migrate_pages move_pages
    setpriority ioprio_set sched_setaffinity sched_setattr sched_setparam sched_setscheduler mount
    umount2 pivot_root chroot open_tree move_mount fsopen fsconfig fsmount fspick mount_setattr
    swapon swapoff reboot quotactl quotactl_fd acct chmod fchmod fchmodat fchmodat2 chown fchown
    fchownat lchown utime utimes utimensat futimesat setxattr lsetxattr fsetxattr removexattr
    lremovexattr fremovexattr setxattrat removexattrat shmget shmat msgget semget mq_open
    memfd_create memfd_secret inotify_init inotify_init1 fanotify_init name_to_handle_at
    open_by_handle_at add_key request_key keyctl bpf perf_event_open userfaultfd io_uring_setup
    init_module finit_module delete_module kexec_load kexec_file_load iopl ioperm
"""


def has_landlock() -> bool:
    """Tell whether this kernel can keep a process away from files."""
    if not sys.platform.startswith("linux"):
        return False
    from landlock import plumbing

    try:
        return plumbing.landlock_abi_version() >= 1
    except OSError:
        return False


@cache  # it starts a process to find out, like the next function
def has_seccomp() -> bool:
    """Tell whether the kernel can refuse system calls, that is, whether libseccomp is there."""
    try:
        _refused()  # it looks for the library
    except (ImportError, RuntimeError):
        return False
    return _works(_refuse_calls)


@cache
def has_namespaces() -> bool:
    """Tell whether this user may make namespaces, by making them all."""

    def make() -> None:
        _enter_root()
        _enter_processes()
        pid = _fork_apart()
        if pid == 0:
            try:
                _leave_the_others()
                os._exit(0)
            finally:
                os._exit(1)
        if os.waitpid(pid, 0)[1]:
            raise OSError

    return sys.platform.startswith("linux") and _works(make)


def _works(attempt: Callable[[], None]) -> bool:
    """Tell whether a function finishes without an error in a fork of this process."""
    pid = os.fork()
    if pid == 0:
        try:
            attempt()
            os._exit(0)
        finally:
            os._exit(1)
    return os.waitpid(pid, 0)[1] == 0


def missing() -> list[str]:
    """Return what this system can't keep a submission from doing; empty if we know of nothing."""
    found = []
    if not has_namespaces() and not has_landlock():
        found.append("read and write this user's files (there are no namespaces and no Landlock)")
    if not has_seccomp():
        found.append(
            "start processes, which together can use more memory than one may (there's no "
            "libseccomp)"
        )
        if not has_namespaces():
            found.append("use the network, and end or change this user's processes")
    return found


def level() -> list[str]:
    """Return, in sentences, the protection on this system and its limits."""
    if has_namespaces():
        said = [
            "Each answer had its own processes, a network with no connection to the outside, and "
            "its own file system (namespaces): the libraries, which it can't change, and 64 MB of "
            "scratch space."
        ]
    elif has_landlock():
        said = [
            "Each answer could read the libraries and nothing else, and write nothing (Landlock). "
            "It could find out whether a file that it can name exists, and its size and date: this "
            "system doesn't let this user make namespaces."
        ]
    else:
        said = ["Nothing protected the grader's own files from an answer."]
    if has_seccomp():
        said.append(
            "It couldn't start processes or programs, open sockets, or signal or inspect other "
            "processes (seccomp)."
        )
    said.append(
        "No level protects against a hole in the Linux kernel, nor against what an answer's "
        "running time gives away."
    )
    return said


def readable() -> list[Path]:
    """Return the paths an answer may read: Python and the libraries, but not this course."""
    folders = [path for path in map(Path, sys.path) if path.name in PACKAGES and path.is_dir()]
    found = [e for path in folders for e in path.iterdir() if "softmax_lessons" not in e.name]
    standard = Path(sysconfig.get_path("stdlib"))
    found += [entry for entry in standard.iterdir() if entry.name not in PACKAGES]
    # where MKL is, for example, if Python comes from conda
    libraries = Path(sys.base_prefix, "lib")
    if str(libraries) not in SYSTEM and libraries.is_dir():
        found += [e for e in libraries.iterdir() if not e.name.startswith("python")]
    found += [Path(path) for path in SYSTEM]
    return [path for path in found if path.exists()]


def enter() -> None:
    """Go on in a fork of this process that only has the files it may read.

    This only happens if there are namespaces. This process must have a single thread.
    """
    if has_namespaces():
        _enter_root()
        _enter_processes()


def fork() -> int:
    """Fork like `os.fork`, with the child as the first process in its own namespace."""
    return _fork_apart() if has_namespaces() else os.fork()


def confine() -> None:
    """Give up, permanently, everything that an answer's process doesn't need."""
    if has_namespaces():
        _leave_the_others()
    elif has_landlock():
        _read_only_the_libraries()
    _drop_capabilities()
    die_with_parent()  # the kernel forgets this when a process changes its user
    if has_seccomp():
        _refuse_calls()


def die_with_parent() -> None:
    """Have the kernel kill this process when the one that forked it ends."""
    _call("prctl", SET_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)


def _call(name: str, *arguments: object) -> None:
    """Call a C library function; raise OSError if it fails."""
    given = [os.fsencode(a) if isinstance(a, (str, Path)) else a for a in arguments]
    if getattr(ctypes.CDLL(None, use_errno=True), name)(*given) < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def _enter_root() -> None:
    """Make a file system with the readable files, and make it this process's own."""
    sources = {path: os.path.realpath(path) for path in readable()}
    sources |= {Path(path): path for path in (*DEVICES, "/proc")}
    try:
        _call("unshare", NEW_MOUNTS)
    except PermissionError:  # not root, or root in a container
        _unshare_users(os.open("/proc/self", os.O_DIRECTORY))
        _call("unshare", NEW_MOUNTS)
    _call("mount", None, "/", None, RECURSIVE | PRIVATE, None)
    _call("mount", "root", "/tmp", "tmpfs", NO_SETUID | NO_DEVICES, "size=4m,mode=755")
    os.mkdir("/tmp/old")
    _call("pivot_root", "/tmp", "/tmp/old")
    os.chdir("/")
    for path, source in sources.items():
        folder = os.path.isdir(f"/old{source}")
        (path if folder else path.parent).mkdir(parents=True, exist_ok=True)
        if not folder:
            path.touch()
        _call("mount", f"/old{source}", path, None, BIND | RECURSIVE, None)
        if source != "/proc":  # needed to make namespaces
            _make_read_only(path, AT_RECURSIVE)
    _call("umount2", "/old", DETACH)
    os.rmdir("/old")
    os.mkdir(SCRATCH_FOLDER)
    with contextlib.suppress(FileExistsError):  # Python or a library is in it
        os.symlink(SCRATCH_FOLDER, "/tmp")
    os.environ["HOME"] = os.environ["TMPDIR"] = SCRATCH_FOLDER
    tempfile.tempdir = None  # another call may have set it before
    _make_read_only("/", 0)


def _make_read_only(path: str | Path, how: int) -> None:
    attributes = struct.pack("QQQQ", READ_ONLY | NO_SETUID, 0, 0, 0)
    _call("syscall", MOUNT_SETATTR, -1, path, how, attributes, len(attributes))


def _enter_processes() -> None:
    """Go on in a fork that's the first process in a namespace owned by this user."""
    _call("unshare", NEW_PROCESSES)
    pid = os.fork()
    if pid:
        os._exit(0 if os.waitpid(pid, 0)[1] == 0 else 1)
    die_with_parent()


def _fork_apart() -> int:
    own = os.open("/proc/self/ns/pid", os.O_RDONLY)
    _call("unshare", NEW_PROCESSES)  # takes effect for the next child
    pid = os.fork()
    if pid:
        _call("setns", own, NEW_PROCESSES)
    os.close(own)
    return pid


def _leave_the_others() -> None:
    """Switch to a separate network, files and user, in a process that `_fork_apart` made."""
    import resource

    outer = os.open("/proc/self", os.O_DIRECTORY)
    _call("unshare", NEW_MOUNTS | NEW_NETWORK | NEW_IPC | NEW_HOST)
    _call("sethostname", "sandbox", len("sandbox"))
    quiet = NO_SETUID | NO_DEVICES
    try:
        _call("mount", "proc", "/proc", "proc", quiet | READ_ONLY | NO_EXECUTION, None)
    except PermissionError:  # in a container that hides parts of it; if so, leave it empty
        _call("mount", "none", "/proc", "tmpfs", quiet | READ_ONLY, "size=0")
    size = f"size={SCRATCH},nr_inodes=1000"
    _call("mount", "scratch", SCRATCH_FOLDER, "tmpfs", quiet, size)
    os.chdir(SCRATCH_FOLDER)
    if os.geteuid() == 0 and os.stat(os.__file__).st_mode & stat.S_IROTH:
        with contextlib.suppress(OSError):  # root in a container may not have any other user
            os.setgroups([])
            os.setresgid(NOBODY, NOBODY, NOBODY)
            os.setresuid(NOBODY, NOBODY, NOBODY)
            _call("prctl", SET_DUMPABLE, 1, 0, 0, 0)  # otherwise, /proc/self belongs to root
    _unshare_users(outer)  # so that other users' processes don't count towards the limit
    resource.setrlimit(resource.RLIMIT_NPROC, (PROCESSES, PROCESSES))


def _unshare_users(proc: int) -> None:
    """Keep the same user in a new user namespace; `proc` is /proc/self."""
    user, group = os.geteuid(), os.getegid()  # a new namespace doesn't know them until told
    _call("unshare", NEW_USERS)
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{user} {user} 1"),
        ("gid_map", f"{group} {group} 1"),
    ):
        file = os.open(name, os.O_WRONLY, dir_fd=proc)
        os.write(file, text.encode())
        os.close(file)
    os.close(proc)


def _drop_capabilities() -> None:
    version_3, this_process = 0x20080522, 0
    _call("capset", struct.pack("Ii", version_3, this_process), bytes(24))


def _read_only_the_libraries() -> None:
    import resource

    from landlock import FSAccess, Ruleset

    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))

    rules = Ruleset()
    may = FSAccess.READ_FILE | FSAccess.READ_DIR | FSAccess.EXECUTE
    for path in [*readable(), *map(Path, DEVICES)]:
        rules.allow(path, rules=may if path.is_dir() else may & FSAccess.all_file())
    rules.allow(os.devnull, rules=FSAccess.READ_FILE | FSAccess.WRITE_FILE)
    rules.apply()


def _refuse_calls() -> None:
    """Have the kernel refuse the calls in `REFUSED`, new processes, and signals to others."""
    import pyseccomp
    from pyseccomp import NE, Arg

    calls = _refused()
    for name in ("kill", "tgkill"):
        calls.add_rule(pyseccomp.ERRNO(errno.EPERM), name, Arg(0, NE, os.getpid()))
    calls.load()


@cache  # every fork inherits it
def _refused() -> "pyseccomp.SyscallFilter":
    """Return the filter for all calls that any process is refused."""
    import pyseccomp
    from pyseccomp import EQ, MASKED_EQ, NE, Arg

    calls = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
    no = pyseccomp.ERRNO(errno.EPERM)
    for name in REFUSED.split():
        with contextlib.suppress(OSError):  # this architecture or libseccomp doesn't know it
            calls.add_rule(no, name)
    calls.add_rule(no, "clone", Arg(0, MASKED_EQ, CLONE_THREAD, 0))
    calls.add_rule(pyseccomp.ERRNO(errno.ENOSYS), "clone3")  # callers then try `clone`
    calls.add_rule(no, "prlimit64", Arg(0, NE, 0))
    for command in (F_SETOWN, F_SETOWN_EX):  # sends a signal to the named process at some event
        calls.add_rule(no, "fcntl", Arg(1, EQ, command))
    return calls
