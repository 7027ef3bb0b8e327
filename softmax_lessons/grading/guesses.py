"""Learners' predictions, read from their notebooks without running them."""

import ast
import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence

from softmax_lessons.grading.notebook import parsed

CONSTANTS = {"nan": math.nan, "inf": math.inf, "infty": math.inf, "pi": math.pi, "e": math.e}
OPERATIONS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
}


def in_cells(cells: Sequence[str]) -> dict[str, object]:
    """Return the last guess for each question in the code cells of a notebook.

    It leaves out guesses that aren't spelled out in the call of `predict`.
    """
    found: dict[str, object] = {}
    for statement in _statements(cells, "predict"):
        for node in ast.walk(statement):
            if _called(node) == "predict":
                question, guess = _arguments(node, "question", "guess")
                value = _guessed(guess)
                if isinstance(question, ast.Constant) and value is not None:
                    found[str(question.value)] = value
    return found


def quiz_calls(cells: Sequence[str]) -> list[list[object]]:
    """Return a notebook's calls of `before` and `after`, and its answers, from top to bottom.

    Returns:
        ["asks", a variable, "before" or "after", the form or ""] for each variable that gets such a
        quiz, or "" for both if it gets something else; ["answers", the variable, the question's
        number, the guess] for each answer.
    """
    found: list[list[object]] = []
    for statement in _statements(cells, "answer", "before", "after"):
        if isinstance(statement, ast.Assign):
            for target in statement.targets:
                found += [["asks", name, *_quiz(statement.value)] for name in _names(target)]
        for node in ast.walk(statement):
            if _called(node) != "answer" or not isinstance(node.func, ast.Attribute):
                continue
            quiz, variable = node.func.value, getattr(node.func.value, "id", "")
            if isinstance(quiz, ast.Call):
                found.append(["asks", "", *_quiz(quiz)])
            number, guess = _arguments(node, "number", "guess")
            value = _guessed(guess)
            if isinstance(number, ast.Constant) and type(number.value) is int and value is not None:
                found.append(["answers", variable, number.value, value])
    return found


def _quiz(node: ast.expr) -> tuple[str, str]:
    """Return the quiz that an expression makes, and its form if it's spelled out."""
    called = _called(node)
    if called not in ("before", "after"):
        return "", ""
    form, _ = _arguments(node, "form", "")
    return called, form.value if isinstance(form, ast.Constant) and form.value else ""


def _names(target: ast.expr) -> list[str]:
    return [node.id for node in ast.walk(target) if isinstance(node, ast.Name)]


def _statements(cells: Sequence[str], *words: str) -> Iterator[ast.stmt]:
    """Yield the statements of readable cells with one of these words."""
    for source in cells:
        if not any(word in source for word in words):
            continue
        try:
            tree = parsed(source)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        yield from tree.body if tree else ()


def _called(node: ast.AST) -> str:
    function = getattr(node, "func", None) if isinstance(node, ast.Call) else None
    return getattr(function, "id", getattr(function, "attr", ""))


def _arguments(node: ast.Call, first: str, second: str) -> tuple[ast.expr | None, ast.expr | None]:
    named = {keyword.arg: keyword.value for keyword in node.keywords}
    given = node.args[0] if node.args else named.get(first)
    return given, node.args[1] if len(node.args) > 1 else named.get(second)


def _guessed(node: ast.expr | None) -> object:
    """Return a guess if it's spelled out, else None."""
    try:
        value = literal(node)
        json.dumps(value)
    except (ValueError, TypeError, ArithmeticError, RecursionError):
        return None
    return None if value is ... else value


def literal(node: ast.expr | None) -> object:
    """Return the value of a guess: a number, a word, a shape, or words with their chances.

    Raises:
        ValueError: if you'd have to run code to find it.
    """
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, (ast.Tuple, ast.List)):
        return [literal(entry) for entry in node.elts]
    if isinstance(node, ast.Dict):
        pairs = zip(node.keys, node.values, strict=True)
        return {str(literal(key)): literal(value) for key, value in pairs}
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
        value = _number(node.operand)
        return -value if isinstance(node.op, ast.USub) else value
    if isinstance(node, ast.BinOp) and type(node.op) in OPERATIONS:
        return OPERATIONS[type(node.op)](_number(node.left), _number(node.right))
    if isinstance(node, (ast.Name, ast.Attribute)):
        name = getattr(node, "id", getattr(node, "attr", "")).lower()
        if name in CONSTANTS:
            return CONSTANTS[name]
    if isinstance(node, ast.Call) and _called(node) == "float" and len(node.args) == 1:
        return float(str(literal(node.args[0])))
    raise ValueError("it isn't a literal")


def _number(node: ast.expr) -> float:
    value = literal(node)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"{value!r} isn't a number")
    return float(value) if abs(value) < 2**1000 else (math.inf if value > 0 else -math.inf)


def first_ones(noted: Mapping[str, object], compared: Sequence[tuple[str, object]]) -> dict:
    """Return the first guess for each question: the compared one, or else the noted one."""
    found: dict[str, object] = {}
    for question, guess in compared:
        found.setdefault(question, guess)
    return {**noted, **found}
