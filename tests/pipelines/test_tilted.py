"""``micro info`` and ``micro run`` on a picture whose file tells a tilt: it is said, and no length changes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tifffile

from micro.phantoms import Phantom

Cli = Callable[..., Any]
FEI = (
    "[Scan]\r\nPixelWidth=5e-08\r\nPixelHeight=5e-08\r\n"
    "[Stage]\r\nStageT=0.9075712\r\n[EBeam]\r\nTiltCorrectionIsOn={}\r\n"
)


def tilted(path: Path, sem: Phantom, correction: str) -> Path:
    text = FEI.format(correction)
    grey = sem.volume.data.compute()[0]
    tifffile.imwrite(path, grey, extratags=[(34682, "s", 0, text, True)], metadata=None)
    return path


@pytest.mark.parametrize("options", [(), ("--set", "preprocess.tilt_deg=52")])
def test_a_tilt_is_said_once_and_corrected_only_on_request(
    options: tuple[str, ...], cli: Cli, place: Path, sem: Phantom
) -> None:
    path = tilted(place / "schräg.tif", sem, "no")
    assert "a tilt of 52 degrees (FEI [Stage] StageT), tilt correction off" in cli("info", path).out
    told = cli("run", "sem", path, "--out", place / "out", *options)
    assert told.status == 0, told.err
    record = json.loads((place / "out" / "schräg" / "run.json").read_text(encoding="utf-8"))
    hints = [line for line in record["warnings"] if "tells a tilt" in line]
    assert len(hints) == (0 if options else 1)
    assert ("tells a tilt of 52 degrees" in told.err) is not bool(options)
    assert [step["operation"] for step in record["steps"]].count("untilt") == (1 if options else 0)
    assert "doubtful" not in (place / "out" / "measurements.csv").read_text(encoding="utf-8")
