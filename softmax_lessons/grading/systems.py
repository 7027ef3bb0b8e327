"""How learning systems name their downloads, and what they accept as uploads: only data."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

# Brightspace doesn't write a colon between hours and minutes; schools choose the order
TIMES = ("%b %d, %Y %I%M %p", "%B %d, %Y %I%M %p", "%d %B, %Y %H%M", "%d %b, %Y %H%M")


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


CANVAS = System(
    "Canvas",
    # instructure/canvas-lms, lib/content_zipper.rb; uploads are numbered in order
    _patterns(
        r"(?P<late>LATE_)?anon_(?P<id>[A-Za-z0-9]+)_(?P<when>\d+)_(?P<file>.+)",
        r"(?P<late>LATE_)?anon_(?P<id>[A-Za-z0-9]+)_(?P<file>text\.html|link\.html)",
        r"(?P<name>.*?)(?P<late>_LATE)?_(?P<id>\d+)_(?P<when>\d+)_(?P<file>.+)",
        r"(?P<name>.*?)(?P<late>_LATE)?_(?P<id>\d+)_(?P<file>text\.html|link\.html)",
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
        r"(?P<name>.+)_(?P<id>\d+)_assignsubmission_(?:file|onlinetext)_?",
        r"(?P<name>.+)_(?P<id>\d+)_assignsubmission_(?:file|onlinetext)_(?P<file>.+)",
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
        r".+_(?P<id>[^_]+)_attempt_(?P<when>\d{4}(?:-\d\d){5})_(?P<file>.+)",
        r".+_(?P<id>[^_]+)_attempt_(?P<when>\d{4}(?:-\d\d){5})\.txt",
    ),
    gradebook=Gradebook(
        told_by=frozenset({"availability", "child course id"}),
        new={"Username": "{id}"},
        marks="{title}",
        feedback="Feedback to Learner",
    ),
)
BRIGHTSPACE = System(
    "Brightspace",
    _patterns(
        r"(?P<id>\d+-\d+) - (?P<name>.+?) - (?P<when>[^-]*\d{4}[^-]*?)",
        r"(?P<id>\d+-\d+) - (?P<name>.+?) - (?P<when>[^-]*\d{4}[^-]*?) - (?P<file>.+)",
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
PARTS_OF_NAMES = (("first name", "last name"), ("firstname", "lastname"), ("given", "family"))


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


def named(name: str, told: Mapping[str, tuple[str, str]] | None = None) -> Named | None:
    """Return the information in the name of a file or folder in a download, if it's a known kind.

    Args:
        name: the name, without the folder it's in.
        told: the learners' names and IDs by the beginning of a file's name, if other files give
            them.
    """
    for system in SYSTEMS:
        for pattern in system.names:
            if match := pattern.fullmatch(name):
                found = {key: value or "" for key, value in match.groupdict().items()}
                found["late"] = bool(found.get("late"))
                found["when"] = _sortable(found.get("when", ""))
                start = name.partition("_attempt_")[0]
                if told and start in told:
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


def _sortable(when: str) -> str:
    """Return a time or a number as a text that sorts the same way."""
    if when.isdigit():
        return when.zfill(20)
    for form in TIMES:
        try:
            return datetime.strptime(when, form).strftime("%Y-%m-%d %H:%M")
        except ValueError:
            continue
    return when
