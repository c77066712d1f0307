from __future__ import annotations

from html import escape

from hypothesis import given
from hypothesis import strategies as st
from samples import docx, paragraph

from trainer.corpus.readers.docx import extract_docx

xml_text = st.text(
    st.characters(min_codepoint=32, exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff")
)


@given(st.lists(xml_text, max_size=5))
def test_each_paragraph_stands_by_itself(texts):
    found = extract_docx(docx(*map(escape, texts)))
    assert found.text == "\n\n".join(text.strip() for text in texts if text.strip())


def test_runs_join_and_breaks_and_tabs_part():
    run = "<w:r><w:t>{}</w:t></w:r>"
    body = f"<w:p>{run.format('ex')}{run.format('port')}<w:r><w:tab/><w:br/><w:t>x</w:t></w:r></w:p>"
    assert extract_docx(docx(body=body)).text == "export\t\nx"


def test_deleted_text_field_codes_and_fallbacks_are_no_text():
    mc = 'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
    body = (
        "<w:p><w:r><w:t>A</w:t><w:delText>gone</w:delText><w:instrText>PAGE</w:instrText></w:r>"
        f"<mc:AlternateContent {mc}><mc:Choice><w:r><w:t>B</w:t></w:r></mc:Choice>"
        "<mc:Fallback><w:r><w:t>B</w:t><w:br/></w:r></mc:Fallback></mc:AlternateContent></w:p>"
    )
    assert extract_docx(docx(body=body)).text == "AB"


def test_a_table_and_a_text_box_are_paragraphs_of_their_own():
    row = f"<w:tbl><w:tr><w:tc>{paragraph('a')}</w:tc><w:tc>{paragraph('b')}</w:tc></w:tr></w:tbl>"
    run = "<w:r><w:t>{}</w:t></w:r>".format
    box = f"<w:p>{run('x')}<w:txbxContent>{paragraph('in')}</w:txbxContent>{run('y')}</w:p>"
    assert extract_docx(docx(body=row + box)).text == "a\n\nb\n\nin\n\nxy"


def test_what_the_properties_say_is_kept():
    about = (
        "<dc:title> On\n tea </dc:title><dcterms:created>2024-05-06T07:08:09Z</dcterms:created>"
        "<dc:language>en-GB</dc:language>"
    )
    found = extract_docx(docx("A.", about=about))
    assert (found.title, found.date, found.language) == ("On tea", "2024-05-06", "en")
    assert extract_docx(docx("A.")).title is None
