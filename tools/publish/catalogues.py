"""What there is to translate, as gettext catalogues: `make catalogues`, into `build/catalogues/`.

The prose of lessons and site comes from Sphinx's own builder. What the checker and the forms say
comes from the records that it is in: those texts are looked up as they stand, see
softmax_lessons/translation.py.
"""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import write_po

from softmax_lessons.checker import exercise, hunt
from softmax_lessons.checker.exercise import Exercise
from softmax_lessons.checker.hunt import Hunt
from softmax_lessons.checker.question import Question
from softmax_lessons.checker.task import Task
from softmax_lessons.lessons import by_lesson
from softmax_lessons.lessons.before_after import IDEAS
from softmax_lessons.translation import DOMAIN
from softmax_lessons.workspace import lessons
from tools.metadata import TITLE, course
from tools.publish import site
from tools.publish.sphinx import conf

ROOT = Path(__file__).parents[2]
TARGET = Path("build", "catalogues")
# which argument of a call is looked up
CALLS = {"translated": None, "Verdict": (3,), "Misconception": (2,), "not_begun": None}


def texts() -> Iterator[tuple[str, str]]:
    """Yield each text that is looked up, and where it is said."""
    for folder, files in (("softmax_lessons", "**.py"), ("tools/publish", "*.py")):
        found = extract_from_dir(str(ROOT / folder), [(files, "python")], keywords=CALLS)
        for name, _line, said, _comments, _context in found:
            yield said, f"{folder}/{name}"
    for said in (conf.nb_code_prompt_show, conf.nb_code_prompt_hide):
        yield said, "every solution"
    for said in (exercise.BY_HAND, *exercise.PROPERTIES.values()):
        yield said, "every exercise"
    for said in (*hunt.NOT_RIGHT, *hunt.UNSTEADY, *hunt.TOO_LONG):
        yield said, "every test"
    for kind, links in site.OFFERED.items():
        yield from ((said, "the links of each lesson") for said in (kind, *links))
    for lesson in lessons():
        found = site.SUMMARY.findall(lesson.read_text(encoding="utf-8"))
        yield from ((said, f"folded in {lesson.stem}") for said in found)
    for lesson, asked in by_lesson().items():
        for name, task in asked.items():
            yield from ((said, f"{lesson}/{name}") for said in _of(task))
    for name, idea in IDEAS.items():
        for letter, question in idea.forms.items():
            yield from ((said, f"form {letter}/{name}") for said in _of(question))


def _of(task: Task) -> Iterator[str]:
    if isinstance(task, Question):
        yield task.asks
        for _slug, says in task.wrong.values():
            yield says
    elif isinstance(task, Exercise):
        for mistake in task.misconceptions:
            yield mistake.says
            yield from mistake.hints
        for law in task.laws:
            yield from law.hints
    elif isinstance(task, Hunt):
        yield from task.hints


def checker() -> Catalog:
    """Return the catalogue of what the checker and the forms say."""
    says = course()
    catalogue = Catalog(project=TITLE, version=says.version, domain=DOMAIN, fuzzy=False)
    for text, where in texts():
        for line in [text] if text.count("\n\n") else text.split("\n"):
            if line:
                catalogue.add(line, locations=[(where.replace(" ", "_"), None)])
    return catalogue


def main() -> None:
    """Write all catalogues."""
    shutil.rmtree(TARGET, ignore_errors=True)
    TARGET.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as folder:
        source, made = Path(folder) / "source", Path(folder) / "catalogues"
        site.lay_out(source)
        site.build(source, made, "-b", "gettext")
        for catalogue in sorted(made.glob("*.pot")):
            shutil.copy(catalogue, TARGET)
    with (TARGET / f"{DOMAIN}.pot").open("wb") as file:
        write_po(file, checker(), sort_output=True, width=0)
    print(*sorted(TARGET.iterdir()), sep="\n")


if __name__ == "__main__":
    main()
