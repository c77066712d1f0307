"""The gold sentences: one file a register."""
