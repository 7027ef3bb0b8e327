"""More answers for lessons 00 to 03 and 05, each with the mistake that is read off its code."""

import math

import torch
import torch.nn.functional as F
from bank import amax, plain, right, row_plain, wrong

# --- one row: loops and Python's habits ----------------------------------------------------------


@right("softmax_1d")
def total_then_shares(x):
    total = 0
    for v in x:
        total = total + math.e**v
    out = []
    for v in x:
        out.append(math.e**v / total)
    return torch.stack(out)


@wrong("softmax_1d", "divides-by-itself")
def total_starts_again(x):
    out = []
    for v in x:
        total = 0
        total += torch.exp(v)
        out.append(torch.exp(v) / total)
    return torch.stack(out)


@wrong("softmax_1d", "returns-a-part")
def returns_in_the_loop(x):
    total = x.exp().sum()
    for v in x:
        return v.exp() / total


@wrong("softmax_1d", "running-total")
def divides_while_it_adds(x):
    total, out = 0, []
    for v in x:
        total = total + torch.exp(v)
        out.append(torch.exp(v) / total)
    return torch.stack(out)


wrong("softmax_1d", "returns-a-part")(lambda x: row_plain(x)[:1])
wrong("softmax_1d", "returns-the-sum")(lambda x: row_plain(x).sum())
wrong("softmax_1d", "multiplies-by-the-sum")(lambda x: x.exp() * x.exp().sum())
wrong("softmax_1d", "upside-down")(lambda x: x.exp().sum() / x.exp())
wrong("softmax_1d", "other-than-exp")(lambda x: x.log() / x.log().sum())
wrong("softmax_1d", "other-than-exp")(lambda x: x.tanh() / x.tanh().sum())
wrong("softmax_1d", "ignores-the-logits")(lambda x: torch.full_like(x, 1 / len(x)))
wrong("softmax_1d", "changed-afterwards")(lambda x: row_plain(x) ** 2)
wrong("softmax_1d", "divides-by-max")(lambda x: row_plain(x) / row_plain(x).max())

# --- any dim -------------------------------------------------------------------------------------


@wrong("softmax_dim", "loops-over-rows")
def row_by_row(x, dim):
    out = torch.zeros_like(x)
    for i in range(x.shape[0]):
        out[i] = torch.exp(x[i]) / torch.exp(x[i]).sum()
    return out


wrong("softmax_dim", "exp-of-the-sum")(lambda x, dim: torch.exp(x - x.sum(dim, keepdim=True)))
wrong("softmax_dim", "wrong-divisor")(lambda x, dim: 2 * plain(x, dim))
wrong("stable_softmax", "wrong-divisor")(lambda x, dim: 2 * F.softmax(x, dim))


# --- which dim? ----------------------------------------------------------------------------------

wrong("classes_of_sequence", "implicit-dim")(lambda x: F.softmax(x))
wrong("classes_of_sequence", "implicit-dim")(lambda x: F.log_softmax(x, dtype=x.dtype).exp())
wrong("keys_of_attention", "implicit-dim")(torch.nn.Softmax())
wrong("keys_of_attention", "over-heads")(lambda x: F.softmax(x, 1))

# --- dense code of people who know PyTorch -------------------------------------------------------

wrong("softmax_1d", "forgets-exp")(lambda x: F.normalize(x, p=1, dim=0))
wrong("softmax_1d", "forgets-exp")(lambda x: x / torch.logsumexp(x, 0))
wrong("softmax_1d", "logsumexp-outside-exp")(lambda x: x.exp() / torch.logsumexp(x, 0))
wrong("softmax_1d", "logsumexp-outside-exp")(lambda x: x.exp() - x.logsumexp(0))
wrong("softmax_1d", "upside-down")(lambda x: (x.logsumexp(0) - x).exp())
wrong("softmax_1d", "other-than-exp")(lambda x: x.cosh() / x.cosh().sum())
wrong("softmax_1d", "shift-after-exp")(lambda x: row_plain(x) - x.max())
wrong("softmax_1d", "random-results")(lambda x: F.gumbel_softmax(x, dim=0))
wrong("softmax_dim", "loops-over-rows")(lambda x, dim: torch.vmap(row_plain)(x))
wrong("softmax_dim", "hard-coded-last-dim")(
    lambda x, dim: x.exp() / torch.einsum("ij->i", x.exp())[:, None]
)
wrong("softmax_dim", "divides-by-max")(lambda x, dim: F.normalize(x.exp(), p=float("inf"), dim=dim))
wrong("stable_softmax", "other-than-the-maximum")(
    lambda x, dim: plain(x - x.amax(dim, True) / 2, dim)
)
wrong("classes_of_sequence", "returns-a-part")(lambda x: F.softmax(x[:, -1], -1))
wrong("classes_of_sequence", "averages-a-dim")(lambda x: F.softmax(x.mean(1), -1))
wrong("keys_of_attention", "averages-a-dim")(
    lambda x: F.softmax(x.mean(1, keepdim=True), -1).expand_as(x)
)
wrong("pixels_of_image", "mixes-two-softmaxes")(
    lambda x: F.softmax(x, -1) * F.softmax(x.sum(-1, keepdim=True), -2)
)

# --- code that guards itself, and goes in pieces ------------------------------------------------


@right("stable_softmax")
def with_guards(x, dim):
    m = x.amax(dim, keepdim=True)
    m = torch.where(torch.isinf(m), torch.zeros_like(m), m)
    e = torch.exp(x - m)
    return e / e.sum(dim, keepdim=True)


@wrong("stable_softmax", "sum-not-rescaled")
def online_without_rescaling(x, dim):
    m = torch.full_like(x.select(dim, 0), -torch.inf)
    s = torch.zeros_like(m)
    for part in x.unbind(dim):
        m = torch.maximum(m, part)
        s = s + torch.exp(part - m)
    return torch.exp(x - m.unsqueeze(dim)) / s.unsqueeze(dim)


@wrong("stable_softmax", "sum-not-rescaled")
def online_rescaled_upwards(x, dim):
    parts = x.unbind(dim)
    m = parts[0]
    s = torch.ones_like(m)
    for part in parts[1:]:
        new = torch.maximum(m, part)
        s = s * torch.exp(new - m) + torch.exp(part - new)
        m = new
    return torch.exp(x - m.unsqueeze(dim)) / s.unsqueeze(dim)


@wrong("stable_softmax", "patches-nan")
def even_shares_if_nan(x, dim):
    p = plain(x, dim)
    return torch.full_like(x, 1 / x.shape[dim]) if p.isnan().any() else p


@wrong("stable_softmax", "patches-nan")
def one_hot_where_nan(x, dim):
    p = plain(x, dim)
    best = torch.zeros_like(x).scatter(dim, x.argmax(dim, keepdim=True), 1.0)
    return torch.where(p.isnan(), best, p)


@wrong("stable_softmax", "global-max")
def one_maximum_in_float64(x, dim):
    e = (x.double() - x.double().max()).exp()
    return (e / e.sum(dim, keepdim=True)).to(x.dtype)


@wrong("stable_softmax", "small-become-zero")
def cuts_the_small(x, dim):
    p = amax(x, dim)
    return p.masked_fill(p < 1e-7, 0.0)


@wrong("stable_softmax", "eps-added-to-each")
def smoothed(x, dim):
    p = amax(x, dim) + 1e-8
    return p / p.sum(dim, keepdim=True)


@wrong("stable_softmax", "computes-in-16-bits")
def exp_in_bfloat16(x, dim):
    e = (x - x.amax(dim, keepdim=True)).bfloat16().exp()
    return (e / e.sum(dim, keepdim=True)).to(x.dtype)


@wrong("stable_softmax", "negative-dim")
def counts_negative_dims_from_the_front(x, dim):
    return F.softmax(x, -dim - 1 if dim < 0 else dim)


@wrong("softmax_dim", "forgets-to-transpose-back")
def moved_back_from_elsewhere(x, dim):
    e = x.transpose(0, dim).exp()
    return (e / e.sum(0)).transpose(-1, dim)


wrong("softmax_dim", "global-sum", "detached-gradient")(
    lambda x, dim: x.exp() / x.exp().sum().item()
)


@wrong("softmax_1d", "uses-positions")
def counts_entries(x):
    exps = [math.exp(i) for i, _ in enumerate(x)]
    return torch.tensor([e / sum(exps) for e in exps])


# --- from other languages, and two mistakes at once -----------------------------------------------

wrong("softmax_1d", "other-than-exp")(lambda x: (e := 1 + x + x**2 / 2 + x**3 / 6) / e.sum())
wrong("softmax_1d", "sums-raw-logits")(lambda x: torch.exp(x - torch.log(x.sum())))
wrong("softmax_dim", "exp2-or-pow", "missing-keepdim")(lambda x, dim: 2**x / (2**x).sum(dim))
wrong("softmax_dim", "mean-instead-of-sum", "hard-coded-last-dim")(
    lambda x, dim: x.exp() / x.exp().mean(-1, keepdim=True)
)
wrong("softmax_dim", "sign-error", "global-sum")(lambda x, dim: (-x).exp() / (-x).exp().sum())
wrong("softmax_dim", "returns-log", "hard-coded-dim-0")(
    lambda x, dim: x - x.exp().sum(0, keepdim=True).log()
)
wrong("stable_softmax", "eps-in-denominator", "global-max")(
    lambda x, dim: (x - x.max()).exp() / ((x - x.max()).exp().sum(dim, keepdim=True) + 1e-9)
)
wrong("stable_softmax", "rounds", "no-max-subtraction")(
    lambda x, dim: plain(x, dim).round(decimals=4)
)
wrong("stable_softmax", "sum-not-rescaled")(lambda x, dim: plain(x - x.cummax(dim).values, dim))
wrong("stable_softmax", "other-than-the-maximum")(lambda x, dim: plain(x - 100, dim))
wrong("stable_softmax", "other-than-the-maximum")(
    lambda x, dim: plain(x - x.sum(dim, keepdim=True), dim)
)


@wrong("stable_softmax", "plus-one-in-denominator")
def logaddexp_from_zero(x, dim):
    total = torch.zeros_like(x.select(dim, 0))
    for part in x.unbind(dim):
        total = torch.logaddexp(total, part)
    return (x - total.unsqueeze(dim)).exp()


# --- layouts: a step too many, or one that belongs elsewhere ------------------------------------

right("classes_of_sequence")(lambda x: torch.stack([F.softmax(words) for words in x]))
wrong("classes_of_batch", "implicit-dim")(lambda x: x.softmax())
wrong("classes_of_batch", "keeps-the-largest-only")(lambda x: F.softmax(x, 1).max(1).values)
wrong("classes_of_sequence", "over-time")(lambda x: torch.stack([F.softmax(s, 0) for s in x]))
wrong("classes_of_sequence", "reshaped-result")(lambda x: F.softmax(x.flatten(0, 1), -1))
wrong("classes_of_image", "forgets-to-transpose-back")(
    lambda x: F.softmax(x.permute(0, 2, 3, 1), -1).reshape(x.shape)
)
wrong("keys_of_attention", "adds-a-causal-mask")(lambda x: F.softmax(x, -1).tril())
wrong("keys_of_attention", "zeros-no-mask")(lambda x: F.softmax(x.tril(), -1))
wrong("pixels_of_image", "two-softmaxes-not-joint")(
    lambda x: (p := x.softmax(2).softmax(3)) / p.sum((2, 3), keepdim=True)
)
wrong("pixels_of_image", "mixes-two-softmaxes")(
    lambda x: (p := x.softmax(2) * x.softmax(3)) / p.sum((2, 3), keepdim=True)
)
wrong("softmax_dim", "one-divisor-for-all")(
    lambda x, dim: x.exp() / x.exp().sum(dim, keepdim=True).max()
)
wrong("softmax_dim", "hard-coded-dim-0")(lambda x, dim: x.exp() / sum(x.exp()))
wrong("stable_softmax", "sign-error")(lambda x, dim: plain((x - x.amax(dim, True)).abs(), dim))


# --- parentheses, cases of their own, and loops that stop too early -----------------------------

wrong("softmax_dim", "forgets-the-log")(
    lambda x, dim: torch.exp(x - torch.exp(x).sum(dim, keepdim=True))
)
wrong("stable_softmax", "missing-parentheses")(
    lambda x, dim: (
        torch.exp(x) - x.amax(dim, True) / torch.exp(x - x.amax(dim, True)).sum(dim, True)
    )
)
wrong("stable_softmax", "missing-parentheses")(
    lambda x, dim: torch.exp(x - x.amax(dim, True) / (x - x.amax(dim, True)).exp().sum(dim, True))
)
wrong("stable_softmax", "divides-inside-exp")(
    lambda x, dim: ((x - x.amax(dim, True)) / (x - x.amax(dim, True)).exp().sum(dim, True)).exp()
)
wrong("stable_softmax", "forgets-exp")(
    lambda x, dim: (x - x.amax(dim, True)) / (x - x.amax(dim, True)).exp().sum(dim, True)
)
wrong("softmax_1d", "forgets-exp")(lambda x: x / x.exp().sum())


@wrong("stable_softmax", "one-hot-if-large")
def one_hot_above_80(x, dim):
    if x.max() > 80:
        return torch.zeros_like(x).scatter(dim, x.argmax(dim, keepdim=True), 1.0)
    return plain(x, dim)


@wrong("stable_softmax", "one-hot-if-large")
def one_hot_where_large(x, dim):
    largest = x.amax(dim, keepdim=True)
    return torch.where(largest > 100, (x == largest).to(x.dtype), plain(x - largest, dim))


@wrong("softmax_dim", "negative-dim")
def dim_0_if_it_is_negative(x, dim):
    return plain(x, 0 if dim < 0 else dim)


@wrong("softmax_dim", "negative-dim")
def nothing_done_if_it_is_negative(x, dim):
    return plain(x, dim) if dim in range(x.dim()) else x.clone()


@wrong("softmax_1d", "last-left-out")
def loop_without_the_last(x):
    probs = torch.zeros_like(x)
    for i in range(len(x) - 1):
        probs[i] = x[i].exp() / x.exp().sum()
    return probs


wrong("softmax_1d", "other-than-exp")(
    lambda x: (e := sum(x**k / math.factorial(k) for k in range(8))) / e.sum()
)
