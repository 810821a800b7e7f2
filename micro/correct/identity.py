"""Which labels a journal belongs to."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from micro.errors import JournalError
from micro.model import Labels

__all__ = ["Identity", "identify"]


@dataclass(frozen=True, slots=True)
class Identity:
    """What tells labels from others: shape, voxel edges in um, and a hash of their content or of their files."""

    shape: tuple[int, int, int]
    spacing_um: tuple[float, float, float]
    content: str

    def as_dict(self) -> dict[str, Any]:
        """Return the identity as JSON types."""
        return json.loads(json.dumps(asdict(self)))  # type: ignore[no-any-return]

    def check(self, header: Mapping[str, Any], where: object) -> None:
        """Refuse a journal that belongs to other labels.

        Raises
        ------
        JournalError
            If shape, spacing or content differ from those in ``header``.

        Examples
        --------
        >>> ours = Identity((1, 4, 5), (1.0, 1.0, 1.0), "a")
        >>> ours.check({"labels": {**ours.as_dict(), "shape": [1, 4, 6]}}, "a")
        Traceback (most recent call last):
        micro.errors.JournalError: a: these corrections belong to labels of shape (1, 4, 6), found (1, 4, 5); \
open those labels, or move this folder away to begin anew
        """
        theirs = header.get("labels", {})
        for name, what in (("shape", "shape"), ("spacing_um", "voxel size (um)"), ("content", "content")):
            ours, found = self.as_dict()[name], theirs.get(name)
            if ours != found:
                if name == "content":
                    ours, found = str(ours)[:19], f"{str(found)[:19]}..."
                else:
                    ours, found = tuple(ours), tuple(found or ())
                raise JournalError(
                    f"{where}: these corrections belong to labels of {what} {found}, found {ours}; "
                    "open those labels, or move this folder away to begin anew"
                )


def identify(labels: Labels) -> Identity:
    """Return what tells ``labels`` from others.

    Labels that were read from files are told by the fingerprint of these files, which is in their history, in a moment.
    Others (arrays in memory) are hashed whole, block by block.

    Examples
    --------
    >>> from micro.model import Spacing
    >>> one = Labels(np.ones((4, 5), np.uint8), Spacing.parse("10nm"))
    >>> identify(one) == identify(Labels(np.ones((4, 5), np.uint8), Spacing.parse("10nm")))
    True
    >>> identify(one) == identify(Labels(np.zeros((4, 5), np.uint8), Spacing.parse("10nm")))
    False
    """
    last = labels.history[-1] if labels.history else None
    if last is not None and last.operation == "read" and last.input_hash:
        mapping = json.dumps(last.parameters.get("mapping", {}), sort_keys=True)
        content = f"files:{last.input_hash}" + (f":{mapping}" if mapping != "{}" else "")
    else:
        content = f"voxels:{_hash(labels)}"
    return Identity(labels.shape, labels.spacing.um, content)


def _hash(labels: Labels) -> str:
    """Return the SHA-256 of all voxels, plane by plane: it does not depend on the chunks."""
    digest = hashlib.sha256()
    step = max(1, 2**24 // (labels.shape[1] * labels.shape[2]))
    for low in range(0, labels.shape[0], step):
        planes = labels.data[low : low + step].compute(scheduler="synchronous")
        digest.update(np.ascontiguousarray(planes).tobytes())
    return digest.hexdigest()
