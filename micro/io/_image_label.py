"""Phases and history in the metadata of OME-Zarr."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from micro.errors import PhaseError
from micro.model import Phase, PhaseSet, Step

__all__ = ["history_json", "history_of", "image_label", "phases_of"]


def image_label(phases: PhaseSet) -> dict[str, Any]:
    """Return the ``image-label`` metadata: colours, and names and roles as properties.

    Examples
    --------
    >>> from micro.model import SSB_PHASES
    >>> image_label(SSB_PHASES)["colors"][0]
    {'label-value': 1, 'rgba': [0, 114, 178, 255]}
    """
    return {
        "version": "0.5",
        "colors": [{"label-value": phase.value, "rgba": [*_rgb(phase.colour), 255]} for phase in phases],
        "properties": [
            {"label-value": phase.value, "name": phase.name, "roles": sorted(phase.roles)} for phase in phases
        ],
    }


def phases_of(metadata: object) -> PhaseSet | None:
    """Return the phases that `image_label` wrote, or None where the metadata name none.

    Examples
    --------
    >>> from micro.model import SSB_PHASES
    >>> phases_of(image_label(SSB_PHASES)) == SSB_PHASES
    True
    """
    if not isinstance(metadata, Mapping):
        return None
    colours = {int(c["label-value"]): _hex(c.get("rgba")) for c in metadata.get("colors") or ()}
    phases = []
    for entry in metadata.get("properties") or ():
        if isinstance(entry.get("name"), str) and isinstance(entry.get("roles"), Sequence):
            value = int(entry["label-value"])
            phases.append(Phase(entry["name"], value, frozenset(entry["roles"]), colours.get(value, "#808080")))
    try:
        return PhaseSet(tuple(phases)) if phases else None
    except PhaseError:
        return None


def history_json(history: Sequence[Step]) -> list[dict[str, Any]]:
    """Return the steps as JSON types; what JSON does not know becomes text."""
    steps: list[dict[str, Any]] = json.loads(json.dumps([step.as_dict() for step in history], default=str))
    return steps


def history_of(metadata: object) -> tuple[Step, ...]:
    """Return the steps that `history_json` wrote, or none.

    Examples
    --------
    >>> history_of({"history": history_json([Step("read", version="1")])})[0].operation
    'read'
    """
    steps = metadata.get("history") if isinstance(metadata, Mapping) else None
    names = ("operation", "parameters", "version", "input_hash")
    return tuple(Step(**{name: step[name] for name in names}) for step in steps or ())


def _rgb(colour: str) -> tuple[int, int, int]:
    red, green, blue = bytes.fromhex(colour.removeprefix("#"))
    return (red, green, blue)


def _hex(rgba: object) -> str:
    if not (isinstance(rgba, Sequence) and len(rgba) >= 3):
        return "#808080"
    return f"#{bytes(int(part) for part in rgba[:3]).hex().upper()}"
