from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.config.locate import line_of

TEXT = '''\
# [build] in a comment, seed = 1, and """ that opens nothing
name = "x"
seed = 13

[build]
min_words = 3

  [build.split]  # indented, with a comment
  train = 0.8
[classifier]
"C" = 4.0
kind='svm'

[[topics]]
name = "first"
definition = """
seed = 99
[build.split]
[[topics]]
"""
[[topics.rules]]
name = "a"
[[topics.rules]]
name = "b"

[[topics]]
name = "second"
definition = "one line"
[[ topics.rules ]]
name = "a"
match = [
    'seed = 5',
    "[[topics]]",
]
[[topics.rules]]
name = "b"
[[topics.rules]]
name = "c"
mach = ["x"]
[topics.rules.examples]
fires = ["y"]
[[topics]]
name = "third"
'''


@pytest.mark.parametrize(
    ("loc", "line"),
    [
        (("name",), 2),
        (("seed",), 3),
        (("build",), 5),
        (("build", "min_words"), 6),
        (("build", "split"), 8),
        (("build", "split", "train"), 9),
        (("classifier", "C"), 11),
        (("classifier", "kind"), 12),
        (("topics", 0), 14),
        (("topics", 0, "name"), 15),
        (("topics", 0, "definition"), 16),
        (("topics", 0, "rules", 0, "name"), 22),
        (("topics", 0, "rules", 1, "name"), 24),
        (("topics", 1), 26),
        (("topics", 1, "name"), 27),
        (("topics", 1, "rules", 0, "name"), 30),
        (("topics", 1, "rules", 0, "match"), 31),
        (("topics", 1, "rules", 1), 35),
        (("topics", 1, "rules", 2), 37),
        (("topics", 1, "rules", 2, "mach"), 39),
        (("topics", 1, "rules", 2, "examples", "fires"), 41),
        (("topics", 2, "name"), 43),
    ],
)
def test_a_key_is_found_where_it_stands(loc, line):
    assert line_of(TEXT, loc) == line
    assert line_of(TEXT.replace("\n", "\r\n"), loc) == line


@pytest.mark.parametrize(
    ("loc", "line"),
    [
        (("build", "starter"), 5),
        (("topics", 2, "title"), 42),
        (("topics", 1, "rules", 0, "match", 1), 31),
        (("topics", 3, "name"), None),
        (("features", "min_df"), None),
        ((), None),
    ],
)
def test_for_what_is_not_written_the_nearest_table_above_stands(loc, line):
    assert line_of(TEXT, loc) == line


FILLERS = st.sampled_from(
    [
        "",
        "# a comment with = and [brackets]",
        '# a comment that opens """ nothing',
        "plain = 1",
        'quoted = "a = b"',
        "many = [\n    'a = b',\n    \"[x]\",\n]",
        'long = """\n[topics]\nplain = 2\n"""',
        "raw = '''\n[[topics]]\n'''",
    ]
)


@st.composite
def files(draw):
    """A file of topics and rules with one marked key; its text, where the key is and on which line."""
    places = [()]
    for topic in range(draw(st.integers(1, 3))):
        places.append(("topics", topic))
        for rule in range(draw(st.integers(0, 3))):
            places.append(("topics", topic, "rules", rule))
    marked = draw(st.sampled_from(places))
    lines: list[str] = []
    where = None
    for place in places:
        if place:
            lines.append("[[topics.rules]]" if "rules" in place else "[[topics]]")
        before = draw(st.lists(FILLERS, max_size=3, unique=True))
        after = draw(
            st.lists(FILLERS.filter(lambda filler, seen=before: filler not in seen), max_size=2, unique=True)
        )
        lines += "\n".join(before).split("\n") if before else []
        if place == marked:
            lines.append('marked = "here"')
            where = len(lines)
        lines += "\n".join(after).split("\n") if after else []
    return "\n".join(lines) + "\n", (*marked, "marked"), where


@given(files())
def test_a_key_is_found_whatever_stands_around_it(file):
    text, loc, line = file
    found = tomllib.loads(text)
    for part in loc:
        found = found[part]
    assert found == "here"  # the parser agrees on the place
    assert line_of(text, loc) == line
