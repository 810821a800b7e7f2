"""Regions of stored arrays are what zarr reads, and zarr reads what was written."""

from __future__ import annotations

import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr
from zarr.codecs import BloscCodec, BytesCodec, GzipCodec, ZstdCodec

from micro.blocks import Engine, as_dask, read_region
from micro.blocks.stored import ChunkFiles
from micro.errors import OutputError, ParameterError

SHAPE, CHUNKS = (13, 20, 9), (4, 7, 9)
CODECS = {
    "zstd": ZstdCodec(level=1),
    "bits": BloscCodec(cname="lz4", clevel=1, shuffle="bitshuffle"),
    "bytes": BloscCodec(cname="zstd", clevel=3, shuffle="shuffle"),
}


def made(place: Path, dtype: str = "uint16", codec: str = "bits", **kwargs: Any) -> zarr.Array:  # noqa: ANN401
    return zarr.create_array(
        place / "Ablage mit Ü.zarr",
        **{"shape": SHAPE, "chunks": CHUNKS, "dtype": dtype, "compressors": CODECS[codec], **kwargs},
    )


def files_of(array: zarr.Array) -> ChunkFiles:
    files = ChunkFiles.of(array)
    assert files is not None
    return files


def regions(count: int, seed: int) -> list[tuple[slice, ...]]:
    rng = np.random.default_rng(seed)
    ends = [np.sort(rng.integers(0, length + 1, (count, 2)), axis=1) for length in SHAPE]
    return [tuple(slice(int(a), int(b)) for a, b in spans) for spans in zip(*ends, strict=True)]


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "uint32", "float32", "bool"])
@pytest.mark.parametrize("codec", CODECS)
def test_both_ways_give_the_same_whoever_wrote(dtype: str, codec: str, tmp_path: Path) -> None:
    array = made(tmp_path, dtype, codec)
    files = files_of(array)
    rng, expected = np.random.default_rng(0), np.zeros(SHAPE, dtype)
    for number, region in enumerate(regions(40, 1)):
        values = rng.integers(0, 2 if dtype == "bool" else 200, expected[region].shape).astype(dtype)
        expected[region] = values
        (array if number % 2 else files)[region] = values
        np.testing.assert_array_equal(array[:], expected)
    for region in regions(40, 2):
        found = files[region]
        np.testing.assert_array_equal(found, expected[region])
        assert found.dtype == expected.dtype
    reopened = zarr.open_array(files.root, mode="r")
    np.testing.assert_array_equal(reopened[:], expected)


def test_what_was_never_written_or_is_written_to_zero_takes_no_file(tmp_path: Path) -> None:
    files = files_of(made(tmp_path))
    everything = (slice(None),) * 3
    assert not files[everything].any()
    files[everything] = np.ones(SHAPE, np.uint16)
    files[everything] = np.zeros(SHAPE, np.uint16)
    assert not files[everything].any()
    assert not [path for path in (files.root / "c").rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    "kwargs",
    [
        {"compressors": GzipCodec()},
        {"compressors": None},
        {"chunks": (2, 4, 3), "shards": (4, 8, 9)},
        {"fill_value": 7},
        {"dtype": ">u2"},
        {"serializer": BytesCodec(endian="big")},
        {"zarr_format": 2, "compressors": "auto"},
        {"chunk_key_encoding": {"name": "default", "separator": "."}},
    ],
    ids=str,
)
def test_other_arrays_are_left_to_zarr(kwargs: dict[str, Any], tmp_path: Path) -> None:
    array = made(tmp_path, **kwargs)
    array[2:5] = 3
    assert ChunkFiles.of(array) is None
    np.testing.assert_array_equal(
        read_region(as_dask(array), (slice(1, 9), slice(0, 4), slice(0, 2))), array[1:9, :4, :2]
    )


def test_no_other_object_is_taken_for_a_stored_array() -> None:
    assert ChunkFiles.of(np.zeros((2, 2, 2))) is None
    assert ChunkFiles.of(zarr.create_array(zarr.storage.MemoryStore(), shape=SHAPE, dtype="uint8")) is None


def test_a_write_that_fails_leaves_what_was_there_and_no_part_of_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = files_of(made(tmp_path))
    everything = (slice(None),) * 3
    files[everything] = np.full(SHAPE, 5, np.uint16)
    before = sorted(files.root.rglob("*"))

    def half(path: Path, content: bytes) -> int:
        with path.open("wb") as file:
            file.write(content[: len(content) // 2])
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", half)
        with pytest.raises(OSError, match="No space"):
            files[everything] = np.full(SHAPE, 6, np.uint16)
    assert sorted(files.root.rglob("*")) == before
    assert (files[everything] == 5).all()


EVERYTHING = (slice(None),) * 3


def half(content: bytes, _: ChunkFiles) -> bytes:
    return content[: len(content) // 2]


def nothing(_: bytes, __: ChunkFiles) -> bytes:
    return b""


def zeros(content: bytes, _: ChunkFiles) -> bytes:
    return bytes(len(content))


def too_little(_: bytes, files: ChunkFiles) -> bytes:
    return files.codec.encode(np.ones(10, files.dtype))


def too_much(_: bytes, files: ChunkFiles) -> bytes:
    return files.codec.encode(np.ones(2000, files.dtype))


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("damage", [half, nothing, zeros, too_little, too_much])
def test_a_damaged_chunk_is_one_line_that_names_the_file(
    damage: Callable[[bytes, ChunkFiles], bytes], codec: str, tmp_path: Path
) -> None:
    files = files_of(made(tmp_path, codec=codec))
    files[EVERYTHING] = np.random.default_rng(0).integers(1, 999, SHAPE).astype(np.uint16)
    path = files.root / "c/1/1/0"
    path.write_bytes(damage(path.read_bytes(), files))
    with pytest.raises(OutputError, match="damaged") as caught:
        files[EVERYTHING]
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert files[0:4, 0:7, 0:9].all()


def test_a_store_that_goes_is_neither_read_as_zeros_nor_made_anew(tmp_path: Path) -> None:
    files = files_of(made(tmp_path))
    files[EVERYTHING] = np.full(SHAPE, 5, np.uint16)
    shutil.rmtree(files.root)
    with pytest.raises(OutputError, match="gone"):
        files[EVERYTHING]
    with pytest.raises(OutputError, match="gone"):
        files[EVERYTHING] = np.full(SHAPE, 6, np.uint16)
    assert not files.root.exists()


@pytest.mark.parametrize("shape", [(4, 20, 9), (3, 20, 10), (3, 20, 1), (20, 9)])
def test_values_of_another_shape_are_refused_as_numpy_would(shape: tuple[int, ...], tmp_path: Path) -> None:
    files = files_of(made(tmp_path))
    with pytest.raises(ParameterError, match="shape"):
        files[0:3, 0:20, 0:9] = np.ones(shape, np.uint16)
    assert not files[EVERYTHING].any()


def test_chunks_travel_to_other_processes(tmp_path: Path) -> None:
    files = files_of(made(tmp_path))
    files[0:2, 0:3, 0:9] = np.full((2, 3, 9), 4, np.uint16)
    there = pickle.loads(pickle.dumps(files))
    assert int(there[0:13, 0:20, 0:9].sum()) == 4 * 54


def test_what_the_engine_stores_is_read_so(tmp_path: Path) -> None:
    """Greys and labels both: the codecs of the engine are among those that are known."""
    for dtype in (np.uint8, np.uint16, np.uint32, np.float32):
        array = Engine(in_memory_bytes=0, work_dir=tmp_path).array((70, 80, 90), dtype)
        assert ChunkFiles.of(array) is not None


def test_a_flipped_bit_in_labels_does_not_pass_for_a_voxel(tmp_path: Path) -> None:
    files = files_of(Engine(in_memory_bytes=0, work_dir=tmp_path).array((64, 64, 64), np.uint8))
    everything = (slice(0, 64),) * 3
    files[everything] = np.random.default_rng(0).integers(0, 250, (64, 64, 64)).astype(np.uint8)
    chunk = files.root / "c" / "0" / "0" / "0"
    content = bytearray(chunk.read_bytes())
    content[len(content) // 2] ^= 4
    chunk.write_bytes(content)
    with pytest.raises(OutputError, match="damaged"):
        files[everything]
