"""Which layer a panel works on, and how large its voxels are."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from qtpy.QtWidgets import QComboBox, QHBoxLayout, QLabel, QLineEdit, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from micro.errors import CalibrationError, InputMissingError
from micro.model import Spacing
from napari_micro_ssb._origin import edges_text, origin_of, refuse_other_voxel_size, spacing_of

if TYPE_CHECKING:
    import napari

__all__ = ["Follower", "LayerPicker", "VoxelField", "is_kind", "itself", "set_voxel_size"]


class LayerPicker(QComboBox):
    """The layers of one kind in the viewer.

    Parameters
    ----------
    viewer
        Its layers are followed.
    kind
        ``image``, ``labels`` or ``shapes``.
    wanted
        What to do where there is none, for the message.
    fits
        Which layers of that kind are listed; all where it isn't given.
    """

    def __init__(
        self, viewer: napari.Viewer, kind: str, wanted: str, *, fits: Callable[[Any], bool] | None = None
    ) -> None:
        super().__init__()
        self._viewer = viewer
        self._kind = kind
        self._wanted = wanted
        self._fits = fits
        layers = viewer.layers
        self._heard = (
            (layers.events.inserted, self.refresh),
            (layers.events.removed, self.refresh),
            (layers.events.reordered, self.refresh),
            (layers.selection.events.active, self._follow),
        )
        for event, slot in self._heard:
            event.connect(slot)
        self._last: weakref.ref[Any] | None = None
        self.currentTextChanged.connect(self._remember)
        self.refresh()

    def refresh(self, _: object = None) -> None:
        """List the layers anew; the one that was chosen stays."""
        chosen = self._text_or_forget()
        if chosen is None:
            return
        names = [layer.name for layer in self._viewer.layers if self._lists(layer)]
        last = None if self._last is None else self._last()
        if last is not None and last.name != chosen and last.name in names and chosen not in names:
            chosen = last.name  # it has a new name
        if [self.itemText(n) for n in range(self.count())] == names:
            return
        # whoever hears of a change looks here again: it must find the new list
        self.blockSignals(True)
        self.clear()
        self.addItems(names)
        self.setCurrentText(chosen)
        self.blockSignals(False)
        if self.currentText() != chosen:
            self.currentTextChanged.emit(self.currentText())
        self._remember()

    def _remember(self, _: object = None) -> None:
        """Keep the layer that is chosen, as long as it lives: its name may change."""
        name = self.currentText()
        layer = next((one for one in self._viewer.layers if one.name == name), None)
        self._last = None if layer is None else weakref.ref(itself(layer))

    def _text_or_forget(self) -> str | None:
        """Return what is chosen; where the panel was closed, so that Qt has taken this away, listen no longer."""
        try:
            return str(self.currentText())
        except RuntimeError:
            for event, slot in self._heard:
                event.disconnect(slot)
            return None

    def layer(self) -> Any:  # noqa: ANN401
        """Return the layer that is chosen.

        Raises
        ------
        InputMissingError
            If there is none.
        """
        self.refresh()
        name = self.currentText()
        if not name or name not in self._viewer.layers:
            raise InputMissingError(self._wanted)
        return self._viewer.layers[name]

    def _follow(self, _: object = None) -> None:
        active = self._viewer.layers.selection.active
        if active is not None and self._lists(active) and self._text_or_forget() is not None:
            self.refresh()
            self.setCurrentText(active.name)

    def _lists(self, layer: Any) -> bool:  # noqa: ANN401
        return is_kind(layer, self._kind) and (self._fits is None or self._fits(layer))


class Follower:
    """Hears when a layer changes; another layer takes its place, and a closed panel hears nothing.

    Parameters
    ----------
    heard
        Called after a change.
    events
        Names of the layer's events.
    """

    def __init__(self, heard: Callable[[], None], *events: str) -> None:
        self._heard, self._events = heard, events
        self._layer: Any = None

    def follow(self, layer: Any) -> None:  # noqa: ANN401
        """Follow this layer from now on; None: no layer."""
        for one, act in ((self._layer, "disconnect"), (itself(layer), "connect")):
            if one is not None:
                for name in self._events:
                    getattr(one.events[name], act)(self._changed)
        self._layer = itself(layer)

    def _changed(self, _: object = None) -> None:
        with suppress(RuntimeError):  # the panel was closed, and Qt has taken it away
            self._heard()


def itself(thing: Any) -> Any:  # noqa: ANN401
    """Return a layer or viewer out of the wrapping in which napari hands it to plugins, anew each time."""
    return getattr(thing, "__wrapped__", thing)


def is_kind(layer: Any, kind: str) -> bool:  # noqa: ANN401
    """Return whether a layer is an ``image``, ``labels`` or ``shapes``, and no helper."""
    from napari.layers import Image, Labels, Shapes

    return isinstance(layer, {"image": Image, "labels": Labels, "shapes": Shapes}[kind]) and not origin_of(layer).helper


class VoxelField(QWidget):
    """The voxel size of the layer that is chosen, and a field to say it where nobody did.

    Parameters
    ----------
    layer
        Gives the layer; raises `micro.errors.InputMissingError` where there is none.
    done, complain
        Called with a line to show.
    """

    def __init__(
        self, layer: Callable[[], Any], *, done: Callable[[str], None], complain: Callable[[str], None]
    ) -> None:
        super().__init__()
        self._layer, self._done, self._complain = layer, done, complain
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.known = QLabel()
        self.known.setWordWrap(True)
        self.text = QLineEdit()
        self.text.setPlaceholderText("0.1,0.05,0.05um or 65nm")
        self.button = QPushButton("Set")
        self.button.clicked.connect(self.apply)
        self.text.returnPressed.connect(self.apply)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.known)
        row = QHBoxLayout()
        row.addWidget(self.text)
        row.addWidget(self.button)
        column.addLayout(row)

    def refresh(self, _: object = None) -> None:
        """Show the size of the layer that is chosen now."""
        try:
            layer = self._layer()
        except InputMissingError:
            self.known.setText("voxel size: no layer")
            return
        try:
            edges = edges_text(spacing_of(layer), layer.ndim)
        except CalibrationError:
            self.known.setText("<b>voxel size: not known.</b> Enter it before anything is measured:")
            return
        axes = ", ".join("zyx"[-layer.ndim :])
        self.known.setText(f"voxel size: {edges} ({axes})")

    def apply(self, *_: object) -> None:
        """Give the layer the voxel size that was entered."""
        try:
            layer = self._layer()
            spacing = Spacing.parse(self.text.text())
            refuse_other_voxel_size(layer, spacing)
        except (CalibrationError, InputMissingError) as error:
            self._complain(str(error))
            return
        set_voxel_size(layer, spacing)
        self.text.clear()
        self.refresh()
        self._done(f"{layer.name}: voxel size set")


def set_voxel_size(layer: Any, spacing: Spacing) -> None:  # noqa: ANN401
    """Scale a layer to um."""
    layer.scale = spacing.um[-layer.ndim :]
    layer.units = ("um",) * layer.ndim
