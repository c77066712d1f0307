from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from building import human_of, index_of, records, rows_of, tables_of
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer.config import Build, Rule
from trainer.corpus.arrange import arrange
from trainer.corpus.build import build_corpus
from trainer.corpus.cutting.cut import digest_of
from trainer.corpus.labels import judge
from trainer.corpus.rules import RuleSet
from trainer.corpus.store import ROW_COLUMNS, SPLITS, row_digest, row_digests, row_schema
from trainer.corpus.weights import silver_codes
from trainer.corpus.write import VOTE_COLUMNS, Labelling, write_rows
from trainer.errors import TrainerWarning
from trainer.progress import silent
from trainer.records import Document, LabelledText, Vote

TOPICS = ("tea", "rain")
SHORT = settings(max_examples=40)  # each example writes files


@pytest.fixture(scope="module")
def config(tea_and_rain):
    """Tea has a rule that says no as well."""
    tea, rain = tea_and_rain.topics
    against = Rule(name="against", match=["hot", "kettle", "rain"], vote="no")
    tea = tea.model_copy(update={"rules": (*tea.rules, against)})
    return tea_and_rain.model_copy(update={"topics": (tea, rain), "build": Build(starter=False, min_words=1)})


def written(config, several, weights, silence, size, folder, progress=silent):
    """Write records; return their rows as they were cut, how they were arranged and what was counted."""
    rules = RuleSet(config.topics, silence)
    tables = tables_of(several, rules, size)
    index, human = index_of(tables), human_of(several)
    gold, codes = index.human_codes(human, TOPICS)
    gold_rows = gold[index.texts]
    said = index.said_by_row(human)
    labels, heard = silver_codes(index, rules, weights, said)
    labels[gold_rows] = codes[index.texts[gold_rows]]
    labelling = Labelling(gold_rows, labels, heard, weights, said)
    arrangement = arrange(index, gold_rows, labels, config)
    counted = write_rows(iter(tables), folder, rules, labelling, arrangement, progress)
    return rows_of(tables), arrangement, counted


weight = st.sampled_from([0.0, 0.1, 0.25, 1.386294])


@SHORT
@given(
    records(6), st.tuples(weight, weight, weight), st.sampled_from([0.0, 0.1]), st.sampled_from([None, 1, 3])
)
def test_files_hold_exactly_the_rows_votes_and_conflicts_there_are(config, several, weights, silence, size):
    rules, human = RuleSet(config.topics, silence), human_of(several)
    with TemporaryDirectory() as name:
        rows, arrangement, counted = written(config, several, weights, silence, size, Path(name))
        tables = {path.stem: pq.read_table(path) for path in Path(name).rglob("*.parquet")}
        lines = (Path(name) / "conflicts.jsonl").read_bytes().decode().split("\n")
    votes, conflicts, in_order, expected = [], [], [], {split: [] for split in SPLITS}
    for n, row in enumerate(rows):
        if not arrangement.kept[n]:
            continue
        fired = zip(row["rules"], row["starts"], row["ends"], strict=True)
        by_rules = [rules.vote(number, start, end, weights[number]) for number, start, end in fired]
        people = human.get(digest_of(row["text"]), [])
        mine = [*people, *rules.with_silence(by_rules, row["text"])]
        votes += [(row["id"], *(getattr(vote, key) for key in VOTE_COLUMNS[1:])) for vote in mine]
        judgement = judge(mine, TOPICS)
        for topic in judgement.conflicts:
            ours = [asdict(vote) for vote in people or by_rules if vote.topic == topic]
            conflicts.append({"id": row["id"], "text": row["text"], "topic": topic, "votes": ours})
        split = SPLITS[arrangement.split[n]]
        kept = ("id", "text", "doc_id", "start", "end", "source", "date", "title", "url")
        in_order.append({
            **{key: row[key] for key in kept}, "split": split, "origin": judgement.origin,
            "group": arrangement.groups[arrangement.documents[n]],
            "labels": [k for k, label in enumerate(judgement.labels) if label == "yes"],
            "unknown": [k for k, label in enumerate(judgement.labels) if label == "unknown"],
        })  # fmt: skip
        expected[split].append(in_order[-1])
    assert list(zip(*tables.pop("votes").to_pydict().values(), strict=True)) == votes
    assert lines.pop() == ""
    assert list(map(json.loads, lines)) == conflicts
    topics = [conflict["topic"] for conflict in conflicts]
    assert counted.conflicts == {topic: topics.count(topic) for topic in set(topics)}
    # A file for every split that holds something, and no other.
    assert {split: table.to_pylist() for split, table in tables.items()} == {
        split: several for split, several in expected.items() if several
    }
    assert counted.splits == {split: len(several) for split, several in expected.items()}
    assert counted.digests == list(map(row_digest, in_order))


@pytest.fixture
def write(config, tmp_path):
    def run(*several, weights=(1.0, 1.0, 1.0), silence=0.1):
        written(config, several, weights, silence, None, tmp_path)
        lines = (tmp_path / "conflicts.jsonl").read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines]

    return run


def labelled(author="ann", **labels):
    return LabelledText("s1", "A cup of coffee.", labels, author)


def test_people_who_differ_are_a_conflict_of_their_votes_alone(write):
    (found,) = write(labelled(tea="yes", rain="no"), labelled("bob", tea="no", rain="no"))
    assert (found["id"], found["text"], found["topic"]) == ("s1", "A cup of coffee.", "tea")
    assert [(vote["author"], vote["answer"]) for vote in found["votes"]] == [
        ("human:ann", "yes"), ("human:bob", "no"),
    ]  # fmt: skip


def test_an_annotator_who_contradicts_himself_is_a_conflict(write):
    (found,) = write(labelled(tea="yes"), labelled(tea="no"))
    assert [vote["author"] for vote in found["votes"]] == ["human:ann", "human:ann"]


def test_a_topic_that_a_person_passed_over_is_no_conflict_whatever_rules_say(write):
    tie = LabelledText("s1", "A kettle of tea.", {"rain": "no"}, "ann")
    assert write(tie) == []


def test_rules_that_cancel_out_are_a_conflict(write):
    (found,) = write(Document("d1", "A kettle of tea."))
    assert [(v["author"].split("@")[0], v["answer"], v["start"]) for v in found["votes"]] == [
        ("rule:tea/words", "yes", 12), ("rule:tea/against", "no", 2),
    ]  # fmt: skip


def test_a_rule_that_weighs_nothing_is_a_conflict_where_it_fires_alone(write):
    (found,) = write(Document("d1", "A cup of tea."), weights=(0.0, 1.0, 1.0))
    assert (found["topic"], [vote["weight"] for vote in found["votes"]]) == ("tea", [0.0])


def test_silence_alone_is_no_conflict_and_neither_is_nothing(write):
    assert write(Document("d1", "A cup of coffee.")) == []
    assert write(Document("d2", "A cup of coffee."), silence=0.0) == []


def test_votes_keep_their_place_and_time(config, tmp_path):
    rules = RuleSet(config.topics)
    several = [LabelledText("s1", "A cup.", {"tea": "yes"}, "ann")]
    tables = tables_of(several, rules)
    index = index_of(tables)
    vote = Vote("tea", "yes", "human:ann", 0, 6, 1.0, "a.jsonl:7", "1999-01-01")
    one = np.ones(1, dtype=bool)
    labelling = Labelling(one, np.array([[1, -1]], np.int8), np.zeros((1, 2), bool), [1.0] * 3, {0: [vote]})
    arrangement = arrange(index, one, labelling.codes, config)
    write_rows(iter(tables), tmp_path, rules, labelling, arrangement, silent)
    (found,) = pq.read_table(tmp_path / "votes.parquet").to_pylist()
    assert found == {"sentence_id": "s1", **asdict(vote)}


def test_progress_goes_batch_by_batch_to_the_end(config, tmp_path):
    calls = []
    several = [Document(f"d{n}", f"Cup {n} of {n * n} stood there.") for n in range(7)]
    written(config, several, [1.0] * 3, 0.1, 3, tmp_path, lambda *call: calls.append(call))
    assert calls == [("writing", 3, 7), ("writing", 6, 7), ("writing", 7, 7)]


@given(records())
def test_digests_of_a_table_are_those_of_its_rows(several):
    rows = [
        {**dict.fromkeys(ROW_COLUMNS), "id": record.id, "text": record.text, "labels": [n % 2], "unknown": []}
        for n, record in enumerate(several)
    ]
    table = pa.Table.from_pylist(rows, schema=row_schema(TOPICS))
    assert row_digests(table) == [row_digest(row) for row in rows]


def test_the_manifest_counts_what_the_files_hold(config, tmp_path):
    people = [{"id": "s1", "text": "A cup of coffee.", "labels": {"tea": answer}} for answer in ("yes", "no")]
    rows = [*people, {"id": "d1", "text": "A kettle of tea. Rain fell. Hot rain! Nobody sang."}]
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    with pytest.warns(TrainerWarning, match="people disagree 1 times"):
        corpus = build_corpus([path], config, tmp_path / "artifacts")
    listed = (corpus.path / "conflicts.jsonl").read_text(encoding="utf-8").splitlines()
    topics = [json.loads(line)["topic"] for line in listed]
    assert corpus.manifest["conflicts"] == {topic: topics.count(topic) for topic in sorted(set(topics))}
    assert topics.count("tea") == 2
    found = corpus.rows().to_pylist()
    for number, topic in enumerate(TOPICS):
        unknown = sum(number in row["unknown"] for row in found)
        assert corpus.manifest["labels"][topic]["unknown"] == unknown
    weights = {report["author"]: report["weight"] for report in corpus.manifest["rules"]}
    for vote in pq.read_table(corpus.path / "votes.parquet").to_pylist():
        others = 0.1 if vote["author"] == "silence" else 1.0
        assert vote["weight"] == weights.get(vote["author"], others)
