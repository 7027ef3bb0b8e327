import math

import mpmath
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.autograd import gradcheck, gradgradcheck

import softmax_lessons as sl

INF, NAN = math.inf, math.nan
FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
PAIRS = (
    (sl.stable_softmax, torch.softmax),
    (sl.log_softmax, torch.log_softmax),
    (sl.logsumexp, torch.logsumexp),
)
ALONG_DIM = (sl.naive_softmax, sl.stable_softmax, sl.log_softmax, sl.logsumexp)
EXTREMES = (
    [1000.0, 1001.0, 1002.0],
    [-1000.0, -1001.0, -1002.0],
    [0.0, -200.0, 500.0],
    [1.0, -INF, 2.0],
    [-INF, -INF, -INF],
    [1.0, INF, 2.0],
    [-INF, INF, INF],
    [1.0, NAN, 2.0],
)

entries = st.one_of(
    st.floats(-10, 10, width=32),
    st.floats(-2000, 2000, width=32),
    st.sampled_from([0.0, -0.0, 88.5, 88.75, -104.0, INF, -INF, NAN]),
)


@st.composite
def logits_and_dim(draw, elements=entries, dtypes=FLOATS):
    """Draw logits of any rank, sizes, dtype and layout, and one of their dims."""
    shape = draw(st.lists(st.integers(0, 4), max_size=4))
    dim = draw(st.integers(-max(len(shape), 1), max(len(shape), 1) - 1))
    count = math.prod(shape)
    values = draw(st.lists(elements, min_size=count, max_size=count))
    x = torch.tensor(values, dtype=draw(st.sampled_from(dtypes))).reshape(shape)
    layout = draw(st.sampled_from(["plain", "transposed", "strided", "expanded"]))
    if layout == "transposed" and x.dim() >= 2:
        x = x.transpose(0, 1).contiguous().transpose(0, 1)
    elif layout == "strided" and x.dim() >= 1:
        x = torch.stack([x, x], dim=-1)[..., 0]
    elif layout == "expanded" and x.dim() >= 1 and x.shape[0] > 0:
        x = x[:1].expand(x.shape)
    return x, dim


def error(result, x, dim, reference):
    """Return the largest relative error in eps, against float64, where that is finite."""
    exact = reference(x.double(), dim)
    keep = exact.isfinite() & (exact.abs() > 1e-3)
    if not keep.any():
        return 0.0
    relative = (result.double() - exact).abs() / exact.abs().clamp(min=1)
    return relative[keep].max().item() / torch.finfo(x.dtype).eps


@pytest.mark.parametrize(("ours", "torchs"), PAIRS)
@settings(deadline=None, max_examples=300)
@given(case=logits_and_dim())
def test_the_stable_functions_agree_with_torch(ours, torchs, case):
    x, dim = case
    before = x.clone()
    # PyTorch 2.4 gets log_softmax wrong in 16 bits, along any dim but the last (its PR 156379)
    wide = torch.promote_types(x.dtype, torch.float32)
    result, wanted = ours(x, dim), torchs(x.to(wide), dim).to(x.dtype)
    assert result.dtype == x.dtype
    assert result.shape == wanted.shape
    assert torch.equal(x.nan_to_num(7), before.nan_to_num(7))
    eps = torch.finfo(x.dtype).eps
    # logits of 2000 carry a rounding error of 2000 eps into the logarithms
    torch.testing.assert_close(result, wanted, rtol=8 * eps, atol=8 * eps, equal_nan=True)


@pytest.mark.parametrize(("ours", "torchs"), PAIRS)
@pytest.mark.parametrize("dtype", FLOATS)
def test_the_stable_functions_are_as_accurate_as_torch(ours, torchs, dtype):
    steps = torch.arange(64 * 100, dtype=torch.float64)
    x = (20 * torch.sin(steps * 1.7) + 3 * torch.cos(steps * 0.37)).reshape(64, 100).to(dtype)
    # a few float32 roundings either way; in 16 bits only one is allowed, the last
    allowed = 0.51 if dtype in (torch.float16, torch.bfloat16) else 4.0
    theirs = error(torchs(x, 1), x, 1, torchs)
    assert error(ours(x, 1), x, 1, torchs) <= max(theirs, allowed)


@pytest.mark.parametrize("row", EXTREMES)
@pytest.mark.parametrize(("ours", "torchs"), PAIRS)
def test_values_and_gradients_agree_on_infinities_and_nan(ours, torchs, row):
    x = torch.tensor([row, [0.5, 1.5, -2.0]], requires_grad=True)
    weights = torch.tensor([[1.0], [2.0]]) * torch.tensor([1.0, -2.0, 3.0])
    results = []
    for function in (ours, torchs):
        y = function(x, 1)
        (grad,) = torch.autograd.grad((y * weights[:, : y[0].numel()].reshape(y.shape)).sum(), x)
        results.append((y.detach(), grad))
    for got, wanted in zip(*results, strict=True):
        torch.testing.assert_close(got, wanted, equal_nan=True)


@settings(deadline=None, max_examples=100)
@given(values=st.lists(st.floats(-700, 700), min_size=1, max_size=6))
def test_float64_results_are_right_to_the_last_digits(values):
    mpmath.mp.dps = 60
    total = mpmath.fsum(mpmath.exp(v) for v in values)
    x = torch.tensor(values, dtype=torch.float64)
    for i, v in enumerate(values):
        exact = mpmath.exp(v) / total
        assert float(sl.stable_softmax(x, 0)[i]) == pytest.approx(
            float(exact), rel=1e-12, abs=1e-300
        )
        log = float(mpmath.log(exact))
        assert float(sl.log_softmax(x, 0)[i]) == pytest.approx(log, rel=1e-12, abs=1e-13)
    assert float(sl.logsumexp(x, 0)) == pytest.approx(
        float(mpmath.log(total)), rel=1e-13, abs=1e-14
    )


@settings(deadline=None, max_examples=200)
@given(case=logits_and_dim(elements=st.floats(-5, 5, width=16)))
def test_naive_softmax_is_right_for_ordinary_scores(case):
    x, dim = case
    eps = torch.finfo(x.dtype).eps
    torch.testing.assert_close(
        sl.naive_softmax(x, dim), torch.softmax(x, dim), rtol=16 * eps, atol=eps
    )


def test_naive_softmax_fails_as_lesson_04_says():
    assert sl.naive_softmax(torch.tensor([1000.0, 1001.0]), 0).isnan().all()
    assert sl.naive_softmax(torch.tensor([88.5, 88.5]), 0).tolist() == [0.0, 0.0]
    assert sl.naive_softmax(torch.tensor([-103.0, -104.0]), 0).tolist() == [1.0, 0.0]


# --- cross entropy -------------------------------------------------------------------------------


@st.composite
def logits_and_targets(draw):
    classes = draw(st.integers(1, 4))
    outer = draw(st.sampled_from([(), (3,), (2, 3), (2, 1, 2), (0,)]))
    shape = (*outer[:1], classes, *outer[1:])
    count = math.prod(shape)
    values = draw(st.lists(st.floats(-50, 50, width=16), min_size=count, max_size=count))
    logits = torch.tensor(values, dtype=draw(st.sampled_from(FLOATS))).reshape(shape)
    if draw(st.booleans()):
        numbers = st.sampled_from([-100, *range(classes)])
        count = math.prod(outer)
        targets = draw(st.lists(numbers, min_size=count, max_size=count))
        return logits, torch.tensor(targets, dtype=torch.int64).reshape(outer)
    return logits, torch.softmax(logits.flip(-1), 0 if not outer else 1)


@settings(deadline=None, max_examples=300)
@given(case=logits_and_targets())
def test_cross_entropy_agrees_with_torch(case):
    logits, targets = case
    # torch rounds to the dtype after every step; ours is compared with its float32 result
    wide = torch.float64 if logits.dtype == torch.float64 else torch.float32
    exact = targets if targets.dtype == torch.int64 else targets.to(wide)
    wanted = F.cross_entropy(logits.to(wide), exact).to(logits.dtype)
    eps = torch.finfo(logits.dtype).eps
    got = sl.cross_entropy(logits, targets)
    torch.testing.assert_close(got, wanted, rtol=8 * eps, atol=8 * eps, equal_nan=True)


def test_cross_entropy_of_a_hopeless_guess_has_a_finite_loss_and_a_useful_gradient():
    x = torch.tensor([[200.0, 0.0, -5.0]], requires_grad=True)
    loss = sl.cross_entropy(x, torch.tensor([1]))
    (grad,) = torch.autograd.grad(loss, x)
    assert loss.item() == 200.0
    torch.testing.assert_close(grad, torch.tensor([[1.0, -1.0, 0.0]]))


# --- transformations ------------------------------------------------------------------------------


@pytest.mark.parametrize("function", ALONG_DIM)
@pytest.mark.parametrize("dim", [0, 1, -1])
def test_first_and_second_derivatives(function, dim):
    x = torch.tensor([[0.5, -1.0, 2.0], [1.0, 0.0, 3.0]], dtype=torch.float64, requires_grad=True)
    assert gradcheck(lambda x: function(x, dim), x)
    assert gradgradcheck(lambda x: function(x, dim), x)


def test_derivatives_where_the_maximum_is_shared():
    x = torch.ones(2, 3, dtype=torch.float64, requires_grad=True)
    for function in ALONG_DIM:
        assert gradcheck(lambda x, f=function: f(x, 1), x)


def test_derivatives_of_cross_entropy():
    x = torch.tensor([[0.5, -1.0, 2.0], [1.0, 0.0, 3.0]], dtype=torch.float64, requires_grad=True)
    targets = torch.tensor([2, 0])
    assert gradcheck(lambda x: sl.cross_entropy(x, targets), x)
    assert gradgradcheck(lambda x: sl.cross_entropy(x, targets), x)


@pytest.mark.parametrize(("ours", "torchs"), PAIRS)
def test_vmap_and_grad(ours, torchs):
    x = torch.arange(24.0).reshape(2, 3, 4) % 7
    for dim in (0, 1, -1):
        got = torch.func.vmap(lambda row, d=dim: ours(row, d))(x)
        torch.testing.assert_close(got, torch.func.vmap(lambda row, d=dim: torchs(row, d))(x))
    got = torch.func.grad(lambda x: (ours(x, 1) ** 2).sum())(x)
    torch.testing.assert_close(got, torch.func.grad(lambda x: (torchs(x, 1) ** 2).sum())(x))


def test_vmap_of_cross_entropy():
    x = torch.arange(12.0).reshape(2, 2, 3) % 5
    targets = torch.tensor([[0, 2], [1, -100]])
    got = torch.func.vmap(sl.cross_entropy)(x, targets)
    torch.testing.assert_close(got, torch.func.vmap(F.cross_entropy)(x, targets))


@pytest.mark.filterwarnings("ignore")  # torch.compile warns about its own internals
@pytest.mark.parametrize("function", ALONG_DIM)
def test_compiles_without_a_graph_break(function):
    x = torch.arange(6.0).reshape(2, 3)
    compiled = torch.compile(function, fullgraph=True, backend="eager")
    torch.testing.assert_close(compiled(x, 1), function(x, 1))


@pytest.mark.filterwarnings("ignore")
def test_cross_entropy_compiles():
    x, targets = torch.arange(6.0).reshape(2, 3), torch.tensor([0, 2])
    compiled = torch.compile(sl.cross_entropy, fullgraph=True, backend="eager")
    torch.testing.assert_close(compiled(x, targets), sl.cross_entropy(x, targets))


@pytest.mark.parametrize(("ours", "torchs"), PAIRS)
@pytest.mark.parametrize("shape", [(2, 3), (), (3, 0)])
def test_meta_tensors_have_the_right_shape(ours, torchs, shape):
    x = torch.empty(shape, device="meta", dtype=torch.bfloat16)
    got, wanted = ours(x, -1), torchs(x, -1)
    assert (got.shape, got.dtype, got.device) == (wanted.shape, wanted.dtype, wanted.device)


def test_logsumexp_can_keep_the_dim():
    x = torch.arange(6.0).reshape(2, 3)
    for dim in (0, 1):
        torch.testing.assert_close(
            sl.logsumexp(x, dim, keepdim=True), torch.logsumexp(x, dim, keepdim=True)
        )


def test_a_numpy_integer_is_accepted_as_dim():
    x = torch.arange(6.0).reshape(2, 3)
    assert torch.equal(sl.stable_softmax(x, np.int64(1)), sl.stable_softmax(x, 1))


# torch itself calls torch.jit.script, which warns in one way in 2.13 and in another in 2.15
@pytest.mark.filterwarnings("ignore:.*torch.jit.script.* is deprecated")
def test_nested_torch_func_transforms_work_on_stable_softmax():
    from torch.func import grad, jacfwd, jacrev, vmap

    x = torch.arange(6.0, dtype=torch.float64).sin().reshape(2, 3)

    def results(softmax):
        def loss(x):
            return (vmap(lambda row: softmax(row, 0))(x) ** 2).sum()

        return grad(loss)(x), jacrev(jacfwd(loss))(x)

    torch.testing.assert_close(results(sl.stable_softmax), results(torch.softmax))
