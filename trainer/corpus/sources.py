"""Reading what the user points at: files, folders, globs, standard input.

Whatever is read comes out, as a `Document`, a `LabelledText` or a `Rejection`: accepted + rejected = read.
Any file may be gzipped. Text is UTF-8; a byte-order mark is taken off.
"""

from __future__ import annotations

import glob
import gzip
import io
import json
import os
import sys
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from trainer.corpus.lines import Bytes, numbered_lines, too_long
from trainer.corpus.rows import RowError, checked_text, content_id, read_row
from trainer.corpus.tables import Record, read_table
from trainer.errors import NotFoundError
from trainer.progress import Progress, silent
from trainer.records import Document, Rejection

STDIN = "-"
_PRODUCED = ("corpus.json", "weights.safetensors")
_LONGEST_NAME = 255  # bytes: no file system has longer ones, and asking for one is an error of its own
_TEXT = (".txt", ".md")
_TABLES = (".csv", ".tsv")
SUFFIXES = (*_TEXT, ".jsonl", *_TABLES)


def read_inputs(
    inputs: Sequence[str | Path],
    topics: Sequence[str] | None,
    progress: Progress = silent,
    *,
    whole: bool = True,
) -> Iterator[Record]:
    """Return everything that `inputs` hold, read as it is asked for, in a fixed order.

    Parameters
    ----------
    inputs : sequence of path
        Files, folders (read recursively, links not followed), globs, or ``-`` for standard input.
    topics : sequence of str or None
        The topics of the config; a table with one of them as a column holds labels. None passes labels
        over: every row is a document.
    progress : Progress
        Called with bytes read and bytes in all.
    whole : bool
        False takes each line of a text file for a document of its own.

    Raises
    ------
    NotFoundError
        When an input is not there; raised before anything is read.
    """
    return _read_files([found for item in inputs for found in _files_of(item)], topics, progress, whole)


def _read_files(
    files: Sequence[tuple[Path | None, str]], topics: Sequence[str] | None, progress: Progress, whole: bool
) -> Iterator[Record]:
    total = sum(path.stat().st_size for path, _ in files if path is not None)
    before = 0
    for path, name in files:
        if path is None:
            yield from _read_stdin(topics, whole)
            continue
        size = path.stat().st_size
        for record, position in _read_file(path, name, topics, whole):
            progress("reading", min(before + position, total), total)
            yield record
        before += size
    progress("reading", total, total)


def _files_of(item: str | Path) -> list[tuple[Path | None, str]]:
    """Return the files behind one input, each with the name that its documents carry."""
    if str(item) == STDIN:
        return [(None, STDIN)]
    if not str(item):
        raise NotFoundError("an input is empty", hint="Was a shell variable not set? `.` is this folder.")
    path = Path(item)
    if len(os.fsencode(path.name)) > _LONGEST_NAME:
        raise NotFoundError(f"no file, folder or glob of so long a name: '{path.name[:40]}…'")
    if path.is_dir():
        root = path.resolve()
        below = sorted(p for p in root.rglob("*") if p.is_file() and not _hidden(p.relative_to(root)))
        found = [p for p in below if not _produced(p, root)]
        return [(p, _shown(f"{root.name}/{p.relative_to(root).as_posix()}")) for p in found]
    if path.exists():
        return [(path, _shown(_own_name(path)))]
    matches = [Path(match) for match in sorted(glob.glob(str(item), recursive=True))]  # noqa: PTH207
    matches = [match for match in matches if match.exists()]  # a link may lead nowhere
    if not matches:
        raise NotFoundError(
            f"no file, folder or glob '{item}'",
            hint="A path is taken from the folder that you are in.",
        )
    return [pair for match in matches for pair in _files_of(match)]


def _own_name(path: Path) -> str:
    """Return what a file calls its documents: its path where that leads down from here, else its name."""
    inside = not path.is_absolute() and ".." not in path.parts
    return path.as_posix() if inside else path.name


def _shown(path: str | Path) -> str:
    """Return a path as text that can be stored: its bytes need not be UTF-8."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _produced(path: Path, root: Path) -> bool:
    """Tell whether a file is part of a corpus or model that this package wrote: no input of anybody's."""
    inside = [parent for parent in path.parents if parent.is_relative_to(root)]
    return any((folder / mark).is_file() for folder in inside for mark in _PRODUCED)


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _read_file(
    path: Path, name: str, topics: Sequence[str] | None, whole: bool
) -> Iterator[tuple[Record, int]]:
    """Yield each record with the number of bytes of the file behind it."""
    at = _shown(path)
    try:
        with path.open("rb") as raw:
            handle = gzip.GzipFile(fileobj=raw) if path.suffix == ".gz" else raw
            for record in _read_handle(handle, at, name, topics, whole):
                yield record, raw.tell() if raw.seekable() else 0
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        yield Rejection(at, "damaged_gzip", str(error)), 0
    except OSError as error:
        yield Rejection(at, "unreadable", error.strerror or str(error)), 0


def _read_handle(
    handle: Bytes, at: str, name: str, topics: Sequence[str] | None, whole: bool
) -> Iterator[Record]:
    inner = name.removesuffix(".gz")
    suffix = Path(inner).suffix.lower()
    if suffix == ".jsonl":
        return _read_jsonl(numbered_lines(handle), at, topics)
    if suffix in _TABLES:
        return read_table(numbered_lines(handle), at, topics)
    if suffix in _TEXT:
        return iter([_read_text(handle.read(), at, name)]) if whole else _read_lines(handle, at)
    kinds = ", ".join(SUFFIXES)
    return iter([Rejection(at, "unsupported_type", f"not one of {kinds} (each may be .gz)")])


def _read_stdin(topics: Sequence[str] | None, whole: bool) -> Iterator[Record]:
    handle = sys.stdin.buffer
    start = handle.peek(1)[:64] if isinstance(handle, io.BufferedReader) else b""
    if start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        yield from _read_jsonl(numbered_lines(handle), "<stdin>", topics)
    elif whole:
        yield _read_text(handle.read(), "<stdin>", "stdin")
    else:
        yield from _read_lines(handle, "<stdin>")


def _read_text(data: bytes, at: str, name: str) -> Record:
    try:
        text = checked_text(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return Rejection(
            f"{at}:{line}", "not_utf8", f"byte {error.start} is not valid UTF-8: save it as UTF-8"
        )
    except RowError as error:
        return Rejection(at, error.reason, error.detail)
    return Document(id=name, text=text, title=Path(name).stem, at=at)


def _read_lines(handle: Bytes, path: str) -> Iterator[Record]:
    for number, line in numbered_lines(handle):
        at = f"{path}:{number}"
        if line is None:
            yield too_long(at)
        elif text := line.strip():
            try:
                yield Document(content_id("line", f"{at}\0{checked_text(text)}"), text, at=at)
            except RowError as error:
                yield Rejection(at, error.reason, error.detail)


def _read_jsonl(
    lines: Iterable[tuple[int, str | None]], path: str, topics: Sequence[str] | None
) -> Iterator[Record]:
    author = f"human:{Path(path).name}"
    nothing = True
    for number, line in lines:
        if line is not None and not line.strip():
            continue
        nothing, at = False, f"{path}:{number}"
        if line is None:
            yield too_long(at)
            continue
        try:
            row = decode_json(line)
        except ValueError as error:
            yield Rejection(at, "malformed_json", str(error))
            continue
        if isinstance(row, dict):
            yield read_row(row, topics, at, author)
        else:
            yield Rejection(at, "malformed_json", f"expected an object, got {type(row).__name__}")
    if nothing:
        yield Rejection(f"{path}:1", "empty_text", "the file is empty")


def decode_json(text: str) -> Any:
    """Decode one JSON value, refusing what JSON does not have: NaN, Infinity, a key twice."""

    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is not JSON")

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        row = dict(pairs)
        if len(row) != len(pairs):
            keys = [key for key, _ in pairs]
            twice = next(key for key in keys if keys.count(key) > 1)
            raise ValueError(f"key {twice!r} stands twice")
        return row

    try:
        return json.loads(text, parse_constant=refuse, object_pairs_hook=once)
    except RecursionError:
        raise ValueError("nested too deeply") from None
