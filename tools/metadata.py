"""Write CITATION.cff, codemeta.json and .zenodo.json from pyproject.toml: `make metadata`.

Each is read by others: GitHub and reference managers, registers of research software, Zenodo.
"""

import functools
import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from hatchling.metadata.core import ProjectMetadata
from hatchling.plugin.manager import PluginManager

ROOT = Path(__file__).parents[1]
TITLE = "Softmax in PyTorch: a course in Jupyter notebooks"
LICENCES = {
    "MIT": "https://spdx.org/licenses/MIT",
    "CC-BY-4.0": "https://creativecommons.org/licenses/by/4.0/",
}
WHICH = "Prose and figures are under CC BY 4.0, code is under the MIT licence."
PLACEHOLDER = "example.org"
A_RELEASE = re.compile(r"^## \[(\d[^]]*)\] - (\d{4}-\d\d-\d\d)$", re.MULTILINE)


@dataclass(frozen=True)
class Course:
    """What the course says of itself, once.

    Attributes:
        name: of the package.
        version: as in pyproject.toml.
        released: the date of this version in CHANGELOG.md, or nothing if it isn't released.
        summary: a sentence.
        authors: their names.
        keywords: as in pyproject.toml.
        licences: SPDX identifiers, of the code first.
        urls: as in pyproject.toml.
        requires: what learners need, without versions.
        python: which versions of Python it needs.
        scripts: the commands it installs, and what runs them.
    """

    name: str
    version: str
    released: str
    summary: str
    authors: list[str]
    keywords: list[str]
    licences: list[str]
    urls: dict[str, str]
    requires: list[str]
    python: str
    scripts: dict[str, str]


@functools.cache
def course() -> Course:
    """Read pyproject.toml and CHANGELOG.md."""
    project = ProjectMetadata(str(ROOT), PluginManager())
    core, version = project.core, project.version
    releases = dict(A_RELEASE.findall((ROOT / "CHANGELOG.md").read_text(encoding="utf-8")))
    return Course(
        name=core.name,
        version=version,
        released=releases.get(version, ""),
        summary=core.description,
        authors=[author["name"] for author in core.authors],
        keywords=core.keywords,
        licences=core.license_expression.split(" AND "),
        urls=core.urls,
        requires=sorted({re.split(r"[^\w-]", each)[0] for each in core.dependencies}),
        python=core.requires_python,
        scripts=core.scripts,
    )


def files(course: Course) -> dict[str, str]:
    """Return the files, by name, that say this about the course."""
    return {
        "CITATION.cff": _citation(course),
        "codemeta.json": _json(_codemeta(course)),
        ".zenodo.json": _json(_zenodo(course)),
    }


def _json(content: dict) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _citation(course: Course) -> str:
    fields = {
        "cff-version": "1.2.0",
        "message": "If you teach with this course or build on it, please cite it.",
        "title": TITLE,
        "abstract": course.summary,
        "type": "software",
        "authors": [{"name": name} for name in course.authors],
        "version": course.version,
        **({"date-released": course.released} if course.released else {}),
        "license": course.licences,
        "repository-code": course.urls["Source"],
        "keywords": course.keywords,
    }
    lines = ["# made by `make metadata` from pyproject.toml"]
    # a JSON value is a YAML value
    lines += [f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in fields.items()]
    return "\n".join([*lines, ""])


def _codemeta(course: Course) -> dict:
    return {
        "@context": "https://w3id.org/codemeta/3.0",
        "@type": "SoftwareSourceCode",
        "name": TITLE,
        "identifier": course.name,
        "description": course.summary,
        "version": course.version,
        **({"dateModified": course.released} if course.released else {}),
        "author": [{"@type": "Organization", "name": name} for name in course.authors],
        "license": [LICENCES[each] for each in course.licences],
        "keywords": course.keywords,
        "codeRepository": course.urls["Source"],
        "issueTracker": course.urls["Issues"],
        "programmingLanguage": {"@type": "ComputerLanguage", "name": "Python"},
        "softwareRequirements": course.requires,
    }


def _zenodo(course: Course) -> dict:
    return {
        "title": TITLE,
        "description": f"<p>{course.summary}</p>",
        "upload_type": "lesson",
        "access_right": "open",
        "creators": [{"name": name} for name in course.authors],
        "version": course.version,
        **({"publication_date": course.released} if course.released else {}),
        "license": "cc-by-4.0",  # Zenodo takes one
        "notes": WHICH,
        "language": "eng",
        "keywords": course.keywords,
    }


def main() -> None:
    """Write the files."""
    for name, text in files(course()).items():
        (ROOT / name).write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    sys.exit(main())
