"""A gate asks the worse end of an interval, says in a line what fell short, and lets nothing vague pass."""

from __future__ import annotations

from dataclasses import replace

import pytest

import trainer
from trainer.config import shipped_folder
from trainer.errors import ConfigError, NotFoundError
from trainer.evaluation.evaluate import Plain
from trainer.evaluation.gate import Gate, load_gates, pass_gates
from trainer.evaluation.slices import Slice


@pytest.fixture(scope="module")
def result(small):
    return trainer.evaluate("small", root=small.root)


def row(f1, interval):
    return {"f1": f1, "f1_interval": interval}


def scored(result, f1, interval):
    return replace(result, gold={**result.gold, "macro": row(f1, interval)})


def never(reference):
    raise AssertionError(f"nothing is to be compared with {reference}")


def test_the_worse_end_is_asked(result):
    good = scored(result, 0.9, [0.85, 0.94])
    assert pass_gates((Gate(figure="macro.f1", at_least=0.85),), good, never).passed
    found = pass_gates((Gate(figure="macro.f1", at_least=0.86),), good, never)
    assert found.failures == ("macro.f1 is 0.9000 (0.8500 to 0.9400), to be at least 0.86",)
    assert pass_gates((Gate(figure="macro.f1", at_least=0.9, bound="value"),), good, never).passed
    assert pass_gates((Gate(figure="macro.f1", at_most=0.94),), good, never).passed
    assert not pass_gates((Gate(figure="macro.f1", at_most=0.93),), good, never).passed


def test_what_is_undefined_does_not_pass(result):
    vague = scored(result, 0.9, None)
    gate = Gate(figure="macro.f1", at_least=0.1)
    assert pass_gates((gate,), vague, never).failures == ("macro.f1: too little was judged to tell",)
    assert not pass_gates((gate,), scored(result, None, None), never).passed


def test_plain_figures_and_slices_can_be_asked(result):
    plain = Plain(100, 90, 95, 400, 8, (85.0, 94.0), (88.0, 99.0), (10.0, 31.0))
    found = replace(result, plain=plain)
    assert pass_gates((Gate(figure="plain.false_tags", at_most=31),), found, never).passed
    told = pass_gates((Gate(figure="plain.right", at_least=86),), found, never).failures
    assert told == ("plain.right is 90.0000 (85.0000 to 94.0000), to be at least 86",)
    radio = Slice("source", "radio", 50, 50, 30, 0.9, 0.9, 0.9, (0.8, 0.96), 10.0, -0.02, 0.4)
    found = replace(result, slices=(radio,))
    gate = Gate(figure="f1", slice="source=radio", at_least=0.8)
    assert pass_gates((gate,), found, never).passed
    told = pass_gates((gate.model_copy(update={"at_least": 0.85}),), found, never).failures
    assert told == ("f1 of source=radio is 0.9000 (0.8000 to 0.9600), to be at least 0.85",)


def test_a_small_set_does_not_pass_by_being_vague(small, result):
    comparison = trainer.compare("small", "small", root=small.root)
    gate = Gate(figure="macro.f1", against="production", at_least=-0.01)

    def with_interval(low, high):
        found = {"f1_difference": 0.0, "f1_difference_interval": [low, high]}
        return lambda reference: replace(comparison, macro={**comparison.macro, **found})

    assert pass_gates((gate,), result, with_interval(-0.005, 0.005)).passed, "chance alone is no failure"
    found = pass_gates((gate,), result, with_interval(-0.2, 0.2))
    assert found.failures[0].startswith("macro.f1 less that of production is 0.0000 (-0.2000 to 0.2000)")
    noted = pass_gates((gate,), result, lambda reference: "the model is production")
    assert noted.passed
    assert noted.notes == ("macro.f1 less that of production: not asked, the model is production",)


@pytest.mark.parametrize(
    ("gate", "told"),
    [
        ({"figure": "macro.f2", "at_least": 1}, "no figure 'macro.f2'"),
        ({"figure": "volcano.f1", "at_least": 1}, "volcanoes"),
        ({"figure": "f1", "slice": "source=nowhere", "at_least": 1}, "of slice 'source=nowhere'"),
        ({"figure": "plain.wrong", "at_least": 1}, "no figure 'plain.wrong'"),
    ],
)
def test_a_figure_that_is_not_there_is_told(result, gate, told):
    with pytest.raises(ConfigError) as caught:
        pass_gates((Gate(**gate),), result, never)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[[gates]]\nfigure = 'macro.f1'\n", "give at_least or at_most"),
        ("[[gates]]\nfigure = 'macro.f1'\nat_leest = 1\n", "g.toml:3: gates.0.at_leest"),
        ("[[gates]]\nfigure = 'a'\nat_most = 1\nagainst = 'x'\n", "against goes with at_least alone"),
        ("gates = []\n", "at least 1 item"),
        ("[[gates]\n", "is no TOML"),
        ("", "gates: Field required"),
    ],
)
def test_a_file_that_is_wrong_is_told_with_its_place(tmp_path, text, told):
    file = tmp_path / "g.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_gates(file)
    assert told in str(caught.value).replace(str(tmp_path) + "/", "")
    with pytest.raises(NotFoundError, match="no file of gates"):
        load_gates(tmp_path / "none.toml")


def test_the_gates_that_ship_can_be_read():
    gates = load_gates(shipped_folder() / "gates.toml")
    assert load_gates() == gates
    assert any(gate.against == "production" for gate in gates)
