"""``trainer fit`` and ``trainer eval``: contracts, versions, undefined scores, refusals."""

from __future__ import annotations

import json
import shlex
import shutil
from pathlib import Path

import pytest

COUNTED = {"precision", "recall", "f1"}
SCORES = COUNTED | {"average_precision"}


@pytest.fixture
def config(small):
    """The file of the small config."""
    return small.root.parent / "inputs" / "small.toml"


@pytest.fixture
def corpus_only(small, tmp_path):
    """A place for artifacts that holds the small corpus and no model."""
    shutil.copytree(small.root / "corpora", tmp_path / "artifacts" / "corpora")
    return tmp_path / "artifacts"


@pytest.fixture
def evaluate(cli, small):
    """Run ``trainer eval`` on the small model."""

    def run(*arguments):
        return cli("eval", "small", "--artifacts", small.root, *arguments)

    return run


def assert_scores(table, topics, *, ranked):
    """Check topics, micro and macro of a score table."""
    keys = SCORES if ranked else COUNTED
    assert list(table["topics"]) == list(topics)
    for row in [*table["topics"].values(), table["micro"]]:
        assert set(row) >= keys | {"support"}
        assert type(row["support"]) is int
        assert all(row[key] is None or type(row[key]) is float for key in keys)
    assert set(table["macro"]) >= keys


def test_fit_json_has_the_promised_keys_and_types(cli, config, corpus_only):
    found = json.loads(cli("fit", "--config", config, "--json").stdout)
    assert list(found) == ["model", "version", "digest", "created", "thresholds", "seconds"]
    assert found["model"] == str(Path("artifacts", "models", "small", "1"))
    assert found["version"] == "1"
    assert len(found["digest"]) == 64
    assert found["created"] is True
    assert list(found["thresholds"]) == ["lighthouses", "volcanoes"]
    assert all(0 < value < 1 for value in found["thresholds"].values())
    assert type(found["seconds"]) is float


def test_fitting_the_same_again_is_already_that_version(cli, config, corpus_only, small):
    first, again = (cli("fit", "--config", config) for _ in range(2))
    assert first.stdout.startswith("saved version 1 in ")
    assert again.stdout.startswith("unchanged: already version 1 in ")
    found = json.loads(cli("fit", "--config", config, "--json").stdout)
    assert (found["created"], found["version"]) == (False, "1")
    assert found["digest"] == small.fit.digest, "the same corpus and config, the same bytes, wherever made"
    other = json.loads(cli("fit", "--config", config, "--set", "classifier.C=7", "--json").stdout)
    assert (other["created"], other["version"]) == (True, "2")


def test_fit_tells_people_scores_thresholds_and_what_is_next(cli, config, corpus_only):
    result = cli("fit", "--config", config)
    header = next(line for line in result.stdout.splitlines() if "out of fold" in line)
    counts = ["yes", "judged", "no", "judged"]
    assert header.split() == ["out", "of", "fold", *counts, "precision", "recall", "F1", "threshold"]
    assert "of 100 tags" in result.stdout
    assert "--to-label 200 --topic" in result.stderr, "25 positives are few"
    assert [line.split()[0] for line in result.stdout.splitlines() if line.startswith((" l", " v"))] == [
        "lighthouses",
        "volcanoes",
    ]
    assert "trainer eval" in result.stderr
    assert "trainer predict" in result.stderr


def test_a_topic_without_positives_is_refused_unless_allowed(cli, config, tmp_path):
    text = config.read_text(encoding="utf-8").replace("match = ['volcano(?:es)?', 'lava']", "match = ['zzz']")
    (tmp_path / "c.toml").write_text(text, encoding="utf-8")
    rows = [
        {"text": f"The {place} lighthouse lost its lamp.", "labels": ["lighthouses"] * (n % 2)}
        for n, place in enumerate(["old", "red", "far", "wet", "dim", "new", "low", "big"])
    ]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    assert cli("build", "a.jsonl", "--config", "c.toml").exit_code == 0
    refused = cli("fit", "--config", "c.toml")
    assert refused.exit_code == 4
    assert "topic 'volcanoes' has no sentence labelled \"yes\"" in refused.stderr
    assert "classifier.allow_empty" in refused.stderr
    assert [path for path in (tmp_path / "artifacts").glob("models/**/*") if path.is_file()] == []
    allowed = ["--config", "c.toml", "--set", "classifier.allow_empty=true"]
    shown = cli("fit", *allowed).stdout
    (line,) = [line for line in shown.splitlines() if line.startswith(" volcanoes")]
    assert line.count("n/a") == 3
    found = json.loads(cli("eval", *allowed, "--json").stdout)
    row = found["topics"]["volcanoes"]
    assert {row[key] for key in SCORES} == {row[f"{key}_interval"] for key in SCORES} == {None}
    assert row["support"] == 0


def test_a_corpus_of_other_topics_is_refused(cli, config, corpus_only, tmp_path):
    text = config.read_text(encoding="utf-8").replace('"volcanoes"', '"geysers"')
    (tmp_path / "c.toml").write_text(text, encoding="utf-8")
    result = cli("fit", "--config", "c.toml")
    assert result.exit_code == 4
    assert "geysers" in result.stderr
    assert "volcanoes" in result.stderr
    assert not (corpus_only / "models").exists()


def test_leakage_is_refused_with_its_own_code(cli, config, corpus_only):
    import pyarrow as pa
    import pyarrow.parquet as pq

    data = corpus_only / "corpora" / "small" / "1" / "data"
    train, test = (pq.read_table(data / f"{split}.parquet") for split in ("train", "test"))
    leaked = test.slice(0, 1).set_column(
        test.schema.get_field_index("split"), test.schema.field("split"), pa.array(["train"])
    )
    pq.write_table(pa.concat_tables([train, leaked]), data / "train.parquet")
    result = cli("fit", "--config", config)
    assert result.exit_code == 5
    assert not (corpus_only / "models").exists()


SEARCH = ("--search", "--set", "search.C=[1, 2]", "--set", "search.char_ngrams=[[], [2, 3]]")


def test_a_search_is_shown_best_first_and_what_to_set_is_said(cli, config, corpus_only):
    result = cli("fit", "--config", config, *SEARCH, "--set", "classifier.C=32")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    header = next(line for line in lines if "macro AP" in line)
    assert " ".join(header.split()) == "words characters class weight C features macro AP ± SE behind ± SE"
    rows = [line.split() for line in lines if "±" in line and line != header]
    assert len(rows) == 8
    scores = [float(row[5]) for row in rows]
    assert scores == sorted(scores, reverse=True)
    (chosen,) = [row for row in rows if row[-1] == "chosen"]
    assert "the test split was not looked at" in result.stdout
    assert lines.index(header) < next(i for i, line in enumerate(lines) if line.startswith("saved version 1"))
    said = result.stderr
    assert f"to keep them without a search, set in {config}:\n" in said
    assert f"  C = {float(chosen[3])}\n" in said
    assert f"--set classifier.C={float(chosen[3])}" in said
    # Set so, it is the very model, but for what the search left in it.
    typed = shlex.split(said.split("or: ")[1].splitlines()[0])
    again = cli("fit", "--config", config, *typed, *SEARCH, "--json")
    assert json.loads(again.stdout)["created"] is False, "already that version"


def test_a_search_that_finds_the_settings_of_the_config_changes_nothing(cli, config, corpus_only):
    alone = [("C", "[2.0]"), ("char_ngrams", "[[2, 3]]"), ("class_weight", '["none"]')]
    sets = [part for key, value in alone for part in ("--set", f"search.{key}={value}")]
    said = cli("fit", "--config", config, "--search", *sets).stderr
    assert "these are the settings of the config already: nothing changed" in said
    assert "to keep them" not in said
    assert "that was tried" not in said, "of one value none is the largest"


def test_the_table_of_a_search_is_in_the_json_with_its_seconds(cli, config, corpus_only):
    done = cli("fit", "--config", config, *SEARCH, "--json")
    found = json.loads(done.stdout)
    assert list(found) == ["model", "version", "digest", "created", "thresholds", "seconds", "search"]
    assert found["search"]["left_out"] == []
    trials = found["search"]["trials"]
    assert len(trials) == 8
    assert sum(trial["chosen"] for trial in trials) == 1
    assert all(type(trial["seconds"]) is float for trial in trials)
    saved = json.loads((Path(found["model"]) / "metrics.json").read_bytes())["search"]
    for trial in trials:
        del trial["seconds"]
    assert saved == found["search"]


def test_a_search_without_anything_to_choose_by_is_refused_and_nothing_is_left(cli, config, tmp_path):
    lines = [f"The volcano at place{i} threw out ash. A lighthouse on rock{i} went dark." for i in range(8)]
    (tmp_path / "a.txt").write_text("\n\n".join(lines), encoding="utf-8")
    assert cli("build", "a.txt", "--config", config).exit_code == 0
    refused = cli("fit", "--config", config, "--search")
    assert (refused.exit_code, refused.stdout) == (4, "")
    assert "nobody judged a sentence of this corpus: a search needs" in refused.stderr
    assert "trainer corpus export --to-label 200" in refused.stderr
    assert list((tmp_path / "artifacts").glob("models/*/*")) == []


def test_a_topic_that_has_no_part_in_the_choice_is_said(cli, config, tmp_path):
    rows = [
        {"text": f"The {place} lighthouse lost its lamp in the storm.", "labels": ["lighthouses"]}
        if n % 2
        else {"text": f"The bakery of {place} sold all its bread by noon.", "labels": []}
        for n, place in enumerate(["old", "red", "far", "wet", "dim", "new", "low", "big", "shy", "odd"])
    ]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    assert cli("build", "a.jsonl", "--config", config).exit_code == 0
    done = cli("fit", "--config", config, *SEARCH, "--set", "classifier.allow_empty=true")
    assert done.exit_code == 0
    assert "volcanoes: it has no part in the choice" in done.stderr
    assert "lighthouses: it has no part" not in done.stderr


def test_eval_json_has_the_promised_keys_and_types(evaluate, small):
    found = json.loads(evaluate("--json").stdout)
    assert list(found) == [
        "model", "version", "digest", "on", "n", "documents", "fingerprint", "topics", "micro", "macro",
        "plain", "rules", "where_no_rule_fires", "keywords_hidden", "slices", "silver",
    ]  # fmt: skip
    assert found["model"] == str(small.path)
    assert (found["version"], found["digest"]) == ("1", small.fit.digest)
    assert type(found["on"]) is str
    topics = small.config.topic_names
    assert_scores(found, topics, ranked=True)
    assert set(found["rules"]) == {"topics", "micro", "macro"}
    assert_scores(found["rules"], topics, ranked=False)
    if found["silver"] is not None:
        assert set(found["silver"]) == {"topics", "micro", "macro"}
        assert_scores(found["silver"], topics, ranked=True)


def test_people_and_rules_are_never_pooled(evaluate, small):
    gold = small.corpus.rows(["train"]).to_pydict()["origin"].count("gold")
    silver = small.corpus.manifest["splits"]["train"] - gold
    assert silver > 0, "the small corpus has rule-made labels in train; else this test shows nothing"
    found = json.loads(evaluate("--on", "train", "--json").stdout)
    assert found["n"] == gold
    shown = evaluate("--on", "train").stdout
    assert f"{gold} sentences of {found['documents']} documents, judged by people" in shown
    assert "labels that only rules made" in shown


def rows_file(tmp_path, *rows):
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_a_file_gives_hand_counted_scores(evaluate, tmp_path):
    path = rows_file(
        tmp_path,
        {"text": "Red lava poured down the slope of the volcano.", "labels": ["volcanoes"]},
        {"text": "The volcano above the bay coughed up ash.", "labels": ["volcanoes"]},
        {"text": "Lava lamps sold well this winter.", "labels": []},
        {"text": "The mayor likes soup.", "labels": ["volcanoes"], "judged": ["volcanoes"]},
    )
    found = json.loads(evaluate("--on", path, "--json").stdout)
    assert (found["on"], found["n"], found["silver"]) == (str(path), 4, None)
    # By hand: the rule fires on the first three; two of them are right, one of three positives is missed.
    rules = found["rules"]["topics"]["volcanoes"]
    assert (rules["precision"], rules["recall"], rules["support"]) == (2 / 3, 2 / 3, 3)
    # Judged on three sentences, never a positive: nothing to score, and no zero.
    assert found["topics"]["lighthouses"]["support"] == 0
    assert found["topics"]["lighthouses"]["f1"] is None
    assert found["macro"]["f1"] == found["topics"]["volcanoes"]["f1"]


def test_an_undefined_score_is_null_for_scripts_and_explained_to_people(evaluate, tmp_path):
    path = rows_file(tmp_path, {"text": "The mayor likes soup.", "labels": []})
    found = json.loads(evaluate("--on", path, "--json").stdout)
    for topic in found["topics"].values():
        assert {topic[key] for key in SCORES} == {None}
    assert {found["macro"][key] for key in SCORES} == {None}
    shown = evaluate("--on", path).stdout
    for topic in found["topics"]:
        assert f"n/a for {topic}: no positives" in shown
    assert "nan" not in shown.lower()


def test_rows_that_cannot_be_scored_are_named_and_strict_refuses_them(evaluate, tmp_path):
    path = rows_file(
        tmp_path,
        {"text": "The mayor likes soup.", "labels": []},
        {"text": "No labels here."},
        {"text": "Lava!", "labels": ["lava"]},
    )
    result = evaluate("--on", path, "--json")
    assert json.loads(result.stdout)["n"] == 1
    assert "2 rows" in result.stderr
    assert "rows.jsonl:2: " in result.stderr
    assert "rows.jsonl:3: " in result.stderr
    strict = evaluate("--on", path, "--json", "--strict")
    assert (strict.exit_code, strict.stdout) == (4, "")


@pytest.mark.parametrize(
    ("content", "where"),
    [('{"text": "No labels here."}\n', "rows.jsonl:1: "), ("{oops\n", "rows.jsonl:1: "), ("", "rows.jsonl")],
)
def test_a_file_without_labels_is_bad_data(evaluate, tmp_path, content, where):
    (tmp_path / "rows.jsonl").write_text(content, encoding="utf-8")
    result = evaluate("--on", "rows.jsonl")
    assert (result.exit_code, result.stdout) == (4, "")
    assert where in result.stderr


def test_a_split_without_sentences_and_a_file_that_is_not_there(evaluate):
    assert evaluate("--on", "validation").exit_code == 4
    missing = evaluate("--on", "tset")
    assert missing.exit_code == 6
    assert "'tset'" in missing.stderr


def test_no_model_is_not_found(cli, small, tmp_path):
    for reference in (["nothing"], ["small@4"], [], ["./nowhere"]):
        result = cli("eval", *reference, "--artifacts", small.root)
        assert (result.exit_code, result.stdout) == (6, "")
    assert "trainer fit" in cli("eval").stderr
    assert list(tmp_path.iterdir()) == []


def test_a_model_whose_corpus_is_gone_says_what_to_do(cli, small, tmp_path):
    shutil.copytree(small.path, tmp_path / "alone")
    result = cli("eval", "./alone")
    assert result.exit_code == 6
    assert "Name a file of labelled sentences instead." in result.stderr


def test_eval_takes_the_model_in_production_else_the_newest(cli, config, corpus_only):
    cli("fit", "--config", config)
    cli("fit", "--config", config, "--set", "classifier.C=7")

    def version():
        return json.loads(cli("eval", "--config", config, "--json").stdout)["version"]

    assert version() == "2"
    cli("models", "promote", "small@1")
    assert version() == "1"
    assert "(version 1)" in cli("eval", "--config", config).stderr


@pytest.mark.parametrize("share", ["precision", "recall"])
def test_a_promise_is_said_with_what_holds_of_it(cli, config, corpus_only, share):
    own = f'thresholds.own=[{{topic="volcanoes", objective="{share}_at_least", value=0.9}}]'
    said = cli("fit", "--config", config, "--set", own).stderr
    (line,) = [line for line in said.splitlines() if "was asked for" in line]
    assert line.startswith(f"volcanoes: {share} ")
    assert line.endswith("where the threshold was chosen without the fold")
    assert "lighthouses: precision" not in said


def test_a_calibration_that_there_are_too_few_for_is_said(cli, config, corpus_only):
    said = cli("fit", "--config", config, "--set", "calibration.method=beta").stderr
    assert (
        "volcanoes: its calibration is none: people judged 24 positives and 40 negatives; 30 of each" in said
    )
    assert "its calibration" not in cli("fit", "--config", config).stderr
