"""Find the learners, their notebooks, and in these the functions that answer the exercises."""

import ast
import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from pathlib import Path

import nbformat
from IPython.core.inputtransformer2 import TransformerManager
from nbformat import converter, reader

from softmax_lessons.workspace import lessons

LARGEST_FILE = 30 << 20  # bytes
# what comes after the first line of such a cell is Python
PYTHON_CELLS = re.compile(r"^\s*%%(capture|time|timeit|prun|pypy|python3?|py)\b.*\n?")
ANSWER = "_answer_given_to_check"


@dataclass(frozen=True)
class Task:
    """An exercise as the course's own notebooks have it."""

    lesson: str
    function: str


@dataclass(frozen=True)
class Answer:
    """A learner's answer to an exercise: the statements that make a function, and its name."""

    statements: tuple[str, ...]
    function: str


@dataclass
class Submission:
    """What one learner handed in.

    Attributes:
        learner: the name of the file or folder.
        answers: by the exercise's name.
        notes: what could not be read, and why.
    """

    learner: str
    answers: dict[str, Answer] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Statement:
    code: str
    binds: frozenset[str]
    needs: frozenset[str]
    stub: bool


@cache
def tasks() -> dict[str, Task]:
    """Return the exercises of the course by name, in its order."""
    found = {}
    for path in lessons():
        cells = [c for c in nbformat.read(path, as_version=4).cells if c.cell_type == "code"]
        for cell, check in pairwise(cells):
            if "exercise" in cell.metadata.get("tags", []):
                name, function = re.fullmatch(r'check\("(\w+)", (\w+)\)', check.source).groups()
                found[name] = Task(path.stem, function)
    return found


@cache
def _demonstrations() -> frozenset[str]:
    """Return what the course's own notebooks hand to `check`."""
    shown = set()
    for path in lessons():
        cells = [c.source for c in nbformat.read(path, as_version=4).cells if c.cell_type == "code"]
        for node in _parsed(cells, []):
            shown |= {ast.unparse(argument) for _, argument in _checked(node)}
    return frozenset(shown)


def find(folder: Path) -> list[Submission]:
    """Return what each learner handed in; a file or a folder in `folder` is a learner's.

    Raises:
        FileNotFoundError: if there is no such folder, or nothing in it.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder} is no folder of submissions")
    entries = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    found = [path for path in entries if path.is_dir() or path.suffix == ".ipynb"]
    if not found:
        raise FileNotFoundError(f"{folder} has no notebooks and no folders of notebooks in it")
    return [_read(path) for path in found]


def _read(path: Path) -> Submission:
    submission = Submission(path.stem if path.suffix == ".ipynb" else path.name)
    files = [path]
    if path.is_dir():
        files = sorted(
            file for file in path.rglob("*.ipynb") if ".ipynb_checkpoints" not in file.parts
        )
    if not files:
        submission.notes.append("no notebook")
    for file in files:
        try:
            submission.answers.update(_answers(_code_cells(file, path), submission.notes))
        except Exception as error:  # whatever is in one file must not end all the others
            why = re.sub(r"\s+", " ", str(error))[:80]
            submission.notes.append(f"{file.name} can't be read ({type(error).__name__}: {why})")
    return submission


def _code_cells(file: Path, own: Path) -> list[str]:
    """Return the sources of the code cells of a notebook of any version."""
    if not file.resolve().is_relative_to(own.parent.resolve() / own.name):
        raise ValueError("it is a link to somewhere else")
    if not file.is_file():
        raise ValueError("it is not a file")
    if file.stat().st_size > LARGEST_FILE:
        raise ValueError(f"it has more than {LARGEST_FILE >> 20} MB")
    text = file.read_text(encoding="utf-8-sig")
    notebook = converter.convert(reader.reads(text), 4)  # without validation, which is slow
    return [str(cell.source) for cell in notebook.cells if cell.cell_type == "code"]


def _parsed(cells: Sequence[str], notes: list[str]) -> Iterator[ast.stmt]:
    """Yield the statements of the cells, without magics; a cell with an error has none."""
    for source in cells:
        source = PYTHON_CELLS.sub("", source.replace("\r\n", "\n"), count=1)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                tree = ast.parse(TransformerManager().transform_cell(source))
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            notes.append(f"a cell is no Python: {type(error).__name__} {str(error)[:60]}")
            continue
        yield from tree.body


def _answers(cells: Sequence[str], notes: list[str]) -> dict[str, Answer]:
    """Return the answers in the cells of one notebook."""
    nodes = list(_parsed(cells, notes))
    statements = [statement for node in nodes for statement in _statements(node)]
    given: dict[str, list[ast.expr]] = {}
    for node in nodes:
        for name, argument in _checked(node):
            if ast.unparse(argument) not in _demonstrations():
                given.setdefault(name, []).append(argument)
    answers = {}
    for name, task in tasks().items():
        last = [s for s in statements if task.function in s.binds][-1:]
        if (not last or last[0].stub) and name in given:  # it was checked under another name
            code = f"{ANSWER} = {ast.unparse(given[name][-1])}"
            answer = next(_statements(ast.parse(code).body[0]))
            answers[name] = _needed([*statements, answer], ANSWER)
        elif last:
            answers[name] = _needed(statements, task.function)
    return answers


def _checked(node: ast.stmt) -> Iterator[tuple[str, ast.expr]]:
    """Yield the exercise and the attempt of each call of `check` in a statement."""
    for call in ast.walk(node):
        if isinstance(call, ast.Call) and len(call.args) == 2:
            name = getattr(call.func, "id", getattr(call.func, "attr", ""))
            first, attempt = call.args
            if name == "check" and isinstance(first, ast.Constant) and first.value in tasks_known():
                yield first.value, attempt


def tasks_known() -> frozenset[str]:
    """Return the names of all exercises, without reading the course's notebooks."""
    from softmax_lessons.checker.exercises import exercises
    from softmax_lessons.checker.hunts import hunts

    return frozenset({**exercises(), **hunts()})


def _statements(node: ast.stmt) -> Iterator[_Statement]:
    """Yield a statement; an import of several names as one of each, as not all may be there."""
    if isinstance(node, ast.ImportFrom) and len(node.names) > 1:
        for alias in node.names:
            yield from _statements(ast.ImportFrom(node.module, [alias], node.level))
        return
    stub = isinstance(node, ast.FunctionDef) and all(_says_nothing(inner) for inner in node.body)
    yield _Statement(
        ast.unparse(ast.fix_missing_locations(node)),
        frozenset(_bound(node)),
        frozenset(n.id for n in ast.walk(node) if isinstance(n, ast.Name)),
        stub,
    )


def _says_nothing(node: ast.stmt) -> bool:
    """Tell a docstring, `...`, `pass` or `return ...` from a statement that does something."""
    value = getattr(node, "value", None)
    if isinstance(node, (ast.Expr, ast.Return)):
        return value is None or (
            isinstance(value, ast.Constant) and (value.value is ... or isinstance(value.value, str))
        )
    return isinstance(node, ast.Pass)


def _bound(node: ast.AST) -> Iterator[str]:
    """Yield the names that a statement binds or changes."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        yield node.name
        return
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        for alias in node.names:
            yield (alias.asname or alias.name).partition(".")[0]
        return
    if isinstance(node, (ast.Attribute, ast.Subscript)) and isinstance(node.ctx, ast.Store):
        base = node
        while isinstance(base, (ast.Attribute, ast.Subscript)):
            base = base.value
        if isinstance(base, ast.Name):
            yield base.id
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield node.id
    if not isinstance(node, ast.Lambda):
        for child in ast.iter_child_nodes(node):
            yield from _bound(child)


def _needed(statements: Sequence[_Statement], function: str) -> Answer:
    """Return the statements that bind a function and all that it needs, in their order."""
    names, chosen, before = {function, "*"}, set(), -1
    while len(chosen) != before:
        before = len(chosen)
        chosen = {i for i, s in enumerate(statements) if s.binds & names}
        names.update(*(statements[i].needs for i in chosen))
    return Answer(tuple(statements[i].code for i in sorted(chosen)), function)
