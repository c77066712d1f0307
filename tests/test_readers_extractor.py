from __future__ import annotations

import os
import signal
import sys

import pytest
from samples import docx, pdf

from trainer.corpus.readers import extractor as room
from trainer.corpus.readers.child import alarmed
from trainer.corpus.readers.extractor import Extractor
from trainer.corpus.readers.rows import RowError
from trainer.corpus.sources import read_inputs
from trainer.errors import TrainerWarning
from trainer.records import Document, Rejection


@pytest.fixture
def extractor():
    with Extractor() as found:
        yield found


def test_one_child_serves_many_files_of_every_kind(extractor):
    children = set()
    for kind, data in (("html", b"<p>A cup."), ("pdf", pdf("A cup.")), ("docx", docx("A cup."))) * 2:
        assert extractor.extract(kind, data).text == "A cup."
        children.add(extractor._child.pid)
    assert len(children) == 1


def test_no_child_is_started_where_there_is_nothing_to_take_apart(tmp_path, monkeypatch):
    monkeypatch.setattr(room.subprocess, "Popen", None)
    (tmp_path / "a.txt").write_text("A cup.")
    assert [record.text for record in read_inputs([tmp_path], ())] == ["A cup."]


def test_a_child_that_died_is_started_again(extractor):
    extractor.extract("html", b"x")
    first = extractor._child
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    assert extractor.extract("html", b"<p>A cup.").text == "A cup."


@pytest.mark.parametrize(
    "last", ["sys.exit(0)", "print('junk', flush=True)", "os.abort()", "print(3); print('[]')"]
)
def test_a_child_that_dies_of_a_file_or_talks_nonsense_costs_that_file_alone(extractor, monkeypatch, last):
    with monkeypatch.context() as patch:
        patch.setattr(room, "_START", f"import os, sys\nsys.stdin.buffer.readline()\n{last}  # {{}} {{}}")
        with pytest.raises(RowError, match="died") as caught:
            extractor.extract("html", b"x" * 1_000_000)
    assert caught.value.reason == "crashed"
    assert extractor.extract("html", b"<p>A cup.").text == "A cup."


def test_an_idle_child_is_not_on_the_clock():
    with alarmed(1000):
        assert signal.alarm(1000) > 0
    assert signal.alarm(0) == 0


def test_a_child_that_hangs_is_ended_and_started_again(extractor, monkeypatch):
    extractor.extract("html", b"x")
    monkeypatch.setattr(room, "SECONDS", 0.2)
    os.kill(extractor._child.pid, signal.SIGSTOP)
    with pytest.raises(RowError, match=r"not taken apart in 0\.2 seconds") as caught:
        extractor.extract("html", b"x" * 1_000_000)  # more than a pipe holds: it hangs while it is asked
    assert caught.value.reason == "too_slow"
    monkeypatch.setattr(room, "SECONDS", 8)
    assert extractor.extract("html", b"<p>A cup.").text == "A cup."


def test_the_child_is_gone_when_reading_ends_early(tmp_path):
    for name in ("a.html", "b.html"):
        (tmp_path / name).write_text("<p>A cup.")
    with Extractor() as extractor:
        extractor.extract("html", b"x")
        child = extractor._child
    assert child.poll() is not None
    records = read_inputs([tmp_path], ())
    next(records)
    records.close()


def test_nothing_in_the_folder_of_the_user_is_imported(tmp_path, monkeypatch, extractor):
    for name in ("pypdf", "selectolax", "json", "trainer"):
        (tmp_path / f"{name}.py").write_text("open('ran', 'w').write('x')")
    monkeypatch.chdir(tmp_path)
    assert extractor.extract("pdf", pdf("A cup.")).text == "A cup."
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(("kind", "module"), [("html", "selectolax"), ("pdf", "pypdf")])
def test_an_extra_that_is_missing_is_named_once_and_costs_its_files_alone(
    tmp_path, monkeypatch, kind, module
):
    hidden = f"import sys\nsys.modules[{module!r}] = None\n"
    monkeypatch.setattr(room, "_START", hidden + room._START)
    for name in (f"a.{kind}", f"b.{kind}", "c.txt", "d.docx"):
        (tmp_path / name).write_bytes(docx("A cup.") if name == "d.docx" else b"<p>A cup.")
    with pytest.warns(TrainerWarning) as caught:
        found = list(read_inputs([tmp_path], ()))
    assert [getattr(record, "reason", "accepted") for record in found] == ["missing_extra"] * 2 + [
        "accepted"
    ] * 2
    assert f'pip install "topic-trainer[{kind}]"' in found[0].detail
    assert len(caught) == 1
    assert str(caught[0].message).startswith("2 files not read: ")


def test_a_document_knows_what_it_was_read_from(tmp_path):
    page = "<html lang=de><title>Tee</title><p>Grün & gut.".encode("cp1252")
    (tmp_path / "a.htm").write_bytes(page)
    (found,) = read_inputs([tmp_path / "a.htm"], ())
    assert found == Document(
        "a.htm", "Grün & gut.", "Tee", language="de", format="html", encoding="cp1252", size=len(page),
        at=str(tmp_path / "a.htm"),
    )  # fmt: skip


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such limits")
def test_the_child_has_the_limits_that_are_promised(extractor):
    import resource

    extractor.extract("html", b"x")
    with open(f"/proc/{extractor._child.pid}/limits") as file:  # noqa: PTH123
        limits = {line[:25].strip(): line.split()[-3] for line in file.readlines()[1:]}
    assert int(limits["Max address space"]) == room.MEMORY
    assert limits["Max file size"] == "0"
    assert resource.getrlimit(resource.RLIMIT_AS)[0] == resource.RLIM_INFINITY  # the parent has none


def test_rejections_are_told_in_the_order_of_files(tmp_path):
    for name, data in (("a.html", b"<p>One."), ("b.pdf", b"junk"), ("c.html", b"<p>Two.")):
        (tmp_path / name).write_bytes(data)
    found = list(read_inputs([tmp_path], ()))
    assert [isinstance(record, Rejection) for record in found] == [False, True, False]
