"""Documents in, a table and its record out; people's word stands above the model."""

from __future__ import annotations

import io
import json
import shutil
import sys
from pathlib import Path

import pytest

from trainer import api
from trainer.config import load_config
from trainer.errors import ArtifactError, DataError, NotFoundError, TrainerWarning, UsageError
from trainer.tags.read import read_tags

LAVA = "Red lava poured down the slope of the volcano."
LAMP = "The lighthouse keeper trimmed the lamp."
SOUP = "The mayor likes soup."


@pytest.fixture
def project(small, tmp_path, monkeypatch):
    """A folder with articles, a config and the small model."""
    (tmp_path / "configs").mkdir()
    shutil.copy(small.root.parent / "inputs" / "small.toml", tmp_path / "configs" / "topics.toml")
    shutil.copytree(small.root, tmp_path / "artifacts")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt").write_text(f"{LAVA} {SOUP}\n", encoding="utf-8")
    (tmp_path / "in" / "b.txt").write_text(f"{LAMP}\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def rows(path="tags.csv"):
    return {row["text"]: row for row in read_tags(Path(path)).to_pylist()}


def test_a_folder_becomes_a_table_and_a_record(project, small):
    written = api.write_tags("in", "tags.csv")
    assert (written.counts["documents"], written.counts["sentences"], written.rejected) == (2, 3, ())
    assert rows()[LAVA]["volcanoes"] == "yes"
    record = json.loads(written.record.read_bytes())
    assert [entry["name"] for entry in record["inputs"]] == ["in/a.txt", "in/b.txt"]
    assert record["model"] == {"name": "small", "version": "1", "digest": small.fit.digest}
    assert record["command"] == "trainer predict in --out tags.csv --documents"
    assert str(project) not in written.record.read_text("utf-8")
    json.dumps(written.to_dict())


@pytest.mark.parametrize("suffix", ["csv", "xlsx", "parquet", "jsonl"])
def test_the_record_gives_the_same_bytes(project, suffix):
    api.write_tags(
        ["in/a.txt", "in/b.txt"], f"tags.{suffix}", only_tagged=suffix == "csv", text=suffix != "jsonl"
    )
    found = api.rerun(f"tags.{suffix}.run.json", out=f"again.{suffix}")
    assert found.same
    assert (project / f"again.{suffix}").read_bytes() == (project / f"tags.{suffix}").read_bytes()
    assert api.rerun(f"tags.{suffix}").same


def test_a_record_is_the_same_wherever_and_whenever_it_is_made(project):
    api.write_tags("in", "tags.csv")
    first = (project / "tags.csv.run.json").read_bytes()
    api.write_tags("in", "tags.csv")
    assert (project / "tags.csv.run.json").read_bytes() == first


def test_a_table_in_a_folder_is_no_input(project):
    api.write_tags("in", "in/tags.csv")
    assert api.write_tags("in", "in/tags.csv").counts["documents"] == 2


def test_a_changed_or_missing_input_is_told_and_not_run(project):
    api.write_tags("in", "tags.csv")
    (project / "in" / "a.txt").write_text("Other.", encoding="utf-8")
    with pytest.raises(DataError, match=r"in/a\.txt: is not what it was"):
        api.rerun("tags.csv")
    (project / "in" / "a.txt").unlink()
    with pytest.raises(NotFoundError, match=r"in/a\.txt"):
        api.rerun("tags.csv")


def test_a_model_that_is_gone_is_told(project):
    api.write_tags("in", "tags.csv")
    shutil.rmtree(project / "artifacts" / "models")
    with pytest.raises(NotFoundError, match="no saved model has the digest"):
        api.rerun("tags.csv")


def test_an_altered_record_is_told(project):
    api.write_tags("in", "tags.csv")
    record = project / "tags.csv.run.json"
    told = json.loads(record.read_bytes())
    record.write_text(json.dumps({**told, "verb": "format_disk"}), "utf-8")
    with pytest.raises(ArtifactError, match="format_disk"):
        api.rerun(record)


def test_a_person_stands_above_the_model_in_the_next_table_and_the_next_corpus(project):
    api.write_tags("in", "tags.csv")
    before = rows()[LAVA]
    fixed = api.fix(before["sentence_id"], {"volcanoes": "no"}, by="anna", why="a painting")
    assert fixed.file == Path("configs/labels/anna.jsonl")
    assert fixed.before["volcanoes"].startswith("yes (model, probability")
    api.write_tags("in", "tags.csv", update=True)
    after = rows()[LAVA]
    assert (after["volcanoes"], after["volcanoes_decided_by"]) == ("no", "human")
    assert after["volcanoes_probability"] == before["volcanoes_probability"]
    corpus = api.build("in", "configs/topics.toml")
    labelled = {row["text"]: row for row in corpus.rows().to_pylist()}
    assert labelled[LAVA]["origin"] == "gold"
    assert corpus.manifest["decisions"] == 1
    assert corpus.manifest["gold"]["volcanoes"] == 0


def test_a_record_is_of_what_people_had_said_then(project):
    api.write_tags("in", "tags.csv")
    lava, lamp = (rows()[text]["sentence_id"] for text in (LAVA, LAMP))
    api.fix(lava, {"volcanoes": "no"}, by="anna")
    api.write_tags("in", "tags.csv")
    api.fix(lamp, {"lighthouses": "no"}, by="anna")
    api.fix(lamp, {"lighthouses": "no"}, by="ben")
    assert api.rerun("tags.csv").same, "what was said later has no part in it"
    labels = project / "configs" / "labels" / "anna.jsonl"
    labels.write_bytes(labels.read_bytes().replace(b'"no"', b'"yes"', 1))
    with pytest.raises(DataError, match=r"anna\.jsonl"):
        api.rerun("tags.csv")


def test_two_who_disagree_leave_it_to_review(project):
    api.write_tags("in", "tags.csv")
    lava = rows()[LAVA]["sentence_id"]
    assert api.fix(lava, {"volcanoes": "no"}, by="anna").others == ()
    (other,) = api.fix(lava, {"volcanoes": "yes"}, by="ben").others
    assert other.startswith("human:anna says no of volcanoes")
    api.write_tags("in", "tags.csv")
    assert (rows()[LAVA]["volcanoes"], rows()[LAVA]["volcanoes_decided_by"]) == ("review", "human")


def test_a_word_that_is_taken_back_leaves_the_model_alone(project):
    api.write_tags("in", "tags.csv")
    lava = rows()[LAVA]["sentence_id"]
    api.fix(lava, {"volcanoes": "no"}, by="anna", time="2024-01-01T00:00:00Z")
    api.write_tags("in", "tags.csv", update=True)
    api.fix(lava, {"volcanoes": "unknown"}, by="anna", time="2024-01-02T00:00:00Z")
    api.write_tags("in", "tags.csv", update=True)
    assert (rows()[LAVA]["volcanoes"], rows()[LAVA]["volcanoes_decided_by"]) == ("yes", "model")


def test_a_sentence_of_a_corpus_can_be_corrected_too(project, small):
    row = small.corpus.rows().to_pylist()[0]
    assert api.fix(row["id"], {"volcanoes": "no"}, by="anna").found_in == "the newest corpus"


@pytest.mark.parametrize(
    ("labels", "by", "error"),
    [
        ({"volcano": "no"}, "anna", UsageError),
        ({"volcanoes": "maybe"}, "anna", UsageError),
        ({"volcanoes": "no"}, " ", UsageError),
    ],
)
def test_what_makes_no_sense_is_not_kept(project, labels, by, error):
    api.write_tags("in", "tags.csv")
    with pytest.raises(error):
        api.fix(rows()[LAVA]["sentence_id"], labels, by=by)
    assert not (project / "configs" / "labels").exists()


def test_a_sentence_that_is_nowhere_is_told(project):
    api.write_tags("in", "tags.csv")
    with pytest.raises(NotFoundError, match=r"s-0.*tags\.csv"):
        api.fix("s-0", {"volcanoes": "no"}, by="anna")
    with pytest.raises(NotFoundError, match=r"other\.csv"):
        api.fix("s-0", {"volcanoes": "no"}, by="anna", tags="other.csv")
    api.write_tags("in", "located.csv", text=False)
    identity = rows()[LAVA]["sentence_id"]
    with pytest.raises(UsageError, match="without text"):
        api.fix(identity, {"volcanoes": "no"}, by="anna", tags="located.csv")


def test_a_sheet_is_kept_for_good(project):
    sheet = f"text,volcanoes,lighthouses\n{LAVA},0,\n{SOUP},,\n{LAMP},0,1\n"
    (project / "sheet.csv").write_text(sheet, "utf-8")
    taken = api.take_sheet("sheet.csv", by="anna")
    assert (taken.sentences, taken.answers) == (2, 3)
    api.write_tags("in", "tags.csv")
    assert rows()[LAVA]["volcanoes"] == "no"
    assert (rows()[LAVA]["lighthouses_decided_by"], rows()[LAMP]["lighthouses_decided_by"]) == (
        "model",
        "human",
    )
    (project / "empty.csv").write_text(f"text,volcanoes\n{LAVA},\n", "utf-8")
    with pytest.raises(DataError, match=r"empty\.csv"):
        api.take_sheet("empty.csv", by="anna")


def test_an_update_adds_what_is_new_and_its_record_gives_it_all(project):
    api.write_tags("in", "tags.parquet")
    (project / "more").mkdir()
    (project / "more" / "c.txt").write_text(f"{LAVA} Again.", encoding="utf-8")
    written = api.write_tags("more", "tags.parquet", update=True)
    assert (written.kept, written.taken_over, written.counts["documents"]) == (2, 0, 3)
    assert api.rerun("tags.parquet").same
    (project / "more" / "d.txt").write_text(SOUP, encoding="utf-8")
    written = api.write_tags(["in", "more"], "tags.parquet", update=True)
    assert (written.kept, written.taken_over, written.counts["documents"]) == (0, 3, 4)
    assert api.rerun("tags.parquet").same


def test_an_update_does_not_take_over_what_somebody_changed(project):
    api.write_tags("in", "tags.csv")
    written = Path("tags.csv").read_text(encoding="utf-8-sig")
    edited = written.replace(",no,", ",yes,", 1)
    assert edited != written
    Path("tags.csv").write_text(edited, encoding="utf-8-sig")
    with pytest.raises(UsageError, match="not as a run of this program wrote it"):
        api.write_tags("in", "tags.csv", update=True)
    assert Path("tags.csv").read_text(encoding="utf-8-sig") == edited
    api.write_tags("in", "tags.csv", update=True, overwrite=True)
    assert Path("tags.csv").read_text(encoding="utf-8-sig") == written
    assert api.rerun("tags.csv").same


def test_an_update_of_nothing_is_a_first_table(project):
    assert api.write_tags("in", "tags.csv", update=True).counts["documents"] == 2


def test_an_update_of_another_shape_is_refused(project):
    api.write_tags("in", "tags.csv", only_tagged=True)
    with pytest.raises(UsageError, match="with --only-tagged: give --only-tagged again"):
        api.write_tags("in", "tags.csv", update=True)
    api.write_tags("in", "tags.csv", text=False)
    with pytest.raises(UsageError, match="with --no-text: give --no-text again"):
        api.write_tags("in", "tags.csv", update=True)
    assert api.write_tags("in", "tags.csv", update=True, text=False).taken_over == 2
    with pytest.raises(UsageError, match="holds no text"):
        api.write_tags("in", "tags.csv", update=True, text=False, retag_all=True)


def test_a_table_of_another_model_is_refused_until_all_is_tagged_again(project):
    api.write_tags("in", "tags.csv")
    api.fit(config=load_config(None, ["classifier.C=0.5"]))
    with pytest.raises(DataError, match="another model"):
        api.write_tags("in", "tags.csv", update=True)
    written = api.write_tags("in/b.txt", "tags.csv", update=True, retag_all=True)
    assert (written.kept, written.taken_over) == (1, 0)
    assert {row["model_version"] for row in rows().values()} == {"2"}


def test_a_document_that_comes_twice_is_taken_once_and_told(project):
    rows_ = [{"id": "x", "text": LAVA}, {"id": "x", "text": SOUP}]
    (project / "twice.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows_), "utf-8")
    with pytest.warns(TrainerWarning, match="repeated_document"):
        written = api.write_tags("twice.jsonl", "tags.csv")
    assert written.counts["documents"] == 1
    assert written.rejected[0].at == "twice.jsonl:2"
    assert json.loads(written.record.read_bytes())["rejected"] == {"repeated_document": 1}


def test_what_cannot_be_read_again_is_told(project, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(LAVA.encode())))
    api.write_tags("-", "tags.csv")
    with pytest.raises(DataError, match="cannot be made again"):
        api.rerun("tags.csv")


def test_a_table_without_what_is_untagged_is_told_of_when_it_is_rolled_up(project):
    api.write_tags("in", "tags.csv", only_tagged=True)
    with pytest.warns(TrainerWarning, match="--only-tagged: shares are of tagged sentences"):
        api.summarize("tags.csv", "source")
    api.write_tags("in", "all.csv")
    assert api.summarize("all.csv", "source").about["sentences"] == 3
