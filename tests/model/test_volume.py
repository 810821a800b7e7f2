"""Volumes: shape, laziness, history."""

from __future__ import annotations

import dataclasses

import dask.array as da
import numpy as np
import pytest

from micro.errors import ShapeMismatchError
from micro.model import Spacing, Step, Volume, as_zyx

NM10 = Spacing.parse("10nm")


def test_an_image_is_one_slice_and_a_stack_is_not() -> None:
    image = Volume(np.zeros((4, 5), np.uint8), NM10)
    stack = Volume(np.zeros((2, 4, 5), np.uint8), NM10)
    assert (image.shape, image.is_2d) == ((1, 4, 5), True)
    assert (stack.shape, stack.is_2d) == ((2, 4, 5), False)


def test_lazy_arrays_stay_lazy() -> None:
    def never(block_id: object) -> np.ndarray:
        raise AssertionError("computed")

    data = da.map_blocks(never, chunks=((4,), (5,), (6,)), dtype=np.uint8, meta=np.empty((0, 0, 0), np.uint8))
    volume = Volume(data, NM10).after(Step("read"))
    assert volume.data is data


@pytest.mark.parametrize("shape", [(), (4,), (2, 3, 4, 5), (0, 4), (3, 0, 4)])
def test_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ShapeMismatchError, match=r"expected \(y, x\) or \(z, y, x\)"):
        as_zyx(np.zeros(shape))


def test_a_step_is_appended_to_a_copy() -> None:
    first, second = Step("read", {"path": "a.tif"}), Step("preprocess")
    volume = Volume(np.zeros((4, 5), np.uint8), NM10, history=(first,))
    after = volume.after(second, da.ones((4, 5), dtype=np.uint16))
    assert volume.history == (first,)
    assert after.history == (first, second)
    assert after.data.dtype == np.uint16
    assert after.shape == (1, 4, 5)
    assert volume.after(second).data is volume.data


def test_volumes_and_steps_are_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Volume(np.zeros((4, 5)), NM10).name = "other"  # type: ignore[misc]
    given = {"window": 31}
    step = Step("preprocess", given, version="1", input_hash="ab")
    given["window"] = 5
    with pytest.raises(TypeError):
        step.parameters["window"] = 7  # type: ignore[index]
    assert step.as_dict() == {
        "operation": "preprocess",
        "parameters": {"window": 31},
        "version": "1",
        "input_hash": "ab",
    }
