"""The text of a Word file: a zip of XML, read with the standard library alone.

XML that declares entities is refused (a Word file has none: they are bombs), and so is a part that unpacks
to more than `LARGEST_PART`, whatever the zip says of its size.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from typing import Any
from xml.parsers import expat

from trainer.corpus.readers.extracted import Extracted, day, language_code, one_line, paragraphs
from trainer.corpus.readers.rows import RowError

LARGEST_PART = 64 * 1024 * 1024
"""Bytes."""

_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main "
_STRICT = "http://purl.oclc.org/ooxml/wordprocessingml/main "
_FALLBACK = "http://schemas.openxmlformats.org/markup-compatibility/2006 Fallback"


def extract_docx(data: bytes) -> Extracted:
    """Return the paragraphs of a Word file, parted by blank lines, and what its properties say of it.

    Raises
    ------
    RowError
        When it is no Word file, or a bomb.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            body = _Body()
            _parse(_part(archive, "word/document.xml"), body.start, body.end, body.characters)
            about = _properties(archive)
    except (zipfile.BadZipFile, KeyError, NotImplementedError, EOFError) as error:
        raise RowError("malformed_docx", f"not a Word file: {error}") from None
    except RuntimeError as error:  # the zip's own word for a password
        raise RowError("encrypted", str(error)) from None
    except expat.ExpatError as error:
        raise RowError("malformed_docx", f"broken XML: {error}") from None
    return Extracted(
        paragraphs(body.paragraphs),
        title=one_line(about.get("title")),
        date=day(about.get("created")),
        language=language_code(about.get("language")),
    )


def _part(archive: zipfile.ZipFile, name: str) -> bytes:
    with archive.open(name) as part:
        data = part.read(LARGEST_PART + 1)
    if len(data) > LARGEST_PART:
        raise RowError("bomb", f"'{name}' unpacks to more than {LARGEST_PART:,} bytes")
    return data


def _parse(
    data: bytes, start: Callable[..., None], end: Callable[..., None], characters: Callable[..., None]
) -> None:
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = characters
    parser.EntityDeclHandler = _refuse_entities
    parser.Parse(data, True)


def _refuse_entities(*declaration: Any) -> None:
    raise RowError("bomb", "the XML declares entities, which no Word file does")


class _Body:
    """Gathers paragraphs; one inside another, as in a text box, stands by itself."""

    def __init__(self) -> None:
        self.paragraphs: list[str] = []
        self._open: list[list[str]] = []
        self._in_text = False
        self._skipped = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == _FALLBACK or self._skipped:
            self._skipped += 1
            return
        match _local(name):
            case "p":
                self._open.append([])
            case "t":
                self._in_text = True
            case "tab":
                self.characters("\t", always=True)
            case "br" | "cr":
                self.characters("\n", always=True)

    def end(self, name: str) -> None:
        if self._skipped:
            self._skipped -= 1
            return
        match _local(name):
            case "p" if self._open:
                self.paragraphs.append("".join(self._open.pop()))
            case "t":
                self._in_text = False

    def characters(self, text: str, always: bool = False) -> None:
        if self._open and not self._skipped and (self._in_text or always):
            self._open[-1].append(text)


def _local(name: str) -> str | None:
    for space in (_WORD, _STRICT):
        if name.startswith(space):
            return name.removeprefix(space)
    return None


def _properties(archive: zipfile.ZipFile) -> dict[str, str]:
    if "docProps/core.xml" not in archive.namelist():
        return {}
    found: dict[str, str] = {}
    path: list[str] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        path.append(name.rpartition(" ")[2])

    def end(name: str) -> None:
        path.pop()

    def characters(text: str) -> None:
        if len(path) == 2:
            found[path[-1]] = found.get(path[-1], "") + text

    _parse(_part(archive, "docProps/core.xml"), start, end, characters)
    return found
