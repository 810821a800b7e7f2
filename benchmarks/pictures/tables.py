"""The picture of docs/tables.md: the example images' true labels, measured, as LaTeX sets their table.

Run: uv run python benchmarks/pictures/tables.py   (needs pdflatex with booktabs, and pdftoppm)
"""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from micro_pipelines.cli import main

ROOT = Path(__file__).resolve().parents[2]
TARGET = ROOT / "docs" / "images" / "tables.png"
SAMPLES = ("sem-pristine", "sem-cycled", "fibsem")
METRICS = "contact_fraction,dendrite_depth_max,dendrite_depth_mean,crack_density,porosity,relative_density"
DPI, COLOURS, MARGIN = 150, 32, 20

PAGE = r"""\documentclass[10pt]{article}
\usepackage[paperwidth=180mm,paperheight=170mm,margin=6mm]{geometry}
\usepackage{booktabs}
\pagestyle{empty}
\begin{document}
\input{table.tex}
\end{document}
"""


def draw(folder: Path) -> Image.Image:
    """Measure the labels, set the table with LaTeX and return it, cut to what is printed."""
    labels = [str(ROOT / "example_images" / f"{name}_truth.tif") for name in SAMPLES]
    assert main(["measure", *labels, "--out", str(folder), "--quiet"]) == 0
    assert main(["table", str(folder), "--metrics", METRICS, "--format", "tex"]) == 0
    (folder / "page.tex").write_text(PAGE, encoding="utf-8")
    for command in (
        ["pdflatex", "-halt-on-error", "-interaction=nonstopmode", "page.tex"],
        ["pdftoppm", "-r", str(DPI), "-gray", "-png", "-singlefile", "page.pdf", "page"],
    ):
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    page = np.asarray(Image.open(folder / "page.png").convert("L"))
    rows, columns = (np.flatnonzero((page < 250).any(axis=axis)) for axis in (1, 0))
    top, left = max(rows[0] - MARGIN, 0), max(columns[0] - MARGIN, 0)
    return Image.fromarray(page[top : rows[-1] + MARGIN, left : columns[-1] + MARGIN])


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        picture = draw(Path(place)).quantize(COLOURS)
    picture.save(TARGET, optimize=True)
    print(f"{TARGET.relative_to(ROOT)}: {TARGET.stat().st_size / 1e3:.0f} kB")
