"""Labels that name a place instead of a text: a sentence of a document, or a document as a whole.

A "no" of a document covers each of its sentences. A "yes" of one says that some sentence carries the topic,
and not which: it labels none.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from trainer.corpus.boilerplate import Boilerplate
from trainer.corpus.readers.rows import content_id
from trainer.errors import did_you_mean
from trainer.escapes import safe
from trainer.records import Document, LabelledPlace, LabelledText, Rejection

_SHOWN = 60
Span = tuple[int, int]


class Places:
    """Takes in labels of places, and turns each into labelled sentences when its document comes by.

    Attributes
    ----------
    whole_yes : int
        Answers "yes" of documents as a whole, which label no sentence.
    """

    def __init__(self, boilerplate: Boilerplate, min_words: int) -> None:
        self.whole_yes = 0
        self._boilerplate, self._min_words = boilerplate, min_words
        self._waiting: dict[str, list[LabelledPlace]] = defaultdict(list)
        self._seen: set[str] = set()

    def resolved(self, records: Iterable[Any]) -> Iterator[Any]:
        """Yield the records, with labelled sentences instead of labelled places.

        A place must come before its document: files of labels are read first.
        """
        for record in records:
            if isinstance(record, LabelledPlace):
                if record.doc_id in self._seen:
                    yield Rejection(record.at, "late_label", "labels of places must come with --labels")
                else:
                    self._waiting[record.doc_id].append(record)
                continue
            yield record
            if isinstance(record, Document):
                self._seen.add(record.id)
                yield from self._of_document(record, self._waiting.pop(record.id, ()))
        for doc_id, places in self._waiting.items():
            known = did_you_mean(doc_id, self._seen) if self._seen else "No document was read."
            for place in places:
                yield Rejection(place.at, "gone_document", f"no document '{doc_id}' was read. {known}")

    def _of_document(
        self, document: Document, places: Iterable[LabelledPlace]
    ) -> Iterator[LabelledText | Rejection]:
        if not places:
            return
        spans = [(start, end) for start, end, marked in self._boilerplate.pieces(document.text) if not marked]
        for place in places:
            if place.start is None or place.end is None:
                yield from self._of_whole(document, place, spans)
            else:
                yield self._of_sentence(document, place, place.start, place.end, spans)

    def _of_whole(
        self, document: Document, place: LabelledPlace, spans: list[Span]
    ) -> Iterator[LabelledText]:
        self.whole_yes += sum(answer == "yes" for answer in place.labels.values())
        said = {topic: answer for topic, answer in place.labels.items() if answer == "no"}
        if said:
            for start, end in spans:
                if len(document.text[start:end].split()) >= self._min_words:
                    yield _labelled(document, place, document.text[start:end], said)

    def _of_sentence(
        self, document: Document, place: LabelledPlace, start: int, end: int, spans: list[Span]
    ) -> LabelledText | Rejection:
        text = document.text
        if 0 <= start < end <= len(text):
            piece = text[start:end]
            exact = (start + len(piece) - len(piece.lstrip()), start + len(piece.rstrip()))
            if exact in spans:
                return _labelled(document, place, text[exact[0] : exact[1]], place.labels)
        there = next((text[a:b] for a, b in spans if a < end and start < b), "")
        now = f"; there stands now: {safe(there[:_SHOWN])}" if there else f": it has {len(text):,} characters"
        detail = f"no sentence of '{document.id}' stands at {start}–{end}{now}"
        return Rejection(place.at, "gone_sentence", detail)


def _labelled(document: Document, place: LabelledPlace, text: str, labels: Any) -> LabelledText:
    about = {key: getattr(document, key) for key in ("title", "source", "date", "url", "language")}
    return LabelledText(
        id=content_id("text", f"{document.id}\0{text}"),
        text=text,
        labels=labels,
        author=place.author,
        doc_id=document.id,
        time=place.time,
        at=place.at,
        **about,
    )
