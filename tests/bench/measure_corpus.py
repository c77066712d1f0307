"""What each part of the shipped corpus and config is worth, on a file of labelled sentences of one's own.

    python tests/bench/measure_corpus.py FILE.jsonl

Prints macro-F1, precision and recall on FILE, and F1 by topic: the keyword rules alone, the shipped settings,
each way switched off, and a learning curve over the shipped sentences, drawn by a hash of their id.
"""

from __future__ import annotations

import hashlib
import sys
import tempfile

import numpy as np
from given import given_file

import trainer
from trainer.config import Config, load_config, shipped_folder
from trainer.corpus.examples import Examples, corpus_examples, file_examples
from trainer.evaluation.evaluate import rule_decisions, rule_votes
from trainer.metrics import score_table
from trainer.model.fit import fit_tagger

ABLATIONS = (
    ("shipped settings", ()),
    ("without lexicons", ("features.lexicon_weight=0",)),
    ("without characters", ("features.char_ngrams=[]",)),
    ("words only one by one", ("features.word_ngrams=[1,1]",)),
    ("threshold 0.5", ("thresholds.objective=fixed",)),
    ("thresholds free between 0.1 and 0.9", ("thresholds.lowest=0.1", "thresholds.highest=0.9")),
    ("classes balanced", ("classifier.class_weight=balanced",)),
    ("linear SVM", ("classifier.kind=svm", "classifier.C=0.2")),
)
SHARES = (0.1, 0.25, 0.5, 1.0)


def main() -> None:
    """Measure and print."""
    file = given_file(__doc__, "labelled sentences")
    shipped = shipped_folder() / "topics.toml"
    config = load_config(shipped)
    real = file_examples(file, config.topic_names)
    with tempfile.TemporaryDirectory() as folder:
        whole = corpus_examples(trainer.build((), config, root=folder))
    row("keyword rules alone", real, rule_decisions(rule_votes(config, real.texts), config.topic_names))
    for name, overrides in ABLATIONS:
        row(name, real, decide(whole, load_config(shipped, overrides), real))
    lots = [int(hashlib.sha256(text.encode()).hexdigest(), 16) / 2**256 for text in whole.ids]
    for share in SHARES:
        part = whole.only(np.array([lot < share for lot in lots]))
        row(f"{share:.0%} of the sentences ({len(part):,})", real, decide(part, config, real))


def decide(training: Examples, config: Config, real: Examples) -> np.ndarray:
    """Return the decisions on `real` of a tagger trained on `training`."""
    return fit_tagger(training, config).tagger.predict_matrix(real.texts)


def row(name: str, real: Examples, tagged: np.ndarray) -> None:
    """Print one line of the table."""
    scores = score_table(real.Y, tagged, None, real.topics)
    topics = " | ".join(f"{scores['topics'][topic]['f1']:.3f}" for topic in real.topics)
    macro = scores["macro"]
    sys.stdout.write(
        f"| {name} | {macro['f1']:.3f} | {macro['precision']:.3f} | {macro['recall']:.3f} | {topics} |\n"
    )
    sys.stdout.flush()


if __name__ == "__main__":
    main()
