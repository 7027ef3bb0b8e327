"""A few questions in a row, outside their lessons: shown with numbers, answered by number."""

import html
import textwrap
from dataclasses import dataclass, field, replace
from datetime import date

from softmax_lessons.checker.guess import one_of
from softmax_lessons.checker.question import KINDS, Question
from softmax_lessons.checker.verdict import Verdict, box, lines
from softmax_lessons.predictions import compared, told
from softmax_lessons.translation import translated

HOW = "Answer by number: `quiz = {}`, then `quiz.answer(1, ...)` with your guess for the `...`."
CHANCES = 'If you\'re not sure, give probabilities: `quiz.answer({}, {{"{}": 0.7, "{}": 0.3}})`.'


@dataclass(frozen=True)
class Asked:
    """One question of a quiz.

    Attributes:
        name: the name under which to remember the answer.
        question: the question.
        lesson: the number of its lesson, such as "04".
    """

    name: str
    question: Question
    lesson: str

    @property
    def wants(self) -> str:
        """How to answer, in a sentence."""
        if self.question.choices:
            return one_of(self.question.choices)
        return f"The answer is {KINDS[type(self.question.answer)][1]}."


@dataclass(frozen=True, repr=False)
class Quiz:
    """Questions to answer, displayed in a notebook or a terminal.

    Attributes:
        call: the call that made the quiz, such as "review()".
        title: the quiz's title.
        asked: the questions, in order.
        note: a text before the questions, or instead of them.
        review: whether it asks them again, after the lesson.
        tells: whether an answer gets a verdict straight away, or is only noted.
        today: the date to remember the answers under; the current date if it's None.
    """

    call: str
    title: str
    asked: tuple[Asked, ...] = ()
    note: str = ""
    review: bool = False
    tells: bool = True
    today: date | None = None
    _answered: set[int] = field(default_factory=set, compare=False)

    def __len__(self) -> int:
        return len(self.asked)

    def answer(self, number: int, guess: object = ...) -> Verdict:
        """Answer a question; the quiz remembers the first answer of the day.

        Args:
            number: its number, from 1.
            guess: a word, a number or a shape; or, if there are words to choose from, their
                probabilities, such as `{"sharper": 0.7, "same": 0.3}`.

        Returns:
            The verdict, as from `check`.
        """
        title = f"question {number}"
        if type(number) is not int or not 1 <= number <= len(self):
            which = f"questions 1 to {len(self)}" if len(self) > 1 else "only question 1"
            has = f"This quiz has {which}." if self.asked else self.note
            return Verdict(title, "unusable", "there is no question with that number", has)
        asked = self.asked[number - 1]
        if guess is None or guess is ...:
            return asked.question.at_once(title, ...)
        verdict = compared(asked.name, asked.question, guess, self.review, self.today)
        if verdict.status not in ("right", "wrong"):
            return replace(verdict, exercise=title)
        self._answered.add(number)
        left = [n for n in range(1, len(self) + 1) if n not in self._answered]
        more = f"Next: question {left[0]}." if left else "That was the last one."
        if not self.tells:
            made = asked.question.read(guess)
            return Verdict(title, "noted", f"noted: {told(made)}", more)
        parts = [verdict.says]
        if not verdict.passed:
            answer = told(asked.question.answer)
            answer = f'"{answer}"' if asked.question.choices else answer
            parts.append(f"The answer is {answer}; lesson {asked.lesson} shows it.")
        return replace(verdict, exercise=title, says="\n".join(filter(None, (*parts, more))))

    @property
    def _how(self) -> str:
        if not self.asked:
            return ""
        how = [HOW.format(self.call)]
        for number, asked in enumerate(self.asked, 1):
            if asked.question.choices:
                how.append(CHANCES.format(number, *asked.question.choices[:2]))
                break
        return "\n".join(how)

    def __repr__(self) -> str:
        parts = [self.title, self.note]
        for number, asked in enumerate(self.asked, 1):
            text = f"{translated(asked.question.asks)}\n{asked.wants}"
            parts.append(f"{number}. {textwrap.indent(text, '   ').lstrip()}")
        return "\n\n".join(filter(None, (*parts, self._how)))

    def _repr_html_(self) -> str:
        items = "".join(
            f'<li style="margin: 0.8em 0">{_as_html(translated(asked.question.asks))}'
            f"{lines(asked.wants)}</li>"
            for asked in self.asked
        )
        listed = f'<ol style="margin: 0; padding-left: 1.6em">{items}</ol>' if items else ""
        content = f"<strong>{html.escape(self.title)}</strong>{lines(self.note)}{listed}"
        return box(content + lines(self._how), "noted", role="group")


def _as_html(asks: str) -> str:
    """Return a question as HTML; lines indented by four spaces are code."""
    return "".join(
        f"<pre>{html.escape(textwrap.dedent(block))}</pre>" if block[:4].isspace() else lines(block)
        for block in asks.split("\n\n")
    )
