"""Which encoding a text is in: its mark, then strict UTF-8, then what it declares, then a guess.

UTF-8 comes before a declaration: a text with characters beyond ASCII that decodes as UTF-8 is UTF-8,
whatever a template says of it. A guess must fit well: text in the wrong letters is worse than none.
"""

from __future__ import annotations

import codecs
import io
import re

from trainer.corpus.readers.lines import Bytes
from trainer.corpus.readers.rows import RowError

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it starts with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_WESTERN = "cp1252"
_ONE_BYTE = (_WESTERN, "cp1250", "iso8859_2", "cp1251", "koi8_r", "cp1253", "cp1254", "cp1255", "cp1256")
_CANDIDATES = (*_ONE_BYTE, "gb18030", "big5", "shift_jis", "euc_jp", "euc_kr")
_SAMPLE = 64 * 1024  # bytes that are looked at for a guess
_CHUNK = 1024 * 1024
_DECLARED = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w.:-]{2,40})""", re.IGNORECASE)
_XML = re.compile(rb"""^\s*<\?xml[^>]{0,100}?encoding\s*=\s*["']([\w.:-]{2,40})""")
_BEYOND_ASCII = re.compile(rb"[\x80-\xff]")
_SOUND = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_STOP = re.compile(rb"[\x00\xfe\xff]")  # bytes that Western text has no use for
# What pages declare and what they mean by it (the WHATWG's table); UTF-7 and the like are not honoured.
_MEANT = {"iso8859-1": _WESTERN, "ascii": _WESTERN, "gb2312": "gb18030", "gbk": "gb18030"}
_HONOURED = re.compile(r"cp\d+|iso8859-\d+|koi8-[rut]|mac-\w+|gb18030|big5\w*|shift_jis\w*|euc_\w+|utf-8")


def decoded(data: bytes, *, declares: bool = False, guess: bool = True) -> tuple[str, str]:
    """Decode a whole text; return it without its mark, and the name of its encoding.

    Parameters
    ----------
    declares : bool
        Whether a declaration in the text itself is honoured, as in HTML.
    guess : bool
        False where the format knows UTF-8 alone, or a mark.

    Raises
    ------
    RowError
        With reason ``not_utf8`` for damaged UTF-8, ``unknown_encoding`` when nothing fits well.
    """
    encoding = marked(data)
    if encoding is None:
        encoding = _unmarked(data, _declared(data[:4096]) if declares else None) if guess else "utf-8"
    try:
        text = data.decode("utf-8-sig" if encoding == "utf-8" else encoding)
    except UnicodeDecodeError as error:
        if encoding == "utf-8":
            raise _damaged(error.start, data.count(b"\n", 0, error.start) + 1) from None
        raise RowError("unknown_encoding", f"it starts as {encoding}, but {error.reason}") from None
    return text, encoding


def marked(start: bytes) -> str | None:
    """Return the encoding that a byte-order mark announces."""
    return next((encoding for mark, encoding in _MARKS if start.startswith(mark)), None)


def found_encoding(handle: Bytes) -> str:
    """Return the encoding of a file, reading it to its end or to the first byte that is not UTF-8.

    Damaged UTF-8, and what is in no known encoding, is called UTF-8: each line is judged by itself.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    start = chunk = handle.read(_CHUNK)
    if encoding := marked(start):
        return encoding
    while chunk:
        try:
            decoder.decode(chunk)
        except UnicodeDecodeError:
            where = _BEYOND_ASCII.search(chunk)
            first = where.start() if where else 0
            sample = chunk[max(0, first - 256) : first + _SAMPLE]
            return "utf-8" if _damaged_utf8(sample) else _guessed(sample) or "utf-8"
        chunk = handle.read(_CHUNK)
    return "utf-8"


def as_utf8(handle: Bytes, encoding: str) -> Bytes:
    """Return a stream of the same text in UTF-8."""
    if encoding == "utf-8":
        return handle
    return io.BufferedReader(_Recoded(handle, encoding), buffer_size=64 * 1024)


class _Recoded(io.RawIOBase):
    def __init__(self, handle: Bytes, encoding: str) -> None:
        self._handle, self._rest = handle, b""
        self._decoder = codecs.getincrementaldecoder(encoding)()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while not self._rest:
            data = self._handle.read(64 * 1024)
            try:
                self._rest = self._decoder.decode(data, final=not data).encode("utf-8", "surrogatepass")
            except UnicodeDecodeError as error:
                raise RowError("unknown_encoding", f"it starts as {error.encoding}: {error.reason}") from None
            if not data and not self._rest:
                return 0
        count = min(len(buffer), len(self._rest))
        buffer[:count], self._rest = self._rest[:count], self._rest[count:]
        return count


def _unmarked(data: bytes, declared: str | None) -> str:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        first, line = max(0, error.start - 256), data.count(b"\n", 0, error.start) + 1
        sample = data[first : first + _SAMPLE]
        if declared and declared != "utf-8" and _fits(data, declared):
            return declared
        if _damaged_utf8(sample):
            raise _damaged(error.start, line) from None
        if guess := _guessed(sample):
            return guess
        raise RowError(
            "unknown_encoding", "not UTF-8, and no other encoding fits well: save it as UTF-8", line
        ) from None
    return "utf-8"


def _declared(head: bytes) -> str | None:
    found = _XML.search(head) or _DECLARED.search(head)
    if not found:
        return None
    try:
        name = codecs.lookup(found[1].decode("ascii")).name
    except (LookupError, ValueError):
        return None
    name = _MEANT.get(name, name)
    return name if _HONOURED.fullmatch(name) else None


def _fits(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _damaged_utf8(sample: bytes) -> bool:
    """Tell whether most characters beyond ASCII are sound UTF-8: then no other encoding is meant."""
    sound = _SOUND.findall(sample)
    strays = len(_BEYOND_ASCII.findall(sample)) - sum(map(len, sound))
    return len(sound) >= max(1, strays)


def _guessed(sample: bytes) -> str | None:
    from charset_normalizer import from_bytes

    matches = from_bytes(sample, cp_isolation=list(_CANDIDATES))
    best = matches.best()
    western = next((m for m in matches if _WESTERN in m.could_be_from_charset), None)
    if best is None:
        return None
    plain = _mostly_ascii(sample)
    odd = plain and _STOP.search(sample) is not None
    # Code pages of one family score alike on a few accents; Western is the commonest by far.
    as_good = western and western.chaos <= best.chaos + 0.02 and western.coherence >= best.coherence - 0.1
    if as_good and plain and not odd:
        return _WESTERN
    if best.encoding in _ONE_BYTE and (best.coherence == 0 or odd):
        return None
    return codecs.lookup(best.encoding).name


def _mostly_ascii(sample: bytes) -> bool:
    """Tell whether at most a quarter of the letters, as Western code pages have them, bear accents."""
    letters = sum(map(len, re.findall(rb"[A-Za-z]+", sample)))
    return 3 * len(re.findall(rb"[\xc0-\xff]", sample)) <= letters


def _damaged(position: int, line: int) -> RowError:
    return RowError("not_utf8", f"byte {position} is not valid UTF-8: save it as UTF-8", line)
