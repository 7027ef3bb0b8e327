"""Mistakes in the formula of the backward pass of softmax."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from softmax_lessons.attempts.run import Dims, Outcome, Probe
from softmax_lessons.checker.misconception import Misconception, Variant
from softmax_lessons.lessons.backward import FORMULA, PULLS, RIGHT, Step, usable
from softmax_lessons.lessons.laws import slices
from softmax_lessons.lessons.misconceptions import named
from softmax_lessons.lessons.recipe import (
    DimChoice,
    Reduction,
    everything,
)
from softmax_lessons.lessons.steps import norm, sum_of_the_others

# --- steps ----------------------------------------------------------------------------------------


def _grad_alone(p: Tensor, g: Tensor) -> Tensor:
    return g


def _probs_alone(p: Tensor, g: Tensor) -> Tensor:
    return p


def _mean_over(choice: DimChoice) -> Reduction:
    return lambda x, dim, keepdim: x.mean(choice(x, dim), keepdim=keepdim)


def _median(x: Tensor, dim: Dims, keepdim: bool) -> Tensor:
    return x.median(dim, keepdim=keepdim).values


def _product(x: Tensor, dim: Dims, keepdim: bool) -> Tensor:
    return x.prod(dim, keepdim=keepdim)


def _running(x: Tensor, dim: Dims, keepdim: bool) -> Tensor:
    return x.cumsum(dim)


def _largest_as_label(p: Tensor, g: Tensor) -> Tensor:
    # along the last dim: `join` doesn't get `dim`
    return torch.zeros_like(p).scatter(-1, g.argmax(-1, keepdim=True), 1)


def _slope_of_sigmoid(x: Tensor) -> Tensor:
    return x.sigmoid() * (1 - x.sigmoid())


def _between(low: float, high: float) -> Step:
    return lambda p, dim: p.clamp(low, high)


def _more(amount: float) -> Step:
    return lambda p, dim: p + amount


def _unit_length(g: Tensor, dim: Dims) -> Tensor:
    return torch.nn.functional.normalize(g, dim=dim)


# --- facts ----------------------------------------------------------------------------------------


def _all_zero(
    probes: Sequence[Probe], outcomes: Sequence[Outcome], failed: Collection[int]
) -> bool:
    fine = usable(probes, outcomes)
    return bool(fine) and all(y.abs().max() < 1e-6 * (1 + probe.magnitude) for probe, y, _ in fine)


def _all_multiplied(
    probes: Sequence[Probe], outcomes: Sequence[Outcome], failed: Collection[int]
) -> bool:
    """Tell whether all results are right except for one constant factor."""
    factors = []
    for probe, y, wanted in usable(probes, outcomes):
        largest = wanted.abs().argmax()
        if wanted.abs().max() < 1e-3:  # a gradient that is the same for all cancels
            continue
        factors.append((y.flatten()[largest] / wanted.flatten()[largest]).item())
        if (y - factors[-1] * wanted).abs().max() > 1e-4 * (1 + probe.magnitude):
            return False
    if len(factors) <= 5 or abs(factors[0] - 1) < 1e-3:
        return False
    return max(factors) - min(factors) < 1e-3 * max(map(abs, factors))


def _changed_afterwards(
    probes: Sequence[Probe], outcomes: Sequence[Outcome], failed: Collection[int]
) -> bool:
    """Tell whether each result depends only on the right one, and never falls as that rises."""
    fine = usable(probes, outcomes)
    if not fine:
        return False
    y = torch.cat([y.flatten() for _, y, _ in fine])
    wanted = torch.cat([wanted.flatten() for *_, wanted in fine])
    order = wanted.argsort()
    y, wanted = y[order], wanted[order]
    scale = 1 + wanted.abs()[1:]
    alike = wanted.diff() < 1e-5 * scale
    steps = y.diff()
    return bool(
        y.unique().numel() > 1
        and (steps[alike].abs() < 1e-4 * scale[alike]).all()
        and (steps[~alike] > -1e-5 * scale[~alike]).all()
    )


def _one_number_for_each_slice(
    probes: Sequence[Probe], outcomes: Sequence[Outcome], failed: Collection[int]
) -> bool:
    """Tell whether results are p * (grad - number), with one number per slice."""
    fine = usable(probes, outcomes)
    for probe, y, _ in fine:
        tables = (slices(x.double(), probe) for x in (probe.logits, probe.rest[0], y))
        for p, g, got in zip(*tables, strict=True):
            taken = (g - got / p)[p > 1e-3]
            if (taken - taken.mean()).abs().max() > 1e-4 * (1 + g.abs().max()):
                return False
    return bool(fine)


def _made_of_the_pieces(
    probes: Sequence[Probe], outcomes: Sequence[Outcome], failed: Collection[int]
) -> bool:
    """Tell whether results combine products of p, grad and their sums in some other way."""
    pieces, results = [], []
    for probe, y, _ in usable(probes, outcomes):
        p, g = probe.logits.double(), probe.rest[0].double()
        if g.abs().max() > 10:
            continue
        one = torch.ones_like(p)
        weighted = (p * g).sum(probe.dim, keepdim=True) * one
        plain = g.sum(probe.dim, keepdim=True) * one
        terms = [a * b for a in (one, p, p * p) for b in (one, g, weighted, plain)]
        terms += [p * g * g, p * g * weighted, p * weighted * weighted]
        pieces.append(torch.stack(terms, -1).flatten(0, -2))
        results.append(y.flatten())
    if not pieces:
        return False
    a, y = torch.cat(pieces), torch.cat(results)
    fitted = a @ torch.linalg.lstsq(a, y, driver="gelsd").solution
    return bool((fitted - y).abs().max() < 1e-5 * (1 + y.abs().max()))


# --- numbers read off the attempt's own results ---------------------------------------------------


def _fit_multiple(probes: Sequence[Probe], outcomes: Sequence[Outcome]) -> Iterator[Variant]:
    """Read off how many times the sum is subtracted."""
    for probe, y, _ in usable(probes, outcomes):
        p, g = probe.logits.double(), probe.rest[0].double()
        total = (p * g).sum(probe.dim, keepdim=True)
        factor = ((g - y / p) / total).flatten()[p.argmax()].item()
        near = round(factor, 2)
        if abs(near - factor) < 1e-4 and near not in (0.0, 1.0):
            yield replace(RIGHT, join=lambda p, g, total, times=near: p * (g - times * total))
        return


# --- what goes wrong ------------------------------------------------------------------------------


TERMS = (
    Misconception(
        slug="diagonal-jacobian",
        says="You multiply `grad` by p * (1 - p), as if each logit changed only its own "
        "probability. Each logit changes every probability in its slice.",
        hints=(
            "Raising every logit of a slice by the same amount changes nothing, so each slice of "
            "the result sums to 0. What does yours sum to?",
            "The derivative of p_j with respect to logit i is -p_i * p_j when i and j differ. Add "
            "up those terms too.",
            FORMULA,
        ),
        variants=({"join": lambda p, g, total: p * (1 - p) * g},),
    ),
    Misconception(
        slug="diagonal-jacobian",
        says="You return p * (1 - p), the derivative of each probability with respect to its own "
        "logit alone. You use neither `grad` nor the other logits.",
        hints=(
            "Change `grad`. Does your result change?",
            "`grad` says how much the loss depends on each probability, and each logit changes "
            "every probability in its slice.",
            FORMULA,
        ),
        variants=({"join": lambda p, g, total: p * (1 - p)},),
    ),
    Misconception(
        slug="diagonal-jacobian",
        says="You multiply p * (1 - p) by a sum over the whole slice. Each probability has "
        "its own `grad`, and the derivative with respect to another class's logit is -p_i * "
        "p_j.",
        hints=(
            "Add 1 to all entries of `grad`. The probabilities always sum to 1, so what should "
            "happen to your result?",
            "The factor for the class itself is p * (1 - p); for the others, it's different.",
            FORMULA,
        ),
        variants=(
            {"join": lambda p, g, total: p * (1 - p) * total},
            {"weigh": _grad_alone, "join": lambda p, g, total: p * (1 - p) * total},
        ),
    ),
    Misconception(
        slug="diagonal-jacobian",
        says="You only multiply `grad` by 1 - p. A class's own factor is p * (1 - p), and the "
        "other classes count too.",
        hints=(
            "What should the result be for a class with probability 0? What is yours?",
            PULLS,
            FORMULA,
        ),
        variants=({"join": lambda p, g, total: (1 - p) * g},),
    ),
    Misconception(
        slug="forgets-the-others",
        says="You multiply by p, but leave out the part of the gradient that comes through the "
        "sum.",
        hints=(
            "Add 1 to all entries of `grad`. The probabilities always sum to 1, so what should "
            "happen to your result?",
            "One number per slice is missing: the average of `grad`, weighted by p.",
            "Subtract `(probs * grad).sum(dim, keepdim=True)` from `grad` first.",
        ),
        variants=({"join": lambda p, g, total: p * g},),
    ),
    Misconception(
        slug="forgets-the-others",
        says="You return `grad` unchanged. That's the gradient with respect to the probabilities; "
        "the exercise asks for the one with respect to the logits.",
        hints=(
            "How does your result depend on the probabilities?",
            "If a class has probability 0, a small change to its logit doesn't move it.",
            FORMULA,
        ),
        variants=({"join": lambda p, g, total: g},),
    ),
    Misconception(
        slug="only-the-sum",
        says="You return only the part that comes through the sum. The part that comes through "
        "each probability itself, p * grad, is missing.",
        hints=(
            "Compute the first entry by hand, for two classes. How many terms does it have?",
            "p * (grad - sum) has two terms when you multiply it out. Which one have you got?",
            "Add `probs * grad` to your result.",
        ),
        variants=(
            {"join": lambda p, g, total: -p * total},
            {"join": lambda p, g, total: p * total},
        ),
    ),
    Misconception(
        slug="only-the-sum",
        says="You return the weighted average of `grad` itself, which is the same throughout a "
        "slice.",
        hints=(
            "Should all logits in a slice get the same gradient?",
            "The average is one of the steps. How far is each entry of `grad` from it?",
            "Subtract the average from `grad`, then multiply by the probabilities.",
        ),
        variants=({"join": lambda p, g, total: total.expand_as(p)},),
    ),
    Misconception(
        slug="off-diagonal-only",
        says="Your result only has the terms from the slice's other probabilities. Each logit "
        "moves its own probability, too.",
        hints=(
            PULLS,
            "In a double loop over i and j, the case i == j counts too.",
            "Add `probs * (1 - probs) * grad`.",
        ),
        variants=({"join": lambda p, g, total: -p * (total - p * g)},),
    ),
    Misconception(
        slug="own-class-twice",
        says="You use p * (1 - p) for the class itself, and subtract the sum over all classes. "
        "That sum already includes the class itself, so it counts twice.",
        hints=(
            "Each slice of your result should sum to 0. Does it?",
            "Use p * grad with a sum over all, or p * (1 - p) * grad with a sum over the others.",
            "Write `probs * grad` instead of `probs * (1 - probs) * grad`.",
        ),
        variants=({"join": lambda p, g, total: p * (1 - p) * g - p * total},),
    ),
    Misconception(
        slug="own-class-left-out",
        says="The sum that you subtract leaves out the class itself.",
        hints=(
            "Each slice of your result should sum to 0. Does it?",
            "The derivative of p_i with respect to its own logit is p_i * (1 - p_i), not p_i.",
            "Sum over all classes in the slice, including the class itself.",
        ),
        variants=({"total": sum_of_the_others},),
    ),
    Misconception(
        slug="forgets-the-factor",
        says="You return `grad` minus the sum. You have to multiply both by p.",
        hints=(
            "What should the result be for a class with probability 0? What is yours?",
            "Each slice of your result should sum to 0. Does it?",
            "Multiply the difference by `probs`.",
        ),
        variants=({"join": lambda p, g, total: g - total},),
    ),
    Misconception(
        slug="forgets-the-factor",
        says="You subtract the sum from p * grad. You have to multiply the sum by p first.",
        hints=(
            "What should the result be for a class with probability 0? What is yours?",
            "Multiply out p * (grad - sum). What is each term multiplied by?",
            "Write `probs * grad - probs * sum`, or put the difference in parentheses.",
        ),
        variants=({"join": lambda p, g, total: p * g - total},),
    ),
    Misconception(
        slug="forgets-the-factor",
        says="You subtract p times the sum from `grad`. You have to multiply `grad` by p as well.",
        hints=(
            "What should the result be for a class with probability 0? What is yours?",
            "Multiply out p * (grad - sum). What is each term multiplied by?",
            "Write `probs * grad - probs * sum`, or put the difference in parentheses.",
        ),
        variants=({"join": lambda p, g, total: g - p * total},),
    ),
    Misconception(
        slug="one-factor-too-many",
        says="You multiply by the probabilities once too often: your result contains a square of "
        "p.",
        hints=(
            "Write down both terms of your result. How many factors of p does each have?",
            "In p * (grad - sum), one p is in front, and one p is in each term of the sum.",
            FORMULA,
        ),
        variants=(
            {"join": lambda p, g, total: p * g - p * p * total},
            {"join": lambda p, g, total: p * p * (g - total)},
            {"join": lambda p, g, total: p * (1 - p) * (g - total)},
            {"join": lambda p, g, total: p * (p * g - total)},
            {"weigh": lambda p, g: p * p * g},
            {"weigh": lambda p, g: p * p * g, "join": lambda p, g, total: p * g - total},
        ),
    ),
    Misconception(
        slug="one-factor-too-many",
        says="You multiply by `grad` once too often: your result contains a square of it.",
        hints=(
            "Double `grad`. Does your result double, or more than double?",
            "In p * (grad - sum), each term has one factor of `grad`.",
            FORMULA,
        ),
        variants=(
            {"join": lambda p, g, total: p * g * (g - total)},
            {"join": lambda p, g, total: p * (g - total) ** 2},
            {"weigh": lambda p, g: p * g * g},
            {"weigh": lambda p, g: p * g * g, "join": lambda p, g, total: p * (g * g - total)},
            {"join": lambda p, g, total: p * g - p * g * total},
        ),
    ),
    Misconception(
        slug="always-zero",
        says="Your result is 0 for every input.",
        hints=(
            "Which of your factors is always 0?",
            "The probabilities of a slice sum to 1, so 1 minus their sum is 0; and the sum of all "
            "probabilities doesn't depend on the logits.",
            FORMULA,
        ),
        variants=({"join": lambda p, g, total: 0 * p},),
        pattern=_all_zero,
        alone=True,
    ),
    Misconception(
        slug="sums-grad-alone",
        says="You subtract a number computed from `grad` alone, such as its sum, its mean or its "
        "largest entry. It isn't weighted by the probabilities.",
        hints=(
            "A class with probability 0 can't affect the others. Does it affect your sum?",
            "Each entry of `grad` counts in proportion to its class's probability.",
            "Sum `probs * grad`, not `grad`.",
        ),
        variants=tuple(
            {"weigh": _grad_alone, "total": total}
            for total in (torch.sum, torch.mean, torch.amax, torch.amin, _median, norm)
        ),
    ),
    Misconception(
        slug="sums-probs-alone",
        says="You subtract a sum or mean of the probabilities, without `grad`. It's the same "
        "number whatever the probabilities are.",
        hints=(
            "Print what you subtract. Does it depend on `grad`?",
            "What you want is the average of `grad`, weighted by p.",
            "Sum `probs * grad`, not `probs`.",
        ),
        variants=(
            {"weigh": _probs_alone},
            {"weigh": _probs_alone, "total": torch.mean},
            {"weigh": _probs_alone, "join": lambda p, g, total: p * g - p * p},
            {"join": lambda p, g, total: g * (p - 1)},
        ),
    ),
    Misconception(
        slug="mean-instead-of-sum",
        says="You subtract the mean of p * grad instead of the sum.",
        hints=(
            "Each slice of your result should sum to 0. Does it?",
            "The probabilities are already weights that sum to 1, so there's nothing left to "
            "divide by.",
            "Write `.sum(...)` instead of `.mean(...)`.",
        ),
        variants=({"total": torch.mean}, {"total": _mean_over(everything)}),
    ),
    Misconception(
        slug="another-number-than-the-sum",
        says="You subtract something other than the sum of p * grad, such as the largest of these "
        "products, an incomplete sum, or their norm.",
        hints=(
            "Which function turns p * grad into one number in your code?",
            "What you want is the average of `grad`, weighted by p.",
            "Use `.sum(dim, keepdim=True)`.",
        ),
        variants=(
            {"total": torch.amax},
            {"total": _running},
            {"total": norm},
            {"total": torch.amin},
            {"total": _median},
            {"total": _product},
        ),
        pattern=_one_number_for_each_slice,
    ),
    Misconception(
        slug="another-number-than-the-sum",
        says="You subtract a multiple of the sum of p * grad. Subtract the sum itself.",
        hints=(
            "Each slice of your result should sum to 0. Does it?",
            "Is there a factor such as 0.5 or 2 in your code that isn't in the formula?",
            FORMULA,
        ),
        fit=_fit_multiple,
    ),
    replace(
        named(
            "computes-in-16-bits",
            {"probs": lambda p, dim: p.half(), "grad": lambda g, dim: g.half()},
            {"probs": lambda p, dim: p.bfloat16(), "grad": lambda g, dim: g.bfloat16()},
        ),
        alone=True,
    ),
    Misconception(
        slug="divides-by-the-sum",
        says="You divide by the sum of p * grad, as a softmax would. Subtract it instead.",
        hints=(
            "Double `grad`. Does your result double?",
            "The sum is the average of `grad`, weighted by p. What should you do with it?",
            FORMULA,
        ),
        variants=(
            {"join": lambda p, g, total: p * g / total},
            {"join": lambda p, g, total: g / total},
            {"join": lambda p, g, total: p * (g - 1) / total},
        ),
    ),
    Misconception(
        slug="swaps-the-arguments",
        says="You've swapped `probs` and `grad` in your formula.",
        hints=(
            "Which of the two sums to 1 along each slice?",
            "Average `grad`, and multiply the difference by the probabilities.",
            FORMULA,
        ),
        variants=(
            {"join": lambda p, g, total: g * (p - total)},
            {"weigh": _probs_alone, "join": lambda p, g, total: g * (p - total)},
            {"weigh": lambda p, g: g * g, "join": lambda p, g, total: g * (p - total)},
        ),
    ),
    Misconception(
        slug="subtracts-from-one",
        says="You multiply p by 1 minus the sum of p * grad. `grad` itself belongs where the 1 is.",
        hints=(
            "Does it matter in your code which class each entry of `grad` belongs to?",
            "The sum is what the average class gets; each class has its own `grad`.",
            FORMULA,
        ),
        variants=({"join": lambda p, g, total: p * (1 - total)},),
    ),
    Misconception(
        slug="sign-error",
        says="Your result has the opposite sign: each logit goes the wrong way.",
        hints=(
            "Try probs [0.5, 0.5] and grad [1, 0]: which logit should go up?",
            "Going down is the optimizer's job; a gradient points up.",
            "Write `grad - sum`, not `sum - grad`, and no minus in front.",
        ),
        variants=({"sign": -1},),
    ),
    Misconception(
        slug="sign-error",
        says="You add the sum of p * grad instead of subtracting it.",
        hints=(
            "Each slice of your result should sum to 0. Does it?",
            "If one class gains, the others lose.",
            "Write `grad - sum`.",
        ),
        variants=({"join": lambda p, g, total: p * (g + total)},),
    ),
    Misconception(
        slug="sign-error",
        says="The terms from the other classes have the wrong sign: if one class gains, the others "
        "lose.",
        hints=(
            "Each slice of your result should sum to 0. Does it?",
            "The derivative of p_j with respect to logit i is negative when i and j differ.",
            "Write `-p_i * p_j` where i and j differ.",
        ),
        variants=({"join": lambda p, g, total: p * (g + total - 2 * p * g)},),
    ),
    Misconception(
        slug="divides-by-batch",
        says="You divide by a size or its root, or by the number of slices or entries. If the loss "
        "is a mean, `grad` already includes that factor.",
        hints=(
            "Compare your result with the expected one. Is yours a fraction of it?",
            "Look at the formula again. Does a size appear in it?",
            "No size does: leave out the division, or the `mean` at the end.",
        ),
        variants=(
            {"size": lambda p, dim: p.shape[0]},
            {"size": lambda p, dim: p.shape[dim]},
            {"size": lambda p, dim: p.shape[-1]},
            {"size": lambda p, dim: p.numel()},
            {"size": lambda p, dim: p.numel() // p.shape[dim]},
            {"size": lambda p, dim: p.numel() // p.shape[-1]},
            {"size": lambda p, dim: p.shape[dim] ** 0.5},
            {"size": lambda p, dim: p.shape[-1] ** 0.5},
        ),
    ),
    Misconception(
        slug="multiplied-by-a-number",
        says="Your result is right except for a factor, which is the same for all inputs.",
        hints=(
            "Divide your result by the expected one. Which number do you get?",
            "Look at the formula again. Does that number appear in it?",
            "Leave the factor out.",
        ),
        pattern=_all_multiplied,
    ),
    Misconception(
        slug="p-minus-y",
        says="p - y is the gradient of softmax and cross-entropy combined. Here, `grad` is the "
        "gradient with respect to the probabilities, and it can come from any loss.",
        hints=(
            "Which loss does your formula belong to?",
            "You subtract `grad` where that formula subtracts the targets. What is `grad` here?",
            "Start from p * (grad - something).",
        ),
        variants=(
            {"join": lambda p, g, total: p - g},
            {"join": lambda p, g, total: (p - g) * p},
        ),
    ),
    Misconception(
        slug="p-minus-y",
        says="You take the class with the largest probability as the label, and return p - y, the "
        "gradient of softmax and cross-entropy combined. This exercise has no labels: `grad` says "
        "what the loss wants, and your result ignores it.",
        hints=(
            "Change `grad`. Does your result change?",
            "Which loss does your formula belong to?",
            "Leave the `argmax` out, and start from p * (grad - something).",
        ),
        variants=(lambda p, g, dim: p - torch.zeros_like(p).scatter(dim, p.argmax(dim, True), 1),),
    ),
    Misconception(
        slug="p-minus-y",
        says="You take the class with the largest `grad` as the label, and use p - y, the gradient "
        "of softmax and cross-entropy combined. This exercise has no labels, and `grad` can come "
        "from any loss.",
        hints=(
            "Which loss does your formula belong to?",
            "`grad` says how much the loss depends on each probability; it doesn't hold a label.",
            "Leave the `argmax` out, and start from p * (grad - something).",
        ),
        variants=tuple(
            variant
            for weight in (lambda g: 1, lambda g: g)
            for variant in (
                {"join": lambda p, g, t, w=weight: (p - _largest_as_label(p, g)) * w(g)},
                lambda p, g, dim, w=weight: (
                    (p - torch.zeros_like(p).scatter(dim, g.argmax(dim, True), 1)) * w(g)
                ),
            )
        ),
    ),
    Misconception(
        slug="backward-of-log-softmax",
        says="This is the backward of log_softmax. Here, `grad` is the gradient with respect to "
        "the probabilities, not the log-probabilities.",
        hints=(
            "Which function is your formula the gradient of?",
            "If log p changes a little, how much does p change?",
            "p * (grad - something), and p appears in the something too.",
        ),
        variants=(
            {"weigh": _grad_alone, "join": lambda p, g, total: g - p * total},
            {"weigh": _grad_alone, "join": lambda p, g, total: g - p.exp() * total},
        ),
    ),
    Misconception(
        slug="gradient-of-another-function",
        says="You compute the gradient of a different function: sigmoid, tanh, exp or log, which "
        "treat each entry on its own. In a softmax, the entries of a slice compete.",
        hints=(
            "Which function is your formula the derivative of?",
            PULLS,
            FORMULA,
        ),
        variants=(
            {"join": lambda p, g, total: g * _slope_of_sigmoid(p)},
            {"join": lambda p, g, total: g * (1 - p * p)},
            {"join": lambda p, g, total: g * p.exp()},
            {"join": lambda p, g, total: g / p},
            {"join": lambda p, g, total: -g / p},
            {"join": lambda p, g, total: g * p.log()},
            {"join": lambda p, g, total: g * p.sigmoid()},
        ),
    ),
    Misconception(
        slug="takes-softmax-again",
        says="You apply softmax to `probs`, which are probabilities already. You don't need the "
        "logits.",
        hints=(
            "What do the slices of `probs` sum to, before you do anything?",
            "A softmax of probabilities is flatter than the probabilities themselves.",
            "Use `probs` unchanged.",
        ),
        variants=({"probs": lambda p, dim: p.softmax(dim)},),
    ),
    Misconception(
        slug="takes-softmax-again",
        says="You apply softmax to `grad`. A gradient isn't a set of logits: use it unchanged.",
        hints=(
            "Double `grad`. Does your result double?",
            "A gradient may have any sign and any size, and both matter.",
            "Use `grad` unchanged.",
        ),
        variants=(
            {"grad": lambda g, dim: g.softmax(dim)},
            lambda p, g, dim: p * (g - (g.softmax(dim) * g).sum(dim, keepdim=True)),
            lambda p, g, dim: p * (g - (g.softmax(dim) * p).sum(dim, keepdim=True)),
        ),
    ),
    Misconception(
        slug="rescales-grad",
        says="You rescale `grad` first, by its length, its sum or its largest entry, or clip it at "
        "a bound. Its size says how much the loss depends on the probabilities.",
        hints=(
            "Double `grad`. Does your result double?",
            "Clipping a gradient is a separate step after backward, not part of this exercise.",
            "Use `grad` unchanged.",
        ),
        variants=(
            {"grad": _unit_length},
            {"grad": lambda g, dim: g / g.norm()},
            {"grad": lambda g, dim: g / g.abs().amax(dim, keepdim=True)},
            {"grad": lambda g, dim: g / g.sum(dim, keepdim=True)},
            {"grad": lambda g, dim: g / g.amax(dim, keepdim=True)},
            {"grad": lambda g, dim: g / g.abs().max()},
            {"grad": lambda g, dim: g.clamp(-1, 1)},
            {"grad": lambda g, dim: g / g.std(dim, keepdim=True)},
        ),
    ),
    Misconception(
        slug="changes-the-result",
        says="The formula is right, but a step after it changes the result: each number depends "
        "only on the right one.",
        hints=(
            "Print what you have right after the multiplication by p. Is that the answer?",
            "Clipping a gradient is a separate step after backward, not part of this exercise.",
            "Return p * (grad - sum) unchanged.",
        ),
        variants=(
            {"leave": lambda y, dim: y.clamp(-1, 1)},
            {"leave": lambda y, dim: y.abs()},
            {"leave": lambda y, dim: y.relu()},
            {"leave": lambda y, dim: y.sign()},
            {"leave": lambda y, dim: y * y},
        ),
        pattern=_changed_afterwards,
    ),
    Misconception(
        slug="changes-the-result",
        says="The formula is right, but a step after it rescales or shifts the whole result, by "
        "its length, its sum, its mean or a softmax of it.",
        hints=(
            "Double `grad`. Does your result double?",
            "Each slice sums to 0 after the multiplication by p, and then you're done.",
            "Return p * (grad - sum) unchanged.",
        ),
        variants=(
            {"leave": _unit_length},
            {"leave": lambda y, dim: y / y.norm()},
            {"leave": lambda y, dim: y.softmax(dim)},
            {"leave": lambda y, dim: y / y.abs().max()},
            {"leave": lambda y, dim: y / y.abs().amax(dim, keepdim=True)},
            {"leave": lambda y, dim: y / y.sum(dim, keepdim=True)},
            {"leave": lambda y, dim: y / y.abs().sum(dim, keepdim=True)},
            {"leave": lambda y, dim: y / max(1.0, y.norm().item())},
        ),
    ),
    Misconception(
        slug="changes-the-probs",
        says="You change the probabilities before you use them, with a clamp, a small added "
        "number, or a function such as a root, exp or log. They're already exact, and may be 0.",
        hints=(
            "Which number in your code isn't in any of the lesson's formulas?",
            "Nothing here divides by p or takes its log, so a 0 does no harm.",
            "Use `probs` unchanged.",
        ),
        variants=(
            {"probs": _between(0.01, 0.99)},
            {"probs": lambda p, dim: p.log()},
            {"probs": lambda p, dim: p.sqrt()},
            {"probs": lambda p, dim: p * p},
            {"probs": lambda p, dim: p.exp()},
            {"probs": lambda p, dim: 1 - p},
            *({"probs": _between(low, 1)} for low in (0.01, 0.1, 0.05, 1e-3, 1e-4, 1e-5)),
            *({"probs": _between(low, 1 - low)} for low in (0.1, 0.05, 1e-3, 1e-4, 1e-5)),
            *({"probs": _more(eps)} for eps in (0.1, 0.01, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7)),
        ),
    ),
    Misconception(
        slug="other-terms",
        says="Your result uses the right pieces, p, `grad` and sums of them along `dim`, but "
        "doesn't combine them as p * grad - p * sum of p * grad.",
        hints=(
            "Write your formula as a sum of terms. It should have two.",
            "Each slice of the result sums to 0, and a class with probability 0 gets 0. Which of "
            "your terms break that?",
            FORMULA,
        ),
        pattern=_made_of_the_pieces,
    ),
)
