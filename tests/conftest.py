"""Fixtures that several test files share."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from registering import written

import trainer
from trainer.api import FitResult
from trainer.config import Config, config_from_dict, load_config
from trainer.corpus.store import Corpus

# No test depends on the clock, and the same commit gives the same result; to look for more, run
# `pytest --hypothesis-profile searching`.
settings.register_profile("searching", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("repeatable", settings.get_profile("searching"), derandomize=True, database=None)
settings.load_profile("repeatable")

SMALL_CONFIG = """
name = "small"

[build]
starter = false

[features]
char_ngrams = [2, 3]

[thresholds]
folds = 2

[[topics]]
name = "lighthouses"
title = "Lighthouses"
definition = "Towers with a lamp that warn ships, and the people who keep them."

[[topics.rules]]
name = "words"
match = ['lighthouses?', 'lamp room']

[[topics]]
name = "volcanoes"
title = "Volcanoes"
definition = "Mountains that throw out lava and ash."

[[topics.rules]]
name = "words"
match = ['volcano(?:es)?', 'lava']
"""

_PLACES = ("Orra", "Venn", "Tildas", "Mukko", "Besh", "Calder", "Dunmor", "Eskil", "Farrow", "Gant")
_TEXTS = {
    ("lighthouses",): (
        "The lighthouse at {0} lost its great lamp in a storm {1} winters ago.",
        "Keepers near {0} climb the tower every dusk and trim {1} wicks by hand.",
    ),
    ("volcanoes",): (
        "A volcano above {0} coughed up ash for {1} days without a pause.",
        "Red rock poured down the slope of {0} and swallowed {1} barns.",
    ),
    ("lighthouses", "volcanoes"): (
        "From the lamp room the crew of {0} watched lava reach the harbour in {1} hours.",
    ),
    (): (
        "The bakery in {0} sold {1} loaves before the church bell rang.",
        "Nobody at the {0} chess club could name {1} openings.",
        "Rain kept {1} cyclists from reaching {0} on Sunday.",
    ),
}


def small_rows() -> list[dict[str, object]]:
    """Return made-up labelled sentences: two topics, both together, and neither."""
    rows: list[dict[str, object]] = []
    for labels, templates in _TEXTS.items():
        for template in templates:
            for number, place in enumerate(_PLACES, 2):
                row = {"id": f"s{len(rows):03}", "text": template.format(place, number)}
                rows.append({**row, "labels": list(labels), "annotator": "a", "date": "2001-02-03"})
    return rows


@dataclass(frozen=True)
class Small:
    """A small model with all that it was made from."""

    root: Path
    config: Config
    corpus: Corpus
    fit: FitResult

    def __repr__(self) -> str:
        """Return a line: a failure, or a long example, shows the arguments of a test."""
        return f"Small({self.root})"

    @property
    def path(self) -> Path:
        """Folder of the saved model."""
        assert self.fit.path is not None
        return self.fit.path


def write_small_inputs(folder: Path) -> tuple[Path, list[Path]]:
    """Write the small config, a labelled file and a document; return the config and the inputs."""
    folder.mkdir(parents=True, exist_ok=True)
    config, labelled, document = folder / "small.toml", folder / "rows.jsonl", folder / "note.txt"
    config.write_text(SMALL_CONFIG, encoding="utf-8")
    labelled.write_text("".join(json.dumps(row) + "\n" for row in small_rows()), encoding="utf-8")
    document.write_text(
        "An old lighthouse leans over the bay of Orra. The mayor likes soup with barley. "
        "A new volcano rose beside the ferry pier last spring.\n",
        encoding="utf-8",
    )
    return config, [labelled, document]


@pytest.fixture
def python(tmp_path: Path) -> Callable[..., str]:
    """Run code in a fresh process, in an empty folder unless told; return what it printed."""

    def run(code: str, *arguments: str, cwd: Path = tmp_path, **environment: str) -> str:
        done = subprocess.run(  # noqa: S603  (our own interpreter)
            [sys.executable, "-c", code, *arguments],
            cwd=cwd,
            env=os.environ | environment,
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.fixture(scope="session")
def tea_and_rain() -> Config:
    """Two topics with one rule each, for corpora; the starter sentences stay away."""
    rules = {
        "tea": {"name": "words", "match": ["tea", "teapots?"]},
        "rain": {"name": "words", "match": ["rain", "drizzle"], "unless": ["train"]},
    }
    topics = [
        {"name": name, "title": name.title(), "definition": f"About {name}.", "rules": [rule]}
        for name, rule in rules.items()
    ]
    return config_from_dict({"name": "weather", "topics": topics, "build": {"starter": False}})


DAY = "The kettle sang for Ana all day."
TRAIN_TEA = "The train had run out of tea again."


@pytest.fixture(scope="session")
def two_corpora(tmp_path_factory: pytest.TempPathFactory, tea_and_rain: Config) -> tuple[Corpus, Corpus]:
    """Two versions of one corpus, with a change of every kind between them; never to be written into."""
    folder = tmp_path_factory.mktemp("two")
    tea, rain = tea_and_rain.topics
    (rule,) = rain.rules
    drier = rain.model_copy(update={"rules": (rule.model_copy(update={"match": ("drizzle",)}),)})
    later = tea_and_rain.model_copy(update={"topics": (tea, drier)})
    evil = "<script>alert(1)</script> \u202e\x1b[31m said the tea seller of the town."
    before = {
        "a.txt": f"A cup of tea stood on the old table. Some rain fell on the roof. {evil}",
        "b.txt": "Nobody sang in the hall that night. A word on gardens and on lakes.",
    }
    after = {
        "a.txt": f"A new first line stands before all. {before['a.txt']}",
        "c.txt": "This document is new and dry. It has two sentences in it.",
    }
    gold = [
        {"id": "g1", "text": DAY, "labels": [], "annotator": "ana"},
        {
            "id": "g2",
            "text": "The old wording of a sentence stood here",
            "labels": ["rain"],
            "annotator": "ana",
        },
        {"id": "g3", "text": TRAIN_TEA, "labels": ["tea"], "annotator": "ana"},
    ]
    changed = [
        {**gold[0], "labels": ["tea"]},
        {**gold[1], "text": "The new wording of a sentence stands here"},
        {**gold[2], "annotator": "ana"},
        {
            "id": "g4",
            "text": "A cup of tea stood on the old table.",
            "labels": {"tea": "no"},
            "annotator": "ben",
        },
        {"id": "g5", "text": evil, "labels": ["tea"], "annotator": "ben"},
    ]

    def built(config: Config, documents: dict[str, str], rows: list[dict[str, Any]]) -> Corpus:
        for name, text in documents.items():
            (folder / name).write_text(text, encoding="utf-8")
        (folder / "g.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows), encoding="utf-8")
        return trainer.build([folder / name for name in (*documents, "g.jsonl")], config, root=folder / "x")

    return built(tea_and_rain, before, gold), built(later, after, changed)


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Small:
    """A model of two topics, saved as version 1 of `small`; never to be written into."""
    folder = tmp_path_factory.mktemp("small")
    file, inputs = write_small_inputs(folder / "inputs")
    config, root = load_config(file), folder / "artifacts"
    corpus = trainer.build(inputs, config, root=root)
    return Small(root, config, corpus, trainer.fit(corpus, config, root=root))


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """The folder of a model so small that its numbers can be written down."""
    written(tmp_path / "model")
    return tmp_path / "model"


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """The command line, run in this process and in an empty folder; what it does not catch fails the test."""
    from typer.testing import CliRunner

    from trainer.cli import app

    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TRAINER_ARTIFACTS", raising=False)

    def run(*arguments: object, stdin: str | bytes | None = None) -> Any:
        line = [str(argument) for argument in arguments]
        return CliRunner().invoke(app, line, input=stdin, catch_exceptions=False)

    return run


@pytest.fixture
def process(tmp_path: Path) -> Callable[..., subprocess.Popen[bytes]]:
    """The command line as a process of its own in an empty folder, its streams those of a shell pipe."""
    removed = ("TRAINER_ARTIFACTS", "PYTHONUNBUFFERED", "PYTHONIOENCODING", "NO_COLOR", "FORCE_COLOR")
    environment = {key: value for key, value in os.environ.items() if key not in removed}

    def start(*arguments: object, env: dict[str, str] | None = None, **streams: Any) -> Any:
        pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        return subprocess.Popen(  # noqa: S603  (our own interpreter)
            [sys.executable, "-m", "trainer", *map(str, arguments)],
            cwd=tmp_path,
            env={**environment, **(env or {})},
            **{**pipes, **streams},
        )

    return start
