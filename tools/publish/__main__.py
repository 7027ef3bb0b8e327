"""Make every form of every lesson: `python -m tools.publish`, into `build/`."""

import shutil
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from tqdm import tqdm

from softmax_lessons import gains
from softmax_lessons.workspace import lessons
from tools.publish import cards, copies, forms, handouts, online, pages, quizzes, site, slides

BUILD = Path("build")
FORMS = (
    "student",
    "student_without_outputs",
    "answers",
    "online",
    "handouts",
    "slides",
    "html",
    "cards",
    "quizzes",
)


def jobs() -> Iterator[Callable[[], None]]:
    """Yield what is to be done, each independent of the others; the longest come first."""
    folders = (BUILD / name for name in FORMS)
    student, blank, teacher, web, printed, shown, paged, learnt, asked = folders
    for answers, ending in ((True, "_answers"), (False, "")):
        booklet = printed / f"booklet{ending}.pdf"
        yield partial(handouts.write, lessons(), booklet, answers=answers)
    for lesson in lessons():
        name, own_name = lesson.name, lesson.stem
        yield partial(slides.write, lesson, shown / f"{own_name}.html")
        yield partial(pages.write, lesson, paged / f"{own_name}.html")
        yield partial(handouts.write, [lesson], printed / f"{own_name}.pdf", answers=False)
        yield partial(handouts.write, [lesson], printed / f"{own_name}_answers.pdf", answers=True)
        yield partial(copies.write, lesson, student / name, answers=False, outputs=True)
        yield partial(copies.write, lesson, blank / name, answers=False, outputs=False)
        yield partial(copies.write, lesson, teacher / name, answers=True, outputs=True)
        yield partial(online.write, lesson, web / name)
    yield partial(handouts.write_cheat_sheet, printed / "cheat_sheet.pdf")
    yield partial(quizzes.write, asked)
    yield partial(cards.write, learnt / "softmax_in_pytorch.apkg")
    for form in gains.FORMS:
        yield partial(forms.write, form, printed / f"form_{form}.pdf", answers=False)
        yield partial(forms.write, form, printed / f"form_{form}_answers.pdf", answers=True)


def main() -> None:
    """Make all forms, two at a time, and then the site that offers them."""
    started = time.monotonic()
    for name in (*FORMS, "site"):
        shutil.rmtree(BUILD / name, ignore_errors=True)
    for name in FORMS:
        (BUILD / name).mkdir(parents=True)
    with ProcessPoolExecutor(2) as pool:
        waiting = [pool.submit(job) for job in jobs()]
        for done in tqdm(waiting, unit="file", disable=None):
            done.result()
    site.write(BUILD / "site", forms=BUILD)
    print(f"Built in {time.monotonic() - started:.0f} s. Begin at {BUILD / 'site' / 'index.html'}")


if __name__ == "__main__":
    main()
