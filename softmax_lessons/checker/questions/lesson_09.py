"""The predictions of lesson 09."""

from softmax_lessons.checker.questions.question import Question

QUESTIONS = {
    "multiplied_by_mask": Question(
        "hidden",
        {
            "real": ("zero-is-nothing", "A score of 0 is not nothing: exp(0) is 1."),
            "equal": ("zero-is-nothing", "0 and -0.21 are two scores like any other."),
        },
    ),
    "masked_after": Question(
        "nan",
        {
            "right": ("renormalising-repairs", "The real keys were 0 before you divided."),
            "zeros": ("zero-over-zero", "Their sum is 0 too: 0 / 0."),
        },
    ),
    "minus_10000": Question(
        "hidden",
        {
            "real": ("low-enough", "-10000 is a score, and here the larger one."),
            "both": ("low-means-small", "They lie 10000 apart, so one of them takes all."),
        },
    ),
    "empty_row": Question(
        "thirds",
        {
            "zeros": ("low-means-small", "The scores are equal, and equal scores share evenly."),
            "nan": ("as-with-inf", "That is what -inf gives; -1e9 is a number like any other."),
        },
    ),
    "gradient_of_empty_row": Question(
        "adding",
        {
            "filling": ("filling-passes-on", "A filled score does not depend on the old one."),
            "both": ("nan-stays", "masked_fill sends exactly 0 back where it filled."),
            "neither": ("clean-is-clean", "nan_to_num cleans the numbers, not the way back."),
        },
    ),
    "without_the_root": Question(
        0.95,
        {
            0.06: ("even-shares", "1/16 would need equal scores; these are about 32 apart."),
            0.25: ("size-does-not-matter", "That is with the root: without, scores grow with d."),
            0.5: ("grows-a-little", "Scores about 32 apart leave the second nothing."),
        },
        within=0.04,
    ),
    "inverted_mask": Question(
        "future",
        {
            "itself": ("polarity-inverted", "Here True means: may be attended."),
            "everything": ("mask-ignored", "The mask is used; ask which way round."),
        },
    ),
    "float_mask": Question(
        0.731,
        {
            1: ("numbers-as-booleans", "A mask of floats is added to the scores: 1 and 0."),
            0.5: ("mask-ignored", "The mask is used: its numbers are added."),
            0: ("polarity-inverted", "Nothing is hidden: the numbers are added."),
        },
        within=0.005,
    ),
    "one_query": Question(
        "first",
        {
            "all": ("aligned-at-the-end", "The rows are counted from the start: this is row 0."),
            "last": ("aligned-at-the-end", "Row 0 of a causal mask sees key 0, not key 3."),
        },
    ),
}
