"""X-ray CT of a labelled cell: projected, disturbed as a scanner does it, and reconstructed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from micro.model import SSB_PHASES
from micro.phantoms.electron import grey_table
from micro.phantoms.kinds import Kind
from micro.phantoms.noise import NoiseLevel
from micro.phantoms.tomography import back_project, project, ramp_filter, view_angles

__all__ = ["GREY_WINDOW", "xray_image"]

GREY_WINDOW = (-0.5, 1.7)
"""Greys that become 0 and 65535; wide, so that noise about the dark void is not cut off."""

SE, LI = SSB_PHASES["SE"].value, SSB_PHASES["Li"].value
Generators = dict[str, np.random.Generator]
Grey = NDArray[np.float32]

_DETECTOR_BLUR = 0.7
_ABSORPTION = 1.6
_SLAB = 32


@dataclass(frozen=True, slots=True)
class _Scan:
    """The set-up: rotation axis z through the middle of the field of view, everything in voxels."""

    shape: tuple[int, int]
    margin: int
    radius: float
    angles_rad: NDArray[np.float64]
    detectors: int
    absorption: float

    def reconstruct(self, views: Grey) -> Grey:
        return back_project(ramp_filter(views), self.angles_rad, self.shape) / np.float32(self.absorption)


@dataclass(frozen=True, slots=True)
class _Sample:
    """A few slices without noise, by which the strengths of scale, rings and noise are set."""

    scan: _Scan
    views: Grey
    labels: NDArray[np.uint8]
    kind: Kind

    def grey_scale(self) -> float:
        """Return the factor that brings SE back to its grey in spite of beam hardening."""
        image = self.scan.reconstruct(self.views)
        return float(self.kind.levels[1] / np.median(image[self.labels == SE]))

    def ring_scale(self, rng: np.random.Generator, *, rms: float) -> np.float32:
        """Return the gain error for which rings have this rms over the field of view."""
        errors = np.broadcast_to(_gain_errors(self.views.shape, rng), self.views.shape)
        rings = self.scan.reconstruct(np.ascontiguousarray(errors))
        return np.float32(rms / (rings.std() * self.grey_scale()))

    def photons(self, rng: np.random.Generator, *, snr: float) -> float:
        """Return how many photons per element and view give this ratio of Li-SE contrast to noise.

        The variance is the mean of those in Li and in SE; in a linear reconstruction it goes as one
        over the number of photons.
        """
        field = rng.standard_normal(self.views.shape, dtype=np.float32) * np.exp(self.views / 2)
        noise = self.scan.reconstruct(field) * np.float32(self.grey_scale())
        variances = [noise[self.labels == value].var() for value in (SE, LI) if (self.labels == value).any()]
        wanted = abs(self.kind.levels[1] - self.kind.levels[2]) / snr
        return float(np.mean(variances)) / wanted**2


def xray_image(labels: NDArray[np.uint8], kind: Kind, rng: Generators, noise: NoiseLevel) -> NDArray[np.uint16]:
    """Return the reconstructed slices (z, y, x) of ``labels``.

    The sample goes on beyond the field of view by repeating its edge, out to a cylinder in air. Its
    projections suffer, in this order: blur of the detector, phase fringes (a Laplacian), beam hardening
    (a quadratic term, which cups), counting noise, and gain errors of the detector (which make rings).
    The number of photons and the gain errors are set so that noise and rings come out as asked.
    """
    grey = np.moveaxis(grey_table(kind)[labels], 0, 2)
    scan = _scan(grey.shape[:2], max(kind.levels))
    views = _views(grey, scan, strength=noise.artefacts)
    some = slice(views.shape[2] // 20, None, max(1, views.shape[2] // 10))
    sample = _Sample(scan, np.ascontiguousarray(views[..., some]), np.moveaxis(labels[some], 0, 2), kind)
    if noise.stripes:
        gain_errors = _gain_errors(views.shape, rng["rings"])
        views += gain_errors * sample.ring_scale(rng["rings"], rms=noise.stripes * kind.levels[1])
    if noise.snr:
        views = _counted(views, sample.photons(rng["noise"], snr=noise.snr), rng["noise"])
    image = np.concatenate([scan.reconstruct(slab) for slab in _slabs(views)], axis=2)
    image = np.moveaxis(image, 2, 0) * sample.grey_scale()
    low, high = GREY_WINDOW
    return np.rint(np.clip((image - low) / (high - low), 0, 1) * 65535).astype(np.uint16)


def _scan(shape: tuple[int, int], brightest: float) -> _Scan:
    radius = 0.5 * float(np.hypot(*shape)) + 4
    margin = int(np.ceil(radius - min(shape) / 2)) + 2
    views = int(1.25 * max(shape))
    detectors = 2 * int(np.ceil(radius)) + 8
    return _Scan(shape, margin, radius, view_angles(views), detectors, _ABSORPTION / (2 * radius * brightest))


def _slabs(stack: Grey) -> list[Grey]:
    return [np.ascontiguousarray(stack[..., k : k + _SLAB]) for k in range(0, stack.shape[-1], _SLAB)]


def _views(grey: Grey, scan: _Scan, *, strength: float) -> Grey:
    """Return the noise-free line integrals of absorption, shape (view, detector, slice)."""
    wide = ((scan.margin, scan.margin), (scan.margin, scan.margin), (0, 0))
    y, x = (np.arange(n + 2 * scan.margin) - (n - 1) / 2 - scan.margin for n in scan.shape)
    cylinder = (np.hypot(y[:, None], x[None, :]) <= scan.radius).astype(np.float32)[..., None]
    parts = [
        project(np.pad(slab, wide, mode="edge") * cylinder, scan.angles_rad, scan.detectors) for slab in _slabs(grey)
    ]
    views = np.concatenate(parts, axis=2) * np.float32(scan.absorption)
    views = ndimage.gaussian_filter(views, (0, _DETECTOR_BLUR, _DETECTOR_BLUR), mode="nearest", truncate=3)
    if strength:
        fringe = ndimage.convolve1d(views, [1, -2, 1], axis=1) + ndimage.convolve1d(views, [1, -2, 1], axis=2)
        views -= np.float32(0.2 * strength) * fringe
        views *= 1 - np.float32(0.06 * strength / _ABSORPTION) * views
    return np.asarray(views, dtype=np.float32)


def _gain_errors(shape: tuple[int, ...], rng: np.random.Generator) -> Grey:
    """Return the log of the gain of every detector element: alike in neighbouring rows, the same in all views.

    The elements next to the axis of rotation are taken to be good ones: theirs add up to a single spot.
    """
    errors = ndimage.gaussian_filter(rng.normal(size=shape[1:]).astype(np.float32), (0.4, 2.0))
    radius = np.abs(np.arange(shape[1]) - (shape[1] - 1) / 2)
    errors *= (radius / (radius + 3))[:, None]
    return np.asarray(errors / errors.std(), dtype=np.float32)[None]


def _counted(views: Grey, photons: float, rng: np.random.Generator) -> Grey:
    """Return the line integrals that Poisson counts behind the sample give."""
    counts = rng.poisson(photons * np.exp(-views.astype(np.float64)))
    return np.asarray(-np.log(np.maximum(counts, 0.5) / photons), dtype=np.float32)
