"""How good a model is, on sentences it has not seen, beside what the keyword rules alone can do."""
