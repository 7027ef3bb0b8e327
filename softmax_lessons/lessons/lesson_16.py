"""Lesson 16: tests that learners write, and the bugs that their tests must find.

The first broken function of a hunt is the one that the lesson shows. All others are the same bug
or a close relative: anyone who tests what the lesson promises finds them too. The right functions
differ only by rounding, in the last digits.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from softmax_lessons.checker.hunt import Hunt
from softmax_lessons.checker.parsons import Parsons
from softmax_lessons.lessons.questions_16 import QUESTIONS

INF = float("inf")


# Bug 1


def over_keys(scores: Tensor) -> Tensor:
    return torch.softmax(scores, dim=-1)


def over_keys_by_hand(scores: Tensor) -> Tensor:
    exps = (scores - scores.amax(dim=2, keepdim=True)).exp()
    return exps / exps.sum(dim=2, keepdim=True)


def over_keys_one_by_one(scores: Tensor) -> Tensor:
    weights = torch.empty_like(scores)
    for b in range(scores.size(0)):
        for query in range(scores.size(1)):
            weights[b, query] = F.softmax(scores[b, query], dim=0)
    return weights


def over_keys_transposed(scores: Tensor) -> Tensor:
    return torch.softmax(scores.transpose(1, 2), dim=1).transpose(1, 2)


def over_queries(scores: Tensor) -> Tensor:
    return torch.softmax(scores, dim=1)


def sums_over_queries(scores: Tensor) -> Tensor:
    exps = (scores - scores.amax(dim=2, keepdim=True)).exp()
    return exps / exps.sum(dim=1, keepdim=True)


def over_queries_and_keys(scores: Tensor) -> Tensor:
    return torch.softmax(scores.flatten(1), dim=1).reshape(scores.shape)


def over_all(scores: Tensor) -> Tensor:
    return torch.softmax(scores.flatten(), dim=0).reshape(scores.shape)


def left_transposed(scores: Tensor) -> Tensor:
    return torch.softmax(scores.transpose(1, 2), dim=1)


WRONG_DIM = Hunt(
    (over_keys, over_keys_by_hand, over_keys_one_by_one, over_keys_transposed),
    (
        ("normalises over the queries", over_queries),
        ("divides by sums over the queries", sums_over_queries),
        ("normalises over all queries and keys together", over_queries_and_keys),
        ("normalises over the whole batch", over_all),
        ("swaps queries and keys, and never swaps them back", left_transposed),
    ),
    (
        "Each query divides its attention among the keys. So which sums are 1?",
        "The sums over the last dim are 1. Take sizes that differ, so that no other dim fits.",
        "`torch.testing.assert_close(function(scores).sum(dim=-1), torch.ones(2, 3))`, with "
        "`scores` of shape (2, 3, 4).",
    ),
)


# Bugs 10 and 2


def row_softmax(x: Tensor) -> Tensor:
    return torch.softmax(x, dim=1)


def row_softmax_by_hand(x: Tensor) -> Tensor:
    exps = (x - x.max(dim=1, keepdim=True).values).exp()
    return exps / exps.sum(dim=1, keepdim=True)


def row_softmax_in_a_loop(x: Tensor) -> Tensor:
    probs = torch.empty_like(x)
    for i, row in enumerate(x):
        exps = (row - row.max()).exp()
        probs[i] = exps / exps.sum()
    return probs


def row_softmax_from_logs(x: Tensor) -> Tensor:
    shifted = x - x.amax(dim=1, keepdim=True)
    return (shifted - shifted.logsumexp(dim=1, keepdim=True)).exp()


def unkept_maximum(x: Tensor) -> Tensor:
    exps = (x - x.amax(dim=1)).exp()
    return exps / exps.sum(dim=1, keepdim=True)


def unkept_sum(x: Tensor) -> Tensor:
    exps = (x - x.amax(dim=1, keepdim=True)).exp()
    return exps / exps.sum(dim=1)


def both_unkept(x: Tensor) -> Tensor:
    exps = (x - x.amax(dim=1)).exp()
    return exps / exps.sum(dim=1)


def unkept_logsumexp(x: Tensor) -> Tensor:
    return (x - x.logsumexp(dim=1)).exp()


ROWS = (row_softmax, row_softmax_by_hand, row_softmax_in_a_loop, row_softmax_from_logs)
UNKEPT_MAXIMUM = Hunt(
    ROWS,
    (
        ("subtracts the maxima without `keepdim`: row j's from column j", unkept_maximum),
        ("divides by the sums without `keepdim`: column j by the sum of row j", unkept_sum),
        ("forgets `keepdim` in the maxima and in the sums", both_unkept),
        ("subtracts logsumexp without `keepdim`", unkept_logsumexp),
    ),
    (
        "The rows sum to 1, whatever you subtract. For which shapes does a missing `keepdim` show?",
        "If there are 2 rows and 3 classes, the 2 maxima don't fit. If the batch is square, you "
        "need rows with different maxima, and `torch.softmax` to compare with.",
        "`torch.testing.assert_close(function(x), torch.softmax(x, dim=1))`, with `x` of shape "
        "(2, 3).",
    ),
)


def one_maximum(x: Tensor) -> Tensor:
    exps = (x - x.max()).exp()
    return exps / exps.sum(dim=1, keepdim=True)


def first_maximum(x: Tensor) -> Tensor:
    exps = (x - x[0].max()).exp()
    return exps / exps.sum(dim=1, keepdim=True)


def last_maximum(x: Tensor) -> Tensor:
    exps = (x - x[-1].max()).exp()
    return exps / exps.sum(dim=1, keepdim=True)


def least_maximum(x: Tensor) -> Tensor:
    exps = (x - x.amax(dim=1).min()).exp()
    return exps / exps.sum(dim=1, keepdim=True)


def largest_absolute(x: Tensor) -> Tensor:
    exps = (x - x.abs().max()).exp()
    return exps / exps.sum(dim=1, keepdim=True)


ONE_MAXIMUM = Hunt(
    ROWS,
    (
        ("subtracts one maximum from all rows", one_maximum),
        ("subtracts the maximum of the first row from all rows", first_maximum),
        ("subtracts the maximum of the last row from all rows", last_maximum),
        ("subtracts the smallest of the rows' maxima from all rows", least_maximum),
        ("subtracts the largest absolute value of the batch from all rows", largest_absolute),
    ),
    (
        "A single maximum is fine for rows that are close together. Which rows does it break?",
        "Rows that are far apart: put ordinary logits and logits near 1000 in the same batch.",
        "`torch.testing.assert_close(function(x), torch.softmax(x, dim=1))`, with "
        "`x = torch.tensor([[0.0, 1.0, 2.0], [1000.0, 1001.0, 1002.0]])`.",
    ),
)


# Bug 3


def loss_of_logits(logits: Tensor, targets: Tensor) -> Tensor:
    return F.cross_entropy(logits, targets)


def loss_of_log_probs(logits: Tensor, targets: Tensor) -> Tensor:
    return F.nll_loss(torch.log_softmax(logits, dim=1), targets)


def loss_by_hand(logits: Tensor, targets: Tensor) -> Tensor:
    shifted = logits - logits.amax(dim=1, keepdim=True)
    right = shifted.gather(1, targets[:, None])[:, 0]
    return (shifted.exp().sum(dim=1).log() - right).mean()


def loss_in_a_loop(logits: Tensor, targets: Tensor) -> Tensor:
    losses = [-row.log_softmax(dim=0)[target] for row, target in zip(logits, targets, strict=True)]
    return torch.stack(losses).mean()


def loss_of_log_softmax(logits: Tensor, targets: Tensor) -> Tensor:
    # also right: unlike softmax, log_softmax changes nothing the second time
    return F.cross_entropy(torch.log_softmax(logits, dim=1), targets)


def loss_of_probs(logits: Tensor, targets: Tensor) -> Tensor:
    return F.cross_entropy(torch.softmax(logits, dim=1), targets)


def loss_of_sigmoids(logits: Tensor, targets: Tensor) -> Tensor:
    return F.cross_entropy(torch.sigmoid(logits), targets)


def loss_of_batch_softmax(logits: Tensor, targets: Tensor) -> Tensor:
    return F.cross_entropy(torch.softmax(logits, dim=0), targets)


def nll_of_probs(logits: Tensor, targets: Tensor) -> Tensor:
    return F.nll_loss(torch.softmax(logits, dim=1), targets)


def missing_probability(logits: Tensor, targets: Tensor) -> Tensor:
    return 1 - torch.softmax(logits, dim=1).gather(1, targets[:, None]).mean()


TWO_SOFTMAXES = Hunt(
    (loss_of_logits, loss_of_log_probs, loss_by_hand, loss_in_a_loop, loss_of_log_softmax),
    (
        ("applies softmax before `F.cross_entropy`, which applies it again", loss_of_probs),
        ("applies sigmoid before `F.cross_entropy`", loss_of_sigmoids),
        ("applies softmax over the batch before `F.cross_entropy`", loss_of_batch_softmax),
        ("gives `F.nll_loss` probabilities instead of their logs", nll_of_probs),
        ("returns 1 - p instead of -log p, so no mistake costs more than 1", missing_probability),
    ),
    (
        "What should the loss be for a model that is certain and right? And certain and wrong?",
        "For logits [50, 0, 0] the loss is 0 with target 0, and 50 with target 1. Test both.",
        "`torch.testing.assert_close(function(logits, torch.tensor([1])), torch.tensor(50.0))`, "
        "with `logits = torch.tensor([[50.0, 0.0, 0.0]])`; and the same for target 0 and loss 0.",
    ),
)


# Bug 4


def sequence_loss(logits: Tensor, targets: Tensor) -> Tensor:
    return F.cross_entropy(logits.transpose(1, 2), targets)


def sequence_loss_flat(logits: Tensor, targets: Tensor) -> Tensor:
    return F.cross_entropy(logits.flatten(0, 1), targets.flatten())


def sequence_loss_by_hand(logits: Tensor, targets: Tensor) -> Tensor:
    return -torch.log_softmax(logits, dim=-1).gather(2, targets.unsqueeze(2)).mean()


def sequence_loss_in_a_loop(logits: Tensor, targets: Tensor) -> Tensor:
    steps = range(targets.size(1))
    losses = [F.cross_entropy(logits[:, t], targets[:, t], reduction="sum") for t in steps]
    return torch.stack(losses).sum() / targets.numel()


def sequence_loss_reshaped(logits: Tensor, targets: Tensor) -> Tensor:
    batch, time, classes = logits.shape
    return F.cross_entropy(logits.reshape(batch, classes, time), targets)


def sequence_loss_untransposed(logits: Tensor, targets: Tensor) -> Tensor:
    return F.cross_entropy(logits, targets)


def sequence_loss_transposed_and_flat(logits: Tensor, targets: Tensor) -> Tensor:
    rows = logits.transpose(1, 2).reshape(-1, logits.size(-1))
    return F.cross_entropy(rows, targets.flatten())


def sequence_loss_classes_first(logits: Tensor, targets: Tensor) -> Tensor:
    rows = logits.movedim(-1, 0).reshape(-1, logits.size(-1))
    return F.cross_entropy(rows, targets.flatten())


CLASS_AXIS = Hunt(
    (sequence_loss, sequence_loss_flat, sequence_loss_by_hand, sequence_loss_in_a_loop),
    (
        (
            "reshapes where it should transpose, which mixes times and classes",
            sequence_loss_reshaped,
        ),
        ("takes time for the classes, where both have the same size", sequence_loss_untransposed),
        ("transposes and then flattens, which mixes both", sequence_loss_transposed_and_flat),
        ("moves the classes to the front before it flattens", sequence_loss_classes_first),
    ),
    (
        "If all logits are alike, mixing them changes nothing. Which other logits have a known "
        "loss?",
        "Make every position certain of its own target: the loss is 0. Certain of another class, "
        "it's the whole distance. Give batch, time and classes different sizes.",
        "With `targets = torch.tensor([[0, 1, 2], [3, 0, 1]])` and `logits = 100.0 * "
        "F.one_hot(targets, 4)`, the loss is 0 for `targets` and 100 for `(targets + 1) % 4`.",
    ),
)


# Bug 11


def log_probs_of(logits: Tensor) -> Tensor:
    return torch.log_softmax(logits, dim=-1)


def log_probs_by_hand(logits: Tensor) -> Tensor:
    shifted = logits - logits.amax(dim=-1, keepdim=True)
    return shifted - shifted.exp().sum(dim=-1, keepdim=True).log()


def log_probs_in_a_loop(logits: Tensor) -> Tensor:
    rows = logits.reshape(-1, logits.size(-1))
    log_probs = torch.empty_like(rows)
    for i, row in enumerate(rows):
        log_probs[i] = (row - row.max()) - torch.logsumexp(row - row.max(), dim=0)
    return log_probs.reshape(logits.shape)


def log_probs_in_double(logits: Tensor) -> Tensor:
    return torch.log_softmax(logits.double(), dim=-1).to(logits.dtype)


def log_probs_with_eps(logits: Tensor) -> Tensor:
    return (torch.softmax(logits, dim=-1) + 1e-8).log()


def log_probs_clamped(logits: Tensor) -> Tensor:
    return torch.softmax(logits, dim=-1).clamp(min=1e-12).log()


def log_probs_above_tiny(logits: Tensor) -> Tensor:
    return torch.softmax(logits, dim=-1).clamp(min=torch.finfo(logits.dtype).tiny).log()


def log_probs_patched(logits: Tensor) -> Tensor:
    return torch.softmax(logits, dim=-1).log().nan_to_num(neginf=-1e4)


def log_of_softmax(logits: Tensor) -> Tensor:
    return torch.softmax(logits, dim=-1).log()


EPS = Hunt(
    (log_probs_of, log_probs_by_hand, log_probs_in_a_loop, log_probs_in_double),
    (
        ("adds 1e-8 before the log", log_probs_with_eps),
        ("raises all probabilities to at least 1e-12", log_probs_clamped),
        ("raises all probabilities to at least the smallest normal number", log_probs_above_tiny),
        ("replaces -inf with -10000 after the log", log_probs_patched),
        ("takes the log of a probability that may be 0 by then", log_of_softmax),
    ),
    (
        "With ordinary logits, you can't see the effect of 1e-8. Which logits show it?",
        "Logits far enough apart for float32 to store the probability as 0. Its log is still an "
        "ordinary number.",
        "For logits [200, 0] the log-probabilities are [0, -200].",
    ),
)


# Bugs 5 and 6


def hidden_by_infinity(scores: Tensor, mask: Tensor) -> Tensor:
    return torch.softmax(scores.masked_fill(~mask, -INF), dim=-1)


def hidden_by_hand(scores: Tensor, mask: Tensor) -> Tensor:
    kept = torch.where(mask, scores, -INF)
    exps = (kept - kept.amax(dim=-1, keepdim=True)).exp()
    return exps / exps.sum(dim=-1, keepdim=True)


def hidden_in_a_copy(scores: Tensor, mask: Tensor) -> Tensor:
    copy = scores.clone()
    copy[~mask] = -INF
    return copy.softmax(dim=-1)


def hidden_row_by_row(scores: Tensor, mask: Tensor) -> Tensor:
    rows = scores.reshape(-1, scores.size(-1))
    weights = torch.zeros_like(rows)
    for i, seen in enumerate(mask.expand_as(scores).reshape(rows.shape)):
        weights[i, seen] = rows[i, seen].softmax(dim=0)
    return weights.reshape(scores.shape)


def hidden_by_zero(scores: Tensor, mask: Tensor) -> Tensor:
    return torch.softmax(scores * mask, dim=-1)


def hidden_by_a_billionth(scores: Tensor, mask: Tensor) -> Tensor:
    return torch.softmax(scores.masked_fill(~mask, 1e-9), dim=-1)


def mask_added(scores: Tensor, mask: Tensor) -> Tensor:
    return torch.softmax(scores + mask, dim=-1)


def mask_inverted(scores: Tensor, mask: Tensor) -> Tensor:
    return torch.softmax(scores.masked_fill(mask, -INF), dim=-1)


def hidden_too_late(scores: Tensor, mask: Tensor) -> Tensor:
    return torch.softmax(scores, dim=-1) * mask


MASKED = (hidden_by_infinity, hidden_by_hand, hidden_in_a_copy, hidden_row_by_row)
ZEROED_LOGITS = Hunt(
    MASKED,
    (
        ("multiplies the scores by the mask", hidden_by_zero),
        ("fills the hidden scores with 1e-9 where -1e9 was meant", hidden_by_a_billionth),
        ("adds the mask to the scores, as if True were 1 and False 0", mask_added),
        ("hides the keys that may be seen, and shows the others", mask_inverted),
        ("sets weights to 0 after the softmax, so the others don't sum to 1", hidden_too_late),
    ),
    (
        "What weight should a hidden key get? And what do the weights of the others sum to?",
        "Hide one key of three. Its weight is 0, and the other two are a softmax among themselves.",
        "`weights = function(torch.tensor([1.0, 2.0, 3.0]), torch.tensor([True, True, False]))`: "
        "assert `weights[2] == 0`, and compare `weights[:2]` with the softmax of [1, 2].",
    ),
)


def hidden_in_place(scores: Tensor, mask: Tensor) -> Tensor:
    scores[~mask] = -INF
    return torch.softmax(scores, dim=-1)


def hidden_through_a_view(scores: Tensor, mask: Tensor) -> Tensor:
    view = scores.detach()
    view.masked_fill_(~mask, -INF)
    return torch.softmax(view, dim=-1)


def hidden_by_a_sum_in_place(scores: Tensor, mask: Tensor) -> Tensor:
    scores += ~mask * -1e9
    return torch.softmax(scores, dim=-1)


def hidden_by_a_product_in_place(scores: Tensor, mask: Tensor) -> Tensor:
    scores *= mask
    return hidden_by_infinity(scores, mask)


def weights_in_place(scores: Tensor, mask: Tensor) -> Tensor:
    return scores.copy_(hidden_by_infinity(scores, mask))


CHANGED_SCORES = Hunt(
    MASKED,
    (
        ("writes -inf into the scores that it was given", hidden_in_place),
        ("writes -inf through `detach()`, which makes no copy", hidden_through_a_view),
        ("adds -1e9 to the hidden scores in place", hidden_by_a_sum_in_place),
        ("sets the hidden scores to 0 in place", hidden_by_a_product_in_place),
        ("writes its weights into the tensor of the scores", weights_in_place),
    ),
    (
        "The result is right. What else can a function do to its caller?",
        "It can write into the scores. Compare them with a copy from before the call; a second "
        "name for the same tensor isn't a copy.",
        "`before = scores.clone()`, then the call with some keys hidden, then "
        "`assert torch.equal(scores, before)`.",
    ),
)


# Bug 7


def causal_attention(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    return F.scaled_dot_product_attention(q, k, v, is_causal=True)


def causal_attention_by_hand(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    past = torch.ones(q.size(-2), k.size(-2), dtype=torch.bool).tril()
    scores = q @ k.transpose(-2, -1) / q.size(-1) ** 0.5
    return torch.softmax(scores.masked_fill(~past, -INF), dim=-1) @ v


def causal_attention_masked(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    past = torch.ones(q.size(-2), k.size(-2), dtype=torch.bool).tril()
    return F.scaled_dot_product_attention(q, k, v, attn_mask=past)


def causal_attention_in_a_loop(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    outputs = torch.empty_like(v)
    for i in range(q.size(-2)):
        seen = slice(0, i + 1)
        scores = q[..., i : i + 1, :] @ k[..., seen, :].transpose(-2, -1) / q.size(-1) ** 0.5
        outputs[..., i : i + 1, :] = torch.softmax(scores, dim=-1) @ v[..., seen, :]
    return outputs


def causal_attention_inverted(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    future = torch.ones(q.size(-2), k.size(-2), dtype=torch.bool).triu(1)
    return F.scaled_dot_product_attention(q, k, v, attn_mask=future)


def attention_to_all(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    return F.scaled_dot_product_attention(q, k, v)


def attention_to_the_next(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    mask = torch.ones(q.size(-2), k.size(-2), dtype=torch.bool).tril(1)
    return F.scaled_dot_product_attention(q, k, v, attn_mask=mask)


def attention_with_zeros(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    scores = q @ k.transpose(-2, -1) / q.size(-1) ** 0.5
    return torch.softmax(scores.tril(), dim=-1) @ v


def attention_masked_late(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    scores = q @ k.transpose(-2, -1) / q.size(-1) ** 0.5
    return torch.softmax(scores, dim=-1).tril() @ v


FUTURE = Hunt(
    (
        causal_attention,
        causal_attention_by_hand,
        causal_attention_masked,
        causal_attention_in_a_loop,
    ),
    (
        ("sees only the future: its mask is inverted", causal_attention_inverted),
        ("sees everything: it has no mask", attention_to_all),
        ("sees one token of the future: its diagonal is off by one", attention_to_the_next),
        ("sets the scores of the future to 0, not to -inf", attention_with_zeros),
        (
            "hides the future after the softmax, so its outputs aren't averages",
            attention_masked_late,
        ),
    ),
    (
        "Output i is an average of the values 0 to i. For which queries do you know that average?",
        "With queries of 0, all scores are 0, so all keys that may be seen get the same weight. "
        "Values that differ show what was averaged.",
        "The first output is the first value: with `q = torch.zeros(1, 1, 4, 2)` and "
        "`v = torch.arange(8.0).reshape(1, 1, 4, 2)`, compare `function(q, q, v)` with "
        "`v.cumsum(dim=2) / torch.arange(1, 5)[:, None]`.",
    ),
)


# Bug 8


def warm(logits: Tensor, temperature: float) -> Tensor:
    return torch.softmax(logits / temperature, dim=-1)


def warm_from_logs(logits: Tensor, temperature: float) -> Tensor:
    return torch.softmax(torch.log_softmax(logits, dim=-1) / temperature, dim=-1)


def warm_by_hand(logits: Tensor, temperature: float) -> Tensor:
    exps = ((logits - logits.amax(dim=-1, keepdim=True)) / temperature).exp()
    return exps / exps.sum(dim=-1, keepdim=True)


def warm_in_a_loop(logits: Tensor, temperature: float) -> Tensor:
    rows = logits.reshape(-1, logits.size(-1))
    probs = torch.empty_like(rows)
    for i, row in enumerate(rows):
        probs[i] = F.softmax(row / temperature, dim=0)
    return probs.reshape(logits.shape)


def warm_twice(logits: Tensor, temperature: float) -> Tensor:
    logits = logits / temperature
    return torch.softmax(logits / temperature, dim=-1)


def warm_not_at_all(logits: Tensor, temperature: float) -> Tensor:
    return torch.softmax(logits, dim=-1)


def warm_by_multiplying(logits: Tensor, temperature: float) -> Tensor:
    return torch.softmax(logits * temperature, dim=-1)


def warm_by_the_root(logits: Tensor, temperature: float) -> Tensor:
    return torch.softmax(logits / temperature**0.5, dim=-1)


def warm_probs(logits: Tensor, temperature: float) -> Tensor:
    return torch.softmax(logits, dim=-1) / temperature


TEMPERATURE = Hunt(
    (warm, warm_from_logs, warm_by_hand, warm_in_a_loop),
    (
        ("divides by the temperature twice", warm_twice),
        ("ignores the temperature", warm_not_at_all),
        ("multiplies by the temperature", warm_by_multiplying),
        ("divides by the square root of the temperature", warm_by_the_root),
        ("divides the probabilities by the temperature, not the logits", warm_probs),
    ),
    (
        "At which temperature does dividing twice give the same as dividing once? Avoid that one.",
        "Take a temperature of 2. How large is each probability then? Testing the direction isn't "
        "enough.",
        "`torch.testing.assert_close(function(logits, 2.0), torch.softmax(logits / 2, dim=-1))`",
    ),
)


# Bug 9


def stream_sum(chunks: list[Tensor]) -> tuple[Tensor, Tensor]:
    x = torch.cat(list(chunks))
    return x.max(), (x - x.max()).exp().sum()


def stream_sum_online(chunks: list[Tensor]) -> tuple[Tensor, Tensor]:
    largest, total = torch.tensor(-INF), torch.tensor(0.0)
    for chunk in chunks:
        new = torch.maximum(largest, chunk.max())
        total = total * (largest - new).exp() + (chunk - new).exp().sum()
        largest = new
    return largest, total


def stream_sum_in_two_passes(chunks: list[Tensor]) -> tuple[Tensor, Tensor]:
    largest = torch.stack([chunk.max() for chunk in chunks]).max()
    return largest, torch.stack([(chunk - largest).exp().sum() for chunk in chunks]).sum()


def stream_sum_one_by_one(chunks: list[Tensor]) -> tuple[Tensor, Tensor]:
    largest, total = chunks[0][0], torch.ones_like(chunks[0][0])
    for logit in torch.cat(list(chunks))[1:]:
        if logit > largest:
            largest, total = logit, total * (largest - logit).exp() + 1
        else:
            total = total + (logit - largest).exp()
    return largest, total


def stream_sum_unscaled(chunks: list[Tensor]) -> tuple[Tensor, Tensor]:
    largest, total = torch.tensor(-INF), torch.tensor(0.0)
    for chunk in chunks:
        largest = torch.maximum(largest, chunk.max())
        total = total + (chunk - largest).exp().sum()
    return largest, total


def stream_sum_wrong_sign(chunks: list[Tensor]) -> tuple[Tensor, Tensor]:
    largest, total = stream_sum(chunks[:1])
    for chunk in chunks[1:]:
        new = torch.maximum(largest, chunk.max())
        total = total * (new - largest).exp() + (chunk - new).exp().sum()
        largest = new
    return largest, total


def stream_sum_old_maximum(chunks: list[Tensor]) -> tuple[Tensor, Tensor]:
    largest, total = stream_sum(chunks[:1])
    for chunk in chunks[1:]:
        new = torch.maximum(largest, chunk.max())
        total = total * (largest - new).exp() + (chunk - largest).exp().sum()
        largest = new
    return largest, total


def stream_sum_begun_anew(chunks: list[Tensor]) -> tuple[Tensor, Tensor]:
    largest, total = stream_sum(chunks[:1])
    for chunk in chunks[1:]:
        if chunk.max() > largest:
            largest, total = stream_sum([chunk])
        else:
            total = total + (chunk - largest).exp().sum()
    return largest, total


def stream_sum_forgetful(chunks: list[Tensor]) -> tuple[Tensor, Tensor]:
    largest, total = stream_sum(chunks[:1])
    for chunk in chunks[1:]:
        new = chunk.max()
        total = total * (largest - new).exp() + (chunk - new).exp().sum()
        largest = new
    return largest, total


STREAM = Hunt(
    (stream_sum, stream_sum_online, stream_sum_in_two_passes, stream_sum_one_by_one),
    (
        ("never rescales its sum when the maximum grows", stream_sum_unscaled),
        ("rescales its sum with the wrong sign", stream_sum_wrong_sign),
        ("subtracts the old maximum from a new chunk", stream_sum_old_maximum),
        ("drops its sum when the maximum grows", stream_sum_begun_anew),
        ("forgets the maximum of the earlier chunks", stream_sum_forgetful),
    ),
    (
        "If the first chunk has the largest logit, nothing needs to be rescaled. Which order needs "
        "it?",
        "Let the maximum grow from one chunk to the next, and then let a smaller one follow.",
        "`largest, total = function([torch.tensor([1.0]), torch.tensor([3.0]), "
        "torch.tensor([2.0])])`: the largest is 3, and the sum is exp(-2) + 1 + exp(-1).",
    ),
)

HUNTS = {
    "hunt_wrong_dim": WRONG_DIM,
    "hunt_one_maximum": ONE_MAXIMUM,
    "hunt_two_softmaxes": TWO_SOFTMAXES,
    "hunt_class_axis": CLASS_AXIS,
    "hunt_zeroed_logits": ZEROED_LOGITS,
    "hunt_changed_scores": CHANGED_SCORES,
    "hunt_future": FUTURE,
    "hunt_temperature": TEMPERATURE,
    "hunt_stream": STREAM,
    "hunt_unkept_maximum": UNKEPT_MAXIMUM,
    "hunt_eps": EPS,
}

PARSONS = (
    Parsons(
        "hunt_future",
        """
        def test_no_future(function):
            q = torch.zeros(1, 1, 4, 2)
            v = torch.arange(8.0).reshape(1, 1, 4, 2)
            means = v.cumsum(dim=2) / torch.arange(1, 5)[:, None]
            torch.testing.assert_close(function(q, q, v), means)
        """,
        wrong="v = torch.ones(1, 1, 4, 2)",
        mistake="misses-the-bug",
    ),
    Parsons(
        "hunt_stream",
        """
        def test_stream(function):
            chunks = [torch.tensor([1.0]), torch.tensor([3.0, 0.0]), torch.tensor([2.0])]
            largest, total = function(chunks)
            everything = torch.cat(chunks)
            expected = (everything - 3).exp().sum()
            torch.testing.assert_close((largest, total), (torch.tensor(3.0), expected))
        """,
        wrong="chunks = [torch.tensor([3.0]), torch.tensor([2.0, 0.0]), torch.tensor([1.0])]",
        mistake="misses-the-bug",
    ),
)

TASKS = {**HUNTS, **QUESTIONS}
