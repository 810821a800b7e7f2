"""The phases and their roles."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from micro.errors import PhaseError
from micro.model import SSB_PHASES, Phase, PhaseSet


def test_the_values_of_our_files_are_those_of_the_contract() -> None:
    assert {phase.name: phase.value for phase in SSB_PHASES} == {
        "void": 1,
        "SE": 2,
        "Li": 3,
        "dendrite": 4,
        "crack": 5,
        "cathode": 6,
        "interphase": 7,
        "collector": 8,
    }
    assert SSB_PHASES["dendrite"].roles == {"metal", "filament"}
    assert SSB_PHASES["crack"].roles == {"pore", "fracture"}


def test_measurements_ask_for_roles() -> None:
    assert SSB_PHASES.values_with("metal") == (3, 4)
    assert SSB_PHASES.values_with("metal", without="filament") == (3,)
    assert SSB_PHASES.values_with("nothing") == ()
    table = SSB_PHASES.mask_table("pore", without="fracture")
    assert table.shape == (256,)
    assert np.flatnonzero(table).tolist() == [1]
    assert not SSB_PHASES.mask_table("collector")[0]  # unlabelled has no role


def test_an_alloy_is_metal_without_new_code() -> None:
    alloy = PhaseSet((*SSB_PHASES, Phase("Li-In", 9, frozenset({"metal"}), "#123456")))
    assert alloy.values_with("metal", without="filament") == (3, 9)
    assert alloy["li-in"].value == 9


def test_names_are_found_in_upper_and_lower_case_and_values_by_name() -> None:
    assert SSB_PHASES["VOID"] is SSB_PHASES["void"]
    assert SSB_PHASES.name_of(4) == "dendrite"
    assert SSB_PHASES.name_of(77) == "label 77"
    assert SSB_PHASES.by_value(77) is None
    assert "Li" in SSB_PHASES
    assert "gold" not in SSB_PHASES
    assert len(SSB_PHASES) == 8


def test_unknown_and_contradicting_phases_are_refused() -> None:
    with pytest.raises(PhaseError, match=r"'gold'; known: void, SE, Li"):
        SSB_PHASES["gold"]
    with pytest.raises(PhaseError, match="share the value 3"):
        PhaseSet((SSB_PHASES["Li"], Phase("In", 3, frozenset(), "#000000")))
    with pytest.raises(PhaseError, match="share the name Li"):
        PhaseSet((SSB_PHASES["Li"], Phase("Li", 9, frozenset(), "#000000")))
    for value in (0, 256, -1):
        with pytest.raises(PhaseError, match="1 to 255"):
            Phase("odd", value, frozenset(), "#000000")


def test_phases_are_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        SSB_PHASES["Li"].value = 7  # type: ignore[misc]
