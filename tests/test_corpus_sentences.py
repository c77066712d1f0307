from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.corpus import sentences
from trainer.corpus.sentences import sentence_spans
from trainer.errors import UsageError

tricky_text = st.text(
    st.sampled_from(
        " \n\t\r.!?…:;,-\"“”«»„'’()[]aAbBiI19é中。\u0085\u00a0\u2028\u2029\u3000\u0301\u200d\ufeff🙂"
    )
    | st.characters(exclude_categories=["Cs"]),
    max_size=120,
)
prose = st.lists(
    st.sampled_from(
        [
            "Rain fell.", "Who pays?", "No!", "Mr.", "Smith", "1.", "(a)", "p.", "12", "at 9 a.m.", "“It is",
            "late.”", "and so on.", "\n\n", "\n \n", "\n", "\u2028", "\r\n", " ", "  ", "e.g.", "U.S.", "…",
            "🙂", "Où?", "雨。",
        ]
    ),
    max_size=30,
).map(" ".join)  # fmt: skip


def pieces(text: str) -> list[str]:
    return [text[start:end] for start, end in sentence_spans(text)]


def assert_exact(text: str) -> None:
    behind = 0
    for start, end in sentence_spans(text):
        assert behind <= start < end <= len(text)
        assert not text[behind:start].strip(), "something stands between two sentences"
        assert text[start:end] == text[start:end].strip()
        behind = end
    assert not text[behind:].strip(), "something is left at the end"


@given(tricky_text | prose)
def test_spans_ascend_and_leave_out_white_space_only(text):
    assert_exact(text)


@given(tricky_text | prose, st.integers(2, 30), st.integers(1, 30))
def test_the_caps_on_paragraphs_and_quotations_lose_no_character(text, paragraph, quotation):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sentences, "LONGEST_PARAGRAPH", paragraph)
        patch.setattr(sentences, "LONGEST_QUOTATION", quotation)
        assert_exact(text)


@given(st.lists(tricky_text, min_size=2, max_size=4))
def test_no_sentence_goes_over_a_blank_line(paragraphs):
    text = "\n\n".join(paragraphs)
    for piece in pieces(text):
        assert "\n\n" not in piece


def test_offsets_count_code_points_also_beyond_the_basic_plane():
    assert list(sentence_spans("🙂 Rain fell. 🙂🙂 Tea was late.")) == [(0, 12), (13, 29)]


def test_spans_of_a_plain_text_are_these():
    text = "  The kettle sang.  Nobody came!\n\nWas it late?\n"
    assert list(sentence_spans(text)) == [(2, 18), (20, 32), (34, 46)]
    assert pieces(text) == ["The kettle sang.", "Nobody came!", "Was it late?"]


@pytest.mark.parametrize(
    "sentence",
    [
        "1. The first cup is free.",
        "b. Every cup is washed.",
        "iv. No cup leaves the room.",
        "The shop opens at 9 a.m. Monday to Friday.",
        "We met Mr. Gant and Mrs. Besh on the pier.",
        "See No. 12 of the price list.",
        "The rule stands in Art. 7 of the house book.",
        "The rules stand in Secs. 12 and 13 of the house book.",
        "The rule stands in para. 4 of the house book.",
    ],
)
def test_a_full_stop_that_ends_nothing_cuts_nothing(sentence):
    assert pieces(f"{sentence} Then it rained.") == [sentence, "Then it rained."]


def test_a_piece_in_lower_case_goes_back_to_its_left_neighbour():
    assert pieces("They came at noon! and left. It rained.") == ["They came at noon! and left.", "It rained."]


def test_a_short_quotation_stays_whole_and_a_long_one_is_cut():
    short = "“The cup is red. The pot is blue.”"
    assert pieces(short) == [short]
    body = [f"Cup number {n} stood on the long shelf by the window." for n in range(12)]
    assert pieces("“" + " ".join(body) + "”") == ["“" + body[0], *body[1:-1], body[-1] + "”"]


@pytest.mark.parametrize("text", ["", " \n\t\u2028\u3000 ", "\n\n\n"])
def test_white_space_holds_no_sentence(text):
    assert pieces(text) == []


def test_without_the_library_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "sentencex", None)
    with pytest.raises(UsageError, match="needs sentencex") as caught:
        pieces("One. Two.")
    assert "pip install sentencex" in str(caught.value)


@pytest.mark.parametrize("word", ["cup. Cup ", "cup", "“cup ", "\n"])
def test_the_splitter_never_sees_more_than_the_longest_paragraph(word, monkeypatch):
    import sentencex

    seen = []
    cut = sentencex.get_sentence_boundaries

    def watched(language, text):
        seen.append(len(text))
        return cut(language, text)

    monkeypatch.setattr(sentencex, "get_sentence_boundaries", watched)
    assert_exact(word * (100_000 // len(word)))
    assert max(seen, default=0) <= sentences.LONGEST_PARAGRAPH
