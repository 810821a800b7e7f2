"""Pictures of the pages on layers, fractions, profiles, pores, particles and transport.

Writes docs/images/layer_thickness.png, fractions.png, profiles.png, pore_size.png, particle_size.png and
transport.png, all from phantoms with fixed seeds: ``uv run python benchmarks/pictures/layers.py [NAME ...]``.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray
from scipy import ndimage

from micro.blocks import Engine, local_thickness
from micro.cell import SE_REGION, Cell, CellParams, Part, anatomy
from micro.measure import MeasureParams, Results, measure
from micro.measure.diffusion import diffuse
from micro.measure.watershed import split_touching
from micro.model import SSB_PHASES, Labels, Spacing
from micro.phantoms import make_phantom
from micro.report.canvas import INK, Sheet, drawing, to_bytes
from micro.report.params import ReportParams
from micro.report.scalebar import draw_scale_bar

IMAGES = Path(__file__).resolve().parents[2] / "docs" / "images"
WIDE_MM = 180.0
FONT_PT = 7.0
VOID, SE, LI, DENDRITE, CRACK, CATHODE = 1, 2, 3, 4, 5, 6
BLUE, ORANGE, GREEN = "#0072B2", "#D55E00", "#009E73"
ENGINE = Engine()


def picture(
    sheet: Sheet, place: tuple[float, float, float], values: NDArray[np.generic], um: float, **look: object
) -> Axes:
    """Draw a slice at (left, top, width) in mm, ``um`` to the pixel, with a scale bar; return its axes."""
    left, top, width = place
    rows, columns = values.shape[:2]
    axes = sheet.axes(left, top, width, width * rows / columns)
    axes.imshow(values, extent=(0, columns * um, rows * um, 0), **look)  # type: ignore[arg-type]
    axes.set_xticks([])
    axes.set_yticks([])
    draw_scale_bar(axes, columns * um, rows * um, width / (columns * um), FONT_PT)
    return axes


def phase_colours(values: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the picture of a label slice in the phases' colours."""
    table = np.zeros((256, 3), np.uint8)
    for phase in SSB_PHASES:
        table[phase.value] = [int(phase.colour[at : at + 2], 16) for at in (1, 3, 5)]
    return np.asarray(table[values])


def keys(sheet: Sheet, top: float, names: dict[str, str]) -> None:
    """Put a legend of coloured patches in the middle of the sheet."""
    sheet.legend([[Patch(color=colour, label=name) for name, colour in names.items()]], top)


def measured(
    labels: NDArray[np.uint8], edge_um: float, *, normal: str = "-y", **params: object
) -> tuple[Cell, Results]:
    """Return the cell of a label volume, and all its measurements."""
    spacing = Spacing(edge_um, edge_um, edge_um)
    cell = anatomy(Labels(labels, spacing), CellParams.model_validate({"normal": normal}), ENGINE)
    return cell, measure(cell, MeasureParams.model_validate(params), ENGINE)


def layered(
    shape: tuple[int, int, int], *, anode: int, far: int, rough: float = 0.0, tilt: float = 0.0
) -> NDArray[np.uint8]:
    """Return Li at the bottom, SE, cathode at the top; the far side is rough, all is tilted by ``tilt`` rows."""
    rng = np.random.default_rng(3)
    slope = tilt * (np.arange(shape[2]) / shape[2] - 0.5)[None, :]
    bumps = ndimage.gaussian_filter(rng.standard_normal((shape[0], shape[2])), 9)
    bumps *= rough / bumps.std()
    height = shape[1] - 1 - np.arange(shape[1])[None, :, None] - slope[:, None, :]
    labels = np.full(shape, SE, np.uint8)
    labels[np.broadcast_to(height < anode, shape)] = LI
    labels[height > shape[1] - far + bumps[:, None, :]] = CATHODE
    return labels


def layer_thickness() -> Figure:
    """A tilted electrolyte with a rough far side: section, and the map of its thickness."""
    edge = 0.25
    labels = layered((160, 120, 200), anode=30, far=34, rough=3.0, tilt=16)
    cell, found = measured(labels, edge, transport=(), particles=())
    assert cell.plane is not None
    sheet = Sheet(WIDE_MM, 76)
    axes = picture(sheet, (6, 10, 76), phase_colours(labels[80]), edge)
    axes.set_title("a  Section through the middle")
    x = np.array([0, 200 * edge])
    axes.plot(x, cell.plane.place_um(1, np.full(2, 80 * edge), x), color="black")
    row = 100
    column = np.flatnonzero(labels[80, :, row] == SE)
    at, ends = (row + 0.5) * edge, (column[0] * edge, (column[-1] + 1) * edge)
    axes.annotate(
        "", (at, ends[0]), (at, ends[1]), arrowprops={"arrowstyle": "<->", "lw": 0.9, "shrinkA": 0, "shrinkB": 0}
    )
    axes.text(at + 1, np.mean(ends), "column", va="center")
    values = found.thickness_maps["SE"]
    axes = sheet.axes(96, 10, 68, 54.4)
    image = axes.imshow(values.values_um, cmap="cividis", extent=(0, 200 * edge, 160 * edge, 0))
    axes.set_title("b  Thickness of the electrolyte, seen along the normal")
    axes.set_xlabel("x (µm)")
    axes.set_ylabel("z (µm)")
    bar = sheet.figure.colorbar(image, cax=sheet.axes(166, 10, 2.5, 50))
    bar.ax.set_title("µm")
    mean, spread = (found.row(f"layer_thickness_{name}", phase_a="SE").value for name in ("mean", "sd"))
    sheet.figure.text(6 / WIDE_MM, 0.16, f"mean {mean:.2f} µm, sd {spread:.2f} µm; black: reference interface")
    keys(
        sheet,
        1,
        {"Li": SSB_PHASES["Li"].colour, "SE": SSB_PHASES["SE"].colour, "cathode": SSB_PHASES["cathode"].colour},
    )
    return sheet.figure


def fractions() -> Figure:
    """The parts of the SE region that porosity and density count, with their intervals."""
    phantom = make_phantom("fibsem", seed=1, shape=(96, 160, 200))
    cell = anatomy(phantom.truth, CellParams.model_validate({"normal": phantom.normal}), ENGINE)
    found = measure(cell, MeasureParams(transport=()), ENGINE)
    parts = np.asarray(cell.parts)
    edge = phantom.truth.spacing.x
    names = {"SE": "#D9D9D9", "Li": "#E69F00", "dendrite": ORANGE, "pore": BLUE, "crack": "#56B4E9", "gap": "#CC79A7"}
    kind = np.zeros(parts.shape, np.uint8)
    for number, part in enumerate((Part.ANODE, Part.DENDRITE, Part.PORE, Part.CRACK, Part.GAP), start=1):
        kind[(parts & 127) == part] = number
    kind[(parts & 127) == Part.ISOLATED] = 2
    many = int(np.argmax([np.count_nonzero(one == 5) for one in kind]))
    sheet = Sheet(WIDE_MM, 74)
    axes = picture(sheet, (6, 10, 78), kind[many], edge, cmap=ListedColormap(list(names.values())), vmin=0, vmax=5)
    axes.set_title("a  Parts of a slice; hatched: outside the SE region")
    outside = np.ma.masked_where(parts[many] >= SE_REGION, np.ones(parts[many].shape))
    high, wide = (n * edge for n in parts[many].shape)
    axes.contourf(outside.filled(0), levels=[0.5, 1.5], colors="none", hatches=["////"], extent=(0, wide, 0, high))
    axes = sheet.axes(112, 10, 62, 54)
    metrics = ["porosity", "porosity_pore", "crack_porosity", "dendrite_fraction"]
    for place, metric in enumerate(metrics):
        row = found.row(metric, roi="se_region")
        assert row.value is not None
        low, high = (row.ci_low or row.value, row.ci_high or row.value)
        axes.errorbar(
            row.value, place, xerr=[[row.value - low], [high - row.value]], fmt="o", color=INK, ms=3, capsize=2
        )
    axes.set_yticks(range(len(metrics)), metrics)
    axes.set_ylim(len(metrics) - 0.5, -0.5)
    axes.set_xlim(0, None)
    axes.set_xlabel("fraction of the SE region, 95 % interval")
    axes.set_title("b  What they come to")
    keys(sheet, 1, names)
    return sheet.figure


def profiles() -> Figure:
    """Phase fractions of a full cell against the height above the interface."""
    phantom = make_phantom("fibsem", seed=1, shape=(96, 160, 200))
    cell = anatomy(phantom.truth, CellParams.model_validate({"normal": phantom.normal}), ENGINE)
    table = measure(cell, MeasureParams(transport=()), ENGINE).profiles
    sheet = Sheet(WIDE_MM, 62)
    axes = sheet.axes(14, 8, 72, 42)
    for phase, colour in (
        ("Li", "#E69F00"),
        ("SE", "#999999"),
        ("void", BLUE),
        ("dendrite", ORANGE),
        ("crack", "#56B4E9"),
    ):
        one = table[(table["quantity"] == "phase_fraction") & (table["phase"] == phase)]
        axes.plot(one["depth_um"], one["value"], color=colour, label=phase)
    axes.axvline(0, color=INK, lw=0.6, ls="--")
    axes.set_xlabel("height above the reference interface (µm)")
    axes.set_ylabel("fraction of the bin's labelled voxels")
    axes.set_title("a  All phases; dashed: the interface")
    axes.legend(loc="center right")
    axes = sheet.axes(104, 8, 70, 42)
    for quantity, label, colour in (
        ("dendrite_fraction", "dendrites", ORANGE),
        ("crack_fraction", "cracks", "#56B4E9"),
        ("gap_fraction", "gaps", "#CC79A7"),
    ):
        one = table[table["quantity"] == quantity]
        axes.plot(one["depth_um"], one["value"], color=colour, label=label)
    axes.set_xlabel("height above the reference interface (µm)")
    axes.set_ylabel("fraction of the bin's labelled voxels")
    axes.set_title("b  Parts, enlarged")
    axes.legend()
    return sheet.figure


def _pores(shape: tuple[int, int, int]) -> NDArray[np.uint8]:
    """Return electrolyte over lithium whose pores grow with the height."""
    rng = np.random.default_rng(11)
    labels = np.full(shape, SE, np.uint8)
    z, y, x = np.ogrid[: shape[0], : shape[1], : shape[2]]
    for _ in range(260):
        high = rng.uniform(20, shape[1])
        radius = rng.normal(3 + 7 * high / shape[1], 0.8)
        at = rng.uniform(0, shape[0]), shape[1] - high, rng.uniform(0, shape[2])
        labels[(z - at[0]) ** 2 + (y - at[1]) ** 2 + (x - at[2]) ** 2 < radius**2] = VOID
    labels[:, -16:] = LI
    return labels


def pore_size() -> Figure:
    """Local thickness of pores that grow with the height: slice, distribution, profile."""
    edge = 0.1
    labels = _pores((100, 180, 140))
    _, found = measured(labels, edge, transport=())
    mask = np.where(labels == LI, 0, labels == VOID).astype(np.uint8)
    sizes = np.asarray(local_thickness(mask, edges_um=(edge,) * 3, radius_max_um=3.2, engine=ENGINE))
    sheet = Sheet(WIDE_MM, 76)
    axes = picture(sheet, (6, 8, 50), phase_colours(labels[50]), edge)
    shown = axes.imshow(
        np.ma.masked_equal(sizes[50], 0), cmap="viridis", extent=(0, 14, 18, 0), vmin=0, vmax=float(sizes.max())
    )
    axes.set_title("a  Largest ball that fits")
    bar = sheet.figure.colorbar(shown, cax=sheet.axes(58, 14, 2.5, 52))
    bar.ax.set_title("µm")
    table = found.distributions.query("quantity == 'pore_size'")
    axes = sheet.axes(82, 8, 40, 52)
    axes.bar(table["bin_low"], table["value"], table["bin_high"] - table["bin_low"], align="edge", color=BLUE)
    for name in ("d10", "d50", "d90"):
        value = found.row(f"pore_size_{name}").value
        assert value is not None
        axes.axvline(value, color=INK, lw=0.7, ls=":")
        axes.text(value, 1.0, name, ha="center", va="bottom", transform=axes.get_xaxis_transform())
    axes.set_xlabel("pore size (µm)")
    axes.set_ylabel("share of the pore volume")
    axes.set_title("b", pad=9)
    profile = found.profiles.query("quantity == 'pore_size_mean'")
    axes = sheet.axes(136, 8, 40, 52)
    axes.plot(profile["depth_um"], profile["value"], color=BLUE)
    axes.set_ylim(0, None)
    axes.set_xlabel("height above the interface (µm)")
    axes.set_ylabel("mean pore size (µm)")
    axes.set_title("c", pad=9)
    return sheet.figure


def particle_size() -> Figure:
    """Touching spheres, split: slice in colours, diameters against the truth."""
    edge, shape = 0.2, (120, 120, 120)
    rng = np.random.default_rng(4)
    taken: list[tuple[NDArray[np.float64], float]] = []
    z, y, x = (np.arange(n)[at] + 0.5 for n, at in zip(shape, np.ogrid[:120, :120, :120], strict=True))
    labels = np.full(shape, SE, np.uint8)
    for _ in range(6000):
        radius, at = float(rng.lognormal(np.log(9), 0.28)), rng.uniform(-10, 130, 3)
        if all(np.linalg.norm(at - other) > 0.97 * (radius + size) for other, size in taken):
            taken.append((at, radius))
            labels[(z - at[0]) ** 2 + (y - at[1]) ** 2 + (x - at[2]) ** 2 <= radius**2] = CATHODE
    cell = Cell(Labels(labels, Spacing(edge, edge, edge)), np.zeros(shape, np.uint8))
    found = measure(cell, MeasureParams(transport=()), ENGINE)
    numbers = split_touching(labels == CATHODE, (edge,) * 3)[60]
    sheet = Sheet(WIDE_MM, 68)
    picture(sheet, (4, 8, 54), phase_colours(labels[60]), edge).set_title("a  Cathode particles that touch")
    colours = mpl.colormaps["tab20"](np.arange(int(numbers.max())) % 20)[:, :3]
    shades = np.vstack([[0.92, 0.92, 0.92], colours])
    picture(sheet, (62, 8, 54), shades[numbers], edge).set_title("b  Split by the watershed")
    table = found.objects["particles"]
    whole = table[table["weight"] > 0]
    centres = np.array([at for at, _ in taken]) * edge
    nearest = [int(np.argmin(((centres - row) ** 2).sum(axis=1))) for row in whole[["z_um", "y_um", "x_um"]].to_numpy()]
    true = np.array([2 * taken[one][1] * edge for one in nearest])
    axes = sheet.axes(132, 8, 44, 44)
    axes.plot([0, 7], [0, 7], color=INK, lw=0.6)
    axes.plot(true, whole["equivalent_diameter_um"], "o", color=GREEN, ms=2.5)
    axes.set_xlabel("true diameter (µm)")
    axes.set_ylabel("measured diameter (µm)")
    axes.set_title("c  Whole particles")
    off = np.abs(whole["equivalent_diameter_um"].to_numpy() / true - 1)
    sheet.figure.text(132 / WIDE_MM, 0.03, f"{len(whole)} particles, median error {100 * np.median(off):.1f} %")
    return sheet.figure


def _obstacles() -> list[tuple[float, float]]:
    """Return the error in % of the diffusivity around a sphere in a cubic lattice, by its radius in voxels."""
    errors = []
    for radius in (3, 4, 6, 8, 12, 16, 24):
        middle = (3 * radius - 1) / 2
        z, y, x = np.ogrid[: 3 * radius, : 3 * radius, : 3 * radius]
        open_ = (z - middle) ** 2 + (y - middle) ** 2 + (x - middle) ** 2 > radius**2
        share = float(1 - open_.mean())
        exact = 2 * (1 - share) / (2 + share)
        errors.append((float(radius), 100 * (diffuse(open_, (1.0, 1.0, 1.0)).diffusivity / exact - 1)))
    return errors


def transport() -> Figure:
    """Tortuosity factor around overlapping spheres against two bounds, and what the voxels cost."""
    edge, radius = 128, 14
    rng = np.random.default_rng(6)
    z, y, x = np.ogrid[:edge, :edge, :edge]
    solid = np.zeros((edge,) * 3, bool)
    points, example = [], solid
    for count in range(1, 181):
        at = rng.uniform(-radius, edge + radius, 3)
        solid |= (z - at[0]) ** 2 + (y - at[1]) ** 2 + (x - at[2]) ** 2 < radius**2
        if count % 20 == 0:
            found = diffuse(~solid, (1.0, 1.0, 1.0))
            points.append((found.percolating, found.tortuosity))
        if count == 100:
            example = solid.copy()
    eps, tau = np.array(points, np.float64).T
    fine = np.linspace(eps.min(), 1, 100)
    sheet = Sheet(WIDE_MM, 66)
    labels = np.where(example[edge // 2], VOID, SE).astype(np.uint8)
    axes = picture(sheet, (4, 8, 48), phase_colours(labels), 0.2)
    axes.set_title("a  Electrolyte with overlapping pores")
    axes = sheet.axes(68, 8, 46, 44)
    axes.plot(eps, tau, "o", color=BLUE, ms=3, label="micro")
    axes.plot(fine, 1 - np.log(fine) / 2, color=INK, label="least: Weissberg")
    axes.plot(fine, (3 - fine) / 2, color=INK, ls="--", label="least: Maxwell")
    axes.set_xlabel("fraction of electrolyte")
    axes.set_ylabel("tortuosity factor")
    axes.set_title("b  Against bounds")
    axes.legend()
    axes = sheet.axes(132, 8, 42, 44)
    sizes, errors = np.array(_obstacles()).T
    axes.axhline(0, color=INK, lw=0.6)
    axes.plot(sizes, errors, "o-", color=BLUE, ms=3)
    axes.set_xlabel("radius of a pore (voxels)")
    axes.set_ylabel("error of the effective diffusivity (%)")
    axes.set_title("c  What voxels cost")
    keys(sheet, 60, {"SE": SSB_PHASES["SE"].colour, "void": SSB_PHASES["void"].colour})
    return sheet.figure


PICTURES: dict[str, Callable[[], Figure]] = {
    one.__name__: one for one in (layer_thickness, fractions, profiles, pore_size, particle_size, transport)
}

if __name__ == "__main__":
    for name in sys.argv[1:] or PICTURES:
        with drawing(ReportParams()):
            (IMAGES / f"{name}.png").write_bytes(to_bytes(PICTURES[name](), "png", 200))
