"""The 95 % intervals hold the material's value as often as they say: benchmarks/interval_coverage.py in small."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
NAMES = (
    "Gaussian level set",
    "Boolean discs, radii 2 to 14",
    "Poisson traces",
    "Poisson columns",
    "Boolean segments",
    "Gaussian surface",
    "Boolean spheres",
    "Poisson plates",
    "Boolean discs",
)
OBJECTS = (
    "Boolean segments, two states",
    "Boolean discs, two states",
    "Spots apart",
    "Gaussian surface, steep",
    "Mixed traces",
    "Mixed plates",
    "Bent filaments",
    "Columns torn off",
    "Filled traces",
    "Filled plates",
    "Fragments apart",
    "Round pores apart",
    "Round particles apart",
)


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> tuple[Any, Any]:
    """The modules ``interval_coverage`` and ``materials``."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("interval_coverage"), importlib.import_module("materials")


def material(bench: tuple[Any, Any], name: str, dimension: str) -> Any:  # noqa: ANN401
    return next(one for one in bench[0].ALL if (one.name, one.dimension) == (name, dimension))


@pytest.mark.parametrize(
    ("name", "dimension"), [("Boolean discs", "2-D"), ("Boolean segments", "2-D"), ("Spots apart", "2-D")]
)
def test_a_few_pictures(bench: tuple[Any, Any], name: str, dimension: str) -> None:
    runs = 60
    for one in bench[0].study(material(bench, name, dimension), runs, seed=2):
        # Of 60 intervals that hold the value 95 times in 100, fewer than 51 do in less than one case in 1000.
        assert one.covered * runs >= stats.binom.ppf(1e-3, runs, 0.95), one.target
        # They are wider than the least by 10 to 20 %; 60 values tell their own spread to 9 %, three times that is 27 %.
        assert one.excess < 1.5, one.target
        assert one.given.all()


@pytest.mark.slow
@pytest.mark.parametrize("dimension", ["2-D", "3-D"])
@pytest.mark.parametrize("name", [*NAMES, *OBJECTS])
def test_400_pictures(bench: tuple[Any, Any], name: str, dimension: str) -> None:
    if not any((one.name, one.dimension) == (name, dimension) for one in bench[0].ALL):
        pytest.skip("no such material in this dimension")
    for one in bench[0].study(material(bench, name, dimension), 400):
        # The bar is 92 to 98 %. 400 pictures tell a coverage to 1.1 %; what they miss the bar by is noise up to 1 %.
        assert 0.91 <= one.covered <= 0.99, one.target
        # Of a quantile there is none where a few objects set it; of the least and greatest tenth that may be many.
        assert np.mean(one.given) > (0.8 if one.target[0].endswith(("_d10", "_d90")) else 0.98)


def test_every_metric_of_objects_has_a_material(bench: tuple[Any, Any]) -> None:
    studied = {(one.dimension, target[0]) for one in bench[0].ALL for target in one.truth}
    for dimension, size in (("2-D", "length"), ("3-D", "area")):
        for metric in (
            "contact_loss",
            "contact_spot_density",
            f"contact_spot_{size}_mean",
            "interface_roughness",
            "interface_developed_ratio",
            "crack_orientation_mean",
            "crack_alignment",
            "crack_below_resolution",
            "crack_depth_mean",
            "crack_intensity",
            "crack_metal_filling",
            "dendrite_isolated_fraction",
            *(f"dendrite_{one}" for one in ("length_mean", "thickness_mean", "tortuosity", "orientation")),
            *(f"dendrite_{one}" for one in ("vertical_fraction", "lateral_fraction")),
            *(f"dendrite_fragment_{one}" for one in ("density", "diameter_mean")),
            *(f"{one}_size_{which}" for one in ("pore", "particle") for which in ("mean", "d10", "d50", "d90")),
        ):
            assert (dimension, metric) in studied, (dimension, metric)
