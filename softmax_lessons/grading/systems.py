"""How learning systems name what they hand out, and what they take back: data alone."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

# Brightspace writes no colon between hours and minutes; schools choose the order
TIMES = ("%b %d, %Y %I%M %p", "%B %d, %Y %I%M %p", "%d %B, %Y %H%M", "%d %b, %Y %H%M")


@dataclass(frozen=True)
class Gradebook:
    """The table of marks that a system takes.

    Attributes:
        told_by: columns of which each tells that a table is this system's.
        new: the columns of a new table, and what is in them for a learner; {id}, {name} and
            {title} (of the marks) are filled in. None if a new table can't be made: what it
            takes to tell who is who isn't in a download.
        marks: the column of marks.
        feedback: the column of comments, "" if there is none.
        last: a column that must stay the last one.
        id: what an id of this system looks like in its table.
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
        name: what it is called.
        names: patterns of what a download calls a learner's file or folder. Their groups: `id`,
            `name` (the learner's), `late`, `when`, and `file` (the learner's own name for it).
        same_id: whether a learner has the same id in every download.
        gradebook: how it takes marks, if it does.
    """

    name: str
    names: tuple[re.Pattern[str], ...] = ()
    same_id: bool = True
    gradebook: Gradebook | None = None


def _patterns(*texts: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(text, re.DOTALL) for text in texts)


CANVAS = System(
    "Canvas",
    # instructure/canvas-lms, lib/content_zipper.rb; uploads are numbered in the order they came
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
    # moodle/moodle, mod/assign: a folder for each learner or, if set so, files side by side
    _patterns(
        r"(?P<name>.+)_(?P<id>\d+)_assignsubmission_(?:file|onlinetext)_?",
        r"(?P<name>.+)_(?P<id>\d+)_assignsubmission_(?:file|onlinetext)_(?P<file>.+)",
    ),
    same_id=False,  # it is that of "Participant 123", another one in each assignment
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
    # with a .txt for each attempt, which says whose it is; see `told`
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
        new=None,  # its ids are not in the names of files
        marks="{title} Points Grade",
        last="End-of-Line Indicator",
    ),
)
GITHUB = System("GitHub Classroom")  # its folder's own name tells; see `of_github`
NBGRADER = System("nbgrader")  # a folder for each learner
PLAIN = System("")
SYSTEMS = (MOODLE, BLACKBOARD, BRIGHTSPACE, CANVAS)

# any other table: marks and comments are put at its end
OTHER_TABLE = Gradebook(frozenset(), None, "{title}", feedback="Feedback")

OF_GITHUB = "-submissions"  # what `gh classroom clone student-repos` calls the folder, at its end
OF_NBGRADER = "submitted"
# what stands next to `submitted` in a course of nbgrader
BESIDE_IT = ("nbgrader_config.py", "gradebook.db", "source", "release")
BLACKBOARD_NAME = re.compile(r"^Name: (?P<name>.+) \((?P<id>[^()]+)\)\s*$", re.MULTILINE)

# what rosters and gradebooks call the columns that tell who somebody is
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
    """What a name in a download tells.

    Attributes:
        system: whose download it is.
        id: what the system calls the learner.
        name: the learner's name, as far as it is there.
        file: what the learner called the file; "" for a folder.
        when: sorts one learner's attempts.
        late: whether it came late.
    """

    system: System
    id: str = ""
    name: str = ""
    file: str = ""
    when: str = ""
    late: bool = False


def named(name: str, told: Mapping[str, tuple[str, str]] | None = None) -> Named | None:
    """Return what the name of a file or folder in a download tells, if it is of a known kind.

    Args:
        name: without the folder it is in.
        told: the learners' names and ids by the beginning of a file's name, where other files
            say so.
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
    """Return what is known of a table with these columns."""
    known = {column.strip().casefold() for column in columns}
    for system in SYSTEMS:
        if system.gradebook.told_by & known:
            return system.gradebook
    return OTHER_TABLE


def of_github(name: str, folder: str) -> Named | None:
    """Return what the name of a repository tells, in a folder that GitHub Classroom named."""
    start = folder.removesuffix(OF_GITHUB) + "-"
    if not folder.endswith(OF_GITHUB) or not name.startswith(start):
        return None
    return Named(GITHUB, name.removeprefix(start))


def _sortable(when: str) -> str:
    """Return a time or a number as a text that sorts as it does."""
    if when.isdigit():
        return when.zfill(20)
    for form in TIMES:
        try:
            return datetime.strptime(when, form).strftime("%Y-%m-%d %H:%M")
        except ValueError:
            continue
    return when
