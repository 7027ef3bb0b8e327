"""Each question's form in a browser: it says what Python says, hides, and remembers."""

import json
import math
import re
from collections import Counter
from itertools import pairwise

import pytest
from bs4 import BeautifulSoup
from conftest import AXE, BROKEN_ONLY, ROOT, WCAG
from test_handouts import printed

from softmax_lessons.checker.question import Question
from softmax_lessons.copies import tags, without_notes
from softmax_lessons.lessons import by_lesson, tasks
from softmax_lessons.workspace import lessons
from tools.publish import questions

PUBLISH = ROOT / "tools" / "publish"
QUESTIONS = {name: task for name, task in tasks().items() if isinstance(task, Question)}
NUMBERS = [
    *("0", "-0.0", "1", "-1", "2.5", "3.5", "0.25", "0.35", "7", "25", "89", "1000", "1e7", "-1e7"),
    *(
        "1/2",
        "1 / 3",
        "-2/3",
        "3/0",
        "1/3%",
        "50%",
        "5 %",
        "100 %",
        "1_000",
        "1__0",
        "+5",
        "+ 5",
        "+-5",
    ),
    *(
        "1e-3",
        "1E3",
        ".5",
        "5.",
        ".",
        "-",
        "e5",
        "1e308",
        "1e-320",
        "1e400",
        "-1e400",
        "NaN",
        "-nan",
    ),
    *(
        "inf",
        "-Infinity",
        "INF",
        "infin",
        "\N{MINUS SIGN}2",
        "0,5",
        "0x10",
        "1 2",
        "seven",
        "it's",
    ),
    *(
        'say "7"',
        'it\'s "7"',
        "back\\slash",
        "x" * 100,
        " 0.66 ",
        "(2, 3)",
        "[2,3]",
        "2 x 3",
        "2\xd73",
    ),
    *(
        "(3, 2)",
        "(2, 3, 1)",
        "(2, -1)",
        "2 3",
        "()",
        "(2 4)",
        "2,",
        "torch.Size([2, 3])",
        "6,100",
        "1,000,000.5",
        "0,659",
        "12,5 %",
        "1,00,000",
        "~3",
        "\N{ALMOST EQUAL TO} 0.66",
        "\N{INFINITY}",
        "-\N{INFINITY}",
        "1.5/2",
        "1/2/3",
        "2/nan",
        "(1, 2, 3, 4, 5)",
        "1e0",
        "true",
    ),
]
SPACE, DOWN, TAB, ENTER = " ", "\ue015", "\ue004", "\ue007"  # WebDriver's keys
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Questions</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>{style}</style><script>{script}</script></head>
<body><main><h1>Questions</h1>{forms}</main></body></html>"""
ONE = """<p><strong>Predict.</strong> What happens?</p>{form}
<div class="tag_shows-{name}"><pre class="output">what happens</pre></div>"""
TELL = """(guesses) => Object.fromEntries(Object.entries(guesses).map(([name, texts]) => {
    const place = document.getElementById(`question-${name}`);
    const [form, status] = [place.querySelector("form"), place.querySelector("[role=status]")];
    return [name, texts.map((text) => {
        form.elements[name].value = text;
        form.requestSubmit();
        return status.textContent;
    })];
}))"""


def is_number(question):
    return isinstance(question.answer, (int, float))


def guesses_at(question):
    """The choices of a question, or else texts: arbitrary ones, and ones near what happens."""
    if question.choices:
        return list(question.choices)
    near = [question.answer, *question.wrong]
    if is_number(question):
        near += [like for _, like in questions.alike(question.answer)]
        by = (10, 1000, 0.01, 1e-6, 1.004, 0.96, 1.2, 0.8, 1 + question.within, -3)
        near += [question.answer * factor for factor in by]
        near += [question.answer + step for step in (1, -1, 0.001)]
    return [*NUMBERS, *map(str, near)]


def said(question, text):
    """What the form should say about a guess, derived from what Python says."""
    verdict = question.at_once("question", text)
    says = verdict.says.replace("`", "")  # what's between them is code on the page
    if verdict.status == "right":
        return "Right: that is what happens."
    return f"Not what happens. {says}" if verdict.status == "wrong" else says


@pytest.fixture(scope="module")
def all_questions(tmp_path_factory):
    """A page with every question of the course."""
    content = {
        "style": (PUBLISH / "questions.css").read_text(encoding="utf-8"),
        "script": (PUBLISH / "questions.js").read_text(encoding="utf-8"),
        "forms": "\n".join(
            ONE.format(form=questions.form(name, "a guess"), name=name) for name in QUESTIONS
        ),
    }
    file = tmp_path_factory.mktemp("questions") / "page.html"
    file.write_text(PAGE.format(**content), encoding="utf-8")
    return file.as_uri()


@pytest.fixture
def opened(browser):
    """Open a page from a file; nothing may go wrong, or be requested from the network."""
    contexts, amiss = [], []

    def show(file, script="", **options):
        context = browser.new_context(viewport={"width": 1000, "height": 800}, **options)
        contexts.append(context)
        context.add_init_script(script)
        page = context.new_page()
        page.on("pageerror", lambda error: amiss.append(str(error)))
        page.on("request", lambda request: amiss.append(request.url))
        page.goto(file if isinstance(file, str) else file.as_uri())
        return page

    yield show
    for context in contexts:
        context.close()
    assert [each for each in amiss if not each.startswith(("file:", "data:", "blob:"))] == []


@pytest.fixture(params=["site/notebooks", "html"])
def lesson(build, request):
    return build / request.param / "01_scores_to_probabilities.html"


def test_the_script_is_small():
    assert (PUBLISH / "questions.js").stat().st_size < 10_000


def test_chromium_says_what_python_says(opened, all_questions):
    guesses = {name: guesses_at(question) for name, question in QUESTIONS.items()}
    assert_as_python(guesses, opened(all_questions).evaluate(TELL, guesses))


def test_firefox_says_what_python_says(firefox, all_questions):
    guesses = {name: guesses_at(question) for name, question in QUESTIONS.items()}
    firefox.goto(all_questions)
    assert_as_python(guesses, firefox.evaluate(TELL, guesses))


def assert_as_python(guesses, told):
    amiss = [
        (name, text, found, said(QUESTIONS[name], text))
        for name, texts in guesses.items()
        for text, found in zip(texts, told[name], strict=True)
        if found != said(QUESTIONS[name], text)
    ]
    assert amiss == []


def test_the_guesses_trigger_every_kind_of_sentence():
    heard = {said(q, text) for q in QUESTIONS.values() for text in guesses_at(q)}
    for start in (
        *("Right:", "Not what happens. Too large", "Not what happens. Too small"),
        *("Not what happens. Right size", "Not what happens. The right digits, 1,000 times"),
        *("Not what happens. Right to one digit. The question asks for within 0.5%.",),
        *("Not what happens. Right to one digit. The question asks for the exact number.",),
        *("Not what happens. That's its exp", "Not what happens. That's its log"),
        *("Not what happens. That's 1 div", "Not what happens. That's 1 minus"),
        *(
            "Not what happens. That's twice",
            "Not what happens. That's half",
            "Not what happens. It's finite.",
        ),
        *("Not what happens. It's an ordinary", "Not what happens. The answer has 2 numbers"),
        *("Not what happens. The right numbers", "Not what happens. 1 of the 2 numbers is right."),
        *("The answer is a number, and you gave 'seven'.", "The answer is numbers in parentheses"),
    ):
        assert any(sentence.startswith(start) for sentence in heard), start


def test_every_question_of_the_course_is_in_all_formats(build):
    for path in lessons():
        asked = by_lesson().get(path.stem[:2], {})
        names = sorted(name for name, task in asked.items() if isinstance(task, Question))
        for form in ("site/notebooks", "slides", "html"):
            page = (build / form / f"{path.stem}.html").read_text(encoding="utf-8")
            places = BeautifulSoup(page, "html.parser").select(".question[data-question]")
            assert sorted(json.loads(place["data-question"])["name"] for place in places) == names
            assert sorted(re.findall(r'class="[^"]*tag_shows-(\w+)', page)) == names
            assert not re.search(r"predict.{0,40}\.\.\.", BeautifulSoup(page, "html.parser").text)
        assert printed(build / "handouts" / f"{path.stem}.pdf").count("Myguess(") == len(names)
        for form in ("student", "student_without_outputs", "answers"):
            cells = json.loads((build / form / path.name).read_text(encoding="utf-8"))["cells"]
            code = "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "code")
            for line in (r'^predict\("(\w+)", \.\.\.\)', r'^check\("(\w+)"\)$'):
                assert sorted(re.findall(line, code, re.MULTILINE)) == names
    assert sum(len(tasks_of) for tasks_of in by_lesson().values()) == len(tasks())


@pytest.mark.parametrize("form", ["site/notebooks", "html"])
def test_text_about_what_happens_is_hidden_with_it(build, form):
    found = 0
    for path in lessons():
        page = (build / form / f"{path.stem}.html").read_text(encoding="utf-8")
        page = BeautifulSoup(page, "html.parser")
        cells = without_notes(json.loads(path.read_text(encoding="utf-8")))["cells"]
        for shows, text in pairwise(cells):
            asked = re.search(r'^check\("(\w+)"\)$', "".join(shows["source"]), re.MULTILINE)
            source = "".join(text["source"])
            if asked and text["cell_type"] == "markdown" and not re.search(r"\A#|Predict", source):
                first = " ".join(re.findall(r"[a-z]+", source)[:5])
                waits = page.select(f".shows-{asked[1]}")
                assert any(first in " ".join(re.findall(r"[a-z]+", w.text)) for w in waits), first
                found += 1
    assert found > 60


@pytest.mark.parametrize("form", ["site/notebooks", "html"])
def test_later_output_is_hidden_up_to_a_heading_an_exercise_or_a_question(build, form):
    found = 0
    for path in lessons():
        html = (build / form / f"{path.stem}.html").read_text(encoding="utf-8")
        page, asked, wait = BeautifulSoup(html, "html.parser"), "", Counter()
        for cell in without_notes(json.loads(path.read_text(encoding="utf-8")))["cells"]:
            source = "".join(cell["source"])
            if compared := re.search(r'^check\("(\w+)"\)$', source, re.MULTILINE):
                asked = compared[1] if compared[1] in QUESTIONS else ""
            elif "exercise" in tags(cell) or (
                cell["cell_type"] == "markdown" and re.search(r"^#|^\*\*Predict", source, re.M)
            ):
                asked = ""
            if asked and cell["cell_type"] == "code":
                wait[asked] += 1
        for name, count in wait.items():
            assert len(page.select(f".tag_shows-{name}")) == 1
            assert len(page.select(f".tag_after-{name}")) == count - 1, name
        found += sum(wait.values()) - len(wait)
    assert found > 60


def words(text):
    return " ".join(re.findall(r"\w+", text))


def question(page, name):
    place = page.locator(f"#question-{name}")
    hidden = page.locator(f".tag_shows-{name} > :is(.cell_output, .output), .shows-{name}")
    assert hidden.count() >= 2  # what the cell shows, and the folded answer
    return place, hidden, place.locator("form [role=status]")


def tab_to(page, selector):
    for _ in range(100):
        page.keyboard.press("Tab")
        if page.evaluate("(sought) => document.activeElement.matches(sought)", selector):
            return
    raise AssertionError(f"no Tab leads to {selector}")


def test_a_guess_reveals_what_happens_with_the_keyboard_alone(opened, lesson):
    page = opened(lesson)
    place, hidden, status = question(page, "sum_of_zero")
    assert not any(each.is_visible() for each in hidden.all())
    assert 'check("sum_of_zero")' not in page.locator("body").inner_text()
    tab_to(page, "#question-sum_of_zero input")
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    assert place.locator("input:checked").get_attribute("value") == "fine"
    assert not hidden.first.is_visible()
    tab_to(page, "#question-sum_of_zero button")
    page.keyboard.press("Enter")
    assert status.text_content() == "Not what happens. The scores sum to 0; what is 2 / 0?"
    assert all(each.is_visible() for each in hidden.all())
    assert page.evaluate("document.activeElement.textContent") == "Check"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Ask me again"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.textContent") == "Show me"
    assert not any(each.is_visible() for each in hidden.all())
    assert (status.text_content(), place.locator("input:checked").count()) == ("", 0)


def test_show_me_reveals_the_answer_without_a_guess(opened, lesson):
    page = opened(lesson)
    place, hidden, status = question(page, "cat_share")
    place.get_by_role("button", name="Check").click()
    assert status.text_content() == 'Make a guess first, or press "Show me".'
    assert not hidden.first.is_visible()
    place.get_by_role("textbox", name="A number").fill("many")
    page.keyboard.press("Enter")
    assert status.text_content() == "The answer is a number, and you gave 'many'."
    assert place.locator("input").get_attribute("aria-invalid") == "true"
    assert not hidden.first.is_visible()
    place.get_by_role("button", name="Show me").click()
    assert status.text_content() == "What happens: 0.66."
    assert all(each.is_visible() for each in hidden.all())


def test_a_form_tells_a_screen_reader_what_it_asks(opened, lesson):
    page = opened(lesson)
    group = page.get_by_role("group", name="Your guess").first
    assert group.get_by_role("radio", name="error").count() == 1
    described = page.locator("#question-sum_of_zero fieldset").get_attribute("aria-describedby")
    assert page.locator(f"#{described}").inner_text().startswith("Predict. What do you get if")
    assert page.locator("#question-sum_of_zero [role=status]").count() == 1
    about = page.locator(".question legend").all_text_contents()
    assert set(about) == {"Your guess"}


def test_a_form_says_which_part_of_a_question_it_asks_for(opened, build):
    page = opened(build / "html" / "05_subtract_the_maximum.html")
    assert page.locator("#question-one_maximum legend").text_content() == "Your guess, row 0"


def test_text_after_what_happens_is_revealed_with_it(opened, build):
    page = opened(build / "html" / "05_subtract_the_maximum.html")
    place, _, status = question(page, "one_maximum")
    assert not page.get_by_text("You'd notice a nan.").is_visible()
    assert page.get_by_text("you can't subtract a pair from a tensor").is_visible()
    place.get_by_role("radio", name="zeros").check()
    place.get_by_role("button", name="Check").click()
    assert status.text_content().startswith("Not what happens.")
    assert page.get_by_text("You'd notice a nan.").is_visible()


def test_a_guess_is_remembered_and_forgotten_when_asked_again(opened, lesson):
    page = opened(lesson)
    place, hidden, status = question(page, "add_ten")
    place.get_by_role("radio", name="sharper").check()
    place.get_by_role("button", name="Check").click()
    page.reload()
    assert status.text_content().startswith("Not what happens. Each exponential")
    assert place.get_by_role("radio", name="sharper").is_checked()
    assert hidden.first.is_visible()
    place.get_by_role("button", name="Ask me again").click()
    page.reload()
    assert not hidden.first.is_visible()
    kept = page.evaluate("Object.entries(localStorage)")
    assert [name for name, _ in kept if "softmax" in name] == ["softmax_lessons.guesses"]


FORBIDDEN = """for (const name of ["localStorage", "sessionStorage"]) {
    Object.defineProperty(window, name, { get() { throw new DOMException("", "SecurityError"); } });
}"""
FULL = 'Storage.prototype.setItem = () => { throw new DOMException("", "QuotaExceededError"); }'
SPOILT = 'localStorage.setItem("softmax_lessons.guesses", "{")'
OTHER = """localStorage.setItem("softmax_lessons.guesses", '{"add_ten": "of another edition"}')"""


ODD = """localStorage.setItem("softmax_lessons.guesses", '{"add_ten": 5, "cat_share": [1]}')"""


@pytest.mark.parametrize("script", [FORBIDDEN, FULL, SPOILT, OTHER, ODD])
def test_a_browser_that_stores_nothing_still_asks(opened, build, script):
    page = opened(build / "html" / "01_scores_to_probabilities.html", script)
    place, hidden, status = question(page, "add_ten")
    assert not hidden.first.is_visible()
    place.get_by_role("radio", name="same").check()
    place.get_by_role("button", name="Check").click()
    assert status.text_content() == "Right: that is what happens."
    assert hidden.first.is_visible()
    assert page.locator(".question form").count() == page.locator(".question").count()


WATCH = """window.seen = [];
(function watch() {
    const outputs = document.querySelectorAll("[class*=tag_shows-] > :is(.cell_output, .output)");
    for (const each of outputs) {
        if (each.checkVisibility()) window.seen.push(each.textContent.slice(0, 40));
    }
    requestAnimationFrame(watch);
})()"""


@pytest.mark.parametrize("form", ["site/notebooks", "html"])
def test_what_happens_is_never_seen_while_the_page_loads(opened, build, form):
    page = opened("about:blank", WATCH)
    session = page.context.new_cdp_session(page)
    session.send("Emulation.setCPUThrottlingRate", {"rate": 4})
    page.goto((build / form / "08_follow_the_gradient.html").as_uri() + "#raise-one-logit")
    page.wait_for_function("document.querySelector('.question form')")
    assert page.evaluate("window.seen") == []
    place, _, _ = question(page, "dog_when_cat_rises")
    place.get_by_role("button", name="Show me").click()
    page.wait_for_function("window.seen.length")


def test_without_javascript_slides_follow_each_other_on_a_page(opened, build):
    page = opened(build / "slides" / "01_scores_to_probabilities.html", java_script_enabled=False)
    slides = page.locator(".slides section:not(:has(section))")
    assert slides.count() > 20
    bottom = 0
    for slide in slides.all():
        assert slide.is_visible()
        box = slide.bounding_box()
        assert box["y"] >= bottom - 1
        bottom = box["y"] + box["height"]
    assert all(each.is_visible() for each in page.locator(".tag_shows-cat_share .output").all())
    assert not page.locator("aside.notes").first.is_visible()


def test_without_javascript_everything_is_shown(opened, lesson):
    page = opened(lesson, java_script_enabled=False)
    for name in ("sum_of_zero", "cat_share", "add_ten"):
        place, hidden, status = question(page, name)
        assert all(each.is_visible() for each in hidden.all())
        assert (place.inner_text(), status.count()) == ("", 0)


def test_on_paper_there_is_a_line_to_write_on(opened, lesson):
    page = opened(lesson)
    page.emulate_media(media="print")
    place, hidden, _ = question(page, "sum_of_zero")
    assert not place.locator("form").is_visible()
    assert hidden.first.is_visible()
    line = place.evaluate(
        """(place) => {
            const { content, borderBottomStyle } = getComputedStyle(place, "::after");
            return [content.replaceAll('" "', ""), borderBottomStyle];
        }"""
    )
    assert line == ['"My guess (" "inf, error or fine" "):"'.replace('" "', ""), "solid"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1000])
def test_the_forms_are_accessible_in_every_state(opened, lesson, scheme, width):
    page = opened(lesson, color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 844})
    page.add_style_tag(content="* { transition: none !important; animation: none !important }")
    page.add_script_tag(path=AXE)
    for step in ("before", "after"):
        found = page.evaluate(
            "options => axe.run('.question', options)",
            {"runOnly": WCAG, **BROKEN_ONLY},
        )["violations"]
        assert [(v["id"], v["nodes"][0]["html"][:160]) for v in found] == [], step
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.locator("#question-cat_share input").fill("many")
        page.keyboard.press("Enter")
        page.locator("#question-sum_of_zero").get_by_role("radio", name="error").check()
        page.locator("#question-sum_of_zero").get_by_role("button", name="Check").click()


def test_firefox_works_with_the_keyboard_remembers_and_is_accessible(firefox, build):
    page = (build / "html" / "01_scores_to_probabilities.html").as_uri()
    seen = """() => [...document.querySelectorAll(
        ".tag_shows-sum_of_zero .output, .shows-sum_of_zero")].map((e) => e.checkVisibility())"""
    said = "() => document.querySelector('#question-sum_of_zero [role=status]').textContent"
    firefox.goto(page)
    firefox.evaluate("() => localStorage.clear()")  # all files share it
    firefox.goto(page)
    assert set(firefox.evaluate(seen)) == {False}  # texts and other cells are hidden, too
    firefox.evaluate("() => document.querySelector('#question-sum_of_zero input').focus()")
    firefox.press(SPACE, DOWN, TAB, ENTER)
    assert set(firefox.evaluate(seen)) == {True}
    assert firefox.evaluate("() => document.activeElement.textContent") == "Check"
    told = firefox.evaluate(said)
    assert told == "Not what happens. The scores sum to 0; what is 2 / 0?"
    firefox.goto(page)
    assert firefox.evaluate(said) == told
    firefox.evaluate("(source) => { (0, eval)(source); }", AXE.read_text(encoding="utf-8"))
    found = firefox.evaluate(
        """async (rules) => {
            const {violations} = await axe.run(document, {runOnly: rules, preload: false});
            return violations.map((each) => [each.id, each.nodes[0].html]);
        }""",
        WCAG,
    )
    assert found == []


# On slides


@pytest.fixture
def deck(opened, build):
    """The slides of lesson 01, at a question with words to choose from."""
    page = opened(build / "slides" / "01_scores_to_probabilities.html")
    page.wait_for_function("window.Reveal && Reveal.isReady()")
    return page


def go_to(deck, name):
    deck.evaluate(
        """(name) => {
            const slide = document.getElementById(`question-${name}`).closest("section");
            const {h, v} = Reveal.getIndices(slide);
            Reveal.slide(h, v);
        }""",
        name,
    )
    return deck.locator(f"#question-{name}")


@pytest.mark.parametrize(
    ("votes", "bars"),
    [
        ("flatter 12, same 5", ["flatter: 12", "same: 5", "sharper: 0"]),
        ("same\t5\nFlatter\t12", ["flatter: 12", "same: 5", "sharper: 0"]),
        ("sharper: 3; same = 4", ["flatter: 0", "same: 4", "sharper: 3"]),
        ("60 % 40 % 0 %", ["flatter: 60", "same: 40", "sharper: 0"]),
        ("1, 2, 3", ["flatter: 1", "same: 2", "sharper: 3"]),
        ("same\nsame\nsharper", ["flatter: 0", "same: 2", "sharper: 1"]),
        ("same 2, both 3", ["flatter: 0", "same: 2", "sharper: 0"]),
        ("flatter,12\nsame,5", ["flatter: 12", "same: 5", "sharper: 0"]),
        ('"flatter",12\n"same",5', ["flatter: 12", "same: 5", "sharper: 0"]),
        ("Flatter. 12, 'same' 5", ["flatter: 12", "same: 5", "sharper: 0"]),
        ("", []),
    ],
)
def test_votes_become_bars_however_they_are_written(deck, votes, bars):
    place = go_to(deck, "add_ten")
    place.get_by_text("Votes", exact=True).click()
    place.get_by_label("Votes, such as").fill(votes)
    assert [bar.replace('"', "") for bar in place.locator("li").all_text_contents()] == bars
    unread = place.locator("details [role=status]").text_content()
    assert unread == ("Not understood: both 3." if "both" in votes else "")


@pytest.mark.parametrize(
    ("votes", "bars"),
    [
        ("0,66 3; 0,65 5", ["0.65: 5", "0.66: 3"]),
        ("0,66\n0,66\n0,5", ["0.66: 2", "0.5: 1"]),
        ("0.66,12\n0.65,3\n6,100", ["0.66: 12", "0.65: 3", "6100: 1"]),
        ("2, 0.5 3", ["0.5: 3", "2: 1"]),
    ],
)
def test_votes_on_numbers_may_have_decimal_commas_or_come_from_a_table(deck, votes, bars):
    place = go_to(deck, "cat_share")
    place.get_by_text("Votes", exact=True).click()
    place.get_by_label("Votes, such as").fill(votes)
    assert place.locator("li").all_text_contents() == bars
    assert place.locator("details [role=status]").text_content() == ""


def test_showing_the_answer_after_the_votes_explains_the_most_chosen_wrong_one(deck):
    place = go_to(deck, "cat_share")
    place.get_by_text("Votes", exact=True).click()
    place.get_by_label("Votes, such as").fill("0.24 2, 66% 12, 0.65 5, .65 2")
    bars, says = place.locator("li"), place.locator("details [role=status]")
    assert bars.all_text_contents() == ["0.66: 12", "0.65: 7", "0.24: 2"]
    assert says.text_content() == ""
    place.get_by_role("button", name="Show me").click()
    assert bars.all_text_contents() == ["\N{CHECK MARK} 0.66: 12", "0.65: 7", "0.24: 2"]
    wanted = "Most chosen of the wrong ones: 0.65. That's 2 / 3.1, the share of the raw score."
    assert says.text_content() == wanted
    assert place.locator("form [role=status]").text_content() == "What happens: 0.66."
    widths = bars.evaluate_all("(all) => all.map((bar) => bar.style.getPropertyValue('--share'))")
    assert [float(width) for width in widths] == pytest.approx([12 / 21, 7 / 21, 2 / 21])


def test_votes_on_shapes_are_read_with_their_commas(opened, build):
    deck = opened(build / "slides" / "02_choose_the_dim.html")
    deck.wait_for_function("window.Reveal && Reveal.isReady()")
    place = go_to(deck, "shape_of_sum")
    place.get_by_text("Votes", exact=True).click()
    place.get_by_label("Votes, such as").fill("(2, 3) 4, (2, 3, 1) 9\n2x3 3\n(3, 4)")
    bars = place.locator("li").all_text_contents()
    assert bars == ["(2, 3, 1): 9", "(2, 3): 7", "(3, 4): 1"]


def test_keys_pressed_in_a_form_do_not_move_the_slides(deck):
    place = go_to(deck, "add_ten")
    here = deck.evaluate("Reveal.getIndices()")
    place.locator("input").first.focus()
    for key in ("Space", "ArrowDown", "Tab", "Enter"):
        deck.keyboard.press(key)
    assert deck.evaluate("Reveal.getIndices()") == here
    assert place.locator("form [role=status]").text_content() == "Right: that is what happens."
    place.get_by_text("Votes", exact=True).click()
    place.get_by_label("Votes, such as").press("Space")
    assert deck.evaluate("Reveal.getIndices()") == here
    deck.keyboard.press("PageDown")  # a presenter's remote
    assert deck.evaluate("Reveal.getIndices()") != here


def test_after_a_click_space_moves_on_to_what_happens(deck):
    place = go_to(deck, "add_ten")
    hidden = deck.locator(".tag_shows-add_ten .output")
    place.get_by_role("radio", name="same").check()
    place.get_by_role("button", name="Check").click()
    place.get_by_role("button", name="Ask me again").click()
    deck.keyboard.press("Space")
    assert deck.evaluate("!!Reveal.getCurrentSlide().querySelector('.tag_shows-add_ten')")
    assert hidden.is_visible()  # guess or no guess


def test_a_deck_remembers_guesses_only_while_it_is_open(deck, opened):
    place = go_to(deck, "add_ten")
    place.get_by_role("radio", name="same").check()
    place.get_by_role("button", name="Check").click()
    deck.reload()
    status = deck.locator("#question-add_ten form [role=status]")
    assert status.text_content() == "Right: that is what happens."
    tomorrow = deck.context.new_page()
    tomorrow.goto(deck.url)
    assert tomorrow.locator("#question-add_ten form [role=status]").text_content() == ""


def test_a_printed_deck_shows_what_happens(opened, build):
    deck = opened(f"{(build / 'slides' / '01_scores_to_probabilities.html').as_uri()}?print-pdf")
    deck.wait_for_selector(".pdf-page")
    assert deck.locator(".tag_shows-add_ten .output").is_visible()


def test_the_speaker_has_a_note_for_each_vote(build):
    for path in lessons():
        page = (build / "slides" / f"{path.stem}.html").read_text(encoding="utf-8")
        for place in BeautifulSoup(page, "html.parser").select(".question"):
            asked = json.loads(place["data-question"])
            notes = place.find_parent("section").select("aside.notes")
            text = words(" ".join(note.text for note in notes))
            assert "Vote Everyone chooses" in text, asked["name"]
            assert "Ask next" in text
            for _, says in asked["wrong"]:
                assert words(says) in text


def test_a_question_whose_answer_is_nan_or_infinite_works_too(opened, tmp_path, monkeypatch):
    """No such answer in the course is nan or infinite, but one might be."""
    answers = {"what_is_nan": Question(math.nan), "what_is_inf": Question(-math.inf)}
    monkeypatch.setattr(questions, "tasks", lambda: answers)
    forms = "".join(ONE.format(form=questions.form(n, "a number"), name=n) for n in answers)
    script = (PUBLISH / "questions.js").read_text(encoding="utf-8")
    file = tmp_path / "page.html"
    file.write_text(PAGE.format(style="", script=script, forms=forms), encoding="utf-8")
    guesses = {name: ["nan", "inf", "-inf", "3", "1e400"] for name in answers}
    told = opened(file).evaluate(TELL, guesses)
    for name, texts in guesses.items():
        assert told[name] == [said(answers[name], text) for text in texts]
