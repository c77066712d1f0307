"""Documents -> a table of tagged sentences: one row a sentence, untagged ones too."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from trainer.corpus.readers.source import own_title
from trainer.corpus.sentences import sentence_id, sentence_spans
from trainer.records import Document, Prediction
from trainer.storage import sha256

if TYPE_CHECKING:
    import pyarrow as pa

    from trainer.model.tagger import Tagger

TITLE, BODY, BOILERPLATE = "title", "body", "boilerplate"
ABOUT = ("date", "source", "title", "url", "language")
PLACE = ("doc_id", "sentence_id", "part", "start", "end")
WORDS = ("text", "previous", "next")
"""Columns that hold text of the documents; the title is another."""
LAST = ("note", "model_version", "model_digest", "document_digest")
_ROWS = 2_048

Decided = Callable[[str], Mapping[str, str]]
"""Text of a sentence -> topic -> yes, no or review, where people have judged it."""


def nobody(text: str) -> Mapping[str, str]:
    """Return that nobody has judged a sentence."""
    return {}


def tag_schema(topics: Sequence[str]) -> pa.Schema:
    """Return the columns of a table of tagged sentences.

    ``doc_id, sentence_id, part, start, end, text, previous, next, date, source, title, url, language,
    duplicate_group``; then a topic's ``<topic>`` (yes, no or review), ``<topic>_probability`` and
    ``<topic>_decided_by`` (model or human); last ``note, model_version, model_digest, document_digest``.

    Offsets are code points into the title or the text of the document, as `part` says. `duplicate_group` is
    the id of the first of several documents that are nearly the same, and blank where there is one only.
    """
    import pyarrow as pa

    fields: list[tuple[str, Any]] = [(name, pa.string()) for name in (*PLACE[:3],)]
    fields += [("start", pa.int64()), ("end", pa.int64())]
    fields += [(name, pa.string()) for name in (*WORDS, *ABOUT, "duplicate_group")]
    for topic in topics:
        fields += [(topic, pa.string()), (f"{topic}_probability", pa.float64())]
        fields += [(f"{topic}_decided_by", pa.string())]
    fields += [(name, pa.string()) for name in LAST]
    return pa.schema(fields)


@dataclass(frozen=True, slots=True)
class Piece:
    """A sentence of a document, and in which part of it."""

    part: str
    start: int
    end: int
    text: str


def pieces_of(document: Document) -> list[Piece]:
    """Cut a document into its sentences, the title first."""
    return [
        Piece(part, start, end, text[start:end])
        for part, text in ((TITLE, own_title(document)), (BODY, document.text))
        if text
        for start, end in sentence_spans(text)
    ]


def document_digest(document: Document) -> str:
    """Return a digest of all that the rows of a document show: when it changes, so may they."""
    said = [document.id, document.text, own_title(document), *(getattr(document, key) for key in ABOUT)]
    return sha256("\0".join(f"{len(part)}:{part}" if part else "" for part in said).encode())[:16]


class TagRows:
    """Rows of documents, gathered into batches of the table.

    Parameters
    ----------
    tagger : Tagger
    decided : Decided
        What people decided; it stands above the model.
    """

    def __init__(self, tagger: Tagger, decided: Decided = nobody) -> None:
        self._tagger, self._decided = tagger, decided
        self.schema = tag_schema(tagger.topics)
        version, digest = tagger.info.get("version"), tagger.info.get("digest")
        self._model = {"model_version": version, "model_digest": digest}

    def batches(self, documents: Iterable[Document]) -> Iterator[pa.RecordBatch]:
        """Tag documents; a batch holds whole documents, and some thousand sentences."""
        import pyarrow as pa

        rows: list[dict[str, Any]] = []
        for document in documents:
            rows += self._rows(document)
            if len(rows) >= _ROWS:
                yield pa.RecordBatch.from_pylist(self._decide(rows), self.schema)
                rows = []
        if rows:
            yield pa.RecordBatch.from_pylist(self._decide(rows), self.schema)

    def _rows(self, document: Document) -> list[dict[str, Any]]:
        pieces = pieces_of(document)
        about = {key: getattr(document, key) for key in ABOUT}
        about |= {"doc_id": document.id, "document_digest": document_digest(document), **self._model}
        texts = [piece.text for piece in pieces]
        around = zip(pieces, ["", *texts], [*texts[1:], ""], strict=False)
        return [
            {
                "sentence_id": _identity(document.id, piece),
                **asdict(piece),
                "previous": previous or None,
                "next": following or None,
                **about,
            }
            for piece, previous, following in around
        ]

    def _decide(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Add to each row what the model says of its text, and what people do."""
        for row, found in zip(rows, self._tagger.predict([row["text"] for row in rows]), strict=True):
            human = self._decided(row["text"])
            for topic, probability in found.scores.items():
                row[topic] = human.get(topic) or _answer(found, topic)
                row[f"{topic}_probability"] = probability
                row[f"{topic}_decided_by"] = "human" if topic in human else "model"
        return rows


def _answer(found: Prediction, topic: str) -> str:
    if topic in found.review:
        return "review"
    return "yes" if topic in found.labels else "no"


def _identity(doc_id: str, piece: Piece) -> str:
    # Of the body, that of the sentence in a corpus built of the same document.
    return sentence_id(doc_id if piece.part == BODY else f"{doc_id}\0{piece.part}", piece.start, piece.text)
