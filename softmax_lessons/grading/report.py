"""Write a class's marks as tables for other programs and as a page to read."""

import contextlib
import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from softmax_lessons.grading import feedback
from softmax_lessons.grading.jobs import Mark, course
from softmax_lessons.grading.notebook import places
from softmax_lessons.grading.results import Result, exercise_names, format_score
from softmax_lessons.grading.tables import Table, atomic_write, plain

FIRST = ("learner", "points", "of", "score")
LAST = ("mistakes", "late", "system", "ids", "files", "notes")


def write_csv(found: Sequence[Result], file: Path) -> None:
    """Write one line per learner: points, one column per exercise, mistakes and notes."""
    names = list(found[0].marks) if found else []
    rows = []
    for result in found:
        own, marks = result.submission, result.marks
        named = {name: mark.misconceptions for name, mark in marks.items() if mark.misconceptions}
        row = [own.learner, result.points, len(marks), format_score(result.score)]
        row += [marks[name].points for name in names]
        row.append("; ".join(f"{name}: {' '.join(slugs)}" for name, slugs in named.items()))
        row += ["late" if own.late else "", own.system]
        row += [" ".join(own.ids), "; ".join(own.paths), "; ".join(_notes(result))]
        rows.append(plain(row))
    Table([*FIRST, *names, *LAST], rows).write(file)


def write_json(found: Sequence[Result], file: Path) -> None:
    """Write the same for programs, with each learner's feedback."""
    learners = [
        {
            "learner": result.learner,
            "system": result.submission.system,
            "ids": result.submission.ids,
            "files": result.submission.paths,
            "late": result.submission.late,
            "handed_in": not result.submission.missing,
            "points": result.points,
            "of": len(result.marks),
            "score": format_score(result.score),
            "exercises": {
                name: {
                    "points": mark.points,
                    "mistakes": mark.misconceptions,
                    "says": mark.says,
                }
                for name, mark in result.marks.items()
            },
            "notes": _notes(result),
        }
        for result in found
    ]
    with atomic_write(file, encoding="utf-8") as stream:
        json.dump({"learners": learners}, stream, ensure_ascii=False, indent=1)


def _notes(result: Result) -> list[str]:
    troubles = [mark.trouble for mark in result.marks.values() if mark.trouble]
    return [*result.submission.notes, *troubles]


def write_html(
    found: Sequence[Result],
    file: Path,
    missing: Sequence[str],
    level: Sequence[str],
    left_out: Sequence[str] = (),
) -> None:
    """Write a page with the table and each learner's feedback.

    Args:
        found: each learner's result.
        file: the page.
        missing: what the sandbox didn't keep a submission from doing.
        level: what it did, in sentences.
        left_out: everything else in the folder of submissions.
    """
    marks = [mark for result in found for mark in result.marks.values()]
    told = {
        "found": found,
        "names": exercise_names(marks),
        "lessons": {name: task.lesson for name, task in places().items()},
        "common": common_mistakes(marks),
        "missing": missing,
        "level": level,
        "left_out": left_out,
    }
    with atomic_write(file, encoding="utf-8") as stream:
        stream.write(feedback.page("report.html").render(**told))


def write_class(found: Sequence[Result], file: Path) -> None:
    """Write the page about the class as a whole, unless an up-to-date one is there."""
    made_from = _digest(found)
    with contextlib.suppress(OSError):
        if f'content="{made_from}"' in file.read_text(encoding="utf-8", errors="replace"):
            return
    from softmax_lessons.grading.overview import overview  # PyTorch takes seconds
    from softmax_lessons.grading.predicted import shown

    told = {
        "told": overview(found),
        "shown": shown,
        "lessons": {name: task.lesson for name, task in places().items()},
        "made_from": made_from,
    }
    with atomic_write(file, encoding="utf-8") as stream:
        stream.write(feedback.page("class.html").render(**told))


def _digest(found: Sequence[Result]) -> str:
    """Return a hash that identifies a class's results."""
    of_all = [
        [
            *(result.learner, result.submission.empty, result.submission.guesses),
            result.submission.quizzes,
            [asdict(each) for each in result.submission.memories],
            [asdict(mark) for mark in result.marks.values()],
        ]
        for result in found
    ]
    return hashlib.sha256(json.dumps([course(), of_all]).encode()).hexdigest()


def common_mistakes(marks: Sequence[Mark]) -> list[tuple[str, int, list[str], str]]:
    """Return each mistake: its name, how many learners made it, where, and what it means."""
    made = Counter(slug for slug, _ in {(s, m.learner) for m in marks for s in m.misconceptions})
    found = []
    for slug, count in sorted(made.items(), key=lambda pair: (-pair[1], pair[0])):
        where = [m for m in marks if slug in m.misconceptions]
        first = next((m for m in where if m.misconceptions[0] == slug), where[0])
        says = first.sentences[first.misconceptions.index(slug)]
        found.append((slug, count, exercise_names(where), says))
    return found
