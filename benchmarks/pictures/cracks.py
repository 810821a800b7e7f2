"""The pictures of the pages on cracks, from shapes whose answers are known.

Writes ``docs/images/crack_density.png``, ``crack_aperture.png``, ``crack_orientation.png`` and
``crack_intensity.png``:

    uv run python benchmarks/pictures/cracks.py
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.patches import Patch
from numpy.typing import NDArray

from micro.blocks import Block, Engine
from micro.cell import SE_REGION, Cell, Normal, Part, ReferencePlane
from micro.measure import MeasureParams, measure
from micro.measure.aperture import SheetGeometry, Sheets, sheets_in
from micro.measure.outline import mean_plane, outline_of
from micro.model import Labels, Spacing
from micro.report import ReportParams
from micro.report.canvas import INK, QUIET, Sheet, drawing, to_bytes
from micro.report.cracks import cracks_figure
from micro.report.sample import SampleReport

IMAGES = Path(__file__).parents[2] / "docs" / "images"
BLUE, ORANGE = "#0072B2", "#E69F00"
Mask = NDArray[np.bool_]
Floats = NDArray[np.float64]


def directions(count: int) -> Floats:
    """The three axes, then a spiral over the sphere."""
    rank = np.arange(count - 3) + 0.5
    cosine, turn = 1 - 2 * rank / (count - 3), np.pi * (1 + 5**0.5) * rank
    spiral = np.stack([cosine, *(np.sqrt(1 - cosine**2) * f(turn) for f in (np.cos, np.sin))], axis=1)
    return np.concatenate([np.eye(3), spiral])


def penny(spacing: Spacing, radius: float, aperture: float, direction: Floats, shift: Floats) -> Mask:
    """A flat disc in a box that just holds it, off the middle by ``shift`` voxels."""
    sizes = [int((2 * radius + 2 * aperture) / edge) + 4 for edge in spacing.um]
    axes = [(np.arange(n) + 0.5 - n / 2 + s) * e for n, e, s in zip(sizes, spacing.um, shift, strict=True)]
    z, y, x = np.ix_(*axes)
    height = z * direction[0] + y * direction[1] + x * direction[2]
    return (np.abs(height) <= aperture / 2) & (z * z + y * y + x * x - height**2 <= radius**2)


def sheets(mask: Mask, spacing: Spacing, thickest: float) -> Sheets:
    """Measure a mask as one block."""
    whole = (slice(0, mask.shape[0]), slice(0, mask.shape[1]), slice(0, mask.shape[2]))
    return sheets_in(mask, Block(0, whole, whole), SheetGeometry.of(mask.shape, spacing, None, thickest_um=thickest))


def cell_of(parts: NDArray[np.uint8], spacing: Spacing) -> Cell:
    """Cracks in electrolyte above an interface at the picture's upper edge, normal +y."""
    label = np.array([2, 3, 3, 4, 4, 1, 5, 1], np.uint8)[parts]
    plane = ReferencePlane((0.0, 1.0, 0.0), 0.0)
    return Cell(Labels(label, spacing), parts | np.uint8(SE_REGION), normal=Normal(1, 1), plane=plane)


def bar(axes: Axes, length_um: float, *, colour: str = INK) -> None:
    """A scale bar in the lower left corner of an image in um."""
    left, right = axes.get_xlim()
    bottom, top = axes.get_ylim()
    x, y = left + 0.05 * (right - left), bottom + 0.08 * (top - bottom)
    axes.plot([x, x + length_um], [y, y], color=colour, linewidth=1.8, solid_capstyle="butt")
    axes.text(x + length_um / 2, y + 0.03 * (top - bottom), f"{length_um:g} µm", ha="center", va="bottom", color=colour)


def image(axes: Axes, values: NDArray[np.generic], edge: float, **options: object) -> object:
    """Draw a section without frame, in um."""
    height, width = (n * edge for n in values.shape)
    shown = axes.imshow(values, extent=(0, width, height, 0), **options)  # type: ignore[arg-type]
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    return shown


def ratios(edges: tuple[float, float, float], apertures: Floats) -> Iterator[tuple[float, float, float]]:
    """Least, mean and greatest area of pennies in 20 orientations over the exact one."""
    rng, spacing, largest = np.random.default_rng(0), Spacing(*edges), max(edges)
    radius = 20 * largest if largest == 1 else 14 * largest
    for aperture in apertures * largest:
        found = []
        for direction in directions(20):
            mask = penny(spacing, radius, aperture, direction, rng.random(3))
            found.append(sheets(mask, spacing, aperture).shares.sum() / (np.pi * radius**2))
        yield min(found), float(np.mean(found)), max(found)


def density() -> bytes:
    """Crossing cracks with their local aperture, and how near pennies come to their area."""
    edge, n = 0.1, 220
    y, x = np.ogrid[:n, :n]
    bend = 110 + 24 * np.sin(x / 30)
    mask = (np.abs(y - bend) < 3.5) & (x > 15) & (x < 205)
    mask |= (np.abs((x - 70) - 0.6 * (y - 110)) < 2.5) & (y > 20) & (y < 200)
    mask |= (np.abs((x - 165) + 0.3 * (y - 60)) < 6) & (y > 10) & (y < 75)
    found = sheets(mask[None], Spacing(edge, edge, edge), 1.5)
    local = np.full((n, n), np.nan)
    local[found.voxels[:, 1], found.voxels[:, 2]] = found.apertures_um
    sheet = Sheet(140, 62)
    left, right = sheet.axes(3, 6, 50, 50), sheet.axes(82, 6, 55, 46)
    shown = image(left, local, edge, cmap="cividis", interpolation="nearest")
    left.set_title(f"traces, together {found.shares.sum():.1f} µm")
    bar(left, 5)
    scale = sheet.figure.colorbar(shown, cax=sheet.axes(55, 10, 2.5, 42))  # type: ignore[arg-type]
    scale.set_label("local aperture (µm)")
    scale.outline.set_visible(False)
    apertures = np.array([1, 1.5, 2, 2.5, 3, 4, 5, 6, 8])
    for edges, colour, name in (((1.0, 1.0, 1.0), BLUE, "voxels 1:1:1"), ((1.0, 1.0, 2.5), ORANGE, "voxels 1:1:2.5")):
        low, mean, high = np.array(list(ratios(edges, apertures))).T
        right.fill_between(apertures, low, high, color=colour, alpha=0.25, linewidth=0)
        right.plot(apertures, mean, color=colour, marker=".", label=name)
    right.axhspan(0.95, 1.05, color=QUIET, alpha=0.2, linewidth=0)
    right.axvline(2, color=QUIET, linewidth=0.6, linestyle="--")
    right.text(2.1, 0.62, "2 edges: resolution", ha="left", va="bottom", color=QUIET)
    right.set(xlabel="aperture (largest voxel edges)", ylabel="measured / exact area", ylim=(0.6, 1.1), xlim=(0.8, 8.2))
    right.set_xticks(range(1, 9))
    right.set_title("mean, least and greatest of 20 orientations")
    right.legend(loc="center right")
    return to_bytes(sheet.figure, "png", 200)


def aperture() -> bytes:
    """A wedge, and the distribution of its apertures."""
    edge, opening = 0.1, (0.3, 1.5)
    z, v, u = np.ix_(np.arange(40), np.arange(110) - 55.2, np.arange(140) - 70.0)
    turn = np.radians(33)
    x, y = u * np.cos(turn) + v * np.sin(turn) + 70, v * np.cos(turn) - u * np.sin(turn)
    wide = (opening[0] + (x - 10) / 120 * (opening[1] - opening[0])) / edge
    mask = (np.abs(y) <= wide / 2) & (x >= 10) & (x < 130) & (z >= 6) & (z < 34)
    results = measure(cell_of(mask * np.uint8(Part.CRACK), Spacing(edge, edge, edge)), MeasureParams(), Engine())
    rows = results.distributions[results.distributions["quantity"] == "crack_aperture"]
    found = sheets(mask, Spacing(edge, edge, edge), opening[1])
    local = np.full(mask.shape, np.nan)
    local[tuple(found.voxels.T)] = found.apertures_um
    sheet = Sheet(140, 64)
    left, right = sheet.axes(3, 6, 55, 43), sheet.axes(82, 6, 55, 46)
    shown = image(left, local[20], edge, cmap="cividis", interpolation="nearest")
    left.set_title("a wedge-shaped crack, in section")
    bar(left, 2)
    scale = sheet.figure.colorbar(shown, cax=sheet.axes(3, 52, 55, 2.5), orientation="horizontal")  # type: ignore[arg-type]
    scale.set_label("local aperture (µm)")
    scale.outline.set_visible(False)
    width = rows["bin_high"] - rows["bin_low"]
    right.bar(
        rows["bin_low"], rows["value"] / width, width=width, align="edge", color=BLUE, edgecolor="w", label="measured"
    )
    exact = 1 / (opening[1] - opening[0])
    right.plot([opening[0]] * 2 + [opening[1]] * 2, [0, exact, exact, 0], color=INK, label="exact")
    for metric, style in (("crack_aperture_median", "-"), ("crack_aperture_p95", "--")):
        right.axvline(results.row(metric).value or 0, color=ORANGE, linestyle=style, label=metric.split("_")[2])
    right.set(xlabel="local aperture (µm)", ylabel="share of the mid-surface per µm", xlim=(0.1, 1.8), ylim=(0, 1.4))
    right.legend(loc="upper left", ncol=2)
    return to_bytes(sheet.figure, "png", 200)


def orientation() -> bytes:
    """The figure of the report for cracks that prefer the normal."""
    rng, spacing = np.random.default_rng(3), Spacing(0.2, 0.2, 0.2)
    parts = np.zeros((90, 150, 150), np.uint8)
    for _ in range(34):
        direction = rng.normal(size=3) * (1.0, 0.45, 1.0)
        disc = penny(
            spacing, rng.uniform(2, 3.2), rng.uniform(0.6, 1.2), direction / np.linalg.norm(direction), np.zeros(3)
        )
        z, y, x = (rng.integers(0, n - m) for n, m in zip(parts.shape, disc.shape, strict=True))
        parts[z : z + disc.shape[0], y : y + disc.shape[1], x : x + disc.shape[2]][disc] = int(Part.CRACK)
    cell = cell_of(parts, spacing)
    sample = SampleReport("", "", None, cell.labels, cell, measure(cell, MeasureParams(), Engine()))
    figure = cracks_figure(sample, ReportParams(width_mm=120))
    assert figure is not None
    return to_bytes(figure, "png", 200)


def intensity() -> bytes:
    """How near perimeters come, and metal that fills a crack."""
    sheet = Sheet(140, 58)
    left, right = sheet.axes(13, 6, 50, 42), sheet.axes(78, 6, 58, 42)
    rng = np.random.default_rng(0)
    radii = np.array([5, 6, 8, 10, 13, 16, 20])
    for edges, colour, name in (((1.0, 1.0, 1.0), BLUE, "voxels 1:1:1"), ((1.0, 1.0, 2.5), ORANGE, "voxels 1:1:2.5")):
        found = []
        for radius in radii * max(edges):
            each = []
            for direction in directions(20):
                mask = penny(Spacing(*edges), radius, 3 * max(edges), direction, rng.random(3))
                each.append(outline_of(mask, edges, mean_plane(mask, edges)).perimeter_um / (2 * np.pi * radius))
            found.append((min(each), float(np.mean(each)), max(each)))
        low, mean, high = np.array(found).T
        left.fill_between(radii, low, high, color=colour, alpha=0.25, linewidth=0)
        left.plot(radii, mean, color=colour, marker=".", label=name)
    left.axhline(1, color=INK, linewidth=0.5)
    left.set(xlabel="radius (largest voxel edges)", ylabel="measured / exact perimeter", ylim=(0.9, 1.05))
    left.set_title("discs in 20 orientations, aperture 3 edges")
    left.legend(loc="lower right")
    _filled(right)
    return to_bytes(sheet.figure, "png", 200)


def _filled(axes: Axes) -> None:
    edge, n = 0.1, 160
    y, x = np.ogrid[:n, : n + 60]
    slope = x - 60 - 0.35 * y
    sheet = (np.abs(slope) < 5) & (y > 30)
    parts = np.where(sheet, int(Part.CRACK), 0)
    parts[sheet & (y < 88)] = int(Part.DENDRITE)
    parts[(np.abs(x - 165) < 14) & (y < 110)] = int(Part.DENDRITE)
    parts[(np.abs(y - 70) < 5) & (x > 130) & (x < 212) & (parts == 0)] = int(Part.CRACK)
    results = measure(cell_of(parts[None].astype(np.uint8), Spacing(edge, edge, edge)), MeasureParams(), Engine())
    shown = np.zeros((n, n + 60), np.uint8)
    shown[np.isin(parts, (int(Part.DENDRITE), int(Part.ISOLATED)))] = 1
    shown[parts == int(Part.CRACK)] = 2
    image(axes, shown, edge, cmap=ListedColormap(["#DDDDDD", ORANGE, BLUE]), interpolation="nearest")
    bar(axes, 3)
    row = results.row("crack_metal_filling")
    axes.set_title(f"metal filling {row.value:.2f} (thick dendrite left out)")
    axes.legend(
        handles=[Patch(color=c, label=t) for c, t in ((ORANGE, "metal"), (BLUE, "open crack"), ("#DDDDDD", "SE"))],
        loc="upper center",
        bbox_to_anchor=(0.5, -0.01),
        ncol=3,
    )


def main() -> None:
    """Draw all pictures."""
    with drawing(ReportParams()):
        for name, draw in (
            ("density", density),
            ("aperture", aperture),
            ("orientation", orientation),
            ("intensity", intensity),
        ):
            (IMAGES / f"crack_{name}.png").write_bytes(draw())


if __name__ == "__main__":
    main()
