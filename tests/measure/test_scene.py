from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from micro.blocks import Engine, label_components
from micro.cell import Cell, Part
from micro.measure import Context, Findings, MeasureParams, ObjectTable, ObjectView, Scene, map_objects
from micro.measure.results import merge_findings
from micro.model import Spacing


def scene_of(cell: Cell, engine: Engine) -> Scene:
    table = np.zeros(256, np.uint8)
    for part in (Part.DENDRITE, Part.CRACK):
        table[[int(part), int(part) | 128]] = int(part)
    objects = label_components(cell.parts, engine=engine, table=table)
    return Scene(cell, Context.of(cell, MeasureParams(), ObjectTable.of(objects)), objects, engine)


def test_objects_come_in_their_own_boxes(make_busy: Callable[..., Cell]) -> None:
    cell = make_busy(Spacing(1, 1, 1))
    scene = scene_of(cell, Engine(block_shape=(16, 16, 16)))
    ids = scene.context.objects.ids_of(Part.DENDRITE)

    def look(view: ObjectView) -> tuple[int, int, bool]:
        inside = view.parts[view.mask] & 127
        return view.id, int(view.mask.sum()), bool((inside == Part.DENDRITE).all())

    found = [one for one in map_objects(look, ids, scene) if one is not None]
    assert [number for number, _, _ in found] == ids.tolist()
    assert [voxels for _, voxels, _ in found] == scene.objects.voxels[ids].tolist()
    assert all(right for _, _, right in found)


def test_the_margin_ends_at_the_picture(make_busy: Callable[..., Cell]) -> None:
    scene = scene_of(make_busy(Spacing(1, 1, 1)), Engine())
    ids = np.arange(1, scene.objects.count + 1)
    views = map_objects(lambda view: view, ids, scene, margin=1000)
    assert {view.mask.shape for view in views if view is not None} == {scene.context.shape}


def test_objects_too_large_for_memory_are_left_out(
    make_busy: Callable[..., Cell], monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = scene_of(make_busy(Spacing(1, 1, 1)), Engine())
    ids = np.arange(1, scene.objects.count + 1)
    sizes = (scene.objects.stop - scene.objects.start).prod(axis=1)[1:]
    monkeypatch.setattr("micro.measure.scene.BOX_VOXELS_MAX", int(sizes.max()) - 1)
    found = map_objects(lambda view: view.id, ids, scene, margin=0)
    assert found.count(None) == int((sizes == sizes.max()).sum())


@pytest.mark.parametrize("block_shape", [(16, 16, 16), (7, 30, 11), (128, 128, 128)])
def test_blocks_near_objects(make_busy: Callable[..., Cell], block_shape: tuple[int, int, int]) -> None:
    scene = scene_of(make_busy(Spacing(1, 1, 1)), Engine(block_shape=block_shape))
    for number in range(1, scene.objects.count + 1):
        near = scene.blocks_near(np.array([number]))
        # With a voxel around it, the box reaches into every block that it touches.
        box = np.zeros(scene.context.shape, bool)
        low, high = np.maximum(scene.objects.start[number] - 1, 0), scene.objects.stop[number] + 1
        box[tuple(slice(a, b) for a, b in zip(low, high, strict=True))] = True
        expected = [bool(box[block.core].any()) for block in scene.engine.blocks(scene.context.shape)]
        assert near.tolist() == expected
    everything = scene.blocks_near(np.arange(1, scene.objects.count + 1))
    each = [scene.blocks_near(np.array([number])) for number in range(1, scene.objects.count + 1)]
    assert everything.tolist() == np.any(each, axis=0).tolist()
    assert not scene.blocks_near(np.zeros(0, np.int64)).any()


def test_object_tables_of_one_name_are_joined_by_id() -> None:
    first = Findings(objects={"cracks": pd.DataFrame({"id": [3, 5], "a": [1.0, 2.0]})})
    second = Findings(objects={"cracks": pd.DataFrame({"id": [5, 3], "b": [20.0, 10.0]})})
    joined = merge_findings([first, second]).objects["cracks"]
    assert joined.to_dict("list") == {"id": [3, 5], "a": [1.0, 2.0], "b": [10.0, 20.0]}
