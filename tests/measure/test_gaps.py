"""Gaps: their thickness over the interface, and each by itself."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from micro.blocks import Engine
from micro.cell import Cell, Part, ReferencePlane
from micro.measure import MeasureParams, measure
from micro.model import Spacing

MakeCell = Callable[..., Cell]


def test_percentile_volume_and_each_gap(make_cell: MakeCell) -> None:
    labels = np.full((40, 30, 60), 2, np.uint8)
    labels[:, :15] = 3
    # One gap of 100 columns of 2 voxels, 6 of them 5 deep; one of 20 columns of 1 voxel.
    labels[5:15, 13:15, 10:20] = 1
    labels[5:6, 10:15, 10:16] = 1
    labels[30:34, 14:15, 40:45] = 1
    parts = np.select([labels == 3, labels == 1], [Part.ANODE, Part.GAP], Part.OTHER).astype(np.uint8)
    direction = np.array([0.1, 1.0, 0.2]) / np.sqrt(1.05)
    plane = ReferencePlane((float(direction[0]), float(direction[1]), float(direction[2])), 15.0)
    cell = make_cell(labels, Spacing(0.4, 0.5, 0.2), normal="+y", plane=plane, parts=parts)
    results = measure(cell, MeasureParams(), Engine(block_shape=(11, 7, 13)))
    cosine = 1 / np.sqrt(1.05)
    assert results.row("gap_thickness_mean").value == pytest.approx((94 * 2 + 6 * 5 + 20) / 120 * 0.5 * cosine)
    # The 114th of 120 columns by thickness has 2 voxels, the 115th would have 5.
    assert results.row("gap_thickness_p95").value == pytest.approx(2 * 0.5 * cosine)
    assert results.row("gap_volume").value == pytest.approx((94 * 2 + 30 + 20) * 0.04)
    table = results.objects["gaps"]
    assert table["area_um2"].to_numpy() == pytest.approx(np.array([100, 20]) * 0.08 / cosine)
    assert table["thickness_mean_um"].to_numpy() == pytest.approx(np.array([2.18, 1]) * 0.5 * cosine)
    assert table["thickness_max_um"].to_numpy() == pytest.approx(np.array([5, 1]) * 0.5 * cosine)
    # Area times thickness is volume, gap by gap.
    assert (table["area_um2"] * table["thickness_mean_um"]).to_numpy() == pytest.approx(table["volume_um3"].to_numpy())


def test_a_section_has_lengths(make_cell: MakeCell) -> None:
    labels = np.full((30, 60), 2, np.uint8)
    labels[:15] = 3
    labels[12:15, 20:30] = 1
    parts = np.select([labels == 3, labels == 1], [Part.ANODE, Part.GAP], Part.OTHER).astype(np.uint8)[None]
    plane = ReferencePlane((0.0, 1.0, 0.0), 7.5)
    cell = make_cell(labels, Spacing(3, 0.5, 0.25), normal="+y", plane=plane, parts=parts)
    table = measure(cell, MeasureParams(), Engine()).objects["gaps"]
    assert (float(table["length_um"].iloc[0]), float(table["thickness_max_um"].iloc[0])) == (2.5, 1.5)
