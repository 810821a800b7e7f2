"""What the template of the report is filled with: plain text and pictures as data."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.figure import Figure

from micro.cell import ReferencePlane
from micro.measure import DEFINITIONS
from micro.model import Measurement
from micro.report.canvas import MM_PER_INCH, drawing, to_bytes
from micro.report.checks import check_lines
from micro.report.figures import CAPTIONS, draw
from micro.report.params import FigureName, ReportParams
from micro.report.rounding import MISSING, format_count, format_value
from micro.report.sample import SampleReport
from micro.report.scalebar import length_text
from micro.report.summary import headline_label, headline_rows, summary_figure

__all__ = ["Picture", "definitions_context", "headline_context", "sample_context", "summary_picture"]

_AS_PIXELS: frozenset[FigureName] = frozenset({"overlay", "sections"})
_PAGE_WIDTH_MM = 178.0
_SUMMARY = "Headline numbers of each sample; whiskers: 95 % interval; one colour a state."
_DOUBTFUL = " Open circles: the picture is doubtful, see its warnings."


@dataclass(frozen=True, slots=True)
class Picture:
    """A figure inside the page."""

    name: str
    uri: str
    caption: str
    width_mm: float


def headline_context(samples: Sequence[SampleReport], params: ReportParams) -> dict[str, Any]:
    """Return the first table: a column a headline metric, a line a sample and state."""
    table = headline_rows(samples, params)
    stated = list(dict.fromkeys(name for sample in samples for name, _ in sample.metadata))
    lines = [
        {
            "anchor": _anchor(number),
            "name": sample.name,
            "state": sample.state,
            "stated": [dict(sample.metadata).get(name, "") for name in stated],
            "flags": _flags(sample),
            "doubtful": bool(sample.doubts),
            "cells": [_cell(rows[number - 1], _refusal(sample)) for rows in table.values()],
        }
        for number, sample in enumerate(samples, start=1)
    ]
    return {
        "columns": [headline_label(key) for key in table],
        "lines": lines,
        "states": any(sample.state for sample in samples),
        "stated": stated,
    }


def summary_picture(samples: Sequence[SampleReport], params: ReportParams) -> Picture | None:
    """Return the plot of the headline numbers; None for a single sample, whose table says it all."""
    if len(samples) < 2:
        return None
    wide = params.model_copy(update={"width_mm": _PAGE_WIDTH_MM})
    with drawing(wide):
        figure = summary_figure(samples, wide)
        caption = _SUMMARY + (_DOUBTFUL if any(sample.doubts for sample in samples) else "")
        return None if figure is None else _picture("summary", figure, "svg", wide, caption)


def sample_context(number: int, sample: SampleReport, params: ReportParams) -> dict[str, Any]:
    """Return everything that the page says of one sample."""

    def encode(name: FigureName, figure: Figure) -> Picture:
        return _picture(name, figure, "png" if name in _AS_PIXELS else "svg", params, CAPTIONS[name])

    return {
        "anchor": _anchor(number),
        "name": sample.name,
        "state": sample.state,
        "title": sample.title,
        "facts": _facts(sample),
        "warnings": _warnings(sample),
        "notes": [*_corrections(sample), *sample.cell.notes, *check_lines(sample, params)],
        "pictures": list(draw(sample, params, encode).values()),
        "rows": [_row(row) for row in sample.rows],
        "recipe": {"name": sample.recipe_name, "hash": sample.recipe_hash, "text": sample.recipe_text},
        "steps": [
            {
                "operation": step.operation,
                "version": step.version,
                "input_hash": step.input_hash,
                "parameters": json.dumps(dict(step.parameters), ensure_ascii=False, sort_keys=True, default=str),
            }
            for step in sample.steps
        ],
    }


def definitions_context(samples: Sequence[SampleReport]) -> list[tuple[str, str]]:
    """Return id and sentence of every definition that a row of the page refers to."""
    used = sorted({row.definition for sample in samples for row in sample.rows if row.definition})
    return [(name, DEFINITIONS.get(name, MISSING)) for name in used]


def _picture(name: str, figure: Figure, suffix: str, params: ReportParams, caption: str) -> Picture:
    kind = "image/png" if suffix == "png" else "image/svg+xml"
    content = base64.b64encode(to_bytes(figure, suffix, params.page_dpi)).decode("ascii")
    return Picture(name, f"data:{kind};base64,{content}", caption, float(figure.get_figwidth()) * MM_PER_INCH)


def _warnings(sample: SampleReport) -> list[str]:
    """Return the warnings that are more than a note on the anatomy."""
    return [text for text in sample.warnings if text not in sample.cell.notes]


def _corrections(sample: SampleReport) -> list[str]:
    """Return what the corrections before the segmentation say that they did."""
    found = (step.parameters.get("found", {}) for step in sample.labels.history)
    return [line for facts in found for line in facts.get("did", ())]


def _anchor(number: int) -> str:
    return f"sample-{number}"


def _short(doubt: str) -> str:
    """Return a doubt up to its reason."""
    return doubt.partition(":")[0]


def _flags(sample: SampleReport) -> list[str]:
    """Return what stands beside a sample's name: its doubts by name, and how many warnings there are besides."""
    others = len(_warnings(sample)) - len(sample.doubts)
    more = [] if others < 1 else [f"{others} {'warning' if others == 1 else 'warnings'}"]
    return [*(f"doubtful: {_short(doubt)}" for doubt in sample.doubts), *more]


def _refusal(sample: SampleReport) -> str:
    """Return why no number at all can be given, or nothing where some are."""
    if not sample.doubts or any(row.value is not None for row in sample.rows):
        return ""
    return _short(sample.doubts[-1])


def _cell(row: Measurement | None, refusal: str) -> dict[str, str]:
    if row is None:
        return {"text": MISSING, "why": refusal}
    text = format_value(row.value, row.ci_low, row.ci_high, row.unit)
    return {"text": text, "why": (refusal or row.note) if text == MISSING else ""}


def _row(row: Measurement) -> dict[str, str]:
    return {
        "metric": row.metric,
        "phases": " | ".join(phase for phase in (row.phase_a, row.phase_b) if phase),
        "roi": row.roi,
        "text": format_value(row.value, row.ci_low, row.ci_high, row.unit),
        "missing": "missing" if row.value is None else "",
        "n": format_count(row.n),
        "definition": row.definition,
        "note": row.note,
    }


def _reference(plane: ReferencePlane | None) -> str:
    """Return what the reference interface is, in a few words."""
    if plane is None:
        return ""
    residual = length_text(float(f"{plane.residual_um:.2g}")) if plane.residual_um > 0 else "0 µm"
    shape = "plane" if plane.bow is None else f"curved, sag {length_text(float(f'{plane.sag_um:.2g}'))}"
    return f"{shape}, residual {residual}"


def _facts(sample: SampleReport) -> list[tuple[str, str]]:
    labels, cell = sample.labels, sample.cell
    axes = (1, 2) if labels.is_2d else (0, 1, 2)
    extent = " × ".join(length_text(float(f"{labels.shape[a] * labels.spacing.um[a]:.4g}")) for a in axes)
    voxel = " × ".join(length_text(float(f"{labels.spacing.um[a]:.6g}")) for a in axes)
    names = ", ".join("zyx"[a] for a in axes)
    facts = [
        ("modality", sample.volume.modality.upper() if sample.volume is not None else ""),
        (f"size ({names})", extent),
        ("pixels" if labels.is_2d else "voxels", " × ".join(str(labels.shape[a]) for a in axes)),
        ("pixel size" if labels.is_2d else "voxel size", voxel),
        ("normal", str(cell.normal).replace("-", "−") if cell.normal else "none"),
        ("reference interface", _reference(cell.plane)),
        ("far side", cell.far_side if cell.plane is not None else ""),
        ("recipe", f"{sample.recipe_name} ({sample.recipe_hash})" if sample.recipe_hash else sample.recipe_name),
    ]
    return [(name, text) for name, text in (*facts, *sample.metadata) if text]
