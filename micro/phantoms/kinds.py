"""The kinds of phantom: what each looks like by default."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from micro.errors import UnknownNameError
from micro.model import Spacing

__all__ = ["KINDS", "STATES", "Kind", "kind_of"]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of micrograph.

    Parameters
    ----------
    name, modality, normal
        ``sem-alloy``, ``sem`` and ``-y``, for example.
    shape, spacing
        Default number of voxels along z, y, x and the voxel edges in um.
    levels
        Grey of void, SE and metal on a scale from 0 to 1.
    alloy
        Whether the metal is Li-In, which is bright and grows in stripes, instead of lithium.
    """

    name: str
    modality: str
    normal: str
    shape: tuple[int, int, int]
    spacing: Spacing
    levels: tuple[float, float, float]
    alloy: bool


_SEM = ((1, 640, 960), Spacing(0.05, 0.05, 0.05), "-y")
_FIB = ((72, 224, 256), Spacing(0.05, 0.025, 0.025), "-y")
_XCT = ((160, 160, 160), Spacing(0.65, 0.65, 0.65), "+z")


def _kind(
    name: str, look: tuple[tuple[int, int, int], Spacing, str], void: float, electrolyte: float, metal: float
) -> Kind:
    shape, spacing, normal = look
    modality, _, suffix = name.partition("-")
    return Kind(name, modality, normal, shape, spacing, (void, electrolyte, metal), suffix == "alloy")


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        kind.name: kind
        for kind in (
            _kind("sem", _SEM, 0.06, 0.62, 0.30),
            _kind("fibsem", _FIB, 0.06, 0.62, 0.30),
            _kind("xct", _XCT, 0.04, 0.75, 0.26),
            _kind("sem-alloy", _SEM, 0.06, 0.42, 0.80),
            _kind("fibsem-alloy", _FIB, 0.06, 0.42, 0.80),
            _kind("xct-alloy", _XCT, 0.04, 0.35, 0.85),
        )
    }
)
"""Every kind of phantom by name.

Lithium lies between void and SE in the back-scattered electron image and is nearly as dark as void in
absorption CT; Li-In is brighter than both.
"""

STATES: Mapping[str, tuple[float, float]] = MappingProxyType(
    {"pristine": (0.0, 0.0), "charged": (0.3, 0.6), "discharged": (0.8, 0.6), "cycled": (1.0, 1.0)}
)
"""How much of the gap area and of the dendrite length of the ``cycled`` state is there in each state."""


def kind_of(name: str) -> Kind:
    """Return the kind called ``name``.

    Raises
    ------
    UnknownNameError
        If there is none.

    Examples
    --------
    >>> kind_of("xct").normal
    '+z'
    """
    if name not in KINDS:
        raise UnknownNameError(f"no phantom is called {name!r}; known: {', '.join(KINDS)}")
    return KINDS[name]
