import io
import warnings
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import replace

import bank
import bank_further
import bank_loss  # noqa: F401
import pytest
import torch
import torch.nn.functional as F

import softmax_lessons
from softmax_lessons import check
from softmax_lessons.attempts.run import Outcome, Probe, run
from softmax_lessons.checker import choose, engine
from softmax_lessons.checker.exercises import exercises
from softmax_lessons.checker.hunts import hunts
from softmax_lessons.checker.judge import Expected, Failure, expect, judge, number, numbers
from softmax_lessons.checker.misconceptions import LIBRARY, Misconception
from softmax_lessons.checker.recipe import everything
from softmax_lessons.checker.verdict import Verdict

CORE = ("softmax_1d", "softmax_dim", "stable_softmax")
LAYOUTS = ("_of_batch", "_of_sequence", "_of_image", "_of_attention")
REPAIRS = [name for name in exercises() if name.startswith("repair_head_")]
# these are in the bank for softmax, and made of the same changes here
CARRIED_OVER = {m.slug for m in LIBRARY}


def name_of(value):
    return getattr(value, "__name__", None) or type(value).__name__ if callable(value) else None


@pytest.mark.parametrize(("exercise", "attempt"), bank.RIGHT, ids=name_of)
def test_a_right_answer_passes_whatever_its_style(exercise, attempt):
    verdict = check(exercise, attempt)
    assert verdict.passed, verdict.message
    assert (verdict.exercise, verdict.misconceptions) == (exercise, ())
    assert verdict.message.startswith(f"{exercise}: correct\nSame as PyTorch on all ")


@pytest.mark.parametrize(("exercise", "slugs", "attempt"), bank.WRONG, ids=name_of)
def test_a_wrong_answer_is_refused_and_its_mistake_named(exercise, slugs, attempt):
    verdict = check(exercise, attempt)
    assert verdict.passed is False
    assert (verdict.exercise, verdict.misconceptions) == (exercise, slugs), verdict.message
    if slugs != ("uses-torch-softmax",):
        named = f" ({' and '.join(slugs)})" if slugs else ""
        assert verdict.message.splitlines()[0] == f"{exercise}: not yet{named}"


@pytest.mark.parametrize("name", REPAIRS)
def test_a_head_may_be_repaired_with_pytorchs_own_loss(name):
    assert check(name, F.cross_entropy).passed
    for exercise, attempt in bank.RIGHT:
        assert exercise != "cross_entropy" or check(name, attempt).passed
    for exercise, slugs, attempt in bank.WRONG:
        if exercise == "cross_entropy" and slugs != ("uses-torch-softmax",):
            assert check(name, attempt).misconceptions == slugs


def test_the_bank_is_large_and_has_a_wrong_answer_for_every_misconception():
    in_bank = {(exercise, slug) for exercise, slugs, _ in bank.WRONG for slug in slugs}
    core = {name for name in exercises() if name in CORE or name.endswith(LAYOUTS)}
    slugs = {slug for exercise, slug in in_bank if exercise in core}
    named = {m.slug for name in core for m in exercises()[name].misconceptions}
    assert named - slugs == {"over-height", "endless-loop"}  # over-width; test_isolation
    for name in exercises().keys() - core - set(REPAIRS):
        assert sum(exercise == name for exercise, _ in bank.RIGHT) >= 15
        assert sum(exercise == name for exercise, _, _ in bank.WRONG) >= 25
        own = {m.slug for m in exercises()[name].misconceptions if m not in LIBRARY}
        assert {slug for slug in own if (name, slug) not in in_bank} <= CARRIED_OVER


def test_each_misconception_has_its_own_words_and_a_way_to_be_recognised():
    assert len({m.says for m in LIBRARY}) == len(LIBRARY)
    assert all(m.says and m.hint and m.second_hint for m in LIBRARY)
    assert all(m.faces or m.fit or m.trace or m.where or m.error for m in LIBRARY)


NOT_BEGUN = (
    "not attempted yet\nReplace the ... in the cell above with your code, run that cell, "
    "then run this one."
)
EVERY_EXERCISE = ", ".join((*exercises(), *hunts()))


@pytest.mark.parametrize("exercise", exercises())
@pytest.mark.parametrize("stub", [lambda x, *rest, **more: ..., None, ...])
def test_a_stub_is_not_a_mistake(exercise, stub):
    assert check(exercise, stub) == Verdict(exercise, False, (), f"{exercise}: {NOT_BEGUN}")


def test_not_implemented_is_a_stub_too():
    def stub(x, dim):
        raise NotImplementedError

    assert "not attempted yet" in check("stable_softmax", stub).message


@pytest.mark.parametrize(
    ("exercise", "attempt", "passed", "slugs", "says"),
    [
        (
            "softmax_1d",
            torch.ones(3),
            False,
            ("result-not-function",),
            "softmax_1d: not yet (result-not-function)\n"
            "check needs your function itself, and got a Tensor.\n"
            'Write check("softmax_1d", my_function), without calling it.',
        ),
        (
            "stable_softmx",
            bank.amax,
            False,
            (),
            'There is no exercise "stable_softmx".\nDid you mean "stable_softmax"?\n'
            f"The exercises are: {EVERY_EXERCISE}.",
        ),
        (
            "repair_head",  # five names are near
            bank.amax,
            False,
            (),
            'There is no exercise "repair_head".\nDid you mean "repair_head_5"?\n'
            f"The exercises are: {EVERY_EXERCISE}.",
        ),
        (
            "merge",  # less than two thirds of the name
            bank.amax,
            False,
            (),
            'There is no exercise "merge".\nDid you mean "merge_states"?\n'
            f"The exercises are: {EVERY_EXERCISE}.",
        ),
        (
            "softmax_1d",
            bank.row_plain,
            True,
            (),
            "softmax_1d: correct\nSame as PyTorch on all 9 inputs tried.",
        ),
    ],
)
def test_a_verdict_is_this_and_no_more(exercise, attempt, passed, slugs, says):
    assert check(exercise, attempt) == Verdict(exercise, passed, slugs, says)


@pytest.mark.parametrize("name", [None, 3, ["a"], {"a": 1}])
def test_any_exercise_name_gets_a_verdict(name):
    verdict = check(name, bank.amax)
    assert (verdict.exercise, verdict.passed, verdict.misconceptions) == (str(name), False, ())


def test_the_message_shows_the_smallest_input_what_came_and_what_was_expected():
    message = check("stable_softmax", bank.naive).message
    assert "x = [1000, 1001], torch.float32" in message
    assert "came:     [nan, nan]" in message
    assert "expected: [0.2689, 0.7311]" in message
    assert "Hint:" in message


def test_a_mistake_without_a_name_shows_the_property_that_fails():
    def doubled(x, dim):
        return 2 * torch.softmax(x, dim)

    assert "differ from PyTorch's" in check("softmax_dim", doubled).message
    assert "raises an error" in check("softmax_dim", lambda x, dim: 1 / 0).message
    assert (
        "ZeroDivisionError: division by zero" in check("softmax_dim", lambda x, dim: 1 / 0).message
    )


def test_a_difference_in_a_large_input_is_shown_where_it_is():
    def two_dims_only(x, dim):
        return torch.softmax(x, dim) if x.dim() < 4 else torch.softmax(x, dim).flip(0)

    message = check("softmax_dim", two_dims_only).message
    assert "x of shape (2, 3, 4, 5), at [:, 0, 0, 0], where x is [0.7082, " in message


def test_the_verdict_shows_itself_as_text_and_as_a_box():
    verdict = check("stable_softmax", lambda x, dim: x["<b>"])
    assert repr(verdict) == verdict.message
    assert "<div" in verdict._repr_html_()
    assert "<b>" not in verdict._repr_html_()


def test_nothing_is_printed_or_warned_and_the_settings_stay():
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


def test_check_answers_under_no_grad_and_after_a_learner_changed_the_default_dtype():
    with torch.no_grad():
        assert check("stable_softmax", bank.amax).passed
    torch.set_default_dtype(torch.float64)
    try:
        assert check("stable_softmax", bank.amax).passed
        assert check("softmax_1d", bank.row_plain).passed
    finally:
        torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize("exercise", exercises())
def test_the_probes_tell_all_misconceptions_apart(exercise):
    chosen, not_told_apart = choose.smallest(exercises()[exercise])
    assert not_told_apart == []
    assert exercises()[exercise].telling == chosen


def test_a_pair_that_no_probe_tells_apart_is_found():
    exercise = exercises()["softmax_dim"]
    twin = Misconception("twin", "", "", "", faces=({"sum_dim": everything},))
    misconceptions = (*exercise.misconceptions, twin)
    _, lost = choose.smallest(replace(exercise, misconceptions=misconceptions))
    assert ("global-sum", "twin") in lost


def test_a_second_failure_of_the_same_kind_gets_the_next_hint():
    engine._TRIES.clear()
    assert "Hint: Who competes" in check("softmax_dim", bank.sum_of_all).message
    assert "`keepdim=True`" in check("softmax_dim", bank.sum_of_all).message
    # another exercise begins with the first hint again
    assert "Hint: Who competes" in check("stable_softmax", bank.sum_of_all).message


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (2.0, "2"),
        (0.123456, "0.1235"),
        (0.001, "0.001"),
        (0.00012345, "0.000123"),
        (-1e-7, "-1e-07"),
        (99999.0, "99999"),
        (100000.0, "1e+05"),
        (float("-inf"), "-inf"),
    ],
)
def test_a_number_is_short_and_a_small_one_is_not_0(value, text):
    assert number(value) == text


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
    assert check("stable_softmax", attempt) == Verdict(
        "stable_softmax",
        False,
        ("uses-torch-softmax",),
        "stable_softmax: that is made already\nPyTorch's own function is right, and in your "
        "models it is what you should write. Here the point is to build it yourself, from "
        "smaller steps.",
    )


def test_the_box_draws_the_example_and_marks_what_is_off():
    box = check("stable_softmax", bank.plain_global_shift)._repr_html_()
    assert box.count("<table") == 3
    assert box.count("✗") == 3
    assert "f(x, dim=1) gives" in box
    assert "<table" not in check("stable_softmax", bank.minus_equals)._repr_html_()


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
@pytest.mark.parametrize("exercise", exercises())
def test_whatever_comes_back_gets_a_verdict(exercise, result):
    count = len(exercises()[exercise].parameters)
    attempts = (lambda x: result, lambda x, dim: result, lambda x, y, dim: result)
    verdict = check(exercise, attempts[count - 1])
    assert not verdict.passed
    assert "came:" in verdict.message
    assert verdict._repr_html_()


@pytest.mark.filterwarnings("ignore")  # torch.compile warns of its own internals
def test_a_compiled_answer_is_not_kept_waiting():
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
    assert "its gradient is not" in verdict.message
    assert "came:     gradient [[" in verdict.message


@pytest.mark.parametrize(
    ("attempt", "came", "expected"),
    [
        (lambda x, dim: None, "NoneType", "a tensor of shape (2,)"),
        (lambda x, dim: x[:1], "shape (1,)", "shape (2,)"),
        (lambda x, dim: 1 / 0, "ZeroDivisionError: division by zero", "a tensor of shape (2,)"),
        (lambda x, dim: bank.amax(x.double(), dim), "torch.float64", "torch.float32, as the input"),
        (
            bank.minus_equals,
            "the right result, but the input is now [-1, 0]",
            "the right result, and the",
        ),
        (lambda x, dim: bank.amax(x, dim).detach(), "a result that has no gradient", "gradient [["),
        (bank.div_underscore, "in backward", "of (result * [1, 2, ...]).sum()"),
    ],
)
def test_the_message_says_what_came_and_what_was_expected(attempt, came, expected):
    example = check("stable_softmax", attempt).message.split("\n\n")[1]
    _, came_line, expected_line = example.splitlines()
    assert came_line.startswith("  came:     ")
    assert came in came_line
    assert expected_line.startswith("  expected: ")
    assert expected in expected_line


@pytest.mark.parametrize(
    ("attempt", "property", "came", "expected"),
    [
        (lambda x, dim: 1 / 0, "error", "ZeroDivisionError: division by zero", "a tensor of shape"),
        (lambda x, dim: [0.5], "type", "list", "a tensor of shape (2, 2)"),
        (lambda x, dim: x[0], "shape", "shape (2,)", "shape (2, 2)"),
        (lambda x, dim: x, "values", "[[0, 0], [0, 0]]", "[[0.5, 0.5], [0.5, 0.5]]"),
        (lambda x, dim: bank.amax(x, dim).double(), "dtype", "torch.float64", "torch.float32, as"),
        (
            lambda x, dim: bank.amax(x, dim) + 0 * x.add_(1),
            "input",
            "the right result, but the input is now [[1, 1], [1, 1]]",
            "the right result, and the input as it was",
        ),
        (
            lambda x, dim: bank.amax(x, dim).detach(),
            "gradient",
            "a result that has no gradient",
            "gradient [[-0.25, 0.25], [-0.25, 0.25]] of (result * [1, 2, ...]).sum()",
        ),
        (
            lambda x, dim: bank.amax(3 * x, dim),
            "gradient",
            "gradient [[-0.75, 0.75], [-0.75, 0.75]]",
            "gradient [[-0.25, 0.25], [-0.25, 0.25]] of (result * [1, 2, ...]).sum()",
        ),
        (
            bank.div_underscore,
            "gradient",
            "RuntimeError: one of the variables needed for gradient computation",
            "gradient [[-0.25, 0.25], [-0.25, 0.25]] of (result * [1, 2, ...]).sum()",
        ),
        (bank.amax, None, "", ""),
    ],
)
def test_an_outcome_is_judged_by_one_property_after_another(attempt, property, came, expected):
    probe = Probe(torch.zeros(2, 2), dim=1, gradient=True)
    failure = judge(probe, run(attempt, probe), expect(torch.softmax, probe))
    if property is None:
        assert failure is None
    else:
        assert failure.property == property
        assert failure.came.startswith(came)
        assert failure.expected.startswith(expected)


@pytest.mark.parametrize(
    ("shape", "dim", "part"),
    [
        ((3, 3), 1, ()),
        ((2, 5), 1, (1, slice(None))),
        ((2, 5), -2, (slice(None), 3)),
        ((2, 2, 5), (1, 2), (1, slice(None), slice(None))),
    ],
)
def test_of_a_large_result_the_first_slice_that_is_off_is_shown(shape, dim, part):
    probe = Probe(torch.zeros(shape), dim)
    value = torch.zeros(shape)
    value[..., 1, 3 % shape[-1]] = 1
    value[0] = 0
    right = Expected(torch.zeros(shape, dtype=torch.float64), None)
    assert judge(probe, Outcome(kind="Tensor", value=value), right).part == part


def test_of_many_numbers_the_first_are_shown():
    assert numbers(torch.arange(12.0)) == "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]"
    assert numbers(torch.arange(13.0)) == "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, ... (13 in all)]"
    assert numbers(torch.tensor([[1.0], [2.5]])) == "[[1], [2.5]]"
    assert numbers(torch.tensor([True, False])) == "[True, False]"
    assert numbers(torch.tensor(3)) == "3"


@pytest.mark.parametrize(
    ("property", "says"),
    [
        ("error", "Your function raises an error."),
        ("type", "Your function does not return a tensor."),
        ("shape", "The result has another shape than it should."),
        ("values", "The numbers differ from PyTorch's."),
        ("dtype", "The result has another dtype than the input."),
        ("input", "Your function changes a tensor it was given."),
        ("gradient", "The result is right, but its gradient is not."),
    ],
)
def test_without_a_name_the_property_that_fails_is_told(property, says):
    exercise = exercises()["softmax_dim"]
    failure = Failure(property, "this", "that")
    message = engine._explain("softmax_dim", exercise, exercise.probes[0], failure, ())
    assert message.startswith(f"softmax_dim: not yet\n{says}\n\nf(x, dim=1) with x = [[1, 2], ")
    assert message.endswith("  came:     this\n  expected: that")


@pytest.mark.parametrize(
    ("exercise", "attempt", "dim", "title"),
    [
        ("stable_softmax", bank.plain_global_shift, 1, "x"),
        ("softmax_dim", lambda x, dim: bank.amax(x, 0), 1, "x"),
        ("softmax_dim", lambda x, dim: bank.amax(x, 1 if dim == -2 else dim), 0, "x"),
        ("softmax_1d", lambda x: 2**x / (2**x).sum(), None, "x"),
        (
            "classes_of_image",
            lambda x: x.softmax(-1),
            None,
            "x[0, :, 0, 0], x of shape (2, 2, 2, 2)",
        ),
    ],
)
def test_the_example_knows_its_slices_and_its_place(exercise, attempt, dim, title):
    example = check(exercise, attempt).example
    assert (example.dim, example.title) == (dim, title)
    assert example.given.shape == example.came.shape == example.expected.shape
    assert example.differs.any()
    assert torch.equal(
        example.differs, ~torch.isclose(example.came, example.expected.float(), equal_nan=True)
    )


def test_the_message_names_everything_that_the_function_was_given():
    message = check("softmax_with_temperature", lambda logits, temperature: logits).message
    assert (
        "f(logits, temperature) with logits = [1, 0], torch.float32, temperature = 2.0:" in message
    )
    message = check("softmax_backward", lambda probs, grad, dim: grad).message
    assert "f(probs, grad, dim=0) with probs = [0.9082, 0.0918], torch.float32, grad = [" in message


def test_an_error_that_has_a_name_is_shown_with_an_input_that_raises_it():
    def too_large_for_float16(scores, mask):
        return scores.masked_fill(~mask, -1e9).softmax(-1)

    verdict = check("masked_softmax", too_large_for_float16)
    assert verdict.misconceptions == ("fp16-overflowing-sentinel",)
    assert "torch.float16, mask = [[True, False, True], [False, True, True]]" in verdict.message
    assert "came:     RuntimeError: value cannot be converted" in verdict.message


def test_of_inputs_that_raise_an_error_the_smallest_is_shown():
    message = check("softmax_dim", lambda x, dim: xs.exp()).message  # noqa: F821
    assert "f(x, dim=0) with x = [2, 1, 0.1], torch.float32:" in message


def test_an_input_drawn_anew_is_not_shown_if_a_fixed_one_goes_wrong():
    def right_for_twos(x):
        return torch.softmax(x, 1) / (1 + (max(x.shape) > 2))

    # the one drawn anew is of half that size
    assert "x of shape (2, 3, 4, 5), at" in check("classes_of_image", right_for_twos).message


@pytest.mark.parametrize(
    ("exercise", "attempt"),
    [
        # three dims, a result of another shape than the input, and 70000 entries
        ("classes_of_sequence", lambda x: x.softmax(0)),
        ("cross_entropy", lambda logits, targets: 2 * F.cross_entropy(logits, targets)),
        ("half_softmax", lambda x, dim: bank_further.half_wide(x, dim) * (x.numel() < 1000)),
    ],
)
def test_what_is_no_small_table_is_not_drawn(exercise, attempt):
    verdict = check(exercise, attempt)
    assert not verdict.passed
    assert verdict.example is None
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
    assert (verdict.passed, verdict.misconceptions) == (False, ())
    assert "came:" in verdict.message


def test_only_the_slices_that_are_off_are_framed():
    box = check("stable_softmax", bank.plain_global_shift)._repr_html_()
    assert box.count("2px solid") == 9  # row 0 of the input and of both results
    assert box.count("1px solid") == 9


def test_a_name_that_is_no_text_costs_nothing():
    class Named:
        __name__ = 7

        def __call__(self, x, dim):
            return bank.amax(x, dim)

    assert check("stable_softmax", Named()).passed
