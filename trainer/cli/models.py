"""``trainer models list|show|diff|verify|reproduce|promote|rollback|history|prune|gc|export``."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trainer import api
from trainer.cli.options import Artifacts, AsJson, ConfigFile, Overrides, Strict, reference, typed
from trainer.cli.render import console, figure, print_json, progress_bar, safe, say, table
from trainer.config import load_config
from trainer.errors import ArtifactError, TrainerWarning
from trainer.registry.versions import is_path, within

if TYPE_CHECKING:
    from trainer.evaluation.model_diff import Change

_HEAD = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)
"""What a card says to machines."""
_LONGEST_SETTING = 60
"""Characters of a setting that are shown; --json has all."""

app = typer.Typer(help="Saved models.", no_args_is_help=True, rich_markup_mode=None)
Reference = Annotated[
    str | None, typer.Argument(metavar="MODEL", help="name, name@3, name@alias, name@sha256:… or ./folder.")
]


@app.command("list")
def list_(
    config: ConfigFile = None,
    set_: Overrides = None,
    artifacts: Artifacts = None,
    as_json: AsJson = False,
    strict: Strict = False,
) -> None:
    """List the saved models."""
    found = [model.to_dict() for model in api.models(root=artifacts)]
    if as_json:
        print_json(found)
        return
    if not found:
        say("no model yet: `trainer fit` trains one")
        return
    rows = [
        [
            f"{m['name']}@{m['version']}",
            ", ".join(m["aliases"]),
            figure(m["macro_f1"]),
            (m["digest"] or "damaged")[:12],
            m["path"],
        ]
        for m in found
    ]
    console().print(table("", ["model", "aliases", "macro F1", "digest", "path"], rows))


@app.command()
def show(
    model: Reference = None,
    config: ConfigFile = None,
    set_: Overrides = None,
    artifacts: Artifacts = None,
    as_json: AsJson = False,
    strict: Strict = False,
) -> None:
    """Show what a model is: its card, or with --json its manifest and metrics."""
    found = api.find(reference(model, load_config(config, set_ or ()).name), root=artifacts)
    if as_json:
        print_json({**found.to_dict(), "manifest": found.manifest, "metrics": found.metrics})
        return
    for line in _HEAD.sub("", _text_in(found.path, "README.md")).strip().split("\n"):
        console().print(safe(line), soft_wrap=True)
    place = model if model and is_path(model) else f"{found.name}@{found.version}"
    console().print(safe(f'trainer.load("{place}", digest="sha256:{found.digest}")'), soft_wrap=True)


@app.command()
def diff(
    a: Annotated[
        str, typer.Argument(metavar="A", help="The earlier model: a version, or as MODEL elsewhere.")
    ],
    b: Annotated[str, typer.Argument(metavar="B", help="The later one.")],
    topic: Annotated[
        list[str] | None, typer.Option("--topic", "-t", help="Only weights of this topic. Repeatable.")
    ] = None,
    config: ConfigFile = None,
    set_: Overrides = None,
    artifacts: Artifacts = None,
    as_json: AsJson = False,
    strict: Strict = False,
) -> None:
    """Say what differs between two models: settings, corpus, vocabulary, weights, decisions, scores."""
    name = load_config(config, set_ or ()).name
    found = api.diff_models(within(a, name), within(b, name), root=artifacts)
    if as_json:
        print_json(found.to_dict())
        return
    typer.echo(f"{safe(found.a)} -> {safe(found.b)}" + (": the same model" if found.same else ""))
    for title, changes in (
        ("settings", found.settings), ("corpus", found.corpus), ("libraries", found.libraries),
        ("decisions", found.decisions),
        ("scores", [one for one in found.scores if one.what.endswith("f1")]),
    ):  # fmt: skip
        if changes:
            console().print(table(title, ["", "then", "now"], _rows(changes)))
    if found.same:
        return
    rows = [[kind, *(f"{n:,}" for n in counts.values())] for kind, counts in found.vocabulary.items()]
    console().print(table("vocabulary", ["", "in both", "only then", "only now"], rows))
    for name, changes in found.weights.items():
        if changes and (not topic or name in topic):
            alike = found.correlation[name]
            title = f"weights of {name} that moved most" + (f"; correlation {alike:.3f}" if alike else "")
            console().print(table(title, ["", "then", "now"], _rows(changes)))


def _rows(changes: Iterable[Change]) -> list[list[str]]:
    return [[change.what, _told(change.then), _told(change.now)] for change in changes]


def _told(value: Any) -> str:
    if value is None:
        return "none"
    return f"{value:.4g}" if isinstance(value, float) else str(value)[:_LONGEST_SETTING]


def _text_in(folder: Path, name: str) -> str:
    try:
        return (folder / name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ArtifactError(f"'{name}' cannot be read", where=str(folder)) from error


@app.command()
def verify(
    model: Reference = None,
    config: ConfigFile = None,
    set_: Overrides = None,
    artifacts: Artifacts = None,
    as_json: AsJson = False,
    strict: Strict = False,
) -> None:
    """Check every byte of a model, and that it computes what it did when it was saved."""
    found = api.find(reference(model, load_config(config, set_ or ()).name), root=artifacts)
    tagger = api.load(found.path, root=artifacts)
    if as_json:
        print_json(
            {
                "model": str(found.path),
                "version": found.version,
                "digest": tagger.info["digest"],
                "sound": True,
            }
        )
        return
    typer.echo(f"{found.path} is sound: sha256:{tagger.info['digest']}")


@app.command()
def promote(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="name@3 or name@sha256:…")],
    alias: Annotated[str, typer.Option("--alias", help="The alias to move.")] = "production",
    artifacts: Artifacts = None,
    strict: Strict = False,
) -> None:
    """Let an alias stand for a version; `predict` and `eval` take the one called production."""
    moved = api.promote(model, alias=alias, root=artifacts)
    typer.echo(f"{moved.name}@{alias} is version {moved.version}")


@app.command()
def rollback(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the model.")] = "topics",
    alias: Annotated[str, typer.Option("--alias", help="The alias to move back.")] = "production",
    artifacts: Artifacts = None,
    strict: Strict = False,
) -> None:
    """Let an alias stand for what it stood for before."""
    version = api.rollback(name, alias=alias, root=artifacts)
    typer.echo(f"{name}@{alias} is version {version} again")


@app.command()
def history(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the model.")] = "topics",
    alias: Annotated[str, typer.Option("--alias", help="The alias.")] = "production",
    artifacts: Artifacts = None,
    as_json: AsJson = False,
    strict: Strict = False,
) -> None:
    """List what an alias ever stood for, the last move first."""
    moves = api.history(name, alias=alias, root=artifacts)
    if as_json:
        print_json([move._asdict() for move in moves])
        return
    rows = [[move.at, f"{name}@{move.version}" if move.version else "nothing"] for move in moves]
    console().print(table("", ["from (UTC)", f"{alias} was"], rows))


@app.command()
def gc(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="Name of a model; else all.")] = None,
    older_than: Annotated[
        float,
        typer.Option("--older-than", metavar="HOURS", min=0, help="Only what is older."),
    ] = 24.0,
    artifacts: Artifacts = None,
    strict: Strict = False,
) -> None:
    """Remove what killed processes have left behind; versions and what is being published are safe."""
    gone = api.gc(name, older_than=older_than * 3600, root=artifacts)
    typer.echo("\n".join(f"removed {safe(path)}" for path in gone) or "removed nothing")


@app.command()
def prune(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the model.")] = "topics",
    keep: Annotated[int, typer.Option("--keep", metavar="N", min=1, help="How many of the newest stay.")] = 5,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say which would go.")] = False,
    artifacts: Artifacts = None,
    strict: Strict = False,
) -> None:
    """Remove old versions; one that an alias stands for, or would after a rollback, always stays."""
    gone = api.prune(name, keep=keep, dry_run=dry_run, root=artifacts)
    told = ", ".join(f"{name}@{version}" for version in gone) or "nothing"
    typer.echo(f"{'would remove' if dry_run else 'removed'} {told}")


@app.command()
def reproduce(
    model: Reference = None,
    config: ConfigFile = None,
    set_: Overrides = None,
    artifacts: Artifacts = None,
    as_json: AsJson = False,
    strict: Strict = False,
) -> None:
    """Train a model again from its manifest, and compare; exit code 7 where it comes out as another one."""
    wanted = reference(model, load_config(config, set_ or ()).name)
    with progress_bar() as progress:
        found = api.reproduce(wanted, root=artifacts, progress=progress)
    if as_json:
        print_json(found.to_dict())
    elif found.same:
        typer.echo(f"{found.model}@{found.version} comes out the same: sha256:{found.digest}")
    elif found.agrees:
        off = f"within {found.largest_difference:.0e}" if found.largest_difference else "the same"
        typer.echo(
            f"{found.model}@{found.version} comes out with the same vocabulary, and probabilities {off}"
        )
    if found.same:
        return
    told = "; ".join(f"{key} was {then}, is {now}" for key, (then, now) in found.differing.items())
    if found.agrees:
        warnings.warn(f"not every byte is the same: {told}", TrainerWarning, stacklevel=1)
        return
    raise ArtifactError(
        f"{found.model}@{found.version} comes out as another one, sha256:{found.again[:12]}, with "
        f"{'the same' if found.same_vocabulary else 'another'} vocabulary and probabilities up to "
        f"{found.largest_difference:.2g} off: {told}"
    )


@app.command()
def export(
    model: Reference = None,
    format_: Annotated[
        str,
        typer.Option(
            "--format",
            metavar="dir|joblib|wheel",
            help="A folder, a joblib file of a scikit-learn pipeline, or a package that pip installs.",
        ),
    ] = "dir",
    out: Annotated[
        str, typer.Option("--out", metavar="PATH", help="Where to write it; of a wheel the folder will do.")
    ] = "",
    config: ConfigFile = None,
    set_: Overrides = None,
    artifacts: Artifacts = None,
    strict: Strict = False,
) -> None:
    """Take a model elsewhere; the export is checked against the artifact before it is written."""
    found = api.find(reference(model, load_config(config, set_ or ()).name), root=artifacts)
    names = {"joblib": f"{found.name}-{found.version}.joblib", "wheel": "."}
    target = out or names.get(format_, f"{found.name}-{found.version}")
    written = api.export(found.path, target, kind=format_, command=typed(), root=artifacts)
    typer.echo(f"wrote {safe(written.path)} and {safe(written.path)}.run.json")
    if written.installed is not None and written.seconds is not None:
        typer.echo(
            f"installed it takes {written.installed / 1e6:.1f} MB; in a fresh process it was imported, "
            f"loaded and had tagged a text after {1000 * written.seconds:.0f} ms"
        )
