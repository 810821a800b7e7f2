"""What rows of dendrites and cracks say where a file of labels has no such phase."""

from __future__ import annotations

from dataclasses import replace

from micro.cell import Part
from micro.measure.protocol import BRIDGED, Context
from micro.model import Measurement

__all__ = ["with_unnamed"]

_OF_DENDRITES = ("dendrite_", "isolated_", "short_circuit")
_NO_CRACK = "no voxel is labelled crack: void is taken as it is labelled"


def with_unnamed(context: Context, row: Measurement) -> Measurement:
    """Return a row of dendrites with the metal that it leaves out, one of cracks that are 0 with why; others as is.

    Where metal lies far beyond the interface and nothing at all is labelled dendrite, a value of 0 is not known to be
    one: the row becomes empty.
    """
    if row.metric.startswith("crack_"):
        return row.noted(_NO_CRACK) if row.value == 0 and _has_unsplit_void(context) else row
    if not context.unnamed_um or not row.metric.startswith(_OF_DENDRITES):
        return row
    told = f"metal reaches {context.unnamed_um:.3g} um beyond the interface and is not labelled dendrite"
    if row.value or any(context.objects.ids_of(part).size for part in (Part.DENDRITE, Part.ISOLATED)):
        return row.noted(told)
    note = row.note if BRIDGED in row.note else told
    return replace(row, value=None, ci_low=None, ci_high=None, n=None, note=note)


def _has_unsplit_void(context: Context) -> bool:
    """Tell whether there is void that nobody has looked through for cracks."""
    assert context.census is not None
    if context.is_split or context.objects.ids_of(Part.CRACK).size:
        return False
    return bool(context.census.of_labels(context.phases.values_with("pore")).any())
