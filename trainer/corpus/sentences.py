"""Cutting a text into sentences with exact offsets.

The boundaries are sentencex's; around it stand the guards that real text needs: it is quadratic on one
long paragraph, it leaves white space on its pieces, it cuts after "1." and "a.m.",
and it never cuts inside quotation marks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from trainer.errors import UsageError
from trainer.storage import sha256

LONGEST_PARAGRAPH = 20_000
"""Code points; a longer paragraph is cut at white space first."""

LONGEST_QUOTATION = 300
"""Code points; sentencex keeps a quotation whole, a longer one is cut into its sentences."""

_QUOTES_AS_SPACES = dict.fromkeys(map(ord, '"“”„«»'), " ")
_BLANK_LINE = re.compile(r"\n[^\S\n]*\n\s*")
_ENUMERATOR = re.compile(r"[(\[]?(?:\d{1,3}|[a-zA-Z]|[ivxIVX]{1,4})[.)\]]")
_NEVER_LAST = re.compile(r".*(?:\b[ap]\.m|\b(?:Ms|Mr|Mrs|Messrs)|\bNon-U)\.", re.DOTALL)
_ABBREVIATED_NUMBER = re.compile(r".*\b(?:Nos?|Arts?|Secs?|pp?|vols?|ch|para|cf)\.", re.DOTALL)

Span = tuple[int, int]


def sentence_spans(text: str) -> Iterator[Span]:
    """Yield where each sentence of `text` starts and ends, in code points.

    Spans ascend, do not overlap, and neither start nor end in white space; what lies between them is
    white space only.
    """
    for start, end in _paragraphs(text):
        pieces = [_stripped(text, start + a, start + b) for a, b in _boundaries(text[start:end])]
        yield from _rejoined(text, [piece for piece in pieces if piece[0] < piece[1]])


def sentence_id(doc_id: str, start: int, text: str) -> str:
    """Return the id of a sentence: the same text at the same place of the same document, the same id."""
    key = f"{doc_id}\0{start}\0{text}"
    return f"s-{sha256(key.encode())[:16]}"


def _paragraphs(text: str) -> Iterator[Span]:
    start = 0
    for gap in _BLANK_LINE.finditer(text):
        yield from _capped(text, start, gap.start())
        start = gap.end()
    yield from _capped(text, start, len(text))


def _capped(text: str, start: int, end: int) -> Iterator[Span]:
    while end - start > LONGEST_PARAGRAPH:
        cut = text.rfind(" ", start + LONGEST_PARAGRAPH // 2, start + LONGEST_PARAGRAPH)
        cut = cut + 1 if cut > 0 else start + LONGEST_PARAGRAPH
        yield start, cut
        start = cut
    if start < end:
        yield start, end


def _boundaries(paragraph: str) -> Iterator[Span]:
    # A Rust library, loaded when a document is first cut; the wheel of a model comes without it.
    try:
        import sentencex
    except ModuleNotFoundError as error:
        raise UsageError(
            "cutting a text into sentences needs sentencex, which is not installed",
            hint="pip install sentencex. `predict` takes a text as it is, and does not need it.",
        ) from error

    def cut(text: str, offset: int) -> Iterator[Span]:
        for piece in sentencex.get_sentence_boundaries("en", text):
            yield offset + piece["start_index"], offset + piece["end_index"]

    for start, end in cut(paragraph, 0):
        quoted = paragraph[start:end].translate(_QUOTES_AS_SPACES)
        if end - start > LONGEST_QUOTATION and quoted != paragraph[start:end]:
            yield from cut(quoted, start)
        else:
            yield start, end


def _stripped(text: str, start: int, end: int) -> Span:
    piece = text[start:end]
    return start + len(piece) - len(piece.lstrip()), start + len(piece.rstrip())


def _rejoined(text: str, pieces: list[Span]) -> Iterator[Span]:
    """Give a piece back to its left neighbour where the cut between them was wrong."""
    held: Span | None = None
    for start, end in pieces:
        if held and _hangs_on(text[max(held[0], held[1] - 12) : held[1]], text[start]):
            held = (held[0], end)
            continue
        if held:
            yield held
        held = (start, end)
    if held:
        yield held


def _hangs_on(left: str, following: str) -> bool:
    """Tell whether no sentence ends between `left` (at most 12 characters) and what follows."""
    if following.islower() or _ENUMERATOR.fullmatch(left) or _NEVER_LAST.fullmatch(left):
        return True
    return following.isdigit() and _ABBREVIATED_NUMBER.fullmatch(left) is not None
