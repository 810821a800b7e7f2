"""The napari plugin of micro."""
