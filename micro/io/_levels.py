"""The levels of a multiscale image in OME-Zarr, and what its metadata say about them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import dask
import dask.array as da
import numpy as np
import zarr
from dask.local import get_sync
from numpy.typing import NDArray

from micro.io._pyramid import halved_shape, level_factors
from micro.model import Spacing

__all__ = ["VERSION", "multiscale", "write_levels"]

VERSION = "0.5"
"""Version of OME-NGFF that is written."""

_CHUNK_3D = (128, 128, 128)
_CHUNK_2D = (1024, 1024)

Halve = Callable[[NDArray[Any], tuple[int, ...]], NDArray[Any]]


def multiscale(
    name: str, spacing: Spacing, levels: Sequence[tuple[int, ...]], *, channels: bool = False
) -> dict[str, Any]:
    """Return the NGFF multiscale metadata; coarse voxels are centred on those that they merge."""
    axes = _axes(len(levels[0]), channels)
    edges = {**dict(zip("zyx", spacing.um, strict=True)), "c": 1.0}
    datasets = []
    for number, factors in enumerate(levels):
        scale = [edges[axis] * factor for axis, factor in zip(axes, factors, strict=True)]
        shift = [edges[axis] * (factor - 1) / 2 for axis, factor in zip(axes, factors, strict=True)]
        transforms = [{"type": "scale", "scale": scale}]
        if number:
            transforms.append({"type": "translation", "translation": shift})
        datasets.append({"path": str(number), "coordinateTransformations": transforms})
    kinds = {"c": {"type": "channel"}}
    space = {"type": "space", "unit": "micrometer"}
    return {
        "name": name,
        "axes": [{"name": axis, **kinds.get(axis, space)} for axis in axes],
        "datasets": datasets,
    }


def write_levels(folder: Path, data: da.Array, halve: Halve, *, channels: bool = False) -> list[tuple[int, ...]]:
    """Write all levels of ``data`` as arrays 0, 1, ... in ``folder``; return the factors of each.

    ``data`` are (z, y, x), or (c, z, y, x) with ``channels``; a single slice loses its z.
    """
    source: Any = data[..., 0, :, :] if data.shape[-3] == 1 else data
    axes = _axes(source.ndim, channels)
    kept = int(channels)
    levels = [(1,) * kept + factors for factors in level_factors(source.shape[kept:])]
    for number, factors in enumerate(levels):
        if number == 0:
            target = _array(folder / "0", source.shape, source.dtype, axes)
            _for_blocks(partial(_copy, source, target), target)
        else:
            steps = tuple(now // before for now, before in zip(factors, levels[number - 1], strict=True))
            target = _array(folder / str(number), halved_shape(source.shape, steps), source.dtype, axes)
            _for_blocks(partial(_halve, source, target, halve, steps), target)
        source = target
    return levels


def _axes(count: int, channels: bool) -> str:
    """Return the names of ``count`` axes, such as ``cyx``."""
    return "c" * channels + "zyx"[3 - count + channels :]


def _array(path: Path, shape: tuple[int, ...], dtype: Any, axes: str) -> zarr.Array:  # noqa: ANN401
    wanted = {"c": 1, **dict(zip("zyx", _CHUNK_3D if "z" in axes else (1, *_CHUNK_2D), strict=True))}
    return zarr.create_array(
        path,
        shape=shape,
        dtype=np.dtype(dtype).newbyteorder("="),
        chunks=tuple(min(wanted[axis], n) for axis, n in zip(axes, shape, strict=True)),
        zarr_format=3,
        dimension_names=list(axes),
    )


def _for_blocks(task: Callable[[tuple[slice, ...]], None], target: zarr.Array) -> None:
    """Call ``task`` for every chunk of ``target``: one node of the graph each, on any dask scheduler."""
    spans = [range(0, length, chunk) for length, chunk in zip(target.shape, target.chunks, strict=True)]
    regions = [
        tuple(slice(c, min(c + chunk, n)) for c, chunk, n in zip(corner, target.chunks, target.shape, strict=True))
        for corner in itertools.product(*spans)
    ]
    dask.compute(*(dask.delayed(task, pure=False, traverse=False)(region) for region in regions))


def _copy(source: da.Array, target: zarr.Array, region: tuple[slice, ...]) -> None:
    target[region] = source[region].compute(scheduler=get_sync)


def _halve(
    source: zarr.Array, target: zarr.Array, halve: Halve, steps: tuple[int, ...], region: tuple[slice, ...]
) -> None:
    fine = tuple(slice(span.start * step, span.stop * step) for span, step in zip(region, steps, strict=True))
    target[region] = halve(np.asarray(source[fine]), steps)
