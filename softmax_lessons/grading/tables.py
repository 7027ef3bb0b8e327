"""Tables for spreadsheets and learning systems, and files written completely or not at all."""

import codecs
import contextlib
import csv
import io
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
# what a spreadsheet may take for the beginning of a cell, whatever its local cell separator, and
# for a formula to compute
FORMULA = re.compile(r"""(^|[;,|])([\s"']*)(?=[=+\-@\uff1d\uff0b\uff0d\uff20])""")


@dataclass
class Table:
    """A class list, a gradebook, or marks.

    Attributes:
        header: the names of the columns.
        rows: the lines after it.
        delimiter: what separates cells.
        encoding: how to write it; spreadsheets read "utf-8-sig" correctly.
    """

    header: list[str]
    rows: list[list[str]]
    delimiter: str = ","
    encoding: str = "utf-8-sig"

    @classmethod
    def read(cls, file: Path) -> "Table":
        """Read a file.

        Raises:
            ValueError: if it isn't a table, or is in a national code page.
        """
        content = file.read_bytes()
        # Blackboard writes UTF-16 with tabs
        encoding = next((name for mark, name in MARKS if content.startswith(mark)), "utf-8")
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            raise ValueError(f"{file} isn't in UTF-8; save it as CSV UTF-8") from None
        first = text.partition("\n")[0]
        delimiter = max(",;\t", key=first.count)
        lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        rows = [row for row in lines if any(row)]
        if not rows:
            raise ValueError(f"{file} is empty")
        return cls(rows[0], rows[1:], delimiter, encoding)

    def write(self, file: Path) -> None:
        """Write the table, with every cell in quotes."""
        with atomic_write(file, encoding=self.encoding, newline="") as stream:
            table = csv.writer(stream, delimiter=self.delimiter, quoting=csv.QUOTE_ALL)
            table.writerows([self.header, *self.rows])


def plain(row: Sequence[object]) -> list[object]:
    """Return the cells of a line in a form that every spreadsheet shows and none computes."""
    return [
        FORMULA.sub(r"\1\2'", CONTROL.sub(" ", cell)) if isinstance(cell, str) else cell
        for cell in row
    ]


@contextlib.contextmanager
def atomic_write(file: Path, **how: str) -> Iterator[TextIO]:
    """Open a file for writing that only replaces the old one once it's complete."""
    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        with part.open("w", errors="backslashreplace", **how) as stream:
            yield stream
        os.replace(part, file)
    finally:
        part.unlink(missing_ok=True)
