"""The second example: topics that have nothing to do with the shipped ones, through the same commands."""

from __future__ import annotations

import json

from trainer.config import load_config, shipped_folder

EXAMPLE = shipped_folder() / "example"
TEXTS = {
    "The cycle lane is flooded again.": {"water", "cycling"},
    "Police caught a bike thief at the station.": {"cycling"},
    "Twelve new homes on Marsh Lane were approved.": {"housing"},
    "The housing of the clock was polished.": set(),
}


def test_it_builds_fits_and_tags(cli):
    config = str(EXAMPLE / "topics.toml")
    built = cli("build", "--config", config, "--labels", str(EXAMPLE / "sentences.jsonl"), "--json")
    corpus = json.loads(built.stdout)
    assert corpus["sentences"] >= 150
    assert corpus["rejected"] == {}
    assert set(corpus["labels"]) == set(load_config(config).topic_names)
    assert cli("fit", "--config", config, "--json").exit_code == 0
    for text, topics in TEXTS.items():
        found = cli("predict", "--config", config, "--text", text)
        assert set(json.loads(found.stdout)["labels"]) == topics, text
