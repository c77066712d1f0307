"""The names of columns: which is which of ours, which is missing, which is not read."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from difflib import get_close_matches

from trainer.corpus.readers.reading import as_option
from trainer.corpus.readers.rows import FIELDS
from trainer.corpus.readers.source import Source

OURS = {
    "sentence_id", "part", "start", "end", "previous", "next", "group", "why", "probability", "note",
    "duplicate_group", "model_version", "model_digest", "document_digest", "review", "scores", "rules",
    "inclusion",
}  # fmt: skip
"""Columns of tables that this package writes, and that say nothing that it reads."""
_ENDS = ("_probability", "_decided_by")
_LIKELY_TEXT = (
    "body",
    "content",
    "article",
    "sentence",
    "message",
    "story",
    "paragraph",
    "abstract",
    "snippet",
)
_SHOWN = 8
"""Columns that a message names."""
_LONGEST = 40
"""Characters of each."""
_LONGEST_LIST = 300
"""Characters of all of them, with escapes."""


def our_name(cell: str, source: Source) -> str:
    """Return the name of a column: `Text` is text, and `Export Controls` the topic export_controls."""
    name, plain = cell.strip(), _plain(cell)
    for ours, theirs in source.columns.items():
        if name == theirs:
            return ours
    if plain in source.columns:
        return f"{name} (theirs)"  # another column is to be taken for it
    return plain if plain in (*FIELDS, *source.known_topics) else name


def twice(names: Sequence[str]) -> tuple[str, int, int] | None:
    """Return the first name that stands twice, and its places from 0."""
    for place, name in enumerate(names):
        if name and names.index(name) < place:
            return name, names.index(name), place
    return None


def missing(there: Sequence[str], source: Source) -> str:
    """Return what to say where a table lacks a column that is needed or named; nothing where it does not."""
    names = {our_name(name, source) for name in there}
    gone = [ours for ours in source.columns if ours not in names]
    if gone and gone != ["text"]:
        return _gone(next(ours for ours in gone if ours != "text"), there, source, "column")
    return missing_text(there, source)


def missing_text(there: Collection[str], source: Source, noun: str = "column") -> str:
    """Return what to say where a table, or an object, has no text; nothing where it has."""
    if any(our_name(name, source) == "text" for name in there):
        return ""
    if "text" in source.columns:
        return _gone("text", there, source, noun)
    likely = _likely_text([name.strip() for name in there])
    hint = f" Is it {likely!r}? Then say {as_option('text', likely)}" if likely else ""
    return f"no {noun} 'text'. There is: {listed(there)}.{hint}"


def _gone(ours: str, there: Collection[str], source: Source, noun: str) -> str:
    theirs = source.columns[ours]
    close = get_close_matches(theirs, [name.strip() for name in there], n=1)
    meant = f" Did you mean {close[0]!r}?" if close else ""
    return f"no {noun} {theirs!r}, which {as_option(ours, theirs)} names.{meant} There is: {listed(there)}."


def unread(there: Sequence[str], source: Source) -> str:
    """Return what to say of columns that are passed over, or nothing; what this package writes is known."""
    known = {*FIELDS, *OURS, *source.known_topics}
    known |= {topic + end for topic in source.known_topics for end in _ENDS}
    names = [name.strip() for name in there if name.strip() and our_name(name, source) not in known]
    return f"columns that are not read: {listed(names)}" if names else ""


def misspelt(names: Sequence[str], topics: Sequence[str]) -> list[tuple[str, str]]:
    """Return columns that are nearly topics, each with the one that is likely meant."""
    found = []
    for name in dict.fromkeys(names):
        close = get_close_matches(_plain(name), topics, n=1, cutoff=0.8) if name not in topics else []
        if close and name not in FIELDS and name not in OURS and not name.endswith(_ENDS):
            found.append((name, close[0]))
    return found


def listed(there: Iterable[str]) -> str:
    """Return the first names, quoted."""
    names = [name.strip() for name in there if name.strip()]
    shown = [repr(name[:_LONGEST]) for name in names[:_SHOWN]]
    more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
    return (", ".join(shown)[:_LONGEST_LIST] or "nothing") + more


def _likely_text(names: Sequence[str]) -> str | None:
    names = [name for name in names if name]
    for name in names:
        if _plain(name) in _LIKELY_TEXT or "text" in _plain(name).split("_"):
            return name
    plain = {_plain(name): name for name in names}
    close = get_close_matches("text", plain, n=1) or [
        other for other in plain if any(likely in other for likely in (*_LIKELY_TEXT, "text"))
    ]
    return plain[close[0]] if close else None


def _plain(cell: str) -> str:
    return cell.strip().lower().replace(" ", "_")
