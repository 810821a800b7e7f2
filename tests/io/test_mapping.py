import numpy as np
import pytest

from micro.errors import PhaseError
from micro.io.mapping import parse_mapping, value_table
from micro.model import SSB_PHASES


def test_two_values_may_become_one_phase_and_zero_may_be_a_phase():
    table, phases = value_table("a", parse_mapping("0=void,85=SE,170=se,-1=unlabelled"), SSB_PHASES)
    assert table(np.array([[0, 85], [170, -1]], np.int16)).tolist() == [[1, 2], [2, 0]]
    assert phases == SSB_PHASES


def test_a_number_without_a_phase_becomes_one_of_the_users_own():
    table, phases = value_table("a", parse_mapping("2=9,3=label 9,4=6"), SSB_PHASES)
    assert table(np.array([2, 3, 4, 0])).tolist() == [9, 9, 6, 0]
    assert phases["label 9"].roles == frozenset()
    assert phases.name_of(6) == "cathode"


def test_values_that_are_not_in_the_mapping_are_listed():
    table, _ = value_table("probe", {85: "void"}, SSB_PHASES)
    with pytest.raises(PhaseError, match=r"probe: label values 7, 170 are not in the mapping \(85=void\)"):
        table(np.array([0, 85, 170, 7, 7]))


def test_without_a_mapping_values_beyond_255_are_refused():
    table, _ = value_table("probe", None, SSB_PHASES)
    assert table(np.array([0, 255], np.int32)).tolist() == [0, 255]
    with pytest.raises(PhaseError, match="label values -1, 300 are no label values"):
        table(np.array([300, -1, 3]))


@pytest.mark.parametrize(
    ("text", "why"),
    [("85", "not understood"), ("=void", "not understood"), ("1=void,1=SE", "twice"), (" , ", "is empty")],
)
def test_a_mapping_that_is_not_one(text: str, why: str):
    with pytest.raises(PhaseError, match=why):
        parse_mapping(text)


@pytest.mark.parametrize("target", ["voids", "256", "3.5"])
def test_a_target_that_is_no_phase(target: str):
    with pytest.raises(PhaseError, match=r"void|256"):
        value_table("a", {1: target}, SSB_PHASES)


def test_a_name_that_is_no_phase_is_refused_before_a_file_is_read() -> None:
    with pytest.raises(PhaseError, match="foo"):
        parse_mapping("40=foo")
