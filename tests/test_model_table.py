"""A table of tagged sentences says what the model says, of every sentence, and where it stands."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import example, given
from strategies import some_documents

from trainer.errors import ArtifactError, UsageError
from trainer.model.table import TagRows, document_digest, predict_table, tag_schema
from trainer.records import Document

LAVA = "Red lava poured down the slope of the volcano."
SOUP = "The mayor likes soup."
FIRST = ["doc_id", "sentence_id", "part", "start", "end", "text", "previous", "next"]
FIRST += ["date", "source", "title", "url", "language", "duplicate_group"]


def rows_of(tagger, *documents, **options):
    rows = TagRows(tagger, **options)
    return [row for batch in rows.batches(documents) for row in batch.to_pylist()]


def test_the_columns_are_those_of_the_contract():
    names = tag_schema(["tea", "rain"]).names
    assert names[: len(FIRST)] == FIRST
    of_topics = [f"{t}{end}" for t in ("tea", "rain") for end in ("", "_probability", "_decided_by")]
    assert names[len(FIRST) :] == [*of_topics, "note", "model_version", "model_digest", "document_digest"]


@pytest.mark.parametrize("topic", ["text", "date", "model_digest"])
def test_a_topic_named_like_a_column_is_refused(topic):
    with pytest.raises(UsageError, match=topic):
        tag_schema([topic])


def test_a_document_comes_with_its_title_its_places_and_its_neighbours(small):
    document = Document(
        "d", f"{LAVA} {SOUP}", "Lava at dawn", "paper", "2024-01-02", "http://x.example", "en"
    )
    title, first, second = rows_of(small.fit.model, document)
    assert [row["part"] for row in (title, first, second)] == ["title", "body", "body"]
    assert (title["text"], title["previous"], title["next"]) == ("Lava at dawn", None, LAVA)
    assert (second["previous"], second["next"]) == (LAVA, None)
    assert document.text[second["start"] : second["end"]] == SOUP
    for row in (title, first, second):
        assert (row["date"], row["source"], row["language"]) == ("2024-01-02", "paper", "en")
        assert (row["model_version"], row["model_digest"]) == ("1", small.fit.digest)
    assert len({row["sentence_id"] for row in (title, first, second)}) == 3


def test_the_name_of_a_file_is_no_title(small):
    document = Document("notes/lava.txt", LAVA, "lava", size=10)
    assert [row["part"] for row in rows_of(small.fit.model, document)] == ["body"]


def test_an_id_is_that_of_the_sentence_in_a_corpus_of_the_document(small):
    rows = small.corpus.rows(columns=("id", "doc_id", "text", "start")).to_pylist()
    note = [row for row in rows if row["doc_id"].endswith("note.txt")]
    text = (small.root.parent / "inputs" / "note.txt").read_text("utf-8")
    found = rows_of(small.fit.model, Document(note[0]["doc_id"], text))
    assert {row["sentence_id"] for row in found} >= {row["id"] for row in note}


def test_people_stand_above_the_model(small):
    said = {LAVA: {"volcanoes": "no", "lighthouses": "review"}}
    lava, soup = rows_of(small.fit.model, Document("d", f"{LAVA} {SOUP}"), decided=lambda t: said.get(t, {}))
    assert (lava["volcanoes"], lava["volcanoes_decided_by"]) == ("no", "human")
    assert (lava["lighthouses"], lava["lighthouses_decided_by"]) == ("review", "human")
    assert lava["volcanoes_probability"] == round(small.fit.model.predict(LAVA).scores["volcanoes"], 6)
    assert soup["volcanoes_decided_by"] == "model"


@given(some_documents())
@example([Document("d0", "j0à!:")])
def test_every_sentence_is_said_of_as_the_model_says(small, documents):
    model = small.fit.model
    for row in rows_of(model, *documents):
        document = next(d for d in documents if d.id == row["doc_id"])
        whole = document.title if row["part"] == "title" else document.text
        assert whole[row["start"] : row["end"]] == row["text"]
        found = model.predict(row["text"])
        if found.language is None and row["language"] is not None:  # it is in the language of its document
            found = replace(found, labels=(), review=model.topics)
        for topic in model.topics:
            assert (row[topic] == "yes") == (topic in found.labels)
            assert (row[topic] == "review") == (topic in found.review)
    tagged = {t.prediction.text for d in documents for t in model.tag(d)}
    assert {row["text"] for row in rows_of(model, *documents) if row["part"] == "body"} == tagged


@given(some_documents())
def test_a_table_is_the_same_for_pandas_and_arrow(small, documents):
    frame = small.fit.model.predict_table(documents)
    table = small.fit.model.predict_table(documents, kind="arrow")
    assert list(frame.columns) == table.schema.names
    assert frame.equals(table.to_pandas())
    assert table.num_rows == len(rows_of(small.fit.model, *documents))


def test_copies_are_grouped_and_texts_are_numbered(small):
    found = predict_table(small.fit.model, [LAVA * 2, SOUP, LAVA * 2]).to_pylist()
    assert {row["doc_id"]: row["duplicate_group"] for row in found} == {"0": "0", "1": None, "2": "0"}
    with pytest.raises(TypeError, match="iterable"):
        predict_table(small.fit.model, LAVA)


def test_a_digest_changes_with_anything_that_is_shown():
    one = Document("d", "Text.", "Title", "paper", "2024", "u", "en")
    others = [
        Document("e", "Text.", "Title", "paper", "2024", "u", "en"),
        Document("d", "Text!", "Title", "paper", "2024", "u", "en"),
        Document("d", "Text.", None, "paper", "2024", "u", "en"),
        Document("d", "Text.", "Title", "2024", "paper", "u", "en"),
        Document("d", "Text.", "Title", "paper", "2024", None, "u"),
    ]
    assert len({document_digest(document) for document in (one, *others)}) == 6


def test_lines_of_boilerplate_are_marked(small):
    rows = rows_of(
        small.fit.model, Document("d", f"LENGTH: 532 words\n\n{LAVA}\n\nCopyright 2024 The Paper\n")
    )
    assert [row["part"] for row in rows] == ["boilerplate", "body", "boilerplate"]
    assert rows[2]["text"] == "Copyright 2024 The Paper"


@pytest.mark.parametrize(
    "config",
    [None, {"build": []}, *({"build": {"boilerplate": one}} for one in ("(", ["a", "("], [["a"]], 5))],
)
def test_a_model_that_does_not_say_what_is_boilerplate_is_refused(small, config):
    with pytest.raises(ArtifactError, match="boilerplate"):
        TagRows(replace(small.fit.model, info={"config": config}))


def test_a_model_without_a_config_knows_no_boilerplate(small):
    (row,) = rows_of(replace(small.fit.model, info={}), Document("d", "Copyright 2024 The Paper"))
    assert row["part"] == "body"


def test_other_languages_are_left_to_review_with_the_reason(small):
    french = "Le volcan est dans le sud de la France. Etna 2024. Il a craché des cendres pour les gens."
    rows = rows_of(small.fit.model, Document("d", french))
    assert [row["language"] for row in rows] == ["fr"] * 3, "what does not tell is as most of the document"
    assert {row["note"] for row in rows} == {"in fr: the model reads en"}
    assert {row[topic] for row in rows for topic in small.fit.model.topics} == {"review"}
