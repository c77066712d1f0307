"""Finding the files behind what the user names: files, folders, globs, standard input, data sets."""

from __future__ import annotations

import glob
import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from trainer.corpus.readers.hub import PREFIX, check_dataset
from trainer.errors import NotFoundError
from trainer.records import Rejection

STDIN = "-"
RECORD = ".run.json"
"""Ends the name of the record of a file that this package wrote."""
_PRODUCED = ("corpus.json", "weights.safetensors", "run.json")
_LONGEST_NAME = 255  # bytes: no file system has longer ones, and asking for one is an error of its own


@dataclass(frozen=True, slots=True)
class Found:
    """One input.

    Attributes
    ----------
    path : Path or None
        None for standard input and data sets.
    name : str
        What its documents are called; of a data set, all that was said.
    trouble : Rejection or None
        Why it cannot be read, where that is known without opening it.
    """

    path: Path | None
    name: str
    trouble: Rejection | None = None

    @property
    def size(self) -> int:
        """Bytes, 0 where that is not known."""
        try:
            return 0 if self.path is None or self.trouble else self.path.stat().st_size
        except OSError:
            return 0


def find_files(item: str | Path, allow_network: bool) -> list[Found]:
    """Return the files behind one input, in a fixed order.

    Raises
    ------
    NotFoundError, UsageError
    """
    text = str(item)
    if text == STDIN:
        return [Found(None, STDIN)]
    if text.startswith(PREFIX):
        check_dataset(text.removeprefix(PREFIX), allow_network)
        return [Found(None, text)]
    if not text:
        raise NotFoundError("an input is empty", hint="Was a shell variable not set? `.` is this folder.")
    path = Path(item)
    if len(os.fsencode(path.name)) > _LONGEST_NAME:
        raise NotFoundError(f"no file, folder or glob of so long a name: '{path.name[:40]}…'")
    if path.is_dir():
        return sorted(_below(path.resolve()), key=lambda found: (found.path or path).parts)
    if path.exists():
        return [_found(path, _own_name(path))]
    matches = [Path(match) for match in sorted(glob.glob(text, recursive=True))]  # noqa: PTH207
    matches = [match for match in matches if match.exists()]  # a link may lead nowhere
    if not matches:
        raise NotFoundError(
            f"no file, folder or glob '{item}'",
            hint="A path is taken from the folder that you are in.",
        )
    return [found for match in matches for found in find_files(match, allow_network)]


def shown(path: str | Path) -> str:
    """Return a path as text that can be stored: its bytes need not be UTF-8."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _below(root: Path) -> Iterator[Found]:
    """Yield the files of a folder; links to folders are not followed, hidden files are left out.

    What this package wrote is no input of anybody's: a corpus, a model, a table with its record.
    """
    refused: list[OSError] = []
    for folder, folders, names in os.walk(root, onerror=refused.append):
        if any(mark in names for mark in _PRODUCED):
            folders.clear()
            continue
        folders[:] = [name for name in folders if not name.startswith(".")]
        there = set(names)
        for path in (Path(folder, name) for name in names if _is_input(name, there)):
            yield _found(path, f"{root.name}/{path.relative_to(root).as_posix()}")
    for error in refused:
        path = Path(error.filename)
        yield Found(path, shown(path), Rejection(shown(path), "unreadable", error.strerror or str(error)))


def _is_input(name: str, there: Collection[str]) -> bool:
    return not (name.startswith(".") or name.endswith(RECORD) or name + RECORD in there)


def _found(path: Path, name: str) -> Found:
    trouble = None
    if not path.exists():
        trouble = Rejection(shown(path), "unreadable", "the link leads nowhere")
    elif not path.is_file():  # opening a pipe could wait for ever, and a device has no end
        trouble = Rejection(
            shown(path), "not_a_file", "a pipe, a socket or a device: give it as standard input, with -"
        )
    return Found(path, shown(name), trouble)


def _own_name(path: Path) -> str:
    """Return what a file calls its documents: its path where that leads down from here, else its name."""
    inside = not path.is_absolute() and ".." not in path.parts
    return path.as_posix() if inside else path.name
