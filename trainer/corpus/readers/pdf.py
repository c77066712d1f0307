"""The text of a PDF, page by page."""

from __future__ import annotations

import io
import re
from typing import Any

from trainer.corpus.readers.extracted import Extracted, day, one_line, paragraphs
from trainer.corpus.readers.rows import RowError

_HYPHEN = re.compile(r"(?<=[a-z])-\n(?=[a-z])")


def extract_pdf(data: bytes) -> Extracted:
    """Return the text of a PDF, its pages parted by blank lines and words at the end of a line joined.

    Raises
    ------
    RowError
        When a password is needed.
    """
    from pypdf import PdfReader
    from pypdf.errors import DependencyError, FileNotDecryptedError

    reader = PdfReader(io.BytesIO(data))
    try:
        if reader.is_encrypted and not reader.decrypt(""):
            raise RowError("encrypted", "the PDF needs a password")
        text = paragraphs(_HYPHEN.sub("", _storable(page.extract_text())) for page in reader.pages)
        about = reader.metadata
    except (DependencyError, FileNotDecryptedError) as error:
        raise RowError("encrypted", f"the PDF is encrypted: {error}") from None
    return Extracted(text, title=one_line(about.title if about else None), date=_created(about))


def _storable(text: str) -> str:
    """Return `text` with U+FFFD for what no text holds: fonts may map their glyphs to anything."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "\ufffd")


def _created(about: Any) -> str | None:
    # Read strictly: the library makes a day of 99 one of 9.
    raw = about.get("/CreationDate") if about else None
    found = re.match(r"D:(\d{4})(\d\d)(\d\d)", raw) if isinstance(raw, str) else None
    return day("-".join(found.groups())) if found else None
