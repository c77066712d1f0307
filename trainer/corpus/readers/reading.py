"""How inputs are to be read, where a user says more than their names."""

from __future__ import annotations

import csv
import io
import shlex
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
        How 03/04/2026 is meant; None leaves it to the other dates of its column, and where they do not tell,
        keeps it as it is written and says so.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    metadata: str | Path | None = None
    articles: str | None = None
    day_first: bool | None = None


def parsed_columns(given: Sequence[str], topics: Sequence[str] = ()) -> dict[str, str]:
    """Return the columns that ``text=Body,date=Published`` names; a pair with a comma goes in double quotes.

    Raises
    ------
    UsageError
        When a name of ours is none, or stands twice.
    """
    found: dict[str, str] = {}
    for item in [part for text in given for part in _parts(text) if part.strip()]:
        ours, equals, theirs = (part.strip() for part in item.partition("="))
        if not equals or not theirs:
            raise UsageError(f"--columns takes OURS=THEIRS, as in text=Body, not '{item}'")
        if ours in found:
            raise UsageError(f"--columns names '{ours}' twice")
        found[ours] = theirs
    check_columns(found, topics)
    return found


def check_columns(columns: Mapping[str, str], topics: Sequence[str]) -> None:
    """Refuse a name that is none of ours, and a column that is to be two of ours.

    Raises
    ------
    UsageError
    """
    known = (*FIELDS, "start", "end", *topics)
    theirs = list(columns.values())
    for ours, name in columns.items():
        if ours not in known:
            raise UsageError(f"columns: '{ours}' is no column of ours. {did_you_mean(ours, known)}")
        if theirs.count(name) > 1:
            raise UsageError(f"columns: '{name}' cannot be two columns of ours")


def as_option(ours: str, theirs: str) -> str:
    """Return the option that names a column, as it is to be typed."""
    pair = f"{ours}={theirs}"
    if set(pair) & {",", '"'}:
        quoted = pair.replace('"', '""')
        pair = f'"{quoted}"'
    return f"--columns {shlex.quote(pair) if theirs.isprintable() else ascii(pair)}"


def _parts(text: str) -> list[str]:
    try:
        return next(csv.reader(io.StringIO(text), skipinitialspace=True, strict=True), [])
    except csv.Error as error:
        raise UsageError(f"--columns takes OURS=THEIRS, as in text=Body, not '{text}' ({error})") from None
