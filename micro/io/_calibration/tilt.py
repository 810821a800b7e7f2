"""What a microscope wrote of the tilt: said to the user, never applied, since it isn't the angle to the face."""

from __future__ import annotations

import math
from dataclasses import dataclass

from micro.io._calibration.tags import TiffTags

__all__ = ["Tilt", "read_tilt"]

_FEI_TAGS = (34682, 34680)
_ZEISS_TAG = 34118


@dataclass(frozen=True, slots=True)
class Tilt:
    """The tilt of the stage in degrees, whether the microscope corrected the picture for it, and where it stands.

    Examples
    --------
    >>> Tilt(52.0, corrected=False, where="FEI [Stage] StageT").sentence
    'the file tells a tilt of 52 degrees (FEI [Stage] StageT), tilt correction off'
    """

    stage_deg: float
    corrected: bool
    where: str

    @property
    def sentence(self) -> str:
        """Say it in words."""
        state = "on" if self.corrected else "off"
        return f"the file tells a tilt of {self.stage_deg:.3g} degrees ({self.where}), tilt correction {state}"


def read_tilt(tags: TiffTags) -> Tilt | None:
    """Return what tag 34682 (FEI, radians) or 34118 (Zeiss, degrees) says of the tilt; None where it says nothing.

    Examples
    --------
    >>> stage = {"Stage": {"StageT": 0.907571}, "EBeam": {"TiltCorrectionIsOn": "yes"}}
    >>> found = read_tilt(TiffTags({34682: stage}))
    >>> round(found.stage_deg, 2), found.corrected
    (52.0, True)
    """
    for tag in _FEI_TAGS:
        sections = tags.values.get(tag)
        if isinstance(sections, dict):
            return _fei(sections)
    fields = tags.values.get(_ZEISS_TAG)
    return _zeiss(fields) if isinstance(fields, dict) else None


def _fei(sections: dict[str, object]) -> Tilt | None:
    stage, beam = sections.get("Stage"), sections.get("EBeam")
    turned = _number(stage.get("StageT")) if isinstance(stage, dict) else None
    if turned is None:
        return None
    is_on = beam.get("TiltCorrectionIsOn") if isinstance(beam, dict) else None
    return Tilt(math.degrees(turned), _is_on(is_on), "FEI [Stage] StageT")


def _zeiss(fields: dict[str, object]) -> Tilt | None:
    # AP_TILT_ANGLE is what the correction is set to, whether the stage is there or not
    corrected = _is_on(_second(fields.get("dp_tilt_correction")))
    for name in ("ap_tilt_angle", "ap_stage_at_t") if corrected else ("ap_stage_at_t", "ap_tilt_angle"):
        angle = _number(_second(fields.get(name)))
        if angle:
            return Tilt(angle, corrected, f"Zeiss {name.upper()}")
    return None


def _second(entry: object) -> object:
    return entry[1] if isinstance(entry, tuple) and len(entry) > 1 else None


def _number(value: object) -> float | None:
    number = float(value) if isinstance(value, int | float) and not isinstance(value, bool) else math.nan
    return number if math.isfinite(number) else None


def _is_on(value: object) -> bool:
    return value is True or str(value).strip().lower() in ("yes", "on", "true", "1")
