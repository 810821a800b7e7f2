"""Measurements with units, intervals and definitions."""
