"""The voxel size that holds: that of the user, else that of the file, else an error."""

from __future__ import annotations

from micro.errors import MissingCalibrationError
from micro.io._opened import Opened
from micro.model import Spacing

__all__ = ["settle_spacing"]


def settle_spacing(opened: Opened, voxel_size: Spacing | None, name: str) -> tuple[Spacing, str]:
    """Return the spacing and where it is from.

    Raises
    ------
    MissingCalibrationError
        If neither the user nor the file says it; the message tells what the file did say. Also if the user gave
        two lengths, y and x, for more than one slice.
    """
    slices = opened.stack.shape[0]
    if voxel_size is not None:
        if slices > 1 and not voxel_size.z_is_said:
            y, x = voxel_size.y, voxel_size.x
            raise MissingCalibrationError(
                f"{name}: the voxel size has two lengths, y, x = {y:g}, {x:g} um, but the image has {slices} slices; "
                f"expected three (z, y, x), such as 0.1,{y:g},{x:g}um"
            )
        return voxel_size, "the user"
    found = opened.calibration
    spacing = found.spacing(slices=slices)
    if spacing is not None:
        return spacing, found.where
    if found.in_plane:
        raise MissingCalibrationError(
            f"{name}: the file says y, x = {found.y_um:g}, {found.x_um:g} um ({found.where}) but not how far its "
            f"{slices} slices lie apart; say all three, such as --voxel-size 0.1,{found.y_um:g},{found.x_um:g}um"
        )
    why = f" ({'; '.join(found.notes)})" if found.notes else ""
    example = "0.05,0.05um" if slices == 1 else "0.1,0.05,0.05um"
    raise MissingCalibrationError(
        f"{name}: the file does not say how large a voxel is{why}; say it, such as --voxel-size {example}"
    )
