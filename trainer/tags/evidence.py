"""A pack of evidence: every sentence tagged with a topic, its place, its reasons and what they are worth."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trainer.corpus.decisions import Decision
from trainer.errors import DataError, UsageError, did_you_mean
from trainer.intervals import wilson
from trainer.model.reasons import in_one_line
from trainer.model.table import BOILERPLATE, topic_columns
from trainer.model.tagger import Tagger
from trainer.pages import render
from trainer.progress import Progress, silent
from trainer.sheets import workbook
from trainer.tags.read import topics_of

if TYPE_CHECKING:
    import pyarrow as pa

MOST = 2_000
"""Sentences on the page, which a browser has to hold; the workbook has all."""
SECTIONS = {
    "yes": "Tagged",
    "review": "Left to review",
    "ruled out": "Ruled out by people",
}
_COLUMNS = (
    "answer", "date", "source", "title", "doc_id", "part", "start", "end", "previous", "text", "next",
    "probability", "decided_by", "people", "reasons", "url", "sentence_id", "duplicate_group",
)  # fmt: skip
_UNDATED = "\uffff"
Said = Callable[[str], Sequence[Decision]]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of one topic in a table of tags.

    Attributes
    ----------
    topic : str
    about : mapping
        The topic, the model, counts, and how well the model was measured to do.
    rows : sequence of mapping
        A sentence each, by section, date and document.
    """

    topic: str
    about: Mapping[str, Any]
    rows: Sequence[Mapping[str, Any]]


def gather(
    table: pa.Table,
    topic: str,
    tagger: Tagger,
    metrics: Mapping[str, Any],
    said: Said = lambda text: (),
    progress: Progress = silent,
) -> Evidence:
    """Bring together what a table says of a topic.

    Parameters
    ----------
    table : Table
        As `trainer.tags.read.read_tags` gives it, tagged by `tagger`.
    metrics : mapping
        The scores that were saved with the model.
    said : callable
        Text of a sentence -> what people decided of it.

    Raises
    ------
    UsageError
        When the table has no such topic, or no text.
    """
    known = topics_of(table)
    if topic not in known:
        raise UsageError(f"the table has no topic '{topic}'. {did_you_mean(topic, known)}")
    if table["text"].null_count:
        raise UsageError("the table was written without text, and evidence is text: tag without --no-text")
    answer, probability, decided_by = topic_columns(topic)
    rows = [row for row in _of_topic(table, topic) if row["part"] != BOILERPLATE]
    found = []
    for number, row in enumerate(rows, 1):
        progress("reasons", number, len(rows))
        people = [d for d in said(row["text"]) if d.topic == topic]
        found.append(
            {
                **{key: row[key] for key in _COLUMNS if key in row},
                "answer": row[answer] if row[answer] != "no" else "ruled out",
                "probability": row[probability],
                "decided_by": row[decided_by],
                "people": "; ".join(map(_of_person, people)),
                "reasons": in_one_line(tagger.reasons(row["text"], topic)),
                "note": row["note"],
            }
        )
    order = list(SECTIONS)
    found.sort(key=lambda row: (order.index(row["answer"]), row["date"] or _UNDATED, row["doc_id"]))
    return Evidence(topic, _about(table, topic, tagger, metrics, found), found)


def _of_topic(table: pa.Table, topic: str) -> list[dict[str, Any]]:
    """Return the rows with a yes or a review, and those that people said no of."""
    import pyarrow.compute as pc

    answer, _, decided_by = topic_columns(topic)
    by_people = pc.equal(table[decided_by], "human")
    rows: list[dict[str, Any]] = table.filter(
        pc.or_(pc.not_equal(table[answer], "no"), by_people)
    ).to_pylist()
    return rows


def _of_person(decision: Decision) -> str:
    who = decision.author.removeprefix("human:")
    why = f" ({decision.why})" if decision.why else ""
    return f"{who} says {decision.answer}{why}" + (f", {decision.time[:10]}" if decision.time else "")


def _about(
    table: pa.Table,
    topic: str,
    tagger: Tagger,
    metrics: Mapping[str, Any],
    found: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    import pyarrow.compute as pc

    boilerplate = pc.sum(pc.equal(table["part"], BOILERPLATE)).as_py() or 0
    groups = pc.and_(
        pc.is_valid(table["duplicate_group"]), pc.not_equal(table["duplicate_group"], table["doc_id"])
    )
    copies = pc.count_distinct(table["doc_id"].filter(pc.fill_null(groups, False))).as_py()
    config = tagger.info.get("config") or {}
    of_config: Mapping[str, str] = next((t for t in config.get("topics", ()) if t["name"] == topic), {})
    return {
        "topic": topic,
        "title": of_config.get("title", topic),
        "definition": " ".join(of_config.get("definition", "").split()),
        "threshold": float(tagger.thresholds[tagger.topics.index(topic)]),
        "model": f"{tagger.info.get('name', '')} version {tagger.info.get('version', '')}",
        "digest": tagger.info.get("digest", ""),
        "documents": pc.count_distinct(table["doc_id"]).as_py(),
        "sentences": len(table) - boilerplate,
        "boilerplate": boilerplate,
        "copies": copies,
        "sections": dict(Counter(row["answer"] for row in found)),
        "tagged_documents": len({row["doc_id"] for row in found if row["answer"] == "yes"}),
        "by_people": sum(row["decided_by"] == "human" for row in found),
        "sources": Counter(
            row["source"] or "(none)" for row in found if row["answer"] == "yes"
        ).most_common(),
        "measured": measured(metrics, topic),
    }


def measured(metrics: Mapping[str, Any], topic: str) -> dict[str, Any] | None:
    """Return how often a tag was right and how much was found, with 95 % intervals, on what people judged.

    None where nobody judged, or nothing was tagged. The counts follow from precision, recall and support.
    """
    on = "test" if metrics.get("test") else "out_of_fold"
    row = (metrics.get(on) or {}).get("topics", {}).get(topic)
    if not row or not row["support"] or not row["precision"] or row["recall"] is None:
        return None
    right = round(row["recall"] * row["support"])
    tags = round(right / row["precision"])
    what = "test sentences" if on == "test" else "sentences, each tagged by a model that had not seen it"
    return {
        "on": what,
        "right": right,
        "tags": tags,
        "support": row["support"],
        "precision": row["precision"],
        "precision_interval": wilson(right, tags),
        "recall": row["recall"],
        "recall_interval": wilson(right, row["support"]),
    }


def write_pack(found: Evidence, record: Mapping[str, Any], folder: Path, most: int = MOST) -> None:
    """Write ``evidence.html`` and ``evidence.xlsx`` into a folder.

    Parameters
    ----------
    record : mapping
        How the table was made, as its ``run.json`` says; shown on the page.
    most : int
        Sentences on the page; the workbook has all.
    """
    (folder / "evidence.html").write_text(_page(found, record, most), encoding="utf-8", newline="\n")
    with workbook(folder / "evidence.xlsx", {"title": f"Evidence: {found.topic}"}) as book:
        sheet = book.sheet("evidence", _COLUMNS)
        for row in found.rows:
            sheet.write([row[name] for name in _COLUMNS])
        sheet.filtered()
        about = book.sheet("about", ("what", "value"))
        for key, value in _told(found.about):
            about.write((key, value))


def _told(about: Mapping[str, Any]) -> list[tuple[str, str]]:
    rows = [(key, str(about[key])) for key in about if key not in ("measured", "sections", "sources")]
    rows += [(SECTIONS[key], str(n)) for key, n in about["sections"].items()]
    return [*rows, ("measured", in_words(about["measured"]))]


def in_words(found: Mapping[str, Any] | None) -> str:
    """Return what was measured, as a sentence."""
    if found is None:
        return "not measured: people judged too few sentences of this topic"

    def hundred(share: float, interval: Sequence[float | None]) -> str:
        low, high = (round(100 * (end or 0)) for end in interval)
        return f"{round(100 * share)} (95 % interval {low} to {high})"

    right = hundred(found["precision"], found["precision_interval"])
    seen = hundred(found["recall"], found["recall_interval"])
    return (
        f"of 100 tags of this topic about {right} are right; of 100 sentences on it about {seen} are found; "
        f"measured on {found['tags']:,} tags and {found['support']:,} such sentences among {found['on']}"
    )


def _page(found: Evidence, record: Mapping[str, Any], most: int) -> str:
    rows = found.rows[:most]
    return render(
        "trainer.tags",
        "evidence",
        about=found.about,
        measured=in_words(found.about["measured"]),
        sections=[(title, [r for r in rows if r["answer"] == key]) for key, title in SECTIONS.items()],
        left=len(found.rows) - len(rows),
        record=record,
    )


def refuse_mixed(table: pa.Table) -> str:
    """Return the digest of the one model that tagged a table.

    Raises
    ------
    DataError
        When there are several, or none.
    """
    import pyarrow.compute as pc

    digests = [digest for digest in pc.unique(table["model_digest"]).to_pylist() if digest]
    if len(digests) != 1:
        told = ", ".join(digest[:12] for digest in digests) or "none is named"
        raise DataError(
            f"evidence is of one model, and the table is of several: {told}",
            hint="Tag all of it again: `trainer predict … --update FILE --retag-all`.",
        )
    return str(digests[0])
