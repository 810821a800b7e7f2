"""The one engine for everything that touches voxels.

A task reads a region with its halo, returns what is to be written to the core of that region, and
a small partial result. The engine writes, collects the partials in block order and hands them to
the caller, who merges them. The task graph has one node a block and nothing else, and a block's
result depends on the voxels in its outer region only, so neither the chunking nor the number of
workers can change it.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import dask.array as da
import numpy as np
import zarr
from dask import threaded
from dask.base import get_scheduler
from dask.local import get_sync
from numpy.typing import DTypeLike, NDArray
from zarr.codecs import BloscCodec, ZstdCodec

from micro.blocks.budget import Budget
from micro.blocks.grid import Block, Region, Shape, split
from micro.blocks.pool import Pool, take_place, twin_of
from micro.blocks.recent import Recent
from micro.blocks.running import Running
from micro.blocks.scratch import scratch_folder
from micro.blocks.sparse import SparseArray
from micro.blocks.stored import ChunkFiles, open_stored
from micro.errors import ParameterError

__all__ = ["DEFAULT_BLOCK", "Done", "Engine", "Source", "as_dask", "read_region", "store_of"]

DEFAULT_BLOCK: Shape = (128, 128, 128)
"""Voxels of a block along z, y and x unless the caller says otherwise."""
_FLAT_BLOCK: Shape = (1, 1024, 1024)
_STORED = "stored:"
_CHUNK = 64
"""Blocks whose edge is a multiple of this are stored in chunks of this edge: a halo then reads little beyond it."""
_SLAB_BLOCKS = 8
"""A slab of whole slices has as many voxels as so many blocks: what is done to slices takes that much less a voxel."""

P = TypeVar("P")
Item = TypeVar("Item")
Progress = Callable[[str, int, int], None]


class Source(Protocol):
    """Anything of three axes that can be sliced: numpy, zarr or dask."""

    @property
    def shape(self) -> tuple[int, ...]: ...  # noqa: D102

    @property
    def dtype(self) -> Any: ...  # noqa: D102, ANN401

    def __getitem__(self, region: Any, /) -> Any: ...  # noqa: ANN401


@dataclass(frozen=True, slots=True)
class Done(Generic[P]):
    """What a task returns: its partial result, and one array (the shape of the core) for each output.

    None in the place of an array leaves that part of the output as it is: zeros, in a fresh `Engine.array`.
    """

    partial: P
    written: tuple[NDArray[Any] | None, ...] = ()


Task = Callable[..., Done[P]]


def as_dask(array: Any) -> da.Array:  # noqa: ANN401
    """Wrap an array of `Engine.array` (numpy or zarr) as a dask array, without copying it.

    Examples
    --------
    >>> as_dask(Engine().array((1, 2, 2), np.uint8)).shape
    (1, 2, 2)
    """
    if isinstance(array, zarr.Array):
        return da.from_zarr(array, name=f"{_STORED}{Path(array.store.root) / array.path}")
    return da.from_array(array, name=False)


def store_of(data: da.Array) -> Path | None:
    """Return the folder of the zarr array that ``data`` is, as `as_dask` wrapped it; None for anything else.

    Examples
    --------
    >>> small, large = Engine(), Engine(in_memory_bytes=0)
    >>> store_of(as_dask(small.array((1, 2, 2), np.uint8))) is None
    True
    >>> lazy = as_dask(large.array((1, 2, 2), np.uint8))
    >>> store_of(lazy).suffix, store_of(lazy + 1) is None
    ('.zarr', True)
    """
    name = str(data.name)
    return Path(name.removeprefix(_STORED)) if name.startswith(_STORED) else None


def _direct(array: Any) -> Any:  # noqa: ANN401
    """Return an array as the chunks of its store where it has one of `Engine.array`, as `as_dask` wrapped it or not."""
    if isinstance(array, da.Array):
        folder = store_of(array)
        if folder is None:
            return array
        return ChunkFiles.of(open_stored(folder)) or array
    return ChunkFiles.of(array) or array


def _shared(read: list[Any], written: list[Any], recent: Recent) -> list[Any]:
    """Return the sources so that neighbouring blocks share what they decode, but for those that are written to.

    What is held is no more than one volume that may stay in memory; a volume on disk is larger, and is not there.
    """
    busy = {output.root for output in written if isinstance(output, ChunkFiles)}
    return [
        replace(source, recent=recent) if isinstance(source, ChunkFiles) and source.root not in busy else source
        for source in read
    ]


def read_region(source: Source, region: Region) -> NDArray[Any]:
    """Return a region of ``source`` as a numpy array in C order, computing it where it is lazy."""
    piece = _direct(source)[region]
    if isinstance(piece, da.Array):
        piece = piece.compute(scheduler=get_sync)
    # kernels know then that rows are whole, and work on many voxels at once
    return np.ascontiguousarray(piece)


def _computed(get: Callable[..., Any], one: Callable[[Item], P], items: Sequence[Item]) -> list[P]:
    """Call ``one`` on every item by a scheduler of dask; the graph has a node an item, none of which knows another."""
    keys = [("block", number) for number in range(len(items))]
    return list(get({key: (partial(one, item),) for key, item in zip(keys, items, strict=True)}, keys))


def _run_block(
    task: Task[P],
    sources: Sequence[Source],
    outputs: Sequence[Any],
    twins: Mapping[int, Any],
    constants: dict[str, Any],
    block: Block,
) -> P:
    done = task(block, *(read_region(source, block.outer) for source in sources), **constants)
    for number, (output, array) in enumerate(zip(outputs, done.written, strict=True)):
        if array is not None:
            twins.get(number, output)[block.core] = array
        elif number in twins:
            twins[number][block.core] = output[block.core]
    return done.partial


@dataclass(frozen=True)
class Engine:
    """How block tasks run: block size, workers, scheduler, memory for intermediate volumes.

    Parameters
    ----------
    block_shape
        Voxels of a block along z, y and x; never changes a result.
    workers
        Threads of the default scheduler.
    scheduler
        A `Pool` of processes, or anything that ``dask.compute(scheduler=...)`` takes; None is the threads of this
        process. With a scheduler all intermediate volumes are zarr stores, and with a pool it must see ``work_dir``.
    in_memory_bytes
        Intermediate volumes larger than this go to compressed zarr stores on disk.
    memory_bytes
        Memory of the whole process. Takes the place of ``in_memory_bytes`` and, unless that is given, of
        ``block_shape``, and lets fewer workers work at once where it is small; see `micro.blocks.budget`.
    work_dir
        Folder of these stores; None is one of this program in the system's temporary folder, which goes when it ends,
        or, where it is killed, when the next one begins to store.
    progress
        Called with (stage, blocks done, blocks in all) after every block.

    Examples
    --------
    >>> engine = Engine(block_shape=(1, 2, 2))
    >>> def double(block, grey):
    ...     return Done(int(grey.sum()), (2 * grey,))
    >>> out = engine.array((1, 4, 4), np.uint8)
    >>> sum(engine.run(double, [np.ones((1, 4, 4), np.uint8)], outputs=[out]))
    16
    >>> int(out.sum())
    32
    """

    block_shape: Shape = DEFAULT_BLOCK
    workers: int = 2
    scheduler: Any = None
    in_memory_bytes: int = 2**27
    memory_bytes: int | None = None
    work_dir: Path | None = None
    progress: Progress | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        if min(self.block_shape) < 1 or self.workers < 1:
            raise ParameterError(
                f"block shape {self.block_shape} with {self.workers} workers; expected whole numbers from 1"
            )
        if self.memory_bytes is not None:
            Budget.of(self.memory_bytes, self.workers)  # refuses what is too small

    def __getstate__(self) -> dict[str, Any]:
        """Return the engine without what lives in this process: elsewhere its tasks run in threads."""
        return {**self.__dict__, "scheduler": None, "progress": None}

    @property
    def budget(self) -> Budget | None:
        """What fits into ``memory_bytes``; None where no memory is given."""
        return None if self.memory_bytes is None else Budget.of(self.memory_bytes, self.workers)

    @property
    def kept_bytes(self) -> int:
        """Intermediate volumes up to this size stay in memory."""
        return self.in_memory_bytes if self.budget is None else self.budget.kept_bytes

    def array(
        self, shape: tuple[int, ...], dtype: DTypeLike, *, sparse: bool = False, block_shape: Shape | None = None
    ) -> Any:  # noqa: ANN401
        """Return a writable intermediate array of zeros: numpy where it is small, else zarr on disk.

        On disk chunks are parts of blocks, of ``block_shape`` where other blocks write it: two that write into one
        chunk at the same time would undo each other. ``sparse`` says that it is a volume of unsigned integers that
        stays zero almost everywhere: then what is written stays in memory as far as it is small itself (see
        `micro.blocks.sparse.SparseArray`).
        """
        if self.scheduler is None and math.prod(shape) * np.dtype(dtype).itemsize <= self.kept_bytes:
            return np.zeros(shape, dtype)
        if sparse and self.scheduler is None:
            z, y, x = shape
            return SparseArray(
                (z, y, x),
                dtype,
                block_shape=self.cut((z, y, x)),
                bytes_max=self.kept_bytes,
                spill=lambda: _direct(self._on_disk(shape, dtype, block_shape)),
            )
        return self._on_disk(shape, dtype, block_shape)

    def _on_disk(self, shape: tuple[int, ...], dtype: DTypeLike, block_shape: Shape | None) -> Any:  # noqa: ANN401
        folder = tempfile.mkdtemp(prefix="micro-", suffix=".zarr", dir=self.work_dir or scratch_folder())
        z, y, x = shape[-3:]
        wanted = block_shape or self.cut((z, y, x))
        edges = (_CHUNK if edge % _CHUNK == 0 else edge for edge in wanted)
        chunks = (*shape[:-3], *(min(edge, length) for edge, length in zip(edges, (z, y, x), strict=True)))
        # greys are noise below their upper bits: little is gained by slow compression
        greys = BloscCodec(cname="lz4", clevel=1, shuffle="bitshuffle")
        codec = greys if np.dtype(dtype).itemsize > 1 else ZstdCodec(level=0, checksum=True)
        return zarr.create_array(
            folder, shape=shape, dtype=np.dtype(dtype), chunks=chunks, compressors=codec, overwrite=True
        )

    def cut(self, shape: Shape) -> Shape:
        """Return the voxels of a block along z, y and x in a volume of ``shape``.

        A single slice is cut into pieces of about as many pixels as a block of the default has voxels.
        """
        wanted = self.block_shape
        if wanted == DEFAULT_BLOCK and shape[0] == 1:
            wanted = _FLAT_BLOCK
        elif wanted == DEFAULT_BLOCK and self.budget is not None:
            wanted = self.budget.cut(shape)
        return (min(wanted[0], shape[0]), min(wanted[1], shape[1]), min(wanted[2], shape[2]))

    def slab(self, shape: Shape) -> Shape:
        """Return the block shape of whole slices, for what is done to one slice at a time.

        Examples
        --------
        >>> Engine().slab((300, 1024, 1024))
        (16, 1024, 1024)
        """
        voxels = _SLAB_BLOCKS * math.prod(self.cut(shape))
        return (max(1, min(voxels // (shape[1] * shape[2]), shape[0])), shape[1], shape[2])

    def blocks(self, shape: Shape, *, halo: Shape = (0, 0, 0), block_shape: Shape | None = None) -> tuple[Block, ...]:
        """Return the blocks of a volume of ``shape``; ``block_shape`` overrides the engine's own."""
        if block_shape is None:
            return split(shape, self.cut(shape), halo)
        wanted = (min(block_shape[0], shape[0]), min(block_shape[1], shape[1]), min(block_shape[2], shape[2]))
        return split(shape, wanted, halo)

    def run(
        self,
        task: Task[P],
        sources: Sequence[Source],
        *,
        outputs: Sequence[Any] = (),
        halo: Shape = (0, 0, 0),
        block_shape: Shape | None = None,
        stage: str = "",
        constants: dict[str, Any] | None = None,
        only: NDArray[np.bool_] | None = None,
    ) -> list[P]:
        """Run ``task`` on every block of ``sources``; return the partial results in block order.

        Parameters
        ----------
        task
            Called as ``task(block, *arrays, **constants)`` with one numpy array (the outer region) a source.
        sources
            Arrays of one shape, (z, y, x); numpy, zarr or dask.
        outputs
            Writable arrays of that shape, one for each array in `Done.written`.
        halo
            Voxels along z, y and x that a block reads beyond its core.
        block_shape
            Overrides the engine's own, for tasks that need whole slices.
        stage
            Name shown by the progress report.
        constants
            Keyword arguments of every call.
        only
            Which blocks to run, by number; the others are not even read, and have no partial result.
        """
        z, y, x = sources[0].shape
        blocks = self.blocks((z, y, x), halo=halo, block_shape=block_shape)
        chosen = tuple(block for block in blocks if only is None or only[block.number])
        left_out = tuple(block for block in blocks if only is not None and not only[block.number])
        twins: dict[int, Any] = {}
        if isinstance(self.scheduler, Pool):
            # a block that is done again must find what was there before
            own = {id(source) for source in sources}
            twins = {number: twin_of(output) for number, output in enumerate(outputs) if id(output) in own}
        read, written = [_direct(source) for source in sources], [_direct(output) for output in outputs]
        if self.scheduler is None and (any(halo) or block_shape is not None):
            read = _shared(read, written, Recent(self.kept_bytes))
        others = {number: _direct(twin) for number, twin in twins.items()}
        one = partial(_run_block, task, read, written, others, constants or {})
        partials = self.map(one, chosen, stage=stage)
        for number, twin in twins.items():
            for block in left_out:
                twin[block.core] = outputs[number][block.core]
            take_place(twin, outputs[number])
        return partials

    def map(self, one: Callable[[Item], P], items: Sequence[Item], *, stage: str = "") -> list[P]:
        """Call ``one`` on every item (a block, an object), as the workers are free; return the results in order.

        Examples
        --------
        >>> Engine().map(abs, [-1, 2, -3])
        [1, 2, 3]
        """
        if self.scheduler is None:
            return self._run_threads(one, items, stage)
        if isinstance(self.scheduler, Pool):
            tell = self.progress

            def told(done: int) -> None:
                if tell is not None:
                    tell(stage, done, len(items))

            return self.scheduler.map_items(one, items, folder=self.work_dir, told=told)
        return _computed(get_scheduler(scheduler=self.scheduler), one, items)

    def _run_threads(self, one: Callable[[Item], P], items: Sequence[Item], stage: str) -> list[P]:
        import threading

        done = 0
        lock = threading.Lock()

        def counted(item: Item) -> P:
            nonlocal done
            result = one(item)
            if self.progress is not None:
                with lock:
                    done += 1
                    self.progress(stage, done, len(items))
            return result

        in_flight = self.workers if self.budget is None else self.budget.in_flight
        if len(items) <= 1 or in_flight == 1:
            return [counted(item) for item in items]
        running = Running()
        try:
            return _computed(partial(threaded.get, num_workers=in_flight), running.held(counted), items)
        finally:
            running.end()
