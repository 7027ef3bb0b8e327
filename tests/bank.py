"""Answers for the checker: right ones in many styles, and wrong ones with the mistake in them.

Each is written as a learner would write it; `torch` and `np` are there for all.
"""

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


@both
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
wrong("classes_of_sequence", "over-batch")(lambda x: torch.nn.Softmax()(x))
wrong("classes_of_image", "over-width")(lambda x: torch.softmax(x, dim=-1))
wrong("classes_of_image", "over-everything")(lambda x: x.exp() / x.exp().sum())
wrong("keys_of_attention", "over-queries")(lambda x: torch.softmax(x, dim=-2))
wrong("keys_of_attention", "over-heads")(lambda x: torch.softmax(x, dim=1))
wrong("pixels_of_image", "two-softmaxes-not-joint")(lambda x: x.softmax(-1).softmax(-2))
wrong("pixels_of_image", "two-softmaxes-not-joint")(lambda x: x.softmax(2).softmax(3))
wrong("pixels_of_image", "over-width")(lambda x: torch.softmax(x, dim=3))
wrong("pixels_of_image", "over-channels")(torch.nn.Softmax2d())
wrong("pixels_of_image", "over-everything")(lambda x: x.flatten().softmax(0).view(x.shape))

# Wrong, in ways that have no name yet: told from right all the same.
wrong("softmax_dim", "sigmoid-instead")(lambda x, dim: torch.sigmoid(x))
wrong("softmax_1d", "forgets-exp")(lambda x: x / x.sum())
wrong("softmax_dim", "returns-wrong-shape")(lambda x, dim: plain(x, dim)[:1])
wrong("softmax_dim", "wrong-signature")(lambda x: x)
wrong("softmax_dim", "eps-in-denominator")(lambda x, dim: x.exp() / (x.exp().sum(dim, keepdim=True) + 1e-8))
wrong("stable_softmax", "clamping")(lambda x, dim: torch.softmax(x.clamp(-80, 80), dim))
wrong("stable_softmax", "patches-nan")(lambda x, dim: torch.nan_to_num(plain(x, dim)))
wrong("stable_softmax")(lambda x, dim: exit())
