"""The field guide on the site: a page for each pitfall, and one to find them."""

import json
import re
from pathlib import Path

from softmax_lessons.copies import Notebook
from softmax_lessons.field_guide import (
    CLOSE,
    ENDING,
    KIND,
    LEAST,
    MOST,
    NAMES,
    NORMALISED,
    PART,
    SAME,
    SILENT,
    WEIGHTS,
    WORD,
    Entry,
    Message,
    cells_of_entries,
    entries,
    messages,
    parts,
    phrases,
    weights,
)

FOLDER = "field_guide"
ENTRY_LINK = re.compile(r"\]\(#[Pp](\d+)[^)]*\)")
LESSON_LINK = re.compile(r"\]\((\d\d_\w+\.ipynb)")
IN_NOTEBOOK = "Give it to `explain`, as in the next cell"
FORM = """<form class="guide-search" role="search">
<label for="guide-query">Paste the message, or say what you see:</label>
<textarea id="guide-query" rows="3" autocomplete="off" spellcheck="false"></textarea>
<div class="guide-found" role="status"></div>
</form>
<noscript>The search needs JavaScript; the lists below don't.</noscript>
"""


def write_pages(guide: Notebook, target: Path) -> None:
    """Write a page for each entry, as a notebook with its outputs, and the page to find them.

    Args:
        guide: the notebook of the last lesson.
        target: the folder to write into.
    """
    target.mkdir()
    for number, own in cells_of_entries(guide).items():
        page = {**guide, "cells": [_as_page(cell) for cell in own]}
        page["metadata"] = {**guide["metadata"], "orphan": True}  # the index has them, not the menu
        (target / f"p{number}.ipynb").write_text(json.dumps(page), encoding="utf-8")
    (target / "index.md").write_text(_index(guide), encoding="utf-8")


def _as_page(cell: dict) -> dict:
    if cell["cell_type"] != "markdown":
        return cell
    text = re.sub(r"^### P\d+\. ", "# ", "".join(cell["source"]))
    return {**cell, "source": _linked(text)}


def _linked(text: str) -> str:
    """Return text whose links lead from this folder to where they lead in the notebook."""
    titles = {entry.number: entry.title for entry in entries()}
    text = re.sub(r"\[P(\d+)\](?=\(#)", lambda link: f"[{titles[int(link[1])]}]", text)
    return LESSON_LINK.sub(r"](../notebooks/\1", ENTRY_LINK.sub(r"](p\1.ipynb)", text))


def _index(guide: Notebook) -> str:
    """Return the page with the search, the questions, and every message and entry."""
    text = "\n\n".join(
        "".join(cell["source"]) for cell in guide["cells"] if cell["cell_type"] == "markdown"
    )
    tree = text.split("## Find it by what you see\n")[1].split("\n## ")[0]
    tree = re.sub(r"^### ", "## ", tree, flags=re.MULTILINE).replace(IN_NOTEBOOK, "Paste it above")
    told = {f"- [`{_plain(m)}`](p{e.number}.ipynb)" for e in entries() for m in e.messages}
    told |= {f"- `{_plain(m.messages[0])}`: {m.cause} {m.fix}" for m in messages()}
    lines = ["# Find your bug", "", FORM, _linked(tree), "## All messages", ""]
    lines += sorted(told, key=_alphabetical)
    lines += ["", "## All pitfalls", ""]
    lines += [f"- [{entry.title}](p{entry.number}.ipynb)" for entry in entries()]
    return "\n".join([*lines, ""])


def _plain(message: str) -> str:
    return message.replace("`", "")


def _alphabetical(line: str) -> str:
    return re.sub(r"^- \[?`\w+(Error|Warning): |[^a-z ]", "", line.lower())


def search_data() -> str:
    """Return what search.js needs, as a script: rules, weights of words, and messages."""
    of_entries, rare = weights()
    data = {
        "kind": KIND,
        "normalised": NORMALISED,
        "names": NAMES,
        "word": WORD,
        "ending": ENDING,
        "same": SAME,
        "silent": SILENT.split(),
        "part": PART,
        "most": MOST,
        "least": LEAST,
        "highest": max(WEIGHTS.values()),
        "close": CLOSE,
        "rare": rare,
        "entries": [_searched(entry, of_entries[entry]) for entry in entries()],
        "answers": [{**vars(each), "messages": _matched(each)} for each in messages()],
    }
    return f"const FIELD_GUIDE = {json.dumps(data, ensure_ascii=False)};\n"


def _searched(entry: Entry, weight: dict[str, int]) -> dict:
    return {
        "number": entry.number,
        "title": entry.title,
        "messages": _matched(entry),
        "words": weight,
        "phrases": [" ".join(sorted(said)) for said in phrases(entry)],
    }


def _matched(known: Entry | Message) -> list[tuple[str, tuple[str, ...]]]:
    return [(message.lower(), parts(message)) for message in known.messages]
