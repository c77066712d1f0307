"""Where tables were written, so that a sentence of one can be found by its id."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from trainer.errors import DataError, NotFoundError
from trainer.escapes import to_json
from trainer.tags.read import read_tags

NAME = "tables.jsonl"
"""Under the root of the artifacts; it may be deleted."""


def remember(target: Path, root: Path) -> None:
    """Note where a table lies."""
    with suppress(OSError):  # a convenience: no reason to fail
        root.mkdir(parents=True, exist_ok=True)
        with (root / NAME).open("a", encoding="utf-8") as file:
            file.write(to_json(str(target.absolute())) + "\n")


def remembered(root: Path) -> list[Path]:
    """Return the tables that are still there, the latest first."""
    try:
        lines = (root / NAME).read_text(encoding="utf-8").splitlines()
        paths = dict.fromkeys(Path(json.loads(line)) for line in reversed(lines) if line)
    except (OSError, ValueError, TypeError):
        return []
    return [path for path in paths if path.is_file()]


def find_row(table: Path, sentence_id: str, *, strict: bool = True) -> dict[str, Any] | None:
    """Return the row of a sentence, or None.

    Parameters
    ----------
    strict : bool
        False passes over a table that cannot be read.
    """
    import pyarrow.compute as pc

    try:
        rows = read_tags(table)
    except (DataError, NotFoundError):
        if strict:
            raise
        return None
    found = rows.filter(pc.equal(rows["sentence_id"], sentence_id)).slice(0, 1).to_pylist()
    return found[0] if found else None
