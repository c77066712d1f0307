"""Ways out of a corpus: data files here, projects of labelling tools in `trainer.corpus.projects`.

JSON lines, a sheet and Parquet can be built from again. Three states survive in each, and what rules made
does not come back as people's word: a row says its ``origin``.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from trainer.corpus.labels import HUMAN
from trainer.corpus.projects import argilla_project, label_studio_project
from trainer.corpus.store import ROW_COLUMNS, SPLITS, Corpus, row_schema
from trainer.corpus.votes import read_votes
from trainer.errors import ArtifactError, NotFoundError, UsageError, did_you_mean
from trainer.escapes import guarded, to_json
from trainer.publishing import appearing
from trainer.records import Label, Vote

_ABOUT = tuple(column for column in ROW_COLUMNS if column not in ("text", "labels", "unknown"))
_CELLS: dict[Label, str] = {"yes": "1", "no": "0", "unknown": ""}
_BATCH = 5_000
Row = dict[str, Any]


def export_corpus(corpus: Corpus, target: Path, kind: str, splits: Sequence[str] = ()) -> None:
    """Write a corpus, or some of its splits, as another program reads it.

    Parameters
    ----------
    target : Path
        The file or, for ``hf-disk``, ``label-studio`` and ``argilla``, the folder to make.
    kind : str
        A key of `EXPORTS`.
    splits : sequence of str
        All by default.

    Raises
    ------
    UsageError
        When the format is not known, `target` is there already, or a topic has the name of a column.
    NotFoundError
        When a split holds nothing, or there is no folder to put `target` in.
    ArtifactError
        When the corpus is damaged.
    """
    if kind not in EXPORTS:
        raise UsageError(f"unknown export format '{kind}'. {did_you_mean(kind, EXPORTS)}")
    for split in splits:
        if split not in corpus.splits:
            raise NotFoundError(f"no split '{split}' in {corpus.path}. There is: {', '.join(corpus.splits)}.")
    chosen = [split for split in SPLITS if split in (splits or corpus.splits)]
    with appearing(target) as fresh:
        EXPORTS[kind](corpus, fresh, chosen)


def export_jsonl(corpus: Corpus, target: Path, splits: Sequence[str]) -> None:
    """Write one object a sentence, with ``labels`` by topic and the votes that they rest on."""
    with target.open("w", encoding="utf-8", newline="\n") as file:
        for row, votes in sentences(corpus, splits):
            about = {key: row[key] for key in _ABOUT}
            said = [
                {key: value for key, value in asdict(vote).items() if value not in (None, "")}
                for vote in votes
            ]
            line = {"text": row["text"], "labels": row["labels"], "annotator": annotators(votes), **about}
            file.write(to_json({**line, "votes": said}) + "\n")


def export_csv(corpus: Corpus, target: Path, splits: Sequence[str]) -> None:
    """Write a sheet that spreadsheets open as it is: one column a topic, 1, 0 or blank."""
    columns = ("text", *corpus.topics, "annotator", *_ABOUT)
    if twice := set(corpus.topics) & {"text", "annotator", "labels", "judged", *_ABOUT}:
        raise UsageError(
            f"topic '{min(twice)}' has the name of another column", hint="Export as jsonl, where both stand."
        )
    # Without a byte-order mark spreadsheets take UTF-8 for something else.
    with target.open("w", encoding="utf-8-sig", newline="") as file:
        sheet = csv.writer(file, lineterminator="\r\n")
        sheet.writerow(columns)
        for row, votes in sentences(corpus, splits):
            states = {topic: _CELLS[label] for topic, label in row["labels"].items()}
            whole = {**row, **states, "annotator": annotators(votes)}
            sheet.writerow([guarded(whole[column]) for column in columns])


def export_parquet(corpus: Corpus, target: Path, splits: Sequence[str]) -> None:
    """Write the rows to one file, as the corpus holds them; `datasets` finds its features in it."""
    import pyarrow.parquet as pq

    with pq.ParquetWriter(target, row_schema(corpus.topics), compression="zstd") as writer:
        for split in splits:
            writer.write_table(corpus.rows([split]))


def export_datasets(corpus: Corpus, target: Path, splits: Sequence[str]) -> None:
    """Write a folder for `datasets.load_from_disk`."""
    import datasets

    shown = datasets.is_progress_bar_enabled()
    datasets.disable_progress_bars()
    try:
        whole = corpus.to_datasets()
        datasets.DatasetDict({split: whole[split] for split in splits}).save_to_disk(str(target))
    finally:
        if shown:
            datasets.enable_progress_bars()


def sentences(corpus: Corpus, splits: Sequence[str]) -> Iterator[tuple[Row, list[Vote]]]:
    """Yield each sentence with the votes on it; ``labels`` becomes a state for each topic.

    Votes that say only that no rule fired are left out.
    """
    votes = read_votes(corpus)
    for row in _rows(corpus, splits):
        yes, unknown = set(row["labels"]), set(row.pop("unknown"))
        row["labels"] = {
            topic: "yes" if i in yes else "unknown" if i in unknown else "no"
            for i, topic in enumerate(corpus.topics)
        }
        yield row, votes.get(row["id"], [])


def annotators(votes: Sequence[Vote]) -> str | None:
    """Return the people who judged a sentence, in the order that they did; None where nobody has."""
    people = [vote.author.removeprefix(HUMAN) for vote in votes if vote.author.startswith(HUMAN)]
    return "; ".join(dict.fromkeys(people)) or None


def _rows(corpus: Corpus, splits: Sequence[str]) -> Iterator[Row]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    for split in splits:
        try:
            with pq.ParquetFile(corpus.path / "data" / f"{split}.parquet") as file:
                for batch in file.iter_batches(_BATCH, columns=list(ROW_COLUMNS)):
                    yield from batch.to_pylist()
        except (OSError, pa.ArrowException) as error:
            raise ArtifactError(f"the corpus is damaged: {error}", where=str(corpus.path)) from error


def _project(make: Callable[..., None]) -> Callable[[Corpus, Path, Sequence[str]], None]:
    def export(corpus: Corpus, target: Path, splits: Sequence[str]) -> None:
        make(corpus, target, sentences(corpus, splits))

    return export


EXPORTS: dict[str, Callable[[Corpus, Path, Sequence[str]], None]] = {
    "hf-disk": export_datasets,
    "parquet": export_parquet,
    "csv": export_csv,
    "jsonl": export_jsonl,
    "label-studio": _project(label_studio_project),
    "argilla": _project(argilla_project),
}
