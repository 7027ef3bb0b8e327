"""Steps that a misconception swaps in for the right ones, and whole softmaxes built from them."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from softmax_lessons.checker.misconception import Variant
from softmax_lessons.lessons.recipe import RIGHT, DimChoice, Dims, Recipe, Reduction

Step = Callable[[Tensor, Dims], Tensor]
Power = Callable[[Tensor], Tensor]


def kept_sum(x: Tensor, dim: Dims) -> Tensor:
    """Return the sums along a dim, which stays with size 1."""
    return x.sum(dim, keepdim=True)


def kept_max(x: Tensor, dim: Dims) -> Tensor:
    """Return the maxima along a dim, which stays with size 1."""
    return x.amax(dim, keepdim=True)


def largest_of_all(x: Tensor, dim: Dims) -> Tensor:
    """Return the maximum of the whole tensor."""
    return x.amax()


def length(x: Tensor, dim: Dims) -> int:
    """Return how many entries compete."""
    return x.shape[dim] if isinstance(dim, int) else math.prod(x.shape[d] for d in dim)


# --- enter: before everything else ------------------------------------------------------------


def scaled_by(factor: float) -> Step:
    """Multiply the logits."""
    return lambda x, dim: x * factor


def clamped_to(low: float, high: float) -> Step:
    """Clamp the logits between two bounds."""
    return lambda x, dim: x.clamp(low, high)


def filled_with(value: float) -> Step:
    """Replace -inf with a number."""
    return lambda x, dim: x.masked_fill(x == -math.inf, max(value, torch.finfo(x.dtype).min))


def standardised(over: DimChoice, correction: int, eps: float = 0.0, inside: bool = True) -> Step:
    """Bring the logits to mean 0 and spread 1; the eps is inside the root or outside of it."""

    def step(x: Tensor, dim: Dims) -> Tensor:
        dims = over(x, dim)
        variance = (x - x.mean(dims, keepdim=True)).square().sum(dims, keepdim=True)
        variance = variance / (length(x, dims) - correction)  # 0 / 0 as in `std`, but no warning
        spread = (variance + eps).sqrt() if inside else variance.sqrt() + eps
        return (x - x.mean(dims, keepdim=True)) / spread

    return step


def to_unit_range(over: DimChoice, eps: float = 0.0) -> Step:
    """Bring the logits to the range from 0 to 1."""

    def step(x: Tensor, dim: Dims) -> Tensor:
        low, high = (f(x, over(x, dim), keepdim=True) for f in (torch.amin, torch.amax))
        return (x - low) / (high - low + eps)

    return step


def less_largest_along(choice: DimChoice) -> Step:
    """Subtract a maximum before the right one is subtracted."""
    return lambda x, dim: x - x.amax(choice(x, dim), keepdim=True)


# --- centre: what is subtracted ----------------------------------------------------------------


def first(x: Tensor, dim: Dims, keepdim: bool) -> Tensor:
    """Return the first entry of each slice."""
    return x.narrow(dim, 0, 1)


def last(x: Tensor, dim: Dims, keepdim: bool) -> Tensor:
    """Return the last entry of each slice."""
    return x.narrow(dim, x.shape[dim] - 1, 1)


def median(x: Tensor, dim: Dims, keepdim: bool) -> Tensor:
    """Return the median of each slice."""
    return x.median(dim, keepdim=True).values


def second_largest(x: Tensor, dim: Dims, keepdim: bool) -> Tensor:
    """Return the second largest entry of each slice, or the only one."""
    k = min(2, x.shape[dim])
    return x.topk(k, dim).values.narrow(dim, k - 1, 1)


def running_max(x: Tensor, dim: Dims, keepdim: bool) -> Tensor:
    """Return the maximum up to each entry."""
    return x.cummax(dim).values


def root_of_squares(x: Tensor, dim: Dims, keepdim: bool) -> Tensor:
    """Return the norm of each slice."""
    return x.square().sum(dim, keepdim=True).sqrt()


def constant(number: float) -> Reduction:
    """Return one number, whatever the logits."""
    return lambda x, dim, keepdim: torch.tensor(number, dtype=x.dtype)


def unsqueezed_at(position: int) -> Callable[[Reduction], Reduction]:
    """Put the dim that a reduction removes back at a fixed position."""
    return lambda reduction: lambda x, dim, keepdim: reduction(x, dim).unsqueeze(position)


def as_column(reduction: Reduction) -> Reduction:
    """Turn the result of a reduction into a column."""
    return lambda x, dim, keepdim: reduction(x, dim).reshape(-1, 1)


# --- power: instead of exp --------------------------------------------------------------------


def power_of(base: float) -> Power:
    """Raise a base other than e."""
    return lambda x: base**x


def taylor(terms: int) -> Power:
    """Cut off the series for exp after so many terms."""
    return lambda x: sum(x**k / math.factorial(k) for k in range(terms))


def exp_from(low: float) -> Power:
    """Clamp the shifted logits before exp."""
    return lambda x: x.clamp(min=low).exp()


def exp_plus(eps: float) -> Power:
    """Add a number to every exponential."""
    return lambda x: x.exp() + eps


# --- total: instead of the sum ----------------------------------------------------------------


def sum_plus(amount: float) -> Reduction:
    """Add a number to the sum."""
    return lambda x, dim, keepdim: x.sum(dim, keepdim=keepdim) + amount


def sum_without(place: int) -> Reduction:
    """Leave the first or the last entry of each slice out of the sum."""

    def total(x: Tensor, dim: Dims, keepdim: bool) -> Tensor:
        kept = torch.ones_like(x)
        corner = kept
        for d in (dim,) if isinstance(dim, int) else dim:
            corner = corner.narrow(d, 0 if place == 0 else x.shape[d] - 1, 1)
        corner.zero_()
        return (x * kept).sum(dim, keepdim=keepdim)

    return total


def norm(x: Tensor, dim: Dims, keepdim: bool) -> Tensor:
    """Return the root of the sum of squares."""
    return x.square().sum(dim, keepdim=keepdim).sqrt()


def root_of_sum(x: Tensor, dim: Dims, keepdim: bool) -> Tensor:
    """Return the root of the sum."""
    return x.sum(dim, keepdim=keepdim).sqrt()


def running_total(x: Tensor, dim: Dims, keepdim: bool) -> Tensor:
    """Return the sum up to each entry."""
    return x.cumsum(dim) if isinstance(dim, int) else x.sum(dim, keepdim=keepdim)


def sum_of_the_others(x: Tensor, dim: Dims, keepdim: bool) -> Tensor:
    """Return the sum of a slice without the entry itself."""
    return x.sum(dim, keepdim=keepdim) - x


def constant_total(x: Tensor, dim: Dims, keepdim: bool) -> Tensor:
    """Return a sum through which no gradient flows."""
    return x.sum(dim, keepdim=keepdim).detach()


def sum_under_running_maxima(x: Tensor, dim: Dims) -> Tensor:
    """Return softmax with a sum of exps, each shifted by the maximum so far."""
    dim = dim if isinstance(dim, int) else dim[-1]
    total = kept_sum((x - x.cummax(dim).values).exp(), dim)
    return (x - kept_max(x, dim)).exp() / total


def rescaled_the_wrong_way(x: Tensor, dim: Dims) -> Tensor:
    """Return softmax with a sum that is multiplied, not divided, when the maximum grows."""
    dim = dim if isinstance(dim, int) else dim[-1]
    first, *others = x.unbind(dim)
    largest, total = first, torch.ones_like(first)
    for part in others:
        new = torch.maximum(largest, part)
        total = total * (new - largest).exp() + (part - new).exp()
        largest = new
    return (x - largest.unsqueeze(dim)).exp() / total.unsqueeze(dim)


# --- leave: after everything else --------------------------------------------------------------


def rounded_to(digits: int) -> Step:
    """Round to so many digits."""
    return lambda x, dim: x.round(decimals=digits)


def cut_to(digits: int) -> Step:
    """Keep only so many digits, without rounding."""
    return lambda x, dim: (x * 10**digits).floor() / 10**digits


def plus(amount: float) -> Step:
    """Add a number to every result."""
    return lambda x, dim: x + amount


def smoothed_by(amount: float) -> Step:
    """Add a number to every result, and divide by the sum again."""
    return lambda x, dim: (x + amount) / kept_sum(x + amount, dim)


def floored_at(low: float, again: bool = False) -> Step:
    """Raise small results to a bound, and divide by the sum again if asked."""

    def step(x: Tensor, dim: Dims) -> Tensor:
        x = x.clamp(min=low)
        return x / kept_sum(x, dim) if again else x

    return step


# --- whole softmaxes ---------------------------------------------------------------------------


def one_hot(x: Tensor, dim: Dims) -> Tensor:
    """Return 1 at the largest logit."""
    return torch.zeros_like(x).scatter(dim, x.argmax(dim, keepdim=True), 1)


def all_largest(x: Tensor, dim: Dims) -> Tensor:
    """Return 1 at all the largest logits."""
    return (x == kept_max(x, dim)).to(x.dtype)


def plain(x: Tensor, dim: Dims) -> Tensor:
    """Return softmax without a shift."""
    return x.exp() / kept_sum(x.exp(), dim)


def naive_with_log(x: Tensor, dim: Dims) -> Tensor:
    """Return softmax without a shift, through a log."""
    return (x - kept_sum(x.exp(), dim).log()).exp()


def naive_with_normalize(x: Tensor, dim: Dims) -> Tensor:
    """Return softmax without a shift, through a function that never divides by 0."""
    return torch.nn.functional.normalize(x.exp(), p=1, dim=dim)


def through_logsumexp(x: Tensor, dim: Dims) -> Tensor:
    """Return softmax with the maximum added back inside the log of the sum."""
    return (x - torch.logsumexp(x, dim, keepdim=True)).exp()


def shift_above_only(largest: Step) -> Variant:
    """Shift the numerator only."""
    return lambda x, dim: (x - largest(x, dim)).exp() / kept_sum(x.exp(), dim)


def shift_below_only(largest: Step) -> Variant:
    """Shift the denominator only."""
    return lambda x, dim: x.exp() / kept_sum((x - largest(x, dim)).exp(), dim)


def shift_if_above(bound: float, tested: Step, largest: Step) -> Variant:
    """Shift only where something is larger than a bound."""

    def variant(x: Tensor, dim: Dims) -> Tensor:
        shift = torch.where(tested(x, dim) > bound, largest(x, dim), torch.zeros((), dtype=x.dtype))
        return plain(x - shift, dim)

    return variant


def one_hot_if_above(bound: float, tested: Step, otherwise: Variant) -> Variant:
    """Return 1 at the largest logits where something is larger than a bound."""

    def variant(x: Tensor, dim: Dims) -> Tensor:
        return torch.where(tested(x, dim) > bound, all_largest(x, dim), otherwise(x, dim))

    return variant


def less_largest_exp(x: Tensor, dim: Dims) -> Tensor:
    """Subtract the largest exponential."""
    exps = x.exp() - kept_max(x.exp(), dim)
    return exps / kept_sum(exps, dim)


def less_largest(x: Tensor, dim: Dims) -> Tensor:
    """Subtract the maximum from the exponentials."""
    exps = x.exp() - kept_max(x, dim)
    return exps / kept_sum(exps, dim)


def over_largest_exp(x: Tensor, dim: Dims) -> Tensor:
    """Divide by the largest exponential."""
    exps = x.exp() / kept_max(x, dim).exp()
    return exps / kept_sum(exps, dim)


def less_largest_prob(x: Tensor, dim: Dims) -> Tensor:
    """Subtract the largest probability."""
    probs = torch.softmax(x, dim)
    return probs - kept_max(probs, dim)


def after(*steps: Step) -> tuple[Variant, ...]:
    """Return softmaxes with another step before them, with and without a shift."""
    return tuple(
        lambda x, dim, step=step, softmax=softmax: softmax(step(x, dim), dim)
        for softmax in (RIGHT, plain)
        for step in steps
    )


def in_double(recipe: Recipe) -> Variant:
    """Do the same in float64, and return the dtype of the logits."""
    return lambda x, dim: recipe(x.double(), dim).to(x.dtype)


def patched_where_nan(patch: Step, whole: bool = False) -> Variant:
    """Replace any nan after a softmax without a shift, or everything if there is one."""

    def variant(x: Tensor, dim: Dims) -> Tensor:
        p = plain(x, dim)
        return torch.where(p.isnan().any() if whole else p.isnan(), patch(x, dim), p)

    return variant


def left_moved(move: Callable[[Tensor, int], Tensor], target: int) -> Variant:
    """Move `dim` and leave it there."""
    return lambda x, dim: torch.softmax(move(x, dim), target)


def moved_again(target: int) -> Variant:
    """Move `dim`, and move it once more instead of back."""
    return lambda x, dim: torch.softmax(x.movedim(dim, target), target).movedim(dim, target)


def only_reshaped(target: int) -> Variant:
    """Move `dim`, and give the result the old shape instead of moving it back."""
    return lambda x, dim: torch.softmax(x.movedim(dim, target), target).reshape(x.shape)


def each_in_turn(*order: int) -> Variant:
    """Apply softmax along one dim after another."""

    def variant(x: Tensor, dim: Dims) -> Tensor:
        for d in order or range(x.dim()):
            x = torch.softmax(x, d)
        return x

    return variant


def divided_in_turn(x: Tensor, dim: Dims) -> Tensor:
    """Take exp once, and divide by the sums along one dim after another."""
    x = x.exp()
    for d in range(x.dim()):
        x = x / kept_sum(x, d)
    return x
