"""The code in an answer's process that gets from a notebook to the argument of `check`.

The quick way runs only the statements that the answer needs. The full way runs all cells in order,
in IPython, as the learner did, but without drawing, keyboard input or waiting. In both, `check`
only notes its argument.
"""

import __future__

import ast
import asyncio
import builtins
import contextlib
import importlib
import inspect
import linecache
import signal
import sys
import tempfile
import time
import types
from collections.abc import Callable, Iterator, Sequence

import softmax_lessons
from softmax_lessons.attempts.run import does_nothing
from softmax_lessons.grading.notebook import checked, parsed

LEAST_SECONDS = 0.2  # for one statement, so that a definition always gets its turn
ROUNDS = 3  # how often to retry statements that came too early
# modules of the course that a notebook may import, although the files aren't there; the others know
# answers
LOADED = ("dtypes", "explorers", "functions", "online", "plots")
SILENT = (
    *("Progress", "Steps", "Verdict"),
    *("after", "before", "predict", "progress", "review", "steps"),
)


class NotAFunctionError(TypeError):
    """The argument of `check` can't be called; the message is the name of its type."""


def prepare() -> None:
    """Load what notebooks use while all files are there, and replace the costly parts."""
    import matplotlib.pyplot as plt
    from IPython.core.interactiveshell import InteractiveShell
    from matplotlib.backend_bases import FigureCanvasBase
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from traitlets.config import Config

    for name in LOADED:
        importlib.import_module(f"softmax_lessons.{name}")
    for name in set(softmax_lessons.__all__) - {*SILENT, "check"}:
        getattr(softmax_lessons, name)

    def nothing(*arguments: object, **named: object) -> None:
        pass

    Figure.savefig = FigureCanvasBase.print_figure = FigureCanvasAgg.draw = nothing
    plt.show = plt.draw = plt.pause = nothing
    for module in (softmax_lessons.plots, softmax_lessons.explorers):
        for name in filter(str.islower, module.__all__):
            setattr(module, name, lambda *arguments, **named: "")
    softmax_lessons.plots.show = lambda fig, *more: plt.close(fig)
    with tempfile.TemporaryDirectory() as folder:
        quiet = Config({"HistoryManager": {"enabled": False}})
        shell = InteractiveShell.instance(config=quiet, ipython_dir=folder)
    shell.showtraceback = shell.showsyntaxerror = shell.system = nothing
    shell.enable_matplotlib = shell.enable_gui = nothing
    shell.getoutput = lambda *arguments, **named: []


def attempt(request: dict) -> tuple[Callable[..., object], bool]:
    """Return the function that counts as the answer, or one that raises what prevented it.

    Also return whether a statement was cut off because it took too long.

    Args:
        request: `code` holds a pair for each cell, its source and which of its statements are
            needed; with `full`, the sources of all cells. `stop` is the index of the cell with the
            last check, `shown` has the attempts that the course's own notebooks pass to `check`,
            and `checked` says whether the argument of `check` counts, rather than the function
            itself. `notebook_seconds` is the time for all cells; a statement gets a quarter of the
            remaining time.
    """
    given = _Given(request["exercise"])
    softmax_lessons.check = given
    for name in SILENT:
        setattr(softmax_lessons, name, lambda *arguments, **named: None)
    checks = types.ModuleType("softmax_lessons.checks")
    checks.check = given
    sys.modules[checks.__name__] = checks
    run = _run_all if request["full"] else _run_needed
    runner = run(request, given, _Prepared(request["exercise"], request["shown"]))
    return _function(runner, given, request), runner.cut_off


def _function(runner: "_Runner", given: "_Given", request: dict) -> Callable[..., object]:
    name = request["function"]
    function = runner.names.get(name)
    if request["checked"] and not _is_stub(given.last):
        function = given.last
    if name not in runner.names and _is_stub(function):
        errors = [error for module, error in runner.failed if name in _mentioned(module)]
        return _raising(errors[-1] if errors else NameError(f"name {name!r} is not defined"))
    if _is_stub(function):
        return lambda *arguments: ...
    return function if callable(function) else _raising(NotAFunctionError(type(function).__name__))


def _is_stub(attempt: object) -> bool:
    return attempt is None or attempt is ... or does_nothing(attempt)


def _mentioned(node: ast.AST) -> set[str]:
    return {getattr(each, "id", getattr(each, "name", "")) for each in ast.walk(node)}


def _raising(error: BaseException) -> Callable[..., object]:
    def fail(*arguments: object, **named: object) -> None:
        raise error

    return fail


class _TookTooLong(KeyboardInterrupt):
    """A statement's time is up."""


class _Given:
    """Stands in for `check`: keeps its argument for one exercise, and says nothing."""

    def __init__(self, exercise: str) -> None:
        self._exercise = exercise
        self.last: object = None

    def __call__(
        self, exercise: object, attempt: object = None, **named: object
    ) -> types.SimpleNamespace:
        if isinstance(exercise, str) and exercise == self._exercise and "test" not in named:
            self.last = attempt
        # a notebook may only continue if its answer is right, and this process can't know that
        fields = ("says", "headline", "account", "message", "hint")
        return types.SimpleNamespace(passed=True, status="right", **dict.fromkeys(fields, ""))


class _Prepared(ast.NodeTransformer):
    """Leaves out the course's own calls of `check`, and continues if a package is missing."""

    def __init__(self, exercise: str, shown: Sequence[str]) -> None:
        self._exercise, self._shown = exercise, frozenset(shown)

    def visit_Module(self, node: ast.Module) -> ast.Module:
        node.body = [each for statement in node.body for each in _one_by_one(statement)]
        return ast.fix_missing_locations(self.generic_visit(node))

    def visit_Call(self, node: ast.Call) -> ast.expr:
        found = checked(node)
        if found and found[0] == self._exercise:
            with contextlib.suppress(RecursionError):  # if so, it isn't one of the course's
                if ast.unparse(found[1]) in self._shown:
                    return ast.copy_location(ast.Constant(None), node)
        return self.generic_visit(node)


def _one_by_one(node: ast.stmt) -> Iterator[ast.stmt]:
    """Yield an import as one per name, each of which may fail: that only matters if it's used."""
    if not isinstance(node, (ast.Import, ast.ImportFrom)) or _is_future(node):
        yield node
        return
    for alias in node.names:
        single = ast.Import([alias])
        if isinstance(node, ast.ImportFrom):
            single = ast.ImportFrom(node.module, [alias], node.level)
        ignore = ast.ExceptHandler(ast.Name("Exception", ast.Load()), None, [ast.Pass()])
        yield ast.copy_location(ast.Try([single], [ignore], [], []), node)


def _is_future(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == "__future__"


class _Runner:
    """Runs statements one by one: if one fails, we lose its results, but nothing else."""

    def __init__(self, names: dict[str, object], prepared: _Prepared) -> None:
        self.names = names
        self.failed: list[tuple[ast.Module, BaseException]] = []
        self.cut_off = False
        self._prepared, self._flags, self._cells = prepared, ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, 0

    def run(self, body: Sequence[ast.stmt], source: str, seconds: Callable[[], float]) -> None:
        """Run a cell's statements, each with a time limit; keep those that fail."""
        self._cells += 1
        file = f"<cell {self._cells}>"
        # TorchScript reads the source, and so do messages about assertions without a text
        linecache.cache[file] = (len(source), None, source.splitlines(True), file)
        for node in body:
            if _is_future(node):  # for everything after it
                for alias in node.names:
                    self._flags |= getattr(__future__, alias.name).compiler_flag
            self._do(self._prepared.visit(ast.Module([node], [])), file, seconds())

    def run_again(self, seconds: Callable[[], float]) -> None:
        """Run statements again that came before the names they use: cells can run in any order."""
        for _ in range(ROUNDS):
            before, self.failed = self.failed, []
            for module, error in before:
                if isinstance(error, NameError):
                    self._do(module, "<again>", seconds())
                else:
                    self.failed.append((module, error))
            if len(self.failed) == len(before):
                break

    def _do(self, module: ast.Module, file: str, seconds: float) -> None:
        try:
            code = compile(module, file, "exec", self._flags, dont_inherit=True)
            try:
                # more than once, because a loop may go on after the first interrupt
                signal.setitimer(signal.ITIMER_REAL, seconds, 0.1)
                result = eval(code, self.names)
                if inspect.iscoroutine(result):
                    asyncio.run(result)
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
        except BaseException as error:
            self.cut_off |= isinstance(error, _TookTooLong)
            self.failed.append((module, error))


def _run_needed(request: dict, given: _Given, prepared: _Prepared) -> _Runner:
    """Run the needed statements, one after another."""
    main = types.ModuleType("__main__")
    main.check = given
    sys.modules["__main__"] = main
    runner = _Runner(vars(main), prepared)

    def seconds() -> float:
        return request["notebook_seconds"]

    for source, indices in request["code"]:
        body = parsed(source).body
        runner.run([body[i] for i in indices], source, seconds)
    runner.run_again(seconds)
    return runner


def _run_all(request: dict, given: _Given, prepared: _Prepared) -> _Runner:
    """Run all cells in order, with IPython's magics."""
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell.instance()
    shell.ast_transformers.append(prepared)  # for cells within cells, such as with `%%capture`
    sys.modules["__main__"] = shell.user_module
    sys.path.insert(0, "")  # as in Jupyter, so that files written by cells can be imported
    runner, stop = _Runner(shell.user_ns, prepared), request["stop"]
    runner.names["check"] = given
    end = time.monotonic() + request["notebook_seconds"]

    def seconds() -> float:
        return max((end - time.monotonic()) / 4, LEAST_SECONDS)

    def run(cells: Sequence[str]) -> None:
        for cell in cells:
            # a cell that can't be read can't be run
            with contextlib.suppress(Exception), shell.builtin_trap:
                source, body = _read(cell, shell.transform_cell)
                runner.run(body, source, seconds)

    with _nobody_there():
        run(request["code"][: stop + 1])
        kept = dict(runner.names)
        # statements after the check only count for names that aren't there yet
        run(request["code"][stop + 1 :])
        runner.run_again(seconds)
        runner.names.update(kept)
    return runner


def _read(cell: str, transform: Callable[[str], str]) -> tuple[str, list[ast.stmt]]:
    """Return a cell and its statements; only what isn't Python needs IPython, which is slow."""
    with contextlib.suppress(SyntaxError):
        return cell, ast.parse(cell).body
    source = transform(cell)
    return source, ast.parse(source).body


@contextlib.contextmanager
def _nobody_there() -> Iterator[None]:
    """Make input end and sleep return at once, and interrupt statements that take too long."""

    def interrupt(*arguments: object) -> None:
        raise _TookTooLong

    def no_input(prompt: object = "") -> str:
        raise EOFError("nobody is at the keyboard")

    asked, slept = builtins.input, time.sleep
    signal.signal(signal.SIGALRM, interrupt)
    builtins.input, time.sleep = no_input, lambda seconds: None
    try:
        yield
    finally:
        signal.signal(signal.SIGALRM, signal.SIG_IGN)
        builtins.input, time.sleep = asked, slept
