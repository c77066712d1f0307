from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from trainer.corpus.examples import corpus_examples
from trainer.evaluation.slips import can_find_slips, label_slips, slips_finding
from trainer.model.fit import fit_tagger

pytest.importorskip("cleanlab")


@pytest.fixture(scope="module")
def fitted(small):
    examples = corpus_examples(small.corpus)
    return fit_tagger(examples, small.config)


def test_planted_slips_are_found_first(fitted):
    # Probabilities as a good model gives them; two labels turned round.
    Y = np.tile([[1, 0], [0, 1], [0, 0]], (20, 1)).astype(np.int8)
    sure = np.where(Y == 1, 0.9, 0.08) + np.linspace(0, 0.02, len(Y))[:, None]
    Y[3, 0], Y[10, 1] = 0, 0
    sure[3, 0], sure[10, 1] = 0.97, 0.98
    Y[5, 1] = -1  # not judged: no slip, whatever the model thinks
    n = len(Y)
    ids = tuple(f"s{i:02}" for i in range(n))
    everything = np.ones(n, dtype=bool)
    examples = replace(fitted.examples, ids=ids, texts=ids, Y=Y, gold=everything, groups=ids, sources=ids)
    found = label_slips(replace(fitted, examples=examples, held_out=sure))
    assert {(slip["id"], slip["topic"]) for slip in found} == {
        ("s03", examples.topics[0]), ("s10", examples.topics[1]),
    }  # fmt: skip
    assert all(slip["label"] == "no" and slip["probability"] > 0.85 for slip in found)
    (finding,) = slips_finding(found)
    # Probabilities are of the gold rows only.
    gold = np.arange(n) > 1
    some = replace(examples, gold=gold)
    assert label_slips(replace(fitted, examples=some, held_out=sure[gold])) == found
    assert (finding.kind, finding.level, finding.count) == ("slip", "warning", 2)
    assert finding.examples[0].startswith(f"{found[0]['id']}, {found[0]['topic']} no, probability 0.9")


def test_labels_that_a_model_agrees_with_are_no_slips(fitted):
    Y = fitted.examples.Y[fitted.examples.gold]
    held_out = np.where(Y == 1, 0.95, 0.05).astype(float)
    assert label_slips(replace(fitted, held_out=held_out)) == []
    assert slips_finding([]) == []
    assert can_find_slips()
