"""A record names everything that an output was made of, and nothing else."""

from __future__ import annotations

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.errors import ArtifactError, NotFoundError, UsageError
from trainer.records import Rejection
from trainer.tags.record import (
    differing,
    file_digest,
    inputs_of,
    make_record,
    output_digest,
    place_of,
    prefix_digest,
    read_record,
    record_of,
    refuse_changed,
    write_record,
)


def record(tmp_path, **more):
    rejected = [Rejection("a.txt", "empty_text", "the text is empty")]
    about = {"command": "trainer predict", "inputs": [], "counts": {"sentences": 3}, "rejected": rejected}
    return make_record("write_tags", {"inputs": ["a.txt"]}, **{**about, **more})


def saved(tmp_path, target):
    data = write_record(record(tmp_path), target, target)
    record_of(target).write_bytes(data)
    return data


def test_a_record_says_what_went_in_and_what_came_out(tmp_path):
    target = tmp_path / "tags.csv"
    target.write_bytes(b"rows")
    found = json.loads(saved(tmp_path, target))
    assert found["output"] == {"name": "tags.csv", "bytes": 4, "sha256": hashlib.sha256(b"rows").hexdigest()}
    assert found["rejected"] == {"empty_text": 1}
    assert found["rejections"] == [{"at": "a.txt", "reason": "empty_text", "detail": "the text is empty"}]
    assert {"topic-trainer", "python", "numpy", "sentencex"} <= set(found["versions"])
    assert read_record(target) == read_record(record_of(target)) == found


def test_it_holds_no_clock_and_no_place(tmp_path, monkeypatch):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt").write_bytes(b"text")
    monkeypatch.chdir(tmp_path)
    (entry,) = inputs_of(["in"])
    digest = hashlib.sha256(b"text").hexdigest()
    assert entry == {"name": "in/a.txt", "path": "in/a.txt", "bytes": 4, "sha256": digest}
    assert str(tmp_path) not in json.dumps(record(tmp_path, inputs=[entry]))


def test_standard_input_and_what_cannot_be_read_have_no_digest(tmp_path):
    (tmp_path / "gone.txt").symlink_to("nowhere")
    assert inputs_of(["-"])[0]["sha256"] is None
    assert inputs_of([tmp_path])[0]["sha256"] is None


@given(st.binary(max_size=40), st.integers(0, 60))
def test_a_file_that_grew_is_known_by_its_beginning(tmp_path_factory, data, more):
    file = tmp_path_factory.mktemp("f") / "labels.jsonl"
    file.write_bytes(data)
    then = file_digest(file)
    with file.open("ab") as handle:
        handle.write(b"x" * more)
    assert prefix_digest(file, len(data)) == then
    assert (file_digest(file) == then) is (more == 0)


def test_the_digest_of_a_folder_is_of_names_and_contents_but_its_record(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "one").write_bytes(b"1")
    first = output_digest(tmp_path)
    (tmp_path / "run.json").write_bytes(b"{}")
    assert output_digest(tmp_path) == first
    (tmp_path / "a" / "one").rename(tmp_path / "a" / "two")
    assert output_digest(tmp_path) != first


def test_what_a_run_wrote_may_be_replaced_and_nothing_else(tmp_path):
    target = tmp_path / "tags.csv"
    refuse_changed(target)
    target.write_bytes(b"rows")
    with pytest.raises(UsageError, match="--overwrite"):
        refuse_changed(target)
    saved(tmp_path, target)
    refuse_changed(target)
    target.write_bytes(b"rows, and a note")
    with pytest.raises(UsageError, match="--overwrite"):
        refuse_changed(target)


def test_a_folder_is_no_place_for_a_file(tmp_path):
    with pytest.raises(UsageError, match="no file"):
        place_of(tmp_path)
    assert place_of(tmp_path / "new.csv") == tmp_path / "new.csv"


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"format": 1}', b"\xff", b"[" * 5000])
def test_what_is_no_record_is_told(tmp_path, content):
    (tmp_path / "tags.csv.run.json").write_bytes(content)
    with pytest.raises(ArtifactError, match=r"tags\.csv\.run\.json"):
        read_record(tmp_path / "tags.csv")


def test_a_record_of_another_format_and_none_at_all_are_told(tmp_path):
    target = tmp_path / "tags.csv"
    target.write_bytes(b"rows")
    with pytest.raises(NotFoundError, match="no record"):
        read_record(target)
    told = json.loads(saved(tmp_path, target))
    record_of(target).write_text(json.dumps({**told, "format": 99}), "utf-8")
    with pytest.raises(ArtifactError, match="99"):
        read_record(target)


def test_programs_of_another_version_are_named(tmp_path):
    assert differing(record(tmp_path)) == []
    older = record(tmp_path)
    older["versions"] = {**older["versions"], "numpy": "0.1", "gone": "1"}
    assert [line.split()[0] for line in differing(older)] == ["gone", "numpy"]
