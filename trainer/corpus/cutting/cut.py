"""A batch of records -> a table of sentences, with the rules that fire on each.

Runs in worker processes: everything that a sentence costs by itself is paid here, and what comes back can be
taken in column by column.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trainer.config import Config
from trainer.corpus.boilerplate import Boilerplate, boilerplate_of
from trainer.corpus.cutting.batches import Batch
from trainer.corpus.cutting.cache import save_table
from trainer.corpus.rules import RuleSet
from trainer.corpus.sentences import sentence_id
from trainer.records import Document, LabelledText
from trainer.storage import sha256

if TYPE_CHECKING:
    import pyarrow as pa

CUT_VERSION = 4
"""Raised whenever the same batch would come out otherwise: kept tables are then not used."""
ABOUT = ("source", "date", "title", "url")
Digest = tuple[int, int]
_TOOLS = ("sentencex", "google-re2")
"""Packages whose next release may cut or match otherwise."""
_DIGESTS = ("id_digest", "row_digest", "text_high", "text_low")
_WORD = re.compile(r"\w+")
_VOCABULARY, _SHORT, _EMPTY, _BOILERPLATE = b"vocabulary", b"short", b"empty", b"boilerplate"


@lru_cache(maxsize=2)
def rules_of(config: Config) -> RuleSet:
    """Return the rules of a config; compiled once a process, for many lexicons take a second."""
    return RuleSet(config.topics, config.build.silence_weight, config.lexicons)


def cut_settings(config: Config) -> str:
    """Return a digest of what the sentences of a batch depend on beside the batch."""
    tools = [unicodedata.unidata_version, *map(version, _TOOLS)]
    build = config.build
    said = [CUT_VERSION, tools, build.min_words, build.boilerplate, list(rules_of(config).authors)]
    return sha256(json.dumps(said).encode())


def cut_batch(batch: Batch, config: Config, target: Path) -> None:
    """Cut a batch and save its table at `target`."""
    boilerplate = boilerplate_of(config.build.boilerplate)
    save_table(sentence_table(batch, rules_of(config), config.build.min_words, boilerplate), target)


def vocabulary_of(table: pa.Table) -> list[str]:
    """Return the words that the numbers in column ``words`` stand for."""
    words: list[str] = json.loads(table.schema.metadata[_VOCABULARY])
    return words


def short_pieces(table: pa.Table) -> int:
    """Return how many pieces of documents had too few words to be sentences."""
    return int(table.schema.metadata[_SHORT])


def documents_without_sentence(table: pa.Table) -> list[str]:
    """Return the ids of the documents of a batch that no sentence was cut from."""
    ids: list[str] = json.loads(table.schema.metadata[_EMPTY])
    return ids


def digest_of(text: str) -> Digest:
    """Return the first 128 bits of the SHA-256 of `text`, as two numbers."""
    digest = hashlib.sha256(text.encode()).digest()
    return int.from_bytes(digest[:8], "big"), int.from_bytes(digest[8:16], "big")


def boilerplate_lines(table: pa.Table) -> int:
    """Return how many lines of documents were boilerplate."""
    return int(table.schema.metadata[_BOILERPLATE])


def sentence_table(
    batch: Batch, rules: RuleSet, min_words: int, boilerplate: Boilerplate | None = None
) -> pa.Table:
    """Return the sentences of a batch with the rules that fire, by number, and the words that they hold."""
    import pyarrow as pa

    schema = _schema()
    columns: dict[str, list[Any]] = {name: [] for name in schema.names}
    numbers: dict[str, int] = {}
    short, lines, empty = 0, 0, []
    boilerplate = boilerplate or Boilerplate(())
    for record in batch.records:
        before = len(columns["id"])
        for row in _rows(record, boilerplate):
            text = row["text"]
            if text is None:
                lines += 1
                continue
            if isinstance(record, Document) and len(text.split()) < min_words:
                short += 1
                continue
            fired = rules.fired(text)
            row["id_digest"], _ = digest_of(row["id"])
            row["row_digest"], _ = digest_of(json.dumps([row[key] for key in ("doc_id", *ABOUT, "asked")]))
            row["text_high"], row["text_low"] = digest_of(text)
            row["rules"], row["starts"], row["ends"] = zip(*fired, strict=True) if fired else ((), (), ())
            row["words"] = [numbers.setdefault(word, len(numbers)) for word in _WORD.findall(text.lower())]
            for name, column in columns.items():
                column.append(row[name])
        if len(columns["id"]) == before:
            empty.append(record.id)
    metadata = {_VOCABULARY: json.dumps(list(numbers)).encode(), _SHORT: str(short).encode()}
    metadata |= {_EMPTY: json.dumps(empty).encode(), _BOILERPLATE: str(lines).encode()}
    return pa.table(columns, schema.with_metadata(metadata))


def _rows(record: Document | LabelledText, boilerplate: Boilerplate) -> Iterator[dict[str, Any]]:
    """Yield the rows of a record; of a line of boilerplate one without text."""
    about = {key: getattr(record, key) for key in ABOUT} | {"asked": record.split}
    if isinstance(record, LabelledText):
        place = (0, len(record.text)) if record.doc_id is None else (None, None)
        row = {"id": record.id, "text": record.text, "doc_id": record.doc_id or record.id}
        yield {**row, "start": place[0], "end": place[1], **about}
        return
    for start, end, marked in boilerplate.pieces(record.text):
        if marked:
            yield {"text": None}
            continue
        text = record.text[start:end]
        row = {"id": sentence_id(record.id, start, text), "text": text, "doc_id": record.id}
        yield {**row, "start": start, "end": end, **about}


def _schema() -> pa.Schema:
    import pyarrow as pa

    strings = [(name, pa.string()) for name in ("id", "text", "doc_id", *ABOUT, "asked")]
    places = [("start", pa.int64()), ("end", pa.int64())]
    digests = [(name, pa.uint64()) for name in _DIGESTS]
    lists = [(name, pa.list_(pa.uint32())) for name in ("rules", "starts", "ends", "words")]
    return pa.schema([*strings, *places, *digests, *lists])
