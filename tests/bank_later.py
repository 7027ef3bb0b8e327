"""More answers for the exercises of lessons 08 to 10: softmax backward, temperature and top-k."""

import math

import torch
import torch.nn.functional as F
from bank import plain, right, wrong

INF = float("inf")

# --- softmax_backward ---


@right("softmax_backward")
def back_by_hand(probs, grad, dim):
    d = dim % probs.dim()
    out = torch.zeros_like(probs)
    for i in range(probs.shape[d]):
        for j in range(probs.shape[d]):
            p_i, p_j = probs.select(d, i), probs.select(d, j)
            out.select(d, i).add_(grad.select(d, j) * (p_j * (float(i == j) - p_i)))
    return out


@wrong("softmax_backward", "p-minus-y")
def back_own_label(probs, grad, dim):
    return probs - torch.zeros_like(probs).scatter_(dim, probs.argmax(dim, keepdim=True), 1.0)


def _back(p, g, dim):
    return p * (g - (p * g).sum(dim, keepdim=True))


wrong("softmax_backward", "diagonal-jacobian")(lambda p, g, d: p * (1 - p) * g.sum(d, keepdim=True))
wrong("softmax_backward", "diagonal-jacobian")(lambda p, g, d: (1 - p) * g)
wrong("softmax_backward", "changes-the-result")(lambda p, g, d: _back(p, g, d).clamp(-1, 1))
wrong("softmax_backward", "changes-the-result")(lambda p, g, d: F.normalize(_back(p, g, d), dim=d))
wrong("softmax_backward", "divides-by-the-sum")(lambda p, g, d: p * g / (p * g).sum(d, True))
wrong("softmax_backward", "swaps-the-arguments")(lambda p, g, d: _back(g, p, d))
wrong("softmax_backward", "changes-the-probs")(lambda p, g, d: _back(p + 1e-6, g, d))
wrong("softmax_backward", "changes-the-probs")(lambda p, g, d: _back(p.sqrt(), g, d))
wrong("softmax_backward", "another-number-than-the-sum")(
    lambda p, g, d: p * (g - 0.5 * (p * g).sum(d, keepdim=True))
)
wrong("softmax_backward", "computes-in-16-bits")(
    lambda p, g, d: _back(p.half(), g.half(), d).to(p.dtype)
)
wrong("softmax_backward", "sums-grad-alone")(lambda p, g, d: p * (g - g.amax(d, keepdim=True)))
wrong("softmax_backward", "one-factor-too-many", "sums-grad-alone")(
    lambda p, g, d: p * g - p * p * g.sum(d, keepdim=True)
)

wrong("softmax_backward", "sign-error", "missing-keepdim")(lambda p, g, d: p * ((p * g).sum(d) - g))
wrong("softmax_backward", "divides-by-batch", "hard-coded-last-dim")(
    lambda p, g, d: _back(p, g, -1) / p.shape[-1]
)
wrong("softmax_backward", "one-factor-too-many")(lambda p, g, d: g * _back(p, g, d))
wrong("softmax_backward", "one-factor-too-many")(
    lambda p, g, d: p * (g - (p * g).sum(d, keepdim=True)) ** 2
)
wrong("softmax_backward", "takes-softmax-again")(
    lambda p, g, d: p * (g - (g.softmax(d) * g).sum(d, keepdim=True))
)

wrong("softmax_backward", "other-terms")(lambda p, g, d: (1 - p) * (p * g).sum(d, keepdim=True))
wrong("softmax_backward", "other-terms")(lambda p, g, d: _back(p, g, d) + 1e-3 * g)
wrong("softmax_backward", "changes-the-probs")(lambda p, g, d: _back(p.exp(), g, d))
wrong("softmax_backward", "sums-grad-alone", "sign-error")(
    lambda p, g, d: p * g.sum(d, keepdim=True) - p * g
)

wrong("softmax_backward", "divides-by-batch")(lambda p, g, d: _back(p, g, d) / p.shape[d] ** 0.5)
wrong("softmax_backward", "rescales-grad")(lambda p, g, d: _back(p, g.clamp(-1, 1), d))
wrong("softmax_backward", "another-number-than-the-sum")(
    lambda p, g, d: p * (g - g.gather(d, p.argmax(d, keepdim=True)))
)

wrong("softmax_backward", "sums-probs-alone")(lambda p, g, d: p * (g - p.mean(d, keepdim=True)))
wrong("softmax_backward", "another-number-than-the-sum")(
    lambda p, g, d: p * (g - (p * g).abs().sum(d, keepdim=True))
)

# --- softmax_with_temperature ---


@right("softmax_with_temperature")
def warm_logsumexp_of_all(logits, temperature):
    scaled = logits / temperature
    return torch.exp(scaled - torch.logsumexp(scaled, dim=-1, keepdim=True))


@wrong("softmax_with_temperature", "argmax-when-cold")
def warm_or_one_hot(logits, temperature):
    if temperature < 0.1:
        return torch.zeros_like(logits).scatter(-1, logits.argmax(-1, keepdim=True), 1.0)
    return torch.softmax(logits / temperature, dim=-1)


@wrong("softmax_with_temperature", "uniform-when-hot")
def warm_or_even(logits, temperature):
    if temperature > 5:
        return torch.full_like(logits, 1 / logits.shape[-1])
    return torch.softmax(logits / temperature, -1)


@wrong("softmax_with_temperature", "random-results")
def warm_with_noise(logits, temperature):
    return F.gumbel_softmax(logits, tau=temperature, dim=-1)


@wrong("softmax_with_temperature", "outside-0-to-1")  # a law, not a name
def warm_interpolated(logits, temperature):
    return (F.softmax(logits, -1) + (temperature - 1) / logits.shape[-1]) / temperature


wrong("softmax_with_temperature", "clamps-temperature")(lambda z, t: (z / max(t, 0.1)).softmax(-1))
wrong("softmax_with_temperature", "clamps-temperature")(lambda z, t: (z / max(t, 1.0)).softmax(-1))
wrong("softmax_with_temperature", "adds-to-temperature")(lambda z, t: (z / (t + 1e-8)).softmax(-1))
wrong("softmax_with_temperature", "adds-to-temperature")(lambda z, t: (z / (t + 0.1)).softmax(-1))
wrong("softmax_with_temperature", "changes-temperature")(lambda z, t: (z / t**0.5).softmax(-1))
wrong("softmax_with_temperature", "changes-temperature")(
    lambda z, t: (z / math.log(1 + t)).softmax(-1)
)
wrong("softmax_with_temperature", "changes-temperature")(
    lambda z, t: (z / (t * z.shape[-1] ** 0.5)).softmax(-1)
)
wrong("softmax_with_temperature", "rounds")(lambda z, t: (z / int(t)).softmax(-1))
wrong("softmax_with_temperature", "ignores-temperature")(lambda z, t: (2 * z).softmax(-1))
wrong("softmax_with_temperature", "temperature-after-softmax")(lambda z, t: z.softmax(-1) * t)
wrong("softmax_with_temperature", "power-of-temperature")(
    lambda z, t: (z.log_softmax(-1) / t).exp()
)
wrong("softmax_with_temperature", "clamping")(lambda z, t: (z / t).clamp(-50, 50).softmax(-1))
wrong("softmax_with_temperature", "standardises-first")(
    lambda z, t: ((z - z.mean(-1, keepdim=True)) / z.std(-1, keepdim=True) / t).softmax(-1)
)

wrong("softmax_with_temperature", "inverse-temperature", "no-max-subtraction")(
    lambda z, t: (z * t).exp() / (z * t).exp().sum(-1, keepdim=True)
)
wrong("softmax_with_temperature", "temperature-twice", "sum-over-wrong-dim")(
    lambda z, t: (z / t / t).softmax(0)
)
wrong("softmax_with_temperature", "no-max-subtraction", "missing-keepdim")(
    lambda z, t: (z / t).exp() / (z / t).exp().sum(-1)
)
wrong("softmax_with_temperature", "temperature-in-a-power")(
    lambda z, t: t**z / (t**z).sum(-1, keepdim=True)
)
wrong("softmax_with_temperature", "computes-in-16-bits")(
    lambda z, t: (z.half() / t).softmax(-1).to(z.dtype)
)

wrong("softmax_with_temperature", "clamps-temperature")(lambda z, t: (z / min(t, 10)).softmax(-1))
wrong("softmax_with_temperature", "changes-temperature")(lambda z, t: (z / t**3).softmax(-1))
wrong("softmax_with_temperature", "changes-temperature")(
    lambda z, t: (z / t if t > 1 else z * t).softmax(-1)
)
wrong("softmax_with_temperature", "temperature-after-softmax", "no-max-subtraction")(
    lambda z, t: z.exp() / t / z.exp().sum(-1, keepdim=True)
)
wrong("softmax_with_temperature", "inverse-temperature", "temperature-after-softmax")(
    lambda z, t: (z * t).softmax(-1) / t
)


@wrong("softmax_with_temperature", "global-max")
def warm_one_maximum(z, t):
    exps = (z / t - (z / t).max()).exp()
    return exps / exps.sum(-1, keepdim=True)


wrong("softmax_with_temperature", "clamps-temperature")(
    lambda z, t: (z / min(max(t, 0.1), 2.0)).softmax(-1)
)
wrong("softmax_with_temperature", "temperature-on-one-side")(
    lambda z, t: (z / t - z.logsumexp(-1, keepdim=True)).exp()
)
wrong("softmax_with_temperature", "power-of-temperature")(
    lambda z, t: ((z - z.logsumexp(-1, keepdim=True)) / t).exp()
)
wrong("softmax_with_temperature", "min-subtraction")(
    lambda z, t: plain(z / t - (z / t).amin(-1, keepdim=True), -1)
)

wrong("softmax_with_temperature", "power-of-probs")(
    lambda z, t: F.normalize(z.softmax(-1) ** (1 / t), p=1, dim=-1)
)

# --- top_k_softmax ---


@right("top_k_softmax")
def top_by_drop(logits, k):
    drop = logits.argsort(dim=-1)[:, : logits.size(1) - k]
    return torch.softmax(logits.clone().scatter_(1, drop, -INF), 1)


@right("top_k_softmax")
def top_sorted_back(logits, k):
    values, places = logits.sort(-1, descending=True)
    values = values.clone()
    values[:, k:] = -INF
    return values.softmax(-1).gather(-1, places.argsort(-1))


@wrong("top_k_softmax", "top-k-of-all")
def top_border_of_last_row(logits, k):
    for row in logits:
        border = row.topk(k).values[-1]
    z = logits.clone()
    z[z < border] = -INF
    return z.softmax(-1)


@wrong("top_k_softmax", "top-k-along-batch")
def top_of_columns(logits, k):
    values, places = logits.topk(min(k, logits.shape[0]), dim=0)
    return torch.full_like(logits, -INF).scatter(0, places, values).softmax(-1)


@wrong("top_k_softmax", "softmax-twice")
def top_softmax_again(logits, k):
    p = logits.softmax(-1)
    return torch.where(p >= p.topk(k).values[:, -1:], p, torch.zeros_like(p)).softmax(-1)


def _kept(z, k):
    return z >= z.topk(k).values[:, -1:]


wrong("top_k_softmax", "missing-keepdim")(
    lambda z, k: z.masked_fill(z < z.topk(k).values[:, -1], -INF).softmax(-1)
)
wrong("top_k_softmax", "right-numbers-wrong-places")(
    lambda z, k: F.pad(z.topk(k).values.softmax(-1), (0, z.shape[1] - k))
)
wrong("top_k_softmax", "equal-shares")(
    lambda z, k: torch.zeros_like(z).scatter_(1, z.topk(k).indices, 1.0 / k)
)
wrong("top_k_softmax", "counts-from-the-smallest")(
    lambda z, k: z.masked_fill(z < z.kthvalue(k, -1, keepdim=True).values, -INF).softmax(-1)
)
wrong("top_k_softmax", "finite-sentinel")(
    lambda z, k: torch.where(_kept(z, k), z, z.min()).softmax(-1)
)
wrong("top_k_softmax", "finite-sentinel")(lambda z, k: (z - 10 * ~_kept(z, k)).softmax(-1))
wrong("top_k_softmax", "finite-sentinel")(lambda z, k: z.masked_fill(~_kept(z, k), -1e9).softmax(1))
wrong("top_k_softmax", "argmax-one-hot")(
    lambda z, k: F.one_hot(z.argmax(1), z.shape[1]).to(z.dtype)
)
wrong("top_k_softmax", "divides-by-k")(lambda z, k: z.softmax(-1) * _kept(z, k) / k)
wrong("top_k_softmax", "global-sum")(
    lambda z, k: z.softmax(-1) * _kept(z, k) / (z.softmax(-1) * _kept(z, k)).sum()
)


@wrong("top_k_softmax", "no-max-subtraction")
def top_raw_exp(logits, k):
    exps = logits.exp() * _kept(logits, k)
    return exps / exps.sum(-1, keepdim=True)


@wrong("top_k_softmax", "places-of-other-rows")
def top_columns_of_any_row(logits, k):
    keep = torch.zeros_like(logits, dtype=torch.bool)
    keep[:, logits.topk(k).indices.flatten()] = True
    return logits.masked_fill(~keep, -INF).softmax(-1)


wrong("top_k_softmax", "zeroed-logits", "right-numbers-wrong-places")(
    lambda z, k: F.pad(z.topk(k).values, (0, z.shape[1] - k)).softmax(-1)
)
wrong("top_k_softmax", "keeps-smallest", "zeroed-logits")(
    lambda z, k: (z * (z <= z.topk(k, largest=False).values[:, -1:])).softmax(-1)
)
wrong("top_k_softmax", "forgets-renormalise", "one-too-many")(
    lambda z, k: z.softmax(-1) * _kept(z, min(k + 1, z.shape[1]))
)
wrong("top_k_softmax", "forgets-renormalise", "top-k-of-all")(
    lambda z, k: z.softmax(-1) * (z >= z.flatten().topk(k).values[-1])
)
wrong("top_k_softmax", "returns-mask")(lambda z, k: _kept(z, k))
wrong("top_k_softmax", "returns-mask")(lambda z, k: _kept(z, k).to(z.dtype))
wrong("top_k_softmax", "returns-positions")(lambda z, k: z.topk(k).indices)
wrong("top_k_softmax", "returns-scores")(lambda z, k: z.masked_fill(~_kept(z, k), -INF))
wrong("top_k_softmax", "positive-sentinel")(
    lambda z, k: z.masked_fill(~_kept(z, k), INF).softmax(-1)
)
wrong("top_k_softmax", "zeroed-logits")(lambda z, k: z.masked_fill(~_kept(z, k), 1e-9).softmax(-1))
wrong("top_k_softmax", "zero-times-inf")(
    lambda z, k: (z + (~_kept(z, k)).float() * -INF).softmax(-1)
)
wrong("top_k_softmax", "forgets-exp")(
    lambda z, k: z * _kept(z, k) / (z * _kept(z, k)).sum(-1, keepdim=True)
)


@wrong("top_k_softmax", "softmax-twice")
def top_of_probs(logits, k):
    p = logits.softmax(-1)
    return p.masked_fill(p < p.topk(k).values[:, -1:], -INF).softmax(-1)


wrong("top_k_softmax", "divides-by-k")(
    lambda z, k: k * z.masked_fill(~_kept(z, k), -INF).softmax(-1)
)
wrong("top_k_softmax", "takes-absolute-value")(
    lambda z, k: z.masked_fill(z.abs() < z.abs().topk(k).values[:, -1:], -INF).softmax(-1)
)
wrong("top_k_softmax", "keeps-other-classes")(lambda z, k: z.masked_fill(z <= 0, -INF).softmax(-1))
wrong("top_k_softmax", "keeps-other-classes")(
    lambda z, k: z.masked_fill(z < z.mean(-1, keepdim=True), -INF).softmax(-1)
)
wrong("top_k_softmax", "top-k-of-all")(
    lambda z, k: z.masked_fill(z < min(z.topk(k).values[:, -1]), -INF).softmax(-1)
)

# right for every input: what is dropped lies below what is kept
right("top_k_softmax")(lambda z, k: (z - 1e4 * ~_kept(z, k)).softmax(-1))
wrong("top_k_softmax", "keeps-other-classes")(
    lambda z, k: z.masked_fill(~_kept(z, max(k // 2, 1)), -INF).softmax(-1)
)
wrong("top_k_softmax", "finite-sentinel")(
    lambda z, k: torch.maximum(z, z.topk(k).values[:, -1:]).softmax(-1)
)
wrong("top_k_softmax", "drops-nothing")(
    lambda z, k: z.softmax(-1) / z.softmax(-1).topk(k).values.sum(-1, keepdim=True)
)
wrong("top_k_softmax", "sum-over-wrong-dim")(
    lambda z, k: z.softmax(-1) * _kept(z, k) / (z.softmax(-1) * _kept(z, k)).sum(0, keepdim=True)
)
wrong("top_k_softmax", "random-results")(
    lambda z, k: F.dropout(z.masked_fill(~_kept(z, k), -INF).softmax(-1), 0.5)
)
wrong("top_k_softmax", "positive-sentinel")(
    lambda z, k: z.masked_fill(~_kept(z, k), math.nan).softmax(-1)
)
wrong("top_k_softmax", "multiplies-by-minus-inf")(
    lambda z, k: (z * torch.where(_kept(z, k), 1.0, -INF).to(z.dtype)).softmax(-1)
)
wrong("top_k_softmax", "forgets-renormalise", "no-max-subtraction")(
    lambda z, k: z.exp() * _kept(z, k) / z.exp().sum(-1, keepdim=True)
)
wrong("top_k_softmax", "no-max-subtraction", "returns-exp-unnormalised")(
    lambda z, k: torch.zeros_like(z).scatter(1, z.topk(k).indices, z.topk(k).values.exp())
)
