"""The library of misconceptions: what learners write instead of softmax, and why.

Each is a record (`checker.misconception`). Its variants are changes to the right recipe (a dict of
steps) or functions f(x, dim). The order matters: of two mistakes, the checker names the one that
comes first in `LIBRARY`, and of two explanations, it prefers the one that comes first. A text must
be true for every variant of its record, in every exercise that has it: if some ways to make a
mistake need different words, the mistake has several records.
"""

from dataclasses import replace

from softmax_lessons.checker.misconception import Misconception, Variant
from softmax_lessons.lessons.facts import (
    changes_dtype,
    changes_input,
    changes_shape,
    computes_in_float32,
    loses_gradient,
)
from softmax_lessons.lessons.no_result import NO_RESULT
from softmax_lessons.lessons.other_functions import OTHER_FUNCTION
from softmax_lessons.lessons.overflows import FAR_LOGITS, OVERFLOW, SHIFT
from softmax_lessons.lessons.steps import constant_total
from softmax_lessons.lessons.wrong_dims import OTHER_DIM, OTHER_PLACES, SOME_SHAPES

# The numbers are right, but something else is wrong.
SIDE_EFFECT = (
    Misconception(
        slug="mutates-input",
        says="Your function changes one of its arguments: it overwrites the caller's own tensor.",
        hints=(
            "Print the argument before and after you call your function.",
            "Look for an operation that works in place: `-=`, `/=`, `x[...] =`, or a name that "
            "ends in `_`.",
            "`x = x - m` makes a new tensor; `x -= m` changes the caller's.",
        ),
        symptom=changes_input,
        causes=("breaks-autograd",),
    ),
    Misconception(
        slug="breaks-autograd",
        says="You change a tensor in place that backward still needs, so backward fails.",
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
        says="Your result's dtype differs from the input's. The next layer of a model will reject "
        "it, or you lose digits without warning.",
        hints=(
            "Print the dtype of the input and of your result, for float64 and float16.",
            "Compute in any dtype you like, but return the one you were given.",
            "`.to(x.dtype)` brings the result back.",
        ),
        symptom=changes_dtype,
    ),
    Misconception(
        slug="computes-in-float32",
        says="For float64 inputs, your results have only the digits and the range of float32: you "
        "compute in float32 on the way.",
        hints=(
            "Print the dtype of every step for a float64 input.",
            "Converting the result back doesn't bring back the digits.",
            "Leave out `.float()`, or use `.double()` where you need more digits.",
        ),
        pattern=computes_in_float32,
    ),
    Misconception(
        slug="returns-wrong-shape",
        says="Your result's shape differs from the input's.",
        hints=(
            "Print both shapes.",
            "Every entry of the input gets one entry in the result.",
            "Find the step that drops a dim, adds one, or picks out a part.",
        ),
        symptom=changes_shape,
    ),
)

# The same if the variants of softmax don't apply: what the outcome of any function can show.
TRACES = tuple(replace(m, variants=()) for m in SIDE_EFFECT)
# ... and of a function whose result has a different shape from the input.
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
    """Return a misconception about softmax for another exercise, with that exercise's variants.

    Without any, the changes to a recipe stay, because they also fit another exercise's recipe.
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
