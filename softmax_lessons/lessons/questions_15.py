"""The predictions of lesson 15: a softmax across processes."""

import math
from random import Random

from softmax_lessons.checker.question import Question
from softmax_lessons.lessons.other_numbers import counted, in_words, to_digits, with_other_numbers


def _sum_of_joined(devices: int) -> Question:
    return Question(
        devices,
        {1: ("local-softmax", "Each shard on its own already sums to 1.")},
        asks=(
            f"The logits of a row are split over {counted(devices, 'device')}. Each device takes "
            "the softmax of its shard, and you join the results. "
            "What do all the probabilities sum to?"
        ),
    )


def _bytes_sent(processes: int, piece: int) -> Question:
    message, steps = processes * piece, 2 * (processes - 1)
    return Question(
        steps * piece,
        {
            message: (
                "counts-the-message",
                "Every piece of the message goes round the ring twice.",
            ),
            2 * message: (
                "twice-around",
                "It goes round twice, but each round has one step fewer than there are processes.",
            ),
            (processes - 1) * message: (
                "sends-to-everybody",
                "In a ring, each process has one neighbour to send to.",
            ),
            (processes - 1) * piece: (
                "once-around",
                "That's the first round; the totals have to go round, too.",
            ),
            2 * piece: (
                "one-piece",
                f"Each step sends one piece of {piece} bytes, and there are {steps} steps.",
            ),
        },
        asks=(
            f"In an all-reduce, {processes} processes add up messages of {message} bytes. They "
            "form a ring, and each sends only to its neighbour. The message is cut into "
            f"{processes} pieces. These go round once to be added up, and once more to bring the "
            "totals to everyone. How many bytes does each process send?"
        ),
    )


def _ring(random: Random) -> tuple[int, int]:
    return random.choice([4, 5, 6, 8, 10, 16]), random.choice([8, 16, 32, 64, 100])


def _gathered_already(processes: int, loss: float) -> Question:
    times = "twice" if processes == 2 else f"{in_words(processes)} times"
    return Question(
        round(math.log(processes), 4),
        {
            0: ("repeats-cancel", f"The sum is counted {times}, the target's logit once."),
            processes: (
                "doubles-the-loss",
                f"The sum is multiplied by {processes}, and the loss contains its log.",
            ),
            round((processes - 1) * loss, 4): (
                "doubles-the-loss",
                f"The sum is multiplied by {processes}, and the loss contains its log.",
            ),
        },
        within=0.001,
        asks=(
            f"A loss over {in_words(processes)} processes is the log of the sum of exps over all "
            "shards, minus the target's logit. By mistake, every process holds the whole row, so "
            f"each exp is counted {times}. The right loss is {loss:g}. "
            "By how much is the result too high?"
        ),
    )


def _processes_and_loss(random: Random) -> tuple[int, float]:
    return random.randint(2, 16), round(random.uniform(0.5, 6), 4)


def _below_zero(rows: int, processes: int, columns: int) -> Question:
    classes = processes * columns
    return Question(
        rows,
        {
            rows * processes: (
                "one-each",
                "A process without the target has only p, which is above 0.",
            ),
            rows * columns: ("whole-shard", "Only p - 1 is below 0; the other classes have p."),
            0: ("losses-only-rise", "At the target it's p - 1."),
        },
        asks=(
            f"A batch has {counted(rows, 'row')}, and its {in_words(classes)} classes are split "
            f"over {in_words(processes)} processes, {counted(columns, 'column')} each. Every "
            "process gets the gradient of the mean cross-entropy with respect to its own logits. "
            f"How many of the {rows * classes} numbers are negative?"
        ),
    )


def _table(random: Random) -> tuple[int, int, int]:
    processes, columns = random.sample(range(2, 5), 2)
    return random.randint(1, 8), processes, columns


def _logits_in_gib(tokens: int, vocabulary: int) -> Question:
    numbers = tokens * vocabulary
    gib = 4 * numbers / 2**30
    return Question(
        to_digits(gib, 4),
        {
            to_digits(4 * numbers / 1e9, 5): ("gb-for-gib", "That's in GB; a GiB is 2**30 bytes."),
            to_digits(gib / 4, 4): ("forgets-the-dtype", "A float32 has 4 bytes."),
            to_digits(gib / 2, 4): ("two-bytes", "A float32 has 4 bytes."),
        },
        within=0.05,
        asks=(
            f"A batch has {tokens} tokens, and the vocabulary has {vocabulary:,} entries. How many "
            "GiB (2 to the power 30 bytes) do the logits take in float32?"
        ),
    )


QUESTIONS = {
    "two_shards_sum": with_other_numbers(
        _sum_of_joined, (2,), lambda random: (random.randint(3, 16),)
    ),
    "own_maximum": Question(
        "wrong",
        {"right": ("local-max", "Summing to 1 isn't enough: one shard subtracted 2, the other 3.")},
        asks=(
            "Two devices hold the shards [2, 1, 0.1] and [3, 0.5, 2.5] of a row. Each subtracts "
            "its own maximum and takes exp. Then every exp is divided by the sum of all six. "
            "Are the probabilities right or wrong?"
        ),
    ),
    "masked_shard": Question(
        "zeros",
        {
            "nan": ("own-maximum-first", "The process knows the maximum, 3, before it takes exp."),
            "uniform": (
                "averaged-shards",
                "The shard competes with the other one, and loses everything.",
            ),
        },
        asks=(
            "Two processes hold the shards [-inf, -inf, -inf] and [1, 2, 3] of a row. They first "
            "agree on the maximum of the whole row, then take exp(x - maximum), and divide by the "
            "total of both shards. What are the probabilities in the first shard?"
        ),
    ),
    "loss_of_one_shard": Question(
        "too low",
        {
            "too high": ("more-is-less", "The classes of shard 0 are missing from the sum."),
            "right": ("local-softmax", "The classes of shard 0 compete with the target too."),
        },
        asks=(
            "Each of two processes holds half of a row of logits: process 0 has shard 0, and "
            "process 1 has shard 1, with the target. Process 1 computes the cross-entropy of its "
            "own shard. As the loss of the whole row, is that right, too high or too low?"
        ),
    ),
    "gathered_already": with_other_numbers(_gathered_already, (2, 3.3095), _processes_and_loss),
    "gradients_below_zero": with_other_numbers(_below_zero, (1, 2, 3), _table),
    "constant_sum": Question(
        "zeros",
        {
            "right": ("value-is-enough", "A number that arrives in a message has no history."),
            "twice": ("sums-the-losses", "Adding up the gradients would give twice as much."),
        },
        asks=(
            "Two processes share a row. The loss is the log of the total of all exps, minus the "
            "target's logit. The total comes from an all-reduce: to autograd it's a plain number, "
            "even the process's own part. Process 0 doesn't have the target. "
            "What gradient do its logits get?"
        ),
    ),
    "bytes_sent": with_other_numbers(_bytes_sent, (8, 32), _ring),
    "logits_in_gib": with_other_numbers(
        _logits_in_gib,
        (8192, 128_256),
        lambda random: (
            random.choice([2048, 4096, 8192, 16_384]),
            random.choice([32_000, 50_257, 100_256, 151_936, 262_144]),
        ),
    ),
    "four_chunks": Question(
        "as much",
        {
            "a quarter": ("chunks-save", "Each chunk keeps its log-probabilities until backward."),
            "nothing": ("chunks-save", "Backward needs each chunk's log-probabilities."),
        },
        asks=(
            "You compute `F.cross_entropy(rows @ weight.T, targets)` in four chunks of rows, add "
            "up the losses, and then call backward once. Hidden states and weights aside, how much "
            "does PyTorch keep for backward, compared with one loss for all rows?"
        ),
    ),
    "gradient_of_own_sum": Question(
        "zeros",
        {
            "not zeros": (
                "only-its-own-loss",
                "The other process's sum falls by as much, and its backward is part of this one.",
            )
        },
        asks=(
            "Two processes each hold half of a row, and compute its softmax; backward is written "
            "with an all-reduce, so that it's right for the sum of all processes' losses. Each "
            "process calls it on the sum of its own probabilities. Does process 0 get a gradient "
            "of zeros, or not zeros?"
        ),
    ),
}
