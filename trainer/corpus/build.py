"""From inputs to a corpus version: documents -> sentences -> votes -> labels -> groups -> splits -> files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer.config import Config
from trainer.corpus.arrange import Arrangement, arrange
from trainer.corpus.boilerplate import boilerplate_of
from trainer.corpus.card import corpus_card
from trainer.corpus.cutting.batches import Batch, batched
from trainer.corpus.cutting.cache import TableCache
from trainer.corpus.cutting.cut import cut_settings, digest_of, rules_of
from trainer.corpus.cutting.parallel import cut_batches
from trainer.corpus.decisions import Decisions
from trainer.corpus.index import IndexBuilder, SentenceIndex
from trainer.corpus.intake import Intake
from trainer.corpus.labels import IMPORTED
from trainer.corpus.places import Places
from trainer.corpus.readers.reading import Reading
from trainer.corpus.rules import RuleSet
from trainer.corpus.seal import SEAL, sealed_manifest
from trainer.corpus.sources import read_inputs
from trainer.corpus.starter import starter_sentences
from trainer.corpus.store import FORMAT, MANIFEST, SPLITS, Corpus, corpora_folder, fingerprint, open_corpus
from trainer.corpus.warn import refuse_nothing, warn_of_disagreements, warn_of_rejections, warn_of_strangers
from trainer.corpus.weights import RuleReport, rule_reports, silver_codes
from trainer.corpus.write import Labelling, Written, write_rows
from trainer.errors import ArtifactError, UsageError
from trainer.progress import Progress, silent
from trainer.publishing import publish, staging
from trainer.records import Document, LabelledText, Rejection
from trainer.storage import canonical_json, versions


def build_corpus(
    inputs: Sequence[str | Path],
    config: Config,
    root: Path,
    labels: Sequence[str | Path] = (),
    progress: Progress = silent,
    allow_network: bool = False,
    keep_splits: Corpus | None = None,
    decisions: Decisions | None = None,
    reading: Reading | None = None,
) -> Corpus:
    """Build a corpus and publish it as the next version, or find that it is there already.

    Sentences that were cut and voted on in an earlier build, finished or not, are taken from ``root/.cache``.

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
    keep_splits : Corpus, optional
        An earlier version: documents that stand in it keep their split, and those that are alike to them join
        them there.
    decisions : Decisions, optional
        What people decided; a decision is a labelled sentence like any other.
    reading : Reading, optional
        What the user says of his inputs.

    Raises
    ------
    DataError
        When nothing usable was read.
    """
    if not inputs and not labels and not config.build.starter:
        raise UsageError("nothing to build from", hint="Name documents, or let the starter sentences join.")
    parent = corpora_folder(root, config.name)
    rules = rules_of(config)
    cache = TableCache(root / ".cache" / "sentences")
    with staging(parent) as folder:
        with Intake(folder) as intake:
            asked = _records(inputs, labels, config, progress, allow_network, reading)
            places = Places(boilerplate_of(config.build.boilerplate), config.build.min_words)
            read = places.resolved(chain(_decided(decisions), asked))
            starter = _starter(config)
            records = intake.accepted(chain(starter, read))
            batches = batched(records, cut_settings(config))
            index, keys = _indexed(batches, config, cache)
            for document in index.empty:
                intake.reject(
                    Rejection(document, "no_sentence", "no sentence of the document has enough words")
                )
            refuse_nothing(index, intake, intake.used > len(starter) or not (inputs or labels))
            progress("grouping", 0, None)
            labelling, reports = _labelled(index, rules, intake, config)
            before = (None, None) if keep_splits is None else (keep_splits.sides(), _known_ids(keep_splits))
            arrangement = arrange(index, labelling.gold, labelling.codes, config, *before)
            for left in arrangement.left_out:
                intake.reject(left)
            progress("grouping", 1, 1)
            warn_of_disagreements(intake)
            warn_of_rejections(intake)  # before anything is published: --strict makes it an error
            warn_of_strangers(index)
        tables = map(cache.load, keys)
        written = write_rows(tables, folder, rules, labelling, arrangement, progress)
        manifest = _manifest(config, intake, index, labelling, reports, arrangement, written)
        manifest["provenance"] = intake.provenance()
        manifest["own_labels"] = _own_labels(index, intake, starter)
        manifest["whole_yes"] = places.whole_yes
        manifest["decisions"] = 0 if decisions is None else len(decisions)
        manifest["kept_splits"] = None if keep_splits is None else keep_splits.fingerprint
        cache.trim(keys)
        if known := _published(manifest, parent):
            return known
        (folder / "README.md").write_text(corpus_card(manifest, config), encoding="utf-8")
        sealed = sealed_manifest(manifest, folder)
        (folder / MANIFEST).write_bytes(canonical_json(sealed))
        path = parent / publish(folder, parent)
    return Corpus(path, sealed, created=True)


def _known_ids(corpus: Corpus) -> NDArray[np.uint64]:
    ids = corpus.rows(columns=("id",))["id"].to_pylist()
    return np.array([digest_of(identity)[0] for identity in ids], dtype=np.uint64)


def _published(manifest: dict[str, Any], parent: Path) -> Corpus | None:
    """Return the version that holds just this, or None."""
    for version in reversed(versions(parent)):
        with suppress(ArtifactError):  # a damaged version is not this one
            known = open_corpus(parent / version, parent, manifest["name"])
            # Not its seal: Parquet files of equal rows may differ in their bytes.
            said = {key: value for key, value in known.manifest.items() if key not in SEAL}
            if canonical_json(said) == canonical_json(manifest):
                return known
    return None


def _records(
    inputs: Sequence[str | Path],
    labels: Sequence[str | Path],
    config: Config,
    progress: Progress,
    allow_network: bool,
    reading: Reading | None,
) -> Iterator[Any]:
    topics = config.topic_names
    # Opened first, so that a path that is not there is said before any work.
    titles = {topic.name: topic.title for topic in config.topics}
    named: dict[str, Any] = {"titles": titles, "allow_network": allow_network}
    named["open_topics"] = config.open_topics
    # Metadata and articles are of documents.
    of_labels = None if reading is None else replace(reading, metadata=None, articles=None)
    judgements = read_inputs(labels, topics, reading=of_labels, **named)
    documents = read_inputs(inputs, topics, progress, reading=reading, **named)
    read = chain(_labelled_only(judgements), documents)
    return map(_refuse_no_labels, read)


def _decided(decisions: Decisions | None) -> Iterator[LabelledText | Rejection]:
    if decisions is not None:
        yield from decisions.labelled()
        yield from decisions.rejected


def _refuse_no_labels(record: Any) -> Any:
    """Reject a labelled sentence of which nothing was judged; an exported one may well be such."""
    if isinstance(record, LabelledText) and not (record.labels or record.author.startswith(IMPORTED)):
        return Rejection(record.at, "no_labels", "the row says yes or no of no topic")
    return record


def _labelled_only(records: Iterable[Any]) -> Iterator[Any]:
    """Yield what files of labels hold; rows without any are no documents, and are told together."""
    blank = []
    for record in records:
        if isinstance(record, Document):
            blank.append(record.at)
        else:
            yield record
    if blank:
        detail = f"{len(blank):,} rows of files of labels say yes or no of no topic; this is the first"
        yield Rejection(blank[0], "no_labels", detail)


def _indexed(batches: Iterable[Batch], config: Config, cache: TableCache) -> tuple[SentenceIndex, list[str]]:
    """Return the index of all sentences, and the keys of the batches that they stand in."""
    builder, keys = IndexBuilder(), []
    for key, table in cut_batches(batches, config, cache):
        builder.add(table)
        keys.append(key)
    return builder.finish(), keys


def _starter(config: Config) -> list[LabelledText]:
    """Return the sentences that ship, where they join; a config may have none of their topics."""
    shipped = starter_sentences(config.topic_names) if config.build.starter else ()
    return [sentence for sentence in shipped if sentence.labels]


def _own_labels(index: SentenceIndex, intake: Intake, starter: Sequence[LabelledText]) -> dict[str, int]:
    """Return how many judged texts of the input stand in its documents, and how many stand alone."""
    shipped = {digest_of(sentence.text) for sentence in starter}
    own = index.text_numbers(digest for digest in intake.judged if digest not in shipped)
    rows = np.bincount(index.texts, minlength=1)
    found = sum(bool(rows[number] > intake.judged[digest]) for digest, number in own.items())
    return {"in_documents": found, "alone": len(own) - found}


def _labelled(
    index: SentenceIndex, rules: RuleSet, intake: Intake, config: Config
) -> tuple[Labelling, list[RuleReport]]:
    """Bring together what people and rules say of each row: people stand above rules."""
    gold, codes = index.human_codes(intake.said, rules.topics)
    reports = rule_reports(index, rules, gold, codes, config.build)
    weights = [report.weight for report in reports]
    said = index.said_by_row(intake.said)
    labels, heard = silver_codes(index, rules, weights, said)
    gold_rows = gold[index.texts]
    labels[gold_rows] = codes[index.texts[gold_rows]]
    return Labelling(gold_rows, labels, heard, weights, said), reports


def _manifest(
    config: Config,
    intake: Intake,
    index: SentenceIndex,
    labelling: Labelling,
    reports: Sequence[RuleReport],
    arrangement: Arrangement,
    written: Written,
) -> dict[str, Any]:
    topics, kept = config.topic_names, arrangement.kept
    codes, gold = labelling.codes[kept], labelling.gold[kept]
    return {
        "format": FORMAT,
        "name": config.name,
        "topics": list(topics),
        "fingerprint": fingerprint(topics, written.digests),
        "config": config.model_dump(mode="json", include={"name", "seed", "topics", "lexicons", "build"}),
        "documents": len(index.doc_ids),
        "sentences": int(kept.sum()),
        "groups": len(
            {arrangement.groups[document] for document in np.unique(index.documents[kept]).tolist()}
        ),
        "labels": {topic: _counted(codes[:, i]) for i, topic in enumerate(topics)},
        "gold": {topic: int((codes[gold, i] == 1).sum()) for i, topic in enumerate(topics)},
        "conflicts": dict(sorted(written.conflicts.items())),
        "splits": {split: written.splits[split] for split in SPLITS},
        "split_report": arrangement.report.to_dict(),
        "repetitions": arrangement.repetitions,
        "short": index.short,
        "boilerplate": index.boilerplate,
        "near_duplicates": arrangement.near_duplicates,
        "rejected": dict(sorted(intake.rejected.items())),
        "rules": [report.to_dict() for report in reports],
    }


def _counted(codes: NDArray[np.int8]) -> dict[str, int]:
    return {name: int((codes == code).sum()) for name, code in (("yes", 1), ("no", 0), ("unknown", -1))}
