"""Run one function on one input, and write down what happened as plain data."""

import inspect
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import FrameType

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

Dims = int | tuple[int, ...]
OURS = ("softmax_lessons.functions", "softmax_lessons.online")


@dataclass(frozen=True)
class Probe:
    """One input to try an attempt on.

    Attributes:
        logits: the first argument.
        dim: the dim whose entries compete.
        gradient: whether the gradient is looked at as well.
        loose: whether a float32 result will do, whatever the dtype of the logits.
        others: the arguments after the first; None means only `dim`.
        rounding: what rounding may do to a result: "relative" to each entry, "absolute" (for
            logarithms and differences: relative to the largest number in it), or "last" (only
            the last step of the computation may round).
    """

    logits: Tensor
    dim: Dims
    gradient: bool = False
    loose: bool = False
    others: tuple[object, ...] | None = None
    rounding: str = "relative"

    @property
    def rest(self) -> tuple[object, ...]:
        """The arguments after the first."""
        return (self.dim,) if self.others is None else self.others

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """The arguments that are tensors; the logits are the first."""
        return (self.logits, *(x for x in self.rest if isinstance(x, Tensor)))

    @cached_property
    def magnitude(self) -> float:
        """The largest absolute value among the finite logits, and what else is a float tensor."""
        finite = [x[x.isfinite()].abs() for x in self.tensors if x.is_floating_point()]
        return max((x.max().item() for x in finite if x.numel()), default=0.0)

    def accepts(self, dtype: torch.dtype) -> bool:
        """Tell whether a result may have this dtype."""
        return dtype == self.logits.dtype or (self.loose and dtype == torch.float32)


@dataclass(frozen=True)
class Outcome:
    """What an attempt did with a probe.

    Attributes:
        error: "TypeError: ..." if it raised, else "".
        kind: the type of what it returned, "Tensor" if all is well.
        value: the returned tensor, if it is one.
        grad: the gradient with respect to the logits, if it was asked for and exists.
        grad_error: the error that backward raised, else "".
        after: the tensors it was given, as it left them.
    """

    error: str = ""
    kind: str = ""
    value: Tensor | None = None
    grad: Tensor | None = None
    grad_error: str = ""
    after: tuple[Tensor, ...] = ()


def run(attempt: Callable[..., object], probe: Probe) -> Outcome:
    """Call `attempt(logits, ...)` on a fresh copy of the probe."""
    leaf = probe.logits.clone().requires_grad_(probe.gradient)
    with torch.enable_grad():
        # not a leaf: an attempt that works in place shall fail for that, not for being refused
        logits = leaf.clone()
        rest = [x.clone() if isinstance(x, Tensor) else x for x in probe.rest]
        try:
            result = attempt(logits, *rest)
        except (Exception, SystemExit) as error:
            return Outcome(error=f"{type(error).__name__}: {error}")
        if kind := _not_plain(result):
            return Outcome(kind=kind)
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
        after=(logits.detach(), *(x for x in rest if isinstance(x, Tensor))),
    )


def calls(attempt: Callable[..., object], probe: Probe) -> set[str]:
    """Return the names of the functions of torch, and of this course, that an attempt calls."""
    names = set()

    class Recorder(TorchFunctionMode):
        def __torch_function__(self, func, types, args=(), kwargs=None):
            names.add(getattr(func, "__name__", ""))
            return func(*args, **(kwargs or {}))

    def note(frame: FrameType, event: str, argument: object) -> None:
        if frame.f_globals.get("__name__") in OURS:
            names.add(frame.f_code.co_name)

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        with Recorder():
            run(attempt, probe)
    finally:
        sys.setprofile(before)
    return names


def operators(attempt: Callable[..., object], probe: Probe) -> set[str]:
    """Return the names of torch's operators that run, by whatever name they were called."""
    with torch.autograd.profiler.profile() as profile:
        run(attempt, probe)
    names = (event.name.rpartition("::")[2] for event in profile.function_events)
    return {name.removeprefix("_") for name in names}


def weighted_sum(result: Tensor) -> Tensor:
    """Return 1 * first entry + 2 * second + ..., whose gradient tells all entries apart."""
    weights = torch.arange(1, result.numel() + 1).reshape(result.shape)
    return (result * weights).sum()


def _not_plain(result: object) -> str:
    """Say what a result is, if it is not an ordinary tensor; a subclass may lie about itself."""
    if type(result) not in (Tensor, torch.nn.Parameter):
        name = type(result).__name__
        return "tuple" if isinstance(result, tuple) else name if name != "Tensor" else "no Tensor"
    if result.layout != torch.strided or result.device.type != "cpu":
        return f"{result.layout} tensor on {result.device.type}".removeprefix("torch.")
    if result.dtype.is_complex or result.is_quantized:
        return f"{result.dtype} tensor".removeprefix("torch.")
    return ""


def as_called(attempt: Callable[..., object], parameters: Sequence[str]) -> Callable[..., object]:
    """Return an attempt as a function of a probe's arguments, however it takes them."""
    # compiling takes longer than a check may; what is compiled does the same uncompiled
    attempt = getattr(attempt, "_torchdynamo_orig_callable", attempt)
    if len(parameters) == 1:
        return lambda logits, *rest: attempt(logits)
    if parameters[1:] != ("dim",):
        return attempt
    try:
        inspect.signature(attempt).bind(None, dim=None)
    except (TypeError, ValueError):  # no such name, or a builtin that tells no signature
        return attempt
    return lambda logits, dim: attempt(logits, dim=dim)
