"""What was done to a volume: the audit trail."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

__all__ = ["Step"]


@dataclass(frozen=True, slots=True)
class Step:
    """One operation in the history of a volume or of labels.

    Parameters
    ----------
    operation
        What was done, in the field's words: ``read``, ``preprocess``, ``segment``, ``correct by hand``.
    parameters
        Everything that decides the result; JSON types only.
    version
        Version of the software that did it.
    input_hash
        Hash of what it was done to, or empty.

    Examples
    --------
    >>> Step("read", {"path": "a.tif"}, version="0.1.0").as_dict()["operation"]
    'read'
    """

    operation: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    version: str = ""
    input_hash: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "parameters", MappingProxyType(dict(self.parameters)))

    def as_dict(self) -> dict[str, Any]:
        """Return the step as plain JSON types."""
        return {
            "operation": self.operation,
            "parameters": dict(self.parameters),
            "version": self.version,
            "input_hash": self.input_hash,
        }
