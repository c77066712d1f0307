from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import json_values, unicode_text

from trainer.errors import NotFoundError
from trainer.storage import artifacts_root, canonical_json, sha256, version_folder, versions


def test_the_root_is_the_argument_else_the_variable_else_here(monkeypatch):
    monkeypatch.setenv("TRAINER_ARTIFACTS", "from-variable")
    assert artifacts_root("given") == Path("given")
    assert artifacts_root(Path("given")) == Path("given")
    assert artifacts_root() == Path("from-variable")
    monkeypatch.setenv("TRAINER_ARTIFACTS", "")
    assert artifacts_root() == Path("artifacts")
    monkeypatch.delenv("TRAINER_ARTIFACTS")
    assert artifacts_root() == Path("artifacts")


def test_canonical_json_is_written_as_it_always_was():
    value = {"b": [1, 2.5, None, True], "a": {"é": "\u2028☃"}}
    assert canonical_json(value) == (
        '{\n "a": {\n  "é": "\u2028☃"\n },\n "b": [\n  1,\n  2.5,\n  null,\n  true\n ]\n}\n'.encode()
    )


@given(json_values)
def test_canonical_json_says_what_it_was_given(value):
    encoded = canonical_json(value)
    assert json.loads(encoded) == value
    assert canonical_json(json.loads(encoded)) == encoded


@given(st.dictionaries(unicode_text, st.integers(), max_size=6), st.randoms(use_true_random=False))
def test_canonical_json_does_not_depend_on_the_order_of_keys(value, random):
    keys = list(value)
    random.shuffle(keys)
    assert canonical_json({key: value[key] for key in keys}) == canonical_json(value)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_canonical_json_refuses_what_json_does_not_have(value):
    with pytest.raises(ValueError, match="JSON"):
        canonical_json({"x": [value]})


def test_sha256_is_the_published_one():
    assert sha256(b"abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_versions_come_in_the_order_of_numbers(tmp_path):
    for name in ("10", "9", "1", "aliases", ".staging-1", "1a", "-3", "1.5"):
        (tmp_path / name).mkdir()
    (tmp_path / "11").write_text("a file is no version")
    assert versions(tmp_path) == ["1", "9", "10"]


def test_there_are_no_versions_where_there_is_no_folder(tmp_path):
    assert versions(tmp_path / "nowhere") == []
    (tmp_path / "file").write_text("")
    assert versions(tmp_path / "file") == []


def test_a_version_is_found_by_number_and_the_newest_without(tmp_path):
    for name in ("2", "10"):
        (tmp_path / name).mkdir()
    assert version_folder("corpus", tmp_path, "2", "hint") == tmp_path / "2"
    assert version_folder("corpus", tmp_path, None, "hint") == tmp_path / "10"


@pytest.mark.parametrize("version", ["3", "02", "../2", "2/", "newest"])
def test_a_version_that_is_not_there_is_refused_with_those_that_are(tmp_path, version):
    for name in ("2", "10"):
        (tmp_path / name).mkdir()
    with pytest.raises(NotFoundError, match=r"There is: 2, 10\."):
        version_folder("corpus", tmp_path, version, "hint")


def test_where_nothing_is_the_hint_says_what_to_do(tmp_path):
    with pytest.raises(NotFoundError, match="no corpus in") as caught:
        version_folder("corpus", tmp_path / "none", None, "Build one.")
    assert caught.value.hint == "Build one."
