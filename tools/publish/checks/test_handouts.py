"""The handouts in build/handouts: complete, inside their margins, accessible, reproducible."""

import json
import re
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import pytest
import torch
from pypdf import PdfReader

from softmax_lessons import limits
from softmax_lessons.copies import slide_type, tags
from softmax_lessons.field_guide import entries
from softmax_lessons.workspace import lessons
from tools.publish import handouts

NAMES = [lesson.stem for lesson in lessons()]
EDITIONS = [f"{name}{ending}" for name in NAMES for ending in ("", "_answers")]
BOOKLETS = ["booklet", "booklet_answers"]
LEFT, RIGHT = 56, 539  # of A4's 595 points
TOP, BOTTOM = 775, 56  # the running header is above
MONO_WIDTH = 0.6021  # of a DejaVu Sans Mono character, relative to its size
FOLDED = re.compile(r"</summary>(.*?)</details>", flags=re.DOTALL)


class Piece(NamedTuple):
    """A piece of text, and where it starts on its page."""

    page: int
    x: float
    y: float
    font: str
    size: float
    text: str


@lru_cache
def opened(path):
    return PdfReader(path)


@lru_cache
def pieces(path):
    """All text of a PDF, without the running headers."""
    found = []
    for number, page in enumerate(opened(path).pages):

        def keep(text, matrix, _text_matrix, font, size, number=number):
            x, y = matrix[4:]
            if text.strip() and y < TOP:
                name = font["/BaseFont"]
                found.append(Piece(number, x, y, name, size, text.strip("\n")))

        page.extract_text(visitor_text=keep)
    return found


@lru_cache
def printed(path):
    """All characters of a PDF except white space."""
    return squeezed("".join(piece.text for piece in pieces(path)))


def squeezed(text):
    """The characters that count; quotes and dashes differ between source and print."""
    return re.sub(r"[\s\u2060'\"“”‘’*_`$–−-]", "", text)  # noqa: RUF001


def cells(name):
    (path,) = (lesson for lesson in lessons() if lesson.stem == name)
    return json.loads(path.read_text(encoding="utf-8"))["cells"]


def source(cell):
    return "".join(cell["source"])


def plain_lines(text):
    """Lines of Markdown that look the same on paper."""
    lines = re.sub(r"^(\d\.|-) ", "", text, flags=re.MULTILINE).splitlines()
    return [line for line in lines if len(line) > 25 and not re.search(r"[\\|<\]#]", line)]


def secrets(name):
    """Lines of solutions and answers that are nowhere else in a lesson."""
    hidden, shown = [], []
    for cell in cells(name):
        text = source(cell)
        if slide_type(cell) == "notes":
            continue
        if cell["cell_type"] == "code":
            (hidden if "solution" in tags(cell) else shown).extend(text.splitlines())
            shown += [line for output in cell["outputs"] for line in output.get("text", [])]
        elif "answer" in tags(cell):
            hidden += plain_lines(text)
        else:
            hidden += plain_lines("\n".join(FOLDED.findall(text)))
            shown += FOLDED.sub("", text).splitlines()
    others = squeezed("".join(shown))
    lines = [line for line in hidden if len(line.strip()) > 12]
    return [line for line in lines if squeezed(line) not in others]


@pytest.fixture(scope="session")
def folder(build):
    return build / "handouts"


@pytest.mark.parametrize("name", EDITIONS)
def test_each_handout_has_a_title_and_a_reasonable_number_of_pages(folder, name):
    reader = opened(folder / f"{name}.pdf")
    title = source(cells(name.removesuffix("_answers"))[0]).splitlines()[0]
    assert reader.metadata.title == title.removeprefix("# ")
    most = 150 if name.startswith("17") else 40  # a reference is for looking things up
    assert 3 <= len(reader.pages) <= most


@pytest.mark.parametrize("name", [*EDITIONS, *BOOKLETS, "cheat_sheet"])
def test_each_pdf_is_accessible(folder, name):
    root = opened(folder / f"{name}.pdf").trailer["/Root"]
    assert root["/Lang"] == "en"
    assert root["/MarkInfo"]["/Marked"]
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    kinds = [(element["/S"], element.get("/Alt")) for element in structure(root)]
    assert {"/H1", "/P"} <= {kind for kind, _ in kinds}
    silent = [kind for kind, alt in kinds if kind in ("/Figure", "/Formula") and not alt]
    assert not silent, f"{len(silent)} figures or formulas without a text"


@pytest.mark.parametrize("name", NAMES)
def test_list_items_match_the_lesson(folder, name):
    texts = [
        re.sub(r"^```.*?^```", "", source(cell), flags=re.DOTALL | re.MULTILINE)
        for cell in cells(name)
        if cell["cell_type"] == "markdown" and slide_type(cell) != "notes"
    ]
    items = re.findall(r"^ *(?:\d+\.|-) ", "\n".join(texts), flags=re.MULTILINE)
    root = opened(folder / f"{name}_answers.pdf").trailer["/Root"]
    printed_items = [element for element in structure(root) if element["/S"] == "/LI"]
    assert len(printed_items) == len(items)


def structure(root):
    """Yield each element of the structure tree."""
    waiting = [root["/StructTreeRoot"]]
    while waiting:
        element = waiting.pop().get_object()
        children = element.get("/K", [])
        for child in children if isinstance(children, list) else [children]:
            child = child.get_object()
            if isinstance(child, dict) and "/S" in child:
                yield child
                waiting.append(child)


@pytest.mark.parametrize("name", NAMES)
def test_every_figure_is_printed(folder, name):
    outputs = [output for cell in cells(name) for output in cell.get("outputs", [])]
    images = [output for output in outputs if "image/png" in output.get("data", {})]
    alts = [output["metadata"]["image/png"]["alt"] for output in images]
    elements = structure(opened(folder / f"{name}.pdf").trailer["/Root"])
    found = [element["/Alt"] for element in elements if element["/S"] == "/Figure"]
    assert sorted(found) == sorted(alts)


@pytest.mark.parametrize("name", NAMES)
def test_every_line_of_code_and_output_is_printed(folder, name):
    for ending in ("", "_answers"):
        characters = printed(folder / f"{name}{ending}.pdf")
        for cell in cells(name):
            if cell["cell_type"] == "code" and (ending or "solution" not in tags(cell)):
                outputs = ["".join(output.get("text", "")) for output in cell["outputs"]]
                for line in "\n".join([source(cell), *outputs]).splitlines():
                    assert (squeezed(line) in characters) != needs_a_kernel(line), line


def needs_a_kernel(line):
    """Tell whether a line takes a guess or compares it: on paper, there's room to write instead."""
    kinds = r'predict\("\w+", \.\.\.\)|check\("\w+"\)$|# or how sure you are of each: '
    return bool(re.match(kinds, line))


@pytest.mark.parametrize("name", NAMES)
def test_answers_are_in_one_edition_only(folder, name):
    without, answered = (printed(folder / f"{name}{ending}.pdf") for ending in ("", "_answers"))
    lines = secrets(name)
    assert lines or name.startswith("17"), "no answers found; did their tags change?"
    assert [line for line in lines if squeezed(line) in without] == []
    assert [line for line in lines if squeezed(line) not in answered] == []


@pytest.mark.parametrize("name", NAMES)
def test_notes_are_not_printed(folder, name):
    notes = [source(cell) for cell in cells(name) if slide_type(cell) == "notes"]
    for ending in ("", "_answers"):
        characters = printed(folder / f"{name}{ending}.pdf")
        lines = [line for note in notes for line in plain_lines(note)]
        assert [line for line in lines if squeezed(line) in characters] == []


@pytest.mark.parametrize("name", NAMES)
def test_there_is_room_to_write(folder, name):
    wanted = re.findall(r"^predict\(.*# (.*)", "\n".join(map(source, cells(name))), re.MULTILINE)
    without, answered = (printed(folder / f"{name}{ending}.pdf") for ending in ("", "_answers"))
    lines = [f"Myguess({squeezed(each.replace('replace the ... with ', ''))}):" for each in wanted]
    assert re.findall(r"Myguess\(.*?\):", without) == lines
    assert "Myguess" not in answered


@pytest.mark.parametrize("name", [name for name in NAMES if not name.startswith("17")])
def test_what_happens_is_at_the_end_unless_answers_are_printed(folder, name):
    shown = [
        (source(cell), [line for output in cell["outputs"] for line in output.get("text", [])])
        for cell in cells(name)
        if cell["cell_type"] == "code" and re.search(r'^check\("\w+"\)$', source(cell), re.M)
    ]
    without, answered = (printed(folder / f"{name}{ending}.pdf") for ending in ("", "_answers"))
    lesson, _, end = without.rpartition("Whathappens")
    assert end.count("Prediction") == len(shown)
    for number, (code, lines) in enumerate(shown, 1):
        wanted = squeezed("".join(lines))
        assert f"Prediction{number}{wanted}" in end
        *_, last = (line for line in code.splitlines() if line and not needs_a_kernel(line))
        assert f"{squeezed(last)}Theoutputisunderprediction{number}(p." in lesson
        assert f"{squeezed(last)}{wanted}" in answered
    assert "Theoutputisunder" not in answered


@pytest.mark.parametrize("name", [*EDITIONS, *BOOKLETS])
def test_nothing_is_outside_the_margins(folder, name):
    for piece in pieces(folder / f"{name}.pdf"):
        width = len(piece.text.rstrip()) * MONO_WIDTH * piece.size if "Mono" in piece.font else 0
        assert LEFT <= piece.x <= piece.x + width <= RIGHT, piece
        assert piece.y >= BOTTOM, piece


@pytest.mark.parametrize("name", [*EDITIONS, *BOOKLETS])
def test_no_page_ends_with_a_heading(folder, name):
    lines = {}  # a line may be several pieces
    for piece in pieces(folder / f"{name}.pdf"):
        lines.setdefault((piece.page, piece.y), []).append(piece)
    last = {page: line[0] for (page, _), line in lines.items()}
    cover = name in BOOKLETS
    stranded = [piece for page, piece in last.items() if piece.size > 11 and (page or not cover)]
    reader = opened(folder / f"{name}.pdf")
    # what a prediction shows may be a picture, which isn't a piece of text
    shows = [p for p in stranded if p.text.startswith("Prediction") and reader.pages[p.page].images]
    assert [piece for piece in stranded if piece not in shows] == []


@pytest.mark.parametrize("name", BOOKLETS)
def test_each_booklet_has_contents_and_starts_each_lesson_on_a_new_page(folder, name):
    reader = opened(folder / f"{name}.pdf")
    titles = {}
    for piece in pieces(folder / f"{name}.pdf"):
        if piece.size == 22:
            assert piece.y > 720, "a lesson starts at the top of its page"
            titles[piece.page + 1] = titles.get(piece.page + 1, "") + piece.text
    starts = {squeezed(title): page for page, title in titles.items()}
    of_lessons = [squeezed(source(cells(n)[0]).splitlines()[0].removeprefix("# ")) for n in NAMES]
    until = starts[of_lessons[0]] - 1
    contents = squeezed("".join(page.extract_text() for page in reader.pages[1:until]))
    for title in of_lessons:
        assert f"{title}{starts[title]}" in contents
    ending = name.removeprefix("booklet")
    singly = sum(len(opened(folder / f"{lesson}{ending}.pdf").pages) for lesson in NAMES)
    assert abs(len(reader.pages) - singly) <= 8


@pytest.mark.parametrize("answers", [False, True])
def test_a_second_build_gives_the_same_bytes(folder, tmp_path, answers):
    (lesson,) = (lesson for lesson in lessons() if lesson.stem.startswith("05"))
    handouts.write([lesson], tmp_path / "again.pdf", answers=answers)
    built = folder / f"{lesson.stem}{'_answers' if answers else ''}.pdf"
    assert (tmp_path / "again.pdf").read_bytes() == built.read_bytes()


def test_the_cheat_sheet_is_one_page_with_the_right_numbers(folder, tmp_path):
    path = folder / "cheat_sheet.pdf"
    assert len(opened(path).pages) == 1
    rows = {}
    for piece in pieces(path):
        rows.setdefault(round(piece.y), []).append(piece.text.strip())
    for dtype in (torch.float16, torch.bfloat16, torch.float32, torch.float64):
        found = limits(dtype)
        numbers = (found.largest, found.exp_finite_up_to, found.exp_positive_down_to)
        name = str(dtype).removeprefix("torch.")
        (row,) = (texts for texts in rows.values() if texts[0] == name and len(texts) == 4)
        assert [float(text) for text in row[1:]] == pytest.approx(numbers, rel=1e-5)
    for value in torch.softmax(torch.tensor([2.0, 1.0, 0.1]), dim=0).tolist():
        assert f"{value:.4f}" in printed(path)
    assert len(handouts.MOST_ASKED) == 12
    for entry in entries():
        if entry.number in handouts.MOST_ASKED:
            assert f"{squeezed(entry.title)}P{entry.number}" in printed(path)
    smallest = min(piece.size for piece in pieces(path) if "Math" not in piece.font)
    assert smallest >= 8.5
    handouts.write_cheat_sheet(Path(tmp_path) / "again.pdf")
    assert (tmp_path / "again.pdf").read_bytes() == path.read_bytes()
