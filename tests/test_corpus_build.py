from __future__ import annotations

import errno
import hashlib
import json
import math
import re
import warnings
from collections import Counter
from itertools import combinations
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import unicode_text

from trainer.config import Build, load_config, shipped_folder
from trainer.corpus.build import build_corpus
from trainer.corpus.rules import RuleSet
from trainer.corpus.store import TableWriter, open_corpus
from trainer.errors import (
    ConfigError,
    DataError,
    NotFoundError,
    TrainerError,
    TrainerWarning,
    UsageError,
)

pytestmark = pytest.mark.filterwarnings("ignore::trainer.errors.TrainerWarning")  # rejections, on purpose

SHORT = settings(max_examples=25)  # each example writes a whole corpus


def write(folder, rows, name="rows.jsonl"):
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def rows_of(corpus):
    return sorted(corpus.rows().to_pylist(), key=lambda row: (row["id"], row["doc_id"]))


def votes_of(corpus):
    return pq.read_table(corpus.path / "votes.parquet").to_pylist()


def files_in(root):
    """Return what a build made; what it keeps for the next one is no part of that."""
    return [path for path in root.rglob("*") if path.is_file() and ".cache" not in path.parts]


def rule(config, topic):
    return RuleSet(config.topics).authors[config.topic_names.index(topic)]


BELIEVED = round(math.log(4), 6)
"""Weight of a rule on which gold has said nothing: 4 to 1, by its prior."""


@pytest.fixture
def build(tmp_path, tea_and_rain):
    """Build from rows and paths into one artifacts folder."""

    def run(*inputs, config=tea_and_rain, labels=(), keep_splits=None, seed=13, **build):
        if inputs and isinstance(inputs[0], dict):
            inputs = [write(tmp_path / "inputs", inputs)]
        update = {"build": Build(**{"starter": False, **build}), "seed": seed}
        config = config.model_copy(update=update)
        return build_corpus(inputs, config, tmp_path / "artifacts", labels, keep_splits=keep_splits)

    return run


# -- what comes out ---------------------------------------------------------------------------------------


def test_a_small_corpus_is_exactly_this(build, tea_and_rain, tmp_path):
    note = tmp_path / "note.txt"
    note.write_text("Hot tea helps us. Who sang?\n\nThen came the 🙂 rain.", encoding="utf-8")
    labelled = {
        "id": "s1",
        "text": "A cup of tea.",
        "labels": {"rain": "no"},
        "annotator": "ann",
        "date": "1999",
    }
    corpus = build(note, write(tmp_path, [labelled]))

    def identity(start, text):
        return "s-" + hashlib.sha256(f"note.txt\0{start}\0{text}".encode()).hexdigest()[:16]

    nothing = {"source": None, "date": None, "title": None, "url": None}
    of_note = {
        **nothing, "doc_id": "note.txt", "group": "note.txt", "title": "note",
        "origin": "silver", "unknown": [],
    }  # fmt: skip
    first, last = "Hot tea helps us.", "Then came the 🙂 rain."
    expected = [
        {**of_note, "id": identity(0, first), "text": first, "start": 0, "end": 17, "labels": [0]},
        {**of_note, "id": identity(29, last), "text": last, "start": 29, "end": 50, "labels": [1]},
        {
            **nothing, "id": "s1", "text": "A cup of tea.", "start": 0, "end": 13, "doc_id": "s1",
            "group": "s1", "origin": "gold", "labels": [], "unknown": [0], "date": "1999",
        },
    ]  # fmt: skip
    found = rows_of(corpus)
    assert {row.pop("split") for row in found} <= {"train", "test"}
    assert found == sorted(expected, key=lambda row: row["id"])
    assert corpus.manifest["labels"] == {
        "tea": {"yes": 1, "no": 1, "unknown": 1}, "rain": {"yes": 1, "no": 2, "unknown": 0},
    }  # fmt: skip
    assert (corpus.manifest["documents"], corpus.manifest["sentences"]) == (2, 3)
    assert [(v["sentence_id"], v["author"], v["topic"], v["answer"], v["start"], v["end"], v["weight"])
            for v in votes_of(corpus)] == [
        (identity(0, first), rule(tea_and_rain, "tea"), "tea", "yes", 4, 7, BELIEVED),
        (identity(0, first), "silence", "rain", "no", 0, 17, 0.1),
        (identity(29, last), rule(tea_and_rain, "rain"), "rain", "yes", 16, 20, BELIEVED),
        (identity(29, last), "silence", "tea", "no", 0, 21, 0.1),
        ("s1", "human:ann", "rain", "no", 0, 13, 1.0),
        ("s1", rule(tea_and_rain, "tea"), "tea", "yes", 9, 12, BELIEVED),
        ("s1", "silence", "rain", "no", 0, 13, 0.1),
    ]  # fmt: skip


def test_a_version_holds_these_files_and_no_others(build):
    corpus = build({"text": "Hot tea helps us."})
    assert {path.relative_to(corpus.path).as_posix() for path in files_in(corpus.path)} == {
        "README.md", "corpus.json", "data/train.parquet",
        "conflicts.jsonl", "documents.parquet", "rejected.jsonl", "votes.parquet",
    }  # fmt: skip


tricky = st.text(
    st.sampled_from(' \n.!?"“”()aAé茶🙂\u0085\u00a0\u2028\u0301\ufeff\r')
    | st.characters(exclude_categories=["Cs"]),
    max_size=60,
)


@SHORT
@given(st.lists(tricky | st.just("Tea?! 🙂 Rain fell. And so on."), min_size=1, max_size=6))
def test_offsets_hold_in_the_stored_documents_and_nothing_read_is_lost(tea_and_rain, texts):
    config = tea_and_rain.model_copy(update={"build": Build(starter=False, min_words=1, link_words=1)})
    rows = [{"id": f"d{number}", "text": text} for number, text in enumerate(texts)]
    rows.append({"id": "last", "text": "It rained."})
    with TemporaryDirectory() as name:
        corpus = build_corpus([write(Path(name), rows)], config, Path(name) / "artifacts")
        documents = {
            row["id"]: row["text"] for row in pq.read_table(corpus.path / "documents.parquet").to_pylist()
        }
        found = rows_of(corpus)
        rejected = (corpus.path / "rejected.jsonl").read_bytes().count(b"\n")
    assert all(documents[row["id"]] == row["text"] for row in rows if row["id"] in documents)
    assert len(documents) + rejected == len(rows)
    assert sum(corpus.manifest["rejected"].values()) == rejected
    assert corpus.manifest["documents"] == len(documents)
    for row in found:
        assert documents[row["doc_id"]][row["start"] : row["end"]] == row["text"]


def test_what_was_read_and_not_used_is_counted_and_listed_by_line(build, tmp_path):
    good = [
        json.dumps({"id": f"s{n}", "text": f"Cup number {n} of tea.", "labels": ["tea"]}) for n in range(3)
    ]
    lines = [
        good[0],
        "{oops",
        good[1],
        '{"id": "s0", "text": "Another cup.", "labels": []}',
        '{"text": "A cup.", "labels": ["tee"]}',
        '{"text": "A cup.", "labels": {}}',
        '{"text": "A \\u0000cup.", "labels": []}',
        good[2],
    ]
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    corpus = build(path, tmp_path / "rows.jsonl")  # the second time, all is a second opinion or wrong again
    reasons = {
        "malformed_json": 2, "duplicate_id": 2, "unknown_topic": 2, "no_labels": 2, "nul_byte": 2,
    }  # fmt: skip
    assert corpus.manifest["rejected"] == reasons
    assert corpus.manifest["sentences"] == 3
    listed = [json.loads(line) for line in (corpus.path / "rejected.jsonl").read_text().splitlines()]
    assert [row["at"].rpartition(":")[2] for row in listed] == ["2", "4", "5", "6", "7"] * 2
    assert corpus.rejections(2)[1] == f"{path}:4: id 's0' stands for another text already"
    assert corpus.to_dict()["rejected"] == reasons


# -- labels -----------------------------------------------------------------------------------------------


def test_what_people_say_stands_above_rules_wherever_the_sentence_stands(build, tea_and_rain):
    text = "The tea house has been closed since the spring of that year."
    corpus = build(
        {"id": "d1", "text": f"{text} Rain fell on the roof of the house."},
        {"id": "s1", "text": text, "labels": {"tea": "no"}, "annotator": "ann"},
    )
    labels = {
        (row["doc_id"], row["text"]): (row["labels"], row["unknown"], row["origin"])
        for row in rows_of(corpus)
    }
    assert labels == {
        ("d1", text): ([], [1], "gold"),
        ("s1", text): ([], [1], "gold"),
        ("d1", "Rain fell on the roof of the house."): ([1], [], "silver"),
    }
    said = {(vote["author"], vote["answer"]) for vote in votes_of(corpus) if vote["topic"] == "tea"}
    assert said == {("human:ann", "no"), (rule(tea_and_rain, "tea"), "yes"), ("silence", "no")}
    assert corpus.manifest["gold"] == {"tea": 0, "rain": 0}


def test_without_silence_what_no_rule_says_is_not_known(build):
    corpus = build({"text": "Hot tea helps us."}, {"text": "Nobody sang at all."}, silence_weight=0)
    assert corpus.manifest["labels"]["tea"] == {"yes": 1, "no": 0, "unknown": 1}
    assert corpus.manifest["labels"]["rain"] == {"yes": 0, "no": 0, "unknown": 2}


def test_people_who_differ_leave_a_topic_open_and_the_conflict_counted(build):
    row = {"id": "s1", "text": "A cup of tea."}
    corpus = build(
        {**row, "labels": ["tea"], "annotator": "ann"},
        {**row, "labels": [], "annotator": "bob"},
    )
    (found,) = rows_of(corpus)
    assert (found["labels"], found["unknown"], found["origin"]) == ([], [0], "gold")
    assert corpus.manifest["conflicts"] == {"tea": 1}


@SHORT
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["Hot tea.", "Cold rain.", "Tea in the rain.", "Nothing at all."]),
            st.dictionaries(st.sampled_from(["tea", "rain"]), st.sampled_from(["yes", "no"]), max_size=2),
        ),
        min_size=1,
        max_size=8,
    )
)
def test_labels_and_counts_are_those_of_the_votes(tea_and_rain, said):
    rows = [
        {"id": f"s{n}", "text": text, "labels": labels} for n, (text, labels) in enumerate(said) if labels
    ]
    rows += [{"id": f"d{n}", "text": text} for n, (text, labels) in enumerate(said) if not labels]
    config = tea_and_rain.model_copy(update={"build": Build(starter=False, min_words=1)})
    with TemporaryDirectory() as name:
        corpus = build_corpus([write(Path(name), rows)], config, Path(name))
        found, votes = rows_of(corpus), votes_of(corpus)
        manifest = corpus.manifest
    counts = {topic: Counter(yes=0, no=0, unknown=0) for topic in ("tea", "rain")}
    for row in found:
        people = [labels for text, labels in said if text == row["text"] and labels]
        assert (row["origin"] == "gold") == bool(people)
        for number, topic in enumerate(("tea", "rain")):
            answers = {labels[topic] for labels in people if topic in labels}
            if not people:
                answers = {"yes" if topic in row["text"].lower() else "no"}
            label = answers.pop() if len(answers) == 1 else "unknown"
            assert (number in row["labels"]) == (label == "yes")
            assert (number in row["unknown"]) == (label == "unknown")
            counts[topic][label] += 1
    assert manifest["labels"] == {topic: dict(count) for topic, count in counts.items()}
    assert manifest["sentences"] == len(found) == sum(manifest["splits"].values())
    assert {vote["sentence_id"] for vote in votes} == {row["id"] for row in found}
    assert len({row["id"] for row in found}) == len(found)


def test_an_input_of_which_nothing_is_usable_is_an_error_though_the_starter_would_do(build, tmp_path):
    (tmp_path / "sheet.xls").write_bytes(b"PK")
    config = load_config(shipped_folder() / "topics.toml")
    with pytest.raises(DataError, match=r"no usable sentence in the input \(1 rejected\)") as caught:
        build(tmp_path / "sheet.xls", config=config, starter=True)
    assert "save it as .xlsx or .csv" in str(caught.value)


def test_labels_are_told_apart_by_whether_a_document_holds_their_sentence(build):
    rows = [
        {"id": "d1", "text": "Hot tea helps us. Then came the rain."},
        {"text": "Hot tea helps us.", "labels": ["tea"]},
        {"text": "Then came the rain.", "labels": ["rain"], "doc_id": "d1"},
        {"text": "Nobody said so.", "labels": []},
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        corpus = build(*rows)
    assert corpus.manifest["own_labels"] == {"in_documents": 2, "alone": 1}


def test_labels_for_a_sentence_that_their_document_does_not_hold_are_told_of(build):
    rows = [
        {"id": "d1", "text": "Hot tea helps us. Then came the rain."},
        {"text": "Hot tea harms us.", "labels": ["tea"], "doc_id": "d1"},
        {"text": "It rained.", "labels": ["rain"], "doc_id": "another"},
    ]
    with pytest.warns(TrainerWarning, match="labels name 1 documents that hold no such sentence, .*: 'd1'"):
        corpus = build(*rows)
    assert corpus.manifest["sentences"] == 4


def test_pieces_of_too_few_words_are_counted(build):
    corpus = build(
        {"text": "No! It rained. Then came the rain."}, {"id": "s", "text": "Tea!", "labels": ["tea"]}
    )
    assert corpus.manifest["short"] == 2
    assert "pieces of too few words 2;" in (corpus.path / "README.md").read_text()


def test_the_starter_joins_for_topics_it_was_judged_for_only(build, tea_and_rain):
    corpus = build({"text": "Hot tea helps us."}, starter=True)
    assert corpus.manifest["sentences"] == 1
    assert corpus.manifest["rejected"] == {}


# -- groups and splits ------------------------------------------------------------------------------------

stem = str.split("the old kettle on the stove sang a very long song about tea and rain")


@st.composite
def similar_documents(draw):
    """Documents whose sentences are often the same, or the same but for a word."""
    sentences = st.builds(
        lambda place, word, first: f"{first.title()} {' '.join([*stem[:place], word, *stem[place:]])}.",
        st.sampled_from([0, 7, 14]),
        st.sampled_from(["ann", "bob", "cy"]),
        st.sampled_from(
            ["so", "then", "now here with quite another long beginning of its own", "and in the end"]
        ),
    )
    return draw(st.lists(st.lists(sentences, min_size=1, max_size=3), min_size=2, max_size=8))


def shingles(text):
    words = re.findall(r"\w+", text.lower())
    return {tuple(words[i : i + 3]) for i in range(len(words) - 2)}


@SHORT
@given(similar_documents(), st.integers(0, 9))
def test_no_group_no_text_and_no_near_duplicate_stands_on_two_sides(tea_and_rain, documents, seed):
    config = tea_and_rain.model_copy(update={"build": Build(starter=False), "seed": seed})
    rows = [{"id": f"d{n}", "text": " ".join(sentences)} for n, sentences in enumerate(documents)]
    with TemporaryDirectory() as name:
        corpus = build_corpus([write(Path(name), rows)], config, Path(name))
        found = rows_of(corpus)
    for key in ("doc_id", "group", "text"):
        assert len({(row[key], row["split"]) for row in found}) == len({row[key] for row in found})
    assert len({(row["doc_id"], row["group"]) for row in found}) == len({row["doc_id"] for row in found})
    assert corpus.manifest["groups"] == len({row["group"] for row in found})
    alike = set()
    for one, other in combinations({row["text"]: row for row in found}.values(), 2):
        a, b = shingles(one["text"]), shingles(other["text"])
        if len(a & b) >= 0.8 * len(a | b):
            assert (one["group"], one["split"]) == (other["group"], other["split"])
            alike |= {one["text"], other["text"]}
    # Phrases of the trade are kept once: what is left out may have been like something, too.
    assert len(alike) <= corpus.manifest["near_duplicates"]
    assert len(found) + corpus.manifest["repetitions"] == sum(map(len, documents))


def test_a_phrase_that_stands_in_many_documents_is_kept_once_and_ties_nothing(build):
    phrase = "This notice was printed on paper made of old tea leaves."
    rows = [
        {"id": f"d{n}", "text": f"{phrase} Sentence {n} says {n * 7} things nobody else says."}
        for n in range(9)
    ]
    corpus = build(*rows)
    assert [row["text"] for row in rows_of(corpus)].count(phrase) == 1
    assert (corpus.manifest["groups"], corpus.manifest["repetitions"]) == (9, 8)


@pytest.mark.parametrize("judged", range(7))
def test_of_a_phrase_in_many_versions_the_one_that_people_judged_is_kept(build, judged):
    phrase = "This notice was printed on paper made of old tea leaves in the town of Orra"
    versions = [f"{phrase} {word}." for word in ("ann", "bob", "cy", "dee", "eve", "flo", "gus")]
    rows = [{"id": f"d{n}", "text": text} for n, text in enumerate(versions)]
    corpus = build(
        *rows, {"id": "z", "text": versions[judged], "labels": [], "doc_id": "z", "annotator": "ann"}
    )
    (kept,) = rows_of(corpus)
    # Judged in both places; the document's own sentence has its offsets.
    assert (kept["text"], kept["origin"], kept["doc_id"]) == (versions[judged], "gold", f"d{judged}")


def test_a_sentence_that_two_documents_share_ties_them(build):
    shared = "The old kettle on the stove sang a very long song."
    rows = [
        {"id": name, "text": f"{shared} {name.title()} said {name * 3} was all there is."}
        for name in ("zoe", "ann", "cy")
    ]
    corpus = build(*rows, {"id": "lone", "text": "Another story has quite another end to it."})
    assert {row["doc_id"]: row["group"] for row in rows_of(corpus)} == {
        "zoe": "ann", "ann": "ann", "cy": "ann", "lone": "lone",
    }  # fmt: skip


def test_every_split_has_its_share_of_every_topic(build):
    rows = [
        {
            "id": f"s{n}",
            "text": f"Number {n} of {n * n}.",
            "labels": ["tea"] * (n % 5 == 0) + ["rain"] * (n % 10 == 1),
        }
        for n in range(200)
    ]
    shares = {"train": 0.7, "validation": 0.1, "test": 0.2}
    corpus = build(*rows, split=shares)
    assert corpus.manifest["splits"] == {"train": 140, "validation": 20, "test": 40}
    for split, sizes in (("train", (28, 14)), ("validation", (4, 2)), ("test", (8, 4))):
        labels = [row["labels"] for row in corpus.rows([split]).to_pylist()]
        assert (labels.count([0]), labels.count([1])) == sizes


# -- splits that are given, kept, or by date --------------------------------------------------------------

KETTLE = "The old kettle on the stove sang a very long song about tea."


def numbered_documents(n):
    return [
        {"id": f"d{i}", "text": f"Cup {i} of tea stood there. It rained {i * i} times that day."}
        for i in range(n)
    ]


def sides(corpus):
    return {row["doc_id"]: row["split"] for row in rows_of(corpus)}


def rejections(corpus):
    return [json.loads(line) for line in (corpus.path / "rejected.jsonl").read_text().splitlines()]


def test_documents_of_an_earlier_version_keep_their_split_and_new_ones_restore_the_balance(build):
    before = build(*numbered_documents(20))
    kept = sides(before)
    assert before.sides() == kept
    free = build(*numbered_documents(60), seed=7)
    assert any(sides(free)[document] != side for document, side in kept.items())
    after = build(*numbered_documents(60), seed=7, keep_splits=before)
    assert {document: sides(after)[document] for document in kept} == kept
    assert after.manifest["splits"] == {"train": 96, "validation": 0, "test": 24}
    assert after.manifest["kept_splits"] == before.fingerprint


def test_of_two_alike_documents_that_ask_for_two_sides_the_test_has_its_way(build):
    rows = [
        {"id": "one", "text": KETTLE, "split": "train"},
        {"id": "two", "text": f"{KETTLE[:-1]} today.", "split": "test"},
    ]
    # Alike as they are, the one that asks for the earlier side gives way.
    corpus = build(*rows, *numbered_documents(4))
    assert sides(corpus)["two"] == "test"
    assert "one" not in sides(corpus)
    (left,) = rejections(corpus)
    assert (left["at"], left["reason"]) == ("one", "alike_on_later_side")
    assert corpus.manifest["rejected"] == {"alike_on_later_side": 1}


def test_a_new_document_that_would_join_two_sides_is_left_out_and_listed(build):
    shared = "The harbour of the old town would be shut to all ships until further notice."
    rows = [
        {"id": "one", "text": KETTLE, "split": "train"},
        {"id": "two", "text": shared, "split": "test"},
        {"id": "three", "text": f"{KETTLE} {shared}"},
    ]
    corpus = build(*rows, *numbered_documents(4))
    assert (sides(corpus)["one"], sides(corpus)["two"]) == ("train", "test")
    assert "three" not in sides(corpus)
    (left,) = rejections(corpus)
    assert (left["at"], left["reason"]) == ("three", "joins_sides")
    assert left["detail"] == "is alike to 'one' (train) and 'two' (test) (2 sentences)"


def test_given_splits_are_respected(build):
    rows = [
        {**row, "split": ("train", "validation", "test")[i % 3]}
        for i, row in enumerate(numbered_documents(9))
    ]
    corpus = build(*rows)
    assert sides(corpus) == {row["id"]: row["split"] for row in rows}
    wanted = {"train": 6, "validation": 6, "test": 6}
    assert corpus.manifest["splits"] == wanted
    assert list(corpus.manifest["split_report"]["rows"]["counts"]) == [6, 6, 6]


def test_by_date_the_test_is_later_than_all_of_train_and_the_gap_is_left_out(build):
    rows = [{**row, "date": f"2024-{1 + i % 12:02}-15"} for i, row in enumerate(numbered_documents(24))]
    rows.append({"id": "undated", "text": "Nobody knows when this rain fell on us."})
    corpus = build(*rows, split={"by": "date", "cut": "2024-09-01", "gap_days": 30})
    dates = {row["id"]: row.get("date") for row in rows}
    found = sides(corpus)
    assert found["undated"] == "train"
    assert {dates[d][5:7] for d, side in found.items() if side == "test"} == {"10", "11", "12"}
    assert max(dates[d] or "" for d, side in found.items() if side == "train") == "2024-08-15"
    left = rejections(corpus)
    assert {row["reason"] for row in left} == {"across_a_cut"}
    assert {dates[row["at"]] for row in left} == {"2024-09-15"}
    assert corpus.manifest["repetitions"] == 0


def test_a_short_sentence_that_stands_twice_stays_where_it_stood(build):
    # One row of it is kept; which one must not change because another sentence of its document did.
    phrase = "Tea will be cold."
    loose = {"id": "loose", "text": phrase, "labels": ["tea"], "split": "train"}
    article = {"id": "article", "text": f"{phrase} It rained {0} times.", "split": "test"}
    for edition in range(1, 6):
        before = build(
            loose, {**article, "text": f"{phrase} It rained {edition} times."}, *numbered_documents(4)
        )
        stood = {row["text"]: row["split"] for row in rows_of(before)}[phrase]
        plain = [{k: v for k, v in row.items() if k != "split"} for row in (loose, article)]
        plain[1]["text"] = f"So it did. {phrase} It rained {edition} times."
        after = build(*plain, *numbered_documents(4), keep_splits=before)
        assert {row["text"]: row["split"] for row in rows_of(after)}[phrase] == stood


def test_an_unchanged_build_that_keeps_splits_is_the_same_version(build):
    first = build(*numbered_documents(10))
    second = build(*numbered_documents(12), keep_splits=first)
    again = build(*numbered_documents(12), keep_splits=first)
    assert (again.version, again.created) == (second.version, False)


# -- the same again ---------------------------------------------------------------------------------------

mixed_rows = st.lists(
    st.tuples(
        st.sampled_from([
            "Tea is hot now.", "Rain fell on us. Tea is hot now.", "Rain!", "Nobody sang at all.",
            "The old kettle on the stove sang a very long song.",
            "The old kettle on the stove sang a very long song today.",
        ]) | unicode_text.filter(lambda text: text.strip() and "\0" not in text),
        st.none() | st.lists(st.sampled_from(["tea", "rain"]), unique=True),
        st.sampled_from([None, "d1", "d2"]),
    ),
    min_size=1,
    max_size=10,
)  # fmt: skip


@SHORT
@given(mixed_rows, st.randoms())
def test_the_fingerprint_depends_on_neither_the_order_of_rows_nor_the_folder(tea_and_rain, drawn, random):
    rows = []
    for number, (text, labels, document) in enumerate(drawn):
        row = {"id": f"r{number}", "text": text}
        rows.append(
            row if labels is None else {**row, "labels": labels, "doc_id": document, "annotator": "ann"}
        )
    rows.append({"id": "last", "text": "It rained all day."})
    shuffled = random.sample(rows, len(rows))
    with TemporaryDirectory() as name:
        top = Path(name)
        one = build_corpus([write(top / "a", rows)], tea_and_rain, top / "one")
        half = len(shuffled) // 2
        other_inputs = [
            write(top / "b" / "c", shuffled[:half], "x.jsonl"),
            write(top / "d", shuffled[half:], "y.jsonl"),
        ]
        other = build_corpus(other_inputs, tea_and_rain, top / "two")
        assert rows_of(one) == rows_of(other)
    assert one.fingerprint == other.fingerprint


def test_other_votes_on_equal_rows_are_another_version(build):
    row = {"id": "s1", "text": "A cup of tea.", "labels": ["tea"]}
    first = build({**row, "annotator": "ann"})
    other = build({**row, "annotator": "bob"})
    assert other.fingerprint == first.fingerprint
    assert (other.version, other.created) == ("2", True)
    assert {vote["author"] for vote in votes_of(other)} >= {"human:bob"}
    assert not build({**row, "annotator": "ann"}).created


def test_of_equal_sentences_with_other_titles_the_same_is_kept_in_any_order(build, tmp_path):
    row = {"id": "s1", "text": "A cup of tea.", "labels": ["tea"]}
    rows = [{**row, "title": title} for title in ("A", "B", "C")]
    found = set()
    for order in (rows, rows[::-1], rows[1:] + rows[:1]):
        found.add(build(*order).fingerprint)
    assert len(found) == 1


def test_a_document_without_a_sentence_is_rejected_and_one_torn_between_splits_told_of(build):
    rows = [
        {"id": "d1", "text": "Kyiv"},
        {"text": "Hot tea helps us.", "labels": ["tea"], "doc_id": "d2", "split": "train"},
        {"text": "Then came the rain.", "labels": ["rain"], "doc_id": "d2", "split": "test"},
    ]
    with pytest.warns(TrainerWarning, match="rows of 1 documents ask for different splits"):
        corpus = build(*rows)
    assert corpus.manifest["rejected"] == {"no_sentence": 1}
    assert rejections(corpus)[0]["at"] == "d1"
    assert sides(corpus) == {"d2": "test"}


def test_a_second_build_says_unchanged_and_leaves_the_first_as_it_is(build, tmp_path):
    rows = [{"text": "Hot tea helps us."}, {"text": "It rained all day."}]
    first = build(*rows)
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in files_in(tmp_path / "artifacts")}
    second = build(*reversed(rows))
    assert (first.created, second.created) == (True, False)
    assert (second.path, second.version, second.fingerprint) == (first.path, "1", first.fingerprint)
    after = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in files_in(tmp_path / "artifacts")}
    assert after == before


def test_other_content_makes_another_version_and_the_old_one_is_found_again(build):
    first = build({"text": "Hot tea helps us."})
    second = build({"text": "Hot tea helps us all."})
    again = build({"text": "Hot tea helps us."})
    assert [(c.version, c.created) for c in (first, second, again)] == [
        ("1", True),
        ("2", True),
        ("1", False),
    ]


def test_two_builds_of_the_same_write_the_same_bytes(tea_and_rain, tmp_path):
    rows = [{"id": f"d{n}", "text": f"Cup {n} of tea stood there. It rained {n} times."} for n in range(30)]
    inputs = [write(tmp_path, rows)]
    one = build_corpus(inputs, tea_and_rain, tmp_path / "one")
    two = build_corpus(inputs, tea_and_rain, tmp_path / "two")
    assert [path.relative_to(one.path) for path in files_in(one.path)]
    for path in files_in(one.path):
        assert path.read_bytes() == (two.path / path.relative_to(one.path)).read_bytes()


# -- when it fails ----------------------------------------------------------------------------------------


def test_nothing_to_build_from_is_a_usage_error(tea_and_rain, tmp_path):
    with pytest.raises(UsageError):
        build_corpus([], tea_and_rain, tmp_path / "artifacts")
    assert not (tmp_path / "artifacts").exists()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("", "the file is empty"),
        ("{", "Expecting property name"),
        ('{"text": "tea", "labels": {}}', "the row says yes or no of no topic"),
        ('{"text": "Hi."}', "no usable sentence in the input (1 rejected)"),
    ],
)
def test_an_input_without_a_usable_sentence_is_an_error_that_says_why(build, tmp_path, data, said):
    path = tmp_path / "rows.jsonl"
    path.write_text(data)
    with pytest.raises(DataError) as caught:
        build(path)
    assert said in str(caught.value)
    assert not files_in(tmp_path / "artifacts")


def test_a_missing_input_is_said_before_the_others_are_read(build, tmp_path, monkeypatch):
    from trainer.corpus import build as module

    def untouched(topics):
        raise AssertionError("the starter was read first")
        yield

    monkeypatch.setattr(module, "starter_sentences", untouched)
    with pytest.raises(NotFoundError):
        build(tmp_path / "gone.txt", labels=[write(tmp_path, [{"text": "Hot tea."}])], starter=True)
    assert not files_in(tmp_path / "artifacts")


def test_a_broken_rule_leaves_nothing_behind(build, tea_and_rain, tmp_path):
    tea, rain = tea_and_rain.topics
    broken = tea.model_copy(update={"rules": (tea.rules[0].model_copy(update={"match": ("(",)}),)})
    with pytest.raises(ConfigError):
        build({"text": "Hot tea."}, config=tea_and_rain.model_copy(update={"topics": (broken, rain)}))
    assert not (tmp_path / "artifacts").exists()


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
@pytest.mark.parametrize("stage", ["reading", "grouping", "writing"])
def test_a_build_that_stops_at_any_stage_leaves_nothing_behind(tea_and_rain, tmp_path, stage, error):
    rows = [{"id": f"d{n}", "text": f"Cup {n} of tea stood there."} for n in range(20)]
    inputs, root = [write(tmp_path, rows)], tmp_path / "artifacts"
    kept = build_corpus([write(tmp_path, rows[:1], "first.jsonl")], tea_and_rain, root)
    before = set(files_in(root))
    passed = []

    def stop(at, done, total):
        passed.append(at)
        if at == stage:
            raise error

    with pytest.raises(error):
        build_corpus(inputs, tea_and_rain, root, progress=stop)
    assert passed[-1] == stage
    assert set(files_in(root)) == before
    assert open_corpus(None, root, "weather").fingerprint == kept.fingerprint


def test_a_full_disk_is_one_clear_message_and_leaves_nothing_behind(build, tmp_path, monkeypatch):
    def full(writer):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(TableWriter, "_flush", full)
    with pytest.raises(TrainerError, match=r"No space left on device\. Nothing was published"):
        build({"text": "Hot tea helps us."})
    assert not files_in(tmp_path / "artifacts")


def test_progress_tells_every_stage_and_ends_where_it_said(tea_and_rain, tmp_path):
    calls = []
    rows = [{"id": f"d{n}", "text": f"Cup {n} of {n * n} stood there."} for n in range(2500)]
    build_corpus(
        [write(tmp_path, rows)],
        tea_and_rain,
        tmp_path / "artifacts",
        progress=lambda *call: calls.append(call),
    )
    assert list(dict.fromkeys(call[0] for call in calls)) == ["reading", "grouping", "writing"]
    written = [call[1:] for call in calls if call[0] == "writing"]
    assert written == sorted(written)
    assert written[-1] == (2500, 2500)


def test_a_file_of_labels_takes_no_documents(build, tmp_path):
    rows = [{"text": "A cup of tea came.", "labels": ["tea"]}, {"text": "Nobody judged this row."}]
    corpus = build(labels=[write(tmp_path, rows, "labels.jsonl")])
    assert corpus.manifest["rejected"] == {"no_labels": 1}
    assert [row["text"] for row in rows_of(corpus)] == ["A cup of tea came."]


def test_a_renamed_rule_makes_another_version_of_the_same_rows(build, tea_and_rain):
    first = build({"text": "A cup of tea came."})
    topic = tea_and_rain.topics[0]
    rules = tuple(rule.model_copy(update={"name": f"{rule.name}-2"}) for rule in topic.rules)
    topics = (topic.model_copy(update={"rules": rules}), *tea_and_rain.topics[1:])
    second = build({"text": "A cup of tea came."}, config=tea_and_rain.model_copy(update={"topics": topics}))
    assert second.created
    assert second.fingerprint == first.fingerprint


def test_a_damaged_older_version_is_passed_over(build):
    first = build({"text": "A cup of tea came."})
    (first.path / "corpus.json").write_text('{"format": 1}', encoding="utf-8")
    assert build({"text": "A cup of tea came."}).version == "2"


def test_the_same_sentence_of_two_documents_is_two_sentences(build):
    corpus = build(
        {"text": "A cup of tea came up the stairs.", "labels": ["tea"], "doc_id": "a"},
        {"text": "A cup of tea came up the stairs.", "labels": ["tea"], "doc_id": "b"},
    )
    ids = [row["id"] for row in rows_of(corpus)]
    assert len(set(ids)) == 2


def test_rejections_are_a_warning_before_anything_is_published(build, tmp_path):
    rows = ({"text": "A cup of tea came."}, {"text": "   "})
    with warnings.catch_warnings():
        warnings.simplefilter("error", TrainerWarning)
        with pytest.raises(TrainerWarning, match=r"1 rejected .*\n.*rows.jsonl:2: the text is empty"):
            build(*rows)
    assert files_in(tmp_path / "artifacts") == []
    assert build(*rows).created


def test_what_this_package_wrote_is_nobodys_input(build, tmp_path):
    (tmp_path / "notes.txt").write_text("A cup of tea came.", encoding="utf-8")
    first = build(tmp_path)
    assert build(tmp_path).path == first.path


# Labels by place -------------------------------------------------------------------------------------------

PLACES = "doc_id,start,end,tea,rain\nd1,0,17,1,\nd1,,,,0\nd1,5,9,1,\nd9,0,4,1,\nd1,18,,1,\nd1,x,y,1,\n"


def test_a_sheet_may_name_places(build, tmp_path):
    (tmp_path / "docs.jsonl").write_text(
        json.dumps({"id": "d1", "text": "Hot tea helps us. Then came the rain."}), "utf-8"
    )
    (tmp_path / "places.csv").write_text(PLACES, encoding="utf-8")
    with pytest.warns(TrainerWarning, match="4 rejected"):
        corpus = build(tmp_path / "docs.jsonl", labels=[tmp_path / "places.csv"])
    rows = {row["text"]: row for row in corpus.rows().to_pylist()}
    first, second = rows["Hot tea helps us."], rows["Then came the rain."]
    assert (first["origin"], second["origin"]) == ("gold", "gold")
    assert [corpus.topics[n] for n in first["labels"]] == ["tea"]
    assert [corpus.topics[n] for n in second["unknown"]] == ["tea"]
    assert corpus.manifest["rejected"] == {"bad_field": 2, "gone_document": 1, "gone_sentence": 1}
    assert corpus.manifest["own_labels"] == {"in_documents": 2, "alone": 0}


def test_rows_that_nobody_filled_in_are_told_together(build, tmp_path):
    (tmp_path / "s.csv").write_text(
        "text,tea\nHot tea helps us.,1\nRain fell on us.,\nNobody sang.,\n", "utf-8"
    )
    with pytest.warns(TrainerWarning, match=r"s\.csv:3: 2 rows of files of labels say yes or no of no topic"):
        build(labels=[tmp_path / "s.csv"])


def test_people_who_disagree_are_told_with_both_places(build, tmp_path):
    for name, answer in (("a.csv", "1"), ("b.csv", "0")):
        (tmp_path / name).write_text(f"text,tea\nHot tea helps us.,{answer}\n", encoding="utf-8")
    told = r"tea: a\.csv says yes \(a\.csv:2\), b\.csv says no \(b\.csv:2\)"
    with pytest.warns(TrainerWarning, match=told):
        corpus = build(labels=[tmp_path / "a.csv", tmp_path / "b.csv"])
    assert corpus.manifest["conflicts"] == {"tea": 1}


def test_boilerplate_is_no_sentence_and_is_counted(build):
    corpus = build({"id": "d1", "text": "LENGTH: 532 words\n\nHot tea helps us.\n\nCopyright 2024 The Paper"})
    assert [row["text"] for row in corpus.rows().to_pylist()] == ["Hot tea helps us."]
    assert corpus.manifest["boilerplate"] == 2
