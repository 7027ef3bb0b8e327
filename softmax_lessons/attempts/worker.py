"""Run an attempt in a process that's kept running, on systems without a safe fork (Windows, macOS).

A worker starts in the background, with PyTorch loaded, and is reused as long as it behaves: a
timeout, a crash or a changed setting gets it replaced. Cloudpickle sends it the function.
"""

import atexit
import builtins
import contextlib
import inspect
import json
import math
import os
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from types import MethodType, ModuleType

import cloudpickle
import numpy as np
import psutil
import torch

from softmax_lessons.attempts.child import (
    MEMORY,
    adopt_orphans,
    answer,
    cut_off,
    end_children,
    limit,
    warm_up,
)
from softmax_lessons.attempts.messages import pack, read, unpack, write
from softmax_lessons.attempts.run import bind_arguments

START = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from softmax_lessons.attempts.worker import main; main()"
)


class UnsendableError(Exception):
    """The function can't be sent to another process; the message says why."""


class Worker:
    """A process with PyTorch loaded that answers requests about one attempt after another."""

    def __init__(self) -> None:
        new_session = {"start_new_session": True}
        if sys.platform == "win32":
            flags = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW
            new_session = {"creationflags": flags}
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-c", START, json.dumps(sys.path)],
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            **new_session,
        )
        self.requests = self._process.stdin.fileno()
        self.answers = self._process.stdout.fileno()
        self._lock = threading.Lock()
        self._ready = False
        self._ended = ""

    def ask(self, question: dict[str, object]) -> dict[str, object]:
        """Return the answer to a question.

        Raises:
            EOFError: if the process has ended.
        """
        try:
            write(self.requests, pack(question))
            return unpack(read(self.answers))
        except (OSError, ValueError) as error:
            raise EOFError from error

    def wait_until_ready(self) -> None:
        """Return once PyTorch is loaded; raises EOFError if it can't be loaded."""
        if not self._ready:
            if not read(self.answers):
                raise EOFError(f"the process for your function ended ({self.ending()})")
            self._ready = True

    def load(self, function: bytes, parameters: Sequence[str]) -> None:
        """Send a pickled function.

        Raises:
            UnsendableError: if the worker can't unpickle it.
        """
        try:
            trouble = self.ask({"load": function.hex(), "parameters": list(parameters)})["error"]
        except EOFError:
            trouble = "the process for it ended"
        if trouble:
            raise UnsendableError(trouble)

    def is_alive(self) -> bool:
        """Tell whether it's still running."""
        return not self._ended and self._process.poll() is None

    def behaves(self) -> bool:
        """Tell whether the last attempt left everything unchanged."""
        return self.is_alive() and self.ask({"unload": True})["same"] is True

    def memory(self) -> int:
        """Return how many bytes it uses."""
        try:
            return psutil.Process(self._process.pid).memory_info().rss
        except psutil.Error:
            return 0

    def ending(self) -> str:
        """Make sure it has ended, and say how."""
        self.kill()
        return self._ended

    def kill(self) -> None:
        """End it and all its descendants."""
        with self._lock:
            if self._ended:
                return
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(0.05)  # a crashed process may not have quite ended yet
            code = self._process.poll()
            end_children(self._process.pid)
            self._process.kill()
            self._process.wait()
            self._process.stdin.close()
            self._process.stdout.close()
            code = self._process.returncode if code is None else code
            self._ended = f"crashed ({-code})" if code < 0 else "ended itself"


_spare: list[Worker] = []
_lock = threading.Lock()


def start_in_background() -> None:
    """Start a worker in the background, unless there is one."""
    with _lock:
        if not _spare:
            _spare.append(Worker())


def take() -> Worker:
    """Return a worker that's ready."""
    with _lock:
        worker = _spare.pop() if _spare else Worker()
        if not worker.is_alive():
            worker.kill()
            worker = Worker()
    worker.wait_until_ready()
    return worker


def give_back(worker: Worker) -> None:
    """Keep a worker for the next attempt, or end it and start a new one."""
    try:
        keep = worker.behaves()
    except EOFError:
        keep = False
    with _lock:
        if keep and not _spare:
            _spare.append(worker)
            return
    worker.kill()
    start_in_background()


@atexit.register
def _end_all() -> None:
    with _lock:
        for worker in _spare:
            worker.kill()
        _spare.clear()


def pickled(function: Callable[..., object]) -> bytes:
    """Return a function as bytes, with everything it needs from the learner's own modules.

    Raises:
        UnsendableError: if it holds something that can't be sent.
    """
    function = getattr(function, "_torchdynamo_orig_callable", function)
    if inspect.ismethod(function) and inspect.isclass(function.__self__):
        function = _ByName(function)
    with _by_value(function):
        try:
            return cloudpickle.dumps(function)
        except Exception as error:
            raise UnsendableError(str(error)) from error


class _ByName:
    """Pickles a class method by its name, because it may be inherited from PyTorch."""

    def __init__(self, method: MethodType) -> None:
        self.__module__ = method.__self__.__module__
        self._found = method.__self__, method.__name__

    def __reduce__(self) -> tuple[object, ...]:
        return getattr, self._found


@contextlib.contextmanager
def _by_value(function: Callable[..., object]) -> Iterator[None]:
    """Send a learner's module along, because the worker may have an older version of it."""
    module = sys.modules.get(getattr(function, "__module__", None) or "")
    file = getattr(module, "__file__", None) or ""
    installed = {"site-packages", "dist-packages", "softmax_lessons"} & set(file.split(os.sep))
    own = file and not installed and not file.startswith(os.path.dirname(os.__file__))
    if not own or module.__name__ in cloudpickle.list_registry_pickle_by_value():
        yield
        return
    cloudpickle.register_pickle_by_value(module)
    try:
        yield
    finally:
        cloudpickle.unregister_pickle_by_value(module)


# --- in the worker ---------------------------------------------------------------------------


def main() -> None:
    """Answer requests until there are no more."""
    requests, answers = os.dup(0), os.dup(1)
    adopt_orphans()
    cut_off(keep=(requests, answers))
    warm_up()
    limit(0, MEMORY)
    write(answers, pack({"ready": True}))
    function, before, first = None, _state(), True
    while body := read(requests):
        request = unpack(body)
        if "load" in request:
            try:
                loaded = cloudpickle.loads(bytes.fromhex(request["load"]))
                function, reply = bind_arguments(loaded, request["parameters"]), {"error": ""}
            except Exception as error:
                reply = {"error": f"{type(error).__name__}: {error}"}
            first = True
        elif "unload" in request:
            function = loaded = None
            reply = {"same": _same(before, _state()) and not psutil.Process().children()}
        else:
            reply = answer(function, request, first)
            first = False
        write(answers, pack(reply))
    os._exit(0)


def _state() -> dict[str, object]:
    """Return everything an attempt may change that matters to later ones."""
    shared = (builtins, math, torch, torch.Tensor, torch.nn.functional, torch.special, np)
    own = [module for name, module in sys.modules.items() if name.startswith("softmax_lessons")]
    found: dict[str, object] = {
        f"{place.__name__}.{name}": id(value)
        for place in (*shared, *own)
        for name, value in vars(place).items()
        if not isinstance(value, ModuleType)  # these load on first use
    }
    found["settings of torch"] = (
        *(torch.get_default_dtype(), torch.get_default_device(), torch.is_grad_enabled()),
        *(torch.is_inference_mode_enabled(), torch.are_deterministic_algorithms_enabled()),
        *(torch.is_anomaly_enabled(), torch.is_autocast_enabled(), torch.get_num_threads()),
        (torch.full((), 1e-40) * 1).item() > 0,  # False if denormal numbers are flushed to 0
    )
    found["settings of others"] = (np.geterr(), list(warnings.filters), sys.gettrace())
    found["surroundings"] = (os.getcwd(), dict(os.environ), list(sys.path))
    found["threads"] = threading.active_count()
    return found


def _same(before: dict[str, object], now: dict[str, object]) -> bool:
    return all(now.get(name) == value for name, value in before.items())
