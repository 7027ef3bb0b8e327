"""What nbval cannot see: it skips cells that were never run, and pictures."""

import ast
import re
from importlib import import_module
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

import jupytext
import nbformat
import pytest

from softmax_lessons.checker.question import Question
from softmax_lessons.copies import slide_type, tags
from softmax_lessons.lessons import tasks

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
SOURCES = ROOT / "notebooks" / "source"
KNOWN_TAGS = {"exercise", "solution", "answer", "steps", "explorer", "raises-exception"}
SLIDE_TYPES = {"slide", "subslide", "fragment", "skip", "notes", "-"}
MAX_PICTURE = 60_000

pytestmark = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def cells(path, kind):
    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == kind]


def is_lesson(path):
    """The first notebook is a welcome, and the field guide is for looking things up."""
    return path.stem not in ("00_start_here", "17_field_guide")


def outputs(path):
    return [output for cell in cells(path, "code") for output in cell.outputs]


def headings(path):
    text = "\n".join(cell.source for cell in cells(path, "markdown"))
    return re.findall(r"^(#+) (.*)$", text, flags=re.MULTILINE)


def test_the_text_source_matches_the_notebook(path):
    def content(notebook):
        return [
            (c.cell_type, c.source, sorted(tags(c)), slide_type(c), c.metadata.get("jupyter"))
            for c in notebook.cells
        ]

    source = jupytext.read(SOURCES / f"{path.stem}.md")
    notebook = nbformat.read(path, as_version=4)
    assert content(source) == content(notebook)
    # the other themes of live slides ask a server on the internet for fonts
    assert source.metadata["rise"] == notebook.metadata["rise"]
    assert source.metadata["rise"]["theme"] == "white"


def test_slides_begin_at_headings_and_notes_follow_a_slide(path):
    shown = nbformat.read(path, as_version=4).cells
    assert {slide_type(cell) for cell in shown} <= SLIDE_TYPES
    assert slide_type(shown[0]) == "slide"
    for cell in shown:
        if slide_type(cell) == "notes":
            assert cell.cell_type == "markdown"
            assert not re.search(r"^#", cell.source, flags=re.MULTILINE)
        if re.match(r"##? ", cell.source) and cell.cell_type == "markdown":
            assert slide_type(cell) in ("slide", "skip"), cell.source


def test_every_code_cell_was_run_once_in_order_from_a_fresh_start(path):
    counts = [cell.execution_count for cell in cells(path, "code")]
    assert counts == list(range(1, len(counts) + 1))


def test_the_file_reveals_nothing_about_the_machine_that_ran_it(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert not [c for c in notebook.cells if "execution" in c.metadata]  # timestamps
    pictures = re.compile(r"[A-Za-z0-9+/=]{200,}")  # any short text may turn up in a picture's code
    texts = [pictures.sub("", str(output)) for output in outputs(path)]
    paths = [t for t in texts if re.search(r"site-packages|\.py\b|/tmp/|/home/|[A-Z]:\\", t)]
    assert not paths
    assert not [t for t in texts if re.search(r"0x[0-9a-f]{6}|ipykernel_\d|elapsed|\d ms\b", t)]


def test_nothing_is_written_to_stderr(path):
    assert not [o for o in outputs(path) if o.output_type == "stream" and o.name == "stderr"]


def test_printed_numbers_have_at_most_four_digits_after_the_point(path):
    texts = []
    for cell in cells(path, "code"):
        if "explorer" in tags(cell):
            continue  # shows four digits of each number, however small
        for output in cell.outputs:
            texts.append(output.get("text", "") + output.get("data", {}).get("text/plain", ""))
    assert not re.findall(r"\d\.\d{5,}", "\n".join(texts))


def test_errors_come_only_from_cells_tagged_for_them(path):
    for cell in cells(path, "code"):
        failed = any(output.output_type == "error" for output in cell.outputs)
        assert failed == ("raises-exception" in tags(cell)), cell.source


def test_every_picture_has_a_sentence_and_is_small(path):
    for output in outputs(path):
        data = output.get("data", {})
        assert not {"image/jpeg", "image/svg+xml"} & data.keys()
        if "image/png" not in data:
            assert "<img" not in data.get("text/html", "")
            continue
        alt = data["text/plain"]
        assert re.search(r"\d", alt), f"no numbers in {alt!r}"
        assert not alt.startswith("<")
        assert output.metadata["image/png"]["alt"] == alt
        assert data["text/html"].startswith('<img alt="')
        assert len(data["image/png"]) * 3 / 4 < MAX_PICTURE, f"picture too large: {alt}"


def test_headings_start_at_one_and_skip_no_level(path):
    levels = [len(marks) for marks, _ in headings(path)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(b <= a + 1 for a, b in pairwise(levels))


def test_the_title_has_the_lessons_number(path):
    assert headings(path)[0][1].startswith(
        f"{int(path.stem[:2])}. " if path.stem[:2] != "00" else "0. "
    )


def test_the_lesson_has_all_its_parts(path):
    first = cells(path, "markdown")[0].source
    assert "**You will**" in first
    assert "**You need**" in first
    assert "minutes" in first
    titles = [title for _, title in headings(path)]
    wanted = ["Key points", "Check yourself", "Next"] if is_lesson(path) else ["Key points", "Next"]
    assert titles[-len(wanted) :] == wanted
    text = "\n".join(cell.source for cell in cells(path, "markdown"))
    points = text.split("## Key points")[1].split("## ")[0]
    assert len(re.findall(r"^(?:- |\d\. )", points, flags=re.MULTILINE)) == 3


def test_predictions_have_folded_answers_that_are_complete(path):
    for cell in cells(path, "markdown"):
        opened, closed = cell.source.count("<details>"), cell.source.count("</details>")
        assert opened == closed
        assert cell.source.count("<summary>") == opened
        # Markdown inside an HTML block is read as such only after a blank line
        assert len(re.findall(r"</summary>\n\n", cell.source)) == opened
        # "0. All of them." would be read as a list that starts with 0
        answers = re.findall(r"</summary>\n\n(.*?)\n\n</details>", cell.source, flags=re.DOTALL)
        numbered = [a for a in answers if re.match(r"\d+\.\s", a)]
        assert not [a for a in numbered if len(re.findall(r"^\d+\. ", a, re.MULTILINE)) < 2]
        if cell.source.startswith("**Predict.**") and is_lesson(path):
            assert opened, cell.source
        if "answer" in tags(cell):
            assert cell.source.startswith("<details><summary>Why it's right</summary>")
            assert cell.source.endswith("</details>")


def test_a_prediction_is_made_before_what_happens_can_be_seen(path):
    all_cells = nbformat.read(path, as_version=4).cells
    for i, cell in enumerate(all_cells):
        if "**Predict.**" in cell.source and cell.cell_type == "markdown":
            takes, shows = [c for c in all_cells[i:] if c.cell_type == "code"][:2]
            line, sure = r'predict\("(\w+)", \.\.\.\)  # .*', r"# or how sure you are of each: {.*}"
            name = re.fullmatch(rf"{line}(?:\n{sure})?", takes.source)[1]
            assert name in tasks()
            assert "no prediction yet" in takes.outputs[-1].data["text/plain"]
            assert shows.source.splitlines()[-1] == f'check("{name}")'
            assert "no prediction yet" in shows.outputs[-1].data["text/plain"]
            assert slide_type(takes) == "-"
            assert slide_type(shows) in ("fragment", "subslide", "slide")


def test_every_question_is_asked_once_and_in_the_order_of_the_records(path):
    source = "\n".join(cell.source for cell in cells(path, "code"))
    asked = re.findall(r'^predict\("(\w+)", \.\.\.\)', source, flags=re.MULTILINE)
    own = f"softmax_lessons.lessons.lesson_{path.stem[:2]}"
    own_tasks = import_module(own).TASKS if find_spec(own) else {}
    assert asked == [n for n, t in own_tasks.items() if isinstance(t, Question)]


def test_a_lesson_asks_for_predictions(path):
    asked = [c for c in cells(path, "markdown") if "**Predict.**" in c.source]
    assert len(asked) >= (4 if is_lesson(path) else 0)


def test_an_exercise_is_a_stub_a_check_and_a_solution(path):
    code = cells(path, "code")
    for i, cell in enumerate(code):
        if "exercise" not in tags(cell):
            continue
        (function,) = re.findall(r"^def (\w+)\(", cell.source, flags=re.MULTILINE)
        assert re.search(r"^    return \.\.\.", cell.source, flags=re.MULTILINE)
        check = code[i + 1]
        assert re.fullmatch(rf'check\("\w+", {function}\)', check.source)
        assert "not attempted yet" in check.outputs[0].data["text/plain"]
        later = [c for c in code[i + 2 :] if "solution" in tags(c)]
        assert f"def {function}_solution(" in later[0].source


def test_solutions_are_folded_and_pass_their_check(path):
    for cell in cells(path, "code"):
        if "solution" in tags(cell):
            assert cell.metadata["jupyter"]["source_hidden"] is True
            assert "correct" in cell.outputs[-1].data["text/plain"].splitlines()[0]


def test_no_cell_needs_a_solution_or_the_learners_answer(path):
    code = cells(path, "code")
    stubs = {
        name for c in code if "exercise" in tags(c) for name in re.findall(r"def (\w+)", c.source)
    }
    for cell in code:
        if tags(cell) & {"exercise", "solution"} or re.fullmatch(r"check\(.*\)", cell.source):
            continue
        assert "_solution" not in cell.source
        used = {name for name in stubs if re.search(rf"\b{name}\(", cell.source)}
        assert not used, f"{used} in {cell.source}"
        assert not re.search(r"\b(_|Out)\[|\b_\b(?!\s*[,=])", cell.source)


def test_the_cell_that_explains_a_solution_is_tagged(path):
    for cell, following in pairwise(nbformat.read(path, as_version=4).cells):
        explained = "solution" in tags(cell) and not following.source.startswith("#")
        assert explained == ("answer" in tags(following)), following.source


def test_every_import_is_used_or_recommended_in_the_text(path):
    nodes = list(ast.walk(ast.parse("\n".join(cell.source for cell in cells(path, "code")))))
    imports = [node for node in nodes if isinstance(node, (ast.Import, ast.ImportFrom))]
    names = {alias.asname or alias.name.split(".")[0] for n in imports for alias in n.names}
    told = re.findall(r"`(\w+)\(", "\n".join(cell.source for cell in cells(path, "markdown")))
    assert names <= {node.id for node in nodes if isinstance(node, ast.Name)} | set(told)


def test_cells_are_short_and_tags_known(path):
    assert all(tags(c) <= KNOWN_TAGS for c in nbformat.read(path, as_version=4).cells)
    for cell in cells(path, "code"):
        assert len(cell.source.splitlines()) <= 20, cell.source
        assert not cell.source.rstrip().endswith(";"), cell.source
        assert not re.search(r"sys\.path|import \*|^%|^!", cell.source, flags=re.MULTILINE)


def test_prose_keeps_to_the_style_guide(path):
    for cell in cells(path, "markdown"):
        prose = re.sub(r"`[^`]*`", "", cell.source)
        found = re.findall(r"\b(simply|just|obviously|easy|easily|of course)\b", prose, flags=re.I)
        assert not found, f"{found} in {cell.source}"


def test_links_between_lessons_lead_somewhere(path):
    text = "\n".join(cell.source for cell in cells(path, "markdown"))
    for target in re.findall(r"\]\(([^)#]+)", text):
        if not target.startswith("http"):
            assert (path.parent / target).exists(), target
