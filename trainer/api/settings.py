"""What several verbs share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trainer.config import Config

DEFAULT_NAME = "topics"


def config_of(config: Config | str | Path | None) -> Config:
    """Return the config that is meant: itself, that of a file, or the one in force."""
    from trainer.config import Config, load_config

    return config if isinstance(config, Config) else load_config(config)


def labels_of(config: Config | str | Path | None) -> Path:
    """Return the folder of what people decided: beside the config."""
    from trainer.config import labels_folder

    return labels_folder(config if isinstance(config, str | Path) else None)
