"""The results of each learner's work: marks, points, and points in a gradebook's format."""

import random
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

from softmax_lessons.grading.jobs import Mark
from softmax_lessons.grading.notebook import places
from softmax_lessons.grading.submissions import Submission
from softmax_lessons.grading.tables import Table

PSEUDONYM = "Learner {:02}"


@dataclass(frozen=True)
class Result:
    """One learner's result.

    Attributes:
        submission: what the learner handed in.
        marks: by the exercise's name, in the order of the course.
        score: the points, scaled and rounded.
    """

    submission: Submission
    marks: dict[str, Mark]
    score: Decimal

    @property
    def learner(self) -> str:
        """The name in the reports."""
        return self.submission.learner

    @property
    def points(self) -> int:
        """How many exercises are right."""
        return sum(mark.points for mark in self.marks.values())


def results(
    submissions: Sequence[Submission],
    marks: Sequence[Mark],
    most: Decimal | None = None,
    decimals: int = 2,
) -> list[Result]:
    """Return each learner's result.

    Args:
        submissions: what the learners handed in.
        marks: the marks for it.
        most: the score for all points; None leaves points as they are.
        decimals: how many decimals to round a score to; halves are rounded up.
    """
    of: dict[str, dict[str, Mark]] = {submission.learner: {} for submission in submissions}
    for name in exercise_names(marks):
        for mark in marks:
            if mark.exercise == name:
                of[mark.learner][name] = mark
    found = []
    for submission in submissions:
        own = of[submission.learner]
        score = Decimal(sum(mark.points for mark in own.values()))
        if most is not None:
            score = (score * most / max(len(own), 1)).quantize(
                Decimal(1).scaleb(-decimals), ROUND_HALF_UP
            )
        found.append(Result(submission, own, score))
    return found


def exercise_names(marks: Collection[Mark]) -> list[str]:
    """Return the exercises with marks, in the order of the course."""
    marked = {mark.exercise for mark in marks}
    return [name for name in places() if name in marked]


def format_score(score: Decimal) -> str:
    """Return a score as gradebooks read it: "8.5", not "8.50"."""
    return f"{score.normalize():f}"


def anonymous(found: Sequence[Result], file: Path) -> list[Result]:
    """Return the same results under pseudonyms, in their order; nothing in them says who is who.

    Args:
        found: the results.
        file: the table of pseudonyms, which is created or extended: everybody keeps theirs.
    """
    table = Table.read(file) if file.exists() else Table(["learner", "pseudonym"], [])
    known = dict(row[:2] for row in table.rows)
    new = [result.learner for result in found if result.learner not in known]
    random.SystemRandom().shuffle(new)
    free = (PSEUDONYM.format(n) for n in range(1, len(known) + len(new) + 1))
    taken = set(known.values())
    known |= dict(zip(new, (name for name in free if name not in taken), strict=False))
    table.rows = [list(pair) for pair in sorted(known.items())]
    table.write(file)
    hidden = []
    for result in found:
        name, own = known[result.learner], result.submission
        nobody = Submission(
            *(name,), late=own.late, empty=own.empty, answers=own.answers, guesses=own.guesses
        )
        nobody.unsure = own.unsure
        nobody.quizzes, nobody.memories = own.quizzes, own.memories
        marks = {
            key: replace(mark, learner=name, says=_without_names(mark.says, own))
            for key, mark in result.marks.items()
        }
        hidden.append(Result(nobody, marks, result.score))
    return sorted(hidden, key=lambda result: result.learner)


def _without_names(text: str, submission: Submission) -> str:
    """Return feedback without the learner's name, which an error's text or a path may have."""
    words = re.findall(r"[^\W\d_]{3,}", submission.learner)
    written = [rf"\b{re.escape(word)}\b" for word in words]
    joined = ["".join(words), "".join(reversed(words)), *submission.ids]
    written += [rf"(?i:{re.escape(each)})" for each in joined if len(each) > 3]
    return re.sub("|".join(written), "...", text) if written else text
