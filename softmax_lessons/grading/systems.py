"""How learning systems name their downloads, and what they accept as uploads: only data."""

import contextlib
import os
import re
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

# schools choose how Brightspace writes a date, which has no comma here; `_sortable` reads the time
DATES = ("%b %d %Y", "%B %d %Y", "%d %b %Y", "%d %B %Y", "%Y-%m-%d")
# it doesn't write the colon
TIME = re.compile(
    r"(?P<date>.+) (?P<hour>\d?\d):?(?P<minute>\d\d)(?: (?P<half>[AP])M)?", re.IGNORECASE
)
BLACKBOARD_TIME = r"\d{4}(?:-\d\d){5}"
FEW = 100  # people's own numbers are smaller; Canvas numbers the uploads of a whole school


@dataclass(frozen=True)
class Gradebook:
    """The table of marks that a system accepts.

    Attributes:
        told_by: columns that each identify a table as this system's.
        new: the columns of a new table, and their contents for a learner; {id}, {name} and {title}
            (of the marks) are filled in. None if we can't make a new table, because a download
            doesn't say who is who.
        marks: the column of marks.
        feedback: the column of comments, "" if there isn't one.
        last: a column that must stay last.
        id: a pattern for this system's IDs in its table.
    """

    told_by: frozenset[str]
    new: Mapping[str, str] | None
    marks: str
    feedback: str = ""
    last: str = ""
    id: str = r".+"


@dataclass(frozen=True)
class System:
    """A learning system.

    Attributes:
        name: its name.
        names: patterns for the names of learners' files and folders in a download. Their groups:
            `id`, `name` (the learner's), `late`, `when`, and `file` (the learner's own name for
            it).
        same_id: whether a learner has the same ID in every download.
        gradebook: how it accepts marks, if it does.
    """

    name: str
    names: tuple[re.Pattern[str], ...] = ()
    same_id: bool = True
    gradebook: Gradebook | None = None


def _patterns(*texts: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(text, re.DOTALL) for text in texts)


_NAME = r"(?P<name>[^\sA-Z.,;()'-]+?)"
CANVAS = System(
    "Canvas",
    # instructure/canvas-lms, lib/content_zipper.rb; uploads are numbered in order, and the names
    # have no capital letters, spaces or punctuation; see also `_of_people`
    _patterns(
        r"(?P<late>LATE_)?anon_(?P<id>[A-Za-z0-9]+)_(?P<when>\d+)_(?P<file>.+)",
        r"(?P<late>LATE_)?anon_(?P<id>[A-Za-z0-9]+)_(?P<file>text\.html|link\.html)",
        rf"{_NAME}(?P<late>_LATE)?_(?P<id>[1-9]\d*)_(?P<when>[1-9]\d*)_(?P<file>.+)",
        rf"{_NAME}(?P<late>_LATE)?_(?P<id>[1-9]\d*)_(?P<file>text\.html|link\.html)",
    ),
    # lib/gradebook_importer.rb; it finds people by ID
    gradebook=Gradebook(
        told_by=frozenset({"sis login id", "sis user id"}),
        new={
            "Student": "{name}",
            "ID": "{id}",
            "SIS User ID": "",
            "SIS Login ID": "",
            "Section": "",
        },
        marks="{title}",
        id=r"\d+",
    ),
)
MOODLE = System(
    "Moodle",
    # moodle/moodle, mod/assign: one folder per learner or, depending on a setting, files next to
    # each other
    _patterns(
        r"(?P<name>.+?)_(?P<id>\d+)_assignsubmission_(?:file|onlinetext)_?",
        r"(?P<name>.+?)_(?P<id>\d+)_assignsubmission_(?:file|onlinetext)_(?P<file>.+)",
    ),
    same_id=False,  # the one in "Participant 123", which differs between assignments
    # the grading worksheet of one assignment: mod/assign/feedback/offline/importgradeslib.php
    gradebook=Gradebook(
        told_by=frozenset({"last modified (grade)"}),
        new={"Identifier": "Participant {id}", "Full name": "{name}", "Last modified (grade)": "-"},
        marks="Grade",
        feedback="Feedback comments",
    ),
)
BLACKBOARD = System(
    "Blackboard",
    # with one .txt per attempt, which says whose it is; see `told`
    _patterns(
        # a file that was downloaded and handed in again has the ending twice
        rf".+?_(?P<id>[^_]+)_attempt_(?P<when>{BLACKBOARD_TIME})_(?P<file>.+)",
        rf".+?_(?P<id>[^_]+)_attempt_(?P<when>{BLACKBOARD_TIME})\.txt",
    ),
    gradebook=Gradebook(
        told_by=frozenset({"availability", "child course id"}),
        new={"Username": "{id}"},
        marks="{title}",
        feedback="Feedback to Learner",
    ),
)
_WHEN = r"(?P<when>(?:(?! - ).)*\d{4}(?:(?! - ).)*)"  # with a year
BRIGHTSPACE = System(
    "Brightspace",
    _patterns(
        rf"(?P<id>\d+-\d+) - (?P<name>.+?) - {_WHEN} - (?P<file>.+)",
        rf"(?P<id>\d+-\d+) - (?P<name>.+?) - {_WHEN}",
    ),
    same_id=False,
    gradebook=Gradebook(
        told_by=frozenset({"orgdefinedid", "end-of-line indicator"}),
        new=None,  # file names don't have its IDs
        marks="{title} Points Grade",
        last="End-of-Line Indicator",
    ),
)
GITHUB = System("GitHub Classroom")  # recognised by its folder's name; see `of_github`
NBGRADER = System("nbgrader")  # one folder per learner
PLAIN = System("")
SYSTEMS = (MOODLE, BLACKBOARD, BRIGHTSPACE, CANVAS)

# any other table: marks and comments go at the end
OTHER_TABLE = Gradebook(frozenset(), None, "{title}", feedback="Feedback")

OF_GITHUB = "-submissions"  # the end of the folder name from `gh classroom clone student-repos`
OF_NBGRADER = "submitted"
# files and folders next to `submitted` in an nbgrader course
BESIDE_IT = ("nbgrader_config.py", "gradebook.db", "source", "release")
BLACKBOARD_NAME = re.compile(r"^Name: (?P<name>.+) \((?P<id>[^()]+)\)\s*$", re.MULTILINE)

# rosters' and gradebooks' names for the columns that say who somebody is
ID_COLUMNS = {
    *("id", "sis user id", "sis login id", "username", "user name", "login", "orgdefinedid"),
    *("student id", "id number", "identifier", "email", "email address", "e-mail"),
    *("github_username", "github username", "github_id", "student_id"),
}
NAME_COLUMNS = {"name", "full name", "student", "student name", "learner"}
# lines of a gradebook that aren't people
NOBODY = {"points possible", "manual posting", "student, test", "test student"}
PARTS_OF_NAMES = (
    *(("first name", "last name"), ("firstname", "lastname"), ("first_name", "last_name")),
    ("given", "family"),
)


@dataclass(frozen=True)
class Named:
    """The information in a name in a download.

    Attributes:
        system: the learning system.
        id: the system's ID for the learner.
        name: the learner's name, if it's there.
        file: the learner's name for the file; "" for a folder.
        when: sorts one learner's attempts.
        late: whether it was late.
    """

    system: System
    id: str = ""
    name: str = ""
    file: str = ""
    when: str = ""
    late: bool = False


def named_in(
    names: Collection[str],
    folders: Collection[str] = (),
    told: Mapping[str, tuple[str, str]] | None = None,
) -> dict[str, Named]:
    """Return the information in the names that a learning system gave, by name.

    Args:
        names: the names of a download's files and folders.
        folders: those that are folders' names.
        told: the learners' names and IDs by the beginning of a file's name, if other files give
            them.
    """
    found = {name: known for name in names if (known := _named(name, told or {}))}
    found |= _with_whole_ids(found)
    of_canvas = {name: known for name, known in found.items() if known.system is CANVAS}
    strays = _of_people({n: known for n, known in of_canvas.items() if known.name})
    found = {name: known for name, known in found.items() if name not in strays}
    return {
        name: known for name, known in found.items() if name not in folders or name not in of_canvas
    }


def _with_whole_ids(found: Mapping[str, Named]) -> dict[str, Named]:
    """Return what Blackboard's names say if IDs have a _ in them, as in Week 1_a_doe_attempt_...

    Only where two people would have the same ID otherwise, because nothing says where one begins.
    """
    starts: dict[str, set[str]] = {}
    for name, known in found.items():
        if known.system is BLACKBOARD:
            starts.setdefault(known.id, set()).add(name.partition("_attempt_")[0])
    whole = {}
    for name, known in found.items():
        same = starts.get(known.id, ())
        common = os.path.commonprefix(sorted(same))  # noqa: RUF071 (these aren't paths)
        title = common.rpartition("_")[0]
        if known.system is BLACKBOARD and len(same) > 1 and title:
            own = name.partition("_attempt_")[0].removeprefix(f"{title}_")
            whole[name] = replace(known, id=own)
    return whole


def _of_people(given: Mapping[str, Named]) -> set[str]:
    """Return the names whose numbers aren't Canvas's, but a person's, as in week_1_2_ada.ipynb."""
    names: dict[str, set[str]] = {}
    for known in given.values():
        names.setdefault(known.id, set()).add(known.name)
    uploads = Counter((known.id, known.when) for known in given.values() if known.when)
    strays = {n for n, k in given.items() if len(names[k.id]) > 1 or uploads[k.id, k.when] > 1}
    others = [known for name, known in given.items() if name not in strays]
    numbers = [int(known.when) for known in others if known.when]
    is_own = len({known.name for known in others}) == 1 and len(numbers) > 1
    return {*given} if is_own and max(numbers) < FEW else strays


def _named(name: str, told: Mapping[str, tuple[str, str]]) -> Named | None:
    for system in SYSTEMS:
        for pattern in system.names:
            if match := pattern.fullmatch(name):
                found = {key: value or "" for key, value in match.groupdict().items()}
                found["late"] = bool(found.get("late"))
                found["when"] = _sortable(found.get("when", ""))
                start = name.partition("_attempt_")[0]
                if start in told:
                    found["name"], found["id"] = told[start]
                return Named(system, **found)
    return None


def gradebook_of(columns: Collection[str]) -> Gradebook:
    """Return what we know about a table with these columns."""
    known = {column.strip().casefold() for column in columns}
    for system in SYSTEMS:
        if system.gradebook.told_by & known:
            return system.gradebook
    return OTHER_TABLE


def of_github(name: str, folder: str) -> Named | None:
    """Return the information in a repository's name, in a folder named by GitHub Classroom."""
    start = folder.removesuffix(OF_GITHUB) + "-"
    if not folder.endswith(OF_GITHUB) or not name.startswith(start):
        return None
    return Named(GITHUB, name.removeprefix(start))


def of_nbgrader(name: str, folder: str) -> Named | None:
    """Return the information in a folder's name, in nbgrader's folder of submissions."""
    return Named(NBGRADER, name) if folder == OF_NBGRADER else None


def _sortable(when: str) -> str:
    """Return a time or a number as a text that sorts the same way, "" if it can't be read."""
    if when.isdigit():
        return when.zfill(20)
    if re.fullmatch(BLACKBOARD_TIME, when):
        return when
    match = TIME.fullmatch(when)
    for form in DATES if match else ():
        with contextlib.suppress(ValueError):
            date = datetime.strptime(re.sub(r"[,.\s]+", " ", match["date"]), form)
            hour = int(match["hour"])
            if match["half"]:
                hour = hour % 12 + 12 * (match["half"] in "Pp")
            return f"{date:%Y-%m-%d} {hour:02}:{match['minute']}"
    return ""
