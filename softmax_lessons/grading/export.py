"""Write the lessons as an nbgrader course: `python -m softmax_lessons.grading.export FOLDER`.

The exercises become nbgrader's: the solution between its markers, and a check worth one point.
"""

import ast
import sys
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from softmax_lessons.copies import tags, without_notes, without_outputs
from softmax_lessons.workspace import lessons

CONFIG = """\
c = get_config()
c.CourseDirectory.course_id = "softmax"
c.Execute.timeout = 60
c.OverwriteCells.add_missing_cells = True
"""


def export(folder: Path) -> list[Path]:
    """Write an nbgrader course with one assignment per lesson with exercises.

    Args:
        folder: where to put it; created if it doesn't exist.

    Returns:
        The notebooks written.

    Raises:
        FileExistsError: if one of them already exists.
    """
    written = []
    for lesson in lessons():
        notebook = without_outputs(without_notes(nbformat.read(lesson, as_version=4)))
        if _convert(notebook):
            target = folder / "source" / lesson.stem / lesson.name
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("x", encoding="utf-8") as file:
                nbformat.write(notebook, file)
            written.append(target)
    config = folder / "nbgrader_config.py"
    if not config.exists():
        config.write_text(CONFIG, encoding="utf-8")
    return written


def _convert(notebook: NotebookNode) -> int:
    """Turn a lesson's exercises into nbgrader's, in place; return their number."""
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    count = 0
    for i, cell in enumerate(code):
        if "exercise" not in tags(cell):
            continue
        count += 1
        check, solution = code[i + 1], next(c for c in code[i:] if "solution" in tags(c))
        name = ast.literal_eval(ast.parse(check.source).body[0].value.args[0])
        cell.source = _with_solution(cell.source, solution.source)
        check.source = f"verdict = {check.source}\nassert verdict.passed, verdict.message"
        _mark(cell, f"{name}_answer", solution=True)
        _mark(check, f"{name}_check", grade=True, locked=True, points=1)
        code.remove(solution)
    notebook.cells = [c for c in notebook.cells if not {"solution", "answer"} & tags(c)]
    return count


def _with_solution(stub: str, solution: str) -> str:
    """Return the stub's first lines with the solution's body between nbgrader's markers."""
    head, _, _ = stub.partition("    return ...")
    function = next(n for n in ast.parse(solution).body if isinstance(n, ast.FunctionDef))
    lines = solution.splitlines()[function.body[0].lineno - 1 : function.end_lineno]
    return "\n".join([head.rstrip(), "    ### BEGIN SOLUTION", *lines, "    ### END SOLUTION"])


def _mark(cell: NotebookNode, identity: str, **facts: object) -> None:
    plain = {"grade": False, "solution": False, "locked": False, "task": False}
    cell.metadata["nbgrader"] = {"schema_version": 3, "grade_id": identity, **plain, **facts}


if __name__ == "__main__":
    for path in export(Path(sys.argv[1])):
        print(path)
