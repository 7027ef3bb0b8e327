"""Which changed files make `make notebooks` run a lesson again."""

import pytest

from softmax_lessons.workspace import lessons
from tools.lesson_files import PACKAGE, files_of

NAMES = [lesson.stem for lesson in lessons()]


def inside(lesson):
    return {file.relative_to(PACKAGE).as_posix() for file in files_of(lesson)}


@pytest.mark.parametrize("lesson", NAMES)
def test_every_lesson_depends_on_the_engine_and_on_its_own_exercises(lesson):
    found = inside(lesson)
    assert {"attempts/isolate.py", "attempts/run.py", "checker/verdict.py"} <= found
    own = {file.relative_to(PACKAGE).as_posix() for file in PACKAGE.rglob("lesson_*.py")}
    assert {name for name in own if f"lesson_{lesson[:2]}.py" in name} <= found
    assert not [name for name in found if name.startswith("grading/")]


@pytest.mark.parametrize("lesson", ["02_choose_the_dim", "04_watch_it_overflow"])
def test_a_lesson_does_not_depend_on_the_exercises_of_other_lessons(lesson):
    own = {name.split("/")[-1] for name in inside(lesson) if "/lesson_" in name}
    assert own == {f"lesson_{lesson[:2]}.py"}


def test_the_first_lesson_depends_on_the_exercises_of_all_lessons():
    known = {file.relative_to(PACKAGE).as_posix() for file in PACKAGE.rglob("lesson_*.py")}
    assert known <= inside("00_start_here")


def test_a_lesson_depends_only_on_its_own_figures_and_what_they_import():
    assert {"plots/gradients.py", "plots/display.py"} <= inside("08_follow_the_gradient")
    assert "plots/gradients.py" not in inside("10_sample")


def test_a_lesson_with_an_explorer_depends_on_its_scripts():
    assert "explorers/softmax_explorer.js" in inside("01_scores_to_probabilities")
    assert not [name for name in inside("06_train_with_logits") if name.startswith("explorers/")]


def test_a_modules_own_imports_count_too():
    assert {"online.py", "functions.py"} <= inside("14_compute_it_in_pieces")
    assert "online.py" not in inside("03_build_it_for_any_dim")
