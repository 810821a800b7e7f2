"""Flame, stripe or network: what dendrites look like at each depth."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from micro.measure.dendrite_shape import PathShape
from micro.measure.fragments import Fragments, find_fragments, section_axes
from micro.measure.objects import FILAMENTS
from micro.measure.protocol import Context
from micro.measure.scene import Scene
from micro.measure.tissue import (
    DIRECTED,
    EULER,
    LATERAL,
    VERTICAL,
    VOXELS,
    Tissue,
    TissueParams,
    merge_tissue,
    tissue_block,
)

__all__ = ["FLAME", "FORMS", "NETWORK", "STRIPE", "Morphology", "classify", "find_morphology"]

FORMS = ("flame", "stripe", "network")
FLAME, STRIPE, NETWORK = 0, 1, 2
NO_FORM = -1

WINDOW_MAX = 24
"""Voxels that the window of the local direction reaches at most."""

ENCLOSED_MIN = 0.2
"""A network encloses at least this share of itself and what it encloses."""

LOOPS_MIN = 0.1
"""Or, in a volume, has this many loops more than ends in a piece that is as long as thick."""

PIECE_MIN = 0.5
"""A bin with less of a (round) piece of filament that is as long as thick has no form. A bin is about as high as a
filament is thick, so that it holds about one piece of a single straight one."""


@dataclass(frozen=True)
class Morphology:
    """Filament tissue in bins of depth, the first of which begins at the reference interface.

    Attributes
    ----------
    bin_um, thickness_um
        Height of a bin; thickness of the dendrites, which sets it and the window of the local direction.
    tissue
        Counts by bin and by object.
    fragments
        Enclosed regions of electrolyte.
    enclosed
        Enclosed area over that of metal and enclosed electrolyte, in the bin's sections; NaN without metal.
    loops
        Loops less ends (Euler number, sign turned) in a piece of filament that is as long as thick, with the two
        neighbour bins: a strut's ends lie in different bins. NaN in a section, and without metal.
    forms
        Index of `FORMS`, or -1 for a bin with less metal than half a piece of filament that is as long as thick.
    """

    bin_um: float
    thickness_um: float
    tissue: Tissue
    fragments: Fragments
    enclosed: NDArray[np.float64]
    loops: NDArray[np.float64]
    forms: NDArray[np.int64]

    @property
    def depth_um(self) -> NDArray[np.float64]:
        """Middle of each bin."""
        return np.asarray((np.arange(len(self.forms)) + 0.5) * self.bin_um)


def _typical_thickness_um(context: Context, shapes: list[PathShape]) -> float:
    """Return the thickness of the dendrites, averaged by volume; 8 voxels where none could be followed."""
    if not shapes:
        return 8 * max(edge for edge, n in zip(context.spacing.um, context.shape, strict=True) if n > 1)
    volume = context.objects.voxels[[one.id for one in shapes]].astype(np.float64)
    return float(volume @ np.array([one.thickness_mean_um for one in shapes]) / volume.sum())


def _params(context: Context, thickness_um: float, step_um: float) -> TissueParams:
    assert context.plane is not None
    z, y, x = (
        0 if n == 1 else min(max(math.floor(thickness_um / edge + 0.5 + 1e-6), 2), WINDOW_MAX)
        for edge, n in zip(context.spacing.um, context.shape, strict=True)
    )
    bin_um = step_um * max(1, math.ceil(thickness_um / step_um - 1e-6))
    return TissueParams(context.plane, context.spacing, (z, y, x), bin_um, context.objects.count)


def find_morphology(scene: Scene, shapes: list[PathShape], *, step_um: float) -> Morphology | None:
    """Return the tissue of dendrites in bins of depth; None without dendrites.

    A bin is as high as dendrites are thick, rounded up to a whole number of ``step_um``.
    """
    context = scene.context
    thickness = _typical_thickness_um(context, shapes)
    params = _params(context, thickness, step_um)
    parts = scene.engine.run(
        tissue_block,
        [scene.cell.parts, scene.objects.ids],
        halo=params.halo,
        stage="dendrite tissue",
        constants={"params": params, "shape": context.shape},
        only=scene.blocks_near(np.flatnonzero(FILAMENTS[context.objects.classes & 7])),
    )
    tissue = merge_tissue(parts, context.objects.count)
    if tissue is None:
        return None
    fragments = find_fragments(scene, bin_um=params.bin_um)
    enclosed = _enclosed(scene, tissue, fragments)
    piece = thickness ** (2 if context.is_2d else 3) / context.voxel_measure
    loops = np.full(len(enclosed), np.nan) if context.is_2d else _loops(tissue, piece)
    forms = classify(
        tissue.by_bin, enclosed, loops, voxels_min=PIECE_MIN * piece * (1 if context.is_2d else math.pi / 4)
    )
    return Morphology(params.bin_um, thickness, tissue, fragments, enclosed, loops, forms)


def _enclosed(scene: Scene, tissue: Tissue, fragments: Fragments) -> NDArray[np.float64]:
    edges = scene.context.spacing.um
    pixels = sum(math.prod(edge for a, edge in enumerate(edges) if a != axis) for axis in section_axes(scene))
    metal = tissue.by_bin[:, VOXELS] * pixels
    area = np.zeros(len(metal))
    known = fragments.enclosed_um2[: len(metal)]
    area[: known.size] = known
    with np.errstate(invalid="ignore"):
        return np.where(metal > 0, area / (area + metal), np.nan)


def _loops(tissue: Tissue, piece: float) -> NDArray[np.float64]:
    """Return loops less ends in ``piece`` voxels of filament."""
    euler, voxels = (
        np.convolve(tissue.by_bin[:, column].astype(np.float64), np.ones(3), mode="same")[: len(tissue.by_bin)]
        for column in (EULER, VOXELS)
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(tissue.by_bin[:, VOXELS] > 0, -euler / 8 * piece / voxels, np.nan)


def classify(
    counts: NDArray[np.int64], enclosed: NDArray[np.float64], loops: NDArray[np.float64], *, voxels_min: float
) -> NDArray[np.int64]:
    """Return the form of each bin, or -1 where it holds fewer than ``voxels_min`` filament voxels.

    Network: encloses `ENCLOSED_MIN` or more of what it and its fragments cover; or has `LOOPS_MIN` loops or more, and
    more lateral than vertical tissue. Else stripe, where more is lateral than vertical. Else flame.

    Parameters
    ----------
    counts
        Of `micro.measure.tissue.Tissue.by_bin`.
    enclosed, loops
        See `Morphology`.

    Examples
    --------
    >>> counts = np.array([[500, 500, 20, 400, -9], [500, 500, 20, 400, 0], [500, 500, 450, 0, -3]])
    >>> [FORMS[form] for form in classify(counts, np.zeros(3), np.array([0.4, 0.0, 0.2]), voxels_min=100)]
    ['network', 'stripe', 'flame']
    """
    lateral = counts[:, LATERAL] > counts[:, VERTICAL]
    network = (np.nan_to_num(enclosed) >= ENCLOSED_MIN) | (lateral & (np.nan_to_num(loops) >= LOOPS_MIN))
    forms = np.where(network, NETWORK, np.where(lateral, STRIPE, FLAME))
    some = (counts[:, VOXELS] >= voxels_min) & (counts[:, DIRECTED] > 0)
    return np.where(some, forms, NO_FORM)
