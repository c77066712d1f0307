from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import pdf

from trainer.corpus.readers.yields import Yields, is_poor
from trainer.corpus.sources import read_inputs
from trainer.errors import TrainerWarning
from trainer.records import Document


def document(length, size, kind="pdf"):
    return Document("d", "x" * length, format=kind, size=size, at=f"d.{kind}")


@pytest.mark.parametrize(
    ("length", "size", "kind", "poor"),
    [
        (40, 300_000, "pdf", True),  # a scan with a stamp on it
        (30_000, 5_000_000, "pdf", False),  # a report full of pictures
        (900, 4_000, "pdf", False),
        (60, 12_000, "docx", False),  # a short letter
        (60, 5_000_000, "docx", True),  # pictures of pages
        (46, 3_000, "html", True),  # "switch on JavaScript"
        (46, 400, "html", False),  # a short page
        (5_000, 2_000_000, "html", False),  # news with its state in scripts
        (900, 2_000_000, "html", True),
        (1, 10_000_000, "txt", False),
        (1, None, "html", False),
    ],
)
def test_what_is_poor(length, size, kind, poor):
    assert is_poor(document(length, size, kind)) == poor


@given(st.integers(1, 10**4), st.integers(0, 10**7), st.sampled_from(["pdf", "html", "docx"]))
def test_more_text_is_never_poorer(length, size, kind):
    assert is_poor(document(length, size, kind)) >= is_poor(document(length + 1, size, kind))


def test_poor_documents_are_told_once_with_their_count_and_the_first_names(tmp_path):
    for number in range(5):
        (tmp_path / f"{number}.pdf").write_bytes(pdf("Page 1") + b"%" * 10_000)
    (tmp_path / "good.pdf").write_bytes(pdf("A cup of tea. " * 20))
    with pytest.warns(TrainerWarning) as caught:
        found = list(read_inputs([tmp_path], ()))
    assert len(found) == 6
    (warning,) = caught
    text = str(warning.message)
    assert text.startswith("5 documents gave hardly any text")
    assert f"{tmp_path}/0.pdf (6 characters of " in text
    assert "and 2 more" in text
    assert "good.pdf" not in text


def test_nothing_is_told_of_what_is_well():
    yields = Yields()
    yields.note(document(5000, 20_000))
    assert list(yields.messages()) == []
