"""Answers for the second exercises of lessons 11 and 12: a batch of texts, and attention."""

import torch
import torch.nn.functional as F
from bank import right, wrong

# --- lesson 11: sequence_log_probs ---


@right("sequence_log_probs")
def texts_gather(logits, tokens, pad):
    words = tokens[:, 1:]
    real = words != pad
    log_probs = torch.log_softmax(logits[:, :-1], dim=-1)
    picked = log_probs.gather(-1, words.masked_fill(~real, 0).unsqueeze(-1)).squeeze(-1)
    return picked.masked_fill(~real, 0.0).sum(dim=1)


@right("sequence_log_probs")
def texts_loss(logits, tokens, pad):
    classes_second = logits[:, :-1].transpose(1, 2)
    losses = F.cross_entropy(classes_second, tokens[:, 1:], ignore_index=pad, reduction="none")
    return -losses.sum(dim=1)


@right("sequence_log_probs")
def texts_loop(logits, tokens, pad):
    sums = []
    for row, words in zip(logits, tokens, strict=True):
        total = logits.new_zeros(())
        for t in range(1, len(words)):
            if words[t] != pad:
                total = total + row[t - 1].log_softmax(dim=0)[words[t]]
        sums.append(total)
    return torch.stack(sums)


@right("sequence_log_probs")
def texts_where(logits, tokens, pad):
    words, log_probs = tokens[:, 1:], logits.log_softmax(-1)[:, :-1]
    real = words.ne(pad)
    batch = torch.arange(len(tokens))[:, None]
    picked = log_probs[batch, torch.arange(words.shape[1]), words.where(real, 0)]
    return torch.where(real, picked, 0).sum(-1)


@wrong("sequence_log_probs", "not-shifted")
def texts_not_shifted(logits, tokens, pad):
    losses = F.cross_entropy(logits.mT, tokens, ignore_index=pad, reduction="none")
    return -losses.sum(1)


@wrong("sequence_log_probs", "shifted-the-wrong-way")
def texts_shifted_back(logits, tokens, pad):
    words = tokens[:, :-1]
    losses = F.cross_entropy(logits[:, 1:].mT, words, ignore_index=pad, reduction="none")
    return -losses.sum(1)


@wrong("sequence_log_probs", "padding-is-scored")
def texts_with_padding(logits, tokens, pad):
    log_probs = logits[:, :-1].log_softmax(-1)
    return log_probs.gather(-1, tokens[:, 1:, None].clamp(min=0))[..., 0].sum(1)


@wrong("sequence_log_probs", "zero-times-infinity")
def texts_multiplied(logits, tokens, pad):
    words = tokens[:, 1:]
    real = words != pad
    picked = logits[:, :-1].log_softmax(-1).gather(-1, (words * real)[..., None])[..., 0]
    return (picked * real).sum(1)


@wrong("sequence_log_probs", "looks-up-padding")
def texts_gathered_as_they_are(logits, tokens, pad):
    words = tokens[:, 1:]
    picked = logits[:, :-1].log_softmax(-1).gather(-1, words[..., None])[..., 0]
    return picked.masked_fill(words == pad, 0).sum(1)


@wrong("sequence_log_probs", "mean-instead-of-sum")
def texts_mean(logits, tokens, pad):
    words = tokens[:, 1:]
    losses = F.cross_entropy(logits[:, :-1].mT, words, ignore_index=pad, reduction="none")
    return -losses.sum(1) / (words != pad).sum(1)


@wrong("sequence_log_probs", "sums-the-batch")
def texts_one_loss(logits, tokens, pad):
    words = tokens[:, 1:]
    return -F.cross_entropy(logits[:, :-1].mT, words, ignore_index=pad, reduction="sum")


@wrong("sequence_log_probs", "sign-error")
def texts_losses(logits, tokens, pad):
    words = tokens[:, 1:]
    return F.cross_entropy(logits[:, :-1].mT, words, ignore_index=pad, reduction="none").sum(1)


@wrong("sequence_log_probs", "no-reduction")
def texts_each_word(logits, tokens, pad):
    words = tokens[:, 1:]
    return -F.cross_entropy(logits[:, :-1].mT, words, ignore_index=pad, reduction="none")


@wrong("sequence_log_probs", "log-of-softmax")
def texts_log_of_softmax(logits, tokens, pad):
    words = tokens[:, 1:]
    real = words != pad
    probs = torch.softmax(logits[:, :-1], dim=-1)
    picked = probs.log().gather(-1, words.masked_fill(~real, 0)[..., None])[..., 0]
    return picked.masked_fill(~real, 0).sum(1)


@wrong("sequence_log_probs", "not-shifted", "sign-error")
def texts_two_mistakes(logits, tokens, pad):
    return F.cross_entropy(logits.mT, tokens, ignore_index=pad, reduction="none").sum(1)


@wrong("sequence_log_probs", "returns-wrong-shape")
def texts_kept_dim(logits, tokens, pad):
    return texts_loss(logits, tokens, pad)[:, None]


@wrong("sequence_log_probs")
def texts_half_of_it(logits, tokens, pad):
    return texts_loss(logits, tokens, pad) / 2


# --- lesson 12: masked_attention ---


def seen(q, lengths):
    time = q.shape[1]
    real = torch.arange(time) < lengths[:, None]
    return real[:, None, :] & torch.ones(time, time).bool().tril()


@right("masked_attention")
def attend_filled(q, k, v, lengths):
    scores = q @ k.transpose(1, 2) / q.shape[-1] ** 0.5
    return torch.softmax(scores.masked_fill(~seen(q, lengths), float("-inf")), dim=-1) @ v


@right("masked_attention")
def attend_added(q, k, v, lengths):
    hidden = ~seen(q, lengths)
    bias = torch.zeros(hidden.shape, dtype=q.dtype).masked_fill(hidden, float("-inf"))
    return (q @ k.mT * q.shape[-1] ** -0.5 + bias).softmax(-1) @ v


@right("masked_attention")
def attend_einsum(q, k, v, lengths):
    scores = torch.einsum("bqd,bkd->bqk", q / q.shape[-1] ** 0.5, k)
    weights = torch.where(seen(q, lengths), scores, -torch.inf).softmax(dim=2)
    return torch.einsum("bqk,bkw->bqw", weights, v)


@right("masked_attention")
def attend_loop(q, k, v, lengths):
    results = torch.zeros_like(v)
    for text in range(len(q)):
        for query in range(q.shape[1]):
            last = min(query + 1, int(lengths[text]))
            scores = k[text, :last] @ q[text, query] / q.shape[-1] ** 0.5
            results[text, query] = torch.softmax(scores, 0) @ v[text, :last]
    return results


@wrong("masked_attention", "no-root")
def attend_without_root(q, k, v, lengths):
    scores = q @ k.mT
    return torch.softmax(scores.masked_fill(~seen(q, lengths), float("-inf")), dim=-1) @ v


@wrong("masked_attention", "divides-by-d")
def attend_by_d(q, k, v, lengths):
    scores = q @ k.mT / q.shape[-1]
    return torch.softmax(scores.masked_fill(~seen(q, lengths), float("-inf")), dim=-1) @ v


@wrong("masked_attention", "softmax-over-queries")
def attend_dim_1(q, k, v, lengths):
    scores = q @ k.mT / q.shape[-1] ** 0.5
    return torch.softmax(scores.masked_fill(~seen(q, lengths), float("-inf")), dim=1) @ v


@wrong("masked_attention", "padding-attended")
def attend_causal_only(q, k, v, lengths):
    scores = q @ k.mT / q.shape[-1] ** 0.5
    future = torch.ones(q.shape[1], q.shape[1]).triu(1).bool()
    return torch.softmax(scores.masked_fill(future, float("-inf")), dim=-1) @ v


@wrong("masked_attention", "future-attended")
def attend_padding_only(q, k, v, lengths):
    scores = q @ k.mT / q.shape[-1] ** 0.5
    padding = torch.arange(q.shape[1]) >= lengths[:, None]
    return torch.softmax(scores.masked_fill(padding[:, None], float("-inf")), dim=-1) @ v


@wrong("masked_attention", "padding-attended", "future-attended")
def attend_everything(q, k, v, lengths):
    return torch.softmax(q @ k.mT / q.shape[-1] ** 0.5, dim=-1) @ v


@wrong("masked_attention", "keeps-what-it-should-hide")
def attend_inverted(q, k, v, lengths):
    scores = q @ k.mT / q.shape[-1] ** 0.5
    return torch.softmax(scores.masked_fill(seen(q, lengths), float("-inf")), dim=-1) @ v


@wrong("masked_attention", "one-too-many")
def attend_at_most(q, k, v, lengths):
    scores = q @ k.mT / q.shape[-1] ** 0.5
    real = torch.arange(q.shape[1]) <= lengths[:, None]
    keep = real[:, None] & torch.ones(q.shape[1], q.shape[1]).tril().bool()
    return torch.softmax(scores.masked_fill(~keep, float("-inf")), dim=-1) @ v


@wrong("masked_attention", "padding-hides-queries")
def attend_padded_queries(q, k, v, lengths):
    scores = q @ k.mT / q.shape[-1] ** 0.5
    real = torch.arange(q.shape[1]) < lengths[:, None]
    keep = real[:, :, None] & torch.ones(q.shape[1], q.shape[1]).tril().bool()
    return torch.softmax(scores.masked_fill(~keep, float("-inf")), dim=-1) @ v


@wrong("masked_attention", "mask-of-the-wrong-rank")
def attend_two_dims(q, k, v, lengths):
    scores = q @ k.mT / q.shape[-1] ** 0.5
    real = torch.arange(q.shape[1]) < lengths[:, None]
    keep = real & torch.ones(q.shape[1], q.shape[1]).tril().bool()
    return torch.softmax(scores.masked_fill(~keep, float("-inf")), dim=-1) @ v


@wrong("masked_attention", "multiplies-by-mask")
def attend_multiplied(q, k, v, lengths):
    scores = q @ k.mT / q.shape[-1] ** 0.5
    return torch.softmax(scores * seen(q, lengths), dim=-1) @ v


@wrong("masked_attention", "mask-after-softmax")
def attend_masked_late(q, k, v, lengths):
    weights = torch.softmax(q @ k.mT / q.shape[-1] ** 0.5, dim=-1)
    return (weights * seen(q, lengths)) @ v


@wrong("masked_attention", "renormalises-after-mask")
def attend_masked_and_divided(q, k, v, lengths):
    weights = torch.softmax(q @ k.mT / q.shape[-1] ** 0.5, dim=-1) * seen(q, lengths)
    return weights / weights.sum(dim=-1, keepdim=True) @ v


@wrong("masked_attention", "finite-mask-value")
def attend_low_number(q, k, v, lengths):
    scores = q @ k.mT / q.shape[-1] ** 0.5
    return torch.softmax(scores.masked_fill(~seen(q, lengths), -10000.0), dim=-1) @ v


@wrong("masked_attention", "finite-mask-value")
def attend_lowest_half(q, k, v, lengths):
    scores = q @ k.mT / q.shape[-1] ** 0.5
    return torch.softmax(torch.where(seen(q, lengths), scores, -65504.0), dim=-1) @ v


@wrong("masked_attention", "fp16-overflowing-sentinel")
def attend_usual_number(q, k, v, lengths):
    scores = q @ k.mT / q.shape[-1] ** 0.5
    return torch.softmax(scores.masked_fill(~seen(q, lengths), -1e9), dim=-1) @ v


@right("masked_attention")
def attend_lowest_there_is(q, k, v, lengths):
    scores = q @ k.mT / q.shape[-1] ** 0.5
    lowest = torch.finfo(scores.dtype).min
    return torch.softmax(scores.masked_fill(~seen(q, lengths), lowest), dim=-1) @ v


@wrong("masked_attention", "returns-weights")
def attend_weights(q, k, v, lengths):
    scores = q @ k.mT / q.shape[-1] ** 0.5
    return torch.softmax(scores.masked_fill(~seen(q, lengths), float("-inf")), dim=-1)


@wrong("masked_attention", "no-root", "future-attended")
def attend_two_mistakes(q, k, v, lengths):
    padding = torch.arange(q.shape[1]) >= lengths[:, None]
    return torch.softmax((q @ k.mT).masked_fill(padding[:, None], float("-inf")), dim=-1) @ v


@wrong("masked_attention")
def attend_doubled_values(q, k, v, lengths):
    return 2 * attend_filled(q, k, v, lengths)


@wrong("masked_attention")
def attend_tempered(q, k, v, lengths):
    return attend_filled(3 * q, k, v, lengths)


@wrong("masked_attention", "uses-torch-softmax")
def attend_built_in(q, k, v, lengths):
    return F.scaled_dot_product_attention(q, k, v, attn_mask=seen(q, lengths))
