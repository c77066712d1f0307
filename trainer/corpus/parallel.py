"""Cutting batches in several processes; what an earlier build has cut is not cut again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING

from trainer.config import Config
from trainer.corpus.batches import MEAN_SIZE, Batch
from trainer.corpus.cache import TableCache
from trainer.corpus.cut import cut_batch
from trainer.errors import ArtifactError

if TYPE_CHECKING:
    import pyarrow as pa

_AHEAD = 8
"""Batches a process that are read before any is cut."""


def cut_batches(
    batches: Iterable[Batch], config: Config, cache: TableCache
) -> Iterator[tuple[str, pa.Table]]:
    """Yield key and table of sentences of each batch, in their order."""
    from joblib import Parallel, cpu_count

    jobs = cpu_count()
    waiting = iter(batches)
    with Parallel(n_jobs=jobs) as pool:
        while several := list(islice(waiting, _AHEAD * jobs)):
            tables = {batch.key: cache.get(batch.key) for batch in several}
            missing = [batch for batch in several if tables[batch.key] is None]
            _cut(missing, config, cache, pool)
            for batch in several:
                table = tables.pop(batch.key, None) or cache.get(batch.key)
                if table is None:
                    raise ArtifactError(
                        "what was just written cannot be read", where=str(cache.path(batch.key))
                    )
                yield batch.key, table


def _cut(missing: list[Batch], config: Config, cache: TableCache, pool: object) -> None:
    from joblib import delayed

    about = (config.topics, config.lexicons, config.build)
    work = sum(len(record.text) for batch in missing for record in batch.records)
    if work < 4 * MEAN_SIZE:  # processes cost more than they save
        for batch in missing:
            cut_batch(batch, *about, cache.path(batch.key))
    else:
        pool(delayed(cut_batch)(batch, *about, cache.path(batch.key)) for batch in missing)  # type: ignore[operator]
