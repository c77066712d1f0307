"""A pack of evidence shows every tagged sentence with its reasons, and no text in it acts on anything."""

from __future__ import annotations

import re

import pyarrow as pa
import pytest

from trainer.corpus.decisions import Decision
from trainer.corpus.readers.workbook import sheets
from trainer.errors import DataError, UsageError
from trainer.model.table import predict_table
from trainer.records import Document
from trainer.tags.evidence import gather, in_words, measured, refuse_mixed, write_pack

LAVA = "Red lava poured down the slope of the volcano."
SOUP = "The mayor likes soup."
EVIL = "<script>alert(1)</script> lava \u202e of the volcano\x07 =cmd()"
METRICS = {"test": {"topics": {"volcanoes": {"precision": 0.9, "recall": 0.75, "support": 12}}}}


def documents():
    return [
        Document("b", f"{SOUP} {LAVA}", "Later", "wire", "2024-02-01", "javascript:alert(1)"),
        Document("a", EVIL, "<b>Bold</b>", "paper", "2024-01-01", "https://paper.example/a"),
        Document("c", SOUP, None, None, None),
    ]


def pack(small, tmp_path, table=None, said=lambda text: (), record=None, **options):
    model = small.fit.model
    table = predict_table(model, documents()) if table is None else table
    found = gather(table, "volcanoes", model, METRICS, said)
    write_pack(found, record or {}, tmp_path, **options)
    return found, (tmp_path / "evidence.html").read_text("utf-8")


def test_every_tagged_sentence_is_there_by_date_with_context_place_and_reasons(small, tmp_path):
    found, page = pack(small, tmp_path)
    assert [(row["doc_id"], row["answer"]) for row in found.rows] == [("a", "yes"), ("b", "yes")]
    assert page.index('id="' + found.rows[0]["sentence_id"]) < page.index(
        'id="' + found.rows[1]["sentence_id"]
    )
    assert f'<span class="soft">{SOUP}</span> <mark>{LAVA}</mark>' in page
    assert "yes: probability 0." in page
    assert "keyword rules: words says yes of" in page
    assert "characters 22–68" in page
    assert "Mountains that throw out lava and ash." in page
    assert found.about["sections"] == {"yes": 2}


def test_what_the_model_was_measured_to_do_is_said_with_its_interval(small, tmp_path):
    _, page = pack(small, tmp_path)
    assert "of 100 tags of this topic about 90 (95 % interval 60 to 98) are right" in page
    assert "of 100 sentences on it about 75 (95 % interval 47 to 91) are found" in page
    assert measured({}, "volcanoes") is None
    assert measured({"test": None, "out_of_fold": METRICS["test"]}, "volcanoes")["tags"] == 10
    nothing = {"test": {"topics": {"volcanoes": {"precision": None, "recall": 0.0, "support": 3}}}}
    assert in_words(measured(nothing, "volcanoes")).startswith("not measured")


def test_hostile_text_acts_on_nothing(small, tmp_path):
    _, page = pack(small, tmp_path)
    body = page[page.index("<body>") :]
    assert not re.search(r"<script|<b>Bold|\u202e|\x07", body)
    assert 'href="javascript' not in page
    assert 'href="https://paper.example/a"' in page
    assert "default-src 'none'" in page
    assert "&lt;script&gt;alert(1)" in body


def test_the_workbook_holds_the_same(small, tmp_path):
    found, _ = pack(small, tmp_path, most=1)
    with (tmp_path / "evidence.xlsx").open("rb") as file:
        read = {name: [cells for _, cells in rows] for name, rows in sheets(file, "a")}
    assert len(read["evidence"]) == 1 + len(found.rows)
    assert read["evidence"][0][:3] == ["answer", "date", "source"]
    assert any("=cmd()" in str(cell) for row in read["evidence"] for cell in row)
    assert ["topic", "volcanoes"] in [row[:2] for row in read["about"]]


def test_a_page_of_many_says_how_many_more_there_are(small, tmp_path):
    _, page = pack(small, tmp_path, most=1)
    assert "1 more are in <code>evidence.xlsx</code>" in page
    assert page.count("<article") == 1


def test_what_people_decided_is_shown_with_who_and_why(small, tmp_path):
    table = predict_table(small.fit.model, documents())
    place = table.schema.names.index("volcanoes")
    human = pa.array(["human" if text == LAVA else "model" for text in table["text"].to_pylist()])
    answers = [
        "no" if text == LAVA else answer
        for text, answer in zip(*(table[c].to_pylist() for c in ("text", "volcanoes")), strict=True)
    ]
    table = table.set_column(place, "volcanoes", pa.array(answers))
    table = table.set_column(place + 2, "volcanoes_decided_by", human)
    decision = Decision(LAVA, "volcanoes", "no", "human:anna", "a painting", "2024-03-01T00:00:00Z", "x:1")
    found, page = pack(small, tmp_path, table, lambda text: [decision] if text == LAVA else [])
    assert [row["answer"] for row in found.rows] == ["yes", "ruled out"]
    assert "Ruled out by people" in page
    assert "People: anna says no (a painting), 2024-03-01" in page


def test_the_record_is_shown_or_said_to_be_missing(small, tmp_path):
    assert "has no record beside it" in pack(small, tmp_path)[1]
    record = {
        "command": "trainer predict in --out <tags>.csv",
        "model": {"name": "small", "version": "1", "digest": "d" * 64},
        "output": {"name": "tags.csv", "sha256": "e" * 64},
        "rejected": {"empty_text": 2},
        "versions": {"numpy": "1"},
        "inputs": [{"name": f"in/{i}.txt", "bytes": 3, "sha256": None} for i in range(250)],
    }
    page = pack(small, tmp_path, record=record)[1]
    assert "trainer predict in --out &lt;tags&gt;.csv" in page
    assert "50 more inputs are in the record" in page


def test_the_same_table_gives_the_same_bytes(small, tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        pack(small, tmp_path / name)
    for kind in ("html", "xlsx"):
        one, two = ((tmp_path / name / f"evidence.{kind}").read_bytes() for name in ("one", "two"))
        assert one == two


def test_what_cannot_be_evidence_is_refused(small):
    table = predict_table(small.fit.model, documents())
    with pytest.raises(UsageError, match="Did you mean 'volcanoes'"):
        gather(table, "volcano", small.fit.model, METRICS)
    blank = table.set_column(table.schema.names.index("text"), "text", pa.nulls(len(table), pa.string()))
    with pytest.raises(UsageError, match="without text"):
        gather(blank, "volcanoes", small.fit.model, METRICS)
    assert refuse_mixed(table) == small.fit.digest
    digests = pa.array(["a" * 64, *["b" * 64] * (len(table) - 1)])
    mixed = table.set_column(table.schema.names.index("model_digest"), "model_digest", digests)
    with pytest.raises(DataError, match="aaaaaaaaaaaa, bbbbbbbbbbbb"):
        refuse_mixed(mixed)
