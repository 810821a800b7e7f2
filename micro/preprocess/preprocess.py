"""From the grey values of a microscope to a clean, normalised stack."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from micro import __version__
from micro.blocks import Block, Done, Engine, as_dask
from micro.model import BLACK, WHITE, Step, Volume
from micro.preprocess.denoise import denoise_block, denoise_reach, guide_noise, sigmas_voxels
from micro.preprocess.histogram import grey_histogram
from micro.preprocess.params import PreprocessParams
from micro.preprocess.slices import StripeKind, correct_slice, slice_gains

__all__ = ["preprocess"]


def _normalise(
    block: Block,
    grey: NDArray[np.generic],
    *,
    low: float,
    high: float,
    gains: NDArray[np.float64] | None,
    stripes: StripeKind,
    window: int,
) -> Done[None]:
    out = np.empty(grey.shape, np.uint16)
    for k in range(grey.shape[0]):
        image = (grey[k].astype(np.float32) - np.float32(low)) / np.float32(high - low)
        if gains is not None:
            image = image / np.float32(gains[block.core[0].start + k])
        if stripes != "none":
            image = correct_slice(image, stripes=stripes, window=window)
        out[k] = np.clip(np.rint(image * np.float32(WHITE - BLACK) + np.float32(BLACK)), 0, 65535)
    return Done(None, (out,))


def preprocess(volume: Volume, params: PreprocessParams, engine: Engine) -> Volume:
    """Normalise a stack as a whole, remove brightness jumps and stripes, and denoise.

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
    gains = slice_gains(volume.data, low=low, engine=engine) if params.slice_brightness and not volume.is_2d else None
    data = engine.array(volume.shape, np.uint16)
    whole_slices = params.stripes != "none"
    engine.run(
        _normalise,
        [volume.data],
        outputs=[data],
        block_shape=(engine.block_shape[0], *volume.shape[1:]) if whole_slices else None,
        stage="normalise",
        constants={"low": low, "high": high, "gains": gains, "stripes": params.stripes, "window": params.stripe_window},
    )
    found: dict[str, object] = {"black": low, "white": high}
    if gains is not None:
        found["slice_gain_sd"] = float(np.std(gains))
    if params.denoise != "none":
        sigmas = sigmas_voxels(volume.spacing, volume.shape, params.denoise_voxels)
        noise = guide_noise(data, sigmas, engine) if params.denoise == "bilateral" else None
        denoised = engine.array(volume.shape, np.uint16)
        constants = {"sigmas": sigmas, "noise": noise, "sharpen": params.sharpen}
        engine.run(
            denoise_block, [data], outputs=[denoised], halo=denoise_reach(sigmas), stage="denoise", constants=constants
        )
        data = denoised
        found["noise"] = noise
    step = Step("preprocess", {**params.model_dump(), "found": found}, version=__version__)
    return volume.after(step, as_dask(data))
