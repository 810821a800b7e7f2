"""Phantoms of battery micrographs with exact truth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from micro.errors import ParameterError, UnknownNameError
from micro.model import Labels, Step, Volume
from micro.phantoms.build_truth import build_values
from micro.phantoms.builds import build_of
from micro.phantoms.electron import electron_image
from micro.phantoms.frame import Frame
from micro.phantoms.geometry import draw_scene, generators, scene_labels
from micro.phantoms.kinds import STATES, Kind, kind_of
from micro.phantoms.noise import NOISE
from micro.phantoms.xray import xray_image

__all__ = ["Noise", "Phantom", "make_phantom"]

Noise = Literal["ordinary", "hard", "none"]


@dataclass(frozen=True, slots=True)
class Phantom:
    """A micrograph that was made, and what is in it.

    Parameters
    ----------
    kind, seed, state
        What was asked for.
    volume
        The grey values: uint8 for electron images, uint16 for CT.
    truth
        The labels on the same grid, every voxel labelled by its centre.
    normal
        Direction from the anode into the electrolyte.
    values
        True values by metric; `micro.phantoms.truth.DEFINITIONS` says what each one is, for other cells
        than ``half`` `micro.phantoms.build_truth.BUILD_DEFINITIONS`.
    cell
        How the cell is built: a name of `micro.phantoms.BUILDS`.
    """

    kind: str
    seed: int
    state: str
    volume: Volume
    truth: Labels
    normal: str
    values: Mapping[str, float]
    cell: str = "half"

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", MappingProxyType(dict(self.values)))


def make_phantom(
    kind: str,
    *,
    seed: int = 0,
    state: str = "cycled",
    noise: Noise = "ordinary",
    shape: tuple[int, int, int] | tuple[int, int] | None = None,
    cell: str = "half",
    normal: str | None = None,
) -> Phantom:
    """Make a phantom: a cell drawn from ``seed``, its exact labels, and its micrograph.

    Parameters
    ----------
    kind
        A name of `KINDS`.
    seed
        Same seed, same cell: with other states the same pores and cracks, with less gap and dendrite.
    state
        A name of `STATES`.
    noise
        ``ordinary``, ``hard``, or ``none`` (blur only).
    shape
        Number of voxels along (z,) y, x; by default that of the kind.
    cell
        How the cell is built, a name of `micro.phantoms.BUILDS`: ``half`` is an anode and electrolyte.
    normal
        Direction from the anode into the electrolyte (``+x``: the sample lies on its side); by
        default that of the kind. The artefacts keep to the axes of the picture.

    Raises
    ------
    UnknownNameError, ParameterError
        For an unknown kind, state, noise or cell, and for a shape or normal that the kind cannot have.

    Examples
    --------
    >>> phantom = make_phantom("sem", seed=1, shape=(120, 160))
    >>> phantom.volume.shape, phantom.normal, 0 < phantom.values["contact_fraction"] < 1
    ((1, 120, 160), '-y', True)
    >>> make_phantom("sem", cell="isolated", shape=(120, 160), noise="none").values["isolated_count"] > 2
    True
    """
    look = kind_of(kind)
    if state not in STATES:
        raise UnknownNameError(f"no state is called {state!r}; known: {', '.join(STATES)}")
    if noise not in NOISE[look.modality]:
        raise UnknownNameError(f"no noise is called {noise!r}; known: {', '.join(NOISE[look.modality])}")
    build = build_of(cell)
    frame = Frame(_shape_of(look, shape), look.spacing, look.normal if normal is None else normal)
    if frame.shape[0] == 1:
        raise ParameterError(f"a section with the normal {normal}; expected one in the picture, such as +x")
    scene = draw_scene(frame, seed=seed, alloy=look.alloy, build=build)
    gap_share, dendrite_share = STATES[state]
    labels = scene_labels(scene, gap_share=gap_share, dendrite_share=dendrite_share)
    image = xray_image if look.modality == "xct" else electron_image
    truth = frame.to_zyx(labels)
    grey = image(truth, look, generators(seed), NOISE[look.modality][noise])
    made = {"kind": kind, "seed": seed, "state": state, "noise": noise}
    if cell != "half":
        made["cell"] = cell
    step = Step("phantom", made)
    name = f"{kind}-seed{seed}" if cell == "half" else f"{kind}-{cell}-seed{seed}"
    return Phantom(
        kind,
        seed,
        state,
        Volume(grey, look.spacing, look.modality, (step,), name),
        Labels(truth, look.spacing, history=(step,), name=name),
        frame.normal,
        build_values(scene, labels, gap_share=gap_share),
        cell,
    )


def _shape_of(kind: Kind, shape: tuple[int, ...] | None) -> tuple[int, int, int]:
    z, y, x = (1, *(shape or kind.shape))[-3:]
    if min(y, x) < 48 or (z > 1) != (kind.shape[0] > 1) or 1 < z < 24:
        wanted = "(y, x) of at least 48" if kind.shape[0] == 1 else "(z, y, x) of at least 24, 48, 48"
        raise ParameterError(f"a phantom {kind.name} of shape {shape}; expected {wanted} voxels")
    return (int(z), int(y), int(x))
