"""The trained model: texts in, topics with reasons out. Needs numpy only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import compress, islice
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np

from trainer.engine.cuts import Cuts
from trainer.engine.texts import listed
from trainer.engine.threads import chunks, in_threads
from trainer.errors import UsageError, did_you_mean
from trainer.language import language_of
from trainer.model.features import Features
from trainer.model.maps import probabilities, sigmoid
from trainer.model.predictions import Prediction, TaggedSentence
from trainer.model.scoring import Scorer

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    from numpy.typing import NDArray
    from sklearn.pipeline import Pipeline

    from trainer.model.explanations import Explanation, Reasons
    from trainer.records import Document

_STREAM = 256
_TOGETHER = 1_024
"""Texts that are decided together: what lies between margins and decisions then stays in the cache."""


@dataclass(frozen=True, eq=False)
class Tagger:
    """A linear topic tagger.

    Attributes
    ----------
    topics : tuple of str
        In config order.
    features : Features
        Vocabulary and weights of the n-grams.
    weights : (len(features), k) array of float32 or float16
        One row a feature, one column a topic.
    intercept : (k,) array of float64
    calibration : (k, 2) array of float64
        Slope and offset of each topic's log-odds, as a line of its margin.
    thresholds : (k,) array of float64
        A topic is tagged when its probability reaches this.
    review : float
        Probabilities closer than this to the threshold are left to a human, where there are no `bands`.
    info : mapping
        The manifest of the saved version; empty for a model that was not saved.
    language : str
        ISO 639-1 code of what it reads; a sentence that is plainly in another language is left to review.
        Empty for any. Only `predict`, `stream`, `tag`, `explain` and tables look at it, not the matrices.
    curves : mapping of str to array
        The maps of topics whose log-odds are no line of the margin; see `trainer.model.maps`.
    bands : (k, 2) array of float64, optional
        Probabilities from the first on and below the second are left to a human.
    """

    topics: tuple[str, ...]
    features: Features
    weights: NDArray[np.floating[Any]]
    intercept: NDArray[np.float64]
    calibration: NDArray[np.float64]
    thresholds: NDArray[np.float64]
    review: float = 0.0
    info: Mapping[str, Any] = field(default_factory=dict)
    language: str = ""
    curves: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    bands: NDArray[np.float64] | None = None
    rates: Mapping[str, float] = field(default_factory=dict)

    @cached_property
    def _sums(self) -> Scorer:
        """What sums the weights of texts."""
        return Scorer(self.features, self.weights)

    @property
    def assumed_rates(self) -> Mapping[str, float]:
        """The share of sentences on each topic where probabilities were calibrated, if it is known."""
        found: Mapping[str, float] = self.info.get("assumed_rates", {})
        return found

    def at_rates(self, rates: Mapping[str, float]) -> Tagger:
        """Return this tagger for text in which topics have other rates than where it was calibrated.

        Probabilities are corrected (see `trainer.model.prior`), and so tags; margins and reasons stay.

        Parameters
        ----------
        rates : mapping of str to float
            Share of sentences on a topic, strictly between 0 and 1; other topics stay as they are.

        Raises
        ------
        UsageError
            When there is no such topic, it is no such share, or the model does not say what it assumes.
        """
        for topic, rate in rates.items():
            self._column(topic)
            if not 0 < rate < 1:
                raise UsageError(f"the rate of '{topic}' must be a share between 0 and 1, not {rate:g}")
            if not 0 < self.assumed_rates.get(topic, 0) < 1:
                raise UsageError(
                    f"the model does not say for which rate of '{topic}' it was made",
                    hint="Train it again: `trainer fit`.",
                )
        return replace(self, rates={**self.rates, **rates})

    @overload
    def predict(self, texts: str) -> Prediction: ...  # type: ignore[overload-overlap]  # a str iterates
    @overload
    def predict(self, texts: Iterable[str]) -> list[Prediction]: ...
    def predict(self, texts: str | Iterable[str]) -> Prediction | list[Prediction]:
        """Tag one text, or each of several."""
        if isinstance(texts, str):
            return self._predictions([texts])[0]
        return self._predictions(listed(texts))

    def predict_proba(self, texts: str | Iterable[str]) -> NDArray[np.float64]:
        """Return the (n, k) calibrated probabilities; one text gives one row."""
        return self.scores(self.decision_function(texts))

    def predict_matrix(self, texts: str | Iterable[str]) -> NDArray[np.bool_]:
        """Return the (n, k) decisions: True where the topic is tagged."""
        given = [texts] if isinstance(texts, str) else listed(texts)
        if len(given) <= _TOGETHER:
            return self._decided(given)
        _ = self._sums.prepare(given), self._cuts
        return np.concatenate(in_threads(self._decided, chunks(given, _TOGETHER)))

    def _decided(self, texts: Sequence[str]) -> NDArray[np.bool_]:
        # By the sums, to which the intercept is yet to be added: what is sure of these is found once.
        return self._cuts(
            self._sums(texts),
            lambda sums: self.scores(sums + self.intercept),
            lambda scores: self.decide(scores)[0],
        )

    @cached_property
    def _cuts(self) -> Cuts:
        """What decides by sums of weights."""
        wanted = self.thresholds + self.review
        if self.bands is not None:
            lower, upper = self.bands.T
            wanted = np.where(lower <= self.thresholds, np.maximum(self.thresholds, upper), np.nan)
        if self.rates:
            wanted = np.full(len(self.topics), np.nan)
        return Cuts(wanted, [self.intercept, self.calibration, *self.curves.values()])

    def decision_function(self, texts: str | Iterable[str]) -> NDArray[np.float64]:
        """Return the (n, k) margins: the weighted sum of the features plus the intercept."""
        given = [texts] if isinstance(texts, str) else listed(texts)
        return self._margins(given)

    def _margins(self, texts: Sequence[str]) -> NDArray[np.float64]:
        return self._sums(texts) + self.intercept

    def stream(self, lines: Iterable[str]) -> Iterator[Prediction]:
        """Tag texts one after another, holding few of them at a time."""
        if isinstance(lines, str):
            raise TypeError("stream takes an iterable of texts; for one text there is predict")
        source, seen = iter(lines), 0
        while batch := list(islice(source, _STREAM)):
            yield from self._predictions(listed(batch, seen))
            seen += len(batch)

    def tag(self, document: str | Document) -> Iterator[TaggedSentence]:
        """Cut a document into sentences and tag each; ``document[start:end]`` is its text."""
        from trainer.corpus.sentences import sentence_spans
        from trainer.records import Document

        given = Document("", document) if isinstance(document, str) else document
        text, language = given.text, given.language
        doc_id = None if isinstance(document, str) else document.id
        spans = sentence_spans(text)
        while batch := list(islice(spans, _STREAM)):
            found = self._predictions([text[start:end] for start, end in batch], language)
            for (start, end), prediction in zip(batch, found, strict=True):
                yield TaggedSentence(prediction, start, end, doc_id)

    @overload
    def predict_table(
        self, documents: Iterable[str | Document], *, kind: Literal["pandas"] = "pandas"
    ) -> pd.DataFrame: ...
    @overload
    def predict_table(self, documents: Iterable[str | Document], *, kind: Literal["arrow"]) -> pa.Table: ...
    def predict_table(
        self, documents: Iterable[str | Document], *, kind: Literal["pandas", "arrow"] = "pandas"
    ) -> pd.DataFrame | pa.Table:
        """Return one row a sentence of `documents`, with its place, context and tags.

        The columns are those of ``trainer predict --documents --out``; see `trainer.model.table.tag_schema`.
        What people decided has no part in it.

        Parameters
        ----------
        documents : iterable of str or Document
            A text is a document called by its number, from 0.
        kind : {"pandas", "arrow"}
            A `pandas.DataFrame` or a `pyarrow.Table`.
        """
        from trainer.model.table import predict_table

        table = predict_table(self, documents)
        return table if kind == "arrow" else table.to_pandas()

    def explain(self, text: str, topic: str) -> Explanation:
        """Return what each feature of `text` adds to the margin of `topic`, the weightiest first.

        The contributions and the intercept sum to the margin within 1e-9.
        """
        from trainer.model.explanations import Contribution, Explanation

        column = self._column(topic)
        rows = self.features.transform(listed([text]))
        values = rows.values * self.weights[rows.indices, column].astype(np.float64)
        names = self.features.names_of(rows.indices)
        places = self.features.locate(text)
        contributions = [
            Contribution(name, float(value), tuple(places[name]))
            for name, value in zip(names, values, strict=True)
        ]
        contributions.sort(key=lambda c: (-abs(c.value), c.feature))
        margin = rows.dot(self.weights) + self.intercept
        scores = self.scores(margin)
        found = self._predictions([text])[0]
        return Explanation(
            text=text,
            topic=topic,
            label="review" if topic in found.review else "yes" if topic in found.labels else "no",
            score=float(scores[0, column]),
            margin=float(margin[0, column]),
            threshold=float(self.thresholds[column]),
            intercept=float(self.intercept[column]),
            contributions=tuple(contributions),
        )

    def reasons(self, text: str, topic: str) -> Reasons:
        """Return why `topic` was given its answer, by rules, lexicons and words; see `Reasons`."""
        from trainer.model.reasons import reasons_of

        return reasons_of(self, text, topic)

    def as_sklearn(self) -> Pipeline:
        """Return a fitted scikit-learn pipeline from texts to the (n, k) decisions.

        Raises
        ------
        UsageError
            When a topic is calibrated by a curve: no logistic regression gives its probabilities.
        """
        from trainer.model.estimators import as_pipeline

        return as_pipeline(self)

    def _column(self, topic: str) -> int:
        if topic not in self.topics:
            raise UsageError(f"this model has no topic '{topic}'. {did_you_mean(topic, self.topics)}")
        return self.topics.index(topic)

    def scores(self, margins: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the (n, k) calibrated probabilities of (n, k) margins."""
        scores = sigmoid(margins * self.calibration[:, 0] + self.calibration[:, 1])
        for topic, curve in self.curves.items():
            column = self.topics.index(topic)
            scores[:, column] = probabilities(margins[:, column], curve)
        for topic, rate in self.rates.items():
            from trainer.model.prior import corrected

            column = self.topics.index(topic)
            scores[:, column] = corrected(scores[:, column], self.assumed_rates[topic], rate)
        return scores

    def decide(self, scores: NDArray[np.float64]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Return which of (n, k) probabilities are tags, and which are left to a human."""
        if self.bands is None:
            review = np.abs(scores - self.thresholds) < self.review
        else:
            review = (scores >= self.bands[:, 0]) & (scores < self.bands[:, 1])
        return (scores >= self.thresholds) & ~review, review

    def other_language(self, text: str, otherwise: str | None = None) -> str | None:
        """Return the language that a text is plainly in, where this model does not read it.

        Parameters
        ----------
        otherwise : str, optional
            What a text is in that does not tell.
        """
        if not self.language:
            return None
        found = language_of(text) or (otherwise or self.language)[:2].lower()
        return None if found == self.language or (found == "und" and self.language != "en") else found

    def _predictions(self, texts: Sequence[str], language: str | None = None) -> list[Prediction]:
        found = self._by_score(texts)
        for i, text in enumerate(texts):
            if other := self.other_language(text, language):
                found[i] = replace(found[i], labels=(), review=self.topics, language=other)
        return found

    def _by_score(self, texts: Sequence[str]) -> list[Prediction]:
        scores = self.predict_proba(texts)
        tagged, review = self.decide(scores)
        return [
            Prediction(text, labels, dict(zip(self.topics, row, strict=True)), unsure)
            for text, row, labels, unsure in zip(
                texts, scores.tolist(), self._names(tagged), self._names(review), strict=True
            )
        ]

    def _names(self, chosen: NDArray[np.bool_]) -> Iterator[tuple[str, ...]]:
        """Yield the topics that are chosen in each of (n, k) rows."""
        return (tuple(compress(self.topics, row)) for row in chosen.tolist())
