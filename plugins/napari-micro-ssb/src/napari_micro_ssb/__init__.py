"""The napari plugin of micro."""

from napari_micro_ssb._reader import LayerTuple, napari_get_reader, read_layers

__all__ = ["LayerTuple", "napari_get_reader", "read_layers"]
