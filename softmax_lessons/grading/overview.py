"""What a teacher wants to know of a class in two minutes, and what to do with it tomorrow."""

import ast
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache

from softmax_lessons.checker.exercise import Exercise
from softmax_lessons.checker.question import Question
from softmax_lessons.copies import tags
from softmax_lessons.grading.explain import source_of
from softmax_lessons.grading.jobs import Mark
from softmax_lessons.grading.notebook import parsed, places
from softmax_lessons.grading.results import Result
from softmax_lessons.lessons import tasks
from softmax_lessons.predictions import as_text
from softmax_lessons.workspace import lessons

MOST_IN_MAP = 12  # mistakes that the map has lines for
MOST_SHOWN = 3  # mistakes with an example
MOST_QUESTIONS = 10  # that the class got wrong
STUCK = 5  # times that one made the same mistake
LONGEST_EXAMPLE = 1500  # characters of code


@dataclass(frozen=True)
class Mistake:
    """A mistake that learners made.

    Attributes:
        slug: its name.
        says: what it is.
        learners: how many made it.
        where: in how many answers it is, by the exercise's name.
        code: the shortest answer that has it, without names and comments.
        example: an input, what came, and what was expected.
    """

    slug: str
    says: str
    learners: int
    where: dict[str, int]
    code: str = ""
    example: str = ""


@dataclass(frozen=True)
class Line:
    """A line of the map: how many learners of the class it is true of, by the exercise's name."""

    label: str
    counts: dict[str, int]
    is_mistake: bool = True


@dataclass
class Asked:
    """A question, and what the class predicted.

    Attributes:
        name: the question's name.
        question: the question.
        lesson: the lesson that asks it.
        guesses: how many learners predicted this, by what it is.
        right: how many were right.
        mistakes: what is behind a wrong guess, by what it is.
        cell: what shows the answer, as the lesson has it.
    """

    name: str
    question: Question
    lesson: str
    cell: str
    guesses: Counter[str] = field(default_factory=Counter)
    right: int = 0
    mistakes: dict[str, str] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """How many learners predicted something."""
        return self.guesses.total()

    @property
    def wrong(self) -> list[tuple[str, int, str]]:
        """The wrong guesses, most made first: what, how many, and what is behind it."""
        answer = shown(self.question.answer)
        return [
            (guess, count, self.mistakes.get(guess, ""))
            for guess, count in sorted(self.guesses.items(), key=lambda pair: (-pair[1], pair[0]))
            if guess != answer
        ]

    @property
    def choices(self) -> list[tuple[str, str]]:
        """What to vote on, in an order that gives nothing away, and what is behind each."""
        question = self.question
        told = {shown(answer): says for answer, (_, says) in question.wrong.items()}
        told[shown(question.answer)] = ""
        return sorted(told.items())


@dataclass(frozen=True)
class Overview:
    """What there is to know of a class.

    Attributes:
        learners: how many there are.
        exercises: their names, in the order of the course.
        lines: the map.
        mistakes: those made most, each with an example.
        unnamed: what is told of answers whose mistake has no name.
        asked: the questions that the class got wrong most.
        stuck: why, and who.
        flew: who has everything right.
        tomorrow: two questions to discuss.
        to_set: an exercise to set, and the mistake that it is about.
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


def overview(found: Sequence[Result]) -> Overview:
    """Return what there is to know of a class."""
    exercises = list(found[0].marks) if found else []
    named, unnamed = _mistakes(found)
    asked = _asked(found)
    wrong = [each for each in asked.values() if each.right < each.count]
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
    )


def _lines(found: Sequence[Result], named: Sequence[Mistake]) -> list[Line]:
    right: Counter[str] = Counter()
    left: Counter[str] = Counter()
    for result in found:
        for name, mark in result.marks.items():
            right[name] += mark.points
            left[name] += not mark.key or _is_stub(mark)
    lines = [Line("right", right, False), Line("no answer", left, False)]
    lines += [Line(each.slug, each.where) for each in named[:MOST_IN_MAP]]
    return lines


def _is_stub(mark: Mark) -> bool:
    return not mark.points and ": not attempted yet" in mark.says.partition("\n")[0]


@cache
def _laws() -> frozenset[str]:
    """Return the names of answers that break a law and have no other name."""
    exercises = (task for task in tasks().values() if isinstance(task, Exercise))
    return frozenset(law.slug for task in exercises for law in task.laws)


def _mistakes(found: Sequence[Result]) -> tuple[list[Mistake], list[Mistake]]:
    """Return the mistakes with a name and those without one, the ones made most first."""
    made: dict[tuple[bool, str], list[tuple[str, str, str]]] = {}
    for result in found:
        for name, mark in result.marks.items():
            told = list(zip(mark.misconceptions, mark.sentences, strict=True))
            if not told and mark.key and not mark.points and not mark.trouble:
                if _is_stub(mark):
                    continue
                # what there is to say of an answer that has no name and breaks no law
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
    """Return it with the shortest answer that it is the main mistake of, if it can be read."""
    candidates = []
    for result in found:
        for name, mark in result.marks.items():
            if mistake.slug in mark.misconceptions[:1] and name in result.submission.answers:
                code = _anonymous(result, name)
                example = mark.says.partition("\n\n")[2]
                candidates.append((not code, len(code), code, example))
    if not candidates:
        return mistake
    *_, code, example = min(candidates)
    slug, says, learners, where = mistake.slug, mistake.says, mistake.learners, mistake.where
    return Mistake(slug, says, learners, where, code, example)


def _anonymous(result: Result, exercise: str) -> str:
    """Return the code of an answer, without what its author wrote around it."""
    try:
        source = source_of(result.submission.answers[exercise].read(), imports=False)
        tree = parsed(source)
    except (ValueError, OSError, SyntaxError, RecursionError, MemoryError):
        return ""
    body = [node for node in tree.body if not isinstance(node, ast.Expr)]
    for node in (inner for outer in body for inner in ast.walk(outer)):
        if isinstance(node, ast.FunctionDef) and ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    return ast.unparse(ast.Module(body, []))[:LONGEST_EXAMPLE]


# --- predictions ----------------------------------------------------------------------------------


@cache
def _cells() -> dict[str, tuple[str, str]]:
    """Return, by question, the lesson that asks it, and the cell that shows what happens."""
    found = {}
    for path in lessons():
        notebook = json.loads(path.read_text(encoding="utf-8"))
        cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
        cells = [cell for cell in cells if not {"solution", "answer"} & tags(cell)]
        sources = ["".join(cell["source"]) for cell in cells]
        for source, after in zip(sources, [*sources[1:], ""], strict=True):
            for name in _questions_in(source):
                found[name] = (path.stem, _without_check(after))
    return found


def _questions_in(source: str) -> Iterator[str]:
    for node in ast.walk(parsed(source) or ast.Module([], [])):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "predict":
            yield node.args[0].value


def _without_check(source: str) -> str:
    lines = source.splitlines()
    return "\n".join(line for line in lines if not line.startswith("check("))


def questions() -> dict[str, Asked]:
    """Return the questions that a lesson asks, by name."""
    return {
        name: Asked(name, task, *_cells()[name])
        for name, task in tasks().items()
        if isinstance(task, Question) and name in _cells()
    }


def _asked(found: Sequence[Result]) -> dict[str, Asked]:
    """Return the questions that somebody answered."""
    asked = questions()
    for result in found:
        for name, guess in result.submission.guesses.items():
            if name not in asked:
                continue
            own = asked[name]
            try:
                made = own.question.read(guess)
            except (ValueError, TypeError, OverflowError):
                continue
            if isinstance(made, dict):  # chances: what is thought most likely
                made = max(sorted(made), key=made.__getitem__)
            if is_right := own.question.is_right(made):
                made = own.question.answer
            own.guesses[shown(made)] += 1
            own.right += is_right
            if mistake := None if is_right else own.question.mistake(made):
                own.mistakes[shown(made)] = mistake.says
    return {name: each for name, each in asked.items() if each.guesses}


def shown(answer: object) -> str:
    """Return an answer as a teacher reads it."""
    return f"{answer:g}" if isinstance(answer, float) else as_text(answer)


# --- who, and what to do --------------------------------------------------------------------------


def _stuck(found: Sequence[Result]) -> list[tuple[str, list[str]]]:
    nothing = [result.learner for result in found if result.submission.empty]
    not_begun, same = [], []
    for result in found:
        own = list(result.marks.values())
        if not result.submission.empty and all(not m.key or _is_stub(m) for m in own):
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
        (f"Made one mistake {STUCK} times or more", same),
    ]
    return [(why, who) for why, who in told if who]


def _tomorrow(asked: dict[str, Asked], named: Sequence[Mistake]) -> list[Asked]:
    """Return two questions to vote on: those that split the class most evenly.

    Where there are no predictions to go by, they are asked by the lessons that the mistakes are of.
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
    """Return an exercise where the mistake made most can be made again, new ones first."""
    solved: Counter[str] = Counter()
    for result in found:
        for name, mark in result.marks.items():
            solved[name] += mark.points
    for mistake in named:
        fitting = [
            name
            for name in places()
            if isinstance(task := tasks()[name], Exercise)
            and mistake.slug in {each.slug for each in task.misconceptions}
            and name not in mistake.where
        ]
        new = [name for name in fitting if name not in solved]
        if new or fitting:
            return (new or sorted(fitting, key=lambda name: solved[name]))[0], mistake.slug
    return None
