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
from trainer.corpus.store import ROW_COLUMNS, SPLITS, TableWriter, row_digests, row_schema
from trainer.progress import Progress
from trainer.records import Vote

if TYPE_CHECKING:
    import pyarrow as pa

_Placed = tuple[NDArray[np.int64], "pa.Table"]
"""Votes, and which sentence of the batch each is on."""
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
                written.digests += row_digests(rows)
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
    groups = [arrangement.groups[document] for document in arrangement.documents[stays].tolist()]
    more = {
        "split": pa.array(SPLITS).take(pa.array(arrangement.split[stays])),
        "group": pa.array(groups, pa.string()),
        "origin": pa.array(["silver", "gold"]).take(pa.array(labelling.gold[stays].astype(np.int8))),
        "labels": _lists(codes == 1),
        "unknown": _lists(codes == -1),
    }
    for name, values in more.items():
        part = part.append_column(name, values)
    return part.select(ROW_COLUMNS)


def _lists(marks: NDArray[np.bool_]) -> pa.Array:
    """Return for each row the numbers of its marked columns."""
    import pyarrow as pa

    offsets = np.concatenate([[0], np.cumsum(marks.sum(axis=1))])
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), pa.array(np.nonzero(marks)[1], pa.int64()))


def _votes(part: pa.Table, stays: NDArray[np.int64], rules: RuleSet, labelling: Labelling) -> pa.Table:
    """Return people's votes, the rules' and those of silence, sentence by sentence."""
    import pyarrow as pa

    several = (
        _votes_brought_along(stays, labelling),
        _votes_of_rules(part, rules, labelling),
        _votes_of_silence(part, stays, rules, labelling),
    )
    places = np.concatenate([places for places, _ in several])
    order = np.argsort(places, kind="stable")
    votes = pa.concat_tables([votes for _, votes in several]).take(pa.array(order))
    return votes.add_column(0, "sentence_id", part["id"].take(pa.array(places[order])))


def _votes_brought_along(stays: NDArray[np.int64], labelling: Labelling) -> _Placed:
    import pyarrow as pa

    said = [(i, vote) for i, row in enumerate(stays.tolist()) for vote in labelling.said.get(row, ())]
    places = np.array([i for i, _ in said], dtype=np.int64)
    types = {field.name: field.type for field in vote_schema()}
    columns = {key: pa.array([getattr(v, key) for _, v in said], types[key]) for key in VOTE_COLUMNS[1:]}
    return places, pa.table(columns)


def _votes_of_rules(part: pa.Table, rules: RuleSet, labelling: Labelling) -> _Placed:
    import pyarrow as pa
    import pyarrow.compute as pc

    fired, starts, ends = (part[name].combine_chunks() for name in ("rules", "starts", "ends"))
    numbers = pc.list_flatten(fired)
    of_rule = {
        "topic": pa.array([topic for topic, _ in rules.answers], pa.string()),
        "answer": pa.array([answer for _, answer in rules.answers], pa.string()),
        "author": pa.array(rules.authors, pa.string()),
        "weight": pa.array(labelling.weights, pa.float64()),
    }
    columns = {name: values.take(numbers) for name, values in of_rule.items()}
    spans = {"start": pc.list_flatten(starts), "end": pc.list_flatten(ends)}
    return np.array(pc.list_parent_indices(fired), dtype=np.int64), _unplaced({**columns, **spans})


def _votes_of_silence(
    part: pa.Table, stays: NDArray[np.int64], rules: RuleSet, labelling: Labelling
) -> _Placed:
    """Return the light "no" on every topic of which no rule fires."""
    import pyarrow as pa
    import pyarrow.compute as pc

    places, topics = np.nonzero(~labelling.heard[stays] & (rules.silence_weight > 0))
    n = len(places)
    columns = {
        "topic": pa.array(rules.topics, pa.string()).take(pa.array(topics)),
        "answer": pa.repeat("no", n),
        "author": pa.repeat(SILENCE, n),
        "start": pa.repeat(0, n),
        "end": pc.utf8_length(part["text"]).combine_chunks().take(pa.array(places)),
        "weight": pa.repeat(float(rules.silence_weight), n),
    }
    return places, _unplaced(columns)


def _unplaced(columns: Mapping[str, pa.Array]) -> pa.Table:
    """Return a table of votes that nobody cast anywhere: they have no place in a file, and no time."""
    import pyarrow as pa

    n = len(columns["topic"])
    everywhere = {**columns, "at": pa.repeat("", n), "time": pa.nulls(n)}
    fields = [field for field in vote_schema() if field.name != VOTE_COLUMNS[0]]
    return pa.table({field.name: everywhere[field.name].cast(field.type) for field in fields})


def _conflicts(
    part: pa.Table, stays: NDArray[np.int64], rules: RuleSet, labelling: Labelling
) -> Iterator[dict[str, Any]]:
    """Yield the topics of sentences on which there are votes that come to nothing."""
    for i, number in np.argwhere(labelling.codes[stays] == -1).tolist():
        row, topic = int(stays[i]), rules.topics[number]
        votes = list(labelling.said.get(row, ()))
        if labelling.gold[row]:
            votes = [vote for vote in votes if vote.author.startswith(HUMAN)]
        elif labelling.heard[row, number]:
            votes += _fired(part, i, rules, labelling)
        found = [asdict(vote) for vote in votes if vote.topic == topic]
        if found:  # whoever voted may have passed the topic over
            yield {
                "id": part["id"][i].as_py(),
                "text": part["text"][i].as_py(),
                "topic": topic,
                "votes": found,
            }


def _fired(part: pa.Table, i: int, rules: RuleSet, labelling: Labelling) -> Iterator[Vote]:
    """Yield the votes of the rules that fire on a sentence."""
    for number, start, end in zip(
        *(part[name][i].as_py() for name in ("rules", "starts", "ends")), strict=True
    ):
        yield rules.vote(number, start, end, labelling.weights[number])
