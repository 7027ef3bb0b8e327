"""Answers for the exercises of lessons 07 to 14, right and wrong."""

import functools
import itertools

import numpy as np
import torch
import torch.nn.functional as F
from bank import amax, plain, right, wrong

INF = float("inf")


def scipy_like(x):
    exps = np.exp(x - x.max(-1, keepdims=True))
    return exps / exps.sum(-1, keepdims=True)


# --- lesson 08: softmax_backward ---


@right("softmax_backward")
def back_plain(probs, grad, dim):
    return probs * (grad - (probs * grad).sum(dim, keepdim=True))


@right("softmax_backward")
def back_multiplied_out(probs, grad, dim):
    return probs * grad - probs * (probs * grad).sum(dim=dim, keepdim=True)


@right("softmax_backward")
def back_unsqueeze(p, g, dim):
    return p * (g - torch.sum(p * g, dim).unsqueeze(dim))


@right("softmax_backward")
def back_jacobian(probs, grad, dim):
    p, g = probs.movedim(dim, -1), grad.movedim(dim, -1)
    jacobian = torch.diag_embed(p) - p[..., :, None] * p[..., None, :]
    return (jacobian @ g[..., None])[..., 0].movedim(-1, dim)


@right("softmax_backward")
def back_einsum(probs, grad, dim):
    p, g = probs.movedim(dim, -1), grad.movedim(dim, -1)
    return (p * (g - torch.einsum("...i,...i->...", p, g)[..., None])).movedim(-1, dim)


@wrong("softmax_backward", "uses-torch-softmax")
def back_autograd(probs, grad, dim):
    logits = probs.log().requires_grad_()
    with torch.enable_grad():
        return torch.autograd.grad(torch.softmax(logits, dim), logits, grad)[0]


@right("softmax_backward")
def back_loop(probs, grad, dim):
    out = torch.empty_like(probs)
    p, g, o = (x.movedim(dim, -1) for x in (probs, grad, out))
    for i in itertools.product(*(range(n) for n in p.shape[:-1])):
        o[i] = p[i] * (g[i] - p[i] @ g[i])
    return out


@right("softmax_backward")
def back_in_place_on_own(probs, grad, dim):
    out = probs * grad
    return out.sub_(probs * out.sum(dim, keepdim=True))


@right("softmax_backward")
def back_addcmul(probs, grad, dim):
    weighted = probs.mul(grad)
    return torch.addcmul(weighted, probs, weighted.sum(dim, keepdim=True), value=-1)


@right("softmax_backward")
def back_two_lines(p, grad, dim):
    mean = (p * grad).sum(dim=dim, keepdim=True)
    return p * grad - p * mean


right("softmax_backward")(lambda p, g, d: p * (g - (g * p).sum(d, True)))
right("softmax_backward")(lambda p, g, d: -p * ((p * g).sum(d, keepdim=True) - g))
right("softmax_backward")(
    lambda p, g, d: p * (g - (p.double() * g.double()).sum(d, True)).to(p.dtype)
)
right("softmax_backward")(lambda *args: back_plain(*args))
right("softmax_backward")(functools.partial(back_plain))

wrong("softmax_backward", "diagonal-jacobian")(lambda p, g, d: p * (1 - p) * g)
wrong("softmax_backward", "diagonal-jacobian")(lambda p, g, d: g * (p - p**2))
wrong("softmax_backward", "diagonal-jacobian")(lambda p, g, d: p * (1 - p))
wrong("softmax_backward", "forgets-the-others")(lambda p, g, d: p * g)
wrong("softmax_backward", "forgets-the-others")(lambda p, g, d: g * 1)
wrong("softmax_backward", "forgets-the-factor")(lambda p, g, d: g - (p * g).sum(d, True))
wrong("softmax_backward", "forgets-the-factor")(lambda p, g, d: p * g - (p * g).sum(d, True))
wrong("softmax_backward", "sums-grad-alone")(lambda p, g, d: p * (g - g.sum(d, True)))
wrong("softmax_backward", "sums-grad-alone")(lambda p, g, d: p * (g - g.mean(d, True)))
wrong("softmax_backward", "mean-instead-of-sum")(lambda p, g, d: p * (g - (p * g).mean(d, True)))
wrong("softmax_backward", "sign-error")(lambda p, g, d: p * ((p * g).sum(d, True) - g))
wrong("softmax_backward", "sign-error")(lambda p, g, d: p * (g + (p * g).sum(d, True)))
wrong("softmax_backward", "divides-by-batch")(lambda p, g, d: back_plain(p, g, d) / len(p))
wrong("softmax_backward", "divides-by-batch")(lambda p, g, d: back_plain(p, g, d) / p.size(-1))
wrong("softmax_backward", "p-minus-y")(lambda p, g, d: p - g)
wrong("softmax_backward", "takes-softmax-again")(lambda p, g, d: back_plain(p.softmax(d), g, d))
wrong("softmax_backward", "hard-coded-last-dim")(lambda p, g, d: back_plain(p, g, -1))
wrong("softmax_backward", "hard-coded-dim-0")(lambda p, g, d: back_plain(p, g, 0))
wrong("softmax_backward", "hard-coded-dim-1")(lambda p, g, d: back_plain(p, g, 1))
wrong("softmax_backward", "global-sum")(lambda p, g, d: p * (g - (p * g).sum()))
wrong("softmax_backward", "sum-over-wrong-dim")(lambda p, g, d: back_plain(p, g, (d + 1) % p.dim()))
wrong("softmax_backward", "missing-keepdim")(lambda p, g, d: p * (g - (p * g).sum(d)))
wrong("softmax_backward", "mutates-input")(lambda p, g, d: p * g.sub_((p * g).sum(d, True)))
wrong("softmax_backward", "mutates-input")(lambda p, g, d: p.mul_(g - (p * g).sum(d, True)))
wrong("softmax_backward", "returns-none")(lambda p, g, d: print(back_plain(p, g, d)))
wrong("softmax_backward", "returns-list")(lambda p, g, d: back_plain(p, g, d).tolist())
wrong("softmax_backward", "upcasts-and-changes-dtype")(
    lambda p, g, d: back_plain(p.double(), g.double(), d)
)
wrong("softmax_backward", "returns-wrong-shape")(lambda p, g, d: back_plain(p, g, d).sum(d))
wrong("softmax_backward", "wrong-signature")(lambda p, g: p * g)


# --- lessons 09 and 10: softmax_with_temperature, top_k_softmax ---


@right("softmax_with_temperature")
def warm(logits, temperature):
    return torch.softmax(logits / temperature, dim=-1)


@right("softmax_with_temperature")
def warm_functional(logits, temperature):
    return F.softmax(logits.div(temperature), -1)


@right("softmax_with_temperature")
def warm_by_hand(logits, temperature):
    return amax(logits / temperature, -1)


@right("softmax_with_temperature")
def warm_shift_first(logits, temperature):
    exps = ((logits - logits.amax(-1, keepdim=True)) / temperature).exp()
    return exps / exps.sum(-1, keepdim=True)


@right("softmax_with_temperature")
def warm_power(logits, temperature):
    """The exps to the power of 1 / temperature."""
    exps = (logits - logits.amax(-1, keepdim=True)).div(temperature).exp()
    return F.normalize(exps, p=1, dim=-1)


@right("softmax_with_temperature")
def warm_log_probs(logits, temperature):
    return torch.softmax(torch.log_softmax(logits, -1) / temperature, -1)


@right("softmax_with_temperature")
def warm_times_inverse(logits, temperature):
    return (logits * (1 / temperature)).softmax(-1)


@right("softmax_with_temperature")
def warm_rows(logits, temperature):
    if logits.dim() == 1:
        return torch.softmax(logits / temperature, 0)
    return torch.stack([warm_rows(row, temperature) for row in logits])


@right("softmax_with_temperature")
def warm_log_softmax(logits, temperature):
    return torch.log_softmax(logits / temperature, -1).exp()


@right("softmax_with_temperature")
def warm_module(logits, temperature):
    return torch.nn.Softmax(dim=-1)(logits / torch.tensor(temperature, dtype=logits.dtype))


@right("softmax_with_temperature")
def warm_logsumexp(logits, temperature):
    z = logits / temperature
    return (z - z.logsumexp(-1, keepdim=True)).exp()


@right("softmax_with_temperature")
def warm_default(logits, temperature=1.0):
    return warm(logits, temperature)


@right("softmax_with_temperature")
def warm_out_of_place(logits, temperature):
    z = logits.clone()
    z = z / temperature
    return z.softmax(dim=z.dim() - 1)


right("softmax_with_temperature")(lambda z, t: (z / t).softmax(-1))
right("softmax_with_temperature")(lambda z, t: torch.softmax(z.double() / t, -1).to(z.dtype))
right("softmax_with_temperature")(lambda z, t: -F.softmin(-z / t, -1) + 2 * F.softmin(-z / t, -1))

wrong("softmax_with_temperature", "ignores-temperature")(lambda z, t: z.softmax(-1))
wrong("softmax_with_temperature", "temperature-after-softmax")(lambda z, t: z.softmax(-1) / t)
wrong("softmax_with_temperature", "temperature-on-probs")(
    lambda z, t: torch.softmax(z.softmax(-1) / t, -1)
)
wrong("softmax_with_temperature", "temperature-twice")(lambda z, t: (z / t / t).softmax(-1))
wrong("softmax_with_temperature", "inverse-temperature")(lambda z, t: (z * t).softmax(-1))
wrong("softmax_with_temperature", "ignores-temperature")(lambda z, t: (z - t).softmax(-1))
wrong("softmax_with_temperature", "ignores-temperature")(lambda z, t: (z + t).softmax(-1))
wrong("softmax_with_temperature", "power-of-temperature")(lambda z, t: z.softmax(-1) ** (1 / t))
wrong("softmax_with_temperature", "power-of-temperature")(lambda z, t: z.softmax(-1) ** t)
wrong("softmax_with_temperature", "temperature-on-one-side")(
    lambda z, t: (z / t).exp() / z.exp().sum(-1, True)
)


@wrong("softmax_with_temperature", "power-of-probs")
def warm_power_normalised(z, t):
    powers = z.softmax(-1) ** (1 / t)
    return powers / powers.sum(-1, keepdim=True)


@wrong("softmax_with_temperature", "maximum-before-temperature")
def warm_shifted_by_the_cold_maximum(z, t):
    exps = (z / t - z.amax(-1, keepdim=True)).exp()
    return exps / exps.sum(-1, keepdim=True)


wrong("softmax_with_temperature", "sum-over-wrong-dim")(lambda z, t: (z / t).softmax(1))
wrong("softmax_with_temperature", "returns-log")(lambda z, t: (z / t).log_softmax(-1))
wrong("softmax_with_temperature", "returns-scores")(lambda z, t: z / t)
wrong("softmax_with_temperature", "sum-over-wrong-dim")(lambda z, t: (z / t).softmax(0))
wrong("softmax_with_temperature", "sum-over-wrong-dim")(
    lambda z, t: (z / t).flatten().softmax(0).reshape(z.shape)
)
wrong("softmax_with_temperature", "no-max-subtraction")(lambda z, t: plain(z / t, -1))
wrong("softmax_with_temperature", "returns-none")(lambda z, t: print(warm(z, t)))
wrong("softmax_with_temperature", "returns-list")(lambda z, t: warm(z, t).tolist())
wrong("softmax_with_temperature", "mutates-input")(lambda z, t: z.div_(t).softmax(-1))
right("softmax_with_temperature")(lambda z, t: warm(z.detach(), t))  # sampling learns nothing
right("softmax_with_temperature")(
    lambda z, t: torch.from_numpy(scipy_like(z.double().numpy() / t)).to(z.dtype)
)
wrong("softmax_with_temperature", "upcasts-and-changes-dtype")(lambda z, t: warm(z.double(), t))
wrong("softmax_with_temperature", "reshaped-result")(lambda z, t: warm(z, t)[None])
wrong("softmax_with_temperature", "wrong-signature")(lambda z: z.softmax(-1))
wrong("softmax_with_temperature", "name-error")(lambda z, t: warm(z, heat))  # noqa: F821
wrong("softmax_with_temperature", "one-minus-softmax")(lambda z, t: 1 - warm(z, t))
wrong("softmax_with_temperature", "random-results")(lambda z, t: torch.rand_like(z))
wrong("softmax_with_temperature", "ignores-the-logits")(
    lambda z, t: torch.zeros_like(z) + 1 / z.shape[-1]
)


@right("top_k_softmax")
def top_masked(logits, k):
    values, _ = logits.topk(k, dim=-1)
    return torch.softmax(logits.masked_fill(logits < values[:, -1:], -INF), dim=-1)


@right("top_k_softmax")
def top_scatter(logits, k):
    values, places = logits.topk(k)
    return torch.zeros_like(logits).scatter(1, places, values.softmax(-1))


@right("top_k_softmax")
def top_renormalised(logits, k):
    probs = logits.softmax(-1)
    kept = torch.zeros_like(probs).scatter(-1, logits.topk(k).indices, 1.0)
    return probs * kept / (probs * kept).sum(-1, keepdim=True)


@right("top_k_softmax")
def top_sorted(logits, k):
    border = logits.sort(dim=-1, descending=True).values[:, k - 1 : k]
    return torch.where(logits >= border, logits, -INF).softmax(-1)


@right("top_k_softmax")
def top_kthvalue(logits, k):
    border = logits.kthvalue(logits.shape[1] - k + 1, dim=1, keepdim=True).values
    return logits.where(logits >= border, torch.tensor(-INF, dtype=logits.dtype)).softmax(1)


@right("top_k_softmax")
def top_rank(logits, k):
    rank = logits.argsort(dim=-1, descending=True).argsort(dim=-1)
    return logits.masked_fill(rank >= k, -INF).softmax(-1)


@right("top_k_softmax")
def top_loop(logits, k):
    rows = []
    for row in logits:
        keep = row >= row.topk(k).values.min()
        rows.append(row.masked_fill(~keep, -INF).softmax(0))
    return torch.stack(rows)


@right("top_k_softmax")
def top_by_hand(logits, k):
    keep = logits >= logits.topk(k).values[..., -1, None]
    exps = (logits - logits.amax(-1, keepdim=True)).exp() * keep
    return exps / exps.sum(-1, keepdim=True)


@right("top_k_softmax")
def top_added(logits, k):
    bias = torch.full_like(logits, -INF).scatter(-1, logits.topk(k).indices, 0.0)
    return (logits + bias).softmax(-1)


@right("top_k_softmax")
def top_counted(logits, k):
    larger = (logits[:, None, :] > logits[:, :, None]).sum(-1)
    return logits.masked_fill(larger >= k, -INF).softmax(-1)


@right("top_k_softmax")
def top_copied(logits, k):
    z = logits.clone()
    z[logits < logits.topk(k).values[:, -1:]] = -INF
    return F.softmax(z, dim=1)


@right("top_k_softmax")
def top_full(logits, k):
    z = torch.full_like(logits, -INF)
    values, places = torch.topk(logits, k, dim=1)
    return z.scatter(1, places, values).softmax(dim=1)


right("top_k_softmax")(lambda z, k: top_masked(z, k))
right("top_k_softmax")(lambda logits, k=2: top_scatter(logits, k))
right("top_k_softmax")(lambda z, k: top_sorted(z.double(), k).to(z.dtype))
right("top_k_softmax")(functools.partial(top_full))

wrong("top_k_softmax", "ignores-k")(lambda z, k: z.softmax(-1))
wrong("top_k_softmax", "zeroed-logits")(
    lambda z, k: (z * (z >= z.topk(k).values[:, -1:])).softmax(-1)
)
wrong("top_k_softmax", "zeroed-logits")(
    lambda z, k: z.masked_fill(z < z.topk(k).values[:, -1:], 0).softmax(-1)
)
wrong("top_k_softmax", "forgets-renormalise")(
    lambda z, k: z.softmax(-1) * (z >= z.topk(k).values[:, -1:])
)
wrong("top_k_softmax", "forgets-renormalise")(
    lambda z, k: torch.zeros_like(z).scatter(1, z.topk(k).indices, z.softmax(-1).topk(k).values)
)
wrong("top_k_softmax", "one-too-many")(
    lambda z, k: z.masked_fill(z <= z.topk(k).values[:, -1:], -INF).softmax(-1)
)
wrong("top_k_softmax", "one-too-many")(lambda z, k: top_masked(z, min(k + 1, z.shape[1])))
wrong("top_k_softmax", "keeps-smallest")(
    lambda z, k: z.masked_fill(z > z.topk(k, largest=False).values[:, -1:], -INF).softmax(-1)
)
wrong("top_k_softmax", "mask-inverted")(
    lambda z, k: z.masked_fill(z >= z.topk(k).values[:, -1:], -INF).softmax(-1)
)
wrong("top_k_softmax", "first-k")(
    lambda z, k: torch.cat([z[:, :k].softmax(-1), torch.zeros_like(z[:, k:])], 1)
)
wrong("top_k_softmax", "top-k-of-all")(
    lambda z, k: z.masked_fill(z < z.flatten().topk(k).values.min(), -INF).softmax(-1)
)
wrong("top_k_softmax", "top-k-of-all")(
    lambda z, k: z.masked_fill(z < z[0].topk(k).values.min(), -INF).softmax(-1)
)
wrong("top_k_softmax", "finite-sentinel")(
    lambda z, k: z.masked_fill(z < z.topk(k).values[:, -1:], -100.0).softmax(-1)
)
wrong("top_k_softmax", "finite-sentinel")(
    lambda z, k: torch.full_like(z, -1e20).scatter(1, *z.topk(k)[::-1]).softmax(-1)
)
wrong("top_k_softmax", "finite-sentinel")(
    lambda z, k: torch.full_like(z, -10.0).scatter(1, *z.topk(k)[::-1]).softmax(-1)
)
wrong("top_k_softmax", "zeroed-logits")(
    lambda z, k: (z * (z >= z.topk(k).values[:, -1:])).softmax(-1) * (top_masked(z, k) > 0)
)
wrong("top_k_softmax", "one-too-many")(
    lambda z, k: z.masked_fill(z <= z.topk(k).values[:, -1:], -INF).softmax(1).nan_to_num(0.0)
)
wrong("top_k_softmax", "top-k-of-all")(
    lambda z, k: z.masked_fill(z < z.flatten().topk(k).values[-1], -INF).softmax(1).nan_to_num()
)


def _scattered(z, k, share):
    values, places = z.topk(k)
    return torch.zeros_like(z).scatter(1, places, share(values))


wrong("top_k_softmax", "sum-over-wrong-dim")(lambda z, k: _scattered(z, k, lambda v: v.softmax(0)))
wrong("top_k_softmax", "no-max-subtraction")(
    lambda z, k: _scattered(z, k, lambda v: v.exp() / v.exp().sum(1, keepdim=True))
)
wrong("top_k_softmax", "global-sum")(
    lambda z, k: _scattered(z, k, lambda v: (v - v[:, :1]).exp() / (v - v[:, :1]).exp().sum())
)
wrong("top_k_softmax", "returns-only-k")(lambda z, k: z.topk(k).values.softmax(-1))
wrong("top_k_softmax", "sum-over-wrong-dim")(
    lambda z, k: z.masked_fill(z < z.topk(k).values[:, -1:], -INF).softmax(0)
)
wrong("top_k_softmax", "no-max-subtraction")(
    lambda z, k: plain(z.masked_fill(z < z.topk(k).values[:, -1:], -INF), -1)
)
wrong("top_k_softmax", "returns-none")(lambda z, k: print(top_masked(z, k)))
wrong("top_k_softmax", "returns-list")(lambda z, k: z.topk(k))
wrong("top_k_softmax", "returns-list")(lambda z, k: top_masked(z, k).tolist())


@wrong("top_k_softmax", "mutates-input")
def top_in_place(logits, k):
    logits[logits < logits.topk(k).values[:, -1:]] = -INF
    return logits.softmax(-1)


right("top_k_softmax")(lambda z, k: top_masked(z.detach(), k))
wrong("top_k_softmax", "upcasts-and-changes-dtype")(lambda z, k: top_masked(z.double(), k))
wrong("top_k_softmax", "returns-wrong-shape")(lambda z, k: top_masked(z, k).T.contiguous()[:1])
wrong("top_k_softmax", "wrong-signature")(lambda z: z.softmax(-1))
wrong("top_k_softmax", "name-error")(lambda z, k: top_maskd(z, k))  # noqa: F821
wrong("top_k_softmax", "equal-shares", "upcasts-and-changes-dtype")(
    lambda z, k: (z >= z.topk(k).values[:, -1:]) / k
)
wrong("top_k_softmax", "right-numbers-wrong-places")(lambda z, k: top_masked(z, k).flip(1))


# --- lesson 12: masked_softmax ---


def _clean(probs, mask):
    return probs.masked_fill(~mask.any(-1, keepdim=True), 0)


@right("masked_softmax")
def mask_fill(scores, mask):
    return _clean(scores.masked_fill(~mask, -INF).softmax(-1), mask)


@right("masked_softmax")
def mask_where(scores, mask):
    hidden = torch.where(mask, scores, torch.tensor(-INF, dtype=scores.dtype))
    return torch.where(mask.any(-1, keepdim=True), hidden.softmax(-1), 0.0)


@right("masked_softmax")
def mask_nan_to_num(scores, mask):
    return torch.nan_to_num(torch.softmax(scores.masked_fill(~mask, -INF), dim=-1))


@right("masked_softmax")
def mask_lowest_then_zero(scores, mask):
    lowest = torch.finfo(scores.dtype).min
    return scores.masked_fill(~mask, lowest).softmax(-1) * mask


@right("masked_softmax")
def mask_by_hand(scores, mask):
    shown = scores.masked_fill(~mask, -INF)
    largest = shown.amax(-1, keepdim=True)
    exps = (shown - largest.masked_fill(largest == -INF, 0)).exp()
    return exps / exps.sum(-1, keepdim=True).clamp(min=1)


@right("masked_softmax")
def mask_by_hand_where(scores, mask):
    shown = scores.masked_fill(~mask, -INF)
    largest = shown.detach().amax(-1, keepdim=True)
    exps = torch.exp(shown - torch.where(largest == -INF, 0.0, largest))
    total = exps.sum(-1, keepdim=True)
    return exps / torch.where(total == 0, 1.0, total)


@right("masked_softmax")
def mask_empty_rows_kept(scores, mask):
    """Let an empty row see everything, then take it away."""
    seen = mask | ~mask.any(-1, keepdim=True)
    return scores.masked_fill(~seen, -INF).softmax(-1) * mask


@right("masked_softmax")
def mask_added_with_care(scores, mask):
    some = mask.any(-1, keepdim=True)
    bias = torch.zeros_like(scores).masked_fill(~(mask | ~some), -INF)
    return (scores + bias).softmax(-1).masked_fill(~some, 0)


@right("masked_softmax")
def mask_copied(scores, mask):
    hidden = scores.clone()
    hidden[~mask.expand_as(scores)] = -INF
    return _clean(hidden.softmax(-1), mask)


@right("masked_softmax")
def mask_rows(scores, mask):
    mask = mask.expand_as(scores)
    rows = []
    for x, keep in zip(
        scores.reshape(-1, scores.shape[-1]), mask.reshape(-1, scores.shape[-1]), strict=True
    ):
        rows.append(torch.zeros_like(x).masked_scatter(keep, x[keep].softmax(0)))
    return torch.stack(rows).reshape(scores.shape)


@right("masked_softmax")
def mask_logical(scores, mask):
    hidden = scores.masked_fill(torch.logical_not(mask), -INF)
    probs = F.softmax(hidden, dim=scores.dim() - 1)
    return probs.masked_fill(torch.isnan(probs), 0.0)


@right("masked_softmax")
def mask_log(scores, mask):
    hidden = scores.masked_fill(~mask, -INF)
    return _clean(hidden.log_softmax(-1).exp(), mask)


right("masked_softmax")(lambda s, m: mask_fill(s, m).masked_fill(~m, 0))
right("masked_softmax")(lambda s, m: mask_fill(s, m == True))  # noqa: E712
right("masked_softmax")(lambda s, m: _clean(s.where(m, s.new_tensor(-INF)).softmax(-1), m))
right("masked_softmax")(functools.partial(mask_fill))


@right("masked_softmax")
def mask_log_sum(s, m):
    hidden = s.masked_fill(~m, -INF).double()
    total = hidden.logsumexp(-1, keepdim=True)
    return (hidden - total.masked_fill(total.isinf(), 0)).exp().to(s.dtype)


@right("masked_softmax")
def mask_each_row(s, m):
    width = s.shape[-1]
    rows = zip(s.reshape(-1, width), m.expand_as(s).reshape(-1, width), strict=True)
    shares = [x * 0 if not k.any() else (0 * x).masked_scatter(k, x[k].softmax(0)) for x, k in rows]
    return torch.stack(shares).reshape(s.shape)


right("masked_softmax")(
    lambda s, m: s.masked_fill(~(m | ~m.any(-1, keepdim=True)), -INF).softmax(-1) * m
)

MIN = torch.finfo(torch.float32).min
wrong("masked_softmax", "nan-empty-row")(lambda s, m: s.masked_fill(~m, -INF).softmax(-1))
wrong("masked_softmax", "nan-empty-row", "no-max-subtraction")(
    lambda s, m: s.exp() * m / (s.exp() * m).sum(-1, keepdim=True)
)
wrong("masked_softmax", "uniform-empty-row")(
    lambda s, m: s.masked_fill(~m, torch.finfo(s.dtype).min).softmax(-1)
)
wrong("masked_softmax", "fp16-overflowing-sentinel")(
    lambda s, m: s.masked_fill(~m, -1e9).softmax(-1)
)
wrong("masked_softmax", "fp16-overflowing-sentinel")(
    lambda s, m: s.masked_fill(~m, MIN).softmax(-1)
)
wrong("masked_softmax", "uniform-empty-row")(lambda s, m: s.masked_fill(~m, -1e4).softmax(-1))
wrong("masked_softmax", "finite-sentinel", "upcasts-and-changes-dtype")(
    lambda s, m: (s + (~m) * -1e4).softmax(-1)
)
wrong("masked_softmax", "finite-sentinel")(
    lambda s, m: _clean(s.masked_fill(~m, -1e4).softmax(-1), m)
)
wrong("masked_softmax", "finite-sentinel", "upcasts-and-changes-dtype")(
    lambda s, m: _clean((s - 1e4 * ~m).softmax(-1), m)
)
wrong("masked_softmax", "polarity-inverted")(lambda s, m: mask_fill(s, ~m))
wrong("masked_softmax", "polarity-inverted")(
    lambda s, m: _clean(s.masked_fill(m, -INF).softmax(-1), ~m)
)
wrong("masked_softmax", "polarity-inverted", "nan-empty-row")(
    lambda s, m: s.masked_fill(m, -INF).softmax(-1)
)
wrong("masked_softmax", "zeroed-logits")(lambda s, m: (s * m).softmax(-1))
wrong("masked_softmax", "zeroed-logits")(lambda s, m: _clean(s.masked_fill(~m, 0).softmax(-1), m))
wrong("masked_softmax", "adds-mask")(lambda s, m: (s + m).softmax(-1))
wrong("masked_softmax", "adds-mask")(lambda s, m: _clean((s + m.to(s.dtype)).softmax(-1), m))
wrong("masked_softmax", "masked-after-softmax")(lambda s, m: s.softmax(-1) * m)
wrong("masked_softmax", "masked-after-softmax")(lambda s, m: s.softmax(-1).masked_fill(~m, 0))


@wrong("masked_softmax", "masked-after-softmax")
def mask_after_and_shared(scores, mask):
    left = scores.softmax(-1) * mask
    return left / left.sum(-1, keepdim=True)


wrong("masked_softmax", "masked-after-softmax")(
    lambda s, m: mask_after_and_shared(s, m).nan_to_num()
)


@wrong("masked_softmax", "masked-after-softmax")
def mask_after_and_share(s, m):
    left = s.softmax(-1) * m
    total = left.sum(-1, keepdim=True)
    return left / torch.where(total == 0, torch.ones_like(total), total)


def _masked_exps(s, m, largest):
    exps = (s - largest.detach()).exp() * m
    total = exps.sum(-1, keepdim=True)
    return exps / total.masked_fill(total == 0, 1)


wrong("masked_softmax", "masked-after-softmax")(
    lambda s, m: _masked_exps(s, m, s.amax(-1, keepdim=True))
)
wrong("masked_softmax", "global-max")(lambda s, m: _masked_exps(s, m, s.max()))
wrong("masked_softmax", "zeroed-logits")(lambda s, m: (s * m).softmax(-1) * m)
wrong("masked_softmax", "finite-sentinel")(lambda s, m: s.masked_fill(~m, -1e4).softmax(-1) * m)


@wrong("masked_softmax", "finite-sentinel")
def mask_added_in_float64(s, m):
    low = s.double() + (~m).double() * -1e9
    return (low.softmax(-1) * m).to(s.dtype)


wrong("masked_softmax", "ignores-mask")(lambda s, m: s.softmax(-1))


@wrong("masked_softmax", "ignores-mask")
def mask_result_unused(scores, mask):
    scores.masked_fill(~mask, -INF)
    return scores.softmax(-1)


wrong("masked_softmax", "sum-over-wrong-dim")(
    lambda s, m: s.masked_fill(~m, -INF).softmax(-2).masked_fill(~m.any(-1, keepdim=True), 0)
)
wrong("masked_softmax", "no-max-subtraction")(
    lambda s, m: _clean(plain(s.masked_fill(~m, -INF), -1), m)
)
wrong("masked_softmax", "nan-gradient")(
    lambda s, m: (s + torch.zeros_like(s).masked_fill(~m, -INF)).softmax(-1).nan_to_num()
)
wrong("masked_softmax", "nan-gradient")(
    lambda s, m: _clean((s + m.to(s.dtype).log()).softmax(-1), m)
)


@wrong("masked_softmax", "mutates-input")
def mask_in_place(scores, mask):
    return _clean(scores.masked_fill_(~mask, -INF).softmax(-1), mask)


@wrong("masked_softmax", "mutates-input")
def mask_assigned(scores, mask):
    scores[~mask.expand_as(scores)] = -INF
    return scores.softmax(-1).nan_to_num()


@wrong("masked_softmax", "mutates-input")
def mask_turned_in_place(scores, mask):
    mask.logical_not_()
    return scores.masked_fill(mask, -INF).softmax(-1).nan_to_num()


wrong("masked_softmax", "detached-gradient")(lambda s, m: mask_fill(s.detach(), m))
wrong("masked_softmax", "upcasts-and-changes-dtype")(lambda s, m: mask_fill(s.float(), m))
wrong("masked_softmax", "returns-none")(lambda s, m: print(mask_fill(s, m)))
wrong("masked_softmax", "wrong-signature")(lambda s: s.softmax(-1))
wrong("masked_softmax", "returns-wrong-shape")(lambda s, m: mask_fill(s, m)[..., :1])


# --- lesson 13: half_softmax ---


@right("half_softmax")
def half_wide(x, dim):
    return amax(x.float(), dim).to(x.dtype)


@right("half_softmax")
def half_wider(x, dim):
    return amax(x.double(), dim).to(x.dtype)


@right("half_softmax")
def half_type_as(x, dim):
    wide = x.to(torch.float32)
    exps = torch.exp(wide - wide.max(dim, keepdim=True).values)
    return torch.div(exps, torch.sum(exps, dim, keepdim=True)).type_as(x)


@right("half_softmax")
def half_max_first(x, dim):
    """The maximum is one of the logits: taking it rounds nothing."""
    exps = (x.float() - x.amax(dim, keepdim=True).float()).exp()
    return (exps / exps.sum(dim, keepdim=True)).to(x.dtype)


@right("half_softmax")
def half_max_mixed(x, dim):
    exps = (x.float() - x.amax(dim, keepdim=True)).exp()
    return (exps / exps.sum(dim, keepdim=True)).to(x.dtype)


@right("half_softmax")
def half_logsumexp(x, dim):
    wide = x.double()
    return (wide - wide.logsumexp(dim, keepdim=True)).exp().to(x.dtype)


@right("half_softmax")
def half_sum_dtype(x, dim):
    exps = (x.double() - x.double().amax(dim, keepdim=True)).exp()
    return (exps / exps.sum(dim, keepdim=True, dtype=torch.float64)).to(x.dtype)


@right("half_softmax")
def half_reciprocal(x, dim):
    exps = (x.float() - x.float().amax(dim, keepdim=True)).exp()
    return (exps * exps.sum(dim, keepdim=True).reciprocal()).to(x.dtype)


@right("half_softmax")
def half_moved(x, dim):
    wide = x.movedim(dim, -1).float()
    return half_wide(wide, -1).movedim(-1, dim).to(x.dtype)


@right("half_softmax")
def half_only_if_needed(x, dim):
    wide = x.float() if x.dtype in (torch.float16, torch.bfloat16) else x
    return amax(wide, dim).to(x.dtype)


@right("half_softmax")
def half_einsum(x, dim):
    wide = x.float().movedim(dim, -1)
    exps = (wide - wide.amax(-1, keepdim=True)).exp()
    return F.normalize(exps, p=1, dim=-1).movedim(-1, dim).to(x.dtype)


@right("half_softmax")
def half_unsqueezed(x, dim):
    wide = x.float()
    exps = torch.exp(wide - torch.amax(wide, dim).unsqueeze(dim))
    return (exps / exps.sum(dim).unsqueeze(dim)).to(dtype=x.dtype)


right("half_softmax")(lambda x, dim: half_wide(x.clone(), dim))
right("half_softmax")(lambda x, dim: amax(x.to(torch.float64), dim).type(x.dtype))
right("half_softmax")(functools.partial(half_wide))

wrong("half_softmax", "rounds-every-step")(amax)
wrong("half_softmax", "rounds-every-step")(
    lambda x, dim: (
        torch.exp(x - x.max(dim, keepdim=True)[0])
        / torch.exp(x - x.max(dim, keepdim=True)[0]).sum(dim, keepdim=True)
    )
)


@wrong("half_softmax", "subtracts-in-half")
def half_subtracts(x, dim):
    exps = (x - x.amax(dim, keepdim=True)).float().exp()
    return (exps / exps.sum(dim, keepdim=True)).to(x.dtype)


wrong("half_softmax", "subtracts-in-half")(
    lambda x, dim: plain((x - x.amax(dim, True)).double(), dim).to(x.dtype)
)


@wrong("half_softmax", "sums-in-half")
def half_sums(x, dim):
    exps = (x.float() - x.float().amax(dim, keepdim=True)).exp()
    return (exps / exps.sum(dim, keepdim=True).to(x.dtype)).to(x.dtype)


@wrong("half_softmax", "sums-in-half")
def half_exps_rounded(x, dim):
    exps = (x.float() - x.float().amax(dim, keepdim=True)).exp().to(x.dtype)
    return exps / exps.sum(dim, keepdim=True)


@wrong("half_softmax", "sums-in-half")
def half_divides(x, dim):
    exps = (x.float() - x.float().amax(dim, keepdim=True)).exp()
    return exps.to(x.dtype) / exps.sum(dim, keepdim=True).to(x.dtype)


wrong("half_softmax", "casts-down-first")(lambda x, dim: half_wide(x.half(), dim).to(x.dtype))
wrong("half_softmax", "casts-down-first")(lambda x, dim: half_wide(x.bfloat16(), dim).to(x.dtype))
wrong("half_softmax", "casts-down-first")(lambda x, dim: amax(x.half(), dim).to(x.dtype))
wrong("half_softmax", "no-max-subtraction")(lambda x, dim: plain(x.float(), dim).to(x.dtype))
wrong("half_softmax", "rounds-every-step", "no-max-subtraction")(plain)
wrong("half_softmax", "hard-coded-last-dim")(lambda x, dim: half_wide(x, -1))
wrong("half_softmax", "hard-coded-dim-0")(lambda x, dim: half_wide(x, 0))


@wrong("half_softmax", "missing-keepdim")
def half_no_keepdim(x, dim):
    exps = (x.float() - x.float().amax(dim, keepdim=True)).exp()
    return (exps / exps.sum(dim)).to(x.dtype)


wrong("half_softmax", "upcasts-and-changes-dtype")(lambda x, dim: amax(x.float(), dim))
wrong("half_softmax", "upcasts-and-changes-dtype")(lambda x, dim: amax(x.double(), dim))
wrong("half_softmax", "upcasts-and-changes-dtype")(lambda x, dim: half_wide(x, dim).half())
wrong("half_softmax", "uses-torch-softmax")(torch.softmax)
wrong("half_softmax", "uses-torch-softmax")(
    lambda x, dim: F.softmax(x, dim, dtype=torch.float32).to(x.dtype)
)
wrong("half_softmax", "returns-none")(lambda x, dim: print(half_wide(x, dim)))
wrong("half_softmax", "returns-list")(lambda x, dim: half_wide(x, dim).tolist())
wrong("half_softmax", "max-tuple-not-values")(lambda x, dim: x.float() - x.float().max(dim, True))
wrong("half_softmax", "wrong-signature")(lambda x: half_wide(x, -1))
wrong("half_softmax", "name-error")(lambda x, dim: half_wid(x, dim))  # noqa: F821


@wrong("half_softmax", "mutates-input")
def half_in_place(x, dim):
    probs = half_wide(x, dim)
    x.copy_(probs)
    return probs


wrong("half_softmax", "returns-wrong-shape")(lambda x, dim: half_wide(x, dim)[..., :1])
wrong("half_softmax")(lambda x, dim: (1.01 * half_wide(x, dim).float()).to(x.dtype))
wrong("half_softmax")(lambda x, dim: torch.full_like(x, 1 / x.shape[dim]))


# --- lesson 14: merge_states ---


@right("merge_states")
def merge_by_logarithms(a, b):
    largest = torch.maximum(a[0], b[0])
    total = torch.logaddexp(a[0] + a[1].log(), b[0] + b[1].log())
    return torch.stack([largest, (total - largest).exp().nan_to_num(nan=0.0)])


@right("merge_states")
def merge_the_lower_into_the_higher(a, b):
    swap = b[0] > a[0]
    high, low = torch.where(swap, b, a), torch.where(swap, a, b)
    gap = torch.where(low[0] == -INF, low[0], low[0] - high[0])
    return torch.stack([high[0], high[1] + low[1] * gap.exp()])


@right("merge_states")
def merged_plain(a, b):
    m = torch.maximum(a[0], b[0])
    base = torch.where(m == -INF, 0.0, m)
    return torch.stack([m, a[1] * (a[0] - base).exp() + b[1] * (b[0] - base).exp()])


@right("merge_states")
def merged_nan_guard(a, b):
    m = torch.maximum(a[0], b[0])
    s = a[1] * (a[0] - m).exp() + b[1] * (b[0] - m).exp()
    return torch.stack((m, s.masked_fill(m == -INF, 0)))


@right("merge_states")
def merged_unpacked(a, b):
    (ma, sa), (mb, sb) = a, b
    m = torch.where(ma > mb, ma, mb)
    fa = torch.where(ma == m, 1.0, (ma - m).exp()).to(sa.dtype)
    fb = torch.where(mb == m, 1.0, (mb - m).exp()).to(sb.dtype)
    return torch.stack([m, sa * fa + sb * fb])


@right("merge_states")
def merged_cat(a, b):
    both = torch.stack([a, b])
    m = both[:, 0].amax(0)
    base = m.masked_fill(m.isinf(), 0)
    return torch.stack([m, (both[:, 1] * (both[:, 0] - base).exp()).sum(0)])


@right("merge_states")
def merged_difference(a, b):
    """One factor is 1; the other is exp of minus the distance."""
    first = a[0] >= b[0]
    high, low = torch.where(first, a, b), torch.where(first, b, a)
    distance = torch.where(high[0] == low[0], 0.0, high[0] - low[0])
    return torch.stack([high[0], high[1] + low[1] * (-distance).exp()])


@right("merge_states")
def merged_logs(a, b):
    m = torch.maximum(a[0], b[0])
    total = torch.logaddexp(a[0] + a[1].log(), b[0] + b[1].log())
    return torch.stack([m, torch.where(m == -INF, 0.0, (total - m).exp())])


@right("merge_states")
def merged_loop(a, b):
    out = torch.empty_like(a)
    for i in range(a.shape[1]):
        m = max(a[0, i], b[0, i])
        out[0, i] = m
        out[1, i] = (
            0 if m == -INF else a[1, i] * (a[0, i] - m).exp() + b[1, i] * (b[0, i] - m).exp()
        )
    return out


@right("merge_states")
def merged_clamped(a, b):
    m = torch.maximum(a[0], b[0])
    base = m.clamp(min=torch.finfo(m.dtype).min)
    return torch.stack([m, a[1] * (a[0] - base).exp() + b[1] * (b[0] - base).exp()])


@right("merge_states")
def merged_nan_to_num_factors(a, b):
    m = torch.maximum(a[0], b[0])
    fa, fb = ((x[0] - m).nan_to_num(nan=0.0, neginf=-INF).exp() for x in (a, b))
    return torch.stack([m, a[1] * fa + b[1] * fb])


@right("merge_states")
def merged_in_place_on_own(a, b):
    out = torch.empty_like(a)
    out[0] = torch.max(a[0], b[0])
    base = out[0].masked_fill(out[0] == -INF, 0)
    out[1] = a[1] * torch.exp(a[0] - base)
    out[1] += b[1] * torch.exp(b[0] - base)
    return out


@right("merge_states")
def merged_fmax(a, b):
    m = torch.fmax(a[0], b[0])
    base = torch.where(torch.isfinite(m), m, torch.zeros_like(m))
    s = torch.exp(a[0] - base) * a[1] + torch.exp(b[0] - base) * b[1]
    return torch.vstack([m, s])


right("merge_states")(lambda a, b: merged_plain(b, a))
right("merge_states")(lambda a, b: merged_plain(a.double(), b.double()).to(a.dtype))
right("merge_states")(lambda first, second: merged_cat(first, second))
right("merge_states")(functools.partial(merged_plain))


def _merged_with(total):
    def attempt(a, b):
        m = torch.maximum(a[0], b[0])
        return torch.stack([m, total(a, b, m)])

    return attempt


wrong("merge_states", "no-rescale")(_merged_with(lambda a, b, m: a[1] + b[1]))
wrong("merge_states", "rescales-one-only", "nan-empty-state")(
    _merged_with(lambda a, b, m: a[1] * (a[0] - m).exp() + b[1])
)
wrong("merge_states", "rescales-one-only", "nan-empty-state")(
    _merged_with(lambda a, b, m: a[1] + b[1] * (b[0] - m).exp())
)
wrong("merge_states", "rescales-the-wrong-way")(
    _merged_with(lambda a, b, m: a[1] * (m - a[0]).exp() + b[1] * (m - b[0]).exp())
)
wrong("merge_states", "swaps-the-factors", "nan-empty-state")(
    _merged_with(lambda a, b, m: a[1] * (b[0] - m).exp() + b[1] * (a[0] - m).exp())
)
wrong("merge_states", "maximum-of-sums")(torch.maximum)
wrong("merge_states", "maximum-of-sums")(_merged_with(lambda a, b, m: torch.maximum(a[1], b[1])))
wrong("merge_states", "adds-maxima")(lambda a, b: a + b)
wrong("merge_states", "adds-maxima")(lambda a, b: torch.stack([a[0] + b[0], merged_plain(a, b)[1]]))


def _brought_to(largest):
    def attempt(a, b):
        m = largest(a, b)
        return torch.stack([m, a[1] * (a[0] - m).exp() + b[1] * (b[0] - m).exp()])

    return attempt


wrong("merge_states", "nan-empty-state")(_brought_to(lambda a, b: torch.maximum(a[0], b[0])))
wrong("merge_states", "nan-empty-state")(
    lambda a, b: torch.stack(
        [
            torch.max(a[0], b[0]),
            torch.exp(a[0] - torch.max(a[0], b[0])) * a[1]
            + torch.exp(b[0] - torch.max(a[0], b[0])) * b[1],
        ]
    )
)
wrong("merge_states", "keeps-one-maximum", "nan-empty-state")(_brought_to(lambda a, b: a[0]))
wrong("merge_states", "keeps-one-maximum", "nan-empty-state")(_brought_to(lambda a, b: b[0]))
wrong("merge_states", "keeps-one-maximum", "nan-empty-state")(
    _brought_to(lambda a, b: torch.minimum(a[0], b[0]))
)
wrong("merge_states", "one-maximum-for-all-rows")(
    _brought_to(lambda a, b: torch.maximum(a[0].max(), b[0].max()).expand_as(a[0]))
)
wrong("merge_states", "leaves-the-exponent")(
    _merged_with(lambda a, b, m: (a[1] * a[0].exp() + b[1] * b[0].exp()) / m.exp())
)
wrong("merge_states", "replaces-minus-inf")(
    lambda a, b: _brought_to(lambda a, b: torch.maximum(a[0], b[0]))(a, b).nan_to_num()
)
wrong("merge_states", "mutates-input")(lambda a, b: a.copy_(merged_plain(a, b)))


@wrong("merge_states", "mutates-input")
def merged_into_the_second(a, b):
    b[1] = merged_plain(a, b)[1]
    return torch.stack([torch.maximum(a[0], b[0]), b[1]])


wrong("merge_states", "returns-list")(lambda a, b: tuple(merged_plain(a, b)))
wrong("merge_states", "returns-none")(lambda a, b: print(merged_plain(a, b)))
wrong("merge_states", "upcasts-and-changes-dtype")(
    lambda a, b: merged_plain(a.double(), b.double())
)
wrong("merge_states", "returns-wrong-shape")(lambda a, b: merged_plain(a, b)[1])
wrong("merge_states", "wrong-signature")(lambda a: a)
wrong("merge_states", "name-error")(lambda a, b: merged_plane(a, b))  # noqa: F821
wrong("merge_states", "drops-one-piece")(lambda a, b: a)
wrong("merge_states")(lambda a, b: torch.stack([merged_plain(a, b)[0], torch.zeros_like(a[1])]))


def _merged_and_guarded(total):
    def merged(a, b):
        m = torch.maximum(a[0], b[0])
        return torch.stack([m, total(a, b, m.masked_fill(m.isinf(), 0))])

    return merged


wrong("merge_states", "swaps-the-factors")(
    _merged_and_guarded(lambda a, b, m: b[1] * (a[0] - m).exp() + a[1] * (b[0] - m).exp())
)
wrong("merge_states", "rescales-one-only")(
    _merged_and_guarded(lambda a, b, m: a[1] * (a[0] - m).exp() + b[1])
)
wrong("merge_states", "maximum-of-sums")(
    _merged_and_guarded(
        lambda a, b, m: torch.maximum(a[1] * (a[0] - m).exp(), b[1] * (b[0] - m).exp())
    )
)


@wrong("merge_states", "keeps-one-maximum")
def merged_to_the_smaller(a, b):
    m = torch.minimum(a[0], b[0])
    base = m.masked_fill(m.isinf(), 0)
    return torch.stack([m, a[1] * (a[0] - base).exp() + b[1] * (b[0] - base).exp()])


@wrong("merge_states", "replaces-minus-inf")
def merged_and_emptied(a, b):
    m = torch.maximum(a[0], b[0])
    total = a[1] * (a[0] - m).exp() + b[1] * (b[0] - m).exp()
    return torch.stack([m, total]).nan_to_num(nan=0.0, neginf=0.0)


@wrong("merge_states", "guard-asks-all-rows")
def merged_unless_all_rows_are_empty(a, b):
    if (a[1] == 0).all():
        return b.clone()
    if (b[1] == 0).all():
        return a.clone()
    m = torch.maximum(a[0], b[0])
    return torch.stack([m, a[1] * (a[0] - m).exp() + b[1] * (b[0] - m).exp()])


wrong("softmax_backward", "backward-of-log-softmax")(
    lambda p, g, dim: g - p * g.sum(dim, keepdim=True)
)


@wrong("softmax_backward", "forgets-to-transpose-back")
def back_left_transposed(probs, grad, dim):
    p, g = probs.transpose(dim, -1), grad.transpose(dim, -1)
    return p * (g - (p * g).sum(-1, keepdim=True))


wrong("softmax_backward", "forgets-to-transpose-back")(
    lambda p, g, dim: back_plain(p, g, dim).movedim(dim, 0)
)


def _half_exps(x, dim):
    wide = x.float()
    return (wide - wide.amax(dim, keepdim=True)).exp()


@wrong("half_softmax", "global-max")
def half_one_maximum(x, dim):
    exps = (x.float() - x.float().max()).exp()
    return (exps / exps.sum(dim, keepdim=True)).to(x.dtype)


@wrong("half_softmax", "one-format-forgotten")
def half_bfloat16_forgotten(x, dim):
    wide = x.float() if x.dtype == torch.float16 else x
    exps = (wide - wide.amax(dim, keepdim=True)).exp()
    return (exps / exps.sum(dim, keepdim=True)).to(x.dtype)


@wrong("half_softmax", "casts-down-first")
def half_through_float16(x, dim):
    exps = _half_exps(x.half(), dim)
    return (exps / exps.sum(dim, keepdim=True)).to(x.dtype)


# --- a softmax inside another exercise ----------------------------------------------------------

wrong("softmax_with_temperature", "returns-exp-unnormalised")(
    lambda z, t: ((z - z.amax(-1, keepdim=True)) / t).exp()
)


@wrong("softmax_with_temperature", "global-sum")
def warm_over_everything(z, t):
    exps = ((z - z.amax(-1, keepdim=True)) / t).exp()
    return exps / exps.sum()


wrong("softmax_with_temperature", "sign-error")(lambda z, t: (-z / t).softmax(-1))


@wrong("softmax_with_temperature", "missing-keepdim")
def warm_without_keepdim(z, t):
    exps = (z / t - (z / t).amax(-1, keepdim=True)).exp()
    return exps / exps.sum(-1)


@wrong("softmax_with_temperature", "argmax-when-cold")
def warm_or_the_best(z, t):
    if t < 0.5:
        return F.one_hot(z.argmax(-1), z.shape[-1]).to(z.dtype)
    return (z / t).softmax(-1)


wrong("top_k_softmax", "returns-exp-unnormalised")(
    lambda z, k: _scattered(z, k, lambda v: (v - v[:, :1]).exp())
)
wrong("top_k_softmax", "softmax-twice")(
    lambda z, k: _scattered(z, k, lambda v: v.softmax(-1).softmax(-1))
)
wrong("half_softmax", "mean-instead-of-sum")(
    lambda x, dim: (_half_exps(x, dim) / _half_exps(x, dim).mean(dim, keepdim=True)).to(x.dtype)
)
wrong("half_softmax", "global-sum")(
    lambda x, dim: (_half_exps(x, dim) / _half_exps(x, dim).sum()).to(x.dtype)
)
wrong("half_softmax", "returns-log")(lambda x, dim: x.float().log_softmax(dim).to(x.dtype))
wrong("half_softmax", "argmax-instead-of-max")(
    lambda x, dim: plain(x.float() - x.argmax(dim, keepdim=True), dim).to(x.dtype)
)


@wrong("masked_softmax", "no-max-subtraction")
def mask_naive(s, m):
    exps = s.masked_fill(~m, -INF).exp()
    total = exps.sum(-1, keepdim=True)
    return exps / total.masked_fill(total == 0, 1)


@wrong("masked_softmax", "nan-gradient")
def mask_after_exp(s, m):
    largest = s.masked_fill(~m, -INF).amax(-1, keepdim=True)
    exps = (s - largest.masked_fill(largest.isinf(), 0)).exp()
    exps = torch.where(m, exps, torch.zeros_like(s))
    total = exps.sum(-1, keepdim=True)
    return exps / torch.where(total > 0, total, torch.ones_like(total))
