"""The checker's texts in the learner's language, as far as somebody has translated them.

It looks up each text as a whole; a text that isn't in the catalogue, or that's put together with
numbers during a check, stays as it is. docs/translate.md says how a catalogue is made.
"""

import gettext
from pathlib import Path

DOMAIN = "softmax_lessons"
CATALOGUES = Path(__file__).parent / "locales"  # LANGUAGE/LC_MESSAGES/softmax_lessons.mo


def translated(text: str) -> str:
    """Return a text in the language that LANGUAGE, LC_ALL, LC_MESSAGES or LANG names."""
    if not text:  # gettext keeps its metadata under the empty text
        return text
    return gettext.translation(DOMAIN, CATALOGUES, fallback=True).gettext(text)
