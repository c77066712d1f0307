"""Small files of every kind, written by hand, that several test files share."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
import zlib
from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq
import xlsxwriter

KINDS = ("txt", "md", "html", "htm", "pdf", "docx", "jsonl", "json", "csv", "tsv", "xlsx", "parquet")
WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
CORE = "http://schemas.openxmlformats.org/package/2006/metadata/core-properties"
TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="xml" ContentType="application/xml"/></Types>'
)


def pdf(*pages, about="", stream=None, filters="", extra=""):
    """A PDF with a line of text on each page; `stream` replaces the bytes of the first page."""
    objects = ["<< /Type /Catalog /Pages 2 0 R >>", ""]
    kids = []
    for number, text in enumerate(pages):
        lines = " ".join(f"({line}) Tj T*" for line in text.split("\n"))
        content = f"BT /F1 12 Tf 14 TL 72 700 Td {lines} ET".encode("latin-1")
        if stream is not None and number == 0:
            content = stream
        kids.append(f"{len(objects) + 2} 0 R")
        body = b"<< /Length %d %b >>\nstream\n%b\nendstream" % (len(content), filters.encode(), content)
        objects.append(body)
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {len(objects)} 0 R "
            "/Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>"
        )
    objects[1] = f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {len(kids)} >>"
    objects.append(f"<< {about} >>")
    out, places = io.BytesIO(), []
    out.write(b"%PDF-1.4\n")
    for number, body in enumerate(objects, 1):
        places.append(out.tell())
        data = body if isinstance(body, bytes) else body.encode("latin-1")
        out.write(b"%d 0 obj\n%b\nendobj\n" % (number, data))
    start = out.tell()
    out.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    for place in places:
        out.write(b"%010d 00000 n \n" % place)
    trailer = f"<< /Size {len(objects) + 1} /Root 1 0 R /Info {len(objects)} 0 R {extra} >>"
    out.write(f"trailer\n{trailer}\nstartxref\n{start}\n%%EOF\n".encode())
    return out.getvalue()


def flate_pdf(size):
    """A PDF whose page unpacks to so many bytes."""
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(b" " * 1024**2) for _ in range(size // 1024**2)) + packer.flush()
    return pdf("x", stream=packed, filters="/Filter /FlateDecode")


def docx(*paragraphs, body=None, about=None, parts=None):
    """A Word file; `body` is XML instead of paragraphs, `about` XML of its properties."""
    inner = body if body is not None else "".join(map(paragraph, paragraphs))
    document = f'<?xml version="1.0"?><w:document xmlns:w="{WORD}"><w:body>{inner}</w:body></w:document>'
    files = {"[Content_Types].xml": TYPES, "word/document.xml": document, **(parts or {})}
    if about is not None:
        files["docProps/core.xml"] = (
            f'<c:coreProperties xmlns:c="{CORE}" '
            'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/">'
            f"{about}</c:coreProperties>"
        )
    return zipped(files)


def zipped(files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def xlsx(**sheets):
    """A workbook of sheets, each a list of rows; a date becomes a cell that is one."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"strings_to_formulas": False, "strings_to_urls": False}) as made:
        day = made.add_format({"num_format": "yyyy-mm-dd"})
        for name, rows in sheets.items():
            sheet = made.add_worksheet(name)
            for i, row in enumerate(rows):
                for j, value in enumerate(row):
                    if isinstance(value, date):
                        sheet.write_datetime(i, j, value, day)
                    elif value is not None:
                        sheet.write(i, j, value)
    return out.getvalue()


def paragraph(text):
    return f'<w:p><w:r><w:t xml:space="preserve">{text}</w:t></w:r></w:p>'


def parquet(rows, metadata=None, compression="snappy"):
    out = io.BytesIO()
    table = pa.Table.from_pylist(rows) if isinstance(rows, list) else pa.table(rows)
    if metadata is not None:
        table = table.replace_schema_metadata({b"huggingface": json.dumps(metadata).encode()})
    pq.write_table(table, out, compression=compression)
    return out.getvalue()


def packed(data):
    return gzip.compress(data, mtime=0)


def holding(kind, text):
    """A file of that kind whose one text is `text`, in UTF-8."""
    make = {
        "html": lambda: f"<!doctype html><p>{text}".encode(),
        "pdf": lambda: pdf(text),
        "docx": lambda: docx(text),
        "jsonl": lambda: json.dumps({"text": text}, ensure_ascii=False).encode() + b"\n",
        "json": lambda: json.dumps([{"text": text}], ensure_ascii=False).encode(),
        "csv": lambda: f'text\n"{text}"\n'.encode(),
        "xlsx": lambda: xlsx(A=[["text"], [text]]),
        "parquet": lambda: parquet([{"text": text}]),
    }
    same = {"htm": "html", "tsv": "csv"}
    return make.get(same.get(kind, kind), text.encode)()
