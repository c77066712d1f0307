"""Whatever is wrong with an input, it ends as a typed error or as a counted and listed rejection.

Every case says all that comes of its file, in order: accepted + rejected = read.
"""

from __future__ import annotations

import json
import os
import random
import socket
import subprocess
import sys
import zlib
from pathlib import Path

import pyarrow as pa
import pytest
from samples import KINDS, docx, flate_pdf, holding, packed, paragraph, parquet, pdf, zipped

from trainer.corpus.readers import extractor, source
from trainer.corpus.sources import read_inputs
from trainer.errors import NotFoundError, UsageError
from trainer.records import Document, LabelledText, Rejection

pytestmark = pytest.mark.filterwarnings("ignore::trainer.errors.TrainerWarning")

TOPICS = ("tea", "rain")
OK = "accepted"
TEXTS = ("txt", "md", "html", "htm", "csv", "tsv")
JSONS = ("jsonl", "json")
BINARY = ("pdf", "docx", "xlsx", "parquet")
GOOD = "A cup of tea."


def outcomes(path, **options):
    """Read a file; return what came of each record, having checked that each can be stored and found."""
    found = []
    for record in read_inputs([path], TOPICS, **options):
        assert isinstance(record, Document | LabelledText | Rejection)
        for value in (getattr(record, key) for key in record.__dataclass_fields__):
            if isinstance(value, str):
                value.encode()
        if isinstance(record, Rejection):
            assert record.reason.isidentifier()
            assert record.detail
            assert len(record.detail) < 600
            found.append(record.reason)
        else:
            assert record.text.strip()
            found.append(OK)
    return found


def check(folder, name, data, *expected, **options):
    path = Path(folder) / name
    path.write_bytes(data)
    assert outcomes(path, **options) == list(expected)


# -- the same defects in every kind -----------------------------------------------------------------------

NOTHING = {"csv": "no_text", "tsv": "no_text"}


@pytest.mark.parametrize("kind", KINDS)
def test_a_sound_file_is_accepted(tmp_path, kind):
    # Without this, a reader that rejects everything would pass the tests below.
    check(tmp_path, f"a.{kind}", holding(kind, GOOD), OK)
    check(tmp_path, f"a.{kind}.gz", packed(holding(kind, GOOD)), OK)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("form", ["plain", "packed"])
def test_an_empty_file(tmp_path, kind, form):
    name, data = (f"a.{kind}", b"") if form == "plain" else (f"a.{kind}.gz", packed(b""))
    check(tmp_path, name, data, NOTHING.get(kind, "empty_text"))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("defect", ["no gzip", "cut early", "cut late", "wrong sum", "rest"])
def test_a_damaged_gzip(tmp_path, kind, defect):
    data = packed(holding(kind, GOOD))
    damaged = {
        "no gzip": holding(kind, GOOD),
        "cut early": data[:12],
        "cut late": data[:-4],
        "wrong sum": data[:-8] + b"\0\0\0\0" + data[-4:],
        "rest": data + b"rest",
    }[defect]
    check(tmp_path, f"a.{kind}.gz", damaged, "damaged_gzip")


NOISE = random.Random(7).randbytes(3000).replace(b"\0", b"").replace(b"\n", b"").replace(b"\r", b"")


@pytest.mark.parametrize("kind", KINDS)
def test_random_bytes(tmp_path, kind):
    reason = {**dict.fromkeys(TEXTS, "unknown_encoding"), **dict.fromkeys(BINARY, f"malformed_{kind}")}
    reason |= {"jsonl": "malformed_json", "json": "not_utf8", "csv": "no_text", "tsv": "no_text"}
    data = NOISE if kind not in ("csv", "tsv") else NOISE.replace(b'"', b"")
    check(tmp_path, f"a.{kind}", data, reason[kind])


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_of_zeros(tmp_path, kind):
    reason = {**dict.fromkeys(TEXTS, "nul_byte"), **dict.fromkeys(BINARY, f"malformed_{kind}"), **NOTHING}
    reason |= dict.fromkeys(JSONS, "malformed_json")
    check(tmp_path, f"a.{kind}", bytes(500), reason[kind])


@pytest.mark.parametrize("kind", [*JSONS, *BINARY])
def test_a_file_that_was_cut(tmp_path, kind):
    data = holding(kind, GOOD)
    check(tmp_path, f"a.{kind}", data[: len(data) // 2], f"malformed_{'json' if kind in JSONS else kind}")


@pytest.mark.parametrize("kind", [*TEXTS, *JSONS])
def test_a_byte_that_is_not_utf8(tmp_path, kind):
    data = holding(kind, GOOD).replace(b"cup", b"c\xffp")
    reason = "unknown_encoding" if kind in ("txt", "md", "html", "htm") else "not_utf8"
    check(tmp_path, f"a.{kind}", data, reason)


@pytest.mark.parametrize("kind", [*TEXTS, *JSONS])
@pytest.mark.parametrize("damage", [b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xf8\x88\x80\x80\x80", b"\xc0\xaf"])
def test_damaged_utf8_is_not_taken_for_another_encoding(tmp_path, kind, damage):
    data = holding(kind, "Zoë and José sip tea at the café, où Noël se fête.")
    check(tmp_path, f"a.{kind}", data.replace(b"sip", b"s" + damage + b"p"), "not_utf8")


@pytest.mark.parametrize("kind", [*TEXTS, *JSONS])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path, kind, encoding):
    path = tmp_path / f"a.{kind}"
    path.write_bytes(holding(kind, "Ein café.").decode().encode(encoding))
    (record,) = read_inputs([path], TOPICS)
    assert (record.text, record.encoding) == ("Ein café.", encoding.removesuffix("-sig"))


@pytest.mark.parametrize("kind", [*TEXTS, *JSONS])
@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_a_wide_encoding_that_was_cut(tmp_path, kind, encoding):
    data = holding(kind, GOOD).decode().encode(encoding)
    check(tmp_path, f"a.{kind}", data[:-1], "unknown_encoding")


@pytest.mark.parametrize("kind", [*TEXTS, *JSONS])
def test_a_nul_byte(tmp_path, kind):
    data = holding(kind, GOOD).replace(b"cup", b"c\0p")
    check(tmp_path, f"a.{kind}", data, "malformed_json" if kind in JSONS else "nul_byte")


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "pdf"])
def test_what_only_looks_like_the_end_of_a_line_parts_nothing(tmp_path, kind):
    path = tmp_path / f"a.{kind}"
    path.write_bytes(holding(kind, "One\u2028two\u2029three\u0085four."))
    (record,) = read_inputs([path], TOPICS)
    assert record.text == "One\u2028two\u2029three\u0085four."


@pytest.mark.parametrize("kind", ["txt", "html", "docx", "jsonl", "csv", "parquet"])
def test_white_space_alone_is_no_text(tmp_path, kind):
    check(tmp_path, f"a.{kind}", holding(kind, " \u2003\t"), "empty_text")


@pytest.mark.parametrize("kind", ["txt", "md", "html", "pdf", "docx", "json"])
def test_a_document_that_is_too_large(tmp_path, kind, monkeypatch):
    monkeypatch.setattr(source, "LARGEST_DOCUMENT", 200)
    check(tmp_path, f"a.{kind}", holding(kind, "Tea. " * 100), "too_large")


# -- rows -------------------------------------------------------------------------------------------------

WRONG = {
    "text": [None, 7, 1.5, True, ["a"], {"a": 1}],
    "id": [["a"], {"a": 1}, True],
    "title": [["a"], {"a": 1}, False],
    "source": [["a"], {"a": 1}],
    "date": [["a"], {"year": 1}],
    "url": [["a"], {"a": 1}],
    "language": [["en"], True],
    "split": ["dev", "TRAIN", 3, ["train"]],
    "annotator": [["a"], {"a": 1}],
    "doc_id": [["a"], {"a": 1}],
    "time": [["a"], True],
    "labels": [1, True, [1], [["tea"]], {"tea": 2}, ["tee"]],
    "judged": ["tea", ["tee"], [1]],
    "unknown": ["tea", 3],
}
REASONS = {"text": "no_text", "labels": "bad_labels", "judged": "bad_labels", "unknown": "bad_labels"}
FIELD_CASES = [(key, value) for key, values in WRONG.items() for value in values]


@pytest.mark.parametrize("kind", ["jsonl", "json", "parquet"])
@pytest.mark.parametrize(("key", "value"), FIELD_CASES, ids=lambda value: str(value)[:20])
def test_a_wrong_type_in_a_field(tmp_path, kind, key, value):
    row = {"text": GOOD, "labels": ["tea"], key: value}
    reason = REASONS.get(key, "bad_field")
    if value == ["tee"]:
        reason = "unknown_topic"
    if kind == "parquet":
        data = parquet([row])
    else:
        data = (json.dumps([row]) if kind == "json" else json.dumps(row)).encode()
    check(tmp_path, f"a.{kind}", data, reason)


JSON_DEFECTS = {
    "NaN": '{"text": "A.", "n": NaN}',
    "Infinity": '{"text": "A.", "n": -Infinity}',
    "key twice": '{"text": "A.", "text": "B."}',
    "key twice, deep": '{"text": "A.", "x": [{"a": 1, "a": 2}]}',
    "deep nesting": '{"text": ' + "[" * 100_000,
    "deep and closed": '{"text": ' + "[" * 100_000 + "]" * 100_000 + "}",
    "huge integer": '{"text": "A.", "n": ' + "9" * 5000 + "}",
    "many parts": '{"text": "A.", "n": [' + "[]," * 1_000_001 + "1]}",
    "single quotes": "{'text': 'A.'}",
    "trailing comma": '{"text": "A.",}',
    "comment": '{"text": "A."} // x',
    "control character": '{"text": "A\x01."}',
    "bad escape": '{"text": "\\x41"}',
    "half a surrogate escape": '{"text": "\\ud8"}',
    "a list of texts": '["A.", "B."]',
    "a number": "17",
    "a string": '"A."',
    "null": "null",
}


@pytest.mark.parametrize("kind", JSONS)
@pytest.mark.parametrize("defect", JSON_DEFECTS)
def test_what_is_no_json_object(tmp_path, kind, defect):
    text = JSON_DEFECTS[defect]
    expected = ["malformed_json"] * (2 if defect == "a list of texts" and kind == "json" else 1)
    check(tmp_path, f"a.{kind}", text.encode(), *expected)


@pytest.mark.parametrize("kind", JSONS)
@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("\\ud800", "not_utf8"),
        ("\\udfff x", "not_utf8"),
        ("a\\u0000b", "nul_byte"),
        ("\\u2028", "empty_text"),
    ],
)
def test_escapes_that_no_text_holds(tmp_path, kind, value, reason):
    check(tmp_path, f"a.{kind}", f'{{"text": "{value}"}}'.encode(), reason)


@pytest.mark.parametrize("kind", JSONS)
def test_a_huge_float_is_no_title(tmp_path, kind):
    check(tmp_path, f"a.{kind}", b'{"text": "A.", "title": 1e999}', "bad_field")


TABLE_DEFECTS = {
    "unclosed quote": ('text,tea\nA.,1\n"B.,1\nC.,0\n', [OK, "malformed_csv"]),
    "stray quote": ('text,tea\n"A" b.,1\nC.,0\n', ["malformed_csv"]),
    "a cell too few": ("text,tea\nA.\nB.,1\n", ["ragged_row", OK]),
    "a cell too many": ("text,tea\nA.,1,2\nB.,1\n", ["ragged_row", OK]),
    "a column twice": ("text,text\nA.,B.\n", ["repeated_column"]),
    "no text column": ("words,tea\nA.,1\n", ["no_text"]),
    "a blank header": (" , \nA.,1\n", ["no_text"]),
    "a blank first line": ("\ntext,tea\nA.,1\n", [OK]),
    "an answer that is none": ("text,tea\nA.,maybe\n", ["bad_labels"]),
    "a topic that is none": ("text,labels\nA.,tee\n", ["unknown_topic"]),
    "a split that is none": ("text,split\nA.,dev\n", ["bad_field"]),
    "a header alone": ("text,tea\n", []),
}


@pytest.mark.parametrize("kind", ["csv", "tsv"])
@pytest.mark.parametrize("defect", TABLE_DEFECTS)
def test_a_table_that_is_none(tmp_path, kind, defect):
    text, expected = TABLE_DEFECTS[defect]
    check(tmp_path, f"a.{kind}", text.replace(",", "\t" if kind == "tsv" else ",").encode(), *expected)


CLASSES = {"info": {"features": {"labels": {"feature": {"names": ["tea"], "_type": "ClassLabel"}}}}}


@pytest.mark.parametrize(
    ("table", "metadata", "expected"),
    [
        (pa.table({"words": ["A."]}), None, ["no_text"]),
        (pa.table({"text": pa.array([], pa.string())}), None, ["empty_text"]),
        (pa.table({"text": [b"A."]}), None, ["no_text"]),
        (pa.table({"text": [1.5]}), None, ["no_text"]),
        (pa.table({"text": ["A.", None, "B."]}), None, [OK, "no_text", OK]),
        (pa.table({"text": ["A."], "title": [float("nan")]}), None, ["bad_field"]),
        (pa.table({"text": ["A."], "labels": [[5]]}), CLASSES, ["bad_labels"]),
        (pa.table({"text": ["A."], "labels": [[-1]]}), CLASSES, ["bad_labels"]),
        (pa.table({"text": ["A."], "labels": [[0]]}), {"info": 3}, ["bad_labels"]),
        (
            pa.table({"text": ["A."], "labels": [[0]]}),
            {"info": {"features": {"labels": [1]}}},
            ["bad_labels"],
        ),
        (pa.table({"text": ["A."], "labels": [[0]]}), CLASSES, [OK]),
    ],
)
def test_a_parquet_file_of_other_columns(tmp_path, table, metadata, expected):
    check(tmp_path, "a.parquet", parquet(table, metadata), *expected)


@pytest.mark.parametrize("place", [0.1, 0.3, 0.5, 0.7, 0.9, 0.99])
def test_a_parquet_file_with_wrong_bytes(tmp_path, place):
    data = bytearray(parquet([{"text": f"Cup {n} of tea."} for n in range(500)]))
    start = int(len(data) * place)
    data[start : start + 40] = b"\xff" * 40
    (tmp_path / "a.parquet").write_bytes(data)
    assert outcomes(tmp_path / "a.parquet")[-1] in ("malformed_parquet", "not_utf8", "no_text", OK)


# -- PDF and Word -----------------------------------------------------------------------------------------


def encrypted_pdf(user_password):
    from io import BytesIO

    from pypdf import PdfWriter

    writer, out = PdfWriter(clone_from=BytesIO(pdf(GOOD))), BytesIO()
    writer.encrypt(user_password, "owner", algorithm="AES-256")
    writer.write(out)
    return out.getvalue()


PDFS = {
    "no PDF": (b"hello", "malformed_pdf"),
    "a header alone": (b"%PDF-1.7\n", "malformed_pdf"),
    "no cross-reference": (b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF", "malformed_pdf"),
    "no pages": (pdf(), "empty_text"),
    "a page without text": (pdf(""), "empty_text"),
    "a page of broken flate": (pdf("x", stream=b"junk", filters="/Filter /FlateDecode"), None),
    "an unknown filter": (pdf("x", stream=b"junk", filters="/Filter /Nothing"), None),
    "pages in a circle": (pdf("x").replace(b"/Kids [4 0 R]", b"/Kids [2 0 R]"), None),
    "a reference to nothing": (pdf("x").replace(b"/Kids [4 0 R]", b"/Kids [9 0 R]"), None),
    "a root that is none": (pdf("x").replace(b"/Root 1 0 R", b"/Root 3 0 R"), None),
    "a password": (encrypted_pdf("secret"), "encrypted"),
    "an empty password": (encrypted_pdf(""), OK),
    "a date that is none": (pdf(GOOD, about="/CreationDate (yesterday)"), OK),
}


@pytest.mark.parametrize("defect", PDFS)
def test_a_pdf_that_is_none(tmp_path, defect):
    data, expected = PDFS[defect]
    (tmp_path / "a.pdf").write_bytes(data)
    (found,) = outcomes(tmp_path / "a.pdf")
    assert found in ((expected,) if expected else ("malformed_pdf", "empty_text", "too_slow", OK))


BOMB = '<!DOCTYPE x [<!ENTITY a "ha">{}]>'.format(
    "".join(
        f'<!ENTITY {"abcdefghijk"[n]} "{"&" + "abcdefghij"[n - 1] + ";"}{"&a;" * 9}">' for n in range(1, 10)
    )
)
EXTERNAL = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
DOCX = {
    "no zip": (b"hello", "malformed_docx"),
    "another zip": (zipped({"a.txt": "A."}), "malformed_docx"),
    "no XML": (docx(parts={"word/document.xml": "hello"}), "malformed_docx"),
    "XML that was cut": (docx(body="<w:p><w:r>"), "malformed_docx"),
    "an entity bomb": (docx(parts={"word/document.xml": BOMB + "<x>&j;</x>"}), "bomb"),
    "an outside entity": (docx(parts={"word/document.xml": EXTERNAL + "<x>&a;</x>"}), "bomb"),
    "an unknown entity": (docx(body=paragraph("&nothing;")), "malformed_docx"),
    "an entity bomb beside": (docx(GOOD, parts={"docProps/core.xml": BOMB + "<x>&j;</x>"}), "bomb"),
    "no paragraphs": (docx(), "empty_text"),
    "deep nesting": (docx(body="<w:p>" * 50_000 + "</w:p>" * 50_000), "empty_text"),
    "a NUL": (docx(body=paragraph("a\0b")), "malformed_docx"),
    "properties that are none": (docx(GOOD, parts={"docProps/core.xml": "hello"}), "malformed_docx"),
    "a date that is none": (docx(GOOD, about="<dcterms:created>2020-13-45</dcterms:created>"), OK),
}


@pytest.mark.filterwarnings("ignore:Duplicate name:UserWarning")
@pytest.mark.parametrize("defect", DOCX)
def test_a_word_file_that_is_none(tmp_path, defect):
    data, expected = DOCX[defect]
    check(tmp_path, "a.docx", data, expected)


def test_a_word_file_whose_zip_is_locked(tmp_path):
    data = bytearray(docx(GOOD))
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = data.find(mark)
        while start >= 0:
            data[start + place] |= 1
            start = data.find(mark, start + 4)
    check(tmp_path, "a.docx", bytes(data), "encrypted")


# -- limits of the child process --------------------------------------------------------------------------


def test_a_file_that_takes_too_long_costs_itself_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(extractor, "SECONDS", 1)
    (tmp_path / "a.html").write_bytes(b"<div>" * 300_000 + b"x")
    (tmp_path / "b.html").write_bytes(b"<p>A cup of tea.")
    assert outcomes(tmp_path) == ["too_slow", OK]


def test_a_file_that_needs_too_much_memory_costs_itself_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(extractor, "MEMORY", 160 * 1024**2)
    (tmp_path / "a.html").write_bytes(b"<p>x" * 3_000_000)
    (tmp_path / "b.html").write_bytes(b"<p>A cup of tea.")
    first, second = outcomes(tmp_path)
    assert first in ("too_much_memory", "malformed_html", "crashed")
    assert second == OK


def test_more_text_than_is_taken(tmp_path, monkeypatch):
    monkeypatch.setattr(extractor, "LARGEST_TEXT", 300)
    (tmp_path / "a.html").write_bytes(b"<p>" + b"tea " * 100)
    (tmp_path / "b.html").write_bytes(b"<p>A cup of tea.")
    assert outcomes(tmp_path) == ["too_large", OK]


# -- names and folders ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", [b"a\nb.txt", b"a\x1b[31mb.txt", b"a\rb.txt", b"caf\xe9.txt", b"=1+1.txt", b" .txt", b"a\x08.txt"]
)
def test_a_name_that_does_harm_names_a_document_all_the_same(tmp_path, name):
    path = os.fsencode(tmp_path) + b"/" + name
    Path(os.fsdecode(path)).write_text(GOOD)
    assert outcomes(tmp_path) == [OK]
    assert outcomes(os.fsdecode(path)) == [OK]


ODD = {
    "a pipe": (os.mkfifo, "not_a_file"),
    "a device": (lambda path: path.symlink_to("/dev/zero"), "not_a_file"),
    "a terminal": (lambda path: path.symlink_to("/dev/tty"), "not_a_file"),
    "a link to nowhere": (lambda path: path.symlink_to(path.parent / "gone"), "unreadable"),
    "a link to itself": (lambda path: path.symlink_to(path), "unreadable"),
}


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("suffix", [".txt", ".jsonl", ".parquet"])
def test_what_is_no_file_in_a_folder_is_listed_and_not_waited_for(tmp_path, odd, suffix):
    make, reason = ODD[odd]
    make(tmp_path / f"a{suffix}")
    (tmp_path / "b.txt").write_text(GOOD)
    assert outcomes(tmp_path) == [reason, OK]


def test_a_pipe_by_name_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "a.txt")
    assert outcomes(tmp_path / "a.txt") == ["not_a_file"]


def test_folders_linked_in_a_circle_are_read_once(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.txt").write_text(GOOD)
    (tmp_path / "one" / "on").symlink_to(tmp_path / "two")
    (tmp_path / "two" / "back").symlink_to(tmp_path / "one")
    (tmp_path / "self").symlink_to(tmp_path)
    assert outcomes(tmp_path) == [OK, OK]


def test_a_folder_that_cannot_be_listed_is_a_rejection(tmp_path, monkeypatch):
    # Root may list anything, so the refusal is made by hand.
    (tmp_path / "locked").mkdir()
    (tmp_path / "b.txt").write_text(GOOD)
    listed = os.scandir

    def refusing(path):
        if str(path).endswith("locked"):
            raise PermissionError(13, "Permission denied", path)
        return listed(path)

    monkeypatch.setattr(os, "scandir", refusing)
    assert sorted(outcomes(tmp_path)) == [OK, "unreadable"]


def test_a_file_that_is_gone_when_its_turn_comes(tmp_path):
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text(GOOD)
    records = read_inputs([tmp_path], TOPICS)
    (tmp_path / "b.txt").unlink()
    first, second = records
    assert (first.text, second.reason) == (GOOD, "unreadable")


@pytest.mark.parametrize("item", ["", "gone.txt", "*.txt", "a\0b", "x" * 300, "hf:./gone"])
def test_an_input_that_is_not_there_is_an_error_before_anything_is_read(tmp_path, monkeypatch, item):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(NotFoundError):
        read_inputs([item], TOPICS)


@pytest.mark.parametrize("item", ["hf:", "hf:nobody/nothing", "hf:imdb"])
def test_a_data_set_elsewhere_is_refused_before_any_network_is_touched(tmp_path, monkeypatch, item):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(socket, "socket", None)
    with pytest.raises(UsageError):
        read_inputs([item], TOPICS)


# -- what weighs much: each in a process of its own, which tells its seconds and megabytes ----------------

MEASURE = """
import os, resource, sys, warnings
warnings.simplefilter("ignore")
from trainer.corpus.sources import read_inputs
from trainer.records import Rejection
start = sum(os.times()[:4])  # of the processor, its children's too: a busy machine says nothing of a reader
found = [r.reason if isinstance(r, Rejection) else "accepted" for r in read_inputs(sys.argv[1:], ("tea",))]
seconds = sum(os.times()[:4]) - start
child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
own = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))
peak = max(own, child)
print(",".join(found), seconds, peak / 1024)
"""


def million(data):
    return data * (100 * 1024 * 1024 // len(data))


def long_gzip(start, filling, megabytes=130):
    packer = zlib.compressobj(9, wbits=31)
    block = filling * (1024 * 1024 // len(filling))
    return (
        packer.compress(start) + b"".join(packer.compress(block) for _ in range(megabytes)) + packer.flush()
    )


def repeated(text):
    return pa.DictionaryArray.from_arrays(pa.array([0] * 3000, pa.int32()), pa.array([text]))


MARKS = "a" + "\u0301\u0323" * 80_000
HEAVY = {
    "one line of 100 MB.txt": (lambda: million(b"tea "), "too_large"),
    "one line of 100 MB.csv": (lambda: b"text\n" + million(b"tea "), "too_long"),
    "one row of 100 MB.jsonl": (lambda: b'{"text": "' + million(b"tea ") + b'"}\n', "too_long"),
    "one array of 40 MB.json": (lambda: b'["' + million(b"tea ")[: 40 * 1024**2] + b'"]', "too_large"),
    "one page of 40 MB.html": (lambda: b"<p>" + million(b"tea ")[: 40 * 1024**2], "too_large"),
    "a page of 6 MB.html": (lambda: b"<p>" + b"tea " * 1_500_000, OK),
    "a page of 2,000,000 elements.html": (lambda: b"<p>x" * 2_000_000, None),
    "a row of 15 MB of objects.jsonl": (
        lambda: b'{"text": "A.", "x": [' + b'{"a":0},' * 900_000 + b"1]}", OK,
    ),
    "combining marks.txt": (MARKS.encode, OK),
    "combining marks.html": (lambda: f"<p>{MARKS}".encode(), OK),
    "combining marks.jsonl": (lambda: json.dumps({"text": MARKS}).encode(), OK),
    "combining marks.docx": (lambda: docx(MARKS), OK),
    "60 kB of open links.html": (lambda: b"<a " * 20_000, "empty_text"),
    "a bomb.txt.gz": (lambda: long_gzip(b"", b"tea "), "bomb"),
    "a bomb.jsonl.gz": (lambda: long_gzip(b"", b"\n"), "bomb"),
    "a bomb.csv.gz": (lambda: long_gzip(b"text\n", b"\n"), "bomb"),
    "a bomb.parquet.gz": (lambda: long_gzip(b"", b"PAR1"), "bomb"),
    "a bomb.parquet": (lambda: parquet({"text": ["tea " * 25 * 1024**2]}, compression="zstd"), "bomb"),
    "a text of 40 MB.parquet": (lambda: parquet({"text": ["tea " * 10 * 1024**2]}), "too_large"),
    "one text in many rows.parquet": (lambda: parquet({"text": repeated("tea " * 500_000)}), "bomb"),
    "a bomb.pdf": (lambda: flate_pdf(400 * 1024**2), None),
    "a bomb.docx": (lambda: docx(body=paragraph("tea " * 20_000_000)), "bomb"),
}  # fmt: skip


@pytest.mark.parametrize("name", HEAVY)
def test_each_ends_within_ten_seconds_and_500_megabytes(tmp_path, name):
    make, expected = HEAVY[name]
    (tmp_path / name).write_bytes(make())
    done = subprocess.run(  # noqa: S603  (our own interpreter)
        [sys.executable, "-c", MEASURE, str(tmp_path / name)], capture_output=True, text=True, check=True
    )
    (tmp_path / name).unlink()
    found, seconds, megabytes = done.stdout.split()
    found = found.rpartition(",")[2]  # what comes of the last record
    assert found in (
        (expected,) if expected else ("too_much_memory", "too_slow", "malformed_html", "malformed_pdf")
    )
    assert float(seconds) < 10
    assert float(megabytes) < 500
    if table := os.environ.get("BAD_INPUT_TABLE"):
        with Path(table).open("a") as file:
            file.write(f"{name}: {found}, {float(seconds):.1f} s, {float(megabytes):.0f} MB\n")
