"""JSON: one object a line, or an array of objects; rows of our own, or what a labelling tool exported."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from trainer.corpus.readers.encodings import as_utf8, decoded, marked
from trainer.corpus.readers.exports import asks_by_topic, read_object
from trainer.corpus.readers.lines import Bytes, numbered_lines, too_long
from trainer.corpus.readers.rows import RowError
from trainer.corpus.readers.source import Record, Source, document_bytes
from trainer.records import Rejection

_MOST_PARTS = 1_000_000
"""Lists and objects in one value: each costs memory, whatever is in it."""


def read_jsonl(handle: Bytes, source: Source, encoding: str = "utf-8") -> Iterator[Record]:
    """Yield what each line holds. JSON is UTF-8; another `encoding` needs a byte-order mark."""
    nothing = True
    for number, line in numbered_lines(as_utf8(handle, encoding)):
        if line is not None and not line.strip():
            continue
        nothing, at = False, f"{source.at}:{number}"
        if line is None:
            yield too_long(at)
            continue
        try:
            value = decode_json(line)
        except ValueError as error:
            yield Rejection(at, "malformed_json", str(error))
            continue
        yield from _held(value, source, at, encoding)
    if nothing:
        yield Rejection(f"{source.at}:1", "empty_text", "the file is empty")


def read_json(handle: Bytes, source: Source) -> Iterator[Record]:
    """Yield what the objects of an array hold, each found by its number; or the one object there is."""
    data = document_bytes(handle)
    if marked(data) is None and b"\0" in data[:4]:
        raise RowError("malformed_json", "JSON in UTF-16 needs a byte-order mark")
    text, encoding = decoded(data, guess=False)
    if not text.strip():
        raise RowError("empty_text", "the file is empty")
    try:
        value = decode_json(text)
    except ValueError as error:
        yield Rejection(source.at, "malformed_json", str(error))
        return
    items = value if isinstance(value, list) else [value]
    source = replace(source, by_topic=asks_by_topic(items, source))
    for number, item in enumerate(items, 1):
        yield from _held(item, source, f"{source.at}#{number}", encoding)
    if value == []:
        yield Rejection(source.at, "empty_text", "the array is empty")


def _held(value: Any, source: Source, at: str, encoding: str) -> Iterator[Record]:
    if isinstance(value, dict):
        yield from read_object(value, source, at, encoding)
    else:
        yield Rejection(at, "malformed_json", f"expected an object, got {type(value).__name__}")


def decode_json(text: str) -> Any:
    """Decode one JSON value, refusing what JSON does not have: NaN, Infinity, a key twice."""

    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is not JSON")

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        row = dict(pairs)
        if len(row) != len(pairs):
            keys = [key for key, _ in pairs]
            twice = next(key for key in keys if keys.count(key) > 1)
            raise ValueError(f"key {twice!r} stands twice")
        return row

    if text.count("[") + text.count("{") > _MOST_PARTS:
        raise ValueError(f"more than {_MOST_PARTS:,} lists and objects in one value")
    try:
        return json.loads(text, parse_constant=refuse, object_pairs_hook=once)
    except RecursionError:
        raise ValueError("nested too deeply") from None
