"""Foreign label values to phases: ``85=void,170=SE``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from micro.errors import PhaseError
from micro.model import SSB_PHASES, UNLABELLED, Phase, PhaseSet

__all__ = ["ValueTable", "own_phase", "parse_mapping", "value_table"]


def parse_mapping(text: str) -> dict[int, str]:
    """Read ``"85=void,170=SE,255=9"``: value in the file, name (or number) of the phase.

    Raises
    ------
    PhaseError
        If a part is not ``value=phase``, a value stands there twice, or a name is no phase.

    Examples
    --------
    >>> parse_mapping("85=void, 170=SE")
    {85: 'void', 170: 'SE'}
    """
    mapping: dict[int, str] = {}
    for part in filter(str.strip, re.split(r"[,;]", text)):
        match = re.fullmatch(r"\s*(-?\d+)\s*=\s*(\S.*?)\s*", part)
        if match is None:
            raise PhaseError(
                f"mapping {part.strip()!r} is not understood; expected value=phase, such as 85=void,170=SE"
            )
        if int(match[1]) in mapping:
            raise PhaseError(f"mapping {text!r} gives the value {match[1]} twice; expected one phase a value")
        _target(match[2], SSB_PHASES)
        mapping[int(match[1])] = match[2]
    if not mapping:
        raise PhaseError(f"mapping {text!r} is empty; expected value=phase, such as 85=void,170=SE")
    return mapping


@dataclass(frozen=True)
class ValueTable:
    """Turns values of a file into label values, block by block; a value without one is an error.

    ``known`` are the values of the file in rising order, ``labels`` what they become.
    """

    name: str
    known: NDArray[np.int64]
    labels: NDArray[np.uint8]
    hint: str

    def __call__(self, block: NDArray[np.generic]) -> NDArray[np.uint8]:
        """Return the labels of ``block``, uint8.

        Raises
        ------
        PhaseError
            If a value is not known; the message lists those in the block.
        """
        values = block.astype(np.int64)
        place = np.searchsorted(self.known, values)
        place[place == len(self.known)] = 0
        strange = self.known[place] != values
        if strange.any():
            found = np.unique(values[strange])
            listed = ", ".join(str(value) for value in found[:12]) + (", ..." if len(found) > 12 else "")
            raise PhaseError(f"{self.name}: label values {listed} {self.hint}")
        result: NDArray[np.uint8] = self.labels[place]
        return result


def value_table(name: str, mapping: Mapping[int, str | int] | None, phases: PhaseSet) -> tuple[ValueTable, PhaseSet]:
    """Return the table of a mapping, and the phases with those that the mapping adds.

    Without a mapping the values 0 to 255 stay as they are. With one, 0 stays unlabelled unless the
    mapping names it, and every other value must be in it. Several values may become one phase.

    Raises
    ------
    PhaseError
        If the mapping names a phase that does not exist.

    Examples
    --------
    >>> from micro.model import SSB_PHASES
    >>> table, phases = value_table("a.tif", {0: "void", 1: "cathode", 2: 9}, SSB_PHASES)
    >>> table(np.array([0, 1, 2])), phases.name_of(9)
    (array([1, 6, 9], dtype=uint8), 'label 9')
    """
    if mapping is None:
        values = np.arange(256)
        hint = "are no label values (0 to 255); say what they stand for, such as --map 300=void,400=SE"
        return ValueTable(name, values, values.astype(np.uint8), hint), phases
    labels = {UNLABELLED: UNLABELLED}
    for value, target in mapping.items():
        labels[int(value)], phases = _target(target, phases)
    known = np.array(sorted(labels), dtype=np.int64)
    hint = f"are not in the mapping ({', '.join(f'{v}={t}' for v, t in mapping.items())}); add them"
    return ValueTable(name, known, np.array([labels[v] for v in known.tolist()], dtype=np.uint8), hint), phases


def own_phase(value: int) -> Phase:
    """Return the phase of a value that is the user's own; it has no role.

    Examples
    --------
    >>> from micro.io.mapping import own_phase
    >>> own_phase(9).name
    'label 9'
    """
    return Phase(f"label {value}", value, frozenset(), "#808080")


def _target(target: str | int, phases: PhaseSet) -> tuple[int, PhaseSet]:
    text = str(target).strip()
    if text in phases:
        return phases[text].value, phases
    if text.lower() == "unlabelled":
        return UNLABELLED, phases
    if not re.fullmatch(r"(label )?\d+", text):
        try:
            return phases[text].value, phases
        except PhaseError as error:
            raise PhaseError(f"{error}, unlabelled, or a number to 255 for a phase of your own") from None
    value = int(text.removeprefix("label "))
    if value > 255:
        raise PhaseError(f"mapping to the label value {value}; expected a phase or a number from 0 to 255")
    if value == UNLABELLED or phases.by_value(value) is not None:
        return value, phases
    return value, PhaseSet((*phases, own_phase(value)))
