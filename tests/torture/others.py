"""The frozen models under other versions of numpy and scikit-learn, each in an environment of its own."""

from __future__ import annotations

import json
import os
import subprocess
import venv
from pathlib import Path

import trainer

FROZEN = Path(__file__).parent.parent / "frozen"
VERSIONS = (
    ("numpy==1.26.4", "scikit-learn==1.5.2"),
    ("numpy==2.2.6", "scikit-learn==1.7.2"),
    ("numpy==2.4.6", "scikit-learn==1.9.1"),
)
_WORK = """
import json, sys
from pathlib import Path
import numpy as np
import sklearn
from trainer.registry.format import read_model
frozen, off, compared = Path(sys.argv[1]), 0.0, 0
for folder in sorted(path for path in frozen.iterdir() if path.is_dir()):
    model = read_model(folder)  # which compares the golden texts' margins
    recorded = folder.with_name(folder.name + ".json")
    for one in json.loads(recorded.read_bytes()) if recorded.is_file() else []:
        found = model.predict(one["text"])
        assert (list(found.labels), list(found.review)) == (one["labels"], one["review"]), one["text"]
        off = max(off, *(abs(found.scores[topic] - one["scores"][topic]) for topic in model.topics))
    texts = json.loads((folder / "golden.json").read_bytes())["texts"]
    if not model.curves:
        pipeline = model.as_sklearn()
        assert (pipeline.predict(texts) == (model.predict_proba(texts) >= model.thresholds)).all()
        compared += 1
assert off <= 1e-6, off
assert compared, "no pipeline was compared"
print(json.dumps({"numpy": np.__version__, "scikit-learn": sklearn.__version__, "off": off}))
"""


def other_versions(folder: Path, *, pairs: int = len(VERSIONS)) -> str:
    """A frozen model loads, and computes the same, under other versions of numpy and scikit-learn."""
    told = []
    for number, wanted in enumerate(VERSIONS[:pairs]):
        place = folder / str(number)
        venv.create(place, with_pip=True)
        python = str(place / "bin" / "python")
        _run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "numpy", *wanted)
        # The package from where it is imported here, by itself: numpy serves where no compiled loop fits.
        (place / "source").mkdir()
        (place / "source" / "trainer").symlink_to(Path(str(trainer.__file__)).parent)
        said = json.loads(_run(python, "-c", _WORK, str(FROZEN), PYTHONPATH=str(place / "source")))
        assert f"numpy=={said['numpy']}" in wanted
        assert f"scikit-learn=={said['scikit-learn']}" in wanted
        told.append(f"{' with '.join(wanted)}, off by {said['off']:.0e}")
    return "; ".join(told)


def _run(*command: str, **variables: str) -> str:
    env = {**os.environ, "PIP_CONSTRAINT": "", **variables}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, f"{' '.join(command)[:200]}: {done.stderr[-2000:]}"
    return done.stdout
