"""Small labels and random edits of them."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from micro.correct import Edit, Patch
from micro.model import Labels, Spacing

SPACING = Spacing(0.1, 0.05, 0.025)


@pytest.fixture
def automatic() -> Labels:
    """Labels that reach over several chunks of the overlay along each axis."""
    rng = np.random.default_rng(7)
    return Labels(rng.integers(0, 6, (70, 65, 80), np.uint8), SPACING)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "Zelle für Übung" / "labels.ome.zarr.corrections"


@pytest.fixture
def random_edit() -> Callable[[np.random.Generator, tuple[int, int, int]], Edit]:
    def make(rng: np.random.Generator, shape: tuple[int, int, int]) -> Edit:
        patches = []
        half = shape[0] // 2
        for first, last in ((0, half), (half, shape[0]))[: int(rng.integers(1, 3))]:  # boxes that do not overlap
            tops = (last, *shape[1:])
            lows = [int(rng.integers(low, n)) for low, n in zip((first, 0, 0), tops, strict=True)]
            size = [int(rng.integers(1, min(30, n - low) + 1)) for n, low in zip(tops, lows, strict=True)]
            patches.append(Patch((lows[0], lows[1], lows[2]), rng.integers(0, 6, size, np.uint8)))
        return Edit("paint", patches, {"radius_um": 1.5})

    return make
