"""Tests of `check(exercise, test=...)`: which of the known mistakes does a learner's test catch?"""

import re

import pytest
import torch
import torch.nn.functional as F

from softmax_lessons import check
from softmax_lessons.attempts.run import run
from softmax_lessons.checker import memory
from softmax_lessons.checker.exercise import Exercise
from softmax_lessons.checker.judge import expect, judge
from softmax_lessons.lessons import tasks

EXERCISES = {name: task for name, task in tasks().items() if isinstance(task, Exercise)}
CLOSE = torch.testing.assert_close
INF = float("inf")
STRONG = {}  # tests that a good engineer would write
WEAK = {}  # tests, each with a mistake that it misses and one that it catches


def strong(name):
    return lambda test: STRONG.setdefault(name, test)


def weak(name, missed, caught):
    return lambda test: WEAK.setdefault(name, (test, missed, caught))[0]


def layout(dims, *shape):
    def test(f):
        x = 3 * torch.randn(shape)
        first = min(dims)
        right = x.flatten(first, max(dims)).softmax(first).reshape(shape)
        CLOSE(f(x=x), right)

    return test


strong("classes_of_batch")(layout((1,), 2, 3))
strong("classes_of_sequence")(layout((2,), 2, 3, 4))
strong("classes_of_image")(layout((1,), 2, 3, 4, 5))
strong("keys_of_attention")(layout((3,), 2, 3, 4, 5))
strong("pixels_of_image")(layout((2, 3), 2, 3, 4, 5))
strong("softmax_1d")(layout((0,), 5))


@strong("repair_crops")
def mean_of_each_photos_crops(f):
    for shape in ((2, 3, 4), (3, 2, 2)):
        x = 3 * torch.randn(shape)
        CLOSE(f(x=x), x.softmax(2).mean(1))


@strong("softmax_dim")
def any_dim_of_three(f):
    x = torch.randn(2, 3, 4)
    for dim in range(-3, 3):
        CLOSE(f(x, dim=dim), x.softmax(dim))


@strong("stable_softmax")
def any_dim_near_and_far(f):
    for scale in (1, 200, 2000):
        x = scale * torch.randn(2, 3, 4) - scale
        for dim in range(3):
            CLOSE(f(x, dim), x.softmax(dim))


@strong("log_softmax")
def any_dim_of_logs(f):
    for scale in (1, 200, 2000):
        x = scale * torch.randn(2, 3, 4) - scale
        for dim in range(3):
            CLOSE(f(x, dim), x.log_softmax(dim))


def same_as_cross_entropy(f):
    targets = torch.tensor([0, 2, 1, 1])
    for scale in (1, 200, 2000):
        logits = scale * torch.randn(4, 3) - scale
        CLOSE(f(logits, targets=targets), F.cross_entropy(logits, targets))


for exercise in ("cross_entropy", *(f"repair_head_{i}" for i in range(1, 6))):
    strong(exercise)(same_as_cross_entropy)


@strong("softmax_backward")
def same_as_autograd(f):
    x = torch.randn(2, 3, 4, requires_grad=True)
    for dim in range(3):
        probs, grad = x.softmax(dim), torch.randn(2, 3, 4)
        (right,) = torch.autograd.grad(probs, x, grad)
        CLOSE(f(probs.detach(), grad, dim), right)


@strong("softmax_with_temperature")
def several_temperatures(f):
    far = torch.tensor([[1000.0, 1001.0], [3.0, 5.0], [-4000.0, -4001.0]])
    near = torch.tensor([0.0, 0.01, -20.0])
    for x in (torch.randn(2, 3), torch.randn(2, 2, 4), far, near, torch.tensor([10.0, 0.0, 6.0])):
        for temperature in (0.01, 0.1, 0.5, 1.5, 2.0, 10.0, 1000.0):
            right = (x.double() / temperature).softmax(-1).to(x.dtype)
            CLOSE(f(x, temperature=temperature), right, rtol=1e-3, atol=1e-6)


@strong("top_k_softmax")
def every_k(f):
    far = torch.tensor([[1000.0, 1001.0, 999.0, 500.0], [-1000.0, -1002.0, -1001.0, -1500.0]])
    for x in (torch.randn(4, 6), torch.randn(4, 4) - 5, far, torch.tensor([[-3e9, -4e9, -2e9]])):
        for k in range(1, x.shape[1] + 1):
            values, indices = x.topk(k)
            CLOSE(f(x, k), torch.zeros_like(x).scatter(1, indices, values.softmax(1)))


@strong("padded_loss")
def padding_of_all_kinds(f):
    for pad in (0, 2, -1, -100):
        targets = torch.tensor([[1, 3, 2, 0], [2, 1, pad, pad], [3, pad, pad, pad]])
        for logits in (torch.randn(3, 4, 4), 100 * torch.randn(3, 4, 5)):
            real = targets != pad
            right = F.cross_entropy(logits[real], targets[real])
            CLOSE(f(logits, targets, pad), right, rtol=1e-4, atol=1e-5)


def agrees_on_all_inputs(name):
    def agrees(function):
        for probe in EXERCISES[name].fixed:
            right = expect(EXERCISES[name].reference, probe).value
            result = function(probe.logits, *probe.rest).to(right.dtype)
            CLOSE(result, right, rtol=1e-2, atol=1e-3, equal_nan=True)

    return agrees


for new in ("sequence_log_probs", "masked_attention", "loss_parts"):
    strong(new)(agrees_on_all_inputs(new))


@strong("micro_batch_loss")
def parts_that_add_up(f):
    for logits in (torch.randn(7, 4), 100 * torch.randn(7, 5)):
        targets = torch.tensor([1, 3, -100, 0, -100, -100, 2])
        for cuts in ((4, 3), (2, 4, 1), (7,)):
            parts = zip(logits.split(cuts), targets.split(cuts), strict=True)
            CLOSE(sum(f(z, y, 4) for z, y in parts), F.cross_entropy(logits, targets))
    assert f(torch.randn(3, 2), torch.full((3,), -100), 5) == 0


@strong("text_log_prob")
def texts_of_all_kinds(f):
    far = torch.tensor([[200.0, 0.0, -5.0], [0.0, 200.0, 0.0], [1.0, 2.0, 3.0]])
    for logits in (torch.randn(3, 3), torch.randn(300, 6), far):
        words = torch.arange(len(logits)) * 2 % 3
        right = -F.cross_entropy(logits[:-1], words[1:], reduction="sum")
        CLOSE(f(logits, words), right, rtol=1e-4, atol=1e-4)


@strong("masked_softmax")
def masks_of_all_kinds(f):
    mask = torch.arange(24).reshape(2, 3, 4) % 5 > 1
    mask[0, 1] = False
    for x in (torch.randn(2, 3, 4), 1e6 * torch.randn(2, 3, 4) - 1e10):
        CLOSE(f(x, mask), x.masked_fill(~mask, -INF).softmax(-1).where(mask, 0))
    below = torch.ones(3, 3, dtype=torch.bool).tril()
    for x in (torch.randn(3, 3), torch.tensor([[0.0, 100.0, 300.0]]).repeat(3, 1)):
        CLOSE(f(x, below), x.masked_fill(~below, -INF).softmax(-1))
    low = torch.tensor([[-2e300, -1e300]], dtype=torch.float64)
    CLOSE(f(low, torch.tensor([[True, False]])), torch.eye(2, dtype=torch.float64)[:1])


@strong("half_softmax")
def to_the_last_digit(f):
    for dtype in (torch.float16, torch.bfloat16, torch.float32):
        rounding = {"rtol": 2 * torch.finfo(dtype).eps, "atol": 1e-7}
        for x in (torch.zeros(2, 70_000), 10 * torch.randn(40, 30), 1e3 * torch.randn(30, 30)):
            x = x.to(dtype)
            CLOSE(f(x, 1), x.float().softmax(1).to(dtype), **rounding)
            CLOSE(f(x, dim=0), x.float().softmax(0).to(dtype), **rounding)
        low = torch.linspace(-208, -192, 200).reshape(4, 50).to(dtype)
        CLOSE(f(low, 1), low.float().softmax(1).to(dtype), **rounding)
        if dtype != torch.float32:
            x = torch.linspace(-8, 8, 200).reshape(4, 50).to(dtype)
            once = 0.6 * torch.finfo(dtype).eps
            CLOSE(f(x, 1), x.float().softmax(1).to(dtype), rtol=once, atol=0)


@strong("merge_states")
def pieces_of_all_kinds(f):
    a = torch.tensor([[1.0, 5.0, 500.0, -INF, -INF, -2e4], [2.0, 1.5, 1.0, 0.0, 0.0, 2.0]])
    b = torch.tensor([[3.0, 2.0, 400.0, 2.0, -INF, -3e4], [1.0, 4.0, 7.0, 3.0, 0.0, 1.0]])
    rest = (torch.tensor([2.0, -3.0, -100.0]).exp() * torch.tensor([1.0, 4.0, 7.0])).tolist()
    first = 1 + 2 * torch.tensor(-2.0).exp().item()
    right = [[3.0, 5.0, 500.0, 2.0, -INF, -2e4], [first, 1.5 + rest[1], 1.0, 3.0, 0.0, 2.0]]
    CLOSE(f(a, b), torch.tensor(right))


@weak("softmax_1d", "forgets-exp", "returns-log")
def it_sums_to_one(f):
    assert abs(f(torch.tensor([2.0, 1.0, 0.1])).sum() - 1) < 1e-6


@weak("softmax_dim", "missing-keepdim", "hard-coded-dim-1")
def a_square(f):
    x = torch.tensor([[1.5, -2.0], [0.2, 3.0]])
    CLOSE(f(x, 0), x.softmax(0))


@weak("stable_softmax", "upcast-instead-of-shift", "returns-log")
def ordinary_logits(f):
    x = torch.tensor([[1.0, 2.0], [5.0, 3.0]])
    CLOSE(f(x, 1), x.softmax(1))


@weak("cross_entropy", "squared-error", "label-off-by-one")
def certain_and_right(f):
    assert f(torch.tensor([[100.0, 0.0, 0.0]]), torch.tensor([0])) < 0.01


@weak("masked_softmax", "masked-after-softmax", "multiplied-by-mask")
def hidden_gets_nothing(f):
    assert f(torch.tensor([1.0, 2.0]), mask=torch.tensor([True, False]))[1] == 0


@weak("merge_states", "no-rescale", "adds-maxima")
def equal_maxima(f):
    got = f(torch.tensor([[1.0], [2.0]]), torch.tensor([[1.0], [1.0]]))
    CLOSE(got, torch.tensor([[1.0], [3.0]]))


@strong("min_p_softmax")
def near_the_largest(f):
    for x in (torch.tensor([[0.0, 2, 1, 2], [5, 2, 4, -3], [-1, -9, -2, -8]]), -1e4 * torch.eye(3)):
        for min_p in (0.0, 0.02, 0.2, 0.5, 1.0):
            probs = x.softmax(-1)
            keep = probs >= min_p * probs.amax(-1, keepdim=True)
            CLOSE(f(x, min_p=min_p), x.masked_fill(~keep, -INF).softmax(-1))


@weak("min_p_softmax", "cut-not-relative", "forgets-renormalise")
def rows_sum_to_one(f):
    x = torch.tensor([[2.0, 1.0, 0.0], [0.0, 1.0, 2.0]])
    CLOSE(f(x, 0.5).sum(-1), torch.ones(2))


@strong("best_temperature")
def smallest_mean_loss(f):
    x = torch.tensor([[2.0, 0, 1], [0, 3, 1], [1, 0, -2], [0, 2, 1], [1, 1, 4]])
    temperatures = torch.tensor([4.0, 0.5, 2.8, 1.0, 20.0, 2.0, 1.4, 0.7])
    for y in ([0, 1, 0, 1, 2], [1, 1, 0, 2, 2], [1, 0, 2, 2, 0]):
        for scale, shift in ((0.5, 0), (1, -500), (2, 500), (3000, 0)):
            given = scale * x + shift, torch.tensor(y)
            losses = [F.cross_entropy(given[0] / t, given[1]) for t in temperatures]
            best = temperatures[torch.stack(losses).argmin()]
            CLOSE(f(*given, temperatures=temperatures), best)


@weak("best_temperature", "inverse-temperature", "result-has-dims")
def one_of_the_temperatures(f):
    temperatures = torch.tensor([0.5, 1.0, 2.0])
    got = f(torch.tensor([[1.0, 0.0], [0.0, 2.0]]), torch.tensor([0, 1]), temperatures)
    assert got.shape == ()
    assert got in temperatures


def slugs(hunt):
    return [words.rpartition(" (")[2].removesuffix(")") for words, _ in hunt.broken]


@pytest.mark.parametrize("name", EXERCISES)
def test_correct_functions_accept_the_parameter_names_in_the_signature(name):
    exercise, hunt = EXERCISES[name], EXERCISES[name].as_hunt()
    for probe in exercise.fixed:
        names = exercise.parameters[1:]
        by_name = dict(zip(names, probe.rest, strict=True)) if names else {}
        for function in hunt.right:
            outcome = run(lambda x, f=function, named=by_name: f(x, **named), _alone(probe))
            assert judge(probe, outcome, expect(exercise.reference, probe)) is None


def _alone(probe):
    """Return the same probe without the arguments after the logits."""
    return type(probe)(probe.logits, probe.dim, gradient=probe.gradient, others=())


@pytest.mark.parametrize("name", EXERCISES)
def test_every_mistake_shows_in_a_result_whatever_the_rounding(name):
    exercise, hunt = EXERCISES[name], EXERCISES[name].as_hunt()
    assert len(hunt.broken) >= 10
    says = {f"{m.says} ({m.slug})" for m in exercise.misconceptions}
    assert len(set(slugs(hunt))) == len(hunt.broken)
    for words, function in hunt.broken:
        assert words in says
        assert any(_is_seen(exercise, probe, function) for probe in exercise.fixed), words


def _is_seen(exercise, probe, function):
    right = expect(exercise.reference, probe).value
    arguments = probe.rest if len(exercise.parameters) > 1 else ()
    try:
        CLOSE(function(probe.logits, *arguments).to(right.dtype), right, rtol=1e-5, atol=1e-5)
    except Exception:
        return True
    return False


@pytest.mark.parametrize("name", EXERCISES)
def test_a_test_is_not_expected_to_catch_what_was_never_promised(name):
    found = slugs(EXERCISES[name].as_hunt())
    assert not {"uses-torch-softmax", "returns-none", "detached-gradient", "mutates-input"} & {
        *found
    }
    if name.endswith(("_1d", "_dim", "_batch", "_sequence", "_image", "_attention")):
        assert "no-max-subtraction" not in found


@pytest.mark.parametrize("name", STRONG)
def test_a_strong_test_catches_nearly_all_mistakes(name):
    count = len(EXERCISES[name].as_hunt().broken)
    verdict = check(name, test=STRONG[name])
    if verdict.passed:
        says = f"Your test passes every correct function, and catches all {count} buggy ones."
        assert verdict.says == says
    else:
        caught = int(re.search(r"catches (\d+) of", verdict.headline)[1])
        assert verdict.headline == f"your test catches {caught} of {count} mistakes"
        assert 0.9 * count <= caught < count


@pytest.mark.parametrize("name", WEAK)
def test_a_weak_test_gets_a_list_of_what_it_passes(name):
    test, missed, caught = WEAK[name]
    hunt = EXERCISES[name].as_hunt()
    passed = [
        slug
        for slug, (_, function) in zip(slugs(hunt), hunt.broken, strict=True)
        if _passes(test, function)
    ]
    assert missed in passed
    assert caught not in passed
    verdict = check(name, test=test)
    count = len(hunt.broken)
    assert (verdict.status, verdict.mistakes) == ("nudge", ())
    assert verdict.headline == f"your test catches {count - len(passed)} of {count} mistakes"
    assert verdict.message == f"{name}: {verdict.headline}\n{verdict.says}"
    head, *lines = verdict.says.splitlines()
    assert head == "It passes functions that `check` would describe like this:"
    shown = [line.rpartition(" (")[2].removesuffix(")") for line in lines[:3]]
    assert shown == passed[:3]
    assert lines[3:] == ([f"- and {len(passed) - 3} more"] if len(passed) > 3 else [])


def _passes(test, function):
    try:
        test(function)
    except Exception:
        return False
    return True


def test_there_is_a_test_for_every_exercise():
    assert STRONG.keys() == EXERCISES.keys()


@pytest.mark.parametrize("name", EXERCISES)
def test_a_test_that_checks_nothing_catches_nothing(name):
    count = len(EXERCISES[name].as_hunt().broken)
    verdict = check(name, test=lambda f: True)
    assert verdict.headline == f"your test catches 0 of {count} mistakes"
    assert verdict.says.splitlines()[-1] == f"- and {count - 3} more"


@pytest.mark.parametrize(
    ("name", "test", "got"),
    [
        ("softmax_1d", lambda f: f(torch.zeros(2), 0), "TypeError: too many positional arguments"),
        ("softmax_dim", lambda f: f(torch.zeros(2)), "missing a required argument: 'dim'"),
        ("softmax_dim", lambda f: f(torch.zeros(2), axis=0), "TypeError: "),
        ("cross_entropy", lambda f: 1 / 0, "ZeroDivisionError"),
        ("half_softmax", lambda f: False, "AssertionError: the test returned False"),
    ],
)
def test_a_test_that_fails_a_correct_function_is_recognised(name, test, got):
    verdict = check(name, test=test)
    assert (verdict.status, verdict.misconceptions) == ("wrong", ("refuses-right-code",))
    assert verdict.says == "Your test fails a correct function."
    assert got in verdict.example.got


@pytest.mark.parametrize("stub", [lambda f: ..., ...])
def test_a_test_not_yet_written_is_not_a_mistake(stub):
    assert check("softmax_dim", test=stub).status == "not begun"


@pytest.mark.parametrize("name", ["hunt_eps", "sums_on_softmin"])
def test_only_an_exercise_can_be_done_test_first(name):
    verdict = check(name, test=a_square)
    assert verdict.status == "unusable"
    assert verdict.says == "You can only pass a test for an exercise that asks for a function."


def test_a_test_does_not_count_as_solving_the_exercise(monkeypatch):
    monkeypatch.setattr(memory, "_elsewhere", memory.Memory())
    assert check("softmax_dim", test=any_dim_of_three).passed
    assert memory._elsewhere.solved == []


def test_a_test_can_also_run_in_a_worker():
    assert check("softmax_dim", test=a_square, way="worker") == check("softmax_dim", test=a_square)
