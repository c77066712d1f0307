"""Lexicons: lists of names and turns of phrase, found in a text in one pass, whole words only.

A term is one word or several. ``ukrain*`` matches every word that starts so; a term in capitals (``EAR``)
matches capitals only; otherwise case is ignored. Punctuation between words does not count: ``dual use`` finds
"dual-use". ``frozen ~ billion`` finds both parts in this order, at most forty words apart.

Where terms overlap, the one that starts first wins, then the one with more words: a lexicon that lists
"chicken Kyiv" keeps the Kyiv in it from any lexicon of places. Terms with ``~`` neither take words away nor
lose them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import chain
from typing import NamedTuple

_WORD = re.compile(r"\w+")
_TERM_WORD = re.compile(r"\w+\*?")
GAP = "~"
WIDEST_GAP = 40
"""Words; a bound also on the work that a long text can make."""
_MEMO = 200_000
"""Distinct words whose terms are remembered at most."""
Words = tuple[str, ...]
_Terms = dict[str, list[tuple[str, str]]]
"""Lexicon and text of terms by what they begin with."""
_LETTERS = r"[\pL\pM\pN_]"
_BETWEEN = r"[^\pL\pM\pN_]+"
_REST = _LETTERS + "*"


class Find(NamedTuple):
    """A term of a lexicon, and where it stands in the text."""

    lexicon: str
    start: int
    end: int


class _Term(NamedTuple):
    lexicon: str
    parts: tuple[Words, ...]
    capitals: bool
    needs: frozenset[str]
    """Words without which it stands nowhere: most terms that a word begins are ruled out by them."""


class LexiconMatcher:
    """Finds the terms of several lexicons in one pass.

    Parameters
    ----------
    lexicons : mapping of str to sequence of str
        Terms by name of the lexicon.

    Raises
    ------
    ValueError
        When a term holds no word.
    """

    def __init__(self, lexicons: Mapping[str, Sequence[str]]) -> None:
        self.lexicons = {name: tuple(terms) for name, terms in lexicons.items()}
        for name, terms in self.lexicons.items():
            for text in terms:
                if not all(map(_WORD.search, text.split(GAP))):
                    _parsed(name, text)  # says what is wrong
        self._memo: dict[str, tuple[_Term, ...]] = {}

    @cached_property
    def _tables(self) -> tuple[_Terms, _Terms, list[int]]:
        """Terms by their first word and by their first stem, and how long stems are.

        Made when a text is first read here: the compiled engine has tables of its own.
        """
        by_word: _Terms = {}
        by_stem: _Terms = {}
        for name, terms in self.lexicons.items():
            for text in terms:
                first = _first_word(name, text)
                table = by_stem if first.endswith("*") else by_word
                table.setdefault(first.rstrip("*"), []).append((name, text))
        return by_word, by_stem, sorted({len(stem) for stem in by_stem})

    def find(self, text: str) -> Iterator[Find]:
        """Yield the terms in `text`, by where they start; one place may stand in several lexicons."""
        matches = list(_WORD.finditer(text))
        written = [match.group() for match in matches]
        words = [word.lower() for word in written]
        present = set(words)
        free = 0  # the first word that no term without a gap has taken
        for i, word in enumerate(words):
            possible = [term for term in self._candidates(word) if term.needs <= present]
            if not possible:  # nearly every word
                continue
            ends = [(term, end) for term in possible if (end := _end(term, words, written, i))]
            whole = [(term, end) for term, end in ends if len(term.parts) == 1] if i >= free else []
            free = max([free, *(end for _, end in whole)])
            kept = [(term, end) for term, end in whole if end == free]
            kept += [(term, end) for term, end in ends if len(term.parts) > 1]
            for lexicon, end in sorted({(term.lexicon, end) for term, end in kept}):
                yield Find(lexicon, matches[i].start(), matches[end - 1].end())

    def _candidates(self, word: str) -> tuple[_Term, ...]:
        """Return the terms that begin with a word, remembering it: a text says few words, and often.

        Only then are they taken apart: most of thousands of terms stand in no text that is read.
        """
        found = self._memo.get(word)
        if found is None:
            by_word, by_stem, lengths = self._tables
            stems = (by_stem.get(word[:length], ()) for length in lengths if length <= len(word))
            terms = chain(by_word.get(word, ()), *stems)
            found = tuple(_parsed(name, text) for name, text in terms)
            if len(self._memo) < _MEMO:
                self._memo[word] = found
        return found


def term_pattern(text: str) -> str:
    """Return a term as an RE2 pattern that finds what the term finds, edges apart.

    One difference remains: a pattern knows of no other terms, and no longer one takes words from it.
    """
    term = _parsed("", text)

    def word(wanted: str) -> str:
        letters = re.escape(wanted.rstrip("*"))
        return (letters.upper() if term.capitals else letters) + (_REST if wanted.endswith("*") else "")

    gap = f"{_BETWEEN}(?:{_LETTERS}+{_BETWEEN}){{0,{WIDEST_GAP}}}?"
    pattern = gap.join(_BETWEEN.join(map(word, part)) for part in term.parts)
    return f"(?-i:{pattern})" if term.capitals else pattern


def _first_word(lexicon: str, text: str) -> str:
    """Return the word that a term begins with, in small letters."""
    found = _TERM_WORD.search(text.lower()) if GAP not in text else None
    return found.group() if found else _parsed(lexicon, text).parts[0][0]


def _parsed(lexicon: str, text: str) -> _Term:
    parts = tuple([tuple(_TERM_WORD.findall(part.lower())) for part in text.split(GAP)])
    if not all(parts):
        raise ValueError(f"the term {text!r} of lexicon '{lexicon}' must hold a word on each side of '{GAP}'")
    words = chain.from_iterable(parts)
    needs = frozenset([word for word in words if word[-1] != "*"] if "*" in text else words)
    return _Term(lexicon, parts, _is_capitals(text), needs)


def _end(term: _Term, words: list[str], written: list[str], i: int) -> int:
    """Return the word after the last one of a term that starts at word i, 0 where it does not stand there."""
    first, *rest = term.parts
    if not _stands(first, words, i):
        return 0
    if term.capitals and not all(map(_is_capitals, written[i : i + len(first)])):
        return 0
    end = i + len(first)
    for part in rest:
        within = range(end, min(end + WIDEST_GAP, len(words)))
        start = next((at for at in within if _stands(part, words, at)), -1)
        if start < 0:
            return 0
        end = start + len(part)
    return end


def _stands(part: Words, words: list[str], i: int) -> bool:
    if i + len(part) > len(words):
        return False
    return all(
        word.startswith(wanted[:-1]) if wanted.endswith("*") else word == wanted
        for wanted, word in zip(part, words[i : i + len(part)], strict=True)
    )


def _is_capitals(text: str) -> bool:
    return text == text.upper() and text != text.lower()
