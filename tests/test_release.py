"""Facts stated in several files come from one source, and a release is what it claims to be."""

import dataclasses
import json
import re
import zipfile
from pathlib import Path

import pytest

import softmax_lessons
from tools.metadata import LICENCES, PLACEHOLDER, course, files
from tools.release import INSIDE, lacks, stale, unready

ROOT = Path(__file__).parents[1]
RELEASED = dataclasses.replace(
    course(), version="2.3.1", released="2027-01-31", urls={"Source": "https://github.com/a/b"}
)


def test_the_metadata_files_are_generated_from_pyproject():
    assert stale(course()) == []


def test_a_file_that_disagrees_is_noticed():
    assert stale(dataclasses.replace(course(), summary="Something else.")) == [
        f"{name} isn't what `make metadata` writes" for name in files(course())
    ]


def test_every_file_states_the_title_authors_version_date_and_licence():
    made = files(dataclasses.replace(RELEASED, urls=course().urls))
    lines = made["CITATION.cff"].splitlines()[1:]
    citation = {name: json.loads(value) for name, _, value in (e.partition(": ") for e in lines)}
    codemeta, zenodo = json.loads(made["codemeta.json"]), json.loads(made[".zenodo.json"])
    titles = {citation["title"], codemeta["name"], zenodo["title"]}
    versions = {citation["version"], codemeta["version"], zenodo["version"]}
    dates = {citation["date-released"], codemeta["dateModified"], zenodo["publication_date"]}
    assert (len(titles), versions, dates) == (1, {"2.3.1"}, {"2027-01-31"})
    names = [{"name": name} for name in RELEASED.authors]
    assert citation["authors"] == zenodo["creators"] == names
    assert [author["name"] for author in codemeta["author"]] == RELEASED.authors
    assert citation["license"] == ["MIT", "CC-BY-4.0"]
    assert codemeta["license"] == [LICENCES[each] for each in citation["license"]]
    assert zenodo["license"] == "cc-by-4.0"


@pytest.mark.parametrize(
    ("tag", "address", "changed", "told"),
    [
        ("v2.3.1", "https://github.com/a/b", {}, ""),
        ("", "", {"released": ""}, ""),
        ("v2.3.0", "", {}, "the tag is v2.3.0, and the version in pyproject.toml is 2.3.1"),
        ("v2.3.1", "", {"released": ""}, "CHANGELOG.md has no heading `## [2.3.1] - date`"),
        ("", "https://github.com/c/b", {}, "pyproject.toml says https://github.com/a/b"),
    ],
)
def test_a_release_that_is_not_ready_is_refused(tag, address, changed, told):
    found = "\n".join(unready(dataclasses.replace(RELEASED, **changed), tag, address))
    assert told in found
    assert bool(told) == bool(found)


def test_a_release_from_a_placeholder_address_is_refused():
    if PLACEHOLDER in course().urls["Source"]:
        assert unready(course(), "", "https://github.com/a/b")


def test_all_addresses_of_the_project_belong_to_one_repository():
    urls = course().urls
    assert all(url.startswith(urls["Source"]) for name, url in urls.items() if name != "Homepage")


@pytest.mark.parametrize("left_out", [*INSIDE, "licenses/LICENSE-CC-BY", ""])
def test_a_wheel_without_lessons_types_or_licences_is_noticed(tmp_path, left_out):
    names = {*INSIDE, "licenses/LICENSE", "licenses/LICENSE-CC-BY"} - {left_out}
    wheel = tmp_path / "a.whl"
    with zipfile.ZipFile(wheel, "w") as file:
        for name in names:
            file.writestr(name if name in INSIDE else f"a.dist-info/{name}", "")
    assert lacks(wheel) == [left_out] * bool(left_out)


def test_the_changelog_is_newest_first_and_starts_with_this_version():
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    dates = re.findall(r"^## \[\d[\w.]*\] - (\S+)$", text, flags=re.MULTILINE)
    assert dates == sorted(dates, reverse=True)
    assert dates
    first = re.search(r"^## \[(.+?)\]", text, flags=re.MULTILINE).group(1)
    version = course().version
    assert first == ("Unreleased" if "dev" in version else version)


def test_the_type_checker_sees_every_public_name():
    used = (ROOT / "tests" / "public_types.py").read_text(encoding="utf-8")
    body = used.partition("\ndef ")[2]
    assert [name for name in softmax_lessons.__all__ if not re.search(rf"\b{name}\b", body)] == []


def test_both_licences_are_stated_where_people_look():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for name in ("LICENSE", "LICENSE-CC-BY", "CITATION.cff", "CHANGELOG.md"):
        assert f"]({name})" in readme
        assert (ROOT / name).is_file()
