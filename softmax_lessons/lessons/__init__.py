"""What each lesson asks for: its exercises, bug hunts and predictions, a module a lesson.

A lesson's module has a dict `TASKS`, by name and in the order of the lesson; its predictions are
in `questions_NN`. What several lessons share: `misconceptions` (the library), `laws`, `recipe`,
`layouts` and `other_numbers`. Where an exercise fills a module, its steps, facts and
misconceptions have modules of their own, by its name.
"""

import importlib
import pkgutil
from functools import cache

from softmax_lessons.attempts.settings import in_plain_thread
from softmax_lessons.checker.question import Question
from softmax_lessons.checker.task import Task


@cache
def by_lesson() -> dict[str, dict[str, Task]]:
    """Return what each lesson asks for, by the lesson's number, such as "04"."""
    # the inputs are tensors: they must not depend on the settings of who asks first
    return in_plain_thread(lambda given_up: _load())


@cache
def tasks() -> dict[str, Task]:
    """Return all that the course asks for by name, in its order."""
    found: dict[str, Task] = {}
    for lesson, asked in by_lesson().items():
        if twice := found.keys() & asked.keys():
            name = min(twice)
            raise ValueError(f"two tasks are called {name!r}; the second one is in lesson {lesson}")
        found |= asked
    return found


def _load() -> dict[str, dict[str, Task]]:
    names = sorted(m.name for m in pkgutil.iter_modules(__path__) if m.name.startswith("lesson_"))
    return {
        name.removeprefix("lesson_"): importlib.import_module(f"{__name__}.{name}").TASKS
        for name in names
    }


def to_solve() -> tuple[str, ...]:
    """Return the names of what is solved by code, and counts as progress."""
    return tuple(name for name, task in tasks().items() if not isinstance(task, Question))
