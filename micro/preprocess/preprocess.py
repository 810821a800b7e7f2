"""From the grey values of a microscope to a clean, normalised stack."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from micro import __version__
from micro.blocks import Block, Done, Engine, Shape, Source, as_dask
from micro.model import BLACK, WHITE, Step, Volume
from micro.preprocess.charging import limit_rims
from micro.preprocess.cupping import cup
from micro.preprocess.denoise import denoise_block, denoise_reach, guide_noise, sigmas_voxels
from micro.preprocess.fringes import defringe_block, fringe_reach
from micro.preprocess.histogram import grey_histogram
from micro.preprocess.params import PreprocessParams
from micro.preprocess.plan import Plan, make_plan
from micro.preprocess.rings import Rings, ring_field
from micro.preprocess.sharpness import edge_blur
from micro.preprocess.stripes import stripe_field

__all__ = ["preprocess"]

SHARPENED_FROM = 0.008 * (WHITE - BLACK)
"""Noise of the guide from which the sharpening is full: the least of the phantoms at ordinary noise is .0088."""
SHARP, BLURRED = 0.7, 0.9
"""Blur of edges (voxels) that wants no sharpening, and that bears all of it, where there is no noise."""


def corrected_slice(
    grey: NDArray[np.float32], plan: Plan, *, window: int, slice_number: int, rings: Rings | None = None
) -> NDArray[np.float32]:
    """Return a slice, black at 0 and white at 1, with everything done to it that stands in the plan."""
    if plan.gains is not None:
        grey = grey / np.float32(plan.gains[slice_number])
    if plan.cupping and plan.axis is not None:
        grey = grey / cup(grey.shape, plan.axis.centre, plan.cupping)
    if plan.stripes in ("columns", "rows"):
        above = grey + np.float32(plan.below)
        down = above if plan.stripes == "columns" else np.ascontiguousarray(above.T)
        field = stripe_field(down, window)
        grey = above / (field if plan.stripes == "columns" else field.T) - np.float32(plan.below)
    elif plan.stripes == "rings" and plan.axis is not None:
        grey = grey - ring_field(grey, window, plan.axis, trust=plan.trust, rings=rings)
    return limit_rims(grey) if plan.rims else grey


def _normalise(block: Block, grey: NDArray[np.generic], *, plan: Plan, window: int) -> Done[None]:
    out = np.empty(grey.shape, np.uint16)
    rings = Rings.of(grey.shape[1:], plan.axis) if plan.stripes == "rings" and plan.axis is not None else None
    for k in range(grey.shape[0]):
        image = (grey[k].astype(np.float32) - np.float32(plan.low)) / np.float32(plan.high - plan.low)
        image = corrected_slice(image, plan, window=window, slice_number=block.core[0].start + k, rings=rings)
        out[k] = np.clip(np.rint(image * np.float32(WHITE - BLACK) + np.float32(BLACK)), 0, 65535)
    return Done(None, (out,))


def preprocess(volume: Volume, params: PreprocessParams, engine: Engine) -> Volume:
    """Normalise a stack as a whole, take out the artefacts that it has, and denoise.

    Parameters
    ----------
    volume
        Grey values of any type, shape (z, y, x).
    params
        What to do; see `PreprocessParams`.
    engine
        Where the block tasks run.

    Returns
    -------
    Volume
        uint16, with the low percentile at `BLACK` and the high one at `WHITE`.

    Raises
    ------
    ImageContentError
        If a grey value is not finite, or all are the same.

    Examples
    --------
    >>> from micro.model import Spacing
    >>> image = Volume(np.arange(64, dtype=np.uint8).reshape(8, 8), Spacing.parse("10nm"))
    >>> preprocess(image, PreprocessParams(denoise="none"), Engine()).data.dtype
    dtype('uint16')
    """
    histogram = grey_histogram(volume.data, engine)
    low, high = histogram.percentile(params.low_percent), histogram.percentile(params.high_percent)
    if not high > low:
        low, high = histogram.low, histogram.high
    plan = make_plan(volume, params, low=low, high=high, engine=engine)
    whole_slices = plan.stripes != "none" or plan.rims or plan.cupping != 0
    slab = engine.slab(volume.shape) if whole_slices else None
    data = engine.array(volume.shape, np.uint16, block_shape=None if slab is None else _pieces(slab, volume, engine))
    engine.run(
        _normalise,
        [volume.data],
        outputs=[data],
        block_shape=slab,
        stage="normalise",
        constants={"plan": plan, "window": params.stripe_window},
    )
    if plan.fringes:
        data = _without_fringes(data, volume.shape, plan.fringes, engine)
    found: dict[str, object] = {"black": low, "white": high, **plan.found, "did": list(plan.did)}
    if params.denoise != "none":
        sigmas = sigmas_voxels(volume.spacing, volume.shape, params.denoise_voxels)
        noise = guide_noise(data, sigmas, engine) if params.denoise == "bilateral" else None
        denoised = engine.array(volume.shape, np.uint16)
        sharpen = params.sharpen * _sharpening(data, volume, noise, engine)
        constants = {"sigmas": sigmas, "noise": noise, "sharpen": sharpen}
        engine.run(
            denoise_block, [data], outputs=[denoised], halo=denoise_reach(sigmas), stage="denoise", constants=constants
        )
        data = denoised
        found |= {"noise": noise, "sharpen": round(sharpen, 3)}
    step = Step("preprocess", {**params.model_dump(mode="json"), "found": found}, version=__version__)
    return volume.after(step, as_dask(data))


def _pieces(slab: Shape, volume: Volume, engine: Engine) -> Shape:
    """Return chunks of a volume that slabs write and blocks read."""
    _, y, x = engine.cut(volume.shape)
    return (slab[0], y, x)


def _sharpening(grey: Source, volume: Volume, noise: float | None, engine: Engine) -> float:
    """Return how much of the sharpening a picture bears, 0 to 1.

    The bilateral filter keeps edges the better the less noise there is, and a sharp edge that is sharpened shoots over
    on both sides. So with little noise it depends on how sharp the edges are.
    """
    if noise is None or noise >= SHARPENED_FROM:
        return 1.0
    blur = edge_blur(grey, volume.spacing, engine)
    soft = 0.0 if blur is None else min(max((blur - SHARP) / (BLURRED - SHARP), 0.0), 1.0)
    share = noise / SHARPENED_FROM
    return share + (1 - share) * soft


def _without_fringes(grey: Source, shape: tuple[int, int, int], strength: float, engine: Engine) -> Any:  # noqa: ANN401
    data = engine.array(shape, np.uint16)
    halo = fringe_reach(strength, shape)
    engine.run(defringe_block, [grey], outputs=[data], halo=halo, stage="fringes", constants={"strength": strength})
    return data
