"""The exercises: what is asked, what is right, and the inputs that tell mistakes apart."""

from functools import cache

from softmax_lessons.checker.exercises.attention import attention_exercises
from softmax_lessons.checker.exercises.exercise import Exercise
from softmax_lessons.checker.exercises.gradient import gradient_exercises
from softmax_lessons.checker.exercises.loss import loss_exercises
from softmax_lessons.checker.exercises.online import online_exercises
from softmax_lessons.checker.exercises.precision import precision_exercises
from softmax_lessons.checker.exercises.sampling import sampling_exercises
from softmax_lessons.checker.exercises.softmax import softmax_exercises

__all__ = ["Exercise", "exercises"]


@cache
def exercises() -> dict[str, Exercise]:
    """Return all exercises by name, in the order of the course."""
    return {
        **softmax_exercises(),
        **loss_exercises(),
        **gradient_exercises(),
        **sampling_exercises(),
        **attention_exercises(),
        **precision_exercises(),
        **online_exercises(),
    }
