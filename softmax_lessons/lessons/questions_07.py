"""The predictions of lesson 07: targets and means."""

import math
from random import Random

from softmax_lessons.checker.question import Question
from softmax_lessons.lessons.other_numbers import counted, in_words, listed, with_other_numbers


def _padded_mean(losses: list[float], rows: int) -> Question:
    total, count = round(sum(losses), 4), len(losses)
    return Question(
        round(total / count, 4),
        {
            round(total / rows, 4): (
                "padding-is-counted",
                f"That divides by all {in_words(rows)} rows, but only {in_words(count)} count.",
            ),
            total: ("sum-instead-of-mean", f"That's the sum; {in_words(count)} rows count."),
        },
        within=0.005,
        asks=(
            f"A batch has {in_words(rows)} rows. {counted(rows - count, 'target').capitalize()} "
            f"{'is' if rows - count == 1 else 'are'} -100, and the losses of the other rows are "
            f"{listed(losses)}, with a sum of {total:.4f}. What does `F.cross_entropy` return for "
            "the batch?"
        ),
    )


def _losses(random: Random) -> tuple[list[float], int]:
    count = random.randint(2, 4)
    losses = [round(random.uniform(0.1, 2), 4) for _ in range(count)]
    return losses, count + random.randint(1, 4)


def _ignored_class(first: int, others: int) -> Question:
    return Question(
        round(math.log(math.exp(first - others) + 2), 4),
        {
            0.6931: ("ignored-class-removed", "The class stays; only targets are left out."),
            0: ("class-is-ignored", "The target is 1, so this row counts."),
        },
        within=0.01,
        asks=(
            f"A row has the logits {first}, {others} and {others}, and the target is class 1. "
            "Without class 0, the loss would be log 2 = 0.6931. Roughly what does "
            "`F.cross_entropy` return with `ignore_index=0`?"
        ),
    )


def _weighted_divisor(targets: list[int], weights: list[int]) -> Question:
    shown = listed([f"class {i} has weight {weight}" for i, weight in enumerate(weights)])
    return Question(
        sum(weights[target] for target in targets),
        {
            len(targets): (
                "counts-rows",
                "With weights, the mean divides by the sum of the weights.",
            ),
            len(weights): ("counts-classes", "Each row adds the weight of its target."),
        },
        asks=(
            f"`F.cross_entropy` gets the targets {listed(targets)}, and a `weight` for each class: "
            f"{shown}. It adds up the weighted losses. What does its mean divide this sum by?"
        ),
    )


def _weights(random: Random) -> tuple[list[int], list[int]]:
    classes = random.randint(2, 3)
    targets = [random.randrange(classes) for _ in range(random.randint(4, 6))]
    return targets, [random.randint(1, 6) for _ in range(classes)]


def _whole_batch(words: int, loss: float, loss_of_one: float, padding: int) -> Question:
    """The second micro-batch has one word that counts."""
    total, count = words * loss + loss_of_one, words + 1
    return Question(
        round(total / count, 4),
        {
            round((loss + loss_of_one) / 2, 4): (
                "mean-of-means",
                f"Then one word weighs as much as {in_words(words)} together.",
            ),
            round(total / (count + padding), 4): (
                "padding-is-counted",
                f"That divides by all {in_words(count + padding)} rows, but {in_words(count)} "
                "words count.",
            ),
            round(total, 4): (
                "sum-instead-of-mean",
                f"That's the sum; {in_words(count)} words count.",
            ),
        },
        within=0.005,
        asks=(
            f"A batch comes in two micro-batches. The first has {counted(words, 'word')} with a "
            f"loss of {loss:g} each. The second has one word with a loss of {loss_of_one:g}, and "
            f"{counted(padding, 'row')} of padding, with the target -100. What would "
            "`F.cross_entropy` return for the whole batch at once?"
        ),
    )


def _micro_batches(random: Random) -> tuple[int, float, float, int]:
    losses = [round(random.uniform(0.2, 3), 4) for _ in range(2)]
    return random.randint(2, 6), *losses, random.randint(1, 4)


def _smoothing_floor(classes: int, smoothing: float) -> Question:
    share = smoothing / classes
    kept, others = 1 - smoothing + share, in_words(classes - 1)
    return Question(
        round(-kept * math.log(kept) - (classes - 1) * share * math.log(share), 4),
        {
            0: (
                "perfect-costs-nothing",
                f"Being sure costs: {others} classes have a target of {share:g}.",
            ),
            round(-math.log(kept), 4): (
                "target-alone",
                f"That's -log({kept:g}); the {others} others cost something too.",
            ),
            smoothing: (
                "amount-is-the-floor",
                "That's the amount of smoothing, not the loss it leads to.",
            ),
            round(-math.log(1 - smoothing), 4): (
                "target-alone",
                f"That's -log({1 - smoothing:g}), but the target keeps {kept:g}.",
            ),
        },
        within=0.02,
        asks=(
            f"There are {in_words(classes)} classes. With a label smoothing of {smoothing:g}, the "
            f"target's probability is {kept:g}, and every other class has {share:g}. "
            "What is the lowest cross-entropy that a model can reach with these targets?"
        ),
    )


def _labels_at_once(labels: int) -> Question:
    many, lowest = in_words(labels), math.log(labels)
    return Question(
        round(lowest, 4),
        {
            0: (
                "labels-do-not-compete",
                f"A softmax gives each 1/{labels} at best, and log(1/{labels}) isn't 0.",
            ),
            round(lowest / labels, 4): (
                "half-of-log-2",
                f"Each label costs 1/{labels} of log {labels}, and there are {many}.",
            ),
            round(labels * lowest, 4): (
                "not-halved",
                f"Each label costs log {labels} times its share, 1/{labels}.",
            ),
            round(1 / labels, 4): (
                "share-is-the-loss",
                "That's each share; the loss is minus its log.",
            ),
        },
        within=0.005,
        asks=(
            f"A photo shows {many} of the {in_words(labels + 1)} animals that a model knows. You "
            "train the model with softmax and cross-entropy, with a soft target of "
            f"1/{labels} for each animal in the photo. What is the lowest loss that it can reach?"
        ),
    )


QUESTIONS = {
    "square_classes": Question(
        "wrong",
        {
            "error": ("shapes-protect", "Five words and five classes: the shapes fit."),
            "right": ("finds-the-classes", "PyTorch takes dim 1, whatever it holds."),
        },
        asks=(
            "`F.cross_entropy` expects the classes in dim 1. Your logits have shape (2, 5, 5): two "
            "sentences, five words each, five classes. The targets have shape (2, 5). "
            "You forget to transpose the logits. What loss do you get?"
        ),
    ),
    "padded_mean": with_other_numbers(_padded_mean, ([0.2877, 0.6931], 4), _losses),
    "nothing_counts": Question(
        "nan",
        {
            "0": ("mean-of-nothing", "The sum of the losses is 0, and so is their number."),
            "error": ("expects-an-error", "PyTorch raises no error when it divides 0 by 0."),
        },
        asks=(
            "All the targets of a batch are -100, which `F.cross_entropy` ignores, so none of them "
            "counts. What mean loss does it return?"
        ),
    ),
    "ignored_class": with_other_numbers(
        _ignored_class, (9, 1), lambda random: (random.randint(4, 12), random.randint(0, 3))
    ),
    "weighted_divisor": with_other_numbers(_weighted_divisor, ([0, 1, 0, 0], [1, 3]), _weights),
    "whole_batch": with_other_numbers(_whole_batch, (3, 0.6931, 1.3863, 2), _micro_batches),
    "smoothing_floor": with_other_numbers(
        _smoothing_floor,
        (10, 0.1),
        lambda random: (random.choice([2, 4, 5, 8, 10, 20]), random.choice([0.04, 0.1, 0.2, 0.4])),
    ),
    "soft_divisor": Question(
        4,
        {
            6: ("soft-as-hard", "That's with class numbers; here the weights don't count."),
            8: ("counts-entries", "It divides by the rows, not by all entries of the table."),
        },
        asks=(
            "`F.cross_entropy` gets four rows with the targets 0, 1, 0 and 0, and a `weight` of 1 "
            "for class 0 and 3 for class 1. The targets come as one-hot rows of floats, so they're "
            "taken as probabilities. What does the mean divide the sum of the weighted losses by?"
        ),
    ),
    "two_labels": with_other_numbers(
        _labels_at_once, (2,), lambda random: (random.randint(3, 12),)
    ),
    "takes_bce": Question(
        "tags",
        {
            "folder": ("exclusive-gets-bce", "Only one folder is right, so the folders compete."),
            "both": ("bce-for-all", "With BCE, several folders could be likely at once."),
            "neither": ("softmax-for-all", "In a softmax, two right tags get 1/2 each at best."),
        },
        asks=(
            "An email goes into one of five folders, and gets any number of 30 tags. A model has 5 "
            "logits for the folder and 30 for the tags. For which do you choose binary "
            "cross-entropy (BCE): the folder, the tags, both or neither?"
        ),
    ),
}
