"""What is compared as one phase."""

from __future__ import annotations

import pytest

from micro.compare import groups_of, phases_of_both
from micro.errors import PhaseError
from micro.model import SSB_PHASES, Phase, PhaseSet


def test_parts_and_the_whole() -> None:
    found = {group.name: group.values for group in groups_of(SSB_PHASES, (1, 2, 3, 4, 5, 77))}
    assert found["void with crack"] == (1, 5)
    assert found["Li with dendrite"] == (3, 4)
    assert found["label 77"] == (77,)
    assert list(found)[:5] == ["void", "SE", "Li", "dendrite", "crack"]


def test_nothing_to_merge() -> None:
    assert [group.name for group in groups_of(SSB_PHASES, (1, 2, 3))] == ["void", "SE", "Li"]


def test_cracks_without_void_still_count_as_void() -> None:
    found = {group.name: group.values for group in groups_of(SSB_PHASES, (2, 5))}
    assert found["void with crack"] == (1, 5)


def test_one_value_must_mean_one_thing() -> None:
    own = PhaseSet((Phase("glass", 2, frozenset(), "#000000"),))
    with pytest.raises(PhaseError, match="'glass' has the value 2, the labels say 'SE'"):
        phases_of_both(SSB_PHASES, own)
    moved = PhaseSet((Phase("SE", 9, frozenset(), "#000000"),))
    with pytest.raises(PhaseError, match="'SE' has the value 9, the labels say the value 2"):
        phases_of_both(SSB_PHASES, moved)
    assert len(phases_of_both(SSB_PHASES, PhaseSet((Phase("glass", 9, frozenset(), "#000000"),)))) == 9
