"""Answers for the exercises of lesson 06, right and wrong."""

import functools
import math

import torch
import torch.nn.functional as F
from bank import amax, plain, right, wrong

# --- lesson 06: log_softmax ---


@right("log_softmax")
def log_amax(x, dim):
    z = x - x.amax(dim, keepdim=True)
    return z - z.exp().sum(dim, keepdim=True).log()


@right("log_softmax")
def log_max_values(x, dim):
    m = x.max(dim=dim, keepdim=True).values
    return x - m - torch.log(torch.exp(x - m).sum(dim=dim, keepdim=True))


@right("log_softmax")
def log_logsumexp(x, dim):
    return x - torch.logsumexp(x, dim, keepdim=True)


@right("log_softmax")
def log_logsumexp_method(x, dim):
    return x - x.logsumexp(dim=dim).unsqueeze(dim)


@right("log_softmax")
def log_max_added_back(x, dim):
    m = x.detach().amax(dim, keepdim=True)
    return x - (m + (x - m).exp().sum(dim, keepdim=True).log())


@right("log_softmax")
def log_max_detached(x, dim):
    z = x - x.detach().amax(dim, True)
    return z - z.exp().sum(dim, True).log()


@right("log_softmax")
def log_twice(x, dim):
    def once(z):
        z = z - z.amax(dim, keepdim=True)
        return z - torch.log(torch.sum(torch.exp(z), dim, keepdim=True))

    return once(once(x))


@right("log_softmax")
def log_moved_to_the_end(x, dim):
    z = x.movedim(dim, -1)
    z = z - z.amax(-1, keepdim=True)
    return (z - z.exp().sum(-1, keepdim=True).log()).movedim(-1, dim)


@right("log_softmax")
def log_in_float64(x, dim):
    z = x.double()
    z = z - z.amax(dim, keepdim=True)
    return (z - z.exp().sum(dim, keepdim=True).log()).to(x.dtype)


@right("log_softmax")
def log_in_place_on_own(x, dim):
    z = x - x.amax(dim, keepdim=True)
    z = z.sub(z.exp().sum(dim, keepdim=True).log_())
    return z


@right("log_softmax")
def log_logaddexp(x, dim):
    total = functools.reduce(torch.logaddexp, x.unbind(dim))
    return x - total.unsqueeze(dim)


@right("log_softmax")
def log_log1p(x, dim):
    m, where = x.max(dim, keepdim=True)
    others = (x - m).exp().scatter(dim, where, 0).sum(dim, keepdim=True)
    return x - m - torch.log1p(others)


@right("log_softmax")
class LogModule(torch.nn.Module):
    def __new__(cls, x, dim):
        return log_amax(x, dim)


right("log_softmax")(lambda x, dim: torch.subtract(x, torch.logsumexp(x, dim=dim, keepdim=True)))
right("log_softmax")(torch.jit.ignore(log_amax))
right("log_softmax")(functools.partial(log_amax))
right("log_softmax")(lambda x, dim: -((-x) + x.logsumexp(dim, keepdim=True)))


def _log(x, dim):
    return torch.log_softmax(x, dim)


wrong("log_softmax", "log-of-softmax")(lambda x, dim: torch.log(torch.softmax(x, dim)))
wrong("log_softmax", "log-of-softmax")(lambda x, dim: amax(x, dim).log())
wrong("log_softmax", "log-of-softmax", "no-max-subtraction")(lambda x, dim: plain(x, dim).log())
wrong("log_softmax", "eps-in-log")(lambda x, dim: torch.log(torch.softmax(x, dim) + 1e-8))
wrong("log_softmax", "eps-in-log")(lambda x, dim: torch.log(torch.softmax(x, dim) + 1e-9))
wrong("log_softmax", "eps-in-log")(lambda x, dim: torch.log(amax(x, dim).clamp(min=1e-12)))
wrong("log_softmax", "forgets-log")(lambda x, dim: torch.softmax(x, dim))
wrong("log_softmax", "forgets-log")(
    lambda x, dim: x - x.amax(dim, True) - (x - x.amax(dim, True)).exp().sum(dim, True)
)
wrong("log_softmax", "forgets-max-back")(
    lambda x, dim: x - (x - x.amax(dim, True)).exp().sum(dim, True).log()
)
wrong("log_softmax", "drops-log-sum")(lambda x, dim: x - x.amax(dim, keepdim=True))
wrong("log_softmax", "drops-log-sum")(lambda x, dim: x * 1)
wrong("log_softmax", "sum-of-logs")(lambda x, dim: x - x.exp().log().sum(dim, keepdim=True))
wrong("log_softmax", "subtracts-max-twice")(
    lambda x, dim: x - x.amax(dim, True) - torch.logsumexp(x, dim, True)
)
wrong("log_softmax", "wrong-log-base")(
    lambda x, dim: x - x.amax(dim, True) - (x - x.amax(dim, True)).exp().sum(dim, True).log2()
)
wrong("log_softmax", "wrong-log-base")(lambda x, dim: _log(x, dim) / math.log(10))
wrong("log_softmax", "sign-error")(lambda x, dim: -_log(x, dim))
wrong("log_softmax", "sign-error")(lambda x, dim: torch.logsumexp(x, dim, True) - x)
wrong("log_softmax", "sign-error")(
    lambda x, dim: x - x.amax(dim, True) + (x - x.amax(dim, True)).exp().sum(dim, True).log()
)
wrong("log_softmax", "plus-one-in-denominator")(
    lambda x, dim: x - x.amax(dim, True) - (x - x.amax(dim, True)).exp().sum(dim, True).log1p()
)
wrong("log_softmax", "mean-instead-of-sum")(
    lambda x, dim: x - x.amax(dim, True) - (x - x.amax(dim, True)).exp().mean(dim, True).log()
)
wrong("log_softmax", "softmax-twice")(lambda x, dim: _log(torch.softmax(x, dim), dim))
wrong("log_softmax", "sigmoid-instead")(lambda x, dim: F.logsigmoid(x))
wrong("log_softmax", "no-max-subtraction")(lambda x, dim: x - x.exp().sum(dim, keepdim=True).log())
wrong("log_softmax", "global-max")(
    lambda x, dim: x - x.max() - (x - x.max()).exp().sum(dim, True).log()
)
wrong("log_softmax", "mean-subtraction")(
    lambda x, dim: x - x.mean(dim, True) - (x - x.mean(dim, True)).exp().sum(dim, True).log()
)
wrong("log_softmax", "upcast-instead-of-shift")(
    lambda x, dim: (x.double() - x.double().exp().sum(dim, True).log()).to(x.dtype)
)
wrong("log_softmax", "hard-coded-last-dim")(lambda x, dim: x - x.logsumexp(-1, keepdim=True))
wrong("log_softmax", "hard-coded-dim-1")(lambda x, dim: x - x.logsumexp(1, keepdim=True))
wrong("log_softmax", "missing-keepdim")(lambda x, dim: x - torch.logsumexp(x, dim))
wrong("log_softmax", "global-sum")(
    lambda x, dim: x - x.amax(dim, True) - (x - x.amax(dim, True)).exp().sum().log()
)
wrong("log_softmax", "forgets-to-transpose-back")(
    lambda x, dim: x.movedim(dim, -1) - x.movedim(dim, -1).logsumexp(-1, keepdim=True)
)
wrong("log_softmax", "mutates-input")(lambda x, dim: x.sub_(x.logsumexp(dim, keepdim=True)))
wrong("log_softmax", "detached-gradient")(lambda x, dim: log_amax(x.detach(), dim))
wrong("log_softmax", "upcasts-and-changes-dtype")(lambda x, dim: log_amax(x.double(), dim))
wrong("log_softmax", "returns-none")(lambda x, dim: print(log_amax(x, dim)))
wrong("log_softmax", "uses-torch-softmax")(lambda x, dim: F.log_softmax(x, dim=dim))
wrong("log_softmax", "max-tuple-not-values")(lambda x, dim: x - x.max(dim, keepdim=True))


# --- lesson 06: cross_entropy ---


@right("cross_entropy")
def loss_gather(logits, targets):
    return -log_amax(logits, 1).gather(1, targets.unsqueeze(1)).mean()


@right("cross_entropy")
def loss_index(logits, targets):
    return -log_amax(logits, -1)[torch.arange(len(targets)), targets].mean()


@right("cross_entropy")
def loss_one_hot(logits, targets):
    hot = F.one_hot(targets, logits.shape[1])
    return -(hot * log_amax(logits, 1)).sum(dim=1).mean()


@right("cross_entropy")
def loss_one_hot_divided(logits, targets):
    hot = torch.zeros_like(logits).scatter(1, targets[:, None], 1.0)
    return -(hot * log_amax(logits, 1)).sum() / logits.shape[0]


@wrong("cross_entropy", "log-of-the-sum-loses-digits")
def loss_logsumexp(logits, targets):
    return (logits.logsumexp(1) - logits[range(len(logits)), targets]).mean()


@right("cross_entropy")
def loss_nll(logits, targets):
    return F.nll_loss(F.log_softmax(logits, dim=1), targets)


@wrong("cross_entropy", "log-of-the-sum-loses-digits")
def loss_loop(logits, targets):
    total = 0
    for scores, target in zip(logits, targets, strict=True):
        total = total + torch.logsumexp(scores, 0) - scores[target]
    return total / len(targets)


@wrong("cross_entropy", "log-of-the-sum-loses-digits")
def loss_stack(logits, targets):
    return torch.stack(
        [z.logsumexp(0) - z[int(t)] for z, t in zip(logits, targets, strict=True)]
    ).mean()


@right("cross_entropy")
def loss_take_along(logits, targets):
    return torch.take_along_dim(-log_amax(logits, 1), targets[:, None], dim=1).mean()


@right("cross_entropy")
def loss_masked(logits, targets):
    chosen = torch.arange(logits.shape[1]) == targets[:, None]
    return -log_amax(logits, 1)[chosen].mean()


@right("cross_entropy")
def loss_difference(logits, targets):
    """The logarithm of 1 + the powers of how far the others lead."""
    lead = logits - logits.gather(1, targets[:, None])
    return lead.logsumexp(1).mean()


@right("cross_entropy")
def loss_einsum(logits, targets):
    hot = F.one_hot(targets, logits.shape[1]).to(logits.dtype)
    return -torch.einsum("nc,nc->", hot, log_amax(logits, 1)) / len(logits)


@right("cross_entropy")
def loss_reshaped(logits, targets):
    classes = logits.shape[1]
    flat = log_amax(logits, 1).reshape(-1)
    return -flat[torch.arange(len(targets)) * classes + targets].mean()


@right("cross_entropy")
def loss_detached_max(logits, targets):
    z = logits - logits.detach().amax(1, keepdim=True)
    return (z.exp().sum(1).log() - z[torch.arange(len(z)), targets]).mean()


right("cross_entropy")(lambda logits, targets: loss_gather(logits, targets).squeeze())
right("cross_entropy")(lambda logits, targets: sum(loss_rows(logits, targets)) / len(targets))
right("cross_entropy")(lambda logits, targets: loss_rows(logits, targets).sum().div(len(logits)))
right("cross_entropy")(functools.partial(loss_gather))


def loss_rows(logits, targets):
    return -torch.log_softmax(logits, 1)[range(len(targets)), targets]


def _picked(x, targets):
    return x.gather(1, targets[:, None])[:, 0]


wrong("cross_entropy", "log-of-softmax")(
    lambda logits, targets: -_picked(logits.softmax(1).log(), targets).mean()
)
wrong("cross_entropy", "log-of-softmax", "no-max-subtraction")(
    lambda logits, targets: -_picked(plain(logits, 1).log(), targets).mean()
)
wrong("cross_entropy", "eps-in-log")(
    lambda logits, targets: -_picked((logits.softmax(1) + 1e-8).log(), targets).mean()
)
wrong("cross_entropy", "eps-in-log")(
    lambda logits, targets: -_picked(logits.softmax(1).clamp(1e-7, 1).log(), targets).mean()
)
wrong("cross_entropy", "forgets-log")(
    lambda logits, targets: -_picked(logits.softmax(1), targets).mean()
)
wrong("cross_entropy", "forgets-max-back")(
    lambda logits, targets: (
        -_picked(logits - (logits - logits.amax(1, True)).exp().sum(1, True).log(), targets).mean()
    )
)
wrong("cross_entropy", "drops-log-sum")(lambda logits, targets: -_picked(logits, targets).mean())
wrong("cross_entropy", "drops-log-sum")(lambda logits, targets: F.nll_loss(logits, targets))
wrong("cross_entropy", "sum-of-logs")(
    lambda logits, targets: -_picked(logits - logits.sum(1, True), targets).mean()
)
wrong("cross_entropy", "subtracts-max-twice")(
    lambda logits, targets: (
        -_picked(logits - logits.amax(1, True) - logits.logsumexp(1, True), targets).mean()
    )
)
wrong("cross_entropy", "wrong-log-base")(
    lambda logits, targets: loss_rows(logits, targets).mean() / math.log(2)
)
wrong("cross_entropy", "wrong-log-base")(
    lambda logits, targets: (
        -_picked(
            logits
            - logits.amax(1, True)
            - (logits - logits.amax(1, True)).exp().sum(1, True).log10(),
            targets,
        ).mean()
    )
)
wrong("cross_entropy", "sign-error")(lambda logits, targets: -loss_rows(logits, targets).mean())
wrong("cross_entropy", "expects-probabilities")(
    lambda logits, targets: -_picked(logits.log(), targets).mean()
)
wrong("cross_entropy", "softmax-twice")(
    lambda logits, targets: loss_gather(logits.softmax(1), targets)
)
wrong("cross_entropy", "sum-instead-of-mean")(
    lambda logits, targets: loss_rows(logits, targets).sum()
)
wrong("cross_entropy", "divides-by-classes")(
    lambda logits, targets: loss_rows(logits, targets).sum() / logits.shape[1]
)
wrong("cross_entropy", "divides-by-classes")(
    lambda logits, targets: -(F.one_hot(targets, logits.shape[1]) * log_amax(logits, 1)).mean()
)
wrong("cross_entropy", "no-reduction")(lambda logits, targets: loss_rows(logits, targets))
wrong("cross_entropy", "indexes-all-rows")(
    lambda logits, targets: -log_amax(logits, 1)[:, targets].mean()
)
wrong("cross_entropy", "first-row-only")(
    lambda logits, targets: -log_amax(logits, 1)[0, targets[0]]
)
wrong("cross_entropy", "first-row-only")(
    lambda logits, targets: -log_amax(logits, 1)[0, targets].mean()
)
wrong("cross_entropy", "ignores-targets")(lambda logits, targets: -log_amax(logits, 1).mean())
wrong("cross_entropy", "ignores-targets")(
    lambda logits, targets: -log_amax(logits, 1).amax(1).mean()
)
wrong("cross_entropy", "label-off-by-one")(
    lambda logits, targets: -_picked(log_amax(logits, 1), (targets - 1) % logits.shape[1]).mean()
)
wrong("cross_entropy", "label-off-by-one")(
    lambda logits, targets: -_picked(log_amax(logits, 1), (targets + 1) % logits.shape[1]).mean()
)


@wrong("cross_entropy", "binary-formula")
def loss_binary(logits, targets):
    p, y = logits.softmax(1), F.one_hot(targets, logits.shape[1])
    return -(y * p.log() + (1 - y) * (1 - p).log()).sum(1).mean()


@wrong("cross_entropy", "binary-formula")
def loss_binary_of_sigmoid(logits, targets):
    p, y = logits.sigmoid(), F.one_hot(targets, logits.shape[1])
    return -(y * p.log() + (1 - y) * (1 - p).log()).mean()


wrong("cross_entropy", "returns-perplexity")(
    lambda logits, targets: loss_rows(logits, targets).mean().exp()
)
wrong("cross_entropy", "returns-python-float")(
    lambda logits, targets: loss_rows(logits, targets).mean().item()
)
wrong("cross_entropy", "squared-error")(
    lambda logits, targets: ((logits.softmax(1) - F.one_hot(targets, logits.shape[1])) ** 2).mean()
)
wrong("cross_entropy", "softmax-over-batch")(
    lambda logits, targets: -_picked(logits.log_softmax(0), targets).mean()
)
wrong("cross_entropy", "softmax-over-batch", "log-of-the-sum-loses-digits")(
    lambda logits, targets: (logits.logsumexp((0, 1)) - _picked(logits, targets)).mean()
)
wrong("cross_entropy", "no-max-subtraction")(
    lambda logits, targets: (logits.exp().sum(1).log() - _picked(logits, targets)).mean()
)
wrong("cross_entropy", "global-max")(
    lambda logits, targets: (
        -_picked(
            logits - logits.max() - (logits - logits.max()).exp().sum(1, True).log(), targets
        ).mean()
    )
)
wrong("cross_entropy", "detached-gradient")(
    lambda logits, targets: loss_rows(logits.detach(), targets).mean()
)
wrong("cross_entropy", "mutates-input")(
    lambda logits, targets: loss_rows(logits.sub_(logits.amax(1, True)), targets).mean()
)
wrong("cross_entropy", "upcasts-and-changes-dtype")(
    lambda logits, targets: loss_rows(logits.double(), targets).mean()
)
wrong("cross_entropy", "returns-wrong-shape")(
    lambda logits, targets: loss_rows(logits, targets).mean().reshape(1)
)
wrong("cross_entropy", "returns-none")(
    lambda logits, targets: print(loss_rows(logits, targets).mean())
)
wrong("cross_entropy", "uses-torch-softmax")(F.cross_entropy)
wrong("cross_entropy", "sum-instead-of-mean", "sign-error")(
    lambda logits, targets: -loss_rows(logits, targets).sum()
)
