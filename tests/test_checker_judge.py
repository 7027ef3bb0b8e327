"""How the outcome of an attempt is compared with what is right, and how numbers are written."""

import bank
import pytest
import torch

from softmax_lessons.attempts.run import Outcome, Probe, run
from softmax_lessons.checker.judge import Expected, difference, expect, judge, number, numbers


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
    ("attempt", "property", "got", "expected"),
    [
        (lambda x, dim: 1 / 0, "error", "ZeroDivisionError: division by zero", "a tensor of shape"),
        (lambda x, dim: [0.5], "type", "list", "a tensor of shape (2, 2)"),
        (lambda x, dim: x[0], "shape", "shape (2,)", "shape (2, 2)"),
        (lambda x, dim: x, "values", "[[0, 0], [0, 0]]", "[[0.5, 0.5], [0.5, 0.5]]"),
        (
            lambda x, dim: bank.amax(x, dim).double(),
            "dtype",
            "torch.float64",
            "torch.float32, like",
        ),
        (
            lambda x, dim: bank.amax(x, dim) + 0 * x.add_(1),
            "input",
            "the right result, but the input is now [[1, 1], [1, 1]]",
            "the right result, and the input unchanged",
        ),
        (
            lambda x, dim: bank.amax(x, dim).detach(),
            "gradient",
            "a result without a gradient",
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
def test_an_outcome_is_judged_by_one_property_after_another(attempt, property, got, expected):
    probe = Probe(torch.zeros(2, 2), dim=1, gradient=True)
    failure = judge(probe, run(attempt, probe), expect(torch.softmax, probe))
    if property is None:
        assert failure is None
    else:
        assert failure.property == property
        assert failure.got.startswith(got)
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
def test_the_first_wrong_slice_of_a_large_result_is_shown(shape, dim, part):
    probe = Probe(torch.zeros(shape), dim)
    value = torch.zeros(shape)
    value[..., 1, 3 % shape[-1]] = 1
    value[0] = 0
    right = Expected(torch.zeros(shape, dtype=torch.float64), None)
    assert judge(probe, Outcome(kind="Tensor", value=value), right).part == part


def test_only_the_first_of_many_numbers_are_shown():
    assert numbers(torch.arange(12.0)) == "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]"
    assert numbers(torch.arange(13.0)) == "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, ... (13 in all)]"
    assert numbers(torch.tensor([[1.0], [2.5]])) == "[[1], [2.5]]"
    assert numbers(torch.tensor([True, False])) == "[True, False]"
    assert numbers(torch.tensor(3)) == "3"


@pytest.mark.parametrize(
    ("got", "wanted", "shown"),
    [
        ([0.25, 0.75], [0.5, 0.5], ("[0.25, 0.75]", "[0.5, 0.5]")),
        ([0.50001, 0.49999], [0.5, 0.5], ("[0.50001, 0.49999]", "[0.5, 0.5]")),
        ([0.5000001, 0.5], [0.5, 0.5], ("[0.5000001, 0.5]", "[0.5, 0.5]")),
        ([1.0, 1e-12], [1.0, 0.0], ("[1, 1e-12]", "[1, 0]")),
    ],
)
def test_got_and_expected_values_never_print_the_same(got, wanted, shown):
    probe = Probe(torch.zeros(2, dtype=torch.float64), 0)
    value = torch.tensor(got, dtype=torch.float64)
    right = Expected(torch.tensor(wanted, dtype=torch.float64), None)
    failure = judge(probe, Outcome(kind="Tensor", value=value, after=(probe.logits,)), right)
    assert (failure.got, failure.expected) == shown


def test_expected_numbers_are_representable_in_the_dtype():
    probe = Probe(torch.tensor([0.42578125, 1.078125, 5.3125]).bfloat16(), 0, rounding="last")
    outcome = Outcome(kind="Tensor", value=torch.zeros(3).bfloat16(), after=(probe.logits,))
    failure = judge(probe, outcome, expect(torch.softmax, probe))
    assert failure.expected == "[0.0074, 0.0142, 0.9766]"  # bfloat16 has no 0.9784


def test_a_difference_is_relative_and_nan_is_far():
    one, both = torch.tensor([1.0, 2.0], dtype=torch.float64), torch.tensor([True, True])
    assert difference(torch.tensor([1.0, 2.0]), one, both) == 0
    assert difference(torch.tensor([1.0, 3.0]), one, both) == 0.5
    assert difference(torch.tensor([1.0, float("nan")]), one, both) > 1e100
    inf = torch.tensor([float("inf"), 1.0], dtype=torch.float64)
    assert difference(inf.float(), inf, ~torch.isinf(inf)) == 0
