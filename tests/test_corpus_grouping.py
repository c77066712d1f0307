from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from trainer.config import Build
from trainer.corpus.cutting.batches import Batch
from trainer.corpus.cutting.cut import sentence_table
from trainer.corpus.grouping import cluster_texts, group_names, kept_rows
from trainer.corpus.index import IndexBuilder
from trainer.corpus.rules import RuleSet
from trainer.records import LabelledText

BUILD = Build(link_words=4, link_documents=2)
TEXTS = 6


@st.composite
def tables(draw):
    """Rows of a spool: texts in clusters, some of them short; ids need not differ."""
    cluster_of = draw(st.lists(st.integers(0, 3), min_size=TEXTS, max_size=TEXTS))
    short_cluster = draw(st.lists(st.booleans(), min_size=TEXTS, max_size=TEXTS))
    # A short text is a cluster of its own.
    cluster_of = [10 + t if short_cluster[t] else cluster_of[t] for t in range(TEXTS)]
    n = draw(st.integers(1, 14))
    texts = draw(st.lists(st.integers(0, TEXTS - 1), min_size=n, max_size=n))
    documents = draw(st.lists(st.integers(0, 4), min_size=n, max_size=n))
    ids = draw(st.lists(st.integers(0, 4), min_size=n, max_size=n))
    rank = draw(st.lists(st.integers(0, 3), min_size=n, max_size=n))
    rows = list(range(n))
    clusters, short = [cluster_of[t] for t in texts], [short_cluster[t] for t in texts]
    return rows, ids, clusters, texts, documents, rank, short


def kept(table):
    _, ids, clusters, texts, documents, rank, short = table
    numbers = [np.array(column, dtype=np.int64) for column in (clusters, texts, documents, rank)]
    return kept_rows(np.array(ids, dtype=np.uint64), *numbers, np.array(short), BUILD)


def phrases(table):
    """Clusters that are kept once: in several documents, and short or in more than `link_documents`."""
    rows, _, clusters, _, documents, _, short = table
    standing = {c: {documents[r] for r in rows if clusters[r] == c} for c in clusters}
    return {
        clusters[r] for r in rows if len(standing[clusters[r]]) > (1 if short[r] else BUILD.link_documents)
    }


@given(tables())
def test_the_best_row_of_each_text_in_each_document_stays_and_one_of_each_phrase(table):
    rows, ids, clusters, texts, documents, rank, _ = table
    phrase = phrases(table)

    def rivals(row):
        if clusters[row] in phrase:
            return [r for r in rows if clusters[r] == clusters[row]]
        return [r for r in rows if (texts[r], documents[r]) == (texts[row], documents[row])]

    stays = kept(table).tolist()
    for row in rows:
        group = rivals(row)
        best = min((-rank[r], ids[r]) for r in group)
        assert sum(stays[r] for r in group) == 1
        assert not stays[row] or (-rank[row], ids[row]) == best


@given(tables(), st.randoms())
def test_which_rows_stay_does_not_depend_on_their_order(table, random):
    def looks(columns):
        stays = kept((table[0], *columns))
        return {row for row, stay in zip(zip(*columns, strict=True), stays, strict=True) if stay}

    rows, ids, *rest = table
    columns = [[100 * name + row for name, row in zip(ids, rows, strict=True)], *rest]
    order = random.sample(rows, len(rows))
    assert looks([[column[i] for i in order] for column in columns]) == looks(columns)


@given(tables())
def test_documents_that_share_a_kept_cluster_are_one_group_and_no_others(table):
    _, _, clusters, _, documents, _, _ = table
    stays = kept(table)
    doc_ids = ["d3", "d1", "D", "é", "a"]
    names = group_names(doc_ids, np.array(clusters)[stays], np.array(documents)[stays])
    together = {d: {d} for d in range(5)}
    pairs = [(c, d) for c, d, stay in zip(clusters, documents, stays, strict=True) if stay]
    for _ in range(5):
        for c, d in pairs:
            for other_c, other_d in pairs:
                if c == other_c:
                    union = together[d] | together[other_d]
                    for member in union:
                        together[member] = union
    assert names == [min(doc_ids[member] for member in together[d]) for d in range(5)]


@given(tables())
def test_a_phrase_ties_no_documents_together(table):
    rows, _, clusters, texts, documents, _, _ = table
    stays, phrase = kept(table), phrases(table)
    for cluster in phrase:
        assert len({documents[r] for r in rows if stays[r] and clusters[r] == cluster}) == 1
        assert len({texts[r] for r in rows if stays[r] and clusters[r] == cluster}) == 1


def clusters_of(*texts, **options):
    """Return the first text of each text's cluster, in the order given, and how many are near another."""
    builder = IndexBuilder()
    records = tuple(LabelledText(f"s{i}", text, {}, "ann") for i, text in enumerate(texts))
    builder.add(sentence_table(Batch(records, ""), RuleSet([]), 1))
    index = builder.finish()
    cluster, near = cluster_texts(index, Build(**options))
    mine = cluster[index.texts].tolist()
    return [mine.index(number) for number in mine], near


LINE = "the old kettle on the stove sang a very long song about tea"


def test_near_duplicates_are_one_cluster_along_a_chain():
    a, b, c = LINE, LINE + " again", LINE + " again today"
    assert clusters_of(a, "something else entirely", b, c) == ([0, 1, 0, 0], 3)
    # The ends are 11/13 = 0.85 alike, neighbours at least 11/12 = 0.92: above 0.9 the chain holds them.
    assert clusters_of(a, b, c, near_duplicate=0.9) == ([0, 0, 0], 3)


def test_short_texts_are_clusters_of_their_own():
    assert clusters_of("The tea is cold.", "The tea is cold!") == ([0, 1], 0)
    assert clusters_of("The tea is cold.", "The tea is cold!", link_words=4) == ([0, 0], 2)
    # Five triples of six: alike, but the first has seven words.
    assert clusters_of("a b c d e f g", "a b c d e f g h") == ([0, 1], 0)
    assert clusters_of("a b c d e f g", "a b c d e f g h", link_words=7) == ([0, 0], 2)
