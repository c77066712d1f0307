"""The command `trainer`: its groups, and how an error ends it."""

from __future__ import annotations

import signal
import sys
import warnings
from io import TextIOWrapper
from typing import Annotated, Any, TextIO

import typer
from typer.core import TyperGroup

from trainer import __version__
from trainer.cli.commands import COMMANDS, Later
from trainer.cli.render import say, say_error
from trainer.errors import TrainerError, TrainerWarning


class _Group(TyperGroup):
    """Knows the commands, and turns this package's errors into one message and a documented exit code."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands = {name: Later(name, *about) for name, about in COMMANDS.items()}

    def invoke(self, ctx: Any) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("always", TrainerWarning)
            warnings.showwarning = _show_warning
            try:
                return super().invoke(ctx)
            except TrainerError as error:
                say_error(error)
                raise SystemExit(error.exit_code) from None
            except TrainerWarning as warning:  # --strict
                say(f"error: {warning} (a warning, and --strict was given)")
                raise SystemExit(4) from None
            except KeyboardInterrupt:
                say("interrupted; nothing was published")
                raise SystemExit(130) from None
            except BrokenPipeError:
                # Whoever read our output has gone: that is how `| head` ends, and not an error.
                sys.stdout = None
                raise SystemExit(0) from None
            except OSError as error:  # a full disk, a folder where a file should be: no fault of the code
                say(f"error: {error.filename or 'input or output'}: {error.strerror or error}")
                if sys.stdout and not _flushed(sys.stdout):
                    sys.stdout = None  # nothing more will go out, and the end must not try again
                raise SystemExit(1) from None


class _Interrupted(KeyboardInterrupt):
    """Somebody pressed Ctrl-C.

    Python takes note of a plain `KeyboardInterrupt` that leaves an ``exec``, by which dataclasses are made,
    and at its end dies of the signal, whatever exit code was asked for.
    """


def _interrupt(*_: object) -> None:
    raise _Interrupted


def _flushed(stream: TextIO) -> bool:
    try:
        stream.flush()
    except OSError:
        return False
    return True


def _show_warning(message: Warning | str, category: type[Warning], *rest: Any, **more: Any) -> None:
    if issubclass(category, TrainerWarning):
        say(f"warning: {message}")


app = typer.Typer(
    name="trainer",
    cls=_Group,
    help="Turn a pile of documents into a topic tagger for sentences, and keep every step accountable.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 fine, 1 unexpected, 2 usage, 3 gate failed, 4 bad data or config, "
    "5 leakage refused, 6 not found, 7 damaged artifact, 130 interrupted.",
)


def _version(asked: bool) -> None:
    if asked:
        from trainer.engine import engine

        typer.echo(f"trainer {__version__} (engine: {engine()})")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_version, is_eager=True, help="Print version and engine, and leave."
        ),
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # others' scripts read UTF-8, whatever the locale
            stream.reconfigure(encoding="utf-8")
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # a job in the background ignores it
        signal.signal(signal.SIGINT, _interrupt)
    app()
