"""Label volumes."""

from __future__ import annotations

import dataclasses

import dask.array as da
import numpy as np
import pytest

from micro.errors import PhaseError, ShapeMismatchError
from micro.model import SSB_PHASES, Labels, Spacing, Step

NM10 = Spacing.parse("10nm")


@pytest.mark.parametrize("dtype", [np.int64, np.uint16, bool, np.float32])
def test_only_uint8_is_a_label(dtype: type) -> None:
    with pytest.raises(PhaseError, match="expected uint8"):
        Labels(np.zeros((4, 5), dtype), NM10)


def test_probabilities_fit_the_labels() -> None:
    data = np.ones((4, 5), np.uint8)
    fitting = Labels(
        data, NM10, probabilities=da.zeros((2, 1, 4, 5), dtype=np.uint8), probability_phases=("void", "SE")
    )
    assert fitting.probabilities is not None
    with pytest.raises(ShapeMismatchError, match=r"\(3, 4, 5\).*do not fit"):
        Labels(data, NM10, probabilities=da.zeros((3, 4, 5)), probability_phases=("void", "SE", "Li"))
    with pytest.raises(ShapeMismatchError, match="do not fit"):
        Labels(data, NM10, probabilities=da.zeros((3, 1, 4, 5)))


def test_a_step_is_appended_to_a_copy_and_the_rest_kept() -> None:
    labels = Labels(np.ones((2, 4, 5), np.uint8), Spacing(1, 2, 3), name="cell 3")
    after = labels.after(Step("correct by hand"), da.zeros((2, 4, 5), dtype=np.uint8))
    assert labels.history == ()
    assert [step.operation for step in after.history] == ["correct by hand"]
    assert (after.spacing, after.phases, after.name) == (Spacing(1, 2, 3), SSB_PHASES, "cell 3")
    assert not after.is_2d
    with pytest.raises(dataclasses.FrozenInstanceError):
        after.name = "other"  # type: ignore[misc]
    with pytest.raises(PhaseError):
        labels.after(Step("wrong"), da.zeros((2, 4, 5), dtype=np.int32))
