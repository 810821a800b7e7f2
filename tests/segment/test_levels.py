"""Modes of the histogram, and which phase each of them is."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from micro.blocks import Engine
from micro.segment.layers import metal_layers
from micro.segment.levels import Peak, assign_peaks, dark_excess, find_peaks, flat_histogram

ORDER = ("void", "Li", "SE")


def histogram(*modes: tuple[float, float, float], total: int = 2_000_000) -> NDArray[np.int64]:
    """Counts of Gaussian modes of (grey, width, share), 1024 bins of 64."""
    axis = (np.arange(1024) + 0.5) * 64
    counts = np.zeros(1024)
    for grey, width, share in modes:
        bell = np.exp(-0.5 * ((axis - grey) / width) ** 2)
        counts += share * total * bell / bell.sum()
    return np.random.default_rng(0).poisson(counts)


@pytest.mark.parametrize("share", [0.5, 0.1, 0.01])
def test_a_phase_of_one_percent_is_found_as_surely_as_one_of_half(share: float) -> None:
    peaks = find_peaks(histogram((12000, 1500, share), (45000, 2500, 1 - share)))
    assert len(peaks) == 2
    # the mode of a smoothed histogram wanders by a few bins of 64; shares are cut at the valley
    assert peaks[0].grey == pytest.approx(12000, abs=500)
    assert peaks[1].grey == pytest.approx(45000, abs=500)
    assert peaks[0].share == pytest.approx(share, rel=0.02)
    # the smoothing of 5 bins (320) widens it: sqrt(1500^2 + 320^2) = 1534, read to a bin of 64 / 1.18
    assert peaks[0].width == pytest.approx(1534, abs=110)


def test_noise_makes_no_modes() -> None:
    assert len(find_peaks(histogram((30000, 4000, 1.0), total=20_000))) == 1
    assert find_peaks(np.zeros(1024, np.int64)) == ()


def test_boundaries_do_not_count_as_flat() -> None:
    rng = np.random.default_rng(1)
    grey = np.full((20, 40, 40), 45000.0)
    grey[:, :, :20] = 12000
    grey[:, :, 20] = 28000  # partial volume: the grey of a third phase
    stack = (grey + rng.normal(0, 600, grey.shape)).astype(np.uint16)
    flat, everything = flat_histogram(stack, Engine())
    middle = slice(24000 // 64, 32000 // 64)  # 6 sd on either side
    assert everything.sum() == stack.size
    assert everything[middle].sum() == 800
    assert flat[middle].sum() == 0
    for block_shape in [(3, 7, 11), (20, 1, 40)]:
        cut = flat_histogram(stack, Engine(block_shape=block_shape))
        np.testing.assert_array_equal(cut[0], flat)
        np.testing.assert_array_equal(cut[1], everything)


def assign(
    greys: list[tuple[float, float]], *, layer: int | None, names: tuple[str, ...] = ORDER, excess: float | None = None
) -> dict[str, float]:
    peaks = tuple(Peak(grey, 1000.0, share) for grey, share in greys)
    found = assign_peaks(
        peaks,
        names,
        metal_is_layer={k: k == layer for k in range(len(peaks))},
        metal="Li" if "Li" in names else None,
        excess=excess,
    )
    assert list(found.names) == [name for name in names if name in found.names]
    missing = [name for name in names if name not in found.names]
    assert len(found.warnings) == len(missing)
    assert all(name in warning for name, warning in zip(missing, found.warnings, strict=True))
    return dict(zip(found.names, found.greys, strict=True))


def test_three_modes_are_the_three_phases() -> None:
    found = assign([(10000, 0.05), (25000, 0.3), (45000, 0.65)], layer=1)
    assert found == {"void": 10000, "Li": 25000, "SE": 45000}


def test_two_modes_with_a_layer_are_metal_and_electrolyte() -> None:
    assert assign([(25000, 0.3), (45000, 0.7)], layer=0) == {"Li": 25000, "SE": 45000}


def test_two_modes_without_a_layer_are_void_and_electrolyte() -> None:
    assert assign([(10000, 0.05), (45000, 0.95)], layer=None) == {"void": 10000, "SE": 45000}


def test_one_mode_is_the_electrolyte() -> None:
    assert assign([(45000, 1.0)], layer=None) == {"SE": 45000}


def test_void_without_a_mode_comes_from_what_is_darker_than_the_noise() -> None:
    assert assign([(25000, 0.3), (45000, 0.7)], layer=0, excess=9000) == {"void": 9000, "Li": 25000, "SE": 45000}
    # where void has a mode of its own, that holds
    assert assign([(10000, 0.1), (25000, 0.3), (45000, 0.6)], layer=1, excess=9000)["void"] == 10000


def test_no_void_says_what_can_not_be_seen() -> None:
    peaks = tuple(Peak(grey, 1000, share) for grey, share in ((25000, 0.3), (45000, 0.7)))
    found = assign_peaks(peaks, ("void", "Li", "SE"), metal_is_layer={0: True}, metal="Li", excess=None)
    (warning,) = found.warnings
    assert warning.startswith("no void found")
    assert "gaps and cracks up to 2 voxels wide" in warning
    assert "contact may be lower" in warning


def test_an_alloy_is_brighter_than_the_electrolyte() -> None:
    names = ("void", "SE", "Li")
    found = assign([(10000, 0.05), (30000, 0.65), (52000, 0.3)], layer=2, names=names)
    assert found == {"void": 10000, "SE": 30000, "Li": 52000}
    assert assign([(30000, 0.7), (52000, 0.3)], layer=1, names=names) == {"SE": 30000, "Li": 52000}
    assert assign([(10000, 0.1), (30000, 0.9)], layer=None, names=names) == {"void": 10000, "SE": 30000}


def test_dark_excess_is_the_median_of_what_the_noise_cannot_explain() -> None:
    plain = histogram((45000, 2500, 1.0))
    peak = Peak(45000, 2500, 1.0)
    assert dark_excess(plain, peak) is None
    with_void = plain + histogram((12000, 1500, 0.002))
    # a median of 4000 voxels: 1.25 * 1500 / 63 = 30, and a bin of 64
    assert dark_excess(with_void, peak) == pytest.approx(12000, abs=150)


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("far", [False, True])
def test_a_layer_fills_one_border_and_not_the_opposite_one(axis: int, far: bool) -> None:
    stack = np.full((50, 60, 70), 45000, np.uint16)
    along = np.moveaxis(stack, axis, 0)
    along = along[::-1] if far else along
    along[:12] = 25000
    along[:12, :5] = 45000  # a tenth of it missing
    peaks = (10000.0, 25000.0, 45000.0)
    for block_shape in [(128, 128, 128), (17, 13, 70)]:
        found = metal_layers(stack, peaks, Engine(block_shape=block_shape))
        assert found == {0: False, 1: True, 2: True}  # the rest fills the opposite border
    stack[:] = 45000
    assert metal_layers(stack, peaks, Engine()) == {0: False, 1: False, 2: False}
