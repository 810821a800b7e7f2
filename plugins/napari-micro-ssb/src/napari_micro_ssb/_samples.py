"""The example images in napari's menu, each made from its seed when it is asked for."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import micro
from micro.phantoms import write_example
from napari_micro_ssb._layers import LayerTuple
from napari_micro_ssb._reader import read_layers

__all__ = ["example_path"]


def example_path(name: str, folder: Path | None = None) -> Path:
    """Return the file of an example image; it is made where it isn't there yet.

    Parameters
    ----------
    name
        Of an example, such as ``fibsem``.
    folder
        Where it goes; None: a folder of this version among the temporary files, which is kept.
    """
    place = folder or Path(tempfile.gettempdir()) / f"micro-examples-{micro.__version__}"
    path = place / f"{name}.tif"
    if not path.exists():
        place.mkdir(parents=True, exist_ok=True)
        write_example(name, place)
    return path


def _maker(name: str) -> Callable[[], list[LayerTuple]]:
    def make() -> list[LayerTuple]:
        return read_layers(example_path(name))

    return make


sem_pristine = _maker("sem-pristine")
sem_charged = _maker("sem-charged")
sem_cycled = _maker("sem-cycled")
sem_alloy = _maker("sem-alloy")
fibsem = _maker("fibsem")
fibsem_alloy = _maker("fibsem-alloy")
xct = _maker("xct")
xct_alloy = _maker("xct-alloy")
