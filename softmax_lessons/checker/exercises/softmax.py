"""The exercises of lessons 00 to 05: softmax, and which dim it runs along."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import starmap

import torch
from torch import Tensor

from softmax_lessons.attempts.run import Probe
from softmax_lessons.checker.exercises.exercise import INF, Exercise, grid, row, scores
from softmax_lessons.checker.misconceptions import (
    LEFT_MOVED,
    NO_RESULT,
    ON_ORDINARY_SCORES,
    OTHER_FUNCTION,
    SHIFT,
    SIDE_EFFECT,
    Face,
    Misconception,
    over,
)
from softmax_lessons.checker.recipe import GLOBAL_SHIFT, RIGHT, WITHOUT_SHIFT, always, everything

OURS_AND_TORCHS = frozenset({"softmax", "stable_softmax", "naive_softmax"})


def ordinary() -> tuple[Probe, ...]:
    """Return probes of every rank with ordinary scores.

    Small ones first, square ones beside oblong ones, and every dim of every rank: a mistake
    that one shape hides, another shows.
    """
    square, oblong = grid([1, 2], [3, 5]), grid([1, 2, 3], [1, 2, 1])
    article = grid([1, 2, 3], [1, 2, 1], [4, 3, 2])
    inputs = [
        (square, 1),
        (square, 0),
        (oblong, 1),
        (oblong, 0),
        (article, 1),
        (article, -2),
        (row(2, 1, 0.1), 0),
        (row(2, 1, 0.1), -1),
        (scores(1, 3), 0),
        (scores(1, 3), 1),
        (scores(2, 2, 2), 0),
        (scores(2, 2, 2), 1),
        (scores(2, 2, 2), 2),
        (scores(2, 3, 4), 0),
        (scores(2, 3, 4), 1),
        (scores(2, 3, 4), -1),
        (scores(2, 3, 4, 5), 0),
        (scores(2, 3, 4, 5), 1),
        (scores(2, 3, 4, 5), -2),
        (scores(2, 3, 4, 5), 3),
        (scores(3, 4, dtype=torch.float64), 1),
        (scores(3, 4, dtype=torch.float64), 0),
        (scores(3, 4, dtype=torch.float16), 1),
        (scores(2, 3), 1, True),
        (scores(2, 3), 0, True),
        (grid([60, 54, 0], [1, 9, 2]), 1),  # a small probability is not 0
    ]
    return tuple(starmap(Probe, inputs))


def extreme() -> tuple[Probe, ...]:
    """Return probes on which only a shift by the maximum of each slice works."""
    far, less_far = [1000, 1001, 1002], [100, 101, 102]
    inputs = [
        (row(1000, 1001), 0),
        (row(-1000, -1001), 0),
        (row(-60, 0, 60), 0),
        (row(0, -200, 500), 0),
        (row(1, -INF, 2), 0),
        (grid([0, 1, 2], far), 1),
        (grid([0, 1, 2], far).T.contiguous(), 0),
        (grid([0, 1, 2], less_far), 1),
        (grid([-1000, -1001, -1002], [5, 5, 5]), 1),
        (grid([1, -INF, 2], [3, 1, -INF]), 1),
        (grid([1, -INF, 2], [3, 1, -INF]), 0),
        (row(400, 401, 800, dtype=torch.float64), 0),
        (row(11, 12, 9, dtype=torch.float16), 0),
    ]
    return tuple(starmap(Probe, inputs))


def one_row() -> tuple[Probe, ...]:
    """Return probes with one row of ordinary scores."""
    rows = [
        row(2, 1, 0.1),
        row(0.5, -0.5),
        row(3, 3),
        row(-1.5),
        row(1, 2, 3, 4),
        scores(7),
        row(60, 0),
    ]
    exact = row(-4, -5, -6, dtype=torch.float64)
    return (*(Probe(x, 0) for x in rows), Probe(exact, 0, loose=True))


def fresh_rows(generator: torch.Generator) -> tuple[Probe, ...]:
    """Return one row of random ordinary scores."""
    return (Probe(6 * torch.rand(40, generator=generator) - 3, 0),)


def fresh_ordinary(generator: torch.Generator) -> tuple[Probe, ...]:
    """Return random ordinary scores of two and three dims."""
    return tuple(
        Probe(6 * torch.rand(*shape, generator=generator) - 3, dim)
        for shape in ((3, 40), (3, 2, 4))
        for dim in range(len(shape))
    )


def fresh_extreme(generator: torch.Generator) -> tuple[Probe, ...]:
    """Return random scores of any size, some of them -inf, along with ordinary ones."""
    large = 20000 * torch.rand(3, 4, generator=generator) - 10000
    # far below what may be put in the place of -inf; and no slice is all -inf
    low = large - 100_000
    masked = low.masked_fill(torch.rand(3, 4, generator=generator) < 0.3, -INF)
    masked[:, 0], masked[0], masked[1, 1] = low[:, 0], low[0], -INF
    extreme = tuple(Probe(x, dim) for x in (large, masked) for dim in (0, 1))
    return fresh_ordinary(generator) + extreme


def _joint(x: Tensor, dims: tuple[int, int]) -> Tensor:
    return torch.softmax(x.flatten(*dims), dims[0]).reshape(x.shape)


def _two_softmaxes(x: Tensor, dims: tuple[int, int]) -> Tensor:
    return torch.softmax(torch.softmax(x, dims[1]), dims[0])


def _not_always_right(m: Misconception, probes: Sequence[Probe]) -> Iterator[Face]:
    """Yield the faces that are wrong along this dim: moving the last dim to the end is not."""
    for face in m.faces:
        if not all(torch.equal(face(p.logits, p.dim), p.logits.softmax(p.dim)) for p in probes):
            yield face


def _layout(names: str, dim: int | tuple[int, int]) -> Exercise:
    """Return the exercise to choose the dim for a layout such as "batch classes"."""
    sizes = dict(zip(names.split(), (2, 3, 4, 5), strict=False))
    others = [
        Misconception(
            slug=f"over-{name}",
            says=f"The entries along {name} compete with each other here: each slice along dim "
            f"{i} ({name}) sums to 1.",
            hint="Say in words which entries should sum to 1. Which position do they have in "
            "the shape?",
            second_hint="Write the layout down, number its dims from 0, and name the one that "
            "competes.",
            faces=over(always(i)),
        )
        for i, name in enumerate(sizes)
        if i != dim
    ]
    all_at_once = Misconception(
        slug="over-everything",
        says="All entries of the tensor compete with each other here: only the whole sums to 1.",
        hint="Say in words which entries should sum to 1, and choose only their dim.",
        second_hint="A sum or softmax without a dim takes everything at once.",
        faces=over(everything),
    )
    two = Misconception(
        slug="two-softmaxes-not-joint",
        says="You apply one softmax after the other. Each makes its own slices sum to 1; the two "
        "dims never compete together.",
        hint="Softmax takes one dim. Can you turn two dims into one, and back?",
        second_hint="`flatten` joins dims, `reshape` parts them again.",
        faces=(_two_softmaxes, lambda x, dims: _two_softmaxes(x, dims[::-1])),
    )
    joint = isinstance(dim, tuple)
    # flat sizes first, for the example that is shown
    flat, unlike = (2,) * len(sizes), tuple(sizes.values())
    probes = (
        Probe(scores(*flat), dim),
        Probe(scores(*unlike), dim),
        Probe(scores(*unlike) / 10, dim),
    )
    if not joint:
        others.append(replace(LEFT_MOVED, faces=tuple(_not_always_right(LEFT_MOVED, probes))))
    return Exercise(
        signature="f(x)",
        probes=probes,
        # one sample: a size of 1 has to stay as well
        fresh=lambda g: (Probe(torch.rand(1, *unlike[1:], generator=g), dim),),
        reference=_joint if joint else torch.softmax,
        by_hand=frozenset(),
        misconceptions=(
            *NO_RESULT,
            *others,
            all_at_once,
            *([two] if joint else []),
            *OTHER_FUNCTION,
            *SIDE_EFFECT,
        ),
        telling=(0, 1) if joint else (1, 2),
    )


def softmax_exercises() -> dict[str, Exercise]:
    """Return the exercises of lessons 00 to 05."""
    return {
        "classes_of_batch": _layout("batch classes", 1),
        "softmax_1d": Exercise(
            "f(x)",
            one_row(),
            fresh_rows,
            right=(RIGHT, WITHOUT_SHIFT),
            by_hand=OURS_AND_TORCHS,
            misconceptions=NO_RESULT + OTHER_FUNCTION + SHIFT + SIDE_EFFECT,
            telling=(5, 6, 7, 2),
        ),
        "classes_of_sequence": _layout("batch time classes", 2),
        "classes_of_image": _layout("batch classes height width", 1),
        "keys_of_attention": _layout("batch heads queries keys", 3),
        "pixels_of_image": _layout("batch channels height width", (2, 3)),
        "softmax_dim": Exercise(
            "f(x, dim)",
            ordinary(),
            fresh_ordinary,
            right=(RIGHT, WITHOUT_SHIFT, GLOBAL_SHIFT),
            by_hand=OURS_AND_TORCHS,
            misconceptions=ON_ORDINARY_SCORES,
            telling=(18, 20, 25, 7, 10, 23),
        ),
        "stable_softmax": Exercise(
            "f(x, dim)",
            ordinary() + extreme(),
            fresh_extreme,
            telling=(18, 37, 36, 34, 29, 5, 10, 20, 27, 30, 38, 23, 25),
        ),
    }
