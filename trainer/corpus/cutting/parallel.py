"""Cutting batches in several processes; what an earlier build has cut is not cut again."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import BrokenExecutor
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from trainer.config import Config
from trainer.corpus.cutting.batches import MEAN_SIZE, Batch
from trainer.corpus.cutting.cache import TableCache
from trainer.corpus.cutting.cut import cut_batch
from trainer.errors import TrainerError

if TYPE_CHECKING:
    import pyarrow as pa

_AHEAD = 8
"""Batches a process that are read before any is cut."""
_WORTH_PROCESSES = 4 * MEAN_SIZE
"""Characters; for less, processes cost more than they save."""


def cut_batches(
    batches: Iterable[Batch], config: Config, cache: TableCache
) -> Iterator[tuple[str, pa.Table]]:
    """Yield key and table of sentences of each batch, in their order.

    Raises
    ------
    TrainerError
        When a process that cuts died.
    """
    from joblib import cpu_count

    waiting, processes = iter(batches), False
    try:
        while several := list(islice(waiting, _AHEAD * cpu_count())):
            tables = {batch.key: cache.get(batch.key) for batch in several}
            missing = {batch.key: batch for batch in several if tables[batch.key] is None}
            processes |= _cut(list(missing.values()), config, cache)
            for batch in several:
                table = tables.pop(batch.key, None)
                yield batch.key, cache.load(batch.key) if table is None else table
    finally:
        if processes:
            _let_go()


def _let_go() -> None:
    """End the idle processes: joblib would keep them, and their memory, for minutes."""
    from joblib.externals.loky import get_reusable_executor

    get_reusable_executor().shutdown(wait=False, kill_workers=True)


def _cut(missing: Sequence[Batch], config: Config, cache: TableCache) -> bool:
    """Cut batches; tell whether that was done in other processes."""
    from joblib import Parallel, delayed

    tasks = [(batch, config, cache.path(batch.key)) for batch in missing]
    if sum(len(record.text) for batch in missing for record in batch.records) < _WORTH_PROCESSES:
        for task in tasks:
            cut_batch(*task)
        return False
    try:
        Parallel(n_jobs=-1)(delayed(_cut_away_from)(os.getpid(), *task) for task in tasks)
    except BrokenExecutor as error:
        raise TrainerError(
            "a process that cuts sentences died, as one does that is killed or out of memory",
            hint="Run the same command again: it goes on with the sentences that are cut already.",
        ) from error
    return True


def _cut_away_from(caller: int, batch: Batch, config: Config, target: Path) -> None:
    if os.getpid() != caller:  # joblib stays in the calling process where it may not start others
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the caller to answer
    cut_batch(batch, config, target)
