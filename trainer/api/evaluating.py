"""The verbs that score a model, and compare two: evaluate, compare."""

from __future__ import annotations

import warnings
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from trainer.api.settings import DEFAULT_NAME
from trainer.errors import DataError, NotFoundError, TrainerError, TrainerWarning
from trainer.model.tagger import Tagger
from trainer.registry.format import read_model
from trainer.registry.versions import find_model, within
from trainer.storage import artifacts_root

if TYPE_CHECKING:
    from trainer.corpus.examples import Examples
    from trainer.corpus.readers.reading import Reading
    from trainer.corpus.store import Corpus
    from trainer.evaluation.compare import Comparison
    from trainer.evaluation.evaluate import Cases, Evaluation

RULES = "rules"
"""What the keyword rules are called where a model is named to compare with."""
Model = Tagger | str | Path


def evaluate(
    model: Model = DEFAULT_NAME,
    on: Corpus | str | Path = "test",
    *,
    against: Model | None = None,
    gate: str | Path | None = None,
    behaviour: bool | str | Path = False,
    reading: Reading | None = None,
    root: str | Path | None = None,
) -> Evaluation:
    """Score a model, with intervals, beside the keyword rules that it was trained with.

    Parameters
    ----------
    model : Tagger or reference
        See `load`.
    on : str or path or Corpus
        A split of the corpus that the model was trained on, a file of labelled sentences, or a corpus
        (its test split).
    against : Tagger or reference, optional
        Another model to compare it with on the same sentences; ``"rules"`` are the keyword rules.
    gate : path, optional
        A file of gates; see `trainer.evaluation.gate`.
    behaviour : bool or path
        Also run a file of cases; True for the one that ships. See `trainer.evaluation.behaviour`.
    reading : Reading, optional
        Names of columns of the file, and how its dates are meant.

    Warns
    -----
    TrainerWarning
        When sentences that are scored stood in the training of a model.
    """
    from trainer.config import config_from_dict
    from trainer.evaluation.behaviour import load_cases, run_cases
    from trainer.evaluation.evaluate import evaluate_tagger, examples_to_score
    from trainer.evaluation.gate import load_gates, pass_gates

    gates = () if gate is None else load_gates(gate)
    cases_to_run = load_cases(None if behaviour is True else behaviour) if behaviour else ()
    folder = artifacts_root(root)
    tagger, about = _model(model, folder)
    examples = examples_to_score(tagger, on, folder, reading)
    _warn_of_seen(tagger, examples, folder, about["model"] or "the model")
    result = evaluate_tagger(tagger, examples, config_from_dict(tagger.info["config"]))
    result = replace(result, model={**about, "digest": tagger.info["digest"]})
    cases = result.cases
    assert cases is not None  # noqa: S101  (for the type checker)
    if cases_to_run:
        result = replace(result, behaviour=run_cases(tagger, cases_to_run))
    if against is not None:
        result = replace(result, comparison=_compared(tagger, cases, against, folder))
    if gates:

        @cache
        def compared(reference: str) -> Comparison | str:
            if result.comparison is not None and result.comparison.against == reference:
                return result.comparison
            return _for_gate(tagger, cases, reference, folder)

        result = replace(result, gate=pass_gates(gates, result, compared))
    return result


def compare(
    a: Model,
    b: Model,
    on: Corpus | str | Path = "test",
    *,
    reading: Reading | None = None,
    root: str | Path | None = None,
) -> Comparison:
    """Compare model `a` with model `b` on the same sentences; a positive difference speaks for `a`.

    Parameters
    ----------
    a, b : Tagger or reference
        See `load`; `b` may be ``"rules"``.
    on : str or path or Corpus
        See `evaluate`; a split is of the corpus that `a` was trained on.
    """
    result = evaluate(a, on, against=b, reading=reading, root=root)
    assert result.comparison is not None  # noqa: S101  (for the type checker)
    return replace(result.comparison, evaluation=result)


def _model(model: Model, folder: Path) -> tuple[Tagger, dict[str, str | None]]:
    """Return a model, and where it lies."""
    about: dict[str, str | None] = {"model": None, "version": None}
    if not isinstance(model, Tagger):
        found = find_model(model, folder)
        model = read_model(found.path)
        about = {"model": str(found.path), "version": found.version}
    if not model.info:
        raise DataError(
            "a model that was not saved carries no rules to stand beside it", hint="Save it first."
        )
    return model, about


def _compared(tagger: Tagger, cases: Cases, against: Model, folder: Path) -> Comparison:
    from trainer.evaluation.bootstrap import Resamples
    from trainer.evaluation.compare import compare_cases

    drawn = Resamples(cases.examples.groups)
    if against == RULES:
        return compare_cases(cases, cases.ruled, "the keyword rules", drawn)
    reference = within(against, tagger.info["name"]) if isinstance(against, str) else against
    other, about = _model(reference, folder)
    if other.topics != tagger.topics:
        raise DataError(
            f"{reference} tags {', '.join(other.topics)}, and this model {', '.join(tagger.topics)}",
            hint="Only models of the same topics can be compared.",
        )
    label = about["version"] or "the other model"
    _warn_of_seen(other, cases.examples, folder, about["model"] or label)
    scores = other.predict_proba(cases.examples.texts)
    tagged, _ = other.decide(scores)
    return compare_cases(cases, tagged, label, drawn, (tagger, other), scores)


def _for_gate(tagger: Tagger, cases: Cases, reference: str, folder: Path) -> Comparison | str:
    if reference != RULES:
        try:
            found = find_model(within(reference, tagger.info["name"]), folder)
        except NotFoundError as error:
            return error.message
        if found.digest == tagger.info["digest"]:
            return f"the model is {reference}"
    return _compared(tagger, cases, reference, folder)


def _warn_of_seen(tagger: Tagger, examples: Examples, folder: Path, name: str) -> None:
    """Warn when sentences that are scored stood among those that a model was trained on."""
    from trainer.corpus.store import corpus_with

    about = tagger.info["corpus"]
    try:
        corpus = corpus_with(about["fingerprint"], folder, about["name"])
        splits = [split for split in corpus.splits if split != "test"]
        seen = set(corpus.rows(splits, ("text",)).column("text").to_pylist())
    except TrainerError:
        return  # it was trained elsewhere: nobody can tell
    if count := sum(text in seen for text in examples.texts):
        warnings.warn(
            f"{count:,} of {len(examples):,} sentences stood in the training of {name}: its scores flatter",
            TrainerWarning,
            stacklevel=3,
        )
