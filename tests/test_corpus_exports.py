"""Exports of a corpus: what they hold, that they build the same again, and are whole or nowhere."""

from __future__ import annotations

import csv
import errno
import json
import warnings
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import hostile_text, unicode_text

from trainer.corpus.build import build_corpus
from trainer.corpus.examples import file_examples
from trainer.corpus.exports import EXPORTS, export_corpus
from trainer.corpus.sources import SUFFIXES
from trainer.corpus.store import ROW_COLUMNS, row_schema
from trainer.errors import ArtifactError, NotFoundError, TrainerError, UsageError

pytestmark = pytest.mark.filterwarnings("ignore::trainer.errors.TrainerWarning")  # rejections, on purpose
READ_BACK = ("jsonl", "csv", "parquet")

GOLD = [
    {"id": "g1", "text": "=SUM(A1) of tea in \"cups\", said 'Ana'", "labels": ["tea"], "annotator": "Ana@x"},
    {"id": "g2", "text": "'=an apostrophe of its own\u2028in two lines\nor three", "labels": {"rain": "no"}},
    {
        "id": "g3",
        "text": "\u202eعاصفة 🙂 the pot stood in the cellar",
        "labels": [],
        "url": "=x",
        "title": "+t",
    },
    {"id": "g4", "text": "A cup that Ana and Ben both saw", "labels": ["tea"], "annotator": "Ana@x"},
    {"id": "g4", "text": "A cup that Ana and Ben both saw", "labels": ["rain"], "annotator": "Ben"},
    {"id": "g5", "text": "A second look at one more cup", "labels": ["tea"], "annotator": "Ana@x"},
    {"id": "g5", "text": "A second look at one more cup", "labels": ["tea"], "annotator": "Ben"},
]
DOCUMENT = "A cup of tea was poured. Then nobody sang at all. The train stood in the rain. =1+1 makes two."


def build(folder: Path, config, *inputs):
    return build_corpus(list(inputs), config, folder / "artifacts")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory, tea_and_rain):
    """Gold sentences, hostile ones among them, and a document that only rules judged."""
    folder = tmp_path_factory.mktemp("exports")
    lines = [json.dumps(row) + "\n" for row in GOLD]
    (folder / "rows.jsonl").write_text("".join(lines), encoding="utf-8")
    (folder / "note.txt").write_text(DOCUMENT, encoding="utf-8")
    return build(folder, tea_and_rain, folder / "rows.jsonl", folder / "note.txt")


def states(corpus) -> dict[str, tuple[object, ...]]:
    """Return what a round trip has to keep of each sentence, by id."""
    columns = ("text", "doc_id", "origin", "labels", "unknown", "title", "url")
    return {row["id"]: tuple(row[c] for c in columns) for row in corpus.rows().to_pylist()}


def exported(corpus, folder, kind, splits=()):
    target = folder / f"export.{kind}"
    export_corpus(corpus, target, kind, splits)
    assert [path.name for path in folder.iterdir() if path.name.startswith(".")] == []
    return target


# -- round trips ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [kind for kind in READ_BACK if f".{kind}" in SUFFIXES])
def test_what_was_exported_builds_the_same_sentences_with_the_same_labels(
    corpus, tea_and_rain, tmp_path, kind
):
    again = build(tmp_path, tea_and_rain, exported(corpus, tmp_path, kind))
    # On g4 people agree on nothing: there is no label to bring back, and that is said.
    assert again.manifest["rejected"] == {"no_labels": 1}
    assert states(again) == {key: row for key, row in states(corpus).items() if key != "g4"}
    assert Counter(row[2] for row in states(again).values()) == {"gold": 4, "silver": 4}


@pytest.mark.parametrize("kind", [kind for kind in READ_BACK if f".{kind}" in SUFFIXES])
def test_silver_labels_survive_the_rules_that_made_them_and_stay_silver(corpus, tea_and_rain, tmp_path, kind):
    bare = tea_and_rain.model_copy(
        update={
            "topics": tuple(topic.model_copy(update={"rules": ()}) for topic in tea_and_rain.topics),
            "build": tea_and_rain.build.model_copy(update={"silence_weight": 0.0}),
        }
    )
    again = build(tmp_path, bare, exported(corpus, tmp_path, kind))
    assert states(again) == {key: row for key, row in states(corpus).items() if key != "g4"}
    authors = set(pq.read_table(again.path / "votes.parquet")["author"].to_pylist())
    assert {author.split(":")[0] for author in authors} == {"human", "imported"}


@pytest.mark.parametrize("kind", ["jsonl", "csv"])
def test_the_annotators_come_back_by_name(corpus, tea_and_rain, tmp_path, kind):
    again = build(tmp_path, tea_and_rain, exported(corpus, tmp_path, kind))
    votes = pq.read_table(again.path / "votes.parquet").to_pylist()
    people = {vote["sentence_id"]: vote["author"] for vote in votes if vote["author"].startswith("human:")}
    assert people == {
        "g1": "human:Ana@x",
        "g2": "human:rows.jsonl",
        "g3": "human:rows.jsonl",
        "g5": "human:Ana@x; Ben",
    }


@pytest.mark.parametrize("kind", ["jsonl", "csv"])
def test_silver_is_no_gold_for_a_score_either(corpus, tea_and_rain, tmp_path, kind):
    examples = file_examples(exported(corpus, tmp_path, kind), tea_and_rain.topic_names)
    gold = {text for text, known in zip(examples.texts, examples.gold, strict=True) if known}
    rows = {row["text"]: row["origin"] for row in corpus.rows().to_pylist()}
    judged = {text for text in examples.texts if rows[text] == "gold"}
    assert gold == judged


def test_sentences_that_nobody_and_no_rule_judged_come_back_too(tea_and_rain, tmp_path):
    quiet = tea_and_rain.build.model_copy(update={"silence_weight": 0.0})
    config = tea_and_rain.model_copy(update={"build": quiet})
    (tmp_path / "a.txt").write_text("Nobody sang at all. A cup of tea stood there.", encoding="utf-8")
    corpus = build(tmp_path, config, tmp_path / "a.txt")
    assert Counter(len(row[4]) for row in states(corpus).values()) == {2: 1, 1: 1}
    for kind in ("jsonl", "csv"):
        again = build(tmp_path / kind, config, exported(corpus, tmp_path, kind))
        assert states(again) == states(corpus)


@settings(max_examples=15)
@given(
    st.lists(
        (hostile_text | unicode_text).map(lambda text: text.replace("\0", "").strip()).filter(bool),
        min_size=1,
        max_size=8,
        unique=True,
    )
)
def test_any_text_survives_a_sheet_and_json_lines(tmp_path_factory, tea_and_rain, texts):
    folder = tmp_path_factory.mktemp("any")
    rows = [
        json.dumps({"id": f"n{n}", "text": text, "labels": {"tea": "yes"}, "title": text or None}) + "\n"
        for n, text in enumerate(texts)
    ]
    (folder / "rows.jsonl").write_text("".join(rows), encoding="utf-8")
    corpus = build(folder, tea_and_rain, folder / "rows.jsonl")
    assert corpus.manifest["rejected"] == {}
    for kind in ("jsonl", "csv"):
        again = build(folder / kind, tea_and_rain, exported(corpus, folder, kind))
        assert states(again) == states(corpus)


def test_a_sheet_of_somebody_else_loses_no_apostrophe(tea_and_rain, tmp_path):
    (tmp_path / "mine.csv").write_text(
        "id,text,tea\nn1,''Tis a cup,1\nn2,'-quoted-' rain,0\n", encoding="utf-8"
    )
    corpus = build(tmp_path, tea_and_rain, tmp_path / "mine.csv")
    assert sorted(corpus.rows()["text"].to_pylist()) == ["''Tis a cup", "'-quoted-' rain"]


# -- what the files hold ----------------------------------------------------------------------------------


def test_json_lines_carry_three_states_and_the_votes_behind_them(corpus, tmp_path):
    lines = exported(corpus, tmp_path, "jsonl").read_text(encoding="utf-8").split("\n")
    rows = {row["id"]: row for row in map(json.loads, filter(None, lines))}
    assert len(rows) == corpus.manifest["sentences"]
    assert rows["g2"]["labels"] == {"tea": "unknown", "rain": "no"}
    assert rows["g4"]["labels"] == {"tea": "unknown", "rain": "unknown"}
    assert rows["g4"]["annotator"] == "Ana@x; Ben"
    assert [(v["author"], v["topic"], v["answer"]) for v in rows["g4"]["votes"]] == [
        ("human:Ana@x", "tea", "yes"), ("human:Ana@x", "rain", "no"),
        ("human:Ben", "tea", "no"), ("human:Ben", "rain", "yes"),
    ]  # fmt: skip
    silver = next(row for row in rows.values() if row["text"] == "A cup of tea was poured.")
    assert (silver["origin"], silver["annotator"]) == ("silver", None)
    (vote,) = silver["votes"]
    assert vote["author"].split("@")[0] == "rule:tea/words"
    assert silver["text"][vote["start"] : vote["end"]] == "tea"


def test_json_lines_act_on_no_terminal(corpus, tmp_path):
    text = exported(corpus, tmp_path, "jsonl").read_text(encoding="utf-8")
    assert not set(text) & {"\u202e", "\u2028", "\x1b"}


def test_a_sheet_opens_in_a_spreadsheet_and_holds_no_formula(corpus, tmp_path):
    target = exported(corpus, tmp_path, "csv")
    assert target.read_bytes().startswith(b"\xef\xbb\xbftext,tea,rain,")
    with target.open(encoding="utf-8-sig", newline="") as file:
        rows = {row["id"]: row for row in csv.DictReader(file, strict=True)}
    assert (rows["g1"]["tea"], rows["g1"]["rain"]) == ("1", "0")
    assert (rows["g2"]["tea"], rows["g2"]["rain"]) == ("", "0")
    assert (rows["g1"]["text"], rows["g3"]["url"]) == ("'" + GOLD[0]["text"], "'=x")
    assert not [v for row in rows.values() for v in row.values() if v.startswith(("=", "+", "-", "@"))]


def test_parquet_is_the_rows_with_the_features(corpus, tmp_path):
    table = pq.read_table(exported(corpus, tmp_path, "parquet"))
    assert table.schema.equals(row_schema(corpus.topics))
    assert table.schema.metadata == row_schema(corpus.topics).metadata
    assert table.to_pylist() == corpus.rows().to_pylist()


def test_datasets_loads_the_folder_with_its_features(corpus, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # not ours: what `datasets` says while it is imported
        import datasets
    found = datasets.load_from_disk(str(exported(corpus, tmp_path, "hf-disk")))
    assert list(found) == list(corpus.splits)
    for split in corpus.splits:
        assert found[split].to_list() == corpus.rows([split]).to_pylist()
        assert found[split].features["labels"].feature.names == ["tea", "rain"]


@pytest.mark.parametrize("kind", EXPORTS)
def test_the_same_corpus_gives_the_same_bytes(corpus, tmp_path, kind):
    first, second = tmp_path / "a", tmp_path / "b"
    for folder in (first, second):
        folder.mkdir()
        exported(corpus, folder, kind)
    files = [sorted(p.relative_to(f) for p in f.rglob("*") if p.is_file()) for f in (first, second)]
    assert files[0] == files[1] != []
    for name in files[0]:
        assert (first / name).read_bytes() == (second / name).read_bytes(), name


def test_every_column_of_the_rows_stands_in_each_data_file(corpus, tmp_path):
    row = json.loads(exported(corpus, tmp_path, "jsonl").read_text(encoding="utf-8").split("\n")[0])
    assert set(ROW_COLUMNS) - {"unknown"} <= set(row)
    header = (
        exported(corpus, tmp_path, "csv").read_text(encoding="utf-8-sig").split("\n")[0].strip().split(",")
    )
    assert set(ROW_COLUMNS) - {"labels", "unknown"} <= set(header)


@pytest.mark.parametrize("kind", ["jsonl", "csv", "parquet"])
def test_one_split_may_be_exported_alone(corpus, tmp_path, kind):
    for split in corpus.splits:
        (tmp_path / split).mkdir()
        found = exported(corpus, tmp_path / split, kind, [split])
        if kind == "parquet":
            assert pq.read_table(found).num_rows == corpus.manifest["splits"][split]
        else:
            ids = set(corpus.rows([split])["id"].to_pylist())
            assert {i for i in corpus.rows()["id"].to_pylist() if i in found.read_text("utf-8")} == ids


# -- what goes wrong --------------------------------------------------------------------------------------


def test_an_unknown_format_is_told_its_likely_name(corpus, tmp_path):
    with pytest.raises(UsageError, match=r"unknown export format 'jsonlines'\. Did you mean 'jsonl'"):
        export_corpus(corpus, tmp_path / "x", "jsonlines")


def test_a_split_that_holds_nothing_is_not_found(corpus, tmp_path):
    with pytest.raises(NotFoundError, match="no split 'validation'"):
        export_corpus(corpus, tmp_path / "x", "csv", ["validation"])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", EXPORTS)
@pytest.mark.parametrize("there", ["file", "folder", "dangling link"])
def test_what_is_there_is_never_replaced(corpus, tmp_path, kind, there):
    target = tmp_path / "here"
    {
        "file": lambda: target.write_text("mine"),
        "folder": target.mkdir,
        "dangling link": lambda: target.symlink_to("nowhere"),
    }[there]()
    with pytest.raises(UsageError, match="is there already"):
        export_corpus(corpus, target, kind)
    assert [path.name for path in tmp_path.iterdir()] == ["here"]
    assert there != "file" or target.read_text() == "mine"


@pytest.mark.parametrize("kind", EXPORTS)
def test_a_missing_folder_is_not_found_and_not_made(corpus, tmp_path, kind):
    with pytest.raises(NotFoundError, match="no folder"):
        export_corpus(corpus, tmp_path / "deep" / "x", kind)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", EXPORTS)
def test_a_full_disk_is_one_typed_error_and_leaves_nothing(corpus, tmp_path, monkeypatch, kind):
    def full(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("trainer.disk.os.fsync", full)
    with pytest.raises(TrainerError, match="cannot write: No space left on device"):
        export_corpus(corpus, tmp_path / "x", kind)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", EXPORTS)
@pytest.mark.parametrize("damaged", ["data/train.parquet", "votes.parquet"])
def test_a_damaged_corpus_is_named_and_leaves_nothing(corpus, tmp_path, kind, damaged):
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(corpus.path, copy)
    (copy / damaged).write_bytes(b"PAR1")
    broken = type(corpus)(copy, corpus.manifest)
    if damaged == "votes.parquet" and kind in ("parquet", "hf-disk"):
        export_corpus(broken, tmp_path / "x", kind)  # neither holds votes
        return
    with pytest.raises(ArtifactError, match="damaged"):
        export_corpus(broken, tmp_path / "x", kind)
    assert [path.name for path in tmp_path.iterdir()] == ["copy"]


def test_a_topic_named_like_a_column_is_refused_for_a_sheet(tea_and_rain, tmp_path):
    tea, rain = tea_and_rain.topics
    config = tea_and_rain.model_copy(update={"topics": (tea.model_copy(update={"name": "title"}), rain)})
    (tmp_path / "r.jsonl").write_text('{"text": "A cup.", "labels": ["title"]}\n', encoding="utf-8")
    corpus = build(tmp_path, config, tmp_path / "r.jsonl")
    with pytest.raises(UsageError, match="topic 'title' has the name of another column"):
        export_corpus(corpus, tmp_path / "x", "csv")
    export_corpus(corpus, tmp_path / "x.jsonl", "jsonl")
    assert states(build(tmp_path / "again", config, tmp_path / "x.jsonl")) == states(corpus)
