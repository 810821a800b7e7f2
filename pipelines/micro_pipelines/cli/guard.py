"""Errors of a command: one line, and a traceback only on request."""

from __future__ import annotations

import functools
import signal
import sys
import traceback
from collections.abc import Callable
from contextvars import ContextVar
from typing import ParamSpec

import typer

from micro.errors import MicroError
from micro_pipelines.run_log import signal_of, stopped_by

__all__ = ["DEBUG", "complain", "guarded"]

DEBUG: ContextVar[bool] = ContextVar("debug", default=False)
"""Whether the user asked for tracebacks."""

P = ParamSpec("P")


def complain(message: str, *, kind: str = "error") -> None:
    """Print one line on stderr."""
    print(f"micro: {kind}: {' '.join(message.split())}", file=sys.stderr, flush=True)


def guarded(command: Callable[P, None]) -> Callable[P, None]:
    """Return ``command`` with its errors turned into one line and an exit status."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except MicroError as error:
            _show_traceback()
            complain(str(error))
            raise typer.Exit(2) from error
        except KeyboardInterrupt as stop:
            _show_traceback()
            complain(f"stopped by {stopped_by(stop)}; what is finished is kept, --resume continues", kind="interrupted")
            raise typer.Exit(128 + (signal_of(stop) or signal.SIGINT)) from None
        except Exception as error:
            if type(error).__module__.startswith(("typer", "click")):
                raise
            _show_traceback()
            hint = "" if DEBUG.get() else "; --debug shows where"
            complain(f"unexpected {type(error).__name__}: {error or 'no message'}{hint}")
            raise typer.Exit(2) from error

    return run


def _show_traceback() -> None:
    if DEBUG.get():
        traceback.print_exc()
