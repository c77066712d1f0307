"""The verb that writes a sheet of sentences worth labelling."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trainer.api.building import open_corpus
from trainer.api.loading import find, models
from trainer.api.settings import DEFAULT_NAME
from trainer.api.summarizing import write_recorded
from trainer.errors import UsageError
from trainer.registry.format import read_model

if TYPE_CHECKING:
    from trainer.corpus.store import Corpus

VERB = "write_sheet"
SHEETS = (".xlsx", ".csv")


def write_sheet(
    corpus: Corpus | str | Path | int | None,
    out: str | Path,
    n: int = 200,
    *,
    topics: Sequence[str] = (),
    model: str | Path | None = None,
    seed: int | None = None,
    name: str = DEFAULT_NAME,
    overwrite: bool = False,
    command: str | None = None,
    root: str | Path | None = None,
) -> int:
    """Write a sheet of sentences that nobody judged yet; return how many there are.

    Half are near the model's threshold, a quarter are where keyword rules and model disagree, the rest is at
    random. `build` takes it back as labels, and `take_sheet` keeps what was filled in for good.

    Parameters
    ----------
    corpus : Corpus or path or version number, optional
        Else the newest.
    out : path
        A .xlsx or .csv file.
    n : int
        Sentences of each topic.
    topics : sequence of str
        All by default.
    model : str or path, optional
        See `load`; else the one of the corpus's name. Without any, rules and chance pick.
    seed : int, optional
        Of the lots; else that of the corpus.
    """
    from trainer.corpus.store import MANIFEST, Corpus
    from trainer.evaluation.to_label import to_label
    from trainer.tags.write import suffix_of, write_table

    suffix = suffix_of(Path(out))
    if suffix not in SHEETS:
        raise UsageError(f"a sheet to label is .xlsx or .csv, not '{out}'")
    if n < 1:
        raise UsageError("a sheet holds one sentence or more")
    used = corpus if isinstance(corpus, Corpus) else open_corpus(corpus, name=name, root=root)
    version = None
    if model is not None or models(used.name, root=root):
        version = find(used.name if model is None else model, root=root)
    chosen = tuple(topics) or used.topics
    lots = int(used.manifest["config"]["seed"]) if seed is None else seed
    tagger = None if version is None else read_model(version.path)
    rows = to_label(used, chosen, n, tagger, lots)
    arguments: dict[str, Any] = {"corpus": str(used.path), "out": str(out), "n": n, "topics": list(chosen)}
    about = None
    if version is not None:
        about = {"name": version.name, "version": version.version, "digest": version.digest}
    typed = ["trainer", "corpus", "export", str(used.path), "--to-label", str(n), "--out", str(out)]
    table = _table(rows)

    def make(fresh: Path) -> None:
        write_table(table.to_batches(), table.schema, fresh, suffix)

    write_recorded(
        VERB,
        {**arguments, "seed": lots},
        make,
        [used.path / MANIFEST],
        {"sentences": len(rows)},
        command or shlex.join(typed),
        model=about,
        overwrite=overwrite,
    )
    return len(rows)


def _table(rows: Sequence[dict[str, Any]]) -> Any:
    import pyarrow as pa

    kinds = {"start": pa.int64(), "end": pa.int64(), "probability": pa.float64()}
    return pa.Table.from_pylist(
        list(rows), pa.schema([(key, kinds.get(key, pa.string())) for key in rows[0]])
    )
