"""Strokes as a person would paint them, drawn from the truth of a phantom."""

from __future__ import annotations

import cc3d
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from micro.errors import ParameterError
from micro.model import Labels, Step

__all__ = ["PAINTED_AS", "strokes_of"]

PAINTED_AS = {4: 3, 5: 1}
"""What a person paints a dendrite and a crack as: lithium and void; the anatomy of the cell tells them apart later."""

LENGTH = 24
"""Most voxels of a stroke."""

BESIDE = 3
"""Voxels within which a stroke begins beside an edge."""

PLANES = 2
"""Sections across every axis of a volume that are painted on."""

_WAYS = ((0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1))


def strokes_of(truth: Labels, *, seed: int = 0, share: float = 5e-4, largest_part: float = 0.1) -> Labels:
    """Draw thin squiggles into everything in a truth, on a few sections, as a person paints them.

    A third of the strokes begin anywhere in their phase, a third in an object of the section that is drawn by
    lot, large or small, since people paint the small ones too, and a third beside an edge. A stroke is one voxel
    wide, turns now and then, and stays inside its phase. A painter sees dendrites and cracks, and paints some of
    each, but as lithium and as void.

    Parameters
    ----------
    truth
        Exact labels.
    seed
        Same seed, same strokes.
    share
        At most this share of all voxels is painted, the same for every label value of the truth.
    largest_part
        At most this part of a label value's voxels is painted.

    Returns
    -------
    Labels
        0 is no stroke.

    Raises
    ------
    ParameterError
        If a share is not between 0 and 1.

    Examples
    --------
    >>> from micro.phantoms import make_phantom
    >>> phantom = make_phantom("sem", seed=1, shape=(120, 160))
    >>> strokes = strokes_of(phantom.truth, seed=1, share=0.01).data.compute()
    >>> np.unique(strokes).tolist(), bool(0.004 < (strokes > 0).mean() <= 0.01)
    ([0, 1, 2, 3], True)
    """
    if not (0 < share <= 1 and 0 < largest_part <= 1):
        raise ParameterError(f"strokes on a share {share} of the voxels and a part {largest_part} of a phase; 0 to 1")
    data = np.asarray(truth.data.compute())
    rng = np.random.default_rng(seed)
    planes = _planes(data.shape, rng)
    out = np.zeros_like(data)
    values = [int(value) for value in np.unique(data) if value]
    for value in values:
        room = int(min(share * data.size / len(values), largest_part * np.count_nonzero(data == value)))
        _paint_phase(data == value, PAINTED_AS.get(value, value), room, planes, rng, out)
    step = Step("strokes", {"seed": seed, "share": share, "largest_part": largest_part})
    return Labels(out, truth.spacing, truth.phases, (*truth.history, step), name=truth.name)


def _planes(shape: tuple[int, ...], rng: np.random.Generator) -> list[tuple[int, int]]:
    """Return sections as (axis, index), spread over the picture."""
    if shape[0] == 1:
        return [(0, 0)]
    return [
        (axis, int((part + rng.random()) * length / PLANES))
        for axis, length in enumerate(shape)
        for part in range(PLANES)
    ]


def _paint_phase(
    mask: NDArray[np.bool_],
    value: int,
    room: int,
    planes: list[tuple[int, int]],
    rng: np.random.Generator,
    out: NDArray[np.uint8],
) -> None:
    """Paint strokes of one phase until ``room`` voxels are painted, or no place is found."""
    sections = [np.take(mask, index, axis=axis) for axis, index in planes]
    sizes = np.array([np.count_nonzero(section) for section in sections], float)
    if not sizes.any():
        return
    objects = [cc3d.connected_components(section.astype(np.uint8), connectivity=8) for section in sections]
    edges = [section & ndimage.binary_dilation(~section, iterations=BESIDE) for section in sections]
    for number in range(4 * room // LENGTH + 4):
        if room < 1:
            break
        # the square root lets sections with little of the phase have their turn
        which = int(rng.choice(len(sections), p=np.sqrt(sizes) / np.sqrt(sizes).sum()))
        section = sections[which]
        chosen = section
        if number % 3 == 1:
            chosen = objects[which] == rng.integers(1, objects[which].max() + 1)
        elif number % 3 == 2 and edges[which].any():
            chosen = edges[which]
        begin = np.argwhere(chosen)[rng.integers(np.count_nonzero(chosen))]
        axis, index = planes[which]
        target = np.moveaxis(out, axis, 0)[index]
        room -= _squiggle(section, target, value, (int(begin[0]), int(begin[1])), min(LENGTH, room), rng)


def _squiggle(
    section: NDArray[np.bool_],
    target: NDArray[np.uint8],
    value: int,
    begin: tuple[int, int],
    length: int,
    rng: np.random.Generator,
) -> int:
    """Walk from ``begin`` inside the section and paint; return how many voxels are new."""
    y, x = begin
    way = int(rng.integers(8))
    new = 0
    for _ in range(length):
        new += int(target[y, x] == 0)
        target[y, x] = value
        way += int(rng.choice((-1, 0, 0, 0, 1)))
        for turn in (0, 1, -1, 2, -2, 3, -3):
            dy, dx = _WAYS[(way + turn) % 8]
            inside = 0 <= y + dy < section.shape[0] and 0 <= x + dx < section.shape[1]
            if inside and section[y + dy, x + dx] and target[y + dy, x + dx] == 0:
                way += turn
                y, x = y + dy, x + dx
                break
        else:
            break
    return new
