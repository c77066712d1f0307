"""A corpus as a project of a labelling tool: Label Studio and Argilla.

Both ask one question a topic, so that "not judged" stays apart from "no". What people said comes as theirs,
what rules said as a proposal that names them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from trainer.corpus.labels import HUMAN
from trainer.corpus.rules import SILENCE
from trainer.corpus.store import Corpus
from trainer.errors import UsageError
from trainer.escapes import safe
from trainer.records import Vote

_Row = Mapping[str, Any]
_TEXT = "Sentence"  # names of topics are lower case: it is none of them
_LONGEST_AGENT, _LONGEST_TITLE, _LONGEST_GUIDE = 200, 500, 1000  # what Argilla's server takes
_ANSWERS = ("yes", "no", "unknown")


def label_studio_project(corpus: Corpus, target: Path, rows: Iterable[tuple[_Row, list[Vote]]]) -> None:
    """Write ``tasks.json`` to import and ``labels.xml``, the labelling config that it needs.

    A gold sentence has one annotation a person, a silver one a prediction whose ``model_version`` names the
    rules that fired. Who judged stands in ``meta`` of each answer, as ids of accounts are the server's own.

    References
    ----------
    https://labelstud.io/guide/task_format, https://labelstud.io/guide/predictions
    """
    target.mkdir()
    (target / "labels.xml").write_bytes(_label_config(corpus))
    _write_list(target / "tasks.json", (_task(row, votes) for row, votes in rows))


def argilla_project(corpus: Corpus, target: Path, rows: Iterable[tuple[_Row, list[Vote]]]) -> None:
    """Write a folder for ``argilla.Dataset.from_disk``.

    Answers are suggestions, of type "human" or "model", whose agent is who said so: a response would need
    the id of an account of the server.

    References
    ----------
    https://docs.argilla.io/latest/how_to_guides/import_export/
    """
    if "text" in corpus.topics:
        raise UsageError("topic 'text' has the name of the field that holds the sentence")
    (target / ".argilla").mkdir(parents=True)
    name = f"{corpus.name}-{corpus.version}"
    (target / ".argilla" / "dataset.json").write_text(_ascii({"name": name}), encoding="ascii")
    (target / ".argilla" / "settings.json").write_text(_ascii(_settings(corpus)), encoding="ascii")
    _write_list(target / "records.json", (_record(row, votes) for row, votes in rows))


def _label_config(corpus: Corpus) -> bytes:
    view = ET.Element("View")
    ET.SubElement(view, "Text", name=_TEXT, value="$text", valueType="text")
    for name, title, _ in _topics(corpus):
        ET.SubElement(view, "Header", value=title, size="5")
        asked = ET.SubElement(
            view, "Choices", name=name, toName=_TEXT, choice="single-radio", showInline="true"
        )
        for answer in ("yes", "no"):
            ET.SubElement(asked, "Choice", value=answer)
    ET.indent(view)
    return bytes(ET.tostring(view, encoding="utf-8")) + b"\n"


def _task(row: _Row, votes: Sequence[Vote]) -> dict[str, Any]:
    data = {key: value for key, value in row.items() if key != "labels"}
    people = [vote for vote in votes if vote.author.startswith(HUMAN)]
    if people:
        authors = dict.fromkeys(vote.author for vote in people)
        answers = [
            {v.topic: (v.answer, v.author) for v in people if v.author == author} for author in authors
        ]
        annotations = [{"result": _results(given), "was_cancelled": False} for given in answers]
        return {"data": data, "annotations": annotations, "predictions": []}
    known = {topic: label for topic, label in row["labels"].items() if label != "unknown"}
    given = {topic: (label, _voices(votes, topic, label)) for topic, label in known.items()}
    fired = "; ".join(sorted({vote.author for vote in votes})) or SILENCE
    return {
        "data": data,
        "annotations": [],
        "predictions": [{"model_version": fired, "result": _results(given)}],
    }


def _results(given: Mapping[str, tuple[str, str]]) -> list[dict[str, Any]]:
    return [
        {
            "id": topic,
            "from_name": topic,
            "to_name": _TEXT,
            "type": "choices",
            "value": {"choices": [answer]},
            "meta": {"text": [author]},
        }
        for topic, (answer, author) in given.items()
    ]


def _settings(corpus: Corpus) -> dict[str, Any]:
    options = [{"value": answer, "text": answer, "description": None} for answer in _ANSWERS]
    questions = [
        {
            "name": name,
            "title": title[:_LONGEST_TITLE],
            "description": meaning[:_LONGEST_GUIDE] or None,
            "required": True,
            "settings": {"type": "label_selection", "options": options, "visible_options": len(options)},
        }
        for name, title, meaning in _topics(corpus)
    ]
    field = {"name": "text", "title": "Sentence", "required": True, "settings": {"type": "text"}}
    about = [
        {"name": key, "title": key, "settings": {"type": "terms"}} for key in ("split", "origin", "source")
    ]
    return {
        "guidelines": "Which topics does the sentence touch? Say unknown where you did not look.",
        "questions": questions,
        "fields": [field],
        "vectors": [],
        "metadata": about,
        "allow_extra_metadata": True,
        "distribution": {"strategy": "overlap", "min_submitted": 1},
        "mapping": None,
    }


def _record(row: _Row, votes: Sequence[Vote]) -> dict[str, Any]:
    people = row["origin"] == "gold"
    suggestions = {
        topic: {
            "value": label,
            "score": None,
            "agent": _agent(_voices(votes, topic, label)),
            "type": "human" if people else "model",
        }
        for topic, label in row["labels"].items()
    }
    about = {
        key: value for key, value in row.items() if key not in ("id", "text", "labels") and value is not None
    }
    return {
        "id": row["id"],
        "fields": {"text": row["text"]},
        "metadata": about,
        "suggestions": suggestions,
        "responses": {},
        "vectors": {},
    }


def _voices(votes: Sequence[Vote], topic: str, label: str) -> str:
    """Return who gave a topic its label: people where there are any, else the rules, else nobody."""
    mine = [vote for vote in votes if vote.topic == topic]
    people = [vote for vote in mine if vote.author.startswith(HUMAN)]
    chosen = [vote for vote in (people or mine) if label in (vote.answer, "unknown")]
    return "; ".join(dict.fromkeys(vote.author for vote in chosen)) or SILENCE


def _agent(voices: str) -> str:
    """Return the name of an agent as Argilla's server takes it."""
    name = re.sub(r"[^a-zA-Z0-9_:./\s-]", "_", voices)[:_LONGEST_AGENT]
    return name if re.search("[a-zA-Z0-9]", name) else SILENCE


def _topics(corpus: Corpus) -> Iterator[tuple[str, str, str]]:
    """Yield name, title and definition of each topic, as text that acts on nothing."""
    for topic in corpus.manifest["config"]["topics"]:
        title, meaning = (safe(" ".join(topic[key].split())) for key in ("title", "definition"))
        yield topic["name"], title or topic["name"], meaning


def _ascii(value: Any) -> str:
    # Argilla reads with the encoding of the locale: nothing but ASCII is the same in all of them.
    return json.dumps(value, allow_nan=False).replace("\x7f", r"\u007f")


def _write_list(path: Path, items: Iterable[Mapping[str, Any]]) -> None:
    """Write a JSON list, an item at a time."""
    with path.open("w", encoding="ascii", newline="\n") as file:
        file.write("[")
        for number, item in enumerate(items):
            file.write((",\n" if number else "\n") + _ascii(item))
        file.write("\n]\n")
