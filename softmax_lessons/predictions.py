"""`predict`: commit to a guess before you see the result, then compare the two."""

import difflib
from datetime import date

from softmax_lessons.checker import memory
from softmax_lessons.checker.guess import Answer
from softmax_lessons.checker.question import Question
from softmax_lessons.checker.verdict import Verdict
from softmax_lessons.lessons import tasks
from softmax_lessons.translation import translated


def predict(question: str, guess: object = ...) -> Verdict:
    """Note a prediction; the lesson's next cell shows what happens, and compares them.

    Args:
        question: the name of the question, such as "largest_exp".
        guess: a word, a number or a shape; or, if there are words to choose from, their
            probabilities, such as `{"sharper": 0.7, "same": 0.3}`.

    Returns:
        A verdict that confirms the prediction, but says nothing about what happens.
    """
    task = tasks().get(question) if isinstance(question, str) else None
    if not isinstance(task, Question):
        questions = [name for name, each in tasks().items() if isinstance(each, Question)]
        near = difflib.get_close_matches(str(question), questions, n=1, cutoff=0.4)
        says = "".join(f'Did you mean "{name}"?' for name in near)
        return Verdict(str(question), "unusable", "there is no question with that name", says)
    if guess is None or guess is ...:
        return task.at_once(question, ...)
    try:
        made = task.read(guess)
    except ValueError as error:
        return Verdict(question, "unusable", "not noted", str(error))
    kept = made if isinstance(made, dict) else as_text(made)
    memory.note_guess(question, kept)
    says = "Now run the next cell."
    return Verdict(question, "noted", f"noted: {told(made)}", says)


def compared(
    name: str,
    question: Question,
    guess: object = None,
    review: bool = False,
    today: date | None = None,
) -> Verdict:
    """Return the verdict on a guess, or on the noted one, and remember the result."""
    noted = guess is None
    if noted and (guess := memory.mine().noted.get(name)) is None:
        return Verdict(name, "not begun", "no prediction yet (the cell above takes one)")
    verdict = question.at_once(name, guess)
    if verdict.status not in ("right", "wrong"):
        return verdict
    made = question.read(guess)
    kept = made if isinstance(made, dict) else as_text(made)
    day = (today or date.today()).isoformat()
    found = memory.Compared(name, kept, verdict.passed, day, review)
    if not noted:
        memory.note_compared(found)
        return verdict
    # if a lesson is run again on a different day, it compares the old prediction, not a new one
    if not any((g.question, g.guess) == (name, kept) for g in memory.mine().guesses):
        memory.note_compared(found)
    says = f"You predicted {told(made)}. {translated(verdict.says)}".strip()
    return Verdict(name, verdict.status, verdict.headline, says, verdict.mistakes)


def as_text(answer: Answer) -> str:
    """Return an answer as a text that reads back as the same answer."""
    return f"{answer:.17g}" if isinstance(answer, float) else str(answer)


def told(answer: Answer | dict[str, float]) -> str:
    """Return an answer, or the probabilities of a guess, for people to read."""
    if isinstance(answer, dict):
        return ", ".join(f"{choice} {chance:.2g}" for choice, chance in answer.items())
    return f"{answer:g}" if isinstance(answer, float) else str(answer)
