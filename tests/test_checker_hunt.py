import importlib
import inspect
import re
from pathlib import Path

import jupytext
import numpy as np
import pytest
import torch
import torch.nn.functional as F

from softmax_lessons import check
from softmax_lessons.checker import memory
from softmax_lessons.checker.hunt import ROUNDS, Hunt
from softmax_lessons.lessons import tasks

HUNTS = {name: task for name, task in tasks().items() if isinstance(task, Hunt)}
SOURCES = Path(__file__).parent.parent / "notebooks" / "source"
LESSONS = ("08_follow_the_gradient.md", "16_hunt_the_bug.md")
CLOSE = torch.testing.assert_close
INF = float("inf")
GOOD = {}  # tests that find the bug in all its forms, in several styles
BAD = {}  # tests that miss some of its forms, with the numbers of those


def good(name):
    return lambda test: GOOD.setdefault(name, []).append(test) or test


def bad(name, *missed):
    return lambda test: BAD.setdefault(name, []).append((test, missed)) or test


# lesson 08: the gradient


def gradient_of(f, x, dim, g):
    x = x.clone().requires_grad_()
    return torch.autograd.grad(f(x, dim), x, grad_outputs=g)[0]


@good("hunt_wrong_gradient")
def gradcheck_both_dims(f):
    x = torch.tensor([[2.0, 1.0, 0.1], [0.0, 3.0, -1.0]]).double().requires_grad_()
    return all(torch.autograd.gradcheck(lambda x, d=d: f(x, d), x) for d in (0, 1))


@good("hunt_wrong_gradient")
def same_gradient_as_torch(f):
    for dim in range(3):
        x, g = torch.randn(2, 3, 4), torch.randn(2, 3, 4)
        CLOSE(gradient_of(f, x, dim, g), gradient_of(torch.softmax, x, dim, g))


@good("hunt_wrong_gradient")
def formula_along_the_first(f):
    x, g = torch.arange(6.0).reshape(3, 2) ** 2 / 5, torch.tensor([[3.0, 0], [-1, 2], [2, 2]])
    p = x.softmax(0)
    CLOSE(gradient_of(f, x, 0, g), p * (g - (p * g).sum(0)))


@good("hunt_wrong_gradient")
def finite_differences(f):
    x, weights = torch.tensor([[0.5, -1.0], [2.0, 1.0], [0.0, 0.0]]).double(), torch.ones(3, 2)
    weights[0, 0], weights[2, 1] = 2.0, -3.0
    got = gradient_of(f, x, 0, weights.double())
    for i in range(3):
        for j in range(2):
            step = torch.zeros(3, 2).double()
            step[i, j] = 1e-5
            rise = ((f(x + step, 0) - f(x - step, 0)) * weights).sum() / 2e-5
            assert abs(rise - got[i, j]) < 1e-6


@bad("hunt_wrong_gradient", 0, 1, 2, 3, 4, 5)
def value_only(f):
    x = torch.randn(2, 3)
    CLOSE(f(x, 0), x.softmax(0))


@bad("hunt_wrong_gradient", 2, 4, 5)
def gradient_of_the_sum(f):
    x = torch.tensor([[2.0, 1.0, 0.1], [0.0, 3.0, -1.0]])
    CLOSE(gradient_of(f, x, 0, torch.ones(2, 3)), torch.zeros(2, 3))


@bad("hunt_wrong_gradient", 1, 3)
def gradcheck_of_one_row(f):
    x = torch.tensor([2.0, 1.0, 0.1], dtype=torch.float64, requires_grad=True)
    return torch.autograd.gradcheck(lambda x: f(x, 0), x)


@bad("hunt_wrong_gradient", 3)
def gradcheck_of_the_last(f):
    x = torch.tensor([[2.0, 1.0, 0.1], [0.0, 3.0, -1.0]]).double().requires_grad_()
    return torch.autograd.gradcheck(lambda x: f(x, 1), x)


@bad("hunt_wrong_gradient", 2, 3, 4, 5)
def slices_sum_to_zero(f):
    g = torch.tensor([[3.0, 3.0], [3.0, 3.0]])
    assert gradient_of(f, torch.randn(2, 2), 1, g).sum(1).abs().max() < 1e-5


# bug 1


@good("hunt_wrong_dim")
def keys_sum_to_one(f):
    CLOSE(f(torch.arange(24.0).reshape(2, 3, 4)).sum(-1), torch.ones(2, 3))


@good("hunt_wrong_dim")
def other_queries_do_not_matter(f):
    x = torch.rand(1, 3, 4)
    y = x.clone()
    y[:, 0] += torch.arange(4.0)
    assert torch.equal(f(x)[:, 1:], f(y)[:, 1:])


@good("hunt_wrong_dim")
def same_as_torch_over_keys(f):
    x = torch.randn(2, 3, 4)
    return torch.allclose(f(x), x.softmax(-1))


@good("hunt_wrong_dim")
def sums_in_python(f):
    for sample in f(torch.tensor([[[0.0, 1.0, 3.0], [2.0, 4.0, 1.0]]])).tolist():
        for row in sample:
            assert sum(row) == pytest.approx(1)


@good("hunt_wrong_dim")
def known_weights(f):
    got = f(torch.tensor([[[0.0, 0.0], [100.0, 0.0]]])).numpy()
    return np.allclose(got, [[[0.5, 0.5], [1.0, 0.0]]])


@bad("hunt_wrong_dim", 0, 1, 2, 3, 4)
def keys_in_range(f):
    probs = f(torch.rand(2, 4, 4))
    assert (probs >= 0).all()
    assert (probs <= 3).all()


@bad("hunt_wrong_dim", 0, 1, 2, 3)
def keys_shape(f):
    assert f(torch.rand(2, 3, 4)).shape == (2, 3, 4)


@bad("hunt_wrong_dim", 0, 1, 4)
def nothing_to_choose_in_a_square(f):
    return f(torch.zeros(1, 3, 3)).sum(-1).isclose(torch.tensor(1.0)).all()


# bug 10


@good("hunt_unkept_maximum")
def rows_need_not_be_square(f):
    f(torch.zeros(2, 3))


@good("hunt_unkept_maximum")
def same_as_torch(f):
    x = torch.tensor([[1.0, 2, 3], [1, 2, 1], [4, 3, 2]])
    return torch.allclose(f(x), torch.softmax(x, 1))


@good("hunt_unkept_maximum")
def row_by_row(f):
    x = torch.tensor([[1.0, 2.0], [5.0, 3.0]])
    together = f(x)
    for row, got in zip(x, together, strict=True):
        CLOSE(got, f(row[None])[0])


@good("hunt_unkept_maximum")
def ratios_within_a_row(f):
    x = torch.tensor([[1.0, 2.0], [5.0, 3.0]], dtype=torch.float64)
    p = f(x)
    assert (p[:, 0] / p[:, 1]).log().tolist() == pytest.approx([-1.0, 2.0])


@bad("hunt_unkept_maximum", 0)
def rows_sum_to_one(f):
    CLOSE(f(3 * torch.randn(3, 3)).sum(1), torch.ones(3))


@bad("hunt_unkept_maximum", 0, 1, 2, 3)
def one_row(f):
    CLOSE(f(torch.tensor([[1.0, 2.0]])), torch.tensor([[1.0, 2.0]]).softmax(1))


@bad("hunt_unkept_maximum", 0, 1, 2, 3)
def rows_alike(f):
    x = torch.tensor([[1.0, 2.0], [2.0, 1.0]])
    return torch.allclose(f(x), x.softmax(1))


# bug 2


@good("hunt_one_maximum")
def far_rows(f):
    assert not f(torch.tensor([[0.0, 1.0], [1000.0, 1001.0]])).isnan().any()


@good("hunt_one_maximum")
def far_rows_compared(f):
    x = torch.tensor([[0.0, 1, 2], [300, 301, 302]])
    CLOSE(f(x), torch.softmax(x, dim=1))


@good("hunt_one_maximum")
def one_row_far_below(f):
    x = torch.tensor([[0.0, 1, 2], [-500, -499, -498], [3, 4, 5]])
    return bool(f(x).sum(1).allclose(torch.ones(3)))


@good("hunt_one_maximum")
def far_rows_in_numpy(f):
    x = np.array([[0, 1], [5e4, 5e4]], dtype=np.float32)
    assert np.isfinite(f(torch.from_numpy(x)).numpy()).all()


@bad("hunt_one_maximum", 0, 1, 2, 3, 4)
def near_rows(f):
    x = torch.rand(4, 3)
    CLOSE(f(x), torch.softmax(x, dim=1))


@bad("hunt_one_maximum", 0, 1, 2, 3, 4)
def all_rows_large(f):
    x = torch.tensor([[1000.0, 1001.0], [1001.0, 1000.0]])
    CLOSE(f(x), torch.softmax(x, dim=1))


@bad("hunt_one_maximum", 0, 1, 2, 3)
def rows_sixty_apart_and_one_alone(f):
    for x in (torch.tensor([[0.0, 1], [60, 61], [30, 30]]), torch.tensor([[-500.0, -501.0]])):
        assert f(x).isfinite().all()


# bug 3


@good("hunt_two_softmaxes")
def certain_both_ways(f):
    logits = torch.tensor([[50.0, 0, 0]])
    assert f(logits, torch.tensor([0])) < 0.01
    CLOSE(f(logits, torch.tensor([1])), torch.tensor(50.0))


@good("hunt_two_softmaxes")
def certain_and_wrong(f):
    CLOSE(f(torch.tensor([[50.0, 0, 0]]), torch.tensor([1])), torch.tensor(50.0))


@good("hunt_two_softmaxes")
def same_as_cross_entropy(f):
    logits, targets = torch.randn(5, 3), torch.tensor([0, 1, 2, 1, 1])
    return torch.isclose(f(logits, targets), F.cross_entropy(logits, targets))


@good("hunt_two_softmaxes")
def from_the_definition(f):
    probs = torch.tensor([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1]])
    expected = -(np.log(0.7) + np.log(0.8)) / 2
    return abs(f(probs.log(), torch.tensor([0, 1])).item() - expected) < 1e-5


@bad("hunt_two_softmaxes", 3, 4)
def certain_and_right(f):
    assert f(torch.tensor([[100.0, 0, 0]]), torch.tensor([0])) < 0.01


@bad("hunt_two_softmaxes", 4)
def certain_costs_nothing(f):
    CLOSE(f(torch.tensor([[100.0, 0.0, 0.0]]), torch.tensor([0])), torch.tensor(0.0))


@bad("hunt_two_softmaxes", 0, 1, 2, 4)
def loss_is_positive(f):
    assert f(torch.rand(4, 3), torch.tensor([0, 1, 2, 0])) > 0


@bad("hunt_two_softmaxes", 0, 1, 2)
def zero_logits(f):
    CLOSE(f(torch.zeros(1, 4), torch.tensor([2])), torch.tensor(4.0).log())


# bug 4


@good("hunt_class_axis")
def every_position_certain(f):
    targets = torch.tensor([[0, 1, 2], [3, 0, 1]])
    assert f(100.0 * F.one_hot(targets, 4), targets) < 1e-3


@good("hunt_class_axis")
def same_as_flat(f):
    logits, targets = torch.randn(2, 3, 4), torch.tensor([[0, 1, 3], [2, 2, 0]])
    return torch.allclose(f(logits, targets), F.cross_entropy(logits.view(6, 4), targets.view(6)))


@good("hunt_class_axis")
def one_position_at_a_time(f):
    logits, targets = torch.randn(2, 3, 5), torch.tensor([[0, 4, 1], [2, 3, 3]])
    losses = [-logits[b, t].log_softmax(0)[targets[b, t]] for b in range(2) for t in range(3)]
    assert f(logits, targets).item() == pytest.approx(sum(losses).item() / 6, rel=1e-4)


@good("hunt_class_axis")
def a_single_sequence(f):
    logits = torch.full((1, 2, 3), -50.0)
    logits[0, 0, 2] = logits[0, 1, 0] = 50
    assert f(logits, torch.tensor([[2, 0]])) < 1e-6


@bad("hunt_class_axis", 0, 2, 3)
def finite_loss(f):
    assert f(torch.rand(2, 3, 4), torch.zeros(2, 3, dtype=torch.long)).isfinite()


@bad("hunt_class_axis", 0, 2, 3)
def undecided(f):
    targets = torch.tensor([[0, 1, 2], [3, 0, 1]])
    CLOSE(f(torch.zeros(2, 3, 4), targets), torch.tensor(4.0).log())


@bad("hunt_class_axis", 0, 1, 2, 3)
def a_symmetric_square(f):
    targets = torch.tensor([[0, 1], [1, 0]])
    assert f(100.0 * F.one_hot(targets, 2), targets).item() < 0.01


# bug 11


@good("hunt_eps")
def very_unlikely(f):
    CLOSE(f(torch.tensor([200.0, 0.0])), torch.tensor([0.0, -200.0]))


@good("hunt_eps")
def gradient_of_the_worst(f):
    x = torch.tensor([200.0, 0.0], requires_grad=True)
    (grad,) = torch.autograd.grad(f(x)[1], x)
    assert grad[1] > 0.9


@good("hunt_eps")
def differences_stay(f):
    x = torch.tensor([[1.0, 1000.0, -1000.0], [0.0, 3.0, 5.0]])
    log_probs = f(x)
    return torch.allclose(log_probs[:, 0] - log_probs[:, 1], x[:, 0] - x[:, 1])


@bad("hunt_eps", 0, 1, 2, 3, 4)
def ordinary_logits(f):
    x = torch.tensor([2.0, 1.0, 0.1])
    CLOSE(f(x), torch.log_softmax(x, 0))


@bad("hunt_eps", 0, 1, 2, 3)
def never_inf(f):
    assert f(torch.tensor([200.0, 0.0])).isfinite().all()


@bad("hunt_eps", 2, 3, 4)
def not_far_enough(f):
    CLOSE(f(torch.tensor([50.0, 0.0])), torch.tensor([0.0, -50.0]))


# bug 5


@good("hunt_zeroed_logits")
def hidden_does_not_matter(f):
    mask = torch.tensor([True, True, False])
    a, b = (f(torch.tensor([1.0, 2.0, x]), mask)[:2] for x in (-5.0, 5.0))
    CLOSE(a.sum(), torch.tensor(1.0))
    CLOSE(a, b)


@good("hunt_zeroed_logits")
def hidden_and_seen(f):
    weights = f(torch.tensor([1.0, 2.0, 3.0]), torch.tensor([True, True, False]))
    assert weights[2] == 0
    CLOSE(weights[:2], torch.softmax(torch.tensor([1.0, 2.0]), dim=0))


@good("hunt_zeroed_logits")
def hidden_is_infinitely_low(f):
    x, mask = torch.randn(2, 5), torch.tensor([[True, False, True, True, False]] * 2)
    return np.allclose(f(x, mask=mask), x.masked_fill(mask.logical_not(), -INF).softmax(-1))


@good("hunt_zeroed_logits")
def the_only_one_gets_all(f):
    assert f(torch.tensor([3.0, 7.0]), torch.tensor([True, False])).tolist() == [1.0, 0.0]


@bad("hunt_zeroed_logits", 4)
def hidden_gets_nothing(f):
    assert f(torch.tensor([1.0, 2.0]), torch.tensor([True, False]))[1] == 0


@bad("hunt_zeroed_logits", 0, 1, 2, 3)
def masked_sums_to_one(f):
    CLOSE(f(torch.rand(3), torch.tensor([True, True, False])).sum(), torch.tensor(1.0))


@bad("hunt_zeroed_logits", 0, 1, 2, 4)
def nothing_hidden(f):
    x = torch.rand(3)
    CLOSE(f(x, torch.tensor([True, True, True])), x.softmax(0))


# bug 6


@good("hunt_changed_scores")
def scores_stay(f):
    x = torch.rand(3) + 1
    before = x.clone()
    f(x, torch.tensor([True, False, True]))
    assert torch.equal(x, before)


@good("hunt_changed_scores")
def twice_with_other_masks(f):
    x = torch.tensor([1.0, 2.0])
    f(x, torch.tensor([True, False]))
    CLOSE(f(x, torch.tensor([True, True])), torch.tensor([1.0, 2.0]).softmax(0))


@good("hunt_changed_scores")
def as_a_list(f):
    x = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    before = x.tolist()
    f(scores=x, mask=torch.eye(2, dtype=torch.bool))
    return x.tolist() == before


@bad("hunt_changed_scores", 0, 1, 2, 3, 4)
def result_only(f):
    CLOSE(f(torch.rand(2), torch.tensor([True, False])), torch.tensor([1.0, 0.0]))


@bad("hunt_changed_scores", 0, 1, 2, 3, 4)
def a_second_name(f):
    x = torch.rand(3)
    before = x
    f(x, torch.tensor([True, False, True]))
    assert torch.equal(x, before)


@bad("hunt_changed_scores", 0, 1, 2, 3)
def stays_where_nothing_is_hidden(f):
    x = torch.rand(3)
    before = x.clone()
    f(x, torch.tensor([True, True, True]))
    assert torch.equal(x, before)


# bug 7


@good("hunt_future")
def first_sees_itself(f):
    q, v = torch.zeros(1, 1, 3, 3), torch.eye(3)[None, None]
    CLOSE(f(q, q, v)[0, 0, 0], torch.tensor([1.0, 0, 0]))


@good("hunt_future")
def running_means(f):
    q, v = torch.zeros(1, 1, 4, 2), torch.arange(8.0).reshape(1, 1, 4, 2)
    CLOSE(f(q, q, v), v.cumsum(dim=2) / torch.arange(1, 5)[:, None])


@good("hunt_future")
def same_as_torchs_attention(f):
    q, k, v = (torch.randn(2, 3, 5, 4) for _ in range(3))
    right = F.scaled_dot_product_attention(q, k, v, is_causal=True)
    return np.bool_(np.allclose(f(q, k, v), right, atol=1e-5))


@good("hunt_future")
def an_average_without_the_last(f):
    q, k, v = (torch.rand(1, 1, 4, 3) for _ in range(3))
    changed = v.clone()
    changed[..., -1, :] += 10
    CLOSE(f(q, k, v)[..., :-1, :], f(q, k, changed)[..., :-1, :])
    CLOSE(f(q, k, torch.ones_like(v)), torch.ones_like(v))


@bad("hunt_future", 4)
def last_value_moves_last_output_only(f):
    q, k, v = (torch.rand(1, 1, 4, 3) for _ in range(3))
    changed = v.clone()
    changed[..., -1, :] += 10
    CLOSE(f(q, k, v)[..., :-1, :], f(q, k, changed)[..., :-1, :])


@bad("hunt_future", 0, 1, 2, 3, 4)
def output_shape(f):
    q = torch.rand(1, 1, 4, 3)
    assert f(q, q, q).shape == q.shape


@bad("hunt_future", 1, 2, 3)
def equal_values(f):
    q, v = torch.rand(1, 1, 4, 3), torch.ones(1, 1, 4, 3)
    CLOSE(f(q, q, v), v)


# bug 8


@good("hunt_temperature")
def two_is_half(f):
    x = torch.tensor([2.0, 1.0, 0.1])
    CLOSE(f(x, 2.0), torch.softmax(x / 2, 0))


@good("hunt_temperature")
def ratio(f):
    p = f(torch.tensor([1.0, 0.0]), 0.5)
    CLOSE((p[0] / p[1]).log(), torch.tensor(2.0))


@good("hunt_temperature")
def batch_at_three(f):
    x = torch.randn(4, 5)
    return torch.allclose(f(x, temperature=3), (x / 3).softmax(dim=1))


@bad("hunt_temperature", 0, 1, 2, 3, 4)
def at_one(f):
    x = torch.tensor([2.0, 1.0, 0.1])
    CLOSE(f(x, 1.0), torch.softmax(x, 0))


@bad("hunt_temperature", 0, 3, 4)
def hot_is_flatter(f):
    x = torch.tensor([2.0, 1.0, 0.1])
    assert f(x, 10.0).max() < f(x, 1.0).max()


@bad("hunt_temperature", 0, 1, 2, 3)
def sums_when_hot(f):
    return abs(f(torch.tensor([2.0, 1.0, 0.1]), 5.0).sum() - 1) < 1e-6


# bug 9


@good("hunt_stream")
def up_and_down(f):
    largest, total = f([torch.tensor([1.0]), torch.tensor([3.0]), torch.tensor([2.0])])
    CLOSE((largest, total), (torch.tensor(3.0), torch.tensor([-2.0, 0.0, -1.0]).exp().sum()))


@good("hunt_stream")
def any_order(f):
    chunks = [torch.tensor([1.0, 0.5]), torch.tensor([4.0])]
    CLOSE(f(chunks)[1], f(chunks[::-1])[1])


@good("hunt_stream")
def all_at_once(f):
    x = 5 * torch.arange(12.0).sin()  # the maximum is in the third of four chunks
    largest, total = f(list(x.split(3)))
    return np.isclose(float(largest) + np.log(float(total)), x.logsumexp(0)) and largest == x.max()


@bad("hunt_stream", 4)
def rising(f):
    largest, total = f([torch.tensor([1.0]), torch.tensor([2.0]), torch.tensor([3.0])])
    CLOSE((largest, total), (torch.tensor(3.0), torch.tensor([-2.0, -1.0, 0.0]).exp().sum()))


@bad("hunt_stream", 0, 1, 2, 3)
def falling(f):
    _, total = f([torch.tensor([3.0]), torch.tensor([2.0])])
    CLOSE(total, 1 + torch.tensor(-1.0).exp())


@bad("hunt_stream", 0, 1, 2, 3, 4)
def maximum_only(f):
    assert f([torch.tensor([1.0]), torch.tensor([5.0])])[0] == 5


@bad("hunt_stream", 0, 1, 2, 3, 4)
def one_chunk(f):
    CLOSE(f([torch.tensor([1.0, 3.0])])[1], 1 + torch.tensor(-2.0).exp())


def pairs(tests):
    return [pytest.param(name, t, id=t.__name__) for name, all_of in tests.items() for t in all_of]


def weak():
    return [
        pytest.param(name, test, missed, id=test.__name__)
        for name, all_of in BAD.items()
        for test, missed in all_of
    ]


@pytest.mark.parametrize(("name", "test"), pairs(GOOD))
def test_a_test_that_finds_the_bug_passes(name, test):
    count = len(HUNTS[name].broken)
    says = f"Your test passes every correct function, and catches all {count} buggy ones."
    assert check(name, test).message == f"{name}: correct\n{says}"


@pytest.mark.parametrize(("name", "test", "missed"), weak())
def test_a_test_that_misses_the_bug_gets_a_list_of_what_it_passes(name, test, missed):
    verdict = check(name, test)
    assert (verdict.status, verdict.misconceptions) == ("wrong", ("misses-the-bug",))
    words = [HUNTS[name].broken[i][0] for i in missed]
    first, last = verdict.says.split("\n", 1)[0], verdict.says.splitlines()[-1]
    if len(words) == 1:
        assert first == f"Your test passes a function that {words[0]}."
    else:
        lines = [f"- {each}" for each in words[:3]]
        lines += [f"- and {len(words) - 3} more"] if len(words) > 3 else []
        assert verdict.says.splitlines()[:-1] == ["Your test passes a function that", *lines]
    count = len(HUNTS[name].broken)
    assert last == f"It catches {count - len(words)} of {count} buggy functions."
    assert verdict.hints == HUNTS[name].hints


def test_there_are_tests_of_both_kinds_for_every_bug():
    assert len(HUNTS) == 12
    assert GOOD.keys() == BAD.keys() == HUNTS.keys()
    assert all(len(tests) >= 3 for tests in (*GOOD.values(), *BAD.values()))


@pytest.mark.parametrize("name", HUNTS)
def test_each_bug_comes_in_several_forms_with_different_descriptions(name):
    hunt = HUNTS[name]
    assert 3 <= len(hunt.broken) <= 6
    assert 4 <= len(hunt.right) <= 5
    words = [words for words, _ in hunt.broken]
    assert len(set(words)) == len(words)
    assert all(re.match(r"(never )?[a-z]+s ", each) and not each.endswith(".") for each in words)
    assert len(hunt.hints) == 3


@pytest.mark.parametrize("name", HUNTS)
def test_each_broken_function_is_passed_by_a_plausible_test(name):
    assert {i for _, missed in BAD[name] for i in missed} == set(range(len(HUNTS[name].broken)))


@pytest.mark.parametrize("name", HUNTS)
def test_all_functions_in_a_hunt_have_the_same_parameter_names(name):
    hunt = HUNTS[name]
    functions = (*hunt.right, *(function for _, function in hunt.broken))
    assert len({tuple(inspect.signature(f).parameters) for f in functions}) == 1


def normal(*shape, dtype=torch.float32):
    return 3 * torch.randn(*shape, dtype=torch.float64).to(dtype)


def near_and_far(dtype):
    return normal(2, 3, 4, dtype=dtype) * torch.tensor([[0.3], [10.0], [100.0]], dtype=dtype)


MASK = torch.arange(24).reshape(2, 3, 4) % 5 > 1
ARGUMENTS = {  # all sizes differ, except for a square batch where the bug needs one to run at all
    "hunt_wrong_gradient": lambda t: (normal(2, 3, dtype=t), 0),
    "hunt_wrong_dim": lambda t: (near_and_far(t),),
    "hunt_unkept_maximum": lambda t: (normal(3, 3, dtype=t),),
    "hunt_one_maximum": lambda t: (normal(2, 3, dtype=t) + torch.tensor([[0], [1000]]),),
    "hunt_two_softmaxes": lambda t: (normal(4, 3, dtype=t), torch.tensor([0, 2, 1, 2])),
    "hunt_class_axis": lambda t: (
        normal(2, 3, 3, dtype=t),
        torch.tensor([[0, 1, 2], [2, 1, 0]]),
    ),
    "hunt_eps": lambda t: (near_and_far(t) * 10,),
    "hunt_zeroed_logits": lambda t: (normal(2, 3, 4, dtype=t), MASK),
    "hunt_changed_scores": lambda t: (normal(2, 3, 4, dtype=t), MASK),
    "hunt_future": lambda t: tuple(normal(2, 3, 5, 4, dtype=t) for _ in range(3)),
    "hunt_temperature": lambda t: (normal(2, 3, 4, dtype=t), 2.0),
    "hunt_stream": lambda t: (
        [normal(3, dtype=t) / 10, normal(2, dtype=t) / 10 + 3, normal(1, dtype=t) / 10 + 2],
    ),
}


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", HUNTS)
def test_right_functions_agree_and_broken_ones_differ(name, seed, dtype):
    def call(function):
        torch.manual_seed(seed)
        x, *rest = ARGUMENTS[name](dtype)
        if name == "hunt_wrong_gradient":
            g = torch.arange(6).reshape(2, 3).to(dtype) ** 2
            return gradient_of(function, x, *rest, g), (x, *rest)
        return function(x, *rest), (x, *rest)

    result, left = call(HUNTS[name].right[0])
    for function in HUNTS[name].right:
        CLOSE(call(function), (result, left))
    for words, function in HUNTS[name].broken:
        got, after = call(function)
        if name == "hunt_changed_scores":
            CLOSE(got, result)
            assert not torch.equal(after[0], left[0]), words
        else:
            CLOSE(after, left)
            with pytest.raises(AssertionError, match=r"not close|shape"):
                CLOSE(got, result)


@pytest.mark.parametrize("name", sorted(HUNTS.keys() - {"hunt_stream", "hunt_future"}))
def test_right_functions_have_the_same_gradient(name):
    grads = []
    for function in HUNTS[name].right:
        torch.manual_seed(0)
        x, *rest = ARGUMENTS[name](torch.float64)
        x.requires_grad_()
        result = function(x, *rest)
        weights = torch.arange(1.0, result.numel() + 1).reshape(result.shape)
        grads += torch.autograd.grad((result * weights).sum(), x)
    for grad in grads:
        CLOSE(grad, grads[0])


def yes(f):
    return True


def fails_for_all(f):
    raise AssertionError("no")


def calls_nothing(f):
    assert f is not None


def misspelled(f):
    assert ff(1)  # noqa: F821


def counts_its_calls(f, seen=[]):  # noqa: B006
    count = len(HUNTS["hunt_stream"].right + HUNTS["hunt_stream"].broken)
    seen.append(1)
    return (len(seen) - 1) % count < len(HUNTS["hunt_stream"].right)


def looks_at_the_name(f):
    assert "broken" not in f.__name__
    assert f.__qualname__.endswith("function")
    assert f.__doc__ is None


def reads_the_source(f):
    assert "amax" not in inspect.getsource(f)


def ends_the_process(f):
    import os

    os._exit(0)


def loops(f):
    while True:
        pass


def throws_dice(f):
    return torch.rand(()) < 0.5


@pytest.mark.parametrize("name", ["hunt_eps", "hunt_stream"])
@pytest.mark.parametrize(
    ("attempt", "slug"),
    [
        (yes, "misses-the-bug"),
        (calls_nothing, "misses-the-bug"),
        (looks_at_the_name, "misses-the-bug"),
        (reads_the_source, "misses-the-bug"),
        (fails_for_all, "refuses-right-code"),
        (misspelled, "refuses-right-code"),
        (ends_the_process, "ends-its-process"),
        (lambda f: False, "refuses-right-code"),
        (lambda: True, "refuses-right-code"),
    ],
)
def test_a_test_that_checks_nothing_never_passes(name, attempt, slug):
    verdict = check(name, attempt)
    assert (verdict.status, verdict.misconceptions) == ("wrong", (slug,))


def test_a_test_that_counts_its_calls_never_passes():
    for _ in range(5):
        assert check("hunt_stream", counts_its_calls).status == "wrong"


def test_a_test_that_decides_at_random_is_recognised():
    verdict = check("hunt_eps", throws_dice)
    assert verdict.misconceptions == ("refuses-right-code",)
    assert verdict.says == (
        "Your test fails a correct function on some runs and passes it on others."
    )
    assert verdict.hints[1].startswith("Random numbers do")


def test_a_bug_that_is_found_only_on_some_runs_counts_as_missed():
    def at_random(f):
        if torch.rand(()) < 0.5:
            two_is_half(f)

    verdict = check("hunt_temperature", at_random)
    assert "- ignores the temperature (on some runs)" in verdict.says
    assert "It catches 0 of 5 buggy functions." in verdict.says


def draws_from_torch(f):
    x = 3 * torch.randn(4, 4)
    CLOSE(f(x), x.softmax(1))


def draws_from_numpy(f):
    x = torch.from_numpy(np.random.randn(4, 4))
    CLOSE(f(x), x.softmax(1))


@pytest.mark.parametrize("test", [draws_from_torch, draws_from_numpy])
def test_a_verdict_on_a_test_with_random_numbers_is_always_the_same(test):
    for _ in range(3):
        torch.rand(5)
        assert check("hunt_unkept_maximum", test).passed
        assert not check("hunt_one_maximum", test).passed


def test_a_test_that_never_ends_gets_a_message_with_the_time_limit():
    verdict = check("hunt_stream", loops)
    assert (verdict.status, verdict.misconceptions) == ("wrong", ("takes-too-long",))
    assert verdict.says.startswith(f"Your test took longer than 3 s. It runs {9 * ROUNDS} times")


def test_a_test_that_ends_its_process_has_found_nothing():
    def exits_when_it_is_off(f):
        import os

        if not torch.allclose(f(torch.tensor([1.0, 0.0]), 2.0)[0], torch.tensor(0.5).sigmoid()):
            os._exit(1)

    for test in (exits_when_it_is_off, ends_the_process):
        verdict = check("hunt_temperature", test)
        assert (verdict.status, verdict.misconceptions) == ("wrong", ("ends-its-process",))
        assert verdict.says == (
            "Your test's process ended itself. A test that finds a bug should raise an "
            "error or return False."
        )


@pytest.mark.parametrize("result", [False, np.bool_(False), 0, torch.tensor(False), 0.0, "", []])
def test_a_falsy_return_value_counts_as_a_failure(result):
    def finds_it(f):
        same = torch.allclose(f(torch.tensor([2.0, 1.0]), 2.0), torch.tensor([1.0, 0.5]).softmax(0))
        return True if same else result

    assert check("hunt_temperature", finds_it).passed
    verdict = check("hunt_temperature", lambda f: result)
    assert verdict.misconceptions == ("refuses-right-code",)
    assert f"got:      AssertionError: the test returned {result!r}" in verdict.message


@pytest.mark.parametrize("result", [True, np.bool_(True), 1, torch.tensor(True), "fine", None])
def test_a_test_that_returns_none_or_a_truthy_value_passes_every_function(result):
    def test(f):
        f(torch.tensor([2.0, 1.0]), 2.0)
        return result

    assert "It catches 0 of 5" in check("hunt_temperature", test).message


def test_a_result_with_several_truth_values_is_an_error():
    verdict = check("hunt_temperature", lambda f: f(torch.tensor([2.0, 1.0]), 2.0) > 0)
    assert "Boolean value of Tensor with more than one value is ambiguous" in verdict.message


def test_a_test_that_compares_the_last_digits_is_warned_that_they_may_differ():
    def to_the_last_digit(f):
        x = torch.linspace(-3, 5, 200).reshape(10, 20)
        return torch.equal(f(x), torch.softmax(x, 1))

    verdict = check("hunt_one_maximum", to_the_last_digit)
    assert verdict.misconceptions == ("refuses-right-code",)
    assert re.match(
        r"Your test fails [123] of 4 correct functions\. They all return what the exercise",
        verdict.says,
    )


def test_an_assertion_without_a_message_is_shown_by_its_source_line(tmp_path, monkeypatch):
    # not in this file, because pytest adds messages to the assertions of a test
    (tmp_path / "my_own_tests.py").write_text(
        "def test(f):\n    total = 2\n    assert total == 1\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    verdict = check("hunt_eps", importlib.import_module("my_own_tests").test)
    assert verdict.example.got == "AssertionError: assert total == 1"


def does_nothing(f):
    """It is still to be written."""


def passes_over(f):
    pass


def not_written(f):
    raise NotImplementedError


@pytest.mark.parametrize("name", ["hunt_eps", "hunt_stream"])
@pytest.mark.parametrize("stub", [lambda f: ..., None, ..., does_nothing, passes_over, not_written])
def test_a_test_not_yet_written_is_not_a_mistake(name, stub):
    verdict = check(name, stub)
    assert (verdict.exercise, verdict.status, verdict.misconceptions) == (name, "not begun", ())


def test_a_result_in_place_of_the_function_is_recognised():
    verdict = check("hunt_eps", torch.ones(2))
    assert verdict.misconceptions == ("result-not-function",)


def test_each_hint_follows_the_one_before(monkeypatch):
    monkeypatch.setattr(memory, "_elsewhere", memory.Memory())
    verdict = check("hunt_stream", one_chunk)
    hints = HUNTS["hunt_stream"].hints
    assert verdict.told == hints[0]
    assert [repr(verdict.hint()) for _ in range(2)] == [
        f"Hint: {hints[1]}",
        f"Hint: {hints[2]}\n(That was the last hint.)",
    ]


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (
            up_and_down,
            "hunt_stream: correct\n"
            "Your test passes every correct function, and catches all 5 buggy ones.",
        ),
        (
            misspelled,
            "hunt_stream: not yet (refuses-right-code)\n"
            "Your test fails a correct function.\n\n"
            "your test of that function:\n"
            "  got:      NameError: name 'ff' is not defined\n"
            "  expected: no error, and no false result\n\n"
            "Hint: ",
        ),
        (
            rising,
            "hunt_stream: not yet (misses-the-bug)\n"
            "Your test passes a function that forgets the maximum of the earlier chunks.\n"
            "It catches 4 of 5 buggy functions.\n\n"
            "Hint: ",
        ),
        (
            falling,
            "hunt_stream: not yet (misses-the-bug)\n"
            "Your test passes a function that\n"
            "- never rescales its sum when the maximum grows\n"
            "- rescales its sum with the wrong sign\n"
            "- subtracts the old maximum from a new chunk\n"
            "- and 1 more\n"
            "It catches 1 of 5 buggy functions.\n\n"
            "Hint: ",
        ),
    ],
)
def test_a_verdict_on_a_test_has_exactly_this_text(attempt, message):
    text = check("hunt_stream", attempt).message
    assert text[: text.find("Hint: ") + len("Hint: ") if "Hint: " in text else None] == message


def test_a_test_can_also_run_in_a_worker():
    assert check("hunt_stream", up_and_down, way="worker").passed
    assert check("hunt_stream", rising, way="worker").misconceptions == ("misses-the-bug",)


@pytest.mark.parametrize("name", HUNTS)
def test_the_lesson_shows_the_broken_function_that_is_hunted(name):
    """The learner reads the very code that the checker tries."""
    source = re.sub(
        r": Tensor| -> [^:]*(?=:\n)|: list\[Tensor\]|: float|: int",
        "",
        inspect.getsource(HUNTS[name].broken[0][1]),
    )
    cells = [cell for lesson in LESSONS for cell in jupytext.read(SOURCES / lesson).cells]
    assert any(source.strip() in cell.source for cell in cells), source
