"""Corrected labels that can be sliced and set like an array."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from micro.blocks import Region
from micro.correct.patch import Edit, Patch
from micro.correct.session import Correction

__all__ = ["CorrectedArray"]


class CorrectedArray:
    """What a viewer shows: reads no more than it is asked for, and what is set goes to the journal at once.

    Parameters
    ----------
    correction
        The open corrections.
    flat
        Leave the z axis of a single section out.
    tool
        Name of edits that are set through this array.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from micro.model import Labels, Spacing
    >>> automatic = Labels(np.full((4, 5), 2, np.uint8), Spacing.parse("25nm"))
    >>> with Correction(automatic, Path(tempfile.mkdtemp())) as correction:
    ...     array = CorrectedArray(correction, flat=True)
    ...     array[1, 2:4] = 3
    ...     array.shape, array[1].tolist(), correction.log.to_undo.voxels
    ((4, 5), [2, 2, 3, 3, 2], 2)
    """

    def __init__(self, correction: Correction, *, flat: bool = False, tool: str = "set") -> None:
        self.correction = correction
        self.flat = flat
        self.tool = tool
        self.stroke: int | None = None
        """Edit that what is set is added to; see `Correction.apply`."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Voxels along the axes."""
        return self.correction.shape[1:] if self.flat else self.correction.shape

    @property
    def ndim(self) -> int:
        """Three, or two of a flat array."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of voxels."""
        return int(np.prod(self.shape, dtype=np.int64))

    @property
    def dtype(self) -> np.dtype[np.uint8]:
        """Always uint8."""
        return np.dtype(np.uint8)

    def __len__(self) -> int:
        return self.shape[0]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:  # noqa: ANN401
        if copy is False:
            raise ValueError("corrected labels can't be had as an array without a copy")
        whole = self[(slice(None),) * self.ndim]
        return np.asarray(whole, dtype)

    def __getitem__(self, key: Any) -> Any:  # noqa: ANN401
        region, rest = self._resolve(key)
        return self._read(region)[rest]

    def __setitem__(self, key: Any, value: Any) -> None:  # noqa: ANN401
        region, rest = self._resolve(key)
        values = self._read(region)
        if values.size == 0:
            return
        values[rest] = value
        values = values[np.newaxis] if self.flat else values
        z, y, x = (span.start for span in self._box(region))
        logged = self.correction.apply(Edit(self.tool, [Patch((z, y, x), values)]), stroke=self.stroke)
        self.stroke = self.stroke if logged is None else logged.number

    def _read(self, region: tuple[slice, ...]) -> NDArray[np.uint8]:
        values = self.correction.read(self._box(region))
        return values[0] if self.flat else values

    def _box(self, region: tuple[slice, ...]) -> Region:
        z, y, x = (slice(0, 1), *region) if self.flat else region
        return (z, y, x)

    def _resolve(self, key: Any) -> tuple[tuple[slice, ...], tuple[Any, ...]]:  # noqa: ANN401
        """Split an index into the smallest box that holds it, and the index within that box."""
        keys = list(key) if isinstance(key, tuple) else [key]
        if Ellipsis in [k if k is Ellipsis else None for k in keys]:
            at = next(n for n, k in enumerate(keys) if k is Ellipsis)
            keys[at : at + 1] = [slice(None)] * (self.ndim - len(keys) + 1)
        keys += [slice(None)] * (self.ndim - len(keys))
        if len(keys) != self.ndim:
            raise IndexError(f"{len(keys)} indices for {self.ndim} axes")
        spans, rest = [], []
        for one, length in zip(keys, self.shape, strict=True):
            span, inner = _span(one, length)
            spans.append(span)
            rest.append(inner)
        return tuple(spans), tuple(rest)


def _span(key: Any, length: int) -> tuple[slice, Any]:  # noqa: ANN401
    """Return the plain slice that holds what ``key`` picks of an axis, and the key within it."""
    if isinstance(key, slice):
        picked = range(length)[key]
        if len(picked) == 0:
            return slice(0, 0), slice(None)
        low, high = min(picked[0], picked[-1]), max(picked[0], picked[-1]) + 1
        return slice(low, high), slice(None, None, picked.step)
    if isinstance(key, int | np.integer):
        number = range(length)[int(key)]
        return slice(number, number + 1), 0
    many = np.asarray(key)
    if many.dtype == bool:
        many = np.flatnonzero(many)
    if many.size == 0:
        return slice(0, 0), many.astype(np.intp)
    many = np.where(many < 0, many + length, many)
    if many.min() < 0 or many.max() >= length:
        raise IndexError(f"index {key!r} is out of bounds for an axis of length {length}")
    low = int(many.min())
    return slice(low, int(many.max()) + 1), many - low
