"""The predictions of lesson 05: softmax of any logits."""

from softmax_lessons.checker.question import Question

QUESTIONS = {
    "largest_exp": Question(
        1,
        {
            1002: ("forgets-exp", "1002 becomes 0, and exp(0) is 1."),
            0: ("exp-of-zero", "The largest logit is 0, but its exponential isn't."),
        },
        asks=(
            "You subtract 1002 from the logits 1000, 1001 and 1002, and then take exp. "
            "What is the largest of the three exponentials?"
        ),
    ),
    "one_maximum": Question(
        "nan",
        {
            "right": ("any-shift-will-do", "exp underflows to 0 below -103.97."),
            "zeros": ("zero-over-zero", "The sum of that row is 0 too, and 0 / 0 is nan."),
        },
        asks=(
            "This softmax subtracts one maximum from both rows, in float32:\n\n"
            "    x = torch.tensor([[0.0, 1.0, 2.0], [1000.0, 1001.0, 1002.0]])\n"
            "    exps = (x - x.max()).exp()\n"
            "    probs = exps / exps.sum(dim=1, keepdim=True)\n\n"
            "What's in the first row of `probs`?"
        ),
    ),
    "column_maxima": Question(
        "wrong",
        {"right": ("any-shift-will-do", "You must subtract the same number from a whole row.")},
        asks=(
            "This softmax runs along the rows and subtracts the maximum of each column:\n\n"
            "    x = torch.tensor([[1.0, 2.0, 3.0], [1.0, 2.0, 1.0], [4.0, 3.0, 2.0]])\n"
            "    exps = (x - x.amax(dim=0, keepdim=True)).exp()\n"
            "    probs = exps / exps.sum(dim=1, keepdim=True)\n\n"
            "Nothing overflows. Are the probabilities right or wrong?"
        ),
    ),
    "minus_200": Question(
        "right",
        {"wrong": ("zero-is-wrong", "0 is the float32 number nearest to 1.4e-87.")},
        asks=(
            "In float32, `torch.softmax` returns [1, 0] for the logits 0 and -200. Without any "
            "rounding, the second probability would be about 1.4e-87. "
            "As a float32 result, is [1, 0] right or wrong?"
        ),
    ),
    "plus_1e8": Question(
        "thirds",
        {
            "right": ("shift-restores", "The differences are gone before softmax sees them."),
            "nan": ("large-overflows", "The largest exponential is 1, so nothing overflows."),
        },
        asks=(
            "On paper, adding a number to all logits doesn't change their softmax. "
            "In float32, what does `torch.softmax(torch.tensor([1.0, 2.0, 3.0]) + 1e8, dim=0)` "
            "return?"
        ),
    ),
    "helped": Question(
        "equal",
        {
            "close": ("changes-rounding", "The second subtraction subtracts exactly 0."),
            "different": ("needs-help", "torch.softmax does the same subtraction inside."),
        },
        asks=(
            "`x` is a batch of float32 logits. You subtract the row maxima, "
            "`helped = x - x.amax(dim=1, keepdim=True)`, and then call "
            "`torch.softmax(helped, dim=1)`. Compared with `torch.softmax(x, dim=1)`, is the "
            "result equal bit for bit, close, or different?"
        ),
    ),
    "helped_in_bfloat16": Question(
        "worse",
        {
            "better": ("needs-help", "The difference is rounded to 8 binary digits first."),
            "equal": ("as-in-float32", "float32 keeps the difference, bfloat16 rounds it."),
        },
        asks=(
            "bfloat16 keeps 8 binary digits of a number:\n\n"
            "    x = torch.tensor([0.42578125, 1.078125, 5.3125], dtype=torch.bfloat16)\n"
            "    helped = torch.softmax(x - x.max(), dim=0)\n"
            "    alone = torch.softmax(x, dim=0)\n\n"
            "Measured against the exact softmax, is `helped` better than `alone`, equal to it or "
            "worse?"
        ),
    ),
    "second_sentence": Question(
        "delete",
        {
            "keep": ("needs-help", "F.softmax already subtracts the maximum."),
            "fix": ("needs-help", "F.softmax doesn't need help, whatever the dim."),
        },
        asks=(
            'You review a tutorial that says: "To avoid overflow errors, subtract the maximum '
            '(`scores.max(dim=0, keepdim=True).values`) and call `F.softmax` on the result." '
            "Do you keep this sentence, fix it or delete it?"
        ),
    ),
}
