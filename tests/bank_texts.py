"""Answers for the exercises of lessons 07 and 11: a padded batch, and the score of a text."""

import torch
import torch.nn.functional as F
from bank import right, wrong

# --- lesson 07: padded_loss ---


@right("padded_loss")
def padded_permuted(logits, targets, pad):
    return F.cross_entropy(logits.permute(0, 2, 1), targets, ignore_index=pad)


@right("padded_loss")
def padded_flat(logits, targets, pad):
    flat = logits.reshape(-1, logits.shape[-1])
    return F.cross_entropy(flat, targets.reshape(-1), ignore_index=pad)


@right("padded_loss")
def padded_kept(logits, targets, pad):
    real = targets != pad
    return F.cross_entropy(logits[real], targets[real])


@right("padded_loss")
def padded_sum_over_count(logits, targets, pad):
    total = F.cross_entropy(logits.mT, targets, ignore_index=pad, reduction="sum")
    return total / (targets != pad).sum()


@right("padded_loss")
def padded_by_hand(logits, targets, pad):
    real = targets != pad
    safe = targets.masked_fill(~real, 0)
    picked = logits.log_softmax(-1).gather(-1, safe[..., None])[..., 0]
    return -(picked * real).sum() / real.sum()


@right("padded_loss")
def padded_loop(logits, targets, pad):
    losses = []
    for row, words in zip(logits, targets, strict=True):
        losses += [F.cross_entropy(x, y) for x, y in zip(row, words, strict=True) if y != pad]
    return torch.stack(losses).mean()


@wrong("padded_loss", "padding-is-counted")
def padded_masked_mean(logits, targets, pad):
    real = targets != pad
    each = F.cross_entropy(logits.mT, targets.masked_fill(~real, 0), reduction="none")
    return (each * real).mean()


@wrong("padded_loss", "padding-is-scored")
def padded_default(logits, targets, pad):
    return F.cross_entropy(logits.transpose(1, 2), targets.clamp(min=0))


@wrong("padded_loss", "mean-of-means")
def padded_row_by_row(logits, targets, pad):
    rows = [F.cross_entropy(x, y, ignore_index=pad) for x, y in zip(logits, targets, strict=True)]
    return torch.stack(rows).mean()


@wrong("padded_loss", "reshape-for-transpose")
def padded_viewed(logits, targets, pad):
    batch, time, classes = logits.shape
    return F.cross_entropy(logits.view(batch, classes, time), targets, ignore_index=pad)


@wrong("padded_loss", "ignored-class-removed")
def padded_without_the_class(logits, targets, pad):
    if pad >= 0:
        logits = logits.clone()
        logits[..., pad] = float("-inf")
    return F.cross_entropy(logits.mT, targets, ignore_index=pad)


@wrong("padded_loss", "softmax-twice")
def padded_probs(logits, targets, pad):
    return F.cross_entropy(torch.softmax(logits, dim=-1).mT, targets, ignore_index=pad)


@wrong("padded_loss", "classes-in-the-wrong-dim")
def padded_as_it_is(logits, targets, pad):
    return F.cross_entropy(logits, targets, ignore_index=pad)


@wrong("padded_loss", "sum-instead-of-mean")
def padded_summed(logits, targets, pad):
    return F.cross_entropy(logits.mT, targets, ignore_index=pad, reduction="sum")


@wrong("padded_loss", "detached-gradient")
def padded_detached(logits, targets, pad):
    return F.cross_entropy(logits.detach().mT, targets, ignore_index=pad)


# --- lesson 11: text_log_prob ---


@right("text_log_prob")
def text_loss(logits, words):
    return -F.cross_entropy(logits[:-1], words[1:], reduction="sum")


@right("text_log_prob")
def text_indexed(logits, words):
    log_probs = logits.log_softmax(dim=1)
    return log_probs[torch.arange(len(words) - 1), words[1:]].sum()


@right("text_log_prob")
def text_loop(logits, words):
    log_probs = torch.log_softmax(logits, dim=-1)
    return sum(log_probs[t, words[t + 1]] for t in range(len(words) - 1))


@right("text_log_prob")
def text_rolled(logits, words):
    log_probs = torch.log_softmax(logits, dim=-1)
    picked = log_probs.gather(1, words.roll(-1)[:, None])[:, 0]
    return picked[:-1].sum()


@right("text_log_prob")
def text_mean_times_count(logits, words):
    return -F.cross_entropy(logits[:-1], words[1:]) * (len(words) - 1)


@wrong("text_log_prob", "not-shifted")
def text_without_a_shift(logits, words):
    return -F.cross_entropy(logits, words, reduction="sum")


@wrong("text_log_prob", "shifted-the-wrong-way")
def text_shifted_back(logits, words):
    return -F.cross_entropy(logits[1:], words[:-1], reduction="sum")


@wrong("text_log_prob", "mean-instead-of-sum")
def text_mean(logits, words):
    return -F.cross_entropy(logits[:-1], words[1:])


@wrong("text_log_prob", "sign-error")
def text_as_a_loss(logits, words):
    return F.cross_entropy(logits[:-1], words[1:], reduction="sum")


@wrong("text_log_prob", "product-underflows")
def text_product(logits, words):
    probs = torch.softmax(logits[:-1], dim=1)
    return probs.gather(1, words[1:, None]).prod().log()


@wrong("text_log_prob", "log-of-softmax")
def text_log_of_softmax(logits, words):
    log_probs = torch.softmax(logits, dim=1).log()
    return log_probs[:-1].gather(1, words[1:, None]).sum()


@wrong("text_log_prob", "indexes-all-rows")
def text_table(logits, words):
    return torch.log_softmax(logits[:-1], dim=1)[:, words[1:]].sum()


@wrong("text_log_prob", "sums-logits")
def text_logits(logits, words):
    return logits[torch.arange(len(words) - 1), words[1:]].sum()


@wrong("text_log_prob", "returns-perplexity")
def text_perplexity(logits, words):
    return F.cross_entropy(logits[:-1], words[1:]).exp()
