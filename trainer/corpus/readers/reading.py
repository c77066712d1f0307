"""How inputs are to be read, where a user says more than their names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from trainer.corpus.readers.rows import FIELDS
from trainer.errors import UsageError, did_you_mean


@dataclass(frozen=True, slots=True)
class Reading:
    """What a user says of his inputs.

    Attributes
    ----------
    columns : mapping of str to str
        Our name of a column or key -> theirs.
    metadata : path or None
        A table that says title, source, date, url and language of files.
    articles : str or None
        A pattern (RE2) of the line on which each article of a file begins.
    day_first : bool or None
        How 03/04/2026 is meant; None leaves such a date as it is written, and says so.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    metadata: str | Path | None = None
    articles: str | None = None
    day_first: bool | None = None


def parsed_columns(given: Sequence[str], topics: Sequence[str] = ()) -> dict[str, str]:
    """Return the columns that ``text=Body,date=Published`` names.

    Raises
    ------
    UsageError
        When a name of ours is none, or stands twice.
    """
    known = (*FIELDS, "start", "end", *topics)
    found: dict[str, str] = {}
    for item in [part for text in given for part in text.split(",") if part.strip()]:
        ours, equals, theirs = (part.strip() for part in item.partition("="))
        if not equals or not theirs:
            raise UsageError(f"--columns takes OURS=THEIRS, as in text=Body, not '{item}'")
        if ours not in known:
            raise UsageError(f"--columns: '{ours}' is no column of ours. {did_you_mean(ours, known)}")
        if ours in found or theirs in found.values():
            raise UsageError(f"--columns names '{ours if ours in found else theirs}' twice")
        found[ours] = theirs
    return found
