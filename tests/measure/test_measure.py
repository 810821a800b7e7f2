from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
import pytest

from micro.blocks import Engine, Shape
from micro.cell import Cell
from micro.errors import ParameterError, UnknownNameError
from micro.measure import (
    DEFINITIONS,
    MEASUREMENTS,
    BlockView,
    Context,
    Findings,
    MeasureParams,
    Results,
    definition,
    measure,
)
from micro.measure.diffusion import TOLERANCE
from micro.model import Measurement, Spacing, to_table

Busy = Callable[..., Cell]
SPACING = Spacing(0.5, 0.25, 0.25)
POWERS = {
    "1": 0,
    "deg": 0,
    "um": 1,
    "um2": 2,
    "um3": 3,
    "1/um": -1,
    "1/um2": -2,
    "1/um3": -3,
    "1/mm": -1,
    "1/mm2": -2,
}


ITERATED = ("tortuosity", "effective_diffusivity")


def by_key(results: Results) -> Mapping[tuple[str, str, str], Measurement]:
    rows = {(row.metric, row.phase_a, row.roi): row for row in results.rows}
    assert len(rows) == len(results.rows)
    return rows


def assert_same_values(one: Results, other: Results, *, factor: float = 1.0, rel: float = 1e-9) -> None:
    left, right = by_key(one), by_key(other)
    assert left.keys() == right.keys()
    for key, row in left.items():
        if row.value is None:
            assert right[key].value is None, key
        else:
            scaled = row.value * factor ** POWERS[row.unit]
            # an iteration from the other side ends elsewhere within its tolerance
            within = max(rel, TOLERANCE) if row.metric in ITERATED else rel
            assert right[key].value == pytest.approx(scaled, rel=within, abs=1e-12), key


def test_bins_without_number_are_refused(make_busy: Busy) -> None:
    with pytest.raises(
        ParameterError, match=r"profile_bin_um = 1e-09: more than 100000 bins .* a voxel edge \(0.25 um\)"
    ):
        measure(make_busy(SPACING), MeasureParams(profile_bin_um=1e-9), Engine())


@pytest.mark.parametrize("block_shape", [(36, 72, 48), (11, 17, 13), (36, 9, 48)])
def test_blocks_do_not_change_the_results(make_busy: Busy, block_shape: Shape) -> None:
    cell = make_busy(SPACING)
    whole = measure(cell, MeasureParams(), Engine())
    parts = measure(cell, MeasureParams(), Engine(block_shape=block_shape))
    # Integers are equal and floats are summed in another order: 1e-9 as the project promises.
    assert_same_values(whole, parts)
    pd.testing.assert_frame_equal(to_table(whole.rows), to_table(parts.rows), rtol=1e-9)
    pd.testing.assert_frame_equal(whole.profiles, parts.profiles, rtol=1e-9)
    assert whole.objects.keys() == parts.objects.keys()
    assert whole.objects.keys() >= {"dendrites", "cracks", "gaps", "particles", "contact_spots"}
    for name, table in whole.objects.items():
        pd.testing.assert_frame_equal(table, parts.objects[name], rtol=1e-9)
    assert whole.contact_map is not None
    assert parts.contact_map is not None
    np.testing.assert_array_equal(whole.contact_map.values, parts.contact_map.values)
    for name, one in whole.thickness_maps.items():
        np.testing.assert_array_equal(one.values_um, parts.thickness_maps[name].values_um)


def test_scale_of_the_voxel(make_busy: Busy) -> None:
    small = measure(make_busy(SPACING), MeasureParams(), Engine())
    large = measure(make_busy(SPACING.scaled(3)), MeasureParams(), Engine())
    # Lengths x 3, areas x 9, densities by the powers of their units; 1e-9 for the rounding of 3 x 0.25.
    assert_same_values(small, large, factor=3.0)


@pytest.mark.parametrize("order", [(1, 0, 2), (2, 1, 0), (1, 2, 0), (0, 2, 1)])
def test_permuted_axes(make_busy: Busy, order: tuple[int, int, int]) -> None:
    straight = measure(make_busy(SPACING), MeasureParams(), Engine())
    turned = measure(make_busy(SPACING.permuted(order), order=order), MeasureParams(), Engine())
    # Rounding, and chords that end where two voxel faces tie: 1e-6.
    assert_same_values(straight, turned, rel=1e-6)


@pytest.mark.parametrize("mirror", [(0,), (1,), (2,), (0, 1, 2)])
def test_mirrored(make_busy: Busy, mirror: tuple[int, ...]) -> None:
    straight = measure(make_busy(SPACING), MeasureParams(), Engine())
    mirrored = measure(make_busy(SPACING, mirror=mirror), MeasureParams(), Engine())
    rows = [row for row in straight.rows if not row.metric.startswith("crack_")]
    assert_same_values(
        Results(tuple(rows), {}, straight.profiles, None, {}),
        Results(tuple(r for r in mirrored.rows if not r.metric.startswith("crack_")), {}, mirrored.profiles, None, {}),
    )
    # Cells that share a normal begin at voxel 0, so a mirror moves them by up to a cell: 1 % of a crack's area.
    density = straight.row("crack_density").value
    assert mirrored.row("crack_density").value == pytest.approx(density, rel=0.01)


def test_values_that_are_known(make_busy: Busy) -> None:
    results = measure(make_busy(SPACING), MeasureParams(), Engine())
    value = {key: row.value for key, row in by_key(results).items()}
    assert value["contact_fraction", "", "interface"] == pytest.approx(1 - 7 * 14 / (36 * 48))
    assert value["dendrite_depth_max", "", "se_region"] == pytest.approx(20.5 * 0.25)
    assert value["isolated_depth_max", "", "se_region"] == pytest.approx(29.5 * 0.25)
    assert value["gap_volume", "", "interface"] == pytest.approx(7 * 2 * 14 * SPACING.voxel_volume_um3)
    assert value["gap_thickness_mean", "", "interface"] == pytest.approx(0.5)
    assert value["layer_thickness_mean", "SE", "all"] == pytest.approx(42 * 0.25)
    assert value["layer_thickness_max", "Li", "all"] == pytest.approx(16 * 0.25)
    assert value["layer_thickness_mean", "cathode", "all"] == pytest.approx(6 * 0.25)
    joined = 4 * 21 * 3 + 2 * 9 * 3
    mean = (4 * 21 * 3 * 10.5 + 2 * 9 * 3 * 4.5) / joined * 0.25
    assert value["dendrite_depth_mean", "", "se_region"] == pytest.approx(mean)
    # The histogram resolves 1/32 of a voxel; the quantile itself lies on a voxel centre.
    assert value["dendrite_depth_p95", "", "se_region"] == pytest.approx(19.5 * 0.25, abs=0.25 / 32)
    area_mm2 = 36 * 0.5 * 48 * 0.25 / 1e6
    assert value["dendrite_count_density", "", "interface"] == pytest.approx(2 / area_mm2)
    assert results.objects["dendrites"]["kind"].tolist() == ["joined", "isolated", "joined"]
    assert len(results.objects["cracks"]) == len(results.objects["gaps"]) == 1


def test_crack_density_over_the_region(make_busy: Busy) -> None:
    results = measure(make_busy(SPACING), MeasureParams(), Engine())
    region = 36 * 42 * 48 - 6 * 10 * 5
    area = 26 * 0.5 * 30 * 0.25
    # 5 %: the bar for sheets of three voxels and up.
    assert results.row("crack_density").value == pytest.approx(area / (region * SPACING.voxel_volume_um3), rel=0.05)
    assert results.row("crack_density").definition == "crack_density/P32/v2"
    crack = results.objects["cracks"].iloc[0]
    assert crack["host"] == "SE"
    assert crack["aperture_mean_um"] == pytest.approx(1.0, rel=0.05)
    assert crack["depth_start_um"] == pytest.approx(32.5 * 0.25)


def test_every_row_has_a_definition_and_a_reason(make_busy: Busy) -> None:
    for row in measure(make_busy(SPACING), MeasureParams(), Engine()).rows:
        assert row.definition in DEFINITIONS
        assert row.unit in POWERS
        if row.value is None or row.ci_low is None:
            assert row.note or row.metric in {"interface_area", "gap_volume"}, row
        else:
            assert row.ci_high is not None
            assert row.ci_low <= row.value <= row.ci_high


def test_unlabelled_voxels_count_nowhere(make_cell: Callable[..., Cell]) -> None:
    from micro.cell import ReferencePlane

    labels = np.full((20, 30), 2, np.uint8)
    labels[:5] = 3
    labels[10:12, 10:20] = 1
    plane = ReferencePlane((0.0, 1.0, 0.0), 5.0)
    before = measure(make_cell(labels, Spacing(1, 1, 1), normal="+y", plane=plane), MeasureParams(), Engine())
    labels[15:] = 0
    after = measure(make_cell(labels, Spacing(1, 1, 1), normal="+y", plane=plane), MeasureParams(), Engine())
    assert before.row("porosity", roi="se_region").value == pytest.approx(20 / 450)
    assert after.row("porosity", roi="se_region").value == pytest.approx(20 / 300)
    assert after.row("relative_density", roi="se_region").value == pytest.approx(280 / 300)
    assert after.row("phase_fraction", phase_a="Li").value == pytest.approx(150 / 450)


class _Voxels:
    """A measurement that others might bring."""

    def halo(self, context: Context) -> Shape:  # noqa: ARG002
        return (0, 0, 0)

    def on_block(self, context: Context, view: BlockView) -> int:  # noqa: ARG002
        return int(np.count_nonzero(view.core(view.labels)))

    def merge(self, context: Context, partials: list[int]) -> Findings:  # noqa: ARG002
        return Findings((Measurement("voxels", sum(partials), "1", "voxels/v1"),))


def test_a_measurement_from_elsewhere(make_busy: Busy) -> None:
    MEASUREMENTS.add("voxels", _Voxels())
    cell = make_busy(SPACING)
    results = measure(cell, MeasureParams(extra=("voxels",)), Engine(block_shape=(20, 20, 20)))
    assert results.row("voxels").value == np.count_nonzero(np.asarray(cell.labels.data))
    with pytest.raises(UnknownNameError, match="no entry called 'nothing'"):
        measure(cell, MeasureParams(extra=("nothing",)), Engine())
    with pytest.raises(UnknownNameError, match="no definition 'x'"):
        definition("x")
