"""Roughness against formulae: digital planes at any tilt, sinusoids with their analytic Sq and developed ratio."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from micro.blocks import Engine
from micro.cell import Cell, ReferencePlane
from micro.measure import MeasureParams, Results, Roughness, measure, roughness_of
from micro.model import Spacing

MakeCell = Callable[..., Cell]
SMOOTHING = 10.0


def steps(surface: NDArray[np.float64]) -> NDArray[np.float64]:
    """What voxels of edge 1 make of a surface: the outer face of the last one whose centre lies below it."""
    return np.floor(surface + 0.5)


def found(surface: NDArray[np.float64], reference: NDArray[np.float64]) -> Roughness:
    rough = roughness_of(surface, reference, (1.0, 1.0), smoothing_um=SMOOTHING)
    assert rough is not None
    return rough


def grid(rows: int, columns: int) -> list[NDArray[np.float64]]:
    return list(np.meshgrid(np.arange(rows) + 0.5, np.arange(columns) + 0.5, indexing="ij"))


def developed(slope_u: NDArray[np.float64], slope_v: NDArray[np.float64]) -> float:
    return float(np.sqrt(1 + slope_u**2 + slope_v**2).mean() - 1)


@pytest.mark.parametrize("seed", range(20))
def test_a_digital_plane_is_smooth_at_every_tilt(seed: int) -> None:
    rng = np.random.default_rng(seed)
    tilt, heading = np.radians(rng.uniform(0, 45 if seed % 2 else 8)), rng.uniform(0, 2 * np.pi)
    u, v = grid(96, 96)
    plane = np.tan(tilt) * (np.cos(heading) * u + np.sin(heading) * v) + rng.uniform()
    rough = found(steps(plane), plane)
    # A rounded coordinate scatters by 1 / sqrt(12) = .29 voxel about the true one, and smoothing adds nothing.
    assert rough.sq_um < 0.29
    # Terraces w voxels wide, smoothed to a width of 1.9, have 1 / (4 sqrt(pi) 1.9 w) of extra area: at w = 25, .003.
    assert 0 <= rough.developed < 0.003


def test_a_digital_line_is_smooth_at_every_tilt() -> None:
    _, v = grid(1, 400)
    for tilt in (0.5, 2, 7, 15, 31, 44):
        line = np.tan(np.radians(tilt)) * v
        rough = found(steps(line), line)
        assert rough.sq_um < 0.29
        assert 0 <= rough.developed < 0.003


@pytest.mark.parametrize(("rows", "place"), [(1, 7.0), (40, 7.0), (40, 1234.567)])
def test_a_flat_surface_has_no_roughness_of_rounding(rows: int, place: float) -> None:
    flat = np.full((rows, 60), place)
    rough = roughness_of(flat, np.full_like(flat, 7.1), (0.3, 0.3), smoothing_um=3.0)
    assert rough is not None
    assert (rough.sq_um, rough.developed) == (0.0, 0.0)


@pytest.mark.parametrize(("height", "wave"), [(3.0, 48.0), (4.0, 64.0), (8.0, 96.0), (6.0, 120.0)])
def test_sinusoids(height: float, wave: float) -> None:
    u, v = grid(480, 480)
    k = 2 * np.pi / wave
    # The filter of ISO 16610-61 passes 2^-(cut-off / wavelength)^2 of a wave's height.
    passed = 2 ** -((SMOOTHING / wave) ** 2)
    assert passed > 0.97
    s, t = k * u, k * v
    ridge = found(steps(height * np.sin(t)), np.zeros_like(u))
    # 2 %: the plane that is taken off holds sqrt(6) / (pi n) squared of n whole waves (n = 4 and up): 1.9 % of Sq.
    assert ridge.sq_um == pytest.approx(passed * height / np.sqrt(2), rel=0.02)
    low = passed * height * k
    # 4 %: as above; what the steps add (.0002 at these tilts) is less.
    assert ridge.developed == pytest.approx(developed(0 * t, low * np.cos(t)), rel=0.04)
    eggs = found(steps(height * np.sin(s) * np.sin(t)), np.zeros_like(u))
    passed = passed**2  # both directions
    assert eggs.sq_um == pytest.approx(passed * height / 2, rel=0.02)
    low = passed * height * k
    truth = developed(low * np.cos(s) * np.sin(t), low * np.sin(s) * np.cos(t))
    assert eggs.developed == pytest.approx(truth, rel=0.04)


def test_a_wave_on_a_tilted_plane_is_measured_across_it() -> None:
    u, v = grid(300, 300)
    plane = 0.5 * u
    wave = 4 * np.sin(2 * np.pi * v / 60)
    rough = found(steps(plane + wave), plane)
    passed = 2 ** -((SMOOTHING / 60) ** 2)
    # Perpendicular to the plane the wave is as high as its cosine; 2 %: as for the flat one, 5 waves.
    assert rough.sq_um == pytest.approx(passed * 4 / np.sqrt(2) / np.sqrt(1.25), rel=0.02)
    slope = passed * 4 * 2 * np.pi / 60 * np.cos(np.linspace(0, 2 * np.pi, 10_001)[:-1])
    truth = float(np.sqrt(1.25 + slope**2).mean() / np.sqrt(1.25) - 1)
    assert rough.developed == pytest.approx(truth, rel=0.06)


def test_a_curved_reference_is_form_and_no_roughness() -> None:
    u, v = grid(200, 200)
    bow = 0.002 * (u - 100) ** 2 + 0.001 * (v - 90) ** 2
    rough = found(steps(bow), bow)
    assert rough.sq_um < 0.29
    assert rough.developed < 0.003


def test_columns_without_a_surface_have_no_say() -> None:
    u, _ = grid(200, 200)
    wave = 4 * np.sin(2 * np.pi * u / 50)
    whole = found(steps(wave), np.zeros_like(wave))
    holed = steps(wave)
    holed[::7, ::5] = np.nan
    some = found(holed, np.zeros_like(wave))
    assert some.columns == np.count_nonzero(np.isfinite(holed))
    # One column in 35 is gone, and the filter leans on the others: 1 %.
    assert some.sq_um == pytest.approx(whole.sq_um, rel=0.01)
    assert roughness_of(np.full((8, 8), np.nan), np.zeros((8, 8)), (1.0, 1.0), smoothing_um=4.0) is None


TILT = 0.1
WAVY = ReferencePlane((-TILT / np.hypot(1, TILT), 1 / np.hypot(1, TILT), 0.0), 30 / np.hypot(1, TILT))


def wavy_cell(make_cell: MakeCell, *, spacing: Spacing) -> Cell:
    """A wave 5 um high and 48 um long on any voxels, tilted across it, so that its rounding is not in step."""
    shape = tuple(round(length / e) for length, e in zip((72, 64, 192), spacing.um, strict=True))
    z, y, x = np.ix_(*((np.arange(n) + 0.5) * e for n, e in zip(shape, spacing.um, strict=True)))
    labels = np.where(y - TILT * z < 30 + 5 * np.sin(2 * np.pi * x / 48), 3, 2).astype(np.uint8)
    return make_cell(labels, spacing, normal="+y", plane=WAVY)


@pytest.mark.parametrize("edges", [(1, 1, 1), (2.4, 1, 1), (1, 2, 1)])
def test_measured_on_voxels(make_cell: MakeCell, edges: tuple[float, float, float]) -> None:
    params = MeasureParams(roughness_smoothing_um=12.0)
    results = measure(wavy_cell(make_cell, spacing=Spacing(*edges)), params, Engine())
    row = results.row("interface_roughness")
    # 3 %: the plane taken off four waves (1.9 %), .5 % for the tilt, .29 voxel of 2 um beside 3.4 um (1.4 %).
    assert row.value == pytest.approx(2 ** -(1 / 16) * 5 / np.sqrt(2), rel=0.03)
    assert row.note.startswith("smoothing length 12 um")
    assert row.definition == "interface_roughness/Sq/v1"
    assert results.row("interface_developed_ratio").definition == "interface_developed_ratio/Sdr/v2"


def test_a_section_has_rq_and_a_length(make_cell: MakeCell) -> None:
    labels = np.full((60, 480), 2, np.uint8)
    place = 30 + 5 * np.sin(2 * np.pi * (np.arange(480) + 0.5) / 60)
    labels[np.arange(60)[:, None] + 0.5 < place] = 3
    plane = ReferencePlane((0.0, 1.0, 0.0), 15.0)
    results = measure(make_cell(labels, Spacing(9, 0.5, 0.5), normal="+y", plane=plane), MeasureParams(), Engine())
    rq, ratio = results.row("interface_roughness"), results.row("interface_developed_ratio")
    assert rq.definition == "interface_roughness/Rq/v1"
    assert ratio.definition == "interface_developed_ratio/length/v2"
    assert rq.note.startswith("smoothing length 5 um")
    passed = 2 ** -(1 / 36)
    assert rq.value == pytest.approx(passed * 2.5 / np.sqrt(2), rel=0.02)  # 8 waves: the line takes .5 % off
    slope = passed * 5 * 2 * np.pi / 60 * np.cos(np.linspace(0, 2 * np.pi, 10_001)[:-1])
    assert ratio.value == pytest.approx(developed(slope, 0 * slope), rel=0.04)


def value(results: Results, metric: str) -> float:
    row = results.row(metric)
    assert row.value is not None
    return row.value


def test_lengths_follow_the_voxel(make_cell: MakeCell) -> None:
    labels = np.asarray(wavy_cell(make_cell, spacing=Spacing(2, 1, 1)).labels.data)
    small, large = (
        measure(
            make_cell(
                labels, Spacing(2 * s, s, s), normal="+y", plane=ReferencePlane(WAVY.direction, WAVY.offset_um * s)
            ),
            MeasureParams(),
            Engine(),
        )
        for s in (0.1, 0.7)
    )
    assert value(large, "interface_roughness") == pytest.approx(7 * value(small, "interface_roughness"), rel=1e-9)
    ratio = value(small, "interface_developed_ratio")
    assert value(large, "interface_developed_ratio") == pytest.approx(ratio, rel=1e-9)


@pytest.mark.slow
def test_intervals_cover_the_roughness_of_the_material() -> None:
    from scipy.ndimage import gaussian_filter

    rng = np.random.default_rng(3)
    sigma = 5.0
    # A Gaussian surface of unit variance, seen through the filter: both kernels Gaussian, so Sq is known.
    wide = np.hypot(sigma, 0.1874 * SMOOTHING)
    truth = sigma / wide
    inside = 0
    for _ in range(400):
        noise = gaussian_filter(rng.standard_normal((440, 440)), sigma)[40:-40, 40:-40] * 2 * np.sqrt(np.pi) * sigma
        rough = found(noise, np.zeros_like(noise))
        assert rough.sq_interval is not None
        inside += rough.sq_interval[0] <= truth <= rough.sq_interval[1]
    # The project's bar for 400 realisations.
    assert 0.92 <= inside / 400 <= 0.98
