"""Do some work as if nobody had changed any settings, then restore the settings."""

import contextlib
import threading
import warnings
from collections.abc import Callable, Iterator
from typing import TypeVar

import torch

Result = TypeVar("Result")


class GivenUp(threading.Event):
    """Set when nobody is waiting for the result any longer."""


def in_plain_thread(work: Callable[[GivenUp], Result]) -> Result:
    """Return what `work` returns, done in a separate thread and with plain settings.

    A new thread has grad mode on, and no inference mode, autocast, default device or NumPy error
    state, whatever the caller has. Ctrl-C only reaches the caller, so the work can clean up: its
    argument tells it to.
    """
    given_up = GivenUp()
    done: list[Result] = []
    failed: list[BaseException] = []

    def do() -> None:
        try:
            with _plain_settings():
                done.append(work(given_up))
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=do, daemon=True)
    try:
        thread.start()
        while thread.is_alive():
            thread.join(0.1)  # on Windows, nothing interrupts a wait without a timeout
    except BaseException:
        given_up.set()
        if thread.is_alive():
            thread.join(5)
        raise
    if failed:
        raise failed[0]
    return done[0]


@contextlib.contextmanager
def _plain_settings() -> Iterator[None]:
    """Reset the process-wide settings that change results, then restore them."""
    torch.set_flush_denormal(False)  # only for this thread
    dtype = torch.get_default_dtype()
    deterministic = torch.are_deterministic_algorithms_enabled()
    warn_only = torch.is_deterministic_algorithms_warn_only_enabled()
    anomaly, anomaly_nan = torch.is_anomaly_enabled(), torch.is_anomaly_check_nan_enabled()
    precision = torch.get_float32_matmul_precision()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            torch.set_default_dtype(torch.float32)
            _set_deterministic(False)
            torch.autograd.set_detect_anomaly(False)
            torch.set_float32_matmul_precision("highest")
            yield
        finally:
            torch.set_default_dtype(dtype)
            _set_deterministic(deterministic, warn_only)
            torch.autograd.set_detect_anomaly(anomaly, anomaly_nan)
            torch.set_float32_matmul_precision(precision)


def _set_deterministic(wanted: bool, warn_only: bool = False) -> None:
    # this loads PyTorch's compiler even if nothing changes, which takes seconds
    if torch.are_deterministic_algorithms_enabled() != wanted:
        torch.use_deterministic_algorithms(wanted, warn_only=warn_only)
