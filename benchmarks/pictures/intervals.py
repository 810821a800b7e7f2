"""The picture of docs/measurements/intervals.md: pictures of one material, their intervals, and what was covered.

Run: uv run python benchmarks/pictures/intervals.py   (after the table in benchmarks/README.md was brought up to date)
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.patheffects import withStroke

from micro.blocks import Engine
from micro.measure import MeasureParams, measure

ROOT = Path(__file__).resolve().parents[2]
PICTURES = 50
OUTLINE = (withStroke(linewidth=3.5, foreground="black"),)
BLUE, RED, GREY = "#0072B2", "#D55E00", "#666666"


def draw_pictures(axes: list[Axes], values: list[Axes]) -> None:
    """Draw two pictures of one material, and the intervals of all."""
    sys.path.insert(0, str(ROOT / "benchmarks"))
    from materials import MATERIALS

    material = next(one for one in MATERIALS if one.name == "Boolean discs, radii 2 to 14")
    truth = material.truth["porosity", "", "se_region"]
    rng = np.random.default_rng(20)
    rows = []
    for number in range(PICTURES):
        cell = material.draw(material.shape, rng)
        rows.append(measure(cell, MeasureParams(), Engine(workers=1)).row("porosity", roi="se_region"))
        if number < len(axes):
            colours = ListedColormap(["#111111", "#B9B9B9", "#D9B44A"])
            axes[number].imshow(np.asarray(cell.labels.data)[0], cmap=colours, vmin=1, vmax=3, interpolation="nearest")
            axes[number].plot([12, 62], [238, 238], color="white", linewidth=2.5, path_effects=OUTLINE)
            axes[number].text(
                37, 232, "50 µm", color="white", ha="center", va="bottom", fontsize=7, path_effects=OUTLINE
            )
            axes[number].set(xticks=[], yticks=[])
            axes[number].set_title(f"picture {number + 1}: porosity {rows[-1].value:.3f}", fontsize=8)
    for place, row in enumerate(rows, start=1):
        assert row.ci_low is not None
        assert row.ci_high is not None
        hit = row.ci_low <= truth <= row.ci_high
        values[0].plot([row.ci_low, row.ci_high], [place, place], color=BLUE if hit else RED, linewidth=1.2)
        values[0].plot(row.value, place, "o", color=BLUE if hit else RED, markersize=2.2)
    values[0].axvline(truth, color="black", linewidth=0.9)
    values[0].set(xlabel="porosity of the SE region, 95 % interval", ylabel="picture", ylim=(PICTURES + 1, 0))
    values[0].set_title(f"{PICTURES} such pictures; line: porosity {truth:.2f}", fontsize=8)


def table() -> list[tuple[str, str, float]]:
    """Return metric, dimension and covered share in % of every line of the study's table."""
    text = (ROOT / "benchmarks/README.md").read_text(encoding="utf-8").split("interval_coverage.py", 1)[1]
    pattern = r"^\| ([\w ]+) \| ([23]-D) \| ([^|]+) \| \d+ \| \d+ \| ([\d.]+) \|"
    return [(metric, dim, float(share)) for metric, dim, _, share in re.findall(pattern, text, flags=re.MULTILINE)]


def draw_coverage(axes: Axes) -> None:
    """Draw the covered share of every metric and material."""
    lines = table()
    names = list(dict.fromkeys(metric for metric, _, _ in lines))
    axes.axvspan(92, 98, color="#DDDDDD", zorder=0)
    axes.axvline(95, color="black", linewidth=0.9)
    for dim, colour, marker, shift in (("2-D", RED, "s", -0.15), ("3-D", BLUE, "o", 0.15)):
        found = [(share, names.index(metric) + shift) for metric, one, share in lines if one == dim]
        axes.plot(*zip(*found, strict=True), marker, color=colour, markersize=3.6, label=dim, alpha=0.8)
    axes.set_yticks(range(len(names)), [name.replace("_", " ") for name in names])
    axes.set(xlim=(88, 100), ylim=(len(names) - 0.5, -0.5), xlabel="intervals that hold the material's value, %")
    axes.set_title("400 pictures a point (± 1.1 %)", fontsize=8)
    axes.legend(loc="lower left", fontsize=7, frameon=False)


def main() -> None:
    """Write docs/images/intervals.png."""
    plt.rcParams.update({"font.size": 8, "axes.spines.top": False, "axes.spines.right": False})
    figure = plt.figure(figsize=(7.2, 6.4))
    pictures = [figure.add_axes((left, 0.61, 0.315, 0.355)) for left in (0.07, 0.41)]
    legend = figure.add_axes((0.75, 0.61, 0.24, 0.355))
    legend.axis("off")
    for colour, text in (("#111111", "void"), ("#B9B9B9", "SE"), ("#D9B44A", "Li (anode)")):
        legend.plot([], [], "s", color=colour, label=text)
    legend.plot([], [], color=BLUE, label="holds the value")
    legend.plot([], [], color=RED, label="misses it")
    legend.legend(loc="center left", frameon=False)
    draw_pictures(pictures, [figure.add_axes((0.07, 0.075, 0.37, 0.46))])
    draw_coverage(figure.add_axes((0.665, 0.075, 0.315, 0.46)))
    figure.savefig(ROOT / "docs/images/intervals.png", dpi=150)


if __name__ == "__main__":
    main()
