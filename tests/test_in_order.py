"""Exercises as lines to put in order: each is sound, and an order is checked like an answer."""

import json
import re
import warnings
from itertools import pairwise, permutations
from pathlib import Path

import pytest

from softmax_lessons import check, progress, steps
from softmax_lessons.attempts.run import bind_arguments, run
from softmax_lessons.checker import memory
from softmax_lessons.checker.parsons import Parsons
from softmax_lessons.checker.question import Question
from softmax_lessons.checker.verdict import CODE
from softmax_lessons.copies import tags
from softmax_lessons.grading.notebook import places
from softmax_lessons.lessons import parsons, tasks
from softmax_lessons.workspace import lessons, prepare

EACH = pytest.mark.parametrize("problem", parsons().values(), ids=parsons())


def letters(problem, lines):
    by_line = {line: letter for letter, line in problem.shown.items()}
    return [by_line[line] for line in lines]


def own_name(line):
    """The name that a line assigns, or `return`: the wrong line replaces one that has the same."""
    return re.match(r"\s*(return\b|\w+)", line)[1]


def runs(problem, order):
    """Tell whether the lines run in this order, without using a name before it exists."""
    task = tasks()[problem.name]
    try:
        function = problem.function(order)
    except SyntaxError:
        return False
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        outcome = run(bind_arguments(task.prepared(function), task.parameters), task.probes()[0])
    return not outcome.error.startswith(("NameError", "UnboundLocalError"))


def verdict_here(problem, order):
    """Return the verdict on an order, without starting a process."""
    task = tasks()[problem.name]
    function, probes = problem.function(order), task.probes()
    bound = bind_arguments(task.prepared(function), task.parameters)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return task.verdict(problem.name, probes, [run(bound, probe) for probe in probes])


def test_the_two_hardest_exercises_of_each_lesson_have_steps():
    asked, offered = {}, {}
    for name, place in places().items():
        asked.setdefault(place.lesson, []).append(name)
        if name in parsons():
            offered.setdefault(place.lesson, []).append(name)
    assert {lesson: len(names) for lesson, names in offered.items()} == {
        lesson: min(2, len(names)) for lesson, names in asked.items()
    }
    assert len(parsons()) == sum(map(len, offered.values())) == 25
    assert not [name for name in parsons() if isinstance(tasks()[name], Question)]


@pytest.mark.parametrize("lesson", lessons(), ids=lambda path: path.stem)
def test_a_lesson_mentions_each_exercises_steps_once(lesson):
    cells = json.loads(lesson.read_text(encoding="utf-8"))["cells"]
    told = []
    for before, cell in pairwise(cells):
        if "steps" in tags(cell):
            (name,) = re.fullmatch(
                r'Stuck\? `steps\("(\w+)"\)` gives you the lines to put in order\.',
                "".join(cell["source"]),
            ).groups()
            assert "".join(before["source"]).startswith(f'check("{name}", ')
            told.append(name)
    assert told == [name for name in parsons() if places()[name].lesson == lesson.stem]


@EACH
def test_the_lines_are_few_and_the_wrong_one_resembles_one_of_them(problem):
    assert 3 <= len(problem.right) <= 6
    lines = [*problem.right, problem.wrong]
    assert len(set(lines)) == len(lines)
    assert max(map(len, lines)) <= 80
    assert own_name(problem.wrong) in map(own_name, problem.right)
    place = places()[problem.name]
    assert problem.head.startswith(f"def {place.function}(")


@EACH
def test_a_right_order_passes_but_does_not_count_as_solved(problem):
    before = progress().solved
    verdict = steps(problem.name, letters(problem, problem.right))
    assert verdict.passed
    assert "Now write the function yourself" in verdict.says
    assert progress().solved == before


@EACH
def test_the_wrong_line_in_place_of_the_right_one_is_named(problem):
    lines = [
        problem.wrong if own_name(line) == own_name(problem.wrong) else line
        for line in problem.right
    ]
    verdict = steps(problem.name, letters(problem, lines))
    assert verdict.status == "wrong"
    assert verdict.misconceptions == (problem.mistake,)
    assert verdict.hints


@EACH
def test_every_other_order_passes_or_fails_with_a_verdict(problem):
    wrong = letters(problem, [problem.wrong])[0]
    right, statuses = [], set()
    for order in permutations(problem.shown, len(problem.right)):
        if runs(problem, order):
            verdict = verdict_here(problem, order)
            statuses.add(verdict.status)
            if verdict.passed:
                right.append(order)
    assert statuses == {"right", "wrong"}
    assert tuple(letters(problem, problem.right)) in right
    assert not [order for order in right if wrong in order]
    assert not [order for order in right if list(order) == sorted(order)]  # shown like that already


@pytest.mark.parametrize("way", ["fork", "worker"])
def test_orders_are_run_like_answers(way):
    problem = parsons()["best_temperature"]
    right = "".join(letters(problem, problem.right))
    assert steps("best_temperature", right, way=way).passed
    last = steps("best_temperature", right[::-1], way=way)
    assert (last.status, last.headline) == ("wrong", "not yet")
    assert last.says.startswith("Python can't read the lines in this order: ")
    early = steps("stable_softmax", "CABD", way=way)
    assert early.misconceptions == ("name-error",)


def test_any_order_that_works_is_right():
    problem = parsons()["masked_softmax"]
    first, second, third, last = letters(problem, problem.right)
    assert steps("masked_softmax", [third, first, second, last]).passed


def test_the_lines_are_shown_with_their_letters():
    shown = steps("stable_softmax")
    text, html = repr(shown), shown._repr_html_()
    for letter, line in parsons()["stable_softmax"].shown.items():
        assert f"\n{letter}     {line}\n" in text
        assert f"<strong>{letter}</strong>     {line}</code></li>" in html
    assert "def my_softmax(x, dim):" in text
    assert "def my_softmax(x, dim):" in html
    assert 'steps("stable_softmax", "A B C D")' in text
    assert repr(steps("stable_softmax")) == text


@pytest.mark.parametrize(
    ("order", "says"),
    [
        ("A B F C", "There is no line F: the lines are A to E."),
        ("A 1 B C", "There is no line 1: the lines are A to E."),
        ("ABBC", "You have line B twice, but can use it only once."),
        ("A B C", "Still to place: D, E. Only one line doesn't belong, so the function has 4."),
        ("", "Still to place: A, B, C, D, E."),
        ("A B C D E", "Leave out one line: one of them doesn't belong."),
        (7, 'Give an order as letters, such as "B A"; got 7.'),
    ],
)
def test_an_invalid_order_is_explained(order, says):
    verdict = steps("stable_softmax", order)
    assert verdict.status == "unusable"
    assert verdict.says.startswith(says)


@pytest.mark.parametrize("written", ["A B E C", "abec", "a, b, e, c", "A-B > E.C;", list("ABEC")])
def test_an_order_can_be_written_in_any_way(written):
    assert parsons()["stable_softmax"].read(written) == ("A", "B", "E", "C")


@pytest.mark.parametrize("name", ["stable_softmx", None, 3, "hunt_eps", "largest_exp"])
def test_for_a_name_without_steps_the_exercises_that_have_them_are_listed(name):
    verdict = steps(name)
    assert verdict.status == "unusable"
    assert "sequence_log_probs" in verdict.says
    assert ('Did you mean "stable_softmax"?' in verdict.says) == (name == "stable_softmx")


def test_making_the_same_mistake_twice_brings_up_the_steps(tmp_path, monkeypatch):
    prepare(tmp_path)
    monkeypatch.chdir(tmp_path)

    def forgets_the_maximum(x, dim):
        return x.exp() / x.exp().sum(dim, keepdim=True)

    says = 'Or put an answer together: `steps("stable_softmax")`.'
    first, second = (check("stable_softmax", forgets_the_maximum) for _ in range(2))
    assert says not in first.message
    assert second.message.endswith(f"\n{says}")
    assert says not in second.account
    assert f"{CODE}steps(&quot;stable_softmax&quot;)</code>" in second._repr_html_()
    for _ in range(2):
        other = check("hunt_eps", lambda function: True)
    assert other.given == 1
    assert "steps" not in other.message


@pytest.mark.parametrize("stub", [None, lambda x, dim: ...])
def test_a_hint_requested_before_anything_is_written_offers_the_steps(stub):
    verdict = check("stable_softmax", stub)
    assert verdict.status == "not begun"
    assert "steps" not in verdict.message
    assert repr(verdict.hint()) == (
        "Hints depend on what you've written: write the line you're surest of, leave out the "
        'rest, and check that. Or put an answer together: `steps("stable_softmax")`.'
    )
    assert "steps" not in repr(check("repair_crops").hint())
    assert repr(check("helped").hint()) == "There's no hint for this."


def test_a_right_order_is_not_remembered_and_a_wrong_one_counts_its_hint(tmp_path, monkeypatch):
    prepare(tmp_path)
    monkeypatch.chdir(tmp_path)
    problem = parsons()["softmax_dim"]
    right = letters(problem, problem.right)
    assert steps("softmax_dim", right).passed
    assert memory.mine().solved == []
    (wrong,) = letters(problem, [problem.wrong])
    verdict = steps("softmax_dim", [right[0], wrong, *right[2:]])
    assert verdict.misconceptions == ("missing-keepdim",)
    assert memory.mine().hints == {"softmax_dim/missing-keepdim": 1}


def test_lines_are_shuffled_reproducibly_until_they_are_out_of_order():
    answer = "def f(x):\n    y = x\n    return y"
    for name in "abcdefgh":
        first, again = (Parsons(name, answer, "return x", "any").shown for _ in range(2))
        assert first == again
        assert list(first.values()).index("return y") < list(first.values()).index("y = x")


def test_the_course_explains_how_to_call_steps():
    text = (Path(__file__).parents[1] / "docs" / "study_alone.md").read_text(encoding="utf-8")
    assert 'steps("stable_softmax")' in text
