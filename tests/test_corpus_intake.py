from __future__ import annotations

import json
from contextlib import contextmanager

import pytest
from building import tables_of
from hypothesis import given
from hypothesis import strategies as st

from trainer.corpus.cutting.cut import digest_of
from trainer.corpus.intake import Intake
from trainer.corpus.rules import RuleSet
from trainer.corpus.store import read_batches
from trainer.records import Document, LabelledText, Rejection


@contextmanager
def taking(folder, *records):
    """Take in records; give the intake and what it handed on."""
    with Intake(folder) as intake:
        yield intake, list(intake.accepted(records))


@pytest.fixture
def take(tmp_path):
    def run(*records):
        with taking(tmp_path, *records) as taken:
            pass
        return taken

    return run


def labelled(identity, text, doc_id=None, author="ann", **labels):
    return LabelledText(
        identity, text, labels or {"tea": "yes"}, author, doc_id=doc_id, at=f"file:{identity}"
    )


def listed(folder):
    lines = (folder / "rejected.jsonl").read_bytes().decode().split("\n")
    assert lines.pop() == ""
    return [Rejection(**json.loads(line)) for line in lines]


def test_the_text_of_a_document_is_stored_once_with_what_is_known_of_it(take, tmp_path):
    document = Document("d1", "Hot tea.\n🙂", "T", "S", "1999", "U", "en", "test", "html", "utf-8", 40, "a:1")
    intake, used = take(document, labelled("s1", "A cup."))
    assert used == [document, labelled("s1", "A cup.")]
    assert intake.used == 2
    assert list(read_batches(tmp_path / "documents.parquet")) == [{
        "id": "d1", "text": "Hot tea.\n🙂", "source": "S", "date": "1999", "title": "T", "url": "U",
        "language": "en", "format": "html", "encoding": "utf-8", "bytes": 40,
    }]  # fmt: skip


def test_an_id_that_stands_for_another_text_is_rejected(take):
    intake, used = take(
        labelled("s1", "A cup of tea."),
        labelled("s1", "A pot of tea."),
        Document("d1", "The rain came down."),
        Document("d1", "The rain went away."),
        Document("s1", "An id may be a sentence's and a document's."),
    )
    assert [record.text for record in used] == [
        "A cup of tea.",
        "The rain came down.",
        "An id may be a sentence's and a document's.",
    ]
    assert dict(intake.rejected) == {"duplicate_id": 2}
    assert intake.rejections[0] == Rejection(
        "file:s1", "duplicate_id", "id 's1' stands for another text already"
    )


def test_one_id_in_two_documents_is_rejected(take):
    intake, used = take(labelled("s1", "A cup.", "d1"), labelled("s1", "A cup.", "d2"))
    assert [record.doc_id for record in used] == ["d1"]
    assert dict(intake.rejected) == {"duplicate_id": 1}
    assert len(intake.said[digest_of("A cup.")]) == 1  # what is rejected has no say


def test_a_document_that_comes_twice_is_rejected_the_second_time(take, tmp_path):
    intake, used = take(
        Document("d1", "The rain came down."), Document("d1", "The rain came down.", at="b.txt")
    )
    assert len(used) == 1
    assert intake.rejections == [Rejection("b.txt", "repeated_document", "document 'd1' was read already")]
    assert len(list(read_batches(tmp_path / "documents.parquet"))) == 1


def test_a_second_opinion_is_heard_beside_the_first(take):
    intake, _ = take(
        labelled("s1", "A cup.", tea="yes"),
        labelled("s1", "A cup.", author="bob", tea="no"),
        labelled("s9", "A cup.", author="cy", rain="no"),
        labelled("s2", "A pot.", author="cy", rain="no"),
    )
    assert [(vote.author, vote.topic, vote.answer) for vote in intake.said[digest_of("A cup.")]] == [
        ("human:ann", "tea", "yes"), ("human:bob", "tea", "no"), ("human:cy", "rain", "no"),
    ]  # fmt: skip
    assert list(intake.said) == [digest_of("A cup."), digest_of("A pot.")]
    assert not intake.rejected


def test_rejections_are_counted_and_listed_in_their_file(take, tmp_path):
    found = [
        Rejection("a.txt:2", "not_utf8", "byte 7 “é”"),
        Rejection("b.csv:1", "no_text", "\u2028\n\x85\x1b[31m"),
        Rejection("b.csv:9", "no_text", "again"),
    ]
    intake, used = take(*found)
    assert not used
    assert dict(intake.rejected) == {"not_utf8": 1, "no_text": 2}
    assert listed(tmp_path) == intake.rejections == found


def test_an_intake_that_fails_closes_its_files(tmp_path):
    found = [Rejection("a", "no_text", "nothing")]

    def stopping():
        yield from found
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), taking(tmp_path) as (intake, _):
        list(intake.accepted(stopping()))
    assert listed(tmp_path) == intake.rejections == found


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
    folder = tmp_path_factory.mktemp("intake")
    with taking(folder, *added) as (intake, used):
        pass
    documents = list(read_batches(folder / "documents.parquet"))
    assert intake.rejected.total() == len(intake.rejections) == len(listed(folder))
    assert len(used) + len(intake.rejections) == len(added)
    votes = sum(map(len, intake.said.values()))
    assert len(documents) + votes + len(intake.rejections) == len(added)
    assert intake.used == len(used)
    assert len({document["id"] for document in documents}) == len(documents)
    # Each judged sentence is a row, whether it is the first of its id or a second opinion.
    people = [record for record in used if isinstance(record, LabelledText)]
    rows = [row for table in tables_of(used, RuleSet(tea_and_rain.topics)) for row in table.to_pylist()]
    assert len([row for row in rows if not row["id"].startswith("s-")]) == len(people) == votes
    by_id = {}
    for record in people:
        assert by_id.setdefault(record.id, (record.text, record.doc_id)) == (record.text, record.doc_id)
