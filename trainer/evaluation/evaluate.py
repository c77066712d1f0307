"""Scores of a model and of the keyword rules on labelled sentences, each with its interval."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from trainer.config import Config, config_from_dict
from trainer.corpus.examples import Examples, corpus_examples, file_examples
from trainer.corpus.labels import judge
from trainer.corpus.readers.reading import Reading
from trainer.corpus.rules import RuleSet
from trainer.corpus.store import SPLITS, Corpus, corpus_with
from trainer.errors import DataError, TrainerWarning, UsageError, did_you_mean
from trainer.evaluation.bootstrap import SAMPLES, SEED, Resamples, divided, percentile_interval
from trainer.evaluation.figures import figures_of
from trainer.evaluation.slices import Parts, Slice, parts_of, slices_of
from trainer.metrics import ordinary_rows, score_table
from trainer.model.tagger import Tagger
from trainer.records import Rejection, Vote
from trainer.storage import canonical_json, sha256

if TYPE_CHECKING:
    from trainer.evaluation.advice import Advice
    from trainer.evaluation.behaviour import Behaviour
    from trainer.evaluation.compare import Comparison
    from trainer.evaluation.curves import Curves
    from trainer.evaluation.gate import Passage

Interval = tuple[float, float] | None
MASK = " "
"""What stands in the place of a keyword of the rules when it is hidden from the model."""


@dataclass(frozen=True, slots=True)
class Plain:
    """What a reader asks: how many tags are right, how much is found, what is tagged by mistake.

    Attributes
    ----------
    tags, right, positives : int
        Over all topics, where people judged: tags, those that are right, and what there was to find.
    ordinary, false_tags : int
        Sentences of which people said no to every topic that they judged, and the tags on these.
    right_interval, found_interval, false_interval : (float, float) or None
        Of 100 tags, of 100 to find, and in 1,000 ordinary sentences.
    """

    tags: int
    right: int
    positives: int
    ordinary: int
    false_tags: int
    right_interval: Interval = None
    found_interval: Interval = None
    false_interval: Interval = None

    def in_words(self) -> str:
        """Return it as a sentence."""
        right = (
            f"of 100 tags {100 * self.right / self.tags:.0f} are right" if self.tags else "nothing is tagged"
        )
        found = (
            f"it finds {100 * self.right / self.positives:.0f} of 100"
            if self.positives
            else "no sentence is on any topic"
        )
        false = (
            f"{1000 * self.false_tags / self.ordinary:.0f} false tags in 1,000 ordinary sentences"
            if self.ordinary
            else "nobody judged ordinary sentences, without any topic"
        )
        return f"{right}; {found}; {false}"


@dataclass(frozen=True, slots=True)
class Cases:
    """The sentences that were scored, and what was said of them.

    Attributes
    ----------
    examples : Examples
        The n sentences that people judged.
    scores : (n, k) array of float64
        Probabilities.
    tagged, review, ruled : (n, k) array of bool
        What the model tags, what it leaves to people, and what the keyword rules tag.
    fired : (n, k) array of bool
        Where some rule of the topic fires, for or against it.
    parts : mapping
        The part that each sentence is in, by kind of part; see `trainer.evaluation.slices`.
    """

    tagger: Tagger
    examples: Examples
    scores: NDArray[np.float64]
    tagged: NDArray[np.bool_]
    review: NDArray[np.bool_]
    ruled: NDArray[np.bool_]
    fired: NDArray[np.bool_]
    parts: Parts = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Scores of one model on one set of sentences.

    Attributes
    ----------
    gold, rules : mapping
        ``topics``, ``micro`` and ``macro`` of the model and of the keyword rules, on sentences that people
        judged.
    silent : mapping
        The model where no rule of the topic fires: what it learned beyond the rules.
    masked : mapping
        The model when the keywords of the rules are hidden from it.
    silver : mapping or None
        The model on sentences that only rules labelled: agreement with the rules, not correctness.
    slices : tuple of Slice
        Scores on parts of the sentences.
    documents : int
        How many documents the sentences come from; intervals rest on them.
    model : mapping
        ``path``, ``version`` and ``digest``, where known.
    comparison : Comparison or None
        With another model, where one was named.
    gate : Passage or None
        What came of the gates, where some were asked.
    behaviour : Behaviour or None
        What came of the cases, where they were run.
    cases : Cases
        The sentences, for the page and for comparisons.
    """

    on: str
    n: int
    gold: Mapping[str, Any]
    rules: Mapping[str, Any]
    silver: Mapping[str, Any] | None
    model: Mapping[str, Any] = field(default_factory=dict)
    rejected: tuple[Rejection, ...] = ()
    plain: Plain | None = None
    documents: int = 0
    silent: Mapping[str, Any] = field(default_factory=dict)
    masked: Mapping[str, Any] = field(default_factory=dict)
    slices: tuple[Slice, ...] = ()
    comparison: Comparison | None = None
    gate: Passage | None = None
    behaviour: Behaviour | None = None
    cases: Cases | None = field(default=None, repr=False, compare=False)

    @property
    def fingerprint(self) -> str:
        """The SHA-256 of the sentences that were scored and their labels."""
        if self.cases is None:
            return ""
        examples = self.cases.examples
        rows = zip(examples.ids, examples.texts, examples.Y.tolist(), strict=True)
        return sha256(canonical_json([list(row) for row in rows]))

    def curves(self, topic: str) -> Curves | None:
        """Return what to draw of a topic; None where no judged sentence, or every one, is on it.

        Raises
        ------
        UsageError
            When there is no such topic.
        """
        from trainer.evaluation.curves import curves_of

        cases = self.cases
        if cases is None or topic not in cases.examples.topics:
            known = () if cases is None else cases.examples.topics
            raise UsageError(f"no topic '{topic}' was scored. {did_you_mean(topic, known)}")
        column = cases.examples.topics.index(topic)
        judged = cases.examples.Y[:, column] >= 0
        y = cases.examples.Y[judged, column] == 1
        return curves_of(y, cases.scores[judged, column], float(cases.tagger.thresholds[column]))

    def good_points(self) -> list[str]:
        """Return the topics that are plainly good, the best first."""
        from trainer.evaluation.advice import good_points

        return good_points(self)

    def weak_points(self) -> list[Advice]:
        """Return the weakest points, the worst first, each with what to do."""
        from trainer.evaluation.advice import weak_points

        return weak_points(self)

    def to_html(self) -> str:
        """Return the whole evaluation as a page that stands by itself."""
        from trainer.evaluation.report.page import page_of

        return page_of(self)

    def write_html(self, path: str | Path) -> None:
        """Write `to_html` to a file, whole or not at all."""
        from trainer.publishing import write_atomically

        write_atomically(Path(path), self.to_html().encode())

    def _repr_html_(self) -> str:
        """Show it in a notebook, apart from the notebook's own page."""
        from trainer.evaluation.report.page import framed

        return framed(self.to_html())

    def to_dict(self) -> dict[str, Any]:
        """Return what ``trainer eval --json`` prints."""
        return {
            **self.model,
            "on": self.on,
            "n": self.n,
            "documents": self.documents,
            "fingerprint": self.fingerprint,
            **self.gold,
            "plain": None if self.plain is None else asdict(self.plain),
            "rules": dict(self.rules),
            "where_no_rule_fires": dict(self.silent),
            "keywords_hidden": dict(self.masked),
            "slices": [one.to_dict() for one in self.slices],
            "silver": None if self.silver is None else dict(self.silver),
            **({} if self.comparison is None else {"comparison": self.comparison.to_dict()}),
            **({} if self.gate is None else {"gate": self.gate.to_dict()}),
            **({} if self.behaviour is None else {"behaviour": self.behaviour.to_dict()}),
        }


def evaluate_tagger(
    tagger: Tagger, examples: Examples, config: Config, samples: int = SAMPLES, seed: int = SEED
) -> Evaluation:
    """Score a model on labelled sentences.

    Parameters
    ----------
    config : Config
        Whose keyword rules stand beside the model: those that it was trained with.
    samples : int
        How many samples of the documents the intervals rest on.

    Raises
    ------
    DataError
        When no sentence was judged by a person, or the topics differ.
    """
    gold, silver = judged_and_not(tagger, examples)
    votes = rule_votes(config, gold.texts)
    cases = cases_of(tagger, gold, votes)
    drawn = Resamples(gold.groups, samples, seed)
    cases = replace(cases, parts=parts_of(gold, tagger, drawn))
    topics, Y = tagger.topics, gold.Y
    masked = _scores_without_keywords(tagger, cases, votes)
    where_silent = np.where(cases.fired, np.int8(-1), Y)
    return Evaluation(
        on=gold.name,
        n=len(gold),
        documents=drawn.documents,
        gold=figures_of(Y, cases.tagged, cases.scores, topics, drawn).table,
        plain=plain_counts(Y, cases.tagged, drawn),
        rules=figures_of(Y, cases.ruled, None, topics, drawn).table,
        silent=figures_of(where_silent, cases.tagged, None, topics, drawn).table,
        masked=figures_of(Y, tagger.decide(masked)[0], None, topics, drawn).table,
        silver=_scores(tagger, silver) if len(silver) else None,
        slices=slices_of(gold, cases.tagged, cases.parts, drawn),
        rejected=examples.rejected,
        cases=cases,
    )


def judged_and_not(tagger: Tagger, examples: Examples) -> tuple[Examples, Examples]:
    """Return the sentences that people judged, and the others.

    Raises
    ------
    DataError
    """
    if examples.topics != tagger.topics:
        raise DataError(f"the sentences are labelled for {examples.topics}, the model tags {tagger.topics}")
    gold = examples.only(examples.gold)
    if not len(gold):
        raise DataError(
            f"no sentence of {examples.name} was judged by a person",
            hint="Scores against labels that the rules made would only measure the rules.",
        )
    return gold, examples.only(~examples.gold)


def cases_of(tagger: Tagger, examples: Examples, votes: Sequence[Sequence[Vote]]) -> Cases:
    """Return what a model, and the rules whose votes are given, say of sentences."""
    scores = tagger.predict_proba(examples.texts)
    tagged, review = tagger.decide(scores)
    topics = tagger.topics
    ruled = rule_decisions(votes, topics)
    fired = [[any(vote.topic == topic for vote in said) for topic in topics] for said in votes]
    return Cases(
        tagger,
        examples,
        scores,
        tagged,
        review,
        ruled,
        np.array(fired, dtype=bool).reshape(ruled.shape),
    )


def plain_counts(Y: NDArray[np.int8], tagged: NDArray[np.bool_], drawn: Resamples | None = None) -> Plain:
    """Count what a reader asks of a tagger.

    Parameters
    ----------
    Y : (n, k) array of int8
        1, 0 or -1 (not judged); what was not judged counts nowhere.
    tagged : (n, k) array of bool
    drawn : Resamples, optional
        Without them there are no intervals.
    """
    ordinary = ordinary_rows(Y)
    false = (tagged & (Y == 0)).sum(axis=1) * ordinary
    counts = [(tagged & (Y >= 0)).sum(axis=1), (tagged & (Y == 1)).sum(axis=1), (Y == 1).sum(axis=1)]
    rows = np.stack([*counts, ordinary, false], axis=1).astype(float)
    tags, right, positives, ordinaries, falses = (int(total) for total in rows.sum(axis=0))
    bare = Plain(tags, right, positives, ordinaries, falses)
    if drawn is None:
        return bare
    sums = drawn.sums(rows)

    def interval(above: int, below: int, times: float) -> Interval:
        return percentile_interval(divided(times * sums[:, above], sums[:, below]))

    return replace(
        bare,
        right_interval=interval(1, 0, 100),
        found_interval=interval(1, 2, 100),
        false_interval=interval(4, 3, 1000),
    )


def rule_votes(config: Config, texts: Sequence[str]) -> list[list[Vote]]:
    """Return the votes of the keyword rules on each text."""
    rules = RuleSet(config.topics, lexicons=config.lexicons)
    return [rules.votes(text) for text in texts]


def rule_decisions(votes: Sequence[Sequence[Vote]], topics: Sequence[str]) -> NDArray[np.bool_]:
    """Return the (n, k) decisions that the votes of the keyword rules come to."""
    rows = [[label == "yes" for label in judge(said, topics).labels] for said in votes]
    return np.array(rows, dtype=bool).reshape(len(votes), len(topics))


def examples_to_score(
    tagger: Tagger, on: Corpus | str | Path, root: Path, reading: Reading | None = None
) -> Examples:
    """Return the sentences that `on` stands for: a split, a file, or the test split of a corpus."""
    if isinstance(on, Corpus):
        if on.fingerprint != tagger.info["corpus"]["fingerprint"]:
            warnings.warn(
                f"the model was trained on another corpus than {on.path}: its training sentences may stand "
                "in this test split",
                TrainerWarning,
                stacklevel=3,
            )
        return corpus_examples(on, ["test"])
    if str(on) not in SPLITS:
        open_topics = config_from_dict(tagger.info["config"]).open_topics
        return file_examples(on, tagger.topics, reading, open_topics)
    about = tagger.info["corpus"]
    return corpus_examples(corpus_with(about["fingerprint"], root, about["name"]), [str(on)])


def saved_scores(tagger: Tagger, examples: Examples) -> tuple[dict[str, Any], Plain]:
    """Return the bare scores of the sentences that people judged, as they are saved with a model."""
    gold, _ = judged_and_not(tagger, examples)
    scores = tagger.predict_proba(gold.texts)
    tagged, _ = tagger.decide(scores)
    return score_table(gold.Y, tagged, scores, tagger.topics), plain_counts(gold.Y, tagged)


def _scores_without_keywords(
    tagger: Tagger, cases: Cases, votes: Sequence[Sequence[Vote]]
) -> NDArray[np.float64]:
    """Return the probabilities of the texts with all that made a rule say yes cut out."""
    scores, rows, texts = cases.scores.copy(), [], []
    for row, (text, said) in enumerate(zip(cases.examples.texts, votes, strict=True)):
        spans = [(vote.start, vote.end) for vote in said if vote.answer == "yes"]
        if spans:
            hidden = np.zeros(len(text), dtype=bool)
            for start, end in spans:
                hidden[start:end] = True
            rows.append(row)
            texts.append("".join(MASK if gone else char for char, gone in zip(text, hidden, strict=True)))
    if rows:
        scores[rows] = tagger.predict_proba(texts)
    return scores


def _scores(tagger: Tagger, examples: Examples) -> dict[str, Any]:
    scores = tagger.predict_proba(examples.texts)
    tagged, _ = tagger.decide(scores)
    return score_table(examples.Y, tagged, scores, tagger.topics)
