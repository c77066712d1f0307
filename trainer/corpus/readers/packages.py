"""The zip that a workbook is, looked through before anything is made of it.

The library that reads cells unpacks whatever it is given, and takes cells that hold an error (``#REF!``) for
blank ones: both are seen to here.
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from collections.abc import Iterator, Mapping
from typing import IO
from xml.parsers import expat

from trainer.corpus.readers.rows import RowError

FREE = 256 * 1024**2
"""Bytes that the parts with cells may unpack to, whatever the size of the file."""
LARGEST_RATIO = 100
"""Beyond that, bytes out for a byte in: honest workbooks unpack 5 to 30 times."""
LARGEST = 2 * 1024**3
"""Bytes that they may unpack to at most."""

_BOOK = "xl/workbook.xml"
_LINKS = "xl/_rels/workbook.xml.rels"
_SMALL = 16 * 1024**2  # bytes of a part that only lists sheets
_CHUNK = 1024**2
_OVERLAP = 16 * 1024  # bytes; a cell with its formula is shorter
_SHOWN = 3
_READ = ("xl/worksheets/", "xl/sharedstrings", "xl/styles", "xl/workbook", "xl/_rels/")
_TAG = rb"<(?:\w{1,10}:)?"
_ERROR = re.compile(
    _TAG + rb"""c\s[^>]{0,200}?\bt=["']e["'][^>]{0,200}>"""
    rb"""(?:""" + _TAG + rb"""f\b[^>]{0,200}?(?:/>|>[^<]{0,9000}</[^>]{1,20}>))?"""
    rb"""\s{0,100}""" + _TAG + rb"""v>(#[^<]{1,20})<"""
)  # fmt: skip
_PLACE = re.compile(rb"""\br=["']([A-Z]{1,3})(\d{1,7})["']""")

Errors = dict[str, tuple[int, list[str]]]
"""Letters of a column -> how many of its cells hold an error, and the first of them."""


def checked_package(file: IO[bytes]) -> dict[str, Errors]:
    """Return which cells hold errors, by the name of their sheet.

    Raises
    ------
    RowError
        When it is no workbook, or a bomb.
    zipfile.BadZipFile, zlib.error, KeyError, EOFError, NotImplementedError, RuntimeError
        When it is damaged.
    """
    size = file.seek(0, io.SEEK_END)
    with zipfile.ZipFile(file) as archive:
        parts = {name.lower(): name for name in archive.namelist()}
        if _BOOK not in parts:
            raise RowError("malformed_xlsx", "a zip, but no workbook of the .xlsx kind")
        found: dict[str, Errors] = {}
        unpacked = 0
        for lower, name in parts.items():
            if not lower.startswith(_READ):
                continue
            errors: Errors = {}
            for chunk in _chunks(archive, name, errors if lower.startswith(_READ[0]) else None):
                unpacked += len(chunk)
                _refuse_a_bomb(size, unpacked)
            found[lower] = errors
        named = _sheet_parts(archive, parts)
    return {sheet: found[part] for sheet, part in named.items() if found.get(part)}


def _refuse_a_bomb(packed: int, unpacked: int) -> None:
    if unpacked > LARGEST or unpacked > max(FREE, LARGEST_RATIO * packed):
        raise RowError(
            "bomb",
            f"{packed:,} bytes unpack to more than {unpacked:,}: at most {LARGEST_RATIO} times as much is "
            f"read beyond {FREE:,} bytes, and no more than {LARGEST:,}",
        )


def _chunks(archive: zipfile.ZipFile, name: str, errors: Errors | None) -> Iterator[bytes]:
    """Yield what a part unpacks to, and note the errors that its cells hold."""
    rest = b""
    with archive.open(name) as part:
        while chunk := part.read(_CHUNK):
            yield chunk
            if errors is None:
                continue
            text, done = rest + chunk, 0
            if b't="e"' in text or b"t='e'" in text:
                for found in _ERROR.finditer(text):
                    _note(errors, found)
                    done = found.end()
            rest = text[max(done, len(text) - _OVERLAP) :]


def _note(errors: Errors, found: re.Match[bytes]) -> None:
    where = _PLACE.search(found[0])
    if where is None:
        return
    column, row = (part.decode() for part in where.groups())
    count, first = errors.get(column, (0, []))
    if len(first) < _SHOWN:
        first = [*first, f"{column}{row} ({found[1].decode('utf-8', 'replace')})"]
    errors[column] = (count + 1, first)


def _sheet_parts(archive: zipfile.ZipFile, parts: Mapping[str, str]) -> dict[str, str]:
    """Return the part that each sheet stands in, in lower case."""
    if _LINKS not in parts:
        return {}
    targets = {
        link["Id"]: posixpath.normpath(posixpath.join("xl", link["Target"])).lstrip("/").lower()
        for link in _elements(archive, parts[_LINKS], "Relationship")
        if {"Id", "Target"} <= link.keys()
    }
    found = {}
    for sheet in _elements(archive, parts[_BOOK], "sheet"):
        link = next((value for key, value in sheet.items() if key.endswith(":id") or key.endswith(" id")), "")
        if link in targets and "name" in sheet:
            found[sheet["name"]] = targets[link]
    return found


def _elements(archive: zipfile.ZipFile, name: str, wanted: str) -> list[dict[str, str]]:
    """Return the attributes of the elements of one name."""
    with archive.open(name) as part:
        data = part.read(_SMALL + 1)
    if len(data) > _SMALL:
        raise RowError("bomb", f"'{name}' unpacks to more than {_SMALL:,} bytes")
    found: list[dict[str, str]] = []

    def start(tag: str, attributes: dict[str, str]) -> None:
        if tag.rpartition(":")[2] == wanted:
            found.append(attributes)

    def refuse(*declaration: object) -> None:
        raise RowError("bomb", "the XML declares entities, which no workbook does")

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.EntityDeclHandler = refuse
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise RowError("malformed_xlsx", f"broken XML: {error}") from None
    return found
