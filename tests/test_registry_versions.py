from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from registering import saved
from strategies import names, unicode_text

from trainer.errors import ArtifactError, NotFoundError, TrainerError, UsageError
from trainer.registry.files import MANIFEST
from trainer.registry.versions import (
    ModelVersion,
    find_model,
    list_models,
    models_folder,
    promote,
    read_aliases,
    rollback,
)

HOSTILE = [
    "", "A", "9", "Topics", "topic s", "topics\n", "\n", " topics", "tópics", "topics\0", "\ud800", ".", "..",
    "-topics", "_topics", "a" * 65, "a" * 100_000, "@", "@1", "@production", "~", "topics;ls", "$HOME", "*",
    "con", "nul", "com1", "lpt9", "topics.", "topics ", "a:b", "a\\b", "c:", "nul.txt", "topics::$data",
    "prn@1",
]  # fmt: skip
PATHS = [
    "../x", "../../etc", "/", "/etc", "/etc/passwd", "x/y", "./x", "~/x", "topics/1", "topics@../../x",
    "topics@/etc", "x/" + "a" * 100_000, "a/\0", "a/\ud800", "//", "topics@1/..",
]  # fmt: skip


@pytest.fixture
def root(tmp_path, monkeypatch) -> Path:
    """Three versions of `topics`, one of `other`; the process stands in an empty folder."""
    for mark in (0.25, 0.5, 0.75):
        saved(tmp_path / "artifacts", mark=mark)
    saved(tmp_path / "artifacts", "other", 1.0)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "artifacts"


def found(reference: str | Path, root: Path) -> str:
    model = find_model(reference, root)
    assert model.path.samefile(root / "models" / model.name / model.version)
    return f"{model.name}@{model.version}"


def test_a_name_is_its_newest_version_until_one_is_promoted(root):
    assert found("topics", root) == "topics@3"
    promote(root, "topics", "2")
    assert found("topics", root) == "topics@2"
    assert found("topics@", root) == "topics@2"
    assert found("other", root) == "other@1"


def test_the_newest_is_the_highest_number(root):
    shutil.copytree(root / "models" / "topics" / "1", root / "models" / "topics" / "10")
    assert found("topics", root) == "topics@10"


@pytest.mark.parametrize("version", ["1", "2", "3"])
def test_a_number_is_that_version(root, version):
    promote(root, "topics", "2")
    assert found(f"topics@{version}", root) == f"topics@{version}"


def test_an_alias_is_what_it_stands_for(root):
    promote(root, "topics", "1", "stable")
    promote(root, "topics", "2", "a-b_9")
    assert found("topics@stable", root) == "topics@1"
    assert found("topics@a-b_9", root) == "topics@2"
    assert found("topics", root) == "topics@3"  # only `production` speaks for the name


def test_a_digest_is_the_version_that_has_it(root):
    for version in ("1", "2", "3"):
        digest = ModelVersion("topics", version, root / "models" / "topics" / version).digest
        for length in (8, 20, 64):
            assert found(f"topics@sha256:{digest[:length]}", root) == f"topics@{version}"


def test_a_digest_is_found_beside_a_damaged_version(root):
    digest = ModelVersion("topics", "1", root / "models" / "topics" / "1").digest
    (root / "models" / "topics" / "2" / MANIFEST).write_bytes(b"{")
    (root / "models" / "topics" / "3" / MANIFEST).unlink()
    assert found(f"topics@sha256:{digest}", root) == "topics@1"


def test_a_path_is_the_folder_at_that_path(root, tmp_path):
    folder = root / "models" / "topics" / "2"
    shutil.copytree(folder, tmp_path / "here" / "exported")
    for reference in (
        folder,
        str(folder),
        os.path.relpath(folder),
        "./exported",
        "exported/",
        Path("exported"),
    ):
        assert (find_model(reference, root).path / MANIFEST).read_bytes() == (folder / MANIFEST).read_bytes()


@pytest.mark.parametrize("reference", ["topics", "topics@3", "topics@production"])
def test_a_folder_that_happens_to_lie_there_is_not_taken_for_a_name(root, tmp_path, reference):
    promote(root, "topics", "3")
    shutil.copytree(root / "models" / "other" / "1", tmp_path / "here" / reference)
    assert found(reference, root) == "topics@3"


def test_a_folder_named_without_a_slash_is_hinted_at(root, tmp_path):
    shutil.copytree(root / "models" / "topics" / "2", tmp_path / "here" / "exported")
    with pytest.raises(NotFoundError) as caught:
        find_model("exported", root)
    assert caught.value.hint == "The folder of that name is written with a slash: './exported'."


def test_a_relative_path_keeps_name_and_version(root, monkeypatch):
    monkeypatch.chdir(root / "models" / "topics" / "2")
    assert (find_model(".", root).name, find_model(".", root).version) == ("topics", "2")


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("nothing", "no model 'nothing' in"),
        ("topics@4", "model 'topics' has no '4'. Known: 1, 2, 3."),
        ("topics@0", "has no '0'"),
        ("topics@01", "has no '01'"),
        ("topics@1@2", "has no '1@2'"),
        ("topics@-1", "has no '-1'"),
        ("topics@3\n", "has no '3\n'"),
        ("topics@production", "has no 'production'"),
        ("topics@sha256:00000000", "has no 'sha256:00000000'"),
    ],
)
def test_what_is_not_there_is_not_found(root, reference, message):
    with pytest.raises(NotFoundError) as caught:
        find_model(reference, root)
    assert message in caught.value.message
    assert "trainer fit" in caught.value.hint


def test_a_near_alias_is_suggested(root):
    promote(root, "topics", "1", "staging")
    with pytest.raises(NotFoundError, match="Did you mean 'staging'"):
        find_model("topics@stagng", root)


@pytest.mark.parametrize("start", ["", "ab", "1234567"])
def test_a_digest_too_short_to_mean_one_model_is_refused(root, start):
    with pytest.raises(UsageError, match="8 characters or more"):
        find_model(f"topics@sha256:{start}", root)


@pytest.mark.parametrize("reference", HOSTILE, ids=lambda text: ascii(text)[:20])
def test_a_hostile_name_is_refused(root, reference):
    with pytest.raises((UsageError, NotFoundError), match=r"must be lower-case letters|a device|no model in"):
        find_model(reference, root)
    for use in (
        lambda: promote(root, reference, "1"),
        lambda: rollback(root, reference),
        lambda: models_folder(root, reference),
    ):
        with pytest.raises(UsageError):
            use()


@pytest.mark.parametrize("reference", PATHS, ids=lambda text: ascii(text)[:20])
def test_a_path_without_a_model_is_not_found(root, reference):
    with pytest.raises(NotFoundError, match="no model in"):
        find_model(reference, root)
    with pytest.raises(NotFoundError):
        find_model(Path(reference), root)
    with pytest.raises(UsageError):
        promote(root, reference, "1")


@pytest.mark.parametrize(
    "alias", ["", "A", "../x", "a/b", "a\n", "9", "a" * 65, "sha256:00000000", "a.json", ".x"]
)
def test_a_hostile_alias_is_refused_and_nothing_written(root, alias):
    before = sorted(root.rglob("*"))
    with pytest.raises(UsageError, match="alias"):
        promote(root, "topics", "1", alias)
    with pytest.raises(UsageError, match="alias"):
        rollback(root, "topics", alias)
    assert sorted(root.rglob("*")) == before


@given(unicode_text | st.text())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_reference_is_a_model_or_an_error_of_ours(root, reference):
    try:
        model = find_model(reference, root)
    except (NotFoundError, UsageError):
        return
    assert model.path.resolve().is_relative_to(root.resolve())


def test_the_list_is_by_name_and_number_with_aliases(root):
    promote(root, "topics", "2")
    promote(root, "topics", "2", "best")
    promote(root, "topics", "3", "canary")
    for name in ("Upper", "a b", ".hidden"):  # not names of ours
        (root / "models" / name / "1").mkdir(parents=True)
    (root / "models" / "file").write_text("")
    assert [(m.name, m.version, m.aliases) for m in list_models(root)] == [
        ("other", "1", ()),
        ("topics", "1", ()),
        ("topics", "2", ("best", "production")),
        ("topics", "3", ("canary",)),
    ]
    assert [m.version for m in list_models(root, "topics")] == ["1", "2", "3"]
    assert list(list_models(root, "nothing")) == []
    assert list(list_models(root / "nowhere")) == []


def test_a_listed_model_is_written_as_the_contract_says(root):
    promote(root, "topics", "2")
    model = find_model("topics", root)
    row = find_model("topics@2", root).to_dict()
    assert row == {
        "name": "topics",
        "version": "2",
        "digest": model.digest,
        "path": str(root / "models" / "topics" / "2"),
        "aliases": ["production"],
        "macro_f1": 0.5,
    }


def test_without_a_test_split_the_score_out_of_fold_is_listed(root):
    file = root / "models" / "topics" / "1" / "metrics.json"
    file.write_text(json.dumps({"test": None, "out_of_fold": {"macro": {"f1": 0.125}}}))
    assert find_model("topics@1", root).to_dict()["macro_f1"] == 0.125


@pytest.mark.parametrize("name", [MANIFEST, "metrics.json"])
@pytest.mark.parametrize("damage", [None, b"", b"[]", b"null", b"3", b"\xff", b"[" * 100_000])
def test_a_damaged_model_is_listed_all_the_same(root, name, damage):
    file = root / "models" / "topics" / "1" / name
    file.unlink() if damage is None else file.write_bytes(damage)
    rows = [model.to_dict() for model in list_models(root, "topics")]
    assert [row["version"] for row in rows] == ["1", "2", "3"]
    assert (rows[0]["digest"], rows[0]["macro_f1"]) == (None, None)
    assert rows[1]["macro_f1"] == 0.5


def test_rollback_goes_back_one_promotion_at_a_time(root):
    for version in ("1", "3", "2", "2"):  # the same again is no step
        promote(root, "topics", version)
    assert rollback(root, "topics") == "3"
    assert found("topics", root) == "topics@3"
    assert rollback(root, "topics") == "1"
    with pytest.raises(NotFoundError, match="'production' of 'topics' has stood for no other version before"):
        rollback(root, "topics")
    assert found("topics", root) == "topics@1"


def test_aliases_have_histories_of_their_own(root):
    promote(root, "topics", "1", "a")
    promote(root, "topics", "2", "b")
    promote(root, "topics", "3", "a")
    assert rollback(root, "topics", "a") == "1"
    assert read_aliases(root, "topics") == {"a": "1", "b": "2"}


def test_there_is_nothing_to_roll_back_where_nothing_was_promoted(root):
    for name in ("topics", "nothing"):
        with pytest.raises(NotFoundError):
            rollback(root, name)
    assert not (root / "models" / "nothing").exists()


@given(st.lists(st.sampled_from(["1", "2", "3", "back"]), max_size=12), names)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50)
def test_promotions_and_rollbacks_are_a_stack(root, steps, alias):
    shutil.rmtree(root / "models" / "topics" / "aliases", ignore_errors=True)
    history: list[str] = []
    for step in steps:
        if step != "back":
            promote(root, "topics", step, alias)
            history += [step] if history[-1:] != [step] else []
        elif len(history) > 1:
            history.pop()
            assert rollback(root, "topics", alias) == history[-1]
        else:
            with pytest.raises(NotFoundError):
                rollback(root, "topics", alias)
        assert read_aliases(root, "topics") == ({alias: history[-1]} if history else {})


@pytest.mark.parametrize(
    ("name", "version"), [("topics", "4"), ("topics", "01"), ("topics", ""), ("nothing", "1")]
)
def test_only_a_version_that_is_there_can_be_promoted(root, name, version):
    with pytest.raises(NotFoundError, match="has no version"):
        promote(root, name, version)
    assert read_aliases(root, name) == {}
    assert not (root / "models" / "nothing").exists()


def test_an_alias_of_a_version_that_is_gone_is_not_found(root):
    promote(root, "topics", "2")
    shutil.rmtree(root / "models" / "topics" / "2")
    with pytest.raises(NotFoundError, match="has no '2'"):
        find_model("topics", root)
    assert found("topics@3", root) == "topics@3"


def test_an_alias_that_cannot_be_written_is_an_error_of_ours(root):
    (root / "models" / "topics" / "aliases").write_text("a file in the way")
    with pytest.raises(TrainerError, match="cannot write"):
        promote(root, "topics", "1")


# -- links ------------------------------------------------------------------------------------------------


def test_a_version_that_is_a_link_is_none(root, tmp_path):
    (root / "models" / "topics" / "3").rename(tmp_path / "elsewhere")
    (root / "models" / "topics" / "3").symlink_to(tmp_path / "elsewhere")
    assert [model.version for model in list_models(root, "topics")] == ["1", "2"]
    assert found("topics", root) == "topics@2"
    with pytest.raises(NotFoundError):
        promote(root, "topics", "3")


def test_a_name_that_is_a_link_is_none(root, tmp_path):
    (root / "models" / "topics").rename(tmp_path / "elsewhere")
    (root / "models" / "topics").symlink_to(tmp_path / "elsewhere")
    assert [model.name for model in list_models(root)] == ["other"]
    with pytest.raises(NotFoundError):
        find_model("topics", root)
    with pytest.raises(ArtifactError, match="is a link, and links are not followed"):
        promote(root, "topics", "1")


@pytest.mark.parametrize("linked", ["aliases", "aliases/production"])
def test_aliases_that_are_a_link_are_neither_read_nor_written(root, tmp_path, linked):
    promote(root, "topics", "1")
    (root / "models" / "topics" / linked).rename(tmp_path / "elsewhere")
    (root / "models" / "topics" / linked).symlink_to(tmp_path / "elsewhere")
    before = sorted((tmp_path / "elsewhere").rglob("*"))
    with pytest.raises(ArtifactError, match="is a link"):
        promote(root, "topics", "2")
    assert sorted((tmp_path / "elsewhere").rglob("*")) == before


def test_the_artifacts_folder_itself_may_be_a_link(root, tmp_path):
    (tmp_path / "linked").symlink_to(root)
    assert found("topics", tmp_path / "linked") == "topics@3"


# -- digests ----------------------------------------------------------------------------------------------


def test_a_digest_that_several_models_start_with_is_refused(root, monkeypatch):
    digests = {"1": "ab" * 32, "2": "ab" * 4 + "0" * 56, "3": "ab" * 32}
    monkeypatch.setattr(ModelVersion, "digest", property(lambda model: digests[model.version]))
    with pytest.raises(UsageError, match="3 versions of 'topics' have a digest that starts with abababab"):
        find_model("topics@sha256:abababab", root)
    assert found(f"topics@sha256:{'AB' * 32}", root) == "topics@3"  # the same model twice: the newer
