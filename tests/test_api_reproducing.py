"""A saved model is trained again, and says whether it comes out the same."""

from __future__ import annotations

import json
import shutil

import pytest

import trainer
from trainer import api
from trainer.config import config_from_dict
from trainer.errors import NotFoundError
from trainer.registry.files import MANIFEST, with_checksum
from trainer.storage import canonical_json


def test_a_model_comes_out_the_same(small):
    found = api.reproduce("small", root=small.root)
    assert found.same
    assert (found.digest, found.again) == (small.fit.digest, small.fit.digest)
    assert found.differing == {}
    assert [one.version for one in api.models(root=small.root)] == ["1"], "nothing is saved"


def test_a_model_that_was_searched_for_comes_out_the_same_without_a_search(small, tmp_path, monkeypatch):
    root = tmp_path / "artifacts"
    shutil.copytree(small.root / "corpora", root / "corpora")
    search = {"C": [1.0, 8.0], "char_ngrams": [[], [2, 3]]}
    config = config_from_dict({**small.config.model_dump(mode="json"), "search": search})
    fitted = trainer.fit(None, config, root=root, search=True)
    monkeypatch.delattr("trainer.model.search.search_settings")
    assert api.reproduce("small", root=root).again == fitted.digest


def test_what_differs_is_told(small, tmp_path, monkeypatch):
    root = tmp_path / "artifacts"
    shutil.copytree(small.root / "corpora", root / "corpora")
    monkeypatch.setattr("trainer.registry.save.__version__", "0.0.9")
    trainer.fit(small.corpus, small.config, root=root)
    monkeypatch.undo()
    found = api.reproduce("small", root=root)
    assert not found.same
    assert found.agrees
    assert (found.same_vocabulary, found.largest_difference) == (True, 0.0)
    assert found.differing == {"libraries: topic-trainer": ("0.0.9", trainer.__version__)}


def test_a_corpus_that_is_gone_is_told(small, tmp_path):
    shutil.copytree(small.path, tmp_path / "alone")
    with pytest.raises(NotFoundError, match=f"fingerprint {small.corpus.fingerprint}: none is in") as told:
        api.reproduce(tmp_path / "alone", root=tmp_path)
    assert "--artifacts" in str(told.value)
    assert "shipped" not in str(told.value), "they had no part in it"


def test_the_command_ends_with_its_code(cli, small, tmp_path, monkeypatch):
    same = cli("models", "reproduce", "small", "--artifacts", small.root)
    assert (same.exit_code, same.stdout) == (0, f"small@1 comes out the same: sha256:{small.fit.digest}\n")
    monkeypatch.setattr("trainer.registry.save.__version__", "0.0.9")
    other = cli("models", "reproduce", "small", "--artifacts", small.root)
    assert (other.exit_code, other.stdout) == (
        0, "small@1 comes out with the same vocabulary, and probabilities the same\n"
    )  # fmt: skip
    assert "not every byte is the same: libraries: topic-trainer was" in other.stderr
    assert cli("models", "reproduce", "small", "--artifacts", small.root, "--strict").exit_code == 4
    told = json.loads(cli("models", "reproduce", "small", "--artifacts", small.root, "--json").stdout)
    assert (told["same"], told["agrees"]) == (False, True)


def test_a_model_that_comes_out_as_another_one_ends_with_7(cli, small, tmp_path):
    root = tmp_path / "artifacts"
    shutil.copytree(small.root, root)
    other = small.config.model_copy(update={"seed": small.config.seed})
    colder = other.classifier.model_copy(update={"C": other.classifier.C / 4})
    trainer.fit(small.corpus, other.model_copy(update={"classifier": colder}), root=root)
    # Its weights under the config of the first: what is trained again is the first one.
    folder = root / "models" / "small" / "2"
    manifest = json.loads((folder / MANIFEST).read_bytes())
    manifest["config"] = small.config.model_dump(mode="json")
    (folder / MANIFEST).write_bytes(canonical_json(with_checksum(manifest)))
    done = cli("models", "reproduce", "small@2", "--artifacts", root)
    assert done.exit_code == 7
    assert "comes out as another one" in done.stderr
    assert "with the same vocabulary and probabilities up to 0." in done.stderr
    assert "files: weights.safetensors was" in done.stderr


def test_a_corpus_of_shipped_sentences_that_is_gone_is_built_again(tmp_path):
    topics = [{"name": "taiwan", "title": "Taiwan", "definition": "About Taiwan."}]
    features = {"char_ngrams": [], "word_ngrams": [1, 1]}
    config = config_from_dict({"name": "one", "topics": topics, "features": features})
    corpus = trainer.build((), config, root=tmp_path)
    trainer.fit(corpus, config, root=tmp_path)
    shutil.rmtree(tmp_path / "corpora")
    assert api.reproduce("one", root=tmp_path).same
    assert not (tmp_path / "corpora").exists()


def test_a_corpus_that_is_gone_and_held_more_than_shipped_sentences_is_told(tmp_path):
    topics = [{"name": "taiwan", "title": "Taiwan", "definition": "About Taiwan."}]
    config = config_from_dict(
        {"name": "one", "topics": topics, "features": {"char_ngrams": [], "word_ngrams": [1, 1]}}
    )
    (tmp_path / "note.txt").write_text("The ferry to the outer islands leaves at noon.\n", encoding="utf-8")
    trainer.fit(trainer.build(tmp_path / "note.txt", config, root=tmp_path), config, root=tmp_path)
    shutil.rmtree(tmp_path / "corpora")
    with pytest.raises(NotFoundError, match="nor are the shipped sentences all of it"):
        api.reproduce("one", root=tmp_path)
