"""Reading grey-value volumes."""

from __future__ import annotations

from typing import Any

import micro
from micro.io._grey import grey_stack
from micro.io._opened import Opened
from micro.io._settle import settle_spacing
from micro.io.fingerprint import fingerprint
from micro.io.readers import ImageSource, open_source, source_name
from micro.model import Spacing, Step, Volume

__all__ = ["read_step", "read_volume"]


def read_volume(
    source: ImageSource,
    *,
    voxel_size: Spacing | None = None,
    modality: str = "",
    name: str | None = None,
) -> Volume:
    """Read an image, a stack or a folder of slices lazily.

    Parameters
    ----------
    source
        A file, a folder of slices, a pattern, an OME-Zarr folder, or a list of files.
    voxel_size
        Overrides what the file says.
    modality
        ``sem``, ``fibsem``, ``xct`` or empty.
    name
        Name of the sample; by default that of the file or folder.

    Returns
    -------
    Volume
        Shape (z, y, x); a 2-D image is one slice. The grey values have the type of the file.

    Raises
    ------
    MissingCalibrationError
        If neither the file nor ``voxel_size`` says how large a voxel is.
    ColourImageError
        If the image has real colour; slices of a stack raise it when they are read.
    InputMissingError, UnreadableFileError, UnsupportedFormatError, ShapeMismatchError
        If the source can't be read.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from micro.io import write_tiff
    >>> path = Path(tempfile.mkdtemp()) / "cell.tif"
    >>> _ = write_tiff(path, Volume(np.zeros((3, 4, 5), np.uint8), Spacing.parse("0.1,0.05,0.05um")))
    >>> volume = read_volume(path)
    >>> volume.shape, volume.spacing.z
    ((3, 4, 5), 0.1)
    """
    opened = open_source(source)
    title = name or source_name(source)
    stack = grey_stack(opened, title)
    spacing, where = settle_spacing(opened, voxel_size, title)
    step = read_step(source, opened, spacing, where)
    return Volume(stack.lazy(), spacing, modality=modality, history=(*opened.history, step), name=title)


def read_step(source: ImageSource, opened: Opened, spacing: Spacing, where: str) -> Step:
    """Return the step that records what was read, how large a voxel is and who says so."""
    parameters: dict[str, Any] = {
        "source": source_name(source),
        "format": opened.format,
        "spacing_um": list(spacing.um),
        "spacing_from": where,
    }
    if opened.cuts:
        parameters["cut"] = list(opened.cuts)
    if opened.calibration.where and where != opened.calibration.where:
        found = opened.calibration
        parameters["spacing_in_file_um"] = [found.z_um, found.y_um, found.x_um]
    if opened.calibration.tilt is not None:
        tilt = opened.calibration.tilt
        parameters["tilt"] = {
            "stage_deg": round(tilt.stage_deg, 3),
            "corrected": tilt.corrected,
            "says": tilt.sentence,
        }
    return Step("read", parameters, version=micro.__version__, input_hash=fingerprint(opened.files))
