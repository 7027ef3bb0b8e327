"""One call of a learner's function: how it is called, and how what comes is written down."""

import sys
from collections import namedtuple

import pytest
import torch

from softmax_lessons import stable_softmax
from softmax_lessons.attempts.run import Probe, as_called, calls, operators, run, weighted_sum

LOGITS = torch.tensor([[2.0, 1.0], [0.5, 0.0]])
PROBE = Probe(LOGITS, dim=1, gradient=True)


class Named(torch.Tensor):
    """A tensor that could override everything."""


Pair = namedtuple("Pair", "values indices")
Liar = type("Tensor", (), {})


@pytest.mark.parametrize(
    ("result", "kind"),
    [
        (LOGITS, "Tensor"),
        (torch.nn.Parameter(LOGITS), "Tensor"),
        (None, "NoneType"),
        ([0.5, 0.5], "list"),
        ((LOGITS,), "tuple"),
        (Pair(LOGITS, LOGITS), "tuple"),
        (LOGITS.max(dim=1), "tuple"),
        (LOGITS.as_subclass(Named), "Named"),
        (Liar(), "no Tensor"),
        (LOGITS.to_sparse(), "sparse_coo tensor on cpu"),
        (LOGITS.to("meta"), "strided tensor on meta"),
        (LOGITS + 1j, "complex64 tensor"),
    ],
)
def test_what_comes_is_named(result, kind):
    outcome = run(lambda logits, dim: result, PROBE)
    assert outcome.kind == kind
    assert (outcome.value is None) == (kind != "Tensor")


def test_the_gradient_is_that_of_a_sum_in_which_no_two_entries_count_alike():
    assert weighted_sum(torch.tensor([[1.0, 10.0], [100.0, 1000.0]])).item() == 1 + 20 + 300 + 4000
    half = torch.ones(3, dtype=torch.float16)
    assert weighted_sum(half).dtype == torch.float16
    outcome = run(lambda logits, dim: logits * 3, PROBE)
    assert outcome.grad.tolist() == [[3.0, 6.0], [9.0, 12.0]]


def test_a_result_that_does_not_depend_on_the_logits_has_no_gradient():
    def other(logits, dim):
        return torch.ones(2, 2, requires_grad=True) * 1

    outcome = run(other, PROBE)
    assert outcome.grad is None
    assert outcome.grad_error == ""


def test_a_second_argument_named_dim_is_passed_by_name_and_any_other_by_place():
    def swapped(dim=0, x=None):
        return x, dim

    def by_name(x, *, dim):
        return x, dim

    parameters = ("x", "dim")
    assert as_called(by_name, parameters)("logits", 1) == ("logits", 1)
    assert as_called(lambda x, axis: (x, axis), parameters)("logits", 1) == ("logits", 1)
    assert as_called(swapped, parameters)("logits", 1) == (1, "logits")
    assert as_called(max, parameters)(2, 1) == 2
    assert as_called(lambda x: x, ("x",))("logits", 1) == "logits"
    assert as_called(lambda x, k: (x, k), ("x", "k"))("logits", 1) == ("logits", 1)


def test_an_optimized_function_is_called_as_it_was_before():
    def plain(x, dim):
        return x

    compiled = torch.compile(plain, backend="eager")
    assert as_called(compiled, ("x", "temperature")) is plain


def test_the_functions_that_an_attempt_calls_are_known():
    def before(frame, event, argument):
        pass

    sys.setprofile(before)
    try:
        names = calls(lambda x, dim: stable_softmax(torch.exp(x).log().sum(dim=0), dim=0), PROBE)
        assert sys.getprofile() is before
    finally:
        sys.setprofile(None)
    assert {"exp", "log", "sum", "stable_softmax"} <= names
    assert "log_softmax" not in names


def test_the_functions_of_a_learner_are_not_among_them_and_keywords_arrive():
    def softmax(x):
        return torch.log_softmax(x, dim=0).exp()

    names = calls(lambda x, dim: softmax(x), PROBE)
    assert "softmax" not in names
    assert {"log_softmax", "exp"} <= names


def test_operators_are_known_by_their_own_name():
    names = operators(lambda x, dim: x.softmax(dim).exp(), PROBE)
    assert {"softmax", "exp"} <= names
    assert not [name for name in names if name.startswith("_") or "::" in name]
    assert "softmax" in operators(lambda x, dim: torch.ops.aten._softmax(x, 1, False), PROBE)
