"""A saved model is trained again, and says whether it comes out the same."""

from __future__ import annotations

import json
import shutil

import pytest

import trainer
from trainer import api
from trainer.errors import NotFoundError


def test_a_model_comes_out_the_same(small):
    found = api.reproduce("small", root=small.root)
    assert found.same
    assert (found.digest, found.again) == (small.fit.digest, small.fit.digest)
    assert found.differing == {}
    assert [one.version for one in api.models(root=small.root)] == ["1"], "nothing is saved"


def test_what_differs_is_told(small, tmp_path, monkeypatch):
    root = tmp_path / "artifacts"
    shutil.copytree(small.root / "corpora", root / "corpora")
    monkeypatch.setattr("trainer.registry.save.__version__", "0.0.9")
    trainer.fit(small.corpus, small.config, root=root)
    monkeypatch.undo()
    found = api.reproduce("small", root=root)
    assert not found.same
    assert found.differing == {"libraries: topic-trainer": ("0.0.9", trainer.__version__)}


def test_a_corpus_that_is_gone_is_told(small, tmp_path):
    shutil.copytree(small.path, tmp_path / "alone")
    with pytest.raises(NotFoundError):
        api.reproduce(tmp_path / "alone", root=tmp_path)


def test_the_command_ends_with_its_code(cli, small, tmp_path, monkeypatch):
    same = cli("models", "reproduce", "small", "--artifacts", small.root)
    assert (same.exit_code, same.stdout) == (0, f"small@1 comes out the same: sha256:{small.fit.digest}\n")
    monkeypatch.setattr("trainer.registry.save.__version__", "0.0.9")
    other = cli("models", "reproduce", "small", "--artifacts", small.root)
    assert other.exit_code == 7
    assert "libraries: topic-trainer was" in other.stderr
    told = cli("models", "reproduce", "small", "--artifacts", small.root, "--json")
    assert json.loads(told.stdout)["same"] is False
