"""Which exercises a learner has solved."""

import html
from dataclasses import dataclass

from softmax_lessons.checker.memory import mine
from softmax_lessons.lessons import to_solve


@dataclass(frozen=True, repr=False)
class Progress:
    """Which exercises are solved; shows itself as a list in a notebook and in a terminal.

    Attributes:
        solved: the names of the exercises solved so far, in the order of the course.
        open: the names of the others.
        note: what there is to say about the file, else "".
    """

    solved: tuple[str, ...]
    open: tuple[str, ...]
    note: str = ""

    def __repr__(self) -> str:
        marks = {name: "[x]" for name in self.solved}
        lines = [f"{marks.get(name, '[ ]')} {name}" for name in to_solve()]
        total = len(self.solved) + len(self.open)
        note = [self.note] if self.note else []
        return "\n".join([f"{len(self.solved)} of {total} exercises solved", *lines, *note])

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(repr(self))}</pre>"


def progress() -> Progress:
    """Return which exercises of the course you have solved in this folder."""
    memory = mine()
    return Progress(
        solved=tuple(name for name in to_solve() if name in memory.solved),
        open=tuple(name for name in to_solve() if name not in memory.solved),
        note=memory.note,
    )
