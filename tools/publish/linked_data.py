"""What each page says of itself to search engines and registers of courses, as JSON-LD.

The words are schema.org's, the choice of them is Bioschemas' for training materials.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx

from softmax_lessons.copies import title
from softmax_lessons.field_guide import entries
from softmax_lessons.workspace import lessons
from tools.metadata import LICENCES, TITLE, Course, course

HEAD = re.compile(
    r"# (?P<position>\d+)\. (?P<name>.+)\n\n\*\*You will\*\* (?P<teaches>.+)\n\n"
    r"\*\*You need\*\* (?P<needs>.+)\nAbout (?P<minutes>\d+) minutes"
)
PROFILE = "https://bioschemas.org/profiles/TrainingMaterial/1.0-RELEASE"


def add_to_page(
    app: Sphinx, page: str, template: str, context: dict[str, object], doctree: nodes.document
) -> None:
    """Add the script to a page's head, unless Sphinx made the page up, as it does the search."""
    if doctree is None:
        return
    paragraph = next(iter(doctree.findall(nodes.paragraph)), None)
    content = about(
        page,
        heading=next(iter(doctree.findall(nodes.title))).astext(),
        first=paragraph.astext() if paragraph else "",
    )
    text = json.dumps(content, ensure_ascii=False).replace("</", "<\\/")
    context["metatags"] = (
        f'{context["metatags"]}\n<script type="application/ld+json">{text}</script>'
    )


def about(page: str, heading: str, first: str) -> dict[str, object]:
    """Return what a page is about.

    Args:
        page: its name on the site, such as "notebooks/01_scores_to_probabilities".
        heading: its heading.
        first: its first paragraph.
    """
    says = course()
    content = _common(says) | {"name": heading, "description": " ".join(first.split())}
    if page == "index":
        return content | {
            "@type": ["Course", "LearningResource"],
            "name": TITLE,
            "description": says.summary,
            "provider": _authors(says),
            "educationalLevel": "Intermediate",
            "hasPart": [_part(lesson) for lesson in lessons()],
        }
    content["isPartOf"] = {"@type": "Course", "name": TITLE, "description": says.summary}
    lesson = {f"notebooks/{lesson.stem}": lesson for lesson in lessons()}.get(page)
    pitfall = {f"field_guide/p{entry.number}": entry for entry in entries()}.get(page)
    if lesson:
        return content | _of_lesson(json.loads(lesson.read_text(encoding="utf-8")))
    if pitfall:
        return content | {
            "name": pitfall.title,
            "description": _plain(pitfall.cause),
            "learningResourceType": "troubleshooting guide",
        }
    return content | {"learningResourceType": "guide"}


def _common(says: Course) -> dict[str, object]:
    return {
        "@context": "https://schema.org",
        "@type": "LearningResource",
        "conformsTo": {"@type": "CreativeWork", "@id": PROFILE},
        "keywords": says.keywords,
        "inLanguage": "en",
        "license": LICENCES["CC-BY-4.0"],
        "isAccessibleForFree": True,
        "version": says.version,
        **({"datePublished": says.released} if says.released else {}),
        "author": _authors(says),
    }


def _authors(says: Course) -> list[dict[str, str]]:
    return [{"@type": "Organization", "name": name} for name in says.authors]


def _part(lesson: Path) -> dict[str, str]:
    name = title(json.loads(lesson.read_text(encoding="utf-8")))
    url = f"notebooks/{lesson.stem}.html"
    return {"@type": "LearningResource", "name": name, "url": url}


def _of_lesson(notebook: Mapping[str, list]) -> dict[str, object]:
    head = HEAD.match("".join(notebook["cells"][0]["source"]))
    teaches = _plain(head["teaches"])
    return {
        "name": head["name"],
        "description": f"You will {teaches}",
        "position": int(head["position"]),
        "teaches": teaches,
        "competencyRequired": _plain(head["needs"]),
        "timeRequired": f"PT{head['minutes']}M",
        "learningResourceType": "lesson",
        "audience": {"@type": "EducationalAudience", "educationalRole": "student"},
    }


def _plain(markdown: str) -> str:
    return re.sub(r"\[([^]]+)\]\([^)]+\)", r"\1", markdown).replace("`", "").replace("**", "")
