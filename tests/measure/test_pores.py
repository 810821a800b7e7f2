from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from micro.blocks import Engine, Shape, local_thickness
from micro.cell import Cell, Part, ReferencePlane
from micro.measure import MeasureParams, Results, measure
from micro.measure.pores import size_quantile
from micro.model import Labels, Spacing

Make = Callable[..., Cell]
VOID, SE, LI = 1, 2, 3


def porous(make_cell: Make, spacing: Spacing, *, radii: tuple[float, ...], shape: Shape = (40, 90, 40)) -> Cell:
    """Spherical pores (um) in a column above an anode of ten voxels, and one pore below the interface."""
    labels = np.full(shape, SE, np.uint8)
    labels[:, :10] = LI
    z, y, x = np.ix_(*((np.arange(n) + 0.5) * e for n, e in zip(shape, spacing.um, strict=True)))
    middle = [n * e / 2 for n, e in zip(shape, spacing.um, strict=True)]
    top = 12 * spacing.y
    for radius in radii:
        labels[(z - middle[0]) ** 2 + (y - top - radius) ** 2 + (x - middle[2]) ** 2 <= radius**2] = VOID
        top += 2 * radius + 3 * spacing.y
    labels[:4, 2:4, :4] = VOID
    plane = ReferencePlane((0.0, 1.0, 0.0), 10 * spacing.y)
    return make_cell(labels, spacing, normal="+y", plane=plane)


def run(cell: Cell, **params: object) -> Results:
    return measure(cell, MeasureParams(transport=(), **params), Engine(block_shape=(17, 43, 39)))


@pytest.mark.parametrize("spacing", [Spacing(1, 1, 1), Spacing(0.5, 0.25, 0.25)])
@pytest.mark.parametrize("voxels", [5.0, 8.0, 11.0])
def test_spheres_are_as_large_as_they_are(make_cell: Make, spacing: Spacing, voxels: float) -> None:
    edge = max(spacing.um)
    radius = voxels * edge
    shape = tuple(int(2 * radius / e) + 20 for e in spacing.um)
    found = run(porous(make_cell, spacing, radii=(radius,), shape=shape))
    # The middle of the largest ball lies on a voxel's centre, up to half a diagonal from the sphere's, as here along z
    # and x: the ball is smaller by that on both sides, and larger by less than half an edge, as it ends on voxels.
    diagonal = float(np.linalg.norm(spacing.um))
    for name in ("d50", "d90"):
        value = found.row(f"pore_size_{name}").value
        assert value is not None
        assert 2 * radius - diagonal <= value <= 2 * radius + edge / 2
    assert found.row("pore_size_d50").definition == "pore_size/3D/v2"


@pytest.mark.parametrize("radius", [4, 6, 10])
def test_spheres_are_one_voxel_low_as_the_docs_say(radius: int) -> None:
    differences = []
    for seed in range(20):
        middle = np.random.default_rng(seed).uniform(-0.5, 0.5, 3)
        z, y, x = np.ix_(*(np.arange(-radius - 2, radius + 3) - place for place in middle))
        ball = z * z + y * y + x * x <= radius**2
        sizes = np.asarray(
            local_thickness(ball, edges_um=(1.0, 1.0, 1.0), radius_max_um=radius + 5.0, engine=Engine())
        )[ball]
        values, counts = np.unique(sizes, return_counts=True)
        differences.append(size_quantile(counts, 0.5, values) - 2 * radius)
    # the table of docs/measurements/pore_size.md
    assert np.mean(differences) == pytest.approx(-0.9, abs=0.1)
    assert min(differences) > -1.4
    assert max(differences) < 0.0


def test_two_sizes_by_volume_and_by_height(make_cell: Make) -> None:
    cell = porous(make_cell, Spacing(1, 1, 1), radii=(4.0, 9.0))
    found = run(cell)
    mask = np.asarray(cell.parts) & 127 == Part.PORE
    sizes = local_thickness(mask, edges_um=(1.0, 1.0, 1.0), radius_max_um=20.0, engine=Engine())
    region = mask & (np.arange(90)[:, None] >= 10)
    assert found.row("pore_size_mean").value == pytest.approx(sizes[region].mean(), rel=1e-6)
    assert found.row("pore_size_mean").n == region.sum()
    ordered, seen = np.sort(sizes[region]), np.unique(sizes[region])
    ranks = (np.searchsorted(ordered, seen, "left") + np.searchsorted(ordered, seen, "right")) / 2 / ordered.size
    for name, share in (("d10", 0.1), ("d50", 0.5), ("d90", 0.9)):
        expected = np.interp(share, ranks, seen)
        assert found.row(f"pore_size_{name}").value == pytest.approx(expected, rel=1e-6)
    profile = found.profiles[found.profiles["quantity"] == "pore_size_mean"].set_index("depth_um")
    # Bins of four voxels above the interface: the small sphere lies in the first, the large one behind it;
    # 1.75 voxels: as above.
    assert profile.loc[6.0, "value"] == pytest.approx(8, abs=1.75)
    assert profile.loc[22.0, "value"] == pytest.approx(18, abs=1.75)
    assert profile["n"].sum() == region.sum()
    shares = found.distributions[found.distributions["quantity"] == "pore_size"]
    assert shares["value"].sum() == pytest.approx(1)
    assert shares["n"].sum() == region.sum()
    large = shares.loc[shares["bin_low"] > 12, "value"].sum()
    assert large == pytest.approx((sizes[region] > 12).mean(), abs=0.01)


def test_pores_wider_than_is_looked_for(make_cell: Make) -> None:
    found = run(porous(make_cell, Spacing(1, 1, 1), radii=(4.0, 9.0)), pore_size_max_um=10.0)
    assert found.row("pore_size_d90").value == 10.0
    assert "of the pore volume is at least 10 um thick, the most looked for" in found.row("pore_size_d90").note


def test_no_pores_and_no_interface(make_cell: Make) -> None:
    found = run(porous(make_cell, Spacing(1, 1, 1), radii=()))
    assert found.row("pore_size_d50").value is None
    assert found.row("pore_size_d50").note == "no pores"
    labels = np.full((20, 30, 30), SE, np.uint8)
    labels[5:15, 5:15, 5:15] = VOID
    parts = np.where(labels == VOID, np.uint8(Part.PORE), np.uint8(0))
    plain = run(Cell(Labels(labels, Spacing(1, 1, 1)), parts))
    assert plain.row("pore_size_d50", roi="se_region").note == "no metal body found"
    assert plain.row("pore_size_d50", roi="all").value == pytest.approx(10, abs=1)
    assert not (plain.profiles["quantity"] == "pore_size_mean").any()


def test_a_section_has_a_definition_of_its_own(make_cell: Make) -> None:
    labels = np.full((60, 80), SE, np.uint8)
    labels[:10] = LI
    y, x = np.ogrid[:60, :80]
    labels[(y - 35) ** 2 + (x - 40) ** 2 <= 100] = VOID
    plane = ReferencePlane((0.0, 1.0, 0.0), 10.0)
    row = run(make_cell(labels, Spacing(1, 1, 1), normal="+y", plane=plane)).row("pore_size_d50")
    assert row.definition == "pore_size/2D/v2"
    assert row.value == pytest.approx(20, abs=1)


def test_blocks_change_no_bit(make_busy: Callable[..., Cell]) -> None:
    cell = make_busy(Spacing(0.5, 0.25, 0.25))
    whole = measure(cell, MeasureParams(transport=()), Engine())
    parts = measure(cell, MeasureParams(transport=()), Engine(block_shape=(9, 20, 11)))
    for name in ("d10", "d50", "d90"):
        one, other = (found.row(f"pore_size_{name}") for found in (whole, parts))
        assert one == other
    left, right = (found.distributions.query("quantity == 'pore_size'") for found in (whole, parts))
    pd.testing.assert_frame_equal(left, right, check_exact=True)


def test_quantiles_of_counts() -> None:
    sizes = np.array([0.0, 1.0, 2.0, 3.0])
    # Half of what is of a size lies below it: an eighth below 1, three below 2, three quarters below 3.
    shares = (0.0, 0.125, 0.25, 0.375, 0.75, 1.0)
    assert [size_quantile(np.array([0, 1, 1, 2]), share, sizes) for share in shares] == [1, 1, 1.5, 2, 3, 3]
    assert [size_quantile(np.array([0, 0, 7, 0]), share, sizes) for share in shares] == [2] * 6
