"""What the default recipes reach on fresh phantoms: the floors of `micro_pipelines.validation`."""

from __future__ import annotations

import pytest

from micro_pipelines.validation import SCORES, validate, verdict

KINDS = ("sem", "fibsem", "xct")


def missed(kind: str, seeds: range) -> list[str]:
    found = validate([kind], seeds)
    assert len(found) == len(seeds)
    scores = [(score, score.worst(found[score.key])) for score in SCORES]
    return [f"{score.title}: {worst:.3f}" for score, worst in scores if verdict(score, worst) == "FAIL"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_seed_that_nothing_was_tuned_on(kind: str) -> None:
    assert missed(kind, range(41, 42)) == []


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_ten_seeds(kind: str) -> None:
    assert missed(kind, range(100, 110)) == []
