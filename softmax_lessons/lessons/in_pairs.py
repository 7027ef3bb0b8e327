"""How many variants of a mistake are tried together with another mistake."""

from collections.abc import Mapping
from dataclasses import replace

from softmax_lessons.checker.misconception import Misconception

# for softmax: how many of the first variants are worth trying together with another mistake
IN_PAIRS = {
    **dict.fromkeys(("int-dtype", "double-exp", "exp2-or-pow", "sigmoid-instead", "rounds"), 2),
    **dict.fromkeys(("standardises-first", "computes-in-16-bits", "divides-logits-by-max"), 1),
    **dict.fromkeys(("sum-over-wrong-dim", "unsqueezes-last-not-dim", "max-over-wrong-dim"), 3),
    **dict.fromkeys(("replaces-minus-inf", "patches-nan", "squashes-first", "softmax-twice"), 2),
    **dict.fromkeys(("other-than-the-maximum", "argmax-instead-of-max", "forgets-exp"), 1),
}


def few_in_pairs(
    *records: Misconception, few: Mapping[str, int] = IN_PAIRS
) -> tuple[Misconception, ...]:
    """Return the same mistakes, some with only their first variants tried together with another.

    Args:
        records: the mistakes.
        few: how many variants, by slug; a mistake that isn't listed keeps all of them.
    """
    found = []
    for m in records:
        changes = [v for v in m.variants if not callable(v)]
        first = tuple(changes[: few.get(m.slug, len(changes))])
        if m.alone or len(first) == len(changes):
            found.append(m)
            continue
        if first:
            found.append(replace(m, variants=first, fit=None))
        rest = tuple(v for v in m.variants if v not in first)
        found.append(replace(m, variants=rest, alone=True))
    return tuple(found)
