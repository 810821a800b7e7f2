"""The record of a sample, ``run.json``: what was done to what, by which versions, in what time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from micro.report import SampleReport
from micro_pipelines.job import Job
from micro_pipelines.journal import Journal
from micro_pipelines.sources import Source
from micro_pipelines.versions import versions

__all__ = ["plain", "record_of"]


def record_of(
    source: Source,
    job: Job,
    report: SampleReport,
    *,
    journal: Journal,
    fingerprint: Mapping[str, Any],
    began: datetime,
) -> dict[str, Any]:
    """Return the content of ``run.json`` as JSON types."""
    labels, cell = report.labels, report.cell
    steps = [plain(step.as_dict()) for step in report.steps]
    return {
        "sample": source.name,
        "state": source.state,
        "input": {"paths": [str(path.resolve()) for path in source.paths], "hash": fingerprint["input_hash"]},
        "shape_zyx": list(labels.shape),
        "voxel_size_um": dict(zip("zyx", labels.spacing.um, strict=True)),
        "voxel_size_source": _voxel_size_source(steps),
        "recipe": job.recipe.model_dump(mode="json"),
        "recipe_hash": fingerprint["recipe_hash"],
        "model": None if job.model is None else {"path": str(job.model.path.resolve()), **job.model.summary()},
        "fingerprint": dict(fingerprint),
        "versions": versions(),
        "steps": steps,
        "anatomy": {
            "normal": str(cell.normal) if cell.normal else None,
            "far_side": cell.far_side,
            "interface": _plane(cell.plane),
        },
        "warnings": list(report.warnings),
        "began": began.isoformat(timespec="seconds"),
        "seconds": dict(journal.seconds),
    }


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


def _plane(plane: Any) -> dict[str, Any] | None:  # noqa: ANN401
    if plane is None:
        return None
    return {
        "direction_zyx": list(plane.direction),
        "offset_um": plane.offset_um,
        "residual_um": plane.residual_um,
        **({} if plane.bow is None else {"bow": plain(asdict(plane.bow))}),
    }


def _voxel_size_source(steps: list[dict[str, Any]]) -> str:
    found = [step["parameters"]["spacing_from"] for step in steps if "spacing_from" in step["parameters"]]
    return str(found[-1]) if found else ""
