"""The ``micro`` command and its subcommands."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import typer

from micro import __version__
from micro.registry import Registry
from micro_pipelines.cli.compare import compare
from micro_pipelines.cli.demo import demo
from micro_pipelines.cli.guard import DEBUG, complain, guarded
from micro_pipelines.cli.info import info
from micro_pipelines.cli.measure import measure
from micro_pipelines.cli.paper_table import table
from micro_pipelines.cli.phantom import phantom
from micro_pipelines.cli.recipe import recipe
from micro_pipelines.cli.run import run
from micro_pipelines.cli.train import train
from micro_pipelines.cli.validate import validate

__all__ = ["app", "main"]

COMMANDS: Registry[Callable[..., None]] = Registry("micro.commands")
"""Commands that other distributions bring through entry points."""


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"micro {__version__}")
        raise typer.Exit


def _root(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Lithium, electrolyte, voids, dendrites and cracks in micrographs of solid-state batteries, measured."""


def _build() -> typer.Typer:
    built = typer.Typer(
        name="micro",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
    )
    built.callback()(_root)
    for command in (demo, run, train, info, measure, table, compare, phantom, validate, recipe):
        built.command(no_args_is_help=command in (run, train, measure, table, compare, phantom, info))(guarded(command))
    for name in COMMANDS.names():
        _add_plugin(built, name)
    return built


def _add_plugin(built: typer.Typer, name: str) -> None:
    # A plugin that doesn't load must not take the other commands with it.
    try:
        command: Any = COMMANDS.get(name)
    except Exception as error:
        complain(f"the command {name!r} of a plugin does not load: {type(error).__name__}: {error}", kind="warning")
        return
    built.command(name)(guarded(command))


app = _build()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status.

    0 all good, 1 some samples failed, 2 the command itself was wrong, 130 interrupted; 128 and the number of
    a signal by which the system stopped it.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure") and (stream.encoding or "").lower() not in ("utf-8", "utf8"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    # --debug is taken anywhere on the line, since it is asked for after a command has failed.
    debug = DEBUG.set("--debug" in given)
    try:
        app(args=[word for word in given if word != "--debug"], prog_name="micro")
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    finally:
        DEBUG.reset(debug)
    return 0
