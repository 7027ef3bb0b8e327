"""The content of the lessons: each record is sound, each sentence is said where it belongs."""

import contextlib
import io
import re
import warnings
from collections import Counter
from dataclasses import replace
from pathlib import Path

import jupytext
import pytest
import torch

from softmax_lessons.attempts.run import bind_arguments, calls, run
from softmax_lessons.checker.exercise import Exercise
from softmax_lessons.checker.hunt import Hunt
from softmax_lessons.checker.judge import expect, judge
from softmax_lessons.checker.laws import kept_by_rounding
from softmax_lessons.checker.question import Question
from softmax_lessons.copies import slide_type
from softmax_lessons.lessons import tasks

ROOT = Path(__file__).parents[1]
SOURCES = ROOT / "notebooks" / "source"
EXERCISES = {name: task for name, task in tasks().items() if isinstance(task, Exercise)}
ALIKE = {"repair_head_2", "repair_head_3", "repair_head_4", "repair_head_5"}  # like the first one


def outcomes_of(task, attempt, probes):
    """Return what an attempt does, without starting a process."""
    function, found = bind_arguments(task.prepared(attempt), task.parameters), []
    for probe in probes:
        with calls() as names, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            outcome = run(function, probe)
        found.append(replace(outcome, called=tuple(names)))
    return found


def test_every_task_is_one_of_three_kinds_and_each_lesson_has_its_own():
    assert all(isinstance(task, (Exercise, Hunt, Question)) for task in tasks().values())
    assert len(tasks()) >= 136
    assert list(EXERCISES)[:3] == ["classes_of_batch", "softmax_1d", "classes_of_sequence"]


@pytest.mark.parametrize("name", EXERCISES)
def test_every_record_says_something_and_can_be_recognised(name):
    exercise = EXERCISES[name]
    for m in exercise.misconceptions:
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", m.slug)
        assert m.says.endswith((".", "?"))
        assert len(m.hints) >= 3, m.slug
        assert m.variants or m.fit or m.symptom or m.pattern or m.error, m.slug
    for law in exercise.laws:
        assert law.broken.__doc__
        assert len(law.hints) >= 3, law.slug


@pytest.mark.parametrize("name", EXERCISES)
def test_right_functions_raise_no_error_and_break_no_law(name):
    exercise = EXERCISES[name]
    for function in exercise.right:
        probes = exercise.probes()
        outcomes = [run(function, probe) for probe in probes]
        for probe, outcome in zip(probes, outcomes, strict=True):
            expected = expect(exercise.reference, probe)
            if judge(probe, outcome, expected) is None:
                for law in exercise.laws:
                    if (
                        kept_by_rounding(law, probe, exercise.reference)
                        and probe.logits.dtype.itemsize > 2
                    ):
                        assert not law.broken(probe, outcome.value.double(), expected.value)
    # of several recipes, the others are right on what the exercise promises
    first = [run(exercise.right[0], probe) for probe in exercise.fixed]
    assert not [outcome.error for outcome in first if outcome.error]


@pytest.mark.parametrize("name", [name for name in EXERCISES if name not in ALIKE])
def test_each_variant_of_a_mistake_gets_its_sentence(name):
    """Or the sentence of an earlier mistake that does exactly the same here."""
    exercise = EXERCISES[name]
    rank = {m: i for i, m in enumerate(exercise.misconceptions)}
    # each check looks at all the others; a tenth of them, always the same ones, is enough
    for candidate in exercise.candidates.singles[::10]:
        if not candidate.mistakes or candidate.mistakes[0].calls:
            continue
        outcomes = [replace(o, after=p.tensors) for o, p in _outcomes(candidate, exercise)]
        if all(outcome.value is None for outcome in outcomes):
            continue  # an error on every input is recognised by its text
        (m,) = candidate.mistakes
        with contextlib.redirect_stdout(io.StringIO()):
            verdict = exercise.verdict(name, exercise.fixed, outcomes)
        if verdict.status != "wrong":
            continue  # on the inputs of this exercise it isn't a mistake
        told = verdict.mistakes
        assert told, (name, m.slug, verdict.says)
        assert all(other in rank for other in told), (name, m.slug, verdict.says)
        assert m in told or rank[told[0]] <= rank[m] or _at_sight(told[0]), (m.slug, told[0].slug)


def _at_sight(m):
    return m.symptom or m.pattern


def _outcomes(candidate, exercise):
    for i, probe in enumerate(exercise.fixed):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield candidate.outcome(i), probe


def test_the_example_of_how_to_add_an_exercise_works():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    found = re.findall(r"```python\n# (softmax_lessons/lessons/\w+_01.py)\n(.*?)```", text, re.S)
    (module, example), (questions, question_too) = (
        ((ROOT / path).read_text(encoding="utf-8"), added) for path, added in found
    )
    imports = """
from softmax_lessons.checker.laws import Law
from softmax_lessons.checker.misconception import Misconception
from softmax_lessons.checker.exercise import grid
from softmax_lessons.lessons.laws import slices_sum_to_one
"""
    names = {}
    exec(compile(module + imports + example, "lesson_01.py", "exec"), names)
    exercise = names["TASKS"]["softmin"]
    exec(compile(questions + question_too, "questions_01.py", "exec"), names)
    question = names["QUESTIONS"]["softmin_wins"]

    def verdict(attempt):
        probes = exercise.probes()
        return exercise.verdict("softmin", probes, outcomes_of(exercise, attempt, probes))

    assert verdict(lambda x: torch.softmax(-x, 1)).passed
    assert verdict(lambda x: torch.softmax(x, -1)).misconceptions == ("forgets-the-minus",)
    other = verdict(lambda x: torch.softmax(-x, 1) * 2)
    assert other.misconceptions == ("sums-off",)
    assert "sums to 2" in other.says
    assert question.at_once("softmin_wins", "Largest").misconceptions == ("reads-softmax",)
    assert question.asks.endswith("?")


# each term with the lesson that explains it and the words that do; in `code` if it's a name there
TERMS = {
    "batch": ("00", "a **batch** of photos: one row per photo"),
    "tensor": ("00", "A **tensor** is PyTorch's container for numbers"),
    "slice": ("00", "A **slice** is a set of numbers that share a total of 1"),
    "`lambda": ("00", "`lambda x: ...` is Python's short way to write a function"),
    "inf": ("01", "a tensor can hold **inf**, infinity"),
    "nan": ("01", '**nan**, "not a number"'),
    "exponential": ("01", "the **exponential** of x, is e"),
    "logit": ("01", "the scores that go into it are called **logits**"),
    "dim": ("01", "A **dim** is what NumPy calls an axis"),
    "argmax": ("01", "**argmax**, which picks the position of the largest"),
    "sigmoid": ("01", "The **sigmoid** of a number d is"),
    "calibrated": ("01", "A model is **calibrated** if"),
    "`torch.allclose": ("02", "`torch.allclose` compares up to rounding"),
    "`flatten": ("02", "into one dim first (`flatten`)"),
    "attention": ("02", "In **attention**, each word (a **query**) scores all the words"),
    "channel": ("02", "layers of numbers, called **channels**"),
    "`keepdim": ("03", "With `keepdim=True`, it stays and has size 1"),
    "broadcasting": ("03", "This is called **broadcasting**"),
    "`x.flip": ("03", "`x.flip(dim)` is `x`, reversed along `dim`"),
    "in place": ("03", "works **in place**, like"),
    "dtype": ("04", "the **dtype**, the format that the numbers are stored in"),
    "overflow": ("04", "A result above that **overflows**"),
    "underflow": ("04", "too close to 0 **underflows**"),
    "float16": ("04", "**float16** and **bfloat16** are two 16-bit formats"),
    "bfloat16": ("04", "**float16** and **bfloat16** are two 16-bit formats"),
    "subnormal": ("04", "They're called **subnormal**"),
    "loss": ("06", "The **loss** says how wrong the model is"),
    "cross-entropy": ("06", "This is the **cross-entropy**"),
    "gradient": ("06", "the **gradient**, one number per logit"),
    "logsumexp": ("06", "has a name, **logsumexp**"),
    "target": ("06", "and the right one, the **target**"),
    "`gather": ("06", "`gather` does the picking"),
    "`F.nll_loss": ("06", "`F.nll_loss` picks the targets' entries"),
    "`F.one_hot": ("06", "`F.one_hot` makes a table with a 1 at each row's target"),
    "label smoothing": ("07", "**Label smoothing** of 0.1 takes"),
    "padded": ("07", "are filled up, or **padded**"),
    "entropy": ("07", "the **entropy** of the target"),
    "gradient accumulation": ("07", "that's **gradient accumulation**"),
    "derivative": ("08", "the limit is a **derivative**"),
    "Jacobian": ("08", "are the **Jacobian** of softmax"),
    "chain rule": ("08", "this is the **chain rule**"),
    "vector-Jacobian product": ("08", "is called a **vector-Jacobian product**"),
    "MSE": ("08", "**MSE**, the mean squared error"),
    "saturated": ("08", "softmax is **saturated**"),
    "`ctx": ("08", "`ctx`, short for context, is"),
    "temperature": ("09", "one positive number T, the **temperature**"),
    "top-k": ("10", "**Top-k** sampling keeps the k largest"),
    "standard error": ("10", "the **standard error** says how close"),
    "`torch.multinomial": ("09", "`torch.multinomial` draws"),
    "perplexity": ("11", "**Perplexity** is exp of minus that mean"),
    "mask": ("12", "A **mask** says which keys take part"),
    "causal": ("12", "Its mask is **causal**"),
    "eps": ("13", "the next number is called **eps**"),
    "autocast": ("13", "**autocast** chooses the dtypes"),
    "float8": ("13", "The **float8** formats have 8 bits"),
    "FlashAttention": ("14", "**FlashAttention** ([Dao and others 2022]"),
    "shard": ("15", "of the logits, its **shard**"),
    "all-reduce": ("15", "In an **all-reduce**"),
}
LOOK_AHEAD = ("The map", "Going further", "Next")  # sections


def prose(path):
    """What a lesson says, except for its first cell, the speaker's notes and what looks ahead."""
    told, heading = [], ""
    for cell in jupytext.read(path).cells[1:]:
        if cell.cell_type != "markdown" or slide_type(cell) == "notes":
            continue
        heading = (re.findall(r"^##? (.*)$", cell.source, flags=re.MULTILINE) or [heading])[-1]
        if not heading.startswith(LOOK_AHEAD):
            told.append(cell.source)
    return re.sub(r"\]\([^)]*\)", "]", "\n".join(told))  # a link's address isn't prose


def uses(term, text):
    """The uses of a term in a text: a name counts only in code, a word only outside it."""
    if not term.startswith("`"):
        return re.findall(
            rf"(?<![\w-]){re.escape(term)}(?:e?s|ed|ing)?(?![\w-])",
            re.sub(r"`[^`]*`", "", text),
            flags=re.IGNORECASE,
        )
    return re.findall(rf"`[^`]*\b{re.escape(term.strip('`'))}\b", text)


@pytest.fixture(scope="module")
def told():
    return {path.name[:2]: prose(path) for path in sorted(SOURCES.glob("*.md"))}


NO_TERMS = {"Predict.", "It promises:", "Seen in", "You will", "You need"}
TWO_MEANINGS = {"head"}  # of attention, and of a training program


def bold_terms(path):
    """The words that a lesson prints in bold, each as its stem; no labels, no answers."""
    cells = jupytext.read(path).cells[1:]
    texts = (c.source for c in cells if c.cell_type == "markdown" and slide_type(c) != "notes")
    for text in texts:
        for words in re.findall(r"\*\*([^*]+)\*\*", re.sub(r"`[^`]*`", "", text)):
            answer = re.fullmatch(r"\d+\.|[a-e]", words)  # a number, or a curve's letter
            if not answer and words not in NO_TERMS:
                yield re.sub(r"(e?s|d?ed|d?ing)$", "", words.lower())


def test_a_term_is_bold_only_in_the_sentence_that_introduces_it():
    lessons = [path for path in sorted(SOURCES.glob("*.md")) if path.name[:2] != "17"]
    found = [(term, path.name[:2]) for path in lessons for term in bold_terms(path)]
    counted = Counter(term for term, _ in found)
    twice = {term for term, count in counted.items() if count > 1}
    assert twice == TWO_MEANINGS, [place for place in found if place[0] in twice]


@pytest.mark.parametrize("term", TERMS)
def test_no_lesson_uses_a_term_before_it_is_explained(term, told):
    lesson, words = TERMS[term]
    assert words in told[lesson]
    before = [number for number, text in told.items() if number < lesson and uses(term, text)]
    assert not before
