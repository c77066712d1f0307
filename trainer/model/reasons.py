"""The features of an explanation, brought together into what people read: rules, lexicons, words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from trainer.model.explanations import Contribution, LexiconReason, Reasons, RuleReason, WordReason

if TYPE_CHECKING:
    from trainer.corpus.rules import RuleSet
    from trainer.model.tagger import Tagger

_PIECE = re.compile(r"\S+")
_EDGE = re.compile(r"^\W+|\W+$")
_LEXICON = "lexicon"
Span = tuple[int, int]


def reasons_of(tagger: Tagger, text: str, topic: str) -> Reasons:
    """Return why a model gave a topic its answer; see `Reasons`."""
    found = tagger.explain(text, topic)
    kinds = [contribution.feature.partition(":") for contribution in found.contributions]
    lexicons, others = [], []
    for contribution, (kind, _, name) in zip(found.contributions, kinds, strict=True):
        if kind == _LEXICON:
            terms = dict.fromkeys(text[start:end] for start, end in contribution.spans)
            lexicons.append(LexiconReason(name, contribution.value, tuple(terms)))
        else:
            others.append(contribution)
    return Reasons(
        text=text,
        topic=topic,
        label=found.label,
        score=found.score,
        threshold=found.threshold,
        margin=found.margin,
        intercept=found.intercept,
        rules=tuple(_rules(tagger, text, topic)),
        lexicons=tuple(lexicons),
        words=tuple(_words(text, others)),
        language=tagger.other_language(text),
    )


def _words(text: str, contributions: list[Contribution]) -> list[WordReason]:
    """Give what each feature adds to the word, or words, that it stands in, in equal parts of its places."""
    pieces = [found.span() for found in _PIECE.finditer(text)]
    owner = {place: number for number, (start, end) in enumerate(pieces) for place in range(start, end)}
    values: dict[str, float] = {}
    spans: dict[str, dict[Span, None]] = {}
    for contribution in contributions:
        for start, end in contribution.spans:
            whole = pieces[owner[start]] if start in owner else (start, end)
            if end - 1 in owner:
                whole = (whole[0], pieces[owner[end - 1]][1])
            place = _trimmed(text, whole)
            word = text[place[0] : place[1]].lower()
            values[word] = values.get(word, 0.0) + contribution.value / len(contribution.spans)
            spans.setdefault(word, {})[place] = None
    found = [WordReason(word, value, tuple(sorted(spans[word]))) for word, value in values.items()]
    return sorted(found, key=lambda reason: (-abs(reason.value), reason.word))


def _trimmed(text: str, span: Span) -> Span:
    """Return the place of a word without the marks around it, or all of it when it is only marks."""
    start, end = span
    piece = text[start:end]
    bare = _EDGE.sub("", piece)
    if not bare:
        return span
    at = start + piece.index(bare)
    return at, at + len(bare)


def _rules(tagger: Tagger, text: str, topic: str) -> Iterator[RuleReason]:
    rules = _rule_set(tagger)
    if rules is None:
        return
    for number, start, end in rules.fired(text):
        of_topic, answer = rules.answers[number]
        if of_topic == topic:
            name = rules.authors[number].partition("/")[2].partition("@")[0]
            yield RuleReason(name, answer, text[start:end])


def _rule_set(tagger: Tagger) -> RuleSet | None:
    """Return the rules of the config that a model was trained with, where it says so and there are any."""
    digest, config = tagger.info.get("digest"), tagger.info.get("config") or {}
    if not any(topic.get("rules") for topic in config.get("topics", ())):
        return None
    return _compiled(str(digest), _Held(config))


class _Held:
    """A config that is told apart by the digest beside it alone."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        self.config = config

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Held)

    def __hash__(self) -> int:
        return 0


@lru_cache(maxsize=4)
def _compiled(digest: str, held: _Held) -> RuleSet:
    from trainer.config import config_from_dict
    from trainer.corpus.rules import RuleSet

    config = config_from_dict(held.config)
    return RuleSet(config.topics, config.build.silence_weight, config.lexicons)


def in_one_line(reasons: Reasons, most: int = 8) -> str:
    """Return the reasons as one line for people: answer, rules, lexicons, the weightiest words."""
    parts = [f"probability {reasons.score:.2f}, threshold {reasons.threshold:.2f}"]
    if reasons.rules:
        told = ", ".join(f'{rule.name} says {rule.answer} of "{rule.words}"' for rule in reasons.rules)
        parts.append(f"keyword rules: {told}")
    if reasons.lexicons:
        found = [f"{one.value:+.2f} {one.name} ({', '.join(one.terms)})" for one in reasons.lexicons]
        parts.append(f"lexicons: {', '.join(found)}")
    shown, rest = reasons.words[:most], reasons.words[most:]
    if shown:
        told = ", ".join(f"{found.value:+.2f} {found.word}" for found in shown)
        more = f", {len(rest):,} others {sum(found.value for found in rest):+.2f}" if rest else ""
        parts.append(f"words: {told}{more}")
    return f"{reasons.label}: {'; '.join(parts)}"
