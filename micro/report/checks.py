"""What the checks of the resolution and of the threshold say of a sample's headline numbers, a sentence each."""

from __future__ import annotations

import pandas as pd

from micro.report.params import ReportParams
from micro.report.rounding import format_value
from micro.report.sample import SampleReport
from micro.report.summary import headline_label

__all__ = ["check_lines"]


def check_lines(sample: SampleReport, params: ReportParams) -> list[str]:
    """Return the sentences of the checks that were made; none where there were none.

    The first names the headline values that leave their 95 % interval at half the resolution; the second how
    far each headline value goes with the threshold of the segmentation.
    """
    checks = sample.results.checks
    lines = []
    if "resolution" in checks:
        lines.append(_resolution(checks["resolution"], sample, params))
    if "threshold_sweep" in checks:
        lines.append(_sweep(checks["threshold_sweep"], sample, params))
    return [line for line in lines if line]


def _of(table: pd.DataFrame, key: str, sample: SampleReport) -> pd.DataFrame:
    """Return the line of a headline metric: of the region that the report shows."""
    row = sample.find(key)
    if row is None:
        return table.iloc[:0]
    return table[(table["metric"] == row.metric) & (table["phase_a"] == row.phase_a) & (table["roi"] == row.roi)]


def _resolution(table: pd.DataFrame, sample: SampleReport, params: ReportParams) -> str:
    if not table["value_coarse"].notna().any():
        return "; ".join(dict.fromkeys(table["note"]))
    found = [(key, _of(table, key, sample)) for key in params.headline]
    known = [(key, lines.iloc[0]) for key, lines in found if len(lines) and pd.notna(lines.iloc[0]["change_percent"])]
    moved = [
        f"{headline_label(key)} ({line['change_percent']:+.2g} %)"
        for key, line in known
        if line["note"] == "beyond the interval"
    ]
    if not moved:
        return f"At half the resolution none of {len(known)} headline values leaves its interval (resolution.csv)."
    return f"At half the resolution these leave their intervals: {', '.join(moved)} (resolution.csv)."


def _sweep(table: pd.DataFrame, sample: SampleReport, params: ReportParams) -> str:
    found = [(key, _of(table, key, sample)) for key in params.headline]
    texts = [
        f"{headline_label(key)} {format_value(line['value'], line['low'], line['high'], line['unit'])}"
        for key, line in ((key, lines.iloc[0]) for key, lines in found if len(lines))
    ]
    if not texts:
        return ""
    return f"With the segmentation's threshold between 0.3 and 0.7: {'; '.join(texts)} (threshold_sweep.csv)."
