"""What is no part of the cell: current collectors, and what lies between an electrode and the picture's side."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from micro.blocks import Block, Done, Engine, Shape, Source, label_components
from micro.cell.cell import Normal
from micro.model import Labels, PhaseSet

__all__ = ["Inside", "find_inside", "restored"]

_FILLER, _ELECTROLYTE, _ELECTRODE = 0, 1, 2
FILLED_MIN = 0.9
"""A side of the picture where at least this share is neither electrode nor electrolyte may lie outside of the cell."""
VOID_MIN = 0.5
"""A side of the picture with at least this share of void is told: it may be air that is no part of the cell."""
BEHIND_MIN = 0.5
"""It does where this share of the columns, of those that hold any solid, meets an electrode before electrolyte."""
SPECK_MAX = 1e-3
"""A solid piece that touches nothing else solid, and is less than this share of all, is a speck in what it lies in."""
_NOTHING = np.iinfo(np.int32).max


@dataclass(frozen=True)
class Inside:
    """Labels without what is no part of the cell.

    Attributes
    ----------
    labels
        uint8, 0 where the cell ends: what was unlabelled, collectors, and what lies behind an electrode.
    values
        The same with the collectors: what is measured.
    sides
        The sides of the picture that something other than an electrode fills, as directions into the picture.
    cleared
        Those of them where it was set to 0.
    differs
        Whether ``labels`` are others than those that were given.
    void
        The sides with much void (`VOID_MIN`) that was not set to 0, and its share of them.
    """

    labels: Source
    values: Source
    sides: tuple[Normal, ...] = ()
    cleared: tuple[Normal, ...] = ()
    differs: bool = False
    void: tuple[tuple[Normal, float], ...] = ()

    @property
    def doubts(self) -> tuple[str, ...]:
        """What to look at, a line for each side in ``void``."""
        what = "if it is air beside the sample, crop it or leave it unlabelled: it counts as void of the cell"
        fills = "void fills {:.0f} % of the side where {} begins; {}"
        return tuple(fills.format(100 * share, side, what) for side, share in self.void)


def find_inside(labels: Labels, engine: Engine, *, axis: int | None = None, collectors_only: bool = False) -> Inside:
    """Find the labels of the cell itself.

    A collector ends the cell, as the picture's side does. So does what is neither electrode nor electrolyte (void,
    interphase, a phase of the user's own) from the picture's side up to the outer face of an electrode that
    has electrolyte behind it, where it fills that side: air or mounting around the sample, and no gap. Specks in it
    go with it.

    Parameters
    ----------
    axis
        That of the normal, if it is known: only the sides across it are looked at.
    collectors_only
        Leave everything else as it is.

    Examples
    --------
    >>> from micro.model import Spacing
    >>> column = np.uint8([1, 1, 3, 3, 1, 2, 2, 6, 8])  # void, void, Li, Li, void, SE, SE, cathode, collector
    >>> inside = find_inside(Labels(np.repeat(column[None, :, None], 5, axis=2), Spacing(1, 1, 1)), Engine())
    >>> np.asarray(inside.labels)[0, :, 0].tolist()
    [0, 0, 3, 3, 1, 2, 2, 6, 0]
    >>> np.asarray(inside.values)[0, :, 0].tolist()
    [0, 0, 3, 3, 1, 2, 2, 6, 8]
    """
    kinds, collector = _kinds(labels.phases), labels.phases.mask_table("collector")
    constants = {"kinds": kinds, "pores": labels.phases.mask_table("pore"), "shape": labels.shape}
    constants["collectors"] = labels.phases.values_with("collector")
    found = engine.run(_look, [labels.data], stage="sides", constants=constants)
    has_collector = any(held for held, _ in found)
    shares = sum((counts for _, counts in found), np.zeros((2, 3, 2), np.int64)) * (
        np.array(labels.shape)[:, None] / np.prod(labels.shape)
    )
    every = [
        (Normal(one, sign), float(shares[0, one, end]), float(shares[1, one, end]))
        for one, length in enumerate(labels.shape)
        for end, sign in enumerate((1, -1))
        if length > 1
    ]
    sides = tuple(side for side, solid, _ in every if solid <= 1 - FILLED_MIN)
    airy = [(side, void) for side, _, void in every if void >= VOID_MIN]
    wanted = () if collectors_only else tuple(side for side in sides if axis in (None, side.axis))
    pieces = _Pieces.of(labels, kinds, engine) if wanted else None
    reaches = [] if pieces is None else [(side, _reach(labels, side, pieces, engine)) for side in wanted]
    behind = tuple((side, reach) for side, reach in reaches if reach is not None)
    if not has_collector and not behind:
        return Inside(labels.data, labels.data, sides, void=tuple(airy))
    inside, values = (engine.array(labels.shape, np.uint8) for _ in range(2))
    known = {"collector": collector, "behind": behind, "shape": labels.shape}
    engine.run(_clear, [labels.data], outputs=[inside, values], stage="sides", constants=known)
    cleared = tuple(side for side, _ in behind)
    left = tuple((side, share) for side, share in airy if side not in cleared)
    return Inside(inside, values, sides, cleared, differs=True, void=left)


def restored(labels: Labels, inside: Source, data: Source, engine: Engine) -> Source:
    """Return ``data``, with the labels' own values where ``inside`` says that the cell has ended."""
    out = engine.array(labels.shape, np.uint8)
    engine.run(_restore, [labels.data, inside, data], outputs=[out], stage="sides")
    result: Source = out
    return result


def _restore(_: Block, labels: NDArray[np.uint8], inside: NDArray[np.uint8], data: NDArray[np.uint8]) -> Done[None]:
    return Done(None, (np.where(inside == 0, labels, data),))


def _kinds(phases: PhaseSet) -> NDArray[np.uint8]:
    kinds = np.full(256, _FILLER, np.uint8)
    kinds[phases.mask_table("electrolyte")] = _ELECTROLYTE
    kinds[phases.mask_table("metal") | phases.mask_table("cathode")] = _ELECTRODE
    return kinds


def _look(
    block: Block,
    labels: NDArray[np.uint8],
    *,
    kinds: NDArray[np.uint8],
    pores: NDArray[np.bool_],
    collectors: tuple[int, ...],
    shape: Shape,
) -> Done[tuple[bool, NDArray[np.int64]]]:
    """Return whether there is a collector, and how much of the picture's sides is solid, and void.

    Shape (solid or void, axis, end); solid is electrode or electrolyte.
    """
    found = np.zeros((2, 3, 2), np.int64)
    for axis, core in enumerate(block.core):
        for end, plane in enumerate((0, -1)):
            if core.start == 0 if end == 0 else core.stop == shape[axis]:
                side = np.take(labels, plane, axis=axis)
                found[:, axis, end] = np.count_nonzero(kinds[side]), np.count_nonzero(pores[side])
    return Done((any(bool((labels == value).any()) for value in collectors), found))


@dataclass(frozen=True)
class _Pieces:
    """What `_kinds` says of the phases, and the connected pieces of all solids; ``large`` ones are no specks."""

    kinds: NDArray[np.uint8]
    ids: Source
    large: NDArray[np.bool_]

    @classmethod
    def of(cls, labels: Labels, kinds: NDArray[np.uint8], engine: Engine) -> _Pieces:
        found = label_components(labels.data, engine=engine, table=(kinds != _FILLER).astype(np.uint8))
        large = found.voxels >= SPECK_MAX * found.voxels[1:].sum()
        large[0] = False
        return cls(kinds, found.ids, large)


def _reach(labels: Labels, side: Normal, pieces: _Pieces, engine: Engine) -> NDArray[np.int32] | None:
    """Return for each column how many voxels of it, from a side of the picture on, lie behind an electrode."""
    axis, length = side.axis, labels.shape[side.axis]
    blocks = engine.blocks(labels.shape)
    constants = {"kinds": pieces.kinds, "large": pieces.large, "side": side}
    parts = engine.run(_first_solid, [labels.data, pieces.ids], stage="sides", constants=constants)
    lateral = [n for other, n in enumerate(labels.shape) if other != axis]
    first = np.full(lateral, _NOTHING, np.int32)
    electrolyte = np.zeros(lateral, bool)
    for block, (place, holds) in zip(blocks, parts, strict=True):
        core = block.core[axis]
        before = core.start if side.sign > 0 else length - core.stop
        here = tuple(block.core[other] for other in range(3) if other != axis)
        first[here] = np.minimum(first[here], np.where(place == _NOTHING, _NOTHING, place + 2 * before))
        electrolyte[here] |= holds
    solid = first != _NOTHING
    behind = solid & (first % 2 == 1) & electrolyte
    if not behind.any() or np.count_nonzero(behind) < BEHIND_MIN * np.count_nonzero(solid):
        return None
    reach = np.where(behind, first // 2, 0)
    reach[~solid] = length
    return reach.astype(np.int32)


def _first_solid(
    _: Block,
    labels: NDArray[np.uint8],
    ids: NDArray[np.uint32],
    *,
    kinds: NDArray[np.uint8],
    large: NDArray[np.bool_],
    side: Normal,
) -> Done[tuple[NDArray[np.int32], NDArray[np.bool_]]]:
    """Return twice the step of each column's first solid voxel, plus 1 where it is electrode; and if it holds SE."""
    along = np.moveaxis(kinds[labels] * large[ids], side.axis, 0)[:: side.sign]
    place = np.argmax(along != _FILLER, axis=0)
    kind = np.take_along_axis(along, place[None], axis=0)[0]
    coded = np.where(kind == _FILLER, _NOTHING, 2 * place + (kind == _ELECTRODE)).astype(np.int32)
    return Done((coded, (along == _ELECTROLYTE).any(axis=0)))


def _clear(
    block: Block,
    labels: NDArray[np.uint8],
    *,
    collector: NDArray[np.bool_],
    behind: tuple[tuple[Normal, NDArray[np.int32]], ...],
    shape: Shape,
) -> Done[None]:
    ends = collector[labels]
    masks = [_beyond(block, side, reach, shape) for side, reach in behind]
    beyond = reduce(np.logical_or, masks, np.zeros(labels.shape, bool))
    values = np.where(beyond & ~ends, np.uint8(0), labels)
    return Done(None, (np.where(ends, np.uint8(0), values), values))


def _beyond(block: Block, side: Normal, reach: NDArray[np.int32], shape: Shape) -> NDArray[np.bool_]:
    core, length = block.core[side.axis], shape[side.axis]
    steps = np.arange(core.start, core.stop)
    steps = steps if side.sign > 0 else length - 1 - steps
    here = tuple(block.core[other] for other in range(3) if other != side.axis)
    return np.moveaxis(steps[:, None, None] < reach[here][None], 0, side.axis)
