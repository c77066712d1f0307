from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import write_small_inputs

import trainer
from trainer import api
from trainer.config import config_from_dict
from trainer.corpus.examples import corpus_examples
from trainer.corpus.store import Corpus
from trainer.errors import (
    ArtifactError,
    ConfigError,
    DataError,
    LeakageError,
    NotFoundError,
    TrainerError,
    TrainerWarning,
    UsageError,
)
from trainer.evaluation import slips
from trainer.model.search import search_settings
from trainer.registry.files import FILES, MANIFEST

TEXTS = ["Lava ran past the lighthouse.", "Soup is served at noon.", ""]


@pytest.fixture
def root(small, tmp_path) -> Path:
    """The artifacts of the small model, to be written into."""
    shutil.copytree(small.root, tmp_path / "artifacts")
    return tmp_path / "artifacts"


# load


def test_a_model_is_loaded_by_name_number_digest_and_path(small):
    for reference in (
        "small",
        "small@1",
        f"small@sha256:{small.fit.digest[:12]}",
        small.path,
        str(small.path),
    ):
        assert trainer.load(reference, root=small.root).info["digest"] == small.fit.digest


def test_the_root_is_found_in_the_environment_and_in_the_folder(small, tmp_path, monkeypatch):
    monkeypatch.chdir(small.root.parent)
    monkeypatch.delenv("TRAINER_ARTIFACTS", raising=False)
    assert trainer.load("small").info["digest"] == small.fit.digest
    monkeypatch.setenv("TRAINER_ARTIFACTS", str(tmp_path))
    with pytest.raises(NotFoundError, match=f"no model 'small' in '{tmp_path}'"):
        trainer.load("small")


def test_a_pin_is_the_digest_with_or_without_its_kind(small):
    for pin in (small.fit.digest, f"sha256:{small.fit.digest}", small.fit.digest[:8]):
        assert trainer.load("small", digest=pin, root=small.root).info["digest"] == small.fit.digest


@pytest.mark.parametrize("pin", ["", "sha256:", "0" * 64, "abc"])
def test_another_digest_than_pinned_is_refused(small, pin):
    with pytest.raises(ArtifactError, match="the digest is"):
        trainer.load("small", digest=pin, root=small.root)


def test_a_missing_and_a_damaged_model_have_errors_of_their_own(root):
    with pytest.raises(NotFoundError) as missing:
        trainer.load("none", root=root)
    (root / "models" / "small" / "1" / "lexicons.json").write_bytes(b"[")
    with pytest.raises(ArtifactError) as damaged:
        trainer.load("small", root=root)
    assert (missing.value.exit_code, damaged.value.exit_code) == (6, 7)


# fit


def test_what_fit_returns_is_what_is_loaded(small):
    loaded = trainer.load(small.path)
    assert small.fit.model.info == loaded.info
    assert small.fit.model.predict_proba(TEXTS).tobytes() == loaded.predict_proba(TEXTS).tobytes()
    assert (small.fit.version, small.fit.created) == ("1", True)
    assert small.fit.path == small.root / "models" / "small" / "1"


def test_the_result_of_fit_is_written_as_the_contract_says(small):
    row = small.fit.to_dict()
    assert list(row) == ["model", "version", "digest", "created", "thresholds", "seconds"]
    assert row["thresholds"] == small.fit.model.info["thresholds"]
    assert list(row["thresholds"]) == ["lighthouses", "volcanoes"]
    assert row["seconds"] > 0
    json.dumps(row, allow_nan=False)


def test_fitting_again_finds_the_version_that_is_there(small, root):
    again = trainer.fit(None, small.config, root=root)
    assert (again.version, again.digest, again.created) == ("1", small.fit.digest, False)
    assert [model.version for model in api.models(root=root)] == ["1"]


def test_another_setting_is_another_version(small, root):
    config = config_from_dict({**small.config.model_dump(mode="json"), "seed": 14})
    other = trainer.fit(None, config, root=root)
    assert (other.version, other.created) == ("2", True)
    assert other.digest != small.fit.digest


def test_without_saving_nothing_is_written(small, root):
    before = sorted(root.rglob("*"))
    result = trainer.fit(None, small.config, root=root, save=False)
    assert (result.path, result.version, result.digest, result.created) == (None, None, None, False)
    assert result.to_dict()["model"] is None
    assert sorted(root.rglob("*")) == before
    assert np.array_equal(result.model.predict_proba(TEXTS), small.fit.model.predict_proba(TEXTS))


def searching(config, **values):
    """Return the config with a small search."""
    search = {"C": [1.0, 4.0], "char_ngrams": [[], [2, 3]], "class_weight": ["balanced"], **values}
    return config_from_dict({**config.model_dump(mode="json"), "search": search})


def test_a_search_chooses_what_is_then_fitted_and_saved(small, root):
    config = searching(small.config)
    result = trainer.fit(None, config, root=root, search=True)
    assert len(result.search.trials) == 4
    saved = config_from_dict(result.model.info["config"])
    assert saved == result.search.applied(config)
    assert saved.classifier.class_weight == "balanced"
    (version,) = [one for one in api.models(root=root) if one.version == result.version]
    assert version.metrics["search"] == result.search.to_dict() == result.metrics["search"]
    assert "seconds" not in json.dumps(version.metrics["search"])
    assert "chosen by a search" in (result.path / "README.md").read_text(encoding="utf-8")
    plain = trainer.fit(None, saved, root=root, save=False)
    assert np.array_equal(plain.model.predict_proba(TEXTS), result.model.predict_proba(TEXTS))
    assert plain.search is None
    assert "search" not in plain.metrics


def test_a_search_again_gives_the_same_bytes_in_whatever_order_rows_come(small, tmp_path):
    config = searching(small.config)
    _, (labelled, document) = write_small_inputs(tmp_path / "in")
    rows = labelled.read_text().split("\n")[:-1]
    labelled.write_text("\n".join(rows[::-1]) + "\n")
    corpus = trainer.build([document, labelled], config, root=tmp_path / "a")
    one, other = (
        trainer.fit(chosen, config, root=tmp_path / name, search=True)
        for chosen, name in ((corpus, "a"), (small.corpus, "b"))
    )
    assert one.digest == other.digest


def test_the_test_split_has_no_part_in_a_search(small, root):
    config = searching(small.config)
    parts = [split for split in small.corpus.splits if split != "test"]
    found = search_settings(corpus_examples(small.corpus, parts), config)
    assert trainer.fit(None, config, root=root, save=False, search=True).search.to_dict() == found.to_dict()


def test_a_search_that_is_interrupted_leaves_nothing(small, root):
    def interrupt(stage, done, total):
        if (stage, done) == ("searching", 2):
            raise KeyboardInterrupt

    before = sorted(root.rglob("*"))
    with pytest.raises(KeyboardInterrupt):
        trainer.fit(None, searching(small.config), root=root, search=True, progress=interrupt)
    assert sorted(root.rglob("*")) == before


def test_a_model_of_lexicons_alone_may_be_found(small, tmp_path):
    lexicons = [{"name": "heights", "terms": ["volcano*", "lava", "lighthouse*"]}]
    both_off = {"C": [1.0], "word_ngrams": [[]], "char_ngrams": [[]]}
    whole = {**small.config.model_dump(mode="json"), "lexicons": lexicons, "search": both_off}
    result = trainer.fit(small.corpus, config_from_dict(whole), root=tmp_path, search=True)
    assert [block.kind for block in result.model.features.blocks] == ["lexicon"]
    assert "only the lexicons" in (result.path / "README.md").read_text(encoding="utf-8")


def test_a_corpus_is_given_as_itself_by_number_or_by_folder(small, root):
    for corpus in (small.corpus, "1", small.corpus.path, str(small.corpus.path)):
        assert trainer.fit(corpus, small.config, root=root).digest == small.fit.digest


def test_the_test_split_has_no_part_in_fitting(small):
    yes = sum(counts["yes"] + counts["no"] for counts in small.fit.labels.values())
    assert yes == 2 * small.corpus.manifest["splits"]["train"]
    assert small.fit.metrics["test"]["micro"]["support"] > 0


def test_a_corpus_of_other_topics_is_refused(small, root):
    data = small.config.model_dump(mode="json")
    config = config_from_dict({**data, "topics": data["topics"][:1]})
    with pytest.raises(
        DataError, match="has the topics lighthouses, volcanoes, the config lighthouses"
    ) as caught:
        trainer.fit(small.corpus, config, root=root)
    assert "trainer build" in caught.value.hint


@pytest.mark.parametrize("column", ["group", "text"])
def test_leakage_is_refused_before_anything_is_written(small, root, column):
    folder = root / "corpora" / "small" / "1"
    train, test = (pq.read_table(folder / "data" / f"{split}.parquet") for split in ("train", "test"))
    place = train.column_names.index(column)
    leaked = pa.chunked_array([[train[column][0].as_py(), *test[column].to_pylist()[1:]]])
    pq.write_table(
        test.set_column(place, test.schema.field(column), leaked), folder / "data" / "test.parquet"
    )
    with pytest.raises(
        LeakageError, match=rf"{column}s stand in more than one split \(1\); .* in train"
    ) as caught:
        trainer.fit(trainer.open_corpus(folder), small.config, root=root)
    assert caught.value.exit_code == 5
    assert [model.version for model in api.models(root=root)] == ["1"]
    corpus = trainer.open_corpus(folder)
    with pytest.warns(
        TrainerWarning, match=f"scores will flatter: .* {column}s stand in more than one split"
    ):
        assert trainer.fit(corpus, small.config, allow_leakage=True, save=False).model.topics == corpus.topics


def test_a_corpus_is_checked_and_its_slips_are_looked_for(small, root, monkeypatch):
    found = api.check_corpus(None, small.config, root=root)
    assert {finding.level for finding in found} <= {"warning"}
    assert api.check_corpus(small.corpus, small.config, slips=False) == [
        finding for finding in found if finding.kind != "slip"
    ]
    monkeypatch.setattr(slips, "can_find_slips", lambda: False)
    with pytest.warns(TrainerWarning, match=r'not looked for: pip install "topic-trainer\[audit\]"'):
        api.check_corpus(small.corpus, small.config)


def test_without_a_corpus_and_without_the_starter_there_is_nothing_to_fit(small, tmp_path):
    with pytest.raises(NotFoundError, match="no corpus in"):
        trainer.fit(None, small.config, root=tmp_path)


# build and open_corpus


def test_one_input_may_be_given_as_it_is(small, tmp_path):
    config, (labelled, _) = write_small_inputs(tmp_path / "in")
    corpora = [
        trainer.build(given, config, root=tmp_path / "a") for given in (labelled, str(labelled), [labelled])
    ]
    assert [(corpus.version, corpus.created) for corpus in corpora] == [
        ("1", True),
        ("1", False),
        ("1", False),
    ]


def test_a_corpus_is_opened_by_number_by_folder_or_as_the_newest(small):
    for where in (None, "1", small.corpus.path):
        corpus = trainer.open_corpus(where, name="small", root=small.root)
        assert isinstance(corpus, Corpus)
        assert corpus.fingerprint == small.corpus.fingerprint


def test_a_config_that_is_wrong_or_missing_stops_before_anything_is_written(tmp_path):
    (tmp_path / "bad.toml").write_text("sede = 3\n")
    for config, error in ((tmp_path / "bad.toml", ConfigError), (tmp_path / "none.toml", NotFoundError)):
        for verb in (trainer.build, trainer.fit):
            with pytest.raises(error):
                verb((), config, root=tmp_path / "artifacts")
    assert not (tmp_path / "artifacts").exists()


# promote, rollback, export


def test_promoting_moves_what_the_name_stands_for(small, root):
    config = config_from_dict({**small.config.model_dump(mode="json"), "seed": 14})
    trainer.fit(None, config, root=root)
    for reference in ("small@1", f"small@sha256:{small.fit.digest}", root / "models" / "small" / "1"):
        assert api.promote(reference, root=root).version == "1"
        assert api.find("small", root=root).version == "1"
    api.promote("small@2", root=root)
    assert api.find("small", root=root).version == "2"
    assert api.rollback("small", root=root) == "1"
    assert trainer.load("small", root=root).info["digest"] == small.fit.digest


def test_only_a_version_of_these_artifacts_can_be_promoted(small, root, tmp_path):
    api.export("small", tmp_path / "out" / "1", root=root)
    api.export("small", tmp_path / "small" / "1", root=root)
    before = sorted(root.rglob("*"))
    for folder in (tmp_path / "out" / "1", tmp_path / "small" / "1", small.path):
        with pytest.raises(UsageError, match="is not a saved version in"):
            api.promote(folder, root=root)
    with pytest.raises(NotFoundError):
        api.promote("small@2", root=root)
    assert sorted(root.rglob("*")) == before


def test_an_exported_folder_is_loaded_by_its_path(small, tmp_path):
    api.export("small", tmp_path / "elsewhere", root=small.root)
    assert trainer.load(tmp_path / "elsewhere").info["digest"] == small.fit.digest


def test_an_unknown_export_format_is_refused_with_the_nearest(small, tmp_path):
    with pytest.raises(UsageError, match=r"unknown export format 'jobli'\. Did you mean 'joblib'"):
        api.export("small", tmp_path / "out", kind="jobli", root=small.root)
    assert list(tmp_path.iterdir()) == []


def test_models_are_listed_by_name(small, root):
    shutil.copytree(root / "models" / "small" / "1", root / "models" / "other" / "4")
    assert [(m.name, m.version) for m in api.models(root=root)] == [("other", "4"), ("small", "1")]
    assert [(m.name, m.version) for m in api.models("other", root=root)] == [("other", "4")]


def test_every_verb_takes_a_root_that_is_not_there(tmp_path):
    nowhere = tmp_path / "nowhere"
    assert api.models(root=nowhere) == []
    for verb in (api.find, trainer.load, trainer.evaluate, api.promote, api.rollback):
        with pytest.raises(TrainerError) as caught:
            verb("small", root=nowhere)
        assert caught.value.exit_code == 6
    assert not nowhere.exists()


# The same inputs, the same bytes

FIT_TWICE = """
import json, sys
import trainer
config, root, *inputs = sys.argv[1:]
out = []
for _ in range(2):
    corpus = trainer.build(inputs, config, root=root)
    fit = trainer.fit(corpus, config, root=root)
    out += [corpus.fingerprint, corpus.created, fit.digest, fit.created]
print(json.dumps(out))
"""
LEXICONS = """
[[lexicons]]
name = "fires"
terms = ['lav*', 'red ~ rock', 'ash']

[[lexicons]]
name = "bakers"
terms = ['loaves', 'bread']
"""
SURROUNDINGS = [
    {"PYTHONHASHSEED": "0", "TZ": "UTC", "LC_ALL": "C", "OMP_NUM_THREADS": "1", "LOKY_MAX_CPU_COUNT": "1"},
    {"PYTHONHASHSEED": "4242", "TZ": "Asia/Kolkata", "LC_ALL": "C.UTF-8", "OMP_NUM_THREADS": "4",
     "OPENBLAS_NUM_THREADS": "4", "LOKY_MAX_CPU_COUNT": "4", "PYTHONUTF8": "0", "PYTHONOPTIMIZE": "1"},
]  # fmt: skip


def whole(folder: Path) -> dict[str, bytes]:
    """Return the bytes of every file below a folder."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def test_the_same_inputs_give_the_same_bytes_wherever_and_however_it_runs(tmp_path):
    running = []
    for number, surroundings in enumerate(SURROUNDINGS):
        folder = tmp_path / f"place {number}"
        config, inputs = write_small_inputs(folder)
        config.write_text(config.read_text() + LEXICONS)
        if number:  # another working folder, other paths to the same inputs
            inputs = [Path(path.name) for path in inputs]
        arguments = [sys.executable, "-c", FIT_TWICE, config, folder / "artifacts", *inputs]
        running.append(
            subprocess.Popen(  # noqa: S603
                list(map(str, arguments)),
                cwd=folder,
                env=os.environ | surroundings,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
        )
    for process in running:
        out, err = process.communicate()
        assert process.returncode == 0, err.decode()
        fingerprint, first, digest, created, *again = json.loads(out)
        assert (first, created) == (True, True)
        assert again == [fingerprint, False, digest, False]
    one, other = (whole(tmp_path / f"place {number}" / "artifacts") for number in range(len(SURROUNDINGS)))
    assert one.keys() == other.keys()
    assert [name for name in one if one[name] != other[name]] == []
    assert {f"models/small/1/{name}" for name in (*FILES, MANIFEST)} < one.keys()


@pytest.mark.parametrize("kind", ["logistic", "svm"])
def test_fitting_again_in_one_process_gives_the_same_digest(small, tmp_path, kind):
    data = small.config.model_dump(mode="json")
    config = config_from_dict({**data, "classifier": {**data["classifier"], "kind": kind}})
    np.random.seed(1)  # what others draw from it may not matter
    first = trainer.fit(small.corpus, config, root=tmp_path / "a")
    np.random.seed(2)
    again = trainer.fit(small.corpus, config, root=tmp_path / "b")
    assert first.digest == again.digest
    assert whole(tmp_path / "a") == whole(tmp_path / "b")


def test_the_order_of_rows_and_inputs_changes_no_digest(small, tmp_path):
    config, (labelled, document) = write_small_inputs(tmp_path / "in")
    rows = labelled.read_text().split("\n")[:-1]
    labelled.write_text("\n".join(rows[::-1]) + "\n")
    corpus = trainer.build([document, labelled], config, root=tmp_path / "a")
    assert corpus.fingerprint == small.corpus.fingerprint
    assert trainer.fit(corpus, config, root=tmp_path / "a").digest == small.fit.digest


def test_the_manifest_alone_identifies_the_model(small):
    import hashlib

    assert hashlib.sha256((small.path / MANIFEST).read_bytes()).hexdigest() == small.fit.digest


def test_a_corpus_that_nobody_judged_is_said_to_be_so(tmp_path, small):
    documents = tmp_path / "notes.txt"
    lines = [f"The volcano at place{i} threw out ash for {i} long days." for i in range(8)]
    lines += [f"A lighthouse on rock{i} went dark over {i} stormy nights." for i in range(8)]
    documents.write_text("\n\n".join(lines), encoding="utf-8")
    corpus = trainer.build(documents, small.config, root=tmp_path / "a")
    with pytest.warns(trainer.TrainerWarning, match="nobody judged a sentence"):
        trainer.fit(corpus, small.config, root=tmp_path / "a")
