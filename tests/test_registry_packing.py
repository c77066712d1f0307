"""What stands in a wheel, and that the archive of it is the same wherever it is made."""

from __future__ import annotations

import hashlib
import tomllib
from base64 import urlsafe_b64encode
from email.parser import BytesParser
from pathlib import Path
from stat import S_IFREG
from zipfile import ZIP_STORED, ZipFile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.metadata import Metadata
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name, parse_wheel_filename
from packaging.version import Version
from strategies import names

from trainer.registry.exports import packing
from trainer.registry.exports.packing import REQUIRES, REQUIRES_PYTHON, About, wheel_files, write_archive
from trainer.registry.files import FILES, MANIFEST

DIGEST = "0123456789abcdef" * 4
TOPICS = ("lighthouses", "volcanoes")
HERE = Path(__file__).parents[1]


@pytest.fixture
def about(small):
    return About("small", "3", DIGEST, TOPICS)


@pytest.fixture
def files(small, about):
    return wheel_files(small.path, about, about.versions[0])


def named(files, suffix):
    (found,) = [path for path in files if path.endswith(suffix)]
    return files[found]


def test_the_artifact_is_carried_as_it_is(small, files):
    for name in (*FILES, MANIFEST):
        assert files[f"small_model/_artifact/3/{name}"] == (small.path / name).read_bytes()


def test_the_record_lists_every_file_with_its_hash_and_size(files):
    *paths, last = files
    assert last == "small_model-3+sha0123456789ab.dist-info/RECORD"
    rows = [line.split(",") for line in files[last].decode().splitlines()]
    assert [row[0] for row in rows] == [*paths, last]
    for path, digest, size in rows[:-1]:
        told = urlsafe_b64encode(hashlib.sha256(files[path]).digest()).decode().rstrip("=")
        assert (digest, size) == (f"sha256={told}", str(len(files[path])))
    assert rows[-1][1:] == ["", ""]


def test_the_archive_says_nothing_of_when_and_where_it_was_made(files, tmp_path):
    write_archive(files, tmp_path / "a.whl")
    with ZipFile(tmp_path / "a.whl") as archive:
        assert archive.namelist() == list(files)
        assert archive.testzip() is None
        for entry in archive.infolist():
            assert archive.read(entry) == files[entry.filename]
            assert entry.date_time == (1980, 1, 1, 0, 0, 0)
            assert (entry.create_system, entry.external_attr >> 16) == (3, S_IFREG | 0o644)
            assert (entry.compress_type, entry.extra, entry.comment) == (ZIP_STORED, b"", b"")
            assert entry.filename.isascii()
        assert archive.comment == b""


def test_the_metadata_are_what_installers_read(files, about):
    encoded = named(files, "METADATA")
    found = Metadata.from_email(encoded, validate=True)
    assert (found.name, str(found.version)) == ("small-model", "3+sha0123456789ab")
    assert found.summary == "Tags sentences with topics: lighthouses, volcanoes"
    assert found.description_content_type == "text/markdown"
    for said in ("import small_model", f"sha256:{DIGEST}", "# Topic tagger `small`"):
        assert said in found.description
    assert "library_name:" not in found.description  # what hubs read stays in the model
    plain = BytesParser().parsebytes(named(files, "WHEEL"))
    assert (plain["Wheel-Version"], plain["Root-Is-Purelib"], plain["Tag"]) == ("1.0", "true", "py3-none-any")


def test_what_it_needs_is_what_this_package_needs_for_it(files):
    project = tomllib.loads((HERE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["requires-python"] == REQUIRES_PYTHON
    assert set(REQUIRES) < set(project["dependencies"])
    found = Metadata.from_email(named(files, "METADATA"))
    assert str(found.requires_python) == REQUIRES_PYTHON
    always = [needed for needed in found.requires_dist if needed.marker is None]
    assert always == [Requirement(needed) for needed in REQUIRES]
    (more,) = [needed for needed in found.requires_dist if needed.marker is not None]
    assert found.provides_extra == ["documents"]
    assert f"{more.name}{more.specifier}" in project["dependencies"]
    assert more.marker.evaluate({"extra": "documents"})
    assert not more.marker.evaluate({"extra": ""})


def test_the_license_of_the_carried_code_comes_with_it(files, small, about, monkeypatch):
    text = (HERE / "LICENSE").read_bytes()
    assert named(files, "LICENSE") == text
    (name,) = Metadata.from_email(named(files, "METADATA")).license_files
    assert f"small_model-3+sha0123456789ab.dist-info/licenses/{name}" in files

    def nowhere(name):
        raise packing.PackageNotFoundError(name)

    monkeypatch.setattr(packing, "distribution", nowhere)
    monkeypatch.setattr(packing, "__file__", str(HERE / "trainer" / "registry" / "exports" / "packing.py"))
    assert wheel_files(small.path, about, about.versions[0]) == files  # from the source tree: the same
    monkeypatch.setattr(packing, "__file__", "/nowhere/trainer/registry/exports/packing.py")
    without = wheel_files(small.path, about, about.versions[0])
    assert not [path for path in without if path.endswith("LICENSE")]
    assert b"License-File" not in named(without, "METADATA")


def test_a_summary_stays_one_line_however_many_topics_there_are(small):
    about = About("small", "3", DIGEST, tuple(f"topic{i}" for i in range(40)))
    found = Metadata.from_email(named(wheel_files(small.path, about, "3"), "METADATA"))
    assert found.summary.endswith("topic7 and 32 more")


def test_no_path_of_this_machine_is_in_it(files):
    for data in files.values():
        assert str(HERE).encode() not in data
        assert str(Path.home()).encode() not in data or Path.home() == Path("/")


@given(names, st.integers(0, 10**6), st.text("0123456789abcdef", min_size=64, max_size=64))
def test_any_model_has_a_name_that_pip_takes(name, number, digest):
    about = About(name, str(number), digest, TOPICS)
    for version in about.versions:
        distribution, parsed, build, tags = parse_wheel_filename(about.filename(version))
        assert distribution == canonicalize_name(f"{name}-model") == about.distribution
        assert (str(parsed), build, [str(tag) for tag in tags]) == (version, (), ["py3-none-any"])
        assert parsed in SpecifierSet(f"=={number}")
    assert about.module.isidentifier()


def test_two_models_of_one_number_are_two_versions():
    # Were they one, pip would take the second for installed already, and leave the first.
    a, b = (About("small", "3", digest * 64, TOPICS) for digest in "ab")
    assert Version(a.versions[0]) != Version(b.versions[0])
    assert Version(a.versions[1]) == Version(b.versions[1])
