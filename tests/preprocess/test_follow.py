"""Strokes follow the slices that were put in line, and maps go back."""

from __future__ import annotations

import numpy as np
import pytest

from micro.blocks import Engine
from micro.model import Labels, Spacing, Step, Volume
from micro.preprocess import PreprocessParams, follow, follow_back, slice_shifts, straighten

EDGE = Spacing(0.05, 0.025, 0.025)
RNG = np.random.default_rng(3)
SHAPE = (9, 40, 50)
SHIFTS = RNG.uniform(-7, 7, (9, 2)).round(3)
MOVED = Volume(np.zeros(SHAPE, np.uint8), EDGE, history=(Step("align", {"found": {"shifts_voxels": SHIFTS.tolist()}}),))
PAINTED = RNG.integers(0, 4, SHAPE).astype(np.uint8)


@pytest.mark.parametrize("engine", [Engine(), Engine((2, 11, 17)), Engine((9, 3, 4), workers=1)])
def test_every_voxel_is_read_at_its_shift(engine: Engine) -> None:
    whole = np.floor(SHIFTS + 0.5).astype(int)
    wanted = np.zeros(SHAPE, np.uint8)
    for k, (dy, dx) in enumerate(whole):
        for y in range(SHAPE[1]):
            for x in range(SHAPE[2]):
                if 0 <= y + dy < SHAPE[1] and 0 <= x + dx < SHAPE[2]:
                    wanted[k, y, x] = PAINTED[k, y + dy, x + dx]
    assert (slice_shifts(MOVED.history, 9) == whole).all()
    there = follow(Labels(PAINTED, EDGE), MOVED, engine)
    assert (there.data.compute() == wanted).all()
    back = np.asarray(follow_back(wanted, MOVED, engine))
    inside = back > 0
    assert (back[inside] == PAINTED[inside]).all()
    # at most 7 voxels at two edges are lost
    assert inside[:, 7:-7, 7:-7].sum() == (PAINTED[:, 7:-7, 7:-7] > 0).sum()


def test_a_shift_beyond_the_picture_leaves_nothing() -> None:
    gone = Volume(np.zeros((1, 4, 4)), EDGE, history=(Step("align", {"found": {"shifts_voxels": [[9.0, 0.0]]}}),))
    assert not follow(Labels(np.ones((1, 4, 4), np.uint8), EDGE), gone, Engine((1, 2, 2))).data.any().compute()


def test_strokes_on_a_jittering_stack_stay_on_their_phase() -> None:
    rng = np.random.default_rng(5)
    coarse = rng.normal(0, 1, (24, 10, 12))
    truth = np.kron(np.cumsum(coarse, axis=0) > 0, np.ones((1, 8, 8), bool))
    jitter = rng.integers(-3, 4, (24, 2))
    seen = np.stack([np.roll(truth[k], tuple(jitter[k]), axis=(0, 1)) for k in range(24)])
    grey = np.where(seen, 180, 60) + rng.normal(0, 4, seen.shape)
    volume = Volume(grey.astype(np.uint8), EDGE, modality="fibsem")
    strokes = Labels(np.where(seen, 2, 1).astype(np.uint8), EDGE)
    straight = straighten(volume, PreprocessParams(align="neighbours"), Engine())
    assert slice_shifts(straight.history, 24).any()
    moved, picture = follow(strokes, straight, Engine()).data.compute(), straight.data.compute()
    # Where a voxel lies on an edge, half a voxel decides: a few per cent of such blocks.
    right = ((picture > 120) == (moved == 2))[moved > 0]
    assert right.mean() > 0.95
    assert ((picture > 120) == (strokes.data.compute() == 2)).mean() < right.mean() - 0.02


def test_a_tilted_picture_gives_its_voxels_to_the_strokes() -> None:
    volume = straighten(Volume(np.zeros((40, 40), np.uint8), EDGE), PreprocessParams(tilt_deg=30), Engine())
    strokes = follow(Labels(np.ones((40, 40), np.uint8), EDGE), volume, Engine())
    assert strokes.spacing.y == 0.05
    assert strokes.data.all().compute()
