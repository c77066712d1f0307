"""Keyword rules: named patterns that vote on the topics of a sentence.

Patterns run on RE2, which is linear in the text whatever the pattern, and match whole words only: a
letter, digit or underscore of any script may not touch the match. Curly apostrophes count as straight ones.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from trainer.config import Lexicon, Rule, Topic
from trainer.errors import ConfigError, did_you_mean
from trainer.lexicons import term_pattern
from trainer.records import Answer, Vote
from trainer.storage import sha256

SILENCE = "silence"
"""Author of the "no" that stands where no rule of a topic fires."""

_STRAIGHT = str.maketrans("‘’", "''")  # one for one, so that offsets stay
_EDGE = r"[^\pL\pM\pN_]"


@dataclass(frozen=True, slots=True)
class _CompiledRule:
    topic: str
    rule: Rule
    author: str
    match: Any
    ignore: tuple[Any, ...]
    together: Any | None
    unless: Any | None

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
        self.weights = tuple(compiled.rule.weight for compiled in self._rules)
        self._first_look = _first_look(self._rules)
        for compiled in self._rules:
            _check_examples(compiled)

    @property
    def authors(self) -> tuple[str, ...]:
        """Author of the votes of each rule: ``rule:<topic>/<rule>@<version>``, in the order of the config.

        The version is made from what the rule says: a rule that was edited is another author.
        """
        return tuple(compiled.author for compiled in self._rules)

    @property
    def answers(self) -> tuple[tuple[str, Answer], ...]:
        """Topic and answer of each rule."""
        return tuple((compiled.topic, compiled.rule.vote) for compiled in self._rules)

    def fired(self, text: str) -> list[tuple[int, int, int]]:
        """Return which rules fire on a sentence: their number, and the span that made them."""
        text = text.translate(_STRAIGHT)
        # Most sentences match nothing: one pass over all patterns says so.
        if self._first_look is None or self._first_look.search(text) is None:
            return []
        return [(n, *span) for n, compiled in enumerate(self._rules) if (span := compiled.find(text))]

    def vote(self, number: int, start: int, end: int, weight: float | None = None) -> Vote:
        """Return the vote that a rule casts where it fires."""
        compiled = self._rules[number]
        weight = compiled.rule.weight if weight is None else weight
        return Vote(compiled.topic, compiled.rule.vote, compiled.author, start, end, weight)

    def votes(self, text: str) -> list[Vote]:
        """Return the votes on one sentence, in the order of the config, silence last."""
        return self.with_silence([self.vote(*fired) for fired in self.fired(text)], text)

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
                _refuse_broken(pattern)
            except Exception as error:
                raise ConfigError(
                    f"rule '{rule.name}' of topic '{topic}': {pattern!r} is not RE2: {_reason(error)}",
                    hint="RE2 has no look-around and no back-references.",
                ) from None
        return _compile(patterns, rule.case_sensitive) if patterns else None

    ignore = tuple(part([pattern]) for pattern in rule.ignore)
    author = f"rule:{topic}/{rule.name}@{_version(rule)}"
    return _CompiledRule(
        topic, rule, author, part(rule.match), ignore, part(rule.together), part(rule.unless)
    )


def _version(rule: Rule) -> str:
    """Return eight characters that change when what the rule says does."""
    said = rule.model_dump(
        mode="json", include={"match", "ignore", "together", "unless", "vote", "case_sensitive"}
    )
    return sha256(json.dumps(said, sort_keys=True).encode())[:8]


def _first_look(rules: Sequence[_CompiledRule]) -> Any | None:
    """Return one pattern that matches wherever any of the rules' patterns does.

    Not ``re2.Set``, which would say which of them, but says "none" when its automaton outgrows the memory.
    """
    patterns = [
        f"(?-i:{pattern})" if compiled.rule.case_sensitive else pattern
        for compiled in rules
        for pattern in compiled.rule.match
    ]
    return _compile(patterns, case_sensitive=False) if patterns else None


def _refuse_broken(pattern: str) -> None:
    """Raise what RE2 says of a pattern as it stands: "a)(b" is broken, though in brackets it is not."""
    import re2

    options = re2.Options()
    options.log_errors = False
    re2.compile(pattern, options)


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
