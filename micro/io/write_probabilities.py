"""Writing the probabilities of phases as OME-Zarr with one channel a phase."""

from __future__ import annotations

from pathlib import Path

import zarr

import micro
from micro.errors import OutputError, ParameterError
from micro.io._image_label import history_json
from micro.io._levels import VERSION, multiscale, write_levels
from micro.io._pyramid import halve_by_mean
from micro.io.atomic import atomic_folder
from micro.io.ngff import is_zarr
from micro.model import Labels

__all__ = ["write_probabilities"]


def write_probabilities(path: Path, labels: Labels) -> Path:
    """Write the probabilities that labels carry as OME-Zarr (NGFF 0.5), block by block.

    The axes are c, z, y, x (2-D: c, y, x), the values uint8: 255 is certain. The channels carry the names and
    colours of the phases, and the coarser levels are means. The history of the labels stands beside the OME
    metadata. An OME-Zarr folder that is there is replaced when the new one is whole.

    Parameters
    ----------
    path
        The folder to write, by custom ending in ``.ome.zarr``.
    labels
        Labels with probabilities.

    Raises
    ------
    ParameterError
        If the labels carry no probabilities.
    OutputError
        If the folder can't be written, or holds something other than OME-Zarr.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from micro.model import Spacing
    >>> shares = np.full((2, 1, 4, 5), 128, np.uint8)
    >>> sure = Labels(np.ones((4, 5), np.uint8), Spacing.parse("25nm"), probabilities=shares,
    ...               probability_phases=("void", "SE"))
    >>> target = write_probabilities(Path(tempfile.mkdtemp()) / "probabilities.ome.zarr", sure)
    >>> zarr.open_group(target, mode="r")["0"].shape
    (2, 4, 5)
    """
    path = Path(path)
    if labels.probabilities is None:
        raise ParameterError(f"{labels.name}: labels without probabilities; expected those of a segmentation")
    if path.is_dir() and any(path.iterdir()) and not is_zarr(path):
        raise OutputError(f"can't write {path}: a folder with other files is there; give another name")
    with atomic_folder(path, replace=True) as beside:
        group = zarr.create_group(beside, zarr_format=3)
        levels = write_levels(beside, labels.probabilities, halve_by_mean, channels=True)
        scales = multiscale(f"{labels.name} probabilities", labels.spacing, levels, channels=True)
        window = {"start": 0, "end": 255, "min": 0, "max": 255}
        channels = [
            {
                "label": name,
                "color": labels.phases[name].colour.removeprefix("#"),
                "active": True,
                "coefficient": 1,
                "family": "linear",
                "inverted": False,
                "window": window,
            }
            for name in labels.probability_phases
        ]
        group.attrs.update(
            {
                "ome": {"version": VERSION, "multiscales": [scales], "omero": {"channels": channels}},
                "micro": {"version": micro.__version__, "history": history_json(labels.history)},
            }
        )
    return path
