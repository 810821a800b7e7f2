"""The levels of a multiscale image in OME-Zarr, and what its metadata say about them."""

from __future__ import annotations

import itertools
import math
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

__all__ = ["SHARDED_VOXELS", "VERSION", "multiscale", "write_levels"]

VERSION = "0.5"
"""Version of OME-NGFF that is written."""

_CHUNK_3D = (128, 128, 128)
_CHUNK_2D = (1024, 1024)
SHARDED_VOXELS = 2**28
"""Volumes from this size on are written in shards: files that hold many small chunks."""
_SHARD, _CHUNK_IN_SHARD = 256, 64

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


def write_levels(
    folder: Path, data: da.Array, halve: Halve, *, channels: bool = False, sharded_voxels: int = SHARDED_VOXELS
) -> list[tuple[int, ...]]:
    """Write all levels of ``data`` as arrays 0, 1, ... in ``folder``; return the factors of each.

    ``data`` are (z, y, x), or (c, z, y, x) with ``channels``; a single slice loses its z. Levels from
    ``sharded_voxels`` voxels on are written in shards.
    """
    source: Any = data[..., 0, :, :] if data.shape[-3] == 1 else data
    axes = _axes(source.ndim, channels)
    kept = int(channels)
    levels = [(1,) * kept + factors for factors in level_factors(source.shape[kept:])]
    for number, factors in enumerate(levels):
        if number == 0:
            target = _array(folder / "0", source.shape, source.dtype, axes, sharded_voxels)
            _for_blocks(partial(_copy, source, target), target)
        else:
            steps = tuple(now // before for now, before in zip(factors, levels[number - 1], strict=True))
            shape = halved_shape(source.shape, steps)
            target = _array(folder / str(number), shape, source.dtype, axes, sharded_voxels)
            _for_blocks(partial(_halve, source, target, halve, steps), target)
        source = target
    return levels


def _axes(count: int, channels: bool) -> str:
    """Return the names of ``count`` axes, such as ``cyx``."""
    return "c" * channels + "zyx"[3 - count + channels :]


def _array(path: Path, shape: tuple[int, ...], dtype: Any, axes: str, sharded_voxels: int) -> zarr.Array:  # noqa: ANN401
    chunks, shards = _pieces(shape, axes, sharded_voxels)
    return zarr.create_array(
        path,
        shape=shape,
        dtype=np.dtype(dtype).newbyteorder("="),
        chunks=chunks,
        shards=shards,
        zarr_format=3,
        dimension_names=list(axes),
    )


def _pieces(
    shape: tuple[int, ...], axes: str, sharded_voxels: int = SHARDED_VOXELS
) -> tuple[tuple[int, ...], tuple[int, ...] | None]:
    """Return the shape of chunks, which are read, and of the shards that hold them, which are written; None without.

    A slice of a large volume is read with a quarter of the voxels that larger chunks have, from no more files.

    Examples
    --------
    >>> _pieces((256, 256, 256), "zyx"), _pieces((2048, 2048, 100), "zyx")
    (((128, 128, 128), None), ((64, 64, 64), (256, 256, 128)))
    """
    wanted = {"c": 1, **dict(zip("zyx", _CHUNK_3D if "z" in axes else (1, *_CHUNK_2D), strict=True))}
    large = "z" in axes and math.prod(shape) >= sharded_voxels
    edges = {axis: min(edge, _CHUNK_IN_SHARD) if large else edge for axis, edge in wanted.items()}
    chunks = tuple(min(edges[axis], n) for axis, n in zip(axes, shape, strict=True))
    if not large:
        return chunks, None
    most = {"c": 1, **dict.fromkeys("zyx", _SHARD)}
    return chunks, tuple(
        min(most[axis], -(-n // chunk) * chunk) // chunk * chunk
        for axis, n, chunk in zip(axes, shape, chunks, strict=True)
    )


def _for_blocks(task: Callable[[tuple[slice, ...]], None], target: zarr.Array) -> None:
    """Call ``task`` for every file of ``target``: one node of the graph each, on any dask scheduler."""
    regions = _regions([(0, length) for length in target.shape], target.shards or target.chunks)
    dask.compute(*(dask.delayed(task, pure=False, traverse=False)(region) for region in regions))


def _regions(spans: Sequence[tuple[int, int]], edges: Sequence[int]) -> list[tuple[slice, ...]]:
    """Return the boxes of ``edges`` that spans are cut into, in raster order."""
    starts = [range(start, stop, edge) for (start, stop), edge in zip(spans, edges, strict=True)]
    return [
        tuple(slice(c, min(c + edge, stop)) for c, edge, (_, stop) in zip(corner, edges, spans, strict=True))
        for corner in itertools.product(*starts)
    ]


def _copy(source: da.Array, target: zarr.Array, region: tuple[slice, ...]) -> None:
    target[region] = source[region].compute(scheduler=get_sync)


def _halve(
    source: zarr.Array, target: zarr.Array, halve: Halve, steps: tuple[int, ...], region: tuple[slice, ...]
) -> None:
    out = np.empty([span.stop - span.start for span in region], target.dtype)
    # in pieces, since what is merged takes many times their memory
    edges = [min(edge, _CHUNK_3D[0]) if target.shards else edge for edge in target.shards or target.chunks]
    for piece in _regions([(span.start, span.stop) for span in region], edges):
        fine = tuple(slice(span.start * step, span.stop * step) for span, step in zip(piece, steps, strict=True))
        within = (slice(p.start - r.start, p.stop - r.start) for p, r in zip(piece, region, strict=True))
        out[tuple(within)] = halve(np.asarray(source[fine]), steps)
    target[region] = out
