"""The verb that keeps what a person decides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trainer.api.settings import config_of, labels_of
from trainer.errors import DataError, NotFoundError, UsageError, did_you_mean
from trainer.storage import artifacts_root

if TYPE_CHECKING:
    from trainer.config import Config
    from trainer.records import Rejection

_PLACE = ("sentence_id", "doc_id", "start", "end", "source", "date", "title", "url")
ANSWERS = ("yes", "no", "unknown")


@dataclass(frozen=True, slots=True)
class Fixed:
    """What was decided of one sentence.

    Attributes
    ----------
    text : str
    labels : mapping of str to {"yes", "no", "unknown"}
        What is now kept; ``unknown`` takes a word back.
    before : mapping of str to str
        Topic -> what was shown before, and by whom.
    others : tuple of str
        What other people say otherwise.
    file : Path
        Where it is kept.
    found_in : str
        The table or the corpus that the sentence stands in.
    """

    text: str
    labels: Mapping[str, str]
    before: Mapping[str, str]
    others: tuple[str, ...]
    file: Path
    found_in: str

    def to_dict(self) -> dict[str, Any]:
        """Return what ``trainer fix --json`` prints."""
        return {**asdict(self), "file": str(self.file), "others": list(self.others)}


@dataclass(frozen=True, slots=True)
class SheetTaken:
    """What a sheet of labels held: `sentences` were kept in `file`, `rejected` were not used."""

    sentences: int
    answers: int
    file: Path
    rejected: tuple[Rejection, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return what ``trainer fix --sheet --json`` prints."""
        rejected = [asdict(rejection) for rejection in self.rejected]
        return {**asdict(self), "file": str(self.file), "rejected": rejected}


def fix(
    sentence_id: str,
    labels: Mapping[str, str],
    *,
    by: str,
    why: str = "",
    tags: str | Path | None = None,
    config: Config | str | Path | None = None,
    folder: str | Path | None = None,
    root: str | Path | None = None,
    time: str | None = None,
) -> Fixed:
    """Keep what a person says of a sentence: the next table shows it, the next corpus learns from it.

    Parameters
    ----------
    sentence_id : str
        From the column of a table, or of a corpus.
    labels : mapping of str to {"yes", "no", "unknown"}
        By topic; ``unknown`` takes back what the same person said.
    by : str
        Who says so.
    why : str
        For whoever asks later.
    tags : path, optional
        The table that the sentence stands in; else the tables written last, and the newest corpus.
    folder : path, optional
        Where decisions are kept; else ``labels`` beside the config.
    time : str, optional
        When, in ISO 8601; now by default.

    Raises
    ------
    NotFoundError
        When no table has the sentence.
    UsageError
        When a topic or an answer is not known, or nobody says so.
    """
    from trainer.corpus.decisions import append_decisions, read_decisions

    settings = config_of(config)
    _check(labels, by, settings.topic_names)
    row, where = _sentence(sentence_id, tags, settings.name, root)
    where_to = labels_of(config) if folder is None else Path(folder)
    decisions = read_decisions(where_to, settings.topic_names)
    said = {"text": row["text"], "labels": dict(labels), "annotator": by, "why": why, "time": time or _now()}
    about = {key: row[key] for key in _PLACE if row.get(key) is not None}
    file = append_decisions(where_to, by, [{**said, **about}])
    others = tuple(
        f"{d.author} says {d.answer} of {d.topic} ({d.at})"
        for d in decisions.of(row["text"])
        if d.topic in labels and d.answer != labels[d.topic] and d.author.removeprefix("human:") != by
    )
    return Fixed(row["text"], dict(labels), _before(row, labels), others, file, where)


def take_sheet(
    sheet: str | Path,
    *,
    by: str,
    config: Config | str | Path | None = None,
    folder: str | Path | None = None,
    time: str | None = None,
) -> SheetTaken:
    """Keep all that a person filled into a sheet of sentences.

    Raises
    ------
    DataError
        When it holds no answer.
    """
    from trainer.corpus.decisions import append_decisions
    from trainer.corpus.sources import read_inputs
    from trainer.records import LabelledText, Rejection

    settings = config_of(config)
    _check({}, by, settings.topic_names)
    titles = {topic.name: topic.title for topic in settings.topics}
    read = list(read_inputs([sheet], settings.topic_names, titles=titles, open_topics=settings.open_topics))
    labelled = [record for record in read if isinstance(record, LabelledText) and record.labels]
    rejected = tuple(record for record in read if isinstance(record, Rejection))
    if not labelled:
        raise DataError(
            f"says yes or no of no sentence ({len(rejected):,} rows rejected)",
            where=str(sheet),
            hint=f"One column a topic ({', '.join(settings.topic_names)}), filled with 1 or 0.",
        )
    when = time or _now()
    rows = []
    for record in labelled:
        about = {key: getattr(record, key) for key in ("doc_id", "source", "date", "title", "url")}
        place = {key: value for key, value in about.items() if value}
        said = {"text": record.text, "labels": dict(record.labels), "annotator": by, "time": when}
        rows.append({**said, "why": f"from {Path(sheet).name}", **place})
    where_to = labels_of(config) if folder is None else Path(folder)
    answers = sum(len(record.labels) for record in labelled)
    return SheetTaken(len(labelled), answers, append_decisions(where_to, by, rows), rejected)


def _check(labels: Mapping[str, str], by: str, topics: Sequence[str]) -> None:
    if not by.strip():
        raise UsageError("who says so?", hint="Name yourself: --by anna.")
    for topic, answer in labels.items():
        if topic not in topics:
            raise UsageError(f"no topic '{topic}'. {did_you_mean(topic, topics)}")
        if answer not in ANSWERS:
            raise UsageError(f"'{topic}' can be {', '.join(ANSWERS)}, not '{answer}'")


def _sentence(
    sentence_id: str, tags: str | Path | None, name: str, root: str | Path | None
) -> tuple[dict[str, Any], str]:
    """Return the row of a sentence, and where it stands."""
    from trainer.tags.shelf import find_row, remembered

    folder = artifacts_root(root)
    tables = remembered(folder) if tags is None else [Path(tags)]
    for table in tables:
        row = find_row(table, sentence_id, strict=tags is not None)
        if row is None:
            continue
        if not row["text"]:
            raise UsageError(f"'{table}' was written without text: what is decided is kept with its sentence")
        return row, str(table)
    if tags is None and (row := _corpus_row(sentence_id, name, root)) is not None:
        return row, "the newest corpus"
    told = ", ".join(f"'{table}'" for table in tables[:3]) or "no table yet"
    raise NotFoundError(
        f"no sentence '{sentence_id}' in {told}" + ("" if tags else ", nor in the newest corpus"),
        hint="Its id stands in column sentence_id. --tags FILE names the table.",
    )


def _corpus_row(sentence_id: str, name: str, root: str | Path | None) -> dict[str, Any] | None:
    from trainer.api.building import find_sentences, open_corpus

    try:
        found = find_sentences(open_corpus(name=name, root=root), sentence_id)
    except NotFoundError:
        return None
    row = dict(found[0].row)
    return {**row, "sentence_id": row["id"], **found[0].labels} if row["id"] == sentence_id else None


def _before(row: Mapping[str, Any], labels: Mapping[str, str]) -> dict[str, str]:
    before = {}
    for topic in labels:
        by, p = row.get(f"{topic}_decided_by"), row.get(f"{topic}_probability")
        more = (
            f" ({by}, probability {p:.2f})" if by == "model" and p is not None else f" ({by})" if by else ""
        )
        before[topic] = f"{row.get(topic) or 'not tagged'}{more}"
    return before


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
