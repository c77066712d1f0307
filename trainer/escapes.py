"""Writing text of a corpus, which is hostile, so that it acts on nothing: terminal, page or spreadsheet."""

from __future__ import annotations

import json
import re
from typing import Any

# Control characters, and the invisible ones that reorder or break a line: bidi marks, U+2028, U+2029, U+FEFF.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]"
)
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
