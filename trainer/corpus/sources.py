"""Reading what the user points at: files, folders, globs, standard input, data sets.

Whatever is read comes out, as a `Document`, a `LabelledText` or a `Rejection`: accepted + rejected = read.
Any file may be gzipped.
"""

from __future__ import annotations

import gzip
import io
import sys
import warnings
import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path

from trainer.corpus.readers.completing import Again, Completer
from trainer.corpus.readers.encodings import as_utf8, found_encoding, marked
from trainer.corpus.readers.extractor import Extractor
from trainer.corpus.readers.files import STDIN, Found, find_files, shown
from trainer.corpus.readers.hub import PREFIX, read_dataset
from trainer.corpus.readers.jsons import read_json, read_jsonl
from trainer.corpus.readers.lines import Bytes
from trainer.corpus.readers.notes import Notes
from trainer.corpus.readers.parquet import read_packed_parquet, read_parquet
from trainer.corpus.readers.reading import Reading, as_option, check_columns
from trainer.corpus.readers.rows import RowError
from trainer.corpus.readers.source import Record, Source
from trainer.corpus.readers.tables import read_table
from trainer.corpus.readers.texts import read_lines, read_whole
from trainer.corpus.readers.unpacking import unpacked
from trainer.corpus.readers.workbook import read_workbook
from trainer.corpus.readers.yields import Yields
from trainer.errors import TrainerWarning, UsageError
from trainer.progress import Progress, silent
from trainer.records import Rejection

SUFFIXES = (
    ".txt", ".md", ".html", ".htm", ".pdf", ".docx", ".jsonl", ".json", ".csv", ".tsv", ".xlsx", ".parquet",
)  # fmt: skip
_SHEETS = ("xls", "xlsm", "xlsb", "ods", "numbers")
_DAMAGED = (EOFError, zlib.error, gzip.BadGzipFile)


def read_inputs(
    inputs: Sequence[str | Path],
    topics: Sequence[str] | None,
    progress: Progress = silent,
    *,
    whole: bool = True,
    titles: Mapping[str, str] | None = None,
    allow_network: bool = False,
    reading: Reading | None = None,
    open_topics: Collection[str] = (),
    known: Sequence[str] = (),
) -> Iterator[Record]:
    """Return everything that `inputs` hold, read as it is asked for, in a fixed order.

    Parameters
    ----------
    inputs : sequence of path
        Files, folders (read recursively, links to folders not followed), globs, ``-`` for standard input,
        ``hf:FOLDER`` or ``hf:NAME`` for a data set of the `datasets` library.
    topics : sequence of str or None
        The topics of the config; a table with one of them as a column holds labels. None passes labels
        over: every row is a document.
    progress : Progress
        Called with bytes read and bytes in all.
    whole : bool
        False takes each line of a text file for a document of its own.
    titles : mapping of str to str, optional
        Topic -> title: labels of other tools may go by either.
    allow_network : bool
        Whether a data set may be read from the hub.
    reading : Reading, optional
        What else the user says of his inputs.
    open_topics : collection of str
        Topics that a complete list of labels leaves unknown where it does not name them.
    known : sequence of str
        Topics that columns may have the names of where labels are passed over.

    Raises
    ------
    NotFoundError
        When an input is not there; raised before anything is read.
    UsageError
        When a data set is not here and the network is not allowed, or `reading` names a column of ours that
        there is not; likewise.

    Warns
    -----
    TrainerWarning
        At the end, of documents that gave hardly any text, of an extra that is not installed, of columns that
        are not read, cells that are merged or hold errors, and dates that could not be read.
    """
    reading = reading or Reading()
    check_columns(reading.columns, known if topics is None else topics)
    found = [file for item in inputs for file in find_files(item, allow_network)]
    if reading.metadata is not None:
        table = Path(reading.metadata).resolve()
        found = [file for file in found if file.path is None or file.path.resolve() != table]
    asked = Source(
        "", "", "", topics, titles or {}, columns=reading.columns, open_topics=open_topics, known=known
    )
    return _read_all(found, asked, progress, whole, Completer(reading, asked.notes))


def _read_all(
    found: Sequence[Found], asked: Source, progress: Progress, whole: bool, completer: Completer
) -> Iterator[Record]:
    total = sum(file.size for file in found)
    before = 0
    yields = Yields()
    with Extractor() as extractor:
        for file in found:
            completer.begin(_again(file, asked, whole))
            for record, position in _read_one(file, asked, whole, extractor):
                progress("reading", min(before + position, total), total)
                yields.note(record)
                yield from completer.completed(record)
            before += file.size
    progress("reading", total, total)
    yield from completer.left_over()
    for message in chain(yields.messages(), completer.messages()):
        warnings.warn(message, TrainerWarning, stacklevel=2)


def _again(file: Found, asked: Source, whole: bool) -> Again | None:
    """Return what reads a file once more, saying nothing; None where it can be read but once."""
    if file.path is None or file.trouble:
        return None

    def records() -> Iterator[Record]:
        with Extractor() as extractor:
            for record, _ in _read_one(file, replace(asked, notes=Notes()), whole, extractor):
                yield record

    return records


def _read_one(file: Found, asked: Source, whole: bool, extractor: Extractor) -> Iterator[tuple[Record, int]]:
    """Yield each record with the number of bytes of the file behind it."""
    if file.trouble:
        yield file.trouble, 0
    elif file.path is not None:
        yield from _read_file(file.path, file.name, asked, whole, extractor)
    elif file.name == STDIN:
        for record in _guarded(_read_stdin(asked, whole, extractor), "<stdin>"):
            yield record, 0
    else:
        name = file.name.removeprefix(PREFIX)
        for record in read_dataset(name, _named(asked, file.name, name, "dataset")):
            yield record, 0


def _read_file(
    path: Path, name: str, asked: Source, whole: bool, extractor: Extractor
) -> Iterator[tuple[Record, int]]:
    inner = Path(name.removesuffix(".gz"))
    source = _named(asked, shown(path), name, inner.suffix.lower().removeprefix("."))
    try:
        with path.open("rb") as raw:
            position = 0
            for record in _guarded(_read_format(raw, path, source, whole, extractor), source.at):
                position = raw.tell() if not raw.closed else position
                yield record, position
    except OSError as error:
        yield Rejection(source.at, "unreadable", error.strerror or str(error)), 0


def _named(asked: Source, at: str, name: str, format_: str) -> Source:
    return replace(asked, at=at, name=name, format=format_)


def _guarded(records: Iterator[Record], at: str) -> Iterator[Record]:
    """Yield records, and a rejection of the rest of the file where it cannot be read on."""
    try:
        yield from records
    except RowError as error:
        where = at if error.line is None else f"{at}:{error.line}"
        yield Rejection(where, error.reason, error.detail)
    except _DAMAGED as error:
        yield Rejection(at, "damaged_gzip", str(error))
    except OSError as error:
        yield Rejection(at, "unreadable", error.strerror or str(error))


def _read_format(
    raw: io.BufferedReader, path: Path, source: Source, whole: bool, extractor: Extractor
) -> Iterator[Record]:
    packed = path.suffix == ".gz"
    handle = unpacked(raw) if packed else raw
    match source.format:
        case "txt" | "md" if whole:
            yield read_whole(handle, source)
        case "txt" | "md":
            yield from read_lines(handle, source, _encoding(path))
        case "html" | "htm" | "pdf" | "docx":
            yield extractor.read(handle, source)
        case "jsonl":
            yield from _with_keys(read_jsonl(handle, source, _mark(handle) or "utf-8"), source)
        case "json":
            yield from _with_keys(read_json(handle, source), source)
        case "csv" | "tsv" | "xlsx":
            yield from _read_sheet(handle, source, path)
        case "parquet":
            yield from (read_packed_parquet if packed else read_parquet)(handle, source)
        case _:
            kinds = ", ".join(SUFFIXES)
            hint = "; save it as .xlsx or .csv" if source.format in _SHEETS else ""
            raise RowError("unsupported_type", f"not one of {kinds} (each may be .gz){hint}")


def _with_keys(records: Iterator[Record], source: Source) -> Iterator[Record]:
    """Yield records, and note the keys that the user named and no object has; each says so of its text."""
    yield from records
    for ours in source.notes.unseen(source.at, [name for name in source.columns if name != "text"]):
        option = as_option(ours, source.columns[ours])
        source.notes.say(f"no object has the key {source.columns[ours]!r}, which {option} names", source.at)


def _read_sheet(handle: Bytes, source: Source, path: Path) -> Iterator[Record]:
    if source.format == "xlsx":
        yield from read_workbook(handle, source)
    else:
        yield from read_table(handle, source, _encoding(path))


def _encoding(path: Path) -> str:
    """Return the encoding of a file, which is read once more for it."""
    with path.open("rb") as raw:
        try:
            return found_encoding(unpacked(raw) if path.suffix == ".gz" else raw)
        except _DAMAGED:
            return "utf-8"  # what comes before the damage is read all the same


def _mark(handle: Bytes) -> str | None:
    return marked(handle.peek(4)[:4]) if isinstance(handle, io.BufferedReader) else None


_MAGIC = {b"%PDF": "pdf", b"PK\x03\x04": "docx or xlsx", b"PAR1": "parquet", b"\x1f\x8b": "gz"}


def _read_stdin(asked: Source, whole: bool, extractor: Extractor) -> Iterator[Record]:
    if sys.stdin is None:
        raise UsageError("standard input is closed", hint="Name a file, or pipe text into the command.")
    head = sys.stdin.buffer.peek(4)[:4] if isinstance(sys.stdin.buffer, io.BufferedReader) else b""
    if found := next((kind for magic, kind in _MAGIC.items() if head.startswith(magic)), None):
        yield Rejection("<stdin>", "unsupported_type", f"standard input is text, not {found}: name a file")
        return
    handle: Bytes = as_utf8(sys.stdin.buffer, _mark(sys.stdin.buffer) or "utf-8")
    start = handle.peek(1)[:64] if isinstance(handle, io.BufferedReader) else b""
    start = start.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith(b"{"):
        yield from read_jsonl(handle, _named(asked, "<stdin>", "stdin", "jsonl"))
    elif start.startswith((b"<!doctype html", b"<html")):
        yield extractor.read(handle, _named(asked, "<stdin>", "stdin", "html"))
    elif whole:
        yield read_whole(handle, _named(asked, "<stdin>", "stdin", "txt"))
    else:
        yield from read_lines(handle, _named(asked, "<stdin>", "stdin", "txt"))
