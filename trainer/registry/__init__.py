"""Saved models: the format, the versions and aliases, the ways out."""
