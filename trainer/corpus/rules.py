"""Keyword rules: named patterns that vote on the topics of a sentence.

Patterns run on RE2, which is linear in the text whatever the pattern, and match whole words only: a
letter, digit or underscore of any script may not touch the match. Curly apostrophes count as straight ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from trainer.config import Lexicon, Rule, Topic
from trainer.errors import ConfigError, did_you_mean
from trainer.lexicons import term_pattern
from trainer.records import Vote

SILENCE = "silence"
"""Author of the "no" that stands where no rule of a topic fires."""

_STRAIGHT = str.maketrans("‘’", "''")  # one for one, so that offsets stay
_EDGE = r"[^\pL\pM\pN_]"


@dataclass(frozen=True, slots=True)
class _CompiledRule:
    topic: str
    rule: Rule
    match: Any
    ignore: tuple[Any, ...]
    together: Any | None
    unless: Any | None

    @property
    def author(self) -> str:
        return f"rule:{self.topic}/{self.rule.name}"

    def find(self, text: str) -> tuple[int, int] | None:
        """Return the span of the first match, or None where the rule does not fire."""
        data = text.encode()  # RE2 works on bytes, and would encode the text anew at every search
        found = self._not_ignored(data)
        if found is None:
            return None
        if self.together is not None and self.together.search(data) is None:
            return None
        if self.unless is not None and self.unless.search(data) is not None:
            return None
        start, end = (len(data[:offset].decode()) for offset in found)
        return start, end

    def _not_ignored(self, data: bytes) -> tuple[int, int] | None:
        ignored = sorted(span for pattern in self.ignore for span in _spans(pattern, data))
        reach = passed = 0
        for start, end in _spans(self.match, data):
            while passed < len(ignored) and ignored[passed][0] <= start:
                reach = max(reach, ignored[passed][1])
                passed += 1
            if end > reach:
                return start, end
        return None


def _spans(pattern: Any, data: bytes) -> Iterator[tuple[int, int]]:
    found = pattern.search(data)
    while found:
        start, end = found.span(1)
        yield start, end
        # The edge behind one match may be the edge before the next: go on from the match itself.
        found = pattern.search(data, max(end, start + 1)) if end < len(data) else None


class RuleSet:
    """The rules of all topics, compiled.

    Parameters
    ----------
    topics : sequence of Topic
        From the config.
    silence_weight : float
        Weight of the "no" where no rule of a topic fires; 0 leaves it unknown.
    lexicons : sequence of Lexicon
        What ``@name`` stands for in the rules.

    Raises
    ------
    ConfigError
        When a pattern is not RE2, a lexicon is not there, or a rule does not do what its own examples say.
    """

    def __init__(
        self, topics: Sequence[Topic], silence_weight: float = 0.0, lexicons: Sequence[Lexicon] = ()
    ) -> None:
        topics = [_expanded(topic, lexicons) for topic in topics]
        self.topics = tuple(topic.name for topic in topics)
        self.silence_weight = silence_weight
        self._rules = [_compiled(topic.name, rule) for topic in topics for rule in topic.rules]
        # Most sentences match nothing: one pass over all patterns says so.
        patterns = [
            f"(?-i:{pattern})" if rule.case_sensitive else pattern
            for topic in topics
            for rule in topic.rules
            for pattern in rule.match
        ]
        self._any = _compile(patterns, case_sensitive=False) if patterns else None
        for compiled in self._rules:
            _check_examples(compiled)

    def votes(self, text: str) -> list[Vote]:
        """Return all votes on one sentence, in the order of the config, silence last."""
        return self.with_silence(self.fired(text), text)

    def fired(self, text: str) -> list[Vote]:
        """Return the votes of the rules that fire."""
        text = text.translate(_STRAIGHT)
        if self._any is None or self._any.search(text) is None:
            return []
        return [
            Vote(compiled.topic, compiled.rule.vote, compiled.author, *span, compiled.rule.weight)
            for compiled in self._rules
            if (span := compiled.find(text))
        ]

    def with_silence(self, fired: Sequence[Vote], text: str) -> list[Vote]:
        """Add the light "no" on every topic of which no rule fired."""
        if self.silence_weight == 0:
            return list(fired)
        heard = {vote.topic for vote in fired}
        silent = [topic for topic in self.topics if topic not in heard]
        return [
            *fired,
            *(Vote(topic, "no", SILENCE, 0, len(text), self.silence_weight) for topic in silent),
        ]


def _expanded(topic: Topic, lexicons: Sequence[Lexicon]) -> Topic:
    """Put the terms of a lexicon where a rule names it."""
    terms = {lexicon.name: lexicon.terms for lexicon in lexicons}

    def patterns(rule: Rule, written: Sequence[str]) -> Iterator[str]:
        for pattern in written:
            name = pattern.removeprefix("@")
            if name == pattern:
                yield pattern
            elif name in terms:
                yield from map(term_pattern, terms[name])
            else:
                raise ConfigError(
                    f"rule '{rule.name}' of topic '{topic.name}': no lexicon '{name}'",
                    hint=did_you_mean(name, terms),
                )

    def expanded(rule: Rule) -> Rule:
        keys = ("match", "ignore", "together", "unless")
        return rule.model_copy(update={key: tuple(patterns(rule, getattr(rule, key))) for key in keys})

    return topic.model_copy(update={"rules": tuple(map(expanded, topic.rules))})


def _compiled(topic: str, rule: Rule) -> _CompiledRule:
    def part(patterns: Sequence[str]) -> Any | None:
        for pattern in patterns:  # one by one first, so that the broken one is named
            try:
                _compile([pattern], rule.case_sensitive)
            except Exception as error:
                raise ConfigError(
                    f"rule '{rule.name}' of topic '{topic}': {pattern!r} is not RE2: {_reason(error)}",
                    hint="RE2 has no look-around and no back-references.",
                ) from None
        return _compile(patterns, rule.case_sensitive) if patterns else None

    ignore = tuple(part([pattern]) for pattern in rule.ignore)
    return _CompiledRule(topic, rule, part(rule.match), ignore, part(rule.together), part(rule.unless))


def _compile(patterns: Sequence[str], case_sensitive: bool) -> Any:
    import re2

    options = re2.Options()
    options.log_errors = False
    options.case_sensitive = case_sensitive
    options.max_mem = 256 * 1024 * 1024
    choice = "|".join(f"(?:{pattern.translate(_STRAIGHT)})" for pattern in patterns)
    return re2.compile(f"(?:^|{_EDGE})({choice})(?:$|{_EDGE})", options)


def _reason(error: Exception) -> str:
    detail = error.args[0] if error.args else error
    return detail.decode("utf-8", "replace") if isinstance(detail, bytes) else str(detail)


def _check_examples(compiled: _CompiledRule) -> None:
    rule = compiled.rule

    def fires(text: str) -> bool:
        return compiled.find(text.translate(_STRAIGHT)) is not None

    wrong = [("should fire on", t) for t in rule.examples.fires if not fires(t)]
    wrong += [("should be silent on", t) for t in rule.examples.silent if fires(t)]
    if wrong:
        expected, text = wrong[0]
        raise ConfigError(f"rule '{rule.name}' of topic '{compiled.topic}' {expected} its example {text!r}")
