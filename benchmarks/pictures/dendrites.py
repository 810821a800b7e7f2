"""Draw the pictures of docs/measurements/dendrite_*.md, and print the figures that these pages quote.

uv run python benchmarks/pictures/dendrites.py
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray

from micro.blocks import Engine
from micro.cell import Cell, CellParams, Normal, Part, ReferencePlane, anatomy
from micro.measure import Context, MeasureParams, ObjectTable, ObjectView, Results, Scene, measure
from micro.measure import dendrite_shape as shape
from micro.measure import filaments as path
from micro.measure.measure import _label_objects
from micro.model import SSB_PHASES, Labels, Spacing
from micro.phantoms.builds import build_of
from micro.phantoms.frame import Frame
from micro.phantoms.geometry import draw_scene, scene_labels
from micro.phantoms.kinds import kind_of
from micro.report.canvas import INK, QUIET, Sheet, drawing, to_bytes
from micro.report.params import ReportParams

IMAGES = Path(__file__).resolve().parents[2] / "docs" / "images"
PARAMS = ReportParams(width_mm=170, dpi=150)
FORM_COLOURS = {"flame": "#E69F00", "stripe": "#56B4E9", "network": "#CC79A7"}
KINDS = ("sem", "fibsem", "xct")
SEEDS = 6
ONLY_FORM = MeasureParams(transport=(), particles=())


def true_cell(kind: str, seed: int, *, build: str = "half", size: tuple[int, int, int] | None = None) -> Cell:
    """Return the anatomy of a phantom's true labels; its micrograph is not drawn."""
    look = kind_of(kind)
    frame = Frame(size or look.shape, look.spacing, look.normal)
    scene = draw_scene(frame, seed=seed, alloy=look.alloy, build=build_of(build))
    labels = np.ascontiguousarray(frame.to_zyx(scene_labels(scene)))
    return anatomy(Labels(labels, look.spacing), CellParams.model_validate({"normal": frame.normal}), Engine())


def show(axes: Axes, cell: Cell) -> None:
    """Draw the phases of a section."""
    labels = np.asarray(cell.labels.data)[0]
    _, y, x = cell.labels.spacing.um
    colours = ["#FFFFFF"] + [next((p.colour for p in SSB_PHASES if p.value == v), "#FFFFFF") for v in range(1, 9)]
    extent = (0.0, labels.shape[1] * x, labels.shape[0] * y, 0.0)
    axes.imshow(labels, cmap=ListedColormap(colours), vmin=-0.5, vmax=8.5, extent=extent, interpolation="nearest")
    axes.set(xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.plot([extent[1] - 12, extent[1] - 2], [extent[2] - 1.2] * 2, color="white", linewidth=2)
    axes.text(extent[1] - 7, extent[2] - 1.8, "10 µm", color="white", ha="center", va="bottom")


def line(axes: Axes, plane: ReferencePlane, width_um: float, style: str) -> None:
    """Draw a reference line across a section whose normal follows y."""
    x = np.array([0.0, width_um])
    axes.plot(x, plane.place_um(1, np.zeros(2), x), color=INK, linewidth=0.9, linestyle=style)


def depth_picture() -> None:
    """Depth, distance left and local thickness in a symmetric cell."""
    cell = true_cell("sem", 3, build="symmetric", size=(1, 480, 960))
    results = measure(cell, MeasureParams(), Engine())
    assert cell.plane is not None
    assert cell.far_plane is not None
    table = results.objects["dendrites"]
    deepest = table.loc[table["depth_um"].idxmax()]
    with drawing(PARAMS):
        sheet = Sheet(120, 70)
        axes = sheet.axes(2, 2, 116, 58)
        show(axes, cell)
        line(axes, cell.plane, 48, "-")
        line(axes, cell.far_plane, 48, "--")
        x = float(deepest["stop_x_um"]) + 1.0
        top = float(deepest["start_y_um"])
        near = float(cell.plane.place_um(1, np.zeros(1), np.array([x]))[0])
        far = float(cell.far_plane.place_um(1, np.zeros(1), np.array([x]))[0])
        for a, b, text in (
            (near, top, f"depth {deepest['depth_um']:.1f} µm"),
            (top, far, f"left {deepest['far_distance_um']:.1f} µm"),
        ):
            axes.annotate("", (x, b), (x, a), arrowprops={"arrowstyle": "<->", "color": INK, "linewidth": 0.8})
            label = {"facecolor": "white", "alpha": 0.8, "linewidth": 0, "pad": 1.0}
            axes.text(x + 0.6, (a + b) / 2, text, va="center", bbox=label)
        handles = [Patch(facecolor=SSB_PHASES[n].colour, label=n) for n in ("Li", "dendrite", "SE", "void", "crack")]
        handles += [
            Line2D([], [], color=INK, linewidth=0.9, label="reference interface"),
            Line2D([], [], color=INK, linewidth=0.9, linestyle="--", label="far electrode"),
        ]
        sheet.legend([handles], 63)
        (IMAGES / "dendrite_depth.png").write_bytes(to_bytes(sheet.figure, "png", PARAMS.dpi))
    for metric in ("dendrite_depth_max", "dendrite_depth_relative", "dendrite_far_distance_min"):
        print(metric, results.row(metric).value)


def scene_of(cell: Cell) -> Scene:
    """Return a cell with its objects numbered."""
    engine = Engine()
    objects = _label_objects(cell, engine)
    return Scene(cell, Context.of(cell, MeasureParams(), ObjectTable.of(objects)), objects, engine)


def smooth_and_stairs(scene: Scene, number: int) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Return the smoothed path and the path over voxels of a joined dendrite, in um, and the dendrite, height first."""
    low = np.maximum(scene.objects.start[number] - 1, 0)
    z, y, x = (slice(int(a), int(b) + 1) for a, b in zip(low, scene.objects.stop[number], strict=True))
    mask = np.asarray(scene.objects.ids)[z, y, x] == number
    view = ObjectView(number, (z.start, y.start, x.start), mask, np.asarray(scene.cell.parts)[z, y, x])
    posed = shape._pose(scene.context, view)
    voxels = path.Voxels.of(posed.mask, posed.edges)
    wall = path.wall_distance(posed.inside, posed.edges)[posed.mask]
    points = voxels.points(np.arange(voxels.places.size))
    found = shape._path_from_anode(posed, voxels, points, wall)
    middle = path.between_voxels(voxels, points, wall, found.nodes[1:-1])
    radius = float(wall[found.nodes].mean())
    smooth = path.smooth_path(np.vstack([found.first, middle, found.last]), max(2 * max(posed.edges), radius), 0.5)
    return smooth * posed.unit_um, points[found.nodes] * posed.unit_um, posed.mask


def tilted(direction: NDArray[np.float64], spacing: Spacing, radius: float, length: float) -> tuple[Cell, float]:
    """Return a tube on a flat anode, cut parallel to it, and its length up to the last voxel centres."""
    edges, base, top = np.array(spacing.um), 5, length * direction[0]
    span = np.abs(direction[1:]) * length + 2 * radius / direction[0] + 8 * edges[1:]
    shape_zyx = (base + int(np.ceil(top / edges[0])) + 4, *(int(n) for n in np.ceil(span / edges[1:])))
    z, y, x = np.ix_(*((np.arange(n) + 0.5) * e for n, e in zip(shape_zyx, edges, strict=True)))
    z = z - base * edges[0]
    y = y - span[0] / 2 + direction[1] * length / 2
    x = x - span[1] / 2 + direction[2] * length / 2
    along = z * direction[0] + y * direction[1] + x * direction[2]
    inside = (z * z + y * y + x * x - along**2 <= radius**2) & (z <= top) & (z > 0)
    labels = np.where(inside, np.uint8(4), np.uint8(2))
    labels[:base] = 3
    parts = np.where(inside, np.uint8(Part.DENDRITE), np.uint8(Part.OTHER))
    parts[:base] = Part.ANODE
    plane = ReferencePlane((1.0, 0.0, 0.0), base * spacing.z)
    highest = (np.floor(top / spacing.z - 0.5) + 0.5) * spacing.z
    return Cell(Labels(labels, spacing), parts, Normal(0, 1), plane), float(highest / direction[0])


def orientations(count: int = 20) -> NDArray[np.float64]:
    """Directions spread evenly over a cap of 60 degrees about z."""
    rank = np.arange(count) + 0.5
    z, turn = 1 - rank / count / 2, np.pi * (1 + np.sqrt(5)) * rank
    return np.stack([z, np.sqrt(1 - z * z) * np.cos(turn), np.sqrt(1 - z * z) * np.sin(turn)], axis=1)


def shape_picture() -> None:
    """The path through a dendrite, and what is left of the staircase's bias on tubes at 20 orientations."""
    with drawing(PARAMS):
        sheet = Sheet(170, 76)
        left, right = sheet.axes(10, 6, 30, 50), sheet.axes(58, 6, 108, 50)
        scene = scene_of(true_cell("sem", 2))
        table = scene.context.objects
        number = max(table.ids_of(Part.DENDRITE), key=lambda n: int(table.voxels[n]))
        smooth, _, mask = smooth_and_stairs(scene, int(number))
        scale = scene.context.spacing.um[1]
        extent = (0.0, mask.shape[2] * scale, 0.0, mask.shape[0] * scale)
        colour = ListedColormap(["#FFFFFF", SSB_PHASES["dendrite"].colour])
        left.imshow(mask[:, 0], cmap=colour, extent=extent, origin="lower", aspect="equal", interpolation="nearest")
        left.plot(smooth[:, 2], smooth[:, 0], color=INK, linewidth=0.9)
        left.set(xlabel="µm", ylabel="height (µm)", title="path")
        for spacing, marker, name in (
            (Spacing(1, 1, 1), "o", "1:1:1"),
            (Spacing(2.5, 1, 1), "s", "2.5:1:1"),
            (Spacing(1, 1, 2.5), "^", "1:1:2.5"),
        ):
            rows = []
            for direction in orientations():
                cell, length = tilted(direction, spacing, 4.0, 48.0)
                tube = scene_of(cell)
                (found,) = shape.measure_shapes(tube)
                _, stairs, _ = smooth_and_stairs(tube, found.id)
                angle = np.degrees(np.arccos(direction[0]))
                errors = (found.length_um / length - 1, path.path_length(stairs) / length - 1)
                rows.append((angle, *errors, found.thickness_mean_um - 8, found.angle_to_normal_deg - angle))
            r = np.array(rows)
            right.plot(r[:, 0], 100 * r[:, 1], marker, color=INK, markersize=3, label=f"{name}, smoothed")
            right.plot(
                r[:, 0],
                100 * r[:, 2],
                marker,
                color=QUIET,
                markersize=3,
                fillstyle="none",
                label=f"{name}, over voxels",
            )
            print(
                name,
                "length %",
                100 * r[:, 1].min(),
                100 * r[:, 1].max(),
                "stairs",
                100 * r[:, 2].min(),
                100 * r[:, 2].max(),
            )
            print("   thickness", r[:, 3].min(), r[:, 3].max(), "angle", r[:, 4].min(), r[:, 4].max())
        right.axhline(0, color=INK, linewidth=0.5)
        right.set(
            xlabel="angle to the normal (degrees)",
            ylabel="error of the length (%)",
            title="straight tubes, 8 voxels thick, 48 long",
        )
        right.legend(ncol=3, loc="upper left", bbox_to_anchor=(0, -0.14))
        (IMAGES / "dendrite_shape.png").write_bytes(to_bytes(sheet.figure, "png", PARAMS.dpi))


def draw_profile(axes: Axes, results: Results, title: str) -> None:
    """Draw vertical and lateral fractions against depth, with the form of each bin behind them."""
    table = results.profiles
    for quantity, colour, name in (
        ("dendrite_vertical_fraction", "#D55E00", "vertical"),
        ("dendrite_lateral_fraction", "#0072B2", "lateral"),
    ):
        rows = table[table["quantity"] == quantity]
        axes.plot(rows["value"], rows["depth_um"], color=colour, label=name)
    forms = table[table["quantity"] == "dendrite_form"]
    step = np.diff(np.unique(forms["depth_um"])).min()
    for row in forms.itertuples():
        axes.axhspan(
            row.depth_um - step / 2, row.depth_um + step / 2, color=FORM_COLOURS[row.phase], alpha=0.35, linewidth=0
        )
    axes.set(xlim=(0, 1), ylim=(0, None), xlabel="share of tissue", title=title, xticks=[0, 0.5, 1])


def morphology_picture() -> None:
    """Lithium against lithium-indium: sections, profiles, and all kinds and seeds in one plot."""
    with drawing(PARAMS):
        sheet = Sheet(170, 118)
        for column, kind in enumerate(("sem", "sem-alloy")):
            cell = true_cell(kind, 2)
            show(sheet.axes(6 + 58 * column, 6, 54, 36), cell)
            sheet.figure.text((6 + 58 * column) / 170, 1 - 4.5 / 118, ("Li", "Li-In")[column] + " (phantom)")
            axes = sheet.axes(12 + 58 * column, 52, 40, 48)
            draw_profile(axes, measure(cell, MeasureParams(), Engine()), "")
            axes.set_ylabel("depth (µm)")
        handles = [Patch(facecolor=c, alpha=0.35, label=n) for n, c in FORM_COLOURS.items()]
        handles += [Line2D([], [], color=c, label=n) for n, c in (("vertical", "#D55E00"), ("lateral", "#0072B2"))]
        sheet.legend([handles], 111)
        axes = sheet.axes(128, 52, 38, 48)
        for marker, kind in zip("os^", KINDS, strict=True):
            for name, colour in ((kind, "#D55E00"), (f"{kind}-alloy", "#0072B2")):
                found = [measure(true_cell(name, seed), ONLY_FORM, Engine()) for seed in range(SEEDS)]
                metrics = ("dendrite_vertical_fraction", "dendrite_lateral_fraction", "dendrite_orientation")
                rows = np.array([[one.row(m).value for m in metrics] for one in found])
                axes.plot(rows[:, 0], rows[:, 1], marker, color=colour, markersize=3)
                forms = [[one.row(f"dendrite_{f}_fraction").value for f in FORM_COLOURS] for one in found]
                print(
                    name, "vertical", rows[:, 0].round(2), "lateral", rows[:, 1].round(2), "angle", rows[:, 2].round(0)
                )
                print("   forms", np.mean(forms, axis=0).round(2), "least flame", np.array(forms)[:, 0].min().round(2))
        axes.set(xlim=(-0.04, 1), ylim=(-0.04, 1), xlabel="vertical fraction", ylabel="lateral fraction")
        axes.text(0.98, 0.12, "Li", color="#D55E00", ha="right", va="bottom", transform=axes.transAxes)
        axes.text(0.3, 0.98, "Li-In", color="#0072B2", va="top", transform=axes.transAxes)
        kinds = [
            Line2D([], [], color=INK, marker=m, linestyle="", markersize=3, label=k)
            for m, k in zip("os^", KINDS, strict=True)
        ]
        axes.legend(handles=kinds, loc="upper right")
        (IMAGES / "dendrite_morphology.png").write_bytes(to_bytes(sheet.figure, "png", PARAMS.dpi))


def main() -> None:
    """Draw the pictures named on the command line (depth, shape, morphology), or all three."""
    pictures = {"depth": depth_picture, "shape": shape_picture, "morphology": morphology_picture}
    for name in sys.argv[1:] or pictures:
        pictures[name]()


if __name__ == "__main__":
    main()
