"""Names that move: an alias is a folder of small numbered files, and stands for what the last one says.

Each file says a version and which file a rollback goes back to::

    aliases/production/1.json    {"at": "2026-11-02T09:00:00Z", "previous": null, "version": "1"}
    aliases/production/2.json    {"at": "2026-11-09T16:20:00Z", "previous": 1, "version": "3"}

A move is a new file under the next number, which only one process can make: without any lock no move is lost,
a reader sees the alias before it or after it, and all that an alias ever stood for stays on record.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from trainer.errors import ArtifactError
from trainer.names import below, is_name
from trainer.storage import canonical_json

_FILE = re.compile(r"([1-9][0-9]{0,17})\.json")
_LARGEST = 4096
ALIASES = "aliases"


class Move(NamedTuple):
    """One entry in the log of an alias.

    Attributes
    ----------
    number : int
        From 1.
    version : str or None
        What the alias stands for from here on; None is nothing.
    previous : int or None
        The move that a rollback goes back to.
    at : str
        When, in UTC; no part of any digest.
    """

    number: int
    version: str | None
    previous: int | None
    at: str


class Alias:
    """An alias of the models in a folder.

    Parameters
    ----------
    folder : path
        Of the versions of one model.
    name : str

    Raises
    ------
    UsageError
        When that is no name for an alias.
    ArtifactError
        When its folder is a link.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self.name = name
        self.path = below(below(folder, ALIASES, "folder"), name, "alias")

    def head(self) -> Move | None:
        """Return the last move; None where there was none."""
        last = max(_numbers(self.path), default=0)
        return self._move(last) if last else None

    @property
    def version(self) -> str | None:
        """What it stands for."""
        head = self.head()
        return head.version if head else None

    def moves(self) -> Iterator[Move]:
        """Yield every move that was ever made, the last one first."""
        for number in sorted(_numbers(self.path), reverse=True):
            yield self._move(number)

    def before(self, head: Move | None) -> Iterator[Move]:
        """Yield the moves that rollbacks from `head` go back to, one after the other."""
        while head is not None and head.previous is not None:
            head = self._move(head.previous)
            yield head

    def move(self, decide: Callable[[Move | None], tuple[str | None, int | None] | None]) -> Move | None:
        """Make a move, which depends on the one before it; where another comes first, decide again.

        Parameters
        ----------
        decide : callable
            Takes the last move, and returns version and `previous` of the next; None makes none.

        Returns
        -------
        Move or None
            The one that was made.
        """
        from trainer.publishing import write_new

        while True:
            head = self.head()
            wanted = decide(head)
            if wanted is None:
                return None
            number = head.number + 1 if head else 1
            made = Move(number, *wanted, datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
            said = {"at": made.at, "previous": made.previous, "version": made.version}
            try:
                write_new(self.path / f"{number}.json", canonical_json(said))
            except FileExistsError:
                continue
            return made

    def _move(self, number: int) -> Move:
        file = self.path / f"{number}.json"
        try:
            with file.open("rb") as handle:
                said = json.loads(handle.read(_LARGEST))
            return _checked_move(number, said["version"], said["previous"], said["at"])
        except OSError as error:
            raise ArtifactError(f"cannot be read: {error.strerror}", where=str(file)) from error
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise ArtifactError(
                "not a move of an alias",
                where=str(file),
                hint=f"Delete the file, and '{self.name}' stands for what it stood for before.",
            ) from error


def aliases_in(folder: Path) -> Iterator[Alias]:
    """Yield the aliases of the models in a folder, by name."""
    parent = below(folder, ALIASES, "folder")
    for name in _names(parent):
        if is_name(name) and (parent / name).is_dir():
            yield Alias(folder, name)


def _numbers(folder: Path) -> list[int]:
    found = (_FILE.fullmatch(name) for name in _names(folder))
    return [int(match[1]) for match in found if match]


def _names(folder: Path) -> list[str]:
    try:
        return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    except OSError as error:
        raise ArtifactError(f"cannot be read: {error.strerror}", where=str(folder)) from error


def _checked_move(number: int, version: Any, previous: Any, at: Any) -> Move:
    sound = version is None or (isinstance(version, str) and version.isdecimal())
    # A move goes back to an earlier one only, so every way back ends.
    sound = sound and (previous is None or (type(previous) is int and 0 < previous < number))
    if not sound or not isinstance(at, str):
        raise ValueError("neither a version nor a move before this one")
    return Move(number, version, previous, at)
