"""Marks in each system's own table, feedback for each learner, pseudonyms, explained marks."""

import csv
import html
import io
import json
import re
import sys
from decimal import Decimal

import pytest
import submissions as bank
from downloads import (
    ADA,
    ANSWERS,
    LIN,
    OLU,
    blackboard,
    brightspace,
    canvas,
    moodle,
    one,
    packed,
    plain,
    squashed,
    unpacked,
)

from softmax_lessons.grading import command, sandbox
from softmax_lessons.grading.results import format_score, results
from softmax_lessons.grading.tables import Table
from softmax_lessons.lessons import tasks

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="grading needs a fork that is safe"
)
OPTIONS = ["--without-sandbox"] if sandbox.missing() else []
POINTS = {ADA: 2, LIN: 1, OLU: 1}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with one zip from each system, named after it."""
    folder = tmp_path_factory.mktemp("out")
    for form in (canvas, moodle, blackboard, brightspace, plain):
        (folder / f"{form.__name__}.zip").write_bytes(packed(form()))
    return folder


def grade(folder, name, *more):
    out = folder / "_".join([name, *(re.sub(r"\W", "", str(m)) for m in more)])[:120]
    options = ["--out", str(out), *map(str, more), *OPTIONS]
    assert command.main([str(folder / f"{name}.zip"), *options]) == 0
    return out


def table(file):
    return list(csv.DictReader(io.StringIO(file.read_bytes().decode("utf-8-sig"), newline="")))


# --- the tables of learning systems ---------------------------------------------------------------


def test_a_new_table_for_canvas_has_what_its_importer_requires(folder):
    out = grade(folder, "canvas", "--points", "10", "--column", "Week 1")
    file = out / "marks_for_canvas.csv"
    header = file.read_text(encoding="utf-8").splitlines()[0]
    # lib/gradebook_importer.rb: the first columns must be these
    assert header == '"Student","ID","SIS User ID","SIS Login ID","Section","Week 1"'
    scores = {row["ID"]: row["Week 1"] for row in table(file)}
    assert scores == {"7001": "10", "7002": "5", "7003": "5", "7009": "0"}


def test_a_new_worksheet_for_moodle_has_marks_and_comments(folder):
    rows = table(grade(folder, "moodle", "--points", "7") / "marks_for_moodle.csv")
    assert [row["Identifier"] for row in rows] == [
        f"Participant {number}"
        for number, who in sorted(enumerate(ANSWERS, start=501), key=lambda p: p[1].casefold())
    ]
    of = {row["Full name"]: row for row in rows}
    assert {who: of[who]["Grade"] for who in ANSWERS} == {ADA: "7", LIN: "3.5", OLU: "3.5"}
    assert all(row["Last modified (grade)"] == "-" for row in rows)
    comment = of[LIN]["Feedback comments"]
    assert comment.startswith("1 of 2 exercises are right.\n\nsoftmax_1d: correct")
    assert "softmax_dim: not yet (returns-scores)" in comment
    assert "got: " in comment


def test_a_new_table_for_blackboard_identifies_people_by_username(folder):
    file = grade(folder, "blackboard") / "marks_for_blackboard.csv"
    assert {row["Username"]: row["Softmax"] for row in table(file)} == {
        "ada_l": "2",
        "lin2": "1",
        "olu": "1",
    }


def test_nothing_is_written_for_a_system_whose_ids_are_unknown(folder):
    for name in ("brightspace", "plain"):
        assert not list(grade(folder, name).glob("marks_for*"))


GRADEBOOKS = {
    "canvas": (
        "utf-8-sig",
        "Student,ID,SIS User ID,SIS Login ID,Section,Week 1 (88),Week 10 (89)\n"
        ",,,,,Manual Posting,\n"
        "    Points Possible,,,,,8,8\n"
        '"Lovelace, Ada",7001,x1,al,A,,3\n"小雨, 林",7002,x2,lx,A,1,3\n'
        '"Adé-Ọ̀ṣọ́, Olúwaṣeun",7003,x3,oa,A,,3\n"Here, Nobody",7004,x4,nh,A,6,3\n'
        '"Student, Test",,,t1,A,,\n',
        "Week 1",
        "Week 1 (88)",
        ["Manual Posting", "8", "8", "4", "4", "6", ""],
    ),
    "moodle": (
        "utf-8",
        "Identifier,Full name,Status,Grade,Maximum grade,Last modified (grade),Feedback comments\n"
        + "".join(f"Participant {i},{w},Submitted,-,8,-,\n" for i, w in enumerate(ANSWERS, 501))
        + "Participant 504,Nobody Here,No submission,-,8,-,\n",
        "Softmax",
        "Grade",
        ["8", "4", "4", "-"],
    ),
    "blackboard": (
        "utf-16",
        '"Last Name"\t"First Name"\t"Username"\t"Availability"\t"Week 1 [Total Pts: 8 Score] |77"\n'
        + "".join(
            f'"{w.split()[1]}"\t"{w.split()[0]}"\t"{u}"\t"Yes"\t""\n'
            for u, w in zip(("ada_l", "lin2", "olu"), ANSWERS, strict=True)
        ),
        "Week 1",
        "Week 1 [Total Pts: 8 Score] |77",
        ["8", "4", "4"],
    ),
    "brightspace": (
        "utf-8-sig",
        "OrgDefinedId,Username,Last Name,First Name,End-of-Line Indicator\n"
        + "".join(f"#{i},u{i},{w.split()[1]},{w.split()[0]},#\n" for i, w in enumerate(ANSWERS)),
        "Week 1",
        "Week 1 Points Grade",
        ["8", "4", "4"],
    ),
    "plain": (
        "utf-8",
        f"name;group\n{ADA};A\n{LIN};B\n{OLU};B\n",
        "Week 1",
        "Week 1",
        ["8", "4", "4"],
    ),
}


@pytest.mark.parametrize("name", GRADEBOOKS)
def test_a_systems_own_gradebook_is_filled_in_and_nothing_else_is_changed(name, folder):
    encoding, text, title, column, wanted = GRADEBOOKS[name]
    file = folder / f"{name}.csv"
    file.write_text(text, encoding=encoding)
    out = grade(folder, name, "--roster", file, "--points", 8, "--column", title)
    before, after = Table.read(file), Table.read(out / "class_list_with_marks.csv")
    assert after.encoding == before.encoding
    assert after.delimiter == before.delimiter
    at = after.header.index(column)
    assert [row[at] for row in after.rows] == wanted
    ours = {column, "Feedback comments", "Feedback"}
    kept = [
        [(h, c) for h, c in zip(t.header, row, strict=True) if h not in ours]
        for t in (before, after)
        for row in t.rows
    ]
    assert kept[: len(before.rows)] == kept[len(before.rows) :]
    if name == "brightspace":
        assert after.header[-1] == "End-of-Line Indicator"
    if name in ("moodle", "plain"):
        comments = [row[-1] for row in after.rows]
        assert comments[0].startswith("2 of 2 exercises are right.")
    assert file.read_text(encoding=encoding) == text


def test_an_ambiguous_column_title_is_reported_with_its_matches(folder, capsys):
    file = folder / "two.csv"
    file.write_text('Student,ID,SIS Login ID,Week (1),Week (2)\n"Lovelace, Ada",7001,a,,\n')
    options = ["--out", str(folder / "two"), "--roster", str(file), "--column", "Week", *OPTIONS]
    assert command.main([str(folder / "canvas.zip"), *options]) == 1
    assert "Week (1), Week (2)" in capsys.readouterr().err


def test_learners_in_the_download_but_not_on_the_list_are_reported(folder, capsys):
    file = folder / "short.csv"
    file.write_text(f"name\n{ADA}\n{LIN}\nNobody Here\n", encoding="utf-8")
    grade(folder, "moodle", "--roster", file)
    said = capsys.readouterr().out
    assert "Nothing handed in: Nobody Here" in said
    assert f"class_list_with_marks.csv (not in it: {OLU})" in said


# --- points ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("right", "of", "most", "decimals", "score"),
    [
        (1, 3, "10", 2, "3.33"),
        (2, 3, "10", 2, "6.67"),
        (1, 8, "1", 2, "0.13"),
        (1, 2, "5", 0, "3"),
        (3, 3, "100", 1, "100"),
        (0, 3, "10", 2, "0"),
        (2, 3, None, 2, "2"),
    ],
)  # halves are rounded up, as people do
def test_scores_are_scaled_and_rounded(right, of, most, decimals, score):
    from softmax_lessons.grading.jobs import Mark
    from softmax_lessons.grading.notebook import places
    from softmax_lessons.grading.submissions import Submission

    names = list(places())[:of]
    marks = [Mark("a", n, int(i < right), (), (), "", "k") for i, n in enumerate(names)]
    (found,) = results([Submission("a")], marks, most and Decimal(most), decimals)
    assert format_score(found.score) == score


def test_the_lessons_that_count_can_be_chosen(folder):
    (row, *_) = table(grade(folder, "plain", "--lessons", "1", "5") / "grades.csv")
    assert row["learner"] == ADA
    assert (row["points"], row["of"]) == ("1", "2")
    assert (row["softmax_1d"], row["stable_softmax"]) == ("1", "0")
    assert "softmax_dim" not in row


# --- what learners get ----------------------------------------------------------------------------


def test_each_learner_gets_a_page_and_a_text_in_the_checkers_words(folder):
    out = grade(folder, "plain") / "feedback"
    assert {path.name for path in out.iterdir()} == {
        f"{who}.{kind}" for who in ANSWERS for kind in ("html", "txt")
    }
    says = next(m.says for m in tasks()["softmax_dim"].misconceptions if m.slug == "returns-scores")
    for kind in ("html", "txt"):
        text = html.unescape((out / f"{LIN}.{kind}").read_text(encoding="utf-8"))
        assert says in text
        assert "returns-scores" in text
        assert "softmax_1d" in text
        assert bank.RIGHT["softmax_dim"].splitlines()[-1].strip() not in text
    page = (out / f"{LIN}.html").read_text(encoding="utf-8")
    assert not re.search(r'(src|href)="', page)


def test_a_name_that_is_not_a_valid_file_name_gets_one(tmp_path):
    files = {
        f"{name}_{i}_assignsubmission_file/a.ipynb": one("softmax_1d", f"x = {i}")
        for i, name in enumerate(["??", 'a:b*"<i>', "x" * 150, "q:R", "q*r"])
    }
    out = tmp_path / "out"
    assert command.main([str(unpacked(tmp_path / "c", files)), "--out", str(out), *OPTIONS]) == 0
    names = {path.name for path in (out / "feedback").glob("*.html")}
    assert names == {"_.html", "a_b_i_.html", f"{'x' * 80}.html", "q_r.html", "q_R 2.html"}
    assert "<i>" not in (out / "feedback" / "a_b_i_.html").read_text(encoding="utf-8")


def test_the_json_has_everything_in_the_table(folder):
    out = grade(folder, "canvas", "--points", "3")
    found = json.loads((out / "grades.json").read_text(encoding="utf-8"))["learners"]
    rows = table(out / "grades.csv")
    assert [each["learner"] for each in found] == [row["learner"] for row in rows]
    assert [each["score"] for each in found] == [row["score"] for row in rows]
    (late,) = [each for each in found if each["late"]]
    assert late["ids"] == ["7003"]
    wrong = next(each for each in found if each["learner"] == squashed(LIN))
    assert wrong["exercises"]["softmax_dim"]["mistakes"] == ["returns-scores"]


# --- pseudonyms -----------------------------------------------------------------------------------


def test_pseudonyms_hide_who_is_who_and_stay_the_same(folder, tmp_path):
    out = tmp_path / "out"
    options = ["--out", str(out), "--anonymous", *OPTIONS]
    tables = []
    for _ in range(2):
        assert command.main([str(folder / "canvas.zip"), *options]) == 0
        tables.append((out / "grades.csv").read_text(encoding="utf-8-sig"))
    assert tables[0] == tables[1]
    secret = {row["learner"]: row["pseudonym"] for row in table(out / "pseudonyms.csv")}
    rows = {row["learner"]: row for row in table(out / "grades.csv")}
    assert set(rows) == {f"Learner 0{i}" for i in range(1, 5)} == set(secret.values())
    assert rows[secret[squashed(ADA)]]["points"] == "2"
    written = [path for path in out.rglob("*") if path.is_file()]
    assert {path.name for path in written} == {
        "class.html",
        "grades.csv",
        "grades.html",
        "grades.json",
        "grades.jsonl",
        "pseudonyms.csv",
    }
    for path in written:
        if path.name != "pseudonyms.csv" and path.suffix != ".jsonl":
            text = path.read_text(encoding="utf-8")
            assert not [w for w in ANSWERS if w in text or squashed(w) in text]
            assert "7001" not in text
    # a learner who comes later gets the next one
    files = {**canvas(), "zoe_7010_9_a.ipynb": one("softmax_1d", bank.RIGHT["softmax_1d"])}
    (tmp_path / "more.zip").write_bytes(packed(files))
    assert command.main([str(tmp_path / "more.zip"), *options]) == 0
    again = {row["learner"]: row["pseudonym"] for row in table(out / "pseudonyms.csv")}
    assert again == {**secret, "zoe": "Learner 05"}


def test_pseudonyms_also_hide_names_in_unread_files_and_say_where_names_remain(tmp_path, capsys):
    code = (
        "def softmax_1d(x):\n"
        + "".join(f"    x{i} = x + {i}\n" for i in range(20))
        + "    return x"
    )
    files = {f"{who}/a.ipynb": one("softmax_1d", code) for who in ANSWERS}
    files |= {f"{ADA} notes.txt": "", f"__MACOSX/{ADA}": ""}
    (tmp_path / "class.zip").write_bytes(packed(files))
    grade(tmp_path, "class", "--same")
    said = capsys.readouterr()
    assert ADA in said.out
    assert f"Not read: class.zip/{ADA} notes.txt" in said.err
    out = tmp_path / "class_same"
    options = ["--out", str(out), "--anonymous", "--same", *OPTIONS]
    assert command.main([str(tmp_path / "class.zip"), *options]) == 0
    said = capsys.readouterr()
    assert re.search(r"softmax_1d, \d+ tokens: Learner 01, Learner 02, Learner 03", said.out)
    assert "Not read: 2 other files or folders" in said.err
    shared = [(out / name).read_text(encoding="utf-8") for name in command.NAMELESS]
    assert not [who for who in ANSWERS if who in "".join([said.out, said.err, *shared])]
    of_names = re.search(r"Names are still in \S+, in: (.+)", said.out)[1].split(", ")
    assert of_names == ["feedback", "grades.jsonl", "pseudonyms.csv"]


def test_pseudonyms_also_hide_names_in_the_text_of_an_error(tmp_path):
    source = "def softmax_1d(x):\n    raise OSError('Jane says: max of /home/DoeJane/7123 failed')"
    (tmp_path / "class.zip").write_bytes(
        packed({"doejane_7123_9_a.ipynb": one("softmax_1d", source)})
    )
    (tmp_path / "roster.csv").write_text('Student,ID\n"Doe, Jane",7123\n', encoding="utf-8")
    out = tmp_path / "out"
    options = ["--out", str(out), "--anonymous", "--roster", str(tmp_path / "roster.csv"), *OPTIONS]
    assert command.main([str(tmp_path / "class.zip"), *options]) == 0
    shared = "".join((out / name).read_text(encoding="utf-8") for name in command.NAMELESS)
    assert "OSError: ... says: max of /home/.../... failed" in shared
    assert not re.search(r"(?i)jane|doe\b|7123", shared)


# --- a mark explained -----------------------------------------------------------------------------


def explained(folder, capsys, learner, exercise, name="moodle"):
    options = ["--out", str(folder / "explained"), "--explain", learner, exercise, *OPTIONS]
    code = command.main([str(folder / f"{name}.zip"), *options])
    said = capsys.readouterr()
    return code, said.out or said.err


@pytest.mark.parametrize("learner", [LIN, "502"])
def test_a_mark_is_explained_with_every_input_that_was_tried(folder, capsys, learner):
    code, said = explained(folder, capsys, learner, "softmax_dim")
    assert code == 0
    assert bank.WRONG["softmax_dim"].splitlines()[1] in said
    assert "softmax_dim: not yet (returns-scores)" in said
    tried = len(tasks()["softmax_dim"].probes())
    right, of = map(int, re.search(r"Right on (\d+) of (\d+) inputs", said).groups())
    assert (right, of) == (0, tried)
    numbered = re.findall(r"^(\d+)\. WRONG: f\(x, dim=.*?\) with x", said, re.MULTILINE)
    assert numbered == [str(i) for i in range(1, tried + 1)]
    assert said.count("  got: ") == said.count("  expected: ") == tried + 1


def test_a_right_answer_is_explained_too(folder, capsys):
    _, said = explained(folder, capsys, ADA, "softmax_1d")
    assert "softmax_1d: correct" in said
    assert "WRONG" not in said
    assert re.search(
        r"1\. right: f\(x\) with x = \[2, 1, 0\.1\], torch\.float32:\n"
        r"  got:      \[0\.659, 0\.2424, 0\.0986\]\n  expected: \[0\.659, 0\.2424",
        said,
    )


def test_the_inputs_for_an_answer_are_the_same_every_time(folder, capsys):
    (_, first), (_, second) = (explained(folder, capsys, ADA, "softmax_1d") for _ in range(2))
    assert first == second
    assert first.count("right: ") > len(tasks()["softmax_1d"].fixed)


def test_a_test_that_a_learner_wrote_is_explained(tmp_path, capsys):
    source = "def test_rows(f):\n    assert f(torch.rand(3, 3)).min() >= 0"
    cells = [bank.code(bank.IMPORTS), bank.code(source, "exercise")]
    (tmp_path / "class.zip").write_bytes(packed({"ada.ipynb": json.dumps(bank.notebook(cells))}))
    _, said = explained(tmp_path, capsys, "ada", "hunt_unkept_maximum", "class")
    assert "right: your test with a correct function" in said
    assert "WRONG: your test with a buggy function" in said


@pytest.mark.parametrize(
    ("learner", "exercise", "error"),
    [
        ("Ada Lovelac", "softmax_1d", "no learner is called 'Ada Lovelac'; there is Ada Lovelace"),
        (ADA, "softmax_2d", "there is no exercise 'softmax_2d'; there is"),
        (ADA, "stable_softmax", "Ada Lovelace has no answer to stable_softmax"),
    ],
)
def test_a_mark_that_cannot_be_explained_is_reported(folder, capsys, learner, exercise, error):
    code, said = explained(folder, capsys, learner, exercise)
    assert code == 1
    assert error in said


# --- the same answers -----------------------------------------------------------------------------


def test_identical_answers_are_listed_only_on_request(tmp_path, capsys):
    long = (
        "def my_softmax(x, dim):\n    exps = (x - x.amax(dim=dim, keepdim=True)).exp()\n"
        "    return exps / exps.sum(dim=dim, keepdim=True)"
    )
    other = long.replace("exps", "e")
    spaced = long.replace("\n    ", "\n        # mine!\n\n        ").replace(" / ", "/")
    answers = {"ada": long, "bob": spaced, "cy": other, "dan": other.replace("x.amax", "x.max")}
    files = {f"{who}.ipynb": one("stable_softmax", source) for who, source in answers.items()}
    short = one("softmax_1d", bank.RIGHT["softmax_1d"])
    files |= {f"{who}/a.ipynb": short for who in ("eve", "fay")}
    untouched = (bank.ROOT / "notebooks" / "08_follow_the_gradient.ipynb").read_text("utf-8")
    files |= {f"{who}.ipynb": untouched for who in "gh"}
    folder = unpacked(tmp_path / "class", files)
    options = ["--out", str(tmp_path / "out"), *OPTIONS]
    assert command.main([str(folder), *options]) == 0
    assert "token" not in capsys.readouterr().out
    assert command.main([str(folder), *options, "--same"]) == 0
    said = capsys.readouterr().out
    (listed,) = re.findall(r"^  stable_softmax, \d+ tokens: (.*)$", said, re.MULTILINE)
    assert listed == "ada, bob"
    assert "softmax_1d" not in said
    assert "backward" not in said
    assert not re.search("cheat|plagiar|copied", said)
