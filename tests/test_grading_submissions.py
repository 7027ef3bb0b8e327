"""Whose a notebook is, which of several counts, and what a report says about unread files."""

import os
import sys

import pytest
import submissions as bank

from softmax_lessons.grading import command, sandbox
from softmax_lessons.grading.state import State
from softmax_lessons.grading.submissions import find

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="grading needs a fork that is safe"
)
OPTIONS = ["--without-sandbox"] if sandbox.missing() else []
STUB = bank.answers(**bank.STUBS)
EARLY, LATE = 1_700_000_000, 1_700_000_900


def put(folder, name, document, when) -> None:
    folder.mkdir(exist_ok=True)
    bank.write(folder, document, name)
    os.utime(folder / name, (when, when))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A class as a learning platform packs it."""
    folder = tmp_path_factory.mktemp("platform") / "class"
    folder.mkdir()
    right = bank.only("softmax_1d")
    for name in ("ada.ipynb", "ADA .ipynb", "EVE.IPYNB"):
        put(folder, name, right, EARLY)
    put(folder / "ada", "answers.ipynb", right, EARLY)
    put(folder / "stub_is_later", "mine.ipynb", right, EARLY)
    put(folder / "stub_is_later", "mine (1).ipynb", STUB, LATE)
    put(folder / "twice", "z.ipynb", right, EARLY)
    put(folder / "twice", "a.ipynb", right, LATE)
    put(folder / "at_once", "a.ipynb", right, EARLY)
    put(folder / "at_once", "b.ipynb", right, EARLY)
    put(folder / "with_more", "answers.ipynb", right, EARLY)
    (folder / "with_more" / "notes.pdf").touch()
    put(folder / "__MACOSX", "._ada.ipynb", right, EARLY)
    put(folder / "grades", "copy.ipynb", right, EARLY)
    for name in ("fay.ipynb.txt", "guy.zip", "grades.csv"):
        (folder / name).touch()
    return folder


@pytest.fixture(scope="module")
def found(folder):
    return {submission.learner: submission for submission in find(folder).submissions}


def test_each_path_is_one_submission_and_similar_labels_are_told_apart(found):
    whole = {"ada.ipynb", "ADA .ipynb", "ada/"}
    others = {"EVE", "stub_is_later", "twice", "at_once", "with_more", "grades"}
    assert found.keys() == whole | others | {"guy"}
    assert all("softmax_1d" in found[name].answers for name in whole | others)


@pytest.mark.parametrize(
    ("learner", "file", "why"),
    [
        ("stub_is_later", "mine.ipynb", "the only one with an answer; not from mine (1).ipynb"),
        ("twice", "a.ipynb", "the latest"),
        ("at_once", "b.ipynb", "as late as another"),
    ],
)
def test_an_answer_beats_a_stub_and_the_latest_answer_counts_with_a_note(found, learner, file, why):
    assert found[learner].answers["softmax_1d"].name == file
    assert any(f"softmax_1d: taken from {file}, {why}" in note for note in found[learner].notes)


def test_what_was_not_read_is_listed(folder, found):
    assert find(folder).left_out == ["__MACOSX/", "fay.ipynb.txt"]
    assert found["with_more"].notes == ["not read: notes.pdf"]
    unread = "guy.zip can't be read: it isn't a zip, or a part of it is damaged"
    assert found["guy"].notes == [unread, "no notebook"]


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"[1]", b"null", b"{}", b'{"nbformat": 4}', b"\xff\xfe", b"[" * 100_000),
        *(b'{"nbformat": 4, "cells": [', b'{"nbformat": 4, "cells": [1]}'),
        *(b'{"nbformat": 4, "cells": [{"cell_type": "code"}]}', b'{"nbformat": 3, "x": []}'),
    ],
    ids=lambda content: content[:40].decode(errors="replace"),
)
def test_a_file_that_is_not_a_valid_notebook_is_reported(content, tmp_path):
    (tmp_path / "ada.ipynb").write_bytes(content)
    (submission,) = find(tmp_path).submissions
    why = "ada.ipynb can't be read: it isn't a notebook, or a part of it is missing"
    assert submission.notes == [why]


def test_a_reports_folder_that_holds_notebooks_is_listed_as_left_out(folder):
    found = find(folder, State(folder / "grades"))
    assert "grades/" in found.left_out
    assert "grades" not in {submission.learner for submission in found.submissions}


def test_reports_written_into_the_class_folder_are_not_graded(tmp_path, monkeypatch, capsys):
    bank.write(tmp_path, bank.only("softmax_1d"), "ada.ipynb")
    monkeypatch.chdir(tmp_path)
    tables = []
    for _ in range(2):
        assert command.main([".", *OPTIONS]) == 0
        tables.append((tmp_path / "grades" / "grades.csv").read_text(encoding="utf-8-sig"))
    assert tables[0] == tables[1]
    assert len(tables[0].splitlines()) == 2
    for _ in range(2):  # the earlier reports are a folder now, then files side by side
        assert command.main([".", "--out", ".", *OPTIONS]) == 0
        assert (tmp_path / "grades.csv").read_text(encoding="utf-8-sig") == tables[0]
    assert "Not read" not in capsys.readouterr().err
