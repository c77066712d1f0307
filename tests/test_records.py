from __future__ import annotations

import dataclasses

import pytest

from trainer import records
from trainer.model import explanations, predictions

KINDS = [
    kind
    for module in (records, predictions, explanations)
    for kind in vars(module).values()
    if dataclasses.is_dataclass(kind)
]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_record_cannot_be_changed_nor_given_other_fields(kind):
    record = kind(*[""] * sum(f.default is dataclasses.MISSING for f in dataclasses.fields(kind)))
    first = dataclasses.fields(kind)[0].name
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(record, first, "other")
    assert not hasattr(record, "__dict__")
