"""Lesson 17 is a reference: all of its entries are there, run, and can be found."""

import contextlib
import io
import json
import math
import re
import sys
import warnings
from functools import cache
from pathlib import Path

import nbformat
import numpy as np
import pytest
import torch
import torch.nn.functional as F

from softmax_lessons import explain, field_guide
from softmax_lessons.field_guide import entries, messages

ROOT = Path(__file__).parents[1]
NOTEBOOK = ROOT / "notebooks" / field_guide.GUIDE
FIELDS = ["You see", "Cause", "Fix", "Next time", "More"]
INDEX = "Find it by what you see"
EXPECTED = (AssertionError, AttributeError, IndexError, RuntimeError, TypeError, ValueError)
NUMBERS = [entry.number for entry in entries()]
MESSAGES = [(entry.number, text) for entry in entries() for text in entry.messages]


@cache
def cells():
    return nbformat.read(NOTEBOOK, as_version=4).cells


@cache
def markdown():
    return "\n".join(cell.source for cell in cells() if cell.cell_type == "markdown")


def section(title):
    """The Markdown below an H2, up to the next one."""
    return markdown().split(f"\n## {title}\n")[1].split("\n## ")[0]


@cache
def of_entries():
    """For each number: its Markdown cell, and the code cells up to the next heading."""
    found, current = {}, None
    for cell in cells():
        if cell.cell_type == "markdown":
            heading = re.match(r"### P(\d+)\. ", cell.source)
            if heading:
                current = found.setdefault(int(heading[1]), (cell.source, []))
            elif cell.source.startswith("#"):
                current = None
        elif current:
            current[1].append(cell)
    return found


def setup():
    first = next(i for i, cell in enumerate(cells()) if "## The decision card" in cell.source)
    return [cell.source for cell in cells()[:first] if cell.cell_type == "code"]


def test_every_entry_appears_once_and_none_from_the_first_edition_is_lost():
    assert len(set(NUMBERS)) == len(NUMBERS)
    assert set(range(1, 91)) <= set(NUMBERS)
    assert set(of_entries()) == set(NUMBERS)  # each starts a cell of its own


@pytest.mark.parametrize("number", NUMBERS)
def test_an_entry_has_all_its_fields_and_links_to_a_lesson(number):
    text, _ = of_entries()[number]
    assert re.findall(r"^\*\*(\w[\w ]*)\*\* \S", text, flags=re.MULTILINE) == FIELDS
    assert len(re.findall(r"^#+ ", text, flags=re.MULTILINE)) == 1
    more = text.split("**More** ")[1]
    assert re.search(r"\]\(\d\d_\w+\.ipynb\)", more), "no lesson"
    own = [int(n) for n in re.findall(r"\[P(\d+)\]", more)]
    assert number not in own


@pytest.mark.parametrize("number", NUMBERS)
def test_an_entry_fits_on_one_screen(number):
    text, code = of_entries()[number]
    said = text.split("**More** ")[0]
    said = re.sub(r"```text\n.*?```", "", said, flags=re.DOTALL)
    assert len(said.split()) <= 115
    lines = [line for cell in code for line in cell.source.splitlines() if line.strip()]
    assert len(lines) <= 20


@pytest.mark.parametrize("number", NUMBERS)
def test_an_entry_runs_and_shows_something(number):
    _, code = of_entries()[number]
    assert code
    assert all(cell.execution_count and cell.outputs for cell in code)
    last = code[-1].outputs[-1]
    assert last.output_type != "error"  # the fix comes last
    assert last.get("text", "").strip()


@pytest.mark.parametrize("number", NUMBERS)
def test_an_entry_needs_only_the_setup_cells(number):
    names = {}
    for source in setup():
        with contextlib.redirect_stdout(io.StringIO()):
            exec(source, names)
    shared = dict(names)
    for cell in of_entries()[number][1]:
        fails = "raises-exception" in cell.metadata.get("tags", [])
        shown = io.StringIO()
        with contextlib.redirect_stdout(shown):
            if fails:
                with pytest.raises(EXPECTED):
                    exec(cell.source, names)
            else:
                exec(cell.source, names)
        assert fails or shown.getvalue().strip()
    assert all(names[name] is value for name, value in shared.items())


def test_every_error_shown_can_be_found_by_its_text():
    for number, (_, code) in of_entries().items():
        for output in (output for cell in code for output in cell.outputs):
            if output.output_type == "error":
                found = explain(f"{output.ename}: {output.evalue}")
                assert found.exact, (number, output.evalue)
                assert number in [entry.number for entry in found.entries], number


@pytest.mark.parametrize("number", NUMBERS)
def test_an_entry_can_be_linked_to_and_is_in_the_index(number):
    (title,) = re.findall(rf"^### (P{number}\. .*)$", markdown(), flags=re.MULTILINE)
    assert re.fullmatch(r"[\w ,.-]+", title)  # nothing that Jupyter would change in the anchor
    assert f"](#{title.replace(' ', '-')})" in section(INDEX)


def test_every_link_inside_the_notebook_leads_to_a_heading():
    anchors = {title.replace(" ", "-") for title in re.findall(r"^#+ (.*)$", markdown(), re.M)}
    targets = re.findall(r"\]\(#([^)]*)\)", markdown())
    assert len(targets) > 300
    assert [target for target in targets if target not in anchors] == []


def test_links_to_an_entry_use_its_number_or_its_title():
    for text, number, title in re.findall(r"\[([^\]]*)\]\(#P(\d+)\.-([^)]*)\)", markdown()):
        assert text == f"P{number}" or text.replace("-", " ") == title.replace("-", " ")


def test_at_most_six_questions_lead_to_the_lists():
    tree = section(INDEX).split("\n### ")[0]
    questions = re.findall(r"^\d\. \*\*.*\?\*\*", tree, flags=re.MULTILINE)
    assert 3 <= len(questions) <= 6
    lists = re.findall(r"^### (.*)$", section(INDEX), flags=re.MULTILINE)
    assert {title.replace(" ", "-") for title in lists} <= set(re.findall(r"\(#([^)]*)\)", tree))


@pytest.mark.parametrize(("number", "message"), MESSAGES)
def test_a_message_is_found_however_it_is_pasted(number, message):
    text = message.replace("…", "anything")
    for pasted in (text, f"Traceback (most recent call last):\n  File x\n{text}", text.upper()):
        found = explain(pasted)
        assert found.exact
        assert number in [entry.number for entry in found.entries]
    told = re.sub(r"^\w+: ", "", text)
    if len(told) > 25:
        assert explain(told).exact


@pytest.mark.parametrize(("number", "message"), MESSAGES)
def test_numbers_shapes_and_dtypes_in_a_message_are_ignored(number, message):
    other = re.sub(r"(?<![\w.])\d+(?![\w.])", "98765", message.replace("…", "anything"))
    other = re.sub(r"\b(Float|Half|Long|Int)\b", "BFloat16", other)
    # what is left of a message must still identify it
    if re.search(r"[a-z]{4}", field_guide.normalised(other)):
        assert explain(other).exact


@cache
def raised(code):
    """The errors and warnings that a snippet raises, each with its type, as printed."""
    names = {"math": math, "np": np, "torch": torch, "nn": torch.nn, "F": F}
    names["D"] = torch.distributions
    torch.manual_seed(0)
    names |= {"x": torch.randn(4, 3), "y": torch.tensor([0, 1, 2, 0])}
    found = []
    with warnings.catch_warnings(record=True) as caught, contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("always")
        try:
            exec(code, names)
        except Exception as error:
            found.append(f"{type(error).__name__}: {error}")
    return found + [f"{each.category.__name__}: {each.message}" for each in caught]


@pytest.mark.parametrize("message", messages(), ids=lambda message: message.messages[0][:60])
def test_each_short_answer_is_about_a_message_that_really_occurs(message):
    with torch.random.fork_rng():
        texts = raised(message.code)
    assert any(explain(text).answer == message for text in texts), texts


@pytest.mark.parametrize("message", messages(), ids=lambda message: message.messages[0][:60])
def test_each_short_answer_is_found_by_its_messages_and_is_short(message):
    for text in message.messages:
        found = explain(text.replace("…", "anything"))
        assert found.answer == message
        assert message.cause in repr(found)
        assert message.fix in repr(found)
    assert len(message.cause.split()) <= 35
    assert message.cause[-1] == message.fix[-1] == "."
    assert message.entry is None or message.entry in NUMBERS


def test_an_exception_is_explained():
    with pytest.raises(RuntimeError) as raised:
        F.cross_entropy(torch.zeros(2, 3), torch.tensor([0.0, 1.0]))
    assert explain(raised.value).entries[0].number == 80


def test_the_last_exception_is_explained(monkeypatch):
    for name in ("last_exc", "last_value"):
        monkeypatch.delattr(sys, name, raising=False)
    with pytest.raises(ValueError, match="there has been no error yet"):
        explain()
    monkeypatch.setattr(sys, "last_value", IndexError("Target 10 is out of bounds."), raising=False)
    assert explain().entries[0].number == 81
    monkeypatch.setattr(sys, "last_exc", ValueError("no such thing as this"), raising=False)
    assert not explain().exact


@pytest.mark.parametrize(
    ("given", "error", "says"),
    [(7, TypeError, "got a int"), ("  ", ValueError, "empty"), ([], TypeError, "got a list")],
)
def test_input_that_cannot_be_explained_is_refused(given, error, says):
    with pytest.raises(error, match=says):
        explain(given)


def test_it_says_so_when_it_finds_nothing():
    found = explain("banana split")
    assert found.entries == ()
    assert "nothing on that" in repr(found)


ASKED = [entry for entry in entries() if entry.asked]


@pytest.mark.parametrize("entry", ASKED, ids=lambda entry: f"P{entry.number}")
def test_other_names_for_an_entry_are_searched_but_not_shown(entry):
    found = explain(entry.asked).entries
    assert found[0] == entry
    assert entry.asked not in repr(explain(entry.title))
    assert "<!--" not in entry.more


def test_a_message_is_found_without_its_exception_type_or_cut_short():
    text = "RuntimeError: multi-target not supported at somewhere.c:20"
    assert explain(text).entries[0].number == 82
    cut = "torch.cuda.OutOfMemoryError: CUDA out of memory. Tried to"
    assert explain(cut).entries[0].number == 161
    whole = "a leaf Variable that requires grad is being used in an in-place operation."
    assert explain(whole).answer  # and not P59, whose message says "a view of a leaf"


def test_words_within_a_name_are_searched_too():
    assert {"gumbel_softmax", "gumbel", "softmax"} <= field_guide.words("gumbel_softmax")


@pytest.mark.parametrize(
    "text", ["cross entropy", "Cross-Entropy loss", "CrossEntropyLoss", "F.cross_entropy"]
)
def test_a_name_counts_as_one_word_however_it_is_written(text):
    assert "cross_entropy" in field_guide.words(text)
    assert "entropy" not in field_guide.words(text)


@pytest.mark.parametrize(
    ("asked", "number"),
    [
        ("Why don't you use softmax before the cross entropy?", 207),
        ("F.log_softmax(x, dim=1) output is not probability?", 213),
        ("Why do you use sigmoid instead of softmax?", 214),
        ("How can I get the confidence score for the classification task", 180),
        ("About reduction built in KLDivLoss", 107),
        ("Is the trick for hard gumbel_softmax correct?", 167),
        ("Cross entropy loss: ignore list of indexes", 206),
        ("RuntimeError: Invalid index in scatter at THTensorEvenMoreMath.cpp:151", 209),
        ("Negative KL warning even if KL='abs' and KL='full'", 240),
        ("Difference in Logprobs between vllm and transformers", 241),
        ("Multiheaded attention ignores attn_mask", 242),
        ("Use GPT to assign sentence probability/perplexity given previous sentence?", 243),
        ("Nan question in SupConLoss", 244),
        ("Straight-thru gradients vs Gumbel Softmax", 246),
        ("Misaligned implementation of top_k sampling with huggingface/transformers", 247),
        ("Possible bug: prob_ratio always 1", 249),
        ("kl divergence loss of GumbelQuantize", 259),
        ("PPO2 sample action strategy: why is it log(-log())?", 262),
        ("weight of CrossEntropyLoss: sometimes the loss increases", 265),
        ("I don't see where to input the causal target mask", 266),
        ("my loss is negative, and it has a very large absolute value", 268),
        ("why do you divide CE loss by batch_size?", 269),
        ("error in backward function in log softmax", 61),
        ("masked_fill with '-np.inf' will cause 'nan'", 45),
    ],
)
def test_a_question_is_found_in_the_words_people_use(asked, number):
    assert number in [entry.number for entry in explain(asked).entries[:2]]


def test_when_entries_share_a_message_the_closest_comes_first():
    found = explain("RuntimeError: probability tensor contains either `inf`, `nan` or element < 0")
    assert found.entries[0].number == 145
    assert 72 in [entry.number for entry in found.entries]


def test_an_explanation_shows_the_entry_and_names_the_others():
    found = explain("the loss is nan")
    first, *others = found.entries
    assert not found.exact
    for text in (first.sees, first.cause, first.fix, first.code[-1]):
        assert text in found._repr_markdown_()
    assert all(f"P{entry.number}. {entry.title}" in repr(found) for entry in others)


@pytest.mark.parametrize("question", ["dim", "loss", "mask", "dtype"])
def test_the_decision_card_answers_each_question(question):
    assert re.search(rf"^\*\*Which {question}\?\*\*", section("The decision card"), re.MULTILINE)


def test_the_decision_card_fits_on_a_page_and_has_the_rules():
    card = section("The decision card")
    assert len(card.splitlines()) < 55
    assert "masked_fill(drop, -inf)" in card
    assert re.search(r"scaled_dot_product_attention` \| True keeps", card)
    assert re.search(r"MultiheadAttention` \| True drops", card)
    assert "never subtract the maximum before `torch.softmax`" in card
    assert "never call softmax before `F.cross_entropy`" in card
    assert "a temperature divides the logits" in card


def test_the_stated_number_of_entries_is_correct():
    told = json.dumps([cell.source for cell in cells()[:3]])
    assert f"{len(NUMBERS)} entries" in told
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"a list of {len(NUMBERS)} pitfalls" in readme
    assert f"the field guide has {len(NUMBERS)} pitfalls" in readme
