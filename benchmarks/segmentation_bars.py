"""The table of docs/limits.md: the default recipes on phantoms, every kind, both noises, against the bars.

Runs each phantom as ``micro validate`` does, one at a time, and adds a line of JSON for it to a file. What the file
holds already is not run again, so that the sweep may be interrupted; --table prints the table of what is there.

Run: uv run python benchmarks/segmentation_bars.py FILE [--kinds KINDS] [--noises NOISES] [--seeds FIRST LAST] [--table]
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pandas as pd

from micro.blocks import Engine
from micro.phantoms import KINDS, Noise, make_phantom
from micro_pipelines import load_recipe
from micro_pipelines.scores import SCORES, Score
from micro_pipelines.validation import scores_of

NOISES = "ordinary,hard"


def done(file: Path) -> pd.DataFrame:
    """Return what a file holds, a row each phantom; of lines about one phantom the last."""
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    rows = pd.DataFrame([json.loads(line) for line in lines])
    return rows if rows.empty else rows.drop_duplicates(["kind", "noise", "seed"], keep="last")


def sweep(file: Path, kinds: list[str], noises: list[str], seeds: range) -> None:
    """Score the phantoms that the file lacks."""
    rows = done(file)
    known = set() if rows.empty else set(zip(rows["kind"], rows["noise"], rows["seed"], strict=True))
    engine = Engine(workers=1)
    for noise in noises:
        for kind in kinds:
            recipe = load_recipe(kind)
            for seed in seeds:
                if (kind, noise, seed) in known:
                    continue
                phantom = make_phantom(kind, seed=seed, noise=cast("Noise", noise))
                row = {"kind": kind, "noise": noise, "seed": seed, **scores_of(phantom, recipe, engine)}
                with file.open("a", encoding="utf-8") as lines:
                    lines.write(json.dumps(row) + "\n")
                print(kind, noise, seed, flush=True)


def cell_of(rows: pd.DataFrame, score: Score, kind: str, noise: str) -> str:
    """Return worst and mean of a score, the worst bold where its bar is missed, with the seeds that miss it."""
    if rows.empty:
        return ""
    bar = score.bar
    limit = None if bar is None else bar.of(kind, noise)
    value, mean = score.decisive(rows), score.mean(rows[score.key])
    text = f"{value:.3f}" if score.passes(value, limit) else f"**{value:.3f}**"
    missed = "" if score.whole else ",".join(map(str, score.missed_by(rows, limit)))
    return f"{text}, {mean:.3f}" + (f" (seeds {missed})" if missed else "")


def table(rows: pd.DataFrame) -> Iterator[str]:
    """Give the lines of the table, one of worst and mean a score, for each noise."""
    kinds = [kind for kind in KINDS if kind in set(rows["kind"])]
    for noise in rows["noise"].unique():
        yield from (f"\n| {noise} noise | {' | '.join(kinds)} |", "|---|" + "---|" * len(kinds))
        for score in (score for score in SCORES if score.bar is not None):
            chosen = [rows[(rows["kind"] == kind) & (rows["noise"] == noise)] for kind in kinds]
            cells = [cell_of(part, score, kind, noise) for part, kind in zip(chosen, kinds, strict=True)]
            yield f"| {score.title} | {' | '.join(cells)} |"


def main() -> None:
    """Run what the command line asks for, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--noises", default=NOISES)
    parser.add_argument("--seeds", type=int, nargs=2, default=(0, 19), metavar=("FIRST", "LAST"))
    parser.add_argument("--table", action="store_true", help="print the table of the file only")
    options = parser.parse_args()
    if not options.table:
        first, last = options.seeds
        sweep(options.file, options.kinds.split(","), options.noises.split(","), range(first, last + 1))
    print("\n".join(table(done(options.file))))


if __name__ == "__main__":
    main()
