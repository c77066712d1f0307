from __future__ import annotations

import hashlib
import re

import pytest
from building import records, rows_of, tables_of
from hypothesis import example, given
from hypothesis import strategies as st
from strategies import tricky_text, unicode_text

from trainer.config import Build, Lexicon, Split, config_from_dict
from trainer.config.schema import Examples
from trainer.corpus.cutting import cut
from trainer.corpus.cutting.batches import Batch
from trainer.corpus.cutting.cache import load_table
from trainer.corpus.cutting.cut import cut_batch, cut_settings, digest_of, rules_of, vocabulary_of
from trainer.corpus.rules import RuleSet
from trainer.corpus.sentences import sentence_spans
from trainer.records import Document, LabelledText

texts = tricky_text.map(lambda text: text.replace("\ud800", "")) | unicode_text
texts = texts.filter(str.strip) | st.just("Hot ‘tea’ 🙂 e\u0301té.\n\nİT rained—“tea”! Drizzle. \u2028 No.")
documents = st.builds(
    Document, st.sampled_from(["d", "ä/b.txt", "🙂"]), texts, *[st.none() | unicode_text] * 4,
    split=st.sampled_from([None, "train", "test"]),
)  # fmt: skip
labelled = st.builds(
    LabelledText, st.sampled_from(["s", "🙂"]), texts.map(str.strip), st.just({"tea": "yes"}), st.just("ann"),
    st.none() | st.sampled_from(["d", "e"]), *[st.none() | unicode_text] * 4,
    split=st.sampled_from([None, "validation"]),
)  # fmt: skip


def number_of(text, place=0):
    return int(hashlib.sha256(text.encode()).hexdigest()[16 * place : 16 * place + 16], 16)


def expected_places(record, least):
    """Return id, text, document and span of each sentence, in the plainest way."""
    if isinstance(record, LabelledText):
        span = (0, len(record.text)) if record.doc_id is None else (None, None)
        return [(record.id, record.text, record.doc_id or record.id, *span)]
    found = []
    for start, end in sentence_spans(record.text):
        text = record.text[start:end]
        digest = hashlib.sha256(f"{record.id}\0{start}\0{text}".encode()).hexdigest()
        found.append((f"s-{digest[:16]}", text, record.id, start, end))
    return [sentence for sentence in found if len(sentence[1].split()) >= least]


@given(st.lists(documents | labelled, max_size=4), st.integers(1, 3))
@example([Document("d", "...!?"), LabelledText("s", "?!", {"tea": "yes"}, "ann")], 1)
def test_the_columns_are_what_each_sentence_says_by_itself(tea_and_rain, several, least):
    rules = RuleSet(tea_and_rain.topics, 0.1)
    (table,) = tables_of(several, rules, min_words=least)
    rows, words = table.to_pylist(), vocabulary_of(table)
    expected = [(record, place) for record in several for place in expected_places(record, least)]
    assert len(rows) == len(expected)
    for row, (record, (identity, text, document, start, end)) in zip(rows, expected, strict=True):
        assert (row["id"], row["text"], row["doc_id"]) == (identity, text, document)
        assert (row["start"], row["end"]) == (start, end)
        if isinstance(record, Document):
            assert record.text[start:end] == text
        about = (record.source, record.date, record.title, record.url, record.split)
        assert tuple(row[key] for key in ("source", "date", "title", "url", "asked")) == about
        assert row["id_digest"] == number_of(identity)
        assert (row["text_high"], row["text_low"]) == (number_of(text), number_of(text, 1)) == digest_of(text)
        votes = [vote for vote in rules.votes(text) if vote.author != "silence"]
        fired = zip(row["rules"], row["starts"], row["ends"], strict=True)
        assert [(rules.authors[n], a, b) for n, a, b in fired] == [(v.author, v.start, v.end) for v in votes]
        assert [words[number] for number in row["words"]] == re.findall(r"\w+", text.lower())
    assert len(set(words)) == len(words)


@given(records(), st.integers(1, 4))
def test_how_many_records_are_cut_together_makes_no_difference(tea_and_rain, several, size):
    rules = RuleSet(tea_and_rain.topics)

    def spelled(tables):
        return [
            {**row, "words": [vocabulary_of(table)[number] for number in row["words"]]}
            for table in tables
            for row in table.to_pylist()
        ]

    assert spelled(tables_of(several, rules, size)) == spelled(tables_of(several, rules))


@pytest.mark.parametrize(("least", "found"), [(1, ["No!", "It rained on."]), (3, ["It rained on."]), (4, [])])
def test_pieces_of_documents_with_too_few_words_are_left_out(tea_and_rain, least, found):
    tables = tables_of([Document("d1", "No! It rained on.")], RuleSet(tea_and_rain.topics), None, least)
    assert [row["text"] for row in rows_of(tables)] == found


def test_a_labelled_sentence_is_never_too_short(tea_and_rain):
    judged = LabelledText("s1", "Tea!", {"tea": "yes"}, "ann")
    (row,) = rows_of(tables_of([judged], RuleSet(tea_and_rain.topics), None, 5))
    assert row["text"] == "Tea!"


def test_ids_of_sentences_are_made_of_document_place_and_text(tea_and_rain):
    text = "It rained on the roof. It rained on the roof."
    rules = RuleSet(tea_and_rain.topics)
    one, two = (rows_of(tables_of([Document(name, text)], rules)) for name in ("d1", "d2"))
    assert len({row["id"] for row in [*one, *two]}) == 4
    assert one == rows_of(tables_of([Document("d1", text)], rules))


def test_a_batch_is_cut_by_the_config_and_saved(tea_and_rain, tmp_path):
    config = tea_and_rain.model_copy(update={"build": Build(min_words=4)})
    cut_batch(Batch((Document("d1", "Hot tea now. Rain fell on the roof."),), "k"), config, tmp_path / "a/k")
    assert load_table(tmp_path / "a/k")["text"].to_pylist() == ["Rain fell on the roof."]


# -- what kept tables depend on ---------------------------------------------------------------------------


@pytest.fixture
def config(tea_and_rain):
    """Two topics, one of which looks into a lexicon."""
    data = tea_and_rain.model_dump(mode="json", exclude={"features"})
    data["lexicons"] = [{"name": "weather", "terms": ["hail", "sleet"]}, {"name": "idle", "terms": ["x"]}]
    data["topics"][1]["rules"][0]["match"].append("@weather")
    return config_from_dict(data)


def with_rule(config, **changes):
    first, *others = config.topics
    topic = first.model_copy(update={"rules": (first.rules[0].model_copy(update=changes),)})
    return config.model_copy(update={"topics": (topic, *others)})


@pytest.mark.parametrize(
    "change",
    [
        lambda c: c.model_copy(update={"build": Build(min_words=4)}),
        lambda c: c.model_copy(
            update={"lexicons": (Lexicon(name="weather", terms=("hail",)), c.lexicons[1])}
        ),
        lambda c: c.model_copy(update={"topics": c.topics[::-1]}),
        lambda c: with_rule(c, match=("tea",)),
        lambda c: with_rule(c, ignore=("green tea",)),
        lambda c: with_rule(c, together=("cup",)),
        lambda c: with_rule(c, unless=("cup",)),
        lambda c: with_rule(c, vote="no"),
        lambda c: with_rule(c, case_sensitive=True),
        lambda c: with_rule(c, name="other"),
    ],
)
def test_the_settings_change_with_whatever_the_sentences_depend_on(config, change):
    assert cut_settings(change(config)) != cut_settings(config)


@pytest.mark.parametrize(
    "change",
    [
        lambda c: c.model_copy(update={"name": "other", "seed": 7}),
        lambda c: c.model_copy(
            update={
                "build": Build(
                    silence_weight=0, near_duplicate=0.9, link_words=3, rule_prior=(1, 1),
                    split=Split(train=0.5, test=0.5),
                )
            }
        ),
        lambda c: c.model_copy(
            update={"lexicons": (c.lexicons[0], Lexicon(name="idle", terms=("y",)))}
        ),
        lambda c: with_rule(c, weight=0.5),
        lambda c: with_rule(c, examples=Examples(fires=("A cup of tea.",), silent=("A cup.",))),
        lambda c: c.model_copy(
            update={"topics": tuple(topic.model_copy(update={"title": "?"}) for topic in c.topics)}
        ),
    ],
)  # fmt: skip
def test_the_settings_stay_when_only_the_judgement_changes(config, change):
    assert cut_settings(change(config)) == cut_settings(config)


@pytest.mark.parametrize("tool", ["sentencex", "google-re2"])
def test_another_release_of_what_cuts_or_matches_is_another_setting(config, monkeypatch, tool):
    before, version = cut_settings(config), cut.version
    monkeypatch.setattr(cut, "version", lambda name: "999" if name == tool else version(name))
    assert cut_settings(config) != before
    monkeypatch.undo()
    assert cut_settings(config) == before
    monkeypatch.setattr(cut, "CUT_VERSION", cut.CUT_VERSION + 1)
    assert cut_settings(config) != before


def test_rules_are_compiled_once_for_a_config_and_its_equals(config):
    rules = rules_of(config)
    assert rules_of(config.model_copy()) is rules
    assert rules.silence_weight == config.build.silence_weight
    assert rules_of(with_rule(config, weight=0.5)).weights[0] == 0.5
