from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from micro.errors import ParameterError
from micro.measure import DISTRIBUTION_COLUMNS, Findings, distribution_table, even_edges
from micro.measure.results import merge_findings


def test_shares_add_up_to_one_and_name_their_weight() -> None:
    table = distribution_table(
        "crack_aperture", [0.0, 0.5, 1.0, 2.0], [1.0, 0.0, 3.0], unit="um", weight="mid-surface area", n=[4, 0, 2]
    )
    assert tuple(table.columns) == DISTRIBUTION_COLUMNS
    assert table["value"].tolist() == [0.25, 0.0, 0.75]
    assert table["n"].tolist() == [4, 0, 2]
    assert set(table["weight"]) == {"mid-surface area"}


def test_nothing_has_no_distribution() -> None:
    table = distribution_table("pore_diameter", [0, 1], [0.0], unit="um", weight="volume", n=[0])
    assert table.empty
    assert tuple(table.columns) == DISTRIBUTION_COLUMNS


def test_edges_that_do_not_fit_are_an_error() -> None:
    with pytest.raises(ParameterError, match="3 edges, 1 weights"):
        distribution_table("pore_diameter", [0, 1, 2], [1.0], unit="um", weight="volume", n=[1])


@pytest.mark.parametrize("largest", [0.0, 0.3, 1.0, 7.49])
def test_even_edges_hold_the_largest(largest: float) -> None:
    edges = even_edges(largest, 0.5)
    assert edges[0] == 0
    assert edges[-2] <= largest < edges[-1]
    np.testing.assert_allclose(np.diff(edges), 0.5)


def test_distributions_of_all_measurements_come_one_below_the_other() -> None:
    one, two = (
        distribution_table(name, [0, 1], [2.0], unit="um", weight="number", n=[2]) for name in ("pore", "particle")
    )
    merged = merge_findings([Findings(distributions=one), Findings(), Findings(distributions=two)]).distributions
    assert merged["quantity"].tolist() == ["pore", "particle"]
    none = merge_findings([Findings()]).distributions
    assert isinstance(none, pd.DataFrame)
    assert tuple(none.columns) == DISTRIBUTION_COLUMNS
