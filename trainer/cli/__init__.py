"""The command line: one thin function a command. It parses, calls one verb and renders what comes back."""

from __future__ import annotations

from trainer.cli.app import app, main

__all__ = ["app", "main"]
