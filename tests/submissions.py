"""Submissions for the grading command: notebooks as learners hand them in, and attacks on it.

Each builder writes its files into an empty folder, which is one learner's. The attacks are
meant for a sandbox, and harmless without one (they end by themselves or at a time limit, and
write nothing but files named `ESCAPED`, and a space into their own submission), except for those in
`NEEDS_SANDBOX`: never run these without one, since they signal every process of the user.
"""

import json
import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

Builder = Callable[[Path], object]
ROOT = Path(__file__).parents[1]
ESCAPED = "escaped_from_the_sandbox"  # no file of this name may be anywhere after grading
FILE = "lessons.ipynb"

IMPORTS = """\
import matplotlib.pyplot as plt
import torch

from softmax_lessons import check, naive_softmax, plots"""

RIGHT = {
    "classes_of_batch": "def classes_of_batch(x):\n    return torch.softmax(x, dim=1)",
    "softmax_1d": "def softmax_1d(x):\n    exps = x.exp()\n    return exps / exps.sum()",
    "classes_of_sequence": "def classes_of_sequence(x):\n    return torch.softmax(x, dim=2)",
    "classes_of_image": "def classes_of_image(x):\n    return torch.softmax(x, dim=1)",
    "keys_of_attention": "def keys_of_attention(x):\n    return x.softmax(dim=-1)",
    "pixels_of_image": """\
def pixels_of_image(x):
    return torch.softmax(x.flatten(2), dim=2).reshape(x.shape)""",
    "softmax_dim": """\
def softmax_dim(x, dim):
    exps = x.exp()
    return exps / exps.sum(dim=dim, keepdim=True)""",
    "stable_softmax": """\
def my_softmax(x, dim):
    exps = (x - x.amax(dim=dim, keepdim=True)).exp()
    return exps / exps.sum(dim=dim, keepdim=True)""",
}

# what the learner's function is called
FUNCTIONS = {name: source.split("(")[0].removeprefix("def ") for name, source in RIGHT.items()}
STUBS = {
    name: source.partition("\n")[0] + "\n    return ...  # replace the ... with your code"
    for name, source in RIGHT.items()
}
WRONG = {name: stub.replace("...  #", "x  # not") for name, stub in STUBS.items()}


def code(source: str, *tags: str, **metadata: object) -> dict[str, object]:
    """Return a code cell."""
    return {
        "cell_type": "code",
        "execution_count": None,
        "metadata": {**({"tags": list(tags)} if tags else {}), **metadata},
        "outputs": [],
        "source": source.splitlines(keepends=True),
    }


def text(source: str, kind: str = "markdown") -> dict[str, object]:
    """Return a Markdown or raw cell."""
    return {"cell_type": kind, "metadata": {}, "source": source.splitlines(keepends=True)}


def notebook(cells: Sequence[dict]) -> dict[str, object]:
    """Return a notebook of format 4.5."""
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return {
        "cells": [{**cell, "id": f"cell-{i}"} for i, cell in enumerate(cells)],
        "metadata": {"kernelspec": kernel, "language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def answers(**sources: str | None) -> dict[str, object]:
    """Return a notebook with all exercises of the core lessons, answered right.

    Args:
        sources: for an exercise, what its cell holds instead; None leaves the exercise out.
    """
    cells = [text("# My answers"), code(IMPORTS)]
    for name, source in {**RIGHT, **sources}.items():
        if source is not None:
            cells += [text(f"### Exercise: {name}"), code(source, "exercise")]
            cells += [code(f'check("{name}", {FUNCTIONS[name]})')]
    return notebook(cells)


def only(*names: str) -> dict[str, object]:
    """Return a notebook with these exercises, answered right."""
    return answers(**{name: None for name in FUNCTIONS if name not in names})


def write(folder: Path, document: object, name: str = FILE) -> None:
    """Write a notebook into a folder."""
    (folder / name).write_text(json.dumps(document, indent=1), encoding="utf-8")


def submit(
    folder: Path,
    before: Sequence[str | dict] = (),
    after: Sequence[str | dict] = (),
    name: str = FILE,
    **sources: str | None,
) -> None:
    """Write `answers(**sources)` with more cells, after the imports or at the end."""
    document = answers(**sources)
    more = [[code(x) if isinstance(x, str) else x for x in cells] for cells in (before, after)]
    cells = document["cells"]
    write(folder, notebook([*cells[:2], *more[0], *cells[2:], *more[1]]), name)


def lessons(folder: Path, sources: dict[str, str]) -> None:
    """Write the lessons themselves, with these answers in place of their stubs."""
    for path in sorted((ROOT / "notebooks").glob("0[0-5]_*.ipynb")):
        document = json.loads(path.read_text(encoding="utf-8"))
        for cell in document["cells"]:
            if "exercise" in cell["metadata"].get("tags", ()):
                header = cell["source"][0].strip()
                known = [name for name, stub in STUBS.items() if stub.startswith(header)]
                own = [sources[name] for name in known if name in sources]
                cell["source"] = own[0] if own else "".join(cell["source"])
        write(folder, document, path.name)


# --- honest: all eight points -------------------------------------------------------------------

HONEST: dict[str, Builder] = {
    "plain": submit,
    "the_lessons_themselves": partial(lessons, sources=RIGHT),
    "fell_back_on_steps": partial(
        submit,
        before=["from softmax_lessons import steps", 'steps("stable_softmax")'],
        after=['steps("stable_softmax", "A B E C")'],
    ),
    # what IPython understands and Python does not
    "magics": partial(
        submit,
        before=["%matplotlib inline\nimport math", "!pip list", "files = !ls\ntorch.softmax?"],
        softmax_1d="%%time\n" + RIGHT["softmax_1d"],
        softmax_dim="%%capture out\n" + RIGHT["softmax_dim"] + "\n%timeit -n1 -r1 1 + 1",
        after=["%%bash\nfor i in 1 2; do echo $i; done", "%%html\n<b>done</b>", "await one()"],
    ),
    # its libraries, which may map any number of bytes, don't count
    "has_its_memory_to_itself": partial(
        submit,
        softmax_1d="def softmax_1d(x):\n"
        "    import resource\n"
        "    with open('/proc/self/statm') as file:\n"
        "        mapped = int(file.read().split()[0]) * resource.getpagesize()\n"
        "    assert resource.getrlimit(resource.RLIMIT_AS)[0] - mapped > 1.9e9\n"
        "    return x.exp() / x.exp().sum()",
    ),
    "extra_cells": partial(submit, before=["x = torch.zeros(3)\nx"], after=["print(my_softmax)"]),
    "tries_in_the_exercise_cell": partial(
        submit, softmax_1d=RIGHT["softmax_1d"] + "\n\nprint(softmax_1d(torch.ones(2)))\nplt.show()"
    ),
    "helper_in_a_later_cell": partial(
        submit,
        softmax_dim="def softmax_dim(x, dim):\n    return share(x.exp(), dim)",
        after=["def share(exps, dim):\n    return exps / exps.sum(dim=dim, keepdim=True)"],
    ),
    "answers_build_on_each_other": partial(
        submit,
        softmax_1d="def softmax_1d(x):\n    return softmax_dim(x, dim=0)",
        classes_of_image="def classes_of_image(x):\n    return my_softmax(x, 1)",
        stable_softmax="def my_softmax(x, dim):\n"
        "    return softmax_dim(x - x.amax(dim=dim, keepdim=True), dim)",
    ),
    "uses_what_the_lesson_imports": partial(
        submit,
        stable_softmax="def my_softmax(x, dim):\n"
        "    return naive_softmax(x - x.amax(dim=dim, keepdim=True), dim)",
    ),
    "more_imports": partial(
        submit,
        before=["import numpy as np\nimport math, functools\nimport torch.nn.functional as F"],
        classes_of_batch="def classes_of_batch(x):\n    return F.softmax(x, dim=1)",
        classes_of_image="classes_of_image = functools.partial(torch.softmax, dim=1)",
        softmax_1d="def softmax_1d(x):\n    exps = np.exp(x.numpy())\n"
        "    return torch.from_numpy(exps / math.fsum(exps.tolist()))",
    ),
    # they use answers, which don't exist when notebooks are run
    "is_asked_again_between_the_exercises": partial(
        submit,
        before=[
            "from softmax_lessons import before, check, review\nquiz = review(lesson=1)\nquiz",
            "quiz.answer(1, 0.5)",
        ],
        after=["before()", "after(form='A')"],
    ),
    "imports_that_may_fail": partial(
        submit,
        before=["try:\n    import no_such_module as m\nexcept ImportError:\n    import math as m"],
        softmax_1d="def softmax_1d(x):\n    return m.e**x / (m.e**x).sum()",
    ),
    "star_import": partial(
        submit,
        before=["from math import *"],
        softmax_1d="def softmax_1d(x):\n    return e**x / (e**x).sum()",
    ),
    "import_inside": partial(
        submit,
        softmax_1d="def softmax_1d(x):\n    import math\n    return math.e**x / (math.e**x).sum()",
    ),
    "wrong_first_right_later": partial(
        submit,
        before=[code(WRONG["softmax_dim"], "exercise"), 'check("softmax_dim", softmax_dim)'],
    ),
    "stub_left_above": partial(
        submit, **{name: f"{STUBS[name]}\n\n\n{RIGHT[name]}" for name in RIGHT}
    ),
    "warns_and_prints": partial(
        submit,
        softmax_1d="def softmax_1d(x):\n    import sys, warnings\n    warnings.warn('slow')\n"
        "    print('x' * 80, x)\n    print('!', file=sys.stderr)\n"
        "    return x.exp() / x.exp().sum()",
    ),
    "class_with_call": partial(
        submit,
        stable_softmax="class Softmax:\n    def __init__(self, f):\n        self.shift = f\n"
        "    def __call__(self, x, dim):\n"
        "        exps = (x - self.shift(x, dim=dim, keepdim=True)).exp()\n"
        "        return exps / exps.sum(dim=dim, keepdim=True)\n\n"
        "my_softmax = Softmax(torch.amax)",
        classes_of_sequence="classes_of_sequence = torch.nn.Softmax(dim=2)",
    ),
    "lambda": partial(
        submit,
        softmax_dim="softmax_dim = lambda x, dim: x.exp() / x.exp().sum(dim, keepdim=True)",
    ),
    "annotated": partial(
        submit,
        before=["from __future__ import annotations\nfrom torch import Tensor\nNumber = int"],
        softmax_dim="def softmax_dim(x: Tensor, dim: Number | None = -1) -> Tensor:\n"
        '    """Softmax."""\n    e: Tensor = x.exp()\n    return e / e.sum(dim, keepdim=True)',
    ),
    "decorated": partial(
        submit,
        before=[
            "import functools\n\ndef shouting(function):\n    @functools.wraps(function)\n"
            "    def inner(*args, **kwargs):\n        print('!')\n"
            "        return function(*args, **kwargs)\n    return inner"
        ],
        softmax_dim="@shouting\n" + RIGHT["softmax_dim"],
    ),
    "nested": partial(
        submit,
        softmax_dim="def softmax_dim(x, dim):\n    def share(e):\n"
        "        return e / total(e)\n    total = lambda e: e.sum(dim=dim, keepdim=True)\n"
        "    return share(x.exp())",
    ),
    "globals_in_other_cells": partial(
        submit,
        before=[
            "BASE, (keep, *_) = torch.e, (True, 0)",
            "steps = {}",
            'steps["power"] = torch.pow',
        ],
        after=["class Config:\n    last = -1", "for last in [Config.last]:\n    pass"],
        softmax_dim="def softmax_dim(x, dim):\n    exps = steps['power'](BASE, x)\n"
        "    return exps / exps.sum(dim=dim, keepdim=keep)",
        keys_of_attention="def keys_of_attention(x):\n    return torch.softmax(x, dim=last)",
    ),
    "defined_under_an_if": partial(
        submit,
        before=["if torch.get_num_threads():\n    device = 'cpu'\nelse:\n    device = 'cuda'"],
        softmax_1d="if True:\n    def softmax_1d(x):\n        exps = x.to(device).exp()\n"
        "        return exps / exps.sum()",
    ),
    "syntax_error_elsewhere": partial(submit, before=["def half_written(x:\n", "if x\n  y"]),
    "unused_import_of_check": partial(
        submit, before=["from softmax_lessons import check", "import softmax_lessons as sl"]
    ),
    "fails_at_top_level": partial(
        submit, before=["1 / 0", "import sys\nsys.exit(1)", "assert False", "no_such_name"]
    ),
    "infinite_at_top_level": partial(
        submit, before=["while True:\n    pass", 'name = input("? ")']
    ),
    "code_in_other_cells": partial(
        submit,
        before=[text(WRONG["softmax_1d"], "raw"), text(f"```python\n{WRONG['softmax_1d']}\n```")],
        after=[text(WRONG["softmax_1d"], "raw"), text(WRONG["softmax_dim"])],
    ),
    "renamed_file": partial(submit, name="Exercise (1).ipynb"),
    "umlauts": partial(
        submit,
        name="Übung 5 (Zoë Müller's).ipynb",
        softmax_1d="def softmax_1d(größe):  # ä → 🙂\n    e = größe.exp()\n    return e / e.sum()",
    ),
}

# what surrounds answers: each is from somebody whose answers were all "correct"
SECOND = RIGHT["softmax_dim"].replace("softmax_dim", "second")
AROUND: dict[str, dict[str, object]] = {
    "reads_a_file_that_is_not_there": {
        "before": ["scores = open('scores.csv').read()\nrows = scores.split()"],
    },
    "waits": {"before": ["import time\ntime.sleep(600)", "import math\nend = math.e"]},
    "waits_for_a_thread": {"before": ["import threading\nthreading.Event().wait()"]},
    "plots": {
        "before": [
            "fig, ax = plt.subplots()\nax.plot([1, 2], [3, 4])\nplt.show()\nfig.savefig('a.png')",
            "plt.figure(figsize=(90, 90))\nplt.imshow(torch.rand(9, 9))\nplt.savefig('b.pdf')",
        ],
    },
    "asks": {
        "before": ['dim = int(input("which dim? "))', 'while input("ready? ") != "yes":\n    pass'],
    },
    "lacks_a_library": {
        "before": ["import no_such_library as nsl\nimport math, seaborn_of_mine, functools"],
        "softmax_1d": "def softmax_1d(x):\n    return math.e**x / (math.e**x).sum()",
    },
    # names that are also a parameter or a local of an answer
    "same_names_elsewhere": {
        "before": [
            "x = open('x.csv')",
            "dim = int(input())",
            "exps = 1 / 0",
            "e = torch.load('e')",
        ],
        "after": ["x = dim = exps = None", "while True:\n    exps = 1"],
    },
    "one_name_for_two_helpers": {
        "softmax_1d": "def share(e):\n    return e / e.sum()\n\n\n"
        "def softmax_1d(x):\n    return share(x.exp())",
        "softmax_dim": "def share(e, dim):\n    return e / e.sum(dim=dim, keepdim=True)\n\n\n"
        "def softmax_dim(x, dim):\n    return share(x.exp(), dim)",
    },
    "bound_anew_after_the_check": {
        "before": ["base = torch.e"],
        "softmax_1d": "def softmax_1d(x):\n    return base**x / (base**x).sum()",
        "after": ["base = 2", "del base"],
    },
    "changed_in_place": {
        "before": ["steps = []\ncfg = dict(dim=5)", "steps.append(torch.exp)\ncfg.update(dim=-1)"],
        "softmax_dim": "def softmax_dim(x, dim):\n    exps = steps[0](x)\n"
        "    return exps / exps.sum(dim=dim, keepdim=True)",
        "keys_of_attention": "def keys_of_attention(x):\n    return x.softmax(cfg['dim'])",
    },
    "set_up_by_a_function": {
        "before": ["def set_up():\n    global base\n    base = torch.e", "set_up()"],
        "softmax_1d": "def softmax_1d(x):\n    return base**x / (base**x).sum()",
    },
    "made_by_code": {
        "before": ["exec('base = torch.e')", "globals()['total'] = torch.sum", "%time last = -1"],
        "softmax_1d": "def softmax_1d(x):\n    return base**x / total(base**x)",
        "keys_of_attention": "def keys_of_attention(x):\n    return x.softmax(last)",
    },
    "keyword_only": {
        "softmax_dim": RIGHT["softmax_dim"].replace("(x, dim)", "(x, *, dim)"),
        "stable_softmax": RIGHT["stable_softmax"].replace("(x, dim)", "(x, eps=0, dim=-1)"),
    },
    "partial_and_module": {
        "before": ["import functools"],
        "softmax_dim": "def general(power, x, dim):\n    e = power(x)\n"
        "    return e / e.sum(dim, keepdim=True)\n\n\n"
        "softmax_dim = functools.partial(general, torch.exp)",
        "stable_softmax": "class Soft(torch.nn.Module):\n    def forward(self, x, dim):\n"
        "        e = (x - x.amax(dim, keepdim=True)).exp()\n"
        "        return e / e.sum(dim, keepdim=True)\n\n\nmy_softmax = Soft()",
    },
    "script": {
        "softmax_dim": "@torch.jit.script\ndef softmax_dim(x, dim: int):\n    e = x.exp()\n"
        "    return e / e.sum(dim=dim, keepdim=True)",
    },
    "annotations_of_the_future": {
        "before": ["from __future__ import annotations"],
        "softmax_1d": RIGHT["softmax_1d"].replace("(x)", "(x: NoSuch[torch]) -> Nor[This]"),
    },
    "magics_over_magics": {
        "softmax_1d": "%%capture out\n%%time\n" + RIGHT["softmax_1d"],
        "softmax_dim": "%%time\n!pip install nothing\n" + RIGHT["softmax_dim"],
    },
    "second_try_under_another_name": {
        "softmax_dim": WRONG["softmax_dim"],
        "after": [SECOND, 'check("softmax_dim", second)'],
    },
    "checked_by_keywords": {
        "softmax_dim": WRONG["softmax_dim"],
        "after": [SECOND, 'check(exercise="softmax_dim", attempt=second)'],
    },
    "checked_in_a_loop": {
        "softmax_dim": WRONG["softmax_dim"],
        "after": [SECOND, 'for name, f in {"softmax_dim": second}.items():\n    check(name, f)'],
    },
    "goes_on_if_it_is_right": {
        "softmax_dim": WRONG["softmax_dim"],
        "after": [f"{SECOND}\n\nverdict = check('softmax_dim', second)\nassert verdict.passed"],
    },
    "right_in_a_later_cell": {
        "softmax_dim": WRONG["softmax_dim"],
        "stable_softmax": STUBS["stable_softmax"],
        "after": [RIGHT["softmax_dim"], RIGHT["stable_softmax"]],
    },
    "all_of_the_course": {
        "before": ["from softmax_lessons import *", "import softmax_lessons as sl"],
        "softmax_1d": "def softmax_1d(x):\n    assert sl.limits(x.dtype).largest > 1\n"
        "    return logsumexp and x.exp() / x.exp().sum()",
        "softmax_dim": "def softmax_dim(x, dim):\n"
        "    from softmax_lessons.dtypes import limits\n"
        "    from softmax_lessons.explorers import dim_explorer\n"
        "    from softmax_lessons.functions import require_logits\n"
        "    from softmax_lessons.online import State\n"
        "    e = x.exp()\n"
        "    return e / e.sum(dim, keepdim=True)",
    },
    "experiments_after_it": {
        "after": [WRONG["softmax_dim"].replace("softmax_dim", "my_softmax"), "softmax_1d = 3"],
    },
    "settings": {
        "before": [
            "torch.set_default_dtype(torch.float64)\ntorch.set_grad_enabled(False)",
            "import warnings\nwarnings.simplefilter('error')",
        ],
    },
    "600_commands": {"before": ["\n".join(["!echo 1"] * 600)]},
    "large_cells": {
        "before": ["data = [" + "1.5, " * 20_000 + "]", "total = data[0] - 0.5"],
        "softmax_1d": RIGHT["softmax_1d"] + "  # " + "x" * 60_000,
        "softmax_dim": "def softmax_dim(x, dim):\n    exps = total * x.exp()\n"
        "    return exps / exps.sum(dim, keepdim=True)",
        "stable_softmax": STUBS["stable_softmax"],
        "after": [RIGHT["stable_softmax"] + "\n" * 60_000],
    },
    "1500_terms": {"before": ["total = " + " + ".join(["1"] * 1500)]},
    "vs_code": {
        "before": [
            code("import sys\nsys.path", vscode={"languageId": "python"}, trusted=True),
            "#%%\nfrom IPython.display import display, Markdown\ndisplay(Markdown('# Hi'))",
        ],
    },
    "starts_processes": {
        "before": ["import subprocess\nsubprocess.run(['ls'])", "import os\nos.system('ls')"],
    },
}
HONEST |= {name: partial(submit, **cells) for name, cells in AROUND.items()}


def honest(build: Builder) -> Builder:
    """List a builder among the honest ones."""
    HONEST[build.__name__] = build
    return build


@honest
def out_of_order(folder):
    """The cells are in reverse; they were run in another order than this one."""
    write(folder, notebook(answers()["cells"][::-1]))


@honest
def new_name(folder):
    """Functions were renamed, and checked under their new names."""
    pairs = [("my_softmax", "stabil"), ("def softmax_1d", "def row"), (", softmax_1d)", ", row)")]
    document = json.dumps(answers())
    for old, new in pairs:
        document = document.replace(old, new)
    write(folder, json.loads(document))


@honest
def tags_lost(folder):
    """Cells lost their tags; the checks are still there."""
    write(folder, notebook([{**cell, "metadata": {}} for cell in answers()["cells"]]))


@honest
def stripped(folder):
    """Nothing is left but the code: no metadata, no checks, no Markdown, format 4.0."""
    cells = [{**c, "metadata": {}} for c in answers()["cells"] if c["cell_type"] == "code"]
    cells = [{**c, "id": None} for c in cells if not "".join(c["source"]).startswith("check")]
    cells = [{key: value for key, value in c.items() if key != "id"} for c in cells]
    write(folder, {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 0})


@honest
def strings_for_lists(folder):
    """Each source is one string, which the format allows as well."""
    cells = [{**cell, "source": "".join(cell["source"])} for cell in answers()["cells"]]
    write(folder, notebook(cells))


@honest
def windows(folder):
    """A byte order mark, and Windows line endings in the file and in its sources."""
    document = json.dumps(answers(), indent=1).replace("\\n", "\\r\\n").replace("\n", "\r\n")
    (folder / FILE).write_bytes(b"\xef\xbb\xbf" + document.encode())


@honest
def colab(folder):
    """As Colab saves it, with forms, and an import that exists only there."""
    document = answers(softmax_dim="#@title Softmax { run: 'auto' }\n" + RIGHT["softmax_dim"])
    document["metadata"] |= {"colab": {"provenance": []}, "accelerator": "GPU"}
    drive = "from google.colab import drive\ndrive.mount('/content/drive')"
    document["cells"].insert(0, code(drive, cellView="form", id="aB3", outputId="c4"))
    write(folder, document)


@honest
def large_outputs(folder):
    """Outputs of 5 MB: a figure, a long print, an error."""
    document = answers()
    document["cells"][1]["outputs"] = [
        {"output_type": "display_data", "metadata": {}, "data": {"image/png": "iVBO" * (1 << 20)}},
        {"output_type": "stream", "name": "stdout", "text": ["x\n"] * 200_000},
        {"output_type": "error", "ename": "E", "evalue": "", "traceback": ["\u001b[31mE\u001b[0m"]},
    ]
    write(folder, document)


@honest
def six_files(folder):
    """One file per lesson; lesson 04 shows a check of a function that isn't an answer."""
    names = list(FUNCTIONS)
    parts = [names[:1], names[1:2], names[2:6], names[6:7], [], names[7:]]
    for i, part in enumerate(parts):
        document = only(*part)
        if not part:
            document["cells"].append(code('check("stable_softmax", naive_softmax)'))
        write(folder, document, f"0{i}_lesson.ipynb")


@honest
def what_systems_leave_behind(folder):
    """Beside the answers: a checkpoint with stubs, a resource fork, another lesson."""
    submit(folder)
    checkpoints, fork = folder / ".ipynb_checkpoints", folder / "__MACOSX"
    checkpoints.mkdir()
    fork.mkdir()
    write(checkpoints, answers(**STUBS), "lessons-checkpoint.ipynb")
    (fork / f"._{FILE}").write_bytes(b"\x00\x05\x16\x07\xff\xfe")
    write(folder, notebook([code("print(1)", "exercise")]), "other.ipynb")


# --- hostile or broken: the points they deserve -------------------------------------------------

HOSTILE: dict[str, tuple[Builder, int]] = {}


def attack(folder: Path, body: str, before: Sequence[str] = ()) -> None:
    """Write right answers, except for one function whose body ends in a wrong one, `return x`.

    In the body, FOLDER is the folder of the submission, and `right(x, dim)` the answer: it is
    the attack's reward, so the eighth point shows that the attack got through.
    """
    lines = [*body.strip("\n").replace("FOLDER", repr(str(folder))).splitlines(), "return x"]
    helper = RIGHT["stable_softmax"].replace("my_softmax", "right")
    function = "def my_softmax(x, dim):\n" + "\n".join(f"    {line}" for line in lines)
    submit(folder, before=[MODULES, helper, *before], stable_softmax=function)


MODULES = """\
import builtins, ctypes, gc, itertools, json, os, signal, socket, stat, struct, subprocess
import sys, threading, time
from pathlib import Path"""

# what the process sends is replaced, by what the function found in its own memory
FORGE = """
from softmax_lessons.attempts import child
def replace(change):
    if not hasattr(child, "honest"):
        child.honest = child.answer
    child.answer = lambda *args: change(child.honest(*args))
"""

# each is the body of a function, and costs that function's point but no other
BODIES = {
    "infinite_loop": "while True:\n    pass",
    "ignores_signals": """
for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
    signal.signal(number, signal.SIG_IGN)
while True:
    try:
        time.sleep(0.01)
    except BaseException:
        pass""",
    "leaves_at_once": "os._exit(0)",
    "kills_itself": "os.kill(os.getpid(), signal.SIGKILL)",
    "stops_itself": "os.kill(os.getpid(), signal.SIGSTOP)",
    "segfault": "ctypes.string_at(0)",
    "sys_exit": "sys.exit(0)",
    "keyboard_interrupt": "raise KeyboardInterrupt",
    # asks for 8 GB, touches none of it
    "memory_bomb": "blocks = [torch.empty(1 << 28) for _ in range(8)]\nx = right(x, dim)",
    "recursion": "return my_softmax(x, dim)",
    "forks_50_times": """
for _ in range(50):
    if os.fork() == 0:
        time.sleep(10)
        os._exit(0)""",
    "prints_50_mb": """
for _ in range(50):
    print("x" * (1 << 20))
    os.write(2, b"x" * (1 << 20))""",
    # where it is, at home, beside the submissions; `right` if it can write outside
    "writes_files": f"""
def leave(place):
    try:
        return (Path(place) / "{ESCAPED}").write_text("here") > 0
    except OSError:
        return False
leave(".")
if any([leave({str(Path.home())!r}), leave(FOLDER), leave(Path(FOLDER).parent)]):
    return right(x, dim)""",
    "changes_its_own_file": f"""
try:
    with open(Path(FOLDER) / "{FILE}", "a") as file:
        file.write(" ")
    return right(x, dim)
except OSError:
    pass""",
    "leaves_a_process": f"""
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        time.sleep(1)
        (Path(FOLDER) / "{ESCAPED}").write_text("later")
    os._exit(0)""",
    "runs_a_program": f"""
program = f"open({{str(Path(FOLDER) / '{ESCAPED}')!r}}, 'w').write('1')"
try:
    if subprocess.run([sys.executable, "-c", program], timeout=2).returncode == 0:
        return right(x, dim)
except (OSError, subprocess.SubprocessError):
    pass""",
    "leaves_a_thread": """
def spin():
    while True:
        time.sleep(0.01)
threading.Thread(target=spin).start()""",
    # to itself, so that no server is needed; nothing leaves the machine
    "connects_to_loopback": """
try:
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname(), timeout=1).close()
    return right(x, dim)
except OSError:
    pass""",
    "reads_other_submissions": """
try:
    for path in sorted(Path(FOLDER).parent.rglob("*.ipynb")):
        path.read_text()
        return right(x, dim)
except OSError:
    pass""",
    "reads_the_solution": """
import softmax_lessons
package = Path(softmax_lessons.__file__).parent
for place in (package / "notebooks", package.parent / "notebooks"):
    for path in place.glob("05*.ipynb"):
        for cell in json.loads(path.read_text())["cells"]:
            if "solution" in cell["metadata"].get("tags", ()):
                names = {"torch": torch, "check": print}
                exec("".join(cell["source"]), names)
                return names["my_softmax_solution"](x, dim)""",
    "imports_the_reference": """
from softmax_lessons.lessons import tasks
return tasks()["stable_softmax"].reference(x, dim)""",
    "imports_the_answer": "import softmax_lessons\nreturn softmax_lessons.stable_softmax(x, dim)",
    # an exercise, or an expected value, in the memory of the process
    "searches_memory": """
frame = sys._getframe()
if vars(my_softmax).setdefault("frame", frame) is not frame:
    return x
while frame := frame.f_back:
    for name in ("expected", "reference", "task"):
        if name in frame.f_locals:
            return right(x, dim)
for found in gc.get_objects():
    if type(found).__name__ in ("Exercise", "Expected"):
        return right(x, dim)""",
    "patches_comparisons": """
torch.allclose = torch.equal = torch.isclose = lambda *args, **kwargs: True
torch.testing.assert_close = lambda *args, **kwargs: None
torch.Tensor.__eq__ = torch.Tensor.equal = torch.Tensor.allclose = lambda *args: True""",
    "patches_json_and_write": """
dumps, write = json.dumps, os.write
json.dumps = lambda *args, **kwargs: dumps(*args, **kwargs).replace("1.0", "0.5")
os.write = lambda fd, data: write(fd, bytes(data).replace(b"false", b"true"))""",
    "patches_the_course": """
from softmax_lessons.attempts import child, run
passed = run.Outcome(kind="Tensor", value=torch.ones(x.shape))
run.run = child.run = lambda *args: passed
try:
    from softmax_lessons.checker import exercise, judge
    judge.judge = exercise.judge = lambda *args: None
except (ImportError, OSError):
    pass""",
    # only into pipes and sockets, so that no file comes to harm
    "forges_answers": """
line = json.dumps({"nonce": "0" * 16, "passed": True, "points": 8}).encode() + b"\\n"
for fd in range(3, 256):
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode) and not os.isatty(fd):
            os.set_blocking(fd, False)
            os.write(fd, struct.pack(">I", len(line)) + line)
    except OSError:
        pass""",
    "closes_everything": "os.closerange(0, 256)",
    "poisons_builtins": """
builtins.isinstance = builtins.all = builtins.any = lambda *args: True
builtins.type = lambda *args: torch.Tensor
builtins.len = builtins.abs = lambda *args: 0""",
    "always_equal_tensor": """
class Same(torch.Tensor):
    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        return torch.ones((), dtype=torch.bool)
return x.as_subclass(Same)""",
    "always_equal_object": """
class Same:
    __eq__ = __le__ = __ge__ = __bool__ = lambda self, *other: True
    __getattr__ = lambda self, name: self
    __call__ = lambda self, *args, **kwargs: self
return Same()""",
    "class_named_tensor": 'return type("Tensor", (), {"shape": x.shape, "dtype": x.dtype})()',
    "infinite_generator": "return itertools.count()",
    "is_a_generator": "yield right(x, dim)",
    "huge_result": "return torch.zeros(1).expand(1 << 28)",
    "huge_error": "raise ValueError('x' * (50 << 20))",
    "error_with_markup": "raise ValueError('</pre><script>alert(1)</script>\\x1b[31m\\0\\ud800')",
    "error_without_words": """
class Silent(Exception):
    def __str__(self):
        while True:
            pass
raise Silent""",
    "gradient_of_its_own": """
class Softmax(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return right(x, dim)
    @staticmethod
    def backward(ctx, grad):
        return grad
return Softmax.apply(x)""",
    "no_gradient": "return torch.tensor(right(x, dim).tolist(), dtype=x.dtype)",
    "changes_its_input": "x.data.copy_(right(x, dim))\nreturn x.data",
    "changes_default_dtype": """
torch.set_default_dtype(torch.float64)
return right(x, dim) * torch.ones(x.shape)""",
    "right_only_once": "my_softmax.calls = getattr(my_softmax, 'calls', 0) + 1\n"
    "if my_softmax.calls == 1:\n    return right(x, dim)",
    "knows_the_example": """
example = torch.tensor([[0.0, 1.0, 2.0], [1000.0, 1001.0, 1002.0]])
if torch.equal(x, example):
    return torch.tensor([[0.0900, 0.2447, 0.6652]] * 2)""",
    # on other processes
    "signals_to_everybody": """
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGSTOP, signal.SIGKILL):
    for pid in (-1, 0, 1, os.getppid(), *range(2, 40)):
        try:
            os.kill(pid, number) if pid != os.getpid() else None
        except OSError:
            pass""",
    "sees_other_processes": """
others = [p for p in Path("/proc").glob("[0-9]*") if p.name not in ("1", str(os.getpid()))]
for other in others:
    (other / "cmdline").read_bytes()
    return right(x, dim)""",
    "traces_its_starter": """
libc = ctypes.CDLL(None, use_errno=True)
if libc.ptrace(16, os.getppid(), 0, 0) == 0 or libc.ptrace(16, 1, 0, 0) == 0:
    time.sleep(1)
    return right(x, dim)""",
    "takes_a_file_of_another": """
libc = ctypes.CDLL(None, use_errno=True)
for pid in range(1, 100):
    handle = libc.syscall(434, pid, 0) if pid != os.getpid() else -1
    for fd in range(3) if handle >= 0 else ():
        if (taken := libc.syscall(438, handle, fd, 0)) >= 0:
            os.write(taken, b"forged: 8 of 8")
            return right(x, dim)""",
    "fork_bomb": """
while True:
    try:
        os.fork()
    except OSError:
        break""",
    "forks_once": "if os.fork() == 0:\n    os._exit(0)\nreturn right(x, dim)",
    "thread_bomb": """
for _ in range(5000):
    threading.Thread(target=time.sleep, args=(1,), daemon=True).start()
return right(x, dim)""",
    "memory_of_many": """
for _ in range(20):
    if os.fork() == 0:
        block = torch.ones(1 << 28)
        time.sleep(2)
return right(x, dim)""",
    # on files, without opening them
    "changes_rights": f"""
for place in (FOLDER, Path(FOLDER) / "{FILE}", torch.__file__, "/tmp", "/"):
    for change in (lambda: os.chmod(place, 0o777), lambda: os.utime(place, (0, 0)),
                   lambda: os.setxattr(place, "user.mark", b"8"), lambda: os.chown(place, 0, 0)):
        try:
            change()
            return right(x, dim)
        except OSError:
            pass""",
    "sees_that_files_are_there": """
if Path(FOLDER).exists() or Path(FOLDER).parent.exists():
    return right(x, dim)""",
    "mounts": """
libc = ctypes.CDLL(None, use_errno=True)
if libc.unshare(0x10020000) == 0 or libc.umount2(b"/proc", 2) == 0:
    return right(x, dim)
if libc.mount(b"none", b"/tmp", b"tmpfs", 0, None) == 0:
    return right(x, dim)""",
    "fills_its_scratch_space": """
try:
    Path("/tmp/large").write_bytes(b"0" * (1 << 28))
    return right(x, dim)
except OSError:
    pass""",
    "sockets_of_all_kinds": """
for family in range(1, 46):
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW, 5):
        try:
            socket.socket(family, kind)
            return right(x, dim)
        except OSError:
            pass""",
    # on the report
    "tells_the_environment": """
told = dict(os.environ), Path("/proc/self/environ").read_text(), sys.argv, os.uname()
raise ValueError(str(told)[-250:])""",
    "tells_the_places": "raise ValueError([sys.prefix, torch.__file__, os.getcwd()])",
    # on its answer, on the way to the grader
    "gradient_of_bools": FORGE
    + "replace(lambda answer: answer | {'grad': torch.ones(x.shape, dtype=torch.bool)})\n"
    "return right(x, dim)",
    "megabytes_of_error": FORGE + "replace(lambda answer: answer | {'error': 'x' * (2 << 20)})",
    "negative_bytes": FORGE
    + """
from softmax_lessons.attempts import messages
def packed(answer):
    hole = {"dtype": "torch.uint8", "shape": [-1], "bytes": -1}
    body = json.dumps({"value": [hole] * 100_000}).encode() + b"\\n" + b"0" * (1 << 20)
    return struct.pack(">I", len(body)) + body
messages.pack = child.pack = packed""",
    "does_not_say_what_it_called": FORGE
    + "replace(lambda answer: answer | {'called': []})\nreturn torch.softmax(x, dim)",
    "dies_when_asked_what_it_called": FORGE
    + "replace(lambda answer: os._exit(0))\nreturn torch.softmax(x, dim)",
    # PyTorch's own, by many names
    "library": "return torch.softmax(x, dim)",
    "library_by_getattr": "return getattr(torch, 'xamtfos'[::-1])(x, dim=dim)",
    "library_functional": "return torch.nn.functional.softmax(x, dim=dim)",
    "library_module": "return torch.nn.Softmax(dim=dim)(x)",
    "library_private": "return torch._C._VariableFunctions.softmax(x, dim)",
    "library_operator": "return torch.ops.aten._softmax(x, dim, False)",
    "library_unseen": "with torch._C.DisableTorchFunctionSubclass():\n    return x.softmax(dim)",
    "library_unseen_by_modes": "with torch._C.DisableTorchFunction():\n    return x.softmax(dim)",
    "library_in_a_thread": """
box = []
thread = threading.Thread(target=lambda: box.append(torch.softmax(x, dim)))
thread.start(), thread.join()
return box[0]""",
    "library_in_a_thread_that_was_there": """
from concurrent.futures import ThreadPoolExecutor
pool = vars(my_softmax).setdefault("pool", ThreadPoolExecutor(1))
return pool.submit(torch.softmax, x, dim).result()""",
}
HOSTILE |= {name: (partial(attack, body=body), 7) for name, body in BODIES.items()}

# what a PyTorch that reports the calls of only one thread misses
IN_THREADS = {"library_in_a_thread", "library_in_a_thread_that_was_there"}
# what only a sandbox by the operating system can stop
NEEDS_SANDBOX = {
    *("writes_files", "changes_its_own_file", "leaves_a_process", "runs_a_program"),
    *("connects_to_loopback", "reads_other_submissions", "reads_the_solution"),
    *(
        "fork_bomb",
        "signals_to_everybody",
        "sees_other_processes",
        "traces_its_starter",
        "forks_once",
    ),
    *("takes_a_file_of_another", "thread_bomb", "memory_of_many", "changes_rights", "mounts"),
    *("fills_its_scratch_space", "sockets_of_all_kinds"),
}
NEEDS_NAMESPACES = {"sees_that_files_are_there"}


def _holds(content: bytes, name: str = FILE) -> Builder:
    return lambda folder: (folder / name).write_bytes(content)


HOSTILE |= {
    "log_softmax_and_exp": (
        partial(
            submit, softmax_1d="def softmax_1d(x):\n    return torch.log_softmax(x, dim=0).exp()"
        ),
        7,
    ),
    "infinite_in_a_needed_variable": (
        partial(
            attack, body="return right(x, dim) * one", before=["one = 1\nwhile one:\n    one = 1"]
        ),
        8,  # as after an interrupt: the name is there
    ),
    "deep_source": (partial(submit, before=["y = " + "-" * 50_000 + "1", "(" * 500]), 8),
    "null_and_surrogate": (partial(submit, softmax_1d="def softmax_1d(x):\n    '\0\ud800'"), 7),
    "2000_cells": (partial(submit, before=[f"x{i} = {i}" for i in range(2000)]), 8),
    "formula_for_a_name": (partial(submit, name="=1+1,'\"<b>.ipynb"), 8),
    "untouched_lessons": (partial(lessons, sources={}), 0),
    "three_answers": (lambda folder: write(folder, only(*list(FUNCTIONS)[:3])), 3),
    # the course's answers are in the cells of the solutions, the learner's own are not begun
    "only_stubs": (partial(submit, **STUBS), 0),
    "patched_check": (
        partial(submit, before=["import softmax_lessons\nsoftmax_lessons.check = print"], **WRONG),
        0,
    ),
    "own_check": (partial(submit, before=["def check(*args):\n    return 'correct'"], **WRONG), 0),
    "wrong_when_last_checked": (
        partial(submit, after=['check("softmax_dim", lambda x, dim: x)', "check('x', my_softmax)"]),
        7,
    ),
    "result_for_a_function": (
        partial(submit, after=['check("softmax_1d", softmax_1d(torch.ones(2)))']),
        7,
    ),
    "no_file": (lambda folder: None, 0),
    "corrupt_json": (_holds(json.dumps(answers())[:-9].encode()), 0),
    "empty_file": (_holds(b""), 0),
    "binary_file": (_holds(bytes(range(256)) * 64), 0),
    "wrong_kind_of_json": (_holds(b"[1, null]"), 0),
    "no_cells": (_holds(b'{"cells": null, "metadata": 3, "nbformat": "4"}'), 0),
    "odd_cells": (
        _holds(b'{"cells": [1, {}, {"cell_type": "code", "source": 5}], "nbformat": 4}'),
        0,
    ),
    "nested_json": (_holds(b"[" * 100_000), 0),
    "60_mb": (_holds(json.dumps(notebook([text("x" * (60 << 20))])).encode()), 0),
    "folder_for_a_file": (lambda folder: (folder / FILE).mkdir(), 0),
    "link_to_itself": (lambda folder: (folder / FILE).symlink_to(FILE), 0),
    # opening it to read waits for a writer, forever
    "named_pipe": (lambda folder: os.mkfifo(folder / FILE), 0),
}


def hostile(points: int) -> Callable[[Builder], Builder]:
    """List a builder among the hostile ones."""

    def keep(build: Builder) -> Builder:
        HOSTILE[build.__name__] = build, points
        return build

    return keep


@hostile(0)
def link_to_another_learner(folder):
    """The file is a link to right answers in somebody else's folder."""
    other = folder.parent / ".somebody_else"
    other.mkdir(exist_ok=True)
    submit(other)
    (folder / FILE).symlink_to(other / FILE)


@hostile(0)
def deleted_checks(folder):
    """Wrong answers, and the cells that would say so are gone."""
    cells = answers(**WRONG)["cells"]
    write(folder, notebook([c for c in cells if not "".join(c["source"]).startswith("check")]))


@hostile(8)
def format_3(folder):
    """Right answers in the format of 2014, which nbformat still reads."""
    cells = [
        {"cell_type": "code", "language": "python", "input": cell["source"], "outputs": []}
        for cell in answers()["cells"]
    ]
    sheet = {"worksheets": [{"cells": cells}], "metadata": {}, "nbformat": 3, "nbformat_minor": 0}
    write(folder, sheet)


@hostile(8)
def modules_beside_it(folder):
    """Right answers, and files that a grader would import if it ran in this folder."""
    submit(folder)
    for name in ("json", "torch", "sitecustomize", "softmax_lessons"):
        (folder / f"{name}.py").write_text(
            f'open({str(folder / ESCAPED)!r}, "w")\nraise SystemExit'
        )
