"""Recipes, batch runs and the command line of micro.

Names are loaded when they are first used, so that ``micro --help`` doesn't wait for numerical libraries.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from micro_pipelines.batch import BatchResult, run_batch
    from micro_pipelines.journal import Journal, Observer
    from micro_pipelines.models import Model, load_model
    from micro_pipelines.recipe import Recipe
    from micro_pipelines.recipe_files import load_recipe, preset_names, recipe_hash
    from micro_pipelines.review import ReviewItem, mark_sample, read_queue
    from micro_pipelines.runner import SampleResult, run_sample
    from micro_pipelines.sources import Source, find_sources
    from micro_pipelines.training import train_model
    from micro_pipelines.validation import validate

__all__ = [
    "BatchResult",
    "Journal",
    "Model",
    "Observer",
    "Recipe",
    "ReviewItem",
    "SampleResult",
    "Source",
    "find_sources",
    "load_model",
    "load_recipe",
    "mark_sample",
    "preset_names",
    "read_queue",
    "recipe_hash",
    "run_batch",
    "run_sample",
    "train_model",
    "validate",
]

_HOMES = {
    "BatchResult": "batch",
    "Journal": "journal",
    "Model": "models",
    "Observer": "journal",
    "Recipe": "recipe",
    "ReviewItem": "review",
    "SampleResult": "runner",
    "Source": "sources",
    "find_sources": "sources",
    "load_model": "models",
    "load_recipe": "recipe_files",
    "mark_sample": "review",
    "preset_names": "recipe_files",
    "read_queue": "review",
    "recipe_hash": "recipe_files",
    "run_batch": "batch",
    "run_sample": "runner",
    "train_model": "training",
    "validate": "validation",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
