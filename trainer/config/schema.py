"""The schema of a config file, with the default of every setting."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)

from trainer.names import DEVICES

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,63}$")]
_Length = Annotated[int, Field(ge=1, le=10)]


def _empty_for_none(schema: dict[str, Any]) -> None:
    """Say ``[]`` to editors instead of the null that TOML does not have."""
    schema["anyOf"][-1] = {"type": "array", "maxItems": 0}


def _none_for_empty(value: Any) -> Any:
    """Take ``[]`` for "off": TOML has no null."""
    return None if value == [] else value


def _ascends(ngrams: tuple[int, int] | None) -> tuple[int, int] | None:
    if ngrams is not None and ngrams[0] > ngrams[1]:
        raise ValueError("must ascend")
    return ngrams


NgramRange = Annotated[
    tuple[_Length, _Length] | None,
    Field(json_schema_extra=_empty_for_none),
    BeforeValidator(_none_for_empty),
    AfterValidator(_ascends),
]
"""Shortest and longest run; ``[]`` in TOML, None in Python, switches the kind off."""

Cost = Annotated[float, Field(gt=0)]
ClassWeight = Literal["none", "balanced"]


def _as_text(value: Any) -> Any:
    """Take a date of TOML for what it looks like."""
    return value.isoformat() if type(value) is date else value


def _is_a_day(text: str) -> str:
    if text:
        date.fromisoformat(text)
    return text


Day = Annotated[
    str,
    Field(pattern=r"^([0-9]{4}-[0-9]{2}-[0-9]{2})?$"),
    BeforeValidator(_as_text),
    AfterValidator(_is_a_day),
]
"""A day as YYYY-MM-DD; empty for none, which TOML has not."""


BOILERPLATE = (
    # Fields of news databases.
    r"(?-i:LENGTH|BYLINE|SECTION|LOAD-DATE|PUBLICATION-TYPE|DOCUMENT-TYPE|LANGUAGE|JOURNAL-CODE|CREDIT):.{0,200}",
    r"\d{1,6} words",
    r"page \d{1,4}(?: of \d{1,4})?",
    r"end of document",
    # Rights.
    r"(?:copyright\s*(?:©|\(c\))?|©|\(c\))\s*(?:19|20)\d\d\b.{0,200}",
    r".{0,120}\ball rights reserved\b.{0,80}",
    r"(?:terms of (?:use|service)|privacy policy|cookie policy)(?:\s*[|·•-].{0,120})?",
    # Newsletters and buttons.
    r"(?:please )?(?:click|tap) here (?:to|for)\b.{0,120}",
    r"(?:sign up|subscribe|register)(?: now| here| today| free)? (?:for|to) (?:our|the|this)\b.{0,60}"
    r"\b(?:newsletters?|briefings?|alerts?|podcasts?|channel|digest|updates|e-?mails?)\b.{0,80}",
    r"(?:unsubscribe|update your preferences|manage your subscription)\b.{0,80}",
    r"this (?:e-?mail|newsletter) was sent to.{0,120}",
    r"(?:read more|read also|see also|related(?: articles?| stories)?|more on this story)\s*[:|>»].{0,200}",
    r"follow (?:us|.{1,40}) on (?:twitter|x|facebook|instagram|linkedin|telegram|bluesky|youtube)\b.{0,120}",
    r"(?:share|print|e-?mail|save)(?: this)? (?:article|story|page)",
    r"(?:advertisement|sponsored content|article continues below.{0,40}|skip to (?:main )?content)",
)
"""Lines of articles that are no part of what they say: RE2, each for a whole line, in any case."""


def _as_toml(value: Any) -> Any:
    return [] if value is None else list(value) if isinstance(value, tuple) else value


def _refuse_twice(kind: str, names: Sequence[str]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"{kind} '{twice[0]}' stands twice")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Examples(_Strict):
    """Sentences that a rule must, and must not, fire on; checked whenever the rules are compiled."""

    fires: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()


class Lexicon(_Strict):
    """Names and turns of phrase that speak alike: a feature of the model, and ``@name`` in the rules."""

    name: Name
    terms: Annotated[tuple[str, ...], Field(min_length=1)]
    """``ukrain*`` starts a word, ``EAR`` wants capitals, ``frozen ~ billion`` leaves a gap."""


class Rule(_Strict):
    """A named keyword rule: it votes where one of `match` stands, unless its conditions say otherwise."""

    name: Name
    match: Annotated[tuple[str, ...], Field(min_length=1)]
    """RE2 patterns, each of which matches whole words; or ``@name`` of a lexicon."""
    ignore: tuple[str, ...] = ()
    """A match that lies inside one of these does not count: "chicken Kyiv" is not Kyiv."""
    together: tuple[str, ...] = ()
    """When given, one of these must stand in the sentence too."""
    unless: tuple[str, ...] = ()
    """None of these may stand in the sentence."""
    vote: Literal["yes", "no"] = "yes"
    weight: Annotated[float, Field(gt=0, le=1)] = 1.0
    case_sensitive: bool = False
    examples: Examples = Examples()


class Topic(_Strict):
    """One topic: what it is called, what it means, and the rules that vote on it."""

    name: Name
    title: str
    definition: str
    rules: tuple[Rule, ...] = ()
    assume_no: bool = True
    """A `labels` list that does not name the topic says no to it; false for one that came after the lists."""

    @model_validator(mode="after")
    def _rules_differ(self) -> Topic:
        _refuse_twice("rule", [rule.name for rule in self.rules])
        return self


class Split(_Strict):
    """Share of the sentences in each split, which must sum to 1, and how they are found."""

    train: Annotated[float, Field(gt=0, le=1)] = 0.8
    validation: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Thresholds and calibration are found out of fold, so that none is needed."""
    test: Annotated[float, Field(ge=0, lt=1)] = 0.2
    by: Literal["topics", "date"] = "topics"
    """Balanced over the topics, or train before validation before test."""
    cut: Day = ""
    """By date: the day before which all but the test lies; without it the shares say where."""
    gap_days: Annotated[int, Field(ge=0, le=36_525)] = 0
    """By date: days from each cut on that belong to no split."""

    @model_validator(mode="after")
    def _sums_to_one(self) -> Split:
        total = self.train + self.validation + self.test
        if abs(total - 1) > 1e-9:
            raise ValueError(f"the shares must sum to 1, not {total:g}")
        return self

    @model_validator(mode="after")
    def _dates_fit(self) -> Split:
        if self.by == "date" and self.test == 0:
            raise ValueError('by = "date" needs a test share: the test is what comes last')
        if self.by != "date" and (self.cut or self.gap_days):
            raise ValueError('cut and gap_days mean nothing without by = "date"')
        return self

    @property
    def cut_day(self) -> date | None:
        """The cut as a date, or None."""
        return date.fromisoformat(self.cut) if self.cut else None


class Build(_Strict):
    """How documents become a corpus."""

    starter: bool = True
    """Let the shipped gold sentences join (only topics that the config has)."""
    min_words: Annotated[int, Field(ge=1)] = 3
    """Pieces of documents with fewer words are left out."""
    near_duplicate: Annotated[float, Field(ge=0.5, le=1)] = 0.8
    """Jaccard similarity of word 3-shingles from which two sentences count as one text."""
    link_words: Annotated[int, Field(ge=1)] = 8
    """Repeated sentences with fewer words are kept once and link no documents."""
    link_documents: Annotated[int, Field(ge=1)] = 5
    """The same for sentences that stand in more documents than this."""
    silence_weight: Annotated[float, Field(ge=0, le=1)] = 0.1
    """Weight of the "no" where no rule of a topic fires; 0 leaves it unknown."""
    rule_prior: tuple[Annotated[float, Field(gt=0)], Annotated[float, Field(gt=0)]] = (4.0, 1.0)
    """Beta prior of a rule's accuracy: as if it had been right, and wrong, so often on gold before."""
    boilerplate: tuple[str, ...] = BOILERPLATE
    """Patterns (RE2) of lines that are no sentences: they are marked, and left out of corpora and counts."""
    split: Split = Split()

    @field_validator("boilerplate")
    @classmethod
    def _are_patterns(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        import re2

        for pattern in patterns:
            try:
                re2.compile(pattern)
            except re2.error as error:
                raise ValueError(f"{pattern!r} is no pattern: {error}") from error
        return patterns


class Features(_Strict):
    """TF-IDF over words and over characters inside words."""

    word_ngrams: NgramRange = (1, 2)
    char_ngrams: NgramRange = (2, 5)
    """``[]`` in TOML switches either off."""
    min_df: Annotated[int, Field(ge=1)] = 2
    sublinear_tf: bool = True
    lexicon_weight: Annotated[float, Field(ge=0, le=100)] = 2.0
    """Value of "a term of this lexicon stands here" beside n-grams, which have length 1 a text; 0 is off."""


class Classifier(_Strict):
    """The linear model: one binary problem a topic."""

    kind: Literal["logistic", "svm"] = "logistic"
    C: Cost = 2.0
    class_weight: ClassWeight = "none"
    silver_weight: Annotated[float, Field(ge=0, le=1)] = 0.3
    """Weight of a rule-made label beside a human one; 0 leaves silver out."""
    most_silent: Annotated[int, Field(ge=0)] = 10_000
    """Sentences on which no rule fired that enter the training at most; the corpus keeps them all."""
    allow_empty: bool = False
    """Train even when a topic has no positive (it is then never tagged)."""
    precision: Literal["float32", "float16"] = "float32"
    """How exactly weights are kept; in ``float16`` only where 99.99 % of the decisions stay as they were."""


MOST_CANDIDATES = 1_000


class Search(_Strict):
    """What ``trainer fit --search`` tries: every combination of these values."""

    C: Annotated[tuple[Cost, ...], Field(min_length=1)] = (0.5, 1.0, 2.0, 4.0, 8.0)
    word_ngrams: Annotated[tuple[NgramRange, ...], Field(min_length=1)] = ((1, 2),)
    char_ngrams: Annotated[tuple[NgramRange, ...], Field(min_length=1)] = (None, (2, 4), (2, 5))
    class_weight: Annotated[tuple[ClassWeight, ...], Field(min_length=1)] = ("none", "balanced")

    @field_validator("*")
    @classmethod
    def _differ(cls, values: tuple[Any, ...]) -> tuple[Any, ...]:
        twice = [value for i, value in enumerate(values) if value in values[:i]]
        if twice:
            raise ValueError(f"{_as_toml(twice[0])} stands twice: give each value once")
        return values

    @model_validator(mode="after")
    def _can_be_tried(self) -> Search:
        candidates = len(self.C) * len(self.word_ngrams) * len(self.char_ngrams) * len(self.class_weight)
        if candidates > MOST_CANDIDATES:
            raise ValueError(
                f"these values make {candidates:,} combinations, and at most {MOST_CANDIDATES:,} are tried: "
                "give fewer"
            )
        return self


class Calibration(_Strict):
    """How the margin of a topic becomes a probability."""

    method: Literal["auto", "none", "platt", "beta", "isotonic"] = "none"
    """``none`` takes a logistic margin for the log-odds that it is (an SVM gets ``platt`` at least); ``auto``
    chooses by the log loss out of fold. The others make a model sure in the measure in which it is right on
    this corpus: right for text that was drawn as the corpus was, wrong for a corpus that is harder."""
    fewest: Annotated[int, Field(ge=3)] = 30
    """Positives, and negatives, that people must have judged; with fewer nothing is fitted."""


class Objective(_Strict):
    """What a threshold is chosen for, out of fold, and the one number that it may need."""

    objective: Literal["f1", "f_beta", "precision_at_least", "recall_at_least", "cost", "fixed"] = "f1"
    value: Annotated[float, Field(ge=0)] = 0.0
    """The beta of ``f_beta``, the promised precision or recall, the ``cost`` of a false tag against that of a
    missed one, the ``fixed`` threshold; 0 is none."""

    @model_validator(mode="after")
    def _value_fits(self) -> Objective:
        name, value = self.objective, self.value
        if name == "f1" and value:
            raise ValueError('value means nothing to "f1"')
        if name not in ("f1", "fixed") and not value:
            raise ValueError(f'"{name}" needs a value above 0')
        if name in ("precision_at_least", "recall_at_least") and value > 1:
            raise ValueError(f'the value of "{name}" is a share, at most 1, not {value:g}')
        if name == "fixed" and value >= 1:
            raise ValueError(f'the value of "fixed" is a probability below 1, not {value:g}')
        return self


class TopicObjective(Objective):
    """What the threshold of one topic is chosen for."""

    topic: Name


class Thresholds(Objective):
    """How a probability becomes a decision."""

    fixed: Annotated[float, Field(gt=0, lt=1)] = 0.5
    """The threshold where there is nothing to choose by, or where a promise cannot be kept."""
    folds: Annotated[int, Field(ge=2, le=20)] = 5
    lowest: Annotated[float, Field(gt=0, lt=1)] = 0.5
    """Hand-made corpora hold more topics than the world: thresholds found on them for F stay in between."""
    highest: Annotated[float, Field(gt=0, lt=1)] = 0.6
    review: Annotated[float, Field(ge=0, lt=0.5)] = 0.0
    """Probabilities closer than this to the threshold go to review."""
    review_error: Annotated[float, Field(ge=0, lt=0.5)] = 0.0
    """Instead of `review`: of each topic as few probabilities around the threshold go to review as leave at
    most this share of its tags false, and at most this share of the sentences it does not tag missed, out of
    fold; 0 is off."""
    own: tuple[TopicObjective, ...] = ()
    """Topics with an objective of their own."""

    @model_validator(mode="after")
    def _bands_fit(self) -> Thresholds:
        if self.lowest > self.highest:
            raise ValueError(f"lowest ({self.lowest:g}) must not exceed highest ({self.highest:g})")
        if self.review and self.review_error:
            raise ValueError("review and review_error are two ways to one band: give one of them")
        _refuse_twice("own objective of topic", [one.topic for one in self.own])
        return self

    def objective_of(self, topic: str) -> Objective:
        """Return what the threshold of a topic is chosen for."""
        return next((one for one in self.own if one.topic == topic), self)


class Config(_Strict):
    """All settings of one tagger."""

    name: Name = "topics"
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 13
    language: Annotated[str, Field(pattern=r"^([a-z]{2})?$")] = "en"
    """ISO 639-1 code of what the model reads: other sentences are left to review. Empty: all are read."""
    topics: Annotated[tuple[Topic, ...], Field(min_length=1)]
    lexicons: tuple[Lexicon, ...] = ()
    build: Build = Build()
    features: Features = Features()
    classifier: Classifier = Classifier()
    calibration: Calibration = Calibration()
    thresholds: Thresholds = Thresholds()
    search: Search = Search()

    @field_validator("name")
    @classmethod
    def _is_no_device(cls, name: str) -> str:
        if name in DEVICES:
            raise ValueError(f"'{name}' is the name of a device on Windows: no folder can be called so")
        return name

    @model_validator(mode="after")
    def _topics_differ(self) -> Config:
        _refuse_twice("topic", [topic.name for topic in self.topics])
        _refuse_twice("lexicon", [lexicon.name for lexicon in self.lexicons])
        if strange := sorted({one.topic for one in self.thresholds.own} - set(self.topic_names)):
            raise ValueError(f"thresholds.own names '{strange[0]}', which is no topic")
        return self

    @model_validator(mode="after")
    def _have_features(self) -> Config:
        if self.lexicons and self.features.lexicon_weight > 0:
            return self
        if self.features.word_ngrams is None and self.features.char_ngrams is None:
            raise ValueError(
                "features: words and characters are both off, and there is no lexicon: give one of "
                "word_ngrams and char_ngrams a range"
            )
        if None in self.search.word_ngrams and None in self.search.char_ngrams:
            raise ValueError(
                "search: words and characters are both off in one combination, and there is no lexicon: "
                "take [] out of word_ngrams or out of char_ngrams"
            )
        return self

    @property
    def open_topics(self) -> tuple[str, ...]:
        """Topics that a list of labels leaves unknown where it does not name them."""
        return tuple(topic.name for topic in self.topics if not topic.assume_no)

    @property
    def topic_names(self) -> tuple[str, ...]:
        """Names of the topics, in the order of the file."""
        return tuple(topic.name for topic in self.topics)
