"""What is taken elsewhere says where it came from, and can be taken there again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import trainer
from trainer import api
from trainer.errors import (
    ArtifactError,
    NotDurableError,
    NotFoundError,
    NotPublishedError,
    TrainerWarning,
    UsageError,
)


@pytest.fixture
def here(small, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TRAINER_ARTIFACTS", str(small.root))
    return small


@pytest.mark.parametrize("kind", ["jsonl", "csv", "parquet", "hf-disk", "label-studio", "argilla"])
def test_an_export_of_a_corpus_has_a_record_and_is_made_again(here, kind):
    split = here.corpus.splits[:1]
    api.export_corpus(here.corpus, "out", kind, split)
    record = json.loads(Path("out.run.json").read_bytes())
    assert record["verb"] == "export_corpus"
    assert record["counts"] == {"sentences": len(here.corpus.rows(split))}
    assert record["inputs"][0]["name"].endswith("corpus.json")
    assert record["command"].startswith("trainer corpus export")
    assert api.rerun("out").same
    assert api.rerun("out.run.json", out="again").same


def test_an_export_of_a_part_says_so(here):
    api.export_corpus(here.corpus, "all.jsonl")
    api.export_corpus(here.corpus, "part.jsonl", splits=here.corpus.splits[:1])
    assert api.rerun("part.jsonl").same
    assert api.rerun("part.jsonl").sha256 != api.rerun("all.jsonl").sha256


@pytest.mark.parametrize("kind", ["dir", "joblib"])
@pytest.mark.filterwarnings("ignore:loading a joblib file:trainer.errors.TrainerWarning")
def test_an_export_of_a_model_has_a_record_and_is_made_again(here, kind):
    assert api.export(here.path, "model", kind=kind) == trainer.Exported(Path("model"))
    record = json.loads(Path("model.run.json").read_bytes())
    assert record["model"]["digest"] == here.fit.digest
    assert api.rerun("model").same
    if kind == "dir":
        assert api.load("./model").info["digest"] == here.fit.digest


def test_what_is_refused_leaves_no_record(here, tmp_path):
    with pytest.raises(UsageError, match="unknown export format 'onnx'"):
        api.export(here.path, "model", kind="onnx")
    with pytest.raises(NotFoundError, match="no split 'nowhere'"):
        api.export_corpus(here.corpus, "out", splits=["nowhere"])
    assert not list(tmp_path.iterdir())


def test_an_export_that_fails_its_check_leaves_no_record(here, tmp_path, monkeypatch):
    import joblib

    monkeypatch.setattr(joblib, "load", lambda file: None)
    with pytest.raises(AttributeError):
        api.export(here.path, "deep/model", kind="joblib")
    (tmp_path / "there").mkdir()
    with pytest.raises(UsageError, match="'there' is there already"):
        api.export(here.path, "there")
    monkeypatch.setattr("trainer.registry.exports.wheel.golden_texts", lambda folder: ["no golden text"])
    with pytest.raises(ArtifactError, match="other margins"):
        api.export(here.path, "there", kind="wheel")
    assert not list((tmp_path / "there").iterdir())
    assert [path.name for path in tmp_path.iterdir()] == ["there"]


@pytest.mark.parametrize("kind", ["dir", "joblib", "wheel"])
@pytest.mark.filterwarnings("ignore:loading a joblib file:trainer.errors.TrainerWarning")
def test_an_export_whose_record_cannot_be_written_is_not_there_either(here, tmp_path, monkeypatch, kind):
    def full(path, data):
        assert (tmp_path / "deep" / "small_model-1-py3-none-any.whl").exists()
        raise NotPublishedError("no space")

    monkeypatch.setattr("trainer.publishing.write_atomically", full)
    with pytest.raises(NotPublishedError, match="no space"):
        api.export(here.path, "deep/small_model-1-py3-none-any.whl", kind=kind)
    assert not list(tmp_path.iterdir())


def test_a_record_in_whose_place_something_stands_undoes_an_export_of_a_corpus(here, tmp_path):
    (tmp_path / "out.run.json").mkdir()
    with pytest.raises(NotPublishedError, match="cannot write"):
        api.export_corpus(here.corpus, "out")
    assert [path.name for path in tmp_path.iterdir()] == ["out.run.json"]


def test_an_export_stays_when_only_the_disk_does_not_confirm_its_record(here, monkeypatch):
    def unsure(path, data):
        path.write_bytes(data)
        raise NotDurableError("who knows")

    monkeypatch.setattr("trainer.publishing.write_atomically", unsure)
    with pytest.raises(NotDurableError):
        api.export(here.path, "model")
    assert Path("model").is_dir()


def test_a_wheel_has_a_record_and_is_made_again(here):
    Path("shelf").mkdir()
    written = api.export("small@1", "shelf", kind="wheel").path
    assert written.parent == Path("shelf")
    record = json.loads(Path(f"{written}.run.json").read_bytes())
    assert record["output"]["name"] == written.name
    assert record["command"] == "trainer models export small@1 --format wheel --out shelf"
    assert api.rerun(written).same
    Path("again").mkdir()
    found = api.rerun(written, out="again")
    assert (found.same, found.path) == (True, Path("again") / written.name)


def test_a_pipeline_is_the_same_bytes_each_time(here):
    for name in "ab":
        with pytest.warns(TrainerWarning, match="runs whatever code"):
            api.export(here.path, name, kind="joblib")
    assert Path("a").read_bytes() == Path("b").read_bytes()
