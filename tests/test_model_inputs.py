"""Whatever the user points at is tagged, in order, and what cannot be is listed."""

from __future__ import annotations

import json
from itertools import islice

import pytest

from trainer.errors import NotFoundError, UsageError
from trainer.model.inputs import tag_inputs
from trainer.records import Rejection

LINES = ["Lava met the sea at Besh.", "The bakery sold out by nine.", "A lamp room needs dusting."]


def tag(small, *inputs, **options):
    """Return what was tagged and what was refused."""
    rejected: list[Rejection] = []
    return list(tag_inputs(small.fit.model, inputs, rejected=rejected, **options)), rejected


def jsonl(folder, rows):
    path = folder / "rows.jsonl"
    path.write_text("".join(row if isinstance(row, str) else json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


@pytest.mark.parametrize("text", ["Lava met the sea at Besh.", "", "Two of them. Not one."])
def test_a_text_is_tagged_whole(small, text):
    found, rejected = tag(small, text=text)
    assert [f.prediction for f in found] == [small.fit.model.predict(text)]
    assert "doc_id" not in found[0].to_dict()
    assert rejected == []


def test_a_text_is_cut_into_sentences_on_demand(small):
    text = "Lava met the sea at Besh. The bakery sold out by nine."
    found, _ = tag(small, text=text, documents=True)
    assert [(f.start, f.end) for f in found] == [(0, 25), (26, 54)]
    assert [f.prediction for f in found] == small.fit.model.predict([text[:25], text[26:]])


def test_the_lines_of_a_text_file_are_texts(small, tmp_path):
    path = tmp_path / "lines.txt"
    path.write_text("\n".join(LINES) + "\n", encoding="utf-8")
    found, rejected = tag(small, path)
    assert [f.prediction for f in found] == small.fit.model.predict(LINES)
    assert rejected == []


def test_documents_of_a_file_have_places_in_their_own_text(small, tmp_path):
    texts = {"d1": "Lava met the sea. The bakery sold out.", "d2": "A lamp room needs dusting."}
    path = jsonl(tmp_path, [{"id": key, "text": text} for key, text in texts.items()])
    found, _ = tag(small, path, documents=True)
    assert [f.doc_id for f in found] == ["d1", "d1", "d2"]
    assert all(texts[f.doc_id][f.start : f.end] == f.prediction.text for f in found)


def test_labels_in_the_rows_are_passed_over(small, tmp_path):
    rows = [{"id": str(i), "text": text} for i, text in enumerate(LINES)]
    (tmp_path / "a").mkdir()
    bare = tag(small, jsonl(tmp_path / "a", rows))[0]
    labelled = tag(small, jsonl(tmp_path, [{**row, "labels": ["volcanoes"]} for row in rows]))[0]
    assert [f.prediction for f in bare] == [f.prediction for f in labelled] == small.fit.model.predict(LINES)


def test_a_bad_row_in_the_middle_is_listed_and_the_rest_is_tagged(small, tmp_path):
    path = jsonl(tmp_path, [{"text": LINES[0]}, '{"text": "Lava\n', {"text": LINES[2]}])
    found, rejected = tag(small, path)
    assert [f.prediction.text for f in found] == [LINES[0], LINES[2]]
    assert [r.at for r in rejected] == [f"{path}:2"]


def test_more_rows_than_a_batch_stay_in_order(small, tmp_path):
    lines = [f"Barn {i} met lava." for i in range(600)]
    found, _ = tag(small, jsonl(tmp_path, [{"text": line} for line in lines]))
    assert [f.prediction for f in found] == small.fit.model.predict(lines)


def test_few_rows_are_read_ahead(small, tmp_path):
    path = jsonl(tmp_path, [{"text": f"Barn {i} met lava."} for i in range(1_000)] + ["not json\n"])
    told: list[int] = []
    found = tag_inputs(small.fit.model, [path], rejected=[], progress=lambda _, done, __: told.append(done))
    assert told == []
    list(islice(found, 500))
    assert 0 < max(told) < 0.6 * path.stat().st_size
    list(found)
    assert max(told) == path.stat().st_size


@pytest.mark.parametrize("given", [{}, {"inputs": ["a.txt"], "text": "Lava."}])
def test_inputs_or_a_text_are_wanted_and_not_both(small, given):
    with pytest.raises(UsageError, match="one of them"):
        next(tag_inputs(small.fit.model, rejected=[], **given))


def test_a_missing_file_is_named(small, tmp_path):
    with pytest.raises(NotFoundError, match="nowhere"):
        tag(small, tmp_path / "nowhere.txt")
