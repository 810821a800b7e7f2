"""Heights, depths and the size of the interface above a curved reference, against formulae."""

from __future__ import annotations

import numpy as np
import pytest

from micro.blocks import Engine
from micro.cell import CellParams, anatomy
from micro.measure import MeasureParams, measure
from micro.model import Labels, Spacing


def arch(radius: float, spacing: Spacing) -> tuple[Labels, float]:
    """A section whose anode is the inside of a circle, with a radial dendrite; and the dendrite's tip's true height."""
    height, width = 300, 240
    y, x = ((np.arange(n) + 0.5) * edge for n, edge in zip((height, width), (spacing.y, spacing.x), strict=True))
    middle = (radius + 0.55 * height * spacing.y, width * spacing.x / 2)
    out = np.hypot(y[:, None] - middle[0], x[None, :] - middle[1])
    labels = np.where(out < radius, 3, 2).astype(np.uint8)
    across = (y[:, None] - middle[0]) * np.sin(0.12) + (x[None, :] - middle[1]) * np.cos(0.12)
    stem = (np.abs(across) < 2.5 * spacing.x) & (out < radius + 60 * spacing.x) & (y[:, None] < middle[0])
    labels[stem & (out >= radius)] = 4
    return Labels(labels, spacing), float((out - radius)[labels == 4].max())


@pytest.mark.parametrize("spacing", [Spacing(1, 1, 1), Spacing(1, 0.5, 0.25)], ids=["square", "oblong"])
def test_depth_and_length_over_an_arch(spacing: Spacing) -> None:
    radius = 400 * spacing.x
    labels, depth = arch(radius, spacing)
    engine = Engine()
    cell = anatomy(labels, CellParams(), engine)
    assert cell.plane is not None
    assert cell.plane.bow is not None
    rows = {row.metric: row.value for row in measure(cell, MeasureParams(), engine).rows}
    # a parabola for a circle: x^4 / (8 R^3) at the rim of 120, .4 voxel, a part of which the fit takes up
    assert rows["dendrite_depth_max"] == pytest.approx(depth, abs=0.5 * spacing.y)
    assert rows["contact_fraction"] == pytest.approx(1.0)
    arc = 2 * radius * np.arcsin(0.5 * 240 * spacing.x / radius)
    assert rows["dendrite_count_density"] is not None
    # one dendrite over the length of the arc, which the parabola follows to a thousandth
    assert 1e3 / rows["dendrite_count_density"] == pytest.approx(arc, rel=2e-3)


def test_blocks_change_no_value_above_a_curved_reference() -> None:
    labels, _ = arch(400.0, Spacing(1, 1, 1))
    values = []
    for engine in (Engine(), Engine(block_shape=(1, 77, 53))):
        results = measure(anatomy(labels, CellParams(), engine), MeasureParams(), engine)
        values.append([row.value if row.value is not None else -1.0 for row in results.rows])
    np.testing.assert_allclose(values[0], values[1], rtol=1e-9)
