"""One call of a learner's function: how it is called, and how its result is recorded."""

import sys
from collections import namedtuple

import pytest
import torch

from softmax_lessons import stable_softmax
from softmax_lessons.attempts.run import (
    LONGEST_ERROR,
    Probe,
    bind_arguments,
    calls,
    described,
    does_nothing,
    run,
    weighted_sum,
)

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
def test_the_kind_of_result_is_named(result, kind):
    outcome = run(lambda logits, dim: result, PROBE)
    assert outcome.kind == kind
    assert (outcome.value is None) == (kind != "Tensor")


def test_the_gradient_is_of_a_sum_that_weights_every_entry_differently():
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


def test_a_second_argument_named_dim_is_passed_by_name_and_any_other_by_position():
    def swapped(dim=0, x=None):
        return x, dim

    def by_name(x, *, dim):
        return x, dim

    parameters = ("x", "dim")
    assert bind_arguments(by_name, parameters)("logits", 1) == ("logits", 1)
    assert bind_arguments(lambda x, axis: (x, axis), parameters)("logits", 1) == ("logits", 1)
    assert bind_arguments(swapped, parameters)("logits", 1) == (1, "logits")
    assert bind_arguments(max, parameters)(2, 1) == 2
    assert bind_arguments(lambda x: x, ("x",))("logits", 1) == "logits"
    assert bind_arguments(lambda x, k: (x, k), ("x", "k"))("logits", 1) == ("logits", 1)


def test_a_compiled_function_is_called_uncompiled():
    def plain(x, dim):
        return x

    compiled = torch.compile(plain, backend="eager")
    assert bind_arguments(compiled, ("x", "temperature")) is plain


def names_called(attempt, operators=False):
    with calls(operators) as names:
        run(attempt, PROBE)
    return names


def test_the_functions_that_an_attempt_calls_are_recorded():
    def before(frame, event, argument):
        pass

    sys.setprofile(before)
    try:
        names = names_called(lambda x, dim: stable_softmax(torch.exp(x).log().sum(dim=0), dim=0))
        assert sys.getprofile() is before
    finally:
        sys.setprofile(None)
    assert {"exp", "log", "sum", "stable_softmax"} <= names
    assert "log_softmax" not in names


def test_a_learners_own_functions_are_not_recorded_and_keyword_arguments_get_through():
    def softmax(x):
        return torch.log_softmax(x, dim=0).exp()

    names = names_called(lambda x, dim: softmax(x))
    assert "softmax" not in names
    assert {"log_softmax", "exp"} <= names


@pytest.mark.filterwarnings("ignore:`torch.jit.script`")  # deprecated, but still around
def test_operators_are_recorded_under_their_own_names():
    assert "softmax" in names_called(lambda x, dim: torch.ops.aten._softmax(x, 1, False))
    scripted = torch.jit.script(torch.nn.Softmax(1))
    assert "softmax" not in names_called(lambda x, dim: scripted(x))
    names = names_called(lambda x, dim: scripted(x).exp(), operators=True)
    assert {"softmax", "exp"} <= names
    assert not [name for name in names if name.startswith("_") or "::" in name]


class MuteError(Exception):
    def __str__(self):
        raise ValueError


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ValueError("oh"), "ValueError: oh"),
        (KeyboardInterrupt(), "KeyboardInterrupt: "),
        (MuteError(), "MuteError: "),
        (ValueError("\ud800 half a letter"), "ValueError: \\ud800 half a letter"),
        (ValueError("x" * 10**6), f"ValueError: {'x' * LONGEST_ERROR}..."),
    ],
)
def test_an_error_is_described_in_a_few_words_whatever_it_says(error, text):
    def fails(x, dim):
        raise error

    assert described(error) == run(fails, PROBE).error == text


def documented(x, dim):
    """Return softmax."""


def passes(x, dim):
    pass


def stub(x, dim):
    """Return softmax."""
    return ...


def none_at_the_end(x, dim):
    x.exp()


@pytest.mark.parametrize(
    ("attempt", "empty"),
    [
        (documented, True),
        (passes, True),
        (stub, True),
        (none_at_the_end, False),
        (lambda x, dim: 0, False),
        (lambda x, dim: x, False),
        (torch.softmax, False),
    ],
)
def test_a_function_with_nothing_in_it_is_a_stub(attempt, empty):
    assert does_nothing(attempt) == empty
    assert (run(bind_arguments(attempt, ("x", "dim")), PROBE).kind == "ellipsis") == empty
