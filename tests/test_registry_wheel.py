"""A wheel is imported without this package, and says what the model says; or it is not written."""

from __future__ import annotations

import importlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

import trainer
from trainer.errors import ArtifactError, UsageError
from trainer.registry.exports import wheel as wheel_room
from trainer.registry.exports.carried import carried_files
from trainer.registry.exports.wheel import export_wheel
from trainer.registry.files import FILES, MANIFEST
from trainer.registry.format import read_model
from trainer.storage import canonical_json, sha256

FROZEN = Path(__file__).parent / "frozen"
TEXTS = ["Lava ran past the lighthouse.", "The mayor likes soup.", "", "Łódź ☃ LAMP", "ash " * 90]
HEAVY = {"trainer", "sklearn", "scipy", "pandas", "pyarrow", "datasets", "joblib", "pydantic", "sentencex"}


@pytest.fixture(scope="session")
def exported(small, tmp_path_factory):
    return export_wheel(small.path, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="session")
def unpacked(exported, tmp_path_factory):
    """The wheel as it is installed; never to be written into."""
    folder = tmp_path_factory.mktemp("installed")
    with ZipFile(exported.path) as archive:
        archive.extractall(folder)
    return folder


def installed(model, folder):
    """Export a model, and put the wheel where installers would."""
    folder.mkdir(exist_ok=True)
    with ZipFile(export_wheel(model, folder).path) as archive:
        archive.extractall(folder)


@pytest.fixture
def package(unpacked, monkeypatch):
    """The wheel, imported in this process."""
    monkeypatch.syspath_prepend(unpacked)
    yield importlib.import_module("small_model")
    for name in [name for name in sys.modules if name.partition(".")[0] == "small_model"]:
        del sys.modules[name]


def test_a_wheel_gets_its_name_in_a_folder(small, exported):
    assert exported.path.name == f"small_model-1+sha{small.fit.digest[:12]}-py3-none-any.whl"
    assert list(exported.path.parent.iterdir()) == [exported.path]
    with ZipFile(exported.path) as archive:
        assert exported.installed == sum(entry.file_size for entry in archive.infolist())
    assert 0 < exported.seconds < 60


def test_the_same_model_is_the_same_bytes(small, exported, tmp_path, monkeypatch):
    elsewhere = tmp_path / "elsewhere" / "1"
    shutil.copytree(small.path, elsewhere)
    for name in (*FILES, MANIFEST):
        os.utime(elsewhere / name, (1, 1))
        (elsewhere / name).chmod(0o600)
    (tmp_path / "out").mkdir()
    monkeypatch.chdir(elsewhere)
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    before = os.umask(0o077)
    try:
        found = export_wheel(Path(), Path("../../out"))
    finally:
        os.umask(before)
    assert found.path.read_bytes() == exported.path.read_bytes()


def test_constants_come_without_loading_anything(small, unpacked, python):
    code = (
        "import sys, json, small_model as m; heavy = {'numpy'} & set(sys.modules);"
        "print(json.dumps([m.__version__, m.digest, m.topics, str(m.path), sorted(heavy)]))"
    )
    version, digest, topics, path, heavy = json.loads(python(code, PYTHONPATH=str(unpacked)))
    assert (version, digest) == (f"1+sha{small.fit.digest[:12]}", small.fit.digest)
    assert (tuple(topics), heavy) == (small.fit.model.topics, [])
    assert trainer.load(Path(path), digest=digest).info["digest"] == digest
    assert (unpacked / "small_model" / "py.typed").is_file()


def test_it_says_what_the_model_says(small, package):
    ours, theirs = trainer.load("small", root=small.root), package.load()
    assert type(theirs).__module__ == "small_model._inference.model.tagger"
    assert theirs.info == ours.info
    several = [*TEXTS, *small.corpus.rows().column("text").to_pylist()]
    for name in ("decision_function", "predict_proba", "predict_matrix"):
        assert getattr(theirs, name)(several).tobytes() == getattr(ours, name)(several).tobytes()
    expected = [repr(found) for found in ours.predict(several)]
    assert [repr(found) for found in theirs.predict(several)] == expected
    assert [repr(found) for found in theirs.stream(several)] == expected
    assert repr(theirs.predict(TEXTS[0])) == repr(ours.predict(TEXTS[0]))
    rates = {"volcanoes": 0.01}
    corrected = theirs.at_rates(rates).predict_proba(several)
    assert corrected.tobytes() == ours.at_rates(rates).predict_proba(several).tobytes()
    for topic in ours.topics:
        assert repr(theirs.explain(TEXTS[0], topic)) == repr(ours.explain(TEXTS[0], topic))
    document = "An old lighthouse leans over the bay. The mayor likes soup with barley."
    assert list(map(repr, theirs.tag(document))) == list(map(repr, ours.tag(document)))


def test_its_types_and_errors_can_be_named(package):
    tagger = package.load()
    assert isinstance(tagger, package.Tagger)
    assert isinstance(tagger.predict(""), package.Prediction)
    assert list(tagger.tag(package.Document("d", ""))) == []
    with pytest.raises(package.UsageError, match=r"has no topic 'volcanos'\. Did you mean 'volcanoes'"):
        tagger.explain("", "volcanos")
    assert set(package.__all__) <= set(dir(package))
    assert all(hasattr(package, name) for name in package.__all__)
    with pytest.raises(AttributeError, match="module 'small_model' has no attribute 'fit'"):
        package.fit  # noqa: B018


@pytest.mark.parametrize(
    ("call", "what"),
    [
        (lambda tagger: tagger.predict_table(["A document."]), "Tables of whole documents"),
        (lambda tagger: tagger.predict_table(["A document."], kind="arrow"), "Tables of whole documents"),
        (lambda tagger: tagger.as_sklearn(), "Pipelines of scikit-learn"),
        (lambda tagger: tagger.reasons("Lava.", "volcanoes"), "The keyword rules"),
    ],
)
def test_what_it_cannot_do_says_what_to_install(package, call, what):
    with pytest.raises(package.UsageError, match=f"{what} are not in this package") as caught:
        call(package.load())
    assert "Install topic-trainer" in caught.value.hint
    assert "trainer.load(small_model.path)" in caught.value.hint


def test_cutting_documents_says_that_it_needs_sentencex(package, monkeypatch):
    monkeypatch.setitem(sys.modules, "sentencex", None)
    tagged = package.load().tag("One sentence. And another.")
    with pytest.raises(package.UsageError, match="needs sentencex, which is not installed") as caught:
        next(tagged)
    assert "pip install sentencex" in caught.value.hint


def test_a_model_without_rules_gives_its_reasons(tmp_path, python):
    installed(FROZEN / "model-1", tmp_path)
    code = "import tiny_model; print(tiny_model.load().reasons('Lava by the lamp', 'volcanoes').words)"
    expected = read_model(FROZEN / "model-1").reasons("Lava by the lamp", "volcanoes").words
    assert python(code, PYTHONPATH=str(tmp_path)).strip() == repr(expected)


def test_wheels_stand_side_by_side_and_beside_this_package(small, unpacked, tmp_path, python):
    installed(FROZEN / "model-1", tmp_path / "two")
    code = (
        "import sys, json, tiny_model, small_model;"
        "tiny, small = tiny_model.load(), small_model.load();"
        "first = [m.decision_function(sys.argv[2:]).tolist() for m in (tiny, small)];"
        "foreign = sorted(name for name in sys.modules if name.partition('.')[0] == 'trainer');"
        "import trainer; ours = trainer.load(sys.argv[1]);"
        "assert len({type(m) for m in (tiny, small, ours)}) == 3;"
        "print(json.dumps([*first, ours.decision_function(sys.argv[2:]).tolist(), foreign]))"
    )
    places = os.pathsep.join(map(str, (unpacked, tmp_path / "two", Path(trainer.__file__).parents[1])))
    tiny, theirs, ours, foreign = json.loads(python(code, str(small.path), *TEXTS, PYTHONPATH=places))
    assert theirs == ours == small.fit.model.decision_function(TEXTS).tolist()
    assert tiny == read_model(FROZEN / "model-1").decision_function(TEXTS).tolist()
    assert foreign == []


def test_loading_and_predicting_import_numpy_only(unpacked, python):
    code = (
        "import json, sys, small_model; m = small_model.load(); m.predict(['Lava ran.', 'Łódź']);"
        "list(m.stream(['a'])); m.explain('Lava.', 'volcanoes'); m.at_rates({'volcanoes': 0.1});"
        "print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    )
    loaded = set(json.loads(python(code, PYTHONPATH=str(unpacked))))
    assert {"numpy", "small_model"} <= loaded
    assert not loaded & HEAVY


def test_every_file_of_the_model_is_checked_where_it_is_installed(unpacked, tmp_path, python):
    shutil.copytree(unpacked, tmp_path / "here")
    artifact = tmp_path / "here" / "small_model" / "_artifact" / "1"
    code = (
        "import small_model\n"
        "try: small_model.load()\n"
        "except small_model.ArtifactError as error: print(type(error).__name__, error)"
    )
    place = {"PYTHONPATH": str(tmp_path / "here")}
    assert python(code, **place) == ""
    for name in (*FILES, MANIFEST):
        data = (artifact / name).read_bytes()
        (artifact / name).write_bytes(bytes([data[0] ^ 1]) + data[1:])
        told = python(code, **place)
        assert told.startswith("ArtifactError"), name
        assert "Install it again" in told
        (artifact / name).write_bytes(data)
    (artifact / "extra.py").write_text("")
    assert "does not belong to it" in python(code, **place)
    shutil.rmtree(artifact)
    shutil.copytree(FROZEN / "model-1", artifact)  # sound, and another one
    assert "the digest is sha256:" in python(code, **place)


def test_it_loads_where_installers_put_links_in_place_of_files(unpacked, tmp_path, python):
    for file in (path for path in unpacked.rglob("*") if path.is_file()):
        link = tmp_path / "links" / file.relative_to(unpacked)
        link.parent.mkdir(parents=True, exist_ok=True)
        try:
            link.symlink_to(file)
        except OSError:
            pytest.skip("no links can be made here")
    code = "import small_model; small_model.load(); print(small_model.__file__)"
    assert python(code, PYTHONPATH=str(tmp_path / "links")).startswith(str(tmp_path / "links"))


# What is refused


def changed_code(monkeypatch, path, old, new):
    """Let a wheel carry code with an error in it."""

    def carried(package, version):
        files = carried_files(package, version)
        assert files[path].count(old) == 1
        return {**files, path: files[path].replace(old, new)}

    monkeypatch.setattr("trainer.registry.exports.packing.carried_files", carried)


@pytest.mark.parametrize(
    ("path", "old", "new", "message"),
    [
        (
            "model/tagger.py", b"self._sums(texts) + self.intercept",
            b"self._sums(texts) + self.intercept + 1e-9", "other margins",
        ),
        ("model/tagger.py", b"scores >= self.thresholds", b"scores < self.thresholds", "other predictions"),
        ("model/tagger.py", b"\nimport numpy as", b"\nimport sklearn\nimport numpy as", "named 'sklearn'"),
        ("model/tagger.py", b"\nimport numpy as", b"\nimport trainer\nimport numpy as", "named 'trainer'"),
        ("language.py", b"import json\n", b"import sentencex\n", "named 'sentencex'"),
        ("registry/files.py", b"FORMAT = 1\n", b"FORMAT = 0\n", "model format 1 is not 0"),
        ("model/predictions.py", b"\nfrom typ", b"\nraise SystemExit\nfrom typ", "not load by itself: Sys"),
    ],
)  # fmt: skip
def test_a_wheel_that_does_not_do_what_the_model_does_is_not_written(
    small, tmp_path, monkeypatch, path, old, new, message
):
    changed_code(monkeypatch, path, old, new)
    with pytest.raises(ArtifactError, match=f"{message}.*; nothing was written"):
        export_wheel(small.path, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_what_the_trial_must_not_find_is_installed_here():
    # Without this the test above would show nothing.
    for name in ("sklearn", "sentencex", "trainer"):
        assert importlib.util.find_spec(name)


@pytest.mark.parametrize("failure", [OSError("no such program"), subprocess.TimeoutExpired("python", 1)])
def test_a_wheel_that_cannot_be_tried_is_not_written(small, tmp_path, monkeypatch, failure):
    def fail(*arguments, **options):
        raise failure

    monkeypatch.setattr(wheel_room.subprocess, "run", fail)
    with pytest.raises(ArtifactError, match="cannot be tried"):
        export_wheel(small.path, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_name_of_the_file_says_the_version(small, tmp_path):
    with pytest.raises(UsageError, match="no file name that pip would take for this wheel") as caught:
        export_wheel(small.path, tmp_path / "deep" / "small.whl")
    labelled, plain = f"small_model-1+sha{small.fit.digest[:12]}", "small_model-1"
    assert caught.value.hint.count(labelled) == 1
    for name in (f"{plain}-py3-none-any", "small_model-2-py3-none-any.whl", "nowhere"):
        with pytest.raises(UsageError):
            export_wheel(small.path, tmp_path / name)
    assert list(tmp_path.iterdir()) == []
    found = export_wheel(small.path, tmp_path / "deep" / f"{plain}-py3-none-any.whl")
    with ZipFile(found.path) as archive:
        assert b"\nVersion: 1\n" in archive.read(f"{plain}.dist-info/METADATA")
        assert b'__version__ = "1"\n' in archive.read("small_model/__init__.py")
    assert [path.name for path in tmp_path.iterdir()] == ["deep"]


def test_a_folder_that_is_no_version_has_the_number_0(small, tmp_path):
    shutil.copytree(small.path, tmp_path / "07")
    found = export_wheel(tmp_path / "07", tmp_path)
    assert found.path.name.startswith("small_model-0+sha")


def test_a_model_whose_name_could_be_anything_is_refused(tmp_path):
    folder = tmp_path / "1"
    shutil.copytree(FROZEN / "model-1", folder)
    manifest = json.loads((folder / MANIFEST).read_bytes())
    manifest["name"] = '../x"""'
    manifest.pop("checksum", None)
    manifest["checksum"] = sha256(canonical_json(manifest))
    (folder / MANIFEST).write_bytes(canonical_json(manifest))
    read_model(folder)
    with pytest.raises(UsageError, match="model name"):
        export_wheel(folder, tmp_path)
    assert list(tmp_path.iterdir()) == [folder]


def test_pip_installs_it(exported, small, tmp_path, python):
    pytest.importorskip("pip")
    command = [
        "-m",
        "pip",
        "install",
        "--no-index",
        "--no-deps",
        "--quiet",
        "--target",
        str(tmp_path / "there"),
    ]
    subprocess.run(  # noqa: S603  (our own interpreter)
        [sys.executable, *command, str(exported.path)], check=True, capture_output=True, cwd=tmp_path
    )
    code = "import small_model; print(small_model.load().predict('Lava ran past the lighthouse.').labels)"
    found = python(code, PYTHONPATH=str(tmp_path / "there")).strip()
    assert found == repr(small.fit.model.predict(TEXTS[0]).labels)
