"""Run one attempt on one input, and write down what happened as plain data."""

import contextlib
import inspect
import io
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from softmax_lessons.checker.recipe import Dims


@dataclass(frozen=True)
class Probe:
    """One input to try an attempt on.

    Attributes:
        logits: the input.
        dim: the dim whose entries compete.
        gradient: whether the gradient is looked at as well.
    """

    logits: Tensor
    dim: Dims
    gradient: bool = False


@dataclass(frozen=True)
class Outcome:
    """What an attempt did with a probe.

    Attributes:
        error: "TypeError: ..." if it raised, else "".
        kind: the type of what it returned, "Tensor" if all is well.
        value: the returned tensor, if it is one.
        grad: the gradient with respect to the logits, if it was asked for and exists.
        grad_error: the error that backward raised, else "".
        logits_after: the input as the attempt left it.
    """

    error: str = ""
    kind: str = ""
    value: Tensor | None = None
    grad: Tensor | None = None
    grad_error: str = ""
    logits_after: Tensor | None = None


def run(attempt: Callable[..., object], probe: Probe, takes_dim: bool) -> Outcome:
    """Call `attempt(logits)` or `attempt(logits, dim)` on a fresh copy of the probe."""
    leaf = probe.logits.clone().requires_grad_(probe.gradient)
    with _quiet():
        # not a leaf: an attempt that works in place shall fail for that, not for being refused
        logits = leaf.clone()
        try:
            result = _call(attempt, logits, probe.dim, takes_dim)
        except (Exception, SystemExit) as error:
            return Outcome(error=f"{type(error).__name__}: {error}")
        if not isinstance(result, Tensor):
            return Outcome(kind=type(result).__name__)
        grad, grad_error = None, ""
        if probe.gradient and result.requires_grad:
            try:
                (grad,) = torch.autograd.grad(weighted_sum(result), leaf, allow_unused=True)
            except RuntimeError as error:
                grad_error = f"RuntimeError: {error}"
    return Outcome(
        kind="Tensor",
        value=result.detach().clone(),
        grad=grad,
        grad_error=grad_error,
        logits_after=logits.detach(),
    )


def weighted_sum(result: Tensor) -> Tensor:
    """Return 1 * first entry + 2 * second + ..., whose gradient tells all entries apart."""
    weights = torch.arange(1, result.numel() + 1, dtype=result.dtype).reshape(result.shape)
    return (result * weights).sum()


def _call(attempt: Callable[..., object], logits: Tensor, dim: Dims, takes_dim: bool) -> object:
    if not takes_dim:
        return attempt(logits)
    try:
        signature = inspect.signature(attempt)
        signature.bind(logits, dim=dim)
    except (TypeError, ValueError):  # no such name, or a builtin that tells no signature
        return attempt(logits, dim)
    return attempt(logits, dim=dim)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Let nothing out: no text, no warning, no change to torch's settings or seed."""
    default_dtype = torch.get_default_dtype()
    with (
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()),
        warnings.catch_warnings(),
        torch.random.fork_rng(devices=[]),
        torch.enable_grad(),
    ):
        warnings.simplefilter("ignore")
        try:
            yield
        finally:
            torch.set_default_dtype(default_dtype)
