from __future__ import annotations

import json
import os
import random
import signal
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from building import SENTENCES, records
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer.corpus.build import build_corpus
from trainer.corpus.cutting import batches, parallel
from trainer.corpus.cutting.batches import batched
from trainer.corpus.cutting.cache import TableCache
from trainer.corpus.cutting.cut import rules_of, sentence_table
from trainer.corpus.cutting.parallel import cut_batches
from trainer.corpus.seal import SEAL
from trainer.errors import TrainerError
from trainer.records import Document

SETTINGS = "0" * 64


def documents(n):
    draw = random.Random(3)
    return [
        Document(f"d{i}", " ".join([f"Cup {i} of tea.", *draw.choices(SENTENCES, k=3)])) for i in range(n)
    ]


def patched(patch, mean, worth=10**12):
    """Make batches of this mean size; start processes for so many characters."""
    patch.setattr(batches, "MEAN_SIZE", mean)
    patch.setattr(batches, "LARGEST", 4 * mean)
    patch.setattr(parallel, "_WORTH_PROCESSES", worth)


@pytest.fixture
def cutting(monkeypatch, tmp_path, tea_and_rain):
    """Cut documents in small batches in this process; return what came out and which batches were cut."""
    patched(monkeypatch, 300)
    cut = parallel.cut_batch
    seen = []

    def counting(batch, config, target):
        seen.append(batch.key)
        cut(batch, config, target)

    monkeypatch.setattr(parallel, "cut_batch", counting)
    cache = TableCache(tmp_path / "cache")

    def run(items):
        seen.clear()
        return list(cut_batches(batched(items, SETTINGS), tea_and_rain, cache)), list(seen)

    run.cache = cache
    return run


def expected(items, config):
    several = list(batched(items, SETTINGS))
    return [(b.key, sentence_table(b, rules_of(config), config.build.min_words)) for b in several]


def test_tables_come_in_the_order_of_their_batches(cutting, tea_and_rain):
    items = documents(90)
    found, cut = cutting(items)
    assert len(found) > 2 * parallel._AHEAD
    assert found == expected(items, tea_and_rain)
    assert cut == [key for key, _ in found]


def test_what_was_cut_is_not_cut_again_and_one_change_cuts_one_batch(cutting, tea_and_rain):
    items = documents(90)
    first, _ = cutting(items)
    again, cut = cutting(items)
    assert (again, cut) == (first, [])
    items[30] = Document("d30", items[30].text.replace("Cup", "Pot"))
    after, cut = cutting(items)
    assert cut == [key for key, _ in after if key not in dict(first)]
    assert len(cut) == 1
    assert after == expected(items, tea_and_rain)


def test_a_damaged_table_is_cut_again_and_no_other(cutting):
    items = documents(90)
    found, _ = cutting(items)
    key = found[7][0]
    cutting.cache.path(key).write_bytes(b"\0" * 500)
    assert cutting(items) == (found, [key])


def test_batches_that_are_alike_are_cut_once(cutting, monkeypatch):
    monkeypatch.setattr(batches, "LARGEST", 1)
    document = Document("d1", "Hot tea helps us.")
    found, cut = cutting([document, document, document])
    assert len(found) == 3
    assert len(cut) == 1
    assert found[0] == found[1] == found[2]


def test_a_batch_without_sentences_has_an_empty_table(cutting):
    for cut in (1, 0):
        found, seen = cutting([Document("d1", "No!")])
        assert [len(table) for _, table in found] == [0]
        assert len(seen) == cut
    assert cutting([]) == ([], [])


def test_records_are_read_only_a_little_ahead(cutting, monkeypatch):
    read = []

    def reading():
        for document in documents(400):
            read.append(document)
            yield document

    monkeypatch.setattr("joblib.cpu_count", lambda: 1)
    tables = cut_batches(batched(reading(), SETTINGS), None, cutting.cache)
    with pytest.raises(AttributeError):  # there is no config: the first batch cannot be cut
        next(tables)
    assert sum(len(document.text) for document in read) < 4 * 300 * (parallel._AHEAD + 1)


def test_a_table_that_vanishes_is_a_clear_error(cutting, monkeypatch):
    monkeypatch.setattr(parallel, "cut_batch", lambda *_: None)
    with pytest.raises(TrainerError, match="Run the same command again"):
        cutting(documents(3))


# -- processes --------------------------------------------------------------------------------------------


def test_large_work_goes_to_processes_and_comes_back_the_same(tmp_path, tea_and_rain, monkeypatch):
    patched(monkeypatch, 300, worth=1)
    items, cache = documents(30), TableCache(tmp_path)
    monkeypatch.setattr(parallel, "cut_batch", None)  # here: elsewhere it is what it was
    assert list(cut_batches(batched(items, SETTINGS), tea_and_rain, cache)) == expected(items, tea_and_rain)


def test_small_work_stays_in_this_process(tmp_path, tea_and_rain, monkeypatch):
    monkeypatch.setattr(parallel, "_cut_away_from", None)
    items = documents(30)
    found = list(cut_batches(batched(items, SETTINGS), tea_and_rain, TableCache(tmp_path)))
    assert found == expected(items, tea_and_rain)


@pytest.mark.parametrize(
    ("happens", "raised", "said"),
    [
        ("os._exit(3)", TrainerError, r"a process that cuts sentences died.*\nRun the same command again"),
        ("os.kill(os.getpid(), 9)", TrainerError, r"killed or out of memory"),
        ("raise ValueError('not this one')", ValueError, "not this one"),
        ("raise OSError(28, 'full')", OSError, "full"),
    ],
)
def test_a_process_that_dies_or_fails_is_an_error_and_no_hang(
    tmp_path, tea_and_rain, monkeypatch, happens, raised, said
):
    patched(monkeypatch, 300, worth=1)
    cut = parallel._cut_away_from

    def failing(caller, batch, config, target):
        if any(record.id == "d20" for record in batch.records):
            assert os.getpid() != caller
            exec(happens, {"os": os})  # noqa: S102  (written above)
        cut(caller, batch, config, target)

    monkeypatch.setattr(parallel, "_cut_away_from", failing)
    items, cache = documents(30), TableCache(tmp_path)
    with pytest.raises(raised, match=said):
        list(cut_batches(batched(items, SETTINGS), tea_and_rain, cache))
    # And the next build is well.
    monkeypatch.setattr(parallel, "_cut_away_from", cut)
    assert list(cut_batches(batched(items, SETTINGS), tea_and_rain, cache)) == expected(items, tea_and_rain)


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is not a signal of the group there")
def test_only_another_process_leaves_ctrl_c_to_its_caller(tmp_path, tea_and_rain, monkeypatch):
    asked = []
    monkeypatch.setattr(signal, "signal", lambda *args: asked.append(args))
    (batch,) = batched(documents(1), SETTINGS)
    parallel._cut_away_from(os.getpid(), batch, tea_and_rain, tmp_path / "a")
    assert asked == []
    parallel._cut_away_from(os.getpid() + 1, batch, tea_and_rain, tmp_path / "b")
    assert asked == [(signal.SIGINT, signal.SIG_IGN)]


# -- whole builds -----------------------------------------------------------------------------------------


def write(folder, items):
    path = Path(folder) / "rows.jsonl"
    rows = [
        {"id": r.id, "text": r.text, **({"labels": r.labels, "annotator": r.author, "doc_id": r.doc_id}
                                        if hasattr(r, "labels") else {})}
        for r in items
    ]  # fmt: skip
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return [path]


def unsealed(corpus):
    return {key: value for key, value in corpus.manifest.items() if key not in SEAL}


@settings(max_examples=10)  # each example writes three corpora
@given(records(), st.sampled_from([1, 40, 300]))
@pytest.mark.filterwarnings("ignore::trainer.errors.TrainerWarning")
def test_the_same_bytes_whatever_the_batches_and_the_cache(tea_and_rain, items, mean):
    items = [*items, Document("last", "It rained all day.")]
    with TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        inputs, top = write(name, items), Path(name)
        one = build_corpus(inputs, tea_and_rain, top / "one")
        patched(patch, mean)
        cold = build_corpus(inputs, tea_and_rain, top / "two")
        (top / "three").mkdir()
        (top / "two" / ".cache").rename(top / "three" / ".cache")
        warm = build_corpus(inputs, tea_and_rain, top / "three")
        for other in (cold, warm):
            assert unsealed(other) == unsealed(one)
            # The pages of other files end elsewhere; what they hold is the same.
            for name in ("conflicts.jsonl", "rejected.jsonl", "README.md"):
                assert (other.path / name).read_bytes() == (one.path / name).read_bytes()
            assert other.rows().equals(one.rows())


def test_processes_give_the_same_corpus(tea_and_rain, tmp_path, monkeypatch):
    inputs = write(tmp_path, documents(40))
    one = build_corpus(inputs, tea_and_rain, tmp_path / "one")
    patched(monkeypatch, 300, worth=1)
    assert unsealed(build_corpus(inputs, tea_and_rain, tmp_path / "two")) == unsealed(one)


def test_an_interrupted_build_goes_on_where_it_stopped(tea_and_rain, tmp_path, monkeypatch):
    inputs = write(tmp_path, documents(90))
    patched(monkeypatch, 300)
    whole = build_corpus(inputs, tea_and_rain, tmp_path / "whole")
    cut, seen = parallel.cut_batch, []

    def stopping(batch, *rest):
        if len(seen) == 5:
            raise KeyboardInterrupt
        seen.append(batch.key)
        cut(batch, *rest)

    def counting(batch, *rest):
        seen.append(batch.key)
        cut(batch, *rest)

    root = tmp_path / "root"
    monkeypatch.setattr(parallel, "cut_batch", stopping)
    with pytest.raises(KeyboardInterrupt):
        build_corpus(inputs, tea_and_rain, root)
    assert not list((root / "corpora").rglob("*.*"))
    monkeypatch.setattr(parallel, "cut_batch", counting)
    corpus = build_corpus(inputs, tea_and_rain, root)
    assert corpus.created
    assert corpus.manifest == whole.manifest
    # No batch twice, and all that the whole build has.
    assert len(seen) == len(set(seen)) == len(list((tmp_path / "whole" / ".cache").rglob("*.table")))


def test_an_unchanged_build_cuts_nothing_and_one_changed_document_one_batch(
    tea_and_rain, tmp_path, monkeypatch
):
    items = documents(200)
    patched(monkeypatch, 1000)
    first = build_corpus(write(tmp_path, items), tea_and_rain, tmp_path / "root")
    cut, seen = parallel.cut_batch, []
    monkeypatch.setattr(
        parallel, "cut_batch", lambda batch, *rest: seen.append(batch.key) or cut(batch, *rest)
    )
    again = build_corpus(write(tmp_path, items), tea_and_rain, tmp_path / "root")
    assert (again.created, again.path, seen) == (False, first.path, [])
    items[100] = Document("d100", items[100].text.replace("Cup", "Jug"))
    changed = build_corpus(write(tmp_path, items), tea_and_rain, tmp_path / "root")
    assert (changed.created, len(seen)) == (True, 1)
    assert (
        changed.fingerprint == build_corpus(write(tmp_path, items), tea_and_rain, tmp_path / "b").fingerprint
    )


def test_a_table_that_goes_missing_while_building_publishes_nothing(tea_and_rain, tmp_path):
    root = tmp_path / "root"

    def remove(stage, *_):
        if stage == "grouping":
            for path in (root / ".cache").rglob("*.table"):
                path.unlink()

    with pytest.raises(TrainerError, match=r"are gone.*\nRun the same command again"):
        build_corpus(write(tmp_path, documents(3)), tea_and_rain, root, progress=remove)
    assert not list((root / "corpora").rglob("*.*"))
    assert build_corpus(write(tmp_path, documents(3)), tea_and_rain, root).created
