"""The exercise of lesson 07: the gradient of softmax, by hand."""

from dataclasses import replace

import torch
from torch import Tensor

from softmax_lessons.attempts.run import Probe
from softmax_lessons.checker.exercises.exercise import Exercise, scores
from softmax_lessons.checker.misconceptions import LEFT_MOVED, NO_RESULT, TRACES, Misconception


def _sum(x: Tensor, dim: int) -> Tensor:
    return x.sum(dim, keepdim=True)


def right(probs: Tensor, grad: Tensor, dim: int) -> Tensor:
    """Return the gradient for the logits, from the one for the probabilities."""
    return probs * (grad - _sum(probs * grad, dim))


BACKWARD = (
    Misconception(
        slug="diagonal-jacobian",
        says="You use p * (1 - p), as if each logit moved only its own probability. It moves all "
        "of its slice.",
        hint="Raise one logit: what happens to the other probabilities?",
        second_hint="The derivative of p_j by logit i is -p_i * p_j, where i and j differ.",
        faces=(
            lambda probs, grad, dim: probs * (1 - probs) * grad,
            lambda probs, grad, dim: probs * (1 - probs),
        ),
    ),
    Misconception(
        slug="forgets-the-others",
        says="You multiply by p and leave out what comes through the sum.",
        hint="Add 1 to all entries of `grad`. The probabilities sum to 1 whatever the logits do, "
        "so what should happen to your result?",
        second_hint="A number per slice is missing: the sum of p * grad.",
        faces=(
            lambda probs, grad, dim: probs * grad,
            lambda probs, grad, dim: grad,
        ),
    ),
    Misconception(
        slug="forgets-the-factor",
        says="You subtract the sum of p * grad, but p is missing as a factor of one of the two "
        "terms.",
        hint="Multiply p * (grad - sum) out. Which factor has each term?",
        second_hint="Each slice of your result should sum to 0. Does it?",
        faces=(
            lambda probs, grad, dim: grad - _sum(probs * grad, dim),
            lambda probs, grad, dim: probs * grad - _sum(probs * grad, dim),
        ),
    ),
    Misconception(
        slug="sums-grad-alone",
        says="You subtract a sum or mean of `grad` in which the probabilities don't count.",
        hint="A class with probability 0 can't pull the others. Can it, in your sum?",
        second_hint="Sum p * grad, not grad.",
        faces=(
            lambda probs, grad, dim: probs * (grad - _sum(grad, dim)),
            lambda probs, grad, dim: probs * (grad - grad.mean(dim, keepdim=True)),
        ),
    ),
    Misconception(
        slug="mean-instead-of-sum",
        says="You subtract the mean of p * grad instead of the sum.",
        hint="Each slice of your result should sum to 0. Does it?",
        second_hint="The probabilities are the weights already; nothing is to be divided.",
        faces=(lambda probs, grad, dim: probs * (grad - (probs * grad).mean(dim, keepdim=True)),),
    ),
    Misconception(
        slug="sign-error",
        says="A sign is turned round.",
        hint="Try probs [0.5, 0.5] and grad [1, 0]: which logit should go up?",
        second_hint="p * (grad - sum): minus inside, nothing outside.",
        faces=(
            lambda probs, grad, dim: -right(probs, grad, dim),
            lambda probs, grad, dim: probs * (grad + _sum(probs * grad, dim)),
        ),
    ),
    Misconception(
        slug="divides-by-batch",
        says="You divide by a size. Where a loss takes a mean, `grad` has that factor in it "
        "already.",
        hint="Which size is in the formula?",
        second_hint="None.",
        faces=tuple(
            lambda probs, grad, dim, i=i: right(probs, grad, dim) / probs.shape[i] for i in (0, -1)
        ),
    ),
    Misconception(
        slug="p-minus-y",
        says="p - y is the gradient of cross-entropy and softmax together. Here you are given "
        "the gradient for the probabilities, whatever loss it comes from.",
        hint="What is `grad` in p - y, and what does that formula do with it?",
        second_hint="Start from p * (grad - something).",
        faces=(lambda probs, grad, dim: probs - grad,),
    ),
    Misconception(
        slug="backward-of-log-softmax",
        says="This is the way back through log_softmax. Here `grad` is for the probabilities, not "
        "for their logarithms.",
        hint="How does p answer to a small change of log p?",
        second_hint="p * (grad - something), and the p counts in the something as well.",
        faces=(lambda probs, grad, dim: grad - probs * _sum(grad, dim),),
    ),
    Misconception(
        slug="takes-softmax-again",
        says="You take a softmax of the probabilities. They are given: no logits are needed.",
        hint="What do the rows of `probs` sum to, before you do anything?",
        second_hint="Leave the softmax out.",
        faces=(lambda probs, grad, dim: right(torch.softmax(probs, dim), grad, dim),),
    ),
    Misconception(
        slug="hard-coded-last-dim",
        says="You sum over the last dim, whatever `dim` asks for.",
        hint="Try your function with dim=0.",
        second_hint="Search your function for -1.",
        faces=(lambda probs, grad, dim: right(probs, grad, -1),),
    ),
    Misconception(
        slug="hard-coded-dim-0",
        says="You sum over dim 0, whatever `dim` asks for.",
        hint="Try your function with dim=1.",
        second_hint="Search your function for 0.",
        faces=(lambda probs, grad, dim: right(probs, grad, 0),),
    ),
    Misconception(
        slug="hard-coded-dim-1",
        says="You sum over dim 1, whatever `dim` asks for.",
        hint="Try your function with dim=0.",
        second_hint="Search your function for 1.",
        faces=(lambda probs, grad, dim: right(probs, grad, 1),),
    ),
    Misconception(
        slug="global-sum",
        says="You sum over the whole tensor, so slices that have nothing to do with each other "
        "pull at each other.",
        hint="Which entries compete? Only they belong in one sum.",
        second_hint="`sum` takes a dim and `keepdim=True`.",
        faces=(lambda probs, grad, dim: probs * (grad - (probs * grad).sum()),),
    ),
    Misconception(
        slug="sum-over-wrong-dim",
        says="You sum over another dim than the one that was asked for.",
        hint="Each slice along `dim` of your result should sum to 0. Does it?",
        second_hint="The dim of the sum is the one that the caller names.",
        faces=(
            lambda probs, grad, dim: right(probs, grad, (dim + 1) % probs.dim()),
            lambda probs, grad, dim: right(probs, grad, (dim - 1) % probs.dim()),
        ),
    ),
    replace(
        LEFT_MOVED,
        hint="Compare the shape of your result with that of the probabilities.",
        faces=(
            *(
                lambda probs, grad, dim, to=to: right(probs, grad, dim).movedim(dim, to)
                for to in (0, -1)
            ),
            *(
                lambda probs, grad, dim, to=to: right(probs, grad, dim).transpose(dim, to)
                for to in (0, -1)
            ),
        ),
    ),
    Misconception(
        slug="missing-keepdim",
        says="Your sum drops its dim, and broadcasting lines it up with the wrong one.",
        hint="Compare the shapes of the two sides of your subtraction.",
        second_hint="`keepdim=True`.",
        faces=(lambda probs, grad, dim: probs * (grad - (probs * grad).sum(dim)),),
    ),
)


def _probe(probs: Tensor, dim: int) -> Probe:
    grad = scores(*probs.shape, dtype=probs.dtype).flatten().flip(0).reshape(probs.shape) + 0.5
    return Probe(probs, dim, others=(grad, dim), rounding="absolute")


def _probes() -> tuple[Probe, ...]:
    shapes = [((2,), 0), ((3,), -1), ((2, 2), 1), ((2, 2), 0), ((2, 3), 1), ((2, 3), 0)]
    shapes += [((2, 2, 2), i) for i in range(3)] + [((2, 3, 4), i) for i in (0, 1, -1)]
    probes = [_probe(torch.softmax(scores(*shape), dim), dim) for shape, dim in shapes]
    exact = torch.softmax(scores(3, 4, dtype=torch.float64), 1)
    return (*probes, _probe(exact, 1), _probe(torch.softmax(40 * scores(2, 3), 1), 1))


def _fresh(generator: torch.Generator) -> tuple[Probe, ...]:
    x = 6 * torch.rand(3, 2, 4, generator=generator) - 3
    grad = torch.rand(3, 2, 4, generator=generator)
    return tuple(
        Probe(torch.softmax(x, i), i, others=(grad, i), rounding="absolute") for i in range(3)
    )


def gradient_exercises() -> dict[str, Exercise]:
    """Return the exercise of lesson 07."""
    return {
        "softmax_backward": Exercise(
            "f(probs, grad, dim)",
            _probes(),
            _fresh,
            reference=right,
            right=(right,),
            by_hand=frozenset(),
            misconceptions=(*NO_RESULT, *BACKWARD, *TRACES),
            telling=(7, 6),
        ),
    }
