"""The predictions of lesson 12: masks and attention."""

import math
from random import Random

from softmax_lessons.checker.question import Question
from softmax_lessons.lessons.other_numbers import counted, listed, with_other_numbers

INF = math.inf
ORDINALS = ("first", "second", "third")


def _float_mask(added: float) -> Question:
    return Question(
        round(1 / (1 + math.exp(-added)), 3),
        {
            1: (
                "numbers-as-booleans",
                f"A mask of floats is added to the scores: {added:g} and 0.",
            ),
            0.5: ("mask-ignored", "The mask is used: its numbers are added."),
            0: ("polarity-inverted", "Nothing is hidden: the numbers are added."),
        },
        within=0.005,
        asks=(
            "A query has equal scores for two keys. `F.scaled_dot_product_attention` gets a mask "
            f"of floats, not booleans: `attn_mask=torch.tensor([[{added}, 0.0]])`. "
            "What weight does the first key get?"
        ),
    )


def _padding_rank(lengths: list[int], text: int, query: int) -> Question:
    """Neither the text nor the query is number 1."""
    row = f"row {query} of the mask"
    return Question(
        lengths[query],
        {
            lengths[text]: (
                "mask-per-text",
                f"Read from the right, {row} is for query {query}.",
            ),
            lengths[1]: (
                "mask-of-text-1",
                f"Query {query} of every text gets row {query}, which keeps "
                f"{counted(lengths[query], 'key')}.",
            ),
            0: (
                "sees-nothing",
                f"{row.capitalize()} is meant for the {ORDINALS[query]} text, with "
                f"{counted(lengths[query], 'word')}.",
            ),
        },
        asks=(
            f"Three texts, padded to three words, have {listed(lengths)} real words. Their padding "
            "mask has shape (3, 3), for texts and keys, True for real words. It goes unchanged to "
            "`F.scaled_dot_product_attention` as `attn_mask`, with q, k and v of shape (3, 3, 4). "
            f"How many keys does the {ORDINALS[query]} query of the {ORDINALS[text]} text see?"
        ),
    )


def _lengths(random: Random) -> tuple[list[int], int, int]:
    return random.sample([1, 2, 3], 3), *random.sample([0, 2], 2)


def _capped(cap: float) -> Question:
    return Question(
        -cap,
        {
            -INF: ("minus-inf-stays", "tanh(-inf) is -1."),
            0: ("capped-to-zero", "tanh(-inf) is -1, not 0, and it's multiplied by c."),
            cap: ("sign-lost", "tanh keeps the sign."),
            -1: ("forgets-the-factor", "tanh(-inf) is -1; it's multiplied by c."),
        },
        asks=(
            "Someone hides a key by setting its score to -inf, and then caps all scores with "
            f"`c * torch.tanh(scores / c)`, where c = {cap}. What is the hidden key's score now?"
        ),
    )


QUESTIONS = {
    "multiplied_by_mask": Question(
        "hidden",
        {
            "real": ("zero-is-nothing", "A score of 0 isn't nothing: exp(0) is 1."),
            "equal": ("zero-is-nothing", "0 and -0.21 are two different scores."),
        },
        asks=(
            "To hide keys, someone multiplies the scores by a mask before softmax: 1 for a real "
            "key, 0 for a hidden one. One of the real keys has a score of -0.21. Which gets the "
            "larger weight, this real key or a hidden one, or are they equal?"
        ),
    ),
    "masked_after": Question(
        "nan",
        {
            "right": ("renormalising-repairs", "The real keys were 0 before you divided."),
            "zeros": ("zero-over-zero", "Their sum is 0 too: 0 / 0."),
        },
        asks=(
            "The third key is hidden, but only after softmax, in float32:\n\n"
            "    probs = torch.softmax(torch.tensor([1.0, 2.0, 300.0]), dim=0)\n"
            "    probs = probs * torch.tensor([1.0, 1.0, 0.0])\n"
            "    probs = probs / probs.sum()\n\n"
            "What do the two real keys get?"
        ),
    ),
    "minus_10000": Question(
        "hidden",
        {
            "real": ("low-enough", "-10000 is a score, and here the larger one."),
            "both": ("low-means-small", "They're 10000 apart, so one of them takes everything."),
        },
        asks=(
            "A query has two keys. The real one has a score of -20000. The hidden one's score is "
            "replaced by -10000. After softmax, which one gets the weight: the real key, the "
            "hidden key or both?"
        ),
    ),
    "empty_row": Question(
        "thirds",
        {
            "zeros": ("low-means-small", "The scores are equal, and equal scores share evenly."),
            "nan": ("as-with-inf", "That's what -inf gives; -1e9 is a number like any other."),
        },
        asks=(
            "All three keys of a query are hidden: their scores, 1, 5 and 2, are all replaced by "
            "-1e9, in float32. What weights does softmax return?"
        ),
    ),
    "gradient_of_empty_row": Question(
        "adding",
        {
            "filling": ("filling-passes-on", "A filled score doesn't depend on the old one."),
            "both": ("nan-stays", "masked_fill sends exactly 0 back where it filled."),
            "neither": ("clean-is-clean", "nan_to_num cleans the output, not the gradient."),
        },
        asks=(
            "The scores are `x @ weight`. All keys of row 1 are hidden, by adding -inf to its "
            "scores or by filling them with -inf (`masked_fill`). After softmax, `nan_to_num` "
            "turns the nan of row 1 into 0. Which way gives `weight` a gradient of nan: adding, "
            "filling, both or neither?"
        ),
    ),
    "without_the_root": Question(
        0.95,
        {
            0.06: ("even-shares", "1/16 would need equal scores; these are about 32 apart."),
            0.25: ("size-does-not-matter", "That's with the root: without it, scores grow with d."),
            0.5: ("grows-a-little", "Scores about 32 apart leave the others nearly nothing."),
        },
        within=0.04,
        asks=(
            "A query and 16 keys are vectors of d = 1024 random numbers, each with a standard "
            "deviation of 1. Without division by the root of d, their dot products scatter with a "
            "standard deviation of about 32. After softmax over the keys, how large is the largest "
            "of the 16 weights, on average?"
        ),
    ),
    "triu_mask": Question(
        "future",
        {
            "itself": ("polarity-inverted", "Here, True means that a key may be seen."),
            "everything": ("mask-ignored", "The mask is used; what does True mean?"),
        },
        asks=(
            "Four words attend to each other with `F.scaled_dot_product_attention`. Its "
            "`attn_mask` is `torch.ones(4, 4).triu(diagonal=1).bool()`, which is True wherever the "
            "key comes after the query. What does the first word attend to?"
        ),
    ),
    "padding_rank": with_other_numbers(_padding_rank, ([3, 2, 1], 2, 0), _lengths),
    "float_mask": with_other_numbers(
        _float_mask, (1.0,), lambda random: (random.choice([0.5, 1.5, 2.0, 2.5, 3.0, -1.0, -2.0]),)
    ),
    "one_query": Question(
        "first",
        {
            "all": ("aligned-at-the-end", "The rows are counted from the start: this is row 0."),
            "last": ("aligned-at-the-end", "Row 0 of a causal mask sees key 0, not key 3."),
        },
        asks=(
            "A program writes word by word. It passes one query, for word 4, and the keys and "
            "values for words 1 to 4 to `F.scaled_dot_product_attention`, with `is_causal=True`. "
            "Which keys does the query see?"
        ),
    ),
    "lowest_number_added": Question(
        "halves",
        {
            "as before": ("shift-is-exact", "Near -3.4e38, a 5 is rounded away."),
            "nan": ("as-with-inf", "-inf gives nan; the lowest finite number doesn't."),
        },
        asks=(
            "A query scores two keys 0 and 5. To hide both, a program adds "
            "`torch.finfo(torch.float32).min`, -3.4e38, to both scores, in float32. Are the "
            "weights as before (0.0067 and 0.9933), halves or nan?"
        ),
    ),
    "layer_of_padding": Question(
        "nan",
        {
            "0": ("empty-means-zero", "Its softmax has a row that's all -inf."),
            "the bias": ("empty-means-zero", "That's with need_weights=False, since PyTorch 2.5."),
        },
        asks=(
            "`nn.MultiheadAttention`, with its default `need_weights=True`, gets a text that's all "
            "padding: its `key_padding_mask` is True everywhere. The bias of its last layer isn't "
            "0. Is the output 0, the bias or nan?"
        ),
    ),
    "hidden_nan": Question(
        "nan",
        {"clean": ("zero-times-anything", "The mean has the term 0 times nan, which is nan.")},
        asks=(
            "Attention returns the mean of the values, weighted by the weights of their keys. One "
            "of three keys is hidden, so its weight is 0, and its value is nan. "
            "Is the output clean or nan?"
        ),
    ),
    "sink_row": Question(
        "zeros",
        {
            "thirds": ("as-with-finite", "exp(-inf) is 0, and the sink's exp is 1."),
            "nan": ("as-without-a-sink", "The sum isn't 0: it has the sink's exp, which is 1."),
        },
        asks=(
            "A model adds a fourth score of 0, the sink, to the three scores of a row, takes "
            "softmax and discards the sink's weight. All three keys are hidden: their scores are "
            "-inf. What are their weights?"
        ),
    ),
    "capped_mask": with_other_numbers(
        _capped, (2,), lambda random: (random.choice([3, 4, 5, 10, 15, 20, 30, 50]),)
    ),
    "empty_half": Question(
        "nan",
        {
            "right": ("zero-weight-hides", "Its weight is 0, but 0 times nan is nan."),
            "zeros": ("zero-wins", "The other half has all the weight, and 0 times nan is nan."),
        },
        asks=(
            "A query's keys are split into two halves. Each half gives an output and the log of "
            "its sum of exponentials; the softmax of the two logs weighs the two outputs. All keys "
            "of the first half are hidden: its output is nan, and its log is -inf. "
            "Is the merged output right, zeros or nan?"
        ),
    ),
}
