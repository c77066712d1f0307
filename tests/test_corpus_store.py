from __future__ import annotations

import hashlib
import json
import shutil
import warnings

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import unicode_text

from trainer.config import Build
from trainer.corpus.build import build_corpus
from trainer.corpus.store import (
    ROW_COLUMNS,
    SPLITS,
    Corpus,
    TableWriter,
    corpus_with,
    fingerprint,
    open_corpus,
    read_batches,
    row_digest,
    row_schema,
)
from trainer.errors import ArtifactError, NotFoundError, UsageError

TEXTS = [f"Cup {n} of tea stood in the rain number {n * n}." for n in range(20)]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory, tea_and_rain):
    """Twenty labelled sentences, one of them judged for one topic only, and one document."""
    folder = tmp_path_factory.mktemp("store")
    rows = [
        {"id": f"s{n:02}", "text": text, "labels": ["rain", "tea"][: n % 3]} for n, text in enumerate(TEXTS)
    ]
    rows[7] = {**rows[7], "labels": [], "judged": ["tea"]}
    rows.append(
        {"id": "d1", "text": 'Nobody sang at all.\u2028It was "late" 🙂.', "title": "T", "date": "1999"}
    )
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    shares = {"train": 0.7, "validation": 0.1, "test": 0.2}
    config = tea_and_rain.model_copy(update={"build": Build(starter=False, split=shares)})
    return build_corpus([folder / "rows.jsonl"], config, folder / "artifacts")


@pytest.fixture
def offline(monkeypatch, tmp_path):
    """Let `datasets` neither ask the network nor write into the user's home."""
    for key, value in {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "HF_HOME": str(tmp_path)}.items():
        monkeypatch.setenv(key, value)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # not ours: what `datasets` says while it is imported
        import datasets

        datasets.disable_progress_bars()
    return datasets


@pytest.fixture
def copied(corpus, tmp_path):
    """A copy that may be damaged."""
    import shutil

    path = tmp_path / "artifacts" / "corpora" / "weather" / "1"
    shutil.copytree(corpus.path, path)
    return path


# -- the files --------------------------------------------------------------------------------------------


def expected_features(datasets):
    text, number = datasets.Value("string"), datasets.Value("int64")
    topics = datasets.List(datasets.ClassLabel(names=["tea", "rain"]))
    return datasets.Features(
        {
            "id": text, "text": text, "doc_id": text, "start": number, "end": number, "split": text,
            "group": text, "origin": text, "labels": topics, "unknown": topics,
            "source": text, "date": text, "title": text, "url": text,
        }
    )  # fmt: skip


def test_datasets_reads_the_parquet_files_with_their_features(corpus, offline, tmp_path):
    data_files = {split: str(corpus.path / "data" / f"{split}.parquet") for split in SPLITS}
    found = offline.load_dataset("parquet", data_files=data_files, cache_dir=str(tmp_path / "cache"))
    assert set(found) == set(SPLITS)
    for split in SPLITS:
        assert found[split].features == expected_features(offline)
        assert found[split].to_list() == corpus.rows([split]).to_pylist()


def test_datasets_reads_the_folder_by_its_card(corpus, offline, tmp_path):
    found = offline.load_dataset(str(corpus.path), cache_dir=str(tmp_path / "cache"))
    assert {split: len(rows) for split, rows in found.items()} == corpus.manifest["splits"]
    assert found["train"].features == expected_features(offline)
    assert found["test"]["text"] == corpus.rows(["test"])["text"].to_pylist()


def test_datasets_reads_the_data_folder_as_parquet(corpus, offline, tmp_path):
    found = offline.load_dataset(
        "parquet", data_dir=str(corpus.path / "data"), cache_dir=str(tmp_path / "cache")
    )
    assert {split: len(rows) for split, rows in found.items()} == corpus.manifest["splits"]
    assert found["train"].features == expected_features(offline)


def test_as_datasets_it_is_the_same_without_a_cache(corpus, offline, tmp_path):
    found = corpus.to_datasets()
    assert list(found) == list(corpus.splits)
    for split, rows in found.items():
        assert rows.features == expected_features(offline)
        assert rows.to_list() == corpus.rows([split]).to_pylist()
    assert not list(tmp_path.rglob("*.arrow"))


def test_pyarrow_alone_reads_every_row(corpus):
    tables = [pq.read_table(corpus.path / "data" / f"{split}.parquet") for split in SPLITS]
    assert [table.column_names for table in tables] == [list(ROW_COLUMNS)] * 3
    rows = [row for table in tables for row in table.to_pylist()]
    assert rows == corpus.rows().to_pylist()
    assert {row["text"] for row in rows} >= set(TEXTS)
    for split, table in zip(SPLITS, tables, strict=True):
        assert set(table["split"].to_pylist()) == {split}
    for row in rows:
        assert set(row["labels"]).isdisjoint(row["unknown"])
        assert row["doc_id"] is not None


def test_label_numbers_are_topics_in_the_order_of_the_config(corpus):
    rows = {
        row["id"]: (row["labels"], row["unknown"]) for row in corpus.rows().to_pylist() if row["id"] < "s99"
    }
    assert rows["s00"] == ([], [])
    assert rows["s01"] == ([1], [])
    assert rows["s02"] == ([0, 1], [])
    assert rows["s07"] == ([], [1])


def test_the_manifest_is_canonical_json_that_names_what_was_used(corpus):
    data = (corpus.path / "corpus.json").read_bytes()
    manifest = json.loads(data)
    assert data == (json.dumps(manifest, ensure_ascii=False, sort_keys=True, indent=1) + "\n").encode()
    assert (manifest["format"], manifest["name"], manifest["topics"]) == (2, "weather", ["tea", "rain"])
    shares = {"train": 0.7, "validation": 0.1, "test": 0.2}
    assert manifest["config"]["build"]["split"] == {**shares, "by": "topics", "cut": "", "gap_days": 0}
    assert manifest["fingerprint"] == corpus.fingerprint


def test_what_build_prints_as_json_is_this(corpus):
    found = corpus.to_dict()
    assert list(found) == [
        "corpus", "version", "fingerprint", "documents", "sentences", "labels", "splits", "rejected",
    ]  # fmt: skip
    assert found["corpus"] == str(corpus.path)
    assert found["version"] == "1"
    assert json.loads(json.dumps(found)) == found


def test_rows_may_be_read_by_split_and_column(corpus):
    table = corpus.rows(["test"], ["text", "id"])
    assert table.column_names == ["text", "id"]
    assert table.num_rows == corpus.manifest["splits"]["test"]
    assert corpus.rows(["nothing"]).num_rows == 0
    assert corpus.rows(["nothing"]).schema == row_schema(corpus.topics)


# -- opening ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("together", [1, 3, 1_000])
def test_rows_may_be_read_some_at_a_time(corpus, monkeypatch, together):
    monkeypatch.setattr("trainer.corpus.store._TOGETHER", together)
    for given_ in ((), (["test", "train"],), (["train"], ["text", "labels", "id"]), (["nothing"],)):
        batches = list(corpus.batches(*given_))
        assert max(map(len, batches), default=0) <= together
        assert [row for batch in batches for row in batch.to_pylist()] == corpus.rows(*given_).to_pylist()


def test_a_corpus_is_opened_by_folder_by_number_or_as_the_newest(corpus, copied, tmp_path, monkeypatch):
    root = tmp_path / "artifacts"
    shutil.copytree(copied, copied.parent / "10")
    monkeypatch.chdir(tmp_path)  # nothing here is called "1"
    for where, version in ((copied, "1"), (str(copied), "1"), ("1", "1"), ("10", "10"), (None, "10")):
        found = open_corpus(where, root, "weather")
        assert found.fingerprint == corpus.fingerprint
        assert found.path.name == version
        assert found.created is False


def test_what_is_not_there_is_said_with_what_there_is(copied, tmp_path):
    root = tmp_path / "artifacts"
    with pytest.raises(NotFoundError, match=r"no version '7' of corpus 'weather'. There is: 1\."):
        open_corpus("7", root, "weather")
    with pytest.raises(NotFoundError, match="`trainer build` makes one"):
        open_corpus(None, root, "other")


def test_a_corpus_is_found_by_its_fingerprint(corpus, copied, tmp_path):
    assert corpus_with(corpus.fingerprint, tmp_path / "artifacts", "weather").path == copied
    with pytest.raises(NotFoundError):
        corpus_with("0" * 64, tmp_path / "artifacts", "weather")
    with pytest.raises(NotFoundError):
        corpus_with(corpus.fingerprint, tmp_path / "elsewhere", "weather")


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[]", b"1", b"null", b'{"name": "weather"}', b"\xff", b'{"format": 2}']
)
def test_a_damaged_manifest_is_named(copied, tmp_path, data):
    (copied / "corpus.json").write_bytes(data)
    with pytest.raises(ArtifactError) as caught:
        open_corpus(None, tmp_path / "artifacts", "weather")
    assert str(copied / "corpus.json") in str(caught.value)


def test_a_missing_manifest_is_named(copied, tmp_path):
    (copied / "corpus.json").unlink()
    with pytest.raises(ArtifactError):
        open_corpus(copied, tmp_path, "weather")


@pytest.mark.parametrize("cut", [0, 4, 0.5, -1])
def test_a_truncated_parquet_file_is_named(copied, tmp_path, cut):
    file = copied / "data" / "train.parquet"
    data = file.read_bytes()
    file.write_bytes(data[: int(len(data) * cut) if isinstance(cut, float) else cut])
    with pytest.raises(ArtifactError, match="the corpus is damaged"):
        open_corpus(copied, tmp_path, "weather").rows()
    with pytest.raises(ArtifactError, match="the corpus is damaged"):
        list(open_corpus(copied, tmp_path, "weather").batches())


def test_a_missing_parquet_file_is_named(copied, tmp_path):
    (copied / "data" / "test.parquet").unlink()
    with pytest.raises(ArtifactError, match="the corpus is damaged"):
        open_corpus(copied, tmp_path, "weather").rows()
    with pytest.raises(ArtifactError, match="the corpus is damaged"):
        list(open_corpus(copied, tmp_path, "weather").batches())


# -- fingerprint ------------------------------------------------------------------------------------------

ROW = {
    "id": "s1", "text": "A cup.", "doc_id": "s1", "start": 0, "end": 6, "split": "train", "group": "s1",
    "origin": "gold", "labels": [0], "unknown": [], "source": None, "date": None, "title": None, "url": None,
}  # fmt: skip


@given(st.lists(st.binary(min_size=32, max_size=32), max_size=6), st.randoms())
def test_a_fingerprint_does_not_depend_on_the_order_of_rows(digests, random):
    shuffled = random.sample(digests, len(digests))
    assert fingerprint(["tea"], shuffled) == fingerprint(["tea"], digests)


@given(st.lists(st.binary(min_size=32, max_size=32), max_size=4), st.lists(unicode_text, max_size=3))
def test_a_fingerprint_depends_on_every_row_and_on_the_topics_in_order(digests, topics):
    found = fingerprint(topics, digests)
    assert fingerprint([*topics, "more"], digests) != found
    assert fingerprint(topics, [*digests, b"x" * 32]) != found
    if len(set(topics)) > 1:
        ordered = sorted(topics)
        assert fingerprint(ordered, digests) != fingerprint(ordered[::-1], digests)


@pytest.mark.parametrize("column", ROW_COLUMNS)
def test_any_change_of_a_row_changes_its_digest(column):
    changed = {"start": 1, "end": 5, "labels": [1], "unknown": [0]}.get(column, "other")
    assert row_digest({**ROW, column: changed}) != row_digest(ROW)


def test_a_digest_does_not_depend_on_the_order_of_keys_and_never_changes():
    assert row_digest(dict(reversed(ROW.items()))) == row_digest(ROW)
    canonical = '["s1", "A cup.", "s1", 0, 6, "train", "s1", "gold", [0], [], null, null, null, null]'
    assert row_digest(ROW) == hashlib.sha256(canonical.encode()).digest()
    topics = hashlib.sha256(b'["tea"]' + row_digest(ROW)).hexdigest()
    assert fingerprint(["tea"], [row_digest(ROW)]) == topics


def test_the_fingerprint_of_a_corpus_is_that_of_its_stored_rows(corpus):
    rows = corpus.rows().to_pylist()
    assert fingerprint(corpus.topics, map(row_digest, rows)) == corpus.fingerprint


# -- writing ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [0, 1, 4, 5, 6, 10, 11])
def test_rows_come_back_in_order_whatever_the_batch(tmp_path, monkeypatch, n):
    monkeypatch.setattr(TableWriter, "BATCH", 5)
    path = tmp_path / "deep" / "er" / "t.parquet"
    rows = [{"n": i, "text": f"é{i}"} for i in range(n)]
    with TableWriter(path, pa.schema([("n", pa.int64()), ("text", pa.string())])) as writer:
        for row in rows:
            writer.write(row)
    assert list(read_batches(path)) == rows


def test_a_writer_that_is_interrupted_writes_nothing_more(tmp_path):
    path = tmp_path / "t.parquet"
    with pytest.raises(KeyboardInterrupt), TableWriter(path, pa.schema([("n", pa.int64())])) as writer:  # noqa: PT012
        writer.write({"n": 1})
        raise KeyboardInterrupt
    assert list(read_batches(path)) == []


def test_a_writer_closes_its_file_when_the_last_rows_fail(tmp_path):
    writer = TableWriter(tmp_path / "t.parquet", pa.schema([("n", pa.int64())]))
    writer.write({"n": "not a number"})
    with pytest.raises(pa.ArrowException):
        writer.__exit__(None, None, None)
    # Only a closed file has the footer without which Parquet cannot be read.
    assert list(read_batches(tmp_path / "t.parquet")) == []


def test_splits_are_those_that_hold_sentences(corpus):
    manifest = {**corpus.manifest, "splits": {"test": 2, "train": 3, "validation": 0}}
    assert Corpus(corpus.path, manifest).splits == ("train", "test")


@pytest.mark.parametrize("name", ["../../outside", "/etc", "..", "a/b", "con", "", "Weather"])
def test_a_name_that_leads_elsewhere_opens_nothing(corpus, copied, tmp_path, name):
    shutil.copytree(copied.parent, tmp_path / "outside")
    for use in (
        lambda: corpus_with(corpus.fingerprint, tmp_path / "artifacts", name),
        lambda: open_corpus(None, tmp_path / "artifacts", name),
    ):
        with pytest.raises(UsageError, match="corpus name"):
            use()


def test_a_corpus_whose_folder_is_a_link_is_not_followed(corpus, copied, tmp_path):
    copied.parent.rename(tmp_path / "elsewhere")
    copied.parent.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ArtifactError, match="is a link"):
        corpus_with(corpus.fingerprint, tmp_path / "artifacts", "weather")
