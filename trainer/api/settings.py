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
