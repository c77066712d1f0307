"""``trainer config schema|show|init``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from trainer.cli.options import ConfigFile, Overrides, Strict
from trainer.cli.render import print_json, say
from trainer.config import find_config, init_config, json_schema, load_config

app = typer.Typer(
    help="The settings: their schema, their values, a copy to edit.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command()
def schema(strict: Strict = False) -> None:
    """Print the JSON Schema of a config file."""
    typer.echo(json_schema(), nl=False)


@app.command()
def show(config: ConfigFile = None, set_: Overrides = None, strict: Strict = False) -> None:
    """Print every setting in force, as JSON."""
    settings = load_config(config, set_ or ())
    say(f"config: {find_config(config)}")
    print_json(settings.model_dump(mode="json"))


@app.command()
def init(
    folder: Annotated[
        str, typer.Argument(metavar="FOLDER", help="Where to write topics.toml and its schema.")
    ] = "configs",
    strict: Strict = False,
) -> None:
    """Write an editable copy of the shipped config, with a schema for editors."""
    written = init_config(Path(folder))
    say(f"wrote {written} and its schema beside it")
    say("next: edit the topics and rules, then `trainer build` and `trainer fit`")
