"""What each lesson asks for: its exercises, bug hunts and predictions, one module per lesson.

A lesson's module has a dict `TASKS`, by name and in the order of the lesson, and, if it asks for
functions, a tuple `PARSONS`: its hardest exercises as lines to put in order. Its predictions are in
`questions_NN`. What several lessons share: `misconceptions` (the library), `laws`, `recipe`,
`layouts` and `other_numbers`. Where an exercise fills a module, its steps, facts and misconceptions
have their own modules, named after it.
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
def by_lesson() -> dict[str, dict[str, Task]]:
    """Return what each lesson asks for, by the lesson's number, such as "04"."""
    # the inputs are tensors: they must not depend on the settings of whoever asks first
    return in_plain_thread(lambda given_up: _load())


@cache
def tasks() -> dict[str, Task]:
    """Return everything that the course asks for by name, in its order."""
    found: dict[str, Task] = {}
    for lesson, asked in by_lesson().items():
        if twice := found.keys() & asked.keys():
            name = min(twice)
            raise ValueError(f"two tasks are called {name!r}; the second one is in lesson {lesson}")
        found |= asked
    return found


@cache
def parsons() -> dict[str, Parsons]:
    """Return the lines to put in order, by exercise, for those that have them."""
    tasks()  # imports the modules with plain settings
    modules = _modules().values()
    return {each.name: each for module in modules for each in getattr(module, "PARSONS", ())}


def _load() -> dict[str, dict[str, Task]]:
    return {number: module.TASKS for number, module in _modules().items()}


def _modules() -> dict[str, ModuleType]:
    names = sorted(m.name for m in pkgutil.iter_modules(__path__) if m.name.startswith("lesson_"))
    return {
        name.removeprefix("lesson_"): importlib.import_module(f"{__name__}.{name}")
        for name in names
    }


def to_solve() -> tuple[str, ...]:
    """Return the names of the tasks that are solved with code, and count as progress."""
    return tuple(name for name, task in tasks().items() if not isinstance(task, Question))
