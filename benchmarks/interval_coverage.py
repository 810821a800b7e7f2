"""How often the 95 % intervals hold the material's value: pictures of random materials whose values are known.

Run: uv run python benchmarks/interval_coverage.py [--seed N] [REALISATIONS] [WORD ...]
(materials whose names hold a word)

Every picture goes through `micro.measure.measure`, as a user's does.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from materials import MATERIALS, Material, Target
from numpy.typing import NDArray
from object_materials import OBJECTS
from unequal_materials import UNEQUAL

from micro.blocks import Engine
from micro.measure import MeasureParams, Results, measure, with_contact_loss

__all__ = ["ALL", "Coverage", "long_run", "study"]

ALL: tuple[Material, ...] = (*MATERIALS, *OBJECTS, *UNEQUAL)
"""All materials of the study."""

PARAMS = MeasureParams(transport=())
"""Transport is not studied, and takes longer than all the rest."""


@dataclass(frozen=True)
class Coverage:
    """What became of the intervals of one metric in many pictures of one material.

    ``values`` has shape (pictures, 3): value, low and high, the ends NaN where there is no interval.
    """

    material: Material
    target: Target
    values: NDArray[np.float64]

    @property
    def given(self) -> NDArray[np.bool_]:
        """Pictures with an interval."""
        return np.isfinite(self.values[:, 1])

    @property
    def covered(self) -> float:
        """Share of the intervals that hold the material's value."""
        _, low, high = self.values[self.given].T
        truth = self.material.truth[self.target]
        return float(np.mean((low <= truth) & (truth <= high)))

    @property
    def half_width(self) -> float:
        """Mean half width of the intervals over the material's value."""
        _, low, high = self.values[self.given].T
        return float(np.mean(high - low) / 2 / abs(self.material.truth[self.target]))

    @property
    def bias(self) -> float:
        """Mean value over the material's value, less one."""
        return float(np.nanmean(self.values[:, 0]) / self.material.truth[self.target] - 1)

    @property
    def excess(self) -> float:
        """Mean half width over 1.96 standard deviations of the values: 1 is as narrow as can be."""
        truth = self.material.truth[self.target]
        return float(self.half_width * abs(truth) / (1.96 * np.nanstd(self.values[:, 0])))

    @property
    def samples(self) -> float:
        """Effective samples in a picture: p (1 - p) over the variance of fractions, else (mean / sd) squared."""
        value, variance = self.material.truth[self.target], float(np.nanvar(self.values[:, 0]))
        fraction = self.target[0] in FRACTIONS
        return value * (1 - value) / variance if fraction else value**2 / variance


FRACTIONS = frozenset(
    {
        "phase_fraction",
        "porosity",
        "porosity_pore",
        "relative_density",
        "dendrite_fraction",
        "contact_fraction",
        "contact_fraction_projected",
        "crack_porosity",
    }
)


def study(material: Material, realisations: int, *, seed: int = 1) -> Iterator[Coverage]:
    """Measure pictures of a material and yield what became of each of its metrics."""
    rng = np.random.default_rng([seed, *map(ord, material.name), *material.shape])
    found = np.full((len(material.truth), realisations, 3), np.nan)
    engine = Engine(workers=1)
    for picture in range(realisations):
        results = _measured(material, material.shape, rng, engine)
        for rank, (metric, phase, roi) in enumerate(material.truth):
            row = results.row(metric, phase_a=phase, roi=roi or None)
            found[rank, picture] = [np.nan if v is None else v for v in (row.value, row.ci_low, row.ci_high)]
    for rank, target in enumerate(material.truth):
        yield Coverage(material, target, found[rank])


def _measured(material: Material, shape: tuple[int, int, int], rng: np.random.Generator, engine: Engine) -> Results:
    results = measure(material.draw(shape, rng), PARAMS, engine)
    if material.first is None:
        return results
    first = measure(material.first(shape, rng), PARAMS, engine)
    return with_contact_loss(results, first.row("contact_fraction"))


def long_run(
    material: Material, targets: list[Target], pictures: int, *, widen: int, seed: int = 7_000_000
) -> dict[Target, tuple[float, float]]:
    """Return mean and standard error of values over pictures ``widen`` times as wide across the normal.

    The seeds are others than those of any study. What a picture's border does to a value is ``widen`` times less.
    """
    rng = np.random.default_rng([seed, *map(ord, material.name), *material.shape])
    normal = next(axis for axis, n in enumerate(material.shape) if n > 1)
    z, y, x = (n if n == 1 or axis == normal else widen * n for axis, n in enumerate(material.shape))
    found = np.empty((pictures, len(targets)))
    for picture in range(pictures):
        results = _measured(material, (z, y, x), rng, Engine(workers=1))
        found[picture] = [results.row(metric, phase_a=phase, roi=roi or None).value for metric, phase, roi in targets]
    errors = found.std(axis=0, ddof=1) / np.sqrt(pictures)
    return {one: (float(m), float(e)) for one, m, e in zip(targets, found.mean(axis=0), errors, strict=True)}


def main(realisations: int, words: list[str], *, seed: int) -> None:
    """Print the table, material by material."""
    print("| metric | | material | n | no interval | covered, % | bias, % | half width, % | over least | samples |")
    print("|---|---|---|---:|---:|---:|---:|---:|---:|---:|")
    for material in ALL:
        if words and not any(word in f"{material.name} {material.dimension}" for word in words):
            continue
        for one in study(material, realisations, seed=seed):
            print(
                f"| {' '.join(part for part in one.target[:2] if part)} | {material.dimension} | {material.name} "
                f"| {realisations} | {int((~one.given).sum())} | {100 * one.covered:.1f} | {100 * one.bias:+.1f} "
                f"| {100 * one.half_width:.1f} | {one.excess:.2f} | {one.samples:.0f} |",
                flush=True,
            )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("realisations", nargs="?", type=int, default=400)
    parser.add_argument("words", nargs="*")
    parser.add_argument("--seed", type=int, default=1)
    told = parser.parse_args()
    main(told.realisations, told.words, seed=told.seed)
