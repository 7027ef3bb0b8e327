"""Exercises on the site as lines to put in order, with what each order is told."""

import html
import json
import warnings
from collections.abc import Iterator
from functools import cache
from itertools import permutations

from softmax_lessons import Verdict, steps
from softmax_lessons.attempts.run import bind_arguments, run
from softmax_lessons.checker.parsons import Parsons
from softmax_lessons.grading.notebook import places
from softmax_lessons.lessons import parsons, tasks
from softmax_lessons.translation import translated

FORM = """<details class="steps" data-steps="{data}">
<summary>{summary}</summary>
<p>{rule}</p>
<p><code>{head}</code></p>
<ol class="steps-lines">
{lines}
</ol>
</details>"""
LINE = '<li><span class="steps-letter">{}</span> <code>{}</code></li>'


def form(name: str) -> str:
    """Return the lines of an exercise as HTML: a list, and what steps.js needs to make more of it.

    Args:
        name: an exercise that has steps.
    """
    problem = parsons()[name]
    verdicts = _verdicts(problem)
    texts = sorted({verdict.says for verdict in verdicts.values() if not verdict.passed})
    data = {
        "right": [order for order, verdict in verdicts.items() if verdict.passed],
        "says": texts,
        "wrong": {
            order: texts.index(verdict.says)
            for order, verdict in verdicts.items()
            if not verdict.passed
        },
        "check": f'check("{name}", {places()[name].function})',
    }
    lines = (LINE.format(letter, html.escape(line)) for letter, line in problem.shown.items())
    return FORM.format(
        summary=html.escape(translated("Stuck? Put these lines in order"), quote=False),
        rule=html.escape(translated("One of them doesn't belong."), quote=False),
        data=html.escape(json.dumps(data)),
        head=html.escape(problem.head),
        lines="\n".join(lines),
    )


@cache
def _verdicts(problem: Parsons) -> dict[str, Verdict]:
    """Return what `steps` says of each order that gets beyond a name which isn't there yet."""
    return {order: steps(problem.name, order) for order in _that_run(problem)}


def _that_run(problem: Parsons) -> Iterator[str]:
    task = tasks()[problem.name]
    (first, *_) = task.probes()
    for order in permutations(problem.shown, len(problem.right)):
        try:
            function = bind_arguments(task.prepared(problem.function(order)), task.parameters)
        except SyntaxError:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            error = run(function, first).error
        if not error.startswith(("NameError", "UnboundLocalError")):
            yield "".join(order)
