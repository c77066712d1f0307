"""``trainer summarize``: counts on the terminal, in files, in pictures; each file with its record."""

from __future__ import annotations

import json

import pytest
from test_tags_chart import rows
from test_tags_summarize import table_of

from trainer.tags.write import write_table

pytestmark = pytest.mark.filterwarnings("ignore:Glyph")


@pytest.fixture
def tags(cli, tmp_path):
    """Run commands in a folder with a table of tags."""
    table = table_of(rows())
    write_table(table.to_batches(), table.schema, tmp_path / "tags.csv", ".csv")
    return cli


@pytest.mark.parametrize("by", ["day", "week", "month", "year", "source", "document", "topic-pair"])
def test_counts_are_printed(tags, by):
    result = tags("summarize", "tags.csv", "--by", by)
    assert result.exit_code == 0
    assert result.stdout.startswith("24 documents, 48 sentences\nmodel version 1 (dddddddddddd)\n")
    assert not set("\x1b\u202e") & set(result.stdout)
    found = json.loads(tags("summarize", "tags.csv", "--by", by, "--json").stdout)
    assert (found["by"], found["documents"]) == (by, 24)


def test_files_and_charts_are_written_with_their_records(tags, tmp_path):
    result = tags("summarize", "tags.csv", "--out", "s.csv", "--chart", "over", "--topic", "tea")
    assert result.exit_code == 0
    names = {"s.csv", "over.svg", "over.png"}
    assert {path.name for path in tmp_path.iterdir()} == {
        "tags.csv",
        *names,
        *(f"{n}.run.json" for n in names),
    }
    for name in sorted(names):
        assert tags("rerun", name).stdout.startswith("the same bytes")
    assert tags("summarize", "tags.csv", "--out", "s.csv").exit_code == 0
    (tmp_path / "s.csv").write_text("mine", encoding="utf-8")
    assert tags("summarize", "tags.csv", "--out", "s.csv").exit_code == 2
    assert (tmp_path / "s.csv").read_text("utf-8") == "mine"
    assert tags("summarize", "tags.csv", "--out", "s.csv", "--overwrite").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["none.csv"], 6),
        (["tags.csv", "--by", "mouth"], 2),
        (["tags.csv", "--topic", "coffee"], 2),
        (["tags.csv", "--out", "s.pdf"], 2),
        (["tags.csv", "--out", "tags.csv", "--overwrite"], 2),
        (["tags.csv", "--chart", "nowhere/c.svg"], 6),
    ],
)
def test_what_cannot_be_done_ends_with_its_code(tags, tmp_path, arguments, code):
    before = (tmp_path / "tags.csv").read_bytes()
    assert tags("summarize", *arguments).exit_code == code
    assert [path.name for path in tmp_path.iterdir()] == ["tags.csv"]
    assert (tmp_path / "tags.csv").read_bytes() == before
