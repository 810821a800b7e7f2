"""``micro phantom``: images with exact truth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, cast

import typer

from micro_pipelines.cli.options import Out

if TYPE_CHECKING:
    from micro.phantoms import Noise

__all__ = ["phantom"]


def phantom(
    kind: Annotated[
        str,
        typer.Argument(help="sem, fibsem, xct, sem-alloy, fibsem-alloy, xct-alloy; or examples: the example images."),
    ],
    *,
    out: Out,
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same cell.")] = 0,
    state: Annotated[
        str, typer.Option(help="pristine, charged, discharged or cycled: same pores and cracks, other gaps.")
    ] = "cycled",
    noise: Annotated[str, typer.Option(help="ordinary, hard or none.")] = "ordinary",
    cell: Annotated[
        str,
        typer.Option(help="half, symmetric, shorted, curved, isolated, stripped, cracked or no-anode."),
    ] = "half",
    normal: Annotated[str | None, typer.Option(help="Anode to electrolyte, as --normal=+x: on its side.")] = None,
    strokes: Annotated[
        bool, typer.Option("--strokes", help="Also strokes, as a person might paint them, for micro train.")
    ] = False,
) -> None:
    """Make a micrograph of a cell that was drawn, and its exact labels and values."""
    from micro.errors import ParameterError
    from micro.phantoms import make_phantom, write_examples, write_phantom
    from micro_pipelines.folders import prepare

    if kind == "examples" and strokes:
        raise ParameterError(
            "--strokes with the example images; expected one kind, such as micro phantom sem --strokes"
        )
    if kind == "examples":
        written = write_examples(prepare(out))
    else:
        made = make_phantom(kind, seed=seed, state=state, noise=cast("Noise", noise), cell=cell, normal=normal)
        written = write_phantom(made, prepare(out), strokes=strokes)
    for path in written:
        print(path)
