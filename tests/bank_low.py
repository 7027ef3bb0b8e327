"""Answers for the exercises of lessons 12 to 14 in the styles of many learners, right and wrong."""

import itertools

import torch
from bank import right, wrong

INF = float("inf")


# --- lesson 12: masked_softmax ---


def fill(scores, mask):
    return scores.masked_fill(~mask, -INF)


def open_rows(mask):
    return mask.any(-1, keepdim=True)


@right("masked_softmax")
def mask_and_a_logsumexp_that_is_guarded(scores, mask):
    hidden = fill(scores, mask)
    return (hidden - hidden.logsumexp(-1, keepdim=True).masked_fill(~open_rows(mask), 0.0)).exp()


@right("masked_softmax")
def mask_with_the_lowest_number_and_zeros_after(scores, mask):
    probs = scores.masked_fill(~mask, torch.finfo(scores.dtype).min).softmax(-1)
    return probs.masked_fill(~mask, 0)


@wrong("masked_softmax", "finite-sentinel")
def mask_as_a_logarithm(scores, mask):
    tiny = torch.finfo(scores.dtype).tiny
    return (scores + (mask.to(scores.dtype) + tiny).log()).softmax(-1)


@wrong("masked_softmax", "finite-sentinel")
def mask_as_a_logarithm_with_eps(scores, mask):
    eps = torch.finfo(scores.dtype).eps
    probs = (scores + (mask.to(scores.dtype) + eps).log()).softmax(-1)
    return probs.masked_fill(~open_rows(mask), 0)


@wrong("masked_softmax", "relative-sentinel")
def mask_by_a_number_below_all(scores, mask):
    hidden = scores.masked_fill(~mask, scores.min().item() - 1)
    return hidden.softmax(-1).masked_fill(~open_rows(mask), 0)


@wrong("masked_softmax", "eps-added-to-each")
def mask_with_an_eps_in_each_exp(scores, mask):
    hidden = fill(scores, mask)
    exps = (hidden - hidden.amax(-1, keepdim=True)).exp().nan_to_num() + 1e-9
    return exps / exps.sum(-1, keepdim=True)


@wrong("masked_softmax", "wrong-divisor")
def mask_over_the_count(scores, mask):
    hidden = fill(scores, mask)
    exps = (hidden - hidden.amax(-1, keepdim=True).masked_fill(~open_rows(mask), 0)).exp()
    return exps / mask.sum(-1, keepdim=True).clamp(min=1)


@wrong("masked_softmax", "zeroes-whole-rows")
def mask_asks_for_all(scores, mask):
    return fill(scores, mask).softmax(-1).where(mask.all(-1, keepdim=True), 0)


@wrong("masked_softmax", "opens-empty-row")
def mask_opens_the_first(scores, mask):
    mask = mask.expand_as(scores).clone()
    mask[..., 0] |= ~mask.any(-1)
    return fill(scores, mask).softmax(-1)


@wrong("masked_softmax", "fills-the-result")
def mask_fills_the_result(scores, mask):
    return scores.softmax(-1).masked_fill(~mask, -INF)


@wrong("masked_softmax", "hidden-exp-overflows")
def mask_takes_exp_of_all(scores, mask):
    largest = fill(scores, mask).amax(-1, keepdim=True).masked_fill(~open_rows(mask), 0)
    exps = (scores - largest).exp() * mask
    return (exps / exps.sum(-1, keepdim=True)).masked_fill(~open_rows(mask), 0)


@wrong("masked_softmax", "softmax-twice")
def mask_between_two(scores, mask):
    probs = scores.softmax(-1).masked_fill(~mask, 0)
    return probs.softmax(-1).masked_fill(~mask, 0)


@wrong("masked_softmax", "sum-over-wrong-dim")
def mask_along_the_queries(scores, mask):
    return fill(scores, mask).softmax(-2 if scores.dim() > 1 else 0).nan_to_num()


@right("masked_softmax")
def mask_row_by_row(scores, mask):
    out, mask = torch.zeros_like(scores), mask.expand_as(scores)
    for place in itertools.product(*map(range, scores.shape[:-1])):
        kept = mask[place]
        if kept.any():
            probs = scores[place][kept].softmax(0)
            out[place] = torch.zeros_like(scores[place]).masked_scatter(kept, probs)
    return out


def each_row(write):
    """Return an answer that writes row by row into a copy of the scores."""

    def answer(scores, mask):
        out, mask = scores.clone(), mask.expand_as(scores)
        for place in itertools.product(*map(range, scores.shape[:-1])):
            out[place] = write(scores[place], mask[place])
        return out

    return answer


def probs_of(row, kept):
    return row[kept].softmax(0) if kept.any() else row[kept]


wrong("masked_softmax", "scores-left-in-result")(
    each_row(lambda row, kept: fill(row, kept).softmax(0) if kept.any() else row)
)
wrong("masked_softmax", "scores-left-in-result")(
    each_row(lambda row, kept: row.masked_scatter(kept, probs_of(row, kept)))
)
wrong("masked_softmax", "right-numbers-wrong-places")(
    each_row(lambda row, kept: torch.cat([probs_of(row, kept), torch.zeros_like(row[~kept])]))
)
wrong("masked_softmax", "upcasts-and-changes-dtype")(
    lambda s, m: fill(s.float(), m).softmax(-1).nan_to_num(0.0)
)


@wrong("masked_softmax", "argmax-one-hot")
def mask_and_the_largest(scores, mask):
    largest = fill(scores, mask).argmax(-1)
    return torch.nn.functional.one_hot(largest, scores.shape[-1]).to(scores.dtype) * mask


@wrong("masked_softmax", "ignores-scores")
def mask_shared_out(scores, mask):
    kept = mask.expand_as(scores).to(scores.dtype)
    return kept / kept.sum(-1, keepdim=True).clamp(min=1)


@wrong("masked_softmax", "sigmoid-instead")
def mask_of_sigmoids(scores, mask):
    kept = scores.sigmoid() * mask
    return kept / kept.sum(-1, keepdim=True).clamp(min=1e-9)


@wrong("masked_softmax", "one-mask-for-all-rows")
def mask_of_the_first_row(scores, mask):
    first = mask.reshape(-1, mask.shape[-1])[0].expand_as(scores)
    return fill(scores, first).softmax(-1).masked_fill(~first, 0)


def hides_as(change):
    """Return an answer that is right except for the mask that it uses."""

    def answer(scores, mask):
        return fill(scores, change(mask)).softmax(-1).nan_to_num(0.0)

    return answer


def queries(mask):
    return mask.dim() > 1


wrong("masked_softmax", "one-mask-for-all-rows")(
    hides_as(lambda m: m.any(-2, keepdim=True) if queries(m) else m)
)
wrong("masked_softmax", "one-mask-for-all-rows")(
    hides_as(lambda m: m.all(-2, keepdim=True) if queries(m) else m)
)
wrong("masked_softmax", "mask-transposed")(
    hides_as(lambda m: m.T if queries(m) and len(m) == m.shape[-1] else m)
)
wrong("masked_softmax", "eps-added-to-each")(
    lambda s, m: fill(s, m).softmax(-1).nan_to_num(0.0).clamp(min=1e-9)
)
wrong("masked_softmax", "unmasked-empty-row")(
    lambda s, m: s.masked_fill(~m & open_rows(m), -INF).softmax(-1)
)
wrong("masked_softmax", "all-zero")(
    lambda s, m: (s + (~m).to(s.dtype) * -INF).softmax(-1).nan_to_num(0.0)
)


@wrong("masked_softmax", "eps-added-to-each")
def mask_and_a_little_for_all(scores, mask):
    probs = fill(scores, mask).softmax(-1).nan_to_num(0.0) + 1e-6
    return probs / probs.sum(-1, keepdim=True)


@wrong("masked_softmax", "other-than-the-maximum")
def mask_less_the_minimum(scores, mask):
    exps = (fill(scores, mask) - scores.amin(-1, keepdim=True)).exp()
    return (exps / exps.sum(-1, keepdim=True)).nan_to_num()


@wrong("masked_softmax", "sum-over-wrong-dim")
def mask_and_sums_of_columns(scores, mask):
    hidden = fill(scores, mask)
    exps = (hidden - hidden.amax(-1, keepdim=True).masked_fill(~open_rows(mask), 0)).exp()
    return exps / exps.sum(0, keepdim=True).clamp(min=1e-9)


@right("masked_softmax")
def mask_with_a_guard_too_small_to_see(scores, mask):
    hidden = fill(scores, mask)
    exps = (hidden - hidden.amax(-1, keepdim=True).masked_fill(~open_rows(mask), 0)).exp()
    return exps / (exps.sum(-1, keepdim=True) + 1e-9)


wrong("masked_softmax", "zeroes-whole-rows")(
    lambda s, m: s.masked_fill(~m, float("nan")).softmax(-1).nan_to_num(0)
)
wrong("masked_softmax", "relative-sentinel")(
    lambda s, m: s.masked_fill(~m, s.mean()).softmax(-1) * m
)
wrong("masked_softmax", "relative-sentinel")(
    lambda s, m: s.where(m, s.amin(-1, keepdim=True) - 100).softmax(-1) * open_rows(m)
)
wrong("masked_softmax", "takes-absolute-value")(
    lambda s, m: fill(s.abs(), m).softmax(-1).nan_to_num(0)
)


@wrong("masked_softmax", "masked-after-softmax")
def mask_above_the_line_only(scores, mask):
    hidden = fill(scores, mask)
    largest = hidden.amax(-1, keepdim=True).nan_to_num(neginf=0.0)
    return (hidden - largest).exp() / (scores - largest).exp().sum(-1, keepdim=True)


@wrong("masked_softmax", "missing-keepdim")
def mask_without_keepdim(scores, mask):
    exps = (fill(scores, mask) - fill(scores, mask).max(-1).values).exp()
    return exps / exps.sum(-1)


# --- lesson 13: half_softmax ---


def exps_of(x, dim):
    """Return exps in float32, the largest of them 1."""
    y = x.float()
    return torch.exp(y - y.amax(dim, keepdim=True))


@right("half_softmax")
def half_by_an_exact_reciprocal(x, dim):
    exps = exps_of(x, dim)
    return torch.mul(exps, exps.sum(dim, keepdim=True).reciprocal()).to(x.dtype)


@right("half_softmax")
def half_by_a_float64_logarithm(x, dim):
    y = x.double()
    return torch.exp(y - torch.logsumexp(y, dim, keepdim=True)).to(x.dtype)


@wrong("half_softmax", "rounds-twice")
def half_by_a_rounded_reciprocal(x, dim):
    exps = exps_of(x, dim)
    share = (1 / exps.sum(dim, keepdim=True)).to(x.dtype)
    return (exps * share).to(x.dtype)


@wrong("half_softmax", "rounds-twice")
def half_times_a_rounded_reciprocal(x, dim):
    exps = exps_of(x, dim)
    share = (1 / exps.sum(dim, keepdim=True)).to(x.dtype)
    return exps.to(x.dtype) * share


@wrong("half_softmax", "sums-in-half")
def half_of_both_parts(x, dim):
    exps = exps_of(x, dim)
    return exps.to(x.dtype) / exps.sum(dim, keepdim=True).to(x.dtype)


@wrong("half_softmax", "cuts-bits")
def half_cut(x, dim):
    probs = exps_of(x, dim) / exps_of(x, dim).sum(dim, keepdim=True)
    if x.dtype == torch.float32:
        return probs
    places = 13 if x.dtype == torch.float16 else 16
    return ((probs.view(torch.int32) >> places) << places).view(torch.float32).to(x.dtype)


@wrong("half_softmax", "cuts-bits")
def half_cut_in_bfloat16(x, dim):
    probs = exps_of(x, dim) / exps_of(x, dim).sum(dim, keepdim=True)
    if x.dtype == torch.bfloat16:
        return ((probs.view(torch.int32) >> 16) << 16).view(torch.float32).to(x.dtype)
    return probs.to(x.dtype)


@wrong("half_softmax", "casts-down-first")
def half_of_any_dtype(x, dim):
    y = x.half()
    exps = (y - y.amax(dim, keepdim=True)).float().exp()
    return (exps / exps.sum(dim, keepdim=True)).to(x.dtype)


@wrong("half_softmax", "rounds-too-early")
def half_of_each_part_of_the_sum(x, dim):
    exps = exps_of(x, dim).movedim(dim, 0)
    total = torch.zeros_like(exps[0]).to(x.dtype)
    for part in exps.split(1000):
        total = total + part.sum(0).to(x.dtype)
    return (exps / total.float()).to(x.dtype).movedim(0, dim)


@wrong("half_softmax", "casts-down-first")
def half_of_the_other_format(x, dim):
    exps = exps_of(x.half() if x.dtype == torch.bfloat16 else x, dim)
    return (exps / exps.sum(dim, keepdim=True)).to(x.dtype)


@wrong("half_softmax", "sums-in-half")
def half_of_the_logarithm(x, dim):
    return torch.exp(x - torch.logsumexp(x.float(), dim, keepdim=True).to(x.dtype))


@wrong("half_softmax", "sums-in-half")
def half_in_the_logarithm(x, dim):
    return torch.exp(x.float() - torch.logsumexp(x, dim, keepdim=True).float()).to(x.dtype)


@wrong("half_softmax", "no-max-subtraction")
def half_in_float64_without_a_shift(x, dim):
    exps = x.double().exp()
    return (exps / exps.sum(dim, keepdim=True)).to(x.dtype)


@wrong("half_softmax", "rounds-twice", "no-max-subtraction")
def half_exps_without_a_shift(x, dim):
    exps = x.float().exp().to(x.dtype).float()
    return (exps / exps.sum(dim, keepdim=True)).to(x.dtype)


@wrong("half_softmax", "rounds-too-early")
def half_in_base_two(x, dim):
    y = x * 1.4426950408889634
    powers = (y - y.amax(dim, keepdim=True)).float().exp2()
    return (powers / powers.sum(dim, keepdim=True)).to(x.dtype)


@wrong("half_softmax", "max-with-zero")
def half_less_0_or_more(x, dim):
    y = x.float()
    exps = (y - y.amax(dim, keepdim=True).clamp(min=0)).exp()
    return (exps / exps.sum(dim, keepdim=True)).to(x.dtype)


# --- lesson 14: merge_states ---


@wrong("merge_states", "averages")
def merge_by_weights(a, b):
    weights = torch.stack([a[0], b[0]]).softmax(0)
    return torch.stack([torch.maximum(a[0], b[0]), weights[0] * a[1] + weights[1] * b[1]])


@wrong("merge_states", "rescales-the-wrong-way")
def merge_with_one_sign_wrong(a, b):
    largest = torch.maximum(a[0], b[0])
    base = largest.masked_fill(largest == -INF, 0)
    total = a[1] * (a[0] - base).exp() + b[1] * (base - b[0]).exp()
    return torch.stack([largest, total])


def factors_of(a, b):
    """Return the larger maximum, and what to multiply each sum by."""
    largest = torch.maximum(a[0], b[0])
    base = largest.masked_fill(largest == -INF, 0)
    return largest, (a[0] - base).exp(), (b[0] - base).exp()


@wrong("merge_states", "sum-misses-its-maximum")
def merge_into_the_first(a, b):
    return torch.stack([torch.maximum(a[0], b[0]), a[1] + b[1] * (b[0] - a[0]).exp()])


@wrong("merge_states", "empty-piece-wins")
def merge_keeps_the_empty_one(a, b):
    largest, f, g = factors_of(a, b)
    merged = torch.stack([largest, a[1] * f + b[1] * g])
    return torch.where(a[0] == -INF, a, torch.where(b[0] == -INF, b, merged))


@wrong("merge_states", "divides-the-sum")
def merge_divides(a, b):
    largest, f, g = factors_of(a, b)
    return torch.stack([largest, (a[1] * f + b[1] * g) / (a[1] + b[1]).clamp(min=1e-9)])


@wrong("merge_states", "rescales-twice")
def merge_squares_the_factors(a, b):
    largest, f, g = factors_of(a, b)
    return torch.stack([largest, a[1] * f**2 + b[1] * g**2])


def weighs(combine):
    """Return an answer that combines both sums and both factors in its own way."""

    def answer(a, b):
        largest, f, g = factors_of(a, b)
        return torch.stack([largest, combine(a[1], f, b[1], g)])

    return answer


wrong("merge_states", "factor-not-multiplied")(weighs(lambda s, f, t, g: s + f + t + g))
wrong("merge_states", "factor-not-multiplied")(weighs(lambda s, f, t, g: s**f + t**g))
wrong("merge_states", "averages")(weighs(lambda s, f, t, g: (s * f * t * g).sqrt()))
wrong("merge_states", "one-sum-for-all-rows")(weighs(lambda s, f, t, g: (s * f + t * g).cumsum(0)))
wrong("merge_states", "counts-one-sum-twice")(
    weighs(lambda s, f, t, g: torch.where(f < 1, t, s) * (1 + torch.minimum(f, g)))
)
wrong("merge_states", "drops-one-piece")(
    weighs(lambda s, f, t, g: torch.where(f == g, s + t, torch.where(f > g, s, t)))
)


@wrong("merge_states", "rescales-the-wrong-way")
def merge_into_the_second_with_the_wrong_sign(a, b):
    factor = (b[0] - a[0]).exp().nan_to_num(0.0)
    return torch.stack([torch.maximum(a[0], b[0]), a[1] * factor + b[1]])


@wrong("merge_states", "merges-one-row-only")
def merge_the_first_row(a, b):
    out, merged = a.clone(), weighs(lambda s, f, t, g: s * f + t * g)(a, b)
    out[:, 0] = merged[:, 0]
    return out


@wrong("merge_states", "max-with-zero")
def merge_from_zero(a, b):
    largest = torch.maximum(a[0], b[0])
    base = largest.clamp(min=0)
    return torch.stack([largest, a[1] * (a[0] - base).exp() + b[1] * (b[0] - base).exp()])


@wrong("merge_states", "drops-one-piece", "nan-empty-state")
def merge_in_one_branch_only(a, b):
    total = torch.where(a[0] > b[0], a[1], a[1] * (a[0] - b[0]).exp() + b[1])
    return torch.stack([torch.maximum(a[0], b[0]), total])
