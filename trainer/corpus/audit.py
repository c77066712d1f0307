"""The audit of a corpus: what is altered, missing, contradictory, idle, deceiving or out of place in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain

import numpy as np

from trainer.corpus.check import SHOWN, Finding, Rows, leaks
from trainer.corpus.seal import refuse_altered_files
from trainer.corpus.store import SPLITS, Corpus, fingerprint, row_digests
from trainer.errors import ArtifactError

COMMON_WORDS = 100
FEWEST = 3
"""Sentences that a common word stands in, in a small corpus."""
LONG = 10
"""Distinct words: a shorter sentence, a headline or a line of a table, may well hold no common one."""

# Letters that have look-alikes in Latin. A word with both was written to deceive, or read by a machine.
_LATIN, _LOOKALIKE = r"[A-Za-z\u00c0-\u024f]", r"[\u0370-\u03ff\u0400-\u052f\u0531-\u0587\u13a0-\u13f5]"
_MIXED = re.compile(rf"{_LATIN}{_LOOKALIKE}|{_LOOKALIKE}{_LATIN}")
_UNSEEN = re.compile(
    r"[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0]"
)


def audit(corpus: Corpus) -> list[Finding]:
    """Check a corpus; an empty list is a good one.

    Raises
    ------
    ArtifactError
        When its rows are not those that its fingerprint was taken of.
    """
    refuse_altered_files(corpus.manifest, corpus.path)
    refuse_altered(corpus)
    rows = Rows(corpus)
    return [
        *leaks(rows),
        *_empty_topics(corpus),
        *_contradictions(corpus, rows),
        *_idle_rules(corpus),
        *_deceiving(rows),
        *_strays(rows),
    ]


def refuse_altered(corpus: Corpus) -> None:
    """Raise `ArtifactError` when the stored rows do not have the fingerprint that the manifest names."""
    digests = chain.from_iterable(row_digests(corpus.rows([split])) for split in SPLITS)
    if fingerprint(corpus.topics, digests) != corpus.fingerprint:
        raise ArtifactError(
            "the rows are not those that the fingerprint was taken of",
            where=str(corpus.path),
            hint="Build it again, with the same inputs.",
        )


def _empty_topics(corpus: Corpus) -> Iterator[Finding]:
    for topic, counts in corpus.manifest["labels"].items():
        for answer in ("yes", "no"):
            if counts[answer] == 0:
                detail = f'topics of which no sentence is labelled "{answer}": label some, or add a rule'
                yield Finding("empty_topic", "warning", 1, detail, (topic,))
        if counts["yes"] and corpus.manifest["gold"][topic] == 0:
            detail = "topics that only rules have found: people must judge some, or nothing can score a model"
            yield Finding("no_gold", "warning", 1, detail, (topic,))


def _contradictions(corpus: Corpus, rows: Rows) -> Iterator[Finding]:
    equal: list[str] = []
    near: list[str] = []
    first: dict[str | int, int] = {}
    for row in (i for i, origin in enumerate(rows.origins) if origin == "gold"):
        for key, found in ((rows.texts[row], equal), (int(rows.cluster[row]), near)):
            other = first.setdefault(key, row)
            same_text = rows.texts[other] == rows.texts[row]
            if rows.labels[other] != rows.labels[row] and same_text == (found is equal):
                found.append(f"{rows.ids[other]} and {rows.ids[row]}: {rows.texts[row]}")
    for found, what in ((equal, "equal"), (near, "nearly equal")):
        if found:
            detail = f"pairs of {what} sentences that people labelled differently"
            yield Finding("contradiction", "warning", len(found), detail, tuple(found[:SHOWN]))
    conflicts = corpus.manifest["conflicts"]
    if conflicts:
        detail = "labels left open since votes of one standing differ: see conflicts.jsonl of the corpus"
        shown = tuple(f"{topic} {n:,}" for topic, n in conflicts.items())
        yield Finding("conflict", "warning", sum(conflicts.values()), detail, shown)


def _idle_rules(corpus: Corpus) -> Iterator[Finding]:
    rules = corpus.manifest["rules"]
    idle = [rule["author"] for rule in rules if not rule["fired"]]
    worthless = [rule["author"] for rule in rules if rule["fired"] and not rule["weight"]]
    for kind, found, detail in (
        ("idle_rule", idle, "rules that fire on nothing here"),
        (
            "worthless_rule",
            worthless,
            "rules wrong half the time or more where people judged: they count nothing",
        ),
    ):
        if found:
            yield Finding(kind, "warning", len(found), detail, tuple(found[:SHOWN]))


def _deceiving(rows: Rows) -> Iterator[Finding]:
    for kind, pattern, detail in (
        ("unseen", _UNSEEN, "sentences with characters that nobody sees, and that hide words from rules"),
        ("lookalike", _MIXED, "sentences with a word in two alphabets, which no rule and no feature finds"),
    ):
        found = [i for i, text in enumerate(rows.texts) if pattern.search(text)]
        if found:
            yield Finding(kind, "warning", len(found), detail, rows.show(found))


def _strays(rows: Rows) -> Iterator[Finding]:
    """Find sentences in another language: long ones with none of the words that are common here."""
    words, offsets, names = rows.words
    row = np.repeat(np.arange(len(rows)), np.diff(offsets))
    # Each word once a sentence, as one number.
    distinct = np.unique(row.astype(np.uint64) * np.uint64(len(names) + 1) + words)
    row, word = (part.astype(np.int64) for part in np.divmod(distinct, np.uint64(len(names) + 1)))
    spoken = np.array([not name.isdecimal() for name in names], dtype=bool)
    counts = np.where(spoken, np.bincount(word, minlength=len(names)), 0)
    common = counts >= FEWEST
    common[np.argsort(-counts, kind="stable")[COMMON_WORDS:]] = False
    heard = np.bincount(row[common[word]], minlength=len(rows))
    found = np.flatnonzero((np.bincount(row, minlength=len(rows)) >= LONG) & (heard == 0)).tolist()
    if found and 20 * len(found) < len(rows):  # where they are many, it is a corpus of several languages
        detail = (
            "long sentences with none of the words that are common here: another language, a table, noise"
        )
        yield Finding("stray", "warning", len(found), detail, rows.show(found))
