"""The predictions of lesson 14: a softmax in pieces."""

import math
from random import Random

from softmax_lessons.checker.question import Question
from softmax_lessons.lessons.other_numbers import to_digits, with_other_numbers


def _sum_of(piece: list[int], largest: int) -> float:
    return sum(math.exp(x - largest) for x in piece)


def _sum_of_two(first: list[int], second: list[int]) -> Question:
    old, new = max(first), max(first + second)
    terms = " + ".join(f"exp({x - old})" for x in first)
    return Question(
        round(_sum_of(first + second, new), 4),
        {
            round(_sum_of(first, old) + _sum_of(second, new), 4): (
                "no-rescale",
                f"The old sum is relative to {old}, and the new one to {new}.",
            ),
            new: (
                "maximum-for-sum",
                f"That's the largest logit; the sum adds up exp(x - {new}).",
            ),
        },
        within=0.001,
        asks=(
            "A row of logits arrives in pieces. You keep the largest logit so far, and the sum of "
            f"exp(x - largest so far). After the first piece, {first}, the largest is {old} and "
            f"the sum {terms}. The second piece is {second}. What is the sum now?"
        ),
    )


def _two_pieces(random: Random) -> tuple[list[int], list[int]]:
    """Draw a second piece with the largest logit, a little larger or far larger."""
    start = random.choice([random.randint(3, 5), random.randint(100, 1500)])
    first, second = (random.sample(range(4), 3) for _ in range(2))
    return first, [start + apart for apart in second]


def _chunk_in_mb(texts: int, tokens: int, vocabulary: int, classes: int) -> Question:
    numbers = texts * tokens * classes
    mb = 4 * numbers / 1e6
    return Question(
        to_digits(mb, 4),
        {
            to_digits(mb * vocabulary / classes, 4): (
                "whole-table",
                f"That's the whole table; a chunk has {classes} of {vocabulary:,} classes.",
            ),
            to_digits(mb / 4, 4): (
                "forgets-the-bytes",
                "That's how many millions of numbers; each takes 4 bytes.",
            ),
            to_digits(mb / 2, 4): (
                "two-bytes",
                "That's for 16 bits; a float32 takes 4 bytes.",
            ),
            to_digits(4 * numbers / 2**20, 4): (
                "mebibytes",
                "That's in MiB, 2 to the power 20 bytes; an MB is a million.",
            ),
            to_digits(mb / 1000, 4): ("gigabytes", "That's in GB; an MB is a million bytes."),
        },
        within=0.01,
        asks=(
            f"A batch has {texts} texts of {tokens} tokens, and the vocabulary has {vocabulary:,} "
            f"classes. You compute the float32 logits of all tokens for {classes} classes at a "
            "time. How many MB (millions of bytes) does such a chunk take?"
        ),
    )


def _sizes(random: Random) -> tuple[int, int, int, int]:
    return (
        random.choice([2, 4, 8, 16]),
        random.choice([1024, 2048, 4096, 8192]),
        random.choice([32_000, 50_257, 128_256]),
        random.choice([500, 1000, 2000, 4000]),
    )


def _chunks_visited(chunks: int) -> Question:
    return Question(
        2 * chunks,
        {
            chunks: (
                "one-pass",
                "Even the first probability needs the sum, which only the last chunk completes.",
            ),
            3 * chunks: ("three-passes", "A single pass finds both the maximum and the sum."),
        },
        asks=(
            f"A row of logits is stored in a file, in {chunks} chunks, and is too large for "
            "memory. A function writes its softmax to another file, chunk by chunk, in as few "
            "passes as possible: when the maximum grows, it rescales the sum. How many chunks has "
            "it visited by the time all the probabilities are written, if each visit counts?"
        ),
    )


QUESTIONS = {
    "sum_after_thousand": with_other_numbers(
        _sum_of_two, ([1, 2, 3], [1000, 1001, 1002]), _two_pieces
    ),
    "without_rescale": Question(
        "descending",
        {
            "ascending": (
                "rescale-on-descent",
                "In the ascending row, the maximum keeps changing.",
            ),
            "both": (
                "no-rescale",
                "In the ascending row, you subtract each logit from itself, so each exp is 1.",
            ),
            "neither": ("factor-never-one", "As long as there's no new maximum, the factor is 1."),
        },
        asks=(
            "You read a row one logit at a time, and keep the largest so far and the sum of "
            "exp(x - largest so far). When the largest changes, you forget to rescale the sum. "
            "Which row gets the right sum: [1, 2, 3], which is ascending, [3, 2, 1], which is "
            "descending, both or neither?"
        ),
    ),
    "order_of_merging": Question(
        "same",
        {"different": ("order-matters", "A maximum and a sum don't depend on the order.")},
        asks=(
            "The state of a piece of logits is its maximum m and the sum of exp(x - m). To merge "
            "two states, you rescale both sums to the larger maximum and add them. You merge c "
            "with a, and then with b. Rounding aside, is the state the same as after merging a "
            "with b, then with c, or different?"
        ),
    ),
    "masked_first_piece": Question(
        "nan",
        {
            "right": ("minus-inf-vanishes", "-inf minus a maximum of -inf isn't 0."),
            "zero": ("minus-inf-vanishes", "exp(-inf) would be 0, but here it's exp(-inf - -inf)."),
        },
        asks=(
            "The first of two pieces is masked:\n\n"
            "    largest, total = torch.tensor(-math.inf), 0.0\n"
            "    for piece in torch.tensor([[-math.inf, -math.inf], [1.0, 2.0]]):\n"
            "        new = torch.maximum(largest, piece.max())\n"
            "        total = total * (largest - new).exp() + (piece - new).exp().sum()\n"
            "        largest = new\n\n"
            "What is `total` at the end?"
        ),
    ),
    "chunk_in_mb": with_other_numbers(_chunk_in_mb, (8, 4096, 50_257, 1000), _sizes),
    "output_not_rescaled": Question(
        "more",
        {
            "equal": (
                "division-repairs",
                "The sum was rescaled to the new maximum, but the output wasn't.",
            ),
            "less": ("rescales-the-wrong-way", "The factor you left out is below 1."),
        },
        asks=(
            "Attention in tiles keeps a sum of exps and an output, the sum of exps times values, "
            "which it divides by the sum at the end. When the maximum grows, you rescale the sum "
            "but forget the output. All values are 1, and the scores rise from tile to tile. Is "
            "the result less than 1, equal to 1, or more?"
        ),
    ),
    "chunks_visited": with_other_numbers(
        _chunks_visited, (8,), lambda random: (random.randint(3, 40),)
    ),
}
