"""How strong the artefacts of a phantom are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

__all__ = ["NOISE", "NoiseLevel"]


@dataclass(frozen=True, slots=True)
class NoiseLevel:
    """Strength of the artefacts.

    Parameters
    ----------
    snr
        Contrast of Li and SE over the standard deviation of the noise; 0 for no noise at all.
    stripes
        Root mean square of curtains (electron) or rings (CT) as a share of the SE grey.
    artefacts
        Scale of everything else: drift, jitter, charging, shading, cupping, fringes.
    """

    snr: float
    stripes: float
    artefacts: float


_NONE = NoiseLevel(0.0, 0.0, 0.0)
_ELECTRON = MappingProxyType(
    {"ordinary": NoiseLevel(6.0, 0.05, 1.0), "hard": NoiseLevel(3.5, 0.09, 1.6), "none": _NONE}
)
_XRAY = MappingProxyType({"ordinary": NoiseLevel(4.0, 0.03, 1.0), "hard": NoiseLevel(2.5, 0.06, 1.6), "none": _NONE})

NOISE: Mapping[str, Mapping[str, NoiseLevel]] = MappingProxyType({"sem": _ELECTRON, "fibsem": _ELECTRON, "xct": _XRAY})
"""Noise levels by modality and name."""
