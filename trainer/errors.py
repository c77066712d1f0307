"""What can go wrong, and the exit code of each.

::

    Exception
    └── TrainerError          1  unexpected
        ├── NotPublishedError 1  nothing was written: all is as it was before
        ├── NotDurableError   1  it is there; a power cut might undo it
        ├── UsageError        2  the call makes no sense
        ├── GateError         3  a model missed a declared floor
        ├── ConfigError       4  a setting is wrong
        ├── DataError         4  an input file is wrong
        ├── LeakageError      5  the same text on both sides of a split
        ├── NotFoundError     6  no such file, corpus, model or version
        └── ArtifactError     7  a saved corpus or model is damaged
    UserWarning
    └── TrainerWarning           the run goes on; ``--strict`` makes it an error (4)
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar


class TrainerError(Exception):
    """Base of every error that this package raises on purpose.

    Parameters
    ----------
    message : str
        What is wrong and what was expected.
    where : str, optional
        File, line and key, as ``path:line``.
    hint : str, optional
        What to do next.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, where: str | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        text = f"{self.where}: {self.message}" if self.where else self.message
        return f"{text}\n{self.hint}" if self.hint else text


class NotPublishedError(TrainerError):
    """Something could not be written, and all is as it was before."""


class NotDurableError(TrainerError):
    """Something was written and is there to be read, but the disk did not confirm that it will stay.

    Parameters
    ----------
    version : str, optional
        The number of the version that is there.
    """

    def __init__(self, message: str, *, version: str | None = None, **about: str | None) -> None:
        super().__init__(message, **about)
        self.version = version


class UsageError(TrainerError):
    """The call makes no sense as it stands."""

    exit_code = 2


class GateError(TrainerError):
    """A model missed a floor that was declared for it."""

    exit_code = 3


class ConfigError(TrainerError):
    """A configuration file or ``--set`` is wrong."""

    exit_code = 4


class DataError(TrainerError):
    """An input holds nothing that can be used."""

    exit_code = 4


class LeakageError(TrainerError):
    """The same document, or a near-duplicate, stands on both sides of a split."""

    exit_code = 5


class NotFoundError(TrainerError):
    """A file, corpus, model or version is not there."""

    exit_code = 6


class ArtifactError(TrainerError):
    """A saved corpus or model is incomplete, altered or of an unknown format."""

    exit_code = 7


class TrainerWarning(UserWarning):
    """Something the user should know; the run goes on."""


def did_you_mean(wrong: str, known: Iterable[str]) -> str:
    """Return ``"Did you mean 'x'?"``, or the list of what is known.

    Parameters
    ----------
    wrong : str
        What was written.
    known : iterable of str
        What could have been written.
    """
    import difflib  # only a mistake calls for it

    names = sorted(known)
    close = difflib.get_close_matches(wrong, names, n=1)
    if close:
        return f"Did you mean '{close[0]}'?"
    return f"Known: {', '.join(names)}." if names else "None is known."
