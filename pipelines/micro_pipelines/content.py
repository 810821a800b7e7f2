"""Checks of grey values, block by block, before anything is computed from them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from micro.blocks import Block, Done, Engine
from micro.errors import ImageContentError
from micro.model import Labels, Volume

__all__ = ["check_labels", "check_volume"]


def check_volume(volume: Volume, engine: Engine) -> None:
    """Refuse grey values that hold no information.

    Raises
    ------
    ImageContentError
        If a value is NaN or infinite, or all are the same.

    Examples
    --------
    >>> from micro.model import Spacing
    >>> check_volume(Volume(np.full((4, 4), 7), Spacing.parse("10nm")), Engine())
    Traceback (most recent call last):
    micro.errors.ImageContentError: sample: all grey values are 7; expected an image with contrast
    """
    found = engine.run(_survey, [volume.data], stage="check")
    nans, infinite = (sum(part[i] for part in found) for i in (0, 1))
    if nans or infinite:
        what = " and ".join(f"{count} {name}" for count, name in ((nans, "NaN"), (infinite, "infinite")) if count)
        raise ImageContentError(
            f"{volume.name}: {what} of {volume.data.size} grey values; expected finite ones, so crop or fill these"
        )
    low, high = min(part[2] for part in found), max(part[3] for part in found)
    if low == high:
        raise ImageContentError(f"{volume.name}: all grey values are {low:g}; expected an image with contrast")


def check_labels(labels: Labels, engine: Engine) -> None:
    """Refuse labels in which nothing is labelled.

    Raises
    ------
    ImageContentError
        If every voxel is 0.
    """
    found = engine.run(_any_labelled, [labels.data], stage="check")
    if not any(found):
        raise ImageContentError(
            f"{labels.name}: every voxel is 0 (unlabelled); expected phases, or a mapping with --map"
        )


def _survey(_: Block, grey: NDArray[Any]) -> Done[tuple[int, int, float, float]]:
    if grey.dtype.kind != "f":
        return Done((0, 0, float(grey.min()), float(grey.max())))
    finite = np.isfinite(grey)
    if finite.all():
        return Done((0, 0, float(grey.min()), float(grey.max())))
    nans = int(np.isnan(grey).sum())
    return Done((nans, int((~finite).sum()) - nans, 0.0, 0.0))


def _any_labelled(_: Block, labels: NDArray[np.uint8]) -> Done[bool]:
    return Done(bool(labels.any()))
