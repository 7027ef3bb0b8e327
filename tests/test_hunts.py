import re

import jupytext
import pytest
import torch
import torch.nn.functional as F
from test_notebooks import SOURCES

from softmax_lessons import check
from softmax_lessons.checker import engine
from softmax_lessons.checker import hunts as module
from softmax_lessons.checker.hunts import hunts
from softmax_lessons.checker.verdict import Verdict

CLOSE = torch.testing.assert_close
INF = float("inf")
GOOD = {}  # tests that find the bug, in several styles
BAD = {}  # tests that miss it


def good(name):
    return lambda test: GOOD.setdefault(name, []).append(test) or test


def bad(name):
    return lambda test: BAD.setdefault(name, []).append(test) or test


@good("hunt_wrong_dim")
def keys_sum_to_one(f):
    CLOSE(f(torch.arange(24.0).reshape(2, 3, 4)).sum(-1), torch.ones(2, 3))


@good("hunt_wrong_dim")
def other_queries_stay(f):
    x = torch.rand(1, 3, 4)
    y = x.clone()
    y[:, 0] += torch.arange(4.0)
    assert torch.equal(f(x)[:, 1:], f(y)[:, 1:])


@bad("hunt_wrong_dim")
def keys_in_range(f):
    probs = f(torch.rand(2, 3, 4))
    assert (probs >= 0).all()
    assert (probs <= 1).all()


@bad("hunt_wrong_dim")
def keys_shape(f):
    assert f(torch.rand(2, 3, 4)).shape == (2, 3, 4)


@good("hunt_unkept_maximum")
def rows_need_not_be_square(f):
    f(torch.zeros(2, 3))


@good("hunt_unkept_maximum")
def same_as_torch(f):
    x = torch.tensor([[1.0, 2, 3], [1, 2, 1], [4, 3, 2]])
    return torch.allclose(f(x), torch.softmax(x, 1))


@bad("hunt_unkept_maximum")
def rows_sum_to_one(f):
    CLOSE(f(torch.rand(3, 3)).sum(1), torch.ones(3))


@bad("hunt_unkept_maximum")
def one_row(f):
    CLOSE(f(torch.tensor([[1.0, 2.0]])), torch.tensor([[1.0, 2.0]]).softmax(1))


@good("hunt_one_maximum")
def far_rows(f):
    assert not f(torch.tensor([[0.0, 1.0], [1000.0, 1001.0]])).isnan().any()


@good("hunt_one_maximum")
def far_rows_compared(f):
    x = torch.tensor([[0.0, 1, 2], [300, 301, 302]])
    CLOSE(f(x), torch.softmax(x, dim=1))


@bad("hunt_one_maximum")
def near_rows(f):
    x = torch.rand(4, 3)
    CLOSE(f(x), torch.softmax(x, dim=1))


@bad("hunt_one_maximum")
def all_rows_large(f):
    x = torch.tensor([[1000.0, 1001.0], [1001.0, 1000.0]])
    CLOSE(f(x), torch.softmax(x, dim=1))


@good("hunt_two_softmaxes")
def certain_and_right(f):
    assert f(torch.tensor([[100.0, 0, 0]]), torch.tensor([0])) < 0.01


@good("hunt_two_softmaxes")
def certain_and_wrong(f):
    CLOSE(f(torch.tensor([[50.0, 0, 0]]), torch.tensor([1])), torch.tensor(50.0))


@bad("hunt_two_softmaxes")
def loss_is_positive(f):
    assert f(torch.rand(4, 3), torch.tensor([0, 1, 2, 0])) > 0


@bad("hunt_two_softmaxes")
def zero_logits(f):
    CLOSE(f(torch.zeros(1, 4), torch.tensor([2])), torch.tensor(4.0).log())


@good("hunt_class_axis")
def every_position_certain(f):
    targets = torch.tensor([[0, 1, 2], [3, 0, 1]])
    assert f(100.0 * F.one_hot(targets, 4), targets) < 1e-3


@good("hunt_class_axis")
def square_is_enough(f):
    targets = torch.tensor([[0, 1], [1, 1]])
    assert f(100.0 * F.one_hot(targets, 2), targets).item() < 0.01


@bad("hunt_class_axis")
def finite_loss(f):
    assert f(torch.rand(2, 3, 4), torch.zeros(2, 3, dtype=torch.long)).isfinite()


@good("hunt_eps")
def very_unlikely(f):
    CLOSE(f(torch.tensor([200.0, 0.0])), torch.tensor([0.0, -200.0]))


@good("hunt_eps")
def gradient_of_the_worst(f):
    x = torch.tensor([200.0, 0.0], requires_grad=True)
    (grad,) = torch.autograd.grad(f(x)[1], x)
    assert grad[1] > 0.9


@bad("hunt_eps")
def ordinary_logits(f):
    x = torch.tensor([2.0, 1.0, 0.1])
    CLOSE(f(x), torch.log_softmax(x, 0))


@bad("hunt_eps")
def never_inf(f):
    assert f(torch.tensor([200.0, 0.0])).isfinite().all()


@good("hunt_zeroed_logits")
def hidden_gets_nothing(f):
    assert f(torch.tensor([1.0, 2.0]), torch.tensor([True, False]))[1] == 0


@good("hunt_zeroed_logits")
def hidden_does_not_matter(f):
    mask = torch.tensor([True, True, False])
    a, b = (f(torch.tensor([1.0, 2.0, x]), mask)[:2] for x in (-5.0, 5.0))
    CLOSE(a.sum(), torch.tensor(1.0))
    CLOSE(a, b)


@bad("hunt_zeroed_logits")
def masked_sums_to_one(f):
    CLOSE(f(torch.rand(3), torch.tensor([True, True, False])).sum(), torch.tensor(1.0))


@bad("hunt_zeroed_logits")
def nothing_hidden(f):
    x = torch.rand(3)
    CLOSE(f(x, torch.tensor([True, True, True])), x.softmax(0))


@good("hunt_changed_scores")
def scores_stay(f):
    x = torch.rand(3)
    before = x.clone()
    f(x, torch.tensor([True, False, True]))
    assert torch.equal(x, before)


@good("hunt_changed_scores")
def twice_with_other_masks(f):
    x = torch.tensor([1.0, 2.0])
    f(x, torch.tensor([True, False]))
    CLOSE(f(x, torch.tensor([True, True])), torch.tensor([1.0, 2.0]).softmax(0))


@bad("hunt_changed_scores")
def result_only(f):
    CLOSE(f(torch.rand(2), torch.tensor([True, False])), torch.tensor([1.0, 0.0]))


@good("hunt_future")
def last_value_moves_last_output_only(f):
    q, k, v = (torch.rand(1, 1, 4, 3) for _ in range(3))
    changed = v.clone()
    changed[..., -1, :] += 10
    CLOSE(f(q, k, v)[..., :-1, :], f(q, k, changed)[..., :-1, :])


@good("hunt_future")
def first_sees_itself(f):
    q, v = torch.zeros(1, 1, 3, 3), torch.eye(3)[None, None]
    CLOSE(f(q, q, v)[0, 0, 0], torch.tensor([1.0, 0, 0]))


@bad("hunt_future")
def output_shape(f):
    q = torch.rand(1, 1, 4, 3)
    assert f(q, q, q).shape == q.shape


@good("hunt_temperature")
def two_is_half(f):
    x = torch.tensor([2.0, 1.0, 0.1])
    CLOSE(f(x, 2.0), torch.softmax(x / 2, 0))


@good("hunt_temperature")
def ratio(f):
    p = f(torch.tensor([1.0, 0.0]), 0.5)
    CLOSE((p[0] / p[1]).log(), torch.tensor(2.0))


@bad("hunt_temperature")
def at_one(f):
    x = torch.tensor([2.0, 1.0, 0.1])
    CLOSE(f(x, 1.0), torch.softmax(x, 0))


@bad("hunt_temperature")
def hot_is_flatter(f):
    x = torch.tensor([2.0, 1.0, 0.1])
    assert f(x, 10.0).max() < f(x, 1.0).max()


@good("hunt_stream")
def rising(f):
    largest, total = f([torch.tensor([1.0]), torch.tensor([2.0]), torch.tensor([3.0])])
    CLOSE((largest, total), (torch.tensor(3.0), torch.tensor([-2.0, -1.0, 0.0]).exp().sum()))


@good("hunt_stream")
def any_order(f):
    chunks = [torch.tensor([1.0, 0.5]), torch.tensor([4.0])]
    CLOSE(f(chunks)[1], f(chunks[::-1])[1])


@bad("hunt_stream")
def falling(f):
    _, total = f([torch.tensor([3.0]), torch.tensor([2.0])])
    CLOSE(total, 1 + torch.tensor(-1.0).exp())


@bad("hunt_stream")
def maximum_only(f):
    assert f([torch.tensor([1.0]), torch.tensor([5.0])])[0] == 5


def pairs(tests):
    return [pytest.param(name, t, id=t.__name__) for name, all_of in tests.items() for t in all_of]


def test_there_are_enough_bugs_each_with_tests_of_both_kinds():
    assert len(hunts()) >= 10
    assert GOOD.keys() == BAD.keys() == hunts().keys()


def random(*shape):
    return 3 * torch.randn(*shape)


def near_and_far():
    return random(2, 3, 4) * torch.tensor([[0.3], [10.0], [100.0]])


MASK = torch.arange(24).reshape(2, 3, 4) % 5 > 1
ARGUMENTS = {  # no two sizes alike, but for a square batch that the bug needs to run at all
    "hunt_wrong_dim": lambda: (near_and_far(),),
    "hunt_unkept_maximum": lambda: (random(3, 3),),
    "hunt_one_maximum": lambda: (random(2, 3) + torch.tensor([[0.0], [1000.0]]),),
    "hunt_two_softmaxes": lambda: (random(4, 3), torch.tensor([0, 2, 1, 2])),
    "hunt_class_axis": lambda: (random(2, 3, 4), torch.tensor([[0, 1, 3], [2, 1, 0]])),
    "hunt_eps": lambda: (near_and_far(),),
    "hunt_zeroed_logits": lambda: (random(2, 3, 4), MASK),
    "hunt_changed_scores": lambda: (random(2, 3, 4), MASK),
    "hunt_future": lambda: tuple(random(2, 3, 5, 4) for _ in range(3)),
    "hunt_temperature": lambda: (random(2, 3, 4), 2.0),
    "hunt_stream": lambda: ([random(3), random(2) + 9, random(1) + 20],),
}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", hunts())
def test_the_right_functions_do_the_same_and_the_broken_one_does_not(name, seed):
    def call(function):
        torch.manual_seed(seed)
        arguments = ARGUMENTS[name]()
        return function(*arguments), arguments

    result, left = call(hunts()[name].right[0])
    for function in hunts()[name].right:
        CLOSE(call(function), (result, left))
    for function in hunts()[name].broken:
        came, after = call(function)
        if name == "hunt_changed_scores":
            CLOSE(came, result)
            assert not torch.equal(after[0], left[0])
        else:
            CLOSE(after, left)
            with pytest.raises(AssertionError, match="not close"):
                CLOSE(came, result)


def test_a_test_may_pass_arguments_by_name():
    def by_name(f):
        scores, mask = torch.tensor([1.0, 2.0]), torch.tensor([True, False])
        assert f(scores, mask=mask)[1] == 0

    assert check("hunt_zeroed_logits", by_name).passed


@pytest.mark.parametrize(("name", "attempt"), pairs(GOOD))
def test_a_test_that_finds_the_bug_passes(name, attempt):
    verdict = check(name, attempt)
    assert verdict.passed, verdict.message


@pytest.mark.parametrize(("name", "attempt"), pairs(BAD))
def test_a_test_that_misses_the_bug_is_told_so(name, attempt):
    verdict = check(name, attempt)
    assert (verdict.passed, verdict.misconceptions) == (False, ("misses-the-bug",))
    assert "Hint: " in verdict.message


def fails_for_all(f):
    raise AssertionError("no")


def calls_nothing(f):
    assert f is not None


def misspelled(f):
    assert ff(1)  # noqa: F821


def counts_its_calls(f, seen=[]):  # noqa: B006
    seen.append(1)
    return len(seen) <= 2


def looks_at_the_name(f):
    assert "broken" not in f.__name__
    assert not getattr(f, "__closure__", None) or True


def ends_the_process(f):
    import os

    os._exit(0)


def loops(f):
    while True:
        pass


@pytest.mark.parametrize("name", hunts())
@pytest.mark.parametrize(
    ("attempt", "slug"),
    [
        (calls_nothing, "misses-the-bug"),
        (looks_at_the_name, "misses-the-bug"),
        (lambda f: True, "misses-the-bug"),
        (lambda f: None, "misses-the-bug"),
        (fails_for_all, "refuses-right-code"),
        (misspelled, "refuses-right-code"),
        (ends_the_process, "refuses-right-code"),
        (lambda f: False, "refuses-right-code"),
    ],
)
def test_a_test_that_looks_at_nothing_never_passes(name, attempt, slug):
    verdict = check(name, attempt)
    assert (verdict.passed, verdict.misconceptions) == (False, (slug,))


def test_a_test_that_counts_or_loops_never_passes():
    assert not any(check("hunt_stream", counts_its_calls).passed for _ in range(5))
    assert "TimeoutError" in check("hunt_stream", loops).message


@pytest.mark.parametrize("name", hunts())
def test_a_test_not_yet_written_is_no_mistake(name):
    for stub in (lambda f: ..., None, ...):
        verdict = check(name, stub)
        assert (verdict.exercise, verdict.passed, verdict.misconceptions) == (name, False, ())
        assert verdict.message.startswith(f"{name}: not attempted yet\n")


def test_the_second_hint_follows_the_first():
    engine._TRIES.clear()
    hunt = hunts()["hunt_stream"]
    assert hunt.hint in check("hunt_stream", falling).message
    assert hunt.second_hint in check("hunt_stream", falling).message
    # another bug begins with the first hint again
    assert hunts()["hunt_eps"].hint in check("hunt_eps", calls_nothing).message


REFUSES = (
    "hunt_stream: not yet (refuses-right-code)\nYour test fails for a function that is right.\n\n"
    "your test of that function:\n  came:     {}\n  expected: no error, and anything but False"
)


@pytest.mark.parametrize(
    ("attempt", "passed", "slugs", "says"),
    [
        (
            rising,
            True,
            (),
            "hunt_stream: correct\n"
            "Your test lets the right functions pass, and fails for the broken one.",
        ),
        (
            misspelled,
            False,
            ("refuses-right-code",),
            REFUSES.format("NameError: name 'ff' is not defined"),
        ),
        (lambda f: False, False, ("refuses-right-code",), REFUSES.format("False")),
        (
            falling,
            False,
            ("misses-the-bug",),
            "hunt_stream: not yet (misses-the-bug)\n"
            "Your test passes for the broken function as well.\n\n"
            "your test of that function:\n"
            "  came:     no error, for the function of the lesson that has the bug\n"
            "  expected: an AssertionError (or any other), or False\n\n"
            f"Hint: {hunts()['hunt_stream'].hint}",
        ),
    ],
)
def test_a_verdict_on_a_test_is_this_and_no_more(attempt, passed, slugs, says):
    engine._TRIES.clear()
    assert check("hunt_stream", attempt) == Verdict("hunt_stream", passed, slugs, says)


@pytest.mark.parametrize("name", hunts())
def test_the_lesson_shows_the_broken_function_that_is_hunted(name):
    """The learner reads the very code that the checker tries."""
    import inspect

    broken = hunts()[name].broken[0]
    source = re.sub(
        r"[:] Tensor| -> [^:]*(?=:\n)|: list\[Tensor\]|: float",
        "",
        inspect.getsource(getattr(module, broken.__name__)),
    )
    cells = jupytext.read(next(SOURCES.glob("12_*.md"))).cells
    assert any(source.strip() in cell.source for cell in cells), source
