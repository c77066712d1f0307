from __future__ import annotations

import json
import shutil

import trainer


def test_corpora_are_listed_by_name_and_version_as_numbers(small, tmp_path):
    parent = tmp_path / "corpora" / "small"
    for version in ("2", "10", "1"):
        shutil.copytree(small.corpus.path, parent / version)
    shutil.copytree(small.corpus.path, tmp_path / "corpora" / "another" / "1")
    (parent / "07").mkdir()
    (tmp_path / "corpora" / "file").write_text("x")
    found = trainer.corpora(root=tmp_path)
    assert [(c.name, c.version) for c in found] == [
        ("another", "1"), ("small", "1"), ("small", "2"), ("small", "10"),
    ]  # fmt: skip
    assert [c.version for c in trainer.corpora("small", root=tmp_path)] == ["1", "2", "10"]
    assert trainer.corpora("other", root=tmp_path) == []


def test_each_says_what_it_is(small):
    (found,) = trainer.corpora(root=small.root)
    manifest = small.corpus.manifest
    assert found.to_dict() == {
        "name": "small",
        "version": "1",
        "path": str(small.corpus.path),
        **{key: manifest[key] for key in ("fingerprint", "documents", "sentences", "splits")},
    }
    assert found.corpus.fingerprint == small.corpus.fingerprint
    json.dumps(found.to_dict())


def test_a_damaged_one_is_listed_all_the_same(small, tmp_path):
    copy = tmp_path / "corpora" / "small" / "1"
    shutil.copytree(small.corpus.path, copy)
    (copy / "corpus.json").write_bytes(b"{")
    (found,) = trainer.corpora(root=tmp_path)
    assert found.corpus is None
    assert found.to_dict()["fingerprint"] is None


def test_where_there_is_none_the_list_is_empty(tmp_path):
    assert trainer.corpora(root=tmp_path) == []
