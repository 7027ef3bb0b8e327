"""The files around the lessons agree with each other."""

import json
import os
import re
import shlex
import subprocess
import sys
from itertools import chain
from pathlib import Path

import pytest
from hatchling.metadata.core import ProjectMetadata
from hatchling.plugin.manager import PluginManager
from packaging.requirements import Requirement
from rattler import MatchSpec, Version
from versions import COLAB, FOR_TESTS, floors

import softmax_lessons
from softmax_lessons.checker.exercise import Exercise
from softmax_lessons.checker.question import Question
from softmax_lessons.checker.task import NOT_A_FUNCTION
from softmax_lessons.lessons import tasks
from softmax_lessons.workspace import lessons
from tools import minutes

ROOT = Path(__file__).parents[1]
PROJECT = ProjectMetadata(str(ROOT), PluginManager()).core  # what pyproject.toml says
EXTRAS = chain.from_iterable(PROJECT.optional_dependencies.values())
LINES = [*PROJECT.dependencies, *EXTRAS]
FLOORS = (re.match(r"([\w-]+)([>=]=[\w.]+)", line) for line in LINES)
REQUIREMENTS = dict(floor.groups() for floor in FLOORS if floor)
CONDA_NAMES = {"torch": "pytorch"}
FROM_PIP = {"jupyterlab-rise"}  # comes with the course itself, which pip installs


def conda_specs():
    text = (ROOT / "environment.yml").read_text(encoding="utf-8")
    dependencies = text.split("dependencies:\n")[1].split("  - pip:\n")[0]
    return [MatchSpec(line.strip(" -"), strict=True) for line in dependencies.splitlines()]


def test_environment_yml_states_the_same_packages_and_floors_as_pyproject():
    lines = [*PROJECT.dependencies, *PROJECT.optional_dependencies["lab"]]
    for_learners = {name for name in REQUIREMENTS if name + REQUIREMENTS[name] in lines}
    python = sorted(PROJECT.requires_python.split(","), reverse=True)  # the floor first
    wanted = {"python": ",".join(python), "pip": None}
    for name in (for_learners | {"nbval"}) - FROM_PIP:
        wanted[CONDA_NAMES.get(name, name)] = REQUIREMENTS[name]
    found = {spec.name.normalized: spec.version for spec in conda_specs()}
    assert found == wanted


def test_environment_yml_installs_the_course_itself():
    assert re.search(
        r"- pip:\n\s+- --editable \.\[lab\]\n",
        (ROOT / "environment.yml").read_text(encoding="utf-8"),
    )


def test_the_constraints_pin_every_dependency_within_its_range():
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    for name, floor in REQUIREMENTS.items():
        versions = re.findall(rf"^{name}==([\w.]+)", pins, flags=re.MULTILINE)
        assert versions, f"{name} is not pinned"
        assert all(Version(version) >= Version(floor[2:]) for version in versions)


def test_the_oldest_tested_versions_match_the_floors():
    pins = dict(pin.split("==") for pin in floors())
    lines = PROJECT.dependencies
    assert {name for name in REQUIREMENTS if name + REQUIREMENTS[name] in lines} < pins.keys()
    by_hand = pins.keys() & FOR_TESTS.keys()
    assert all(f">={pins[name][:-2]}" == REQUIREMENTS[name] for name in pins.keys() - by_hand)
    with_lessons = dict(pin.split("==") for pin in COLAB if "==" in pin)
    assert all(f">={with_lessons[name][:-2]}" == REQUIREMENTS[name] for name in by_hand)


def test_no_pin_selects_the_pytorch_whose_paths_are_too_long_for_windows():
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    lines = re.findall(r"^torch==.*", pins, flags=re.MULTILINE)
    on_windows = {"sys_platform": "win32", "platform_machine": "AMD64", "os_name": "nt"}
    for python in ("3.10", "3.11", "3.12", "3.13", "3.14"):
        chosen = [
            each
            for each in map(Requirement, lines)
            if not each.marker or each.marker.evaluate({**on_windows, **versions_of(python)})
        ]
        assert len(chosen) == 1, python
        assert "2.13.0" not in chosen[0].specifier


def versions_of(python):
    return {"python_version": python, "python_full_version": f"{python}.0"}


def test_the_files_named_for_the_mutation_run_exist():
    settings = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    section = settings.partition("[tool.mutmut]")[2].partition("\n[")[0]
    named = re.findall(r'"([\w/]+\.py)"', section)
    assert named
    assert [name for name in named if not (ROOT / name).is_file()] == []


def test_the_readme_lists_every_lesson_in_order_with_its_title():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    row = r"^\| (\d\d) \| \[([^]]+)\]\(notebooks/([^)]+)\) \| (.*) \| (\d+) \|$"
    rows = re.findall(row, readme, flags=re.MULTILINE)
    assert [name for _, _, name, _, _ in rows] == [lesson.name for lesson in lessons()]
    first = (ROOT / "notebooks" / "source" / "00_start_here.md").read_text(encoding="utf-8")
    for number, title, name, able, stated in rows:
        source = ROOT / "notebooks" / "source" / name.replace(".ipynb", ".md")
        assert name.startswith(number)
        text = source.read_text(encoding="utf-8")
        assert f"\n# {int(number)}. {title}\n" in text
        assert f"\nAbout {stated} minutes" in text
        assert number == "00" or f"\n| {number} | [{title}]({name}) | {able} |\n" in first


def minutes_stated(path):
    """Return the minutes that a lesson states for its core, and for what goes further."""
    head = "".join(json.loads(path.read_text(encoding="utf-8"))["cells"][0]["source"])
    core, further = re.search(r"About (\d+) minutes(?:, and (\d+) more)?", head).groups()
    return int(core), int(further or 0)


@pytest.mark.parametrize("path", lessons()[:-1], ids=lambda path: path.stem)  # not the reference
def test_a_lesson_takes_about_as_long_as_it_says_and_its_core_fits_a_class_hour(path):
    stated, counted = minutes_stated(path), minutes.of_notebook(path)
    assert stated[0] <= 45
    assert stated[0] == pytest.approx(counted[0], rel=0.2)
    assert sum(stated) == pytest.approx(sum(counted), rel=0.2)


def test_the_minutes_for_studying_alone_add_up():
    text = (ROOT / "docs" / "study_alone.md").read_text(encoding="utf-8")
    cores = [minutes_stated(path)[0] for path in lessons()]
    rows = re.findall(
        r"^\| (\d\d)(?: to (\d\d))? \| (?:(\d+) hours? ?)?(?:(\d+) minutes)? \|", text, re.MULTILINE
    )
    assert len(rows) == 5
    for start, end, hours, rest in rows:
        whole = sum(cores[int(start) : int(end or start) + 1])
        assert 60 * int(hours or 0) + int(rest or 0) == pytest.approx(whole, abs=5)


def test_the_readme_begins_with_the_two_commands():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    first_block = re.search(r"```\n(.*?)```", readme, flags=re.DOTALL).group(1)
    assert re.findall(r"^make \w+", first_block, flags=re.MULTILINE) == ["make lab", "make test"]


@pytest.mark.parametrize("page", ["teach_a_class", "run_a_workshop"])
def test_everything_people_get_stuck_on_is_a_mistake_that_the_course_knows(page):
    text = (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")
    tables = [table for table in text.split("\n\n") if "What's behind it" in table]
    assert tables
    for table in tables:
        head, _, *rows = [line.strip("|").split(" | ") for line in table.splitlines()]
        where, behind = (
            next(i for i, name in enumerate(head) if wanted in name)
            for wanted in ("Where", "What's behind it")
        )
        for row in rows:
            slugs = re.findall(r"`([a-z0-9-]{6,})`", row[behind])
            task = tasks()[row[where].strip(" `")]
            assert slugs, row
            if isinstance(task, Question):
                known = {slug for slug, _ in task.wrong.values()}
            elif isinstance(task, Exercise):
                known = {NOT_A_FUNCTION.slug, *(m.slug for m in task.misconceptions)}
            else:
                known = {"misses-the-bug"}
            assert set(slugs) <= known, row


def test_ci_runs_the_readmes_test_command():
    assert "make test" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "source", sorted((ROOT / "notebooks" / "source").glob("*.md")), ids=lambda p: p.stem
)
def test_every_source_has_a_notebook(source):
    assert (ROOT / "notebooks" / f"{source.stem}.ipynb").exists()


def test_importing_the_package_loads_nothing_heavy():
    code = (
        "import sys; before = set(sys.modules); import softmax_lessons.__main__;"
        "print(*sorted(set(sys.modules) - before))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True
    )
    added = run.stdout.split()
    assert "softmax_lessons" in added
    heavy = {"torch", "numpy", "matplotlib", "IPython", "pandas", "sympy", "nbformat", "jupyterlab"}
    assert not {name.split(".")[0] for name in added} & heavy
    assert not run.stderr


def test_a_first_check_loads_no_compiler():
    code = (
        "import sys, torch; from softmax_lessons import check; before = set(sys.modules)\n"
        "print(check('stable_softmax', lambda x, dim: x.exp() / x.exp().sum(dim, True)).status)\n"
        "print({'sympy', 'torch._dynamo', 'torch._inductor'} & (sys.modules.keys() - before))\n"
    )
    command = [sys.executable, "-c", code]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert printed == "wrong\nset()\n"


def test_no_file_is_read_or_written_in_the_machines_default_encoding(tmp_path):
    """Python warns where no encoding is given; on Windows, the default would not be UTF-8."""
    code = (
        "from softmax_lessons import check, explorers, progress, stable_softmax as solution;"
        "from softmax_lessons.workspace import prepare;"
        "prepare('.'), check('stable_softmax', lambda x, dim: solution(x, dim)), progress();"
        "explorers.dim_explorer((2, 3))"
    )
    command = [sys.executable, "-X", "warn_default_encoding", "-W", "always::EncodingWarning"]
    run = subprocess.run(
        [*command, "-c", code], cwd=tmp_path, capture_output=True, encoding="utf-8", check=True
    )
    ours = str(Path(softmax_lessons.__file__).parent)
    lines = run.stderr.splitlines()
    assert [each for each in lines if each.startswith(ours) and "EncodingWarning" in each] == []


def test_the_public_names_exist_and_are_documented():
    for name in softmax_lessons.__all__:
        assert getattr(softmax_lessons, name).__doc__, name


@pytest.mark.parametrize("order", [sorted, lambda names: sorted(names, reverse=True)])
def test_no_module_hides_a_function_of_the_same_name_whatever_is_used_first(order):
    code = (
        "import sys, types, softmax_lessons\n"
        "for name in sys.argv[1:]:\n"
        "    found = getattr(softmax_lessons, name)\n"
        "    if isinstance(found, types.ModuleType):\n"
        "        print(name)\n"
    )
    names = order(softmax_lessons.__all__)
    command = [sys.executable, "-c", code, *names]
    run = subprocess.run(command, capture_output=True, encoding="utf-8", check=True)
    assert set(run.stdout.split()) == {"explorers", "plots"}


def test_binder_and_codespaces_make_the_copies_that_they_show(tmp_path, monkeypatch):
    """Their files are read by their own tools elsewhere; the commands in them are ours."""
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
    settings = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text("utf-8"))
    made = settings["postCreateCommand"].rpartition(" && ")[2]
    (opened,) = settings["customizations"]["codespaces"]["openFiles"]
    commands = {"codespaces": shlex.split(made), "binder": ["sh", ROOT / "postBuild"]}
    for name, command in commands.items():
        folder = tmp_path / name
        (folder / ".venv").mkdir(parents=True)
        (folder / ".venv" / "bin").symlink_to(Path(sys.executable).parent)
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
        assert (folder / opened).is_file()
        shown = "".join(path.read_text("utf-8") for path in folder.glob("my_lessons/*.ipynb"))
        assert ('"solution"' in shown) == (name == "binder")  # which opens JupyterLab


def test_codespaces_installs_the_same_packages_as_the_readme():
    settings = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text("utf-8"))
    assert "install --constraint constraints.txt --editable ." in settings["postCreateCommand"]
    assert "\nipykernel==" in (ROOT / "constraints.txt").read_text("utf-8")
