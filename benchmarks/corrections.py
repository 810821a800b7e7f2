"""Draw the pictures of docs/corrections.md, before and after each correction, and print what each gains.

uv run python benchmarks/corrections.py
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import matplotlib.image
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from micro.blocks import Engine, split
from micro.cell import anatomy, split_phases
from micro.compare import Group, count_confusion
from micro.measure import measure
from micro.model import BLACK, SSB_PHASES, Labels, Spacing, Volume
from micro.phantoms import make_phantom
from micro.phantoms.artefacts import charged, cupped, curtained, fringed, ringed, wander
from micro.preprocess import PreprocessParams, preprocess, straighten
from micro.segment import find_levels, segment
from micro.segment.shading import flat_field, measure_shading
from micro_pipelines import load_recipe

IMAGES = Path(__file__).resolve().parents[1] / "docs" / "images"
PLAIN = PreprocessParams(
    denoise="none", align="none", slice_brightness=False, stripes="none", cupping="none", fringes="none"
)
CUBIC = Spacing(0.05, 0.05, 0.05)
TILT_DEG = 52
PHASES = {
    "void": Group("void", SSB_PHASES.values_with("pore")),
    "SE": Group("SE", SSB_PHASES.values_with("electrolyte")),
    "Li": Group("Li", SSB_PHASES.values_with("metal")),
}


def draw(name: str, before: NDArray[np.generic], after: NDArray[np.generic]) -> None:
    """Write two pictures side by side, each pixel doubled, on one grey scale."""
    low, high = np.percentile(np.concatenate([before.ravel(), after.ravel()]), [2, 99.9])
    height = max(len(before), len(after))
    left, right = (
        np.pad(each.astype(float), ((0, height - len(each)), (0, 0)), constant_values=high) for each in (before, after)
    )
    both = np.hstack([left, np.full((height, 6), high), right]).repeat(2, axis=0).repeat(2, axis=1)
    eight = np.clip((both - low) / (high - low), 0, 1)
    matplotlib.image.imsave(IMAGES / f"correction_{name}.png", eight, cmap="gray", vmin=0, vmax=1)


def corrected(grey: NDArray[np.generic], modality: str, key: str = "") -> NDArray[np.uint16]:
    """Correct a stack with one key of the recipe at auto; without, with none."""
    params = PLAIN.model_copy(update={key: "auto"} if key else {})
    volume = preprocess(Volume(grey, CUBIC, modality), params, Engine())
    for line in volume.history[-1].parameters["found"]["did"]:
        print("   ", line)
    return np.asarray(volume.data)


def off(picture: NDArray[np.generic], clean: NDArray[np.generic]) -> float:
    """Return the root mean square of what a picture is off the clean one, in grey values of that.

    A straight line leads from its greys to those of the clean picture, since black and white move a little.
    """
    ours, theirs = picture.ravel().astype(float), clean.ravel().astype(float)
    slope, offset = np.polyfit(ours, theirs, 1)
    return float(np.std(slope * ours + offset - theirs))


def middle_slice(stack: NDArray[np.generic]) -> NDArray[np.generic]:
    """Return the slice in the middle of a stack."""
    return stack[len(stack) // 2]


def across(stack: NDArray[np.generic]) -> NDArray[np.generic]:
    """Return a section across the slices of a stack, each two pixels wide."""
    return stack[:, :, 96].T.repeat(2, axis=1)


def compare(
    name: str,
    clean: NDArray[np.generic],
    spoilt: NDArray[np.generic],
    modality: str,
    key: str,
    view: Callable[[NDArray[np.generic]], NDArray[np.generic]] = middle_slice,
) -> None:
    """Draw a view before and after, and print how much of the artefact is left in it."""
    print(name)
    before, after = (view(corrected(spoilt, modality, way)) for way in ("", key))
    left = [off(each, view(clean)) for each in (before, after)]
    print(f"    off the clean picture by {left[0]:.2f} before, {left[1]:.2f} after (rms, grey values)")
    draw(name, before, after)


def overlaps(labels: Labels, truth: Labels) -> str:
    """Return the intersection over union of void, SE and Li in words, cracks and dendrites counted with them."""
    confusion = count_confusion(labels.data, truth.data, Engine())
    parts = []
    for name, group in PHASES.items():
        both, false, missed = confusion.overlap(group)
        parts.append(f"{name} {both / (both + false + missed):.3f}")
    return ", ".join(parts)


def brightness() -> None:
    """A section across slices whose brightness jumps."""
    still = np.asarray(make_phantom("fibsem", seed=3, shape=(64, 160, 192), noise="none").volume.data)
    rng = np.random.default_rng(4)
    noisy = still + rng.normal(0, 6, still.shape)
    gains = rng.normal(1, 0.05, (len(still), 1, 1))
    compare("brightness", noisy, noisy * gains, "fibsem", "slice_brightness", across)


def shading() -> None:
    """A section that is darker towards one corner: the picture, and the phases that are found with and without."""
    phantom = make_phantom("sem", seed=5, noise="none")
    clean = np.asarray(phantom.volume.data) + np.random.default_rng(5).normal(0, 10, phantom.volume.shape)
    y, x = (np.linspace(-1, 1, length) for length in clean.shape[1:])
    shadow = np.exp(-0.12 * (y[:, None] + 2 * x[None] + x[None] ** 2))
    recipe, engine = load_recipe("sem"), Engine()
    volume = preprocess(Volume(clean * shadow, CUBIC, "sem"), recipe.preprocess, engine)
    print(f"shading\n    brightest over darkest place: {shadow.max() / shadow.min():.2f}")
    for follow in (False, True):
        params = recipe.segment.model_copy(update={"shading": follow})
        print(f"    followed: {follow}; IoU {overlaps(segment(volume, params, engine), phantom.truth)}")
    levels = find_levels(volume.data, recipe.segment, phases=SSB_PHASES, engine=engine)
    found = measure_shading(volume.data, levels, engine=engine)
    assert found is not None
    (whole,) = split(volume.shape, volume.shape)
    grey = np.asarray(volume.data).astype(float)
    draw("shading", grey[0, ::3, ::3], ((grey - BLACK) / flat_field(found, whole) + BLACK)[0, ::3, ::3])


def denoising() -> None:
    """A slice of a stack with slices twice as thick as its pixels are wide, and how else noise might be taken out."""
    still = make_phantom("fibsem", seed=3, shape=(40, 160, 192), noise="none")
    clean, spacing = np.asarray(still.volume.data), still.volume.spacing
    grey = clean + np.random.default_rng(6).normal(0, 25, clean.shape)
    fine, recipe, engine = spacing.y, load_recipe("fibsem"), Engine()
    apart = Spacing(100 * fine, fine, fine)
    pictures = []
    print("denoise")
    for way, how, told in (
        ("none", "none", spacing),
        ("gaussian", "gaussian", spacing),
        ("bilateral, slice by slice", "bilateral", apart),
        ("bilateral, as if voxels were cubes", "bilateral", Spacing(fine, fine, fine)),
        ("bilateral", "bilateral", spacing),
    ):
        params = recipe.preprocess.model_copy(update={"denoise": how})
        volume = preprocess(Volume(grey, told, "fibsem"), params, engine)
        labels = segment(replace(volume, spacing=spacing), recipe.segment, engine)
        left = off(np.asarray(volume.data), clean)
        print(f"    {way}: off the clean picture by {left:.2f} (rms); IoU {overlaps(labels, still.truth)}")
        pictures.append(middle_slice(np.asarray(volume.data)))
    draw("denoise", pictures[0], pictures[-1])


def deepest_um(volume: Volume, tilt_deg: float | None) -> float:
    """Return the depth of the deepest dendrite by the preset for sections, told of a tilt or not."""
    recipe, engine = load_recipe("sem"), Engine()
    params = recipe.preprocess.model_copy(update={"tilt_deg": tilt_deg})
    picture = preprocess(straighten(volume, params, engine), params, engine)
    labels = split_phases(segment(picture, recipe.segment, engine), recipe.cell, engine)
    rows = measure(anatomy(labels, recipe.cell, engine), recipe.measure, engine).rows
    return next(row.value for row in rows if row.metric == "dendrite_depth_max" and row.value is not None)


def tilt() -> None:
    """A section that is seen aslant, as it looks and with its true height, and what it does to a depth."""
    phantom = make_phantom("sem", seed=5)
    grey = np.asarray(phantom.volume.data)[0].astype(float)
    aslant = ndimage.zoom(grey, (math.sin(math.radians(TILT_DEG)), 1), order=1)
    volume = Volume(np.rint(aslant).astype(np.uint8), phantom.volume.spacing, "sem")
    depths = ", ".join(f"{deepest_um(volume, told):.2f} um at tilt_deg {told}" for told in (None, TILT_DEG))
    print(f"tilt\n    deepest dendrite {phantom.values['dendrite_depth_max']:.2f} um; {depths}")
    seen = aslant[::2, :480:2]
    draw("tilt", seen, ndimage.zoom(seen, (1 / math.sin(math.radians(TILT_DEG)), 1), order=1))


def alignment() -> None:
    """A section across the slices of a stack that jitters, before and after."""
    still = np.asarray(make_phantom("fibsem", seed=3, shape=(64, 200, 232), noise="none").volume.data)
    shifts = np.random.default_rng(1).normal(0, 2, (64, 2)).clip(-6, 6)
    moved = np.rint(wander(still, shifts, margin=20).clip(0, 255)).astype(np.uint8)
    after = straighten(Volume(moved, CUBIC, "fibsem"), PreprocessParams(), Engine())
    print("align\n   ", *after.history[-1].parameters["found"]["did"])
    rows = [np.asarray(each)[:, :, 96].T for each in (moved, after.data)]
    draw("align", rows[0].repeat(2, axis=1), rows[1].repeat(2, axis=1))


def main() -> None:
    """Draw all pictures."""
    rng = np.random.default_rng(0)
    alignment()
    brightness()
    shading()
    denoising()
    tilt()
    sem = np.asarray(make_phantom("sem", seed=5, shape=(200, 240), noise="none").volume.data).astype(np.float32)
    noisy = sem + rng.normal(0, 10, sem.shape).astype(np.float32)
    compare("curtains", noisy, curtained(noisy, rms=0.09, seed=2), "sem", "stripes")
    alloy = make_phantom("sem-alloy", seed=5, shape=(200, 240), noise="none")
    grey = np.asarray(alloy.volume.data).astype(np.float32) + rng.normal(0, 6, sem.shape).astype(np.float32)
    void = np.isin(np.asarray(alloy.truth.data), alloy.truth.phases.values_with("pore"))
    compare("charging", grey, charged(grey, void, rim=90), "sem", "charging")
    ct = np.asarray(make_phantom("xct", seed=3, shape=(40, 128, 128), noise="none").volume.data)[10:34]
    ct = ct.astype(np.float32) / 256
    middle = (63.5, 63.5)
    grainy = ct + rng.normal(0, 4, ct.shape).astype(np.float32)
    compare("rings", grainy, ringed(grainy, rms=5, seed=2, centre=(60, 66)), "xct", "stripes")
    compare("cupping", ct, cupped(ct - ct.min(), rim=0.25, centre=middle) + ct.min(), "xct", "cupping")
    compare("fringes", ct, fringed(ct, strength=1.0), "xct", "fringes")


if __name__ == "__main__":
    main()
