"""Files that take the place of others, on every system."""

from __future__ import annotations

import os
import time
from pathlib import Path

__all__ = ["put_in_place"]

ATTEMPTS = 20 if os.name == "nt" else 1
WAIT_SECONDS = 0.05


def put_in_place(beside: Path, path: Path) -> None:
    """Rename a file onto another one, which it replaces in one step.

    Windows refuses that while somebody has the other one open, as virus scanners and indexers do for a moment with what
    was just written: there it is tried again for a second.

    Raises
    ------
    OSError
        If it can't be renamed.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> for name in ("new", "old"):
    ...     _ = (folder / name).write_text(name, encoding="utf-8")
    >>> put_in_place(folder / "new", folder / "old")
    >>> [(path.name, path.read_text(encoding="utf-8")) for path in folder.iterdir()]
    [('old', 'new')]
    """
    for _ in range(ATTEMPTS - 1):
        try:
            beside.replace(path)
        except PermissionError:
            time.sleep(WAIT_SECONDS)
        else:
            return
    beside.replace(path)
