"""Values as JSON types."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["plain"]


def plain(value: Any) -> Any:  # noqa: ANN401
    """Return ``value`` with numpy numbers, arrays, tuples, mappings and paths as JSON types.

    Examples
    --------
    >>> plain({"a": np.float32(0.5), "b": (1, Path("c"))})
    {'a': 0.5, 'b': [1, 'c']}
    """
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    if isinstance(value, Path):
        return str(value)
    return value
