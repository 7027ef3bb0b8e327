"""The web site: every lesson as a page, and all its other forms to download."""

import json
import re
import shutil
import tempfile
from pathlib import Path

from myst_parser.slugs import github_slugify
from sphinx.cmd.build import build_main

from softmax_lessons.copies import tags, title, without_notes, without_unanswered
from softmax_lessons.translation import translated
from softmax_lessons.workspace import lessons
from tools.publish import guide, misconceptions, questions, steps

ROOT = Path(__file__).parents[2]
SETTINGS = ROOT / "tools" / "publish" / "sphinx"
# what else of the repository the pages are made of, or link to
MIRRORED = (
    *("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "CITATION.cff", "LICENSE", "LICENSE-CC-BY"),
    *("docs", "tools/classroom"),
)
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
FOR_ALL = {
    "The cheat sheet": {"one page": "handouts/cheat_sheet.pdf"},
    "The booklet": {
        "to fill in": "handouts/booklet.pdf",
        "with answers": "handouts/booklet_answers.pdf",
    },
    "Before and after": {
        "form A": "handouts/form_A.pdf",
        "form B": "handouts/form_B.pdf",
        "form A with answers": "handouts/form_A_answers.pdf",
        "form B with answers": "handouts/form_B_answers.pdf",
    },
    "Cards for Anki": {"twenty per lesson": "cards/softmax_in_pytorch.apkg"},
    "Quizzes for Moodle": {
        "predictions": "quizzes/predictions_moodle.xml",
        "form A": "quizzes/form_a_moodle.xml",
        "form B": "quizzes/form_b_moodle.xml",
    },
    "Quizzes in GIFT": {
        "predictions": "quizzes/predictions_gift.txt",
        "form A": "quizzes/form_a_gift.txt",
        "form B": "quizzes/form_b_gift.txt",
    },
    "Quizzes in QTI": {
        "predictions": "quizzes/predictions_qti.zip",
        "form A": "quizzes/form_a_qti.zip",
        "form B": "quizzes/form_b_qti.zip",
    },
}
OFFERED = {
    "Handout": {"to fill in": "handouts/{}.pdf", "with answers": "handouts/{}_answers.pdf"},
    "Slides": {"with speaker notes": "slides/{}.html"},
    "Page": {"in one file": "html/{}.html"},
    "Notebook": {
        "without answers": "student/{}.ipynb",
        "without answers and outputs": "student_without_outputs/{}.ipynb",
        "with answers": "answers/{}.ipynb",
        "for Colab, Kaggle and VS Code": "online/{}.ipynb",
    },
}
# a link to a heading, in which JupyterLab wants the heading's capitals and dots
HEADING_LINK = re.compile(r"\]\(([\w./]*)#([^)\s]+)\)")
SUMMARY = re.compile(r"(?<=<summary>)[^<]+(?=</summary>)")  # HTML, which Sphinx leaves as it is
STEPS = re.compile(r'steps\("(\w+)"\)')


def write(target: Path, forms: Path) -> None:
    """Build the site into a folder that opens from a disk and asks for no network.

    Args:
        target: the folder to write.
        forms: the folder with the other forms, which are copied into the site.

    Raises:
        RuntimeError: if Sphinx fails, or warns.
    """
    with tempfile.TemporaryDirectory() as folder:
        source, built = Path(folder) / "source", Path(folder) / "site"
        lay_out(source)
        build(source, built)
        data = built / "_static" / "field_guide_data.js"
        data.write_text(guide.search_data(), encoding="utf-8")
        shutil.copytree(built, target)  # MyST-NB leaves its own folder next to the site
    for form in FORMS:
        shutil.copytree(forms / form, target / "downloads" / form)


def lay_out(source: Path) -> None:
    """Write what Sphinx reads into a folder: laid out as the repository, so that links work."""
    source.mkdir()
    for name in MIRRORED:
        if (ROOT / name).is_dir():
            dropped = shutil.ignore_patterns("node_modules", ".*", "__pycache__")
            shutil.copytree(ROOT / name, source / name, ignore=dropped)
        else:
            shutil.copy(ROOT / name, source)
    shutil.copy(SETTINGS / "index.md", source)
    with (source / "docs" / "downloads.md").open("a", encoding="utf-8") as page:
        page.write(_all_links())
    (source / "notebooks").mkdir()
    for lesson in lessons():
        page = as_page(json.loads(lesson.read_text(encoding="utf-8")), lesson.stem)
        (source / "notebooks" / lesson.name).write_text(json.dumps(page), encoding="utf-8")
    guide.write_pages(page, source / guide.FOLDER)  # the last lesson's
    misconceptions.write_pages(source / misconceptions.FOLDER)


def build(source: Path, target: Path, *options: str) -> None:
    """Let Sphinx make a folder of what `lay_out` has written.

    Raises:
        RuntimeError: if it fails, or warns.
    """
    quiet = ["-q", "-W", "--keep-going", "-c", str(SETTINGS), "-d", f"{target}_doctrees"]
    if build_main([*quiet, *options, str(source), str(target)]):
        raise RuntimeError("Sphinx could not build the site; what it says stands above")


def as_page(notebook: dict, name: str) -> dict:
    """Return a lesson as the site shows it: a form for each question, solutions folded, links."""
    notebook = questions.with_forms(without_unanswered(without_notes(notebook)))
    notebook = questions.with_all_hidden(notebook)
    for cell in notebook["cells"]:
        if "steps" in tags(cell):
            cell["source"] = steps.form(STEPS.search("".join(cell["source"]))[1])
        elif cell["cell_type"] == "markdown":
            text = HEADING_LINK.sub(_as_on_github, "".join(cell["source"]))
            cell["source"] = SUMMARY.sub(lambda found: translated(found[0]), text)
        elif "solution" in tags(cell):
            cell["metadata"]["tags"].append("hide-cell")
    forms = "<br>".join(f"{translated(kind)}: {_links(kind, name)}" for kind in OFFERED)
    notebook["cells"][0]["source"] += f'\n\n<p class="forms">{forms}</p>'
    return notebook


def _as_on_github(link: re.Match) -> str:
    """Return a link to a heading as Sphinx wants it, and GitHub does in the pages of docs/."""
    return f"]({link[1]}#{github_slugify(link[2])})"


def _all_links() -> str:
    """Return Markdown that offers what is for all lessons, and a table of each in every form."""
    lines = ["", *(f"- {name}: {_listed(links)}" for name, links in FOR_ALL.items())]
    lines += ["", f"| Lesson | {' | '.join(OFFERED)} |", "|-" * (len(OFFERED) + 1) + "|"]
    for lesson in lessons():
        name = title(json.loads(lesson.read_text(encoding="utf-8")))
        cells = [f"[{name}](../notebooks/{lesson.name})"]
        cells += [_links(kind, lesson.stem) for kind in OFFERED]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


def _links(kind: str, name: str) -> str:
    return _listed({text: to.format(name) for text, to in OFFERED[kind].items()})


def _listed(links: dict[str, str]) -> str:
    # HTML, because what a Markdown link leads to must be there before the site is
    named = ((translated(text), to) for text, to in links.items())
    return ", ".join(f'<a href="../downloads/{to}">{text}</a>' for text, to in named)
