"""X-ray CT of a labelled cell."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from micro.phantoms.electron import grey_table
from micro.phantoms.kinds import Kind
from micro.phantoms.noise import NoiseLevel

__all__ = ["xray_image"]


def xray_image(
    labels: NDArray[np.uint8], kind: Kind, rng: dict[str, np.random.Generator], noise: NoiseLevel
) -> NDArray[np.uint16]:
    """Stand-in."""
    grey = ndimage.gaussian_filter(grey_table(kind)[labels], 0.8)
    if noise.snr:
        field = ndimage.gaussian_filter(rng["noise"].normal(size=grey.shape).astype(np.float32), (0.1, 0.6, 0.6))
        grey += field / field.std() * abs(kind.levels[1] - kind.levels[2]) / noise.snr
    return np.rint(np.clip(0.1 + 0.7 * grey, 0, 1) * 65535).astype(np.uint16)
