import html
import json
import math
import re
import subprocess
import sys

import pytest
import torch

from softmax_lessons.explorers import digits, dim_explorer, softmax_explorer


@pytest.fixture
def shown(monkeypatch):
    """What is sent to the notebook, one dict for each display."""
    sent = []
    monkeypatch.setattr("IPython.display.display", lambda data, raw: sent.append(data))
    return sent


def rows(data):
    """The rows of the tables in an output: header -> numbers."""
    found = re.findall(r'<tr><th scope="row">(.*?)</th>(.*?)</tr>', data["text/html"])
    return [(name, re.findall("<td>(.*?)</td>", cells)) for name, cells in found]


def written(values):
    return [digits(value) for value in values.double().tolist()]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
@pytest.mark.parametrize("given", [[2.0, 1.0, 0.1], [12.0, 13.0], [-20.0, -21.0, -math.inf]])
@pytest.mark.parametrize("temperature", [1.0, 0.7])
def test_the_table_has_the_same_numbers_as_torch(shown, dtype, given, temperature):
    logits = torch.tensor(given, dtype=dtype)
    softmax_explorer(given, temperature=temperature, dtype=dtype)
    softmax_explorer(logits, temperature=temperature, dtype=dtype, method="shifted")
    scaled = logits / temperature
    for data, shifted in zip(shown, (scaled, scaled - scaled.max()), strict=True):
        table = dict(rows(data))
        assert table["logits"] == written(logits)
        assert table["÷ temperature"] == written(scaled)
        assert table["exp"] == written(shifted.exp())
        assert table["sum of exps"] == written(shifted.exp().sum().expand(len(given)))
        assert table["probs: exp ÷ sum"] == written(shifted.exp() / shifted.exp().sum())
    assert "minus maximum" not in dict(rows(shown[0]))
    assert dict(rows(shown[1]))["minus maximum"] == written(shifted)


@pytest.mark.parametrize("shape", [(3,), (2, 3), (2, 3, 4)])
def test_the_grids_have_the_same_numbers_as_torch(shown, shape):
    dim_explorer(shape)
    numbers = [cell for _, cells in rows(shown[0]) for cell in cells]
    logits = torch.tensor([2.0 * n % 5 for n in range(math.prod(shape))]).double().reshape(shape)
    wanted = [logits, *(torch.softmax(logits, dim=dim) for dim in range(len(shape)))]
    assert numbers == [digits(value) for grid in wanted for value in grid.flatten().tolist()]


def test_the_text_has_the_same_numbers_as_the_table(shown):
    softmax_explorer([2.0, 1.0, 0.1], names=["cat", "dog", "owl"])
    dim_explorer((2, 3))
    for data in shown:
        text = re.sub(" +", " ", data["text/plain"])
        for name, numbers in rows(data):
            assert " ".join([html.unescape(name), *numbers]) in text
    assert "<" not in shown[0]["text/plain"]


def test_numbers_have_at_most_four_digits():
    given = [0.0, 0.125, 2.0625, -1.5, 0.65904, 1000.5, 9999.6, 59874.0, 0.00012346, 5.96e-8]
    wanted = ["0", "0.125", "2.063", "-1.5", "0.659", "1001", "1e4", "5.987e4", "1.235e-4"]
    assert [digits(value) for value in given] == [*wanted, "5.96e-8"]
    assert [digits(value) for value in (math.inf, -math.inf, math.nan)] == ["inf", "-inf", "nan"]


def test_the_element_has_the_requested_attributes(shown):
    softmax_explorer([1.5, -math.inf], temperature=2, dtype=torch.bfloat16, method="shifted")
    opening = html.unescape(shown[0]["text/html"].splitlines()[0])
    assert json.loads(re.search(r'logits="(\[.*?\])"', opening).group(1)) == [1.5, "-inf"]
    assert 'temperature="2"' in opening
    assert 'dtype="bfloat16"' in opening
    assert 'method="shifted"' in opening
    assert "predict" not in opening


@pytest.mark.parametrize("predict", [True, "outcome", "probability"])
def test_a_question_folds_the_answer_away(shown, predict):
    softmax_explorer([12.0, 13.0], dtype=torch.float16, predict=predict)
    element, _ = shown[0]["text/html"].split("</softmax-explorer>")
    before, answer = element.split("<details>")
    assert f'predict="{"outcome" if predict is True else predict}"' in before
    assert "nan" not in before.split("<table>")[1]
    assert "nan" in answer
    assert "12" in shown[0]["text/plain"]
    assert "exp" not in shown[0]["text/plain"]


def test_a_question_about_a_dim_folds_the_answer_away(shown):
    dim_explorer((2, 3), predict=True)
    element, _ = shown[0]["text/html"].split("</dim-explorer>")
    before, answer = element.split("<details>")
    assert "0.2689" not in before + shown[0]["text/plain"]
    assert "0.2689" in answer


def test_names_are_escaped(shown):
    name = '<script>alert(1)</script> & "it\'s"'
    softmax_explorer([1.0, 2.0], names=[name, "dog"])
    element, _ = shown[0]["text/html"].split("</softmax-explorer>")
    assert "<script>" not in element
    assert html.escape(name) in element
    names = re.search(r'names="(.*?)"', element).group(1)
    assert json.loads(html.unescape(names)) == [name, "dog"]


def test_the_same_call_gives_the_same_output(shown):
    for _ in range(2):
        softmax_explorer([2.0, 1.0, 0.1], predict=True)
        dim_explorer((2, 3, 4))
    assert shown[:2] == shown[2:]


def test_the_scripts_are_self_contained(shown):
    softmax_explorer([1.0, 2.0])
    dim_explorer((2, 3))
    for data in shown:
        ((script,),) = [re.findall(r"<script>(.*?)</script>", data["text/html"], flags=re.DOTALL)]
        assert "customElements.define" in script
        assert not re.search(r"https?:|\bimport\b|\bfetch\b|<!--", script)


def test_a_torch_size_is_accepted(shown):
    dim_explorer(torch.ones(2, 3).shape)
    assert 'shape="[2, 3]"' in shown[0]["text/html"]


def test_importing_the_explorers_loads_nothing_heavy():
    code = (
        "import sys, softmax_lessons.explorers; print({'IPython', 'matplotlib'} & {*sys.modules})"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True
    )
    assert run.stdout == "set()\n"
