"""A made-up corpus of any size: words, and pairs of them, come about as often as in real sentences."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from trainer.config import Config
from trainer.corpus.seal import sealed_manifest
from trainer.corpus.store import FORMAT, MANIFEST, ROW_COLUMNS, SPLITS, TableWriter, row_schema

WORDS, KEYWORDS = 300_000, 60
PER_DOCUMENT, TESTED = 20, 10
"""Sentences in a document; one document in so many is tested on."""
_BATCH = 100_000
_SYLLABLES = [a + b for a in "bcdfghklmnprstvwz" for b in ("a", "e", "i", "o", "u", "en", "or", "ist")]


def write_corpus(folder: Path, sentences: int, config: Config, seed: int = 13) -> None:
    """Write a corpus version of so many sentences, on the topics of a config."""
    folder.mkdir(parents=True)
    schema, counts = row_schema(config.topic_names), dict.fromkeys(SPLITS, 0)
    with (
        TableWriter(folder / "data" / "train.parquet", schema) as train,
        TableWriter(folder / "data" / "test.parquet", schema) as test,
    ):
        for table in _tables(sentences, len(config.topics), schema, seed):
            tested = np.asarray(table["split"]) == "test"
            for split, writer, rows in (("train", train, ~tested), ("test", test, tested)):
                writer.write_table(table.filter(pa.array(rows)))
                counts[split] += int(rows.sum())
    manifest = {
        "format": FORMAT, "name": config.name, "topics": list(config.topic_names), "fingerprint": "0" * 64,
        "documents": -(-sentences // PER_DOCUMENT), "sentences": sentences, "labels": {}, "gold": 0,
        "splits": counts, "rejected": 0, "config": config.model_dump(mode="json"),
    }  # fmt: skip
    (folder / MANIFEST).write_text(json.dumps(sealed_manifest(manifest, folder)), encoding="utf-8")


def _tables(sentences: int, topics: int, schema: pa.Schema, seed: int) -> Iterator[pa.Table]:
    draw = np.random.default_rng(seed)
    words = _words(draw)
    for start in range(0, sentences, _BATCH):
        n = min(_BATCH, sentences - start)
        on = draw.random((n, topics)) < 0.12
        gold = draw.random(n) < 0.1
        number = np.arange(start, start + n)
        document = number // PER_DOCUMENT
        split = np.where(_mixed(document) % TESTED == 0, "test", "train")
        none = pa.nulls(n, pa.string())
        names = pa.array([f"d{one:07}" for one in document.tolist()])
        columns = {
            "id": pa.array([f"s{mixed:08x}-{i}" for i, mixed in enumerate(_mixed(number).tolist(), start)]),
            "text": pa.array(_texts(draw, words, on)), "doc_id": names, "group": names,
            "start": pa.nulls(n, pa.int64()), "end": pa.nulls(n, pa.int64()), "split": pa.array(split),
            "origin": pa.array(["silver", "gold"]).take(pa.array(gold.astype(np.int8))),
            "labels": _lists(on ^ (draw.random(on.shape) < 0.02)),
            "unknown": _lists(np.zeros_like(on)), "source": none, "date": none, "title": none, "url": none,
        }  # fmt: skip
        yield pa.table([columns[name] for name in ROW_COLUMNS], names=list(ROW_COLUMNS)).cast(schema)


def _words(draw: np.random.Generator) -> NDArray[np.object_]:
    """Return distinct words, the most frequent ones first and shortest."""
    several = len(_SYLLABLES)
    pairs, triples = draw.permutation(several**2), draw.choice(several**3, WORDS, replace=False)
    syllables = np.array(_SYLLABLES, dtype=object)
    two = syllables[pairs // several] + syllables[pairs % several]
    three = (
        syllables[triples // several**2]
        + syllables[triples // several % several]
        + syllables[triples % several]
    )
    return np.concatenate([syllables, two, three])[:WORDS]


def _texts(draw: np.random.Generator, words: NDArray[np.object_], on: NDArray[np.bool_]) -> list[str]:
    """Return sentences: words by Zipf's law, many led to by the one before, and keywords."""
    n, longest = len(on), 21
    lengths = draw.integers(9, longest, n)
    rank = np.minimum(draw.zipf(1.15, (n, longest)) - 1, 10**12) % (WORDS - 1_000)
    follow = draw.random((n, longest)) < 0.5
    choice = draw.integers(0, 6, (n, longest))
    for at in range(1, longest):
        led = np.sqrt(_mixed(rank[:, at - 1] * 8 + choice[:, at]) % 90_000 * 10_000.0).astype(np.int64)
        rank[:, at] = np.where(follow[:, at], led, rank[:, at])
    for topic in range(on.shape[1]):  # two keywords a topic
        rows = np.flatnonzero(on[:, topic])
        keyword = WORDS - 1_000 + topic * KEYWORDS + draw.integers(0, KEYWORDS, (len(rows), 2))
        for place in range(2):
            rank[rows, draw.integers(0, 10, len(rows))] = keyword[:, place]
    drawn = words[rank].tolist()
    return [" ".join(row[:length]) + "." for row, length in zip(drawn, lengths.tolist(), strict=True)]


def _mixed(numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return numbers without order (a step of SplitMix64)."""
    x = numbers.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ x >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
    return (x >> np.uint64(33)).astype(np.int64)


def _lists(marks: NDArray[np.bool_]) -> pa.Array:
    offsets = np.concatenate([[0], np.cumsum(marks.sum(axis=1))])
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), pa.array(np.nonzero(marks)[1], pa.int64()))
