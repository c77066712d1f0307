"""What an export is: a path that appears whole or not at all, and what is known of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from trainer.disk import make_folder
from trainer.errors import NotPublishedError
from trainer.publishing import appearing


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written.

    Attributes
    ----------
    path : Path
    installed : int or None
        Bytes of a wheel's files once they are installed; None where nothing is.
    seconds : float or None
        What a fresh process took to import a wheel, load the model and tag one text, when it was checked.
    """

    path: Path
    installed: int | None = None
    seconds: float | None = None


@contextmanager
def export_to(target: Path) -> Iterator[Path]:
    """Give a path to write to, as `appearing` does; folders above `target` are made, and unmade on failure.

    Raises
    ------
    UsageError
        When `target` is there already.
    NotPublishedError, NotDurableError
        When it cannot be written.
    """
    with folders_above(target), appearing(target) as fresh:
        yield fresh


def golden_texts(folder: Path) -> list[str]:
    """Return the texts that an export is checked with; the artifact must have been read before."""
    texts: list[str] = json.loads((folder / "golden.json").read_bytes())["texts"]
    return texts or [""]


@contextmanager
def folders_above(target: Path) -> Iterator[None]:
    """Make the folders above `target`; at the end those that nothing was put into go again.

    Raises
    ------
    NotPublishedError
        When they cannot be made.
    """
    missing: list[Path] = []
    try:
        try:
            missing += [folder for folder in target.parents if not folder.exists()]
            make_folder(target.parent)
        except OSError as error:
            raise NotPublishedError(f"cannot write: {error.strerror or error}", where=str(target)) from error
        yield
    finally:
        for folder in missing:
            with suppress(OSError):
                folder.rmdir()  # what holds the export stays: only an empty folder can be removed
