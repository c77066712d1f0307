"""Parquet and Arrow: columns as in JSONL rows, read batch by batch."""

from __future__ import annotations

import io
import json
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from trainer.corpus.readers.exports import read_object
from trainer.corpus.readers.headers import missing, unread
from trainer.corpus.readers.lines import Bytes
from trainer.corpus.readers.rows import FIELDS, RowError
from trainer.corpus.readers.source import LARGEST_DOCUMENT, Record, Source, too_large
from trainer.records import Rejection

if TYPE_CHECKING:
    import pyarrow as pa

BATCH = 64
"""Rows that are held at a time."""

_SMALL = 1024**2  # bytes of a batch that becomes Python objects at once; of a larger one, row by row
_FREE = 64 * 1024**2  # bytes that a column of a row group may unpack to
_LARGEST_RATIO = 200  # beyond that, bytes out for a byte in

_STRINGS = ["text", "id", "doc_id", "title", "source", "date", "url"]
_LABELS = ("labels", "judged", "unknown", "label", "cats")

Names = Mapping[str, Sequence[str]]
"""Column -> what its numbers stand for."""


def read_parquet(handle: Bytes, source: Source) -> Iterator[Record]:
    """Yield what the rows hold, each found by its number from 1.

    Raises
    ------
    RowError
        When it is no Parquet file, or has no column ``text``.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    size = handle.seek(0, io.SEEK_END)
    handle.seek(0)
    if not size:
        raise RowError("empty_text", "the file is empty")
    try:
        about = pq.read_metadata(handle)
        columns = wanted_columns(about.schema.to_arrow_schema().names, source)
        for packed, unpacked in _weights(about, columns):
            _refuse_a_bomb(packed, unpacked)
        # One long string that stands in a million rows stays one string.
        leaves = {about.schema.column(place).path for place in range(about.num_columns)}
        strings = [name for name in _STRINGS if name in leaves]
        file = pq.ParquetFile(handle, metadata=about, read_dictionary=strings)
        names = class_names(file.schema_arrow.metadata)
        taken = 0
        for record in read_batches(file.iter_batches(BATCH, columns=columns), names, source):
            taken += len(getattr(record, "text", ""))
            _refuse_a_bomb(size, taken)
            yield record
        if about.num_rows == 0:
            yield Rejection(source.at, "empty_text", "the file has no rows")
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise RowError("malformed_parquet", f"not a sound Parquet file: {str(error)[:200]}") from None


def read_packed_parquet(handle: Bytes, source: Source) -> Iterator[Record]:
    """Yield the rows of a gzipped file, unpacked into a file first: Parquet is read from its end."""
    with tempfile.TemporaryFile() as plain:
        shutil.copyfileobj(handle, plain)
        plain.seek(0)
        yield from read_parquet(plain, source)


def wanted_columns(there: Iterable[str], source: Source) -> list[str]:
    """Return the columns that a row of ours may have.

    Raises
    ------
    RowError
        When ``text``, or a column that the user names, is not among them.
    """
    there = list(there)
    places = {"doc_id", *(source.topics or ())} <= set(there)
    if (lacks := missing(there, source)) and not (places and "text" not in source.columns):
        raise RowError("no_text", lacks)
    passed_over = [name for name in there if name not in _LABELS]
    if what := unread(passed_over, source):
        source.notes.say(what, source.at)
    known = {*FIELDS, "start", "end", *_LABELS, *(source.topics or ()), *source.columns.values()}
    return [name for name in dict.fromkeys(there) if name in known]


def class_names(metadata: Mapping[bytes, bytes] | None) -> dict[str, list[str]]:
    """Return the names of classes that `datasets` keeps in the metadata of a schema."""
    try:
        features = json.loads((metadata or {})[b"huggingface"])["info"]["features"]
        found = {}
        for column, feature in features.items():
            inner = feature[0] if isinstance(feature, list) else feature.get("feature", feature)
            if inner.get("_type") == "ClassLabel":
                found[column] = [str(name) for name in inner["names"]]
    except (KeyError, ValueError, TypeError, AttributeError, IndexError):
        return {}
    return found


def read_batches(
    batches: Iterable[pa.RecordBatch | pa.Table], names: Names, source: Source
) -> Iterator[Record]:
    """Yield what the rows of Arrow batches hold, the numbers of classes replaced by their names."""
    number = 0
    for batch in batches:
        for row in _pythonic(batch):
            number += 1
            at = f"{source.at}#{number}"
            text = row.get(source.columns.get("text", "text"))
            if isinstance(text, str) and len(text) > LARGEST_DOCUMENT:
                yield too_large(at)
                continue
            try:
                yield from read_object(_named(row, names, source), source, at, None)
            except RowError as error:
                yield Rejection(at, error.reason, error.detail)


def _weights(metadata: Any, columns: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield the bytes of each column of each row group, packed and unpacked."""
    for group in range(metadata.num_row_groups):
        for place in range(metadata.num_columns):
            column = metadata.row_group(group).column(place)
            if column.path_in_schema.split(".")[0] in columns:
                yield column.total_compressed_size, column.total_uncompressed_size


def _refuse_a_bomb(packed: int, unpacked: int) -> None:
    if unpacked > max(_FREE, _LARGEST_RATIO * packed):
        raise RowError(
            "bomb",
            f"{packed:,} bytes unpack to {unpacked:,}: at most {_LARGEST_RATIO} times as much is read "
            f"beyond {_FREE:,} bytes",
        )


def _pythonic(batch: pa.RecordBatch | pa.Table) -> Iterator[dict[str, Any]]:
    step = len(batch) if batch.nbytes < _SMALL else 1
    for start in range(0, len(batch), max(1, step)):
        yield from batch.slice(start, step).to_pylist()


def _named(row: dict[str, Any], names: Names, source: Source) -> dict[str, Any]:
    # A column that is null was not filled in: in JSON it would not be there.
    row = {key: _plain(value) for key, value in row.items() if value is not None}
    for column in _LABELS:
        if column in names and column in row:
            row[column] = _names_of(row[column], column, names[column])
    if isinstance(row.get("label"), str) and "label" in names:
        row["labels"] = [row.pop("label")]
        names = {**names, "labels": names["label"]}
    if "labels" in names and "labels" in row and "judged" not in row:
        # Topics that are no class of the data were not judged.
        unknown = row.get("unknown", ())
        row["judged"] = [t for t in source.topics or () if t in names["labels"] and t not in unknown]
    return row


def _names_of(value: Any, column: str, names: Sequence[str]) -> Any:
    if isinstance(value, list):
        return [_names_of(one, column, names) for one in value]
    if isinstance(value, int) and not isinstance(value, bool):
        if not 0 <= value < len(names):
            raise RowError("bad_labels", f"'{column}' holds class {value}, and there are {len(names)}")
        return names[value]
    return value


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value
