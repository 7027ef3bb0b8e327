"""A class's predictions, question by question."""

import ast
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache

from softmax_lessons import quiz
from softmax_lessons.checker.memory import Compared, Memory
from softmax_lessons.checker.question import Question
from softmax_lessons.copies import tags
from softmax_lessons.gains import FORMS, left
from softmax_lessons.grading.notebook import parsed
from softmax_lessons.grading.results import Result
from softmax_lessons.grading.submissions import Submission
from softmax_lessons.lessons import tasks
from softmax_lessons.predictions import as_text
from softmax_lessons.workspace import lessons


@dataclass
class Asked:
    """A question, and the class's predictions.

    Attributes:
        name: the question's name.
        question: the question.
        lesson: the lesson that asks it.
        guesses: how many learners made each prediction.
        right: how many were right.
        mistakes: what's behind each wrong guess.
        cell: the lesson's cell that shows the answer.
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
        """The wrong guesses, the most common first: the guess, how many, and what's behind it."""
        answer = shown(self.question.answer)
        return [
            (guess, count, self.mistakes.get(guess, ""))
            for guess, count in sorted(self.guesses.items(), key=lambda pair: (-pair[1], pair[0]))
            if guess != answer
        ]

    @property
    def choices(self) -> list[tuple[str, str]]:
        """The choices to vote on, in an order that gives nothing away, and what's behind each."""
        question = self.question
        told = {shown(answer): says for answer, (_, says) in question.wrong.items()}
        told[shown(question.answer)] = ""
        return sorted(told.items())


@cache
def _cells() -> dict[str, tuple[str, str]]:
    """Return, by question, the lesson that asks it and the cell that shows what happens."""
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


def asked_of(found: Sequence[Result]) -> dict[str, Asked]:
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
            if isinstance(made, dict):  # probabilities: take the most likely choice
                made = max(sorted(made), key=made.__getitem__)
            if is_right := own.question.is_right(made):
                made = own.question.answer
            own.guesses[shown(made)] += 1
            own.right += is_right
            if mistake := None if is_right else own.question.mistake(made):
                own.mistakes[shown(made)] = mistake.says
    return {name: each for name, each in asked.items() if each.guesses}


def of_quizzes(submission: Submission) -> Memory:
    """Return a learner's answers to `before` and `after`.

    These are the ones that the course kept, and then the results of the calls in the notebooks.
    """
    kept = [guess for each in submission.memories for guess in each.guesses]
    found = Memory(guesses=sorted(kept, key=lambda guess: guess.on))
    asked: dict[object, tuple[quiz.Asked, ...]] = {}
    called = Memory()
    for call, variable, *more in submission.quizzes:
        if call == "asks":
            when, form = more
            known = when and form in ("", *FORMS)
            asked[variable] = left(called, when, form) if known else ()
            continue
        number, guess = more
        for each in asked.get(variable, ())[number - 1 : number] if number > 0 else ():
            verdict = each.question.at_once(each.name, guess)
            if verdict.status in ("right", "wrong"):
                called.guesses.append(Compared(each.name, "", verdict.passed, ""))
    found.guesses += called.guesses
    return found


def shown(answer: object) -> str:
    """Return an answer for a teacher to read."""
    return f"{answer:g}" if isinstance(answer, float) else as_text(answer)
