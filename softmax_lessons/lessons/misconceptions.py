"""The library of misconceptions: what learners write instead of softmax, and why.

Each is a record (`checker.misconception`). Its variants are changes to the right recipe (a dict
of its steps) or functions f(x, dim) of their own. The order matters: of two mistakes, the one
that comes first in `LIBRARY` is named first, and of two explanations, the one that comes first
is preferred. What is said is true of every variant of a record, and in every exercise that has
it: where a mistake is made in ways that need other words, it has several records.
"""

from dataclasses import replace

from softmax_lessons.checker.misconception import Misconception, Variant
from softmax_lessons.lessons.facts import (
    changes_dtype,
    changes_input,
    changes_shape,
    loses_gradient,
)
from softmax_lessons.lessons.no_result import NO_RESULT
from softmax_lessons.lessons.other_functions import OTHER_FUNCTION
from softmax_lessons.lessons.overflows import FAR_LOGITS, OVERFLOW, SHIFT
from softmax_lessons.lessons.steps import constant_total
from softmax_lessons.lessons.wrong_dims import OTHER_DIM, OTHER_PLACES, SOME_SHAPES

# The right numbers, with a flaw that they don't show.
SIDE_EFFECT = (
    Misconception(
        slug="mutates-input",
        says="Your function changes a tensor that it was given: it overwrites the caller's own.",
        hints=(
            "Print the argument before and after a call of your function.",
            "Look for an operation that works in place: `-=`, `/=`, `x[...] =`, or a name that "
            "ends in `_`.",
            "`x = x - m` makes a new tensor, `x -= m` changes the caller's.",
        ),
        symptom=changes_input,
        causes=("breaks-autograd",),
    ),
    Misconception(
        slug="breaks-autograd",
        says="You modify in place a tensor that backward still needs, so backward fails.",
        hints=(
            "Which of your steps overwrites the result of another?",
            "Look for `/=`, `-=` or a name that ends in `_` after exp.",
            "Write `e = e / s` instead of `e /= s`.",
        ),
        symptom=lambda probe, outcome: bool(outcome.grad_error),
    ),
    Misconception(
        slug="detached-gradient",
        says="Some or all of the gradient gets lost in your function, so a model that uses it "
        "can't learn properly.",
        hints=(
            "Which of your steps leaves PyTorch, or stops recording?",
            "Look for detach, .data, .item(), .tolist(), numpy, no_grad or torch.tensor(...) "
            "between the arguments and the result. (A detached maximum alone is fine.)",
            "Use torch operations all the way from the arguments to the result.",
        ),
        variants=({"total": constant_total},),
        symptom=loses_gradient,
    ),
    Misconception(
        slug="upcasts-and-changes-dtype",
        says="Your result's dtype differs from the input's. The next layer of a model will refuse "
        "it, or digits are lost without warning.",
        hints=(
            "Print the dtype of the input and of your result, for float64 and float16.",
            "Compute in the dtype you like, and return the dtype you were given.",
            "`.to(x.dtype)` brings the result back.",
        ),
        symptom=changes_dtype,
    ),
    Misconception(
        slug="returns-wrong-shape",
        says="Your result's shape differs from the input's.",
        hints=(
            "Print both shapes.",
            "Every entry of the input gets one entry in the result.",
            "Find the step that drops a dim, adds one, or picks a part.",
        ),
        symptom=changes_shape,
    ),
)

# The same where the variants of softmax don't apply: what shows in the outcome of any function.
TRACES = tuple(replace(m, variants=()) for m in SIDE_EFFECT)
# ... and of one whose result has another shape than the input.
OTHER_TRACES = tuple(m for m in TRACES if m.slug != "returns-wrong-shape")

ON_ORDINARY_SCORES = (
    NO_RESULT + OTHER_FUNCTION + OTHER_DIM + SHIFT + SIDE_EFFECT + OTHER_PLACES + SOME_SHAPES
)
LIBRARY = (
    NO_RESULT
    + OTHER_FUNCTION
    + OTHER_DIM
    + SHIFT
    + OVERFLOW
    + SIDE_EFFECT
    + OTHER_PLACES
    + SOME_SHAPES
    + FAR_LOGITS
)


def named(slug: str, *variants: Variant) -> Misconception:
    """Return a misconception of softmax for another exercise, with its own variants there.

    Without any, those that are changes to a recipe stay, as they change another recipe as well.
    """
    found = next(
        m for m in LIBRARY if m.slug == slug and (m.variants or m.symptom or m.pattern or m.fit)
    )
    changes = tuple(
        variant
        for m in LIBRARY
        if (m.slug, m.says) == (slug, found.says)
        for variant in m.variants
        if not callable(variant)
    )
    return replace(found, variants=variants or changes, fit=None, pattern=None)
