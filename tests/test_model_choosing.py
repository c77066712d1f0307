"""Of what was tried the simplest that is as good as the best, in whatever order it was tried."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.config import Config
from trainer.model.choosing import SearchResult, Trial, choose, standard_error

TOPIC = {"name": "kites", "title": "Kites", "definition": "Kites"}


def trial(by_fold, features=10, C=1.0, class_weight="none", words=(1, 2), chars=None) -> Trial:
    return Trial(words, chars, class_weight, C, features, tuple(by_fold), seconds=1.0)


def test_the_standard_error_is_that_of_the_mean_made_wider_for_folds_that_share_sentences():
    scores = [0.5, 0.7, 0.9, 0.7]
    plain = np.std(scores, ddof=1) / 2
    # 1/4 + 1/3 instead of 1/4: of three sentences that were trained on there is one to test.
    assert standard_error(scores) == pytest.approx(plain * np.sqrt((1 / 4 + 1 / 3) / (1 / 4)))
    assert standard_error([0.6, 0.6]) == 0.0


def test_the_simplest_within_one_standard_error_of_the_best_is_chosen():
    best = trial([0.80, 0.90, 0.70], features=30)
    # Differences of 0.01, 0.05 and -0.03: 0.01 in the mean, with a standard error of 0.04 * sqrt(5 / 6).
    near = trial([0.79, 0.85, 0.73], features=20)
    far = trial([0.70, 0.80, 0.62], features=10)
    found = choose([far, near, best])
    assert [one.by_fold for one in found] == [best.by_fold, near.by_fold, far.by_fold]
    assert [one.chosen for one in found] == [False, True, False]
    assert found[1].behind == pytest.approx(0.01)
    assert found[1].behind_error == pytest.approx(0.04 * np.sqrt(1 / 3 + 1 / 2))
    assert (found[0].behind, found[0].behind_error) == (0.0, 0.0)


def test_what_is_a_little_worse_in_every_fold_is_worse_however_much_folds_differ():
    best = trial([0.95, 0.55, 0.75], features=30)
    worse = trial([0.94, 0.54, 0.74], features=10)
    found = choose([best, worse])
    assert found[1].behind < found[1].standard_error
    assert [one.chosen for one in found] == [True, False]


@pytest.mark.parametrize(
    ("simpler", "other"),
    [
        (trial([0.5, 0.6], features=9, C=8.0, class_weight="balanced"), trial([0.5, 0.6], C=1.0)),
        (trial([0.5, 0.6], C=1.0, class_weight="balanced"), trial([0.5, 0.6], C=2.0)),
        (trial([0.5, 0.6]), trial([0.5, 0.6], class_weight="balanced")),
        (trial([0.5, 0.6], words=(1, 1)), trial([0.5, 0.6], words=(1, 2))),
        (trial([0.5, 0.6], words=None, chars=(2, 3)), trial([0.5, 0.6], words=(1, 1))),
        (trial([0.5, 0.6], chars=None), trial([0.5, 0.6], chars=(2, 3))),
    ],
)
def test_simple_is_few_features_then_a_small_cost_then_no_class_weights(simpler, other):
    for tried in ([simpler, other], [other, simpler]):
        (chosen,) = [one for one in choose(tried) if one.chosen]
        assert chosen.settings == simpler.settings


share = st.integers(0, 20).map(lambda n: n / 20)
ranges = st.sampled_from([None, (1, 1), (1, 2), (2, 4)])


@st.composite
def several(draw):
    """Candidates with settings of their own; ties of scores are frequent."""
    folds = draw(st.integers(2, 5))
    scores = st.lists(share, min_size=folds, max_size=folds)
    one = st.builds(
        trial, scores, st.integers(1, 3), st.sampled_from([1.0, 2.0]),
        st.sampled_from(["none", "balanced"]), ranges, ranges,
    )  # fmt: skip
    return draw(st.lists(one, min_size=1, max_size=12, unique_by=lambda one: str(one.settings)))


@given(several(), st.randoms(use_true_random=False))
def test_the_choice_does_not_depend_on_the_order(tried, random):
    shuffled = random.sample(tried, len(tried))
    assert choose(shuffled) == choose(tried)


@given(several())
def test_one_is_chosen_that_is_as_good_as_the_best_and_none_as_good_is_simpler(tried):
    found = choose(tried)
    (chosen,) = [one for one in found if one.chosen]
    assert chosen.behind <= chosen.behind_error or chosen.behind == 0
    assert all(one.complexity > chosen.complexity for one in found if one.behind <= one.behind_error
               and one is not chosen)  # fmt: skip
    scores = [one.score for one in found]
    assert scores == sorted(scores, reverse=True)
    assert all(one.behind == scores[0] - one.score for one in found)
    assert {replace(one, behind=0.0, behind_error=0.0, chosen=False) for one in found} == set(tried)


def test_the_chosen_settings_are_put_into_the_config_and_nothing_else_is():
    config = Config.model_validate({"topics": [TOPIC], "classifier": {"C": 4.0}, "seed": 5})
    other = trial([0.5, 0.7], C=4.0, class_weight="balanced", words=(1, 1), chars=None)
    found = SearchResult(choose([other]), ())
    expected = {"word_ngrams": [1, 1], "char_ngrams": []}, {"C": 4.0, "class_weight": "balanced"}
    assert found.applied(config) == Config.model_validate(
        {"topics": [TOPIC], "seed": 5, "features": expected[0], "classifier": expected[1]}
    )
    assert found.changes(config) == {
        "features.word_ngrams": (1, 1), "features.char_ngrams": None, "classifier.class_weight": "balanced",
    }  # fmt: skip
    assert found.changes(found.applied(config)) == {}


def test_what_is_saved_holds_no_seconds():
    found = SearchResult(choose([trial([0.5, 0.7]), trial([0.4, 0.7], C=2.0)]), ("soups",))
    slower = SearchResult(tuple(replace(one, seconds=9.0) for one in found.trials), ("soups",))
    assert found.to_dict() == slower.to_dict()
    assert json.loads(json.dumps(found.to_dict())) == found.to_dict()
    assert [one["seconds"] for one in slower.timed()["trials"]] == [9.0, 9.0]
    for timed, saved in zip(found.timed()["trials"], found.to_dict()["trials"], strict=True):
        assert {key: value for key, value in timed.items() if key != "seconds"} == saved
