"""Reading label images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import dask.array as da
import numpy as np
from dask.local import get_sync

from micro.errors import PhaseError
from micro.io._settle import settle_spacing
from micro.io.mapping import value_table
from micro.io.ngff import open_ngff_labels
from micro.io.readers import ImageSource, open_source, source_name
from micro.io.volumes import read_step
from micro.model import SSB_PHASES, Labels, PhaseSet, Spacing, Step

__all__ = ["read_labels"]

_CHECK_BYTES = 2**27


def read_labels(
    path: ImageSource,
    *,
    voxel_size: Spacing | None = None,
    mapping: Mapping[int, str | int] | None = None,
    phases: PhaseSet = SSB_PHASES,
    name: str | None = None,
) -> Labels:
    """Read a label image of any integer type, lazily.

    Parameters
    ----------
    path
        A file, a folder of slices, a pattern, a list of files, or an OME-Zarr folder: there the labels
        below the image are meant.
    voxel_size
        Overrides what the file says.
    mapping
        What the values of the file stand for: a phase's name, or a number from 1 to 255 (without a
        phase it becomes ``label <number>``). Zero stays unlabelled unless it is in the mapping; any
        other value that is not in it is an error. Without a mapping the values are label values.
    phases
        The phases, unless the file names its own.
    name
        Name of the sample; by default that of the file or folder.

    Raises
    ------
    PhaseError
        If the image is no label image, the mapping names an unknown phase, or a value is not in the
        mapping. Images above 128 MB are checked when they are read, block by block.
    MissingCalibrationError
        If neither the file nor ``voxel_size`` says how large a voxel is.
    InputMissingError, UnreadableFileError, UnsupportedFormatError, ShapeMismatchError
        If the source can't be read.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from micro.io import write_tiff
    >>> path = Path(tempfile.mkdtemp()) / "labels.tif"
    >>> _ = write_tiff(path, Labels(np.full((4, 5), 7, np.uint8), Spacing.parse("25nm")))
    >>> int(read_labels(path, mapping={7: "SE"}).data.max().compute())
    2
    """
    opened = open_source(path, open_zarr=open_ngff_labels)
    title = name or source_name(path)
    stack = opened.stack
    if stack.dtype.kind not in "bui":
        raise PhaseError(f"{title}: values of type {stack.dtype}; expected a label image of whole numbers")
    table, known = value_table(title, mapping, opened.phases or phases)
    if stack.dtype != np.uint8 or mapping is not None:
        stack = stack.mapped(table, np.uint8)
    data = stack.lazy()
    if stack.finish is not None and opened.stack.dtype.itemsize * data.size <= _CHECK_BYTES:
        table(_values(opened.stack.lazy()))
    spacing, where = settle_spacing(opened, voxel_size, title)
    step = read_step(path, opened, spacing, where)
    if mapping is not None:
        step = _with_mapping(step, mapping)
    return Labels(data, spacing, phases=known, history=(*opened.history, step), name=title)


def _values(data: da.Array) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return all values of ``data``, so that a message can list every one that is strange."""
    found: set[int] = set()
    for block in data.to_delayed().ravel():
        found.update(np.unique(block.compute(scheduler=get_sync)).tolist())
    return np.array(sorted(found), dtype=np.int64)


def _with_mapping(step: Step, mapping: Mapping[int, str | int]) -> Step:
    parameters = {**step.parameters, "mapping": {str(value): str(target) for value, target in mapping.items()}}
    return replace(step, parameters=parameters)
