"""What goes wrong in the cross-entropy of a batch."""

from dataclasses import replace

import torch
import torch.nn.functional as F

from softmax_lessons.checker.misconception import Misconception, Variant
from softmax_lessons.lessons.cross_entropy_facts import (
    all_infinite,
    fit_focal,
    fit_smoothing,
    no_mean,
    not_of_the_probability_alone,
    of_the_probability_alone,
    rows_left_out,
)
from softmax_lessons.lessons.cross_entropy_steps import (
    HALVES,
    REDUCTIONS,
    YES_OR_NO,
    LossRecipe,
    at_targets,
    binary,
    by_product,
    distance_loss,
    focal_loss,
    hinge_loss,
    one_hot_table,
    softmax_of_rows,
    swapped,
    without_rows,
)
from softmax_lessons.lessons.in_pairs import few_in_pairs
from softmax_lessons.lessons.log_softmax_misconceptions import (
    LOG_DIMS,
    LOGS,
    LOGS_OVERFLOW,
    LOSES_DIGITS,
    on_ordinary,
)
from softmax_lessons.lessons.log_softmax_steps import joined
from softmax_lessons.lessons.misconceptions import LIBRARY, OTHER_TRACES
from softmax_lessons.lessons.no_result import NO_RESULT, is_a, raises
from softmax_lessons.lessons.recipe import always, everything

AS_A_LINE = (
    "`-log_probs.gather(1, targets[:, None]).mean()`, where log_probs is the log_softmax of the "
    "logits along dim 1."
)
PICKED = (
    "`log_probs.gather(1, targets[:, None])`, or `log_probs[torch.arange(len(targets)), targets]`."
)
MEAN_OF_ROWS = "Take the `.mean()` of the rows' losses, or divide their sum by `len(targets)`."


AT_SIGHT = (
    Misconception(
        slug="returns-python-float",
        says="You return a Python number. Outside a tensor it has no gradient, so you can't train "
        "with it.",
        hints=(
            "Which call turns a tensor into a number?",
            "A plain number has no gradient; a tensor of shape () has one.",
            "Leave out `.item()` or `float(...)`, and print the number outside your function.",
        ),
        symptom=is_a("float", "int", "float32", "float64"),
    ),
    Misconception(
        slug="returns-wrong-shape",
        says="The result should have shape (); yours has extra dims.",
        hints=(
            "Print the shape of your result; a single number has shape ().",
            "A mean without a dim removes all dims, whatever their sizes.",
            "End with `.mean()`, without a dim.",
        ),
        symptom=lambda probe, outcome: outcome.value is not None and outcome.value.dim() > 0,
    ),
    Misconception(
        slug="index-does-not-fit",
        says="`gather` and similar functions need an index with as many dims as the tensor (here, "
        "shape (batch, 1)), and they must look along dim 1.",
        hints=(
            "Print the shapes of the log-probabilities and of the targets.",
            "`targets[:, None]` has shape (batch, 1): one column number per row.",
            PICKED,
        ),
        symptom=raises(
            r"Index tensor must have the same number of dim|no larger than self|multi-target not"
            r"|Expected index .* to be (smaller|no larger)"
        ),
    ),
)


def _also_by_product(*changes: Variant) -> tuple[Variant, ...]:
    """Return changes for both ways to pick the targets, so that they can be tried in pairs."""
    return (*changes, *({"pick": by_product, **change} for change in changes))


# Not cross-entropy, but a different loss.
OTHER_LOSSES = (
    Misconception(
        slug="squared-error",
        says="You return the squared distance between the model's numbers and the one-hot "
        "targets, which is a different loss.",
        hints=(
            "Which of your steps squares a difference? (`mse_loss` does that.)",
            "Cross-entropy looks at one probability in each row: the target's.",
            AS_A_LINE,
        ),
        variants=tuple(
            distance_loss(probs, 2, reduce)
            for probs in (softmax_of_rows, lambda x: x, torch.sigmoid)
            for reduce in (*REDUCTIONS, *HALVES)
        ),
    ),
    Misconception(
        slug="absolute-error",
        says="You return the distance between probabilities and one-hot targets, without a log.",
        hints=(
            "How large does your loss get if the model is certain and wrong? Cross-entropy has no "
            "upper limit.",
            "Take minus the log of the target's probability, then the mean over the rows.",
            AS_A_LINE,
        ),
        variants=(
            *(distance_loss(softmax_of_rows, 1, reduce) for reduce in REDUCTIONS),
            {"each": lambda losses: 1 - (-losses).exp()},
        ),
    ),
    Misconception(
        slug="hinge-loss",
        says="You return a hinge loss: how far the other logits come within a margin of the "
        "target's. Cross-entropy has exps and a log.",
        hints=(
            "Is your loss exactly 0 for some ordinary batches? Cross-entropy never is.",
            "Take minus the log of the target's probability, then the mean over the rows.",
            AS_A_LINE,
        ),
        variants=tuple(
            hinge_loss(power, per_class, total, margin_first)
            for power in (1, 2)
            for per_class in (True, False)
            for total in (False, True)
            for margin_first in (False, True)
        ),
    ),
    Misconception(
        slug="binary-formula",
        says="You add a term for each class that isn't the target, as for independent yes-or-no "
        "questions.",
        hints=(
            "One class is right. Which probability tells you how well the model did?",
            "Leave out the part with 1 - p (`binary_cross_entropy` has it inside).",
            AS_A_LINE,
        ),
        variants=tuple(binary(probs, reduce) for probs in YES_OR_NO for reduce in REDUCTIONS)
        + tuple(
            # its logs stop at -100
            lambda logits, targets, probs=probs, reduce=reduce: reduce(
                F.binary_cross_entropy(
                    probs(logits), one_hot_table(logits, targets), reduction="none"
                )
            )
            for probs in (softmax_of_rows, torch.sigmoid)
            for reduce in REDUCTIONS
        ),
    ),
    Misconception(
        slug="label-smoothing",
        says="You mix the other classes into the target (label smoothing). That's a different "
        "loss; here only the target counts, and it counts fully.",
        hints=(
            "What's your loss if the model is certain and right?",
            "In a one-hot row, the target's entry is 1 and all the others are 0.",
            "Leave out `label_smoothing`, or the line that mixes other numbers into the one-hot "
            "rows.",
        ),
        fit=fit_smoothing,
    ),
    Misconception(
        slug="focal-loss",
        says="You weight each row by a power of 1 - p, as the focal loss does, so rows the model "
        "gets right count less.",
        hints=(
            "Divide your loss for one row by -log p. Do you get 1 - p, or its square?",
            "Each row counts the same in the mean, whether or not the model gets it right.",
            "Leave out the power of (1 - p), and any factor next to it.",
        ),
        variants=tuple({"each": focal_loss(gamma, 0.25)} for gamma in (1, 2, 5)),
        fit=fit_focal,
        alone=True,
    ),
    Misconception(
        slug="swaps-prediction-and-target",
        says="Prediction and target are swapped: you take the log of the one-hot targets, "
        "which are 0 except for one entry per row.",
        hints=(
            "Which of the two do you take the log of?",
            "Take the log of the model's probabilities; the one-hot targets pick one per row.",
            "`-(one_hot * log_probs).sum(1).mean()`",
        ),
        variants=(
            *(
                swapped(eps, cut, relative)
                for eps in (*(10.0**-k for k in range(5, 16)), 1e-20, 0.0)
                for cut in (False, True)
                for relative in (False, True)
            ),
            lambda logits, targets: F.cross_entropy(
                one_hot_table(logits, targets), softmax_of_rows(logits)
            ),
            lambda logits, targets: F.cross_entropy(one_hot_table(logits, targets), logits),
        ),
    ),
)

# A mistake in one of the steps after log_softmax.
STEPS = (
    Misconception(
        slug="returns-accuracy",
        says="You count how often the largest logit is the target's. A count has no gradient and "
        "says nothing about how certain the model is.",
        hints=(
            "Change a logit a little. Does your result change?",
            "Take minus the log of the target's probability, then the mean over the rows.",
            AS_A_LINE,
        ),
        variants=(
            lambda logits, targets: (logits.argmax(1) == targets).to(logits.dtype).mean(),
            lambda logits, targets: (logits.argmax(1) != targets).to(logits.dtype).mean(),
        ),
    ),
    Misconception(
        slug="one-hot-too-narrow",
        says="`F.one_hot(targets)` has as many columns as the largest target needs, but the logits "
        "may have more: you have to tell it the number of classes.",
        hints=(
            "Print the shape of the one-hot table for the targets [0, 1] of 3 classes.",
            "The targets of one batch needn't include the last class; the logits know how many "
            "there are.",
            "`F.one_hot(targets, logits.shape[1])`",
        ),
        variants=tuple(
            {
                "pick": lambda log_probs, targets: (F.one_hot(targets) * log_probs).sum(1),
                "reduce": reduce,
            }
            for reduce in (
                lambda losses, logits, targets: losses.mean(),
                lambda losses, logits, targets: losses.mean() / logits.shape[1],
                lambda losses, logits, targets: losses.sum(),
            )
        ),
        alone=True,
    ),
    Misconception(
        slug="takes-classes-for-the-batch",
        says="You transpose the logits for the loss, so classes and rows are swapped: you get an "
        "error if their numbers differ, and a silently wrong loss if they match.",
        hints=(
            "Print the shape of the logits you give to the loss: it should be (batch, classes).",
            "Each row of the logits is one example, with its own target.",
            "Leave `.T` out, or transpose back after the softmax.",
        ),
        variants=tuple(
            lambda logits, targets, dim=dim: F.nll_loss(logits.T.log_softmax(dim), targets)
            for dim in (0, 1)
        ),
    ),
    Misconception(
        slug="ignores-targets",
        says="Your result doesn't depend on the targets.",
        hints=(
            "Change one target. Does your loss change?",
            "In each row, pick the entry that the target names.",
            PICKED,
        ),
        variants=(
            {"pick": lambda log_probs, targets: log_probs.mean(1)},
            {"pick": lambda log_probs, targets: log_probs.sum(1)},
            {"pick": lambda log_probs, targets: log_probs.amax(1)},
            {"pick": lambda log_probs, targets: (log_probs.exp() * log_probs).sum(1)},
            {"pick": lambda log_probs, targets: log_probs[:, 0]},
            {"pick": lambda log_probs, targets: log_probs.amin(1)},
            {"pick": lambda log_probs, targets: log_probs[:, -1]},
            {"pick": lambda log_probs, targets: log_probs.diagonal()},
        ),
        alone=True,
    ),
    Misconception(
        slug="drops-the-target",
        says="You return the log of the sum of exps; the target's logit isn't subtracted.",
        hints=(
            "Change one target. Does your loss change?",
            "The loss of a row is log(sum of exps) minus the target's logit.",
            "Subtract `logits.gather(1, targets[:, None])[:, 0]` before you take the mean.",
        ),
        variants=(
            lambda logits, targets: logits.logsumexp(1).mean(),
            lambda logits, targets: (
                (logits - logits.amax(1, keepdim=True)).exp().sum(1).log().mean()
            ),
        ),
    ),
    Misconception(
        slug="picks-all-but-the-target",
        says="You sum over the classes that aren't the target.",
        hints=(
            "In the one-hot table, where is the 1?",
            "Only the target's entry counts.",
            "Multiply by `one_hot`, not by `1 - one_hot`.",
        ),
        variants=(
            {"pick": lambda log_probs, targets: log_probs.sum(1) - at_targets(log_probs, targets)},
            {
                "pick": lambda log_probs, targets: (
                    (log_probs.sum(1) - at_targets(log_probs, targets)) / (log_probs.shape[1] - 1)
                )
            },
        ),
        alone=True,
    ),
    Misconception(
        slug="indexes-all-rows",
        says="`[:, targets]` takes the entries of all targets from every row: you get a square of "
        "numbers where you want one per row.",
        hints=(
            "Print the shape of what you pick.",
            "Pair each row's number with its target.",
            PICKED,
        ),
        variants=({"pick": lambda log_probs, targets: log_probs[:, targets]},),
    ),
    Misconception(
        slug="indexes-rows-by-target",
        says="You use the targets to choose rows. In the logits, dim 0 is the batch; the classes "
        "are dim 1.",
        hints=(
            "What does `log_probs[targets]` choose, and what does `gather(0, ...)` choose?",
            "Pair each row's number with its target: the row comes first, then the class.",
            PICKED,
        ),
        variants=(
            {"pick": lambda log_probs, targets: log_probs[targets]},
            {"pick": lambda log_probs, targets: log_probs[targets, range(len(targets))]},
            {"pick": lambda log_probs, targets: log_probs.gather(0, targets[None])},
            {"pick": lambda log_probs, targets: log_probs.gather(0, targets[:, None])},
        ),
        alone=True,
    ),
    Misconception(
        slug="first-row-only",
        says="Only the first row of the batch counts in your loss.",
        hints=(
            "Change the last row. Does your loss change?",
            "Look for a 0 in an index, or a `return` inside a loop.",
            "Leave that 0 out, or move the `return` out of the loop.",
        ),
        variants=(
            {"reduce": lambda losses, logits, targets: losses[0]},
            {"reduce": lambda losses, logits, targets: losses[0] / len(losses)},
            {"pick": lambda log_probs, targets: log_probs[0, targets]},
        ),
    ),
    Misconception(
        slug="last-row-only",
        says="Only the last row of the batch counts in your loss.",
        hints=(
            "Change the first row. Does your loss change?",
            "Look for `=` in a loop where `+=` is needed, or a -1 in an index.",
            "Write `+=` in the loop, or leave that -1 out.",
        ),
        variants=(
            {"reduce": lambda losses, logits, targets: losses[-1]},
            {"reduce": lambda losses, logits, targets: losses[-1] / len(losses)},
        ),
    ),
    Misconception(
        slug="skips-a-row",
        says="The first or the last row of the batch is missing from your loss.",
        hints=(
            "Change the first row, then the last. Which change does your loss notice?",
            "`range(1, n)` leaves out the first; `range(n - 1)` and `[:-1]` leave out the last.",
            "Loop over `range(len(targets))`, or take `.mean()` of all rows' losses.",
        ),
        variants=tuple(
            {
                "reduce": lambda losses, logits, targets, rows=rows, whole=whole: (
                    losses[rows].sum() / (len(losses) if whole else len(losses[rows]))
                    if len(losses) > 1 or whole
                    else losses[rows].mean()
                )
            }
            for rows in (slice(1, None), slice(None, -1))
            for whole in (True, False)
        ),
        alone=True,
    ),
    Misconception(
        slug="ignores-a-class",
        says="Rows with a certain target, such as class 0, don't count in your loss, as if they "
        "were padding. Here, every row counts.",
        hints=(
            "Is class 0 a class like any other? What does your code do with it?",
            "Look for `ignore_index`, or a comparison such as `targets != 0`.",
            "Leave it out, and take `.mean()` of all rows' losses.",
        ),
        variants=tuple(
            {"reduce": without_rows(ignored, whole)}
            for ignored in (
                lambda targets, logits: targets == 0,
                lambda targets, logits: targets == 1,
                lambda targets, logits: targets == logits.shape[1] - 1,
            )
            for whole in (False, True)
        ),
        alone=True,
    ),
    Misconception(
        slug="label-off-by-one",
        says="You pick the class next to the target. Classes are counted from 0.",
        hints=(
            "Which entry belongs to target 0?",
            "The target itself is the index; add or subtract nothing.",
            "Write `targets` without `- 1` or `+ 1` where you pick.",
        ),
        variants=(
            {"label": lambda targets, log_probs: (targets - 1) % log_probs.shape[1]},
            {"label": lambda targets, log_probs: (targets + 1) % log_probs.shape[1]},
            {"label": lambda targets, log_probs: (targets - 1).clamp(min=0)},
            {"label": lambda targets, log_probs: (targets + 1).clamp(max=log_probs.shape[1] - 1)},
        ),
    ),
    Misconception(
        slug="label-off-by-one",
        says="You count the classes from the end, which is what a minus sign in an index does.",
        hints=(
            "Which entry belongs to target 0?",
            "The target itself is the index, unchanged.",
            "Write `targets` without a minus before it where you pick.",
        ),
        variants=(
            {"label": lambda targets, log_probs: log_probs.shape[1] - 1 - targets},
            {"label": lambda targets, log_probs: -targets % log_probs.shape[1]},
        ),
        alone=True,
    ),
    Misconception(
        slug="targets-of-other-rows",
        says="The rows get each other's targets: you sort, reverse or shift the targets.",
        hints=(
            "Which target belongs to row 0, and which one does your code use for it?",
            "Row i and target i belong together.",
            "Leave out the `sort`, `flip` or `roll`, and use `targets` unchanged.",
        ),
        variants=tuple(
            {"label": lambda targets, log_probs, move=move: move(targets)}
            for move in (
                lambda t: t.sort().values,
                lambda t: t.sort(descending=True).values,
                lambda t: t.flip(0),
                lambda t: t.roll(1),
                lambda t: t.roll(-1),
            )
        ),
        alone=True,
    ),
    Misconception(
        slug="sum-instead-of-mean",
        says="You return the sum over the batch; the loss then grows with the size of the batch.",
        hints=(
            "Repeat the batch twice. What should happen to the loss?",
            "The mean divides by the number of rows.",
            MEAN_OF_ROWS,
        ),
        variants=_also_by_product({"reduce": lambda losses, logits, targets: losses.sum()}),
    ),
    Misconception(
        slug="divides-by-classes",
        says="You divide by the number of classes, either in addition to the number of rows or "
        "instead of it.",
        hints=(
            "How many losses are there: one per row, or one per entry?",
            "A mean over one-hot rows counts their zeros, too. Sum over the classes first.",
            MEAN_OF_ROWS,
        ),
        variants=_also_by_product(
            {"reduce": lambda losses, logits, targets: losses.sum() / logits.shape[1]},
            {"reduce": lambda losses, logits, targets: losses.mean() / logits.shape[1]},
        ),
    ),
    Misconception(
        slug="divides-by-the-batch-twice",
        says="You divide by the number of rows twice.",
        hints=(
            "Which of your steps divide by the size of the batch?",
            "`mean` is one of them: it's a sum divided by the count.",
            "Leave out the other division, or write `sum` instead of `mean`.",
        ),
        variants=({"reduce": lambda losses, logits, targets: losses.mean() / len(losses)},),
    ),
    Misconception(
        slug="divides-by-another-count",
        says="You divide the sum of the losses by something other than the number of rows.",
        hints=(
            "Repeat the batch twice. What should happen to the loss?",
            "What do you divide by for a batch of one row? It should be 1.",
            MEAN_OF_ROWS,
        ),
        variants=(
            {"reduce": lambda losses, logits, targets: losses.sum() / (len(losses) - 1)},
            {"reduce": lambda losses, logits, targets: losses.sum() / (len(losses) + 1)},
            {"reduce": lambda losses, logits, targets: losses.sum() / len(losses) ** 0.5},
            {"reduce": lambda losses, logits, targets: losses.sum() / targets.sum()},
            {"reduce": lambda losses, logits, targets: losses.sum() * logits.shape[1]},
            {"reduce": lambda losses, logits, targets: losses.mean() * logits.shape[1]},
        ),
        alone=True,
    ),
    Misconception(
        slug="no-reduction",
        says="You return one loss per row; the exercise asks for their mean.",
        hints=(
            "Print the shape of your result.",
            "A batch has one loss: the mean of its rows' losses.",
            "Add `.mean()` at the end.",
        ),
        variants=({"reduce": lambda losses, logits, targets: losses},),
        causes=("returns-wrong-shape",),
    ),
    Misconception(
        slug="log-of-the-mean",
        says="You average or add up the probabilities first and take the log afterwards. You "
        "need the mean of the logs.",
        hints=(
            "Which comes last in your code: the mean, or the log?",
            "Each row has its own -log p; take the mean of those.",
            AS_A_LINE,
        ),
        variants=(
            {"reduce": lambda losses, logits, targets: -(-losses).exp().mean().log()},
            {"reduce": lambda losses, logits, targets: -(-losses).exp().sum().log()},
        ),
    ),
    Misconception(
        slug="other-than-the-mean",
        says="You take something other than the mean of the rows' losses: their median, largest, "
        "smallest, product, norm, or a mean that weights some rows more.",
        hints=(
            "Change one row a little. Does your loss change, whichever row you choose?",
            "Each row counts the same.",
            MEAN_OF_ROWS,
        ),
        variants=tuple(
            {"reduce": lambda losses, logits, targets, f=f: f(losses)}
            for f in (
                torch.median,
                lambda x: -(-x).median(),
                torch.amax,
                torch.amin,
                torch.prod,
                torch.norm,
                lambda x: x.square().mean().sqrt(),
                lambda x: x.std(correction=0),
                lambda x: x.logsumexp(0),
            )
        ),
        alone=True,
    ),
    Misconception(
        slug="returns-perplexity",
        says="You return exp of the loss, which is the perplexity.",
        hints=(
            "What should the loss of a perfect answer be: 0 or 1?",
            "The mean of -log p is already the loss; exp undoes the log.",
            "Leave out the `exp` at the end.",
        ),
        variants=(
            {"finish": torch.exp},
            {"each": torch.exp},
            {"finish": torch.exp2},
        ),
    ),
    Misconception(
        slug="changes-the-loss-afterwards",
        says="You do something to the loss that isn't in the formula, such as a square, a root or "
        "a log.",
        hints=(
            "What's the loss for a target with probability 1/2? It should be 0.6931.",
            "Take minus the log, then the mean, and nothing else.",
            AS_A_LINE,
        ),
        variants=(
            {"finish": torch.log},
            {"finish": torch.square},
            {"each": torch.square},
            {"each": lambda losses: losses.abs().sqrt()},
            {"finish": lambda loss: loss.abs().sqrt()},
            {"each": torch.log},
            {"finish": torch.log1p},
            {"finish": lambda loss: -loss.log()},
            {"finish": torch.sigmoid},
            {"finish": torch.tanh},
        ),
    ),
    Misconception(
        slug="sign-error",
        says="There's a minus sign missing, or one too many: your loss gets smaller as the model "
        "gets worse.",
        hints=(
            "Is your loss above 0?",
            "Log-probabilities are negative; the loss is minus their mean.",
            "Put a `-` before the entries you pick, or before their mean.",
        ),
        variants=_also_by_product({"sign": 1.0}),
    ),
    Misconception(
        slug="softmax-over-batch",
        says="One of your softmaxes runs over the rows of the batch, or over all of it, so "
        "examples compete with each other.",
        hints=(
            "Which dim holds the classes?",
            "The logits have shape (batch, classes), so it's dim 1.",
            "Write `dim=1` in `softmax`, `amax` and `sum`.",
        ),
        variants=(
            {"max_dim": always(0), "sum_dim": always(0)},
            {"max_dim": everything, "sum_dim": everything},
            {"enter": lambda x, dim: x.log_softmax(0)},
            {"enter": lambda x, dim: x.softmax(0)},
            {"enter": torch.log_softmax, "max_dim": always(0), "sum_dim": always(0)},
            {"sum_dim": always(0)},
            {"sum_dim": everything},
        ),
    ),
)

# What the checker reports if nothing above explains the results.
FACTS = (
    Misconception(
        slug="log-of-zero-entries",
        says="All your losses are infinite, even for ordinary logits: you take the log of 0, "
        "as you do if you multiply by the one-hot targets first.",
        hints=(
            "Print what you take the log of. How many zeros does it have?",
            "Take the log first, then multiply by the one-hot targets.",
            "`-(one_hot * log_probs).sum(1).mean()`",
        ),
        pattern=all_infinite,
    ),
    Misconception(
        slug="rows-left-out",
        says="Some rows of the batch don't count in your loss: you return the mean of the others, "
        "or their sum divided by the number of all rows.",
        hints=(
            "Change one row at a time. Which changes leave your loss as it was?",
            "Look for a condition, a mask or a slice that leaves rows out.",
            "Leave it out, and take `.mean()` of all rows' losses.",
        ),
        pattern=rows_left_out,
    ),
    Misconception(
        slug="no-mean-over-rows",
        says="For an ordinary batch of one row, your loss is right; for some batches of several "
        "rows, it isn't the mean of the rows' losses.",
        hints=(
            "Work out each row's loss on its own, then their mean. What do you get for all rows at "
            "once?",
            "Each row counts the same, whatever the others contain.",
            MEAN_OF_ROWS,
        ),
        pattern=no_mean,
    ),
    Misconception(
        slug="not-minus-the-logarithm",
        says="Your loss for a row depends only on the target's probability, as it should, but it "
        "isn't minus its log.",
        hints=(
            "What's your loss for [0, 0], where the target's probability is 1/2? It should be "
            "0.6931.",
            "The loss of a row is -log(p), and nothing else.",
            AS_A_LINE,
        ),
        pattern=of_the_probability_alone,
    ),
    Misconception(
        slug="not-of-the-probability-alone",
        says="You give different losses to two rows whose targets have the same probability. The "
        "loss should depend only on that probability.",
        hints=(
            "Compare [0, 0] and [0.6931, 0, 0], both with target 0, whose probability is 1/2.",
            "Turn the logits into log-probabilities and pick the target's; the others don't count.",
            AS_A_LINE,
        ),
        pattern=not_of_the_probability_alone,
    ),
)


# the mistakes in log_softmax that are tried together with a mistake in another step
IN_PAIRS = {
    *("forgets-log", "drops-log-sum", "forgets-max-back", "wrong-log-base", "softmax-twice"),
    *("log-of-softmax", "log-of-the-sum-loses-digits", "no-max-subtraction", "global-max"),
    *("mean-instead-of-sum", "expects-probabilities", "upcast-instead-of-shift"),
    *("missing-keepdim", "eps-in-log", "off-by-a-factor"),
}


FEW = {
    **{"changes-the-loss-afterwards": 2, "softmax-over-batch": 3, "label-off-by-one": 4},
    **{"first-row-only": 1, "last-row-only": 1, "missing-keepdim": 2, "drops-log-sum": 2},
    **{"softmax-twice": 1, "returns-perplexity": 1, "log-of-the-mean": 1, "wrong-log-base": 4},
}


def _as_loss(m: Misconception) -> Misconception:
    """Return a mistake in log_softmax as one in the first steps of the loss."""
    variants = tuple(v for v in m.variants if not callable(v))
    if m.slug == "log-of-softmax":  # then it matters how you pick the targets
        variants = _also_by_product(*variants)
    return replace(m, variants=variants, alone=m.alone or m.slug not in IN_PAIRS)


def library() -> tuple[Misconception, ...]:
    """Return all mistakes in the loss, in the order in which the checker tries them."""
    # here, a minus at the end means one is missing, and it has its own text
    logs = [_as_loss(m) for m in LOGS if m.slug not in ("sign-error", "returns-the-log-sum")]
    keepdim = next(m for m in LOG_DIMS if m.slug == "missing-keepdim")
    logs += [_as_loss(m) for m in (*LOGS_OVERFLOW, keepdim)]
    steps = [m for m in logs if m.variants or m.fit or m.symptom or m.pattern or m.error]
    signs = Misconception(
        slug="sign-error",
        says="One of the signs in your log_softmax is flipped.",
        hints=(
            "Does the largest logit have the largest log-probability? Are they all at most 0?",
            "Write out both terms for [0, 0]: each log-probability is -0.6931.",
            "x - m - log(sum of exp(x - m)): two minus signs, and none before x.",
        ),
        variants=(
            joined(lambda p: p.x - p.m + p.log(p.total)),
            joined(lambda p: p.x + (p.m + p.log(p.total))),
            {"enter": lambda x, dim: -x},
        ),
        alone=True,
    )
    random = [m for m in LIBRARY if m.slug == "random-results"]
    return (
        *NO_RESULT,
        *AT_SIGHT,
        *OTHER_LOSSES,
        *few_in_pairs(*STEPS, few=FEW),
        *random,
        signs,
        *few_in_pairs(*steps, few=FEW),
        *OTHER_TRACES,
        _as_loss(LOSES_DIGITS),
        *on_ordinary((*OTHER_LOSSES, *STEPS, *(_as_loss(m) for m in LOGS)), LossRecipe()),
        *FACTS,
    )
