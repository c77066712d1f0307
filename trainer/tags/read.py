"""Files of tagged sentences -> a table, whatever wrote them: .csv, .xlsx, .parquet or .jsonl."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trainer.corpus.readers.workbook import sheets
from trainer.errors import DataError, NotFoundError
from trainer.escapes import unguarded
from trainer.model.table import FIRST, LAST, WORDS, tag_schema
from trainer.records import Rejection
from trainer.tags.write import suffix_of

if TYPE_CHECKING:
    import pyarrow as pa

_PROBABILITY, _DECIDED_BY = "_probability", "_decided_by"
_ANSWERS = ("yes", "no", "review")
_NEEDED = [name for name in (*FIRST, *LAST) if name not in WORDS]
_SHOWN = 6
_LONGEST_FIELD = 1 << 27


def topics_of(table: pa.Table) -> tuple[str, ...]:
    """Return the topics of a table of tagged sentences, in the order of their columns."""
    names = table.schema.names
    return tuple(name for name in names if name + _PROBABILITY in names and name + _DECIDED_BY in names)


def read_tags(path: Path) -> pa.Table:
    """Read a table of tagged sentences.

    Columns of words that ``--no-text`` left out are blank; columns that others added are passed over.

    Raises
    ------
    NotFoundError
        When it is not there.
    DataError
        When it is damaged, is another kind of table, or holds a cell that is none of such a table.
    """
    if not path.is_file():
        raise NotFoundError(
            f"no table '{path}'", hint="`trainer predict FOLDER --documents --out tags.csv` writes one."
        )
    suffix = suffix_of(path)
    with _told(path):
        if suffix == ".parquet":
            import pyarrow.parquet as pq

            table = pq.read_table(path)
        else:
            table = _from_rows(_READERS[suffix](path), path)
    return checked(table, path)


def raw_rows(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the rows of a sheet (.csv or .xlsx) by the names of its columns, whatever these are.

    Raises
    ------
    NotFoundError, DataError
    """
    if not path.is_file():
        raise NotFoundError(f"no sheet '{path}'")
    suffix = suffix_of(path)
    if suffix not in (".csv", ".xlsx"):
        raise DataError("is no sheet: it must end in .csv or .xlsx", where=str(path))
    with _told(path):
        rows = _READERS[suffix](path)
        header = [str(name) for name in next(rows, ())]
        for row in rows:
            yield dict(zip(header, row, strict=False))


def checked(table: pa.Table, path: Path) -> pa.Table:
    """Return a table with the columns of `tag_schema` and no others, or refuse it."""
    import pyarrow as pa
    import pyarrow.compute as pc

    topics = topics_of(table)
    names = table.schema.names
    missing = [name for name in _NEEDED if name not in names]
    if missing or not topics:
        lack = (
            ", ".join(missing[:_SHOWN]) or "the columns of any topic (`x`, `x_probability`, `x_decided_by`)"
        )
        raise DataError(
            f"is no table of tagged sentences: it lacks {lack}",
            where=str(path),
            hint=f"It has {', '.join(names[:12]) or 'no column'}. `trainer predict … --documents --out FILE` "
            "writes such tables.",
        )
    schema = tag_schema(topics)
    columns = [table[name] if name in names else pa.nulls(len(table), pa.string()) for name in schema.names]
    with _told(path):
        found = pa.table(columns, names=schema.names).cast(schema)
    for topic in topics:
        known = pc.is_in(found[topic], value_set=pa.array(_ANSWERS))
        if not pc.all(known, min_count=0).as_py():
            row = pc.index(known, False).as_py()
            raise DataError(
                f"{topic} must be one of {', '.join(_ANSWERS)}, not {found[topic][row].as_py()!r}",
                where=f"{path}, row {row + 2}, column {topic}",
            )
    return found


def _from_rows(rows: Iterator[Sequence[Any]], path: Path) -> pa.Table:
    """Return a table of cells, each of the type that its column has."""
    import pyarrow as pa

    header = [str(name) for name in next(rows, ())]
    twice = {name for name in header if header.count(name) > 1}
    if twice:
        raise DataError(f"column {min(twice)!r} stands twice", where=f"{path}, row 1")
    columns: list[list[Any]] = [[] for _ in header]
    for number, row in enumerate(rows, 2):
        if len(row) != len(header):
            raise DataError(f"expected {len(header)} cells, got {len(row)}", where=f"{path}, row {number}")
        for column, name, value in zip(columns, header, row, strict=True):
            column.append(_typed(name, value, path, number))
    return pa.table({name: pa.array(column) for name, column in zip(header, columns, strict=True)})


def _typed(name: str, value: Any, path: Path, row: int) -> Any:
    if value is None or value == "":
        return None
    kind = int if name in ("start", "end") else float if name.endswith(_PROBABILITY) else None
    if kind is None:
        return str(value)
    try:
        return kind(value)
    except (TypeError, ValueError):
        raise DataError(
            f"{name} must be a number, not {value!r}", where=f"{path}, row {row}, column {name}"
        ) from None


def _csv_rows(path: Path) -> Iterator[Sequence[Any]]:
    csv.field_size_limit(_LONGEST_FIELD)
    with path.open(encoding="utf-8-sig", newline="") as file:
        # A spreadsheet of half the world saves with semicolons.
        first = file.readline()
        file.seek(0)
        for row in csv.reader(file, delimiter=max(",;\t", key=first.count), strict=True):
            yield [unguarded(cell) for cell in row]


def _jsonl_rows(path: Path) -> Iterator[Sequence[Any]]:
    header: list[str] | None = None
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            row = json.loads(line)
            if not isinstance(row, dict) or (header is not None and list(row) != header):
                raise DataError("has other keys than the first line", where=f"{path}:{number}")
            if header is None:
                header = list(row)
                yield header
            yield list(row.values())


def _xlsx_rows(path: Path) -> Iterator[Sequence[Any]]:
    with path.open("rb") as file:
        for _, rows in sheets(file, str(path)):
            for at, cells in rows:
                if isinstance(cells, Rejection):
                    raise DataError(cells.detail, where=at)
                yield cells
            return


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Say of a file that cannot be read which one it is."""
    import pyarrow as pa

    try:
        yield
    except (OSError, ValueError, csv.Error, pa.ArrowException) as error:
        raise DataError(f"cannot be read as a table: {error}", where=str(path)) from error


_READERS = {".csv": _csv_rows, ".jsonl": _jsonl_rows, ".xlsx": _xlsx_rows}
