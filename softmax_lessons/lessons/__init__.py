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
def tasks() -> dict[str, Task]:
    """Return all that the course asks for by name, in its order."""
    # the inputs are tensors: they must not depend on the settings of who asks first
    return in_plain_thread(lambda given_up: _load())


def _load() -> dict[str, Task]:
    names = sorted(m.name for m in pkgutil.iter_modules(__path__) if m.name.startswith("lesson_"))
    found: dict[str, Task] = {}
    for name in names:
        for task, record in importlib.import_module(f"{__name__}.{name}").TASKS.items():
            if task in found:
                raise ValueError(f"two tasks are called {task!r}; the second one is in {name}.py")
            found[task] = record
    return found


def to_solve() -> tuple[str, ...]:
    """Return the names of what is solved by code, and counts as progress."""
    return tuple(name for name, task in tasks().items() if not isinstance(task, Question))
