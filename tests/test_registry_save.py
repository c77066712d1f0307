from __future__ import annotations

import json
import shutil
import threading
import unicodedata
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from trainer import __version__
from trainer.corpus.examples import Examples, corpus_examples
from trainer.errors import TrainerError
from trainer.registry import save
from trainer.registry.files import MANIFEST
from trainer.registry.format import read_model
from trainer.registry.save import GOLDEN_TEXTS, save_model
from trainer.storage import versions

METRICS = {"out_of_fold": {"topics": {}, "micro": {}, "macro": {}}, "test": None}


@pytest.fixture
def publish(small, tmp_path, monkeypatch):
    """Save the small model into an empty root; `shift` makes it another model."""
    monkeypatch.setattr(save, "model_card", lambda *about: "card")
    training = corpus_examples(small.corpus, ["train"])

    def run(shift: float = 0.0, training: Examples = training):
        tagger = replace(small.fit.model, intercept=small.fit.model.intercept + shift, info={})
        return save_model(tagger, small.corpus, small.config, METRICS, training, tmp_path)

    return run


@pytest.fixture
def parent(tmp_path) -> Path:
    return tmp_path / "models" / "small"


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_another_model_is_another_version(publish, parent):
    first, second = publish(0.0), publish(0.5)
    assert [(v, created) for _, v, _, created in (first, second)] == [("1", True), ("2", True)]
    assert first[2] != second[2]
    assert names_in(parent) == ["1", "2"]
    for path, version, digest, _ in (first, second):
        assert path == parent / version
        assert read_model(path, digest).info["digest"] == digest


def test_the_same_model_again_is_the_version_that_is_there(publish, parent):
    first, _, again = publish(0.0), publish(0.5), publish(0.0)
    assert again == (*first[:3], False)
    assert names_in(parent) == ["1", "2"]


def test_what_is_saved_depends_on_no_place_clock_or_number(publish, parent, small):
    path, _, digest, _ = publish()
    written = b"".join((path / name).read_bytes() for name in names_in(path))
    for word in (str(parent), str(small.root), str(Path.cwd())):
        assert word.encode() not in written
    shutil.move(parent / "1", parent / "7")
    assert publish()[1:] == ("7", digest, False)


@pytest.mark.parametrize("name", [MANIFEST, "weights.safetensors", "README.md"])
def test_a_damaged_version_is_not_taken_for_the_model(publish, parent, name):
    path, _, digest, _ = publish()
    (path / name).write_bytes(b"damaged")
    mended, version, again, created = publish()
    assert (version, again, created) == ("2", digest, True)
    read_model(mended, digest)
    # What is damaged stays for whoever wants to look at it, and the sound one is found from now on.
    assert (path / name).read_bytes() == b"damaged"
    assert publish()[1:] == ("2", digest, False)


@pytest.mark.parametrize("step", ["write_model", "publish_unless"])
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), RuntimeError("other")])
def test_a_failure_leaves_nothing_behind(publish, parent, monkeypatch, step, error):
    publish()
    whole = getattr(save, step)

    def failing(*arguments):
        whole(*arguments) if step == "write_model" else None
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(save, step, failing)
        with pytest.raises(TrainerError if isinstance(error, OSError) else RuntimeError):
            publish(0.5)
    assert names_in(parent) == ["1"]
    assert publish(0.5)[1] == "2"


def test_models_published_at_once_are_all_there(publish, parent):
    results = []
    start = threading.Barrier(8)

    def work(shift: float) -> None:
        start.wait()
        results.append((shift, publish(shift)))

    threads = [threading.Thread(target=work, args=(number / 4,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(version for _, (_, version, _, _) in results) == [str(number) for number in range(1, 9)]
    assert versions(parent) == [str(number) for number in range(1, 9)]
    for shift, (path, _, digest, created) in results:
        assert created
        assert read_model(path, digest).info["digest"] == digest
        assert publish(shift)[2:] == (digest, False)


def test_the_manifest_tells_where_the_model_comes_from(publish, small):
    manifest = read_model(publish()[0]).info
    assert manifest["name"] == "small"
    assert manifest["corpus"] == {"name": "small", "fingerprint": small.corpus.fingerprint}
    assert manifest["config"] == small.config.model_dump(mode="json")
    assert manifest["libraries"]["topic-trainer"] == __version__
    assert manifest["libraries"]["numpy"] == np.__version__
    assert set(manifest["libraries"]) == {
        "joblib", "numpy", "scikit-learn", "scipy", "topic-trainer", "unicode"
    }  # fmt: skip
    assert manifest["libraries"]["unicode"] == unicodedata.unidata_version
    assert manifest["seeds"] == {"fit": small.config.seed}


def test_golden_texts_give_no_text_of_the_corpus_away(publish, small):
    texts = json.loads((publish()[0] / "golden.json").read_bytes())["texts"]
    about = [text for topic in small.config.topics for text in (topic.title, topic.definition)]
    assert texts == [*about, ""]
    own = set(small.corpus.rows(columns=["text"]).column("text").to_pylist())
    assert not own & set(texts)


def test_shipped_sentences_serve_as_golden_texts_evenly_chosen(publish, small):
    training = corpus_examples(small.corpus, ["train"])
    sources = ("mine", *["starter/news"] * (len(training) - 1))
    path, _, _, _ = publish(training=replace(training, sources=sources))
    texts = json.loads((path / "golden.json").read_bytes())["texts"]
    shipped = training.texts[1:]
    assert len(shipped) // GOLDEN_TEXTS > 1  # or every choice would be even
    assert texts[: len(texts) - 5] == list(shipped[:: len(shipped) // GOLDEN_TEXTS][:GOLDEN_TEXTS])
    assert len(texts) == GOLDEN_TEXTS + 5
