from __future__ import annotations

import json
import shutil
import subprocess
import sys

import numpy as np
import pytest

from trainer.errors import ArtifactError, TrainerError, TrainerWarning, UsageError
from trainer.registry import exports
from trainer.registry.exports import EXPORTS, export_folder, export_joblib
from trainer.registry.format import FILES, MANIFEST, read_model


@pytest.fixture
def damaged(small, tmp_path):
    folder = tmp_path / "damaged"
    shutil.copytree(small.path, folder)
    (folder / "README.md").write_text("another card")
    return folder


def test_the_formats_are_two():
    assert list(EXPORTS.items()) == [("dir", export_folder), ("joblib", export_joblib)]


def test_an_exported_folder_is_the_model_byte_for_byte(small, tmp_path):
    target = tmp_path / "new" / "folder"
    export_folder(small.path, target)
    assert sorted(path.name for path in target.iterdir()) == sorted([*FILES, MANIFEST])
    for name in (*FILES, MANIFEST):
        assert (target / name).read_bytes() == (small.path / name).read_bytes()
    assert {**read_model(target).info, "version": "1"} == small.fit.model.info
    assert [path.name for path in target.parent.iterdir()] == ["folder"]


def test_an_exported_pipeline_decides_as_the_artifact_does(small, tmp_path):
    import joblib

    target = tmp_path / "new" / "model.joblib"
    with pytest.warns(TrainerWarning, match="runs whatever code is in it"):
        export_joblib(small.path, target)
    pipeline, tagger = joblib.load(target), read_model(small.path)
    texts = [
        *small.corpus.rows(columns=["text"]).column("text").to_pylist(),
        "",
        "naïve ☃ LAVA",
        "lamp " * 50,
    ]
    assert np.array_equal(pipeline.predict(texts), tagger.predict_matrix(texts))
    probabilities = np.stack([column[:, 1] for column in pipeline.predict_proba(texts)], axis=1)
    # Calibration is folded into the weights: sums of the same numbers, rounded elsewhere.
    np.testing.assert_allclose(probabilities, tagger.predict_proba(texts), rtol=0, atol=1e-12)
    assert [path.name for path in target.parent.iterdir()] == ["model.joblib"]


def test_the_pipeline_is_plain_scikit_learn(small, tmp_path):
    # In a process that cannot import this package at all. (Lexicons would need it; this model has none.)
    target = tmp_path / "model.joblib"
    with pytest.warns(TrainerWarning):
        export_joblib(small.path, target)
    code = (
        "import sys; sys.modules['trainer'] = None; import joblib, json; "
        "print(json.dumps(joblib.load(sys.argv[1]).predict(['Lava ran past the lighthouse.']).tolist()))"
    )
    run = subprocess.run(  # noqa: S603
        [sys.executable, "-c", code, str(target)], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    tagged = read_model(small.path).predict_matrix(["Lava ran past the lighthouse."])
    assert json.loads(run.stdout) == tagged.astype(int).tolist()


@pytest.mark.parametrize("export", EXPORTS.values(), ids=EXPORTS)
def test_what_is_there_is_not_overwritten(small, tmp_path, export):
    for target in (tmp_path / "file", tmp_path / "folder"):
        target.mkdir() if target.name == "folder" else target.write_text("mine")
        with pytest.raises(UsageError, match="is there already"):
            export(small.path, target)
    assert (tmp_path / "file").read_text() == "mine"
    assert list((tmp_path / "folder").iterdir()) == []
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("export", EXPORTS.values(), ids=EXPORTS)
def test_a_damaged_model_is_not_exported(damaged, tmp_path, export):
    with pytest.raises(ArtifactError):
        export(damaged, tmp_path / "out")
    assert list(tmp_path.iterdir()) == [damaged]


def test_a_pipeline_that_decides_otherwise_is_not_written(small, tmp_path, monkeypatch):
    monkeypatch.setattr(exports.Tagger, "as_sklearn", lambda tagger: Contrary(tagger))
    with pytest.raises(ArtifactError, match="does not decide as the artifact does; nothing was written"):
        export_joblib(small.path, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


class Contrary:
    def __init__(self, tagger):
        self.tagger = tagger

    def predict(self, texts):
        decisions = self.tagger.predict_matrix(texts)
        decisions[-1, -1] ^= True
        return decisions


@pytest.mark.parametrize("export", EXPORTS.values(), ids=EXPORTS)
def test_a_target_that_cannot_be_written_is_an_error_of_ours(small, tmp_path, export):
    (tmp_path / "file").write_text("in the way")
    for target in (tmp_path / "file" / "out", tmp_path / "file" / "deep" / "out"):
        with pytest.raises(TrainerError, match="cannot write"):
            export(small.path, target)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_copy_that_was_damaged_on_the_way_is_not_published(small, tmp_path, monkeypatch):
    whole = exports.read_model

    def read(folder):
        if folder != small.path:
            (folder / "weights.safetensors").write_bytes(b"damaged")
        return whole(folder)

    monkeypatch.setattr(exports, "read_model", read)
    with pytest.raises(ArtifactError):
        export_folder(small.path, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []
