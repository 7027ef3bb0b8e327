"""Lesson 17 is a reference: all of its entries are there, run, and can be found."""

import contextlib
import io
import re
from functools import cache
from pathlib import Path

import nbformat
import pytest

NOTEBOOK = Path(__file__).parents[1] / "notebooks" / "17_field_guide.ipynb"
NUMBERS = range(1, 80)
GROUPS = [
    "Dim and shape",
    "Calling it",
    "Stability",
    "Losses",
    "Masks and attention",
    "Gradients, precision, sampling and scale",
]
INDEX = "Find it by what you see"


@cache
def cells():
    return nbformat.read(NOTEBOOK, as_version=4).cells


def headings(level):
    text = "\n".join(cell.source for cell in cells() if cell.cell_type == "markdown")
    return re.findall(rf"^{'#' * level} (.*)$", text, flags=re.MULTILINE)


def section(title):
    """The Markdown below an H2, up to the next one."""
    text = "\n".join(cell.source for cell in cells() if cell.cell_type == "markdown")
    return text.split(f"\n## {title}\n")[1].split("\n## ")[0]


@cache
def entries():
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


def test_every_entry_is_there_once_and_in_order():
    numbers = [int(n) for n in re.findall(r"^P(\d+)\. ", "\n".join(headings(3)), re.MULTILINE)]
    assert numbers == list(NUMBERS)
    assert list(entries()) == numbers  # each starts a cell of its own


@pytest.mark.parametrize("number", NUMBERS)
def test_an_entry_says_what_you_see_its_cause_and_its_fix(number):
    text, _ = entries()[number]
    parts = re.findall(r"^\*\*(You see|Cause|Fix)\*\* \S", text, flags=re.MULTILINE)
    assert parts == ["You see", "Cause", "Fix"]
    assert len(re.findall(r"^#+ ", text, flags=re.MULTILINE)) == 1


@pytest.mark.parametrize("number", NUMBERS)
def test_an_entry_runs_and_shows_something(number):
    _, code = entries()[number]
    assert code
    assert all(cell.execution_count and cell.outputs for cell in code)
    last = code[-1].outputs[-1]
    assert last.output_type != "error"  # the fix comes last
    assert last.get("text", "").strip()


@pytest.mark.parametrize("number", NUMBERS)
def test_an_entry_needs_nothing_but_the_first_cells(number):
    names = {}
    for source in setup():
        with contextlib.redirect_stdout(io.StringIO()):
            exec(source, names)
    shared = dict(names)
    for cell in entries()[number][1]:
        fails = "raises-exception" in cell.metadata.get("tags", [])
        shown = io.StringIO()
        with contextlib.redirect_stdout(shown):
            if fails:
                with pytest.raises((RuntimeError, TypeError, IndexError)):
                    exec(cell.source, names)
            else:
                exec(cell.source, names)
        assert fails or shown.getvalue().strip()
    assert all(names[name] is value for name, value in shared.items())


@pytest.mark.parametrize("number", NUMBERS)
def test_an_entry_can_be_linked_and_is_in_the_index(number):
    (title,) = [title for title in headings(3) if title.startswith(f"P{number}. ")]
    assert re.fullmatch(r"[\w ,.-]+", title)  # nothing that Jupyter would change in the anchor
    assert f"[P{number}](#{title.replace(' ', '-')})" in section(INDEX)


def test_every_link_inside_the_notebook_leads_to_a_heading():
    anchors = {title.replace(" ", "-") for level in (1, 2, 3) for title in headings(level)}
    text = "\n".join(cell.source for cell in cells() if cell.cell_type == "markdown")
    links = re.findall(r"\[([^\]]*)\]\(#([^)]*)\)", text)
    assert links
    for name, target in links:
        assert target in anchors
        assert target.startswith(f"{name}.-")


def test_every_row_of_the_index_leads_somewhere():
    rows = [row for row in section(INDEX).splitlines() if row.startswith("| ")]
    rows = [row for row in rows if not row.startswith(("| You see", "| You ask"))]
    assert len(rows) > 40
    assert not [row for row in rows if "](#P" not in row]
    without_links = re.sub(r"\[[^\]]*\]\([^)]*\)", "", section(INDEX))
    assert not re.findall(r"\bP\d+", without_links)


def test_error_texts_in_the_index_are_those_that_the_cells_show_or_ask_for():
    table = section(INDEX).split("### You get an error or a warning")[1].split("\n### ")[0]
    code = [cell for cell in cells() if cell.cell_type == "code"]
    outputs = [output for cell in code for output in cell.outputs]
    shown = [output.get("text", "") + output.get("evalue", "") for output in outputs]
    # where versions of PyTorch differ, the cell has all the texts, and shows that one of them came
    asked_for = [cell.source for cell in code if "startswith(texts)" in cell.source]
    texts = "\n".join(shown + asked_for).lower()
    rows = re.findall(r"^\| `(.*)` \|", table, flags=re.MULTILINE)
    assert len(rows) > 10
    for row in rows:
        assert row.lower().split(" ... ")[0] in texts, row


def test_the_groups_come_in_order_after_the_card_and_the_index():
    assert headings(2) == ["The decision card", INDEX, *GROUPS, "Key points", "Next"]


@pytest.mark.parametrize("question", ["dim", "loss", "mask", "dtype"])
def test_the_decision_card_answers(question):
    assert re.search(rf"^\*\*Which {question}\?\*\*", section("The decision card"), re.MULTILINE)


def test_the_decision_card_fits_a_page_and_has_the_rules():
    card = section("The decision card")
    assert len(card.splitlines()) < 55
    assert "masked_fill(drop, -inf)" in card
    assert re.search(r"scaled_dot_product_attention` \| True keeps", card)
    assert re.search(r"MultiheadAttention` \| True drops", card)
    assert "never subtract the maximum before `torch.softmax`" in card
    assert "never call softmax before `F.cross_entropy`" in card
    assert "a temperature divides the logits" in card
