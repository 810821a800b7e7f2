"""Numbers of things in words."""

from __future__ import annotations

__all__ = ["counted"]


def counted(number: int, thing: str) -> str:
    """Return how many there are of something.

    Examples
    --------
    >>> counted(1, "edit"), counted(0, "voxel")
    ('1 edit', '0 voxels')
    """
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"
