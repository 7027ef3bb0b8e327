"""The model answers on more than their exercises promise; where they fail, their lesson says so."""

import itertools
import math
import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import jupytext
import pytest
import torch
from torch import Tensor

from softmax_lessons.attempts.run import run
from softmax_lessons.checker.exercise import Exercise
from softmax_lessons.checker.judge import expect
from softmax_lessons.copies import tags
from softmax_lessons.lessons import tasks

SOURCES = Path(__file__).parents[1] / "notebooks" / "source"
EXERCISES = {name: task for name, task in tasks().items() if isinstance(task, Exercise)}
INF = math.inf
LONG = 70_000  # more than float16 can count to
# how far rounding may move a number, or, for logarithms, relative to the largest one
ROUNDING = {torch.float64: 1e-9, torch.float32: 1e-4, torch.float16: 5e-3, torch.bfloat16: 4e-2}
LOSSES = {"cross_entropy", *(f"repair_head_{i}" for i in range(1, 6))}
LOGS = {*LOSSES, "log_softmax", "padded_loss", "micro_batch_loss"}
LOGS |= {"text_log_prob", "sequence_log_probs", "loss_parts", "softmax_backward"}

# what a model answer can't do, and the words in its lesson that say so
LONG_ROW = "long in float16"
LIMITS = {
    **dict.fromkeys(
        itertools.product(("softmax_1d", "softmax_dim"), ("equal and huge", "far apart", LONG_ROW)),
        "It's right for ordinary",
    ),
    ("stable_softmax", LONG_ROW): "65,520 equal logits are enough",
    **{(n, LONG_ROW): "compute the loss in float32" for n in ("log_softmax", *LOSSES)},
    ("repair_head_5", "-inf"): "the solution for head 5, fails if any class but the target",
    ("micro_batch_loss", LONG_ROW): "float16 logits of more than 65,519 classes",
    ("text_log_prob", LONG_ROW): "float16 logits of more than 65,519 classes",
    ("sequence_log_probs", LONG_ROW): "float16 logits of more than 65,519 classes",
    ("half_softmax", "float64"): "float64 logits would lose digits",
    ("loss_parts", LONG_ROW): "meant for float32 and float64",
}
# where a case isn't an input of the exercise, or the result depends on the version of PyTorch
NO_CASE = {
    "padded_loss": (LONG_ROW,),
    "softmax_backward": ("equal and huge", "far apart", "-inf", LONG_ROW),  # of probabilities
    "best_temperature": ("gradient", LONG_ROW),  # a temperature of the list, in its dtype
    "text_log_prob": ("no rows",),  # two words at least
    "masked_softmax": (LONG_ROW,),  # its mask has no such row
    "masked_attention": ("-inf", LONG_ROW),  # the scores of such queries are nan
}


@cache
def solutions():
    """Return each lesson's model answers by exercise, with the number of the lesson."""
    found = {}
    for path in sorted(SOURCES.glob("*.md")):
        code = [cell for cell in jupytext.read(path).cells if cell.cell_type == "code"]
        for cell in code:
            if "solution" not in tags(cell):
                continue
            source, name, function = re.fullmatch(
                r'(.*)\ncheck\("(\w+)", (\w+)\)', cell.source, re.DOTALL
            ).groups()
            if name in EXERCISES:
                names = {}
                exec(code[0].source, names)  # the lesson's imports
                exec(source, names)
                found[name] = path.name[:2], names[function]
    return found


def template(name):
    """Return an ordinary float32 input of an exercise, with all sizes above 1 if there is one."""
    fit = [
        p
        for p in EXERCISES[name].fixed
        if p.logits.dtype == torch.float32 and p.logits.isfinite().all() and p.magnitude < 20
    ]
    fit = [replace(p, gradient=False) for p in fit]
    several = [p for p in fit if p.logits.numel() > 1]
    return next((p for p in several if min(p.logits.shape) > 1), several[0])


def states(probe):
    """Yield the same cases for the states of pieces: maxima, and sums of at least 1."""
    a, b = probe.logits, probe.others[0]
    huge, empty = a.clone(), a.clone()
    huge[0] = 1e8
    empty[:, 0] = torch.tensor([-INF, 0.0])
    yield "equal and huge", replace(probe, logits=huge, others=(huge.clone(),))
    yield "far apart", replace(probe, logits=a + torch.tensor([[1e4], [0.0]]))
    yield "-inf", replace(probe, logits=empty, others=(empty.clone(),))
    yield "float64", in_dtype(probe, torch.float64)
    yield "gradient", replace(probe, gradient=True)
    yield "no rows", replace(probe, logits=a[:, :0], others=(b[:, :0],))


def shards(probe):
    """Yield the same cases for a shard, whose row has its maximum here."""
    x, (targets, first, _) = probe.logits, probe.others
    for case, shard in (
        ("equal and huge", torch.full_like(x, 1e8)),
        ("far apart", 1e4 * x),
        ("-inf", x.index_fill(1, torch.tensor([0]), -INF)),
    ):
        yield case, replace(probe, logits=shard, others=(targets, first, shard.amax(1)))
    for dtype in (torch.float16, torch.bfloat16, torch.float64):
        yield str(dtype).removeprefix("torch."), in_dtype(probe, dtype)
    zeros = torch.zeros(len(x), LONG)
    long = replace(probe, logits=zeros, others=(targets, first, zeros.amax(1)))
    yield LONG_ROW, in_dtype(long, torch.float16)
    yield "gradient", replace(probe, gradient=True)
    yield "no rows", without_rows(probe)


OTHERS = {"merge_states": states, "loss_parts": shards}
CLASS_DIM = {"repair_crops": 2, "pixels_of_image": -1}


def in_dtype(probe, dtype):
    def cast(x):
        return x.to(dtype) if isinstance(x, Tensor) and x.is_floating_point() else x

    others = None if probe.others is None else tuple(map(cast, probe.others))
    return replace(probe, logits=cast(probe.logits), others=others)


def without_rows(probe):
    rows = len(probe.logits)

    def cut(x):
        return x[:0] if isinstance(x, Tensor) and x.dim() and len(x) == rows else x

    others = None if probe.others is None else tuple(map(cut, probe.others))
    return replace(probe, logits=probe.logits[:0], others=others)


def cases(name):
    """Yield what a softmax meets in practice, by name, in the form that an exercise takes."""
    made = OTHERS[name](template(name)) if name in OTHERS else _of_logits(name)
    return ((case, probe) for case, probe in made if case not in NO_CASE.get(name, ()))


def _of_logits(name):
    probe = template(name)
    x, dim = probe.logits, CLASS_DIM.get(name, probe.dim)
    hidden = x.clone()
    hidden.narrow(dim, 0, 1).fill_(-INF)
    shape = list(x.shape)
    shape[dim] = LONG
    yield "equal and huge", replace(probe, logits=torch.full_like(x, 1e8))
    yield "far apart", replace(probe, logits=1e4 * x)
    yield "-inf", replace(probe, logits=hidden)
    yield "float16", in_dtype(probe, torch.float16)
    yield "bfloat16", in_dtype(probe, torch.bfloat16)
    yield "float64", in_dtype(probe, torch.float64)
    yield "gradient", replace(probe, gradient=True)
    yield LONG_ROW, in_dtype(replace(probe, logits=torch.zeros(shape)), torch.float16)
    if x.dim() > 1:
        yield "no rows", without_rows(probe)


def is_right(name, probe):
    exercise, (_, solution) = EXERCISES[name], solutions()[name]
    one = len(exercise.parameters) == 1
    outcome = run((lambda x, *rest: solution(x)) if one else solution, probe)
    expected = expect(exercise.reference, probe)
    if not probe.gradient:
        return _alike(outcome.value, expected.value, probe, name in LOGS)
    return _alike(outcome.grad, expected.grad, probe, True) and outcome.value is not None


def _alike(got, wanted, probe, beside_the_largest):
    if got is None or got.dtype != probe.logits.dtype:
        return False
    part, info = ROUNDING[got.dtype], torch.finfo(got.dtype)
    largest = wanted[wanted.isfinite()].abs().max().item() if wanted.isfinite().any() else 0.0
    room = part * largest if beside_the_largest else info.smallest_normal * info.eps
    return got.shape == wanted.shape and torch.allclose(
        got.double(), wanted, rtol=part, atol=room, equal_nan=True
    )


ALL = [(name, case, probe) for name in EXERCISES for case, probe in cases(name)]


@pytest.mark.parametrize(
    ("name", "case", "probe"), ALL, ids=lambda x: x if isinstance(x, str) else ""
)
def test_a_model_answer_is_right_or_its_lesson_says_where_it_fails(name, case, probe):
    assert is_right(name, probe) == ((name, case) not in LIMITS)


def test_each_limit_is_stated_in_its_lesson():
    for (name, _), words in LIMITS.items():
        (path,) = SOURCES.glob(f"{solutions()[name][0]}_*.md")
        assert words in path.read_text(encoding="utf-8"), (name, words)
