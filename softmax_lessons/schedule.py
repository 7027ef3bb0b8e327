"""When a question comes back: after intervals that grow with every right answer in a row."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from softmax_lessons.checker.memory import Compared, Memory
from softmax_lessons.checker.question import Question
from softmax_lessons.lessons import by_lesson

MOST = 5  # questions per review
GAPS = (1, 3, 7, 21, 60)  # days, by the number of right answers in a row; the last one repeats


@dataclass(frozen=True)
class Turn:
    """A question that the learner has answered, or skipped in a lesson that's done.

    Attributes:
        lesson: the number of its lesson, such as "04".
        name: the question's name.
        question: the question.
        guesses: the predictions so far, the latest last.
    """

    lesson: str
    name: str
    question: Question
    guesses: tuple[Compared, ...] = ()

    @property
    def due(self) -> date:
        """The day from which to ask it again; a question that was never answered is always due."""
        if not self.guesses:
            return date.min
        right_in_a_row = 0
        for guess in reversed(self.guesses):
            if not guess.right:
                break
            right_in_a_row += 1
        gap = GAPS[min(right_in_a_row, len(GAPS)) - 1] if right_in_a_row else GAPS[0]
        return self.guesses[-1].day + timedelta(days=gap)

    @property
    def rank(self) -> tuple[bool, bool, date]:
        """The sort key; lowest comes first: answered wrong, then right, the longest ago first."""
        if not self.guesses:
            return (True, True, date.min)
        return (False, self.guesses[-1].right, self.guesses[-1].day)


def turns(memory: Memory, lesson: str = "") -> list[Turn]:
    """Return the questions that may come back from all lessons, or from one, in the order to ask.

    These are the questions answered so far, and if all exercises of a lesson are solved, the ones
    skipped in it.
    """
    found = []
    for number, asked in by_lesson().items():
        if lesson not in ("", number):
            continue
        questions = {name: task for name, task in asked.items() if isinstance(task, Question)}
        exercises = asked.keys() - questions
        is_done = bool(exercises) and exercises <= set(memory.solved)
        for name, question in questions.items():
            guesses = _history(memory.guesses, name)
            if guesses or is_done:
                found.append(Turn(number, name, question, guesses))
    return sorted(found, key=lambda turn: turn.rank)


def begun(memory: Memory, lesson: str) -> bool:
    """Tell whether the learner has predicted or solved something in a lesson."""
    done = {*memory.solved, *(guess.question for guess in memory.guesses)}
    return not done.isdisjoint(by_lesson()[lesson])


def _history(guesses: Sequence[Compared], name: str) -> tuple[Compared, ...]:
    return tuple(sorted((g for g in guesses if g.question == name), key=lambda g: g.day))
