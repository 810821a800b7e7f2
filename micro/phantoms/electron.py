"""Electron micrographs of a labelled cell: blur, shot noise, curtains, drift, charging, shading."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from micro.model import SSB_PHASES
from micro.phantoms.kinds import Kind
from micro.phantoms.noise import NoiseLevel

__all__ = ["curtain_field", "electron_image", "grey_table"]

Generators = dict[str, np.random.Generator]
Grey = NDArray[np.float32]

PSF_VOXELS = 0.8


def grey_table(kind: Kind) -> Grey:
    """Return 256 greys on 0 to 1: ``table[labels]`` is the image without any physics."""
    void, electrolyte, metal = kind.levels
    table = np.zeros(256, np.float32)
    for role, grey in (("pore", void), ("electrolyte", electrolyte), ("metal", metal)):
        table[list(SSB_PHASES.values_with(role))] = grey
    return table


def electron_image(labels: NDArray[np.uint8], kind: Kind, rng: Generators, noise: NoiseLevel) -> NDArray[np.uint8]:
    """Return the micrograph (z, y, x) of ``labels``, slice by slice as a microscope takes it.

    In this order: charging at the edges of voids, slice jitter and blur of the beam, curtains (milled
    along y), shading, drift of the brightness between slices, shot noise, eight bits.
    """
    grey = grey_table(kind)[labels]
    if noise.artefacts:
        grey *= 1 + 0.012 * _grains(labels, rng["texture"])
        grey += _charging(labels, rng["charging"], strength=noise.artefacts)
    grey = _beam(grey, rng["jitter"], jitter_voxels=0.3 * noise.artefacts)
    if noise.stripes:
        grey *= 1 + curtain_field(grey.shape, rng["curtains"], rms=noise.stripes)
        grey *= 1 + _shading(grey.shape, rng["shading"], rms=0.04 * noise.artefacts)
        grey *= 1 + _drift(grey.shape[0], rng["drift"], rms=0.02 * noise.artefacts)[:, None, None]
    if noise.snr:
        grey += _shot_noise(grey, kind, rng["noise"], snr=noise.snr)
    np.clip(grey, 0, 1, out=grey)
    return np.rint(grey * 255).astype(np.uint8)


def _grains(labels: NDArray[np.uint8], rng: np.random.Generator) -> Grey:
    """Return the faint mottling of the pressed electrolyte's grains, of variance 1 and 0 outside of it."""
    field = _smooth_noise(rng, labels.shape, (3.0 if labels.shape[0] > 1 else 0, 6.0, 6.0))
    return np.where(np.isin(labels, SSB_PHASES.values_with("electrolyte")), field, np.float32(0))


def _charging(labels: NDArray[np.uint8], rng: np.random.Generator, *, strength: float) -> Grey:
    """Bright rims around voids (secondary electrons leave an edge easily), a dim shadow further out."""
    void = np.isin(labels, SSB_PHASES.values_with("pore"))
    share = ndimage.gaussian_filter(void.astype(np.float32), (0, 1.5, 1.5), truncate=3)
    wide = ndimage.gaussian_filter(void.astype(np.float32), (0, 5, 7), truncate=2.5)
    rim, shadow = strength * rng.uniform(0.16, 0.24), strength * rng.uniform(0.08, 0.14)
    return np.where(void, np.float32(0), (rim * np.sqrt(share) - shadow * wide).astype(np.float32))


def _beam(grey: Grey, rng: np.random.Generator, *, jitter_voxels: float) -> Grey:
    """Blur each slice with a Gaussian whose centre is off by the jitter, so that no second blur is needed."""
    shifts = np.clip(rng.normal(size=(grey.shape[0], 2)), -2, 2) * (jitter_voxels if grey.shape[0] > 1 else 0)
    out = np.empty_like(grey)
    for k, (dy, dx) in enumerate(shifts):
        rows = ndimage.convolve1d(grey[k], _kernel(dy), axis=0, mode="nearest")
        out[k] = ndimage.convolve1d(rows, _kernel(dx), axis=1, mode="nearest")
    return out


def _kernel(shift_voxels: float) -> NDArray[np.float64]:
    taps = np.exp(-0.5 * ((np.arange(-4, 5) - shift_voxels) / PSF_VOXELS) ** 2)
    return np.asarray(taps / taps.sum())


def _smooth_noise(rng: np.random.Generator, shape: tuple[int, ...], sigma: tuple[float, ...]) -> Grey:
    """Gaussian noise, smoothed, of mean 0 and variance 1."""
    field = ndimage.gaussian_filter(rng.normal(size=shape).astype(np.float32), sigma, mode="wrap", truncate=2.5)
    return np.asarray((field - field.mean()) / (field.std() or 1), dtype=np.float32)


def curtain_field(shape: tuple[int, ...], rng: np.random.Generator, *, rms: float) -> Grey:
    """Stripes along y, 1 to 6 voxels wide, alike in neighbouring slices, slowly changing along y."""
    slices, rows, columns = shape
    stripes = sum(
        (_smooth_noise(rng, (slices, 1, columns), (1.0 if slices > 1 else 0, 0, width)) for width in (0.5, 1.2, 2.5)),
        start=np.zeros((slices, 1, columns), np.float32),
    )
    coarse = _smooth_noise(rng, (1, max(rows // 8, 4), max(columns // 8, 4)), (0, 6, 3))
    strength = ndimage.zoom(1 + 0.35 * coarse, (1, rows / coarse.shape[1], columns / coarse.shape[2]), order=1)
    curtains = stripes * strength
    return np.asarray(curtains * (rms / np.sqrt(np.mean(curtains**2))), dtype=np.float32)


def _shading(shape: tuple[int, ...], rng: np.random.Generator, *, rms: float) -> Grey:
    """A slow bend of brightness over the field of view, the same in all slices."""
    y, x = np.linspace(-1, 1, shape[1])[:, None], np.linspace(-1, 1, shape[2])[None, :]
    weights = rng.normal(size=5)
    field = weights[0] * y + weights[1] * x + weights[2] * y * x + weights[3] * y**2 + weights[4] * x**2
    field -= field.mean()
    return np.asarray(rms * field / field.std(), dtype=np.float32)[None]


def _drift(slices: int, rng: np.random.Generator, *, rms: float) -> Grey:
    """Brightness from slice to slice: a slow wander and a little flicker."""
    if slices == 1:
        return np.zeros(1, np.float32)
    return np.asarray(
        rms * (0.8 * _smooth_noise(rng, (slices,), (5.0,)) + 0.6 * _smooth_noise(rng, (slices,), (0.0,))),
        dtype=np.float32,
    )


def _shot_noise(grey: Grey, kind: Kind, rng: np.random.Generator, *, snr: float) -> Grey:
    """Noise whose variance is half constant (detector) and half in proportion to the signal (electrons)."""
    _, electrolyte, metal = kind.levels
    sigma = abs(electrolyte - metal) / snr
    share = 0.5 + grey / (electrolyte + metal)
    field = rng.standard_normal(grey.shape, dtype=np.float32)
    return np.asarray(sigma * np.sqrt(np.clip(share, 0, None)) * field, dtype=np.float32)
