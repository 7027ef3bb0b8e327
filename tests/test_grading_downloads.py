"""Downloads from learning systems: who is who in them, and the same marks as a plain folder."""

import csv
import os
import stat
import sys
import unicodedata
import zipfile
import zlib

import pytest
import submissions as bank
from downloads import (
    ADA,
    ANSWERS,
    FIRST,
    FORMS,
    LIN,
    OLU,
    SECOND,
    blackboard,
    brightspace,
    brightspace_flat,
    canvas,
    canvas_anonymous,
    github,
    moodle,
    moodle_blind,
    moodle_flat,
    nbgrader,
    notebooks,
    one,
    packed,
    plain,
    squashed,
    unpacked,
)

from softmax_lessons.grading import archive, command, sandbox, systems
from softmax_lessons.grading.grade import grade
from softmax_lessons.grading.roster import people
from softmax_lessons.grading.state import State
from softmax_lessons.grading.submissions import find
from softmax_lessons.grading.tables import Table

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="grading needs a fork that is safe"
)
OPTIONS = ["--without-sandbox"] if sandbox.missing() else []


def marks_of(place):
    """Return each learner's points and mistakes, in the order of the class above."""
    submissions = [s for s in find(place).submissions if s.answers]
    marks = grade(submissions, State())
    of = {s.learner: {} for s in submissions}
    for mark in marks:
        of[mark.learner][mark.exercise] = (mark.points, mark.misconceptions, mark.says)
    return sorted(of.values(), key=str)


@pytest.fixture(scope="module")
def wanted(tmp_path_factory):
    found = marks_of(unpacked(tmp_path_factory.mktemp("plain") / "class", plain()))
    points = [[mark[0] for mark in own.values()] for own in found]
    assert sorted(points) == [[0, 1], [1, 0], [1, 1]]
    return found


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
def test_each_kind_of_download_gives_the_same_marks_as_the_plain_folder(form, wanted, tmp_path):
    (tmp_path / "download.zip").write_bytes(packed(form()))
    assert marks_of(tmp_path / "download.zip") == wanted


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
def test_a_zip_the_unpacked_folder_and_a_folder_with_the_zip_have_the_same_learners(form, tmp_path):
    folder = unpacked(tmp_path / "class", form())
    (tmp_path / "class.zip").write_bytes(packed(form()))
    (tmp_path / "week").mkdir()
    (tmp_path / "week" / "class.zip").write_bytes(packed(form()))
    places = [folder, tmp_path / "class.zip"]
    if form not in (plain, nbgrader):  # nothing in it shows that it isn't one learner's own
        places.append(tmp_path / "week")
    told = [
        [
            (s.learner, s.system, s.ids, s.late, {n: a.digest for n, a in s.answers.items()})
            for s in find(place).submissions
        ]
        for place in places
    ]
    assert all(each == told[0] for each in told)
    assert sum(bool(answers) for *_, answers in told[0]) == 3


@pytest.mark.parametrize(
    ("form", "system", "ids", "labels"),
    [
        (canvas, "Canvas", {"7001", "7002", "7003", "7009"}, {squashed(ADA), squashed(LIN)}),
        (canvas_anonymous, "Canvas", {"Zk3a9", "1x", "42"}, {"Zk3a9", "1x", "42"}),
        (moodle, "Moodle", {"501", "502", "503"}, {ADA, LIN, OLU}),
        (moodle_flat, "Moodle", {"501", "502", "503"}, {ADA, LIN, OLU}),
        (moodle_blind, "Moodle", {"501", "502", "503"}, {"Participant (501)"}),
        (blackboard, "Blackboard", {"ada_l", "lin2", "olu"}, {ADA, LIN, OLU}),
        (brightspace, "Brightspace", {"301-88", "302-88", "303-88"}, {ADA, LIN, OLU}),
        (brightspace_flat, "Brightspace", {"301-88", "302-88", "303-88"}, {ADA, LIN, OLU}),
        (github, "GitHub Classroom", {"ada-l", "lin", "olu"}, {"ada-l", "lin", "olu"}),
        (nbgrader, "nbgrader", {"ada", "lin", "olu"}, {"ada", "lin", "olu"}),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_systems_ids_and_labels_are_recognised(form, system, ids, labels, tmp_path):
    (tmp_path / "download.zip").write_bytes(packed(form()))
    found = find(tmp_path / "download.zip").submissions
    assert {s.system for s in found} == {system}
    assert {own for s in found for own in s.ids} == ids
    assert labels <= {s.learner for s in found}
    assert all(path.startswith("download.zip/") for s in found for path in s.paths)


def test_late_work_is_reported_and_marked_in_the_table(tmp_path):
    (tmp_path / "download.zip").write_bytes(packed(canvas()))
    out = tmp_path / "grades"
    assert command.main([str(tmp_path / "download.zip"), "--out", str(out), *OPTIONS]) == 0
    with (out / "grades.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = {row["learner"]: row for row in csv.DictReader(file)}
    assert [row["ids"] for row in rows.values() if row["late"] == "late"] == ["7003"]
    assert f"late: {FIRST}" in rows[squashed(OLU)]["notes"]
    text = (out / "feedback" / f"{squashed(OLU)}.txt").read_text(encoding="utf-8")
    assert "right. Handed in late." in text
    assert f"\n\nAbout your files:\nlate: {FIRST}" in text
    page = (out / "feedback" / f"{squashed(OLU)}.html").read_text(encoding="utf-8")
    assert f"<h2>About your files</h2>\n<p><small>late: {FIRST}" in page
    assert rows["roejane"]["points"] == "0"
    assert "no notebook" in rows["roejane"]["notes"]
    assert rows["roejane"]["system"] == "Canvas"


ATTEMPTS = {
    "Canvas": ("doe_7_{}_a.ipynb", "100", "99"),  # numbers, not letters
    "Blackboard": ("W_doe_attempt_{}_a.ipynb", "2026-11-02-01-00-00", "2026-10-30-23-59-59"),
    "Brightspace": ("3-8 - Jo Doe - {}/a.ipynb", "Nov 2, 2026 109 PM", "Oct 30, 2026 1130 AM"),
}


@pytest.mark.parametrize("system", ATTEMPTS)
def test_the_last_of_several_attempts_counts_and_a_note_says_so(system, tmp_path):
    form, late, early = ATTEMPTS[system]
    right = one("softmax_dim", bank.RIGHT["softmax_dim"])
    wrong = one("softmax_dim", bank.WRONG["softmax_dim"])
    files = {form.format(late): right, form.format(early): wrong}
    folder = unpacked(tmp_path / "class", files)
    os.utime(folder / form.format(early), (2e9, 2e9))  # a copy may be younger than its original
    (submission,) = find(folder).submissions
    handed = submission.answers["softmax_dim"]
    assert handed.file.path == folder / form.format(late)
    assert any("softmax_dim: taken from a.ipynb, the latest" in note for note in submission.notes)


def test_the_note_tells_two_files_of_one_name_apart(tmp_path):
    right = one("softmax_dim", bank.RIGHT["softmax_dim"])
    files = {f"doe_7_{upload}_a.ipynb": right for upload in (99, 100)}
    (submission,) = find(unpacked(tmp_path / "class", files)).submissions
    taken = "softmax_dim: taken from a.ipynb, the latest (upload 100)"
    assert f"{taken}; not from the one of that name (upload 99)" in submission.notes


def test_a_blackboard_file_that_was_downloaded_and_handed_in_again_counts_as_new(tmp_path):
    first = "Week 1_jdoe_attempt_2026-11-20-10-00-00_a.ipynb"
    files = {
        first: one("softmax_dim", bank.WRONG["softmax_dim"]),
        f"Week 1_jdoe_attempt_2026-11-27-10-00-00_{first}": one(
            "softmax_dim", bank.RIGHT["softmax_dim"]
        ),
        "Week 1_jdoe_attempt_2026-11-25-10-00-00_a.ipynb": one(
            "softmax_dim", bank.STUBS["softmax_dim"]
        ),
    }
    (submission,) = find(unpacked(tmp_path / "class", files)).submissions
    assert submission.ids == ("jdoe",)
    assert submission.answers["softmax_dim"].file.name == first
    assert submission.answers["softmax_dim"].when == "2026-11-27-10-00-00"


def test_blackboard_ids_with_an_underscore_are_kept_apart_without_its_notes(tmp_path):
    when = "attempt_2026-11-20-10-00-00"
    files = {
        f"Week_1_{own}_{when}_a.ipynb": one("softmax_dim", bank.RIGHT["softmax_dim"])
        for own in ("j_smith", "k_smith", "doe")
    }
    found = find(unpacked(tmp_path / "class", files)).submissions
    assert [s.learner for s in found] == ["doe", "j_smith", "k_smith"]


@pytest.mark.parametrize("form", [blackboard, nbgrader])
def test_a_systems_own_files_are_not_listed_as_unread(form, tmp_path):
    found = find(unpacked(tmp_path / "class", form()))
    assert [note for s in found.submissions for note in s.notes if "not read" in note] == []


def test_a_blackboard_attempt_without_a_file_is_reported(tmp_path):
    start = "Week_1_ada_l_attempt_2026-11-27-15-30-00"
    files = {f"{start}.txt": "Name: Ada Lovelace (ada_l)\nSubmission Field: I could not do it.\n"}
    (submission,) = find(unpacked(tmp_path / "class", files)).submissions
    assert (submission.learner, submission.notes) == ("Ada Lovelace", ["no notebook"])


def test_several_downloads_are_merged(tmp_path):
    first = {
        f"{w}_{n}_assignsubmission_file/a.ipynb": notebooks(w)[FIRST]
        for n, w in enumerate(ANSWERS, start=501)
    }
    second = {
        f"{w}_{n}_assignsubmission_file/a.ipynb": notebooks(w)[SECOND]
        for n, w in enumerate(reversed(ANSWERS), start=601)
    }
    for name, files in (("one", first), ("two", second)):
        (tmp_path / f"{name}.zip").write_bytes(packed(files))
    both = find([tmp_path / "one.zip", tmp_path / "two.zip"]).submissions
    assert {(s.learner, s.ids) for s in both} == {
        (ADA, ("501", "603")),
        (LIN, ("502", "602")),
        (OLU, ("503", "601")),
    }
    assert all(set(s.answers) == {"softmax_1d", "softmax_dim"} for s in both)
    other_way = find([tmp_path / "two.zip", tmp_path / "one.zip"]).submissions
    assert [s.learner for s in other_way] == [s.learner for s in both]


def test_two_learners_with_the_same_name_are_kept_apart(tmp_path):
    files = {
        f"Li Wei_{n}_assignsubmission_file/a.ipynb": one("softmax_1d", f"y = {n}") for n in (1, 2)
    }
    assert [s.learner for s in find(unpacked(tmp_path / "c", files)).submissions] == [
        "Li Wei (1)",
        "Li Wei (2)",
    ]


# --- class lists ---------------------------------------------------------------------------------

ROSTERS = {
    "plain": f"id,name\n1,{ADA}\n2,{LIN}\n3,{OLU}\n4,Nobody Here\n",
    "canvas": "Student,ID,SIS Login ID,Section\n"
    '"Lovelace, Ada",7001,al,A\n"小雨, 林",7002,lx,A\n"Adé-Ọ̀ṣọ́, Olúwaṣeun",7003,oa,A\n'
    '"Here, Nobody",7004,nh,A\n',
    "semicolons": "First name;Last name;Email address\n"
    + "".join(f"{w.split()[0]};{w.split()[1]};{i}@x.edu\n" for i, w in enumerate(ANSWERS))
    + "Nobody;Here;n@x.edu\n",
}


@pytest.mark.parametrize("form", [canvas, moodle, moodle_flat, brightspace, blackboard, plain])
@pytest.mark.parametrize("name", ROSTERS)
def test_a_class_list_gives_names_and_shows_who_handed_in_nothing(form, name, tmp_path):
    file = tmp_path / "roster.csv"
    file.write_text(ROSTERS[name], encoding="utf-8-sig")
    found = find(unpacked(tmp_path / "class", form()), people=people(Table.read(file))).submissions
    nothing = [s.learner for s in found if not s.paths]
    assert len(nothing) == 1
    assert nothing[0] in ("Nobody Here", "Here, Nobody")
    with_answers = [s.learner for s in found if s.answers]
    assert sorted(" ".join(sorted(n.replace(",", "").split())) for n in with_answers) == sorted(
        " ".join(sorted(w.split())) for w in ANSWERS
    )
    unknown = [s.notes for s in found if "not on the list" in s.notes]
    assert len(unknown) == (form is canvas)  # Jane Roe


def test_an_id_from_one_system_is_not_mistaken_for_one_from_another(tmp_path):
    file = tmp_path / "roster.csv"
    file.write_text(f"ID number,Name\n501,{LIN}\n502,{OLU}\n503,{ADA}\n", encoding="utf-8")
    found = find(
        unpacked(tmp_path / "class", moodle()), people=people(Table.read(file))
    ).submissions
    assert {s.learner: s.ids for s in found} == {
        LIN: ("502", "501"),
        OLU: ("503", "502"),
        ADA: ("501", "503"),
    }


def test_nobody_is_reported_missing_if_their_work_may_fit_several_lines(tmp_path, capsys):
    file = tmp_path / "roster.csv"
    file.write_text(f"Name,Class\n{ADA},A\n{ADA},B\n{OLU},A\n", encoding="utf-8")
    folder = unpacked(tmp_path / "c", {f"{ADA}.ipynb": notebooks(ADA)[FIRST]})
    options = ["--roster", str(file), "--out", str(tmp_path / "out"), *OPTIONS]
    assert command.main([str(folder), *options]) == 0
    assert f"Nothing handed in: {OLU}\n" in capsys.readouterr().out
    found = find(folder, people=people(Table.read(file))).submissions
    told = {s.learner: (s.missing, s.notes) for s in found}
    perhaps = "may have handed in: somebody's work fits several lines of the class list"
    assert told == {
        ADA: (False, [perhaps]),
        f"{ADA} [2]": (False, [perhaps]),
        f"{ADA} [3]": (False, ["2 lines of the class list match"]),
        OLU: (True, ["nothing handed in"]),
    }
    page = (tmp_path / "out" / "grades.html").read_text(encoding="utf-8")
    assert page.count("may have handed in</td>") == 2
    assert page.count("nothing handed in</td>") == 1


def test_two_spellings_of_one_name_are_one_person(tmp_path):
    names = [
        unicodedata.normalize(form, "José O\N{RIGHT SINGLE QUOTATION MARK}Díaz")
        for form in ("NFC", "NFD")
    ]
    places = []
    for number, name in enumerate(names):
        file = list(notebooks(ADA).items())[number]
        files = {f"{name}_{number}_assignsubmission_file/{file[0]}": file[1]}
        places.append(unpacked(tmp_path / f"week {number}", files))
    (tmp_path / "roster.csv").write_text("Name\nJosé O'Díaz\n", encoding="utf-8")
    (submission,) = find(places).submissions
    assert set(submission.answers) == {"softmax_1d", "softmax_dim"}
    (submission,) = find(places, people=people(Table.read(tmp_path / "roster.csv"))).submissions
    assert submission.learner == "José O'Díaz"


def test_the_latest_of_two_files_is_the_same_in_a_folder_and_its_zip(tmp_path):
    files = {
        "ada/a.ipynb": one("softmax_dim", bank.RIGHT["softmax_dim"]),
        "ada/b.ipynb": one("softmax_dim", bank.WRONG["softmax_dim"]),
    }
    folder = unpacked(tmp_path / "class", files)
    for name, when in (("a", 1.8e9 + 1.5), ("b", 1.8e9 + 0.5)):  # a zip has even seconds
        os.utime(folder / "ada" / f"{name}.ipynb", (when, when))
    with zipfile.ZipFile(tmp_path / "class.zip", "w") as target:
        for name in files:
            target.write(folder / name, name)
    used = [
        find(p).submissions[0].answers["softmax_dim"].file.name
        for p in (folder, tmp_path / "class.zip")
    ]
    assert used == ["b.ipynb", "b.ipynb"]


PEOPLE = f"Name,Id\n{ADA},4711\n{LIN},4712\nNobody Here,4713\n"


@pytest.mark.parametrize("roster", [PEOPLE, PEOPLE.replace("Id", "Group")])
@pytest.mark.parametrize(
    "form", ["{name}_{id}/a.ipynb", "{id} {name}.ipynb", "{name} ({id})/a.ipynb"]
)
def test_plain_files_named_after_name_and_id_are_found_on_the_class_list(form, roster, tmp_path):
    (tmp_path / "roster.csv").write_text(roster, encoding="utf-8")
    files = {
        form.format(name=name, id=own): notebooks(name)[FIRST]
        for name, own in ((ADA, 4711), (LIN, 4712))
    }
    found = find(
        unpacked(tmp_path / "class", files), people=people(Table.read(tmp_path / "roster.csv"))
    ).submissions
    assert {s.learner: s.missing for s in found} == {ADA: False, LIN: False, "Nobody Here": True}


@pytest.mark.parametrize("form", ["lovelaceada_{}_1{}_a.ipynb", "Ada Lovelace_{}/{}.ipynb"])
def test_two_people_are_not_put_together_because_the_class_list_has_one_line(form, tmp_path):
    (tmp_path / "roster.csv").write_text(f"Name\n{ADA}\n{OLU}\n", encoding="utf-8")
    files = {form.format(own, own): notebooks(ADA)[FIRST] for own in (7006, 7007)}
    found = find(
        unpacked(tmp_path / "class", files), people=people(Table.read(tmp_path / "roster.csv"))
    ).submissions
    why = "the class list has one line for 2 people of this name"
    assert [s.notes for s in found if s.answers] == [[why]] * 2
    assert {s.learner: s.missing for s in found if not s.answers} == {ADA: False, OLU: True}


def test_nbgraders_own_student_list_gives_names(tmp_path):
    (tmp_path / "roster.csv").write_text(
        "id,first_name,last_name,email\nada,Ada,Lovelace,a@x.edu\nlin,小雨,林,l@x.edu\n"
        "olu,Olúwaṣeun,Adé-Ọ̀ṣọ́,o@x.edu\n",
        encoding="utf-8",
    )
    found = find(
        unpacked(tmp_path / "class", nbgrader()), people=people(Table.read(tmp_path / "roster.csv"))
    ).submissions
    assert {(s.learner, s.system, s.ids[0]) for s in found} == {
        ("Ada Lovelace", "nbgrader", "ada"),
        ("小雨 林", "nbgrader", "lin"),
        ("Olúwaṣeun Adé-Ọ̀ṣọ́", "nbgrader", "olu"),
    }


def test_a_class_list_without_names_or_ids_is_reported(tmp_path, capsys):
    (tmp_path / "roster.csv").write_text("colour,age\nred,7\n")
    folder = unpacked(tmp_path / "class", plain())
    options = ["--roster", str(tmp_path / "roster.csv"), "--out", str(tmp_path / "out")]
    assert command.main([str(folder), *options, *OPTIONS]) == 1
    assert 'its first line is colour, age, and columns could be "name"' in capsys.readouterr().err


# --- what is refused -----------------------------------------------------------------------------


def entry(name, mode=0):
    found = zipfile.ZipInfo(name)
    found.external_attr = mode << 16
    return found


def test_paths_out_of_the_folder_are_refused_and_affect_nobody_else(tmp_path):
    good = notebooks(ADA)[FIRST]
    with zipfile.ZipFile(tmp_path / "class.zip", "w") as target:
        target.writestr("ada/a.ipynb", good)
        for name in (
            "../escaped.ipynb",
            "/tmp/escaped.ipynb",
            "C:/escaped.ipynb",
            "bob/../../e.ipynb",
        ):
            target.writestr(entry(name), good)
        target.writestr(entry("bob/link.ipynb", stat.S_IFLNK | 0o777), "../ada/a.ipynb")
        target.writestr(entry("..\\..\\escaped.ipynb"), good)
    found = find(tmp_path / "class.zip")
    assert [s.learner for s in found.submissions] == ["ada", "bob"]
    assert found.submissions[1].notes == ["link.ipynb can't be read: it's a link", "no notebook"]
    assert sum("it leads out of the folder" in line for line in found.left_out) == 5
    assert not list(tmp_path.parent.rglob("escaped*"))


def test_a_zip_bomb_affects_only_its_own_learner(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "MOST_OF_LEARNER", 3 << 20)
    bomb = packed({f"{i}.ipynb": b" " * (1 << 20) for i in range(5)})
    files = {
        "eve_8_1_mine.zip": bomb,
        "fay_9_2_a.ipynb": b" " * (archive.LARGEST_FILE + 1),
        "ada_7_3_a.ipynb": notebooks(ADA)[FIRST],
    }
    (tmp_path / "class.zip").write_bytes(packed(files))
    found = find(tmp_path / "class.zip")
    told = {s.learner: s for s in found.submissions}
    assert told["ada"].answers
    why = "can't be read: it has more than the zip may still take up"
    assert told["eve"].notes == [
        f"3.ipynb, 4.ipynb {why}",
        "0.ipynb, 1.ipynb, 2.ipynb can't be read: it isn't a notebook, or a part of it is missing",
    ]
    assert told["fay"].notes == ["a.ipynb can't be read: it has more than 30 MB", "no notebook"]
    assert found.left_out == []


def test_large_files_in_a_class_zip_leave_room_for_the_other_learners(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "MOST_OF_CLASS", 3 << 20)
    files = {f"week-submissions/week-ada/{i}.ipynb": b" " * (1 << 20) for i in range(5)}
    files["week-submissions/week-zoe/a.ipynb"] = notebooks(ADA)[FIRST]
    (tmp_path / "class.zip").write_bytes(packed(files))
    told = {s.learner: s for s in find(tmp_path / "class.zip").submissions}
    assert "2.ipynb, 3.ipynb, 4.ipynb can't be read" in told["ada"].notes[0]
    assert told["zoe"].answers
    assert told["zoe"].notes == []


def test_a_zip_that_lies_about_its_sizes_is_not_believed(tmp_path):
    content = packed({"ada/a.ipynb": b" " * (archive.LARGEST_FILE + 9)})
    true = (archive.LARGEST_FILE + 9).to_bytes(4, "little")
    assert true in content
    (tmp_path / "class.zip").write_bytes(content.replace(true, (9).to_bytes(4, "little")))
    folder, unread, refused = archive.unpack(tmp_path / "class.zip", 1 << 30)
    assert list(unread) == [folder / "ada" / "a.ipynb"]
    assert not refused
    assert not (folder / "ada" / "a.ipynb").read_bytes()


def test_a_broken_zip_affects_only_its_own_learner(tmp_path):
    whole = packed(notebooks(LIN))
    files = {
        "lin_1_1_cut.zip": whole[: len(whole) // 2],
        "ola_2_2_garbled.zip": whole.replace(whole[60:70], zlib.compress(b"")[:10].ljust(10, b"x")),
        "ada_7_3_a.ipynb": notebooks(ADA)[FIRST],
        "max_4_4_mine.rar": b"Rar!",
        "pam_5_5_mine.zip": packed({"inner.zip": whole, "b.ipynb": notebooks(ADA)[FIRST]}),
    }
    found = {s.learner: s for s in find(unpacked(tmp_path / "class", files)).submissions}
    assert found["ada"].answers
    assert found["pam"].answers
    assert any(
        n == "cut.zip can't be read: it isn't a zip, or a part of it is damaged"
        for n in found["lin"].notes
    )
    assert f"{FIRST} can't be read: it's damaged" in found["ola"].notes
    assert found["max"].notes == ["not read: mine.rar", "no notebook"]


def test_a_password_protected_file_affects_nothing_else(tmp_path):
    own = f"{ADA}_501_assignsubmission_file/a.ipynb"
    content = bytearray(packed({own: notebooks(ADA)[FIRST], **moodle()}))
    for mark, place in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        content[content.index(mark) + place] |= 1
    (tmp_path / "c.zip").write_bytes(bytes(content))
    found = {s.learner: s for s in find(tmp_path / "c.zip").submissions}
    assert len(found) == 3
    assert found[ADA].notes == ["a.ipynb can't be read: it needs a password"]
    assert set(found[ADA].answers) == {"softmax_1d", "softmax_dim"}


@pytest.mark.parametrize("form", [canvas, moodle, moodle_flat, blackboard, brightspace, plain])
def test_a_learner_whose_file_cannot_be_unpacked_is_still_in_the_report(form, tmp_path):
    files = {name: text.encode() for name, text in form().items()}
    of_lin = {name for name, text in files.items() if text.decode() in notebooks(LIN).values()}
    files |= {name: b" " * (archive.LARGEST_FILE + 1) for name in of_lin}
    (tmp_path / "c.zip").write_bytes(packed(files))
    folder = unpacked(tmp_path / "c", files)
    found = [{s.learner: s for s in find(p).submissions} for p in (tmp_path / "c.zip", folder)]
    assert set(found[0]) == set(found[1])
    notes = [note for s in found[0].values() for note in s.notes]
    told = [note for note in notes if "can't be read: it has more than 30 MB" in note]
    assert sum(note.count(".ipynb") for note in told) == len(of_lin) > 0


def test_links_out_of_a_folder_are_refused(tmp_path):
    outside = unpacked(tmp_path / "other", {"a.ipynb": notebooks(ADA)[FIRST]})
    (tmp_path / "mine.zip").write_bytes(packed(notebooks(ADA)))
    folder = unpacked(tmp_path / "class", {"ada/a.ipynb": notebooks(ADA)[FIRST]})
    (folder / "bob.ipynb").symlink_to(folder / "ada" / "a.ipynb")
    (folder / "cy.zip").symlink_to(tmp_path / "mine.zip")
    (folder / "dan").symlink_to(outside)
    (folder / "ada" / "more.zip").symlink_to(tmp_path / "mine.zip")
    found = {s.learner: s for s in find(folder).submissions}
    assert set(found["ada"].answers) == {"softmax_1d"}
    assert not any(found[name].answers for name in ("bob", "cy", "dan"))
    for name in ("ada", "bob", "cy", "dan"):
        assert any("it's a link to somewhere else" in note for note in found[name].notes)


def test_utf_8_names_without_the_utf_8_flag_are_read(tmp_path):
    stream = packed({f"{LIN}/a.ipynb": notebooks(LIN)[FIRST]})
    plain_flags = bytearray(stream)
    for mark, place in ((b"PK\3\4", 7), (b"PK\1\2", 9)):
        plain_flags[plain_flags.index(mark) + place] &= 0xF7
    (tmp_path / "c.zip").write_bytes(bytes(plain_flags))
    assert [s.learner for s in find(tmp_path / "c.zip").submissions] == [LIN]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("class.zip", "can't be read: it isn't a zip, or a part of it is damaged"),
        ("class.ipynb", "is neither a folder nor a zip; give the folder or the zip with the"),
        ("nowhere", "doesn't exist; give the folder or the zip with the submissions"),
    ],
)
def test_a_path_that_is_not_a_class_folder_or_zip_is_reported(name, why, tmp_path, capsys):
    if name != "nowhere":
        (tmp_path / name).write_bytes(b"PK")
    assert command.main([str(tmp_path / name), "--out", str(tmp_path / "out"), *OPTIONS]) == 1
    assert f"{tmp_path / name} {why}" in capsys.readouterr().err


def test_nobody_gets_a_point_for_the_lessons_own_code():
    found = find(bank.ROOT / "notebooks").submissions
    begun = [(s.learner, name) for s in found for name, a in s.answers.items() if a.begun]
    assert begun == []
    assert sum(len(s.answers) for s in found) >= 30


PLAIN = (
    ("ada.ipynb", "03_build_it.ipynb", "Ada 2026-11-27.ipynb", "a - b - c.ipynb"),
    ("week_1_03_ada.ipynb", "week_1_03_bob.ipynb"),
    ("week_1_1_ada.ipynb", "week_1_2_bob.ipynb", "week_2_1_ada.ipynb", "week_2_2_bob.ipynb"),
    ("lab_3_200_ada.ipynb", "lab_3_200_bob.ipynb"),
    ("ada_1_200_a.ipynb", "bob_1_201_a.ipynb"),
    ("ada_7_007_a.ipynb", "bob_8_008_a.ipynb"),
    ("Group_7_100_ada.ipynb", "Group_8_101_bob.ipynb"),
    ("hw 2_7_100_ada.ipynb", "hw 2_8_101_bob.ipynb"),
)


@pytest.mark.parametrize("names", PLAIN)
def test_plain_names_match_no_systems_pattern(names):
    assert systems.named_in(names) == {}


def test_files_with_a_persons_numbers_among_canvass_are_the_only_ones_that_are_not_canvass():
    strays = {"unit_1_2_ada.ipynb", "week_1_3_bob.ipynb"}
    assert set(systems.named_in({*canvas(), *strays})) == set(canvas())


@pytest.mark.parametrize(
    ("name", "whose"),
    [
        (
            "Al_1_assignsubmission_file_Bo_2_assignsubmission_file_01.ipynb",
            ("Al", "1", "Bo_2_assignsubmission_file_01.ipynb"),
        ),
        (
            "301-88 - Al - Nov 3, 2026 926 PM - hw - 2026 final.ipynb",
            ("Al", "301-88", "hw - 2026 final.ipynb"),
        ),
        ("301-88 - Al - Nov 3, 2026 926 PM", ("Al", "301-88", "")),
    ],
)
def test_a_file_with_a_name_like_another_download_belongs_to_who_handed_it_in(name, whose):
    known = systems.named_in([name])[name]
    assert (known.name, known.id, known.file) == whose


@pytest.mark.parametrize(
    "names", [*PLAIN, ("group_1_02_ada", "group_1_02_bob"), ("red_7_100_ada", "blue_8_101_bob")]
)
def test_each_file_or_folder_with_numbers_in_its_name_is_one_learner(names, tmp_path):
    right = notebooks(ADA)[FIRST]
    files = {name if ".ipynb" in name else f"{name}/a.ipynb": right for name in names}
    (tmp_path / "c.zip").write_bytes(packed(files))
    for place in (unpacked(tmp_path / "c", files), tmp_path / "c.zip"):
        found = find(place).submissions
        assert sorted(s.learner for s in found) == sorted(n.removesuffix(".ipynb") for n in names)
        assert all(s.answers for s in found)


@pytest.mark.parametrize(
    ("early", "late"),
    [
        ("Oct 30, 2026 1130 PM", "Nov 2, 2026 109 PM"),
        ("Nov 2, 2026 1250 AM", "Nov 2, 2026 109 AM"),
        ("Nov 2, 2026 1130 AM", "Nov 2, 2026 109 PM"),
        ("30 October, 2026 2330", "2 November, 2026 1309"),
        ("9 October 2026 9:30 PM", "10 October 2026 1:09 AM"),
        ("Nov. 2, 2026 904 am", "Nov. 2, 2026 1000 am"),
        ("2026-11-02 9:04", "2026-11-02 13:09"),
    ],
)
def test_brightspace_dates_are_read_in_any_format(early, late, tmp_path):
    right, wrong = (one("softmax_dim", of["softmax_dim"]) for of in (bank.RIGHT, bank.WRONG))
    for turn, (first, second) in enumerate([(wrong, right), (right, wrong)]):
        names = [f"3-8 - Jo Doe - {when} - a.ipynb" for when in (early, late)]
        folder = unpacked(tmp_path / str(turn), dict(zip(names, (first, second), strict=True)))
        os.utime(folder / names[0], (2e9, 2e9))
        (submission,) = find(folder).submissions
        assert submission.answers["softmax_dim"].file.path == folder / names[1]


def test_if_a_date_cannot_be_read_the_files_modification_time_counts(tmp_path):
    names = [f"3-8 - Jo Doe - {when} - a.ipynb" for when in ("9 nov. 2026", "10 nov. 2026")]
    folder = unpacked(
        tmp_path / "c",
        {n: one("softmax_dim", f"{bank.RIGHT['softmax_dim']}\n# {n}") for n in names},
    )
    for name, changed in zip(names, (1e9, 2e9), strict=True):
        os.utime(folder / name, (changed, changed))
    (submission,) = find(folder).submissions
    assert submission.answers["softmax_dim"].file.path == folder / names[1]
