"""The files around the lessons agree with each other."""

import re
import subprocess
import sys
from importlib.metadata import metadata
from pathlib import Path

import pytest
from rattler import MatchSpec, Version

from softmax_lessons.workspace import lessons

ROOT = Path(__file__).parents[1]
PROJECT = metadata("softmax-lessons")  # what pyproject.toml says, as installed
REQUIREMENTS = {
    name: floor
    for name, floor in (
        re.match(r"([\w-]+)([>=]=[\w.]+)", line).groups()
        for line in PROJECT.get_all("Requires-Dist")
        if not line.startswith("softmax-lessons[")
    )
}
CONDA_NAMES = {"torch": "pytorch"}
FROM_PIP = {"jupyterlab-rise"}  # comes with the course itself, which pip installs


def conda_specs():
    text = (ROOT / "environment.yml").read_text(encoding="utf-8")
    dependencies = text.split("dependencies:\n")[1].split("  - pip:\n")[0]
    return [MatchSpec(line.strip(" -"), strict=True) for line in dependencies.splitlines()]


def test_environment_yml_states_the_same_packages_and_floors_as_pyproject():
    lines = PROJECT.get_all("Requires-Dist")
    for_learners = {name for name in REQUIREMENTS if name + REQUIREMENTS[name] in lines}
    wanted = {"python": PROJECT["Requires-Python"], "pip": None}
    for name in (for_learners | {"nbval"}) - FROM_PIP:
        wanted[CONDA_NAMES.get(name, name)] = REQUIREMENTS[name]
    found = {spec.name.normalized: spec.version for spec in conda_specs()}
    assert found == wanted


def test_environment_yml_installs_the_course_itself():
    assert re.search(r"- pip:\n\s+- --editable \.\n", (ROOT / "environment.yml").read_text())


def test_the_constraints_pin_every_dependency_within_its_range():
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    for name, floor in REQUIREMENTS.items():
        versions = re.findall(rf"^{name}==([\w.]+)", pins, flags=re.MULTILINE)
        assert versions, f"{name} is not pinned"
        assert all(Version(version) >= Version(floor[2:]) for version in versions)


def test_the_readme_lists_every_lesson_in_order_with_its_title():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    row = r"^\| (\d\d) \| \[([^]]+)\]\(notebooks/([^)]+)\).*\| (\d+) \|$"
    rows = re.findall(row, readme, flags=re.MULTILINE)
    assert [name for _, _, name, _ in rows] == [lesson.name for lesson in lessons()]
    for number, title, name, minutes in rows:
        source = ROOT / "notebooks" / "source" / name.replace(".ipynb", ".md")
        assert name.startswith(number)
        text = source.read_text(encoding="utf-8")
        assert f"\n# {int(number)}. {title}\n" in text
        assert f"\nAbout {minutes} minutes" in text


def test_the_readme_begins_with_the_two_commands():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    first_block = re.search(r"```\n(.*?)```", readme, flags=re.DOTALL).group(1)
    assert re.findall(r"^make \w+", first_block, flags=re.MULTILINE) == ["make lab", "make test"]


def test_ci_runs_the_readmes_test_command():
    assert "make test" in (ROOT / ".ci" / "run").read_text()


@pytest.mark.parametrize(
    "source", sorted((ROOT / "notebooks" / "source").glob("*.md")), ids=lambda p: p.stem
)
def test_every_source_has_its_notebook(source):
    assert (ROOT / "notebooks" / f"{source.stem}.ipynb").exists()


def test_importing_the_package_loads_nothing_heavy():
    code = (
        "import sys, torch; before = set(sys.modules); import softmax_lessons;"
        "print(*sorted(set(sys.modules) - before))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    added = run.stdout.split()
    assert "softmax_lessons" in added
    heavy = {"matplotlib", "IPython", "pandas", "sympy", "nbformat", "jupyterlab", "hypothesis"}
    assert not {name.split(".")[0] for name in added} & heavy
    assert not run.stderr


def test_the_public_names_are_there_and_documented():
    import softmax_lessons

    for name in softmax_lessons.__all__:
        assert getattr(softmax_lessons, name).__doc__, name
