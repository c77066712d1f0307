from __future__ import annotations

import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from strategies import unicode_text

from trainer.corpus.readers.encodings import as_utf8, decoded, found_encoding
from trainer.corpus.readers.rows import RowError

GERMAN = "Die Straße führt über Köln nach München. Größere Häuser stehen dort; die Bürger grüßen fröhlich."
SAMPLES = {
    "cp1252": GERMAN,
    "cp1251": "Россия и Украина подписали соглашение о поставках зерна через Чёрное море.",
    "koi8-r": "Россия и Украина подписали соглашение о поставках зерна. Погода сегодня хорошая.",
    "cp1253": "Η κυβέρνηση ανακοίνωσε νέες κυρώσεις κατά της εταιρείας.",
    "cp1255": "הממשלה הודיעה על סנקציות חדשות נגד החברה.",
    "cp1256": "أعلنت الحكومة عن عقوبات جديدة ضد الشركة.",
    "gb18030": "中国商务部宣布对若干两用物项实施出口管制措施。",
    "big5": "台灣海峽的局勢近日再度緊張，外交部表示嚴正關切。",
    "shift_jis": "日本政府は半導体製造装置の輸出規制を強化すると発表した。",
    "euc_kr": "한국 정부는 반도체 수출 통제에 대한 입장을 발표했다.",
}


@given(unicode_text, st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"]))
@example("\ufeffA", "utf-8-sig")
def test_what_has_a_mark_or_is_utf8_comes_through_unchanged(text, encoding):
    if encoding == "utf-8" and text.startswith("\ufeff"):
        return  # the mark itself
    data = text.encode(encoding)
    if encoding == "utf-16" and text.startswith("\0"):
        return  # its mark is then that of UTF-32
    assert decoded(data) == (text, encoding.removesuffix("-sig"))


@pytest.mark.parametrize("encoding", SAMPLES)
def test_a_text_in_an_older_encoding_is_read_in_it(encoding):
    text = SAMPLES[encoding]
    assert decoded(text.encode(encoding)) == (text, encoding)
    assert found_encoding(io.BytesIO(text.encode(encoding))) == encoding


@pytest.mark.parametrize(
    "text", ["Le café est fermé.", "“Quoted” – naïve.", "El Niño llegó.", "10 € für Tee"]
)
def test_a_few_western_accents_are_enough(text):
    assert decoded(text.encode("cp1252")) == (text, "cp1252")


@pytest.mark.parametrize("data", [b"\x81\x8d\x8f" * 20, b"One tw\xffo three", "Привет мир".encode("cp1251")])
def test_nothing_is_guessed_where_nothing_fits_well(data):
    with pytest.raises(RowError) as caught:
        decoded(data)
    assert caught.value.reason == "unknown_encoding"


PAGE = '<html><head><meta charset="{}"></head><p>{}'


@pytest.mark.parametrize(
    ("said", "encoding", "found"),
    [
        ("windows-1254", "cp1254", "cp1254"),
        ("iso-8859-1", "cp1252", "cp1252"),  # what pages mean by it
        ("ISO-8859-9", "iso8859-9", "iso8859-9"),
        ("iso-8859-9", "utf-8", "utf-8"),  # the bytes say better
        ("utf-7", "cp1252", "cp1252"),
        ("no-such", "cp1252", "cp1252"),
    ],
)
def test_what_a_page_declares_is_honoured_unless_it_is_utf8(said, encoding, found):
    text = PAGE.format(said, "Größe, Häuser, Tür")
    assert decoded(text.encode(encoding), declares=True) == (text, found)


def test_a_declaration_in_an_xml_head_or_a_header_line_is_honoured():
    for head in (
        '<?xml version="1.0" encoding="windows-1250"?>',
        '<meta content="text/html; charset=cp1250">',
    ):
        text = head + "<p>Příliš žluťoučký kůň"
        assert decoded(text.encode("cp1250"), declares=True) == (text, "cp1250")


def test_damage_is_named_by_its_byte_and_line():
    with pytest.raises(RowError) as caught:
        decoded("é\né\n".encode() + b"\xff")
    assert (caught.value.reason, caught.value.line) == ("not_utf8", 3)
    assert "byte 6 " in caught.value.detail


@given(unicode_text, st.sampled_from(["utf-16", "utf-32", "cp1251"]), st.integers(1, 7))
def test_a_stream_in_another_encoding_becomes_utf8(text, encoding, size):
    data = text.encode(encoding, "replace")
    stream = as_utf8(io.BytesIO(data), encoding)
    pieces = iter(lambda: stream.read(size), b"")
    assert b"".join(pieces) == data.decode(encoding).encode()


def test_damage_far_into_a_file_is_found():
    data = b"tea " * 600_000
    assert found_encoding(io.BytesIO(data)) == "utf-8"
    assert found_encoding(io.BytesIO(data + GERMAN.encode("cp1252"))) == "cp1252"
    assert found_encoding(io.BytesIO(data + GERMAN.encode() + b"\xff")) == "utf-8"
