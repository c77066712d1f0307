"""How much a model may hold: what is read here was perhaps made to do harm.

Sizes are known before anything is read, and the number of values before anything is decoded.
"""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

from trainer.errors import ArtifactError

LARGEST_JSON = 4 * 1024**2
"""Bytes of the manifest and of the golden texts: decoded, JSON can take thirty times its size."""
LARGEST = 4 * 1024**3
"""Bytes of any other file."""
MOST_TERMS = 200_000
"""Terms of lexicons, in all."""
MOST_GOLDEN = 1_024
GOLDEN_CHARACTERS = 256 * 1024
LONGEST_NGRAM = 64
_MOST_CONTAINERS = 50_000
"""Lists and objects in a file of JSON, beyond what its content calls for."""
_FLAGS = sum(getattr(os, flag, 0) for flag in ("O_BINARY", "O_CLOEXEC", "O_NOFOLLOW", "O_NONBLOCK"))


def decoded(data: bytes, name: str, more: int = 0) -> Any:
    """Decode JSON that holds no more lists and objects than its content calls for."""
    if data.count(b"[") + data.count(b"{") > _MOST_CONTAINERS + more:
        raise ArtifactError(f"'{name}' holds more lists and objects than such a file needs")
    return json.loads(str(data, "utf-8", "surrogatepass"))  # of bytes it would guess, and load a codec


def _refuse_unless_plain(file: Path) -> None:
    """Refuse what is no regular file."""
    try:
        about = file.lstat()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise _missing(file) from error
    if not stat.S_ISREG(about.st_mode):
        raise _missing(file)


def _missing(file: Path) -> ArtifactError:
    return ArtifactError(f"'{file.name}' is missing or not a plain file", where=str(file.parent))


def read_file(file: Path, limit: int) -> bytes:
    """Read a regular file of at most `limit` bytes; what is none is not even opened for long."""
    try:
        _refuse_unless_plain(file)
        with os.fdopen(os.open(file, _FLAGS), "rb") as handle:
            about = os.fstat(handle.fileno())  # of what was opened: the name may stand for another by now
            if not stat.S_ISREG(about.st_mode):
                raise _missing(file)
            if about.st_size > limit:
                raise ArtifactError(f"'{file.name}' is larger than it should be", where=str(file.parent))
            data = handle.read(about.st_size + 1)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise _missing(file) from error
    except OSError as error:
        raise ArtifactError(f"cannot be read: {error.strerror}", where=str(file)) from error
    if len(data) > about.st_size:
        raise ArtifactError(f"'{file.name}' is larger than it should be", where=str(file.parent))
    return data
