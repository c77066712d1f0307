"""Parquet and Arrow: columns as in JSONL rows, read batch by batch."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from trainer.corpus.readers.exports import read_object
from trainer.corpus.readers.lines import Bytes
from trainer.corpus.readers.rows import FIELDS, RowError
from trainer.corpus.readers.source import Record, Source
from trainer.records import Rejection

if TYPE_CHECKING:
    import pyarrow as pa

BATCH = 512
"""Rows that are held at a time."""

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

    if not handle.read(1):
        raise RowError("empty_text", "the file is empty")
    handle.seek(0)
    try:
        file = pq.ParquetFile(handle)
        columns = wanted_columns(file.schema_arrow.names, source)
        names = class_names(file.schema_arrow.metadata)
        yield from read_batches(file.iter_batches(BATCH, columns=columns), names, source)
        if file.metadata.num_rows == 0:
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
        When ``text`` is not among them.
    """
    there = list(there)
    if "text" not in there:
        raise RowError("no_text", f"no column 'text'. There is: {', '.join(map(repr, there[:20]))}.")
    known = {*FIELDS, *_LABELS, *(source.topics or ())}
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
        for row in batch.to_pylist():
            number += 1
            at = f"{source.at}#{number}"
            try:
                yield from read_object(_named(row, names, source), source, at, None)
            except RowError as error:
                yield Rejection(at, error.reason, error.detail)


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
