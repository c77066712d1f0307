"""What differs between two saved models: settings, corpus, vocabulary, weights, decisions, scores."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer.model.tagger import Tagger

MOST = 8
"""Features that are named for each topic."""
_SCORES = ("precision", "recall", "f1", "average_precision")


@dataclass(frozen=True, slots=True)
class Change:
    """Something that is otherwise: what, then and now; None where it was not, or is not, there."""

    what: str
    then: Any
    now: Any


@dataclass(frozen=True, slots=True)
class ModelDiff:
    """What differs between an earlier model and a later one.

    Attributes
    ----------
    a, b : str
        What the two are called.
    same : bool
        Whether they are the same model, byte for byte.
    settings, corpus, libraries : tuple of Change
    vocabulary : mapping
        By kind of feature, how many both have, how many only the earlier, and only the later one.
    weights : mapping of str to tuple of Change
        Of each topic that both have, the features whose weight moved most.
    correlation : mapping of str to float or None
        Pearson's, of the weights of the features that both have; None where one of them has no spread.
    decisions, scores : tuple of Change
        Thresholds and intercepts; scores that were saved with the models.
    """

    a: str
    b: str
    same: bool
    settings: tuple[Change, ...]
    corpus: tuple[Change, ...]
    libraries: tuple[Change, ...]
    vocabulary: Mapping[str, Mapping[str, int]]
    weights: Mapping[str, tuple[Change, ...]]
    correlation: Mapping[str, float | None]
    decisions: tuple[Change, ...]
    scores: tuple[Change, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return what ``trainer models diff --json`` prints."""
        return asdict(self)


def diff_taggers(
    a: Tagger,
    b: Tagger,
    names: tuple[str, str],
    metrics: tuple[Mapping[str, Any], Mapping[str, Any]],
    most: int = MOST,
) -> ModelDiff:
    """Compare two saved models.

    Parameters
    ----------
    a, b : Tagger
        The earlier and the later one; both read from the registry.
    names : (str, str)
        What they are called.
    metrics : (mapping, mapping)
        The scores that were saved with them.
    most : int
        Features that are named for each topic.
    """
    shared = [topic for topic in a.topics if topic in b.topics]
    then, now = _weights(a), _weights(b)
    both = sorted(then.keys() & now.keys())
    return ModelDiff(
        *names,
        same=a.info.get("digest") == b.info.get("digest"),
        settings=_changes(dict(_flat(a.info["config"])), dict(_flat(b.info["config"]))),
        corpus=_changes(a.info["corpus"], b.info["corpus"]),
        libraries=_changes(a.info.get("libraries", {}), b.info.get("libraries", {})),
        vocabulary=_vocabulary(then, now),
        weights={topic: _moved(a, b, then, now, topic, most) for topic in shared},
        correlation={
            topic: _correlation(
                np.array([then[name][a.topics.index(topic)] for name in both]),
                np.array([now[name][b.topics.index(topic)] for name in both]),
            )
            for topic in shared
        },
        decisions=_changes(_decided(a), _decided(b)),
        scores=_changes(dict(_scored(metrics[0])), dict(_scored(metrics[1]))),
    )


def _weights(tagger: Tagger) -> dict[str, NDArray[np.float32]]:
    """Return the k weights of each feature, by name."""
    names = tagger.features.names_of(range(len(tagger.features)))
    return dict(zip(names, tagger.weights, strict=True))


def _vocabulary(
    then: Mapping[str, NDArray[np.float32]], now: Mapping[str, NDArray[np.float32]]
) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for name in (*then, *(name for name in now if name not in then)):
        counts = found.setdefault(name.partition(":")[0], {"both": 0, "only_then": 0, "only_now": 0})
        counts["both" if name in then and name in now else "only_then" if name in then else "only_now"] += 1
    return found


def _moved(
    a: Tagger,
    b: Tagger,
    then: Mapping[str, NDArray[np.float32]],
    now: Mapping[str, NDArray[np.float32]],
    topic: str,
    most: int,
) -> tuple[Change, ...]:
    """Return the features whose weight moved most; one that is not known weighs nothing."""
    i, j = a.topics.index(topic), b.topics.index(topic)
    none = np.zeros(max(len(a.topics), len(b.topics)), dtype=np.float32)
    apart = {
        name: abs(float(now.get(name, none)[j]) - float(then.get(name, none)[i]))
        for name in then.keys() | now.keys()
    }
    chosen = sorted((name for name in apart if apart[name] > 0), key=lambda name: (-apart[name], name))[:most]
    return tuple(
        Change(
            name,
            float(then[name][i]) if name in then else None,
            float(now[name][j]) if name in now else None,
        )
        for name in chosen
    )


def _correlation(x: NDArray[np.float32], y: NDArray[np.float32]) -> float | None:
    if len(x) < 2 or not x.std() or not y.std():
        return None
    return float(np.corrcoef(x.astype(float), y.astype(float))[0, 1])


def _decided(tagger: Tagger) -> dict[str, float]:
    found = {f"threshold of {t}": float(v) for t, v in zip(tagger.topics, tagger.thresholds, strict=True)}
    found |= {f"intercept of {t}": float(v) for t, v in zip(tagger.topics, tagger.intercept, strict=True)}
    return found


def _scored(metrics: Mapping[str, Any]) -> Iterator[tuple[str, float | None]]:
    for kind in ("out_of_fold", "test"):
        table = metrics.get(kind)
        if not table:
            continue
        rows = {**table["topics"], "macro": table["macro"], "micro": table["micro"]}
        for name, row in rows.items():
            yield from ((f"{kind}: {name}.{key}", row.get(key)) for key in _SCORES)


def _flat(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the settings by dotted key; members of a list that have names go by these."""
    if isinstance(value, Mapping):
        for key in value:
            yield from _flat(value[key], f"{path}.{key}" if path else str(key))
    elif (
        isinstance(value, list) and value and all(isinstance(one, Mapping) and "name" in one for one in value)
    ):
        for one in value:
            yield from _flat(one, f"{path}.{one['name']}")
    else:
        yield path, value


def _changes(then: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[Change, ...]:
    keys = (*then, *(key for key in now if key not in then))
    return tuple(Change(key, then.get(key), now.get(key)) for key in keys if then.get(key) != now.get(key))
