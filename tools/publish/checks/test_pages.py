"""Each lesson as one page, in a browser: complete, accessible and self-contained."""

import json
import re

import pytest
from conftest import AXE, BROKEN_ONLY, WCAG

from softmax_lessons.copies import slide_type, tags, title
from softmax_lessons.workspace import lessons


@pytest.fixture(scope="module", params=lessons(), ids=lambda path: path.stem)
def lesson(request):
    return json.loads(request.param.read_text(encoding="utf-8")) | {"stem": request.param.stem}


@pytest.fixture(scope="module")
def page(browser, build, lesson):
    page = browser.new_page(viewport={"width": 1000, "height": 800}, color_scheme="light")
    page.asked, page.failures = [], []
    page.on("request", lambda request: page.asked.append(request.url))
    page.on("pageerror", lambda error: page.failures.append(str(error)))
    page.on("console", lambda message: page.failures.append(message.text))
    page.goto((build / "html" / f"{lesson['stem']}.html").as_uri())
    page.add_script_tag(path=AXE)
    yield page
    page.close()


def words(text):
    return " ".join(re.findall(r"\w+", text))


def test_nothing_is_requested_from_the_network_and_nothing_fails(page):
    assert [url for url in page.asked if not url.startswith(("file:", "data:", "blob:"))] == []
    assert page.failures == []


def test_everything_is_there_except_notes_and_what_needs_a_kernel(page, lesson):
    heading = page.locator("h1").text_content()
    assert page.title() == title(lesson) == " ".join(heading.split())
    found = words(page.locator("body").text_content())
    for cell in lesson["cells"]:
        text = "".join(cell["source"])
        if cell["cell_type"] == "code":
            wanted = not text.startswith("predict(")
            assert (words(text.rpartition("\ncheck(")[0] or text) in found) == wanted
        elif slide_type(cell) == "notes" or "steps" in tags(cell):
            assert words(text)[:60] not in found
    figures = [o for c in lesson["cells"] for o in c.get("outputs", []) if "image/png" in str(o)]
    alts = page.locator(".output img").evaluate_all("(images) => images.map((i) => i.alt)")
    assert len(alts) == len(figures)
    assert all(len(alt.split()) > 5 for alt in alts)


def test_formulas_are_typeset(page):
    assert page.locator(".math .katex").count() == page.locator(".math").count()
    assert not page.locator(".katex-error").count()


def test_solutions_are_folded(page, lesson):
    solutions = [cell for cell in lesson["cells"] if "solution" in tags(cell)]
    folded = page.get_by_text("Show the solution", exact=True)
    assert folded.count() == len(solutions)
    assert page.locator("details[open]").count() == 0


def test_links_lead_to_the_other_pages(page, build):
    links = page.locator("a").evaluate_all("(all) => all.map((a) => a.getAttribute('href'))")
    ids = set(page.locator("[id]").evaluate_all("(all) => all.map((each) => each.id)"))
    for link in links:
        if link.startswith("#"):
            assert link[1:] in ids, link
        elif not link.startswith("http"):
            assert (build / "html" / link).is_file(), link


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_accessible_and_fits_on_a_phone(page, scheme):
    page.emulate_media(color_scheme=scheme)
    page.evaluate("document.querySelectorAll('details').forEach(part => { part.open = true })")
    options = {"runOnly": WCAG, **BROKEN_ONLY}
    found = page.evaluate("options => axe.run(document, options)", options)["violations"]
    assert [(v["id"], node["html"][:160]) for v in found for node in v["nodes"]] == []
    page.evaluate("document.querySelectorAll('details').forEach(part => { part.open = false })")
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.set_viewport_size({"width": 1000, "height": 800})
