"""A corpus on disk: Parquet that `datasets` and pyarrow read alike, a manifest and a card.

::

    <version>/
      README.md           dataset card; its YAML names the splits
      corpus.json         fingerprint, config, counts
      data/<split>.parquet
      votes.parquet       who said what of which sentence
      conflicts.jsonl     sentences on which people differ, or rules cancel out
      documents.parquet   the texts that offsets point into
      rejected.jsonl      what was read and not used
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trainer.corpus.seal import refuse_broken_seal
from trainer.errors import ArtifactError, NotFoundError
from trainer.names import below
from trainer.storage import version_folder, versions

if TYPE_CHECKING:
    import datasets
    import pyarrow as pa

FORMAT = 2
MANIFEST = "corpus.json"
SPLITS = ("train", "validation", "test")
ROW_COLUMNS = (
    "id", "text", "doc_id", "start", "end", "split", "group", "origin", "labels", "unknown",
    "source", "date", "title", "url",
)  # fmt: skip
_KEYS = {"name", "topics", "fingerprint", "documents", "sentences", "labels", "gold", "splits", "rejected"}
_CANONICAL = json.JSONEncoder(ensure_ascii=False)
_TOGETHER = 65_536
"""Rows that are in memory at one time, where they are read by batches."""
_VERSION_HINT = "`trainer build` makes one."


@dataclass(frozen=True, slots=True)
class Corpus:
    """A corpus version on disk.

    Attributes
    ----------
    path : Path
        Its folder.
    created : bool
        False when `build` found that this very content was there already.
    """

    path: Path
    manifest: Mapping[str, Any] = field(repr=False)
    created: bool = False

    @property
    def name(self) -> str:
        """Name of the corpus."""
        return str(self.manifest["name"])

    @property
    def version(self) -> str:
        """Number of the version, as a string."""
        return self.path.resolve().name

    @property
    def fingerprint(self) -> str:
        """SHA-256 over the canonical rows: the same for the same content, wherever and whenever built."""
        return str(self.manifest["fingerprint"])

    @property
    def topics(self) -> tuple[str, ...]:
        """Topic names, in config order."""
        return tuple(self.manifest["topics"])

    @property
    def splits(self) -> tuple[str, ...]:
        """Splits that hold sentences."""
        return tuple(split for split in SPLITS if self.manifest["splits"].get(split))

    def rows(self, splits: Sequence[str] = SPLITS, columns: Sequence[str] = ROW_COLUMNS) -> pa.Table:
        """Return rows as an Arrow table."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        schema = row_schema(self.topics)
        empty = pa.schema([schema.field(column) for column in columns], schema.metadata).empty_table()
        files = (pq.read_table(file, columns=list(columns)) for file in self._files(splits))
        try:
            return pa.concat_tables([empty, *files])
        except (OSError, pa.ArrowException) as error:
            raise ArtifactError(f"the corpus is damaged: {error}", where=str(self.path)) from error

    def batches(
        self, splits: Sequence[str] = SPLITS, columns: Sequence[str] = ROW_COLUMNS
    ) -> Iterator[pa.RecordBatch]:
        """Yield the rows that `rows` returns, some ten thousand at a time: more are never in memory."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        schema = pa.schema([row_schema(self.topics).field(column) for column in columns])
        try:
            for path in self._files(splits):
                with pq.ParquetFile(path) as file:
                    for batch in file.iter_batches(_TOGETHER, columns=list(columns)):
                        yield batch.select(schema.names).cast(schema)
        except (OSError, KeyError, pa.ArrowException) as error:
            raise ArtifactError(f"the corpus is damaged: {error}", where=str(self.path)) from error

    def _files(self, splits: Sequence[str]) -> list[Path]:
        return [self.path / "data" / f"{split}.parquet" for split in splits if split in self.splits]

    def sides(self) -> dict[str, str]:
        """Return the split of each document."""
        import pyarrow.compute as pc

        rows = self.rows(columns=("doc_id", "split")).combine_chunks()
        documents = rows["doc_id"].combine_chunks().dictionary_encode()
        first = pc.index_in(pc.unique(documents.indices), documents.indices)
        return dict(zip(documents.dictionary.to_pylist(), rows["split"].take(first).to_pylist(), strict=True))

    def rejections(self, most: int) -> list[str]:
        """Return what was read and not used, one line each, at most so many."""
        lines = []
        with (self.path / "rejected.jsonl").open(encoding="utf-8") as file:
            for _, line in zip(range(most), file, strict=False):
                row = json.loads(line)
                lines.append(f"{row['at']}: {row['detail']}")
        return lines

    def to_datasets(self) -> datasets.DatasetDict:
        """Return the splits as a `datasets.DatasetDict`, held in memory."""
        import datasets

        return datasets.DatasetDict(
            {split: datasets.Dataset(self.rows([split]).combine_chunks()) for split in self.splits}
        )

    def to_dict(self) -> dict[str, Any]:
        """Return what ``trainer build --json`` prints."""
        keys = ("documents", "sentences", "labels", "splits", "rejected")
        return {
            "corpus": str(self.path),
            "version": self.version,
            "fingerprint": self.fingerprint,
            **{key: self.manifest[key] for key in keys},
        }


def corpora_folder(root: Path, name: str) -> Path:
    """Return the folder of the versions of the corpus `name`; a model from elsewhere may name any."""
    return below(root / "corpora", name, "corpus name")


def open_corpus(where: str | Path | int | None, root: Path, name: str) -> Corpus:
    """Open a corpus by its folder, its version number, or (None) the newest one of `name`.

    Raises
    ------
    NotFoundError
        When there is none.
    ArtifactError
        When what is there is not a whole corpus of a format that this version reads.
    """
    folder = Path(str(where)) if where is not None else None
    if folder is None or not folder.is_dir():
        parent = corpora_folder(root, name)
        folder = version_folder("corpus", parent, None if where is None else str(where), _VERSION_HINT)
    file = folder / MANIFEST
    try:
        manifest = json.loads(file.read_bytes())
        found = manifest["format"]
        missing = sorted(_KEYS - set(manifest))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ArtifactError(
            f"not a corpus: {error}", where=str(file), hint="`trainer build FOLDER` makes one from documents."
        ) from error
    if found != FORMAT:
        raise ArtifactError(
            f"corpus format {found} is not {FORMAT}, the one this version reads", where=str(file)
        )
    if missing:
        raise ArtifactError(f"the manifest lacks '{missing[0]}'", where=str(file))
    refuse_broken_seal(manifest, file)
    return Corpus(folder, manifest)


def corpus_with(fingerprint: str, root: Path, name: str) -> Corpus:
    """Open the corpus version that has this fingerprint.

    Raises
    ------
    NotFoundError
        When no version has it.
    """
    parent = corpora_folder(root, name)
    for version in reversed(versions(parent)):
        corpus = open_corpus(parent / version, root, name)
        if corpus.fingerprint == fingerprint:
            return corpus
    raise NotFoundError(
        f"no corpus in '{parent}' has the fingerprint {fingerprint[:12]}…, that of the model's",
        hint="Name a file of labelled sentences instead.",
    )


def row_schema(topics: Sequence[str]) -> pa.Schema:
    """Return the Arrow schema of the rows, with the features that `datasets` reads from its metadata."""
    import pyarrow as pa

    strings = ("id", "text", "doc_id", "split", "group", "origin", "source", "date", "title", "url")
    types: dict[str, pa.DataType] = {column: pa.string() for column in strings}
    types |= {"start": pa.int64(), "end": pa.int64()}
    types |= {"labels": pa.list_(pa.int64()), "unknown": pa.list_(pa.int64())}
    features: dict[str, Any] = {column: {"dtype": "string", "_type": "Value"} for column in strings}
    features |= {column: {"dtype": "int64", "_type": "Value"} for column in ("start", "end")}
    several = {"feature": {"names": list(topics), "_type": "ClassLabel"}, "_type": "List"}
    features |= {"labels": several, "unknown": several}
    ordered = {column: features[column] for column in ROW_COLUMNS}
    return pa.schema(
        [(column, types[column]) for column in ROW_COLUMNS],
        metadata={"huggingface": json.dumps({"info": {"features": ordered}})},
    )


def row_digest(row: Mapping[str, Any]) -> bytes:
    """Return the SHA-256 of one row in canonical form."""
    return _digest([row[column] for column in ROW_COLUMNS])


def row_digests(rows: pa.Table) -> list[bytes]:
    """Return the `row_digest` of every row of a table."""
    columns = (rows[column].to_pylist() for column in ROW_COLUMNS)
    return [_digest(values) for values in zip(*columns, strict=True)]


def _digest(values: Sequence[Any]) -> bytes:
    return hashlib.sha256(_CANONICAL.encode(values).encode()).digest()


def fingerprint(topics: Sequence[str], digests: Iterable[bytes]) -> str:
    """Return the fingerprint of a corpus from the digests of its rows, in any order."""
    whole = hashlib.sha256(json.dumps(list(topics)).encode())
    for digest in sorted(digests):
        whole.update(digest)
    return whole.hexdigest()


class TableWriter:
    """Writes rows to a Parquet file in batches; use as a context manager."""

    BATCH = 5_000
    LARGEST = 16_000_000
    """Characters that wait to be written, about, at most."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        import pyarrow.parquet as pq

        path.parent.mkdir(parents=True, exist_ok=True)
        self._schema = schema
        self._writer = pq.ParquetWriter(path, schema, compression="zstd")
        self._rows: list[Mapping[str, Any]] = []
        self._size = 0

    def write(self, row: Mapping[str, Any], size: int = 0) -> None:
        """Take one row, with so many characters in it."""
        self._rows.append(row)
        self._size += size
        if len(self._rows) >= self.BATCH or self._size >= self.LARGEST:
            self._flush()

    def write_table(self, table: pa.Table) -> None:
        """Take many rows at once."""
        self._flush()
        self._writer.write_table(table.select(self._schema.names).cast(self._schema))

    def _flush(self) -> None:
        import pyarrow as pa

        if self._rows:
            self._writer.write_table(pa.Table.from_pylist(self._rows, schema=self._schema))
        self._rows, self._size = [], 0

    def __enter__(self) -> TableWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        try:
            if kind is None:
                self._flush()
        finally:
            self._writer.close()


def read_batches(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the rows of a Parquet file, holding one batch at a time."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(TableWriter.BATCH):
            yield from batch.to_pylist()
