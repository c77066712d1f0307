"""The page of an evaluation: one file, for people."""
