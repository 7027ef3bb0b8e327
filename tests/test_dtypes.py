import math

import pytest
import torch

from softmax_lessons import limits

DTYPES = [
    getattr(torch, name)
    for name in (
        *("float64", "float32", "bfloat16", "float16"),
        *("float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e5m2fnuz", "float8_e8m0fnu"),
    )
    if hasattr(torch, name)
]

# read off torch.exp on representable values, one by one
MEASURED = {
    torch.float64: (709.782712893384, -745.1332191019411),
    torch.float32: (88.72283172607422, -103.97207641601562),
    torch.bfloat16: (88.5, -92.5),
    torch.float16: (11.0859375, -17.328125),
}


@pytest.mark.parametrize("dtype", MEASURED)
def test_the_limits_are_where_exp_overflows_and_vanishes(dtype):
    found = limits(dtype)
    assert (found.exp_finite_up_to, found.exp_positive_down_to) == MEASURED[dtype]


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_one_step_beyond_the_limits_exp_is_inf_or_zero(dtype):
    found = limits(dtype)
    last = torch.tensor([found.exp_finite_up_to, found.exp_positive_down_to], dtype=dtype)
    bits = torch.int32 if dtype == torch.float32 else torch.int16
    further = (last.view(bits) + 1).view(dtype)  # the next number away from zero
    assert last.double().exp().to(dtype).isfinite().all()
    assert (last.double().exp().to(dtype) > 0).all()
    assert further.double().exp().to(dtype).tolist() == [math.inf, 0.0]


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_limits_of_every_dtype_are_representable_in_it(dtype):
    found = limits(dtype)
    assert found.dtype == dtype
    assert found.largest == torch.finfo(dtype).max
    for x in (found.largest, found.exp_finite_up_to, found.exp_positive_down_to):
        assert torch.tensor(x, dtype=torch.float64).to(dtype).double().item() == x
    assert math.exp(found.exp_finite_up_to) <= found.largest


def test_float8_limits_match_an_enumeration_of_all_values():
    """Compared with all 256 values of a type, rather than with a bisection."""
    for dtype in DTYPES[4:8]:
        values = torch.arange(256, dtype=torch.uint8).view(dtype).double()
        values = values[values.isfinite()]
        exps = values.exp()
        assert limits(dtype).exp_finite_up_to == values[exps <= torch.finfo(dtype).max].max()
        assert limits(dtype).exp_positive_down_to == values[exps.to(dtype).double() > 0].min()


def test_the_record_is_frozen():
    with pytest.raises(AttributeError):
        limits(torch.float32).largest = 1.0
