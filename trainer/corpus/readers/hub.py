"""Data sets of the `datasets` library: saved on disk, a folder of Parquet, or by name from its hub."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from trainer.corpus.readers.parquet import BATCH, read_batches, wanted_columns
from trainer.corpus.readers.rows import RowError
from trainer.corpus.readers.source import Record, Source
from trainer.errors import NotFoundError, UsageError
from trainer.records import Rejection

PREFIX = "hf:"
_SAVED = ("dataset_dict.json", "state.json")
_GIVEN = ("train", "validation", "test")


def check_dataset(name: str, allow_network: bool) -> None:
    """Refuse a data set that is not on this machine, unless the network may be used.

    Raises
    ------
    UsageError, NotFoundError
    """
    if not name:
        raise UsageError(f"'{PREFIX}' names no data set", hint=f"Say {PREFIX}FOLDER, or {PREFIX}NAME.")
    if Path(name).exists() or allow_network:
        return
    if name.startswith((".", "/", "~")):
        raise NotFoundError(f"no folder '{name}'", hint="A path is taken from the folder that you are in.")
    raise UsageError(
        f"'{name}' is no folder here, and its download was not allowed",
        hint=f"Say --allow-network to read {PREFIX}{name} from the hub.",
    )


def read_dataset(name: str, source: Source) -> Iterator[Record]:
    """Yield what the rows of a data set hold; nothing of it is copied into a cache.

    A split named train, validation or test is one that its rows ask for.
    """
    try:
        with tempfile.TemporaryDirectory() as cache:
            yield from _read_splits(_loaded(name, cache), source)
    except RowError as error:
        yield Rejection(source.at, error.reason, error.detail)
    except Exception as error:  # whatever the library, its file systems and the network raise
        yield Rejection(source.at, "unreadable_dataset", f"{type(error).__name__}: {str(error)[:300]}")


def _read_splits(splits: Mapping[str, Any], source: Source) -> Iterator[Record]:
    for split, rows in sorted(splits.items()):
        given = split if split in _GIVEN else None
        at = f"{source.at}/{split}" if split else source.at
        yield from _read_split(rows, replace(source, at=at, split=given))


def _loaded(name: str, cache: str) -> Mapping[str, Any]:
    import datasets

    folder = Path(name)
    if not any((folder / mark).is_file() for mark in _SAVED):
        splits = datasets.load_dataset(name, streaming=True, cache_dir=cache)
        return splits if isinstance(splits, dict) else {"": splits}
    saved = datasets.load_from_disk(name)
    return saved if isinstance(saved, dict) else {str(saved.split or ""): saved}


def _read_split(rows: Any, source: Source) -> Iterator[Record]:
    features = rows.features or {}
    there = rows.column_names or list(features)
    columns = wanted_columns(there, source)
    names = {}
    for column, feature in features.items():
        classes = getattr(getattr(feature, "feature", feature), "names", None)
        if classes:
            names[column] = list(classes)
    batches = rows.select_columns(columns).with_format("arrow").iter(batch_size=BATCH)
    yield from read_batches(batches, names, source)
