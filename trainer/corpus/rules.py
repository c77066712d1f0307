"""Keyword rules: named patterns that vote on the topics of a sentence.

Patterns run on RE2, which is linear in the text whatever the pattern, and match whole words only: a
letter, digit or underscore of any script may not touch the match. Curly apostrophes count as straight ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from trainer.config import Rule, Topic
from trainer.errors import ConfigError
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
    ignore: Any | None
    together: Any | None
    unless: Any | None

    @property
    def author(self) -> str:
        return f"rule:{self.topic}/{self.rule.name}"

    def find(self, text: str) -> tuple[int, int] | None:
        """Return the span of the first match, or None where the rule does not fire."""
        ignored = list(_spans(self.ignore, text)) if self.ignore else []
        for start, end in _spans(self.match, text):
            if not any(a <= start and end <= b for a, b in ignored):
                break
        else:
            return None
        if self.together is not None and self.together.search(text) is None:
            return None
        if self.unless is not None and self.unless.search(text) is not None:
            return None
        return start, end


def _spans(pattern: Any, text: str) -> Iterator[tuple[int, int]]:
    found = pattern.search(text)
    while found:
        start, end = found.span(1)
        yield start, end
        # The edge behind one match may be the edge before the next: go on from the match itself.
        found = pattern.search(text, max(end, start + 1)) if end < len(text) else None


class RuleSet:
    """The rules of all topics, compiled.

    Parameters
    ----------
    topics : sequence of Topic
        From the config.
    silence_weight : float
        Weight of the "no" where no rule of a topic fires; 0 leaves it unknown.

    Raises
    ------
    ConfigError
        When a pattern is not RE2, or a rule does not do what its own examples say.
    """

    def __init__(self, topics: Sequence[Topic], silence_weight: float = 0.0) -> None:
        self.topics = tuple(topic.name for topic in topics)
        self.silence_weight = silence_weight
        self._rules = [_compiled(topic.name, rule) for topic in topics for rule in topic.rules]
        patterns = [pattern for topic in topics for rule in topic.rules for pattern in rule.match]
        # Most sentences match nothing: one pass over all patterns says so. It ignores case, and so may
        # say yes too often, never no.
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

    return _CompiledRule(
        topic, rule, part(rule.match), part(rule.ignore), part(rule.together), part(rule.unless)
    )


def _compile(patterns: Sequence[str], case_sensitive: bool) -> Any:
    import re2

    options = re2.Options()
    options.log_errors = False
    options.case_sensitive = case_sensitive
    options.max_mem = 256 * 1024 * 1024
    choice = "|".join(f"(?:{pattern})" for pattern in patterns)
    return re2.compile(f"(?:^|{_EDGE})({choice})(?:$|{_EDGE})", options)


def _reason(error: Exception) -> str:
    detail = error.args[0] if error.args else error
    return detail.decode("utf-8", "replace") if isinstance(detail, bytes) else str(detail)


def _check_examples(compiled: _CompiledRule) -> None:
    rule = compiled.rule
    wrong = [("should fire on", t) for t in rule.examples.fires if compiled.find(t) is None]
    wrong += [("should be silent on", t) for t in rule.examples.silent if compiled.find(t) is not None]
    if wrong:
        expected, text = wrong[0]
        raise ConfigError(f"rule '{rule.name}' of topic '{compiled.topic}' {expected} its example {text!r}")
