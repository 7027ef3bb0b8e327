"""Answers for repair_crops, lesson 02: a mean of probabilities over the crops of a photo."""

import numpy as np
import torch
import torch.nn.functional as F
from bank import right, wrong
from torch import nn

# --- right ----------------------------------------------------------------------------------------


@right("repair_crops")
def crops_as_it_was(x):
    probs = torch.softmax(x, dim=2)
    return probs.mean(dim=1)


right("repair_crops")(lambda x: torch.softmax(x, dim=-1).mean(dim=1))
right("repair_crops")(lambda x: F.softmax(x, 2).mean(-2))
right("repair_crops")(lambda x: nn.Softmax(dim=2)(x).mean(1))
right("repair_crops")(lambda x: x.softmax(-1).sum(1) / x.shape[1])
right("repair_crops")(lambda x: x.log_softmax(dim=-1).exp().mean(dim=1))


@right("repair_crops")
def crops_by_hand(x):
    exps = x.exp()
    probs = exps / exps.sum(dim=2, keepdim=True)
    return probs.mean(dim=1)


@right("repair_crops")
def crops_by_hand_shifted(x):
    exps = torch.exp(x - x.max(dim=-1, keepdim=True).values)
    return (exps / exps.sum(-1, keepdim=True)).mean(-2)


@right("repair_crops")
def crops_photo_by_photo(x):
    return torch.stack([torch.softmax(photo, dim=1).mean(dim=0) for photo in x])


@right("repair_crops")
def crops_one_by_one(x):
    total = torch.zeros_like(x[:, 0])
    for i in range(x.shape[1]):
        total += torch.softmax(x[:, i], dim=1)
    return total / x.size(1)


@right("repair_crops")
def crops_one_by_one_listed(x):
    each = [crop.softmax(dim=1) for crop in x.unbind(dim=1)]
    return sum(each) / len(each)


@right("repair_crops")
def crops_classes_first(x):
    x = x.transpose(1, 2)
    return torch.softmax(x, dim=1).mean(dim=2)


@right("repair_crops")
def crops_moved_to_the_front(x):
    return x.permute(1, 0, 2).softmax(2).mean(0)


@right("repair_crops")
def crops_flattened(x):
    rows = x.reshape(-1, x.shape[2]).softmax(1)
    return rows.reshape(x.shape).mean(1)


@right("repair_crops")
def crops_by_product(x):
    batch, crops, _ = x.shape
    weights = torch.full((batch, 1, crops), 1 / crops, dtype=x.dtype)
    return (weights @ x.softmax(2)).squeeze(1)


@right("repair_crops")
def crops_by_einsum(x):
    return torch.einsum("bkc->bc", x.softmax(2)) / x.shape[1]


@right("repair_crops")
def crops_in_numpy(x):
    exps = np.exp(x.numpy())
    return torch.from_numpy((exps / exps.sum(axis=2, keepdims=True)).mean(axis=1))


# --- wrong ----------------------------------------------------------------------------------------


@wrong("repair_crops", "over-crops")
def crops_unchanged(x):
    probs = torch.softmax(x, dim=1)
    return probs.mean(dim=1)


wrong("repair_crops", "over-crops")(lambda x: torch.softmax(x, dim=-2).mean(dim=-2))
wrong("repair_crops", "over-crops")(lambda x: x.softmax(2).softmax(1).mean(1))
wrong("repair_crops", "over-crops")(lambda x: x.transpose(1, 2).softmax(-1).mean(-1))


@wrong("repair_crops", "over-crops")
def crops_divided_by_their_own_sum(x):
    exps = x.exp()
    return (exps / exps.sum(dim=1, keepdim=True)).mean(dim=1)


wrong("repair_crops", "implicit-dim")(lambda x: F.softmax(x).mean(dim=1))
wrong("repair_crops", "implicit-dim")(lambda x: nn.Softmax()(x).mean(dim=1))
wrong("repair_crops", "over-batch")(lambda x: torch.softmax(x, dim=0).mean(dim=1))
wrong("repair_crops", "over-several-dims")(lambda x: (x.exp() / x.exp().sum()).mean(dim=1))
wrong("repair_crops", "over-several-dims")(lambda x: x.flatten(1).softmax(1).view_as(x).mean(1))
wrong("repair_crops", "over-several-dims")(
    lambda x: x.flatten(1).softmax(1).reshape(x.shape).sum(1)
)
wrong("repair_crops", "averages-classes")(lambda x: torch.softmax(x, dim=2).mean(dim=2))
wrong("repair_crops", "averages-classes")(lambda x: torch.softmax(x, dim=1).mean(dim=-1))
wrong("repair_crops", "averages-classes")(lambda x: x.softmax(2).sum(2))
wrong("repair_crops", "averages-batch")(lambda x: torch.softmax(x, dim=2).mean(dim=0))
wrong("repair_crops", "averages-batch")(lambda x: torch.softmax(x, dim=1).mean(dim=0))
wrong("repair_crops", "forgets-the-mean")(lambda x: torch.softmax(x, dim=2))
wrong("repair_crops", "keeps-a-dim")(lambda x: torch.softmax(x, dim=2).mean(dim=1, keepdim=True))
wrong("repair_crops", "one-mean-for-all")(lambda x: torch.softmax(x, dim=2).mean())
wrong("repair_crops", "one-mean-for-all")(lambda x: torch.softmax(x, dim=2).mean(dim=(0, 1)))
wrong("repair_crops", "one-mean-for-all")(lambda x: torch.softmax(x, dim=2).mean().item())
wrong("repair_crops", "forgets-to-transpose-back")(lambda x: x.softmax(2).mean(1).T)
wrong("repair_crops", "averages-logits")(lambda x: torch.softmax(x.mean(dim=1), dim=1))
wrong("repair_crops", "averages-logits")(lambda x: x.sum(1).softmax(-1))
wrong("repair_crops", "averages-logits")(lambda x: x.amax(dim=1).softmax(dim=1))
wrong("repair_crops", "averages-logs")(lambda x: x.log_softmax(2).mean(1))
wrong("repair_crops", "averages-logs")(lambda x: x.log_softmax(2).mean(1).exp())
wrong("repair_crops", "averages-logs")(lambda x: x.softmax(2).mean(1).log())
wrong("repair_crops", "adds-up-crops")(lambda x: torch.softmax(x, dim=2).sum(dim=1))
wrong("repair_crops", "divides-by-other-count")(lambda x: x.softmax(2).sum(1) / x.shape[2])
wrong("repair_crops", "divides-by-other-count")(lambda x: x.softmax(2).sum(1) / x.shape[0])
wrong("repair_crops", "other-than-the-mean")(lambda x: x.softmax(2).amax(1))
wrong("repair_crops", "other-than-the-mean")(lambda x: x.softmax(2).median(1).values)
wrong("repair_crops", "other-than-the-mean")(lambda x: x.softmax(2).prod(1))
wrong("repair_crops", "takes-one-crop")(lambda x: x.softmax(2)[:, 0])
wrong("repair_crops", "takes-one-crop")(lambda x: x[:, -1].softmax(1))
wrong("repair_crops", "counts-votes")(
    lambda x: F.one_hot(x.argmax(2), x.shape[2]).to(x.dtype).mean(1)
)
wrong("repair_crops", "softmax-twice")(lambda x: x.softmax(2).mean(1).softmax(1))
wrong("repair_crops", "softmax-twice")(lambda x: x.softmax(2).softmax(2).mean(1))
wrong("repair_crops", "returns-scores")(lambda x: x.mean(1))
wrong("repair_crops", "never-divides")(lambda x: x.exp().mean(1))
wrong("repair_crops", "sigmoid-instead")(lambda x: x.sigmoid().mean(1))
wrong("repair_crops", "dim-out-of-range")(lambda x: torch.softmax(x, dim=3).mean(dim=2))
wrong("repair_crops", "returns-uncalled")(lambda x: nn.Softmax(dim=2))
wrong("repair_crops", "max-tuple-not-values")(lambda x: (x - x.max(2, keepdim=True)).exp())
wrong("repair_crops", "mutates-input")(lambda x: x.copy_(x.softmax(2)).mean(1))
wrong("repair_crops", "several-dims-at-once")(lambda x: torch.softmax(x, dim=(1, 2)).mean(1))
wrong("repair_crops", "missing-keepdim")(lambda x: (x.exp() / x.exp().sum(2)).mean(1))
# these have no name, so the verdict cites a law
wrong(
    "repair_crops",
)(lambda x: torch.full_like(x[:, 0], 1 / x.shape[2]))
wrong(
    "repair_crops",
)(lambda x: torch.full_like(x[:, 0], 0.5))
