"""Lesson 07: a padded batch and a micro-batch, and predictions about targets and means."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from softmax_lessons.attempts.run import Probe
from softmax_lessons.checker.exercise import INF, Exercise, grid, scores
from softmax_lessons.checker.judge import number
from softmax_lessons.checker.laws import Law
from softmax_lessons.checker.misconception import Misconception
from softmax_lessons.checker.parsons import Parsons
from softmax_lessons.lessons.misconceptions import OTHER_TRACES
from softmax_lessons.lessons.no_result import NO_RESULT
from softmax_lessons.lessons.questions_07 import QUESTIONS

IGNORED = -100
TOTAL = '`F.cross_entropy(logits, targets, reduction="sum") / total`.'
COUNT = "Divide by `(targets != pad).sum()`, or let `ignore_index=pad` do it."
CLASSES = "PyTorch expects the classes in dim 1: `logits.transpose(1, 2)`."


def _each(logits: Tensor, targets: Tensor, pad: int) -> Tensor:
    """Return the loss of each word, 0 for padding: shape (batch, time)."""
    classes_second = logits.transpose(1, 2)
    return F.cross_entropy(classes_second, targets, ignore_index=pad, reduction="none")


def _mean(logits: Tensor, targets: Tensor, pad: int) -> Tensor:
    return F.cross_entropy(logits.transpose(1, 2), targets, ignore_index=pad)


def _mean_of_rows(logits: Tensor, targets: Tensor, pad: int) -> Tensor:
    counts = (targets != pad).sum(1).clamp(min=1)
    return (_each(logits, targets, pad).sum(1) / counts).mean()


def _without_the_class(logits: Tensor, targets: Tensor, pad: int) -> Tensor:
    if pad >= 0:
        logits = logits.index_fill(2, torch.tensor([pad]), -INF)
    return _mean(logits, targets, pad)


def _scores_zeroed(logits: Tensor, targets: Tensor, pad: int) -> Tensor:
    real = targets != pad
    return F.cross_entropy((logits * real[..., None]).transpose(1, 2), targets * real)


PADDED = (
    Misconception(
        "padding-is-counted",
        "Your mean divides by the number of all targets, padding included.",
        ("How many words does your mean count?", "Padding adds 0, and doesn't count.", COUNT),
        variants=(lambda z, y, pad: _each(z, y, pad).mean(),),
    ),
    Misconception(
        "padding-is-scored",
        "Your loss treats padding as a word that the model should predict.",
        ("Which targets go into your loss?", "Targets equal to `pad` shouldn't.", COUNT),
        variants=(
            lambda z, y, pad: F.cross_entropy(z.transpose(1, 2), y),
            lambda z, y, pad: F.cross_entropy(z.transpose(1, 2), y.clamp(min=0)),
        ),
    ),
    Misconception(
        "classes-in-the-wrong-dim",
        "Your loss expects the classes in dim 1, but dim 1 is time.",
        ("What are the three dims of `logits`?", "The classes are the last one.", CLASSES),
        variants=(lambda z, y, pad: F.cross_entropy(z, y, ignore_index=pad),),
        error=r"Expected target size",
    ),
    Misconception(
        "reshape-for-transpose",
        "You reshape where you need to transpose: the scores of one word end up spread over "
        "several.",
        (
            "Print the logits of one word after your reshape.",
            "A reshape doesn't move entries.",
            CLASSES,
        ),
        variants=(
            lambda z, y, pad: F.cross_entropy(
                z.reshape(z.shape[0], z.shape[2], z.shape[1]), y, ignore_index=pad
            ),
        ),
    ),
    Misconception(
        "mean-of-means",
        "You take the mean of each row and then the mean of those means, so a word in a short row "
        "weighs more than one in a long row.",
        ("How much weight does a word in each row get?", "Take one mean, over all words.", COUNT),
        variants=(_mean_of_rows,),
    ),
    Misconception(
        "ignored-class-removed",
        "You remove the class `pad` from the softmax. Leave out only targets; the class stays in "
        "every sum.",
        ("What does your code do to the logits of class `pad`?", "Leave the logits alone.", COUNT),
        variants=(_without_the_class,),
    ),
    Misconception(
        "scores-zeroed",
        "You set the logits of padding to 0. Equal logits still have a loss, log(classes), and it "
        "counts.",
        ("What is the loss of a row of zeros?", "Leave out the loss, not the logits.", COUNT),
        variants=(_scores_zeroed,),
    ),
    Misconception(
        "only-padding-kept",
        "Your mask is inverted: you keep the padding.",
        ("Where is your mask True?", "What counts is `targets != pad`.", COUNT),
        variants=(
            lambda z, y, pad: F.cross_entropy(z.transpose(1, 2), y, reduction="none")[
                y == pad
            ].mean(),
        ),
    ),
    Misconception(
        "sum-instead-of-mean",
        "You return the sum of the losses, not their mean.",
        ("What do you divide by?", "The mean is the sum divided by a number.", COUNT),
        variants=(lambda z, y, pad: _each(z, y, pad).sum(),),
    ),
    Misconception(
        "divides-by-rows",
        "You divide by the number of rows in the batch, not by the number of words.",
        ("What do you divide by?", "Each word counts once.", COUNT),
        variants=(lambda z, y, pad: _each(z, y, pad).sum() / len(y),),
    ),
    Misconception(
        "sign-error",
        "The sign is flipped: your loss is the mean of the log-probabilities.",
        ("Can a loss be below 0?", "A log-probability is at most 0.", "Put a minus before it."),
        variants=(lambda z, y, pad: -_mean(z, y, pad),),
    ),
    Misconception(
        "softmax-twice",
        "You give probabilities to a loss that takes its own softmax.",
        ("What does `F.cross_entropy` expect?", "It expects logits.", "Leave out your softmax."),
        variants=(lambda z, y, pad: _mean(z.softmax(2), y, pad),),
    ),
    Misconception(
        "no-reduction",
        "You return the loss of each word, but the exercise asks for one number.",
        ("What shape should the result have?", "`()`: it's one number.", COUNT),
        variants=(_each,),
    ),
)


def mean_of_what_counts(probe: Probe, value: Tensor, expected: Tensor) -> str:
    """The loss is the mean over the targets that aren't padding."""
    if value.dim() or not value.isfinite() or (value - expected).abs() < 1e-3:
        return ""
    targets, pad = probe.rest
    each = _each(probe.logits, targets, pad)[targets != pad]
    losses = ", ".join(number(loss) for loss in each[:6].tolist())
    more = ", ..." if len(each) > 6 else ""
    return (
        f"The words that count have the losses {losses}{more}. Their mean is "
        f"{number(expected.item())}; yours is {number(value.item())}."
    )


# --- the loss of a micro-batch --------------------------------------------------------------------


def _sum(logits: Tensor, targets: Tensor) -> Tensor:
    return F.cross_entropy(logits, targets, reduction="sum")


def _part(logits: Tensor, targets: Tensor, total: int) -> Tensor:
    return _sum(logits, targets) / total


def _counted(targets: Tensor) -> Tensor:
    return (targets != IGNORED).sum()


def _own_mean(logits: Tensor, targets: Tensor, total: int) -> Tensor:
    return _sum(logits, targets) / _counted(targets).clamp(min=1)


PART = (
    Misconception(
        "mean-of-the-part",
        "You return the mean of this micro-batch, whatever the whole batch is. The micro-batches' "
        "means don't add up to the mean of the whole batch.",
        (
            "What does your function do with `total`?",
            "Divide once, by the whole batch's count.",
            TOTAL,
        ),
        variants=(
            lambda z, y, total: F.cross_entropy(z, y),
            _own_mean,
            lambda z, y, total: torch.nan_to_num(F.cross_entropy(z, y)),
        ),
    ),
    Misconception(
        "nan-of-nothing",
        "You take the mean of this micro-batch first. Where nothing counts, that's 0 / 0, which is "
        "nan, and nan stays nan whatever you multiply it by.",
        ("Try a micro-batch that's all padding.", "A sum of nothing is 0; a mean is nan.", TOTAL),
        variants=(lambda z, y, total: F.cross_entropy(z, y) * _counted(y) / total,),
    ),
    Misconception(
        "divides-twice",
        "You divide twice: a mean is already divided by the number of targets in the micro-batch, "
        "and then you divide by `total`.",
        ("What is your loss before you divide by `total`?", "It should be a sum.", TOTAL),
        variants=(
            lambda z, y, total: F.cross_entropy(z, y) / total,
            lambda z, y, total: _own_mean(z, y, total) / total,
            lambda z, y, total: _part(z, y, total) / len(y),
        ),
    ),
    Misconception(
        "divides-by-rows",
        "You divide by the rows of the micro-batch, padding included, and not by `total`.",
        ("What do you divide by?", "By the targets that count, in all micro-batches.", TOTAL),
        variants=(lambda z, y, total: _sum(z, y) / len(y),),
    ),
    Misconception(
        "padding-in-the-share",
        "You weigh the mean of the micro-batch by its number of rows, padding included.",
        ("How many rows of the micro-batch count?", "Padding has no share in the mean.", TOTAL),
        variants=(
            lambda z, y, total: F.cross_entropy(z, y) * len(y) / total,
            lambda z, y, total: _own_mean(z, y, total) * len(y) / total,
        ),
    ),
    Misconception(
        "sum-instead-of-mean",
        "You return the sum of the losses, without dividing it by `total`.",
        ("What does your function do with `total`?", "Divide by the whole batch's count.", TOTAL),
        variants=(lambda z, y, total: _sum(z, y),),
    ),
    Misconception(
        "total-multiplied",
        "You multiply by `total` instead of dividing by it.",
        ("Is your loss larger for a larger batch?", "A mean is a sum divided by a count.", TOTAL),
        variants=(
            lambda z, y, total: F.cross_entropy(z, y) * total,
            lambda z, y, total: _own_mean(z, y, total) * total,
            lambda z, y, total: _sum(z, y) * total,
        ),
    ),
    Misconception(
        "share-turned-around",
        "Your share is inverted: you divide by the micro-batch's count, and multiply by `total`.",
        ("Which is larger, `total` or the count of a micro-batch?", "A share is at most 1.", TOTAL),
        variants=(
            lambda z, y, total: _own_mean(z, y, total) * total / _counted(y),
            lambda z, y, total: _own_mean(z, y, total) * total / _counted(y).clamp(min=1),
        ),
    ),
    Misconception(
        "padding-is-scored",
        "Your loss treats padding as a class that the model should predict.",
        ("Which targets go into your loss?", "Targets equal to -100 shouldn't.", TOTAL),
        variants=(
            lambda z, y, total: _sum(z, y.clamp(min=0)) / total,
            lambda z, y, total: _sum(z, y % z.shape[1]) / total,
            lambda z, y, total: F.cross_entropy(z, y.clamp(min=0)) * _counted(y) / total,
        ),
    ),
    Misconception(
        "only-padding-kept",
        "Your mask is inverted: you keep the padding.",
        ("Where is your mask True?", "What counts is `targets != -100`.", TOTAL),
        variants=(
            lambda z, y, total: (
                (F.cross_entropy(z, y.clamp(min=0), reduction="none") * (y == IGNORED)).sum()
                / total
            ),
        ),
    ),
    Misconception(
        "counts-padding",
        "You multiply by the number of rows that are padding, not by the number that count.",
        ("Print the number that you multiply by.", "What counts is `targets != -100`.", TOTAL),
        variants=(
            lambda z, y, total: F.cross_entropy(z, y) * (y == IGNORED).sum() / total,
            lambda z, y, total: _own_mean(z, y, total) * (y == IGNORED).sum() / total,
        ),
    ),
    Misconception(
        "softmax-over-the-batch",
        "Your softmax runs over the rows of the micro-batch, not over the classes.",
        ("Which dim of `logits` are the classes?", "Dim 1.", TOTAL),
        variants=(lambda z, y, total: F.nll_loss(z.log_softmax(0), y, reduction="sum") / total,),
    ),
    Misconception(
        "softmax-twice",
        "You give probabilities to a loss that takes its own softmax.",
        ("What does `F.cross_entropy` expect?", "It expects logits.", "Leave out your softmax."),
        variants=(lambda z, y, total: _part(z.softmax(1), y, total),),
    ),
    Misconception(
        "log-of-softmax",
        "You take the log of a finished softmax, and a probability that underflowed to 0 makes it "
        "-inf.",
        ("Print the probabilities for logits of 600.", "log(0) is -inf.", TOTAL),
        variants=(lambda z, y, total: F.nll_loss(z.softmax(1).log(), y, reduction="sum") / total,),
    ),
    Misconception(
        "sign-error",
        "The sign is flipped: your result is the sum of log-probabilities, divided by `total`.",
        ("Can a loss be below 0?", "A log-probability is at most 0.", "Put a minus before it."),
        variants=(lambda z, y, total: -_part(z, y, total),),
    ),
    Misconception(
        "no-reduction",
        "You return the loss of each row, but the exercise asks for one number.",
        ("What shape should the result have?", "`()`: it's one number.", TOTAL),
        variants=(
            lambda z, y, total: F.cross_entropy(z, y, reduction="none"),
            lambda z, y, total: F.cross_entropy(z, y, reduction="none") / total,
        ),
    ),
)


def sum_of_what_counts(probe: Probe, value: Tensor, expected: Tensor) -> str:
    """The losses of the targets that count are summed, and divided by `total`."""
    if value.dim() or not value.isfinite() or (value - expected).abs() < 1e-4:
        return ""
    targets, total = probe.rest
    kept = targets != IGNORED
    each = F.cross_entropy(probe.logits[kept], targets[kept], reduction="none")
    losses = ", ".join(number(loss) for loss in each.tolist())
    counts = f"The targets that count have the losses {losses}" if losses else "No targets count"
    return (
        f"{counts}. The sum of the losses divided by {total} is {number(expected.item())}; yours "
        f"is {number(value.item())}."
    )


def _part_probe(logits: Tensor, targets: list[int], total: int, gradient: bool = False) -> Probe:
    others = (torch.tensor(targets), total)
    return Probe(logits, 1, gradient, others=others, rounding="absolute")


def _part_probes() -> tuple[Probe, ...]:
    return (
        _part_probe(grid([1, 1], [1, 3]).log(), [0, IGNORED], 4),
        _part_probe(grid([1, 1], [1, 3], [7, 1]).log(), [0, 1, IGNORED], 5),
        _part_probe(scores(2, 3), [2, 1], 2),
        _part_probe(scores(3, 4), [1, 3, 0], 4),
        _part_probe(scores(2, 3), [IGNORED, IGNORED], 3, True),
        _part_probe(scores(4, 3), [2, IGNORED, 0, IGNORED], 10, True),
        _part_probe(scores(3, 3), [IGNORED, 0, IGNORED], 1),
        # a share of 2 / 8, which float32 holds exactly
        _part_probe(scores(3, 5, dtype=torch.float64), [4, 0, IGNORED], 8),
        _part_probe(300 * scores(2, 3), [0, 1], 3),
    )


def _fresh_parts(generator: torch.Generator) -> tuple[Probe, ...]:
    logits = 6 * torch.rand(4, 5, generator=generator) - 3
    first, second, total = torch.randint(0, 5, (3,), generator=generator).tolist()
    return (_part_probe(logits, [first, IGNORED, second, IGNORED], 3 + total),)


# --- the loss of a padded batch -------------------------------------------------------------------


def _probe(logits: Tensor, targets: list[list[int]], pad: int, gradient: bool = False) -> Probe:
    given = (torch.tensor(targets), pad)
    return Probe(logits, 2, gradient, others=given, rounding="absolute")


def _probes() -> tuple[Probe, ...]:
    two = torch.tensor([[[3.0, 1.0], [1.0, 2.0]], [[1.0, 3.0], [5.0, 1.0]]]).log()
    return (
        _probe(two, [[0, 1], [0, -100]], -100),
        _probe(two, [[0, 1], [1, 0]], -100),
        _probe(scores(2, 3, 4), [[1, 3, 0], [2, 0, 0]], 0),
        _probe(scores(2, 3, 4), [[1, 3, 2], [2, -100, -100]], -100, True),
        _probe(scores(3, 4, 4), [[1, 3, 0, 2], [2, 1, 2, 2], [3, 2, 2, 2]], 2),
        _probe(scores(2, 5, 3), [[0, 1, 2, -1, -1], [2, -1, -1, -1, -1]], -1),
        _probe(scores(1, 6, 7, dtype=torch.float64), [[6, 5, 4, 3, 0, 0]], 0),
        _probe(300 * scores(2, 2, 3), [[0, 1], [2, -100]], -100),
    )


def _fresh(generator: torch.Generator) -> tuple[Probe, ...]:
    logits = 6 * torch.rand(3, 4, 5, generator=generator) - 3
    targets = torch.randint(0, 5, (3, 4), generator=generator)
    targets[0, 0] = 1
    return tuple(_probe(logits, _padded(targets, pad), pad) for pad in (0, -100))


def _padded(targets: Tensor, pad: int) -> list[list[int]]:
    targets = targets.clone()
    targets[1, 3:], targets[2, 1:] = pad, pad
    rows: Sequence[list[int]] = targets.tolist()
    return list(rows)


EXERCISES = {
    "padded_loss": Exercise(
        "f(logits, targets, pad)",
        _probes(),
        _fresh,
        reference=_mean,
        right=(_mean,),
        misconceptions=(*NO_RESULT, *PADDED, *OTHER_TRACES),
        laws=(
            Law(
                "not-the-mean-of-what-counts",
                mean_of_what_counts,
                ("Print the loss of each word.", "Sum those that count, and divide.", COUNT),
            ),
        ),
    ),
    "micro_batch_loss": Exercise(
        "f(logits, targets, total)",
        _part_probes(),
        _fresh_parts,
        reference=_part,
        right=(_part,),
        misconceptions=(*NO_RESULT, *PART, *OTHER_TRACES),
        laws=(
            Law(
                "not-a-share-of-the-whole",
                sum_of_what_counts,
                ("Print the loss of each row.", "Sum those that count, divide once.", TOTAL),
            ),
        ),
    ),
}

PARSONS = (
    Parsons(
        "padded_loss",
        """
        def loss_of_words(logits, targets, pad):
            by_class = logits.transpose(1, 2)
            total = F.cross_entropy(by_class, targets, ignore_index=pad, reduction="sum")
            count = (targets != pad).sum()
            return total / count
        """,
        wrong="count = targets.numel()",
        mistake="padding-is-counted",
    ),
    Parsons(
        "micro_batch_loss",
        """
        def loss_of_part(logits, targets, total):
            losses = F.cross_entropy(logits, targets, reduction="none")
            added = losses.sum()
            return added / total
        """,
        wrong="added = losses.mean()",
        mistake="divides-twice",
    ),
)

TASKS = {**EXERCISES, **QUESTIONS}
