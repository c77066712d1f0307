"""The record of an output: what it was made of, with what, and how; enough to make it again.

It holds no clock, no user and no machine: the same command on the same inputs writes the same record. Paths
are as they were given.
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as library_version
from pathlib import Path
from typing import Any

from trainer import __version__
from trainer.corpus.readers.files import RECORD as SUFFIX
from trainer.corpus.readers.files import Found, find_files, shown
from trainer.errors import ArtifactError, NotFoundError, UsageError
from trainer.records import Rejection
from trainer.storage import canonical_json

FORMAT = 1
NAME = "run.json"
"""Of the record inside a folder."""
_LIBRARIES = (
    "charset-normalizer", "google-re2", "jinja2", "matplotlib", "numpy", "pyarrow", "pypdf", "selectolax",
    "sentencex", "xlsxwriter",
)  # fmt: skip
_CHUNK = 1 << 20


def record_of(target: Path) -> Path:
    """Return where the record of an output lies: inside a folder that has one, else beside it."""
    inside = target / NAME
    return inside if inside.is_file() else beside(target)


def beside(target: Path) -> Path:
    """Return where the record of a file lies, and of a folder whose files other programs read."""
    return target.with_name(target.name + SUFFIX)


def place_of(target: Path) -> Path:
    """Return where an output will lie: a link stays a link, and a device is refused.

    Raises
    ------
    UsageError
    """
    place = target.resolve() if target.is_symlink() else target
    if place.exists() and not place.is_file():
        raise UsageError(f"'{target}' is no file that can be written in one step")
    return place


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    return prefix_digest(path)


def prefix_digest(path: Path, size: int | None = None) -> str:
    """Return the SHA-256 of the first `size` bytes of a file, or of all of it."""
    found, left = hashlib.sha256(), path.stat().st_size if size is None else size
    with path.open("rb") as file:
        while chunk := file.read(min(_CHUNK, left)):
            found.update(chunk)
            left -= len(chunk)
    return found.hexdigest()


def output_digest(target: Path) -> str:
    """Return the SHA-256 of a file, or of the names and digests of the files of a folder but its record."""
    if not target.is_dir():
        return file_digest(target)
    files = sorted(path for path in target.rglob("*") if path.is_file() and path.name != NAME)
    lines = [f"{file_digest(path)}  {path.relative_to(target).as_posix()}\n" for path in files]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def inputs_of(inputs: Iterable[str | Path]) -> list[dict[str, Any]]:
    """Return name, size and digest of every file behind what was named; without a digest what is none."""
    return [_entry(found) for item in inputs for found in find_files(item, allow_network=False)]


def file_entry(path: Path, name: str) -> dict[str, Any]:
    """Return name, size and digest of a file; without a digest where it cannot be read."""
    try:
        return {"name": name, "path": _given(path), "bytes": path.stat().st_size, "sha256": file_digest(path)}
    except OSError:
        return {"name": name, "path": _given(path), "bytes": None, "sha256": None}


def _entry(found: Found) -> dict[str, Any]:
    if found.path is None or found.trouble:
        return {"name": found.name, "path": None, "bytes": None, "sha256": None}
    return file_entry(found.path, found.name)


def _given(path: Path) -> str:
    """Return a path from here where it leads down from here: a folder can then be moved with its record."""
    full, here = path.absolute(), Path.cwd()
    return shown(full.relative_to(here).as_posix()) if full.is_relative_to(here) else shown(full)


def make_record(
    verb: str,
    arguments: Mapping[str, Any],
    *,
    command: str,
    inputs: Sequence[Mapping[str, Any]],
    counts: Mapping[str, Any],
    labels: Sequence[Mapping[str, Any]] = (),
    model: Mapping[str, Any] | None = None,
    rejected: Sequence[Rejection] = (),
) -> dict[str, Any]:
    """Return the record of a run, all but its output.

    Parameters
    ----------
    verb : str
        The function of `trainer.api` that made the output, and its `arguments`, as JSON.
    command : str
        What was typed, or would be.
    inputs, labels : sequence of mapping
        As `inputs_of` and `file_entry` give them; files of labels grow, and are read up to their size then.
    """
    return {
        "format": FORMAT,
        "verb": verb,
        "arguments": dict(arguments),
        "command": command,
        "inputs": [dict(entry) for entry in inputs],
        "labels": [dict(entry) for entry in labels],
        "model": None if model is None else dict(model),
        "counts": dict(counts),
        "rejected": dict(sorted(Counter(rejection.reason for rejection in rejected).items())),
        "rejections": [asdict(rejection) for rejection in rejected],
        "versions": _versions(),
    }


def write_record(record: Mapping[str, Any], written: Path, target: Path) -> bytes:
    """Return the bytes of a record, with the output that lies at `written` and will be at `target`."""
    size = None if written.is_dir() else written.stat().st_size
    output = {"name": target.name, "bytes": size, "sha256": output_digest(written)}
    return canonical_json({**record, "output": output})


def read_record(path: Path) -> dict[str, Any]:
    """Read the record of a run.

    Raises
    ------
    NotFoundError, ArtifactError
    """
    file = path if path.is_file() and path.name.endswith(NAME) else record_of(path)
    if not file.is_file():
        raise NotFoundError(
            f"no record '{path}'",
            hint=f"It lies beside an output as OUTPUT{SUFFIX}, or in a folder as {NAME}.",
        )
    try:
        record = json.loads(file.read_bytes())
        known = record["format"]
        complete = record["verb"], record["arguments"], record["inputs"], record["output"]["sha256"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise ArtifactError(f"is no record of a run: {error}", where=str(file)) from error
    if known != FORMAT or not isinstance(complete[1], dict):
        raise ArtifactError(f"format {known!r} is not {FORMAT}, the one this version reads", where=str(file))
    found: dict[str, Any] = record
    return found


def refuse_changed(target: Path) -> None:
    """Refuse to replace a file that no run wrote, or that somebody changed since.

    Raises
    ------
    UsageError
    """
    if not target.exists():
        return
    try:
        ours = read_record(target)["output"]["sha256"] == output_digest(target)
    except (NotFoundError, ArtifactError):
        ours = False
    if not ours:
        raise UsageError(
            f"'{target}' is there, and is not as a run of this program wrote it",
            hint="Name another file, or pass --overwrite. What people decide is kept by `trainer fix`.",
        )


def _versions() -> dict[str, str]:
    found = {"topic-trainer": __version__, "python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            found[name] = library_version(name)
        except PackageNotFoundError:
            continue  # an extra that is not installed took no part
    return found


def differing(record: Mapping[str, Any]) -> list[str]:
    """Return which programs are of another version now, for people."""
    then, now = record.get("versions") or {}, _versions()
    return [
        f"{name} {then.get(name, 'none')} then, {now.get(name, 'none')} now"
        for name in sorted({*then, *now})
        if then.get(name) != now.get(name)
    ]
