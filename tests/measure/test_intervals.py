from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage, special

from micro.measure import Spread, fraction_interval, poisson_interval, ratio_spread, value_interval
from micro.measure.census import Grid


def level_set(size: int, sigma: float, share: float, rng: np.random.Generator) -> np.ndarray:
    """A Gaussian field below a fixed threshold: the material's fraction is ``share`` exactly."""
    margin = int(4 * sigma) + 1
    field = ndimage.gaussian_filter(rng.normal(size=(size + 2 * margin,) * 2), sigma, mode="wrap")
    field *= 2 * np.sqrt(np.pi) * sigma
    return field[margin:-margin, margin:-margin] < special.ndtri(share)


def discs(size: int, radius: float, share: float, rng: np.random.Generator) -> np.ndarray:
    """Boolean model of discs with the covered fraction ``share``."""
    wide = size + 2 * radius
    out = np.zeros((size, size), bool)
    y, x = np.ogrid[:size, :size]
    for cy, cx in rng.uniform(
        -radius, size + radius, (rng.poisson(-np.log(1 - share) * (wide / radius) ** 2 / np.pi), 2)
    ):
        out |= (y + 0.5 - cy) ** 2 + (x + 0.5 - cx) ** 2 < radius**2
    return out


@pytest.mark.parametrize(("model", "scale", "share"), [(level_set, 4.0, 0.2), (discs, 8.0, 0.15)])
def test_coverage_of_a_known_fraction(model: object, scale: float, share: float) -> None:
    rng = np.random.default_rng(5)
    hits, runs = 0, 120
    for _ in range(runs):
        field = model(200, scale, share, rng)  # type: ignore[operator]
        grid = Grid.fitting((1, 200, 200), (1.0, 1.0, 1.0), cells=2**12)
        spread = ratio_spread(grid.pool(field[None]), grid.pool(np.ones_like(field)[None]), grid.edges_um)
        interval = fraction_interval(float(field.mean()), spread)
        assert interval is not None
        hits += interval[0] <= share <= interval[1]
    # 95 % nominal; of 120 runs, three standard errors of a binomial are 6 %.
    assert hits / runs == pytest.approx(0.95, abs=0.06)


def test_white_noise_is_binomial() -> None:
    rng = np.random.default_rng(2)
    fields = [rng.random((1, 64, 64)) < 0.3 for _ in range(40)]
    variances = [ratio_spread(f, np.ones_like(f), (1, 1, 1)).variance for f in fields]  # type: ignore[union-attr]
    # The mean of 40 estimates, each known to some 10 %.
    assert np.mean(variances) == pytest.approx(0.21 / 64**2, rel=0.05)


def test_more_field_of_view_is_a_narrower_interval() -> None:
    rng = np.random.default_rng(4)
    small, large = (level_set(size, 3.0, 0.3, rng)[None] for size in (100, 300))
    one, two = (ratio_spread(f, np.ones_like(f), (1, 1, 1)) for f in (small, large))
    assert one is not None
    assert two is not None
    # Nine times the area is nine times the samples; an estimate of a variance is good to some 50 % here.
    assert one.variance / two.variance == pytest.approx(9, rel=0.5)


def exact_variance(size: int, sigma: float, share: float) -> float:
    """Variance of the fraction of a Gaussian level set in a square, from its covariance: no field is drawn.

    The covariance of the set is the integral of the bivariate normal density over the correlation (Lantuejoul
    2002), that of the field exp(-h^2 / (4 sigma^2)).
    """
    angle = np.arcsin(np.linspace(0, 1, 300))
    level = special.ndtri(share)
    steps = np.linspace(0, 1, 200)[None] * angle[:, None]
    table = np.trapezoid(np.exp(-(level**2) / (1 + np.sin(steps))) / (2 * np.pi), steps, axis=1)
    lag = np.arange(1 - size, size)
    weight = (1 - np.abs(lag) / size) / size
    rho = np.exp(-(lag[:, None] ** 2 + lag[None] ** 2) / (4 * sigma**2))
    return float((np.interp(rho, np.sin(angle), table) * weight[:, None] * weight[None]).sum())


def test_the_variance_of_a_field_of_known_covariance() -> None:
    rng = np.random.default_rng(8)
    fields = [level_set(160, 4.0, 0.2, rng)[None] for _ in range(60)]
    variances = [ratio_spread(f, np.ones_like(f), (1, 1, 1)).variance for f in fields]  # type: ignore[union-attr]
    # One estimate has some 20 degrees of freedom, so is good to 32 %, the mean of 60 to 4 %; the window of two
    # correlation lengths stops early where the picture's covariance happens to be low: 5 to 10 % less.
    assert np.mean(variances) == pytest.approx(exact_variance(160, 4.0, 0.2), rel=0.15)


def test_the_window_follows_long_thin_things() -> None:
    rng = np.random.default_rng(9)
    variances, values = [], []
    for _ in range(120):
        field = np.zeros((1, 240, 240))
        for y, x in rng.integers((0, -24), (240, 240), (rng.poisson(30 * 264 / 240), 2)):
            field[0, y, max(x, 0) : max(x + 24, 0)] = 1
        values.append(field.mean())
        variances.append(ratio_spread(field, np.ones_like(field), (1, 1, 1)).variance)  # type: ignore[union-attr]
    # 30 independent traces of one size; a ball of four times the area that they cover finds less than half of it.
    # The variance of 120 values is known to 13 %.
    assert np.mean(variances) == pytest.approx(np.var(values), rel=0.3)


def test_permuted_and_scaled_cells_are_the_same_picture() -> None:
    rng = np.random.default_rng(3)
    field = ndimage.gaussian_filter(rng.normal(size=(12, 20, 30)), 1.5) > 0.2
    one = ratio_spread(field, np.ones_like(field), (1.0, 1.5, 2.0))
    two = ratio_spread(field.transpose(2, 0, 1), np.ones((30, 12, 20)), (20.0, 10.0, 15.0))
    three = ratio_spread(field[:, ::-1], np.ones_like(field), (1.0, 1.5, 2.0))
    assert one is not None
    for other in (two, three):
        assert other is not None
        assert (other.variance, other.samples, other.freedom) == pytest.approx(
            (one.variance, one.samples, one.freedom), rel=1e-9
        )


def test_few_degrees_of_freedom_are_a_wider_interval() -> None:
    sure, unsure = (value_interval(10.0, Spread(1.0, 1000, freedom), positive=False) for freedom in (np.inf, 5.0))
    assert sure is not None
    assert unsure is not None
    # 97.5 % points of the normal distribution and of Student's t with five degrees of freedom.
    assert sure[1] - 10 == pytest.approx(1.96, abs=0.01)
    assert unsure[1] - 10 == pytest.approx(2.57, abs=0.01)


def test_too_little_says_nothing() -> None:
    assert ratio_spread(np.ones((1, 2, 2)), np.ones((1, 2, 2)), (1, 1, 1)) is None
    assert ratio_spread(np.ones((1, 9, 9)), np.ones((1, 9, 9)), (1, 1, 1)) is None
    assert ratio_spread(np.full((1, 9, 9), 0.1), np.full((1, 9, 9), 0.3), (1, 1, 1)) is None
    assert ratio_spread(np.zeros((1, 9, 9)), np.zeros((1, 9, 9)), (1, 1, 1)) is None
    assert fraction_interval(0.0, Spread(0.1, 10)) is None
    assert fraction_interval(0.5, Spread(0.2, 10)) is None
    assert value_interval(0.0, Spread(0.1, 10)) is None


def test_poisson_against_garwoods_table() -> None:
    # Garwood (1936): 95 % limits for 0, 1 and 20 events.
    assert poisson_interval(0, 1.0) == pytest.approx((0.0, 3.689), abs=1e-3)
    assert poisson_interval(1, 1.0) == pytest.approx((0.0253, 5.572), abs=1e-3)
    assert poisson_interval(20, 2.0) == pytest.approx((12.217 / 2, 30.888 / 2), abs=1e-3)


def test_an_interval_that_says_nothing_is_not_given() -> None:
    assert fraction_interval(0.5, Spread(0.06, 4.0, 1.0)) is None
    assert fraction_interval(0.5, Spread(0.0025, 100)) is not None
    # Three samples: t = 4.30, ends exp(2 x 4.30 x sd / value) apart, which is ten for an sd of .268 of the value.
    assert value_interval(10.0, Spread(2.6**2, 3)) is not None
    assert value_interval(10.0, Spread(2.8**2, 3)) is None
    # A tortuosity is told as a whole: 1.00 to 1.9 is not ten times apart, though what is beyond 1 is.
    found = value_interval(1.05, Spread(0.035**2, 3), least=1.0)
    assert found is not None
    assert 1.0 < found[0] < 1.01
    assert found[1] > 1.5


def test_samples_that_are_all_alike_tell_no_spread() -> None:
    assert value_interval(3.6, Spread(1e-32, 50)) is None
