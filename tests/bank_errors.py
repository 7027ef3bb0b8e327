"""An answer for each mistake that had no example; many of them raise an error."""

import math

import numpy as np
import torch
import torch.nn.functional as F
from bank import wrong

# --- the result is not a tensor ---


@wrong("softmax_1d", "returns-numpy")
def stays_in_numpy(x):
    exps = np.exp(x.numpy())
    return exps / exps.sum()


@wrong("classes_of_sequence", "returns-uncalled")
def layer_without_a_call(x):
    return torch.nn.Softmax(dim=2)


@wrong("softmax_1d", "returns-one-number")
def overwrites_the_result(x):
    exps = [math.exp(v) for v in x.tolist()]
    for e in exps:
        prob = e / sum(exps)
    return prob


# --- names, attributes and calls ---


@wrong("softmax_dim", "no-such-module")
def imports_pytorch(x, dim):
    import pytorch

    return pytorch.softmax(x, dim)


@wrong("half_softmax", "no-such-attribute")
def converts_like_numpy(x, dim):
    wide = x.astype(torch.float32)
    exps = (wide - wide.amax(dim, keepdim=True)).exp()
    return (exps / exps.sum(dim, keepdim=True)).to(x.dtype)


@wrong("softmax_1d", "method-not-called")
def sum_without_parentheses(x):
    exps = x.exp()
    return exps / exps.sum


@wrong("softmax_1d", "not-a-function")
def calls_the_shape(x):
    total = 0
    for i in range(x.shape(0)):
        total += x[i].exp()
    return x.exp() / total


@wrong("softmax_1d", "none-on-the-way")
def keeps_what_append_returns(x):
    exps = []
    for v in x:
        exps = exps.append(v.exp())
    total = sum(exps)
    return torch.stack(exps) / total


@wrong("classes_of_image", "calls-itself")
def hides_the_softmax_it_means(x):
    def softmax(logits, dim=1):
        return softmax(logits, dim)

    return softmax(x)


# --- arguments ---


@wrong("softmax_dim", "no-such-argument")
def exp_along_a_dim(x, dim):
    exps = torch.exp(x, dim=dim)
    return exps / exps.sum(dim, keepdim=True)


@wrong("softmax_dim", "keepdim-without-dim")
def keeps_no_dim_in_particular(x, dim):
    exps = x.exp()
    return exps / exps.sum(keepdim=True)


@wrong("cross_entropy", "tensor-as-dim")
def log_softmax_at_the_targets(logits, targets):
    return -logits.log_softmax(targets).mean()


@wrong("classes_of_sequence", "dim-is-no-number")
def dim_by_name(x):
    return torch.softmax(x, dim="classes")


@wrong("softmax_1d", "list-where-tensor-belongs")
def divides_a_list(x):
    exps = [v.exp() for v in x]
    return exps / sum(exps)


@wrong("softmax_1d", "number-where-tensor-belongs")
def torchs_exp_of_a_number(x):
    exps = [torch.exp(v) for v in x.tolist()]
    return torch.stack(exps) / sum(exps)


@wrong("softmax_1d", "wrong-arguments")
def zeros_of_a_tensor(x):
    probs = torch.zeros(x)
    for i in range(len(x)):
        probs[i] = x[i].exp() / x.exp().sum()
    return probs


@wrong("cross_entropy", "index-does-not-fit")
def gathers_along_a_row(logits, targets):
    return -logits.log_softmax(1).gather(1, targets).mean()


# --- dtypes ---


@wrong("top_k_softmax", "dtypes-do-not-fit")
def starts_from_float32(logits, k):
    top = logits.topk(k, dim=-1)
    masked = torch.full(logits.shape, float("-inf"))
    return masked.scatter(-1, top.indices, top.values).softmax(-1)


@wrong("half_softmax", "numpy-has-no-bfloat16")
def widens_in_numpy(x, dim):
    wide = x.numpy().astype(np.float32)
    exps = np.exp(wide - wide.max(dim, keepdims=True))
    return torch.from_numpy(exps / exps.sum(dim, keepdims=True)).to(x.dtype)


# --- shapes and positions ---


@wrong("classes_of_image", "view-after-moving")
def moves_then_views(x):
    classes_last = x.movedim(1, -1)
    probs = classes_last.view(-1, x.shape[1]).softmax(1)
    return probs.view(classes_last.shape).movedim(-1, 1)


@wrong("pixels_of_image", "reshape-does-not-fit")
def sizes_of_one_image(x):
    flat = x.reshape(2, 3, 4 * 5)
    return flat.softmax(2).reshape(2, 3, 4, 5)


@wrong("softmax_1d", "index-out-of-range")
def counts_from_1(x):
    total = 0
    for i in range(1, len(x) + 1):
        total += x[i].exp()
    return x.exp() / total


@wrong("softmax_1d", "no-whole-number")
def range_of_a_tensor(x):
    total = 0
    for i in range(x):
        total += x[i].exp()
    return x.exp() / total


@wrong("classes_of_batch", "first-left-out")
def skips_the_first_row(x):
    probs = torch.zeros_like(x)
    for i in range(1, len(x)):
        probs[i] = torch.softmax(x[i], dim=0)
    return probs


# --- plain Python: numbers, questions and loops ---


@wrong("text_log_prob", "python-numbers-overflow")
def text_in_python_numbers(logits, words):
    total = 0.0
    for i in range(len(words) - 1):
        exps = [math.exp(v) for v in logits[i].tolist()]
        total += math.log(exps[words[i + 1]] / sum(exps))
    return logits.new_tensor(total)


@wrong("text_log_prob", "python-divides-by-zero")
def text_by_math_log(logits, words):
    probs = torch.softmax(logits, dim=1)
    total = 0.0
    for i in range(len(words) - 1):
        total += math.log(probs[i, words[i + 1]])
    return logits.new_tensor(total)


@wrong("stable_softmax", "asks-if-a-tensor-is-true")
def shifts_large_logits(x, dim):
    largest = x.amax(dim, keepdim=True)
    if largest > 80:
        x = x - largest
    exps = x.exp()
    return exps / exps.sum(dim, keepdim=True)


@wrong("softmax_dim", "refuses-the-input")
def insists_on_a_table(x, dim):
    assert x.dim() == 2, "x should have shape (batch, classes)"
    exps = x.exp()
    return exps / exps.sum(dim, keepdim=True)


@wrong("softmax_1d", "takes-too-long")
def never_moves_on(x):
    total = 0
    i = 0
    while i < len(x):
        total += x[i].exp()
    return x.exp() / total


# --- which entries compete ---


@wrong("keys_of_attention", "one-softmax-after-the-other")
def keys_then_queries(x):
    weights = torch.softmax(x, dim=-1)
    return torch.softmax(weights, dim=-2)


@wrong("softmax_1d", "other-entries-compete")
def each_piece_on_its_own(x):
    return torch.cat([torch.softmax(piece, dim=0) for piece in x.split(2)])


@wrong("pixels_of_image", "over-height")
def only_along_height(x):
    return torch.softmax(x, dim=2)


@wrong("pixels_of_image", "rows-share-equally")
def share_of_each_row(x):
    return torch.softmax(x, dim=3) / x.shape[2]


@wrong("keys_of_attention", "takes-zero-for-padding")
def hides_zeros(x):
    return x.masked_fill(x == 0, float("-inf")).softmax(dim=-1)


@wrong("softmax_dim", "stretches-each-slice")
def relative_to_the_mean(x, dim):
    exps = (x / x.abs().mean(dim, keepdim=True)).exp()
    return exps / exps.sum(dim, keepdim=True)


# --- right for some inputs only ---


@wrong("softmax_dim", "two-dims-only")
def column_of_totals(x, dim):
    exps = x.exp()
    totals = exps.sum(dim)
    if dim == 1:
        totals = totals.unsqueeze(1)
    return exps / totals


@wrong("softmax_backward", "one-row-only")
def jacobian_of_one_row(probs, grad, dim):
    jacobian = torch.diag(probs) - torch.outer(probs, probs)
    return jacobian @ grad


@wrong("stable_softmax", "last-dim-only")
def largest_comes_last(x, dim):
    largest = x.sort(dim).values[..., -1:]
    exps = (x - largest).exp()
    return exps / exps.sum(dim, keepdim=True)


@wrong("stable_softmax", "first-dim-only")
def largest_is_the_last_row(x, dim):
    largest = x.sort(dim).values[-1]
    exps = (x - largest).exp()
    return exps / exps.sum(dim, keepdim=True)


@wrong("log_softmax", "minus-inf-becomes-nan")
def centres_first(x, dim):
    centred = x - x.mean(dim, keepdim=True)
    return centred - centred.logsumexp(dim, keepdim=True)


# --- right except for a number ---


@wrong("cross_entropy", "off-by-a-factor")
def deviance(logits, targets):
    log_probs = logits.log_softmax(1)
    return -2 * log_probs[torch.arange(len(targets)), targets].mean()


@wrong("log_softmax", "off-by-a-constant")
def logs_of_percent(x, dim):
    log_probs = x - x.logsumexp(dim, keepdim=True)
    return log_probs + math.log(100)


@wrong("softmax_backward", "multiplied-by-a-number")
def with_a_learning_rate(probs, grad, dim):
    return 0.1 * probs * (grad - (probs * grad).sum(dim, keepdim=True))


# --- lesson 12: masked_softmax ---


@wrong("masked_softmax", "counts-with-a-boolean-mask")
def one_minus_the_mask(scores, mask):
    probs = scores.masked_fill(1 - mask, float("-inf")).softmax(-1)
    return probs.masked_fill(~mask, 0)


@wrong("masked_softmax", "mask-is-not-boolean")
def inverts_numbers(scores, mask):
    keep = mask.to(scores.dtype)
    probs = scores.masked_fill(~keep, float("-inf")).softmax(-1)
    return probs.masked_fill(~mask, 0)


@wrong("masked_softmax", "mask-as-index")
def hides_by_index(scores, mask):
    hidden = scores.clone()
    hidden[~mask] = float("-inf")
    return hidden.softmax(-1).masked_fill(~mask, 0)


@wrong("masked_softmax", "mask-does-not-broadcast")
def reshapes_the_mask(scores, mask):
    mask = mask.reshape(scores.shape)
    probs = scores.masked_fill(~mask, float("-inf")).softmax(-1)
    return probs.masked_fill(~mask, 0)


@wrong("masked_softmax", "only-float32-range")
def lowest_float32(scores, mask):
    lowest = torch.tensor(torch.finfo(torch.float32).min)
    hidden = torch.where(mask, scores, lowest)
    return hidden.softmax(-1) * mask.any(-1, keepdim=True)


@wrong("masked_softmax", "computes-in-float32")
def float32_and_back(scores, mask):
    probs = scores.float().masked_fill(~mask, float("-inf")).softmax(-1).nan_to_num(0.0)
    return probs.to(scores.dtype)


@wrong("stable_softmax", "computes-in-float32")
def stable_in_float32_and_back(x, dim):
    exps = (x.float() - x.float().amax(dim, keepdim=True)).exp()
    return (exps / exps.sum(dim, keepdim=True)).to(x.dtype)


@wrong("log_softmax", "computes-in-float32")
def logs_in_float32_and_back(x, dim):
    wide = x.to(torch.float32)
    return (wide - wide.logsumexp(dim, keepdim=True)).to(x.dtype)


@wrong("softmax_1d", "dtypes-do-not-fit")
def sum_by_a_float32_dot_product(x):
    return x.exp() / (x.exp() @ torch.ones(len(x)))


@wrong("masked_softmax", "dropout-left-on")
def drops_some_keys(scores, mask):
    probs = scores.masked_fill(~mask, float("-inf")).softmax(-1)
    return F.dropout(probs.masked_fill(~mask, 0), p=0.1)


@wrong("masked_softmax", "scores-left-in-result")
def leaves_hidden_scores(scores, mask):
    probs = scores.masked_fill(~mask, float("-inf")).softmax(-1)
    return torch.where(mask, probs, scores)


# --- lesson 14: merge_states ---


@wrong("merge_states", "merges-one-row-only")
def merges_the_first_row(a, b):
    merged = a.clone()
    largest = torch.maximum(a[0, 0], b[0, 0])
    base = largest.masked_fill(largest == float("-inf"), 0)
    merged[0, 0] = largest
    merged[1, 0] = a[1, 0] * (a[0, 0] - base).exp() + b[1, 0] * (b[0, 0] - base).exp()
    return merged


@wrong("merge_states", "adds-to-the-sum")
def sum_never_zero(a, b):
    largest = torch.maximum(a[0], b[0])
    base = largest.masked_fill(largest == float("-inf"), 0)
    total = a[1] * (a[0] - base).exp() + b[1] * (b[0] - base).exp()
    return torch.stack([largest, total + 1e-6])


@wrong("merge_states", "empty-sum-not-zero")
def one_for_an_empty_sum(a, b):
    largest = torch.maximum(a[0], b[0])
    total = a[1] * (a[0] - largest).exp() + b[1] * (b[0] - largest).exp()
    return torch.stack([largest, total.nan_to_num(1.0)])
