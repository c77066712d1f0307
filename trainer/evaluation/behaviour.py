"""Whether a tagger behaves as it should: small cases that a person wrote down, not labelled text.

The three kinds are those of CheckList (Ribeiro, Wu, Guestrin and Singh, ACL 2020): minimum functionality,
where a text has these topics; invariance, where a change changes nothing that matters; and direction, where
a change should move the probability one way.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from trainer.config import shipped_folder
from trainer.config.locate import line_of
from trainer.errors import ConfigError, NotFoundError, did_you_mean
from trainer.intervals import wilson
from trainer.model.predictions import Prediction
from trainer.model.tagger import Tagger

Kind = Literal["minimum", "invariance", "direction"]
MOST_TRIALS = 1_000
"""Of one case: blanks that are filled in multiply."""
SHOWN = 5
"""Failures of a case that are told in full."""
_BLANK = re.compile(r"\{([a-z_]+)\}")


class Case(BaseModel):
    """One case of the file.

    Attributes
    ----------
    name : str
    kind : {"minimum", "invariance", "direction"}
    capability : str
        What it is about, as ``negation`` or ``typos``.
    texts : tuple of str
        Of ``minimum``: every one is a trial.
    expected : tuple of str
        Topics that each of `texts` has; every other topic it has not.
    text : str
        Of the other kinds: what the variants are held against.
    variants : tuple of str
    topic : str
        Of ``direction``.
    moves : {"up", "down"}
        Which way the probability of `topic` goes from the text to a variant.
    by : float
        How much at least.
    fill : mapping
        What stands for ``{word}`` in the texts: each choice is a trial, the same one in text and variant.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1)
    kind: Kind
    capability: str = Field(min_length=1)
    texts: tuple[str, ...] = ()
    expected: tuple[str, ...] | None = None
    text: str = ""
    variants: tuple[str, ...] = ()
    topic: str = ""
    moves: Literal["up", "down"] | None = None
    by: float = Field(default=0.0, ge=0, lt=1)
    fill: dict[str, tuple[str, ...]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Case:
        wanted = {"minimum": {"texts", "expected"}, "invariance": {"text", "variants"}}
        needs = wanted.get(self.kind, {"text", "variants", "topic", "moves"})
        given = {key for key in ("texts", "text", "variants", "topic", "moves") if getattr(self, key)}
        given |= {"expected"} if self.expected is not None else set()
        for key in sorted(needs ^ given):
            verb = "needs" if key in needs else "takes no"
            raise ValueError(f"a case of kind '{self.kind}' {verb} '{key}'")
        blanks = {blank for text in self.all_texts for blank in _BLANK.findall(text)}
        if blanks != set(self.fill):
            odd = min(blanks ^ set(self.fill))
            raise ValueError(f"'{odd}' must stand both in fill and, as {{{odd}}}, in a text")
        trials = max(len(self.texts), len(self.variants))
        for choices in self.fill.values():
            trials *= len(choices)
        if not 0 < trials <= MOST_TRIALS:
            raise ValueError(f"it makes {trials:,} trials; 1 to {MOST_TRIALS:,} are run")
        return self

    @property
    def all_texts(self) -> tuple[str, ...]:
        """Every text of it, with its blanks."""
        return (*self.texts, *((self.text,) if self.text else ()), *self.variants)

    @property
    def topics(self) -> tuple[str, ...]:
        """The topics that it names."""
        return (*(self.expected or ()), *((self.topic,) if self.topic else ()))


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    cases: tuple[Case, ...] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class Failure:
    """A trial that went otherwise.

    Attributes
    ----------
    text : str
    wanted, got : str
        In words.
    """

    text: str
    wanted: str
    got: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one case.

    Attributes
    ----------
    trials, failed : int
    failures : tuple of Failure
        The first ones.
    """

    name: str
    kind: Kind
    capability: str
    topics: tuple[str, ...]
    trials: int
    failed: int
    failures: tuple[Failure, ...]


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What came of all cases.

    Attributes
    ----------
    outcomes : tuple of Outcome
        In the order of the file.
    left_out : tuple of str
        Names of cases on topics that the model does not have.
    """

    outcomes: tuple[Outcome, ...]
    left_out: tuple[str, ...] = ()

    @property
    def failed(self) -> tuple[Outcome, ...]:
        """The cases with a trial that failed, most failures first."""
        some = [one for one in self.outcomes if one.failed]
        return tuple(sorted(some, key=lambda one: -one.failed / one.trials))

    def rates(self) -> dict[str, dict[str, dict[str, Any]]]:
        """Return how many cases failed, by kind, by capability and by topic, with Wilson's intervals.

        A case counts once, however many trials it makes: trials of one case are no independent evidence.
        """
        ways: dict[str, Callable[[Outcome], Iterable[str]]] = {
            "kind": lambda one: (one.kind,),
            "capability": lambda one: (one.capability,),
            "topic": lambda one: one.topics or ("none",),
        }
        found: dict[str, dict[str, dict[str, Any]]] = {}
        for way, names in ways.items():
            groups: dict[str, list[Outcome]] = {}
            for one in self.outcomes:
                for name in dict.fromkeys(names(one)):
                    groups.setdefault(name, []).append(one)
            found[way] = {name: _rate(groups[name]) for name in sorted(groups)}
        return found

    def to_dict(self) -> dict[str, Any]:
        """Return what ``trainer eval --behaviour --json`` prints under ``behaviour``."""
        return {
            "cases": len(self.outcomes),
            "failed": len(self.failed),
            "left_out": list(self.left_out),
            "rates": self.rates(),
            "outcomes": [asdict(one) for one in self.outcomes],
        }


def _rate(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    failed, n = sum(one.failed > 0 for one in outcomes), len(outcomes)
    return {"cases": n, "failed": failed, "rate": failed / n, "rate_interval": list(wilson(failed, n))}


def load_cases(path: str | Path | None = None) -> tuple[Case, ...]:
    """Read a file of cases; else the one that ships.

    Raises
    ------
    ConfigError
        With file, line and the name of the case.
    NotFoundError
    """
    file = shipped_folder() / "behaviour.toml" if path is None else Path(path)
    try:
        text = file.read_text("utf-8")
        read = tomllib.loads(text)
        cases = _File.model_validate(read).cases
    except OSError as error:
        raise NotFoundError(f"no file of cases '{file}'") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigError(f"is no TOML: {error}", where=str(file)) from error
    except ValidationError as error:
        raise _explained(error, read, text, file) from error
    names = [case.name for case in cases]
    if twice := next((name for i, name in enumerate(names) if name in names[:i]), None):
        raise ConfigError(f"two cases are called '{twice}'", where=str(file))
    return cases


def _explained(error: ValidationError, read: Mapping[str, Any], text: str, file: Path) -> ConfigError:
    first = error.errors()[0]
    loc = first["loc"]
    line = line_of(text, loc)
    case: Any = read.get("cases", [])
    case = case[loc[1]] if len(loc) > 1 and isinstance(case, list) and isinstance(loc[1], int) else {}
    name = f"case '{case['name']}': " if isinstance(case, dict) and "name" in case else ""
    unknown = first["type"] == "extra_forbidden"
    told = f"unknown key '{loc[-1]}'" if unknown else first["msg"].removeprefix("Value error, ")
    key = "" if unknown or len(loc) < 3 else f"'{loc[2]}': "
    hint = did_you_mean(str(loc[-1]), list(Case.model_fields)) if unknown else None
    return ConfigError(f"{name}{key}{told}", where=f"{file}:{line}" if line else str(file), hint=hint)


def run_cases(tagger: Tagger, cases: Sequence[Case]) -> Behaviour:
    """Run cases; those that name a topic which the model does not have are left out.

    A topic that is left to review counts as not tagged.
    """
    run = [case for case in cases if set(case.topics) <= set(tagger.topics)]
    trials = [_trials(case) for case in run]
    texts = list(dict.fromkeys(text for several in trials for pair in several for text in pair))
    found = dict(zip(texts, tagger.predict(texts), strict=True))
    return Behaviour(
        outcomes=tuple(_outcome(case, pairs, found) for case, pairs in zip(run, trials, strict=True)),
        left_out=tuple(case.name for case in cases if case not in run),
    )


def _trials(case: Case) -> list[tuple[str, str]]:
    """Return the pairs of texts of a case: what is asked, and what it is held against, or itself."""
    pairs = []
    for choice in product(*case.fill.values()):
        blanks = dict(zip(case.fill, choice, strict=True))

        def filled(text: str, blanks: Mapping[str, str] = blanks) -> str:
            return _BLANK.sub(lambda match: blanks[match[1]], text)

        pairs += [(filled(text), filled(text)) for text in case.texts]
        pairs += [(filled(variant), filled(case.text)) for variant in case.variants]
    return list(dict.fromkeys(pairs))


def _outcome(case: Case, pairs: Sequence[tuple[str, str]], found: Mapping[str, Prediction]) -> Outcome:
    failures = [failure for pair in pairs if (failure := _failure(case, pair, found)) is not None]
    return Outcome(
        name=case.name,
        kind=case.kind,
        capability=case.capability,
        topics=case.topics,
        trials=len(pairs),
        failed=len(failures),
        failures=tuple(failures[:SHOWN]),
    )


def _failure(case: Case, pair: tuple[str, str], found: Mapping[str, Prediction]) -> Failure | None:
    text, other = pair
    got = found[text]
    if case.kind == "direction":
        now, then = got.scores[case.topic], found[other].scores[case.topic]
        if (now - then if case.moves == "up" else then - now) >= case.by:
            return None
        wanted = f"{case.topic} goes {case.moves}" + (f" by {case.by:g} or more" if case.by else "")
        return Failure(text, f"{wanted} from “{other}”", f"{then:.2f} to {now:.2f}")
    wanted_topics = case.expected or () if case.kind == "minimum" else found[other].labels
    if set(got.labels) == set(wanted_topics):
        return None
    beside = "" if case.kind == "minimum" else f", as of “{other}”"
    shown = [f"{topic} {got.scores[topic]:.2f}" for topic in sorted({*got.labels, *wanted_topics})]
    return Failure(text, _listed(wanted_topics) + beside, f"{_listed(got.labels)} ({', '.join(shown)})")


def _listed(topics: Iterable[str]) -> str:
    return ", ".join(sorted(topics)) or "no topic"
