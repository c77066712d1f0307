"""Which language a sentence is plainly in: by its script, or by the small words that every sentence has.

Function words tell languages apart better than anything else of their size (Grefenstette 1995, "Comparing two
language identification schemes"): a dozen of them is a third of any running text. A sentence is taken for
another language only when words of that language outnumber by far those of all others; where it is short, or
all names and numbers, nobody is taken for anything.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from itertools import chain
from pathlib import Path

_WORD = re.compile(r"[^\W\d_]+")
_ASCII_WORD = re.compile("[A-Za-z]+")
_CAPITALS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_SCRIPTS = (
    ("el", "\u0370-\u03ff"), ("ru", "\u0400-\u04ff"), ("hy", "\u0530-\u058f"), ("he", "\u0590-\u05ff"),
    ("ar", "\u0600-\u06ff"), ("hi", "\u0900-\u097f"), ("bn", "\u0980-\u09ff"), ("ta", "\u0b80-\u0bff"),
    ("th", "\u0e00-\u0e7f"), ("ka", "\u10a0-\u10ff"), ("ja", "\u3040-\u30ff"), ("zh", "\u4e00-\u9fff"),
    ("ko", "\uac00-\ud7af"),
)  # fmt: skip
_OTHER_LETTERS = f"[{''.join(span for _, span in _SCRIPTS)}]"
"""Not compiled before a text has other letters than ASCII's: most have none. The same holds for the next."""
_TELLING = {
    "uk": "[іїєґІЇЄҐ]", "be": "[ўЎ]", "bg": "(?i)ъ[а-я]", "sr": "[јљњћђџЈЉЊЋЂЏ]", "fa": "[پچژگی]",
    "ja": "[\u3040-\u30ff]",
}  # fmt: skip
"""Letters that one language of a script has and its larger neighbour has not."""
_SHARE = 0.5
"""Of the letters, from which another script is the sentence's own, and not that of a name in it."""
_FEWEST = 2
"""Function words that a sentence must have of a language to be taken for it."""
_WEIGHT = 7
"""And one word in so many at least."""
_LETTERS = [
    (frozenset(letters), codes.split())
    for letters, codes in {
        "řěů": "cs", "łąęż": "pl", "ğı": "tr", "şç": "tr", "őű": "hu", "șță": "ro", "äö": "de fi sv",
        "åö": "sv", "ß": "de", "å": "da no sv", "øæ": "da no", "đơưạảấầậắếềệịọốộớờợụủứừ": "vi", "ãõ": "pt",
        "ñ": "es", "çêèù": "fr", "čšž": "cs hr sk", "ľĺŕô": "sk", "ðþ": "is", "ėųį": "lt", "āēīū": "lv",
    }.items()
]  # fmt: skip
"""Letters that speak for a language, in words that begin small."""


@lru_cache(maxsize=1)
def _function_words() -> tuple[dict[str, tuple[str, ...]], frozenset[str]]:
    """Return word -> the languages other than English that it is a function word of; and those of English."""
    # By path: importlib.resources costs more than all else that one prediction imports here.
    data = json.loads((Path(__file__).parent / "data" / "function_words.json").read_bytes())
    english = frozenset(data.pop("en").split())
    found: dict[str, list[str]] = {}
    for language, words in data.items():
        for word in words.split():
            found.setdefault(word, []).append(language)
    return {word: tuple(languages) for word, languages in found.items()}, english


def language_of(text: str) -> str | None:
    """Return the ISO 639-1 code of the language that a sentence is plainly in, or None.

    ``und`` stands for a language that is plainly not English, and that cannot be told.
    """
    if found := _by_script(text):
        return found
    table, english = _function_words()
    written = _written(text)
    words = set(map(str.lower, written))
    mine = len(words & english)
    if mine >= _FEWEST and 3 * mine >= len(words):
        return "en"  # most sentences end here
    strange = [word for word in written if not word.isascii() and word.islower()]
    spoken = [*map(table.__getitem__, words & table.keys()), *map(_by_letter, strange)]
    counts = Counter(chain.from_iterable(spoken))
    most = max(counts.values(), default=0)
    # Names keep their letters in English: only words in small letters speak.
    foreign = max(most, len(strange)) >= max(_FEWEST, 2 * mine + 1) and _WEIGHT * most >= len(words)
    if foreign or (len(strange) >= _FEWEST + mine and _WEIGHT * len(strange) >= len(words)):
        return min(counts, key=lambda code: (-counts[code], code), default="und")
    return "en" if mine >= _FEWEST else None


def _written(text: str) -> set[str]:
    """Return the words of a text, but for capitals alone: those are initials, as in Washington, D.C."""
    if text.isascii():
        return set(_ASCII_WORD.findall(text)).difference(_CAPITALS)
    return {word for word in _WORD.findall(text) if len(word) > 1 or word.islower()}


def _by_letter(word: str) -> Iterator[str]:
    for letters, codes in _LETTERS:
        if not letters.isdisjoint(word):
            yield from codes


def _by_script(text: str) -> str | None:
    others = [] if text.isascii() else re.findall(_OTHER_LETTERS, text)
    letters = sum(map(str.isalpha, text)) if others else 0
    if not letters or len(others) < _SHARE * letters:  # there may be marks only
        return None
    counts = {code: len(re.findall(f"[{span}]", text)) for code, span in _SCRIPTS}
    best = max(counts, key=lambda code: counts[code])
    near = {"ru": ("uk", "be", "sr", "bg"), "ar": ("fa",), "zh": ("ja",)}.get(best, ())
    return next((code for code in near if len(re.findall(_TELLING[code], text)) >= 2), best)
