"""Reading who said what of which sentence."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from trainer.corpus.rules import SILENCE
from trainer.corpus.store import Corpus
from trainer.errors import ArtifactError, NotFoundError
from trainer.records import Vote

RULE = "rule:"
_AT_ONCE = 200_000
_KEYS = ("topic", "answer", "author", "start", "end", "weight", "at", "time")


def read_votes(
    corpus: Corpus, only: Collection[str] | None = None, *, silence: bool = False
) -> dict[str, list[Vote]]:
    """Return the votes of a corpus by the id of their sentence, in the order they were cast.

    Parameters
    ----------
    only : collection of str, optional
        Ids of the sentences wanted; all by default.
    silence : bool
        Also those that say only that no rule fired; most votes are such.

    Raises
    ------
    ArtifactError
        When the file is damaged.
    """
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    found: dict[str, list[Vote]] = defaultdict(list)
    wanted = None if only is None else pa.array(sorted(only), pa.string())
    try:
        with pq.ParquetFile(corpus.path / "votes.parquet") as file:
            for batch in file.iter_batches(_AT_ONCE):
                rows = pa.Table.from_batches([batch])
                if not silence:
                    rows = rows.filter(pc.not_equal(rows["author"], SILENCE))
                if wanted is not None:
                    rows = rows.filter(pc.is_in(rows["sentence_id"], value_set=wanted))
                for row in rows.to_pylist():
                    # Corpora of earlier versions know neither place nor time of a vote.
                    known = {key: row[key] for key in _KEYS if row.get(key) is not None}
                    found[row["sentence_id"]].append(Vote(**known))
    except (OSError, pa.ArrowException, KeyError, TypeError) as error:
        raise ArtifactError(f"the votes are damaged: {error}", where=str(corpus.path)) from error
    return dict(found)


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a corpus with all that its labels rest on.

    Attributes
    ----------
    row : mapping
        As it stands in the corpus.
    labels : mapping of str to {"yes", "no", "unknown"}
    votes : tuple of Vote
    """

    row: Mapping[str, Any]
    labels: Mapping[str, str]
    votes: tuple[Vote, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the sentence as plain data."""
        return {**self.row, "labels": dict(self.labels), "votes": [asdict(vote) for vote in self.votes]}


def find_sentences(corpus: Corpus, wanted: str, most: int = 20) -> list[Sentence]:
    """Return the sentence with an id, or else those that hold some text, with the votes on them.

    Raises
    ------
    NotFoundError
        When there is none.
    """
    import pyarrow.compute as pc

    rows = corpus.rows()
    chosen = rows.filter(pc.equal(rows["id"], wanted))
    if not len(chosen):
        chosen = rows.filter(pc.match_substring(rows["text"], wanted, ignore_case=True)).slice(0, most)
    if not len(chosen):
        raise NotFoundError(f"no sentence of '{corpus.path}' has the id, or holds the text, '{wanted}'")
    found = chosen.to_pylist()
    votes = read_votes(corpus, [row["id"] for row in found], silence=True)
    return [Sentence(row, _labels_of(row, corpus), tuple(votes.get(row["id"], ()))) for row in found]


def _labels_of(row: Mapping[str, Any], corpus: Corpus) -> dict[str, str]:
    told = {**dict.fromkeys(row["unknown"], "unknown"), **dict.fromkeys(row["labels"], "yes")}
    return {topic: told.get(number, "no") for number, topic in enumerate(corpus.topics)}


def rule_and_version(author: str) -> tuple[str, str | None]:
    """Return an author without the version of its rule, and that version where it has one.

    Only rules carry one: the name of an annotator may well hold an ``@``.
    """
    if not author.startswith(RULE):
        return author, None
    name, _, version = author.partition("@")
    return name, version or None
