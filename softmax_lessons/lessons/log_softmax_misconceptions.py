"""What goes wrong in log_softmax."""

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor

from softmax_lessons.attempts.run import Outcome, Probe
from softmax_lessons.checker.misconception import Misconception, Variant
from softmax_lessons.lessons.facts import Pattern
from softmax_lessons.lessons.log_softmax_facts import (
    fit_clamp,
    fit_eps,
    fit_factor,
    fit_offset,
    fit_patch,
    fit_scale,
    fit_stand_in,
    fit_sum_plus,
    in_16_bits,
    is_log_sum,
    is_ordinary,
)
from softmax_lessons.lessons.log_softmax_steps import (
    identity,
    joined,
    log_of,
    log_sum_first,
    max_once_and_overflow,
    patched,
    plain_log,
    put_at,
    shift_if_above,
    squeezed,
)
from softmax_lessons.lessons.misconceptions import LIBRARY, named
from softmax_lessons.lessons.overflows import BOUNDS
from softmax_lessons.lessons.recipe import always, everything, nothing
from softmax_lessons.lessons.steps import (
    clamped_to,
    norm,
    power_of,
    root_of_sum,
    running_total,
    scaled_by,
    sum_of_the_others,
)
from softmax_lessons.lessons.wrong_dims import OTHER_DIM, OTHER_PLACES

SHIFTED_FIRST = "x - m - log(sum of exp(x - m)), where m is the maximum of the slice."


def _in_words(slug: str, says: str, *hints: str) -> Misconception:
    """Return a misconception about softmax, with its changes, in this lesson's words."""
    m = named(slug)
    return replace(m, says=says, hints=hints or m.hints)


def _rare(slug: str) -> Misconception:
    """Return a misconception about softmax that rarely comes with another one here."""
    return replace(named(slug), alone=True)


# A function other than log_softmax.
LOGS = (
    Misconception(
        slug="returns-the-log-sum",
        says="You return only the log of the sum of exps. You still have to subtract it from "
        "each logit.",
        hints=(
            "How many logits go in, and how many numbers come out?",
            "A log-probability is the logit minus the number you return.",
            "Return `x - ...`, with that number instead of the dots, and `keepdim=True` where "
            "you sum.",
        ),
        symptom=is_log_sum,
        causes=("returns-wrong-shape",),
    ),
    Misconception(
        slug="forgets-log",
        says="You return probabilities, or use the sum itself where its log belongs.",
        hints=(
            "The log of a probability is never above 0. Is yours?",
            "log(a / b) is log(a) - log(b), and log(exp(x)) is x.",
            SHIFTED_FIRST,
        ),
        variants=(joined(lambda p: p.powers / p.total), {"log": plain_log}),
    ),
    Misconception(
        slug="drops-log-sum",
        says="You leave out the log of the sum, so nothing makes the probabilities sum to 1.",
        hints=(
            "Take exp of your log-probabilities and add them up. Do you get 1?",
            "log(exp(x) / sum) has two parts: x, and minus the log of the sum.",
            SHIFTED_FIRST,
        ),
        variants=(
            joined(lambda p: p.x),
            joined(lambda p: p.x - p.m),
            joined(lambda p: p.log(p.powers)),
            {"max_dim": everything, **joined(lambda p: p.x - p.m)},
        ),
    ),
    Misconception(
        slug="expects-probabilities",
        says="You take the log of the logits as if they were probabilities.",
        hints=(
            "Can a logit be negative? What is its log?",
            "exp makes a logit positive; dividing by the sum then makes it a probability.",
            SHIFTED_FIRST,
        ),
        variants=(
            joined(lambda p: p.x.log()),
            {"power": identity, "centre": nothing, **log_of(identity)},
            {"enter": lambda x, dim: x.log()},
        ),
    ),
    Misconception(
        slug="forgets-exp",
        says="You take the log of the sum of the raw logits: exp is missing.",
        hints=(
            "What do you add up? Can that be negative?",
            "Take the log of a sum of exps.",
            "Write `.exp()` before `.sum(...)`, and `.log()` after it.",
        ),
        variants=({"power": identity, "centre": nothing}, {"power": identity}),
        alone=True,
    ),
    Misconception(
        slug="sum-of-logs",
        says="You take logs first and sum afterwards. The log of a sum isn't the sum of the logs.",
        hints=(
            "In log(exp(a) + exp(b)), which operation is the inner one?",
            "exp first, then the sum, then one log per slice.",
            "Write `.exp().sum(...).log()`, in this order.",
        ),
        variants=(
            {"power": identity, "log": plain_log, "centre": nothing},
            {"power": lambda x: x.exp().log(), "log": plain_log, "centre": nothing},
            {"power": identity, "log": plain_log},
        ),
    ),
    Misconception(
        slug="divides-logarithms",
        says="You divide one log by the other. The log of a quotient is the "
        "difference of the logs.",
        hints=(
            "Try [0, 0]. What do you divide by what?",
            "log(a / b) is log(a) - log(b).",
            "Write `-` where the `/` is: x - m - log(sum of exp(x - m)), where m is the maximum.",
        ),
        variants=(
            joined(lambda p: (p.x - p.m) / p.log(p.total)),
            joined(lambda p: p.x / (p.m + p.log(p.total))),
            joined(lambda p: p.x / p.log(p.total)),
            joined(lambda p: p.log(p.powers) / p.log(p.total)),
        ),
    ),
    Misconception(
        slug="forgets-max-back",
        says="You subtract the maximum inside the log and don't make up for it outside, so "
        "each slice is off by its maximum.",
        hints=(
            "Try [5, 5]: each log-probability is -0.6931. How far off is yours?",
            "log(sum of exp(x - m)) is log(sum of exp(x)) - m. Which of the two do you need?",
            "Subtract m from x, too: x - m - log(sum of exp(x - m)).",
        ),
        variants=(joined(lambda p: p.x - p.log(p.total)),),
    ),
    Misconception(
        slug="subtracts-max-twice",
        says="You subtract the maximum twice: once from x, and again with a log that already "
        "includes it.",
        hints=(
            "Write m for the maximum and collect the m's: how many are left?",
            "x - m goes with log(sum of exp(x - m)); x goes with logsumexp(x).",
            "Write x - m - log(sum of exp(x - m)), with no other m outside the log.",
        ),
        variants=(joined(lambda p: p.x - p.m - (p.m + p.log(p.total))), max_once_and_overflow),
    ),
    Misconception(
        slug="max-back-with-the-wrong-sign",
        says="You add the maximum at the end, where you should subtract it, so each slice is off "
        "by twice its maximum.",
        hints=(
            "Try [5, 5]: each log-probability is -0.6931. How far off is yours?",
            "log(sum of exp(x)) is m + log(sum of exp(x - m)). What is x minus that?",
            "Put parentheses around m + log(...), or write x - m - log(...).",
        ),
        variants=(joined(lambda p: p.x + p.m - p.log(p.total)),),
    ),
    Misconception(
        slug="wrong-log-base",
        says="You use the log to base 2 or 10; exp needs the natural one to undo it.",
        hints=(
            "Try [0, 0]: each log-probability is -0.6931. What is yours?",
            "The log that undoes exp is the natural one.",
            "Use `torch.log`, not `log2` or `log10`, and don't divide by log(2) or log(10).",
        ),
        variants=(
            *({"log": log} for log in (torch.log2, torch.log10)),
            *({"leave": scaled_by(1 / math.log(base))} for base in (2, 10)),
        ),
    ),
    Misconception(
        slug="sign-error",
        says="One of your signs is flipped.",
        hints=(
            "Log-probabilities are at most 0, and the largest logit has the largest one. Which of "
            "these doesn't hold for yours?",
            "Write out both terms for [0, 0]: the result is -0.6931 twice.",
            "x - m - log(sum of exp(x - m)), where m is the maximum, with no other minus and no "
            "plus.",
        ),
        variants=(
            {"leave": scaled_by(-1)},
            joined(lambda p: p.x - p.m + p.log(p.total)),
            joined(lambda p: p.x + (p.m + p.log(p.total))),
            {"enter": scaled_by(-1)},
        ),
    ),
    Misconception(
        slug="plus-one-in-denominator",
        says="You add 1 to the sum (`log1p` does that), as softplus does for one score.",
        hints=(
            "Take exp of your log-probabilities and add them up. How far below 1 do you end up?",
            "Every number in the sum is the exp of a logit. Which logit would the 1 belong to?",
            "Take the log of the sum alone: `log` instead of `log1p`, and no `1 +`.",
        ),
        variants=({"log": torch.log1p}, {"log": torch.log1p, "centre": nothing}),
    ),
    Misconception(
        slug="log1p-of-probabilities",
        says="You add 1 to the probabilities before the log (`log1p` does that).",
        hints=(
            "Try [0, 0]: the probability is 1/2. What do you take the log of?",
            "`log1p(p)` is log(1 + p).",
            "Write `log` instead of `log1p`, with no `1 +`, and log(a / b) as log(a) - log(b).",
        ),
        variants=({"log": torch.log1p, **log_of(identity)},),
        alone=True,
    ),
    Misconception(
        slug="mean-instead-of-sum",
        says="You take the log of the mean of the exps, not of their sum.",
        hints=(
            "Take exp of your log-probabilities and add them up. Do you get 1?",
            "The number of classes isn't in the formula.",
            "Write `sum` instead of `mean`, or leave out the division by the number of classes.",
        ),
        variants=({"total": torch.mean},),
    ),
    Misconception(
        slug="divides-by-max",
        says="You use the largest exp where the sum of all of them belongs.",
        hints=(
            "Take exp of your log-probabilities and add them up. Do you get 1?",
            "Every class is part of the sum.",
            "Take the `sum` of the exps, not their `amax`, before the log.",
        ),
        variants=({"total": torch.amax},),
    ),
    Misconception(
        slug="sum-of-the-others",
        says="You leave the logit itself out of the sum, and add up the others only.",
        hints=(
            "Try [0, 0]: how many exps does your sum have?",
            "The sum is the same for the whole slice, and includes every logit.",
            "Take the `sum` of all exps of the slice, and subtract none of them from it.",
        ),
        variants=({"total": sum_of_the_others},),
    ),
    Misconception(
        slug="softmax-twice",
        says="You give probabilities to a function that takes logits: softmax is applied twice.",
        hints=(
            "Which of your calls has a softmax inside it, and what do you pass to it?",
            "log_softmax needs the raw logits.",
            "Leave out the first `softmax`, and pass on the logits.",
        ),
        variants=(
            {"enter": torch.softmax},
            {"enter": torch.softmax, "centre": nothing},
            {"enter": lambda x, dim: x.softmax(dim).softmax(dim)},
        ),
    ),
    Misconception(
        slug="double-exp",
        says="You apply exp twice before the sum.",
        hints=(
            "Print the values before and after each exp.",
            "In log(sum of exp(x)), the logits go through exp once.",
            "Keep the `exp` right before the sum, and leave out the other one.",
        ),
        variants=(
            {"enter": lambda x, dim: x.exp()},
            {"power": lambda x: x.exp().exp()},
        ),
        alone=True,
    ),
    Misconception(
        slug="squashes-first",
        says="You squash the logits into a small range first, with a sigmoid or a tanh. What "
        "counts is how far apart they are.",
        hints=(
            "Print what you take exp of. Is it still the logits?",
            "log_softmax of [0, 9] has -9 in it; no two numbers between 0 and 1 are 9 apart.",
            "Leave the `sigmoid` or `tanh` out: the logits themselves go into exp.",
        ),
        variants=(
            {"enter": lambda x, dim: x.sigmoid()},
            {"enter": lambda x, dim: x.tanh()},
            {"enter": lambda x, dim: F.logsigmoid(x)},
            {"power": torch.sigmoid, "centre": nothing, **log_of(identity)},
        ),
        alone=True,
    ),
    Misconception(
        slug="sigmoid-instead",
        says="You apply the sigmoid to each logit on its own, so the logits don't compete.",
        hints=(
            "Increase one logit. Do the other results go down?",
            "Every result needs all logits of its slice.",
            SHIFTED_FIRST,
        ),
        variants=(
            joined(lambda p: F.logsigmoid(p.x)),
            joined(lambda p: p.log(p.x.sigmoid())),
            joined(lambda p: -p.log(1 + (-p.x).exp())),
        ),
        alone=True,
    ),
    Misconception(
        slug="negatives-become-zero",
        says="You raise negative logits to 0 first, so they all count the same.",
        hints=(
            "log_softmax differs between [-1, -5] and [0, 0]. In which step do yours become the "
            "same?",
            "exp makes any logit positive, so you needn't treat negative ones differently.",
            "Leave the `relu`, `clamp(min=0)` or `maximum` out.",
        ),
        variants=({"enter": lambda x, dim: x.clamp(min=0)},),
        alone=True,
    ),
    named("exp2-or-pow", {"power": power_of(2)}, {"power": power_of(10)}),
    _rare("exp2-or-pow"),
    replace(
        _rare("running-total"),
        says="Your sum of exps only runs up to each entry, not over the whole slice.",
        hints=(
            "What is your first result, for any logits?",
            "You subtract one number from the whole slice: the log of its complete sum.",
            "Write `sum` instead of `cumsum`, or `logsumexp` instead of `logcumsumexp`.",
        ),
        variants=(
            {"total": running_total},
            lambda x, dim: x - x.logcumsumexp(dim),
        ),
    ),
    replace(_rare("computes-in-16-bits"), pattern=in_16_bits),
    *map(_rare, ("int-dtype", "sum-misses-an-entry")),
    *map(_rare, ("divides-logits-by-max", "standardises-first")),
    Misconception(
        slug="takes-absolute-value",
        says="You take absolute values along the way, so a low logit counts as a high one.",
        hints=(
            "Try [-3, -1]. Which of the two should have the larger result?",
            "exp makes any number positive and keeps the order.",
            "Leave the `abs` out.",
        ),
        variants=(
            {"enter": lambda x, dim: x.abs()},
            {
                "power": lambda x: x.abs().exp(),
                **joined(lambda p: (p.x - p.m).abs() - p.log(p.total)),
            },
            {"power": lambda x: x.abs().exp()},
        ),
        alone=True,
    ),
    Misconception(
        slug="divides-by-norm",
        says="You use the root of the sum, or of the sum of squares, where the plain sum of the "
        "exps belongs.",
        hints=(
            "Take exp of your log-probabilities and add them up. Do you get 1?",
            "The formula has no root.",
            "Leave out the `sqrt` or `norm`, and take the `sum` of the exps.",
        ),
        variants=({"total": norm}, {"total": root_of_sum}),
        alone=True,
    ),
    replace(
        _rare("rounds"),
        says="You round the results, which loses digits that the input's dtype can hold.",
    ),
    Misconception(
        slug="scales-logits",
        says="You multiply or divide the logits by a number, such as a temperature.",
        hints=(
            "Try [0, 1]. How far apart are your two results?",
            "Two results in a slice differ by exactly as much as their logits.",
            "Leave out the line that multiplies or divides the logits.",
        ),
        variants=(
            {"enter": lambda x, dim: x / math.sqrt(x.shape[dim])},
            {"enter": lambda x, dim: x / x.shape[dim]},
        ),
        fit=fit_scale,
    ),
    Misconception(
        slug="off-by-a-factor",
        says="Each of your results is the right one times a number, and it's the same number for "
        "all.",
        hints=(
            "Divide your result by the expected one, for two inputs. Which number do you get?",
            "Which step multiplies or divides by a number, and is it in the formula?",
            "Leave out that factor; it's most likely in the last line.",
        ),
        fit=fit_factor,
    ),
    Misconception(
        slug="off-by-a-constant",
        says="Each of your results is the right one plus a number, and it's the same number for "
        "all.",
        hints=(
            "Subtract the expected result from yours, for two inputs. Which number do you get?",
            "Look for a number that the formula doesn't have.",
            "Leave out that number; it's most likely in the last line.",
        ),
        fit=fit_offset,
    ),
    Misconception(
        slug="eps-in-denominator",
        says="You add a number to the sum that isn't in the formula.",
        hints=(
            "What's that number for? Can the sum ever be 0 without it?",
            "Once the maximum is subtracted, the sum is at least 1.",
            "Take the log of the sum alone, with nothing added to it or to an exp.",
        ),
        fit=fit_sum_plus,
    ),
)

# Fine for ordinary logits, but for others an intermediate result is 0 or inf.
LOGS_OVERFLOW = (
    Misconception(
        slug="eps-in-log",
        says="You add a small number before the log, or clamp before or after it. However "
        "wrong the model is, the result stops at a bound, where its gradient is 0.",
        hints=(
            "Which step turns a small probability into 0? Can you avoid that step?",
            "log(a / b) is log(a) - log(b): no division, no 0, no eps.",
            SHIFTED_FIRST,
        ),
        # a dtype's smallest number, and its rounding
        variants=tuple(
            log_of(lambda probs, f=f, name=name: f(probs, getattr(torch.finfo(probs.dtype), name)))
            for name in ("tiny", "eps")
            for f in (torch.add, torch.clamp_min)
        ),
        fit=fit_eps,
        alone=True,
    ),
    Misconception(
        slug="log-of-softmax",
        says="You compute exps or probabilities first and then take their log. By then, a "
        "very small one is 0, and its log is -inf.",
        hints=(
            "Print what you take the log of, for [200, 0]. Where does the 0 come from?",
            "You can take log(exp(a) / b) apart before you compute anything.",
            "x - max - log(sum of exp(x - max)): log and exp of x cancel, so you compute neither.",
        ),
        variants=(
            log_of(identity),
            joined(lambda p: p.log(p.powers) - p.log(p.total)),
        ),
    ),
    named("shift-computed-unused"),
    _in_words(
        "no-max-subtraction",
        "You take exp of the raw logits. Large ones overflow to inf, very negative ones underflow "
        "to 0, and the log of their sum is inf or -inf.",
        "Print exp(1000) and exp(-1000). What's left of the differences?",
        "Which number, subtracted from all logits of a slice, makes the largest exp equal to 1?",
        "s = x - x.amax(dim, keepdim=True), and then s - log(sum of exp(s)).",
    ),
    _in_words(
        "global-max",
        "You subtract one maximum for the whole tensor. A slice far below it loses its digits, or "
        "ends up as nan or the log of 0.",
    ),
    *map(named, ("argmax-instead-of-max", "mean-subtraction", "min-subtraction")),
    *map(named, ("max-with-zero", "other-than-the-maximum")),
    Misconception(
        slug="takes-absolute-value",
        says="You subtract the largest absolute value. A slice of very negative logits moves down "
        "instead of up, and all its exps underflow to 0.",
        hints=(
            "Try [-1000, -1001]. What is the largest logit after your shift?",
            "The maximum of [-3, -1] is -1, not 3.",
            "Leave out the `abs`, and take the maximum of the logits themselves.",
        ),
        variants=(
            {"centre": lambda x, dim, keepdim: x.abs().amax(dim, keepdim=keepdim)},
            {"centre": lambda x, dim, keepdim: x.abs().amax()},
        ),
        alone=True,
    ),
    Misconception(
        slug="sign-error",
        says="You add the maximum instead of subtracting it, which makes large logits twice as "
        "large before exp.",
        hints=(
            "After the shift, how large is the largest logit? It should be 0.",
            "Two minus signs make a plus.",
            "Write x - m, where m is the maximum: not x + m, and not x - (-m).",
        ),
        variants=({"centre": lambda x, dim, keepdim: -x.amax(dim, keepdim=keepdim)},),
        alone=True,
    ),
    Misconception(
        slug="replaces-minus-inf",
        says="You replace -inf with a number. But the log of a probability of 0 is -inf.",
        hints=(
            "Where a logit is -inf, what's the exp of your result? It should be exactly 0.",
            "-inf minus a finite maximum is still -inf.",
            "Leave out the `masked_fill`, `where`, `clamp` or `nan_to_num` that replaces it.",
        ),
        fit=fit_stand_in,
    ),
    Misconception(
        slug="shifts-only-if-large",
        says="You shift only if some logit is above a bound. Then slices far below 0 stay where "
        "they are and underflow to 0, or logits just under the bound overflow.",
        hints=(
            "Try [-1000, -1001]: does your code shift it, and what's its exp?",
            "The shift never does any harm, so you don't need a condition.",
            "Leave out the `if` or `where`, and always subtract each slice's maximum.",
        ),
        variants=tuple(
            {"centre": shift_if_above(bound, absolute, whole)}
            for absolute in (False, True)
            for whole in (False, True)
            for bound in BOUNDS
        ),
        alone=True,
    ),
    Misconception(
        slug="clamping",
        says="You clamp the logits, so beyond some bound they all count the same.",
        hints=(
            "Does your code have numbers such as 50 or 100 that aren't in the formula?",
            "Subtracting the maximum brings all logits into range and loses nothing.",
            "Leave the `clamp` out.",
        ),
        fit=fit_clamp,
        variants=tuple({"enter": clamped_to(-b, b)} for b in (10, 20, 30, 50, 80, 88, 100, 500)),
        alone=True,
    ),
    Misconception(
        slug="patches-nan",
        says="You replace nan or inf after it appears. By then, the right values are lost.",
        hints=(
            "What should log_softmax of [-60, 0, 60] be? Once the log has returned -inf, can you "
            "still work it out?",
            "Stop the inf from appearing: subtract the maximum, and take no log of an exp.",
            "x - m - log(sum of exp(x - m)), where m is the maximum, works without `nan_to_num` or "
            "`where`.",
        ),
        variants=(
            *({"leave": patched(value), **log_of(identity)} for value in (0.0, None)),
            {"centre": nothing, "leave": lambda x, dim: x.nan_to_num()},
            {"centre": nothing, "leave": lambda x, dim: x.nan_to_num(0.0)},
            {"centre": nothing, "leave": lambda x, dim: x.nan_to_num(0.0, 0.0, 0.0)},
        ),
        fit=fit_patch,
    ),
    Misconception(
        slug="upcast-instead-of-shift",
        says="You compute in float64 instead of shifting the logits: that moves the overflow "
        "from 88 to 709, and no further.",
        hints=(
            "Try 1000 in float64.",
            "A larger dtype has a limit, too. Which shift makes the limit irrelevant?",
            "Leave `.double()` out, and subtract each slice's maximum before `exp`.",
        ),
        variants=({"enter": lambda x, dim: x.double(), "centre": nothing},),
    ),
)

# Only where the logits are huge; it comes last because other mistakes are plainer.
LOSES_DIGITS = Misconception(
    slug="log-of-the-sum-loses-digits",
    says="You add the maximum to the log of the sum before you subtract the two "
    "(`logsumexp` adds it, too). Next to logits of 1e8, float32 keeps nothing of that log.",
    hints=(
        "Try [1e8, 1e8]: what's the log of the sum, and what's left of it in your result?",
        "float32 has seven digits: 1e8 + 0.69 is 1e8.",
        "Subtract the maximum from the logits first: s = x - m. Then return s - log(sum of "
        "exp(s)).",
    ),
    variants=(joined(log_sum_first),),
)

# where the subtracted numbers have lost their dim, or got it back in the wrong position
MORE_DIM_FACES: dict[str, tuple[Variant, ...]] = {
    "missing-keepdim": ({"join": log_sum_first, "place": squeezed},),
    "unsqueezes-last-not-dim": tuple(
        {"join": log_sum_first, "place": put_at(position)} for position in (-1, 1)
    ),
}
LEFT_MOVED_LOGS = tuple(
    {"enter": move, "max_dim": always(to), "sum_dim": always(to)}
    for move, to in (
        (lambda x, dim: x.transpose(dim, -1), -1),
        (lambda x, dim: x.transpose(dim, 0), 0),
        (lambda x, dim: x.movedim(dim, -1), -1),
        (lambda x, dim: x.movedim(dim, 0), 0),
    )
)


def of_exps(pattern: Pattern) -> Pattern:
    """Turn a pattern in probabilities into one in their logs.

    It looks at ordinary logits, because exp doesn't enlarge their rounding.
    """

    def shown(
        probes: Sequence[Probe], outcomes: Sequence[Outcome], failed: Collection[int]
    ) -> bool:
        kept = [i for i, probe in enumerate(probes) if is_ordinary(probe)]
        exps = [
            o if o.value is None else replace(o, value=o.value.double().exp())
            for o in (outcomes[i] for i in kept)
        ]
        wrong = [n for n, i in enumerate(kept) if i in failed]
        return bool(wrong) and pattern([probes[i] for i in kept], exps, wrong)

    return shown


FEW = {
    **{"divides-logarithms": 1, "sum-of-logs": 1, "expects-probabilities": 1, "softmax-twice": 1},
    **{"sum-over-wrong-dim": 3, "unsqueezes-last-not-dim": 3, "max-over-wrong-dim": 3},
    **{"drops-log-sum": 2, "scales-logits": 0, "patches-nan": 1, "other-than-the-maximum": 1},
    **{"min-subtraction": 1, "mean-subtraction": 1, "argmax-instead-of-max": 1},
    **{"several-dims-compete": 1, "plus-one-in-denominator": 1},
}


def on_ordinary(
    records: Sequence[Misconception], right: Callable[..., Tensor]
) -> tuple[Misconception, ...]:
    """Return mistakes as they show up for ordinary logits, whatever happens to extreme ones.

    So the checker names the plainest of several mistakes if the others are about extreme logits.
    """
    return tuple(
        replace(
            m,
            variants=(),
            fit=None,
            symptom=None,
            pattern=_does_on_ordinary(
                [v if callable(v) else replace(right, **v) for v in m.variants], right
            ),
        )
        for m in records
        if m.variants and not m.calls
    )


def _does_on_ordinary(
    functions: Sequence[Callable[..., Tensor]], right: Callable[..., Tensor]
) -> Pattern:
    def pattern(
        probes: Sequence[Probe], outcomes: Sequence[Outcome], failed: Collection[int]
    ) -> bool:
        kept = [i for i, probe in enumerate(probes) if is_ordinary(probe)]
        # a function that is nearly right, as with a rough value of e, doesn't explain a wrong
        # result
        off = [i for i in kept if not _same_there(right, probes[i], outcomes[i], 1e-2)]
        order = [*off, *(i for i in kept if i not in off)]
        seen = {
            round(value.flatten()[0].item(), 4)
            for value in (outcomes[i].value for i in off)
            if value is not None and value.numel() and value.isfinite().all()
        }
        return len(seen) > 2 and any(
            all(_same_there(function, probes[i], outcomes[i], 1e-4) for i in order)
            for function in functions
        )

    return pattern


def _same_there(
    function: Callable[..., Tensor], probe: Probe, outcome: Outcome, rtol: float
) -> bool:
    try:
        value = function(probe.logits.clone(), *probe.rest)
    except Exception:
        return bool(outcome.error)
    got = outcome.value
    return (
        got is not None
        and got.shape == value.shape
        and torch.allclose(got.double(), value.double(), rtol, rtol / 10, equal_nan=True)
    )


def _as_logs(m: Misconception) -> Misconception:
    """Turn a softmax mistake that shows in all outcomes into a log_softmax mistake."""
    return replace(m, variants=(), pattern=of_exps(m.pattern))


def _of_logs(m: Misconception) -> Misconception:
    """Turn a mistake in the dim of softmax into one in log_softmax."""
    pattern = of_exps(m.pattern) if m.pattern else None
    if m.slug == "forgets-to-transpose-back":
        return replace(m, variants=LEFT_MOVED_LOGS if m.pattern else (), pattern=pattern)
    # one variant first, because only the first few are tried in pairs
    variants = (*(v for v in m.variants if not callable(v)), *MORE_DIM_FACES.get(m.slug, ()))
    return replace(m, variants=variants, pattern=pattern)


LOG_DIMS = tuple(
    m for m in map(_of_logs, OTHER_DIM) if m.variants or m.symptom or m.pattern or m.error
)
IN_OTHER_WORDS = {
    "other-entries-compete": "The exp of your results is a softmax, but over the wrong entries: it "
    "sums to 1 in the wrong groups.",
    "changed-afterwards": "The log-probabilities themselves are right, but a later step changes "
    "the numbers: each result depends only on the right one.",
    "stretches-each-slice": "The exp of each slice of your result is the softmax of its logits "
    "times a number, which differs from slice to slice: you divide or multiply the logits by "
    "something computed from them.",
}
LOG_PLACES = tuple(
    replace(m, says=IN_OTHER_WORDS.get(m.slug, m.says))
    for m in map(
        _as_logs,
        (*OTHER_PLACES, *(m for m in LIBRARY if m.slug == "stretches-each-slice")),
    )
)
