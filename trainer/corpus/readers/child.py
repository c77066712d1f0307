"""The process in which pages, PDFs and Word files are taken apart, one after another.

It is asked with a line of JSON (kind and size) and the bytes; it answers with a line that says how many
bytes follow, and those: a JSON object, the fields of `Extracted` or a ``reason`` and a ``detail``.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from typing import Any

from trainer.corpus.readers.extracted import Extracted
from trainer.corpus.readers.rows import RowError


def serve(memory: int, seconds: int) -> None:
    """Answer until there are no more questions.

    Parameters
    ----------
    memory : int
        Bytes of address space.
    seconds : int
        The process ends when one answer takes longer; whoever asked has ended it before that, if alive.
    """
    # What a library prints must not get into the answers.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    _limit(memory)
    while header := sys.stdin.buffer.readline():
        kind, size = json.loads(header)
        with alarmed(seconds):
            payload = json.dumps(_answer(kind, sys.stdin.buffer.read(size)), ensure_ascii=False)
            data = payload.encode("utf-8", "surrogatepass")
        answers.write(b"%d\n%b" % (len(data), data))
        answers.flush()


@contextmanager
def alarmed(seconds: int) -> Iterator[None]:
    """End this process when what is inside takes longer; waiting for a question may take any time."""
    alarm = getattr(signal, "alarm", lambda seconds: None)  # Windows has none
    alarm(seconds)
    yield
    alarm(0)


def _limit(memory: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to act on
    with suppress(ImportError, ValueError, OSError):  # Windows has none
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def _answer(kind: str, data: bytes) -> dict[str, Any]:
    try:
        return asdict(_extract(kind, data))
    except RowError as error:
        return {"reason": error.reason, "detail": error.detail}
    except ModuleNotFoundError as error:
        return {"reason": "missing_extra", "detail": f'{error}: pip install "topic-trainer[{kind}]"'}
    except MemoryError:
        return {"reason": "too_much_memory", "detail": "it needs more memory than is given to one file"}
    except Exception as error:  # a library's way of saying that the file is broken
        return {"reason": f"malformed_{kind}", "detail": f"{type(error).__name__}: {str(error)[:200]}"}


def _extract(kind: str, data: bytes) -> Extracted:
    match kind:
        case "html":
            from trainer.corpus.readers.html import extract_html

            return extract_html(data)
        case "pdf":
            from trainer.corpus.readers.pdf import extract_pdf

            return extract_pdf(data)
        case "docx":
            from trainer.corpus.readers.docx import extract_docx

            return extract_docx(data)
        case _:
            raise RowError("unsupported_type", f"nothing here takes apart {kind!r}")
