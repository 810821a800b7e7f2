"""Checks of grey values, block by block, before anything is computed from them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from micro.blocks import Block, Done, Engine
from micro.errors import ImageContentError
from micro.model import Labels, Volume
from micro.preprocess.histogram import grey_histogram

__all__ = ["CLIPPED", "TILTED_DEG", "check_labels", "check_tilt", "check_volume"]

CLIPPED = 0.05
"""More voxels than this at the very lowest or highest grey value are clipped, or no part of the picture."""

TILTED_DEG = 8.0
"""A surface whose stage is tilted by less is foreshortened by less than one percent."""


def check_volume(volume: Volume, engine: Engine) -> tuple[str, ...]:
    """Refuse grey values that hold no information; return what looks clipped, in one line an end.

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
    ends = [
        (name, end, count)
        for name, end, count in (
            ("lowest", low, sum(part[4] for part in found if part[2] == low)),
            ("highest", high, sum(part[5] for part in found if part[3] == high)),
        )
        if count > CLIPPED * volume.data.size
    ]
    if (
        ends
        and not any(_ends_a_range(end, volume.data.dtype) for _, end, _ in ends)
        and _is_without_noise(volume, engine)
    ):
        return ()
    return tuple(
        f"{100 * count / volume.data.size:.1f} % of the voxels have the {name} grey value ({end:g}), expected "
        f"{100 * CLIPPED:.0f} % or less: clipped, so that phases can't be told apart there, or a bar, frame or mask; "
        "record with less contrast, or crop"
        for name, end, count in ends
    )


def _ends_a_range(grey: float, dtype: np.dtype[Any]) -> bool:
    """Tell whether detectors and programs clip at this grey value: 0, a power of two less one, the end of a type."""
    if grey in (0, 1):
        return True
    if dtype.kind == "f":
        return False
    return grey == np.iinfo(dtype).min or (grey > 0 and math.log2(grey + 1).is_integer())


def _is_without_noise(volume: Volume, engine: Engine) -> bool:
    """Tell whether a grey value between the ends has so many voxels too: phases without noise have one value each."""
    return bool(grey_histogram(volume.data, engine).counts[1:-1].max() > CLIPPED * volume.data.size)


def check_tilt(volume: Volume, tilt_deg: float | None) -> tuple[str, ...]:
    """Return what the tilt in the file and ``preprocess.tilt_deg`` have against each other, in one line.

    The stage's tilt is not the angle between beam and face, which depends on how the face was cut, so that it is
    never applied by itself.

    Examples
    --------
    >>> from micro.model import Spacing, Step
    >>> read = Step("read", {"tilt": {"stage_deg": 52.0, "corrected": True, "says": "the file tells a tilt"}})
    >>> image = Volume(np.zeros((4, 4), np.uint8), Spacing.parse("10nm"), history=(read,))
    >>> check_tilt(image, None), check_tilt(image, 52.0)[0][:51]
    ((), 'the file tells a tilt, and preprocess.tilt_deg = 52')
    """
    found = next((step.parameters["tilt"] for step in volume.history if "tilt" in step.parameters), None)
    if found is None or (abs(found["stage_deg"]) < TILTED_DEG and not found["corrected"]):
        return ()
    if found["corrected"]:
        if tilt_deg is None:
            return ()
        return (
            f"{found['says']}, and preprocess.tilt_deg = {tilt_deg:g} corrects it once more; "
            "expected one of both: leave preprocess.tilt_deg out",
        )
    if tilt_deg is not None:
        return ()
    tilt = abs(found["stage_deg"])
    return (
        f"{found['says']}: if the face is seen aslant, lengths along y are too short; state the angle between beam and "
        f"face, as preprocess.tilt_deg={tilt:.3g} for a face cut at right angles to the surface, "
        f"or {90 - tilt:.3g} for the surface itself; 90 if it is seen straight",
    )


def check_labels(labels: Labels, engine: Engine) -> tuple[str, ...]:
    """Refuse labels in which nothing is labelled; return what looks as if the values meant something else.

    Raises
    ------
    ImageContentError
        If every voxel is 0.

    Examples
    --------
    >>> from micro.model import Spacing
    >>> check_labels(Labels(np.full((4, 4), 85, np.uint8), Spacing.parse("10nm")), Engine())
    ('the values 85 are no phases: say what they mean with --map',)
    """
    counts = np.sum(engine.run(_count_values, [labels.data], stage="check"), axis=0)
    values = [int(value) for value in np.flatnonzero(counts) if value]
    if not values:
        raise ImageContentError(
            f"{labels.name}: every voxel is 0 (unlabelled); expected phases, or a mapping with --map"
        )
    unknown = [value for value in values if labels.phases.by_value(value) is None]
    listed = ", ".join(str(value) for value in unknown[:5]) + (", ..." if len(unknown) > 5 else "")
    return (f"the values {listed} are no phases: say what they mean with --map",) if unknown else ()


def _survey(_: Block, grey: NDArray[Any]) -> Done[tuple[int, int, float, float, int, int]]:
    """Count NaN and infinite values; else return the extremes, and how many voxels have them."""
    finite = np.isfinite(grey) if grey.dtype.kind == "f" else None
    if finite is not None and not finite.all():
        nans = int(np.isnan(grey).sum())
        return Done((nans, int((~finite).sum()) - nans, 0.0, 0.0, 0, 0))
    low, high = grey.min(), grey.max()
    return Done((0, 0, float(low), float(high), int((grey == low).sum()), int((grey == high).sum())))


def _count_values(_: Block, labels: NDArray[np.uint8]) -> Done[NDArray[np.int64]]:
    return Done(np.bincount(labels.ravel(), minlength=256))
