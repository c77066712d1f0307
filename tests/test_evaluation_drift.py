"""Text of now is told from text of then where it is another, and not where documents alone differ."""

from __future__ import annotations

import math
import shutil

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ks_2samp

import trainer
from trainer.errors import DataError
from trainer.evaluation.drift import Side, drift_of, kolmogorov_smirnov, permuted, surprising

LAVA = "Red lava poured down the slope of the volcano."
SOUP = "The mayor likes soup."
scores = st.lists(st.floats(0, 1), min_size=1, max_size=30).map(np.array)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # of its p-value, which is not looked at
@given(scores, scores)
def test_the_distance_is_that_of_scipy(x, y):
    assert kolmogorov_smirnov(x, y) == pytest.approx(ks_2samp(x, y, method="asymp").statistic, abs=1e-12)


@given(
    st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 40)),
    st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 40)),
)
def test_surprise_is_dunnings(then, now):
    found = surprising(then, now, lambda word: word < "d")
    n, m = sum(then.values()), sum(now.values())
    assert [term.surprise for term in found] == sorted((t.surprise for t in found), reverse=True)
    for term in found:
        a, b = then.get(term.word, 0), now[term.word]
        assert (term.then, term.now, term.known) == (a, b, term.word < "d")
        assert b >= 5
        assert b / m > a / max(n, 1)

        def logs(k, size, p):
            rest = (size - k) * math.log(1 - p) if 0 < p < 1 else 0.0
            return (k * math.log(p) if k else 0.0) + rest

        # Dunning's two binomials differ from this one of Poisson counts where a word is most of the text.
        if (a + b) / (n + m) < 0.01:
            p = (a + b) / (n + m)
            expected = 2 * (logs(a, n, a / n) + logs(b, m, b / m) - logs(a, n, p) - logs(b, m, p))
            assert term.surprise == pytest.approx(expected, rel=0.05)


def test_surprise_by_hand():
    (term,) = surprising({"x": 10, "y": 990}, {"x": 20, "y": 980}, lambda word: True, most=1)
    expected = 2 * (10 * math.log(10 / 15) + 20 * math.log(20 / 15))
    assert (term.word, term.surprise) == ("x", pytest.approx(expected))


def two_samples(rng, documents=60, of_now=25):
    size = 1 + rng.poisson(4, documents)
    theta = rng.beta(0.3, 1.2, documents)
    tags = rng.binomial(size, theta)
    now = np.zeros(documents, dtype=bool)
    now[rng.permutation(documents)[:of_now]] = True
    return np.stack([tags, size], axis=1).astype(float), now


def test_equal_text_is_told_apart_as_often_as_the_test_says():
    rng = np.random.default_rng(3)
    told, by_sentence = 0, 0
    for _ in range(300):
        totals, now = two_samples(rng)
        told += permuted(totals, now, permutations=199)[0] <= 0.05
        (a, n), (b, m) = totals[~now].sum(axis=0), totals[now].sum(axis=0)
        p = (a + b) / (n + m)
        z = abs(a / n - b / m) / math.sqrt(p * (1 - p) * (1 / n + 1 / m))
        by_sentence += math.erfc(z / math.sqrt(2)) <= 0.05
    # Of 300, 15 at 5 %, give or take 3.8: 4 standard deviations either way.
    assert told / 300 == pytest.approx(0.05, abs=4 * 3.8 / 300)
    assert by_sentence / 300 > 0.15, "a test by sentences finds drift where there is none"


def test_the_p_value_does_not_depend_on_the_order_of_documents_much():
    totals, now = two_samples(np.random.default_rng(0))
    order = np.random.default_rng(1).permutation(len(totals))
    one, two = permuted(totals, now)[0], permuted(totals[order], now[order])[0]
    # Each is a share of 2,000 deals: 0.011 is one standard deviation at most.
    assert one == pytest.approx(two, abs=4 * 0.011)


def side(tagger, texts, start):
    return Side(tagger).add((f"{start}{i // 2}", text) for i, text in enumerate(texts))


def test_more_of_a_topic_is_found(small):
    model = small.fit.model
    found = drift_of(model, side(model, [SOUP] * 60, "a"), side(model, [LAVA, SOUP] * 30, "b"), "before")
    lava = found.topics["volcanoes"]
    assert (lava.then, lava.now) == (0, 500)
    assert lava.p_value < 0.01
    assert lava.shift > 0.2
    assert lava.distance == pytest.approx(0.5)
    assert found.topics["lighthouses"].then == found.topics["lighthouses"].now == 0
    assert found.terms[0].now == 30 * (1 if found.terms[0].word != "the" else 2)
    assert (found.sentences, found.documents) == ((60, 60), (30, 30))


@settings(max_examples=20)
@given(st.lists(st.sampled_from([LAVA, SOUP, "A lamp room by the sea."]), min_size=1, max_size=12))
def test_text_against_itself_is_no_drift(small, texts):
    model = small.fit.model
    found = drift_of(model, side(model, texts, "a"), side(model, texts, "a"), "itself")
    for one in found.topics.values():
        assert (one.then, one.shift, one.distance) == (one.now, 0, 0)
        assert one.p_value == one.shift_p_value == 1
    assert found.terms == ()
    assert found.unknown_words[0] == found.unknown_words[1]


def test_files_are_held_against_files_and_against_the_corpus(small, tmp_path):
    (tmp_path / "now.txt").write_text(f"{LAVA} {SOUP}\n", encoding="utf-8")
    (tmp_path / "then.jsonl").write_text('{"text": "The mayor likes soup. Soup is hot."}\n', encoding="utf-8")
    found = trainer.drift("small", tmp_path / "now.txt", against=tmp_path / "then.jsonl", root=small.root)
    assert found.sentences == (2, 2)
    assert (
        found.to_dict()
        == trainer.drift(
            "small", tmp_path / "now.txt", against=tmp_path / "then.jsonl", root=small.root
        ).to_dict()
    )
    whole = trainer.drift("small", tmp_path / "now.txt", root=small.root)
    assert whole.sentences[0] == sum(small.corpus.manifest["splits"].values())
    assert whole.reference == "the corpus of small@1"
    lines = trainer.drift("small", tmp_path / "now.txt", documents=False, root=small.root)
    assert lines.sentences[1] == 1


def test_what_cannot_be_compared_is_told(small, tmp_path):
    (tmp_path / "empty.txt").write_text("\n", encoding="utf-8")
    rejected = []
    with pytest.raises(DataError, match=r"no usable sentence in .*empty\.txt"):
        trainer.drift("small", tmp_path / "empty.txt", rejected=rejected, root=small.root)
    assert [one.reason for one in rejected] == ["empty_text"]
    (tmp_path / "now.txt").write_text(LAVA, encoding="utf-8")
    shutil.copytree(small.path, tmp_path / "alone")
    with pytest.raises(DataError, match="the corpus of the model cannot be read") as caught:
        trainer.drift(tmp_path / "alone", tmp_path / "now.txt", root=tmp_path)
    assert "--against" in caught.value.hint
