"""Ten ideas that the core course, lessons 00 to 05, promises, each asked in two parallel forms.

One form is for before the course, the other for after it. The two questions on an idea differ in
numbers and situation, but the same misconceptions are behind their wrong answers.
"""

from dataclasses import dataclass

from softmax_lessons.checker.question import Question


@dataclass(frozen=True)
class Idea:
    """One idea of the course.

    Attributes:
        lesson: the number of the lesson that promises it, such as "04".
        promise: what a learner can do afterwards, after "you can".
        forms: a question about it for each form.
    """

    lesson: str
    promise: str
    forms: dict[str, Question]


IDEAS = {
    "share": Idea(
        "01",
        "compute a softmax by hand",
        {
            "A": Question(
                0.84,
                {
                    0.75: ("divides-raw-scores", "That's 3 / 4, the share of the raw logit."),
                    20.09: (
                        "forgets-the-sum",
                        "Divide jazz's exponential by the sum of all three.",
                    ),
                    0.11: ("another-class", "That's the probability of rock."),
                    84: ("in-percent", "That's a percentage: as a share of 1, it's 0.84."),
                },
                within=0.006,
                asks="For one song, a model gives jazz a logit of 3, rock 1 and folk 0. exp(3) is "
                "20.09, exp(1) is 2.72 and exp(0) is 1. What does softmax give jazz, to two "
                "decimal places?",
            ),
            "B": Question(
                0.63,
                {
                    0.5: ("divides-raw-scores", "That's 2.5 / 5, the share of the raw logit."),
                    12.18: ("forgets-the-sum", "Divide its exponential by the sum of all three."),
                    0.23: ("another-class", "That's the probability of normal."),
                    63: ("in-percent", "That's a percentage: as a share of 1, it's 0.63."),
                },
                within=0.006,
                asks="An email's logits are 2.5 for urgent, 1.5 for normal and 1 for spam. "
                "exp(2.5) is 12.18, exp(1.5) is 4.48 and exp(1) is 2.72. How probable is urgent "
                "after softmax, to two decimal places?",
            ),
        },
    ),
    "shift": Idea(
        "01",
        "say that only the differences between logits matter",
        {
            "A": Question(
                "same",
                {
                    "flatter": (
                        "shift-changes",
                        "Softmax sees only differences, and none of them changes.",
                    ),
                    "sharper": (
                        "shift-changes",
                        "Softmax sees only differences, and none of them changes.",
                    ),
                },
                asks="A model has a logit for each of four ratings of a film. A colleague "
                "subtracts 7 from all four. Are the probabilities now the same as before, closer "
                "together (flatter) or further apart (sharper)?",
            ),
            "B": Question(
                "same",
                {
                    "flatter": ("shift-changes", "The factor exp(2.5) cancels in every fraction."),
                    "sharper": ("shift-changes", "The factor exp(2.5) cancels in every fraction."),
                },
                asks="A model scores which of six languages a text is in. A bug makes all six "
                "scores larger by 2.5. After softmax, are the six numbers the same as without the "
                "bug, more alike (flatter) or less alike (sharper)?",
            ),
        },
    ),
    "confident": Idea(
        "01",
        "say what a probability from a softmax doesn't tell you",
        {
            "A": Question(
                "lead",
                {
                    "right": (
                        "confidence-is-given",
                        "How often it's right on such photos has to be measured.",
                    ),
                    "pear": (
                        "knows-nonsense",
                        "The three have to share all of the probability, bicycle or not.",
                    ),
                },
                asks="A model that tells apples, pears and plums apart is shown a bicycle. Its "
                "softmax says 0.99 for pear. What do you know from the 0.99: that pear's logit is "
                "far above the other two (lead), that the model is right 99 times in 100 (right), "
                "or that something looks like a pear (pear)?",
            ),
            "B": Question(
                "lead",
                {
                    "right": (
                        "confidence-is-given",
                        "You'd have to count how often it's right when it says 0.97.",
                    ),
                    "work": (
                        "knows-nonsense",
                        "None of the three classes means that it can't tell.",
                    ),
                },
                asks="A model that sorts emails into work, family and adverts gets an empty "
                "email, and its softmax says 0.97 for work. Does the 0.97 show that 97 of 100 "
                "such emails are about work (right), that this one has something to do with work "
                "(work), or only that one logit is well ahead of the other two (lead)?",
            ),
        },
    ),
    "dim": Idea(
        "02",
        "choose the dim for a layout",
        {
            "A": Question(
                1,
                {
                    2: ("hard-coded-last-dim", "Then the 30 moments compete, not the sounds."),
                    -1: ("hard-coded-last-dim", "Then the 30 moments compete, not the sounds."),
                    0: ("over-batch", "Then the 16 recordings compete, not the sounds."),
                },
                asks="`x` has shape (16, 5, 30): for 16 recordings, the logits of 5 sounds at 30 "
                "moments. You want to know, for each moment of each recording, how probable each "
                "sound is. Which `dim` do you give to softmax, counted from 0?",
            ),
            "B": Question(
                0,
                {
                    2: ("hard-coded-last-dim", "Then the 40 words compete, not the labels."),
                    -1: ("hard-coded-last-dim", "Then the 40 words compete, not the labels."),
                    1: ("over-batch", "Then the 20 texts compete, not the labels."),
                },
                asks="`x` has shape (7, 20, 40): logits of 7 labels, for 20 texts of 40 words "
                "each. For every word, you want the probabilities of the labels. Along which "
                "`dim` does softmax run, counted from 0?",
            ),
        },
    ),
    "mixes": Idea(
        "02",
        "say what a wrong dim does, and that nothing warns you",
        {
            "A": Question(
                "all",
                {
                    "only 5": (
                        "slices-are-rows",
                        "With `dim=0`, a slice is a column, with an entry from every review.",
                    ),
                    "error": ("expects-an-error", "PyTorch accepts any dim that the tensor has."),
                },
                asks="`logits` has shape (11, 3): three ratings for each of eleven reviews. "
                "Someone calls `torch.softmax(logits, dim=0)`. Then review 5 gets different "
                "logits, and they call it again. Which probabilities change: all reviews' (all), "
                "only review 5's (only 5), or is there an error (error)?",
            ),
            "B": Question(
                "no",
                {
                    "yes": (
                        "slices-are-rows",
                        "With `dim=0`, all the voices in a column share a total of 1.",
                    ),
                    "error": ("expects-an-error", "PyTorch accepts any dim that the tensor has."),
                },
                asks="A program tells four speakers apart: `logits` has a row for each of 30 "
                "voices, and it calls `torch.softmax(logits, dim=0)`. Now one more voice is added "
                "as row 30. Do the first 30 voices keep their probabilities: yes, no, or is there "
                "an error (error)?",
            ),
        },
    ),
    "keepdim": Idea(
        "03",
        "say how shapes line up without keepdim",
        {
            "A": Question(
                6,
                {
                    0: ("runs-so-right", "The seven sums line up with the columns, not the rows."),
                },
                asks="`exps` has shape (7, 7), a row for each photo, and you write `exps / "
                "exps.sum(dim=1)`. Which row's sum is the entry in row 0, column 6 divided by?",
            ),
            "B": Question(
                3,
                {
                    7: ("runs-so-right", "Shapes line up on the right: here, sums with columns."),
                },
                asks="`e` holds the exponentials of nine words, in shape (9, 9), a row for each "
                "word. Someone divides by the sums without `keepdim`: `e / e.sum(dim=1)`. That "
                "divides the number in row 7, column 3 by the sum of one of the rows. Which one?",
            ),
        },
    ),
    "tests": Idea(
        "03",
        "say which test catches a wrong softmax",
        {
            "A": Question(
                "comparison",
                {
                    "sums": (
                        "sums-prove-it",
                        "Each row is divided by its own sum, whatever is in it.",
                    ),
                    "range": (
                        "any-non-square-test",
                        "Shares of a sum of positive numbers are always in that range.",
                    ),
                },
                asks="A function shifts each of a row's logits by a different amount, then takes "
                "exp and divides by the row's sum. You try it on logits of shape (6, 4). Which "
                "test fails: that the rows sum to 1 (sums), that every number is from 0 to 1 "
                "(range), or that it agrees with `torch.softmax` (comparison)?",
            ),
            "B": Question(
                "comparison",
                {
                    "sums": (
                        "sums-prove-it",
                        "The same numbers in a different order have the same sum.",
                    ),
                    "range": (
                        "any-non-square-test",
                        "Every number is still a probability, only for a different class.",
                    ),
                },
                asks="A function reverses each row of logits by mistake, and returns the softmax "
                "of the reversed row. Its author has three tests, on a batch of shape (10, 6): "
                "each row sums to 1 (sums), no number is below 0 or above 1 (range), and the "
                "result equals `torch.softmax` up to rounding (comparison). Which one can fail?",
            ),
        },
    ),
    "overflow": Idea(
        "04",
        "say where the formula overflows, and what you see then",
        {
            "A": Question(
                "nan",
                {
                    "right": ("trusts-the-formula", "In float32, exp overflows above 88.72."),
                    "inf": ("only-the-top", "The denominator is inf too, and inf / inf is nan."),
                    "error": ("expects-an-error", "PyTorch raises no error when exp overflows."),
                },
                asks="`x` holds 95 and 94, in float32. What does `x.exp() / x.exp().sum()` give "
                "you: the right probabilities (right), inf, nan or an error?",
            ),
            "B": Question(
                "nan",
                {
                    "right": (
                        "trusts-the-formula",
                        "exp(120) has 53 digits, the largest float32 only 39.",
                    ),
                    "inf": ("only-the-top", "The sum is inf as well, and inf / inf is nan."),
                    "error": ("expects-an-error", "Overflow raises no error in PyTorch."),
                },
                asks="A softmax written straight from the formula, exp divided by the sum of "
                "exps, gets the logits 120, 130 and 125 in float32. What comes out: an error, "
                "inf, nan or the right numbers (right)?",
            ),
        },
    ),
    "maximum": Idea(
        "05",
        "say which maximum to subtract",
        {
            "A": Question(
                "nan",
                {
                    "right": (
                        "any-shift-will-do",
                        "On paper, but float32 makes exp(-1997) exactly 0.",
                    ),
                    "zeros": ("zero-over-zero", "The row's sum is 0 as well, and 0 / 0 is nan."),
                },
                asks="The rows of a float32 batch are [4, 2] and [2000, 2001]. You subtract 2001 "
                "from both rows, take exp, and divide each row by its sum. What do you get in the "
                "first row: the right probabilities (right), zeros or nan?",
            ),
            "B": Question(
                "nan",
                {
                    "right": (
                        "any-shift-will-do",
                        "On paper, but float32 makes exp(-901) exactly 0.",
                    ),
                    "zeros": (
                        "zero-over-zero",
                        "The zeros are divided by their sum, and 0 / 0 is nan.",
                    ),
                },
                asks="Three photos have the float32 logits [4, 7], [6, 9] and [900, 910]. A "
                "hand-written softmax subtracts the largest number of the whole tensor from every "
                "logit before exp. Are the results of the first two photos right, zeros or nan?",
            ),
        },
    ),
    "helped": Idea(
        "05",
        "say what PyTorch already does for you",
        {
            "A": Question(
                "nothing",
                {
                    "digits": (
                        "changes-rounding",
                        "With a maximum of 0, the subtraction inside doesn't change any digits.",
                    ),
                    "nan": ("needs-help", "`torch.softmax` subtracts the maximum by itself."),
                },
                asks="In a code review, you find `x = x - x.amax(dim=1, keepdim=True)` right "
                "before `torch.softmax(x, dim=1)`, in float32. If someone deletes the first line, "
                "what changes in the results: nothing, the last digits (digits), or do large "
                "logits now give nan (nan)?",
            ),
            "B": Question(
                "nothing",
                {
                    "digits": (
                        "changes-rounding",
                        "Yours have a maximum of 0, and subtracting 0 rounds nothing.",
                    ),
                    "nan": ("needs-help", "`torch.softmax` subtracts theirs as well."),
                },
                asks="You subtract each column's maximum from float64 logits before you call "
                "`torch.softmax(logits, dim=0)`. A colleague has the same huge logits, but calls "
                "it without that step. How does their result differ from yours: not at all "
                "(nothing), in the last digits (digits), or is some of it nan (nan)?",
            ),
        },
    ),
}
