"""A curved reference is drawn where it lies, in every section that cuts it."""

from __future__ import annotations

import numpy as np
import pytest

from micro.cell import ReferencePlane
from micro.cell.bow import Bow
from micro.model import Spacing
from micro.report.sections import Section, trace_um

SHAPE, SPACING = (30, 40, 50), Spacing(2.0, 1.0, 0.8)


def surface(axis: int) -> ReferencePlane:
    direction = np.array([0.1, 0.08, -0.12])
    direction[axis] = -1.0
    direction /= np.linalg.norm(direction)
    z, y, x = (float(part) for part in direction)
    bow = Bow(axis, (20.0, 20.0), (20.0, 20.0), (-1.0, 0.0, 0.0, 3.0, 0.5, 2.0), 6.0)
    return ReferencePlane((z, y, x), float(direction @ (30.0, 20.0, 20.0)), 0.0, bow)


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("cut", [0, 1, 2])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_the_trace_of_a_curved_reference_lies_on_it(axis: int, cut: int, transposed: bool) -> None:
    plane = surface(axis)
    rows, columns = (other for other in range(3) if other != cut)
    if transposed:
        rows, columns = columns, rows
    size = (SHAPE[rows] * SPACING.um[rows], SHAPE[columns] * SPACING.um[columns])
    index = SHAPE[cut] // 3
    labels = np.zeros((SHAPE[rows], SHAPE[columns]), np.uint8)
    section = Section(cut, index, rows, columns, (index + 0.5) * SPACING.um[cut], size, labels, None)
    trace = trace_um(plane, section)
    if cut == axis:
        assert trace is None
        return
    assert trace is not None
    for x, y in trace[:: len(trace) // 7]:
        point = np.zeros(3)
        point[cut], point[rows], point[columns] = section.position_um, y, x
        first, second = (other for other in range(3) if other != axis)
        # the same arithmetic in another order
        assert plane.place_um(axis, point[first], point[second]) == pytest.approx(point[axis], abs=1e-9)
    ends = (trace[0][0], trace[-1][0]) if axis == rows else (trace[0][1], trace[-1][1])
    assert ends == (0.0, size[1] if axis == rows else size[0])
