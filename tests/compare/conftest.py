"""Random fields of blobs and sheets, and the same with mistakes in them."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

Pair = tuple[NDArray[np.uint8], NDArray[np.uint8]]


def random_pair(seed: int, shape: tuple[int, int, int] = (18, 26, 30)) -> Pair:
    """Labels of values 0 to 5 in blobs, and a truth whose boundaries lie elsewhere in part."""
    rng = np.random.default_rng(seed)
    rough = ndimage.gaussian_filter(rng.normal(size=shape), 2)
    moved = rough + 0.3 * rough.std() * ndimage.gaussian_filter(rng.normal(size=shape), 1)
    edges = np.quantile(rough, [0.05, 0.2, 0.6, 0.8, 0.9])
    labels, truth = (np.digitize(field, edges).astype(np.uint8) for field in (rough, moved))
    return labels, truth


@pytest.fixture(scope="session")
def pair() -> Pair:
    """One such pair."""
    return random_pair(5)
