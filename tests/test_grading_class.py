"""What a teacher learns about a class: mistakes, predictions, who is stuck, what to do tomorrow."""

import json
import math
import os
import re
import sys
from collections import Counter
from decimal import Decimal

import pytest
import submissions as bank
from downloads import packed, unpacked

from softmax_lessons.checker.memory import FILE, Compared, Memory
from softmax_lessons.grading import command, sandbox
from softmax_lessons.grading.feedback import page
from softmax_lessons.grading.guesses import in_cells, quiz_calls
from softmax_lessons.grading.jobs import Mark
from softmax_lessons.grading.notebook import places
from softmax_lessons.grading.overview import STUCK, overview
from softmax_lessons.grading.predicted import questions
from softmax_lessons.grading.report import write_class, write_html
from softmax_lessons.grading.results import Result
from softmax_lessons.grading.submissions import Submission, find
from softmax_lessons.lessons import tasks
from softmax_lessons.lessons.before_after import IDEAS

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="grading needs a fork that is safe"
)
OPTIONS = ["--without-sandbox"] if sandbox.missing() else []
KEEPDIM = "missing-keepdim"
EXERCISES = ("softmax_1d", "softmax_dim", "stable_softmax")


def mark(learner, exercise, *slugs, points=0, says="", law=""):
    """Return a mark; without points, slugs or words, it's the mark for a missing answer."""
    known = {m.slug: m.says for m in tasks()[exercise].misconceptions}
    sentences = tuple(known[slug] for slug in slugs)
    if law:
        slugs, sentences = (law,), (says,)
    key = "k" if points or slugs or says else ""
    told = f"{exercise}: not yet\n{says or 'x'}\n\nf(x):\n  got: 1\n  expected: 2"
    return Mark(learner, exercise, points, slugs, sentences, told, key)


def result(learner, *marks, **more):
    by_name = {each.exercise: each for each in marks}
    own = {name: by_name.get(name, mark(learner, name)) for name in EXERCISES}
    return Result(Submission(learner, **more), own, Decimal(0))


def right(learner, **more):
    return result(learner, *(mark(learner, name, points=1) for name in EXERCISES), **more)


def only(**sources):
    """Return a notebook with only these answers."""
    return bank.answers(**{**dict.fromkeys(bank.RIGHT), **sources})


# --- mistakes -------------------------------------------------------------------------------------


def test_the_map_counts_learners_by_exercise_and_mistake_most_common_first():
    found = overview(
        [
            right("a"),
            result("b", mark("b", "softmax_dim", KEEPDIM), mark("b", "softmax_1d", points=1)),
            result(
                "c",
                mark("c", "softmax_dim", KEEPDIM),
                mark("c", "stable_softmax", KEEPDIM),
            ),
            result("d", mark("d", "stable_softmax", "global-max", KEEPDIM)),
        ]
    )
    lines = {line.label: line.counts for line in found.lines}
    assert list(lines) == ["right", "no answer", KEEPDIM, "global-max"]
    assert lines["right"] == {"softmax_1d": 2, "softmax_dim": 1, "stable_softmax": 1}
    assert lines["no answer"] == {"softmax_1d": 2, "softmax_dim": 1, "stable_softmax": 1}
    assert lines[KEEPDIM] == {"softmax_dim": 2, "stable_softmax": 2}
    assert lines["global-max"] == {"stable_softmax": 1}
    assert [(m.slug, m.learners) for m in found.mistakes] == [
        (KEEPDIM, 3),
        ("global-max", 1),
    ]


def test_mistakes_without_a_name_are_grouped_by_the_law_they_break():
    law = tasks()["softmax_dim"].laws[0].slug
    found = overview(
        [
            result("a", mark("a", "softmax_dim", law=law, says="The row sums to 2.")),
            result("b", mark("b", "softmax_dim", law=law, says="The row sums to 3.")),
            result("c", mark("c", "softmax_1d", says="Your function raises an error.")),
            result("d", mark("d", "softmax_dim", KEEPDIM)),
        ]
    )
    assert [(m.slug, m.learners, m.says, list(m.where)) for m in found.unnamed] == [
        (law, 2, "The row sums to 2.", ["softmax_dim"]),
        ("", 1, "Your function raises an error.", ["softmax_1d"]),
    ]
    assert [m.slug for m in found.mistakes] == [KEEPDIM]


def test_an_example_is_the_shortest_answer_stripped_of_comments_docstring_and_other_code(tmp_path):
    long = (
        "# by Bea Doe\ndef my_softmax(x, dim):\n    '''Bea's.'''\n    e = (x - x.max()).exp()\n"
        "    e = e.clone().contiguous().clone()\n    return e / e.sum(dim=dim, keepdim=True)"
    )
    short = long.replace(
        "    e = (x - x.max()).exp()\n    e = e.clone().contiguous().clone()\n    return e",
        "    'Bea again.'\n    y, who, how = 1, 'Bea Doe', 'mean'\n    return x",
    )
    names = {"bea": short, "cy": long + "\n\nprint('Cy Roe')"}
    files = {f"{who}.ipynb": json.dumps(only(stable_softmax=s)) for who, s in names.items()}
    handed_in = find(unpacked(tmp_path / "class", files)).submissions
    found = overview(
        [
            Result(
                s, {"stable_softmax": mark(s.learner, "stable_softmax", "global-max")}, Decimal(0)
            )
            for s in handed_in
        ]
    )
    (mistake,) = found.mistakes
    assert mistake.code.startswith(
        "def my_softmax(x, dim):\n    y, who, how = (1, '...', 'mean')\n    return x / "
    )
    assert "Bea" not in mistake.code
    assert mistake.example == "f(x):\n  got: 1\n  expected: 2"


def test_a_stub_counts_as_no_answer_in_every_report(tmp_path):
    says = "stable_softmax: not attempted yet\nReplace the ..."
    stub = Mark("a", "stable_softmax", 0, (), (), says, "k")
    found = [result("a", mark("a", "softmax_dim", KEEPDIM), stub)]
    write_html(found, tmp_path / "grades.html", [], [])
    page = (tmp_path / "grades.html").read_text(encoding="utf-8")
    cells = re.findall(r'<td class="points">([✓✗?–])', page)  # noqa: RUF001 (a dash)
    assert Counter(cells) == {"✗": 1, "–": len(EXERCISES) - 1}  # noqa: RUF001 (a dash)
    (_, no_answer, _) = overview(found).lines
    assert no_answer.counts["stable_softmax"] == 1


# --- who ------------------------------------------------------------------------------------------


def test_learners_who_are_stuck_or_flew_through_are_listed():
    stub = "softmax_1d: not attempted yet\nReplace the ..."
    begun = Mark("d", "softmax_1d", 0, (), (), stub, "k")
    asked_often = Memory(hints={f"softmax_dim/{KEEPDIM}": STUCK, "softmax_1d/other": STUCK - 1})
    found = overview(
        [
            right("a"),
            result("b", empty=True),
            result("c"),
            result("d", begun),
            result("e", mark("e", "softmax_dim", KEEPDIM), memories=[asked_often]),
            result("f", mark("f", "softmax_dim", KEEPDIM)),
        ]
    )
    assert found.flew == ["a"]
    assert found.stuck == [
        ("Nothing handed in", ["b"]),
        ("Handed in, but no answer begun", ["c", "d"]),
        ("Made the same mistake 5 times or more", ["e (missing-keepdim, 5 times)"]),
    ]


# --- predictions ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "guess"),
    [
        ('predict("q", "sharper")', "sharper"),
        ("predict('q', 0.66)  # I think", 0.66),
        ('predict("q", -3)', -3.0),
        ('predict("q", 1 / 3)', 1 / 3),
        ('predict("q", 2 * (1 - .25))', 1.5),
        ('predict("q", (2, 3))', [2, 3]),
        ('predict("q", {"same": 0.75, "flatter": 1/4})', {"same": 0.75, "flatter": 0.25}),
        ('predict(guess="same", question="q")', "same"),
        ('sl.predict("q", math.inf)', math.inf),
        ('predict("q", -float("inf"))', -math.inf),
        ('predict("q", True)', True),
        ('predict("q", 1)\npredict("q", 2)', 2),
        ("%%time\npredict('q', 'a')", "a"),
    ],
)
def test_a_guess_is_read_and_never_run(source, guess):
    assert in_cells(["import math", source]) == {"q": guess}


@pytest.mark.parametrize(
    "source",
    [
        'predict("q", ...)',
        'predict("q")',
        'predict("q", None)',
        'predict("q", x)',
        "predict(q, 1)",
        'predict("q", __import__("os").getcwd())',
        'predict("q", 1 / 0)',
        'predict("q", 9**9**9)',
        'predict("q", "a" * 10)',
        'predict("q", [*range(3)])',
        'predict("q", float("x"))',
        'predict("q", b"a")',
        "# predict('q', 1)",
        'predict("q", {1: ...})',
        'predict("q", 1',
        'predict("q", ' + "-" * 20_000 + "1)",
    ],
)
def test_what_cannot_be_read_without_running_it_is_left_out(source):
    assert in_cells([source]) == {}


def test_nan_and_a_huge_number_are_read():
    found = in_cells(['predict("a", torch.nan)', 'predict("b", -1' + "0" * 400 + ")"])
    assert math.isnan(found["a"])
    assert found["b"] == -math.inf


def guessed(**guesses):
    cells = [bank.code(f'predict("{name}", {guess!r})') for name, guess in guesses.items()]
    return json.dumps(bank.notebook(cells))


def test_the_first_guess_that_the_course_recorded_counts(tmp_path):
    kept = {
        "noted": {"add_ten": "flatter", "times_ten": "same"},
        "guesses": [
            {"question": "times_ten", "guess": "flatter", "right": False, "on": "2026-11-01"},
            {
                "question": "times_ten",
                "guess": "sharper",
                "right": True,
                "on": "2026-11-02",
                "review": True,
            },
        ],
    }
    files = {
        "ada/a.ipynb": guessed(add_ten="same", times_ten="sharper", skyline="a little"),
        f"ada/{FILE}": json.dumps(kept),
        "bob/a.ipynb": guessed(add_ten="same"),
        f"bob/{FILE}": "[broken",
    }
    for place in (unpacked(tmp_path / "class", files), tmp_path / "class.zip"):
        (tmp_path / "class.zip").write_bytes(packed(files))
        found = {s.learner: s for s in find(place).submissions}
        assert found["ada"].guesses == {
            "add_ten": "flatter",
            "times_ten": "flatter",
            "skyline": "a little",
        }
        assert found["bob"].guesses == {"add_ten": "same"}
        assert (len(found["ada"].memories), found["bob"].memories) == (1, [])


def test_predictions_are_counted_with_the_fewest_right_first():
    found = overview(
        [
            right("a", guesses={"add_ten": "same", "cat_share": 0.66, "times_ten": "sharper"}),
            right("b", guesses={"add_ten": "flatter", "cat_share": 66, "nonsense": 3}),
            right("c", guesses={"add_ten": {"flatter": 0.6, "same": 0.4}, "cat_share": "0.661"}),
            right("d", guesses={"add_ten": "green", "cat_share": "owl"}),
        ]
    )
    assert [each.name for each in found.asked] == ["add_ten", "cat_share"]
    add_ten, cat_share = found.asked
    assert (add_ten.right, add_ten.count) == (1, 3)
    says = questions()["add_ten"].question.wrong["flatter"][1]
    assert add_ten.wrong == [("flatter", 2, says)]
    assert (cat_share.right, cat_share.count) == (2, 3)
    assert [(guess, count) for guess, count, _ in cat_share.wrong] == [("66", 1)]


def test_every_question_of_a_lesson_has_the_cell_that_shows_the_answer():
    asked = questions()
    assert len(asked) > 130
    assert all(each.cell.strip() for each in asked.values())
    assert not any(re.search(r"^check\(", each.cell, re.MULTILINE) for each in asked.values())
    assert "awkward / awkward.sum()" in asked["sum_of_zero"].cell
    assert asked["sum_of_zero"].lesson == "01_scores_to_probabilities"


# --- tomorrow -------------------------------------------------------------------------------------


def test_the_questions_for_tomorrow_are_those_that_split_the_class():
    halves = [
        right(
            f"a{i}",
            guesses={
                "add_ten": "same" if i % 2 else "flatter",  # 5 of 10
                "times_ten": "sharper" if i else "same",  # 9 of 10
                "scores_back": "yes",  # none
                "skyline": "completely" if i < 7 else "a little",  # 7 of 10
                "sum_of_zero": "inf",  # all
            },
        )
        for i in range(10)
    ]
    assert [each.name for each in overview(halves).tomorrow] == ["add_ten", "skyline"]
    (first, _) = overview(halves).tomorrow
    assert [choice for choice, _ in first.choices] == ["flatter", "same", "sharper"]


def test_code_in_a_question_is_on_lines_of_its_own():
    paragraphs = page("class.html").environment.filters["paragraphs"]
    told = paragraphs(tasks()["row_sums"].asks)
    assert (
        "exp()\nprobs = exps / exps.sum()</pre><p>What does each row of <code>probs</code>" in told
    )


def test_without_predictions_questions_come_from_the_lesson_of_the_most_common_mistake():
    wrong = [result(f"a{i}", mark(f"a{i}", "stable_softmax", "global-max")) for i in range(3)]
    found = overview([*wrong, result("b", mark("b", "softmax_dim", KEEPDIM))])
    lessons = [each.lesson[:2] for each in found.tomorrow]
    assert lessons == ["05", "03"]
    name, slug = found.to_set
    assert slug in ("global-max", KEEPDIM)
    assert slug in {m.slug for m in tasks()[name].misconceptions}
    assert places()[name].lesson[:2] > "03"
    assert name not in EXERCISES


def test_what_everybody_knew_is_not_asked_again_and_finished_work_is_not_set_again():
    guesses = {"sum_of_zero": "inf", "add_ten": "same"}
    class_of_two = [
        result("a", mark("a", "stable_softmax", KEEPDIM), guesses=guesses),
        right("b", guesses={**guesses, "add_ten": "flatter"}),
    ]
    found = overview(class_of_two)
    assert found.tomorrow[0].name == "add_ten"
    assert found.tomorrow[1].lesson[:2] == "05"
    name, slug = found.to_set
    assert slug == KEEPDIM
    assert places()[name].lesson[:2] > "05"


def test_a_class_without_mistakes_has_nothing_to_go_back_to():
    found = overview([right("a")])
    assert (found.mistakes, found.unnamed, found.tomorrow, found.to_set) == ([], [], [], None)
    assert (found.stuck, found.flew, found.gained) == ([], ["a"], "")


def test_gains_are_reported_where_before_and_after_were_taken():
    def answered(before, after):
        return Memory(
            guesses=[
                Compared(f"{when}/{form}/{name}", "x", i < count, "2026-11-01")
                for when, form, count in (("before", "A", before), ("after", "B", after))
                for i, name in enumerate(IDEAS)
            ]
        )

    found = overview([right("a", memories=[answered(3, 8)]), right("b", memories=[answered(5, 8)])])
    assert found.gained.startswith(
        "2 learners: 4.0 of 10 right before, 8.0 after; the mean gain is 4"
    )


def quizzed(*cells):
    return json.dumps(bank.notebook([bank.code(source) for source in cells]))


def answers_to(when, form, right):
    """Return cells that answer all ten questions, this many of them right."""
    lines = []
    for i, idea in enumerate(IDEAS.values()):
        question = idea.forms[form]
        guess = question.answer if i < right else next(iter(question.wrong))
        lines.append(f"quiz.answer({i + 1}, {guess!r})")
    return [f'quiz = {when}("{form}")', *lines]


def test_gains_are_read_from_the_cells_if_nothing_else_was_handed_in(tmp_path):
    kept = [
        {"question": f"before/A/{name}", "guess": "x", "right": True, "on": "2026-11-01"}
        for name in IDEAS
    ]
    half = answers_to("before", "B", 7)
    files = {
        # in two notebooks, as lesson 00 and the last one are
        "ada/00.ipynb": quizzed(*answers_to("before", "A", 2)),
        "ada/05.ipynb": quizzed(*answers_to("after", "B", 9)),
        # asked again halfway, where the numbers start over
        "bob/a.ipynb": quizzed(
            *half[:6],
            "quiz = before()",
            *[f"quiz.answer({i}, {re.search(', (.*)[)]', half[i + 5])[1]})" for i in range(1, 6)],
            *answers_to("after", "A", 10),
            "quiz.answer(1, 0.75)",  # the first answer counts
        ),
        # what the course recorded takes precedence over the cells
        f"cy/{FILE}": json.dumps({"guesses": kept}),
        "cy/a.ipynb": quizzed(*answers_to("before", "A", 0), *answers_to("after", "B", 10)),
        "dot/a.ipynb": quizzed(*answers_to("before", "A", 9)),
        "eve/a.ipynb": quizzed("quiz = before()", "quiz = review()", "quiz.answer(1, 0.84)"),
    }
    folder = unpacked(tmp_path / "class", files)
    os.utime(folder / "ada/00.ipynb", (1, 1))
    found = overview([right(s.learner, **given(s)) for s in find(folder).submissions])
    assert found.gained == (
        "3 learners: 6.3 of 10 right before, 9.7 after; the mean gain is 3.3 (standard deviation "
        "3.5)."
    )


def given(submission):
    return {"quizzes": submission.quizzes, "memories": submission.memories}


@pytest.mark.parametrize(
    ("source", "calls"),
    [
        (
            'before("B").answer(2, "same")',
            [["asks", "", "before", "B"], ["answers", "", 2, "same"]],
        ),
        ("q = sl.after()", [["asks", "q", "after", ""]]),
        (
            "q = before(form=f)\nq.answer(number=1, guess=-2)",
            [
                ["asks", "q", "before", ""],
                ["answers", "q", 1, -2],
            ],
        ),
        ("q.answer(1, ...)\nq.answer(x, 1)\nq.answer(2.0, 1)\nanswer(1, 2)", []),
        ("before()\nafter.answer", []),
        ("q = (answer,", []),
    ],
)
def test_answers_to_a_quiz_are_read_and_never_run(source, calls):
    assert quiz_calls([source]) == calls


@pytest.mark.parametrize("place", ["{}/x/.softmax_progress.json", "{}/mine.zip"])
def test_the_progress_file_is_found_wherever_a_learner_packed_it(place, tmp_path):
    kept = json.dumps({"noted": {"add_ten": "flatter"}})
    for who in ("ada", "Jo Doe_501_assignsubmission_file"):
        path = place.format(who)
        inner = packed({f"work/{FILE}": kept}) if path.endswith(".zip") else kept
        files = {f"{who}/a.ipynb": guessed(add_ten="same"), path: inner}
        files["zoe/a.ipynb"] = guessed(add_ten="sharper")
        submission, _ = find(unpacked(tmp_path / who[:3], files)).submissions
        assert submission.guesses == {"add_ten": "flatter"}
        assert not any(note.startswith("not read") for note in submission.notes)


# --- the page -------------------------------------------------------------------------------------


def test_the_page_is_rewritten_only_if_something_has_changed(tmp_path, monkeypatch):
    found = [right("a"), result("b", mark("b", "softmax_dim", KEEPDIM))]
    file = tmp_path / "class.html"
    write_class(found, file)
    first = file.read_bytes()
    monkeypatch.setattr("softmax_lessons.grading.overview.overview", None)  # as if it weren't there
    write_class(found, file)
    assert file.read_bytes() == first
    monkeypatch.undo()
    write_class([*found, right("c")], file)
    assert b"3 learners" in file.read_bytes()


def test_the_page_stands_alone_and_escapes_learners_markup(tmp_path):
    found = [
        right("<b>ada</b>", guesses={"add_ten": "flatter"}),
        result("b", mark("b", "softmax_dim", KEEPDIM)),
    ]
    write_class(found, tmp_path / "class.html")
    page = (tmp_path / "class.html").read_text(encoding="utf-8")
    assert "<b>ada" not in page
    assert "&lt;b&gt;ada&lt;/b&gt;" in page
    assert re.findall(r'(?:src|href)="([^"]*)"', page) == ["grades.html"]
    assert "<script" not in page
    titles = re.findall(r"<h2>(.*?)</h2>", page)
    assert titles == [
        "Exercises and mistakes",
        "The most common mistakes",
        "Predictions that the class got wrong",
        "Who needs you, and who doesn't",
        "For tomorrow",
    ]


def test_the_command_writes_the_same_reports_for_any_order_and_number_of_workers(tmp_path):
    one = {
        "ada.ipynb": guessed(add_ten="flatter"),
        "bob.ipynb": json.dumps(bank.only("softmax_1d")),
    }
    two = {"cy.ipynb": json.dumps(only(softmax_1d=bank.WRONG["softmax_1d"]))}
    pages = []
    for order, workers in ((("one", "two"), "1"), (("two", "one"), "4")):
        for name, files in (("one", one), ("two", two)):
            in_order = sorted(files.items(), reverse=order[0] == "two")
            (tmp_path / f"{name}.zip").write_bytes(packed(dict(in_order)))
        out = tmp_path / "-".join(order)
        zips = [str(tmp_path / f"{name}.zip") for name in order]
        options = ["--out", str(out), "--workers", workers, *OPTIONS]
        assert command.main([*zips, *options]) == 0
        pages.append(
            [
                (out / name).read_bytes()
                for name in ("class.html", "grades.csv", "grades.json", "grades.html")
            ]
        )
    assert pages[0] == pages[1]
