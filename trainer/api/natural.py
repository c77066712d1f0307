"""The verbs that measure a model on a random sample of somebody's own text."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trainer.api.labelling import SHEETS
from trainer.api.loading import find
from trainer.api.summarizing import write_recorded
from trainer.api.tagging import refuse_nothing, warn_of_rejections
from trainer.errors import DataError, UsageError
from trainer.progress import Progress, silent
from trainer.registry.format import read_model

if TYPE_CHECKING:
    from trainer.corpus.readers.reading import Reading
    from trainer.evaluation.natural import Natural
    from trainer.model.tagger import Tagger
    from trainer.records import Rejection

VERB = "draw_natural"
RANDOM, TAGGED, SEED = 1_000, 100, 13
_PLACE = ("doc_id", "start", "end", "date", "source")


def draw_natural(
    model: str | Path,
    inputs: Sequence[str | Path] | str | Path,
    out: str | Path,
    *,
    random: int = RANDOM,
    tagged: int = TAGGED,
    seed: int = SEED,
    documents: bool = True,
    reading: Reading | None = None,
    overwrite: bool = False,
    command: str | None = None,
    root: str | Path | None = None,
    progress: Progress = silent,
) -> dict[str, Any]:
    """Write a sheet of sentences of documents to judge; `evaluate_natural` takes it back.

    Parameters
    ----------
    model : reference
        See `load`.
    inputs : path or sequence of paths
        Files, folders, globs.
    out : path
        A .xlsx or .csv file.
    random, tagged : int
        How many of all sentences, and of those tagged with each topic, or all where there are fewer.
    documents : bool
        Cut each document into sentences; otherwise each is one.

    Returns
    -------
    dict
        How many sentences there are, how many are tagged with each topic, how many were drawn, and
        ``estimated rates`` of topics: what the model's probabilities come to, which only judging measures.

    Raises
    ------
    DataError
        When nothing usable was read.
    UsageError
        When `out` has another suffix, or somebody changed the file that is there.
    """
    from trainer.evaluation.natural import Draw
    from trainer.tags.write import suffix_of, write_table

    suffix = suffix_of(Path(out))
    if suffix not in SHEETS:
        raise UsageError(f"a sheet to judge is .xlsx or .csv, not '{out}'")
    if random < 1 or tagged < 0:
        raise UsageError("a sample holds one random sentence or more")
    version = find(model, root=root)
    tagger = read_model(version.path)
    rejected: list[Rejection] = []
    paths = [inputs] if isinstance(inputs, str | Path) else list(inputs)
    draw = Draw(tagger.topics, random, tagged, seed)
    for rows in _batches(tagger, paths, documents, rejected, reading, progress):
        draw.add(rows)
    drawn = draw.drawn()
    if not drawn:
        refuse_nothing(rejected)
    warn_of_rejections(rejected)
    table = _sheet(drawn, tagger.topics)
    about = {"name": version.name, "version": version.version, "digest": version.digest}
    counts: dict[str, Any] = {"sentences": draw.counts["random"], "drawn": len(drawn)}
    counts |= {f"tagged {topic}": draw.counts[topic] for topic in tagger.topics}
    rates = draw.estimated_rates(tagger.assumed_rates)
    counts["estimated rates"] = {topic: round(rate, 6) for topic, rate in rates.items()}
    arguments = {
        "inputs": [str(path) for path in paths], "out": str(out), "random": random, "tagged": tagged,
        "seed": seed, "documents": documents,
    }  # fmt: skip
    typed = ["trainer", "eval", "--natural", *map(str, paths), "--sheet", str(out)]
    write_recorded(
        VERB,
        arguments,
        lambda fresh: write_table(table.to_batches(), table.schema, fresh, suffix),
        paths,
        counts,
        command or shlex.join(typed),
        model=about,
        overwrite=overwrite,
    )
    return counts


def evaluate_natural(
    model: str | Path, judged: str | Path, *, samples: int = 2000, root: str | Path | None = None
) -> Natural:
    """Estimate from a sheet that was filled in how good a model is on the text that it was drawn from.

    Parameters
    ----------
    model : reference
        The model that the sheet was drawn with; it tags the sentences again, so a later one can be measured
        on the same sheet, too: less sharply, as its tags were not what was drawn.
    judged : path
        The sheet, 1 or 0 under each topic; blank is not judged.

    Raises
    ------
    DataError
        When nothing was judged, or it is no such sheet.
    """
    import numpy as np

    from trainer.corpus.examples import file_examples
    from trainer.evaluation.bootstrap import Resamples
    from trainer.evaluation.natural import natural_figures
    from trainer.tags.read import raw_rows

    tagger = read_model(find(model, root=root).path)
    chances: dict[str, float] = {}
    for row in raw_rows(Path(judged)):
        if "id" not in row or "inclusion" not in row:
            raise DataError(
                "is no sheet of a random sample: it lacks the columns 'id' and 'inclusion'",
                where=str(judged),
                hint="`trainer eval --natural DOCUMENTS --sheet FILE` draws one.",
            )
        chances[str(row["id"])] = float(row["inclusion"])
    examples = file_examples(judged, tagger.topics)
    known = np.array([identity in chances for identity in examples.ids])
    examples = examples.only(known)
    inclusion = np.array([chances[identity] for identity in examples.ids])
    scores = tagger.predict_proba(examples.texts)
    tagged, _ = tagger.decide(scores)
    drawn = Resamples(examples.groups, samples)
    blank = len(chances) - len(examples)
    assumed = {topic: 1000 * rate for topic, rate in tagger.assumed_rates.items()}
    found = natural_figures(examples.Y, tagged, inclusion, tagger.topics, drawn, blank, assumed)
    rates = {t: row.rate / 1000 for t, row in found.topics.items() if row.rate and t in tagger.assumed_rates}
    if not rates:
        return found
    again, _ = tagger.decide(tagger.at_rates(rates).predict_proba(examples.texts))
    at_rates = natural_figures(examples.Y, again, inclusion, tagger.topics, drawn, blank, assumed).topics
    return replace(found, corrected={topic: at_rates[topic] for topic in rates})


def _batches(
    tagger: Tagger,
    paths: Sequence[str | Path],
    documents: bool,
    rejected: list[Rejection],
    reading: Reading | None,
    progress: Progress,
) -> Iterator[list[dict[str, Any]]]:
    """Yield tagged sentences; boilerplate and what the model does not read are no sentences of it."""
    from trainer.model.inputs import usable_documents
    from trainer.model.table import BOILERPLATE, TagRows

    source = usable_documents(paths, documents, rejected, progress, reading, tagger.topics)
    for batch in TagRows(tagger, whole=not documents).batches(source):
        yield [row for row in batch.to_pylist() if row["part"] != BOILERPLATE and not row["note"]]


def _sheet(drawn: Sequence[Mapping[str, Any]], topics: Sequence[str]) -> Any:
    import pyarrow as pa

    kinds = {"start": pa.int64(), "end": pa.int64(), "inclusion": pa.float64()}
    columns = ["text", *topics, "previous", "next", *_PLACE, "id", "inclusion"]
    rows = [{**row, **dict.fromkeys(topics), "id": row["sentence_id"]} for row in drawn]
    schema = pa.schema([(name, kinds.get(name, pa.string())) for name in columns])
    return pa.Table.from_pylist([{name: row[name] for name in columns} for row in rows], schema)
