"""`review`: questions that you've answered come back, at growing intervals, until they stick."""

from datetime import date
from random import Random

from softmax_lessons.checker import memory
from softmax_lessons.lessons import by_lesson
from softmax_lessons.quiz import Asked, Quiz
from softmax_lessons.schedule import MOST, Turn, turns


def review(
    lesson: int | str | None = None, *, today: date | None = None, seed: int | None = None
) -> Quiz:
    """Ask up to five questions again that you've answered.

    A question comes back a day after a wrong answer; after right answers in a row, it comes back
    after 1, 3, 7, 21 and then every 60 days. Questions you got wrong come first, then those you got
    right, the longest ago first, then those you skipped in lessons whose exercises you've all
    solved. If a question can be asked with other numbers, it is.

    Args:
        lesson: the number of a lesson, for questions from that one only.
        today: the date to use; by default, today.
        seed: chooses the other numbers; by default, the same ones all day.

    Returns:
        The questions. `quiz = review()` shows them, and `quiz.answer(1, "nan")` answers the first.

    Raises:
        ValueError: if there's no lesson with this number that has questions.
    """
    number = "" if lesson is None else str(lesson).zfill(2)
    if number and number not in by_lesson():
        last = max(by_lesson())
        raise ValueError(f"review covers lessons 0 to {int(last)}, got {lesson!r}")
    day = today or date.today()
    known = turns(memory.mine(), number)
    due = [turn for turn in known if turn.due <= day][:MOST]
    seed = day.toordinal() if seed is None else seed
    asked = tuple(_asked(turn, seed) for turn in due)
    call = f"review(lesson={int(number)})" if number else "review()"
    return Quiz(call, "Review", asked, _note(number, known, due), review=True, today=today)


def _asked(turn: Turn, seed: int) -> Asked:
    question = turn.question
    if question.again:
        question = question.again(Random(f"{seed}/{turn.name}"))
    return Asked(turn.name, question, turn.lesson)


def _note(lesson: str, known: list[Turn], due: list[Turn]) -> str:
    if due:
        *others, last = sorted({turn.lesson for turn in due})
        return f"From lessons {', '.join(others)} and {last}." if others else f"From lesson {last}."
    if known:
        soonest = min(turn.due for turn in known).isoformat()
        return f"Nothing is due today. The next question comes back on {soonest}."
    where = f"lesson {lesson}" if lesson else "lesson 00 or 01"
    return f"Nothing to review yet. Make a prediction in {where}; it comes back here the next day."
