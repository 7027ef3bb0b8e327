"""Explorers: softmax to play with, in a notebook, on a slide or on a page, without a kernel.

Each is a custom element in plain JavaScript that comes with the output's HTML. If scripts don't run
(in a notebook that isn't trusted yet, or without JavaScript), the table inside the element shows
instead; without HTML (in print, in a terminal), the same table shows as text.
"""

import html
import itertools
import json
import math
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

__all__ = ["dim_explorer", "softmax_explorer"]

DTYPES = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
METHODS = ("naive", "shifted")
QUESTIONS = ("outcome", "probability")
STILL = (
    "To bring this to life, run this cell or trust the notebook; "
    "outside of a notebook, allow JavaScript."
)


class _Table(NamedTuple):
    caption: str
    head: list[str]
    rows: list[list[str]]  # the first entry of a row is its header


def softmax_explorer(
    logits: Sequence[float] | Tensor,
    names: Sequence[str] | None = None,
    temperature: float = 1.0,
    dtype: torch.dtype = torch.float32,
    method: str = "naive",
    predict: bool | str = False,
) -> None:
    """Display sliders for logits and temperature, with each step of softmax in a dtype.

    Each step is rounded as it is when you write it out in PyTorch: `logits / temperature`, minus
    the maximum if `method` says so, `exp`, `sum`, and the division. `torch.softmax` differs in
    the last digits for float16 and bfloat16: it computes in float32 and rounds once, at the end.

    Args:
        logits: 2 to 6 numbers; they may be inf, -inf or nan.
        names: the classes' names; "class 0", "class 1", ... if there are none.
        temperature: above 0; the explorer divides the logits by it.
        dtype: float16, bfloat16, float32 or float64.
        method: "naive", or "shifted" to subtract the maximum first.
        predict: "outcome" to ask first what the result is (right, subtly wrong, zeros or nan);
            "probability" to ask for the probability of the first class; True is "outcome".

    Raises:
        TypeError: if an argument has the wrong type.
        ValueError: if it has the right type, but the wrong size or value.
    """
    logits = _checked_logits(logits)
    names = [f"class {index}" for index in range(len(logits))] if names is None else names
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
        raise TypeError(f"softmax_explorer needs a list of strings as names, got {names!r:.60}")
    if len(names) != len(logits):
        raise ValueError(
            f"softmax_explorer needs a name for each of the {len(logits)} logits, got {names!r}"
        )
    if not _is_number(temperature):
        raise TypeError(f"softmax_explorer needs a number as temperature, got {temperature!r:.60}")
    if not 0 < temperature < math.inf:
        raise ValueError(
            f"softmax_explorer needs a temperature above 0 and finite, got {temperature!r}"
        )
    if dtype not in DTYPES:
        error = ValueError if isinstance(dtype, torch.dtype) else TypeError
        raise error(f"softmax_explorer needs one of {', '.join(map(str, DTYPES))}, got {dtype!r}")
    if method not in METHODS:
        raise ValueError(f'softmax_explorer needs method="naive" or "shifted", got {method!r}')
    if not isinstance(predict, bool) and predict not in QUESTIONS:
        raise ValueError(
            f'softmax_explorer needs predict=True, False, "outcome" or "probability", '
            f"got {predict!r}"
        )
    question = "outcome" if predict is True else predict
    attributes = {
        "logits": json.dumps([x if math.isfinite(x) else digits(x) for x in logits]),
        "names": json.dumps(names),
        "temperature": str(temperature),
        "dtype": str(dtype).removeprefix("torch."),
        "method": method,
    }
    rows = _steps(torch.tensor(logits, dtype=dtype), temperature, method)
    caption = f"Steps of softmax in {attributes['dtype']}, temperature {digits(temperature)}"
    table = _Table(caption, ["step", *names], rows)
    if not question:
        _show("softmax-explorer", attributes, "", [table])
        return
    attributes["predict"] = question
    asked = {
        "outcome": "Predict: is the result right, subtly wrong, zeros or nan?",
        "probability": f"Predict: what is the probability of {names[0]}?",
    }[question]
    given = table._replace(caption=caption.replace("Steps of softmax", "Softmax"), rows=rows[:1])
    _show("softmax-explorer", attributes, asked, [given], answer=[table])


def dim_explorer(shape: Sequence[int], predict: bool = False) -> None:
    """Display a tensor, and show which entries compete in a softmax over a dim.

    The logits come from a formula, 2n mod 5 for the n-th entry, so you can check them.

    Args:
        shape: 1 to 3 sizes, each from 1 to 4.
        predict: first ask which entries compete with a given one.

    Raises:
        TypeError: if `shape` isn't a list or tuple of integers, or `predict` isn't a bool.
        ValueError: if it doesn't have 1 to 3 sizes from 1 to 4.
    """
    if not isinstance(shape, list | tuple) or not all(type(size) is int for size in shape):
        raise TypeError(f"dim_explorer needs a tuple of integers as shape, got {shape!r:.60}")
    if not isinstance(predict, bool):
        raise TypeError(f"dim_explorer needs predict=True or False, got {predict!r:.60}")
    sizes = list(shape)
    if not 1 <= len(sizes) <= 3 or not all(1 <= size <= 4 for size in sizes):
        raise ValueError(f"dim_explorer needs 1 to 3 sizes from 1 to 4, got {shape!r}")
    logits = (2 * torch.arange(math.prod(sizes)) % 5).double().reshape(sizes)
    given = _grid(f"Logits x of shape {tuple(sizes)}", logits)
    results = [
        _grid(f"torch.softmax(x, dim={dim}), the same as dim={dim - len(sizes)}", probs)
        for dim in range(len(sizes))
        for probs in [torch.softmax(logits, dim=dim)]
    ]
    attributes = {"shape": json.dumps(sizes)}
    if not predict:
        _show("dim-explorer", attributes, "", [given, *results])
        return
    attributes["predict"] = ""
    asked = "Predict: which entries compete with the first one in a softmax over dim 0?"
    _show("dim-explorer", attributes, asked, [given], answer=results)


def _checked_logits(logits: Sequence[float] | Tensor) -> list[float]:
    values = logits.tolist() if isinstance(logits, Tensor) else logits
    if not isinstance(values, list | tuple) or not all(map(_is_number, values)):
        raise TypeError(
            f"softmax_explorer needs a list or tensor of numbers as logits, got {logits!r:.60}"
        )
    if not 2 <= len(values) <= 6:
        raise ValueError(f"softmax_explorer needs 2 to 6 logits, got {logits!r}")
    return [float(value) for value in values]


def _is_number(value: object) -> bool:
    return isinstance(value, float | int) and not isinstance(value, bool)


def _steps(logits: Tensor, temperature: float, method: str) -> list[list[str]]:
    """Compute the steps as you would in PyTorch, one row per step."""
    scaled = logits / temperature
    shifted = scaled - scaled.amax() if method == "shifted" else scaled
    exps = shifted.exp()
    total = exps.sum()
    rows = {"logits": logits, "÷ temperature": scaled}
    if method == "shifted":
        rows["minus maximum"] = shifted
    rows |= {
        "exp": exps,
        "sum of exps": total.expand(len(logits)),
        "probs: exp ÷ sum": exps / total,
    }
    return [[name, *map(digits, values.double().tolist())] for name, values in rows.items()]


def _grid(caption: str, values: Tensor) -> _Table:
    """Write a tensor with up to 3 dims, with one row per slice along the last one."""
    rows = []
    for index in itertools.product(*map(range, values.shape[:-1])):
        name = ", ".join([*map(str, index), ":"])
        rows.append([f"x[{name}]", *map(digits, values[index].tolist())])
    return _Table(caption, ["entries", *map(str, range(values.shape[-1]))], rows)


def digits(value: float) -> str:
    """Write a number with at most four digits, as the explorers' JavaScript does."""
    if not math.isfinite(value):
        return str(value)
    if value == 0:
        return "0"
    exact = Decimal(value)
    unit = Decimal(1).scaleb(exact.adjusted() - 3)
    rounded = exact.quantize(unit, ROUND_HALF_UP).normalize()
    exponent = rounded.adjusted()
    if -3 <= exponent < 4:
        return f"{rounded:f}"
    return f"{rounded.scaleb(-exponent).normalize():f}e{exponent}"


def _show(
    element: str,
    attributes: dict[str, str],
    asked: str,
    tables: list[_Table],
    answer: list[_Table] | None = None,
) -> None:
    """Display an element with its fallback, and the script that brings it to life.

    Args:
        element: the name of the element; its script is the file of that name.
        attributes: the element's settings.
        asked: a question to predict, or nothing.
        tables: what to show instead if scripts don't run.
        answer: what to hide in `<details>`, and leave out of the plain text.
    """
    # loaded here, so that importing the package stays as light as importing torch
    from IPython.display import display

    folder = Path(__file__).parent
    files = [folder / "explorer.js", folder / f"{element.replace('-', '_')}.js"]
    script = "".join(file.read_text(encoding="utf-8") for file in files)
    setup = " ".join(f'{name}="{html.escape(value)}"' for name, value in attributes.items())
    lines = [f"<{element} {setup}>", f"<p>{html.escape(asked or STILL)}</p>"]
    lines += map(_html, tables)
    if answer:
        lines += ["<details><summary>Answer</summary>", *map(_html, answer), "</details>"]
        lines += [f"<p>{STILL}</p>"]
    lines += [f"</{element}>", f"<script>\n{script}</script>"]
    text = "\n\n".join(filter(None, [asked, *map(_text, tables)]))
    display({"text/html": "\n".join(lines), "text/plain": text}, raw=True)


def _html(table: _Table) -> str:
    head = "".join(f'<th scope="col">{html.escape(name)}</th>' for name in table.head)
    lines = [f"<table><caption>{html.escape(table.caption)}</caption>"]
    lines += [f"<thead><tr>{head}</tr></thead>", "<tbody>"]
    for name, *values in table.rows:
        cells = "".join(f"<td>{value}</td>" for value in values)
        lines.append(f'<tr><th scope="row">{html.escape(name)}</th>{cells}</tr>')
    return "\n".join([*lines, "</tbody></table>"])


def _text(table: _Table) -> str:
    rows = [table.head, *table.rows]
    first, *others = (max(map(len, column)) for column in zip(*rows, strict=True))
    lines = [table.caption]
    for name, *values in rows:
        numbers = (value.rjust(width) for value, width in zip(values, others, strict=True))
        lines.append("  ".join([name.ljust(first), *numbers]))
    return "\n".join(lines)
