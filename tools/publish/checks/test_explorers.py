"""The explorers in a browser: their arithmetic, their keys, their questions."""

import base64
import json
import math
import random
import re

import pytest
import torch
from conftest import AXE, BROKEN_ONLY, WCAG

from softmax_lessons.explorers import digits, dim_explorer, softmax_explorer

RULES = [*WCAG, "best-practice"]
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Explorer</title>
<meta name="viewport" content="width=device-width, initial-scale=1"></head>
<body><main><h1>Explorer</h1>{}</main></body></html>"""
DTYPES = [torch.float16, torch.bfloat16, torch.float32, torch.float64]
HALVES = DTYPES[:2]
OUTCOME = ([12.0, 13.0], {"dtype": torch.float16, "predict": True})
PROBABILITY = ([2.0, 1.0, 0.1], {"names": ["cat", "dog", "owl"], "predict": "probability"})


@pytest.fixture
def shown(monkeypatch):
    """What is sent to the notebook, one dict for each display."""
    sent = []
    monkeypatch.setattr("IPython.display.display", lambda data, raw: sent.append(data))
    return sent


@pytest.fixture
def opened(browser, shown, tmp_path):
    """Open a page with an explorer, from a file; afterwards, nothing may have gone wrong."""
    contexts, amiss = [], []

    def show(explorer, *arguments, width=1000, javascript=True, **options):
        explorer(*arguments, **options)
        file = tmp_path / "page.html"
        file.write_text(PAGE.format(shown[-1]["text/html"]), encoding="utf-8")
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


def computed(page, function, numbers):
    """Call a JavaScript function (Float64Array -> array of numbers) on a tensor of numbers."""
    given = base64.b64encode(numbers.double().numpy().tobytes()).decode()
    back = page.evaluate(
        """([source, given]) => {
            const bytes = Uint8Array.from(atob(given), (letter) => letter.charCodeAt(0));
            const explorer = customElements.get("softmax-explorer");
            const found = eval(source)(new Float64Array(bytes.buffer), explorer);
            let letters = "";
            for (const byte of new Uint8Array(Float64Array.from(found).buffer)) {
                letters += String.fromCharCode(byte);
            }
            return btoa(letters);
        }""",
        [function, given],
    )
    return torch.frombuffer(bytearray(base64.b64decode(back)), dtype=torch.float64)


def assert_same_bits(found, wanted):
    """The same numbers, with the same sign of zero; one nan is as good as another."""
    found, wanted = found.nan_to_num(7e300, math.inf, -math.inf), wanted.double()
    wanted = wanted.nan_to_num(7e300, math.inf, -math.inf)
    assert found.shape == wanted.shape
    different = found.view(torch.int64) != wanted.view(torch.int64)
    assert not different.any(), (found[different][:5], wanted[different][:5])


def name(dtype):
    return str(dtype).removeprefix("torch.")


def finite(dtype):
    """Every finite number of a 16-bit dtype, in order."""
    every = torch.arange(-(2**15), 2**15).to(torch.int16).view(dtype)
    return every[every.isfinite()].sort().values


@pytest.mark.parametrize(("dtype", "count"), [(torch.float16, 63_488), (torch.bfloat16, 65_280)])
def test_rounding_matches_torch_to_the_bit(opened, dtype, count):
    numbers = finite(dtype).double()
    assert len(numbers) == count
    midpoints = (numbers[1:] + numbers[:-1]) / 2
    infinities = torch.tensor([math.inf, -math.inf])
    beyond = torch.tensor(
        [65519.99, 65520.0, 3.39e38, 3.4e38, 1e39, 1e300, 1e-46, 1e-300, math.nan]
    )
    near = [midpoints.nextafter(end.double()) for end in infinities]
    near += [midpoints.float().nextafter(end).double() for end in infinities]
    given = torch.cat([numbers, midpoints, *near, beyond.double(), -beyond.double(), infinities])
    page = opened(softmax_explorer, [1.0, 2.0])
    rounding = f"(given, explorer) => given.map((x) => explorer.round(x, '{name(dtype)}'))"
    assert_same_bits(computed(page, rounding, given), given.to(dtype))


EXP = "(given, explorer) => given.map((x) => explorer.steps([x], 1, '{}', 'naive').exps[0])"


@pytest.mark.parametrize("dtype", HALVES)
def test_exp_matches_torch_to_the_bit(opened, dtype):
    page = opened(softmax_explorer, [1.0, 2.0])
    given = finite(dtype)
    assert_same_bits(computed(page, EXP.format(name(dtype)), given), given.exp())


def test_exp_in_float32_is_within_one_step_of_torch(opened):
    page = opened(softmax_explorer, [1.0, 2.0])
    given = torch.linspace(-106, 88.7, 100_000)
    found = computed(page, EXP.format("float32"), given).float()
    assert torch.equal(found.double(), computed(page, EXP.format("float32"), given))
    steps = found.view(torch.int32) - given.exp().view(torch.int32)
    assert steps.abs().max() <= 1


SPECIAL = [math.inf, -math.inf, math.nan, 0.0, -0.0, 11.09, 88.72, 65504.0, 70000.0]
WIDTH = 6
PIPELINE = """(given, explorer) => {
    const found = [];
    for (let at = 0; at < given.length; at += 9) {
        const [count, temperature, shifts, ...padded] = given.slice(at, at + 9);
        const logits = padded.slice(0, count);
        const method = shifts ? "shifted" : "naive";
        const result = explorer.steps(logits, temperature, "DTYPE", method);
        found.push(...result.scaled, ...result.shifted, ...result.exps);
        found.push(result.total, ...result.probs);
    }
    return found;
}"""


def pipelines(page, dtype, cases):
    """Whole softmaxes on random logits, in the browser and in torch: two flat tensors."""
    chance = random.Random(7)
    given, wanted = [], []
    for _ in range(cases):
        count = chance.randint(2, WIDTH)
        reach = chance.choice([1, 5, 12, 20, 100, 1000])
        logits = [chance.uniform(-reach, reach) for _ in range(count)]
        if chance.random() < 0.1:
            logits[0] = chance.choice(SPECIAL)
        temperature = chance.choice([1.0, chance.uniform(0.1, 10)])
        shifts = chance.random() < 0.5
        given += [count, temperature, shifts, *logits, *[0.0] * (WIDTH - count)]
        scaled = torch.tensor(logits, dtype=dtype) / temperature
        shifted = scaled - scaled.amax() if shifts else scaled
        exps = shifted.exp()
        total = exps.sum(dim=0, keepdim=True)
        wanted += [scaled, shifted, exps, total, exps / total]
    source = PIPELINE.replace("DTYPE", name(dtype))
    return computed(page, source, torch.tensor(given, dtype=torch.float64)), torch.cat(wanted)


@pytest.mark.parametrize("dtype", HALVES)
def test_a_whole_softmax_matches_eager_torch_to_the_bit(opened, dtype):
    found, wanted = pipelines(opened(softmax_explorer, [1.0, 2.0]), dtype, cases=4000)
    assert_same_bits(found, wanted)
    assert wanted.isnan().any()
    assert wanted.isinf().any()


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 5e-7), (torch.float64, 1e-14)])
def test_a_whole_softmax_is_close_in_wider_formats(opened, dtype, tolerance):
    found, wanted = pipelines(opened(softmax_explorer, [1.0, 2.0]), dtype, cases=2000)
    smallest = torch.finfo(dtype).smallest_normal * torch.finfo(dtype).eps
    torch.testing.assert_close(
        found, wanted.double(), rtol=tolerance, atol=smallest, equal_nan=True
    )


def test_numbers_are_written_as_in_python(opened):
    chance = random.Random(7)
    numbers = [n / 16 for n in range(-40, 40)] + [2**n * 1.1 for n in range(-150, 150)]
    numbers += [chance.gauss(0, 1) * 10 ** chance.randint(-12, 12) for _ in range(2000)]
    page = opened(softmax_explorer, [1.0, 2.0])
    found = page.evaluate("given => given.map(SoftmaxLessonsExplorer.digits)", numbers)
    assert found == [digits(number) for number in numbers]


TABLE = """() => [...document.querySelector("softmax-explorer").shadowRoot.querySelectorAll("tr")]
    .slice(1).map((row) => [...row.cells].map((cell) => cell.firstChild.textContent))"""


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("method", ["naive", "shifted"])
@pytest.mark.parametrize("logits", [[2.0, 1.0, 0.1], [12.0, 13.0], [-20.0, 1e5, -math.inf]])
def test_the_table_matches_the_one_shown_without_javascript(opened, dtype, method, logits):
    options = {"dtype": dtype, "method": method, "temperature": 0.7}
    page = opened(softmax_explorer, logits, **options)
    alive = page.evaluate(TABLE)
    bare = opened(softmax_explorer, logits, **options, javascript=False)
    fallback = [row.inner_text().split("\t") for row in bare.locator("tbody tr").all()]
    for row in alive + fallback:
        if row[0] == "sum of exps":
            del row[2:]  # once is enough
    assert alive == fallback


@pytest.mark.parametrize(
    ("logits", "dtype", "method", "outcome", "says"),
    [
        ([2, 1, 0.1], "float32", "naive", "right", "Every step fits into float32"),
        ([12, 13], "float16", "naive", "nan", "exp(12) is more than float16 holds (65504)"),
        ([12, 1], "float16", "naive", "nan", "a finite number ÷ inf is 0"),
        ([11, 11], "float16", "naive", "zeros", "Each exp fits, but their sum is more"),
        ([-20, -21], "float16", "naive", "nan", "0 ÷ 0 is nan"),
        ([-15, -16, -17], "float16", "naive", "subtly wrong", "few digits left"),
        ([-100, -101, -102], "float32", "naive", "subtly wrong", "0.6652, 0.2447, 0.09003"),
        ([1000, 1001], "float64", "naive", "nan", "exp(1000) is more than float64 holds"),
        ([1000, 1001], "float16", "shifted", "right", "exp(0) is 1, far from any limit"),
        ([5, -1000], "float32", "naive", "right", "becomes 0, which does no harm"),
        ([0, -18], "float16", "naive", "right", "exp(-18) becomes 0, which does no harm"),
        (["inf", 1], "float32", "naive", "nan", "exp(inf) is inf. inf ÷ inf is nan"),
        (["inf", 1], "float32", "shifted", "nan", "inf minus inf is nan"),
        (["-inf", 1], "float32", "shifted", "right", "Every step fits"),
        (["-inf", "-inf"], "float32", "shifted", "nan", "nothing to choose from"),
        (["-inf", "-inf"], "float32", "naive", "nan", "exp(-inf) is 0"),
        (["nan", 1], "float32", "naive", "nan", "A logit is nan"),
        ([70000, 1], "float16", "shifted", "nan", "The logit 7e4 is more than float16 holds"),
    ],
)
def test_a_sentence_says_what_happened(opened, logits, dtype, method, outcome, says):
    logits = [float(logit) for logit in logits]
    page = opened(softmax_explorer, logits, dtype=getattr(torch, dtype), method=method)
    assert says in page.locator(".result").inner_text()
    found = page.evaluate(
        """() => {
            const element = document.querySelector("softmax-explorer");
            return element.constructor.outcome(element.result);
        }"""
    )
    assert found == outcome


def test_a_quotient_that_is_too_large_is_reported(opened):
    page = opened(softmax_explorer, [6e4, 1.0], temperature=0.1, dtype=torch.float16)
    assert "6e4 ÷ 0.1 is more than float16 holds" in page.locator(".result").inner_text()


def test_the_effect_of_rounding_before_exp_is_reported(opened):
    page = opened(
        softmax_explorer, [30.0, 29.5], temperature=0.7, dtype=torch.bfloat16, method="shifted"
    )
    assert "bfloat16 had to round" in page.locator(".result").inner_text()


def test_marks_have_a_word_as_well_as_a_colour(opened):
    page = opened(softmax_explorer, [11.0, 12.0, -20.0, -15.0], dtype=torch.float16)
    texts = {text for text in page.locator("td[class]").all_inner_texts() if text != "inf"}
    few = "2.98e-7\nfew digits"
    assert texts == {"inf\noverflow", "nan\nnot a number", "0\nunderflow", "0\nlost", few}


def focused(page):
    """What has the focus inside the element."""
    return page.evaluate(
        """() => {
            const inner = document.activeElement.shadowRoot?.activeElement;
            return inner ? inner.getAttribute("aria-label") ?? inner.textContent : null;
        }"""
    )


def tab_to(page, label):
    for _ in range(40):
        page.keyboard.press("Tab")
        if label in (focused(page) or ""):
            return
    pytest.fail(f"Tab did not lead to {label}")


def test_the_sliders_work_with_the_keyboard_alone(opened):
    page = opened(softmax_explorer, [2.0, 1.0, 0.1], names=["cat", "dog", "owl"])
    page.evaluate("() => { window.leaked = []; }")
    page.evaluate("document.addEventListener('keydown', (event) => leaked.push(event.key))")
    assert page.locator("softmax-explorer").get_attribute("data-lm-suppress-shortcuts") == "true"
    tab_to(page, "logit of dog, slider")
    page.keyboard.press("ArrowRight")
    assert page.get_by_label("logit of dog, number").input_value() == "1.1"
    assert page.evaluate(TABLE)[0] == ["logits", "2", "1.1", "0.1"]
    assert set(page.evaluate("leaked")) <= {"Tab"}  # Tabs from before the element had the focus
    tab_to(page, "logit of dog, number")
    page.keyboard.press("Control+a")
    page.keyboard.type("-inf")
    assert page.evaluate(TABLE)[-1][2] == "0"
    tab_to(page, "temperature, slider")
    page.keyboard.press("ArrowLeft")
    assert page.get_by_label("temperature, number").input_value() == "0.9"
    tab_to(page, "float16")  # the select, by its options
    page.keyboard.type("float64")
    assert page.locator(".wide caption").inner_text() == "Steps in float64"
    tab_to(page, "naive")
    page.keyboard.press("ArrowDown")
    assert page.evaluate(TABLE)[2][0] == "minus maximum"


@pytest.mark.parametrize(
    ("label", "typed", "wanted"),
    [("logit of class 0", "1o", "a number, inf, -inf or nan"), ("temperature", "0", "above 0")],
)
def test_input_that_is_not_a_valid_number_is_reported(opened, label, typed, wanted):
    page = opened(softmax_explorer, [2.0, 1.0])
    before = page.evaluate(TABLE)
    field = page.get_by_label(f"{label}, number")
    field.fill(typed)
    field.press("Tab")
    error = page.get_by_role("alert").filter(has_text=typed)
    assert wanted in error.inner_text()
    assert field.get_attribute("aria-invalid") == "true"
    assert page.evaluate(TABLE) == before
    field.fill("3")
    assert field.get_attribute("aria-invalid") == "false"
    assert error.count() == 0
    assert page.evaluate(TABLE) != before


def test_a_moving_slider_is_announced_once_when_it_rests(opened):
    page = opened(softmax_explorer, [2.0, 1.0])
    announced = page.evaluate(
        """() => new Promise((resolve) => {
            const root = document.querySelector("softmax-explorer").shadowRoot;
            const said = [];
            const note = () => said.push(root.querySelector("[role=status]").textContent);
            new MutationObserver(() => {
                note();
                setTimeout(() => resolve(said), 1000);
            }).observe(root.querySelector("[role=status]"), { childList: true });
            const slider = root.querySelector("input[type=range]");
            for (const value of [3, 4, 5]) {
                slider.value = value;
                slider.dispatchEvent(new Event("input"));
            }
        })"""
    )
    assert announced == ["right. class 0 0.982, class 1 0.01799."]


def test_the_outcome_is_asked_for_before_it_is_shown(opened):
    logits, options = OUTCOME
    page = opened(softmax_explorer, logits, **options)
    assert page.locator(".wide table").is_hidden()
    assert page.get_by_label("logit of class 0, slider").is_disabled()
    show = page.get_by_role("button", name="Show the result")
    show.press("Enter")
    assert "Choose one of the four first" in page.get_by_role("alert").all_inner_texts()[0]
    assert page.locator(".wide table").is_hidden()

    page.get_by_role("radio", name="zeros").press("Space")
    show.press("Enter")
    feedback = page.locator(".said")
    assert "Your guess: zeros. The outcome: nan. exp(12) is more" in feedback.inner_text()
    assert page.locator(".wide table").is_visible()
    assert page.get_by_label("logit of class 0, slider").is_enabled()
    page.get_by_label("logit of class 0, slider").press("ArrowLeft")
    assert "Your guess: zeros. The outcome: nan." in feedback.inner_text()  # beside the new result

    page.get_by_role("button", name="Again").press("Enter")
    assert page.locator(".wide table").is_hidden()
    assert feedback.is_hidden()


def test_again_asks_for_each_outcome(opened):
    logits, options = OUTCOME
    page = opened(softmax_explorer, logits, **options)
    got = []
    for _ in range(10):
        page.get_by_role("radio", name=re.compile("^right")).check()
        page.get_by_role("button", name="Show the result").click()
        got += re.findall(
            "The outcome: (right|subtly wrong|zeros|nan)", page.locator(".said").inner_text()
        )
        page.get_by_role("button", name="Again").click()
    assert len(got) == 10
    assert set(got) == {"right", "subtly wrong", "zeros", "nan"}


@pytest.mark.parametrize(
    ("guess", "says"),
    [
        ("0.66", "Your guess for cat: 0.66. The probability: 0.659. That is close."),
        ("0.9", "Your guess is 0.241 too high."),
        ("0.5", "Your guess is 0.159 too low."),
    ],
)
def test_the_probability_is_asked_for_before_it_is_shown(opened, guess, says):
    logits, options = PROBABILITY
    page = opened(softmax_explorer, logits, **options)
    assert page.locator(".wide table").is_hidden()
    page.get_by_label("probability of cat").fill(guess)
    page.get_by_role("button", name="Show the result").press("Enter")
    assert says in page.locator(".said").inner_text()
    assert page.locator(".wide table").is_visible()
    page.get_by_role("button", name="Again").press("Enter")
    assert "the probability of dog?" in page.locator("legend").first.inner_text()


@pytest.mark.parametrize(
    ("logits", "temperature", "guess", "says"),
    [
        ([4.0, 1.0, 5.0], 1.0, "0.4", "the logit's share in the sum of the logits, without exp"),
        ([3.0, 1.0, 0.5], 0.5, "0.82", "It would be right at temperature 1"),
    ],
)
def test_a_likely_slip_is_named(opened, logits, temperature, guess, says):
    page = opened(softmax_explorer, logits, temperature=temperature, predict="probability")
    page.get_by_label("probability of class 0").fill(guess)
    page.get_by_role("button", name="Show the result").click()
    assert says in page.locator(".said").inner_text()


SHAPES = [[4], [2, 3], [2, 3, 4], [1, 3]]


@pytest.mark.parametrize("shape", SHAPES)
def test_the_competing_entries_match_torch(opened, shape):
    page = opened(dim_explorer, shape)
    count = math.prod(shape)
    logits = torch.tensor([2 * n % 5 for n in range(count)]).double().reshape(shape)
    entries = torch.arange(count).reshape(shape)
    for dim, size in enumerate(shape):
        radio = page.get_by_role("radio", name=f"dim={dim}, the same as dim={dim - len(shape)}")
        radio.check()
        slices = entries.movedim(dim, -1).reshape(-1, size).tolist()
        probs = torch.softmax(logits, dim=dim).flatten().tolist()
        assert page.locator("td small").all_inner_texts() == [digits(prob) for prob in probs]
        for n in range(count):
            classes = page.locator("td button").evaluate_all(
                """(buttons, n) => {
                    buttons[n].click();
                    return buttons.map((button) => button.className);
                }""",
                n,
            )
            marked = [entry for entry, role in enumerate(classes) if role != "apart"]
            assert [marked] == [entries for entries in slices if n in entries]
            assert classes[n] == "chosen"
    shape_of_sum = tuple(torch.softmax(logits, dim=dim).sum(dim=dim).shape)
    assert f"probs.sum(dim={dim}) has shape {shape_of_sum}" in page.locator(".result").inner_text()


def test_the_grid_works_with_the_keyboard_alone(opened):
    page = opened(dim_explorer, [2, 3, 4])
    tab_to(page, "x[0, 0, 0]: logit 0, probability 0.01799, your entry")
    for key, entry in [
        ("ArrowRight", "x[0, 0, 1]"),
        ("ArrowDown", "x[0, 1, 1]"),
        ("End", "x[0, 1, 3]"),
        ("ArrowRight", "x[0, 1, 3]"),
        ("ArrowDown", "x[0, 2, 3]"),
        ("ArrowDown", "x[1, 0, 3]"),
        ("Home", "x[1, 0, 0]"),
        ("ArrowUp", "x[0, 2, 0]"),
        ("ArrowLeft", "x[0, 2, 0]"),
    ]:
        page.keyboard.press(key)
        assert entry in focused(page)
        assert "your entry" in focused(page)
    assert "x[:, 2, 0] is one slice" in page.locator(".result").inner_text()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("ArrowDown")
    assert "x[0, :, 0] is one slice" in page.locator(".result").inner_text()


@pytest.mark.parametrize(
    ("guess", "says"),
    [
        ([3], "Your guess is right: those that compete with x[0, 0] over dim=0 differ from it"),
        ([], "Not marked, but competing with x[0, 0] over dim=0: x[1, 0]."),
        ([1, 3], "Marked, but not competing: x[0, 1]. A rival differs in dim 0 alone."),
        ([1, 2], "You marked those that compete over dim=1; the question was dim=0."),
    ],
)
def test_the_rivals_are_asked_for_before_they_are_shown(opened, guess, says):
    page = opened(dim_explorer, [2, 3], predict=True)
    assert page.locator(".result").is_hidden()
    assert page.locator("td small").count() == 0
    for n in guess:
        page.locator("td button").nth(n).press("Space")
    page.get_by_role("button", name="Show the result").press("Enter")
    assert says in page.locator(".said").inner_text()
    assert page.locator(".result").is_visible()
    marked = [n for n in range(6) if "✓" in page.locator("td button").nth(n).inner_text()]
    assert marked == guess
    page.get_by_role("button", name="Again").press("Enter")
    assert page.locator(".result").is_hidden()
    assert page.get_by_text("✓", exact=True).count() == 0
    question = "which entries compete with x[0, 1] in torch.softmax(x, dim=1)?"
    assert page.get_by_text(question).is_visible()
    assert "x[0, 1]" in focused(page)


def test_a_mark_can_be_removed(opened):
    page = opened(dim_explorer, [2, 3], predict=True)
    button = page.locator("td button").nth(1)
    assert button.get_attribute("aria-pressed") == "false"
    button.click()
    assert button.get_attribute("aria-pressed") == "true"
    button.click()
    assert button.get_attribute("aria-pressed") == "false"


@pytest.mark.parametrize(
    ("explorer", "given", "number"),
    [(softmax_explorer, [2.0, 1.0, 0.1], "0.659"), (dim_explorer, [2, 3], "0.2689")],
)
def test_without_javascript_the_table_is_shown(opened, explorer, given, number):
    page = opened(explorer, given, javascript=False)
    assert page.get_by_role("cell", name=number).first.is_visible()
    assert "To bring this to life" in page.locator("main").inner_text()


def test_an_element_that_is_moved_keeps_its_state(opened):
    page = opened(softmax_explorer, [2.0, 1.0])
    page.get_by_label("logit of class 0, number").fill("3")
    page.evaluate("document.body.append(document.querySelector('softmax-explorer'))")
    assert page.get_by_label("logit of class 0, number").input_value() == "3"
    assert page.evaluate(TABLE)[0] == ["logits", "3", "1"]


def test_two_outputs_on_a_page_work_side_by_side(opened, shown):
    softmax_explorer([2.0, 1.0])
    page = opened(softmax_explorer, [5.0, 4.0])
    other = shown[0]["text/html"]
    page.evaluate("html => document.body.insertAdjacentHTML('beforeend', html)", other)
    assert page.get_by_label("logit of class 0, number").count() == 2
    page.evaluate(  # this one runs the script a second time
        "html => document.body.append(document.createRange().createContextualFragment(html))", other
    )
    assert page.get_by_label("logit of class 0, number").count() == 3


STATES = {
    "softmax": (softmax_explorer, [12.0, 13.0, -20.0], {"dtype": torch.float16}),
    "six": (softmax_explorer, [11.0, 12.0, -20.0, -math.inf, 3.0, -15.0], {"dtype": torch.float16}),
    "long name": (softmax_explorer, [1.0, 2.0], {"names": ["a" * 40, "two words"]}),
    "outcome": (softmax_explorer, *OUTCOME),
    "probability": (softmax_explorer, *PROBABILITY),
    "dim": (dim_explorer, [2, 3, 4], {}),
    "dim, largest": (dim_explorer, [4, 4, 4], {}),
    "dim, predict": (dim_explorer, [2, 3, 4], {"predict": True}),
}


@pytest.mark.parametrize("width", [1000, 320])
@pytest.mark.parametrize("state", STATES)
def test_every_state_is_accessible_and_fits(opened, state, width):
    explorer, given, options = STATES[state]
    page = opened(explorer, given, width=width, **options)
    page.add_script_tag(path=AXE)
    look(page, width)
    if "predict" in options:
        if page.get_by_role("radio").count():
            page.get_by_role("radio").first.check()
        elif explorer is dim_explorer:
            page.locator("td button").nth(1).click()
        look(page, width)
        page.get_by_role("button", name="Show the result").click()
        look(page, width)
        page.get_by_role("button", name="Again").click()
        look(page, width)
    elif explorer is softmax_explorer:
        page.get_by_label("temperature, number").fill("none")
        page.get_by_label("temperature, number").press("Tab")
        look(page, width)


def look(page, width):
    """No axe rule is broken, nothing is wider than the page, and targets are large enough."""
    options = {"runOnly": RULES, **BROKEN_ONLY}
    found = page.evaluate("options => axe.run(document, options)", options)["violations"]
    assert not found, json.dumps([(rule["id"], rule["nodes"][0]["html"]) for rule in found])
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    small = page.locator("button, select, input, label.choice").evaluate_all(
        """targets => targets.filter((target) => {
            const { width, height } = target.getBoundingClientRect();
            return target.type !== "radio" && width > 0 && Math.min(width, height) < 24;
        }).map((target) => target.outerHTML)"""
    )
    assert not small  # a radio button is small, but its label is not
