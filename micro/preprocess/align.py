"""Slices put in line: what the microscope moved between them, moved back."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from micro import __version__
from micro.blocks import Block, Done, Engine, as_dask
from micro.model import Labels, Spacing, Step, Volume
from micro.preprocess.drift import FEWEST, LEAST_AGREEMENT, measure_jitter
from micro.preprocess.fiducial import track_fiducial
from micro.preprocess.lost import replace_lost
from micro.preprocess.params import PreprocessParams
from micro.preprocess.resample import move_block, move_reach
from micro.preprocess.tilt import untilt

__all__ = ["SMALLEST_JITTER", "align", "straighten", "unlabel_missing"]

SMALLEST_JITTER = 0.5
"""Slices that jitter by less (voxels, root mean square) are left alone: resampling would cost more than it gains."""

LARGEST_SHEAR = 0.5
"""Sideways drift over the depth of a stack from which it is doubted: depths along the normal may be a tenth off
(1 - cos(arctan 0.5)). What a sample does by itself looks like a drift of up to 0.31 on phantoms that stand still."""


def straighten(volume: Volume, params: PreprocessParams, engine: Engine) -> Volume:
    """Correct the geometry of a volume as it was read: the tilt of the picture, then the drift of its slices.

    Labels made from it lie on its grid. See `untilt` and `align`.

    Examples
    --------
    >>> from micro.model import Spacing
    >>> image = Volume(np.zeros((40, 40), np.uint8), Spacing.parse("10nm"))
    >>> straighten(image, PreprocessParams(tilt_deg=30), Engine()).spacing.y
    0.02
    """
    return align(untilt(volume, params.tilt_deg), params, engine)


def align(volume: Volume, params: PreprocessParams, engine: Engine) -> Volume:
    """Put the slices of a stack in line, to a fraction of a voxel in y and x.

    From the picture alone only jitter and jumps can be told from the sample: a tilted interface looks
    like a steady drift, so that slow drift is kept (see `measure_jitter`). With a fiducial, a mark
    that stands still in the sample, everything is taken out. The middle slice stays where it is, and
    the shape of the stack too; what a slice has not seen is filled with its edge here, and
    `unlabel_missing` takes it out of the labels.

    Parameters
    ----------
    volume
        Grey values of any type, as the microscope wrote them.
    params
        ``align`` and ``fiducial``; see `PreprocessParams`.
    engine
        Where the block tasks run.

    Returns
    -------
    Volume
        Of the same type. Its last step holds the shifts in voxels; the same volume, with a step that
        says so, where they are too small to be worth it, and without one where nothing was looked for.

    Raises
    ------
    ParameterError, ImageContentError
        If the fiducial does not lie in all slices.

    Examples
    --------
    >>> from micro.model import Spacing
    >>> still = Volume(np.zeros((9, 40, 40), np.uint8), Spacing.parse("10nm"), "xct")
    >>> align(still, PreprocessParams(align="auto"), Engine()) is still
    True
    """
    found = _shifts(volume, params, engine)
    if found is None:
        return volume
    shifts, facts = found
    lost = facts.get("lost_slices", ())
    if not shifts.any():
        return volume.after(_step(params, facts), replace_lost(volume.data, lost))
    shifts = shifts - shifts[volume.shape[0] // 2]
    data = engine.array(volume.shape, volume.data.dtype)
    engine.run(
        move_block,
        [volume.data],
        outputs=[data],
        halo=move_reach(shifts),
        stage="align",
        constants={"shifts": shifts},
    )
    facts = {**facts, "anchor_slice": volume.shape[0] // 2, "shifts_voxels": shifts.round(3).tolist()}
    return volume.after(_step(params, facts), replace_lost(as_dask(data), lost))


def _step(params: PreprocessParams, facts: dict[str, Any]) -> Step:
    keys = {"align": params.align, "fiducial": list(params.fiducial) if params.fiducial else None}
    return Step("align", {**keys, "found": facts}, version=__version__)


def _shifts(
    volume: Volume, params: PreprocessParams, engine: Engine
) -> tuple[NDArray[np.float64], dict[str, Any]] | None:
    """Return the shifts to take out, zeros where they are not worth it, and what was found; None: not looked for."""
    slices = volume.shape[0]
    if params.align == "none" or volume.is_2d:
        return None
    if params.fiducial is not None and params.align in ("auto", "fiducial"):
        shifts, agreement = track_fiducial(volume.data, params.fiducial)
        largest = float(np.abs(shifts).max())
        did = f"slices aligned on the fiducial: shifts of up to {largest:.1f} voxels"
        return shifts, {"did": [did], "agreement": round(agreement, 3)}
    if (params.align == "auto" and volume.modality != "fibsem") or slices < FEWEST or min(volume.shape[1:]) < 48:
        return None
    jitter = measure_jitter(volume.data, engine)
    facts: dict[str, Any] = {
        "jitter_rms_voxels": round(jitter.rms, 3),
        "jitter_error_voxels": round(jitter.error, 3),
        "agreement": round(jitter.agreement, 3),
    }
    if params.align == "auto" and jitter.agreement < LEAST_AGREEMENT:
        did = f"slices left as they are: they agree by {jitter.agreement:.2f}, too little to be put in line"
        return np.zeros_like(jitter.shifts), {**facts, "did": [did]}
    facts |= _told([_kept_drift(jitter.slow, volume.spacing), _lost_slices(jitter.lost)])
    if params.align == "auto" and jitter.rms < SMALLEST_JITTER and np.abs(jitter.shifts).max() < 4 * SMALLEST_JITTER:
        did = f"slices jitter by {jitter.rms:.1f} voxels (rms): less than {SMALLEST_JITTER}, left as they are"
        return np.zeros_like(jitter.shifts), {**facts, "did": [did]}
    drift = float(np.hypot(*(jitter.slow[-1] - jitter.slow[0])))
    did = f"slices aligned: jitter of {jitter.rms:.1f} voxels (rms) removed"
    kept = f"a slow drift of {drift:.0f} voxels over the stack was kept, as the sample's shape; a fiducial would tell"
    return jitter.shifts, {**facts, "did": [did, kept] if drift >= 2 else [did]}


def _told(findings: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return several findings as one, with the warnings and doubts of all."""
    facts = {key: value for found in findings for key, value in found.items()}
    for key in ("warnings", "doubts"):
        lines = [line for found in findings for line in found.get(key, ())]
        if lines:
            facts[key] = lines
    return facts


def _lost_slices(lost: tuple[int, ...]) -> dict[str, Any]:
    """Return which slices were lost, and a warning that names them; nothing where there are none."""
    if not lost:
        return {}
    named = ", ".join(str(k) for k in lost[:8]) + (", ..." if len(lost) > 8 else "")
    line = (
        f"{len(lost)} of the slices (counted from 0: {named}) show nothing of their neighbours, as blank or torn ones, "
        "noise or another place would; expected slices of one sample: the mean of the good ones beside them was taken; "
        "take them out and state the true slice distance if many are gone"
    )
    return {"lost_slices": list(lost), "warnings": [line], "doubts": ["slices lost"]}


def _kept_drift(slow: NDArray[np.float64], spacing: Spacing) -> dict[str, Any]:
    """Return the sideways drift that is kept over the depth of the stack, and a warning where it is large."""
    sideways_um = np.ptp(slow, axis=0) * np.array(spacing.um[1:])
    shear = float(np.hypot(*sideways_um) / (spacing.z * (len(slow) - 1)))
    facts: dict[str, Any] = {"kept_shear": round(shear, 3)}
    if shear < LARGEST_SHEAR:
        return facts
    angle = math.degrees(math.atan(shear))
    line = (
        f"slices drift sideways by {np.hypot(*sideways_um):.2g} um over the stack (an angle of {angle:.0f} degrees), "
        "which is kept, since a slanted sample looks the same: if it was the stage, depths and angles are wrong; "
        "name a mark that stands still with preprocess.fiducial, or align the stack first"
    )
    return {**facts, "warnings": [line], "doubts": ["slices drift"]}


def _unlabel(
    block: Block, labels: NDArray[np.uint8], *, shifts: NDArray[np.float64], shape: tuple[int, int]
) -> Done[int]:
    kept = labels.copy()
    before = int(np.count_nonzero(labels))
    for k in range(kept.shape[0]):
        shift = shifts[block.core[0].start + k]
        for axis, length in enumerate(shape):
            place = np.arange(block.core[axis + 1].start, block.core[axis + 1].stop) + shift[axis]
            missing = (place < -0.5) | (place > length - 0.5)
            kept[k][(missing, slice(None)) if axis == 0 else (slice(None), missing)] = 0
    return Done(before - int(np.count_nonzero(kept)), (kept,))


def _unlabel_probabilities(
    part: NDArray[np.uint8],
    block_info: dict[int, Any] | None = None,
    *,
    shifts: NDArray[np.float64],
    shape: tuple[int, int],
) -> NDArray[np.uint8]:
    if block_info is None:
        return part
    (_, (z, _), (top, bottom), (left, right)) = block_info[0]["array-location"]
    kept = part.copy()
    for k in range(part.shape[1]):
        y = np.arange(top, bottom) + shifts[z + k, 0]
        x = np.arange(left, right) + shifts[z + k, 1]
        kept[:, k, (y < -0.5) | (y > shape[0] - 0.5)] = 0
        kept[:, k, :, (x < -0.5) | (x > shape[1] - 0.5)] = 0
    return kept


def unlabel_missing(labels: Labels, engine: Engine) -> Labels:
    """Set to 0, unlabelled, what the slices of an aligned stack have not seen.

    The shifts stand in the history of the labels, which is that of the volume they were made from. A
    voxel counts as seen where its centre lies in the slice as it was taken.

    Examples
    --------
    >>> from micro.model import Spacing
    >>> step = Step("align", {"found": {"shifts_voxels": [[0.0, 0.0], [0.0, 2.0]]}})
    >>> labels = Labels(np.ones((2, 2, 5), np.uint8), Spacing.parse("10nm"), history=(step,))
    >>> unlabel_missing(labels, Engine()).data[1, 0].compute().tolist()
    [1, 1, 1, 0, 0]
    """
    found = [step.parameters.get("found", {}) for step in labels.history if step.operation == "align"]
    moved = [facts["shifts_voxels"] for facts in found if "shifts_voxels" in facts]
    if not moved:
        return labels
    constants = {"shifts": np.array(moved[-1], np.float64), "shape": labels.shape[1:]}
    data = engine.array(labels.shape, np.uint8)
    engine.run(_unlabel, [labels.data], outputs=[data], stage="align", constants=constants)
    probabilities = labels.probabilities
    if probabilities is not None:
        probabilities = probabilities.map_blocks(_unlabel_probabilities, dtype=np.uint8, **constants)
    return replace(labels, data=as_dask(data), probabilities=probabilities)
