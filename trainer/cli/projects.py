"""``trainer init`` and ``trainer topics add|list``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from trainer import api
from trainer.cli.options import Artifacts, AsJson, ConfigFile, Strict
from trainer.cli.render import console, print_json, safe, say, table, with_config
from trainer.config import load_config
from trainer.config.projects import add_topic, init_project
from trainer.errors import NotFoundError

app = typer.Typer(
    help="The topics of a project: those there are, and one more.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


def init(
    folder: Annotated[str, typer.Argument(metavar="DIR", help="Where the project is to be.")] = ".",
    topics: Annotated[
        str,
        typer.Option("--topics", metavar="NAME,NAME", help="Start with these instead of the shipped ones."),
    ] = "",
    strict: Strict = False,
) -> None:
    """Start a project: a config of your own, a place for what people decide, a page on how to go on."""
    names = [name.strip() for name in topics.split(",") if name.strip()]
    for path in init_project(Path(folder), names):
        typer.echo(f"wrote {safe(path)}")
    where = "" if folder == "." else f"`cd {safe(folder)}`, then "
    say(f"next: {where}`trainer predict FOLDER --documents --out tags.csv`, or `trainer topics add NAME`")


@app.command()
def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="As in rare_earths.")],
    title: Annotated[str, typer.Option("--title", metavar="TEXT", help="What people call it.")] = "",
    definition: Annotated[
        str,
        typer.Option(
            "--definition", metavar="TEXT", help="What a sentence on it says, and what does not count."
        ),
    ] = "",
    term: Annotated[
        list[str] | None,
        typer.Option("--term", metavar="TEXT", help="What speaks for it, as in neodymium. Repeatable."),
    ] = None,
    config: ConfigFile = None,
    strict: Strict = False,
) -> None:
    """Add a topic to your config: definition, rule and lexicon, to be filled in. Nothing else is touched.

    Sentences that were labelled before are unknown for it, until somebody judges them.
    """
    file = add_topic(name, config, title=title, definition=definition, terms=term or ())
    typer.echo(f"added {name} to {safe(file)}")
    say(
        "next: fill in what is marked FILL IN, then "
        + with_config("trainer build FOLDER", config)
        + f", `trainer corpus export --to-label 200 --topic {name} --out {name}.xlsx` and `trainer fit`"
    )


@app.command("list")
def list_(
    config: ConfigFile = None,
    artifacts: Artifacts = None,
    as_json: AsJson = False,
    strict: Strict = False,
) -> None:
    """List the topics, and how much of the newest corpus speaks of each."""
    settings = load_config(config)
    try:
        manifest: Mapping[str, Any] = api.open_corpus(name=settings.name, root=artifacts).manifest
    except NotFoundError:
        manifest = {"labels": {}, "gold": {}}
    found = [
        {
            "name": topic.name,
            "title": topic.title,
            "rules": len(topic.rules),
            "labels": manifest["labels"].get(topic.name),
            "yes_by_people": manifest["gold"].get(topic.name),
        }
        for topic in settings.topics
    ]
    if as_json:
        print_json(found)
        return
    rows = []
    for row in found:
        counts = row["labels"] or {}
        numbers = [counts.get("yes"), row["yes_by_people"], counts.get("no"), counts.get("unknown")]
        told = ["" if n is None else f"{n:,}" for n in numbers]
        rows.append([row["name"], row["title"], str(row["rules"]), *told])
    columns = ["topic", "title", "rules", "yes", "by people", "no", "not judged"]
    console().print(table("", columns, rows))
