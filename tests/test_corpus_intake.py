from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from trainer.corpus.spool import Spool

from trainer.config import Build
from trainer.corpus.rules import RuleSet
from trainer.corpus.store import read_batches
from trainer.records import Document, LabelledText, Rejection


@pytest.fixture
def fill(tmp_path, tea_and_rain):
    """Put records into a spool; return it, closed, with its rows."""

    def run(*records, **options):
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        folder.mkdir()
        with Spool(folder, RuleSet(tea_and_rain.topics, 0.1), Build(**options)) as spool:
            for record in records:
                spool.add(record)
        return spool, list(read_batches(spool.rows_file))

    return run


def labelled(identity, text, doc_id=None, author="ann", **labels):
    return LabelledText(
        identity, text, labels or {"tea": "yes"}, author, doc_id=doc_id, at=f"file:{identity}"
    )


def test_a_document_becomes_its_sentences_with_their_places(fill):
    document = Document("d1", "Hot tea helps us. No!\n\nThen came the rain.", "T", "S", "1999", "U")
    spool, rows = fill(document)
    assert [(row["text"], row["start"], row["end"]) for row in rows] == [
        ("Hot tea helps us.", 0, 17),
        ("Then came the rain.", 23, 42),
    ]
    for row in rows:
        about = (row["doc_id"], row["title"], row["source"], row["date"], row["url"])
        assert about == ("d1", "T", "S", "1999", "U")
    # The rule's yes, and the light no of silence: in the order of rows and topics.
    assert spool.rule_labels.tolist() == [1, 0, 0, 1]
    assert [json.loads(row["votes"]) for row in rows] == [
        [["tea", "yes", "rule:tea/words", 4, 7, 1.0, "", None]],
        [["rain", "yes", "rule:rain/words", 14, 18, 1.0, "", None]],
    ]
    (stored,) = read_batches(spool.rows_file.with_name("documents.parquet"))
    assert stored["text"] == document.text


@pytest.mark.parametrize(("least", "texts"), [(1, ["No!", "It rained on."]), (3, ["It rained on."]), (4, [])])
def test_pieces_of_documents_with_too_few_words_are_left_out(fill, least, texts):
    _, rows = fill(Document("d1", "No! It rained on."), min_words=least)
    assert [row["text"] for row in rows] == texts


def test_a_labelled_sentence_is_never_too_short(fill):
    _, rows = fill(labelled("s1", "Tea!"), min_words=5)
    assert [row["text"] for row in rows] == ["Tea!"]


def test_a_loose_sentence_is_its_own_document_and_one_of_a_document_has_no_place(fill):
    spool, rows = fill(labelled("s1", "A cup of tea."), labelled("s2", "A pot of tea.", "d1"))
    assert [(row["doc_id"], row["start"], row["end"]) for row in rows] == [("s1", 0, 13), ("d1", None, None)]
    assert spool.placed.tolist() == [1, 0]


def test_equal_texts_have_one_number_wherever_they_stand(fill):
    text = "It rained on the roof."
    spool, _ = fill(
        Document("d1", f"{text} Who knew that? {text}"), labelled("s1", text), labelled("s2", "Tea.")
    )
    assert spool.texts.tolist() == [0, 1, 0, 0, 2]
    assert spool.documents.tolist() == [0, 0, 0, 1, 2]
    assert spool.doc_ids == ["d1", "s1", "s2"]
    assert len(spool.words) == 3
    assert sorted(spool.human) == [0, 2]


def test_ids_of_sentences_are_made_of_document_place_and_text(fill):
    text = "It rained on the roof. It rained on the roof."
    one, two = fill(Document("d1", text)), fill(Document("d2", text))
    assert one[0].ids == fill(Document("d1", text))[0].ids
    assert len({*one[0].ids, *two[0].ids}) == 4


def test_an_id_that_stands_for_another_text_is_rejected(fill):
    spool, rows = fill(
        labelled("s1", "A cup of tea."),
        labelled("s1", "A pot of tea."),
        Document("d1", "The rain came down."),
        Document("d1", "The rain went away."),
        Document("s1", "An id may be a sentence's and a document's."),
    )
    assert [row["text"] for row in rows] == [
        "A cup of tea.",
        "The rain came down.",
        "An id may be a sentence's and a document's.",
    ]
    assert dict(spool.rejected) == {"duplicate_id": 2}
    assert spool.rejections[0] == Rejection(
        "file:s1", "duplicate_id", "id 's1' stands for another text already"
    )


def test_a_document_that_comes_twice_is_rejected_the_second_time(fill):
    spool, rows = fill(
        Document("d1", "The rain came down."), Document("d1", "The rain came down.", at="b.txt")
    )
    assert len(rows) == 1
    assert spool.rejections == [Rejection("b.txt", "repeated_document", "document 'd1' was read already")]


def test_a_second_opinion_is_heard_beside_the_first(fill):
    spool, _ = fill(
        labelled("s1", "A cup.", tea="yes"),
        labelled("s1", "A cup.", author="bob", tea="no"),
        labelled("s9", "A cup.", author="cy", rain="no"),
    )
    assert [(vote.author, vote.topic, vote.answer) for vote in spool.human[0]] == [
        ("human:ann", "tea", "yes"), ("human:bob", "tea", "no"), ("human:cy", "rain", "no"),
    ]  # fmt: skip
    assert not spool.rejected


def test_rejections_are_counted_and_listed_in_their_file(fill):
    found = [Rejection("a.txt:2", "not_utf8", "byte 7 “é”"), Rejection("b.csv:1", "no_text", "\u2028\n")]
    spool, rows = fill(*found)
    assert not rows
    assert dict(spool.rejected) == {"not_utf8": 1, "no_text": 1}
    lines = spool.rows_file.with_name("rejected.jsonl").read_bytes().decode().removesuffix("\n").split("\n")
    assert [Rejection(**json.loads(line)) for line in lines] == found


records = st.one_of(
    st.builds(
        Document, st.sampled_from("ab"), st.sampled_from(["Tea is hot now. Rain!", "Rain fell on us."])
    ),
    st.builds(
        labelled,
        st.sampled_from("ab"),
        st.sampled_from(["Tea is hot now.", "Rain!"]),
        st.sampled_from([None, "a"]),
    ),
    st.just(Rejection("a.txt", "no_text", "nothing")),
)


@given(st.lists(records, max_size=8))
def test_everything_added_is_a_row_a_second_opinion_or_a_rejection(tmp_path_factory, tea_and_rain, added):
    folder = tmp_path_factory.mktemp("spool")
    with Spool(folder, RuleSet(tea_and_rain.topics, 0.1), Build(min_words=1)) as spool:
        for record in added:
            spool.add(record)
    documents = list(read_batches(folder / "documents.parquet"))
    assert spool.rejected.total() == len(spool.rejections)
    people = [record for record in added if isinstance(record, LabelledText)]
    votes = sum(len(votes) for votes in spool.human.values())
    assert len(documents) + votes + len(spool.rejections) == len(added)
    assert len({document["id"] for document in documents}) == len(documents)
    columns = (spool.texts, spool.documents, spool.placed, spool.ids)
    sizes = {len(column) for column in columns} | {len(list(read_batches(spool.rows_file)))}
    assert sizes == {len(spool.rule_labels) // 2}
    assert votes <= len(people)
