"""Charts: the same table, the same bytes; hostile names act on nothing."""

from __future__ import annotations

import pytest

pytest.importorskip("matplotlib")

from test_tags_summarize import table_of

from trainer.errors import UsageError
from trainer.tags import chart
from trainer.tags.summarize import KEYS, summarize_table

NAMES = ["wire", "$\\frac{1}{0}$ & <script>", "تايوان", "x" * 80, "a\nb\u202e", "_^{}"]


def rows():
    found = []
    for i in range(24):
        about = {
            "doc_id": f"d{i}",
            "date": f"2024-{i % 12 + 1:02}-0{i % 5 + 1}",
            "source": NAMES[i % len(NAMES)],
        }
        found += [{**about, "tea": "yes" if i % 3 else "no", "rain": "yes" if i % 5 == 0 else "no"}, about]
    return found


@pytest.mark.filterwarnings("ignore:Glyph")  # a font that lacks a letter draws a box
@pytest.mark.parametrize("by", KEYS)
def test_every_summary_can_be_drawn_and_twice_alike(tmp_path, by):
    summary = summarize_table(table_of(rows()), by)
    suffix = ".svg" if by in ("month", "source", "topic-pair") else ".png"
    for name in ("one", "two"):
        summary.chart(tmp_path / f"{name}{suffix}", share="sentences" if by == "month" else "documents")
    one, two = ((tmp_path / f"{name}{suffix}").read_bytes() for name in ("one", "two"))
    assert one == two
    assert one.startswith(b"<?xml" if suffix == ".svg" else b"\x89PNG")
    assert b"<script" not in one


@pytest.mark.filterwarnings("ignore:Glyph")
@pytest.mark.parametrize(
    "dates", [["2024-01-05"], ["2024-01-05", "2024-03-05"], [None], ["2024-01-05", None]]
)
def test_few_and_undated_documents_can_be_drawn(tmp_path, dates):
    few = [{"doc_id": str(i), "date": value, "tea": "yes"} for i, value in enumerate(dates)]
    for by in ("month", "source"):
        summarize_table(table_of(few), by).chart(tmp_path / f"{by}.png")
        assert (tmp_path / f"{by}.png").stat().st_size > 1000


def test_one_topic_alone_makes_no_pairs(tmp_path):
    summary = summarize_table(table_of(rows()), "topic-pair", topics=["tea"])
    with pytest.raises(UsageError, match="two topics"):
        summary.chart(tmp_path / "a.png")


def test_what_cannot_be_drawn_is_told(tmp_path, monkeypatch):
    summary = summarize_table(table_of(rows()), "month")
    with pytest.raises(UsageError, match=r"\.svg or \.png"):
        summary.chart(tmp_path / "a.pdf")
    with pytest.raises(UsageError, match="shares are of"):
        summary.chart(tmp_path / "a.png", share="words")
    monkeypatch.setattr(chart, "can_draw", lambda: False)
    with pytest.raises(UsageError, match="matplotlib") as error:
        summary.chart(tmp_path / "a.png")
    assert "topic-trainer[charts]" in str(error.value)
