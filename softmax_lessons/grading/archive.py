"""Unpack other people's zips: nothing leaves the folder, and nothing grows without limit."""

import contextlib
import os
import re
import stat
import tempfile
import time
import zipfile
from functools import cache
from pathlib import Path, PurePosixPath

LARGEST_FILE = 30 << 20  # bytes in a file, or in a learner's zip
MOST_OF_CLASS = 4 << 30  # bytes that a class's zip may unpack to
MOST_OF_LEARNER = 100 << 20
MOST_ENTRIES = 100_000
# files to look into; for all others, the report only says that they exist
READ = (".ipynb", ".zip", ".txt", ".json")
UTF_8 = 0x800  # a flag: the name is UTF-8
ENCRYPTED = 0x1


@cache
def _scratch() -> tempfile.TemporaryDirectory:
    return tempfile.TemporaryDirectory(prefix="softmax_lessons_")  # deleted when the program ends


def unpack(archive: Path, most: int) -> tuple[Path, dict[Path, str], list[str]]:
    """Unpack a zip into a new folder, which is deleted when the program ends.

    Args:
        archive: the zip.
        most: how many bytes it may unpack to.

    Returns:
        The folder; why some of its files, which are left empty, couldn't be read; and a sentence
        for each entry that isn't in it.

    Raises:
        ValueError: if it isn't a zip that can be read.
    """
    target = Path(tempfile.mkdtemp(dir=_scratch().name))
    unread: dict[Path, str] = {}
    refused = []
    try:
        with zipfile.ZipFile(archive) as packed:
            entries = packed.infolist()
            if len(entries) > MOST_ENTRIES:
                raise ValueError(f"it has more than {MOST_ENTRIES:,} entries")
            files = []
            for entry in entries:
                name = _name(entry)
                try:
                    own = _unpack(entry, name, target)
                except (ValueError, OSError) as error:
                    refused.append(f"{name} wasn't unpacked: {_why(error)}")
                    continue
                if not own.is_dir():
                    files.append((entry, own))
            # the smallest first, so that large ones can't take up other learners' share; no more
            # than the size given in the zip is ever read
            for entry, own in sorted(files, key=lambda each: each[0].file_size):
                try:
                    content = _content(packed, entry, own.suffix, most)
                    own.write_bytes(content)
                    most -= len(content)
                except Exception as error:  # one bad entry must not affect the others
                    unread[own] = _why(error, "it's damaged")
                with contextlib.suppress(ValueError, OverflowError):  # not a date
                    packed_at = time.mktime((*entry.date_time, 0, 0, -1))
                    os.utime(own, (packed_at, packed_at))
    except (zipfile.BadZipFile, OSError, NotImplementedError) as error:
        raise ValueError(_why(error)) from error
    return target, unread, refused


def _unpack(entry: zipfile.ZipInfo, name: str, target: Path) -> Path:
    """Create an entry's folder or empty file; return its path."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or re.match(r"[A-Za-z]:", name):
        raise ValueError("it leads out of the folder")
    own = target / path
    if name.endswith("/"):
        own.mkdir(parents=True, exist_ok=True)
        return own
    own.parent.mkdir(parents=True, exist_ok=True)
    try:
        own.touch(exist_ok=False)
    except FileExistsError:
        raise ValueError("the zip has another one with this name, which was used") from None
    return own


def _content(packed: zipfile.ZipFile, entry: zipfile.ZipInfo, suffix: str, most: int) -> bytes:
    """Return what's in an entry, if it's a file to look into."""
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise ValueError("it's a link")
    if suffix.lower() not in READ:
        return b""
    if entry.flag_bits & ENCRYPTED:
        raise ValueError("it needs a password")
    limit = min(LARGEST_FILE, most)
    with packed.open(entry) as stream:
        content = stream.read(limit + 1)
    if len(content) > limit:
        least = "30 MB" if limit == LARGEST_FILE else "the zip may still take up"
        raise ValueError(f"it has more than {least}")
    return content


def _name(entry: zipfile.ZipInfo) -> str:
    """Return the name of an entry; some systems write UTF-8 without saying so."""
    name = entry.filename
    if not entry.flag_bits & UTF_8:
        with contextlib.suppress(UnicodeError):
            name = name.encode("cp437").decode("utf-8")
    return name.replace("\\", "/")


def _why(error: Exception, else_: str = "it isn't a zip, or a part of it is damaged") -> str:
    if isinstance(error, ValueError):
        return str(error)
    if isinstance(error, NotImplementedError):
        return "it's packed in a way that Python doesn't know"
    return getattr(error, "strerror", None) or else_
