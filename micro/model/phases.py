"""Phases, their label values, roles and colours."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from micro.errors import PhaseError

__all__ = ["SSB_PHASES", "UNLABELLED", "Phase", "PhaseSet"]

UNLABELLED = 0
"""Label value of voxels that count in no numerator and no denominator."""


@dataclass(frozen=True, slots=True)
class Phase:
    """A material: its name, its value in label files, what it does in the cell, and its colour.

    ``roles`` is what measurements ask for: ``metal``, ``filament``, ``electrolyte``, ``pore``,
    ``fracture``, ``cathode``, ``interphase``, ``collector``.
    """

    name: str
    value: int
    roles: frozenset[str]
    colour: str

    def __post_init__(self) -> None:
        if not 1 <= self.value <= 255:
            raise PhaseError(f"phase {self.name!r} has the value {self.value}; expected 1 to 255 (0 is unlabelled)")


@dataclass(frozen=True, slots=True)
class PhaseSet:
    """The phases of a label volume, by name, by value and by role.

    Examples
    --------
    >>> SSB_PHASES["dendrite"].value
    4
    >>> SSB_PHASES.values_with("pore")
    (1, 5)
    >>> SSB_PHASES.mask_table("metal")[[1, 3, 4]]
    array([False,  True,  True])
    """

    phases: tuple[Phase, ...]

    def __post_init__(self) -> None:
        _unique("name", [phase.name for phase in self.phases])
        _unique("value", [str(phase.value) for phase in self.phases])

    def __iter__(self) -> Iterator[Phase]:
        return iter(self.phases)

    def __len__(self) -> int:
        return len(self.phases)

    def __contains__(self, name: object) -> bool:
        return any(phase.name == name for phase in self.phases)

    def __getitem__(self, name: str) -> Phase:
        """Return the phase called ``name`` (upper or lower case)."""
        for phase in self.phases:
            if phase.name.lower() == name.lower():
                return phase
        raise PhaseError(f"no phase is called {name!r}; known: {', '.join(p.name for p in self.phases)}")

    def by_value(self, value: int) -> Phase | None:
        """Return the phase with this label value, or None."""
        return next((phase for phase in self.phases if phase.value == value), None)

    def name_of(self, value: int) -> str:
        """Return the phase's name, or ``label <value>`` where the value has no phase."""
        phase = self.by_value(value)
        return phase.name if phase else f"label {value}"

    def values_with(self, role: str, *, without: str | None = None) -> tuple[int, ...]:
        """Return the label values of all phases that have ``role`` (and not the role ``without``)."""
        return tuple(p.value for p in self.phases if role in p.roles and without not in p.roles)

    def mask_table(self, role: str, *, without: str | None = None) -> NDArray[np.bool_]:
        """Return 256 booleans: ``table[labels]`` is the mask of the phases with ``role``."""
        table = np.zeros(256, dtype=bool)
        table[list(self.values_with(role, without=without))] = True
        return table


def _unique(what: str, seen: list[str]) -> None:
    twice = sorted({item for item in seen if seen.count(item) > 1})
    if twice:
        raise PhaseError(f"two phases share the {what} {', '.join(twice)}; each needs its own")


def _phase(name: str, value: int, roles: str, colour: str) -> Phase:
    return Phase(name, value, frozenset(roles.split()), colour)


SSB_PHASES = PhaseSet(
    (
        _phase("void", 1, "pore", "#0072B2"),
        _phase("SE", 2, "electrolyte", "#B8B8B8"),
        _phase("Li", 3, "metal", "#E69F00"),
        _phase("dendrite", 4, "metal filament", "#D55E00"),
        _phase("crack", 5, "pore fracture", "#56B4E9"),
        _phase("cathode", 6, "cathode", "#009E73"),
        _phase("interphase", 7, "interphase", "#CC79A7"),
        _phase("collector", 8, "collector", "#F0E442"),
    )
)
"""The phases of a solid-state battery with the label values of every file that micro writes.

The colours are those of Okabe and Ito (2008), which stay apart for colour-blind readers.
"""
