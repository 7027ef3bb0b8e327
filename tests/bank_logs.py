"""More answers for lesson 06, in the manner of courses, forums and libraries."""

import math

import torch
import torch.nn.functional as F
from bank import right, wrong


def logs_of(x, dim=1):
    z = x - x.amax(dim, keepdim=True)
    return z - z.exp().sum(dim, keepdim=True).log()


def nll(logits, targets):
    return -logs_of(logits)[torch.arange(len(targets)), targets]


def hot(logits, targets):
    return F.one_hot(targets, logits.shape[1]).to(logits.dtype)


# --- log_softmax: right ---


@right("log_softmax")
def rows_one_by_one(x, dim):
    rows = x.transpose(dim, -1)
    flat = rows.reshape(-1, rows.shape[-1])
    out = [r - r.max() - (r - r.max()).exp().sum().log() for r in flat]
    return torch.stack(out).reshape(rows.shape).transpose(dim, -1)


@right("log_softmax")
def shifted_logsumexp(x, dim):
    z = x - x.max(dim, keepdim=True).values
    return z - torch.logsumexp(z, dim, keepdim=True)


@right("log_softmax")
def largest_by_sort(x, dim):
    z = x - x.sort(dim, descending=True).values.select(dim, 0).unsqueeze(dim)
    return z - z.exp().sum(dim, keepdim=True).log()


@right("log_softmax")
def cast_before_the_subtraction(x, dim):
    return x - torch.logsumexp(x.double(), dim, keepdim=True).to(x.dtype)


# --- log_softmax: wrong ---


@wrong("log_softmax", "divides-logarithms")
def log_over_log(x, dim):
    e = (x - x.amax(dim, keepdim=True)).exp()
    return e.log() / e.sum(dim, keepdim=True).log()


@wrong("log_softmax", "max-back-with-the-wrong-sign")
def max_on_the_wrong_side(x, dim):
    m = x.amax(dim, keepdim=True)
    return x + m - (x - m).exp().sum(dim, keepdim=True).log()


@wrong("log_softmax", "eps-in-denominator")
def eps_in_the_sum(x, dim):
    z = x - x.amax(dim, keepdim=True)
    return z - (z.exp().sum(dim, keepdim=True) + 1e-3).log()


@wrong("log_softmax", "patches-nan")
def patched(x, dim):
    return torch.nan_to_num(torch.softmax(x, dim).log(), neginf=-1e9)


@wrong("log_softmax", "eps-in-log")
def cut_off_after_the_log(x, dim):
    return logs_of(x, dim).clamp(min=-100)


@wrong("log_softmax", "eps-in-log")
def cut_off_at_tiny(x, dim):
    return torch.softmax(x, dim).clamp_min(torch.finfo(x.dtype).tiny).log()


@wrong("log_softmax", "eps-in-log")
def eps_in_each_exp(x, dim):
    e = (x - x.amax(dim, keepdim=True)).exp()
    return (e + 1e-8).log() - e.sum(dim, keepdim=True).log()


@wrong("log_softmax", "eps-in-log")
def eps_in_each_exp_and_their_sum(x, dim):
    e = (x - x.amax(dim, keepdim=True)).exp() + 1e-8
    return (e / e.sum(dim, keepdim=True)).log()


@wrong("log_softmax", "random-results")
def gumbel(x, dim):
    return F.gumbel_softmax(x, dim=dim).log()


@wrong("log_softmax", "log-of-softmax", "no-max-subtraction")
def both_logs_overflow(x, dim):
    return x.exp().log() - x.exp().sum(dim, keepdim=True).log()


@wrong("log_softmax", "takes-absolute-value")
def largest_absolute(x, dim):
    z = x - x.abs().amax(dim, keepdim=True)
    return z - z.exp().sum(dim, keepdim=True).log()


@wrong("log_softmax", "takes-absolute-value")
def absolute_distances(x, dim):
    z = (x - x.amax(dim, keepdim=True)).abs()
    return z - z.exp().sum(dim, keepdim=True).log()


@wrong("log_softmax", "shifts-only-if-large")
def waits_for_50(x, dim):
    x = x - x.amax() if x.amax() > 50 else x
    return x - x.exp().sum(dim, keepdim=True).log()


@wrong("log_softmax", "last-left-out")
def one_too_few(x, dim):
    z = logs_of(x, dim).movedim(dim, -1)
    return torch.cat([z[..., :-1], torch.zeros_like(z[..., -1:])], -1).movedim(-1, dim)


@wrong("log_softmax", "computes-in-16-bits")
def in_half(x, dim):
    return logs_of(x.half(), dim).to(x.dtype)


@wrong("log_softmax", "replaces-minus-inf")
def number_for_minus_inf(x, dim):
    return logs_of(torch.nan_to_num(x, neginf=-1e4), dim)


wrong("log_softmax", "returns-the-log-sum")(lambda x, dim: x.logsumexp(dim))
wrong("log_softmax", "running-total")(lambda x, dim: x - x.logcumsumexp(dim))
wrong("log_softmax", "divides-by-norm")(
    lambda x, dim: (z := x - x.amax(dim, True)) - z.exp().norm(dim=dim, keepdim=True).log()
)
wrong("log_softmax", "rounds")(lambda x, dim: logs_of(x, dim).round(decimals=4))
wrong("log_softmax", "scales-logits")(lambda x, dim: logs_of(x / 0.5, dim))
wrong("log_softmax", "sign-error", "log-of-softmax")(lambda x, dim: F.softmin(x, dim).log())
wrong("log_softmax", "forgets-exp")(
    lambda x, dim: (z := x - x.amax(dim, True)) - z.sum(dim, keepdim=True).log()
)
wrong("log_softmax", "squashes-first")(lambda x, dim: logs_of(x.tanh(), dim))
wrong("log_softmax", "clamping")(lambda x, dim: logs_of(x.clamp(-100, 100), dim))

# --- cross_entropy: right ---


@right("cross_entropy")
def largest_lead(logits, targets):
    lead = logits - logits.gather(1, targets[:, None])
    m = lead.amax(1, keepdim=True)
    return (m[:, 0] + (lead - m).exp().sum(1).log()).mean()


@right("cross_entropy")
def two_means(logits, targets):
    z = logits - logits.amax(1, keepdim=True)
    return z.exp().sum(1).log().mean() - z.gather(1, targets[:, None]).mean()


@right("cross_entropy")
def in_double(logits, targets):
    z = logits.double()
    return (z.logsumexp(1) - z.gather(1, targets[:, None])[:, 0]).mean().to(logits.dtype)


@right("cross_entropy")
def divergence(logits, targets):
    return F.kl_div(logs_of(logits), hot(logits, targets), reduction="batchmean")


# --- cross_entropy: wrong ---


@wrong("cross_entropy", "label-smoothing")
def smoothed_table(logits, targets):
    n = logits.shape[1]
    table = F.one_hot(targets, n) * 0.9 + 0.1 / n
    return -(table * logs_of(logits)).sum(1).mean()


@wrong("cross_entropy", "label-smoothing")
def shared_with_the_others(logits, targets):
    table = torch.full_like(logits, 0.1 / (logits.shape[1] - 1))
    return -(table.scatter(1, targets[:, None], 0.9) * logs_of(logits)).sum(1).mean()


@wrong("cross_entropy", "focal-loss")
def focal(logits, targets):
    loss = nll(logits, targets)
    return ((1 - torch.exp(-loss)) ** 2 * loss).mean()


@wrong("cross_entropy", "focal-loss")
def focal_with_alpha(logits, targets):
    loss = nll(logits, targets)
    return (0.25 * (1 - torch.exp(-loss)) ** 2 * loss).mean()


@wrong("cross_entropy", "ignores-a-class")
def padding(logits, targets):
    return nll(logits, targets)[targets != 0].mean()


@wrong("cross_entropy", "last-row-only")
def overwritten(logits, targets):
    for i in range(len(targets)):
        loss = nll(logits[i : i + 1], targets[i : i + 1])[0]
    return loss


@wrong("cross_entropy", "log-of-softmax")
def product_with_minus_inf(logits, targets):
    return -(hot(logits, targets) * logits.softmax(1).log()).sum(1).mean()


@wrong("cross_entropy", "divides-by-classes", "log-of-softmax")
def mean_of_a_product(logits, targets):
    return -(hot(logits, targets) * logits.softmax(1).log()).mean()


@wrong("cross_entropy", "log-of-zero-entries")
def product_inside_the_log(logits, targets):
    return -(hot(logits, targets) * logits.softmax(1)).log().sum(1).mean()


@wrong("cross_entropy", "one-hot-too-narrow")
def narrow(logits, targets):
    return -(F.one_hot(targets) * logs_of(logits)).sum(1).mean()


wrong("cross_entropy", "swaps-prediction-and-target")(
    lambda z, t: -(z.softmax(1) * (hot(z, t) + 1e-9).log()).sum(1).mean()
)
wrong("cross_entropy", "log-of-the-mean")(
    lambda z, t: -z.softmax(1)[torch.arange(len(t)), t].mean().log()
)
wrong("cross_entropy", "absolute-error")(
    lambda z, t: (1 - z.softmax(1)[torch.arange(len(t)), t]).mean()
)
wrong("cross_entropy", "hinge-loss")(F.multi_margin_loss)
wrong("cross_entropy", "binary-formula")(
    lambda z, t: F.binary_cross_entropy_with_logits(z, hot(z, t))
)
wrong("cross_entropy", "binary-formula")(
    lambda z, t: F.binary_cross_entropy(z.softmax(1), hot(z, t))
)
wrong("cross_entropy", "returns-accuracy")(lambda z, t: (z.argmax(1) == t).to(z.dtype).mean())
wrong("cross_entropy", "divides-by-the-batch-twice")(lambda z, t: nll(z, t).mean() / len(t))
wrong("cross_entropy", "targets-of-other-rows")(lambda z, t: nll(z, t.sort().values).mean())
wrong("cross_entropy", "no-mean-over-rows")(
    lambda z, t: F.nll_loss(logs_of(z), t, weight=torch.arange(1, z.shape[1] + 1, dtype=z.dtype))
)
wrong("cross_entropy", "rows-left-out")(
    lambda z, t: nll(z, t).topk(max(1, len(t) // 2)).values.mean()
)
wrong("cross_entropy", "not-minus-the-logarithm")(
    lambda z, t: (nll(z, t) + 1 - (-nll(z, t)).exp()).mean()
)
wrong("cross_entropy", "not-of-the-probability-alone")(
    lambda z, t: nll(z, t).mean() + 0.1 * (logs_of(z).exp() * logs_of(z)).sum(1).mean()
)
wrong("cross_entropy", "changes-the-loss-afterwards")(lambda z, t: nll(z, t).mean().sqrt())
wrong("cross_entropy", "wrong-log-base")(lambda z, t: nll(z, t).mean() / math.log(2))
wrong("cross_entropy", "softmax-over-batch", "log-of-softmax")(
    lambda z, t: -z.softmax(0).log()[torch.arange(len(t)), t].mean()
)

# --- the heads ---

right("repair_head_1")(lambda z, t: F.cross_entropy(torch.log_softmax(z, dim=1), t))
right("repair_head_3")(lambda z, t: F.cross_entropy(z, hot(z, t)))
right("repair_head_4")(lambda z, t: F.nll_loss(torch.log_softmax(z.T, dim=0).T, t))
wrong("repair_head_1", "squashes-first")(lambda z, t: F.cross_entropy(torch.sigmoid(z), t))
wrong("repair_head_1", "label-smoothing")(lambda z, t: F.cross_entropy(z, t, label_smoothing=0.1))
wrong("repair_head_2", "changes-the-loss-afterwards", "forgets-log")(
    lambda z, t: F.nll_loss(torch.softmax(z, dim=1), t).log()
)
wrong("repair_head_3", "eps-in-log")(
    lambda z, t: F.nll_loss((torch.softmax(z, dim=1) + 1e-30).log(), t)
)
wrong("repair_head_4", "softmax-over-batch")(
    lambda z, t: F.cross_entropy(torch.log_softmax(z, dim=0), t)
)
wrong("repair_head_4", "takes-classes-for-the-batch")(
    lambda z, t: F.nll_loss(torch.log_softmax(z.T, dim=0), t)
)
wrong("repair_head_5", "divides-by-classes", "off-by-a-factor")(
    lambda z, t: -10 * (F.one_hot(t, z.shape[1]) * logs_of(z)).mean()
)
wrong("repair_head_1", "eps-in-log")(
    lambda z, t: F.cross_entropy((torch.softmax(z, dim=1) + 1e-8).log(), t)
)
wrong("repair_head_5", "not-minus-log-of-the-probability")(
    lambda z, t: -(F.one_hot(t, z.shape[1]) * logs_of(z)).amax(1).mean()
)
