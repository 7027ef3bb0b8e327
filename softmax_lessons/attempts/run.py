"""Run one function on one input, and record what happens as plain data."""

import contextlib
import dis
import inspect
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import FrameType

import torch
from torch import Tensor
from torch.autograd.function import FunctionMeta
from torch.overrides import TorchFunctionMode

Dims = int | tuple[int, ...]
OURS = ("softmax_lessons.functions", "softmax_lessons.online")
LONGEST_ERROR = 300  # characters
GUESS = frozenset({"softmax", "log_softmax", "softmin"})  # these guess a dim if they don't get one
IMPLICIT_DIM = "softmax without a dim"  # noted with the names of the called functions


@dataclass(frozen=True, eq=False)
class Probe:
    """One input to try an attempt on.

    Attributes:
        logits: the first argument.
        dim: the dim along which entries compete.
        gradient: whether to look at the gradient, too.
        loose: whether to accept a float32 result, whatever the dtype of the logits.
        others: the arguments after the first; None means only `dim`.
        seed: the seed for random numbers, for torch, NumPy and Python.
        rounding: how much rounding may change a result: "relative" to each entry, "absolute" (for
            logs and differences: relative to the largest number), or "last" (only the last
            step of the computation may round).
    """

    logits: Tensor
    dim: Dims
    gradient: bool = False
    loose: bool = False
    others: tuple[object, ...] | None = None
    rounding: str = "relative"
    seed: int = 0

    @property
    def rest(self) -> tuple[object, ...]:
        """The arguments after the first."""
        return (self.dim,) if self.others is None else self.others

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """The arguments that are tensors, with the logits first."""
        return (self.logits, *(x for x in self.rest if isinstance(x, Tensor)))

    @cached_property
    def magnitude(self) -> float:
        """The largest absolute value among the finite entries of all floating-point tensors."""
        finite = [x[x.isfinite()].abs() for x in self.tensors if x.is_floating_point()]
        return max((x.max().item() for x in finite if x.numel()), default=0.0)

    def accepts(self, dtype: torch.dtype) -> bool:
        """Tell whether a result may have this dtype."""
        return dtype == self.logits.dtype or (self.loose and dtype == torch.float32)


@dataclass(frozen=True)
class Outcome:
    """What an attempt did with a probe.

    Attributes:
        error: "TypeError: ..." if it raised an error, else "".
        kind: the type of its result, "Tensor" if all is well.
        value: the result, if it's a tensor.
        grad: the gradient with respect to the logits, if the probe asks for it and it exists.
        grad_error: the error that backward raised, else "".
        after: its tensor arguments, as they were afterwards.
        called: the names of torch's and this course's functions that it called.
    """

    error: str = ""
    kind: str = ""
    value: Tensor | None = None
    grad: Tensor | None = None
    grad_error: str = ""
    after: tuple[Tensor, ...] = ()
    called: tuple[str, ...] = ()


def run(attempt: Callable[..., object], probe: Probe) -> Outcome:
    """Call `attempt(logits, ...)` on a fresh copy of the probe."""
    leaf = probe.logits.clone().requires_grad_(probe.gradient)
    with torch.enable_grad():
        # not a leaf: otherwise, PyTorch would stop an in-place attempt before we can name the
        # mistake
        logits = leaf.clone()
        rest = [x.clone() if isinstance(x, Tensor) else x for x in probe.rest]
        try:
            result = attempt(logits, *rest)
        except BaseException as error:
            return Outcome(error=described(error))
        if kind := _not_plain(result):
            return Outcome(kind=kind)
        grad, grad_error = None, ""
        if probe.gradient and result.requires_grad:
            try:
                (grad,) = torch.autograd.grad(weighted_sum(result), leaf, allow_unused=True)
            except RuntimeError as error:
                grad_error = described(error)
    return Outcome(
        kind="Tensor",
        value=result.detach().clone(),
        grad=grad,
        grad_error=grad_error,
        after=(logits.detach(), *(x for x in rest if isinstance(x, Tensor))),
    )


def described(error: BaseException) -> str:
    """Return an error's name and its message, if it has a working one, shortened."""
    try:
        says = str(error)
    except Exception:
        says = ""
    says = says.encode("utf-8", "backslashreplace").decode()  # lone surrogates can't be shown
    if len(says) > LONGEST_ERROR:
        says = f"{says[:LONGEST_ERROR]}..."
    return f"{type(error).__name__}: {says}"


class _Functions(TorchFunctionMode):
    """Records the names of torch's functions that Python code calls."""

    def __init__(self, names: set[str]) -> None:
        super().__init__()
        self._names = names

    def __torch_function__(self, func, types, args=(), kwargs=None):
        """Note the name, and whether PyTorch has to guess the dim of a softmax."""
        name = getattr(func, "__name__", "").strip("_")
        self._names.add(name)
        if name in GUESS and (kwargs or {}).get("dim", 0) is None:
            self._names.add(IMPLICIT_DIM)
        return func(*args, **(kwargs or {}))


@contextlib.contextmanager
def calls(operators: bool = False) -> Iterator[set[str]]:
    """Record the names of torch's and this course's functions that are called in the meantime."""
    names: set[str] = set()

    def note(frame: FrameType, event: str, argument: object) -> None:
        if event == "call" and frame.f_globals.get("__name__") in OURS:
            names.add(frame.f_code.co_name)

    before = sys.getprofile()
    with contextlib.ExitStack() as stack:
        # also functions that Python code doesn't call, such as the steps of a TorchScript function,
        # and, if this PyTorch can, calls from other threads
        profile = torch.autograd.profiler.profile(
            enabled=operators, experimental_config=of_all_threads()
        )
        stack.enter_context(profile)
        stack.enter_context(_Functions(names))
        stack.callback(sys.setprofile, before)
        sys.setprofile(note)
        yield names
    events = profile.function_events if operators else ()
    names |= {event.name.rpartition("::")[2].strip("_") for event in events}


def of_all_threads() -> torch.profiler._ExperimentalConfig | None:
    """Return the config for profiling all threads' calls; None if this PyTorch doesn't have one."""
    with contextlib.suppress(TypeError):
        return torch.profiler._ExperimentalConfig(profile_all_threads=True)
    return None


def weighted_sum(result: Tensor) -> Tensor:
    """Return 1 * first entry + 2 * second + ...; its gradient tells all entries apart."""
    weights = torch.arange(1, result.numel() + 1).reshape(result.shape)
    return (result * weights).sum()


def _not_plain(result: object) -> str:
    """Say what a result is if it isn't an ordinary tensor; a subclass may lie about itself."""
    if type(result) not in (Tensor, torch.nn.Parameter):
        name = type(result).__name__
        return "tuple" if isinstance(result, tuple) else name if name != "Tensor" else "no Tensor"
    if result.layout != torch.strided or result.device.type != "cpu":
        return f"{result.layout} tensor on {result.device.type}".removeprefix("torch.")
    if result.dtype.is_complex or result.is_quantized:
        return f"{result.dtype} tensor".removeprefix("torch.")
    return ""


def bind_arguments(
    attempt: Callable[..., object], parameters: Sequence[str]
) -> Callable[..., object]:
    """Return an attempt as a function of a probe's arguments, however it takes them."""
    # compiling takes longer than a check may, and the uncompiled function does the same
    attempt = getattr(attempt, "_torchdynamo_orig_callable", attempt)
    if does_nothing(attempt):
        return lambda *arguments: ...
    if len(parameters) == 1:
        return lambda logits, *rest: attempt(logits)
    owner = getattr(attempt, "__self__", None)
    if tuple(parameters[1:]) != ("dim",) or isinstance(owner, FunctionMeta):
        return attempt  # `Function.apply` takes no names in PyTorch 2.4
    try:
        inspect.signature(attempt).bind(None, dim=None)
    except (TypeError, ValueError):  # it has no such name, or it's a builtin without a signature
        return attempt
    return lambda logits, dim: attempt(logits, dim=dim)


def does_nothing(attempt: object) -> bool:
    """Tell whether a function's body is empty except for its docstring, `pass` or `...`."""
    code = getattr(attempt, "__code__", None)
    if code is None:
        return False
    steps = {step.opname for step in dis.get_instructions(code)}
    idle = {"RESUME", "LOAD_CONST", "RETURN_CONST", "RETURN_VALUE", "NOP", "POP_TOP"}
    returned = {None, *code.co_consts} - {attempt.__doc__}
    return steps <= idle and returned <= {None, ...}
