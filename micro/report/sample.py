"""Everything the report knows about one sample in one state."""

from __future__ import annotations

from dataclasses import dataclass

from micro.cell import Cell
from micro.measure import Results
from micro.model import Labels, Measurement, Step, Volume

__all__ = ["SampleReport"]


@dataclass(frozen=True)
class SampleReport:
    """One measured sample, as `write_figures` and `write_report` take it.

    Parameters
    ----------
    name, state
        Name of the sample, and its state in a series (``pristine``, ``after 20 cycles``), or empty.
    volume
        The grey picture; None where only labels were measured.
    labels, cell, results
        The final labels, their anatomy, and what was measured on them.
    recipe_name, recipe_hash, recipe_text
        The recipe; its text is shown in full under the sample.
    warnings
        What the reader of the numbers must know, in one line each.
    history
        Every step from the file to the labels; empty: the history of the labels.
    metadata
        What the user stated of the sample: names and texts.

    See Also
    --------
    write_figures, write_report

    Examples
    --------
    >>> import numpy as np
    >>> from micro.measure.results import merge_findings
    >>> from micro.model import Spacing
    >>> labels = Labels(np.full((4, 5), 2, np.uint8), Spacing.parse("10nm"))
    >>> sample = SampleReport("cell A", "pristine", None, labels, Cell(labels, None), merge_findings([]))
    >>> sample.title, sample.find("contact_fraction")
    ('cell A · pristine', None)
    """

    name: str
    state: str
    volume: Volume | None
    labels: Labels
    cell: Cell
    results: Results
    recipe_name: str = ""
    recipe_hash: str = ""
    recipe_text: str = ""
    warnings: tuple[str, ...] = ()
    history: tuple[Step, ...] = ()
    metadata: tuple[tuple[str, str], ...] = ()

    @property
    def title(self) -> str:
        """The name with the state after it, unless the name says it already."""
        return f"{self.name} · {self.state}" if self.state and self.state not in self.name else self.name

    @property
    def rows(self) -> tuple[Measurement, ...]:
        """The measurements, with the sample, state and recipe they belong to."""
        return tuple(
            row.of(sample=self.name, state=self.state, recipe_hash=self.recipe_hash) for row in self.results.rows
        )

    @property
    def doubts(self) -> tuple[str, ...]:
        """What the steps from the file to the labels said against themselves, in one line each.

        A step that says it shorter for tables records that as ``doubts`` beside its ``warnings``.
        """
        found = (step.parameters.get("found", {}) for step in self.steps)
        lines = (line for result in found for line in result.get("doubts", result.get("warnings", ())))
        return tuple(dict.fromkeys(str(line) for line in lines))

    @property
    def table_rows(self) -> tuple[Measurement, ...]:
        """The rows as tables hold them: every note ends with the doubts, since a row may be read alone."""
        doubts = [f"doubtful: {line}" for line in self.doubts]
        return tuple(row.noted(*doubts) for row in self.rows)

    @property
    def steps(self) -> tuple[Step, ...]:
        """Every step from the file to the labels."""
        return self.history or self.labels.history

    def find(self, key: str) -> Measurement | None:
        """Return the row of a headline key, ``metric`` or ``metric:phase``; None where there is none.

        Of several rows one with a value comes first, and before all those of the SE region.
        """
        metric, _, phase = key.partition(":")
        found = [row for row in self.rows if row.metric == metric and (not phase or row.phase_a == phase)]
        found.sort(key=lambda row: (row.value is None, row.roi != "se_region"))
        return found[0] if found else None
