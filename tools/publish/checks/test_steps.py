"""Lines to put in order, in a browser: with the keyboard alone, and judged as by `steps`."""

from itertools import permutations
from pathlib import Path

import pytest
from conftest import AXE, BROKEN_ONLY, WCAG

from softmax_lessons import steps
from softmax_lessons.lessons import parsons
from tools.publish.steps import form

SPHINX = Path(__file__).parents[1] / "sphinx"
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Steps</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>{style}</style><script>{script}</script></head>
<body><main class="bd-article"><h1>Steps</h1>{form}</main></body></html>"""
NAMES = ("stable_softmax", "best_temperature", "masked_attention")


@pytest.fixture
def opened(browser, tmp_path):
    """Open a page with the lines of an exercise, from a file; nothing may go wrong."""
    contexts, amiss = [], []

    def show(name, width=1000, javascript=True):
        file = tmp_path / "page.html"
        content = {
            "style": (SPHINX / "site.css").read_text(encoding="utf-8"),
            "script": (SPHINX / "steps.js").read_text(encoding="utf-8"),
            "form": form(name),
        }
        file.write_text(PAGE.format(**content), encoding="utf-8")
        viewport = {"width": width, "height": 800}
        context = browser.new_context(viewport=viewport, java_script_enabled=javascript)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: amiss.append(str(error)))
        page.on("console", lambda message: amiss.append(message.text))
        page.on("request", lambda request: amiss.append(request.url))
        page.goto(file.as_uri())
        amiss.remove(file.as_uri())
        return page

    yield show
    for context in contexts:
        context.close()
    assert not amiss


def letters(problem, lines):
    by_line = {line: letter for letter, line in problem.shown.items()}
    return "".join(by_line[line] for line in lines)


def press(page, label):
    """Go to a button with Tab alone, and press it with Enter."""
    name = "document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent"
    for _ in range(60):
        if page.evaluate(name).strip() == label:
            page.keyboard.press("Enter")
            return
        page.keyboard.press("Tab")
    pytest.fail(f"Tab did not lead to {label}")


def arrange(page, order):
    """Bring the lines into an order, and leave the others out, with the keyboard alone."""
    for place, letter in enumerate(order):
        while (now := shown(page).index(letter)) > place:
            press(page, f"Move up line {letter}")
            assert said(page) == f"Line {letter} is now {now} of {len(shown(page))}."
    for letter in shown(page)[len(order) :]:
        press(page, f"Leave out line {letter}")
        assert said(page) == f"Line {letter} is left out."
    press(page, "Check")
    return said(page)


def shown(page):
    return page.locator(".steps-letter").all_inner_texts()


def said(page):
    return page.get_by_role("status").inner_text()


def test_the_script_is_small_and_on_every_page():
    assert (SPHINX / "steps.js").stat().st_size < 6000
    assert '"search.js", "steps.js"' in (SPHINX / "conf.py").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_a_right_order_can_be_made_with_the_keyboard_alone(opened, name):
    problem = parsons()[name]
    page = opened(name)
    press(page, "Stuck? Put these lines in order")
    assert shown(page) == list(problem.shown)
    says = arrange(page, letters(problem, problem.right))
    assert says.startswith(
        "Right. Now write the function yourself, in the notebook, and run check("
    )


def test_the_wrong_line_gets_its_sentence(opened):
    problem = parsons()["stable_softmax"]
    page = opened("stable_softmax")
    press(page, "Stuck? Put these lines in order")
    says = arrange(page, letters(problem, [problem.wrong, *problem.right[1:]]))
    assert says.startswith("Not yet. You subtract one maximum, taken over the whole tensor.")


def test_an_invalid_order_is_explained(opened):
    page = opened("stable_softmax")
    press(page, "Stuck? Put these lines in order")
    press(page, "Check")
    assert said(page) == "Leave out one line: one of them doesn't belong."
    press(page, "Leave out line B")
    press(page, "Leave out line C")
    press(page, "Check")
    assert said(page) == "You leave 2 lines out, and only one doesn't belong."
    press(page, "Leave out line C")
    assert said(page) == "Line C is in again."
    press(page, "Move up line A")
    assert said(page) == "Line A is first already."
    press(page, "Move down line E")
    assert said(page) == "Line E is last already."
    press(page, "Move down line A")
    assert said(page) == "Line A is now 2 of 5."
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "Move down line A"


# calls what the button calls: thousands of clicks would take minutes
ASK = """(orders) => {
    const list = document.querySelector("ol");
    const items = Object.fromEntries([...list.children].map((item) =>
        [item.querySelector(".steps-letter").textContent, item]));
    const check = [...document.querySelectorAll("button")].at(-1);
    return orders.map((order) => {
        for (const [letter, item] of Object.entries(items)) {
            item.classList.toggle("steps-out", !order.includes(letter));
        }
        list.append(...[...order].map((letter) => items[letter]));
        check.click();
        return document.querySelector("[role=status]").textContent;
    });
}"""


@pytest.mark.parametrize("name", parsons())
def test_the_site_says_what_steps_says(opened, name):
    problem = parsons()[name]
    page = opened(name)
    orders = ["".join(order) for order in permutations(problem.shown, len(problem.right))]
    found = dict(zip(orders, page.evaluate(ASK, orders), strict=True))
    right = {order for order, says in found.items() if says.startswith("Right.")}
    assert letters(problem, problem.right) in right
    early = {o for o, says in found.items() if "and no line above it makes that." in says}
    unread = {o for o, says in found.items() if "Python can't read the lines" in says}
    assert all(steps(name, order).passed for order in right)
    if name not in NAMES:
        return
    for order in sorted(early)[::97]:
        verdict = steps(name, order)
        unreadable = verdict.says.startswith("Python can't read")
        assert verdict.misconceptions == ("name-error",) or unreadable, order
    for order in sorted(unread)[::97]:
        assert steps(name, order).says.startswith("Python can't read"), order
    for order in sorted(set(found) - right - early - unread)[::3]:
        verdict = steps(name, order)
        assert verdict.status == "wrong"
        assert found[order] == f"Not yet. {verdict.says}".replace("`", ""), order


@pytest.mark.parametrize("width", [1000, 320])
@pytest.mark.parametrize("name", NAMES)
def test_every_state_is_accessible_and_fits(opened, name, width):
    problem = parsons()[name]
    page = opened(name, width)
    page.add_script_tag(path=AXE)
    look(page, width)
    page.locator("summary").click()
    look(page, width)
    page.get_by_role("button", name="Leave out line A").click()
    page.get_by_role("button", name="Check").click()
    look(page, width)
    page.get_by_role("button", name="Leave out line A").click()
    arrange(page, letters(problem, problem.right))
    look(page, width)


def look(page, width):
    options = {"runOnly": [*WCAG, "best-practice"], **BROKEN_ONLY}
    found = page.evaluate("options => axe.run(document, options)", options)["violations"]
    assert not [(rule["id"], node["html"]) for rule in found for node in rule["nodes"]]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    sizes = page.locator("button:visible").evaluate_all(
        "all => all.map((one) => Math.min(one.offsetWidth, one.offsetHeight))"
    )
    assert min(sizes, default=24) >= 24


def test_without_javascript_the_lines_are_a_folded_list(opened):
    page = opened("stable_softmax", javascript=False)
    lines = page.locator("ol code")
    assert not lines.first.is_visible()
    page.locator("summary").click()
    assert lines.all_inner_texts() == list(parsons()["stable_softmax"].shown.values())
    assert lines.first.is_visible()
    assert page.locator("button").count() == 0
