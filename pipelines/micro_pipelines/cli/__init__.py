"""The command line: ``micro``."""

from micro_pipelines.cli.entry import app, main

__all__ = ["app", "main"]
