"""Answers for the exercises on choosing a temperature (09) and on min-p (10)."""

import math

import torch
import torch.nn.functional as F
from bank import right, wrong

INF = float("inf")


@right("min_p_softmax")
def min_p_masked(logits, min_p):
    probs = torch.softmax(logits, dim=-1)
    keep = probs >= min_p * probs.amax(dim=-1, keepdim=True)
    return torch.softmax(logits.masked_fill(~keep, -INF), dim=-1)


@right("min_p_softmax")
def min_p_renormalised(logits, min_p):
    probs = logits.softmax(-1)
    kept = torch.where(probs < min_p * probs.max(-1, keepdim=True).values, 0, probs)
    return kept / kept.sum(-1, keepdim=True)


@right("min_p_softmax")
def min_p_by_leads(logits, min_p):
    leads = logits - logits.amax(-1, keepdim=True)
    return leads.masked_fill(leads < torch.tensor(min_p).log(), -INF).softmax(-1)


@right("min_p_softmax")
def min_p_by_exps(logits, min_p):
    exps = (logits - logits.amax(dim=1, keepdim=True)).exp()
    exps = exps * (exps >= min_p)
    return exps / exps.sum(dim=1, keepdim=True)


@right("min_p_softmax")
def min_p_row_by_row(logits, min_p):
    rows = []
    for row in logits:
        probs = row.softmax(0)
        rows.append(row.masked_fill(probs < min_p * probs.max(), -INF).softmax(0))
    return torch.stack(rows)


@right("min_p_softmax")
def min_p_by_logs(logits, min_p):
    log_probs = torch.log_softmax(logits, -1)
    cut = log_probs.amax(-1, keepdim=True) + (math.log(min_p) if min_p > 0 else -INF)
    return torch.where(log_probs >= cut, logits, -INF).softmax(-1)


@wrong("min_p_softmax", "ignores-min-p")
def min_p_not_assigned(logits, min_p):
    probs = logits.softmax(-1)
    logits.masked_fill(probs < min_p * probs.amax(-1, keepdim=True), -INF)
    return logits.softmax(-1)


@wrong("min_p_softmax", "cut-not-relative")
def min_p_absolute(logits, min_p):
    return logits.masked_fill(logits.softmax(-1) < min_p, -INF).softmax(-1)


@wrong("min_p_softmax", "cuts-logits")
def min_p_of_the_logit(logits, min_p):
    return logits.masked_fill(logits < min_p * logits.amax(-1, keepdim=True), -INF).softmax(-1)


@wrong("min_p_softmax", "cuts-logits")
def min_p_below_the_logit(logits, min_p):
    leads = logits - logits.amax(-1, keepdim=True)
    return leads.masked_fill(leads < -min_p, -INF).softmax(-1)


@wrong("min_p_softmax", "cut-by-difference")
def min_p_within(logits, min_p):
    probs = logits.softmax(-1)
    return logits.masked_fill(probs < probs.amax(-1, keepdim=True) - min_p, -INF).softmax(-1)


@wrong("min_p_softmax", "argmax-one-hot")
def min_p_greedy(logits, min_p):
    return F.one_hot(logits.argmax(-1), logits.shape[-1]).to(logits.dtype)


@wrong("min_p_softmax", "forgets-renormalise")
def min_p_zeroed(logits, min_p):
    probs = logits.softmax(-1)
    return torch.where(probs >= min_p * probs.amax(-1, keepdim=True), probs, 0.0)


@wrong("min_p_softmax", "largest-may-go")
def min_p_strict(logits, min_p):
    probs = logits.softmax(-1)
    keep = probs > min_p * probs.amax(-1, keepdim=True)
    return logits.masked_fill(~keep, -INF).softmax(-1)


@wrong("min_p_softmax", "mask-inverted")
def min_p_inverted(logits, min_p):
    probs = logits.softmax(-1)
    keep = probs >= min_p * probs.amax(-1, keepdim=True)
    return logits.masked_fill(keep, -INF).softmax(-1)


@wrong("min_p_softmax", "zeroed-logits")
def min_p_zero_logits(logits, min_p):
    probs = logits.softmax(-1)
    return (logits * (probs >= min_p * probs.amax(-1, keepdim=True))).softmax(-1)


@wrong("min_p_softmax", "cut-of-all-rows")
def min_p_one_cut(logits, min_p):
    probs = logits.softmax(-1)
    return logits.masked_fill(probs < min_p * probs.max(), -INF).softmax(-1)


@wrong("min_p_softmax", "cut-along-batch")
def min_p_of_columns(logits, min_p):
    probs = logits.softmax(-1)
    return logits.masked_fill(probs < min_p * probs.amax(0), -INF).softmax(-1)


@wrong("min_p_softmax", "missing-keepdim")
def min_p_unkept(logits, min_p):
    probs = logits.softmax(-1)
    return logits.masked_fill(probs < min_p * probs.amax(-1), -INF).softmax(-1)


@wrong("min_p_softmax", "top-p-instead")
def min_p_as_top_p(logits, min_p):
    probs, order = logits.softmax(-1).sort(-1, descending=True)
    drop = probs.cumsum(-1) - probs >= min_p
    drop[:, 0] = False
    return logits.masked_fill(drop.gather(-1, order.argsort(-1)), -INF).softmax(-1)


@wrong("min_p_softmax", "log-of-zero")
def min_p_math_log(logits, min_p):
    leads = logits - logits.amax(-1, keepdim=True)
    return leads.masked_fill(leads < math.log(min_p), -INF).softmax(-1)


@wrong("min_p_softmax", "softmax-twice")
def min_p_twice(logits, min_p):
    probs = logits.softmax(-1)
    return probs.masked_fill(probs < min_p * probs.amax(-1, keepdim=True), -INF).softmax(-1)


@wrong("min_p_softmax", "finite-sentinel")
def min_p_low(logits, min_p):
    probs = logits.softmax(-1)
    return logits.masked_fill(probs < min_p * probs.amax(-1, keepdim=True), -1e9).softmax(-1)


@wrong("min_p_softmax", "finite-sentinel")
def min_p_lower(logits, min_p):
    probs = logits.softmax(-1)
    return logits.masked_fill(probs < min_p * probs.amax(-1, keepdim=True), -1e30).softmax(-1)


@wrong("min_p_softmax", "returns-mask")
def min_p_which(logits, min_p):
    probs = logits.softmax(-1)
    return probs >= min_p * probs.amax(-1, keepdim=True)


@wrong("min_p_softmax", "returns-log")
def min_p_log(logits, min_p):
    probs = logits.softmax(-1)
    keep = probs >= min_p * probs.amax(-1, keepdim=True)
    return logits.masked_fill(~keep, -INF).log_softmax(-1)


# --- lesson 09: best_temperature ---


@right("best_temperature")
def fit_loop(logits, targets, temperatures):
    losses = torch.stack([F.cross_entropy(logits / t, targets) for t in temperatures])
    return temperatures[losses.argmin()]


@right("best_temperature")
def fit_at_once(logits, targets, temperatures):
    log_probs = torch.log_softmax(logits / temperatures[:, None, None], dim=-1)
    picked = log_probs[:, torch.arange(len(targets)), targets]
    return temperatures[picked.mean(dim=1).argmax()]


@right("best_temperature")
def fit_smallest_so_far(logits, targets, temperatures):
    best, smallest = temperatures[0], INF
    for t in temperatures:
        loss = F.cross_entropy(logits / t, targets, reduction="sum").item()
        if loss < smallest:
            best, smallest = t, loss
    return best


@right("best_temperature")
def fit_by_key(logits, targets, temperatures):
    return min(temperatures, key=lambda t: F.cross_entropy(logits / t, targets))


@wrong("best_temperature", "inverse-temperature")
def fit_multiplied(logits, targets, temperatures):
    losses = [F.cross_entropy(logits * t, targets) for t in temperatures]
    return temperatures[torch.stack(losses).argmin()]


@wrong("best_temperature", "accuracy-is-flat")
def fit_accuracy(logits, targets, temperatures):
    right = [((logits / t).argmax(1) == targets).float().mean() for t in temperatures]
    return temperatures[torch.stack(right).argmax()]


@wrong("best_temperature", "worst-wins")
def fit_worst(logits, targets, temperatures):
    return max(temperatures, key=lambda t: F.cross_entropy(logits / t, targets))


@wrong("best_temperature", "returns-position")
def fit_place(logits, targets, temperatures):
    return torch.stack([F.cross_entropy(logits / t, targets) for t in temperatures]).argmin()


@wrong("best_temperature", "returns-loss")
def fit_loss(logits, targets, temperatures):
    return torch.stack([F.cross_entropy(logits / t, targets) for t in temperatures]).min()


@wrong("best_temperature", "temperature-after-softmax")
def fit_probs(logits, targets, temperatures):
    losses = [F.cross_entropy(logits.softmax(1) / t, targets) for t in temperatures]
    return temperatures[torch.stack(losses).argmin()]


@wrong("best_temperature", "temperature-after-softmax")
def fit_two_softmaxes(logits, targets, temperatures):
    losses = [F.cross_entropy((logits / t).softmax(dim=1), targets) for t in temperatures]
    return temperatures[torch.stack(losses).argmin()]


@wrong("best_temperature", "forgets-the-targets")
def fit_most_sure(logits, targets, temperatures):
    sure = [(logits / t).softmax(1).max(1).values.mean() for t in temperatures]
    return temperatures[torch.stack(sure).argmax()]


@wrong("best_temperature", "another-score")
def fit_mean_confidence(logits, targets, temperatures):
    right = (logits.argmax(1) == targets).float().mean()
    gaps = [((logits / t).softmax(1).amax(1).mean() - right).abs() for t in temperatures]
    return temperatures[torch.stack(gaps).argmin()]


@wrong("best_temperature", "one-example")
def fit_first(logits, targets, temperatures):
    losses = [F.cross_entropy(logits[0] / t, targets[0]) for t in temperatures]
    return temperatures[torch.stack(losses).argmin()]


@wrong("best_temperature", "result-has-dims")
def fit_all(logits, targets, temperatures):
    return torch.stack([F.cross_entropy(logits / t, targets) for t in temperatures])


@wrong("best_temperature", "mean-of-probabilities")
def fit_mean_probability(logits, targets, temperatures):
    found = [(logits / t).softmax(1).gather(1, targets[:, None]).mean() for t in temperatures]
    return temperatures[torch.stack(found).argmax()]


@wrong("best_temperature", "sums-logits")
def fit_nll_of_logits(logits, targets, temperatures):
    losses = [F.nll_loss(logits / t, targets) for t in temperatures]
    return temperatures[torch.stack(losses).argmin()]


@wrong("best_temperature", "log-of-softmax")
def fit_log_of_softmax(logits, targets, temperatures):
    losses = [F.nll_loss((logits / t).softmax(1).log(), targets) for t in temperatures]
    return temperatures[torch.stack(losses).argmin()]


@wrong("best_temperature", "forgets-the-targets")
def fit_own_answers(logits, targets, temperatures):
    answers = logits.argmax(dim=1)
    losses = [F.cross_entropy(logits / t, answers) for t in temperatures]
    return temperatures[torch.stack(losses).argmin()]
