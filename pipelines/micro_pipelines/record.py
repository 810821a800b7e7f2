"""The record of a sample, ``run.json``: what was done to what, by which versions, in what time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from micro.report import SampleReport
from micro_pipelines.first_state import plane_as_dict
from micro_pipelines.job import Job
from micro_pipelines.journal import Journal
from micro_pipelines.json_types import plain
from micro_pipelines.sources import Source
from micro_pipelines.versions import versions

__all__ = ["record_of"]


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
        "metadata": dict(source.metadata),
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
            "interface": None if cell.plane is None else plane_as_dict(cell.plane),
            "reference": cell.reference,
        },
        "warnings": list(report.warnings),
        "began": began.isoformat(timespec="seconds"),
        "seconds": dict(journal.seconds),
    }


def _voxel_size_source(steps: list[dict[str, Any]]) -> str:
    found = [step["parameters"]["spacing_from"] for step in steps if "spacing_from" in step["parameters"]]
    return str(found[-1]) if found else ""
