"""What differs between two models is told, and nothing of what does not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import trainer
from trainer.config import load_config
from trainer.errors import NotFoundError
from trainer.evaluation.model_diff import Change, _changes, _flat


@pytest.fixture(scope="module")
def two(small, tmp_path_factory):
    """Two saved versions: one with half the C, and without characters."""
    root = tmp_path_factory.mktemp("two")
    trainer.fit(small.corpus, small.config, root=root)
    features = small.config.features.model_copy(update={"char_ngrams": None})
    classifier = small.config.classifier.model_copy(update={"C": 1.0})
    later = small.config.model_copy(update={"features": features, "classifier": classifier})
    trainer.fit(small.corpus, later, root=root)
    return root


def test_the_same_model_differs_in_nothing(two):
    found = trainer.diff_models("small@1", "small@1", root=two)
    assert found.same
    assert found.settings == found.corpus == found.libraries == found.decisions == found.scores == ()
    assert all(counts["only_then"] == counts["only_now"] == 0 for counts in found.vocabulary.values())
    assert set(found.weights.values()) == {()}
    assert all(one == pytest.approx(1) for one in found.correlation.values())


def test_settings_vocabulary_and_weights_that_differ_are_told(two):
    a, b = (trainer.load(f"small@{n}", root=two) for n in (1, 2))
    found = trainer.diff_models("small@1", "small@2", root=two)
    assert (found.a, found.b, found.same) == ("small@1", "small@2", False)
    expected = {Change("features.char_ngrams", (2, 3), None), Change("classifier.C", 2.0, 1.0)}
    assert {replace(one, then=_frozen(one.then)) for one in found.settings} == expected
    assert found.vocabulary["char"]["both"] == found.vocabulary["char"]["only_now"] == 0
    assert found.vocabulary["char"]["only_then"] == len(a.features.blocks[1].vocabulary)
    assert found.vocabulary["word"]["both"] == len(a.features.blocks[0].vocabulary)
    for topic, changes in found.weights.items():
        apart = [abs((one.now or 0.0) - (one.then or 0.0)) for one in changes]
        assert apart == sorted(apart, reverse=True)
        column = a.topics.index(topic)
        names = dict(zip(a.features.names_of(range(len(a.features))), a.weights[:, column], strict=True))
        later = dict(zip(b.features.names_of(range(len(b.features))), b.weights[:, column], strict=True))
        for one in changes:
            assert one.then == pytest.approx(names.get(one.what), abs=0) or one.then is None
        largest = max(abs(later.get(name, 0.0) - weight) for name, weight in names.items())
        assert apart[0] == pytest.approx(largest, rel=1e-6)  # differences of numbers of 32 bits
        shared = [name for name in names if name in later]
        expected = np.corrcoef([names[n] for n in shared], [later[n] for n in shared])[0, 1]
        assert found.correlation[topic] == pytest.approx(expected, rel=1e-6)
    assert {one.what for one in found.decisions} >= {"intercept of lighthouses", "intercept of volcanoes"}
    report = found.to_dict()
    assert report["settings"][0].keys() == {"what", "then", "now"}


def _frozen(value):
    return tuple(value) if isinstance(value, list) else value


def test_a_model_that_is_not_there_is_told(two):
    with pytest.raises(NotFoundError):
        trainer.diff_models("small@1", "small@9", root=two)


@given(
    st.dictionaries(st.text(max_size=3), st.integers(0, 2)),
    st.dictionaries(st.text(max_size=3), st.integers(0, 2)),
)
def test_changes_are_those_keys_that_differ(then, now):
    found = {one.what: (one.then, one.now) for one in _changes(then, now)}
    keys = {*then, *now}
    assert found == {k: (then.get(k), now.get(k)) for k in keys if then.get(k) != now.get(k)}


def test_a_rule_goes_by_its_name():
    config = load_config().model_dump(mode="json")
    keys = [key for key, _ in _flat(config)]
    assert "topics.sanctions.title" in keys
    assert len(keys) == len(set(keys))
