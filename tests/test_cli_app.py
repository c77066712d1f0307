"""The command `trainer`: its help, its exit codes, its streams, and how it ends when something is wrong."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.main import get_command

import trainer
from trainer import errors
from trainer.cli import app
from trainer.cli.commands import COMMANDS
from trainer.engine import engine

README = Path(__file__).parents[1] / "README.md"
HEAVY = ("sklearn", "datasets", "pandas", "pyarrow", "scipy", "joblib")


def commands(group=None, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], object]]:
    """Yield every command of the live table with the words that call it."""
    for name, called in (group or get_command(app)).commands.items():
        command = getattr(called, "whole", called)
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


ALL = dict(commands())


def test_the_command_table_is_the_documented_one():
    assert {" ".join(words) for words in ALL} >= {
        "build", "fit", "eval", "predict", "explain", "models list", "models show", "models verify",
        "models export", "models promote", "models rollback", "corpus list", "corpus stats", "corpus export",
        "corpus diff", "config schema", "config show", "config init",
    }  # fmt: skip


@pytest.mark.parametrize("words", ALL, ids=" ".join)
def test_every_command_and_every_option_has_help(words, cli):
    command = ALL[words]
    assert command.help, "the command says nothing of itself"
    result = cli(*words, "--help")
    assert result.exit_code == 0
    assert cli(*words, "-h").stdout == result.stdout
    assert command.help.split("\n")[0] in " ".join(result.stdout.split())
    for parameter in command.params:
        assert parameter.help, f"{parameter.name} has no help"


@pytest.mark.parametrize("words", ALL, ids=" ".join)
def test_usage_brackets_an_argument_once(words, cli):
    assert "[[" not in cli(*words, "--help").stdout


@pytest.mark.parametrize("words", ALL, ids=" ".join)
def test_every_command_stands_in_the_readme(words):
    text = README.read_text(encoding="utf-8")
    assert re.search(rf"`?trainer {' '.join(words)}\b", text)


@pytest.mark.parametrize("words", ALL, ids=" ".join)
def test_every_command_takes_strict(words):
    assert "--strict" in {option for parameter in ALL[words].params for option in parameter.opts}


def test_exit_codes_are_those_that_help_and_readme_document(cli):
    codes = {
        errors.TrainerError: (1, "unexpected"),
        errors.UsageError: (2, "usage"),
        errors.GateError: (3, "gate failed"),
        errors.ConfigError: (4, "bad data or config"),
        errors.DataError: (4, "bad data or config"),
        errors.LeakageError: (5, "leakage refused"),
        errors.NotFoundError: (6, "not found"),
        errors.ArtifactError: (7, "damaged artifact"),
    }
    texts = [" ".join(text.split()) for text in (cli("--help").stdout, README.read_text(encoding="utf-8"))]
    for error, (code, meaning) in codes.items():
        assert error.exit_code == code
        assert all(f"{code} {meaning}" in text for text in texts)
    assert all("130 interrupted" in text for text in texts)


def test_the_version_is_the_packages(cli):
    assert cli("--version").stdout == f"trainer {trainer.__version__} (engine: {engine()})\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["prefict"],
        ["predict", "--txet", "a"],
        ["models", "frobnicate"],
        ["models", "promote"],
        ["predict"],
        ["explain"],
        ["predict", "--text", "a", "b.txt"],
        ["predict", "--text", "a", "--format", "xml"],
    ],
    ids=" ".join,
)
def test_a_call_that_makes_no_sense_is_a_usage_error(arguments, cli, tmp_path):
    result = cli(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr
    assert list(tmp_path.iterdir()) == [], "refused before anything was trained or written"


def _loaded(arguments: list[str], names: tuple[str, ...]) -> list[str]:
    """Run the command line in a fresh interpreter; return which of `names` it imported."""
    code = (
        f"import sys, trainer.cli\nsys.argv = ['trainer', *{arguments!r}]\n"
        "try:\n    trainer.cli.main()\nexcept SystemExit as end:\n    assert not end.code, end.code\n"
        f"print('loaded:', *sorted(set({names!r}) & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    return done.stdout.rsplit("loaded:", 1)[1].split()


def test_help_loads_nothing_heavy():
    light = ("numpy", "pydantic", "trainer.config", "trainer.corpus", "trainer.registry", "trainer.api")
    assert _loaded(["--help"], (*HEAVY, *light)) == []
    assert _loaded(["--version"], (*HEAVY, *light[1:])) == []
    assert _loaded(["topics", "--help"], ["trainer.cli.tagging", "trainer.cli.models"]) == []


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_for_what_it_says_before_it_is_imported(name):
    command = get_command(app).commands[name]
    assert command.whole.name in (name, "")  # a group has none of its own
    for width in range(10, 130):
        assert command.get_short_help_str(width) == command.whole.get_short_help_str(width)


def test_options_are_completed_of_commands_that_are_not_imported_yet():
    environment = {
        "_TRAINER_COMPLETE": "complete_bash",
        "COMP_WORDS": "trainer predict --docu",
        "COMP_CWORD": "2",
    }
    run = "import sys, trainer.cli; sys.argv = ['trainer']; trainer.cli.app(prog_name='trainer')"
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", run], capture_output=True, text=True, check=False, env=os.environ | environment
    )
    assert done.stdout.split() == ["--documents"]


def test_predicting_and_listing_load_nothing_heavy(small):
    place = ["--artifacts", str(small.root)]
    assert _loaded(["predict", *place, "--model", "small", "--text", "Lava."], HEAVY) == []
    assert _loaded(["models", "list", *place], HEAVY) == []


def _finish(running: subprocess.Popen[bytes]) -> tuple[int, bytes, bytes]:
    out, err = running.communicate(timeout=60)
    return running.returncode, out, err


@pytest.mark.parametrize(
    "arguments",
    [
        ["predict", "--text", "Lava."],
        ["predict", "--text", "Lava.", "--format", "csv"],
        ["predict", "many.txt"],
        ["explain", "--text", "Lava.", "--json"],
        ["models", "show"],
    ],
    ids=" ".join,
)
def test_a_reader_that_has_gone_is_no_error(arguments, small, process, tmp_path):
    (tmp_path / "many.txt").write_text("The lava cooled again.\n" * 2000, encoding="utf-8")
    model = ["small"] if arguments[0] == "models" else ["--model", "small"]
    read_end, write_end = os.pipe()
    os.close(read_end)
    running = process(*arguments, *model, "--artifacts", small.root, stdout=write_end)
    os.close(write_end)
    code, _, err = _finish(running)
    assert code == 0
    assert b"Traceback" not in err
    assert b"ignored" not in err
    assert b"error" not in err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
@pytest.mark.parametrize("lines", [1, 2000], ids=["one line", "more than a buffer"])
def test_a_full_disk_is_told_in_one_line(lines, small, process, tmp_path):
    (tmp_path / "many.txt").write_text("The lava cooled again.\n" * lines, encoding="utf-8")
    with Path("/dev/full").open("wb") as full:
        running = process("predict", "many.txt", "--model", "small", "--artifacts", small.root, stdout=full)
        code, _, err = _finish(running)
    assert code == 1
    assert err.decode().splitlines()[1:] == ["error: input or output: No space left on device"]


def test_results_are_utf8_whatever_the_locale(small, process):
    text = "Лава río 熔岩 \U0001f30b"
    place = ("--model", "small", "--artifacts", small.root)
    running = process("predict", "--text", text, *place, env={"PYTHONIOENCODING": "ascii"})
    code, out, _ = _finish(running)
    assert code == 0
    assert json.loads(out.decode("utf-8"))["text"] == text


def test_an_interrupted_run_says_so_and_leaves_nothing(small, process, tmp_path):
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background ignores it
    try:
        running = process("predict", "-", "--out", "out.jsonl", "--model", "small", "--artifacts", small.root)
    finally:
        signal.signal(signal.SIGINT, before)
    assert running.stderr.readline().startswith(b"model: ")  # it now waits for standard input
    running.send_signal(signal.SIGINT)
    code, _, err = _finish(running)
    assert code == 130
    assert err.decode().splitlines()[-1].startswith("interrupted")
    assert b"Traceback" not in err
    assert list(tmp_path.iterdir()) == []


def test_an_interrupt_while_code_is_made_ends_with_the_code_for_it(tmp_path):
    lines = (
        "import signal",
        "from trainer.cli import configs, main",
        "signal.signal(signal.SIGINT, signal.default_int_handler)",
        "configs.print_json = lambda *_: exec('signal.raise_signal(signal.SIGINT)')",
        "main()",
    )
    (tmp_path / "pressed.py").write_text("\n".join(lines), encoding="utf-8")
    ended = subprocess.run(
        [sys.executable, "-m", "pressed", "config", "show"],
        cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (ended.returncode, ended.stderr.splitlines()[-1]) == (130, "interrupted; nothing was published")


def test_results_go_to_stdout_and_the_rest_to_stderr_without_a_bar(small, process):
    place = ("--model", "small", "--artifacts", small.root)
    code, out, err = _finish(process("predict", "--text", "Lava.", *place))
    assert code == 0
    assert [set(json.loads(line)) for line in out.splitlines()] == [{"text", "labels", "review", "scores"}]
    assert err.decode().splitlines() == [f"model: {small.path} (version 1)"]


@pytest.mark.parametrize("no_colour", [False, True], ids=["colour", "NO_COLOR"])
def test_colour_is_for_terminals_that_want_it(no_colour, small, process):
    pty = pytest.importorskip("pty", reason="there are no pseudo-terminals here")
    ours, theirs = pty.openpty()
    env = {"TERM": "xterm-256color", **({"NO_COLOR": "1"} if no_colour else {})}
    text = ("explain", "--text", "The lava reached the lighthouse.")
    running = process(*text, "--model", "small", "--artifacts", small.root, stdout=theirs, env=env)
    os.close(theirs)
    shown = _read_terminal(ours)
    assert running.wait(timeout=60) == 0
    running.communicate()
    assert "lava" in re.sub(r"\x1b\[[0-9;]*m", "", shown)
    colours = re.findall(r"\x1b\[[0-9;]*3[0-7]m", shown)
    assert bool(colours) is not no_colour


@pytest.mark.parametrize("apart", [False, True], ids=["results on the terminal", "results in a file"])
def test_a_bar_is_drawn_on_a_terminal_where_no_result_runs_through_it(apart, small, process, tmp_path):
    pty = pytest.importorskip("pty", reason="there are no pseudo-terminals here")
    (tmp_path / "a.txt").write_text("The lava cooled again.\n" * 600, encoding="utf-8")
    ours, theirs = pty.openpty()
    place = ("--model", "small", "--artifacts", small.root, *(["--out", "o.jsonl"] if apart else []))
    running = process(
        "predict", "a.txt", *place, stdout=theirs, stderr=theirs, env={"TERM": "xterm-256color"}
    )
    os.close(theirs)
    shown = _read_terminal(ours)
    assert running.wait(timeout=60) == 0
    running.communicate()
    assert ("reading" in shown) is apart
    assert ("\x1b[2K" in shown) is apart
    assert shown.count('"volcanoes": 0.') == (0 if apart else 600)


def _read_terminal(handle: int) -> str:
    data = b""
    while True:
        try:
            piece = os.read(handle, 65536)
        except OSError:  # how Linux says that the other side has closed
            piece = b""
        if not piece:
            os.close(handle)
            return data.decode()
        data += piece


def test_errors_of_the_operating_system_are_one_line_too(small, cli, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("here", encoding="utf-8")
    result = cli("models", "export", "small", "--artifacts", small.root, "--out", blocked / "below")
    assert result.exit_code == 1
    assert result.stderr.startswith(f"error: {blocked / 'below'}: cannot write")
    assert blocked.read_text(encoding="utf-8") == "here"


def test_the_module_runs_as_a_program(process):
    code, out, err = _finish(process("--version"))
    assert (code, out.decode(), err) == (0, f"trainer {trainer.__version__} (engine: {engine()})\n", b"")


def test_the_app_is_what_the_entry_point_calls():
    assert isinstance(app, typer.Typer)
    assert trainer.cli.main.__module__ == "trainer.cli.app"
