from __future__ import annotations

import json
import tomllib
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.config import (
    Config,
    config_from_dict,
    find_config,
    init_config,
    json_schema,
    load_config,
    shipped_folder,
)
from trainer.errors import ConfigError, NotFoundError, TrainerError, UsageError

GOOD = """\
name = "mine"

[build]
min_words = 2

[build.split]
train = 0.8

[[topics]]
name = "lighthouses"
title = "Lighthouses"
definition = "Towers with a lamp."

[[topics.rules]]
name = "words"
match = ['lighthouses?']

[[topics]]
name = "volcanoes"
title = "Volcanoes"
definition = \"\"\"
Mountains that
mach = fire
\"\"\"

[[topics.rules]]
name = "first"
match = ['lava']

[[topics.rules]]
name = "second"
match = [
    'volcano',
]

[[topics.rules]]
name = "third"
match = ['ash']
weight = 0.5
"""


@pytest.fixture
def written(tmp_path):
    def write(text: str | bytes) -> Path:
        file = tmp_path / "mine.toml"
        file.write_bytes(text.encode() if isinstance(text, str) else text)
        return file

    return write


def line_with(text: str, part: str) -> int:
    (line,) = [number for number, line in enumerate(text.split("\n"), 1) if part in line]
    return line


def test_a_file_is_read_over_the_defaults(written):
    config = load_config(written(GOOD))
    assert (config.name, config.seed, config.build.min_words) == ("mine", 13, 2)
    assert config.topic_names == ("lighthouses", "volcanoes")
    assert config.topics[1].rules[2].weight == 0.5


def test_a_byte_order_mark_is_not_part_of_the_first_key(written):
    assert load_config(written(b"\xef\xbb\xbf" + GOOD.encode())).name == "mine"


def test_windows_line_ends_are_fine(written):
    assert load_config(written(GOOD.replace("\n", "\r\n"))) == load_config(written(GOOD))


@pytest.mark.parametrize(
    ("old", "new", "message", "hint"),
    [
        ('name = "mine"', 'nmae = "mine"', "unknown key 'nmae' in the top level", "Did you mean 'name'?"),
        ("[build]", "[biuld]", "unknown key 'biuld' in the top level", "Did you mean 'build'?"),
        ("min_words", "min_wrods", "unknown key 'min_wrods' in build", "Did you mean 'min_words'?"),
        ("train = 0.8", "tarin = 0.8", "unknown key 'tarin' in build.split", "Did you mean 'train'?"),
        ('title = "Volc', 'titel = "Volc', "unknown key 'titel' in topics.1", "Did you mean 'title'?"),
        ("match = ['ash", "mach = ['ash", "unknown key 'mach' in topics.1.rules.2", "Did you mean 'match'?"),
        ("weight = 0.5", "zzz = 0.5", "unknown key 'zzz' in topics.1.rules.2",
         "Known: case_sensitive, examples, ignore, match, name, together, unless, vote, weight."),
    ],
)  # fmt: skip
def test_a_wrong_key_is_named_with_its_line_and_the_nearest(written, old, new, message, hint):
    text = GOOD.replace(old, new)
    file = written(text)
    with pytest.raises(ConfigError) as caught:
        load_config(file)
    line = line_with(text, new)
    assert caught.value.where == f"{file}:{line}"
    assert caught.value.message == message
    assert caught.value.hint == hint


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("min_words = 2", "min_words = 0",
         "'build.min_words' should be greater than or equal to 1. Got 0 instead"),
        ("min_words = 2", "min_words = 'many'",
         "'build.min_words' should be a valid integer, unable to parse string as an integer. "
         "Got 'many' instead"),
        ("match = ['ash']", "match = 'ash'",
         "'topics.1.rules.2.match' should be a valid tuple. Got 'ash' instead"),
        ("weight = 0.5", "weight = 2",
         "'topics.1.rules.2.weight' should be less than or equal to 1. Got 2 instead"),
        ('name = "lighthouses"', 'name = "Light"',
         "'topics.0.name' String should match pattern '^[a-z][a-z0-9_-]{0,63}$'. Got 'Light' instead"),
        ("[build.split]", "[build.split]\ntest = 0.9", "'build.split' the shares must sum to 1, not 1.7"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_named_with_its_line_and_what_came(written, old, new, message):
    text = GOOD.replace(old, new)
    file = written(text)
    with pytest.raises(ConfigError) as caught:
        load_config(file)
    assert caught.value.where == f"{file}:{line_with(text, new.partition(chr(10))[0])}"
    assert caught.value.message == message


def test_a_missing_key_is_named_with_the_line_of_its_table(written):
    text = GOOD.replace("match = ['ash']\n", "")
    file = written(text)
    with pytest.raises(ConfigError) as caught:
        load_config(file)
    assert caught.value.message == "'topics.1.rules.2.match' is missing"
    assert caught.value.where == f"{file}:{line_with(text, 'third') - 1}"


@pytest.mark.parametrize("text", ["", "# nothing\n", 'name = "mine"\n'])
def test_a_file_without_topics_is_refused(written, text):
    with pytest.raises(ConfigError, match="'topics' is missing"):
        load_config(written(text))


def test_what_stands_twice_is_refused(written):
    with pytest.raises(ConfigError, match="topic 'volcanoes' stands twice"):
        load_config(written(GOOD.replace('"lighthouses"', '"volcanoes"')))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name = \n", r"is not TOML: .*line 1"),
        ("[build\n", r"is not TOML: .*line 1"),
        ('name = "a"\nname = "b"\n', r"is not TOML: .*line 2"),
        ('name = "open\n', r"is not TOML: .*line 1"),
        (b'name = "\xff"\n', "is not TOML: .*utf-8"),
        (b"name = 'a\0'\n", "is not TOML: "),
        (b"\xff\xfen\0a\0", "is not TOML: .*utf-8"),
        ("a = " + "[" * 5000, "is not TOML: "),
    ],
)
def test_what_is_not_toml_is_refused_with_file_and_line(written, text, message):
    file = written(text)
    with pytest.raises(ConfigError, match=message) as caught:
        load_config(file)
    assert caught.value.where == str(file)
    assert caught.value.exit_code == 4


def test_a_file_that_is_not_there_is_not_found(tmp_path):
    for path in (tmp_path / "none.toml", tmp_path):
        with pytest.raises(NotFoundError, match="no config file") as caught:
            load_config(path)
        assert caught.value.hint == "`trainer config init` writes one to start from."


def test_the_config_is_the_one_named_else_the_one_here_else_the_shipped(tmp_path, monkeypatch, written):
    monkeypatch.chdir(tmp_path)
    assert find_config() == shipped_folder() / "topics.toml"
    init_config(tmp_path / "configs")
    assert find_config() == Path("configs/topics.toml")
    assert find_config(written(GOOD)) == tmp_path / "mine.toml"


def test_the_shipped_config_is_sound():
    assert load_config(shipped_folder() / "topics.toml").topic_names == (
        "export_controls", "investment_bans", "sanctions", "taiwan", "ukraine"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("item", "path", "value"),
    [
        ("seed=7", ("seed",), 7),
        (" seed = 7 ", ("seed",), 7),
        ("name=other", ("name",), "other"),
        ('name="other"', ("name",), "other"),
        ("classifier.C=0.25", ("classifier", "C"), 0.25),
        ("classifier.kind=svm", ("classifier", "kind"), "svm"),
        ("classifier.allow_empty=true", ("classifier", "allow_empty"), True),
        ("features.word_ngrams=[1, 1]", ("features", "word_ngrams"), (1, 1)),
        ("features.char_ngrams=[]", ("features", "char_ngrams"), None),
        ("build.split={train=0.5, test=0.5}", ("build", "split", "train"), 0.5),
    ],
)
def test_set_overrides_the_file(written, item, path, value):
    found = load_config(written(GOOD), [item])
    for key in path:
        found = getattr(found, key)
    assert found == value


def test_of_two_overrides_the_last_stands(written):
    assert load_config(written(GOOD), ["seed=1", "seed=2"]).seed == 2


@pytest.mark.parametrize("item", ["seed", "=3", "", ".seed=3", "seed.=3", "a..b=3"])
def test_set_without_key_or_value_is_refused(written, item):
    with pytest.raises(ConfigError, match=r"--set takes key\.key=value, not"):
        load_config(written(GOOD), [item])


@pytest.mark.parametrize("item", ["topics.0.title=x", "name.x=1"])
def test_set_into_what_is_no_table_is_refused(written, item):
    with pytest.raises(ConfigError, match="is not a table that can be set into"):
        load_config(written(GOOD), [item])


@pytest.mark.parametrize(
    ("item", "where", "message", "hint"),
    [
        ("sede=3", "--set sede", "unknown key 'sede' in the top level", "Did you mean 'seed'?"),
        ("classifier.c=3", "--set classifier.c", "unknown key 'c' in classifier", None),
        ("clasifier.C=3", "--set clasifier", "unknown key 'clasifier' in the top level",
         "Did you mean 'classifier'?"),
        ("classifier={D=3}", "--set classifier.D", "unknown key 'D' in classifier", None),
        ("seed=many", "--set seed", "'seed' should be a valid integer, unable to parse string as an integer. "
         "Got 'many' instead", None),
        ("classifier.C=inf", "--set classifier.C",
         "'classifier.C' should be a finite number. Got inf instead", None),
        ("build.split.test=0.5", "--set build.split",
         "'build.split' the shares must sum to 1, not 1.3", None),
    ],
)  # fmt: skip
def test_a_wrong_override_is_named_as_such(written, item, where, message, hint):
    with pytest.raises(ConfigError) as caught:
        load_config(written(GOOD), ["name=fine", item])
    assert (caught.value.where, caught.value.message) == (where, message)
    if hint:
        assert caught.value.hint == hint


def test_an_error_in_the_file_is_not_blamed_on_an_override(written):
    file = written(GOOD.replace('"lighthouses"', '"volcanoes"'))
    with pytest.raises(ConfigError) as caught:
        load_config(file, ["seed=1"])
    assert caught.value.where == str(file)


@given(st.from_regex(r"[a-z_.]{0,12}=?[^\n]{0,12}", fullmatch=True))
def test_any_override_is_either_taken_or_refused_as_ours(item):
    with suppress(ConfigError):
        load_config(shipped_folder() / "topics.toml", [item])


@given(st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_file_is_either_taken_or_refused_as_ours(tmp_path_factory, data):
    file = tmp_path_factory.mktemp("any") / "any.toml"
    file.write_bytes(data)
    with pytest.raises(ConfigError):
        load_config(file)


def test_the_config_of_a_manifest_comes_back(written):
    config = load_config(written(GOOD))
    assert config_from_dict(json.loads(json.dumps(config.model_dump(mode="json")))) == config
    with pytest.raises(ConfigError, match="'seed': Input should be a valid integer"):
        config_from_dict({**config.model_dump(mode="json"), "seed": "x"})


def test_init_writes_the_shipped_file_and_its_schema(tmp_path):
    file = init_config(tmp_path / "new" / "configs")
    assert file.read_bytes() == (shipped_folder() / "topics.toml").read_bytes()
    assert load_config(file) == load_config(shipped_folder() / "topics.toml")
    first = file.read_text(encoding="utf-8").split("\n")[0]
    schema = file.parent / first.removeprefix("#:schema ")
    assert schema.read_text(encoding="utf-8") == json_schema()
    assert json.loads(json_schema())["properties"].keys() == Config.model_fields.keys()
    assert len(list(file.parent.iterdir())) == 2


@pytest.mark.parametrize("name", ["topics.toml", "topics.schema.json"])
def test_init_overwrites_nothing(tmp_path, name):
    (tmp_path / name).write_text("mine")
    with pytest.raises(UsageError, match="is there already"):
        init_config(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text() == "mine"


def test_init_into_a_file_is_one_clear_message(tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(TrainerError, match="cannot write"):
        init_config(tmp_path / "file")


def test_the_shipped_file_is_plain_toml():
    text = (shipped_folder() / "topics.toml").read_bytes()
    assert not text.startswith(b"\xef\xbb\xbf")
    assert b"\r" not in text
    assert tomllib.loads(text.decode())["name"] == "topics"
