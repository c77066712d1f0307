"""A sentence in another language is known for one, and an English one is never taken for another."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.corpus.starter import starter_sentences
from trainer.language import language_of

SENTENCES = json.loads((Path(__file__).parent / "languages.json").read_text(encoding="utf-8"))
"""Language -> sentences that the lists of words were made with (seen), and others (unseen)."""
TOPICS = ("export_controls", "investment_bans", "sanctions", "taiwan", "ukraine")


def share_known(kind):
    found = [language_of(text) for several in SENTENCES.values() for text in several[kind]]
    return sum(code not in ("en", None) for code in found) / len(found)


def test_most_sentences_in_other_languages_are_known_for_such():
    # Measured: 0.98 and 0.94; a sentence of names and few small words tells nothing.
    assert share_known("seen") >= 0.97
    assert share_known("unseen") >= 0.93


@pytest.mark.parametrize("code", sorted(SENTENCES))
def test_most_of_them_are_known_for_what_they_are(code):
    found = [language_of(text) for text in SENTENCES[code]["seen"]]
    assert sum(language == code for language in found) >= len(found) / 2


def test_no_shipped_sentence_is_taken_for_another_language():
    texts = [sentence.text for sentence in starter_sentences(TOPICS)]
    assert {language_of(text) for text in texts} <= {"en", None}


@pytest.mark.parametrize(
    "text",
    [
        "U.S. Census Bureau, Washington, D.C.",
        "Smith, J., Müller, K., & Gómez, L. (2022).",
        "The café on Rue de la Paix served crème brûlée to the envoy.",
        "Volkswagen, Škoda and Société Générale were not on the list.",
        "Kyiv (Київ) asked for help.",
        "",
        "12.5 %",
        "\u0947\u0947",
        "OK",
    ],
)
def test_names_and_numbers_make_no_other_language(text):
    assert language_of(text) in ("en", None)


@given(st.text(max_size=60))
def test_any_text_has_a_code_or_none(text):
    found = language_of(text)
    assert found is None or found == "und" or (len(found) == 2 and found.islower())
    assert language_of(f"  {text}\n") == found
