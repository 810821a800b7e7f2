"""The demonstration: the example images, each with its recipe."""

from __future__ import annotations

from pathlib import Path

from micro.blocks import Engine
from micro.phantoms import write_examples
from micro_pipelines.job import Job, labels_from_image
from micro_pipelines.recipe_files import load_recipe
from micro_pipelines.sources import Source, safe_name

__all__ = ["demo_work", "example_folder"]

_SAMPLES = (
    ("sem", "sem-pristine.tif", "pristine"),
    ("sem", "sem-charged.tif", "charged"),
    ("sem", "sem-cycled.tif", "cycled"),
    ("sem-alloy", "sem-alloy.tif", "cycled"),
    ("fibsem", "fibsem.tif", "cycled"),
    ("xct", "xct.tif", "cycled"),
)
"""Recipe, file and state of each sample."""


def example_folder(otherwise: Path) -> Path:
    """Return the folder of the example images: that of the checkout, else made anew in ``otherwise``."""
    beside = Path(__file__).resolve().parents[2] / "example_images"
    if beside.is_dir():
        return beside
    write_examples(otherwise)
    return otherwise


def demo_work(images: Path, engine: Engine) -> list[tuple[Source, Job]]:
    """Return the samples of the demonstration: a SEM series, Li-In, a FIB-SEM stack, a CT volume."""
    recipes = {name: load_recipe(name) for name in dict.fromkeys(recipe for recipe, _, _ in _SAMPLES)}
    return [
        (Source(safe_name(file), (images / file,), state), Job(recipes[recipe], None, engine, labels_from_image))
        for recipe, file, state in _SAMPLES
    ]
