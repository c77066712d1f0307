"""Where produced files live, their names, and JSON so that equal things have equal bytes."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from trainer.errors import NotFoundError, TrainerError

ABANDONED = 24 * 3600.0
"""Seconds after which what nobody wrote on with counts as left behind by a process that was killed."""


def artifacts_root(root: str | Path | None = None) -> Path:
    """Return where produced files live: `root`, else ``$TRAINER_ARTIFACTS``, else ``./artifacts``."""
    return Path(root or os.environ.get("TRAINER_ARTIFACTS") or "artifacts")


def canonical_json(value: Any) -> bytes:
    """Encode as UTF-8 JSON with sorted keys and no choice left: equal values, equal bytes.

    Raises
    ------
    ValueError
        On NaN or infinity, which JSON does not have.
    """
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, indent=1, allow_nan=False)
    return (text + "\n").encode()


def sha256(data: bytes) -> str:
    """Return the SHA-256 of `data` in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def versions(parent: Path) -> list[str]:
    """Return the version numbers that stand in `parent`, ascending.

    Raises
    ------
    TrainerError
        When they cannot be listed.
    """
    if not parent.is_dir():
        return []
    try:
        with os.scandir(parent) as entries:  # a link may lead anywhere: it is no version
            names = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
    except OSError as error:
        raise TrainerError(f"cannot be read: {error.strerror}", where=str(parent)) from error
    # "07" and other digits than 0-9 are not names that `publish` gives.
    numbers = [int(name) for name in names if name.isdecimal() and name == str(int(name))]
    return [str(number) for number in sorted(numbers)]


def version_folder(kind: str, parent: Path, version: str | None, hint: str) -> Path:
    """Return the folder of one version of `parent`, or of the newest.

    Raises
    ------
    NotFoundError
        Naming what there is instead.
    """
    known = versions(parent)
    chosen = version or (known[-1] if known else None)
    if chosen in known:
        return parent / str(chosen)
    if not known:
        raise NotFoundError(f"no {kind} in '{parent}'", hint=hint)
    raise NotFoundError(f"no version '{version}' of {kind} '{parent.name}'. There is: {', '.join(known)}.")
