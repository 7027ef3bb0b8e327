"""Attention over a batch of padded texts, as a recipe of small steps, and what goes wrong in it."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from softmax_lessons.attempts.run import Probe
from softmax_lessons.checker.exercise import INF, Exercise, scores
from softmax_lessons.checker.judge import numbers
from softmax_lessons.checker.laws import Law
from softmax_lessons.checker.misconception import Misconception
from softmax_lessons.lessons.masked_softmax_misconceptions import TOO_LOW_FOR_THE_DTYPE
from softmax_lessons.lessons.misconceptions import TRACES
from softmax_lessons.lessons.no_result import NO_RESULT

Step = Callable[[Tensor, Tensor], Tensor]

ROOT = "Divide the scores by `q.shape[-1] ** 0.5`."
PADDING = "`(torch.arange(time) < lengths[:, None])[:, None, :]` has shape (batch, 1, keys)."
CAUSAL = "`torch.ones(time, time).bool().tril()` is True where the key isn't later."
HIDE = 'Fill before softmax: `scores.masked_fill(~keep, float("-inf"))`.'
MIX = "Return `weights @ v`."


def _compared(q: Tensor, k: Tensor) -> Tensor:
    return q @ k.transpose(-2, -1)


def _by_root_of(dim: int, of: int = 0) -> Callable[[Tensor, Tensor, Tensor], Tensor]:
    """Return a step that divides by the root of a size of the queries (0) or the values (1)."""
    return lambda x, q, v: x / (q, v)[of].shape[dim] ** 0.5


_BY_ROOT_OF_D = _by_root_of(-1)


def _not_later(time: int) -> Tensor:
    return torch.ones(time, time).bool().tril()


def _real(lengths: Tensor, time: int) -> Tensor:
    """Tell which keys are real: shape (batch, 1, keys)."""
    return (torch.arange(time) < lengths[:, None])[:, None, :]


def _filled(x: Tensor, keep: Tensor) -> Tensor:
    return x.masked_fill(~keep, -INF)


def _shared(x: Tensor, keep: Tensor) -> Tensor:
    return torch.softmax(x, -1)


def _unmasked(x: Tensor, keep: Tensor) -> Tensor:
    return x


def _shared_again(x: Tensor, keep: Tensor) -> Tensor:
    left = torch.softmax(x, -1) * keep
    return left / left.sum(-1, keepdim=True)


@dataclass(frozen=True)
class AttendRecipe:
    """Attention in which a query sees the real keys that aren't later than itself.

    Attributes:
        compare: computes scores from queries and keys.
        scale: scales the scores, given the queries and the values.
        not_later: makes the causal mask from the number of words; True is kept.
        real: makes the padding mask from the lengths and the number of words.
        hide: hides keys in the scores.
        share: turns scores into weights, given the mask.
        mix: computes the result from the weights and the values.
    """

    compare: Step = _compared
    scale: Callable[[Tensor, Tensor, Tensor], Tensor] = _BY_ROOT_OF_D
    not_later: Callable[[int], Tensor] = _not_later
    real: Callable[[Tensor, int], Tensor] = _real
    hide: Step = _filled
    share: Step = _shared
    mix: Step = torch.matmul

    def __call__(self, q: Tensor, k: Tensor, v: Tensor, lengths: Tensor) -> Tensor:
        """Return this recipe's result for q, k (batch, time, d), v (batch, time, width)."""
        time = q.shape[-2]
        keep = self.not_later(time) & self.real(lengths, time)
        hidden = self.hide(self.scale(self.compare(q, k), q, v), keep)
        return self.mix(self.share(hidden, keep).to(v.dtype), v)


RIGHT = AttendRecipe()

ATTENDS = (
    Misconception(
        "no-root",
        "You don't divide the scores by the root of a query's length.",
        (
            "What happens between `q @ k.transpose(1, 2)` and softmax?",
            "The spread of the scores grows with d.",
            ROOT,
        ),
        variants=({"scale": lambda x, q, v: x},),
    ),
    Misconception(
        "divides-by-d",
        "You divide the scores by a query's length, not by its root.",
        (
            "What do you divide by?",
            "The spread of a sum of d products grows like the root of d.",
            ROOT,
        ),
        variants=({"scale": lambda x, q, v: x / q.shape[-1]},),
    ),
    Misconception(
        "multiplies-by-the-root",
        "You multiply the scores by the root instead of dividing by it.",
        (
            "Do your scores get larger or smaller?",
            "Dividing by the root brings the spread down.",
            ROOT,
        ),
        variants=({"scale": lambda x, q, v: x * q.shape[-1] ** 0.5},),
    ),
    Misconception(
        "root-of-another-size",
        "You divide by the root of the wrong size: it should be a query's length, `q.shape[-1]`.",
        ("Which size do you take the root of?", "A score is a sum of d products.", ROOT),
        variants=(
            {"scale": _by_root_of(-2)},
            {"scale": _by_root_of(0)},
            {"scale": _by_root_of(-1, 1)},
        ),
    ),
    Misconception(
        "scaled-after-softmax",
        "You divide by the root after softmax, so the weights of a query no longer sum to 1.",
        (
            "What do the weights of a query sum to?",
            "The root scales the scores, not the weights.",
            ROOT,
        ),
        variants=(
            lambda q, k, v, lengths: (
                AttendRecipe(scale=lambda x, q, v: x)(q, k, v, lengths) / q.shape[-1] ** 0.5
            ),
        ),
    ),
    Misconception(
        "swaps-queries-and-keys",
        "You compare the wrong way round: row i of your scores belongs to key i, not to query i.",
        ("Which entry of the scores is for query 0 and key 1?", "Row 0, column 1.", "`q @ k.mT`"),
        variants=({"compare": lambda q, k: k @ q.transpose(-2, -1)},),
    ),
    Misconception(
        "softmax-over-queries",
        "Your softmax runs over the queries; the keys of one query should compete.",
        ("What should sum to 1?", "The weights of each query, over its keys.", "Use `dim=-1`."),
        variants=({"share": lambda x, keep: torch.softmax(x, -2)},),
    ),
    Misconception(
        "softmax-over-batch",
        "Your softmax runs over the texts in the batch; the keys of one query should compete.",
        ("What should sum to 1?", "The weights of each query, over its keys.", "Use `dim=-1`."),
        variants=({"share": lambda x, keep: torch.softmax(x, 0)},),
    ),
    Misconception(
        "padding-attended",
        "Your queries see padding: `lengths` hides nothing.",
        (
            "Which keys of the shorter text get any weight?",
            "From its length on, its keys are padding.",
            PADDING,
        ),
        variants=({"real": lambda lengths, time: _real(lengths, time) | True},),
    ),
    Misconception(
        "future-attended",
        "Your queries see words that come later.",
        ("What does query 0 see?", "Only itself.", CAUSAL),
        variants=({"not_later": lambda time: torch.ones(time, time).bool()},),
    ),
    Misconception(
        "only-the-future",
        "Your causal mask is the other triangle: queries see the words that come later, not the "
        "ones before.",
        ("What does query 0 see?", "Only itself.", CAUSAL),
        variants=(
            {"not_later": lambda time: torch.ones(time, time).bool().triu()},
            {"not_later": lambda time: torch.ones(time, time).bool().triu(1)},
        ),
    ),
    Misconception(
        "not-itself",
        "Your queries don't see their own key, and the first one sees nothing.",
        ("What does query 0 see?", "Itself.", CAUSAL),
        variants=({"not_later": lambda time: torch.ones(time, time).bool().tril(-1)},),
    ),
    Misconception(
        "one-too-many",
        "Your padding begins one position too late: the first key after the text gets weight.",
        ("Which is the last key of a text of 2 words?", "Key 1.", PADDING),
        variants=({"real": lambda lengths, time: _real(lengths + 1, time)},),
    ),
    Misconception(
        "one-too-few",
        "Your padding begins one position too early: the last word of the text is hidden.",
        ("Which is the last key of a text of 2 words?", "Key 1.", PADDING),
        variants=({"real": lambda lengths, time: _real(lengths - 1, time)},),
    ),
    Misconception(
        "only-padding-kept",
        "Your padding mask is inverted: queries see the padding and no real keys.",
        ("Where is your mask True?", "The real keys are those before the length.", PADDING),
        variants=({"real": lambda lengths, time: ~_real(lengths, time)},),
    ),
    Misconception(
        "keeps-what-it-should-hide",
        "Your mask is inverted: you keep the keys you should hide, and hide the ones you should "
        "keep.",
        ("Where does `masked_fill` fill?", "Where its mask is True.", HIDE),
        variants=({"hide": lambda x, keep: x.masked_fill(keep, -INF)},),
    ),
    Misconception(
        "padding-hides-queries",
        "Your padding mask runs along the queries: padded queries see nothing, and real ones see "
        "padding.",
        ("Which dim of the scores are the keys?", "The last one.", PADDING),
        variants=(
            {"real": lambda lengths, time: _real(lengths, time).transpose(-2, -1)},
            lambda q, k, v, lengths: AttendRecipe(
                real=lambda lengths, time: _real(lengths, time).transpose(-2, -1)
            )(q, k, v, lengths).nan_to_num(),
        ),
    ),
    Misconception(
        "mask-of-the-wrong-rank",
        "Your padding mask has shape (batch, keys), and broadcasting reads it as (queries, keys): "
        "query i of every text gets text i's mask.",
        ("Print the shape of your mask.", "Broadcasting lines up shapes from the right.", PADDING),
        variants=({"real": lambda lengths, time: _real(lengths, time)[:, 0]},),
    ),
    Misconception(
        "either-mask",
        "You keep a key if either mask keeps it; both masks must keep it.",
        (
            "When may a query see a key?",
            "If it's real and not later.",
            "Combine the masks with `&`.",
        ),
        variants=(
            lambda q, k, v, lengths: AttendRecipe(
                not_later=lambda time: torch.ones(time, time).bool(),
                real=lambda lengths, time: _real(lengths, time) | _not_later(time),
            )(q, k, v, lengths),
        ),
    ),
    Misconception(
        "multiplies-by-mask",
        "You multiply the scores by the mask: a hidden key gets a score of 0, and exp(0) is 1.",
        ("What are the hidden scores before softmax?", "Only exp(-inf) is 0.", HIDE),
        variants=({"hide": lambda x, keep: x * keep},),
    ),
    Misconception(
        "mask-after-softmax",
        "You hide keys after softmax, so the weights of a query no longer sum to 1.",
        ("What do the weights of a query sum to?", "Hide keys before you take the softmax.", HIDE),
        variants=({"hide": _unmasked, "share": lambda x, keep: torch.softmax(x, -1) * keep},),
    ),
    Misconception(
        "renormalises-after-mask",
        "You hide keys after softmax and divide again. By then, a hidden key with a large score "
        "has taken everything, which leaves 0 / 0.",
        ("What is left if a hidden score is 300?", "Hide keys before you take the softmax.", HIDE),
        variants=({"hide": _unmasked, "share": _shared_again},),
    ),
    Misconception(
        "finite-mask-value",
        "You hide keys with a number that a real score can fall below.",
        (
            "What if all the kept scores are lower than your number?",
            "-inf is below them all.",
            HIDE,
        ),
        variants=(
            {"hide": lambda x, keep: x.masked_fill(~keep, -1e4)},
            {"hide": lambda x, keep: x.masked_fill(~keep, -1e3)},
            {"hide": lambda x, keep: x.masked_fill(~keep, -1e5)},
            {"hide": lambda x, keep: torch.where(keep, x, -1e9)},
            {"hide": lambda x, keep: x + -1e4 * ~keep},
            {"hide": lambda x, keep: x + -1e9 * ~keep},
        ),
    ),
    Misconception(
        "no-softmax",
        "You mix the values with raw scores: there's no softmax.",
        (
            "What do the weights of a query sum to?",
            "Softmax makes them sum to 1.",
            "Use `torch.softmax`.",
        ),
        variants=({"hide": _unmasked, "share": lambda x, keep: x * keep},),
    ),
    Misconception(
        "naive-softmax",
        "Your softmax overflows: exp of a large score is inf.",
        ("What is exp(1000)?", "Subtract the maximum first, or use `torch.softmax`.", HIDE),
        variants=({"share": lambda x, keep: x.exp() / x.exp().sum(-1, keepdim=True)},),
    ),
    Misconception(
        "returns-weights",
        "You return the weights; the result should be the values, mixed by those weights.",
        ("What shape should the result have?", "The shape of v.", MIX),
        variants=({"mix": lambda weights, v: weights},),
    ),
    Misconception(
        "mixes-the-wrong-way",
        "You mix along the queries: `weights.mT @ v`.",
        (
            "Which dim of the weights are the keys?",
            "The last one; there's one value per key.",
            MIX,
        ),
        variants=({"mix": lambda weights, v: weights.transpose(-2, -1) @ v},),
    ),
    Misconception(
        "returns-wrong-shape",
        "The shape is off: the result has one row per query, as wide as a value.",
        ("Print the shape after each step.", "weights is (batch, queries, keys).", MIX),
        symptom=lambda probe, outcome: (
            outcome.value is not None and outcome.value.shape != probe.rest[1].shape
        ),
    ),
)


def no_nan(probe: Probe, value: Tensor, expected: Tensor) -> str:
    """No result is nan or infinite."""
    off = ~value.isfinite()
    if not off.any():
        return ""
    text, query = off.any(-1).nonzero()[0].tolist()
    return f"The result for query {query} of text {text} is {numbers(value[text, query])}."


def first_query_copies(probe: Probe, value: Tensor, expected: Tensor) -> str:
    """The first query of a text sees only the first key, so its result is the first value."""
    first = probe.rest[1][:, 0].double()
    off = (value[:, 0] - first).abs().amax(-1) > 1e-2 * (1 + first.abs().amax(-1))
    if not off.any():
        return ""
    text = int(off.nonzero()[0, 0])
    return (
        f"Query 0 of text {text} sees only key 0, so its result is value 0, "
        f"{numbers(first[text])}. Yours is {numbers(value[text, 0])}."
    )


def means_of_what_is_seen(probe: Probe, value: Tensor, expected: Tensor) -> str:
    """A result is a mean of the values that the query sees, and lies between them."""
    _, v, lengths = probe.rest
    for text, query in torch.cartesian_prod(
        torch.arange(len(v)), torch.arange(v.shape[1])
    ).tolist():
        seen = v[text, : min(query + 1, int(lengths[text]))].double()
        slack = 1e-2 * (1 + seen.abs().max())
        y = value[text, query]
        if (y < seen.amin(0) - slack).any() or (y > seen.amax(0) + slack).any():
            return (
                f"Query {query} of text {text} sees the values {numbers(seen)}. A mean of them "
                f"lies between the smallest and the largest, but yours is {numbers(y)}."
            )
    return ""


def results_are_right(probe: Probe, value: Tensor, expected: Tensor) -> str:
    """Every result is right."""
    off = (value - expected).abs().amax(-1) > 1e-2 * (1 + expected.abs().amax(-1))
    if not off.any():
        return ""
    text, query = off.nonzero()[0].tolist()
    return (
        f"Query {query} of text {text} sees {min(query + 1, int(probe.rest[2][text]))} keys. Its "
        f"result should be {numbers(expected[text, query])}, but is {numbers(value[text, query])}."
    )


STEP_BY_STEP = (
    "Print the scores, the mask and the weights of the first text. Which looks odd first?",
    "Of keys 0 to t, query t sees only the real ones; its weights sum to 1.",
    HIDE,
)
LAWS = tuple(
    Law(slug, broken, STEP_BY_STEP)
    for slug, broken in (
        ("gives-nan", no_nan),
        ("first-query-is-off", first_query_copies),
        ("outside-of-what-is-seen", means_of_what_is_seen),
        ("some-queries-wrong", results_are_right),
    )
)


def _probe(q: Tensor, k: Tensor, v: Tensor, lengths: list[int], gradient: bool = False) -> Probe:
    others = (k, v, torch.tensor(lengths))
    return Probe(q, 1, gradient, others=others, rounding="absolute")


def _plain(
    batch: int,
    time: int,
    d: int,
    width: int,
    lengths: list[int],
    gradient: bool = False,
    dtype: torch.dtype = torch.float32,
) -> Probe:
    numbers = scores(batch, time, 2 * d + width, dtype=dtype)
    return _probe(*numbers.split([d, d, width], -1), lengths, gradient)


def _probes() -> tuple[Probe, ...]:
    # integers with an integer root: the scores are exact, however large
    q = torch.tensor([[[400.0, 0, 0, 0], [0, -400, 0, 0], [300, 300, 0, 0]]])
    k = torch.tensor([[[1.0, 100, 0, 0], [2, 101, 0, 0], [90, -90, 0, 0]]])
    v = torch.tensor([[[1.0, 0], [0, 1], [5, 5]]])
    far_apart = torch.tensor([[[-1e37], [1e37]]])
    loud = scores(2, 3, 4)
    loud[1, 2:] = 100.0
    return (
        _plain(2, 3, 4, 2, [3, 2], True),
        _plain(1, 2, 2, 1, [2]),
        _plain(2, 2, 3, 1, [1, 2]),
        _plain(3, 3, 3, 3, [3, 2, 1]),
        _plain(1, 4, 6, 2, [4]),
        _plain(4, 5, 2, 3, [1, 5, 2, 4]),
        _plain(2, 1, 3, 2, [1, 1]),
        _plain(2, 3, 5, 4, [1, 2], dtype=torch.float64),
        _plain(2, 3, 4, 2, [3, 2], dtype=torch.bfloat16),
        _probe(loud.clone(), loud, loud.clone(), [3, 2]),
        _probe(q, k, v, [3]),
        _probe(q, k, v, [2]),
        # scores below every usual stand-in for -inf, and a dtype too small for most of those
        replace(_probe(torch.ones(1, 2, 1), far_apart, v[:, :2], [2]), rounding="relative"),
        _plain(2, 3, 4, 2, [3, 2], dtype=torch.float16),
    )


def _fresh(generator: torch.Generator) -> tuple[Probe, ...]:
    found = []
    for spread in (4.0, 1.0):
        numbers = spread * (torch.rand(3, 4, 8, generator=generator) - 0.5)
        q, k, v = numbers.split([3, 3, 2], -1)
        lengths = torch.randint(1, 5, (3,), generator=generator).tolist()
        found.append(_probe(q, k, v, lengths))
    return tuple(found)


ATTENTION = Exercise(
    "f(q, k, v, lengths)",
    _probes(),
    _fresh,
    reference=RIGHT,
    right=(RIGHT,),
    misconceptions=(
        *NO_RESULT,
        TOO_LOW_FOR_THE_DTYPE,
        *ATTENDS,
        *(m for m in TRACES if m.slug != "returns-wrong-shape"),
    ),
    laws=LAWS,
    by_hand=frozenset({"scaled_dot_product_attention"}),
)
