"""Softmax in pieces: chunk by chunk, from a file, or split over processes.

A row's `State` is what we know about it so far: the maximum, and the sum of exp(x - maximum). The
states of two pieces combine into the state of both, in any order; that's the whole idea (Milakov
and Gimelshein 2018, "Online normalizer calculation for softmax", arXiv:1805.02867).
"""

import datetime
import functools
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from numbers import Integral
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, multiprocessing
from torch.autograd.function import once_differentiable

from softmax_lessons.functions import require_logits

INF = float("inf")


class State(NamedTuple):
    """What we know about rows of logits after one piece of each.

    Attributes:
        largest: the maximum so far; -inf if there was nothing, or only -inf.
        total: the sum of exp(x - largest), in the shape of `largest`, in float64: one addition per
            chunk costs nothing, and its rounding errors are negligible.
    """

    largest: Tensor
    total: Tensor

    @property
    def logsumexp(self) -> Tensor:
        """The logarithm of the sum of exp(x), -inf for an empty row."""
        return self.largest + self.total.log()


def state_of(logits: Tensor, dim: int = -1) -> State:
    """Return the state of one piece.

    Args:
        logits: any shape, float32 or float64; -inf is allowed, inf is not.
        dim: the dim along which entries compete; the state doesn't have it.

    Raises:
        TypeError: if the logits aren't float32 or float64, or `dim` isn't an integer.
        ValueError: if there's nothing along `dim`.
        IndexError: if `logits` doesn't have this dimension.
    """
    _require_entries(logits, dim, "state_of")
    largest = logits.amax(dim, keepdim=True)
    total = (logits - _base(largest)).exp_().sum(dim).double()
    return State(largest.squeeze(dim), total)


def merge(a: State, b: State) -> State:
    """Return the state of two pieces together.

    Apart from rounding, it doesn't matter in which order you merge pieces, nor which two you merge
    first; a piece without entries, State(-inf, 0), changes nothing.

    Raises:
        TypeError: if one of them isn't a `State`.
        ValueError: if they have different numbers of rows.
    """
    for state in (a, b):
        if not isinstance(state, State):
            raise TypeError(f"merge needs two states, got {type(state).__name__}; use state_of")
    if a.largest.shape != b.largest.shape:
        shapes = f"{tuple(a.largest.shape)} and {tuple(b.largest.shape)}"
        raise ValueError(f"merge needs two states of the same shape, got {shapes}")
    largest = torch.maximum(a.largest, b.largest)
    base = _base(largest)
    total = a.total * (a.largest - base).exp() + b.total * (b.largest - base).exp()
    return State(largest, total)


def softmax(logits: Tensor, dim: int = -1, chunk: int = 8192) -> Tensor:
    """Return softmax, reading the logits twice, `chunk` entries of each row at a time.

    Args:
        logits: any shape, float32 or float64.
        dim: the dim along which entries compete.
        chunk: how many of them to process at once.

    Returns:
        The shape and dtype of `logits`. Rows that are all -inf become nan, as in PyTorch.

    Raises:
        TypeError: if the logits aren't float32 or float64, or `dim` or `chunk` isn't an integer.
        ValueError: if `chunk` isn't above 0, there's nothing along `dim`, or the logits require a
            gradient, which this doesn't have.
        IndexError: if `logits` doesn't have this dimension.
    """
    _require_entries(logits, dim, "softmax")
    chunk = _checked_chunk(chunk, "softmax")
    _require_no_gradient(logits, "softmax")
    state = None
    for part in logits.split(chunk, dim):
        seen = state_of(part, dim)
        state = seen if state is None else merge(state, seen)
    probs = torch.empty_like(logits)
    largest, total = (x.unsqueeze(dim).to(logits.dtype) for x in state)
    for part, out in zip(logits.split(chunk, dim), probs.split(chunk, dim), strict=True):
        torch.div((part - largest).exp_(), total, out=out)
    return probs


def softmax_file(
    logits: np.ndarray,
    probs: np.ndarray,
    chunk: int = 1 << 20,
    watch: Callable[[Iterable[int]], Iterable[int]] = iter,
) -> State:
    """Write the softmax of one long row into an array; both may be larger than memory.

    It reads the logits once; it writes exps that are right within each chunk to the array, then
    rescales them.

    Args:
        logits: float32 or float64, shape (n,), in this machine's byte order, for example an
            `np.memmap`.
        probs: where to put the result, same shape and dtype; it can be `logits` itself.
        chunk: how many entries to hold in memory at once.
        watch: wraps the chunks' starts, twice; `tqdm.auto.tqdm` shows a progress bar.

    Returns:
        The state of the row.

    Raises:
        TypeError: if the two aren't arrays of float32 or float64, `chunk` isn't an integer, or
            `watch` isn't a function.
        ValueError: if shapes or dtypes differ, the arrays aren't one-dimensional and non-empty,
            `probs` is read-only, or `chunk` isn't above 0.
    """
    for array in (logits, probs):
        if not isinstance(array, np.ndarray) or array.dtype not in (np.float32, np.float64):
            got = getattr(array, "dtype", type(array).__name__)
            raise TypeError(f"softmax_file needs NumPy arrays of float32 or float64, got {got}")
    if logits.shape != probs.shape or logits.dtype != probs.dtype or logits.ndim != 1:
        raise ValueError(
            "softmax_file needs two arrays of the same shape (n,) and dtype, got "
            f"{logits.shape} {logits.dtype} and {probs.shape} {probs.dtype}"
        )
    if not len(logits):
        raise ValueError("softmax_file needs at least one entry, got shape (0,)")
    if not probs.flags.writeable:
        raise ValueError("softmax_file needs an array to write to, got a read-only one")
    chunk = _checked_chunk(chunk, "softmax_file")
    if not callable(watch):
        raise TypeError(f"softmax_file needs a function as watch, got {watch!r}")
    starts = range(0, len(logits), chunk)
    states = []
    for start in watch(starts):  # exp takes the most time, so compute each one once and keep it
        part = torch.from_numpy(logits[start : start + chunk].copy())
        largest = part.amax()
        exps = part.sub_(_base(largest)).exp_()
        states.append(State(largest, exps.sum().double()))
        probs[start : start + chunk] = exps.numpy()
    state = functools.reduce(merge, states)
    for start, own in zip(watch(starts), states, strict=True):
        probs[start : start + chunk] *= ((own.largest - state.largest).exp() / state.total).item()
    return state


def softmax_sharded(logits: Tensor) -> Tensor:
    """Return this process's part of a softmax with its rows split over all processes.

    Each process of the `torch.distributed` group calls this with its own columns. It sends two
    numbers per row, a maximum and a sum, however many columns there are; backward sends one more,
    so every process has to call it.

    Args:
        logits: float32 or float64, shape (..., columns of this process).

    Returns:
        The same shape: the probabilities of these columns in the softmax over all processes.

    Raises:
        TypeError: if the logits aren't float32 or float64.
        ValueError: if there's nothing along the last dim.
        RuntimeError: if no process group is initialised.
    """
    _require_entries(logits, -1, "softmax_sharded")
    _require_group("softmax_sharded")
    return _ShardedSoftmax.apply(logits)


def cross_entropy_sharded(logits: Tensor, targets: Tensor) -> Tensor:
    """Return the loss of each row of logits with the columns split over all processes.

    Each process of the `torch.distributed` group calls this with its own columns, as many as every
    other process, and with the same targets; the process of rank r has the classes from r * columns
    on. It sends three numbers per row: a maximum, then a sum and the target's logit.

    Every process gets the same losses, and backward sends nothing: each process can compute its own
    columns' gradient, p - y. So each calls backward on its own copy of the losses; don't add them
    up.

    Args:
        logits: float32 or float64, shape (rows, columns of this process).
        targets: class indices among all the columns, shape (rows,), int64.

    Returns:
        Shape (rows,), the dtype of `logits`: log(sum of exp) - logit of the target.

    Raises:
        TypeError: if the logits aren't float32 or float64, or the targets aren't int64.
        ValueError: if the shapes are different, or there's nothing along the last dim.
        IndexError: if a target isn't a class.
        RuntimeError: if no process group is initialised.

    Source: Shoeybi and others 2019, "Megatron-LM", arXiv:1909.08053, section 3.
    """
    from torch import distributed

    _require_entries(logits, -1, "cross_entropy_sharded")
    if not isinstance(targets, Tensor) or targets.dtype != torch.int64:
        got = getattr(targets, "dtype", type(targets).__name__)
        raise TypeError(f"cross_entropy_sharded needs int64 targets, got {got}")
    if logits.dim() != 2 or targets.shape != logits.shape[:1]:
        raise ValueError(
            "cross_entropy_sharded needs logits of shape (rows, columns) and targets of shape "
            f"(rows,), got {tuple(logits.shape)} and {tuple(targets.shape)}"
        )
    _require_group("cross_entropy_sharded")
    columns = logits.size(-1)
    classes = columns * distributed.get_world_size()
    for target in targets[(targets < 0) | (targets >= classes)].tolist():
        raise IndexError(f"cross_entropy_sharded got target class {target}, of 0 to {classes - 1}")
    return _ShardedCrossEntropy.apply(logits, targets - columns * distributed.get_rank())


class _ShardedSoftmax(torch.autograd.Function):
    @staticmethod
    def forward(ctx, logits: Tensor) -> Tensor:
        exps = (logits - _over_all(logits.amax(-1, keepdim=True), "MAX")).exp_()
        probs = exps.div_(_over_all(exps.sum(-1, keepdim=True), "SUM"))
        ctx.save_for_backward(probs)
        return probs

    @staticmethod
    @once_differentiable
    def backward(ctx, grad: Tensor) -> Tensor:
        (probs,) = ctx.saved_tensors
        return probs * (grad - _over_all((probs * grad).sum(-1, keepdim=True), "SUM"))


class _ShardedCrossEntropy(torch.autograd.Function):
    @staticmethod
    def forward(ctx, logits: Tensor, places: Tensor) -> Tensor:
        """`places`: each target's position, counted from this process's first column."""
        shifted = logits - _over_all(logits.amax(-1, keepdim=True), "MAX")
        owned = (places >= 0) & (places < logits.size(-1))
        places = places.masked_fill(~owned, 0)[:, None]
        picked = shifted.gather(-1, places).squeeze(-1).masked_fill(~owned, 0)
        exps = shifted.exp_()
        total, picked = _over_all(torch.stack([exps.sum(-1), picked]), "SUM")
        ctx.save_for_backward(exps.div_(total[:, None]), places, owned)
        return total.log() - picked

    @staticmethod
    @once_differentiable
    def backward(ctx, grad: Tensor) -> tuple[Tensor, None]:
        probs, places, owned = ctx.saved_tensors
        ones = owned[:, None].to(probs.dtype)
        return probs.scatter_add(-1, places, -ones) * grad[:, None], None


def _over_all(values: Tensor, op: str) -> Tensor:
    """Return the largest ("MAX") of all processes' values, or their sum ("SUM")."""
    from torch import distributed

    distributed.all_reduce(values, op=getattr(distributed.ReduceOp, op))
    return values


def _require_group(function: str) -> None:
    from torch import distributed

    if not (distributed.is_available() and distributed.is_initialized()):
        raise RuntimeError(
            f"{function} needs a process group; call torch.distributed.init_process_group in "
            "every process first"
        )


def _base(largest: Tensor) -> Tensor:
    """Return what to subtract: the maximum, or 0 where it's -inf, because -inf - -inf is nan."""
    return largest.masked_fill(largest == -INF, 0)


def _require_entries(logits: Tensor, dim: int, function: str) -> None:
    """Raise unless `logits` are float32 or float64, with at least one entry along `dim`."""
    require_logits(logits, dim, function)
    if logits.dtype not in (torch.float32, torch.float64):
        raise TypeError(f"{function} needs float32 or float64 logits, got {logits.dtype}")
    if not logits.dim() or not logits.size(dim):
        raise ValueError(f"{function} got no entries along dim {dim} of {tuple(logits.shape)}")


def _checked_chunk(chunk: int, function: str) -> int:
    if not isinstance(chunk, Integral) or isinstance(chunk, bool):
        raise TypeError(f"{function} needs an integer chunk, got {chunk!r}")
    if chunk < 1:
        raise ValueError(f"{function} needs a chunk of 1 or more, got {chunk}")
    return int(chunk)  # torch doesn't take NumPy's integers


def _require_no_gradient(logits: Tensor, function: str) -> None:
    if logits.requires_grad and torch.is_grad_enabled():
        raise ValueError(
            f"{function} has no gradient, got logits that require one; pass logits.detach(), or "
            "use torch.softmax"
        )


def run_processes(
    function: Callable[..., Tensor], shards: list[Tensor], *same: Tensor, seconds: float = 60
) -> list[Tensor]:
    """Call `function(shard, *same)` in one process per shard, all in one group.

    The processes meet through a file (no port is needed), speak gloo over this machine's
    loopback, and end with this call, whatever happens.

    Args:
        function: a function that's importable by name, such as `softmax_sharded`, and returns a
            tensor.
        shards: the input for each process. If these require a gradient, each process calls backward
            on the sum of its result, and this sets the shards' `.grad`.
        same: further inputs, the same for all processes.
        seconds: the time limit for all of them together.

    Returns:
        One tensor per shard, in order.

    Raises:
        TypeError: if `function` isn't a function, the shards aren't a list of tensors, or `same`
            has anything but tensors in it.
        ValueError: if a process couldn't import the function by its name, only some of the shards
            require a gradient, some aren't leaves, or `seconds` isn't above 0.
        RuntimeError: if a process fails, with the last line of its error.
        TimeoutError: if they haven't finished in time, in which case they're stopped.
    """
    if not callable(function):
        raise TypeError(f"run_processes needs a function, got {function!r:.60}")
    typed = function.__module__ == "__main__" and not hasattr(sys.modules["__main__"], "__file__")
    name = getattr(function, "__qualname__", "")  # of a lambda, <lambda>
    if typed or "<" in name:
        raise ValueError(
            f"run_processes needs a function that other processes can import, got {name}; "
            "put it in its own module"
        )
    if not (isinstance(shards, list) and shards and all(isinstance(x, Tensor) for x in shards)):
        raise TypeError(f"run_processes needs a list of at least one tensor, got {shards!r:.60}")
    if not (isinstance(seconds, int | float) and seconds > 0):
        raise ValueError(f"run_processes needs a number of seconds above 0, got {seconds!r:.60}")
    if not all(isinstance(x, Tensor) for x in same):
        raise TypeError(f"run_processes needs tensors after the shards, got {same!r:.60}")
    if len({shard.requires_grad for shard in shards}) > 1:
        raise ValueError(
            "run_processes needs all shards to require a gradient, or none of them to, got "
            f"{[shard.requires_grad for shard in shards]}"
        )
    if not all(shard.is_leaf for shard in shards):
        raise ValueError(
            "run_processes sets the .grad of leaves, got shards that were computed from another "
            "tensor; use shard.detach().requires_grad_()"
        )
    with tempfile.TemporaryDirectory() as folder:
        for rank, shard in enumerate(shards):
            leaf = shard.detach().requires_grad_(shard.requires_grad)
            torch.save((leaf, *same), f"{folder}/in_{rank}.pt")
        arguments = (function, len(shards), folder, seconds)
        # spawn, because a fork may hang after torch has started threads
        group = multiprocessing.spawn(_work, arguments, len(shards), join=False, daemon=True)
        deadline = time.monotonic() + seconds
        try:
            while not group.join(max(0.0, deadline - time.monotonic())):
                if time.monotonic() >= deadline:
                    late = [rank for rank, each in enumerate(group.processes) if each.is_alive()]
                    raise TimeoutError(f"processes {late} did not answer within {seconds:g} s")
        except FAILURES as error:
            said = error.msg.strip().splitlines()[-1]
            raise RuntimeError(
                f"process {error.error_index} of {len(shards)} failed: {said}"
            ) from error
        finally:
            for process in group.processes:
                process.kill()
                process.join()
        results = []
        for rank, shard in enumerate(shards):
            result, grad = torch.load(f"{folder}/out_{rank}.pt", weights_only=True)
            if grad is not None:
                shard.grad = grad
            results.append(result)
        return results


FAILURES = (multiprocessing.ProcessRaisedException, multiprocessing.ProcessExitedException)


def _work(
    rank: int, function: Callable[..., Tensor], count: int, folder: str, seconds: float
) -> None:
    """Run as one of the processes."""
    from torch import distributed

    loopback = {"linux": "lo", "darwin": "lo0"}
    if sys.platform in loopback:  # otherwise, gloo looks for a network, and there may not be one
        os.environ.setdefault("GLOO_SOCKET_IFNAME", loopback[sys.platform])
    torch.set_num_threads(1)
    # some versions of gloo print a message when they connect
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    distributed.init_process_group(
        "gloo",
        store=distributed.FileStore(f"{folder}/meeting", count),
        rank=rank,
        world_size=count,
        timeout=datetime.timedelta(seconds=seconds),
    )
    shard, *same = torch.load(f"{folder}/in_{rank}.pt", weights_only=True)
    result = function(shard, *same)
    if result.requires_grad:
        result.sum().backward()
    torch.save((result.detach(), shard.grad), f"{folder}/out_{rank}.pt")
    distributed.barrier()
    distributed.destroy_process_group()
