"""Names that are folders, on any system: of models, corpora and aliases."""

from __future__ import annotations

import os
import re
from pathlib import Path

from trainer.errors import ArtifactError, UsageError

NAME = re.compile(r"[a-z][a-z0-9_-]{0,63}")
DEVICES = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))}
"""What Windows opens instead of a file, in any folder."""


def is_name(name: str) -> bool:
    """Return whether a name can be that of a model or of an alias."""
    return bool(NAME.fullmatch(name)) and name not in DEVICES


def checked(name: str, what: str) -> str:
    """Return a name that is one.

    Raises
    ------
    UsageError
        When it could be another path, here or on another system.
    """
    if name in DEVICES:
        raise UsageError(f"{what} {name!r} is the name of a device on Windows: take another")
    if not is_name(name):
        shown = name if len(name) <= 80 else name[:77] + "..."
        raise UsageError(
            f"{what} {shown!r} must be lower-case letters, digits, '-' and '_', starting with a letter, "
            "at most 64 in all"
        )
    return name


def below(parent: Path, name: str, what: str) -> Path:
    """Return the folder called `name` in `parent`, which need not be there.

    Raises
    ------
    UsageError
        When that is no name.
    ArtifactError
        When it is a link: nothing outside the artifacts is read or written by name.
    """
    folder = parent / checked(name, what)
    if folder.is_symlink():
        raise ArtifactError(
            f"the folder of {what} '{name}' is a link, and links are not followed",
            where=str(folder),
            hint="Link the whole artifacts folder, or name another with --artifacts.",
        )
    return folder


def names_below(parent: Path) -> list[str]:
    """Return the names of the folders in `parent`; links, and what is called otherwise, are passed over."""
    if not parent.is_dir():
        return []
    with os.scandir(parent) as entries:
        return sorted(one.name for one in entries if one.is_dir(follow_symlinks=False) and is_name(one.name))
