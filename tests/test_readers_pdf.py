from __future__ import annotations

import pytest
from samples import pdf

from trainer.corpus.readers.pdf import extract_pdf
from trainer.corpus.readers.rows import RowError


def test_pages_are_parted_by_blank_lines_and_words_at_the_end_of_a_line_joined():
    found = extract_pdf(pdf("Export con-\ntrols apply.\nTo all.", "", "Page-\nThree, Anglo-\nSaxon."))
    assert found.text == "Export controls apply.\nTo all.\n\nPage-\nThree, Anglo-\nSaxon."


def test_what_the_file_says_of_itself_is_kept():
    found = extract_pdf(pdf("A.", about="/Title (On  tea) /CreationDate (D:20240506070809+02'00')"))
    assert (found.title, found.date) == ("On tea", "2024-05-06")


@pytest.mark.parametrize("about", ["", "/Title ( ) /CreationDate (D:20241399)", "/Title 7 /CreationDate 7"])
def test_what_is_not_sound_is_left_out(about):
    found = extract_pdf(pdf("A.", about=about))
    assert (found.text, found.date) == ("A.", None)


def test_a_password_is_asked_for_by_a_rejection(tmp_path):
    from io import BytesIO

    from pypdf import PdfWriter

    for password in ("", "secret"):
        writer, out = PdfWriter(clone_from=BytesIO(pdf("A cup."))), BytesIO()
        writer.encrypt(password, "owner", algorithm="AES-256")
        writer.write(out)
        if password:
            with pytest.raises(RowError, match="needs a password"):
                extract_pdf(out.getvalue())
        else:
            assert extract_pdf(out.getvalue()).text == "A cup."
