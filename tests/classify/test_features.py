"""Features against scipy, and what may not change them."""

import numpy as np
import pytest
from scipy import ndimage

from micro.blocks import Engine
from micro.classify.params import TrainParams
from micro.classify.plan import plan_features
from micro.classify.samples import features_at
from micro.model import Spacing

CUBES = Spacing(0.1, 0.1, 0.1)


def all_features(grey, params, spacing, engine=None):
    """Features of every voxel by name, each an array of the picture's shape."""
    plan = plan_features(params, spacing, is_2d=grey.shape[0] == 1)
    places = np.argwhere(np.ones(grey.shape, bool))
    found, greys = features_at(grey, places, plan, engine or Engine())
    assert (greys == grey.ravel()).all()
    return {name: found[:, n].reshape(grey.shape) for n, name in enumerate(plan.names)}


def picture(shape, seed=0):
    """Smooth random greys with edges."""
    rng = np.random.default_rng(seed)
    field = ndimage.gaussian_filter(rng.normal(size=shape), [2 if n > 1 else 0 for n in shape], mode="nearest")
    return (30_000 + 12_000 * np.tanh(8 * field) + rng.normal(0, 500, shape)).clip(0, 65535).astype(np.uint16)


def differences(smooth, weights):
    """Central first and second differences, beyond the ends the outermost value goes on; second as (..., 3, 3)."""
    step = np.pad(smooth.astype(np.float64), 1, mode="edge")
    z, y, x = (slice(1, -1),) * 3

    def at(shifts):
        return step[tuple(slice(1 + s, step.shape[a] - 1 + s) for a, s in enumerate(shifts))]

    unit = np.eye(3, dtype=int)
    first = np.stack([(at(unit[a]) - at(-unit[a])) / 2 * weights[a] for a in range(3)], axis=-1)
    second = np.empty((*smooth.shape, 3, 3))
    for a in range(3):
        for b in range(3):
            if a == b:
                value = at(unit[a]) + at(-unit[a]) - 2 * step[z, y, x]
            else:
                value = (
                    at(unit[a] + unit[b]) + at(-unit[a] - unit[b]) - at(unit[a] - unit[b]) - at(unit[b] - unit[a])
                ) / 4
            second[..., a, b] = value * weights[a] * weights[b]
    return first, second


@pytest.mark.parametrize(
    ("shape", "spacing"),
    [((14, 20, 17), CUBES), ((9, 20, 17), Spacing(0.2, 0.1, 0.1)), ((1, 30, 26), CUBES)],
    ids=["cubes", "long voxels", "a section"],
)
def test_small_scales_are_those_of_scipy(shape, spacing):
    grey = picture(shape)
    found = all_features(grey, TrainParams(scales=(1, 2)), spacing)
    finest = 0.1
    edges = [edge / finest if length > 1 else 1.0 for edge, length in zip(spacing.um, shape, strict=True)]
    for scale in (1, 2):
        sigmas = [scale / edge if length > 1 else 0 for edge, length in zip(edges, shape, strict=True)]
        smooth = grey.astype(np.float64)
        for axis, sigma in enumerate(sigmas):
            if sigma:
                reach = int(np.ceil(3 * sigma))
                smooth = ndimage.gaussian_filter1d(smooth, sigma, axis=axis, mode="nearest", radius=reach)
        # float32 sums of numbers up to 65535: some of their last bits, 65535 / 2^24 = 0.004
        assert np.abs(found[f"gaussian {scale}"] - smooth).max() < 0.05
        first, second = differences(smooth, [1 / edge for edge in edges])
        active = [axis for axis in range(3) if shape[axis] > 1]
        assert np.abs(found[f"gradient {scale}"] - np.linalg.norm(first, axis=-1)).max() < 0.05
        values = np.linalg.eigvalsh(second[..., active, :][..., active])[..., ::-1]
        parts = ("high", "low") if len(active) == 2 else ("high", "middle", "low")
        for n, part in enumerate(parts):
            # the closed form loses half the digits where eigenvalues meet: sqrt(2^-24) of their size
            error = np.abs(found[f"hessian {scale} {part}"] - values[..., n]).max()
            assert error < 5e-4 * np.abs(values).max() + 0.2


@pytest.mark.parametrize("scale", [4, 8])
def test_large_scales_on_coarser_copies_are_close_to_those_of_the_picture_itself(scale):
    grey = picture((48, 52, 50), seed=3)
    found = all_features(grey, TrainParams(scales=(scale,), features=("gaussian",)), CUBES)[f"gaussian {scale}"]
    exact = ndimage.gaussian_filter(grey.astype(np.float64), scale, mode="nearest", truncate=3)
    inside = (slice(12, -12),) * 3
    # linear interpolation of a Gaussian of two coarse voxels: its curvature over eight, 1/32 of its contrast
    assert np.abs(found - exact)[inside].max() < np.ptp(exact) / 32


def test_turning_the_picture_turns_the_features():
    grey = picture((12, 25, 22), seed=1)
    spacing = Spacing(0.2, 0.1, 0.1)
    params = TrainParams(scales=(1, 4))
    straight = all_features(grey, params, spacing)
    order = (1, 2, 0)
    turned = all_features(np.ascontiguousarray(grey.transpose(order)), params, spacing.permuted(order))
    for name, values in straight.items():
        # the axes are smoothed in another order: the last bits of float32 sums, more in what they cancel to
        assert np.abs(values.transpose(order) - turned[name]).max() < 1.0, name


def test_scales_count_in_finest_voxels_of_whatever_size():
    grey = picture((8, 30, 28), seed=2)
    one = all_features(grey, TrainParams(), Spacing(0.2, 0.1, 0.1))
    other = all_features(grey, TrainParams(), Spacing(3.0, 1.5, 1.5))
    assert all((one[name] == other[name]).all() for name in one)


def test_a_flat_picture_has_no_slopes_and_no_curvatures():
    found = all_features(np.full((6, 20, 20), 12_345, np.uint16), TrainParams(scales=(1, 4)), CUBES)
    for name, values in found.items():
        expected = 12_345 if name.startswith(("grey", "gaussian")) else 0
        assert np.abs(values - expected).max() < 0.02, name
