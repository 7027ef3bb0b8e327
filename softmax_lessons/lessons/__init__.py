"""What each lesson asks for: its exercises, bug hunts and predictions, a module a lesson.

A lesson's module has a dict `TASKS`, by name and in the order of the lesson, and if it asks for
functions, a tuple `PARSONS`: its hardest exercises as lines to put in order. What several
lessons share: `misconceptions` (the library), `laws`, `recipe` and `layouts`. Where an exercise
fills a module, its steps, facts and misconceptions have modules of their own, by its name.
"""

import importlib
import pkgutil
from functools import cache
from types import ModuleType

from softmax_lessons.attempts.settings import in_plain_thread
from softmax_lessons.checker.parsons import Parsons
from softmax_lessons.checker.question import Question
from softmax_lessons.checker.task import Task


@cache
def tasks() -> dict[str, Task]:
    """Return all that the course asks for by name, in its order."""
    # the inputs are tensors: they must not depend on the settings of who asks first
    return in_plain_thread(lambda given_up: _load())


def _load() -> dict[str, Task]:
    found: dict[str, Task] = {}
    for module in _modules():
        for task, record in module.TASKS.items():
            if task in found:
                raise ValueError(f"two tasks are called {task!r}; the second: {module.__name__}")
            found[task] = record
    return found


def _modules() -> list[ModuleType]:
    names = sorted(m.name for m in pkgutil.iter_modules(__path__) if m.name.startswith("lesson_"))
    return [importlib.import_module(f"{__name__}.{name}") for name in names]


@cache
def parsons() -> dict[str, Parsons]:
    """Return, by exercise, the lines to put in order of those that have them."""
    tasks()  # imports the modules with plain settings
    return {each.name: each for module in _modules() for each in getattr(module, "PARSONS", ())}


def to_solve() -> tuple[str, ...]:
    """Return the names of what is solved by code, and counts as progress."""
    return tuple(name for name, task in tasks().items() if not isinstance(task, Question))
