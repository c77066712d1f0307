"""What people decided is only ever added to, and the last word of each stands."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.corpus.decisions import append_decisions, read_decisions
from trainer.errors import TrainerError

TOPICS = ("tea", "rain")


def line(text, labels, time="", by="anna", **more):
    return {"text": text, "labels": labels, "annotator": by, "time": time, **more}


def decided(folder, *rows, by="anna"):
    for row in rows:
        append_decisions(folder, by, [row])
    return read_decisions(folder, TOPICS)


def test_a_folder_that_is_not_there_holds_nothing(tmp_path):
    found = read_decisions(tmp_path / "none", TOPICS)
    assert (len(found), found.files, found.answers("Tea."), list(found.labelled())) == (0, (), {}, [])


def test_what_was_said_is_read_back(tmp_path):
    found = decided(
        tmp_path, line("Tea.", {"tea": "yes", "rain": "no"}, "2024-01-01", why="obvious", doc_id="d")
    )
    assert found.answers("Tea.") == {"tea": "yes", "rain": "no"}
    assert found.answers("Other.") == {}
    (sentence,) = found.labelled()
    assert (sentence.text, sentence.labels, sentence.author) == (
        "Tea.",
        {"tea": "yes", "rain": "no"},
        "human:anna",
    )
    assert (sentence.doc_id, sentence.time) == ("d", "2024-01-01")
    assert {d.why for d in found.of("Tea.")} == {"obvious"}
    assert found.of("Tea.")[0].at.endswith("anna.jsonl:1")


def test_the_last_word_of_a_person_stands_and_can_be_taken_back(tmp_path):
    first, second = line("Tea.", {"tea": "yes"}, "2024-01-01"), line("Tea.", {"tea": "no"}, "2024-01-02")
    assert decided(tmp_path, first, second).answers("Tea.") == {"tea": "no"}
    assert decided(tmp_path, line("Tea.", {"tea": "unknown"}, "2024-01-03")).answers("Tea.") == {}
    assert len((tmp_path / "anna.jsonl").read_text("utf-8").splitlines()) == 3, "nothing was rewritten"


def test_an_earlier_word_that_is_written_later_does_not_stand(tmp_path):
    first, second = line("Tea.", {"tea": "yes"}, "2024-02-01"), line("Tea.", {"tea": "no"}, "2024-01-02")
    assert decided(tmp_path, first, second).answers("Tea.") == {"tea": "yes"}


def test_people_who_disagree_leave_it_to_review(tmp_path):
    append_decisions(tmp_path, "ben", [line("Tea.", {"tea": "no", "rain": "no"}, by="ben")])
    found = decided(tmp_path, line("Tea.", {"tea": "yes", "rain": "no"}))
    assert found.answers("Tea.") == {"tea": "review", "rain": "no"}
    ((one, other),) = found.disagreements()
    assert {one.author, other.author} == {"human:anna", "human:ben"}
    assert sorted(sentence.author for sentence in found.labelled()) == ["human:anna", "human:ben"]


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ('{"text": "cut', "malformed_json"),
        ("[1]", "malformed_json"),
        ('{"text": "Tea.", "labels": {"coffee": "yes"}}', "unknown_topic"),
        ('{"labels": {"tea": "yes"}}', "no_text"),
        ('{"text": "Tea."}', "no_labels"),
    ],
)
def test_a_line_that_says_nothing_is_named_and_the_others_count(tmp_path, written, reason):
    decided(tmp_path, line("Tea.", {"tea": "yes"}))
    with (tmp_path / "anna.jsonl").open("a", encoding="utf-8") as file:
        file.write(written + "\n")
    found = decided(tmp_path, line("Rain.", {"rain": "yes"}))
    assert [(r.reason, r.at.rpartition(":")[2]) for r in found.rejected] == [(reason, "2")]
    assert len(found) == 2


def test_a_line_that_was_cut_off_takes_none_with_it(tmp_path):
    (tmp_path / "anna.jsonl").write_text('{"text": "Tea.", "la', encoding="utf-8")
    found = decided(tmp_path, line("Rain.", {"rain": "yes"}))
    assert found.answers("Rain.") == {"rain": "yes"}
    assert len(found.rejected) == 1


def test_what_had_been_decided_then_can_be_read_later(tmp_path):
    decided(tmp_path, line("Tea.", {"tea": "yes"}))
    size = (tmp_path / "anna.jsonl").stat().st_size
    decided(tmp_path, line("Tea.", {"tea": "no"}, "2025"))
    append_decisions(tmp_path, "ben", [line("Rain.", {"rain": "yes"}, by="ben")])
    then = read_decisions(tmp_path, TOPICS, {"anna.jsonl": size})
    assert (then.answers("Tea."), then.answers("Rain.")) == ({"tea": "yes"}, {})


@pytest.mark.parametrize("by", ["Anna Müller", "../../evil", "💥", "a/b", "-"])
def test_a_name_of_any_kind_has_a_file_of_its_own_in_the_folder(tmp_path, by):
    file = append_decisions(tmp_path / "labels", by, [line("Tea.", {"tea": "yes"}, by=by)])
    assert file.parent == tmp_path / "labels"
    assert read_decisions(tmp_path / "labels", TOPICS).of("Tea.")[0].author == f"human:{by}"


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "labels").write_text("a file", encoding="utf-8")
    with pytest.raises(TrainerError, match="cannot write"):
        append_decisions(tmp_path / "labels", "anna", [line("Tea.", {"tea": "yes"})])


said = st.lists(
    st.tuples(
        st.sampled_from(["Tea.", "Rain."]),
        st.sampled_from(TOPICS),
        st.sampled_from(["yes", "no", "unknown"]),
        st.sampled_from(["anna", "ben"]),
    ),
    max_size=12,
)


@given(said)
def test_the_last_word_of_each_person_is_all_that_counts(tmp_path_factory, words):
    folder: Path = tmp_path_factory.mktemp("labels")
    last: dict[tuple[str, str], dict[str, str]] = {}
    for number, (text, topic, answer, by) in enumerate(words):
        append_decisions(folder, by, [line(text, {topic: answer}, f"2024-01-01T00:00:{number:02}Z", by)])
        last.setdefault((text, topic), {})[by] = answer
    found = read_decisions(folder, TOPICS)
    for (text, topic), by_author in last.items():
        standing = {answer for answer in by_author.values() if answer != "unknown"}
        expected = None if not standing else "review" if len(standing) == 2 else standing.pop()
        assert found.answers(text).get(topic) == expected
    assert found.rejected == ()
    lines = [row for file in found.files for row in file.read_text("utf-8").splitlines()]
    assert len(list(map(json.loads, lines))) == len(words), "no word was lost"
