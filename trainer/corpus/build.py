"""From inputs to a corpus version: documents -> sentences -> votes -> labels -> groups -> splits -> files."""

from __future__ import annotations

import json
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from trainer.config import Config
from trainer.corpus.card import corpus_card
from trainer.corpus.grouping import cluster_texts, group_names, kept_rows
from trainer.corpus.labels import judge
from trainer.corpus.rules import RuleSet
from trainer.corpus.sources import read_inputs
from trainer.corpus.splits import assign_groups
from trainer.corpus.spool import Spool
from trainer.corpus.starter import starter_sentences
from trainer.corpus.store import (
    FORMAT,
    MANIFEST,
    SPLITS,
    Corpus,
    TableWriter,
    fingerprint,
    open_corpus,
    read_batches,
    row_digest,
    row_schema,
)
from trainer.errors import ArtifactError, DataError, TrainerWarning, UsageError
from trainer.progress import Progress, silent
from trainer.records import Document, LabelledText, Rejection, Vote, listing
from trainer.storage import canonical_json, publish, staging, versions

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class _Arrangement:
    """Where each row of the spool goes."""

    kept: NDArray[np.bool_]
    split: NDArray[np.int64]
    groups: Sequence[str]
    near_duplicate_pairs: int


def build_corpus(
    inputs: Sequence[str | Path],
    config: Config,
    root: Path,
    labels: Sequence[str | Path] = (),
    progress: Progress = silent,
    allow_network: bool = False,
) -> Corpus:
    """Build a corpus and publish it as the next version, or find that it is there already.

    Parameters
    ----------
    inputs : sequence of path
        Documents and labelled sentences; may be empty when the starter sentences join.
    root : Path
        Folder of the artifacts.
    labels : sequence of path
        Files that must hold labelled sentences.
    allow_network : bool
        Whether a data set may be read from the hub.

    Raises
    ------
    DataError
        When nothing usable was read.
    """
    if not inputs and not labels and not config.build.starter:
        raise UsageError("nothing to build from", hint="Name documents, or let the starter sentences join.")
    parent = root / "corpora" / config.name
    rules = RuleSet(config.topics, config.build.silence_weight, config.lexicons)
    with staging(parent) as folder:
        with Spool(folder, rules, config.build) as spool:
            for record in _records(inputs, labels, config, progress, allow_network):
                spool.add(record)
        _refuse_nothing(spool)
        _warn_of_rejections(spool)  # before anything is published: --strict makes it an error
        progress("grouping", 0, None)
        arrangement = _arrange(spool, config)
        progress("grouping", 1, 1)
        manifest = _write(spool, rules, arrangement, config, folder, progress)
        spool.rows_file.unlink()
        if known := _published(manifest, parent):
            return known
        (folder / "README.md").write_text(corpus_card(manifest, config), encoding="utf-8")
        (folder / MANIFEST).write_bytes(canonical_json(manifest))
        path = parent / publish(folder, parent)
    return Corpus(path, manifest, created=True)


def _published(manifest: dict[str, Any], parent: Path) -> Corpus | None:
    """Return the version that holds just this, or None."""
    for version in reversed(versions(parent)):
        with suppress(ArtifactError):  # a damaged version is not this one
            known = open_corpus(parent / version, parent, manifest["name"])
            if canonical_json(known.manifest) == canonical_json(manifest):
                return known
    return None


def _records(
    inputs: Sequence[str | Path],
    labels: Sequence[str | Path],
    config: Config,
    progress: Progress,
    allow_network: bool,
) -> Iterator[Any]:
    topics = config.topic_names
    # Opened first, so that a path that is not there is said before any work.
    titles = {topic.name: topic.title for topic in config.topics}
    named: dict[str, Any] = {"titles": titles, "allow_network": allow_network}
    judgements = read_inputs(labels, topics, **named)
    read = chain(map(_refuse_unlabelled, judgements), read_inputs(inputs, topics, progress, **named))
    starter = starter_sentences(topics) if config.build.starter else iter(())
    judged = (sentence for sentence in starter if sentence.labels)  # a config may have none of their topics
    for record in chain(judged, read):
        if isinstance(record, LabelledText) and not record.labels:
            yield Rejection(record.at, "no_labels", "the row says yes or no of no topic")
        else:
            yield record


def _refuse_unlabelled(record: Any) -> Any:
    """Reject a row of a file of labels that has none: it is no document either."""
    if isinstance(record, Document):
        return Rejection(record.at, "no_labels", "a file given as labels must label each row")
    return record


def _refuse_nothing(spool: Spool) -> None:
    if len(spool.texts):
        return
    raise DataError(
        f"no usable sentence in the input ({len(spool.rejections):,} rejected){listing(spool.rejections)}",
        hint="A document needs a text, a labelled sentence a text and labels.",
    )


def _warn_of_rejections(spool: Spool) -> None:
    if spool.rejections:
        reasons = ", ".join(f"{reason} {n:,}" for reason, n in sorted(spool.rejected.items()))
        warnings.warn(
            f"{len(spool.rejections):,} rejected ({reasons}); rejected.jsonl of the corpus lists all:"
            + listing(spool.rejections),
            TrainerWarning,
            stacklevel=2,
        )


def _arrange(spool: Spool, config: Config) -> _Arrangement:
    texts = np.array(spool.texts, dtype=np.int64)
    documents = np.array(spool.documents, dtype=np.int64)
    cluster, pairs = cluster_texts(spool.words, config.build)
    gold = np.isin(texts, list(spool.human))
    # People's word is kept before the rules', and of two equal rows the one with a place in its document.
    rank = 2 * gold + np.array(spool.placed, dtype=np.int64)
    short = spool.words.lengths[texts] < config.build.link_words
    kept = kept_rows(spool.ids, cluster[texts], texts, documents, rank, short, config.build)
    names = group_names(spool.doc_ids, cluster[texts][kept], documents[kept])
    groups = [names[document] for document in documents[kept].tolist()]
    shares = [getattr(config.build.split, split) for split in SPLITS]
    split = assign_groups(groups, _to_balance(spool, texts, gold, config)[kept], shares, config.seed)
    return _Arrangement(kept, split, groups, pairs)


def _to_balance(
    spool: Spool, texts: NDArray[np.int64], gold: NDArray[np.bool_], config: Config
) -> NDArray[np.float64]:
    """Return per row: is it gold, and per topic, is it a gold or a silver positive."""
    yes = np.array(spool.rule_labels, dtype=np.int8).reshape(len(texts), -1) == 1
    for row in np.flatnonzero(gold).tolist():
        labels = judge(spool.human[int(texts[row])], config.topic_names).labels
        yes[row] = [label == "yes" for label in labels]
    return np.column_stack([gold, yes & gold[:, None], yes & ~gold[:, None]]).astype(float)


def _write(
    spool: Spool, rules: RuleSet, arrangement: _Arrangement, config: Config, folder: Path, progress: Progress
) -> dict[str, Any]:
    """Write rows and votes; return the manifest."""
    topics = config.topic_names
    counts: dict[str, Counter[str]] = {topic: Counter(yes=0, no=0, unknown=0) for topic in topics}
    gold: Counter[str] = Counter(dict.fromkeys(topics, 0))
    sizes: Counter[str] = Counter(dict.fromkeys(SPLITS, 0))
    conflicts: Counter[str] = Counter()
    digests: list[bytes] = []
    total = int(arrangement.kept.sum())
    used = [SPLITS[side] for side in np.unique(arrangement.split).tolist()]
    with ExitStack() as files:
        writers = {
            split: files.enter_context(TableWriter(folder / "data" / f"{split}.parquet", row_schema(topics)))
            for split in used
        }
        voices = files.enter_context(TableWriter(folder / "votes.parquet", _vote_schema()))
        for row, votes in _finished_rows(spool, rules, arrangement):
            judged = judge(votes, topics)
            row["origin"] = judged.origin
            row["labels"] = [i for i, label in enumerate(judged.labels) if label == "yes"]
            row["unknown"] = [i for i, label in enumerate(judged.labels) if label == "unknown"]
            writers[row["split"]].write(row)
            for vote in votes:
                voices.write(_vote_row(row["id"], vote))
            digests.append(row_digest(row))
            sizes[row["split"]] += 1
            conflicts.update(judged.conflicts)
            for topic, label in zip(topics, judged.labels, strict=True):
                counts[topic][label] += 1
                gold[topic] += label == "yes" and judged.origin == "gold"
            if len(digests) % 1000 == 0:
                progress("writing", len(digests), total)
    progress("writing", total, total)
    return {
        "format": FORMAT,
        "name": config.name,
        "topics": list(topics),
        "fingerprint": fingerprint(topics, digests),
        "config": config.model_dump(mode="json", include={"name", "seed", "topics", "lexicons", "build"}),
        "documents": len(spool.doc_ids),
        "sentences": total,
        "groups": len(set(arrangement.groups)),
        "labels": {topic: dict(counts[topic]) for topic in topics},
        "gold": dict(gold),
        "conflicts": dict(conflicts),
        "splits": dict(sizes),
        "repetitions": len(spool.texts) - total,
        "near_duplicate_pairs": arrangement.near_duplicate_pairs,
        "rejected": dict(sorted(spool.rejected.items())),
    }


def _finished_rows(
    spool: Spool, rules: RuleSet, arrangement: _Arrangement
) -> Iterator[tuple[dict[str, Any], list[Vote]]]:
    """Yield each row that stays, in the order of the input, with all votes on it."""
    position = 0
    for number, row in enumerate(read_batches(spool.rows_file)):
        if not arrangement.kept[number]:
            continue
        fired = [Vote(*vote) for vote in json.loads(row.pop("votes"))]
        votes = spool.human.get(spool.texts[number], []) + rules.with_silence(fired, row["text"])
        row["split"] = SPLITS[int(arrangement.split[position])]
        row["group"] = arrangement.groups[position]
        position += 1
        yield row, votes


def _vote_schema() -> pa.Schema:
    import pyarrow as pa

    strings = [(key, pa.string()) for key in ("sentence_id", "topic", "answer", "author")]
    return pa.schema([*strings, ("start", pa.int64()), ("end", pa.int64()), ("weight", pa.float64())])


def _vote_row(sentence: str, vote: Vote) -> dict[str, Any]:
    keys = ("topic", "answer", "author", "start", "end", "weight")
    return {"sentence_id": sentence, **{key: getattr(vote, key) for key in keys}}
