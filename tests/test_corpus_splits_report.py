from __future__ import annotations

import json

import numpy as np
import pytest

from trainer.corpus.splits import split_report

SIDE = np.array([0, 0, 0, 2, 2, -1])
Y = np.array([[1, 0], [1, -1], [0, 1], [1, 0], [-1, 0], [1, 1]], dtype=np.int8)
GOLD = np.array([True, False, True, True, True, True])


def report():
    return split_report(
        SIDE, list("aabccd"), Y, GOLD, ["ice", "lava"], ["train", "validation", "test"], [0.8, 0.0, 0.2]
    )


def test_it_counts_what_each_side_has():
    found = report()
    assert found.rows.counts == (3, 0, 2)
    assert found.rows.shares == pytest.approx((0.6, 0, 0.4))
    assert found.groups.counts == (2, 0, 1)
    assert found.gold_rows.counts == (2, 0, 2)
    assert found.topics["ice"].gold.counts == (1, 0, 1)
    assert found.topics["ice"].silver.counts == (1, 0, 0)
    assert found.topics["lava"].gold.shares == (1.0, 0.0, 0.0)
    assert found.topics["lava"].silver.shares == (0.0, 0.0, 0.0)


def test_it_names_what_a_side_lacks_but_not_of_sides_without_a_share():
    assert report().missing == (("test", "lava"),)


def test_it_is_json_as_it_stands():
    found = report().to_dict()
    again = json.loads(json.dumps(found))
    assert again["topics"]["ice"]["gold"] == {"counts": [1, 0, 1], "shares": [0.5, 0.0, 0.5]}
    assert again["wanted"] == [0.8, 0.0, 0.2]
    assert again["missing"] == [["test", "lava"]]


def test_no_rows_are_no_trouble():
    none = np.zeros(0, dtype=np.int64)
    found = split_report(none, [], none.reshape(0, 1), none.astype(bool), ["ice"], ["train"], [1.0])
    assert found.rows.counts == (0,)
    assert found.missing == ()
