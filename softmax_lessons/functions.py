"""The functions that the lessons derive, each written out from torch primitives.

They're for reading and comparing. In your own models, call `torch.softmax`,
`torch.log_softmax`, `torch.logsumexp` and `torch.nn.functional.cross_entropy`.
"""

import operator

import torch
from torch import Tensor

HALVES = (torch.float16, torch.bfloat16)
FLOATS = (torch.float32, torch.float64, *HALVES)


def naive_softmax(logits: Tensor, dim: int) -> Tensor:
    """Return softmax exactly as in the formula, ignoring overflow.

    It's right for ordinary scores; for large ones, it's zeros, nan or subtly wrong (lesson 04).

    Args:
        logits: floating-point scores of any shape.
        dim: the dimension along which entries compete.

    Returns:
        Probabilities with the shape and dtype of `logits`.

    Raises:
        TypeError: if `logits` isn't a dense floating-point tensor, or `dim` isn't an integer.
        IndexError: if `logits` doesn't have this dimension.
    """
    require_logits(logits, dim, "naive_softmax")
    exps = logits.exp()
    return exps / exps.sum(dim, keepdim=True)


def stable_softmax(logits: Tensor, dim: int) -> Tensor:
    """Return softmax, computed so that exp never overflows.

    Args:
        logits: floating-point scores of any shape.
        dim: the dimension along which entries compete.

    Returns:
        Probabilities with the shape and dtype of `logits`. As in torch, a slice that's all -inf, or
        has +inf or nan in it, becomes all nan.

    Raises:
        TypeError: if `logits` isn't a dense floating-point tensor, or `dim` isn't an integer.
        IndexError: if `logits` doesn't have this dimension.

    Source: Blanchard, Higham and Higham, "Accurately computing the log-sum-exp and softmax
    functions", IMA Journal of Numerical Analysis 41 (2021).
    """
    require_logits(logits, dim, "stable_softmax")
    if logits.dtype in HALVES:
        return stable_softmax(logits.float(), dim).to(logits.dtype)
    exps = (logits - _max(logits, dim)).exp_()  # in place: new memory costs more than exp does
    return exps / exps.sum(dim, True)  # keepdim=True, for short


def log_softmax(logits: Tensor, dim: int) -> Tensor:
    """Return the logarithm of softmax, without computing softmax first.

    Args:
        logits: floating-point scores of any shape.
        dim: the dimension along which entries compete.

    Returns:
        Log-probabilities with the shape and dtype of `logits`.

    Raises:
        TypeError: if `logits` isn't a dense floating-point tensor, or `dim` isn't an integer.
        IndexError: if `logits` doesn't have this dimension.
    """
    require_logits(logits, dim, "log_softmax")
    wide = _widen(logits)
    shifted = wide - _max(wide, dim)
    return (shifted - shifted.exp().sum(dim, keepdim=True).log()).to(logits.dtype)


def logsumexp(logits: Tensor, dim: int, keepdim: bool = False) -> Tensor:
    """Return log(sum(exp(logits))) along `dim`, computed so that exp never overflows.

    Args:
        logits: floating-point scores of any shape.
        dim: the dimension to sum over.
        keepdim: keep `dim` in the result with size 1.

    Returns:
        A tensor with the dtype of `logits` and its shape without `dim`.

    Raises:
        TypeError: if `logits` isn't a dense floating-point tensor, `dim` isn't an integer, or
            `keepdim` isn't a bool.
        IndexError: if `logits` doesn't have this dimension.
    """
    require_logits(logits, dim, "logsumexp")
    if not isinstance(keepdim, bool):
        raise TypeError(f"logsumexp needs keepdim=True or False, got {keepdim!r}")
    wide = _widen(logits)
    largest = _max(wide, dim)
    # inf - inf is nan, so don't subtract an infinite maximum; exp and log carry it instead
    largest = largest.masked_fill(largest.isinf(), 0)
    result = (wide - largest).exp().sum(dim, keepdim=True).log() + largest
    return (result if keepdim else result.squeeze(dim)).to(logits.dtype)


def cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """Return the mean of -log_softmax(logits) at the targets.

    Args:
        logits: floating-point scores of shape (classes,), (batch, classes) or (batch, classes,
            ...).
        targets: either int64 class numbers, with the shape of `logits` without the class dim (the
            mean leaves out targets of -100), or floating-point probabilities with the shape of
            `logits`.

    Returns:
        A 0-d tensor with the dtype of `logits`.

    Raises:
        TypeError: if `logits` isn't a dense floating-point tensor, or `targets` isn't an int64 or
            floating-point one.
        ValueError: if the shapes don't fit together, or there are no classes.
        IndexError: if a target isn't one of the classes.
    """
    class_dim = 1 if isinstance(logits, Tensor) and logits.dim() > 1 else 0
    require_logits(logits, class_dim, "cross_entropy")
    _require_targets(logits, targets, class_dim)
    log_probs = log_softmax(_widen(logits), class_dim)
    if targets.is_floating_point():
        positions = logits.numel() // logits.size(class_dim)
        return (-(targets * log_probs).sum() / positions).to(logits.dtype)
    counted = targets != IGNORED
    index = targets.where(counted, 0).unsqueeze(class_dim)
    try:
        losses = -log_probs.gather(class_dim, index).squeeze(class_dim)
    except RuntimeError as error:
        classes = logits.size(class_dim)
        unknown = index[(index < 0) | (index >= classes)][0].item()
        raise IndexError(
            f"cross_entropy got the target class {unknown}, but logits of {classes} classes "
            f"have classes 0 to {classes - 1}"
        ) from error
    return (losses.where(counted, 0).sum() / counted.sum()).to(logits.dtype)


IGNORED = -100  # torch's default `ignore_index`


def _widen(logits: Tensor) -> Tensor:
    """Return float16 and bfloat16 as float32, so that rounding only happens once, at the end."""
    return logits.float() if logits.dtype in HALVES else logits


def _max(logits: Tensor, dim: int) -> Tensor:
    """Return the largest entry along `dim`, kept as a dimension of size 1.

    It's detached: the shift cancels out of the result, and so out of the gradient, too.
    """
    if logits.numel() == 0:  # amax doesn't accept an empty slice; softmax of nothing is nothing
        return logits.detach().sum(dim, keepdim=True)
    largest = logits.amax(dim, True)
    return largest.detach() if largest.requires_grad else largest


def require_logits(logits: Tensor, dim: int, function: str) -> None:
    """Raise unless `logits` is a dense floating-point tensor with a dimension `dim`.

    Args:
        logits: the logits that a function got.
        dim: the dimension that it got.
        function: the function's name, which begins the message.

    Raises:
        TypeError: if `logits` isn't a dense floating-point tensor, or `dim` isn't an integer.
        IndexError: if `logits` doesn't have this dimension.
    """
    if (  # all is well: for a small batch, more checks would take longer than the softmax
        isinstance(logits, Tensor)
        and logits.dtype in FLOATS
        and logits.layout is torch.strided
        and not logits.is_nested
        and type(dim) is int
        and -(rank := logits.dim()) <= dim < rank
    ):
        return
    _require_dense(logits, "logits", function)
    if logits.dtype.is_complex:
        raise TypeError(
            f"{function} needs floating-point logits, got {logits.dtype}; "
            "complex numbers have no maximum: pass x.real or x.abs()"
        )
    if logits.dtype not in FLOATS:
        raise TypeError(
            f"{function} needs floating-point logits, got {logits.dtype}; use x.float()"
        )
    if isinstance(dim, bool) or not _is_index(dim):
        raise TypeError(
            f"{function} needs an integer dim, got {dim!r}; use dim=-1 for the last one"
        )
    rank = max(logits.dim(), 1)
    if not -rank <= dim < rank:
        raise IndexError(
            f"{function} got dim={dim}, but logits of shape {tuple(logits.shape)} have dims "
            f"{-rank} to {rank - 1}"
        )


def _require_dense(values: Tensor, name: str, function: str) -> None:
    """Raise unless `values` is a tensor that's neither sparse nor nested."""
    if not isinstance(values, Tensor):
        raise TypeError(
            f"{function} needs a torch.Tensor of {name}, got {type(values).__name__}; "
            "use torch.tensor(...)"
        )
    if values.is_nested:
        raise TypeError(
            f"{function} needs a dense tensor of {name}, got a nested one; "
            "use torch.nested.to_padded_tensor(...)"
        )
    if values.layout is not torch.strided:
        raise TypeError(
            f"{function} needs a dense tensor of {name}, got {values.layout}; use x.to_dense()"
        )


def _is_index(dim: int) -> bool:
    """Tell whether `dim` is an integer; a tensor may claim to be one without being one."""
    try:
        operator.index(dim)
    except TypeError:
        return False
    return True


def _require_targets(logits: Tensor, targets: Tensor, class_dim: int) -> None:
    """Raise unless `targets` are classes or probabilities that fit `logits`."""
    _require_dense(targets, "targets", "cross_entropy")
    if targets.dtype != torch.int64 and targets.dtype not in FLOATS:
        raise TypeError(
            f"cross_entropy needs int64 class numbers or floating-point probabilities, "
            f"got {targets.dtype}; use targets.long(), or targets.float()"
        )
    if logits.dim() == 0:
        raise ValueError(
            "cross_entropy needs logits of shape (classes,) or (batch, classes, ...), got ()"
        )
    if logits.size(class_dim) == 0:
        raise ValueError(
            f"cross_entropy needs at least one class, got logits of shape {tuple(logits.shape)}"
        )
    wanted = list(logits.shape)
    if not targets.is_floating_point():
        wanted.pop(class_dim)
    if list(targets.shape) != wanted:
        raise ValueError(
            f"cross_entropy needs targets of shape {tuple(wanted)} for logits of shape "
            f"{tuple(logits.shape)}, got {tuple(targets.shape)}"
        )
