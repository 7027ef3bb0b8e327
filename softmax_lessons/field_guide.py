"""`explain`: finds the field guide's entries for an error message or a symptom in words.

It reads the entries from the last lesson's notebook on first use. The site's search does the same,
with the same data: tools/publish/sphinx/search.js.
"""

import functools
import json
import math
import re
import sys
import traceback
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from softmax_lessons.copies import Notebook
from softmax_lessons.workspace import lessons

GUIDE = "17_field_guide.ipynb"
HEADING = re.compile(r"### P(\d+)\. (.*)\n")
FENCE = re.compile(r"^```text\n(.*?)\n```\n", flags=re.DOTALL | re.MULTILINE)
ASKED = re.compile(r"\n+<!-- asked: (.*) -->\s*$")
FIELDS = {"sees": "You see", "cause": "Cause", "fix": "Fix", "early": "Next time", "more": "More"}
KIND = r"^[\w.]+(Error|Warning): "  # people leave it out, or the beginning of a message
# what differs between messages of the same kind, and what replaces it
NORMALISED = (
    (r"0x[0-9a-f]+", " # "),
    (r"torch\.size\(|torch\.|c10::|['\"`\u2018-\u201d()\[\]{}<>]", " "),
    (
        r"\b(float8_\w+|bfloat16|float(16|32|64)?|half|double|long|u?int(8|16|32|64)?|byte|short"
        r"|char|bool|complex\w*)(tensor)?\b",
        " dtype ",
    ),
    (r"\b(cpu|cuda|mps|xpu|hpu)(:\d+)?\b", " device "),
    (r"-?\b\d[\d.,]*(e[+-]?\d+)?\b", " # "),
    (r"\.(?=\s|$)|[\s,;]+", " "),
    (r"(# )+", "# "),
)
WORD = r"[a-z_]\w*\w|\d(?:[\d.]*\d)?"
# names that people write in several ways; each counts as one word, not as its parts
NAMES = (
    (r"\bcross[- ]?entrop?y([- ]?loss)?\b|\bcross_entropy_loss\b", "cross_entropy"),
    (r"\blog[- ]?softmax\b", "log_softmax"),
    (r"\bnll[- ]?loss\b", "nll_loss"),
    (r"\bkl[- ]?(div|divergence)?([- ]?loss)?\b|\bkullback[- ]leibler( divergence)?\b", "kl_div"),
)
WHOLE = tuple(name for _, name in NAMES)
ENDING = r"(?<=[a-z]{3})(ations?|ions?|ing|ed|es|s|e)$"
# what people write instead of a word in the guide
SAME = {
    re.sub(ENDING, "", word): re.sub(ENDING, "", name)
    for name, words in {
        "accuracy": ("acc",),
        "bceloss": ("bce",),
        "bcewithlogitsloss": ("bcelosswithlogits", "bcewithlogits"),
        "bfloat16": ("bf16",),
        "coremltools": ("coreml",),
        "checkpoint": ("ckpt",),
        "cross_entropy": ("ce", "criterion"),
        "cuda": ("gpu", "device"),
        "dim": ("axis", "axes", "dimension"),
        "float16": ("fp16", "half"),
        "distillation": ("kd",),
        "gradient": ("grad",),
        "imbalance": ("unbalanced",),
        "inf": ("infinite", "infinity"),
        "predict": ("pred",),
        "prob": ("probability", "probabilities"),
        "scaled_dot_product_attention": ("sdpa",),
        "target": ("label",),
        "temperature": ("temp",),
        "validation": ("val",),
        "wrong": ("incorrect",),
    }.items()
    for word in words
}
# words that don't tell us anything about a symptom
SILENT = """
    a about actually also am an and any anyone are as at author be but by can code confused
    could curious dear do does don excellent excuse explain for from get give gives got great
    has have hello help here hi hope how i if in interesting into is issue it its just know let
    like look make makes me my need needs nice no not notice noticed of on one only or other our
    out paper please problem question questions really repo repository see seem seems sharing
    should shouldn since sir so some sorry suggest tell than thank thanks that the their them
    there they think this thought to too understand understanding use used using very want was
    we what when where which why will with wonder wondering work works would you your
"""
WEIGHTS = {"title": 50, "sees": 40, "asked": 40, "messages": 10, "cause": 10, "fix": 10}
AGAIN = 0.3  # how much more a word says about an entry that has it in several phrases
CLOSE = 0.5  # how much an entry's closest phrase counts, relative to all its words
PART = 15  # how many characters of a message are enough to find it
MOST = 3  # how many entries to show
LEAST = 0.1  # share of the query words' weight below which an entry doesn't count


@dataclass(frozen=True)
class Entry:
    """One pitfall: the fields of its cell, as Markdown, and its code.

    Attributes:
        number: the number after the P.
        title: the symptom in a few words.
        sees: the symptom, as people report it.
        messages: the errors and warnings that come with it; "…" stands for anything.
        cause: why it happens.
        fix: what to write instead.
        early: how to notice it earlier next time.
        more: the lesson, the versions, related entries, and its source.
        asked: other names for it; only the search uses these words.
        code: the cells that show it.
    """

    number: int
    title: str
    sees: str
    messages: tuple[str, ...]
    cause: str
    fix: str
    early: str
    more: str
    asked: str
    code: tuple[str, ...]

    def __str__(self) -> str:
        code = "\n\n".join(f"```python\n{source}\n```" for source in self.code)
        parts = (f"**You see** {self.sees}", f"**Cause** {self.cause}", f"**Fix** {self.fix}")
        return "\n\n".join((f"### P{self.number}. {self.title}", *parts, code, self.more))


@dataclass(frozen=True)
class Message:
    """An error or a warning that has a short answer but no entry.

    Attributes:
        messages: its different wordings; "…" stands for anything.
        code: code that causes it.
        cause: why it happens, in a sentence.
        fix: what to write instead, in a sentence.
        entry: the number of the entry that says more about it, if there is one.
    """

    messages: tuple[str, ...]
    code: str
    cause: str
    fix: str
    entry: int | None


Known = TypeVar("Known", Entry, Message)


@dataclass(frozen=True, repr=False)
class Explanation:
    """What the field guide says about a message or a symptom.

    Attributes:
        entries: the entries that fit, the best first; empty if none do.
        exact: whether the guide has exactly this message, apart from numbers, shapes and dtypes.
        answer: the short answer, if the message has no entry of its own.
    """

    entries: tuple[Entry, ...]
    exact: bool
    answer: Message | None = None

    def __repr__(self) -> str:
        if self.answer:
            more = "\n".join(f"- P{entry.number}. {entry.title}" for entry in self.entries)
            text = f"**Cause** {self.answer.cause}\n\n**Fix** {self.answer.fix}"
            return f"{text}\n\n**More**\n\n{more}" if more else text
        if not self.entries:
            return (
                "The field guide has nothing on that. Try describing the symptom, such as "
                f'"loss is nan", or look through {GUIDE}, which begins with a few questions.'
            )
        first, *others = self.entries
        near = "" if self.exact else "No entry has exactly this message. The closest one:\n\n"
        also = "\n".join(f"- P{entry.number}. {entry.title}" for entry in others)
        return f"{near}{first}" + (f"\n\n**Or else**\n\n{also}" if also else "")

    def _repr_markdown_(self) -> str:
        return repr(self)


def explain(about: str | BaseException | None = None) -> Explanation:
    """Look up an error, a warning or a symptom in the field guide.

    Args:
        about: an error message, with or without its traceback; an exception;
            or a symptom in words, such as "loss stays at 2.30". By default, the last exception that
            nobody caught.

    Returns:
        The entries that fit; it shows itself in a notebook and in a terminal.

    Raises:
        TypeError: if `about` is something else.
        ValueError: if there's nothing to explain.
    """
    if about is None:
        about = getattr(sys, "last_exc", None) or getattr(sys, "last_value", None)
        if about is None:
            raise ValueError(
                "there has been no error yet: paste a message, or describe what you see"
            )
    if isinstance(about, BaseException):
        about = "".join(traceback.format_exception_only(about))
    if not isinstance(about, str):
        raise TypeError(f"explain needs a message or an exception, got a {type(about).__name__}")
    if not about.strip():
        raise ValueError("there is nothing to explain: the message is empty")
    near = _by_words(about)
    by_nearness = tuple(dict.fromkeys([*near, *entries()]))
    for whole in (True, False):
        if found := _by_message(about, by_nearness, whole):
            return Explanation(tuple(found[:MOST]), exact=True)
        if answers := _by_message(about, messages(), whole):
            more = tuple(entry for entry in entries() if entry.number == answers[0].entry)
            return Explanation(more, exact=True, answer=answers[0])
    return Explanation(tuple(near[:MOST]), exact=False)


@functools.cache
def entries() -> tuple[Entry, ...]:
    """Return the entries, in the order of the guide."""
    path = next(path for path in lessons() if path.name == GUIDE)
    notebook = json.loads(path.read_text(encoding="utf-8"))
    return tuple(map(_entry, cells_of_entries(notebook).values()))


def cells_of_entries(notebook: Notebook) -> dict[int, list[dict[str, Any]]]:
    """Return each entry's cells in the guide's notebook, text and code, by its number."""
    found: dict[int, list[dict[str, Any]]] = {}
    current: list[dict[str, Any]] = []
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown" and source.startswith("#"):
            heading = HEADING.match(source)
            current = found.setdefault(int(heading[1]), []) if heading else []
        current.append(cell)
    return found


@functools.cache
def messages() -> tuple[Message, ...]:
    """Return the messages with a short answer."""
    rows = json.loads(Path(__file__).with_name("messages.json").read_text(encoding="utf-8"))
    return tuple(Message(**{**row, "messages": tuple(row["messages"])}) for row in rows)


def _entry(cells: list[dict[str, Any]]) -> Entry:
    source, *code = ("".join(cell["source"]) for cell in cells)
    heading = HEADING.match(source)
    messages = "\n".join(FENCE.findall(source)).splitlines()
    asked = ASKED.search(source)
    text = ASKED.sub("", FENCE.sub("", source[heading.end() :]))
    _, *parts = re.split(r"^\*\*([\w ]+)\*\* ", text, flags=re.MULTILINE)
    fields = {title: part.strip() for title, part in zip(parts[::2], parts[1::2], strict=True)}
    told = {name: fields.get(title, "") for name, title in FIELDS.items()}
    told |= {"asked": asked[1] if asked else "", "messages": tuple(messages), "code": tuple(code)}
    return Entry(int(heading[1]), heading[2], **told)


def normalised(message: str) -> str:
    """Return a message without the parts that differ between messages of the same kind."""
    message = message.lower()
    for pattern, instead in NORMALISED:
        message = re.sub(pattern, instead, message)
    return message.strip()


@functools.cache
def parts(message: str) -> tuple[str, ...]:
    """Return the fixed parts of a message in the guide: those around each "…"."""
    return tuple(normalised(part) for part in re.sub(KIND, "", message).split("…"))


@functools.cache  # re's own cache holds fewer patterns than the guide has
def _pattern(message: str) -> re.Pattern[str]:
    return re.compile(".*".join(map(re.escape, parts(message))))


def _by_message(text: str, known: tuple[Known, ...], whole: bool) -> list[Known]:
    """Return those with a message that contains the text or is contained in it, best first."""
    asked, plain = normalised(re.sub(KIND, "", text.strip())), set(text.lower().split())
    found = {}
    for each in known:
        for message in each.messages:
            kept = parts(message)
            if whole:
                fits = _pattern(message).search(asked)
            else:
                fits = len(asked) >= PART and f" {asked}" in f" {' '.join(kept)}"
            if not fits:
                continue
            alike = sum(map(len, kept))
            shared = len(plain & set(message.lower().split()))
            found[each] = max(found.get(each, (0, 0)), (alike, shared))
    return sorted(found, key=lambda each: found[each], reverse=True)


def words(text: str) -> set[str]:
    """Return the words of a text, without endings, using the guide's names."""
    text = re.sub(r"\]\([^)]*\)", " ", text.lower())  # a link's target
    for pattern, name in NAMES:
        text = re.sub(pattern, name, text)
    found = re.findall(WORD, text)
    found += [part for word in found if word not in WHOLE for part in word.split("_")]
    said = set(found) - {"", *SILENT.split()}
    stems = {re.sub("i[sz]", "is", re.sub(ENDING, "", word)) for word in said}  # both spellings
    return {SAME.get(stem, stem) for stem in stems}


@functools.cache
def weights() -> tuple[dict[Entry, dict[str, int]], dict[str, int]]:
    """Return how much each word says about each entry, and how much it says overall.

    All are integers, so that a browser gets the same sums.
    """
    of_entries = {}
    for entry in entries():
        of_entries[entry] = weight = {}
        for name, value in reversed(WEIGHTS.items()):
            text = getattr(entry, name)
            weight |= dict.fromkeys(words(text if isinstance(text, str) else " ".join(text)), value)
        for word, count in Counter(word for said in phrases(entry) for word in said).items():
            weight[word] = round(weight[word] * (1 + AGAIN * math.log(count)))
    used = Counter(word for weight in of_entries.values() for word in weight)
    rare = {
        word: round(1000 * math.log(1 + len(of_entries) / count)) for word, count in used.items()
    }
    return of_entries, rare


@functools.cache
def phrases(entry: Entry) -> tuple[frozenset[str], ...]:
    """Return the words of each phrase that describes an entry."""
    sees, asked = re.split(r"(?<=[.;:])\s", entry.sees), re.split(r"[,;]\s", entry.asked)
    called = (entry.title, *sees, *asked)
    return tuple(dict.fromkeys(frozenset(said) for text in called if (said := words(text))))


def _by_words(text: str) -> list[Entry]:
    """Return the entries that share words with a text, the best first."""
    of_entries, rare = weights()
    asked = words(text) & rare.keys()
    if not asked:
        return []
    highest = max(WEIGHTS.values()) * sum(rare[word] for word in asked)

    def length(said: Iterable[str]) -> float:
        return math.sqrt(sum(rare[word] ** 2 for word in said))

    def closeness(entry: Entry) -> float:
        """The largest cosine similarity between the query and a phrase of the entry."""
        shared = ((sum(rare[word] ** 2 for word in asked & said), said) for said in phrases(entry))
        return max(product / (length(asked) * length(said)) for product, said in shared)

    found = {
        entry: sum(rare[word] * weight.get(word, 0) for word in asked) / highest
        for entry, weight in of_entries.items()
    }
    found = {entry: share for entry, share in found.items() if share >= LEAST}
    score = {entry: share + CLOSE * closeness(entry) for entry, share in found.items()}
    return sorted(score, key=lambda entry: score[entry], reverse=True)
