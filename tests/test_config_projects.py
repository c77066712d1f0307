"""A project starts whole, and a topic that is added touches nothing that was there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import names, unicode_text

from trainer.config import find_config, load_config
from trainer.config.load import parse_config
from trainer.config.projects import add_topic, init_project, stanza
from trainer.errors import UsageError

SMALL = 'name = "small"\r\n[[topics]]\r\nname = "tea"\r\ntitle = "Tea"\r\ndefinition = "Tea."'


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    init_project(tmp_path)
    return tmp_path


def test_a_project_has_a_config_of_its_own_and_a_place_for_decisions(project):
    assert find_config().as_posix() == "configs/topics.toml"
    assert load_config().topic_names == (
        "export_controls",
        "investment_bans",
        "sanctions",
        "taiwan",
        "ukraine",
    )
    assert (project / "configs" / "labels" / "README.md").is_file()
    assert "artifacts/" in (project / ".gitignore").read_text("utf-8")
    with pytest.raises(UsageError, match="is there already"):
        init_project(project)


def test_a_project_may_start_with_topics_of_its_own(tmp_path):
    init_project(tmp_path / "new", ["rare_earths", "fishing"])
    config = load_config(tmp_path / "new" / "configs" / "topics.toml")
    assert config.topic_names == config.open_topics == ("rare_earths", "fishing")
    with pytest.raises(UsageError, match=r"topic name .* must be lower-case"):
        init_project(tmp_path / "other", ["Rare Earths"])
    assert not (tmp_path / "other").exists()


def test_what_was_there_keeps_every_byte(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_bytes(SMALL.encode())
    add_topic("rain", file, title="Rain", definition='Of "rain".', terms=["drizzle", "wet*"])
    data = file.read_bytes()
    assert data.startswith(SMALL.encode())
    assert b"\r\n" in data
    assert data.replace(b"\r\n", b"").count(b"\n") == 0
    config = load_config(file)
    assert config.topic_names == ("tea", "rain")
    assert config.open_topics == ("rain",)
    assert config.topics[1].definition == 'Of "rain".'
    assert config.lexicons[0].terms == ("drizzle", "wet*")
    with pytest.raises(UsageError, match="is there already"):
        add_topic("rain", file)
    assert file.read_bytes() == data


def test_the_shipped_config_is_not_touched(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="not changed") as error:
        add_topic("rain")
    assert "trainer init" in str(error.value)


def test_terms_that_make_no_lexicon_leave_the_file_alone(project):
    before = find_config().read_bytes()
    with pytest.raises(UsageError, match="must hold a word"):
        add_topic("rain", terms=["..."])
    assert find_config().read_bytes() == before


@given(names, unicode_text, unicode_text, st.lists(st.from_regex(r"[a-z]{1,8}", fullmatch=True), max_size=3))
def test_any_words_make_a_config_that_says_them(name, title, definition, terms):
    config = parse_config(stanza(name, title, definition, terms), "x")
    (topic,) = config.topics
    assert topic.name == name
    assert not title or topic.title == title
    assert not definition or topic.definition == definition
    assert topic.rules[0].match == (f"@{name}",)
