"""Knobs as widgets, with their descriptions as tips."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtGui import QWheelEvent
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QLabel,
    QLineEdit,
    QScrollArea,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)
from superqt import QCollapsible

from micro_pipelines import load_recipe
from micro_pipelines.recipe import Recipe
from napari_micro_ssb._knobs import MAIN, SECTIONS, Knob, knobs_of, text_of

__all__ = ["KnobForm"]

_DECIMALS = 12
"""So many are kept; more of them, and steps of 0.1 would show that they are binary fractions."""


class _Choice(QComboBox):
    """A combo box that the wheel doesn't turn while the form is scrolled."""

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Leave the wheel to the form."""
        event.ignore()


class _Number(QDoubleSpinBox):
    """A number without idle zeros, that the wheel doesn't turn while the form is scrolled."""

    def textFromValue(self, value: float) -> str:
        """Return the digits that count."""
        # not 5e-05, which the box itself can't be given
        return str(np.format_float_positional(round(value, _DECIMALS), trim="-"))

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Leave the wheel to the form."""
        event.ignore()


class _Whole(QSpinBox):
    """A whole number that the wheel doesn't turn while the form is scrolled."""

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Leave the wheel to the form."""
        event.ignore()


class KnobForm(QScrollArea):
    """The keys of a recipe that decide labels and numbers: the main ones on top, the others by section."""

    def __init__(self) -> None:
        super().__init__()
        self.setWidgetResizable(True)
        self._knobs = {knob.key: knob for section in SECTIONS for knob in knobs_of(section)}
        self.widgets: dict[str, QWidget] = {key: _widget(knob) for key, knob in self._knobs.items()}
        self._name = ""
        self._shown: dict[str, str] = {}
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.addWidget(self._group(MAIN))
        for section in SECTIONS:
            keys = [key for key in self._knobs if key.startswith(f"{section}.") and key not in MAIN]
            part = QCollapsible(section)
            part.addWidget(self._group(keys))
            column.addWidget(part)
        column.addStretch()
        self.setWidget(inside)

    def show_recipe(self, name_or_path: str) -> Recipe:
        """Show the values of a recipe; what was changed before is gone.

        Raises
        ------
        RecipeError
            If there is no such recipe, or something in it is wrong; the form stays as it was.
        """
        recipe = load_recipe(name_or_path)
        for key, knob in self._knobs.items():
            _set(self.widgets[key], knob.value_in(recipe))
        self._name = name_or_path
        self._shown = self._texts()
        return recipe

    def overrides(self) -> tuple[str, ...]:
        """Return what was changed, as ``--set`` takes it."""
        return tuple(f"{key}={text}" for key, text in self._texts().items() if text != self._shown[key])

    def recipe(self) -> Recipe:
        """Return the recipe with what was changed: the very one that ``micro run --set`` would use.

        Raises
        ------
        RecipeError
            If a value is wrong; the message says which and what it may be.
        """
        return load_recipe(self._name, self.overrides())

    def _texts(self) -> dict[str, str]:
        return {key: _get(widget) for key, widget in self.widgets.items()}

    def _group(self, keys: Iterable[str]) -> QWidget:
        group = QWidget()
        form = QFormLayout(group)
        form.setContentsMargins(0, 0, 0, 0)
        for key in keys:
            label = QLabel(self._knobs[key].name)
            label.setToolTip(self._knobs[key].description)
            form.addRow(label, self.widgets[key])
        return group


def _widget(knob: Knob) -> QWidget:
    widget: Any
    if knob.kind == "flag":
        widget = QCheckBox()
    elif knob.kind == "choice":
        widget = _Choice()
        widget.addItems(list(knob.choices))
    elif knob.kind == "whole":
        widget = _Whole()
        widget.setRange(int(max(knob.low, -(2**31))), int(min(knob.high, 2**31 - 1)))
    elif knob.kind == "number":
        widget = _Number()
        widget.setDecimals(_DECIMALS)
        widget.setSingleStep(0.1)
        widget.setRange(knob.low if math.isfinite(knob.low) else -1e9, knob.high if math.isfinite(knob.high) else 1e9)
    else:
        widget = QLineEdit()
        widget.setPlaceholderText("default")
    widget.setToolTip(f"<p>{knob.key}: {knob.description}</p>")
    widget.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    return widget


def _set(widget: Any, value: Any) -> None:  # noqa: ANN401
    if isinstance(widget, QCheckBox):
        widget.setChecked(bool(value))
    elif isinstance(widget, QComboBox):
        widget.setCurrentText(text_of(value))
    elif isinstance(widget, QSpinBox | QDoubleSpinBox):
        widget.setValue(value)
    else:
        widget.setText(text_of(value))


def _get(widget: Any) -> str:  # noqa: ANN401
    if isinstance(widget, QCheckBox):
        return text_of(widget.isChecked())
    if isinstance(widget, QComboBox):
        return str(widget.currentText())
    if isinstance(widget, QSpinBox):
        return str(widget.value())
    if isinstance(widget, QDoubleSpinBox):
        return repr(round(widget.value(), _DECIMALS))
    return str(widget.text()).strip()
