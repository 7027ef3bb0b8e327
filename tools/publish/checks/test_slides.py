"""Each deck in a browser: it follows the notebook's slide metadata, fits, and needs no network."""

import json
import re

import nbformat
import pytest
from conftest import AXE, WCAG

from softmax_lessons.copies import slide_type, tags
from softmax_lessons.explorers import dim_explorer, softmax_explorer
from softmax_lessons.workspace import lessons
from tools.publish import slides

WIDTH, HEIGHT = 1280, 700  # of 720 pixels; the slide number needs the last ones


def slide_of(cell):
    """A cell's type on the slides: what a question asks about is shown on its own slide."""
    shows = re.search(r'^check\("\w+"\)$', "".join(cell["source"]), flags=re.MULTILINE)
    kind = slide_type(cell)
    return "subslide" if shows and kind not in ("slide", "subslide") else kind


def begins_slide(cell):
    return slide_of(cell) in ("slide", "subslide")


def opened(browser, file):
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    page.asked, page.failures = [], []
    page.on("request", lambda request: page.asked.append(request.url))
    page.on("pageerror", lambda error: page.failures.append(str(error)))
    page.on("console", lambda message: page.failures.append(message.text))
    page.goto(file.as_uri())
    page.wait_for_function("window.Reveal && Reveal.isReady()")
    return page


@pytest.fixture(scope="module", params=lessons(), ids=lambda path: path.stem)
def lesson(request):
    return request.param


@pytest.fixture(scope="module")
def file(build, lesson):
    return build / "slides" / f"{lesson.stem}.html"


@pytest.fixture(scope="module")
def deck(browser, file):
    page = opened(browser, file)
    yield page
    page.close()


def test_everything_is_on_a_slide(deck):
    assert deck.locator(".slides > :not(section), .slides > .stack > :not(section)").count() == 0


@pytest.fixture(scope="module")
def printed(browser, file):
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    page.goto(f"{file.as_uri()}?print-pdf&pdfSeparateFragments=false")
    page.wait_for_selector(".pdf-page")
    yield page
    page.close()


@pytest.fixture(scope="module")
def cells(lesson):
    return json.loads(lesson.read_text(encoding="utf-8"))["cells"]


def test_nothing_is_requested_from_the_network_and_nothing_fails(deck):
    assert [url for url in deck.asked if not url.startswith(("file:", "data:", "blob:"))] == []
    assert deck.failures == []


def test_the_page_has_the_title_and_the_language_of_the_lesson(deck, cells):
    assert f"# {deck.title()}" == cells[0]["source"][0].strip()
    assert deck.locator("html").get_attribute("lang") == "en"


def test_the_slides_match_the_notebook(deck, cells):
    wanted = [slide_of(cell) for cell in cells if begins_slide(cell)]
    found = deck.evaluate(
        """() => Reveal.getSlides().map((slide) => {
            const below = slide.parentElement.classList.contains("stack");
            return below && slide.previousElementSibling ? "subslide" : "slide";
        })"""
    )
    assert found == wanted
    fragments = [cell for cell in cells if slide_of(cell) == "fragment"]
    assert deck.locator(".slides .fragment").count() == len(fragments)


def test_each_slide_begins_like_its_cell(deck, cells):
    texts = deck.evaluate("() => Reveal.getSlides().map((slide) => slide.textContent)")
    starts = [cell for cell in cells if begins_slide(cell)]
    for cell, text in zip(starts, texts, strict=True):
        line = re.sub(r"^(#+|\d+\.) ", "", cell["source"][0])  # a list's number is not text
        line = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", line).split("$")[0]  # a link is its text
        wanted, found = (re.findall(r"\w+", each)[:4] for each in (line, text))
        assert found[: len(wanted)] == wanted


def test_every_code_cell_is_there_except_skipped_ones(deck, cells):
    shown = [cell for cell in cells if slide_type(cell) != "skip"]
    shown = [cell for cell in shown if not cell["source"][0].startswith("predict(")]  # a form
    code = sum(cell["cell_type"] == "code" for cell in shown)
    fenced = sum("".join(c["source"]).count("```") // 2 for c in shown if c["cell_type"] != "code")
    assert deck.locator(".slides div.sourceCode").count() == code + fenced


def test_fragments_come_one_after_another(deck):
    seen = deck.evaluate(
        """() => Reveal.getSlides().map((slide) => {
            const {h, v} = Reveal.getIndices(slide);
            Reveal.slide(h, v, -1);
            const shown = () => [...slide.querySelectorAll(".fragment")]
                .filter((part) => getComputedStyle(part).visibility === "visible").length;
            const counts = [shown()];
            while (Reveal.availableFragments().next) {
                Reveal.nextFragment();
                counts.push(shown());
            }
            return [slide.querySelectorAll(".fragment").length, counts];
        })"""
    )
    assert all(counts == list(range(total + 1)) for total, counts in seen), seen


def test_notes_are_hidden_from_the_audience(deck, cells):
    notes = ["".join(cell["source"]) for cell in cells if slide_type(cell) == "notes"]
    found = deck.locator("aside.notes").evaluate_all("all => all.map((note) => note.textContent)")
    starts = {" ".join(re.findall(r"\w+", note)[:6]) for note in found}
    assert {" ".join(re.findall(r"\w+", note)[:6]) for note in notes} <= starts
    assert not deck.locator("aside.notes").filter(visible=True).count()


def test_the_speaker_sees_the_notes(browser, file, cells):
    page = opened(browser, file)
    with page.expect_popup() as popup:
        page.keyboard.press("s")
    for note in [cell for cell in cells if slide_type(cell) == "notes"][:1]:
        page.evaluate(
            """() => {
                const first = Reveal.getSlides().find((each) => each.querySelector("aside"));
                const {h, v} = Reveal.getIndices(first);
                Reveal.slide(h, v);
            }"""
        )
        words = re.findall(r"\w+", "".join(note["source"]))[:3]
        popup.value.get_by_text(re.compile(r"\W+".join(words))).wait_for()
    page.close()


def test_formulas_are_typeset(deck, cells):
    formulas = deck.locator(".math").count()
    assert deck.locator(".math .katex").count() == formulas
    assert not deck.locator(".katex-error").count()
    assert formulas or "$$" not in "".join("".join(cell["source"]) for cell in cells)


VOTE = """() => {
    for (const place of document.querySelectorAll(".question")) {
        const { wrong, answer, shown } = place.question;
        const long = wrong.toSorted((a, b) => b[1].length - a[1].length).map(([each]) => each);
        const plain = (each) => (Array.isArray(each) ? shown(each) : String(each));
        const votes = place.querySelector("textarea");
        const most = [...long.slice(0, 5), answer];
        votes.value = most.map((each, place) => `${plain(each)} ${9 - place}`).join(", ");
        votes.dispatchEvent(new Event("input"));
        const field = place.querySelector("input");
        if (field.type === "radio") place.querySelector(`[value="${long[0]}"]`).checked = true;
        else field.value = plain(long[0]);
        place.querySelector("form").requestSubmit();
    }
}"""
TOO_LARGE = """([unfolded, width, height]) => {
    document.querySelectorAll(unfolded).forEach((answer) => { answer.open = true; });
    return Reveal.getSlides().map((slide) => {
        const {h, v} = Reveal.getIndices(slide);
        Reveal.slide(h, v);
        return [slide.textContent.trim().slice(0, 60), slide.scrollWidth, slide.scrollHeight];
    }).filter(([text, w, h]) => w > width || h > height);
}"""


def test_every_slide_fits_with_its_answers_unfolded_and_its_votes_counted(browser, file):
    deck = opened(browser, file)
    deck.evaluate(VOTE)
    says = deck.locator(".question [role=status]").all_text_contents()
    assert all(says), "after a guess each form says something, and after votes each list"
    of_answers = deck.evaluate(TOO_LARGE, ["details", WIDTH, HEIGHT])
    of_votes = deck.evaluate(TOO_LARGE, [".question details", WIDTH, HEIGHT])
    deck.close()
    assert (of_answers, of_votes) == ([], [])


def test_every_picture_has_a_sentence(deck, cells):
    shown = [output for c in cells if slide_type(c) != "skip" for output in c.get("outputs", [])]
    alts = [o["metadata"]["image/png"]["alt"] for o in shown if "image/png" in o.get("data", {})]
    found = deck.locator(".slides img").evaluate_all("(images) => images.map((i) => i.alt)")
    assert found == alts


def test_solutions_are_on_slides_of_their_own(cells):
    assert all(slide_type(cell) == "subslide" for cell in cells if "solution" in tags(cell))


def test_a_printed_deck_has_a_page_for_each_slide(printed, cells):
    wanted = [cell for cell in cells if begins_slide(cell)]
    assert printed.locator(".pdf-page").count() == len(wanted)


def test_it_is_accessible(deck, printed):
    for page in (deck, printed):  # in print, all slides are visible at once
        page.add_script_tag(path=AXE)
        found = page.evaluate(
            """async (rules) => {
                const options = {preload: false, runOnly: rules};
                const {violations} = await axe.run(document, options);
                return violations.map((each) => [each.id, each.nodes[0].html, each.nodes.length]);
            }""",
            WCAG,
        )
        assert found == []


@pytest.mark.parametrize(
    ("explorer", "given"), [(softmax_explorer, [1.0, 2.0, 3.0]), (dim_explorer, [2, 3])]
)
def test_an_explorer_works_on_a_slide(browser, tmp_path, monkeypatch, explorer, given):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda data, raw: shown.append(data))
    explorer(given, predict=True)
    output = nbformat.v4.new_output("display_data", shown[0])
    code = nbformat.v4.new_code_cell("explorer(given)", outputs=[output])
    title = nbformat.v4.new_markdown_cell("# Play")
    notebook = nbformat.v4.new_notebook(cells=[title, code])
    for cell in notebook.cells:
        cell.metadata["slideshow"] = {"slide_type": "slide"}
    nbformat.write(notebook, tmp_path / "play.ipynb")
    slides.write(tmp_path / "play.ipynb", tmp_path / "play.html")
    page = opened(browser, tmp_path / "play.html")
    page.keyboard.press("Space")
    element = page.locator(f".slides {explorer.__name__.replace('_', '-')}")
    assert element.locator("input, button").first.is_enabled()
    assert element.bounding_box()["height"] < HEIGHT
    page.keyboard.press("Tab")
    before = page.evaluate("Reveal.getIndices().h")
    page.keyboard.press("ArrowLeft")
    assert page.evaluate("Reveal.getIndices().h") == before  # the key goes to the explorer
    assert page.failures == []
    page.close()
