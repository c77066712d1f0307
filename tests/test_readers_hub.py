from __future__ import annotations

import socket

import datasets
import pytest

from trainer.corpus.sources import read_inputs
from trainer.errors import NotFoundError, UsageError
from trainer.records import Document, LabelledText

TOPICS = ("tea", "rain", "wind")
FEATURES = datasets.Features(
    {"text": datasets.Value("string"), "labels": datasets.List(datasets.ClassLabel(names=["rain", "tea"]))}
)


@pytest.fixture(autouse=True)
def _offline(monkeypatch, tmp_path):
    def refuse(*arguments):
        raise AssertionError("the network was touched")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    datasets.disable_progress_bars()


def some(name):
    rows = {"text": [f"{name} one.", f"{name} two."], "labels": [[1], []]}
    return datasets.Dataset.from_dict(rows, features=FEATURES)


def read(folder, **options):
    return list(read_inputs([f"hf:{folder}"], TOPICS, **options))


def test_a_data_set_on_disk_gives_its_splits_and_the_names_of_classes(tmp_path):
    splits = {name: some(name) for name in ("train", "validation", "test", "extra")}
    datasets.DatasetDict(splits).save_to_disk(tmp_path / "saved")
    found = read(tmp_path / "saved")
    assert {(record.text.split()[0], record.split) for record in found} == {
        ("train", "train"), ("validation", "validation"), ("test", "test"), ("extra", None),
    }  # fmt: skip
    assert [dict(record.labels) for record in found[:2]] == [
        {"tea": "yes", "rain": "no"},
        {"tea": "no", "rain": "no"},
    ]
    assert {record.author for record in found} == {"human:saved"}
    assert found[0].at == f"hf:{tmp_path}/saved/extra#1"


def test_one_part_alone_has_no_split(tmp_path):
    some("a").save_to_disk(tmp_path / "one")
    assert [(record.split, record.at) for record in read(tmp_path / "one")] == [
        (None, f"hf:{tmp_path}/one#1"), (None, f"hf:{tmp_path}/one#2"),
    ]  # fmt: skip


def test_a_folder_of_parquet_is_read_without_a_copy(tmp_path):
    for name in ("train", "test"):
        path = tmp_path / "set" / "data" / f"{name}-00000-of-00001.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        some(name).to_parquet(path)
    found = read(tmp_path / "set")
    assert [(record.split, isinstance(record, LabelledText)) for record in found] == [("test", True)] * 2 + [
        ("train", True)
    ] * 2
    assert not (tmp_path / "cache").exists()


def test_without_topics_every_row_is_a_document(tmp_path):
    some("a").save_to_disk(tmp_path / "one")
    assert all(isinstance(record, Document) for record in read_inputs([f"hf:{tmp_path}/one"], None))


@pytest.mark.parametrize("damage", ["no text", "broken", "empty"])
def test_a_data_set_that_cannot_be_used_is_one_rejection(tmp_path, damage):
    folder = tmp_path / "set"
    if damage == "no text":
        some("a").rename_column("text", "words").save_to_disk(folder)
    else:
        some("a").save_to_disk(folder)
        (folder / "state.json").write_text("{" if damage == "broken" else "")
    (found,) = read(folder)
    assert found.reason == ("no_text" if damage == "no text" else "unreadable_dataset")
    assert found.at.startswith(f"hf:{folder}")


def test_a_name_needs_leave_to_use_the_network_before_anything_is_read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.txt").write_text("A cup.")
    with pytest.raises(UsageError, match="download was not allowed") as caught:
        read_inputs(["a.txt", "hf:somebody/something"], TOPICS)
    assert "--allow-network" in str(caught.value)
    with pytest.raises(NotFoundError):
        read_inputs(["hf:./nowhere"], TOPICS)


def test_with_leave_the_hub_is_asked_for_a_stream(tmp_path, monkeypatch):
    asked = []

    def load(name, **options):
        asked.append((name, options["streaming"]))
        return {"train": some("far").to_iterable_dataset()}

    monkeypatch.setattr(datasets, "load_dataset", load)
    monkeypatch.chdir(tmp_path)
    found = read("somebody/something", allow_network=True)
    assert asked == [("somebody/something", True)]
    assert [(record.text, record.split) for record in found] == [("far one.", "train"), ("far two.", "train")]
