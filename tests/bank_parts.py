"""Answers for micro_batch_loss, lesson 07: what a part adds to the loss of the whole batch."""

import torch
import torch.nn.functional as F
from bank import right, wrong


@right("micro_batch_loss")
def part_mask_first(logits, targets, total):
    counts = targets != -100
    return F.cross_entropy(logits[counts], targets[counts], reduction="sum") / total


@right("micro_batch_loss")
def part_none_and_sum(logits, targets, total):
    return F.cross_entropy(logits, targets, reduction="none").sum() / total


@right("micro_batch_loss")
def part_nll(logits, targets, total):
    log_probs = F.log_softmax(logits, dim=-1)
    return F.nll_loss(log_probs, targets, ignore_index=-100, reduction="sum").div(total)


@right("micro_batch_loss")
def part_by_hand(logits, targets, total):
    counts = targets != -100
    safe = torch.where(counts, targets, 0)
    picked = logits.log_softmax(dim=1).gather(1, safe.unsqueeze(1)).squeeze(1)
    return -torch.where(counts, picked, 0).sum() / total


@right("micro_batch_loss")
def part_guarded_mean(logits, targets, total):
    count = (targets != -100).sum()
    if count == 0:
        return logits.sum() * 0
    return F.cross_entropy(logits, targets) * count / total


@right("micro_batch_loss")
def part_loop(logits, targets, total):
    loss = torch.zeros((), dtype=logits.dtype) + 0 * logits.sum()
    for x, y in zip(logits, targets, strict=True):
        if y != -100:
            loss = loss + x.logsumexp(0) - x[y]
    return loss / total


@wrong("micro_batch_loss", "mean-of-the-part")
def part_default(logits, targets, total):
    return F.cross_entropy(logits, targets)


@wrong("micro_batch_loss", "mean-of-the-part")
def part_clamped_mean(logits, targets, total):
    counts = targets != -100
    each = F.cross_entropy(logits, targets, reduction="none")
    return (each * counts).sum() / counts.sum().clamp(min=1)


@wrong("micro_batch_loss", "nan-of-nothing")
def part_share_of_mean(logits, targets, total):
    return F.cross_entropy(logits, targets) * ((targets != -100).sum() / total)


@wrong("micro_batch_loss", "divides-twice")
def part_mean_over_total(logits, targets, total):
    return F.cross_entropy(logits, targets) / total


@wrong("micro_batch_loss", "divides-twice")
def part_mean_of_none_over_total(logits, targets, total):
    return F.cross_entropy(logits, targets, reduction="none").mean() / total


@wrong("micro_batch_loss", "divides-by-rows")
def part_mean_of_none(logits, targets, total):
    return F.cross_entropy(logits, targets, reduction="none").mean()


@wrong("micro_batch_loss", "padding-in-the-share")
def part_share_of_rows(logits, targets, total):
    return F.cross_entropy(logits, targets) * len(targets) / total


@wrong("micro_batch_loss", "sum-instead-of-mean")
def part_sum(logits, targets, total):
    return F.cross_entropy(logits, targets, reduction="sum")


@wrong("micro_batch_loss", "padding-is-scored")
def part_padding_as_class_0(logits, targets, total):
    return F.cross_entropy(logits, targets.masked_fill(targets == -100, 0), reduction="sum") / total


@wrong("micro_batch_loss", "only-padding-kept")
def part_upside_down(logits, targets, total):
    padding = targets == -100
    each = F.cross_entropy(logits, targets.masked_fill(padding, 0), reduction="none")
    return each[padding].sum() / total


@wrong("micro_batch_loss", "softmax-over-the-batch")
def part_over_rows(logits, targets, total):
    return F.nll_loss(F.log_softmax(logits, dim=0), targets, reduction="sum") / total


@wrong("micro_batch_loss", "softmax-twice")
def part_probs(logits, targets, total):
    return F.cross_entropy(torch.softmax(logits, dim=1), targets, reduction="sum") / total


@wrong("micro_batch_loss", "log-of-softmax")
def part_logged(logits, targets, total):
    logs = torch.softmax(logits, dim=1).log()
    return F.nll_loss(logs, targets, reduction="sum") / total


@wrong("micro_batch_loss", "sign-error")
def part_without_minus(logits, targets, total):
    counts = targets != -100
    logs = logits[counts].log_softmax(1)
    return logs.gather(1, targets[counts][:, None]).sum() / total


@wrong("micro_batch_loss", "no-reduction")
def part_each(logits, targets, total):
    return F.cross_entropy(logits, targets, reduction="none") / total


@wrong("micro_batch_loss", "detached-gradient")
def part_number(logits, targets, total):
    loss = F.cross_entropy(logits, targets, reduction="sum").item() / total
    return torch.tensor(loss, dtype=logits.dtype)


@wrong("micro_batch_loss")
def part_one_too_many(logits, targets, total):
    return F.cross_entropy(logits, targets, reduction="sum") / (total + 1)


@wrong("padded_loss")
def padded_one_too_many(logits, targets, pad):
    total = F.cross_entropy(logits.mT, targets, ignore_index=pad, reduction="sum")
    return total / ((targets != pad).sum() + 1)


@right("micro_batch_loss")
def part_share_of_a_guarded_mean(logits, targets, total):
    share = (targets != -100).sum() / total
    return F.cross_entropy(logits, targets) * share if share else logits.sum() * 0
