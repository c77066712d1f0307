"""Lines that say nothing are told from sentences, and a text without any is cut as ever."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import unicode_text

from trainer.config.schema import BOILERPLATE
from trainer.corpus.boilerplate import Boilerplate, boilerplate_of
from trainer.corpus.sentences import sentence_spans

DEFAULT = boilerplate_of(BOILERPLATE)

MARKED = [
    "LENGTH: 532 words",
    "BYLINE: Ann Otter",
    "Copyright 2024 The Paper",
    "© 2024 Paper Ltd. Contact us.",
    "(c) 2023",
    "All rights reserved.",
    "Sign up for our morning newsletter",
    "Subscribe to our channel today",
    "Click here to subscribe",
    "Page 3 of 12",
    "Read more: ships leave the port",
    "Follow us on Telegram for updates",
    "Share this article",
    "Advertisement",
    "  ADVERTISEMENT  ",
    "Terms of use | Privacy policy",
    "Unsubscribe",
    "950 words",
]
KEPT = [
    "Copyright law was changed in 2019.",
    "Subscribe to the treaty, he told the envoy.",
    "The section on trade: ten pages.",
    "Length: it was long.",
    "Page one was empty.",
    "They read more: two books a week.",
    "He said all rights of ships are void.",
    "Share prices fell.",
    "The advertisement showed a tank.",
    "See also how the port was closed.",
]


@pytest.mark.parametrize("line", MARKED)
def test_lines_that_say_nothing_are_marked(line):
    text = f"Before it.\n{line}\nAfter it."
    assert [text[a:b] for a, b, marked in DEFAULT.pieces(text) if marked] == [line.strip()]


@pytest.mark.parametrize("line", KEPT)
def test_sentences_are_not(line):
    assert not any(marked for *_, marked in DEFAULT.pieces(f"Before it.\n{line}\nAfter it."))


def test_windows_ends_its_lines_otherwise():
    text = "One.\r\nPage 3 of 12\r\nTwo."
    assert [text[a:b] for a, b, _ in DEFAULT.pieces(text)] == ["One.", "Page 3 of 12", "Two."]


def test_no_shipped_sentence_is_marked():
    folder = Path(__file__).parents[1] / "trainer" / "data" / "starter"
    for file in folder.glob("*.jsonl"):
        for line in file.read_text("utf-8").splitlines():
            assert not any(marked for *_, marked in DEFAULT.pieces(json.loads(line)["text"]))


texts = st.lists(st.sampled_from([*MARKED, *KEPT, "", " \t"]) | unicode_text, max_size=8).map("\n".join)


@given(texts)
def test_pieces_ascend_and_leave_only_white_space_between(text):
    at = 0
    for start, end, _ in DEFAULT.pieces(text):
        assert at <= start < end <= len(text)
        assert text[at:start].strip() == ""
        assert text[start:end] == text[start:end].strip()
        at = end
    assert text[at:].strip() == ""


@given(texts)
def test_without_patterns_nothing_changes(text):
    assert [(a, b) for a, b, _ in Boilerplate(()).pieces(text)] == list(sentence_spans(text))
