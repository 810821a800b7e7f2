"""The labels of a phantom cell, from its objects."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from micro.model import SSB_PHASES
from micro.phantoms.additions import (
    draw_counter,
    draw_counter_filaments,
    draw_islands,
    draw_stripped,
    gaps_at_mouths,
)
from micro.phantoms.builds import HALF, Build
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
    "charging", "shading", "rings", "build",
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
    """All objects of a cell in the state ``cycled``; earlier states show a part of gaps and dendrites.

    ``counter``, its ``filaments``, ``islands`` of metal and ``stripped`` voids are there in some builds only.
    """

    frame: Frame
    interface: Interface
    gaps: tuple[Gap, ...]
    dendrites: tuple[Branch, ...]
    cracks: tuple[Crack, ...]
    pores: tuple[Pore, ...]
    contact_fraction_target: float
    build: Build = HALF
    counter: Interface | None = None
    filaments: tuple[Branch, ...] = ()
    islands: tuple[Pore, ...] = ()
    stripped: tuple[Pore, ...] = ()

    def region(
        self, h_um: NDArray[np.float64], u_um: NDArray[np.float64], v_um: NDArray[np.float64]
    ) -> NDArray[np.bool_]:
        """Return which points lie in the SE region: on or above the reference, below the counter electrode's."""
        inside: NDArray[np.bool_] = self.interface.heights_um(h_um, u_um, v_um) >= 0
        return inside if self.counter is None else inside & (self.counter.heights_um(h_um, u_um, v_um) <= 0)


def draw_scene(frame: Frame, *, seed: int, alloy: bool, build: Build = HALF) -> Scene:
    """Draw the objects, each kind from its own generator.

    Cracks avoid the full-grown dendrites, pores avoid both, gaps avoid the dendrites' roots; because
    this looks at the ``cycled`` state only, all states of a seed have the same pores and cracks.
    """
    rng = generators(seed)
    interface = draw_interface(frame, rng["interface"], build=build)
    counter = draw_counter(frame, rng["build"], build=build) if build.counter else None
    dendrites = _dendrites(frame, rng["dendrites"], interface=interface, counter=counter, alloy=alloy, build=build)
    roots = roots_um(dendrites)
    stripped = draw_stripped(frame, rng["build"], build=build, interface=interface, keep_clear_um=roots)
    wide = np.array([[*void.centre_um[1:], void.radii_um[2]] for void in stripped]).reshape(-1, 3)
    target = float(rng["gaps"].uniform(0.55, 0.9))
    clear = np.concatenate([roots, wide])
    gaps = draw_gaps(frame, rng["gaps"], contact_fraction=target if build.anode else 1.0, keep_clear_um=clear)
    taken = dendrite_mask(frame, _thicker(grown_segments(dendrites, 1.0), 2 * frame.unit_um))
    filaments = draw_counter_filaments(frame, rng["build"], counter=counter) if counter is not None else ()
    taken |= dendrite_mask(frame, _thicker(grown_segments(filaments, 1.0), 2 * frame.unit_um))
    # Li-In grows without cracking the electrolyte much (Luo et al. 2021); lithium cracks it.
    wanted, touching = (2, 0) if alloy else (int(rng["cracks"].integers(3, 6)), int(build.anode))
    if build.mouths:
        wanted, touching = max(wanted, build.mouths + 1), build.mouths
    cracks = draw_cracks(frame, rng["cracks"], interface=interface, occupied=taken, wanted=wanted, touching=touching)
    gaps += gaps_at_mouths(frame, rng["build"], build=build, interface=interface, cracks=cracks)
    for crack in cracks:
        box, inside = crack_mask(frame, crack)
        taken[box] |= inside
    islands = draw_islands(frame, rng["build"], build=build, surfaces=(interface, counter), occupied=taken)
    for island in islands:
        box, inside = pore_mask(frame, island, margin_um=2 * frame.unit_um)
        taken[box] |= inside
    pores = draw_pores(frame, rng["pores"], interface=interface, occupied=taken)
    return Scene(frame, interface, gaps, dendrites, cracks, pores, target, build, counter, filaments, islands, stripped)


def _dendrites(
    frame: Frame,
    rng: np.random.Generator,
    *,
    interface: Interface,
    counter: Interface | None,
    alloy: bool,
    build: Build,
) -> tuple[Branch, ...]:
    if not build.anode:
        return ()
    through = None
    if counter is not None and build.shorted:
        _, u, v = (extent / 2 for extent in frame.extent_um)
        # A tenth more than the way across, since it wanders.
        through = 1.1 * (counter.level_at(u, v) - interface.level_at(u, v))
    return draw_dendrites(frame, rng, interface=interface, alloy=alloy, through_um=through)


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
    counter = np.zeros(frame.shape, np.bool_) if scene.counter is None else h > scene.counter.surface_um(frame)[None]
    bodies = below | counter
    labels = np.where(bodies, np.uint8(LI), np.uint8(SE))
    for pore in scene.pores:
        box, inside = pore_mask(frame, pore)
        labels[box][inside & ~bodies[box]] = VOID
    for crack in scene.cracks:
        box, inside = crack_mask(frame, crack)
        labels[box][inside & ~bodies[box]] = CRACK
    labels[(h >= surface - into_metal) & (h < surface + into_electrolyte)] = VOID
    for void in scene.stripped:
        box, inside = pore_mask(frame, replace(void, radii_um=void.radii_um * float(np.sqrt(gap_share))))
        labels[box][inside & below[box]] = VOID
    grown = dendrite_mask(frame, grown_segments(scene.dendrites, dendrite_share))
    labels[grown & ~bodies] = DENDRITE
    labels[grown & bodies] = LI
    labels[dendrite_mask(frame, grown_segments(scene.filaments, dendrite_share))] = LI
    labels = _without_splinters(labels, sides=(0, -1) if scene.counter is not None else (0,))
    for island in scene.islands:
        box, inside = pore_mask(frame, island)
        labels[box][inside & (labels[box] == SE)] = DENDRITE if scene.build.anode else LI
    return labels


def _without_splinters(labels: NDArray[np.uint8], *, sides: tuple[int, ...]) -> NDArray[np.uint8]:
    """Turn metal that touches no electrode (tips cut by the grid) into electrolyte."""
    metal = (labels == LI) | (labels == DENDRITE)
    parts, _ = ndimage.label(metal, np.ones((3, 3, 3)))
    labels[metal & ~np.isin(parts, [parts[side].max(initial=0) for side in sides])] = SE
    return labels
