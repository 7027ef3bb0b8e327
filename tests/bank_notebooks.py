"""The answers of all banks as learners would hand them in: in the lessons' own notebooks."""

import ast
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from softmax_lessons.grading.notebook import places

TESTS = Path(__file__).parent
NOTEBOOKS = TESTS.parent / "notebooks"
RIGHT, WRONG = {"right", "good"}, {"wrong", "bad"}  # what marks an answer in a bank
BOTH = ("softmax_dim", "stable_softmax")


@dataclass(frozen=True)
class Written:
    """An answer in a bank, as text.

    Attributes:
        exercise: what it answers.
        right: whether it does.
        slugs: the mistakes in it, as the bank has them.
        helpers: the cells that it needs.
        code: its own cell.
        line: where it is.
    """

    exercise: str
    right: bool
    slugs: tuple[str, ...]
    helpers: tuple[str, ...]
    code: str
    line: str


@cache
def written() -> tuple[Written, ...]:
    """Return all answers of all banks."""
    files = [
        TESTS / "bank.py",
        *sorted(TESTS.glob("bank_[!n]*.py")),
        TESTS / "test_checker_hunt.py",
    ]
    return tuple(answer for file in files for answer in _read(file))


def _read(file: Path) -> Iterator[Written]:
    body = ast.parse(file.read_text(encoding="utf-8")).body
    own = "\n\n".join(map(ast.unparse, _helpers(body)))
    shared = (
        [] if file.stem == "bank" else _helpers(ast.parse((TESTS / "bank.py").read_text()).body)
    )
    helpers = ("\n\n".join(map(ast.unparse, shared)), own) if shared else (own,)
    for node in body:
        for mark, given in _marks(node):
            names = [ast.literal_eval(argument) for argument in mark.args]
            exercises, slugs = names[:1], tuple(names[1:])
            if mark.func.id == "right":
                exercises, slugs = names, ()
            for exercise in exercises:
                right = mark.func.id in RIGHT
                code = _named(given, places()[exercise].function)
                line = f"{file.name}:{node.lineno}"
                yield Written(exercise, right, slugs, helpers, code, line)


def _marks(node: ast.stmt) -> Iterator[tuple[ast.Call, ast.AST]]:
    """Yield each mark that a statement of a bank sets, and what it is set on."""
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        for mark in node.decorator_list:
            if isinstance(mark, ast.Name) and mark.id == "both":
                mark = ast.Call(ast.Name("right"), [ast.Constant(name) for name in BOTH], [])
            if _is_mark(mark):
                yield mark, node
    elif isinstance(node, ast.Expr) and isinstance(call := node.value, ast.Call):
        if _is_mark(call.func):
            yield call.func, call.args[0]
        elif isinstance(call.func, ast.Name) and call.func.id == "both":
            names = [ast.Constant(name) for name in BOTH]
            yield ast.Call(ast.Name("right"), names, []), call.args[0]


def _is_mark(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and getattr(node.func, "id", "") in RIGHT | WRONG


def _helpers(body: Sequence[ast.stmt]) -> list[ast.stmt]:
    """Return the statements of a bank without its own machinery."""
    found = []
    for node in body:
        if isinstance(node, ast.ImportFrom) and node.module.startswith("bank"):
            continue
        if isinstance(node, ast.Expr) or getattr(node, "name", "") in {*RIGHT, *WRONG}:
            continue
        # what only tests have
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            continue
        if "tasks" in ast.unparse(node) or "Path" in ast.unparse(node):
            continue
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            node = _plain(node)
        found.append(node)
    return found


def _plain(node: ast.stmt) -> ast.stmt:
    """Return a definition without the marks."""
    copy = ast.parse(ast.unparse(node)).body[0]
    copy.decorator_list = [
        d for d in copy.decorator_list if not _is_mark(d) and getattr(d, "id", "") != "both"
    ]
    return copy


def _named(given: ast.AST, function: str) -> str:
    """Return the code that turns what is given into the learner's function."""
    if not isinstance(given, (ast.FunctionDef, ast.ClassDef)):
        return f"{function} = {ast.unparse(given)}"
    copy = _plain(given)
    used = any(isinstance(n, ast.Name) and n.id == copy.name for n in ast.walk(copy))
    if used:  # it calls itself, or is changed afterwards
        return f"{ast.unparse(copy)}\n\n{function} = {copy.name}"
    copy.name = function
    return ast.unparse(copy)


def hand_in(folder: Path, answers: Sequence[Written]) -> dict[str, dict[str, Written]]:
    """Write them into unmodified lessons, at most one answer to each exercise per learner.

    Returns:
        By learner and exercise, what was answered.
    """
    learners: dict[str, dict[str, Written]] = {}
    for answer in answers:
        lesson = places()[answer.exercise].lesson
        number = sum(answer.exercise in given for given in learners.values())
        learners.setdefault(f"{lesson}_{number:03}", {})[answer.exercise] = answer
    for learner, given in learners.items():
        lesson = places()[next(iter(given))].lesson
        notebook = json.loads((NOTEBOOKS / f"{lesson}.ipynb").read_text(encoding="utf-8"))
        cells = []
        for cell in notebook["cells"]:
            source = "".join(cell["source"])
            for exercise, answer in given.items():
                stub = f"def {places()[exercise].function}("
                if "exercise" in cell["metadata"].get("tags", ()) and source.startswith(stub):
                    cells += [_code(text) for text in answer.helpers]
                    cell = {**cell, "source": answer.code}
            cells.append(cell)
        notebook["cells"] = cells
        (folder / f"{learner}.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    return learners


def _code(source: str) -> dict[str, object]:
    return {
        "cell_type": "code",
        "execution_count": None,
        "metadata": {},
        "outputs": [],
        "source": source,
    }
