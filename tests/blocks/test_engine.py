"""The engine gives one answer, however it runs."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import dask
import dask.array as da
import numpy as np
import pytest
import zarr
from numpy.typing import NDArray
from scipy import ndimage

from micro.blocks import Block, Done, Engine, read_region
from micro.blocks import engine as engine_module
from micro.errors import ParameterError

SHAPE = (9, 20, 17)
GREY = np.random.default_rng(3).integers(0, 65536, SHAPE).astype(np.uint16)


def largest_around(block: Block, grey: NDArray[np.uint16], *, add: int) -> Done[tuple[int, int]]:
    """A task that needs a halo of one: the largest neighbour, and the sum over the core."""
    largest = ndimage.maximum_filter(grey, 3, mode="nearest") // 2 + np.uint16(add)
    return Done((block.number, int(grey[block.inner].sum())), (largest[block.inner],))


def run(engine: Engine, source: Any = GREY, block_shape: tuple[int, int, int] | None = None) -> tuple[Any, list[Any]]:  # noqa: ANN401
    out = engine.array(SHAPE, np.uint16)
    parts = engine.run(
        largest_around, [source], outputs=[out], halo=(1, 1, 1), block_shape=block_shape, constants={"add": 3}
    )
    return out, parts


WHOLE = ndimage.maximum_filter(GREY, 3, mode="nearest") // 2 + np.uint16(3)

ENGINES = {
    "one worker": {"workers": 1},
    "four workers": {"workers": 4},
    "synchronous": {"scheduler": "synchronous"},
    "threads of dask": {"scheduler": "threads"},
}


@pytest.mark.parametrize("how", ENGINES)
@pytest.mark.parametrize("block_shape", [(128, 128, 128), (4, 7, 5), (1, 20, 17), (9, 1, 3)])
def test_the_answer_does_not_depend_on_how_it_runs(how: str, block_shape: tuple[int, int, int], tmp_path: Path) -> None:
    engine = Engine(block_shape=block_shape, work_dir=tmp_path, **ENGINES[how])
    out, parts = run(engine)
    np.testing.assert_array_equal(out[:], WHOLE)
    assert [number for number, _ in parts] == list(range(len(parts)))
    assert sum(part for _, part in parts) == int(GREY.sum())


def test_a_pool_of_threads_of_the_caller_serves_as_scheduler(tmp_path: Path) -> None:
    engine = Engine(block_shape=(3, 8, 8), scheduler="threads", work_dir=tmp_path)
    with ThreadPoolExecutor(3) as pool, dask.config.set(pool=pool):
        out, _ = run(engine)
    np.testing.assert_array_equal(out[:], WHOLE)


def test_sources_may_be_numpy_zarr_or_lazy(tmp_path: Path) -> None:
    stored = zarr.create_array(str(tmp_path / "grey ü.zarr"), shape=SHAPE, dtype=np.uint16, chunks=(4, 5, 6))
    stored[:] = GREY
    for source in (GREY, stored, da.from_array(GREY, chunks=(2, 20, 3))):
        out, _ = run(Engine(block_shape=(4, 6, 6)), source)
        np.testing.assert_array_equal(out, WHOLE)
        piece = read_region(source, np.s_[1:3, 2:5, 0:4])
        assert isinstance(piece, np.ndarray)
        np.testing.assert_array_equal(piece, GREY[1:3, 2:5, :4])


def test_large_arrays_go_to_zarr_in_the_work_folder(tmp_path: Path) -> None:
    folder = tmp_path / "Zwischenräume und mehr"
    folder.mkdir()
    engine = Engine(block_shape=(4, 6, 6), in_memory_bytes=GREY.nbytes - 1, work_dir=folder)
    out, _ = run(engine)
    assert isinstance(out, zarr.Array)
    assert len(list(folder.iterdir())) == 1
    np.testing.assert_array_equal(out[:], WHOLE)
    assert isinstance(Engine(in_memory_bytes=GREY.nbytes, work_dir=folder).array(SHAPE, np.uint16), np.ndarray)
    assert isinstance(engine.array((2, *SHAPE), np.float32), zarr.Array)


def test_progress_tells_every_block_once() -> None:
    told: list[tuple[str, int, int]] = []
    engine = Engine(block_shape=(4, 10, 17), workers=3, progress=lambda *news: told.append(news))
    engine.run(largest_around, [GREY], outputs=[engine.array(SHAPE, np.uint16)], stage="peaks", constants={"add": 0})
    assert told == [("peaks", done, 6) for done in range(1, 7)]


def test_a_task_may_ask_for_blocks_of_its_own() -> None:
    _, parts = run(Engine(block_shape=(4, 4, 4)), block_shape=(2, 20, 17))
    assert len(parts) == 5
    assert len(Engine(block_shape=(4, 4, 4)).blocks((8, 8, 8), halo=(1, 1, 1))) == 8


def test_an_error_in_a_block_reaches_the_caller() -> None:
    def fail(block: Block, grey: NDArray[np.uint16]) -> Done[None]:
        if block.number == 2:
            raise ParameterError("block two is wrong")
        return Done(None)

    for engine in (Engine(block_shape=(3, 20, 17), workers=1), Engine(block_shape=(3, 20, 17), workers=3)):
        with pytest.raises(ParameterError, match="block two"):
            engine.run(fail, [GREY])


def test_a_task_that_forgets_an_output_is_an_error() -> None:
    def forgetful(block: Block, grey: NDArray[np.uint16]) -> Done[None]:
        return Done(None)

    with pytest.raises(ValueError, match="zip"):
        Engine().run(forgetful, [GREY], outputs=[np.zeros(SHAPE)])


@pytest.mark.parametrize("wrong", [{"block_shape": (0, 4, 4)}, {"workers": 0}])
def test_no_blocks_and_no_workers_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ParameterError, match="expected whole numbers from 1"):
        Engine(**wrong)


def test_a_section_is_cut_into_larger_pieces_unless_the_caller_says_so() -> None:
    assert Engine().cut((1, 3000, 500)) == (1, 1024, 500)
    assert Engine().cut((2, 3000, 500)) == (2, 128, 128)
    assert Engine(block_shape=(1, 64, 32)).cut((1, 3000, 500)) == (1, 64, 32)
    assert len(Engine().blocks((1, 3000, 500))) == 3
    assert len(Engine().blocks((1, 3000, 500), block_shape=(1, 1000, 250))) == 6


def only_bright(block: Block, grey: NDArray[np.uint16]) -> Done[int]:
    """A task that writes nothing where it finds nothing."""
    bright = grey > 65000
    return Done(int(bright.sum()), (bright.astype(np.uint16) if bright.any() else None,))


@pytest.mark.parametrize("in_memory_bytes", [2**30, 0])
def test_what_is_not_written_stays_as_it_was(in_memory_bytes: int, tmp_path: Path) -> None:
    engine = Engine((3, 5, 4), in_memory_bytes=in_memory_bytes, work_dir=tmp_path)
    out = engine.array(SHAPE, np.uint16)
    engine.run(only_bright, [GREY], outputs=[out])
    np.testing.assert_array_equal(out[:], GREY > 65000)


def test_blocks_that_are_left_out_are_not_read_and_stay_zero(tmp_path: Path) -> None:
    engine = Engine((3, 20, 17), work_dir=tmp_path)
    out = engine.array(SHAPE, np.uint16)
    only = np.array([False, True, False])
    parts = engine.run(largest_around, [GREY], outputs=[out], halo=(1, 1, 1), constants={"add": 3}, only=only)
    assert [number for number, _ in parts] == [1]
    np.testing.assert_array_equal(out[3:6], WHOLE[3:6])
    assert not out[:3].any()
    assert not out[6:].any()


def test_the_graph_has_a_node_a_block_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    nodes: list[int] = []
    get = engine_module.threaded.get

    def counted(graph: dict[Any, Any], keys: list[Any], **options: Any) -> Any:  # noqa: ANN401
        nodes.append(len(graph))
        return get(graph, keys, **options)

    monkeypatch.setattr(engine_module.threaded, "get", counted)
    for edges in ((3, 10, 17), (1, 2, 17)):
        _, parts = run(Engine(block_shape=edges))
        assert nodes[-1] == len(parts)
    assert nodes == [6, 90]
