"""The second pass: rows, votes and conflicts go to their files, a batch at a time."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from trainer.corpus.arrange import Arrangement
from trainer.corpus.labels import HUMAN
from trainer.corpus.rules import SILENCE, RuleSet
from trainer.corpus.store import ROW_COLUMNS, SPLITS, TableWriter, row_digest, row_schema
from trainer.progress import Progress
from trainer.records import Vote

if TYPE_CHECKING:
    import pyarrow as pa

VOTE_COLUMNS = ("sentence_id", "topic", "answer", "author", "start", "end", "weight", "at", "time")


@dataclass(frozen=True, slots=True)
class Labelling:
    """What is true of each row, as far as known.

    Attributes
    ----------
    gold : (n,) array of bool
    codes : (n, k) array of int8
        1 yes, 0 no, -1 unknown.
    heard : (n, k) array of bool
        Some rule of the topic fires.
    weights : sequence of float
        What a vote of each rule weighs.
    said : mapping of int to sequence of Vote
        By row, the votes that the input brought along.
    """

    gold: NDArray[np.bool_]
    codes: NDArray[np.int8]
    heard: NDArray[np.bool_]
    weights: Sequence[float]
    said: Mapping[int, Sequence[Vote]]


@dataclass(slots=True)
class Written:
    """What was written, counted."""

    digests: list[bytes] = field(default_factory=list)
    splits: Counter[str] = field(default_factory=lambda: Counter(dict.fromkeys(SPLITS, 0)))
    conflicts: Counter[str] = field(default_factory=Counter)


def write_rows(
    tables: Iterator[pa.Table],
    folder: Path,
    rules: RuleSet,
    labelling: Labelling,
    arrangement: Arrangement,
    progress: Progress,
) -> Written:
    """Write the rows that stay, all votes on them, and the conflicts among these.

    Parameters
    ----------
    tables : iterator of Table
        Of the batches, in the order of the index.
    """
    written = Written()
    used = [SPLITS[side] for side in np.unique(arrangement.split[arrangement.kept]).tolist()]
    total, start = len(arrangement.kept), 0
    with ExitStack() as files:
        opened = files.enter_context
        schema = row_schema(rules.topics)
        writers = {s: opened(TableWriter(folder / "data" / f"{s}.parquet", schema)) for s in used}
        voices = opened(TableWriter(folder / "votes.parquet", vote_schema()))
        conflicts = opened((folder / "conflicts.jsonl").open("w", encoding="utf-8"))
        for table in tables:
            stays = start + np.flatnonzero(arrangement.kept[start : start + len(table)])
            if len(stays):
                part = table.take(stays - start)
                rows = _rows(part, stays, labelling, arrangement)
                for split in used:
                    there = np.flatnonzero(arrangement.split[stays] == SPLITS.index(split))
                    writers[split].write_table(rows.take(there))
                    written.splits[split] += len(there)
                voices.write_table(_votes(part, stays, rules, labelling))
                for conflict in _conflicts(part, stays, rules, labelling):
                    written.conflicts[conflict["topic"]] += 1
                    conflicts.write(json.dumps(conflict, ensure_ascii=False) + "\n")
                written.digests += map(row_digest, rows.to_pylist())
            start += len(table)
            progress("writing", start, total)
    return written


def vote_schema() -> pa.Schema:
    """Return the Arrow schema of the votes."""
    import pyarrow as pa

    kinds = {"start": pa.int64(), "end": pa.int64(), "weight": pa.float64()}
    return pa.schema([(column, kinds.get(column, pa.string())) for column in VOTE_COLUMNS])


def _rows(
    part: pa.Table, stays: NDArray[np.int64], labelling: Labelling, arrangement: Arrangement
) -> pa.Table:
    import pyarrow as pa

    codes = labelling.codes[stays]
    documents = arrangement.documents[stays].tolist()
    more = {
        "split": [SPLITS[side] for side in arrangement.split[stays].tolist()],
        "group": [arrangement.groups[document] for document in documents],
        "origin": np.where(labelling.gold[stays], "gold", "silver").tolist(),
        "labels": _lists(codes == 1),
        "unknown": _lists(codes == -1),
    }
    for name, values in more.items():
        part = part.append_column(
            name, values if isinstance(values, pa.Array) else pa.array(values, pa.string())
        )
    return part.select(ROW_COLUMNS)


def _lists(marks: NDArray[np.bool_]) -> pa.Array:
    """Return for each row the numbers of its marked columns."""
    import pyarrow as pa

    offsets = np.concatenate([[0], np.cumsum(marks.sum(axis=1))])
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), pa.array(np.nonzero(marks)[1], pa.int64()))


def _votes(part: pa.Table, stays: NDArray[np.int64], rules: RuleSet, labelling: Labelling) -> pa.Table:
    """Return people's votes, the rules' and those of silence, sentence by sentence."""
    import pyarrow as pa

    ids = part["id"].to_pylist()
    lengths = [len(text) for text in part["text"].to_pylist()]
    said: list[tuple[int, Vote]] = [
        (i, vote) for i, row in enumerate(stays.tolist()) for vote in labelling.said.get(row, ())
    ]
    for i, fired in enumerate(_fired(part)):
        said += [(i, rules.vote(n, start, end, labelling.weights[n])) for n, start, end in fired]
    if rules.silence_weight:
        for i, topic in np.argwhere(~labelling.heard[stays]).tolist():
            vote = Vote(rules.topics[topic], "no", SILENCE, 0, lengths[i], rules.silence_weight)
            said.append((i, vote))
    said.sort(key=lambda pair: pair[0])
    columns: dict[str, list[Any]] = {"sentence_id": [ids[i] for i, _ in said]}
    columns |= {key: [getattr(vote, key) for _, vote in said] for key in VOTE_COLUMNS[1:]}
    return pa.table(columns, vote_schema())


def _fired(part: pa.Table) -> Iterator[list[tuple[int, int, int]]]:
    columns = (part[name].to_pylist() for name in ("rules", "starts", "ends"))
    for rules, starts, ends in zip(*columns, strict=True):
        yield list(zip(rules, starts, ends, strict=True))


def _conflicts(
    part: pa.Table, stays: NDArray[np.int64], rules: RuleSet, labelling: Labelling
) -> Iterator[dict[str, Any]]:
    """Yield the topics of sentences on which there are votes that come to nothing."""
    open_ = labelling.codes[stays] == -1
    fired: list[list[tuple[int, int, int]]] | None = None
    for i, topic in np.argwhere(open_).tolist():
        row = int(stays[i])
        votes = list(labelling.said.get(row, ()))
        if labelling.gold[row]:
            votes = [vote for vote in votes if vote.author.startswith(HUMAN)]
        elif labelling.heard[row, topic]:
            fired = fired or list(_fired(part))
            votes += [rules.vote(n, start, end, labelling.weights[n]) for n, start, end in fired[i]]
        votes = [vote for vote in votes if vote.topic == rules.topics[topic]]
        if votes:
            sentence = {"id": part["id"][i].as_py(), "text": part["text"][i].as_py()}
            yield {**sentence, "topic": rules.topics[topic], "votes": [asdict(vote) for vote in votes]}
