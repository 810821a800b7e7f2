"""Every error that micro raises on purpose.

Each message is one line: what was wrong, what was found, what was expected and what to do.
The leaves also inherit the built-in exception that they are, so ``except ValueError`` keeps working.
"""

from __future__ import annotations

__all__ = [
    "AmbiguousNormalError",
    "CalibrationError",
    "ClusterError",
    "ColourImageError",
    "ImageContentError",
    "InputMissingError",
    "JournalError",
    "ManifestError",
    "MicroError",
    "MissingCalibrationError",
    "MissingPackageError",
    "OutputError",
    "ParameterError",
    "PhaseError",
    "RecipeError",
    "ShapeMismatchError",
    "UnknownNameError",
    "UnreadableFileError",
    "UnsupportedFormatError",
]


class MicroError(Exception):
    """Base of all errors of micro."""


class CalibrationError(MicroError, ValueError):
    """A voxel size that can't be one: zero, negative, not finite, or without a unit."""


class MissingCalibrationError(CalibrationError):
    """Neither the file nor the user says how large a voxel is."""


class InputMissingError(MicroError, FileNotFoundError):
    """An input path that leads to nothing."""


class UnreadableFileError(MicroError, OSError):
    """A file that is empty, truncated or not what its name says."""


class UnsupportedFormatError(MicroError, ValueError):
    """A file format, or a variant of one, that no reader knows."""


class ColourImageError(UnsupportedFormatError):
    """A picture whose channels differ: colour, not grey."""


class ShapeMismatchError(MicroError, ValueError):
    """Arrays or slices whose shapes do not fit each other."""


class ImageContentError(MicroError, ValueError):
    """Grey values that hold no information: NaN, infinite, or all the same."""


class PhaseError(MicroError, ValueError):
    """A phase or label value that contradicts the others or is not known."""


class ParameterError(MicroError, ValueError):
    """A parameter outside its range."""


class RecipeError(MicroError, ValueError):
    """A recipe with an unknown key, a wrong type or a value out of range."""


class ManifestError(MicroError, ValueError):
    """A list of samples that is not understood, or contradicts itself."""


class MissingPackageError(MicroError, ImportError):
    """An optional package that is not installed."""


class UnknownNameError(MicroError, LookupError):
    """A name that no entry of a registry carries."""


class AmbiguousNormalError(MicroError, ValueError):
    """The normal of the cell can't be told from the picture."""


class JournalError(MicroError, ValueError):
    """A journal of corrections that is damaged, or that belongs to other labels."""


class ClusterError(MicroError, RuntimeError):
    """Processes elsewhere that can't be reached, see other files, or are gone."""


class OutputError(MicroError, OSError):
    """An output folder or file that can't be written."""
