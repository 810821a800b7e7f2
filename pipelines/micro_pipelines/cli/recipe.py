"""``micro recipe``: the presets, to read and to copy."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["recipe"]


def recipe(
    name: Annotated[str, typer.Argument(help="A preset; without one, all are listed.")] = "",
    *,
    out: Annotated[Path | None, typer.Option("--out", help="Write the TOML to this file instead.")] = None,
) -> None:
    """List the presets, or print one as a commented TOML to edit."""
    from micro.errors import OutputError
    from micro_pipelines.recipe_files import load_recipe, preset_names, preset_text

    if not name:
        for preset in preset_names():
            print(f"{preset:14} {load_recipe(preset).description}")
    elif out is None:
        print(preset_text(name), end="")
    elif out.exists():
        raise OutputError(f"{out} is there already; give another name with --out")
    else:
        try:
            out.write_text(preset_text(name), encoding="utf-8")
        except OSError as error:
            raise OutputError(
                f"{out} can't be written: {error.strerror or error}; choose another with --out"
            ) from error
