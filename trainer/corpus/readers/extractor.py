"""Taking text out of files that could be made to do harm: in a child process, with limits.

One child serves many files. It is started for the first one, and again after it died.
"""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from threading import Event, Timer
from typing import Any

from trainer.corpus.readers.encodings import decoded
from trainer.corpus.readers.extracted import Extracted
from trainer.corpus.readers.lines import Bytes
from trainer.corpus.readers.rows import RowError, checked_text
from trainer.corpus.readers.source import LARGEST_DOCUMENT, Record, Source, document_bytes
from trainer.records import Document

SECONDS = 8
"""For one file; with the start of the child, a bad file is done with in 10."""

MEMORY = 448 * 1024**2
"""Bytes of address space of the child."""

LARGEST_TEXT = LARGEST_DOCUMENT
"""Bytes of what the child answers."""

_START = """import sys
sys.path.insert(0, sys.argv[1])
from trainer.corpus.readers.child import serve
serve({}, {})"""


class Extractor:
    """A child process that takes text out of pages, PDFs and Word files."""

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None

    def read(self, handle: Bytes, source: Source) -> Record:
        """Return the document that a file is.

        Raises
        ------
        RowError
            When it cannot be used.
        """
        data = document_bytes(handle)
        if not data:
            raise RowError("empty_text", "the file is empty")
        kind, encoding, body = source.format, None, data
        if kind in ("html", "htm"):
            text, encoding = decoded(data, declares=True)
            if "\0" in text:
                raise RowError("nul_byte", "the page holds a NUL byte")  # a browser would drop it unseen
            kind, body = "html", text.encode()
        found = self.extract(kind, body)
        return Document(
            source.name, checked_text(found.text), found.title or source.title, found.source, found.date,
            found.url, found.language, format=kind, encoding=encoding, size=len(data), at=source.at,
        )  # fmt: skip

    def extract(self, kind: str, data: bytes) -> Extracted:
        """Return what is in the bytes of a page (in UTF-8), a PDF or a Word file.

        Parameters
        ----------
        kind : {"html", "pdf", "docx"}

        Raises
        ------
        RowError
            When it cannot be taken apart within the limits.
        """
        child = self._running()
        late = Event()

        def end() -> None:
            late.set()
            child.kill()

        watch = Timer(SECONDS, end)
        watch.daemon = True
        watch.start()
        try:
            answer = _ask(child, kind, data)
        except RowError:
            self.close()
            raise
        except (OSError, ValueError):
            self.close()
            if late.is_set():
                raise RowError("too_slow", f"not taken apart in {SECONDS} seconds") from None
            raise RowError("crashed", "the process that takes files apart died of it") from None
        finally:
            watch.cancel()
        if reason := answer.get("reason"):
            if reason == "too_much_memory":
                self.close()  # what is left of it may be in pieces
            raise RowError(reason, answer["detail"])
        return Extracted(**answer)

    def _running(self) -> subprocess.Popen[bytes]:
        if self._child is not None and self._child.poll() is not None:
            self.close()  # it died of something else, between two files
        if self._child is None:
            # -P and the path: what lies in the folder of the user is never imported.
            start = _START.format(MEMORY, SECONDS + 2)
            home = str(Path(__file__).parents[3])
            self._child = subprocess.Popen(  # noqa: S603  (our own interpreter and code)
                [sys.executable, "-P", "-c", start, home],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        return self._child

    def close(self) -> None:
        """End the child."""
        child, self._child = self._child, None
        if child is None:
            return
        child.kill()
        for stream in (child.stdin, child.stdout):
            with suppress(OSError):  # what was not sent cannot be sent any more
                if stream:
                    stream.close()
        child.wait()

    def __enter__(self) -> Extractor:
        return self

    def __exit__(self, *raised: Any) -> None:
        self.close()


def _ask(child: subprocess.Popen[bytes], kind: str, data: bytes) -> dict[str, Any]:
    assert child.stdin is not None  # noqa: S101  (for the type checker: both are pipes)
    assert child.stdout is not None  # noqa: S101
    child.stdin.write(json.dumps([kind, len(data)]).encode() + b"\n" + data)
    child.stdin.flush()
    size = int(child.stdout.readline(20))  # nothing at all when it died
    if size > LARGEST_TEXT:
        raise RowError("too_large", f"more than {LARGEST_TEXT:,} bytes of text")
    answer = json.loads(child.stdout.read(size))
    if not isinstance(answer, dict):
        raise ValueError("not an answer")
    return answer
