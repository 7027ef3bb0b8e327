"""The exercises of lesson 08: softmax with a temperature, and among the k largest logits."""

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from softmax_lessons.attempts.run import Probe
from softmax_lessons.checker.exercises.exercise import Exercise, grid, row, scores
from softmax_lessons.checker.misconceptions import (
    NO_RESULT,
    TRACES,
    Face,
    Misconception,
    inside,
    named,
)

# what goes wrong inside of any softmax
STEPS = (
    *("forgets-exp", "exp2-or-pow", "sigmoid-instead", "double-exp"),
    *("mean-instead-of-sum", "returns-exp-unnormalised", "plus-one-in-denominator"),
)


def _softmax(x: Tensor) -> Tensor:
    return torch.softmax(x, -1)


def _shared(x: Tensor) -> Tensor:
    return x / x.sum(-1, keepdim=True)


def _naive(x: Tensor) -> Tensor:
    return _shared(x.exp())


def at_temperature(logits: Tensor, temperature: float) -> Tensor:
    """Return the softmax of the logits divided by the temperature."""
    return _softmax(logits / temperature)


WRONG_DIM = Misconception(
    slug="sum-over-wrong-dim",
    says="Your softmax runs over another dim than the last, which has the classes.",
    hint="Along which dim do your results sum to 1?",
    second_hint="`dim=-1`.",
)

TEMPERATURES = (
    Misconception(
        slug="ignores-temperature",
        says="Your result does not depend on the temperature.",
        hint="Call your function with two temperatures and compare.",
        second_hint="Divide the logits by the temperature, before exp.",
        faces=(lambda logits, temperature: _softmax(logits),),
    ),
    Misconception(
        slug="temperature-after-softmax",
        says="You divide the probabilities by the temperature: they sum to 1 / temperature then.",
        hint="Print the sum of your result.",
        second_hint="The temperature belongs inside exp.",
        faces=(lambda logits, temperature: _softmax(logits) / temperature,),
    ),
    Misconception(
        slug="temperature-on-probs",
        says="You apply the temperature to probabilities and take a softmax of those: a softmax "
        "too many.",
        hint="How many times do the logits pass through exp?",
        second_hint="Divide the logits, then one softmax.",
        faces=(lambda logits, temperature: _softmax(_softmax(logits) / temperature),),
    ),
    Misconception(
        slug="temperature-twice",
        says="You apply the temperature twice.",
        hint="Count the divisions by the temperature.",
        second_hint="Compare with softmax of logits / 2 for a temperature of 2.",
        faces=(lambda logits, temperature: _softmax(logits / temperature**2),),
    ),
    Misconception(
        slug="inverse-temperature",
        says="You multiply by the temperature, so a high one sharpens where it should flatten.",
        hint="Should a temperature of 10 bring the probabilities together, or apart?",
        second_hint="Divide.",
        faces=(lambda logits, temperature: _softmax(logits * temperature),),
    ),
    Misconception(
        slug="power-of-temperature",
        says="You raise the exps, or their sum, to a power of the temperature in one place only.",
        hint="exp(x / T) is exp(x) to the power 1 / T, above and below the line.",
        second_hint="Divide the logits first; everything after is the softmax you know.",
        faces=(
            lambda logits, temperature: (
                (logits / temperature).exp() / logits.exp().sum(-1, keepdim=True)
            ),
            lambda logits, temperature: _softmax(logits) ** (1 / temperature),
            lambda logits, temperature: _softmax(logits) ** temperature,
        ),
    ),
    Misconception(
        slug="power-of-probs",
        says="You raise probabilities to the power 1 / T. Those too small to be stored are 0 by "
        "then, and stay 0 however high the temperature.",
        hint="Try the logits 200 and 0 at a temperature of 100.",
        second_hint="Divide the logits, before anything can vanish.",
        faces=(lambda logits, temperature: _shared(_softmax(logits) ** (1 / temperature)),),
    ),
    Misconception(
        slug="maximum-before-temperature",
        says="You subtract the maximum that the logits had before the division, so the largest "
        "is not 0 afterwards.",
        hint="After your subtraction, what is the largest number of a row?",
        second_hint="Divide first, and take the maximum of what comes out.",
        faces=(
            lambda logits, temperature: _naive(
                logits / temperature - logits.amax(-1, keepdim=True)
            ),
        ),
    ),
    Misconception(
        slug="returns-log",
        says="You return the logarithms of the probabilities.",
        hint="Probabilities lie between 0 and 1; are yours negative?",
        second_hint="Your last step goes one too far, or exp is missing after it.",
        faces=(lambda logits, temperature: torch.log_softmax(logits / temperature, -1),),
    ),
    Misconception(
        slug="returns-scores",
        says="You return the divided logits, without a softmax.",
        hint="Do your results sum to 1?",
        second_hint="A softmax is missing at the end.",
        faces=(lambda logits, temperature: logits / temperature,),
    ),
    replace(
        WRONG_DIM,
        faces=(
            lambda logits, temperature: torch.softmax(logits / temperature, 0),
            lambda logits, temperature: torch.softmax(logits / temperature, 1),
            lambda logits, temperature: torch.softmax(logits / temperature, logits.dim() > 1),
            lambda logits, temperature: _softmax(logits.flatten() / temperature).view_as(logits),
        ),
    ),
    named("sign-error", lambda logits, temperature: _softmax(-logits / temperature)),
    named("no-max-subtraction", lambda logits, temperature: _naive(logits / temperature)),
)


def _kept(logits: Tensor, k: int) -> Tensor:
    return torch.zeros_like(logits, dtype=torch.bool).scatter(-1, logits.topk(k).indices, True)


def _masked(logits: Tensor, k: int, low: float = -float("inf")) -> Tensor:
    return logits.masked_fill(~_kept(logits, k), low)


def top_k(logits: Tensor, k: int) -> Tensor:
    """Return the softmax among the k largest logits of each row, and 0 elsewhere."""
    return _softmax(_masked(logits, k))


def _above_kth_of_all(logits: Tensor, k: int) -> Tensor:
    return logits.masked_fill(logits < logits.flatten().topk(k).values[-1], -float("inf"))


def _at_their_places(logits: Tensor, k: int, share: Callable[[Tensor], Tensor]) -> Tensor:
    top = logits.topk(k)
    return torch.zeros_like(logits).scatter(-1, top.indices, share(top.values))


def _over_largest_of_all(logits: Tensor, k: int) -> Tensor:
    return top_k(logits.flatten(), k).view_as(logits)


TOP_K = (
    Misconception(
        slug="ignores-k",
        says="All classes take part in your softmax, whatever k is.",
        hint="How many entries of a row should be above 0?",
        second_hint="Put -inf where a logit is not among the k largest.",
        faces=(lambda logits, k: _softmax(logits),),
    ),
    Misconception(
        slug="zeroed-logits",
        says="You make the other logits 0; and exp(0) is 1, so they take part.",
        hint="What must a logit be, so that its exp is 0?",
        second_hint="Not 0: -inf.",
        faces=(
            lambda logits, k: _softmax(logits * _kept(logits, k)),
            lambda logits, k: _softmax(logits * _kept(logits, k)) * _kept(logits, k),
        ),
    ),
    Misconception(
        slug="forgets-renormalise",
        says="You take the softmax of all and cut the small ones off; the rest no longer sums "
        "to 1.",
        hint="Print the sum of your result.",
        second_hint="Cut before the softmax, or divide by the new sum.",
        faces=(lambda logits, k: _softmax(logits) * _kept(logits, k),),
    ),
    Misconception(
        slug="one-too-many",
        says="You keep one class more or less than k.",
        hint="How many entries of a row are above 0?",
        second_hint="The k-th largest itself is kept, the next one is not.",
        faces=(
            lambda logits, k: top_k(logits, min(k + 1, logits.shape[-1])),
            lambda logits, k: top_k(logits, k - 1),
            lambda logits, k: top_k(logits, k - 1).nan_to_num(0.0),
        ),
    ),
    Misconception(
        slug="keeps-smallest",
        says="You keep the smallest logits instead of the largest.",
        hint="Which class should surely be kept?",
        second_hint="Check which end of the sorted logits you take.",
        faces=(
            lambda logits, k: _softmax(logits.masked_fill(~_kept(-logits, k), -float("inf"))),
            lambda logits, k: _softmax(logits.masked_fill(_kept(logits, k), -float("inf"))),
        ),
    ),
    Misconception(
        slug="first-k",
        says="You keep the first k classes, not the k most likely ones.",
        hint="Does the order of the classes matter to your function?",
        second_hint="`topk` returns the largest values and where they stand.",
        faces=(
            lambda logits, k: _softmax(
                logits.masked_fill(torch.arange(logits.shape[-1]) >= k, -float("inf"))
            ),
        ),
    ),
    Misconception(
        slug="top-k-of-all",
        says="You look for the k largest logits, or their border, in the whole batch; each row "
        "needs its own.",
        hint="Can a row be left with no class at all?",
        second_hint="`topk` works along the last dim, and keeps the rows apart.",
        faces=(
            _over_largest_of_all,
            lambda logits, k: _softmax(_above_kth_of_all(logits, k)),
            lambda logits, k: _softmax(_above_kth_of_all(logits, k)).nan_to_num(0.0),
            lambda logits, k: _softmax(
                logits.masked_fill(logits < logits[0].topk(k).values[-1], -float("inf"))
            ),
        ),
    ),
    Misconception(
        slug="returns-only-k",
        says="You return the k probabilities without their places: the result has k columns, and "
        "nobody knows which class is which.",
        hint="Compare the shape of your result with that of the logits.",
        second_hint="`scatter` puts them back, or mask the logits and keep their shape.",
        faces=(lambda logits, k: _softmax(logits.topk(k).values),),
        causes=("returns-wrong-shape",),
    ),
    Misconception(
        slug="finite-sentinel",
        says="A negative number stands in for -inf. Where the real logits lie near or below it, "
        "what should be left out gets a share.",
        hint="Is there a number that lies below every logit?",
        second_hint='`float("-inf")` does, and exp of it is exactly 0.',
        faces=tuple(
            lambda logits, k, low=low: _softmax(_masked(logits, k, low))
            for low in (-1.0, -5.0, -10.0, -20.0, -50.0, -100.0, -1000.0)
        ),
    ),
    replace(
        WRONG_DIM,
        faces=(
            lambda logits, k: torch.softmax(_masked(logits, k), 0),
            lambda logits, k: _at_their_places(logits, k, lambda top: torch.softmax(top, 0)),
        ),
    ),
    named(
        "global-sum",
        lambda logits, k: _at_their_places(
            logits, k, lambda top: (top - top[:, :1]).exp() / (top - top[:, :1]).exp().sum()
        ),
        lambda logits, k: _at_their_places(logits, k, lambda top: top.exp() / top.exp().sum()),
    ),
    named(
        "no-max-subtraction",
        lambda logits, k: _naive(_masked(logits, k)),
        lambda logits, k: _at_their_places(logits, k, _naive),
    ),
)


def _at(x: Tensor, value: float) -> Probe:
    return Probe(x, -1, others=(value,))


def _temperature_probes() -> tuple[Probe, ...]:
    return (
        _at(row(1, 0), 2.0),
        _at(row(2, 1, 0.1), 0.5),
        _at(row(2, 1, 0.1), 10.0),
        _at(row(2, 1, 0.1), 1.0),
        _at(grid([1, 1.25], [3, 3.5]), 0.25),
        _at(grid([1, 2, 3], [1, 2, 1]), 3.0),
        _at(scores(2, 2, 3), 0.7),
        _at(row(200, 0), 100.0),
        _at(scores(2, 3, dtype=torch.float64), 2.0),
        _at(row(1000, 1001), 1.0),
        _at(row(-3000, -3001), 2.0),
        _at(row(3, 4, 5), 0.01),
    )


def _fresh_temperatures(generator: torch.Generator) -> tuple[Probe, ...]:
    x = 6 * torch.rand(2, 3, 4, generator=generator) - 3
    temperature = 0.5 + 2 * torch.rand((), generator=generator).item()
    return (_at(x, temperature), _at(300 * x, temperature))


def _top_k_probes() -> tuple[Probe, ...]:
    return (
        _at(grid([1, 3, 2]), 2),
        _at(grid([2, 1, 0.1, -1]), 2),
        _at(grid([1, 3, 2], [30, 10, 20]), 2),
        _at(scores(3, 5), 3),
        _at(scores(3, 5), 1),
        _at(scores(4, 3), 3),
        _at(-scores(3, 5).abs() - 1, 2),
        _at(scores(1, 4), 2),
        _at(scores(3, 5, dtype=torch.float64), 2),
        _at(grid([1000, 1001, 999], [-1000, -1002, -1001]), 2),
    )


def _fresh_top_k(generator: torch.Generator) -> tuple[Probe, ...]:
    x = torch.rand(3, 6, generator=generator) - 0.5
    k = int(torch.randint(2, 5, (), generator=generator))
    return (_at(6 * x, k), _at(3000 * x, k))


def _inside_temperature() -> tuple[Misconception, ...]:
    def around(softmax: Face) -> Face:
        return lambda logits, temperature: softmax(logits / temperature, -1)

    slugs = (*STEPS, "global-sum", "missing-keepdim", "global-max")
    return inside(slugs, around)


def _inside_top_k() -> tuple[Misconception, ...]:
    def around(softmax: Face) -> Face:
        return lambda logits, k: _at_their_places(logits, k, lambda top: softmax(top, -1))

    return inside((*STEPS, "softmax-twice", "returns-log"), around)


def sampling_exercises() -> dict[str, Exercise]:
    """Return the exercises of lesson 08."""
    return {
        "softmax_with_temperature": Exercise(
            "f(logits, temperature)",
            _temperature_probes(),
            _fresh_temperatures,
            reference=at_temperature,
            right=(at_temperature,),
            by_hand=frozenset(),
            misconceptions=(*NO_RESULT, *TEMPERATURES, *_inside_temperature(), *TRACES),
            telling=(8, 7, 9),
        ),
        "top_k_softmax": Exercise(
            "f(logits, k)",
            _top_k_probes(),
            _fresh_top_k,
            reference=top_k,
            right=(top_k,),
            by_hand=frozenset(),
            misconceptions=(*NO_RESULT, *TOP_K, *_inside_top_k(), *TRACES),
            telling=(8, 9, 3),
        ),
    }
