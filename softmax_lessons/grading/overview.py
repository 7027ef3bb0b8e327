"""What a teacher wants to know about a class in two minutes, and what to do about it tomorrow."""

import ast
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from softmax_lessons.checker.exercise import Exercise
from softmax_lessons.gains import gains
from softmax_lessons.grading.explain import source_of
from softmax_lessons.grading.notebook import parsed, places
from softmax_lessons.grading.predicted import Asked, asked_of, of_quizzes, questions
from softmax_lessons.grading.results import Result
from softmax_lessons.lessons import tasks

MOST_IN_MAP = 12  # mistakes with a line in the map
MOST_SHOWN = 3  # mistakes with an example
MOST_QUESTIONS = 10  # questions that the class got wrong
STUCK = 5  # times that one learner made the same mistake
LONGEST_EXAMPLE = 1500  # characters of code
PLAIN_WORD = re.compile(r"[a-z_]*")  # such as "mean"; any other text may be about its author
LONGEST_LINE = 300


@dataclass(frozen=True)
class Mistake:
    """A mistake that learners made.

    Attributes:
        slug: its name.
        says: the sentence about it.
        learners: how many made it.
        where: how many answers have it, by the exercise's name.
        code: the shortest answer with it, without names and comments.
        example: an input, the result and the expected result.
    """

    slug: str
    says: str
    learners: int
    where: dict[str, int]
    code: str = ""
    example: str = ""


@dataclass(frozen=True)
class Line:
    """A line of the map: how many learners it's true for, by the exercise's name."""

    label: str
    counts: dict[str, int]
    is_mistake: bool = True


@dataclass(frozen=True)
class Overview:
    """An overview of a class.

    Attributes:
        learners: how many there are.
        exercises: their names, in the order of the course.
        lines: the lines of the map.
        mistakes: the most common mistakes, each with an example.
        unnamed: the messages for answers whose mistake has no name.
        asked: the questions that the class got wrong most often.
        stuck: who is stuck, and why.
        flew: who got everything right.
        tomorrow: two questions to discuss.
        to_set: an exercise to set, and the mistake that it's about.
        gained: the gain of those who answered the questions before and after the course.
    """

    learners: int
    exercises: list[str]
    lines: list[Line]
    mistakes: list[Mistake]
    unnamed: list[Mistake]
    asked: list[Asked]
    stuck: list[tuple[str, list[str]]]
    flew: list[str]
    tomorrow: list[Asked]
    to_set: tuple[str, str] | None
    gained: str


def overview(found: Sequence[Result]) -> Overview:
    """Return the overview of a class."""
    exercises = list(found[0].marks) if found else []
    named, unnamed = _mistakes(found)
    asked = asked_of(found)
    wrong = [each for each in asked.values() if each.right < each.count]
    gain = gains(of_quizzes(result.submission) for result in found)
    wrong.sort(key=lambda each: (each.right / each.count, -each.count))
    return Overview(
        learners=len(found),
        exercises=exercises,
        lines=_lines(found, named),
        mistakes=[_with_example(each, found) for each in named[:MOST_SHOWN]],
        unnamed=unnamed,
        asked=wrong[:MOST_QUESTIONS],
        stuck=_stuck(found),
        flew=[
            result.learner
            for result in found
            if result.marks and result.points == len(result.marks)
        ],
        tomorrow=_tomorrow(asked, named),
        to_set=_to_set(named, found),
        gained=str(gain) if gain.learners else "",
    )


def _lines(found: Sequence[Result], named: Sequence[Mistake]) -> list[Line]:
    right: Counter[str] = Counter()
    left: Counter[str] = Counter()
    for result in found:
        for name, mark in result.marks.items():
            right[name] += mark.points
            left[name] += not mark.begun
    lines = [Line("right", right, False), Line("no answer", left, False)]
    lines += [Line(each.slug, each.where) for each in named[:MOST_IN_MAP]]
    return lines


@cache
def _laws() -> frozenset[str]:
    """Return the names for answers that break a law and have no other name."""
    exercises = (task for task in tasks().values() if isinstance(task, Exercise))
    return frozenset(law.slug for task in exercises for law in task.laws)


def _mistakes(found: Sequence[Result]) -> tuple[list[Mistake], list[Mistake]]:
    """Return the mistakes with a name and those without one, the most common first."""
    made: dict[tuple[bool, str], list[tuple[str, str, str]]] = {}
    for result in found:
        for name, mark in result.marks.items():
            told = list(zip(mark.misconceptions, mark.sentences, strict=True))
            if not told and mark.begun and not mark.points and not mark.trouble:
                # the message for an answer that has no name and breaks no law
                told = [("", [*mark.says.splitlines(), "", ""][1])]
            for slug, says in told:
                key = slug or says
                is_named = bool(slug) and slug not in _laws()
                made.setdefault((is_named, key), []).append((result.learner, name, says))
    lists: tuple[list[Mistake], list[Mistake]] = ([], [])
    for (is_named, key), cases in made.items():
        where = Counter(name for _, name, _ in cases)
        ordered = {name: where[name] for name in places() if name in where}
        slug = key if is_named or key in _laws() else ""
        people = len({learner for learner, _, _ in cases})
        says = min(says for _, _, says in cases)
        lists[not is_named].append(Mistake(slug, says, people, ordered))
    for each in lists:
        each.sort(key=lambda mistake: (-mistake.learners, mistake.slug, mistake.says))
    return lists


def _with_example(mistake: Mistake, found: Sequence[Result]) -> Mistake:
    """Return the mistake with the shortest readable answer that has it as the main mistake."""
    candidates = []
    for result in found:
        for name, mark in result.marks.items():
            if mistake.slug in mark.misconceptions[:1] and name in result.submission.answers:
                code = _anonymous(result, name)
                example = short(mark.says.partition("\n\n")[2])
                candidates.append((not code, len(code) + len(example), code, example))
    if not candidates:
        return mistake
    *_, code, example = min(candidates)
    slug, says, learners, where = mistake.slug, mistake.says, mistake.learners, mistake.where
    return Mistake(slug, says, learners, where, code, example)


def short(example: str) -> str:
    """Return an example with its long lines cut off."""
    lines = example.splitlines()
    cut = [f"{line[:LONGEST_LINE]} ..." if len(line) > LONGEST_LINE else line for line in lines]
    return "\n".join(cut)


def _anonymous(result: Result, exercise: str) -> str:
    """Return the code of an answer, without its author's comments and other text."""
    try:
        source = source_of(result.submission.answers[exercise].read(), imports=False)
        tree = parsed(source)
    except (ValueError, OSError, SyntaxError, RecursionError, MemoryError):
        return ""
    body = [node for node in tree.body if not isinstance(node, ast.Expr)]
    for node in (inner for outer in body for inner in ast.walk(outer)):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            node.body = [each for each in node.body if not _is_text(each)] or [ast.Pass()]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            node.value = node.value if PLAIN_WORD.fullmatch(node.value) else "..."
    return ast.unparse(ast.Module(body, []))[:LONGEST_EXAMPLE]


def _is_text(node: ast.stmt) -> bool:
    value = getattr(node, "value", None)
    is_text = isinstance(value, ast.Constant) and isinstance(value.value, str)
    return isinstance(node, ast.Expr) and is_text


def _stuck(found: Sequence[Result]) -> list[tuple[str, list[str]]]:
    nothing = [result.learner for result in found if result.submission.missing]
    not_begun, same = [], []
    for result in found:
        own = list(result.marks.values())
        if not result.submission.empty and not any(m.begun for m in own):
            not_begun.append(result.learner)
        times = Counter(slug for mark in own for slug in mark.misconceptions)
        for each in result.submission.memories:
            for key, count in each.hints.items():
                slug = key.rpartition("/")[2]
                times[slug] = max(times[slug], count)
        often = [f"{slug}, {count} times" for slug, count in times.items() if count >= STUCK]
        if often:
            same.append(f"{result.learner} ({'; '.join(sorted(often))})")
    told = [
        ("Nothing handed in", nothing),
        ("Handed in, but no answer begun", not_begun),
        (f"Made the same mistake {STUCK} times or more", same),
    ]
    return [(why, who) for why, who in told if who]


def _tomorrow(asked: dict[str, Asked], named: Sequence[Mistake]) -> list[Asked]:
    """Return two questions to vote on: those that split the class most evenly.

    Without predictions to go by, it takes questions from the mistakes' lessons.
    """
    split = [each for each in asked.values() if 0 < each.right < each.count]
    split.sort(key=lambda each: -each.right * (each.count - each.right) / each.count)
    chosen = split[:2]
    for mistake in named:
        lesson = places()[next(iter(mistake.where))].lesson
        left = [each for name, each in questions().items() if name not in asked]
        left = [each for each in left if each.name not in {other.name for other in chosen}]
        of_slug = [each for each in left if mistake.slug in dict(each.question.wrong.values())]
        chosen += (of_slug or [each for each in left if each.lesson == lesson])[:1]
    return chosen[:2]


def _to_set(named: Sequence[Mistake], found: Sequence[Result]) -> tuple[str, str] | None:
    """Return an exercise that offers another chance to make one of the most common mistakes."""
    solved: Counter[str] = Counter()
    for result in found:
        for name, mark in result.marks.items():
            solved[name] += mark.points
    order = list(places())
    chances = []
    for rank, mistake in enumerate(named):
        last = max(places()[name].lesson for name in mistake.where)
        for name in order:
            task, lesson = tasks()[name], places()[name].lesson
            slugs = {each.slug for each in getattr(task, "misconceptions", ())}
            if mistake.slug in slugs and name not in mistake.where:
                # prefer exercises that are new to the class, and later ones to those long past
                key = (rank >= MOST_SHOWN, name in solved, lesson < last, rank, order.index(name))
                chances.append((key, name, mistake.slug))
    return min(chances)[1:] if chances else None
