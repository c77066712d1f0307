from __future__ import annotations

import json
import pickle
import re
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from registering import TEXTS, resigned, tiny, written
from safetensors.numpy import load, save
from strategies import json_values, taggers, unicode_text

from trainer.errors import ArtifactError, DataError
from trainer.lexicons import LexiconMatcher
from trainer.model.features import Features, LexiconBlock
from trainer.model.tagger import Tagger
from trainer.registry import bounds
from trainer.registry import format as format_room
from trainer.registry.bounds import MOST_TERMS
from trainer.registry.files import FILES, MANIFEST
from trainer.registry.format import read_model
from trainer.registry.write import write_model
from trainer.storage import canonical_json, sha256

FROZEN = Path(__file__).parent / "frozen" / "model-1"
IDF_LAMP, IDF_LAVA = 1 + np.log(8 / 2), 1 + np.log(8 / 6)
"""Of 7 texts, 1 holds "lamp" and 5 "lava"."""
WEIGHED = np.array([IDF_LAMP, IDF_LAVA]) / np.hypot(IDF_LAMP, IDF_LAVA)


def retensored(folder: Path, change: Callable[[dict[str, np.ndarray]], object]) -> None:
    """Change the tensors, and let the manifest tell of what they have become."""
    tensors = load((folder / "weights.safetensors").read_bytes())
    change(tensors)
    (folder / "weights.safetensors").write_bytes(save(tensors))
    described = {key: {"dtype": str(x.dtype), "shape": list(x.shape)} for key, x in tensors.items()}
    resigned(folder, lambda manifest: manifest.update(tensors=described))


# What stands in the files


def test_the_files_are_those_of_format_1(model):
    manifest = json.loads((model / MANIFEST).read_bytes())
    assert sorted(path.name for path in model.iterdir()) == [
        "README.md", "golden.json", "lexicons.json", "manifest.json", "metrics.json", "vocabulary.txt",
        "weights.safetensors",
    ]  # fmt: skip
    files, checksum = manifest.pop("files"), manifest.pop("checksum")
    assert manifest == {
        "name": "tiny",
        "format": 1,
        "oldest_reader": 1,
        "topics": ["lighthouses", "volcanoes"],
        "review": 0.125,
        "blocks": [{"kind": "word", "ngrams": [1, 1], "sublinear_tf": False, "texts": 7, "columns": 3}],
        "thresholds": {"lighthouses": 0.5, "volcanoes": 0.25},
        "golden_tolerance": 1e-6,
        "tensors": {
            "df.0": {"dtype": "uint32", "shape": [3]},
            "calibration": {"dtype": "float64", "shape": [2, 2]},
            "intercept": {"dtype": "float64", "shape": [2]},
            "thresholds": {"dtype": "float64", "shape": [2]},
            "weights": {"dtype": "float32", "shape": [3, 2]},
        },
    }
    assert files == {
        name: {"size": (model / name).stat().st_size, "sha256": sha256((model / name).read_bytes())}
        for name in FILES
    }
    assert checksum == sha256(canonical_json({**manifest, "files": files}))
    assert (model / "vocabulary.txt").read_bytes() == b"ash\nlamp\nlava\n"
    assert (model / "lexicons.json").read_bytes() == b"[]\n"
    assert (model / "README.md").read_text(encoding="utf-8") == "# Card ☃\n"


def test_the_golden_margins_are_those_worked_out_by_hand(model):
    golden = json.loads((model / "golden.json").read_bytes())
    lamp, lava = WEIGHED
    expected = [
        [lamp * 2 - lava * 0.125 - 0.5, lamp * 0.25 + lava * 3 + 0.25],
        [-0.5, 0.25],
        [0.0, -0.75],
    ]
    assert golden["texts"] == TEXTS
    # One sum of a few terms, in another order: a few last bits.
    np.testing.assert_allclose(golden["margins"], expected, rtol=0, atol=1e-15)


def test_the_same_model_gives_the_same_bytes_and_digest(tmp_path):
    digests = {written(tmp_path / str(number)) for number in range(3)}
    assert len(digests) == 1
    for name in (*FILES, MANIFEST):
        assert len({(tmp_path / str(number) / name).read_bytes() for number in range(3)}) == 1
    assert digests == {sha256((tmp_path / "0" / MANIFEST).read_bytes())}


def test_a_model_saved_when_format_1_was_new_is_read_as_it_was():
    # These bytes never change. A new format gets a number and a folder of its own beside this one.
    back = read_model(FROZEN, "b7742d9b8533b61168863f3e92b40ba1fa92f59b1ba052161d44bfcb73090fea")
    assert (back.topics, back.review) == (tiny().topics, tiny().review)
    assert back.features.blocks[0].vocabulary == tiny().features.blocks[0].vocabulary
    assert back.decision_function(TEXTS).tolist() == tiny().decision_function(TEXTS).tolist()
    assert back.predict(TEXTS) == tiny().predict(TEXTS)


def test_a_frozen_model_of_every_kind_of_part_computes_what_it_did():
    # Words, characters and lexicons; a line, a beta map, an isotonic one; bands; weights in half precision.
    digest = "52ed9157addeb4653291dc41ad0144d213b60b0a8b56d6cb5670e85f770e48e5"
    back = read_model(FROZEN.with_name("model-1-full"), digest)
    expected = json.loads(FROZEN.with_name("model-1-full.json").read_bytes())
    found = back.predict([one["text"] for one in expected])
    for one, prediction in zip(expected, found, strict=True):
        assert list(prediction.labels) == one["labels"]
        assert list(prediction.review) == one["review"]
        # The tolerance of the golden texts: logarithms may round differently on another machine.
        assert prediction.scores == pytest.approx(one["scores"], abs=1e-6)


# There and back


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(taggers(), st.lists(unicode_text, max_size=3), st.dictionaries(unicode_text, json_values, max_size=3))
def test_a_model_comes_back_bit_for_bit(tmp_path_factory, tagger, texts, about):
    folder = tmp_path_factory.mktemp("any") / "model"
    folder.mkdir()
    reserved = {"format", "topics", "review", "blocks", "thresholds", "golden_tolerance", "tensors", "files"}
    about = {key: value for key, value in about.items() if key not in reserved | {"checksum", "digest"}}
    digest = write_model(folder, tagger, about, texts, {}, "card")
    back = read_model(folder, digest)
    assert (back.topics, back.review) == (tagger.topics, tagger.review)
    for key in ("weights", "intercept", "calibration", "thresholds"):
        before, after = getattr(tagger, key), getattr(back, key)
        assert (before.dtype, before.shape, before.tobytes()) == (after.dtype, after.shape, after.tobytes())
    assert {topic: curve.tolist() for topic, curve in back.curves.items()} == {
        topic: curve.tolist() for topic, curve in tagger.curves.items()
    }
    assert (back.bands is None) == (tagger.bands is None)
    assert back.bands is None or back.bands.tobytes() == tagger.bands.tobytes()
    for before, after in zip(tagger.features.blocks, back.features.blocks, strict=True):
        assert type(before) is type(after)
        assert (before.kind, before.vocabulary) == (after.kind, after.vocabulary)
        if isinstance(before, LexiconBlock):
            assert (before.weight, before.matcher.lexicons) == (after.weight, after.matcher.lexicons)
        else:
            assert (before.ngrams, before.sublinear_tf) == (after.ngrams, after.sublinear_tf)
            assert (before.df.tobytes(), before.n_texts) == (after.df.tobytes(), after.n_texts)
    assert tagger.decision_function(texts).tobytes() == back.decision_function(texts).tobytes()
    assert {key: back.info[key] for key in about} == about
    assert back.info["digest"] == digest == sha256((folder / MANIFEST).read_bytes())


def test_a_trained_model_predicts_what_it_did_in_memory(small):
    import trainer

    unsaved = trainer.fit(small.corpus, small.config, save=False).model
    texts = [row["text"] for row in small.corpus.rows().to_pylist()]
    saved = read_model(small.path)
    assert saved.predict(texts) == unsaved.predict(texts)
    assert saved.predict_proba(texts).tobytes() == unsaved.predict_proba(texts).tobytes()


# Forgeries that agree with themselves, and still must not pass


@pytest.mark.parametrize("oldest", [0, 2, 3, "1", None, [1], 1.5, True])
def test_a_format_that_asks_for_another_reader_is_refused(model, oldest):
    resigned(model, lambda manifest: manifest.update(format=2, oldest_reader=oldest))
    with pytest.raises(ArtifactError, match="model format 2 is not 1, the one this version reads"):
        read_model(model)


def test_a_later_format_that_this_reader_may_read_is_read(model):
    resigned(model, lambda manifest: manifest.update(format=2, oldest_reader=1))
    assert read_model(model).predict(TEXTS) == tiny().predict(TEXTS)


def test_the_refusal_of_a_later_format_says_which_version_reads_it(model):
    resigned(model, lambda manifest: manifest.update(format=3, oldest_reader=2))
    with pytest.raises(ArtifactError) as caught:
        read_model(model)
    assert caught.value.hint == "A later version of topic-trainer reads it: one that knows format 2."


@pytest.mark.parametrize("version", [0, 2, "1", None, [1], 1.5])
def test_an_unknown_format_is_refused_by_name(model, version):
    resigned(model, lambda manifest: (manifest.update(format=version), manifest.pop("oldest_reader")))
    with pytest.raises(ArtifactError, match=r"model format .* is not 1, the one this version reads"):
        read_model(model)


def with_bad_value(key: str, value: float) -> Callable[[dict[str, np.ndarray]], None]:
    return lambda tensors: tensors[key].reshape(-1).__setitem__(0, value)


@pytest.mark.parametrize("key", ["weights", "intercept", "calibration", "thresholds"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_number_that_is_not_finite_is_refused(model, key, value):
    retensored(model, with_bad_value(key, value))
    with pytest.raises(ArtifactError, match=f"tensor '{key}' holds a number that is not finite"):
        read_model(model)


@pytest.mark.parametrize("key", ["weights", "intercept", "calibration", "thresholds", "df.0"])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int64", "uint8", "bool"])
def test_another_dtype_is_refused(model, key, dtype):
    if dtype in {"weights": ("float32", "float16"), "df.0": ()}.get(key, ("float64",)):
        with suppress(ArtifactError):  # other weights may give the golden texts other margins
            read_model(model)
        return
    retensored(model, lambda tensors: tensors.update({key: tensors[key].astype(dtype)}))
    with pytest.raises(ArtifactError, match=f"tensor '{key}'"):
        read_model(model)


@pytest.mark.parametrize("key", ["weights", "intercept"])
def test_a_tensor_of_another_dtype_than_the_manifest_says_is_refused(model, key):
    tensors = load((model / "weights.safetensors").read_bytes())
    other = tensors[key].astype("float64" if key == "weights" else "float32")
    (model / "weights.safetensors").write_bytes(save({**tensors, key: other}))
    resigned(model)
    with pytest.raises(ArtifactError, match=f"tensor '{key}' is {other.dtype} "):
        read_model(model)


def test_features_of_an_unknown_kind_are_refused_by_name(model):
    resigned(model, lambda manifest: manifest["blocks"][0].update(kind="wolves"))
    with pytest.raises(ArtifactError, match="features of kind 'wolves' are not known to this version"):
        read_model(model)


RESHAPES = {
    "weights": [(2, 3), (6,), (3, 2, 1)],
    "intercept": [(1, 2), (2, 1)],
    "calibration": [(4,), (1, 4)],
    "thresholds": [(1, 2)],
    "df.0": [(3, 1)],
}


@pytest.mark.parametrize(("key", "shape"), [(key, shape) for key, some in RESHAPES.items() for shape in some])
def test_another_shape_is_refused(model, key, shape):
    retensored(model, lambda tensors: tensors.update({key: tensors[key].reshape(shape)}))
    with pytest.raises(ArtifactError, match=f"tensor '{key}'"):
        read_model(model)


@pytest.mark.parametrize("key", ["weights", "intercept", "calibration", "thresholds", "df.0"])
def test_a_missing_tensor_is_refused(model, key):
    retensored(model, lambda tensors: tensors.pop(key))
    with pytest.raises(ArtifactError):
        read_model(model)


BENT = {"volcanoes": np.array([[-1.0, 2.0], [0.25, 0.75]])}
BANDS = np.array([[0.25, 0.75], [0.125, 0.25]])


def test_curves_and_bands_stand_beside_the_rest_and_decide(tmp_path):
    digest = written(tmp_path / "bent", replace(tiny(), curves=BENT, bands=BANDS))
    back = read_model(tmp_path / "bent", digest)
    # A text without features has the margins -1/2 and 1/4: the second 5/12 of the way between the knots.
    (scores,) = back.predict_proba("")
    np.testing.assert_allclose(scores, [1 / (1 + np.exp(0.5)), 0.25 + 0.5 * 5 / 12], rtol=1e-15)
    assert (back.predict("").labels, back.predict("").review) == (("volcanoes",), ("lighthouses",))
    assert set(back.info["tensors"]) - set(read_model(FROZEN).info["tensors"]) == {"bands", "curve.1"}


@pytest.mark.parametrize(
    "curve",
    [
        [[0.0, 0.0], [0.1, 0.2]],
        [[1.0, 0.0], [0.1, 0.2]],
        [[0.0, 1.0], [0.2, 0.1]],
        [[0.0, 1.0], [-0.1, 0.1]],
        [[0.0, 1.0], [0.1, 1.1]],
        [[0.0, 1.0]],
        [[0.0], [0.5], [1.0]],
        [[], []],
        [-1.0, 1.0, 0.0],
        [1.0, -1.0, 0.0],
        [1.0, 1.0],
        [1.0, 1.0, 1.0, 1.0],
        1.0,
        [[[0.0], [0.5]]],
    ],
)
def test_a_curve_that_is_none_is_refused(tmp_path, curve):
    written(tmp_path / "model", replace(tiny(), curves=BENT))
    retensored(tmp_path / "model", lambda tensors: tensors.update({"curve.1": np.array(curve)}))
    with pytest.raises(ArtifactError, match="the curve of topic 'volcanoes' is no calibration"):
        read_model(tmp_path / "model")


def test_a_band_that_is_none_is_refused(tmp_path):
    written(tmp_path / "model", replace(tiny(), bands=BANDS))
    for bad, said in ((BANDS[:, ::-1].copy(), "lower end is above"), (BANDS[:1], "tensor 'bands'")):
        retensored(tmp_path / "model", lambda tensors, bad=bad: tensors.update(bands=bad))
        with pytest.raises(ArtifactError, match=said):
            read_model(tmp_path / "model")


@pytest.mark.parametrize("key", ["curve.2", "curve.-1", "curve.01", "curve", "curve.x"])
def test_a_curve_of_no_topic_is_refused(model, key):
    retensored(model, lambda tensors: tensors.update({key: np.array([1.0, 1.0, 0.0])}))
    with pytest.raises(ArtifactError, match="the tensors must be"):
        read_model(model)


def test_an_extra_tensor_is_refused(model):
    retensored(model, lambda tensors: tensors.update(more=np.zeros(1)))
    with pytest.raises(ArtifactError, match="the tensors must be"):
        read_model(model)


def test_a_tensor_that_the_manifest_does_not_tell_of_is_refused(model):
    resigned(model, lambda manifest: manifest["tensors"].pop("thresholds"))
    with pytest.raises(ArtifactError, match="the tensors must be"):
        read_model(model)


@pytest.mark.parametrize(
    "change",
    [
        lambda manifest: manifest["tensors"]["intercept"].update(dtype="float32"),
        lambda manifest: manifest["tensors"]["intercept"].update(shape=[3]),
        lambda manifest: manifest["tensors"]["intercept"].pop("shape"),
        lambda manifest: manifest["topics"].append("third"),
        lambda manifest: manifest["blocks"].append(manifest["blocks"][0]),
        lambda manifest: manifest["blocks"][0].update(kind=["word"]),
        lambda manifest: manifest["blocks"][0].update(ngrams=[1]),
        lambda manifest: manifest["blocks"][0].pop("ngrams"),
        lambda manifest: manifest.update(blocks=[]),
        lambda manifest: manifest.update(blocks=None),
        lambda manifest: manifest.update(review="wide"),
        lambda manifest: manifest.pop("review"),
        lambda manifest: manifest.pop("golden_tolerance"),
        lambda manifest: manifest["files"].pop("README.md"),
        lambda manifest: manifest["files"].update({"../../secret": manifest["files"]["README.md"]}),
        lambda manifest: manifest["files"]["README.md"].update(size=10**15),
        lambda manifest: manifest["files"]["README.md"].update(size=1e308),
        lambda manifest: manifest["files"]["README.md"].update(size=-1),
        lambda manifest: manifest.update(files=[]),
        lambda manifest: manifest.pop("format"),
    ],
)  # fmt: skip
def test_a_manifest_that_does_not_fit_is_refused(model, change):
    resigned(model, change)
    with pytest.raises(ArtifactError):
        read_model(model)


@pytest.mark.parametrize(
    "text",
    [b"", b"null", b"[]", b'"x"', b"1", b"{", b"\xff", b'{"format": 1}', b'{"format": NaN}', b"[" * 100_000,
     b'{"format": 1, "files": 3}'],
)  # fmt: skip
def test_a_manifest_that_is_none_is_refused(model, text):
    (model / MANIFEST).write_bytes(text)
    with pytest.raises(ArtifactError):
        read_model(model)


@given(json_values)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_json_for_a_manifest_is_refused(tmp_path, value):
    folder = tmp_path / "any"
    folder.mkdir(exist_ok=True)
    (folder / MANIFEST).write_bytes(canonical_json(value))
    with pytest.raises(ArtifactError):
        read_model(folder)


def test_spaces_that_mean_nothing_are_refused_too(model):
    manifest = json.loads((model / MANIFEST).read_bytes())
    (model / MANIFEST).write_text(json.dumps(manifest, sort_keys=True), encoding="utf-8")
    with pytest.raises(ArtifactError, match="checksum"):
        read_model(model)


@pytest.fixture
def with_lexicon(tmp_path: Path) -> Path:
    """The folder of a model that has lexicons beside its words."""
    lexicons = LexiconBlock(LexiconMatcher({"towers": ["lamp", "LHT"], "fire": ["lav*", "ash ~ lamp"]}), 2.0)
    weights = np.array([[0.5], [2.0], [-0.125], [0.25], [-1.0]], dtype=np.float32)
    one = np.array([0.5])
    features = Features((*tiny().features.blocks, lexicons))
    written(tmp_path / "lexical", Tagger(("fires",), features, weights, one, np.array([[1.0, 0.0]]), one))
    return tmp_path / "lexical"


def test_lexicons_are_written_as_names_and_terms(with_lexicon):
    manifest = json.loads((with_lexicon / MANIFEST).read_bytes())
    assert manifest["blocks"][1] == {"kind": "lexicon", "weight": 2.0}
    assert json.loads((with_lexicon / "lexicons.json").read_bytes()) == [
        {"fire": ["lav*", "ash ~ lamp"], "towers": ["lamp", "LHT"]}
    ]
    assert (with_lexicon / "vocabulary.txt").read_bytes() == b"ash\nlamp\nlava\n"
    # "lava" and "lamp" of length 1 together, then a lexicon each: fire 0.25 and towers -1, twice.
    lamp, lava = WEIGHED
    margin = read_model(with_lexicon).decision_function(TEXTS[0])[0, 0]
    # One sum of a few terms, in another order: a few last bits.
    assert margin == pytest.approx(lamp * 2 - lava * 0.125 + 2 * 0.25 - 2 * 1.0 + 0.5, abs=1e-15)


@pytest.mark.parametrize(
    "lexicons",
    [{"fire": ["lav*"]}, {"fire": ["lav*"], "towers": ["..."]}, {"fire": ["lav*"], "towers": [1]},
     {"fire": ["lav*"], "towers": None}, {"fire": ["other"], "towers": ["other"]}, ["fire", "towers"], "ab",
     None],
)  # fmt: skip
def test_lexicons_that_do_not_fit_are_refused(with_lexicon, lexicons):
    (with_lexicon / "lexicons.json").write_text(json.dumps([lexicons]))
    resigned(with_lexicon)
    with pytest.raises(ArtifactError):
        read_model(with_lexicon)


# The golden texts


def test_a_model_that_computes_something_else_is_refused(model):
    retensored(model, lambda tensors: tensors["weights"].__imul__(np.float32(1.00001)))
    with pytest.raises(ArtifactError, match="does not give the golden texts the margins"):
        read_model(model)


@pytest.mark.parametrize(("by", "refused"), [(5e-7, False), (2e-6, True), (np.inf, True), (np.nan, True)])
def test_a_margin_may_differ_by_the_tolerance_and_no_more(model, by, refused):
    golden = json.loads((model / "golden.json").read_bytes())
    golden["margins"][1][0] += by
    (model / "golden.json").write_text(json.dumps(golden))
    resigned(model)
    if refused:
        with pytest.raises(ArtifactError):
            read_model(model)
    else:
        read_model(model)


@pytest.mark.parametrize(
    "golden",
    [{}, [], {"texts": ["x"], "margins": []}, {"texts": [1], "margins": [[0, 0]]},
     {"texts": None, "margins": []}, {"texts": [], "margins": [[1.0, 2.0]]},
     {"texts": ["x"], "margins": [["a", "b"]]}],
)  # fmt: skip
def test_golden_texts_that_cannot_be_checked_are_refused(model, golden):
    (model / "golden.json").write_text(json.dumps(golden))
    resigned(model)
    with pytest.raises(ArtifactError):
        read_model(model)


# Nothing runs


class Bomb:
    """Leaves a mark when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.mark,)


@pytest.mark.parametrize("name", FILES)
def test_a_pickle_in_place_of_a_file_is_not_run(model, tmp_path, name):
    mark = tmp_path / "ran"
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        (model / name).write_bytes(pickle.dumps(Bomb(mark), protocol))
        resigned(model)
        with suppress(ArtifactError):  # the card and the metrics are not decoded at all
            read_model(model)
        assert not mark.exists()
    pickle.loads((model / name).read_bytes())  # noqa: S301  (the bomb is a real one)
    assert mark.exists()


WATCHED = """
import sys
from pathlib import Path
from trainer.registry.format import read_model
folder = Path(sys.argv[1])
read_model(folder)  # whatever is imported late is imported now
seen = []
sys.addaudithook(lambda event, arguments: seen.append((event, str(arguments[0]) if arguments else "")))
model = read_model(folder)
model.predict("Lava ran past the lamp.")
events = list(seen)
import json
print(json.dumps(events))
"""


def test_loading_opens_six_files_and_runs_nothing(model, python):
    events = json.loads(python(WATCHED, str(model)))
    # A descriptor that is made a file of is no second look at the disk.
    opened = sorted(Path(what).name for event, what in events if event == "open" and not what.isdecimal())
    assert opened == sorted((*FILES, MANIFEST))
    # Listing the folder is all that is done besides; asking for an id does nothing.
    assert {event for event, _ in events} - {"open"} <= {"os.listdir", "os.scandir", "builtins.id"}


def test_the_first_load_in_a_process_unpickles_and_starts_nothing(model, python):
    code = WATCHED.replace("from trainer.registry.format import read_model\n", "import numpy, trainer\n")
    code = code.replace("read_model(folder)  # whatever is imported late is imported now\n", "")
    code = code.replace("read_model(folder)", "trainer.load(folder)")
    events = {event for event, _ in json.loads(python(code, str(model)))}
    assert "import" in events  # the hook does see: what tags is imported here
    assert not {
        event
        for event in events
        if event.startswith(("pickle", "subprocess", "os.system", "socket", "ctypes"))
    }


# Bombs: small files that would fill the memory, or the day


def bomb(name: str, data: bytes) -> Callable[[Path], None]:
    def plant(folder: Path) -> None:
        (folder / name).write_bytes(data)
        resigned(folder)

    return plant


def golden(texts: object, margins: object) -> bytes:
    return json.dumps({"texts": texts, "margins": margins}).encode()


BOMBS = {
    "lines in the vocabulary": bomb("vocabulary.txt", "ā\n".encode() * 10**6),
    "one long line in the vocabulary": bomb("vocabulary.txt", b"a" * 10**7),
    "lists in the lexicons": bomb("lexicons.json", b"[" + b"[]," * 10**6 + b"[]]"),
    "objects in the lexicons": bomb("lexicons.json", b"[[" + b'{"":0},' * 10**6 + b"{}]]"),
    "strings in the lexicons": bomb("lexicons.json", b"[[" + '"ā","ē",'.encode() * 500_000 + b'""]]'),
    "strings that end in a backslash": bomb("lexicons.json", b"[[" + b'"\\\\",' * 10**6 + b'""]]'),
    "terms of a lexicon": bomb("lexicons.json", b'[{"a":[' + b'"b",' * 10**6 + b'"b"]}]'),
    "lists in the golden texts": bomb("golden.json", b'{"texts":[' + b"[]," * 10**6 + b'""],"margins":[]}'),
    "many golden texts": bomb("golden.json", golden([""] * 50_000, [[0, 0]] * 50_000)),
    "a long golden text": bomb("golden.json", golden(["lava " * 10**5], [[0, 0]])),
    "large golden texts": bomb("golden.json", golden(["a" * 5 * 10**6], [[0, 0]])),
    "margins of other topics": bomb("golden.json", golden(["lava"], [[0.0] * 10**5])),
    "a large manifest": lambda folder: resigned(folder, lambda m: m.update(name="a" * 5 * 10**6)),
    "lists in the manifest": lambda folder: resigned(folder, lambda m: m.update(name=[[]] * 60_000)),
    "endless n-grams": lambda folder: resigned(folder, lambda m: m["blocks"][0].update(ngrams=[1, 10**12])),
    "a file of any size": lambda folder: resigned(
        folder, lambda m: m["files"]["README.md"].update(size=10**18)
    ),
    "any tolerance": lambda folder: resigned(folder, lambda m: m.update(golden_tolerance=1e9)),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_before_it_goes_off(model, name):
    BOMBS[name](model)
    declared = sum(path.stat().st_size for path in model.iterdir())
    tracemalloc.start()
    with pytest.raises(ArtifactError):
        read_model(model)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2 * declared + 10e6


@pytest.mark.parametrize(
    "topics", [["a", "a"], ["", "b"], ["\x1b[31m", "b"], ["=1+1", "b"], [1, 2], ["a" * 65, "b"]]
)
def test_topics_that_no_config_could_have_are_refused(model, topics):
    resigned(model, lambda manifest: manifest.update(topics=topics, thresholds={}))
    with pytest.raises(ArtifactError, match="a topic has no name, or two have the same"):
        read_model(model)


def test_what_no_reader_would_take_is_not_written(tmp_path):
    with pytest.raises(DataError, match="come to 5 MiB: a model can hold 4"):
        written(tmp_path / "large", about="a" * 5 * 1024**2)
    lexicon = LexiconBlock(LexiconMatcher({"names": [f"name{i}" for i in range(MOST_TERMS + 1)]}), 1.0)
    many = replace(tiny(), features=Features((lexicon,)), weights=np.zeros((1, 2), np.float32))
    with pytest.raises(DataError, match="200,001 terms of lexicons are more than a model can hold: 200,000"):
        written(tmp_path / "many", many)


tricky_terms = unicode_text | st.sampled_from(['"', "\\", '\\"', '"\\"', "[", "{"])


@given(st.lists(tricky_terms, unique=True, min_size=1))
def test_no_lexicon_is_taken_for_a_bomb(terms):
    data, brackets = canonical_json([{"a": terms}]), sum(map(len, terms))
    most = patch.object(format_room, "MOST_TERMS", len(terms))
    with most, patch.object(bounds, "_MOST_CONTAINERS", brackets + 3):
        assert format_room._lexicons(data) == [{"a": terms}]


grams = unicode_text.filter(lambda gram: "\n" not in gram)


@given(st.lists(st.lists(grams, max_size=5), max_size=4))
def test_lines_come_back_as_the_vocabularies_that_they_were(blocks):
    data = "".join(f"{gram}\n" for block in blocks for gram in block).encode("utf-8", "surrogatepass")
    entries = [{"kind": "word", "ngrams": [1, 1], "columns": len(block)} for block in blocks]
    found = format_room._vocabularies(data, entries)
    assert [vocabulary.grams for vocabulary, _ in found] == list(map(tuple, blocks))


@pytest.mark.parametrize("columns", [2, 4, -3, "3", 3.0, None, True])
def test_a_vocabulary_of_other_columns_is_refused(model, columns):
    resigned(model, lambda manifest: manifest["blocks"][0].update(columns=columns))
    with pytest.raises(
        ArtifactError, match=r"'vocabulary.txt' does not hold the n-grams|counts other n-grams"
    ):
        read_model(model)


def test_no_table_is_made_for_n_grams_that_have_no_numbers(model, monkeypatch):
    (model / "vocabulary.txt").write_bytes(b"\n" * 10**6)
    resigned(model, lambda manifest: manifest["blocks"][0].update(columns=10**6))
    monkeypatch.setattr(format_room, "counter", None)
    with pytest.raises(ArtifactError, match="counts other n-grams than there are numbers for"):
        read_model(model)


@pytest.mark.parametrize("texts", [4, -1, "7", None, 2**63])
def test_document_frequencies_above_the_number_of_texts_are_refused(model, texts):
    resigned(model, lambda manifest: manifest["blocks"][0].update(texts=texts))
    with pytest.raises(ArtifactError, match="an n-gram stands in more texts than there were"):
        read_model(model)


def test_no_more_memory_is_set_aside_than_the_files_need(model):
    tracemalloc.start()
    read_model(model)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20e6


# -- the written format -----------------------------------------------------------------------------------


BAD_RATES = ["often", ["fires"], {"floods": 0.5}, *({"fires": bad} for bad in (2, -0.1, "0.5", True, None))]


@pytest.mark.parametrize("rates", BAD_RATES, ids=str)
def test_rates_that_are_no_shares_of_topics_are_refused(model, rates):
    manifest = json.loads((model / MANIFEST).read_bytes())
    topic = manifest["topics"][0]
    if isinstance(rates, dict) and "fires" in rates:
        rates = {topic: rates["fires"]}
    resigned(model, lambda manifest: manifest.update(assumed_rates=rates))
    with pytest.raises(ArtifactError, match="'assumed_rates' must give"):
        read_model(model)


def test_a_model_without_rates_is_what_it_was(model):
    manifest = json.loads((model / MANIFEST).read_bytes())
    assert "assumed_rates" not in manifest
    assert read_model(model).assumed_rates == {}


def test_the_page_on_the_format_names_every_key_tensor_and_file(small):
    import trainer.registry

    page = (Path(trainer.registry.__file__).parent / "FORMAT.md").read_text(encoding="utf-8")
    manifest = json.loads((small.path / MANIFEST).read_bytes())
    named = set(re.findall(r"`([a-z_.]+)`", page))
    assert set(manifest) <= named
    tensors = {re.sub(r"\d+$", "i", key) for key in manifest["tensors"]}
    assert tensors <= named
    for file in (MANIFEST, *FILES):
        assert f"    {file} " in page


def test_the_page_on_the_format_names_every_key_of_the_metrics(small):
    import trainer.registry
    from trainer.model.choosing import SearchResult, Trial

    page = (Path(trainer.registry.__file__).parent / "FORMAT.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(\w+)`", page.split("## metrics.json")[1].split("\n## ")[0]))
    search = SearchResult((Trial((1, 2), None, "none", 1.0, 3, (0.5, 0.5), 1.0),), ()).to_dict()
    metrics = json.loads((small.path / "metrics.json").read_bytes())
    assert {*metrics, "search", *search, *search["trials"][0]} <= named
