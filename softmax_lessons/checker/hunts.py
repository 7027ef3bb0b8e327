"""The exercises of lesson 12: tests that learners write, and the bugs that these must find."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor

INF = float("inf")


@dataclass(frozen=True)
class Hunt:
    """One bug to be found by a test.

    Attributes:
        right: functions that do what is asked, which a test must let pass.
        broken: functions with the bug, the one that the lesson shows first.
        hint: which input shows the bug.
        second_hint: the same, more plainly.
    """

    right: tuple[Callable[..., object], ...]
    broken: tuple[Callable[..., object], ...]
    hint: str
    second_hint: str


def over_keys(scores: Tensor) -> Tensor:
    return torch.softmax(scores, dim=-1)


def over_keys_by_hand(scores: Tensor) -> Tensor:
    exps = (scores - scores.amax(dim=2, keepdim=True)).exp()
    return exps / exps.sum(dim=2, keepdim=True)


def over_queries(scores: Tensor) -> Tensor:
    return torch.softmax(scores, dim=1)


def row_softmax(x: Tensor) -> Tensor:
    return torch.softmax(x, dim=1)


def row_softmax_by_hand(x: Tensor) -> Tensor:
    exps = (x - x.max(dim=1, keepdim=True).values).exp()
    return exps / exps.sum(dim=1, keepdim=True)


def unkept_maximum(x: Tensor) -> Tensor:
    exps = (x - x.amax(dim=1)).exp()
    return exps / exps.sum(dim=1, keepdim=True)


def one_maximum(x: Tensor) -> Tensor:
    exps = (x - x.max()).exp()
    return exps / exps.sum(dim=1, keepdim=True)


def loss_of_logits(logits: Tensor, targets: Tensor) -> Tensor:
    return F.cross_entropy(logits, targets)


def loss_of_log_probs(logits: Tensor, targets: Tensor) -> Tensor:
    return F.nll_loss(torch.log_softmax(logits, dim=1), targets)


def loss_of_probs(logits: Tensor, targets: Tensor) -> Tensor:
    return F.cross_entropy(torch.softmax(logits, dim=1), targets)


def sequence_loss(logits: Tensor, targets: Tensor) -> Tensor:
    return F.cross_entropy(logits.transpose(1, 2), targets)


def sequence_loss_flat(logits: Tensor, targets: Tensor) -> Tensor:
    return F.cross_entropy(logits.flatten(0, 1), targets.flatten())


def sequence_loss_reshaped(logits: Tensor, targets: Tensor) -> Tensor:
    batch, time, classes = logits.shape
    return F.cross_entropy(logits.reshape(batch, classes, time), targets)


def log_probs_of(logits: Tensor) -> Tensor:
    return torch.log_softmax(logits, dim=-1)


def log_probs_by_hand(logits: Tensor) -> Tensor:
    shifted = logits - logits.amax(dim=-1, keepdim=True)
    return shifted - shifted.exp().sum(dim=-1, keepdim=True).log()


def log_probs_with_eps(logits: Tensor) -> Tensor:
    return (torch.softmax(logits, dim=-1) + 1e-8).log()


def hidden_by_infinity(scores: Tensor, mask: Tensor) -> Tensor:
    return torch.softmax(scores.masked_fill(~mask, -INF), dim=-1)


def hidden_by_hand(scores: Tensor, mask: Tensor) -> Tensor:
    return torch.softmax(torch.where(mask, scores, -INF), dim=-1)


def hidden_by_zero(scores: Tensor, mask: Tensor) -> Tensor:
    return torch.softmax(scores * mask, dim=-1)


def hidden_in_place(scores: Tensor, mask: Tensor) -> Tensor:
    scores[~mask] = -INF
    return torch.softmax(scores, dim=-1)


def causal_attention(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    return F.scaled_dot_product_attention(q, k, v, is_causal=True)


def causal_attention_by_hand(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    past = torch.ones(q.size(-2), k.size(-2), dtype=torch.bool).tril()
    scores = q @ k.transpose(-2, -1) / q.size(-1) ** 0.5
    return torch.softmax(scores.masked_fill(~past, -INF), dim=-1) @ v


def causal_attention_inverted(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    future = torch.ones(q.size(-2), k.size(-2), dtype=torch.bool).triu(1)
    return F.scaled_dot_product_attention(q, k, v, attn_mask=future)


def warm(logits: Tensor, temperature: float) -> Tensor:
    return torch.softmax(logits / temperature, dim=-1)


def warm_from_logs(logits: Tensor, temperature: float) -> Tensor:
    return torch.softmax(torch.log_softmax(logits, dim=-1) / temperature, dim=-1)


def warm_twice(logits: Tensor, temperature: float) -> Tensor:
    logits = logits / temperature
    return torch.softmax(logits / temperature, dim=-1)


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


def stream_sum_unscaled(chunks: list[Tensor]) -> tuple[Tensor, Tensor]:
    largest, total = torch.tensor(-INF), torch.tensor(0.0)
    for chunk in chunks:
        largest = torch.maximum(largest, chunk.max())
        total = total + (chunk - largest).exp().sum()
    return largest, total


@cache
def hunts() -> dict[str, Hunt]:
    """Return all bugs by the name of their exercise, in the order of lesson 12."""
    rows = (row_softmax, row_softmax_by_hand)
    return {
        "hunt_wrong_dim": Hunt(
            (over_keys, over_keys_by_hand),
            (over_queries,),
            "Each query shares its attention among the keys. What sums to 1, then?",
            "Assert that the sums over the last dim are 1, with `torch.testing.assert_close`.",
        ),
        "hunt_unkept_maximum": Hunt(
            rows,
            (unkept_maximum,),
            "The rows sum to 1, whatever the maximum does. On which shape does a missing "
            "`keepdim` show?",
            "Two rows of three logits are enough; or compare a square batch with `torch.softmax`.",
        ),
        "hunt_one_maximum": Hunt(
            rows,
            (one_maximum,),
            "One maximum for all rows does harm to a row that lies far below it.",
            "Put a row of ordinary logits beside a row near 1000.",
        ),
        "hunt_two_softmaxes": Hunt(
            (loss_of_logits, loss_of_log_probs),
            (loss_of_probs,),
            "What is the loss of an answer that is right and certain?",
            "With logits [100, 0, 0] and target 0 the loss is 0. Is it, here?",
        ),
        "hunt_class_axis": Hunt(
            (sequence_loss, sequence_loss_flat),
            (sequence_loss_reshaped,),
            "Make every position certain of its own target. What must the loss be?",
            "`100 * one_hot(targets)` are such logits; take a shape with three different sizes.",
        ),
        "hunt_eps": Hunt(
            (log_probs_of, log_probs_by_hand),
            (log_probs_with_eps,),
            "The small number hides in ordinary logits. Which logits bring it out?",
            "For [200, 0] the second log-probability is -200.",
        ),
        "hunt_zeroed_logits": Hunt(
            (hidden_by_infinity, hidden_by_hand),
            (hidden_by_zero,),
            "What must a hidden key get?",
            "Assert that the result is 0 where the mask is False.",
        ),
        "hunt_changed_scores": Hunt(
            (hidden_by_infinity, hidden_by_hand),
            (hidden_in_place,),
            "The result is right. What else can a function do to its caller?",
            "Keep a `clone()` of the scores, and compare after the call.",
        ),
        "hunt_future": Hunt(
            (causal_attention, causal_attention_by_hand),
            (causal_attention_inverted,),
            "Change the last value. Which outputs may move?",
            "All outputs but the last must be the same before and after.",
        ),
        "hunt_temperature": Hunt(
            (warm, warm_from_logs),
            (warm_twice,),
            "At which temperature does it make no difference how often it is applied?",
            "Take a temperature of 2, and compare with softmax of half the logits.",
        ),
        "hunt_stream": Hunt(
            (stream_sum, stream_sum_online),
            (stream_sum_unscaled,),
            "The bug shows only if the maximum grows on the way.",
            "Let the chunks rise: [1], [2], [3]; and compare with all of them at once.",
        ),
    }


def as_attempt(
    test: Callable[[Callable[..., object]], object], hunt: Hunt
) -> Callable[..., Tensor]:
    """Return a function of (anything, i) that says whether a test lets the i-th function pass.

    It returns 1 or 0, or raises what the test raises.
    """
    subjects = hunt.right + hunt.broken

    def attempt(logits: Tensor, i: int) -> Tensor:
        # a name and a seed of its own would tell a test which function it has
        def function(*args: object, **named: object) -> object:
            return subjects[i](*args, **named)

        result = test(function)
        if result is ...:
            raise NotImplementedError("the test returns its ...")
        return torch.tensor(0.0 if result is False else 1.0)

    return attempt
