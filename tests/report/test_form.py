"""The figure of the dendrites' form against depth."""

from __future__ import annotations

import numpy as np

from micro.blocks import Engine
from micro.cell import CellParams, anatomy
from micro.measure import MeasureParams, measure
from micro.model import Labels, Spacing
from micro.report import ReportParams, SampleReport
from micro.report.canvas import drawing
from micro.report.form import form_figure


def ladder(*, rungs: bool) -> SampleReport:
    values = np.full((1, 120, 90), 2, np.uint8)
    values[0, 100:] = 3
    values[0, 30:100, 20:26] = values[0, 30:100, 60:66] = 4
    for row in range(40, 90, 16) if rungs else ():
        values[0, row : row + 6, 20:66] = 4
    labels = Labels(values, Spacing(0.1, 0.1, 0.1))
    cell = anatomy(labels, CellParams(normal="-y"), Engine())
    return SampleReport("cell", "", None, labels, cell, measure(cell, MeasureParams(), Engine()))


def test_form_and_fragments_against_depth():
    params = ReportParams()
    with drawing(params):
        both, alone = form_figure(ladder(rungs=True), params), form_figure(ladder(rungs=False), params)
    assert both is not None
    assert alone is not None
    assert [axes.get_title(loc="left") for axes in both.axes] == ["form and direction", "enclosed fragments"]
    assert [axes.get_title(loc="left") for axes in alone.axes] == ["form and direction"]
    # Depth grows up the page, as in the picture, and the normal points up.
    low, high = both.axes[0].get_ylim()
    assert 0 == low < 7 < high
    sizes = both.axes[1].lines[0].get_xdata()
    assert np.all((sizes > 1) & (sizes < 5))


def test_no_dendrite_no_figure():
    values = np.full((1, 60, 60), 2, np.uint8)
    values[0, 40:] = 3
    labels = Labels(values, Spacing(0.1, 0.1, 0.1))
    cell = anatomy(labels, CellParams(normal="-y"), Engine())
    sample = SampleReport("cell", "", None, labels, cell, measure(cell, MeasureParams(), Engine()))
    with drawing(ReportParams()):
        assert form_figure(sample, ReportParams()) is None
