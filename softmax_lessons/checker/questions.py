"""The predictions that lessons ask for: the right answer, and what the likely wrong ones mean."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

Answer = str | float | tuple[int, ...]


@dataclass(frozen=True)
class Question:
    """One prediction.

    Attributes:
        answer: what happens: a word, a number, or a shape.
        wrong: likely wrong answers, each with a slug and a sentence that says what is behind
            it. If `answer` is a word, these are the other choices.
        within: how far a number may be off, relative to the right one.
    """

    answer: Answer
    wrong: Mapping[Answer, tuple[str, str]] = field(default_factory=dict)
    within: float = 0.0

    @property
    def choices(self) -> tuple[str, ...]:
        """The words to choose from, in alphabetical order; none if no word is asked for."""
        return tuple(sorted((self.answer, *self.wrong))) if isinstance(self.answer, str) else ()


@cache
def questions() -> dict[str, Question]:
    """Return all questions by name, in the order of the course."""
    return {
        # 00
        "first_prediction": Question(
            "cat",
            {
                "dog": ("order-changes", "Softmax keeps the order of the scores."),
                "owl": ("order-changes", "Softmax keeps the order of the scores."),
            },
        ),
        # 01
        "sum_of_zero": Question(
            "inf",
            {
                "error": ("expects-an-error", "Tensors don't raise here; they make inf or nan."),
                "fine": ("ignores-the-sum", "Their sum is 0; what is 2 / 0?"),
            },
        ),
        "cat_share": Question(
            0.66,
            {
                0.65: ("divides-raw-scores", "That is 2 / 3.1, the share of the raw score."),
                0.67: ("rounds-up", "7.3891 / 11.2125 is 0.659."),
            },
            within=0.005,
        ),
        "add_ten": Question(
            "same",
            {
                "flatter": ("shift-changes", "All powers grow by one factor, and so does the sum."),
                "sharper": ("shift-changes", "All powers grow by one factor, and so does the sum."),
            },
        ),
        "times_ten": Question(
            "sharper",
            {
                "same": ("scale-cancels", "The lead of the cat grows from 1 to 10."),
                "flatter": ("scale-flattens", "Larger differences, larger ratios."),
            },
        ),
        "scores_back": Question(
            "up to a constant",
            {
                "yes": ("forgets-the-sum", "The logarithm of the sum is missing from each."),
                "no": ("log-loses-order", "The differences of the scores are all there."),
            },
        ),
        "sigmoid_of": Question(
            1.5,
            {
                2.0: ("sigmoid-of-own-score", "Then the other score, 0.5, would not matter."),
                2.5: ("sigmoid-of-sum", "Adding a number to both scores must change nothing."),
            },
        ),
        "skyline": Question(
            "completely",
            {
                "not at all": ("knows-nonsense", "There is no answer 'none of these' to choose."),
                "a little": ("nonsense-is-vague", "The scores lie 36 apart; exp does the rest."),
            },
        ),
        # 02
        "wrong_dim": Question(
            "nothing",
            {
                "error": ("expects-an-error", "Any dim the tensor has is as good to PyTorch."),
                "warning": ("expects-a-warning", "Any dim the tensor has is as good to PyTorch."),
            },
        ),
        "who_moves": Question(
            "all",
            {
                "photo 0": (
                    "slices-are-rows",
                    "With dim=0 a slice is a column, and has all photos.",
                ),
                "none": ("ignores-input", "Photo 0 has new logits; its own must move at least."),
            },
        ),
        "batch_of_one": Question(
            "ones",
            {
                "same": ("ignores-dim", "With dim=0 each class competes with the other photos."),
                "nan": ("expects-nan", "exp(x) / exp(x) has a value for any ordinary x."),
            },
        ),
        "shape_of_sum": Question(
            (2, 3),
            {
                (2, 3, 1): ("keeps-dim", "The dim stays, with size 1, only with keepdim=True."),
                (2, 4): ("wrong-dim-disappears", "That is the sum over dim=1."),
                (3, 4): ("wrong-dim-disappears", "That is the sum over dim=0."),
                (2, 3, 4): ("keeps-shape", "A sum over a dim takes that dim away."),
            },
        ),
        "which_runs": Question(
            1,
            {
                2: ("torch-softmax-guesses", "torch.softmax insists on a dim."),
                3: ("integers-are-fine", "softmax is not made for whole numbers."),
            },
        ),
        # 03
        "row_sums": Question(
            "less than 1",
            {
                "1": ("ignores-the-batch", "All six numbers together sum to 1, in two rows."),
                "more than 1": ("sum-too-small", "The sum of all is larger than that of a row."),
            },
        ),
        "which_is_right": Question(
            1,
            {
                2: ("aligns-on-the-left", "Shapes are lined up on the right: 2 comes under 3."),
                3: ("fits-so-right", "It runs, but sums of rows come under columns."),
            },
        ),
        "square_sums": Question(
            "not 1",
            {
                "1": ("runs-so-right", "Each column is divided by the sum of another row."),
                "error": ("expects-an-error", "3 meets 3: broadcasting has no objection."),
            },
        ),
        "bare_max": Question(
            "sums right, probabilities wrong",
            {
                "both right": ("sums-prove-it", "The entries of a row lose different numbers."),
                "both wrong": ("sums-must-tell", "Each row is divided by its own sum."),
            },
        ),
        "runs_that_find_all": Question(
            1,
            {
                2: ("trusts-dim-1", "With dim=1 alone, one of the six is no mistake."),
                0: ("trusts-no-test", "A comparison with PyTorch leaves little room."),
                5: ("any-oblong-test", "Some results are wrong in ways that keep every sum."),
            },
        ),
        "shape_kept": Question(
            (2, 1, 4, 5),
            {
                (2, 4, 5): ("forgets-keepdim", "With keepdim=True, the dim stays, with size 1."),
                (1, 3, 4, 5): ("counts-from-one", "dim=1 is the second: dims count from 0."),
            },
        ),
        "row_afterwards": Question(
            "changed",
            {"as before": ("copies-arguments", "x is the caller's tensor under another name.")},
        ),
        # 04
        "the_wall": Question(
            89,
            {
                9: ("base-ten-digits", "exp(9) is 8103; there is far more room."),
                890: ("far-too-far", "exp(890) has 387 digits."),
            },
            within=0.01,
        ),
        "a_thousand": Question(
            "nan",
            {
                "error": ("expects-an-error", "Nothing is raised when a number does not fit."),
                "inf": ("only-the-top", "inf above the line, and inf below it as well."),
                "right": ("trusts-the-formula", "exp(1000) has 435 digits."),
            },
        ),
        "argmax_of_nan": Question(
            1,
            {
                2: ("trusts-argmax", "The third is nan, and so is the second, which comes first."),
                0: ("nan-counts-as-least", "To argmax, nan is larger than any number."),
            },
        ),
        "two_times_88_5": Question(
            "zeros",
            {
                "halves": ("forgets-the-sum", "Each exp fits, but their sum does not."),
                "nan": ("expects-nan", "Finite divided by inf is 0, not nan."),
            },
        ),
        "logits_of_80": Question(
            6100,
            {
                2: ("each-counts-double", "Each is 5.5e34, one six-thousandth of the limit."),
                1: ("each-is-too-large", "exp(80) itself fits: 80 is below 88.72."),
            },
            within=0.15,
        ),
        "minus_hundred": Question(
            "subtly wrong",
            {
                "right": ("small-is-safe", "exp(-100) has only a digit or two left."),
                "zeros": ("vanishes-early", "exp is above 0 down to -103.97."),
                "nan": ("vanishes-early", "exp is above 0 down to -103.97."),
            },
        ),
        "float64_of_1000": Question(
            "nan",
            {
                "right": ("float64-is-endless", "float64 ends at 709.78."),
                "zeros": ("only-the-sum", "exp(1000) itself is inf in float64."),
            },
        ),
        "clamped": Question(
            "thirds",
            {
                "right": ("clamping-keeps-order", "All three become 80, and so equal."),
                "nan": ("still-overflows", "exp(80) fits, three times over."),
            },
        ),
        "halvings": Question(
            25,
            {
                250: ("one-at-a-time", "Each halving settles a binary digit, not a step."),
                2500: ("one-at-a-time", "Each halving settles a binary digit, not a step."),
            },
            within=0.1,
        ),
        # 05
        "largest_exp": Question(
            1,
            {
                1002: ("forgets-exp", "1002 becomes 0, and exp(0) is 1."),
                0: ("exp-of-zero", "The largest logit is 0; its exp is not."),
            },
        ),
        "one_maximum": Question(
            "nan",
            {
                "right": ("any-shift-will-do", "-1000 is far below -103.97, where exp vanishes."),
                "zeros": ("zero-over-zero", "The sum of that row is 0 too: 0 / 0."),
            },
        ),
        "column_maxima": Question(
            "wrong",
            {"right": ("any-shift-will-do", "The entries of a row must lose the same number.")},
        ),
        "minus_200": Question(
            "right",
            {"wrong": ("zero-is-wrong", "1.4e-87 is nearest to 0 in float32.")},
        ),
        "plus_1e8": Question(
            "thirds",
            {
                "right": ("shift-restores", "The differences are gone before softmax sees them."),
                "nan": ("large-overflows", "The stable softmax does not overflow."),
            },
        ),
        "helped": Question(
            "equal",
            {
                "close": ("changes-rounding", "The second subtraction takes away exactly 0."),
                "different": ("needs-help", "torch.softmax does the same subtraction inside."),
            },
        ),
        "helped_in_bfloat16": Question(
            "worse",
            {
                "better": ("needs-help", "The difference is rounded to 8 binary digits first."),
                "equal": ("as-in-float32", "float32 keeps the difference, bfloat16 rounds it."),
            },
        ),
        "second_sentence": Question(
            "delete",
            {
                "keep": ("needs-help", "F.softmax has the subtraction inside."),
                "fix": ("needs-help", "Whatever the dim, F.softmax needs no help."),
            },
        ),
    }
