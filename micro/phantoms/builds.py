"""How a phantom cell is built: what stands where, beyond the plain half cell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from micro.errors import UnknownNameError

__all__ = ["BUILDS", "HALF", "Build", "build_of"]


@dataclass(frozen=True, slots=True)
class Build:
    """A way to build a cell.

    Parameters
    ----------
    name, about
        ``curved``, and what it shows in a few words.
    anode, counter
        Whether there is an anode; a metal counter electrode on the far side.
    shorted
        Whether the deepest dendrite reaches the counter electrode.
    bow
        Least and greatest sag of the interface as a share of the picture's width; 0 is a plane.
    islands
        Least and greatest number of islands of metal that lie free in the electrolyte.
    stripped
        Number of large voids that stripping carved into the metal.
    mouths
        Number of cracks that run into the interface, each with a gap at its mouth.
    tilt_deg, roughness_voxels
        Least and greatest tilt of the interface; and of its roughness (Sq).
    """

    name: str
    about: str
    anode: bool = True
    counter: bool = False
    shorted: bool = False
    bow: tuple[float, float] = (0.0, 0.0)
    islands: tuple[int, int] = (0, 0)
    stripped: int = 0
    mouths: int = 0
    tilt_deg: tuple[float, float] = (0.5, 4.0)
    roughness_voxels: tuple[float, float] = (0.7, 1.1)


HALF = Build("half", "anode and electrolyte; the picture ends in the electrolyte")

BUILDS: Mapping[str, Build] = MappingProxyType(
    {
        build.name: build
        for build in (
            HALF,
            Build("symmetric", "a second electrode on the far side, with short filaments of its own", counter=True),
            Build("shorted", "symmetric, and one dendrite reaches the second electrode", counter=True, shorted=True),
            Build("curved", "a bowed interface", bow=(0.05, 0.09)),
            Build("isolated", "islands of metal in the electrolyte, joined to nothing", islands=(4, 8)),
            Build("stripped", "large voids that stripping carved into the metal", stripped=3),
            Build("cracked", "cracks that run into the interface and open into gaps", mouths=3),
            Build("no-anode", "electrolyte with pores, cracks and specks of metal", anode=False, islands=(3, 6)),
        )
    }
)
"""Every build by name."""


def build_of(name: str) -> Build:
    """Return the build called ``name``.

    Raises
    ------
    UnknownNameError
        If there is none.

    Examples
    --------
    >>> build_of("symmetric").counter
    True
    """
    if name not in BUILDS:
        raise UnknownNameError(f"no cell is built {name!r}; known: {', '.join(BUILDS)}")
    return BUILDS[name]
