"""A notebook's contents: its statements, the names in them, and the answers to the exercises."""

import ast
import dis
import json
import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import pairwise
from pathlib import Path
from types import CodeType

from softmax_lessons.workspace import lessons

LOADS = {"LOAD_NAME", "LOAD_GLOBAL", "LOAD_FROM_DICT_OR_GLOBALS"}
# after the first line, such a cell is Python
PYTHON_CELL = re.compile(r"^\s*%%(capture|time|timeit|prun|pypy|python3?|py)\b.*\n?")
TIMED = re.compile(r"^([ \t]*)%time[ \t]+(?=\S)", re.MULTILINE)
NOT_PYTHON = re.compile(
    r"^([ \t]*)(?![ \t])(?:[%!].*|[\w.]+[ \t]*=[ \t]*[%!].*|.*\?[ \t]*)$", re.MULTILINE
)
MOST_CELLS = 2000  # cells to remember
# characters of code to parse in this process; a lesson has 20,000, and the slowest code of that
# size takes 3 seconds. Longer code is parsed where it runs
MOST_PARSED = 60_000
# SystemError: raised by some interpreters for code that's nested too deep
NOT_PARSED = (SyntaxError, ValueError, RecursionError, MemoryError, SystemError)
DRAWS, DRAWERS = "plots.show(", {"plots", "plt"}
# functions that don't change their arguments
SHOWS = {"print", "check", "display", "predict", "progress", "steps", "help"}


@dataclass(frozen=True)
class Place:
    """An exercise in the course's own notebooks."""

    lesson: str
    function: str


@dataclass(frozen=True)
class Try:
    """One way to read a learner's answer.

    Attributes:
        needed: for each cell that's needed, its index and the indices of its statements.
        stop: the index of the cell with the check, or of the last one.
        checked: whether the argument of `check` counts, rather than the function of that name.
    """

    needed: tuple[tuple[int, tuple[int, ...]], ...]
    stop: int
    checked: bool


@dataclass(frozen=True)
class Answer:
    """A learner's answer to an exercise.

    Attributes:
        function: its name in the exercise.
        cells: the sources of the notebook's code cells.
        tries: the reading that counts, then others that also count if they're right.
        begun: whether it's more than a stub.
    """

    function: str
    cells: tuple[str, ...]
    tries: tuple[Try, ...]
    begun: bool


@dataclass(frozen=True)
class _Statement:
    index: int
    binds: frozenset[str]
    changes: frozenset[str]
    sets: frozenset[str]  # set as global names, by a function it defines
    needs: frozenset[str]
    checks: tuple[tuple[str, str], ...]  # the exercise, and the name passed to it if it's plain
    stub: bool


def parsed(source: str) -> ast.Module | None:
    """Return a cell's statements; None if it's in another language.

    Raises:
        SyntaxError, ValueError, RecursionError or MemoryError: if it isn't Python.
    """
    source = source.replace("\r\n", "\n")
    while PYTHON_CELL.match(source):
        source = PYTHON_CELL.sub("", source, count=1)
    if source.lstrip().startswith("%%"):
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(source)
        except SyntaxError:
            # IPython's own transformer takes a minute for a cell with a few hundred such lines
            source = TIMED.sub(r"\1", source)
            return ast.parse(NOT_PYTHON.sub(r"\1pass", source))


def checked(node: ast.AST) -> tuple[str, ast.expr] | None:
    """Return the exercise and the attempt if this is a call of `check` that spells them out."""
    if not isinstance(node, ast.Call):
        return None
    if getattr(node.func, "id", getattr(node.func, "attr", "")) != "check":
        return None
    named = {keyword.arg: keyword.value for keyword in node.keywords}
    exercise = node.args[0] if node.args else named.get("exercise")
    attempt = node.args[1] if len(node.args) > 1 else named.get("attempt")
    if not isinstance(exercise, ast.Constant) or attempt is None:
        return None
    return str(exercise.value), attempt


@cache
def places() -> dict[str, Place]:
    """Return the course's exercises by name, in order."""
    found = {}
    for path in lessons():
        for cell, check in pairwise(_code_cells(_course(path))):
            if "exercise" in cell["metadata"].get("tags", ()):
                call = re.fullmatch(r'check\("(\w+)", (\w+)\)', _source(check))
                name, function = call.groups()
                found[name] = Place(path.stem, function)
    return found


@cache
def shown() -> dict[str, tuple[str, ...]]:
    """Return, by exercise, the attempts that the course's own notebooks pass to `check`."""
    found = {}
    for path in lessons():
        for source in sources(_course(path)):
            for node in ast.walk(parsed(source) or ast.Module([], [])):
                if (call := checked(node)) and call[0] in places():
                    text = ast.unparse(call[1])
                    if text != places()[call[0]].function:
                        found.setdefault(call[0], []).append(text)
    return {name: tuple(texts) for name, texts in found.items()}


@cache
def _told() -> frozenset[str]:
    """Return the cells in the course's own notebooks that aren't exercises."""
    return frozenset(
        _source(cell)
        for path in lessons()
        for cell in _code_cells(_course(path))
        if "exercise" not in cell["metadata"].get("tags", ())
    )


def without_drawing(cells: Sequence[str]) -> list[str]:
    """Return a notebook's cells, but empty those of the course that only draw figures."""
    idle = {i for i, source in enumerate(cells) if DRAWS in source and source in _told()}
    before = None
    while idle != before:
        before = set(idle)
        needed = set().union(*(_needed(c) for i, c in enumerate(cells) if i not in idle))
        for i in before:
            made = set().union(*(each.binds | each.changes for each in _statements(cells[i])))
            if needed & (made - DRAWERS):
                idle.discard(i)
    return ["" if i in idle else source for i, source in enumerate(cells)]


def _needed(source: str) -> set[str]:
    """Return the names that a cell may need."""
    try:
        return set().union(*(each.needs for each in _statements(source)))
    except NOT_PARSED:
        return set(re.findall(r"\w+", source))


def sources(notebook: dict) -> list[str]:
    """Return the sources of the code cells in a notebook of format 4."""
    return list(map(_source, _code_cells(notebook)))


def _course(path: Path) -> dict:
    return json.loads(path.read_text(encoding="utf-8"))


def _code_cells(notebook: dict) -> list[dict]:
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def _source(cell: dict) -> str:
    return cell["source"] if isinstance(cell["source"], str) else "".join(cell["source"])


def answers(cells: Sequence[str], notes: list[str]) -> dict[str, Answer]:
    """Return the answers in one notebook's code cells, and note cells that aren't Python."""
    statements, unread, left = [], [], MOST_PARSED
    for number, source in enumerate(cells):
        if len(source) > left:
            unread.append(source)
            continue
        left -= len(source)
        try:
            statements += [(number, each) for each in _statements(source)]
        except NOT_PARSED as error:
            notes.append(f"a cell isn't Python: {type(error).__name__} {str(error)[:60]}")
            unread.append(source)
    notebook = _Notebook(tuple(cells), statements)
    words = set(re.findall(r"\w+", "\n".join(unread)))
    found = {}
    for name, place in places().items():
        answer = notebook.answer(name, place.function)
        # IPython may find an answer in it
        if place.function in words:
            only = Try((), len(cells) - 1, True)
            tries = answer.tries if answer else (only,)
            answer = Answer(place.function, tuple(cells), tries, True)
        if answer is not None:
            found[name] = answer
    return found


class _Notebook:
    """A notebook's statements, and where each name is defined."""

    def __init__(
        self, cells: tuple[str, ...], statements: Sequence[tuple[int, _Statement]]
    ) -> None:
        self._cells, self._statements = cells, [each for _, each in statements]
        self._cell_of = [number for number, _ in statements]
        # calling a function with a `global` statement changes that name
        setters = {name: s.sets for s in self._statements if s.sets for name in s.binds}
        self._makers: dict[str, list[int]] = {}
        self._checks: dict[str, list[tuple[int, str]]] = {}
        for i, statement in enumerate(self._statements):
            for exercise, given in statement.checks:
                self._checks.setdefault(exercise, []).append((i, given))
            called = (setters.get(name, ()) for name in statement.needs)
            for name in statement.binds.union(statement.changes, *called):
                self._makers.setdefault(name, []).append(i)

    def answer(self, name: str, function: str) -> Answer | None:
        """Return the answer to an exercise, if there is one."""
        # a lesson may define a function that an exercise in another one asks for
        own = [i for i in self._bindings(function) if self._cells[self._cell_of[i]] not in _told()]
        checks = [
            (i, given)
            for i, given in self._checks.get(name, ())
            if not given or self._bindings(given)
        ]
        if not own and not checks:
            return None
        tries = []
        if checks:
            tries.append(self._try(checks[-1][0], set()))
            later = [i for i in own if i > checks[-1][0] and not self._statements[i].stub]
            given = self._bindings(checks[-1][1])
            if later or (own and given and all(self._statements[i].stub for i in given)):
                tries.append(self._try(None, {function}))
        else:
            tries.append(self._try(None, {function}))
        begun = any(not given for _, given in checks) or any(
            not self._statements[i].stub
            for known in {function, *(given for _, given in checks)}
            for i in self._bindings(known)
        )
        return Answer(function, self._cells, tuple(tries), begun)

    def _bindings(self, name: str) -> list[int]:
        return [i for i in self._makers.get(name, ()) if name in self._statements[i].binds]

    def _try(self, check: int | None, wanted: set[str]) -> Try:
        """Return what it takes to run a check, or to have these names at the end."""
        last = len(self._statements) if check is None else check
        chosen = {i for i in self._makers.get("*", ()) if i <= last}
        if check is not None:
            chosen.add(check)
        wanted = wanted.union(*(self._statements[i].needs for i in chosen))
        seen: set[str] = set()
        while wanted:
            name = wanted.pop()
            seen.add(name)
            makers = self._makers.get(name, [])
            # statements after the check only count for names that aren't there yet
            if any(i <= last for i in self._bindings(name)):
                makers = [i for i in makers if i <= last]
            for i in set(makers) - chosen:
                chosen.add(i)
                wanted |= self._statements[i].needs - seen
        needed: dict[int, list[int]] = {}
        for i in sorted(chosen):
            needed.setdefault(self._cell_of[i], []).append(self._statements[i].index)
        return Try(
            tuple((cell, tuple(indices)) for cell, indices in needed.items()),
            len(self._cells) - 1 if check is None else self._cell_of[check],
            check is not None,
        )


@lru_cache(MOST_CELLS)  # most of a class's cells are the lesson's own
def _statements(source: str) -> tuple[_Statement, ...]:
    tree = parsed(source)
    return () if tree is None else tuple(_statement(node, i) for i, node in enumerate(tree.body))


def _statement(node: ast.stmt, index: int) -> _Statement:
    binds, sets, needs = set(), set(), set()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        codes = [compile(ast.Module([node], []), "", "exec", flags, dont_inherit=True)]
    outermost = codes[0]
    while codes:
        code = codes.pop()
        codes += [constant for constant in code.co_consts if isinstance(constant, CodeType)]
        for step in dis.get_instructions(code):
            if step.opname in LOADS:
                needs.add(step.argval)
            elif step.opname == "STORE_GLOBAL":
                sets.add(step.argval)
            elif code is outermost and step.opname in ("STORE_NAME", "DELETE_NAME"):
                binds.add(step.argval)
    if isinstance(node, ast.ImportFrom) and (
        node.module == "__future__" or any(alias.name == "*" for alias in node.names)
    ):
        binds.add("*")  # counts for everything after it
    checks = tuple(
        (found[0], getattr(found[1], "id", ""))
        for inner in ast.walk(node)
        if (found := checked(inner)) and found[0] in places() and not _is_shown(*found)
    )
    stub = isinstance(node, ast.FunctionDef) and all(_says_nothing(inner) for inner in node.body)
    return _Statement(
        *(index, frozenset(binds), frozenset(_changed(node)), frozenset(sets)),
        *(frozenset(needs), checks, stub),
    )


def _is_shown(exercise: str, attempt: ast.expr) -> bool:
    return ast.unparse(attempt) in shown().get(exercise, ())


def _says_nothing(node: ast.stmt) -> bool:
    """Tell whether a statement does nothing: a docstring, `...`, `pass` or `return ...`."""
    value = getattr(node, "value", None)
    if isinstance(node, (ast.Expr, ast.Return)):
        return value is None or (
            isinstance(value, ast.Constant) and (value.value is ... or isinstance(value.value, str))
        )
    return isinstance(node, ast.Pass)


def _changed(node: ast.AST) -> Iterator[str]:
    """Yield the names that a statement may change: `a.b = 1`, `a[0] = 1`, `a.add(1)`, `f(a)`."""
    waiting = [node]
    while waiting:
        node = waiting.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            continue  # a definition does nothing yet
        touched = []
        if isinstance(getattr(node, "ctx", None), (ast.Store, ast.Del)):
            touched = [node]
        elif isinstance(node, ast.Expr) and isinstance(call := node.value, ast.Call):
            if isinstance(call.func, ast.Attribute):
                touched = [call.func]
            if getattr(call.func, "id", "") not in SHOWS:
                touched += [*call.args, *(keyword.value for keyword in call.keywords)]
        for target in touched:
            while isinstance(target, (ast.Attribute, ast.Subscript, ast.Starred)):
                target = target.value
            if isinstance(target, ast.Name):
                yield target.id
        waiting += ast.iter_child_nodes(node)
