"""`cold.py MODULE VARIANT MODEL` loads a model, decides a text, says so; who started it holds the clock."""

import sys
from importlib import import_module
from pathlib import Path

TEXT = "I did not know that they were going to close the harbour, and it makes me angry."

module, variant, model = sys.argv[1:]
contender = import_module(module).Contender(variant)
contender.load(Path(model))
contender.decide([TEXT])
sys.stdout.write("ready\n")
sys.stdout.flush()
