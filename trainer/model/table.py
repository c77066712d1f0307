"""Documents -> a table of tagged sentences: one row a sentence, untagged ones too."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from trainer.corpus.boilerplate import Boilerplate, boilerplate_of
from trainer.corpus.copies import CopyFinder
from trainer.corpus.readers.source import own_title
from trainer.corpus.sentences import sentence_id, sentence_spans
from trainer.errors import ArtifactError, DataError, UsageError
from trainer.model.predictions import Prediction
from trainer.records import Document
from trainer.storage import sha256

if TYPE_CHECKING:
    import pyarrow as pa

    from trainer.model.tagger import Tagger

Rows = TypeVar("Rows", "pa.RecordBatch", "pa.Table")
TITLE, BODY, BOILERPLATE = "title", "body", "boilerplate"
PLACE = ("doc_id", "sentence_id", "part", "start", "end")
WORDS = ("text", "previous", "next", "title")
"""Columns that hold words of the documents."""
ABOUT = ("date", "source", "title", "url", "language")
MODEL = ("model_version", "model_digest")
FIRST = (*PLACE, "text", "previous", "next", *ABOUT, "duplicate_group")
LAST = ("note", *MODEL, "document_digest")
DECIMALS = 6
"""Of a probability, in every format: what is read back is what was written."""
_ROWS = 2_048

Decided = Callable[[str], Mapping[str, str]]
"""Text of a sentence -> topic -> yes, no or review, where people have judged it."""
Known = Callable[[Document], "pa.RecordBatch | None"]
Columns = dict[str, list[Any]]


def nobody(text: str) -> Mapping[str, str]:
    """Return that nobody has judged a sentence."""
    return {}


def topic_columns(topic: str) -> tuple[str, str, str]:
    """Return the columns of a topic: the answer, its probability, and who decided."""
    return topic, f"{topic}_probability", f"{topic}_decided_by"


def tag_schema(topics: Sequence[str]) -> pa.Schema:
    """Return the columns of a table of tagged sentences.

    ``doc_id, sentence_id, part, start, end, text, previous, next, date, source, title, url, language,
    duplicate_group``; then a topic's ``<topic>`` (yes, no or review), ``<topic>_probability`` and
    ``<topic>_decided_by`` (model or human); last ``note, model_version, model_digest, document_digest``.

    Offsets are code points into the title or the text of the document, as `part` says. `duplicate_group` is
    the id of the first of several documents that are nearly the same, and blank where there is one only.
    """
    import pyarrow as pa

    names = [*FIRST, *LAST, *(name for topic in topics for name in topic_columns(topic))]
    if twice := {name for name in names if names.count(name) > 1}:
        raise UsageError(f"topic '{min(twice)}' has the name of another column: rename it in the config")
    kinds = {"start": pa.int64(), "end": pa.int64()}
    fields = [(name, kinds.get(name, pa.string())) for name in FIRST]
    for topic in topics:
        answer, probability, decided_by = topic_columns(topic)
        fields += [(answer, pa.string()), (probability, pa.float64()), (decided_by, pa.string())]
    return pa.schema([*fields, *((name, pa.string()) for name in LAST)])


@dataclass(frozen=True, slots=True)
class Piece:
    """A sentence of a document, and in which part of it."""

    part: str
    start: int
    end: int
    text: str


def boilerplate_for(tagger: Tagger) -> Boilerplate:
    """Return the lines that were no sentences to a tagger when it was trained.

    Raises
    ------
    ArtifactError
        When its config does not say.
    """
    try:
        patterns = tagger.info.get("config", {}).get("build", {}).get("boilerplate", ())
        return boilerplate_of(tuple(patterns))
    except (AttributeError, TypeError, DataError) as error:
        raise ArtifactError(
            f"the boilerplate in the config of the model cannot be read: {error}",
            hint="Train it again, or restore it.",
        ) from error


def pieces_of(document: Document, boilerplate: Boilerplate) -> list[Piece]:
    """Cut a document into its sentences and lines of boilerplate, the title first."""
    title, text = own_title(document), document.text
    found = [
        Piece(TITLE, start, end, title[start:end]) for start, end in sentence_spans(title or "") if title
    ]
    for start, end, marked in boilerplate.pieces(text):
        found.append(Piece(BOILERPLATE if marked else BODY, start, end, text[start:end]))
    return found


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
    whole : bool
        False cuts documents into sentences; True takes each for one.
    """

    def __init__(self, tagger: Tagger, decided: Decided = nobody, *, whole: bool = False) -> None:
        self._tagger, self._decided, self._whole = tagger, decided, whole
        self.topics = tagger.topics
        self._boilerplate = boilerplate_for(tagger)
        self.schema = tag_schema(tagger.topics)
        self._model = tuple(tagger.info.get(key) for key in ("version", "digest"))

    def batches(
        self, documents: Iterable[Document], known: Known = lambda document: None
    ) -> Iterator[pa.RecordBatch]:
        """Tag documents; a batch holds whole documents, and some thousand sentences.

        Parameters
        ----------
        known : callable
            Gives the rows that a document has already, or None; those are taken as they are.
        """
        columns = self._empty()
        for document in documents:
            if (rows := known(document)) is not None:
                if columns["text"]:
                    yield self._batch(columns)
                    columns = self._empty()
                yield rows
                continue
            self._add(document, columns)
            if len(columns["text"]) >= _ROWS:
                yield self._batch(columns)
                columns = self._empty()
        if columns["text"]:
            yield self._batch(columns)

    def decided(self, text: str) -> Mapping[str, str]:
        """Return what people say of a text."""
        return self._decided(text)

    def again(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """Decide rows of an earlier table once more: by this model, and by what people say today."""
        columns: Columns = rows.select([*FIRST, "document_digest"]).to_pydict()
        return self._batch(columns)

    def _empty(self) -> Columns:
        return {name: [] for name in (*FIRST, "document_digest")}

    def _add(self, document: Document, columns: Columns) -> None:
        text = document.text
        pieces = [Piece(BODY, 0, len(text), text)] if self._whole else pieces_of(document, self._boilerplate)
        n, texts = len(pieces), [piece.text for piece in pieces]
        columns["doc_id"] += [document.id] * n
        columns["sentence_id"] += [_identity(document.id, piece) for piece in pieces]
        for key in ("part", "start", "end", "text"):
            columns[key] += [getattr(piece, key) for piece in pieces]
        columns["previous"] += [None, *texts[:-1]] if n else []
        columns["next"] += [*texts[1:], None] if n else []
        for key in ABOUT:
            columns[key] += [getattr(document, key) or None] * n
        columns["duplicate_group"] += [None] * n
        columns["document_digest"] += [document_digest(document)] * n

    def _predictions(self, columns: Columns) -> list[Prediction]:
        """Tag the texts; one that does not tell its language is in that of its document."""
        found = self._tagger.predict(columns["text"])
        of_documents = self._languages(columns, found)
        for i, (doc_id, text) in enumerate(zip(columns["doc_id"], columns["text"], strict=True)):
            other = of_documents.get(doc_id)
            if other and found[i].language is None and self._tagger.other_language(text, other):
                found[i] = replace(found[i], labels=(), review=self.topics, language=other)
        return found

    def _languages(self, columns: Columns, found: list[Prediction]) -> dict[str, str]:
        """Return the language of each document that is in another one: as it says, or as most of it is."""
        told: dict[str, Counter[str | None]] = {}
        for doc_id, given, prediction in zip(columns["doc_id"], columns["language"], found, strict=True):
            given = (given or "")[:2].lower() or None
            told.setdefault(doc_id, Counter())[prediction.language or given] += 1
        most = {doc_id: max(counts, key=lambda code: counts[code]) for doc_id, counts in told.items()}
        return {doc_id: code for doc_id, code in most.items() if code and code != self._tagger.language}

    def _batch(self, columns: Columns) -> pa.RecordBatch:
        """Add what the model says of each text, and what people do."""
        import pyarrow as pa

        found = self._predictions(columns)
        human = [self._decided(text) for text in columns["text"]]
        made = dict(columns)
        for topic in self.topics:
            answer, probability, decided_by = topic_columns(topic)
            made[answer] = [h.get(topic) or answer_of(f, topic) for f, h in zip(found, human, strict=True)]
            made[probability] = [round(f.scores[topic], DECIMALS) for f in found]
            made[decided_by] = ["human" if topic in h else "model" for h in human]
        reads = self._tagger.language
        made["note"] = [f"in {f.language}: the model reads {reads}" if f.language else None for f in found]
        made["language"] = [f.language or known for f, known in zip(found, made["language"], strict=True)]
        for key, value in zip(MODEL, self._model, strict=True):
            made[key] = [value] * len(found)
        return pa.RecordBatch.from_pydict(made, self.schema)


def predict_table(tagger: Tagger, documents: Iterable[str | Document], alike: float = 0.8) -> pa.Table:
    """Tag documents and return their table; see `Tagger.predict_table`."""
    import pyarrow as pa

    if isinstance(documents, str):
        raise TypeError("predict_table takes an iterable of documents; for one text put it in a list")
    rows, copies = TagRows(tagger), CopyFinder(alike)

    def noted() -> Iterator[Document]:
        for number, given in enumerate(documents):
            document = Document(str(number), given) if isinstance(given, str) else given
            copies.add(document.id, document.date, document.text)
            yield document

    table = pa.Table.from_batches(rows.batches(noted()), rows.schema)
    return with_copies(table, copies.groups())


def with_copies(rows: Rows, groups: Mapping[str, str | None]) -> Rows:
    """Return rows with the groups of copies; of a document not among them, what is known stands."""
    import pyarrow as pa

    place = rows.schema.get_field_index("duplicate_group")
    pairs: Any = zip(rows["doc_id"].to_pylist(), rows["duplicate_group"].to_pylist(), strict=True)
    column = pa.array([groups.get(doc_id, before) for doc_id, before in pairs], pa.string())
    changed: Rows = rows.set_column(place, rows.schema.field(place), column)
    return changed


def answer_of(found: Prediction, topic: str) -> str:
    """Return yes, no or review."""
    if topic in found.review:
        return "review"
    return "yes" if topic in found.labels else "no"


def _identity(doc_id: str, piece: Piece) -> str:
    # Of the body, that of the sentence in a corpus built of the same document.
    return sentence_id(doc_id if piece.part == BODY else f"{doc_id}\0{piece.part}", piece.start, piece.text)
