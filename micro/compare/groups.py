"""What is compared as one: each phase, and phases that belong together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from micro.errors import PhaseError
from micro.model import Phase, PhaseSet

__all__ = ["Group", "groups_of", "phases_of_both"]

MERGED = (("pore", "fracture"), ("metal", "filament"))
"""Roles whose phases also get a row together, and the role of the part of them that is split off."""


@dataclass(frozen=True, slots=True)
class Group:
    """Label values that count as one in a row of the comparison."""

    name: str
    values: tuple[int, ...]

    def table(self) -> NDArray[np.bool_]:
        """Return 256 booleans: ``table[labels]`` is the mask of the group.

        Examples
        --------
        >>> Group("void with crack", (1, 5)).table()[[0, 1, 5]].tolist()
        [False, True, True]
        """
        table = np.zeros(256, dtype=bool)
        table[list(self.values)] = True
        return table


def phases_of_both(first: PhaseSet, second: PhaseSet) -> PhaseSet:
    """Return the phases of two label volumes together.

    Raises
    ------
    PhaseError
        If one value, or one name, means two things.

    Examples
    --------
    >>> from micro.model import SSB_PHASES
    >>> len(phases_of_both(SSB_PHASES, SSB_PHASES))
    8
    """
    phases: list[Phase] = list(first)
    for phase in second:
        same_value = first.by_value(phase.value)
        if same_value is None and phase.name not in first:
            phases.append(phase)
        elif same_value is None or same_value.name != phase.name:
            other = f"{same_value.name!r}" if same_value else f"the value {first[phase.name].value}"
            raise PhaseError(
                f"the truth's phase {phase.name!r} has the value {phase.value}, the labels say {other}; "
                "expected one meaning a value, so say it with --map and --map-truth"
            )
    return PhaseSet(tuple(phases))


def groups_of(phases: PhaseSet, present: tuple[int, ...]) -> tuple[Group, ...]:
    """Return the rows of a comparison: each value that occurs, then void with cracks and metal with dendrites.

    Parameters
    ----------
    phases
        Those of `phases_of_both`.
    present
        Label values that occur in either volume, without 0.

    Examples
    --------
    >>> from micro.model import SSB_PHASES
    >>> [group.name for group in groups_of(SSB_PHASES, (1, 2, 5))]
    ['void', 'SE', 'crack', 'void with crack']
    """
    groups = [Group(phases.name_of(value), (value,)) for value in sorted(present)]
    for role, part in MERGED:
        values = tuple(value for value in phases.values_with(role) if value in present)
        parts = phases.values_with(part)
        whole = [value for value in phases.values_with(role) if value not in parts]
        if any(value in parts for value in values) and whole:
            split = " and ".join(phases.name_of(value) for value in values if value in parts)
            groups.append(Group(f"{phases.name_of(whole[0])} with {split}", (whole[0], *values)))
    return tuple(Group(group.name, tuple(dict.fromkeys(group.values))) for group in groups)
