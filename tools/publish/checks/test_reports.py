"""The pages that grading writes, in a browser: accessible, self-contained, and printable."""

import io
import sys

import pytest
from pypdf import PdfReader

from softmax_lessons.grading import command, sandbox
from tools.publish.checks.conftest import AXE, BROKEN_ONLY, ROOT, WCAG

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="grading needs a fork that is safe"
)
OPTIONS = ["--without-sandbox"] if sandbox.missing() else []
PAGES = ("class.html", "grades.html", "feedback/blaise.html")


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    """The reports on the sample submissions."""
    out = tmp_path_factory.mktemp("reports")
    samples = ROOT / "docs" / "sample_submissions"
    assert command.main([str(samples), "--out", str(out), *OPTIONS]) == 0
    return out


@pytest.fixture(params=PAGES)
def page(request, reports, browser):
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.asked = []
    page.on("request", lambda sent: page.asked.append(sent.url))
    page.goto((reports / request.param).as_uri())
    yield page
    page.close()


def test_it_is_accessible(page):
    page.add_script_tag(path=AXE)
    options = {"runOnly": WCAG, **BROKEN_ONLY}
    found = page.evaluate("options => axe.run(document, options)", options)["violations"]
    assert [(v["id"], node["html"][:160]) for v in found for node in v["nodes"]] == []


def test_it_requests_nothing_else_and_fits_on_a_phone(page):
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.asked == [page.url]


def test_the_part_for_tomorrow_is_on_a_sheet_of_its_own(reports, browser):
    page = browser.new_page()
    page.goto((reports / "class.html").as_uri())
    printed = PdfReader(io.BytesIO(page.pdf(format="A4")))
    page.close()
    texts = [sheet.extract_text() for sheet in printed.pages]
    assert len(texts) <= 3
    assert "For tomorrow" not in texts[0]
    (tomorrow,) = [text for text in texts if "For tomorrow" in text]
    assert "Exercises and mistakes" not in tomorrow
