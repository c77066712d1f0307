"""Where tables were written, so that a sentence of one can be found by its id."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

from trainer.escapes import to_json

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
