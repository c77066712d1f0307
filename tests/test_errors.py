from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import names

from trainer import errors
from trainer.errors import TrainerError, TrainerWarning, did_you_mean

EXIT_CODES = {
    "NotPublishedError": 1,
    "NotDurableError": 1,
    "TrainerError": 1,
    "UsageError": 2,
    "GateError": 3,
    "ConfigError": 4,
    "DataError": 4,
    "LeakageError": 5,
    "NotFoundError": 6,
    "ArtifactError": 7,
}


def test_every_error_has_the_exit_code_that_is_documented():
    found = {
        name: kind.exit_code
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, TrainerError)
    }
    assert found == EXIT_CODES


def test_the_tree_drawn_at_the_top_is_the_tree():
    drawn = {name: int(code) for name, code in re.findall(r"── (\w+) +(\d)", errors.__doc__)}
    assert drawn == EXIT_CODES


def test_no_error_of_ours_is_caught_as_a_built_in_one():
    for name in EXIT_CODES:
        kind = getattr(errors, name)
        assert set(kind.__mro__) - {kind, TrainerError} == {Exception, BaseException, object}
    assert not issubclass(TrainerWarning, TrainerError)
    assert issubclass(TrainerWarning, UserWarning)


@pytest.mark.parametrize(
    ("where", "hint", "expected"),
    [
        (None, None, "it is wrong"),
        ("a.toml:3", None, "a.toml:3: it is wrong"),
        (None, "Mend it.", "it is wrong\nMend it."),
        ("a.toml:3", "Mend it.", "a.toml:3: it is wrong\nMend it."),
    ],
)
def test_an_error_says_where_what_and_what_to_do(where, hint, expected):
    error = TrainerError("it is wrong", where=where, hint=hint)
    assert str(error) == expected
    assert (error.message, error.where, error.hint) == ("it is wrong", where, hint)


def test_did_you_mean_names_the_nearest():
    assert did_you_mean("sancions", ["taiwan", "sanctions"]) == "Did you mean 'sanctions'?"


def test_did_you_mean_lists_what_there_is_when_nothing_is_near():
    assert did_you_mean("zzz", iter(["b", "a"])) == "Known: a, b."
    assert did_you_mean("zzz", []) == "None is known."


@given(st.sets(names, min_size=1), st.data())
def test_did_you_mean_always_names_something_known(known, data):
    wrong = data.draw(names | st.sampled_from(sorted(known)))
    answer = did_you_mean(wrong, known)
    if wrong in known:
        assert answer == f"Did you mean '{wrong}'?"
    elif answer.startswith("Did"):
        assert re.fullmatch(r"Did you mean '(.*)'\?", answer)[1] in known
    else:
        assert answer == f"Known: {', '.join(sorted(known))}."
