"""micro: image analysis for solid-state-battery microscopy."""

__version__ = "0.1.0"
