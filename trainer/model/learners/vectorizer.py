"""Texts -> TF-IDF rows, as a transformer of scikit-learn."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.exceptions import NotFittedError

from trainer.engine.counting import Kind, counter
from trainer.engine.learning import learn
from trainer.engine.liblinear import to_scipy
from trainer.engine.sparse import SparseRows
from trainer.engine.vocabulary import Vocabulary
from trainer.model.features import counted_rows, in_parts, smooth_idf
from trainer.model.learners.inputs import EMPTY, ascending, listed_texts

_KINDS: dict[str, Kind] = {"word": "word", "char_wb": "char"}


class NgramTfidfVectorizer(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Texts -> TF-IDF rows: the features and values of scikit-learn's ``TfidfVectorizer``, only faster.

    Texts are put into small letters; a word is two or more letters, digits or underscores, a character n-gram
    stands inside a white-space-separated piece padded with one blank. Parameters are those of
    ``TfidfVectorizer``; others of it (stop words, own tokenizers) are not known here.

    Parameters
    ----------
    analyzer : {"word", "char_wb"}
    ngram_range : (int, int)
        Shortest and longest, at most 64.
    min_df, max_df : int or float
        N-grams of fewer, or more, texts are left out; a float is a share of the texts.
    norm : {"l2", None}
    use_idf, smooth_idf, sublinear_tf : bool
    dtype : dtype
        Of the values: float64 or float32.
    n_jobs : int, optional
        Threads at most; no result depends on it.

    Attributes
    ----------
    vocabulary_ : dict of str to int
    idf_ : (n_features,) array of float64
    """

    __module__ = "trainer.estimators"

    def __init__(
        self,
        *,
        analyzer: Literal["word", "char_wb"] = "word",
        ngram_range: tuple[int, int] = (1, 1),
        min_df: float = 1,
        max_df: float = 1.0,
        norm: Literal["l2"] | None = "l2",
        use_idf: bool = True,
        smooth_idf: bool = True,
        sublinear_tf: bool = False,
        dtype: Any = np.float64,
        n_jobs: int | None = None,
    ) -> None:
        self.analyzer = analyzer
        self.ngram_range = ngram_range
        self.min_df = min_df
        self.max_df = max_df
        self.norm = norm
        self.use_idf = use_idf
        self.smooth_idf = smooth_idf
        self.sublinear_tf = sublinear_tf
        self.dtype = dtype
        self.n_jobs = n_jobs

    def fit(self, texts: Iterable[str], y: object = None) -> NgramTfidfVectorizer:
        """Learn vocabulary and document frequencies.

        Raises
        ------
        ValueError
            When a parameter is not known, or no n-gram is left.
        """
        self._learn(listed_texts(texts))
        return self

    def fit_transform(self, texts: Iterable[str], y: object = None) -> csr_matrix:
        """Learn from texts and return their rows."""
        listed = listed_texts(texts)
        self._learn(listed)
        return self.transform(listed)

    def transform(self, texts: Iterable[str]) -> csr_matrix:
        """Return the (n, n_features) rows of texts."""
        matrix = to_scipy(self._rows(listed_texts(texts)))
        matrix.data = matrix.data.astype(self.dtype, copy=False)
        return matrix

    @property
    def vocabulary_(self) -> dict[str, int]:
        """The column of each n-gram."""
        return {gram: column for column, gram in enumerate(self._fitted())}

    def get_feature_names_out(self, input_features: object = None) -> NDArray[np.object_]:
        """Return the n-grams, ascending."""
        return np.array(self._fitted().grams, dtype=object)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "features_")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string, tags.input_tags.two_d_array = True, False
        tags.requires_fit = True
        return tags

    def __getstate__(self) -> dict[str, Any]:
        # The table in memory is made anew from the vocabulary: it has no bytes that last.
        return {key: value for key, value in super().__getstate__().items() if key != "_counter"}

    def _fitted(self) -> Vocabulary:
        if not hasattr(self, "features_"):
            raise NotFittedError("this NgramTfidfVectorizer has learned nothing yet: call fit")
        features: Vocabulary = self.features_
        return features

    def _learn(self, texts: list[str]) -> None:
        if self.analyzer not in _KINDS:
            raise ValueError(f'analyzer must be "word" or "char_wb", not {self.analyzer!r}')
        if self.norm not in ("l2", None):
            raise ValueError(f'norm must be "l2" or None, not {self.norm!r}')
        kind, norm = _KINDS[self.analyzer], self.norm is not None
        found = learn(kind, ascending(self.ngram_range), texts, self.min_df, self.max_df, norm)
        if not found.vocabulary:
            raise ValueError(EMPTY)
        self.features_ = found.vocabulary
        self.idf_ = self._idf(found.df, found.n)
        self._counter: Any = found.counter

    def _idf(self, df: NDArray[np.uint32], n: int) -> NDArray[np.float64]:
        if not self.use_idf:
            return np.ones(len(df))
        return smooth_idf(df, n) if self.smooth_idf else np.log(n / df) + 1.0

    def _rows(self, texts: list[str]) -> SparseRows:
        features = self._fitted()
        if getattr(self, "_counter", None) is None:
            kind = _KINDS[self.analyzer]
            shortest, longest = self.ngram_range
            self._counter = counter(kind, (shortest, longest), features, self.norm is not None)

        return in_parts(
            lambda part: counted_rows(self._counter, part, self.idf_, self.sublinear_tf), texts, self.n_jobs
        )
