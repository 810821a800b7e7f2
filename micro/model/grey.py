"""The grey scale of a normalised stack: what preprocessing writes and segmentation reads."""

__all__ = ["BLACK", "FULL_SCALE", "WHITE"]

FULL_SCALE = 65535.0
"""Largest grey value of a normalised stack (uint16)."""

BLACK, WHITE = 8192.0, 57344.0
"""Where the low and the high percentile of the stack come to lie; noise beyond them is kept up to 0 and 65535."""
