"""Answers for the checker: right ones in many styles, and wrong ones with the mistake in them.

Each is written as a learner would write it; `torch` and `np` are available to all.
"""

import functools
import math
from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F

Attempt = Callable[..., object]
RIGHT: list[tuple[str, Attempt]] = []
WRONG: list[tuple[str, tuple[str, ...], Attempt]] = []


def right(*exercises: str) -> Callable[[Attempt], Attempt]:
    """Mark an answer as right for these exercises."""

    def keep(attempt: Attempt) -> Attempt:
        RIGHT.extend((exercise, attempt) for exercise in exercises)
        return attempt

    return keep


def wrong(exercise: str, *slugs: str) -> Callable[[Attempt], Attempt]:
    """Mark an answer as wrong for an exercise, in the way that the slugs say."""

    def keep(attempt: Attempt) -> Attempt:
        WRONG.append((exercise, slugs, attempt))
        return attempt

    return keep


# --- right: one row ---------------------------------------------------------------------------


@right("softmax_1d")
def row_plain(x):
    return x.exp() / x.exp().sum()


@right("softmax_1d")
def row_functions(x):
    return torch.div(torch.exp(x), torch.sum(torch.exp(x)))


@right("softmax_1d")
def row_power_of_e(x):
    return math.e**x / (math.e**x).sum()


@right("softmax_1d")
def row_python_numbers(x):
    exps = [math.exp(v) for v in x.tolist()]
    return torch.tensor([e / sum(exps) for e in exps])


@right("softmax_1d")
def row_numpy(x):
    exps = np.exp(x.numpy())
    return torch.from_numpy(exps / exps.sum())


@right("softmax_1d")
def row_numpy_on_tensor(x):
    return np.exp(x) / np.exp(x).sum()


@right("softmax_1d")
def row_loop_in_place(x):
    out = torch.zeros_like(x)
    for i in range(len(x)):
        out[i] = torch.exp(x[i])
    out /= out.sum()
    return out


@right("softmax_1d")
def row_shifted(x):
    e = torch.exp(x - max(x))
    return e / sum(e)


@right("softmax_1d")
def row_pairwise(x):
    return 1 / torch.exp(x[None, :] - x[:, None]).sum(dim=1)


@right("softmax_1d")
def row_last_dim(x):
    e = x.exp()
    return e / e.sum(dim=-1, keepdim=True)


@right("softmax_1d")
def row_stack(x):
    return torch.stack([v.exp() for v in x]) / sum(v.exp() for v in x)


@right("softmax_1d")
def row_dot(x):
    e = torch.exp(x)
    return e / (e @ torch.ones_like(e))


# --- right: any dim, ordinary scores ------------------------------------------------------------


@right("softmax_dim")
def plain(x, dim):
    e = torch.exp(x)
    return e / e.sum(dim=dim, keepdim=True)


@right("softmax_dim")
def plain_unsqueeze(x, dim):
    e = x.exp()
    return e / e.sum(dim).unsqueeze(dim)


@right("softmax_dim")
def plain_global_shift(x, dim):
    e = torch.exp(x - x.max())
    return e / torch.sum(e, dim, keepdim=True)


@right("softmax_dim")
def plain_normalize(x, dim):
    return F.normalize(x.exp(), p=1, dim=dim)


@right("softmax_dim")
def plain_log(x, dim):
    return torch.exp(x - torch.log(torch.sum(torch.exp(x), dim=dim, keepdim=True)))


@right("softmax_dim")
def plain_keyword_only(x, *, dim):
    return x.exp() / x.exp().sum(dim, keepdim=True)


@right("softmax_dim")
def plain_in_place_on_own(x, dim):
    e = x.exp()
    return e.div(e.sum(dim, True))


@right("softmax_dim")
def plain_mean_shift(x, dim):
    e = torch.exp(x - x.mean())
    return e / e.sum(dim, keepdim=True)


# --- right: any finite scores, which is right for ordinary ones too ----------------------------

both = right("softmax_dim", "stable_softmax")


@both
def amax(x, dim):
    e = (x - x.amax(dim, keepdim=True)).exp()
    return e / e.sum(dim, keepdim=True)


@both
def max_values(x, dim):
    e = torch.exp(x - torch.max(x, dim=dim, keepdim=True).values)
    return e / torch.sum(e, dim=dim, keepdim=True)


@both
def max_unpacked(x, dim):
    m, _ = x.max(dim=dim, keepdim=True)
    z = x - m
    return z.exp() / z.exp().sum(dim=dim, keepdim=True)


@both
def max_indexed_and_unsqueezed(x, dim):
    m = x.max(dim)[0].unsqueeze(dim)
    e = torch.exp(x - m)
    return e / e.sum(dim).unsqueeze(dim)


@both
def max_detached(x, dim):
    e = torch.exp(x - x.detach().amax(dim, keepdim=True))
    return e / e.sum(dim, keepdim=True)


@both
def max_under_no_grad(x, dim):
    with torch.no_grad():
        m = x.amax(dim, keepdim=True)
    e = torch.exp(x - m)
    return e / e.sum(dim, keepdim=True)


@both
def through_logsumexp(x, dim):
    return torch.exp(x - torch.logsumexp(x, dim, keepdim=True))


@wrong("softmax_dim", "uses-torch-softmax")  # it is asked for there
@right("stable_softmax")
def through_log_softmax(x, dim):
    return x.log_softmax(dim).exp()


@both
def through_own_logsumexp(x, dim):
    m = x.amax(dim, keepdim=True)
    return (x - m - (x - m).exp().sum(dim, keepdim=True).log()).exp()


@both
def in_float64_and_back(x, dim):
    y = x.double()
    e = (y - y.amax(dim, keepdim=True)).exp()
    return (e / e.sum(dim, keepdim=True)).to(x.dtype)


@both
def last_dim_and_back(x, dim):
    y = x.movedim(dim, -1)
    e = (y - y.amax(-1, keepdim=True)).exp()
    return (e / e.sum(-1, keepdim=True)).movedim(-1, dim)


@both
def transpose_and_back(x, dim):
    y = x.transpose(dim, 0)
    e = torch.exp(y - y.max(0).values)
    return (e / e.sum(0)).transpose(dim, 0)


@both
def einsum(x, dim):
    y = x.movedim(dim, -1)
    e = torch.exp(y - y.amax(-1, keepdim=True))
    return torch.einsum("...i,...->...i", e, 1 / torch.einsum("...i->...", e)).movedim(-1, dim)


# PyTorch 2.4 loads its compiler on the first call, which may take longer than an attempt is given
torch.func.vmap(torch.exp)(torch.ones(1))


@both
def vmap_over_rows(x, dim):
    def one(row):
        e = torch.exp(row - row.max())
        return e / e.sum()

    y = x.movedim(dim, -1)
    rows = torch.func.vmap(one)(y.reshape(-1, y.shape[-1]))
    return rows.reshape(y.shape).movedim(-1, dim)


@both
def loop_over_rows(x, dim):
    y = x.movedim(dim, -1)
    rows = [(row - row.max()).exp() for row in y.reshape(-1, y.shape[-1])]
    return torch.stack([e / e.sum() for e in rows]).reshape(y.shape).movedim(-1, dim)


@both
def loop_over_entries(x, dim):
    parts = x.unbind(dim)
    m = parts[0]
    for part in parts[1:]:
        m = torch.maximum(m, part)
    exps = [(part - m).exp() for part in parts]
    return torch.stack([e / sum(exps) for e in exps], dim)


@both
def recursion(x, dim):
    if x.dim() == 1:
        e = (x - x.max()).exp()
        return e / e.sum()
    dim = dim % x.dim()
    if dim == 0:
        return recursion(x.transpose(0, 1), 1).transpose(0, 1)
    return torch.stack([recursion(part, dim - 1) for part in x])


@both
def in_chunks(x, dim):
    m = torch.stack([c.amax(dim) for c in x.split(2, dim)]).amax(0).unsqueeze(dim)
    s = sum((c - m).exp().sum(dim, keepdim=True) for c in x.split(2, dim))
    return torch.cat([(c - m).exp() / s for c in x.split(2, dim)], dim)


@both
def online(x, dim):
    m = torch.full_like(x.select(dim, 0), -float("inf"))
    s = torch.zeros_like(m)
    for part in x.unbind(dim):
        new = torch.maximum(m, part)
        safe = new.masked_fill(new.isinf(), 0)
        s = s * (m - safe).exp() + (part - safe).exp()
        m = new
    return (x - m.unsqueeze(dim)).exp() / s.unsqueeze(dim)


@both
def sorted_first(x, dim):
    largest = x.sort(dim, descending=True).values.narrow(dim, 0, 1)
    e = (x - largest).exp()
    return e / e.sum(dim, keepdim=True)


@both
def in_place_on_a_copy(x, dim):
    y = x.clone()
    y -= x.amax(dim, keepdim=True)
    e = y.exp()
    return e / e.sum(dim, keepdim=True)


@both
def shift_a_little_more(x, dim):
    e = (x - x.amax(dim, keepdim=True) - 1).exp()
    return e / e.sum(dim, keepdim=True)


@both
class AClass:
    def __new__(cls, x, dim):
        return amax(x, dim)


class Module(torch.nn.Module):
    def forward(self, x, dim):
        return amax(x, dim)


both(Module())
both(lambda x, dim: amax(x, dim))
both(lambda x, dim=-1: max_values(x, dim))
both(lambda logits, dim: amax(logits, dim))


class Custom(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, dim):
        probs = amax(x, dim)
        ctx.save_for_backward(probs)
        ctx.dim = dim
        return probs

    @staticmethod
    def backward(ctx, grad):
        (probs,) = ctx.saved_tensors
        return probs * (grad - (grad * probs).sum(ctx.dim, keepdim=True)), None


both(Custom.apply)

right("classes_of_batch")(lambda x: torch.softmax(x, dim=1))
right("classes_of_batch")(lambda x: amax(x, -1))
right("classes_of_sequence")(lambda x: x.softmax(-1))
right("classes_of_sequence")(lambda x: F.softmax(x, dim=2))
right("classes_of_image")(lambda x: torch.nn.Softmax(dim=1)(x))
right("classes_of_image")(torch.nn.Softmax2d())
right("classes_of_image")(lambda x: x.permute(0, 2, 3, 1).softmax(-1).permute(0, 3, 1, 2))
right("keys_of_attention")(lambda x: torch.softmax(x, dim=3))
right("pixels_of_image")(lambda x: x.flatten(2).softmax(-1).view(x.shape))
right("pixels_of_image")(lambda x: x.exp() / x.exp().sum((2, 3), keepdim=True))
right("pixels_of_image")(
    lambda x: torch.stack(
        [torch.stack([p.flatten().softmax(0).view(p.shape) for p in i]) for i in x]
    )
)


# found by trying what others might write
right("stable_softmax")(lambda x, axis: amax(x, axis))
right("stable_softmax")(functools.partial(lambda extra, x, dim: amax(x, dim), 1))
right("stable_softmax")(
    lambda x, dim: (x - functools.reduce(torch.logaddexp, x.unbind(dim)).unsqueeze(dim)).exp()
)
right("stable_softmax")(lambda x, dim: (x - x.logcumsumexp(dim).narrow(dim, -1, 1)).exp())
right("stable_softmax")(lambda x, dim: torch.func.grad(lambda z: torch.logsumexp(z, dim).sum())(x))
right("stable_softmax")(lambda x, dim: F.normalize((x - x.amax(dim, True)).exp(), p=1, dim=dim))
right("stable_softmax")(lambda x, dim: torch.nn.LogSoftmax(dim=dim)(x).exp())
right("softmax_dim")(
    lambda x, dim: 1 / sum((x.roll(k, dim) - x).exp() for k in range(x.shape[dim]))
)


@both
def base_two(x, dim):
    e = torch.exp2((x - x.amax(dim, keepdim=True)) * math.log2(math.e))
    return e / e.sum(dim, keepdim=True)


# --- wrong ----------------------------------------------------------------------------------------


@wrong("stable_softmax", "no-max-subtraction")
def naive(x, dim):
    return x.exp() / x.exp().sum(dim, keepdim=True)


wrong("stable_softmax", "no-max-subtraction")(plain_log)
wrong("stable_softmax", "no-max-subtraction")(plain_normalize)
wrong("stable_softmax", "no-max-subtraction")(plain_unsqueeze)


@wrong("stable_softmax", "shift-computed-unused")
def shift_forgotten(x, dim):
    z = x - x.amax(dim, keepdim=True)  # noqa: F841
    return torch.exp(x) / torch.exp(x).sum(dim, keepdim=True)


wrong("stable_softmax", "global-max")(plain_global_shift)


@wrong("stable_softmax", "global-max")
def global_amax(x, dim):
    e = (x - torch.amax(x)).exp()
    return e / e.sum(dim).unsqueeze(dim)


@wrong("stable_softmax", "upcast-instead-of-shift")
def float64_only(x, dim):
    e = x.double().exp()
    return (e / e.sum(dim, keepdim=True)).to(x.dtype)


@wrong("softmax_dim", "global-sum")
def sum_of_all(x, dim):
    return x.exp() / x.exp().sum()


@wrong("stable_softmax", "global-sum")
def stable_sum_of_all(x, dim):
    e = (x - x.amax(dim, keepdim=True)).exp()
    return e / e.sum()


wrong("stable_softmax", "global-sum", "no-max-subtraction")(sum_of_all)


@wrong("stable_softmax", "global-sum", "global-max")
def all_of_all(x, dim):
    e = torch.exp(x - torch.max(x))
    return e / torch.sum(e)


@wrong("softmax_dim", "sum-over-wrong-dim")
def other_dim(x, dim):
    e = x.exp()
    return e / e.sum((dim + 1) % x.dim(), keepdim=True)


@wrong("softmax_dim", "sum-over-wrong-dim")
def one_minus_dim(x, dim):
    e = x.exp()
    return e / e.sum(1 - dim, keepdim=True)


@wrong("stable_softmax", "sum-over-wrong-dim")
def sum_over_last(x, dim):
    e = (x - x.amax(dim, keepdim=True)).exp()
    return e / e.sum(-1, keepdim=True)


@wrong("stable_softmax", "sum-over-wrong-dim")
def dim_before(x, dim):
    d = (dim - 1) % x.dim()
    e = (x - x.amax(d, keepdim=True)).exp()
    return e / e.sum(d, keepdim=True)


@wrong("stable_softmax", "max-over-wrong-dim")
def max_over_last(x, dim):
    e = (x - x.amax(-1, keepdim=True)).exp()
    return e / e.sum(dim, keepdim=True)


@wrong("stable_softmax", "max-over-wrong-dim")
def max_over_first(x, dim):
    m, _ = x.max(dim=0, keepdim=True)
    e = torch.exp(x - m)
    return e / e.sum(dim, keepdim=True)


wrong("softmax_dim", "max-over-wrong-dim")(max_over_first)


@wrong("softmax_dim", "hard-coded-last-dim")
def always_last(x, dim):
    return x.exp() / x.exp().sum(-1, keepdim=True)


wrong("stable_softmax", "hard-coded-last-dim")(lambda x, dim: amax(x, -1))
wrong("stable_softmax", "hard-coded-last-dim")(lambda x, dim: torch.softmax(x, x.dim() - 1))
wrong("stable_softmax", "hard-coded-last-dim", "no-max-subtraction")(always_last)
wrong("softmax_dim", "hard-coded-dim-0")(lambda x, dim: x.exp() / x.exp().sum(0))
wrong("stable_softmax", "hard-coded-dim-0")(lambda x, dim: amax(x, 0))
wrong("softmax_dim", "hard-coded-dim-1")(lambda x, dim: x.exp() / x.exp().sum(1, keepdim=True))
wrong("stable_softmax", "hard-coded-dim-1")(lambda x, dim: amax(x, 1))


@wrong("softmax_dim", "missing-keepdim")
def no_keepdim_on_sum(x, dim):
    return x.exp() / x.exp().sum(dim)


@wrong("stable_softmax", "missing-keepdim")
def stable_no_keepdim_on_sum(x, dim):
    e = (x - x.max(dim, keepdim=True).values).exp()
    return e / e.sum(dim)


@wrong("stable_softmax", "missing-keepdim")
def no_keepdim_on_max(x, dim):
    e = (x - x.max(dim).values).exp()
    return e / e.sum(dim, keepdim=True)


@wrong("stable_softmax", "missing-keepdim")
def no_keepdim_at_all(x, dim):
    e = (x - x.amax(dim)).exp()
    return e / e.sum(dim)


wrong("stable_softmax", "missing-keepdim", "no-max-subtraction")(no_keepdim_on_sum)


@wrong("stable_softmax", "max-tuple-not-values")
def pair_subtracted(x, dim):
    e = (x - x.max(dim, keepdim=True)).exp()
    return e / e.sum(dim, keepdim=True)


@wrong("stable_softmax", "max-tuple-not-values")
def pair_in_function(x, dim):
    m = torch.max(x, dim=dim, keepdim=True)
    return torch.exp(torch.sub(x, m))


@wrong("stable_softmax", "max-tuple-not-values")
def pair_as_tensor(x, dim):
    return (x - x.max(dim).unsqueeze(dim)).exp()


@wrong("stable_softmax", "mutates-input")
def minus_equals(x, dim):
    x -= x.amax(dim, keepdim=True)
    return x.exp() / x.exp().sum(dim, keepdim=True)


@wrong("stable_softmax", "mutates-input")
def sub_in_place(x, dim):
    e = x.sub_(x.amax(dim, keepdim=True)).exp()
    return e / e.sum(dim, keepdim=True)


@wrong("softmax_dim", "mutates-input")
def exp_in_place(x, dim):
    x.exp_()
    return x / x.sum(dim, keepdim=True)


@wrong("softmax_1d", "mutates-input")
def row_in_place(x):
    torch.exp(x, out=x)
    return x / x.sum()


@wrong("stable_softmax", "no-max-subtraction", "mutates-input")
def naive_in_place(x, dim):
    x.exp_()
    return x / x.sum(dim, keepdim=True)


wrong("stable_softmax", "detached-gradient")(lambda x, dim: amax(x.detach(), dim))
wrong("softmax_dim", "detached-gradient")(lambda x, dim: plain(x.data, dim))
wrong("stable_softmax", "detached-gradient")(
    lambda x, dim: torch.tensor(amax(x, dim).tolist(), dtype=x.dtype)
)


@wrong("stable_softmax", "detached-gradient")
def through_numpy(x, dim):
    a = x.numpy()
    e = np.exp(a - a.max(axis=dim, keepdims=True))
    return torch.from_numpy(e / e.sum(axis=dim, keepdims=True))


@wrong("stable_softmax", "detached-gradient")
def under_no_grad(x, dim):
    with torch.no_grad():
        return amax(x, dim)


@wrong("softmax_dim", "detached-gradient")
def detached_sum(x, dim):
    e = x.exp()
    return e / e.sum(dim, keepdim=True).detach()


@wrong("softmax_1d", "int-dtype")
def row_of_integers(x):
    e = x.long().exp()
    return e / e.sum()


@wrong("softmax_1d", "int-dtype")
def row_into_integers(x):
    out = torch.zeros(len(x), dtype=torch.int64)
    for i, v in enumerate(x):
        out[i] = (v.exp() / x.exp().sum()).long()
    return out


wrong("softmax_dim", "int-dtype")(lambda x, dim: plain(x.int().float(), dim).to(x.dtype))
wrong("stable_softmax", "int-dtype")(lambda x, dim: amax(x.long(), dim))
wrong("stable_softmax", "int-dtype")(lambda x, dim: amax(x, dim).int())
wrong("softmax_1d", "softmax-twice")(lambda x: torch.softmax(row_plain(x), 0))
wrong("softmax_dim", "softmax-twice")(lambda x, dim: plain(plain(x, dim), dim))
wrong("stable_softmax", "softmax-twice")(lambda x, dim: F.softmax(amax(x, dim), dim=dim))


@wrong("softmax_1d", "returns-none")
def row_without_return(x):
    x.exp() / x.exp().sum()


@wrong("stable_softmax", "returns-none")
def prints(x, dim):
    print(amax(x, dim))


wrong("softmax_1d", "returns-list")(lambda x: [math.exp(v) for v in x])
wrong("softmax_1d", "name-error")(lambda x: exp(x) / exp(x).sum())  # noqa: F821
wrong("softmax_dim", "upcasts-and-changes-dtype")(lambda x, dim: plain(x.double(), dim))
wrong("stable_softmax", "upcasts-and-changes-dtype")(lambda x, dim: amax(x.float(), dim))
wrong("classes_of_batch", "over-batch")(lambda x: torch.softmax(x, dim=0))
wrong("classes_of_sequence", "over-time")(lambda x: torch.softmax(x, dim=1))
wrong("classes_of_sequence", "implicit-dim")(lambda x: torch.nn.Softmax()(x))
wrong("classes_of_image", "over-width")(lambda x: torch.softmax(x, dim=-1))
wrong("classes_of_image", "over-everything")(lambda x: x.exp() / x.exp().sum())
wrong("keys_of_attention", "over-queries")(lambda x: torch.softmax(x, dim=-2))
wrong("keys_of_attention", "over-heads")(lambda x: torch.softmax(x, dim=1))
wrong("pixels_of_image", "two-softmaxes-not-joint")(lambda x: x.softmax(-1).softmax(-2))
wrong("pixels_of_image", "two-softmaxes-not-joint")(lambda x: x.softmax(2).softmax(3))
wrong("pixels_of_image", "over-width")(lambda x: torch.softmax(x, dim=3))
wrong("pixels_of_image", "over-channels")(torch.nn.Softmax2d())
wrong("pixels_of_image", "over-everything")(lambda x: x.flatten().softmax(0).view(x.shape))


# --- wrong: the library at full depth -----------------------------------------------------------


def stable_with(x, dim, **steps):
    """Return softmax with one step replaced."""
    e = steps.get("power", torch.exp)(x - x.amax(dim, keepdim=True))
    return e / steps.get("total", torch.sum)(e, dim, keepdim=True)


# argmax, sigmoid, signs, powers
wrong("softmax_1d", "argmax-one-hot")(lambda x: F.one_hot(x.argmax(), len(x)).float())
wrong("stable_softmax", "argmax-one-hot")(
    lambda x, dim: torch.zeros_like(x).scatter_(dim, x.argmax(dim, keepdim=True), 1.0)
)
wrong("softmax_1d", "sums-raw-logits")(lambda x: torch.exp(x) / x.sum())
wrong("softmax_dim", "sums-raw-logits")(lambda x, dim: x.exp().div(x.sum(dim, keepdim=True)))
wrong("softmax_dim", "forgets-exp")(lambda x, dim: x / x.sum(dim, keepdim=True))
wrong("stable_softmax", "forgets-exp")(
    lambda x, dim: (x - x.amax(dim, True)) / (x - x.amax(dim, True)).sum(dim, True)
)
wrong("softmax_1d", "returns-log")(lambda x: x - x.exp().sum().log())
wrong("softmax_dim", "returns-log")(lambda x, dim: plain(x, dim).log())
wrong("stable_softmax", "returns-log")(lambda x, dim: F.log_softmax(x, dim=dim))
wrong("stable_softmax", "returns-log")(lambda x, dim: x - x.logsumexp(dim, keepdim=True))
wrong("softmax_1d", "double-exp")(lambda x: x.exp().exp() / x.exp().exp().sum())
wrong("softmax_dim", "double-exp")(lambda x, dim: plain(x.exp(), dim))
wrong("softmax_1d", "exp2-or-pow")(lambda x: 2**x / (2**x).sum())
wrong("softmax_dim", "exp2-or-pow")(
    lambda x, dim: torch.exp2(x) / torch.exp2(x).sum(dim, keepdim=True)
)
wrong("softmax_dim", "exp2-or-pow")(lambda x, dim: 2.718**x / (2.718**x).sum(dim, keepdim=True))
wrong("stable_softmax", "exp2-or-pow")(lambda x, dim: stable_with(x, dim, power=lambda z: 10**z))
wrong("softmax_1d", "exp2-or-pow")(lambda x: x**2 / (x**2).sum())
wrong("softmax_1d", "sigmoid-instead")(lambda x: 1 / (1 + torch.exp(-x)))
wrong("softmax_dim", "sigmoid-instead")(
    lambda x, dim: x.sigmoid() / x.sigmoid().sum(dim, keepdim=True)
)
wrong("softmax_1d", "sign-error")(lambda x: (-x).exp() / (-x).exp().sum())
wrong("softmax_dim", "sign-error")(lambda x, dim: F.softmin(x, dim=dim))
wrong("stable_softmax", "sign-error")(
    lambda x, dim: (x.amax(dim, True) - x).exp() / (x.amax(dim, True) - x).exp().sum(dim, True)
)
wrong("stable_softmax", "sign-error")(
    lambda x, dim: (x + x.amax(dim, True)).exp() / (x + x.amax(dim, True)).exp().sum(dim, True)
)
wrong("softmax_1d", "mean-instead-of-sum")(lambda x: x.exp() / x.exp().mean())
wrong("stable_softmax", "mean-instead-of-sum")(lambda x, dim: stable_with(x, dim, total=torch.mean))
wrong("softmax_1d", "returns-exp-unnormalised")(lambda x: torch.exp(x))
wrong("softmax_dim", "returns-exp-unnormalised")(lambda x, dim: x.exp())
wrong("stable_softmax", "returns-exp-unnormalised")(
    lambda x, dim: (x - x.amax(dim, keepdim=True)).exp()
)

# what is done to the scores first
wrong("softmax_1d", "standardises-first")(lambda x: row_plain((x - x.mean()) / x.std()))
wrong("softmax_dim", "standardises-first")(
    lambda x, dim: plain((x - x.mean(dim, True)) / x.std(dim, keepdim=True), dim)
)
wrong("stable_softmax", "standardises-first")(lambda x, dim: plain((x - x.mean()) / x.std(), dim))
wrong("softmax_1d", "divides-logits-by-max")(lambda x: row_plain(x / x.max()))
wrong("stable_softmax", "divides-logits-by-max")(
    lambda x, dim: plain(x / x.amax(dim, keepdim=True), dim)
)
wrong("softmax_dim", "divides-by-max")(lambda x, dim: x.exp() / x.exp().amax(dim, keepdim=True))
wrong("softmax_1d", "takes-absolute-value")(lambda x: row_plain(x.abs()))
wrong("stable_softmax", "takes-absolute-value")(
    lambda x, dim: plain(x - x.abs().amax(dim, keepdim=True), dim)
)
wrong("softmax_1d", "plus-one-in-denominator")(lambda x: x.exp() / (1 + x.exp().sum()))
wrong("softmax_dim", "plus-one-in-denominator")(
    lambda x, dim: x.exp() / (x.exp().sum(dim, keepdim=True) + 1)
)
wrong("stable_softmax", "plus-one-in-denominator")(
    lambda x, dim: stable_with(x, dim, total=lambda e, d, keepdim: 1 + e.sum(d, keepdim))
)
wrong("softmax_1d", "rounds")(lambda x: torch.round(row_plain(x), decimals=4))
wrong("softmax_dim", "rounds")(lambda x, dim: (plain(x, dim) * 100).round() / 100)
wrong("stable_softmax", "rounds")(lambda x, dim: amax(x, dim).round(decimals=6))
wrong("stable_softmax", "rounds")(lambda x, dim: amax(x.round(), dim))
wrong("stable_softmax", "clamping")(lambda x, dim: plain(x.clamp(max=88), dim))
wrong("stable_softmax", "clamping")(lambda x, dim: plain(torch.clamp(x, -50, 50), dim))
wrong("stable_softmax", "clamping")(lambda x, dim: amax(x.clip(max=300), dim))
wrong("softmax_1d", "scales-logits")(lambda x: row_plain(x / 2))
wrong("softmax_dim", "scales-logits")(lambda x, dim: plain(x / x.shape[dim] ** 0.5, dim))
wrong("stable_softmax", "scales-logits")(lambda x, dim: amax(0.1 * x, dim))
wrong("stable_softmax", "scales-logits", "no-max-subtraction")(lambda x, dim: plain(x / 10, dim))
wrong("softmax_1d", "eps-in-denominator")(lambda x: x.exp() / (x.exp().sum() + 1e-6))
wrong("softmax_dim", "eps-in-denominator")(
    lambda x, dim: x.exp() / (x.exp().sum(dim, keepdim=True) + 1e-5)
)
wrong("stable_softmax", "eps-in-denominator")(
    lambda x, dim: stable_with(x, dim, total=lambda e, d, keepdim: e.sum(d, keepdim) + 1e-12)
)
wrong("stable_softmax", "eps-in-denominator", "no-max-subtraction")(
    lambda x, dim: x.exp() / (x.exp().sum(dim, keepdim=True) + 1e-10)
)

# dims
wrong("softmax_dim", "implicit-dim")(lambda x, dim: F.softmax(x))
wrong("stable_softmax", "implicit-dim")(lambda x, dim: torch.nn.Softmax()(x))
wrong("softmax_dim", "unsqueezes-last-not-dim")(
    lambda x, dim: x.exp() / x.exp().sum(dim).unsqueeze(-1)
)
wrong("stable_softmax", "unsqueezes-last-not-dim")(
    lambda x, dim: (
        (x - x.amax(dim)[..., None]).exp() / (x - x.amax(dim)[..., None]).exp().sum(dim, True)
    )
)


@wrong("stable_softmax", "unsqueezes-last-not-dim")
def unsqueezes_both(x, dim):
    e = (x - x.max(dim).values.unsqueeze(-1)).exp()
    return e / e.sum(dim).unsqueeze(-1)


@wrong("softmax_dim", "forgets-to-transpose-back")
def left_transposed(x, dim):
    y = x.transpose(dim, -1)
    return y.exp() / y.exp().sum(-1, keepdim=True)


@wrong("stable_softmax", "forgets-to-transpose-back")
def left_moved_first(x, dim):
    y = x.movedim(dim, 0)
    e = (y - y.amax(0)).exp()
    return e / e.sum(0)


wrong("softmax_dim", "missing-keepdim")(lambda x, dim: torch.div(x.exp(), torch.sum(x.exp(), dim)))
wrong("softmax_dim", "global-sum")(lambda x, dim: (x - x.max()).exp() / (x - x.max()).exp().sum())
wrong("stable_softmax", "max-over-wrong-dim")(
    lambda x, dim: plain(x - x.amax((dim + 1) % x.dim(), True), dim)
)


@wrong("stable_softmax", "number-of-dims")
def two_dims(x, dim):
    if x.dim() == 1:
        return amax(x, 0)
    if dim % 2 == 0 and x.dim() == 2:
        return amax(x.T, 1).T
    rows, _ = x.shape
    return amax(x.reshape(rows, -1), 1)


@wrong("softmax_dim", "number-of-dims")
def two_dims_by_loop(x, dim):
    if x.dim() == 1:
        return row_plain(x)
    y = x if dim % x.dim() == 1 else x.t()
    out = torch.stack([row_plain(row) for row in y])
    return out if dim % x.dim() == 1 else out.t()


@wrong("softmax_dim", "needs-one-number")
def loop_one_row(x, dim):
    return torch.stack([torch.exp(v) / sum(math.exp(u) for u in x) for v in x]) + 0 * x.sum()


@wrong("stable_softmax", "needs-one-number")
def loop_with_max(x, dim):
    m = max(v.item() for v in x)
    exps = [(v - m).exp() for v in x]
    return torch.stack(exps) / sum(exps)


# the shift
wrong("softmax_1d", "shift-on-one-side")(lambda x: (x - x.max()).exp() / x.exp().sum())
wrong("stable_softmax", "shift-on-one-side")(
    lambda x, dim: (x - x.amax(dim, True)).exp() / x.exp().sum(dim, True)
)
wrong("stable_softmax", "shift-on-one-side")(
    lambda x, dim: x.exp() / (x - x.amax(dim, True)).exp().sum(dim, True)
)
wrong("stable_softmax", "shift-after-exp")(
    lambda x, dim: (
        (x.exp() - x.exp().amax(dim, True)) / (x.exp() - x.exp().amax(dim, True)).sum(dim, True)
    )
)


@wrong("stable_softmax", "shift-after-exp")
def normalises_exp_by_largest(x, dim):
    e = x.exp() / x.amax(dim, keepdim=True).exp()
    return e / e.sum(dim, keepdim=True)


@wrong("stable_softmax", "shift-computed-unused")
def unused_amax(x, dim):
    shifted = x - torch.amax(x, dim, keepdim=True)
    e = torch.exp(x)
    return e / e.sum(dim, keepdim=True) + 0 * shifted.clamp(max=0).nan_to_num(0, 0, 0).sum()


wrong("stable_softmax", "argmax-instead-of-max")(
    lambda x, dim: plain(x - x.argmax(dim, keepdim=True), dim)
)
wrong("stable_softmax", "argmax-instead-of-max")(
    lambda x, dim: plain(x - x.max(dim, keepdim=True)[1], dim)
)
wrong("stable_softmax", "argmax-instead-of-max")(
    lambda x, dim: plain(x - x.max(dim, keepdim=True).indices, dim)
)
wrong("stable_softmax", "mean-subtraction")(
    lambda x, dim: plain(x - x.mean(dim, keepdim=True), dim)
)
wrong("stable_softmax", "mean-subtraction")(plain_mean_shift)
wrong("stable_softmax", "min-subtraction")(lambda x, dim: plain(x - x.amin(dim, keepdim=True), dim))
wrong("stable_softmax", "min-subtraction")(
    lambda x, dim: plain(x - x.min(dim, keepdim=True).values, dim)
)
wrong("stable_softmax", "max-with-zero")(
    lambda x, dim: plain(x - x.amax(dim, keepdim=True).clamp(min=0), dim)
)
wrong("stable_softmax", "max-with-zero")(
    lambda x, dim: plain(x - torch.relu(x.amax(dim, keepdim=True)), dim)
)


@wrong("stable_softmax", "patches-nan")
def where_nan(x, dim):
    p = plain(x, dim)
    return torch.where(p.isnan(), torch.ones_like(p), p)


@wrong("stable_softmax", "patches-nan")
def finite_exps(x, dim):
    e = torch.nan_to_num(torch.exp(x))
    return e / e.sum(dim, keepdim=True)


wrong("stable_softmax", "global-max", "patches-nan")(
    lambda x, dim: plain(x - x.max(), dim).nan_to_num(0.0)
)
wrong("stable_softmax", "upcast-instead-of-shift")(
    lambda x, dim: plain(x.to(torch.float64), dim).to(x.dtype)
)
wrong("stable_softmax", "upcast-instead-of-shift", "upcasts-and-changes-dtype")(
    lambda x, dim: plain(x.double(), dim)
)


# side effects
@wrong("softmax_dim", "breaks-autograd")
def divides_exp_in_place(x, dim):
    e = x.exp()
    e /= e.sum(dim, keepdim=True)
    return e


@wrong("stable_softmax", "breaks-autograd")
def div_underscore(x, dim):
    e = (x - x.amax(dim, keepdim=True)).exp()
    return e.div_(e.sum(dim, keepdim=True))


wrong("stable_softmax", "detached-gradient")(lambda x, dim: amax(x, dim).detach())
wrong("softmax_dim", "detached-gradient")(
    lambda x, dim: plain(x.clone().detach().requires_grad_(), dim)
)
wrong("stable_softmax", "upcasts-and-changes-dtype")(lambda x, dim: amax(x.double(), dim))
wrong("softmax_dim", "reshaped-result")(lambda x, dim: plain(x, dim).flatten())
wrong("softmax_1d", "reshaped-result")(lambda x: row_plain(x).unsqueeze(0))
wrong("softmax_1d", "keeps-the-largest-only")(lambda x: row_plain(x).max())
wrong("softmax_dim", "returns-list")(lambda x, dim: [row_plain(r) for r in x])
wrong("softmax_dim", "returns-list")(lambda x, dim: tuple(plain(x, dim)))
wrong("softmax_1d", "name-error")(lambda x: x.exp() / total)  # noqa: F821
wrong("softmax_dim", "wrong-signature")(lambda x, dim, extra: x)


# found by trying what others might write
wrong("stable_softmax", "max-over-wrong-dim")(
    lambda x, dim: F.softmax(x - x.max(dim=0, keepdim=True)[0], dim=dim)
)
wrong("stable_softmax", "shapes-do-not-fit")(  # three at once, and the error hides the others
    lambda x, dim: x.exp() / x.exp().sum(dim=-1)
)
wrong("softmax_dim", "global-sum", "detached-gradient")(
    lambda x, dim: torch.from_numpy(np.exp(x.detach().numpy()) / np.exp(x.detach().numpy()).sum())
)
wrong("stable_softmax", "hard-coded-dim-0", "mutates-input")(
    lambda x, dim: amax(x.sub_(x.amax(0, True)), 0)
)
wrong("stable_softmax", "divides-by-max", "no-max-subtraction")(
    lambda x, dim: x.exp() / x.exp().max()
)
wrong("stable_softmax", "detached-gradient")(
    lambda x, dim: amax(torch.add(x, 0, out=torch.empty_like(x)), dim)
)
wrong("softmax_dim", "unsqueezes-last-not-dim")(
    lambda x, dim: x.exp() / x.exp().sum(dim).view(-1, 1)
)
wrong("stable_softmax", "computes-in-16-bits")(lambda x, dim: amax(x.half(), dim).to(x.dtype))
wrong("softmax_1d", "one-minus-softmax")(lambda x: 1 - row_plain(x))
wrong("softmax_1d", "divides-by-count")(lambda x: x.exp() / len(x))
wrong("stable_softmax", "returns-scores")(lambda x, dim: x)
wrong("softmax_dim", "returns-scores")(lambda x, dim: x - x.amax(dim, keepdim=True))
wrong("stable_softmax", "ignores-the-logits")(lambda x, dim: torch.ones_like(x) / x.shape[dim])
wrong("stable_softmax", "random-results")(lambda x, dim: torch.rand_like(x))
wrong("softmax_1d", "changed-afterwards")(lambda x: row_plain(x).sqrt())
wrong("softmax_1d", "each-on-its-own")(lambda x: x.tanh())
wrong("softmax_dim", "sigmoid-instead")(lambda x, dim: torch.sigmoid(x))
wrong("softmax_1d", "forgets-exp")(lambda x: x / x.sum())
wrong("softmax_dim", "returns-a-part")(lambda x, dim: plain(x, dim)[:1])
wrong("softmax_dim", "wrong-signature")(lambda x: x)
wrong("softmax_dim", "eps-in-denominator")(
    lambda x, dim: x.exp() / (x.exp().sum(dim, keepdim=True) + 1e-8)
)
wrong("stable_softmax", "clamping")(lambda x, dim: torch.softmax(x.clamp(-80, 80), dim))
wrong("stable_softmax", "patches-nan")(lambda x, dim: torch.nan_to_num(plain(x, dim)))
wrong("stable_softmax")(lambda x, dim: exit())
# off by too little to notice: in float64 only, and in the smallest probabilities only
wrong("softmax_1d")(lambda x: row_plain(x) * (1 + 1e-6 * (x.dtype == torch.float64)))
wrong("stable_softmax", "floors-probabilities")(lambda x, dim: amax(x, dim).clamp(min=1e-6))


# --- wrong: the way back, and no dim at all -----------------------------------------------------

wrong("classes_of_sequence", "implicit-dim")(lambda x: torch.softmax(x))
wrong("softmax_dim", "implicit-dim")(lambda x, dim: (x - torch.logsumexp(x)).exp())
wrong("classes_of_sequence", "forgets-to-transpose-back")(lambda x: x.permute(0, 2, 1).softmax(1))
wrong("classes_of_batch", "forgets-to-transpose-back")(lambda x: x.T.softmax(0))
wrong("keys_of_attention", "forgets-to-transpose-back")(lambda x: x.transpose(-1, -2).softmax(-2))
wrong("classes_of_image", "forgets-to-transpose-back")(lambda x: x.permute(0, 2, 3, 1).softmax(3))
wrong("classes_of_image", "forgets-to-transpose-back")(
    lambda x: x.permute(0, 2, 3, 1).softmax(3).permute(0, 2, 3, 1)
)
wrong("classes_of_sequence")(lambda x: x.softmax(-1).squeeze())


@wrong("softmax_dim", "forgets-to-transpose-back")
def moved_the_same_way_again(x, dim):
    exps = x.movedim(dim, 0).exp()
    return (exps / exps.sum(0)).movedim(dim, 0)


@wrong("stable_softmax", "clamping")
def clamped_after_the_shift(x, dim):
    exps = (x - x.amax(dim, keepdim=True)).clamp(min=-10).exp()
    return exps / exps.sum(dim, keepdim=True)


@wrong("stable_softmax", "overflows")
def a_quarter_four_times(x, dim):
    quarter = (x.double() / 4).exp()
    power = (quarter / quarter.sum(dim, keepdim=True)) ** 4
    return (power / power.sum(dim, keepdim=True)).to(x.dtype)


@wrong("softmax_dim", "forgets-to-transpose-back")
def reshaped_instead_of_moved_back(x, dim):
    exps = x.movedim(dim, -1).exp()
    return (exps / exps.sum(-1, keepdim=True)).reshape(x.shape)


@wrong("softmax_dim", "dim-out-of-range")
def columns_or_else_rows(x, dim):
    exps = x.exp()
    if dim in (0, -2):
        return exps / exps.sum(0)
    return exps / exps.sum(1)[:, None]


wrong("softmax_dim", "sum-over-wrong-dim")(lambda x, dim: plain(x, dim - 1))
wrong("softmax_dim", "sum-over-wrong-dim")(lambda x, dim: plain(x, abs(dim)))
wrong("softmax_dim", "returns-log")(
    lambda x, dim: x.exp().log() - x.exp().sum(dim, keepdim=True).log()
)
wrong("softmax_dim", "rounds")(lambda x, dim: (plain(x, dim) * 1000).floor() / 1000)
wrong("softmax_dim", "standardises-first")(
    lambda x, dim: plain(F.layer_norm(x.movedim(dim, -1), (x.shape[dim],)).movedim(-1, dim), dim)
)


def _shifted_by(number):
    def shifted(x, dim):
        exps = (x - number(x, dim)).exp()
        return exps / exps.sum(dim, keepdim=True)

    return shifted


wrong("stable_softmax", "other-than-the-maximum")(_shifted_by(lambda x, dim: x.narrow(dim, 0, 1)))
wrong("stable_softmax", "other-than-the-maximum")(
    _shifted_by(lambda x, dim: x.median(dim, keepdim=True).values)
)
wrong("stable_softmax", "other-than-the-maximum")(
    _shifted_by(lambda x, dim: x.topk(min(2, x.shape[dim]), dim).values.amin(dim, keepdim=True))
)
wrong("stable_softmax", "replaces-minus-inf")(
    lambda x, dim: amax(x.masked_fill(x == -float("inf"), -1e4), dim)
)


@wrong("stable_softmax")
def only_the_best_five(x, dim):
    k = min(5, x.shape[dim])
    top = x.topk(k, dim)
    return torch.zeros_like(x).scatter(dim, top.indices, amax(top.values, dim))
