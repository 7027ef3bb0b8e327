"""From an attempt to a verdict: right answers, wrong ones, and what is said about them."""

import io
import re
import warnings
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import replace

import bank
import bank_attend  # noqa: F401
import bank_core  # noqa: F401
import bank_crops  # noqa: F401
import bank_errors  # noqa: F401
import bank_further
import bank_later  # noqa: F401
import bank_logs  # noqa: F401
import bank_loss  # noqa: F401
import bank_low  # noqa: F401
import bank_parts  # noqa: F401
import bank_sampling  # noqa: F401
import bank_shards  # noqa: F401
import bank_texts  # noqa: F401
import pytest
import torch
import torch.nn.functional as F

import softmax_lessons
from softmax_lessons import check
from softmax_lessons.attempts.isolate import run_isolated, usual_way
from softmax_lessons.attempts.run import run
from softmax_lessons.checker.exercise import Exercise
from softmax_lessons.checker.verdict import Verdict
from softmax_lessons.lessons import tasks, to_solve

EXERCISES = {name: task for name, task in tasks().items() if isinstance(task, Exercise)}
HERE = list(dict.fromkeys((usual_way(), "worker")))  # the ways to run an attempt on this system
DTYPES = [
    *(torch.bool, torch.uint8, torch.uint16, torch.int64, torch.float8_e5m2, torch.float8_e4m3fn),
    *(torch.float16, torch.bfloat16, torch.float64, torch.complex64),
]
CORE = ("softmax_1d", "softmax_dim", "stable_softmax")


def name_of(value):
    return getattr(value, "__name__", None) or type(value).__name__ if callable(value) else None


def verdict_of(exercise, attempt):
    """Return the verdict on an attempt, which is the same whichever way the attempt is run."""
    task = EXERCISES[exercise]
    probes, function = task.probes(), task.prepared(attempt)
    first, *others = (run_isolated(function, probes, task.parameters, way) for way in HERE)
    verdict = task.verdict(exercise, probes, first)
    for outcomes in others:
        if not all(map(alike, first, outcomes)):
            assert task.verdict(exercise, probes, outcomes) == verdict
    return verdict


def alike(one, other):
    """Tell whether two outcomes are the same, so that their verdicts need not be compared."""
    after = zip(one.after, other.after, strict=False)
    pairs = [(one.value, other.value), (one.grad, other.grad), *after]
    same = (
        a is b if a is None or b is None else a.dtype == b.dtype and torch.equal(a, b)
        for a, b in pairs
    )
    words = ("error", "kind", "grad_error", "called")
    return all(getattr(one, w) == getattr(other, w) for w in words) and all(same)


@pytest.mark.parametrize(("exercise", "attempt"), bank.RIGHT, ids=name_of)
def test_a_right_answer_passes_whatever_its_style(exercise, attempt):
    verdict = verdict_of(exercise, attempt)
    assert verdict.passed, verdict.message
    assert (verdict.exercise, verdict.misconceptions) == (exercise, ())
    assert verdict.message.startswith(f"{exercise}: correct\nRight on all ")


@pytest.mark.parametrize(("exercise", "slugs", "attempt"), bank.WRONG, ids=name_of)
def test_a_wrong_answer_is_refused_and_its_mistake_named(exercise, slugs, attempt):
    verdict = verdict_of(exercise, attempt)
    assert verdict.passed is False
    if slugs:
        assert verdict.misconceptions == slugs, verdict.message
    else:  # it has no name, so the verdict cites a law or says what kind of thing is off
        assert set(verdict.misconceptions) <= {law.slug for law in EXERCISES[exercise].laws}
    if verdict.status == "wrong":
        named = f" ({' and '.join(dict.fromkeys(verdict.misconceptions))})"
        first = f"{exercise}: not yet{named if verdict.misconceptions else ''}"
        assert verdict.message.splitlines()[0] == first
        assert verdict.example.got != verdict.example.expected


def test_a_dim_that_pytorch_guessed_right_is_not_a_mistake_but_is_pointed_out():
    verdict = check("classes_of_image", lambda x: F.softmax(x))
    assert verdict.passed
    assert "PyTorch guessed the right one this time" in verdict.message
    assert "guessed" not in check("classes_of_image", lambda x: F.softmax(x, dim=1)).message


@pytest.mark.parametrize("name", [name for name in EXERCISES if name.startswith("repair_head_")])
def test_a_head_can_be_repaired_with_pytorchs_own_loss(name):
    assert check(name, F.cross_entropy).passed
    assert check(name, lambda logits, targets: F.cross_entropy(-logits, targets)).status == "wrong"


@pytest.mark.parametrize("exercise", EXERCISES)
@pytest.mark.parametrize("stub", [lambda x, *rest, **more: ..., lambda *args: None, None, ...])
def test_a_stub_is_not_a_mistake(exercise, stub):
    says = "Replace the ... in the cell above with your code, run that cell, then run this one."
    verdict = check(exercise, stub)
    assert replace(verdict, offer="") == Verdict(exercise, "not begun", "not attempted yet", says)
    assert verdict.offer == str(verdict.hint())


def test_not_implemented_is_a_stub_too_but_only_a_bare_one():
    def stub(x, dim):
        raise NotImplementedError

    def torchs(x, dim):
        return x.to("meta") @ x.to_sparse()

    assert check("stable_softmax", stub).status == "not begun"
    assert check("stable_softmax", torchs).status == "wrong"


EVERY_EXERCISE = ", ".join(to_solve())


@pytest.mark.parametrize(
    ("exercise", "attempt", "near"),
    [
        ("stable_softmx", bank.amax, "stable_softmax"),
        ("repair_head", bank.amax, "repair_head_5"),  # five names are near
        ("merge", bank.amax, "merge_states"),  # less than two thirds of the name
        ("attend", bank.amax, "masked_attention"),  # nearer to a question, which takes no function
        ("add_tn", 20.0, "add_ten"),
    ],
)
def test_for_an_unknown_name_the_nearest_one_is_suggested(exercise, attempt, near):
    verdict = check(exercise, attempt)
    assert (verdict.status, verdict.passed, verdict.mistakes) == ("unusable", False, ())
    assert verdict.says == f'Did you mean "{near}"?\nThe exercises are: {EVERY_EXERCISE}.'


def test_a_result_in_place_of_the_function_is_recognised():
    verdict = check("softmax_1d", torch.ones(3))
    assert (verdict.status, verdict.misconceptions) == ("wrong", ("result-not-function",))
    assert verdict.message == (
        "softmax_1d: not yet (result-not-function)\n"
        "check needs your function itself, but got a Tensor.\n"
        'Write check("softmax_1d", my_function), without calling it.'
    )


@pytest.mark.parametrize("name", [None, 3, ["a"], {"a": 1}])
def test_any_exercise_name_gets_a_verdict(name):
    verdict = check(name, bank.amax)
    assert (verdict.exercise, verdict.passed, verdict.misconceptions) == (str(name), False, ())


def test_check_never_raises_whatever_the_kernels_state(monkeypatch):
    monkeypatch.setattr(torch, "arange", None)
    verdict = check("stable_softmax", bank.amax)
    assert isinstance(verdict, Verdict)
    monkeypatch.setattr(torch, "tensor", None)
    monkeypatch.setattr(torch, "isclose", None)
    monkeypatch.setattr(torch, "allclose", None)
    verdict = check("stable_softmax", bank.amax)
    assert verdict.status == "unusable"
    assert "Restart the kernel" in verdict.says


def test_the_example_has_two_slices_and_two_classes_where_the_mistake_allows_it():
    verdict = check("stable_softmax", bank.naive)
    assert verdict.example.given.startswith("x = [[0, 1, 2], [1000, 1001, 1002]], torch.float32")
    assert verdict.example.got.endswith("[nan, nan, nan]]")
    assert verdict.message.count("Hint:") == 1
    assert check("softmax_dim", lambda x, dim: bank.plain(x, 0)).example.given.startswith(
        "x = [[1, 2]"
    )


def test_the_example_shows_a_difference_in_the_digits_it_prints():
    def tiny_eps(scores, mask):
        exps = scores.masked_fill(~mask, -torch.inf).exp()
        return exps / (exps.sum(-1, keepdim=True) + 1e-5)

    verdict = check("masked_softmax", tiny_eps)
    assert verdict.example.got != verdict.example.expected
    assert "nan" in verdict.example.got  # not [1, 0] and [1, 0]


def test_the_small_example_that_is_furthest_off_is_shown():
    def summed_in_half(x, dim):
        exps = (x.float() - x.float().amax(dim, keepdim=True)).exp().to(x.dtype)
        return exps / exps.sum(dim, keepdim=True)

    example = check("half_softmax", summed_in_half).example  # not [0, 0, ...] of 70000
    assert example.tables.given.numel() == 6
    off = (example.tables.got.double() / example.tables.expected - 1).abs()
    assert off.max() > 0.005
    verdict = check("half_softmax", lambda x, dim: bank_further.half_wide(x.bfloat16(), dim).to(x))
    assert verdict.example.got == "[0.5, 0.5, 0]"  # of [70000, 69999, 0]

    def from_zero(a, b):
        largest = torch.maximum(a[0], b[0])
        base = largest.clamp(min=0)
        return torch.stack([largest, a[1] * (a[0] - base).exp() + b[1] * (b[0] - base).exp()])

    example = check("merge_states", from_zero).example  # a sum of 0 in a very negative row
    assert example.got == "[[2.5, -999], [1.5253, 0]]"


def test_a_mistake_without_a_name_is_explained_by_a_broken_law_with_its_numbers():
    def doubled(x, dim):
        return 2 * torch.softmax(x, dim)

    verdict = check("softmax_dim", doubled)
    assert verdict.misconceptions == ("wrong-divisor",)
    assert "sums to 2." in verdict.says
    assert verdict.hints
    verdict = check("softmax_dim", lambda x, dim: next(iter(())))
    assert verdict.message.startswith("softmax_dim: not yet\nYour function raises an error.")
    assert "got:      StopIteration: " in verdict.message


def test_the_verdict_says_where_it_goes_wrong_if_that_is_clear():
    def not_in_half(x, dim):
        return torch.softmax(x, dim) / (1 + (x.dtype.itemsize == 2))

    assert "on the inputs in a 16-bit dtype, but is right" in check("softmax_dim", not_in_half).says


@pytest.mark.parametrize(
    "attempt",
    [
        lambda x, dim: F.softmax(x, dim) if x.dim() != 2 else bank.amax(x, dim),
        lambda x, dim: F.softmax(x, dim) if x.dtype == torch.float16 else bank.amax(x, dim),
    ],
)
def test_calls_are_examined_on_all_inputs(attempt):
    assert check("stable_softmax", attempt).misconceptions == ("uses-torch-softmax",)


def test_no_output_or_warnings_appear_and_settings_are_left_unchanged():
    def noisy(x, dim):
        print("hello")
        warnings.warn("oh", stacklevel=1)
        torch.set_default_dtype(torch.float64)
        torch.manual_seed(7)
        torch.set_grad_enabled(False)
        return bank.amax(x, dim)

    torch.manual_seed(1)
    before = torch.get_rng_state()
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err), warnings.catch_warnings():
        warnings.simplefilter("error")
        check("stable_softmax", noisy)
    assert (out.getvalue(), err.getvalue()) == ("", "")
    assert torch.get_default_dtype() == torch.float32
    assert torch.is_grad_enabled()
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(
    "attempt",
    [
        torch.softmax,
        F.softmax,
        lambda x, dim: x.softmax(dim),
        lambda x, dim: torch.nn.Softmax(dim)(x),
        lambda x, dim: torch.ops.aten._softmax(x, dim, False),
        softmax_lessons.stable_softmax,
        lambda x, dim: softmax_lessons.stable_softmax(x, dim) * 1,
    ],
)
def test_pytorchs_own_softmax_gets_a_nudge(attempt):
    verdict = check("stable_softmax", attempt)
    assert (verdict.status, verdict.misconceptions) == ("nudge", ("uses-torch-softmax",))
    assert verdict.message.startswith("stable_softmax: that uses a ready-made function\n")
    assert not verdict.passed


RESULTS = [
    torch.tensor(1),
    torch.tensor(True),
    torch.tensor([]),
    torch.empty(0, 3),
    torch.full((3,), float("nan")),
    torch.full((3,), float("inf")),
    torch.full((2, 2), -float("inf")),
    torch.ones(2, 2, 2, 2, 2),
    torch.ones(3, dtype=torch.uint8),
    torch.zeros(3),
    torch.ones(1, 1).expand(4, 4),
    torch.full((3,), 1e-45),
    "text",
    {"a": 1},
    float("nan"),
]


@pytest.mark.parametrize("result", RESULTS, ids=str)
@pytest.mark.parametrize("exercise", EXERCISES)
def test_any_result_gets_a_verdict(exercise, result):
    task = EXERCISES[exercise]
    probes = task.probes()
    outcomes = [run(lambda *arguments: result, probe) for probe in probes]
    verdict = task.verdict(exercise, probes, outcomes)
    assert not verdict.passed
    assert "got:" in verdict.message
    assert verdict.example.got != verdict.example.expected
    assert verdict._repr_html_()


@pytest.mark.filterwarnings("ignore")  # torch.compile warns about its own internals
def test_a_compiled_answer_passes_without_waiting_for_the_compiler():
    assert check("stable_softmax", torch.compile(bank.amax)).passed


@pytest.mark.parametrize("factor", [0.5, 0.999, 1.5, -1.0])
def test_a_gradient_that_is_a_little_off_is_refused(factor):
    class Scaled(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x.clone()

        @staticmethod
        def backward(ctx, grad):
            return factor * grad

    verdict = check("stable_softmax", lambda x, dim: bank.amax(Scaled.apply(x), dim))
    assert not verdict.passed
    assert "its gradient isn't" in verdict.message
    assert "got:      gradient [[" in verdict.message


@pytest.mark.parametrize(
    ("attempt", "got", "expected"),
    [
        (lambda x, dim: print(x), "NoneType", "a tensor of shape (2, 2)"),
        (lambda x, dim: x[:1], "shape (1, 2)", "shape (2, 2)"),
        (lambda x, dim: 1 / 0, "ZeroDivisionError: division by zero", "a tensor of shape (2, 2)"),
        (
            lambda x, dim: bank.amax(x.double(), dim),
            "torch.float64",
            "torch.float32, like the input",
        ),
        (
            bank.minus_equals,
            "the right result, but the input is now [[-1, 0], [-2, 0]]",
            "the right result, and the",
        ),
        (lambda x, dim: bank.amax(x, dim).detach(), "a result without a gradient", "gradient [["),
        (bank.div_underscore, "in backward", "of (result * [1, 2, ...]).sum()"),
    ],
)
def test_the_message_says_what_it_got_and_what_was_expected(attempt, got, expected):
    example = check("stable_softmax", attempt).message.split("\n\n")[1]
    _, came_line, expected_line = example.splitlines()
    assert came_line.startswith("  got:      ")
    assert got in came_line
    assert expected_line.startswith("  expected: ")
    assert expected in expected_line


def test_the_message_names_everything_that_the_function_was_given():
    message = check("softmax_with_temperature", lambda logits, temperature: logits).message
    assert "f(logits, temperature) with logits = [[1, 1.25], [3, 3.5]], torch.float32, " in message
    assert "temperature = 0.25:" in message
    message = check("softmax_backward", lambda probs, grad, dim: grad).message
    assert re.search(
        r"f\(probs, grad, dim=-?\d\) with probs = \[.*\], torch.float32, grad = \[", message
    )


def test_an_error_that_has_a_name_is_shown_with_an_input_that_raises_it():
    def too_large_for_float16(scores, mask):
        return scores.masked_fill(~mask, -1e9).softmax(-1)

    verdict = check("masked_softmax", too_large_for_float16)
    assert verdict.misconceptions == ("fp16-overflowing-sentinel",)
    assert "torch.float16, mask = [[True, False, True], [False, True, True]]" in verdict.message
    assert "got:      RuntimeError: value cannot be converted" in verdict.message


def test_a_random_input_is_not_shown_if_a_fixed_one_goes_wrong():
    def right_for_twos(x):
        return torch.softmax(x, 1) / (1 + (max(x.shape) > 2))

    # the random one is half that size
    assert "x of shape (2, 3, 4, 5), at" in check("classes_of_image", right_for_twos).message


@pytest.mark.parametrize(
    ("exercise", "attempt"),
    [
        # three dims, a result whose shape differs from the input's, and 70000 entries
        ("classes_of_sequence", lambda x: x.softmax(0)),
        ("cross_entropy", lambda logits, targets: 2 * F.cross_entropy(logits, targets)),
        ("half_softmax", lambda x, dim: bank_further.half_wide(x, dim) * (x.numel() < 1000)),
    ],
)
def test_only_small_tables_are_drawn(exercise, attempt):
    verdict = check(exercise, attempt)
    assert not verdict.passed
    assert verdict.example.tables is None
    assert "<table" not in verdict._repr_html_()
    assert len(verdict.message) < 1000


@pytest.mark.parametrize("smallest", [1e-4, 1e-8, 1e-20])
@pytest.mark.parametrize("exercise", CORE)
def test_a_small_probability_must_not_become_0(exercise, smallest):
    def dropping(x, dim=0):
        exps = (x - x.amax(dim=dim, keepdim=True)).exp()
        probs = exps / exps.sum(dim=dim, keepdim=True)
        return probs * (probs > smallest)

    verdict = check(exercise, dropping)
    assert verdict.status == "wrong"
    assert "got:" in verdict.message


def test_only_the_slices_that_are_off_are_framed():
    box = check("stable_softmax", bank.plain_global_shift)._repr_html_()
    assert box.count("2px solid") == 9  # row 0 of the input and of both results
    assert box.count("1px solid") == 9


def test_a_function_name_that_is_not_a_string_does_no_harm():
    class Named:
        __name__ = 7

        def __call__(self, x, dim):
            return bank.amax(x, dim)

    assert check("stable_softmax", Named()).passed


ODD = {
    **{f"as {dtype}": lambda y, dtype=dtype: y.to(dtype) for dtype in DTYPES},
    "times 1e30": lambda y: 1e30 * y,
    "times 1e300": lambda y: 1e300 * y.double(),
    "times -1": torch.neg,
    "one over": torch.reciprocal,
    "nan": lambda y: y * torch.nan,
    "inf": lambda y: y.abs() * torch.inf,
    "-inf": lambda y: torch.full_like(y, -torch.inf),
    "zeros": torch.zeros_like,
    "ones": torch.ones_like,
    "whole": torch.round,
    "0-dim": torch.sum,
    "empty": lambda y: y[..., :0] if y.dim() else y.new_empty(0),
    "a dim more": lambda y: y[None],
    "a dim less": lambda y: y.flatten(),
    "transposed": lambda y: y.mT if y.dim() > 1 else y[None].mT,
    "every other": lambda y: y[..., ::2] if y.dim() else y,
    "doubled": lambda y: torch.cat([y, y], -1) if y.dim() else y,
    "backwards": lambda y: y.flip(-1) if y.dim() else -y,
    "first nan": lambda y: torch.where(torch.arange(y.numel()).reshape(y.shape) > 0, y, torch.nan),
}


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("name", EXERCISES)
def test_any_change_to_a_right_result_gets_a_verdict(name, odd):
    exercise = EXERCISES[name]
    probes = exercise.probes()

    def attempt(*given):
        return ODD[odd](exercise.reference(*given))

    outcomes = [run(attempt, probe) for probe in probes]
    verdict = exercise.verdict(name, probes, outcomes)
    assert verdict.says
    assert verdict.message
    assert verdict._repr_html_()


def test_for_a_wrong_shape_the_example_shows_shapes_instead_of_many_numbers():
    verdict = check("keys_of_attention", lambda x: x.softmax(-1).transpose(1, 2))
    assert "f(x) with x of shape (2, 3, 4, 5), torch.float32:\n  got:      shape (2, 4, 3, 5)" in (
        verdict.message
    )
    assert "with x = [[1, 2], [3, 5]], torch.float32:" in (
        check("softmax_dim", lambda x, dim: x.softmax(dim).flatten()).message
    )
