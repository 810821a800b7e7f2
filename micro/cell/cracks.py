"""Cracks: void that is a sheet, whole down to the interface."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from micro.blocks import Block, Done, Engine, Source, label_components, relabelled
from micro.cell.caps import caps_of_gaps
from micro.cell.cell import Normal
from micro.cell.dendrites import components_holding
from micro.cell.voids import HANGING, crack_like
from micro.model import Spacing

__all__ = ["CrackLimits", "mark_cracks"]

_CRACK, _FOOT = 1, 2


@dataclass(frozen=True)
class CrackLimits:
    """What a crack may be: see `micro.cell.params.CellParams`."""

    thickness_max_um: float
    extent_min_um: float
    aspect_min: float
    planarity_max: float
    branching_max: float


def _loose_void(_: Block, labels: NDArray[np.uint8], gaps: NDArray[np.uint8] | None = None, *, void: int) -> Done[None]:
    loose = labels == void
    return Done(None, ((loose if gaps is None else loose & (gaps == 0)).astype(np.uint8),))


def _feet(_: Block, labels: NDArray[np.uint8], gaps: NDArray[np.uint8], *, crack: int) -> Done[None]:
    feet = np.uint8(_FOOT) * (gaps == HANGING).view(np.uint8)
    return Done(None, (np.uint8(_CRACK) * (labels == crack).view(np.uint8) + feet,))


def _set_cracks(
    _: Block, labels: NDArray[np.uint8], ids: NDArray[np.uint32], *, chosen: NDArray[np.bool_], crack: int
) -> Done[None]:
    return Done(None, (relabelled(labels, ids, chosen, crack),))


def mark_cracks(
    labels: Source,
    gaps: Source | None,
    *,
    normal: Normal | None = None,
    void: int,
    crack: int,
    limits: CrackLimits,
    spacing: Spacing,
    engine: Engine,
) -> tuple[Any, int]:
    """Return the labels with the sheets among the void set to ``crack``, and how many there are.

    Parameters
    ----------
    labels
        uint8 labels, shape (z, y, x).
    gaps
        Of `micro.cell.voids.mark_gaps`; their void is no crack, but for what hangs free in a
        gap and runs on into a crack: that is the foot of a crack that meets the interface at a slant. What rests on
        a gap is none either: a gap that stands higher than the band.
    normal
        Direction from the anode into the electrolyte; needed where there are gaps.
    void, crack
        Label values.
    """
    z, y, x = labels.shape
    loose = engine.array((z, y, x), np.uint8)
    sources = [labels] if gaps is None else [labels, gaps]
    engine.run(_loose_void, sources, outputs=[loose], stage="cracks", constants={"void": void})
    found = label_components(loose, engine=engine)
    chosen = crack_like(
        found,
        spacing=spacing,
        thickness_max_um=limits.thickness_max_um,
        extent_min_um=limits.extent_min_um,
        aspect_min=limits.aspect_min,
        planarity_max=limits.planarity_max,
        branching_max=limits.branching_max,
        engine=engine,
    )
    if gaps is not None and normal is not None and chosen.any():
        chosen &= ~caps_of_gaps(found, chosen, gaps, normal, engine)
    out = engine.array((z, y, x), np.uint8)
    constants = {"chosen": chosen, "crack": crack}
    engine.run(_set_cracks, [labels, found.ids], outputs=[out], stage="cracks", constants=constants)
    count = int(np.count_nonzero(chosen))
    return (_with_feet(out, gaps, crack, engine) if count and gaps is not None else out), count


def _with_feet(labels: Source, gaps: Source, crack: int, engine: Engine) -> Any:  # noqa: ANN401
    z, y, x = labels.shape
    marks = engine.array((z, y, x), np.uint8)
    engine.run(_feet, [labels, gaps], outputs=[marks], stage="cracks", constants={"crack": crack})
    found = label_components(marks, engine=engine, table=(np.arange(256) > 0).astype(np.uint8))
    out = engine.array((z, y, x), np.uint8)
    constants = {"chosen": components_holding(found, marks, _CRACK, engine), "crack": crack}
    engine.run(_set_cracks, [labels, found.ids], outputs=[out], stage="cracks", constants=constants)
    return out
