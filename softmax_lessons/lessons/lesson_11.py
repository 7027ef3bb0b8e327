"""Lesson 11: the log-probability of one text and of a batch, and predictions about perplexity."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from softmax_lessons.attempts.run import Probe
from softmax_lessons.checker.exercise import INF, Exercise, scores
from softmax_lessons.checker.judge import number
from softmax_lessons.checker.laws import Law
from softmax_lessons.checker.misconception import Misconception
from softmax_lessons.checker.parsons import Parsons
from softmax_lessons.lessons.misconceptions import OTHER_TRACES
from softmax_lessons.lessons.no_result import NO_RESULT
from softmax_lessons.lessons.questions_11 import QUESTIONS

SHIFT = "Row t belongs to word t + 1: `log_probs[:-1]` goes with `words[1:]`."
SUM = "Return `picked.sum()`."
LOGS = "Take `torch.log_softmax(logits, dim=1)` of the rows first."
SHIFTS = "`log_probs[:, :-1]` goes with `tokens[:, 1:]`."
HIDE = "Replace the padding's entries: `picked.masked_fill(~real, 0.0)`."
LAST = "Take `torch.log_softmax(logits, dim=-1)` first."
SUMS = "Return `picked.sum(dim=1)`: one number per text."


def _picked(logits: Tensor, words: Tensor) -> Tensor:
    """Return the log-probability of each word but the first."""
    return _of_each(logits, 1)[:-1].gather(1, words[1:, None]).squeeze(1)


def _of_each(logits: Tensor, dim: int) -> Tensor:
    """Return the log-probability of each entry along `dim`."""
    return torch.log_softmax(logits, dim)


def _sum(logits: Tensor, words: Tensor) -> Tensor:
    return _picked(logits, words).sum()


def _first_row_for_first_word(logits: Tensor, words: Tensor) -> Tensor:
    return _of_each(logits, 1).gather(1, words[:, None]).sum()


TEXT = (
    Misconception(
        "not-shifted",
        "You look up each word in the row at its own position. That row is the model's guess "
        "after it has read the word.",
        ("Which row predicts word 1?", "Row 0, which has only read word 0.", SHIFT),
        variants=(
            _first_row_for_first_word,
            lambda x, w: _of_each(x, 1)[1:].gather(1, w[1:, None]).sum(),
            lambda x, w: _of_each(x, 1)[:-1].gather(1, w[:-1, None]).sum(),
        ),
    ),
    Misconception(
        "shifted-the-wrong-way",
        "Your shift goes the wrong way: you look up each word in the row after it.",
        ("Which row predicts word 1?", "Row 0, which has only read word 0.", SHIFT),
        variants=(lambda x, w: _of_each(x, 1)[1:].gather(1, w[:-1, None]).sum(),),
    ),
    Misconception(
        "mean-instead-of-sum",
        "You return a mean of the log-probabilities. For a text, you want their sum.",
        ("How do you combine the probabilities of the words?", "You multiply them.", SUM),
        variants=(
            lambda x, w: _picked(x, w).mean(),
            lambda x, w: _picked(x, w).sum() / len(w),
        ),
    ),
    Misconception(
        "sign-error",
        "The sign is flipped: a log-probability is at most 0.",
        ("Is your result above 0?", "A loss has a minus sign; a log-probability doesn't.", SUM),
        variants=(lambda x, w: -_sum(x, w),),
    ),
    Misconception(
        "returns-probability",
        "You return the probability of the text, not its log.",
        ("What is the probability of a long text in float32?", "Stick with logs.", SUM),
        variants=(lambda x, w: _sum(x, w).exp(),),
    ),
    Misconception(
        "product-underflows",
        "You multiply the probabilities and take the log afterwards. For a long text, the product "
        "is too small for the dtype.",
        ("Print the product for the longest text.", "A sum of logs doesn't underflow.", SUM),
        variants=(lambda x, w: _picked(x, w).exp().prod().log(),),
    ),
    Misconception(
        "log-of-softmax",
        "You take the log of a finished softmax, and a probability that underflowed to 0 makes it "
        "-inf.",
        ("Print the probability of each word.", "log(0) is -inf.", LOGS),
        variants=(lambda x, w: x.softmax(1)[:-1].gather(1, w[1:, None]).log().sum(),),
    ),
    Misconception(
        "sums-probabilities",
        "You add up probabilities, not their logs.",
        ("What do you multiply for a text?", "log(a * b) is log(a) + log(b).", LOGS),
        variants=(lambda x, w: _picked(x, w).exp().sum(),),
    ),
    Misconception(
        "sums-logits",
        "You add up the logits of the words, without a softmax.",
        ("Add 10 to all logits: what should change?", "Logits aren't log-probabilities.", LOGS),
        variants=(lambda x, w: x[:-1].gather(1, w[1:, None]).sum(),),
    ),
    Misconception(
        "softmax-over-time",
        "Your softmax runs over the positions in the text, not over the words to choose from.",
        ("Which dim are the classes?", "The last one, dim 1.", LOGS),
        variants=(lambda x, w: _of_each(x, 0)[:-1].gather(1, w[1:, None]).sum(),),
    ),
    Misconception(
        "returns-perplexity",
        "You return the perplexity of the text, not its log-probability.",
        ("Which number does the exercise ask for?", "Perplexity is exp of minus the mean.", SUM),
        variants=(lambda x, w: (-_picked(x, w).mean()).exp(),),
    ),
    Misconception(
        "wrong-log-base",
        "Your log has a different base: these are bits, not natural logs.",
        ("Which log is `torch.log_softmax`?", "The natural one, of base e.", LOGS),
        variants=(lambda x, w: _sum(x, w) / math.log(2),),
    ),
    Misconception(
        "indexes-all-rows",
        "You look up every word in every row: `log_probs[:, words]` is a whole table.",
        ("Print the shape of what you sum.", "You want one entry per row.", SHIFT),
        variants=(lambda x, w: _of_each(x, 1)[:-1][:, w[1:]].sum(),),
    ),
    Misconception(
        "no-reduction",
        "You return the log-probability of each word, but the exercise asks for one number.",
        ("What shape should the result have?", "`()`: it's one number.", SUM),
        variants=(_picked,),
        symptom=lambda probe, outcome: outcome.value is not None and outcome.value.dim() > 0,
    ),
)


def sum_of_the_words(probe: Probe, value: Tensor, expected: Tensor) -> str:
    """The log-probability of a text is the sum over its words, from the second one on."""
    if value.dim() or (value - expected).abs() < 1e-3 * (1 + expected.abs()):
        return ""
    picked = _picked(probe.logits, probe.rest[0])
    terms = ", ".join(number(p) for p in picked[:6].tolist())
    more = ", ..." if len(picked) > 6 else ""
    return (
        "From the second word on, the words of this text have the log-probabilities "
        f"{terms}{more}. They sum to {number(expected.item())}; yours is {number(value.item())}."
    )


def _probe(logits: Tensor, words: list[int]) -> Probe:
    return Probe(logits, 1, others=(torch.tensor(words),), rounding="absolute")


def _probes() -> tuple[Probe, ...]:
    two = torch.tensor([[3.0, 1.0], [1.0, 4.0]]).log()
    long = [i % 3 for i in range(300)]
    return (
        _probe(two, [0, 1]),
        _probe(torch.tensor([[1.0, 1, 2], [3, 1, 4], [5, 1, 1]]).log(), [0, 2, 1]),
        _probe(scores(4, 3), [2, 0, 0, 1]),
        _probe(scores(3, 5), [4, 1, 3]),
        _probe(scores(5, 5), [0, 1, 2, 3, 4]),
        _probe(scores(2, 6, dtype=torch.float64), [5, 2]),
        _probe(scores(300, 3), long),
        _probe(torch.tensor([[200.0, 0, -5], [0, 200, 0], [1, 2, 3]]), [0, 1, 2]),
        _probe(1000 + scores(3, 4), [1, 2, 0]),
    )


def _fresh(generator: torch.Generator) -> tuple[Probe, ...]:
    words = torch.randint(0, 6, (5,), generator=generator).tolist()
    logits = torch.rand(5, 6, generator=generator) - 0.5
    return (_probe(6 * logits, words), _probe(600 * logits, words))


@dataclass(frozen=True)
class TextsRecipe:
    """The log-probabilities of a batch of padded texts; a misconception replaces some steps.

    Attributes:
        rows: the rows of the logits that predict something.
        words: the words that are predicted.
        logs: turns logits into log-probabilities.
        is_real: tells which words aren't padding.
        hide: removes padding from the picked entries.
        total: returns one number per text, given the picked entries and which are real.
    """

    rows: Callable[[Tensor], Tensor] = lambda logits: logits[:, :-1]
    words: Callable[[Tensor], Tensor] = lambda tokens: tokens[:, 1:]
    logs: Callable[[Tensor], Tensor] = lambda logits: torch.log_softmax(logits, -1)
    is_real: Callable[[Tensor, int], Tensor] = lambda words, pad: words != pad
    hide: Callable[[Tensor, Tensor], Tensor] = lambda picked, real: picked.masked_fill(~real, 0)
    total: Callable[[Tensor, Tensor], Tensor] = lambda picked, real: picked.sum(1)

    def __call__(self, logits: Tensor, tokens: Tensor, pad: int) -> Tensor:
        """Return this recipe's result for logits (batch, time, classes): shape (batch,)."""
        words = self.words(tokens)
        real = self.is_real(words, pad)
        index = words.clamp(min=0)[..., None]  # padding needn't be a class
        picked = self.logs(self.rows(logits)).gather(-1, index).squeeze(-1)
        return self.total(self.hide(picked, real), real)


RIGHT = TextsRecipe()


def _same(x: Tensor) -> Tensor:
    return x


TEXTS = (
    Misconception(
        "looks-up-padding",
        "You look up a class that doesn't exist: padding may be marked with -100.",
        (
            "Which number marks padding?",
            "Look up any class there, and discard what you get.",
            "Look up `tokens[:, 1:].masked_fill(~real, 0)`.",
        ),
        error=r"index -\d+ is out of bounds",
    ),
    Misconception(
        "not-shifted",
        "You look up each word in the row at its own position. That row is the model's guess "
        "after it has read the word.",
        ("Which row predicts word 1?", "Row 0, which has only read word 0.", SHIFTS),
        variants=({"rows": _same, "words": _same}, {"rows": lambda x: x[:, 1:]}),
    ),
    Misconception(
        "shifted-the-wrong-way",
        "Your shift goes the wrong way: you look up each word in the row after it.",
        ("Which row predicts word 1?", "Row 0, which has only read word 0.", SHIFTS),
        variants=({"rows": lambda x: x[:, 1:], "words": lambda w: w[:, :-1]},),
    ),
    Misconception(
        "padding-is-scored",
        "You add up the log-probabilities of the padding, too.",
        ("Which positions go into your sum?", "Padding isn't part of the text.", HIDE),
        variants=({"hide": lambda picked, real: picked},),
    ),
    Misconception(
        "zero-times-infinity",
        "You multiply by a mask, and 0 times -inf is nan. Where there's padding, a "
        "log-probability may be -inf.",
        ("Print what you pick where there's padding.", "Replace it; don't multiply.", HIDE),
        variants=({"hide": lambda picked, real: picked * real},),
    ),
    Misconception(
        "only-padding-kept",
        "Your mask is inverted: you keep the padding.",
        ("Where is your mask True?", "What counts is `tokens != pad`.", HIDE),
        variants=({"is_real": lambda words, pad: words == pad},),
    ),
    Misconception(
        "mean-instead-of-sum",
        "You return means of the log-probabilities. For a text, you want their sum.",
        ("How do you combine the probabilities of the words?", "You multiply them.", SUMS),
        variants=(
            {"total": lambda picked, real: picked.mean(1)},
            {"total": lambda picked, real: picked.sum(1) / real.sum(1)},
            {"total": lambda picked, real: picked.sum(1) / real.sum(1).clamp(min=1)},
            {"total": lambda picked, real: picked.sum(1) / (real.sum(1) + 1)},
        ),
    ),
    Misconception(
        "sums-the-batch",
        "You return one number for the whole batch, but the exercise asks for one per text.",
        ("What shape should the result have?", "`(batch,)`.", SUMS),
        variants=(
            {"total": lambda picked, real: picked.sum()},
            {"total": lambda picked, real: picked.sum() / real.sum()},
            {"total": lambda picked, real: -picked.sum() / real.sum()},
            {"total": lambda picked, real: picked.mean()},
        ),
    ),
    Misconception(
        "no-reduction",
        "You return the log-probability of each word, but the exercise asks for one per text.",
        ("What shape should the result have?", "`(batch,)`.", SUMS),
        variants=({"total": lambda picked, real: picked},),
    ),
    Misconception(
        "sums-over-the-texts",
        "You sum over the batch and keep time: one sum per position.",
        ("Which dim of what you picked is time?", "Dim 1; dim 0 is the batch.", SUMS),
        variants=({"total": lambda picked, real: picked.sum(0)},),
    ),
    Misconception(
        "sign-error",
        "The sign is flipped: a log-probability is at most 0.",
        ("Is your result above 0?", "A loss has a minus sign; a log-probability doesn't.", SUMS),
        variants=({"total": lambda picked, real: -picked.sum(1)},),
    ),
    Misconception(
        "returns-probability",
        "You return the probabilities of the texts, not their logs.",
        ("What is the probability of a long text in float32?", "Stick with logs.", SUMS),
        variants=({"total": lambda picked, real: picked.sum(1).exp()},),
    ),
    Misconception(
        "product-underflows",
        "You multiply the probabilities and take the log afterwards. For a long text, the product "
        "is too small for the dtype.",
        ("Print the product for the longest text.", "A sum of logs doesn't underflow.", SUMS),
        variants=({"total": lambda picked, real: picked.exp().prod(1).log()},),
    ),
    Misconception(
        "log-of-softmax",
        "You take the log of a finished softmax, and a probability that underflowed to 0 makes it "
        "-inf.",
        ("Print the probability of each word.", "log(0) is -inf.", LAST),
        variants=({"logs": lambda x: x.softmax(-1).log()},),
    ),
    Misconception(
        "sums-probabilities",
        "You add up probabilities, not their logs.",
        (
            "What do you multiply for a text?",
            "log(a * b) is log(a) + log(b).",
            LAST,
        ),
        variants=({"logs": lambda x: x.softmax(-1)},),
    ),
    Misconception(
        "sums-logits",
        "You add up the logits of the words, without a softmax.",
        (
            "Add 10 to all logits: what should change?",
            "Logits aren't log-probabilities.",
            LAST,
        ),
        variants=({"logs": _same},),
    ),
    Misconception(
        "softmax-over-time",
        "Your softmax runs over the positions in the text, not over the words to choose from.",
        ("Which dim are the classes?", "The last one.", LAST),
        variants=(
            {"logs": lambda x: x.log_softmax(1)},
            lambda x, w, pad: replace(RIGHT, logs=_same)(x.log_softmax(1), w, pad),
        ),
    ),
    Misconception(
        "softmax-over-texts",
        "Your softmax runs over the texts in the batch, not over the words to choose from.",
        ("Which dim are the classes?", "The last one.", LAST),
        variants=({"logs": lambda x: x.log_softmax(0)},),
    ),
    Misconception(
        "returns-perplexity",
        "You return the perplexities of the texts, not their log-probabilities.",
        ("Which number does the exercise ask for?", "Perplexity is exp of minus the mean.", SUMS),
        variants=({"total": lambda picked, real: (-picked.sum(1) / real.sum(1)).exp()},),
    ),
    Misconception(
        "wrong-log-base",
        "Your log has a different base: these are bits, not natural logs.",
        ("Which log is `torch.log_softmax`?", "The natural one, of base e.", LOGS),
        variants=({"total": lambda picked, real: picked.sum(1) / math.log(2)},),
    ),
    Misconception(
        "returns-wrong-shape",
        "The shape is off: the exercise asks for one number per text, shape `(batch,)`.",
        ("Print the shape after each step.", "`gather` keeps the dim that it picks from.", SUMS),
        symptom=lambda probe, outcome: (
            outcome.value is not None and outcome.value.shape != probe.logits.shape[:1]
        ),
    ),
)


def sums_of_the_texts(probe: Probe, value: Tensor, expected: Tensor) -> str:
    """The log-probability of each text is the sum over its words, from the second one on."""
    tokens, pad = probe.rest
    off = (value - expected).abs() > 1e-3 * (1 + expected.abs())
    off |= value.isfinite() != expected.isfinite()
    if not off.any():
        return ""
    i = int(off.nonzero()[0, 0])
    picked = _picked(probe.logits[i], tokens[i].clamp(min=0))[tokens[i, 1:] != pad]
    terms = ", ".join(number(p) for p in picked[:6].tolist()) or "none"
    more = ", ..." if len(picked) > 6 else ""
    return (
        f"In text {i}, the words from the second one on have the log-probabilities {terms}{more}. "
        f"They sum to {number(expected[i].item())}; yours is {number(value[i].item())}."
    )


def _texts(
    logits: Tensor, tokens: list[list[int]] | Tensor, pad: int, gradient: bool = False
) -> Probe:
    given = (torch.as_tensor(tokens), pad)
    return Probe(logits, 2, gradient, others=given, rounding="absolute")


def _probes_of_texts() -> tuple[Probe, ...]:
    two = torch.tensor([[[3.0, 1.0], [1.0, 4.0]], [[1.0, 3.0], [1.0, 1.0]]]).log()
    long = torch.tensor([[i % 3 for i in range(300)], [2] * 20 + [-100] * 280])
    impossible = scores(2, 4, 3)
    impossible[1, 1:, 0] = -INF  # where padding is predicted, and looked up as class 0
    sure = torch.tensor([[[200.0, 0, -5], [0, 200, 0]], [[1, 2, 3], [0, 0, 0]]])
    return (
        _texts(two, [[0, 1], [1, 0]], -100),
        _texts(two, [[0, 1], [1, -100]], -100),
        _texts(scores(3, 4, 4), [[1, 3, 0, 2], [2, 1, -100, -100], [3, 3, 0, -100]], -100, True),
        _texts(scores(2, 4, 5), [[4, 3, 1, 2], [2, 1, 0, 0]], 0),
        _texts(scores(2, 3, 4), [[1, 2, 3], [2, 3, 3]], 3),
        _texts(scores(2, 3, 4), [[1, 2, 0], [2, -1, -1]], -1),
        _texts(scores(1, 5, 6, dtype=torch.float64), [[5, 2, 0, 1, 5]], -100),
        _texts(impossible, [[0, 2, 1, 1], [2, 1, -100, -100]], -100),
        _texts(scores(2, 300, 3), long, -100),
        _texts(sure, [[0, 1], [2, -100]], -100),
        _texts(100 * scores(2, 3, 4), [[1, 2, 0], [3, 1, -100]], -100),
        _texts(1000 + scores(2, 3, 4), [[1, 2, 0], [3, 1, -100]], -100),
        _texts(torch.full((2, 3, 4), 1e8), [[1, 2, 0], [3, 1, -100]], -100),
        _texts(scores(2, 3, 4, dtype=torch.bfloat16), [[1, 2, 0], [3, 1, -100]], -100),
    )


def _fresh_texts(generator: torch.Generator) -> tuple[Probe, ...]:
    tokens = torch.randint(1, 6, (3, 5), generator=generator)
    logits = torch.rand(3, 5, 6, generator=generator) - 0.5
    found = []
    for pad, spread in ((0, 6), (-100, 600)):
        padded = tokens.clone()
        padded[1, 3:], padded[2, 1:] = pad, pad
        found.append(_texts(spread * logits, padded, pad))
    return tuple(found)


EXERCISES = {
    "text_log_prob": Exercise(
        "f(logits, words)",
        _probes(),
        _fresh,
        reference=_sum,
        right=(_sum,),
        misconceptions=(*NO_RESULT, *TEXT, *OTHER_TRACES),
        laws=(
            Law(
                "not-the-sum-of-the-words",
                sum_of_the_words,
                ("Print the log-probability of each word.", SHIFT, SUM),
            ),
        ),
    ),
    "sequence_log_probs": Exercise(
        "f(logits, tokens, pad)",
        _probes_of_texts(),
        _fresh_texts,
        reference=RIGHT,
        right=(RIGHT,),
        misconceptions=(*NO_RESULT, *TEXTS, *OTHER_TRACES),
        laws=(
            Law(
                "not-the-sums-of-the-texts",
                sums_of_the_texts,
                ("Print the log-probability of each word.", SHIFTS, HIDE),
            ),
        ),
    ),
}

PARSONS = (
    Parsons(
        "text_log_prob",
        """
        def log_prob_of_text(logits, words):
            log_probs = torch.log_softmax(logits, dim=1)
            before = log_probs[:-1]
            picked = before.gather(1, words[1:, None])
            return picked.sum()
        """,
        wrong="before = log_probs[1:]",
        mistake="not-shifted",
    ),
    Parsons(
        "sequence_log_probs",
        """
        def log_probs_of_texts(logits, tokens, pad):
            words = tokens[:, 1:]
            is_pad = words == pad
            log_probs = torch.log_softmax(logits[:, :-1], dim=-1)
            indices = words.masked_fill(is_pad, 0)[..., None]
            picked = log_probs.gather(2, indices).squeeze(2)
            return picked.masked_fill(is_pad, 0.0).sum(dim=1)
        """,
        wrong="return (picked * ~is_pad).sum(dim=1)",
        mistake="zero-times-infinity",
    ),
)

TASKS = {**EXERCISES, **QUESTIONS}
