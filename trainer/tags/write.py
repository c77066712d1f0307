"""Tables to files: .csv and .xlsx that spreadsheets open as they are, .parquet, .jsonl."""

from __future__ import annotations

import csv
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trainer.errors import TrainerWarning, UsageError, did_you_mean
from trainer.escapes import guarded, to_json
from trainer.sheets import LONGEST_CELL, workbook

if TYPE_CHECKING:
    import pyarrow as pa

SUFFIXES = (".csv", ".xlsx", ".parquet", ".jsonl")
_BOM = "\ufeff"
"""Without it Excel takes UTF-8 for the code page of the machine."""


def suffix_of(target: Path) -> str:
    """Return the suffix that says how a table is written.

    Raises
    ------
    UsageError
        When it is none of `SUFFIXES`.
    """
    suffix = target.suffix.lower()
    if suffix not in SUFFIXES:
        raise UsageError(
            f"'{target}' must end in {', '.join(SUFFIXES)}: that says how it is written. "
            + (did_you_mean(suffix, SUFFIXES) if suffix else "")
        )
    return suffix


def write_table(batches: Iterable[pa.RecordBatch], schema: pa.Schema, target: Path, suffix: str) -> None:
    """Write batches of a table, one after the other.

    Parameters
    ----------
    suffix : str
        One of `SUFFIXES`; `target` may be called anything.
    """
    _WRITERS[suffix](batches, schema, target)


def _rows(batches: Iterable[pa.RecordBatch]) -> Iterator[tuple[Any, ...]]:
    for batch in batches:
        yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)


def _write_csv(batches: Iterable[pa.RecordBatch], schema: pa.Schema, target: Path) -> None:
    with target.open("w", encoding="utf-8", newline="") as file:
        file.write(_BOM)
        rows = csv.writer(file, lineterminator="\r\n")
        rows.writerow(map(guarded, schema.names))
        rows.writerows([guarded(value) for value in row] for row in _rows(batches))


def _write_jsonl(batches: Iterable[pa.RecordBatch], schema: pa.Schema, target: Path) -> None:
    with target.open("w", encoding="utf-8", newline="\n") as file:
        for row in _rows(batches):
            file.write(to_json(dict(zip(schema.names, row, strict=True))) + "\n")


def _write_parquet(batches: Iterable[pa.RecordBatch], schema: pa.Schema, target: Path) -> None:
    import pyarrow.parquet as pq

    with pq.ParquetWriter(target, schema, compression="zstd") as file:
        for batch in batches:
            file.write_batch(batch)


def _write_xlsx(batches: Iterable[pa.RecordBatch], schema: pa.Schema, target: Path) -> None:
    with workbook(target) as book:
        sheet = book.sheet("tags", schema.names)
        for row in _rows(batches):
            sheet.write(row)
        sheet.filtered()
    if sheet.cut:
        warnings.warn(
            f"{sheet.cut:,} cells are longer than the {LONGEST_CELL:,} characters of a workbook's and end in "
            "[…]; .csv, .parquet and .jsonl hold them whole",
            TrainerWarning,
            stacklevel=2,
        )


_WRITERS = {".csv": _write_csv, ".jsonl": _write_jsonl, ".parquet": _write_parquet, ".xlsx": _write_xlsx}
