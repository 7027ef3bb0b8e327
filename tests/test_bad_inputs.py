"""How every public function refuses bad input: it names itself, what it wants and what it got."""

import inspect
import re
import warnings
from functools import partial

import numpy as np
import pytest
import torch

from softmax_lessons import dtypes, explorers, functions, online
from softmax_lessons.dtypes import limits
from softmax_lessons.explorers import dim_explorer, softmax_explorer
from softmax_lessons.functions import (
    cross_entropy,
    log_softmax,
    logsumexp,
    naive_softmax,
    require_logits,
    stable_softmax,
)
from softmax_lessons.online import (
    cross_entropy_sharded,
    merge,
    run_processes,
    softmax,
    softmax_file,
    softmax_sharded,
    state_of,
)
from softmax_lessons.plots import show
from softmax_lessons.workspace import prepare

X = torch.ones(4, 6)
CLASSES = torch.zeros(4, dtype=torch.int64)
GRADIENT = torch.ones(4, 6, requires_grad=True)
ROW = np.ones(3)
READ_ONLY = np.ones(3)
READ_ONLY.flags.writeable = False
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # both warn that they are prototypes
    NESTED = torch.nested.nested_tensor([torch.ones(2), torch.ones(3)])
    QUANTIZED = torch.quantize_per_tensor(X, 0.1, 0, torch.quint8)


# what every function that takes logits and a dim says about bad ones
LOGITS = [
    ([1.0, 2.0], 0, TypeError, r"of logits, got list; use torch.tensor\(...\)$"),
    (np.ones(3), 0, TypeError, "a torch.Tensor of logits, got ndarray"),
    (None, 0, TypeError, "a torch.Tensor of logits, got NoneType"),
    (CLASSES, 0, TypeError, r"got torch.int64; use x.float\(\)$"),
    (X > 0, 0, TypeError, r"got torch.bool; use x.float\(\)$"),
    (X.to(torch.complex64), 0, TypeError, r"got torch.complex64; .*: pass x.real or x.abs\(\)$"),
    (X.to(torch.float8_e5m2), 0, TypeError, r"got torch.float8_e5m2; use x.float\(\)$"),
    (QUANTIZED, 0, TypeError, "got torch.quint8"),
    (X.to_sparse(), 0, TypeError, r"a dense tensor of logits, got torch.sparse_coo"),
    (NESTED, 0, TypeError, "a dense tensor of logits, got a nested one"),
    (X, 2, IndexError, r"got dim=2, but logits of shape \(4, 6\) have dims -2 to 1"),
    (X, -3, IndexError, "got dim=-3"),
    (X.sum(), 1, IndexError, r"got dim=1, but logits of shape \(\) have dims -1 to 0"),
    (X, 1.0, TypeError, "an integer dim, got 1.0"),
    (X, None, TypeError, "an integer dim, got None"),
    (X, "1", TypeError, "an integer dim, got '1'"),
    (X, True, TypeError, "an integer dim, got True"),
    (X, (0, 1), TypeError, r"an integer dim, got \(0, 1\)"),
    (X, torch.tensor(1.0), TypeError, r"an integer dim, got tensor\(1.\)"),
]
TAKE_LOGITS = (naive_softmax, stable_softmax, log_softmax, logsumexp, state_of, softmax)
EMPTY = torch.ones(2, 0)
TABLE = [
    *((f, (x, dim), error, says) for f in TAKE_LOGITS for x, dim, error, says in LOGITS),
    (require_logits, (X, 2, "require_logits"), IndexError, "got dim=2"),
    (logsumexp, (X, 0, "yes"), TypeError, "keepdim=True or False, got 'yes'"),
    # cross_entropy
    *((cross_entropy, (x, CLASSES), *rest) for x, dim, *rest in LOGITS if dim == 0),
    (cross_entropy, (X, [0] * 4), TypeError, r"of targets, got list; use torch.tensor\(...\)$"),
    (
        cross_entropy,
        (X, CLASSES.int()),
        TypeError,
        r"int64 .*, got torch.int32; use targets.long\(\)",
    ),
    (cross_entropy, (X, X.to(torch.complex64)), TypeError, "got torch.complex64"),
    (cross_entropy, (X, X.to(torch.float8_e5m2)), TypeError, "got torch.float8_e5m2"),
    (cross_entropy, (X, CLASSES.to_sparse()), TypeError, "got torch.sparse_coo"),
    (cross_entropy, (X, CLASSES[:3]), ValueError, r"\(4,\) for logits .*, got \(3,\)"),
    (cross_entropy, (X, X.T), ValueError, r"\(4, 6\) for logits .*, got \(6, 4\)"),
    (cross_entropy, (X[..., None], CLASSES), ValueError, r"\(4, 1\) for .*, got \(4,\)"),
    (cross_entropy, (X, CLASSES + 6), IndexError, "target class 6, but logits .* 0 to 5"),
    (cross_entropy, (X, CLASSES - 1), IndexError, "target class -1, but logits .* 0 to 5"),
    (cross_entropy, (X.sum(), CLASSES), ValueError, r"\(classes,\) .*, got \(\)"),
    (cross_entropy, (EMPTY, CLASSES[:2]), ValueError, r"one class, got .* \(2, 0\)"),
    # limits
    *(
        (limits, (dtype,), TypeError, f"got {dtype}")
        for name in ("int64", "uint8", "uint16", "bool", "complex64", "qint8", "bits8")
        for dtype in [getattr(torch, name)]
    ),
    *(
        (limits, (got,), TypeError, f"got {re.escape(repr(got)[:60])}")
        for got in ("float32", np.float32, float, None, X)
    ),
    # online
    *((f, (EMPTY,), ValueError, r"no entries .* \(2, 0\)") for f in (state_of, softmax)),
    *((f, (X.sum(),), ValueError, r"no entries .* \(\)") for f in (state_of, softmax)),
    *(
        (f, (X.half(),), TypeError, "got torch.float16")
        for f in (state_of, softmax, softmax_sharded)
    ),
    *((softmax_sharded, (x,), *rest) for x, dim, *rest in LOGITS if dim == 0),
    (softmax_sharded, (EMPTY,), ValueError, r"no entries .* \(2, 0\)"),
    (softmax_sharded, (X,), RuntimeError, "init_process_group"),
    *((cross_entropy_sharded, (x, CLASSES), *rest) for x, dim, *rest in LOGITS if dim == 0),
    (cross_entropy_sharded, (X.half(), CLASSES), TypeError, "got torch.float16"),
    (cross_entropy_sharded, (EMPTY, CLASSES), ValueError, r"no entries .* \(2, 0\)"),
    (cross_entropy_sharded, (X, CLASSES.int()), TypeError, "int64 targets, got torch.int32"),
    (cross_entropy_sharded, (X, [0]), TypeError, "int64 targets, got list"),
    (cross_entropy_sharded, (X, CLASSES[:1]), ValueError, r"got \(4, 6\) and \(1,\)"),
    (cross_entropy_sharded, (X[0], CLASSES), ValueError, r"got \(6,\) and \(4,\)"),
    (cross_entropy_sharded, (X, CLASSES), RuntimeError, "init_process_group"),
    (softmax, (GRADIENT,), ValueError, "has no gradient, got logits that require one"),
    *(
        (f, arguments, error, says)
        for f, first in ((softmax, (X, 1)), (softmax_file, (ROW, ROW)))
        for arguments, error, says in (
            ((*first, 0), ValueError, "a chunk of 1 or more, got 0"),
            ((*first, -3), ValueError, "a chunk of 1 or more, got -3"),
            ((*first, 2.5), TypeError, "an integer chunk, got 2.5"),
            ((*first, True), TypeError, "an integer chunk, got True"),
            ((*first, "3"), TypeError, "an integer chunk, got '3'"),
            ((*first, None), TypeError, "an integer chunk, got None"),
        )
    ),
    (softmax_file, ([1.0], [1.0]), TypeError, "NumPy arrays of .*, got list"),
    (softmax_file, (torch.ones(3), ROW), TypeError, "got torch.float32"),
    (softmax_file, (ROW, torch.ones(3)), TypeError, "got torch.float32"),
    (softmax_file, (ROW.astype("f2"), ROW), TypeError, "got float16"),
    (softmax_file, (ROW, ROW.astype("i8")), TypeError, "got int64"),
    (softmax_file, (ROW.astype(">f8"), ROW), TypeError, "got >f8"),
    (softmax_file, (ROW, np.ones(2)), ValueError, r"the same shape .*\(3,\) .*\(2,\)"),
    (softmax_file, (ROW, ROW.astype("f4")), ValueError, "the same .*dtype, got .*64 .*32"),
    (softmax_file, (np.ones((2, 2)),) * 2, ValueError, r"got \(2, 2\)"),
    (softmax_file, (np.ones(0),) * 2, ValueError, r"one entry, got shape \(0,\)"),
    (softmax_file, (ROW, READ_ONLY), ValueError, "got a read-only one"),
    (softmax_file, (ROW, ROW, 1, 3), TypeError, "a function as watch, got 3"),
    (merge, ((1.0, 2.0), state_of(X)), TypeError, "two states, got tuple"),
    (merge, (state_of(X), X), TypeError, "two states, got Tensor"),
    (merge, (state_of(X, 0), state_of(X, 1)), ValueError, r"got \(6,\) and \(4,\)"),
    (run_processes, (3, [X]), TypeError, "a function, got 3"),
    (run_processes, (lambda x: x, [X]), ValueError, "can import, got <lambda>"),
    (run_processes, (softmax_sharded, X), TypeError, "at least one tensor, got tensor"),
    (run_processes, (softmax_sharded, []), TypeError, r"at least one tensor, got \[\]"),
    (run_processes, (softmax_sharded, [1.0]), TypeError, r"at least one tensor, got \[1.0\]"),
    (run_processes, (softmax_sharded, [X], 3), TypeError, r"tensors after the shards, got \(3,\)"),
    (run_processes, (softmax_sharded, [X, GRADIENT]), ValueError, r"got \[False, True\]"),
    (run_processes, (softmax_sharded, [GRADIENT[:1]]), ValueError, "leaves"),
    (partial(run_processes, seconds=0), (softmax_sharded, [X]), ValueError, "above 0, got 0"),
    (partial(run_processes, seconds="9"), (softmax_sharded, [X]), ValueError, "above 0, got '9'"),
    # explorers
    (softmax_explorer, ([1.0],), ValueError, r"2 to 6 logits, got \[1.0\]"),
    (softmax_explorer, ([1.0] * 7,), ValueError, "2 to 6 logits, got"),
    (softmax_explorer, (3.0,), TypeError, "numbers as logits, got 3.0"),
    (softmax_explorer, (np.ones(3),), TypeError, "numbers as logits, got array"),
    (softmax_explorer, (X[:2],), TypeError, "numbers as logits, got tensor"),
    (softmax_explorer, (torch.tensor(1.0),), TypeError, "numbers as logits, got tensor"),
    (softmax_explorer, (["a", "b"],), TypeError, r"numbers as logits, got \['a', 'b'\]"),
    (softmax_explorer, ([True, False],), TypeError, r"numbers as logits, got \[True"),
    (softmax_explorer, ([1, 2], 5), TypeError, "strings as names, got 5"),
    (softmax_explorer, ([1, 2], "ab"), TypeError, "strings as names, got 'ab'"),
    (softmax_explorer, ([1, 2], [1, 2]), TypeError, r"strings as names, got \[1, 2\]"),
    (softmax_explorer, ([1, 2], ["a"]), ValueError, r"each of the 2 logits, got \['a'\]"),
    (softmax_explorer, ([1, 2], None, "1"), TypeError, "temperature, got '1'"),
    (softmax_explorer, ([1, 2], None, True), TypeError, "temperature, got True"),
    (softmax_explorer, ([1, 2], None, 0.0), ValueError, "above 0 and finite, got 0.0"),
    (softmax_explorer, ([1, 2], None, float("nan")), ValueError, "finite, got nan"),
    (softmax_explorer, ([1, 2], None, float("inf")), ValueError, "finite, got inf"),
    (softmax_explorer, ([1, 2], None, 1, "float16"), TypeError, "got 'float16'"),
    (softmax_explorer, ([1, 2], None, 1, torch.int64), ValueError, "got torch.int64"),
    (softmax_explorer, ([1, 2], None, 1, torch.float32, 3), ValueError, "got 3"),
    (
        partial(softmax_explorer, predict="maybe"),
        ([1, 2],),
        ValueError,
        'predict=True, False, "outcome" or "probability", got \'maybe\'',
    ),
    *(
        (dim_explorer, (shape,), ValueError, f"from 1 to 4, got {re.escape(repr(shape))}")
        for shape in [(), (1, 2, 3, 4), (5,), (0, 2)]
    ),
    *(
        (dim_explorer, (shape,), TypeError, f"integers as shape, got {re.escape(repr(shape))}")
        for shape in [(2.0, 3), (True, 2), 3, "23", None]
    ),
    (dim_explorer, ((2, 3), "yes"), TypeError, "predict=True or False, got 'yes'"),
    # show and prepare
    (show, (None, "A line."), TypeError, "a matplotlib figure, got NoneType"),
    (show, (3, "A line."), TypeError, "a matplotlib figure, got int"),
    (prepare, (None,), TypeError, "a path to a folder, got None"),
    (prepare, (3,), TypeError, "a path to a folder, got 3"),
]


def name_of(function):
    return getattr(function, "func", function).__name__


@pytest.mark.parametrize(
    ("function", "arguments", "error", "says"),
    TABLE,
    ids=[f"{name_of(function)}-{says}" for function, _, _, says in TABLE],
)
def test_an_error_names_the_function_and_what_it_got(function, arguments, error, says):
    with pytest.raises(error, match=f"^{name_of(function)} .*{says}"):
        function(*arguments)


@pytest.mark.skipif(not hasattr(torch, "float4_e2m1fn_x2"), reason="came with PyTorch 2.8")
def test_a_dtype_that_torch_only_stores_is_refused_by_name():
    shell = torch.float4_e2m1fn_x2
    with pytest.raises(TypeError, match=r"^limits .* got torch.float4_e2m1fn_x2"):
        limits(shell)
    with pytest.raises(TypeError, match=r"^stable_softmax .* got torch.float4_e2m1fn_x2"):
        stable_softmax(torch.zeros(3, dtype=shell), 0)
    with pytest.raises(TypeError, match=r"^cross_entropy .* got torch.float4_e2m1fn_x2"):
        cross_entropy(X, torch.zeros(4, 6, dtype=shell))


def test_every_dtype_has_limits_or_is_refused_by_name():
    refused = {}
    for dtype in {each for each in vars(torch).values() if isinstance(each, torch.dtype)}:
        try:
            limits(dtype)
        except TypeError as error:
            refused[dtype] = str(error)
    assert {str(dtype) for dtype, said in refused.items() if str(dtype) not in said} == set()
    assert not {torch.float64, torch.float32, torch.float16, torch.bfloat16} & set(refused)


@pytest.mark.parametrize("alt", [None, 3])
def test_show_requires_a_sentence(alt):
    from matplotlib import pyplot as plt

    fig = plt.figure()
    with pytest.raises(TypeError, match=f"^show .* got {type(alt).__name__}"):
        show(fig, alt)
    plt.close(fig)


def test_a_leaf_that_requires_grad_is_accepted_under_no_grad():
    with torch.no_grad():
        torch.testing.assert_close(softmax(GRADIENT, 1, 2), torch.softmax(GRADIENT, 1))


def test_numpy_integers_are_accepted():
    torch.testing.assert_close(softmax(X, np.int64(1), np.int64(2)), torch.softmax(X, 1))


def test_the_table_has_every_public_function():
    public = {
        name
        for module in (functions, dtypes, online, explorers)
        for name, value in vars(module).items()
        if inspect.isfunction(value) and value.__module__ == module.__name__ and name[0] != "_"
    }
    assert public - {name_of(function) for function, *_ in TABLE} == {"digits"}  # takes a float
