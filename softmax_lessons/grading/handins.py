"""Who handed in what: learners' files in folders and zips from learning systems."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from softmax_lessons.checker import memory
from softmax_lessons.grading import archive, systems
from softmax_lessons.grading.state import STATE
from softmax_lessons.grading.systems import PLAIN, Named

# files that an earlier run wrote
REPORTS = re.compile(
    rf"{re.escape(STATE)}|grades\.(csv|html|json)|class\.html|pseudonyms\.csv|feedback|"
    r"class_list_with_marks\.csv|marks_for_[\w ]+\.csv"
)
NOTEBOOK, ZIP = ".ipynb", ".zip"
OF_SYSTEMS = ("__MACOSX", "Thumbs.db", "desktop.ini")  # files that packing leaves behind
# files that systems add to the learners' own in a download
KNOWN = ("index.html", "timestamp.txt")
MOST_NAMED = 5  # files named in one note


@dataclass(frozen=True)
class File:
    """A file of a learner.

    Attributes:
        name: the learner's name for it.
        path: where it is.
        within: the learner's folder or this very file, which it mustn't be a link out of.
    """

    name: str
    path: Path
    within: Path


@dataclass(frozen=True)
class Part:
    """A file or folder of one learner in one download.

    Attributes:
        path: where it is, or where it was unpacked if it was a zip.
        within: the folder or file that no link in it may lead out of.
        shown: where the teacher can find it.
        named: the information in its name.
        unread: why some of its files couldn't be read, if it's from a zip.
        notes: other remarks about it.
    """

    path: Path
    within: Path
    shown: str
    named: Named
    unread: Mapping[Path, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def contents(self) -> tuple[list[File], list[str]]:
        """Return its files, with zips unpacked, and remarks about them."""
        notes, unread = list(self.notes), dict(self.unread)
        if self.named.system is systems.BLACKBOARD and not self.named.file:
            found = []  # its own note on an attempt
        elif not self.path.is_dir() or self.path.suffix.lower() == NOTEBOOK:
            found = [File(self.named.file or self.path.name, self.path, self.within)]
        else:
            found, left = [], archive.MOST_OF_LEARNER
            for path in _files(self.path):
                name = str(path.relative_to(self.path))
                if path.suffix.lower() != ZIP or path in unread:
                    found.append(File(name, path, self.within))
                    continue
                try:
                    inner, more, refused = _unpacked(path, self.within, left)
                except ValueError as error:
                    unread[path] = str(error)
                    found.append(File(name, path, self.within))
                    continue
                unread |= more
                notes += refused
                found += [File(f"{name}/{p.relative_to(inner)}", p, inner) for p in _files(inner)]
                left -= sum(p.stat().st_size for p in inner.rglob("*"))
        for why in dict.fromkeys(unread.values()):
            names = [file.name for file in found if unread.get(file.path) == why]
            notes += [f"{few(names)} can't be read: {why}"] if names else []
        return [file for file in found if file.path not in unread], notes


@dataclass
class Learner:
    """The learner that some parts belong to.

    Attributes:
        label: the name in the reports; no two learners have the same one.
        system: the learning system, "" if unknown.
        ids: the system's IDs for the learner; several if they differ between downloads.
        name: the name, if the downloads have it.
        parts: what the learner handed in.
        notes: remarks about the learner's identity.
        row: the number of the line in the class list, if there is one.
        unsure: whether the class list can't tell which of several people handed something in, and
            this is one of them.
    """

    label: str = ""
    system: str = ""
    ids: tuple[str, ...] = ()
    name: str = ""
    parts: list[Part] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    row: int | None = None
    unsure: bool = False


@dataclass
class Download:
    """One folder or zip of submissions.

    Attributes:
        parts: the learners' files and folders in it.
        left_out: everything else in it, which isn't read.
    """

    parts: list[Part] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


def open_download(place: Path, out: Path | None = None) -> Download:
    """Return the contents of a folder or zip of submissions.

    Args:
        place: the folder or zip.
        out: where the reports go, which belong to no learner.

    Raises:
        FileNotFoundError: if it's neither, or is empty.
        ValueError: if it's a zip that can't be read.
    """
    download = Download()
    if place.is_dir():
        _look_into(_root(place, place.name), "", {}, out, download)
    elif place.is_file() and place.suffix.lower() == ZIP:
        try:
            folder, unread, refused = archive.unpack(place, archive.MOST_OF_CLASS)
        except ValueError as error:
            raise ValueError(f"{place} can't be read: {error}") from None
        download.left_out += refused
        _look_into(_root(folder, place.stem), f"{place.name}/", unread, out, download)
    else:
        wanted = "give the folder or the zip with the submissions"
        what = "is neither a folder nor a zip" if place.exists() else "doesn't exist"
        raise FileNotFoundError(f"{place} {what}; {wanted}")
    if not download.parts:
        raise FileNotFoundError(f"{place} has no notebooks or folders of notebooks in it")
    return download


def by_learner(downloads: Sequence[Download]) -> list[Learner]:
    """Return the learners in all downloads, combining those that are the same person."""
    found: dict[tuple[str, ...], Learner] = {}
    for number, download in enumerate(downloads):
        labels = _labels([part for part in download.parts if part.named.system is PLAIN])
        ids = {(p.named.system.name, seen(p.named.name), p.named.id) for p in download.parts}
        count = Counter((system, name) for system, name, _ in ids)
        for part in download.parts:
            named, system = part.named, part.named.system
            name = labels.get(part.shown, named.name)
            key = (system.name, seen(name) if system.name else name)
            if system.same_id:
                key += (named.id,)
            elif count[key] > 1:  # we can't tell which of them is which in another download
                key += (named.id, str(number))
            learner = found.setdefault(key, Learner("", system.name, (), name))
            learner.parts.append(part)
            if named.id and named.id not in learner.ids:
                learner.ids += (named.id,)
    return list(found.values())


def name_apart(learners: Sequence[Learner]) -> list[Learner]:
    """Give each learner their own label, and return them in label order.

    The label is the name, with the ID if it's needed to tell learners apart.
    """
    for learner in learners:
        learner.parts.sort(key=lambda part: part.shown)
        learner.label = learner.name or " ".join(learner.ids)
    count = Counter(seen(learner.label) for learner in learners)
    for learner in learners:
        if learner.ids and count[seen(learner.label)] > 1:
            learner.label = f"{learner.name} ({', '.join(learner.ids)})".strip()
    ordered = sorted(
        learners,
        key=lambda each: (seen(each.label), each.label, [part.shown for part in each.parts]),
    )
    taken: Counter[str] = Counter()
    for learner in ordered:
        taken[seen(learner.label)] += 1
        if (again := taken[seen(learner.label)]) > 1:
            learner.label += f" [{again}]"
    return ordered


def require_inside(path: Path, within: Path) -> None:
    """Raise ValueError if a path isn't a file, or is a link out of `within`."""
    if not path.resolve().is_relative_to(within.parent.resolve() / within.name):
        raise ValueError("it's a link to somewhere else")
    if not path.is_file():
        raise ValueError("it isn't a file")


def seen(label: str) -> str:
    """Return a label the way a reader of the report sees it."""
    return " ".join(unicodedata.normalize("NFKC", label).casefold().split())


def few(names: Sequence[str]) -> str:
    """Return the first of some names, and how many more there are."""
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _root(folder: Path, name: str) -> Path:
    """Return the folder with the learners' files: packing and cloning put a folder around it."""
    inner = folder / systems.OF_NBGRADER
    if inner.is_dir() and any((folder / other).exists() for other in systems.BESIDE_IT):
        return inner
    inside = _entries(folder)
    if len(inside) != 1 or not inside[0].is_dir():
        return folder
    (inner,) = inside
    is_around = (
        inner.name in (name, systems.OF_NBGRADER)
        or inner.name.endswith(systems.OF_GITHUB)
        or _named_in(inner)
    )
    return inner if is_around and not _named_in(folder) else folder


def _named_in(folder: Path, told: Mapping[str, tuple[str, str]] | None = None) -> dict[str, Named]:
    """Return the information in the names of a folder's contents, by name.

    Args:
        folder: the folder.
        told: see `_told`.
    """
    entries = _entries(folder)
    names = [path.name for path in entries]
    found = systems.named_in(names, [path.name for path in entries if path.is_dir()], told)
    by_folder = {
        path.name: systems.of_github(path.name, folder.name)
        or (systems.of_nbgrader(path.name, folder.name) if path.is_dir() else None)
        for path in entries
    }
    return found | {name: known for name, known in by_folder.items() if known}


def _look_into(
    folder: Path, before: str, unread: Mapping[Path, str], out: Path | None, download: Download
) -> None:
    """Add a folder's contents to a download.

    Args:
        folder: the folder.
        before: what the teacher sees before the names of the contents.
        unread: why some of its files couldn't be read.
        out: where the reports go.
        download: the download to add to.
    """
    names = _named_in(folder, _told(folder))
    for path in _entries(folder):
        shown = f"{before}{path.name}"
        named = names.get(path.name)
        suffix, is_folder = path.suffix.lower(), path.is_dir()
        if path.name in OF_SYSTEMS or (not named and path.name in KNOWN):
            if is_folder or path.name in OF_SYSTEMS:
                download.left_out.append(f"{shown}/" if is_folder else shown)
        elif _is_report(path, out):
            if is_folder and any(_notebooks(path)):
                download.left_out.append(f"{shown}/")
        elif suffix == ZIP and not is_folder and path not in unread:
            _add_zip(path, shown, named, download)
        elif named or suffix in (NOTEBOOK, ZIP) or is_folder:
            own = named or Named(PLAIN, file=path.name)
            download.parts.append(Part(path, path, shown, own, unread))
        else:
            download.left_out.append(shown)


def _add_zip(path: Path, shown: str, named: Named | None, download: Download) -> None:
    """Add the contents of a zip in a download, which is a learner's own or another download."""
    own = named or Named(PLAIN, file=path.name)
    try:
        most = archive.MOST_OF_LEARNER if named else archive.MOST_OF_CLASS
        unpacked, unread, notes = _unpacked(path, path, most)
    except ValueError as error:
        download.parts.append(Part(path, path, shown, own, {path: str(error)}))
        return
    root = _root(unpacked, path.stem)
    of_class = root.name == systems.OF_NBGRADER or root.name.endswith(systems.OF_GITHUB)
    if not named and (of_class or _named_in(root)):
        download.left_out += notes
        _look_into(root, f"{shown}/", unread, None, download)
    else:
        download.parts.append(Part(unpacked, unpacked, shown, own, unread, tuple(notes)))


def _unpacked(path: Path, within: Path, most: int) -> tuple[Path, dict[Path, str], list[str]]:
    require_inside(path, within)
    return archive.unpack(path, most)


def _told(folder: Path) -> dict[str, tuple[str, str]]:
    """Return learners' names and IDs by how their file names begin, as given by Blackboard."""
    found = {}
    for path in folder.glob("*_attempt_*.txt"):
        if path.is_file() and not path.is_symlink() and path.stat().st_size < 1 << 20:
            text = path.read_text(encoding="utf-8-sig", errors="replace")
            match = systems.BLACKBOARD_NAME.search(text)
            start = path.name.partition("_attempt_")[0]
            if match and start.endswith(f"_{match['id']}"):
                found[start] = match["name"], match["id"]
    return found


def _entries(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if not path.name.startswith("."))


def _is_report(path: Path, out: Path | None) -> bool:
    """Tell whether an earlier run wrote this."""
    ours = REPORTS.fullmatch(path.name) is not None
    if not path.is_dir():
        return ours
    ours = (ours or (path / STATE).is_file()) and not any(_notebooks(path))
    return ours or (out is not None and path.resolve() == out.resolve())


def _files(folder: Path) -> Iterator[Path]:
    """Yield the files in a learner's folder, except hidden ones other than ours."""
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        parts = parts[:-1] if path.name == memory.FILE else parts
        hidden = any(part.startswith(".") or part in (*OF_SYSTEMS, *KNOWN) for part in parts)
        is_folder = path.is_dir() and not path.is_symlink()  # nobody looks into a link
        if not hidden and (path.suffix.lower() == NOTEBOOK or not is_folder):
            yield path


def _notebooks(folder: Path) -> Iterator[Path]:
    return (path for path in _files(folder) if path.suffix.lower() == NOTEBOOK)


def _labels(parts: Sequence[Part]) -> dict[str, str]:
    """Return a name for each, by its path, without the suffix unless two would have the same."""
    names = [part.named.file for part in parts]
    suffixes = [Path(name).suffix.lower() for name in names]
    whole = [
        f"{name}/" if part.path.is_dir() and suffix not in (NOTEBOOK, ZIP) else name
        for part, name, suffix in zip(parts, names, suffixes, strict=True)
    ]
    labels = [
        Path(name).stem if suffix in (NOTEBOOK, ZIP) else name
        for name, suffix in zip(names, suffixes, strict=True)
    ]
    count = Counter(map(seen, labels))
    labels = [whole[i] if count[seen(label)] > 1 else label for i, label in enumerate(labels)]
    return {part.shown: label for part, label in zip(parts, labels, strict=True)}
