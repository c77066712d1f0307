"""Steps of a build, for tests of the later ones."""

from __future__ import annotations

from hypothesis import strategies as st
from strategies import unicode_text

from trainer.corpus.cutting.batches import Batch
from trainer.corpus.cutting.cut import digest_of, sentence_table
from trainer.corpus.index import IndexBuilder
from trainer.corpus.labels import human_votes
from trainer.corpus.rules import RuleSet
from trainer.records import Document, LabelledText

SENTENCES = (
    "Tea is hot now.", "Rain fell on us.", "Tea in the rain!", "Nobody sang at all.", "Drizzle, by train.",
    "The old kettle on the stove sang a very long song.",
    "The old kettle on the stove sang a very long song today.",
)  # fmt: skip


def tables_of(records, rules, size=None, min_words=1):
    """Return the tables of records, so many records to a batch."""
    size = size or max(len(records), 1)
    several = [records[start : start + size] for start in range(0, max(len(records), 1), size)]
    return [sentence_table(Batch(tuple(part), ""), rules, min_words) for part in several]


def index_of(tables):
    """Return the index of all these tables."""
    builder = IndexBuilder()
    for table in tables:
        builder.add(table)
    return builder.finish()


def rows_of(tables):
    """Return the rows of all tables, one after the other."""
    return [row for table in tables for row in table.to_pylist()]


def human_of(records):
    """Return what people said of each text, by its digest."""
    human = {}
    for record in records:
        if isinstance(record, LabelledText):
            human.setdefault(digest_of(record.text), []).extend(human_votes(record))
    return human


def rule_set(said, silence=0.1):
    """Return rules, each of which fires on a word of its own: topic, answer and weight of each."""
    from trainer.config import Rule, Topic

    topics = [
        Topic(
            name=f"topic{k}",
            title="T",
            definition="T",
            rules=[
                Rule(name=f"r{n}", match=[f"w{n}"], vote=answer, weight=weight)
                for n, (topic, answer, weight) in enumerate(said)
                if topic == k
            ],
        )
        for k in range(2)
    ]
    return RuleSet(topics, silence)


asked_splits = st.sampled_from([None, None, "train", "test"])


@st.composite
def records(draw, most=10, topics=("tea", "rain")):
    """Documents and labelled sentences, each id once but for second opinions; texts repeat."""
    sentences = st.sampled_from(SENTENCES)
    text = sentences | unicode_text.map(str.strip).filter(lambda text: text and "\0" not in text)
    made = []
    for number in range(draw(st.integers(1, most))):
        split = draw(asked_splits)
        if draw(st.booleans()):
            several = draw(st.lists(sentences, min_size=1, max_size=4))
            made.append(Document(f"d{number}", " ".join(several), split=split, at=f"a:{number}"))
            continue
        labels = st.dictionaries(st.sampled_from(topics), st.sampled_from(["yes", "no"]), min_size=1)
        author = draw(st.sampled_from(["ann", "bob"]))
        home = draw(st.sampled_from([None, "d0", "elsewhere"]))
        one = LabelledText(
            f"s{number}", draw(text), draw(labels), author, home, split=split, at=f"b:{number}"
        )
        made.append(one)
        if draw(st.booleans()):
            made.append(LabelledText(one.id, one.text, draw(labels), "cy", home))
    return made
