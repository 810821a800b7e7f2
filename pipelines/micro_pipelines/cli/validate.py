"""``micro validate``: the default recipes on fresh phantoms, measured against true."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from micro_pipelines.cli.options import Quiet, Workers, engine_of

if TYPE_CHECKING:
    import pandas as pd

    from micro.phantoms import Noise

__all__ = ["validate"]


def validate(
    *,
    out: Annotated[Path | None, typer.Option("--out", help="Folder for validate.csv and validate.md.")] = None,
    seeds: Annotated[int, typer.Option(min=1, help="Phantoms of each kind.")] = 10,
    first_seed: Annotated[int, typer.Option(min=0, help="Seed of the first phantom.")] = 0,
    kinds: Annotated[
        str, typer.Option(help="Kinds of phantoms, with commas; all: the alloy ones too.")
    ] = "sem,fibsem,xct",
    noise: Annotated[str, typer.Option(help="ordinary, hard or none.")] = "ordinary",
    workers: Workers = None,
    quiet: Quiet = False,
) -> None:
    """Make fresh phantoms, run the default recipes on them and print measured against true.

    Exit status 1 where a bar is missed: by the worst seed, or for objects by the counts of all seeds.
    """
    from micro_pipelines.cli.guard import complain
    from micro_pipelines.folders import prepare
    from micro_pipelines.scores import summary
    from micro_pipelines.validation import validate as run_validation

    folder = None if out is None else prepare(out)
    table = run_validation(
        _kinds(kinds),
        range(first_seed, first_seed + seeds),
        noise=cast("Noise", noise),
        engine=engine_of(workers),
        progress=None if quiet else _tell,
    )
    worst = summary(table)
    _print(worst)
    if folder is not None:
        _write(folder, table, worst)
    failed = worst[worst["verdict"] == "FAIL"]
    for _, row in failed.iterrows():
        where = f"{row['kind']}, {row['noise']} noise: {row['score']}"
        complain(f"{where} misses {_limit(row)}, seeds {row['missed']}", kind="validate")
    if len(failed):
        complain(f"{len(failed)} of {int((worst['verdict'] != '').sum())} bars are missed", kind="validate")
        raise typer.Exit(1)


def _kinds(text: str) -> list[str]:
    if text.strip().lower() != "all":
        return [kind.strip() for kind in text.split(",")]
    from micro.phantoms import KINDS

    return list(KINDS)


def _tell(name: str) -> None:
    print(name, file=sys.stderr, flush=True)


def _limit(row: pd.Series[float]) -> str:
    return "" if math.isnan(row["limit"]) else f"{'at most' if row['is_error'] else 'at least'} {row['limit']:g}"


def _cells(row: pd.Series[float]) -> list[str]:
    head = [str(row["score"]), _number(row["worst"]), _number(row["mean"]), str(row["counts"])]
    return [*head, _limit(row), str(row["verdict"]), str(row["missed"])]


def _number(value: float) -> str:
    return "none" if math.isnan(value) else f"{value:.3f}"


_COLUMNS = ("score", "worst", "mean", "objects", "limit", "", "seeds that miss it")


def _print(worst: pd.DataFrame) -> None:
    from micro_pipelines.cli.table import print_table

    for (kind, noise), group in worst.groupby(["kind", "noise"], sort=False):
        print_table(
            f"{kind}, {noise} noise: measured against true", _COLUMNS, [_cells(row) for _, row in group.iterrows()]
        )


def _write(folder: Path, table: pd.DataFrame, worst: pd.DataFrame) -> None:
    lines = ["# Phantoms: measured against true", ""]
    for kind, group in worst.groupby("kind", sort=False):
        seeds = table.loc[table["kind"] == kind, "seed"]
        lines += [
            f"## {kind}",
            "",
            f"{len(seeds)} phantoms, {group['noise'].iloc[0]} noise, seeds {seeds.min()} to {seeds.max()}.",
            "",
        ]
        lines += [f"| {' | '.join(_COLUMNS)} |", "|---|---:|---:|---:|---|---|---|"]
        lines += ["| " + " | ".join(_cells(row)) + " |" for _, row in group.iterrows()]
        lines.append("")
    table.to_csv(folder / "validate.csv", index=False, lineterminator="\n", encoding="utf-8")
    (folder / "validate.md").write_text("\n".join(lines), encoding="utf-8")
