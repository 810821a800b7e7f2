"""Extension points: names that other distributions may add through entry points."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import Generic, TypeVar

from micro.errors import UnknownNameError

__all__ = ["Registry"]

T = TypeVar("T")


class Registry(Generic[T]):
    """Things by name: those registered here, and those that entry points of ``group`` bring.

    Examples
    --------
    >>> readers: Registry[int] = Registry("micro.readers")
    >>> readers.add("answer", 42)
    >>> readers.get("answer")
    42
    """

    def __init__(self, group: str) -> None:
        self.group = group
        self._entries: dict[str, T] = {}

    def add(self, name: str, entry: T) -> None:
        """Register ``entry`` under ``name``; a later one replaces an earlier one."""
        self._entries[name] = entry

    def names(self) -> tuple[str, ...]:
        """Return all known names, sorted."""
        return tuple(sorted({*self._entries, *(point.name for point in entry_points(group=self.group))}))

    def get(self, name: str) -> T:
        """Return the entry called ``name``, loading it from its entry point if need be.

        Raises
        ------
        UnknownNameError
            If nothing carries that name; the message lists the names that exist.
        """
        if name not in self._entries:
            points = entry_points(group=self.group, name=name)
            if not points:
                known = ", ".join(self.names()) or "none"
                raise UnknownNameError(f"{self.group}: no entry called {name!r}; known: {known}")
            self._entries[name] = next(iter(points)).load()
        return self._entries[name]
