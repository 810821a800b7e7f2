"""Pictures of the pages on the interface: contact fraction, gaps, roughness, reference interface.

Writes docs/images/contact_fraction.png, gaps.png, interface_roughness.png and reference_interface.png, all from
phantoms with fixed seeds: ``uv run python benchmarks/pictures/interface.py``.
"""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray

from micro.blocks import Engine
from micro.cell import Cell, CellParams, Normal, Part, ReferencePlane, anatomy, split_phases
from micro.measure import MeasureParams, Results, measure, roughness_of
from micro.model import SSB_PHASES, Labels, Spacing
from micro.phantoms import make_phantom
from micro.phantoms.analytic import tilted_plane
from micro.report.scalebar import draw_scale_bar

IMAGES = Path(__file__).resolve().parents[2] / "docs" / "images"
WIDTH_MM, FONT_PT = 180.0, 7.0
MM = 1 / 25.4
VOID, SE, LI, DENDRITE, CRACK = 1, 2, 3, 4, 5
COLOURS = {SE: "#DADADA", LI: "#E69F00", VOID: "#0072B2", DENDRITE: "#D55E00", CRACK: "#56B4E9"}
MEETS_SE, CONTACT = "#CC3311", 1
PART_COLOURS = {
    Part.OTHER: "#DADADA",
    Part.ANODE: "#E69F00",
    Part.COUNTER: "#E69F00",
    Part.DENDRITE: "#D55E00",
    Part.ISOLATED: "#882255",
    Part.GAP: "#0072B2",
    Part.CRACK: "#56B4E9",
    Part.PORE: "#999999",
}


def sheet(height_mm: float) -> Figure:
    """Return an empty figure of the pages' width."""
    figure = Figure(figsize=(WIDTH_MM * MM, height_mm * MM))
    FigureCanvasAgg(figure)
    return figure


def panel(figure: Figure, box_mm: tuple[float, float, float, float], letter: str, title: str) -> Axes:
    """Return axes at (left, top, width, height) in mm, titled."""
    wide, high = figure.get_figwidth() / MM, figure.get_figheight() / MM
    left, top, width, height = box_mm
    axes = figure.add_axes((left / wide, 1 - (top + height) / high, width / wide, height / high))
    axes.set_title(f"{letter}  {title}", loc="left", fontsize=FONT_PT, fontweight="bold")
    return axes


def picture(axes: Axes, values: NDArray[np.uint8], colours: dict[int, str], spacing: Spacing, width_mm: float) -> None:
    """Show a section in colours, in um, with a scale bar."""
    keys = sorted(colours)
    norm = BoundaryNorm([key - 0.5 for key in keys] + [keys[-1] + 0.5], len(keys))
    height_um, width_um = values.shape[0] * spacing.y, values.shape[1] * spacing.x
    axes.imshow(
        values,
        cmap=ListedColormap([colours[key] for key in keys]),
        norm=norm,
        extent=(0, width_um, height_um, 0),
        interpolation="nearest",
        aspect="auto",
    )
    axes.set(xticks=[], yticks=[])
    draw_scale_bar(axes, width_um, height_um, width_mm / width_um, FONT_PT)


def legend(axes: Axes, entries: dict[str, str], *, columns: int = 4, drop: float = -0.02) -> None:
    """Put colours and their names under a picture."""
    patches = [Patch(facecolor=colour, label=name) for name, colour in entries.items()]
    axes.legend(
        handles=patches,
        loc="upper left",
        bbox_to_anchor=(-0.01, drop),
        ncols=columns,
        frameon=False,
        handlelength=1.0,
        columnspacing=1.2,
    )


def line_of(axes: Axes, plane: ReferencePlane, shape: tuple[int, ...], spacing: Spacing, **style: object) -> None:
    """Draw where a reference interface whose normal follows y cuts a section."""
    x = np.linspace(0, shape[1] * spacing.x, 200)
    axes.plot(x, plane.place_um(1, np.full_like(x, 0.5 * spacing.z), x), **style)  # type: ignore[arg-type]


def through(labels: Labels, params: CellParams) -> tuple[Cell, Results]:
    """Split, name and measure labels."""
    cell = anatomy(split_phases(labels, params, Engine()), params, Engine())
    return cell, measure(cell, MeasureParams(), Engine())


def truth_of(kind: str, *, seed: int, shape: tuple[int, ...], cell: str = "half") -> Labels:
    """Return the labels of a phantom that only know void, SE and Li."""
    found = make_phantom(kind, seed=seed, shape=shape, cell=cell, noise="none").truth  # type: ignore[arg-type]
    values = np.asarray(found.data)
    merged = np.where(values == DENDRITE, LI, np.where(values == CRACK, VOID, values))
    return Labels(merged.astype(np.uint8), found.spacing)


def contact_fraction() -> Figure:
    """Faces that count, a contact map with its spots, and the error in 20 orientations."""
    figure = sheet(76)
    _faces(panel(figure, (4, 6, 48, 48), "a", "faces that are counted"))
    _contact_map(figure)
    _errors(panel(figure, (137, 6, 40, 46), "c", "error against formulae"))
    return figure


def _faces(axes: Axes) -> None:
    """Show a small tilted interface whose faces are coloured by what the anode meets."""
    shape = tilted_plane(
        spacing=Spacing(1, 1, 1),
        pitch_um=32,
        radius_um=9,
        side="metal",
        normal="-y",
        tilt_deg=14,
        section=True,
        cells=(1, 1),
    )
    values = np.asarray(shape.labels.data)[0]
    picture(axes, values, {k: COLOURS[k] for k in (VOID, SE, LI)}, shape.labels.spacing, 48)
    rows, columns = values.shape
    for y, x in np.argwhere(values == LI):
        for dy, dx, ends in (
            (-1, 0, ((x, x + 1), (y, y))),
            (1, 0, ((x, x + 1), (y + 1, y + 1))),
            (0, -1, ((x, x), (y, y + 1))),
            (0, 1, ((x + 1, x + 1), (y, y + 1))),
        ):
            other = values[y + dy, x + dx] if 0 <= y + dy < rows and 0 <= x + dx < columns else LI
            if other != LI:
                axes.plot(*ends, color=MEETS_SE if other == SE else "#000000", linewidth=1.6, solid_capstyle="butt")
    axes.set(xlim=(0, columns), ylim=(rows, 0))
    legend(
        axes,
        {"Li": COLOURS[LI], "SE": COLOURS[SE], "void": COLOURS[VOID], "Li | SE": MEETS_SE, "Li | void": "black"},
        columns=3,
    )


def _contact_map(figure: Figure) -> None:
    """Show the map of an interface that is held together by spots, those cut by the picture paler."""
    from scipy.ndimage import gaussian_filter, label

    noise = gaussian_filter(np.random.default_rng(8).standard_normal((220, 240)), 6)[10:-10, 10:-10]
    labels = np.full((200, 24, 220), SE, np.uint8)
    labels[:, :10] = LI
    labels[:, 10:12][np.repeat((noise / noise.std() < 0.75)[:, None], 2, axis=1)] = VOID
    parts = np.where(labels == LI, int(Part.ANODE), int(Part.OTHER)).astype(np.uint8)
    cell = Cell(Labels(labels, Spacing(0.1, 0.1, 0.1)), parts, Normal(1, 1), ReferencePlane((0.0, 1.0, 0.0), 1.0))
    results = measure(cell, MeasureParams(), Engine())
    found, table = results.contact_map, results.objects["contact_spots"]
    assert found is not None
    axes = panel(figure, (66, 6, 48, 46), "b", "contact map and its spots")
    ids = label(found.values == CONTACT, structure=np.ones((3, 3)))[0]
    shown = np.where(np.append(False, table["cut"])[ids], 2, found.values == CONTACT)
    high, wide = (n * edge for n, edge in zip(found.values.shape, found.spacing_um, strict=True))
    axes.imshow(
        shown,
        cmap=ListedColormap([COLOURS[VOID], COLOURS[LI], "#F3CF80"]),
        extent=(0, wide, high, 0),
        interpolation="nearest",
        aspect="auto",
    )
    fraction, spots = results.row("contact_fraction"), results.row("contact_spot_area_mean")
    axes.set_xlabel(
        f"x (µm)\ncontact fraction {fraction.value:.2f} [{fraction.ci_low:.2f}, {fraction.ci_high:.2f}]\n"
        f"{spots.n:.0f} spots of {spots.value:.2f} µm² on average"
    )
    axes.set_ylabel("z (µm)")
    patches = {"void": COLOURS[VOID], "spot": COLOURS[LI], "spot, cut by the picture": "#F3CF80"}
    legend(axes, patches, columns=3, drop=-0.34)


def _errors(axes: Axes) -> None:
    """Plot the error of the contact fraction on tilted planes with hemispheres in the metal or the electrolyte."""
    rng = np.random.default_rng(7)
    for side, colour, marker in (("metal", "#D55E00", "o"), ("SE", "#0072B2", "x")):
        tilts, errors = [], []
        for number in range(20):
            tilt, heading = 45 * (number + 0.5) / 20, rng.uniform(0, 2 * np.pi)
            found, true = _hemispheres(tilt, heading, side, np.random.default_rng(number))
            tilts.append(tilt)
            errors.append(found - true)
        axes.plot(tilts, errors, marker, color=colour, markersize=3, label=f"voids in {side}", markerfacecolor="none")
    axes.axhspan(-0.005, 0.005, color="#EEEEEE", zorder=0)
    axes.axhline(0, color="#888888", linewidth=0.5)
    axes.set(xlim=(0, 45), ylim=(-0.01, 0.01), xlabel="tilt (degrees)\nband: ±0.005", ylabel="measured − true")
    axes.legend(frameon=False, loc="upper left", fontsize=FONT_PT)


def _hemispheres(tilt_deg: float, heading: float, side: str, rng: np.random.Generator) -> tuple[float, float]:
    width = 96
    a, b = np.tan(np.radians(tilt_deg)) * np.array([np.cos(heading), np.sin(heading)])
    rise = (abs(a) + abs(b)) * width
    shape = (width, int(rise + 44), width)
    z, y, x = np.ix_(*(np.arange(n) + 0.5 for n in shape))
    level = shape[1] / 2 - (a + b) * width / 2
    labels = np.where(y < level + a * z + b * x, LI, SE).astype(np.uint8)
    area = 0.0
    for place in ((i, j) for i in (16, 48, 80) for j in (16, 48, 80)):
        radius = rng.uniform(10, 15)
        u, v = np.array(place) + rng.uniform(-1, 1, 2) * (16 - radius)
        ball = (y - level - a * u - b * v) ** 2 + (z - u) ** 2 + (x - v) ** 2 < radius**2
        labels[ball & (labels == (LI if side == "metal" else SE))] = VOID
        area += np.pi * radius**2
    cosine = 1 / np.sqrt(1 + a * a + b * b)
    parts = np.where(labels == LI, int(Part.ANODE), int(Part.OTHER)).astype(np.uint8)
    plane = ReferencePlane((-a * cosine, cosine, -b * cosine), level * cosine)
    cell = Cell(Labels(labels, Spacing(1, 1, 1)), parts, Normal(1, 1), plane)
    found = measure(cell, MeasureParams(), Engine()).row("contact_fraction").value
    assert found is not None
    return found, float(1 - area * cosine / width**2)


def gaps() -> Figure:
    """A section with its gaps in their band, and how thick they are column by column."""
    figure = sheet(66)
    labels = truth_of("sem", seed=6, shape=(300, 480), cell="stripped")
    cell, results = through(labels, CellParams())
    assert cell.plane is not None
    parts = np.asarray(cell.parts)[0] & 127
    axes = panel(figure, (4, 6, 92, 50), "a", "gaps, in the band about the reference interface")
    picture(axes, parts, {int(part): colour for part, colour in PART_COLOURS.items()}, labels.spacing, 92)
    band_um = max(12 * min(labels.spacing.y, labels.spacing.x), 3 * cell.plane.residual_um)
    line_of(axes, cell.plane, parts.shape, labels.spacing, color="black", linewidth=0.8)
    for side in (-1, 1):
        shifted = ReferencePlane(cell.plane.direction, cell.plane.offset_um + side * band_um, 0.0, cell.plane.bow)
        line_of(axes, shifted, parts.shape, labels.spacing, color="black", linewidth=0.8, linestyle=(0, (4, 3)))
    axes.set(xlim=(0, parts.shape[1] * labels.spacing.x), ylim=(parts.shape[0] * labels.spacing.y, 0))
    names = {
        "anode": Part.ANODE,
        "electrolyte": Part.OTHER,
        "gap": Part.GAP,
        "dendrite": Part.DENDRITE,
        "crack": Part.CRACK,
        "pore": Part.PORE,
    }
    legend(axes, {name: PART_COLOURS[part] for name, part in names.items()}, columns=6)
    _thickness(panel(figure, (112, 6, 64, 50), "b", "thickness, column by column"), results)
    return figure


def _thickness(axes: Axes, results: Results) -> None:
    values = results.thickness_maps["gap"].values_um
    values = values[values > 0]
    axes.hist(values, bins=np.arange(0, values.max() + 0.1, 0.1), color="#0072B2", alpha=0.75)
    mean, p95 = results.row("gap_thickness_mean"), results.row("gap_thickness_p95")
    assert mean.value is not None
    assert p95.value is not None
    axes.axvline(mean.value, color="black", linewidth=1, label=f"mean {mean.value:.2f} µm")
    axes.axvline(p95.value, color="black", linewidth=1, linestyle="--", label=f"95th percentile {p95.value:.2f} µm")
    axes.set(xlabel="gap thickness (µm)", ylabel="columns")
    axes.set_ylim(0, 1.3 * axes.get_ylim()[1])
    axes.legend(frameon=False, loc="upper center", fontsize=FONT_PT)


def interface_roughness() -> Figure:
    """Steps and what the filter makes of them; what it passes; what a digital plane reads at any tilt."""
    figure = sheet(56)
    _profile(panel(figure, (12, 6, 48, 38), "a", "voxel steps, filtered"))
    _passed(panel(figure, (74, 6, 42, 38), "b", "height that the filter passes"))
    _planes(panel(figure, (133, 6, 44, 38), "c", "digital planes"))
    return figure


def _profile(axes: Axes) -> None:
    from scipy.ndimage import gaussian_filter1d

    x = np.arange(160) + 0.5
    plane = 12 + 0.06 * x
    true = plane + 3 * np.sin(2 * np.pi * x / 53)
    steps = np.floor(true + 0.5)
    axes.stairs(steps * 0.1, np.arange(161) * 0.1, color="#888888", linewidth=0.8, label="voxels")
    # Cut-off of 10 voxels; the standard deviation over it is that of ISO 16610-61.
    smooth = gaussian_filter1d(steps - plane, 1.874, mode="nearest") + plane
    axes.plot(x * 0.1, smooth * 0.1, color="#D55E00", linewidth=1.2, label="filtered")
    axes.plot(x * 0.1, plane * 0.1, color="black", linewidth=0.8, label="reference")
    axes.set(xlabel="x (µm)", ylabel="height (µm)", xlim=(0, 16), ylim=(0.7, 3.1))
    axes.legend(frameon=False, loc="upper left", fontsize=FONT_PT, handlelength=1.2)


def _passed(axes: Axes) -> None:
    waves = np.array([12, 16, 20, 24, 30, 40, 53, 70, 96, 120])
    found = []
    for wave in waves:
        v = np.arange(8 * wave) + 0.5
        tilt = 0.07 * (np.arange(60) + 0.5)[:, None]
        surface = np.floor(tilt + 4 * np.sin(2 * np.pi * v / wave) + 0.5)
        rough = roughness_of(surface, np.broadcast_to(tilt, surface.shape), (1.0, 1.0), smoothing_um=10.0)
        assert rough is not None
        found.append(rough.sq_um / (4 / np.sqrt(2)))
    fine = np.geomspace(8, 130, 200)
    axes.plot(fine / 10, 2 ** -((10 / fine) ** 2), color="#888888", linewidth=1, label="ISO 16610-61")
    axes.plot(waves / 10, found, "o", color="#D55E00", markersize=3, label="measured on voxels")
    axes.set(xscale="log", xlabel="wavelength / smoothing length", ylabel="Sq / true Sq", ylim=(0, 1.1))
    axes.set_xticks([1, 2, 5, 10], ["1", "2", "5", "10"])
    axes.minorticks_off()
    axes.legend(frameon=False, loc="lower right", fontsize=FONT_PT)


def _planes(axes: Axes) -> None:
    rng = np.random.default_rng(2)
    u, v = np.meshgrid(np.arange(128) + 0.5, np.arange(128) + 0.5, indexing="ij")
    for length, colour in ((5.0, "#56B4E9"), (10.0, "#D55E00"), (20.0, "#009E73")):
        tilts = np.concatenate([np.linspace(0.2, 9, 30), np.linspace(10, 45, 30)])
        found = []
        for tilt in tilts:
            heading = rng.uniform(0, 2 * np.pi)
            plane = np.tan(np.radians(tilt)) * (np.cos(heading) * u + np.sin(heading) * v)
            rough = roughness_of(np.floor(plane + 0.5), plane, (1.0, 1.0), smoothing_um=length)
            assert rough is not None
            found.append(rough.developed)
        axes.plot(tilts, found, ".", color=colour, markersize=3, label=f"{length:.0f} voxels")
    axes.set(xlabel="tilt (degrees)", ylabel="developed area ratio (true: 0)", ylim=(-0.0005, 0.014), xlim=(0, 45))
    axes.legend(frameon=False, title="smoothing length", loc="upper right", fontsize=FONT_PT, title_fontsize=FONT_PT)


def reference_interface() -> Figure:
    """Four references: fitted plane, fitted curve, stated thickness where the anode has gone, drawn line."""
    figure = sheet(112)
    spacing = Spacing(0.1, 0.1, 0.1)
    gone = Labels(_gone(), spacing)
    cases = (
        ("fitted plane", truth_of("sem", seed=3, shape=(240, 420)), CellParams()),
        ("fitted curve", truth_of("sem", seed=2, shape=(240, 420), cell="curved"), CellParams(reference="curved")),
        ("stated thickness: the anode has gone", gone, CellParams(normal="-y", reference_thickness_um=6)),
        ("drawn line", gone, CellParams(normal="-y", reference_line=((186, 10), (181, 150), (176, 290), (172, 410)))),
    )
    for number, (title, labels, params) in enumerate(cases):
        box = (4 + 89 * (number % 2), 6 + 51 * (number // 2), 84, 44)
        axes = panel(figure, box, "abcd"[number], title)
        cell, results = through(labels, params)
        assert cell.plane is not None
        parts = np.asarray(cell.parts)[0] & 127
        picture(axes, parts, {int(part): colour for part, colour in PART_COLOURS.items()}, labels.spacing, 84)
        line_of(axes, cell.plane, parts.shape, labels.spacing, color="black", linewidth=1)
        if params.reference_line:
            points = (np.array(params.reference_line) + 0.5) * labels.spacing.y
            axes.plot(points[:, 1], points[:, 0], "o", color="black", markersize=3, markerfacecolor="white")
        axes.set(xlim=(0, parts.shape[1] * labels.spacing.x), ylim=(parts.shape[0] * labels.spacing.y, 0))
        depth, residual = results.row("dendrite_depth_max"), results.row("reference_residual")
        told = "none to be told" if residual.value is None else f"{residual.value:.2f} µm"
        deepest = depth.note if depth.value is None else f"deepest joined dendrite {depth.value:.1f} µm"
        note = f"{deepest}; residual {told}"
        axes.text(
            0.99,
            0.97,
            note,
            transform=axes.transAxes,
            ha="right",
            va="top",
            bbox={"facecolor": "white", "alpha": 0.8, "linewidth": 0, "pad": 1.5},
        )
        if number == 2:
            names = {
                "anode, or metal below": Part.ANODE,
                "electrolyte": Part.OTHER,
                "gap": Part.GAP,
                "joined dendrite": Part.DENDRITE,
                "isolated": Part.ISOLATED,
                "crack": Part.CRACK,
                "pore": Part.PORE,
            }
            legend(axes, {name: PART_COLOURS[part] for name, part in names.items()}, columns=7)
    return figure


def _gone() -> NDArray[np.uint8]:
    """Return a section whose anode has gone into the electrolyte: stripes and branches, no layer left."""
    from scipy.ndimage import gaussian_filter

    rng = np.random.default_rng(12)
    rows = np.arange(240)[:, None]
    # A level of a smooth field is a net; it thins out and ends toward the tips, which are ragged.
    noise = gaussian_filter(rng.standard_normal((240, 420)), (7, 13))
    tips = gaussian_filter(rng.standard_normal(420), 18)[None]
    beyond = (rows - 60 - 40 * tips / tips.std()) / 140
    metal = (np.abs(noise / noise.std()) < 0.10 + 0.12 * beyond) & (beyond > 0) & (rows < 214)
    labels = np.where(metal, LI, SE).astype(np.uint8)
    pores = gaussian_filter(rng.standard_normal((240, 420)), 3)
    labels[(pores / pores.std() > 2.6) & ~metal] = VOID
    return labels[None]


def main() -> None:
    """Write all four pictures."""
    mpl.rcParams.update({"font.size": FONT_PT, "axes.linewidth": 0.5, "font.family": "DejaVu Sans"})
    assert SSB_PHASES["Li"].value == LI
    for draw in (contact_fraction, gaps, interface_roughness, reference_interface):
        draw().savefig(IMAGES / f"{draw.__name__}.png", dpi=200)


if __name__ == "__main__":
    main()
