"""`progress`: what you've predicted, done and reviewed in each lesson, and what to do next."""

import html
import json
import math
import statistics
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from softmax_lessons import gains
from softmax_lessons.checker.memory import Memory, mine, set_aside
from softmax_lessons.checker.question import Question
from softmax_lessons.copies import title
from softmax_lessons.lessons import by_lesson, to_solve
from softmax_lessons.schedule import MOST, begun, turns
from softmax_lessons.workspace import lessons

COLUMNS = ("predicted", "done", "reviewed")
HOW_TO_READ = (
    "If a bar ends below its diamond, you were too sure; if it ends above, not sure enough."
)
ENOUGH = 10  # predictions with probabilities, needed for a picture of how sure the learner is
TABLE = "border-collapse: collapse; background: #FFFFFF; color: #1A1A1A"
CELL = "border: 1px solid #767676; padding: 0.2em 0.7em; text-align: left; background: {}"
GROUNDS = {"none": "#FFFFFF", "some": "#E3F0FA", "all": "#CDEEDF"}


@dataclass(frozen=True)
class Count:
    """A count out of a total."""

    done: int
    of: int

    def __str__(self) -> str:
        return f"{self.done} of {self.of}" if self.of else "-"

    @property
    def share(self) -> str:
        """Whether it is "none", "some" or "all"."""
        return "none" if not self.done else "all" if self.done == self.of else "some"

    @property
    def words(self) -> str:
        """The same, with words for none and all."""
        if not self.of:
            return "–"  # noqa: RUF001
        return {"none": f"none of {self.of}", "all": f"✓ all {self.of}"}.get(self.share, str(self))


@dataclass(frozen=True)
class Lesson:
    """How far a learner has got with a lesson.

    Attributes:
        name: the name of its notebook.
        title: its number and title.
        predicted: its questions with a prediction.
        done: its solved exercises.
        reviewed: its questions answered again, after the lesson.
    """

    name: str
    title: str
    predicted: Count
    done: Count
    reviewed: Count

    @property
    def number(self) -> str:
        """Its number, such as "04"."""
        return self.name[:2]

    @property
    def counts(self) -> tuple[Count, ...]:
        """All of them, in the order of the columns."""
        return (self.predicted, self.done, self.reviewed)


@dataclass(frozen=True)
class Calibration:
    """How sure a learner was, and how often right, in predictions with probabilities.

    Attributes:
        confidence: the largest probability of each prediction.
        right: whether that choice was right.
    """

    confidence: tuple[float, ...]
    right: tuple[bool, ...]

    def __str__(self) -> str:
        sure, share = statistics.fmean(self.confidence), statistics.fmean(self.right)
        count, gap = len(self.right), round(100 * abs(sure - share))
        # two standard deviations of the share, for someone who's right as often as they're sure
        chance = round(200 * math.sqrt(sum(p * (1 - p) for p in self.confidence)) / count)
        told = (
            f"In {count} predictions with probabilities, you were {100 * sure:.0f}% sure on "
            f"average, and {100 * share:.0f}% of them were right."
        )
        if gap <= chance:
            return f"{told} That fits: with {count} predictions, chance alone makes gaps like this."
        rarely = f"by {gap} points, and chance alone rarely makes more than {chance}"
        if sure > share:
            return f"{told} You're too sure, {rarely}: give more to the other choices."
        return f"{told} You know more than you think, {rarely}: give more to your favourite."

    def drawn(self) -> str:
        """Return the reliability diagram, as an HTML image."""
        import torch
        from matplotlib.figure import Figure

        from softmax_lessons.plots import bar_reliability
        from softmax_lessons.plots.display import as_html

        fig = Figure(figsize=(4, 3), layout="constrained")
        ax = fig.subplots()
        confidence, right = torch.tensor(self.confidence), torch.tensor(self.right)
        alt = bar_reliability(ax, confidence, right, bins=5)
        ax.set_xlabel("how sure you were\n(number at the foot: predictions)")
        ax.legend(fontsize=8, frameon=False, loc="upper left")
        return as_html(fig, alt)


@dataclass(frozen=True, repr=False)
class Progress:
    """What a learner has done, displayed as a table in a notebook or a terminal.

    Attributes:
        solved: the names of the exercises solved so far, in the order of the course.
        open: the names of the others.
        note: a message about the file, if there is one, else "".
        lessons: how far the learner has got with each lesson.
        next: what to do next, in one line.
        gain: the gain from `before` to `after`, else "".
        calibration: how sure and how often right the learner was, once there are ten predictions
            with probabilities.
    """

    solved: tuple[str, ...]
    open: tuple[str, ...]
    note: str = ""
    lessons: tuple[Lesson, ...] = ()
    next: str = ""
    gain: str = ""
    calibration: Calibration | None = None

    @property
    def _first_line(self) -> str:
        return f"{len(self.solved)} of {len(self.solved) + len(self.open)} exercises solved"

    def __repr__(self) -> str:
        width = max((len(lesson.title) for lesson in self.lessons), default=0)
        rows = [("", *COLUMNS), *((each.title, *each.counts) for each in self.lessons)]
        table = [f"{row[0]:{width}}" + "".join(f"{cell!s:>11}" for cell in row[1:]) for row in rows]
        calibrated = str(self.calibration) if self.calibration else ""
        texts = (self.next, self.gain, calibrated, self.note)
        return "\n".join([self._first_line, *table, *filter(None, texts)])

    def _repr_html_(self) -> str:
        head = "".join(
            f'<th scope="col" style="{CELL.format("#F0F0F0")}">{name}</th>'
            for name in ("lesson", *COLUMNS)
        )
        caption = (
            '<caption style="caption-side: top; text-align: left; font-weight: bold; '
            f'color: #1A1A1A; padding: 0.3em 0">{self._first_line}</caption>'
        )
        rows = "".join(map(_row, self.lessons))
        table = (
            f'<table style="{TABLE}">{caption}<thead><tr>{head}</tr></thead>'
            f"<tbody>{rows}</tbody></table>"
        )
        calibrated = str(self.calibration) if self.calibration else ""
        first = f"<strong>{html.escape(self.next)}</strong>" if self.next else ""
        read = HOW_TO_READ if calibrated else ""
        texts = (first, *map(html.escape, (self.gain, self.note, calibrated, read)))
        told = "".join(f'<p style="margin: 0.5em 0">{text}</p>' for text in texts if text)
        picture = self.calibration.drawn() if self.calibration else ""
        ground = "background: #FFFFFF; color: #1A1A1A; padding: 0.4em 1em; max-width: 52em"
        scrolls = 'role="region" aria-label="Progress" tabindex="0"'  # on a phone
        return f'<div {scrolls} style="{ground}; overflow-x: auto">{table}{told}{picture}</div>'


def _row(lesson: Lesson) -> str:
    cells = "".join(
        f'<td style="{CELL.format(GROUNDS[count.share])}">{count.words}</td>'
        for count in lesson.counts
    )
    heading = html.escape(lesson.title)
    return f'<tr><th scope="row" style="{CELL.format("#FFFFFF")}">{heading}</th>{cells}</tr>'


def progress(*, today: date | None = None) -> Progress:
    """Return what you've predicted, solved and reviewed in this folder, and what comes next.

    Args:
        today: the date to use; by default, today.

    Returns:
        A table of the lessons; your gain, once you've answered `before` and `after`; and how sure
        you were against how often you were right, once you've made ten predictions with
        probabilities.
    """
    memory = mine()
    with_chances = [
        (max(guess.guess.values()), guess.right)
        for guess in memory.guesses
        if isinstance(guess.guess, dict)
    ]
    calibration = None
    if len(with_chances) >= ENOUGH:
        confidence, right = zip(*with_chances, strict=True)
        calibration = Calibration(confidence, right)
    found = tuple(_lessons(memory))
    return Progress(
        solved=tuple(name for name in to_solve() if name in memory.solved),
        open=tuple(name for name in to_solve() if name not in memory.solved),
        note=memory.note or set_aside(Path()),
        lessons=found,
        next=f"Next: {_next(memory, found, today or date.today())}",
        gain=gains.told(memory),
        calibration=calibration,
    )


def _lessons(memory: Memory) -> list[Lesson]:
    files = {path.name[:2]: path for path in lessons()}
    predicted = {guess.question for guess in memory.guesses if not guess.review}
    reviewed = {guess.question for guess in memory.guesses if guess.review}
    found = []
    for number, asked in by_lesson().items():
        questions = {name for name, task in asked.items() if isinstance(task, Question)}
        heading = title(json.loads(files[number].read_text(encoding="utf-8")))
        found.append(
            Lesson(
                files[number].name,
                f"{number} {heading.partition('. ')[2]}",
                _count(predicted, questions),
                _count(set(memory.solved), asked.keys() - questions),
                _count(reviewed, questions),
            )
        )
    return found


def _count(done: set[str], of: Collection[str]) -> Count:
    return Count(len(done & set(of)), len(of))


def _next(memory: Memory, found: tuple[Lesson, ...], today: date) -> str:
    """Return what to do next, in a clause."""
    due = sum(turn.due <= today for turn in turns(memory) if turn.guesses)
    reviewed = sum(guess.review and guess.day == today for guess in memory.guesses)
    if due and reviewed < MOST:  # one review a day, however many are due, so that the lessons go on
        at_a_time = f", {MOST} at a time" if due > MOST else ""
        return f"review(), because {due} question{'s are' if due > 1 else ' is'} due{at_a_time}."
    started = [lesson for lesson in found if begun(memory, lesson.number)]
    if not started:
        return f"open {found[0].name}."
    latest = started[-1]
    names = [name for name in by_lesson()[latest.number] if name in to_solve()]
    left = [name for name in names if name not in memory.solved]
    if left:
        return f"the exercise {left[0]} in {latest.name}."
    if gains.is_time_for_after(memory):
        return "after(), which asks about the ideas of before() again."
    later = [lesson for lesson in found if lesson.name > latest.name]
    if later:
        return f"open {later[0].name}."
    open_ones = [name for name in to_solve() if name not in memory.solved]
    if open_ones:
        (number,) = (n for n, asked in by_lesson().items() if open_ones[0] in asked)
        return f"the exercise {open_ones[0]} in lesson {number}."
    return "nothing for today; everything is done, and review() keeps it fresh."
