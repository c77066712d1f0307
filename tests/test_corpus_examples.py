from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.corpus.build import build_corpus
from trainer.corpus.examples import corpus_examples, file_examples, listing
from trainer.errors import DataError
from trainer.records import Rejection

TOPICS = ("tea", "rain")


def write(folder, rows, name="rows.jsonl"):
    path = folder / name
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def file_of(folder, *rows):
    return file_examples(write(folder, rows), TOPICS)


# -- from a corpus ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def corpus(tmp_path_factory, tea_and_rain):
    folder = tmp_path_factory.mktemp("examples")
    rows = [{"id": f"s{n}", "text": f"Cup {n} of {n * n}.", "labels": ["tea"][: n % 2]} for n in range(12)]
    rows[3] = {**rows[3], "labels": {"rain": "yes"}, "source": "S"}
    rows.append({"id": "d1", "text": "Nobody sang at all. It rained on rain."})
    return build_corpus([write(folder, rows[::-1])], tea_and_rain, folder / "artifacts")


def test_examples_of_a_corpus_stand_by_id_with_labels_as_numbers(corpus):
    examples = corpus_examples(corpus)
    assert len(examples) == 14
    assert list(examples.ids) == sorted(examples.ids)
    found = dict(
        zip(examples.texts, zip(examples.Y.tolist(), examples.gold.tolist(), strict=True), strict=True)
    )
    assert found["Cup 1 of 1."] == ([1, 0], True)
    assert found["Cup 2 of 4."] == ([0, 0], True)
    assert found["Cup 3 of 9."] == ([-1, 1], True)
    assert found["It rained on rain."] == ([0, 1], False)
    assert found["Nobody sang at all."] == ([0, 0], False)
    assert examples.Y.dtype == np.int8
    groups = dict(zip(examples.texts, examples.groups, strict=True))
    assert groups["Nobody sang at all."] == groups["It rained on rain."] == "d1"
    assert dict(zip(examples.texts, examples.sources, strict=True))["Cup 3 of 9."] == "S"
    assert examples.name == "weather@1 train+validation+test"
    assert (examples.topics, examples.rejected) == (TOPICS, ())


def test_examples_may_be_of_some_splits(corpus):
    sizes = corpus.manifest["splits"]
    train, test = corpus_examples(corpus, ["train"]), corpus_examples(corpus, ["test"])
    assert (len(train), len(test)) == (sizes["train"], sizes["test"])
    assert set(train.ids) | set(test.ids) == set(corpus_examples(corpus).ids)
    assert test.name == "weather@1 test"
    nothing = corpus_examples(corpus, ["validation"])
    assert (len(nothing), nothing.Y.shape) == (0, (0, 2))


@given(st.lists(st.booleans(), min_size=14, max_size=14))
def test_choosing_rows_keeps_them_whole(corpus, chosen):
    everything = corpus_examples(corpus)
    some = everything.only(np.array(chosen))
    rows = [i for i, choice in enumerate(chosen) if choice]
    assert len(some) == len(rows)
    for column in ("ids", "texts", "groups", "sources"):
        assert getattr(some, column) == tuple(getattr(everything, column)[i] for i in rows)
    assert some.Y.tolist() == everything.Y[rows].tolist()
    assert some.gold.tolist() == everything.gold[rows].tolist()


# -- from a file ------------------------------------------------------------------------------------------


def test_examples_of_a_file_are_its_labelled_rows(tmp_path):
    examples = file_of(
        tmp_path,
        {"id": "b", "text": "Rain fell.", "labels": ["rain"], "source": "S"},
        {"id": "a", "text": "A cup.", "labels": {"tea": "yes"}},
        {"id": "c", "text": "A pot.", "labels": [], "judged": ["rain"], "doc_id": "D"},
    )
    # By document, then by text.
    assert (examples.ids, examples.groups) == (("c", "a", "b"), ("D", "a", "b"))
    assert examples.Y.tolist() == [[-1, 0], [1, -1], [0, 1]]
    assert examples.gold.all()
    assert examples.sources == ("", "", "S")
    assert examples.name == str(tmp_path / "rows.jsonl")


def test_opinions_on_one_sentence_are_merged_and_differences_left_open(tmp_path):
    row = {"id": "a", "text": "A cup."}
    examples = file_of(
        tmp_path,
        {**row, "labels": {"tea": "yes"}, "annotator": "ann"},
        {**row, "labels": {"tea": "no", "rain": "no"}, "annotator": "bob"},
        {**row, "labels": {"rain": "no"}, "annotator": "cy"},
    )
    assert examples.Y.tolist() == [[-1, 0]]


def test_rows_without_labels_and_bad_rows_are_listed_with_their_lines(tmp_path):
    examples = file_of(
        tmp_path,
        {"id": "a", "text": "A cup.", "labels": ["tea"]},
        {"id": "b", "text": "A pot."},
        {"id": "c", "text": "A jug.", "labels": ["tee"]},
    )
    path = tmp_path / "rows.jsonl"
    assert [(r.at, r.reason) for r in examples.rejected] == [
        (f"{path}:2", "no_labels"), (f"{path}:3", "unknown_topic"),
    ]  # fmt: skip
    assert len(examples) + len(examples.rejected) == 3


def test_a_file_without_a_labelled_row_is_an_error_that_lists_the_first(tmp_path):
    with pytest.raises(DataError) as caught:
        file_of(tmp_path, *[{"id": f"s{n}", "text": "A cup."} for n in range(7)])
    path = tmp_path / "rows.jsonl"
    lines = str(caught.value).split("\n")
    assert lines[0] == f"no labelled sentence in '{path}'"
    assert lines[1] == f"  {path}:1: the row has no labels"
    assert lines[6:] == ["  and 2 no_labels"]


@given(st.permutations(list(range(6))))
def test_the_order_of_rows_in_a_file_does_not_matter(tmp_path_factory, order):
    rows = [
        {"id": f"s{n}", "text": f"Cup {n}.", "labels": ["tea"][: n % 2], "doc_id": f"d{n % 3}"}
        for n in range(6)
    ]
    folder = tmp_path_factory.getbasetemp()
    one, other = file_of(folder, *rows), file_of(folder, *[rows[i] for i in order])
    assert (one.ids, one.texts, one.groups) == (other.ids, other.texts, other.groups)
    assert one.Y.tolist() == other.Y.tolist()


def test_a_listing_shows_the_first_and_counts_the_rest():
    rejected = [Rejection(f"f:{n}", "ragged_row" if n % 2 else "no_text", f"detail {n}") for n in range(5)]
    assert listing([]) == ""
    assert listing(rejected, shown=5).endswith("\n  f:4: detail 4")
    assert listing(rejected, shown=2) == "\n  f:0: detail 0\n  f:1: detail 1\n  and 2 no_text, 1 ragged_row"


def test_all_rows_are_no_copy_and_some_are_those(corpus):
    examples = corpus_examples(corpus)
    assert examples.only(np.ones(len(examples), bool)) is examples
    gold = examples.only(examples.gold)
    assert 0 < len(gold) < len(examples)
    assert gold.gold.all()
    assert gold.texts == tuple(t for t, judged in zip(examples.texts, examples.gold, strict=True) if judged)
