"""The coarser levels of a multiscale image, for whoever shows it."""

from __future__ import annotations

from pathlib import Path

import dask.array as da

from micro.io.ngff import coarser_levels, is_zarr
from micro.io.readers import ImageSource

__all__ = ["read_coarser"]


def read_coarser(source: ImageSource, *, labels: bool = False) -> tuple[da.Array, ...]:
    """Return the coarser levels that an OME-Zarr holds, lazily; none for every other source.

    They are for looking at: measurements use the finest level alone.

    Parameters
    ----------
    source
        What `micro.io.read_volume` takes.
    labels
        Whether those of the labels are wanted, as `micro.io.read_labels` finds them.

    Returns
    -------
    tuple of dask arrays
        Each of shape (z, y, x), finer ones first.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from micro.io import write_ome_zarr
    >>> from micro.model import Spacing, Volume
    >>> path = Path(tempfile.mkdtemp()) / "cell.ome.zarr"
    >>> _ = write_ome_zarr(path, Volume(np.zeros((300, 200), np.uint8), Spacing.parse("25nm")))
    >>> [level.shape for level in read_coarser(path)]
    [(1, 150, 100), (1, 75, 100)]
    """
    if not isinstance(source, str | Path) or not is_zarr(Path(source)):
        return ()
    return tuple(stack.lazy() for stack in coarser_levels(Path(source), labels=labels))
