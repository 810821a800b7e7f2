"""The labels of a phantom cell, from its objects."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from micro.model import SSB_PHASES
from micro.phantoms.cracks import Crack, crack_mask, draw_cracks
from micro.phantoms.dendrites import Branch, dendrite_mask, draw_dendrites, grown_segments, roots_um
from micro.phantoms.frame import Frame
from micro.phantoms.gaps import Gap, draw_gaps, gap_thickness_um
from micro.phantoms.interface import Interface, draw_interface
from micro.phantoms.pores import Pore, draw_pores, pore_mask

__all__ = ["GENERATORS", "Scene", "draw_scene", "generators", "scene_labels"]

VOID, SE, LI, DENDRITE, CRACK = (SSB_PHASES[name].value for name in ("void", "SE", "Li", "dendrite", "crack"))

GENERATORS = (
    "interface", "gaps", "dendrites", "cracks", "pores", "texture", "noise", "curtains", "jitter", "drift",
    "charging", "shading", "rings",
)  # fmt: skip
"""Everything that draws at random has a generator of its own; new names go to the end."""


def generators(seed: int) -> dict[str, np.random.Generator]:
    """Return one independent generator for every name of `GENERATORS`.

    Examples
    --------
    >>> int(generators(1)["pores"].integers(1000)) == int(generators(1)["pores"].integers(1000))
    True
    """
    children = np.random.SeedSequence(seed).spawn(len(GENERATORS))
    return {name: np.random.default_rng(child) for name, child in zip(GENERATORS, children, strict=True)}


@dataclass(frozen=True, slots=True)
class Scene:
    """All objects of a cell in the state ``cycled``; earlier states show a part of gaps and dendrites."""

    frame: Frame
    interface: Interface
    gaps: tuple[Gap, ...]
    dendrites: tuple[Branch, ...]
    cracks: tuple[Crack, ...]
    pores: tuple[Pore, ...]
    contact_fraction_target: float


def draw_scene(frame: Frame, *, seed: int, alloy: bool) -> Scene:
    """Draw the objects, each kind from its own generator.

    Cracks avoid the full-grown dendrites, pores avoid both, gaps avoid the dendrites' roots; because
    this looks at the ``cycled`` state only, all states of a seed have the same pores and cracks.
    """
    rng = generators(seed)
    interface = draw_interface(frame, rng["interface"])
    dendrites = draw_dendrites(frame, rng["dendrites"], interface=interface, alloy=alloy)
    target = float(rng["gaps"].uniform(0.55, 0.9))
    gaps = draw_gaps(frame, rng["gaps"], contact_fraction=target, keep_clear_um=roots_um(dendrites))
    taken = dendrite_mask(frame, _thicker(grown_segments(dendrites, 1.0), 2 * frame.unit_um))
    # Li-In grows without cracking the electrolyte much (Luo et al. 2021); lithium cracks it.
    wanted, touching = (2, 0) if alloy else (int(rng["cracks"].integers(3, 6)), 1)
    cracks = draw_cracks(frame, rng["cracks"], interface=interface, occupied=taken, wanted=wanted, touching=touching)
    for crack in cracks:
        box, inside = crack_mask(frame, crack)
        taken[box] |= inside
    pores = draw_pores(frame, rng["pores"], interface=interface, occupied=taken)
    return Scene(frame, interface, gaps, dendrites, cracks, pores, target)


def _thicker(segments: NDArray[np.float64], by_um: float) -> NDArray[np.float64]:
    return np.asarray(segments + np.array([0, 0, 0, by_um, 0, 0, 0, by_um]))


def scene_labels(scene: Scene, *, gap_share: float = 1.0, dendrite_share: float = 1.0) -> NDArray[np.uint8]:
    """Return the labels on the grid in h, u, v.

    A voxel is what its centre is. Where objects overlap, the first of this list wins: metal of a
    dendrite, gap, crack, pore, anode or electrolyte. Metal of a dendrite above the rough surface is
    dendrite, below it Li. Cracks and pores are in the electrolyte only.
    """
    frame = scene.frame
    h, _, _ = frame.centres_um()
    surface = scene.interface.surface_um(frame)[None]
    into_metal, into_electrolyte = gap_thickness_um(frame, tuple(gap.grown(gap_share) for gap in scene.gaps))
    below = h < surface
    labels = np.where(below, np.uint8(LI), np.uint8(SE))
    for pore in scene.pores:
        box, inside = pore_mask(frame, pore)
        labels[box][inside & ~below[box]] = VOID
    for crack in scene.cracks:
        box, inside = crack_mask(frame, crack)
        labels[box][inside & ~below[box]] = CRACK
    labels[(h >= surface - into_metal) & (h < surface + into_electrolyte)] = VOID
    grown = dendrite_mask(frame, grown_segments(scene.dendrites, dendrite_share))
    labels[grown & ~below] = DENDRITE
    labels[grown & below] = LI
    return _without_splinters(labels)


def _without_splinters(labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Turn metal that touches the anode nowhere (tips cut by the grid) into electrolyte."""
    metal = (labels == LI) | (labels == DENDRITE)
    parts, _ = ndimage.label(metal, np.ones((3, 3, 3)))
    labels[metal & (parts != parts[0].max(initial=0))] = SE
    return labels
