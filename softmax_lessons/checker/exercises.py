"""The exercises: what is asked, what is right, and the inputs that tell mistakes apart."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import starmap

import torch
from torch import Tensor

from softmax_lessons.checker.misconceptions import LIBRARY, Misconception, over
from softmax_lessons.checker.recipe import (
    GLOBAL_SHIFT,
    RIGHT,
    WITHOUT_SHIFT,
    Recipe,
    always,
    everything,
)
from softmax_lessons.checker.run import Probe

INF = float("inf")


@dataclass(frozen=True)
class Exercise:
    """One exercise; adding one is adding such a record to `EXERCISES`.

    Attributes:
        signature: how the attempt is called, as the learner writes it.
        reference: PyTorch's own answer, f(logits, dim).
        right: recipes that are right here.
        misconceptions: what can go wrong, the most important first.
        probes: the inputs to try, the ones to show first.
    """

    signature: str
    probes: tuple[Probe, ...]
    reference: Callable[[Tensor, int], Tensor] = torch.softmax
    right: tuple[Recipe, ...] = (RIGHT,)
    misconceptions: tuple[Misconception, ...] = LIBRARY

    @property
    def takes_dim(self) -> bool:
        """Whether the attempt is called with the dim."""
        return "dim" in self.signature


def scores(*shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
    """Return ordinary scores between -3 and 3, no two the same, in no order."""
    count = torch.Size(shape).numel()
    spread = torch.arange(1, count + 1) * 0.6180339887 % 1  # the golden ratio fills evenly
    return (6 * spread - 3).to(dtype).reshape(shape)


def row(*entries: float, dtype: torch.dtype = torch.float32) -> Tensor:
    """Return a 1-D tensor of these scores."""
    return torch.tensor(entries, dtype=dtype)


ARTICLE_BATCH = torch.tensor([[1.0, 2.0, 3.0], [1.0, 2.0, 1.0], [4.0, 3.0, 2.0]])

# Small ones first, square ones beside oblong ones, and every dim of every rank: a mistake that
# one shape hides, another shows.
ORDINARY = (
    *starmap(
        Probe,
        [
            (torch.tensor([[1.0, 2.0], [3.0, 5.0]]), 1),
            (torch.tensor([[1.0, 2.0], [3.0, 5.0]]), 0),
            (torch.tensor([[1.0, 2.0, 3.0], [1.0, 2.0, 1.0]]), 1),
            (torch.tensor([[1.0, 2.0, 3.0], [1.0, 2.0, 1.0]]), 0),
            (ARTICLE_BATCH, 1),
            (ARTICLE_BATCH, -2),
            (row(2.0, 1.0, 0.1), 0),
            (row(2.0, 1.0, 0.1), -1),
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
        ],
    ),
    Probe(scores(2, 3), 1, gradient=True),
    Probe(scores(2, 3), 0, gradient=True),
)

EXTREME = tuple(
    starmap(
        Probe,
        [
            (row(1000.0, 1001.0), 0),
            (row(-1000.0, -1001.0), 0),
            (row(-60.0, 0.0, 60.0), 0),
            (row(0.0, -200.0, 500.0), 0),
            (row(1.0, -INF, 2.0), 0),
            (torch.tensor([[0.0, 1.0, 2.0], [1000.0, 1001.0, 1002.0]]), 1),
            (torch.tensor([[0.0, 1000.0], [1.0, 1001.0], [2.0, 1002.0]]), 0),
            (torch.tensor([[0.0, 1.0, 2.0], [100.0, 101.0, 102.0]]), 1),
            (torch.tensor([[-1000.0, -1001.0, -1002.0], [5.0, 5.0, 5.0]]), 1),
            (torch.tensor([[1.0, -INF, 2.0], [3.0, 1.0, -INF]]), 1),
            (torch.tensor([[1.0, -INF, 2.0], [3.0, 1.0, -INF]]), 0),
            (row(400.0, 401.0, 800.0, dtype=torch.float64), 0),
            (row(11.0, 12.0, 9.0, dtype=torch.float16), 0),
        ],
    )
)

ROWS = tuple(
    starmap(
        Probe,
        [
            (row(2.0, 1.0, 0.1), 0),
            (row(0.5, -0.5), 0),
            (row(3.0, 3.0), 0),
            (row(-1.5), 0),
            (row(1.0, 2.0, 3.0, 4.0), 0),
            (scores(7), 0),
        ],
    )
)


def _joint(x: Tensor, dims: tuple[int, int]) -> Tensor:
    return torch.softmax(x.flatten(*dims), dims[0]).reshape(x.shape)


def _two_softmaxes(x: Tensor, dims: tuple[int, int]) -> Tensor:
    return torch.softmax(torch.softmax(x, dims[1]), dims[0])


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
            faces=over(always(i)),
        )
        for i, name in enumerate(sizes)
        if i != dim
    ]
    all_at_once = Misconception(
        slug="over-everything",
        says="All entries of the tensor compete with each other here: only the whole sums to 1.",
        hint="Say in words which entries should sum to 1, and choose only their dim.",
        faces=over(everything),
    )
    two = Misconception(
        slug="two-softmaxes-not-joint",
        says="You apply one softmax after the other. Each makes its own slices sum to 1; the two "
        "dims never compete together.",
        hint="Softmax takes one dim. Can you turn two dims into one, and back?",
        faces=(_two_softmaxes, lambda x, dims: _two_softmaxes(x, dims[::-1])),
    )
    joint = isinstance(dim, tuple)
    # flat sizes first, for the example that is shown
    shapes = [(2,) * len(sizes), tuple(sizes.values())]
    return Exercise(
        signature="f(x)",
        reference=_joint if joint else torch.softmax,
        probes=tuple(Probe(scores(*shape), dim) for shape in shapes),
        misconceptions=(*others, all_at_once, *([two] if joint else []), *LIBRARY),
    )


EXERCISES = {
    "softmax_1d": Exercise("f(x)", ROWS, right=(RIGHT, WITHOUT_SHIFT)),
    "softmax_dim": Exercise(
        "f(x, dim)", ORDINARY, right=(RIGHT, WITHOUT_SHIFT, GLOBAL_SHIFT)
    ),
    "stable_softmax": Exercise("f(x, dim)", ORDINARY + EXTREME),
    "classes_of_batch": _layout("batch classes", 1),
    "classes_of_sequence": _layout("batch time classes", 2),
    "classes_of_image": _layout("batch classes height width", 1),
    "keys_of_attention": _layout("batch heads queries keys", 3),
    "pixels_of_image": _layout("batch channels height width", (2, 3)),
}
