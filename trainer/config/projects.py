"""A project of one's own: its config, a place for what people decide, topics added one by one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from trainer.config.load import find_config, json_schema, load_config, parse_config, shipped_folder
from trainer.errors import UsageError
from trainer.lexicons import LexiconMatcher
from trainer.names import checked
from trainer.publishing import write_atomically

_IGNORED = "# What commands produce.\nartifacts/\n"
_LABELS = """# labels

What people decide, one file a person, one JSON line a decision. `trainer fix` only ever adds lines; the next
`trainer predict` shows them, the next `trainer build` learns from them. Keep this folder.
"""
_README = """# {name}

Topics, rules and settings: `configs/topics.toml`. What people decide: `configs/labels/`.
What commands produce: `artifacts/`.

    trainer predict articles/ --documents --out tags.csv        # tag a folder
    trainer summarize tags.csv --by month --chart over-time     # counts, shares, pictures
    trainer fix SENTENCE_ID TOPIC=no --by NAME --why "…"        # correct a tag
    trainer topics add NAME --term "…"                          # a topic more
    trainer build articles/ && trainer fit && trainer eval      # learn from all of it, and measure
    trainer evidence TOPIC --out pack/                          # what stands behind a topic
"""
_HEAD = """#:schema ./topics.schema.json
# The topics of this project, what each means, and the keyword rules that vote on it.
# `trainer config schema` describes every setting; `trainer topics add NAME` adds a topic.

name = "{name}"
seed = 13
language = "en"           # what the documents are written in: other sentences are left to review
"""


def init_project(folder: Path, topics: Sequence[str] = ()) -> list[Path]:
    """Start a project in a folder; return the files that were written.

    Parameters
    ----------
    topics : sequence of str
        New topics to start with; by default those that ship.

    Raises
    ------
    UsageError
        When any of the files is there already, or a name is none.
    """
    shipped = (shipped_folder() / "topics.toml").read_text(encoding="utf-8")
    config = shipped if not topics else _HEAD.format(name="topics")
    for topic in topics:
        config += stanza(topic)
    parse_config(config, "configs/topics.toml")
    contents = {
        "configs/topics.toml": config,
        "configs/topics.schema.json": json_schema(),
        "configs/labels/README.md": _LABELS,
        "README.md": _README.format(name=folder.resolve().name),
        ".gitignore": _IGNORED,
    }
    for name in contents:
        if (folder / name).exists():
            raise UsageError(
                f"'{folder / name}' is there already", hint="Name another folder, or move it away."
            )
    for name, text in contents.items():
        write_atomically(folder / name, text.encode())
    return [folder / name for name in contents]


def add_topic(
    name: str,
    path: str | Path | None = None,
    *,
    title: str = "",
    definition: str = "",
    terms: Sequence[str] = (),
) -> Path:
    """Append a topic to a config of one's own; what was there keeps every byte.

    Parameters
    ----------
    path : path, optional
        The config; else ``./configs/topics.toml``.
    terms : sequence of str
        Names and turns of phrase that speak for it; else the words of its name.

    Raises
    ------
    UsageError
        When there is no config of one's own, or the topic is there already, or the name is none.
    """
    file = find_config(path)
    if file.parent == shipped_folder():
        raise UsageError(
            "the config that ships is not changed",
            hint="`trainer init .` starts a project with one of your own.",
        )
    before = file.read_bytes()
    config = load_config(file)
    if name in config.topic_names:
        raise UsageError(f"topic '{name}' is there already", hint=f"It stands in {file}.")
    taken = {lexicon.name for lexicon in config.lexicons}
    text = before.decode("utf-8-sig")
    end = "\r\n" if "\r\n" in text else "\n"
    more = stanza(name, title, definition, terms, lexicon=name if name not in taken else f"{name}-terms")
    gap = "" if text.endswith("\n") else end
    added = gap + more.replace("\n", end)
    parse_config(text + added, str(file))
    write_atomically(file, before + added.encode())
    return file


def stanza(
    name: str, title: str = "", definition: str = "", terms: Sequence[str] = (), lexicon: str | None = None
) -> str:
    """Return what a config says of a new topic, with what is to be filled in."""
    checked(name, "topic name")
    try:
        LexiconMatcher({name: terms})
    except ValueError as error:
        raise UsageError(str(error)) from error
    words = name.replace("_", " ").replace("-", " ")
    lexicon = lexicon or name
    known = ",\n".join(f"    {_quoted(term)}" for term in (terms or [words]))
    meaning = definition or f"FILL IN: what a sentence about {words} says, and what does not count."
    return f"""

# ----------------------------------------------------------------------------------------------------
[[topics]]
name = "{name}"
title = {_quoted(title or words.capitalize())}
definition = {_quoted(meaning)}
# Lists of labels that were made before the topic was there say nothing of it. Set to true when yours do.
assume_no = false

# A rule votes on sentences that nobody judged. FILL IN: more of what speaks for the topic, what speaks
# against it (`unless`), and sentences on which the rule must fire, and must not.
[[topics.rules]]
name = "words"
match = ["@{lexicon}"]
# examples.fires = ["…"]
# examples.silent = ["…"]

# Names and turns of phrase that speak alike: one feature of the model, and `@{lexicon}` in the rule.
# FILL IN: more. `ukrain*` starts a word, `EAR` wants capitals, `frozen ~ billion` leaves a gap.
[[lexicons]]
name = "{lexicon}"
terms = [
{known},
]
"""


def _quoted(text: str) -> str:
    """Return a TOML string; JSON's are such, but for DEL."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", r"\u007f")
