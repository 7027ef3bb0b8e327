"""What to say about a mistake without a name: the first law it breaks, and where it goes wrong."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from softmax_lessons.attempts.run import Outcome, Probe
from softmax_lessons.checker.judge import expect
from softmax_lessons.checker.misconception import Misconception


@dataclass(frozen=True)
class Law:
    """Something that must hold for a right answer.

    Attributes:
        slug: the name for an answer that breaks it.
        broken: says what is broken, in words and numbers, given an input, the result and the
            expected result, both in float64 and of the same shape; "" if the law holds.
        hints: where to look, which idea, which line.
    """

    slug: str
    broken: Callable[[Probe, Tensor, Tensor], str]
    hints: tuple[str, ...] = ()


def broken_law(
    laws: Sequence[Law],
    probes: Sequence[Probe],
    outcomes: Sequence[Outcome],
    order: Sequence[int],
    reference: Callable[..., Tensor],
) -> tuple[int, Misconception] | None:
    """Return the first broken law: the input it's broken on, and what to say.

    Args:
        laws: the plainest first.
        probes: the inputs.
        outcomes: what the attempt did with them.
        order: the numbers of the inputs that went wrong, the plainest first.
        reference: the right function.
    """
    for law in laws:
        for i in order:
            value, expected = outcomes[i].value, expect(reference, probes[i]).value
            if value is None or value.shape != expected.shape:
                continue
            if not kept_by_rounding(law, probes[i], reference):
                continue
            if says := law.broken(probes[i], value.double(), expected):
                return i, Misconception(law.slug, says, law.hints)
    return None


@lru_cache(maxsize=4096)
def kept_by_rounding(law: Law, probe: Probe, reference: Callable[..., Tensor]) -> bool:
    """Tell whether the right answer, rounded to the input's dtype, still keeps a law."""
    expected = expect(reference, probe).value
    return not law.broken(probe, expected.to(probe.logits.dtype).double(), expected)


FEATURES: tuple[tuple[str, Callable[[Probe], bool]], ...] = (
    ("with -inf among the logits", lambda p: bool((p.logits == -torch.inf).any())),
    ("with logits of 80 or more, or of -80 or less", lambda p: p.magnitude >= 80),
    ("with logits of 50 or more, or of -50 or less", lambda p: p.magnitude >= 50),
    ("with more than one row", lambda p: p.logits.dim() > 1),
    ("with more than two dims", lambda p: p.logits.dim() > 2),
    ("with more than three dims", lambda p: p.logits.dim() > 3),
    ("with one row", lambda p: p.logits.dim() == 1),
    ("with two dims", lambda p: p.logits.dim() == 2),
    ("with a negative dim", lambda p: isinstance(p.dim, int) and p.dim < 0),
    ("whose dim isn't the last", lambda p: not _is_last(p)),
    ("whose dim is the last", lambda p: _is_last(p)),
    ("whose dim is 0", lambda p: p.dim == 0 or p.dim == -p.logits.dim()),
    ("whose dim is 1", lambda p: p.dim == 1),
    ("in a 16-bit dtype", lambda p: p.logits.dtype.itemsize == 2),
    ("in float64", lambda p: p.logits.dtype == torch.float64),
    ("in float32", lambda p: p.logits.dtype == torch.float32),
    ("with all sizes the same", lambda p: len(set(p.logits.shape)) == 1),
    ("with different sizes", lambda p: len(set(p.logits.shape)) > 1),
)


def where_it_fails(probes: Sequence[Probe], failed: Collection[int]) -> list[str]:
    """Return a sentence on what only the inputs that go wrong have in common, if anything."""
    right = [p for i, p in enumerate(probes) if i not in failed]
    wrong = [p for i, p in enumerate(probes) if i in failed]
    if len(right) >= 2:
        for words, has in FEATURES:
            if all(map(has, wrong)) and not any(map(has, right)):
                return [f"It goes wrong on the inputs {words}, but is right on the others."]
    return []


def _is_last(probe: Probe) -> bool:
    return isinstance(probe.dim, int) and probe.dim % probe.logits.dim() == probe.logits.dim() - 1
