"""Print the files that a lesson's outputs depend on, for `make notebooks`.

    python tools/lesson_files.py 01_scores_to_probabilities

These are the modules that the names in its code come from, what those import, the checker's
engine, and the lesson's own exercises; not the figures and the exercises of other lessons.
"""

import ast
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "softmax_lessons"
ENGINE = ("attempts", "checker")  # some of it is loaded by name
OPTIONS = r"(?:---\n.*?\n---\n|(?::[^\n]*\n)+)?"
CELL = re.compile(rf"^```{{code-cell}}[^\n]*\n{OPTIONS}(.*?)^```$", re.DOTALL | re.MULTILINE)
A_LESSON = re.compile(r"lesson_\d\d")


def files_of(lesson: str) -> set[Path]:
    """Return the files of softmax_lessons that a lesson depends on.

    Args:
        lesson: the name of its source, such as "01_scores_to_probabilities".
    """
    text = (ROOT / "notebooks" / "source" / f"{lesson}.md").read_text(encoding="utf-8")
    code = ast.parse("\n".join(CELL.findall(text)))
    found = {PACKAGE / "__init__.py"}
    for module, name, alias in _imports_of(code):
        file = _file(f"{module}.{name}")
        if file and file.name == "__init__.py":  # of a package, only what the lesson uses
            for used in _attributes(code, alias):
                _reach(f"{module}.{name}", used, found)
        else:
            _reach(module, name, found)
    for folder in ENGINE:
        found |= {file for file in (PACKAGE / folder).rglob("*.py") if not _of_a_lesson(file)}
    lists_all = any(name == "progress" for _, name, _ in _imports_of(code))
    for own in PACKAGE.rglob("lesson_*.py" if lists_all else f"lesson_{lesson[:2]}.py"):
        _follow(own, found, other_lessons=True)
    return found


def _reach(module: str, name: str, found: set[Path], other_lessons: bool = False) -> None:
    """Add the file that `name` of a module comes from, and all that it imports."""
    file = _file(f"{module}.{name}") or _file(module)
    if file == _file(module) and file.name == "__init__.py":
        for source, given, alias in _imports(file):
            if alias == name:
                _reach(source, given, found, other_lessons)
                return
    if other_lessons or not _of_a_lesson(file):
        _follow(file, found, other_lessons)


def _follow(file: Path, found: set[Path], other_lessons: bool) -> None:
    if file in found:
        return
    found.add(file)
    if file.name == "__init__.py":
        found.update(file.parent.glob("*.js"))
    for module, name, _ in _imports(file):
        _reach(module, name, found, other_lessons)


@cache
def _imports(file: Path) -> list[tuple[str, str, str]]:
    return list(_imports_of(ast.parse(file.read_text(encoding="utf-8"))))


def _imports_of(tree: ast.AST) -> Iterator[tuple[str, str, str]]:
    """Yield module, name, and what the name is called here, for each import from the package."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == PACKAGE.name:
            for each in node.names:
                yield node.module, each.name, each.asname or each.name


def _attributes(tree: ast.AST, name: str) -> set[str]:
    """Return what is asked of a name, such as {"show"} for `plots.show(...)`."""
    return {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and getattr(node.value, "id", None) == name
    }


def _file(module: str) -> Path | None:
    path = ROOT.joinpath(*module.split("."))
    candidates = (path.with_suffix(".py"), path / "__init__.py")
    return next(filter(Path.exists, candidates), None)


def _of_a_lesson(file: Path) -> bool:
    return bool(A_LESSON.fullmatch(file.stem))


if __name__ == "__main__":
    (name,) = sys.argv[1:]
    print(*sorted(file.relative_to(ROOT).as_posix() for file in files_of(name)))
