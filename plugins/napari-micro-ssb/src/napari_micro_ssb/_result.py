"""The folder of a result: image, phases, dendrites, cracks, gaps, and its tables."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from micro.errors import InputMissingError
from micro.io import open_source, read_coarser, read_labels, read_volume
from micro.model import Labels
from micro_pipelines.names import LABELS_ZARR
from napari_micro_ssb._layers import LayerTuple, image_layer, labels_layer, mask_layer
from napari_micro_ssb._origin import Origin

if TYPE_CHECKING:
    import dask.array as da
    import pandas as pd

__all__ = ["GAP_COLOUR", "Tables", "find_result", "parts_layers", "read_result", "read_tables", "samples_in"]

GAP_COLOUR = "#F0E442"
"""Colour of the gaps, which carry the label of void."""
ANATOMY_VOXELS = 2**25
"""In larger results gaps are not looked for when they are opened; the Measure panel finds them."""


@dataclass(frozen=True)
class Tables:
    """The tables of a sample: measurements, and one of objects by kind."""

    measurements: pd.DataFrame
    objects: dict[str, pd.DataFrame]


def samples_in(folder: Path) -> tuple[Path, ...]:
    """Return the finished samples in the folder of a run, or the folder itself where it is one."""
    if not folder.is_dir():
        return ()
    if _is_sample(folder):
        return (folder,)
    if not (folder / "measurements.csv").is_file():
        return ()
    return tuple(sorted(one for one in folder.iterdir() if one.is_dir() and _is_sample(one)))


def find_result(folder: Path) -> Path | None:
    """Return the sample that opens when a folder is opened: itself, or the first one in it; None where there is none.

    Examples
    --------
    >>> find_result(Path("nowhere")) is None
    True
    """
    return next(iter(samples_in(folder)), None)


def read_result(folder: Path) -> list[LayerTuple]:
    """Return the layers of a finished sample: image (where there is one), phases, dendrites, cracks and gaps.

    Raises
    ------
    MicroError
        If the labels can't be read.
    """
    place = folder / LABELS_ZARR
    labels = read_labels(place, name=folder.name)
    origin = Origin((place,), labels.spacing, labels.phases, folder)
    layers = []
    if open_source(place).phases is None:
        volume = read_volume(place, name=folder.name)
        layers.append(image_layer(volume, coarser=read_coarser(place), origin=origin))
    layers.append(labels_layer(labels, coarser=read_coarser(place, labels=True), origin=origin))
    parts = None
    if labels.data.size <= ANATOMY_VOXELS:
        parts = _parts_of(labels, folder)
    return [*layers, *parts_layers(labels, parts, origin)]


def _parts_of(labels: Labels, folder: Path) -> da.Array:
    # a file that is no result opens without them
    from micro.blocks import Engine, as_dask
    from micro.cell import anatomy
    from napari_micro_ssb._record import recipe_in

    return as_dask(anatomy(labels, recipe_in(folder).cell, Engine()).parts)


def parts_layers(labels: Labels, parts: da.Array | None, origin: Origin) -> list[LayerTuple]:
    """Return dendrites and cracks by their labels, and gaps where the parts of the cell are known."""
    masks = {"dendrites": ("dendrite", labels.phases), "cracks": ("crack", labels.phases)}
    layers = [
        mask_layer(
            labels.data == phases[phase].value,
            labels.spacing,
            f"{labels.name} {name}",
            phases[phase].colour,
            origin=origin,
        )
        for name, (phase, phases) in masks.items()
        if phase in phases
    ]
    if parts is not None:
        from micro.cell import Part

        gaps = (parts & 127) == int(Part.GAP)
        layers.append(mask_layer(gaps, labels.spacing, f"{labels.name} gaps", GAP_COLOUR, origin=origin))
    return layers


def read_tables(folder: Path) -> Tables:
    """Read the tables of a finished sample.

    Raises
    ------
    InputMissingError
        If there are none.
    """
    path = folder / "measurements.csv"
    if not path.is_file():
        raise InputMissingError(f"{folder}: no measurements.csv; expected the folder of a finished sample")
    objects = {file.stem.removeprefix("objects_"): _read(file) for file in sorted(folder.glob("objects_*.csv"))}
    return Tables(_read(path), objects)


def _read(path: Path) -> pd.DataFrame:
    import pandas as pd

    try:
        # an empty cell stays empty, and a sample may be called NA
        table = pd.read_csv(path, keep_default_na=False, na_values=[""], dtype={"sample": str, "state": str})
    except pd.errors.EmptyDataError:
        return pd.DataFrame()
    return table.replace({np.nan: None})


def _is_sample(folder: Path) -> bool:
    return (folder / "run.json").is_file() and (folder / LABELS_ZARR).is_dir()
