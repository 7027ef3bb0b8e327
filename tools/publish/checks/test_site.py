"""Every page of the site in a browser, from disk: it is complete, and needs no network."""

import csv
import json
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from bs4 import BeautifulSoup
from conftest import AXE, BROKEN_ONLY, WCAG

from softmax_lessons import explain
from softmax_lessons.copies import slide_type, tags
from softmax_lessons.field_guide import entries, messages
from softmax_lessons.lessons import by_lesson
from softmax_lessons.workspace import lessons
from tools.publish.site import FORMS, OFFERED

ROOT = Path(__file__).parents[3]
GUIDES = [f"docs/{path.stem}" for path in sorted((ROOT / "docs").glob("*.md"))]
LESSONS = [f"notebooks/{path.stem}" for path in lessons()]
PITFALLS = [f"field_guide/p{entry.number}" for entry in entries()]
MISTAKES = [f"misconceptions/lesson_{number}" for number in by_lesson()]
PAGES = [
    *("index", "README", "CONTRIBUTING", "CHANGELOG", "tools/classroom/README", "search"),
    *(*GUIDES, *LESSONS, "field_guide/index", *PITFALLS[::40]),
    *("misconceptions/index", *MISTAKES[3:7:3]),
]


def cells(lesson):
    return json.loads(lesson.read_text(encoding="utf-8"))["cells"]


@cache
def soup(site, page):
    return BeautifulSoup((site / f"{page}.html").read_text(encoding="utf-8"), "html.parser")


@pytest.fixture(scope="session")
def site(build):
    return build / "site"


@pytest.fixture(scope="module", params=PAGES)
def page(browser, site, request):
    """A page that is loaded once, for all tests that look at it."""
    page = browser.new_page(viewport={"width": 1280, "height": 900}, color_scheme="light")
    page.asked, page.failures = [], []
    page.on("request", lambda request: page.asked.append(request.url))
    page.on("requestfailed", lambda request: page.failures.append(request.url))
    page.on("pageerror", lambda error: page.failures.append(str(error)))
    page.goto((site / f"{request.param}.html").as_uri())
    page.evaluate("window.MathJax?.startup.promise")
    page.add_script_tag(path=AXE)
    # halfway through a transition, a colour isn't final
    page.add_style_tag(content="* { transition: none !important; animation: none !important }")
    yield page
    page.close()


def test_these_are_all_the_pages(site):
    found = {path.relative_to(site).with_suffix("").as_posix() for path in site.rglob("*.html")}
    static = {name for name in found if name.startswith(("_static/", "downloads/"))}
    assert found - static == {*PAGES, *PITFALLS, *MISTAKES}


def test_nothing_is_requested_from_the_network_and_nothing_fails(page):
    page.wait_for_timeout(200)
    assert [url for url in page.asked if not url.startswith(("file:", "data:", "blob:"))] == []
    assert page.failures == []


SHOWN = "performance.getEntriesByName('first-contentful-paint')[0].startTime"


def test_it_appears_within_a_second(page, browser):
    shown = [page.evaluate(SHOWN)]
    while shown[-1] >= 1000 and len(shown) < 5:  # the machine may have been busy
        again = browser.new_page(viewport={"width": 1280, "height": 900})
        again.goto(page.url)
        shown.append(again.evaluate(SHOWN))
        again.close()
    assert min(shown) < 1000


def test_formulas_are_typeset(page):
    formulas = page.locator(".math").count()
    assert page.locator(".math mjx-container").count() == formulas
    assert not page.locator("mjx-merror, [data-mjx-error]").count()
    text = page.locator("main").evaluate(
        """main => {
            const copy = main.cloneNode(true);
            copy.querySelectorAll('pre, code, script, mjx-container').forEach(e => e.remove());
            return copy.textContent }"""
    )
    assert not re.search(r"\$\$|\\\(|\\\[|\\frac|\\begin", text)


@pytest.mark.parametrize("lesson", lessons(), ids=lambda path: path.stem)
def test_no_formula_is_left_out(site, lesson):
    texts = ("".join(c["source"]) for c in cells(lesson) if c["cell_type"] == "markdown")
    shown = sum(text.count("$$") for text in texts) // 2
    assert len(soup(site, f"notebooks/{lesson.stem}").select("div.math")) == shown


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_accessible(page, scheme):
    page.emulate_media(color_scheme=scheme)
    page.wait_for_function(f"document.documentElement.dataset.theme === '{scheme}'")
    page.evaluate("document.querySelectorAll('details').forEach(part => { part.open = true })")
    options = {"runOnly": WCAG, **BROKEN_ONLY}
    found = page.evaluate("options => axe.run(document, options)", options)["violations"]
    broken = [(v["id"], node["html"][:160]) for v in found for node in v["nodes"]]
    assert [violation for violation in broken if not is_not_ours(*violation)] == []


def is_not_ours(rule, html):
    """Two buttons have a name unlike their text: the theme's search, MyST-NB's folded cells."""
    names = ("search-button__button", 'aria-label="Toggle hidden content"')
    return rule == "label-content-name-mismatch" and any(name in html for name in names)


MOVES = """() => [...document.querySelectorAll("*")].filter((element) => {
    const { animationName, transitionDuration, scrollBehavior } = getComputedStyle(element);
    return animationName !== "none" || /[1-9]/.test(transitionDuration)
        || scrollBehavior === "smooth";
}).length"""


@pytest.mark.parametrize("name", ["index", "search", "notebooks/01_scores_to_probabilities"])
def test_nothing_moves_for_people_who_prefer_reduced_motion(browser, site, name):
    page = browser.new_page(reduced_motion="reduce")
    page.goto((site / f"{name}.html").as_uri())
    moves = page.evaluate(MOVES)
    page.emulate_media(reduced_motion="no-preference")
    otherwise = page.evaluate(MOVES)
    page.close()
    assert moves == 0 < otherwise


@pytest.mark.parametrize(
    "name",
    [
        *("site/index", "site/notebooks/01_scores_to_probabilities", "site/field_guide/index"),
        *("site/notebooks/08_follow_the_gradient", "slides/05_subtract_the_maximum"),
    ],
)
def test_firefox_shows_it_accessibly_and_without_errors(firefox, build, name):
    firefox.goto((build / f"{name}.html").as_uri())
    assert (
        firefox.evaluate("() => document.querySelectorAll('mjx-merror, .katex-error').length") == 0
    )
    firefox.evaluate("(source) => { (0, eval)(source); }", AXE.read_text(encoding="utf-8"))
    run = "(options) => axe.run(document, options)"
    found = firefox.evaluate(run, {"runOnly": WCAG, **BROKEN_ONLY})["violations"]
    broken = [(v["id"], node["html"][:160]) for v in found for node in v["nodes"]]
    assert [violation for violation in broken if not is_not_ours(*violation)] == []


def test_it_fits_on_a_phone(page):
    page.set_viewport_size({"width": 390, "height": 844})
    width = page.evaluate("document.documentElement.scrollWidth")
    page.set_viewport_size({"width": 1280, "height": 900})
    assert width <= 390


@pytest.mark.parametrize("name", sorted({*PAGES, *PITFALLS, *MISTAKES}))
def test_links_lead_somewhere(site, name):
    here = (site / f"{name}.html").resolve()
    for element in soup(site, name).select("[href], [src]"):
        url = urlsplit(element.get("href") or element.get("src") or "")
        if url.scheme or url.netloc:
            continue
        there = (here.parent / unquote(url.path)).resolve() if url.path else here
        assert there.is_file(), element
        assert there.is_relative_to(site.resolve()), element
        if url.fragment and there.suffix == ".html" and "downloads" not in there.parts:
            target = soup(site, there.relative_to(site.resolve()).with_suffix("").as_posix())
            assert target.find(id=unquote(url.fragment)), element


@pytest.mark.parametrize("name", PAGES)
def test_every_picture_has_a_sentence(site, name):
    for picture in soup(site, name).select("article img"):
        assert len(picture.get("alt", "").split()) > 5, picture


@pytest.mark.parametrize("lesson", lessons(), ids=lambda path: path.stem)
def test_a_lesson_has_every_figure_and_code_cell_but_no_notes(site, lesson):
    page = soup(site, f"notebooks/{lesson.stem}")
    outputs = [o for c in cells(lesson) for o in c.get("outputs", [])]
    figures = [o for o in outputs if "image/png" in o.get("data", {})]
    assert len(page.select(".cell_output img")) == len(figures)
    code = [c for c in cells(lesson) if c["cell_type"] == "code"]
    guesses = [c for c in code if c["source"][0].startswith("predict(")]  # they are forms
    assert len(page.select(".cell_input")) == len(code) - len(guesses)
    text = words(page.get_text())
    for cell in cells(lesson):
        if slide_type(cell) == "notes":
            assert words("".join(cell["source"]))[:60] not in text


MINIMUM = {"name", "description", "keywords", "license", "inLanguage", "author", "version"}


@pytest.mark.parametrize(
    "name", [page for page in (*PAGES, *PITFALLS, *MISTAKES) if page != "search"]
)
def test_each_page_tells_search_engines_what_it_is_about(site, name):
    (script,) = soup(site, name).select('head script[type="application/ld+json"]')
    content = json.loads(script.string)
    assert content.keys() >= MINIMUM
    assert "LearningResource" in content["@type"]
    assert all(content[key] for key in MINIMUM)
    assert content["license"].startswith("https://creativecommons.org/licenses/by/4.0")
    assert name == "index" or content["isPartOf"]["@type"] == "Course"


@pytest.mark.parametrize("lesson", lessons(), ids=lambda path: path.stem)
def test_a_lesson_says_what_it_teaches_and_how_long_it_takes(site, lesson):
    script = soup(site, f"notebooks/{lesson.stem}").select_one("script[type$='ld+json']")
    content = json.loads(script.string)
    head = "".join(cells(lesson)[0]["source"])
    assert head.startswith(f"# {content['position']}. {content['name']}\n")
    assert words(content["teaches"]) in words(head)
    assert f"About {content['timeRequired'].strip('PTM')} minutes" in head
    parts = json.loads(soup(site, "index").select_one("script[type$='ld+json']").string)["hasPart"]
    assert parts[content["position"]]["url"] == f"notebooks/{lesson.stem}.html"


@pytest.mark.parametrize("name", PAGES)
def test_each_page_states_both_licences(site, name):
    footer = soup(site, name).select_one("footer.bd-footer-content").text
    assert "CC BY 4.0" in footer
    assert "MIT" in footer


def words(text):
    return " ".join(re.findall(r"\w+", text))


@pytest.mark.parametrize("lesson", lessons(), ids=lambda path: path.stem)
def test_solutions_and_why_they_are_right_are_folded(site, lesson):
    page = soup(site, f"notebooks/{lesson.stem}")
    for wanted in ("solution", "answer"):
        for cell in cells(lesson):
            if wanted in tags(cell):
                first = words("".join(cell["source"]).partition("</summary>")[2])[:40]
                found = [d for d in page.select("details:not([open])") if first in words(d.text)]
                assert found, first


def test_explorers_are_interactive(page):
    elements = page.locator("softmax-explorer, dim-explorer")
    assert elements.count() or "explorers.html" not in page.url
    for element in elements.all():
        assert element.evaluate("element => !!element.shadowRoot?.querySelector('button, input')")


@pytest.mark.parametrize("entry", entries(), ids=lambda entry: f"p{entry.number}")
def test_each_pitfall_is_a_page_with_its_symptom_as_title(site, entry):
    page = soup(site, f"field_guide/p{entry.number}")
    assert page.select_one("h1").find(string=True) == entry.title
    assert page.title.text.startswith(entry.title)
    text = words(page.select_one("article").text)
    assert words(entry.cause.split("`")[0])[:40] in text
    assert all(words(message)[:60] in text for message in entry.messages)


QUERIES = [
    *(message.replace("…", "some 7") for entry in entries() for message in entry.messages),
    *(text.replace("…", "some 7") for message in messages() for text in message.messages),
    *(entry.title for entry in entries()),
    *(phrase for entry in entries() for phrase in entry.asked.split(", ")),
    *("loss is nan", "banana split", "IndexError: Target 12 is out of bounds.", "my gpu says no"),
    *("Why are my probabilities all the same?", "fp16 softmax 🙂", "P80", "a", "  ", "e e e"),
]


@pytest.mark.parametrize("page", ["field_guide/index"], indirect=True)
def test_the_search_finds_what_explain_finds(page):
    page.wait_for_function("typeof FIELD_GUIDE === 'object'")
    found = page.evaluate(
        """(queries) => queries.map((query) => {
            const {entries, exact, answer} = explain(query);
            return [entries.map((entry) => entry.number), exact, answer?.fix];
        })""",
        QUERIES,
    )
    for query, (numbers, exact, fix) in zip(QUERIES, found, strict=True):
        if query.strip():
            wanted = explain(query)
            assert ([e.number for e in wanted.entries], wanted.exact) == (numbers, exact), query
            assert fix == (wanted.answer.fix if wanted.answer else None), query


@pytest.mark.parametrize("page", ["field_guide/index"], indirect=True)
def test_a_pasted_message_leads_to_its_page(page):
    page.fill("#guide-query", "RuntimeError: expected scalar type Long but found Double")
    first = page.locator(".guide-found a").first
    assert first.text_content() == next(e.title for e in entries() if e.number == 80)
    assert first.get_attribute("href") == "p80.html"
    page.fill("#guide-query", "")
    assert page.locator(".guide-found a").count() == 0


@pytest.mark.parametrize("page", ["search"], indirect=True)
def test_the_site_search_covers_the_field_guide(page):
    page.goto(page.url.partition("?")[0] + "?q=Target+7+is+out+of+bounds")
    page.wait_for_selector("a[href='field_guide/p81.html']")


@pytest.mark.parametrize("page", ["search"], indirect=True)
def test_the_search_finds_the_lesson_on_overflow(page):
    page.goto(page.url.partition("?")[0] + "?q=overflow")
    page.wait_for_selector("#search-results li:has-text('Watch it overflow')")
    page.wait_for_timeout(500)
    assert page.failures == []


def test_all_formats_can_be_downloaded(site, build):
    offered = [path for forms in OFFERED.values() for path in forms.values()]
    for lesson in lessons():
        for path in offered:
            assert (site / "downloads" / path.format(lesson.stem)).stat().st_size > 1000
    for form in FORMS:
        there = {path.name for path in (site / "downloads" / form).iterdir()}
        assert there == {path.name for path in (build / form).iterdir()}


def test_everything_that_the_plans_say_to_print_exists(build):
    for page in ("teach_a_class", "run_a_workshop"):
        text = (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")
        named = re.findall(r"`(?:build/handouts/)?(\w+\.pdf)`", text)
        assert len(named) > 3
        assert set(named) <= {path.name for path in (build / "handouts").iterdir()}


def test_the_site_refers_to_no_file_on_this_machine(site):
    for path in site.rglob("*"):
        if path.suffix in (".html", ".js") and "downloads" not in path.parts:
            assert str(ROOT) not in path.read_text(encoding="utf-8"), path


def test_the_guide_shows_what_the_grader_says(tmp_path):
    command = ["-m", "softmax_lessons", "grade", "docs/sample_submissions", "--out", tmp_path]
    printed = subprocess.run(
        [sys.executable, *command], cwd=ROOT, check=True, capture_output=True, encoding="utf-8"
    ).stdout.replace(str(tmp_path), "grades")
    grades = (tmp_path / "grades.csv").read_text(encoding="utf-8-sig")
    report = BeautifulSoup((tmp_path / "grades.html").read_text(encoding="utf-8"), "html.parser")
    guide = (ROOT / "docs" / "grade_a_class.md").read_text(encoding="utf-8")
    section = guide.partition("## Try it first")[2].partition("\n## ")[0]
    shown = re.findall(r"```\n(.*?)```", section, flags=re.DOTALL)[1:]
    assert shown[0].strip() in printed.strip()
    rows = [",".join(row) for row in csv.reader(grades.splitlines())]
    starts = [line.removesuffix("...") for line in shown[1].splitlines()]
    assert len(starts) == len(rows)
    assert all(row.startswith(start) for row, start in zip(rows, starts, strict=True)), rows
    for line in shown[2].splitlines():
        assert line.strip() in report.get_text()
