"""Softmax in pieces: chunk by chunk, from a file, or split over processes.

What is known of a row so far is its `State`: the maximum, and the sum of exp(x - maximum). Two
states of two pieces make the state of both, in any order; that is all there is to it
(Milakov and Gimelshein 2018, "Online normalizer calculation for softmax", arXiv:1805.02867).
"""

import functools
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor

if TYPE_CHECKING:
    import numpy as np

INF = float("inf")


class State(NamedTuple):
    """What is known of rows of logits after a piece of each.

    Attributes:
        largest: the maximum so far, -inf if there was nothing, or only -inf.
        total: the sum of exp(x - largest), shape of `largest`, in float64: one addition for
            each chunk costs nothing, and rounds nothing worth speaking of.
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
        dim: the dim whose entries compete; it is gone in the state.

    Raises:
        TypeError: if the logits are not float32 or float64.
    """
    if logits.dtype not in (torch.float32, torch.float64):
        raise TypeError(f"state_of needs float32 or float64 logits, got {logits.dtype}")
    largest = logits.amax(dim, keepdim=True)
    total = (logits - _base(largest)).exp_().sum(dim).double()
    return State(largest.squeeze(dim), total)


def merge(a: State, b: State) -> State:
    """Return the state of two pieces together.

    The order doesn't matter, nor which two are merged first, but for rounding; a piece without
    entries, State(-inf, 0), changes nothing.
    """
    largest = torch.maximum(a.largest, b.largest)
    base = _base(largest)
    total = a.total * (a.largest - base).exp() + b.total * (b.largest - base).exp()
    return State(largest, total)


def softmax(logits: Tensor, dim: int = -1, chunk: int = 8192) -> Tensor:
    """Return softmax, reading the logits twice and `chunk` entries of each row at a time.

    Args:
        logits: any shape, float32 or float64.
        dim: the dim whose entries compete.
        chunk: how many of them are looked at at once.

    Returns:
        The shape and dtype of `logits`. Rows that are all -inf become nan, as in PyTorch.

    Raises:
        TypeError: if the logits are not float32 or float64.
        ValueError: if `chunk` is not above 0, or there is nothing along `dim`.
    """
    if chunk < 1:
        raise ValueError(f"softmax needs a chunk of 1 or more, got {chunk}")
    if logits.size(dim) == 0:
        raise ValueError(f"softmax got no entries along dim {dim} of {tuple(logits.shape)}")
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
    logits: "np.ndarray",
    probs: "np.ndarray",
    chunk: int = 1 << 20,
    watch: Callable[[Iterable[int]], Iterable[int]] = iter,
) -> State:
    """Write the softmax of one long row into an array, both of which may be larger than memory.

    The logits are read once; the array is written with what is right within each chunk, and then
    scaled.

    Args:
        logits: float32 or float64, shape (n,), for example an `np.memmap`.
        probs: where the result goes, same shape and dtype.
        chunk: how many entries are in memory at once.
        watch: wraps the starts of the chunks, twice; `tqdm.auto.tqdm` shows a progress bar.

    Returns:
        The state of the row.

    Raises:
        ValueError: if shapes or dtypes differ, or the arrays are not one-dimensional and filled.
    """
    if logits.shape != probs.shape or logits.dtype != probs.dtype or logits.ndim != 1:
        raise ValueError(
            "softmax_file needs two arrays of one shape (n,) and one dtype, got "
            f"{logits.shape} {logits.dtype} and {probs.shape} {probs.dtype}"
        )
    if not len(logits):
        raise ValueError("softmax_file needs at least one entry, got shape (0,)")
    starts = range(0, len(logits), chunk)
    states = []
    for start in watch(starts):  # exp is what takes long: each is computed once, and kept
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
    """Return this process's part of a softmax whose rows are split over all processes.

    Each process of the `torch.distributed` group calls this with its own columns. Two numbers a
    row are sent, a maximum and a sum, however many columns there are.

    Args:
        logits: float32 or float64, shape (..., columns of this process).

    Returns:
        The same shape: the probabilities of these columns among those of all processes.

    Raises:
        RuntimeError: if no process group is initialised.
    """
    from torch import distributed

    if not (distributed.is_available() and distributed.is_initialized()):
        raise RuntimeError(
            "softmax_sharded needs a process group; call torch.distributed.init_process_group "
            "in every process first"
        )
    largest = logits.amax(-1, keepdim=True)
    distributed.all_reduce(largest, op=distributed.ReduceOp.MAX)
    exps = (logits - largest).exp_()
    total = exps.sum(-1, keepdim=True)
    distributed.all_reduce(total, op=distributed.ReduceOp.SUM)
    return exps.div_(total)


def _base(largest: Tensor) -> Tensor:
    """Return what to subtract: the maximum, or 0 where that is -inf, as -inf - -inf is nan."""
    return largest.masked_fill(largest == -INF, 0)
