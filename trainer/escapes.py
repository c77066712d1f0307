"""Writing text of a corpus, which is hostile, so that it acts on no terminal, page, sheet or Markdown."""

from __future__ import annotations

import json
import re
from typing import Any

# Control characters; the invisible ones that reorder or break a line: bidi marks, U+2028, U+2029, U+FEFF; and
# those that XML and YAML refuse.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff\ufffe\uffff]"
)
_MARKED = re.compile(r"([\\`*_\[\]|~])")
"""What Markdown takes for a sign."""
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")  # spreadsheets read the wide ones likewise
_GUARD = "'"
_GUARDED = (*_FORMULA, "\t", "\r", "\n", _GUARD)  # a guard of the text's own is guarded too: one comes off


def safe(text: object) -> str:
    """Return text with every character that could act on a terminal written as an escape."""
    return _UNSAFE.sub(lambda match: ascii(match.group())[1:-1], str(text))


def to_json(value: Any, indent: int | None = None) -> str:
    """Return JSON that is safe on a terminal and has no NaN."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, indent=indent)
    # Between tokens JSON has no unsafe characters but the new lines of the indent: leave those.
    return "\n".join(
        _UNSAFE.sub(lambda match: f"\\u{ord(match.group()):04x}", line) for line in text.split("\n")
    )


def cell(value: object) -> str:
    """Return a value as a spreadsheet cell that is never taken for a formula, on one line."""
    text = "" if value is None else safe(value)
    return f"'{text}" if text.startswith(_FORMULA) and not isinstance(value, int | float) else text


def markdown(text: str) -> str:
    """Return text as one line that Markdown shows as it is, whatever it was meant to be."""
    import html  # here, since every model that is loaded imports this module

    return _MARKED.sub(r"\\\1", html.escape(_line(text), quote=False))


def code_span(text: str) -> str:
    """Return text as one line of code in Markdown, which none of its backticks can end."""
    line = _line(text) or " "
    fence = "`" * (1 + max(map(len, re.findall("`+", line)), default=0))
    pad = " " if "`" in (line[0], line[-1]) else ""
    return f"{fence}{pad}{line}{pad}{fence}"


def _line(text: str) -> str:
    return safe(" ".join(text.split()))


def guarded(value: object) -> str:
    """Return a value as a spreadsheet cell that is never taken for a formula and can be read back.

    Unlike `cell` it keeps every character: where the text could act, one apostrophe stands before it,
    which `unguarded` takes off again.
    """
    text = "" if value is None else str(value)
    return _GUARD + text if text.startswith(_GUARDED) and not isinstance(value, int | float) else text


def unguarded(text: str) -> str:
    """Return the text that `guarded` was given."""
    return text[1:] if text.startswith(_GUARD) and text[1:].startswith(_GUARDED) else text
