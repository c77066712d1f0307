"""What a search tried, and which of it is chosen: the simplest that is as good as the best."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from trainer.config import Config

Ngrams = tuple[int, int] | None
ClassWeight = Literal["none", "balanced"]


@dataclass(frozen=True, slots=True)
class Trial:
    """One candidate, and how it did.

    Attributes
    ----------
    word_ngrams, char_ngrams : (int, int) or None
        Of the features; None is off.
    class_weight, C : of the classifier
    features : int
        How many it has.
    by_fold : tuple of float
        Macro average precision on the sentences of each fold that people judged.
    seconds : float
        That it took; part of nothing that is saved.
    behind, behind_error : float
        How far its score is below the best one, and the standard error of that difference.
    chosen : bool
    """

    word_ngrams: Ngrams
    char_ngrams: Ngrams
    class_weight: ClassWeight
    C: float
    features: int
    by_fold: tuple[float, ...]
    seconds: float
    behind: float = 0.0
    behind_error: float = 0.0
    chosen: bool = False

    @property
    def score(self) -> float:
        """The mean over the folds."""
        return math.fsum(self.by_fold) / len(self.by_fold)

    @property
    def standard_error(self) -> float:
        """Of the score."""
        return standard_error(self.by_fold)

    @property
    def settings(self) -> dict[str, Any]:
        """What was tried, by its place in a config file."""
        return {
            "features.word_ngrams": self.word_ngrams,
            "features.char_ngrams": self.char_ngrams,
            "classifier.C": self.C,
            "classifier.class_weight": self.class_weight,
        }

    @property
    def complexity(self) -> tuple[Any, ...]:
        """What the simplest has least of: features, then C, then weights of classes; the rest breaks ties."""
        ranges = (self.word_ngrams or (0, 0), self.char_ngrams or (0, 0))
        return (self.features, self.C, self.class_weight != "none", *ranges)

    def to_dict(self) -> dict[str, Any]:
        """Return what is saved: all but the seconds, which are never the same."""
        return {
            "word_ngrams": self.word_ngrams and list(self.word_ngrams),
            "char_ngrams": self.char_ngrams and list(self.char_ngrams),
            "class_weight": self.class_weight,
            "C": self.C,
            "features": self.features,
            "score": self.score,
            "standard_error": self.standard_error,
            "by_fold": list(self.by_fold),
            "behind": self.behind,
            "behind_error": self.behind_error,
            "chosen": self.chosen,
        }


@dataclass(frozen=True, slots=True)
class SearchResult:
    """All that was tried.

    Attributes
    ----------
    trials : tuple of Trial
        The best score first.
    left_out : tuple of str
        Topics that are in no score, for people judged no sentence to be on them.
    """

    trials: tuple[Trial, ...]
    left_out: tuple[str, ...]

    @property
    def chosen(self) -> Trial:
        """The candidate that was chosen."""
        return next(trial for trial in self.trials if trial.chosen)

    def applied(self, config: Config) -> Config:
        """Return the config with the chosen settings."""
        rooms: dict[str, dict[str, Any]] = {}
        for key, value in self.chosen.settings.items():
            room, name = key.split(".")
            rooms.setdefault(room, {})[name] = value
        return config.model_copy(
            update={room: getattr(config, room).model_copy(update=new) for room, new in rooms.items()}
        )

    def changes(self, config: Config) -> dict[str, Any]:
        """Return those of the chosen settings that are not the config's."""
        return {
            key: value
            for key, value in self.chosen.settings.items()
            if getattr(getattr(config, key.split(".")[0]), key.split(".")[1]) != value
        }

    def to_dict(self) -> dict[str, Any]:
        """Return what is saved with the model: the same wherever the search is made."""
        return {"left_out": list(self.left_out), "trials": [trial.to_dict() for trial in self.trials]}

    def timed(self) -> dict[str, Any]:
        """Return what ``trainer fit --search --json`` prints: what is saved, and the seconds."""
        trials = [{**trial.to_dict(), "seconds": round(trial.seconds, 3)} for trial in self.trials]
        return {**self.to_dict(), "trials": trials}


def choose(tried: Sequence[Trial]) -> tuple[Trial, ...]:
    """Return the trials, the best first, with the simplest one chosen that is as good as the best.

    As good is whose score is below the best one by at most one standard error: the rule of Breiman, Friedman,
    Olshen and Stone, "Classification and regression trees", 1984, section 3.4.3. Theirs is the error of the
    best score; this is that of the difference, taken fold by fold. Some folds are harder than others for all
    candidates alike: that says nothing of which is better, and in the differences it cancels.

    The simplest has the fewest features, then the smallest C, then no weights of classes.
    """
    ranked = sorted(tried, key=lambda one: (-one.score, one.complexity))
    best = ranked[0]
    compared = [
        replace(
            one,
            behind=best.score - one.score,
            behind_error=standard_error(np.subtract(best.by_fold, one.by_fold)),
        )
        for one in ranked
    ]
    as_good = [one for one in compared if one.behind <= one.behind_error]
    simplest = min(as_good, key=lambda one: one.complexity)
    return tuple(replace(one, chosen=one is simplest) for one in compared)


def standard_error(scores: Sequence[float] | NDArray[np.float64]) -> float:
    """Return the standard error of the mean over k folds, 2 or more.

    That of k independent numbers, ``s / sqrt(k)``, is too small: the models of any two folds learned for the
    most part from the same sentences. With the correction of Nadeau and Bengio, "Inference for the
    generalization error", Machine Learning 2003, it is ``s * sqrt(1 / k + test / train)``, and of sentences
    tested to those trained on there are ``1 / (k - 1)``.
    """
    k = len(scores)
    return float(np.std(scores, ddof=1)) * math.sqrt(1 / k + 1 / (k - 1))
