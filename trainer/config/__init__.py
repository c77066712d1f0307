"""The settings: one schema, read from TOML, with every key checked.

A config file names the topics and may set anything in `trainer.config.schema`; what it leaves out has the
default given there. The file that ships is ``configs/topics.toml``.
"""

from trainer.config.load import (
    config_from_dict,
    find_config,
    init_config,
    json_schema,
    labels_folder,
    load_config,
    shipped_folder,
)
from trainer.config.schema import (
    Build,
    Calibration,
    Classifier,
    Config,
    Features,
    Lexicon,
    Objective,
    Rule,
    Search,
    Split,
    Thresholds,
    Topic,
    TopicObjective,
)

__all__ = [
    "Build",
    "Calibration",
    "Classifier",
    "Config",
    "Features",
    "Lexicon",
    "Objective",
    "Rule",
    "Search",
    "Split",
    "Thresholds",
    "Topic",
    "TopicObjective",
    "config_from_dict",
    "find_config",
    "init_config",
    "json_schema",
    "labels_folder",
    "load_config",
    "shipped_folder",
]
