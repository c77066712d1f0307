from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import trainer
from trainer.errors import ArtifactError, TrainerError, TrainerWarning, UsageError
from trainer.estimators import LexiconVectorizer
from trainer.lexicons import LexiconMatcher
from trainer.model.features import Features, LexiconBlock
from trainer.registry.exports import kinds
from trainer.registry.exports.kinds import EXPORTS, export_folder, export_joblib
from trainer.registry.exports.wheel import export_wheel
from trainer.registry.files import FILES, MANIFEST
from trainer.registry.format import read_model
from trainer.registry.write import write_model


@pytest.fixture
def damaged(small, tmp_path):
    folder = tmp_path / "damaged"
    shutil.copytree(small.path, folder)
    (folder / "README.md").write_text("another card")
    return folder


@pytest.fixture
def name_of(small):
    """A name for each kind of export; pip goes by that of a wheel."""
    return lambda export: "small_model-1-py3-none-any.whl" if export is export_wheel else "out"


def test_the_formats_are_three():
    assert {"dir": export_folder, "joblib": export_joblib, "wheel": export_wheel} == EXPORTS


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
def test_what_is_there_is_not_overwritten(small, tmp_path, export, name_of):
    file, folder = (tmp_path / parent / name_of(export) for parent in ("a", "b"))
    file.parent.mkdir()
    file.write_text("mine")
    with pytest.raises(UsageError, match="is there already"):
        export(small.path, file)
    assert file.read_text() == "mine"
    assert list(file.parent.iterdir()) == [file]
    if export is export_wheel:
        return  # into a folder that is there it is put
    folder.mkdir(parents=True)
    with pytest.raises(UsageError, match="is there already"):
        export(small.path, folder)
    assert list(folder.iterdir()) == []
    assert list(folder.parent.iterdir()) == [folder]


@pytest.mark.parametrize("export", EXPORTS.values(), ids=EXPORTS)
def test_a_damaged_model_is_not_exported(damaged, tmp_path, export, name_of):
    with pytest.raises(ArtifactError):
        export(damaged, tmp_path / "new" / name_of(export))
    assert list(tmp_path.iterdir()) == [damaged]


def test_a_pipeline_that_decides_otherwise_once_it_is_loaded_is_not_written(small, tmp_path, monkeypatch):
    import joblib

    whole = joblib.load
    monkeypatch.setattr(joblib, "load", lambda file: Contrary(whole(file)))
    with pytest.raises(ArtifactError, match="does not decide as the artifact does; nothing was written"):
        export_joblib(small.path, tmp_path / "new" / "out")
    assert list(tmp_path.iterdir()) == []


class Contrary:
    def __init__(self, pipeline):
        self.pipeline = pipeline

    def predict(self, texts):
        decisions = self.pipeline.predict(texts)
        decisions[-1, -1] = 1 - decisions[-1, -1]
        return decisions


def test_a_pipeline_that_cannot_be_loaded_is_not_written(small, tmp_path, monkeypatch):
    import joblib

    monkeypatch.setattr(joblib, "dump", lambda pipeline, file, compress: file.write_bytes(b"\x80\x04."))
    with pytest.raises(ArtifactError, match="cannot be loaded again"):
        export_joblib(small.path, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("export", EXPORTS.values(), ids=EXPORTS)
@pytest.mark.filterwarnings("ignore:loading a joblib file:trainer.errors.TrainerWarning")
def test_a_model_without_golden_texts_is_exported_all_the_same(small, tmp_path, export, name_of):
    (tmp_path / "1").mkdir()
    write_model(tmp_path / "1", small.fit.model, {"name": "small"}, [], {}, "# Card\n")
    assert export(tmp_path / "1", tmp_path / name_of(export)).path.exists()


@pytest.mark.parametrize("export", EXPORTS.values(), ids=EXPORTS)
def test_a_target_that_cannot_be_written_is_an_error_of_ours(small, tmp_path, export, name_of):
    (tmp_path / "file").write_text("in the way")
    for parent in (tmp_path / "file", tmp_path / "file" / "deep", tmp_path / ("x" * 300)):
        target = parent / name_of(export)
        with pytest.raises(TrainerError, match="cannot write"):
            export(small.path, target)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_copy_that_was_damaged_on_the_way_is_not_published(small, tmp_path, monkeypatch):
    whole = kinds.read_model

    def read(folder, digest=None):
        if folder != small.path:
            (folder / "weights.safetensors").write_bytes(b"damaged")
        return whole(folder, digest)

    monkeypatch.setattr(kinds, "read_model", read)
    with pytest.raises(ArtifactError):
        export_folder(small.path, tmp_path / "deep" / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_copy_of_a_model_that_was_replaced_meanwhile_is_not_published(small, tmp_path, monkeypatch):
    frozen = Path(__file__).parent / "frozen" / "model-1"
    whole, first = kinds.read_model, []

    def read(folder, digest=None):
        if not first:
            first.append(folder)
            return whole(frozen)
        return whole(folder, digest)

    monkeypatch.setattr(kinds, "read_model", read)
    with pytest.raises(ArtifactError, match="the digest is"):
        export_folder(small.path, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_model_with_lexicons_is_a_pipeline_whose_step_has_a_name_that_stays(small, tmp_path, python):
    import joblib

    lexicons = LexiconBlock(LexiconMatcher({"drinks": ["tea", "cup ~ spoon"]}), 2.0)
    words = small.fit.model.features.blocks[0]
    k, features = len(small.fit.model.topics), Features((words, lexicons))
    weights = np.linspace(-2, 2, len(features) * k, dtype=np.float32).reshape(-1, k)
    tagger = replace(small.fit.model, features=features, weights=weights)
    (tmp_path / "model").mkdir()
    texts = ["tea", "a cup and a spoon", "the lighthouse", ""]
    write_model(tmp_path / "model", tagger, {"name": "tea"}, texts, {}, "# Card\n")
    with pytest.warns(TrainerWarning):
        export_joblib(tmp_path / "model", tmp_path / "out")
    (step,) = [
        step
        for _, step in joblib.load(tmp_path / "out").named_steps["features"].transformer_list
        if isinstance(step, LexiconVectorizer)
    ]
    assert (type(step).__module__, step.weight) == ("trainer.estimators", 2.0)
    code = "import joblib, sys; print(joblib.load(sys.argv[1]).predict(sys.argv[2:]).astype(bool).tolist())"
    decided = python(code, str(tmp_path / "out"), *texts, PYTHONPATH=str(Path(trainer.__file__).parents[1]))
    assert decided.strip() == str(tagger.predict_matrix(texts).tolist())
