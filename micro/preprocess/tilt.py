"""Pictures taken aslant: the voxel is taller than it looks."""

from __future__ import annotations

import math
from dataclasses import replace

from micro import __version__
from micro.errors import ParameterError
from micro.model import Spacing, Step, Volume

__all__ = ["untilt"]


def untilt(volume: Volume, tilt_deg: float | None) -> Volume:
    """Correct the voxel size of a picture whose y is foreshortened by the tilt; the voxels stay.

    A face seen at ``tilt_deg`` (the angle between the beam and the face; 90 looks straight at it)
    shows its height times the sine of that angle, so a voxel is spacing.y / sin(tilt) tall.

    Parameters
    ----------
    volume
        As the microscope took it, without tilt correction.
    tilt_deg
        Angle between beam and face in degrees, 10 to 90; None: nothing is done.

    Raises
    ------
    ParameterError
        If the angle is none, or the volume's history says that it was corrected already.

    Examples
    --------
    >>> import numpy as np
    >>> image = Volume(np.zeros((2, 4, 5), np.uint8), Spacing(0.05, 0.025, 0.025))
    >>> untilt(image, 30).spacing
    Spacing(z=0.05, y=0.05, x=0.025)
    """
    if tilt_deg is None:
        return volume
    if not 10 <= tilt_deg <= 90:
        raise ParameterError(
            f"preprocess.tilt_deg = {tilt_deg:g}; expected the angle between beam and face, 10 to 90 degrees "
            "(90 looks straight at it)"
        )
    if any(step.operation == "untilt" for step in volume.history):
        raise ParameterError(
            "the history says that the tilt was corrected already; expected it once: leave preprocess.tilt_deg out"
        )
    z, y, x = volume.spacing.um
    # the sine of 30 degrees is not 0.5 to the last digit
    spacing = Spacing(z, float(f"{y / math.sin(math.radians(tilt_deg)):.12g}"), x)
    did = f"tilt of {tilt_deg:g} degrees: y was foreshortened, a voxel is {spacing.y:.4g} um tall, not {y:.4g}"
    found = {"did": [did], "spacing_um": list(spacing.um)}
    step = Step("untilt", {"tilt_deg": tilt_deg, "found": found}, version=__version__)
    return replace(volume, spacing=spacing, history=(*volume.history, step))
